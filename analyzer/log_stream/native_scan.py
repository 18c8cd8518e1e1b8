"""Shapes and groups of lines told in C; importing it fails where that was not compiled."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable
from functools import lru_cache
from itertools import chain, starmap
from typing import TYPE_CHECKING

import numpy as np

from analyzer.log_stream import _scan
from analyzer.log_stream.blocks import SEED
from analyzer.log_stream.lines import Numbers, Piece
from analyzer.log_stream.stretch import Stretch
from analyzer.log_stream.volume import Volume

if TYPE_CHECKING:
    from analyzer.log_stream.scan import Lines, Unknown, Usual
    from analyzer.log_stream.shapes import Family, Shapes

if getattr(_scan, "FORM", 0) != 10:
    raise ImportError("the C part was compiled from other sources: install again")

_DRAWN = int.from_bytes(os.urandom(8), "little")  # nobody can write lines whose numbers fall together
_TOGETHER = 256  # lines of unknown groups that are looked at before what is known of others is taken in
_WORTH = 500  # lines that are looked at before the texts are put into an automaton, which takes as long as 2,000 do
_LOOKED_AT = itertools.count()  # lines of all logs, of a known bare text, that were looked at and said nothing new
_FIRST_LOOKS = 8  # at lines of a stretch, before others like those are found in C; then twice as many, and so on
_LONGEST = 4096  # bytes of a line that is not looked at again
_LINES = 1 << 15  # room at the beginning; doubled when a stretch has more


def _columns(lines: int, *kinds: type) -> list[Numbers]:
    return [np.empty(lines, kind) for kind in kinds]


def _distinct(numbers: Numbers) -> tuple[Numbers, Numbers]:
    """The first place of each number, in their order, and for each place which of them stands there."""
    first, which = _columns(len(numbers), np.int64, np.int64)
    count = _scan.distinct(_DRAWN, numbers, first, which)
    return first[:count], which


@lru_cache(maxsize=2)  # all logs are asked for the texts of one catalogue
def _texts(texts: tuple[str, ...], short: int) -> _scan.Texts:
    """The automaton that finds texts; ``short`` has a bit for each that need not be found."""
    return _scan.Texts(
        [b"" if short >> at & 1 else text.encode("utf-8", "surrogatepass") for at, text in enumerate(texts)]
    )


class NativeScan:
    """See :class:`analyzer.log_stream.scan.Scan`. Lines are told apart by numbers of 64 bits made of their bytes.

    Two lines get the same number by chance in one of a hundred million logs, and nobody can make it happen: the
    numbers depend on a seed that is drawn anew for each run.
    """

    def __init__(self, shapes: Shapes) -> None:
        self._shapes = shapes
        self._shape_of = _scan.Table(int.from_bytes(os.urandom(8), "little"))
        self._group_of = _scan.Table(int.from_bytes(os.urandom(8), "little"))
        self._likes: _scan.Likes | None = None
        self._texts = _texts(shapes.literal_texts, shapes.short) if _texts.cache_info().currsize else None
        shapes.on_other, shapes.texts_in = self._another, self._texts_in
        self._lines = _columns(_LINES, np.int64, np.int64, np.uint64)  # begin, end and number of each
        self._keys = _columns(_LINES, np.uint64, np.uint64, np.uint64)  # word, follow and key of each
        self._counted = 0  # lines of the part at hand that are counted by time

    def lines(self, piece: Piece) -> Lines:
        """Find the lines of a piece, and the number of each one's shape."""
        from analyzer.log_stream.scan import Lines

        found, end = piece.found, piece.end if piece.found is None else piece.begin
        while True:
            starts, ends, numbers = self._lines
            count, unusual = _scan.lines(SEED, piece.data, end, starts, ends, numbers)
            if count >= 0:
                break
            self._lines = _columns(2 * len(starts), np.int64, np.int64, np.uint64)
        if found is None:
            starts, ends, numbers = (column[:count].copy() for column in self._lines)
            return Lines(piece.data, piece.end, starts, ends, numbers, not unusual)
        starts = np.concatenate((starts[:count], np.frombuffer(found.starts, np.int64) + end))
        ends = np.concatenate((ends[:count], np.frombuffer(found.ends, np.int64) + end))
        numbers = np.concatenate((numbers[:count], np.frombuffer(found.numbers, np.uint64)))
        return Lines(piece.data, piece.end, starts, ends, numbers, not unusual and found.plain)

    def shapes(self, lines: Lines) -> Numbers:
        """Give the number of the shape of each line."""
        count = len(lines.numbers)
        shape, places = _columns(count, np.int64, np.int64)
        unknown = _scan.look_up(self._shape_of, lines.numbers, shape, places)
        if not unknown:
            return shape
        places = places[:unknown]
        first, which = _distinct(lines.numbers[places])
        firsts = places[first]
        numbers, starts, ends = (column[firsts] for column in (lines.numbers, lines.starts, lines.ends))
        found: Numbers = np.full(len(firsts), -1, np.int64)
        bare: Numbers = np.zeros(len(firsts), np.uint64)
        at, looks = 0, _FIRST_LOOKS
        while at < len(firsts):
            rest = slice(at, None)
            at += self._looked_at(lines.data, starts[rest], ends[rest], bare[rest], found[rest], looks)
            looks *= 2
        self._shape_of.set_all(numbers, found, self._shapes.most_remembered)
        shape[places] = found[which]
        return shape

    def _looked_at(self, data: bytes, starts: Numbers, ends: Numbers, bare: Numbers, found: Numbers, most: int) -> int:
        """Find the shapes of lines until so many were looked at; give how many lines have theirs.

        The numbers of their bare texts are kept in ``bare`` once they are known.
        """
        if self._likes is not None:
            self._likes.find(data, starts, ends, found, bare)
        places = np.flatnonzero(found < 0)[:most]
        end = int(places[-1]) + 1 if len(places) == most else len(found)
        if end > len(places):
            part = found[:end]
            self._shapes.pass_over(part[part >= 0].tolist())
        if len(places):
            spans = zip(starts[places].tolist(), ends[places].tolist(), strict=True)
            found[places] = self._shapes.new([data[start:end] for start, end in spans])
        return end

    def _another(self, bare: bytes, family: Family) -> None:
        """From here on lines with this bare text need not be looked at, unless they say something new."""
        if len(bare) > _LONGEST:
            return
        if self._likes is None:
            if self._texts is None and next(_LOOKED_AT) >= _WORTH:
                self._texts = _texts(self._shapes.literal_texts, self._shapes.short)
            if self._texts is None:
                return
            self._likes = _scan.Likes(int.from_bytes(os.urandom(8), "little"), self._texts)
        known = family.texts.to_bytes(len(self._shapes.literal_texts) // 8 + 1, "little")
        self._likes.set(bare, family.others, known)

    def _texts_in(self, line: bytes) -> int | None:
        """The catalogue's texts in a line, as bits; None where the line is not told here."""
        found = self._texts.find(line) if self._texts is not None else None
        return int.from_bytes(found, "little") if found is not None else None

    def groups(self, part: Stretch, usual: Usual, new: Callable[[Unknown], int], volume: Volume) -> Numbers:
        """Give the group of each line; count all by time and level."""
        count = len(part.shape)
        if count > len(self._keys[0]):
            self._keys = _columns(2 * count, np.uint64, np.uint64, np.uint64)
        group: Numbers = np.empty(count, np.int64)
        special = self._shapes.special.upto(len(self._shapes.all)).copy()  # it may change while lines are looked at
        at = self._counted = 0
        while at < count:
            rest = part.between(at, count)
            at += self._groups_from(rest, at, group[at:], usual, special, new, volume)
        self._measure(part, volume)
        return group

    def _groups_from(
        self,
        part: Stretch,
        before: int,
        group: Numbers,
        usual: Usual,
        special: Numbers,
        new: Callable[[Unknown], int],
        volume: Volume,
    ) -> int:
        """Find groups until a line changes how the lines behind it are to be read; give how many have theirs.

        ``before`` lines of the stretch stand in front of the part.
        """
        from analyzer.log_stream.scan import Unknown

        shapes, size, count = self._shapes, len(special), len(part.shape)
        word, follow, number = (column[:count] for column in self._keys)
        (places,) = _columns(count, np.int64)
        changes, month = shapes.changes, volume.month_seen_last
        unknown, counted = _scan.groups(
            self._group_of, part.data, part.starts, part.ends, part.shape, group, word, number, follow,
            shapes.pid_at.upto(size), shapes.stamp_begin.upto(size), shapes.stamp_end.upto(size),
            usual.word, usual.group, special,
            shapes.rules_at.upto(size), shapes.rules_count.upto(size), shapes.rules, places,
            shapes.time_at.upto(size), shapes.level.upto(size), volume.of_month(month), month,
            self._counted - before, part.heads,
        )  # fmt: skip
        self._counted = before + counted
        if not unknown:
            return count
        places = places[:unknown]
        first, which = _distinct(number[places])
        firsts = places[first]
        shape_of = part.shape[firsts]
        columns = (firsts, shape_of, *(column[firsts] for column in (word, follow)), special[shape_of], number[firsts])
        found: list[int] = []
        alike: dict[tuple[int, int, int], int] = {}  # groups of lines whose contents count no more
        # where many are unknown, the first few often change how the others are to be read
        blocks = (
            [column[at : at + _TOGETHER].tolist() for column in columns] for at in range(0, len(firsts), _TOGETHER)
        )
        for place, shape, its_word, behind, is_special, key in chain.from_iterable(starmap(zip, blocks)):
            known = alike.get((shape, its_word, behind)) if is_special else None
            if known is None:
                known = new(Unknown(before + place, shape, its_word, behind, is_special, key))
                if is_special and not shapes.family_of(shape).special:
                    alike[shape, its_word, behind] = known
            found.append(known)
            if shapes.changes > changes:
                count = place + 1
                places = places[: int(places.searchsorted(count))]
                break
        group[places] = np.array(found)[which[: len(places)]]
        return count

    def remember(self, key: int, group: int) -> None:
        """From here on lines with this key belong to a group."""
        self._group_of.set(key, group)

    @property
    def remembered(self) -> int:
        """How many keys have a group."""
        return len(self._group_of)

    def forget(self) -> None:
        """No key has a group any more."""
        self._group_of.clear()

    def _measure(self, part: Stretch, volume: Volume) -> None:
        """Count the lines of a part by time and level that are not counted yet: from the first of a month on."""
        shapes, at, count = self._shapes, self._counted, len(part.shape)
        if at >= count:
            return
        size = len(shapes.all)
        time_at, level = shapes.time_at.upto(size), shapes.level.upto(size)
        month = volume.month_seen_last
        while True:
            at = _scan.minutes(part.data, part.starts, part.shape, time_at, level, volume.of_month(month), at, month)
            if at >= count:
                return
            stamp = int(part.starts[at]) + int(time_at[part.shape[at]])
            month = int.from_bytes(part.data[stamp : stamp + 8], "little")
