"""What is over, and what only belongs to a start or a stop: rows that accuse nobody.

A line from the first minute of a process that then went on working, the words of an orderly
shutdown, an old restart of a pod that has been ready since: experts skip all of these. Each rule is
told in ``docs/ranking.md``; signals with ``period: any`` see the rows all the same.
"""

from __future__ import annotations

import pandas as pd

from analyzer.inventory import Inventory, PodState, number, text
from analyzer.tables import Tables, each

STARTUP_S = 60.0  # the readiness check's own first window is 30 s (node/pkg/health/health.go)
WENT_ON_S = 180.0  # a process that logged this much longer got past what it complained about
RECOVERED_S = 900.0
OLD_RESTART_S = 3600.0
FEW_RESTARTS = 5


def passed(tables: Tables, inventory: Inventory) -> dict[str, pd.Series]:
    """Give, by table, a boolean Series (index of the table): True where the row's trouble is over or was routine."""
    return {
        "log_lines": _logs(tables, inventory),
        "events": _events(tables, inventory),
        "readiness": _readiness(tables, inventory),
        "containers": _containers(tables, inventory),
    }


def _series(frame: pd.DataFrame, values: list[bool]) -> pd.Series:
    return pd.Series(values, index=frame.index, dtype=bool)


def _since_end(row: object, collected: pd.Timestamp | None) -> float | None:
    """Seconds from the row's last occurrence to the end of its log or the collection, the later one."""
    fields: dict[str, str] = getattr(row, "fields", {}) or {}
    spans = [float(fields["until_end_s"])] if fields.get("until_end_s") else []
    last = getattr(row, "last_time", None)
    last = getattr(row, "time", None) if last is None or pd.isna(last) else last
    if collected is not None and last is not None and not pd.isna(last):
        spans.append((collected - last).total_seconds())
    return max(spans) if spans else None


def _pod_of(row: object, inventory: Inventory) -> PodState | None:
    return inventory.pods.get((getattr(row, "namespace", ""), getattr(row, "pod", ""))) or inventory.pods_by_name.get(
        getattr(row, "pod", "")
    )


def _logs(tables: Tables, inventory: Inventory) -> pd.Series:
    collected = None if tables.collected is None else pd.Timestamp(tables.collected)
    values = []
    for row in each(tables.log_lines):
        pod = _pod_of(row, inventory)
        healthy = bool(pod and pod.healthy)
        fields = row.fields or {}
        start = float(fields["since_start_s"]) if fields.get("since_start_s") else None
        lasted = 0.0
        if not pd.isna(row.last_time) and not pd.isna(row.time):
            lasted = (row.last_time - row.time).total_seconds()
        # the end of its own process counts: what a process says before it dies is no start-up noise
        end = fields.get("until_process_end_s") or fields.get("until_end_s")
        until = float(end) if end else None
        ago = _since_end(row, collected)
        startup = start is not None and start <= STARTUP_S and lasted <= STARTUP_S
        went_on = until is not None and until >= WENT_ON_S
        old_run = row.previous and healthy
        recovered = healthy and ago is not None and ago >= RECOVERED_S
        values.append(bool((startup and (went_on or healthy)) or old_run or recovered))
    return _series(tables.log_lines, values)


def _event_over(row: object, pod: PodState | None) -> bool:
    age = number(getattr(row, "age_s", None))
    if pod is None or not pod.healthy or age is None:
        return False
    # a pod that is ready now: trouble is over once a few probe periods passed without another event
    return age >= 120.0


def _events(tables: Tables, inventory: Inventory) -> pd.Series:
    values = []
    for row in each(tables.events):
        over = False
        if row.object_kind == "Pod":
            pod = inventory.pods.get((text(row.namespace), row.object)) or inventory.pods_by_name.get(row.object)
            over = _event_over(row, pod)
        values.append(over)
    return _series(tables.events, values)


def _readiness(tables: Tables, inventory: Inventory) -> pd.Series:
    return _series(
        tables.readiness,
        [_event_over(row, _pod_of(row, inventory)) for row in each(tables.readiness)],
    )


def _containers(tables: Tables, inventory: Inventory) -> pd.Series:
    """True for containers that run well again: their *last* state is history, unless restarts are many."""
    values = []
    for row in each(tables.containers):
        pod = _pod_of(row, inventory)
        ready = row.ready is not pd.NA and bool(row.ready)
        restarts = number(row.restarts) or 0
        running = None
        if tables.collected is not None and not pd.isna(row.started):
            running = (pd.Timestamp(tables.collected) - row.started).total_seconds()
        over = ready and row.state in ("Running", "") and bool(pod and pod.healthy)
        values.append(bool(over and (restarts <= FEW_RESTARTS or (running or 0) >= OLD_RESTART_S)))
    return _series(tables.containers, values)
