from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from analyzer.facts import worker
from analyzer.facts.fact import Fact
from analyzer.tables import Tables, build
from parsers.rows import EventRow, LogLineRow, NodeConditionRow, NodeRow, PodRow, SettingRow

NOW = datetime(2026, 3, 16, 5, 0, tzinfo=UTC)
NODE = "10.154.77.19"


def facts_of(check: Callable[[Tables], Iterable[Fact]], **rows: list[Any]) -> dict[str, Fact]:
    return {fact.id: fact for fact in reversed(list(check(build(rows, NOW))))}


def kubelet(reason: str, age: float, count: int = 1, first: float | None = None, node: str = NODE) -> EventRow:
    message = "Starting kubelet." if reason == "Starting" else f"Node {node} status is now: {reason}"
    return EventRow("describe.txt", int(4000 - age), "Node", node, reason=reason, age_s=age, first_age_s=first, count=count, source="kubelet", message=message)  # fmt: skip


def ready(status: str, node: str = NODE, beat: datetime = NOW) -> NodeConditionRow:
    reason = "NodeStatusUnknown" if status == "Unknown" else "KubeletReady"
    return NodeConditionRow("describe.txt", 20, node, "Ready", status, beat, reason=reason)


def test_repeated_changes_within_the_hour_are_toggling() -> None:
    events = [kubelet("Starting", 2640), kubelet("NodeReady", 2640), kubelet("Starting", 1860), kubelet("NodeNotReady", 1860), kubelet("NodeReady", 1860), kubelet("Starting", 1620), kubelet("NodeNotReady", 1620), kubelet("NodeReady", 1260, 2, 1620)]  # fmt: skip
    found = facts_of(worker.toggles, events=events, node_conditions=[ready("True")])
    assert found["worker-toggles"].node == NODE
    assert "3 kubelet starts, 2 NotReady" in found["worker-toggles"].detail
    every = list(worker.toggles(build({"events": events, "node_conditions": [ready("True")]}, NOW)))
    assert len({fact.line for fact in every}) == 4  # one a moment: each row can be quoted
    assert "one-kubelet-start-only" not in found


def test_an_aggregated_event_counts_as_often_as_it_says() -> None:
    assert "worker-toggles" in facts_of(worker.toggles, events=[kubelet("Starting", 60, 9, 3000)])


def test_a_single_boot_is_not_toggling() -> None:
    events = [kubelet("Starting", 600), kubelet("NodeNotReady", 600), kubelet("NodeReady", 560)]
    found = facts_of(worker.toggles, events=events)
    assert set(found) == {"one-kubelet-start-only"}


def test_starts_days_apart_are_reboots_not_toggling() -> None:
    events = [kubelet("Starting", age) for age in (100.0, 200000.0, 400000.0)]
    assert "worker-toggles" not in facts_of(worker.toggles, events=events)


def test_kube_proxy_starts_do_not_count() -> None:
    events = [kubelet("Starting", 60, 5)]
    events[0].message = "Starting kube-proxy."
    assert facts_of(worker.toggles, events=events) == {}


def test_the_same_events_in_two_files_count_once() -> None:
    events = [kubelet("Starting", 600), kubelet("Starting", 900)]
    again = [EventRow("events.txt", 3, "Node", NODE, reason="Starting", age_s=650.0, message="Starting kubelet.")] * 2
    assert "worker-toggles" not in facts_of(worker.toggles, events=[*events, *again])


def test_a_worker_that_is_gone_now_only_toggled_before() -> None:
    found = facts_of(worker.toggles, events=[kubelet("Starting", 60, 4)], node_conditions=[ready("Unknown")])
    assert set(found) == {"worker-toggled-before-loss"}


def test_a_stale_lease_of_a_worker_that_is_not_ready() -> None:
    node = NodeRow("describe.txt", 1, NODE, lease_renewed=NOW - timedelta(minutes=20), labels={"a": "b"})
    assert facts_of(worker.lost, nodes=[node], node_conditions=[ready("Unknown")])["lease-stale"].when == 1200
    assert "lease-stale" not in facts_of(worker.lost, nodes=[node], node_conditions=[ready("True")])


def test_a_listed_not_ready_worker_without_description() -> None:
    listed = NodeRow("nodes.txt", 4, NODE, ready="False")
    pod = PodRow("pods.txt", 3, "calico-system", "calico-node-vb5qw", node=NODE, phase="Running", ready="1/1")
    assert "worker-not-ready-unexplained" in facts_of(worker.lost, nodes=[listed], pods=[pod])
    without_agent = facts_of(worker.lost, nodes=[listed])
    assert "worker-not-ready-unexplained" not in without_agent  # it may only lack its network plugin
    described = facts_of(worker.lost, nodes=[listed], pods=[pod], node_conditions=[ready("Unknown")])
    assert "worker-not-ready-unexplained" not in described
    line = LogLineRow("journal.txt", 8, "", NODE, "", message="PLEG is not healthy")
    line.message_ids = ("node-pleg",)
    told = facts_of(worker.lost, nodes=[listed], pods=[pod], log_lines=[line])
    assert "worker-not-ready-unexplained" not in told


def test_pods_that_nobody_ends() -> None:
    pod = PodRow("pods.txt", 3, "default", "web-1", node=NODE, phase="Terminating")
    found = facts_of(worker.lost, nodes=[NodeRow("nodes.txt", 2, NODE, ready="False")], pods=[pod])
    assert found["pods-stuck-on-lost-worker"].pod == "web-1"
    assert facts_of(worker.lost, nodes=[NodeRow("nodes.txt", 2, NODE, ready="True")], pods=[pod]) == {}


def nodes(**states: str) -> list[NodeRow]:
    return [NodeRow("nodes.txt", i, f"w-{name}", ready=state, zone=name[:1]) for i, (name, state) in enumerate(states.items(), 2)]  # fmt: skip


def test_states_of_all_workers() -> None:
    assert set(facts_of(worker.readiness_of_all, nodes=nodes(a1="True", a2="True"))) == {"all-workers-ready"}
    assert set(facts_of(worker.readiness_of_all, nodes=nodes(a1="Unknown", b1="Unknown"))) == {
        "all-workers-lost",
        "several-workers-not-ready",
    }
    some = facts_of(worker.readiness_of_all, nodes=nodes(a1="Unknown", a2="True", b1="Unknown"))
    assert set(some) == {"several-workers-not-ready"}
    assert facts_of(worker.readiness_of_all) == {}


def test_a_whole_zone_is_lost() -> None:
    found = facts_of(worker.readiness_of_all, nodes=nodes(a1="Unknown", a2="Unknown", b1="True"))
    assert "zone a" in found["group-of-workers-lost"].detail


def test_bad_workers_share_a_zone() -> None:
    found = facts_of(worker.shared_group, nodes=nodes(a1="False", a2="Unknown", b1="True"))
    assert "zone a" in found["bad-workers-share-group"].detail
    assert facts_of(worker.shared_group, nodes=nodes(a1="False", a2="Unknown", a3="True")) == {}


def test_measured_and_promised_load() -> None:
    top = SettingRow("top.txt", 2, "Node", "", NODE, "CPU%", "97%")
    node = NodeRow("describe.txt", 1, NODE, cpu_requested_pct=98.0, memory_requested_pct=40.0)
    found = facts_of(worker.load, settings=[top], nodes=[node])
    assert found["worker-overcommitted"].node == NODE
    assert "98 % of the CPU" in found["worker-requests-high"].detail
    calm = SettingRow("top.txt", 2, "Node", "", NODE, "cpu%", "55%")
    assert facts_of(worker.load, settings=[calm]) == {}


def unhealthy(pod: str, message: str, count: int = 5) -> EventRow:
    return EventRow("pod.txt", 50 + count, "Pod", pod, "calico-system", "Warning", "Unhealthy", 40.0, count=count, message=message)  # fmt: skip


LATE = 'Liveness probe failed: Get "http://localhost:9099/liveness": context deadline exceeded (Client.Timeout exceeded while awaiting headers)'
SAID = "Readiness probe failed: calico/node is not ready: BIRD is not ready: BGP not established with 10.154.77.20"


def test_probes_that_only_time_out() -> None:
    pod = PodRow("pods.txt", 3, "calico-system", "calico-node-vb5qw", node=NODE)
    found = facts_of(worker.probe_timeouts, events=[unhealthy(pod.pod, LATE)], pods=[pod])
    assert found["probe-timeouts-without-calico-text"].node == NODE
    both = [unhealthy(pod.pod, LATE), unhealthy(pod.pod, SAID, 4)]
    assert facts_of(worker.probe_timeouts, events=both, pods=[pod]) == {}
    assert facts_of(worker.probe_timeouts, events=[unhealthy(pod.pod, LATE, 1)], pods=[pod]) == {}


def test_probes_of_other_pods_time_out_too() -> None:
    pods = [PodRow("pods.txt", 3, "calico-system", name, node=NODE) for name in ("web-1", "db-1")]
    events = [unhealthy(pod.pod, "Liveness probe failed: command timed out: \"check\" timed out after 1s") for pod in pods]  # fmt: skip
    assert "probe-timeouts-of-several-pods" in facts_of(worker.probe_timeouts, events=events, pods=pods)
    assert facts_of(worker.probe_timeouts, events=events[:1], pods=pods[:1]) == {}


def test_a_clock_beside_the_others() -> None:
    beats = [NOW, NOW - timedelta(minutes=4), NOW - timedelta(hours=2)]
    rows = [ready("True", f"w-{i}", beat) for i, beat in enumerate(beats)]
    found = facts_of(worker.clocks, node_conditions=rows)
    assert found["clock-differs"].node == "w-2"
    assert "behind" in found["clock-differs"].detail
    assert facts_of(worker.clocks, node_conditions=rows[:2]) == {}


def test_a_certificate_judged_by_a_clock_that_is_ahead() -> None:
    words = "x509: certificate has expired or is not yet valid: current time {} is after 2026-09-01T00:00:00Z"
    rows: dict[str, list[Any]] = {"node_conditions": [ready("True", "w-1")]}
    ahead = LogLineRow("x.log", 7, "calico-node-a", "w-2", "calico-node", message=words.format("2031-03-16T05:00:00Z"))
    assert facts_of(worker.clocks, log_lines=[ahead], **rows)["clock-differs"].node == "w-2"
    sane = LogLineRow("x.log", 7, "calico-node-a", "w-2", "calico-node", message=words.format("2026-03-16T05:00:00Z"))
    assert facts_of(worker.clocks, log_lines=[sane], **rows) == {}


def test_a_lost_worker_has_no_clock_to_compare() -> None:
    rows = [ready("True", "w-0"), ready("True", "w-1"), ready("Unknown", "w-2", NOW - timedelta(hours=2))]
    assert facts_of(worker.clocks, node_conditions=rows) == {}


def test_young_workers() -> None:
    found = facts_of(worker.young, nodes=[NodeRow("nodes.txt", 2, NODE, age_s=300.0)])
    assert found["young-worker"].node == NODE
    assert facts_of(worker.young, nodes=[NodeRow("nodes.txt", 2, NODE, age_s=90000.0)]) == {}


def test_empty_tables_give_no_facts() -> None:
    assert [fact for check in worker.CHECKS for fact in check(build({}))] == []


def test_a_worker_that_the_controller_manager_marks_again_and_again() -> None:
    def marked(count: int) -> list[str]:
        line = LogLineRow(
            "kcm.log",
            3,
            "",
            "",
            "",
            message='"Event occurred" message="Node w-4 status is now: NodeNotReady"',
            count=count,
        )
        return [fact.node for fact in worker.toggles_in_logs(build({"log_lines": [line]}))]

    assert marked(5) == ["w-4"] and marked(2) == []


def test_a_new_worker_that_is_not_ready_yet() -> None:
    found = facts_of(worker.young, nodes=[NodeRow("nodes.txt", 2, NODE, ready="False", age_s=94.0)])
    assert found["young-worker-not-ready"].node == NODE
    for node in (NodeRow("n", 2, NODE, ready="False", age_s=700.0), NodeRow("n", 2, NODE, ready="True", age_s=94.0)):
        assert "young-worker-not-ready" not in facts_of(worker.young, nodes=[node])


def test_a_watched_list_shows_toggling() -> None:
    states = ["True", "False", "True", "False", "False"]
    rows = [NodeRow("watch.txt", line, NODE, ready=state) for line, state in enumerate(states, start=2)]
    found = facts_of(worker.toggles_watched, nodes=rows)
    assert (found["worker-toggles"].node, found["worker-toggles"].line) == (NODE, 3)
    assert facts_of(worker.toggles_watched, nodes=rows[:3]) == {}
    elsewhere = [NodeRow(f"list-{row.line}.txt", row.line, NODE, ready=row.ready) for row in rows]
    assert facts_of(worker.toggles_watched, nodes=elsewhere) == {}


def test_sandboxes_of_pods_on_the_hosts_network_are_made_anew() -> None:
    def changed(pod: str, count: int) -> EventRow:
        return EventRow("d.txt", 9, "Pod", pod, "kube-system", reason="SandboxChanged", age_s=60, first_age_s=2400, count=count)  # fmt: skip

    found = facts_of(worker.sandboxes_replaced, events=[changed("calico-node-7vxq2", 9)])
    assert "9 times" in found["host-pods-sandbox-changes"].detail
    assert facts_of(worker.sandboxes_replaced, events=[changed("calico-node-7vxq2", 2)]) == {}  # a reboot
    assert facts_of(worker.sandboxes_replaced, events=[changed("coredns-5d78c-x", 90)]) == {}  # without a network


def test_a_few_times_a_day_is_toggling_too() -> None:
    events = [kubelet("NodeNotReady", 1740, 7, 23340), kubelet("NodeReady", 1680, 7, 23280)]
    assert "worker-toggles" in facts_of(worker.toggles, events=events, node_conditions=[ready("True")])
    events = [kubelet("NodeNotReady", 1740, 2, 33340), kubelet("NodeReady", 1680, 2, 33280)]
    assert "worker-toggles" not in facts_of(worker.toggles, events=events, node_conditions=[ready("True")])


def test_the_controller_manager_finds_a_worker_healthy_again_and_again() -> None:
    message = f"Controller detected that node {NODE} is healthy again"
    rows = [LogLineRow("kcm.log", line, "", "", "", NOW, message=message) for line in (3, 9, 14)]
    assert "worker-toggles" in facts_of(worker.toggles_in_logs, log_lines=rows)
    assert facts_of(worker.toggles_in_logs, log_lines=rows[:2]) == {}
