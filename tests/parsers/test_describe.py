import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.describe import parse_describe
from parsers.source import Source

POD = "Name:         p\nNamespace:    n\nNode:         w/10.0.0.1\nStatus:       Running\nIP:           10.0.0.1\nContainers:\n  c:\n    Image:  x:v1\nQoS Class:    BestEffort\nEvents:       <none>\n"
NODE = "Name:    w\nRoles:   <none>\nLabels:  <none>\nTaints:  <none>\nUnschedulable:  false\nEvents:  <none>\n"
DAEMONSET = "Name:           ds\nNamespace:      n\nSelector:       a=b\nDesired Number of Nodes Scheduled: 1\nPod Template:\n  Labels:  a=b\nEvents:  <none>\n"
POOL = "Name:         default-ipv4-ippool\nNamespace:\nLabels:       <none>\nAPI Version:  crd.projectcalico.org/v1\nKind:         IPPool\nSpec:\n  Cidr:  172.30.0.0/16\nEvents:  <none>\n"
ALL = {"pod": POD, "node": NODE, "daemonset": DAEMONSET, "pool": POOL}


@pytest.mark.parametrize("between", ["\n\n", ""])
def test_mixed_kinds_in_one_text(between: str) -> None:
    parsed = parse_describe(
        between.join([POD, NODE, DAEMONSET, POOL, POD.replace("  p\n", "  q\n", 1)]), Source("all.txt", 10)
    )
    assert [row.pod for row in parsed.pods] == ["p", "q"]
    assert [row.node for row in parsed.nodes] == ["w"]
    assert [row.daemonset for row in parsed.daemonsets] == ["ds"]
    assert ("IPPool", "spec.cidr", "172.30.0.0/16") in [(row.kind, row.key, row.value) for row in parsed.settings]
    assert [row.image for row in parsed.containers] == ["x:v1", "x:v1"]
    assert parsed.pods[0].line == 10


def test_commands_and_warnings_before_an_object_are_no_problem() -> None:
    text = f"$ kubectl describe pod p -n n\nWarning: something is deprecated\n{POD}"
    assert parse_describe(text, Source("p.txt")).problems == []


def test_other_lines_before_an_object_are_named() -> None:
    parsed = parse_describe(f"some words\n{POD}", Source("p.txt"))
    assert parsed.problems == ["1 lines before the first described object: 'some words'"]
    assert len(parsed.pods) == 1


def test_nothing_described() -> None:
    parsed = parse_describe('Error from server (NotFound): pods "x" not found\n', Source("p.txt"))
    assert len(parsed.problems) == 1
    assert parse_describe("", Source("p.txt")).problems == []


def test_pod_that_is_cut_off_early_is_still_a_pod() -> None:
    text = "Name:         p\nNamespace:    n\nPriority:     0\nNode:         w/10.0.0.1\nLabels:       k8s-app=calico-node\n"
    parsed = parse_describe(text, Source("p.txt"))
    assert [(row.pod, row.node, row.app) for row in parsed.pods] == [("p", "w", "calico-node")]
    assert parsed.problems == ["pod p: the description is cut off"]


@given(
    st.lists(st.sampled_from([*"".join(ALL.values()).split("\n"), "", "junk", "  Warning  R  5m  k  m"]), max_size=60)
)
def test_any_mixture_of_lines_is_read_without_an_error(lines: list[str]) -> None:
    parsed = parse_describe("\n".join(lines), Source("x", first_line=1))
    for row in [*parsed.pods, *parsed.nodes, *parsed.events, *parsed.settings, *parsed.containers]:
        assert 1 <= row.line <= max(len(lines), 1)


def test_objects_that_were_pasted_without_some_of_their_lines() -> None:
    node = (
        "Name:    w\nLabels:  <none>\nConditions:\n"
        "  Type   Status  LastHeartbeatTime                 LastTransitionTime                Reason           Message\n"
        "  ----   ------  -----------------                 ------------------                ------           -------\n"
        "  Ready  False   Thu, 10 Mar 2022 10:05:00 +0000   Thu, 10 Mar 2022 09:00:00 +0000   KubeletNotReady  cni config uninitialized\n"
        "Addresses:\n  InternalIP:  10.0.0.1\n"
    )
    pod = "Name:  p\nNamespace:  n\nInit Containers:\n  install-cni:\n    Image:  x:v1\n    State:  Waiting\n      Reason:  CrashLoopBackOff\n"
    parsed = parse_describe(node, Source("node.txt"))
    assert [(row.node, row.type, row.status) for row in parsed.node_conditions] == [("w", "Ready", "False")]
    parsed = parse_describe(pod, Source("pod.txt"))
    assert [(row.container, row.state_reason) for row in parsed.containers] == [("install-cni", "CrashLoopBackOff")]
