import pytest

from parsers.pod_app import pod_app


@pytest.mark.parametrize(
    ("name", "app"),
    [
        ("calico-node-7xk2m", "calico-node"),
        ("calico-node-ads12", "calico-node"),  # not of the generated alphabet
        ("calico-typha-74c8bcb6f6-6bnhp", "calico-typha"),
        ("calico-kube-controllers-77d5cbb58-fljln", "calico-kube-controllers"),
        ("coredns-565d847f94-5qk5c", "coredns"),
        ("csi-node-driver-x2v4q", "csi-node-driver"),
        ("ibm-master-proxy-static-10.177.3.20", "ibm-master-proxy-static"),
        ("etcd-node1", "etcd-node1"),
        ("web-0", "web"),
        ("backup-27893520-x7z2k", "backup"),
        ("canal-7gq5z", "canal"),
        ("kube-proxy-ip-10-8-12-77.eu-west-1.compute.internal", "kube-proxy"),
    ],
)
def test_app_of_name(name: str, app: str) -> None:
    assert pod_app(name) == app


def test_label_wins_over_owner_and_name() -> None:
    assert pod_app("x-7xk2m", {"k8s-app": "calico-node", "app": "other"}, "DaemonSet/y") == "calico-node"
    assert pod_app("x-7xk2m", {"app": "other"}, "DaemonSet/y") == "other"


def test_owner_wins_over_name() -> None:
    assert pod_app("odd-name", {}, "DaemonSet/calico-node") == "calico-node"
    assert pod_app("odd-name", {}, "ReplicaSet/tigera-operator-6b8d4c5f9d") == "tigera-operator"
    assert pod_app("odd-name", {}, "Job/backup-27893520") == "backup"


def test_static_pod_is_named_after_its_node() -> None:
    assert pod_app("kube-apiserver-cp-01", node="cp-01") == "kube-apiserver"
