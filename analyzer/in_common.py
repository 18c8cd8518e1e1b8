"""What do the affected workers have in common? (runbook, "Most or All Workers")

Enrichment of every label and fact among the affected against the unaffected workers by Fisher's
exact test, one-sided, corrected for the number of tests by Holm's method.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable

from msgspec import Struct

from analyzer.inventory import Attributes, Inventory

ATTRIBUTES = {
    "zone": "zone",
    "pool": "worker pool",
    "subnet": "subnet",
    "private_vlan": "private VLAN",
    "public_vlan": "public VLAN",
    "worker_version": "worker version",
    "kubelet_version": "kubelet version",
    "os_image": "OS image",
    "kernel": "kernel",
    "runtime": "container runtime",
    "roles": "roles",
}
YOUNG_S = 7 * 86400.0
EXACT_UP_TO = 500  # workers
MOST_PODS = 200


class Shared(Struct, frozen=True):
    """An attribute value that affected workers share and others lack; ``total`` = workers that have it."""

    attribute: str
    value: str
    affected: int
    total: int
    p_value: float


def fisher_greater(affected_with: int, affected: int, total_with: int, total: int) -> float:
    """One-sided Fisher exact p: at least ``affected_with`` of ``affected`` have what ``total_with`` of ``total`` have.

    Written out with binomials: importing scipy for this one sum would take longer than a whole analysis. Of large
    clusters, whose binomials have thousands of digits, with their logarithms.
    """
    most = min(affected, total_with)
    if total > EXACT_UP_TO:
        logs = [
            _log_comb(total_with, k) + _log_comb(total - total_with, affected - k)
            for k in range(max(affected_with, affected - (total - total_with)), most + 1)
        ]
        return min(1.0, math.fsum(math.exp(log - _log_comb(total, affected)) for log in logs))
    ways = sum(
        math.comb(total_with, k) * math.comb(total - total_with, affected - k) for k in range(affected_with, most + 1)
    )
    return ways / math.comb(total, affected)


def _log_comb(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def in_common(inventory: Inventory, affected: Iterable[str], alpha: float = 0.05) -> list[Shared]:
    """Give the significant shared attributes of ``affected`` workers, the most significant first."""
    bad = {name for name in affected if name in inventory.workers}
    if not bad or len(bad) == len(inventory.workers):
        return []
    tests: list[Shared] = []
    for attribute, values in _attributes(inventory).items():
        if sum(map(len, values.values())) < len(inventory.workers):
            continue
        for value, having in sorted(values.items()):
            hit = len(bad & having)
            if not hit or (hit < 2 and len(bad) > 1):
                continue
            p_value = fisher_greater(hit, len(bad), len(having), len(inventory.workers))
            tests.append(Shared(attribute, value, hit, len(having), p_value))
    tests.sort(key=lambda item: (item.p_value, item.attribute))
    kept: list[Shared] = []
    for position, item in enumerate(tests):
        corrected = min(1.0, item.p_value * (len(tests) - position))
        if corrected > alpha:
            break
        kept.append(Shared(item.attribute, item.value, item.affected, item.total, corrected))
    return kept


def _attributes(inventory: Inventory) -> Attributes:
    """What tells the workers apart: attributes with one value for all are left out."""
    if inventory.attributes is None:  # asked for by a cross-check and by every cause
        inventory.attributes = _find_attributes(inventory)
    return inventory.attributes


def _find_attributes(inventory: Inventory) -> Attributes:
    found: dict[str, dict[str, set[str]]] = {}
    for name, worker in inventory.workers.items():
        for key, title in ATTRIBUTES.items():
            if value := worker.facts.get(key):
                found.setdefault(title, {}).setdefault(value, set()).add(name)
        if worker.age_s is not None:
            age = "created in the last 7 days" if worker.age_s < YOUNG_S else "older"
            found.setdefault("age", {}).setdefault(age, set()).add(name)
    runs = {
        name: {pod.rpartition("/")[2].rsplit("-", 1)[0] for pod in worker.pods}
        for name, worker in inventory.workers.items()
        if worker.pods
    }
    for pod in heapq.nsmallest(MOST_PODS, set().union(*runs.values())):
        running = {name for name, pods in runs.items() if pod in pods}
        found[f"runs {pod}"] = {"yes": running, "no": runs.keys() - running}
    values = {
        title: {value: frozenset(names) for value, names in of_value.items() if names}
        for title, of_value in found.items()
    }
    return _without_twins({title: of_value for title, of_value in values.items() if len(of_value) > 1})


def _without_twins(found: Attributes) -> Attributes:
    """Attributes that split the workers alike are one test, not several: the first one stands for all."""
    kept: dict[frozenset[frozenset[str]], str] = {}
    for title, of_value in found.items():
        kept.setdefault(frozenset(of_value.values()), title)
    return {title: found[title] for title in kept.values()}
