"""Cross-checks about whether calico-node is there at all, and what its daemonset says.

================================== ========================================================================
fact                               what it means
================================== ========================================================================
calico-node-seen                   the bundle shows at least one calico-node pod
calico-node-absent-everywhere      lists that would show calico-node show other system pods but not it
worker-without-calico-node         a described worker runs other pods but no calico-node
calico-node-on-every-worker        every worker shown has its calico-node pod
daemonset-wants-pods               the calico-node daemonset exists and wants pods
daemonset-desires-none             it exists, workers exist, and it wants no pod
daemonset-wants-pods-has-none      it wants pods and none exists
daemonset-lacks-pods               it wants more pods than exist
daemonset-zero-with-failedcreate   pods are missing and its FailedCreate events say why
rolling-update-in-progress         not all of its pods are of the newest template
update-stands-still                the same, all pods are ready, and none was made within the last hour
other-network-without-calico       another network plugin runs and there is no calico-node
calico-node-unscheduled            a calico-node pod is Pending and on no worker
calico-pod-unschedulable           the PodScheduled condition of a calico pod is False
calico-node-oom-with-limit         calico-node was OOM-killed and has a memory limit
calico-node-oom-without-limit      calico-node was OOM-killed and has none
calico-node-oom-limit-unknown      calico-node was OOM-killed; its limits are not shown
================================== ========================================================================

Sources: runbook "calico-node Not Running at all on any Workers"; IBM docs on OVN-Kubernetes for ROKS 4.20.
A list of another namespace alone is no evidence of absence: Calico lives in kube-system (IKS up to 1.28) or
calico-system (IKS from 1.29, ROKS).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from analyzer.facts.fact import Check, Fact
from analyzer.facts.observed import (
    each_place,
    node_rows,
    of_calico,
    of_node_agent,
    places,
    seconds_before,
    shown,
    truth,
)
from analyzer.inventory import NODE_AGENTS, Inventory, number, text
from analyzer.tables import Tables
from parsers.lazy_pattern import lazy_pattern

#: agents of other network plugins, by the name of their daemonset or the beginning of their pods' names
OTHER_NETWORKS = {
    "ovnkube-node": "OVN-Kubernetes",
    "sdn": "OpenShift SDN",
    "cilium": "Cilium",
    "kube-flannel-ds": "Flannel",
    "kube-flannel": "Flannel",
    "weave-net": "Weave Net",
    "antrea-agent": "Antrea",
    "kube-router": "kube-router",
    "kindnet": "kindnet",
    "azure-cni-networkmonitor": "Azure CNI",
    "kube-ovn-cni": "Kube-OVN",
    "kube-flannel-ds-amd64": "Flannel",
    "rke2-flannel": "Flannel",
    "rke2-cilium": "Cilium",
    "cilium-agent": "Cilium",
    "anetd": "GKE Dataplane V2 (Cilium)",
    "nsx-node-agent": "NSX Container Plugin",
    "romana-agent": "Romana",
    "contrail-agent": "Contrail",
    "contiv-vswitch": "Contiv",
    "vcn-native-ip-cni": "OCI VCN-native pod networking",
    "tke-bridge-agent": "TKE's network",
    "hybridnet-daemon": "Hybridnet",
}
#: networks of clouds, beside which Calico may do nothing but network policies
CLOUD_NETWORKS = {"aws-node": "Amazon VPC CNI", "terway": "Terway", "terway-eniip": "Terway", "azure-cns": "Azure CNI"}
CALICO_NAMESPACES = ("calico-system", "tigera-operator", "calico-apiserver")
CALICO_KINDS = frozenset(
    {"Installation", "TigeraStatus", "IPPool", "FelixConfiguration", "BGPConfiguration", "ClusterInformation"}
)
_OTHER_PODS = tuple(f"{start}-" for start in OTHER_NETWORKS)
_CLOUD_PODS = tuple(f"{start}-" for start in CLOUD_NETWORKS)
#: namespaces in which these agents live: a customer's pod may bear a similar name
NETWORK_NAMESPACES = (
    "kube-system", "openshift-ovn-kubernetes", "ovn-kubernetes", "openshift-sdn", "kube-flannel", "cilium", "weave",
    "vmware-system-nsx", "nsx-system", "contrail", "kube-ovn", "antrea-system", "",
)  # fmt: skip
#: what a network plugin reports when it has set its worker's network up
_NETWORK_IS_UP = lazy_pattern(r"(Flannel|Cilium|Weave|Antrea|Kube-?Router|Romana)IsUp")
#: annotations that a network plugin keeps on the workers
_MARKS = (
    ("flannel.alpha.coreos.com/", "Flannel"),
    ("network.cilium.io/", "Cilium"),
    ("io.cilium.network", "Cilium"),
    ("k8s.ovn.org/", "OVN-Kubernetes"),
    ("kube-router.io/", "kube-router"),
    ("node.antrea.io/", "Antrea"),
    ("ovn.kubernetes.io/", "Kube-OVN"),
)
OLD_OOM_S = 24 * 3600.0
LATELY_OOM_S = 6 * 3600.0
FEW_OOM = 3
STILL_S = 3600.0


def _daemonsets(tables: Tables) -> list[Any]:
    return [row for row in tables.rows.daemonsets if row.daemonset in NODE_AGENTS]


def _agent_rows(tables: Tables) -> list[Any]:
    """Rows that show a calico-node pod: lists, descriptions, the pods of a described worker."""
    rows: list[Any] = [row for row in tables.rows.pods if of_node_agent(row.pod) or row.app in NODE_AGENTS]
    rows += [row for row in tables.rows.containers if of_node_agent(row.pod)]
    rows += [
        row for row in tables.rows.nodes if any(of_node_agent(name.partition("/")[2]) for name in row.pods_on_node)
    ]
    return rows


def _calico_was_here(tables: Tables) -> bool:
    """Whether other parts of Calico, their logs, namespaces or settings show that Calico is or was installed."""
    if any(of_calico(row.pod) for row in tables.rows.pods) or any(of_calico(row.pod) for row in tables.rows.files):
        return True
    if any(row.namespace in CALICO_NAMESPACES for row in tables.rows.pods):
        return True
    if any("calico-uninstalled" in row.message_ids for row in tables.rows.log_lines):
        return True
    kinds = {row.kind for row in tables.rows.settings}
    named = (row for row in tables.rows.settings if row.kind in ("Namespace", "Deployment"))
    return bool(kinds & CALICO_KINDS) or any(row.name in (*CALICO_NAMESPACES, "calico-typha") for row in named)


def _cloud_network(tables: Tables) -> tuple[str, Any] | None:
    """The name of a cloud's own network plugin and the row of its daemonset."""
    if _calico_was_here(tables):
        return None  # Calico did the network policies beside it
    for daemonset in tables.rows.daemonsets:
        runs = number(daemonset.desired) != 0
        if daemonset.daemonset in CLOUD_NETWORKS and daemonset.namespace == "kube-system" and runs:
            return CLOUD_NETWORKS[daemonset.daemonset], daemonset
    for pod in tables.rows.pods:
        if pod.pod.startswith(_CLOUD_PODS) and pod.namespace == "kube-system":
            return next(name for start, name in CLOUD_NETWORKS.items() if pod.pod.startswith(f"{start}-")), pod
    return _told_by_workers(tables)


def _told_by_workers(tables: Tables) -> tuple[str, Any] | None:
    """Another network plugin as the workers' own conditions, annotations, pods and releases tell it."""
    workers = node_rows(tables)
    for worker in workers.values():
        for pod in worker.pods_on_node:
            namespace, _, name = pod.partition("/")
            if name.startswith(_OTHER_PODS) and namespace in NETWORK_NAMESPACES:
                return next(what for start, what in OTHER_NETWORKS.items() if name.startswith(f"{start}-")), worker
    # canal, the default of RKE2, is Flannel with Calico's policies
    if any(worker.calico_ip or "+rke2" in worker.kubelet_version for worker in workers.values()):
        return None
    for condition in tables.rows.node_conditions:
        if condition.type == "NetworkUnavailable" and (found := _NETWORK_IS_UP.fullmatch(condition.reason)):
            return found[1], condition
    for worker in workers.values():
        for start, name in _MARKS:
            if any(key.startswith(start) for key in worker.annotations):
                return name, worker
    if workers and all("+k3s" in worker.kubelet_version and worker.ready == "True" for worker in workers.values()):
        return "the Flannel that is built into k3s", next(iter(workers.values()))
    return None


def _other_network(tables: Tables) -> tuple[str, Any] | None:
    """The name of another network plugin and the row that shows its agent."""
    for daemonset in tables.rows.daemonsets:
        name = OTHER_NETWORKS.get(daemonset.daemonset, "") if number(daemonset.desired) != 0 else ""
        if name and daemonset.namespace in NETWORK_NAMESPACES:
            return name, daemonset
    for pod in tables.rows.pods:
        if pod.pod.startswith(_OTHER_PODS) and pod.namespace in NETWORK_NAMESPACES:
            return next(name for start, name in OTHER_NETWORKS.items() if pod.pod.startswith(f"{start}-")), pod
    for setting in tables.rows.settings:
        if setting.value in ("OVNKubernetes", "OpenShiftSDN") and setting.key.rpartition(".")[2] == "networkType":
            return setting.value, setting
    return None


def absence(tables: Tables) -> Iterator[Fact]:
    """calico-node-seen, calico-node-absent-everywhere, worker-without-calico-node, other-network-without-calico."""
    seen = _agent_rows(tables)
    if seen:
        yield Fact("calico-node-seen", seen[0].file, int(seen[0].line), "a calico-node pod is shown")
    other = _other_network(tables) or (None if seen or _daemonsets(tables) else _cloud_network(tables))
    if other and not seen and not _daemonsets(tables):
        name, row = other
        detail = f"the network plugin is {name}; no calico-node is shown"
        yield Fact("other-network-without-calico", row.file, int(row.line), detail)
    if other:
        return
    for node, row in node_rows(tables).items():
        pods = [name.partition("/")[2] for name in row.pods_on_node]
        if len(pods) >= 2 and not any(of_node_agent(pod) for pod in pods):
            detail = f"{node} runs {len(pods)} pods, calico-node is not among them"
            yield Fact("worker-without-calico-node", row.file, int(row.line), detail, node)
    if not seen and not _daemonsets(tables):
        yield from _absent_from_lists(tables)


def _absent_from_lists(tables: Tables) -> Iterator[Fact]:
    found: list[tuple[str, Any, int]] = []
    for row in tables.rows.listings:
        if not row.complete or row.kind not in ("DaemonSet", "Pod"):
            continue
        shown_there: list[Any] = list(tables.rows.daemonsets if row.kind == "DaemonSet" else tables.rows.pods)
        there = [item for item in shown_there if item.file == row.file]
        if row.namespace not in ("*", ""):
            there = [item for item in there if item.namespace in ("", row.namespace)]
        names = [item.daemonset if row.kind == "DaemonSet" else item.pod for item in there]
        if _would_show(row, names):
            found.append((row.kind, row, len(names)))
    if not found:
        return
    found.sort(key=lambda item: item[0])  # a list of daemonsets says it best
    kind, best, count = found[0]
    what = "daemonsets" if kind == "DaemonSet" else "pods"
    where = "all namespaces" if best.namespace in ("*", "") else best.namespace
    detail = f"the list of {what} of {where} has {count} entries and no calico-node"
    also = tuple((row.file, int(row.line)) for _, row, _ in found[1:])
    # a list that may have been cut proves nothing, but goes with one that does
    cut = [row for row in tables.rows.listings if row.kind == "DaemonSet" and not row.complete and row.namespace == "*"]
    also += places(cut, 2)
    yield from each_place(Fact("calico-node-absent-everywhere", best.file, int(best.line), detail, also=also))


def _would_show(listing: Any, names: list[str]) -> bool:
    """Whether calico-node would stand in this list if it existed."""
    if not names:
        return False
    if listing.namespace == "*":
        return True
    # the prefixes are those of pods; a daemonset's name has no suffix
    siblings = any(of_calico(f"{name}-") and not of_node_agent(f"{name}-") for name in names)
    return siblings or (listing.namespace == "kube-system" and listing.kind == "DaemonSet" and len(names) >= 2)


def daemonset(tables: Tables) -> Iterator[Fact]:
    """The facts about the counts of the daemonset."""
    rows = _daemonsets(tables)
    failed = [
        row
        for row in tables.rows.events
        # where the pods' account does not exist nobody refuses them
        if row.reason == "FailedCreate" and row.object in NODE_AGENTS and "service account" not in row.message
    ]
    for row in rows:
        desired, current, updated = number(row.desired), number(row.current), number(row.updated)
        if not desired:
            continue
        place = (row.file, int(row.line))
        yield Fact("daemonset-wants-pods", *place, f"{row.daemonset} wants {desired:.0f} pods")
        if current == 0:
            yield Fact(
                "daemonset-wants-pods-has-none", *place, f"{row.daemonset} wants {desired:.0f} pods and has none"
            )
        elif current is not None and current < desired:
            detail = f"{row.daemonset} wants {desired:.0f} pods and has {current:.0f}"
            yield Fact("daemonset-lacks-pods", *place, detail)
        if current is not None and current < desired and failed:
            event = failed[0]
            detail = f"{row.daemonset} wants {desired:.0f} pods, has {current:.0f}, and cannot create them"
            yield Fact("daemonset-zero-with-failedcreate", event.file, int(event.line), detail, also=(place,))
        elif updated is not None and updated < desired:
            detail = f"{updated:.0f} of {desired:.0f} pods of {row.daemonset} are updated"
            if by_hand := _updated_by_hand(tables):
                detail += ", and the others only when somebody deletes them"
                yield from each_place(Fact("update-stands-still", *place, detail, also=places(by_hand)))
            elif _stands_still(tables):
                yield Fact("update-stands-still", *place, f"{detail}, and for more than an hour none was")
            else:
                yield Fact("rolling-update-in-progress", *place, detail)
    if rows and all(number(row.desired) == 0 for row in rows) and tables.rows.nodes and not _agent_rows(tables):
        row = rows[0]
        yield Fact("daemonset-desires-none", row.file, int(row.line), f"{row.daemonset} wants no pod on any worker")


def _updated_by_hand(tables: Tables) -> list[Any]:
    """The rows that say that the daemonset's strategy is OnDelete."""
    lines = [row for row in tables.rows.log_lines if "update-on-delete" in row.message_ids]
    values = (row for row in tables.rows.settings if row.value == "OnDelete" and row.name in ("", *NODE_AGENTS))
    return [row for row in values if row.key.rpartition(".")[2] in ("type", "updateStrategy")] + lines


def _stands_still(tables: Tables) -> bool:
    """Whether no calico-node was made within the last hour, though all are ready: an update goes on within minutes."""
    agents = [pod for pod in Inventory(tables).pods.values() if pod.is_node_agent]
    ages = [pod.age_s for pod in agents if pod.age_s is not None]
    return len(ages) >= 2 and all(pod.healthy for pod in agents) and min(ages) > STILL_S


def coverage(tables: Tables) -> Iterator[Fact]:
    """calico-node-on-every-worker."""
    inventory = Inventory(tables)
    if inventory.workers and set(inventory.workers) <= set(inventory.agents):
        agent = next(iter(inventory.agents.values()))
        detail = f"calico-node is on {shown(inventory.workers)}"
        yield Fact("calico-node-on-every-worker", agent.file, agent.line, detail)


def unscheduled(tables: Tables) -> Iterator[Fact]:
    """calico-node-unscheduled, calico-pod-unschedulable."""
    for pod in Inventory(tables).pods.values():
        if pod.is_node_agent and pod.status == "Pending" and not pod.node:
            detail = f"{pod.name} is Pending and on no worker"
            yield Fact("calico-node-unscheduled", pod.file, pod.line, detail, pod=pod.name)
    for row in tables.rows.pod_conditions:
        if row.type == "PodScheduled" and row.status == "False" and of_calico(row.pod):
            yield Fact("calico-pod-unschedulable", row.file, int(row.line), f"{row.pod} is not scheduled", pod=row.pod)


def _long_over(tables: Tables, row: Any) -> bool:
    """Whether a container that is ready again was killed a day ago, or only once or twice and not lately."""
    # the age that "get pods" prints needs no estimate of when the bundle was made
    listed = [number(other.last_restart_age_s) for other in tables.rows.pods if other.pod == row.pod]
    ages = [seconds_before(tables.collected, row.last_finished), *listed]
    known = [age for age in ages if age is not None]
    lately = bool(known) and max(known) <= LATELY_OOM_S
    return (bool(known) and max(known) > OLD_OOM_S) or ((number(row.restarts) or 0) < FEW_OOM and not lately)


def oom(tables: Tables) -> Iterator[Fact]:
    """calico-node-oom-with-limit, -without-limit, -limit-unknown."""
    by_name: dict[str, list[Any]] = {}
    inventory = Inventory(tables)
    for row in tables.rows.containers:
        if of_calico(row.pod) and "OOMKilled" in (row.state_reason, row.last_reason):
            if truth(row.ready) and _long_over(tables, row):
                continue
            limit = row.limits.get("memory", "") if row.limits else ""
            described = bool(row.requests or row.limits or row.liveness or row.readiness)
            name = "with-limit" if limit else "without-limit" if described else "limit-unknown"
            by_name.setdefault(name, []).append(row)
    for name, rows in by_name.items():
        for row in rows[:8]:
            limit = (row.limits or {}).get("memory", "")
            words = f"against its limit of {limit}" if limit else "without a memory limit of its own"
            words = "; its limits are not shown" if name == "limit-unknown" else f" {words}"
            detail = f"{row.container} of {row.pod} was OOM-killed{words}, restarts: {text(row.restarts) or 'unknown'}"
            line = row.last_state_line if row.last_reason == "OOMKilled" else row.state_line
            node = text(row.node) or inventory.node_of(text(row.namespace), row.pod)
            place = int(number(line) or row.line)
            # "kubectl describe" has the reason in the line after the state
            also = ((row.file, place + 1),)
            fact = Fact(f"calico-node-oom-{name}", row.file, place, detail, node, row.pod, also)
            yield from each_place(fact)


CHECKS: tuple[Check, ...] = (absence, daemonset, coverage, unscheduled, oom)
