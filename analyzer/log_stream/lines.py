"""Pieces of a log cut into stretches of whole lines, and a stretch's lines told apart without an object for each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa

#: bytes looked at together: little enough for the processor's cache
STRETCH = 384 * 1024
#: zero bytes behind a stretch, so that eight bytes can be read from any place in it
PAD = bytes(16)
_NEWLINE = 10
_DIGITS = b"0123456789"

Numbers = np.ndarray[Any, np.dtype[Any]]


class Cutter:
    """Collects pieces of bytes into stretches of whole lines; what a reader leaves comes again with the next.

    Args:
        pieces: the bytes of a file, in pieces of any size.
        most: characters of a line; the rest of one that fills a whole stretch is dropped.
    """

    def __init__(self, pieces: Iterator[bytes], most: int) -> None:
        self._pieces = pieces
        self._most = most
        self._held: list[bytes] = []
        self._dropping = False
        self.dropped_lines = 0  # whose end was dropped because they are longer than a stretch
        self.bytes = 0
        self.ended = False

    def next(self) -> bytes:
        """Give the next stretch, with ``PAD`` behind its last line end; b"" at the end."""
        size = sum(map(len, self._held))
        while size <= STRETCH and not self.ended:
            piece = next(self._pieces, None)
            if piece is None:
                self.ended = True
                break
            self.bytes += len(piece)
            if self._dropping:
                piece = self._rest_dropped(piece)
            self._held.append(piece)
            size += len(piece)
        data = b"".join(self._held)
        self._held = []
        if len(data) <= STRETCH:
            if not data:
                return b""
            return b"".join((data, b"" if data[-1] == _NEWLINE else b"\n", PAD))
        # the same bytes always give the same stretches, whatever pieces they come in
        end = data.rfind(b"\n", 0, STRETCH) + 1
        if not end:
            end = data.find(b"\n", STRETCH)
            self._dropping = end < 0
            self.dropped_lines += 1
            self._held = [data[: self._most], data[end:] if end >= 0 else b""]
            return self.next()
        self._held = [data[end:]]
        return b"".join((data[:end], PAD))

    @property
    def last(self) -> bool:
        """Whether the stretch given last is the last one."""
        return self.ended and not any(self._held)

    def give_back(self, rest: bytes) -> None:
        """Take back the last lines of a stretch, without its pad; they come again with the next one."""
        if rest:
            self._held.insert(0, rest)

    def _rest_dropped(self, piece: bytes) -> bytes:
        end = piece.find(b"\n")
        if end < 0:
            return b""
        self._dropping = False
        return piece[end:]


def line_ends(data: bytes) -> Numbers:
    """The places of the line ends in ``data``."""
    return np.flatnonzero(np.frombuffer(data, np.uint8) == _NEWLINE)


def begins(ends: Numbers) -> Numbers:
    """The places at which the lines begin that end at ``ends``."""
    starts = np.empty_like(ends)
    if len(ends):
        starts[0] = 0
        np.add(ends[:-1], 1, out=starts[1:])
    return starts


def texts_at(data: bytes, first: Numbers | int, ends: Numbers) -> Any:
    """The lines from ``first`` on as an Arrow array of bytes, each with its line end; nothing is copied."""
    offsets = np.empty(len(ends) + 1, np.int32)
    offsets[:1] = first
    np.add(ends, 1, out=offsets[1:], casting="unsafe")
    return pa.Array.from_buffers(pa.binary(), len(ends), [None, pa.py_buffer(offsets), pa.py_buffer(data)])


def distinct(values: Any) -> tuple[Numbers, list[Any]]:
    """Number the distinct values of an Arrow array in the order of their first places: (number of each, values)."""
    encoded = values.dictionary_encode()
    return encoded.indices.to_numpy(zero_copy_only=False), encoded.dictionary.to_pylist()


def digitless(data: bytes) -> Any:
    """The lines of ``data`` without their digits, as an Arrow array of bytes."""
    shrunk = data.translate(None, _DIGITS)
    return texts_at(shrunk, 0, line_ends(shrunk))


def words_at(data: bytes, places: Numbers) -> Numbers:
    """The eight bytes at each place as one number; the last places must leave eight bytes of ``data``."""
    view: Numbers = np.ndarray((len(data) - 7,), "<u8", data, strides=(1,))
    found: Numbers = view[places]
    return found
