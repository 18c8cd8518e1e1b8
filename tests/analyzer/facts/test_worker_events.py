from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from analyzer.facts import worker_events
from analyzer.facts.fact import Fact
from analyzer.tables import Tables, build
from parsers.rows import EventRow, NodeConditionRow, NodeRow, PodConditionRow, PodRow

NOW = datetime(2026, 3, 16, 5, 0, tzinfo=UTC)


def facts_of(check: Callable[[Tables], Iterable[Fact]], **rows: list[Any]) -> dict[str, Fact]:
    return {fact.id: fact for fact in reversed(list(check(build(rows, NOW))))}


def event(node: str, reason: str, age: float, count: int = 1, message: str = "") -> EventRow:
    return EventRow("events.txt", int(9000 - age), "Node", node, reason=reason, age_s=age, count=count, message=message)


def boot(node: str, age: float, boot_id: str = "01234567-89ab", count: int = 1) -> EventRow:
    return event(node, "Rebooted", age, count, f"Node {node} has been rebooted, boot id: {boot_id}")


def lost(node: str, minutes: float) -> dict[str, list[Any]]:
    since = NOW - timedelta(minutes=minutes)
    condition = NodeConditionRow("describe.txt", 20, node, "Ready", "Unknown", since, since, "NodeStatusUnknown")
    return {"nodes": [NodeRow("nodes.txt", 3, node, ready="False")], "node_conditions": [condition]}


def test_one_worker_rebooted_three_times() -> None:
    rows = [boot("w1", age, f"0000000{age}") for age in (100, 2000, 4000)]
    assert facts_of(worker_events.reboots, events=rows)["worker-rebooted-often"].node == "w1"


def test_three_workers_rebooted_once_each_are_no_fault() -> None:
    rows = [boot(f"w{number}", 600.0 * number, f"0000000{number}") for number in (1, 2, 3)]
    assert facts_of(worker_events.reboots, events=rows) == {}


def test_reboots_on_many_days_are_no_fault() -> None:
    rows = [boot("w1", age, f"0000000{age}") for age in (100, 90000, 190000)]
    assert facts_of(worker_events.reboots, events=rows) == {}


def test_a_boot_id_that_comes_back_is_another_machine() -> None:
    rows = [boot("w1", 100, "aaaaaaaa", 34), boot("w1", 400, "bbbbbbbb", 34)]
    assert set(facts_of(worker_events.reboots, events=rows)) == {"boot-ids-alternate"}
    rows = [boot("w1", age, boot_id) for age, boot_id in ((90, "aaaaaaaa"), (80, "bbbbbbbb"), (70, "aaaaaaaa"))]
    assert set(facts_of(worker_events.reboots, events=rows)) == {"boot-ids-alternate"}


def test_cordoned_first_and_lost_afterwards() -> None:
    found = facts_of(worker_events.maintenance, events=[event("w1", "NodeNotSchedulable", 600)], **lost("w1", 4))
    assert set(found) == {"cordoned-then-lost"}


@pytest.mark.parametrize(("cordon", "minutes"), [(100.0, 4.0), (20000.0, 4.0)])
def test_cordoned_after_the_loss_or_long_before_is_no_maintenance(cordon: float, minutes: float) -> None:
    found = facts_of(
        worker_events.maintenance, events=[event("w1", "NodeNotSchedulable", cordon)], **lost("w1", minutes)
    )
    assert "cordoned-then-lost" not in found


def test_a_long_loss_is_told() -> None:
    found = facts_of(worker_events.maintenance, events=[], **lost("w1", 90))
    assert found["worker-down-for-long"].when == 5400


def test_workers_taken_out_in_turn() -> None:
    rows = [event("w3", "NodeNotSchedulable", 120)]
    for node, age in (("w1", 3000.0), ("w2", 2000.0)):
        rows += [
            event(node, "NodeNotSchedulable", age),
            boot(node, age - 200),
            event(node, "NodeSchedulable", age - 300),
        ]
    found = facts_of(worker_events.maintenance, events=rows, **lost("w3", 40))
    assert found["maintenance-in-turn"].node == "w3"
    assert "maintenance-in-turn" not in facts_of(worker_events.maintenance, events=rows[:2], **lost("w3", 40))


def sandbox(pod: str, message: str) -> EventRow:
    return EventRow("events.txt", 3, "Pod", pod, "kube-system", reason="FailedCreatePodSandBox", message=message)


def test_a_pod_of_the_hosts_network_gets_no_sandbox() -> None:
    message = "Failed to create pod sandbox: rpc error: code = Unknown desc = failed to mount container"
    found = facts_of(worker_events.host_sandboxes, events=[sandbox("calico-node-abcde", message)])
    assert found["host-pod-sandbox-fails"].pod == "calico-node-abcde"
    ready = PodRow("pods.txt", 2, "kube-system", "calico-node-abcde", node="w1", phase="Running", ready="1/1")
    assert facts_of(worker_events.host_sandboxes, events=[sandbox("calico-node-abcde", message)], pods=[ready]) == {}


@pytest.mark.parametrize(
    ("pod", "message"),
    [
        ("web-0", "Failed to create pod sandbox: rpc error: code = Unknown desc = failed to mount container"),
        ("kube-proxy-abcde", 'rpc error: code = Unknown desc = failed to get sandbox image "pause:3.9"'),
        ("calico-node-abcde", "rpc error: code = Unknown desc = mkdir /run/x: no space left on device"),
    ],
)
def test_other_reasons_and_pods_say_nothing_of_the_runtime(pod: str, message: str) -> None:
    assert facts_of(worker_events.host_sandboxes, events=[sandbox(pod, message)]) == {}


@pytest.mark.parametrize(
    ("ready", "containers", "expected"), [("False", "True", 1), ("False", "False", 0), ("True", "True", 0)]
)
def test_a_pod_marked_by_the_node_controller(ready: str, containers: str, expected: int) -> None:
    rows = [
        PodConditionRow("pod.txt", number, "calico-system", "calico-node-abcde", kind, status)
        for number, (kind, status) in enumerate((("Ready", ready), ("ContainersReady", containers)))
    ]
    assert len(facts_of(worker_events.marked, pod_conditions=rows)) == expected


def test_no_program_can_be_started_in_several_pods() -> None:
    message = "Readiness probe errored: OCI runtime exec failed: exec failed: unable to start container process: error executing setns process"

    def probes(words: str, *pods: str) -> list[EventRow]:
        return [
            EventRow("e.txt", n, "Pod", pod, "web", reason="Unhealthy", count=9, message=words)
            for n, pod in enumerate(pods)
        ]

    assert "exec-fails-in-several" in facts_of(
        worker_events.exec_fails, events=probes(message, "web-0", "calico-node-a")
    )
    assert facts_of(worker_events.exec_fails, events=probes(message, "web-0")) == {}
    missing = message.replace("error executing setns process", 'exec: "curl": executable file not found in $PATH')
    assert facts_of(worker_events.exec_fails, events=probes(missing, "web-0", "web-1")) == {}
