"""Drawings of the HTML page as inline SVG: what happened on which worker when, and log levels over time.

Shapes differ as well as colours, so that a page printed in black and white says the same. Only attributes
and classes are used, no inline styles: the page's content security policy allows its own style sheet alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from markupsafe import Markup, escape

from analyzer.report import model, words
from analyzer.report.safe_text import one_line, shorten, shorten_middle

WIDTH = 960
#: the most room for names, at the left; each character of one needs about CHARACTER
LEFT = 190
CHARACTER = 7.2
RIGHT = 20
ROW = 26
TOP = 34
MOST_ROWS = 24
#: marks of one worker nearer than this are drawn as one
NEAR = 9.0
_ORDER = {"error": 0, "warning": 1, "info": 2}
_STEPS = (1, 5, 10, 30, 60, 300, 600, 1800, 3600, 3 * 3600, 6 * 3600, 12 * 3600, 86400, 7 * 86400, 30 * 86400)
#: a chart of fewer bars says nothing that a sentence would not
FEWEST_BARS = 3
LEVEL_BANDS = (("error", ("PANIC", "FATAL", "ERROR")), ("warning", ("WARNING",)), ("other", ()))


class _Scale:
    """Time to x."""

    def __init__(self, first: datetime, last: datetime, left: float, right: float) -> None:
        self.first = first
        self.seconds = max((last - first).total_seconds(), 1.0)
        self.left, self.right = left, right

    def x(self, time: datetime) -> float:
        share = (time - self.first).total_seconds() / self.seconds
        return self.left + min(1.0, max(0.0, share)) * (self.right - self.left)

    def ticks(self, most: int = 8) -> list[tuple[float, str]]:
        """Round times along the axis with what is written there."""
        step = next((step for step in _STEPS if self.seconds / step <= most), self.seconds / most)
        start = self.first.timestamp() // step * step
        found = []
        moment = self.first - timedelta(seconds=self.first.timestamp() - start)
        for _ in range(most + 2):
            share = (moment - self.first).total_seconds() / self.seconds
            if 0 <= share <= 1:
                found.append((self.x(moment), _tick_label(moment, step)))
            moment += timedelta(seconds=step)
        return found


def _tick_label(moment: datetime, step: float) -> str:
    if step >= 86400:
        return f"{moment:%b %d}"
    return f"{moment:%H:%M:%S}" if step < 60 else f"{moment:%H:%M}"


def timeline_svg(entries: Sequence[model.TimelineEntry], onset: model.Onset | None = None) -> tuple[Markup, int]:
    """Draw one row a worker with a mark for each entry, and a line where the trouble began.

    Quiet entries from long before the trouble are not drawn: they would press the trouble into a corner.

    Returns:
        The drawing, empty where fewer than two entries have times that differ, and the number of entries in it.
    """
    timed = [(item.time, item) for item in entries if item.time is not None and item.time == item.time]
    began = onset.time if onset else None
    timed = _of_interest(timed, began)
    if len(timed) < 2:
        return Markup(""), 0
    times = [time for time, _ in timed] + ([began] if began else [])
    if max(times) == min(times):
        return Markup(""), 0
    every = _rows(timed)
    names = every[:MOST_ROWS]
    left = min(LEFT, CHARACTER * max(len(_label(name)) for name in names) + 12)
    scale = _Scale(min(times), max(times), left + 10, WIDTH - RIGHT - 10)
    bottom = TOP + ROW * len(names)
    parts = [_axis(scale, TOP - 8, bottom)]
    drawn = 0
    for number, name in enumerate(names):
        mine = [(time, item.severity, item.what) for time, item in timed if item.node == name]
        drawn += len(mine)
        parts.append(_row(number, name, left, _merged(scale, mine)))
    if began:
        parts.append(_onset(scale.x(began), began, bottom))
    rows = words.plural(len(names), "row") + (f" of {len(every)}" if len(every) > len(names) else "")
    title = f"Timeline: {drawn} entries on {rows}, {words.when(min(times))} to {words.when(max(times))}"
    parts.append(_span(left, bottom + 36, min(times), max(times)))
    return _svg(title, bottom + 44, parts), drawn


def _span(x: float, y: float, first: datetime, last: datetime) -> Markup:
    """What the axis spans: its labels alone do not tell the day."""
    return Markup('<text class="tick-label" x="{:g}" y="{:g}">{} to {}</text>').format(
        x, y, words.when(first), words.when(last)
    )


def _of_interest(
    timed: Sequence[tuple[datetime, model.TimelineEntry]], began: datetime | None
) -> list[tuple[datetime, model.TimelineEntry]]:
    """Leave out quiet entries from before the trouble by more than half the time it lasted."""
    trouble = [time for time, item in timed if item.severity != "info"] + ([began] if began else [])
    if not trouble:
        return list(timed)
    lasted = max(time for time, _ in timed) - min(trouble)
    start = min(trouble) - max(lasted / 2, timedelta(minutes=10))
    return [(time, item) for time, item in timed if time >= start]


def _rows(timed: Sequence[tuple[datetime, model.TimelineEntry]]) -> list[str]:
    """Names of the rows: the cluster first, then workers by when trouble began; those without any last."""
    first: dict[str, tuple[int, datetime]] = {}
    for time, item in timed:
        key = (0 if item.severity != "info" else 1, time)
        first[item.node] = min(first.get(item.node, key), key)
    return sorted(first, key=lambda name: (name != "", first[name], name))


def _label(name: str) -> str:
    return shorten_middle(one_line(name), 25) if name else "cluster"


def _merged(scale: _Scale, marks: Iterable[tuple[datetime, str, str]]) -> list[tuple[float, str, int, str]]:
    """Marks as (x, worst severity, how many, what the first says), near ones as one."""
    merged: list[tuple[float, str, int, str]] = []
    for time, severity, what in sorted(marks, key=lambda mark: mark[0]):
        x = scale.x(time)
        if merged and x - merged[-1][0] < NEAR:
            at, worst, many, first = merged[-1]
            worse = _ORDER.get(severity, 2) < _ORDER.get(worst, 2)
            merged[-1] = (at, severity if worse else worst, many + 1, what if worse else first)
        else:
            merged.append((x, severity, 1, what))
    return merged


def _row(number: int, name: str, left: float, marks: Sequence[tuple[float, str, int, str]]) -> Markup:
    middle = TOP + ROW * number + ROW / 2
    parts = [
        Markup('<line class="lane" x1="{}" x2="{}" y1="{:g}" y2="{:g}"/>').format(left, WIDTH - RIGHT, middle, middle),
        Markup('<text class="lane-name" x="{}" y="{:g}" text-anchor="end">{}</text>').format(
            left - 8, middle + 4, _label(name)
        ),
    ]
    parts += [_mark(x, middle, severity, many, what) for x, severity, many, what in marks]
    return Markup("").join(parts)


def _mark(x: float, y: float, severity: str, many: int, what: str) -> Markup:
    """A square for errors, a triangle for warnings, a hollow circle for the rest."""
    kind = severity if severity in _ORDER else "info"
    if kind == "error":
        shape = Markup('<rect x="{:.1f}" y="{:.1f}" width="9" height="9"/>').format(x - 4.5, y - 4.5)
    elif kind == "warning":
        shape = Markup('<path d="M{:.1f} {:.1f}l5.5 10h-11z"/>').format(x, y - 6)
    else:
        shape = Markup('<circle cx="{:.1f}" cy="{:.1f}" r="4"/>').format(x, y)
    said = shorten(one_line(what), 120) + (f" (and {many - 1} more)" if many > 1 else "")
    return Markup('<g class="mark {}">{}<title>{}</title></g>').format(kind, shape, said)


def _onset(x: float, began: datetime, bottom: float) -> Markup:
    anchor = "end" if x > WIDTH / 2 else "start"
    shift = -5 if anchor == "end" else 5
    return Markup(
        '<g class="onset"><line x1="{:.1f}" x2="{:.1f}" y1="6" y2="{:g}"/>'
        '<text x="{:.1f}" y="14" text-anchor="{}">began {}</text></g>'
    ).format(x, x, bottom, x + shift, anchor, f"{began:%H:%M:%S}")


def _axis(scale: _Scale, top: float, bottom: float) -> Markup:
    lines = [
        Markup(
            '<line class="tick" x1="{:.1f}" x2="{:.1f}" y1="{:g}" y2="{:g}"/>'
            '<text class="tick-label" x="{:.1f}" y="{:g}" text-anchor="{}">{}</text>'
        ).format(x, x, top, bottom, x, bottom + 18, "end" if x > WIDTH - 30 else "middle", label)
        for x, label in scale.ticks()
    ]
    return Markup("").join(lines)


def restarts_svg(restarts: Sequence[model.ContainerRestarts], onset: model.Onset | None = None) -> Markup:
    """Draw one row a container with the moments it ended and was started; "" where no two moments differ."""
    shown = [item for item in restarts if item.moments][: MOST_ROWS // 2]
    times = [moment.time for item in shown for moment in item.moments]
    if not times or max(times) == min(times):
        return Markup("")
    names = [f"{item.node or item.pod} x{item.restarts}" for item in shown]
    left = min(LEFT, CHARACTER * max(len(_label(name)) for name in names) + 12)
    scale = _Scale(min(times), max(times), left + 10, WIDTH - RIGHT - 10)
    bottom = TOP + ROW * len(shown)
    parts = [_axis(scale, TOP - 8, bottom)]
    for number, (item, name) in enumerate(zip(shown, names, strict=True)):
        marks = [(moment.time, moment.severity, f"{item.container} {moment.what}") for moment in item.moments]
        parts.append(_row(number, name, left, _merged(scale, marks)))
    began = onset.time if onset else None
    if began and min(times) <= began <= max(times):
        parts.append(_onset(scale.x(began), began, bottom))
    parts.append(_span(left, bottom + 36, min(times), max(times)))
    title = f"Restarts of {words.plural(len(shown), 'container')}, {words.when(min(times))} to {words.when(max(times))}"
    return _svg(title, bottom + 44, parts)


def levels_svg(levels: model.LogLevels) -> Markup:
    """Draw log lines by level over time as stacked bars; "" where there is nothing to compare."""
    if len(levels.buckets) < 2:
        return Markup("")
    first = levels.buckets[0].start
    last = levels.buckets[-1].start + timedelta(seconds=levels.seconds)
    scale = _Scale(first, last, 60.0, WIDTH - RIGHT)
    counts = [(bucket.start, banded(bucket)) for bucket in levels.buckets]
    highest = max((count["error"] + count["warning"] for _, count in counts), default=0)
    if sum(count["error"] + count["warning"] > 0 for _, count in counts) < FEWEST_BARS:
        return Markup("")
    bottom, tall = 140.0, 120.0
    width = max(1.0, scale.x(first + timedelta(seconds=levels.seconds)) - scale.left - 2)
    parts = [
        _axis(scale, 16, bottom),
        Markup('<text class="tick-label" x="52" y="24" text-anchor="end">{}</text>').format(highest),
    ]
    for start, count in counts:
        y = bottom
        for band in ("error", "warning"):
            high = tall * count[band] / highest
            y -= high
            if high:
                said = f"{words.clock(start)}: {words.plural(count[band], f'{band} line')}"
                parts.append(_bar(band, scale.x(start) + 1, y, width, high, said))
    return _svg(f"Error and warning lines over time, at most {highest} in {levels.seconds} seconds", bottom + 26, parts)


def _bar(band: str, x: float, y: float, width: float, height: float, said: str) -> Markup:
    return Markup(
        '<rect class="bar {}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"><title>{}</title></rect>'
    ).format(band, x, y, width, height, said)


def banded(bucket: model.LogLevelBucket) -> Counter[str]:
    """Count a bucket's lines as error, warning and other."""
    found: Counter[str] = Counter()
    for level, count in bucket.counts:
        found[next((band for band, levels in LEVEL_BANDS if level in levels), "other")] += count
    return found


def _svg(title: str, height: float, parts: Iterable[Markup]) -> Markup:
    return Markup(
        '<svg viewBox="0 0 {} {:g}" role="img" aria-label="{}" xmlns="http://www.w3.org/2000/svg">{}</svg>'
    ).format(WIDTH, height, escape(title), Markup("").join(parts))
