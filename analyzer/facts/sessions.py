"""Who has a BGP session with whom, as probes, BIRD's lines, birdcl and calicoctl tell it; no checks of its own.

How calico-node's readiness check counts (node/pkg/health/health.go): until 30 s after the container's start every peer
must be established; later one is enough. A lasting "BGP not established" without an established peer therefore
means that the worker which complains has no session at all.
"""

from __future__ import annotations

import ipaddress
from datetime import datetime
from functools import cached_property
from typing import Any

from msgspec import Struct, field

from analyzer.inventory import Inventory, PodState, Worker, number, text
from analyzer.tables import Tables
from parsers.lazy_pattern import lazy_pattern
from parsers.rows import BgpRow

LASTING_S = 60.0  # twice the window in which the check wants every peer
OVER_S = 120.0  # probe events of a pod that is ready now and silent for this long are history
STAYS_S = 150.0  # BIRD tries again every few seconds, and a graceful restart waits two minutes
CRASHED = (
    "CrashLoopBackOff", "Error", "Evicted", "Failed", "Unknown", "ImagePullBackOff", "ErrImagePull", "Pending",
    "RunContainerError", "CreateContainerError", "CreateContainerConfigError", "ContainerCreating", "OOMKilled",
    "Completed", "Succeeded", "StartError", "ContainerCannotRun", "ContainerStatusUnknown", "InvalidImageName",
    "NodeLost", "Terminating",
)  # fmt: skip
#: sessions that come from a BGPPeer, as BIRD's configuration and calicoctl name them
OF_BGPPEER = ("Node_", "Global_", "node specific", "global")
UP = {"up", "Established", "established"}


_WHY = lazy_pattern(r"(\S{1,80}): (?:Error: |Received: |Socket error: )")


class Claim(Struct, frozen=True):
    """What one place says of the session of a worker with a peer."""

    up: bool
    file: str
    line: int
    lasting: bool = False
    info: str = ""  # birdcl's or calicoctl's reason
    pod: str = ""


class Complaint(Struct):
    """A lasting "BGP not established" of one worker."""

    node: str
    pod: str
    namespace: str
    file: str
    line: int
    peers: set[str] = field(default_factory=set)  # addresses
    established: int | None = None
    began_s: float | None = None

    @property
    def no_session(self) -> bool:
        """Whether the worker has no session at all."""
        return not self.established


class Sessions:
    """BGP sessions of the bundle, by worker and peer address."""

    def __new__(cls, tables: Tables) -> Sessions:
        """Give the sessions of these tables: many cross-checks ask for them, they are worked out once."""
        known: Sessions | None = tables.memo.get("sessions")
        return super().__new__(cls) if known is None else known

    def __init__(self, tables: Tables) -> None:
        if tables.memo.setdefault("sessions", self) is self and "inventory" in self.__dict__:
            return
        self.tables = tables
        self.inventory = Inventory(tables)
        self._lost: dict[str, bool] = {}
        self._stopped: dict[str, bool | None] = {}

    @cached_property
    def by_address(self) -> dict[str, str]:
        """Address -> worker, also by the addresses of calico-node's pods: they are in the host's network."""
        found = dict(self.inventory.by_address)
        for row in self.tables.rows.pods:
            if row.ip and row.node and row.pod.startswith(("calico-node-", "canal-", "rke2-canal-")):
                found.setdefault(row.ip, row.node)
        return found

    @cached_property
    def configured(self) -> set[str]:
        """Addresses of peers that a BGPPeer names: routers, which no list of workers has."""
        rows = [row for row in self.tables.rows.settings if row.kind == "BGPPeer" and row.key == "spec.peerIP"]
        found = {text(row.value).partition("/")[0] for row in rows}
        return found | {row.peer for row in self.tables.rows.bgp if row.peer and row.protocol.startswith(OF_BGPPEER)}

    @cached_property
    def address_of(self) -> dict[str, str]:
        """Worker -> one of its addresses."""
        return {worker: address for address, worker in reversed(self.by_address.items())}

    @cached_property
    def complaints(self) -> dict[str, Complaint]:
        """Worker -> its lasting complaint of missing peers."""
        found: dict[str, Complaint] = {}
        for row in self.tables.rows.readiness:
            node = self.node_of(row)
            if row.state != "not-established" or not node or not self._lasts(row):
                continue
            item = found.setdefault(node, Complaint(node, row.pod, text(row.namespace), row.file, int(row.line)))
            if row.peer:
                item.peers.add(row.peer)
            established = number(row.established_peers)
            if established is not None:
                item.established = int(established)
            item.began_s = number(row.first_age_s) or item.began_s
        return found

    def node_of(self, row: Any) -> str:
        """Worker of a row that names a pod."""
        namespace = text(getattr(row, "namespace", ""))  # rows of the bgp table have none
        return text(row.node) or self.inventory.node_of(namespace, text(row.pod))

    def _lasts(self, row: Any) -> bool:
        age, first = number(row.age_s), number(row.first_age_s)
        pod = self.inventory.pods_by_name.get(text(row.pod))
        if pod is not None and pod.healthy and age is not None and age >= OVER_S:
            return False
        if first is not None and age is not None and first - age >= LASTING_S:
            return True
        if pod is not None and pod.healthy is False and age is not None and _long_started(pod, age):
            return True
        return int(number(row.count) or 1) >= 4

    @cached_property
    def claims(self) -> dict[tuple[str, str], Claim]:
        """(worker, peer address) -> the latest word: birdcl and calicoctl over probes over BIRD's log lines."""
        found: dict[tuple[str, str], Claim] = {}
        self._from_bgp(found, ("log",))
        for row in self.tables.rows.readiness:
            node = self.node_of(row)
            if node and row.peer and row.state == "not-established" and self._lasts(row):
                found[(node, row.peer)] = Claim(False, row.file, int(row.line), True, pod=row.pod)
        self._from_bgp(found, ("birdcl", "node-status"))
        return found

    def _from_bgp(self, found: dict[tuple[str, str], Claim], origins: tuple[str, ...]) -> None:
        for row in self.tables.rows.bgp:
            node = self.node_of(row)
            if row.origin not in origins or not node or not row.peer or row.protocol in ("", "BGP") or not row.state:
                continue
            info = "" if row.origin == "log" else _info(row.state, row.message)
            lasting = row.origin != "log" or self._stays(row)
            up = row.state in UP or "Established" in info
            line = int(row.line)
            if row.origin == "log" and not up:
                line = self._said_why.get((row.file, row.protocol), line)
            found[(node, row.peer)] = Claim(up, row.file, line, lasting, info, row.pod)

    @cached_property
    def _said_why(self) -> dict[tuple[str, str], int]:
        """(file, protocol) -> line on which BIRD says why it lost or refused a session."""
        found: dict[tuple[str, str], int] = {}
        for row in self.tables.rows.log_lines:
            if row.component == "bird" and (match := _WHY.match(row.message)):
                found[row.file, match[1]] = int(row.last_line or row.line)
        return found

    def _stays(self, row: BgpRow) -> bool:
        """Whether the log goes on for a while after a session began to be tried, so that it did not come up."""
        end = self.tables.facts_of_files.get(row.file, {}).get("last_time")
        since = row.not_after if row.not_after is not None else row.time
        if row.state != "start" or not end or since is None:
            return False
        return (datetime.fromisoformat(end) - since).total_seconds() >= STAYS_S

    def missing_of(self, node: str) -> set[str]:
        """Addresses of the peers that the worker lastingly misses."""
        return {peer for peer, claim in self._by_node.get(node, {}).items() if not claim.up and claim.lasting}

    def up_of(self, node: str) -> set[str]:
        """Addresses of the peers that the worker has a session with."""
        return {peer for peer, claim in self._by_node.get(node, {}).items() if claim.up}

    @cached_property
    def _by_node(self) -> dict[str, dict[str, Claim]]:
        found: dict[str, dict[str, Claim]] = {}
        for (node, peer), claim in self.claims.items():
            found.setdefault(node, {})[peer] = claim
        return found

    @cached_property
    def observers(self) -> list[str]:
        """Workers that lastingly miss somebody, sorted."""
        return sorted({who for (who, _), claim in self.claims.items() if not claim.up and claim.lasting})

    @cached_property
    def missed_by(self) -> dict[str, list[str]]:
        """Peer address -> workers that lastingly miss it."""
        found: dict[str, list[str]] = {}
        for node in self.observers:
            for peer in sorted(self.missing_of(node)):
                found.setdefault(peer, []).append(node)
        return found

    def claim(self, node: str, peer: str) -> Claim:
        """The word on a session; it must exist."""
        return self.claims[(node, peer)]

    def worker(self, peer: str) -> Worker | None:
        """The worker that has the address."""
        return self.inventory.workers.get(self.by_address.get(peer, ""))

    def lost(self, peer: str) -> bool:
        """Whether the peer's worker is NotReady or Unknown."""
        if peer not in self._lost:
            worker = self.worker(peer)
            away = worker is not None and worker.ready in ("False", "Unknown")
            self._lost[peer] = away and worker is not None and not self._only_network(worker.name)
        return self._lost[peer]

    def _only_network(self, node: str) -> bool:
        """NotReady only because its network plugin is not up: the kubelet lives, calico is what fails."""
        return any(
            row.node == node and row.type == "Ready" and row.status == "False" and "network" in row.message.lower()
            for row in self.tables.rows.node_conditions
        )

    def agent(self, peer: str) -> PodState | None:
        """The calico-node pod on the peer's worker."""
        return self.inventory.agents.get(self.by_address.get(peer, ""))

    def not_running(self, peer: str) -> bool | None:
        """Whether the calico-node of the peer's (live) worker does not run; None where the bundle does not say.

        A pod that is unready only because it misses peers itself runs.
        """
        if peer not in self._stopped:
            self._stopped[peer] = self._agent_stopped(peer)
        return self._stopped[peer]

    def _agent_stopped(self, peer: str) -> bool | None:
        node = self.by_address.get(peer, "")
        agent = self.agent(peer)
        if agent is None:
            listed = bool(self.inventory.agents) and (self.listed("Pod") or self._all_others_listed(node))
            return True if node and listed else None
        if agent.status in CRASHED or agent.status.startswith("Init:"):
            return True
        if agent.healthy:
            return False
        if agent.ready is None:
            return None
        told = [row.state for row in self.tables.rows.readiness if row.pod == agent.name]
        if told:
            return "not-established" not in told
        others = [pod for name, pod in self.inventory.agents.items() if name != node]
        return bool(others) and all(pod.healthy for pod in others)

    def _all_others_listed(self, node: str) -> bool:
        """Whether a list of pods, perhaps of Calico's only, shows the calico-node of every other worker."""
        others = set(self.inventory.workers) - {node}
        shown = {row.node for row in self.tables.rows.pods if row.node in others and row.pod.startswith("calico-node-")}
        lists = any(row.kind == "Pod" for row in self.tables.rows.listings)
        return lists and self.listed("Node") and len(others) >= 2 and shown == others

    def listed(self, kind: str) -> bool:
        """Whether the bundle holds a complete list of a kind."""
        return any(row.kind == kind and row.complete for row in self.tables.rows.listings)


def _long_started(pod: PodState, age: float) -> bool:
    """Whether a pod that was never restarted had long started when it complained: lists of events may lack counts."""
    return pod.age_s is not None and pod.restarts == 0 and pod.age_s - age >= 2 * LASTING_S


def _info(state: str, reason: str) -> str:
    """BGP state and reason as birdcl prints them; calicoctl's reason begins with the state already."""
    return reason if reason.startswith(state) else f"{state} {reason}".strip()


def is_local_address(address: str) -> bool:
    """Whether an address is one that bridges and local interfaces have by default, the same on many hosts.

    Docker uses 172.17.0.1 and further networks up to 172.31 (default address pools), libvirt 192.168.122.1, LXC
    10.0.3.1, Podman 10.88.0.1, VirtualBox gives every guest 10.0.2.15 on its NAT card; 169.254/16 is link-local.
    """
    try:
        item = ipaddress.ip_address(address.partition("/")[0])
    except ValueError:
        return False
    if item.is_link_local or item.is_loopback:
        return True
    if str(item) in ("192.168.122.1", "10.0.3.1", "10.88.0.1", "10.0.2.15"):
        return True
    return any(str(item) == f"172.{second}.0.1" for second in range(17, 32))
