"""Nodes, pods, events and daemonsets of the Kubernetes API as rows.

Fields are those of the core/v1, apps/v1 and events.k8s.io/v1 API references.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from parsers.located import Document
from parsers.log_record import utc_time
from parsers.node_facts import apply_labels
from parsers.pod_app import pod_app
from parsers.readiness import readiness_rows
from parsers.rows import (
    ContainerRow,
    DaemonSetRow,
    EventRow,
    NodeConditionRow,
    NodeRow,
    PodConditionRow,
    PodRow,
)
from parsers.source import Parsed, Source


def _map(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _texts(value: Any) -> dict[str, str]:
    return {str(key): _text(item) for key, item in _map(value).items()}


def _time(value: Any) -> datetime | None:
    return utc_time(value) if isinstance(value, str) else None


def _number(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def read_node(item: Document, parsed: Parsed, source: Source) -> None:
    """A core/v1 Node: a nodes row and its conditions."""
    metadata, spec, status = (_map(item.value.get(key)) for key in ("metadata", "spec", "status"))
    info = _map(status.get("nodeInfo"))
    name = _text(metadata.get("name"))
    node = NodeRow(source.path, item.at("metadata", "name"), name)
    node.labels, node.annotations = _texts(metadata.get("labels")), _texts(metadata.get("annotations"))
    node.created = _time(metadata.get("creationTimestamp"))
    node.kubelet_version = _text(info.get("kubeletVersion"))
    node.os_image, node.kernel = _text(info.get("osImage")), _text(info.get("kernelVersion"))
    node.runtime = _text(info.get("containerRuntimeVersion"))
    node.provider_id = _text(spec.get("providerID"))
    node.cordoned = bool(spec.get("unschedulable", False))
    node.taints = tuple(_taint(taint) for taint in _list(spec.get("taints")))
    for address in _list(status.get("addresses")):
        if address.get("type") == "InternalIP":
            node.internal_ip = node.internal_ip or _text(address.get("address"))
    apply_labels(node)
    for index, condition in enumerate(_list(status.get("conditions"))):
        row = NodeConditionRow(
            source.path,
            item.at("status", "conditions", index, "message"),
            name,
            _text(condition.get("type")),
            _text(condition.get("status")),
            _time(condition.get("lastHeartbeatTime")),
            _time(condition.get("lastTransitionTime")),
            _text(condition.get("reason")),
            _text(condition.get("message")),
        )
        if row.type == "Ready":
            node.ready = row.status
        parsed.node_conditions.append(row)
    parsed.nodes.append(node)


def _taint(taint: dict[str, Any]) -> str:
    value = f"={_text(taint['value'])}" if taint.get("value") else ""
    return f"{_text(taint.get('key'))}{value}:{_text(taint.get('effect'))}"


def read_pod(item: Document, parsed: Parsed, source: Source) -> None:
    """A core/v1 Pod: a pods row, its conditions and its containers."""
    metadata, spec, status = (_map(item.value.get(key)) for key in ("metadata", "spec", "status"))
    name, namespace = _text(metadata.get("name")), _text(metadata.get("namespace")) or source.namespace
    pod = PodRow(source.path, item.at("metadata", "name"), namespace, name)
    pod.labels, pod.annotations = _texts(metadata.get("labels")), _texts(metadata.get("annotations"))
    owners = _list(metadata.get("ownerReferences"))
    owner = next((one for one in owners if one.get("controller")), owners[0] if owners else {})
    pod.controlled_by = f"{_text(owner.get('kind'))}/{_text(owner.get('name'))}" if owner else ""
    pod.node, pod.phase = _text(spec.get("nodeName")), _text(status.get("phase"))
    pod.app = pod_app(name, pod.labels, pod.controlled_by, pod.node)
    pod.ip, pod.reason, pod.message = (_text(status.get(key)) for key in ("podIP", "reason", "message"))
    pod.start_time = _time(status.get("startTime")) or _time(metadata.get("creationTimestamp"))
    pod.deleted = "deletionTimestamp" in metadata
    pod.tolerations = tuple(
        ":".join(part for part in (_text(one.get("key")), _text(one.get("effect"))) if part)
        for one in _list(spec.get("tolerations"))
    )
    statuses = _list(status.get("containerStatuses"))
    if statuses:
        pod.ready = (
            f"{sum(one.get('ready') is True for one in statuses)}/{len(_list(spec.get('containers'))) or len(statuses)}"
        )
        pod.restarts = sum(_number(one.get("restartCount")) or 0 for one in statuses)
    parsed.pods.append(pod)
    for index, condition in enumerate(_list(status.get("conditions"))):
        line = item.at("status", "conditions", index)
        values = (_text(condition.get(key)) for key in ("type", "status", "reason", "message"))
        parsed.pod_conditions.append(PodConditionRow(source.path, line, namespace, name, *values))
    for init, key, listed in (
        (True, "initContainerStatuses", "initContainers"),
        (False, "containerStatuses", "containers"),
    ):
        specs = {_text(one.get("name")): (index, one) for index, one in enumerate(_list(spec.get(listed)))}
        seen = set()
        for index, one in enumerate(_list(status.get(key))):
            seen.add(_text(one.get("name")))
            _container(item, one, ("status", key, index), specs, init, pod, parsed, source)
        for missing in (one for one in specs if one not in seen):
            _container(item, {"name": missing}, ("spec", listed, specs[missing][0]), specs, init, pod, parsed, source)


def _container(
    item: Document,
    value: dict[str, Any],
    path: tuple[str | int, ...],
    specs: dict[str, tuple[int, dict[str, Any]]],
    init: bool,
    pod: PodRow,
    parsed: Parsed,
    source: Source,
) -> None:
    name = _text(value.get("name"))
    spec = specs.get(name, (0, {}))[1]
    row = ContainerRow(source.path, item.at(*path, "name"), pod.namespace, pod.pod, name, init)
    row.node = pod.node
    row.image = _text(spec.get("image")) or _text(value.get("image"))
    tail = row.image.rpartition("/")[2].partition("@")[0]
    row.version = tail.partition(":")[2]
    row.ready = value["ready"] if isinstance(value.get("ready"), bool) else None
    row.restarts = _number(value.get("restartCount"))
    row.state, state = _state(value.get("state"))
    row.last_state, last = _state(value.get("lastState"))
    row.state_reason, row.message = _text(state.get("reason")), _text(state.get("message"))
    row.last_reason, row.last_message = _text(last.get("reason")), _text(last.get("message"))
    row.state_exit_code, row.last_exit_code = _number(state.get("exitCode")), _number(last.get("exitCode"))
    row.exit_code = row.state_exit_code if row.state == "Terminated" else row.last_exit_code
    row.started, row.finished = _time(state.get("startedAt")), _time(state.get("finishedAt"))
    row.last_started, row.last_finished = _time(last.get("startedAt")), _time(last.get("finishedAt"))
    row.state_line = item.at(*path, "state", row.state.lower(), "reason") if row.state else None
    row.last_state_line = item.at(*path, "lastState", row.last_state.lower(), "reason") if row.last_state else None
    resources = _map(spec.get("resources"))
    row.limits, row.requests = _texts(resources.get("limits")), _texts(resources.get("requests"))
    row.env = {_text(one.get("name")): _text(one.get("value")) for one in _list(spec.get("env"))}
    row.liveness, row.readiness, row.startup = (
        _probe(spec.get(key)) for key in ("livenessProbe", "readinessProbe", "startupProbe")
    )
    parsed.containers.append(row)


def _state(value: Any) -> tuple[str, dict[str, Any]]:
    for key in ("waiting", "terminated", "running"):
        if key in _map(value):
            return key.capitalize(), _map(_map(value)[key])
    return "", {}


def _probe(value: Any) -> str:
    """The probe in about the words of ``kubectl describe``."""
    probe = _map(value)
    if not probe:
        return ""
    if "exec" in probe:
        command = _map(probe["exec"]).get("command")
        what = f"exec [{' '.join(str(part) for part in command)}]" if isinstance(command, list) else "exec"
    elif "httpGet" in probe:
        get = _map(probe["httpGet"])
        host, port, path = (_text(get.get(key)) for key in ("host", "port", "path"))
        what = f"http-get {_text(get.get('scheme')).lower() or 'http'}://{host}:{port}{path}"
    else:
        what = "tcp-socket" if "tcpSocket" in probe else "probe"
    numbers = {"delay": "initialDelaySeconds", "timeout": "timeoutSeconds", "period": "periodSeconds"}
    shown = " ".join(f"{word}={_number(probe.get(key)) or 0}s" for word, key in numbers.items())
    return f"{what} {shown} #failure={_number(probe.get('failureThreshold')) or 3}"


def read_event(item: Document, parsed: Parsed, source: Source) -> None:
    """A core/v1 or events.k8s.io/v1 Event, with absolute times."""
    value = item.value
    about = _map(value.get("involvedObject") or value.get("regarding"))
    series = _map(value.get("series"))
    origin = _map(value.get("source") or value.get("deprecatedSource"))
    last = (
        _time(series.get("lastObservedTime"))
        or _time(value.get("lastTimestamp") or value.get("deprecatedLastTimestamp"))
        or _time(value.get("eventTime"))
        or _time(_map(value.get("metadata")).get("creationTimestamp"))
    )
    first = _time(value.get("firstTimestamp") or value.get("deprecatedFirstTimestamp")) or _time(value.get("eventTime"))
    count = _number(series.get("count")) or _number(value.get("count") or value.get("deprecatedCount")) or 1
    component = _text(origin.get("component")) or _text(
        value.get("reportingComponent") or value.get("reportingController")
    )
    event = EventRow(
        file=source.path,
        line=item.at("message") if "message" in value else item.at("note"),
        object_kind=_text(about.get("kind")),
        object=_text(about.get("name")),
        namespace=_text(about.get("namespace")),
        type=_text(value.get("type")),
        reason=_text(value.get("reason")),
        count=count,
        source=component,
        message=_text(value.get("message") if "message" in value else value.get("note")),
        node=_text(about.get("name")) if about.get("kind") == "Node" else _text(origin.get("host")),
        time=last,
        first_time=first,
    )
    if source.collected is not None and last is not None:
        event.age_s = max(0.0, (source.collected - last).total_seconds())
        event.first_age_s = max(0.0, (source.collected - first).total_seconds()) if first else None
    parsed.events.append(event)
    if event.object_kind == "Pod":
        parsed.readiness.extend(readiness_rows(event))


def read_daemonset(item: Document, parsed: Parsed, source: Source) -> None:
    """An apps/v1 DaemonSet's counts."""
    metadata, status = _map(item.value.get("metadata")), _map(item.value.get("status"))
    keys = (
        "desiredNumberScheduled",
        "currentNumberScheduled",
        "numberReady",
        "updatedNumberScheduled",
        "numberAvailable",
    )
    numbers = [_number(status.get(key)) for key in keys]
    row = DaemonSetRow(
        source.path,
        item.at("metadata", "name"),
        _text(metadata.get("namespace")) or source.namespace,
        _text(metadata.get("name")),
    )
    row.desired, row.current, row.ready, row.updated, row.available = numbers
    if row.ready is None and row.desired is not None:
        row.ready = 0
    parsed.daemonsets.append(row)
