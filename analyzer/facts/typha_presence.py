"""Cross-checks about Typha pods that wait for a place.

===================== ==============================================================================
fact                  what it means
===================== ==============================================================================
typha-spare-pending   some Typhas wait to be scheduled, at least one runs: normal on small clusters
typha-on-every-worker the same, and a ready one runs on every worker: each takes only one for its port
typha-all-pending     Typhas are shown and all of them wait to be scheduled
===================== ==============================================================================

Source: IBM docs on Typha replicas (spares stay Pending with fewer than three untainted workers).
"""

from __future__ import annotations

from collections.abc import Iterator

from analyzer.facts.fact import Check, Fact
from analyzer.facts.observed import shown
from analyzer.inventory import Inventory
from analyzer.tables import Tables


def pending(tables: Tables) -> Iterator[Fact]:
    """typha-spare-pending, typha-on-every-worker, typha-all-pending.

    Where only the one that waits is described, those that a worker lists, or calico-nodes that are all ready, tell
    that others run.
    """
    inventory = Inventory(tables)
    typhas = [pod for pod in inventory.pods.values() if pod.name.startswith("calico-typha-")]
    waiting = [pod for pod in typhas if pod.status == "Pending" and not pod.node]
    if not waiting:
        return
    first = waiting[0]
    running = [pod for pod in typhas if pod.healthy]
    names = shown(pod.name for pod in waiting)
    if running:
        detail = f"{names} waits for a place while {shown(pod.name for pod in running)} runs"
        yield Fact("typha-spare-pending", first.file, first.line, detail, pod=first.name)
        if len(inventory.workers) >= 2 and set(inventory.workers) <= {pod.node for pod in running}:
            yield Fact("typha-on-every-worker", first.file, first.line, detail, pod=first.name)
    elif seen := others_run(tables, inventory, {pod.name for pod in waiting}):
        yield Fact("typha-spare-pending", first.file, first.line, f"{names} waits for a place; {seen}", pod=first.name)
    elif len(waiting) == len(typhas):
        yield Fact("typha-all-pending", first.file, first.line, f"no Typha runs: {names} wait for a place")


def others_run(tables: Tables, inventory: Inventory, waiting: set[str]) -> str:
    """What tells that a Typha runs though none is described, "" if nothing does."""
    placed = {name.partition("/")[2] for row in tables.rows.nodes for name in row.pods_on_node}
    placed = {name for name in placed if name.startswith("calico-typha-")} - waiting
    if placed:
        return f"{shown(placed)} has one"
    agents = [pod.healthy for pod in inventory.agents.values() if pod.healthy is not None]
    listed = any(row.kind == "Pod" for row in tables.rows.listings)
    return "calico-node is ready" if agents and all(agents) and not listed else ""


CHECKS: tuple[Check, ...] = (pending,)
