from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.backlog.over_time import MOST_COLUMNS, MOST_SPANS, spans_of, spans_svg, waves

BEGIN = datetime(2026, 3, 2, 10, 30, tzinfo=UTC)
TIMES = st.lists(
    st.tuples(st.datetimes(datetime(1971, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)), st.booleans()),
    max_size=30,
)


def every(step: timedelta, count: int) -> list[tuple[datetime, bool]]:
    return [(BEGIN + number * step, number % 4 != 0) for number in range(count)]


@pytest.mark.parametrize(
    "step, hours, label",
    [
        (timedelta(minutes=20), 1, "Mar 02 10:00"),
        (timedelta(hours=10), 24, "Mar 02"),
        (timedelta(days=5), 168, "Mar 02"),
        (timedelta(days=100), 8736, "Oct 2025"),
    ],
)
def test_spans_are_as_short_as_there_is_room_for(step: timedelta, hours: int, label: str) -> None:
    spans = spans_of(every(step, 60))
    assert spans[0].end - spans[0].start == timedelta(hours=hours)
    assert spans[0].label == label
    assert len(spans) <= MOST_SPANS


@given(TIMES)
def test_each_ticket_is_in_the_span_of_its_time_or_stray(times: list[tuple[datetime, bool]]) -> None:
    spans = spans_of(times)
    for span in spans:
        inside = [found for time, found in times if span.start <= time < span.end]
        assert (span.found, span.other) == (sum(inside), len(inside) - sum(inside))
    if len(times) < 50:
        assert sum(span.found + span.other for span in spans) == len(times)


def test_one_clock_that_is_years_off_does_not_press_the_others_together() -> None:
    spans = spans_of([*every(timedelta(hours=10), 100), (datetime(1999, 1, 1, tzinfo=UTC), True)])
    assert spans[0].start > datetime(2026, 2, 1, tzinfo=UTC)
    assert sum(span.found + span.other for span in spans) >= 97


def test_nothing_to_draw() -> None:
    assert spans_of([]) == ()
    assert spans_svg(()) == ""
    assert spans_svg(spans_of([(BEGIN, True)])) == ""


def test_the_drawing_says_what_it_shows_and_its_bars_add_up() -> None:
    drawing = str(spans_svg(spans_of(every(timedelta(hours=10), 60))))
    assert 'aria-label="Tickets over time: 60 from 2026-03-02 to 2026-03-28, at most 3 in one bar"' in drawing
    assert "from Mar 02: 1 ticket with a cause" in drawing
    assert drawing.count('class="bar') == sum(
        bool(count) for span in spans_of(every(timedelta(hours=10), 60)) for count in (span.found, span.other)
    )
    assert "style=" not in drawing


def test_a_wave_stands_out_in_its_row() -> None:
    timed = [(time, "usual") for time, _ in every(timedelta(hours=10), 60)]
    timed += [(BEGIN + timedelta(days=9, minutes=number), "wave") for number in range(40)]
    found = waves(spans_of([(time, True) for time, _ in timed]), timed)
    assert [cause for cause, _, _ in found.rows] == ["usual", "wave"]
    assert len(found.columns) <= MOST_COLUMNS
    counts, strong = found.rows[1][1:]
    assert (sum(counts), max(counts), max(strong), strong.count(0)) == (40, 40, 4, len(found.columns) - 1)
    assert sum(found.rows[0][1]) == 60


def test_no_waves_without_time() -> None:
    assert waves(spans_of([(BEGIN, True)]), [(BEGIN, "a")]).rows == ()
