"""``calico-triage learn``."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from analyzer.cli.refusals import fail
from analyzer.cli.resolve import catalogue_of, open_store

if TYPE_CHECKING:
    from analyzer.backlog.learning import Accuracy, Lesson
    from analyzer.catalogue import Catalogue

#: changed priors that are printed
MOST_PRINTED = 12


def run(url: str, output: Path | None, strength: float | None, extra: Sequence[Path]) -> None:
    """Print how well resolved tickets are ranked before and after; write the priors only where ``output`` says."""
    catalogue = catalogue_of(extra)
    from analyzer.backlog.learning import learn, overlay
    from analyzer.backlog.memory import cases
    from analyzer.backlog.store import StoreError

    with open_store(url) as store:
        try:
            known = cases(store.kept())
        except StoreError as error:
            fail(str(error))
    if not known:
        fail(f"{store.name}: no ticket in it is resolved; record one with: calico-triage resolve TICKET --cause SLUG")
    lesson = learn(catalogue, known, strength)
    _print(lesson, catalogue, len(known))
    if output is None:
        print("nothing is written; -o FILE writes a catalogue file for --causes")
        return
    from analyzer.report.writing import replace_file

    try:
        replace_file(output, overlay(lesson, len(known), f"{datetime.now(UTC):%Y-%m-%d}").encode())
    except OSError as error:
        fail(f"{output}: cannot be written: {error.strerror or error}")
    print(f"written: {output}; it is used where --causes {output} says so")


def _print(lesson: Lesson, catalogue: Catalogue, count: int) -> None:
    for name, times in sorted(lesson.unknown.items()):
        print(f"left out: {times} outcome(s) with cause {name!r}, which the catalogue does not have")
    print(f"{count} resolved tickets; the catalogue counts as {lesson.strength:g}")
    print(f"before: {_words(lesson.before)}")
    if lesson.after is None:
        print("after:  cannot be told, there are too few groups of look-alikes to leave some out")
    else:
        print(f"after:  {_words(lesson.after)}  (cross-validated)")
        if (lesson.after.top1, -lesson.after.surprise) <= (lesson.before.top1, -lesson.before.surprise):
            print("the learned priors are no better on tickets they were not learned from: better keep the catalogue's")
    changes = _changes(lesson, catalogue)
    for name, platform, old, new in changes[:MOST_PRINTED]:
        print(f"  {name:<30} {platform:<14} {old:.4f} -> {new:.4f}")
    if len(changes) > MOST_PRINTED:
        print(f"  and {len(changes) - MOST_PRINTED} smaller changes")


def _words(item: Accuracy) -> str:
    return f"top-1 {item.top1:.3f}  top-3 {item.top3:.3f}  MRR {item.mrr:.3f}  surprise {item.surprise:.3f}"


def _changes(lesson: Lesson, catalogue: Catalogue) -> list[tuple[str, str, float, float]]:
    """Cause, platform, prior before and after, the largest change first."""
    from analyzer.ranking import prior_of

    found = [
        (name, platform, prior_of(catalogue.causes[name], platform), new)
        for name, by_platform in lesson.priors.items()
        for platform, new in by_platform.items()
    ]
    return sorted(found, key=lambda item: (-max(item[3] / item[2], item[2] / item[3]), item[:2]))
