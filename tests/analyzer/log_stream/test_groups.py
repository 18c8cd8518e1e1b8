from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from analyzer.log_stream.columns import Column
from analyzer.log_stream.groups import Groups
from analyzer.log_stream.lines import Numbers


@dataclass
class Part:
    group: Numbers
    number: int


@given(st.lists(st.lists(st.integers(0, 5), min_size=1, max_size=6), min_size=1, max_size=30))
def test_lines_are_counted_and_the_last_of_each_group_is_known(parts: list[list[int]]) -> None:
    last: dict[int, tuple[int, int]] = {}
    groups = Groups(lambda part, place, group: last.__setitem__(group, (part.number, place)))
    for number, part in enumerate(parts):
        firsts = groups.count(Part(np.array([groups.number(f"group {item}") for item in part]), number))
        before = {item for other in parts[:number] for item in other}
        assert firsts == sorted(part.index(item) for item in set(part) - before)
    groups.finish()
    everything = [
        (groups.number(f"group {item}"), number, place)
        for number, part in enumerate(parts)
        for place, item in enumerate(part)
    ]
    assert last == {group: (number, place) for group, number, place in everything}
    counts = [sum(group == other for other, _, _ in everything) for group in range(len(groups))]
    assert groups.total.upto(len(groups)).tolist() == counts


def test_a_column_grows_and_begins_with_its_first_value() -> None:
    column = Column(np.int64, -1)
    column[5000] = 7
    assert (column[5000], column[0], column[9000]) == (7, -1, -1)
    column.upto(3)[1] = 4
    assert column.upto(3).tolist() == [-1, 4, -1]
