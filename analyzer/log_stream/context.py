"""The lines around those kept, for quoting them without a second look at the file."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence

#: lines kept before and after one that may be quoted, and characters of each
AROUND = 5
MOST_CHARACTERS = 2000
MOST_LINES = 60_000  # of one file
MOST_LATE = 250  # places of which only the last are wanted
MOST_LASTS = 2000  # groups of lines whose last one has its neighbours
#: gives the lines at some places
RawLines = Callable[[Sequence[int]], list[bytes]]


class Context:
    """Collects lines around the places picked, stretch by stretch."""

    def __init__(self) -> None:
        self._lines: dict[int, bytes] = {}
        self._before: list[tuple[int, bytes]] = []
        self._until = 0
        self._late: deque[tuple[int, bytes]] = deque(maxlen=MOST_LATE)
        self._lasts: dict[int, tuple[int, bytes]] = {}
        self._all: RawLines | None = None
        self._count = 0

    def hold(self, raw_lines: RawLines, count: int) -> None:
        """The log has these lines and no others: none need be taken before it is known which are wanted."""
        self._all, self._count = raw_lines, count

    @property
    def full(self) -> bool:
        """Whether no lines are taken any more around those picked."""
        return len(self._lines) >= MOST_LINES

    def see(self, raw_lines: RawLines, first: int, count: int, picked: Sequence[int]) -> None:
        """Take the lines around ``picked``.

        Args:
            raw_lines: gives the lines at some places of the stretch.
            first: number of the stretch's first line.
            count: lines in the stretch.
            picked: places in the stretch, in order.
        """
        if self._all is not None:
            return
        places = set(range(min(max(self._until - first + 1, 0), count)))
        if not self.full:
            for place in picked:
                places.update(range(max(place - AROUND, 0), min(place + AROUND + 1, count)))
                if place < AROUND:
                    self._lines.update(self._before[place - AROUND :])
            if picked:
                self._until = first + picked[-1] + AROUND
        last = range(max(count - AROUND, 0), count)
        wanted = [*places, *last]
        lines = [(first + place, line[:MOST_CHARACTERS]) for place, line in zip(wanted, raw_lines(wanted), strict=True)]
        self._lines.update(lines[: len(places)])
        self._before = [*self._before, *lines[len(places) :]][-AROUND:]

    def see_late(self, raw: Callable[[int, int], bytes], first: int, count: int, picked: Sequence[int]) -> None:
        """Take the lines around places of which only the last in the file will be quoted.

        ``raw`` gives the lines from one place to another, as they stand in the file.
        """
        for place in picked if self._all is None else ():
            begin, text = _near(raw, place, count)
            self._late.append((first + begin, text))

    def see_last(self, raw: Callable[[int, int], bytes], first: int, count: int, place: int, group: int) -> None:
        """Take the lines around the last line of a group, in place of those of an earlier one."""
        if self._all is None and (group in self._lasts or len(self._lasts) < MOST_LASTS):
            begin, text = _near(raw, place, count)
            self._lasts[group] = first + begin, text

    def around(self, numbers: Iterable[int]) -> Iterator[tuple[int, bytes]]:
        """Give the lines around the given ones, in order, as far as they were taken."""
        wanted: set[int] = set()
        for number in numbers:
            wanted.update(range(number - AROUND, number + AROUND + 1))
        if self._all is not None:
            there = sorted(number for number in wanted if 0 < number <= self._count)
            raw = self._all([number - 1 for number in there])
            return ((number, line[:MOST_CHARACTERS]) for number, line in zip(there, raw, strict=True))
        for begin, text in (*self._late, *self._lasts.values()):
            if not wanted.isdisjoint(range(begin, begin + 2 * AROUND + 1)):
                lines = text.split(b"\n")
                cut = lines if len(text) <= MOST_CHARACTERS else [line[:MOST_CHARACTERS] for line in lines]
                self._lines.update(enumerate(cut, begin))
        return ((number, self._lines[number]) for number in sorted(wanted & self._lines.keys()))


def _near(raw: Callable[[int, int], bytes], place: int, count: int) -> tuple[int, bytes]:
    """The first place and the text of the lines around one; the line alone where they are long."""
    begin = max(place - AROUND, 0)
    text = raw(begin, min(place + AROUND, count - 1))
    if len(text) > 2 * AROUND * MOST_CHARACTERS:
        return place, raw(place, place)[:MOST_CHARACTERS]
    return begin, text
