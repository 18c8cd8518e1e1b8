"""A part of an object, as ``kubectl get KIND NAME -o jsonpath='{.spec}'`` prints it: settings of that object."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from parsers.command import asked
from parsers.lazy_pattern import lazy_pattern
from parsers.rows import SettingRow
from parsers.source import Parsed, Source

#: one path from the top: no list of objects, no text around it
_PATH = lazy_pattern(
    r"jsonpath(?:-as-json)?=['\"]?\{ ?\.((?:spec|status|data)(?:\.[\w\\.-]{1,120})?) ?\}['\"]?(?:\s|$)"
)
_KINDS = lazy_pattern(
    r"(?:BGP|IPAM|Felix|ClusterInf|IPPool|KubeControllersC|GlobalNetworkP|HostEnd|Installation|TigeraStatus)\w*"
)
_DEFAULT = "default"
_MOST_CHARACTERS, _MOST_ROWS, _MOST_TEXT = 100_000, 300, 4000


def parse_json_part(text: str, source: Source) -> Parsed:
    """Give the values below the path that the command asks for; nothing where command or text are of another form."""
    parsed = Parsed()
    path = _PATH.search(source.command)
    about = asked(source.command) if path else None
    told = text.strip()
    if path is None or about is None or not _KINDS.fullmatch(about.kind) or not told or len(told) > _MOST_CHARACTERS:
        return parsed
    try:
        value = json.loads(told)
    except (ValueError, RecursionError):
        value = told if "\n" not in told and len(told) <= _MOST_TEXT else None
    line = source.first_line + text[: len(text) - len(text.lstrip())].count("\n")
    for key, leaf in _leaves(value, path[1].replace("\\", "")):
        if len(parsed.settings) >= _MOST_ROWS:
            break
        row = SettingRow(source.path, line, about.kind, source.namespace, about.name or _DEFAULT, key, leaf)
        parsed.settings.append(row)
    return parsed


def _leaves(value: Any, key: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _leaves(item, f"{key}.{name}")
    elif isinstance(value, list):
        for position, item in enumerate(value):
            yield from _leaves(item, f"{key}.{position}")
    elif isinstance(value, bool):
        yield key, "true" if value else "false"
    elif value is not None:
        yield key, str(value)[:_MOST_TEXT]
