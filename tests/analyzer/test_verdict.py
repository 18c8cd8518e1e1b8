"""Healthy is only said of what was seen."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from analyzer.catalogue import Cause, RankingModel, Signal, Step
from analyzer.findings import Finding, Place
from analyzer.inventory import Inventory
from analyzer.ranking import Ranked
from analyzer.tables import build
from analyzer.verdict import lasts, shown_causes, verdict
from parsers.rows import NodeRow, PodRow


def ranked(probability: float, fault: bool = True, residual: bool = False, signals: int = 1) -> Ranked:
    cause = Cause(
        id="c", family="t", scope="node", title="c", summary="c", signals=(Signal(id="s", fact=("f",), strength="weak"),),
        remediation=(Step(text="x"),), not_a_fault=not fault, residual=residual,
    )  # fmt: skip
    return Ranked(cause, probability, 0.0, signals)


def inventory(ready: str = "", node: str = "True") -> Inventory:
    rows: dict[str, list[Any]] = {"nodes": [NodeRow("n", 1, "a", ready=node)] if node else []}
    if ready:
        rows["pods"] = [
            PodRow("p", 1, "calico-system", "calico-node-a", app="calico-node", node="a", phase="Running", ready=ready)
        ]
    return Inventory(build(rows))


@pytest.mark.parametrize(
    ("causes", "seen", "symptoms", "expected"),
    [
        ([ranked(0.9)], inventory("0/1"), True, "causes-found"),
        ([ranked(0.9)], inventory(), False, "causes-found"),
        ([], inventory("1/1"), False, "no-problem-found"),
        ([ranked(0.3)], inventory("1/1"), False, "no-problem-found"),
        ([ranked(0.45)], inventory("1/1"), False, "causes-found"),
        ([ranked(0.45, residual=True)], inventory("1/1"), False, "no-problem-found"),
        ([], inventory("", ""), False, "not-enough-data"),
        ([], inventory(), False, "not-enough-data"),
        ([], inventory("0/1"), True, "not-enough-data"),
        ([ranked(0.3)], inventory("0/1"), True, "causes-found"),
        ([ranked(0.2)], inventory("0/1"), True, "not-enough-data"),
        ([ranked(0.3, residual=True)], inventory("0/1"), True, "not-enough-data"),
        ([ranked(0.6, residual=True)], inventory("0/1"), True, "causes-found"),
        ([ranked(0.9, fault=False)], inventory(), False, "no-problem-found"),
        ([], inventory("1/1", node="Unknown"), False, "not-enough-data"),
    ],
)
def test_verdict(causes: list[Ranked], seen: Inventory, symptoms: bool, expected: str) -> None:
    assert verdict(causes, seen, ["s"] if symptoms else [], RankingModel()) == expected


@pytest.mark.parametrize(
    ("probability", "expected"), [(0.0, "not-enough-data"), (0.3, "causes-found"), (0.9, "causes-found")]
)
def test_a_symptom_that_lasts_is_not_healthy(probability: float, expected: str) -> None:
    assert verdict([ranked(probability)], inventory("1/1"), ["s"], RankingModel(), lasting=True) == expected


@pytest.mark.parametrize(
    ("fault", "other", "said", "first"),
    [
        (0.9, 0.95, "causes-found", 0.9),
        (0.3, 0.95, "causes-found", 0.95),  # work in progress explains it; what else it may be comes behind
        (0.3, 0.4, "not-enough-data", 0.3),
        (0.3, 0.4, "no-problem-found", 0.4),
    ],
)
def test_what_is_no_fault_comes_last_unless_only_that_is_likely(
    fault: float, other: float, said: str, first: float
) -> None:
    shown = shown_causes([ranked(other, fault=False), ranked(fault), ranked(0.001)], said, RankingModel())
    assert shown[0].probability == first
    assert len(shown) == 2


@pytest.mark.parametrize(
    ("table", "pod", "ready", "expected"),
    [
        ("events", "calico-node-a", "1/1", False),
        ("readiness", "calico-node-a", "1/1", False),
        ("events", "calico-node-a", "0/1", True),
        ("events", "", "1/1", True),
        ("bgp", "calico-node-a", "1/1", True),
    ],
)
def test_what_probes_once_said_of_a_pod_that_is_ready_does_not_last(
    table: str, pod: str, ready: str, expected: bool
) -> None:
    signal = Signal(id="s", fact=("f",), strength="weak")
    finding = Finding("k", signal, [Place("e", 1, "BIRD is not ready", pod=pod, table=table)])
    assert lasts(finding, inventory(ready)) is expected


def test_causes_that_only_words_speak_for_fill_up_three_places() -> None:
    def by_words(probability: float, quoted: bool = True) -> Ranked:
        item = ranked(probability, signals=0)
        signal = item.cause.signals[0]
        item.findings += [(signal, [Finding("wording", signal, [Place("f", 1, "t")])])] if quoted else []
        return item

    first, second, third, fourth = ranked(0.9), by_words(0.2), by_words(0.15), by_words(0.12)
    assert shown_causes([first, second, third, fourth], "causes-found", RankingModel()) == [first, second, third]
    assert shown_causes([first, by_words(0.2, quoted=False)], "causes-found", RankingModel()) == [first]


def test_where_all_is_well_only_possible_causes_are_shown() -> None:
    assert shown_causes([ranked(0.08)], "no-problem-found", RankingModel()) == []
    assert len(shown_causes([ranked(0.2)], "no-problem-found", RankingModel())) == 1


def test_work_in_progress_alone_is_no_problem() -> None:
    work = ranked(0.95, fault=False)
    work.cause = replace(work.cause, symptoms=("node-not-ready",))
    away = inventory("", node="False")
    assert verdict([work], away, ["node-not-ready"], RankingModel()) == "no-problem-found"
    assert verdict([work], away, ["node-not-ready", "crash-loop"], RankingModel()) == "not-enough-data"
    assert verdict([work, ranked(0.3)], away, ["node-not-ready"], RankingModel()) == "causes-found"
