"""Any other object as settings: what is configured, one row a value."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from parsers.located import Document
from parsers.rows import SettingRow
from parsers.source import Parsed, Source

MOST_ROWS = 400
MOST_TEXT = 4000
_HIDDEN = ("***HIDDEN***",)
_SKIPPED = {"managedFields", "uid", "resourceVersion", "selfLink", "generateName"}


def read_setting(item: Document, kind: str, parsed: Parsed, source: Source) -> None:
    """Flatten an object into ``settings``; a Secret gives the names of its keys, never a value."""
    metadata = item.value.get("metadata") or {}
    name, namespace = str(metadata.get("name") or ""), str(metadata.get("namespace") or source.namespace)
    rows = [SettingRow(source.path, item.at("metadata", "name"), kind, namespace, name)]
    for path, value in _leaves(item.value, ()):
        if path[0] in ("kind", "apiVersion") or any(part in _SKIPPED for part in path):
            continue
        if kind == "Secret" and path[0] in ("data", "stringData"):
            value = "(not read)"
        if isinstance(value, str) and value in _HIDDEN:
            continue
        shown = "true" if value is True else "false" if value is False else "" if value is None else str(value)
        key = ".".join(str(part) for part in path)
        rows.append(SettingRow(source.path, item.at(*path), kind, namespace, name, key, shown[:MOST_TEXT]))
        if len(rows) > MOST_ROWS:
            parsed.problems.append(f"{kind} {name}: only its first {MOST_ROWS} values are in the tables")
            break
    parsed.settings.extend(rows)


def _leaves(value: Any, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(inner, (*path, str(key)))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _leaves(inner, (*path, index))
    elif path:
        yield path, value
