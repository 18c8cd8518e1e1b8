"""Kubernetes and Calico objects in YAML or JSON: the same tables as the text of ``kubectl describe``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from parsers.located import Document, read_documents
from parsers.objects_core import read_daemonset, read_event, read_node, read_pod
from parsers.objects_setting import read_setting
from parsers.rows import ListingRow
from parsers.source import Parsed, Source

#: groups whose Node is Calico's own, not a worker
_CALICO = ("projectcalico.org", "crd.projectcalico.org")


def parse_objects(text: str, source: Source) -> Parsed:
    """Read all objects of a text: several documents, Lists, bare arrays, items without a kind."""
    parsed = Parsed()
    for document in read_documents(text, source.first_line, parsed.problems):
        for item, kind, version in _objects(document, "", "", parsed, source):
            _one(item, kind, version, parsed, source)
    return parsed


def _objects(
    document: Document, kind: str, version: str, parsed: Parsed, source: Source
) -> Iterator[tuple[Document, str, str]]:
    """Unfold lists; an item without a kind has that of its list."""
    value = document.value
    if isinstance(value, list):
        for index, item in enumerate(value):
            if isinstance(item, dict):
                yield from _objects(document.sub(index), kind or _guess(item), version, parsed, source)
        return
    if not isinstance(value, dict):
        return
    own, own_version = str(value.get("kind") or kind), str(value.get("apiVersion") or version)
    items = value.get("items")
    unnamed = not own and isinstance(items, list)
    if unnamed:
        parsed.problems.append("a list without its kind: the file may be cut off")
    if unnamed or (own.endswith("List") and (isinstance(items, list) or items is None)):
        inner = own.removesuffix("List")
        entries = [item for item in items or () if isinstance(item, dict)]
        listed = inner or next((str(item.get("kind") or "") for item in entries), "")
        namespaces = {str((item.get("metadata") or {}).get("namespace") or "") for item in entries}
        namespace = namespaces.pop() if len(namespaces) == 1 else ("*" if namespaces else source.namespace)
        parsed.listings.append(ListingRow(source.path, document.line, listed, namespace, len(entries)))
        for index, item in enumerate(items or ()):
            if isinstance(item, dict):
                yield from _objects(document.sub("items", index), inner or _guess(item), own_version, parsed, source)
        return
    if own or _guess(value):
        yield document, own or _guess(value), own_version


def _guess(item: dict[str, Any]) -> str:
    """The kind of an item that names none (bare arrays of some collectors)."""
    if item.get("kind"):
        return str(item["kind"])
    spec, status = item.get("spec"), item.get("status")
    if "involvedObject" in item:
        return "Event"
    if isinstance(status, dict) and "nodeInfo" in status:
        return "Node"
    if isinstance(spec, dict) and "containers" in spec:
        return "Pod"
    return ""


def _one(item: Document, kind: str, version: str, parsed: Parsed, source: Source) -> None:
    if not isinstance(item.value.get("metadata"), dict):
        item.value["metadata"] = {}
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
        read_setting(item, "CalicoNode" if kind == "Node" else kind, parsed, source)
