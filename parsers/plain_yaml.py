"""Block YAML as kubectl, oc and calicoctl print it, read line by line: many times faster than a whole YAML reader.

It reads block mappings and sequences, scalars on one line and literal blocks. Multi-line scalars and flow values
are given to :mod:`parsers.yaml_events` piece by piece. Whatever else it meets is an :class:`UnfamiliarError`, and
the caller has the whole text read by that module.
"""

from __future__ import annotations

import json
from typing import Any

import yaml

from parsers.lazy_pattern import lazy_pattern
from parsers.located import MOST_DEPTH, LocatedList, LocatedMap, TooMuchError, plain
from parsers.yaml_events import compose, readable

_ENTRY = lazy_pattern(
    r"""([A-Za-z0-9_./$(][^\s:]*(?::[^\s:]+)*|'[^']*'|"[^"\\]*")"""  # a key
    r""":(?: +(\S.*)| *)$"""  # its value on the same line
)
_SINGLE = lazy_pattern(r"'([^']*(?:''[^']*)*)'\s*(?:\s#.*)?")
_DOUBLE = lazy_pattern(r'("[^"\\]*(?:\\.[^"\\]*)*")\s*(?:\s#.*)?')
_LITERAL = lazy_pattern(r"\|([+-]?)\s*(?:\s#.*)?")
_SPECIAL = frozenset("&*!%@`?|>{}[],#\"'")
_EMPTY = {"[]": LocatedList, "{}": LocatedMap}
_SKIPPED = "managedFields"  # bookkeeping of server-side apply: often half of an object


class UnfamiliarError(ValueError):
    """Something this reader leaves to a whole YAML reader."""


def read_plain(lines: list[str], base: int) -> Any:
    """Give the value of the lines, the first of which is line ``base`` of the file.

    Raises:
        UnfamiliarError: the lines hold more than this reader knows.
    """
    reader = _Reader(lines, base)
    index, indent = reader.following(0)
    if index == len(lines):
        return None
    value, index = reader.block(index, indent, 0)
    if reader.following(index)[0] != len(lines):
        raise UnfamiliarError
    return value


class _Reader:
    """Reads lines; all methods give the value and the index of the first line behind it."""

    __slots__ = ("base", "lines", "total")

    def __init__(self, lines: list[str], base: int) -> None:
        # the same characters as the whole reader gives; a printable line, nearly every one, holds none to replace
        self.lines = [line if line.isprintable() else readable(line) for line in lines]
        self.base, self.total = base, len(lines)

    def following(self, index: int) -> tuple[int, int]:
        """Index and indent of the next line that is neither blank nor a comment."""
        while index < self.total:
            line = self.lines[index]
            rest = line.lstrip(" ")
            first = rest[:1]
            # "#" and blanks sort below nearly everything that a line begins with
            if first > "#" or (first != "#" and rest.strip()):
                return index, len(line) - len(rest)
            index += 1
        return index, -1

    def block(self, index: int, indent: int, depth: int) -> tuple[Any, int]:
        if depth > MOST_DEPTH:
            raise UnfamiliarError
        if self._dashed(self.lines[index], indent):
            return self._sequence(index, indent, depth)
        return self._mapping(index, indent, depth)

    def _dashed(self, line: str, indent: int) -> bool:
        return line[indent : indent + 2] in ("-", "- ")

    def _mapping(self, index: int, indent: int, depth: int) -> tuple[LocatedMap, int]:
        found = LocatedMap()
        pad, entry = " " * indent, _ENTRY.match
        while index < self.total:
            line = self.lines[index]
            match = entry(line, indent)
            if match is None or not line.startswith(pad):
                index, deep = self.following(index)
                if deep < indent:
                    break
                if deep > indent or entry(self.lines[index], indent) is None:
                    raise UnfamiliarError
                continue
            key, rest = match.groups()
            if key[0] in "'\"":
                key = key[1:-1]
            if key == _SKIPPED:
                index = self._skip(index + 1, indent)
                continue
            found.lines[key] = self.base + index
            if rest is None or rest[0] == "#":
                found[key], index = self._nested(index + 1, indent, depth, beside=True)
            else:
                found[key], index = self._scalar(rest, index, indent)
        return found, index

    def _sequence(self, index: int, indent: int, depth: int) -> tuple[LocatedList, int]:
        found = LocatedList()
        pad = " " * indent
        while index < self.total:
            line = self.lines[index]
            if not line.startswith(pad) or not self._dashed(line, indent):
                index, deep = self.following(index)
                if deep > indent:
                    raise UnfamiliarError
                if deep < indent or not self._dashed(self.lines[index], indent):
                    break
                continue
            rest = line[indent + 1 :].lstrip(" ")
            found.lines.append(self.base + index)
            if not rest or rest[0] == "#":
                value, index = self._nested(index + 1, indent, depth, beside=False)
            elif rest[:2] in ("-", "- ") or _ENTRY.match(rest):
                column = len(line) - len(rest)
                self.lines[index] = " " * column + rest
                value, index = self.block(index, column, depth + 1)
            else:
                value, index = self._scalar(rest, index, indent)
            found.append(value)
        return found, index

    def _nested(self, index: int, indent: int, depth: int, beside: bool) -> tuple[Any, int]:
        """A value that begins on a line of its own; a list may stand as far left as its key (``beside``)."""
        start, deep = self.following(index)
        if deep > indent or (beside and deep == indent and self._dashed(self.lines[start], indent)):
            return self.block(start, deep, depth + 1)
        return None, start

    def _skip(self, index: int, indent: int) -> int:
        """Index of the first line that is not part of the value of a key at ``indent``."""
        inside = (" " * (indent + 1), " " * indent + "-")
        while index < self.total and (self.lines[index].startswith(inside) or not self.lines[index].strip()):
            index += 1
        return index

    def _scalar(self, rest: str, index: int, indent: int) -> tuple[Any, int]:
        first = rest[0]
        if (first not in _SPECIAL or (first == "?" and rest[1:2].strip())) and rest[:2] not in ("-", "- "):
            if " #" in rest:
                rest = rest[: rest.index(" #")].rstrip()
            if ": " in rest or rest[-1] == ":" or "\t" in rest:
                raise UnfamiliarError
            index += 1
            if index < self.total and not self.lines[index][: indent + 1].strip() and self._continued(index, indent):
                return self._fragment(rest, index - 1, indent)
            return plain(rest.rstrip()), index
        if first == "'" and (single := _SINGLE.fullmatch(rest)):
            return single[1].replace("''", "'"), index + 1
        if first == '"' and (double := _DOUBLE.fullmatch(rest)):
            return self._double(double[1], rest, index, indent)
        if first == "|" and (literal := _LITERAL.fullmatch(rest)):
            return self._literal(literal[1], index + 1, indent)
        if first == "*" and rest[:3] == "***":  # a collector hid the value; an alias has one star
            return rest.rstrip(), index + 1
        if rest in _EMPTY:
            return _EMPTY[rest](), index + 1
        if first in "\"'>|[{":
            return self._fragment(rest, index, indent)
        raise UnfamiliarError

    def _continued(self, index: int, indent: int) -> bool:
        """Whether a plain scalar goes on below: the next line with text stands further in."""
        while index < self.total:
            line = self.lines[index]
            if line[: indent + 1].strip():
                return False
            if line.strip():
                return True
            index += 1
        return False

    def _double(self, quoted: str, rest: str, index: int, indent: int) -> tuple[Any, int]:
        if "\\" not in quoted:
            return quoted[1:-1], index + 1
        try:
            text = json.loads(quoted)
        except ValueError:  # an escape that JSON does not have
            return self._fragment(rest, index, indent)
        return (text if "\\u" not in quoted else whole_characters(text)), index + 1

    def _literal(self, chomp: str, index: int, indent: int) -> tuple[str, int]:
        """A ``|`` block: its lines as they are, without the indent of the first."""
        start, inner = index, -1
        while index < self.total:
            line = self.lines[index]
            text = line.lstrip(" ")
            if text:
                deep = len(line) - len(text)
                if deep <= indent:
                    break
                inner = deep if inner < 0 else inner
                if deep < inner:
                    raise UnfamiliarError
            index += 1
        if inner < 0:
            return "", index
        body = [line[inner:] for line in self.lines[start:index]]
        ends = len(body)
        while ends and not body[ends - 1]:
            ends -= 1
        text = "\n".join(body[:ends])
        if chomp == "-":
            return text, index
        return text + "\n" * (1 if chomp == "" else 1 + len(body) - ends), index

    def _fragment(self, rest: str, index: int, indent: int) -> tuple[Any, int]:
        """A scalar over several lines or a flow value, read by the whole YAML reader."""
        end = index + 1
        while end < self.total and not self.lines[end][: indent + 1].strip():
            end += 1
        text = "\n".join([" " * indent + "k: " + rest, *self.lines[index + 1 : end], ""])
        try:
            value = compose(text, self.base + index)
        except (yaml.YAMLError, TooMuchError) as error:
            raise UnfamiliarError from error
        if not isinstance(value, dict) or list(value) != ["k"]:
            raise UnfamiliarError
        return value["k"], end


def whole_characters(text: str) -> str:
    """Replace halves of surrogate pairs, which no file can be written with."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
