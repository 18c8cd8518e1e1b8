"""The HTTP API: what programs ask."""

from __future__ import annotations

from typing import Any, Literal

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from analyzer.web.access import Known, User
from analyzer.web.guard import REPORT_POLICY
from analyzer.web.records import Job
from analyzer.web.service import Service

_TYPES = {"html": "text/html", "md": "text/markdown", "json": "application/json"}


class Problem(BaseModel):
    """What went wrong."""

    detail: str


class Accepted(BaseModel):
    """An upload that was taken."""

    job: str
    state: Literal["queued"]


class JobState(BaseModel):
    """How far a job is."""

    model_config = ConfigDict(extra="forbid")
    job: str
    state: Literal["queued", "running", "done", "failed"]
    report: str | None = Field(description="Id of the report, once there is one: that of the job.")
    error: str = Field(description="Why the job failed, else empty.")
    ticket: str
    name: str = Field(description="The file's name.")
    bytes: int
    waiting: int = Field(description="Jobs that come before this one.")
    verdict: str
    first_cause: str
    created: str
    finished: str | None


_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {"type": "array", "minItems": 1, "items": {"type": "string", "format": "binary"}},
                        "ticket": {"type": "string", "maxLength": 100},
                    },
                }
            },
            "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
        },
    },
    "parameters": [
        {"name": "ticket", "in": "query", "schema": {"type": "string", "maxLength": 100}},
        {
            "name": "name", "in": "query", "schema": {"type": "string", "maxLength": 255},
            "description": "The file's name, where the body is the file itself.",
        },
    ],
}  # fmt: skip
_REPORT: dict[str, Any] = {"schema": {"type": "string"}}


def problems(*codes: int) -> dict[int | str, dict[str, Any]]:
    """The answers that are not the wanted one, for OpenAPI."""
    return {code: {"model": Problem} for code in codes}


def state_of(service: Service, job: Job) -> JobState:
    """A job as the API shows it."""
    return JobState(
        job=job.id,
        state=job.state,  # type: ignore[arg-type]  # the store holds these four
        report=job.id if job.state == "done" else None,
        error=job.error,
        ticket=job.ticket,
        name=job.name,
        bytes=job.bytes,
        waiting=service.records.ahead_of(job) if job.state == "queued" else 0,
        verdict=job.verdict,
        first_cause=job.first_cause,
        created=job.created.isoformat(),
        finished=job.finished.isoformat() if job.finished else None,
    )


def routes(service: Service) -> APIRouter:
    """The routes below /api/v1."""
    router = APIRouter(prefix="/api/v1")

    @router.post(
        "/bundles", status_code=202, openapi_extra=_BODY, response_model=Accepted, tags=["bundles"],
        responses=problems(400, 401, 403, 408, 413, 429, 503), summary="Upload a bundle",
    )  # fmt: skip
    async def upload(request: Request, user: Known) -> Accepted:
        """Files of one ticket, as `file` of multipart/form-data, or one file as the body itself.

        429 with `Retry-After`: too many uploads are waiting.
        """
        job = await service.accept(request, user)
        return Accepted(job=job.id, state="queued")

    @router.get("/jobs", responses=problems(401, 429), tags=["jobs"], summary="Your newest jobs")
    def recent(user: Known) -> list[JobState]:
        """The newest fifty, newest first; those of all users for the support group."""
        return [state_of(service, job) for job in service.records.recent(None if user.support else user.name)]

    @router.get("/jobs/{job}", responses=problems(401, 404, 429), tags=["jobs"], summary="How far a job is")
    def job_state(job: str, user: Known) -> JobState:
        """Ask again every second or two until `state` is `done` or `failed`."""
        return state_of(service, service.job(job, user))

    def add_report(form: str) -> None:
        def report(report: str, user: Known) -> Response:
            return report_response(service, report, form, user)

        router.get(
            f"/reports/{{report}}.{form}", tags=["reports"], summary=f"A report as {form}", name=f"report_{form}",
            response_class=Response,
            responses={200: {"content": {_TYPES[form]: _REPORT}}, **problems(401, 404, 429)},
        )(report)  # fmt: skip

    for form in _TYPES:
        add_report(form)

    @router.delete(
        "/reports/{report}", status_code=204, response_class=Response, tags=["reports"],
        responses=problems(401, 403, 404, 429), summary="Delete a report",
    )  # fmt: skip
    def delete(report: str, user: Known) -> Response:
        """The report, its job and whatever is left of the upload are gone."""
        service.queue.delete(service.job(report, user))
        return Response(status_code=204)

    return router


def report_response(service: Service, job: str, form: str, user: User, download: bool = False) -> Response:
    """A report, sandboxed: it quotes strangers' text."""
    content = service.report(job, form, user)
    headers = {"content-security-policy": REPORT_POLICY}
    if download:
        headers["content-disposition"] = f'attachment; filename="report-{job[:8]}.{form}"'
    return Response(content, media_type=_TYPES[form], headers=headers)
