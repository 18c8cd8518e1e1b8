"""Kubernetes and Calico objects in YAML or JSON: the same tables as the text of ``kubectl describe``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from msgspec import Struct, field

from parsers.api_fields import mapping, text
from parsers.lazy_pattern import lazy_pattern
from parsers.located import Document, ObjectList
from parsers.object_reader import read_objects
from parsers.objects_event import read_event
from parsers.objects_node import read_node
from parsers.objects_node_status import read_node_status
from parsers.objects_pod import read_pod
from parsers.objects_setting import read_setting
from parsers.objects_workload import read_daemonset
from parsers.resource_kinds import CLUSTER_KINDS, kind_of, kind_of_path
from parsers.rows import ListingRow
from parsers.source import Parsed, Source
from parsers.table_text import Command, read_command

#: groups whose Node is Calico's own, not a worker
_CALICO = frozenset({"projectcalico.org", "crd.projectcalico.org"})
_NAMESPACE = (
    re.compile(r"(?:^|[/!])namespaces/([^/!]+)/"),  # must-gather, oc adm inspect
    re.compile(r"cluster-resources/[^/!]+/([^/!]+)\.json$"),  # Replicated
    re.compile(r"yamls/namespaced/([^/!]+)/"),  # Rancher
    re.compile(r"(?:^|[/!])([^/!]+)/(?:pods|daemonsets|deployments|replicasets|services|events)\.json$"),  # dump
)
#: layouts of collectors, which list everything of a kind
_COLLECTED = lazy_pattern(
    r"(?:^|[/!])(?:cluster-scoped-resources|namespaces|cluster-resources|yamls|cluster/crd|cluster/kubernetes)/"
)
_SELECTED = lazy_pattern(r"calico|typha|tigera|canal")
_YAML_KEYS = lazy_pattern(r"^(?:- )?(?:apiVersion|kind|items|metadata|spec|status):(?= |$)", re.MULTILINE)
_JSON_KEYS = lazy_pattern(r'"(?:apiVersion|kind|items|metadata)"\s*:')


def parse_objects(text: str, source: Source) -> Parsed:
    """Read all objects of a text: several documents, Lists, bare arrays, items without a kind of their own.

    Nodes, pods, events and daemonsets become rows of their tables, all others settings (a DaemonSet both);
    events of probes also readiness rows. Each list gives one row of listings a kind. Nothing is raised; what
    could not be read is in ``problems``.
    """
    parsed = Parsed()
    tallies: dict[int, _Tally] = {}
    for found in read_objects(text, source.first_line, parsed.problems):
        if isinstance(found, ObjectList):
            tallies.pop(id(found), _Tally()).close(found, parsed, source)
        else:
            tally = None if found.parent is None else tallies.setdefault(id(found.parent), _Tally())
            for item, kind, version in _unfold(found, parsed, source):
                _read(item, kind, version, parsed, source)
                if tally is not None:
                    tally.add(item, kind, parsed)
    return parsed


class _Tally(Struct):
    """What was seen in a list, to tell what it is a list of and whether it is all there is."""

    counts: dict[str, int] = field(default_factory=dict)
    namespaces: dict[str, set[str]] = field(default_factory=dict)
    apps: set[str] = field(default_factory=set)

    def add(self, item: Document, kind: str, parsed: Parsed) -> None:
        self.counts[kind] = self.counts.get(kind, 0) + 1
        namespace = text(mapping(item.value.get("metadata")).get("namespace"))
        self.namespaces.setdefault(kind, set()).add(namespace)
        if kind == "Pod" and parsed.pods:
            self.apps.add(parsed.pods[-1].app)

    def close(self, found: ObjectList, parsed: Parsed, source: Source) -> None:
        """Add the rows of the list; an empty one is of the kind that it, the command or the file's name says."""
        command = read_command(source.command) if source.command else Command()
        kind = (
            found.kind.removesuffix("List") or command.kind or kind_of_path(source.path) or _kind_of_folder(source.path)
        )
        for name, count in (self.counts or {kind: 0}).items():
            namespace = self._namespace(name, command, source)
            whole = found.whole and self._is_complete(name, count, command, source)
            parsed.listings.append(ListingRow(source.path, found.line, name, namespace, count, whole))

    def _namespace(self, kind: str, command: Command, source: Source) -> str:
        if kind in CLUSTER_KINDS:
            return ""
        seen = self.namespaces.get(kind, set())
        if command.namespace or len(seen) > 1:
            return command.namespace or "*"
        return next(iter(seen), "") or source.namespace or _namespace_of(source.path)

    def _is_complete(self, kind: str, count: int, command: Command, source: Source) -> bool:
        """A list is complete unless something says that it was selected from."""
        if kind == "Event":
            return False  # the API forgets them after an hour
        if command.known:
            return not command.filtered
        if _COLLECTED.search(source.path):
            return True
        if kind == "Pod" and count:
            return len(self.apps) > 1 or not all(_SELECTED.search(app) for app in self.apps)
        return count > 0 or not _SELECTED.search(source.path.rpartition("/")[2].replace("calico-system", ""))


def _kind_of_folder(path: str) -> str:
    """Some collectors write ``daemonsets/<namespace>.json``."""
    return kind_of(path.replace("!", "/").rpartition("/")[0].rpartition("/")[2])


def _namespace_of(path: str) -> str:
    return next((match[1] for pattern in _NAMESPACE if (match := pattern.search(path))), "")


def _unfold(document: Document, parsed: Parsed, source: Source) -> Iterator[tuple[Document, str, str]]:
    """Give (object, kind, apiVersion); lists inside of lists are unfolded, an item may have its list's kind."""
    parent = document.parent
    inherited = parent.kind.removesuffix("List") if parent else ""
    waiting = [(document, inherited, parent.version if parent else "", 0)]
    while waiting:
        item, kind, version, depth = waiting.pop()
        value = item.value
        if isinstance(value, list) and depth < 3:
            inner = [Document(one, item.at(index)) for index, one in enumerate(value)]
            waiting += [(one, kind, version, depth + 1) for one in reversed(inner)]
        if not isinstance(value, dict):
            continue
        own, own_version = text(value.get("kind")) or kind, text(value.get("apiVersion")) or version
        items = value.get("items")
        if depth < 3 and own.endswith("List") and (items is None or isinstance(items, list)):
            inside = ObjectList(own, own_version, item.line)
            tally = _Tally()
            for index, one in enumerate(items or ()):
                inner_document = Document(one, item.at("items", index), inside)
                for found in _unfold(inner_document, parsed, source):
                    yield found
                    tally.add(found[0], found[1], parsed)
            tally.close(inside, parsed, source)
        elif name := own or _guess(value):
            yield item, name, own_version
        elif value:
            parsed.problems.append(f"line {item.line}: an object without a kind was not read")


def _guess(value: dict[str, Any]) -> str:
    """The kind of an item that names none (bare arrays of some collectors)."""
    spec, status = mapping(value.get("spec")), mapping(value.get("status"))
    if "involvedObject" in value or "regarding" in value:
        return "Event"
    if "nodeInfo" in status:
        return "Node"
    if "containers" in spec:
        return "Pod"
    if "desiredNumberScheduled" in status:
        return "DaemonSet"
    return "Secret" if "data" in value and "type" in value else ""


def _read(item: Document, kind: str, version: str, parsed: Parsed, source: Source) -> None:
    group = version.partition("/")[0]
    if kind == "Node" and group not in _CALICO:
        read_node(item, parsed, source)
    elif kind == "Pod":
        read_pod(item, parsed, source)
    elif kind == "Event":
        read_event(item, parsed, source)
    else:
        if kind == "DaemonSet":
            read_daemonset(item, parsed, source)
        elif kind == "CalicoNodeStatus":
            read_node_status(item, parsed, source)
        read_setting(item, "CalicoNode" if kind == "Node" else kind, version, parsed, source)


def looks_like(sample: str) -> float:
    """How much the text looks like objects in YAML or JSON, 0..1."""
    pattern = _JSON_KEYS if sample.lstrip()[:1] in ("{", "[") else _YAML_KEYS
    keys = {key.strip('-" :') for key in pattern.findall(sample)}
    return min(0.95, 0.35 * len(keys))
