"""``kubectl describe node``: the worker's facts, conditions, requested resources, pods and events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from parsers.ages import GO_TIME, go_time
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
from parsers.node_facts import apply_labels
from parsers.rows import NodeConditionRow, NodeRow
from parsers.source import Parsed, Source

#: kubectl's order of the top-level keys, 1.21 to 1.37
_ORDER = order_of(
    "Name", "Roles", "Labels", "Annotations", "CreationTimestamp", "Taints", "Unschedulable", "Lease", "Conditions",
    "Addresses", "Capacity", "Allocatable", "Node-Local ResourceSlices", "System Info", "PodCIDR", "PodCIDRs",
    "ProviderID", "Non-terminated Pods", "Pods", "Allocated resources", "Events",
)  # fmt: skip
_CONDITION = lazy_pattern(rf"  (\S+) +(?:(\S+) +)?({GO_TIME}) +({GO_TIME}) ( *)(.*)")
_FIELD = lazy_pattern(r"  (\S[^:]{0,60}):(?: +(.*))?")
_POD = lazy_pattern(r"(?m)^  (\S+) +(\S+) +\S+ \(-?\d+%\) .*$")
_SHARE = lazy_pattern(r"  (\S+) +\S+ \((-?\d{1,6})%\) +\S+ \((-?\d{1,6})%\) *")


def parse_describe_node(text: str, source: Source) -> Parsed:
    """Read all nodes of a text; rows of nodes, node_conditions and events."""
    parsed = Parsed()
    for item in split_objects(text, source.first_line)[0]:
        parsed.extend(read_node(item, source))
    return parsed


def read_node(item: Described, source: Source) -> Parsed:
    """Read one described node."""
    parsed = Parsed()
    found = {section.key: section for section in sections(item, _ORDER)}
    name = found["Name"].value if "Name" in found else ""
    if not name:
        return Parsed(problems=[f"line {item.first_line}: a described node without a name"])
    node = NodeRow(file=source.path, line=item.first_line, node=name)
    _identity(node, item, found)
    _state(node, item, found)
    _system(node, item, found)
    apply_labels(node)
    parsed.nodes.append(node)
    if "Conditions" in found:
        parsed.node_conditions.extend(_conditions(node, item, found["Conditions"]))
    for condition in parsed.node_conditions:
        if condition.type == "Ready":
            node.ready = condition.status
    if "Events" in found:
        about = InvolvedObject(source.path, "Node", name, node=name)
        start = found["Events"].start + 1
        parsed.events.extend(parse_events(item.lines[start:], item.first_line + start, about))
    else:
        parsed.facts["events"] = "not shown"  # newer kubectl leaves them out where several objects are described
        if "Allocated resources" not in found and "Pods" not in found:
            parsed.problems.append(f"node {name}: the description is cut off")
    return parsed


def _value(found: Mapping[str, Section], key: str) -> str:
    value = found[key].value if key in found else ""
    return "" if value == "<none>" else value


def _identity(node: NodeRow, item: Described, found: Mapping[str, Section]) -> None:
    node.roles = _value(found, "Roles")
    node.created = go_time(_value(found, "CreationTimestamp"))
    node.provider_id = _value(found, "ProviderID")
    if "Labels" in found:
        node.labels = labels_of(item.lines, found["Labels"])
    if "Annotations" in found:
        section = found["Annotations"]
        node.annotations = annotations_of(item.lines, section)
        for offset, line in enumerate(item.lines[section.start : section.end]):
            number = item.first_line + section.start + offset
            if "projectcalico.org/IPv4Address:" in line:
                node.calico_ip_line = number
            key = line.removeprefix("Annotations:").strip().partition(": ")[0].rstrip(":")
            if key in node.annotations:
                node.lines.setdefault(f"annotations.{key}", number)


def _state(node: NodeRow, item: Described, found: Mapping[str, Section]) -> None:
    node.cordoned = {"true": True, "false": False}.get(_value(found, "Unschedulable"))
    if "Taints" in found:
        node.taints = tuple(pairs(item.lines, found["Taints"]))
        section = found["Taints"]
        for offset, line in enumerate(item.lines[section.start : section.end]):
            if (taint := line.removeprefix("Taints:").strip()) in node.taints:
                node.lines[f"taints.{taint}"] = item.first_line + section.start + offset
    if node.cordoned:
        node.lines["cordoned"] = item.first_line + found["Unschedulable"].start
    node.lease_renewed = go_time(_fields(item, found.get("Lease")).get("RenewTime", ""))
    if "Non-terminated Pods" in found:
        section = found["Non-terminated Pods"]
        rows = _POD.findall("\n".join(item.lines[section.start + 1 : section.end]))
        node.pods_on_node = tuple(f"{namespace}/{pod}" for namespace, pod in rows)
    if "Allocated resources" in found:
        section = found["Allocated resources"]
        for line in item.lines[section.start + 1 : section.end]:
            row = _SHARE.fullmatch(line)
            if row and row[1] == "cpu":
                node.cpu_requested_pct, node.cpu_limit_pct = float(row[2]), float(row[3])
            elif row and row[1] == "memory":
                node.memory_requested_pct, node.memory_limit_pct = float(row[2]), float(row[3])


def _system(node: NodeRow, item: Described, found: Mapping[str, Section]) -> None:
    info = _fields(item, found.get("System Info"))
    node.kernel = info.get("Kernel Version", "")
    node.os_image = info.get("OS Image", "")
    node.runtime = info.get("Container Runtime Version", "")
    node.kubelet_version = info.get("Kubelet Version", "")
    node.internal_ip = _fields(item, found.get("Addresses")).get("InternalIP", "")


def _fields(item: Described, section: Section | None) -> dict[str, str]:
    """The indented ``key: value`` lines of a section; of a repeated key the first."""
    result: dict[str, str] = {}
    if section:
        for line in item.lines[section.start + 1 : section.end]:
            match = _FIELD.fullmatch(line)
            if match:
                result.setdefault(match[1], (match[2] or "").strip())
    return result


def _conditions(node: NodeRow, item: Described, section: Section) -> list[NodeConditionRow]:
    start = section.start + 1
    return condition_rows(item.lines[start : section.end], item.first_line + start, node.file, node.node)


def condition_rows(lines: Sequence[str], first_line: int, file: str, node: str) -> list[NodeConditionRow]:
    """Read the lines below ``Conditions:``; ``first_line`` is the number of the first of them."""
    rows: list[NodeConditionRow] = []
    more: list[list[str]] = []  # a message with line breaks goes on at column 0
    for index, line in enumerate(lines):
        match = _CONDITION.fullmatch(line)
        if match:
            reason, message = _reason_and_message(match[5], match[6])
            rows.append(
                NodeConditionRow(
                    file=file,
                    line=first_line + index,
                    node=node,
                    type=match[1],
                    status=match[2] or "",
                    last_heartbeat=go_time(match[3]),
                    last_transition=go_time(match[4]),
                    reason=reason,
                    message=message,
                )
            )
            more.append([])
        elif rows:
            more[-1].append(line)
    for row, rest in zip(rows, more, strict=True):
        row.message = "\n".join([row.message, *rest]).strip()
    return rows


def _reason_and_message(gap: str, rest: str) -> tuple[str, str]:
    """Split what follows the times. A reason stands right behind them; a wider gap is a reason left out."""
    if len(gap) > 2:
        return "", rest
    reason, _, message = rest.partition(" ")
    return reason, message
