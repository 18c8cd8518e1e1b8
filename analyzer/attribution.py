"""Whose rows are they? Logs without a name are placed by what they say and by the files beside them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from parsers.rows import FileRow

_NODE_AGENTS = ("calico-node", "canal")
#: containers that run in a pod of the daemonset
_AGENT_CONTAINERS = {"calico-node", "install-cni", "flexvol-driver", "upgrade-ipam", "ebpf-bootstrap", "mount-bpffs"}


def attribute(rows: Mapping[str, list[Any]], facts: Mapping[str, Mapping[str, str]]) -> None:
    """Fill namespace, pod, container and node of files and of the rows read from them, where they follow.

    A log's pod comes from its path, else from the node that its own lines name, else from the sole calico-node
    pod that a describe file shows. A pod's node comes from describe and list files. Rows are changed in place.
    """
    nodes, namespaces, described = _pods(rows)
    by_file: dict[str, FileRow] = {row.path: row for row in rows["files"]}
    agents_of: dict[str, list[str]] = defaultdict(list)
    for pod, node in nodes.items():
        if pod.startswith(_NODE_AGENTS) and not pod.startswith("calico-node-windows"):
            agents_of[node].append(pod)
    for path, file in by_file.items():
        if file.kind not in ("log", "session", "kubectl-error"):
            continue
        known = facts.get(path, {})
        node = _known_node(known.get("node", ""), rows)
        if not file.pod and file.container in _AGENT_CONTAINERS | {""}:
            candidates = agents_of.get(node, []) if node else []
            if len(candidates) == 1:
                file.pod = candidates[0]
            elif not node and len(described) == 1 and file.container:
                file.pod = described[0]
        file.node = file.node or nodes.get(file.pod, "") or node
        file.namespace = file.namespace or namespaces.get(file.pod, "")
    _fill(rows, by_file, nodes, namespaces)


def _known_node(name: str, rows: Mapping[str, list[Any]]) -> str:
    """The node's name as the lists have it, where a log names it by its address or short name."""
    names = {row.node for row in rows["nodes"]}
    if not name or name in names:
        return name
    for row in rows["nodes"]:
        if name == row.internal_ip or (
            row.node.partition(".")[0] == name.partition(".")[0] != "" and not name[0].isdigit()
        ):
            return str(row.node)
    return name


def _pods(rows: Mapping[str, list[Any]]) -> tuple[dict[str, str], dict[str, str], list[str]]:
    """Node and namespace by pod name, and the calico-node pods that describe files show."""
    nodes: dict[str, str] = {}
    namespaces: dict[str, str] = {}
    described: list[str] = []
    for row in rows["pods"]:
        if row.node and row.node != "<none>":
            nodes.setdefault(row.pod, row.node)
        if row.namespace:
            namespaces.setdefault(row.pod, row.namespace)
    for row in rows["containers"]:
        if row.pod.startswith(_NODE_AGENTS) and row.pod not in described:
            described.append(row.pod)
    return nodes, namespaces, described


def _fill(
    rows: Mapping[str, list[Any]], files: Mapping[str, FileRow], nodes: Mapping[str, str], namespaces: Mapping[str, str]
) -> None:
    for table in ("log_lines", "bgp", "readiness", "containers", "pods", "routes"):
        for row in rows[table]:
            file = files.get(row.file)
            if table in ("log_lines", "bgp") and file is not None:
                row.pod = row.pod or file.pod
                row.node = row.node or (nodes.get(row.pod, "") if row.pod != file.pod else file.node)
            if table == "routes":
                row.node = row.node or (file.node if file else "")
                continue
            row.node = row.node or nodes.get(row.pod, "")
            if hasattr(row, "namespace"):
                row.namespace = row.namespace or namespaces.get(row.pod, "")
            if table == "log_lines" and file is not None:
                row.container = row.container or file.container
    for row in rows["events"]:
        if row.object_kind == "Pod":
            row.namespace = row.namespace or namespaces.get(row.object, "")
            row.node = row.node or nodes.get(row.object, "")
        elif row.object_kind == "Node":
            row.node = row.node or row.object
