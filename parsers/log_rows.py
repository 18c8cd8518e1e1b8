"""Rows of a log: repeats are one row with a count, and no message can flood the tables."""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Iterator

from msgspec import Struct, field

from parsers.bird_log import BgpChange
from parsers.lazy_pattern import lazy_pattern
from parsers.log_dress import Origin
from parsers.log_record import LogRecord, key_values, template
from parsers.rows import BgpRow, LogLineRow
from parsers.source import OneRow, Source

FIRST_ROWS, LAST_ROWS = 150, 50  # distinct rows kept of one message: how it began and how it is now
MOST_ROWS = 20_000  # of one file, whatever they say
FIRST_CHANGES, LAST_CHANGES = 100, 150  # BGP rows kept of a file; the last of each protocol is kept besides
MOST_PROTOCOLS = 5000
_TEMPLATE_FROM = 4096
#: an AS number is no such value; expressions that begin with what they look for take half the time
_BIRD_VALUES = lazy_pattern(r"\d(?:(?<=port \d)\d{0,4}|\d{0,11}(?= ms\b| s\b| events\b))")

_Key = tuple[Origin, str, int | None, str, str, tuple[str, ...], str]


def same_message(record: LogRecord) -> str:
    """What the message has in common with those that say the same: times, counts and durations are left out."""
    if record.kind == "bird":
        return _BIRD_VALUES.sub("N", record.message[:_TEMPLATE_FROM])
    return same_text(record.message)


def same_text(message: str) -> str:
    """The same of a message that is none of BIRD's."""
    return template(message[:_TEMPLATE_FROM])


class RowStore(Struct):
    """Keeps the distinct log rows of one file."""

    source: Source
    dropped: Counter[str] = field(default_factory=Counter)
    _rows: dict[_Key, LogLineRow] = field(default_factory=dict)
    _kept: Counter[str] = field(default_factory=Counter)
    _recent: dict[str, deque[_Key]] = field(default_factory=dict)

    def add(
        self,
        record: LogRecord,
        ids: tuple[str, ...],
        origin: Origin,
        raw: str,
        since_start: float | None,
        more: int = 0,
    ) -> LogLineRow:
        """Count the record in the row of the same problem of the same process, or make a row; give that row.

        ``more`` is the number of equal records before this one that are counted with it.
        """
        same = "" if isinstance(ids, OneRow) else same_message(record)
        key = (origin, record.component, record.pid, record.level, record.source, ids, same)
        row = self._rows.get(key)
        if row is None:
            row = self._row(record, ids, origin, raw)
            if since_start is not None:
                row.fields["since_start_s"] = f"{since_start:.3f}"
            self._keep(key, row, ids[0] if ids else f"{record.component or record.kind} {record.source}".strip())
        else:
            row.count += 1
            row.last_line = record.line + self.source.first_line - 1
            row.last_time = record.time or row.last_time
            row.time = row.time or record.time
        row.count += more
        if since_start is not None:
            row.fields["last_since_start_s"] = f"{since_start:.3f}"
        return row

    def rows(self) -> list[LogLineRow]:
        """Give the rows in the order of the file."""
        return sorted(self._rows.values(), key=lambda row: row.line)

    def problems(self) -> list[str]:
        """Say of which messages not all distinct lines are listed."""
        return [
            f"{count} more distinct lines of {name} were counted, not listed"
            for name, count in self.dropped.most_common(50)
        ]

    def _keep(self, key: _Key, row: LogLineRow, name: str) -> None:
        if len(self._rows) >= MOST_ROWS and name not in self._recent:
            name = "other messages"
        elif self._kept[name] < FIRST_ROWS:
            self._kept[name] += 1
            self._rows[key] = row
            return
        recent = self._recent.setdefault(name, deque())
        if len(recent) >= LAST_ROWS:
            self._rows.pop(recent.popleft(), None)
            self.dropped[name] += 1
        recent.append(key)
        self._rows[key] = row

    def _row(self, record: LogRecord, ids: tuple[str, ...], origin: Origin, raw: str) -> LogLineRow:
        parsed_before = record.fields is not None or record.kind == "trace"
        fields = dict(record.fields or {}) if parsed_before else key_values(record.message)
        if "err" in fields:  # klog; a value of several lines stands between "<" and " >"
            fields["err"] = re.sub(r"^<\n\s*|\n? ?>$", "", fields["err"])
            fields.setdefault("error", fields["err"])
        line = record.line + self.source.first_line - 1
        return LogLineRow(
            file=self.source.path,
            line=line,
            pod=origin.pod,
            node=origin.node,
            container=origin.container,
            time=record.time,
            level=record.level,
            component=record.component,
            pid=record.pid,
            source=record.source,
            message=record.message,
            message_id=ids[0] if ids else "",
            message_ids=tuple(ids),
            last_time=record.time,
            last_line=line,
            namespace=origin.namespace,
            previous=self.source.previous,
            fields=fields,
            raw=raw,
        )


class BgpStore(Struct):
    """Keeps the BGP rows of one file: the first and the last ones, and the last of each protocol."""

    source: Source
    total: int = 0
    _first: list[BgpRow] = field(default_factory=list)
    _last: deque[BgpRow] = field(default_factory=lambda: deque(maxlen=LAST_CHANGES))
    _latest: dict[tuple[str, str, bool], BgpRow] = field(default_factory=dict)

    def add(self, record: LogRecord, change: BgpChange, origin: Origin, more: int = 0) -> BgpRow:
        """Make and keep the row of a change; ``more`` equal ones before it are only counted."""
        row = BgpRow(
            file=self.source.path,
            line=record.line + self.source.first_line - 1,
            pod=origin.pod,
            node=origin.node,
            time=record.time,
            protocol=change.protocol,
            peer=change.peer,
            state=change.state,
            message=record.message,
        )
        self.total += 1 + more
        if len(self._first) < FIRST_CHANGES:
            self._first.append(row)
        else:
            self._last.append(row)
        key = (origin.pod, change.protocol or change.peer, bool(change.state))
        if key in self._latest or len(self._latest) < MOST_PROTOCOLS:
            self._latest[key] = row
        return row

    def rows(self) -> list[BgpRow]:
        """Give the rows kept, in the order of the file."""
        kept: dict[int, BgpRow] = {id(row): row for row in self._all()}
        return sorted(kept.values(), key=lambda row: row.line)

    def problems(self) -> list[str]:
        """Say how many changes are not listed."""
        missing = self.total - len({id(row) for row in self._all()})
        return [f"{missing} more BGP state changes were counted, not listed"] if missing else []

    def _all(self) -> Iterator[BgpRow]:
        yield from self._first
        yield from self._last
        yield from self._latest.values()
