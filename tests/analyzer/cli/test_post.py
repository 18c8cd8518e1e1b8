"""``post`` as it is called: what it refuses, what it prints, that no secret gets out."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
SAMPLE = ROOT / "sample_bundles" / "no-typha-is-ready" / "bundle"
TOKEN = "ghp_0123456789abcdefghijABCDEFGHIJ012345"
TARGET = ("--repo", "org/tickets", "--issue", "7")


def triage(*arguments: str | Path, code: int = 0, token: str = "") -> subprocess.CompletedProcess[str]:
    program = "import sys; sys.argv[0] = 'calico-triage'; from analyzer.cli import main; main()"
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GH_", "GITHUB_"))}
    made = subprocess.run(
        [sys.executable, "-c", program, *map(str, arguments)],
        capture_output=True,
        text=True,
        env={**kept, **({"GITHUB_TOKEN": token} if token else {})},
    )
    assert made.returncode == code, made.stderr
    return made


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("post") / "report.json"
    triage("analyze", SAMPLE, "-q", "-o", path)
    return path


@pytest.fixture
def server() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Stands in for the API: an issue without comments; gives its URL and what was posted."""
    posted: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:
            return

        def answer(self, status: int, data: Any) -> None:
            content = json.dumps(data).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def do_GET(self) -> None:
            self.answer(200, [] if self.path.partition("?")[0].endswith("/comments") else {"login": "bot"})

        def do_POST(self) -> None:
            sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            posted.append({"path": self.path, "token": self.headers["Authorization"], **sent})
            self.answer(201, {"id": 1, "html_url": "https://ghe/c/1", **sent})

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=httpd.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{httpd.server_port}/api/v3", posted
    httpd.shutdown()
    httpd.server_close()


def test_a_dry_run_prints_the_comment_and_needs_no_token(report: Path) -> None:
    shown = triage("post", report, *TARGET, "--dry-run").stdout
    assert "Typha pods are down" in shown
    assert len(shown) < 64_000


def test_the_comment_is_posted_and_its_place_printed(report: Path, server: tuple[str, list[dict[str, Any]]]) -> None:
    url, posted = server
    made = triage("post", report, *TARGET, "--api-url", url, token=TOKEN)
    assert made.stdout == "comment created: https://ghe/c/1\n"
    assert [item["path"] for item in posted] == ["/api/v3/repos/org/tickets/issues/7/comments"]
    assert posted[0]["token"] == f"token {TOKEN}"
    assert "Typha pods are down" in posted[0]["body"]
    assert TOKEN not in made.stdout + made.stderr + posted[0]["body"]


@pytest.mark.parametrize(
    ("arguments", "token", "words"),
    [
        (TARGET, "", "GITHUB_TOKEN"),
        (("--repo", "tickets", "--issue", "7"), TOKEN, "--repo takes ORG/REPO"),
        (("--repo", "org/tickets/../../user", "--issue", "7"), TOKEN, "--repo takes ORG/REPO"),
        (("--repo", "org/tickets", "--issue", "0"), TOKEN, "--issue"),
        ((*TARGET, "--api-url", "http://github.example.com/api/v3"), TOKEN, "in the clear"),
        ((*TARGET, "--api-url", "file:///etc/passwd"), TOKEN, "--api-url takes https"),
    ],
)
def test_what_cannot_be_posted_is_said_in_one_line(
    report: Path, arguments: tuple[str, ...], token: str, words: str
) -> None:
    error = triage("post", report, *arguments, code=2, token=token).stderr
    assert words in error
    assert len(error.strip().splitlines()) == 1
    assert TOKEN not in error


@pytest.mark.parametrize("content", ["", "no JSON", "[]", "{}", "[" * 100_000])
def test_a_file_that_is_no_report(tmp_path: Path, content: str) -> None:
    path = tmp_path / "x.json"
    path.write_text(content, encoding="utf-8")
    error = triage("post", path, *TARGET, "--dry-run", code=2).stderr
    assert "x.json" in error
    assert len(error.strip().splitlines()) == 1


def test_a_report_made_without_redaction_is_redacted_before_it_leaves(tmp_path: Path) -> None:
    bundle, path = tmp_path / "ticket", tmp_path / "report.json"
    bundle.mkdir()
    line = "2026-03-16 04:11:52.123 [ERROR][65] felix/x.go 1: failed password=hunter2hunter2 by jane@acme-corp.de\n"
    (bundle / "calico-node-x7k2p.log").write_text(line, encoding="utf-8")
    triage("analyze", bundle, "-q", "--no-redact", "-o", path)
    assert "hunter2hunter2" in path.read_text(encoding="utf-8")
    shown = triage("post", path, *TARGET, "--dry-run").stdout
    assert "hunter2hunter2" not in shown
    assert "jane@acme" not in shown
