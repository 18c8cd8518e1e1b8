"""What is compressed as a whole is unpacked by another process; this one reads what came out so far.

Only on Linux, where a process can be split in two with all it knows.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from analyzer.bundle import BundleError, Limits, Member, Rest, Warn, comes_in_order, fingerprint_aside, open_bundle
from analyzer.log_stream.blocks import Block, Filled, Ring
from analyzer.log_stream.kind import begin_of, opening_of

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

_MANY = 4  # processes with which it is quicker if each unpacks all for itself, and reads a share of the logs


class UnpackerLostError(Exception):
    """The other process ended before all was unpacked."""


class _Warned(Struct, frozen=True):
    path: str
    what: str


class _Begun(Struct, frozen=True):
    """A member that comes in pieces: its first bytes."""

    path: str
    data: bytes


class _Lines(Struct, frozen=True):
    """The member's blocks come next; they begin with the last ones of its first bytes, so many."""

    at_hand: int


class _Finished(Struct, frozen=True):
    """All of the member was given."""

    problems: tuple[str, ...]


class _Ended(Struct, frozen=True):
    """There are no more members; what identifies the bundle."""

    fingerprint: tuple[str, int]


class RestInBlocks(Rest):
    """The rest of a member that another process unpacks: in pieces, or in blocks of lines.

    Args:
        ring: the blocks are in it.
        told: gives what the other process tells next.
    """

    def __init__(self, ring: Ring, told: Callable[[], Any]) -> None:
        self._found: list[str] = []
        super().__init__(iter(()), self._found)
        self._ring = ring
        self._told = told
        self._in_order = self._blocks()
        self.given = 0  # bytes of blocks

    @cached_property
    def at_hand(self) -> int:
        """So many of the member's first bytes come once more, in blocks: those of the log that it may be."""
        lines: _Lines = self._told()
        return lines.at_hand

    def blocks(self) -> Iterator[tuple[Block, memoryview]]:
        """Give the blocks that nobody took yet, and of each the bytes that are new."""
        for block in self._in_order:
            new = block.data[max(self.at_hand - self.given, 0) :]
            self.given += len(block.data)
            self.size += len(new)
            yield block, new

    def pieces(self) -> Iterator[bytes]:
        """See :class:`Rest`."""
        for _, new in self.blocks():
            if new:
                yield bytes(new)

    def pass_over(self) -> None:
        """Nobody wants what is left."""
        for _ in self._in_order:
            pass

    def _blocks(self) -> Iterator[Block]:
        _ = self.at_hand  # it is told first
        while isinstance(message := self._told(), Filled):
            yield self._ring.block(message)
            self._ring.emptied()
        self._found += message.problems


class Unpacker:
    """Opens a bundle in a process of its own.

    Args:
        paths: of the bundle; ``limits`` and ``at_once`` as for :func:`analyzer.bundle.open_bundle`.

    Raises:
        OSError: the system refuses it.
    """

    def __init__(self, paths: Sequence[Path], limits: Limits, at_once: int) -> None:
        from multiprocessing import get_context  # most tickets are small and need none

        fork = get_context("fork")
        self._ring = Ring()
        self._connection, there = fork.Pipe(duplex=False)
        opened = (paths, limits, at_once)
        self._process = fork.Process(target=_run, args=(*opened, self._ring, there, self._connection), daemon=True)
        self._process.start()
        there.close()
        self._ring.empties()
        self._fingerprint = "", 0

    def close(self) -> None:
        """Let the other process end, if it has not."""
        self._process.terminate()
        self._process.join()
        self._connection.close()

    def fingerprint(self) -> tuple[str, int]:
        """What identifies the bundle, known behind the last member; see :func:`analyzer.bundle.fingerprint`."""
        return self._fingerprint

    def members(self, warn: Warn) -> Iterator[Member]:
        """Give the members; see :func:`analyzer.bundle.open_bundle`.

        Raises:
            BundleError: as there.
            UnpackerLostError: the other process is no more.
        """

        def told() -> Any:
            while isinstance(message := self._told(), _Warned):
                warn(message.path, message.what)
            return message

        while not isinstance(message := told(), _Ended):
            if isinstance(message, _Begun):
                rest = RestInBlocks(self._ring, told)
                yield Member(message.path, message.data, rest=rest)
                rest.pass_over()
            else:
                yield message
        self._fingerprint = message.fingerprint

    def _told(self) -> Any:
        try:
            message = self._connection.recv()
        except (EOFError, OSError):
            raise UnpackerLostError from None
        if isinstance(message, BundleError):
            raise message
        return message


def unpacker_of(paths: Sequence[Path], limits: Limits, at_once: int, processes: int) -> Unpacker | None:
    """Give a process that unpacks a bundle; None where that does not pay, or the system refuses it."""
    if not 1 < processes < _MANY or len(paths) != 1 or not comes_in_order(paths[0]):
        return None
    try:
        return Unpacker(paths, limits, at_once)
    except OSError:
        return None


def _run(
    paths: Sequence[Path], limits: Limits, at_once: int, ring: Ring, connection: Connection, not_mine: Connection
) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who started it lets it end
    not_mine.close()
    ring.fills()
    try:
        _unpack(paths, limits, at_once, ring, connection.send)
    except BundleError as error:
        connection.send(error)
    except (BrokenPipeError, EOFError):
        pass  # nobody wants it any more


def _unpack(paths: Sequence[Path], limits: Limits, at_once: int, ring: Ring, tell: Callable[[Any], None]) -> None:
    fingerprint = fingerprint_aside(paths, limits.bytes)
    for member in open_bundle(paths, limits, lambda path, what: tell(_Warned(path, what)), at_once=at_once):
        if member.rest is None:
            tell(member)
            continue
        tell(_Begun(member.path, member.data))
        begin = _begin_of_log(member)
        tell(_Lines(len(member.data) - begin))
        ring.fill(chain((member.data[begin:],), member.rest.pieces()), tell)
        tell(_Finished(member.rest.problems))
    tell(_Ended(fingerprint()))


def _begin_of_log(member: Member) -> int:
    """Where a log that is read line by line begins in a member's first bytes; behind them where there is none."""
    opening = opening_of(member.data, member.path)
    return len(member.data) if opening is None else begin_of(member.data, opening)
