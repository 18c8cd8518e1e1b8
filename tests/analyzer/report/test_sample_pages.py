"""The reports of the samples that come with the program: how large they are, in each form."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from analyzer.pipeline import Analyzer
from analyzer.report import encode, render_html, render_markdown

SAMPLES = sorted(Path(__file__).parents[3].joinpath("sample_bundles").glob("*/bundle"))


@pytest.fixture(scope="module")
def analyzer() -> Analyzer:
    return Analyzer()


@pytest.mark.parametrize("bundle", SAMPLES, ids=lambda path: path.parent.name)
def test_a_sample_gives_a_small_report(analyzer: Analyzer, bundle: Path) -> None:
    report = analyzer.analyze([bundle])
    page = render_html(report)
    assert len(page.encode()) < 300_000
    assert 'id="trimmed"' not in page, "nothing need be left out of so small a ticket"
    assert len(render_markdown(report)) < 64_000
    assert gzip.decompress(encode(report, ".html.gz")).decode() == page


def test_a_sample_has_twelve_workers(analyzer: Analyzer) -> None:
    """The size is promised of twelve workers: some sample must have them, and show each."""
    reports = [analyzer.analyze([bundle]) for bundle in SAMPLES if bundle.parent.name in ("dead-worker-blamed-on-bgp",)]
    assert [report.cluster.nodes_seen for report in reports] == [12]
    page = render_html(reports[0])
    assert all(page.count(state.node) > 0 for state in reports[0].workers)
    assert len(reports[0].workers) == 12
