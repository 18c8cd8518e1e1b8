"""The scoreboard: how well the ranking names the labelled cause of incidents.

A label (``truth.yaml``) says the primary cause, other acceptable first answers, contributing causes, the
lines that must be cited. Only ``bundle/`` is shown to the analyzer.
"""

from __future__ import annotations

import time
import traceback
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import yaml

from analyzer.report.model import Report
from parsers.lazy_pattern import lazy_pattern

HEALTHY = ("no-problem-found",)
OUT_OF_SCOPE = ("not-a-calico-cluster",)
#: warnings that tell of a mistake in this program, not of the input
DEFECT = lazy_pattern(r"cross-check \S+ failed|a defect of calico-triage")


@dataclass(slots=True)
class Outcome:
    """How one incident came out; ``rank`` is 1-based, 0 where no accepted cause was ranked."""

    incident: str
    family: str
    difficulty: str
    primary: str
    first: str
    rank: int
    cited: int
    must_cite: int
    false_alarm: bool
    second_found: bool | None
    verdict: str
    seconds: float
    probabilities: list[tuple[float, bool]] = field(default_factory=list)
    error: str = ""
    uncited: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Scores:
    """Figures over a set of outcomes."""

    incidents: int
    top1: float
    top3: float
    mrr: float
    evidence_recall: float
    false_alarms: int
    healthy: int
    brier: float
    calibration_error: float
    errors: int


def evaluate(directory: Path, analyze: Callable[[Path], Report]) -> list[Outcome]:
    """Run ``analyze`` on every labelled incident below ``directory``, in order of name."""
    outcomes = []
    for label in sorted(directory.glob("*/truth.yaml")):
        truth = yaml.safe_load(label.read_text(encoding="utf-8"))
        started = time.perf_counter()
        try:
            report: Report | None = analyze(label.parent / "bundle")
            error = ""
        except Exception as failure:
            report = None
            where = traceback.extract_tb(failure.__traceback__)[-1]
            error = f"{type(failure).__name__}: {failure} ({Path(where.filename).name}:{where.lineno})"
        outcomes.append(judge(truth, report, time.perf_counter() - started, error))
    return outcomes


def judge(truth: dict[str, Any], report: Report | None, seconds: float, error: str = "") -> Outcome:
    """Compare one report with its label."""
    accepted = [truth["primary"], *(truth.get("acceptable") or [])]
    wanted = truth.get("must_cite") or []
    outcome = Outcome(
        incident=str(truth["id"]),
        family=str(truth.get("family", "")),
        difficulty=str(truth.get("difficulty", "")),
        primary=str(truth["primary"]),
        first="",
        rank=0,
        cited=0,
        must_cite=0,
        false_alarm=False,
        second_found=None,
        verdict="",
        seconds=seconds,
        error=error,
    )
    if report is None:
        return outcome
    outcome.verdict = report.verdict
    defects = [item.what for item in report.warnings if DEFECT.search(item.what)]
    outcome.error = outcome.error or "; ".join(defects[:3])
    faults = [cause for cause in report.causes if cause.id not in (*HEALTHY, *OUT_OF_SCOPE)]
    likely = [cause for cause in faults if cause.confidence == "likely"]
    outcome.first = report.causes[0].id if report.causes else report.verdict
    healthy = truth["primary"] in (*HEALTHY, *OUT_OF_SCOPE)
    if healthy:
        outcome.false_alarm = bool(likely)
        good = report.verdict == "no-problem-found" and not likely
        outcome.rank = 1 if good or outcome.first in accepted else 0
        outcome.probabilities = [(cause.probability, cause.id in accepted) for cause in faults]
        return outcome
    for position, cause in enumerate(report.causes, start=1):
        if cause.id in accepted:
            outcome.rank = position
            break
    true = {*accepted, *(truth.get("contributing") or [])}
    outcome.probabilities = [(cause.probability, cause.id in true) for cause in faults]
    if not any(cause.id in true for cause in faults):
        outcome.probabilities.append((0.0, True))
    if 0 < outcome.rank <= 3:
        # a label with two independent faults names the decisive lines of both
        shown = [line for cause in report.causes if cause.id in true for line in cause.evidence]
        outcome.must_cite = len(wanted)
        for item in wanted:
            hit = any(e.file == item["file"] and str(item["contains"]) in e.text for e in shown)
            outcome.cited += hit
            if not hit:
                outcome.uncited.append(f"{item['file']}: {item['contains']}")
    contributing = truth.get("contributing") or []
    if contributing:
        outcome.second_found = all(any(cause.id == slug for cause in report.causes) for slug in contributing)
    return outcome


def score(outcomes: Iterable[Outcome]) -> Scores:
    """Sum the outcomes up; calibration error is the expected one over ten bins of probability."""
    items = list(outcomes)
    count = max(1, len(items))
    must = sum(item.must_cite for item in items)
    healthy = [item for item in items if item.primary in (*HEALTHY, *OUT_OF_SCOPE)]
    pairs = [pair for item in items for pair in item.probabilities]
    return Scores(
        incidents=len(items),
        top1=sum(item.rank == 1 for item in items) / count,
        top3=sum(1 <= item.rank <= 3 for item in items) / count,
        mrr=sum(1 / item.rank for item in items if item.rank) / count,
        evidence_recall=sum(item.cited for item in items) / must if must else 1.0,
        false_alarms=sum(item.false_alarm for item in items),
        healthy=len(healthy),
        brier=sum((p - float(true)) ** 2 for p, true in pairs) / max(1, len(pairs)),
        calibration_error=sum(abs(r["said"] - r["true"]) * r["count"] for r in reliability(items)) / max(1, len(pairs)),
        errors=sum(bool(item.error) for item in items),
    )


def reliability(outcomes: Iterable[Outcome]) -> list[dict[str, float]]:
    """Of the causes said to be so likely, how many were true: one entry a bin of probability."""
    bins: dict[int, list[tuple[float, bool]]] = defaultdict(list)
    for item in outcomes:
        for probability, true in item.probabilities:
            bins[min(9, int(probability * 10))].append((probability, true))
    return [
        {
            "from": index / 10,
            "to": (index + 1) / 10,
            "count": float(len(pairs)),
            "said": sum(p for p, _ in pairs) / len(pairs),
            "true": sum(t for _, t in pairs) / len(pairs),
        }
        for index, pairs in sorted(bins.items())
    ]


def grouped(outcomes: Iterable[Outcome], attribute: str) -> dict[str, Scores]:
    """Scores by family or difficulty."""
    groups: dict[str, list[Outcome]] = defaultdict(list)
    for item in outcomes:
        groups[str(getattr(item, attribute))].append(item)
    return {name: score(items) for name, items in sorted(groups.items())}


def confusion(outcomes: Iterable[Outcome]) -> list[tuple[str, str, tuple[str, ...]]]:
    """What was named first in place of the labelled cause: (label, named first, incidents), the most frequent first."""
    mixed: dict[tuple[str, str], list[str]] = defaultdict(list)
    for item in outcomes:
        if item.rank != 1:
            mixed[item.primary, item.first or "nothing"].append(item.incident)
    return [(*pair, tuple(names)) for pair, names in sorted(mixed.items(), key=lambda one: (-len(one[1]), one[0]))]


def as_json(outcomes: list[Outcome]) -> dict[str, Any]:
    """Everything the scoreboard knows, ready for ``json.dumps``."""
    return {
        "scores": asdict(score(outcomes)),
        "by_family": {name: asdict(item) for name, item in grouped(outcomes, "family").items()},
        "by_difficulty": {name: asdict(item) for name, item in grouped(outcomes, "difficulty").items()},
        "reliability": reliability(outcomes),
        "confusion": [
            {"label": label, "first": first, "incidents": names} for label, first, names in confusion(outcomes)
        ],
        "incidents": [asdict(item) for item in outcomes],
    }
