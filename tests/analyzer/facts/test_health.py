from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

import pytest

from analyzer.facts import health
from analyzer.facts.fact import Fact
from analyzer.tables import Tables, build
from parsers.rows import ContainerRow, EventRow, FileRow, LogLineRow, NodeRow, PodRow

NOW = datetime(2026, 3, 16, 5, 0, tzinfo=UTC)


def facts_of(check: Callable[[Tables], Iterable[Fact]], **rows: list[Any]) -> dict[str, Fact]:
    return {fact.id: fact for fact in reversed(list(check(build(rows, NOW))))}


def agent(number: int, phase: str = "Running", ready: str = "1/1", restarts: int = 0, **more: Any) -> PodRow:
    return PodRow("pods.txt", number + 1, "calico-system", f"calico-node-x{number}x2z", "calico-node", f"w-{number}", phase, ready, restarts, **more)  # fmt: skip


CRASHING = agent(1, "CrashLoopBackOff", "0/1", 26)
GOOD = [agent(i) for i in range(2, 9)]


def test_few_most_or_the_only_one() -> None:
    few = facts_of(health.shares, pods=[CRASHING, *GOOD])
    assert set(few) == {"calico-node-bad-on-few"}
    assert "1 of 8" in few["calico-node-bad-on-few"].detail
    bad = [agent(i, "Running", "0/1") for i in range(1, 6)]
    assert set(facts_of(health.shares, pods=[*bad, GOOD[6]])) == {"calico-node-bad-on-most"}
    assert set(facts_of(health.shares, pods=[CRASHING])) == {"calico-node-bad"}
    assert facts_of(health.shares, pods=GOOD) == {}


def test_the_agent_of_a_lost_worker_is_not_judged() -> None:
    lost = NodeRow("nodes.txt", 2, "w-1", ready="Unknown")
    assert facts_of(health.shares, pods=[CRASHING, *GOOD], nodes=[lost]) == {}


def test_a_pod_that_was_made_a_moment_ago_is_not_judged() -> None:
    young = agent(1, "Init:0/2", "0/1", age_s=70.0)
    assert facts_of(health.shares, pods=[young, *GOOD]) == {}
    old = agent(1, "Init:0/2", "0/1", age_s=7000.0)
    assert "calico-node-bad-on-few" in facts_of(health.shares, pods=[old, *GOOD])


def test_ready_for_a_moment_between_two_crashes_is_bad() -> None:
    shaky = agent(1, restarts=40, last_restart_age_s=90.0)
    assert "calico-node-bad-on-few" in facts_of(health.shares, pods=[shaky, *GOOD])
    recovered = agent(1, restarts=40, last_restart_age_s=90000.0)
    assert facts_of(health.shares, pods=[recovered, *GOOD]) == {}


def back_off() -> EventRow:
    return EventRow("pod.txt", 80, "Pod", CRASHING.pod, "calico-system", "Warning", "BackOff", 26.0, message="Back-off restarting failed container")  # fmt: skip


def crashed(**more: Any) -> ContainerRow:
    return ContainerRow("pod.txt", 40, "calico-system", CRASHING.pod, "calico-node", state="Waiting", state_reason="CrashLoopBackOff", last_state="Terminated", last_reason="Error", state_line=47, **more)  # fmt: skip


def line(level: str, message: str, *ids: str) -> LogLineRow:
    return LogLineRow(
        "x.log", 9, CRASHING.pod, "w-1", "calico-node", NOW, level, message=message, message_ids=tuple(ids)
    )


def test_a_crash_that_nothing_explains() -> None:
    found = facts_of(health.without_reason, pods=[CRASHING, *GOOD], containers=[crashed()], events=[back_off()])
    assert (found["crash-without-reason"].file, found["crash-without-reason"].line) == ("pod.txt", 47)


def test_a_line_an_event_or_a_state_that_names_the_reason() -> None:
    rows: dict[str, list[Any]] = {"pods": [CRASHING, *GOOD], "containers": [crashed()]}
    fatal = [line("FATAL", "Failed to program iptables")]
    assert facts_of(health.without_reason, log_lines=fatal, **rows) == {}
    quiet = [line("WARNING", "Connection to the datastore is unauthorized", "startup-datastore-unauthorized")]
    assert facts_of(health.without_reason, log_lines=quiet, **rows) == {}
    unhealthy = back_off()
    unhealthy.reason, unhealthy.message = "Unhealthy", "Readiness probe failed: BGP not established"
    assert facts_of(health.without_reason, events=[unhealthy], **rows) == {}
    killed = crashed()
    killed.last_reason = "OOMKilled"
    assert facts_of(health.without_reason, pods=[CRASHING, *GOOD], containers=[killed]) == {}


def test_routine_lines_and_lost_logs_are_no_reason() -> None:
    lines = [
        line("INFO", "Datastore connection verified", "startup-datastore-verified"),
        line("", "unable to retrieve container logs for containerd://0a", "kubectl-unable-retrieve"),
    ]
    found = facts_of(health.without_reason, pods=[CRASHING], containers=[crashed()], log_lines=lines)
    assert set(found) == {"crash-without-reason"}


def test_not_ready_and_silent() -> None:
    assert set(facts_of(health.without_reason, pods=[agent(1, ready="0/1"), *GOOD])) == {"unready-without-reason"}


def test_a_waiting_init_container_is_a_reason() -> None:
    waiting = ContainerRow("pod.txt", 20, "calico-system", CRASHING.pod, "install-cni", True, state="Waiting", state_reason="CrashLoopBackOff")  # fmt: skip
    assert facts_of(health.without_reason, pods=[CRASHING], containers=[waiting]) == {}


def typha(ready: str) -> PodRow:
    return PodRow("pods.txt", 30, "calico-system", "calico-typha-5f5f9f7c6b-8dmsq", "calico-typha", "w-2", "Running", ready)  # fmt: skip


def test_all_is_well() -> None:
    node = NodeRow("nodes.txt", 2, "w-2", ready="True")
    found = facts_of(health.healthy, pods=[*GOOD, typha("1/1")], nodes=[node])
    assert "7 calico-nodes" in found["all-calico-healthy"].detail


def test_what_forbids_to_call_it_well() -> None:
    assert facts_of(health.healthy, pods=[*GOOD, CRASHING]) == {}
    assert facts_of(health.healthy, pods=[*GOOD, typha("0/1")]) == {}
    assert facts_of(health.healthy, pods=GOOD, nodes=[NodeRow("nodes.txt", 2, "w-2", ready="False")]) == {}
    assert facts_of(health.healthy, pods=[]) == {}
    shaky = agent(2, restarts=47, last_restart_age_s=3000.0)
    assert facts_of(health.healthy, pods=[shaky]) == {}
    failing = EventRow("pod.txt", 9, "Pod", GOOD[0].pod, "calico-system", "Warning", "Unhealthy", 20.0)
    assert facts_of(health.healthy, pods=GOOD, events=[failing]) == {}
    over = EventRow("pod.txt", 9, "Pod", GOOD[0].pod, "calico-system", "Warning", "Unhealthy", 900.0)
    assert set(facts_of(health.healthy, pods=GOOD, events=[over])) == {"all-calico-healthy"}


def report(number: int, words: str) -> LogLineRow:
    return LogLineRow("x.log", number, GOOD[0].pod, "w-2", "calico-node", NOW, "INFO", message=f"Overall health status changed: {words}")  # fmt: skip


def test_the_last_health_report_counts() -> None:
    well, ill = report(5, "live=true ready=true"), report(9, "live=true ready=false")
    assert set(facts_of(health.log_end, log_lines=[ill, report(12, "live=true ready=true")])) == {"log-ends-healthy"}
    assert facts_of(health.log_end, log_lines=[well, ill]) == {}


def test_empty_tables_give_no_facts() -> None:
    assert [fact for check in health.CHECKS for fact in check(build({}))] == []


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ([], ["bad-agents-without-log"]),
        ([FileRow("a.log", "log", "", "calico-node-bad", "calico-node", "")], []),
        ([FileRow("a.log", "kubectl-error", "", "calico-node-bad", "calico-node", "")], []),
        ([FileRow("a.log", "log", "", "", "", "")], []),  # it may be this one
        ([FileRow("a.log", "log", "", "calico-node-fine", "calico-node", "")], ["bad-agents-without-log"]),
    ],
)
def test_nobody_has_looked_into_the_log_of_the_pod_in_trouble(files: list[FileRow], expected: list[str]) -> None:
    pods = [
        PodRow("p", 1, "calico-system", "calico-node-bad", "calico-node", "w1", "CrashLoopBackOff", "0/1", restarts=9),
        PodRow("p", 2, "calico-system", "calico-node-fine", "calico-node", "w2", "Running", "1/1"),
    ]
    assert [fact.id for fact in health.without_log(build({"pods": pods, "files": files}))] == expected
