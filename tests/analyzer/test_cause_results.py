"""What the report says of the order of causes."""

from __future__ import annotations

from analyzer.catalogue import Cause, Signal, Step
from analyzer.cause_results import why_there
from analyzer.findings import Finding
from analyzer.ranking import Ranked


def ranked(name: str, probability: float, own: float, signals: int) -> Ranked:
    signal = Signal(id="s", fact=(name,), strength="strong")
    cause = Cause(
        id=name, family="t", scope="node", title=name, summary=name, signals=(signal,), remediation=(Step(text="x"),)
    )
    return Ranked(cause, probability, own, signals, [(signal, [Finding("fact", signal)])])


def test_words_are_named_where_they_decided() -> None:
    first, second = ranked("a", 0.8, 1.0, 1), ranked("b", 0.6, 3.0, 1)
    assert "and words that incidents of it had before; the next one, b," in why_there(first, [first, second], 0.5)
    assert "words" not in why_there(first, [first, ranked("b", 0.6, 0.5, 1)], 0.5)


def test_a_cause_that_only_words_speak_for_says_so() -> None:
    only = ranked("a", 0.2, -4.0, 0)
    assert why_there(only, [only], 0.5) == "It has no signal of its own, but words that incidents of it had before."
