"""What identifies an input: the SHA-256 of its content, and its size."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO

from xxhash import xxh3_128

from analyzer.bundle.folder import files_below, open_plain

#: of several files, or a folder's, that were read to their ends: the size of each, and its digest
Digests = dict[Path, tuple[int, bytes]]


class Noted:
    """Works out the digest of a file while its bytes are read, in order, so that it need not be read again for it."""

    def __init__(self, path: Path, size: int, digests: Digests) -> None:
        self._path = path
        self._size = size
        self._digests = digests
        self._inner = xxh3_128()
        self.there = 0  # bytes taken

    def take(self, piece: bytes | memoryview) -> None:
        """Take the next bytes."""
        self._inner.update(piece)
        self.there += len(piece)

    def finish(self) -> None:
        """There are no more; the digest of a file that was read otherwise is not noted."""
        if self.there == self._size:
            self._digests[self._path] = self._size, self._inner.digest()

    @property
    def digest(self) -> str:
        """What is noted in the end, as text; "" as long as not all bytes were taken."""
        return self._inner.hexdigest() if self.there == self._size else ""

    def pieces(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        """Give the pieces, and take each."""
        for piece in pieces:
            self.take(piece)
            yield piece
        self.finish()


def fingerprint(
    paths: Sequence[Path], most: int | None = None, known: Mapping[Path, tuple[int, bytes]] | None = None
) -> tuple[str, int]:
    """Give the SHA-256 of the input as lower-case hex, and its size in bytes.

    Of a single file it is the file's own; of a folder or several files, of all names, sizes and contents (by their
    XXH3 of 128 bits, which takes a tenth of the time) in order, so that copies of one folder have the same and others
    have not, unless somebody made them so. Files that cannot be read count by their names.

    Of each file at most ``most`` bytes count, with its whole size: a sparse one may claim more than anybody can read.
    What is ``known`` of several files, or a folder's, is not read again.
    """
    whole = hashlib.sha256()
    if len(paths) == 1 and paths[0].is_file():
        with paths[0].open("rb") as stream:
            size = os.fstat(stream.fileno()).st_size
            for piece in _pieces(stream, most):
                whole.update(piece)
        return whole.hexdigest(), size
    total = 0
    for name, path in _files(paths):
        size, digest = (known or {}).get(path) or _content(path, most)
        total += max(size, 0)
        whole.update(name.encode("utf-8", "surrogateescape") + b"\0" + str(size).encode() + b"\0" + digest)
    return whole.hexdigest(), total


def _content(path: Path, most: int | None) -> tuple[int, bytes]:
    """The size and digest of a file; -1 where it cannot be read."""
    inner, size = xxh3_128(), -1
    opened = open_plain(path)
    if not isinstance(opened, str):
        size = opened[1]
        with opened[0] as stream:
            for piece in _pieces(stream, most):
                inner.update(piece)
    return size, inner.digest()


def fingerprint_aside(paths: Sequence[Path], most: int | None = None) -> Callable[[], tuple[str, int]]:
    """Begin to work out :func:`fingerprint` in a thread, beside other work; what this gives waits for the result."""
    from concurrent.futures import ThreadPoolExecutor

    pool = ThreadPoolExecutor(1)
    result = pool.submit(fingerprint, paths, most).result
    pool.shutdown(wait=False)
    return result


def _files(paths: Sequence[Path]) -> Iterator[tuple[str, Path]]:
    for path in paths:
        if path.is_dir():
            yield from files_below(path, lambda name, what: None)
        else:
            yield path.name, path.resolve()


def _pieces(stream: IO[bytes], most: int | None) -> Iterator[bytes]:
    left = most
    try:
        while piece := stream.read(1 << 20 if left is None else min(left, 1 << 20)):
            left = None if left is None else left - len(piece)
            yield piece
    except OSError:
        return
