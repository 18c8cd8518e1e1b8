from __future__ import annotations

import sys
from pathlib import Path

import pytest

from analyzer.log_stream.workers import Workers, useful_jobs

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="several processes are used on Linux only")


def share(number: int) -> dict[str, int]:
    return {f"log {number}": number * 10}


def test_every_share_is_done_by_a_process_of_its_own() -> None:
    assert Workers(share, 3).results() == [{"log 1": 10}, {"log 2": 20}, {"log 3": 30}]
    assert Workers(share, 0).results() == []


def test_what_a_process_did_not_manage_is_missing() -> None:
    def work(number: int) -> dict[str, int]:
        if number == 1:
            raise SystemExit(3)
        return share(number)

    assert Workers(work, 2).results() == [{"log 2": 20}]


def test_small_tickets_need_no_second_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda number: {0, 1, 2}, raising=False)
    (tmp_path / "a").mkdir()
    with (tmp_path / "a" / "a.log").open("wb") as file:
        file.truncate(100_000)
    assert useful_jobs([tmp_path], 0) == 1
    with (tmp_path / "a" / "b.log").open("wb") as file:
        file.truncate(100 * 1024 * 1024)
    assert [useful_jobs([tmp_path], jobs) for jobs in (0, 1, 2)] == [3, 1, 2]
    with (tmp_path / "x.tgz").open("wb") as file:
        file.truncate(10 * 1024 * 1024)
    assert [useful_jobs([tmp_path / "x.tgz"], jobs) for jobs in (0, 1)] == [3, 1]
    assert useful_jobs([tmp_path / "absent"], 0) == 1
