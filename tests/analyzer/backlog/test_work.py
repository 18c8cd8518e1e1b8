"""Worker processes: one that dies or is stopped is a failed ticket, and the next ticket finds another."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from types import SimpleNamespace

import psutil
import pytest

from analyzer.backlog import work
from analyzer.backlog.sources import Ticket
from analyzer.backlog.work import Job, Setup, Workers

SAMPLE = Ticket("fine", str(Path(__file__).parents[3] / "sample_bundles" / "worker-toggles" / "bundle"))


@pytest.fixture
def silent() -> Iterator[Ticket]:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield Ticket("hangs", f"http://127.0.0.1:{server.getsockname()[1]}/x.tgz")


def test_a_worker_loads_nothing_that_only_the_store_and_the_summary_need() -> None:
    heavy = ("pandas", "sqlalchemy", "alembic", "pyarrow", "fastapi", "distributed")
    code = f"import sys, analyzer.backlog.preload; print([name for name in {heavy} if name in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_a_worker_looks_for_cycles_as_seldom_as_the_command_line() -> None:
    code = "import gc; from analyzer.backlog.work import *; prepare(Setup()); print(gc.get_threshold(), gc.get_freeze_count())"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    threshold, _, frozen = found.stdout.strip().rpartition(" ")
    assert threshold == "(100000, 20, 20)" and int(frozen) > 10_000


def test_a_worker_that_dies_is_replaced_and_all_end_with_the_pool(silent: Ticket) -> None:
    started_before = set(psutil.Process().children(recursive=True))
    workers = Workers(Setup(catalogue="k"), 1)
    first = workers.submit(Job(SAMPLE)).result()
    assert first.kept is not None and first.kept.row.status == "ok"
    assert workers.submit(Job(SAMPLE, first.version)).result().kept is None
    (worker,) = [
        item for item in psutil.Process().children(recursive=True) if item not in started_before and _is_worker(item)
    ]
    hanging = workers.submit(Job(silent))
    time.sleep(0.5)
    worker.kill()
    done = hanging.result(timeout=30)
    assert done.kept is not None
    assert done.kept.row.error == "the worker process was ended by SIGKILL, perhaps for want of memory"
    again = workers.submit(Job(SAMPLE)).result(timeout=60)
    assert again.kept is not None and again.kept.row.causes == first.kept.row.causes
    scratch = workers.setup.scratch
    assert scratch is not None and list(scratch.iterdir()) == []
    workers.submit(Job(silent))
    workers.stop(at_once=True)
    assert not scratch.exists()
    assert [
        item for item in psutil.Process().children(recursive=True) if item not in started_before and _is_worker(item)
    ] == []


def _is_worker(process: psutil.Process) -> bool:
    """Whether it was forked for tickets: neither multiprocessing's server of processes nor its tracker of resources."""
    parent = process.parent()
    return parent is not None and parent.pid != psutil.Process().pid


def test_a_pool_whose_scheduler_sleeps_keeps_nobody_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "LONGEST_END", 0.1)
    told: list[str] = []
    pool = SimpleNamespace(stop=lambda: told.append("stop"), join=Event().wait)
    workers = SimpleNamespace(_pool=pool, _scratch=SimpleNamespace(cleanup=lambda: told.append("clean")))
    Workers.stop(workers, at_once=True)  # type: ignore[arg-type]
    assert told == ["stop", "clean"]
