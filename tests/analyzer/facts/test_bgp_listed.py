from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from analyzer.facts import bgp_listed
from analyzer.facts.fact import Fact
from analyzer.tables import Tables, build
from parsers.rows import BgpRow, FileRow, ListingRow, NodeRow, PodRow, ReadinessRow, SettingRow

NOW = datetime(2026, 4, 9, 6, 0, tzinfo=UTC)
ONE, TWO, GONE = "10.154.77.11", "10.154.77.12", "10.154.77.99"
NODES = [NodeRow("nodes.txt", 2, "w1", "True", internal_ip=ONE), NodeRow("nodes.txt", 3, "w2", "True", internal_ip=TWO)]
PODS = [
    PodRow("pods.txt", number, "kube-system", f"calico-node-ab{number}cd", "calico-node", node, "Running", "1/1", ip=ip)
    for number, (node, ip) in enumerate((("w1", ONE), ("w2", TWO)), start=2)
]
NODE_LIST, POD_LIST = ListingRow("nodes.txt", 1, "Node", "", 2), ListingRow("pods.txt", 1, "Pod", "*", 4)


def facts_of(check: Callable[[Tables], Iterable[Fact]], **rows: Sequence[Any]) -> dict[str, Fact]:
    return {fact.id: fact for fact in check(build(dict(rows), NOW))}


def session(peer: str, state: str, message: str = "", protocol: str = "Mesh") -> BgpRow:
    name = f"{protocol}_{peer.replace('.', '_')}"
    return BgpRow("birdcl.txt", 7, "", "", None, name, peer, state, message, "birdcl")


def test_a_listed_session_that_is_down() -> None:
    fact = facts_of(bgp_listed.listed_down, bgp=[session(ONE, "Established"), session(TWO, "Active", "Socket: x")])
    assert fact["bgp-session-down"].detail == f"a worker has no session with {TWO}"
    assert facts_of(bgp_listed.listed_down, bgp=[session(ONE, "Established")]) == {}


@pytest.mark.parametrize(("peer", "found"), [(GONE, True), (TWO, False), ("172.17.0.1", False)])
def test_a_peer_that_no_list_has(peer: str, found: bool) -> None:
    rows = [session(ONE, "Established"), session(peer, "Active", "Socket: No route to host")]
    by_nodes = facts_of(bgp_listed.strangers_listed, bgp=rows, nodes=NODES, listings=[NODE_LIST])
    assert ("peer-not-a-worker" in by_nodes) is found
    by_pods = facts_of(bgp_listed.strangers_listed, bgp=rows, pods=PODS, listings=[POD_LIST])
    assert ("peer-without-pod" in by_pods) is found


def test_routers_and_lone_lists_tell_nothing() -> None:
    rows = [session(GONE, "Active", protocol="Global")]
    assert facts_of(bgp_listed.strangers_listed, bgp=rows, nodes=NODES, listings=[NODE_LIST]) == {}
    rows = [session(GONE, "Active")]
    assert facts_of(bgp_listed.strangers_listed, bgp=rows, pods=PODS[:1], listings=[POD_LIST]) == {}
    peer = SettingRow("peer.yaml", 5, "BGPPeer", "", "p", "spec.peerIP", GONE)
    assert facts_of(bgp_listed.strangers_listed, bgp=rows, nodes=NODES, listings=[NODE_LIST], settings=[peer]) == {}


def test_peers_missed_where_nobody_looked_further() -> None:
    complaint = [
        ReadinessRow("d.txt", 9, "calico-node-ab2cd", "w1", age_s=5, first_age_s=3600, count=120, check="bird",
                     state="not-established", peer=TWO, established_peers=3)
    ]  # fmt: skip
    log = [FileRow("calico-node.log", "log", container="calico-node")]
    assert "bgp-peers-missed" in facts_of(bgp_listed.missed, readiness=complaint, pods=PODS)
    assert facts_of(bgp_listed.missed, readiness=complaint, pods=PODS, files=log) == {}
    assert facts_of(bgp_listed.missed, readiness=complaint, pods=PODS, bgp=[session(ONE, "Established")]) == {}


THREE = [*NODES, NodeRow("nodes.txt", 4, "w3", "True", internal_ip="10.154.77.13")]


@pytest.mark.parametrize(
    ("peers", "found"),
    [((GONE, "10.9.9.9"), True), ((GONE, TWO), False), ((GONE,), False), ((GONE, "10.9.9.9", TWO), False)],
)
def test_a_mesh_whose_addresses_are_no_workers(peers: Sequence[str], found: bool) -> None:
    rows = [session(peer, "Active", "Socket: Connection refused") for peer in peers]
    facts = facts_of(bgp_listed.at_other_addresses, bgp=rows, nodes=THREE, listings=[NODE_LIST])
    assert ("mesh-at-other-addresses" in facts) is found
    assert facts_of(bgp_listed.at_other_addresses, bgp=rows, nodes=THREE) == {}


def test_listed_sessions_without_a_reason() -> None:
    rows = [session(ONE, "Established"), session(TWO, "Connect"), session(GONE, "Passive", "Passive")]
    fact = facts_of(bgp_listed.missed, bgp=rows)["bgp-peers-missed"]
    assert fact.detail == f"sessions with {TWO}, {GONE} stay down and no reason is given"
    assert facts_of(bgp_listed.missed, bgp=[*rows, session("10.9.9.9", "Active", "Socket: No route to host")]) == {}
    assert facts_of(bgp_listed.missed, bgp=rows[:1]) == {}
