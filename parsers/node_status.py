"""``calicoctl node status``: BGP peers in ASCII tables."""

from __future__ import annotations

import re

from parsers.rows import BgpRow
from parsers.source import Parsed, Source

_ROW = re.compile(r"^\s*\|(.+)\|\s*$")
_STATES = ("Established", "Active", "Connect", "Idle", "OpenSent", "OpenConfirm", "Passive", "Close")


def parse_node_status(text: str, source: Source) -> Parsed:
    """Read the peers; a row whose INFO cell wraps over several lines is joined."""
    parsed = Parsed()
    row: BgpRow | None = None
    for number, line in enumerate(text.split("\n"), start=source.first_line):
        match = _ROW.match(line)
        if not match:
            row = None if line.strip().startswith("+") else row
            if re.search(r"Calico process is not running|BIRD.* is not ready|not running", line, re.IGNORECASE):
                parsed.bgp.append(_row(source, number, "BIRD", "", "down", line.strip()))
            continue
        cells = [cell.strip() for cell in match.group(1).split("|")]
        if cells[0].upper() == "PEER ADDRESS":
            continue
        if not cells[0]:
            if row is not None:  # the rest of a wrapped cell
                row.message = f"{row.message} {cells[-1]}".strip()
            continue
        info = cells[4] if len(cells) > 4 else ""
        state = info.split(" ")[0] if info.split(" ")[0] in _STATES else cells[2] if len(cells) > 2 else ""
        row = _row(source, number, cells[1] if len(cells) > 1 else "", cells[0], state, info)
        parsed.bgp.append(row)
    return parsed


def _row(source: Source, number: int, protocol: str, peer: str, state: str, message: str) -> BgpRow:
    return BgpRow(source.path, number, source.pod, source.node, None, protocol, peer, state, message, "node-status")


def looks_like(sample: str) -> float:
    """How much the text looks like this command's output, 0..1."""
    return 0.95 if re.search(r"Calico process is running|PEER ADDRESS +\| +PEER TYPE", sample) else 0.0
