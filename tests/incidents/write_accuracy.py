"""Writes docs/accuracy.md: ``write_accuracy.py FOLDER=TITLE ... [-o FILE]``; each FOLDER holds labelled incidents."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from analyzer import __version__
from analyzer.evaluate import Outcome, confusion, evaluate, grouped, reliability, score
from analyzer.pipeline import Analyzer
from analyzer.report.model import Report
from analyzer.robustness import by_way, trials

ROOT = Path(__file__).parents[2]
HEAD = """# Accuracy

Made by `make accuracy` on {day} with calico-triage {version}; do not edit. What the sets are:

- **held out**: incidents told by this project (`tests/incidents`: the second, sixth, tenth ... of each cause in `stories`, the second ...
  in `unseen`) after public threads and Calico's source; most of those in `unseen` by people who had not seen the rules. Nobody looked at their
  bundles or results one by one when rules and weights were changed; only their figures are read,
  so their confusions are not listed here either.
- **tuned**: the others, which rules and weights were worked on with. A score here says that known cases work.
- **samples**: the bundles of `sample_bundles/`, made after the runbook's own examples.
- **development set**: the labelled incidents that the requirement came with; rules were written beside them.

The newest 118 of `unseen` were told on 29 November 2026 by people who had not seen the rules. At their first run, by rules that had never
met them, the cause was first in 0.839 and in the first three in 0.907 of them; the half that was not opened is among the held out
incidents below. They are harder than the older ones: their tellers were asked for other tools, releases and wordings than those known.

177 more (`opened`) were told on the same day, again by people who had not seen the rules, ran once, and were then worked on: they are among
the tuned ones. What their first run gave is the best guess of what to expect of a bundle that nobody has seen:

| when | incidents | first | in the first three | evidence | calibration error |
|---|---:|---:|---:|---:|---:|
| by the rules alone | 118 | 0.746 | 0.831 | 0.739 | 0.156 |
| the same, with words learnt from older incidents (docs/ranking.md; three of its numbers were fitted on these) | 118 | 0.788 | 0.907 | 0.722 | 0.060 |
| others, told after all this, by what was learnt from the 118 | 59 | 0.898 | 0.983 | 0.787 | 0.049 |

An incident counts as *first* when the first ranked cause is the labelled one or one that the label accepts as well. *Evidence* is the
share of the label's decisive lines that are quoted under the cause. *False alarms* are healthy bundles with a likely fault.
"""
COLUMNS = "incidents | first | in the first three | MRR | evidence | false alarms | Brier | calibration error"


def table(groups: dict[str, Sequence[Outcome]], first: str) -> Iterator[str]:
    """Lines of a Markdown table with a row for each group."""
    yield f"| {first} | {COLUMNS} |"
    yield "|---|" + "---:|" * (COLUMNS.count("|") + 1)
    for name, outcomes in groups.items():
        one = score(outcomes)
        yield (
            f"| {name} | {one.incidents} | {one.top1:.3f} | {one.top3:.3f} | {one.mrr:.3f} | {one.evidence_recall:.3f} | "
            f"{one.false_alarms} of {one.healthy} | {one.brier:.3f} | {one.calibration_error:.3f} |"
        )


def measured(folder: Path) -> tuple[list[Outcome], dict[str, Any]]:
    """What one set of incidents gives: as they are, and with less data."""
    analyzer = Analyzer()

    def analyze(bundle: Path) -> Report:
        return analyzer.analyze([bundle])

    outcomes = evaluate(folder, analyze)
    for item in outcomes:
        item.family = analyzer.catalogue.causes[item.primary].family
    return outcomes, dict(by_way(list(trials(folder, analyze))))


def page(sets: dict[str, Path]) -> Iterator[str]:
    """The page, line by line; the sets are measured side by side."""
    yield HEAD.format(day=datetime.now(UTC).strftime("%d %B %Y"), version=__version__)
    with ProcessPoolExecutor() as pool:
        given = dict(zip(sets, pool.map(measured, sets.values()), strict=True))
    results = {title: outcomes for title, (outcomes, _) in given.items()}
    yield from table(dict(results), "set")
    for title, outcomes in results.items():
        yield f"\n## {title}\n"
        for attribute in ("difficulty", "family"):
            groups: dict[str, list[Outcome]] = {}
            for name in grouped(outcomes, attribute):
                groups[name] = [item for item in outcomes if str(getattr(item, attribute)) == name]
            yield from table(dict(groups), attribute)
            yield ""
        yield "Of the causes said to be so likely, so many were true:\n"
        yield "| said | causes | mean said | true |\n|---|---:|---:|---:|"
        for row in reliability(outcomes):
            yield f"| {row['from']:.0%} to {row['to']:.0%} | {row['count']:.0f} | {row['said']:.3f} | {row['true']:.3f} |"
        if title != "held out":
            yield "\nTaken for another cause:\n"
            mixed = [f"- `{label}` for `{first}`: {', '.join(names)}" for label, first, names in confusion(outcomes)]
            yield from mixed or ["none"]
        yield "\nWith less data (passed: in the first three, or `not-enough-data` and what was taken away is asked for):\n"
        yield "| form | bundles | first | in the first three | passed |\n|---|---:|---:|---:|---:|"
        for way, one in given[title][1].items():
            yield f"| {way} | {one.trials} | {one.top1:.3f} | {one.top3:.3f} | {one.passed:.3f} |"


def main() -> None:
    """Read the command line and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sets", nargs="+", metavar="FOLDER=TITLE")
    parser.add_argument("-o", type=Path, default=ROOT / "docs" / "accuracy.md", dest="output")
    words = parser.parse_args()
    sets = {title: Path(folder) for folder, _, title in (one.partition("=") for one in words.sets)}
    present = {title: folder for title, folder in sets.items() if folder.is_dir()}
    words.output.write_text("\n".join(page(present)) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
