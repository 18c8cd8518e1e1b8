"""Which application a pod belongs to, from its labels, its owner or its name."""

from __future__ import annotations

from collections.abc import Mapping

from parsers.lazy_pattern import lazy_pattern

#: labels that name the application, the most telling first (Calico manifests, Kubernetes recommended labels)
APP_LABELS = ("k8s-app", "app.kubernetes.io/name", "app")

# Generated suffixes: k8s.io/apimachinery util/rand uses this alphabet (no vowels, no 0, 1, 3)
_RANDOM = "[bcdfghjklmnpqrstvwxz2456789]"
_FIVE = lazy_pattern(rf"(.+)-{_RANDOM}{{5}}")
_ANY_FIVE = lazy_pattern(r"(.+)-[a-z0-9]{5}")
_HASH = lazy_pattern(r"(.+)-(?=[a-z]*\d)[a-z0-9]{6,10}")
_CRON = lazy_pattern(r"(.+)-\d{8,10}")
_ORDINAL = lazy_pattern(r"(.+)-\d{1,3}")
_ADDRESS = lazy_pattern(r"(.+?)-(?:ip-)?\d{1,3}([.-])\d{1,3}\2\d{1,3}\2\d{1,3}(?:\..*)?")
#: names that are complete although their end looks generated, or whose pods carry made-up suffixes
KNOWN_APPS = (
    "calico-kube-controllers",
    "calico-node-windows",
    "calico-apiserver",
    "calico-typha",
    "calico-node",
    "rke2-canal",
    "canal",
    "csi-node-driver",
    "ibm-keepalived-watcher",
    "tigera-operator",
)
_KNOWN = lazy_pattern(rf"({'|'.join(KNOWN_APPS)})(?:-[a-z0-9]{{5,10}}){{1,2}}")


def pod_app(name: str, labels: Mapping[str, str] | None = None, controlled_by: str = "", node: str = "") -> str:
    """Give the application of a pod: its label, else its owner's name, else its name without suffix.

    ``controlled_by`` is ``Kind/name``. "" if nothing tells.
    """
    for label in APP_LABELS:
        if labels and labels.get(label):
            return labels[label]
    kind, _, owner = controlled_by.partition("/")
    if kind == "ReplicaSet" and owner:
        match = _HASH.fullmatch(owner)
        return match[1] if match else owner
    if kind in ("DaemonSet", "StatefulSet", "Deployment", "ReplicationController") and owner:
        return owner
    if kind == "Job" and owner:
        match = _CRON.fullmatch(owner)
        return match[1] if match else owner
    return _app_of_name(name, node)


def _app_of_name(name: str, node: str) -> str:
    if node and name.endswith("-" + node) and len(name) > len(node) + 1:
        return name[: -len(node) - 1]  # static pod
    known = _KNOWN.fullmatch(name)
    if known:
        return known[1]
    match = _ADDRESS.fullmatch(name)
    if match:
        return match[1]
    match = _ANY_FIVE.fullmatch(name)
    if match:
        for pattern in (_HASH, _CRON):
            inner = pattern.fullmatch(match[1])
            if inner:
                return inner[1]
    match = _FIVE.fullmatch(name) or _ORDINAL.fullmatch(name)
    return match[1] if match else name
