"""Who is there and how it does: workers and pods, merged over all files that show them."""

from __future__ import annotations

import ipaddress
from functools import cached_property
from typing import Any

from msgspec import Struct, field

from analyzer.tables import Tables
from parsers.rows import ContainerRow

CALICO_APPS = ("calico-node", "canal", "rke2-canal", "calico-typha", "calico-kube-controllers", "tigera-operator")
#: apps whose pod is the per-worker calico agent ("canal" runs calico-node beside flannel)
NODE_AGENTS = ("calico-node", "canal", "rke2-canal", "calico-node-windows")
#: reasons of a container's state that make its pod one in trouble
WAITING = ("CrashLoopBackOff", "ImagePullBackOff", "ErrImagePull", "Error")

#: what tells workers apart -> its value -> the workers that have it
Attributes = dict[str, dict[str, frozenset[str]]]


class Worker(Struct):
    """One worker as all files together show it; "" or None where none of them says."""

    name: str
    ready: str = ""
    facts: dict[str, str] = field(default_factory=dict)  # zone, pool, subnet, kernel, ...
    addresses: tuple[str, ...] = ()
    calico_ip: str = ""
    cordoned: bool | None = None
    age_s: float | None = None
    pods: tuple[str, ...] = ()
    file: str = ""
    line: int = 0

    @property
    def subnet_key(self) -> str:
        """What tells subnets apart: subnet id, else private VLAN and network, else the network of the address.

        A private VLAN of a classic cluster may carry several subnets, between which nothing passes without VRF or
        VLAN spanning. A network is the /24, or a larger one that Calico's annotation tells.
        """
        if self.facts.get("subnet"):
            return f"subnet {self.facts['subnet']}"
        vlan = self.facts.get("private_vlan", "")
        for address in self.addresses:
            try:
                network = ipaddress.ip_network(f"{address}/{24 if vlan else self._prefix}", strict=False)
            except ValueError:
                continue
            return f"private_vlan {vlan}, {network}" if vlan else f"network {network}"
        return f"private_vlan {vlan}" if vlan else ""

    @property
    def _prefix(self) -> int:
        length = self.calico_ip.partition("/")[2] or self.facts.get("prefix", "")
        return int(length) if length.isdigit() and 8 <= int(length) < 24 else 24


class PodState(Struct):
    """One pod as all files together show it."""

    namespace: str
    name: str
    app: str = ""
    node: str = ""
    status: str = ""
    ready: bool | None = None
    restarts: int | None = None
    age_s: float | None = None
    running_s: float | None = None  # since the main container's present start
    last_restart_age_s: float | None = None
    file: str = ""
    line: int = 0

    @property
    def is_node_agent(self) -> bool:
        """Whether this is the calico-node pod of a worker."""
        return self.app in NODE_AGENTS or self.name.startswith(("calico-node-", "canal-", "rke2-canal-"))

    @property
    def healthy(self) -> bool | None:
        """Ready and running; None where the bundle does not say."""
        if self.status in ("CrashLoopBackOff", "Error", "Pending", "Unknown", "Evicted", "Failed"):
            return False
        return self.ready


FACT_COLUMNS = (
    "zone", "region", "pool", "subnet", "private_vlan", "public_vlan", "worker_version", "kubelet_version",
    "os_image", "kernel", "runtime", "roles",
)  # fmt: skip


class Inventory:
    """Workers and pods of the bundle, looked up by name or address."""

    def __new__(cls, tables: Tables) -> Inventory:
        """Give the inventory of these tables: cross-checks ask for it one after another, it is worked out once."""
        known: Inventory | None = tables.memo.get("inventory")
        return super().__new__(cls) if known is None else known

    def __init__(self, tables: Tables) -> None:
        if tables.memo.setdefault("inventory", self) is self and "workers" in self.__dict__:
            return
        self.collected = tables.collected
        #: what the workers may have in common (``analyzer.in_common``), once somebody asked
        self.attributes: Attributes | None = None
        self.workers = _workers(tables)
        self.pods = _pods(tables)

    @cached_property
    def by_address(self) -> dict[str, str]:
        """Address -> worker name, over internal addresses, calico addresses and names that are addresses."""
        found: dict[str, str] = {}
        for worker in self.workers.values():
            for address in (*worker.addresses, worker.calico_ip.partition("/")[0], worker.name):
                if address:
                    found.setdefault(address, worker.name)
        return found

    @cached_property
    def agents(self) -> dict[str, PodState]:
        """Worker name -> its calico-node pod (the worst one where a migration shows two)."""
        found: dict[str, PodState] = {}
        for pod in self.pods.values():
            if pod.is_node_agent and pod.node:
                known = found.get(pod.node)
                if known is None or (known.healthy and pod.healthy is False):
                    found[pod.node] = pod
        return found

    def node_of(self, namespace: str, pod: str) -> str:
        """Worker of a pod, "" where unknown."""
        state = self.pods.get((namespace, pod)) or self.pods_by_name.get(pod)
        return state.node if state else ""

    @cached_property
    def pods_by_name(self) -> dict[str, PodState]:
        """Pod name -> its state, whatever the namespace."""
        return {pod.name: pod for pod in self.pods.values()}

    def is_bad(self, worker: str) -> bool | None:
        """Whether the worker or its calico-node is in trouble; None where the bundle does not say."""
        known = self.workers.get(worker)
        agent = self.agents.get(worker)
        if (known and known.ready in ("False", "Unknown")) or (agent and agent.healthy is False):
            return True
        if (agent and agent.healthy) or (agent is None and known and known.ready == "True"):
            return False
        return None


def text(value: Any) -> str:
    """The cell as text, "" for a missing one."""
    return value if type(value) is str else "" if value is None or value != value else str(value)


def number(value: Any) -> float | None:
    """The cell as a float, None for a missing one."""
    return None if value is None or value != value else float(value)


def _workers(tables: Tables) -> dict[str, Worker]:
    found: dict[str, Worker] = {}
    for row in tables.rows.nodes:
        worker = found.get(row.node) or found.setdefault(row.node, Worker(row.node, file=row.file, line=row.line))
        richer = bool(row.labels) or row.created is not None
        worker.ready = text(row.ready) or worker.ready
        if row.cordoned is not None:
            worker.cordoned = bool(row.cordoned)
        for column in FACT_COLUMNS:
            value = text(getattr(row, column))
            if value and value != "<none>":
                worker.facts[column] = value
        worker_id = (row.labels or {}).get("ibm-cloud.kubernetes.io/worker-id", "")
        if worker_id:
            worker.facts["worker_id"] = worker_id
        if text(row.internal_ip) and row.internal_ip not in worker.addresses:
            worker.addresses = (*worker.addresses, row.internal_ip)
        worker.calico_ip = text(row.calico_ip) or worker.calico_ip
        worker.pods = row.pods_on_node or worker.pods
        age = number(row.age_s)
        if age is None and tables.collected is not None and row.created is not None:
            age = (tables.collected - row.created).total_seconds()
        if age is not None and (worker.age_s is None or richer):
            worker.age_s = age
    lengths = {worker.calico_ip.partition("/")[2] for worker in found.values() if "." in worker.calico_ip}
    if len(lengths) == 1 and (length := lengths.pop()):  # that of the workers which are not described
        for worker in found.values():
            worker.facts["prefix"] = length
    for condition in tables.rows.node_conditions:
        if condition.type != "Ready":
            continue
        name = condition.node
        worker = found.get(name) or found.setdefault(name, Worker(name, file=condition.file, line=condition.line))
        if condition.status in ("False", "Unknown") or not worker.ready:
            worker.ready = condition.status
    return found


def _pods(tables: Tables) -> dict[tuple[str, str], PodState]:
    found: dict[tuple[str, str], PodState] = {}
    unplaced: dict[str, str] = {}
    for row in sorted(tables.rows.pods, key=lambda row: row.namespace):
        if row.namespace:
            unplaced.setdefault(row.pod, row.namespace)
    for row in tables.rows.pods:
        key = (text(row.namespace) or unplaced.get(row.pod, ""), row.pod)
        pod = found.get(key) or found.setdefault(key, PodState(*key, file=row.file, line=row.line))
        pod.app = pod.app or text(row.app)
        pod.node = pod.node or text(row.node)
        status = text(row.phase)
        if status and (not pod.status or pod.status in ("Running", "Pending")):
            pod.status = status
        if row.ready and "/" in row.ready:
            have, _, want = row.ready.partition("/")
            pod.ready = have == want and have != "0"
        restarts = number(row.restarts)
        if restarts is not None:
            pod.restarts = max(int(restarts), pod.restarts or 0)
        age = number(row.age_s)
        if age is None and tables.collected is not None and row.start_time is not None:
            age = (tables.collected - row.start_time).total_seconds()
        pod.age_s = pod.age_s if age is None else age
        last = number(row.last_restart_age_s)
        pod.last_restart_age_s = pod.last_restart_age_s if last is None else last
    _add_containers(tables, found, unplaced)
    return found


def _add_containers(tables: Tables, found: dict[tuple[str, str], PodState], namespaces: dict[str, str]) -> None:
    groups: dict[tuple[str, str], list[ContainerRow]] = {}
    for row in tables.rows.containers:
        groups.setdefault((row.namespace, row.pod), []).append(row)
    for (namespace, name), group in groups.items():
        key = (namespace or namespaces.get(name, ""), name)
        first = group[0]
        pod = found.setdefault(key, PodState(*key, node=first.node, file=first.file, line=first.line))
        main = [row for row in group if not row.init]
        known = [row.ready for row in main if row.ready is not None]
        if known and len(known) == len(main):
            pod.ready = all(known)
        waiting = [row for row in group if row.state_reason in WAITING]
        if waiting and pod.status in ("", "Running", "Pending"):
            pod.status = waiting[0].state_reason
            pod.ready = False
        bad = [row for row in main if row.ready is False] or waiting
        if bad and pod.healthy is False:
            first = bad[0]  # its state says more than its name does
            line = first.state_line if first.state in ("Waiting", "Terminated") else None
            pod.file, pod.line = first.file, int(line or first.line)
        restarts = [row.restarts for row in main if row.restarts is not None]
        if restarts:
            pod.restarts = max(*restarts, pod.restarts or 0)
        if tables.collected is not None:
            started = [row.started for row in main if row.started is not None]
            if started:
                pod.running_s = max(0.0, (tables.collected - max(started)).total_seconds())
            finished = [row.last_finished for row in main if row.last_finished is not None]
            if finished:
                pod.last_restart_age_s = max(0.0, (tables.collected - max(finished)).total_seconds())
