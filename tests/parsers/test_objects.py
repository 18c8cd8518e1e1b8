"""Objects in YAML and JSON give the same rows as each other, whatever their wrapping."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import fields

from parsers.objects import looks_like, parse_objects
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


def listings(text: str, path: str = "pods.yaml", command: str = "") -> list[tuple[str, str, int, bool]]:
    parsed = parse_objects(text, Source(path, command=command))
    return [(row.kind, row.namespace, row.count, row.complete) for row in parsed.listings]


def pods(*apps: str, namespace: str = "calico-system") -> list[dict[str, Any]]:
    return [
        {"kind": "Pod", "metadata": {"name": f"{app}-abcd{i}", "namespace": namespace, "labels": {"k8s-app": app}}}
        for i, app in enumerate(apps)
    ]


def test_a_list_is_complete_unless_something_speaks_against_it() -> None:
    def listed(items: list[dict[str, Any]], **more: Any) -> str:
        return json.dumps({"apiVersion": "v1", "items": items, "kind": "List"} | more, indent=1)

    whole = listed(pods("calico-node", "calico-typha"))
    assert listings(whole) == [("Pod", "calico-system", 2, True)]
    assert listings(listed(pods("calico-node", "calico-node"))) == [("Pod", "calico-system", 2, False)]
    assert listings(whole[:-40])[0][3] is False
    assert listings(listed(pods("calico-node", "x"), metadata={"continue": "t"}))[0][3] is False
    assert (
        listings(listed(pods("a", "b")), command="kubectl get pods -l k8s-app=a -n calico-system -o json")[0][3]
        is False
    )
    assert listings(listed(pods("a", "a")), command="kubectl get pods -A -o json") == [("Pod", "*", 2, True)]
    assert listings(listed([*pods("a"), *pods("b", namespace="other")])) == [("Pod", "*", 2, True)]
    assert listings(listed([EVENT])) == [("Event", "calico-system", 1, False)]


def test_a_list_of_several_kinds_is_one_listing_each() -> None:
    text = yaml.safe_dump({"apiVersion": "v1", "kind": "List", "items": OBJECTS})
    assert {row[0] for row in listings(text)} == {"Pod", "Node", "Event"}


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        (
            "mg/namespaces/calico-system/core/pods.yaml",
            "apiVersion: v1\nitems: []\nkind: PodList\n",
            ("Pod", "calico-system"),
        ),
        (
            "cluster-resources/daemonsets/kube-system.json",
            '{"kind": "List", "items": []}',
            ("DaemonSet", "kube-system"),
        ),
        ("out/kube-system/daemonsets.json", '{"kind":"DaemonSetList","items":null}', ("DaemonSet", "kube-system")),
        ("nodes.json", "[]", ("Node", "")),
    ],
)
def test_an_empty_list_says_that_there_are_none(path: str, text: str, expected: tuple[str, str]) -> None:
    assert listings(text, path) == [(*expected, 0, True)]


def test_lists_inside_of_lists() -> None:
    text = json.dumps(
        [{"kind": "PodList", "items": pods("a", "b")}, {"kind": "NodeList", "apiVersion": "v1", "items": [NODE]}]
    )
    parsed = parse_objects(text, SOURCE)
    assert len(parsed.pods) == 2 and len(parsed.nodes) == 1
    assert {(row.kind, row.count) for row in parsed.listings if row.count} >= {("Pod", 2), ("Node", 1)}


def test_an_object_without_a_kind_is_named() -> None:
    parsed = parse_objects("replicaCount: 3\nimage: x\n", SOURCE)
    assert parsed.problems == ["line 1: an object without a kind was not read"]


@pytest.mark.parametrize(
    "sample",
    [
        "apiVersion: v1\nkind: Pod\nmetadata:\n",
        '{"apiVersion": "v1", "items": []}',
        "- apiVersion: v1\n  kind: Pod\nkind: x\n",
    ],
)
def test_objects_are_recognised(sample: str) -> None:
    assert looks_like(sample) > 0.6


@pytest.mark.parametrize(
    "sample", ["", "2026-01-01 00:00:00.1 [INFO] x", '{"level":"info","msg":"x"}', "Name: x\nNamespace: y\n"]
)
def test_other_texts_are_not(sample: str) -> None:
    assert looks_like(sample) < 0.4


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=300), st.booleans())
def test_never_raises(text: str, wrap: bool) -> None:
    parse_objects(f"kind: Pod\nmetadata: {text}\n" if wrap else text, SOURCE)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 4000))
def test_a_cut_anywhere_never_raises(end: int) -> None:
    parse_objects(yaml.safe_dump({"kind": "List", "items": OBJECTS})[:end], SOURCE)
    parse_objects(json.dumps({"kind": "List", "items": OBJECTS})[:end], SOURCE)


NAMES = st.text("abc-0", min_size=1, max_size=9)
MESSAGES = st.one_of(
    st.text(max_size=60), st.sampled_from(["a: b\n  c", "back-off 5m0s restarting failed container", "'"])
)
STATES = st.one_of(
    st.fixed_dictionaries({"waiting": st.fixed_dictionaries({"reason": NAMES, "message": MESSAGES})}),
    st.fixed_dictionaries({"running": st.just({"startedAt": "2026-02-12T06:00:00Z"})}),
    st.fixed_dictionaries(
        {"terminated": st.fixed_dictionaries({"reason": NAMES, "exitCode": st.integers(0, 255), "message": MESSAGES})}
    ),
)
CONTAINER_STATES = st.fixed_dictionaries(
    {
        "name": NAMES,
        "ready": st.booleans(),
        "restartCount": st.integers(0, 999),
        "state": STATES,
        "lastState": st.one_of(st.just({}), STATES),
    }
)
PODS = st.builds(
    lambda name, namespace, states, phase, labels: {
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": namespace, "labels": labels},
        "spec": {"nodeName": "n"}, "status": {"phase": phase, "containerStatuses": states},
    },
    NAMES, NAMES, st.lists(CONTAINER_STATES, max_size=3, unique_by=lambda state: state["name"]), st.sampled_from(["Running", "Pending"]),
    st.dictionaries(NAMES, MESSAGES, max_size=2),
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.lists(PODS, min_size=1, max_size=4), st.sampled_from([1000, 60]))
def test_states_come_back_from_yaml_and_json_alike(items: list[dict[str, Any]], width: int) -> None:
    text = yaml.safe_dump({"apiVersion": "v1", "kind": "List", "items": items}, width=width)
    parsed = parse_objects(text, SOURCE)
    assert parsed.problems == []
    expected = []
    for item in items:
        for state in item["status"]["containerStatuses"]:
            kind, now = next(iter(state["state"].items()))
            expected.append(
                (
                    item["metadata"]["name"],
                    state["name"],
                    state["ready"],
                    kind.capitalize(),
                    now.get("message", "").rstrip(),
                )
            )
    assert [(row.pod, row.container, row.ready, row.state, row.message) for row in parsed.containers] == expected
    for indent in (None, 4):
        other = parse_objects(json.dumps({"apiVersion": "v1", "kind": "List", "items": items}, indent=indent), SOURCE)
        assert without_lines(other) == without_lines(parsed)
        assert [(row.kind, row.namespace, row.count, row.complete) for row in other.listings] == [
            (row.kind, row.namespace, row.count, row.complete) for row in parsed.listings
        ]
    pretty = json.dumps({"apiVersion": "v1", "kind": "List", "items": items}, indent=4)
    lines = pretty.split("\n")
    for row in parse_objects(pretty, SOURCE).containers:
        assert lines[row.line - 1].strip().rstrip(",") == f'"name": {json.dumps(row.container)}'


ANYTHING = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=4), inner, max_size=3)),
    max_leaves=6,
)


def mangled(value: Any, choose: Any) -> Any:
    """The value with some parts replaced by anything."""
    if choose(st.integers(0, 14)) == 0:
        return choose(ANYTHING)
    if isinstance(value, dict):
        return {key: mangled(inner, choose) for key, inner in value.items()}
    return [mangled(inner, choose) for inner in value] if isinstance(value, list) else value


@settings(max_examples=150, deadline=None)
@given(st.data(), st.sampled_from(OBJECTS))
def test_fields_of_any_shape_never_raise(data: st.DataObject, item: dict[str, Any]) -> None:
    value = mangled(item, data.draw)
    parse_objects(json.dumps([value], indent=1), SOURCE)
    parse_objects(yaml.safe_dump(value), SOURCE)
