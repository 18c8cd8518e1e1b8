"""The pages: what people see."""

from __future__ import annotations

import hashlib
from functools import cache
from typing import Any
from urllib.parse import parse_qs

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from analyzer.report.environment import SHIPPED, html_environment
from analyzer.web.access import Known, User
from analyzer.web.api import report_response
from analyzer.web.service import Service

_STATIC = {
    "page.css": ("text/css", ("report.css", "web/page.css")),
    "upload.js": ("text/javascript", ("web/upload.js",)),
    "job.js": ("text/javascript", ("web/job.js",)),
}
_VERDICTS = {
    "causes-found": "cause found",
    "no-problem-found": "no problem found",
    "not-enough-data": "not enough data",
}


@cache
def _static(name: str) -> tuple[str, bytes, str]:
    kind, parts = _STATIC[name]
    content = b"".join((SHIPPED / part).read_bytes() for part in parts)
    return kind, content, hashlib.sha256(content).hexdigest()[:16]


def render(service: Service, name: str, request: Request, user: User | None, **values: Any) -> HTMLResponse:
    """One page."""
    template = html_environment().get_template(f"web/{name}")
    text = template.render(
        user=user,
        csrf=service.access.forgery_token(user) if user else "",
        versions={item: _static(item)[2] for item in _STATIC},
        verdicts=_VERDICTS,
        settings=service.settings,
        **values,
    )
    return HTMLResponse(text, values.get("status", 200))


def wants_page(request: Request) -> bool:
    """Whether a person's browser asks, and not a program."""
    path = request.url.path
    return not path.startswith("/api/") and "text/html" in request.headers.get("accept", "")


def routes(service: Service) -> APIRouter:
    """The routes of the pages; they are not in the API's description."""
    router = APIRouter(include_in_schema=False)

    @router.get("/")
    def start(request: Request, user: Known) -> Response:
        jobs = service.records.recent(None if user.support else user.name)
        return render(service, "upload.html.j2", request, user, jobs=jobs)

    @router.post("/upload")
    async def upload(request: Request) -> Response:
        user = service.access.who(request)
        if user is None:
            raise HTTPException(401, "sign in first")
        job = await service.accept(request, user, check=True)
        return RedirectResponse(f"/jobs/{job.id}", 303)

    @router.get("/jobs/{job}")
    def job_page(job: str, request: Request, user: Known) -> Response:
        found = service.job(job, user)
        return render(service, "job.html.j2", request, user, job=found, ahead=service.records.ahead_of(found))

    @router.get("/jobs/{job}/report.{form}")
    def download(job: str, form: str, user: Known) -> Response:
        if form not in ("html", "md", "json"):
            raise HTTPException(404, "there is no such form of a report")
        return report_response(service, job, form, user, download=True)

    @router.post("/jobs/{job}/delete")
    async def delete(job: str, request: Request) -> Response:
        user = service.access.who(request)
        if user is None:
            raise HTTPException(401, "sign in first")
        service.access.check_forgery(request, user, (await _form(request)).get("csrf", ""))
        service.queue.delete(service.job(job, user))
        return RedirectResponse("/", 303)

    _sign_in_routes(router, service)

    @router.get("/static/{name}")
    def static(name: str) -> Response:
        if name not in _STATIC:
            raise HTTPException(404, "there is no such file")
        kind, content, _ = _static(name)
        return Response(content, media_type=kind, headers={"cache-control": "public, max-age=86400"})

    @router.get("/favicon.ico")
    def icon() -> Response:
        return Response(status_code=204)

    return router


def _sign_in_routes(router: APIRouter, service: Service) -> None:
    access = service.access

    @router.get("/login")
    def login_page(request: Request) -> Response:
        return render(service, "login.html.j2", request, None, wrong="")

    @router.post("/login")
    async def login(request: Request) -> Response:
        access.logins.take(request.client.host if request.client else "")
        secret = (await _form(request)).get("token", "").strip()
        token = access.records.token_of(secret) if secret else None
        if token is None:
            return render(service, "login.html.j2", request, None, wrong="No such token.", status=401)
        session = access.records.begin_session(token, service.settings.session_hours)
        answer = RedirectResponse("/", 303)
        answer.set_cookie(
            access.cookie, session, max_age=int(service.settings.session_hours * 3600), path="/",
            secure=service.settings.secure, httponly=True, samesite="strict",
        )  # fmt: skip
        return answer

    @router.post("/logout")
    async def logout(request: Request) -> Response:
        user = access.who(request)
        if user is not None:
            access.check_forgery(request, user, (await _form(request)).get("csrf", ""))
        access.records.end_session(request.cookies.get(access.cookie, ""))
        answer = RedirectResponse("/login", 303)
        answer.delete_cookie(access.cookie, path="/", secure=service.settings.secure, httponly=True, samesite="strict")
        return answer


async def _form(request: Request) -> dict[str, str]:
    """The fields of a small form."""
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > 16 * 1024:
            raise HTTPException(413, "too large for this form")
    try:
        fields = parse_qs(body.decode("utf-8", "replace"), max_num_fields=20)
    except ValueError as error:
        raise HTTPException(400, "not a form") from error
    return {name: values[0] for name, values in fields.items()}
