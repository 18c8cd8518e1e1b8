from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from analyzer.facts import typha
from analyzer.facts.fact import Fact
from analyzer.tables import Tables, build
from parsers.rows import LogLineRow, NodeRow, PodRow, SettingRow

NOW = datetime(2026, 4, 9, 6, 0, tzinfo=UTC)
HOME, NEAR, FAR = "10.154.77.11", "10.154.77.12", "10.155.8.21"
TIMEOUT = (
    "Failed to connect to typha endpoint {}:5473.  Will try another if available... error=dial tcp {}:5473: i/o timeout"
)
EXPIRED = "error connecting to typha endpoint (1 of 2) {}:5473 connID=0x0 error=x509: certificate has expired or is not yet valid"


def facts_of(check: Callable[[Tables], Iterable[Fact]], **rows: Sequence[Any]) -> dict[str, Fact]:
    return {fact.id: fact for fact in reversed(list(check(build(dict(rows), NOW))))}


def typha_pod(ready: str, node: str = HOME, status: str = "Running", number: int = 2) -> PodRow:
    return PodRow("pods.txt", number, "calico-system", f"calico-typha-5f5f9f7c6b-8dms{number}", "calico-typha", node, status, ready)  # fmt: skip


def agent(node: str, ready: str = "1/1") -> PodRow:
    name = "calico-node-" + node.replace(".", "")[-5:]
    return PodRow("pods.txt", 5, "calico-system", name, "calico-node", node, "Running", ready)


def line(message: str, node: str = NEAR, component: str = "felix", number: int = 8) -> LogLineRow:
    return LogLineRow("a.log", number, "calico-node-" + node.replace(".", "")[-5:], node, "calico-node", level="WARNING", component=component, message=message)  # fmt: skip


def test_no_typha_is_ready() -> None:
    bad = [typha_pod("0/1", status="CrashLoopBackOff"), typha_pod("0/1", NEAR, number=3)]
    fact = facts_of(typha.pods, pods=bad)["typha-none-running"]
    assert (fact.file, fact.line) == ("pods.txt", 2) and fact.also == (("pods.txt", 3),)
    assert "typha-none-running" not in facts_of(typha.pods, pods=[*bad, typha_pod("1/1", FAR, number=4)])
    assert facts_of(typha.pods, pods=[agent(NEAR)]) == {}


def replicas(wanted: str, available: str) -> list[SettingRow]:
    values = {"spec.replicas": wanted, "status.availableReplicas": available}
    return [SettingRow("d.txt", 2, "Deployment", "", "calico-typha", key, value) for key, value in values.items()]


def test_no_replica_of_the_deployment_is_available() -> None:
    assert facts_of(typha.pods, settings=replicas("3", "0"))["typha-none-running"].file == "d.txt"
    assert facts_of(typha.pods, settings=replicas("3", "1")) == {}
    assert facts_of(typha.pods, settings=replicas("0", "0")) == {}
    assert facts_of(typha.pods, settings=replicas("3", "0"), pods=[typha_pod("1/1")]) == {}  # the pods are nearer


def endpoints(key: str, value: str, kind: str = "Endpoints") -> SettingRow:
    return SettingRow("ep.txt", 3, kind, "", "calico-typha", key, value)


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        ([endpoints("", ""), endpoints("age", "41d")], True),
        ([endpoints("subsets.0.addresses", "<none>"), endpoints("subsets.0.notReadyAddresses", HOME)], True),
        ([endpoints("subsets.0.notReadyAddresses.0.ip", HOME)], True),
        ([endpoints("subsets.0.addresses.0.ip", HOME)], False),
        ([endpoints("endpoints", f"{HOME}:5473")], False),
        ([endpoints("endpoints", "<none>", "Service")], True),
        ([endpoints("endpoints", f"{HOME}:5473", "Service")], False),
        ([endpoints("type", "ClusterIP", "Service")], False),
    ],
)
def test_service_without_endpoints(rows: list[SettingRow], found: bool) -> None:
    sick = [agent(NEAR, "0/1"), agent(FAR)]
    assert ("typha-without-endpoints" in facts_of(typha.service, settings=rows, pods=sick)) is found
    assert facts_of(typha.service, settings=rows, pods=[agent(NEAR), agent(FAR)]) == {}  # no Typha is used
    starts = any("notReady" in row.key for row in rows)  # a Typha that became ready meanwhile
    selected_by_none = facts_of(typha.service, settings=rows, pods=[*sick, typha_pod("1/1")])
    assert ("typha-without-endpoints" in selected_by_none) is (found and not starts)


def test_address_of_ipv6() -> None:
    words = "failed to connect error=dial tcp [2001:db8::7]:5473: connect: connection refused"
    assert "2001:db8::7" in facts_of(typha.port, log_lines=[line(words)])["typha-port-fails"].detail


def test_only_the_calico_node_beside_typha_is_ready() -> None:
    pods = [typha_pod("1/1"), agent(HOME), agent(NEAR, "0/1"), agent(FAR, "0/1")]
    assert FAR in facts_of(typha.pods, pods=pods)["only-typha-worker-is-ready"].detail
    pods[2] = agent(NEAR)
    assert facts_of(typha.pods, pods=pods) == {}


def test_typhas_worker_is_known_from_what_its_clients_dial() -> None:
    nodes = [
        NodeRow("nodes.txt", number, name, "True", internal_ip=name) for number, name in enumerate((HOME, NEAR, FAR))
    ]
    pods = [agent(HOME), agent(NEAR, "0/1"), agent(FAR, "0/1")]
    found = facts_of(typha.pods, pods=pods, nodes=nodes, log_lines=[line(TIMEOUT.format(HOME, HOME))])
    assert "only-typha-worker-is-ready" in found


@pytest.mark.parametrize(
    ("message", "fails"),
    [
        (TIMEOUT.format(HOME, HOME), True),
        (
            f"Failed to connect to typha endpoint {HOME}:5473. error=dial tcp {HOME}:5473: connect: connection refused",
            True,
        ),
        (EXPIRED.format(HOME), False),
        (f"Connecting to typha endpoint {HOME}:5473. myID=0x1", False),
        ('Get "https://172.21.0.1:443/api/v1/nodes": dial tcp 172.21.0.1:443: i/o timeout', False),
    ],
)
def test_the_port_does_not_answer(message: str, fails: bool) -> None:
    found = facts_of(typha.port, log_lines=[line(message)], pods=[agent(NEAR, "0/1")])
    assert ("typha-port-fails" in found) is fails
    if fails:
        assert found["typha-port-fails"].node == NEAR


def test_a_failure_at_the_start_that_was_overcome_is_none() -> None:
    row = line(TIMEOUT.format(HOME, HOME))
    row.fields = {"since_start_s": "3.0", "until_end_s": "4000"}
    assert facts_of(typha.port, log_lines=[row], pods=[agent(NEAR)]) == {}


def test_typha_is_reached_in_its_own_subnet_only() -> None:
    nodes = [
        NodeRow("nodes.txt", number, name, "True", internal_ip=name) for number, name in enumerate((HOME, NEAR, FAR))
    ]
    rows: dict[str, Sequence[Any]] = {"nodes": nodes, "pods": [agent(HOME), agent(NEAR), agent(FAR, "0/1")]}
    found = facts_of(typha.port, **rows, log_lines=[line(TIMEOUT.format(HOME, HOME), FAR)])
    assert "typha-unreachable-across-subnets" in found
    both = [line(TIMEOUT.format(HOME, HOME), FAR), line(TIMEOUT.format(HOME, HOME), NEAR)]
    assert "typha-unreachable-across-subnets" not in facts_of(typha.port, **rows, log_lines=both)


@pytest.mark.parametrize(
    ("message", "component", "expected"),
    [
        (EXPIRED.format(HOME), "confd", {"typha-tls-errors"}),
        ("TLS handshake error client=10.154.77.12:40022 connID=0x1f error=remote error: tls: bad certificate", "typha", {"typha-tls-errors"}),
        ("peer certificate does not have required CN or URI SAN typha-server", "felix", {"typha-tls-errors"}),
        ('Get "https://172.21.0.1:443/api/v1/nodes/w": x509: certificate has expired or is not yet valid', "felix", {"api-tls-errors"}),
        ("TLS handshake error client=10.154.77.12:40022 connID=0x1f error=EOF", "typha", set()),
        (TIMEOUT.format(HOME, HOME), "felix", set()),
    ],
)  # fmt: skip
def test_whose_certificate_is_refused(message: str, component: str, expected: set[str]) -> None:
    assert set(facts_of(typha.certificates, log_lines=[line(message, component=component)])) == expected


@pytest.mark.parametrize("check", typha.CHECKS, ids=lambda item: item.__name__)
def test_an_empty_bundle_says_nothing(check: Callable[[Tables], Iterable[Fact]]) -> None:
    assert list(check(build({}))) == []


def test_who_checks_the_certificate_tells_whose_it_is() -> None:
    row = line("Failed to verify certificate error=x509: certificate has expired or is not yet valid")
    assert facts_of(typha.certificates, log_lines=[row]) == {}
    row.source = "tlsutils.go"
    assert set(facts_of(typha.certificates, log_lines=[row])) == {"typha-tls-errors"}
