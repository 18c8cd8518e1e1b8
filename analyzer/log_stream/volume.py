"""Lines by minute and level, without an object for each line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np

from analyzer.log_stream.lines import Numbers, words_at
from parsers.log_volume import minute_of

_LEVELS = 16
_MONTH = 32 * 1440


class Volume:
    """Counts lines whose time is at a known place, in the form ``2026-02-12 06:20``."""

    def __init__(self) -> None:
        self._months: dict[int, Numbers] = {}

    def see(self, data: bytes, stamps: Numbers, level: Numbers) -> None:
        """Count lines.

        Args:
            data: the stretch that they stand in.
            stamps: where the time of each begins.
            level: the number of each one's level, below 16.
        """
        if not len(stamps):
            return
        month, day = words_at(data, stamps), words_at(data, stamps + 8)
        minute = (_digits(day, 0) * 1440 + _digits(day, 24) * 60 + _digits(day, 48)).astype(np.int64)
        for value in [int(month[0])] if bool((month == month[0]).all()) else np.unique(month).tolist():
            here = slice(None) if int(month[0]) == value and bool((month == value).all()) else month == value
            places = minute[here] * _LEVELS + level[here]
            places = places[minute[here] < _MONTH]
            if not len(places):
                continue
            counts = self._months.setdefault(value, np.zeros(_MONTH * _LEVELS, np.int32))
            base = int(places.min())
            found = np.bincount(places - base)
            counts[base : base + len(found)] += found.astype(np.int32)

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
            for place in np.flatnonzero(counts).tolist():
                minute, level = divmod(place, _LEVELS)
                if minute >= 1440:  # days are counted from 1
                    total[begin + minute - 1440, levels[level]] += int(counts[place])
        return total


def _digits(word: Numbers, shift: int) -> Numbers:
    """The number that two digits at a place of the word write."""
    nibble = np.uint64(15)
    found: Numbers = ((word >> np.uint64(shift)) & nibble) * np.uint64(10) + ((word >> np.uint64(shift + 8)) & nibble)
    return found
