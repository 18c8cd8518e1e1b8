"""How far a cause reaches, in words: how many workers, what they share, and how many more are in trouble."""

from __future__ import annotations

from collections.abc import Sequence

from analyzer.in_common import Shared, in_common
from analyzer.inventory import Inventory

#: what a worker is in; of all else it is said that the worker has it. Where several are shared, the first is named.
PLACES = ("zone", "worker pool", "subnet", "private VLAN", "public VLAN")


def reach(affected: Sequence[str], inventory: Inventory, shared: Sequence[Shared]) -> str:
    """Give ``3 of 12 workers, all in zone dal12``, "" where there is no more to say than the number.

    Args:
        affected: workers on which the cause's own evidence was found.
        inventory: all workers, and which of them are in trouble.
        shared: what the affected have in common.

    Returns:
        Where more workers are in trouble than the evidence names, because only one of them was described, that
        is told too: ``10.0.0.7, 1 of 12 workers; 4 in all are in trouble, all in zone dal12``.
    """
    total = len(inventory.workers)
    if not affected or not all(name in inventory.workers for name in affected):
        return ""
    common = _all_share(shared, len(affected)) if len(affected) > 1 else ""
    bad = [name for name in inventory.workers if inventory.is_bad(name)]
    wider = ""
    if set(affected) < set(bad):
        wider = f"; {len(bad)} in all are in trouble{_all_share(in_common(inventory, bad), len(bad))}"
    if not common and not wider:
        return ""
    who = f"{affected[0]}, 1" if len(affected) == 1 else str(len(affected))
    return f"{who} of {total} workers{common}{wider}"


def _all_share(shared: Sequence[Shared], count: int) -> str:
    full = [item for item in shared if item.affected == count]
    if not full:
        return ""
    least = min(item.p_value for item in full)
    best = [item for item in full if item.p_value <= least * 1.001]  # one pool in one zone: both tell the same
    first = min(best, key=lambda item: PLACES.index(item.attribute) if item.attribute in PLACES else len(PLACES))
    return f", all {'in' if first.attribute in PLACES else 'with'} {first.attribute} {first.value}"
