"""Which group each line belongs to.

Lines are told apart by their shape and process; those with names or addresses in them by these as well, as long as
there are not too many: then by their shape only, with a look at one now and then.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable

import numpy as np

from analyzer.log_stream.columns import Column
from analyzer.log_stream.groups import Groups
from analyzer.log_stream.lines import Numbers
from analyzer.log_stream.scan import Scan, Unknown, Usual
from analyzer.log_stream.shapes import Shapes
from analyzer.log_stream.stretch import Stretch
from analyzer.log_stream.volume import Volume
from parsers.message_numbers import Outcome

#: lines of a family of shapes looked at one by one, to tell the names in them
_LOOKED_AT = 300
_LOOKED_AT_OF_ROUTINE, _LOOKED_AT_IF_ALIKE = 60, 15
_LOOKED_AT_IF_FEW = 1500  # where the names are all that differs
_SAMPLED_EACH = 0.02  # a line more for each growth by this share, once that many were looked at
_SAMPLED_STRETCHES = 4  # in one of so many of them
MOST_GROUPS = 40_000
Identify = Callable[[bytes, int], tuple[Hashable, Outcome]]


class Grouping:
    """Tells the groups of the lines of one log.

    Args:
        shapes: of its lines.
        scan: goes over the bytes.
        groups: those known so far.
        identify: gives what two lines of one group share, and what the catalogue finds in their numbers.

    Attributes:
        outcomes: by group, what the catalogue finds in the numbers of all its lines, where that is known.
    """

    def __init__(self, shapes: Shapes, scan: Scan, groups: Groups, identify: Identify) -> None:
        self.shapes = shapes
        self.groups = groups
        self._scan = scan
        self._identify = identify
        self._usual, self._expected = Column(np.int64, -1), Column(np.uint64)
        self._looked_at: Counter[int] = Counter()
        self._groups_of: Counter[int] = Counter()
        self._shape_total, self._sample_at = Column(np.int64), Column(np.int64)
        self._sampled: set[int] = set()
        self._stretches = 0
        self._restarts = 0
        self.outcomes: dict[int, Outcome] = {}

    def begin(self) -> None:
        """A new stretch comes."""
        self._stretches += 1
        if self._stretches % _SAMPLED_STRETCHES == 0:
            self.shapes.simplify_routine()

    def restart(self) -> None:
        """The container starts anew: what it logs from here on is new, even if the same was logged before."""
        self._restarts += 1
        self._usual.upto(len(self.shapes.all))[:] = -1
        self._scan.forget()

    def group(self, part: Stretch, volume: Volume) -> Numbers:
        """Give the group of each line of a part; count them in ``volume``."""
        size = len(self.shapes.all)
        usual = Usual(self._usual.upto(size), self._expected.upto(size))
        group = self._scan.groups(part, usual, lambda unknown: self._new(part, unknown), volume)
        self._sample(part, group)
        return group

    def _new(self, part: Stretch, line: Unknown) -> int:
        if line.special:
            return self._new_named(part, line)
        group = self._group(line.shape, (line.word, line.follow))
        self._remember(line.key, group)
        if not line.follow:
            self._expected[line.shape], self._usual[line.shape] = np.uint64(line.word), group
        return group

    def _new_named(self, part: Stretch, line: Unknown) -> int:
        shape, word, follow = line.shape, line.word, line.follow
        whole = self.shapes.family_of(shape)
        family = whole.number
        seen = self._looked_at[family]
        most = _LOOKED_AT_IF_FEW if 2 * self._groups_of[family] > seen else _LOOKED_AT
        if whole.routine:
            alike = self._groups_of[family] <= whole.known  # so far only shapes tell them apart
            most = _LOOKED_AT_IF_ALIKE + whole.known if alike else _LOOKED_AT_OF_ROUTINE
        enough = not whole.special or whole.nameless or whole.by_rules or seen >= most
        enough = enough or self._groups_of[family] >= whole.groups
        if enough and not whole.numbered:
            # its lines differ in numbers: from here on only samples are looked at
            if whole.special:  # else a line before this one was the last looked at
                self.shapes.simplify(shape)
            if not whole.routine:
                self._sampled.add(shape)
            return self._group(shape, (word, follow))
        raw = part.raw(line.place)
        if enough:
            outcome = self.shapes.outcome(shape, raw.decode("utf-8", "replace"))
            group = self._group(shape, (word, follow, outcome), outcome)
            if self.shapes.read_by_rules(shape):
                self._remember(line.key, group)
            return group
        self._looked_at[family] += 1
        identity, outcome = self._identify(raw, shape)
        group = self._group(shape, (identity, outcome, follow), outcome)
        self._remember(line.key, group)
        return group

    def _remember(self, key: int, group: int) -> None:
        if self._scan.remembered < MOST_GROUPS * 4:
            self._scan.remember(key, group)

    def _group(self, shape: int, key: object, outcome: Outcome | None = None) -> int:
        """The group of a key; beyond the limits that of the shape, or of its level."""
        whole: tuple[object, ...] = (shape, key, self._restarts)
        known = self.groups.known(whole)
        if known is not None:
            return known
        of_shape = self.shapes.family_of(shape)
        family = of_shape.number
        if self._groups_of[family] >= of_shape.groups or len(self.groups) >= MOST_GROUPS:
            whole = (family, "others") if len(self.groups) < 2 * MOST_GROUPS else (self.shapes.all[shape].level,)
            outcome = None
        before = len(self.groups)
        group = self.groups.number(whole)
        if outcome is not None:
            self.outcomes[group] = outcome
        self._groups_of[family] += len(self.groups) > before
        return group

    def _sample(self, part: Stretch, group: Numbers) -> None:
        """Look at one line now and then of shapes of which not every line is looked at."""
        if not self._sampled or self._stretches % _SAMPLED_STRETCHES:
            return
        size = len(self.shapes.all)
        counts = np.bincount(part.shape, minlength=size)
        total, sample_at = self._shape_total.upto(size), self._sample_at.upto(size)
        total += _SAMPLED_STRETCHES * counts
        sampled = np.fromiter(self._sampled, np.int64, len(self._sampled))
        due = sampled[(counts[sampled] > 0) & (total[sampled] >= sample_at[sampled])]
        last = np.zeros(size, np.int64)
        last[part.shape] = np.arange(len(part.shape))  # of equal ones the last stays
        for shape, place in zip(due.tolist(), last[due].tolist(), strict=True):
            group[place] = self._group(shape, (*self._identify(part.raw(place), shape), 0))
            sample_at[shape] = int(total[shape] * (1 + _SAMPLED_EACH)) + 50
