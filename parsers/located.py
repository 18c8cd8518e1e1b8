"""Values of YAML and JSON texts that remember the lines they stand on, and the objects of a text one by one.

A list of objects (``kind: List``, ``PodList``, a bare array) is not built as a whole: its items are given as
they are read, so that a list of 20,000 objects needs the memory of one.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct, field

from parsers.lazy_pattern import lazy_pattern

#: levels of nesting that are read; objects of the API have fewer than 30
MOST_DEPTH = 100
#: values that aliases may add to one object: a YAML bomb turns a few lines into billions
MOST_ALIASED = 100_000
#: problems named one by one; further ones are counted
MOST_PROBLEMS = 30

_INTEGER = lazy_pattern(r"0|-?[1-9]\d{0,17}")
_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON"), True),
    **dict.fromkeys(("false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF"), False),
}


class TooMuchError(ValueError):
    """The text is nested too deeply, or its aliases stand for more values than anybody's cluster has."""


class LocatedMap(dict[str, Any]):
    """A mapping; ``lines`` has the 1-based line of each key."""

    __slots__ = ("lines",)

    def __init__(self) -> None:
        self.lines: dict[str, int] = {}


class LocatedList(list[Any]):
    """A sequence; ``lines`` has the 1-based line of each item."""

    __slots__ = ("lines",)

    def __init__(self) -> None:
        self.lines: list[int] = []


class ObjectList(Struct):
    """A list of objects: its kind ("List", "PodList", "" of a bare array), where it stands, how much was read."""

    kind: str = ""
    version: str = ""
    line: int = 1
    count: int = 0
    whole: bool = True  # False: cut off, damaged, or one page of several


class Document(Struct):
    """One object: its value, the line it begins on, and the list it is an item of."""

    value: Any
    line: int
    parent: ObjectList | None = None

    def at(self, *path: str | int) -> int:
        """Line of the value at ``path``, or of its nearest parent that is there."""
        line, value = self.line, self.value
        for key in path:
            try:
                lines, value = getattr(value, "lines", None), value[key]
                if lines is not None:  # text without line breaks has none
                    line = lines[key]
            except (KeyError, IndexError, TypeError):
                break
        return line


class Problems(Struct):
    """What was wrong with a text; the same trouble of thousands of objects does not flood the report."""

    found: list[str]
    more: int = 0
    named: int = field(default=0)

    def add(self, problem: str) -> None:
        """Name the problem, or count it."""
        if self.named < MOST_PROBLEMS:
            self.named += 1
            self.found.append(problem)
        else:
            self.more += 1

    def close(self) -> None:
        """Say how many were not named."""
        if self.more:
            self.found.append(f"{self.more} more problems of this kind")


def plain(text: str) -> Any:
    """Give what an unquoted YAML scalar means: null, a truth value, a number, else the text.

    Fractions, times and numbers in other notations (``1.10``, ``0644``, ``1:30``) stay text: what a report
    quotes is what the file says.
    """
    if text in _WORDS:
        return _WORDS[text]
    return int(text) if _INTEGER.fullmatch(text) else text
