"""Groups of lines that say the same: how many there are, and the last one of each."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable
from typing import Any, NamedTuple, Protocol

import numpy as np

from analyzer.log_stream.columns import Column
from analyzer.log_stream.lines import Numbers, first_places

#: stretches at hand: most groups have a line in each few, and of a line that is not the last nothing is saved
STRETCHES_HELD = 6


def _count_in_python(group: Numbers, part: int, total: Numbers, last_part: Numbers, last_place: Numbers) -> list[int]:
    """Count lines by group, note where the last of each is; give the places of the first lines of new groups."""
    new = total == 0
    first = first_places(group, len(total))[new] if new.any() else group[:0]
    total += np.bincount(group, minlength=len(total))
    last_part[group] = part
    last_place[group] = np.arange(len(group))  # of equal ones the last stays
    return sorted(first[first >= 0].tolist())


try:  # the same, some times as fast
    from analyzer.log_stream._scan import count as _count
except ImportError:
    _count = _count_in_python


class Kept(NamedTuple):
    """A line that is kept: its number in the file, its bytes, the group it belongs to, its shape."""

    number: int
    raw: bytes
    group: int
    shape: int


#: takes a part, the place of a line in it and its group; a later call for a group replaces an earlier one
Save = Callable[[Any, int, int], None]


class Part(Protocol):
    """A part of the log whose lines are told apart."""

    group: Numbers


class Groups:
    """Counts lines by group and remembers the last line of each, in little memory."""

    def __init__(self) -> None:
        self._numbers: dict[Hashable, int] = {}
        self.total = Column(np.int64)
        self._last_part, self._last_place = Column(np.int64, -1), Column(np.int64)
        self._held: deque[tuple[int, Part]] = deque()
        self._parts = 0

    def __len__(self) -> int:
        return len(self._numbers)

    def known(self, key: Hashable) -> int | None:
        """Give the number of the group with a key, None if there is none."""
        return self._numbers.get(key)

    def number(self, key: Hashable) -> int:
        """Give the number of the group with a key, a new one if it is new."""
        return self._numbers.setdefault(key, len(self._numbers))

    def count(self, part: Part, save: Save) -> list[int]:
        """Count the lines of a part of the log by their groups; give the places of the first ones of new groups."""
        size = len(self)
        last_part, last_place = self._last_part.upto(size), self._last_place.upto(size)
        firsts = _count(part.group, self._parts, self.total.upto(size), last_part, last_place)
        self._held.append((self._parts, part))
        self._parts += 1
        if len(self._held) > STRETCHES_HELD:
            self._let_go(save)
        return firsts

    def finish(self, save: Save) -> None:
        """Save the last lines that were not saved yet."""
        while self._held:
            self._let_go(save)

    def _let_go(self, save: Save) -> None:
        """Save the lines of the oldest part at hand that are, so far, the last of their groups, and let it go."""
        number, part = self._held.popleft()
        size = len(self)
        places = self._last_place.upto(size)
        for group in np.flatnonzero(self._last_part.upto(size) == number).tolist():
            save(part, int(places[group]), group)
