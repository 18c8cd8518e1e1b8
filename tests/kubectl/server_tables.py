"""The server-side tables behind ``kubectl get``: the cells that the API server's printers make."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

Object = dict[str, Any]

#: columns in the server's order; those of ``-o wide`` begin with "+"
COLUMNS: dict[str, tuple[str, ...]] = {
    "Node": (
        "Name", "Status", "Roles", "Age", "Version",
        "+Internal-IP", "+External-IP", "+OS-Image", "+Kernel-Version", "+Container-Runtime",
    ),
    "Pod": ("Name", "Ready", "Status", "Restarts", "Age", "+IP", "+Node", "+Nominated Node", "+Readiness Gates"),
    "DaemonSet": (
        "Name", "Desired", "Current", "Ready", "Up-to-date", "Available", "Node Selector", "Age",
        "+Containers", "+Images", "+Selector",
    ),
    "Deployment": ("Name", "Ready", "Up-to-date", "Available", "Age", "+Containers", "+Images", "+Selector"),
    "Event": (
        "Last Seen", "Type", "Reason", "Object", "+Subobject", "+Source", "Message", "+First Seen", "+Count", "+Name",
    ),
    "Secret": ("Name", "Type", "Data", "Age"),
}  # fmt: skip


def printed_age(stamp: str, now: datetime) -> str:
    """An age as kubectl prints it (k8s.io/apimachinery util/duration, HumanDuration)."""
    whole = int((now - datetime.fromisoformat(stamp.replace("Z", "+00:00"))).total_seconds())
    minutes, hours, days = whole // 60, whole // 3600, whole // 86400
    if whole < 120:
        return f"{whole}s"
    if minutes < 10:
        return f"{minutes}m{whole % 60}s" if whole % 60 else f"{minutes}m"
    if minutes < 180:
        return f"{minutes}m"
    if hours < 8:
        return f"{hours}h{minutes % 60}m" if minutes % 60 else f"{hours}h"
    if hours < 48:
        return f"{hours}h"
    if hours < 192:
        return f"{days}d{hours % 24}h" if hours % 24 else f"{days}d"
    if days < 730:
        return f"{days}d"
    if days < 2920:
        return f"{days // 365}y{days % 365}d" if days % 365 else f"{days // 365}y"
    return f"{days // 365}y"


def _initializing(status: Object) -> int | None:
    """Which init container a pod is at (k8s.io/kubernetes printers, printPod); None when all are done."""
    for at, item in enumerate(status.get("initContainerStatuses", [])):
        if item["state"].get("terminated", {}).get("exitCode") != 0:
            return at
    return None


def counted(status: Object) -> list[Object]:
    """The containers whose restarts the list counts: the init containers while they are not done."""
    if status["phase"] == "Pending" and _initializing(status) is not None:
        return list(status["initContainerStatuses"])
    return list(status.get("containerStatuses", []))


def pod_status(item: Object) -> str:
    """The STATUS column, as far as the random pods need it."""
    status = item["status"]
    if "deletionTimestamp" in item["metadata"]:
        return "Terminating"
    if status["phase"] == "Pending" and (at := _initializing(status)) is not None:
        waiting = status["initContainerStatuses"][at]["state"]
        word = waiting.get("terminated", {}).get("reason") or waiting.get("waiting", {}).get("reason")
        if word and word != "PodInitializing":
            return f"Init:{word}"
        return f"Init:{at}/{len(status['initContainerStatuses'])}"
    reason = status.get("reason") or status["phase"]
    for container in status.get("containerStatuses", []):
        for state in ("waiting", "terminated"):
            reason = container["state"].get(state, {}).get("reason") or reason
    return str(reason)


def cells(kind: str, item: Object, now: datetime) -> list[Any]:
    """All cells of an object's row, those of ``-o wide`` last."""
    meta, spec, status = item["metadata"], item.get("spec", {}), item.get("status", {})
    age = printed_age(meta["creationTimestamp"], now)
    if kind == "Node":
        ready = [c["status"] for c in status["conditions"] if c["type"] == "Ready"]
        word = "Unknown" if not ready else "Ready" if ready[0] == "True" else "NotReady"
        word += ",SchedulingDisabled" if spec.get("unschedulable") else ""
        roles = sorted(k.split("/")[1] for k in meta["labels"] if k.startswith("node-role.kubernetes.io/"))
        addresses = {a["type"]: a["address"] for a in reversed(status["addresses"])}
        info = status["nodeInfo"]
        wide = [
            addresses["InternalIP"],
            addresses.get("ExternalIP", "<none>"),
            info["osImage"],
            info["kernelVersion"],
            info["containerRuntimeVersion"],
        ]
        return [meta["name"], word, ",".join(roles) or "<none>", age, info["kubeletVersion"], *wide]
    if kind == "Pod":
        statuses = status.get("containerStatuses", [])
        restarts = sum(s["restartCount"] for s in counted(status))
        ends = [s["lastState"]["terminated"]["finishedAt"] for s in counted(status) if "terminated" in s["lastState"]]
        text = f"{restarts} ({printed_age(max(ends), now)} ago)" if restarts and ends else str(restarts)
        ready = f"{sum(s['ready'] for s in statuses)}/{len(spec['containers'])}"
        wide = [status.get("podIP", "<none>"), spec.get("nodeName", "<none>"), "<none>", "<none>"]
        return [meta["name"], ready, pod_status(item), text, age, *wide]
    if kind == "DaemonSet":
        counts = (
            "desiredNumberScheduled",
            "currentNumberScheduled",
            "numberReady",
            "updatedNumberScheduled",
            "numberAvailable",
        )
        template = spec["template"]["spec"]
        selector = ",".join(f"{k}={v}" for k, v in template.get("nodeSelector", {}).items()) or "<none>"
        return [meta["name"], *(status.get(count, 0) for count in counts), selector, age, *_wide(template, meta)]
    if kind == "Deployment":
        ready = f"{status.get('readyReplicas', 0)}/{spec['replicas']}"
        template = spec["template"]["spec"]
        return [
            meta["name"],
            ready,
            status.get("updatedReplicas", 0),
            status.get("availableReplicas", 0),
            age,
            *_wide(template, meta),
        ]
    if kind == "Event":
        last = item.get("series", {}).get("lastObservedTime") or item["lastTimestamp"] or item["eventTime"]
        about = item["involvedObject"]
        source = item["source"].get("component") or item["reportingComponent"]
        if source and item["source"].get("host"):
            source += ", " + item["source"]["host"]
        first = printed_age(item["firstTimestamp"] or item["eventTime"], now)
        count = item.get("series", {}).get("count") or item.get("count", 1)
        object_name = f"{about['kind'].lower()}/{about['name']}"
        more = [first, count, meta["name"]]
        path = about.get("fieldPath", "")
        return [
            printed_age(last, now),
            item["type"],
            item["reason"],
            object_name,
            path,
            source,
            item["message"].strip(),
            *more,
        ]
    return [meta["name"], item.get("type", "Opaque"), len(item.get("data", {})), age]


def _wide(template: Object, meta: Object) -> list[str]:
    names = ",".join(c["name"] for c in template["containers"])
    images = ",".join(c["image"] for c in template["containers"])
    return [names, images, f"k8s-app={meta['name']}"]


def table(kind: str, items: list[Object], now: datetime | None = None) -> Object:
    """The Table object that the API server sends for a list."""
    now = now or datetime.now(UTC)
    heads = [
        {
            "name": name.lstrip("+"),
            "type": "string",
            "format": "name" if name == "Name" else "",
            "description": "",
            "priority": int(name.startswith("+")),
        }
        for name in COLUMNS.get(kind, ("Name", "Age"))
    ]
    rows = [
        {
            "cells": cells(kind, item, now),
            "object": {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": item["metadata"]},
        }
        for item in items
    ]
    head = {"kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": {"resourceVersion": "1"}}
    return {**head, "columnDefinitions": heads, "rows": rows}
