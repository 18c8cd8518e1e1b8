"""Cross-checks about routes and services that another network plugin has left on a worker, or still keeps there.

======================= =========================================================================================
fact                    what it means
======================= =========================================================================================
routes-of-other-network routes to other workers' pods lead over a device of another network plugin, beside Calico
service-of-other-network a daemon of another network plugin runs as a service of the host, beside Calico
======================= =========================================================================================

Canal is Calico's policies over flannel's routes: there they are right.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from analyzer.facts.fact import Check, Fact
from analyzer.facts.observed import places
from analyzer.inventory import Inventory
from analyzer.tables import Tables
from parsers.lazy_pattern import lazy_pattern

_DEVICE = lazy_pattern(r"flannel[\w.-]{0,12}|cilium_\w{1,12}|weave|kube-bridge|antrea-gw\d|ovn-k8s-\w{1,8}|cbr0")
_UNIT = lazy_pattern(r"(?:flanneld?|weave(?:net)?|cilium(?:-agent)?|kube-router|antrea-agent)(?:\.service)?")


def _calico_alone(tables: Tables) -> bool:
    agents = Inventory(tables).agents.values()
    return bool(agents) and not any(pod.name.startswith(("canal", "rke2-canal")) for pod in agents)


def routes(tables: Tables) -> Iterator[Fact]:
    """routes-of-other-network: a route to the worker's own addresses is none to others."""
    if not _calico_alone(tables):
        return
    by_file: dict[str, list[Any]] = {}
    for row in tables.rows.routes:
        if row.via and _DEVICE.fullmatch(row.device) and row.destination != "default":
            by_file.setdefault(row.file, []).append(row)
    for file, rows in by_file.items():
        first = rows[0]
        detail = f"{len(rows)} routes to pods lead over {first.device}, as {first.destination} does"
        yield Fact("routes-of-other-network", file, int(first.line), detail, first.node, also=places(rows[1:4]))


def services(tables: Tables) -> Iterator[Fact]:
    """service-of-other-network."""
    if not _calico_alone(tables):
        return
    for row in tables.rows.settings:
        if row.kind == "Unit" and row.key == "active" and _UNIT.fullmatch(row.name) and row.value.startswith("active"):
            yield Fact("service-of-other-network", row.file, int(row.line), f"{row.name} is {row.value}")


CHECKS: tuple[Check, ...] = (routes, services)
