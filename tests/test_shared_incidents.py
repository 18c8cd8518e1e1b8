"""The labelled incidents of the reference material, where it is beside the checkout."""

from __future__ import annotations

from pathlib import Path

import pytest

from analyzer.evaluate import Outcome, evaluate, score
from analyzer.pipeline import Analyzer

INCIDENTS = Path(__file__).parents[2] / "shared" / "incidents"
pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not INCIDENTS.is_dir(), reason="the labelled incidents are not beside the checkout"),
]


@pytest.fixture(scope="module")
def outcomes() -> list[Outcome]:
    analyzer = Analyzer()
    return evaluate(INCIDENTS, lambda bundle: analyzer.analyze([bundle]))


def test_none_ends_in_an_error(outcomes: list[Outcome]) -> None:
    assert [item.error for item in outcomes if item.error] == []


def test_the_ranking_holds_what_was_promised(outcomes: list[Outcome]) -> None:
    scores = score(outcomes)
    assert scores.top1 >= 0.95, [(item.incident, item.first) for item in outcomes if item.rank != 1]
    assert scores.top3 == 1.0
    assert scores.evidence_recall >= 0.95, [item.uncited for item in outcomes if item.uncited]
    assert scores.false_alarms == 0
