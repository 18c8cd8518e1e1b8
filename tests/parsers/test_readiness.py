from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.readiness import readiness_rows
from parsers.rows import EventRow, ReadinessRow

STAMP = "2026-02-12 14:42:49.280 [INFO][5037] confd/health.go 180: "
COUNTED = STAMP + "Number of node(s) with BGP peering established = {}\n"


def rows(message: str, reason: str = "Unhealthy", kind: str = "Pod") -> list[ReadinessRow]:
    event = EventRow(
        file="d.txt", line=7, object_kind=kind, object="calico-node-x", namespace="calico-system", reason=reason,
        age_s=60.0, first_age_s=600.0, count=12, message=message, node="10.0.0.1",
    )  # fmt: skip
    return readiness_rows(event)


def test_one_row_a_peer() -> None:
    found = rows(
        "Readiness probe failed: " + COUNTED.format(0)
        + "calico/node is not ready: BIRD is not ready: BGP not established with 10.73.181.12,10.73.181.13"
    )  # fmt: skip
    assert [(row.check, row.state, row.peer, row.established_peers) for row in found] == [
        ("bird", "not-established", "10.73.181.12", 0),
        ("bird", "not-established", "10.73.181.13", 0),
    ]
    first = found[0]
    assert first.time == datetime(2026, 2, 12, 14, 42, 49, 280000, UTC)
    assert (first.pod, first.node, first.namespace, first.file, first.line) == (
        "calico-node-x", "10.0.0.1", "calico-system", "d.txt", 7,
    )  # fmt: skip
    assert (first.age_s, first.first_age_s, first.count, first.probe) == (60.0, 600.0, 12, "readiness")


def test_ipv6_peers() -> None:
    found = rows(
        "Readiness probe failed: calico/node is not ready: BIRD6 is not ready: BGP not established with fd00::1,fd00::2"
    )
    assert [(row.check, row.peer) for row in found] == [("bird6", "fd00::1"), ("bird6", "fd00::2")]


def test_old_wording_with_space_and_combined_events() -> None:
    found = rows(
        "(combined from similar events): Readiness probe failed: calico/node is not ready: "
        "BIRD is not ready: BGP not established with 10.0.0.2 10.0.0.3".replace(" 10.0.0.3", "")
    )
    assert [row.peer for row in found] == ["10.0.0.2"]


def test_peers_established_but_felix_is_not_ready() -> None:
    found = rows(
        "Readiness probe failed: "
        + COUNTED.format(4)
        + "calico/node is not ready: felix is not ready: readiness probe reporting 503"
    )
    assert [(row.check, row.state, row.established_peers) for row in found] == [
        ("felix", "not-ready", 4),
        ("bird", "established", 4),
    ]


def test_last_peer_of_a_cut_message_is_left_out() -> None:
    peers = ",".join(f"10.73.181.{number}" for number in range(100, 190))
    message = (
        "Readiness probe failed: calico/node is not ready: BIRD is not ready: BGP not established with " + peers
    )[:1024]
    found = rows(message)
    assert len(found) > 50
    assert all(row.peer in peers.split(",") for row in found)


@pytest.mark.parametrize(
    ("text", "check", "state"),
    [
        ("calico/node is not ready: BIRD is not ready: graceful restart in progress", "bird", "graceful-restart"),
        ("calico/node is not ready: BIRD6 is not ready: Graceful restart in progress", "bird6", "graceful-restart"),
        ("calico/node is not ready: BIRD is not ready: Error querying BIRD: unable to connect to BIRDv4 socket: dial unix /var/run/bird/bird.ctl: connect: no such file or directory", "bird", "socket-error"),
        ("calico/node is not ready: BIRD is not ready: error querying BIRD: unable to connect to BIRDv4 socket: dial unix /var/run/calico/bird.ctl: connect: connection refused", "bird", "socket-error"),
        ("calico/node is not ready: BIRD6 is not ready: Error querying BIRD: unable to connect to BIRDv6 socket: dial unix /x: connect: connection refused", "bird6", "socket-error"),
        ("calico/node is not ready: BIRD is not ready: Error executing command: read unix @->/var/run/calico/bird.ctl: i/o timeout", "bird", "timeout"),
        ("calico/node is not ready: BIRD is not ready: Failed to stat() nodename file: stat /var/lib/calico/nodename: no such file or directory", "bird", "not-ready"),
        ("calico/node is not ready: bird/confd is not live: Service confd is not running. Output << down: /etc/service/enabled/confd: 1s, normally up, want up >>", "confd", "not-live"),
        ("calico/node is not ready: bird/confd is not live: service bird is not running. Output << >>", "bird", "not-live"),
        ("calico/node is not ready: bird6/confd is not live: exit status 1", "confd", "not-live"),
        ("calico/node is not ready: bird is not live: exit status 1", "bird", "not-live"),
        ("calico/node is not ready: bad response from bird: Access restricted", "bird", "not-live"),
        ("calico/node is not ready: Felix is not live: liveness probe reporting 503", "felix", "not-live"),
        ('calico/node is not ready: Felix is not live: Get "http://localhost:9099/liveness": context deadline exceeded', "felix", "timeout"),
        ("calico/node is not ready: felix is not ready: readiness probe reporting 503", "felix", "not-ready"),
        ('calico/node is not ready: felix is not ready: Get "http://localhost:9099/readiness": dial tcp 127.0.0.1:9099: connect: connection refused', "felix", "refused"),
        ("calico/node is not ready: felix is not ready: Get http://localhost:9099/readiness: net/http: request canceled (Client.Timeout exceeded while awaiting headers)", "felix", "timeout"),
        ('Get "http://localhost:9099/liveness": dial tcp 127.0.0.1:9099: connect: connection refused', "probe", "refused"),
        ('Get "http://localhost:9098/readiness": context deadline exceeded', "probe", "timeout"),
        ('command "/bin/calico-node -bird-ready -felix-ready" timed out', "probe", "timeout"),
        ('command timed out: "/bin/calico-node -felix-live -bird-live" timed out after 10s', "probe", "timeout"),
        ("", "probe", "timeout"),
        ("HTTP probe failed with statuscode: 503", "probe", "not-ready"),
        ("OCI runtime exec failed: exec failed: unable to start container process: unknown", "probe", ""),
    ],
)  # fmt: skip
def test_failures(text: str, check: str, state: str) -> None:
    for word in ("Readiness", "Liveness"):
        found = rows(f"{word} probe failed: {text}")
        assert [(row.check, row.state) for row in found] == [(check, state)]
        assert found[0].probe == word.lower()


def test_probe_that_could_not_run() -> None:
    found = rows(
        "Readiness probe errored and resulted in unknown state: rpc error: code = NotFound desc = failed to exec in container"
    )
    assert [(row.check, row.state, row.probe) for row in found] == [("probe", "", "readiness")]


def test_other_events_say_nothing_of_readiness() -> None:
    assert rows("Container calico-node failed liveness probe, will be restarted", "Killing") == []
    assert rows("Readiness probe failed: x", "Unhealthy", "Node") == []
    assert rows("Back-off restarting failed container", "BackOff") == []


@given(st.text(alphabet=st.sampled_from("10.,:= \nbirdBGPfelixnotready probefailed"), max_size=200))
def test_any_message_is_read_without_an_error(text: str) -> None:
    for row in rows("Readiness probe failed: " + text):
        assert row.message
