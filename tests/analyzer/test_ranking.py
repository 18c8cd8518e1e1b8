"""The ranking model against the example that docs/ranking.md works by hand, and its properties."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from analyzer.catalogue import Catalogue, Cause, Signal, Step
from analyzer.findings import Finding, Place
from analyzer.ranking import Ranked, rank

STEP = Step(text="repair it")


def signal(name: str, strength: str, expected: bool = False) -> Signal:
    return Signal(id=name, fact=name, strength=strength, expected=expected)


def cause(name: str, prior: float, *signals: Signal, explains: tuple[str, ...] = (), against: tuple[Signal, ...] = ()):
    return Cause(
        id=name, family="t", scope="node", title=name, summary=name, prior=prior, signals=signals, explains=explains,
        against=against, remediation=(STEP,),
    )  # fmt: skip


def catalogue(*causes: Cause) -> Catalogue:
    return Catalogue(causes={item.id: item for item in causes}, symptoms={}, messages={})


def fired(knowledge: Catalogue, *facts: str) -> dict[str, dict[str, list[Finding]]]:
    found: dict[str, dict[str, list[Finding]]] = {}
    for item in knowledge.causes.values():
        for one in (*item.signals, *item.against):
            if one.id in facts:
                finding = Finding(f"fact:{one.id}", one, [Place("f", 1, "text")])
                found.setdefault(item.id, {})[one.id] = [finding]
    return found


def ranks(knowledge: Catalogue, *facts: str, **more: object) -> list[Ranked]:
    return rank(knowledge, fired(knowledge, *facts), **more)  # type: ignore[arg-type]


UP = cause("upstream", 0.06, signal("s1", "decisive"), explains=("downstream",))
DOWN = cause("downstream", 0.04, signal("s2", "strong"))


def test_the_example_worked_by_hand() -> None:
    found = ranks(catalogue(UP, DOWN), "s1", "s2")
    assert [item.cause.id for item in found] == ["upstream", "downstream"]
    assert found[0].probability == pytest.approx(0.9985, abs=5e-5)
    assert found[1].probability == pytest.approx(0.0689, abs=5e-5)
    assert found[1].explained_by == ["upstream"]
    assert found[0].explains == ["downstream"]


def test_downstream_alone_is_likely() -> None:
    found = ranks(catalogue(UP, DOWN), "s2")
    assert [item.cause.id for item in found] == ["downstream"]
    assert found[0].probability == pytest.approx(0.745, abs=0.005)


def test_an_upstream_cause_without_evidence_of_its_own_takes_nothing() -> None:
    weak_up = cause("upstream", 0.06, signal("s1", "weak"), explains=("downstream",))
    found = ranks(catalogue(weak_up, DOWN), "s1", "s2")
    assert found[0].cause.id == "downstream"


def test_a_decisive_line_beats_any_number_of_weak_ones() -> None:
    loud = cause("loud", 0.06, *[signal(f"w{i}", "weak") for i in range(5)])
    quiet = cause("quiet", 0.01, signal("d", "decisive"))
    found = ranks(catalogue(loud, quiet), "d", *[f"w{i}" for i in range(5)])
    assert found[0].cause.id == "quiet"


def test_repeats_of_one_signal_add_little() -> None:
    one = cause("one", 0.02, signal("s", "moderate"))
    knowledge = catalogue(one)
    once = rank(knowledge, fired(knowledge, "s"))[0].probability
    many = fired(knowledge, "s")
    many["one"]["s"][0].places *= 1000
    assert rank(knowledge, many)[0].probability == once


def test_two_independent_faults_both_surface() -> None:
    first = cause("first", 0.04, signal("a", "decisive"))
    second = cause("second", 0.01, signal("b", "decisive"))
    found = ranks(catalogue(first, second), "a", "b")
    assert all(item.probability > 0.8 for item in found)


def test_signals_against_and_absent_expected_traces_lower_a_cause() -> None:
    base = cause("base", 0.02, signal("a", "strong"))
    doubted = cause("doubted", 0.02, signal("a", "strong"), against=(signal("n", "strong"),))
    hoped = cause("hoped", 0.02, signal("a", "strong"), signal("e", "strong", expected=True))
    plain = ranks(catalogue(base), "a")[0].probability
    assert ranks(catalogue(doubted), "a", "n")[0].probability < plain / 3
    assert ranks(catalogue(hoped), "a", can_show=lambda s: True)[0].probability < plain
    assert ranks(catalogue(hoped), "a", can_show=lambda s: False)[0].probability == pytest.approx(plain)


def test_prior_by_platform() -> None:
    local = Cause(
        id="c", family="t", scope="node", title="c", summary="c", signals=(signal("a", "moderate"),), remediation=(STEP,),
        prior={"default": 0.01, "roks": 0.2},
    )  # fmt: skip
    knowledge = catalogue(local)
    assert (
        ranks(knowledge, "a", platform="roks")[0].probability > ranks(knowledge, "a", platform="other")[0].probability
    )


def test_order_is_the_same_whatever_the_order_of_entries() -> None:
    items = [cause(name, 0.02, signal("a", "strong")) for name in ("x", "b", "m")]
    one = [item.cause.id for item in ranks(catalogue(*items), "a")]
    assert one == [item.cause.id for item in ranks(catalogue(*reversed(items)), "a")] == ["b", "m", "x"]


def test_a_residual_cause_gives_way_to_a_specific_one() -> None:
    rest = replace(cause("rest", 0.06, signal("r1", "strong"), signal("r2", "strong")), residual=True)
    specific = cause("specific", 0.008, signal("s", "strong"))
    assert ranks(catalogue(rest, specific), "r1", "r2")[0].cause.id == "rest"
    found = ranks(catalogue(rest, specific), "r1", "r2", "s")
    assert found[0].cause.id == "specific"
    assert sum(item.probability for item in found) <= 1.0 + 1e-9


def test_a_faults_telling_signal_speaks_against_work_in_progress_unless_that_accounts_for_it() -> None:
    fault = cause("fault", 0.06, signal("lost", "decisive"))
    wait = replace(cause("wait", 0.03, signal("taken-out", "strong")), not_a_fault=True)
    beside = ranks(catalogue(fault, wait), "lost", "taken-out")
    knows = replace(wait, explains=("fault",))
    explained = ranks(catalogue(fault, knows), "lost", "taken-out")
    chance = {
        name: next(item.probability for item in found if item.cause.id == "wait")
        for name, found in (("beside", beside), ("explained", explained))
    }
    assert chance["explained"] > 0.8 > 0.2 > chance["beside"]
