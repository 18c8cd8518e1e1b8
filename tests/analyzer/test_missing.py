"""What the bundle lacks is asked for, with the exact command."""

from __future__ import annotations

from typing import Any

from analyzer.cluster import describe_cluster
from analyzer.inventory import Inventory
from analyzer.missing import Missing, deciding_items, missing_items
from analyzer.report.model import CauseResult, ConfirmStep
from analyzer.tables import build
from parsers.rows import ContainerRow, FileRow, NodeConditionRow, NodeRow, PodRow

OLD, NEW, ROKS = "v1.28.11+IKS", "v1.31.4+IKS", "v1.29.11+ef2a55c"


def missing(version: str = NEW, families: tuple[str, ...] = (), **rows: list[Any]) -> dict[str, Missing]:
    labels = {"ibm-cloud.kubernetes.io/iaas-provider": "softlayer" if "IKS" in version else "g2"}
    space = "kube-system" if version == OLD else "calico-system"
    everything: dict[str, list[Any]] = {
        "nodes": [NodeRow("n", 1, "10.0.0.5", ready="True", kubelet_version=version, labels=labels)],
        "pods": [PodRow("p", 1, space, "calico-node-abcde", app="calico-node", node="10.0.0.5", phase="CrashLoopBackOff",
                        ready="0/1", restarts=7)],
        **rows,
    }  # fmt: skip
    tables = build(everything)
    inventory = Inventory(tables)
    found = missing_items(tables, inventory, describe_cluster(tables, inventory), families, {})
    return {item.item: item for item in found}


def commands(found: dict[str, Missing]) -> str:
    return "\n".join(item.command for item in found.values())


def test_all_of_the_runbooks_items_of_an_old_iks() -> None:
    text = commands(missing(OLD))
    for command in (
        "kubectl describe pod -n kube-system calico-node-abcde",
        "kubectl describe node 10.0.0.5",
        "kubectl logs -n kube-system calico-node-abcde -c calico-node > calico-node-abcde.log",
        "kubectl logs -n kube-system calico-node-abcde -c install-cni > calico-node-abcde-cni.log",
        "kubectl logs -n kube-system calico-node-abcde -c calico-extension > calico-node-abcde-ext.log",
        "--previous",
    ):
        assert command in text


def test_on_roks_the_extension_log_is_keepalived_watchers() -> None:
    text = commands(missing(ROKS))
    assert "oc logs -n kube-system <ibm-keepalived-watcher-XXXXX> -c calico-extension" in text
    assert "kubectl" not in text


def test_what_is_there_is_not_asked_for() -> None:
    found = missing(
        NEW,
        containers=[ContainerRow("d", 1, "calico-system", "calico-node-abcde", "calico-node")],
        node_conditions=[NodeConditionRow("d", 1, "10.0.0.5", "Ready", "True")],
        files=[
            FileRow("a.log", "log", pod="calico-node-abcde", container="calico-node", lines=9),
            FileRow("a-previous.log", "log", pod="calico-node-abcde", container="calico-node", lines=9),
            FileRow("a-cni.log", "log", pod="calico-node-abcde", container="install-cni", lines=9),
            FileRow("b-ext.log", "log", pod="ibm-keepalived-watcher-x", container="calico-extension", lines=9),
        ],
    )
    assert set(found) == {"list of all workers", "list of all calico pods"}


def test_an_empty_log_is_missing() -> None:
    found = missing(NEW, files=[FileRow("a.log", "log", pod="calico-node-abcde", container="calico-node", lines=0)])
    assert "calico-node log of calico-node-abcde" in found


def test_findings_ask_for_more() -> None:
    assert "birdcl show protocols" in missing(NEW, ("bgp",)) and "birdcl show protocols" not in missing(NEW)
    assert "calico-typha logs" in missing(NEW, ("typha",))


def rival(name: str, probability: float, explains: tuple[str, ...] = ()) -> CauseResult:
    confidence = "likely" if probability >= 0.5 else "possible" if probability >= 0.1 else "unlikely"
    step = ConfirmStep(f"look at {name}", f"kubectl get {name}")
    return CauseResult(name, 1, name, "t", probability, confidence, "node", explains=explains, confirm=(step,))


def test_what_decides_between_two_unsure_causes_is_asked_for() -> None:
    asked = deciding_items([rival("a", 0.55), rival("b", 0.3), rival("c", 0.2)])
    assert [(item.item, item.command) for item in asked] == [
        ("look at a", "kubectl get a"),
        ("look at b", "kubectl get b"),
    ]
    assert asked[0].why == "would decide between a and b"
    assert deciding_items([rival("a", 0.4), rival("b", 0.05)])[0].why == "would confirm or refute a"


def test_nothing_more_is_asked_for_where_one_cause_is_sure_or_the_other_follows() -> None:
    assert deciding_items([rival("a", 0.9), rival("b", 0.3)]) == []
    assert deciding_items([rival("a", 0.6, explains=("b",)), rival("b", 0.4)]) == []
    assert deciding_items([]) == []
