from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from analyzer.facts import routing
from analyzer.facts.fact import Fact
from analyzer.tables import Tables, build
from parsers.rows import NodeRow, PodRow, RouteRow, SettingRow

NOW = datetime(2026, 4, 9, 6, 0, tzinfo=UTC)
AGENT = PodRow("pods.txt", 4, "calico-system", "calico-node-a", "", "w-1", "Running", "1/1", age_s=9000, ip="192.0.2.1")
WORKER = NodeRow("nodes.txt", 2, "w-1", internal_ip="192.0.2.1")
OURS = [
    RouteRow("a.txt", 3, "w-1", "198.51.100.7", device="cali0123456789a"),
    RouteRow("a.txt", 4, "w-1", "198.51.100.64/26", "192.0.2.2", "tunl0", "bird"),
    RouteRow("a.txt", 5, "w-1", "192.0.2.0/24", device="eth0", proto="kernel"),
]


def facts_of(check: Callable[[Tables], Iterable[Fact]], **rows: Sequence[Any]) -> dict[str, Fact]:
    rows.setdefault("pods", [AGENT])
    rows.setdefault("nodes", [WORKER])
    return {fact.id: fact for fact in reversed(list(check(build(dict(rows), NOW))))}


def rule(value: str, key: str = "220") -> SettingRow:
    return SettingRow("a.txt", 9, "RoutingRule", "", "w-1", key, value)


@pytest.mark.parametrize(
    ("address", "device", "found"),
    [
        ("198.51.100.7", "wg0", True),
        ("198.51.100.70", "eth0", True),
        ("198.51.100.70", "tunl0", False),
        ("198.51.100.70", "wireguard.cali", False),
        ("203.0.113.9", "eth0", False),
    ],
)
def test_the_kernels_answer_beside_calicos_route(address: str, device: str, found: bool) -> None:
    answer = RouteRow("a.txt", 7, "w-1", address, device=device, asked=True)
    assert ("pods-routed-elsewhere" in facts_of(routing.answers, routes=[*OURS, answer])) is found


def test_an_answer_about_a_pod_alone() -> None:
    pod = PodRow("pods.txt", 6, "shop", "cart-1", "", "w-2", "Running", "1/1", ip="198.51.100.70")
    answer = RouteRow("a.txt", 7, "w-1", "198.51.100.70", device="wg0", table="51820", asked=True)
    assert "pods-routed-elsewhere" in facts_of(routing.answers, pods=[AGENT, pod], routes=[answer])
    plain = RouteRow("a.txt", 7, "w-1", "198.51.100.70", device="eth0", asked=True)  # BGP without a tunnel
    assert facts_of(routing.answers, pods=[AGENT, pod], routes=[plain]) == {}


@pytest.mark.parametrize(
    ("value", "key", "routes", "found"),
    [
        ("from all lookup 220", "220", [("198.51.0.0/16", "eth0")], True),
        ("from all lookup 220", "220", [("default", "tailscale0")], True),
        ("from all lookup 220", "220", [("203.0.113.0/24", "tailscale0")], False),
        ("from all lookup 220", "220", [], False),
        ("from all lookup main", "32766", [], False),
        ("from all fwmark 0x10/0x10 lookup 220", "220", [("default", "wg0")], False),
        ("not from all fwmark 0x100000/0x100000 lookup 1", "99", [("198.51.100.0/26", "wireguard.cali")], False),
        ("from 192.0.2.1 lookup 220", "220", [], True),
        ("from 192.0.2.1 lookup 220", "220", [("198.51.100.64/26", "tunl0"), ("default", "eth0")], False),
        ("from 203.0.113.4 lookup 220", "220", [("default", "eth1")], False),
    ],
)
def test_rules_before_the_main_table(value: str, key: str, routes: list[tuple[str, str]], found: bool) -> None:
    others = [RouteRow("a.txt", 20 + n, "w-1", to, device=device, table="220") for n, (to, device) in enumerate(routes)]
    facts = facts_of(routing.rules, routes=[*OURS, *others], settings=[rule(value, key)])
    assert ("rules-pass-calico-by" in facts) is found


def test_a_cluster_without_calico_is_none_of_ours() -> None:
    others = [RouteRow("a.txt", 20, "w-1", "default", device="wg0", table="220")]
    assert facts_of(routing.rules, pods=[], routes=others, settings=[rule("from all lookup 220")]) == {}
