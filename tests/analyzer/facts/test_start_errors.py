from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from analyzer.facts import start_errors
from analyzer.tables import build
from parsers.rows import LogLineRow, PodRow

NOW = datetime(2026, 4, 9, 6, 0, tzinfo=UTC)
POD = "calico-node-x7k2p"
TAKEN = "Health endpoint failed error=listen tcp 127.0.0.1:9099: bind: address already in use"


def facts(message: str, ready: str = "0/1", pod: str = POD, since_start: float = 5) -> list[tuple[str, int, str]]:
    hour_ago = NOW - timedelta(hours=1)
    line = LogLineRow("a.log", 9, pod, "", "calico-node", hour_ago, component="felix", message=message)
    line.fields = {"since_start_s": str(since_start), "until_end_s": "3600"}
    agent = PodRow("pods.txt", 3, "calico-system", POD, "calico-node", "192.0.2.7", "Running", ready)
    found = start_errors.said_at_start(build({"log_lines": [line], "pods": [agent]}, NOW))
    return [(fact.id, fact.line, fact.node) for fact in found]


@pytest.mark.parametrize(
    ("message", "name"),
    [
        (TAKEN, "start-port-taken"),
        ("BGP: Socket error: bind: Address in use", "start-port-taken"),
        ("Unable to process template bird_aggr.cfg.template", "start-unrendered"),
        ("Can't read password for BGPPeer tor error=no data available for secret tor", "start-password-unread"),
    ],
)
def test_it_holds_while_the_pod_is_not_ready(message: str, name: str) -> None:
    assert facts(message) == [(name, 9, "192.0.2.7")]
    assert facts(message, ready="1/1") == []
    assert facts(message, pod="calico-node-other") == []


def test_a_line_that_counts_by_itself_is_left_to_its_own_signal() -> None:
    assert facts(TAKEN, since_start=900) == []


def test_other_ports_are_no_matter() -> None:
    assert facts("listen tcp 127.0.0.1:8080: bind: address already in use") == []


def checked(*lines: tuple[str, str]) -> list[tuple[str, int, str]]:
    rows = [
        LogLineRow(
            "a.log", number, POD, "", "calico-node", NOW, component="confd", message=message, message_ids=(known,)
        )
        for number, (known, message) in enumerate(lines, 1)
    ]
    agent = PodRow("pods.txt", 3, "calico-system", POD, "calico-node", "192.0.2.7", "Running", "1/1")
    found = start_errors.stays_refused(build({"log_lines": rows, "pods": [agent]}, NOW))
    return [(fact.id, fact.line, fact.node) for fact in found]


REFUSED = ("confd-checkcmd", 'Error from checkcmd "bird -p -c /etc/calico/confd/config/.bird.cfg7": syntax error')
WRITTEN = ("confd-target-updated", "Target config /etc/calico/confd/config/bird.cfg has been updated due to change")
OF_V6 = ("confd-target-updated", "Target config /etc/calico/confd/config/bird6_ipam.cfg has been updated due to change")


def test_a_configuration_that_stays_refused() -> None:
    assert checked(WRITTEN, REFUSED) == [("config-stays-refused", 2, "192.0.2.7")]
    assert checked(REFUSED, WRITTEN) == []
    assert checked(REFUSED, ("other", WRITTEN[1].replace("Target", "target"))) == [
        ("config-stays-refused", 1, "192.0.2.7")
    ]
    assert checked(WRITTEN, OF_V6) == []
