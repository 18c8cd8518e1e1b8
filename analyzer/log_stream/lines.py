"""Pieces of a log cut into stretches of whole lines, and a stretch's lines told apart without an object for each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from xxhash import xxh3_128

#: bytes looked at together: few enough for the cache, many enough that the cost of each look does not count
STRETCH = 2 * 1024 * 1024
#: zero bytes behind a stretch, so that eight bytes can be read from any place in it
PAD = bytes(16)
_NEWLINE = 10
DIGITS = b"0123456789"

Numbers = np.ndarray[Any, np.dtype[Any]]


class Piece(NamedTuple):
    """Bytes that hold whole lines up to ``end``; behind it stand at least as many others as ``PAD`` has."""

    data: bytes
    end: int
    last: bool  # there are no further ones


class Cutter:
    """Collects pieces of bytes into larger ones of whole lines.

    The same bytes always give the same pieces, whatever pieces they come in. Each must be taken before the next.

    Args:
        pieces: the bytes of a file, in pieces of any size.
        most: characters of a line; the rest of one that fills a whole stretch is dropped.
    """

    def __init__(self, pieces: Iterator[bytes], most: int) -> None:
        self._pieces = pieces
        self._most = most
        self._rest = b""  # the line that the piece before broke off in
        self._ahead = b""  # of the piece taken last
        self._dropping = False
        self._ended = False
        self._added = 0  # line ends behind the last piece that are not in the file
        self._taken = xxh3_128()
        self.dropped_lines = 0  # whose end was dropped because they are longer than a stretch
        self.bytes = 0

    def next(self) -> Piece | None:
        """Give the next piece; None at the end."""
        while True:
            parts, room = [self._rest], max(STRETCH - len(self._rest), 1)  # 1: the end of a line that fills it
            while room > 0 and (piece := self._piece()):
                parts.append(piece[:room])
                self._ahead = piece[room:]
                room -= len(piece)
            size = sum(map(len, parts))
            self._rest = b""
            if not size:
                return None
            whole = room > 0  # nothing is behind it
            if whole and not next(filter(None, reversed(parts))).endswith(b"\n"):
                parts.append(b"\n")
                size, self._added = size + 1, 1
            parts.append(PAD)
            data = b"".join(parts)
            end = data.rfind(b"\n", 0, size) + 1
            self._rest = data[end:size] if end else data[: min(self._most, size)]
            if end:
                return Piece(data, end, last=whole)
            self.dropped_lines += 1
            self._dropping = True

    def take(self, piece: Piece, end: int) -> None:
        """The piece given last is done with up to ``end``, where a line ends; what is behind comes once more."""
        self._note(piece, end)
        if end < piece.end:
            self._again(piece, end)

    @property
    def digest(self) -> str:
        """Equal for equal bytes taken; "" where they are not looked at for it."""
        return self._taken.hexdigest()

    def _note(self, piece: Piece, end: int) -> None:
        self._taken.update(memoryview(piece.data)[: end - (self._added if end == piece.end else 0)])

    def left(self) -> bytes:
        """What was taken of the pieces and not given, or came back; the other bytes are done with."""
        return self._rest + self._ahead

    def _again(self, piece: Piece, end: int) -> None:
        self._rest = piece.data[end : piece.end] + self._rest

    def _piece(self) -> bytes:
        """The next bytes, b"" at the end."""
        while True:
            piece, self._ahead = self._ahead, b""
            if not piece and not self._ended:
                piece = next(self._pieces, b"")
                self.bytes += len(piece)
                self._ended = not piece
            if not self._dropping or not piece:
                return piece
            end = piece.find(b"\n")
            if end >= 0:
                self._dropping = False
                return piece[end:]


def line_ends(data: bytes, end: int | None = None) -> Numbers:
    """The places of the line ends in ``data``, or in front of ``end`` in it."""
    return np.flatnonzero(np.frombuffer(data, np.uint8)[:end] == _NEWLINE)


def begins(ends: Numbers) -> Numbers:
    """The places at which the lines begin that end at ``ends``."""
    starts = np.empty_like(ends)
    if len(ends):
        starts[0] = 0
        np.add(ends[:-1], 1, out=starts[1:])
    return starts


def first_places(numbers: Numbers, count: int) -> Numbers:
    """The first place of each of the numbers below ``count``, -1 for one that is not there."""
    first = np.full(count, -1, np.int64)
    first[numbers[::-1]] = np.arange(len(numbers))[::-1]
    return first


def pairs_at(data: bytes, places: Numbers) -> tuple[Numbers, Numbers]:
    """The eight bytes at each place, and the eight behind them; the last place must leave sixteen bytes of ``data``."""
    view: Numbers = np.ndarray((len(data) - 15,), "V16", data, strides=(1,))
    found = view[places].view("<u8").reshape(-1, 2)
    return found[:, 0], found[:, 1]


def words_at(data: bytes, places: Numbers) -> Numbers:
    """The eight bytes at each place as one number; the last places must leave eight bytes of ``data``."""
    view: Numbers = np.ndarray((len(data) - 7,), "<u8", data, strides=(1,))
    found: Numbers = view[places]
    return found
