"""Nodes of the API."""

from __future__ import annotations

from datetime import UTC, datetime

from parsers.objects import parse_objects
from parsers.source import Source

TEXT = """\
apiVersion: v1
kind: Node
metadata:
  annotations:
    projectcalico.org/IPv4Address: 192.0.2.7/26
  creationTimestamp: "2026-01-01T00:00:00Z"
  labels:
    ibm-cloud.kubernetes.io/worker-pool-name: default
    node-role.kubernetes.io/worker: ""
    privateVLAN: "2234945"
  name: 192.0.2.7
spec:
  providerID: ibm://a///c/w
  taints:
  - effect: NoSchedule
    key: node.kubernetes.io/unreachable
  - effect: NoExecute
    key: dedicated
    value: edge
status:
  addresses:
  - address: 192.0.2.7
    type: InternalIP
  - address: 198.51.100.7
    type: ExternalIP
  conditions:
  - lastHeartbeatTime: "2026-02-12T06:00:00Z"
    lastTransitionTime: "2026-02-12T06:05:00Z"
    message: Kubelet stopped posting node status.
    reason: NodeStatusUnknown
    status: Unknown
    type: Ready
  nodeInfo:
    containerRuntimeVersion: containerd://1.7.1
    kernelVersion: 5.4.0-1
    kubeletVersion: v1.28.11+IKS
    osImage: Ubuntu 20.04.6 LTS
"""


def test_everything_a_node_says() -> None:
    parsed = parse_objects(TEXT, Source("n.yaml", collected=datetime(2026, 1, 2, tzinfo=UTC)))
    row = parsed.nodes[0]
    assert (row.node, row.ready, row.cordoned, row.internal_ip, row.calico_ip) == (
        "192.0.2.7",
        "Unknown",
        False,
        "192.0.2.7",
        "192.0.2.7/26",
    )
    assert (row.pool, row.private_vlan, row.roles, row.age_s) == ("default", "2234945", "worker", 86400)
    assert row.taints == ("node.kubernetes.io/unreachable:NoSchedule", "dedicated=edge:NoExecute")
    assert (row.runtime, row.kernel, row.kubelet_version, row.os_image) == (
        "containerd://1.7.1",
        "5.4.0-1",
        "v1.28.11+IKS",
        "Ubuntu 20.04.6 LTS",
    )
    condition = parsed.node_conditions[0]
    assert (condition.type, condition.status, condition.reason) == ("Ready", "Unknown", "NodeStatusUnknown")
    assert TEXT.split("\n")[condition.line - 1].strip() == "message: Kubelet stopped posting node status."
    assert condition.last_transition == datetime(2026, 2, 12, 6, 5, tzinfo=UTC)


def test_what_is_cut_off_is_not_known() -> None:
    row = parse_objects(TEXT[: TEXT.index("spec:")], Source("n.yaml")).nodes[0]
    assert (row.cordoned, row.ready, row.taints, row.age_s) == (None, "", (), None)
