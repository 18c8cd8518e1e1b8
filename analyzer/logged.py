"""Events that logs tell of join those of ``describe`` and of the lists of events."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from analyzer.tables import Tables
from parsers.logged_events import logged_event
from parsers.readiness import readiness_rows
from parsers.rows import LogLineRow

#: an event that was last logged so long before the end of its log is over
OVER = timedelta(minutes=15)
#: programs that log events; in other logs the same words are quotations
_LOGGERS = ("kubelet", "kubelite", "hyperkube", "kube-controller", "kube-scheduler", "k3s", "rke2", "microk8s", "k0s")


def add_logged_events(tables: Tables) -> None:
    """Add the events, and what probes said, of the lines of kubelet and control plane that still matter.

    An event that the bundle has from elsewhere too (same object, reason and first words) is not added.
    """
    ready = {row.pod for row in tables.rows.pods if row.phase == "Running" and _all_ready(row.ready)}
    known = {(row.object, row.reason, row.message[:60]) for row in tables.rows.events}
    for row in tables.rows.log_lines:
        logger = not row.component or row.component.startswith(_LOGGERS)
        if not logger or row.pod.startswith(("calico-", "canal-")) or _is_over(row, tables):
            continue
        event = logged_event(row)
        if event is None or (event.object, event.reason, event.message[:60]) in known:
            continue
        if event.time is None and event.object in ready:
            continue  # nobody knows when it was: what is ready now had its trouble before
        known.add((event.object, event.reason, event.message[:60]))
        if event.time is not None and tables.collected is not None:
            event.age_s = max(0.0, (tables.collected - event.time).total_seconds())
            if event.first_time is not None:
                event.first_age_s = max(event.age_s, (tables.collected - event.first_time).total_seconds())
        tables.rows.events.append(event)
        tables.rows.readiness.extend(readiness_rows(event))


def _all_ready(ready: str) -> bool:
    have, _, want = ready.partition("/")
    return bool(want) and have == want


def _is_over(row: LogLineRow, tables: Tables) -> bool:
    ends = tables.facts_of_files.get(row.file, {}).get("last_time", "")
    last = row.last_time or row.time
    if not ends or last is None:
        return False
    try:
        end = datetime.fromisoformat(ends)
    except ValueError:
        return False
    return (end if end.tzinfo else end.replace(tzinfo=UTC)) - last > OVER
