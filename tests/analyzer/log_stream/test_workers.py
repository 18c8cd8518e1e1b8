from __future__ import annotations

import fcntl
import os
import signal
import sys
from pathlib import Path

import pytest

from analyzer.log_stream.workers import Claims, Workers, claims_of, useful_jobs

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="several processes are used on Linux only")


def share(number: int) -> dict[str, int]:
    return {f"log {number}": number * 10}


def test_every_share_is_done_by_a_process_of_its_own() -> None:
    assert Workers(share, 3).results() == [{"log 1": 10}, {"log 2": 20}, {"log 3": 30}]
    assert Workers(share, 0).results() == []


def test_an_interrupt_is_for_the_process_that_started_the_others() -> None:
    def work(number: int) -> dict[str, int]:
        os.kill(os.getpid(), signal.SIGINT)
        return share(number)

    assert Workers(work, 1).results() == [{"log 1": 10}]


def test_what_a_process_did_not_manage_is_missing() -> None:
    def work(number: int) -> dict[str, int]:
        if number == 1:
            raise SystemExit(3)
        return share(number)

    assert Workers(work, 2).results() == [{"log 2": 20}]


def test_each_thing_is_taken_by_the_process_that_comes_to_it_first() -> None:
    claims = Claims()

    def work(number: int) -> list[int]:
        return [thing for thing in range(200) if claims.take(thing)]

    workers = Workers(work, 3)
    taken = [work(0), *workers.results()]
    claims.close()
    assert sorted(thing for things in taken for thing in things) == list(range(200))


def test_one_that_has_much_to_do_leaves_the_others_to_the_next() -> None:
    claims, other = Claims(), os.pipe()

    def work(number: int) -> list[int]:
        mine = [thing for thing in range(1, 9) if claims.take(thing)]
        os.write(other[1], b"!")
        return mine

    assert claims.take(0)
    workers = Workers(work, 1)
    os.read(other[0], 1)  # this one is at work meanwhile
    assert not any(claims.take(thing) for thing in range(9))
    assert workers.results() == [list(range(1, 9))]
    claims.close()


def test_where_the_system_refuses_what_processes_share_one_must_do(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(name: str) -> int:
        raise PermissionError(name)

    assert claims_of(1) is None
    monkeypatch.setattr("os.memfd_create", refuse)
    assert claims_of(2) is None


def test_a_process_that_ends_while_it_asks_keeps_nobody_waiting() -> None:
    claims = Claims()

    def work(number: int) -> None:
        fcntl.lockf(claims._next, fcntl.LOCK_EX)
        os._exit(9)

    assert Workers(work, 1).results() == []
    assert claims.take(0) and not claims.take(0) and claims.take(1)
    claims.close()


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


def test_what_need_not_wait_is_done_while_others_are_at_work() -> None:
    said, there = os.pipe()

    def work(number: int) -> bytes:
        return os.read(said, 1)  # it ends only once something was done meanwhile

    assert Workers(work, 1).results(lambda: os.write(there, b"!")) == [b"!"]
    assert Workers(work, 0).results(lambda: pytest.fail("nobody is at work")) == []
