"""Objects as settings: keys, lines, what is never read, limits."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from parsers.objects import parse_objects
from parsers.objects_setting import FEW_ROWS, MOST_ROWS
from parsers.source import Parsed, Source


def settings_of(text: str) -> Parsed:
    return parse_objects(text, Source("x.yaml"))


def values(text: str) -> dict[str, str]:
    return {row.key: row.value for row in settings_of(text).settings}


def test_a_policy_is_flattened_with_its_lines() -> None:
    text = """\
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata:
  name: deny-all
  creationTimestamp: "2026-02-12T05:00:00Z"
  annotations:
    owner: me
  resourceVersion: "12"
spec:
  order: 100.5
  ingress:
  - action: Deny
    destination:
      ports: [179, "5473:5480"]
  types: []
"""
    parsed = settings_of(text)
    rows = {row.key: row for row in parsed.settings}
    assert (rows[""].kind, rows[""].name, rows[""].value) == ("GlobalNetworkPolicy", "deny-all", "projectcalico.org/v3")
    assert {key: row.value for key, row in rows.items() if key} == {
        "metadata.name": "deny-all", "metadata.creationTimestamp": "2026-02-12T05:00:00Z", "metadata.annotations.owner": "me",
        "spec.order": "100.5", "spec.ingress.0.action": "Deny", "spec.ingress.0.destination.ports.0": "179",
        "spec.ingress.0.destination.ports.1": "5473:5480", "spec.types": "",
    }  # fmt: skip
    assert (rows[""].line, rows["spec.ingress.0.action"].line, rows["spec.ingress.0.destination.ports.0"].line) == (
        4,
        12,
        14,
    )


@pytest.mark.parametrize(
    "wrap",
    [lambda item: item, lambda item: {"apiVersion": "v1", "kind": "SecretList", "items": [item]}, lambda item: [item]],
)
def test_a_secret_never_gives_a_value(wrap: Any) -> None:
    secret = {
        "metadata": {"name": "calico-bgp-password", "namespace": "kube-system",
                     "annotations": {"kubectl.kubernetes.io/last-applied-configuration": '{"stringData":{"password":"hunter2"}}'}},
        "type": "Opaque", "data": {"password": "aHVudGVyMg=="}, "stringData": {"other": "hunter2"},
    }  # fmt: skip
    item = wrap(
        secret if not isinstance(wrap(secret), dict) or "items" in wrap(secret) else {"kind": "Secret", **secret}
    )
    for text in (yaml.safe_dump(item), json.dumps(item), json.dumps(item, indent=4), json.dumps(item, indent=4)[:-8]):
        parsed = settings_of(text)
        assert {row.kind for row in parsed.settings} == {"Secret"} and {"data.password"} <= {
            row.key for row in parsed.settings
        }
        assert "aHVudGVyMg" not in repr(parsed) and "hunter2" not in repr(parsed)


def test_last_applied_configurations_are_not_read() -> None:
    text = 'kind: IPPool\nmetadata:\n  name: p\n  annotations:\n    kubectl.kubernetes.io/last-applied-configuration: "{x}"\n'
    assert values(text)["metadata.annotations.kubectl.kubernetes.io/last-applied-configuration"] == "(not read)"


def test_hidden_values_are_no_data() -> None:
    found = values("kind: BGPPeer\nmetadata: {name: p}\nspec:\n  peerIP: '***HIDDEN***'\n  asNumber: 64512\n")
    assert "spec.peerIP" not in found and found["spec.asNumber"] == "64512"


def test_the_calico_config_map_keeps_its_nested_text() -> None:
    nested = '{"name": "k8s-pod-network", "mtu": 1440}'
    text = yaml.safe_dump(
        {
            "kind": "ConfigMap",
            "metadata": {"name": "calico-config"},
            "data": {"cni_network_config": nested, "veth_mtu": "1440"},
        }
    )
    assert values(text)["data.cni_network_config"] == nested and values(text)["data.veth_mtu"] == "1440"


def test_conditions_of_the_operator() -> None:
    text = """\
apiVersion: operator.tigera.io/v1
kind: TigeraStatus
metadata: {name: calico}
status:
  conditions:
  - message: 'Failed to update'
    reason: ResourceUpdateError
    status: "True"
    type: Degraded
"""
    parsed = settings_of(text)
    row = next(row for row in parsed.settings if row.key == "status.conditions.0.reason")
    assert (row.value, row.line) == ("ResourceUpdateError", 7)


def test_addresses_of_a_block_are_counted() -> None:
    spec = {"cidr": "172.30.0.0/29", "affinity": "host:n", "allocations": [0, None, 1, None], "unallocated": [1, 3],
            "attributes": [{"secondary": {"type": "ipipTunnelAddress"}}, {"secondary": {"pod": "p"}}]}  # fmt: skip
    text = yaml.safe_dump(
        {"apiVersion": "crd.projectcalico.org/v1", "kind": "IPAMBlock", "metadata": {"name": "b"}, "spec": spec}
    )
    found = values(text)
    assert (found["spec.allocations.allocated"], found["spec.allocations.size"], found["spec.affinity"]) == (
        "2",
        "4",
        "host:n",
    )
    assert found["spec.attributes.0.secondary.type"] == "ipipTunnelAddress"
    assert not any(key.startswith(("spec.unallocated", "spec.allocations.0")) for key in found)


def test_foreign_objects_are_kept_short_without_a_word() -> None:
    rules = [{"apiGroups": [""], "resources": [f"r{i}"], "verbs": ["get"]} for i in range(200)]
    parsed = settings_of(yaml.safe_dump({"kind": "ClusterRole", "metadata": {"name": "admin"}, "rules": rules}))
    assert [row.key for row in parsed.settings] == ["", "metadata.name"] and parsed.problems == []
    data = {f"key{i}": "x" * 9000 for i in range(300)}
    parsed = settings_of(yaml.safe_dump({"kind": "ConfigMap", "metadata": {"name": "app"}, "data": data}))
    assert len(parsed.settings) == FEW_ROWS and max(len(row.value) for row in parsed.settings) < 1000


def test_roles_of_calico_are_read_whole() -> None:
    text = """\
kind: Role
metadata: {name: bgp-secret-access, namespace: calico-system}
rules:
- apiGroups: [""]
  resources: ["secrets"]
  resourceNames: ["calico-bgp-password"]
  verbs: ["watch", "list", "get"]
"""
    assert values(text)["rules.0.resourceNames.0"] == "calico-bgp-password"


def test_a_huge_object_of_calico_is_cut_with_a_word() -> None:
    spec = {"nets": [f"10.0.{i // 256}.{i % 256}/32" for i in range(MOST_ROWS * 2)]}
    parsed = settings_of(
        yaml.safe_dump(
            {"apiVersion": "projectcalico.org/v3", "kind": "GlobalNetworkSet", "metadata": {"name": "g"}, "spec": spec}
        )
    )
    assert len(parsed.settings) == MOST_ROWS and "GlobalNetworkSet g: only its first" in parsed.problems[0]


def test_bundles_of_certificates_and_schemas_are_left_out() -> None:
    hooks = [{"name": "w", "clientConfig": {"caBundle": "LS0t", "service": {"name": "s"}}, "failurePolicy": "Fail"}]
    text = yaml.safe_dump({"kind": "ValidatingWebhookConfiguration", "metadata": {"name": "v"}, "webhooks": hooks})
    found = values(text)
    assert found["webhooks.0.failurePolicy"] == "Fail" and "webhooks.0.clientConfig.caBundle" not in found
