"""Shapes and groups of lines told with numpy and pyarrow, without an object for each line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from analyzer.log_stream.lines import DIGITS, Numbers, Piece, begins, first_places, line_ends, words_at
from analyzer.log_stream.scan import K1, K2, K3
from analyzer.log_stream.shapes import MOST_SHAPES
from analyzer.log_stream.stretch import Stretch
from analyzer.log_stream.volume import Volume

try:  # the same function, without the quarter of a second in which pyarrow.compute makes its many others
    from pyarrow._compute import call_function
except ImportError:
    from pyarrow.compute import call_function

if TYPE_CHECKING:
    from analyzer.log_stream.scan import Lines, Unknown, Usual
    from analyzer.log_stream.shapes import Shapes


_BLOCK = 64 * 1024  # bytes whose digits are masked together: few enough for the fastest cache but one
_NINES = np.full(_BLOCK, 9, np.uint8)  # with one number in its place the largest of two takes fifteen times as long
_DIGITS_ALIKE = bytes.maketrans(DIGITS, b"1" * len(DIGITS))
#: lines with masked digits that are remembered: a log has twice as many as shapes
_MOST_MASKED = 4 * MOST_SHAPES


class ArrowScan:
    """See :class:`analyzer.log_stream.scan.Scan`."""

    def __init__(self, shapes: Shapes) -> None:
        self._shapes = shapes
        self._shape_of: dict[bytes, int] = {}
        self._shape_of_masked: dict[bytes, int] = {}
        self._group_of: dict[int, int] = {}

    def lines(self, piece: Piece) -> Lines:
        """Find the lines of a piece."""
        from analyzer.log_stream.scan import Lines

        data, end = piece.data, piece.end
        ends = line_ends(data, end)
        plain = data.isascii() and data.find(b"\0", 0, end) < 0
        return Lines(data, end, begins(ends), ends, ends[:0], plain)

    def shapes(self, lines: Lines) -> Numbers:
        """Give the number of the shape of each line."""
        if lines.plain:
            # to mask the digits takes a third of the time of taking them out; there are some more of these texts
            texts, known_of = texts_at(masked(lines.data, lines.end), 0, lines.ends), self._shape_of_masked
        else:
            texts, known_of = digitless(lines.data), self._shape_of
        local, words = distinct(texts)
        local = local[: len(lines.ends)]
        known = [known_of.get(word, -1) for word in words]
        if -1 in known:
            first = first_places(local, len(words))
            unknown = [number for number, shape in enumerate(known) if shape < 0]
            raws = [lines.data[lines.starts[place] : lines.ends[place]] for place in first[unknown].tolist()]
            for number, found in zip(unknown, self._shapes_of(raws), strict=True):
                known[number] = found
                if lines.plain and len(self._shape_of_masked) < _MOST_MASKED:
                    self._shape_of_masked[words[number]] = found
        shape: Numbers = np.array(known, np.int64)[local]
        return shape

    def _shapes_of(self, raws: Sequence[bytes]) -> list[int]:
        """The shapes of lines; those that differ in digits only have one."""
        words = [raw.translate(None, DIGITS) + b"\n" for raw in raws]
        new: dict[bytes, bytes] = {}
        for word, raw in zip(words, raws, strict=True):
            if word not in self._shape_of:
                new.setdefault(word, raw)
        found = dict(zip(new, self._shapes.new(list(new.values())), strict=True))
        for word, shape in found.items():
            if len(self._shape_of) < self._shapes.most_remembered:
                self._shape_of[word] = shape
        return [found[word] if word in found else self._shape_of[word] for word in words]

    def groups(self, part: Stretch, usual: Usual, new: Callable[[Unknown], int], volume: Volume) -> Numbers:
        """Give the group of each line; count all by time and level."""
        self._measure(part, volume)
        count = len(part.shape)
        group: Numbers = np.empty(count, np.int64)
        follow = following(part.heads, part.shape)
        special = self._shapes.special.upto(len(self._shapes.all)).copy()  # it may change while lines are looked at
        at = 0
        while at < count:
            rest = part.between(at, count)
            behind = None if follow is None else follow[at:]
            at += self._groups_from(rest, at, group[at:], behind, usual, special, new)
        return group

    def _groups_from(
        self,
        part: Stretch,
        before: int,
        group: Numbers,
        follow: Numbers | None,
        usual: Usual,
        special_shapes: Numbers,
        new: Callable[[Unknown], int],
    ) -> int:
        """Find groups until a line changes how the lines behind it are to be read; give how many have theirs.

        ``before`` lines of the stretch stand in front of the part.
        """
        from analyzer.log_stream.scan import Unknown

        shape, changes = part.shape, self._shapes.changes
        word, special = self._words(part), special_shapes[shape]
        group[:] = usual.group[shape]
        unusual = special | (group < 0) | (word != usual.word[shape])
        if follow is not None:
            unusual |= follow != 0
        places = np.flatnonzero(unusual)
        if not len(places):
            return len(shape)
        local, keys = distinct(as_numbers(self._keys(part, places, word, special, follow)))
        first = places[first_places(local, len(keys))]
        found = np.empty(len(keys), np.int64)
        for number, key in enumerate(keys):
            known, place = self._group_of.get(key), int(first[number])
            if known is None:
                behind = 0 if follow is None else int(follow[place])
                known = new(
                    Unknown(before + place, int(shape[place]), int(word[place]), behind, bool(special[place]), key)
                )
            found[number] = known
            if self._shapes.changes > changes:
                done = int(places.searchsorted(place, "right"))
                group[places[:done]] = found[local[:done]]
                return place + 1
        group[places] = found[local]
        return len(shape)

    def _words(self, part: Stretch) -> Numbers:
        """The eight bytes where each line's process id stands, 0 where there is none."""
        pid_at = self._shapes.pid_at.upto(len(self._shapes.all))[part.shape]
        at = part.starts + np.maximum(pid_at, 0)
        outside = (pid_at < 0) | (at + 8 > len(part.data))
        at[outside] = 0
        word = words_at(part.data, at)
        word[outside] = 0
        return word

    def _keys(self, part: Stretch, places: Numbers, word: Numbers, special: Numbers, follow: Numbers | None) -> Numbers:
        """A number for what counts of each line."""
        shape = part.shape[places]
        mixed: Numbers = (shape.astype(np.uint64) + np.uint64(1)) * K1
        mixed ^= np.where(special[places], np.uint64(0), word[places]) * K2
        if follow is not None:
            mixed ^= follow[places] * K3
        named = np.flatnonzero(special[places])
        if len(named):
            mixed[named] ^= self._contents(part, places[named])
            # what was remembered of a line before its numbers were read by rules no longer holds
            by_rules = named[self._shapes.rules_at.upto(len(self._shapes.all))[shape[named]] >= 0]
            mixed[by_rules] ^= K3 ^ word[places[by_rules]] * K2
        return mixed

    def _contents(self, part: Stretch, places: Numbers) -> Numbers:
        """A number for the content of each line, without the times at its head."""
        size, shape, start = len(self._shapes.all), part.shape[places], part.starts[places]
        length = part.ends[places] - start
        begin, end = (column.upto(size)[shape] for column in (self._shapes.stamp_begin, self._shapes.stamp_end))
        rules_at, rules_count = self._shapes.rules_at.upto(size), self._shapes.rules_count.upto(size)
        alike = ((rules_at >= 0) & (rules_count == 0))[shape]  # of their numbers only the length counts
        found = np.zeros(len(places), np.uint64)
        # each line is cut in three, its times in the middle; what stands between two lines is a fourth
        cuts = np.column_stack([start, *(start + np.minimum(cut, length) for cut in (begin, end, length))]).ravel()
        cuts[3::4] += 1
        texts = texts_at(part.data, cuts[:1], cuts[1:] - 1)
        for third in (0, 2) if begin.any() else (2,):
            for rows, change in ((~alike, None), (alike, _DIGITS_ALIKE)):
                if rows.any():
                    local, values = distinct(taken(texts, 4 * np.flatnonzero(rows) + third, change))
                    numbers = [hash((third, value)) & 0xFFFFFFFFFFFFFFFF for value in values]
                    found[rows] = found[rows] * K1 ^ np.array(numbers, np.uint64)[local]
        return found

    def remember(self, key: int, group: int) -> None:
        """From here on lines with this key belong to a group."""
        self._group_of[key] = group

    @property
    def remembered(self) -> int:
        """How many keys have a group."""
        return len(self._group_of)

    def forget(self) -> None:
        """No key has a group any more."""
        self._group_of.clear()

    def _measure(self, part: Stretch, volume: Volume) -> None:
        """Count the lines of a part by time and level."""
        size = len(self._shapes.all)
        at = self._shapes.time_at.upto(size)[part.shape]
        level = self._shapes.level.upto(size)[part.shape]
        dated = np.flatnonzero(at >= 0)
        if len(dated) < len(at):
            volume.see(part.data, part.starts[dated] + at[dated], level[dated])
        else:
            volume.see(part.data, part.starts + at, level)


def following(heads: Numbers | None, shape: Numbers) -> Numbers | None:
    """For each line that begins a record of several, a number that tells the shapes of its other lines; else 0."""
    if heads is None:
        return None
    count = len(shape)
    begin = np.flatnonzero(heads)
    if not len(begin) or (len(begin) == count):
        return None
    inside = np.arange(count) - begin[np.maximum(np.cumsum(heads) - 1, 0)]
    inside = np.where(inside < 0, 0, inside)
    value = (shape.astype(np.uint64) + np.uint64(1)) * (inside.astype(np.uint64) * K1 | np.uint64(1))
    value[heads] = 0
    sums = np.add.reduceat(value, begin)
    found = np.zeros(count, np.uint64)
    found[begin] = sums
    return found


def texts_at(data: bytes | Numbers, first: Numbers | int, ends: Numbers) -> Any:
    """The lines from ``first`` on as an Arrow array of bytes, each with its line end; nothing is copied."""
    offsets = np.empty(len(ends) + 1, np.int32)
    offsets[:1] = first
    np.add(ends, 1, out=offsets[1:], casting="unsafe")
    return pa.Array.from_buffers(pa.binary(), len(ends), [None, pa.py_buffer(offsets), pa.py_buffer(data)])


def distinct(values: Any) -> tuple[Numbers, list[Any]]:
    """Number the distinct values of an Arrow array in the order of their first places: (number of each, values)."""
    encoded = call_function("dictionary_encode", [values])
    # pyarrow's own to_numpy imports pandas, which takes half a second
    numbers = np.frombuffer(encoded.indices.buffers()[1], np.int32)[: len(values)]
    return numbers, encoded.dictionary.to_pylist()


def as_numbers(values: Numbers) -> Any:
    """Numbers of 64 bits as an Arrow array; pyarrow's own way imports pandas."""
    kind = pa.uint64() if values.dtype == np.uint64 else pa.int64()
    return pa.Array.from_buffers(kind, len(values), [None, pa.py_buffer(np.ascontiguousarray(values))])


def taken(values: Any, places: Numbers, change: bytes | None = None) -> Any:
    """Copy the values of an Arrow array of bytes at some places, each byte changed as a table of 256 says."""
    found = call_function("take", [values, as_numbers(places)])
    if change is None:
        return found
    _, offsets, text = found.buffers()
    changed = text.to_pybytes().translate(change)
    return pa.Array.from_buffers(pa.binary(), len(places), [None, offsets, pa.py_buffer(changed)])


def masked(data: bytes, end: int) -> Numbers:
    """Numbers for the bytes up to ``end``: one for all digits, one for each other byte."""
    text = np.frombuffer(data, np.uint8)[:end]
    found = np.empty(end, np.uint8)
    for at in range(0, end, _BLOCK):
        some, of_it = text[at : at + _BLOCK], found[at : at + _BLOCK]
        np.subtract(some, 48, out=of_it)  # digits become 0 to 9, the bytes below them more than all others
        np.maximum(of_it, _NINES[: len(some)], out=of_it)
    return found


def digitless(data: bytes) -> Any:
    """The whole lines of ``data`` without their digits, as an Arrow array of bytes."""
    shrunk = data.translate(None, DIGITS)
    return texts_at(shrunk, 0, line_ends(shrunk))
