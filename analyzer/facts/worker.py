"""Cross-checks about the workers themselves.

==================================== ======================================================================
fact                                 what it means
==================================== ======================================================================
worker-toggles                       repeated NotReady/Ready changes or kubelet starts within hours, back now
worker-toggled-before-loss           the same on a worker that is Unknown now
one-kubelet-start-only               kubelet starts are shown, but none of the workers started more than once
lease-stale                          a worker that is not Ready has not renewed its lease for minutes
worker-not-ready-unexplained         listed NotReady with a calico-node that does not look bad; no description says why
pods-stuck-on-lost-worker            pods of a NotReady worker hang in Terminating or Unknown
all-workers-ready                    every worker that the bundle shows is Ready
all-workers-lost                     every worker (two or more) is Unknown
several-workers-not-ready            two or more workers are NotReady or Unknown
group-of-workers-lost                all workers of a zone, pool or subnet are Unknown, and only those
worker-overcommitted                 measured CPU or memory use of 90 % and more
worker-requests-high                 requests of 95 % and more of what can be allocated
probe-timeouts-without-calico-text   probes of calico-node time out and hardly any names a trouble of Calico
probe-timeouts-of-several-pods       probes of other pods on a worker time out too
host-pods-sandbox-changes            the sandbox of a pod on the host's network was made anew again and again
clock-differs                        the heartbeat of a Ready worker lies minutes beside those of the others, or a
                                     certificate is judged by a time that lies after every heartbeat
young-worker                         a worker that is only minutes old
young-worker-not-ready               one that is minutes old and not Ready yet
bad-workers-share-group              all bad workers share a zone, pool or subnet that no good worker has
==================================== ======================================================================

Sources: runbook "Check If Worker Is Ready and Healthy"; Kubernetes node lifecycle controller
(grace period 40-50 s), kubelet status updates (at least every five minutes, leases every ten seconds).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import pairwise
from typing import Any

from analyzer.facts.fact import Check, Fact
from analyzer.facts.observed import (
    condition_rows,
    each_place,
    is_timeout,
    node_rows,
    occurrences,
    of_calico,
    of_node_agent,
    once,
    places,
    seconds_before,
    shown,
    truth,
)
from analyzer.inventory import Inventory, Worker, number, text
from analyzer.tables import Tables
from parsers.ages import go_time
from parsers.lazy_pattern import lazy_pattern
from parsers.rows import NodeConditionRow

TOGGLE_WINDOW_S = 6 * 3600.0
SLOW_TOGGLE_S = 24 * 3600.0  # by the hour, or a few times a day: three times down and up is no maintenance
LEASE_STALE_S = 180.0
YOUNG_S = 15 * 60.0
NEW_S = 300.0  # a kubelet and its CNI are Ready within a few minutes of the first start
CLOCK_APART_S = 600.0  # twice the longest pause between two status updates of a kubelet
CLOCK_AHEAD_S = 24 * 3600.0  # more than logs are usually collected after the descriptions
_JUDGED_AT = lazy_pattern(r"current time (\S{10,35}) is after ")
MIN_SANDBOXES = 5  # a reboot or a restarted runtime makes one or two
_ON_HOST_NETWORK = (
    "calico-node-",
    "canal-",
    "calico-typha-",
    "kube-proxy-",
    "kube-apiserver-",
    "kube-scheduler-",
    "etcd-",
)
BUSY_PCT = 90.0
#: what a kubelet says of its runtime or network plugin when it reports its worker not ready
NOT_READY_REASONS = frozenset(
    {"node-cni-not-initialized", "node-container-runtime-down", "node-pleg", "cri-cni-load-failed"}
)
REQUESTS_PCT = 95.0
MIN_TIMEOUTS = 3


#: the event that the node controller makes, as its own log repeats it
_MARKED = lazy_pattern(r"Node (\S{1,253}) status is now: NodeNotReady")
_AGAIN = lazy_pattern(r"Controller detected that node (\S{1,253}) is healthy again")
TOGGLES_IN_LOG = 3
SLOW_TOGGLES = 3
CHANGES_WATCHED = 3


def toggles(tables: Tables) -> Iterator[Fact]:
    """worker-toggles, worker-toggled-before-loss, one-kubelet-start-only."""
    ready = {name: row.status for name, row in condition_rows(tables).items()}
    events: dict[str, list[Any]] = {}
    for row in tables.rows.events:
        if row.object_kind == "Node":
            events.setdefault(row.object, []).append(row)
    single: list[tuple[str, Any]] = []
    toggling = False
    for node in sorted(events):
        rows = once(events[node])
        starts = [row for row in rows if row.reason == "Starting" and "kube-proxy" not in text(row.message).lower()]
        down = [row for row in rows if row.reason == "NodeNotReady"]
        up = [row for row in rows if row.reason == "NodeReady"]
        counted = (occurrences(starts), occurrences(down), occurrences(up))
        window = SLOW_TOGGLE_S if min(counted[1:]) >= SLOW_TOGGLES else TOGGLE_WINDOW_S
        if _toggled(*counted) and _within(starts + down + up, window):
            toggling = True
            yield from each_place(_toggle_fact(node, ready.get(node, ""), counted, starts, down, up))
        elif counted[0] == 1 and counted[1] <= 1:
            single.append((node, starts[0]))
    if single and not toggling:
        node, row = single[0]
        yield Fact("one-kubelet-start-only", row.file, int(row.line), f"{node} shows one kubelet start", node)


def toggles_in_logs(tables: Tables) -> Iterator[Fact]:
    """worker-toggles, by the log of the controller manager, which marks workers NotReady and healthy again."""
    marked: dict[tuple[str, bool], list[Any]] = {}
    for row in tables.rows.log_lines:
        match = _MARKED.search(row.message) if "NotReady" in row.message else _AGAIN.search(row.message)
        if match:
            marked.setdefault((match[1], match.re is _AGAIN), []).append(row)
    for (node, _), rows in sorted(marked.items()):
        if (count := occurrences(rows)) >= TOGGLES_IN_LOG:
            detail = f"the controller manager marked {node} NotReady {count} times"
            yield Fact("worker-toggles", rows[0].file, int(rows[0].line), detail, node, also=places(rows[1:]))


def toggles_watched(tables: Tables) -> Iterator[Fact]:
    """worker-toggles, by a list of workers that was watched (``kubectl get nodes -w``)."""
    listed: dict[tuple[str, str], list[Any]] = {}
    for row in tables.rows.nodes:
        if row.ready:
            listed.setdefault((row.file, row.node), []).append(row)
    for (file, node), rows in sorted(listed.items()):
        changes = [row for before, row in pairwise(rows) if (row.ready == "True") != (before.ready == "True")]
        if len(changes) >= CHANGES_WATCHED:
            detail = f"{node} changed between Ready and NotReady {len(changes)} times while it was watched"
            yield Fact("worker-toggles", file, int(changes[0].line), detail, node, also=places(changes[1:]))


def _toggled(starts: int, down: int, up: int) -> bool:
    return starts >= 3 or (starts >= 2 and down >= 2) or (down >= 2 and up >= 2)


def _toggle_fact(
    node: str, ready: str, counted: tuple[int, int, int], starts: list[Any], down: list[Any], up: list[Any]
) -> Fact:
    rows = starts + down + up
    best = (starts or down)[0]
    ages = [age for row in rows if (age := number(row.first_age_s) or number(row.age_s)) is not None]
    began = max(ages) if ages else None
    span = f" within {began / 60:.0f} minutes" if began else ""
    detail = f"{node}: {counted[0]} kubelet starts, {counted[1]} NotReady and {counted[2]} Ready changes{span}"
    name = "worker-toggled-before-loss" if ready == "Unknown" else "worker-toggles"
    return Fact(name, best.file, int(best.line), detail, node, also=places(starts[1:] + down + up), when=began)


def _within(rows: list[Any], window: float) -> bool:
    """Whether the rows lie within ``window`` seconds; rows without an age are taken to."""
    newest = [age for row in rows if (age := number(row.age_s)) is not None]
    oldest = [age for row in rows if (age := number(row.first_age_s) or number(row.age_s)) is not None]
    return not newest or max(oldest) - min(newest) <= window or len(rows) >= 12


def lost(tables: Tables) -> Iterator[Fact]:
    """lease-stale, worker-not-ready-unexplained, pods-stuck-on-lost-worker."""
    conditions = condition_rows(tables)
    inventory = Inventory(tables)
    for node, row in node_rows(tables).items():
        if inventory.workers[node].ready == "True":
            continue
        age = seconds_before(tables.collected, row.lease_renewed)
        if age is not None and age > LEASE_STALE_S:
            yield Fact(
                "lease-stale", row.file, int(row.line), f"{node} renewed its lease {age:.0f} s ago", node, when=age
            )
        agent = inventory.agents.get(node)
        # without calico-node a worker is NotReady for want of a network plugin: that says nothing of its kubelet
        working = agent is not None and (agent.healthy or agent.status in ("Terminating", "Unknown", "NodeLost"))
        told = node in conditions or _kubelet_says_why(tables, node)
        if not told and working and inventory.workers[node].ready in ("False", "Unknown"):
            detail = f"{node} is listed NotReady; no description of it is in the bundle"
            yield Fact("worker-not-ready-unexplained", row.file, int(row.line), detail, node)
    away = {name for name, worker in inventory.workers.items() if worker.ready in ("False", "Unknown")}
    for row in tables.rows.pods:
        if row.node in away and (row.phase in ("Terminating", "Unknown") or truth(row.deleted)):
            detail = f"{row.pod} on {row.node} hangs in {row.phase or 'Terminating'}"
            yield Fact("pods-stuck-on-lost-worker", row.file, int(row.line), detail, row.node, row.pod)


def _kubelet_says_why(tables: Tables, node: str) -> bool:
    """Whether a log of the worker holds the kubelet's own reason to call it not ready: it is alive and connected."""
    return any(
        row.node in ("", node) and not NOT_READY_REASONS.isdisjoint(row.message_ids) for row in tables.rows.log_lines
    )


GROUPS: dict[str, Callable[[Worker], str]] = {
    "zone": lambda worker: worker.facts.get("zone", ""),
    "worker pool": lambda worker: worker.facts.get("pool", ""),
    "subnet": lambda worker: worker.subnet_key,
}


def readiness_of_all(tables: Tables) -> Iterator[Fact]:
    """all-workers-ready, all-workers-lost, several-workers-not-ready, group-of-workers-lost."""
    workers = {name: worker for name, worker in Inventory(tables).workers.items() if worker.ready}
    if not workers:
        return
    first = next(iter(workers.values()))
    unknown = [worker for worker in workers.values() if worker.ready == "Unknown"]
    down = [worker for worker in workers.values() if worker.ready != "True"]
    if len(down) >= 2:
        detail = f"{len(down)} of {len(workers)} workers are not Ready"
        yield Fact("several-workers-not-ready", down[0].file, down[0].line, detail)
    if all(worker.ready == "True" for worker in workers.values()):
        yield Fact("all-workers-ready", first.file, first.line, f"all {len(workers)} workers shown are Ready")
    elif len(unknown) == len(workers) >= 2:
        yield Fact("all-workers-lost", first.file, first.line, f"all {len(workers)} workers are Unknown")
    elif len(unknown) >= 2:
        yield from _group_lost(unknown, list(workers.values()), "group-of-workers-lost", "are Unknown")


def _group_lost(bad: list[Worker], workers: list[Worker], name: str, words: str) -> Iterator[Fact]:
    good = [worker for worker in workers if worker not in bad]
    for what, key in GROUPS.items():
        values = {key(worker) for worker in bad}
        value = next(iter(values))
        if len(values) == 1 and value and good and all(key(worker) != value for worker in good):
            detail = f"all {len(bad)} workers of {what} {value} {words}, no other one does"
            detail = detail.replace("are Unknown, no other one does", "are Unknown, no other worker is")
            yield Fact(name, bad[0].file, bad[0].line, detail, also=tuple((w.file, w.line) for w in bad[1:8]))


def shared_group(tables: Tables) -> Iterator[Fact]:
    """bad-workers-share-group."""
    inventory = Inventory(tables)
    judged = {name: inventory.is_bad(name) for name in inventory.workers if inventory.is_bad(name) is not None}
    bad = [inventory.workers[name] for name, is_bad in judged.items() if is_bad]
    if len(bad) >= 2:
        known = [inventory.workers[name] for name in judged]
        yield from _group_lost(bad, known, "bad-workers-share-group", "are in trouble, no other worker is")


def load(tables: Tables) -> Iterator[Fact]:
    """worker-overcommitted, worker-requests-high."""
    for row in tables.rows.settings:
        share = _percent(row.value)
        what = {"cpu%": "CPU", "cpu(%)": "CPU", "memory%": "memory", "memory(%)": "memory"}.get(row.key.lower(), "")
        if what and share is not None and share >= BUSY_PCT and not row.namespace:
            detail = f"{row.name} uses {share:.0f} % of its {what}"
            yield Fact("worker-overcommitted", row.file, int(row.line), detail, row.name)
    for node, row in node_rows(tables).items():
        for what, value in (("CPU", row.cpu_requested_pct), ("memory", row.memory_requested_pct)):
            requested = number(value)
            if requested is not None and requested >= REQUESTS_PCT:
                detail = f"pods request {requested:.0f} % of the {what} of {node}"
                yield Fact("worker-requests-high", row.file, int(row.line), detail, node)


def _percent(value: object) -> float | None:
    shown_value = text(value).strip()
    if not shown_value.endswith("%"):
        return None
    try:
        return float(shown_value[:-1])
    except ValueError:
        return None


def probe_timeouts(tables: Tables) -> Iterator[Fact]:
    """probe-timeouts-without-calico-text, probe-timeouts-of-several-pods."""
    unhealthy = once(row for row in tables.rows.events if row.reason == "Unhealthy" and row.object_kind == "Pod")
    inventory = Inventory(tables)
    by_pod: dict[tuple[str, str], list[Any]] = {}
    for row in unhealthy:
        by_pod.setdefault((text(row.namespace), row.object), []).append(row)
    others: dict[str, list[Any]] = {}
    for (namespace, pod), rows in by_pod.items():
        late = [row for row in rows if is_timeout(row)]
        node = inventory.node_of(namespace, pod) or text(rows[0].node)
        if of_node_agent(pod):
            said = occurrences(row for row in rows if not is_timeout(row))
            if occurrences(late) >= MIN_TIMEOUTS and said * 10 <= occurrences(late):
                detail = f"{occurrences(late)} probes of {pod} timed out; {said} named a reason"
                best = late[0]
                name = "probe-timeouts-without-calico-text"
                yield from each_place(Fact(name, best.file, int(best.line), detail, node, pod, places(late[1:])))
        elif late and not of_calico(pod) and node:
            others.setdefault(node, []).extend(late)
    for node, rows in others.items():
        pods = {row.object for row in rows}
        if len(pods) >= 2 and occurrences(rows) >= MIN_TIMEOUTS:
            detail = f"probes of {shown(pods)} on {node} time out too"
            yield Fact(
                "probe-timeouts-of-several-pods", rows[0].file, int(rows[0].line), detail, node, also=places(rows[1:])
            )


def sandboxes_replaced(tables: Tables) -> Iterator[Fact]:
    """host-pods-sandbox-changes: the runtime loses the sandboxes of pods that need no network of their own."""
    rows = once(
        row for row in tables.rows.events if row.reason == "SandboxChanged" and row.object.startswith(_ON_HOST_NETWORK)
    )
    for row in rows:
        if int(row.count) >= MIN_SANDBOXES:
            detail = f"the sandbox of {row.object}, which is on the host's network, was made anew {row.count} times"
            node = text(row.node) or Inventory(tables).node_of(text(row.namespace), row.object)
            yield Fact("host-pods-sandbox-changes", row.file, int(row.line), detail, node, row.object)


def clocks(tables: Tables) -> Iterator[Fact]:
    """clock-differs: within one file, heartbeats of Ready workers lie far apart.

    A kubelet posts its status at least every five minutes, by its own clock.
    """
    by_file: dict[str, list[tuple[datetime, NodeConditionRow]]] = {}
    for row in tables.rows.node_conditions:
        if row.type == "Ready" and row.status == "True" and row.last_heartbeat is not None:
            by_file.setdefault(row.file, []).append((row.last_heartbeat, row))
    for file in sorted(by_file):
        beats = by_file[file]
        if len(beats) < 3:
            continue
        middle = sorted(beat for beat, _ in beats)[len(beats) // 2]
        for beat, row in beats:
            apart = (beat - middle).total_seconds()
            if abs(apart) > CLOCK_APART_S:
                way = "ahead of" if apart > 0 else "behind"
                detail = f"the heartbeat of {row.node} is {abs(apart) / 60:.0f} minutes {way} those of the others"
                yield Fact("clock-differs", row.file, int(row.line), detail, row.node)
    newest = max((beat for beats in by_file.values() for beat, _ in beats), default=None)
    if newest is not None:
        yield from _certificate_times(tables, newest)


def _certificate_times(tables: Tables, newest: datetime) -> Iterator[Fact]:
    """Lines that call a certificate expired at a time which lies after every heartbeat: the clock is ahead."""
    for row in tables.rows.log_lines:
        match = _JUDGED_AT.search(row.message)
        at = go_time(match[1]) if match else None
        apart = 0.0 if at is None else (at - newest).total_seconds()
        if apart > CLOCK_AHEAD_S:
            detail = f"the clock of {row.node or row.pod} is {apart / 3600:.0f} hours ahead of the newest heartbeat"
            yield Fact("clock-differs", row.file, int(row.line), detail, row.node, row.pod)
            return


def young(tables: Tables) -> Iterator[Fact]:
    """young-worker, young-worker-not-ready."""
    for name, worker in Inventory(tables).workers.items():
        if worker.age_s is None or not 0 <= worker.age_s < YOUNG_S:
            continue
        age = f"{worker.name} is {worker.age_s / 60:.0f} minutes old"
        yield Fact("young-worker", worker.file, worker.line, age, name)
        if worker.ready == "False" and worker.age_s < NEW_S:
            yield Fact("young-worker-not-ready", worker.file, worker.line, f"{age} and not Ready yet", name)


CHECKS: tuple[Check, ...] = (
    toggles,
    toggles_in_logs,
    toggles_watched,
    lost,
    readiness_of_all,
    shared_group,
    load,
    probe_timeouts,
    sandboxes_replaced,
    clocks,
    young,
)
