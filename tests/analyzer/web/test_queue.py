"""No accepted job is lost: not when the server ends, not when workers are killed."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from analyzer.web.records import MOST_ATTEMPTS
from analyzer.web.service import Service
from analyzer.web.settings import ServeError, Settings

SAMPLES = Path(__file__).parents[3] / "sample_bundles"


def test_a_restart_takes_up_what_was_accepted(serve: Any, tools: Any, tmp_path: Path) -> None:
    first = Service(Settings(tmp_path / "data"))
    from starlette.testclient import TestClient

    from analyzer.web.application import create

    client = TestClient(create(first), base_url="http://127.0.0.1")
    first.queue._hand_out = lambda: None  # type: ignore[method-assign]
    accepted = [client.post("/api/v1/bundles", content=tools.tarball()).json()["job"] for _ in range(3)]
    half, worn = first.records.take(), first.records.take()
    assert half and worn
    while first.records.again(worn):
        worn = first.records.take() or worn
        if worn.attempts == MOST_ATTEMPTS:
            break
        first.records.again(half)
    never_accepted = first.files.upload("broken-off") / "files"
    never_accepted.mkdir(parents=True)
    first.queue.workers.stop()  # as after a kill: nothing is noted
    os.close(first.queue._held or -1)
    first.records.close()
    client = serve()
    states = [tools.ended(client, job) for job in accepted]
    assert all(state["state"] in ("done", "failed") for state in states)
    assert sum(state["state"] == "done" for state in states) >= 2
    assert all(state["error"] for state in states if state["state"] == "failed")
    assert not never_accepted.exists()


def test_two_servers_do_not_share_a_folder(serve: Any, tmp_path: Path) -> None:
    serve()
    with pytest.raises(ServeError, match="another"):
        Service(Settings(tmp_path / "data"))


def test_uploads_by_many_while_workers_are_killed(serve: Any, tools: Any) -> None:
    """A small edition of benchmarks/uploads.py: each report is that of its own upload."""
    client = serve(workers=2)
    truth = {"no-typha-is-ready": set[str](), "worker-toggles": set[str]()}
    jobs: list[tuple[str, str]] = []

    def uploads(number: int) -> None:
        for _ in range(3):
            sample = list(truth)[number % 2]
            jobs.append((sample, client.post("/api/v1/bundles", content=tools.tarball(sample)).json()["job"]))

    threads = [threading.Thread(target=uploads, args=[number]) for number in range(4)]
    for thread in threads:
        thread.start()
    killed = 0
    chance = random.Random(4)
    until = time.monotonic() + 20
    while killed < 3 and time.monotonic() < until:
        time.sleep(chance.uniform(0.2, 0.5))
        if client.service.records.counts().get("running") and (there := client.service.queue.workers.pids()):
            try:
                os.kill(chance.choice(there), signal.SIGKILL)
                killed += 1
            except ProcessLookupError:
                continue
    for thread in threads:
        thread.join()
    for sample, job in jobs:
        state = tools.ended(client, job)
        assert state["state"] == "done", state["error"]
        truth[sample].add(state["first_cause"])
    assert killed
    assert len(jobs) == 12
    assert all(len(causes) == 1 for causes in truth.values())
    assert len(set.union(*truth.values())) == 2


@pytest.mark.skipif(not hasattr(signal, "SIGXCPU"), reason="no limit of processor time on this system")
def test_an_analysis_that_takes_too_long_is_ended(serve: Any, tools: Any) -> None:
    node = next((SAMPLES / "calico-down-on-one-worker" / "bundle").glob("describe-node*")).read_bytes()
    client = serve(workers=1, cpu_seconds=1, report_bytes=512 * 1024**2)
    job = client.post("/api/v1/bundles?name=nodes.txt", content=(node + b"\n\n") * 8000).json()["job"]
    state = tools.ended(client, job)
    assert state["state"] == "failed"
    assert "processor time" in state["error"]


def test_a_job_waits_while_no_worker_can_be_started(serve: Any, tools: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    client = serve(workers=1)
    workers = client.service.queue.workers
    really, tries = workers.submit, []

    def refused(*given: Any) -> None:
        tries.append(given)
        if len(tries) <= 2:
            raise RuntimeError("no process")
        really(*given)

    monkeypatch.setattr(workers, "submit", refused)
    job = client.post("/api/v1/bundles", content=tools.tarball()).json()["job"]
    until = time.monotonic() + 5
    while not tries and time.monotonic() < until:
        time.sleep(0.02)
    time.sleep(0.1)
    assert client.get("/readyz").status_code == 503
    assert tools.ended(client, job)["state"] == "done"
    assert client.service.records.job(job).attempts == 1
    assert client.get("/readyz").status_code == 200
