"""The analysis of one upload, in a worker process under limits of time, processor time, memory and output."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future, TimeoutError
from dataclasses import dataclass, replace
from pathlib import Path

from pebble import ProcessExpired, ProcessPool

from analyzer.backlog import work
from analyzer.backlog.kept import Kept, Version
from analyzer.backlog.sources import Ticket
from analyzer.web.settings import MIB, Settings


@dataclass(frozen=True, slots=True)
class Order:
    """What a worker gets: the bundle, where its report goes, and the limits of this one job."""

    ticket: Ticket
    out: Path
    cpu_seconds: int
    report_bytes: int


@dataclass(frozen=True, slots=True)
class Made:
    """What became of it. ``error`` is for the user; ``again`` where it was the worker that was lost."""

    error: str = ""
    again: bool = False
    kept: Kept | None = None
    version: Version | None = None


def analyse_upload(order: Order) -> Made:
    """Analyse one upload and write the three forms of its report; runs in a prepared worker."""
    from analyzer.report.as_json import from_json
    from analyzer.report.markdown import render_markdown

    _limit_this_job(order)
    done = work.analyse(work.Job(order.ticket))
    if done.kept is None or done.kept.row.error:
        return Made(error=_without_path(done.kept.row.error if done.kept else "nothing was read", order))
    try:
        markdown = render_markdown(from_json(done.json.decode("utf-8"))).encode("utf-8", "replace")
        if len(done.html) + len(markdown) + len(done.json) > order.report_bytes:
            return Made(error=f"the report is larger than {order.report_bytes // MIB} MiB")
        order.out.mkdir(parents=True, exist_ok=True)
        for form, content in (("html", done.html), ("md", markdown), ("json", done.json)):
            (order.out / f"report.{form}").write_bytes(content)
    except MemoryError:
        os._exit(work._OUT_OF_MEMORY)
    except (OSError, ValueError) as error:
        return Made(error=_without_path(f"the report cannot be written: {type(error).__name__}", order))
    return Made(kept=done.kept, version=done.version)


def _limit_this_job(order: Order) -> None:
    """The system ends a worker that uses more processor time, and lets it write no larger file."""
    if sys.platform == "win32":
        return
    import resource

    usage = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    most = int(usage.ru_utime + usage.ru_stime) + order.cpu_seconds + 1
    resource.setrlimit(resource.RLIMIT_CPU, (most, hard))
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (order.report_bytes, hard))


def _without_path(message: str, order: Order) -> str:
    """A message names the user's file, never where it lies on the server."""
    place = order.ticket.place
    return " ".join(message.replace(place, Path(place).name).replace(str(Path(place).parent), "").split())


class UploadWorkers:
    """Warm worker processes for uploads: those of a backlog, under the limits of the server.

    Each process has a pool of its own: one that is killed at a bad moment may break its pool, and only that.
    """

    def __init__(self, settings: Settings, scratch: Path) -> None:
        self.settings = settings
        reading = replace(settings.limits, seconds=min(settings.limits.seconds, 0.8 * settings.job_seconds))
        self.setup = work.Setup(
            causes=settings.causes, redact=settings.redact, seconds=settings.job_seconds,
            limits=reading, memory=settings.memory, catalogue="serve", scratch=scratch,
        )  # fmt: skip
        self._context = work.server_of_workers("analyzer.web.work")
        self._free: list[ProcessPool] = []
        self._all: set[ProcessPool] = set()
        self._stopped = False
        self._lock = threading.Lock()

    def submit(self, order: Order, ended: Callable[[Made], None]) -> None:
        """Begin an analysis; ``ended`` is called with the result, from another thread.

        No more than ``settings.workers`` may be at work at a time.
        """
        pool = self._take()
        try:
            future: Future[Made] = pool.schedule(analyse_upload, args=[order], timeout=self.setup.seconds)
        except RuntimeError:  # broken while it was idle
            self._discard(pool)
            pool = self._take()
            future = pool.schedule(analyse_upload, args=[order], timeout=self.setup.seconds)

        def over(given: Future[Made]) -> None:
            made = self._made(given)
            if made.again:
                self._discard(pool)
            else:
                with self._lock:
                    self._free.append(pool)
            ended(made)

        future.add_done_callback(over)

    def pids(self) -> list[int]:
        """The processes that are there now."""
        with self._lock:
            pools = list(self._all)
        workers = [worker for pool in pools for worker in pool._pool_manager.worker_manager.workers.values()]
        return [worker.pid for worker in workers if worker.pid]

    def stop(self) -> None:
        """End the workers with what they are doing: the jobs are still in the store."""
        with self._lock:
            self._stopped = True
            pools, self._free = list(self._all), []
        for pool in pools:
            _end(pool)

    def _take(self) -> ProcessPool:
        with self._lock:
            while self._free:
                pool = self._free.pop()
                if pool.active:
                    return pool
                self._all.discard(pool)
            pool = ProcessPool(max_workers=1, initializer=work.prepare, initargs=[self.setup], context=self._context)
            self._all.add(pool)
            return pool

    def _discard(self, pool: ProcessPool) -> None:
        with self._lock:
            self._all.discard(pool)
            if self._stopped:
                return
        # not in this thread, which may be the pool's own
        threading.Thread(target=_end, args=[pool], daemon=True).start()

    def _made(self, future: Future[Made]) -> Made:
        try:
            return future.result()
        except TimeoutError:
            return Made(error=f"the analysis took more than {self.setup.seconds:g} s and was ended")
        except ProcessExpired as error:
            return self._death(error.exitcode)
        except BaseException as error:  # a result that cannot be sent, a pool that is broken or being stopped
            return Made(error=f"the analysis was cut off again and again ({type(error).__name__})", again=True)

    def _death(self, code: int | None) -> Made:
        if code == work._OUT_OF_MEMORY:
            return Made(error=f"the analysis needs more than {self.setup.memory // MIB} MiB of memory")
        if code is not None and sys.platform != "win32":
            if -code == signal.SIGXCPU:
                return Made(error=f"the analysis took more than {self.settings.cpu_seconds} s of processor time")
            if -code == signal.SIGXFSZ:
                return Made(error="the report is larger than the server keeps")
        return Made(error="the worker process was lost, again and again", again=True)


def _end(pool: ProcessPool) -> None:
    with contextlib.suppress(RuntimeError):
        pool.stop()  # type: ignore[no-untyped-call]
        pool.join()
