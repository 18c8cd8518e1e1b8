"""Servers to test: the application in this process, its workers real ones where a test uploads."""

from __future__ import annotations

import io
import tarfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from analyzer.web.application import create
from analyzer.web.service import Service
from analyzer.web.settings import Settings

SAMPLES = Path(__file__).parents[3] / "sample_bundles"
Serve = Callable[..., TestClient]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Start a server with these settings; ``client.service`` is what it is made of."""
    clients: list[TestClient] = []

    def started(
        tokens: tuple[str, ...] = (), client: tuple[str, int] = ("127.0.0.1", 50000), base: str = "http://127.0.0.1:8321",
        **settings: Any,
    ) -> TestClient:  # fmt: skip
        service = Service(Settings(tmp_path / "data", **settings))
        made = TestClient(create(service), base_url=base, client=client, follow_redirects=False)
        made.service = service
        made.tokens = {name: service.records.add_token(name, name == "sue") for name in tokens}
        made.__enter__()
        clients.append(made)
        return made

    yield started
    for item in clients:
        item.__exit__(None, None, None)


def bearer(client: Any, name: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {client.tokens[name]}"}


def tarball(sample: str = "no-typha-is-ready", padding: bytes = b"") -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        archive.add(SAMPLES / sample / "bundle", "bundle")
        if padding:
            member = tarfile.TarInfo("bundle/core.bin")
            member.size = len(padding)
            archive.addfile(member, io.BytesIO(padding))
    return stream.getvalue()


def ended(client: Any, job: str, seconds: float = 60, **options: Any) -> dict[str, Any]:
    """The job once it is done or failed."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        state: dict[str, Any] = client.get(f"/api/v1/jobs/{job}", **options).json()
        if state["state"] in ("done", "failed"):
            return state
        time.sleep(0.1)
    raise AssertionError(f"not ended: {state}")


@pytest.fixture
def tools() -> Any:
    """The functions above, for tests that cannot import this file."""

    class Tools:
        bearer, tarball, ended = staticmethod(bearer), staticmethod(tarball), staticmethod(ended)

    return Tools
