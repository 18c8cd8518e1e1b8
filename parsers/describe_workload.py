"""``kubectl describe`` of DaemonSets, Deployments, ReplicaSets and StatefulSets: counts, template, events."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from parsers.ages import go_time
from parsers.describe_containers import parse_containers
from parsers.describe_text import Described, Section, annotations_of, labels_of, sections, split_objects
from parsers.event_block import InvolvedObject, parse_events
from parsers.lazy_pattern import lazy_pattern
from parsers.rows import ContainerRow, DaemonSetRow, SettingRow
from parsers.source import Parsed, Source

_ORDER = {
    **dict.fromkeys(
        (
            "Name", "Namespace", "CreationTimestamp", "Selector", "Node-Selector", "Labels", "Annotations",
            "Desired Number of Nodes Scheduled", "Current Number of Nodes Scheduled",
            "Number of Nodes Scheduled with Up-to-date Pods", "Number of Nodes Scheduled with Available Pods",
            "Number of Nodes Misscheduled", "Controlled By", "Replicas", "Pods Status", "StrategyType",
            "MinReadySeconds", "RollingUpdateStrategy", "Update Strategy",
        ),
        0,
    ),
    "Pod Template": 1,
    "Conditions": 2,
    "Volume Claims": 2,
    "OldReplicaSets": 3,
    "NewReplicaSet": 4,
    "Events": 5,
}  # fmt: skip
_COUNT = lazy_pattern(r"(\d{1,9}) (desired|updated|total|current|available|unavailable)")
_POD_COUNT = lazy_pattern(r"(\d{1,9}) (Running|Waiting|Succeeded|Failed)")
_STATUS_KEYS = {
    "desired": "spec.replicas",
    "updated": "status.updatedReplicas",
    "total": "status.replicas",
    "current": "status.replicas",
    "available": "status.availableReplicas",
    "unavailable": "status.unavailableReplicas",
}


def parse_describe_workload(text: str, source: Source) -> Parsed:
    """Read all workloads of a text; rows of daemonsets, settings (replica counts, pod template) and events."""
    parsed = Parsed()
    for item in split_objects(text, source.first_line)[0]:
        parsed.extend(read_workload(item, source))
    return parsed


def workload_kind(lines: list[str]) -> str:
    """Tell the kind from the keys that only one describer prints; "" if it is no workload."""
    keys = {line.partition(":")[0] for line in lines if line[:1].isalpha()}
    if "Desired Number of Nodes Scheduled" in keys:
        return "DaemonSet"
    if "StrategyType" in keys:
        return "Deployment"
    if "Update Strategy" in keys:
        return "StatefulSet"
    if "Replicas" in keys and "Pods Status" in keys:
        return "ReplicaSet"
    return ""


def read_workload(item: Described, source: Source) -> Parsed:
    """Read one described workload."""
    parsed = Parsed()
    found = {section.key: section for section in sections(item, _ORDER)}
    name = found["Name"].value if "Name" in found else ""
    kind = workload_kind(item.lines)
    if not name:
        return Parsed(problems=[f"line {item.first_line}: a described workload without a name"])
    namespace = found["Namespace"].value if "Namespace" in found else source.namespace
    setting = partial(SettingRow, file=source.path, kind=kind, namespace=namespace, name=name)
    parsed.settings.append(setting(line=item.first_line))
    if kind == "DaemonSet":
        parsed.daemonsets.append(_daemonset(item, found, source, namespace, name))
    for key, value, index in _values(item, found):
        parsed.settings.append(setting(line=item.first_line + index, key=key, value=value))
    if "Pod Template" in found:
        known = {row.key for row in parsed.settings}
        for key, value, line in _template(item, found["Pod Template"]):
            if "spec.template." + key in known:
                continue
            parsed.settings.append(setting(line=line, key="spec.template." + key, value=value))
    if "Events" in found:
        start = found["Events"].start + 1
        about = InvolvedObject(source.path, kind, name, namespace)
        parsed.events.extend(parse_events(item.lines[start:], item.first_line + start, about))
    else:
        parsed.facts["events"] = "not shown"  # newer kubectl leaves them out where several objects are described
        if "Pod Template" not in found:
            parsed.problems.append(f"{kind} {name}: the description is cut off")
    return parsed


def _daemonset(
    item: Described, found: Mapping[str, Section], source: Source, namespace: str, name: str
) -> DaemonSetRow:
    def count(key: str) -> int | None:
        value = found[key].value if key in found else ""
        return int(value) if value.isdecimal() and len(value) < 10 else None

    first = found.get("Desired Number of Nodes Scheduled")
    return DaemonSetRow(
        file=source.path,
        line=item.first_line + (first.start if first else 0),
        namespace=namespace,
        daemonset=name,
        desired=count("Desired Number of Nodes Scheduled"),
        current=count("Current Number of Nodes Scheduled"),
        updated=count("Number of Nodes Scheduled with Up-to-date Pods"),
        available=count("Number of Nodes Scheduled with Available Pods"),
    )


def _values(item: Described, found: Mapping[str, Section]) -> list[tuple[str, str, int]]:
    """(key, value, line index) of what stands above and below the pod template."""
    rows: list[tuple[str, str, int]] = []
    if "CreationTimestamp" in found:
        created = go_time(found["CreationTimestamp"].value)
        if created:
            value = created.strftime("%Y-%m-%dT%H:%M:%SZ")
            rows.append(("metadata.creationTimestamp", value, found["CreationTimestamp"].start))
    for key, reader in (("Labels", labels_of), ("Annotations", annotations_of)):
        if key in found:
            values = reader(item.lines, found[key])
            rows += [(f"metadata.{key.lower()}.{name}", value, found[key].start) for name, value in values.items()]
    for key, pattern in (("Replicas", _COUNT), ("Pods Status", _POD_COUNT)):
        if key in found:
            for number, word in pattern.findall(found[key].value):
                rows.append((_STATUS_KEYS.get(word) or f"pods.{word.lower()}", number, found[key].start))
    if "Number of Nodes Misscheduled" in found:
        section = found["Number of Nodes Misscheduled"]
        rows.append(("status.numberMisscheduled", section.value, section.start))
    if "Conditions" in found:
        rows += _conditions(item, found["Conditions"])
    if "Node-Selector" in found:  # older kubectl prints it only here, newer also in the template
        section = found["Node-Selector"]
        selector = (pair.partition("=") for pair in section.value.split(",") if "=" in pair)
        rows += [(f"spec.template.spec.nodeSelector.{key}", value, section.start) for key, _, value in selector]
    return rows


def _conditions(item: Described, section: Section) -> list[tuple[str, str, int]]:
    rows: list[tuple[str, str, int]] = []
    number = 0
    for index in range(section.start + 3, section.end):  # behind the heading and its rule
        cells = item.lines[index].split()
        if len(cells) >= 2:
            for name, value in zip(("type", "status", "reason"), cells, strict=False):
                rows.append((f"status.conditions.{number}.{name}", value, index))
            number += 1
    return rows


def _template(item: Described, section: Section) -> list[tuple[str, str, int]]:
    """(key, value, line) of the containers and the node selector of a pod template."""
    rows: list[tuple[str, str, int]] = []
    heads = [
        index
        for index in range(section.start + 1, section.end)
        if item.lines[index].startswith("  ") and item.lines[index][2:3].isalpha()
    ]
    for position, head in enumerate(heads):
        end = heads[position + 1] if position + 1 < len(heads) else section.end
        key, _, value = item.lines[head].strip().partition(":")
        if key in ("Containers", "Init Containers"):
            path = "spec.initContainers" if key == "Init Containers" else "spec.containers"
            for number, row in enumerate(parse_containers(item, head + 1, end, False, _template_container)):
                rows += [(f"{path}.{number}.{name}", text, row.line) for name, text in _container_values(row)]
        elif key == "Node-Selectors":
            selector = Section(key, value.strip(), head, end)
            pairs = labels_of(item.lines, selector).items()
            rows += [(f"spec.nodeSelector.{name}", text, item.first_line + head) for name, text in pairs]
    return rows


def _template_container(line: int, name: str) -> ContainerRow:
    return ContainerRow(file="", line=line, namespace="", pod="", container=name)


def _container_values(row: ContainerRow) -> list[tuple[str, str]]:
    values = [("name", row.container), ("image", row.image)]
    for number, (name, value) in enumerate(row.env.items()):
        values += [(f"env.{number}.name", name), (f"env.{number}.value", value)]
    for kind, resources in (("limits", row.limits), ("requests", row.requests)):
        values += [(f"resources.{kind}.{name}", value) for name, value in resources.items()]
    for name, value in (("livenessProbe", row.liveness), ("readinessProbe", row.readiness)):
        values += [(name, value)] if value else []
    return values
