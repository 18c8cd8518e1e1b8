from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.log_stream import groups
from analyzer.log_stream.columns import Column
from analyzer.log_stream.groups import Groups
from analyzer.log_stream.lines import Numbers


@dataclass
class Part:
    group: Numbers
    number: int


@pytest.mark.parametrize("count", [groups._count, groups._count_in_python], ids=["fastest", "python"])
@given(parts=st.lists(st.lists(st.integers(0, 5), min_size=1, max_size=6), min_size=1, max_size=30))
def test_lines_are_counted_and_the_last_of_each_group_is_known(count: Any, parts: list[list[int]]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(groups, "_count", count)
        check(parts)


def check(parts: list[list[int]]) -> None:
    last: dict[int, tuple[int, int]] = {}
    known = Groups()

    def save(part: Part, place: int, group: int) -> None:
        last[group] = part.number, place

    for number, part in enumerate(parts):
        firsts = known.count(Part(np.array([known.number(f"group {item}") for item in part]), number), save)
        before = {item for other in parts[:number] for item in other}
        assert firsts == sorted(part.index(item) for item in set(part) - before)
    known.finish(save)
    everything = [
        (known.number(f"group {item}"), number, place)
        for number, part in enumerate(parts)
        for place, item in enumerate(part)
    ]
    assert last == {group: (number, place) for group, number, place in everything}
    counts = [sum(group == other for other, _, _ in everything) for group in range(len(known))]
    assert known.total.upto(len(known)).tolist() == counts


def test_a_column_grows_and_begins_with_its_first_value() -> None:
    column = Column(np.int64, -1)
    column[5000] = 7
    assert (column[5000], column[0], column[9000]) == (7, -1, -1)
    column.upto(3)[1] = 4
    assert column.upto(3).tolist() == [-1, 4, -1]
