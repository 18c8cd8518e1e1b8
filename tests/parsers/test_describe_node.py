from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from parsers.describe_node import parse_describe_node
from parsers.source import Source

NODE = """\
Name:               10.207.61.31
Roles:              <none>
Labels:             ibm-cloud.kubernetes.io/worker-pool-name=default
                    ibm-cloud.kubernetes.io/worker-version=1.29.3_1531
                    privateVLAN=2345671
                    publicVLAN=2345679
                    topology.kubernetes.io/region=us-south
                    topology.kubernetes.io/zone=dal10
Annotations:        projectcalico.org/IPv4Address: 10.207.61.31/26
                    projectcalico.org/IPv4IPIPTunnelAddr: 172.30.99.0
CreationTimestamp:  Mon, 02 Nov 2026 23:10:45 -0600
Taints:             node.kubernetes.io/unreachable:NoExecute
                    dedicated=edge:NoSchedule
Unschedulable:      true
Lease:
  HolderIdentity:  10.207.61.31
  AcquireTime:     <unset>
  RenewTime:       Sun, 22 Nov 2026 20:55:45 -0600
Conditions:
  Type                 Status    LastHeartbeatTime                 LastTransitionTime                Reason              Message
  ----                 ------    -----------------                 ------------------                ------              -------
  NetworkUnavailable   False     Wed, 11 Nov 2026 23:10:45 -0600   Wed, 11 Nov 2026 23:10:45 -0600   CalicoIsUp          Calico is running  on this node
  MemoryPressure       Unknown   Sun, 22 Nov 2026 20:55:45 -0600   Sun, 22 Nov 2026 20:58:45 -0600                       no reason
and a second line
Events:  <none> is what it says
  Ready                Unknown   Mon, 01 Jan 0001 00:00:00 +0000   Sun, 22 Nov 2026 20:58:45 -0600   NodeStatusUnknown   Kubelet stopped posting node status.
Addresses:
  InternalIP:  10.207.61.31
  InternalIP:  fd00::1
  Hostname:    10.207.61.31
Capacity:
  cpu:     4
System Info:
  Kernel Version:             5.4.0-169-generic
  OS Image:                   Ubuntu 20.04.6 LTS
  Container Runtime Version:  containerd://1.7.11
  Kubelet Version:            v1.29.3+IKS
ProviderID:                   ibm://a///c/w
Non-terminated Pods:          (2 in total)
  Namespace                   Name                     CPU Requests  CPU Limits  Memory Requests  Memory Limits  Age
  ---------                   ----                     ------------  ----------  ---------------  -------------  ---
  calico-system               calico-node-q5t9z        250m (6%)     0 (0%)      80Mi (0%)        0 (0%)         11d
  kube-system                 coredns-6c9f7d8b54-w2x9k  100m (2%)     0 (0%)      70Mi (0%)        170Mi (1%)     11d
Allocated resources:
  (Total limits may be over 100 percent, i.e., overcommitted.)
  Resource           Requests    Limits
  --------           --------    ------
  cpu                350m (8%)   0 (0%)
  memory             150Mi (1%)  17Gi (132%)
  ephemeral-storage  0 (0%)      0 (0%)
Events:
  Type    Reason        Age                   From             Message
  ----    ------        ----                  ----             -------
  Normal  NodeNotReady  132m (x2 over 3h40m)  node-controller  Node 10.207.61.31 status is now: NodeNotReady
"""
SOURCE = Source("node.txt", first_line=3)


def test_facts() -> None:
    (node,) = parse_describe_node(NODE, SOURCE).nodes
    assert (node.node, node.line, node.roles, node.ready, node.cordoned) == ("10.207.61.31", 3, "", "Unknown", True)
    assert (node.zone, node.region, node.pool, node.worker_version) == ("dal10", "us-south", "default", "1.29.3_1531")
    assert (node.private_vlan, node.public_vlan, node.calico_ip) == ("2345671", "2345679", "10.207.61.31/26")
    assert (node.kernel, node.os_image) == ("5.4.0-169-generic", "Ubuntu 20.04.6 LTS")
    assert (node.runtime, node.kubelet_version) == ("containerd://1.7.11", "v1.29.3+IKS")
    assert (node.internal_ip, node.provider_id) == ("10.207.61.31", "ibm://a///c/w")
    assert node.taints == ("node.kubernetes.io/unreachable:NoExecute", "dedicated=edge:NoSchedule")
    assert node.created == datetime(2026, 11, 3, 5, 10, 45, tzinfo=UTC)
    assert node.lease_renewed == datetime(2026, 11, 23, 2, 55, 45, tzinfo=UTC)


def test_pods_and_resources() -> None:
    (node,) = parse_describe_node(NODE, SOURCE).nodes
    assert node.pods_on_node == ("calico-system/calico-node-q5t9z", "kube-system/coredns-6c9f7d8b54-w2x9k")
    assert (node.cpu_requested_pct, node.cpu_limit_pct) == (8, 0)
    assert (node.memory_requested_pct, node.memory_limit_pct) == (1, 132)


def test_conditions() -> None:
    network, memory, ready = parse_describe_node(NODE, SOURCE).node_conditions
    assert (network.type, network.status, network.reason, network.line) == (
        "NetworkUnavailable",
        "False",
        "CalicoIsUp",
        24,
    )
    assert network.message == "Calico is running  on this node"
    assert (memory.reason, memory.message) == ("", "no reason\nand a second line\nEvents:  <none> is what it says")
    assert (ready.type, ready.status, ready.last_heartbeat, ready.line) == ("Ready", "Unknown", None, 28)
    assert ready.last_transition == datetime(2026, 11, 23, 2, 58, 45, tzinfo=UTC)


def test_events() -> None:
    (event,) = parse_describe_node(NODE, SOURCE).events
    assert (event.object_kind, event.object, event.node, event.namespace) == (
        "Node",
        "10.207.61.31",
        "10.207.61.31",
        "",
    )
    assert (event.reason, event.count, event.source) == ("NodeNotReady", 2, "node-controller")


def test_absent_is_not_invented() -> None:
    (node,) = parse_describe_node("Name:    n\nRoles:   worker\nLabels:  <none>\n", Source("n")).nodes
    assert (node.ready, node.cordoned, node.created, node.lease_renewed) == ("", None, None, None)
    assert (node.pods_on_node, node.cpu_requested_pct, node.roles) == ((), None, "worker")


@given(st.integers(0, len(NODE)), st.integers(0, len(NODE)))
def test_any_piece_is_read_without_an_error(start: int, end: int) -> None:
    parsed = parse_describe_node(NODE[start:end], SOURCE)
    count = NODE[start:end].count("\n") + 1
    for row in [*parsed.nodes, *parsed.node_conditions, *parsed.events]:
        assert 3 <= row.line < 3 + count


def test_lines_of_taints_annotations_and_the_cordon() -> None:
    lines = parse_describe_node(NODE, Source("node.txt")).nodes[0].lines
    assert lines["annotations.projectcalico.org/IPv4IPIPTunnelAddr"] == 10
    assert lines["taints.node.kubernetes.io/unreachable:NoExecute"] == 12
    assert lines["taints.dedicated=edge:NoSchedule"] == 13
    assert lines["cordoned"] == 14
