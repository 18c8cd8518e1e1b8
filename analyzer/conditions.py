"""The conditions of a selection, as tests of what stands in a cell."""

from __future__ import annotations

import fnmatch
import json
import math
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any


@lru_cache(maxsize=8192)
def conditions_of(selection: str) -> tuple[tuple[str, str, str], ...]:
    """(column, key in it, wanted value as JSON) of each condition of a selection (``Signal.selection``)."""
    selector, asked, _, where, *_ = json.loads(selection)
    if selector == "fact":
        where = {"id": asked, **where}
    elif selector != "message":
        where = asked
    names = ((column.partition("."), wanted) for column, wanted in where.items())
    return tuple((name, key, json.dumps(wanted, sort_keys=True)) for (name, _, key), wanted in names)


@lru_cache(maxsize=8192)
def cell_test(wanted_json: str) -> Callable[[Any], bool]:
    """Give the test of one condition, whose wanted value is given as JSON."""
    wanted = json.loads(wanted_json)
    if isinstance(wanted, dict):
        low, high = float(wanted.get("min", "-inf")), float(wanted.get("max", "inf"))
        return lambda value: low <= _as_number(value) <= high
    options = wanted if isinstance(wanted, list) else [wanted]
    negative = [str(item)[1:] for item in options if isinstance(item, str) and item.startswith("!")]
    positive = [item for item in options if not (isinstance(item, str) and item.startswith("!"))]
    is_positive = _any_of(positive) if positive else None
    is_negative = _any_of(negative) if negative else None

    def test(value: Any) -> bool:
        if is_positive is not None and not is_positive(value):
            return False
        return is_negative is None or not is_negative(value)

    return test


@lru_cache(maxsize=8192)
def plain_words(wanted_json: str) -> tuple[str, ...] | None:
    """The words of a condition that nothing but one of some words meets; None for any other condition."""
    wanted = json.loads(wanted_json)
    options = wanted if isinstance(wanted, list) else [wanted]
    plain = options and all(isinstance(item, str) and is_plain(item) for item in options)
    return tuple(dict.fromkeys(options)) if plain else None


@lru_cache(maxsize=8192)
def is_plain(word: str) -> bool:
    """Whether a wanted word stands for itself only: it takes nothing back and is no glob."""
    return not word.startswith("!") and not _is_glob(word)


def _is_glob(word: str) -> bool:
    return any(mark in word for mark in "*?[")


def _as_number(value: Any) -> float:
    try:
        return math.nan if value is None or "_" in str(value) else float(value)
    except (TypeError, ValueError):
        return math.nan


def _any_of(options: list[Any]) -> Callable[[Any], bool]:
    """Give a test for a value that is one of the options; those of text may be globs, in any case of letters."""
    globs = [item for item in options if isinstance(item, str) and _is_glob(item)]
    expressions = [re.compile(fnmatch.translate(item.lower())).match for item in globs]
    words = frozenset(str(item) for item in options if not isinstance(item, bool | int | float) and item not in globs)
    others = [item for item in options if isinstance(item, bool | int | float)]

    def test(value: Any) -> bool:
        if isinstance(value, (tuple, list)):
            return any(map(test, value))
        if value is None or value != value:
            return False
        shown = str(value)
        if shown in words:
            return True
        if expressions:
            lowered = shown.lower()
            for matches in expressions:
                if matches(lowered):
                    return True
        return bool(others) and any(_equal(value, item) for item in others)

    return test


def _equal(value: Any, wanted: bool | int | float) -> bool:
    if isinstance(wanted, bool):
        return str(value).lower() == str(wanted).lower()
    try:
        return float(value) == float(wanted)
    except (TypeError, ValueError):
        return False
