"""The same causes come out of a bundle before and after redaction."""

from __future__ import annotations

from pathlib import Path

import pytest

from analyzer.pipeline import Analyzer
from analyzer.redaction import Hosts, Redaction
from analyzer.redaction.archive import write_redacted
from analyzer.report.model import Report

ROOT = Path(__file__).resolve().parents[3]
SHARED = ROOT.parent / "shared" / "incidents"
SAMPLES = sorted((ROOT / "sample_bundles").glob("*/bundle"))


@pytest.fixture(scope="module")
def analyzer() -> Analyzer:
    return Analyzer()


def ranking(report: Report) -> tuple[str, list[tuple[str, float]]]:
    return report.verdict, [(cause.id, round(cause.probability, 2)) for cause in report.causes]


def differing(analyzer: Analyzer, bundle: Path, folder: Path, level: str) -> list[str]:
    """Which ways of redaction give another ranking."""
    analyzer.redaction = None
    reading = analyzer.read([bundle])
    wanted = ranking(analyzer.analyze([bundle]))
    redaction = Redaction(level, Hosts(b"a key for tests"))
    redaction.learn(reading.tables.rows)
    write_redacted([bundle], folder / "out.tgz", redaction)
    found = {"bundle": ranking(analyzer.analyze([folder / "out.tgz"]))}
    analyzer.redaction = redaction
    found["report"] = ranking(analyzer.analyze([bundle]))
    analyzer.redaction = None
    return [way for way, got in found.items() if got != wanted]


@pytest.mark.parametrize("level", ["secrets", "hosts"])
def test_samples(analyzer: Analyzer, level: str, tmp_path: Path) -> None:
    assert SAMPLES
    assert {str(path): way for path in SAMPLES if (way := differing(analyzer, path, tmp_path, level))} == {}


@pytest.mark.shared
@pytest.mark.parametrize("level", ["secrets", "hosts"])
def test_shared_incidents(analyzer: Analyzer, level: str, tmp_path: Path) -> None:
    bundles = sorted(SHARED.glob("*/bundle"))
    if not bundles:
        pytest.skip("the labelled incidents are not beside the checkout")
    assert {str(path): way for path in bundles if (way := differing(analyzer, path, tmp_path, level))} == {}
