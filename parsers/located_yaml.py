"""The objects of a YAML text: documents, the items of lists one by one, and what can be saved of damaged ones."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml
from msgspec import Struct, field

from parsers.lazy_pattern import lazy_pattern
from parsers.located import Document, ObjectList, Problems, TooMuchError
from parsers.plain_yaml import UnfamiliarError, read_plain
from parsers.yaml_events import compose

_ITEMS = lazy_pattern(r"^items:[ \t]*$", re.MULTILINE)
_BLANK = r"(?:[ \t]*(?:#[^\n]*)?\n)*"
_FIRST_ITEM = lazy_pattern(_BLANK + r"( *)-(?=[ \n])")
_ANCHOR = lazy_pattern(r"(?:^|[:-]) +&\w", re.MULTILINE)
#: the mark of a new document; or a key that every object has once: people append to a file without marks
_MARK = lazy_pattern(r"^(?:(?:---|\.\.\.)(?=[ \t\n]|\Z)[ \t]*(?:#[^\n]*)?|(apiVersion|kind):(?=[ \t\n]))", re.MULTILINE)
#: damaged lines of an object that are left out one by one; behind them the rest of the object is dropped
MOST_REPAIRS = 20
#: characters of one text that are read again while damage is worked around
MOST_REREAD = 12_000_000


class _Text(Struct):
    """A text and the line numbers of its places; from one to the next is counted, so order is cheap."""

    text: str
    line: int
    problems: Problems
    reread: int = field(default=0)
    _place: int = field(default=0)

    def line_of(self, place: int) -> int:
        if place >= self._place:
            self.line += self.text.count("\n", self._place, place)
        else:
            self.line -= self.text.count("\n", place, self._place)
        self._place = place
        return self.line


def read_yaml(text: str, first_line: int, problems: Problems) -> Iterator[Document | ObjectList]:
    """Give the objects of a YAML text; a list follows its items."""
    whole = _Text(text, first_line, problems)
    for start, end in _documents(text):
        if text[start:end].strip():
            yield from _document(whole, start, end)


def _documents(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    seen: set[str] = set()
    for mark in _MARK.finditer(text):
        key = mark[1]
        if key is None or key in seen:
            yield start, mark.start()
            start, seen = (mark.end() if key is None else mark.start()), set()
        if key is not None:
            seen.add(key)
    yield start, len(text)


def _document(whole: _Text, start: int, end: int) -> Iterator[Document | ObjectList]:
    text = whole.text
    head = _ITEMS.search(text, start, end)
    below = min(head.end() + 1, end) if head else start
    first = _FIRST_ITEM.match(text, below, end)
    if first is None or (head is None and first[1]) or _ANCHOR.search(text, start, end):
        value = _read(whole, start, end)
        if value is not None:
            yield Document(value, whole.line_of(start) + _blank_lines(text, start, end))
        return
    indent = len(first[1])
    begin = first.end() - 1 - indent
    behind = re.compile(rf"^ {{0,{indent}}}[^\s#-]", re.MULTILINE).search(text, begin, end)
    stop = behind.start() if behind else end
    found = ObjectList(line=whole.line_of(start) + _blank_lines(text, start, end))
    if head:
        _describe(found, [_read(whole, start, head.start()), _read(whole, stop, end)])
        if not found.kind:
            found.whole = False
            whole.problems.add(f"line {found.line}: a list without its kind: the file may be cut off")
    marks = re.compile(rf"^ {{{indent}}}-(?=[ \n])", re.MULTILINE)
    starts = [match.start() for match in marks.finditer(text, begin, stop)]
    for place, following in zip(starts, [*starts[1:], stop], strict=True):
        line = whole.line_of(place)
        before = whole.problems.named + whole.problems.more
        value = _read(whole, place, following)
        if whole.problems.named + whole.problems.more > before:
            found.whole = False
        if isinstance(value, list) and value and value[0] is not None:
            found.count += 1
            yield Document(value[0], line, found)
    yield found


def _describe(found: ObjectList, parts: list[Any]) -> None:
    for part in parts:
        if isinstance(part, dict):
            found.kind = found.kind or str(part.get("kind") or "")
            found.version = found.version or str(part.get("apiVersion") or "")
            metadata = part.get("metadata")
            if isinstance(metadata, dict) and (metadata.get("continue") or metadata.get("remainingItemCount")):
                found.whole = False


def _blank_lines(text: str, start: int, end: int) -> int:
    match = re.compile(_BLANK).match(text, start, end)
    return text.count("\n", start, match.end()) if match else 0


def _read(whole: _Text, start: int, end: int) -> Any:
    """Read one object; a damaged one without its damaged lines."""
    lines = whole.text[start:end].split("\n")
    if not lines[-1]:
        lines.pop()
    if not any(line.strip() for line in lines):
        return None
    base = whole.line_of(start)
    try:
        return read_plain(list(lines), base)
    except (UnfamiliarError, RecursionError):
        pass
    try:
        return compose("\n".join([*lines, ""]), base)
    except TooMuchError as error:
        whole.problems.add(f"line {base}: an object was not read: {error}")
    except yaml.YAMLError as error:
        return _salvage(whole, lines, base, error)
    return None


def _salvage(whole: _Text, lines: list[str], base: int, error: yaml.YAMLError) -> Any:
    """Leave out the lines that no YAML reader takes, one by one, then everything from the first of them on."""
    lines = [line.replace("\t", "  ") if line[:1] in " \t" and "\t" in line[:200] else line for line in lines]
    dropped: set[int] = set()
    first = len(lines)
    value, failure = _try(whole, lines, base) if lines else (None, None)
    while failure is not None and len(dropped) < MOST_REPAIRS:
        fault = _fault(failure, len(lines))
        first = min(first, fault)
        while fault in dropped and fault > 0:  # reported again: it is what was opened above that is at fault
            fault -= 1
        dropped.add(fault)
        lines[fault] = ""
        value, failure = _try(whole, lines, base)
    if failure is None:
        if dropped:
            whole.problems.add(_dropped(base, sorted(dropped)))
        return value
    end = min([first, *dropped])
    for _ in range(MOST_REPAIRS):
        value, failure = _try(whole, lines[:end], base)
        if failure is None:
            left = len(lines) - end
            whole.problems.add(f"line {base + end}: not valid YAML from here on: {left} lines of an object dropped")
            return value
        end = min(end - 1, _fault(failure, end))
        if end <= 0:
            break
    whole.problems.add(f"line {base}: an object was not read: {' '.join(str(error).split())[:120]}")
    return None


def _try(whole: _Text, lines: list[str], base: int) -> tuple[Any, yaml.YAMLError | None]:
    text = "\n".join([*lines, ""])
    whole.reread += len(text)
    if whole.reread > MOST_REREAD:
        return None, yaml.YAMLError("too much of the file is damaged")
    try:
        return compose(text, base), None
    except yaml.YAMLError as error:
        return None, error
    except TooMuchError as error:
        return None, yaml.YAMLError(str(error))


def _fault(error: yaml.YAMLError, count: int) -> int:
    """Index of the line that is to blame: of a scalar that never ends the one it begins on."""
    context = str(getattr(error, "context", None) or "")
    mark = getattr(error, "problem_mark", None)
    if context.startswith("while scanning"):
        mark = getattr(error, "context_mark", None) or mark
    line = int(mark.line) if mark is not None else count - 1
    return max(0, min(line, count - 1))


def _dropped(base: int, lines: list[int]) -> str:
    shown = ", ".join(str(base + line) for line in lines[:5]) + (" ..." if len(lines) > 5 else "")
    return f"not valid YAML: {len(lines)} lines were left out ({shown})"
