"""A backlog on many machines: the same work of one ticket, handed out by a Dask scheduler.

A Dask worker keeps warm worker processes of its own (:class:`analyzer.backlog.work.Workers`), so that a ticket's limits
hold there as they do on one machine, and a ticket that brings its process down leaves the Dask worker alone. A Dask
worker that dies has its tickets done elsewhere.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import socket
import threading
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import urlsplit

from analyzer.backlog.work import Done, Job, Setup, Workers

#: tickets handed to the scheduler beyond those at work, for each thread of a Dask worker
AHEAD = 4
#: how many Dask workers a ticket may take down with it before it is given up
RETRIES = 3

_pools: dict[str, Workers] = {}  # by the setup's text
_lock = threading.Lock()


class SchedulerError(Exception):
    """The scheduler cannot be reached or used; the text says why, in one line."""


def _analysed(job: Job, setup: Setup) -> Done:
    """Analyse one ticket on a Dask worker, in a process that is kept for the next one."""
    key = repr(setup)
    with _lock:
        pool = _pools.get(key)
        if pool is None:
            # the nanny marks its worker as one that must have no children; ours end by themselves with their parent
            multiprocessing.current_process().daemon = False
            pool = _pools[key] = Workers(setup, count=_threads())
    return pool.submit(job).result()


def _threads() -> int:
    """How many tickets this Dask worker does at a time."""
    try:
        from distributed import get_worker

        worker: Any = get_worker()
        return max(1, int(worker.state.nthreads))
    except (ImportError, ValueError, AttributeError):
        return 1


def _knock(scheduler: str) -> None:
    """Try the address, for a short error at once; Dask would try for a long time and complain at length."""
    try:
        where = urlsplit(scheduler if "://" in scheduler else f"tcp://{scheduler}")
        socket.create_connection((where.hostname or "", where.port or 8786), timeout=10).close()
    except (OSError, ValueError) as error:
        raise SchedulerError(f"{scheduler}: no Dask scheduler answers: {error}") from error


class DaskEngine:
    """Tickets done by Dask workers.

    Args:
        setup: the same for all tickets.
        scheduler: address such as ``tcp://host:8786``; "" to start a scheduler and workers on this machine.
        local: how many workers, where they are started here.

    Raises:
        SchedulerError: the scheduler does not answer.
    """

    def __init__(self, setup: Setup, scheduler: str = "", local: int = 0) -> None:
        try:
            import distributed
        except ImportError as error:
            raise SchedulerError("Dask is not installed: pip install 'calico-triage[dask]'") from error

        if scheduler:
            _knock(scheduler)
        made: Any = distributed  # has no types
        self.setup = setup
        self._here: Workers | None = None
        try:
            self.cluster: Any = None if scheduler else made.LocalCluster(
                n_workers=local, threads_per_worker=1, processes=True, dashboard_address="127.0.0.1:0", silence_logs=50
            )  # fmt: skip
            self.client: Any = made.Client(scheduler or self.cluster, timeout="20s", set_as_default=False)
        except (OSError, TimeoutError, ValueError) as error:
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise SchedulerError(f"{scheduler or 'local Dask cluster'}: {reason}") from error

    def run(self, jobs: Iterable[Job]) -> Iterator[Done]:
        """Give the results as they come; jobs are taken from ``jobs`` as workers become free."""
        import distributed

        made: Any = distributed
        waiting = iter(jobs)
        setup = self.client.scatter(self.setup, broadcast=True, hash=False)
        asked: dict[Any, Job] = {}
        results = made.as_completed([], loop=self.client.loop)
        while True:
            most = max(2, AHEAD * sum(self.client.nthreads().values()))
            while len(asked) < most and (job := next(waiting, None)) is not None:
                future = self.client.submit(_analysed, job, setup, pure=False, retries=RETRIES)
                asked[future.key] = job
                results.add(future)
            if not asked:
                return
            future = next(results)
            yield self._result(future, asked.pop(future.key))

    def _result(self, future: Any, job: Job) -> Done:
        """Give what became of a job; one that Dask gave up is done here, in a process of this machine."""
        try:
            done = future.result()
        except Exception:  # lost with its workers, or none of them has this program
            self._here = self._here or Workers(self.setup, 1)
            done = self._here.submit(job).result()
        future.release()
        assert isinstance(done, Done)
        return done

    def stop(self, at_once: bool = False) -> None:
        """Leave the scheduler; end the workers that were started here."""
        if self._here is not None:
            self._here.stop(at_once)
        with contextlib.suppress(Exception):
            self.client.close(timeout=2 if at_once else 10)
        if self.cluster is not None:
            with contextlib.suppress(Exception):
                self.cluster.close(timeout=2 if at_once else 10)
