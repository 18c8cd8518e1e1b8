"""Events of logs join the others, unless they are over or known."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from analyzer.logged import add_logged_events
from analyzer.tables import Tables, build
from parsers.rows import EventRow, LogLineRow, PodRow

NOW = datetime(2026, 3, 4, 10, 0, tzinfo=UTC)
WORDS = (
    '"Probe failed" probeType="Readiness" pod="calico-system/calico-node-ab2cd" containerName="calico-node" '
    'output="calico/node is not ready: BIRD is not ready: BGP not established with 192.0.2.7"'
)


def tables(minutes_ago: int, *events: EventRow, component: str = "kubelet") -> Tables:
    row = LogLineRow(
        "kubelet.log",
        3,
        "",
        "w",
        "kubelet",
        component=component,
        message=WORDS,
        time=NOW - timedelta(minutes=minutes_ago),
    )
    made = build({"log_lines": [row], "events": events}, NOW)
    made.facts_of_files = {"kubelet.log": {"last_time": NOW.isoformat()}}
    add_logged_events(made)
    return made


def test_event_and_readiness_are_added() -> None:
    made = tables(2)
    assert [(row.object, row.reason, row.age_s) for row in made.rows.events] == [
        ("calico-node-ab2cd", "Unhealthy", 120)
    ]
    assert [(row.check, row.peer, row.node) for row in made.rows.readiness] == [("bird", "192.0.2.7", "w")]


def test_what_is_over_is_not_added() -> None:
    assert not tables(40).rows.events


def test_what_is_known_is_not_added_again() -> None:
    known = EventRow(
        "describe.txt", 9, "Pod", "calico-node-ab2cd", reason="Unhealthy",
        message="Readiness probe failed: calico/node is not ready: BIRD is not ready: BGP not established with 192.0.2.7",
    )  # fmt: skip
    assert tables(2, known).rows.events == [known]


def test_without_a_time_what_is_ready_now_had_its_trouble_before() -> None:
    row = LogLineRow("kubelet.log", 3, "", "w", "kubelet", component="kubelet", message=WORDS)
    for ready, found in (("1/1", 0), ("0/1", 1)):
        pod = PodRow("pods.txt", 2, "calico-system", "calico-node-ab2cd", "calico-node", "w", "Running", ready)
        made = build({"log_lines": [row], "pods": [pod]}, NOW)
        add_logged_events(made)
        assert len(made.rows.events) == found


def test_distributions_that_hold_the_kubelet_log_in_their_own_name() -> None:
    assert tables(2, component="k3s").rows.events
    assert tables(2, component="rke2-agent").rows.events


def test_a_quotation_in_another_program_is_no_event() -> None:
    assert not tables(2, component="felix").rows.events
