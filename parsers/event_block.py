"""The ``Events:`` block at the end of every ``kubectl describe``.

Cells are padded to the widest of their block plus two blanks (Go's text/tabwriter). A message with
line breaks continues at column 0, may hold blank lines and anything else, and ends the block: the
lines behind it are aligned anew (kubectl ``pkg/describe``, ``DescribeEvents``).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from msgspec import Struct

from parsers.ages import EVENT_AGE, event_age
from parsers.lazy_pattern import lazy_pattern
from parsers.rows import EventRow

_HEADER = lazy_pattern(r"( *)Type +Reason +Age +From +Message *")
_RULE = lazy_pattern(r" *-{4} +-{4,} +-{2,} +-{2,} +-{4,} *")
_EVENT = lazy_pattern(rf"( *)(\S+) +(\S+) +({EVENT_AGE})(?:( +)(\S.*)| *)")
# newer kubectl puts the container in front: "spec.containers{calico-node}: Readiness probe failed"
_FIELD_PATH = lazy_pattern(r"spec\.(?:c|initC|ephemeralC)ontainers\{([^{}\n]{1,253})\}:(?: |$)")


class InvolvedObject(Struct, frozen=True):
    """The object whose events are printed, and where."""

    file: str
    kind: str
    name: str
    namespace: str = ""
    node: str = ""


class _Line(Struct):
    index: int
    match: re.Match[str]


def is_event_header(line: str) -> bool:
    """Whether the line is the heading of an event table."""
    return bool(_HEADER.fullmatch(line))


def parse_events(lines: Sequence[str], first_line: int, about: InvolvedObject) -> list[EventRow]:
    """Read the events of the lines below ``Events:``; ``first_line`` is the number of the first of them.

    A row's line is the first line of its event. Blanks at the ends of a message are dropped.
    """
    indent: int | None = None
    header_age_end = 0
    block: list[_Line] = []  # lines aligned with each other: what follows a line break starts anew
    blocks: list[list[_Line]] = [block]
    for index, line in enumerate(lines):
        header = _HEADER.fullmatch(line)
        if header:
            if indent is None:
                indent = len(header[1])
                header_age_end = line.index("Age") + 4  # the rule below is four dashes wide
            continue
        if _RULE.fullmatch(line):
            continue
        match = _EVENT.fullmatch(line)
        if match and len(match[1]) == (2 if indent is None else indent) and _separated(match):
            block.append(_Line(index, match))
        elif block:
            block = []
            blocks.append(block)
    starts = [item for part in blocks for item in part]
    rows = []
    number = 0
    for part in blocks:
        from_column = max([header_age_end if part is blocks[0] else 0, *(item.match.end(4) for item in part)]) + 2
        for item in part:
            number += 1
            end = starts[number].index if number < len(starts) else len(lines)
            rows.append(_event(item, lines[item.index + 1 : end], from_column, first_line, about))
    return rows


def _separated(match: re.Match[str]) -> bool:
    """Cells are at least two blanks apart; running text with an age in it is not an event."""
    line = match.string
    return all(line[match.end(group) : match.end(group) + 2] == "  " for group in (2, 3)) and (
        match[6] is None or len(match[5]) >= 2
    )


def _event(item: _Line, more: Sequence[str], from_column: int, first_line: int, about: InvolvedObject) -> EventRow:
    match = item.match
    origin, text = "", match[6] or ""
    if match[6] is not None and match.start(6) <= from_column:
        origin, _, text = text.partition("  ")
    message = "\n".join([text.strip(), *more]).strip()
    container = ""
    path = _FIELD_PATH.match(message)
    if path:
        container, message = path[1], message[path.end() :]
    age = event_age(match[4])
    return EventRow(
        file=about.file,
        line=first_line + item.index,
        object_kind=about.kind,
        object=about.name,
        namespace=about.namespace,
        type=match[2],
        reason=match[3],
        age_s=age.age_s if age else None,
        first_age_s=age.first_age_s if age else None,
        count=age.count if age else 1,
        source=origin.strip(),
        message=message,
        node=about.node,
        container=container,
    )
