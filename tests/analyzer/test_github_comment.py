"""The comment on an issue, against a stand-in of GitHub's API on this machine."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from analyzer.github_comment import MARKER, PostError, post

TOKEN = "ghp_0123456789abcdefghijABCDEFGHIJ012345"
PER_PAGE = 100


class StandIn:
    """Issues with comments, and answers to fail with before it works."""

    def __init__(self) -> None:
        self.comments: list[dict[str, Any]] = []
        self.failures: list[tuple[int, dict[str, str]]] = []
        self.requests: list[tuple[str, str]] = []
        self.login = "triage-bot"
        self.user_status = 200
        self.url = ""

    def add(self, body: str, login: str = "somebody", kind: str = "User") -> None:
        number = len(self.comments) + 1
        self.comments.append(
            {"id": number, "body": body, "user": {"login": login, "type": kind, "url": f"{self.url}/users/{login}"},
             "url": f"{self.url}/repos/org/tickets/issues/comments/{number}", "html_url": f"https://ghe/c/{number}"}
        )  # fmt: skip


class Handler(BaseHTTPRequestHandler):
    stand_in: StandIn

    def log_message(self, format: str, *args: Any) -> None:
        return

    def _answer(self, status: int, data: Any, headers: dict[str, str] | None = None) -> None:
        content = json.dumps(data).encode()
        self.send_response(status)
        for name, value in {
            "Content-Type": "application/json",
            "Content-Length": str(len(content)),
            **(headers or {}),
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def _serve(self) -> None:
        state, (path, _, query) = self.stand_in, self.path.partition("?")
        state.requests.append((self.command, path))
        length = int(self.headers.get("Content-Length") or 0)
        sent = json.loads(self.rfile.read(length) or b"{}")
        if self.headers.get("Authorization") != f"token {TOKEN}":
            return self._answer(401, {"message": "Bad credentials"})
        if state.failures:
            status, headers = state.failures.pop(0)
            return self._answer(status, {"message": "not now"}, headers)
        if path == "/user":
            return self._answer(state.user_status, {"login": state.login, "message": "Resource not accessible"})
        if path == "/repos/org/tickets/issues/7":
            return self._answer(200, {"number": 7, "url": f"{state.url}{path}"})
        if path == "/repos/org/tickets/issues/7/comments" and self.command == "GET":
            page = int(next((part[5:] for part in query.split("&") if part.startswith("page=")), "1"))
            shown = state.comments[(page - 1) * PER_PAGE : page * PER_PAGE]
            more = page * PER_PAGE < len(state.comments)
            link = {"Link": f'<{state.url}{path}?per_page={PER_PAGE}&page={page + 1}>; rel="next"'} if more else {}
            return self._answer(200, shown, link)
        if len(sent.get("body", "")) > 65_536:
            return self._answer(422, {"message": "body is too long (maximum is 65536 characters)"})
        if path == "/repos/org/tickets/issues/7/comments":
            state.add(sent["body"], state.login)
            return self._answer(201, state.comments[-1])
        if path.startswith("/repos/org/tickets/issues/comments/"):
            comment = state.comments[int(path.rpartition("/")[2]) - 1]
            comment["body"] = sent["body"]
            return self._answer(200, comment)
        return self._answer(404, {"message": "Not Found"})

    do_GET = do_POST = do_PATCH = _serve  # noqa: N815 - the names that http.server asks for


@pytest.fixture
def github() -> Iterator[StandIn]:
    state = StandIn()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"stand_in": state}))
    state.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield state
    server.shutdown()
    server.server_close()


def comment(github: StandIn, body: str = "the report", number: int = 7, token: str = TOKEN, **more: Any) -> Any:
    slept = more.pop("slept", [])
    return post(body, "org/tickets", number, token, github.url, sleep=slept.append, **more)


def test_one_comment_is_made_and_then_brought_up_to_date(github: StandIn) -> None:
    github.add("please help")
    assert comment(github).updated is False
    again = comment(github, "a newer report")
    assert again.updated is True and again.url == "https://ghe/c/2"
    assert [item["body"] for item in github.comments] == ["please help", f"{MARKER}\na newer report"]


def test_it_is_found_on_the_third_page(github: StandIn) -> None:
    for number in range(250):
        github.add(f"comment {number}")
    github.add(f"{MARKER}\nold", github.login)
    assert comment(github).updated is True and len(github.comments) == 251


def test_a_comment_of_somebody_else_with_the_marker_is_left_alone(github: StandIn) -> None:
    github.add(f"{MARKER}\nforged", "mallory")
    github.add(f"> {MARKER}\nquoted", github.login)
    assert comment(github).updated is False
    assert github.comments[0]["body"].endswith("forged") and len(github.comments) == 3


def test_a_token_of_a_job_that_may_not_ask_who_it_is_updates_a_bots_comment(github: StandIn) -> None:
    github.user_status = 403
    github.add(f"{MARKER}\nforged", "mallory")
    github.add(f"{MARKER}\nold", "github-actions[bot]", "Bot")
    assert comment(github).updated is True
    assert github.comments[0]["body"].endswith("forged") and github.comments[1]["body"].endswith("the report")


@pytest.mark.parametrize(
    ("failure", "slept"),
    [
        ((500, {}), [1.0]),
        ((502, {}), [1.0]),
        ((429, {"Retry-After": "7"}), [7.0]),
        ((403, {"Retry-After": "5"}), [5.0]),
    ],
)
def test_what_passes_is_waited_for(github: StandIn, failure: tuple[int, dict[str, str]], slept: list[float]) -> None:
    github.failures = [failure]
    waited: list[float] = []
    assert comment(github, slept=waited).updated is False
    assert waited == slept


def test_waiting_has_an_end(github: StandIn) -> None:
    github.failures = [(503, {})] * 50
    waited: list[float] = []
    with pytest.raises(PostError, match="try again later"):
        comment(github, slept=waited)
    assert sum(waited) <= 60.0
    github.failures = [(403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "99999999999"})]
    with pytest.raises(PostError, match="limit of requests"):
        comment(github)


@pytest.mark.parametrize(
    ("status", "words"),
    [(403, "may not write"), (404, "no issue 7"), (410, "deleted"), (422, "refuses"), (418, "answers with 418")],
)
def test_what_does_not_pass_is_said_at_once_and_in_one_line(github: StandIn, status: int, words: str) -> None:
    github.failures = [(status, {})]
    waited: list[float] = []
    with pytest.raises(PostError, match=words) as caught:
        comment(github, slept=waited)
    assert waited == [] and "\n" not in str(caught.value) and TOKEN not in str(caught.value)


def test_a_wrong_token_an_unknown_issue_and_a_body_that_is_too_long(github: StandIn) -> None:
    with pytest.raises(PostError, match="not accepted"):
        comment(github, token="wrong")
    with pytest.raises(PostError, match="no issue 8"):
        comment(github, number=8)
    with pytest.raises(PostError, match="too long"):
        comment(github, "x" * 65_600)
    assert github.comments == []


def test_a_server_that_is_not_there() -> None:
    with pytest.raises(PostError, match="cannot be reached"):
        post("x", "org/tickets", 7, TOKEN, "http://127.0.0.1:9", sleep=lambda seconds: None)
