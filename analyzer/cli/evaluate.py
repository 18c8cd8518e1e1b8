"""``calico-triage evaluate``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analyzer.cli.refusals import fail

if TYPE_CHECKING:
    from analyzer.evaluate import Outcome
    from analyzer.robustness import Trial


def run(directory: Path, json_file: Path | None, extra: Sequence[Path], robust: bool = False) -> None:
    """Print a row per incident, the figures over all of them and, with ``robust``, those of the poorer forms."""
    if not directory.is_dir() or not any(directory.glob("*/truth.yaml")):
        fail(f"{directory}: no labelled incidents (*/truth.yaml) in it")
    from analyzer import evaluate as board
    from analyzer.pipeline import Analyzer
    from analyzer.report.model import Report

    analyzer = Analyzer(extra)

    def analyze(bundle: Path) -> Report:
        return analyzer.analyze([bundle])

    outcomes = board.evaluate(directory, analyze)
    for item in outcomes:
        item.family = item.family or (
            analyzer.catalogue.causes[item.primary].family if item.primary in analyzer.catalogue.causes else "?"
        )
    for item in outcomes:
        mark = "ok " if item.rank == 1 else f"#{item.rank} " if item.rank else "-- "
        cited = f"{item.cited}/{item.must_cite}" if item.must_cite else "-"
        alarm = " FALSE ALARM" if item.false_alarm else ""
        second = "" if item.second_found is None else f" second cause {'found' if item.second_found else 'MISSED'}"
        extra_text = f" ERROR {item.error}" if item.error else alarm + second
        print(f"{mark} {item.incident:<44} {item.primary:<28} first: {item.first:<28} cited {cited}{extra_text}")
    _totals(outcomes)
    result = board.as_json(outcomes)
    if robust:
        from analyzer.robustness import trials

        result["robustness"] = _poorer(list(trials(directory, analyze)))
    if json_file is not None:
        json_file.write_text(json.dumps(result, indent=2), encoding="utf-8")


def run_store(url: str, json_file: Path | None, extra: Sequence[Path]) -> None:
    """Print how past rankings stand against what the tickets turned out to be, a row a resolved ticket."""
    from analyzer import evaluate as board
    from analyzer.backlog.memory import scores
    from analyzer.backlog.store import StoreError
    from analyzer.cli.resolve import catalogue_of, open_store
    from analyzer.report.safe_text import one_line, shorten

    catalogue = catalogue_of(extra)
    with open_store(url) as store:
        try:
            outcomes = scores(store.kept(), catalogue)
        except StoreError as error:
            fail(str(error))
    if not outcomes:
        fail(f"{store.name}: no ticket in it is resolved; record one with: calico-triage resolve TICKET --cause SLUG")
    for item in outcomes:
        mark = "ok " if item.rank == 1 else f"#{item.rank} " if item.rank else "-- "
        note = (
            f" ERROR {shorten(one_line(item.error), 200)}" if item.error else " FALSE ALARM" if item.false_alarm else ""
        )
        print(f"{mark} {item.incident:<44} {item.primary:<28} first: {item.first}{note}")
    _totals(outcomes)
    if json_file is not None:
        json_file.write_text(json.dumps(board.as_json(outcomes), indent=2), encoding="utf-8")


def _totals(outcomes: list[Outcome]) -> None:
    from analyzer import evaluate as board

    for attribute in ("difficulty", "family"):
        for name, scores in board.grouped(outcomes, attribute).items():
            if not name:  # what is not labelled
                continue
            print(f"  {name:<10} {scores.incidents:3d}: top-1 {scores.top1:.3f}  top-3 {scores.top3:.3f}")
    for label, first, names in board.confusion(outcomes):
        print(f"  taken for another: {label} -> {first} ({len(names)}): {', '.join(names)}")
    total = board.score(outcomes)
    cited = f"evidence recall {total.evidence_recall:.3f}  " if any(item.must_cite for item in outcomes) else ""
    print(
        f"incidents {total.incidents}  top-1 {total.top1:.3f}  top-3 {total.top3:.3f}  MRR {total.mrr:.3f}  "
        f"{cited}false alarms {total.false_alarms}/{total.healthy}  "
        f"Brier {total.brier:.3f}  calibration error {total.calibration_error:.3f}  errors {total.errors}"
    )


def _poorer(results: list[Trial]) -> dict[str, Any]:
    """Print how the ranking holds with less data, and give it as JSON."""
    from analyzer.robustness import by_way

    ways = by_way(results)
    for way, one in ways.items():
        print(
            f"{way}: {one.trials} forms  top-1 {one.top1:.3f}  top-3 {one.top3:.3f}  "
            f"top-3 or asked for what is missing {one.passed:.3f}"
        )
    return {
        "by_way": {way: asdict(one) for way, one in ways.items()},
        "failed": [asdict(trial) for trial in results if not (trial.in_top3 or trial.honest)],
    }
