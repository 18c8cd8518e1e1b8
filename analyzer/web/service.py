"""What one server is made of, and what its pages and its API do alike."""

from __future__ import annotations

import logging
import shutil
import time
from datetime import UTC, datetime

from fastapi import HTTPException, Request

from analyzer.web.access import Access, TooMany, User
from analyzer.web.files import Files, safe_name
from analyzer.web.metrics import Metrics
from analyzer.web.queue import Queue
from analyzer.web.receive import Upload, drain, receive
from analyzer.web.records import Job, Records, new_id
from analyzer.web.settings import MIB, ServeError, Settings

log = logging.getLogger("calico_triage.serve")
#: bytes that are left free on the disk
_SPARE = 256 * MIB


class Service:
    """Store, files, queue and access of one server.

    Raises:
        ServeError: another address than the loopback without a way to tell who comes in, or a folder that is in use.
        StoreError: the store cannot be opened.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.records = Records(settings.store or str(settings.data / "triage.db"))
        if not settings.loopback and not settings.user_header and not self.records.any_token():
            raise ServeError(
                f"{settings.host} can be reached from other machines, and nothing says who may come in: "
                "make a token (calico-triage token add NAME) or name a trusted proxy (--user-header, --proxy)"
            )
        self.files = Files(settings.data, settings.files)
        self.metrics = Metrics()
        self.access = Access(settings, self.records)
        self.queue = Queue(settings, self.records, self.files, self.metrics)
        self._receiving = 0

    def close(self) -> None:
        """End the queue; what is not finished goes on with the next start."""
        self.queue.stop()
        self.records.close()

    async def accept(self, request: Request, user: User, check: bool = False) -> Job:
        """Take an upload in: on disk and in the store when this returns.

        Args:
            request: multipart/form-data, or the file itself as the body.
            user: whose it is.
            check: whether the form's field ``csrf`` must be right: a page without a script has no header for it.
        """
        started = time.perf_counter()
        try:
            self._make_room(user)
            job = new_id()
            self._receiving += 1
            try:
                upload = await receive(request, self.files.upload(job), self.settings)
            finally:
                self._receiving -= 1
            if check:
                self._check_form(request, user, upload, job)
        except HTTPException as error:
            self.metrics.refused.labels(str(error.status_code)).inc()
            await drain(request)
            raise
        accepted = _accepted(job, user, upload)
        self.records.add(accepted)
        self.queue.wake()
        self.metrics.accepting.observe(time.perf_counter() - started)
        self.metrics.uploaded.inc(upload.bytes)
        return accepted

    def _make_room(self, user: User) -> None:
        self.access.uploads.take(user.name)
        waiting = self.records.counts().get("queued", 0) + self._receiving
        if waiting >= self.settings.queue:
            raise TooMany("too many uploads are waiting: try again later", 10 + waiting)
        if shutil.disk_usage(self.files.uploads).free < _SPARE:
            raise HTTPException(
                503, "no room for uploads: tell whoever runs this server", headers={"Retry-After": "600"}
            )

    def _check_form(self, request: Request, user: User, upload: Upload, job: str) -> None:
        try:
            self.access.check_forgery(request, user, upload.fields.get("csrf", ""))
        except HTTPException:
            self.files.drop_upload(job)
            raise

    def job(self, name: str, user: User) -> Job:
        """A job that the user may see; to all others there is none (404)."""
        job = self.records.job(name) if len(name) == 22 else None
        if job is None or not user.may_see(job):
            raise HTTPException(404, "there is no such job or report, or it is not yours")
        return job

    def report(self, name: str, form: str, user: User) -> bytes:
        """One form of a finished report."""
        job = self.job(name, user)
        if job.state != "done":
            raise HTTPException(404, "there is no report of this job")
        try:
            return self.files.report(job.id, form)
        except FileNotFoundError as error:
            raise HTTPException(404, "the report is no longer there") from error
        except Exception as error:  # whatever the storage behind an fsspec URL raises
            log.exception("report %s cannot be fetched", job.id[:6])
            raise HTTPException(
                503, "reports cannot be fetched at the moment: try again", headers={"Retry-After": "30"}
            ) from error


def _accepted(job: str, user: User, upload: Upload) -> Job:
    name = upload.names[0] if len(upload.names) == 1 else f"{upload.names[0]} and {len(upload.names) - 1} more"
    stored_as = f"{safe_name(upload.ticket or upload.names[0])}.{job[:8]}"
    return Job(
        job, user.name, upload.ticket, name[:200], stored_as, upload.bytes, "queued", "", "", "", 0, datetime.now(UTC)
    )
