"""Any other object as settings: what is configured, one row a value.

Objects that Calico, the operator and their trouble are about are flattened as a whole; of others (a cluster has
thousands of ConfigMaps and ClusterRoles) only what identifies them and their status.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from parsers.api_fields import HIDDEN, entries, mapping, text
from parsers.lazy_pattern import lazy_pattern
from parsers.located import Document
from parsers.objects_workload import zero_counts
from parsers.rows import SettingRow
from parsers.source import Parsed, Source

#: rows of one object, and characters of one value
MOST_ROWS, MOST_TEXT = 1500, 4000
FEW_ROWS, SHORT_TEXT = 60, 300
NOT_READ = "(not read)"

_GROUPS = ("projectcalico.org", "tigera.io")
_KINDS = frozenset(
    {
        "ClusterOperator", "ClusterVersion", "Network", "NetworkPolicy", "ValidatingWebhookConfiguration",
        "MutatingWebhookConfiguration", "Namespace", "PodDisruptionBudget", "Lease", "APIService", "Infrastructure",
        "ClusterPolicy", "ResourceQuota", "LimitRange", "PriorityClass",
    }
)  # fmt: skip
_OURS = lazy_pattern(
    r"calico|tigera|typha|canal|felix|bgp|cni|konnectivity|openshift-vpn|\bvpn\b|keepalived|master-proxy|kubeadm|kubelet"
    r"|kube-proxy|cluster-info|network|ibm-cloud-cluster|coredns|csi-node-driver"
)
_UNTOLD = frozenset({"managedFields", "uid", "resourceVersion", "selfLink", "generateName", "generation"})
_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"  # the whole object again, secrets in clear
_BULKY = frozenset({"caBundle", "openAPIV3Schema", "binaryData"})


def read_setting(item: Document, kind: str, version: str, parsed: Parsed, source: Source) -> None:
    """Add the rows of an object: one with an empty key (its value: the object's apiVersion), one a value.

    A Secret gives the names of its keys, never a value.
    """
    metadata = mapping(item.value.get("metadata"))
    name, namespace = text(metadata.get("name")), text(metadata.get("namespace")) or source.namespace
    whole = _is_ours(kind, version, name, namespace)
    most, longest = (MOST_ROWS, MOST_TEXT) if whole else (FEW_ROWS, SHORT_TEXT)
    rows = [SettingRow(source.path, item.at("metadata", "name"), kind, namespace, name, "", version)]
    for path, value in _leaves(item.value, (), whole):
        if len(rows) >= most:
            if whole:
                parsed.problems.append(f"{kind} {name}: only its first {most} values are in the tables")
            break
        if path[0] in ("kind", "apiVersion") or (path[0] == "metadata" and path[-1] in _UNTOLD):
            continue
        shown = text(value)
        if (kind == "Secret" and path[0] in ("data", "stringData")) or path[-1] == _APPLIED:
            shown = NOT_READ
        elif isinstance(value, str) and value in HIDDEN:
            continue
        key = ".".join(map(str, path))
        rows.append(SettingRow(source.path, item.at(*path), kind, namespace, name, key, shown[:longest]))
    rows += zero_counts(item, kind, namespace, name, source)
    if kind == "IPAMBlock":
        rows += _block_counts(item, namespace, name, source)
    parsed.settings.extend(rows)


def _is_ours(kind: str, version: str, name: str, namespace: str) -> bool:
    group = version.partition("/")[0]
    return group.endswith(_GROUPS) or kind in _KINDS or bool(_OURS.search(f"{namespace} {name}"))


def _leaves(value: Any, path: tuple[str | int, ...], whole: bool) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """The scalars of an object with their paths; an empty collection is a leaf without text."""
    parts = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in parts:
        here = (*path, key)
        if key in _BULKY or (not whole and _is_minor(here)):
            continue
        if path == ("spec",) and key in ("allocations", "unallocated", "attributes"):
            continue  # of an IPAMBlock: one entry an address; counted instead
        if isinstance(inner, dict | list) and inner:
            yield from _leaves(inner, here, whole)
        else:
            yield here, None if isinstance(inner, dict | list) else inner


def _is_minor(path: tuple[str | int, ...]) -> bool:
    """Parts of objects that nobody asks about: pod templates but for their images, rules of foreign roles."""
    if path[0] in ("rules", "subsets", "webhooks"):
        return True
    if path[:2] == ("spec", "template"):
        return len(path) > 6 or (len(path) == 6 and path[-1] not in ("name", "image"))
    return len(path) > 6


def _block_counts(item: Document, namespace: str, name: str, source: Source) -> list[SettingRow]:
    """How many addresses of an IPAM block are taken, and by whom (handles of pods and tunnels)."""
    spec = mapping(item.value.get("spec"))
    taken = spec.get("allocations")
    if not isinstance(taken, list):
        return []
    counts = {"allocated": sum(one is not None for one in taken), "size": len(taken)}
    line = item.at("spec", "allocations")
    rows = [
        SettingRow(source.path, line, "IPAMBlock", namespace, name, f"spec.allocations.{key}", str(value))
        for key, value in counts.items()
    ]
    for index, one in entries(spec.get("attributes")):
        kind = text(mapping(one.get("secondary")).get("type"))
        if kind:  # a tunnel's address, not a pod's
            key = f"spec.attributes.{index}.secondary.type"
            line = item.at("spec", "attributes", index, "secondary", "type")
            rows.append(SettingRow(source.path, line, "IPAMBlock", namespace, name, key, kind))
    return rows
