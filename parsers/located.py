"""YAML and JSON as plain values that remember their lines; safe construction only, aliases under a limit."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

#: values built of one text: a YAML bomb expands a few lines to billions
MOST_VALUES = 1_000_000
MOST_DEPTH = 100
_Composer: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_INT = re.compile(r"[-+]?\d+$")


@dataclass(slots=True)
class Document:
    """One object: its plain value, and the 1-based line of each value by path."""

    value: Any
    line: int
    lines: dict[tuple[str | int, ...], int] = field(default_factory=dict)

    def at(self, *path: str | int) -> int:
        """Line of the value at ``path``, or of its nearest parent that has one."""
        for end in range(len(path), 0, -1):
            if path[:end] in self.lines:
                return self.lines[path[:end]]
        return self.line

    def sub(self, *path: str | int) -> Document:
        """The value at ``path`` as a document of its own."""
        value: Any = self.value
        for key in path:
            value = value[key]
        size = len(path)
        lines = {key[size:]: line for key, line in self.lines.items() if key[:size] == path}
        return Document(value, self.at(*path), lines)


class TooManyValuesError(Exception):
    """The text expands to more values than anybody's cluster has."""


def read_documents(text: str, first_line: int, problems: list[str]) -> Iterator[Document]:
    """Give the documents of YAML or JSON text; what is broken is salvaged up to the break and noted in ``problems``."""
    stripped = text.lstrip()
    if stripped[:1] in ("{", "["):
        yield from _json(text, first_line, problems)
    else:
        yield from _yaml(text, first_line, problems)


def _yaml(text: str, first_line: int, problems: list[str]) -> Iterator[Document]:
    if "\t" in text:
        text = re.sub(r"^[ \t]+", lambda match: match.group().replace("\t", "  "), text, flags=re.MULTILINE)
    for number, part in _documents(text):
        node = _compose(part, problems)
        if node is None:
            continue
        document = Document(None, number + first_line)
        budget = [MOST_VALUES]
        try:
            document.value = _build(node, (), document.lines, number + first_line, budget, 0)
        except TooManyValuesError:
            problems.append("too many nested or repeated values: an object was not read")
            continue
        yield document


def _documents(text: str) -> Iterator[tuple[int, str]]:
    """Split at document marks, so that one broken document does not take the others with it."""
    start, lines = 0, text.split("\n")
    for number, line in enumerate(lines):
        if line == "---" or line.startswith("--- "):
            if number > start:
                yield start, "\n".join(lines[start:number])
            start = number + 1
    yield start, "\n".join(lines[start:])


def _compose(text: str, problems: list[str]) -> Any:
    """The document's node; a document that breaks off is read up to the break."""
    try:
        return yaml.compose(text, Loader=_Composer)
    except RecursionError:
        problems.append("nested too deeply: an object was not read")
        return None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        lines = text.split("\n")
        end = min(len(lines), mark.line if mark is not None else len(lines) - 1)
        for cut in range(end, max(0, end - 60), -1):
            try:
                node = yaml.compose("\n".join(lines[:cut]), Loader=_Composer)
            except (yaml.YAMLError, RecursionError):
                continue
            problems.append(f"not valid YAML from line {end + 1} of the object on: {len(lines) - cut} lines dropped")
            return node
        problems.append(f"not valid YAML: {' '.join(str(error).split())[:120]}")
        return None


def _build(
    node: Any,
    path: tuple[str | int, ...],
    lines: dict[tuple[str | int, ...], int],
    base: int,
    budget: list[int],
    depth: int,
) -> Any:
    budget[0] -= 1
    if budget[0] < 0 or depth > MOST_DEPTH:
        raise TooManyValuesError
    lines[path] = base + node.start_mark.line
    if isinstance(node, yaml.MappingNode):
        found = {}
        for key, value in node.value:
            name = str(key.value) if isinstance(key, yaml.ScalarNode) else str(key.start_mark.line)
            if name == "managedFields":
                continue
            found[name] = _build(value, (*path, name), lines, base, budget, depth + 1)
            # the key's line is the line to quote: a block value may begin on the next one
            lines[(*path, name)] = base + key.start_mark.line
        return found
    if isinstance(node, yaml.SequenceNode):
        return [_build(item, (*path, i), lines, base, budget, depth + 1) for i, item in enumerate(node.value)]
    return _scalar(node)


def _scalar(node: Any) -> Any:
    tag, value = str(node.tag).rpartition(":")[2], str(node.value)
    if node.style or tag in ("str", "timestamp", "binary", "merge", "value"):
        return value
    if tag == "null":
        return None
    if tag == "bool":
        return value.lower() in ("true", "yes", "on")
    if tag == "int" and _INT.match(value) and len(value) < 20:
        return int(value)
    if tag == "float":
        try:
            return float(value)
        except ValueError:
            return value
    return value


def _json(text: str, first_line: int, problems: list[str]) -> Iterator[Document]:
    """Concatenated JSON values; the lines of items are found, those inside an item are of its first line."""
    decoder = json.JSONDecoder()
    position = 0
    while True:
        while position < len(text) and text[position] in " \t\r\n,":
            position += 1
        if position >= len(text) or text[position] not in "{[":
            return
        try:
            value, end = decoder.raw_decode(text, position)
        except RecursionError:
            problems.append("nested too deeply: an object was not read")
            return
        except ValueError:
            yield from _json_salvage(text, position, first_line, problems)
            return
        yield _json_document(value, text, position, end, first_line)
        position = end


def _json_document(value: Any, text: str, start: int, end: int, first_line: int) -> Document:
    document = Document(value, first_line + text.count("\n", 0, start))
    items = value if isinstance(value, list) else value.get("items") if isinstance(value, dict) else None
    if isinstance(items, list):
        prefix: tuple[str | int, ...] = () if isinstance(value, list) else ("items",)
        cursor = start
        for index, item in enumerate(items):
            name = str(((item or {}).get("metadata") or {}).get("name") or "") if isinstance(item, dict) else ""
            found = text.find(json.dumps(name), cursor, end) if name else -1
            cursor = found if found >= 0 else cursor
            document.lines[(*prefix, index)] = first_line + text.count("\n", 0, cursor)
            if isinstance(item, dict):
                _json_lines(item, (*prefix, index), text, cursor, end, first_line, document)
    elif isinstance(value, dict):
        _json_lines(value, (), text, start, end, first_line, document)
    return document


def _json_lines(
    item: dict[str, Any],
    prefix: tuple[str | int, ...],
    text: str,
    start: int,
    end: int,
    first_line: int,
    document: Document,
) -> None:
    """Lines of messages and reasons inside one object, looked up by their text."""
    status = item.get("status")
    if not isinstance(status, dict):
        return
    for key in ("conditions", "containerStatuses", "initContainerStatuses"):
        for index, entry in enumerate(status.get(key) or []):
            wanted = entry.get("message") or entry.get("type") or entry.get("name") if isinstance(entry, dict) else None
            found = text.find(json.dumps(wanted), start, end) if isinstance(wanted, str) and wanted else -1
            if found >= 0:
                document.lines[(*prefix, "status", key, index)] = first_line + text.count("\n", 0, found)


def _json_salvage(text: str, start: int, first_line: int, problems: list[str]) -> Iterator[Document]:
    """The whole items of a list that breaks off."""
    match = re.compile(r'"items"\s*:\s*\[').search(text, start)
    position = match.end() if match else (start + 1 if text[start] == "[" else -1)
    count = 0
    decoder = json.JSONDecoder()
    while 0 <= position < len(text):
        while position < len(text) and text[position] in " \t\r\n,":
            position += 1
        try:
            value, end = decoder.raw_decode(text, position)
        except (ValueError, RecursionError):
            break
        if not isinstance(value, dict):
            break
        count += 1
        yield _json_document(value, text, position, end, first_line)
        position = end
    left = len(text) - max(position, start)
    problems.append(f"JSON is damaged or cut off: {count} whole objects were read, {left} characters dropped")
