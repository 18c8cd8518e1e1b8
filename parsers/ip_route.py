"""``ip route``: the routes that signals look at."""

from __future__ import annotations

import ipaddress
import re

from parsers.rows import RouteRow
from parsers.source import Parsed, Source

_KINDS = ("blackhole", "unreachable", "prohibit")


def parse_ip_route(text: str, source: Source) -> Parsed:
    """Read one route a line; lines that are none are left out."""
    parsed = Parsed()
    for number, line in enumerate(text.split("\n"), start=source.first_line):
        words = line.split()
        if not words:
            continue
        unreachable = words[0] in _KINDS
        words = words[1:] if unreachable else words
        if not words or not _is_destination(words[0]):
            continue
        values = dict(zip(words[1::2], words[2::2], strict=False))
        parsed.routes.append(
            RouteRow(
                source.path,
                number,
                source.node,
                words[0],
                values.get("via", ""),
                values.get("dev", ""),
                values.get("proto", ""),
                unreachable,
            )
        )
    return parsed


def _is_destination(word: str) -> bool:
    if word == "default":
        return True
    if not re.match(r"[0-9a-fA-F.:/]+$", word):
        return False
    try:
        ipaddress.ip_network(word, strict=False)
    except ValueError:
        return False
    return True


def looks_like(sample: str) -> float:
    """How much the text looks like a routing table, 0..1."""
    lines = [line for line in sample.split("\n")[:50] if line.strip()]
    hits = sum(bool(re.match(r"\s*(?:(?:blackhole|unreachable) )?\S+ .*\b(?:dev|via|proto)\b", line)) for line in lines)
    return hits / len(lines) if lines else 0.0
