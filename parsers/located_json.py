"""The objects of a JSON text: one or several after each other, the items of lists one by one, broken ones saved."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from msgspec import Struct, field

from parsers.lazy_pattern import lazy_pattern
from parsers.located import MOST_DEPTH, Document, LocatedList, LocatedMap, ObjectList, Problems, TooMuchError
from parsers.plain_yaml import whole_characters

_SPACE = lazy_pattern(r"[ \t\r\n,]*")
_COLON = lazy_pattern(r"[ \t\r\n]*:[ \t\r\n]*")
_TOKEN = lazy_pattern(r'[ \t\r]*(\n|[{}\[\],:]|"[^"\\]*(?:\\.[^"\\]*)*"|[^\s{}\[\],:"]+)', re.DOTALL)
_KIND_BEHIND = lazy_pattern(r'"kind"\s*:\s*"(\w{1,100})"')


def _integer(text: str) -> int | str:
    return int(text) if len(text.lstrip("-")) < 19 else text


# fractions stay text, as in YAML; collectors leave raw control characters in strings
_DECODER = json.JSONDecoder(parse_float=str, parse_int=_integer, parse_constant=str, strict=False)


class _Text(Struct):
    """A JSON text, and how far it was read."""

    text: str
    line: int
    problems: Problems
    place: int = 0
    _counted: int = field(default=0)

    def skip(self) -> str:
        """Skip blanks and commas; give the next character, "" at the end."""
        match = _SPACE.match(self.text, self.place)
        self.place = match.end() if match else self.place
        return self.text[self.place : self.place + 1]

    def line_here(self) -> int:
        self.line += self.text.count("\n", self._counted, self.place)
        self._counted = self.place
        return self.line

    def value(self) -> Any:
        """Read the value that begins here, with the lines of its parts.

        Raises:
            ValueError: it is damaged, cut off, or nested too deeply.
        """
        start, line = self.place, self.line_here()
        try:
            value, end = _DECODER.raw_decode(self.text, start)
        except RecursionError as error:
            raise TooMuchError(f"nested more than {MOST_DEPTH} levels deep") from error
        breaks = self.text.count("\n", start, end)
        if "\\u" in self.text[start:end] and re.compile(r"\\u[dD][89a-fA-F]").search(self.text, start, end):
            value = _whole(value)
        if breaks and isinstance(value, dict | list):
            walk = _Walk(line)
            located = walk.walk(value, 0)
            value = located if walk.line == line + breaks else _Tokens(self.text, start, line).read()
        self.place = end
        return value


class _Walk(Struct):
    """Counts the lines of JSON that is printed the usual way: each entry and each closing bracket on its own."""

    line: int

    def walk(self, value: Any, depth: int) -> Any:
        if depth > MOST_DEPTH:
            raise TooMuchError(f"nested more than {MOST_DEPTH} levels deep")
        if isinstance(value, dict):
            found = LocatedMap()
            for key, inner in value.items():
                self.line += 1
                if key == "managedFields":
                    self.walk(inner, depth + 1)
                    continue
                found.lines[key] = self.line
                found[key] = self.walk(inner, depth + 1) if isinstance(inner, dict | list) else inner
        elif isinstance(value, list):
            items = LocatedList()
            for inner in value:
                self.line += 1
                items.lines.append(self.line)
                items.append(self.walk(inner, depth + 1) if isinstance(inner, dict | list) else inner)
            self.line += bool(value)
            return items
        self.line += bool(value)
        return found


def read_json(text: str, first_line: int, problems: Problems) -> Iterator[Document | ObjectList]:
    """Give the objects of a JSON text; a list follows its items."""
    whole = _Text(text, first_line, problems)
    while (opening := whole.skip()) in ("{", "["):
        try:
            if opening == "{":
                yield from _object(whole)
            else:
                found = ObjectList(line=whole.line_here())
                yield from _items(whole, found)
                yield found
        except TooMuchError as error:
            problems.add(f"line {whole.line_here()}: an object was not read: {error}")
            return
        except ValueError:
            return  # named where it was met
    if opening:
        problems.add(f"line {whole.line_here()}: not JSON from here on: {len(text) - whole.place} characters dropped")


def _object(whole: _Text) -> Iterator[Document | ObjectList]:
    """An object or a list of objects, key by key, so that a list's items need not be held all at once."""
    line, start = whole.line_here(), whole.place
    head = LocatedMap()
    found: ObjectList | None = None
    whole.place += 1
    try:
        while (opening := whole.skip()) != "}":
            key_line = whole.line_here()
            if opening != '"':
                raise ValueError
            key = str(whole.value())
            colon = _COLON.match(whole.text, whole.place)
            if colon is None:
                raise ValueError
            whole.place = colon.end()
            if key == "items" and whole.text[whole.place : whole.place + 1] == "[":
                kind = str(head.get("kind") or "") or _kind_behind(whole.text)
                found = ObjectList(kind, str(head.get("apiVersion") or ""), line)
                yield from _items(whole, found)
            else:
                head.lines[key] = key_line
                head[key] = whole.value()
        whole.place += 1
    except TooMuchError:
        raise
    except ValueError:
        if found is None:
            partial = _salvage(whole, start, line)
            if isinstance(partial, dict) and partial:
                yield Document(partial, line)
        else:
            if found.whole:
                whole.problems.add(f"line {whole.line_here()}: JSON is cut off or damaged behind the items of a list")
            found.whole = False
            found.kind = found.kind or str(head.get("kind") or "")
            yield found
        raise
    if found is None:
        yield Document(head, line)
        return
    metadata = head.get("metadata")
    if isinstance(metadata, dict) and (metadata.get("continue") or metadata.get("remainingItemCount")):
        found.whole = False
    found.kind = found.kind or str(head.get("kind") or "")
    yield found


def _kind_behind(text: str) -> str:
    """The kind of a list that stands behind its items, as kubectl prints it."""
    kinds = _KIND_BEHIND.findall(text, max(0, len(text) - 400))
    return str(kinds[-1]) if kinds and str(kinds[-1]).endswith("List") else ""


def _items(whole: _Text, found: ObjectList) -> Iterator[Document]:
    """The items of an array. A damaged one is read as far as it goes, and reading goes on with the next."""
    whole.place += 1
    while (opening := whole.skip()) != "]":
        line, start = whole.line_here(), whole.place
        try:
            if not opening:
                raise ValueError
            value = whole.value()
        except TooMuchError:
            raise
        except ValueError:
            found.whole = False
            partial = _salvage(whole, start, line)
            if isinstance(partial, dict) and partial:
                found.count += 1
                yield Document(partial, line, found)
            if not _next_item(whole, start):
                raise
            continue
        if isinstance(value, dict):
            found.count += 1
        yield Document(value, line, found)
    whole.place += 1


def _salvage(whole: _Text, start: int, line: int) -> Any:
    """The parts of a damaged value that stand before the damage; names the damage."""
    if start >= len(whole.text):
        whole.problems.add(f"line {line}: JSON is cut off")
        return None
    marks = _Tokens(whole.text, start, line)
    value = marks.read()
    whole.place = marks.place
    rest = len(whole.text) - marks.place
    what = (
        "is cut off: the last object is incomplete"
        if whole.skip() == ""
        else "is damaged: an object was read up to here"
    )
    whole.problems.add(f"line {marks.line}: JSON {what}, {rest} characters dropped")
    return value


def _next_item(whole: _Text, start: int) -> bool:
    """Go to the next item of a pretty-printed list: a bracket as far in as that of the damaged one."""
    lead = whole.text[whole.text.rfind("\n", 0, start) + 1 : start]
    if not lead or lead.strip():
        return False
    following = whole.text.find("\n" + lead + "{", max(whole.place, start + 1))
    if following < 0:
        return False
    whole.place = following + 1 + len(lead)
    return True


def _whole(value: Any) -> Any:
    """The value with whole characters only."""
    if isinstance(value, str):
        return whole_characters(value)
    if isinstance(value, dict):
        return {whole_characters(key): _whole(inner) for key, inner in value.items()}
    return [_whole(inner) for inner in value] if isinstance(value, list) else value


class _Tokens(Struct):
    """Reads a value in any layout, as far as it is not damaged; ``place`` and ``line`` are where it stopped."""

    text: str
    place: int
    line: int
    result: Any = None
    _open: list[LocatedMap | LocatedList] = field(default_factory=list)
    _keys: list[str | None] = field(default_factory=list)
    _expects: str = "value"  # value (or key) | colon | comma

    def read(self) -> Any:
        """Give the value, or the part of it in front of the damage."""
        while (match := _TOKEN.match(self.text, self.place)) is not None:
            mark = match[1]
            if mark != "\n" and not self._take(mark):
                break
            self.line += mark.count("\n")
            self.place = match.end()
            if mark != "\n" and not self._open:
                break
        return self.result

    def _take(self, mark: str) -> bool:
        """Take one token; False if it does not belong here."""
        top = self._open[-1] if self._open else None
        if mark in ("}", "]"):
            if top is None or (mark == "}") != isinstance(top, LocatedMap) or self._expects == "colon":
                return False
            self._open.pop()
            self._keys.pop()
            self._expects = "comma"
            return True
        if mark in (",", ":"):
            fits = self._expects == ("comma" if mark == "," else "colon")
            self._expects = "value"
            return fits
        if self._expects != "value":
            return False
        if isinstance(top, LocatedMap) and self._keys[-1] is None:
            self._keys[-1] = str(_atom(mark)) if mark[0] == '"' else None
            self._expects = "colon"
            return mark[0] == '"'
        value: Any = LocatedMap() if mark == "{" else LocatedList() if mark == "[" else _atom(mark)
        if isinstance(value, ValueError):
            return False
        self._put(top, value)
        self._expects = "comma"
        if isinstance(value, LocatedMap | LocatedList):
            if len(self._open) >= MOST_DEPTH:
                raise TooMuchError(f"nested more than {MOST_DEPTH} levels deep")
            self._open.append(value)
            self._keys.append(None)
            self._expects = "value"
        return True

    def _put(self, top: LocatedMap | LocatedList | None, value: Any) -> None:
        if isinstance(top, LocatedMap):
            key = self._keys[-1] or ""
            if key != "managedFields":
                top[key], top.lines[key] = value, self.line
            self._keys[-1] = None
        elif isinstance(top, LocatedList):
            top.append(value)
            top.lines.append(self.line)
        else:
            self.result = value


def _atom(mark: str) -> Any:
    """The value of a scalar; a ValueError (not raised) if it is none."""
    try:
        value, end = _DECODER.raw_decode(mark)
    except ValueError as error:
        return error
    if end != len(mark):
        return ValueError(mark)
    return _whole(value)
