import pytest

from parsers.pod_app import pod_app


@pytest.mark.parametrize(
    ("name", "app"),
    [
        ("calico-node-h4v7n", "calico-node"),
        ("calico-node-ads12", "calico-node"),  # not of the generated alphabet
        ("calico-typha-64d9c8b7f5-p6h4x", "calico-typha"),
        ("calico-kube-controllers-5f8c9d7b6-z7m4q", "calico-kube-controllers"),
        ("coredns-6c9f7d8b54-w2x9k", "coredns"),
        ("csi-node-driver-x2v4q", "csi-node-driver"),
        ("ibm-master-proxy-static-10.166.8.20", "ibm-master-proxy-static"),
        ("etcd-node1", "etcd-node1"),
        ("web-0", "web"),
        ("backup-27893520-x7z2k", "backup"),
        ("canal-v8k3d", "canal"),
        ("kube-proxy-ip-10-9-1-2.eu-west-1.compute.internal", "kube-proxy"),
    ],
)
def test_app_of_name(name: str, app: str) -> None:
    assert pod_app(name) == app


def test_label_wins_over_owner_and_name() -> None:
    assert pod_app("x-h4v7n", {"k8s-app": "calico-node", "app": "other"}, "DaemonSet/y") == "calico-node"
    assert pod_app("x-h4v7n", {"app": "other"}, "DaemonSet/y") == "other"


def test_owner_wins_over_name() -> None:
    assert pod_app("odd-name", {}, "DaemonSet/calico-node") == "calico-node"
    assert pod_app("odd-name", {}, "ReplicaSet/tigera-operator-6b8d4c5f9d") == "tigera-operator"
    assert pod_app("odd-name", {}, "Job/backup-27893520") == "backup"


def test_static_pod_is_named_after_its_node() -> None:
    assert pod_app("kube-apiserver-cp-01", node="cp-01") == "kube-apiserver"
