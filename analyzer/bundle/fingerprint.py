"""What identifies an input: the SHA-256 of its content, and its size."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

from analyzer.bundle.folder import files_below, open_plain


def fingerprint(paths: Sequence[Path]) -> tuple[str, int]:
    """Give the SHA-256 of the input as lower-case hex, and its size in bytes.

    Of a single file it is the file's own; of a folder or several files, of all names, sizes and contents in order,
    so that copies of one folder have the same. Files that cannot be read count by their names.
    """
    whole = hashlib.sha256()
    if len(paths) == 1 and paths[0].is_file():
        size = 0
        with paths[0].open("rb") as stream:
            for piece in _pieces(stream):
                whole.update(piece)
                size += len(piece)
        return whole.hexdigest(), size
    total = 0
    for name, path in _files(paths):
        opened = open_plain(path)
        inner = hashlib.sha256()
        size = -1
        if not isinstance(opened, str):
            size = 0
            with opened[0] as stream:
                for piece in _pieces(stream):
                    inner.update(piece)
                    size += len(piece)
        total += max(size, 0)
        whole.update(name.encode("utf-8", "surrogateescape") + b"\0" + str(size).encode() + b"\0" + inner.digest())
    return whole.hexdigest(), total


def _files(paths: Sequence[Path]) -> Iterator[tuple[str, Path]]:
    for path in paths:
        if path.is_dir():
            yield from files_below(path, lambda name, what: None)
        else:
            yield path.name, path.resolve()


def _pieces(stream: IO[bytes]) -> Iterator[bytes]:
    try:
        while piece := stream.read(1 << 20):
            yield piece
    except OSError:
        return
