"""What a backlog remembers of each ticket, and what follows from all of them together.

Groups, "seen before" and the overview depend on all tickets, so they are made when a batch ends and when a ticket
is resolved. The answer depends on the tickets alone, not on the order in which they came.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from analyzer.backlog.kept import Kept
from analyzer.backlog.learning import Case
from analyzer.backlog.lookalikes import Memory, Resolved, groups
from analyzer.backlog.overview import write_overview
from analyzer.backlog.seen import precedents, refresh
from analyzer.backlog.summary import FAILED
from analyzer.catalogue import Catalogue, Cause
from analyzer.evaluate import Outcome as Score
from analyzer.evaluate import judge
from analyzer.report import model

if TYPE_CHECKING:
    from analyzer.backlog.store import Store


def grouped(tickets: Iterable[Kept]) -> list[Kept]:
    """Give the tickets, sorted by name, each with its group."""
    ordered = sorted(tickets, key=lambda item: item.row.ticket)
    names = groups({item.row.ticket: item.features for item in ordered if item.row.status != FAILED})
    return [replace(item, row=replace(item.row, group=names.get(item.row.ticket, ""))) for item in ordered]


def resolved(tickets: Iterable[Kept]) -> Memory:
    """Give the memory of the tickets of which it is known what they were."""
    return Memory(
        Resolved(item.row.ticket, item.row.outcome, item.note, item.resolved, item.features, item.row.report)
        for item in tickets
        if item.row.outcome
    )


def bring_up_to_date(
    folder: Path, tickets: Iterable[Kept], causes: Mapping[str, Cause], template_dir: Path | None = None
) -> tuple[list[str], list[str]]:
    """Write ``index.html``, ``summary.csv`` and ``summary.parquet``, and what reports say of resolved tickets.

    Args:
        folder: of the batch; reports are below it, as the rows say.
        tickets: all of them, in any order.
        causes: the catalogue's.
        template_dir: folder whose templates replace shipped ones.

    Returns:
        the reports that were written anew, and those that could not be.

    Raises:
        TemplateError: a template of ``template_dir`` is wrong.
        OSError: a file cannot be written.
    """
    return _written(folder, grouped(tickets), causes, template_dir)


def _written(
    folder: Path, every: Sequence[Kept], causes: Mapping[str, Cause], template_dir: Path | None
) -> tuple[list[str], list[str]]:
    memory = resolved(every)
    with_reports = [item for item in every if item.row.report and item.row.status != FAILED]
    seen = (
        (item.row.report, precedents(memory, item.features, item.row.ticket, item.row.report, causes))
        for item in with_reports
    )
    found = refresh(folder, seen, template_dir)
    write_overview(folder, [item.row for item in every], causes, template_dir)
    return found


def conclude(
    store: Store, folder: Path, causes: Mapping[str, Cause], template_dir: Path | None = None
) -> tuple[list[str], list[str]]:
    """Make what follows from all tickets of a store: their groups in it, the overview, what reports say of each other.

    Args:
        store: that is open.
        folder: of the batch.
        causes: the catalogue's.
        template_dir: folder whose templates replace shipped ones.

    Returns:
        the reports that were written anew, and those that could not be.

    Raises:
        StoreError: the store cannot be read or written.
        TemplateError: a template of ``template_dir`` is wrong.
        OSError: a file cannot be written.
    """
    every = grouped(store.kept())
    store.group({item.row.ticket: item.row.group for item in every})
    return _written(folder, every, causes, template_dir)


def cases(tickets: Iterable[Kept]) -> list[Case]:
    """Give what there is to learn from: resolved tickets whose evidence is kept."""
    return [
        Case(item.row.ticket, item.row.outcome, item.fired, item.row.group)
        for item in grouped(tickets)
        if item.row.outcome and item.fired is not None
    ]


def scores(tickets: Iterable[Kept], catalogue: Catalogue) -> list[Score]:
    """Score what the reports said against what it was, one entry a resolved ticket, sorted by name.

    A ticket that failed counts as one whose cause was not named.
    """
    return [
        _score(item, catalogue) for item in sorted(tickets, key=lambda item: item.row.ticket) if item.row.outcome
    ]  # fmt: skip


def _score(item: Kept, catalogue: Catalogue) -> Score:
    """Judge a ranking as if it were a labelled incident's: the label is the outcome."""
    row = item.row
    named = catalogue.causes.get(row.outcome)
    label = {"id": row.ticket, "primary": row.outcome, "family": named.family if named else "other"}
    if row.status == FAILED:
        return judge(label, None, row.seconds or 0.0, row.error)
    likely = catalogue.ranking.likely
    causes = tuple(
        model.CauseResult(name, rank, name, "", odds, "likely" if odds >= likely else "possible", "cluster")
        for rank, (name, odds) in enumerate(item.ranked, start=1)
    )
    tool, bundle = model.Tool("calico-triage", ""), model.BundleInfo(row.ticket)
    report = model.Report(tool, row.last_time or datetime.min, bundle, model.ClusterInfo(), row.verdict, causes)
    return judge(label, report, row.seconds or 0.0)
