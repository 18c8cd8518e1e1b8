"""What cluster the bundle is from: platform, versions, calico's namespace, counts."""

from __future__ import annotations

import re
from collections import Counter

from msgspec import Struct

from analyzer.inventory import Inventory, Worker, text
from analyzer.tables import Tables
from parsers.lazy_pattern import lazy_pattern

_LABEL = "ibm-cloud.kubernetes.io/"
_CALICO_IMAGE = lazy_pattern(r"(^|/)(calico[-/])?(node|cni|typha|kube-controllers)(:|@|$)")


class Cluster(Struct, frozen=True):
    """Facts of the cluster as the report shows them; "" or "unknown" where the bundle does not say."""

    platform: str  # iks-classic | iks-vpc | iks-satellite | roks | other | unknown
    kubernetes_version: str
    calico_version: str
    calico_namespace: str
    nodes_seen: int
    nodes_not_ready: int
    calico_nodes_seen: int
    calico_nodes_not_ready: int
    name: str = ""

    @property
    def openshift(self) -> bool:
        """Whether commands are ``oc`` ones."""
        return self.platform in ("roks", "iks-satellite")

    @property
    def before_operator(self) -> bool | None:
        """IKS up to 1.28, where calico lives in kube-system (runbook, "Logs and Data to Gather")."""
        match = re.match(r"v?1\.(\d+)", self.kubernetes_version)
        if not self.platform.startswith("iks") or match is None:
            return None
        return int(match.group(1)) <= 28


def describe_cluster(tables: Tables, inventory: Inventory) -> Cluster:
    """Work out the cluster's facts from labels, versions, images and names."""
    workers = list(inventory.workers.values())
    agents = [pod for pod in inventory.pods.values() if pod.is_node_agent]
    namespaces = Counter(pod.namespace for pod in agents if pod.namespace)
    return Cluster(
        platform=_platform(tables, workers),
        kubernetes_version=_most_common(worker.facts.get("kubelet_version", "") for worker in workers),
        calico_version=_calico_version(tables),
        calico_namespace=namespaces.most_common(1)[0][0] if namespaces else "",
        nodes_seen=len(workers),
        nodes_not_ready=sum(worker.ready in ("False", "Unknown") for worker in workers),
        calico_nodes_seen=len(agents),
        calico_nodes_not_ready=sum(pod.healthy is False for pod in agents),
        name=_cluster_id(tables),
    )


def _most_common(values: object) -> str:
    counted = Counter(value for value in values if value)  # type: ignore[attr-defined]
    return str(counted.most_common(1)[0][0]) if counted else ""


def _platform(tables: Tables, workers: list[Worker]) -> str:
    """The rules of the IBM docs: labels first, then the kubelet's version suffix, then names of pods."""
    votes: Counter[str] = Counter()
    for row in tables.rows.nodes:
        labels: dict[str, str] = row.labels or {}
        ibm = any(label.startswith(_LABEL) for label in labels)
        version = text(row.kubelet_version)
        worker_version = labels.get(f"{_LABEL}worker-version", text(row.worker_version))
        provider = labels.get(f"{_LABEL}iaas-provider", "")
        if not ibm and "+IKS" not in version and not worker_version:
            if re.search(r"\+[0-9a-f]{6,}$", version):
                votes["roks"] += 1
            elif version or labels:
                votes["other"] += 1
        elif provider == "upi" or labels.get("privateVLAN") == "1":
            votes["iks-satellite"] += 1
        elif worker_version.endswith("_openshift") or (version and "+IKS" not in version):
            votes["roks"] += 1
        elif provider == "softlayer" or re.fullmatch(r"\d{5,}", labels.get("privateVLAN", text(row.private_vlan))):
            votes["iks-classic"] += 1
        elif provider in ("g2", "gc") or labels.get(f"{_LABEL}instance-id") or "-" in text(row.subnet):
            votes["iks-vpc"] += 1
        elif labels:
            votes["iks-vpc" if re.fullmatch(r"[a-z]+-[a-z]+-\d", text(row.zone)) else "iks-classic"] += 1
        elif "+IKS" in version:
            votes["iks"] += 1
    if not votes:
        return _platform_by_names(tables)
    best = votes.most_common(1)[0][0]
    specific = [name for name in ("iks-classic", "iks-vpc") if votes[name]]
    if best == "iks":
        return specific[0] if specific else "iks-classic"
    return specific[0] if best == "other" and specific else best


def _platform_by_names(tables: Tables) -> str:
    namespaces = {row.namespace for row in tables.rows.pods} | {row.namespace for row in tables.rows.daemonsets}
    names = " ".join(row.pod for row in tables.rows.pods)
    if any(name.startswith("openshift-") for name in namespaces):
        return "roks"
    if "ibm-master-proxy" in names or "ibm-keepalived-watcher" in names:
        return "iks-classic"
    return "unknown"


def _calico_version(tables: Tables) -> str:
    versions: Counter[str] = Counter()
    for row in tables.rows.containers:
        if text(row.container) == "calico-node" or _CALICO_IMAGE.search(text(row.image)):
            versions[text(row.version)] += 1
    for facts in tables.facts_of_files.values():
        if facts.get("calico_version"):
            versions[facts["calico_version"]] += 2
    usable = Counter({key: count for key, count in versions.items() if re.match(r"v?\d+\.\d+", key)})
    return usable.most_common(1)[0][0] if usable else ""


def _cluster_id(tables: Tables) -> str:
    """The cluster id of ``kube-<cluster id>-<cluster name>-<pool>-<hex>`` worker ids."""
    for row in tables.rows.nodes:
        match = re.match(r"kube-([0-9a-z]{8,})-", (row.labels or {}).get(f"{_LABEL}worker-id", ""))
        if match:
            return match.group(1)
    return ""
