"""``calicoctl node status``: the peers of BIRD in ASCII tables.

Cells that are too long for their column go on in the next line, whose first cell is empty (tablewriter). Wording:
``calicoctl/commands/node/status.go``, v3.8 to v3.32.
"""

from __future__ import annotations

import re

from parsers.rows import BgpRow
from parsers.source import Parsed, Source

_STATES = frozenset({"Established", "Active", "Connect", "Idle", "OpenSent", "OpenConfirm", "Passive", "Close"})
#: (words, protocol, state); on a cluster that routes without BGP there is no BIRD and nothing is wrong
_SAYINGS = (
    (re.compile(r"BIRDv6 (?:process|socket)|BIRDv6 is not", re.IGNORECASE), "BIRD6", "down"),
    (
        re.compile(
            r"Error querying BIRD|BIRDv?4? process.{0,20}is not running|BGP backend process .{0,20}is not running"
            r"|BIRD.{0,20} is not ready|unable to connect to BIRD",
            re.IGNORECASE,
        ),
        "BIRD",
        "down",
    ),
    (re.compile(r"None of the BGP backend processes", re.IGNORECASE), "BIRD", "absent"),
    (
        re.compile(r"Calico process is not running|calico-node container is not running", re.IGNORECASE),
        "Calico",
        "down",
    ),
    (re.compile(r"No IPv4 peers found", re.IGNORECASE), "BIRD", "no-peers"),
)
_HEADINGS = {"PEER ADDRESS": "peer", "PEER TYPE": "type", "STATE": "state", "SINCE": "since", "INFO": "info"}
_USUAL = ["peer", "type", "state", "since", "info"]


def parse_node_status(text: str, source: Source) -> Parsed:
    """Read the peers; ``state`` is BGP's own, ``message`` the INFO cell, ``protocol`` the type of the peer.

    What the command says of the processes are rows without peer: protocol "BIRD" (IPv6: "BIRD6") in state "down",
    "absent" (no BGP at all, as with VXLAN) or "no-peers", protocol "Calico" in state "down".
    """
    parsed = Parsed()
    row: BgpRow | None = None
    columns = _USUAL
    for number, line in enumerate(text.split("\n"), start=source.first_line):
        line = line[:2000].strip()
        if not (line.startswith("|") and line.endswith("|") and len(line) > 2):
            row = None if line.startswith("+") else row
            for words, protocol, state in _SAYINGS:
                if words.search(line):
                    parsed.bgp.append(_row(source, number, protocol, "", state, line))
                    break
            continue
        cells = [cell.strip() for cell in line[1:-1].split("|")]
        if cells[0].upper() == "PEER ADDRESS":
            columns = [_HEADINGS.get(cell.upper(), "") for cell in cells]
            continue
        values = dict(zip(columns, cells, strict=False))
        if values.get("peer"):
            row = _row(source, number, values.get("type", ""), values["peer"], *_state(values))
            parsed.bgp.append(row)
        elif row is not None:
            row.protocol = f"{row.protocol} {values.get('type', '')}".strip()
            row.message = f"{row.message} {values.get('info', '')}".strip()
    return parsed


def _state(values: dict[str, str]) -> tuple[str, str]:
    info = values.get("info", "")
    word = info.partition(" ")[0]
    return (word if word in _STATES else values.get("state", "")), info


def _row(source: Source, number: int, protocol: str, peer: str, state: str, message: str) -> BgpRow:
    return BgpRow(source.path, number, source.pod, source.node, None, protocol, peer, state, message, "node-status")


def looks_like(sample: str) -> float:
    """How much the text looks like this command's output, 0..1."""
    if re.search(r"PEER ADDRESS +\| +PEER TYPE", sample, re.IGNORECASE):
        return 0.95
    return 0.95 if re.search(r"^Calico process is (?:not )?running", sample, re.MULTILINE) else 0.0
