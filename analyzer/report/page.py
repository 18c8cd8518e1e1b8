"""From the report to its view model: numbers the evidence, groups it, cuts what is too long, puts words to numbers."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import count
from typing import TypeVar

from msgspec.structs import replace

from analyzer.report import model, words
from analyzer.report.view import (
    Caps,
    CauseView,
    Moment,
    Names,
    Page,
    PlaceLink,
    Quote,
    Reason,
    Reference,
    SymptomView,
)
from parsers.lazy_pattern import lazy_pattern

OPEN_CAUSES = 3
#: why-lines of the first screen, and quoted lines a cause shows before it folds the rest
WHY_LINES = 3
#: causes that the first screen names beside the first
OTHERS = 3
FIRST_EVIDENCE = 6
Item = TypeVar("Item")
SAFE_URL = lazy_pattern(r"https?://[^\s<>\"'`\\]+")
#: what the note of trimmed lines calls them
MOST_QUOTED = "quoted lines, of the causes and symptoms that have most"


class _Maker:
    """Numbers the evidence and notes what is left out while a page is made."""

    def __init__(self, report: model.Report, caps: Caps) -> None:
        self.report = report
        self.caps = caps
        self.cuts: dict[str, tuple[int, int]] = {}  # what -> (shown, of how many)
        self.anchors: dict[tuple[str, int], str] = {}
        self.numbers = count(1)
        self.used: Counter[str] = Counter()
        self.cause_anchors: dict[str, str] = {}

    def page(self) -> Page:
        report, most = self.report, self.caps.lists
        ordered = sorted(report.causes, key=lambda cause: cause.rank)
        kept = self.cut(ordered, self.caps.causes, "causes")
        causes = tuple(self.cause(item, position) for position, item in enumerate(kept))
        symptoms = tuple(self.symptom(item) for item in self.cut(report.symptoms, self.caps.symptoms, "symptoms"))
        lead = causes[0] if causes and report.verdict == "causes-found" else None
        timeline = _worst(sorted(report.timeline, key=_time_order), self.caps.timeline)
        self.note(len(timeline), len(report.timeline), "timeline entries, the least severe left out")
        page = Page(
            report=report,
            title=f"{words.VERDICTS.get(report.verdict, report.verdict)}: {report.bundle.name}",
            verdict=words.VERDICTS.get(report.verdict, report.verdict),
            headline=_headline(report, lead),
            lead=lead,
            also=_others(causes, lead, True),
            candidates=_others(causes, lead, False),
            why=_why(lead),
            next_action=report.next_action or _next_action(lead),
            cluster_line=_cluster_line(report.cluster),
            facts=self.cut(_facts(report), most, "facts of the cluster"),
            causes=causes,
            symptoms=symptoms,
            timeline=tuple(Moment(item, words.when(item.time), self.link(item.file, item.line)) for item in timeline),
            files=self.cut(report.bundle.files, self.caps.files, "files read"),
            unrecognized=self.cut(report.unrecognized, self.caps.unrecognized, "unrecognized templates"),
            warnings=self.cut(report.warnings, self.caps.warnings, "warnings"),
            checked=self.cut(report.checked or _checked(report.cluster), most, "checks"),
            missing=self.cut(report.missing, most, "missing items"),
            noise=self.cut(report.noise, most, "harmless messages"),
            changes=self.cut(report.recent_changes, most, "recent changes"),
            contrast=self.cut(report.contrast.rows if report.contrast else (), most, "facts of workers side by side"),
            restarts=self.cut(report.restarts, most, "restarted containers"),
            onset=self.link(report.onset.file, report.onset.line) if report.onset and report.onset.file else None,
            caps=self.caps,
            trimmed=(),
        )
        return replace(
            page, trimmed=tuple(f"{shown:,} of {total:,} {what}" for what, (shown, total) in self.cuts.items())
        )

    def cut(self, items: Sequence[Item], most: int, what: str) -> tuple[Item, ...]:
        self.note(most, len(items), what)
        return tuple(items[:most])

    def note(self, shown: int, total: int, what: str) -> None:
        if shown < total:
            before = self.cuts.get(what, (0, 0))
            self.cuts[what] = (before[0] + shown, before[1] + total)

    def link(self, file: str, line: int) -> PlaceLink:
        return PlaceLink(place(file, line), self.anchors.get((file, line), ""))

    def anchor(self, prefix: str, name: str) -> str:
        """An anchor of its own; names that look alike in an anchor are numbered."""
        anchor = f"{prefix}-{_slug(name)}"
        self.used[anchor] += 1
        return anchor if self.used[anchor] == 1 else f"{anchor}--{self.used[anchor]}"

    def names(self, names: Sequence[str]) -> Names:
        return Names(tuple(names[: self.caps.names]), max(0, len(names) - self.caps.names))

    def quote(self, item: model.Evidence) -> Quote:
        anchor = f"e-{next(self.numbers)}"
        self.anchors.setdefault((item.file, item.line), anchor)
        near = [pair for pair in item.context if abs(pair[0] - item.line) <= self.caps.context]
        if len(near) < 2:
            near = []
        cut = self.caps.line
        lines = tuple((number, _cut(text, min(cut, 400)), number == item.line) for number, text in near)
        text = _cut(item.text, cut)
        return Quote(
            anchor, place(item.file, item.line), item, text, lines, words.strength(item.weight), words.when(item.time)
        )

    def reasons(self, evidence: Sequence[model.Evidence]) -> tuple[Reason, ...]:
        """Evidence grouped by what it says, in order of first appearance."""
        grouped: dict[tuple[str, str], list[model.Evidence]] = {}
        for item in evidence:
            grouped.setdefault((item.says, item.signal), []).append(item)
        return tuple(
            Reason(
                says,
                signal,
                words.strength(max((item.weight for item in items), key=abs)),
                tuple(map(self.quote, items)),
            )
            for (says, signal), items in grouped.items()
        )

    def cause(self, item: model.CauseResult, position: int) -> CauseView:
        anchor = self.anchor("cause", item.id)
        self.cause_anchors.setdefault(item.id, anchor)
        strongest = sorted(item.evidence, key=lambda evidence: -evidence.weight)
        kept = self.cut(strongest, self.caps.evidence, MOST_QUOTED)
        reasons = self.reasons(kept)
        first, more = _split(reasons, FIRST_EVIDENCE)
        folded = {cause.id for cause in item.folded}
        titles = {cause.id: cause.title for cause in self.report.causes}
        titles |= {symptom.id: symptom.title for symptom in self.report.symptoms}
        return CauseView(
            anchor=anchor,
            item=item,
            percent=words.percent(item.probability),
            heading=words.CONFIDENCES.get(item.confidence, item.confidence),
            reach=words.reach(item, self.report.cluster),
            open=position < OPEN_CAUSES,
            first=first,
            more=more,
            more_count=sum(len(reason.quotes) for reason in more),
            against=self.reasons(self.cut(item.against, self.caps.evidence, MOST_QUOTED)),
            in_common=tuple(
                (f"{shared.attribute} = {shared.value}", words.shared_by(shared, len(item.affected)))
                for shared in item.in_common
            ),
            affected=self.names(item.affected),
            references=tuple(_reference(text) for text in item.references),
            explains=tuple(titles[name] for name in item.explains if name in titles and name not in folded),
            since=words.when(item.onset),
        )

    def symptom(self, item: model.SymptomResult) -> SymptomView:
        titles = {cause.id: cause.title for cause in self.report.causes}
        anchors = self.cause_anchors
        causes = item.explained_by or tuple(cause.id for cause in self.report.causes if item.id in cause.explains)
        return SymptomView(
            anchor=self.anchor("symptom", item.id),
            item=item,
            affected=self.names(item.affected),
            quotes=tuple(
                map(
                    self.quote,
                    self.cut(item.evidence, self.caps.evidence, MOST_QUOTED),
                )
            ),
            explained_by=tuple((anchors[name], titles[name]) for name in causes if name in anchors),
        )


def make_page(report: model.Report, caps: Caps | None = None) -> Page:
    """Work out what a page of ``report`` shows, within ``caps``."""
    return _Maker(report, caps or Caps()).page()


def place(file: str, line: int) -> str:
    """Give ``file:line``, the file alone where no line is known."""
    return f"{file}:{line}" if line > 0 else file


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:80] or "x"


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most]} … ({len(text) - most:,} more characters)"


def _split(reasons: Sequence[Reason], most: int) -> tuple[tuple[Reason, ...], tuple[Reason, ...]]:
    """The first quote of each reason and more of them up to ``most`` lines; then the rest."""
    room = max(0, most - len(reasons))
    first, more = [], []
    for position, reason in enumerate(reasons):
        if position >= most:
            more.append(reason)
            continue
        taken = 1 + min(room, len(reason.quotes) - 1, 1)
        room -= taken - 1
        first.append(replace(reason, quotes=reason.quotes[:taken]))
        if reason.quotes[taken:]:
            more.append(replace(reason, quotes=reason.quotes[taken:]))
    return tuple(first), tuple(more)


def _reference(text: str) -> Reference:
    return Reference(text, text if SAFE_URL.fullmatch(text) else "")


def _time_order(entry: model.TimelineEntry) -> tuple[bool, float]:
    """Order of time; entries without one come last, as they came in."""
    known = entry.time is not None and entry.time == entry.time
    return not known, entry.time.timestamp() if known and entry.time else 0.0


def _worst(entries: Sequence[model.TimelineEntry], most: int) -> tuple[model.TimelineEntry, ...]:
    """The most severe ``most`` entries, in the order they came in."""
    if len(entries) <= most:
        return tuple(entries)
    order = {"error": 0, "warning": 1}
    positions = sorted(range(len(entries)), key=lambda n: (order.get(entries[n].severity, 2), n))[:most]
    return tuple(entries[n] for n in sorted(positions))


def _headline(report: model.Report, lead: CauseView | None) -> str:
    if lead:
        return lead.item.title
    if report.verdict == "no-problem-found":
        return "No problem found in this bundle"
    if report.verdict == "not-enough-data":
        return "Not enough data to name a cause"
    return "No cause is named"


def _others(causes: Sequence[CauseView], lead: CauseView | None, likely: bool) -> tuple[CauseView, ...]:
    """The next causes that are (not) likely themselves; none where no cause leads."""
    found = [cause for cause in causes[1:] if (cause.item.confidence == "likely") == likely]
    return tuple(found[:OTHERS]) if lead else ()


def _why(lead: CauseView | None) -> tuple[tuple[str, str], ...]:
    if lead is None:
        return ()
    reasons = [reason for reason in lead.first if reason.quotes]
    return tuple(
        (reason.says or reason.quotes[0].item.text.strip(), reason.quotes[0].anchor) for reason in reasons[:WHY_LINES]
    )


def _next_action(lead: CauseView | None) -> model.NextAction | None:
    """The first step of the first cause."""
    if lead and lead.item.remediation:
        step = lead.item.remediation[0]
        return model.NextAction(step.text, step.command, step.risk)
    return None


def _facts(report: model.Report) -> tuple[tuple[str, str], ...]:
    cluster, bundle = report.cluster, report.bundle
    first, last = words.when(bundle.first_time), words.when(bundle.last_time)
    rows = (
        ("Platform", words.PLATFORMS.get(cluster.platform, cluster.platform)),
        ("Cluster", cluster.name),
        ("Kubernetes", cluster.kubernetes_version),
        ("Calico", cluster.calico_version),
        ("Calico namespace", cluster.calico_namespace),
        ("Workers seen", words.with_bad(cluster.nodes_seen, cluster.nodes_not_ready)),
        ("calico-node pods seen", words.with_bad(cluster.calico_nodes_seen, cluster.calico_nodes_not_ready)),
        ("Times in the bundle", f"{first} to {last}" if first and last else first or last),
        ("Collected", words.when(bundle.collected)),
        *cluster.facts,
    )
    return tuple((what, value or "not in the bundle") for what, value in rows if value or what != "Cluster")


def _cluster_line(cluster: model.ClusterInfo) -> str:
    parts = (
        words.PLATFORMS.get(cluster.platform, cluster.platform) if cluster.platform != "unknown" else "",
        f"Kubernetes {cluster.kubernetes_version}" if cluster.kubernetes_version else "",
        f"Calico {cluster.calico_version}" if cluster.calico_version else "",
    )
    return ", ".join(part for part in parts if part) or "unknown"


def _checked(cluster: model.ClusterInfo) -> tuple[model.CheckedItem, ...]:
    """What the cluster's counts say was looked at, where the analysis names nothing else."""
    return tuple(
        model.CheckedItem(
            what,
            "unknown" if not seen else "bad" if bad else "healthy",
            f"{seen - bad} of {seen}" if seen else "none in the bundle",
        )
        for what, seen, bad in (
            ("Workers Ready", cluster.nodes_seen, cluster.nodes_not_ready),
            ("calico-node pods ready", cluster.calico_nodes_seen, cluster.calico_nodes_not_ready),
        )
    )
