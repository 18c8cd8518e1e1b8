"""The bytes of a file whose outputs are read one after another, each from where the one before it ended."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from analyzer.bundle import Rest
from analyzer.bundle.plain_file import PlainFile
from analyzer.log_stream.block_cutter import BlockCutter
from analyzer.log_stream.blocks import Block
from analyzer.log_stream.file_cutter import FileCutter
from analyzer.log_stream.lines import Cutter
from analyzer.log_stream.reader import ReadLog
from analyzer.log_stream.unpacker import RestInBlocks


class Content(Protocol):
    """What is left of a file."""

    def head(self, size: int) -> bytes:
        """The next bytes, fewer at the end; they stay."""

    def skip(self, size: int) -> None:
        """Leave out so many of the bytes that :meth:`head` gave."""

    def cutter(self, most: int) -> Cutter:
        """What a log is read from, whose lines have so many characters; :meth:`read` must follow."""

    def read(self, log: ReadLog) -> None:
        """A log was read."""

    def all(self, most: int) -> bytes | None:
        """All bytes of the file, from its beginning; None where there are more than so many, or are at hand no more."""


class PlainContent:
    """A file that can be read from any place on."""

    def __init__(self, plain: PlainFile) -> None:
        self._plain = plain
        self._at = 0

    def head(self, size: int) -> bytes:
        """See :class:`Content`."""
        return self._plain.read_at(self._at, size)

    def skip(self, size: int) -> None:
        """See :class:`Content`."""
        self._at += size

    def cutter(self, most: int) -> Cutter:
        """See :class:`Content`."""
        at = self._at
        return FileCutter(lambda place, size: self._plain.read_at(at + place, size), most)

    def read(self, log: ReadLog) -> None:
        """See :class:`Content`."""
        self._at += log.bytes

    def all(self, most: int) -> bytes | None:
        """See :class:`Content`."""
        data = self._plain.read_at(0, most + 1) if self._plain.size <= most else b""
        return data if 0 < len(data) <= most else None


class StreamContent:
    """A member of an archive, which comes once."""

    def __init__(self, first: bytes, rest: Rest, held: int) -> None:
        self._rest = rest
        self._pieces = rest.pieces()
        self._ahead: list[bytes] = [first]
        self._taken: list[bytes] = [first]  # what came so far, as long as it is not more than what is held
        self._held = held

    def _more(self) -> bytes:
        piece = next(self._pieces, b"")
        self._take(piece)
        return piece

    def _take(self, piece: bytes | memoryview) -> None:
        if piece and self._taken:
            self._taken.append(bytes(piece))
            if self._rest.size > self._held:
                self._taken.clear()

    def head(self, size: int) -> bytes:
        """See :class:`Content`."""
        there = sum(map(len, self._ahead))
        while there < size and (piece := self._more()):
            self._ahead.append(piece)
            there += len(piece)
        self._ahead = [b"".join(self._ahead)]
        return self._ahead[0][:size]

    def skip(self, size: int) -> None:
        """See :class:`Content`."""
        self._ahead = [b"".join(self._ahead)[size:]]

    def cutter(self, most: int) -> Cutter:
        """See :class:`Content`."""
        ahead, self._ahead = self._ahead, []
        rest = self._rest
        if isinstance(rest, RestInBlocks) and not rest.given and sum(map(len, ahead)) == rest.at_hand:
            return BlockCutter(self._blocks(rest), most)
        return Cutter(self._from(ahead), most)

    def _blocks(self, rest: RestInBlocks) -> Iterator[Block]:
        for block, new in rest.blocks():
            self._take(new)
            yield block

    def _from(self, ahead: list[bytes]) -> Iterator[bytes]:
        yield from filter(None, ahead)
        while piece := self._more():
            yield piece

    def read(self, log: ReadLog) -> None:
        """See :class:`Content`."""
        self._ahead = [log.left]

    def all(self, most: int) -> bytes | None:
        """See :class:`Content`."""
        while self._taken and self._rest.size <= most and (piece := self._more()):
            self._ahead.append(piece)
        whole = b"".join(self._taken)
        return whole if 0 < len(whole) <= most else None
