"""Tickets over time: spans of equal length, a drawing of them, and which cause came when."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from markupsafe import Markup

from analyzer.report import words

_HOUR = 3600
#: lengths of a span (seconds) with how its start is written
STEPS = (
    (_HOUR, "%b %d %H:00"),
    (6 * _HOUR, "%b %d %H:00"),
    (24 * _HOUR, "%b %d"),
    (7 * 24 * _HOUR, "%b %d"),
    (28 * 24 * _HOUR, "%b %d %Y"),
    (364 * 24 * _HOUR, "%b %Y"),
)
#: spans that the drawing has room for, and that the table has (it puts several together)
MOST_SPANS = 64
MOST_COLUMNS = 16
MOST_CAUSES = 10
#: share of the tickets, at either end, whose times may be so far off that they are left out of the drawing
STRAY = 0.02
WIDTH, LEFT, TALL, TOP = 960.0, 48.0, 150.0, 24.0
#: where weeks begin: a Monday
_ORIGIN = datetime(1970, 1, 5, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Span:
    """How many tickets a span of time has: with a cause found, and without."""

    start: datetime
    end: datetime
    label: str
    found: int
    other: int


@dataclass(frozen=True, slots=True)
class Waves:
    """The most frequent first causes by spans of time: a wave of one incident stands out in its row."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[int, ...], tuple[int, ...]], ...]  # (cause, counts, how strong 0..4)


def spans_of(times: Sequence[tuple[datetime, bool]]) -> tuple[Span, ...]:
    """Give spans that cover the times, of the shortest length that needs at most :data:`MOST_SPANS`.

    Args:
        times: of each ticket, with whether a cause was found.
    """
    if not times:
        return ()
    first, last = _without_strays(sorted(time for time, _ in times))
    seconds, form = next(
        ((step, form) for step, form in STEPS if (last - first).total_seconds() / step < MOST_SPANS - 1), STEPS[-1]
    )
    start = _ORIGIN + (first - _ORIGIN) // timedelta(seconds=seconds) * timedelta(seconds=seconds)
    starts = [start]
    while starts[-1] + timedelta(seconds=seconds) <= last and len(starts) < 4 * MOST_SPANS:
        starts.append(starts[-1] + timedelta(seconds=seconds))
    counts = Counter((bisect_right(starts, time) - 1, found) for time, found in times if time >= start)
    end = starts[-1] + timedelta(seconds=seconds)
    late = sum(time >= end for time, _ in times)
    if late:  # they are counted to the last span by bisect
        for time, found in times:
            if time >= end:
                counts[len(starts) - 1, found] -= 1
    return tuple(
        Span(one, one + timedelta(seconds=seconds), f"{one:{form}}", counts[number, True], counts[number, False])
        for number, one in enumerate(starts)
    )


def _without_strays(times: Sequence[datetime]) -> tuple[datetime, datetime]:
    """First and last time, without a few that would press all others into a corner."""
    stray = int(len(times) * STRAY)
    inner, outer = times[len(times) - 1 - stray] - times[stray], times[-1] - times[0]
    if stray and inner < outer / 2:
        return times[stray], times[len(times) - 1 - stray]
    return times[0], times[-1]


def spans_svg(spans: Sequence[Span]) -> Markup:
    """Draw the spans as stacked bars; "" where there is nothing to compare."""
    highest = max((span.found + span.other for span in spans), default=0)
    if len(spans) < 2 or not highest:
        return Markup("")
    width = (WIDTH - LEFT - 8) / len(spans)
    bottom = TOP + TALL
    parts = [
        Markup('<line class="lane" x1="{:g}" x2="{:g}" y1="{:g}" y2="{:g}"/>').format(LEFT, WIDTH, bottom, bottom),
        Markup('<line class="tick" x1="{:g}" x2="{:g}" y1="{:g}" y2="{:g}"/>').format(LEFT, WIDTH, TOP, TOP),
        Markup('<text class="tick-label" x="{:g}" y="{:g}" text-anchor="end">{}</text>').format(
            LEFT - 8, TOP + 4, highest
        ),
        Markup('<text class="tick-label" x="{:g}" y="{:g}" text-anchor="end">0</text>').format(LEFT - 8, bottom + 4),
    ]
    every = max(1, -(-len(spans) // 8))
    for number, span in enumerate(spans):
        x, y = LEFT + number * width, bottom
        for count, kind, what in ((span.found, "found", "with a cause"), (span.other, "other", "without")):
            y -= TALL * count / highest
            if count:
                said = f"from {span.label}: {words.plural(count, 'ticket')} {what}"
                parts.append(_bar(kind, x + 1, y, max(1.0, width - 2), TALL * count / highest, said))
        if number % every == 0:
            parts.append(
                Markup('<text class="tick-label" x="{:.1f}" y="{:g}">{}</text>').format(x, bottom + 18, span.label)
            )
    title = (
        f"Tickets over time: {sum(span.found + span.other for span in spans)} from {spans[0].start:%Y-%m-%d} "
        f"to {spans[-1].end:%Y-%m-%d}, at most {highest} in one bar"
    )
    return Markup(
        '<svg viewBox="0 0 {:g} {:g}" role="img" aria-label="{}" xmlns="http://www.w3.org/2000/svg">{}</svg>'
    ).format(WIDTH, bottom + 26, title, Markup("").join(parts))


def _bar(kind: str, x: float, y: float, width: float, height: float, said: str) -> Markup:
    return Markup(
        '<rect class="bar {}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"><title>{}</title></rect>'
    ).format(kind, x, y, width, height, said)


def waves(spans: Sequence[Span], timed: Sequence[tuple[datetime, str]]) -> Waves:
    """Count the most frequent first causes by spans of time.

    Args:
        spans: from :func:`spans_of`; several are put together where they are many.
        timed: time and first cause of each ticket.
    """
    if len(spans) < 2:
        return Waves((), ())
    every = -(-len(spans) // MOST_COLUMNS)
    columns = spans[::every]
    starts = [span.start for span in columns]
    counts: dict[str, Counter[int]] = {}
    for time, cause in timed:
        if starts[0] <= time < spans[-1].end:
            counts.setdefault(cause, Counter())[bisect_right(starts, time) - 1] += 1
    frequent = sorted(counts, key=lambda cause: (-counts[cause].total(), cause))[:MOST_CAUSES]
    highest = max((count for cause in frequent for count in counts[cause].values()), default=1)
    rows = []
    for cause in frequent:
        numbers = tuple(counts[cause][place] for place in range(len(columns)))
        rows.append((cause, numbers, tuple(-(-4 * number // highest) for number in numbers)))
    return Waves(tuple(span.label for span in columns), tuple(rows))
