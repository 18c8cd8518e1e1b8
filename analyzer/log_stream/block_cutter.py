"""Stretches of a log that another process unpacks, cut there already; often it has found their lines as well."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from analyzer.log_stream.blocks import PAD, Block
from analyzer.log_stream.lines import Cutter, Piece


class BlockCutter(Cutter):
    """Gives the same pieces as :class:`Cutter` does.

    Args:
        blocks: of the log, from its beginning on.
        most: characters of a line; the rest of one that fills a whole stretch is dropped.
    """

    def __init__(self, blocks: Iterator[Block], most: int) -> None:
        super().__init__(self._others(), most)
        self._blocks = blocks
        self._broken: Block | None = None  # no line ends in it: it, and what is behind it, is left to the Cutter
        self._digest = super().digest  # of nothing

    def next(self) -> Piece | None:
        """Give the next piece; None at the end."""
        if self._broken is None:
            block = next(self._blocks, None)
            if block is not None and block.whole:
                return self._piece_of(block)
            self._broken = block
        return super().next()

    @property
    def digest(self) -> str:
        """See :class:`Cutter`."""
        return self._digest

    def _piece_of(self, block: Block) -> Piece:
        self._digest = block.digest
        self.bytes += len(block.data)
        added = block.last and bytes(block.data[-1:]) != b"\n"
        before = len(self._again)
        data = b"".join((self._again, block.data, b"\n" * added, PAD))
        return Piece(data, len(data) - len(PAD), block.last, before, block.found)

    def _note(self, data: bytes | memoryview) -> None:
        pass  # the other process did it

    def _others(self) -> Iterator[bytes]:
        for block in chain((self._broken,), self._blocks) if self._broken is not None else ():
            self._digest = block.digest
            yield bytes(block.data)
