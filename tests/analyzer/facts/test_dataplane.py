from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from analyzer.facts import dataplane
from analyzer.facts.fact import Fact
from analyzer.tables import Tables, build
from parsers.rows import BgpRow, LogLineRow, PodRow, SettingRow

NOW = datetime(2026, 4, 9, 6, 0, tzinfo=UTC)


def facts_of(check: Callable[[Tables], Iterable[Fact]], **rows: Sequence[Any]) -> dict[str, Fact]:
    return {fact.id: fact for fact in reversed(list(check(build(dict(rows), NOW))))}


def line(message: str, node: str = "w-1", number: int = 8, count: int = 1, at: int = 0) -> LogLineRow:
    return LogLineRow("a.log", number, f"calico-node-{node}", node, "calico-node", NOW + timedelta(seconds=at), message=message, count=count)  # fmt: skip


def pod(name: str, node: str = "w-1", space: str = "calico-system", ready: str = "1/1", age: float = 9000) -> PodRow:
    return PodRow("pods.txt", 4, space, name, "", node, "Running", ready, age_s=age)


def test_workers_with_different_mtus() -> None:
    lines = [line("Determined pod MTU mtu=1480", node) for node in ("w-1", "w-2")]
    assert facts_of(dataplane.mtus, log_lines=lines) == {}
    found = facts_of(dataplane.mtus, log_lines=[*lines, line("Determined pod MTU mtu=8980", "w-3", 20)])
    assert (found["mtu-differs"].node, found["mtu-differs"].line) == ("w-3", 20)


def test_the_last_word_of_a_worker_counts() -> None:
    lines = [line("Determined pod MTU mtu=1440", "w-1"), line("Determined pod MTU mtu=1480", "w-1", 9)]
    assert facts_of(dataplane.mtus, log_lines=[*lines, line("Determined pod MTU mtu=1480", "w-2")]) == {}


@pytest.mark.parametrize(
    ("other", "found"),
    [("cilium-7xk2p", True), ("kube-flannel-ds-9zzpl", True), ("cilium-test-1", False), ("coredns-1", False)],
)
def test_a_second_network_plugin(other: str, found: bool) -> None:
    pods = [pod("calico-node-a"), pod(other)]
    assert ("foreign-network-agent" in facts_of(dataplane.agents, pods=pods)) is found


def test_flannel_belongs_to_canal_and_agents_without_calico_are_not_foreign() -> None:
    assert facts_of(dataplane.agents, pods=[pod("canal-a"), pod("kube-flannel-ds-9zzpl")]) == {}
    assert facts_of(dataplane.agents, pods=[pod("cilium-7xk2p")]) == {}


def test_links_that_flap() -> None:
    down = 'Linux interface state changed. ifIndex=3 ifaceName="{}" state="down"'
    assert "calico-interface-flaps" in facts_of(dataplane.links, log_lines=[line(down.format("tunl0"), count=4)])
    assert facts_of(dataplane.links, log_lines=[line(down.format("tunl0"))]) == {}
    assert "tunnel-device-flaps" in facts_of(dataplane.links, log_lines=[line(down.format("tunl0"), count=4)])
    assert set(facts_of(dataplane.links, log_lines=[line(down.format("eth0"), count=4)])) == {"calico-interface-flaps"}
    assert facts_of(dataplane.links, log_lines=[line(down.format("cali0a1b2c3d4e5"), count=9)]) == {}  # pods end


def test_sessions_that_stall() -> None:
    expired = line("Mesh_10_1_0_2: Error: Hold timer expired", count=2)
    ups = [BgpRow("a.log", n, "calico-node-w-1", "w-1", None, "Mesh_10_1_0_2", "10.1.0.2", "up") for n in (1, 5)]
    assert "connects-then-stalls" in facts_of(dataplane.stalls, log_lines=[expired], bgp=ups)
    assert facts_of(dataplane.stalls, log_lines=[expired], bgp=ups[:1]) == {}


@pytest.mark.parametrize("check", dataplane.CHECKS, ids=lambda item: item.__name__)
def test_an_empty_bundle_says_nothing(check: Callable[[Tables], Iterable[Fact]]) -> None:
    assert list(check(build({}))) == []


def added(count: int, minutes: float) -> LogLineRow:
    message = 'Syncing routes: adding new route. ifaceName="cali1a2b" targetCIDR=10.1.9.9/32'
    last = NOW + timedelta(minutes=minutes)
    return LogLineRow("a.log", 9, "p", "w-1", "calico-node", NOW, "INFO", message=message, count=count, last_time=last)


def test_a_route_that_felix_adds_again_and_again() -> None:
    assert [fact.id for fact in dataplane.routes(build({"log_lines": [added(20, 30)]}))] == ["route-added-again"]
    assert list(dataplane.routes(build({"log_lines": [added(2, 30), added(20, 1)]}))) == []


def sysctl(key: str, value: str, file: str = "s.txt") -> SettingRow:
    return SettingRow(file, 3, "Sysctl", "", "w-1", key, value)


def test_the_counter_of_connections_at_its_limit() -> None:
    full = [sysctl("net.netfilter.nf_conntrack_count", "261900"), sysctl("net.netfilter.nf_conntrack_max", "262144")]
    assert [(fact.id, fact.node) for fact in dataplane.kernel_settings(build({"settings": full}))] == [
        ("conntrack-full", "w-1")
    ]
    half = [sysctl("net.netfilter.nf_conntrack_count", "90000"), full[1]]
    elsewhere = [full[0], sysctl("net.netfilter.nf_conntrack_max", "262144", "other.txt")]
    assert list(dataplane.kernel_settings(build({"settings": half}))) == []
    assert list(dataplane.kernel_settings(build({"settings": elsewhere}))) == []
    assert (
        list(dataplane.kernel_settings(build({"settings": [full[0], sysctl("net.netfilter.nf_conntrack_max", "0")]})))
        == []
    )


def test_loose_reverse_path_filtering() -> None:
    rows = [sysctl("net.ipv4.conf.all.rp_filter", "2"), sysctl("net.ipv4.conf.lo.rp_filter", "1")]
    assert [fact.id for fact in dataplane.kernel_settings(build({"settings": rows}))] == ["rp-filter-loose"]


@pytest.mark.parametrize(
    ("name", "mtu", "found"),
    [("wireguard.cali", 1440, True), ("wireguard.cali", 1400, False), ("vxlan.calico", 1411, True),
     ("tunl0", 1440, False), ("tunl0", 1441, True), ("cali0123abcd456", 1460, False), ("cali0123abcd456", 1500, True),
     ("docker0", 1500, False)],
)  # fmt: skip
def test_a_tunnel_that_takes_more_than_the_network_carries(name: str, mtu: int, found: bool) -> None:
    rows = [
        SettingRow("l.txt", number, "Link", "", "w-1", key, value)
        for number, key, value in (
            (1, "lo.mtu", "65536"), (1, "lo.up", "true"), (2, "ens4.mtu", "1460"), (2, "ens4.up", "true"),
            (3, "ens5.mtu", "9000"), (3, "ens5.up", "false"), (4, f"{name}.mtu", str(mtu)), (4, f"{name}.up", "true"),
        )
    ]  # fmt: skip
    facts = facts_of(dataplane.link_mtus, settings=rows)
    assert ("tunnel-mtu-too-large" in facts) is found
    if found:
        assert (facts["tunnel-mtu-too-large"].line, facts["tunnel-mtu-too-large"].also) == (4, (("l.txt", 2),))
    down = [*rows[:-1], SettingRow("l.txt", 4, "Link", "", "w-1", f"{name}.up", "false")]
    assert facts_of(dataplane.link_mtus, settings=down) == {}


@pytest.mark.parametrize(("pod_mtu", "found"), [(1500, True), (1440, False)])
def test_pods_that_send_more_than_the_tunnel_takes(pod_mtu: int, found: bool) -> None:
    links = {"ens18": 1500, "vxlan.calico": 1440, "cali0f1e2d3c4b5": pod_mtu}
    rows = [
        SettingRow("l.txt", number, "Link", "", "w-1", f"{name}.{key}", value)
        for number, (name, mtu) in enumerate(links.items(), start=1)
        for key, value in (("mtu", str(mtu)), ("up", "true"))
    ]
    assert ("tunnel-mtu-too-large" in facts_of(dataplane.link_mtus, settings=rows)) is found


@pytest.mark.parametrize(
    ("ours", "theirs", "found"),
    [("legacy", "iptables", True), ("nft", "legacy", True), ("legacy", "legacy", False), ("nft", "iptables", False)],
)
def test_rules_in_tables_of_two_kinds(ours: str, theirs: str, found: bool) -> None:
    rows = [
        SettingRow("a.txt", 3, "PacketFilter", "", "w-1", f"chains.calico.{ours}", ":cali-INPUT"),
        SettingRow("b.txt", 4, "PacketFilter", "", "w-1", f"chains.kube-proxy.{theirs}", ":KUBE-SERVICES"),
    ]
    assert ("filters-of-two-kinds" in facts_of(dataplane.two_kinds, settings=rows)) is found
    assert facts_of(dataplane.two_kinds, settings=rows[:1]) == {}
    mode = (
        [line(f'Looked up iptables command backendMode="{ours}" candidates=[]string{{}}')] if ours != "iptables" else []
    )
    assert ("filters-of-two-kinds" in facts_of(dataplane.two_kinds, settings=rows[1:], log_lines=mode)) is found


def test_only_large_pings_are_lost() -> None:
    def said(number: int, message: str, name: str) -> LogLineRow:
        return LogLineRow("ping.txt", number, "", "", "", message=message, message_ids=(name,))

    small = [said(1, "ping -M do -s 1352 192.0.2.4", "ping-unfragmented"), said(2, "0% packet loss", "ping-none-lost")]
    large = [said(3, "ping -M do -s 1412 192.0.2.4", "ping-unfragmented"), said(4, "100% packet loss", "ping-all-lost")]
    assert facts_of(dataplane.pings, log_lines=[*small, *large])["large-pings-lost"].line == 4
    assert facts_of(dataplane.pings, log_lines=large) == {}  # nothing at all may come through
    swapped = [
        small[0],
        said(2, "100% packet loss", "ping-all-lost"),
        large[0],
        said(4, "0% packet loss", "ping-none-lost"),
    ]
    assert facts_of(dataplane.pings, log_lines=swapped) == {}


def links(file: str, **mtus: int) -> list[SettingRow]:
    return [
        SettingRow(file, 3 + n, "Link", "", "", f"{name.replace('_', '.')}.mtu", str(mtu))
        for n, (name, mtu) in enumerate(mtus.items())
    ]


def test_network_cards_of_workers_with_different_mtus() -> None:
    one = links("a.txt", lo=65536, ens3=1450, flannel_1=1400)
    assert facts_of(dataplane.card_mtus, settings=one + links("a.txt", lo=65536, ens3=1450, flannel_1=1400)) == {}
    found = facts_of(dataplane.card_mtus, settings=one + links("a.txt", lo=65536, ens3=1500, flannel_1=1450))
    assert "host-mtu-differs" in found
    assert facts_of(dataplane.card_mtus, settings=one + links("pod.txt", lo=65536, ens3=1400)) == {}  # in a pod


@pytest.mark.parametrize(
    ("more", "found"),
    [
        ({"docker0": 1500, "veth0a1b2c3": 1500}, True),
        ({"docker0": 1450, "veth0a1b2c3": 1450}, False),
        ({"docker0": 1500}, False),  # nothing hangs on the bridge
        ({"docker0": 1500, "veth0a1b2c3": 1500, "cali0123456789a": 1450}, False),  # a worker
    ],
)
def test_a_bridge_inside_a_pod(more: dict[str, int], found: bool) -> None:
    rows = []
    for n, (name, size) in enumerate({"eth0": 1450, **more}.items(), start=2):
        rows.append(SettingRow("pod.txt", n, "Link", "", "", f"{name}.mtu", str(size)))
        rows.append(SettingRow("pod.txt", n, "Link", "", "", f"{name}.up", "true"))
    facts = list(dataplane.bridges_in_pods(build({"settings": rows}, None)))
    assert [(fact.id, fact.line) for fact in facts] == ([("bridge-above-pod-mtu", 3)] if found else [])
