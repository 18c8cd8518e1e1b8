from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from analyzer.facts import wireguard
from analyzer.facts.fact import Fact
from analyzer.tables import Tables, build
from parsers.ip_link import parse_ip_link
from parsers.rows import NodeRow, SettingRow
from parsers.source import Source

NOW = datetime(2026, 4, 9, 6, 0, tzinfo=UTC)
UP = "7: wireguard.cali: <POINTOPOINT,NOARP,UP,LOWER_UP> mtu 1440 qdisc noqueue\n    link/none\n"
INET = "    inet 198.51.100.1/32 scope global wireguard.cali\n"


def facts_of(check: Callable[[Tables], Iterable[Fact]], **rows: Sequence[Any]) -> dict[str, Fact]:
    return {fact.id: fact for fact in reversed(list(check(build(dict(rows), NOW))))}


def node(name: str, key: str = "", address: str = "") -> NodeRow:
    known = {"projectcalico.org/WireguardPublicKey": key, "projectcalico.org/IPv4WireguardInterfaceAddr": address}
    return NodeRow(f"{name}.txt", 1, name, annotations={name: value for name, value in known.items() if value})


def test_a_node_with_a_key_and_no_address() -> None:
    whole = [node("w-1", "aaa=", "198.51.100.1"), node("w-2", "bbb=", "198.51.100.2")]
    assert facts_of(wireguard.nodes, nodes=whole) == {}
    found = facts_of(wireguard.nodes, nodes=[*whole, node("w-3", "ccc=")])
    assert found["wireguard-half-set-up"].node == "w-3"
    assert facts_of(wireguard.nodes, nodes=[node("w-1", "aaa="), node("w-2", "bbb=")]) == {}  # a cloud's own network


def test_the_same_of_calicos_own_objects() -> None:
    rows = [
        SettingRow("n.yaml", 4, "CalicoNode", "", "w-1", "status.wireguardPublicKey", "aaa="),
        SettingRow("n.yaml", 5, "CalicoNode", "", "w-1", "spec.wireguard.interfaceIPv4Address", "198.51.100.1"),
        SettingRow("n.yaml", 9, "CalicoNode", "", "w-2", "status.wireguardPublicKey", "bbb="),
    ]
    assert facts_of(wireguard.nodes, settings=rows)["wireguard-half-set-up"].line == 9


def test_two_nodes_with_one_key() -> None:
    nodes = [node("w-1", "aaa=", "198.51.100.1"), node("w-2", "aaa=", "198.51.100.2")]
    assert set(facts_of(wireguard.nodes, nodes=nodes)) == {"wireguard-same-key"}


def test_a_device_without_an_address() -> None:
    whole = parse_ip_link(UP + INET, Source("a.txt", command="ip addr show wireguard.cali")).settings
    bare = parse_ip_link(UP, Source("b.txt", command="ip a show wireguard.cali")).settings
    assert facts_of(wireguard.devices, settings=[*whole, *bare])["wireguard-no-address"].file == "b.txt"
    assert facts_of(wireguard.devices, settings=bare) == {}
    links = parse_ip_link(UP, Source("b.txt", command="ip link show wireguard.cali")).settings
    assert facts_of(wireguard.devices, settings=[*whole, *links]) == {}
