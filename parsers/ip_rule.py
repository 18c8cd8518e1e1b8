"""``ip rule``: which traffic asks which routing table, in order of preference (iproute2 ``ip-rule(8)``)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from parsers.lazy_pattern import lazy_pattern

_RULE = lazy_pattern(
    r"\s{0,8}(?P<preference>\d{1,10}):\s{1,8}"
    r"(?P<rule>(?:not )?from \S{1,60} (?:[^\n]{0,200} )?"
    r"(?:lookup|table|goto|unreachable|prohibit|blackhole)\b[^\n]{0,120})"
)
MOST_RULES = 5_000


def rules(lines: Sequence[str], first_line: int) -> Iterator[tuple[int, str, str]]:
    """Give line, preference and rule ("from all lookup main") of each routing rule among the lines."""
    given = 0
    for number, line in enumerate(lines, start=first_line):
        if "from " in line and ":" in line and (found := _RULE.fullmatch(line[:400].rstrip())):
            yield number, found["preference"], " ".join(found["rule"].split())
            given += 1
            if given >= MOST_RULES:
                return
