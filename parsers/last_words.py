"""What an ended container said last: the tail of its log that the kubelet keeps with its state.

With ``terminationMessagePolicy: FallbackToLogsOnError`` the message of a terminated state is the end of the
container's log (up to 80 lines or 2 KiB). Where a describe or an object holds it, it is read like a log.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from msgspec.structs import replace

from parsers.container_log import parse_container_log
from parsers.rows import ContainerRow, LogLineRow
from parsers.source import Match, Parsed, Source

_MOST_CONTAINERS = 500
_REACH = 400  # lines below the container's first in which its words are looked for
_LONGEST = 16_384


def add_last_words(parsed: Parsed, text: str, source: Source, match: Match) -> Parsed:
    """Add the log lines and BGP changes that the messages of ended containers hold; give ``parsed`` back.

    A line is quoted where it stands in the file; where it cannot be found there (folded or escaped), the line of the
    container's state is given.
    """
    spoken = [row for row in parsed.containers if row.last_message or (row.state == "Terminated" and row.message)]
    lines = text.split("\n") if spoken else []
    for row in spoken[:_MOST_CONTAINERS]:
        if row.state == "Terminated" and row.message:
            _read(parsed, row, row.message, False, lines, source, match)
        if row.last_message:
            _read(parsed, row, row.last_message, True, lines, source, match)
    return parsed


def _read(
    parsed: Parsed, row: ContainerRow, message: str, last: bool, lines: Sequence[str], source: Source, match: Match
) -> None:
    state_line = row.last_state_line if last else row.state_line
    begin = max((state_line or row.line) - source.first_line, 0)
    who = replace(source, first_line=1, namespace=row.namespace, pod=row.pod, container=row.container, node=row.node)
    of_row = replace(who, previous=last)
    found = parse_container_log(message[:_LONGEST], of_row, match)
    for log_line in found.log_lines:
        log_line.line = source.first_line + _where(log_line, begin, lines)
        log_line.last_line = None
        if log_line.time is None:
            log_line.time = row.last_finished if last else row.finished
    parsed.log_lines.extend(found.log_lines)


def _where(row: LogLineRow, begin: int, lines: Sequence[str]) -> int:
    """Index of the file's line that holds the row's words, else that of the state."""
    words = row.raw.strip()[:200]
    escaped = json.dumps(words)[1:-1]
    for index in range(max(begin - 10, 0), min(begin + _REACH, len(lines))):
        if words and (words in lines[index] or escaped in lines[index]):
            return index
    return min(begin, max(len(lines) - 1, 0))
