"""How many lines of which level a log has, by time: few rows, however long the log is."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from parsers.rows import LogVolumeRow

#: minutes that a row may stand for, and rows of one level at most
_SPANS = (1, 5, 10, 30, 60, 180, 360, 720, 1440, 7 * 1440, 30 * 1440, 365 * 1440)
MOST_BUCKETS = 240
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def minute_of(time: datetime) -> int:
    """The minute of a time, counted from 1970."""
    return int(time.timestamp()) // 60


def volume_rows(file: str, counts: Mapping[tuple[int, str], int]) -> list[LogVolumeRow]:
    """Give rows of the numbers of lines by (minute, level), joined to spans so that they are few."""
    minutes = [minute for minute, _ in counts]
    if not minutes:
        return []
    lasted = max(minutes) - min(minutes) + 1
    span = next((span for span in _SPANS if lasted / span < MOST_BUCKETS), _SPANS[-1])
    joined: dict[tuple[int, str], int] = {}
    for (minute, level), lines in counts.items():
        key = minute // span * span, level
        joined[key] = joined.get(key, 0) + lines
    return [
        LogVolumeRow(file, 1, bucket=_EPOCH + timedelta(minutes=minute), level=level, lines=lines)
        for (minute, level), lines in sorted(joined.items())
    ]
