"""Pieces of a log cut into stretches of whole lines, and a stretch's lines told apart without an object for each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from xxhash import xxh3_128

from analyzer.log_stream import blocks
from analyzer.log_stream.blocks import NEWLINE, PAD, Found

DIGITS = b"0123456789"

Numbers = np.ndarray[Any, np.dtype[Any]]


class Piece(NamedTuple):
    """Bytes that hold whole lines up to ``end``; behind it stand at least as many others as ``PAD`` has.

    Those in front of ``begin`` came before; ``found`` is what is known of the lines behind it.
    """

    data: bytes
    end: int
    last: bool  # there are no further ones
    begin: int = 0
    found: Found | None = None


class Cutter:
    """Collects pieces of bytes into larger ones of whole lines.

    The same bytes always give the same pieces, whatever pieces they come in. Each must be taken before the next, which
    begins with what is left of it; where it ends does not depend on that.

    Args:
        pieces: the bytes of a file, in pieces of any size.
        most: characters of a line; the rest of one that fills a whole stretch is dropped.
    """

    def __init__(self, pieces: Iterator[bytes], most: int) -> None:
        self._pieces = pieces
        self._most = most
        self._again = b""  # the lines of the piece before that were not taken
        self._rest = b""  # the line that it broke off in
        self._ahead = b""  # of the piece taken last
        self._dropping = False
        self._ended = False
        self._added = 0  # line ends behind the last piece that are not in the file
        self._given = xxh3_128()
        self._noted = 0  # bytes of the line that the piece broke off in that are part of it
        self.dropped_lines = 0  # whose end was dropped because they are longer than a stretch
        self.bytes = 0

    def next(self) -> Piece | None:
        """Give the next piece; None at the end."""
        while True:
            parts, room = [self._rest], max(blocks.STRETCH - len(self._rest), 1)  # 1: the end of a line that fills it
            while room > 0 and (piece := self._piece()):
                parts.append(piece[:room])
                self._ahead = piece[room:]
                room -= len(piece)
            parts.insert(0, self._again)
            before, size = len(self._again), sum(map(len, parts))
            self._rest = b""
            if not size:
                return None
            whole = room > 0  # nothing is behind it
            if whole and not next(filter(None, reversed(parts))).endswith(b"\n"):
                parts.append(b"\n")
                size, self._added = size + 1, 1
            parts.append(PAD)
            data = b"".join(parts)
            end = size if whole else data.rfind(b"\n", before, size) + 1
            self._note(memoryview(data)[before + self._noted : (end or size) - self._added])
            if end:
                self._again, self._rest, self._noted = b"", data[end:size], 0
                return Piece(data, end, whole, before)
            self._rest = data[before : min(before + self._most, size)]
            self._noted = len(self._rest)
            self.dropped_lines += 1
            self._dropping = True

    def take(self, piece: Piece, end: int) -> None:
        """The piece given last is done with up to ``end``, where a line ends; what is behind comes once more."""
        self._again = piece.data[end : piece.end]

    @property
    def digest(self) -> str:
        """Equal for equal bytes up to the end of the piece given last; "" where they are not looked at for it."""
        return self._given.hexdigest()

    def _note(self, data: bytes | memoryview) -> None:
        """Take the next bytes, each once, whether they are given or dropped."""
        self._given.update(data)

    def left(self) -> bytes:
        """What was taken of the pieces and not given, or came back; the other bytes are done with."""
        return self._again + self._rest + self._ahead

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
            self._note(piece if end < 0 else memoryview(piece)[:end])
            if end >= 0:
                self._dropping = False
                return piece[end:]


def line_ends(data: bytes, end: int | None = None) -> Numbers:
    """The places of the line ends in ``data``, or in front of ``end`` in it."""
    return np.flatnonzero(np.frombuffer(data, np.uint8)[:end] == NEWLINE)


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
