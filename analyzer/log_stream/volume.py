"""Lines by minute and level, without an object for each line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from mmap import mmap

import numpy as np

from analyzer.log_stream.lines import Numbers, pairs_at
from parsers.log_volume import minute_of

_LEVELS = 16
_DAYS = 32
_MONTH = _DAYS * 1440
_DAY = 1440 * _LEVELS
_MOST_MONTHS = 60  # in one log; each takes room
_NOTHING: Numbers = np.empty(0, np.int32)


class Volume:
    """Counts lines whose time is at a known place, in the form ``2026-02-12 06:20``."""

    def __init__(self) -> None:
        self._months: dict[int, Numbers] = {}
        self.month_seen_last = 0

    def see(self, data: bytes, stamps: Numbers, level: Numbers) -> None:
        """Count lines.

        Args:
            data: the stretch that they stand in.
            stamps: where the time of each begins.
            level: the number of each one's level, below 16.
        """
        if not len(stamps):
            return
        month, day = pairs_at(data, stamps)
        # lines of one minute mostly stand together: its digits are read once
        other = np.concatenate(([True], (day[1:] != day[:-1]) | (month[1:] != month[:-1])))
        run, first = np.cumsum(other) - 1, np.flatnonzero(other)
        lines = np.bincount(run * _LEVELS + level, minlength=len(first) * _LEVELS).reshape(-1, _LEVELS)
        month, day = month[first], day[first]
        minute = (_digits(day, 0) * 1440 + _digits(day, 24) * 60 + _digits(day, 48)).astype(np.int64)
        for value in dict.fromkeys(month.tolist()):
            here = (month == value) & (minute < _MONTH)
            if here.any():
                counts = self.of_month(value)
                np.add.at(counts.reshape(-1, _LEVELS), minute[here], lines[here].astype(np.int32))
                counts[minute[here] // 1440] = 1

    def of_month(self, month: int) -> Numbers:
        """The counts of a month, given by eight bytes such as ``2026-02-``, by (minute from day 0 on) * 16 + level.

        Days are counted from 1: the first numbers, in the room of day 0, say of which days there are lines.
        """
        self.month_seen_last = month
        if not month:  # no line was seen yet
            return _NOTHING
        counts = self._months.get(month)
        if counts is None:
            # memory of its own is given page by page as it is written to: a log has lines on few days of a month
            counts = np.frombuffer(mmap(-1, 4 * _MONTH * _LEVELS), np.int32)
            if len(self._months) < _MOST_MONTHS:
                self._months[month] = counts
        return counts

    def counts(self, levels: Sequence[str]) -> Counter[tuple[int, str]]:
        """Give the numbers of lines by (minute since 1970, level)."""
        total: Counter[tuple[int, str]] = Counter()
        for word, counts in self._months.items():
            try:
                begin = minute_of(
                    datetime.strptime(word.to_bytes(8, "little")[:7].decode(), "%Y-%m").replace(tzinfo=UTC)
                )
            except ValueError:
                continue  # no month of any year
            of_month: dict[tuple[int, str], int] = {}
            for day in (np.flatnonzero(counts[1:_DAYS]) + 1).tolist():
                of_day = counts[day * _DAY : (day + 1) * _DAY]
                places = np.flatnonzero(of_day)
                minutes = (places // _LEVELS + (begin + (day - 1) * 1440)).tolist()
                names = [levels[level] for level in (places % _LEVELS).tolist()]
                of_month.update(zip(zip(minutes, names, strict=True), of_day[places].tolist(), strict=True))
            total.update(of_month)  # what says to be a 31st of February is counted with the 3rd of March
        return total


def _digits(word: Numbers, shift: int) -> Numbers:
    """The number that two digits at a place of the word write."""
    nibble = np.uint64(15)
    found: Numbers = ((word >> np.uint64(shift)) & nibble) * np.uint64(10) + ((word >> np.uint64(shift + 8)) & nibble)
    return found
