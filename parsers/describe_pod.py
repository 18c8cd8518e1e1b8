"""``kubectl describe pod``: the pod, its containers, conditions, events and what its probes said."""

from __future__ import annotations

from collections.abc import Mapping

from parsers.ages import go_time
from parsers.describe_containers import parse_containers
from parsers.describe_text import (
    Described,
    Section,
    annotations_of,
    labels_of,
    order_of,
    pairs,
    sections,
    split_objects,
)
from parsers.event_block import InvolvedObject, parse_events
from parsers.lazy_pattern import lazy_pattern
from parsers.pod_app import pod_app
from parsers.readiness import readiness_rows
from parsers.rows import ContainerRow, PodConditionRow, PodRow
from parsers.source import Parsed, Source

#: kubectl's order of the top-level keys, 1.21 to 1.37
_ORDER = order_of(
    "Name", "Namespace", "Priority", "PriorityClassName", "Priority Class Name", "Runtime Class Name",
    "Service Account", "Node", "Start Time", "Labels", "Annotations", "Status", "Termination Grace Period",
    "Reason", "Message", "SeccompProfile", "LocalhostProfile", "IP", "IPs", "Controlled By", "NominatedNodeName",
    "Resources", "Init Containers", "Containers", "Ephemeral Containers", "Readiness Gates", "Conditions",
    "Volumes", "QoS Class", "Node-Selectors", "Tolerations", "Topology Spread Constraints", "SchedulingGroup",
    "Events",
)  # fmt: skip
_CONDITION = lazy_pattern(r"  (\S+) +(True|False|Unknown|<none>)(?: +(\S.*)| *)")


def parse_describe_pod(text: str, source: Source) -> Parsed:
    """Read all pods of a text; rows of pods, pod_conditions, containers, events and readiness."""
    parsed = Parsed()
    for item in split_objects(text, source.first_line)[0]:
        parsed.extend(read_pod(item, source))
    return parsed


def read_pod(item: Described, source: Source) -> Parsed:
    """Read one described pod."""
    parsed = Parsed()
    found = {section.key: section for section in sections(item, _ORDER)}
    name = found["Name"].value if "Name" in found else ""
    if not name:
        return Parsed(problems=[f"line {item.first_line}: a described pod without a name"])
    pod = PodRow(
        file=source.path,
        line=item.first_line,
        namespace=_value(found, "Namespace") or source.namespace,
        pod=name,
        controlled_by=_value(found, "Controlled By"),
        start_time=go_time(_value(found, "Start Time")),
        ip=_value(found, "IP"),
        reason=_value(found, "Reason"),
    )
    node = _value(found, "Node")
    pod.node = node.rpartition("/")[0] if "/" in node else node
    _status(pod, item, found)
    if "Labels" in found:
        pod.labels = labels_of(item.lines, found["Labels"])
    if "Annotations" in found:
        pod.annotations = annotations_of(item.lines, found["Annotations"])
    if "Tolerations" in found:
        pod.tolerations = tuple(pairs(item.lines, found["Tolerations"]))
    pod.app = pod_app(name, pod.labels, pod.controlled_by, pod.node)
    parsed.pods.append(pod)
    _containers(parsed, pod, item, found)
    if "Conditions" in found:
        parsed.pod_conditions.extend(_conditions(pod, item, found["Conditions"]))
    if "Events" in found:
        about = InvolvedObject(source.path, "Pod", name, pod.namespace, pod.node)
        start = found["Events"].start + 1
        parsed.events.extend(parse_events(item.lines[start:], item.first_line + start, about))
    else:
        parsed.facts["events"] = "not shown"  # newer kubectl leaves them out where several objects are described
        if "QoS Class" not in found:
            parsed.problems.append(f"pod {name}: the description is cut off")
    for event in parsed.events:
        parsed.readiness.extend(readiness_rows(event))
    return parsed


def _value(found: Mapping[str, Section], key: str) -> str:
    value = found[key].value if key in found else ""
    return "" if value == "<none>" else value


def _status(pod: PodRow, item: Described, found: Mapping[str, Section]) -> None:
    pod.phase = _value(found, "Status")
    if pod.phase:
        pod.deleted = pod.phase.startswith("Terminating")
        pod.phase = pod.phase.partition(" ")[0]
    if "Message" in found:
        section = found["Message"]
        pod.message = "\n".join([section.value, *item.lines[section.start + 1 : section.end]]).strip()


def _containers(parsed: Parsed, pod: PodRow, item: Described, found: Mapping[str, Section]) -> None:
    def empty(line: int, name: str) -> ContainerRow:
        return ContainerRow(
            file=pod.file, line=line, namespace=pod.namespace, pod=pod.pod, container=name, node=pod.node
        )

    for key in ("Init Containers", "Containers", "Ephemeral Containers"):
        if key in found:
            section = found[key]
            rows = parse_containers(item, section.start + 1, section.end, key == "Init Containers", empty)
            parsed.containers.extend(rows)
            if key == "Containers" and rows:
                pod.ready = f"{sum(row.ready is True for row in rows)}/{len(rows)}"
                pod.restarts = sum(row.restarts or 0 for row in rows)


def _conditions(pod: PodRow, item: Described, section: Section) -> list[PodConditionRow]:
    rows = []
    for index in range(section.start + 1, section.end):
        match = _CONDITION.fullmatch(item.lines[index])
        if match and match[1] != "Type":
            rows.append(PodConditionRow(pod.file, item.first_line + index, pod.namespace, pod.pod, match[1], match[2]))
    return rows
