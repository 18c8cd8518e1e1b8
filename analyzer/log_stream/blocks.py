"""Blocks of whole lines that one process makes and another reads, in memory that both have."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from mmap import mmap
from typing import NamedTuple

from msgspec import Struct
from xxhash import xxh3_128

try:
    from analyzer.log_stream import _scan
except ImportError:  # where it was not compiled, who reads the blocks finds their lines
    _scan = None  # type: ignore[assignment]

#: bytes looked at together: few enough for the cache, many enough that the cost of each look does not count
STRETCH = 2 * 1024 * 1024
#: zero bytes behind a stretch, so that eight bytes can be read from any place in it
PAD = bytes(16)
NEWLINE = 10
#: makes the numbers of lines; drawn anew for each run, and the same in processes that this one is split into
SEED = int.from_bytes(os.urandom(8), "little")

_SLOTS = 4  # with more of them less is in the cache
_LINES = 1 << 15  # of a block with more of them who reads it finds them


class Found(NamedTuple):
    """The lines of a block: where each begins and ends in it, its number (64 bits each); whether all is plain."""

    starts: memoryview
    ends: memoryview
    numbers: memoryview
    plain: bool


class Block(NamedTuple):
    """Bytes that come next: whole lines, or so many as a stretch has where none ends among them.

    They and what was ``found`` are there until the next block is asked for. The last line of the ``last`` one may have
    no end. The ``digest`` is that of all bytes so far.
    """

    data: memoryview
    whole: bool
    last: bool
    digest: str
    found: Found | None


class Filled(Struct, frozen=True):
    """Says what is in the slot that comes next; ``lines`` is -1 where they were not looked for."""

    size: int
    whole: bool
    last: bool
    digest: str
    lines: int = -1
    plain: bool = False


class Ring:
    """Slots for blocks, which one process fills and another one empties in the same order.

    It is made before the process is split in two; then each says which of the two it is.
    """

    def __init__(self) -> None:
        from multiprocessing import Pipe  # most tickets are small and need none

        self._room = -(-(STRETCH + len(PAD)) // 8) * 8  # numbers of eight bytes stand behind it
        self._size = self._room + 3 * 8 * _LINES
        self._memory = mmap(-1, _SLOTS * self._size)
        self._emptied, self._empty = Pipe(duplex=False)
        self._at = -1  # the slot at hand
        self._free = _SLOTS
        self._content = xxh3_128()

    def fills(self) -> None:
        """This process fills the slots."""
        self._empty.close()

    def empties(self) -> None:
        """This process empties the slots."""
        self._emptied.close()

    def fill(self, pieces: Iterable[bytes], tell: Callable[[Filled], None]) -> None:
        """Cut pieces into blocks; ``tell`` is called for each.

        Raises:
            EOFError: nobody empties the slots any more.
        """
        memory, begin, size = self._memory, self._next_free(), 0
        self._content = xxh3_128()
        for piece in pieces:
            at = 0
            while at < len(piece):
                taken = min(len(piece) - at, STRETCH - size)
                memory[begin + size : begin + size + taken] = piece[at : at + taken]
                at, size = at + taken, size + taken
                if size == STRETCH:
                    end = memory.rfind(b"\n", begin, begin + size) + 1 - begin
                    rest = memory[begin + end : begin + size] if end > 0 else b""
                    tell(self._filled(begin, size - len(rest), whole=end > 0, last=False))
                    begin, size = self._next_free(), len(rest)
                    memory[begin : begin + size] = rest
        if size:
            tell(self._filled(begin, size, whole=True, last=True))
        else:
            self._at -= 1
            self._free += 1

    def _next_free(self) -> int:
        """Give where the next slot begins, once it is free."""
        while self._emptied.poll(0 if self._free else None):
            self._emptied.recv_bytes()
            self._free += 1
        self._free -= 1
        return self._next()

    def _next(self) -> int:
        self._at += 1
        return self._at % _SLOTS * self._size

    def _filled(self, begin: int, size: int, whole: bool, last: bool) -> Filled:
        memory = memoryview(self._memory)
        self._content.update(memory[begin : begin + size])
        digest = self._content.hexdigest()
        if _scan is None or not whole or self._free:  # while slots are free the lines are found as quickly there
            return Filled(size, whole, last, digest)
        end = begin + size
        if memory[end - 1] != NEWLINE:
            memory[end] = NEWLINE
            end += 1
        data, columns = memory[begin : begin + self._room], self._columns(memory, begin, _LINES)
        count, unusual = _scan.lines(SEED, data, end - begin, *columns)
        return Filled(size, whole, last, digest, count, not unusual)

    def _columns(self, memory: memoryview, begin: int, lines: int) -> tuple[memoryview, memoryview, memoryview]:
        at = begin + self._room
        starts, ends, numbers = (memory[at + place : at + place + 8 * lines] for place in (0, 8 * _LINES, 16 * _LINES))
        return starts, ends, numbers

    def block(self, filled: Filled) -> Block:
        """Give the block of which the other process told."""
        begin, memory = self._next(), memoryview(self._memory)
        found = Found(*self._columns(memory, begin, filled.lines), filled.plain) if filled.lines >= 0 else None
        return Block(memory[begin : begin + filled.size], filled.whole, filled.last, filled.digest, found)

    def emptied(self) -> None:
        """The block at hand is needed no more."""
        with suppress(BrokenPipeError):  # the other process has filled the last one
            self._empty.send_bytes(b"!")
