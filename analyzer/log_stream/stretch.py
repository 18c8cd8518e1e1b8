"""A stretch of lines, and what is asked of it."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy

import numpy as np

from analyzer.log_stream.groups import Kept
from analyzer.log_stream.lines import Numbers
from analyzer.log_stream.marks import LOOSE, PARTIAL, TIMED

_TAIL = 30  # lines in front of a record that is too long
_LONGEST_RECORD = 600  # lines; of a longer one only those are kept that are worth it


def _heads_of(marks: Numbers, any_marks: int) -> Numbers | None:
    """Which lines begin a record, as far as their marks tell; None where all do."""
    if not any_marks & (LOOSE | PARTIAL):
        return None
    heads: Numbers = (marks & LOOSE) == 0
    if any_marks & PARTIAL:
        heads[1:] &= (marks[:-1] & PARTIAL) == 0
    return None if heads.all() else heads


class Behind:
    """The first line with a time behind some stretches, once it was seen; they share it."""

    def __init__(self) -> None:
        self.clock: Kept | None = None


class Stretch:
    """A stretch of lines with what is worked out of it.

    Args:
        data: bytes that they stand in, between ``starts`` and ``ends``.
        shape: number of each line's shape; ``marks`` what it is (see marks.py).
        before: lines of the log in front of it.

    Attributes:
        any_marks: all that some of them is, perhaps more.
        heads: which of them begin a record; None where all do.
    """

    def __init__(
        self,
        data: bytes,
        starts: Numbers,
        ends: Numbers,
        shape: Numbers,
        marks: Numbers,
        before: int,
    ) -> None:
        self.data = data
        self.starts = starts
        self.ends = ends
        self.shape = shape
        self.marks = marks
        self.any_marks = int(np.bitwise_or.reduce(marks))
        self.heads = _heads_of(marks, self.any_marks)
        self.before = before
        self.group: Numbers = shape
        self._forget()

    def _forget(self) -> None:
        self._begins: Numbers | None = None  # places of lines that begin a record
        self._timed: Numbers | None = None  # places of lines with a time
        self.clock_before: Kept | None = None  # the last such line in front of this part
        self.behind = Behind()

    def between(self, begin: int, end: int) -> Stretch:
        """A part of it; ``data`` stays the whole."""
        if end - begin == len(self.starts):
            return self
        part, lines = copy(self), slice(begin, end)
        part.starts, part.ends, part.shape = self.starts[lines], self.ends[lines], self.shape[lines]
        part.marks, part.group, part.before = self.marks[lines], self.group[lines], self.before + begin
        part.heads = None if self.heads is None else self.heads[lines]
        part._forget()
        return part

    def marked(self, mark: int) -> Numbers:
        """The places of the lines with a mark, in order."""
        return np.flatnonzero(self.marks & mark) if self.any_marks & mark else np.empty(0, np.int64)

    def raw(self, place: int) -> bytes:
        """The line at a place."""
        return self.data[self.starts[place] : self.ends[place]]

    def raw_lines(self, places: Sequence[int]) -> list[bytes]:
        """The lines at some places; many at once take a third of the time of one by one."""
        at = np.array(places, np.int64)
        spans = zip(self.starts[at].tolist(), self.ends[at].tolist(), strict=True)
        return [self.data[begin:end] for begin, end in spans]

    def raws(self, first: int, last: int) -> bytes:
        """The lines from one place to another."""
        return self.data[self.starts[first] : self.ends[last]]

    def line(self, place: int) -> Kept:
        """The line at a place, to be kept."""
        return Kept(self.before + 1 + place, self.raw(place), int(self.group[place]), int(self.shape[place]))

    def lines(self, places: Sequence[int]) -> list[Kept]:
        """The lines at some places, to be kept."""
        if len(places) == 1:
            return [self.line(places[0])]
        at = np.array(places, np.int64)
        numbers = (at + (self.before + 1)).tolist()
        return list(map(Kept, numbers, self.raw_lines(places), self.group[at].tolist(), self.shape[at].tolist()))

    def record(self, place: int) -> range:
        """The places of the record that a line belongs to; of a very long one those in front, or the line alone."""
        if self.heads is None:
            return range(place, place + 1)
        if self._begins is None:
            self._begins = np.flatnonzero(self.heads)
        at = int(self._begins.searchsorted(place, "right"))
        begin = int(self._begins[at - 1]) if at else 0
        end = int(self._begins[at]) if at < len(self._begins) else len(self.starts)
        if end - begin > _LONGEST_RECORD:
            return range(begin, begin + _TAIL) if place < begin + _TAIL else range(place, place + 1)
        return range(begin, end)

    def around(self, place: int) -> tuple[Kept, ...]:
        """The lines with a time before and behind a place."""
        timed = self._timed = self.marked(TIMED) if self._timed is None else self._timed
        at = int(timed.searchsorted(place))
        before = self.line(int(timed[at - 1])) if at > 0 else self.clock_before
        behind = self.line(int(timed[at])) if at < len(timed) else self.behind.clock
        return tuple(line for line in (before, behind) if line is not None)


class Runs:
    """Counts lines in a row that another container of the pod must have written."""

    _SURE = 3

    def __init__(self) -> None:
        self.found = False
        self._current = self._candidate = self._votes = 0

    def see(self, containers: Numbers) -> None:
        """Take the containers of lines in order, 0 where any may have written it."""
        named = containers[containers > 0]
        if self.found or not len(named):
            return
        edges = np.flatnonzero(np.diff(named)) + 1
        for begin, end in zip([0, *edges.tolist()], [*edges.tolist(), len(named)], strict=True):
            name = int(named[begin])
            if name == self._current or not self._current:
                self._current, self._candidate, self._votes = name, 0, 0
                continue
            self._votes = (self._votes if name == self._candidate else 0) + end - begin
            self._candidate = name
            if self._votes >= self._SURE:
                self.found = True
