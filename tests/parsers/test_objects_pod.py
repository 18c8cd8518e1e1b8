"""Pods of the API in the words of kubectl describe, each row at its line."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
import yaml

from parsers.objects import parse_objects
from parsers.objects_pod import probe_text
from parsers.rows import ContainerRow
from parsers.source import Source

TEXT = """\
apiVersion: v1
kind: Pod
metadata:
  creationTimestamp: "2026-02-12T05:00:00Z"
  deletionTimestamp: "2026-02-12T06:30:00Z"
  name: calico-node-abcde
  namespace: calico-system
  ownerReferences:
  - kind: ReplicaSet
    name: other
  - kind: DaemonSet
    name: calico-node
    controller: true
spec:
  initContainers:
  - name: install-cni
    image: icr.io:5000/ext/calico/cni@sha256:abc
  containers:
  - name: calico-node
    image: icr.io:5000/ext/calico/node:v3.27.2@sha256:abc
    env:
    - name: NODENAME
      valueFrom:
        fieldRef:
          apiVersion: v1
          fieldPath: spec.nodeName
    - name: POD
      valueFrom:
        fieldRef:
          fieldPath: metadata.name
    - name: PASSWORD
      valueFrom:
        secretKeyRef:
          name: secrets
          key: pw
    - name: BACKEND
      valueFrom:
        configMapKeyRef:
          name: calico-config
          key: calico_backend
    - name: HIDDEN
      value: '***HIDDEN***'
    - name: IP
      value: autodetect
    resources:
      requests:
        cpu: 250m
      limits:
        memory: 1Gi
  - name: sidecar
    image: busybox
  tolerations:
  - operator: Exists
  - key: dedicated
    value: edge
    effect: NoSchedule
  - key: node.kubernetes.io/not-ready
    operator: Exists
    effect: NoExecute
    tolerationSeconds: 300
  nodeName: 192.0.2.7
status:
  phase: Running
  conditions:
  - type: Ready
    status: "False"
    reason: ContainersNotReady
    message: 'containers with unready status: [calico-node]'
  containerStatuses:
  - name: calico-node
    ready: false
    restartCount: 4
    state:
      waiting:
        message: back-off 5m0s restarting failed container
        reason: CrashLoopBackOff
    lastState:
      terminated:
        exitCode: 137
        finishedAt: "2026-02-12T06:09:09Z"
        reason: OOMKilled
        startedAt: "2026-02-12T06:01:09Z"
"""
LINES = TEXT.split("\n")


def parsed(text: str = TEXT, **more: Any) -> Any:
    return parse_objects(text, Source("pod.yaml", **more))


def container(name: str) -> ContainerRow:
    return next(row for row in parsed().containers if row.container == name)


def test_the_pod() -> None:
    pod = parsed(collected=datetime(2026, 2, 12, 7, tzinfo=UTC)).pods[0]
    assert (pod.pod, pod.namespace, pod.node, pod.controlled_by) == (
        "calico-node-abcde", "calico-system", "192.0.2.7", "DaemonSet/calico-node",
    )  # fmt: skip
    assert (pod.phase, pod.ready, pod.restarts, pod.deleted, pod.age_s) == ("Terminating", "0/2", 4, True, 7200)
    assert pod.start_time is None  # the kubelet has not acknowledged it
    assert pod.tolerations == (
        "op=Exists", "dedicated=edge:NoSchedule", "node.kubernetes.io/not-ready:NoExecute op=Exists for 300s",
    )  # fmt: skip


def test_the_containers_states() -> None:
    row = container("calico-node")
    assert (row.state, row.state_reason, row.message) == (
        "Waiting",
        "CrashLoopBackOff",
        "back-off 5m0s restarting failed container",
    )
    assert (row.last_state, row.last_reason, row.last_exit_code, row.exit_code) == ("Terminated", "OOMKilled", 137, 137)
    assert row.last_started == datetime(2026, 2, 12, 6, 1, 9, tzinfo=UTC)
    assert "OOMKilled" in LINES[row.last_state_line - 1] and "CrashLoopBackOff" in LINES[row.state_line - 1]
    assert LINES[row.line - 1] == "  - name: calico-node" and row.line > LINES.index("  containerStatuses:")


def test_images_and_environment() -> None:
    row = container("calico-node")
    assert (row.version, row.limits, row.requests) == ("v3.27.2", {"memory": "1Gi"}, {"cpu": "250m"})
    assert row.env == {
        "NODENAME": "(v1:spec.nodeName)",
        "POD": "calico-node-abcde (v1:metadata.name)",
        "PASSWORD": "<set to the key 'pw' in secret 'secrets'>",
        "BACKEND": "<set to the key 'calico_backend' of config map 'calico-config'>",
        "HIDDEN": "",
        "IP": "autodetect",
    }
    assert container("install-cni").version == ""


def test_containers_without_a_status_are_listed_from_the_spec() -> None:
    assert [(row.container, row.init, row.state) for row in parsed().containers] == [
        ("install-cni", True, ""), ("calico-node", False, "Waiting"), ("sidecar", False, ""),
    ]  # fmt: skip
    assert container("sidecar").ready is None


def test_a_condition_is_quoted_where_its_message_stands() -> None:
    row = parsed().pod_conditions[0]
    assert (row.type, row.status, row.reason) == ("Ready", "False", "ContainersNotReady")
    assert "containers with unready status" in LINES[row.line - 1]


def test_a_pod_cut_off_before_its_status_has_no_readiness() -> None:
    pod = parsed(TEXT[: TEXT.index("status:\n  phase")]).pods[0]
    assert (pod.ready, pod.restarts, pod.phase) == ("", None, "")


@pytest.mark.parametrize(
    ("probe", "shown"),
    [
        (
            {"exec": {"command": ["/bin/calico-node", "-felix-live", "-bird-live"]}, "initialDelaySeconds": 10, "timeoutSeconds": 10, "failureThreshold": 6},
            "exec [/bin/calico-node -felix-live -bird-live] delay=10s timeout=10s period=10s #success=1 #failure=6",
        ),
        (
            {"httpGet": {"host": "localhost", "port": 9099, "path": "/liveness", "scheme": "HTTP"}},
            "http-get http://localhost:9099/liveness delay=0s timeout=1s period=10s #success=1 #failure=3",
        ),
        ({"tcpSocket": {"port": "http"}}, "tcp-socket :http delay=0s timeout=1s period=10s #success=1 #failure=3"),
        ({"grpc": {"port": 1}, "periodSeconds": 5}, "grpc <pod>:1 delay=0s timeout=1s period=5s #success=1 #failure=3"),
        ({}, ""),
        (None, ""),
    ],
)  # fmt: skip
def test_probes_in_the_words_of_kubectl(probe: Any, shown: str) -> None:
    assert probe_text(probe) == shown


def test_a_state_that_says_nothing_is_waiting() -> None:
    text = "kind: Pod\nmetadata: {name: p}\nstatus:\n  containerStatuses:\n  - {name: a, state: {}, lastState: {}}\n  - {name: b}\n"
    assert [(row.state, row.last_state, row.state_line) for row in parsed(text).containers] == [
        ("Waiting", "", 5),
        ("", "", None),
    ]


def test_ephemeral_containers_count_for_nothing() -> None:
    value = yaml.safe_load(TEXT)
    value["status"]["ephemeralContainerStatuses"] = [{"name": "debugger", "ready": False, "state": {"running": {}}}]
    found = parsed(yaml.safe_dump(value))
    assert found.pods[0].ready == "0/2" and found.containers[-1].container == "debugger"
