"""Groups of lines that say the same: how many there are, and the last one of each."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable
from typing import NamedTuple

import numpy as np

from analyzer.log_stream.columns import Column
from analyzer.log_stream.lines import Numbers

_STRETCHES_HELD = 8


class Kept(NamedTuple):
    """A line that is kept: its number in the file, its bytes, the group it belongs to."""

    number: int
    raw: bytes
    group: int


class Groups:
    """Counts lines by group and remembers the last line of each, in little memory."""

    def __init__(self) -> None:
        self._numbers: dict[Hashable, int] = {}
        self.total = Column(np.int64)
        self._last_stretch, self._last_number = Column(np.int64, -1), Column(np.int64)
        self._last_start, self._last_end = Column(np.int64), Column(np.int64)
        self._saved: dict[int, bytes] = {}
        self._held: deque[tuple[int, bytes]] = deque()
        self._stretch = 0

    def __len__(self) -> int:
        return len(self._numbers)

    def number(self, key: Hashable) -> int:
        """Give the number of the group with a key, a new one if it is new."""
        return self._numbers.setdefault(key, len(self._numbers))

    def count(self, group: Numbers, data: bytes, starts: Numbers, ends: Numbers, before: int) -> Numbers:
        """Count the lines of a stretch.

        Args:
            group: of each line.
            data: the stretch.
            starts: where the lines begin.
            ends: where they end.
            before: lines of the file in front of the stretch.

        Returns:
            for each group, the place of its last line in the stretch, -1 where it has none.
        """
        size = len(self)
        self.total.upto(size)[:] += np.bincount(group, minlength=size)
        last = np.full(size, -1, np.int64)
        last[group] = np.arange(len(group))
        present = np.flatnonzero(last >= 0)
        places = last[present]
        self._last_stretch.upto(size)[present] = self._stretch
        self._last_number.upto(size)[present] = before + 1 + places
        self._last_start.upto(size)[present] = starts[places]
        self._last_end.upto(size)[present] = ends[places]
        self._held.append((self._stretch, data))
        self._stretch += 1
        if len(self._held) > _STRETCHES_HELD:
            self._let_go()
        return last

    def lasts(self) -> list[Kept]:
        """The last line of each group."""
        while self._held:
            self._let_go()
        numbers = self._last_number.upto(len(self))
        return [Kept(int(numbers[group]), self._saved[group], group) for group in sorted(self._saved)]

    def _let_go(self) -> None:
        """Save the last lines that stand in the oldest stretch at hand, and let it go."""
        stretch, data = self._held.popleft()
        size = len(self)
        starts, ends = self._last_start.upto(size), self._last_end.upto(size)
        for group in np.flatnonzero(self._last_stretch.upto(size) == stretch).tolist():
            self._saved[group] = data[starts[group] : ends[group]]
