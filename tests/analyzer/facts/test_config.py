from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from analyzer.facts import config
from analyzer.facts.fact import Fact
from analyzer.tables import Tables, build
from parsers.rows import DaemonSetRow, LogLineRow, NodeRow, PodRow, SettingRow

NOW = datetime(2026, 4, 9, 6, 0, tzinfo=UTC)


def facts_of(check: Callable[[Tables], Iterable[Fact]], **rows: Sequence[Any]) -> dict[str, Fact]:
    return {fact.id: fact for fact in reversed(list(check(build(dict(rows), NOW))))}


def line(message: str, node: str = "w-1", number: int = 8, count: int = 1, at: int = 0) -> LogLineRow:
    return LogLineRow("a.log", number, f"calico-node-{node}", node, "calico-node", NOW + timedelta(seconds=at), message=message, count=count)  # fmt: skip


def pod(name: str, node: str = "w-1", space: str = "calico-system", ready: str = "1/1", age: float = 9000) -> PodRow:
    return PodRow("pods.txt", 4, space, name, "", node, "Running", ready, age_s=age)


def test_calico_node_in_two_namespaces() -> None:
    new, old = pod("calico-node-a"), pod("calico-node-b", "w-2", "kube-system")
    assert "1 calico-node pods in kube-system" in facts_of(config.migration, pods=[new, old])["mixed-namespaces"].detail
    assert facts_of(config.migration, pods=[new, pod("calico-kube-controllers-b", "w-2", "kube-system")]) == {}


def test_other_parts_moved_before_calico_node() -> None:
    old = pod("calico-node-b", "w-2", "kube-system")
    typha = pod("calico-typha-c")
    found = facts_of(config.migration, pods=[old, typha])["mixed-namespaces"]
    assert found.detail == "calico-typha-c runs in calico-system, the 1 calico-node pods in kube-system"
    assert facts_of(config.migration, pods=[old, pod("calico-typha-c", age=60)]) == {}


def test_a_daemonset_that_waits_for_migrated_workers() -> None:
    def wanted(desired: int, age: float) -> DaemonSetRow:
        selector = f"kubernetes.io/os=linux,{config.LABEL}=migrated"
        row = DaemonSetRow("ds.txt", 5, "calico-system", "calico-node", desired=desired, age_s=age)
        row.node_selector = selector
        return row

    assert facts_of(config.migration, daemonsets=[wanted(0, 90000)])["migration-label-left"].line == 5
    assert facts_of(config.migration, daemonsets=[wanted(0, 60)]) == {}
    assert facts_of(config.migration, daemonsets=[wanted(2, 90000)]) == {}


def test_all_workers_wait_for_an_operator_that_has_run_for_long() -> None:
    nodes = [NodeRow("n.txt", number, f"w-{number}", labels={config.LABEL: "pre-operator"}) for number in (2, 3)]
    old, operator = pod("calico-node-b", space="kube-system"), pod("tigera-operator-c", space="tigera-operator")
    assert "migration-label-left" in facts_of(config.migration, nodes=nodes, pods=[old, operator])
    assert facts_of(config.migration, nodes=nodes, pods=[old]) == {}
    moving = [*nodes, NodeRow("n.txt", 4, "w-4", labels={config.LABEL: "migrated"})]
    assert facts_of(config.migration, nodes=moving, pods=[old, operator]) == {}


def test_the_migration_label_matters_while_a_calico_node_is_not_ready() -> None:
    nodes = [NodeRow("n.txt", 2, "w-1", labels={config.LABEL: "pre-operator"})]
    stuck = [pod("calico-node-a", ready="0/1")]
    assert facts_of(config.migration, nodes=nodes, pods=stuck)["migration-label-left"].node == "w-1"
    assert facts_of(config.migration, nodes=nodes, pods=[pod("calico-node-a")]) == {}
    assert facts_of(config.migration, nodes=nodes, pods=[pod("calico-node-a", ready="0/1", age=60)]) == {}


def test_the_migration_label_and_a_daemonset_that_runs_nowhere() -> None:
    nodes = [NodeRow("n.txt", 2, "w-1", labels={config.LABEL: "pre-operator"})]
    wanted_by_none = DaemonSetRow("ds.txt", 5, "calico-system", "calico-node", desired=0)
    found = facts_of(config.migration, nodes=nodes, daemonsets=[wanted_by_none])["migration-label-left"]
    assert (found.line, found.also) == (5, (("n.txt", 2),))
    wanted = DaemonSetRow("ds.txt", 5, "calico-system", "calico-node", desired=4)
    assert facts_of(config.migration, nodes=nodes, daemonsets=[wanted]) == {}


def test_a_panic_that_repeats() -> None:
    panic = "panic: runtime error: index out of range [{}] with length 3"
    rows = [line(panic.format(4), at=1), line(panic.format(7), "w-2", 30, at=90)]
    fact = facts_of(config.panics, log_lines=rows)["same-panic-repeats"]
    assert "2 times" in fact.detail and fact.also == (("a.log", 30),)
    assert facts_of(config.panics, log_lines=rows[:1]) == {}


def test_a_wanted_stop_is_no_crash() -> None:
    rows = [line("panic: (*logrus.Entry) 0xc000340620", at=n) for n in (1, 2, 3)]
    assert facts_of(config.panics, log_lines=rows) == {}


def test_a_stop_that_no_message_explains() -> None:
    def stop(ids: tuple[str, ...], number: int = 8) -> LogLineRow:
        row = line("Unexpected update of kind 0x7 for the graph", number=number)
        row.level, row.message_ids = "PANIC", ids
        return row

    assert "2 times" in facts_of(config.stops, log_lines=[stop(()), stop((), 30)])["unexplained-panic"].detail
    assert facts_of(config.stops, log_lines=[stop(())]) == {}
    assert facts_of(config.stops, log_lines=[stop(("felix-ipt-giving-up",)), stop(("felix-ipt-giving-up",), 30)]) == {}


@pytest.mark.parametrize("check", config.CHECKS, ids=lambda item: item.__name__)
def test_an_empty_bundle_says_nothing(check: Callable[[Tables], Iterable[Fact]]) -> None:
    assert list(check(build({}))) == []


def test_the_panic_of_a_customers_own_pod_is_none_of_ours() -> None:
    rows = [
        line("panic: runtime error: invalid memory address", at=1),
        line("panic: runtime error: invalid memory address", at=90),
    ]
    assert "same-panic-repeats" in facts_of(config.panics, log_lines=rows)
    for row in rows:
        row.pod = "billing-6f9c8d7b5-2kxz9"
    assert facts_of(config.panics, log_lines=rows) == {}


@pytest.mark.parametrize(
    ("words", "fact"),
    [
        ("Failed to parse the flavour of the dataplane: unknown option", "value-stops-it"),
        ("Mode must be one of a, b", "value-stops-it"),
        ("Failed to parse response: invalid character", "unexplained-panic"),
        ("Unexpected update for the graph", "unexplained-panic"),
    ],
)
def test_a_stop_of_one_run_of_many(words: str, fact: str) -> None:
    row = line(words)
    row.level = "FATAL"
    pod = PodRow("pods.txt", 3, row.namespace, row.pod, "calico-node", row.node, "CrashLoopBackOff", "0/1", restarts=17)
    assert list(facts_of(config.stops, log_lines=[row], pods=[pod])) == [fact]
    pod.restarts = 0
    assert facts_of(config.stops, log_lines=[row], pods=[pod]) == {}


def test_the_last_error_of_a_start() -> None:
    pod = PodRow("pods.txt", 3, "", "calico-node-x", "calico-node", "w", "CrashLoopBackOff", "0/1", restarts=17)
    row, end = line('Method "x" is invalid'), line("Terminating")
    for item in (row, end):
        item.pod, item.namespace, item.component, item.level = pod.pod, "", "startup", "ERROR"
    assert facts_of(config.stops, log_lines=[row], pods=[pod]) == {}
    end.message_ids = ("startup-terminating",)
    assert list(facts_of(config.stops, log_lines=[row, end], pods=[pod])) == ["value-stops-it"]


@pytest.mark.parametrize(
    ("words", "fact"),
    [
        ('Failed to parse CIDR cidr="" error=failed to parse IP address', "unexplained-panic"),
        ('Failed to parse CIDR cidr="10.0.0.0/33" error=failed to parse IP address', "value-stops-it"),
    ],
)
def test_an_empty_value_comes_from_the_program_itself(words: str, fact: str) -> None:
    row = line(words)
    row.level, row.component, row.count = "PANIC", "felix", 3
    assert list(facts_of(config.stops, log_lines=[row])) == [fact]


def test_two_operators() -> None:
    pods = [
        PodRow("pods.txt", n, space, f"tigera-operator-{n}", "tigera-operator", "w-1", "Running", "1/1")
        for n, space in enumerate(("tigera-operator", "calico-helm"))
    ]
    assert list(facts_of(config.operators, pods=pods)) == ["two-operators"]
    assert facts_of(config.operators, pods=pods[:1]) == {}
    asleep = [SettingRow("d.yaml", 3, "Deployment", "calico-helm", "tigera-operator", "spec.replicas", "0")]
    assert facts_of(config.operators, pods=pods, settings=asleep) == {}
    listed = line("tigera-operator   tigera-operator   1/1   1   1   58d")
    listed.pod, listed.message_ids = "", ("operator-listed",)
    assert list(facts_of(config.operators, pods=pods[1:], log_lines=[listed])) == ["two-operators"]
    assert facts_of(config.operators, pods=pods[:1], log_lines=[listed]) == {}
