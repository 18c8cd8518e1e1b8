"""The queue: jobs of the store go to workers, oldest first; what is over its time is deleted."""

from __future__ import annotations

import logging
import os
import shutil
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from analyzer.backlog.sources import Ticket
from analyzer.web.files import Files
from analyzer.web.metrics import Metrics
from analyzer.web.records import Job, Records
from analyzer.web.settings import ServeError, Settings
from analyzer.web.work import Made, Order, UploadWorkers

log = logging.getLogger("calico_triage.serve")
_SWEEP_S = 600.0


class Queue:
    """Hands accepted jobs to workers, from a thread of its own. The store is the queue: a restart loses nothing."""

    def __init__(self, settings: Settings, records: Records, files: Files, metrics: Metrics) -> None:
        self.settings, self.records, self.files, self.metrics = settings, records, files, metrics
        self._out = settings.data / "made"
        self._wake = threading.Event()
        self._stopping = False
        self._stuck = False  # no worker process could be started the last time
        self._running = 0
        self._lock = threading.Lock()
        self._held = _only_one(settings.data)
        shutil.rmtree(self._out, ignore_errors=True)
        self._out.mkdir(mode=0o700, parents=True)
        self.recover()
        self.workers = UploadWorkers(settings, self._out)
        self._thread = threading.Thread(target=self._run, name="queue", daemon=True)
        self._swept = 0.0

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether jobs are being handed out."""
        return self._thread.is_alive() and not self._stopping and not self._stuck

    def recover(self) -> None:
        """Of jobs that were running when the server ended: queue them again, or report them failed."""
        for job in self.records.interrupted():
            if not self.records.again(job):
                self.records.finish(job, "the analysis was cut off again and again, with the server or its workers")
                self.files.drop_upload(job.id)
        self.files.left_over(self.records.ids())

    def wake(self) -> None:
        """A job was added."""
        self._wake.set()

    def stop(self) -> None:
        """End the thread and the workers."""
        self._stopping = True
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(timeout=10)
        self.workers.stop()
        if self._held is not None:
            os.close(self._held)

    def _run(self) -> None:
        while not self._stopping:
            try:
                self._hand_out()
                if time.monotonic() - self._swept > _SWEEP_S or not self._swept:
                    self.sweep()
                    self._swept = time.monotonic()
            except Exception:
                log.exception("the queue stumbled; it goes on")
                time.sleep(1)
            self._wake.wait(timeout=1.0)
            self._wake.clear()

    def _hand_out(self) -> None:
        while not self._stopping and self._running < self.settings.workers:
            job = self.records.take()
            if job is None:
                return
            with self._lock:
                self._running += 1
            try:
                ticket = Ticket(job.stored_as, str(self.files.bundle(job.id)))
                order = Order(ticket, self._out / job.id, self.settings.cpu_seconds, self.settings.report_bytes)
                self.workers.submit(order, lambda made, job=job: self._ended(job, made))  # type: ignore[misc]
            except OSError:
                self._ended(job, Made(error="the upload is no longer there"))
            except Exception:
                log.exception("no worker process can be started; trying again")
                self._stuck = True
                self.records.put_back(job)
                with self._lock:
                    self._running -= 1
                return
            self._stuck = False

    def _ended(self, job: Job, made: Made) -> None:
        try:
            self._note(job, made)
        except Exception:
            log.exception("the end of job %s cannot be noted", job.id[:6])
            self._try_again(job)
        finally:
            with self._lock:
                self._running -= 1
            self._wake.set()

    def _try_again(self, job: Job) -> None:
        try:
            if not self.records.again(job):
                self.records.finish(job, "the report was made, and the storage of reports did not take it")
                self.files.drop_upload(job.id)
        except Exception:  # the store is away too: the next start finds the job running, and begins it again
            log.exception("job %s stays as it is until the next start", job.id[:6])

    def _note(self, job: Job, made: Made) -> None:
        if self._stopping and made.again:
            return  # still "running" in the store: the next start takes it up
        if made.again:
            self.metrics.lost_workers.inc()
            if self.records.again(job):
                shutil.rmtree(self._out / job.id, ignore_errors=True)
                return
        error, kept = made.error, made.kept
        if kept is not None and not error:
            kept = replace(kept, row=replace(kept.row, report=f"/api/v1/reports/{job.id}.html"))
            self.files.keep(job.id, self._out / job.id)
        there = self.records.finish(job, error, kept, made.version)
        shutil.rmtree(self._out / job.id, ignore_errors=True)
        self.files.drop_upload(job.id)  # only the report is kept
        if not there:
            self.files.drop(job.id)
        self.metrics.finished.labels("failed" if error else "done").inc()
        if kept is not None and kept.row.seconds:
            self.metrics.analysis.observe(kept.row.seconds)

    def sweep(self) -> None:
        """Delete what has been kept long enough."""
        before = datetime.now(UTC) - timedelta(days=self.settings.retention_days)
        for job in self.records.older_than(before):
            self.delete(job)
            self.metrics.expired.inc()
        self.records.end_old_sessions()

    def delete(self, job: Job) -> None:
        """Delete a job, what was uploaded, and its report: first the record, so that nobody finds half of it."""
        self.records.delete(job)
        self.files.drop(job.id)


def _only_one(data: Path) -> int | None:
    """Keep a second server off the same folder; raises ``ServeError``."""
    try:
        import fcntl
    except ImportError:
        return None
    handle = os.open(data / "serve.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        raise ServeError(f"{data}: another calico-triage serve works with this folder") from None
    return handle
