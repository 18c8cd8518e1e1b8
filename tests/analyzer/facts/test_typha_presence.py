from __future__ import annotations

from typing import Any

from analyzer.facts import typha_presence
from analyzer.tables import build
from parsers.rows import ListingRow, NodeRow, PodRow


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


def test_a_spare_beside_a_typha_on_every_worker_has_no_place_at_all() -> None:
    running = [typha(1, "Running", "1/1", "w-1"), typha(2, "Running", "1/1", "w-2")]
    workers: list[Any] = [NodeRow("nodes.txt", number, f"w-{number}", ready="True") for number in (1, 2)]
    tables = build({"pods": [*running, typha(4, "Pending", "0/1", "")], "nodes": workers})
    assert "typha-on-every-worker" in {fact.id for fact in typha_presence.pending(tables)}
    more = [*workers, NodeRow("nodes.txt", 9, "w-3", ready="True")]
    tables = build({"pods": [*running, typha(4, "Pending", "0/1", "")], "nodes": more})
    assert "typha-on-every-worker" not in {fact.id for fact in typha_presence.pending(tables)}


def test_others_that_are_not_described() -> None:
    waits = typha(4, "Pending", "0/1", "")
    agent = PodRow("d.txt", 1, "calico-system", "calico-node-x7k2p", "calico-node", "w-1", "Running", "1/1")

    def found(*pods: PodRow, **more: Any) -> list[str]:
        return [fact.id for fact in typha_presence.pending(build({"pods": [*pods], **more}))]

    home = NodeRow("n.txt", 1, "w-1", pods_on_node=("calico-system/calico-typha-5f5f9f7c6b-8dms2",))
    assert found(waits, nodes=[home]) == ["typha-spare-pending"]
    assert found(waits, agent) == ["typha-spare-pending"]
    assert found(waits) == ["typha-all-pending"]
    listed = ListingRow("pods.txt", 1, "Pod", "*", 2)
    assert found(waits, agent, listings=[listed]) == ["typha-all-pending"]
