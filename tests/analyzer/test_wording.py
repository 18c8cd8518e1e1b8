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
from analyzer.ranking import pooled, rank
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
        signals=(
            Signal(id="s", fact=(name,), strength="decisive"),
            Signal(id="w", fact=("w",), strength="weak"),
        ), remediation=(Step(text="x"),),
    )  # fmt: skip


def catalogue(**more: Any) -> Catalogue:
    causes = {name: cause(name) for name in ("dns", "ipam", "mtu")} | {"healthy": cause("healthy", 0.5, fault=False)}
    return Catalogue(causes=causes, symptoms={}, messages={}, ladders={}, ranking=RankingModel(**more))


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


def test_texts_of_the_same_words_are_in_the_order_of_their_texts() -> None:
    words = ("one", "two", "three")  # a set gives them in an order that differs from run to run
    wording = Wording(("dns",), 1.0, (0,), dict(zip(words, (0.1, 0.2, 0.3), strict=True)), dict.fromkeys(words, (1,)))
    assert sum((0.1, 0.2, 0.3)) > sum((0.3, 0.2, 0.1))
    texts = [Said(text, "events", 0, order) for text, order in (("b", words), ("a", words[::-1]))]  # type: ignore[arg-type]
    assert [text.text for text in wording.telling(texts, "dns", 2)] == ["a", "b"]


def test_words_speak_for_the_causes_they_were_seen_with(learnt: Wording) -> None:
    chances = learnt.log_chances(said("DNS lookup failed"))
    assert sum(math.exp(value) for value in chances.values()) == pytest.approx(1.0, abs=1e-3)
    # one known word: its own norm cancels its rarity, what is left is weight and bias
    assert chances["dns"] - chances["ipam"] == pytest.approx(0.1 * (127 - (-127)) - 0.1 * 10, abs=1e-3)


def test_nothing_is_said_where_no_word_is_known(learnt: Wording) -> None:
    assert learnt.log_chances(said("hello")) == {}
    assert load(Path("/nonexistent/wording.txt")).log_chances(said("lookup")) == {}


def test_names_say_nothing() -> None:
    events = [EventRow("e", 1, "Pod", "shop-web-7", reason="Failed", message="pod shop-web-7 in shop waits for web")]
    pods = [PodRow("p", 1, "shop", "shop-web-7")]
    words = {word for text in all_said(evidence(events=events, pods=pods)) for word in text.words}
    assert "web" in words and "waits" in words and "shop" not in words


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


def test_without_words_the_evidence_alone_counts() -> None:
    shown = catalogue()
    fired = {"ipam": {"s": [Finding("fact:ipam", shown.causes["ipam"].signals[0], [Place("f", 1, "t")])]}}
    alone = rank(shown, fired)
    assert [item.cause.id for item in alone] == ["ipam"]
    assert alone[0].probability == pytest.approx(0.02 * 900 * 0.999 / (0.98 + 0.02 * 900), abs=0.01)


def test_words_and_evidence_are_put_together() -> None:
    shown = catalogue()
    equal = pooled(
        shown, {"dns": 0.5, "ipam": 0.5}, {"dns": math.log(0.8), "ipam": math.log(0.1), "mtu": math.log(0.1)}
    )
    assert equal["dns"] > equal["ipam"] > equal["mtu"]
    score = 0.0 + 1.5 * math.log(0.8)
    assert equal["dns"] == pytest.approx(1 / (1 + math.exp(-(0.5 * score + 1.2))))


def test_words_of_health_speak_against_every_fault() -> None:
    posterior = {"dns": 0.6, "ipam": 0.1}
    sick = pooled(shown := catalogue(), posterior, {"dns": math.log(0.9), "ipam": math.log(0.1)})
    well = pooled(shown, posterior, {"dns": math.log(0.09), "ipam": math.log(0.01), "no-problem-found": math.log(0.9)})
    assert well["dns"] < sick["dns"]


def test_a_line_that_proves_something_beats_all_words() -> None:
    shown = catalogue()
    fired = {
        "ipam": {"s": [Finding("fact:ipam", shown.causes["ipam"].signals[0], [Place("f", 1, "t")])]},
        "dns": {"w": [Finding("fact:w", shown.causes["dns"].signals[1], [Place("f", 2, "t")])]},
    }
    ranked = rank(shown, fired, wording={"dns": -1e-6, "ipam": -40.0, "mtu": -15.0})
    assert ranked[0].cause.id == "ipam" and ranked[0].probability > 0.5


def test_a_cause_without_signals_is_ranked_by_words_but_never_likely() -> None:
    ranked = rank(catalogue(), {}, wording={"dns": -1e-6, "ipam": -15.0, "mtu": -15.0})
    assert [(item.cause.id, item.signals) for item in ranked] == [("dns", 0)]
    assert ranked[0].probability <= 0.26


@given(st.floats(0, 1), st.floats(-60, 0))
def test_what_comes_out_is_a_probability(evidence: float, words: float) -> None:
    found = pooled(catalogue(), {"dns": evidence}, {"dns": words, "ipam": -1.0})
    assert 0.0 < found["dns"] < 1.0
    more = pooled(catalogue(), {"dns": min(1.0, evidence + 0.1)}, {"dns": words, "ipam": -1.0})
    assert more["dns"] >= found["dns"]


def test_a_cause_that_was_never_learnt_is_neither_helped_nor_ruled_out() -> None:
    found = pooled(catalogue(), {"mtu": 0.9995}, {"dns": math.log(0.5), "ipam": math.log(0.5)})
    assert found["mtu"] > 0.5


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


def test_the_shipped_words_are_the_catalogues_own() -> None:
    # so that no name of a host, a customer or an incident can be among them
    texts = " ".join(path.read_text(encoding="utf-8").lower() for path in KNOWLEDGE.rglob("*.yaml"))
    words = {word for word in load().weight if not word.startswith("=")}
    assert words and words <= set(re.findall(r"[a-z][a-z_]*[a-z]", texts))


def test_the_shipped_messages_are_known() -> None:
    messages = {word.removeprefix("=") for word in load().weight if word.startswith("=")}
    gone = messages - set(load_catalogue().messages)
    assert len(gone) < 0.1 * len(messages), f"learn anew: {sorted(gone)}"
