"""Bytes that come in pieces, read forwards only: what archives and decompressors here read from and give."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

CHUNK = 256 * 1024


class Feed:
    """A forward-only reader over pieces of bytes; it never raises at the end, it just gives less."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._buffer = b""
        self._at = 0
        self.consumed = 0  # bytes handed out or skipped

    def _fill(self, size: int) -> int:
        """Have ``size`` bytes in the buffer, or all that are left; give how many there are."""
        have = len(self._buffer) - self._at
        if have >= size:
            return have
        if not have and (piece := next(self._pieces, None)) is not None and len(piece) >= size:
            self._buffer, self._at = piece, 0  # nothing is left over: the piece is taken as it is
            return len(piece)
        parts = [self._buffer[self._at :]] if have else [piece] if piece is not None else []
        have = sum(map(len, parts))
        for piece in self._pieces:
            parts.append(piece)
            have += len(piece)
            if have >= size:
                break
        self._buffer, self._at = b"".join(parts), 0
        return have

    def peek(self, size: int) -> bytes:
        """Give the next bytes without using them up; fewer only at the end."""
        self._fill(size)
        return self._buffer[self._at : self._at + size]

    def read(self, size: int) -> bytes:
        """Give the next bytes; fewer only at the end."""
        have = min(self._fill(size), size)
        data = self._buffer[self._at : self._at + have]
        self._at += have
        self.consumed += have
        return data

    def some(self, most: int = CHUNK) -> bytes:
        """Give what is at hand, at least one byte and at most ``most``; b"" at the end."""
        have = len(self._buffer) - self._at or self._fill(1)
        return self.read(min(have, most))

    def unread(self, data: bytes) -> None:
        """Put back what was read last."""
        if self._at >= len(data):
            self._at -= len(data)
        else:
            self._buffer, self._at = data + self._buffer[self._at :], 0
        self.consumed -= len(data)

    def skip(self, size: int) -> int:
        """Pass over bytes; give how many there were."""
        left = size
        while left > 0 and (piece := self.some(min(left, CHUNK))):
            left -= len(piece)
        return size - left


def pieces_of(stream: IO[bytes], size: int | None = None) -> Iterator[bytes]:
    """Give a file's bytes from where it stands, at most ``size``; an error while reading is its end."""
    left = size
    while left is None or left > 0:
        try:
            piece = stream.read(CHUNK if left is None else min(CHUNK, left))
        except OSError:
            return
        if not piece:
            return
        if left is not None:
            left -= len(piece)
        yield piece
