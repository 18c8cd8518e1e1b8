from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from analyzer.log_stream.lines import PAD
from analyzer.log_stream.volume import Volume
from parsers.log_volume import MOST_BUCKETS, minute_of, volume_rows

TIMES = st.datetimes(datetime(2025, 12, 1), datetime(2026, 3, 31))
LEVELS = ["", "INFO", "ERROR"]


@given(st.lists(st.lists(st.tuples(TIMES, st.integers(0, 2)), max_size=8), max_size=4))
def test_lines_are_counted_by_minute_and_level(parts: list[list[tuple[datetime, int]]]) -> None:
    volume, expected = Volume(), {}
    for part in parts:
        texts = [f"{time:%Y-%m-%d %H:%M:%S} line" for time, _ in part]
        starts = np.cumsum([0, *(len(text) + 1 for text in texts)])[: len(texts)]
        data = "\n".join(texts).encode() + PAD
        volume.see(data, starts.astype(np.int64), np.array([level for _, level in part], np.int8))
        for time, level in part:
            key = minute_of(time.replace(tzinfo=UTC)), LEVELS[level]
            expected[key] = expected.get(key, 0) + 1
    assert volume.counts(LEVELS) == expected


def test_what_is_no_time_counts_nowhere() -> None:
    volume = Volume()
    data = b"2026-13-99 99:99:99 2026-02-00 00:00:00 20x6-02-01 00:00:00" + PAD
    volume.see(data, np.array([0, 20, 40]), np.array([1, 1, 1], np.int8))
    assert not volume.counts(LEVELS)


@given(st.dictionaries(st.tuples(st.integers(29_000_000, 32_000_000), st.sampled_from(LEVELS)), st.integers(1, 99)))
def test_rows_are_few_and_no_line_is_lost(counts: dict[tuple[int, str], int]) -> None:
    rows = volume_rows("a.log", counts)
    assert sum(row.lines for row in rows) == sum(counts.values())
    assert len({row.bucket for row in rows}) <= MOST_BUCKETS
    assert [row.bucket for row in rows] == sorted(row.bucket for row in rows)


def test_a_short_log_is_told_by_minutes() -> None:
    begin = minute_of(datetime(2026, 2, 12, 6, 20, 59, tzinfo=UTC))
    rows = volume_rows("a.log", {(begin, "INFO"): 3, (begin + 1, "ERROR"): 1})
    first = datetime(2026, 2, 12, 6, 20, tzinfo=UTC)
    assert [(row.bucket, row.level, row.lines) for row in rows] == [
        (first, "INFO", 3),
        (first + timedelta(minutes=1), "ERROR", 1),
    ]
