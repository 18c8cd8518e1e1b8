"""When the bundle was made, and the absolute times that follow from ages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from analyzer.attribution import Output
from parsers.rows import EventRow, ReadinessRow
from parsers.source import Parsed

#: an output whose own clock is older than this before the rest was made at another time
_APART = timedelta(minutes=15)
#: logs ahead of what the API server says by more than this have another clock or zone
_AHEAD = timedelta(hours=2)


def collected_at(outputs: Sequence[Output]) -> datetime | None:
    """Estimate when the bundle was made: the latest time that anything in it has seen.

    Leases of live workers are renewed every 10 s and heartbeats every 5 minutes, so the latest of them, of container
    states, events and log lines is close to the collection. Where leases or heartbeats are there, a minority of logs
    that is hours ahead of them (a wrong clock, local time) does not count.
    """
    served = [time for output in outputs if (time := _latest_served(output.parsed))]
    logged = [time for output in outputs if (time := _last_logged(output.parsed))]
    fresh = [time for output in outputs if (time := fresh_time(output.parsed))]
    if fresh:
        ahead = [time for time in logged if time - max(fresh) > _AHEAD]
        if 2 * len(ahead) <= len(logged):
            logged = [time for time in logged if time not in ahead]
    times = [*served, *logged]
    return max(times) if times else None


def fresh_time(parsed: Parsed) -> datetime | None:
    """When the output was made, where it shows a live worker: its latest lease or heartbeat."""
    alive = {row.node for row in parsed.nodes if row.ready == "True"}
    alive |= {row.node for row in parsed.node_conditions if row.type == "Ready" and row.status == "True"}
    times = [row.lease_renewed for row in parsed.nodes if row.node in alive]
    times += [row.last_heartbeat for row in parsed.node_conditions if row.node in alive]
    return _max(times)


def _latest_served(parsed: Parsed) -> datetime | None:
    """The latest time of what the API server gave."""
    times: list[datetime | None] = []
    for node in parsed.nodes:
        times += [node.lease_renewed, node.created]
    for condition in parsed.node_conditions:
        times += [condition.last_heartbeat, condition.last_transition]
    for container in parsed.containers:
        times += [container.started, container.finished, container.last_finished]
    times += [pod.start_time for pod in parsed.pods]
    times += [event.time for event in parsed.events]
    return _max(times)


def _last_logged(parsed: Parsed) -> datetime | None:
    value = parsed.facts.get("last_time")
    return datetime.fromisoformat(value) if value else None


def _max(times: Iterable[datetime | None]) -> datetime | None:
    known = [time for time in times if time is not None]
    return max(known) if known else None


def own_collection(output: Output, collected: datetime) -> datetime:
    """When this output was made: with the rest, unless its live workers show that it is an older one."""
    fresh = fresh_time(output.parsed)
    return fresh if fresh is not None and collected - fresh > _APART else collected


def fill_times(output: Output, collected: datetime) -> None:
    """Give events and probe results an absolute time, or an age, whichever of the two is missing.

    Ages are relative to the output they stand in; they are left as they are.
    """
    now = own_collection(output, collected)
    rows: list[EventRow | ReadinessRow] = [*output.parsed.events, *output.parsed.readiness]
    for row in rows:
        if row.time is None and row.age_s is not None:
            row.time = _before(now, row.age_s)
    for event in output.parsed.events:
        if event.age_s is None and event.time is not None:
            event.age_s = max(0.0, (now - event.time).total_seconds())
        if event.first_time is None and event.first_age_s is not None:
            event.first_time = _before(now, event.first_age_s)


def _before(now: datetime, age: float) -> datetime | None:
    try:
        return now - timedelta(seconds=age)
    except OverflowError:
        return None
