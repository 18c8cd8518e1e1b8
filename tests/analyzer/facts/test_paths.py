from __future__ import annotations

from datetime import UTC, datetime

import pytest

from analyzer.facts import paths
from analyzer.tables import Tables, build
from parsers.rows import LogLineRow, NodeRow

NOW = datetime(2026, 4, 9, 6, 0, tzinfo=UTC)
WORKERS = {"a1": "192.0.2.11", "a2": "192.0.2.12", "b1": "198.51.100.21", "b2": "198.51.100.22"}


def tables(*messages: str, node: str = "a1", known: str = "", workers: dict[str, str] = WORKERS) -> Tables:
    lines = [
        LogLineRow("a.log", number, "p", node, "", NOW, message=message, message_ids=(known,))
        for number, message in enumerate(messages, 1)
    ]
    nodes = [NodeRow("nodes.txt", 1, name, "True", internal_ip=address) for name, address in workers.items()]
    return build({"log_lines": lines, "nodes": nodes}, NOW)


def tried(*workers: str, reason: str = "i/o timeout", port: int = 10250) -> list[str]:
    messages = [f"Failed to scrape node: dial tcp {WORKERS[name]}:{port}: {reason}" for name in workers]
    return [fact.node for fact in paths.timeouts(tables(*messages))]


def test_connections_that_only_fail_between_subnets() -> None:
    assert tried("b1", "b2") == ["a1"]
    assert tried("b1", "b2", reason="connect: no route to host") == ["a1"]


def test_connections_that_fail_elsewhere_too_or_for_another_reason() -> None:
    assert tried("b1") == []  # one worker alone
    assert tried("b1", "b2", "a2") == []  # its own subnet as well
    assert tried("b1", "b2", reason="connect: connection refused") == []
    assert tried("b1", "b2", port=9345) == []  # the tunnel to RKE2's servers


def captured(*packets: str, workers: dict[str, str] = WORKERS) -> list[str]:
    return [fact.id for fact in paths.one_way(tables(*packets, known="tunnel-packet-seen", workers=workers))]


@pytest.mark.parametrize(
    "packet",
    [
        "06:00:0{} IP 192.0.2.11 > {}: IP 203.0.113.1 > 203.0.113.9: ICMP echo request, length 64 (ipip-proto-4)",
        "06:00:0{} IP 192.0.2.11.47211 > {}.4789: VXLAN, flags [I] (0x08), vni 4096",
    ],
)
def test_tunnel_packets_that_are_never_answered(packet: str) -> None:
    across = [packet.format(number, WORKERS["b1"]) for number in range(3)]
    assert captured(*across) == ["tunnel-one-way-across"]
    assert captured(*[packet.format(number, WORKERS["a2"]) for number in range(3)]) == ["tunnel-one-way"]
    assert captured(*across[:2]) == []
    answer = "06:00:09 IP 198.51.100.21 > 192.0.2.11: IP 203.0.113.9 > 203.0.113.1: ICMP echo reply (ipip-proto-4)"
    assert captured(*across, answer) == []


def test_two_cards_for_one_address() -> None:
    def answered(*cards: str, address: str = WORKERS["a1"]) -> list[str]:
        lines = [f"Unicast reply from {address} [{card}]  0.9ms" for card in cards]
        return [fact.node for fact in paths.two_machines(tables(*lines, known="arp-reply-seen"))]

    assert answered("52:54:00:aa:bb:cc", "52:54:00:11:22:33") == ["a1"]
    assert answered("52:54:00:aa:bb:cc", "52:54:00:AA:BB:CC") == []
    assert answered("52:54:00:aa:bb:cc", "52:54:00:11:22:33", address="203.0.113.9") == []
