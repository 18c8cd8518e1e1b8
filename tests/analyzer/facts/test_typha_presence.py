from __future__ import annotations

from analyzer.facts import typha_presence
from analyzer.tables import build
from parsers.rows import PodRow


def typha(number: int, phase: str, ready: str, node: str) -> PodRow:
    return PodRow("pods.txt", number, "calico-system", f"calico-typha-5f5f9f7c6b-8dms{number}", "calico-typha", node, phase, ready)  # fmt: skip


def names(*rows: PodRow) -> list[str]:
    return [fact.id for fact in typha_presence.pending(build({"pods": rows}))]


def test_a_spare_that_small_clusters_cannot_place() -> None:
    assert names(typha(2, "Running", "1/1", "w-1"), typha(4, "Pending", "0/1", "")) == ["typha-spare-pending"]


def test_no_typha_found_a_place() -> None:
    assert names(typha(2, "Pending", "0/1", ""), typha(4, "Pending", "0/1", "")) == ["typha-all-pending"]


def test_a_crashing_typha_is_not_waiting_for_a_place() -> None:
    assert names(typha(2, "CrashLoopBackOff", "0/1", "w-1"), typha(4, "Pending", "0/1", "")) == []
    assert names(typha(2, "Pending", "0/1", "w-1")) == []
    assert names() == []
