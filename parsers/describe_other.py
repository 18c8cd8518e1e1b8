"""``kubectl describe`` of any other kind: its values as settings, its events.

Custom resources are printed field by field with "smart labels" ("nodeMeshPassword" becomes "Node Mesh
Password"; kubectl ``pkg/describe``, ``printUnstructuredContent``), fields sorted, the items of a list
below each other without a mark. A name that does not sort behind its predecessor starts the next item.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from msgspec import Struct, field

from parsers.describe_policy import policy_paths
from parsers.describe_text import Described, annotations_of, labels_of, sections, split_objects
from parsers.event_block import InvolvedObject, parse_events
from parsers.lazy_pattern import lazy_pattern
from parsers.rows import SettingRow
from parsers.source import Parsed, Source

_HEAD = {"Name": 0, "Namespace": 1, "Labels": 2, "Annotations": 3, "Events": 9}
_LINE = lazy_pattern(r"( *)([^\s:][^:]{0,100}):(?: +(\S.*)| *)")
_DATA_KEY = lazy_pattern(r"(\S+):")
#: kinds without a "Kind:" line, by keys that only their describer prints
_KINDS_BY_KEYS: tuple[tuple[str, frozenset[str]], ...] = (
    ("CronJob", frozenset({"Schedule", "Concurrency Policy"})),
    ("Job", frozenset({"Completions", "Pods Statuses"})),
    ("Service", frozenset({"Session Affinity"})),
    ("PersistentVolumeClaim", frozenset({"Access Modes", "Used By"})),
    ("PersistentVolume", frozenset({"Reclaim Policy"})),
    ("StorageClass", frozenset({"Provisioner"})),
    ("Endpoints", frozenset({"Subsets"})),
    ("EndpointSlice", frozenset({"AddressType"})),
    ("ServiceAccount", frozenset({"Mountable secrets"})),
    ("RoleBinding", frozenset({"Subjects"})),
    ("Role", frozenset({"PolicyRule"})),
    ("NetworkPolicy", frozenset({"Created on", "Spec"})),
    ("HorizontalPodAutoscaler", frozenset({"Max replicas"})),
    ("Ingress", frozenset({"Rules"})),
    ("PodDisruptionBudget", frozenset({"Selector", "Status"})),
    ("PriorityClass", frozenset({"GlobalDefault"})),
    ("CSINode", frozenset({"CreationTimestamp", "Spec"})),
)
#: fields of Calico, operator and Kubernetes objects that are lists even when they hold one item
_LISTS = frozenset(
    {
        "ingress", "egress", "conditions", "ownerReferences", "ipPools", "rules", "subsets", "addresses", "ports",
        "nets", "notNets", "cidrs", "peers", "types", "interfaceNames", "expectedIPs", "items", "serviceClusterIPs",
        "serviceExternalIPs", "serviceLoadBalancerIPs", "env", "versions", "relatedObjects", "attributes",
        "communities", "prefixAdvertisements", "finalizers", "healthTimeoutOverrides", "failsafeInboundHostPorts",
        "failsafeOutboundHostPorts", "imagePullSecrets", "controlPlaneTolerations", "componentResources",
        "externalNetworks", "clusterNetwork", "additionalNetworks",
    }
)  # fmt: skip


class _Node(Struct):
    """One printed field: its name as kubectl labels it, its value and what stands further in."""

    key: str
    value: str
    line: int
    indent: int
    children: list[_Node] = field(default_factory=list)
    more: list[str] = field(default_factory=list)


def parse_describe_other(text: str, source: Source) -> Parsed:
    """Read all objects of a text of kinds without a reader of their own; rows of settings and events."""
    parsed = Parsed()
    for item in split_objects(text, source.first_line)[0]:
        parsed.extend(read_other(item, source))
    return parsed


def read_other(item: Described, source: Source) -> Parsed:
    """Read one described object."""
    parsed = Parsed()
    found = {section.key: section for section in sections(item, _HEAD)}
    if "Name" not in found:
        return Parsed(problems=[f"line {item.first_line}: a described object without a name"])
    name = found["Name"].value
    namespace = found["Namespace"].value if "Namespace" in found else ""
    kind = _kind(item.lines, bool(namespace))
    setting = partial(SettingRow, file=source.path, kind=kind, namespace=namespace, name=name)
    parsed.settings.append(setting(line=item.first_line))
    for key, reader in (("Labels", labels_of), ("Annotations", annotations_of)):
        if key in found:
            section = found[key]
            # the section goes on to "Events:"; its own lines are the indented ones
            section.end = next(
                (index for index in range(section.start + 1, section.end) if item.lines[index][:1] != " "), section.end
            )
            for label, value in reader(item.lines, section).items():
                line = item.first_line + section.start
                parsed.settings.append(setting(line=line, key=f"metadata.{key.lower()}.{label}", value=value))
    body = max((section.end for key, section in found.items() if key in ("Labels", "Annotations")), default=1)
    end = found["Events"].start if "Events" in found else len(item.lines)
    prose = kind == "NetworkPolicy" and not any(line.startswith("API Version:") for line in item.lines)
    content = policy_paths(item.lines[body:end], item.first_line + body) if prose else _content(item, body, end, kind)
    for path, value, line in content:
        parsed.settings.append(setting(line=line, key=path, value=value))
    if "Events" in found:
        about = InvolvedObject(source.path, kind, name, namespace)
        parsed.events.extend(parse_events(item.lines[end + 1 :], item.first_line + end + 1, about))
    return parsed


def _kind(lines: list[str], namespaced: bool) -> str:
    keys = {line.partition(":")[0].strip() for line in lines if line[:1].isalpha()}
    if "API Version" in keys:
        named = next((line for line in lines if line.startswith("Kind:")), "")
        return named.partition(":")[2].strip()
    for kind, needed in _KINDS_BY_KEYS:
        if needed <= keys:
            return kind
    if "Data" in keys or "Data" in lines:
        return "Secret" if "Type" in keys else "ConfigMap"
    return "Namespace" if "Status" in keys and not namespaced else ""


def _content(item: Described, start: int, end: int, kind: str) -> Iterator[tuple[str, str, int]]:
    """(dotted path, value, line) of everything below the annotations."""
    if "Data" in item.lines[start:end]:
        data = item.lines.index("Data", start, end)
        yield from _paths(_tree(item, start, data), "")
        yield from _data(item, data + 1, end, kind)
    else:
        yield from _paths(_tree(item, start, end), "")


def _data(item: Described, start: int, end: int, kind: str) -> Iterator[tuple[str, str, int]]:
    """The data of ConfigMaps (key, rule, text) and Secrets (key and length)."""
    if kind == "Secret":
        for index in range(start, end):
            match = _LINE.fullmatch(item.lines[index])
            if match:
                yield f"data.{match[2]}", match[3] or "", item.first_line + index
        return
    heads = [
        index
        for index in range(start, end - 1)
        if item.lines[index + 1] == "----" and _DATA_KEY.fullmatch(item.lines[index])
    ]
    for position, head in enumerate(heads):
        stop = heads[position + 1] if position + 1 < len(heads) else end
        if "BinaryData" in item.lines[head:stop]:
            stop = item.lines.index("BinaryData", head, stop)
        text = "\n".join(item.lines[head + 2 : stop]).rstrip()
        yield f"data.{item.lines[head][:-1]}", text, item.first_line + head


def _tree(item: Described, start: int, end: int) -> list[_Node]:
    top: list[_Node] = []
    stack: list[_Node] = []
    for index in range(start, end):
        line = item.lines[index]
        if not line.strip():
            continue
        indent = len(line) - len(line.lstrip(" "))
        match = _LINE.fullmatch(line)
        if match:
            node = _Node(match[2], (match[3] or "").rstrip(), item.first_line + index, indent)
        elif indent == 0 and stack:
            stack[-1].more.append(line)  # a value with line breaks goes on at column 0
            continue
        else:
            node = _Node("", line.strip(), item.first_line + index, indent)
        while stack and stack[-1].indent >= indent:
            stack.pop()
        (stack[-1].children if stack else top).append(node)
        if node.key:
            stack.append(node)
    return top


def _paths(top: list[_Node], prefix: str) -> Iterator[tuple[str, str, int]]:
    """Walk a tree of fields without recursion (its depth is the input's choice)."""
    waiting = list(_children(top, prefix, listed=False))[::-1]
    while waiting:
        path, node = waiting.pop()
        if node.children:
            waiting.extend(list(_children(node.children, path, path.rpartition(".")[2] in _LISTS))[::-1])
        elif node.value:
            yield path, "\n".join([node.value, *node.more]), node.line


def _children(nodes: list[_Node], prefix: str, listed: bool) -> Iterator[tuple[str, _Node]]:
    """Pair nodes with their paths; items of a list are numbered."""
    groups: list[list[tuple[str, _Node]]] = []
    for node in nodes:
        name = field_name(node.key)
        if not groups or not name or name <= groups[-1][-1][0]:
            groups.append([])
        groups[-1].append((name, node))
    lead = prefix + "." if prefix else ""
    numbered = bool(prefix) and (listed or len(groups) > 1 or not groups[0][0][0])
    for number, group in enumerate(groups):
        for name, node in group:
            parts = [str(number)] if numbered else []
            yield lead + ".".join([*parts, *([name] if name else [])]), node


def field_name(label: str) -> str:
    """Give the field that kubectl labels so: "Node Mesh Password" is ``nodeMeshPassword``."""
    words = label.split()
    if not words or not all(word.replace("-", "").isalpha() for word in words):
        return label
    first = words[0]
    return (first.lower() if first.isupper() else first[:1].lower() + first[1:]) + "".join(words[1:])
