"""A real kubectl describes custom resources, ConfigMaps and Secrets; the settings must be their fields."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from object_server import Object, Objects, serving
from scoring import run
from server_tables import table

from parsers.describe import parse_describe
from parsers.source import Source

META = {"uid": "u", "resourceVersion": "1", "creationTimestamp": "2026-11-03T05:10:45Z", "generation": 2}
OBJECTS: Objects = {
    "BGPConfiguration": [
        {
            "metadata": {**META, "name": "default", "annotations": {"created-by": "IBMCloudKubernetesService"}},
            "spec": {
                "asNumber": 64512,
                "logSeverityScreen": "Info",
                "nodeMeshPassword": {"secretKeyRef": {"name": "calico-bgp-password", "key": "rawPassword"}},
                "nodeToNodeMeshEnabled": True,
                "listenPort": 178,
                "serviceClusterIPs": [{"cidr": "172.21.0.0/16"}, {"cidr": "fd00::/112"}],
            },
        }
    ],
    "GlobalNetworkPolicy": [
        {
            "metadata": {**META, "name": "default.locked", "labels": {"team": "net"}},
            "spec": {
                "order": 10,
                "selector": "ibm.role == 'worker_private'",
                "types": ["Ingress", "Egress"],
                "ingress": [
                    {"action": "Allow", "protocol": "TCP", "source": {"nets": ["10.0.0.0/8", "172.16.0.0/12"]}, "destination": {"ports": [179, "5473:5474"]}},
                    {"action": "Deny", "source": {"nets": ["0.0.0.0/0"]}},
                ],
                "egress": [{"action": "Allow"}],
            },
        }
    ],
    "FelixConfiguration": [
        {"metadata": {**META, "name": "default"}, "spec": {"bpfEnabled": False, "interfacePrefix": "cali", "ipipMTU": 1480, "healthTimeoutOverrides": [{"name": "x", "timeout": "30s"}]}}
    ],
    "TigeraStatus": [
        {
            "metadata": {**META, "name": "calico"},
            "spec": {},
            "status": {
                "conditions": [
                    {"type": "Available", "status": "False", "reason": "Unknown", "message": "", "lastTransitionTime": "2026-11-03T05:10:45Z"},
                    {"type": "Degraded", "status": "True", "reason": "ResourceMigrationError", "message": "error migrating resources to calico-system: failed to migrate all nodes", "lastTransitionTime": "2026-11-03T05:10:45Z"},
                ]
            },
        }
    ],
    "ConfigMap": [
        {"metadata": {**META, "name": "calico-config", "namespace": "kube-system"}, "data": {"calico_backend": "bird", "cni_network_config": '{\n  "name": "k8s-pod-network",\n\n  "mtu": __CNI_MTU__\n}'}}
    ],
    "Secret": [
        {"metadata": {**META, "name": "calico-bgp-password", "namespace": "calico-system"}, "type": "Opaque", "data": {"rawPassword": "c2VjcmV0LXBhc3N3b3Jk"}}
    ],
}  # fmt: skip


def fields(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """The scalar fields of an object by their dotted paths, as kubectl prints them."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from fields(item, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from fields(item, f"{path}.{number}")
    elif value != "":
        yield path, str(value).lower() if isinstance(value, bool) else str(value)


def wanted(kind: str, item: Object) -> dict[str, str]:
    found = {
        key: value for key, value in fields(item) if not key.startswith(("metadata.name", "data.", "metadata.uid"))
    }
    if kind in ("ConfigMap", "Secret"):
        found = {key: value for key, value in found.items() if not key.startswith("metadata.")}
        if kind == "ConfigMap":
            return found | {f"data.{key}": value for key, value in item["data"].items()}
        return found | {"data.rawPassword": "15 bytes"}
    return found


def test_settings_are_the_fields(kubectl: str, tmp_path: Path) -> None:
    with serving({"1": OBJECTS}, table) as server:
        for kind, items in OBJECTS.items():
            text = run(kubectl, f"{server}/1", tmp_path, "UTC", "describe", kind.lower(), "-A")
            parsed = parse_describe(text, Source("x"))
            assert parsed.problems == []
            for item in items:
                meta = item["metadata"]
                assert {(row.kind, row.namespace, row.name) for row in parsed.settings} == {
                    (kind, meta.get("namespace", ""), meta["name"])
                }
                found = {row.key: row.value for row in parsed.settings}
                missing = {key: value for key, value in wanted(kind, item).items() if found.get(key) != value}
                assert not missing, (found, text)
