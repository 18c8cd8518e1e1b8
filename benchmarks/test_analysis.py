"""What a warm worker does with a ticket, and what reading big outputs of kubectl costs.

python -m pytest benchmarks/test_analysis.py        # times; add --benchmark-compare to see a change

The figures are the machine's; what is asserted is what was found, so that no fast reader is a blind one.
"""

from __future__ import annotations

from pathlib import Path

import make_bundle
import make_objects
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from analyzer.assemble import assemble
from analyzer.catalogue import load
from analyzer.pipeline import Analyzer
from analyzer.report import render_html, render_json

MIB = 1 << 20


@pytest.fixture(scope="module")
def analyzer() -> Analyzer:
    return Analyzer()


@pytest.fixture(scope="module")
def ticket(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ticket of 5 MB: four logs, lists of nodes and pods."""
    path = tmp_path_factory.mktemp("ticket") / "ticket.tgz"
    make_bundle.make(path, 5 * MIB)
    return path


def test_load_catalogue(benchmark: BenchmarkFixture) -> None:
    assert benchmark(load).causes


def test_read_a_5_mb_ticket(benchmark: BenchmarkFixture, analyzer: Analyzer, ticket: Path) -> None:
    reading = benchmark(analyzer.read, [ticket])
    assert reading.intake.rows["log_lines"]


def test_diagnose_a_5_mb_ticket(benchmark: BenchmarkFixture, analyzer: Analyzer, ticket: Path) -> None:
    def once() -> str:
        reading.tables.memo.clear()
        return analyzer.diagnose(reading).ranked[0].cause.id

    reading = analyzer.read([ticket])
    assert benchmark(once) == "master-proxy-down"


def test_report_of_a_5_mb_ticket(benchmark: BenchmarkFixture, analyzer: Analyzer, ticket: Path) -> None:
    diagnosis = analyzer.diagnose(analyzer.read([ticket]))

    def report() -> int:
        made = assemble(analyzer, diagnosis)
        return len(render_html(made)) + len(render_json(made))

    assert benchmark(report) > 10_000


def test_describe_500_nodes(benchmark: BenchmarkFixture, analyzer: Analyzer, tmp_path: Path) -> None:
    """A tenth of the 5,000 nodes (60 MB) that are to take 10 s at the most: 1 s."""
    path = tmp_path / "describe-nodes.txt"
    path.write_text("".join(make_objects.describe_nodes(500)))
    ranked = benchmark.pedantic(lambda: analyzer.diagnose(analyzer.read([path])).ranked, rounds=3)
    assert ranked[0].cause.id == "kubelet-stopped-posting"


def test_must_gather_of_2000_objects(benchmark: BenchmarkFixture, analyzer: Analyzer, tmp_path: Path) -> None:
    """A tenth of the 20,000 YAML objects that are to take 60 s at the most: 6 s."""
    objects = make_objects.must_gather(tmp_path / "mg", 2000)
    reading = benchmark.pedantic(lambda: analyzer.read([tmp_path / "mg"]), rounds=3)
    pods = {(row.namespace, row.pod) for row in reading.tables.rows.pods}
    assert objects == 2000
    assert len(pods) == 5 * 60
