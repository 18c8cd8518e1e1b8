"""Whole batches: every ticket ends as done or failed with its reason, as it would alone, and a kill loses nothing."""

from __future__ import annotations

import csv
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pandas as pd
import psutil
import pytest

from analyzer.backlog.run import catalogue_version
from analyzer.backlog.store import Store
from analyzer.backlog.work import Setup
from analyzer.pipeline import Analyzer

ROOT = Path(__file__).parents[3]
SAMPLES = sorted(path.parent for path in (ROOT / "sample_bundles").glob("*/bundle"))
PROGRAM = "import sys; sys.argv[0] = 'calico-triage'; from analyzer.cli import main; main()"


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-c", PROGRAM, "batch", *map(str, arguments)]


def batch(*arguments: str | Path, code: int = 0, env: dict[str, str] | None = None) -> str:
    done = subprocess.run(
        command(*arguments), capture_output=True, text=True, timeout=300, env={**os.environ, **(env or {})}
    )
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout + done.stderr


def pack(bundle: Path, target: Path) -> None:
    with tarfile.open(target, "w:gz") as archive:
        archive.add(bundle, arcname=".")


def summary(folder: Path) -> dict[str, dict[str, str]]:
    with (folder / "summary.csv").open(encoding="utf-8") as file:
        return {row["ticket"]: row for row in csv.DictReader(file)}


def known(folder: Path) -> dict[str, tuple[object, ...]]:
    """All that a store says but how long things took."""
    with Store(str(folder / "triage.db"), create=False) as store:
        return {
            item.row.ticket: (item.row.status, item.row.verdict, item.row.causes, item.ranked, item.row.group,
                              item.row.bytes, dict(item.features), item.fired, item.row.report)
            for item in store.kept()
        }  # fmt: skip


@pytest.fixture(scope="module")
def tickets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Thirteen archives, a folder, a damaged archive, junk, an empty file."""
    folder = tmp_path_factory.mktemp("tickets")
    for sample in SAMPLES:
        pack(sample / "bundle", folder / f"{sample.name}.tgz")
    shutil.copytree(SAMPLES[0] / "bundle", folder / "a-folder")
    whole = (folder / f"{SAMPLES[3].name}.tgz").read_bytes()
    (folder / "damaged.tgz").write_bytes(whole[: len(whole) // 2])
    (folder / "junk.tgz").write_bytes(b"\0\1\2 nothing" * 100)
    (folder / "empty.zip").write_bytes(b"")
    return folder


@pytest.fixture(scope="module")
def silent() -> Iterator[str]:
    """URL of a server that takes a connection and says nothing, ever."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/hangs.tgz"


@pytest.fixture(scope="module")
def first(tickets: Path, silent: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp("out")
    return folder, batch(tickets, silent, "-o", folder, "--limit-seconds", "5", code=4)


def test_each_ticket_is_reported_or_listed_with_its_reason(tickets: Path, first: tuple[Path, str]) -> None:
    folder, said = first
    rows = summary(folder)
    assert set(rows) == {sample.name for sample in SAMPLES} | {"a-folder", "damaged", "junk", "empty", "hangs"}
    failed = {name: row["error"] for name, row in rows.items() if row["status"] == "failed"}
    assert set(failed) == {"junk", "empty", "hangs"}
    assert "nothing in it could be read" in failed["junk"]
    assert "empty" in failed["empty"]
    assert failed["hangs"] == "took more than 5 s"
    assert "18 tickets, 18 analysed, 0 unchanged, 3 failed" in said
    for name, row in rows.items():
        assert (folder / "tickets" / f"{name}.html").exists() == (row["status"] == "ok")
        assert row["report"] == (f"tickets/{name}.html" if row["status"] == "ok" else "")
    assert all(name in (folder / "index.html").read_text(encoding="utf-8") for name in rows)


def test_ranks_are_those_of_analyze(tickets: Path, first: tuple[Path, str]) -> None:
    from analyzer.redaction import Redaction

    rows = summary(first[0])
    analyzer = Analyzer()
    for sample in SAMPLES:
        analyzer.redaction = Redaction()
        alone = analyzer.analyze([tickets / f"{sample.name}.tgz"])
        assert rows[sample.name]["causes"].split() == [cause.id for cause in alone.causes]
        assert rows[sample.name]["verdict"] == alone.verdict
        made = json.loads((first[0] / "tickets" / f"{sample.name}.json").read_text(encoding="utf-8"))
        assert [cause["id"] for cause in made["causes"]] == [cause.id for cause in alone.causes]


def test_a_second_run_does_what_is_new_changed_or_lost(tickets: Path, first: tuple[Path, str], tmp_path: Path) -> None:
    folder, source = tmp_path / "out", tmp_path / "in"
    shutil.copytree(first[0], folder)
    shutil.copytree(tickets, source)
    names = sorted(sample.name for sample in SAMPLES)
    said = batch(source, "-o", folder, code=4)
    assert "17 tickets, 0 analysed, 17 unchanged, 2 failed" in said
    pack(SAMPLES[0] / "bundle", source / "new.tgz")
    shutil.copy(source / f"{names[1]}.tgz", source / f"{names[2]}.tgz")
    (folder / "tickets" / f"{names[4]}.html").unlink()
    said = batch(source, "-o", folder, code=4)
    assert "18 tickets, 3 analysed, 15 unchanged, 2 failed" in said
    assert summary(folder)[names[2]]["causes"] == summary(folder)[names[1]]["causes"]
    assert "18 tickets, 2 analysed, 16 unchanged" in batch(source, "-o", folder, "--retry-failed", code=4)


def test_what_results_depend_on_changes_their_version(tmp_path: Path) -> None:
    extra = tmp_path / "extra.yaml"
    extra.write_text("messages: []\n", encoding="utf-8")
    setups = [Setup(), Setup(redact="hosts"), Setup(causes=(extra,)), Setup(template_dir=tmp_path)]
    versions = [catalogue_version(setup) for setup in setups]
    assert len(set(versions)) == len(setups)
    assert versions == [catalogue_version(replace(setup, seconds=1.0, memory=1)) for setup in setups]
    extra.write_text("messages: []\n# changed\n", encoding="utf-8")
    assert catalogue_version(setups[2]) != versions[2]


def test_memory_has_a_limit(tmp_path: Path) -> None:
    if sys.platform != "linux":
        pytest.skip("only Linux holds a process to it")
    pack(SAMPLES[0] / "bundle", tmp_path / "small.tgz")
    (tmp_path / "hungry").mkdir()
    text = json.dumps(
        {"kind": "List", "items": [{"kind": "Pod", "metadata": {"name": f"p{n}"}} for n in range(120_000)]}
    )
    (tmp_path / "hungry" / "pods.json").write_text(text)
    batch(f"{tmp_path}/*", "-o", tmp_path / "out", "--limit-memory", "128", "--jobs", "1", code=4)
    rows = summary(tmp_path / "out")
    assert set(rows) == {"small", "hungry"}  # the folder of results is no ticket
    assert rows["small"]["status"] == "ok"
    assert rows["hungry"]["status"] == "failed"
    assert rows["hungry"]["error"] == "needs more than 128 MiB of memory"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("/no/such/folder",), "/no/such/folder"),
        (("s4://bucket/x",), "begin with"),
        ((".", "--store", "mysql://x/y"), "sqlite or postgresql"),
        ((".", "--scheduler", "tcp://x:1", "--dask-local", "2"), "exclude each other"),
        ((".", "--causes", "/no/such.yaml"), "/no/such.yaml"),
    ],
)
def test_what_cannot_be_is_said_in_one_line(tmp_path: Path, arguments: tuple[str, ...], words: str) -> None:
    (tmp_path / "x").mkdir()
    said = batch(*(str(tmp_path) if item == "." else item for item in arguments), "-o", tmp_path / "out", code=2)
    assert words in said
    assert len(said.strip().splitlines()) == 1


def _many(folder: Path, count: int) -> None:
    folder.mkdir()
    for number in range(count):
        sample = SAMPLES[number % len(SAMPLES)]
        pack(sample / "bundle", folder / f"t{number:03}.tgz")
    (folder / "junk.tgz").write_bytes(b"junk")


def test_killed_at_random_moments_it_ends_as_if_undisturbed(tmp_path: Path) -> None:
    _many(tmp_path / "in", 60)
    batch(tmp_path / "in", "-o", tmp_path / "calm", code=4)
    chance = random.Random(int(os.environ.get("KILL_SEED", "1")))
    reports, counts = tmp_path / "out" / "tickets", [0]
    for _ in range(5):
        running = subprocess.Popen(
            command(tmp_path / "in", "-o", tmp_path / "out", "-q"), start_new_session=True, stderr=subprocess.DEVNULL
        )
        while running.poll() is None and len(list(reports.glob("*.json"))) <= counts[-1]:
            time.sleep(0.005)
        time.sleep(chance.uniform(0, 0.15))
        workers = psutil.Process(running.pid).children(recursive=True)
        running.kill()
        running.wait()
        assert psutil.wait_procs(workers, timeout=20)[1] == []  # they end by themselves
        counts.append(len(list(reports.glob("*.json"))))
    assert counts == sorted(set(counts)) and counts[-1] < 60  # each was killed with something done, and something left
    batch(tmp_path / "in", "-o", tmp_path / "out", code=4)
    assert known(tmp_path / "out") == known(tmp_path / "calm")
    assert len(known(tmp_path / "out")) == 61
    tables = [pd.read_parquet(tmp_path / name / "summary.parquet").drop(columns="seconds") for name in ("out", "calm")]
    pd.testing.assert_frame_equal(*tables)
    leftovers = [path.name for path in (tmp_path / "out").rglob(".*")]
    assert len(leftovers) <= 10  # half-written files of what was killed, at most one a kill and worker


def test_ctrl_c_stops_and_the_next_run_goes_on(tmp_path: Path) -> None:
    _many(tmp_path / "in", 240)
    running = subprocess.Popen(
        command(tmp_path / "in", "-o", tmp_path / "out"), start_new_session=True, stderr=subprocess.PIPE, text=True
    )
    while not list((tmp_path / "out" / "tickets").glob("*.json")):
        time.sleep(0.02)
        assert running.poll() is None
    running.send_signal(signal.SIGINT)
    _, said = running.communicate(timeout=60)
    assert running.returncode == 130
    assert "goes on from there" in said
    assert "Traceback" not in said
    left = len(list((tmp_path / "out" / "tickets").glob("*.json")))
    assert 0 < left < 240
    said = batch(tmp_path / "in", "-o", tmp_path / "out", code=4)
    assert "241 tickets" in said
    assert int(said.split(" unchanged")[0].rsplit(" ", 1)[1]) >= left - 1


def test_tables_of_all_tickets_are_one_dataset(tmp_path: Path) -> None:
    for sample in SAMPLES[:2]:
        pack(sample / "bundle", tmp_path / f"{sample.name}.tgz")
    batch(tmp_path, "-o", tmp_path / "out", "--tables")
    pods = pd.read_parquet(tmp_path / "out" / "tables" / "pods")
    assert set(pods["ticket"]) == {sample.name for sample in SAMPLES[:2]}
    for sample in SAMPLES[:2]:
        alone = Analyzer().read([tmp_path / f"{sample.name}.tgz"]).tables.pods
        assert sorted(pods[pods["ticket"] == sample.name]["pod"]) == sorted(alone["pod"])
