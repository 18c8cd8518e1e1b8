"""Servers that a cluster of a company has, each of one test module alone, on the loopback; a cache of a test's own."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from analyzer import cache


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    """A PostgreSQL server of this test alone, on the loopback; the URL of its database."""
    places = [
        *sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True),
        Path(shutil.which("initdb") or "/-").parent,
    ]
    programs = next((place for place in places if (place / "initdb").exists()), None)
    if programs is None:
        pytest.skip("PostgreSQL's server is not installed")
    folder = Path(tempfile.mkdtemp(prefix="triage-postgres-"))
    user: str | None = None
    if os.geteuid() == 0:  # it refuses to run as root
        user = "postgres"
        account = pwd.getpwnam(user)
        os.chown(folder, account.pw_uid, account.pw_gid)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    data, where = folder / "data", {"cwd": folder, "stdout": subprocess.DEVNULL, "user": user}
    made = [programs / "initdb", "-D", data, "-U", "triage", "-A", "trust", "--no-sync", "-E", "UTF8"]
    subprocess.run(made, check=True, timeout=120, **where)  # type: ignore[call-overload]
    options = ["-c", "fsync=off", "-c", "listen_addresses=127.0.0.1", "-k", "", "-p", str(port)]
    server = subprocess.Popen([programs / "postgres", "-D", data, *options], stderr=subprocess.DEVNULL, **where)  # type: ignore[call-overload]
    try:
        until = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                assert time.monotonic() < until
                time.sleep(0.1)
        yield f"postgresql://triage@127.0.0.1:{port}/postgres"
    finally:
        server.terminate()
        server.wait(30)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def bucket() -> Iterator[tuple[str, str]]:
    """An S3 server and its bucket ``reports``: the server's URL, and the bucket's."""
    server_of = pytest.importorskip("moto.server")
    pytest.importorskip("s3fs")
    import boto3

    before = dict(os.environ)
    os.environ.update(AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY="test", AWS_DEFAULT_REGION="us-east-1")
    server = server_of.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    os.environ["AWS_ENDPOINT_URL"] = url = f"http://{host}:{port}"
    boto3.client("s3").create_bucket(Bucket="reports")
    yield url, "s3://reports"
    server.stop()
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The program's cache folder, of this test alone and empty."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "caches"))
    monkeypatch.delenv(cache.SWITCH, raising=False)
    return tmp_path / "caches" / "calico-triage"
