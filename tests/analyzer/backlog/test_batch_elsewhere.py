"""The same batch by a Dask scheduler, from an S3 server, into PostgreSQL: what comes out is what one machine gives."""

from __future__ import annotations

import contextlib
import csv
import json
import shutil
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import psutil
import pytest

from analyzer.backlog.store import Outcome, Store

ROOT = Path(__file__).parents[3]
SAMPLES = sorted(path.parent for path in (ROOT / "sample_bundles").glob("*/bundle"))
PROGRAM = "import sys; sys.argv[0] = 'calico-triage'; from analyzer.cli import main; main()"


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-c", PROGRAM, "batch", *map(str, arguments)]


def batch(*arguments: str | Path, code: int = 4) -> str:
    done = subprocess.run(command(*arguments), capture_output=True, text=True, timeout=200)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout


def rows(folder: Path) -> list[dict[str, str]]:
    """The summary but for how long things took, and without paths in the reasons."""
    with (folder / "summary.csv").open(encoding="utf-8") as file:
        found = list(csv.DictReader(file))
    return [{**row, "seconds": "", "error": row["error"].rpartition("junk.tgz")[2]} for row in found]


@pytest.fixture(scope="module")
def tickets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tickets")
    for sample in SAMPLES:
        with tarfile.open(folder / f"{sample.name}.tgz", "w:gz") as archive:
            archive.add(sample / "bundle", arcname=".")
    (folder / "junk.tgz").write_bytes(b"\0junk")
    return folder


@pytest.fixture(scope="module")
def here(tickets: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What one machine makes of them."""
    folder = tmp_path_factory.mktemp("here")
    batch(tickets, "-o", folder)
    return folder


@pytest.fixture
def dask(tmp_path: Path) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """A scheduler and two worker processes, as one would start them on three machines."""
    pytest.importorskip("distributed")
    about = tmp_path / "scheduler.json"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": tmp_path}
    name = [sys.executable, "-m", "dask"]
    scheduler = subprocess.Popen(
        [*name, "scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", about],
        **quiet,  # type: ignore[call-overload]
    )
    workers = [
        subprocess.Popen(
            [*name, "worker", "--scheduler-file", about, "--nworkers", "1", "--nthreads", "1", mode, "--no-dashboard"],
            **quiet,  # type: ignore[call-overload]
        )
        for mode in ("--no-nanny", "--nanny")
    ]
    try:
        until = time.monotonic() + 60
        address = ""
        while not address:
            assert time.monotonic() < until
            time.sleep(0.05)
            with contextlib.suppress(OSError, ValueError):  # not there yet, or half of it
                address = json.loads(about.read_text())["address"]
        yield address, workers
    finally:
        for process in (*workers, scheduler):
            with psutil_gone(process.pid):
                process.terminate()
                try:
                    process.wait(10)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()


class psutil_gone:  # noqa: N801 - reads as a phrase
    """What a process has started must be gone soon after it."""

    def __init__(self, pid: int) -> None:
        try:
            self.below = psutil.Process(pid).children(recursive=True)
        except psutil.NoSuchProcess:
            self.below = []

    def __enter__(self) -> None:
        return None

    def __exit__(self, *error: object) -> None:
        _, alive = psutil.wait_procs(self.below, timeout=15)
        for process in alive:
            process.kill()
        assert alive == []


def test_dask_gives_the_same_though_a_worker_is_killed(
    dask: tuple[str, list[subprocess.Popen[bytes]]], tickets: Path, here: Path, tmp_path: Path
) -> None:
    address, workers = dask
    many = tmp_path / "many"
    many.mkdir()
    for path in tickets.iterdir():
        for number in range(2):
            shutil.copy(path, many / f"{number}-{path.name}")
    running = subprocess.Popen(command(many, "-o", tmp_path / "out", "--scheduler", address), stderr=subprocess.PIPE)
    done = tmp_path / "out" / "tickets"
    while len(list(done.glob("*.json"))) < 4:
        time.sleep(0.02)
        assert running.poll() is None
    with psutil_gone(workers[0].pid):
        workers[0].kill()
        workers[0].wait()
    _, said = running.communicate(timeout=120)
    assert running.returncode == 4, said
    alone = {row["ticket"]: row for row in rows(here)}
    found = rows(tmp_path / "out")
    assert len(found) == 2 * len(alone)
    for row in found:
        name = row["ticket"][2:]
        same = ("status", "verdict", "first_cause", "probability", "causes", "group", "bytes", "error")
        assert [row[item] for item in same] == [alone[name][item] for item in same]


def test_a_scheduler_that_is_not_there(tickets: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        command(tickets, "-o", tmp_path / "out", "--scheduler", "127.0.0.1:1x"),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 2
    assert "127.0.0.1:1x" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_postgresql_holds_what_sqlite_does(postgres: str, tickets: Path, here: Path, tmp_path: Path) -> None:
    assert "14 analysed" in batch(tickets, "-o", tmp_path / "out", "--store", postgres)
    assert rows(tmp_path / "out") == rows(here)
    assert not (tmp_path / "out" / "triage.db").exists()
    assert "0 analysed, 14 unchanged, 1 failed" in batch(tickets, "-o", tmp_path / "out", "--store", postgres)
    with Store(postgres) as there, Store(str(here / "triage.db")) as local:
        told = [
            [(item.row.ticket, item.row.causes, dict(item.features), item.fired, item.ranked) for item in store.kept()]
            for store in (there, local)
        ]
        assert told[0] == told[1]
        assert there.versions() == local.versions()
        there.resolve(Outcome("two-vlans-apart", "cross-subnet-path-blocked", "opened\0it", "ann"))
        (resolved,) = [item for item in there.kept() if item.row.outcome]
        assert (resolved.row.ticket, resolved.note) == ("two-vlans-apart", "opened\ufffdit")
        assert resolved.resolved is not None and resolved.resolved.tzinfo is not None


@pytest.fixture(scope="module")
def storage(bucket: tuple[str, str], tickets: Path) -> str:
    """An S3 server with the tickets under ``s3://tickets/2026/``; its URL."""
    import boto3

    client = boto3.client("s3", endpoint_url=bucket[0])
    client.create_bucket(Bucket="tickets")
    for path in sorted(tickets.iterdir())[-5:]:
        client.put_object(Bucket="tickets", Key=f"2026/{path.name}", Body=path.read_bytes())
    return bucket[0]


def test_object_storage_in_and_tables_out(storage: str, here: Path, tmp_path: Path) -> None:
    where = ("--endpoint-url", storage, "--tables-at", "s3://tickets/tables")
    assert "5 analysed" in batch("s3://tickets/2026/", "-o", tmp_path / "out", *where, code=0)
    alone = {row["ticket"]: row for row in rows(here)}
    found = rows(tmp_path / "out")
    assert len(found) == 5
    for row in found:
        assert {**row, "group": ""} == {**alone[row["ticket"]], "group": ""}
    assert "0 analysed, 5 unchanged" in batch("s3://tickets/2026/", "-o", tmp_path / "out", *where, code=0)
    nodes = pd.read_parquet("s3://tickets/tables/nodes", storage_options={"endpoint_url": storage})
    assert set(nodes["ticket"]) == {row["ticket"] for row in found}
    one = ("s3://tickets/2026/worker-toggles.tgz", "s3://tickets/none.tgz")
    assert "1 tickets, 1 analysed" in batch(one[0], "-o", tmp_path / "one", "--endpoint-url", storage, code=0)
    batch(one[1], "-o", tmp_path / "one", "--endpoint-url", storage, code=2)
