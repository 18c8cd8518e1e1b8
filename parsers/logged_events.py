"""Events that stand in a log: what the kubelet, the controller manager and the scheduler tell of pods there.

A journal of the kubelet says the same as the events of ``kubectl describe``, which a customer did not always send:

* events as the recorder logs them, ``Event(v1.ObjectReference{...}): type: 'Warning' reason: ...`` (glog form) and
  ``"Event occurred" object=... kind=... reason=... message=...`` (structured form, since Kubernetes 1.20);
* failed probes, of ``prober.go``;
* containers that are not started, of ``pod_workers.go`` ("Error syncing pod"), and volumes that are not mounted.

Sources: k8s.io/client-go ``tools/record/event.go``; kubernetes ``pkg/kubelet/prober/prober.go``, ``pod_workers.go``,
``kuberuntime/kuberuntime_manager.go``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime

from parsers.lazy_pattern import lazy_pattern
from parsers.rows import EventRow, LogLineRow

_QUOTED = r'"((?:[^"\\]|\\.){0,4000})"?'
_REFERENCE = lazy_pattern(
    r'Event\(v1\.ObjectReference\{Kind:"(?P<kind>\w{1,40})", Namespace:"(?P<namespace>[^"]{0,63})", '
    r"Name:\"(?P<name>[^\"]{1,253})\"[^}]{0,300}\}?[^}]{0,60}\}?\): type: '(?P<type>\w{1,20})' "
    r"reason: '(?P<reason>\w{1,60})' (?P<message>.+)",
    re.DOTALL,
)
_STRUCTURED = lazy_pattern(r'"Event occurred" ')
_PROBE = lazy_pattern(r'"Probe (failed|errored)[^"]{0,60}" ')
_OLD_PROBE = lazy_pattern(
    r'(?P<probe>Readiness|Liveness|Startup) probe for "(?P<pod>[^"_\s]{1,253})_(?P<namespace>[^"(\s]{1,63})'
    r'\([^"]{0,60}:(?P<container>[^":\s]{1,63})" (?P<how>failed|errored)(?: \(\w{1,20}\))?: ?(?P<message>.*)',
    re.DOTALL,
)
_START = lazy_pattern(
    r'failed to \\{0,3}"StartContainer\\{0,3}" for \\{0,3}"(?P<container>[^"\\]{1,63})\\{0,3}" with '
    r'(?P<why>\w{1,40}): \\{0,3}"(?P<message>.{1,3000})',
    re.DOTALL,
)
_SANDBOX = lazy_pattern(
    r'with (?:CreatePodSandboxError|KillPodSandboxError): \\{0,3}"(?P<message>.{1,4000})', re.DOTALL
)
_MOUNT = lazy_pattern(
    r'(?P<what>MountVolume\.\w{1,20} failed for volume "[^"]{1,253}") \(UniqueName: [^)]{1,400}\) '
    r'pod "(?P<pod>[^"]{1,253})" \(UID: [^)]{1,80}\) ?: (?P<message>.+)',
    re.DOTALL,
)
_POD = lazy_pattern(r'\bpod="(?P<namespace>[^"/\s]{1,63})/(?P<pod>[^"\s]{1,253})"')
_OLD_POD = lazy_pattern(r'\(\\?"(?P<pod>[^"_\s\\]{1,253})_(?P<namespace>[^"(\s]{1,63})\([^)\s]{1,60}\)\\?"\)')
#: kubelet's reason for a container that is not started -> reason and first words of the event that it sends as well
_START_EVENTS = {
    "CrashLoopBackOff": ("BackOff", "Back-off restarting failed container {container} in pod {pod}: "),
    "ImagePullBackOff": ("BackOff", ""),
    "ErrImagePull": ("Failed", "Failed to pull image: "),
    "ErrImageNeverPull": ("ErrImageNeverPull", ""),
    "InvalidImageName": ("InspectFailed", "InvalidImageName: "),
    "CreateContainerConfigError": ("Failed", "Error: "),
    "CreateContainerError": ("Failed", "Error: "),
    "RunContainerError": ("Failed", "Error: "),
}


def logged_event(row: LogLineRow) -> EventRow | None:
    """Give the event that a log line tells of, None for most lines."""
    words = row.message
    if len(words) < 30:
        return None
    for mark, read in _READERS:
        if mark in words:
            return read(row)
    return None


def _event(
    row: LogLineRow, kind: str, namespace: str, name: str, reason: str, message: str, container: str = ""
) -> EventRow:
    time: datetime | None = row.last_time or row.time
    return EventRow(
        file=row.file,
        line=row.line,
        object_kind=kind,
        object=name,
        namespace=namespace,
        type="Warning",
        reason=reason,
        count=row.count,
        source=row.component or "kubelet",
        message=message.strip(),
        node=row.node,
        time=time,
        first_time=row.time,
        container=container,
    )


def _value(words: str, key: str) -> str:
    found = re.search(rf"\b{key}={_QUOTED}", words, re.DOTALL)
    if found:
        return _plain(found[1])
    found = re.search(rf"\b{key}=<\n(.{{0,4000}}?)(?:\n\s*>|$)", words, re.DOTALL)
    return found[1].strip() if found else ""


def _plain(text: str) -> str:
    """Without the escapes of a quoted value."""
    return re.sub(r"\\+([\"\\])", r"\1", text).replace("\\n", "\n").replace("\\t", "\t")


def _recorded(row: LogLineRow) -> EventRow | None:
    found = _REFERENCE.search(row.message)
    if not found or found["type"] != "Warning":
        return None
    return _event(row, found["kind"], found["namespace"], found["name"], found["reason"], found["message"])


def _structured(row: LogLineRow) -> EventRow | None:
    words = row.message
    if not _STRUCTURED.search(words) or _value(words, "type") != "Warning":
        return None
    namespace, _, name = _value(words, "object").rpartition("/")
    reason, message = _value(words, "reason"), _value(words, "message")
    if not (name and reason):
        return None
    return _event(row, _value(words, "kind"), namespace, name, reason, message)


def _probe(row: LogLineRow) -> EventRow | None:
    words = row.message
    how, pod, kind = _PROBE.search(words), _POD.search(words), _value(words, "probeType")
    if not (how and pod and kind):
        return None
    said = _value(words, "output") or _value(words, "err")
    message = f"{kind} probe {how[1]}: {said}"
    return _event(row, "Pod", pod["namespace"], pod["pod"], "Unhealthy", message, _value(words, "containerName"))


def _old_probe(row: LogLineRow) -> EventRow | None:
    found = _OLD_PROBE.search(row.message)
    if not found:
        return None
    message = f"{found['probe']} probe {found['how']}: {_plain(found['message'])}"
    return _event(row, "Pod", found["namespace"], found["pod"], "Unhealthy", message, found["container"])


def _not_started(row: LogLineRow) -> EventRow | None:
    found = _START.search(row.message)
    pod = _POD.search(row.message) or _OLD_POD.search(row.message)
    if not found or not pod or found["why"] not in _START_EVENTS:
        return None
    reason, words = _START_EVENTS[found["why"]]
    message = words.format(container=found["container"], pod=pod["pod"]) + _inner(found["message"])
    return _event(row, "Pod", pod["namespace"], pod["pod"], reason, message, found["container"])


def _no_sandbox(row: LogLineRow) -> EventRow | None:
    found = _SANDBOX.search(row.message)
    pod = _POD.search(row.message) or _OLD_POD.search(row.message)
    if not found or not pod:
        return None
    kills = "KillPodSandboxError" in row.message
    reason, words = ("FailedKillPod", "error killing pod: ") if kills else ("FailedCreatePodSandBox", "")
    return _event(row, "Pod", pod["namespace"], pod["pod"], reason, words + _inner(found["message"]))


def _inner(text: str) -> str:
    """The text of an error that stands in quotes in another one, up to the pod that kubelet names behind it."""
    words = re.split(r'\\?"+ pod="', _plain(text))[0].rstrip('"')
    return words + '"' if words.count('"') % 2 else words


def _not_mounted(row: LogLineRow) -> EventRow | None:
    found = _MOUNT.search(row.message)
    if not found:
        return None
    return _event(row, "Pod", "", found["pod"], "FailedMount", f"{found['what']} : {found['message']}")


_READERS: tuple[tuple[str, Callable[[LogLineRow], EventRow | None]], ...] = (
    ("Event(v1.ObjectReference{", _recorded),
    ('"Event occurred" ', _structured),
    ('"Probe ', _probe),
    (' probe for "', _old_probe),
    ("StartContainer", _not_started),
    ("PodSandboxError", _no_sandbox),
    ("MountVolume.", _not_mounted),
)
