"""Objects in YAML and JSON give the same rows as each other, whatever their wrapping."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from parsers.objects import parse_objects
from parsers.source import Parsed, Source

SOURCE = Source("pods.yaml")
POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {
        "name": "calico-node-abcde", "namespace": "calico-system", "labels": {"k8s-app": "calico-node"},
        "ownerReferences": [{"kind": "DaemonSet", "name": "calico-node", "controller": True}],
    },
    "spec": {
        "nodeName": "node-a",
        "initContainers": [{"name": "install-cni", "image": "icr.io/ext/calico/cni:v3.27.2"}],
        "containers": [{
            "name": "calico-node", "image": "icr.io/ext/calico/node:v3.27.2", "env": [{"name": "IP", "value": "autodetect"}],
            "resources": {"limits": {"memory": "120Mi"}},
            "livenessProbe": {"httpGet": {"host": "localhost", "port": 9099, "path": "/liveness"}, "timeoutSeconds": 10},
        }],
    },
    "status": {
        "phase": "Running", "startTime": "2026-02-12T06:00:00Z", "podIP": "192.0.2.7",
        "conditions": [{"type": "Ready", "status": "False"}],
        "initContainerStatuses": [{
            "name": "install-cni", "ready": True, "restartCount": 0,
            "state": {"terminated": {"exitCode": 0, "reason": "Completed", "finishedAt": "2026-02-12T06:00:09Z"}},
        }],
        "containerStatuses": [{
            "name": "calico-node", "ready": False, "restartCount": 47,
            "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 5m0s"}},
            "lastState": {"terminated": {"exitCode": 137, "reason": "OOMKilled", "finishedAt": "2026-02-12T06:09:09Z"}},
        }],
    },
}  # fmt: skip
NODE = {
    "apiVersion": "v1",
    "kind": "Node",
    "metadata": {"name": "node-a", "labels": {"topology.kubernetes.io/zone": "dal10", "privateVLAN": "2234945"},
                 "annotations": {"projectcalico.org/IPv4Address": "192.0.2.7/26"}, "creationTimestamp": "2026-01-01T00:00:00Z"},
    "spec": {"unschedulable": True, "taints": [{"key": "dedicated", "value": "edge", "effect": "NoSchedule"}]},
    "status": {
        "addresses": [{"type": "InternalIP", "address": "192.0.2.7"}],
        "conditions": [{"type": "Ready", "status": "False", "reason": "KubeletNotReady", "message": "cni plugin not initialized"}],
        "nodeInfo": {"kubeletVersion": "v1.28.11+IKS", "kernelVersion": "5.4.0"},
    },
}  # fmt: skip
EVENT = {
    "apiVersion": "v1", "kind": "Event", "metadata": {"name": "e1", "namespace": "calico-system"},
    "involvedObject": {"kind": "Pod", "name": "calico-node-abcde", "namespace": "calico-system"},
    "type": "Warning", "reason": "Unhealthy", "count": 3,
    "message": "Readiness probe failed: calico/node is not ready: BIRD is not ready: BGP not established with 192.0.2.8,192.0.2.9",
    "firstTimestamp": "2026-02-12T06:01:00Z", "lastTimestamp": "2026-02-12T06:09:00Z", "source": {"component": "kubelet"},
}  # fmt: skip
OBJECTS = [POD, NODE, EVENT]


def without_lines(parsed: Parsed) -> dict[str, list[Any]]:
    return {
        item.name: [
            {f.name: getattr(row, f.name) for f in fields(row) if "line" not in f.name}
            for row in getattr(parsed, item.name)
        ]
        for item in fields(parsed)
        if item.name not in ("problems", "facts", "listings")
    }


EXPECTED = without_lines(parse_objects("---\n".join(yaml.safe_dump(item) for item in OBJECTS), SOURCE))


def test_a_pod_as_the_api_says_it() -> None:
    parsed = parse_objects(yaml.safe_dump(POD), SOURCE)
    node = next(row for row in parsed.containers if row.container == "calico-node")
    assert (node.ready, node.restarts, node.state, node.state_reason) == (False, 47, "Waiting", "CrashLoopBackOff")
    assert (node.last_reason, node.last_exit_code, node.exit_code, node.limits) == (
        "OOMKilled",
        137,
        137,
        {"memory": "120Mi"},
    )
    init = next(row for row in parsed.containers if row.init)
    assert (init.ready, init.state, init.exit_code, init.version) == (True, "Terminated", 0, "v3.27.2")
    assert (parsed.pods[0].ready, parsed.pods[0].node, parsed.pods[0].app) == ("0/1", "node-a", "calico-node")


def test_a_node_as_the_api_says_it() -> None:
    parsed = parse_objects(yaml.safe_dump(NODE), SOURCE)
    row = parsed.nodes[0]
    assert (row.ready, row.zone, row.private_vlan, row.cordoned) == ("False", "dal10", "2234945", True)
    assert (row.internal_ip, row.calico_ip, row.taints) == ("192.0.2.7", "192.0.2.7/26", ("dedicated=edge:NoSchedule",))
    assert parsed.node_conditions[0].message == "cni plugin not initialized"


def test_probe_events_give_readiness_rows() -> None:
    parsed = parse_objects(yaml.safe_dump(EVENT), SOURCE)
    assert [row.peer for row in parsed.readiness] == ["192.0.2.8", "192.0.2.9"]
    assert parsed.events[0].count == 3 and parsed.events[0].first_time is not None


@pytest.mark.parametrize(
    "text",
    [
        yaml.safe_dump({"apiVersion": "v1", "kind": "List", "items": OBJECTS}),
        json.dumps({"apiVersion": "v1", "kind": "List", "items": OBJECTS}, indent=2),
        json.dumps({"apiVersion": "v1", "kind": "List", "items": OBJECTS}),
        "\n".join(json.dumps(item, indent=4) for item in OBJECTS),
        json.dumps(OBJECTS),
    ],
)
def test_every_wrapping_gives_the_same_rows(text: str) -> None:
    assert without_lines(parse_objects(text, SOURCE)) == EXPECTED


def test_the_line_of_a_yaml_row_is_the_line_to_quote() -> None:
    text = yaml.safe_dump(POD)
    parsed = parse_objects(text, SOURCE)
    line = next(row for row in parsed.containers if row.container == "calico-node").last_state_line
    assert line and "OOMKilled" in text.split("\n")[line - 1]


def test_a_list_that_breaks_off_is_read_up_to_the_break() -> None:
    for text in (json.dumps({"kind": "List", "items": OBJECTS}), yaml.safe_dump({"kind": "List", "items": OBJECTS})):
        parsed = parse_objects(text[: len(text) * 2 // 3], SOURCE)
        assert parsed.events or parsed.pods or parsed.nodes
        assert parsed.problems


def test_items_without_a_kind_have_that_of_their_list() -> None:
    item = {key: value for key, value in POD.items() if key not in ("kind", "apiVersion")}
    parsed = parse_objects(json.dumps({"kind": "PodList", "items": [item]}), SOURCE)
    assert parsed.pods[0].pod == "calico-node-abcde"
    assert [(row.kind, row.namespace, row.count) for row in parsed.listings] == [("Pod", "calico-system", 1)]


def test_a_secret_never_gives_a_value() -> None:
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": {"password": "aHVudGVyMg=="}}
    parsed = parse_objects(yaml.safe_dump(secret), SOURCE)
    assert any(row.key == "data.password" for row in parsed.settings)
    assert "aHVudGVyMg==" not in repr(parsed)


def test_calicos_own_node_is_no_worker() -> None:
    parsed = parse_objects("apiVersion: projectcalico.org/v3\nkind: Node\nmetadata:\n  name: node-z\n", SOURCE)
    assert parsed.nodes == [] and parsed.settings[0].kind == "CalicoNode"


def test_a_yaml_bomb_is_refused() -> None:
    bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{chr(98 + i)}: &{chr(98 + i)} [{','.join(['*' + chr(97 + i)] * 9)}]\n" for i in range(9)
    )
    parsed = parse_objects("kind: ConfigMap\n" + bomb, SOURCE)
    assert parsed.problems and not parsed.settings


def test_tags_are_not_executed() -> None:
    parsed = parse_objects(
        "kind: ConfigMap\nmetadata:\n  name: x\ndata:\n  a: !!python/object/apply:os.system [id]\n", SOURCE
    )
    assert any(row.name == "x" for row in parsed.settings)


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=300), st.booleans())
def test_never_raises(text: str, wrap: bool) -> None:
    parse_objects(f"kind: Pod\nmetadata: {text}\n" if wrap else text, SOURCE)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 4000))
def test_a_cut_anywhere_never_raises(end: int) -> None:
    parse_objects(yaml.safe_dump({"kind": "List", "items": OBJECTS})[:end], SOURCE)
    parse_objects(json.dumps({"kind": "List", "items": OBJECTS})[:end], SOURCE)
