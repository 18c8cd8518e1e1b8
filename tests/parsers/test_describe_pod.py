from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from parsers.describe_pod import parse_describe_pod
from parsers.source import Source

POD = """\
Name:                 calico-node-h4v7n
Namespace:            calico-system
Priority:             2000001000
Priority Class Name:  system-node-critical
Service Account:      calico-node
Node:                 10.207.61.12/10.207.61.12
Start Time:           Thu, 07 Oct 2021 00:34:33 -0500
Labels:               controller-revision-hash=6d5f8c9b7
                      k8s-app=calico-node
Annotations:          <none>
Status:               Running
IP:                   10.207.61.12
IPs:
  IP:           10.207.61.12
Controlled By:  DaemonSet/calico-node
Init Containers:
  install-cni:
    Image:          icr.io/ext/calico/cni:v3.27.2
    State:          Terminated
      Reason:       Completed
      Exit Code:    0
      Started:      Thu, 07 Oct 2021 00:34:33 -0500
      Finished:     Thu, 07 Oct 2021 00:34:40 -0500
    Ready:          True
    Restart Count:  4
Containers:
  calico-node:
    Image:          icr.io/ext/calico/node:v3.27.2
    State:          Running
      Started:      Thu, 07 Oct 2021 00:34:41 -0500
    Ready:          False
    Restart Count:  2
Conditions:
  Type              Status
  Initialized       True 
  Ready             False 
Volumes:            <none>
QoS Class:          Burstable
Node-Selectors:     kubernetes.io/os=linux
Tolerations:        :NoSchedule op=Exists
                    :NoExecute op=Exists
Events:
  Type     Reason     Age                 From     Message
  ----     ------     ----                ----     -------
  Warning  Unhealthy  3m (x120 over 21m)  kubelet  Readiness probe failed: 2026-02-12 14:42:49.280 [INFO][5037] confd/health.go 180: Number of node(s) with BGP peering established = 0
calico/node is not ready: BIRD is not ready: BGP not established with 10.207.61.11,10.207.61.19
"""  # noqa: W291 - kubectl leaves these blanks
SOURCE = Source("pod.txt", first_line=5)


def test_pod() -> None:
    (pod,) = parse_describe_pod(POD, SOURCE).pods
    assert (pod.namespace, pod.pod, pod.app, pod.node) == (
        "calico-system", "calico-node-h4v7n", "calico-node", "10.207.61.12",
    )  # fmt: skip
    assert (pod.phase, pod.ready, pod.restarts, pod.deleted) == ("Running", "0/1", 2, False)
    assert (pod.controlled_by, pod.ip, pod.line, pod.file) == ("DaemonSet/calico-node", "10.207.61.12", 5, "pod.txt")
    assert pod.start_time == datetime(2021, 10, 7, 5, 34, 33, tzinfo=UTC)
    assert pod.labels == {"controller-revision-hash": "6d5f8c9b7", "k8s-app": "calico-node"}
    assert pod.tolerations == (":NoSchedule op=Exists", ":NoExecute op=Exists")


def test_containers_conditions_events_and_probes() -> None:
    parsed = parse_describe_pod(POD, SOURCE)
    assert [(row.container, row.init, row.restarts, row.exit_code) for row in parsed.containers] == [
        ("install-cni", True, 4, 0),
        ("calico-node", False, 2, None),
    ]
    assert [(row.type, row.status, row.line) for row in parsed.pod_conditions] == [
        ("Initialized", "True", 39),
        ("Ready", "False", 40),
    ]
    (event,) = parsed.events
    assert (event.count, event.age_s, event.first_age_s, event.line, event.node) == (120, 180, 1260, 49, "10.207.61.12")
    assert [row.peer for row in parsed.readiness] == ["10.207.61.11", "10.207.61.19"]
    assert parsed.problems == []
    assert parsed.facts == {}


def test_evicted_and_terminating() -> None:
    gone = POD.replace(
        "Status:               Running\n",
        "Status:               Failed\nReason:               Evicted\nMessage:              The node was low.\n"
        "Events:  <none>\nIP:                   not this one\n",
    )
    (pod,) = parse_describe_pod(gone, SOURCE).pods
    assert (pod.phase, pod.reason) == ("Failed", "Evicted")
    assert pod.message == "The node was low.\nEvents:  <none>\nIP:                   not this one"
    assert pod.ip == "10.207.61.12"
    old = gone.replace("Events:  <none>\nIP:                   not this one\n", "").replace(
        "IPs:\n  IP:           10.207.61.12\n", ""
    )
    (pod,) = parse_describe_pod(old, SOURCE).pods
    assert (pod.message, pod.ip) == ("The node was low.", "10.207.61.12")
    going = POD.replace("Status:               Running", "Status:               Terminating (lasts 4m)")
    (pod,) = parse_describe_pod(going, SOURCE).pods
    assert (pod.phase, pod.deleted) == ("Terminating", True)


def test_pod_without_a_worker() -> None:
    text = "Name:         a\nNamespace:    b\nNode:         <none>\nStatus:       Pending\nIP:           \nIPs:          <none>\nContainers:\n  c:\n    Image:  x\nQoS Class:  BestEffort\nEvents:  <none>\n"
    parsed = parse_describe_pod(text, Source("p"))
    (pod,) = parsed.pods
    assert (pod.node, pod.ip, pod.phase, pod.ready) == ("", "", "Pending", "0/1")
    (container,) = parsed.containers
    assert (container.state, container.restarts, container.ready) == ("", None, None)


def test_events_left_out_and_cut_off() -> None:
    parsed = parse_describe_pod(POD[: POD.index("Events:")], SOURCE)
    assert parsed.facts == {"events": "not shown"}
    assert parsed.problems == []
    parsed = parse_describe_pod(POD[: POD.index("Conditions:")], SOURCE)
    assert parsed.problems == ["pod calico-node-h4v7n: the description is cut off"]
    assert len(parsed.containers) == 2


@given(st.integers(0, len(POD)), st.integers(0, len(POD)))
def test_any_piece_is_read_without_an_error(start: int, end: int) -> None:
    parsed = parse_describe_pod(POD[start:end], SOURCE)
    count = POD[start:end].count("\n") + 1
    for row in [*parsed.pods, *parsed.containers, *parsed.events, *parsed.pod_conditions, *parsed.readiness]:
        assert 5 <= row.line < 5 + count
