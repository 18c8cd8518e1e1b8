from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from analyzer.facts import crashes
from analyzer.facts.fact import Fact
from analyzer.tables import build
from parsers.rows import ContainerRow, LogLineRow, NodeRow, PodRow

NOW = datetime(2026, 4, 9, 6, 0, tzinfo=UTC)
PODS = [
    PodRow("pods.txt", 2, "kube-system", "calico-node-a", node="w-1", ready="1/1"),
    PodRow("pods.txt", 3, "kube-system", "calico-node-b", node="w-2", ready="1/1"),
    PodRow("pods.txt", 4, "shop", "cart-0", node="w-1", ready="0/1"),
]


def facts(**rows: Sequence[Any]) -> list[Fact]:
    nodes = [NodeRow("n.txt", 2, "w-1"), NodeRow("n.txt", 3, "w-2")]
    return list(crashes.together(build({"pods": PODS, "nodes": nodes, **rows}, NOW)))


def line(message: str, pod: str = "", file: str = "a.log", node: str = "") -> LogLineRow:
    return LogLineRow(file, 7, pod, node, "", message=message)


def test_programs_of_different_origin_crash_on_one_worker() -> None:
    own = line("fatal error: found bad pointer in Go heap", "calico-node-a")
    cart = ContainerRow("p.txt", 9, "shop", "cart-0", "cart", last_exit_code=139)
    (fact,) = facts(log_lines=[own], containers=[cart])
    assert (fact.node, fact.also) == ("w-1", (("p.txt", 9),))
    # the kernel's log of the worker, under a host name that the cluster does not know
    kernel = line("engine[871203]: segfault at 10000c0038 ip 1 sp 2 error 4", file="host/w-1/kern.log", node="host-7")
    assert [fact.node for fact in facts(log_lines=[own, kernel])] == ["w-1"]


def test_a_defect_of_one_program_is_not_that() -> None:
    own = [line("SIGSEGV: segmentation violation", f"calico-node-{name}") for name in "ab"]
    cart = ContainerRow("p.txt", 9, "shop", "cart-0", "cart", last_exit_code=139)
    assert facts(log_lines=own, containers=[cart]) == []  # on both workers
    assert facts(log_lines=own[:1]) == []  # Calico's alone
    assert facts(containers=[cart]) == []
    nil = line(
        "panic: runtime error: invalid memory address\n[signal SIGSEGV: x code=0x1 addr=0x0 pc=0x1]", "calico-node-a"
    )
    assert facts(log_lines=[nil], containers=[cart]) == []
