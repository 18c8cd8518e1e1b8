"""The scoreboard counts what it says it counts."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from analyzer.evaluate import confusion, evaluate, judge, reliability, score
from analyzer.report import model

TRUTH = {
    "id": "x", "primary": "a", "acceptable": ["b"], "contributing": ["c"], "difficulty": "easy",
    "must_cite": [{"file": "f.log", "contains": "boom"}],
}  # fmt: skip


def cause(name: str, probability: float, *texts: str) -> model.CauseResult:
    confidence = "likely" if probability >= 0.5 else "possible"
    evidence = tuple(model.Evidence("f.log", 1, text) for text in texts)
    return model.CauseResult(name, 1, name, "t", probability, confidence, "node", evidence=evidence)


def report(*causes: model.CauseResult, verdict: str = "causes-found") -> model.Report:
    return model.Report(
        model.Tool("calico-triage", "0"), datetime.now(UTC), model.BundleInfo("b"), model.ClusterInfo(), verdict, causes
    )


def judged(*causes: model.CauseResult, **truth: Any) -> Any:
    verdict = truth.pop("verdict", "causes-found")
    return judge({**TRUTH, **truth}, report(*causes, verdict=verdict), 0.1)


def test_the_rank_of_the_first_accepted_cause() -> None:
    assert judged(cause("a", 0.9)).rank == 1
    assert judged(cause("z", 0.9), cause("b", 0.4)).rank == 2
    assert judged(cause("z", 0.9)).rank == 0


def test_a_line_counts_only_when_it_is_quoted() -> None:
    assert judged(cause("a", 0.9, "it went boom")).cited == 1
    missed = judged(cause("a", 0.9, "all quiet"))
    assert (missed.cited, missed.must_cite, missed.uncited) == (0, 1, ["f.log: boom"])


def test_a_second_fault_is_looked_for() -> None:
    assert judged(cause("a", 0.9), cause("c", 0.6)).second_found is True
    assert judged(cause("a", 0.9)).second_found is False


def test_a_likely_fault_in_a_healthy_bundle_is_a_false_alarm() -> None:
    healthy = {"primary": "no-problem-found", "acceptable": [], "contributing": [], "must_cite": []}
    alarm = judged(cause("a", 0.9), **healthy)
    assert alarm.false_alarm and alarm.rank == 0
    calm = judged(cause("a", 0.2), verdict="no-problem-found", **healthy)
    assert calm.rank == 1 and not calm.false_alarm


def test_scores_and_reliability() -> None:
    outcomes = [
        judged(cause("a", 0.9, "boom")),
        judged(cause("z", 0.9)),
        judged(cause("z", 0.6), cause("a", 0.55, "boom")),
    ]
    scores = score(outcomes)
    assert scores.top1 == pytest.approx(1 / 3)
    assert scores.top3 == pytest.approx(2 / 3)
    assert scores.mrr == pytest.approx((1 + 0 + 0.5) / 3)
    assert scores.evidence_recall == 1.0
    bins = {row["from"]: row for row in reliability(outcomes)}
    assert bins[0.9]["count"] == 2 and bins[0.9]["true"] == 0.5


def test_an_analyzer_that_fails_is_counted_not_hidden(tmp_path: Path) -> None:
    (tmp_path / "one" / "bundle").mkdir(parents=True)
    (tmp_path / "one" / "truth.yaml").write_text("id: one\nprimary: a\n", encoding="utf-8")

    def broken(bundle: Path) -> model.Report:
        raise ValueError(f"no {replace}")

    outcomes = evaluate(tmp_path, broken)
    assert outcomes[0].error.startswith("ValueError") and score(outcomes).errors == 1


def test_what_was_taken_for_what() -> None:
    wrong = judged(cause("z", 0.9))
    assert confusion([judged(cause("a", 0.9)), wrong, wrong, judged()]) == [
        ("a", "z", ("x", "x")),
        ("a", "causes-found", ("x",)),
    ]


def test_a_cross_check_that_fails_is_an_error_whatever_the_answer() -> None:
    broken = replace(report(cause("a", 0.9)), warnings=(model.Warning_("", "cross-check zero failed: KeyError: x"),))
    outcome = judge(TRUTH, broken, 0.1)
    assert "zero" in outcome.error and score([outcome]).errors == 1
