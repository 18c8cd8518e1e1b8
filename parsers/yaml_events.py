"""Any YAML as located values, from the parser's events: safe (no tag is acted upon), bounded in depth and aliases.

PyYAML's own composers recurse: a line of 100,000 brackets ends the process. Events come from a parser that
does not, and reading stops at the first one that is too deep.
"""

from __future__ import annotations

from typing import Any

import yaml
from msgspec import Struct

from parsers.lazy_pattern import lazy_pattern
from parsers.located import MOST_ALIASED, MOST_DEPTH, LocatedList, LocatedMap, TooMuchError, plain

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
#: not allowed in YAML, or line ends to YAML but to nobody else, which would shift the line numbers
_UNREADABLE = lazy_pattern("[^\t\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
_NO_KEY: Any = object()
_TOO_DEEP = f"nested more than {MOST_DEPTH} levels deep"


class _Open(Struct):
    """A mapping or sequence whose end has not come yet."""

    value: LocatedMap | LocatedList
    anchor: str | None
    line: int
    size: int = 1
    key: Any = _NO_KEY


def compose(text: str, base: int) -> Any:
    """Give the value of the first document; ``base`` is the line of the text's first line in the file.

    Raises:
        yaml.YAMLError: the text is no YAML; ``problem_mark`` says where.
        TooMuchError: it is nested too deeply, or its aliases expand to too much.
    """
    return _Composer(base).compose(readable(text))


def readable(text: str) -> str:
    """Put a replacement character for each one that YAML does not allow or takes for a line end."""
    return _UNREADABLE.sub("\ufffd", text)


class _Composer:
    def __init__(self, base: int) -> None:
        self.base = base
        self.stack: list[_Open] = []
        self.known: dict[str, tuple[Any, int]] = {}  # anchor -> value and its size
        self.aliased = 0
        self.result: Any = None

    def compose(self, text: str) -> Any:
        try:
            for event in yaml.parse(text, Loader=_Loader):
                if isinstance(event, yaml.ScalarEvent):
                    self._scalar(event)
                elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
                    self._open(event)
                elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
                    self._close()
                elif isinstance(event, yaml.AliasEvent):
                    self._alias(event)
                elif isinstance(event, yaml.DocumentEndEvent):
                    break
        except yaml.scanner.ScannerError as error:
            if "nesting depth" in str(error.problem):  # libyaml's own limit, from 0.2.6 on
                raise TooMuchError(_TOO_DEEP) from error
            raise
        except (UnicodeError, ValueError, OverflowError) as error:
            if isinstance(error, TooMuchError):
                raise
            raise yaml.YAMLError(str(error)) from error
        return self.result

    def _scalar(self, event: Any) -> None:
        implicit = event.implicit[0] and not event.style
        value = plain(event.value) if implicit and not self._expects_key() else event.value
        self._put(value, 1, event.start_mark.line, event.anchor)

    def _expects_key(self) -> bool:
        return bool(self.stack) and isinstance(self.stack[-1].value, LocatedMap) and self.stack[-1].key is _NO_KEY

    def _open(self, event: Any) -> None:
        if len(self.stack) >= MOST_DEPTH:
            raise TooMuchError(_TOO_DEEP)
        mapping = isinstance(event, yaml.MappingStartEvent)
        value: LocatedMap | LocatedList = LocatedMap() if mapping else LocatedList()
        self.stack.append(_Open(value, event.anchor, event.start_mark.line))

    def _close(self) -> None:
        done = self.stack.pop()
        self._put(done.value, done.size, done.line, done.anchor)

    def _alias(self, event: Any) -> None:
        if event.anchor not in self.known:
            raise yaml.composer.ComposerError(None, None, f"undefined alias {event.anchor!r}", event.start_mark)
        value, size = self.known[event.anchor]
        self.aliased += size
        if self.aliased > MOST_ALIASED:
            raise TooMuchError("its aliases stand for too many values")
        self._put(value, size, event.start_mark.line, None)

    def _put(self, value: Any, size: int, line: int, anchor: str | None) -> None:
        if anchor is not None:
            self.known[anchor] = (value, size)
        if not self.stack:
            self.result = value
            return
        top = self.stack[-1]
        top.size += size
        if isinstance(top.value, LocatedList):
            top.value.append(value)
            top.value.lines.append(self.base + line)
        elif top.key is _NO_KEY:
            # a key that is a collection itself is named by its line
            top.key = value if isinstance(value, str) else f"line {self.base + line}"
            top.value.lines[top.key] = self.base + line
        else:
            if top.key == "managedFields":
                del top.value.lines[top.key]
            else:
                top.value[top.key] = value
            top.key = _NO_KEY
