"""``birdcl show protocols [all]`` and ``show status``: one bgp row a BGP protocol, settings of the daemon.

Columns are ``name proto table state since info``. ``info`` is BGP's own state and, behind it, the latest error with
its class (``Socket: ``, ``BGP Error: ``, ``Received: ``, ``Error: ``, ``Automatic shutdown: ``). A disabled protocol
has no info, and one that is down because of an error has the error where the state stands otherwise (BIRD 1.6,
``proto/bgp/bgp.c`` ``bgp_get_status``; runs of Calico's BIRD).
"""

from __future__ import annotations

import re

from parsers.bird_log import peer_of
from parsers.lazy_pattern import lazy_pattern
from parsers.rows import BgpRow, SettingRow
from parsers.source import Parsed, Source

_HEADER = lazy_pattern(r"\s*(?:\d{4}-)?name\s+proto\s+table\s+state\s+since", re.IGNORECASE)
_ROW = lazy_pattern(r"\s*(?:\d{4}-)?(\S+)\s+BGP\s+(\S.*)")
_CLOCK = lazy_pattern(r"\d{4}-\d\d-\d\d|\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?|[A-Z][a-z]{2}\d\d|\d{1,9}(?:\.\d{1,6})?")
_DETAIL = lazy_pattern(r"\s+(Neighbor address|BGP state|Last error): +(\S.*)")
_OTHER = lazy_pattern(r"(?:\d{4}-)?\S+\s+(?:Static|Kernel|Device|Direct|Pipe)\s")
_ROUTES = lazy_pattern(r"\s+Routes: +(\d{1,9}) imported\b")
_STATES = frozenset({"Established", "Active", "Connect", "Idle", "OpenSent", "OpenConfirm", "Close", "Passive"})
_NO_SOCKET = lazy_pattern(r"Unable to connect to server control socket|BIRD(?:v4|v6)? is not (?:running|ready)")
_STATUS = lazy_pattern(r"(Router ID is|Last reboot on|Last reconfiguration on|Current server time is) (\S.{0,60})")
_POD = lazy_pattern(r"(?:^|[\s/\"'=:])(calico-node-[a-z0-9]{5})(?=$|[\s\"':,=)])")
_KEYS = {
    "Router ID is": "router-id",
    "Last reboot on": "last-reboot",
    "Last reconfiguration on": "last-reconfiguration",
    "Current server time is": "server-time",
}


def parse_birdcl(text: str, source: Source) -> Parsed:
    """Read protocol lists of BIRD and what it says of itself.

    ``state`` of a bgp row is BGP's own ("Established", "Active" ...), of a protocol that is not running BIRD's
    ("down"); ``message`` is the error with its class. How many routes a protocol has imported is a setting of kind
    Bird, key imported. That birdcl cannot reach the daemon is a row of protocol "BIRD" in state "down". A line
    that names a calico-node pod says whose the following output is.
    """
    parsed = Parsed()
    pod, node = source.pod, source.node
    row: BgpRow | None = None
    for number, line in enumerate(text.split("\n"), start=source.first_line):
        line = line[:2000]
        if match := _ROW.fullmatch(line):
            state, info = _state(match[2].split())
            row = BgpRow(source.path, number, pod, node, None, match[1], peer_of(match[1]), state, info, "birdcl")
            parsed.bgp.append(row)
        elif _HEADER.match(line) or not line.strip():
            continue
        elif line[0] in " \t" and row is not None:
            _detail(row, line)
            if counted := _ROUTES.match(line):
                imported = SettingRow(source.path, number, "Bird", "", row.protocol, "imported", counted[1])
                parsed.settings.append(imported)
        elif _OTHER.match(line):
            row = None  # its details are not those of the peer before it
        elif _NO_SOCKET.search(line):
            state = "" if "Permission denied" in line else "down"
            parsed.bgp.append(BgpRow(source.path, number, pod, node, None, "BIRD", "", state, line.strip(), "birdcl"))
        elif status := _STATUS.match(line):
            key = _KEYS[status[1]]
            parsed.settings.append(SettingRow(source.path, number, "Bird", "", pod or node, key, status[2].strip()))
        elif (named := _POD.search(line)) and named[1] != pod:
            pod, node, row = named[1], "", None
    return parsed


def _state(words: list[str]) -> tuple[str, str]:
    """BGP's state and the error, from the words behind "BGP": table, state, since, info."""
    state = words[1] if len(words) > 1 else ""
    place = 2
    while place < len(words) and _CLOCK.fullmatch(words[place]):
        place += 1
    info = words[place:]
    if info and info[0] in _STATES:
        return info[0], " ".join(info[1:])
    return state, " ".join(info)


def _detail(row: BgpRow, line: str) -> None:
    """The indented lines of ``show protocols all``."""
    match = _DETAIL.fullmatch(line)
    if match is None:
        return
    value = match[2].strip()
    if match[1] == "Neighbor address":
        row.peer = value.partition("%")[0]
    elif match[1] == "Last error":
        row.message = row.message if value in row.message else f"{row.message} {value}".strip()
    elif value in _STATES:
        row.state = value


def looks_like(sample: str) -> float:
    """How much the text looks like birdcl's, 0..1."""
    lines = sample.split("\n")[:200]
    if any(_HEADER.match(line) for line in lines):
        return 0.95
    return (
        0.9 if any(line.startswith(("Unable to connect to server control socket", "BIRD v")) for line in lines) else 0.0
    )
