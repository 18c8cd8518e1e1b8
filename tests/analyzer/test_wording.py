"""What the words of a bundle say of its cause, and how little they may do."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.catalogue import KNOWLEDGE, Catalogue, Cause, RankingModel, Signal, Step
from analyzer.catalogue import load as load_catalogue
from analyzer.findings import Evidence, Finding, Place
from analyzer.inventory import Inventory
from analyzer.ranking import priors_of, rank
from analyzer.tables import build
from analyzer.wording import SIGNAL, Said, Wording, all_said, load, quote, words_of
from parsers.rows import ContainerRow, EventRow, PodRow

LEARNT = """# a comment
causes dns ipam
scale 0.1
bias 0 10
\tlookup\t2.000\t7f81
\tpool\t1.000\t0a7f
"""


def cause(name: str, prior: float = 0.02, fault: bool = True) -> Cause:
    return Cause(
        id=name, family="t", scope="node", title=name, summary=name, prior=prior, not_a_fault=not fault,
        signals=(Signal(id="s", fact=(name,), strength="decisive"),), remediation=(Step(text="x"),),
    )  # fmt: skip


def catalogue(**more: Any) -> Catalogue:
    causes = {name: cause(name) for name in ("dns", "ipam", "mtu")} | {"healthy": cause("healthy", 0.5, fault=False)}
    return Catalogue(causes=causes, symptoms={}, messages={}, ladders={}, ranking=RankingModel(wording=0.7, **more))


def evidence(**rows: list[Any]) -> Evidence:
    tables = build(rows)
    return Evidence(tables, [], Inventory(tables))


def said(*texts: str) -> list[Said]:
    return [Said(text, "events", place, words_of(text)) for place, text in enumerate(texts)]


@pytest.fixture
def learnt(tmp_path: Path) -> Wording:
    path = tmp_path / "wording.txt"
    path.write_text(LEARNT, encoding="ascii")
    return load(path)


def test_words_speak_for_the_causes_they_were_seen_with(learnt: Wording) -> None:
    chances = learnt.log_chances(said("DNS lookup failed"))
    assert sum(math.exp(value) for value in chances.values()) == pytest.approx(1.0)
    # one known word: its own norm cancels its rarity, what is left is weight and bias
    assert chances["dns"] - chances["ipam"] == pytest.approx(0.1 * (127 - (-127)) - 0.1 * 10)


def test_nothing_is_said_where_no_word_is_known(learnt: Wording) -> None:
    assert learnt.log_chances(said("hello")) == {}
    assert load(Path("/nonexistent/wording.txt")).log_chances(said("lookup")) == {}


def test_numbers_and_repeats_make_no_further_text() -> None:
    events = [
        EventRow("e", n, "Pod", "p", reason="Failed", message=f"no address left in block 10.{n}.0.0/26")
        for n in range(50)
    ]
    found = [text for text in all_said(evidence(events=events)) if text.table == "events"]
    assert [(text.text, text.position) for text in found] == [("Failed no address left in block 0.0.0.0/0", 0)]


def test_what_is_over_says_nothing() -> None:
    pod = PodRow("p", 1, "calico-system", "calico-node-a", app="calico-node", node="a", phase="Running", ready="1/1")
    container = ContainerRow("p", 1, "calico-system", "calico-node-a", "calico-node", state="Running", ready=True)
    old = EventRow(
        "e", 1, "Pod", "calico-node-a", "calico-system", "Warning", "Unhealthy", age_s=7200.0, message="lookup"
    )
    words = {
        word for text in all_said(evidence(pods=[pod], containers=[container], events=[old])) for word in text.words
    }
    assert "running" in words and "lookup" not in words


@given(st.lists(st.text(), max_size=5))
def test_any_text_can_be_asked_about(texts: list[str]) -> None:
    chances = load().log_chances(said(*texts))
    assert all(value <= 1e-9 for value in chances.values())


# -- what words do to the ranking


def test_without_words_priors_stay() -> None:
    plain = priors_of(catalogue(), "roks", {})
    assert plain == {"dns": 0.02, "ipam": 0.02, "mtu": 0.02, "healthy": 0.5}
    assert priors_of(catalogue(), "roks", {"healthy": 0.0}) == plain


def test_words_move_priors_within_bounds() -> None:
    sure = {"dns": math.log(0.98), "ipam": math.log(0.01), "mtu": math.log(0.01)}
    moved = priors_of(catalogue(wording_most=0.05), "roks", sure)
    assert moved["dns"] == 0.05
    assert moved["ipam"] == moved["mtu"] == pytest.approx(0.02 * 0.2)
    assert moved["healthy"] == 0.5


def test_words_of_health_speak_against_every_fault() -> None:
    chances = {"dns": math.log(0.05), "ipam": math.log(0.03), "mtu": math.log(0.02), "healthy": math.log(0.9)}
    moved = priors_of(catalogue(), "roks", chances)
    assert all(moved[name] < 0.02 for name in ("dns", "ipam", "mtu"))


def test_a_line_that_proves_something_beats_all_words() -> None:
    shown = catalogue()
    signal = shown.causes["ipam"].signals[0]
    fired = {"ipam": {"s": [Finding("fact:ipam", signal, [Place("f", 1, "t")])]}}
    against = {"dns": -1e-6, "ipam": -40.0, "mtu": -15.0}
    ranked = rank(shown, fired, wording=against)
    assert ranked[0].cause.id == "ipam" and ranked[0].probability > 0.5


def test_a_cause_without_signals_is_ranked_by_words_but_never_likely() -> None:
    ranked = rank(catalogue(), {}, wording={"dns": -1e-6, "ipam": -15.0, "mtu": -15.0})
    assert [(item.cause.id, item.signals) for item in ranked] == [("dns", 0)]
    assert ranked[0].probability < RankingModel().suspected


def test_the_words_are_quoted_where_nothing_else_is(learnt: Wording) -> None:
    seen = evidence(
        events=[EventRow("e", 7, "Pod", "p", reason="Failed", message="lookup of x"), EventRow("e", 8, "Pod", "p")]
    )
    texts = all_said(seen)
    ranked = rank(catalogue(), {}, wording=learnt.log_chances(texts))
    quote(ranked, learnt, texts, seen, 0.0)
    assert [(signal.id, finding.places[0].line) for signal, (finding,) in ranked[0].findings] == [(SIGNAL.id, 7)]


# -- what is shipped


def test_the_shipped_words_are_of_known_causes() -> None:
    shipped, known = load(), load_catalogue()
    assert set(shipped.causes) <= set(known.causes)
    assert len(shipped.bias) == len(shipped.causes)
    assert {len(row) for row in shipped.weight.values()} == {len(shipped.causes)}
    assert known.ranking.wording > 0


def test_the_shipped_words_are_the_catalogues_own() -> None:
    # so that no name of a host, a customer or an incident can be among them
    texts = " ".join(path.read_text(encoding="utf-8").lower() for path in KNOWLEDGE.rglob("*.yaml"))
    assert set(load().weight) <= set(re.findall(r"[a-z][a-z_]*[a-z]", texts))
