"""Logs that tell local time: Calico's lines and journals carry no zone, the API server's answers do.

A log is taken for one in local time where its first line comes before the start of its own container, or its last line
after the live workers' heartbeats, by a whole number of quarter hours: zones differ by those, wrong clocks do not.
Without heartbeats, a log that begins with the start of the program may also be late by so much against the start of its
container. Its times are then shifted to UTC, and the report says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from analyzer.attribution import Output
from analyzer.collection import fresh_time
from parsers.rows import ContainerRow

_QUARTER = timedelta(minutes=15)
_LEAST = timedelta(minutes=30)
_MOST = timedelta(hours=14)
_START_SLACK = timedelta(seconds=90)  # a container's first line comes within seconds of its start
_END_SLACK = timedelta(minutes=4)  # a heartbeat is up to five minutes old, a log's last line about one

Key = tuple[str, str, bool]


def reconcile(outputs: Sequence[Output]) -> list[tuple[str, str]]:
    """Shift the logs that tell local time to UTC; gives (file, what was done) of each."""
    started = _starts(outputs)
    fresh = [time for output in outputs if (time := fresh_time(output.parsed))]
    done = []
    for output in outputs:
        off = _offset(output, started, max(fresh) if fresh else None)
        if off:
            _shift(output, off)
            hours = off.total_seconds() / 3600
            where = "ahead of" if hours > 0 else "behind"
            done.append((output.file.path, f"its times are {abs(hours):g} h {where} UTC (local time): shifted"))
    return done


def _starts(outputs: Iterable[Output]) -> dict[Key, datetime]:
    """(pod, container, previous) -> when that run of the container began, where the bundle says so with a zone."""
    found: dict[Key, datetime] = {}
    for output in outputs:
        for row in output.parsed.containers:
            for previous, time in ((False, _running_since(row)), (True, row.last_started)):
                if time is not None and row.pod:
                    found[row.pod, row.container, previous] = time
    return found


def _running_since(row: ContainerRow) -> datetime | None:
    return row.started if row.state != "Waiting" else None


def _offset(output: Output, started: Mapping[Key, datetime], fresh: datetime | None) -> timedelta | None:
    first, last = (_fact(output, key) for key in ("first_time", "last_time"))
    if first is None or last is None or output.kind not in ("log", "kubelet-journal"):
        return None
    source = output.source
    begun = started.get((output.file.pod or source.pod, output.file.container or source.container, source.previous))
    by_start = _quarters(first - begun, _START_SLACK) if begun is not None else None
    by_end = _quarters(last - fresh, _END_SLACK) if fresh is not None and last > fresh else None
    if by_start is not None and (first < begun if begun else False):
        return by_start
    if fresh is not None:
        return by_end
    return by_start if _begins_with_start(output, first) else None


def _begins_with_start(output: Output, first: datetime) -> bool:
    """Whether the log begins where a program starts; a log cut at its front begins anywhere."""
    return any(
        row.time is not None
        and row.time - first <= _START_SLACK
        and float(row.fields.get("since_start_s") or "inf") <= _START_SLACK.total_seconds()
        for row in output.parsed.log_lines
    )


def _fact(output: Output, key: str) -> datetime | None:
    value = output.parsed.facts.get(key)
    return datetime.fromisoformat(value) if value else None


def _quarters(difference: timedelta, slack: timedelta) -> timedelta | None:
    """The nearest whole number of quarter hours, if that is a zone's offset and the difference is that close to it."""
    nearest = round(difference / _QUARTER) * _QUARTER
    if _LEAST <= abs(nearest) <= _MOST and abs(difference - nearest) <= slack:
        return nearest
    return None


def _shift(output: Output, off: timedelta) -> None:
    for rows in (output.parsed.log_lines, output.parsed.readiness, output.parsed.bgp):
        for row in rows:
            for name in ("time", "last_time"):
                time = getattr(row, name, None)
                if time is not None:
                    setattr(row, name, time - off)
    for key in ("first_time", "last_time"):
        time = _fact(output, key)
        if time is not None:
            output.parsed.facts[key] = (time - off).isoformat()
