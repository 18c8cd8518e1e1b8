"""The lines of a log that stand for all others.

Lines are told apart by their shape (the line without its digits) and process, those with names or addresses in
them by these as well. Of each such group the first and the last line are kept, with the lines that belong to them
and those that tell when they were written; the others are counted. Lines that count each by itself are kept in
numbers that are enough for any log that somebody could read, and counted beyond.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator

import numpy as np

from analyzer.log_stream.columns import Column
from analyzer.log_stream.context import Context
from analyzer.log_stream.groups import STRETCHES_HELD, Groups, Kept
from analyzer.log_stream.lines import (
    Numbers,
    as_numbers,
    as_texts,
    begins,
    digitless,
    distinct,
    line_ends,
    taken,
    texts_at,
    words_at,
)
from analyzer.log_stream.shapes import Shapes
from analyzer.log_stream.volume import Volume
from parsers.log_rows import FIRST_CHANGES, LAST_CHANGES

#: lines of a family of shapes looked at one by one, to tell the names in them
_LOOKED_AT = 300
_LOOKED_AT_OF_ROUTINE = 60
_LOOKED_AT_IF_FEW = 1500  # where the names are all that differs
_SAMPLED_EACH = 0.02  # a line more for each growth by this share, once that many were looked at
_SAMPLED_STRETCHES = 4  # in one of so many of them
MOST_GROUPS = 40_000
_EACH_COUNTED = 1000  # lines of a shape that are kept because each counts
_MOST_RESTARTS = 60  # of the container, in one file; what it logs after further ones is not told apart
_TAIL = 30  # the end of a log tells how it ended
_LONGEST_RECORD = 600  # lines; of a longer one only those are kept that are worth it
#: factors that make one number of several (odd, of many bits)
_K1, _K2, _K3 = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F), np.uint64(0x165667B19E3779F9)


class Sieve:
    """Takes the stretches of one log in order; gives the lines kept at the end."""

    def __init__(self, shapes: Shapes, identify: Callable[[bytes, int], object], context: Context) -> None:
        self.shapes = shapes
        self.groups = Groups(self._save_last)
        self.lines = 0
        self.longest = 0
        self._identify = identify
        self._context = context
        self._kept: dict[int, Kept] = {}
        self._expected, self._usual = Column(np.uint64), Column(np.int64, -1)
        self._by_content: dict[int, int] = {}
        self._looked_at: Counter[int] = Counter()
        self._groups_of: Counter[int] = Counter()
        self._shape_total, self._sample_at = Column(np.int64), Column(np.int64)
        self._sampled: set[int] = set()
        self._changes = 0
        self._late: deque[tuple[_Stretch, Numbers]] = deque()  # places of the last changes
        self._last_changes: deque[tuple[tuple[Kept, ...], tuple[Kept, ...]]] = deque(maxlen=LAST_CHANGES)
        self._each: Counter[int] = Counter()
        self._tail: list[Kept] = []
        self._clocks: dict[int, Kept] = {}  # lines that tell when others were written
        self._lasts: dict[int, tuple[tuple[Kept, ...], tuple[Kept, ...]]] = {}  # by group: record, and its clocks
        self._clock: Kept | None = None  # the last line with a time
        self._wants_clock = False
        self._without_clock: list[_Stretch] = []  # parts behind which no line with a time was seen yet
        self.volume = Volume()
        self._restarts = 0
        self._stretches = 0
        self._runs = _Runs()

    def feed(self, data: bytes, end: int, final: bool) -> int:
        """Take a stretch of whole lines; give how many bytes of it were taken: the last record may go on."""
        ends = line_ends(data, end)
        starts = begins(ends)
        local, words = distinct(digitless(data))
        known = self.shapes.numbers(words, _sampler(data, starts, ends, local))
        shape = known[local]
        heads = self._heads(known, shape)
        count = len(ends) if final else _whole_records(heads, len(ends))
        taken = end if count == len(ends) else int(starts[count])
        if count < len(ends):
            starts, ends, shape = starts[:count], ends[:count], shape[:count]
            heads = None if heads is None else heads[:count]
        self._stretches += 1
        if self._stretches % _SAMPLED_STRETCHES == 0:
            self.shapes.simplify_routine()
        part = _Stretch(data, starts, ends, shape, heads, self.lines)
        for begin, end in self._runs_of_container(shape):
            self._take(part.between(begin, end))
            self.lines += end - begin
        return taken

    def finish(self) -> tuple[list[Kept], dict[int, int], list[Kept]]:
        """Give the lines kept, in order; by number, how many equal ones before it a line stands for; clock lines."""
        while self._late:
            self._save_changes(*self._late.popleft())
        self.groups.finish()
        for record, around in (*self._lasts.values(), *self._last_changes):
            self._keep(*record)
            self._clocks.update((line.number, line) for line in around)
        self._keep(*self._tail)
        kept = sorted(self._kept.values())
        given = Counter(line.group for line in kept)
        latest = {line.group: line.number for line in kept}
        total = self.groups.total
        more = {number: int(total[group]) - given[group] for group, number in latest.items()}
        clocks = [line for number, line in self._clocks.items() if number not in self._kept]
        return kept, {number: left for number, left in more.items() if left > 0}, clocks

    def _keep(self, *lines: Kept) -> None:
        for line in lines:
            self._kept.setdefault(line.number, line)

    def _heads(self, known: Numbers, shape: Numbers) -> Numbers | None:
        """Which lines begin a record, as far as their shape tells; None where all do."""
        size = len(self.shapes.all)
        loose, partial = self.shapes.loose.upto(size), self.shapes.partial.upto(size)
        some_partial = bool(partial[known].any())
        if not some_partial and not loose[known].any():
            return None
        heads: Numbers = ~loose[shape]
        if some_partial:
            heads[1:] &= ~partial[shape[:-1]]
        return heads

    def _runs_of_container(self, shape: Numbers) -> Iterator[tuple[int, int]]:
        """Cut where the container starts anew: what it logs then is new, even if the same was logged before."""
        restarts = self.shapes.restart.upto(len(self.shapes.all))
        at = 0
        if self._restarts < _MOST_RESTARTS and restarts.any():
            for place in np.flatnonzero(restarts[shape])[: _MOST_RESTARTS - self._restarts].tolist():
                if place > at:
                    yield at, place
                at = place
                self._restarts += 1
                self._usual.upto(len(self.shapes.all))[:] = -1
                self._by_content.clear()
        if at < len(shape):
            yield at, len(shape)

    def _take(self, part: _Stretch) -> None:
        before = len(self.groups)
        group = self._grouped(part)
        part.group = group
        self._sample(part)
        self.groups.count(part)
        picked: set[int] = set(range(len(part.starts))[:1]) if not part.before else set()
        if len(self.groups) > before:
            first = np.full(len(self.groups), -1, np.int64)
            first[group[::-1]] = np.arange(len(group))[::-1]
            new = first[before:]
            picked.update(new[new >= 0].tolist())
        picked.update(self._counting(part))
        picked = self._with_records(part, picked)
        self._keep(*(part.line(place) for place in sorted(picked)))
        self._context.see(part.raw, part.before + 1, len(part.starts), sorted(picked))
        self._times(part, picked)
        self._measure(part)
        self._tail = [*self._tail, *(part.line(place) for place in range(len(part.starts))[-_TAIL:])][-_TAIL:]
        self.longest = max(self.longest, int((part.ends - part.starts).max()))
        if len(self.shapes.containers) > 2:
            self._runs.see(self.shapes.container.upto(len(self.shapes.all))[part.shape])

    # -- which group each line belongs to

    def _grouped(self, part: _Stretch) -> Numbers:
        shape, size = part.shape, len(self.shapes.all)
        pid_at = self.shapes.pid_at.upto(size)[shape]
        word = words_at(part.data, part.starts + np.maximum(pid_at, 0))
        word[pid_at < 0] = 0
        group: Numbers = self._usual.upto(size)[shape]
        special = self.shapes.special.upto(size)[shape]
        unusual = special | (group < 0) | (word != self._expected.upto(size)[shape])
        following = _following(part.heads, shape)
        if following is not None:
            unusual |= following != 0
        places = np.flatnonzero(unusual)
        if len(places):
            group[places] = self._unusual(part, places, word[places], special[places], following)
        return group

    def _unusual(
        self, part: _Stretch, places: Numbers, word: Numbers, special: Numbers, following: Numbers | None
    ) -> Numbers:
        """Groups of lines that are not simply more of the same shape and process."""
        shape = part.shape[places]
        follow = np.zeros(len(places), np.uint64) if following is None else following[places]
        content = np.zeros(len(places), np.uint64)
        named = np.flatnonzero(special)
        if len(named):
            content[named] = self._contents(part, places[named], shape[named])
        mixed = (shape.astype(np.uint64) + np.uint64(1)) * _K1
        mixed ^= np.where(special, np.uint64(0), word) * _K2
        mixed ^= follow * _K3
        mixed ^= content
        local, values = distinct(as_numbers(mixed))
        first = _first_places(local, len(values))
        found = np.empty(len(values), np.int64)
        for number, value in enumerate(values):
            group = self._by_content.get(value)
            if group is None:
                at = int(first[number])
                key = (int(shape[at]), int(word[at]), int(follow[at]))
                group = self._new(part, int(places[at]), key, bool(special[at]), value)
            found[number] = group
        return found[local]

    def _new(self, part: _Stretch, place: int, key: tuple[int, int, int], special: bool, value: int) -> int:
        shape, word, follow = key
        if special:
            return self._new_named(part, place, key, value)
        group = self._group(shape, (word, follow))
        if len(self._by_content) < MOST_GROUPS * 4:
            self._by_content[value] = group
        if not follow:
            self._expected[shape], self._usual[shape] = np.uint64(word), group
        return group

    def _new_named(self, part: _Stretch, place: int, key: tuple[int, int, int], value: int) -> int:
        shape, word, follow = key
        whole = self.shapes.family_of(shape)
        family = whole.number
        seen = self._looked_at[family]
        raw = part.raw(place)
        most = _LOOKED_AT_IF_FEW if 2 * self._groups_of[family] > seen else _LOOKED_AT
        if seen >= (_LOOKED_AT_OF_ROUTINE if whole.routine else most) or (self._groups_of[family] >= whole.groups):
            if not self.shapes.numbered(shape):
                # its lines differ in numbers: from here on only samples are looked at
                self.shapes.simplify(shape)
                if not whole.routine:
                    self._sampled.add(shape)
                return self._group(shape, (word, follow))
            text = raw.decode("utf-8", "replace")
            return self._group(shape, (word, follow, self.shapes.outcome(shape, text)))
        self._looked_at[family] += 1
        group = self._group(shape, (self._identify(raw, shape), follow))
        if len(self._by_content) < MOST_GROUPS * 4:
            self._by_content[value] = group
        return group

    def _group(self, shape: int, key: object) -> int:
        """The group of a key; beyond the limits that of the shape, or of its level."""
        whole: tuple[object, ...] = (shape, key, self._restarts)
        family = int(self.shapes.family[shape])
        if self._groups_of[family] >= self.shapes.families[family].groups or len(self.groups) >= MOST_GROUPS:
            whole = (family, "others") if len(self.groups) < 2 * MOST_GROUPS else (self.shapes.all[shape].level,)
        before = len(self.groups)
        group = self.groups.number(whole)
        self._groups_of[family] += len(self.groups) > before
        return group

    def _contents(self, part: _Stretch, places: Numbers, shape: Numbers) -> Numbers:
        """A number for the content of each line, without the times at its head."""
        offsets, text = taken(texts_at(part.data, part.starts[:1], part.ends), places)
        stamp = self.shapes.stamp.upto(len(self.shapes.all))[shape]
        for number in np.unique(stamp).tolist():
            begin, end = self.shapes.stamps[number]
            rows = np.flatnonzero(stamp == number)
            at = offsets[rows][:, None] + np.arange(begin, end, dtype=np.int32)
            text[np.minimum(at, offsets[rows + 1][:, None] - 1)] = 0
        local, values = distinct(as_texts(offsets, text))
        return np.array([hash(value) & 0xFFFFFFFFFFFFFFFF for value in values], np.uint64)[local]

    def _sample(self, part: _Stretch) -> None:
        """Look at one line now and then of shapes of which not every line is looked at."""
        if not self._sampled or self._stretches % _SAMPLED_STRETCHES:
            return
        size = len(self.shapes.all)
        counts = np.bincount(part.shape, minlength=size)
        total = self._shape_total.upto(size)
        total += _SAMPLED_STRETCHES * counts
        for shape in self._sampled:
            if counts[shape] and total[shape] >= self._sample_at[shape]:
                place = int(np.flatnonzero(part.shape == shape)[-1])
                part.group[place] = self._group(shape, (self._identify(part.raw(place), shape), 0))
                self._sample_at[shape] = int(total[shape] * (1 + _SAMPLED_EACH)) + 50

    # -- which lines are kept besides the first and last of a group

    def _counting(self, part: _Stretch) -> Iterable[int]:
        """Lines that count each by itself."""
        size = len(self.shapes.all)
        counted, change = self.shapes.counted.upto(size), self.shapes.change.upto(size)
        if counted.any():
            for place in np.flatnonzero(counted[part.shape])[:_EACH_COUNTED].tolist():
                shape = int(part.shape[place])
                self._each[shape] += 1
                if self._each[shape] <= _EACH_COUNTED:
                    yield place
        if change.any():
            places = np.flatnonzero(change[part.shape])
            room = max(FIRST_CHANGES - self._changes, 0)
            self._changes += len(places)
            yield from places[:room].tolist()
            later = places[room:][-LAST_CHANGES:]
            if len(later):
                self._late.append((part, later))
                while sum(len(other) for _, other in self._late) - len(self._late[0][1]) >= LAST_CHANGES:
                    self._late.popleft()
                if len(self._late) > STRETCHES_HELD:
                    self._save_changes(*self._late.popleft())

    def _with_records(self, part: _Stretch, picked: set[int]) -> set[int]:
        """Add the lines that belong to the same record; of a very long one those in front."""
        if part.heads is None or not picked:
            return picked
        found = set(picked)
        done = -1
        for place in sorted(picked):
            if place > done:
                record = part.record(place)
                found.update(record)
                done = record[-1]
        return found

    def _times(self, part: _Stretch, picked: set[int]) -> None:
        """Keep the lines with a time before and behind those without one."""
        is_timed = self.shapes.timed.upto(len(self.shapes.all))
        part.timed = np.flatnonzero(is_timed[part.shape])
        part.clock_before = self._clock
        self._without_clock.append(part)
        if len(part.timed):
            first = part.line(int(part.timed[0]))
            for before in self._without_clock[:-1]:
                before.clock_behind = first
            if self._wants_clock:
                self._clocks[first.number] = first
            self._clock, self._wants_clock = part.line(int(part.timed[-1])), False
            self._without_clock = [part]
        if len(part.timed) < len(part.shape):
            untimed = [place for place in sorted(picked) if not is_timed[part.shape[place]]]
            self._wants_clock = bool(untimed) and (not len(part.timed) or untimed[-1] > part.timed[-1])
            for place in untimed:
                self._clocks.update((line.number, line) for line in part.around(place))

    def _measure(self, part: _Stretch) -> None:
        """Count the lines by time and level."""
        size = len(self.shapes.all)
        at = self.shapes.time_at.upto(size)[part.shape]
        level = self.shapes.level.upto(size)[part.shape]
        dated = np.flatnonzero(at >= 0)
        if len(dated) == len(at):
            self.volume.see(part.data, part.starts + at, level)
        else:
            self.volume.see(part.data, part.starts[dated] + at[dated], level[dated])

    def _save_last(self, part: _Stretch, place: int, group: int) -> None:
        timed = self.shapes.timed[int(part.shape[place])]
        record = tuple(part.line(one) for one in part.record(place))
        self._lasts[group] = record, () if timed else part.around(place)

    def _save_changes(self, part: _Stretch, places: Numbers) -> None:
        """Keep late changes, with what tells their time and what stands around them."""
        wanted = places.tolist()
        for place in wanted:
            timed = self.shapes.timed[int(part.shape[place])]
            self._last_changes.append(((part.line(place),), () if timed else part.around(place)))
        self._context.see_late(part.raws, part.before + 1, len(part.starts), wanted)

    @property
    def several_logs(self) -> bool:
        """Whether lines of another container of the pod stand in a row: the file may hold several logs."""
        return self._runs.found


class _Stretch:
    """A stretch of lines with what is worked out of it."""

    def __init__(
        self, data: bytes, starts: Numbers, ends: Numbers, shape: Numbers, heads: Numbers | None, before: int
    ) -> None:
        self.data = data
        self.starts = starts
        self.ends = ends
        self.shape = shape
        self.heads = heads
        self.before = before
        self.group: Numbers = shape
        self._begins: Numbers | None = None  # places of lines that begin a record
        self.timed: Numbers = shape[:0]  # places of lines with a time
        self.clock_before: Kept | None = None  # the last such line in front of this part, the first one behind it
        self.clock_behind: Kept | None = None

    def between(self, begin: int, end: int) -> _Stretch:
        """A part of it; ``data`` stays the whole."""
        if end - begin == len(self.starts):
            return self
        heads = None if self.heads is None else self.heads[begin:end]
        return _Stretch(
            self.data, self.starts[begin:end], self.ends[begin:end], self.shape[begin:end], heads, self.before + begin
        )

    def raw(self, place: int) -> bytes:
        return self.data[self.starts[place] : self.ends[place]]

    def raws(self, first: int, last: int) -> bytes:
        """The lines from one place to another."""
        return self.data[self.starts[first] : self.ends[last]]

    def line(self, place: int) -> Kept:
        return Kept(self.before + 1 + place, self.raw(place), int(self.group[place]))

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
        at = int(self.timed.searchsorted(place))
        before = self.line(int(self.timed[at - 1])) if at > 0 else self.clock_before
        behind = self.line(int(self.timed[at])) if at < len(self.timed) else self.clock_behind
        return tuple(line for line in (before, behind) if line is not None)


class _Runs:
    """Counts lines in a row that another container of the pod must have written."""

    _SURE = 3

    def __init__(self) -> None:
        self.found = False
        self._current = self._candidate = self._votes = 0

    def see(self, containers: Numbers) -> None:
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


def _sampler(data: bytes, starts: Numbers, ends: Numbers, local: Numbers) -> Callable[[int], bytes]:
    """Gives the first line that has a local number."""
    first: Numbers | None = None

    def line(number: int) -> bytes:
        nonlocal first
        if first is None:
            first = _first_places(local, int(local.max()) + 1)
        place = first[number]
        return data[starts[place] : ends[place]]

    return line


def _first_places(local: Numbers, count: int) -> Numbers:
    first = np.empty(count, np.int64)
    first[local[::-1]] = np.arange(len(local))[::-1]
    return first


def _whole_records(heads: Numbers | None, count: int) -> int:
    """How many lines stand in front of the last record; all where there is no other."""
    if heads is None:
        return max(count - 1, 1)
    places = np.flatnonzero(heads)
    return int(places[-1]) if len(places) and places[-1] else count


def _following(heads: Numbers | None, shape: Numbers) -> Numbers | None:
    """For each line that begins a record of several, a number that tells the shapes of its other lines; else 0."""
    if heads is None:
        return None
    count = len(shape)
    begin = np.flatnonzero(heads)
    if not len(begin) or (len(begin) == count):
        return None
    inside = np.arange(count) - begin[np.maximum(np.cumsum(heads) - 1, 0)]
    inside = np.where(inside < 0, 0, inside)
    value = (shape.astype(np.uint64) + np.uint64(1)) * (inside.astype(np.uint64) * _K1 | np.uint64(1))
    value[heads] = 0
    sums = np.add.reduceat(value, begin)
    found = np.zeros(count, np.uint64)
    found[begin] = sums
    return found
