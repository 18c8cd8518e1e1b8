"""How many lines of which level, and which restarts, over time: what the charts of the report draw."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from analyzer.inventory import Inventory, text
from analyzer.report import model
from analyzer.tables import Tables

#: bars of a chart at most, and the spans of time (seconds) that one may stand for
MOST_BARS = 60
_SPANS = (10, 30, 60, 300, 600, 1800, 3600, 3 * 3600, 6 * 3600, 12 * 3600, 86400, 7 * 86400, 30 * 86400, 365 * 86400)
#: containers whose restarts are shown, those with most of them first
MOST_CONTAINERS = 40


def levels_over_time(tables: Tables) -> model.LogLevels | None:
    """Count log lines by level in equal spans of time.

    Counts are exact where the bundle's ``log_volume`` table is there. From ``log_lines`` alone, only lines that
    somebody may ask about count, and a line that repeats is spread evenly from its first to its last time.

    Returns:
        None where fewer than two lines have a time.
    """
    counts = list(_volume(tables)) or list(_lines(tables))
    times = [time for time, _, _ in counts]
    if len(times) < 2 or min(times) == max(times):
        return None
    first, last = min(times), max(times)
    lasted = (last - first).total_seconds()
    seconds = next((span for span in _SPANS if lasted / span < MOST_BARS - 1), int(lasted // (MOST_BARS - 2)) + 1)
    start = first.timestamp() // seconds * seconds
    found: dict[int, Counter[str]] = {}
    for time, level, lines in counts:
        found.setdefault(int((time.timestamp() - start) // seconds), Counter())[level or "INFO"] += lines
    buckets = tuple(
        model.LogLevelBucket(datetime.fromtimestamp(start + number * seconds, UTC), tuple(sorted(levels.items())))
        for number, levels in sorted(found.items())
    )
    return model.LogLevels(seconds, buckets)


def _volume(tables: Tables) -> Iterator[tuple[datetime, str, int]]:
    rows: Iterable[Any] = getattr(tables.rows, "log_volume", ())
    return ((row.bucket, text(row.level), int(row.lines)) for row in rows if row.bucket is not None)


def _lines(tables: Tables) -> Iterator[tuple[datetime, str, int]]:
    for row in tables.rows.log_lines:
        if row.time is None:
            continue
        last, count = row.last_time, int(row.count)
        if count < 2 or last is None or last <= row.time:
            yield row.time, row.level, count
            continue
        points = min(count, MOST_BARS)
        step = (last - row.time) / (points - 1)
        for number in range(points):
            lines = count * (number + 1) // points - count * number // points
            yield row.time + step * number, row.level, lines


def restarts_over_time(tables: Tables, inventory: Inventory) -> tuple[model.ContainerRestarts, ...]:
    """Give each container that was restarted, with the moments that the bundle tells, the most restarted first.

    Of many restarts a bundle tells but the last: when the container ended and when it was started again.
    """
    found = []
    for row in tables.rows.containers:
        if not row.restarts or row.init:
            continue
        moments = []
        if row.last_started is not None:
            moments.append(model.RestartMoment(row.last_started, "started", "info"))
        if row.last_finished is not None:
            code = row.last_exit_code
            why = ", ".join(part for part in (row.last_reason, f"exit code {code}" if code is not None else "") if part)
            moments.append(
                model.RestartMoment(
                    row.last_finished, f"ended: {why}" if why else "ended", "error" if code else "warning"
                )
            )
        if row.started is not None:
            moments.append(model.RestartMoment(row.started, "started again", "info"))
        node = text(row.node) or inventory.node_of(row.namespace, row.pod)
        found.append(model.ContainerRestarts(node, row.pod, row.container, int(row.restarts), tuple(moments)))
    unique = {(item.pod, item.container): item for item in sorted(found, key=lambda item: len(item.moments))}
    return tuple(sorted(unique.values(), key=lambda item: (-item.restarts, item.pod, item.container))[:MOST_CONTAINERS])
