from __future__ import annotations

from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from analyzer.backlog.fingerprint import as_text, fingerprint, from_text, general
from analyzer.report import model

WHEN = datetime(2026, 3, 16, 4, 0, tzinfo=UTC)


def match(text: str) -> tuple[str, ...]:
    return ("port-taken",) if "already in use" in text else ()


def cause(name: str, rank: int, confidence: str, *evidence: model.Evidence) -> model.CauseResult:
    return model.CauseResult(name, rank, name, "bgp", 0.5, confidence, "node", evidence=evidence)


def report(*causes: model.CauseResult, verdict: str = "causes-found", **rest: object) -> model.Report:
    tool, bundle = model.Tool("calico-triage", "1"), model.BundleInfo("t.tgz")
    made = model.Report(tool, WHEN, bundle, model.ClusterInfo(), verdict, causes)
    return replace(made, **rest)  # type: ignore[arg-type]


def test_causes_count_by_rank_and_confidence() -> None:
    found = fingerprint(report(cause("b", 2, "possible"), cause("a", 1, "likely"), cause("c", 3, "unlikely")), match)
    assert found == {"cause:a": 4.0, "cause:b": 1.0}


def test_a_quoted_line_counts_by_its_message_and_else_by_its_signal() -> None:
    known = model.Evidence("a.log", 1, "bind: address already in use", signal="taken")
    other = model.Evidence("a.log", 2, "Ready False", signal="not-ready")
    seen = model.SymptomResult("down", "Down", evidence=(replace(other, signal="of-symptom"),))
    found = fingerprint(report(cause("a", 1, "likely", known, other), symptoms=(seen,)), match)
    assert found == {"cause:a": 4.0, "message:port-taken": 1.0, "signal:not-ready": 0.5}


def test_without_a_cause_the_verdict_counts() -> None:
    assert fingerprint(report(verdict="no-problem-found"), match) == {"verdict:no-problem-found": 4.0}
    assert "cause:a" in fingerprint(report(cause("a", 1, "possible"), verdict="not-enough-data"), match)


@pytest.mark.parametrize("level, counts", [("ERROR", True), ("FATAL", True), ("WARNING", False)])
def test_lines_that_nobody_knows_count_without_what_varies(level: str, counts: bool) -> None:
    lines = [
        model.Unrecognized(f"Frobnication of {node} failed after <N> tries", level, 3, "a.log", 7)
        for node in ("10.0.0.5", "kube-c1.example.com")
    ]
    one, other = (fingerprint(report(unrecognized=(line,)), match) for line in lines)
    assert one == other
    assert ("template:frobnication of * failed after * tries" in one) == counts


@pytest.mark.parametrize("template", ["<*> <*>", "10.0.0.5 failed", "", "x y z"])
def test_a_template_that_says_nothing_is_left_out(template: str) -> None:
    assert general(template) == ""


def test_only_the_first_templates_count() -> None:
    lines = tuple(
        model.Unrecognized(f"some {chr(97 + n)}bc words", "ERROR", 1, "a.log", n) for n in range(20)
    )  # fmt: skip
    assert sum(name.startswith("template:") for name in fingerprint(report(unrecognized=lines), match)) == 8


def test_stored_text_comes_back_and_does_not_depend_on_order() -> None:
    assert from_text(as_text({"b": 1.0, "a": 0.5})) == {"a": 0.5, "b": 1.0}
    assert as_text({"b": 1.0, "a": 0.5}) == as_text({"a": 0.5, "b": 1.0})


@pytest.mark.parametrize("text", ["", "[1]", "{", '"x"', "[" * 100_000])
def test_what_cannot_be_read_has_no_features(text: str) -> None:
    assert from_text(text) == {}
