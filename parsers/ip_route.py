"""``ip route``: what leads where, and by whose hand (``proto bird`` are BIRD's routes, iproute2 ``ip-route(8)``)."""

from __future__ import annotations

import ipaddress

from parsers.ip_rule import rules
from parsers.lazy_pattern import lazy_pattern
from parsers.rows import RouteRow, SettingRow
from parsers.source import Parsed, Source

#: routes that lead nowhere; a blackhole of a whole block is how Calico keeps what it has not given away
_NOWHERE = frozenset({"blackhole", "unreachable", "prohibit", "throw"})
_NAMED = frozenset({"via", "dev", "proto"})
_WORDS = _NAMED | {"table"}
_TABLE = lazy_pattern(r"\bt(?:ab|able)? +([\w.-]{1,32})")
_GET = lazy_pattern(r"\b(?:route|ro?) +get\b")
_ADDRESS = lazy_pattern(r"[0-9a-fA-F.:]{2,45}(?:/\d{1,3})?")
MOST_ROUTES = 20_000


def parse_ip_route(text: str, source: Source) -> Parsed:
    """Read one route a line; broadcast, local and multicast routes and lines that are none are left out.

    The node is that of the source. Rules of ``ip rule`` among the lines are settings of kind RoutingRule.
    """
    parsed = Parsed()
    table = found[1] if (found := _TABLE.search(source.command)) else ""
    asked = bool(_GET.search(source.command))
    lines = text.split("\n")
    for number, preference, rule in rules(lines, source.first_line):
        parsed.settings.append(SettingRow(source.path, number, "RoutingRule", "", source.node, preference, rule))
    for number, line in enumerate(lines, start=source.first_line):
        words = line[:2000].split()
        if words[:1] == ["cache"] and parsed.routes and parsed.routes[-1].line >= number - 1:
            parsed.routes[-1].asked = True
            continue
        if len(words) >= 3 and words[0] == "nexthop" and parsed.routes:
            _name(parsed.routes[-1], words)
            continue
        nowhere = bool(words) and words[0] in _NOWHERE
        words = words[1:] if nowhere or words[:1] == ["unicast"] else words
        if not words or not _is_destination(words[0]) or (not nowhere and not _NAMED & set(words)):
            continue
        if len(parsed.routes) >= MOST_ROUTES:
            parsed.problems.append(f"more than {MOST_ROUTES} routes: the rest was not read")
            break
        row = RouteRow(source.path, number, source.node, words[0], unreachable=nowhere, table=table, asked=asked)
        _name(row, words)
        parsed.routes.append(row)
    return parsed


def _name(row: RouteRow, words: list[str]) -> None:
    """Fill in gateway, device and protocol; of several ways the first."""
    found = {word: words[place + 1] for place, word in enumerate(words[:-1]) if word in _WORDS}
    if found.get("via") in ("inet", "inet6"):
        found["via"] = words[min(words.index("via") + 2, len(words) - 1)]
    row.via = row.via or found.get("via", "")
    row.device = row.device or found.get("dev", "")
    row.proto = row.proto or found.get("proto", "")
    row.table = found.get("table", row.table)


def _is_destination(word: str) -> bool:
    if word == "default":
        return True
    if not _ADDRESS.fullmatch(word):
        return False
    try:
        ipaddress.ip_network(word, strict=False)
    except ValueError:
        return False
    return True


def looks_like(sample: str) -> float:
    """Share of lines that are routes, 0..1."""
    lines = [line.split() for line in sample.split("\n")[:100] if line.strip()]
    hits = sum((len(w) > 2 and (_is_destination(w[0]) and bool(_NAMED & set(w)))) or w[0] in _NOWHERE for w in lines)
    return hits / len(lines) if lines else 0.0
