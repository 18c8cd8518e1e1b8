"""``calico-triage evaluate``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from analyzer.cli.app import fail


def run(directory: Path, json_file: Path | None, extra: Sequence[Path]) -> None:
    """Print top-1, top-3, MRR, evidence recall, false alarms and a row per incident."""
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
    for name, scores in board.grouped(outcomes, "difficulty").items():
        print(f"  {name:<10} {scores.incidents:3d}: top-1 {scores.top1:.3f}  top-3 {scores.top3:.3f}")
    for name, scores in board.grouped(outcomes, "family").items():
        print(f"  {name:<10} {scores.incidents:3d}: top-1 {scores.top1:.3f}  top-3 {scores.top3:.3f}")
    total = board.score(outcomes)
    print(
        f"incidents {total.incidents}  top-1 {total.top1:.3f}  top-3 {total.top3:.3f}  MRR {total.mrr:.3f}  "
        f"evidence recall {total.evidence_recall:.3f}  false alarms {total.false_alarms}/{total.healthy}  "
        f"Brier {total.brier:.3f}  calibration error {total.calibration_error:.3f}  errors {total.errors}"
    )
    if json_file is not None:
        json_file.write_text(json.dumps(board.as_json(outcomes), indent=2), encoding="utf-8")
