"""Pods of the Kubernetes API (core/v1) as rows, with the words that ``kubectl describe`` has for their fields."""

from __future__ import annotations

from typing import Any

from parsers.api_fields import entries, mapping, number, text, texts, time
from parsers.describe_containers import image_version
from parsers.located import Document
from parsers.pod_app import pod_app
from parsers.rows import ContainerRow, PodConditionRow, PodRow
from parsers.source import Parsed, Source

#: (list of the spec, list of the status, whether they are init containers)
_LISTS = (
    ("initContainers", "initContainerStatuses", True),
    ("containers", "containerStatuses", False),
    ("ephemeralContainers", "ephemeralContainerStatuses", False),
)
_NO_ENTRY: dict[str, Any] = {}


def read_pod(item: Document, parsed: Parsed, source: Source) -> None:
    """Add the row of a pod, those of its conditions and of its containers."""
    metadata, spec, status = (mapping(item.value.get(key)) for key in ("metadata", "spec", "status"))
    namespace = text(metadata.get("namespace")) or source.namespace
    pod = PodRow(source.path, item.at("metadata", "name"), namespace, text(metadata.get("name")))
    pod.labels, pod.annotations = texts(metadata.get("labels")), texts(metadata.get("annotations"))
    owners = [owner for _, owner in entries(metadata.get("ownerReferences"))]
    for owner in [one for one in owners if one.get("controller") is True][:1] or owners[:1]:
        pod.controlled_by = f"{text(owner.get('kind'))}/{text(owner.get('name'))}"
    pod.node, pod.phase = text(spec.get("nodeName")), text(status.get("phase"))
    pod.app = pod_app(pod.pod, pod.labels, pod.controlled_by, pod.node)
    pod.ip, pod.reason, pod.message = (text(status.get(key)).rstrip() for key in ("podIP", "reason", "message"))
    pod.start_time = time(status.get("startTime"))
    created = time(metadata.get("creationTimestamp"))
    if source.collected is not None and created is not None:
        pod.age_s = max(0.0, (source.collected - created).total_seconds())
    pod.deleted = "deletionTimestamp" in metadata
    if pod.deleted and pod.phase not in ("", "Failed", "Succeeded"):
        pod.phase = "Terminating"  # as kubectl get and describe print it
    pod.tolerations = tuple(_toleration(one) for _, one in entries(spec.get("tolerations")))
    states = [state for _, state in entries(status.get("containerStatuses"))]
    wanted = len(list(entries(spec.get("containers")))) or len(states)
    if wanted and status:
        pod.ready = f"{sum(state.get('ready') is True for state in states)}/{wanted}"
        pod.restarts = sum(number(state.get("restartCount")) or 0 for state in states)
    parsed.pods.append(pod)
    parsed.pod_conditions.extend(_conditions(item, status, pod))
    parsed.containers.extend(_containers(item, spec, status, pod))


def _toleration(value: dict[str, Any]) -> str:
    """As kubectl prints it (``printTolerationsMultiline``): ``key=value:Effect op=Exists for 300s``."""
    shown = text(value.get("key"))
    shown += f"={text(value.get('value'))}" if text(value.get("value")) else ""
    shown += f":{text(value.get('effect'))}" if text(value.get("effect")) else ""
    if value.get("operator") == "Exists" and not text(value.get("value")):
        shown += " op=Exists" if shown else "op=Exists"
    seconds = number(value.get("tolerationSeconds"))
    return shown if seconds is None else f"{shown} for {seconds}s"


def _conditions(item: Document, status: dict[str, Any], pod: PodRow) -> list[PodConditionRow]:
    rows = []
    for index, value in entries(status.get("conditions")):
        told = next((key for key in ("message", "reason", "status") if text(value.get(key))), "type")
        line = item.at("status", "conditions", index, told)
        parts = (text(value.get(key)) for key in ("type", "status", "reason", "message"))
        rows.append(PodConditionRow(pod.file, line, pod.namespace, pod.pod, *parts))
    return rows


def _containers(item: Document, spec: dict[str, Any], status: dict[str, Any], pod: PodRow) -> list[ContainerRow]:
    """One row a container of the spec, in its order; then those that only the status knows."""
    rows = []
    for listed, told, init in _LISTS:
        states = {text(one.get("name")): (index, one) for index, one in entries(status.get(told))}
        for index, value in entries(spec.get(listed)):
            name = text(value.get("name"))
            place, state = states.pop(name, (-1, _NO_ENTRY))
            path = ("status", told, place) if state else ("spec", listed, index)
            rows.append(_container(item, value, state, path, pod, init))
        rows += [_container(item, _NO_ENTRY, one, ("status", told, at), pod, init) for at, one in states.values()]
    return rows


def _container(
    item: Document, spec: dict[str, Any], status: dict[str, Any], path: tuple[str | int, ...], pod: PodRow, init: bool
) -> ContainerRow:
    name = text(spec.get("name")) or text(status.get("name"))
    row = ContainerRow(pod.file, item.at(*path, "name"), pod.namespace, pod.pod, name, init, node=pod.node)
    row.image = text(spec.get("image")) or text(status.get("image"))
    row.version = image_version(row.image)
    row.ready = status["ready"] if isinstance(status.get("ready"), bool) else None
    row.restarts = number(status.get("restartCount"))
    state, last = status.get("state"), status.get("lastState")
    row.state, now = _state(state)
    row.last_state, then = _state(last)
    if isinstance(state, dict) and not row.state:
        row.state = "Waiting"  # a state that says nothing (core/v1 ContainerState)
    row.state_reason, row.message = text(now.get("reason")), text(now.get("message")).rstrip()
    row.last_reason, row.last_message = text(then.get("reason")), text(then.get("message")).rstrip()
    row.state_exit_code, row.last_exit_code = number(now.get("exitCode")), number(then.get("exitCode"))
    row.exit_code = row.state_exit_code if row.state == "Terminated" else row.last_exit_code
    row.started, row.finished = time(now.get("startedAt")), time(now.get("finishedAt"))
    row.last_started, row.last_finished = time(then.get("startedAt")), time(then.get("finishedAt"))
    if row.state:
        row.state_line = item.at(*path, "state", row.state.lower(), "reason")
    if row.last_state:
        row.last_state_line = item.at(*path, "lastState", row.last_state.lower(), "reason")
    resources = mapping(spec.get("resources"))
    row.limits, row.requests = texts(resources.get("limits")), texts(resources.get("requests"))
    env = [one for _, one in entries(spec.get("env")) if text(one.get("name"))]
    row.env = {text(one.get("name")): _variable(one, pod) for one in env}
    row.liveness = probe_text(spec.get("livenessProbe"))
    row.readiness = probe_text(spec.get("readinessProbe"))
    row.startup = probe_text(spec.get("startupProbe"))
    return row


def _state(value: Any) -> tuple[str, dict[str, Any]]:
    for key in ("waiting", "terminated", "running"):
        if key in mapping(value):
            return key.capitalize(), mapping(mapping(value)[key])
    return "", {}


def _variable(value: dict[str, Any], pod: PodRow) -> str:
    """The value of a variable, or where it comes from in the words of ``kubectl describe``."""
    origin = mapping(value.get("valueFrom"))
    if field := mapping(origin.get("fieldRef")):
        path = text(field.get("fieldPath"))
        known = {"metadata.name": pod.pod, "metadata.namespace": pod.namespace}.get(path, "")
        return f"{known} ({text(field.get('apiVersion')) or 'v1'}:{path})".strip()
    if secret := mapping(origin.get("secretKeyRef")):
        return f"<set to the key '{text(secret.get('key'))}' in secret '{text(secret.get('name'))}'>"
    if config := mapping(origin.get("configMapKeyRef")):
        return f"<set to the key '{text(config.get('key'))}' of config map '{text(config.get('name'))}'>"
    if resource := mapping(origin.get("resourceFieldRef")):
        return f"({text(resource.get('resource'))})"
    return text(value.get("value"))


def probe_text(value: Any) -> str:
    """A probe in the words of ``kubectl describe`` (``DescribeProbe``); "" where there is none."""
    probe = mapping(value)
    if not probe:
        return ""
    if "exec" in probe:
        command = mapping(probe["exec"]).get("command")
        what = f"exec [{' '.join(text(part) for part in command)}]" if isinstance(command, list) else "exec []"
    elif "httpGet" in probe:
        get = mapping(probe["httpGet"])
        path = text(get.get("path"))
        what = f"http-get {text(get.get('scheme')).lower() or 'http'}://{_host(get)}{path}"
    elif "tcpSocket" in probe:
        what = f"tcp-socket {_host(mapping(probe['tcpSocket']))}"
    elif "grpc" in probe:
        what = f"grpc <pod>:{text(mapping(probe['grpc']).get('port'))}"
    else:
        what = "unknown"
    numbers = (
        ("delay", "initialDelaySeconds", 0), ("timeout", "timeoutSeconds", 1), ("period", "periodSeconds", 10),
        ("#success", "successThreshold", 1), ("#failure", "failureThreshold", 3),
    )  # fmt: skip
    # a manifest leaves the API's defaults out, kubectl describe does not
    shown = [(word, number(probe.get(key)), usual) for word, key, usual in numbers]
    words = (f"{word}={usual if had is None else had}{'' if word[0] == '#' else 's'}" for word, had, usual in shown)
    return f"{what} {' '.join(words)}"


def _host(value: dict[str, Any]) -> str:
    return f"{text(value.get('host'))}:{text(value.get('port'))}"
