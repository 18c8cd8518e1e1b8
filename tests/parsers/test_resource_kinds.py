import pytest

from parsers.resource_kinds import kind_of, kind_of_columns, kind_of_path


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("po", "Pod"),
        ("Pods", "Pod"),
        ("daemonset.apps", "DaemonSet"),
        ("ds", "DaemonSet"),
        ("gnp", "GlobalNetworkPolicy"),
        ("nonsense", ""),
    ],
)
def test_kind_of_resource(name: str, kind: str) -> None:
    assert kind_of(name) == kind


@pytest.mark.parametrize(
    ("heading", "kind"),
    [
        ("NAME STATUS ROLES AGE VERSION", "Node"),
        ("NAME READY STATUS RESTARTS AGE", "Pod"),
        ("NAME READY UP-TO-DATE AVAILABLE AGE", "Deployment"),
        ("NAME DESIRED CURRENT READY AGE", "ReplicaSet"),
        ("NAME AVAILABLE PROGRESSING DEGRADED SINCE", "TigeraStatus"),
        ("NAME VERSION AVAILABLE PROGRESSING DEGRADED SINCE MESSAGE", "ClusterOperator"),
        ("NAME TYPE DATA AGE", "Secret"),
        ("NAME DATA AGE", "ConfigMap"),
        ("NAME CPU(cores) CPU% MEMORY(bytes) MEMORY%", "NodeMetrics"),
        ("NAME CPU(cores) MEMORY(bytes)", "PodMetrics"),
        ("NAME ASN IPV4 IPV6", "CalicoNode"),
        ("NAME AGE", ""),
    ],
)
def test_kind_of_columns(heading: str, kind: str) -> None:
    assert kind_of_columns(heading.split()) == kind


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("ticket/pods.txt", "Pod"),
        ("get-nodes.txt", "Node"),
        ("describe-pod-calico-node.txt", "Pod"),
        ("calico-node-h4v7n.log", ""),
        ("kubectl_get_ds.txt", "DaemonSet"),
        ("pods/readme", ""),
    ],
)
def test_kind_of_path(path: str, kind: str) -> None:
    assert kind_of_path(path) == kind
