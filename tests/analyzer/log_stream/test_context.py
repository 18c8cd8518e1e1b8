from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from analyzer.log_stream.context import AROUND, Context


@given(
    st.lists(st.integers(1, 12), min_size=1, max_size=8),
    st.sets(st.integers(1, 60), max_size=6),
)
def test_lines_around_are_there_wherever_the_log_is_cut(sizes: list[int], wanted: set[int]) -> None:
    context, first = Context(), 1
    for size in sizes:
        places = sorted(number - first for number in wanted if first <= number < first + size)
        context.see(lambda at, first=first: [b"line %d" % (first + place) for place in at], first, size, places)
        first += size
    inside = {number for number in wanted if number < first}
    near = sorted({n for number in inside for n in range(number - AROUND, number + AROUND + 1) if 0 < n < first})
    assert list(context.around(inside)) == [(number, b"line %d" % number) for number in near]


def test_of_late_places_only_the_last_are_kept() -> None:
    context = Context()
    for number in range(1, 1001):
        context.see_late(lambda first, last, number=number: b"line %d" % number, number, 1, [0])
    kept = [number for number, _ in context.around(range(1, 1001))]
    assert kept == list(range(751, 1001))


def test_of_a_log_that_is_at_hand_as_a_whole_nothing_is_collected() -> None:
    lines = [b"line %d" % number for number in range(1, 31)]
    context = Context()
    context.hold(lambda places: [lines[place] for place in places], 25)  # another output begins behind these
    context.see(lambda places: [b"collected" for _ in places], 1, 25, [3])
    context.see_late(lambda first, last: b"collected", 1, 25, [4])
    context.see_last(lambda first, last: b"collected", 1, 25, 5, 0)
    assert list(context.around([2, 24])) == [(n, b"line %d" % n) for n in (*range(1, 8), *range(19, 26))]
