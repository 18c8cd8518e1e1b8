"""``calico-triage serve``."""

from __future__ import annotations

import ipaddress
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from analyzer.cli.refusals import fail

if TYPE_CHECKING:
    from analyzer.web.settings import Network, Settings


def data_folder(given: Path | None) -> Path:
    """The folder given, or the user's own."""
    base = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return given or Path(base) / "calico-triage"


def networks(given: Sequence[str]) -> tuple[Network, ...]:
    """The networks that a trusted proxy's requests come from."""
    try:
        return tuple(ipaddress.ip_network(item, strict=False) for item in given)
    except ValueError as error:
        fail(f"--proxy takes an address or a network: {error}")


def run(settings: Settings, check: bool, certificate: Path | None, key: Path | None, quiet: bool) -> None:
    """Serve until the process is told to end; with ``check`` only look whether it could."""
    _refuse(settings)
    from analyzer.backlog.store import StoreError
    from analyzer.web.service import Service
    from analyzer.web.settings import ServeError

    try:
        service = Service(settings)
    except (ServeError, StoreError) as error:
        fail(str(error))
    except (OSError, ImportError, ValueError) as error:
        fail(f"{settings.data}: {error}")
    scheme = "https" if certificate else "http"
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    where = settings.public_url or f"{scheme}://{host}:{settings.port}"
    if check:
        service.close()
        print(f"would serve {where}, data in {settings.data}")
        return
    level = logging.WARNING if quiet else logging.INFO
    logging.basicConfig(stream=sys.stderr, level=level, format="%(levelname)s %(name)s: %(message)s")
    if not quiet:
        print(f"calico-triage: {where} (Ctrl-C ends it), data in {settings.data}", file=sys.stderr)
    import uvicorn

    from analyzer.web.application import create

    uvicorn.run(
        create(service), host=settings.host, port=settings.port, log_level="warning", access_log=False,
        proxy_headers=False, server_header=False, timeout_keep_alive=10, limit_concurrency=512,
        timeout_graceful_shutdown=10, h11_max_incomplete_event_size=32 * 1024,
        ssl_certfile=certificate, ssl_keyfile=key, lifespan="on", http="h11", ws="none",
    )  # fmt: skip


def _refuse(settings: Settings) -> None:
    if settings.user_header and not settings.proxies:
        fail("--user-header needs --proxy: from where the header is believed")
    if settings.proxies and not settings.user_header:
        fail("--proxy needs --user-header: the header that says who the user is")
    if bool(settings.groups_header) != bool(settings.support_group):
        fail("--groups-header and --support-group go together")
    if settings.groups_header and not settings.user_header:
        fail("--groups-header needs --user-header")
    if settings.public_url and (
        urlsplit(settings.public_url).scheme not in ("http", "https") or not urlsplit(settings.public_url).hostname
    ):
        fail(f"--public-url takes https://<name>, not {settings.public_url!r}")
