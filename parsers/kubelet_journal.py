"""``journalctl``, syslog files and ``dmesg``: what kubelet, container runtime, kernel and systemd had to say.

Three dresses: the journal's short form (``Feb 12 10:11:12 host kubelet[1234]: ...``), the same with an ISO time, and
the kernel's ring buffer (``[12345.678] ...``, with ``dmesg -T`` a date, with ``dmesg -H`` a short one or steps).
Inside are klog (kubelet), logrus text (containerd, CRI-O) and plain words (kernel, systemd).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from operator import attrgetter

from msgspec import Struct, field

from parsers.ages import go_time
from parsers.lazy_pattern import lazy_pattern
from parsers.log_line import read_prefixed
from parsers.log_record import BAD_LEVELS, LogRecord, key_values, template, utc_time, with_year
from parsers.rows import LogLineRow
from parsers.source import Match, OneRow, Parsed, Source

_LINE = lazy_pattern(
    r"(?P<stamp>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d(?:\.\d{1,9})?|\d{4}-\d\d-\d\dT[\d:.,]{8,18}(?:Z|[+-]\d\d:?\d\d)?) "
    r"(?P<host>\S{1,253}) (?P<program>[\w.@/-]{1,64})(?:\[(?P<pid>\d{1,9})\])?: (?P<message>.*)"
)
_RING = lazy_pattern(
    r"\[(?: *[+\d]\d{0,8}\.\d{6}|[A-Z][a-z]{2} ?[ \d]\d \d\d:\d\d(?::\d\d)?"
    r"|(?P<date>[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}))\] (?P<message>.+)"
)
_UPTIME = lazy_pattern(r"\[ *\d{1,9}\.\d{6}\] ")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_FULL_DATE = lazy_pattern(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d")
_ENDS = lazy_pattern(r"-- (?:Logs|Journal) begins? at .{10,60}(?:ends?|end) at \S+ (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)")
_COMPONENTS = {
    "hyperkube": "kubelet", "containerd-shim": "containerd", "crio": "crio", "cri-o": "crio", "dockerd": "docker",
    "bash": "kubelet",
}  # fmt: skip
#: programs whose messages are told by their words alone
_RUNTIMES = frozenset({"kubelet", "containerd", "crio", "docker", "kernel"})
#: words of trouble in lines that have no level (kernel, systemd, scripts)
_TROUBLE = lazy_pattern(
    r"\b(?:error|errors|fail(?:ed|ure|s)?|cannot|unable|refused|denied|dropping|overflow|exited|timed out|timeout"
    r"|oom-killer|oom-kill|Out of memory|Killed process|invoked oom|blocked for more than|soft lockup|hard lockup"
    r"|self-detected stall|Call Trace|segfault|general protection|BUG:|panic|Oops|read-only|corrupt(?:ed|ion)?|martian"
    r"|MD5 Hash|SYN flooding|Link is Down|link down|carrier lost|NIC Link|Lost carrier|mtu|MTU|Frag(?:mentation)?"
    r"|Time (?:has been changed|jumped)|clock (?:wrong|change|stepped|skew)|time jump|clocksource|unstable"
    r"|Scheduled restart job|Stopp(?:ed|ing) .{0,40}[Kk]ubelet|Start(?:ed|ing) .{0,40}[Kk]ubelet|calico-packet"
    r"|table full|reboot(?:ed|ing)?)\b",
    re.IGNORECASE,
)
_HEALTHY = lazy_pattern(r"\b(?:0 errors|no errors?|without errors?|errors=remount|error=nil|err=nil)\b", re.IGNORECASE)
MOST_ROWS = 3000
_MOST_CHARACTERS = 65_536
_MOST_VALUE_LINES = 40
#: lines whose value says nothing without them; others' values are lines of their own, to be quoted
_OPEN_VALUE = lazy_pattern(r'"Probe \w[^\n]*=<$')


class JournalLine(Struct, frozen=True):
    """A line taken apart: its ``parts`` as the journal prints them, who wrote it, and what it says.

    ``message`` is what stands behind the writer and the kernel's own time.
    """

    parts: dict[str, str]
    component: str
    message: str
    record: LogRecord

    @property
    def host(self) -> str:
        """The journal's host, "" where it names none."""
        return self.parts.get("host") or ""

    def key(self, ids: tuple[str, ...] = ()) -> tuple[str, str, str, str]:
        """Give what lines share that are one row of the table; ``ids`` is what the catalogue says of them."""
        same = ids[0] if isinstance(ids, OneRow) else template(self.record.message[:1000])
        return self.host, self.component, self.record.level, same

    def ids(self, match: Match) -> tuple[str, ...]:
        """Ask the catalogue."""
        ids = match(self.record.message) or match(self.message)
        if not ids and self.component not in _RUNTIMES:
            # who says it may be what matters: NetworkManager, cron, dhclient
            ids = match(f"{self.parts.get('program') or ''}[{self.parts.get('pid') or ''}]: {self.message}")
        return ids

    @property
    def opens_value(self) -> bool:
        """Whether its last value goes on over the next lines."""
        return _OPEN_VALUE.search(self.parts["message"]) is not None

    def tells(self, ids: tuple[str, ...]) -> bool:
        """Whether it is worth a row, where the catalogue says this of it."""
        return bool(ids) or self.record.level in BAD_LEVELS or _is_trouble(self.record)


def journal_line(text: str) -> JournalLine | None:
    """Take a line apart; None for one that is no journal's."""
    parts = _parts(text)
    return None if parts is None else _line_of(parts)


def _parts(text: str) -> dict[str, str] | None:
    found = _LINE.fullmatch(text) or _RING.fullmatch(text)
    return {name: value for name, value in found.groupdict().items() if value is not None} if found else None


def _line_of(parts: dict[str, str]) -> JournalLine:
    program = (parts.get("program") or "kernel").lower().rpartition("/")[2]
    component = _COMPONENTS.get(program, program)
    message = _UPTIME.sub("", parts["message"], count=1) if component == "kernel" else parts["message"]
    record = read_prefixed(message) or LogRecord(kind="plain", message=message.strip())
    return JournalLine(parts, component, message, record)


class _Journal(Struct):
    """The rows of one journal, equal ones counted."""

    source: Source
    match: Match
    near: datetime | None
    rows: dict[tuple[str, str, str, str], LogLineRow] = field(default_factory=dict)
    left_out: int = 0
    open_value: _OpenValue | None = None

    def take(self, number: int, text: str, more: int = 0) -> None:
        """Take a line; ``more`` equal ones before it were only counted."""
        text = text[:_MOST_CHARACTERS]
        parts = _parts(text)
        if parts is None:
            if self.open_value is not None and number == self.open_value.last + 1:
                self.open_value.last = number
            return
        if self.open_value is not None:
            if self.open_value.takes(number, parts):
                return
            self.close()
        if _OPEN_VALUE.search(parts["message"]):
            self.open_value = _OpenValue(number, text, parts, more, number)
        else:
            self._add(number, text, parts, more)

    def close(self) -> None:
        """No line goes on with the value that is open."""
        value, self.open_value = self.open_value, None
        if value is not None:
            self._add(value.number, value.line, value.parts, value.more)

    def _add(self, number: int, text: str, parts: dict[str, str], more: int) -> None:
        """Keep a line if it tells something."""
        line = _line_of(parts)
        record = line.record
        ids = line.ids(self.match)
        if not line.tells(ids):
            return
        time = self._time(parts, record)
        key = line.key(ids)
        row = self.rows.get(key)
        if row is not None:
            row.count += 1 + more
            row.last_line, row.last_time = number, time or row.last_time
            row.time = row.time or time
        elif len(self.rows) >= MOST_ROWS:
            self.left_out += 1 + more
        else:
            pid = int(parts["pid"]) if parts.get("pid") else record.pid
            row = self.rows[key] = self._row(number, text, line.host, line.component, pid, record, ids, time)
            row.count += more

    def _time(self, parts: dict[str, str], record: LogRecord) -> datetime | None:
        stamp = parts.get("stamp") or parts.get("date") or ""
        if not stamp:
            return record.time
        if stamp[0].isdigit():
            time = utc_time(stamp.replace(",", "."))
        elif parts.get("date"):
            words = stamp.split()
            time = (
                go_time(f"{words[4]}-{_MONTHS.index(words[1]) + 1:02d}-{int(words[2]):02d} {words[3]}")
                if words[1] in _MONTHS
                else None
            )
        else:
            words = stamp.split()
            month = _MONTHS.index(words[0]) + 1 if words[0] in _MONTHS else 0
            time = with_year((month, int(words[1]), words[2]), self.near or record.time) if month else None
        self.near = time or self.near
        return time

    def _row(
        self,
        number: int,
        line: str,
        host: str,
        component: str,
        pid: int | None,
        record: LogRecord,
        ids: tuple[str, ...],
        time: datetime | None,
    ) -> LogLineRow:
        return LogLineRow(
            file=self.source.path,
            line=number,
            pod="",
            node=self.source.node or host,
            container="",
            time=time,
            level=record.level,
            component=component,
            pid=pid,
            source=record.source,
            message=record.message,
            message_id=ids[0] if ids else "",
            message_ids=tuple(ids),
            last_time=time,
            last_line=number,
            fields=dict(record.fields) if record.fields is not None else key_values(record.message),
            raw=line,
        )


class _OpenValue(Struct):
    """A line whose last value goes on over the next ones: klog writes ``output=<``, the value's lines, and `` >``."""

    number: int
    line: str
    parts: dict[str, str]
    more: int
    last: int  # the line that it goes to
    closed: bool = False

    def takes(self, number: int, parts: dict[str, str]) -> bool:
        """Whether a line still belongs to the value; it is added then."""
        same = all(self.parts.get(name) == parts.get(name) for name in ("host", "program", "pid"))
        if self.closed or not same or number - self.number > _MOST_VALUE_LINES or not parts["message"][:1].isspace():
            return False
        if number != self.last + 1:
            return False
        self.parts["message"] += "\n" + parts["message"]
        self.last = number
        self.closed = parts["message"].strip() == ">"
        return True


def parse_kubelet_journal(text: str, source: Source, match: Match) -> Parsed:
    """Read the lines that tell of trouble, or that the message catalogue knows; equal ones are one row.

    ``component`` is the program (kubelet, containerd, crio, kernel, systemd ...), ``node`` the journal's host. Stamps
    without a year get the one nearest to the collection, or to a full date in the text; without either they have no
    time. ``facts`` give the first and the last time.
    """
    journal = _Journal(source, match, source.collected or _some_date(text))
    for number, line in enumerate(text.split("\n"), start=source.first_line):
        journal.take(number, line)
    return _parsed(journal)


def parse_kept_journal(head: str, lines: Iterable[tuple[int, str, int]], source: Source, match: Match) -> Parsed:
    """Read a journal of which only some lines are at hand, those that stand for all others.

    Args:
        head: its beginning, which may tell the year.
        lines: number (from 1 on), text, and how many equal ones before it were only counted; in order.
        source: where it is from.
        match: the message catalogue.
    """
    journal = _Journal(source, match, source.collected or _some_date(head))
    for number, line, more in lines:
        journal.take(number + source.first_line - 1, line, more)
    return _parsed(journal)


def _parsed(journal: _Journal) -> Parsed:
    journal.close()
    parsed = Parsed()
    parsed.log_lines.extend(sorted(journal.rows.values(), key=attrgetter("line")))
    if journal.left_out:
        parsed.problems.append(f"{journal.left_out} lines beyond {MOST_ROWS} distinct problems were not listed")
    times = [time for row in parsed.log_lines for time in (row.time, row.last_time) if time is not None]
    if times:
        parsed.facts |= {"first_time": min(times).isoformat(), "last_time": max(times).isoformat()}
    for row in parsed.log_lines:
        if row.level:
            key = f"level.{row.level}"
            parsed.facts[key] = str(int(parsed.facts.get(key, "0")) + row.count)
    return parsed


def _is_trouble(record: LogRecord) -> bool:
    if record.level in ("INFO", "DEBUG", "TRACE"):
        return False
    text = record.message[:1000]
    return _TROUBLE.search(text) is not None and _HEALTHY.search(text) is None


def _some_date(text: str) -> datetime | None:
    """A date with its year: from the journal's own header, else the first one in the text."""
    head = text[:262_144]
    ends = _ENDS.search(head[:2000])
    if ends:
        return go_time(ends[1])
    found = _FULL_DATE.search(head)
    return go_time(found[0]) if found else None


def looks_like(sample: str) -> float:
    """Share of lines that are a journal's, 0..1."""
    lines = [line[:2000] for line in sample.split("\n")[:100] if line.strip()]
    hits = sum(bool(_LINE.fullmatch(line) or _RING.fullmatch(line)) for line in lines)
    return hits / len(lines) if lines else 0.0
