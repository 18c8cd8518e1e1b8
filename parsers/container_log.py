"""A container's log as rows: known messages, problems, BGP changes; and what the log tells of itself."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from parsers import bird_log, plain_log
from parsers.lazy_pattern import lazy_pattern
from parsers.log_container import container_of, looks_like_log
from parsers.log_dress import Dress, Origin, bare_dress, dress_of, without_controls
from parsers.log_facts import LogFacts
from parsers.log_reader import RecordReader
from parsers.log_record import BAD_LEVELS, MAX_LINE, LogRecord, utc_time
from parsers.log_rows import BgpStore, RowStore
from parsers.log_sections import section_sources, split_sections
from parsers.log_volume import minute_of, volume_rows
from parsers.process_starts import ProcessStarts
from parsers.rows import BgpRow, LogLineRow
from parsers.source import Match, Parsed, Source

__all__ = [
    "KeptLine",
    "container_of",
    "looks_like_log",
    "parse_container_log",
    "parse_kept_lines",
    "section_sources",
    "split_sections",
]

_SAMPLE = 300_000
_CACHED_MESSAGES = 20_000
_CACHED_LENGTH = 1000
_MOST_STREAMS = 2000
_MOST_UNTIMED = 5000
# a time that a line begins with, or that stands in its "time" field; not one of a message (build date, certificate)
_LINE_TIME = lazy_pattern(
    r"^(?:[^\n=\"]{0,80}?\b|[^\n]{0,400}?\b(?:time|ts|timestamp)\"?[=:] ?\")"
    r"(20\d\d-\d\d-\d\d)[T _](\d\d:\d\d:\d\d)",
    re.MULTILINE,
)
_DROPPED = lazy_pattern(r"\.\.\. dropped (\d{1,12}) logs \.\.\.")


def parse_container_log(text: str, source: Source, match: Match) -> Parsed:
    r"""Read one container's log, in any dress; a log with a prefix on each line may hold several containers.

    A line (with its continuation lines) becomes a :class:`LogLineRow` if its level is WARNING or worse, if
    ``match`` knows it, or if it has no level and reads like an error. The same problem of one process is one
    row: ``count``, ``time`` and ``line`` of the first, ``last_time`` and ``last_line`` of the last occurrence; so are
    all lines of a message whose names tell nothing (:class:`~parsers.source.OneRow`).
    Go panics are one row, of level PANIC. BGP state changes and errors of BIRD become :class:`BgpRow`\ s besides.

    BIRD, scripts and stack traces print no time. Without a dress that has one, ``time`` is the last time known
    before such a line and ``last_time`` (``not_after`` of a BGP row) the next one after it: it was written between.

    ``fields`` of a row hold the ``key=value`` fields of its first line (``err`` also as ``error``), and

    * ``since_start_s``: seconds from the latest start of the container or of the row's process to ``time``; absent
      where the log shows no start before it (it may begin in the middle);
    * ``last_since_start_s``: the same for the last occurrence;
    * ``until_end_s``: seconds from ``last_time`` to the last time in the log of that container;
    * ``until_process_end_s``: seconds from ``last_time`` to the last line of that process (by its pid): whether it
      went on after what it said, or ended with it;
    * ``reason`` and ``reason_line`` of a wanted Go panic: the message of the ``[PANIC]`` line before it.

    ``facts`` of the result: first_time, last_time, ``level.LEVEL`` counts, container (from content where it tells),
    node, pod, calico_version, operator_version, autodetected_ip, autodetected_interface, process_starts and
    ``process_starts.PROCESS`` (starts seen), ended_cleanly ("true": asked to stop at its end), lines_dropped.

    Args:
        text: the log, decoded.
        source: where it is from; ``first_line`` is added to line numbers, ``collected`` gives klog's stamps a year.
        match: the message catalogue; called once a record, with the message, its fields and continuation lines.
    """
    return _LogParser(source, match).parse(text)


#: what the catalogue says of kept lines with the same number ``alike``
Answers = Mapping[int, tuple[str, ...]]


def parse_kept_lines(
    head: str, lines: Sequence[KeptLine], source: Source, match: Match, answers: Answers | None = None
) -> Parsed:
    """Read a log of which only some lines are at hand, those that stand for all others; see parse_container_log.

    How many lines it has by time is not told: who left the others out knows.

    Args:
        head: the beginning of the log, with all its lines: tells the container, the dress and a time.
        lines: the lines kept, in order; each may stand for equal ones before it.
        source: where it is from.
        match: the message catalogue.
        answers: those that are known.
    """
    return _LogParser(source, match, answers).parse_kept(head, lines)


class KeptLine(NamedTuple):
    """A line of a log with its 1-based number.

    ``more`` says how many equal ones before it were only counted; ``clock`` that it is at hand for its time only,
    and counted with another line. Of lines with the same number ``alike``, from 0, the catalogue says the same.
    """

    number: int
    text: str
    more: int = 0
    clock: bool = False
    alike: int = -1


class _LogParser:
    def __init__(self, source: Source, match: Match, answers: Answers | None = None) -> None:
        self.source = source
        self.match = match
        self.problems: list[str] = []
        self.lines: Mapping[int, str] | _Numbered = {}
        self.more: Mapping[int, int] = {}
        self.clocks: frozenset[int] = frozenset()
        self.alike: Mapping[int, int] = {}
        self.guess = ""
        self.near: datetime | None = None
        self.rows = RowStore(source)
        self.changes = BgpStore(source)
        self.streams: dict[Origin, _Stream] = {}
        self.volume: dict[tuple[int, str], int] | None = None  # records by (minute, level)
        self._known: dict[str, tuple[str, ...]] = {}
        self._known_alike = dict(answers or {})

    def parse(self, text: str) -> Parsed:
        self.volume = {}
        if "\0" in text:
            self.problems.append("NUL characters were skipped")
        text = without_controls(text)
        self.guess = container_of(text[:_SAMPLE])
        self.near = _some_time(text) or self.source.collected
        dress = dress_of(text, self.near)
        self.lines = _Numbered(dress.lines)
        return self._records(dress)

    def parse_kept(self, head: str, lines: Sequence[KeptLine]) -> Parsed:
        head = without_controls(head)
        self.guess = container_of(head[:_SAMPLE])
        self.near = _some_time(head) or self.source.collected
        dress = bare_dress(head, self.near)
        dress.lines = [line.text for line in lines]
        dress.numbers = [line.number for line in lines]
        self.lines = {line.number: line.text for line in lines}
        self.more = {line.number: line.more for line in lines if line.more}
        self.clocks = frozenset(line.number for line in lines if line.clock)
        self.alike = {line.number: line.alike for line in lines if line.alike >= 0}
        return self._records(dress)

    def _records(self, dress: Dress) -> Parsed:
        origin: Origin | None = None
        feed: Callable[[int, str, datetime | None], None] | None = None
        for number, line, stamp, whose in dress.undressed():
            if number in self.clocks:
                self._stream(whose).tick(number, line, stamp)
                continue
            if feed is None or whose is not origin:
                origin, feed = whose, self._stream(whose).reader.feed
            feed(number, line, stamp)
        if dress.cut_lines:
            self.problems.append(f"{dress.cut_lines} lines were longer than {MAX_LINE} characters and cut")
        return self._finish()

    def ids_of(self, record: LogRecord) -> tuple[str, ...]:
        """Ask the catalogue; the only place that does. What is surely answered alike is asked for once."""
        alike = self.alike.get(record.line, -1) if record.last_line == record.line and record.kind != "trace" else -1
        ids = self._known_alike.get(alike)
        if ids is None:
            text = record.match_text or record.message
            ids = self._ids_of(text.replace('\\"', '"') if '\\"' in text else text)
            if alike >= 0:
                self._known_alike[alike] = ids
        return ids

    def _ids_of(self, text: str) -> tuple[str, ...]:
        if len(text) > _CACHED_LENGTH:
            return self.match(text)
        ids = self._known.get(text)
        if ids is None:
            ids = self.match(text)
            if len(self._known) < _CACHED_MESSAGES:
                self._known[text] = ids
        return ids

    def _stream(self, origin: Origin) -> _Stream:
        stream = self.streams.get(origin)
        if stream is None:
            if len(self.streams) >= _MOST_STREAMS:
                return next(iter(self.streams.values()))
            whose = Origin(
                pod=origin.pod or self.source.pod,
                container=origin.container or self.source.container or self.guess,
                namespace=origin.namespace or self.source.namespace,
                node=origin.node or self.source.node,
            )
            stream = self.streams[origin] = _Stream(self, whose, origin.program)
        return stream

    def _finish(self) -> Parsed:
        streams = list(self.streams.values())
        for stream in streams:
            stream.reader.close()
        parsed = Parsed(log_lines=self.rows.rows(), bgp=self.changes.rows(), problems=self.problems)
        nodes = {(stream.origin.pod, stream.origin.container): stream for stream in streams}
        for row in parsed.log_lines:
            stream = nodes[row.pod, row.container]
            row.node = row.node or stream.facts.node
            row.component = row.component or stream.starts.owner_of(row.pid)
            stream.measure(row)
        by_pod = {stream.origin.pod: stream.facts.node for stream in streams if stream.facts.node}
        for change in parsed.bgp:
            change.node = change.node or by_pod.get(change.pod, "")
        parsed.facts = _facts(streams, self.guess)
        parsed.log_volume = volume_rows(self.source.path, self.volume or {})
        parsed.problems += [*self._doubts(streams), *self.rows.problems(), *self.changes.problems()]
        for stream in streams:
            stream.end()
        return parsed

    def _doubts(self, streams: list[_Stream]) -> list[str]:
        doubts = []
        other_zone = sum(stream.reader.other_zone for stream in streams)
        if other_zone:
            doubts.append(f"{other_zone} lines' own times are not UTC; the runtime's times were used")
        if any(stream.reader.headless_traces for stream in streams):
            doubts.append("a stack trace's beginning is missing")
        dropped = sum(stream.dropped for stream in streams)
        if dropped:
            doubts.append(f"{dropped} lines are missing: the process dropped them itself")
        return doubts


class _Stream:
    """The records of one container (of one pod) in the file."""

    def __init__(self, parser: _LogParser, origin: Origin, program: str = "") -> None:
        self.parser = parser
        self.origin = origin
        self.program = program
        self.reader = RecordReader(self.take, parser.near)
        self.starts = ProcessStarts(origin.container)
        self.facts = LogFacts()
        self.dropped = 0
        self.process_ends: dict[int, datetime] = {}
        self._untimed: list[LogLineRow] = []
        self._untimed_changes: list[BgpRow] = []

    def end(self) -> None:
        """Let go of what refers back to it: the text would stay until Python looks for cycles."""
        del self.reader, self.parser

    def take(self, record: LogRecord) -> None:
        """Make what is wanted of a record into rows."""
        if record.own_time and (self._untimed or self._untimed_changes):
            self._bound(record.time)
        if self.program and not record.component:
            record.component = self.program
        self.starts.see(record)
        more = self.parser.more.get(record.line, 0)
        self.facts.see(record, more)
        if self.parser.volume is not None and record.time is not None:
            key = minute_of(record.time), record.level
            self.parser.volume[key] = self.parser.volume.get(key, 0) + 1 + more
        if record.pid is not None and record.time is not None:
            self.process_ends[record.pid] = record.time
        ids = self.parser.ids_of(record)
        if record.kind == "bird":
            self._change(record, more)
        elif record.kind == "plain" and record.message.startswith("... dropped "):
            found = _DROPPED.match(record.message)
            self.dropped += int(found[1]) * (1 + more) if found else 0
        if not (ids or record.level in BAD_LEVELS or (not record.level and _is_trouble(record))):
            return
        raw = self.parser.lines[record.line][:MAX_LINE]
        row = self.parser.rows.add(record, ids, self.origin, raw, self.starts.since(record), more)
        if not record.own_time and len(self._untimed) < _MOST_UNTIMED:
            self._untimed.append(row)

    def tick(self, number: int, line: str, stamp: datetime | None) -> None:
        """Take nothing but its time from a line."""
        time = self.reader.tick(line, stamp)
        if time is not None and (self._untimed or self._untimed_changes):
            self._bound(time)

    def measure(self, row: LogLineRow) -> None:
        """Say how long before the end of the log, and of its process, a row was seen last."""
        if row.last_time is None:
            return
        process_end = self.process_ends.get(row.pid) if row.pid is not None else None
        for name, end in (("until_end_s", self.facts.last_time), ("until_process_end_s", process_end)):
            if end is not None:
                row.fields[name] = f"{max((end - row.last_time).total_seconds(), 0.0):.3f}"

    def _change(self, record: LogRecord, more: int) -> None:
        change = bird_log.bgp_change(record.message)
        if change is not None:
            row = self.parser.changes.add(record, change, self.origin, more)
            if not record.own_time and len(self._untimed_changes) < _MOST_UNTIMED:
                self._untimed_changes.append(row)

    def _bound(self, time: datetime | None) -> None:
        """The next time known is the latest at which the lines without time can have been written."""
        if time is None:
            return
        for row in self._untimed:
            if row.last_time is not None and row.last_time < time:
                row.last_time = time
        for change in self._untimed_changes:
            change.not_after = time
        self._untimed.clear()
        self._untimed_changes.clear()


class _Numbered:
    """The lines of a whole text by their 1-based numbers."""

    def __init__(self, lines: Sequence[str]) -> None:
        self._lines = lines

    def __getitem__(self, number: int) -> str:
        return self._lines[number - 1]


def _is_trouble(record: LogRecord) -> bool:
    return bird_log.is_trouble(record.message) if record.kind == "bird" else plain_log.is_trouble(record.message)


def _some_time(text: str) -> datetime | None:
    found = _LINE_TIME.search(text, 0, _SAMPLE)
    return utc_time(f"{found[1]}T{found[2]}") if found else None


def _facts(streams: list[_Stream], guess: str) -> dict[str, str]:
    """The facts of the file: of its only container, or what those of several together tell."""
    facts: dict[str, str] = {}
    first = [stream.facts.first_time for stream in streams if stream.facts.first_time]
    last = [stream.facts.last_time for stream in streams if stream.facts.last_time]
    for stream in streams:
        for key, value in stream.facts.as_text().items():
            if key.startswith("level."):
                facts[key] = str(int(facts.get(key, "0")) + int(value))
            else:
                facts.setdefault(key, value)
        for process, count in stream.starts.counts.items():
            key = f"process_starts.{process}"
            facts[key] = str(int(facts.get(key, "0")) + count)
    if first and last:
        facts["first_time"], facts["last_time"] = min(first).isoformat(), max(last).isoformat()
    starts = sum(int(value) for key, value in facts.items() if key.startswith("process_starts."))
    if starts:
        facts["process_starts"] = str(starts)
    if len(streams) > 1 and len({stream.facts.node for stream in streams if stream.facts.node}) > 1:
        facts.pop("node", None)
    pods = {stream.origin.pod for stream in streams}
    containers = {stream.origin.container for stream in streams}
    if len(pods) == 1 and (pod := next(iter(pods))):
        facts["pod"] = pod
    if len(containers) == 1 and (container := guess or next(iter(containers))):
        facts["container"] = container
    return facts
