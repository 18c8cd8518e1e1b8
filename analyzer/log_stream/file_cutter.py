"""Stretches of a file that can be read from any place on: each is read where it begins, and nothing is copied."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from analyzer.log_stream import blocks
from analyzer.log_stream.blocks import PAD
from analyzer.log_stream.lines import Cutter, Piece

#: gives so many bytes from a place on, fewer at the end
ReadAt = Callable[[int, int], bytes]


class FileCutter(Cutter):
    """Gives the same pieces as :class:`Cutter` does.

    Args:
        read_at: the file.
        most: characters of a line; the rest of one that fills a whole stretch is dropped.
    """

    def __init__(self, read_at: ReadAt, most: int) -> None:
        super().__init__(self._from_here(), most)
        self._read_at = read_at
        self._in_order = False  # the end, and what is behind a line that is too long, is left to the Cutter

    def next(self) -> Piece | None:
        """Give the next piece; None at the end."""
        if not self._in_order:
            # what is left of one piece is read again with the next: to join the two would copy them all
            before = len(self._again)
            size = before + blocks.STRETCH
            data = self._read_at(self.bytes - before, size + len(PAD))
            end = data.rfind(b"\n", before, size) + 1
            if end and len(data) == size + len(PAD):
                self.bytes += end - before
                return Piece(data, end, False, before)
            self._in_order = True
        return super().next()

    @property
    def digest(self) -> str:
        """None: who reads the file looks at its bytes."""
        return ""

    def _note(self, data: bytes | memoryview) -> None:
        pass

    def _from_here(self) -> Iterator[bytes]:
        while piece := self._read_at(self.bytes, blocks.STRETCH):
            yield piece
