from __future__ import annotations

import random
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.backlog import learning
from analyzer.backlog.learning import Case, Fired
from analyzer.catalogue import Catalogue, CatalogueError, Cause, Signal, Step, load
from analyzer.pipeline import Analyzer

SAMPLES = Path(__file__).parents[3] / "sample_bundles"


def cause(name: str, prior: float | dict[str, float], **rest: object) -> Cause:
    """A cause that shows in its own strong line, and in one that all of them share."""
    signals = (
        Signal(id="own", strength="strong", log={"message": name}),
        Signal(id="shared", strength="moderate", log={"message": "shared"}),
    )
    return Cause(id=name, family="bgp", scope="node", title=name, summary=name, prior=prior, signals=signals,
                 remediation=(Step(text="x"),), **rest)  # type: ignore[arg-type]  # fmt: skip


CATALOGUE = Catalogue(
    causes={
        "a": cause("a", 0.06),
        "b": cause("b", 0.04),
        "fine": cause("fine", 0.02, not_a_fault=True),
    },
    symptoms={},
    messages={},
)
#: the line that a and b share, and nothing more
EITHER = Fired("roks", frozenset({"log"}), {"a": {"shared": ["x"]}, "b": {"shared": ["x"]}})


def cases(outcome: str, count: int, fired: Fired = EITHER, start: int = 0, group: str = "") -> list[Case]:
    return [Case(f"t{start + n:04}", outcome, fired, group) for n in range(count)]


@pytest.fixture(scope="module")
def analyzer() -> Analyzer:
    return Analyzer()


@pytest.mark.parametrize(
    "name", ["two-vlans-apart", "no-typha-is-ready", "dead-worker-blamed-on-bgp", "worker-toggles"]
)
def test_what_is_stored_is_ranked_as_the_bundle_was(analyzer: Analyzer, name: str) -> None:
    diagnosis = analyzer.diagnose(analyzer.read([SAMPLES / name / "bundle"]))
    text = learning.as_text(learning.fired_of(diagnosis))
    assert len(text) < 40_000
    stored = learning.from_text(text)
    assert stored is not None
    found = learning.ranked(analyzer.catalogue, stored)
    wanted = [(item.cause.id, item.probability) for item in diagnosis.ranked if not item.cause.not_a_fault]
    assert [name for name, _ in found] == [name for name, _ in wanted]
    assert [odds for _, odds in found] == pytest.approx([odds for _, odds in wanted])


@pytest.mark.parametrize(
    "text", ["", "[]", '{"platform": "x"}', '{"platform": 1, "shows": 2, "atoms": []}', "[" * 99_999]
)
def test_what_is_no_stored_evidence_is_none(text: str) -> None:
    assert learning.from_text(text) is None


def test_signals_that_are_gone_drop_out() -> None:
    fired = Fired("roks", frozenset(), {"a": {"gone": ["x"]}, "of-last-year": {"own": ["y"]}, "b": {"own": ["z"]}})
    assert [name for name, _ in learning.ranked(CATALOGUE, fired)] == ["b"]
    assert learning.ranked(CATALOGUE, Fired("roks", frozenset(), {"a": {"gone": ["x"]}})) == []


def test_the_example_of_the_documentation() -> None:
    """Shares 0.6 and 0.4; ten outcomes of b against a catalogue that counts as 30: (30 * 0.4 + 10) / 40 = 0.55."""
    priors = learning.estimate(CATALOGUE, cases("b", 10), 30.0)
    assert priors == {"a": {"default": 0.045}, "b": {"default": 0.055}}


def test_the_level_stays_and_platforms_differ() -> None:
    other = Fired("iks-vpc", EITHER.shows, EITHER.atoms)
    priors = learning.estimate(CATALOGUE, [*cases("b", 40), *cases("a", 40, other, 40)], 30.0)
    for platform in ("default", "roks", "iks-vpc"):
        assert sum(of.get(platform, of["default"]) for of in priors.values()) == pytest.approx(0.1, abs=0.0005)
    assert priors["b"]["roks"] > priors["b"]["default"] > priors["b"]["iks-vpc"]


@given(st.lists(st.tuples(st.sampled_from(["a", "b", "fine"]), st.sampled_from(["roks", "iks-vpc", "unknown"])), max_size=60),
       st.sampled_from(learning.STRENGTHS))  # fmt: skip
@settings(max_examples=50)
def test_priors_stay_between_catalogue_and_outcomes(found: list[tuple[str, str]], strength: float) -> None:
    made = [Case(f"t{n}", name, Fired(platform, frozenset(), {})) for n, (name, platform) in enumerate(found)]
    priors = learning.estimate(CATALOGUE, made, strength)
    share = sum(name == "b" for name, _ in found) / max(1, sum(name != "fine" for name, _ in found))
    if "b" in priors:
        low, high = sorted((0.04, 0.1 * share))
        assert low - 1e-3 <= priors["b"]["default"] <= high + 1e-3
    assert "fine" not in priors


def test_a_wave_of_look_alikes_counts_little_more_than_one() -> None:
    wave = learning.counts(cases("b", 100, group="g"), ["a", "b"])["roks"]["b"]
    assert 5 < wave < 5.5  # 1 + 1/2 + ... + 1/100
    assert learning.counts(cases("b", 100), ["a", "b"])["roks"]["b"] == 100


def test_unlike_outcomes_make_the_catalogue_count_less() -> None:
    assert learning.likely_strength(CATALOGUE, cases("b", 200)) == min(learning.STRENGTHS)
    as_expected = [*cases("a", 60), *cases("b", 40, start=60)]
    assert learning.likely_strength(CATALOGUE, as_expected) == max(learning.STRENGTHS)
    assert learning.likely_strength(CATALOGUE, []) == max(learning.STRENGTHS)


def test_learning_helps_where_priors_decide_and_the_figures_are_of_unseen_cases() -> None:
    lesson = learning.learn(CATALOGUE, cases("b", 60))
    assert lesson.before.top1 == 0.0
    assert lesson.before.top3 == 1.0
    assert lesson.after is not None
    assert lesson.after.top1 == 1.0
    assert lesson.after.surprise < lesson.before.surprise


def test_what_is_learned_of_the_other_folds_only_is_no_help_against_chance() -> None:
    rng = random.Random(5)
    mixed = [Case(f"t{n:03}", rng.choice("ab"), EITHER) for n in range(80)]
    lesson = learning.learn(CATALOGUE, mixed)
    assert lesson.after is not None
    assert lesson.after.top1 < 0.7


def test_look_alikes_are_never_on_both_sides() -> None:
    made = [Case(f"t{n}", "b", EITHER, f"g{n % 7}") for n in range(50)]
    fold_of = learning.folds(made)
    assert len(set(fold_of)) == 5
    for group in {case.group for case in made}:
        assert len({fold for case, fold in zip(made, fold_of, strict=True) if case.group == group}) == 1


def test_too_few_groups_cannot_be_validated() -> None:
    assert learning.learn(CATALOGUE, cases("b", 50, group="one")).after is None
    assert learning.learn(CATALOGUE, []).priors == {}


def test_a_healthy_outcome_is_right_where_nothing_is_likely() -> None:
    sure = Fired("roks", frozenset(), {"a": {"own": ["y"], "shared": ["x"]}})
    made = [*cases("fine", 1, Fired("roks", frozenset(), {})), *cases("fine", 1, sure, 1)]
    assert learning.accuracy(made, [CATALOGUE] * 2).top1 == 0.5


def test_an_outcome_that_the_catalogue_does_not_know_is_counted_and_left_out() -> None:
    lesson = learning.learn(CATALOGUE, [*cases("made-up", 3), *cases("b", 10, start=3)])
    assert lesson.unknown == {"made-up": 3}
    assert lesson.before.cases == 10


def test_the_overlay_is_a_catalogue_file(tmp_path: Path, analyzer: Analyzer) -> None:
    made = [Case(f"t{n}", "dns-failure", Fired("roks", frozenset(), {})) for n in range(20)]
    lesson = learning.learn(analyzer.catalogue, made)
    (tmp_path / "learned.yaml").write_text(learning.overlay(lesson, 20, "2026-11-23"), encoding="utf-8")
    learned = load([tmp_path / "learned.yaml"]).causes
    assert yaml.safe_load((tmp_path / "learned.yaml").read_text(encoding="utf-8"))["priors"] == lesson.priors
    assert learned["dns-failure"].prior == lesson.priors["dns-failure"]
    assert learned["dns-failure"].signals == analyzer.catalogue.causes["dns-failure"].signals
    (tmp_path / "empty.yaml").write_text(learning.overlay(learning.learn(analyzer.catalogue, []), 0, "today"), "utf-8")
    assert load([tmp_path / "empty.yaml"]).causes == load().causes


@pytest.mark.parametrize(
    "text, what",
    [
        ("priors: {made-up: 0.1}", "no cause 'made-up'"),
        ("priors: {dns-failure: 1.5}", "prior 'dns-failure'"),
        ("priors: {dns-failure: {mars: 0.1}}", "prior 'dns-failure'"),
        ("priors: [dns-failure]", "expected a mapping"),
    ],
)
def test_a_mistake_in_an_overlay_is_named(tmp_path: Path, text: str, what: str) -> None:
    (tmp_path / "wrong.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(CatalogueError, match=what):
        load([tmp_path / "wrong.yaml"])


def test_a_prior_may_be_one_number(tmp_path: Path) -> None:
    (tmp_path / "one.yaml").write_text("priors: {dns-failure: 0.2}", encoding="utf-8")
    assert load([tmp_path / "one.yaml"]).causes["dns-failure"].prior == {"default": 0.2}
