from __future__ import annotations

from datetime import UTC, datetime, timedelta

from analyzer.facts import bgp_topology
from analyzer.tables import build
from parsers.rows import BgpRow, LogLineRow, NodeRow, RouteRow, SettingRow

NOW = datetime(2026, 4, 9, 6, 0, tzinfo=UTC)
POD = "calico-node-x7k2p"
OFF = ("BGPConfiguration", "default", "spec.nodeToNodeMeshEnabled", "false")


def settings(*items: tuple[str, str, str, str]) -> list[SettingRow]:
    return [SettingRow("bgp.yaml", number, kind, "", *rest) for number, (kind, *rest) in enumerate(items, 1)]


def nodes(*names: str) -> list[NodeRow]:
    return [NodeRow("nodes.txt", 1, name, "True", internal_ip=f"192.0.2.{n}") for n, name in enumerate(names, 11)]


def removed(*names: str, still: str = "", minutes: int = 60) -> list[tuple[str, int]]:
    lines = [LogLineRow("a.log", 1, POD, "", "", NOW, message="Recompute BGP peerings: BGPPeer(rr) deleted")]
    lines[0].message_ids = ("confd-recompute",)
    states = []
    for number, name in enumerate(names, 2):
        lines.append(LogLineRow("a.log", number, POD, "", "", NOW, message=f"Removing protocol {name}"))
        states.append(BgpRow("a.log", number + 9, POD, "", NOW, name, "192.0.2.1", "down"))
    if still:
        states.append(BgpRow("a.log", 30, POD, "", NOW, still, "192.0.2.9", "up"))
    tables = build({"log_lines": lines, "bgp": states}, NOW)
    tables.facts_of_files = {"a.log": {"last_time": (NOW + timedelta(minutes=minutes)).isoformat()}}
    return [(fact.id, fact.line) for fact in bgp_topology.removed(tables)]


def test_all_peers_taken_away() -> None:
    assert removed("Node_192_0_2_1", "Node_192_0_2_2") == [("bgp-peers-all-removed", 1)]
    assert removed("Mesh_192_0_2_1", "Mesh_192_0_2_2", still="Node_192_0_2_9") == []  # others in their place
    assert removed("Node_192_0_2_1") == []
    assert removed("Node_192_0_2_1", "Node_192_0_2_2", minutes=1) == []


def reflecting(*more: tuple[str, str, str, str]) -> list[str]:
    peer = ("BGPPeer", "rr", "spec.peerSelector", "has(reflector)")
    label = ("CalicoNode", "r1", "metadata.labels.reflector", "true")
    tables = build({"settings": settings(peer, label, *more)}, NOW)
    return [fact.node for fact in bgp_topology.reflectors(tables)]


def test_a_reflector_needs_a_cluster_id() -> None:
    assert reflecting(OFF) == ["r1"]
    assert reflecting(OFF, ("CalicoNode", "r1", "spec.bgp.routeReflectorClusterID", "224.0.0.1")) == []
    assert reflecting() == []  # the mesh is on


def learned(*more: tuple[str, str, str, str], via: str = "") -> list[str]:
    rows = settings(OFF, ("BGPPeer", "tor", "spec.asNumber", "65101"), *more)
    up = BgpRow("b.txt", 2, POD, "a", None, "Node_192_0_2_1", "192.0.2.1", "Established", "", "birdcl")
    route = RouteRow("r.txt", 1, "a", "198.51.100.0/26", via, proto="bird", unreachable=not via)
    tables = build({"settings": rows, "bgp": [up], "routes": [route], "nodes": nodes("a", "b", "c")}, NOW)
    return [fact.id for fact in bgp_topology.unlearned(tables)]


def test_sessions_that_bring_nothing() -> None:
    assert learned() == ["bgp-nothing-learned", "own-as-behind-routers"]
    assert learned(via="192.0.2.12") == []
    assert learned(("BGPPeer", "tor", "spec.numAllowedLocalASNumbers", "1")) == ["bgp-nothing-learned"]
    assert learned(("BGPConfiguration", "default", "spec.asNumber", "65101")) == ["bgp-nothing-learned"]


def test_a_router_with_another_number_than_its_bgppeer_says() -> None:
    line = LogLineRow("a.log", 7, POD, "", "", NOW, message="Global_192_0_2_1: Error: Bad peer AS: 4200000001")
    for number, found in (("65086", ["bgppeer-as-differs"]), ("4200000001", [])):
        rows = settings(("BGPPeer", "s", "spec.peerIP", "192.0.2.1"), ("BGPPeer", "s", "spec.asNumber", number))
        tables = build({"settings": rows, "log_lines": [line]}, NOW)
        assert [fact.id for fact in bgp_topology.peer_as(tables)] == found


def test_a_pool_that_is_kept_out_of_bgp() -> None:
    for vxlan, found in (("Never", ["pool-not-exported"]), ("Always", [])):
        rows = settings(("IPPool", "p", "spec.disableBGPExport", "true"), ("IPPool", "p", "spec.vxlanMode", vxlan))
        assert [fact.id for fact in bgp_topology.pools(build({"settings": rows}, NOW))] == found
        rows += settings(("IPPool", "p", "spec.nodeSelector", "!all()"))  # only keeps its range from being masqueraded
        assert list(bgp_topology.pools(build({"settings": rows}, NOW))) == []
