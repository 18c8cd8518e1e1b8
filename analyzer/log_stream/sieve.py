"""The lines of a log that stand for all others.

Lines are told apart by their shape (the line without its digits) and process, those with names or addresses in
them by these as well. Of each such group the first and the last line are kept, with the lines that belong to them
and those that tell when they were written; the others are counted. Lines that count each by itself are kept in
numbers that are enough for any log that somebody could read, and counted beyond.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator

from analyzer.log_stream.context import Context
from analyzer.log_stream.grouping import Grouping, Identify
from analyzer.log_stream.groups import Groups, Kept
from analyzer.log_stream.kind import HEAD
from analyzer.log_stream.lines import Numbers
from analyzer.log_stream.marks import CHANGE, COUNTED, FOREIGN, OF_CONTAINER, RESTART, TIMED
from analyzer.log_stream.scan import Lines, Scan
from analyzer.log_stream.shapes import Shapes
from analyzer.log_stream.stretch import Behind, Runs, Stretch
from analyzer.log_stream.volume import Volume
from parsers.log_rows import FIRST_CHANGES, LAST_CHANGES

_MOST_LOOKS, _MOST_LOOKS_IN_ALL = 20, 500  # at lines of a shape, of all, that may begin another output and did not
_EACH_COUNTED = 1000  # lines of a shape that are kept because each counts
_MOST_RESTARTS = 60  # of the container, in one file; what it logs after further ones is not told apart
_TAIL = 30  # the end of a log tells how it ended
_LATE_HELD = 12  # stretches at hand for the last changes: where there are many, only those of these stretches count


class Sieve:
    """Takes the stretches of one log in order; gives the lines kept at the end."""

    def __init__(
        self, shapes: Shapes, scan: Scan, identify: Identify, goes_on: Callable[[Lines, int], bool], context: Context
    ) -> None:
        self.shapes = shapes
        self.groups = Groups()
        self.lines = 0
        self.ended = False  # another output begins behind what was taken
        self._scan = scan
        self._goes_on = goes_on
        self._looks: Counter[int] = Counter()
        self._grouping = Grouping(shapes, scan, self.groups, identify)
        self._context = context
        self._kept: dict[int, Kept] = {}
        self._changes = 0
        self._late: deque[tuple[Stretch, Numbers]] = deque()  # places of the last changes
        self._last_changes: deque[tuple[tuple[Kept, ...], tuple[Kept, ...]]] = deque(maxlen=LAST_CHANGES)
        self._each: Counter[int] = Counter()
        self._tail: deque[Stretch] = deque()  # the last parts, with as many lines as the end of the log has
        self._clocks: dict[int, Kept] = {}  # lines that tell when others were written
        self._lasts: dict[int, tuple[tuple[Kept, ...], tuple[Kept, ...]]] = {}  # by group: record, and its clocks
        self._clock: Kept | None = None  # the last line with a time
        self._wants_clock = False
        self._behind = Behind()  # the parts taken since the last line with a time
        self.volume = Volume()
        self._restarts = 0
        self._runs = Runs()

    def feed(self, lines: Lines, last: bool) -> int:
        """Take lines; give how many were taken: the last record may go on behind them, unless they are the ``last``.

        Nothing is taken of a line, and what is behind it, with which another output begins; then :attr:`ended` holds.
        """
        shape = self._scan.shapes(lines)
        marks = self.shapes.marks.upto(len(self.shapes.all)).take(shape)
        whole = Stretch(lines.data, lines.starts, lines.ends, shape, marks, self.lines)
        count = len(shape) if last else _whole_records(whole.heads, len(shape))
        count = self._until_another(lines, shape, whole.marked(FOREIGN), count, last)
        if not count:
            return 0
        self._grouping.begin()
        whole = whole.between(0, count)
        if last and not self.lines:
            self._context.hold(whole.raw_lines, count)
        for begin, end in self._runs_of_container(whole):
            self._take(whole.between(begin, end))
            self.lines += end - begin
        return count

    def _until_another(self, lines: Lines, shape: Numbers, places: Numbers, count: int, last: bool) -> int:
        """How many of the first ``count`` lines are taken, where another output may begin at some places."""
        for place in map(int, places):
            what = int(shape[place])
            if place >= count or self._looks.total() >= _MOST_LOOKS_IN_ALL:
                break
            if not self.lines + place or self._looks[what] >= _MOST_LOOKS:
                continue  # what the log began with was looked at before
            if place and not last and lines.end - int(lines.starts[place]) < HEAD:
                return place  # it comes once more, with more behind it
            if not self._goes_on(lines, place):
                self.ended = True
                return place
            self._looks[what] += 1
            if self._looks[what] == _MOST_LOOKS:
                self.shapes.begin_nothing(what)
        return count

    def finish(self) -> tuple[list[Kept], dict[int, int], list[Kept]]:
        """Give the lines kept, in order; by number, how many equal ones before it a line stands for; clock lines."""
        while self._late:
            self._save_changes(*self._late.popleft())
        self.groups.finish(self._save_last)
        for record, around in (*self._lasts.values(), *self._last_changes):
            self._keep(*record)
            self._clocks.update((line.number, line) for line in around)
        self._keep(*self._end())
        kept = sorted(self._kept.values())
        given = Counter(line.group for line in kept)
        latest = {line.group: line.number for line in kept}
        total = self.groups.total
        more = {number: int(total[group]) - given[group] for group, number in latest.items()}
        clocks = [line for number, line in self._clocks.items() if number not in self._kept]
        return kept, {number: left for number, left in more.items() if left > 0}, clocks

    def _end(self) -> Iterator[Kept]:
        """The last lines, with the record that the first of them stands in."""
        wanted = _TAIL
        for part in reversed(self._tail):
            places = range(len(part.starts))[-wanted:]
            wanted -= len(places)
            if not wanted or part is self._tail[0]:
                yield from part.lines(part.record(places[0]))
            yield from part.lines(places)
            if not wanted:
                return

    def answer_of(self, line: Kept) -> int:
        """A number that two lines share of which the catalogue surely says the same, each by itself; -1 for none."""
        return self.shapes.answer_of(line.shape, self._grouping.outcomes.get(line.group))

    def _keep(self, *lines: Kept) -> None:
        for line in lines:
            self._kept.setdefault(line.number, line)

    def _runs_of_container(self, whole: Stretch) -> Iterator[tuple[int, int]]:
        """Cut where the container starts anew: what it logs then is new, even if the same was logged before."""
        at = 0
        if self._restarts < _MOST_RESTARTS:
            for place in whole.marked(RESTART)[: _MOST_RESTARTS - self._restarts].tolist():
                if place > at:
                    yield at, place
                at = place
                self._restarts += 1
                self._grouping.restart()
        if at < len(whole.shape):
            yield at, len(whole.shape)

    def _take(self, part: Stretch) -> None:
        part.group = self._grouping.group(part, self.volume)
        picked = set(self.groups.count(part, self._save_last))
        if not part.before:
            picked.add(0)
        picked.update(self._counting(part))
        picked = self._with_records(part, picked)
        places = sorted(picked)
        self._keep(*part.lines(places))
        self._context.see(part.raw_lines, part.before + 1, len(part.starts), places)
        self._times(part, picked)
        self._tail.append(part)
        while sum(len(other.starts) for other in self._tail) - len(self._tail[0].starts) >= _TAIL:
            self._tail.popleft()
        if part.any_marks & OF_CONTAINER and len(self.shapes.containers) > 2:
            self._runs.see(self.shapes.container.upto(len(self.shapes.all))[part.shape])

    # -- which lines are kept besides the first and last of a group

    def _counting(self, part: Stretch) -> Iterable[int]:
        """Lines that count each by itself."""
        for place in part.marked(COUNTED)[:_EACH_COUNTED].tolist():
            shape = int(part.shape[place])
            self._each[shape] += 1
            if self._each[shape] <= _EACH_COUNTED:
                yield place
        places = part.marked(CHANGE)
        if len(places):
            room = max(FIRST_CHANGES - self._changes, 0)
            self._changes += len(places)
            yield from places[:room].tolist()
            later = places[room:][-LAST_CHANGES:]
            if len(later):
                self._late.append((part, later))
                while sum(len(other) for _, other in self._late) - len(self._late[0][1]) >= LAST_CHANGES:
                    self._late.popleft()
                if len(self._late) > _LATE_HELD:
                    self._save_changes(*self._late.popleft())

    def _with_records(self, part: Stretch, picked: set[int]) -> set[int]:
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

    def _times(self, part: Stretch, picked: set[int]) -> None:
        """Keep the lines with a time before and behind those without one."""
        part.clock_before = self._clock
        timed = (part.marks & TIMED) != 0
        last = _last_of(timed)
        if last >= 0:
            first = part.line(int(timed.argmax()))
            self._behind.clock = first
            self._behind = Behind()
            if self._wants_clock:
                self._clocks[first.number] = first
            self._clock, self._wants_clock = part.line(last), False
        part.behind = self._behind
        if not timed.all():
            untimed = [place for place in sorted(picked) if not timed[place]]
            self._wants_clock = bool(untimed) and untimed[-1] > last
            for place in untimed:
                self._clocks.update((line.number, line) for line in part.around(place))

    def _save_last(self, part: Stretch, place: int, group: int) -> None:
        if self.groups.total[group] == 1 and not self._context.full:
            return  # it was kept as the first one
        timed = part.marks[place] & TIMED
        record = tuple(part.lines(part.record(place)))
        self._lasts[group] = record, () if timed else part.around(place)
        self._context.see_last(part.raws, part.before + 1, len(part.starts), place, group)

    def _save_changes(self, part: Stretch, places: Numbers) -> None:
        """Keep late changes, with what tells their time and what stands around them."""
        wanted = places.tolist()
        for place in wanted:
            timed = part.marks[place] & TIMED
            self._last_changes.append(((part.line(place),), () if timed else part.around(place)))
        self._context.see_late(part.raws, part.before + 1, len(part.starts), wanted)

    @property
    def several_logs(self) -> bool:
        """Whether lines of another container of the pod stand in a row: the file may hold several logs."""
        return self._runs.found


def _whole_records(heads: Numbers | None, count: int) -> int:
    """How many lines stand in front of the last record; all where there is no other."""
    if heads is None:
        return max(count - 1, 1)
    last = _last_of(heads)
    return last if last > 0 else count


def _last_of(are: Numbers) -> int:
    """The last place where something is so; -1 if it is so nowhere."""
    last = len(are) - 1 - int(are[::-1].argmax())
    return last if are[last] else -1
