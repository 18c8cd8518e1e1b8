"""What do the affected workers have in common? (runbook, "Most or All Workers")

Enrichment of every label and fact among the affected against the unaffected workers by Fisher's
exact test, one-sided, corrected for the number of tests by Holm's method.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping

from msgspec import Struct

from analyzer.inventory import Inventory

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
        if len(values) < len(inventory.workers):
            continue
        having = Counter(values.values())
        hits = Counter(values[name] for name in bad)
        for value, hit in sorted(hits.items()):
            if hit < 2 and len(bad) > 1:
                continue
            p_value = fisher_greater(hit, len(bad), having[value], len(inventory.workers))
            tests.append(Shared(attribute, value, hit, having[value], p_value))
    tests.sort(key=lambda item: (item.p_value, item.attribute))
    kept: list[Shared] = []
    for position, item in enumerate(tests):
        corrected = min(1.0, item.p_value * (len(tests) - position))
        if corrected > alpha:
            break
        kept.append(Shared(item.attribute, item.value, item.affected, item.total, corrected))
    return kept


def _attributes(inventory: Inventory) -> Mapping[str, dict[str, str]]:
    """attribute -> worker -> value; attributes with one value for all are left out: they tell nothing."""
    if inventory.attributes is None:  # asked for by a cross-check and by every cause
        inventory.attributes = _find_attributes(inventory)
    return inventory.attributes


def _find_attributes(inventory: Inventory) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for name, worker in inventory.workers.items():
        for key, title in ATTRIBUTES.items():
            if worker.facts.get(key):
                found.setdefault(title, {})[name] = worker.facts[key]
        if worker.age_s is not None:
            found.setdefault("age", {})[name] = "created in the last 7 days" if worker.age_s < YOUNG_S else "older"
    runs = {
        name: {pod.rpartition("/")[2].rsplit("-", 1)[0] for pod in worker.pods}
        for name, worker in inventory.workers.items()
        if worker.pods
    }
    for pod in sorted(set().union(*runs.values()))[:MOST_PODS]:
        found[f"runs {pod}"] = {name: "yes" if pod in pods else "no" for name, pods in runs.items()}
    found = {key: values for key, values in found.items() if len(set(values.values())) > 1}
    return _without_twins(found)


def _without_twins(found: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
    """Attributes that split the workers alike are one test, not several: the first one stands for all."""
    seen: set[tuple[tuple[str, ...], tuple[int, ...]]] = set()
    kept: dict[str, dict[str, str]] = {}
    for key, values in found.items():  # of all, the workers come in one order
        numbers: dict[str, int] = {}
        split = tuple(values), tuple(numbers.setdefault(value, len(numbers)) for value in values.values())
        if split not in seen:
            seen.add(split)
            kept[key] = values
    return kept
