from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from analyzer.facts import bgp, bgp_addresses, bgp_groups, bgp_resources
from analyzer.facts.fact import Fact
from analyzer.facts.sessions import is_local_address
from analyzer.tables import Tables, build
from parsers.rows import (
    BgpRow,
    ContainerRow,
    ListingRow,
    LogLineRow,
    NodeConditionRow,
    NodeRow,
    PodRow,
    ReadinessRow,
    SettingRow,
)

NOW = datetime(2026, 4, 9, 6, 0, tzinfo=UTC)
SELF, NEAR, FAR, FARTHER = "10.154.77.11", "10.154.77.12", "10.155.8.21", "10.155.8.22"
LIST = ListingRow("nodes.txt", 1, "Node", "", 4)
POD_LIST = ListingRow("pods.txt", 1, "Pod", "*", 4)


def facts_of(check: Callable[[Tables], Iterable[Fact]], **rows: Sequence[Any]) -> dict[str, Fact]:
    return {fact.id: fact for fact in reversed(list(check(build(dict(rows), NOW))))}


def worker(address: str, status: str = "True", zone: str = "", line: int = 2, **more: Any) -> NodeRow:
    return NodeRow("nodes.txt", line, address, status, zone=zone, internal_ip=more.pop("ip", address), **more)


def workers(*addresses: str) -> list[NodeRow]:
    return [worker(address, line=number + 2) for number, address in enumerate(addresses)]


def agent(address: str, ready: str = "1/1", status: str = "Running", space: str = "calico-system", age: float | None = None) -> PodRow:  # fmt: skip
    name = "calico-node-" + address.replace(".", "")[-5:]
    return PodRow("pods.txt", 3, space, name, "calico-node", address, status, ready, ip=address, age_s=age)


def misses(
    node: str, *peers: str, established: int | None = 0, first: float = 3600, age: float = 5
) -> list[ReadinessRow]:
    name = "calico-node-" + node.replace(".", "")[-5:]
    return [
        ReadinessRow("describe.txt", 80 + number, name, node, age_s=age, first_age_s=first, count=120, check="bird",
                     state="not-established", peer=peer, established_peers=established)
        for number, peer in enumerate(peers)
    ]  # fmt: skip


def session(node: str, peer: str, info: str, state: str = "") -> BgpRow:
    protocol = "Mesh_" + peer.replace(".", "_")
    return BgpRow("birdcl.txt", 4, "", node, None, protocol, peer, state, info, "birdcl")


# --- who misses whom -----------------------------------------------------------------------------
def test_a_lasting_complaint_without_a_session_is_about_the_one_who_complains() -> None:
    fact = facts_of(bgp.zero, readiness=misses(SELF, NEAR, FAR))["bgp-zero-sessions"]
    assert (fact.node, fact.file, fact.line, fact.when) == (SELF, "describe.txt", 80, 3600)
    assert NEAR in fact.detail and FAR in fact.detail


@pytest.mark.parametrize(
    "rows",
    [
        misses(SELF, NEAR, first=20),  # the first half minute: every peer counts
        misses(SELF, NEAR, established=3),
    ],
)
def test_a_start_or_a_single_missing_peer_is_not_zero(rows: list[ReadinessRow]) -> None:
    if rows[0].first_age_s == 20:
        rows[0].count = 2
    assert facts_of(bgp.zero, readiness=rows) == {}


def test_a_list_of_events_without_counts() -> None:
    once = misses(SELF, NEAR, first=130, age=130)
    for row in once:
        row.count = 1
    started_long_ago = agent(SELF, "0/1", age=9000.0)
    started_long_ago.restarts = 0
    assert "bgp-zero-sessions" in facts_of(bgp.zero, readiness=once, pods=[started_long_ago])
    just_started = agent(SELF, "0/1", age=150.0)
    just_started.restarts = 0
    assert facts_of(bgp.zero, readiness=once, pods=[just_started]) == {}
    assert facts_of(bgp.zero, readiness=once) == {}


def test_a_complaint_of_a_pod_that_is_ready_again_is_history() -> None:
    rows = misses(SELF, NEAR, first=9000, age=7000)
    assert facts_of(bgp.zero, readiness=rows, pods=[agent(SELF)]) == {}


def test_the_missed_peer_is_a_lost_worker() -> None:
    fact = facts_of(
        bgp.missed_peers, readiness=misses(SELF, NEAR, established=2), nodes=[worker(SELF), worker(NEAR, "Unknown")]
    )
    assert set(fact) == {"peer-worker-not-ready", "all-missed-peers-down"}
    assert fact["peer-worker-not-ready"].node == NEAR


def test_notready_only_for_its_network_plugin_is_no_lost_worker() -> None:
    condition = NodeConditionRow("n.txt", 30, NEAR, "Ready", "False", reason="KubeletNotReady", message="container runtime network not ready: NetworkReady=false")  # fmt: skip
    found = facts_of(
        bgp.missed_peers,
        readiness=misses(SELF, NEAR, established=2),
        nodes=[worker(SELF), worker(NEAR, "False")],
        node_conditions=[condition],
        pods=[agent(SELF, "0/1"), agent(NEAR, "0/1", "CrashLoopBackOff")],
    )
    assert "peer-worker-not-ready" not in found
    assert found["peer-calico-not-running"].node == NEAR


@pytest.mark.parametrize("status", ["CrashLoopBackOff", "Init:0/3", "Pending", "ImagePullBackOff"])
def test_the_missed_peers_calico_node_does_not_run(status: str) -> None:
    found = facts_of(
        bgp.missed_peers,
        readiness=misses(SELF, NEAR, established=1),
        nodes=workers(SELF, NEAR, FAR),
        pods=[agent(SELF), agent(NEAR, "0/1", status), agent(FAR)],
    )
    assert status in found["peer-calico-not-running"].detail
    assert "missed-peers-healthy" not in found


def test_the_missed_peer_has_no_calico_node_pod() -> None:
    rows: dict[str, list[Any]] = {
        "readiness": misses(SELF, NEAR),
        "nodes": workers(SELF, NEAR),
        "pods": [agent(SELF, "0/1")],
    }
    assert "peer-calico-not-running" not in facts_of(bgp.missed_peers, **rows)  # the list of pods may be cut
    found = facts_of(bgp.missed_peers, **rows, listings=[POD_LIST])
    assert "no calico-node pod" in found["peer-calico-not-running"].detail


def test_a_peer_that_is_only_unready_for_want_of_sessions_runs() -> None:
    found = facts_of(
        bgp.missed_peers,
        readiness=[*misses(SELF, NEAR), *misses(NEAR, SELF)],
        nodes=workers(SELF, NEAR),
        pods=[agent(SELF, "0/1"), agent(NEAR, "0/1")],
    )
    assert "peer-calico-not-running" not in found and "all-missed-peers-down" not in found


def test_a_peer_that_no_worker_has() -> None:
    rows: dict[str, list[Any]] = {
        "readiness": misses(SELF, "10.154.77.99", established=3),
        "nodes": workers(SELF, NEAR),
    }
    assert facts_of(bgp.missed_peers, **rows) == {}  # the list of workers may be cut
    found = facts_of(bgp.missed_peers, **rows, listings=[LIST])
    assert "10.154.77.99" in found["peer-not-a-worker"].detail


def test_a_peer_known_by_its_hosts_pod_is_a_worker() -> None:
    pods = [agent(SELF), PodRow("pods.txt", 4, "calico-system", "calico-node-q7q7q", "calico-node", "w-2", ready="1/1", ip="10.154.77.99")]  # fmt: skip
    found = facts_of(
        bgp.missed_peers,
        readiness=misses(SELF, "10.154.77.99"),
        nodes=[worker(SELF), worker("w-2", ip="")],
        pods=pods,
        listings=[LIST],
    )
    assert "peer-not-a-worker" not in found and "missed-peers-healthy" in found


def test_a_peer_on_a_bridge_address() -> None:
    found = facts_of(bgp.missed_peers, readiness=misses(SELF, "172.17.0.1"), nodes=workers(SELF), listings=[LIST])
    assert set(found) == {"peer-is-bridge-address", "all-missed-peers-down"}


def test_several_miss_one_peer() -> None:
    rows = [*misses(SELF, FAR, established=1), *misses(NEAR, FAR, established=1)]
    fact = facts_of(bgp.columns, readiness=rows, nodes=workers(SELF, NEAR, FAR))["bgp-one-column"]
    assert fact.node == FAR and fact.also
    assert facts_of(bgp.columns, readiness=[*rows, *misses(FAR, SELF)], nodes=workers(SELF, NEAR, FAR)) == {}


def test_one_worker_is_cut_off_from_peers_that_have_each_other() -> None:
    pods = [agent(SELF, "0/1"), agent(NEAR), agent(FAR)]
    found = facts_of(bgp.columns, readiness=misses(SELF, NEAR, FAR), nodes=workers(SELF, NEAR, FAR), pods=pods)
    assert found["bgp-one-worker-cut-off"].node == SELF
    pods[1] = agent(NEAR, "0/1")
    assert facts_of(bgp.columns, readiness=misses(SELF, NEAR, FAR), nodes=workers(SELF, NEAR, FAR), pods=pods) == {}


def test_live_workers_of_one_subnet_miss_each_other() -> None:
    third = "10.154.77.13"
    nodes = workers(SELF, NEAR, third)
    pods = [agent(name, "0/1") for name in (SELF, NEAR, third)]
    rows: dict[str, list[Any]] = {"readiness": misses(SELF, NEAR, third), "nodes": nodes, "pods": pods}
    found = facts_of(bgp.within_subnet, **rows)
    assert SELF in found["bgp-blocked-within-subnet"].detail
    rows["nodes"] = [worker(SELF), worker(NEAR, "Unknown"), worker(third, "Unknown")]
    assert facts_of(bgp.within_subnet, **rows) == {}  # they are down
    rows["nodes"], rows["pods"] = nodes, [agent(SELF, "0/1"), agent(NEAR), agent(third)]
    assert facts_of(bgp.within_subnet, **rows) == {}  # one worker alone


# --- reasons of sessions -------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("info", "expected"),
    [
        ("Connect", {"bgp-connect-silent"}),
        ("Active Socket: Connection refused", {"bgp-refused-by-healthy-peer"}),
        ("Active        Socket: No route to host", {"bgp-refused-by-healthy-peer"}),
        ("Established", set()),
        ("Active", set()),
    ],
)
def test_reasons_against_a_running_peer(info: str, expected: set[str]) -> None:
    state = info.split()[0]
    rows: dict[str, list[Any]] = {
        "bgp": [session(SELF, NEAR, info, state)],
        "nodes": workers(SELF, NEAR),
        "pods": [agent(NEAR)],
    }
    assert set(facts_of(bgp.reasons, **rows)) == expected
    rows["pods"] = [agent(NEAR, "0/1", "CrashLoopBackOff")]
    assert facts_of(bgp.reasons, **rows) == {}


@pytest.mark.parametrize("message", ["Socket: Connection refused", "Active Socket: Connection refused"])
def test_birdcl_and_calicoctl_tell_the_reason_alike(message: str) -> None:
    rows = [session(SELF, NEAR, message, "Active")]
    assert "bgp-refused-by-healthy-peer" in facts_of(
        bgp.reasons, bgp=rows, nodes=workers(SELF, NEAR), pods=[agent(NEAR)]
    )


def test_both_ends_wait() -> None:
    rows = [session(SELF, NEAR, "", "Passive"), session(NEAR, SELF, "", "Passive")]
    assert "bgp-both-passive" in facts_of(bgp.reasons, bgp=rows, nodes=workers(SELF, NEAR))
    assert facts_of(bgp.reasons, bgp=rows[:1], nodes=workers(SELF, NEAR)) == {}  # one end is passive in any mesh


def test_sessions_that_bounce() -> None:
    ups = [BgpRow("a.log", number, "p", SELF, None, "Mesh_1", NEAR, "up") for number in range(5)]
    assert facts_of(bgp.bounces, bgp=ups)["bgp-sessions-bounce"].node == SELF
    assert facts_of(bgp.bounces, bgp=ups[:2]) == {}


def bird_down(**more: Any) -> ReadinessRow:
    return ReadinessRow("d.txt", 9, "calico-node-57711", SELF, age_s=4, first_age_s=more.pop("first", 1800), count=90, check="bird", state="socket-error")  # fmt: skip


def log(*ids: str, message: str = "x", **more: Any) -> LogLineRow:
    return LogLineRow("a.log", more.pop("line", 5), "calico-node-57711", SELF, "calico-node", message=message, message_ids=ids, **more)  # fmt: skip


def test_bird_alone_is_down_and_nothing_says_why() -> None:
    pods = [PodRow("pods.txt", 2, "", "calico-node-57711", "calico-node", SELF, "Running", "0/1"), agent(NEAR)]
    rows: dict[str, list[Any]] = {
        "readiness": [bird_down()],
        "pods": pods,
        "log_lines": [log("startup-started", component="startup")],
    }
    assert set(facts_of(bgp.bird, **rows)) == {"bird-down-lasting", "bird-down-alone"}
    rows["log_lines"] = [log("typha-none-ready")]
    assert set(facts_of(bgp.bird, **rows)) == {"bird-down-lasting"}
    rows["log_lines"] = []
    assert set(facts_of(bgp.bird, **rows)) == {"bird-down-lasting"}  # no log, no word on the reason
    pods[0].ready = "1/1"
    assert facts_of(bgp.bird, **rows) == {}


def test_bird_ends_with_a_container_that_crashes_and_without_a_log_nothing_is_known() -> None:
    pods = [PodRow("pods.txt", 2, "", "calico-node-57711", "calico-node", SELF, "CrashLoopBackOff", "0/1"), agent(NEAR)]
    rows: dict[str, list[Any]] = {"readiness": [bird_down()], "pods": pods}
    lines = [log("startup-started", component="startup")]
    assert set(facts_of(bgp.bird, **rows, log_lines=lines)) == {"bird-down-lasting"}
    pods[0].phase = "Running"
    refusal = [log(message="unable to retrieve container logs for containerd://1234")]
    assert set(facts_of(bgp.bird, **rows, log_lines=refusal)) == {"bird-down-lasting"}


def test_all_calico_nodes_are_ready() -> None:
    assert "calico-nodes-all-ready" in facts_of(bgp.all_ready, pods=[agent(SELF), agent(NEAR)])
    assert facts_of(bgp.all_ready, pods=[agent(SELF), agent(NEAR, "0/1")]) == {}
    assert facts_of(bgp.all_ready) == {}


# --- groups --------------------------------------------------------------------------------------
FOUR = [SELF, NEAR, FAR, FARTHER]


def test_exactly_the_other_subnet_is_missed_from_both_sides() -> None:
    rows = [*misses(SELF, FAR, FARTHER, established=1), *misses(FAR, SELF, NEAR, established=1)]
    found = facts_of(bgp_groups.split, readiness=rows, nodes=workers(*FOUR))
    assert set(found) == {"bgp-split-by-subnet", "bgp-split-both-sides"}
    assert "network 10.155.8.0/24" in found["bgp-split-by-subnet"].detail


def test_one_side_is_enough_for_the_split_alone() -> None:
    found = facts_of(bgp_groups.split, readiness=misses(SELF, FAR, FARTHER, established=1), nodes=workers(*FOUR))
    assert set(found) == {"bgp-split-by-subnet"}


@pytest.mark.parametrize(
    "peers",
    [(NEAR, FAR, FARTHER), (FAR,), (NEAR,)],
    ids=["own subnet too", "half of the other", "own only"],
)
def test_other_sets_are_no_split(peers: tuple[str, ...]) -> None:
    assert facts_of(bgp_groups.split, readiness=misses(SELF, *peers, established=1), nodes=workers(*FOUR)) == {}


def test_dead_workers_of_another_subnet_are_no_split() -> None:
    nodes = [worker(SELF), worker(NEAR), worker(FAR, "Unknown"), worker(FARTHER, "Unknown")]
    assert facts_of(bgp_groups.split, readiness=misses(SELF, FAR, FARTHER, established=1), nodes=nodes) == {}


def test_zones_tell_it_where_subnets_do_not() -> None:
    a, b, c, d = "10.1.0.1", "10.1.0.2", "10.1.0.3", "10.1.0.4"
    nodes = [worker(a, zone="z1"), worker(b, zone="z1"), worker(c, zone="z2"), worker(d, zone="z2")]
    assert set(facts_of(bgp_groups.split, readiness=misses(a, c, d, established=1), nodes=nodes)) == {
        "bgp-split-by-zone"
    }


def test_one_subnet_only() -> None:
    assert "single-subnet" in facts_of(bgp_groups.subnets, nodes=workers(SELF, NEAR))
    assert facts_of(bgp_groups.subnets, nodes=workers(*FOUR)) == {}
    assert facts_of(bgp_groups.subnets, nodes=workers(SELF)) == {}


def test_the_workers_without_a_session_are_those_of_one_subnet() -> None:
    pods = [agent(SELF), agent(NEAR), agent(FAR, "0/1"), agent(FARTHER, "0/1")]
    found = facts_of(bgp_groups.bad_subnet, readiness=misses(FAR, *FOUR[:2], FARTHER), nodes=workers(*FOUR), pods=pods)
    assert "10.155.8.0/24" in found["bgp-bad-subnet-only"].detail
    pods[1] = agent(NEAR, "0/1")
    assert facts_of(bgp_groups.bad_subnet, readiness=misses(FAR, *FOUR[:2]), nodes=workers(*FOUR), pods=pods) == {}


def test_calico_nodes_of_two_generations_miss_each_other() -> None:
    ages = {SELF: 600.0, NEAR: 700.0, FAR: 90000.0, FARTHER: 91000.0}
    pods = [agent(name, age=age) for name, age in ages.items()]
    found = facts_of(bgp_groups.restarts, readiness=misses(SELF, FAR, FARTHER, established=1), pods=pods)
    assert FAR in found["bgp-split-by-restart"].detail
    assert facts_of(bgp_groups.restarts, readiness=misses(SELF, NEAR, FAR, established=1), pods=pods) == {}


@pytest.mark.parametrize(("values", "off"), [(["false"], True), (["true"], False), (["false", "true"], False)])
def test_vlan_spanning_and_vrf(values: list[str], off: bool) -> None:
    keys = ["VLAN Spanning", "VRF Enabled"]
    rows = [SettingRow("acc.txt", n, "Account", "", "", key, value) for n, (key, value) in enumerate(zip(keys, values, strict=False))]  # fmt: skip
    assert ("vlan-spanning-off" in facts_of(bgp_groups.spanning, settings=rows)) is off


# --- addresses -----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "address",
    ["172.17.0.1", "172.18.0.1/16", "192.168.122.1", "169.254.3.4", "127.0.0.1", "10.88.0.1", "10.0.2.15"],
)
def test_addresses_of_local_bridges(address: str) -> None:
    assert is_local_address(address)


@pytest.mark.parametrize("address", ["172.17.0.2", "10.94.227.11/26", "172.32.0.1", "172.17.4.1", "", "not an address"])
def test_other_addresses(address: str) -> None:
    assert not is_local_address(address)


def test_the_announced_address_is_a_bridges() -> None:
    line = log(message="Using autodetected IPv4 address on interface br-0c91f3aa7d22: 172.19.0.1/16")
    fact = facts_of(bgp_addresses.announced, log_lines=[line], nodes=workers(SELF, NEAR))["node-ip-on-bridge"]
    assert fact.node == SELF and SELF in fact.detail


def test_a_peer_on_a_bridge_address_in_a_file_of_nobody() -> None:
    row = BgpRow("status.txt", 7, "", "", None, "node-to-node mesh", "172.21.0.1", "Active", "Active", "node-status")
    fact = facts_of(bgp_addresses.peers_at_bridges, bgp=[row])["peer-is-bridge-address"]
    assert (fact.file, fact.line, fact.node) == ("status.txt", 7, "")
    assert facts_of(bgp_addresses.peers_at_bridges, bgp=[row], nodes=workers("172.21.0.1")) == {}
    row.state, row.peer = "Active", NEAR
    assert facts_of(bgp_addresses.peers_at_bridges, bgp=[row]) == {}


def named(pod: str, name: str, address: str) -> list[LogLineRow]:
    texts = f"Determined node name: {name}", f"Using autodetected IPv4 address on interface eth0: {address}/24"
    return [
        LogLineRow(f"{pod}.log", line, pod, "", "calico-node", message=words) for line, words in enumerate(texts, 1)
    ]


def test_two_calico_nodes_with_one_name() -> None:
    lines = named("calico-node-a", "localhost", SELF) + named("calico-node-b", "localhost", NEAR)
    fact = facts_of(bgp_addresses.names_used_twice, log_lines=lines)["node-name-used-twice"]
    assert (fact.file, fact.line, fact.also) == ("calico-node-b.log", 1, (("calico-node-a.log", 1),))
    same = named("calico-node-a", "w1", SELF) + named("calico-node-b", "w1", SELF)  # one node, its pod was replaced
    assert facts_of(bgp_addresses.names_used_twice, log_lines=same) == {}
    two = named("calico-node-a", "w1", SELF) + named("calico-node-b", "w2", NEAR)
    assert facts_of(bgp_addresses.names_used_twice, log_lines=two) == {}


def test_two_workers_share_an_address_that_is_nobodys_own() -> None:
    nodes = [worker(SELF, calico_ip="203.0.113.7/24"), worker(NEAR, calico_ip="203.0.113.7/24")]
    assert set(facts_of(bgp_addresses.duplicates, nodes=nodes)) == {"duplicate-calico-ip-on-bridge"}
    nodes = [worker(SELF, calico_ip=f"{SELF}/24"), worker(NEAR, calico_ip=f"{SELF}/24")]
    assert set(facts_of(bgp_addresses.duplicates, nodes=nodes)) == {"duplicate-calico-ip"}


def test_one_announced_address_differs() -> None:
    nodes = [
        worker(SELF, calico_ip=f"{SELF}/26"),
        worker(NEAR, calico_ip=f"{NEAR}/26"),
        worker(FAR, calico_ip="203.0.113.7/24"),
    ]
    assert facts_of(bgp_addresses.announced, nodes=nodes)["node-ip-differs"].node == FAR
    nodes[2] = worker(FAR, calico_ip=f"{FAR}/26")
    assert set(facts_of(bgp_addresses.announced, nodes=nodes)) == {"node-ips-equal"}


def test_a_second_network_that_all_workers_use_is_no_fault() -> None:
    nodes = [worker(address, calico_ip=f"192.0.2.{number}/24") for number, address in enumerate(FOUR, 1)]
    assert facts_of(bgp_addresses.announced, nodes=nodes) == {}


def test_a_worker_connects_from_an_address_that_is_no_peer() -> None:
    rows = [BgpRow("a.log", number, "p", SELF, None, "BGP", NEAR, "unexpected-connect") for number in range(4)]
    assert (
        facts_of(bgp_addresses.unexpected, bgp=rows, nodes=workers(SELF, NEAR))["unexpected-connect-from-worker"].node
        == NEAR
    )
    assert facts_of(bgp_addresses.unexpected, bgp=rows[:1], nodes=workers(SELF, NEAR)) == {}  # while peers are rendered
    assert facts_of(bgp_addresses.unexpected, bgp=rows, nodes=workers(SELF)) == {}


def test_a_peer_is_missing_and_a_stranger_calls() -> None:
    rows = [
        BgpRow("a.log", number, "p", SELF, None, "BGP", "10.154.77.66", "unexpected-connect") for number in range(6)
    ]
    found = facts_of(
        bgp_addresses.strangers, bgp=rows, readiness=misses(SELF, NEAR, established=2), nodes=workers(SELF, NEAR)
    )
    assert "10.154.77.66" in found["unexpected-connect-instead-of-peer"].detail
    assert facts_of(bgp_addresses.strangers, bgp=rows, nodes=workers(SELF, NEAR)) == {}  # nobody is missing
    assert (
        facts_of(bgp_addresses.strangers, bgp=rows[:2], readiness=misses(SELF, NEAR), nodes=workers(SELF, NEAR)) == {}
    )


def test_shared_addresses() -> None:
    nodes = [worker(SELF, calico_ip="10.154.77.11/26"), worker(NEAR, calico_ip="10.154.77.11/26")]
    assert set(facts_of(bgp_addresses.duplicates, nodes=nodes)) == {"duplicate-calico-ip"}
    nodes = [worker(SELF, calico_ip="172.17.0.1/16"), worker(NEAR, calico_ip="172.17.0.1/16")]
    assert set(facts_of(bgp_addresses.duplicates, nodes=nodes)) == {"duplicate-calico-ip-on-bridge"}
    nodes = [worker("w-1", ip=SELF), worker("w-2", ip=SELF)]
    assert set(facts_of(bgp_addresses.duplicates, nodes=nodes)) == {"duplicate-worker"}


def test_an_address_that_changes_to_and_fro() -> None:
    words = 'IPv4 address has changed. This could happen if there are multiple nodes with the same name. node="w" original="{}" updated="{}"'  # fmt: skip
    there, back = log(message=words.format(SELF, NEAR)), log(message=words.format(NEAR, SELF))
    assert "node-address-alternates" in facts_of(bgp_addresses.alternating, log_lines=[there, back])
    assert facts_of(bgp_addresses.alternating, log_lines=[there]) == {}


def moved(name: str, old: str, new: str) -> LogLineRow:
    row = log(message=f'IPv4 address has changed. node="{name}" original="{old}" updated="{new}"')
    row.fields = {"node": f'"{name}"'}
    return row


def test_a_machine_that_takes_the_name_of_another() -> None:
    found = facts_of(bgp_addresses.names_of_others, log_lines=[moved(SELF, SELF, NEAR)], nodes=workers(SELF, NEAR))
    assert found["node-name-of-another-worker"].node == NEAR
    new_address = [moved(SELF, SELF, "10.154.77.40")]
    assert facts_of(bgp_addresses.names_of_others, log_lines=new_address, nodes=workers(SELF, NEAR)) == {}


def test_two_machines_move_one_name_to_and_fro() -> None:
    lines = [moved("ubuntu", SELF, NEAR), moved("ubuntu", NEAR, SELF)]
    lines[0].node, lines[1].node = SELF, NEAR
    assert facts_of(bgp_addresses.alternating, log_lines=lines)["node-address-alternates"].node == ""


def test_two_bgppeers_make_both_ends_passive() -> None:
    def peer(name: str, node: str, address: str, passive: str = "true") -> list[SettingRow]:
        values = {"spec.node": node, "spec.peerIP": address, "spec.passiveMode": passive}
        return [SettingRow("p.yaml", 9, "BGPPeer", "", name, key, value) for key, value in values.items()]

    both = peer("a", SELF, NEAR) + peer("b", NEAR, SELF)
    assert facts_of(bgp_resources.passive, settings=both, nodes=workers(SELF, NEAR))["bgp-both-passive"].node == NEAR
    one = peer("a", SELF, NEAR) + peer("b", NEAR, SELF, "false")
    assert facts_of(bgp_resources.passive, settings=one, nodes=workers(SELF, NEAR)) == {}


def calico_node(name: str, key: str = "ipv4", value: str = "") -> SettingRow:
    return SettingRow("calicoctl.txt", 3, "CalicoNode", "", name, key, value or f"{name}/26")


def test_calicos_list_has_more_than_the_cluster() -> None:
    settings = [calico_node(SELF), calico_node("10.154.77.99")]
    found = facts_of(bgp_addresses.stale, settings=settings, nodes=workers(SELF, NEAR), listings=[LIST])
    assert "10.154.77.99" in found["stale-calico-node"].detail
    assert facts_of(bgp_addresses.stale, settings=settings, nodes=workers(SELF, NEAR)) == {}


def test_the_address_belongs_to_a_node_that_is_gone() -> None:
    line = log("ip-conflict", message="Calico node 'w-old' is already using the IPv4 address 10.154.77.11.")
    found = facts_of(bgp_addresses.stale, log_lines=[line], nodes=workers(SELF), listings=[LIST])
    assert found["ip-conflict-with-gone-node"].detail.startswith("10.154.77.11 is taken by the Calico node w-old")
    line = log("ip-conflict", message=f"Calico node '{NEAR}' is already using the IPv4 address 10.154.77.11.")
    assert facts_of(bgp_addresses.stale, log_lines=[line], nodes=workers(SELF, NEAR), listings=[LIST]) == {}


def test_as_numbers() -> None:
    same = [calico_node(SELF, "asn", "(64512)"), calico_node(NEAR, "asn", "64512")]
    assert facts_of(bgp_addresses.as_numbers, settings=same) == {}
    differ = [calico_node(SELF, "asn", "(64512)"), calico_node(NEAR, "asn", "65001")]
    assert facts_of(bgp_addresses.as_numbers, settings=differ)["as-numbers-differ"].node == NEAR


# --- resources -----------------------------------------------------------------------------------
def setting(kind: str, key: str, value: str, name: str = "default", space: str = "") -> SettingRow:
    return SettingRow("all.txt", 7, kind, space, name, key, value)


REFERRED = setting("BGPConfiguration", "spec.nodeMeshPassword.secretKeyRef.name", "calico-bgp-password")
SECRETS = [ListingRow("all.txt", 1, "Secret", "*", 3)]


def secret(space: str) -> SettingRow:
    return setting("Secret", "", "", "calico-bgp-password", space)


def test_the_secret_stayed_in_kube_system() -> None:
    rows: dict[str, list[Any]] = {
        "settings": [REFERRED, secret("kube-system")],
        "pods": [agent(SELF)],
        "listings": SECRETS,
    }
    assert set(facts_of(bgp_resources.secret, **rows)) == {"bgp-secret-only-in-kube-system"}
    rows["settings"].append(secret("calico-system"))
    assert set(facts_of(bgp_resources.secret, **rows)) == {"bgp-secret-present"}


def test_the_secret_in_kube_system_is_right_before_the_migration() -> None:
    rows: dict[str, list[Any]] = {
        "settings": [secret("kube-system")],
        "pods": [agent(SELF, space="kube-system")],
        "listings": SECRETS,
    }
    assert set(facts_of(bgp_resources.secret, **rows)) == {"bgp-secret-present"}


def test_a_list_of_the_other_namespace_only_proves_nothing() -> None:
    rows: dict[str, list[Any]] = {"settings": [REFERRED, secret("kube-system")], "pods": [agent(SELF)]}
    assert facts_of(bgp_resources.secret, **rows, listings=[ListingRow("s.txt", 1, "Secret", "kube-system", 1)]) == {}


def test_the_secret_is_nowhere() -> None:
    found = facts_of(bgp_resources.secret, settings=[REFERRED], pods=[agent(SELF)], listings=SECRETS)
    assert set(found) == {"bgp-secret-nowhere"}
    assert facts_of(bgp_resources.secret, settings=[REFERRED], pods=[agent(SELF)]) == {}


def test_kubectl_does_not_find_the_secret() -> None:
    denial = 'Error from server (NotFound): secrets "calico-bgp-password" not found'
    asked = [LogLineRow("s.txt", 2, "", "", "", message=denial, namespace="calico-system")]
    given: dict[str, list[Any]] = {"pods": [agent(SELF)], "log_lines": asked}
    found = facts_of(bgp_resources.secret, settings=[REFERRED, secret("kube-system")], **given)
    assert (found["bgp-secret-only-in-kube-system"].file, found["bgp-secret-only-in-kube-system"].line) == ("s.txt", 2)
    assert set(facts_of(bgp_resources.secret, settings=[REFERRED], **given)) == {"bgp-secret-nowhere"}
    assert facts_of(bgp_resources.secret, settings=[], **given) == {}  # nobody wants it
    asked[0].namespace = "kube-system"
    assert facts_of(bgp_resources.secret, settings=[REFERRED], **given) == {}  # calico-node runs elsewhere
    asked[0].namespace = ""
    assert set(facts_of(bgp_resources.secret, settings=[REFERRED], **given)) == {"bgp-secret-nowhere"}


def test_no_role_names_the_secret() -> None:
    rule = setting("Role", "rules.0.resourceNames.0", "other", "reader", "calico-system")
    rows: dict[str, list[Any]] = {"settings": [REFERRED, secret("calico-system"), rule], "pods": [agent(SELF)]}
    listings = [*SECRETS, ListingRow("all.txt", 1, "Role", "calico-system", 1)]
    assert "bgp-secret-no-role" in facts_of(bgp_resources.secret, **rows, listings=listings)
    rule.value = "calico-bgp-password"
    assert "bgp-secret-no-role" not in facts_of(bgp_resources.secret, **rows, listings=listings)


def test_no_password_is_configured() -> None:
    mesh = setting("BGPConfiguration", "spec.nodeToNodeMeshEnabled", "true")
    assert "bgp-without-password" in facts_of(bgp_resources.password, settings=[mesh])
    assert facts_of(bgp_resources.password, settings=[mesh, REFERRED]) == {}
    assert (
        facts_of(bgp_resources.password, settings=[mesh, setting("BGPPeer", "spec.password.secretKeyRef.name", "x")])
        == {}
    )
    assert facts_of(bgp_resources.password) == {}


def test_running_peers_are_silent_and_a_password_is_set() -> None:
    rows: dict[str, list[Any]] = {
        "bgp": [session(SELF, NEAR, "", "Connect")],
        "nodes": workers(SELF, NEAR),
        "pods": [agent(NEAR)],
    }
    assert "bgp-silent-despite-password" in facts_of(bgp_resources.silent, **rows, settings=[REFERRED])
    assert facts_of(bgp_resources.silent, **rows) == {}
    rows["bgp"] = [session(SELF, NEAR, "Socket: Connection refused", "Active")]
    assert facts_of(bgp_resources.silent, **rows, settings=[REFERRED]) == {}


def test_the_first_migrated_calico_node_has_no_session() -> None:
    pods = [agent(SELF, "0/1"), agent(NEAR, space="kube-system"), agent(FAR, space="kube-system")]
    assert (
        facts_of(bgp_resources.migrated, readiness=misses(SELF, NEAR, FAR), pods=pods)["migrated-without-sessions"].node
        == SELF
    )
    pods[1] = agent(NEAR, "0/1", space="kube-system")
    assert facts_of(bgp_resources.migrated, readiness=misses(SELF, NEAR, FAR), pods=pods) == {}


def test_mesh_off_and_no_peers() -> None:
    off = setting("BGPConfiguration", "spec.nodeToNodeMeshEnabled", "false")
    none = [ListingRow("all.txt", 9, "BGPPeer", "", 0)]
    assert "mesh-disabled-without-peers" in facts_of(bgp_resources.mesh, settings=[off], listings=none)
    assert facts_of(bgp_resources.mesh, settings=[off]) == {}  # the peers were not asked for
    peer = setting("BGPPeer", "spec.asNumber", "64512", "tor")
    assert facts_of(bgp_resources.mesh, settings=[off, peer], listings=none) == {}


def test_a_peers_selector_that_matches_nobody() -> None:
    nodes = [worker(SELF, labels={"rack": "a"}), worker(NEAR, labels={"rack": "b"})]
    wrong = setting("BGPPeer", "spec.nodeSelector", "rack == 'c'", "tor")
    assert "bgppeer-selects-nothing" in facts_of(
        bgp_resources.selectors, settings=[wrong], nodes=nodes, listings=[LIST]
    )
    reflectors = setting("BGPPeer", "spec.peerSelector", "route-reflector == 'true'", "tor")
    assert "bgppeer-selects-nothing" in facts_of(
        bgp_resources.selectors, settings=[reflectors], nodes=nodes, listings=[LIST]
    )
    for selector in ("rack == 'a'", "all()", "rack in {'c', 'd'}"):
        row = setting("BGPPeer", "spec.nodeSelector", selector, "tor")
        assert facts_of(bgp_resources.selectors, settings=[row], nodes=nodes, listings=[LIST]) == {}


@pytest.mark.parametrize(
    ("selector", "result"),
    [
        ("has(rack)", True),
        ("!has(rack)", False),
        ("has(rack) && zone == 'z1'", False),
        ("rack != 'b'", True),
        ("rack == 'a' || rack == 'b'", None),
        ("", True),
    ],
)
def test_selectors(selector: str, result: bool | None) -> None:
    assert bgp_resources.selects(selector, {"rack": "a"}) is result


@pytest.mark.parametrize(
    "check", [*bgp.CHECKS, *bgp_groups.CHECKS, *bgp_addresses.CHECKS, *bgp_resources.CHECKS], ids=lambda item: item.__name__
)  # fmt: skip
def test_an_empty_bundle_says_nothing(check: Callable[[Tables], Iterable[Fact]]) -> None:
    assert list(check(build({}))) == []


def test_a_session_list_whose_worker_nobody_knows_breaks_no_check() -> None:
    for check in (*bgp.CHECKS, *bgp_groups.CHECKS, *bgp_addresses.CHECKS, *bgp_resources.CHECKS):
        found = check(build({"bgp": [session("", NEAR, "Connect")], "nodes": workers(SELF, NEAR)}, NOW))
        assert {fact.id for fact in found} <= {"single-subnet"}


def own_name(node: str, name: str) -> dict[str, Fact]:
    pod = agent(node)
    line = LogLineRow(
        "a.log", 3, pod.pod, node, "calico-node", message=f"Using stored node name {name} from /var/lib/calico/nodename"
    )
    return facts_of(bgp_addresses.names_of_others, nodes=workers(SELF, NEAR), pods=[pod], log_lines=[line])


def test_a_calico_node_that_goes_by_the_name_of_another_worker() -> None:
    fact = own_name(SELF, NEAR)["node-name-of-another-worker"]
    assert (fact.node, fact.line) == (SELF, 3)
    assert own_name(SELF, SELF) == {} and own_name(SELF, "some-calico-name") == {}


# --- BGPPeers ------------------------------------------------------------------------------------
def test_the_mesh_is_off_and_bird_has_no_peer() -> None:
    off = SettingRow("bgp.yaml", 7, "BGPConfiguration", "", "default", "spec.nodeToNodeMeshEnabled", "false")
    alone = BgpRow("status.txt", 4, "", "", None, "BIRD", "", "no-peers", "No IPv4 peers found.", "node-status")
    fact = facts_of(bgp_resources.mesh, settings=[off], bgp=[alone])["mesh-disabled-without-peers"]
    peer = SettingRow("o.yaml", 9, "BGPPeer", "", "tor", "spec.node", "w-2")
    found = facts_of(bgp_resources.mesh, settings=[off, peer], bgp=[alone])
    assert list(found) == ["worker-without-peers"] and found["worker-without-peers"].line == alone.line
    assert fact.also == (("status.txt", 4),)
    assert facts_of(bgp_resources.mesh, settings=[off]) == {}


def test_nobody_gets_a_session_with_the_address_of_a_bgppeer() -> None:
    peer = SettingRow("peer.yaml", 9, "BGPPeer", "", "tor", "spec.peerIP", "10.154.70.1")
    rows = [session(node, "10.154.70.1", "Connect") for node in (SELF, NEAR)]
    for row in rows:
        row.protocol, row.state = "Global_10_154_70_1", "Connect"
    given: dict[str, Any] = {"settings": [peer], "nodes": workers(SELF, NEAR), "listings": [LIST]}
    assert facts_of(bgp_resources.unreached, bgp=rows, **given)["bgppeer-never-up"].line == 9
    assert facts_of(bgp_resources.unreached, bgp=rows[:1], **given) == {}
    off = SettingRow("bgp.yaml", 7, "BGPConfiguration", "", "default", "spec.nodeToNodeMeshEnabled", "false")
    assert facts_of(bgp_resources.unreached, bgp=rows[:1], **{**given, "settings": [peer, off]})
    assert "peer-not-a-worker" not in facts_of(bgp.missed_peers, bgp=rows, **given)  # a router is no worker that went
    given.pop("settings")
    assert "peer-not-a-worker" not in facts_of(bgp.missed_peers, bgp=rows, **given)  # its name says it
    for row in rows:
        row.protocol = "Mesh_10_154_70_1"
    assert "peer-not-a-worker" in facts_of(bgp.missed_peers, bgp=rows, **given)


def test_a_peer_that_was_named_a_while_ago_and_does_not_run() -> None:
    def found(status: str, ready: str) -> list[str]:
        agents = [
            PodRow("pods.txt", 2, "calico-system", "calico-node-a", "calico-node", SELF, "Running", "1/1", ip=SELF),
            PodRow("pods.txt", 3, "calico-system", "calico-node-b", "calico-node", NEAR, status, ready, ip=NEAR),
        ]
        probe = ReadinessRow("d.txt", 9, "calico-node-a", SELF, age_s=2400, check="bird", state="not-established")
        probe.peer = NEAR
        return sorted(facts_of(bgp.down_named, pods=agents, readiness=[probe], nodes=workers(SELF, NEAR)))

    assert found("CrashLoopBackOff", "0/1") == ["named-peer-not-running"]
    assert found("Running", "1/1") == []


def test_a_bgppeer_for_a_node_that_is_not_there() -> None:
    peer = SettingRow("peer.yaml", 9, "BGPPeer", "", "tor", "spec.node", "10.154.77.99")
    given: dict[str, Any] = {"nodes": workers(SELF, NEAR), "listings": [LIST]}
    assert set(facts_of(bgp_resources.named_nodes, settings=[peer], **given)) == {"bgppeer-selects-nothing"}
    peer.value = SELF
    assert facts_of(bgp_resources.named_nodes, settings=[peer], **given) == {}


def attempt(line: int, peer: str, words: str, state: str = "") -> BgpRow:
    name = "Mesh_" + peer.replace(".", "_")
    return BgpRow("a.log", line, "", SELF, None, name, peer, state, f"{name}: {words}", "log")


def test_attempts_that_bird_logs() -> None:
    rows = [attempt(line, NEAR, "Connection lost (Host is unreachable)") for line in (4, 8)]
    given: dict[str, Any] = {"nodes": workers(SELF, NEAR), "pods": [agent(SELF), agent(NEAR)]}
    fact = facts_of(bgp.traced, bgp=rows, **given)["bgp-refused-by-healthy-peer"]
    assert (fact.node, fact.line, fact.also) == (SELF, 8, (("a.log", 4),))
    assert facts_of(bgp.traced, bgp=rows[:1], **given) == {}
    later = [*rows, attempt(12, NEAR, "State changed to up", "up")]
    assert facts_of(bgp.traced, bgp=later, **given) == {}
    given["pods"] = [agent(SELF), agent(NEAR, "0/1", "CrashLoopBackOff")]
    assert facts_of(bgp.traced, bgp=rows, **given) == {}


def test_all_sessions_that_are_shown_are_established() -> None:
    rows = [session(SELF, NEAR, "Established", "up"), session(SELF, FAR, "Established", "Established")]
    assert facts_of(bgp.established, bgp=rows)["bgp-all-established"].also == (("birdcl.txt", 4),)
    assert facts_of(bgp.established, bgp=[*rows, session(SELF, FARTHER, "Connect", "start")]) == {}
    assert facts_of(bgp.established) == {}


def with_as(pod: str, node: str, number: str) -> ContainerRow:
    row = ContainerRow("describe.txt", 30, "calico-system", pod, "calico-node", node=node)
    row.env = {"AS": number}
    return row


def test_as_numbers_of_the_environment() -> None:
    rows = [with_as("calico-node-a", SELF, "64512"), with_as("calico-node-b", NEAR, "65500")]
    assert facts_of(bgp_addresses.as_numbers, containers=rows)["as-numbers-differ"].node == SELF
    rows[1].env["AS"] = "64512"
    assert facts_of(bgp_addresses.as_numbers, containers=rows) == {}


def late(check: str, count: int = 390, first: float = 4000) -> ReadinessRow:
    name = agent(SELF).pod
    return ReadinessRow("d.txt", 60, name, SELF, age_s=5, first_age_s=first, count=count, check=check, state="timeout")


def test_bird_of_one_worker_does_not_answer() -> None:
    given: dict[str, Any] = {"pods": [agent(SELF, "0/1"), agent(NEAR)]}
    fact = facts_of(bgp.silent_bird, readiness=[late("bird")], **given)["bird-silent-alone"]
    assert (fact.node, fact.line) == (SELF, 60)
    assert facts_of(bgp.silent_bird, readiness=[late("bird"), late("felix")], **given) == {}  # all of it is slow
    assert facts_of(bgp.silent_bird, readiness=[late("bird", first=60)], **given) == {}
    given["pods"] = [agent(SELF, "0/1"), agent(NEAR, "0/1")]
    assert facts_of(bgp.silent_bird, readiness=[late("bird")], **given) == {}


def test_a_probe_names_an_address_that_nobody_has() -> None:
    gone = "10.154.77.99"
    given: dict[str, Any] = {"nodes": workers(SELF, NEAR), "listings": [LIST]}
    rows = misses(SELF, gone, established=2, first=20)
    rows[0].count = 3
    assert set(facts_of(bgp.strangers_named, readiness=rows, **given)) == {"peer-not-a-worker"}
    rows[0].age_s = 3000  # the worker may have been removed since
    assert set(facts_of(bgp.strangers_named, readiness=rows, **given)) == {"named-peer-not-a-worker"}
    rows[0].age_s = 5
    assert facts_of(bgp.strangers_named, readiness=rows, nodes=workers(SELF, NEAR)) == {}  # not all are listed
    assert facts_of(bgp.strangers_named, readiness=rows, listings=[LIST], nodes=workers(SELF, gone)) == {}


def test_events_without_a_worker_draw_the_border() -> None:
    near, far = ("10.154.77.11", "10.154.77.12"), ("10.155.8.21", "10.155.8.22")
    rows = [
        ReadinessRow("events.json", number, "calico-node-abcde", "", age_s=5, first_age_s=900, count=90, check="bird",
                     state="not-established", peer=peer)
        for number, peer in enumerate(far, 4)
    ]  # fmt: skip
    given: dict[str, Any] = {"nodes": workers(*near, *far), "listings": [LIST]}
    fact = facts_of(bgp_groups.split_unplaced, readiness=rows, **given)["bgp-split-by-subnet"]
    assert (fact.pod, fact.line, fact.node) == ("calico-node-abcde", 4, "")
    assert (
        facts_of(bgp_groups.split_unplaced, readiness=rows[:1], **given) == {}
    )  # one of them is missed, not the other
    rows[1].peer = near[0]
    assert facts_of(bgp_groups.split_unplaced, readiness=rows, **given) == {}


def test_a_list_of_calicos_pods_lacks_one_worker() -> None:
    given: dict[str, Any] = {"nodes": workers(SELF, NEAR, FAR), "readiness": misses(SELF, NEAR, established=1)}
    given["pods"] = [agent(SELF), agent(FAR)]
    lists = [LIST, ListingRow("pods.txt", 1, "Pod", "*", 2, complete=False)]
    assert "peer-calico-not-running" in facts_of(bgp.missed_peers, listings=lists, **given)
    assert "peer-calico-not-running" not in facts_of(bgp.missed_peers, listings=[LIST], **given)
    given["pods"] = [agent(SELF)]  # two are not shown: this is no list of all
    assert "peer-calico-not-running" not in facts_of(bgp.missed_peers, listings=lists, **given)


def test_numbers_that_annotations_of_nodes_tell() -> None:
    rows = workers(SELF, NEAR)
    for row, number in zip(rows, ("64512", "65001"), strict=True):
        row.calico_ip, row.annotations = f"{row.node}/26", {"projectcalico.org/ASNumber": number}
    assert set(facts_of(bgp_addresses.as_numbers, nodes=rows)) == {"as-numbers-differ"}
    off = SettingRow("bgp.yaml", 7, "BGPConfiguration", "", "default", "spec.nodeToNodeMeshEnabled", "false")
    assert facts_of(bgp_addresses.as_numbers, nodes=rows, settings=[off]) == {}  # racks may have numbers of their own


def test_networks_that_a_list_of_sessions_alone_tells() -> None:
    def found(*peers: tuple[str, str], protocol: str = "") -> list[str]:
        rows = [session("", peer, info) for peer, info in peers]
        for row in rows:
            row.state, row.protocol = row.message, protocol or row.protocol
        return list(facts_of(bgp_groups.split_by_network, bgp=rows))

    up, down = (NEAR, "Established"), ((FAR, "Connect"), (FARTHER, "Connect"))
    assert found(up, *down) == ["bgp-split-by-network"]
    assert found(up, down[0]) == []  # one peer may be down by itself
    assert found(*down) == []
    assert found(up, *down, ("10.154.77.13", "Connect")) == []  # also one of its own network
    assert found(up, *down, protocol="Global_x") == []  # routers


def test_a_router_whose_session_is_listed_as_down() -> None:
    row = session(SELF, "10.154.70.1", "Socket: Connection refused", "Active")
    row.protocol = "Global_10_154_70_1"
    assert set(facts_of(bgp_resources.routers, bgp=[row], nodes=workers(SELF, NEAR))) == {"bgppeer-down"}
    row.state, row.message = "Established", ""
    assert facts_of(bgp_resources.routers, bgp=[row], nodes=workers(SELF, NEAR)) == {}
