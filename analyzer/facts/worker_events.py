"""Cross-checks between the events of workers: who was rebooted, drained or lost, in what order, and for how long.

========================= ==========================================================================================
fact                      what it means
========================= ==========================================================================================
worker-rebooted-often     one and the same worker was rebooted three times or more
boot-ids-alternate        a node's boot id changes to and fro: two machines report under one name
cordoned-then-lost        a worker was cordoned, then went not ready a few minutes ago: a reboot or update on purpose
maintenance-in-turn       several workers were cordoned, rebooted and released one after another, one is cordoned now
worker-down-for-long      a worker has not been Ready for more than an hour: nobody waits that long for a reboot
pod-marked-by-controller  a pod is not Ready while its containers are: the node controller marked it, the worker is lost
exec-fails-in-several     probes of two or more pods cannot be run: the runtime fails to start a program in them
host-pod-sandbox-fails    the runtime makes no sandbox for a pod of the host's network, which needs no CNI plugin
========================= ==========================================================================================

Sources: kubelet pkg/kubelet/kubelet_node_status.go (events Rebooted, NodeNotSchedulable, NodeSchedulable) and
kuberuntime_sandbox.go; Kubernetes node lifecycle controller.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from analyzer.facts.fact import Check, Fact
from analyzer.facts.observed import condition_rows, each_place, occurrences, once, places, seconds_before, shown
from analyzer.inventory import Inventory, number, text
from analyzer.tables import Tables
from parsers.lazy_pattern import lazy_pattern

OFTEN = 3
OFTEN_WITHIN_S = 24 * 3600.0
JUST_NOW_S = 20 * 60.0  # a server boots within this time, firmware checks included
CORDON_BEFORE_S = 45 * 60.0  # a drain may take that long
LONG_S = 3600.0
#: ... but not that the program is missing in the image, or that there is no room for another process
_NO_EXEC = lazy_pattern(
    r"(?:OCI runtime exec failed|failed to start exec|failed to exec in container|exec failed: "
    r"|probe errored: rpc error: code = (?:Unknown|Unavailable|Internal) desc = )"
    r"(?!.{0,400}(?:executable file not found|no such file or directory|permission denied|resource temporarily"
    r"|cannot allocate|no space left|deadline exceeded|timed out|not running|process not found))",
    re.DOTALL,
)
_BOOT_ID = lazy_pattern(r"boot id: ?(\S{8,40})")
_ON_HOST_NETWORK = (
    "calico-node-", "canal-", "calico-typha-", "kube-proxy-", "kube-apiserver-", "kube-scheduler-", "etcd-",
    "kube-controller-manager-", "multus-", "node-exporter-", "ibm-keepalived-watcher-", "ibm-master-proxy-static-",
    "csi-node-", "ibm-vpc-block-csi-node-", "aws-node-", "kube-flannel-ds-", "cilium-",
)  # fmt: skip
#: what makes sandboxes fail although the runtime is sound: another cause has its own words for each
_OTHER_REASON = lazy_pattern(
    r"(?i)sandbox image|pull(?:ing)? image|no space left|cannot allocate memory|too many open files|quota"
    r"|resource temporarily unavailable|read-only file system|input/output error|deadline ?exceeded|i/o timeout"
    r"|failed to set ?up network|cni plugin|plugin type=|networkplugin|unable to start unit|is forbidden|hostport"
    r"|runtimeclass|runtimehandler|no runtime for"
)


def reboots(tables: Tables) -> Iterator[Fact]:
    """worker-rebooted-often, boot-ids-alternate."""
    by_node: dict[str, list[Any]] = {}
    for row in tables.rows.events:
        if row.object_kind == "Node" and row.reason == "Rebooted":
            by_node.setdefault(row.object, []).append(row)
    for node, every in sorted(by_node.items()):
        rows = once(every)
        ids = [match[1] for row in rows if (match := _BOOT_ID.search(row.message))]
        again = [row for row in rows if int(number(row.count) or 1) >= 2]
        if len(set(ids)) >= 2 and (len(again) >= 2 or len(ids) > len(set(ids))):
            best = (again or rows)[0]
            detail = f"{node} was rebooted into the same boot id again after another one: {shown(sorted(set(ids)))}"
            yield from each_place(
                Fact("boot-ids-alternate", best.file, int(best.line), detail, node, also=places(rows))
            )
        elif (count := occurrences(rows)) >= OFTEN and len(again) <= 1 and _span(rows) <= OFTEN_WITHIN_S:
            detail = f"{node} was rebooted {count} times"
            first = rows[0]
            fact = Fact("worker-rebooted-often", first.file, int(first.line), detail, node, also=places(rows[1:]))
            yield from each_place(fact)


def _span(rows: list[Any]) -> float:
    newest = [age for row in rows if (age := number(row.age_s)) is not None]
    oldest = [age for row in rows if (age := number(row.first_age_s) or number(row.age_s)) is not None]
    return max(oldest) - min(newest) if newest and oldest else 0.0


def _ages(tables: Tables, reason: str) -> dict[str, tuple[float, Any]]:
    """Node -> (age in seconds, row) of its newest event with that reason."""
    found: dict[str, tuple[float, Any]] = {}
    for row in tables.rows.events:
        age = number(row.age_s)
        if row.object_kind == "Node" and row.reason == reason and age is not None:
            known = found.get(row.object)
            if known is None or age < known[0]:
                found[row.object] = (age, row)
    return found


def maintenance(tables: Tables) -> Iterator[Fact]:
    """cordoned-then-lost, maintenance-in-turn, worker-down-for-long."""
    conditions = condition_rows(tables)
    cordoned, released = _ages(tables, "NodeNotSchedulable"), _ages(tables, "NodeSchedulable")
    rebooted, lost = _ages(tables, "Rebooted"), _ages(tables, "NodeNotReady")
    workers = Inventory(tables).workers
    turn = sorted(node for node in cordoned if node in rebooted and _was_released(node, cordoned, released))
    for name, worker in workers.items():
        if worker.ready not in ("False", "Unknown"):
            continue
        condition = conditions.get(name)
        since = seconds_before(tables.collected, condition.last_transition) if condition else None
        if since is None and name in lost:
            since = lost[name][0]
        if since is not None and since > LONG_S:
            file, line = (condition.file, condition.line) if condition else (worker.file, worker.line)
            detail = f"{name} has not been Ready for {since / 3600:.1f} hours"
            yield Fact("worker-down-for-long", file, int(line), detail, name, when=since)
        if name not in cordoned or _was_released(name, cordoned, released):
            continue
        age, row = cordoned[name]
        if since is not None and since <= JUST_NOW_S and 0 <= age - since <= CORDON_BEFORE_S:
            detail = f"{name} was cordoned {age / 60:.0f} minutes ago and lost {(age - since) / 60:.0f} minutes later"
            also = ((lost[name][1].file, int(lost[name][1].line)),) if name in lost else ()
            yield from each_place(
                Fact("cordoned-then-lost", row.file, int(row.line), detail, name, also=also, when=since)
            )
        if len(turn) >= 2 and age <= LONG_S and (since is None or since <= LONG_S):
            detail = f"{shown(turn)} were cordoned, rebooted and released before; {name} is cordoned now"
            yield Fact("maintenance-in-turn", row.file, int(row.line), detail, name)


def _was_released(node: str, cordoned: dict[str, tuple[float, Any]], released: dict[str, tuple[float, Any]]) -> bool:
    return node in released and released[node][0] <= cordoned[node][0]


def host_sandboxes(tables: Tables) -> Iterator[Fact]:
    """host-pod-sandbox-fails."""
    inventory = Inventory(tables)
    for row in once(row for row in tables.rows.events if row.reason == "FailedCreatePodSandBox"):
        message = text(row.message)
        pod = inventory.pods.get((text(row.namespace), row.object))
        if pod is not None and pod.healthy:
            continue  # it got one in the end
        if not row.object.startswith(_ON_HOST_NETWORK) or _OTHER_REASON.search(message) or "rpc error" not in message:
            continue
        detail = f"no sandbox for {row.object}, which needs no network plugin"
        node = text(row.node) or inventory.node_of(text(row.namespace), row.object)
        yield Fact("host-pod-sandbox-fails", row.file, int(row.line), detail, node, row.object)


def marked(tables: Tables) -> Iterator[Fact]:
    """pod-marked-by-controller."""
    status: dict[tuple[str, str, str], dict[str, Any]] = {}
    for row in tables.rows.pod_conditions:
        status.setdefault((row.file, row.namespace, row.pod), {})[row.type] = row
    gated = {row.object for row in tables.rows.events if "readiness gate" in row.message.lower()}
    inventory = Inventory(tables)
    for (_, namespace, pod), rows in status.items():
        ready, containers = rows.get("Ready"), rows.get("ContainersReady")
        if ready is None or containers is None or not pod.startswith(_ON_HOST_NETWORK) or pod in gated:
            continue  # pods of applications may have readiness gates
        if (ready.status, containers.status) == ("False", "True"):
            detail = f"{pod} is not Ready although its containers are"
            node = inventory.node_of(namespace, pod)
            yield Fact("pod-marked-by-controller", ready.file, int(ready.line), detail, node, pod)


def exec_fails(tables: Tables) -> Iterator[Fact]:
    """exec-fails-in-several."""
    rows = once(row for row in tables.rows.events if row.reason == "Unhealthy" and _NO_EXEC.search(row.message))
    inventory = Inventory(tables)
    kept = [
        row
        for row in rows
        if (pod := inventory.pods.get((text(row.namespace), row.object))) is None or pod.healthy is not True
    ]
    pods = {row.object for row in kept if row.object}
    if len(pods) >= 2 and occurrences(kept) >= OFTEN:
        detail = f"no program can be started in containers of {shown(pods)}"
        first = kept[0]
        yield from each_place(Fact("exec-fails-in-several", first.file, int(first.line), detail, also=places(kept[1:])))


CHECKS: tuple[Check, ...] = (reboots, maintenance, host_sandboxes, marked, exec_fails)
