"""What is over accuses nobody; what BIRD says of a session that is still down is not over."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from analyzer.inventory import Inventory
from analyzer.period import passed
from analyzer.tables import build
from parsers.readiness import readiness_rows
from parsers.rows import BgpRow, EventRow, LogLineRow, NodeRow, PodRow

NOW = datetime(2026, 4, 9, 6, 0, tzinfo=UTC)


def bird(message: str) -> LogLineRow:
    row = LogLineRow(
        "a.log", 3, "calico-node-x", "w1", "calico-node", NOW - timedelta(hours=2), "", "bird", message=message
    )
    row.last_time = row.time
    row.fields["since_start_s"] = "1.0"
    row.fields["until_end_s"] = "7200.0"
    return row


def over(state: str, message: str = "Mesh_10_1_0_2: Received: Bad peer AS: 65500") -> bool:
    pod = PodRow("p", 1, "calico-system", "calico-node-x", "calico-node", "w1", "Running", "1/1")
    session = BgpRow("b.txt", 4, "", "w1", None, "Mesh_10_1_0_2", "10.1.0.2", state, "", "birdcl")
    nodes = [NodeRow("n", 1, "w1", internal_ip="10.1.0.1"), NodeRow("n", 2, "w2", internal_ip="10.1.0.2")]
    tables = build({"pods": [pod], "bgp": [session], "nodes": nodes, "log_lines": [bird(message)]}, NOW)
    return passed(tables, Inventory(tables))["log_lines"][0]


@pytest.mark.parametrize(("state", "expected"), [("Active", False), ("Established", True)])
def test_words_about_a_session_count_as_long_as_it_is_down(state: str, expected: bool) -> None:
    assert over(state) is expected


def test_other_start_up_lines_of_bird_are_over_all_the_same() -> None:
    assert over("Active", "device1: Initializing") is True


@pytest.mark.parametrize(
    ("age", "first", "count", "expected"),
    [
        (240, 10_800, 40, False),  # every four minutes or so for three hours: not over
        (3600, 10_800, 40, True),
        (300, 4000, 405, True),  # every ten seconds, and then no more
        (300, 400, 3, True),
        (300, None, 1, True),
    ],
)
def test_trouble_that_comes_and_goes_is_not_over_in_between(
    age: float, first: float | None, count: int, expected: bool
) -> None:
    pod = PodRow("p", 1, "calico-system", "calico-node-x", "calico-node", "w1", "Running", "1/1")
    event = EventRow("e", 2, "Pod", "calico-node-x", "calico-system", "Warning", "Unhealthy", age, first, count)
    tables = build({"pods": [pod], "events": [event]}, NOW)
    assert passed(tables, Inventory(tables))["events"][0] is expected


@pytest.mark.parametrize(
    ("count", "ago", "said", "ready", "expected"),
    [
        (1, 300, "api-connect-refused", "1/1", True),
        (9, 300, "api-connect-refused", "1/1", False),
        (1, 60, "api-connect-refused", "1/1", False),  # it may go on
        (1, 300, "felix-ipt-giving-up", "1/1", False),
        (1, 300, "api-connect-refused", "0/1", False),
    ],
)
def test_an_api_server_that_was_away_for_a_moment(
    count: int, ago: float, said: str, ready: str, expected: bool
) -> None:
    pod = PodRow("p", 1, "calico-system", "calico-node-x", "calico-node", "w1", "Running", ready)
    row = LogLineRow("a.log", 3, "calico-node-x", "w1", "calico-node", NOW - timedelta(seconds=ago), count=count)
    row.message_ids = (said,)
    tables = build({"pods": [pod], "log_lines": [row]}, NOW)
    assert passed(tables, Inventory(tables))["log_lines"][0] is expected


@pytest.mark.parametrize(("cells", "expected"), [(["1/1", "1/1"], True), (["1/1", "0/1"], False), ([], False)])
def test_a_probe_that_names_no_pod_is_over_where_every_calico_node_is_ready(cells: list[str], expected: bool) -> None:
    pods = [
        PodRow("p", number, "calico-system", f"calico-node-{number}", "calico-node", "", "Running", cell)
        for number, cell in enumerate(cells, start=1)
    ]
    message = "Readiness probe failed: calico/node is not ready: BIRD is not ready: Error querying BIRD"
    event = EventRow("mail.txt", 3, "", "", type="Warning", reason="Unhealthy", age_s=600, message=message)
    tables = build({"pods": pods, "events": [event], "readiness": readiness_rows(event)}, NOW)
    over = passed(tables, Inventory(tables))
    assert over["events"] == over["readiness"] == [expected]


@pytest.mark.parametrize(
    ("file", "source", "expected"),
    [
        ("w1/var/log/calico/cni/cni.log", "plugin.go", False),
        ("cni-2026-04-09T05-50-00.000.log.gz", "ipam_plugin.go", False),
        ("calico-node-x-cni.log", "", True),  # the runbook's name for the log of install-cni
        ("cni.log", "install.go", True),
    ],
)
def test_the_plugins_own_log_knows_no_start(file: str, source: str, expected: bool) -> None:
    pod = PodRow("p", 1, "calico-system", "calico-node-x", "calico-node", "w1", "Running", "1/1")
    row = LogLineRow(file, 3, "calico-node-x", "w1", "install-cni", NOW - timedelta(minutes=4), "ERROR", source=source)
    row.last_time, row.fields = row.time, {"since_start_s": "0.2", "until_end_s": "220.0"}
    tables = build({"pods": [pod], "log_lines": [row]}, NOW)
    assert passed(tables, Inventory(tables))["log_lines"] == [expected]


@pytest.mark.parametrize(("reason", "ago", "expected"), [
    ("NodeHasNoDiskPressure", 3600, True),
    ("NodeHasNoDiskPressure", 600, False),  # a worker that runs short of space again and again
    ("NodeHasSufficientMemory", 3600, False),
    ("NodeReady", 3600, False),
])  # fmt: skip
def test_a_worker_that_has_space_again(reason: str, ago: float, expected: bool) -> None:
    short = EventRow("e.txt", 2, "Node", "w1", "default", "Normal", "NodeHasDiskPressure", 4200.0)
    relief = EventRow("e.txt", 3, "Node", "w1", "default", "Normal", reason, float(ago))
    tables = build({"events": [short, relief]}, NOW)
    assert passed(tables, Inventory(tables))["events"][0] is expected
    relief.count = 14  # again and again
    tables = build({"events": [short, relief]}, NOW)
    assert passed(tables, Inventory(tables))["events"][0] is False
    short.age_s, relief.count = 60.0, 1
    tables = build({"events": [short, relief]}, NOW)
    assert passed(tables, Inventory(tables))["events"][0] is False
