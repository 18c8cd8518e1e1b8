"""YAML files of our own knowledge, read once: their content is kept as JSON, which loads twenty times as fast."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from analyzer import cache

_NAME = "catalogue"


class UnreadableError(ValueError):
    """A file is no YAML or cannot be read; the text names it."""


def contents(files: Sequence[Path]) -> list[Any]:
    """Give the content of each file, in their order.

    Raises:
        UnreadableError: a file cannot be read, is not UTF-8 or no YAML.
    """
    texts = [_text(file) for file in files]
    key = cache.key_of(*(text for text in texts))
    kept = _kept(cache.read(_NAME, key), len(files))
    if kept is not None:
        return kept
    read = [_parsed(file, text) for file, text in zip(files, texts, strict=True)]
    _keep(key, read)
    return read


def _text(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise UnreadableError(f"{file}: {error}") from error


def _parsed(file: Path, text: bytes) -> Any:
    import yaml  # imported here: the kept content needs none

    loader: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return yaml.load(text.decode("utf-8"), Loader=loader)  # noqa: S506 - a safe loader
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UnreadableError(f"{file}: {' '.join(str(error).split())}") from error


def _kept(blob: bytes | None, count: int) -> list[Any] | None:
    try:
        found = json.loads(blob) if blob is not None else None
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, list) and len(found) == count else None


def _keep(key: str, read: list[Any]) -> None:
    """Keep the content where JSON says all of it: dates, say, or keys that are numbers it does not."""
    try:
        text = json.dumps(read, ensure_ascii=False, separators=(",", ":"))
        if json.loads(text) == read:
            cache.write(_NAME, key, text.encode("utf-8"))
    except (TypeError, ValueError, RecursionError):
        return
