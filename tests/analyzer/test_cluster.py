"""Platform, versions and counts from what the files show."""

from __future__ import annotations

import pytest

from analyzer.cluster import describe_cluster
from analyzer.inventory import Inventory
from analyzer.tables import build
from parsers.rows import ContainerRow, NodeRow, PodRow

IBM = "ibm-cloud.kubernetes.io/"


def platform(labels: dict[str, str], version: str) -> str:
    tables = build({"nodes": [NodeRow("n", 1, "10.0.0.1", labels=labels, kubelet_version=version)]})
    return describe_cluster(tables, Inventory(tables)).platform


@pytest.mark.parametrize(
    ("labels", "version", "expected"),
    [
        ({f"{IBM}iaas-provider": "softlayer"}, "v1.28.11+IKS", "iks-classic"),
        ({f"{IBM}region": "us-south", "privateVLAN": "2831501"}, "v1.28.11+IKS", "iks-classic"),
        ({f"{IBM}iaas-provider": "g2"}, "v1.31.4+IKS", "iks-vpc"),
        ({f"{IBM}region": "x", f"{IBM}instance-id": "0717_7"}, "v1.31.4+IKS", "iks-vpc"),
        ({f"{IBM}iaas-provider": "upi", "privateVLAN": "1"}, "v1.27.3+4aaeaec", "iks-satellite"),
        ({f"{IBM}worker-version": "4.16.30_1544_openshift"}, "v1.29.11+ef2a55c", "roks"),
        ({}, "v1.25.14+20f3f2c", "roks"),
        ({"kubernetes.io/os": "linux"}, "v1.30.2", "other"),
        ({}, "v1.28.11+IKS", "iks-classic"),
        ({}, "", "unknown"),
    ],
)
def test_platform(labels: dict[str, str], version: str, expected: str) -> None:
    assert platform(labels, version) == expected


def test_counts_and_versions() -> None:
    rows = {
        "nodes": [NodeRow("n", 1, "a", ready="True"), NodeRow("n", 2, "b", ready="Unknown")],
        "pods": [
            PodRow("p", 1, "calico-system", "calico-node-a", app="calico-node", node="a", phase="Running", ready="1/1"),
            PodRow("p", 2, "calico-system", "calico-node-b", app="calico-node", node="b", phase="Running", ready="0/1"),
        ],
        "containers": [
            ContainerRow("d", 1, "calico-system", "calico-node-a", "calico-node", version="v3.28.2", ready=True)
        ],
    }
    tables = build(rows)
    found = describe_cluster(tables, Inventory(tables))
    assert (found.nodes_seen, found.nodes_not_ready, found.calico_nodes_seen, found.calico_nodes_not_ready) == (
        2,
        1,
        2,
        1,
    )
    assert (found.calico_version, found.calico_namespace) == ("v3.28.2", "calico-system")
