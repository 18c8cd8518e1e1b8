"""Short ways to tell an incident: a cluster of several workers, their calico pods, and lines as the components write them.

Built on ``sample_bundles/cluster.py``; every object is printed by a real kubectl when the incident is made.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cluster import Story, agent, container, event, join, pod, runbook_files, start_lines, worker


@dataclass
class Incident(Story):
    """A story with a cluster around it; ``platform``: classic, vpc, roks or other; ``calico`` is the version of the images."""

    platform: str = "vpc"
    calico: str = "v3.28.2"
    kubernetes: str = "v1.31.4+IKS"
    namespace: str = "calico-system"
    registry: str = "icr.io/ext/calico"
    pods: dict[str, str] = field(default_factory=dict)

    def workers(self, addresses: Iterable[str], **more: Any) -> list[str]:
        """Workers at these addresses; further arguments as of ``cluster.worker`` (``ready``, ``labels``, ``taints``, ``kernel`` ...)."""
        made = list(addresses)
        for address in made:
            worker(self, address, **{"platform": self.platform, "version": self.kubernetes, **more})
        return made

    def agents(self, addresses: Iterable[str], **more: Any) -> list[str]:
        """A calico-node pod on each address; arguments as of ``cluster.agent`` (``ready``, ``restarts``, ``waiting``, ``last`` ...)."""
        made = []
        for address in addresses:
            suffix = more.get("suffix") or _suffix(address)
            images = {"image": f"{self.registry}/node:{self.calico}", "cni_image": f"{self.registry}/cni:{self.calico}"}
            rest = {key: value for key, value in more.items() if key != "suffix"}
            self.pods[address] = agent(self, address, suffix, **{"namespace": self.namespace, **images, **rest})
            made.append(self.pods[address])
        return made

    def typha(self, address: str, suffix: str = "h2x7p", ready: bool = True, **more: Any) -> str:
        """A calico-typha pod (``address`` empty: Pending, not scheduled); gives its name."""
        name = f"calico-typha-5c9d8f7b6-{suffix}"
        status = [container(self, "calico-typha", f"{self.registry}/typha:{self.calico}", ready=ready, **more)]
        made = pod(self, name, address, status, namespace=self.namespace, owner="ReplicaSet/calico-typha-5c9d8f7b6",
                   app="calico-typha", phase="Running" if address else "Pending")  # fmt: skip
        if not address:
            made["status"] |= {"containerStatuses": [], "podIP": "", "podIPs": [], "hostIP": ""}
        return name

    def pod_event(
        self, name: str, reason: str, message: str, last: float, first: float | None = None, count: int = 1, **more: Any
    ) -> None:
        """An event about a pod of the calico namespace (``type_`` is Warning unless told), last seen ``last`` seconds ago."""
        event(self, "Pod", name, reason, message, last, first, count, **{"namespace": self.namespace, **more})

    def node_event(
        self, name: str, reason: str, message: str, last: float, first: float | None = None, count: int = 1, **more: Any
    ) -> None:
        """An event about a worker."""
        event(self, "Node", name, reason, message, last, first, count, **more)

    def line(self, ago: float, level: str, pid: int, place: str, message: str) -> str:
        """A line of a Calico component: ``2024-01-31 10:20:30.123 [LEVEL][pid] place message`` (place: ``felix/health.go 360:``)."""
        return f"{self.stamp(ago)} [{level}][{pid}] {place} {message}"

    def started(self, address: str, began: float, peers: Iterable[str] = ()) -> list[str]:
        """The log of a calico-node that starts well, ``began`` seconds ago; ``peers``: BGP sessions that come up."""
        return start_lines(self, address, began, self.calico, peers)

    def log(self, name: str, lines: Iterable[str], file: str = "") -> str:
        """A log file (``<pod>.log`` unless named); gives its name."""
        self.texts[file or f"{name}.log"] = join(lines)
        return file or f"{name}.log"

    def describe(self, address: str, name: str = "") -> None:
        """``describe pod`` and ``describe node`` of one worker and the lists, as the runbook asks for."""
        runbook_files(self, address, name or self.pods[address], self.namespace)


def _suffix(address: str) -> str:
    """Five letters for a pod's name, the same for the same address."""
    letters, number = "bcdfghjklmnpqrstvwxz2456789", sum((i + 7) * ord(c) ** 2 for i, c in enumerate(address)) + 27**5
    return "".join(letters[number // 27**power % 27] for power in range(5))


def not_ready(peers: Sequence[str], stamp: str, pid: int = 4211, established: int = 0) -> str:
    """The readiness probe's words when BIRD misses peers (one line on the count, one that says with whom)."""
    return (
        f"Readiness probe failed: {stamp} [INFO][{pid}] confd/health.go 180: Number of node(s) with BGP peering established = {established}\n"
        f"calico/node is not ready: BIRD is not ready: BGP not established with {','.join(peers)}\n"
    )


def incident(name: str, cause: str, why: str, source: str, now: datetime, **more: Any) -> Incident:
    """Begin an incident: ``why`` is the expert's sentence, ``source`` the public thread or the source file it is made after."""
    return Incident(
        name=name, title=why, about=why, cause=cause, now=now, source=source, **{"difficulty": "medium", **more}
    )
