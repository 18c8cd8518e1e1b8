"""The counts of DaemonSets and of replicas (apps/v1)."""

from __future__ import annotations

from parsers.api_fields import mapping, number, text, time
from parsers.located import Document
from parsers.rows import DaemonSetRow, SettingRow
from parsers.source import Parsed, Source

#: kinds whose status leaves out the counts that are zero
_REPLICAS = {
    "Deployment": ("replicas", "readyReplicas", "availableReplicas", "updatedReplicas"),
    "ReplicaSet": ("replicas", "readyReplicas", "availableReplicas"),
    "StatefulSet": ("replicas", "readyReplicas", "availableReplicas", "updatedReplicas"),
}


def read_daemonset(item: Document, parsed: Parsed, source: Source) -> None:
    """Add the row of a DaemonSet's counts.

    The API always prints the desired, current and ready counts, the other ones only when they are not zero.
    """
    metadata, status = mapping(item.value.get("metadata")), mapping(item.value.get("status"))
    row = DaemonSetRow(
        file=source.path,
        line=item.at("status", "desiredNumberScheduled") if status else item.at("metadata", "name"),
        namespace=text(metadata.get("namespace")) or source.namespace,
        daemonset=text(metadata.get("name")),
        desired=number(status.get("desiredNumberScheduled")),
        current=number(status.get("currentNumberScheduled")),
        ready=number(status.get("numberReady")),
        updated=number(status.get("updatedNumberScheduled")),
        available=number(status.get("numberAvailable")),
    )
    if None not in (row.desired, row.current, row.ready):
        row.updated, row.available = row.updated or 0, row.available or 0
    created = time(metadata.get("creationTimestamp"))
    if source.collected is not None and created is not None:
        row.age_s = max(0.0, (source.collected - created).total_seconds())
    parsed.daemonsets.append(row)


def zero_counts(item: Document, kind: str, namespace: str, name: str, source: Source) -> list[SettingRow]:
    """The counts that a workload's status leaves out because they are zero."""
    status = mapping(item.value.get("status"))
    if "observedGeneration" not in status:
        return []
    missing = [key for key in _REPLICAS.get(kind, ()) if key not in status]
    line = item.at("status")
    return [SettingRow(source.path, line, kind, namespace, name, f"status.{key}", "0") for key in missing]
