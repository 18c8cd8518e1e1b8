from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from analyzer.facts import presence
from analyzer.facts.fact import Fact
from analyzer.tables import Tables, build
from parsers.rows import (
    ContainerRow,
    DaemonSetRow,
    EventRow,
    ListingRow,
    NodeConditionRow,
    NodeRow,
    PodConditionRow,
    PodRow,
    SettingRow,
)

NOW = datetime(2026, 3, 16, 5, 0, tzinfo=UTC)


def facts_of(check: Callable[[Tables], Iterable[Fact]], **rows: list[Any]) -> dict[str, Fact]:
    return {fact.id: fact for fact in reversed(list(check(build(rows, NOW))))}


def pods(namespace: str, *names: str, **more: Any) -> list[PodRow]:
    return [PodRow("pods.txt", i, namespace, name, **more) for i, name in enumerate(names, 2)]


AGENT = "calico-node-vb5qw"
SYSTEM = ("coredns-7c4f8d9b7b-4kk9j", "ibm-keepalived-watcher-6p2qs")


def test_all_namespaces_listed_and_no_calico_node() -> None:
    sets = [DaemonSetRow("ds.txt", 2, "kube-system", "ibm-keepalived-watcher", 3, 3, 3)]
    found = facts_of(
        presence.absence,
        daemonsets=sets,
        pods=pods("kube-system", *SYSTEM),
        listings=[ListingRow("pods.txt", 1, "Pod", "*", 2), ListingRow("ds.txt", 1, "DaemonSet", "*", 1)],
    )
    fact = found["calico-node-absent-everywhere"]
    assert (fact.file, fact.line) == ("ds.txt", 1)
    assert fact.also == (("pods.txt", 1),)


@pytest.mark.parametrize(
    ("namespace", "names", "absent"),
    [
        ("calico-system", ["calico-typha-5f5f9f7c6b-8dmsq", "calico-kube-controllers-6d8c9f5b5f-rv2lw"], True),
        ("kube-system", [*SYSTEM], False),  # from IKS 1.29 on calico-node is not in kube-system
        ("default", ["web-1", "web-2"], False),
        ("calico-system", [], False),
    ],
)
def test_what_a_list_of_one_namespace_proves(namespace: str, names: list[str], absent: bool) -> None:
    found = facts_of(
        presence.absence, pods=pods(namespace, *names), listings=[ListingRow("pods.txt", 1, "Pod", namespace)]
    )
    assert ("calico-node-absent-everywhere" in found) is absent


def test_a_partial_list_proves_nothing() -> None:
    listing = ListingRow("pods.txt", 1, "Pod", "*", 2, complete=False)
    assert facts_of(presence.absence, pods=pods("kube-system", *SYSTEM), listings=[listing]) == {}


def test_an_agent_in_any_namespace_counts() -> None:
    found = facts_of(
        presence.absence,
        pods=pods("calico-system", AGENT),
        listings=[ListingRow("pods.txt", 1, "Pod", "*", 1)],
    )
    assert set(found) == {"calico-node-seen"}


def test_an_existing_daemonset_is_not_absent() -> None:
    found = facts_of(
        presence.absence,
        daemonsets=[DaemonSetRow("ds.txt", 2, "calico-system", "calico-node", 3, 0, 0)],
        listings=[ListingRow("ds.txt", 1, "DaemonSet", "*", 1)],
    )
    assert "calico-node-absent-everywhere" not in found


def test_another_network_is_named_and_absence_is_no_fault() -> None:
    found = facts_of(
        presence.absence,
        daemonsets=[DaemonSetRow("ds.txt", 2, "openshift-ovn-kubernetes", "ovnkube-node", 3, 3, 3)],
        listings=[ListingRow("ds.txt", 1, "DaemonSet", "*", 1)],
    )
    assert set(found) == {"other-network-without-calico"}
    assert "OVN-Kubernetes" in found["other-network-without-calico"].detail


def test_another_network_by_configuration() -> None:
    setting = SettingRow("network.yaml", 9, "Network", "", "cluster", "status.networkType", "OVNKubernetes")
    assert "other-network-without-calico" in facts_of(presence.absence, settings=[setting])


def test_calico_beside_another_plugin_is_calico() -> None:
    found = facts_of(presence.absence, pods=pods("kube-system", AGENT, "cilium-x8f2z"))
    assert set(found) == {"calico-node-seen"}


def test_a_described_worker_without_calico_node() -> None:
    bare = NodeRow("node.txt", 1, "w-1", pods_on_node=("kube-system/coredns-a", "default/web-1"))
    assert facts_of(presence.absence, nodes=[bare])["worker-without-calico-node"].node == "w-1"
    full = NodeRow("node.txt", 1, "w-1", pods_on_node=(f"calico-system/{AGENT}", "default/web-1"))
    assert set(facts_of(presence.absence, nodes=[full])) == {"calico-node-seen"}


def failed_create() -> EventRow:
    return EventRow(
        "ds.txt", 30, "DaemonSet", "calico-node", "calico-system", "Warning", "FailedCreate", 14.0, count=31
    )


def test_counts_of_the_daemonset() -> None:
    none = DaemonSetRow("ds.txt", 2, "calico-system", "calico-node", 4, 0, 0, 0, 0)
    assert set(facts_of(presence.daemonset, daemonsets=[none])) == {
        "daemonset-wants-pods",
        "daemonset-wants-pods-has-none",
        "rolling-update-in-progress",
    }
    refused = facts_of(presence.daemonset, daemonsets=[none], events=[failed_create()])
    assert refused["daemonset-zero-with-failedcreate"].line == 30
    some = DaemonSetRow("ds.txt", 2, "calico-system", "calico-node", 4, 3, 3, 3, 3)
    assert "daemonset-lacks-pods" in facts_of(presence.daemonset, daemonsets=[some])
    all_there = DaemonSetRow("ds.txt", 2, "calico-system", "calico-node", 4, 4, 4, 4, 4)
    assert set(facts_of(presence.daemonset, daemonsets=[all_there], events=[failed_create()])) == {
        "daemonset-wants-pods"
    }


def test_a_daemonset_that_wants_no_pod() -> None:
    nodes = [NodeRow("nodes.txt", 2, "w-1")]
    idle = DaemonSetRow("ds.txt", 2, "kube-system", "calico-node", 0, 0, 0, 0, 0)
    assert set(facts_of(presence.daemonset, daemonsets=[idle], nodes=nodes)) == {"daemonset-desires-none"}
    # after the move to the operator the old one wants none, the new one does
    moved = DaemonSetRow("ds.txt", 3, "calico-system", "calico-node", 1, 1, 1, 1, 1)
    assert "daemonset-desires-none" not in facts_of(presence.daemonset, daemonsets=[idle, moved], nodes=nodes)


def test_every_worker_has_its_agent() -> None:
    nodes = [NodeRow("nodes.txt", 2, "w-1"), NodeRow("nodes.txt", 3, "w-2")]
    one = pods("calico-system", AGENT, node="w-1")
    assert facts_of(presence.coverage, nodes=nodes, pods=one) == {}
    both = [*one, PodRow("pods.txt", 3, "calico-system", "calico-node-zz2zz", node="w-2")]
    assert "calico-node-on-every-worker" in facts_of(presence.coverage, nodes=nodes, pods=both)


def test_agents_without_a_place() -> None:
    found = facts_of(
        presence.unscheduled,
        pods=pods("calico-system", AGENT, phase="Pending"),
        pod_conditions=[PodConditionRow("pod.txt", 40, "calico-system", AGENT, "PodScheduled", "False")],
    )
    assert set(found) == {"calico-node-unscheduled", "calico-pod-unschedulable"}
    assert facts_of(presence.unscheduled, pods=pods("calico-system", AGENT, phase="Pending", node="w-1")) == {}


def killed(**more: Any) -> ContainerRow:
    return ContainerRow("pod.txt", 20, "calico-system", AGENT, "calico-node", last_state="Terminated", last_reason="OOMKilled", last_state_line=27, **more)  # fmt: skip


def test_whose_memory_ran_out() -> None:
    limited = facts_of(presence.oom, containers=[killed(limits={"memory": "120Mi"}, restarts=47)])
    assert limited["calico-node-oom-with-limit"].line == 27
    assert "120Mi" in limited["calico-node-oom-with-limit"].detail
    assert set(facts_of(presence.oom, containers=[killed(requests={"cpu": "250m"})])) == {
        "calico-node-oom-without-limit"
    }
    assert set(facts_of(presence.oom, containers=[killed()])) == {"calico-node-oom-limit-unknown"}


def test_a_kill_of_last_week_is_over() -> None:
    old = killed(limits={"memory": "1Gi"}, ready=True, last_finished=NOW - timedelta(days=6))
    assert facts_of(presence.oom, containers=[old]) == {}
    once = killed(limits={"memory": "1Gi"}, ready=True, restarts=1)
    listed = PodRow("pods.txt", 2, "calico-system", AGENT, "calico-node", ready="1/1", last_restart_age_s=500000.0)
    assert facts_of(presence.oom, containers=[once], pods=[listed]) == {}
    again_and_again = killed(limits={"memory": "1Gi"}, ready=True, restarts=40)
    assert set(facts_of(presence.oom, containers=[again_and_again])) == {"calico-node-oom-with-limit"}


def test_empty_tables_give_no_facts() -> None:
    assert [fact for check in presence.CHECKS for fact in check(build({}))] == []


def test_a_clouds_own_network_without_any_calico_is_another_network() -> None:
    rows = [
        DaemonSetRow("ds.txt", 2, "kube-system", "aws-node", 3, 3, 3),
        DaemonSetRow("ds.txt", 3, "kube-system", "kube-proxy", 3, 3, 3),
    ]
    listing = [ListingRow("ds.txt", 1, "DaemonSet", "*", 2)]
    assert [fact.id for fact in presence.absence(build({"daemonsets": rows, "listings": listing}))] == [
        "other-network-without-calico"
    ]
    off = [DaemonSetRow("ds.txt", 2, "kube-system", "aws-node", 0, 0, 0), rows[1]]
    found = [fact.id for fact in presence.absence(build({"daemonsets": off, "listings": listing}))]
    assert "other-network-without-calico" not in found
    installation = [SettingRow("i.yaml", 2, "Installation", "", "default")]
    found = [
        fact.id for fact in presence.absence(build({"daemonsets": rows, "listings": listing, "settings": installation}))
    ]
    assert "other-network-without-calico" not in found
    with_policy = [*rows, DaemonSetRow("ds.txt", 4, "calico-system", "calico-node", 3, 0, 0)]
    found = [fact.id for fact in presence.absence(build({"daemonsets": with_policy, "listings": listing}))]
    assert "other-network-without-calico" not in found


def test_traces_of_calico_beside_a_clouds_network_say_that_calico_was_removed() -> None:
    rows = [DaemonSetRow("ds.txt", 2, "kube-system", name, 3, 3, 3) for name in ("aws-node", "kube-proxy")]
    listing = [ListingRow("ds.txt", 1, "DaemonSet", "*", 2)]
    left = [SettingRow("ns.txt", 2, "Namespace", "", "calico-system")]
    found = {fact.id for fact in presence.absence(build({"daemonsets": rows, "listings": listing, "settings": left}))}
    assert found == {"calico-node-absent-everywhere"}


@pytest.mark.parametrize(
    ("ages", "ready", "still"),
    [([9000, 90000], "1/1", True), ([900, 90000], "1/1", False), ([9000, 90000], "0/1", False)],
)
def test_an_update_that_stands_still(ages: list[float], ready: str, still: bool) -> None:
    agents = [
        PodRow("p.txt", n, "calico-system", f"calico-node-{n}", "calico-node", f"w-{n}", "Running", ready, age_s=age)
        for n, age in enumerate(ages)
    ]
    row = DaemonSetRow("ds.txt", 4, "calico-system", "calico-node", 8, 8, 8, updated=3)
    found = facts_of(presence.daemonset, daemonsets=[row], pods=agents)
    assert ("update-stands-still" in found) is still
    assert ("rolling-update-in-progress" in found) is not still


def test_canal_of_rke2_is_a_calico_node() -> None:
    found = facts_of(
        presence.absence, pods=pods("kube-system", "rke2-canal-x7k2p"), listings=[ListingRow("p", 1, "Pod", "*", 1)]
    )
    assert list(found) == ["calico-node-seen"]


def test_what_workers_tell_of_another_network() -> None:
    pods = [PodRow("pods.txt", 2, "kube-system", "coredns-5f8c4d7b9c-2gkzm"), PodRow("pods.txt", 3, "web", "shop-1")]
    listing = [ListingRow("pods.txt", 1, "Pod", "*", 2)]

    def network(**more: Any) -> set[str]:
        return {fact.id for fact in presence.absence(build({"pods": pods, "listings": listing} | more))}

    expected = {"other-network-without-calico"}
    up = NodeConditionRow("n.txt", 9, "w1", "NetworkUnavailable", "False", reason="CiliumIsUp")
    assert network(node_conditions=[up]) == expected
    calico = NodeConditionRow("n.txt", 9, "w1", "NetworkUnavailable", "False", reason="CalicoIsUp")
    assert network(node_conditions=[calico]) == {"calico-node-absent-everywhere"}
    marked = NodeRow("n.txt", 1, "w1", annotations={"flannel.alpha.coreos.com/backend-type": "vxlan"})
    assert network(nodes=[marked]) == expected
    canal = NodeRow("n.txt", 1, "w1", kubelet_version="v1.29.8+rke2r1", annotations=marked.annotations)
    assert network(nodes=[canal]) == {"calico-node-absent-everywhere"}
    agent = NodeRow("n.txt", 1, "w1", pods_on_node=("kube-system/cilium-x2k9p", "web/shop-1"))
    assert network(nodes=[agent]) == expected
    k3s = NodeRow("n.txt", 1, "w1", ready="True", kubelet_version="v1.29.8+k3s1")
    assert network(nodes=[k3s]) == expected
    left = [*pods, PodRow("pods.txt", 4, "calico-system", "calico-kube-controllers-7d9c6b5f4-x8z2q")]
    assert network(nodes=[k3s], pods=left) == {"calico-node-absent-everywhere"}


def test_an_update_that_waits_for_hands() -> None:
    young = [
        PodRow("p.txt", n, "calico-system", f"calico-node-{n}", "calico-node", f"w-{n}", "Running", "1/1", age_s=60)
        for n in (1, 2)
    ]
    strategy = SettingRow(
        "ds.yaml", 9, "DaemonSet", "calico-system", "calico-node", "spec.updateStrategy.type", "OnDelete"
    )

    def found(updated: int, value: SettingRow) -> bool:
        row = DaemonSetRow("ds.txt", 4, "calico-system", "calico-node", 8, 8, 8, updated=updated)
        return "update-stands-still" in facts_of(presence.daemonset, daemonsets=[row], pods=young, settings=[value])

    assert found(3, strategy)
    assert not found(8, strategy)
    strategy.value = "RollingUpdate"
    assert not found(3, strategy)
