"""A container's log as rows: problems and known messages, BGP states, facts; repeats counted, not stored."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from parsers.bird_log import bird_event
from parsers.log_dress import Undressed, undress
from parsers.log_facts import LogFacts
from parsers.log_line import LogLine, in_trace, take_apart, tells_trouble
from parsers.rows import BgpRow, LogLineRow
from parsers.source import Match, Parsed, Source

BAD = {"PANIC", "FATAL", "ERROR", "WARNING"}
#: distinct rows kept of one message (or of one unknown template); more are counted only
MOST_ROWS = 200
MOST_BGP = 2000
_VALUES = re.compile(r"0x[0-9a-fA-F]+|\d+(?:\.\d+)*|\b[0-9a-f]{8,}\b")
_SECTION = re.compile(r"==== START logs for container (\S+) of pod (\S+?)/(\S+) ====$")
_SECTION_END = "==== END logs for container "


@dataclass(slots=True)
class Section:
    """A container's part of a ``kubectl cluster-info dump`` file."""

    namespace: str
    pod: str
    container: str
    first_line: int
    text: str


@dataclass(slots=True)
class _Reader:
    source: Source
    match: Match
    parsed: Parsed = field(default_factory=Parsed)
    facts: LogFacts = field(default_factory=LogFacts)
    rows: dict[tuple[object, ...], LogLineRow] = field(default_factory=dict)
    per_message: dict[str, int] = field(default_factory=dict)
    uncounted: dict[str, int] = field(default_factory=dict)
    record: LogLineRow | None = None  # the row that continuation lines belong to
    trace: bool = False
    now: datetime | None = None


def parse_container_log(text: str, source: Source, match: Match) -> Parsed:
    """Read one container's log.

    Each line of level WARNING or worse, each line that the catalogue knows, and each plain line that reads like
    trouble becomes a row; equal problems of one process become one row with count, first and last time. The
    row's ``fields`` also hold ``since_start_s`` (seconds since the latest start of its container or process, where
    the log shows it) and ``until_end_s`` (seconds from its last occurrence to the log's last time).
    """
    reader = _Reader(source, match)
    year = source.collected.year if source.collected else 0
    for line in undress(text.split("\n"), source.first_line):
        parts = take_apart(line.text, year or (reader.now.year if reader.now else 0))
        if parts is None:
            continue
        _take(reader, line, parts)
    _finish(reader)
    return reader.parsed


def _take(reader: _Reader, line: Undressed, parts: LogLine) -> None:
    if reader.trace and parts.kind in ("plain", "trace") and in_trace(line.text):
        _continue(reader, line.text)
        return
    reader.trace = parts.kind == "trace"
    if parts.kind == "plain" and reader.record is not None and _belongs(line.text):
        _continue(reader, line.text)
        return
    reader.record = None
    time = parts.time or line.time
    if time is not None:
        reader.now = time
    # BIRD and plain lines have no time of their own: the neighbour's before them is the nearest bound
    parts.time = time or reader.now
    reader.facts.see(parts, line)
    if parts.kind == "bird":
        _bgp(reader, line, parts)
    text = parts.message
    ids = reader.match(text)
    unlevelled = parts.kind in ("plain", "bird") and not parts.level
    if parts.level in BAD or ids or parts.kind == "trace" or (unlevelled and tells_trouble(text)):
        _row(reader, line, parts, ids)


def _belongs(text: str) -> bool:
    """Continuation lines of a multi-line message are indented, list items or table rules."""
    return text[:1] in (" ", "\t", "|", "+", "-", "}") or text.startswith("> ")


def _continue(reader: _Reader, text: str) -> None:
    record = reader.record
    if record is not None and len(record.message) < 2000:
        record.message = f"{record.message}\n{text}"[:4000]
        more = () if reader.trace else reader.match(record.message)
        if more:
            record.message_ids = tuple(dict.fromkeys((*record.message_ids, *more)))
            record.message_id = record.message_id or more[0]


def _bgp(reader: _Reader, line: Undressed, parts: LogLine) -> None:
    event = bird_event(parts.message)
    if event is None or len(reader.parsed.bgp) >= MOST_BGP:
        return
    protocol, peer, state = event
    source = reader.source
    reader.parsed.bgp.append(
        BgpRow(
            source.path,
            line.number,
            line.pod or source.pod,
            source.node,
            parts.time,
            protocol,
            peer,
            state,
            parts.message,
        )
    )


def _row(reader: _Reader, line: Undressed, parts: LogLine, ids: tuple[str, ...]) -> None:
    source = reader.source
    container = line.container or source.container
    template = _VALUES.sub("#", parts.message[:500])
    key = (line.pod, container, parts.component, parts.pid, parts.level, parts.source, ids, template)
    known = reader.rows.get(key)
    if known is not None:
        known.count += 1
        known.last_time = parts.time or known.last_time
        known.last_line = line.number
        reader.record = None
        return
    name = ids[0] if ids else f"{parts.component}/{parts.source}/{parts.level}"
    reader.per_message[name] = reader.per_message.get(name, 0) + 1
    if reader.per_message[name] > MOST_ROWS:
        reader.uncounted[name] = reader.uncounted.get(name, 0) + 1
        reader.record = None
        return
    row = LogLineRow(
        file=source.path,
        line=line.number,
        pod=line.pod or source.pod,
        node=source.node,
        container=container,
        time=parts.time,
        level=parts.level,
        component=parts.component,
        pid=parts.pid,
        source=parts.source,
        message=parts.message,
        message_id=ids[0] if ids else "",
        message_ids=ids,
        last_time=parts.time,
        last_line=line.number,
        namespace=source.namespace,
        previous=source.previous,
        fields=dict(parts.fields),
        raw=line.text,
    )
    since = reader.facts.since_start(parts)
    if since is not None:
        row.fields["since_start_s"] = f"{since:.1f}"
    reader.rows[key] = row
    reader.record = row
    reader.parsed.log_lines.append(row)


def _finish(reader: _Reader) -> None:
    end = reader.facts.last_time
    for row in reader.parsed.log_lines:
        if end is not None and row.last_time is not None:
            row.fields["until_end_s"] = f"{max(0.0, (end - row.last_time).total_seconds()):.1f}"
    reader.parsed.facts.update(reader.facts.as_text())
    for name, count in reader.uncounted.items():
        reader.parsed.problems.append(f"{count} more distinct lines of {name} were counted, not listed")


def split_sections(text: str, source: Source) -> list[Section]:
    """Give the containers' parts of a ``cluster-info dump`` log file; [] where it has no such sections."""
    found: list[Section] = []
    lines: list[str] = []
    current: Section | None = None
    for number, line in enumerate(text.split("\n"), start=source.first_line):
        start = _SECTION.search(line) if "==== START logs" in line else None
        if start:
            container, namespace, pod = start.groups()
            current, lines = Section(namespace, pod, container, number + 1, ""), []
            found.append(current)
        elif current is not None and _SECTION_END in line:
            lines.append(line.partition("==== END logs")[0])
            current.text = "\n".join(lines)
            current = None
        elif current is not None:
            lines.append(line)
    if current is not None:
        current.text = "\n".join(lines)
    return found


def section_sources(sections: list[Section], source: Source) -> Iterator[tuple[str, Source]]:
    """Each section's text with the source that says whose it is."""
    for item in sections:
        yield (
            item.text,
            replace(
                source, namespace=item.namespace, pod=item.pod, container=item.container, first_line=item.first_line
            ),
        )
