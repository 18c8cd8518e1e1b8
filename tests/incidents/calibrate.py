"""Fits the numbers of the ranking model: ``calibrate.py FOLDER... [--write]``; FOLDERs of labelled incidents, never held-out ones.

What fired does not depend on the numbers, so each bundle is read once and only ranked anew. The numbers are moved one after
the other over a small grid, as long as the loss falls; the loss is the mean Brier score of all causes shown, plus a
share for every incident whose cause does not come first. Five-fold cross-validation says what the fit is worth on
incidents that it has not seen.
"""

from __future__ import annotations

import argparse
import itertools
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import yaml

from analyzer.catalogue import Catalogue, RankingModel, Signal
from analyzer.evaluate import HEALTHY, OUT_OF_SCOPE
from analyzer.findings import Finding
from analyzer.pipeline import Analyzer, can_show
from analyzer.ranking import rank

TARGET = Path(__file__).parents[2] / "analyzer" / "knowledge" / "ranking.yaml"
FOLDS = 5
#: weight of an incident whose cause does not come first, against a Brier score of 1
WRONG = 0.5
#: the steps by which a number may be moved; the strengths stay in their order
FACTORS = (0.5, 0.7, 0.85, 1.18, 1.4, 2.0)
NUMBERS = (
    ("ratio", "decisive"), ("ratio", "strong"), ("ratio", "moderate"), ("ratio", "weak"),
    ("against", "decisive"), ("against", "strong"), ("against", "moderate"), ("against", "weak"),
    ("pass_on",), ("repeat",), ("absent",), ("temperature",), ("prior_scale",),
)  # fmt: skip
LIMITS = {"pass_on": 0.95, "repeat": 1.0, "absent": 1.0}


@dataclass(slots=True)
class Case:
    """What fired in one incident, and its label."""

    name: str
    fired: Mapping[str, Mapping[str, list[Finding]]]
    platform: str
    shows: Callable[[Signal], bool]
    true: frozenset[str]
    accepted: frozenset[str]


def cases(analyzer: Analyzer, folders: Iterable[Path]) -> list[Case]:
    """Read every labelled incident once."""
    from analyzer.cluster import describe_cluster

    found = []
    for label in (path for folder in folders for path in sorted(folder.glob("*/truth.yaml"))):
        truth = yaml.safe_load(label.read_text(encoding="utf-8"))
        diagnosis = analyzer.diagnose(analyzer.read([label.parent / "bundle"]))
        tables = diagnosis.reading.tables
        accepted = frozenset([truth["primary"], *(truth.get("acceptable") or [])]) - {*HEALTHY, *OUT_OF_SCOPE}
        true = accepted | frozenset(truth.get("contributing") or [])
        platform = describe_cluster(tables, diagnosis.inventory).platform
        found.append(Case(str(truth["id"]), diagnosis.fired, platform, can_show(tables), true, accepted))
    return found


def loss(catalogue: Catalogue, model: RankingModel, items: Sequence[Case]) -> float:
    """Mean over the incidents: Brier score of the causes shown, and a share for a wrong first one."""
    changed = msgspec.structs.replace(catalogue, ranking=model)
    total = 0.0
    for case in items:
        ranked = [item for item in rank(changed, case.fired, case.platform, case.shows) if not item.cause.not_a_fault]
        shown = [item for item in ranked if item.probability >= model.shown]
        errors = [(item.probability - (item.cause.id in case.true)) ** 2 for item in shown]
        if case.true and not any(item.cause.id in case.true for item in shown):
            errors.append(1.0)
        first = shown[0].cause.id if shown else ""
        wrong = first not in case.accepted if case.accepted else bool(shown and shown[0].probability >= model.likely)
        total += sum(errors) / max(1, len(errors)) + WRONG * wrong
    return total / max(1, len(items))


def moved(model: RankingModel, number: tuple[str, ...], factor: float) -> RankingModel | None:
    """The model with one number changed; None where that breaks the order of strengths or a limit."""
    values: dict[str, Any] = msgspec.to_builtins(model)
    place = values[number[0]] if len(number) == 2 else values
    key = number[-1]
    place[key] = round(place[key] * factor, 4)
    ratio, against = values["ratio"], values["against"]
    ordered = ratio["decisive"] > ratio["strong"] > ratio["moderate"] > ratio["weak"] > 1.0
    ordered &= against["decisive"] < against["strong"] < against["moderate"] < against["weak"] < 1.0
    within = all(values[name] <= LIMITS[name] for name in ("pass_on", "repeat", "absent"))
    return RankingModel.read(values) if ordered and within else None


def fit(catalogue: Catalogue, items: Sequence[Case]) -> RankingModel:
    """Move one number after the other as long as the loss falls."""
    best, least = catalogue.ranking, loss(catalogue, catalogue.ranking, items)
    for _ in range(4):
        before = least
        for number, factor in itertools.product(NUMBERS, FACTORS):
            tried = moved(best, number, factor)
            if tried is not None and (value := loss(catalogue, tried, items)) < least - 1e-5:
                best, least = tried, value
        if before - least < 1e-4:
            break
    return best


def main() -> None:
    """Fit, cross-validate, print, and with ``--write`` put the numbers into the catalogue."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--write", action="store_true")
    words = parser.parse_args()
    analyzer = Analyzer()
    items = cases(analyzer, words.folders)
    catalogue = analyzer.catalogue
    print(f"{len(items)} incidents, loss with the present numbers {loss(catalogue, catalogue.ranking, items):.4f}")
    folds = [items[number::FOLDS] for number in range(FOLDS)]
    unseen = []
    for number, fold in enumerate(folds):
        others = [case for place, other in enumerate(folds) if place != number for case in other]
        unseen.append(loss(catalogue, fit(catalogue, others), fold) * len(fold))
    print(f"cross-validated loss of a fit {sum(unseen) / len(items):.4f}")
    best = fit(catalogue, items)
    print(f"loss of the fit to all {loss(catalogue, best, items):.4f}\n{best}")
    if words.write:
        text = TARGET.read_text(encoding="utf-8")
        for name, value in msgspec.to_builtins(best).items():
            shown = yaml.safe_dump(value, default_flow_style=True, sort_keys=False).strip().removesuffix("...").strip()
            text = re.sub(rf"(?m)^  {name}: .*$", f"  {name}: {shown}", text)
        TARGET.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
