from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

from analyzer.facts import cni
from analyzer.facts.fact import Fact
from analyzer.tables import Tables, build
from parsers.rows import ContainerRow, EventRow, LogLineRow, NodeConditionRow, NodeRow, PodRow, SettingRow

NOW = datetime(2026, 3, 16, 5, 0, tzinfo=UTC)
AGENT = "calico-node-vb5qw"


def facts_of(check: Callable[[Tables], Iterable[Fact]], **rows: list[Any]) -> dict[str, Fact]:
    return {fact.id: fact for fact in reversed(list(check(build(rows, NOW))))}


def waiting(message: str = "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized") -> NodeConditionRow:  # fmt: skip
    return NodeConditionRow("node.txt", 20, "w-1", "Ready", "False", NOW, reason="KubeletNotReady", message=message)


def agent(ready: str, phase: str = "Running") -> PodRow:
    return PodRow("pods.txt", 2, "calico-system", AGENT, "calico-node", "w-1", phase, ready)


def test_uninitialised_below_a_ready_calico_node() -> None:
    found = facts_of(cni.uninitialized, node_conditions=[waiting()], pods=[agent("1/1")])
    assert found["calico-node-ready-but-cni-uninitialized"].node == "w-1"


def test_uninitialised_because_calico_node_is_down() -> None:
    found = facts_of(cni.uninitialized, node_conditions=[waiting()], pods=[agent("0/1", "CrashLoopBackOff")])
    assert set(found) == {"cni-uninitialized-and-calico-node-bad"}


def test_other_reasons_and_unknown_agents_say_nothing() -> None:
    assert facts_of(cni.uninitialized, node_conditions=[waiting("PLEG is not healthy")], pods=[agent("1/1")]) == {}
    assert facts_of(cni.uninitialized, node_conditions=[waiting()]) == {}


def test_a_calico_node_that_started_a_moment_ago() -> None:
    started = ContainerRow("pod.txt", 9, "calico-system", AGENT, "calico-node", state="Running", ready=True, started=datetime(2026, 3, 16, 4, 59, 30, tzinfo=UTC))  # fmt: skip
    rows: dict[str, list[Any]] = {"node_conditions": [waiting()], "pods": [agent("1/1")], "containers": [started]}
    assert facts_of(cni.uninitialized, **rows) == {}


def test_the_kubelet_says_so_in_its_log() -> None:
    listed = NodeRow("nodes.txt", 3, "w-1", ready="False")
    line = LogLineRow("journal.txt", 8, "", "w-1", "", message="cni plugin not initialized", count=9)
    line.message_ids = ("node-cni-not-initialized",)
    rows: dict[str, list[Any]] = {"nodes": [listed], "log_lines": [line], "pods": [agent("1/1")]}
    assert facts_of(cni.uninitialized, **rows)["calico-node-ready-but-cni-uninitialized"].file == "journal.txt"
    line.count = 2  # as after any start
    assert facts_of(cni.uninitialized, **rows) == {}
    line.count, listed.ready = 9, "True"
    assert facts_of(cni.uninitialized, **rows) == {}


REFUSED = 'failed to setup network for sandbox "9f1c": plugin type="calico" failed (add): error getting ClusterInformation: connection is unauthorized: Unauthorized'


def sandbox(message: str, node: str = "w-1") -> EventRow:
    return EventRow("web.txt", 70, "Pod", "web-1", "default", "Warning", "FailedCreatePodSandBox", 41.0, count=77, message=message, node=node)  # fmt: skip


def test_sandboxes_are_refused_and_calico_node_is_fine() -> None:
    found = facts_of(cni.unauthorized_sandboxes, events=[sandbox(REFUSED)], pods=[agent("1/1")])
    assert found["sandbox-unauthorized-while-calico-node-healthy"].line == 70
    unknown_worker = facts_of(cni.unauthorized_sandboxes, events=[sandbox(REFUSED, "")], pods=[agent("1/1")])
    assert set(unknown_worker) == {"sandbox-unauthorized-while-calico-node-healthy"}


def test_refused_with_a_sick_or_unseen_calico_node() -> None:
    assert facts_of(cni.unauthorized_sandboxes, events=[sandbox(REFUSED)], pods=[agent("0/1")]) == {}
    assert facts_of(cni.unauthorized_sandboxes, events=[sandbox(REFUSED)]) == {}


def test_forbidden_is_not_unauthorized() -> None:
    forbidden = REFUSED.replace(
        "unauthorized: Unauthorized", 'unauthorized: clusterinformations "default" is forbidden'
    )
    assert facts_of(cni.unauthorized_sandboxes, events=[sandbox(forbidden)], pods=[agent("1/1")]) == {}


def install(reason: str, ready: bool) -> ContainerRow:
    return ContainerRow("pod.txt", 20, "calico-system", AGENT, "install-cni", True, state_reason=reason, ready=ready)


def test_install_cni_ended_well() -> None:
    assert "install-cni-completed-everywhere" in facts_of(
        cni.install_completed, containers=[install("Completed", True)]
    )
    both = [install("Completed", True), install("CrashLoopBackOff", False)]
    assert facts_of(cni.install_completed, containers=both) == {}


def pool(name: str, cidr: str, **more: str) -> list[SettingRow]:
    values = {"cidr": cidr, **more}
    return [SettingRow("pools.yaml", i, "IPPool", "", name, f"spec.{key}", value) for i, (key, value) in enumerate(values.items(), 5)]  # fmt: skip


WORKERS = [NodeRow("nodes.txt", i, f"w-{i}", internal_ip=f"10.154.77.{i}") for i in range(1, 7)]


def test_pools_as_they_should_be() -> None:
    assert facts_of(cni.pools, settings=pool("default-ipv4-ippool", "172.30.0.0/16"), nodes=WORKERS) == {}


def test_all_pools_are_disabled() -> None:
    off = pool("default-ipv4-ippool", "172.30.0.0/16", disabled="true")
    assert facts_of(cni.pools, settings=off)["all-ippools-disabled"].line == 6
    assert facts_of(cni.pools, settings=[*off, *pool("other", "172.31.0.0/16")]) == {}


def test_a_pool_over_the_workers_or_another_pool() -> None:
    found = facts_of(cni.pools, settings=[*pool("a", "10.154.0.0/16"), *pool("b", "10.154.128.0/17")], nodes=WORKERS)
    assert found["ippool-overlaps-workers"].node == "w-1"
    assert "overlaps b" in found["ippools-overlap"].detail


def test_a_pool_that_calico_node_made_at_its_start() -> None:
    line = LogLineRow("x.log", 44, AGENT, "w-1", "calico-node", NOW, "INFO", message="Created default IPv4 pool (10.154.0.0/16) with NAT outgoing true. IPIP mode: Always")  # fmt: skip
    assert facts_of(cni.pools, log_lines=[line], nodes=WORKERS)["ippool-overlaps-workers"].line == 44


def test_a_pool_over_the_service_network() -> None:
    service = SettingRow("network.yaml", 9, "Network", "", "cluster", "spec.serviceNetwork", "172.21.0.0/16")
    found = facts_of(cni.pools, settings=[*pool("a", "172.16.0.0/12"), service])
    assert "service network" in found["ippools-overlap"].detail


def test_more_workers_than_blocks() -> None:
    small = pool("a", "172.30.0.0/24", blockSize="26")
    assert "4 blocks for 6 workers" in facts_of(cni.pools, settings=small, nodes=WORKERS)["ippool-too-small"].detail


def test_a_pool_that_is_no_network_is_skipped() -> None:
    assert facts_of(cni.pools, settings=pool("a", "not-a-network"), nodes=WORKERS) == {}


def test_empty_tables_give_no_facts() -> None:
    assert [fact for check in cni.CHECKS for fact in check(build({}))] == []


def test_a_pool_without_a_free_address() -> None:
    def pool(free: str) -> SettingRow:
        return SettingRow("ipam.txt", 4, "IPAM", "", "198.51.100.0/24", "ip-pool.free", free)

    assert facts_of(cni.used_up, settings=[pool("0")])["ippool-used-up"].line == 4
    assert facts_of(cni.used_up, settings=[pool("12")]) == {}


def test_two_pods_with_one_address() -> None:
    def pod(name: str, node: str, ip: str = "198.51.100.2", phase: str = "Running", file: str = "pods.txt") -> PodRow:
        return PodRow(file, 3, "default", name, "", node, phase, "1/1", ip=ip)

    assert (
        "both have"
        in facts_of(cni.shared_addresses, pods=[pod("a", "w-1"), pod("b", "w-2")])["pods-share-address"].detail
    )
    assert facts_of(cni.shared_addresses, pods=[pod("a", "w-1"), pod("b", "w-1")]) == {}  # host network
    assert facts_of(cni.shared_addresses, pods=[pod("a", "w-1"), pod("b", "w-2", phase="Completed")]) == {}
    assert facts_of(cni.shared_addresses, pods=[pod("a", "w-1"), pod("b", "w-2", file="later.txt")]) == {}
    hosts = [pod("calico-node-a", "w-1"), pod("kube-proxy-b", "w-2")]  # two workers with one address is another fault
    assert facts_of(cni.shared_addresses, pods=hosts) == {}


def test_blocks_that_overlap() -> None:
    def block(network: str, line: int) -> SettingRow:
        return SettingRow("ipam.txt", line, "IPAM", "", network, "affinity", f"w-{line}")

    apart = [block("198.51.100.0/26", 3), block("198.51.100.64/26", 4)]
    assert facts_of(cni.blocks, settings=apart) == {}
    found = facts_of(cni.blocks, settings=[*apart, block("198.51.100.64/27", 5)])["ipam-blocks-overlap"]
    assert (found.line, found.also) == (5, (("ipam.txt", 4),))


def test_an_event_from_before_the_restart_of_calico_node_is_over() -> None:
    def event(age_s: float) -> EventRow:
        return EventRow(
            "e.txt", 3, "Pod", "web-0", "default", "Warning", "FailedCreatePodSandBox", age_s=age_s, message=REFUSED
        )

    restarted = PodRow(
        "pods.txt",
        2,
        "calico-system",
        AGENT,
        "calico-node",
        "w-1",
        "Running",
        "1/1",
        1,
        age_s=90000,
        last_restart_age_s=2400,
    )
    assert facts_of(cni.unauthorized_sandboxes, events=[event(2460)], pods=[restarted]) == {}
    found = facts_of(cni.unauthorized_sandboxes, events=[event(60)], pods=[restarted])
    assert set(found) == {"sandbox-unauthorized-while-calico-node-healthy"}


def test_pods_with_addresses_of_no_pool() -> None:
    def pod(name: str, ip: str, node: str = "w-1") -> PodRow:
        return PodRow("pods.txt", 3, "default", name, "", node, "Running", "1/1", ip=ip)

    pool = SettingRow("pools.txt", 2, "IPPool", "", "new", "spec.cidr", "198.51.100.0/24")
    inside, old = pod("a", "198.51.100.7"), [pod("b", "203.0.113.2"), pod("c", "203.0.113.3")]
    found = facts_of(cni.outside, settings=[pool], pods=[inside, *old])
    assert "203.0.113.2, which lies in none" in found["pods-outside-pools"].detail
    assert facts_of(cni.outside, settings=[], pods=[inside, *old]) == {}
    assert facts_of(cni.outside, settings=[pool], pods=[inside, *old[:1]]) == {}
    hosts = [pod("b", "203.0.113.2"), pod("c", "203.0.113.2"), pod("d", "203.0.113.9", "w-2")]  # host network
    assert facts_of(cni.outside, settings=[pool], pods=[inside, *hosts]) == {}


def test_more_leaked_addresses_than_used_ones() -> None:
    def check(leaked: str, used: str) -> list[SettingRow]:
        return [
            SettingRow("check.txt", 9, "IPAM", "", "check", "in-use", used),
            SettingRow("check.txt", 12, "IPAM", "", "check", "leaked", leaked),
        ]

    assert facts_of(cni.leaked, settings=check("1094", "255"))["ipam-mostly-leaked"].line == 12
    assert facts_of(cni.leaked, settings=check("12", "3")) == {}  # of pods that have just ended
    assert facts_of(cni.leaked, settings=check("100", "900")) == {}
    assert facts_of(cni.leaked, settings=check("100", "900")[1:]) == {}


def test_a_runtime_that_could_load_no_configuration() -> None:
    said = '"lastCNILoadStatus": "cni config load failed: no network config found in /etc/cni/net.d"'
    info = LogLineRow("crictl.txt", 7, "", "", "", message=said)

    def found(*ready: str) -> dict[str, Any]:
        pods = [
            PodRow("pods.txt", 2 + number, "kube-system", f"calico-node-{number}", "calico-node", "", "Running", cell)
            for number, cell in enumerate(ready)
        ]
        return facts_of(cni.uninitialized, log_lines=[info], pods=pods)

    assert found("1/1")["calico-node-ready-but-cni-uninitialized"].also == (("pods.txt", 2),)
    assert found("1/1", "0/1") == {}  # it may be of the worker whose calico-node is not ready
    assert found() == {}


def test_blocks_of_two_sizes_in_a_table_of_use() -> None:
    def block(network: str) -> SettingRow:
        return SettingRow("ipam.txt", 4, "IPAM", "", network, "block.total", "64")

    rows = [block("198.51.100.0/25"), block("198.51.100.64/26")]
    assert "ipam-blocks-overlap" in facts_of(cni.blocks, settings=rows)
    assert facts_of(cni.blocks, settings=[block("198.51.100.0/26"), block("198.51.100.64/26")]) == {}


def test_pools_with_hardly_a_free_address() -> None:
    def shown(total: str, free: str) -> set[str]:
        rows = [
            SettingRow("ipam.txt", 4, "IPAM", "", "198.51.100.0/22", "ip-pool.total", total),
            SettingRow("ipam.txt", 4, "IPAM", "", "198.51.100.0/22", "ip-pool.free", free),
        ]
        return {fact.id for fact in cni.used_up(build({"settings": rows}, NOW))}

    assert shown("1024", "3") == {"ippool-nearly-used-up"}
    assert shown("1024", "0") == {"ippool-used-up"}
    assert shown("1024", "40") == set()
