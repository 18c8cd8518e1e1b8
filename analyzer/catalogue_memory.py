"""The whole catalogue as it was read and checked, kept from run to run: to fetch it takes a third of reading it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import msgspec

from analyzer import cache, catalogue_entries
from analyzer.catalogue_entries import Catalogue

_NAME = "knowledge"
_DAMAGED = (msgspec.DecodeError, ValueError, TypeError, RecursionError)


def key_of(files: Iterable[Path]) -> str | None:
    """Give the key of the catalogue that is made of these files; None where one cannot be read."""
    return cache.key_of_files([Path(catalogue_entries.__file__), *files], msgspec.__version__)


def kept(key: str | None) -> Catalogue | None:
    """Give the catalogue kept under a key, None where there is none."""
    blob = cache.read(_NAME, key)
    try:
        return msgspec.msgpack.decode(blob, type=Catalogue) if blob is not None else None
    except _DAMAGED:
        return None


def keep(key: str | None, catalogue: Catalogue) -> None:
    """Keep a catalogue, where what comes back is the same."""
    try:
        blob = msgspec.msgpack.encode(catalogue)
        if msgspec.msgpack.decode(blob, type=Catalogue) == catalogue:
            cache.write(_NAME, key, blob)
    except _DAMAGED:
        return
