"""Takes YAML or JSON text and gives its objects one by one, each with the lines of its parts."""

from __future__ import annotations

import re
from collections.abc import Iterator

from parsers.lazy_pattern import lazy_pattern
from parsers.located import Document, ObjectList, Problems
from parsers.located_json import read_json
from parsers.located_yaml import read_yaml

_JSON_START = lazy_pattern(r"^[ \t]*[{\[]", re.MULTILINE)
_YAML_START = lazy_pattern(r"^(?:---|- |\"?[A-Za-z][\w.-]*\"?:(?:[ \t]|$)|#)", re.MULTILINE)
_NOISE = lazy_pattern(r"(?:Warning|warning|error|Error|W\d{4}|I\d{4}|E\d{4})[: ]")


def read_objects(text: str, first_line: int, problems: list[str]) -> Iterator[Document | ObjectList]:
    """Give the objects of a text. The items of a list come one by one, the list itself behind its last item.

    What could not be read is said in ``problems``; nothing is raised.
    """
    start = _begin(text)
    if start:
        line = text.count("\n", 0, start)
        problems.append(f"line {first_line}: {line} lines in front of the first object were not read")
        first_line, text = first_line + line, text[start:]
    noted = Problems(problems)
    yield from (read_json if text.lstrip()[:1] in ("{", "[") else read_yaml)(text, first_line, noted)
    noted.close()


def _begin(text: str) -> int:
    """Where the first object begins: kubectl's warnings may stand in front of it."""
    place = 0
    for line in text[:20_000].split("\n")[:50]:
        if line.strip() and not _NOISE.match(line) and (_JSON_START.match(line) or _YAML_START.match(line)):
            return place
        place += len(line) + 1
    return 0
