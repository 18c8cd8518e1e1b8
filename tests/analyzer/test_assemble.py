"""What the report says of the order of causes, and of what to do next."""

from __future__ import annotations

from analyzer.assemble import _next_action, _why
from analyzer.catalogue import Cause, Signal, Step
from analyzer.findings import Finding
from analyzer.ranking import Ranked
from analyzer.report import model


def ranked(name: str, probability: float, own: float, signals: int) -> Ranked:
    signal = Signal(id="s", fact=(name,), strength="strong")
    cause = Cause(
        id=name, family="t", scope="node", title=name, summary=name, signals=(signal,), remediation=(Step(text="x"),)
    )
    return Ranked(cause, probability, own, signals, [(signal, [Finding("fact", signal)])])


def test_words_are_named_where_they_decided() -> None:
    first, second = ranked("a", 0.8, 1.0, 1), ranked("b", 0.6, 3.0, 1)
    assert "and words that incidents of it had before; the next one, b," in _why(first, [first, second], 0.5)
    assert "words" not in _why(first, [first, ranked("b", 0.6, 0.5, 1)], 0.5)


def test_a_cause_that_only_words_speak_for_says_so() -> None:
    only = ranked("a", 0.2, -4.0, 0)
    assert _why(only, [only], 0.5) == "It has no signal of its own, but words that incidents of it had before."


def test_nothing_is_repaired_where_nothing_was_found() -> None:
    step = model.RemediationStep("Remove it.", "rm", "disruptive")
    cause = model.CauseResult("a", 1, "a", "t", 0.1, "possible", "node", remediation=(step,))
    assert _next_action("no-problem-found", [cause], [], not_a_fault=False).text.startswith("Nothing to repair")
    assert _next_action("no-problem-found", [cause], [], not_a_fault=True).text == "Remove it."
    assert _next_action("causes-found", [cause], [], not_a_fault=False).command == "rm"
