"""Cross-check: what the workers in trouble have in common and the others lack (runbook, "Most or All Workers").

========================== =========================================================================
fact                       what it means
========================== =========================================================================
bad-workers-share-place    zone, subnet, VLAN or pool
bad-workers-share-system   kernel, operating system or container runtime
bad-workers-share-version  worker or kubelet version
bad-workers-share-age      they are the recently created ones
bad-workers-share-pod      a pod that runs only there
========================== =========================================================================

Each needs Fisher's exact test to be significant after correction for the number of attributes that were tried.
"""

from __future__ import annotations

from collections.abc import Iterator

from analyzer.facts.fact import Check, Fact
from analyzer.in_common import in_common
from analyzer.inventory import Inventory
from analyzer.tables import Tables

_GROUPS = {
    "zone": "place",
    "subnet": "place",
    "private VLAN": "place",
    "public VLAN": "place",
    "worker pool": "place",
    "kernel": "system",
    "OS image": "system",
    "container runtime": "system",
    "worker version": "version",
    "kubelet version": "version",
    "age": "age",
}


def shared(tables: Tables) -> Iterator[Fact]:
    """bad-workers-share-place, -system, -version, -age, -pod."""
    inventory = Inventory(tables)
    bad = [name for name in inventory.workers if inventory.is_bad(name)]
    if not bad:
        return
    told: set[str] = set()
    for item in in_common(inventory, bad):
        group = "pod" if item.attribute.startswith("runs ") else _GROUPS.get(item.attribute, "")
        if not group or group in told or (group == "pod" and item.value == "no"):
            continue
        told.add(group)
        first, *others = [inventory.workers[name] for name in bad]
        having = f"{item.attribute} {item.value}"
        detail = f"{item.affected} of {len(bad)} workers in trouble have {having}, {item.total} of all workers do"
        places = tuple((worker.file, worker.line) for worker in others if worker.file)
        yield Fact(f"bad-workers-share-{group}", first.file, first.line, detail, also=places[:8])


CHECKS: tuple[Check, ...] = (shared,)
