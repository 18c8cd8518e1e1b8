"""What is over, and what only belongs to a start or a stop: rows that accuse nobody.

A line from the first minute of a process that then went on working, the words of an orderly
shutdown, an old restart of a pod that has been ready since: experts skip all of these. Each rule is
told in ``docs/ranking.md``; signals with ``period: any`` see the rows all the same.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from analyzer.facts.sessions import Sessions
from analyzer.inventory import Inventory, PodState, number, text
from analyzer.tables import Tables
from parsers.bird_log import peer_of
from parsers.lazy_pattern import lazy_pattern
from parsers.rows import LogLineRow

STARTUP_S = 60.0  # the readiness check's own first window is 30 s (node/pkg/health/health.go)
WENT_ON_S = 180.0  # a process that logged this much longer got past what it complained about
RECOVERED_S = 900.0
OLD_RESTART_S = 3600.0
FEW_RESTARTS = 5
#: what a ready pod says at most this often within a minute before it goes on: the API server was away for a moment
BLIP = 2
BLIPS = frozenset({
    "api-connect-timeout", "api-connect-refused", "api-no-route", "api-request-timeout", "api-5xx",
    "err-tls-handshake-timeout", "err-http2-lost", "err-503",
})  # fmt: skip
#: the log of the CNI plugin on the worker; "<pod>-cni.log" is the runbook's name for that of install-cni
_PLUGIN_LOG = lazy_pattern(r"(?:^|[/!])cni(?:-\d{4}-[\w.-]{1,30})?\.log(?:\.\d{1,2})?(?:\.gz)?$")
#: what came so often over so long is expected again within a few of its intervals
OFTEN, LONG_S, RHYTHM = 6, 1800.0, 3.0


#: what the kubelet says of a worker short of something, and what it says when that is over
_SHORT = {
    "NodeHasDiskPressure": "NodeHasNoDiskPressure",
    "EvictionThresholdMet": "",
    "NodeHasInsufficientMemory": "NodeHasSufficientMemory",
    "NodeHasInsufficientPID": "NodeHasSufficientPID",
}


def passed(tables: Tables, inventory: Inventory) -> dict[str, list[bool]]:
    """Give, by table, one truth value a row: True where the row's trouble is over or was routine."""
    known: dict[str, list[bool]] | None = tables.memo.get("passed")
    if known is None:  # cross-checks ask for it one after another: it is worked out once
        known = {
            "log_lines": _logs(tables, inventory),
            "events": _events(tables, inventory),
            "readiness": _readiness(tables, inventory),
            "containers": _containers(tables, inventory),
        }
        tables.memo["passed"] = known
    return known


def current_lines(tables: Tables, inventory: Inventory) -> list[LogLineRow]:
    """Give the log lines whose trouble is not over."""
    over = passed(tables, inventory)["log_lines"]
    return [row for row, past in zip(tables.rows.log_lines, over, strict=True) if not past]


def _since_end(row: LogLineRow, collected: datetime | None) -> float | None:
    """Seconds from the row's last occurrence to the end of its log or the collection, the later one."""
    end = row.fields.get("until_end_s")
    spans = [float(end)] if end else []
    last = row.last_time or row.time
    if collected is not None and last is not None:
        spans.append((collected - last).total_seconds())
    return max(spans) if spans else None


def _pod_of(row: Any, inventory: Inventory) -> PodState | None:
    return inventory.pods.get((row.namespace, row.pod)) or inventory.pods_by_name.get(row.pod)


def _readiness(tables: Tables, inventory: Inventory) -> list[bool]:
    """By the pod of each probe result; where a pasted event names none, a calico-node if every one shown is ready."""
    unnamed = _ready_agent(inventory)
    return [_event_over(row, _pod_of(row, inventory) if row.pod else unnamed) for row in tables.rows.readiness]


def _ready_agent(inventory: Inventory) -> PodState | None:
    """A calico-node where every one that is shown is ready."""
    agents = [pod for pod in inventory.pods.values() if pod.is_node_agent]
    return agents[0] if agents and all(pod.healthy for pod in agents) else None


def _missing_sessions(tables: Tables) -> set[tuple[str, str]]:
    """(worker, peer) of the BGP sessions that lastingly are not there: what BIRD says of them is not over."""
    sessions = Sessions(tables)
    return {(node, peer) for node in sessions.observers for peer in sessions.missing_of(node)}


def _logs(tables: Tables, inventory: Inventory) -> list[bool]:
    values = []
    missing = _missing_sessions(tables)
    for row in tables.rows.log_lines:
        if row.component == "bird" and missing:
            peer = peer_of(row.message.partition(":")[0])
            if peer and (row.node or inventory.node_of(row.namespace, row.pod), peer) in missing:
                values.append(False)
                continue
        pod = _pod_of(row, inventory)
        healthy = bool(pod and pod.healthy)
        fields = row.fields or {}
        start = float(fields["since_start_s"]) if fields.get("since_start_s") else None
        lasted = 0.0
        if row.last_time is not None and row.time is not None:
            lasted = (row.last_time - row.time).total_seconds()
        # the end of its own process counts: what a process says before it dies is no start-up noise
        end = fields.get("until_process_end_s") or fields.get("until_end_s")
        until = float(end) if end else None
        ago = _since_end(row, tables.collected)
        startup = start is not None and start <= STARTUP_S and lasted <= STARTUP_S and not _of_plugin(row)
        went_on = until is not None and until >= WENT_ON_S
        old_run = row.previous and healthy
        rhythm = RHYTHM * lasted / row.count if row.count >= OFTEN and lasted >= LONG_S else 0.0
        recovered = healthy and ago is not None and ago >= max(RECOVERED_S, rhythm)
        blip = healthy and row.count <= BLIP and lasted <= STARTUP_S and ago is not None and ago >= WENT_ON_S
        blip = blip and not BLIPS.isdisjoint(row.message_ids)
        values.append(bool((startup and (went_on or healthy)) or old_run or recovered or blip))
    return values


def _of_plugin(row: LogLineRow) -> bool:
    """Whether the line is of the CNI plugin's own log: its processes live for a second each, so none is a start."""
    return row.source not in ("", "install.go") and _PLUGIN_LOG.search(row.file) is not None


def _event_over(row: Any, pod: PodState | None) -> bool:
    age = number(row.age_s)
    if pod is None or not pod.healthy or age is None:
        return False
    # a pod that is ready now: trouble is over once a few probe periods passed without another event ...
    first, count = number(row.first_age_s), int(number(row.count) or 1)
    if first is not None and count >= OFTEN and first - age >= LONG_S:
        return age >= max(120.0, RHYTHM * (first - age) / count)  # ... or once it would have come again
    return age >= 120.0


def _events(tables: Tables, inventory: Inventory) -> list[bool]:
    unnamed = _ready_agent(inventory)
    values = []
    relieved = _relieved(tables)
    for row in tables.rows.events:
        over = False
        if row.reason in _SHORT and row.object_kind == "Node":
            over = _is_relieved(row, relieved.get(row.object, {}))
        elif row.object_kind == "Pod":
            pod = inventory.pods.get((text(row.namespace), row.object)) or inventory.pods_by_name.get(row.object)
            over = _event_over(row, pod)
        elif not row.object and "calico/node is not " in row.message:
            over = _event_over(row, unnamed)
        values.append(over)
    return values


def _relieved(tables: Tables) -> dict[str, dict[str, float]]:
    """Seconds since the kubelet said last, by worker and reason, that it is no longer short of something.

    A worker of which it says so again and again is short again and again.
    """
    found: dict[str, dict[str, float]] = {}
    often = {row.object for row in tables.rows.events if row.reason in _SHORT.values() and int(row.count or 1) > BLIP}
    for row in tables.rows.events:
        age = number(row.age_s)
        if row.reason and row.reason in _SHORT.values() and age is not None and row.object not in often:
            of_worker = found.setdefault(row.object, {})
            of_worker[row.reason] = min(age, of_worker.get(row.reason, age))
    return found


def _is_relieved(row: Any, relieved: dict[str, float]) -> bool:
    """Whether the kubelet said after the event, and long ago, that its worker has enough again."""
    age = number(row.age_s)
    wanted = _SHORT[row.reason]
    since = [ago for said, ago in relieved.items() if not wanted or said == wanted]
    return age is not None and bool(since) and RECOVERED_S <= min(since) < age


def _containers(tables: Tables, inventory: Inventory) -> list[bool]:
    """True for containers that run well again: their *last* state is history, unless restarts are many."""
    values = []
    for row in tables.rows.containers:
        pod = _pod_of(row, inventory)
        ready = bool(row.ready)
        restarts = number(row.restarts) or 0
        running = None
        if tables.collected is not None and row.started is not None:
            running = (tables.collected - row.started).total_seconds()
        over = ready and row.state in ("Running", "") and bool(pod and pod.healthy)
        values.append(bool(over and (restarts <= FEW_RESTARTS or (running or 0) >= OLD_RESTART_S)))
    return values
