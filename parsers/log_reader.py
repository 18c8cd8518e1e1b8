"""Making records of a container's plain lines: which kind, what belongs together, when it was written."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from msgspec import Struct, field

from parsers import bird_log, go_trace, plain_log
from parsers.calico_log import time_of_calico
from parsers.log_line import read_prefixed
from parsers.log_record import BAD_LEVELS, MAX_LINE, LogRecord, with_year

_MOST_CONTINUATIONS = 400
_TRACE_MESSAGE_LINES = 12
_TRACE_REACH = 3000  # lines after its beginning in which pieces of an interrupted trace are expected
_PANIC_REACH = 60  # lines between a [PANIC] record and its "panic: (*logrus.Entry)"
_ZONE_DOUBT = timedelta(minutes=15)
_SAME_MESSAGE = timedelta(seconds=2)


class RecordReader(Struct):
    """Reads one container's lines in order and hands each finished record to ``emit``.

    ``near`` is a time near which the log was written: it gives klog's stamps their year until a line with a
    full time has been seen.
    """

    emit: Callable[[LogRecord], None]
    near: datetime | None = None
    last_time: datetime | None = None
    other_zone: int = 0  # lines whose own time differs from their dress by a quarter of an hour or more
    headless_traces: int = 0
    _record: LogRecord | None = None
    _stamp: datetime | None = None  # of the record's dress
    _more: list[str] = field(default_factory=list)
    _size: int = 0
    _trace_line: int = -_TRACE_REACH
    _panic: LogRecord | None = None
    _pids: dict[str, int] = field(default_factory=dict)

    def feed(self, number: int, text: str, stamp: datetime | None) -> None:
        """Take the next plain line, with the time of its dress where it has one."""
        record = read_prefixed(text)
        if record is not None:
            self._begin(record, number, stamp)
        elif text[:1] == "b" and text.startswith("bird:"):
            self._bird(number, text, stamp)
        else:
            self._without_prefix(number, text, stamp)

    def tick(self, text: str, stamp: datetime | None) -> datetime | None:
        """Take the time of a line that is not read otherwise; it ends the record before it. Give the time."""
        self.close()
        time = time_of_calico(text)
        if time is None:
            record = read_prefixed(text)
            time = record.time if record is not None else None
            if record is not None and record.yearless is not None:
                time = with_year(record.yearless, stamp or self.last_time or self.near)
        if stamp is not None and (time is None or abs(time - stamp) >= _ZONE_DOUBT):
            time = stamp
        self.last_time = time or self.last_time
        return time

    def close(self) -> None:
        """Hand over the last record."""
        record, self._record = self._record, None
        if record is None:
            return
        if record.kind == "trace":
            self._finish_trace(record)
        if self._more:
            record.message = "\n".join([record.message, *self._more])
            self._more = []
        self.emit(record)

    def _begin(self, record: LogRecord, number: int, stamp: datetime | None) -> None:
        self.close()
        record.line = record.last_line = number
        if record.yearless is not None:
            record.time = with_year(record.yearless, stamp or self.last_time or self.near)
            record.own_time = record.time is not None
        if record.time is None:
            record.time = stamp or self.last_time
            record.own_time = stamp is not None
        elif stamp is not None and abs(record.time - stamp) >= _ZONE_DOUBT:
            # the images carry no zone data, but somebody may have mounted the host's: the runtime's time is UTC
            record.time = stamp
            self.other_zone += 1
        if record.own_time:
            self.last_time = record.time
        if record.level == "PANIC" and record.kind != "trace":
            self._panic = record
        if record.pid is not None and record.component:
            self._pids[record.component] = record.pid
        self._record, self._stamp, self._size = record, stamp, 0

    def _bird(self, number: int, text: str, stamp: datetime | None) -> None:
        for message in bird_log.messages(text):
            record = LogRecord(kind="bird", message=message, component=bird_log.daemon_of(message))
            self._begin(record, number, stamp)

    def _without_prefix(self, number: int, text: str, stamp: datetime | None) -> None:
        record = self._record
        in_trace = record is not None and record.kind == "trace"
        if in_trace and go_trace.inside_trace(text):
            self._continue_trace(number, text)
        elif go_trace.begins_trace(text):
            self._begin_trace(number, text, stamp)
        elif number - self._trace_line < _TRACE_REACH and go_trace.inside_trace(text):
            return  # another writer's line stood in the middle of the trace
        elif not text.strip():
            return
        elif go_trace.orphan_trace(text):
            self.headless_traces += 1
            self._begin_trace(number, text, stamp)
        elif bird_log.is_bird(text):
            self._bird(number, text, stamp)
        elif record is not None and self._belongs(record, text, stamp):
            self._continue(record, number, text)
        else:
            level = plain_log.level_of(text)
            self._begin(LogRecord(kind="plain", message=text.strip(), level=level), number, stamp)

    def _belongs(self, record: LogRecord, text: str, stamp: datetime | None) -> bool:
        """Tell whether a line without prefix goes on with the record before it."""
        if record.kind in ("bird", "trace") or plain_log.stands_alone(text):
            return False
        if stamp is not None and self._stamp is not None and abs(stamp - self._stamp) > _SAME_MESSAGE:
            return False
        if plain_log.continues(text):
            return True
        # an error's text goes on after a newline; under a record that is none, it speaks for itself
        return record.level in BAD_LEVELS and record.kind != "plain"

    def _continue(self, record: LogRecord, number: int, text: str) -> None:
        record.last_line = number
        if len(self._more) < _MOST_CONTINUATIONS and self._size < MAX_LINE:
            self._more.append(text)
            self._size += len(text)

    def _begin_trace(self, number: int, text: str, stamp: datetime | None) -> None:
        record = self._record
        if text.startswith("goroutine ") and record is not None and record.level in ("FATAL", "PANIC"):
            self._trace_line = number  # klog's fatal lines are followed by a dump of all goroutines
            self._continue(record, number, text)
            return
        if text.startswith("goroutine "):
            self.headless_traces += 1
        level = "ERROR" if text.startswith("http: ") else "PANIC"
        self._begin(LogRecord(kind="trace", message=text.strip(), level=level), number, stamp)
        self._trace_line = number

    def _continue_trace(self, number: int, text: str) -> None:
        record = self._record
        if record is None:
            return
        record.last_line = number
        if text.strip() and len(self._more) < _TRACE_MESSAGE_LINES:
            self._more.append(text[:1000].rstrip())
        if not record.component:
            record.component = go_trace.process_of(text[:1000])

    def _finish_trace(self, record: LogRecord) -> None:
        """Say whose panic it is: a wanted stop has its reason in the ``[PANIC]`` line a little before."""
        # the catalogue knows what panics say; names of functions further down are not messages
        head = (
            line
            for line in self._more
            if not line.startswith(("goroutine ", "created by ", "\t")) and not line.endswith(")")
        )
        record.match_text = "\n".join([record.message, *head])
        panic, self._panic = self._panic, None
        wanted = "(*logrus.Entry)" in record.message[:200]
        if panic is not None and wanted and record.line - panic.last_line <= _PANIC_REACH:
            record.component, record.pid, record.source = panic.component, panic.pid, panic.source
            record.own_time = record.own_time or panic.own_time  # written in the same moment
            record.fields = {"reason": panic.message[:2000], "reason_line": str(panic.line)}
        elif record.component:
            record.pid = self._pids.get(record.component)
