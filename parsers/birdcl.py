"""``birdcl show protocols [all]``: one bgp row a BGP protocol.

Columns are ``name proto table state since info``; ``info`` is BGP's state, then perhaps an error class and text
(``Socket: ``, ``BGP Error: ``, ``Received: ``, ``Error: ``). A disabled protocol has fewer columns.
"""

from __future__ import annotations

import re

from parsers.bird_log import peer_of
from parsers.rows import BgpRow
from parsers.source import Parsed, Source

_HEADER = re.compile(r"^\s*(?:\d{4}-)?name\s+proto\s+table\s+state\s+since", re.IGNORECASE)
_ROW = re.compile(r"^\s*(?:\d{4}-)?(\S+)\s+BGP\s+(.*)$")
_NEIGHBOUR = re.compile(r"^\s+Neighbor address:\s+(\S+)")
_LAST_ERROR = re.compile(r"^\s+Last error:\s+(.+?)\s*$")
_BGP_STATE = re.compile(r"^\s+BGP state:\s+(\S+)")
_STATES = ("Established", "Active", "Connect", "Idle", "OpenSent", "OpenConfirm", "Close", "Passive", "Down")


def parse_birdcl(text: str, source: Source) -> Parsed:
    """Read a protocol list of BIRD; ``state`` is BGP's own, ``message`` the rest of the info column."""
    parsed = Parsed()
    row: BgpRow | None = None
    for number, line in enumerate(text.split("\n"), start=source.first_line):
        if _HEADER.match(line):
            continue
        match = _ROW.match(line)
        if match:
            row = _read(match.group(1), match.group(2), source, number)
            parsed.bgp.append(row)
        elif row is not None:
            _detail(row, line)
    return parsed


def _read(name: str, rest: str, source: Source, number: int) -> BgpRow:
    words = rest.split()
    state, info = "", ""
    for position, word in enumerate(words):
        if word in _STATES:
            state, info = word, " ".join(words[position + 1 :])
            break
    else:
        known = [word for word in words if word in ("up", "start", "down", "stop", "feed")]
        state = known[0] if known else ""
        match = re.search(r"(?:Error|Socket|Received|BGP Error|Automatic shutdown): .*", rest)
        info = match.group(0).strip() if match else ""
    return BgpRow(source.path, number, source.pod, source.node, None, name, peer_of(name), state, info, "birdcl")


def _detail(row: BgpRow, line: str) -> None:
    """The indented lines of ``show protocols all``."""
    if match := _NEIGHBOUR.match(line):
        row.peer = match.group(1)
    elif match := _BGP_STATE.match(line):
        row.state = match.group(1)
    elif (match := _LAST_ERROR.match(line)) and match.group(1) not in row.message:
        row.message = f"{row.message} {match.group(1)}".strip()


def looks_like(sample: str) -> float:
    """How much the text looks like a protocol list, 0..1."""
    return 0.9 if any(_HEADER.match(line) for line in sample.split("\n")[:20]) else 0.0
