"""The server, put together."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp

from analyzer import __version__
from analyzer.web import api, pages
from analyzer.web.guard import Guard
from analyzer.web.service import Service


def create(service: Service) -> ASGIApp:
    """The application; its queue runs from its start to its end."""

    @asynccontextmanager
    async def living(_app: FastAPI) -> AsyncIterator[None]:
        service.queue.start()
        yield
        service.close()

    app = FastAPI(
        title="calico-triage", version=__version__, lifespan=living, docs_url=None, redoc_url=None,
        description="Upload a must-gather bundle, get the root cause of Calico trouble as a report.",
        openapi_url="/openapi.json", redirect_slashes=False,
    )  # fmt: skip
    app.state.access = service.access
    app.include_router(api.routes(service))
    app.include_router(pages.routes(service))
    _add_service_routes(app, service)

    @app.exception_handler(HTTPException)
    async def refused(request: Request, error: HTTPException) -> Response:
        if pages.wants_page(request):
            if error.status_code == 401:
                return Response(status_code=303, headers={"location": "/login"})
            user = service.access.who(request)
            page = pages.render(
                service, "problem.html.j2", request, user, status=error.status_code, detail=str(error.detail)
            )
            page.headers.update(error.headers or {})
            return page
        return JSONResponse({"detail": error.detail}, error.status_code, headers=error.headers)

    return Guard(app, service.access, service.metrics)


def _add_service_routes(app: FastAPI, service: Service) -> None:
    @app.get("/healthz", tags=["service"], summary="Whether the process lives")
    def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/readyz", tags=["service"], summary="Whether uploads can be taken", responses=api.problems(503))
    def readyz() -> JSONResponse:
        try:
            service.records.counts()
        except SQLAlchemyError:
            return JSONResponse({"detail": "the store does not answer"}, 503)
        if not service.queue.alive:
            return JSONResponse({"detail": "the queue is not running"}, 503)
        return JSONResponse({"status": "ok"})

    @app.get(
        "/metrics", tags=["service"], summary="For Prometheus", response_class=Response,
        responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
    )  # fmt: skip
    def metrics() -> Response:
        text = service.metrics.text(service.records.counts())
        return Response(text, media_type="text/plain; version=0.0.4")

    @app.get("/docs", include_in_schema=False)
    def docs(request: Request) -> Response:
        description: dict[str, Any] = app.openapi()
        return pages.render(service, "docs.html.j2", request, service.access.who(request), api=description)
