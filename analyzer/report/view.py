"""The view model: what templates show, worked out so that they hold no logic but that of display.

Every page is made of a :class:`Page`. Texts of the bundle are still as they were; the environment of each
kind of page makes them safe. ``docs/report.md`` describes the fields for authors of templates.
"""

from __future__ import annotations

import msgspec

from analyzer.report import model


class Caps(msgspec.Struct, frozen=True):
    """The most that a page shows of each kind; what is beyond is counted in ``Page.trimmed``."""

    context: int = 5  # lines before and after a quoted one
    line: int = 2000  # characters of a line
    evidence: int = 24  # of a cause, for and against
    causes: int = 40
    symptoms: int = 40
    timeline: int = 250
    unrecognized: int = 60
    files: int = 400
    warnings: int = 200
    names: int = 60  # of an affected list
    nodes: int = 60  # rows of the worker matrix
    peers: int = 24  # rows and columns of the BGP matrix
    lists: int = 100  # of each other list: missing data, noise, changes, checks, contrast, restarts, facts


class Quote(msgspec.Struct, frozen=True):
    """One quoted line; ``lines`` holds (number, text, is it the quoted one) with its neighbours."""

    anchor: str
    place: str
    item: model.Evidence
    text: str
    lines: tuple[tuple[int, str, bool], ...]
    strength: str
    when: str


class Reason(msgspec.Struct, frozen=True):
    """Quoted lines of one signal under the sentence that says what they show."""

    says: str
    signal: str
    strength: str
    quotes: tuple[Quote, ...]


class Reference(msgspec.Struct, frozen=True):
    """Where to read on; ``url`` is "" where it is not a web address."""

    text: str
    url: str


class CauseView(msgspec.Struct, frozen=True):
    """One cause, ready to show."""

    anchor: str
    item: model.CauseResult
    percent: str
    heading: str  # "Most likely cause" ...
    reach: str
    open: bool
    first: tuple[Reason, ...]  # evidence shown at once
    more: tuple[Reason, ...]  # evidence folded away
    more_count: int
    against: tuple[Reason, ...]
    in_common: tuple[tuple[str, str], ...]  # ("zone = dal12", the numbers in words)
    affected: Names
    references: tuple[Reference, ...]
    explains: tuple[str, ...]  # titles of what it explains beside the folded causes
    since: str


class Names(msgspec.Struct, frozen=True):
    """A list of names, cut where it is long."""

    shown: tuple[str, ...]
    left_out: int


class SymptomView(msgspec.Struct, frozen=True):
    """One symptom, ready to show."""

    anchor: str
    item: model.SymptomResult
    affected: Names
    quotes: tuple[Quote, ...]
    explained_by: tuple[tuple[str, str], ...]  # (anchor of the cause, its title)


class PlaceLink(msgspec.Struct, frozen=True):
    """A place in a file; ``anchor`` is that of the same line quoted elsewhere on the page, or ""."""

    text: str
    anchor: str


class Moment(msgspec.Struct, frozen=True):
    """One row of the timeline."""

    item: model.TimelineEntry
    when: str
    place: PlaceLink


class Page(msgspec.Struct, frozen=True):
    """Everything a page shows, in its order."""

    report: model.Report
    title: str
    verdict: str  # in words
    headline: str
    lead: CauseView | None
    also: tuple[CauseView, ...]  # further causes that are likely too: faults at the same time
    candidates: tuple[CauseView, ...]  # the next causes that are not
    why: tuple[tuple[str, str], ...]  # (sentence, anchor of its evidence or "")
    next_action: model.NextAction | None
    cluster_line: str  # platform and versions in one line
    facts: tuple[tuple[str, str], ...]  # of the cluster
    causes: tuple[CauseView, ...]
    symptoms: tuple[SymptomView, ...]
    timeline: tuple[Moment, ...]
    files: tuple[model.FileInfo, ...]
    unrecognized: tuple[model.Unrecognized, ...]
    warnings: tuple[model.Warning_, ...]
    checked: tuple[model.CheckedItem, ...]
    missing: tuple[model.MissingItem, ...]
    noise: tuple[model.Noise, ...]
    changes: tuple[model.RecentChange, ...]
    contrast: tuple[model.ContrastRow, ...]
    restarts: tuple[model.ContainerRestarts, ...]
    onset: PlaceLink | None
    caps: Caps
    trimmed: tuple[str, ...]
