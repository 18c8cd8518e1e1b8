"""Signals fire on the right rows, and trouble that is over accuses nobody."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from analyzer.catalogue import Signal
from analyzer.facts.fact import Fact
from analyzer.findings import Evidence, Finding
from analyzer.inventory import Inventory
from analyzer.tables import build
from parsers.rows import ContainerRow, EventRow, LogLineRow, NodeConditionRow, NodeRow, PodRow

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def evidence(rows: dict[str, list[Any]], *facts: Fact) -> Evidence:
    tables = build(rows, collected=NOW)
    return Evidence(tables, facts, Inventory(tables))


def fire(rows: dict[str, list[Any]], *facts: Fact, **selector: Any) -> list[Finding]:
    return evidence(rows, *facts).fire(Signal.read({"id": "s", "strength": "strong", **selector}))


def line(message_ids: tuple[str, ...] = ("m",), pod: str = "calico-node-a", **more: Any) -> LogLineRow:
    fields = more.pop("fields", {})
    return LogLineRow("a.log", more.pop("at", 7), pod, more.pop("node", "node-a"), "calico-node", message_ids=message_ids,
                      message_id=message_ids[0] if message_ids else "", fields=fields, **more)  # fmt: skip


def ready_pod(ready: str = "1/1", status: str = "Running") -> PodRow:
    return PodRow(
        "pods.txt", 2, "calico-system", "calico-node-a", app="calico-node", node="node-a", phase=status, ready=ready
    )


CONDITIONS = {
    "node_conditions": [
        NodeConditionRow("n.txt", 20, "node-a", "Ready", "Unknown", reason="NodeStatusUnknown"),
        NodeConditionRow("n.txt", 21, "node-b", "Ready", "True", reason="KubeletReady"),
    ]
}


@pytest.mark.parametrize(
    ("where", "nodes"),
    [
        ({"type": "Ready", "status": "Unknown"}, ["node-a"]),
        ({"type": "Ready", "status": ["Unknown", "True"]}, ["node-a", "node-b"]),
        ({"type": "Ready", "status": "!True"}, ["node-a"]),
        ({"reason": "Kubelet*"}, ["node-b"]),
        ({"type": "Nothing"}, []),
        ({"no_such_column": "x"}, []),
    ],
)
def test_conditions_on_columns(where: dict[str, Any], nodes: list[str]) -> None:
    found = fire(CONDITIONS, condition=where)
    assert [place.node for finding in found for place in finding.places] == nodes


def test_a_message_fires_on_every_table_that_carries_it_and_in_narrows_it() -> None:
    rows = {
        "log_lines": [line()],
        "pods": [ready_pod("0/1")],
        "events": [EventRow("d.txt", 90, "Pod", "calico-node-a", "calico-system", "Warning", "Unhealthy")],
    }
    given = evidence(rows)
    given.tables.message_ids["events"] = [("m",)]
    given = Evidence(given.tables, (), given.inventory)
    both = given.fire(Signal(id="s", strength="strong", message=("m",)))
    assert sorted(place.table for place in both[0].places) == ["events", "log_lines"]
    only = given.fire(Signal.read({"id": "s", "strength": "strong", "message": "m", "in": "events"}))
    assert [place.table for place in only[0].places] == ["events"]
    assert only[0].places[0].node == "node-a"


def test_numbers_and_counts() -> None:
    rows = {"log_lines": [line(count=30)], "pods": [ready_pod("0/1")]}
    assert fire(rows, message="m", min_count=31) == []
    assert fire(rows, message="m", where={"count": {"min": 30}})
    assert not fire(rows, message="m", where={"count": {"max": 29}})


def test_min_nodes() -> None:
    rows = {"log_lines": [line(), line(pod="calico-node-b", node="node-b")]}
    assert fire(rows, message="m", min_nodes=2)
    assert not fire(rows, message="m", min_nodes=3)


def test_a_fact_is_a_finding_of_its_node() -> None:
    found = fire({}, Fact("peer-down", "p.txt", 3, "10.0.0.5 is down", node="node-e"), fact="peer-down")
    assert (found[0].nodes, found[0].places[0].line) == (("node-e",), 3)


def test_startup_noise_of_a_process_that_went_on_is_left_out() -> None:
    noise = line(fields={"since_start_s": "3", "until_end_s": "4000"}, time=NOW, last_time=NOW)
    assert fire({"log_lines": [noise], "pods": [ready_pod("0/1")]}, message="m") == []
    assert fire({"log_lines": [noise], "pods": [ready_pod("0/1")]}, message="m", period="any")


def test_a_line_just_before_the_end_of_a_crashing_start_counts() -> None:
    last_words = line(fields={"since_start_s": "3", "until_end_s": "1"}, time=NOW, last_time=NOW)
    assert fire({"log_lines": [last_words], "pods": [ready_pod("0/1", "CrashLoopBackOff")]}, message="m")


def test_trouble_of_two_days_ago_in_a_ready_pod_is_over() -> None:
    old = line(fields={"until_end_s": "170000"}, time=NOW - timedelta(days=2), last_time=NOW - timedelta(days=2))
    assert fire({"log_lines": [old], "pods": [ready_pod()]}, message="m") == []
    assert fire({"log_lines": [old], "pods": [ready_pod("0/1")]}, message="m")


def test_an_old_restart_of_a_ready_container_is_history() -> None:
    def container(restarts: int, hours: float) -> ContainerRow:
        return ContainerRow(
            "d.txt", 40, "calico-system", "calico-node-a", "calico-node", state="Running", ready=True, restarts=restarts,
            last_state="Terminated", last_reason="OOMKilled", started=NOW - timedelta(hours=hours), last_state_line=44,
        )  # fmt: skip

    where = {"last_reason": "OOMKilled"}
    assert fire({"containers": [container(2, 0.1)], "pods": [ready_pod()]}, container=where) == []
    found = fire({"containers": [container(47, 0.1)], "pods": [ready_pod()]}, container=where)
    assert found[0].places[0].line == 44


def test_a_worker_that_is_down_is_not_healthy_because_its_pod_was() -> None:
    rows = {"nodes": [NodeRow("n", 1, "node-a", ready="Unknown")], "pods": [ready_pod()]}
    assert Inventory(build(rows)).is_bad("node-a") is True


def test_a_line_under_two_messages_is_seen_once() -> None:
    rows = {"log_lines": [line(("m", "n"), at=3)]}
    assert fire(rows, message=["m", "n"], min_count=2) == []
    assert len(fire(rows, message=["m", "n"])) == 2
    assert fire({"log_lines": [line(("m", "n"), at=3), line(("n",), at=4)]}, message=["m", "n"], min_count=2)


@pytest.mark.parametrize(("pod", "fires"), [("calico-node-a", True), ("", True), ("billing-6f9c8d7b5-2kxz9", False)])
def test_lines_of_pods_that_are_not_calicos_can_be_left_out(pod: str, fires: bool) -> None:
    found = fire({"log_lines": [line(pod=pod)]}, message="m", where={"of_calico": True})
    assert bool(found) is fires


def test_a_node_is_quoted_where_its_taint_annotation_or_cordon_stands() -> None:
    where = {"taints.b:NoSchedule": 12, "annotations.a.example/state": 7, "cordoned": 9}
    row = NodeRow("n.txt", 1, "w1", taints=("a:NoExecute", "b:NoSchedule"), annotations={"a.example/state": "Working"}, cordoned=True, lines=where)  # fmt: skip
    for wanted, expected in (
        ({"taints": "b:*"}, 12),
        ({"annotations.a.example/state": ["Working"]}, 7),
        ({"cordoned": True}, 9),
        ({"taints": "a:*"}, 1),  # nobody knows where
    ):
        assert [place.line for place in fire({"nodes": [row]}, node=wanted)[0].places] == [expected]
