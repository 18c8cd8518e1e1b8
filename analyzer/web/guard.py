"""What every answer gets: security headers, a count, and no traceback."""

from __future__ import annotations

import logging
from typing import Any

from starlette.datastructures import MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from analyzer.web.access import Access
from analyzer.web.metrics import Metrics

log = logging.getLogger("calico_triage.serve")

#: of the server's own pages
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "frame-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
#: of a report: an origin of its own, and nothing from anywhere; its own policy names the one script and style by hash
REPORT_POLICY = (
    "sandbox allow-scripts allow-popups allow-popups-to-escape-sandbox; default-src 'none'; "
    "script-src 'unsafe-inline'; style-src 'unsafe-inline'; form-action 'none'; frame-ancestors 'self'; base-uri 'none'"
)
_ALWAYS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",  # with no-referrer a form of ours would say "Origin: null"
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "content-security-policy": PAGE_POLICY,
    "cache-control": "no-store",
}


class Guard:
    """Wraps the whole application."""

    def __init__(self, app: ASGIApp, access: Access, metrics: Metrics) -> None:
        self.app, self.access, self.metrics = app, access, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        status = 0

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in _ALWAYS.items():
                    if name not in headers:
                        headers[name] = value
                if "content-security-policy" in headers and "sandbox" not in headers["content-security-policy"]:
                    headers["x-frame-options"] = "DENY"
                if self.access.settings.secure:
                    headers["strict-transport-security"] = "max-age=31536000"
            await send(message)

        try:
            host = next((value for name, value in scope["headers"] if name == b"host"), b"").decode("latin-1")
            if not self._host_is_ours(host):
                await _said(400, "this server is not called so")(scope, receive, sending)
                return
            await self.app(scope, receive, sending)
        except Exception as error:
            if status:  # the answer has begun: the server logs it and breaks it off
                raise
            log.exception("a request failed: %s %s", scope["method"], _route(scope))
            await _said(500, f"an internal error ({type(error).__name__}): a defect of calico-triage")(
                scope, receive, sending
            )
        finally:
            self.metrics.requests.labels(_method(scope["method"]), _route(scope), str(status)).inc()

    def _host_is_ours(self, host: str) -> bool:
        try:
            return self.access.host_is_ours(host)
        except ValueError:
            return False


def _said(status: int, detail: str) -> JSONResponse:
    return JSONResponse({"detail": detail}, status)


def _method(method: str) -> str:
    return method if method in ("GET", "HEAD", "POST", "DELETE") else "other"


def _route(scope: dict[str, Any] | Any) -> str:
    """The pattern of the path, never the path: ids are secret, and names without end would fill the metrics."""
    route = scope.get("route")
    return str(getattr(route, "path", "")) or "none"
