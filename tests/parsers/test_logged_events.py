"""Events that stand in logs of the kubelet and of the control plane."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.kubelet_journal import parse_kubelet_journal
from parsers.logged_events import logged_event
from parsers.rows import LogLineRow
from parsers.source import Source

POD = 'pod="calico-system/calico-node-ab2cd" podUID="1f"'


def line(message: str) -> LogLineRow:
    return LogLineRow("kubelet.log", 1, "", "worker-1", "kubelet", component="kubelet", message=message)


@pytest.mark.parametrize(
    ("message", "kind", "name", "reason", "words"),
    [
        (
            f'"Probe failed" probeType="Readiness" {POD} containerName="calico-node" probeResult="failure" '
            'output="calico/node is not ready: BIRD is not ready: BGP not established with 192.0.2.7\\n"',
            "Pod", "calico-node-ab2cd", "Unhealthy",
            "Readiness probe failed: calico/node is not ready: BIRD is not ready: BGP not established with 192.0.2.7",
        ),
        (
            f'"Probe errored" err="rpc error: code = DeadlineExceeded desc = late" probeType="Liveness" {POD}',
            "Pod", "calico-node-ab2cd", "Unhealthy",
            "Liveness probe errored: rpc error: code = DeadlineExceeded desc = late",
        ),
        (
            'Readiness probe for "calico-node-ab2cd_kube-system(1f):calico-node" failed (failure): '
            "calico/node is not ready: felix is not ready: readiness probe reporting 503",
            "Pod", "calico-node-ab2cd", "Unhealthy",
            "Readiness probe failed: calico/node is not ready: felix is not ready: readiness probe reporting 503",
        ),
        (
            '"Error syncing pod, skipping" err="failed to \\"StartContainer\\" for \\"install-cni\\" with ImagePullBackOff: '
            f'\\"Back-off pulling image \\\\\\"docker.io/calico/cni:v3.27.3\\\\\\"\\"" {POD}',
            "Pod", "calico-node-ab2cd", "BackOff", 'Back-off pulling image "docker.io/calico/cni:v3.27.3"',
        ),
        (
            'Error syncing pod 1f ("calico-node-ab2cd_kube-system(1f)"), skipping: failed to "StartContainer" for '
            '"calico-node" with CrashLoopBackOff: "back-off 5m0s restarting failed container"',
            "Pod", "calico-node-ab2cd", "BackOff",
            "Back-off restarting failed container calico-node in pod calico-node-ab2cd: back-off 5m0s restarting failed container",
        ),
        (
            '"Error syncing pod, skipping" err="failed to \\"CreatePodSandbox\\" for \\"web_default(1f)\\" with '
            'CreatePodSandboxError: \\"Failed to create sandbox for pod \\\\\\"web_default(1f)\\\\\\": rpc error: Unauthorized\\"" '
            'pod="default/web" podUID="1f"',
            "Pod", "web", "FailedCreatePodSandBox", 'Failed to create sandbox for pod "web_default(1f)": rpc error: Unauthorized',
        ),
        (
            'Error: MountVolume.SetUp failed for volume "typha-certs" (UniqueName: "kubernetes.io/secret/1f-typha-certs") '
            'pod "calico-typha-ab2cd" (UID: "1f") : secret "typha-certs" not found',
            "Pod", "calico-typha-ab2cd", "FailedMount",
            'MountVolume.SetUp failed for volume "typha-certs" : secret "typha-certs" not found',
        ),
        (
            'Event(v1.ObjectReference{Kind:"DaemonSet", Namespace:"kube-system", Name:"calico-node", UID:"1f", '
            "APIVersion:\"apps/v1\", ResourceVersion:\"1\", FieldPath:\"\"}): type: 'Warning' reason: 'FailedCreate' "
            "Error creating: denied",
            "DaemonSet", "calico-node", "FailedCreate", "Error creating: denied",
        ),
        (
            '"Event occurred" object="kube-system/calico-node" fieldPath="" kind="DaemonSet" apiVersion="apps/v1" '
            'type="Warning" reason="FailedCreate" message="Error creating: calling webhook \\"x.example.com\\": denied"',
            "DaemonSet", "calico-node", "FailedCreate", 'Error creating: calling webhook "x.example.com": denied',
        ),
    ],
)  # fmt: skip
def test_event_of_a_line(message: str, kind: str, name: str, reason: str, words: str) -> None:
    event = logged_event(line(message))
    assert event is not None
    assert (event.object_kind, event.object, event.reason, event.message) == (kind, name, reason, words)
    assert (event.type, event.node, event.file, event.line) == ("Warning", "worker-1", "kubelet.log", 1)


@pytest.mark.parametrize(
    "message",
    [
        "Starting kubelet main sync loop.",
        '"Event occurred" object="kube-system/calico-node" kind="DaemonSet" type="Normal" reason="SuccessfulCreate" message="x"',
        '"SyncLoop (probe)" probe="readiness" status="ready" pod="calico-system/calico-node-ab2cd"',
        f'"Error syncing pod, skipping" err="network is not ready: cni plugin not initialized" {POD}',
    ],
)
def test_no_event(message: str) -> None:
    assert logged_event(line(message)) is None


def test_value_over_several_lines_of_a_journal() -> None:
    prefix = "Nov 29 17:01:44 worker-1 kubelet[1211]: "
    text = "\n".join(
        (
            f'{prefix}I1129 17:01:44.100231    1211 prober.go:107] "Probe failed" probeType="Readiness" {POD} output=<',
            f"{prefix}        calico/node is not ready: BIRD is not ready: BGP not established with 192.0.2.7",
            f"{prefix} >",
            f"{prefix}E1129 17:01:45.100231    1211 kubelet.go:1] failed to do something",
        )
    )
    parsed = parse_kubelet_journal(text, Source("kubelet.log"), lambda words: ("x",) if "BGP" in words else ())
    assert [row.line for row in parsed.log_lines] == [1, 4]
    event = logged_event(parsed.log_lines[0])
    assert event is not None
    assert event.message.endswith("BGP not established with 192.0.2.7")


@given(st.text(max_size=400))
def test_nothing_makes_it_fail(text: str) -> None:
    for start in ('"Probe failed" ', "StartContainer ", "Event(v1.ObjectReference{", "MountVolume.", ' probe for "'):
        logged_event(line(start + text + " " * 30))
