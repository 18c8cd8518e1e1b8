"""Four times the input takes about four times as long: describe text, YAML objects, and what is made of them."""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from analyzer.pipeline import Analyzer

MOST = 1.7  # a quadratic step would make it four


@pytest.fixture(scope="module")
def analyzer() -> Analyzer:
    return Analyzer()


@pytest.fixture(scope="module")
def make_objects() -> ModuleType:
    path = Path(__file__).parents[1] / "benchmarks" / "make_objects.py"
    spec = importlib.util.spec_from_file_location("make_objects", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def seconds(work: Callable[[], object]) -> float:
    """The least processor time of three runs: other programs do not count."""
    took = []
    for _ in range(3):
        begun = time.process_time()
        work()
        took.append(time.process_time() - begun)
    return min(took)


def test_descriptions_of_nodes(analyzer: Analyzer, make_objects: ModuleType, tmp_path: Path) -> None:
    took = {}
    for count in (150, 600):
        path = tmp_path / f"{count}.txt"
        path.write_text("".join(make_objects.describe_nodes(count)), encoding="utf-8")
        reading = analyzer.read([path])
        assert len(reading.tables.rows.nodes) == count
        assert analyzer.diagnose(reading).ranked[0].cause.id == "kubelet-stopped-posting"
        took[count] = seconds(lambda path=path: analyzer.diagnose(analyzer.read([path])))
    assert took[600] < 4 * MOST * took[150], took


def test_objects_of_a_must_gather(analyzer: Analyzer, make_objects: ModuleType, tmp_path: Path) -> None:
    took = {}
    for count in (400, 1600):
        written = make_objects.must_gather(tmp_path / str(count), count)
        rows = analyzer.read([tmp_path / str(count)]).tables.rows
        assert written == count
        assert len({row.pod for row in rows.pods}) * 2 + len(rows.events) + count // 400 * 80 == count
        took[count] = seconds(lambda count=count: analyzer.diagnose(analyzer.read([tmp_path / str(count)])))
    assert took[1600] < 4 * MOST * took[400], took
