"""The way through the analysis: each text is matched once, a broken check is a warning, a warm worker is quick."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path

import pytest

from analyzer.facts.fact import Fact
from analyzer.intake import Intake
from analyzer.pipeline import Analyzer, annotate, can_show, run_checks
from analyzer.tables import Tables, build
from parsers.rows import EventRow, FileRow, SettingRow

SAMPLES = Path(__file__).parents[2] / "sample_bundles"


def test_a_text_that_repeats_is_matched_once() -> None:
    asked: list[str] = []

    def match(text: str) -> tuple[str, ...]:
        asked.append(text)
        return ("m",) if "probe" in text else ()

    events = [EventRow("e.txt", n, "Pod", f"p{n}", reason="Unhealthy", message="probe failed") for n in range(5)]
    tables = build({"events": [*events, EventRow("e.txt", 9, "Pod", "p", reason="", message="")]})
    annotate(tables, match)
    assert tables.message_ids["events"] == [("m",)] * 5 + [()]
    assert asked == ["probe failed Unhealthy"]


@pytest.mark.parametrize(
    ("key", "ids"), [("status.conditions.0.message", ("m",)), ("Reason", ("m",)), ("spec.mtu", ())]
)
def test_of_settings_only_words_are_matched(key: str, ids: tuple[str, ...]) -> None:
    tables = build({"settings": [SettingRow("s.yaml", 1, "Installation", "", "default", key, "some words")]})
    annotate(tables, lambda text: ("m",))
    assert tables.message_ids["settings"] == [ids]


def test_a_check_that_breaks_is_a_warning_and_the_next_one_is_asked() -> None:
    def broken(tables: Tables) -> Iterable[Fact]:
        yield Fact("seen", "a", 1, "before it broke")
        raise KeyError("x")

    def fine(tables: Tables) -> Iterable[Fact]:
        return [Fact("other", "a", 2, "still asked")]

    intake = Intake("ticket")
    found = run_checks((broken, fine), build({}), intake)
    assert [fact.id for fact in found][-1] == "other"
    assert [warning.what for warning in intake.warnings] == ["cross-check broken failed: KeyError: 'x'"]


def test_what_a_bundle_can_show_follows_from_its_files() -> None:
    analyzer = Analyzer()
    signals = [signal for cause in analyzer.catalogue.causes.values() for signal in cause.signals if signal.message]
    log = FileRow("a.log", "log", container="calico-node", lines=9)
    assert can_show(build({"files": [log]}))(signals[0])
    assert not can_show(build({"files": [FileRow("a.log", "log", container="calico-node")]}))(signals[0])


@pytest.mark.parametrize("name", ["worker-toggles", "one-worker-after-reload-comes-back-bad"])
def test_a_warm_worker_ranks_a_sample_at_once(name: str) -> None:
    """About 25 ms each (docs/performance.md); here beside other tests and under coverage, so with room."""
    analyzer = Analyzer()
    took = []
    for _ in range(12):
        begun = time.process_time()  # other programs on this machine do not count
        ranked = analyzer.diagnose(analyzer.read([SAMPLES / name / "bundle"])).ranked
        took.append(time.process_time() - begun)
        assert ranked[0].probability > 0.5
    assert min(took) < 0.15, took
