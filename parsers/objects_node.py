"""Nodes of the Kubernetes API (core/v1) as rows."""

from __future__ import annotations

from typing import Any

from parsers.api_fields import entries, mapping, text, texts, time
from parsers.located import Document
from parsers.node_facts import apply_labels
from parsers.rows import NodeConditionRow, NodeRow
from parsers.source import Parsed, Source


def read_node(item: Document, parsed: Parsed, source: Source) -> None:
    """Add the row of a node and those of its conditions."""
    metadata, status = mapping(item.value.get("metadata")), mapping(item.value.get("status"))
    info = mapping(status.get("nodeInfo"))
    node = NodeRow(source.path, item.at("metadata", "name"), text(metadata.get("name")))
    node.labels, node.annotations = texts(metadata.get("labels")), texts(metadata.get("annotations"))
    node.lines = {f"annotations.{key}": item.at("metadata", "annotations", key) for key in node.annotations}
    node.created = time(metadata.get("creationTimestamp"))
    if source.collected is not None and node.created is not None:
        node.age_s = max(0.0, (source.collected - node.created).total_seconds())
    node.kubelet_version, node.os_image = text(info.get("kubeletVersion")), text(info.get("osImage"))
    node.kernel, node.runtime = text(info.get("kernelVersion")), text(info.get("containerRuntimeVersion"))
    if isinstance(spec := item.value.get("spec"), dict):
        node.provider_id = text(spec.get("providerID"))
        node.cordoned = spec.get("unschedulable") is True  # the API leaves out what is false
        node.taints = tuple(_taint(taint) for _, taint in entries(spec.get("taints")))
        for index, taint in entries(spec.get("taints")):
            node.lines[f"taints.{_taint(taint)}"] = item.at("spec", "taints", index, "key")
        if node.cordoned:
            node.lines["cordoned"] = item.at("spec", "unschedulable")
    addresses = [one for _, one in entries(status.get("addresses")) if one.get("type") == "InternalIP"]
    node.internal_ip = text(addresses[0].get("address")) if addresses else ""
    apply_labels(node)
    for index, condition in entries(status.get("conditions")):
        row = _condition(item, index, condition, node.node, source)
        parsed.node_conditions.append(row)
        node.ready = row.status if row.type == "Ready" else node.ready
    parsed.nodes.append(node)


def _condition(item: Document, index: int, value: dict[str, Any], node: str, source: Source) -> NodeConditionRow:
    told = next((key for key in ("message", "reason", "status") if text(value.get(key))), "type")
    return NodeConditionRow(
        file=source.path,
        line=item.at("status", "conditions", index, told),
        node=node,
        type=text(value.get("type")),
        status=text(value.get("status")),
        last_heartbeat=time(value.get("lastHeartbeatTime")),
        last_transition=time(value.get("lastTransitionTime")),
        reason=text(value.get("reason")),
        message=text(value.get("message")),
    )


def _taint(taint: dict[str, Any]) -> str:
    value = text(taint.get("value"))
    return f"{text(taint.get('key'))}{'=' + value if value else ''}:{text(taint.get('effect'))}"
