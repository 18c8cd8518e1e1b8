"""Steps for the platform, with names filled in and quoted for the shell."""

from __future__ import annotations

from analyzer.catalogue import Catalogue, Step
from analyzer.cluster import Cluster
from analyzer.inventory import Inventory
from analyzer.remediation import fill, names_for, steps_for
from analyzer.tables import build
from parsers.rows import NodeRow, PodRow


def cluster(platform: str = "iks-classic", version: str = "v1.28.11+IKS", namespace: str = "kube-system") -> Cluster:
    return Cluster(platform, version, "v3.26.4", namespace, 1, 0, 1, 1)


def test_names_are_filled_and_unknown_ones_say_what_to_put() -> None:
    rows = {
        "nodes": [NodeRow("n", 1, "10.0.0.5", labels={"ibm-cloud.kubernetes.io/worker-id": "kube-c1-default-1"})],
        "pods": [PodRow("p", 1, "kube-system", "calico-node-abcde", app="calico-node", node="10.0.0.5")],
    }
    names = names_for(cluster(), Inventory(build(rows)), ["10.0.0.5"])
    assert fill("{cli} delete pod -n {namespace} {pod} # {worker} {cluster}", names) == (
        "kubectl delete pod -n kube-system calico-node-abcde # kube-c1-default-1 <CLUSTER_NAME>"
    )


def test_a_hostile_node_name_cannot_leave_its_argument() -> None:
    names = names_for(cluster("roks"), Inventory(build({})), ["x; rm -rf /"])
    assert fill("{cli} cordon {node}", names) == "oc adm cordon 'x; rm -rf /'"


def test_the_two_clients_spell_some_commands_differently() -> None:
    roks = names_for(cluster("roks"), Inventory(build({})), ["10.0.0.5"])
    assert fill("{cli} top node {node}", roks) == "oc adm top node 10.0.0.5"
    assert fill("{cli} debug node/{node} -- chroot /host ip a", roks) == "oc debug node/10.0.0.5 -- chroot /host ip a"
    iks = names_for(cluster(), Inventory(build({})), ["10.0.0.5"])
    assert fill("{cli} uncordon {node}", iks) == "kubectl uncordon 10.0.0.5"
    assert "-it --image=busybox -- chroot" in fill("{cli} debug node/{node} -- chroot /host ip a", iks)


def test_braces_that_are_no_placeholder_stay() -> None:
    assert fill('-o jsonpath={.items[0]} {"a": {}} {unknown}', {"node": "n"}) == (
        '-o jsonpath={.items[0]} {"a": {}} {unknown}'
    )


def test_steps_of_other_platforms_and_releases_are_left_out() -> None:
    steps = (
        Step(text="all"),
        Step(text="classic", platforms=("iks-classic",)),
        Step(text="roks", platforms=("roks",)),
        Step(text="old", when="iks<=1.28"),
        Step(text="new", when="iks>=1.29"),
        Step(text="", use="ladder"),
        Step(text="", use="ladder"),
    )
    knowledge = Catalogue(causes={}, symptoms={}, messages={}, ladders={"ladder": (Step(text="rung"),)})

    def texts(which: Cluster) -> list[str]:
        return [step.text for step in steps_for(knowledge, steps, which, {})]

    assert texts(cluster()) == ["all", "classic", "old", "rung"]
    assert texts(cluster("iks-vpc", "v1.29.3+IKS", "calico-system")) == ["all", "new", "rung"]
    assert texts(cluster("roks", "v1.27.1+abc1234", "calico-system")) == ["all", "roks", "new", "rung"]
    assert texts(cluster("unknown", "", "")) == ["all", "classic", "roks", "old", "new", "rung"]
