"""The reach of a cause in words."""

from __future__ import annotations

from analyzer.in_common import in_common
from analyzer.inventory import Inventory
from analyzer.reach import reach
from analyzer.tables import build
from parsers.rows import NodeRow

WORKERS = tuple(f"10.0.0.{number}" for number in range(12))


def inventory(bad: int, kernel: bool = False) -> Inventory:
    """Twelve workers in three zones, four in each; the first ``bad`` are NotReady."""
    rows = [
        NodeRow("n.txt", i, name, ready="False" if i < bad else "True", zone="" if kernel else f"dal1{i // 4}", kernel="6.1" if kernel and i < 4 else "5.4")
        for i, name in enumerate(WORKERS)
    ]  # fmt: skip
    return Inventory(build({"nodes": rows}))


def said(affected: int, bad: int, kernel: bool = False) -> str:
    known = inventory(bad, kernel)
    return reach(WORKERS[:affected], known, in_common(known, WORKERS[:affected]))


def test_what_all_affected_share() -> None:
    assert said(4, 4) == "4 of 12 workers, all in zone dal10"
    assert said(4, 4, kernel=True) == "4 of 12 workers, all with kernel 6.1"


def test_one_described_worker_of_several_in_trouble() -> None:
    assert said(1, 4) == "10.0.0.0, 1 of 12 workers; 4 in all are in trouble, all in zone dal10"


def test_others_in_trouble_that_share_nothing() -> None:
    assert said(2, 7) == "2 of 12 workers; 7 in all are in trouble"


def test_nothing_to_add() -> None:
    assert said(1, 1) == ""
    assert said(0, 4) == ""
    assert reach(["10.9.9.9"], inventory(4), []) == "", "a worker that no list shows"
    assert reach(WORKERS, inventory(12), []) == ""
