"""Cross-checks about how the calico-nodes do, compared with one another.

======================== ==============================================================================
fact                     what it means
======================== ==============================================================================
calico-node-bad          a calico-node is in trouble, and the bundle shows no other one to compare it with
calico-node-bad-on-few   one or a few calico-nodes are in trouble (at most a third), the others are fine
calico-node-bad-on-most  more than half of the calico-nodes, and at least two, are in trouble
crash-without-reason     a calico-node crashes, and neither its log nor its events name a reason
unready-without-reason   a calico-node is not ready, and neither its log nor its events name a reason
bad-agents-without-log   the bundle has no log of any calico-node in trouble, not even an error in its place
all-calico-healthy       every calico-node and at least one Typha of those shown are ready, no worker is NotReady
log-ends-healthy         the last health report in a calico-node's log is live and ready
======================== ==============================================================================

Each of the first five is given once a pod. Sources: runbook, sections "... One or a Few Customer Workers" and
"... Most or All Workers".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from analyzer.facts.fact import Check, Fact
from analyzer.facts.observed import each_place, of_node_agent
from analyzer.inventory import Inventory, PodState, number, text
from analyzer.tables import Tables
from parsers.rows import ContainerRow

FEW = 1 / 3
UNSTABLE_RESTARTS = 6
UNSTABLE_S = 600.0
LATELY_S = 6 * 3600.0
CURRENT_EVENT_S = 120.0
STARTING_S = 180.0
#: init containers that come before a crashing main container have done their work
INIT_CONTAINERS = ("install-cni", "calico-extension", "upgrade-ipam", "flexvol-driver", "mount-bpffs", "ebpf-bootstrap")
OTHER_CALICO = ("calico-typha-", "calico-kube-controllers-")
CRASHING = ("CrashLoopBackOff", "Error", "RunContainerError")
#: events that only repeat that a container stopped or was started
WORDLESS_EVENTS = ("BackOff", "Pulled", "Pulling", "Created", "Started", "Scheduled", "SandboxChanged", "Killing")
#: families of message ids that name or carry a reason even at a low log level
TELLING = (
    "startup-", "ip-", "tunnel-addr-", "typha-", "err-", "api-", "calico-api-", "rbac-", "x509-", "felix-config-",
    "bird-conf-", "bird-port-", "panic-", "fatal-", "host-io-", "etcd-", "master-proxy-",
)  # fmt: skip
#: ... and those among them that only accompany every start
ROUTINE = (
    "startup-early", "startup-nodename-env", "startup-nodename-file", "startup-determined", "startup-starting",
    "startup-check-datastore", "startup-datastore-verified", "startup-datastore-ready", "startup-started",
    "startup-using", "startup-as-number", "startup-terminating", "startup-missing-mounts", "startup-kubeadm-unauth",
    "startup-rancher-unauth", "startup-skip", "startup-mkdir-exists", "ip-autodetected", "ip-keep", "tunnel-addr-valid",
    "tunnel-addr-assigned", "typha-not-enabled", "typha-discovered", "typha-connected", "typha-felix-connect",
    "startup-nodename-hostname", "startup-backend", "bird-conf-missing",
)  # fmt: skip


def unstable(pod: PodState, within: float = UNSTABLE_S) -> bool:
    """Whether the pod was restarted often, the last time within ``within`` seconds, though it may be ready just now."""
    last = pod.last_restart_age_s
    return bool((pod.restarts or 0) >= UNSTABLE_RESTARTS and last is not None and last < within)


def _starting(pod: PodState) -> bool:
    """Whether the pod is so young that its init containers may still be at work."""
    return pod.age_s is not None and pod.age_s < STARTING_S and not pod.restarts and pod.status not in CRASHING


def agents(inventory: Inventory) -> tuple[list[PodState], list[PodState]]:
    """Give the (bad, good) calico-nodes; those of Unknown workers are left out, they are not to be judged."""
    bad: list[PodState] = []
    good: list[PodState] = []
    for pod in inventory.pods.values():
        worker = inventory.workers.get(pod.node)
        if not pod.is_node_agent or (worker and worker.ready == "Unknown") or _starting(pod):
            continue
        if pod.healthy is False or unstable(pod) or pod.status.startswith("Init:"):
            bad.append(pod)
        elif pod.healthy:
            good.append(pod)
    return bad, good


def shares(tables: Tables) -> Iterator[Fact]:
    """calico-node-bad, calico-node-bad-on-few, calico-node-bad-on-most."""
    bad, good = agents(Inventory(tables))
    known = len(bad) + len(good)
    if not bad:
        return
    if known == 1:
        name = "calico-node-bad"
    elif len(bad) <= max(1.0, known * FEW) and good:
        name = "calico-node-bad-on-few"
    elif len(bad) >= 2 and len(bad) > known / 2:
        name = "calico-node-bad-on-most"
    else:
        return
    for pod in bad[:12]:
        detail = f"{pod.name} is {_state(pod)}; {len(bad)} of {known} calico-nodes shown are in trouble"
        yield Fact(name, pod.file, pod.line, detail, pod.node, pod.name)


def _state(pod: PodState) -> str:
    words = pod.status or "not ready"
    if pod.ready is False and pod.status == "Running":
        words = "Running but not ready"
    return f"{words} with {pod.restarts} restarts" if pod.restarts else words


def without_reason(tables: Tables) -> Iterator[Fact]:
    """crash-without-reason, unready-without-reason."""
    bad, _ = agents(Inventory(tables))
    if not bad or len(bad) > 3:
        return
    for pod in bad:
        containers = [row for row in tables.rows.containers if row.pod == pod.name]
        if pod.status.startswith("Init:") or _reason_in_state(containers) or _reason_in_words(tables, pod):
            continue
        crashing = pod.status in CRASHING or unstable(pod)
        name = "crash-without-reason" if crashing else "unready-without-reason"
        file, line = _crash_place(containers, pod)
        detail = f"{pod.name} is {_state(pod)} and nothing in the bundle says why"
        # the reason stands in the line after the state
        also = ((file, line + 1), (pod.file, pod.line)) if containers else ()
        yield from each_place(Fact(name, file, line, detail, pod.node, pod.name, also=also))


def without_log(tables: Tables) -> Iterator[Fact]:
    """bad-agents-without-log: nobody has looked yet, so "no reason is named" says nothing."""
    bad, _ = agents(Inventory(tables))
    if not bad:
        return
    looked = {row.pod for row in tables.rows.files if row.kind in ("log", "kubectl-error") and row.pod}
    looked |= {row.pod for row in tables.rows.log_lines if row.pod}
    unplaced = any(row.kind == "log" and not row.pod for row in tables.rows.files)
    if not unplaced and not looked & {pod.name for pod in bad}:
        first, *others = bad
        also = tuple((pod.file, pod.line) for pod in others[:8])
        detail = f"the log of {first.name} is not in the bundle"
        yield Fact("bad-agents-without-log", first.file, first.line, detail, first.node, first.name, also)


def _crash_place(containers: list[ContainerRow], pod: PodState) -> tuple[str, int]:
    for row in containers:
        if row.state_reason in CRASHING or row.last_reason == "Error":
            line = number(row.state_line) or number(row.last_state_line) or row.line
            return row.file, int(line)
    return pod.file, pod.line


def _reason_in_state(containers: list[ContainerRow]) -> bool:
    """Whether a container's state says more than that it exited with an error."""
    for row in containers:
        reasons = {text(row.state_reason), text(row.last_reason)} - {"", "CrashLoopBackOff", "Error", "Completed"}
        waiting_init = row.init and row.state == "Waiting"
        words = (text(row.message) + text(row.last_message)).lower()
        says_more = bool(words) and "back-off" not in words
        if reasons - {"PodInitializing", "ContainerCreating"} or waiting_init or says_more:
            return True
    return False


def _reason_in_words(tables: Tables, pod: PodState) -> bool:
    """Whether a log line or an event of the pod names a reason."""
    events = (row for row in tables.rows.events if row.object == pod.name)
    if any(row.type == "Warning" and row.reason not in WORDLESS_EVENTS for row in events):
        return True
    logs = (row for row in tables.rows.log_lines if row.pod == pod.name)
    return any(_tells(row) for row in logs if row.container not in INIT_CONTAINERS)


def _tells(row: Any) -> bool:
    ids = [name for name in row.message_ids if not name.startswith(("kubectl-", *ROUTINE))]
    if row.level in ("FATAL", "PANIC", "ERROR"):
        return True
    return any(name.startswith(TELLING) for name in ids)


def healthy(tables: Tables) -> Iterator[Fact]:
    """all-calico-healthy."""
    inventory = Inventory(tables)
    if any(worker.ready in ("False", "Unknown") for worker in inventory.workers.values()):
        return
    bad, good = agents(inventory)
    others = [
        pod for pod in inventory.pods.values() if pod.name.startswith(("calico-typha-", "calico-kube-controllers-"))
    ]
    typhas = [pod.healthy for pod in others if "typha" in pod.name and pod.healthy is not None]
    if bad or not good or (typhas and not any(typhas)):
        return
    if any(pod.status in CRASHING for pod in others) or any(unstable(pod, LATELY_S) for pod in good):
        return
    if _still_unhealthy(tables, good):
        return
    names = {pod.name for pod in good}
    first = good[0]
    detail = f"all {len(names)} calico-nodes shown are ready"
    yield Fact("all-calico-healthy", first.file, first.line, detail, also=tuple((p.file, p.line) for p in good[1:8]))


def _still_unhealthy(tables: Tables, pods: list[PodState]) -> bool:
    """Whether a probe of one of the pods failed within the last two minutes."""
    names = {pod.name for pod in pods}
    for row in tables.rows.events:
        if row.reason != "Unhealthy":
            continue
        age = number(row.age_s)
        if row.object in names and age is not None and age < CURRENT_EVENT_S:
            return True
    return False


def log_end(tables: Tables) -> Iterator[Fact]:
    """log-ends-healthy."""
    last: dict[str, Any] = {}
    for row in tables.rows.log_lines:
        if row.previous or not of_node_agent(row.pod) or "Overall health status changed" not in row.message:
            continue
        known = last.get(row.pod)
        if known is None or _end_line(row) >= _end_line(known):
            last[row.pod] = row
    for pod, row in last.items():
        if "live=true ready=true" in row.message:
            line = _end_line(row)
            yield Fact("log-ends-healthy", row.file, line, f"felix of {pod} is live and ready", text(row.node), pod)


def _end_line(row: Any) -> int:
    return int(number(row.last_line) or row.line)


CHECKS: tuple[Check, ...] = (shares, without_reason, healthy, log_end, without_log)
