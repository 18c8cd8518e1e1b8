"""``index.html``: a backlog on one page, by first cause, family, platform, version and time, with all its tickets.

One page without any request; a script of its own filters and sorts, and without it everything is there to read.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from markupsafe import Markup

from analyzer import __version__
from analyzer.backlog.over_time import Span, Waves, spans_of, spans_svg, waves
from analyzer.backlog.summary import FAILED, TicketRow, frame, write_csv, write_parquet
from analyzer.catalogue import Cause
from analyzer.report import environment, words
from analyzer.report.html import page_values
from analyzer.report.writing import replace_file

#: the page is never larger (bytes); it lists fewer tickets then, at most MOST_ROWS from the start
MOST_BYTES = 3_000_000
MOST_ROWS = 5000
#: groups and reasons of failed tickets that are listed, and bars before the others are folded
MOST_GROUPS, MOST_FAILED, FIRST_BARS = 50, 500, 12
#: further causes named in a row
MORE_CAUSES = 2
#: what stands for a first cause where none is found, and for what a bundle does not tell
NO_CAUSE = {"no-problem-found": "no problem found", "not-enough-data": "not enough data"}
UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Bar:
    """A value with how many tickets have it; ``share`` is that of all tickets."""

    value: str
    title: str
    count: int
    share: float


@dataclass(frozen=True, slots=True)
class Facet:
    """The tickets by one of their columns; ``column`` is what the page's filter calls it."""

    column: str
    title: str
    bars: tuple[Bar, ...]
    more: tuple[Bar, ...]  # folded


@dataclass(frozen=True, slots=True)
class Group:
    """Tickets that look alike."""

    name: str
    count: int
    cause: str
    platforms: str
    first: datetime | None
    last: datetime | None
    outcomes: str  # "typha-unavailable (3)" of those that are resolved


@dataclass(frozen=True, slots=True)
class Line:
    """One ticket in the page's table; texts are shown as they are, ``link`` is safe to follow."""

    item: TicketRow
    link: str
    status: str
    cause: str
    more: str
    family: str
    probability: str
    platform: str
    when: str
    resolved: str


@dataclass(frozen=True, slots=True)
class OverviewPage:
    """Everything the page shows, in its order."""

    tickets: int
    made: datetime
    version: str
    numbers: tuple[tuple[str, int, str, str], ...]  # (what, count, column, value): the last two filter
    causes: Facet
    facets: tuple[Facet, ...]
    spans: tuple[Span, ...]
    timeless: int
    chart: Markup
    waves: Waves
    groups: tuple[Group, ...]
    groups_left_out: int
    failed: tuple[TicketRow, ...]
    failed_left_out: int
    lines: tuple[Line, ...]
    lines_left_out: int
    has_outcomes: bool


def write_overview(
    folder: Path, rows: Iterable[TicketRow], causes: Mapping[str, Cause], template_dir: Path | None = None
) -> None:
    """Write ``index.html``, ``summary.csv`` and ``summary.parquet`` into ``folder``, each at once or not at all.

    Args:
        folder: must exist; links of the rows are relative to it.
        rows: all tickets, in any order.
        causes: the catalogue's, for titles and families.
        template_dir: folder whose templates replace shipped ones.

    Raises:
        TemplateError: a template of ``template_dir`` is wrong.
        OSError: a file cannot be written.
    """
    rows = sorted(rows, key=lambda row: row.ticket)
    table = frame(rows)
    for name, write in (("summary.csv", write_csv), ("summary.parquet", write_parquet)):
        made = folder / f".{name}.new"
        try:
            write(table, made)
            made.replace(folder / name)
        finally:
            made.unlink(missing_ok=True)
    page = render_overview(rows, causes, template_dir=template_dir)
    replace_file(folder / "index.html", page.encode("utf-8", "replace"))


def render_overview(
    rows: Sequence[TicketRow],
    causes: Mapping[str, Cause],
    made: datetime | None = None,
    template_dir: Path | None = None,
    most_bytes: int = MOST_BYTES,
) -> str:
    """Give the page; where it would exceed ``most_bytes`` it lists fewer tickets and says so.

    Raises:
        TemplateError: a template of ``template_dir`` is wrong.
    """
    env = environment.html_environment(template_dir)
    made = made or datetime.now(UTC).replace(microsecond=0)
    values = page_values(env, ("report.css", "overview.css", "extra.css"), "overview.js")
    most = MOST_ROWS
    while True:
        page = make_page(rows, causes, made, most)
        text = environment.render(env, "overview.html.j2", page=page, **values)
        size = len(text.encode("utf-8", "replace"))
        if size <= most_bytes or most <= 10:
            return text
        most = max(10, min(most // 2, int(min(most, len(rows)) * most_bytes / size * 0.9)))


def make_page(
    rows: Sequence[TicketRow], causes: Mapping[str, Cause], made: datetime, most: int = MOST_ROWS
) -> OverviewPage:
    """Work out what the page shows; it counts all tickets and lists ``most`` of them, some of every group."""
    rows = sorted(rows, key=lambda row: row.ticket)
    family = _family(causes)
    kept = _some_of_every_group(rows, most)
    failed = [row for row in rows if row.status == FAILED]
    groups = _groups(rows)
    timed = [(row.last_time, _cause(row)) for row in rows if row.status != FAILED and row.last_time is not None]
    spans = spans_of([(time, cause not in (*NO_CAUSE.values(), UNKNOWN)) for time, cause in timed])
    return OverviewPage(
        tickets=len(rows),
        made=made,
        version=__version__,
        numbers=_numbers(rows),
        causes=_facet("cause", "First cause", rows, _cause, lambda slug: causes[slug].title if slug in causes else ""),
        facets=(
            _facet("family", "Family", rows, family),
            _facet("platform", "Platform", rows, _platform, lambda name: words.PLATFORMS.get(name, "")),
            _facet("calico", "Calico version", rows, lambda row: row.calico_version or UNKNOWN),
        ),
        spans=spans,
        timeless=sum(row.last_time is None for row in rows if row.status != FAILED),
        chart=spans_svg(spans),
        waves=waves(spans, timed),
        groups=groups[:MOST_GROUPS],
        groups_left_out=max(0, len(groups) - MOST_GROUPS),
        failed=tuple(failed[:MOST_FAILED]),
        failed_left_out=max(0, len(failed) - MOST_FAILED),
        lines=tuple(_line(row, family(row)) for row in kept),
        lines_left_out=len(rows) - len(kept),
        has_outcomes=any(row.outcome for row in rows),
    )


def _cause(row: TicketRow) -> str:
    """The first cause where one is found, else what was said instead."""
    if row.status == FAILED:
        return FAILED
    return NO_CAUSE.get(row.verdict, row.first_cause or UNKNOWN)


def _platform(row: TicketRow) -> str:
    return row.platform or UNKNOWN


def _family(causes: Mapping[str, Cause]) -> Callable[[TicketRow], str]:
    def family(row: TicketRow) -> str:
        cause = _cause(row)
        return causes[cause].family if cause in causes else ("other" if cause == row.first_cause else cause)

    return family


def _numbers(rows: Sequence[TicketRow]) -> tuple[tuple[str, int, str, str], ...]:
    verdicts = Counter(row.verdict for row in rows if row.status != FAILED)
    return (
        ("Tickets", len(rows), "", ""),
        *((words.VERDICTS[name], verdicts[name], "status", words.VERDICTS[name].lower()) for name in words.VERDICTS),
        ("Could not be read", sum(row.status == FAILED for row in rows), "status", FAILED),
    )


def _facet(
    column: str,
    title: str,
    rows: Sequence[TicketRow],
    value: Callable[[TicketRow], str],
    title_of: Callable[[str], str] = lambda name: "",
) -> Facet:
    counts = Counter(map(value, rows))
    ordered = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    bars = tuple(Bar(name, title_of(name), count, count / len(rows)) for name, count in ordered)
    cut = FIRST_BARS if len(bars) > FIRST_BARS + 2 else len(bars)
    return Facet(column, title, bars[:cut], bars[cut:])


def _groups(rows: Sequence[TicketRow]) -> tuple[Group, ...]:
    """Groups of at least two tickets, the largest first."""
    by_name: dict[str, list[TicketRow]] = defaultdict(list)
    for row in rows:
        if row.group:
            by_name[row.group].append(row)
    found = []
    for name, items in by_name.items():
        if len(items) < 2:
            continue
        firsts = [row.first_time or row.last_time for row in items]
        outcomes = Counter(row.outcome for row in items if row.outcome)
        found.append(
            Group(
                name,
                len(items),
                Counter(map(_cause, items)).most_common(1)[0][0],
                ", ".join(sorted(set(map(_platform, items)))),
                min((time for time in firsts if time), default=None),
                max((row.last_time for row in items if row.last_time), default=None),
                ", ".join(f"{cause} ({count})" for cause, count in outcomes.most_common(3)),
            )
        )
    return tuple(sorted(found, key=lambda group: (-group.count, group.name)))


def _some_of_every_group(rows: Sequence[TicketRow], most: int) -> list[TicketRow]:
    """The rows where they are few enough; else the first of each group, then the second of each, and so on."""
    if len(rows) <= most:
        return list(rows)
    seen: Counter[str] = Counter()
    order = []
    for row in rows:
        seen[row.group or row.ticket] += 1
        order.append((seen[row.group or row.ticket], row.ticket, row))
    return sorted((row for _, _, row in sorted(order, key=lambda item: item[:2])[:most]), key=lambda row: row.ticket)


def _line(row: TicketRow, family: str) -> Line:
    cause = _cause(row)
    named = cause == row.first_cause
    others = [name for name in row.causes if name != cause]
    return Line(
        item=row,
        link=f"./{quote(row.report, errors='replace')}" if row.report else "",
        status=FAILED if row.status == FAILED else words.VERDICTS.get(row.verdict, row.verdict).lower(),
        cause=cause,
        more=", ".join(others[:MORE_CAUSES]) if named else "",
        family=family,
        probability=words.percent(row.probability) if named and row.probability is not None else "",
        platform=_platform(row),
        when=f"{row.last_time.astimezone(UTC):%Y-%m-%d %H:%M}" if row.last_time else "",
        resolved=row.outcome,
    )
