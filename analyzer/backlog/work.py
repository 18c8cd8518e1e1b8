"""Analysis of one ticket in a process of its own, which may be killed without harm to any other ticket.

Workers are warm: the catalogue is loaded once for each. A ticket that takes too long has its worker killed, one that
takes too much memory is refused it, one that brings its worker down is noted; a new worker takes the dead one's place.
"""

from __future__ import annotations

import gc
import glob
import multiprocessing
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, TimeoutError
from dataclasses import dataclass, field, replace
from pathlib import Path
from queue import Queue
from threading import Thread
from typing import TYPE_CHECKING, Any

from pebble import ProcessExpired, ProcessPool

from analyzer import LOOKS_FOR_CYCLES
from analyzer.backlog.kept import Kept, Version
from analyzer.backlog.sources import SourceError, Ticket, content_of, fetch
from analyzer.backlog.summary import failed_row, row_of
from analyzer.bundle import BundleError, Limits

if TYPE_CHECKING:
    from analyzer.pipeline import Analyzer, Reading

MIB = 1024 * 1024
#: how a worker ends that was refused memory
_OUT_OF_MEMORY = 77
#: tickets handed to workers beyond those at work, for each worker: more would only be held in memory
AHEAD = 2
#: seconds that the pool has to end at once; it usually takes half of one
LONGEST_END = 10.0


@dataclass(frozen=True, slots=True)
class Setup:
    """What is the same for all tickets of a run.

    Attributes:
        causes: catalogue files beside the shipped ones.
        redact: "secrets", "hosts", or "" for no redaction.
        template_dir: folder whose templates replace shipped ones.
        seconds: that one ticket may take.
        limits: under which a ticket is read.
        memory: bytes of memory that one ticket may take, where the system can hold its worker to them.
        most_bytes: that are fetched of a URL.
        storage: options for fsspec's S3 file system.
        tables: folder or URL of the partitioned tables, "" for none.
        catalogue: tells this setup's results from those of another catalogue, release or redaction.
        scratch: folder for what is fetched; :class:`Workers` makes one and takes it away.
    """

    causes: tuple[Path, ...] = ()
    redact: str = "secrets"
    template_dir: Path | None = None
    seconds: float = 600.0
    limits: Limits = field(default_factory=Limits)
    memory: int = 2048 * MIB
    most_bytes: int = 64 * 1024 * MIB
    storage: Mapping[str, Any] = field(default_factory=dict)
    tables: str = ""
    catalogue: str = ""
    scratch: Path | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """A ticket to analyse; ``known`` is what its last result was made of."""

    ticket: Ticket
    known: Version | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """What became of a ticket. ``kept`` is None where the last result still holds; a failed one has no pages."""

    ticket: Ticket
    version: Version
    kept: Kept | None = None
    html: bytes = b""
    json: bytes = b""


_setup: Setup | None = None
_analyzer: Analyzer | None = None


def prepare(setup: Setup) -> None:
    """Make this process a worker: limit its memory, load the catalogue and all that reports need."""
    global _setup, _analyzer
    from analyzer import assemble, report  # noqa: F401 - loaded before the first ticket, not while it waits
    from analyzer.pipeline import Analyzer
    from analyzer.report import html  # noqa: F401

    _setup, _analyzer = setup, Analyzer(setup.causes, setup.limits)
    gc.set_threshold(*LOOKS_FOR_CYCLES)
    gc.freeze()  # modules and catalogue stay: no search for cycles need go over them again
    _limit_memory(setup.memory)


def _limit_memory(most: int) -> None:
    """Let the system refuse ``most`` bytes more than the process has now; Linux holds it to that, others may not."""
    if sys.platform == "win32" or not most:
        return
    import resource

    try:
        status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
        held = int(status.partition("VmData:")[2].split()[0]) * 1024
        resource.setrlimit(resource.RLIMIT_DATA, (held + most, held + most))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a worker that is killed leaves no image of customers' data
    except (OSError, ValueError, IndexError):
        return


def analyse(job: Job) -> Done:
    """Analyse one ticket in a prepared process; what is wrong with the ticket is in the result."""
    assert _setup is not None
    started = time.perf_counter()
    version = Version("", _setup.catalogue)
    try:
        version = replace(version, content=content_of(job.ticket.place, _setup.storage))
        if version.content and version == job.known:
            return Done(job.ticket, version)
        if not job.ticket.is_url:
            return _read_and_written(job.ticket, Path(job.ticket.place), version, started)
        with tempfile.TemporaryDirectory(prefix=f"{job.ticket.name}.", dir=_setup.scratch) as folder:
            path = fetch(job.ticket.place, Path(folder), _setup.storage, _setup.most_bytes)
            if not version.content:
                version = replace(version, content=content_of(str(path), {}))
                if version == job.known:
                    return Done(job.ticket, version)
            return _read_and_written(job.ticket, path, version, started)
    except MemoryError:
        os._exit(_OUT_OF_MEMORY)  # what the heap has grown to would be missing to the next ticket
    except (BundleError, SourceError, OSError, ValueError) as error:
        return _failed(job.ticket, version, str(error) or type(error).__name__, started)
    except Exception as error:
        return _failed(job.ticket, version, f"internal error: {type(error).__name__}: {error}", started)


def _read_and_written(ticket: Ticket, path: Path, version: Version, started: float) -> Done:
    from analyzer.assemble import assemble
    from analyzer.backlog.fingerprint import fingerprint
    from analyzer.backlog.learning import fired_of
    from analyzer.redaction import Redaction
    from analyzer.report.writing import encode
    from analyzer.ticket import nothing_read

    assert _setup is not None and _analyzer is not None
    _analyzer.redaction = Redaction(_setup.redact) if _setup.redact else None
    reading = _analyzer.read([path])
    if wrong := nothing_read(row.kind for row in reading.tables.rows.files):
        return _failed(ticket, version, f"{ticket.place}: {wrong}", started, reading.intake.bytes)
    diagnosis = _analyzer.diagnose(reading)
    report = assemble(_analyzer, diagnosis)
    if _analyzer.redaction is not None:
        _analyzer.redaction.learn(reading.tables.rows)
        report = _analyzer.redaction.report(report)
    if _setup.tables:
        _write_tables(reading, ticket.name, _setup)
    seconds = time.perf_counter() - started
    row = row_of(ticket.name, report, seconds, f"tickets/{ticket.name}.html")
    ranked = [(cause.id, cause.probability) for cause in sorted(report.causes, key=lambda cause: cause.rank)]
    kept = Kept(row, fingerprint(report, _analyzer.match), fired_of(diagnosis), ranked=ranked)
    html, text = (encode(report, form, _setup.template_dir) for form in (".html", ".json"))
    return Done(ticket, version, kept, html, text)


def _write_tables(reading: Reading, ticket: str, setup: Setup) -> None:
    from analyzer.backlog.tables_out import write_partitions

    assert _analyzer is not None
    if _analyzer.redaction is not None:
        _analyzer.redaction.rows(reading.tables.rows)
    write_partitions(reading.tables, setup.tables, ticket, setup.storage)


def _failed(ticket: Ticket, version: Version, reason: str, started: float, size: int | None = None) -> Done:
    seconds = time.perf_counter() - started
    return Done(ticket, version, Kept(failed_row(ticket.name, reason, size, seconds)))


def server_of_workers(*modules: str) -> Any:
    """Give the context that makes worker processes; where there is a server that does it, it starts at once.

    It loads all that a worker needs, and ``modules`` besides, while the caller does other things.
    """
    # a worker starts with the current folder, which may be a stranger's bundle, on its path: it must import nothing
    os.environ["PYTHONSAFEPATH"] = "1"
    methods = multiprocessing.get_all_start_methods()
    if "forkserver" not in methods:
        return multiprocessing.get_context("spawn")
    from multiprocessing import forkserver

    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["analyzer.backlog.preload", *modules])
    forkserver.ensure_running()
    return context


class Workers:
    """Warm worker processes with limits of time and memory.

    Args:
        setup: the same for all tickets.
        count: how many processes.
    """

    def __init__(self, setup: Setup, count: int) -> None:
        self._scratch = tempfile.TemporaryDirectory(prefix="calico-triage-", ignore_cleanup_errors=True)
        self.setup, self.count = replace(setup, scratch=Path(self._scratch.name)), count
        context = server_of_workers()
        self._pool = ProcessPool(max_workers=count, initializer=prepare, initargs=[self.setup], context=context)

    def submit(self, job: Job) -> Future[Done]:
        """Hand over a ticket; the future's result is what :func:`outcome` gives, and it never raises."""
        given: Future[Done] = Future()
        started = time.perf_counter()

        def ended(future: Future[Done]) -> None:
            if job.ticket.is_url:  # a worker that was killed leaves what it has fetched
                for left in Path(self._scratch.name).glob(f"{glob.escape(job.ticket.name)}.*"):
                    shutil.rmtree(left, ignore_errors=True)
            if not given.cancelled():
                given.set_result(outcome(future, job, self.setup, started))

        self._pool.schedule(analyse, args=[job], timeout=self.setup.seconds).add_done_callback(ended)
        return given

    def run(self, jobs: Iterable[Job]) -> Iterator[Done]:
        """Give the results as they come; jobs are taken from ``jobs`` as workers become free."""
        waiting, ahead = iter(jobs), self.count * (AHEAD + 1)
        done: Queue[Done] = Queue()
        running = 0
        while True:
            while running < ahead and (job := next(waiting, None)) is not None:
                self.submit(job).add_done_callback(lambda future: done.put(future.result()))
                running += 1
            if not running:
                return
            yield _next(done)
            running -= 1

    def stop(self, at_once: bool = False) -> None:
        """End the workers, with what they are doing where ``at_once`` is set."""
        if at_once:
            self._pool.stop()  # type: ignore[no-untyped-call]
            # a Ctrl-C that met the pool in the middle of waking its scheduler leaves that asleep for ever; the
            # workers are ended before it is waited for, and threads of this process end with it
            ending = Thread(target=self._pool.join, daemon=True)
            ending.start()
            ending.join(LONGEST_END)
        else:
            self._pool.close()  # type: ignore[no-untyped-call]
            self._pool.join()
        self._scratch.cleanup()


def _next(done: Queue[Done]) -> Done:
    """Wait for the next result, open to Ctrl-C on systems where a wait without end is not."""
    from queue import Empty

    while True:
        try:
            return done.get(timeout=1.0)
        except Empty:
            continue


def outcome(future: Future[Done], job: Job, setup: Setup, started: float) -> Done:
    """Give a job's result; a worker that died or was killed is a failed ticket with the reason."""
    try:
        return future.result()
    except TimeoutError:
        reason, started = f"took more than {setup.seconds:g} s", time.perf_counter() - setup.seconds
    except ProcessExpired as error:
        reason = _death(error, setup)
    except Exception as error:  # a result that cannot be sent, a worker that could not be prepared
        reason = f"internal error: {type(error).__name__}: {error}"
    return _failed(job.ticket, Version(_known_content(job.ticket, setup), setup.catalogue), reason, started)


def _known_content(ticket: Ticket, setup: Setup) -> str:
    """Tell the content of a ticket whose worker could not, so that it is not tried again while it is the same.

    A server is not asked: it may be what the worker was waiting for.
    """
    if ticket.is_url:
        return ""
    try:
        return content_of(ticket.place, setup.storage)
    except (SourceError, OSError, ValueError):
        return ""


def _death(error: ProcessExpired, setup: Setup) -> str:
    code = error.exitcode
    if code == _OUT_OF_MEMORY:
        return f"needs more than {setup.memory // MIB} MiB of memory"
    if code is not None and code < 0:
        import signal

        name = signal.Signals(-code).name if -code in signal.Signals._value2member_map_ else str(-code)
        hint = ", perhaps for want of memory" if name == "SIGKILL" else ""
        return f"the worker process was ended by {name}{hint}"
    return f"the worker process ended with {code}"


Run = Callable[[Iterable[Job]], Iterator[Done]]
