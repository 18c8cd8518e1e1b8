"""Pieces of ``kubectl describe`` pasted without the object they belong to: its events, a worker's conditions.

Who asks for help often copies the last lines only. Nothing tells then which pod or worker they are of, so their rows
name none, unless old kubectl wrote the worker behind "kubelet," (before 1.19).
"""

from __future__ import annotations

from collections.abc import Sequence

from parsers.ages import EVENT_AGE
from parsers.command import asked
from parsers.describe_node import condition_rows
from parsers.event_block import InvolvedObject, parse_events
from parsers.lazy_pattern import lazy_pattern
from parsers.readiness import readiness_rows
from parsers.rows import EventRow
from parsers.source import Parsed, Source

_EVENT = lazy_pattern(rf" *(?:Normal|Warning) {{2,}}[A-Z]\w{{2,60}} {{2,}}{EVENT_AGE} {{2,}}\S.*")
_CONDITION = lazy_pattern(r" *[A-Z]\w{2,60} +(?:True|False|Unknown) +\w{3}, \d\d \w{3} 20\d\d .*")
_WIDE = lazy_pattern(r" {3,}")
#: padded ages leave the component in front of the message
_ORIGIN = lazy_pattern(r"([a-z][\w.-]{2,60}(?:, \S{1,253})?) {2,}(?=\S)")
MOST_ROWS = 5000


def parts_of_describe(lines: Sequence[str], source: Source) -> tuple[Parsed, set[int]]:
    """Give the events, probe results and node conditions in a text of no form, and the numbers of their lines.

    Of a message with line breaks only what calico-node's own check says in the second line is taken.
    """
    parsed = Parsed()
    taken: set[int] = set()
    for index, line in enumerate(lines):
        number = source.first_line + index
        if len(taken) >= MOST_ROWS:
            break
        line = line.replace("\t", "  ")
        if "  " in line and ("Warning" in line or "Normal" in line) and _EVENT.fullmatch(line):
            more = [rest for rest in lines[index + 1 : index + 2] if rest.strip().startswith("calico/node is not ")]
            events = _events([line, *more], number, source)
            parsed.events.extend(events)
            for event in events:
                parsed.readiness.extend(readiness_rows(event))
            taken.update(range(number, number + 1 + len(more)) if events else ())
        elif " 20" in line and _CONDITION.fullmatch(line):
            conditions = condition_rows(["  " + _WIDE.sub("  ", line.strip())], number, source.path, source.node)
            parsed.node_conditions.extend(conditions)
            taken.update([number] if conditions else ())
    return parsed, taken


def _events(lines: Sequence[str], number: int, source: Source) -> list[EventRow]:
    wish = asked(source.command)
    pod = source.pod or (wish.name if wish.verb == "describe" and wish.kind == "Pod" else "")
    about = InvolvedObject(source.path, "Pod" if pod else "", pod, source.namespace, source.node)
    rows = parse_events(["  " + lines[0].strip(), *lines[1:]], number, about)
    for row in rows:
        if not row.source and (origin := _ORIGIN.match(row.message)):
            row.source, row.message = origin[1], row.message[origin.end() :]
        component, _, worker = row.source.partition(", ")
        if component == "kubelet" and worker:
            row.source, row.node = component, row.node or worker
    return rows
