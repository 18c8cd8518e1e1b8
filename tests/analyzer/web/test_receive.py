"""Uploads under limits: what is too large, too many, broken or badly named."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from analyzer.web.files import safe_name
from analyzer.web.settings import MIB

BOUNDARY = {"Content-Type": "multipart/form-data; boundary=b"}


@pytest.fixture
def client(serve: Any) -> Any:
    made = serve(upload_bytes=2 * MIB, upload_files=3, queue=5)
    made.service.queue._hand_out = lambda: None
    return made


def kept(client: Any) -> list[str]:
    return sorted(path.name for path in client.service.files.uploads.rglob("*") if path.is_file())


def test_too_large(client: Any) -> None:
    answer = client.post("/api/v1/bundles", files={"file": ("a", b"x" * (3 * MIB + 1))})
    assert answer.status_code == 413 and "2 MiB" in answer.json()["detail"]

    def pieces() -> Iterator[bytes]:
        for _ in range(30):
            yield b"x" * 100_000

    assert client.post("/api/v1/bundles", content=pieces()).status_code == 413  # nobody said how long it is
    assert client.post("/api/v1/bundles", files={"file": ("a", b"x" * (2 * MIB))}).status_code == 202
    assert len(kept(client)) == 1


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"--b--\r\n",
        b"no boundary at all",
        b"--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\nbroken off",
        b"--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"\"\r\n\r\n\r\n--b--\r\n",
        b"--b\r\nContent-Disposition: form-data; name=\"other\"; filename=\"a\"\r\n\r\nx\r\n--b--\r\n",
        b"--b\r\nContent-Disposition: form-data; name=\"ticket\"\r\n\r\n" + b"x" * 5000 + b"\r\n--b--\r\n",
        b"--b\r\nX: " + b"y" * 20000 + b"\r\n\r\nx\r\n--b--\r\n",
    ],
)  # fmt: skip
def test_broken_bodies(client: Any, body: bytes) -> None:
    assert client.post("/api/v1/bundles", content=body, headers=BOUNDARY).status_code == 400
    assert kept(client) == []


def test_no_boundary(client: Any) -> None:
    headers = {"Content-Type": "multipart/form-data"}
    assert client.post("/api/v1/bundles", content=b"x", headers=headers).status_code == 400


def test_files_of_one_name_and_too_many_of_them(client: Any) -> None:
    files = [("file", ("a/x.log", b"1")), ("file", ("b\\x.log", b"2"))]
    job = client.post("/api/v1/bundles", files=files).json()["job"]
    assert kept(client) == ["2-x.log", "x.log"]
    assert client.get(f"/api/v1/jobs/{job}").json()["name"] == "x.log and 1 more"
    assert client.post("/api/v1/bundles", files=[("file", ("x", b"1"))] * 4).status_code == 413


def test_when_too_many_wait_more_are_put_off(client: Any) -> None:
    answers = [client.post("/api/v1/bundles", files={"file": ("a", b"x")}) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [202] * 5 + [429]
    assert int(answers[-1].headers["Retry-After"]) > 0
    assert client.get(f"/api/v1/jobs/{answers[4].json()['job']}").json()["waiting"] == 4


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("../../etc/passwd", "passwd"), ("..", "upload"), ("", "upload"), ("C:\\x\\b.tgz", "b.tgz"), (".bashrc", "bashrc"),
        ("a\0b\n\x1b[2J.tgz", "a_b_2J.tgz"), ("<img src=x>.tgz", "_img src=x_.tgz"), ("ä" * 200 + ".tgz", "ä" * 58 + ".tgz"),
    ],
)  # fmt: skip
def test_names(given: str, name: str) -> None:
    assert safe_name(given) == name
