"""A server whose store is PostgreSQL and whose reports are in object storage, and one that speaks TLS itself."""

from __future__ import annotations

import socket
import ssl
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

PROGRAM = "import sys; sys.argv[0] = 'calico-triage'; from analyzer.cli import main; main()"


def test_postgresql_and_object_storage(serve: Any, tools: Any, postgres: str, bucket: tuple[str, str]) -> None:
    import boto3

    client = serve(tokens=("ann", "bob"), store=postgres, files=f"{bucket[1]}/triage")
    ann, bob = tools.bearer(client, "ann"), tools.bearer(client, "bob")
    sent = client.post("/api/v1/bundles?name=t.tgz&ticket=4711", content=tools.tarball(), headers=ann)
    assert sent.status_code == 202
    job = sent.json()["job"]
    assert tools.ended(client, job, headers=ann)["state"] == "done"
    found = client.get(f"/api/v1/reports/{job}.json", headers=ann)
    assert found.json()["causes"][0]["id"] == tools.ended(client, job, headers=ann)["first_cause"]
    assert client.get(f"/api/v1/reports/{job}.json", headers=bob).status_code == 404
    kept = boto3.client("s3").list_objects_v2(Bucket="reports", Prefix="triage/")
    assert sorted(item["Key"].rsplit("/", 1)[1] for item in kept["Contents"]) == [
        "report.html",
        "report.json",
        "report.md",
    ]
    assert client.delete(f"/api/v1/reports/{job}", headers=ann).status_code in (200, 204)
    assert "Contents" not in boto3.client("s3").list_objects_v2(Bucket="reports", Prefix="triage/")
    assert client.get(f"/api/v1/jobs/{job}", headers=ann).status_code == 404


def test_object_storage_that_is_away_is_told(serve: Any, tools: Any, bucket: tuple[str, str]) -> None:
    client = serve(files=f"{bucket[1]}/away")
    job = client.post("/api/v1/bundles?name=t.tgz", content=tools.tarball()).json()["job"]
    assert tools.ended(client, job)["state"] == "done"

    def away(*_: object) -> bytes:
        raise OSError("connection refused")

    client.service.files.report = away
    found = client.get(f"/api/v1/reports/{job}.html")
    assert found.status_code == 503
    assert "Traceback" not in found.text


def test_a_storage_that_takes_nothing_fails_the_job_in_the_end(serve: Any, tools: Any) -> None:
    client = serve()

    def away(*_: object) -> None:
        raise ConnectionError("no such host")

    client.service.files.keep = away
    job = client.post("/api/v1/bundles?name=t.tgz", content=tools.tarball()).json()["job"]
    state = tools.ended(client, job)
    assert state["state"] == "failed"
    assert "storage" in state["error"]
    assert list(client.service.files.uploads.iterdir()) == []


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    key, made = tmp_path / "key.pem", tmp_path / "cert.pem"
    asked = [
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "1",
        "-subj",
        "/CN=localhost",
        "-addext",
        "subjectAltName=IP:127.0.0.1",
    ]
    try:
        subprocess.run(
            ["openssl", "req", *asked, "-keyout", key, "-out", made], check=True, capture_output=True, timeout=60
        )
    except FileNotFoundError:
        pytest.skip("openssl is not installed")
    return made, key


def test_it_speaks_tls_itself(certificate: tuple[Path, Path], tmp_path: Path) -> None:
    made, key = certificate
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = ["--data", tmp_path / "data", "--port", str(port), "--tls-cert", made, "--tls-key", key]
    server = subprocess.Popen([sys.executable, "-c", PROGRAM, "serve", *map(str, options)], stderr=subprocess.PIPE)
    trusted = ssl.create_default_context(cafile=str(made))
    try:
        until = time.monotonic() + 60
        while True:
            try:
                found = httpx.get(f"https://127.0.0.1:{port}/healthz", verify=trusted)
                break
            except httpx.TransportError:
                assert time.monotonic() < until and server.poll() is None
                time.sleep(0.2)
        assert found.status_code == 200
        page = httpx.get(f"https://127.0.0.1:{port}/", verify=trusted)
        assert page.status_code == 200
        with pytest.raises(httpx.TransportError):
            httpx.get(f"http://127.0.0.1:{port}/healthz")
    finally:
        server.terminate()
        server.wait(30)
