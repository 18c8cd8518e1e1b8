"""Compiled expressions of the catalogue, kept from run to run: to fetch one takes a thirtieth of compiling it."""

from __future__ import annotations

import io
import pickle
from pathlib import Path
from typing import Any

import regex

from analyzer import cache
from parsers import required_literals
from parsers.message_pattern import Compiled, compiled, compiled_as

_NAME = "expressions"
_MOST = 5000


class ExpressionMemory:
    """:func:`parsers.message_pattern.compiled` with a memory.

    A compiled expression pickles as the arguments of the function that makes it. The cache gives only what is surely
    this user's own; of what it gives nothing but that function may be called.
    """

    def __init__(self) -> None:
        made_by = (Path(regex.__file__).with_name("_regex_core.py"), Path(required_literals.__file__))
        self._key = cache.key_of_files(made_by, regex.__version__)
        self._kept: dict[str, bytes] = {}
        self._new = False
        try:
            found = _unpickled(cache.read(_NAME, self._key) or b"")
        except _DAMAGED:
            return
        if isinstance(found, dict):
            self._kept = {name: blob for name, blob in found.items() if isinstance(blob, bytes)}

    def __call__(self, source: str) -> Compiled:
        """Give the compiled expression.

        Raises:
            regex.error: it is none.
        """
        if blob := self._kept.get(source):
            try:
                found = _unpickled(blob)
            except _DAMAGED:
                found = None
            if _is_of(found, source):
                return compiled_as(source, *found)
        made = compiled(source)
        if len(self._kept) < _MOST:
            self._kept[source] = pickle.dumps(made[:2])
            self._new = True
        return made

    def keep(self) -> None:
        """Keep what was compiled since the last time."""
        if self._new:
            cache.write(_NAME, self._key, pickle.dumps(self._kept))
            self._new = False


_DAMAGED = (
    pickle.UnpicklingError,
    EOFError,
    AttributeError,
    ImportError,
    IndexError,
    TypeError,
    ValueError,
    RuntimeError,
)


def _is_of(found: Any, source: str) -> bool:
    """Whether what was kept is a compiled expression of a source, with the texts that it needs."""
    return (
        isinstance(found, tuple)
        and len(found) == 2
        and isinstance(found[0], regex.Pattern)
        and found[0].pattern == source
        and isinstance(found[1], tuple)
        and all(isinstance(texts, frozenset) and all(isinstance(text, str) for text in texts) for texts in found[1])
    )


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("regex._regex", "compile"):
            return super().find_class(module, name)
        raise pickle.UnpicklingError(f"{module}.{name} is no expression")


def _unpickled(blob: bytes) -> Any:
    return _Unpickler(io.BytesIO(blob)).load()
