"""The report as the one comment on a GitHub (Enterprise) issue: found by a hidden marker, made or brought up to date.

Sources: GitHub's REST documentation of issue comments, rate limits and status codes; a body of more than 65,536
characters is answered with 422, so the Markdown is kept below 64,000.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import requests
from github import Auth, Github, GithubException

if TYPE_CHECKING:
    from github.Issue import Issue
    from github.IssueComment import IssueComment

MARKER = "<!-- calico-triage: this comment is kept up to date -->"
#: answers after which the same request may succeed
_PASSING = (429, 500, 502, 503, 504)
_TIMEOUT_S = 30
Result = TypeVar("Result")


class PostError(Exception):
    """The comment could not be made; the text is one line that says why and what to do."""


@dataclass(frozen=True, slots=True)
class Posted:
    """Where the comment is, and whether it was there before."""

    url: str
    updated: bool


class Patience:
    """Repeats what fails for a passing reason, within a budget of seconds."""

    def __init__(self, budget_s: float, sleep: Callable[[float], None] = time.sleep) -> None:
        self.left_s = budget_s
        self.sleep = sleep

    def __call__(self, call: Callable[[], Result]) -> Result:
        """Give the call's result; raises what it raised last when the budget is spent or the reason does not pass."""
        pause = 1.0
        while True:
            try:
                return call()
            except GithubException as error:
                wait = _wait_of(error)
                if wait is None:
                    raise
                pause = max(pause, wait)
                if pause > self.left_s:
                    raise
            except requests.ConnectionError:
                if pause > self.left_s:
                    raise
            self.left_s -= pause
            self.sleep(pause)
            pause *= 2


def _wait_of(error: GithubException) -> float | None:
    """Seconds after which another try makes sense, None where none does."""
    headers = {name.lower(): value for name, value in (error.headers or {}).items()}
    if error.status == 403 and "retry-after" not in headers and headers.get("x-ratelimit-remaining") != "0":
        return None
    if error.status != 403 and error.status not in _PASSING:
        return None
    if headers.get("retry-after", "").isdigit():
        return float(headers["retry-after"])
    if headers.get("x-ratelimit-remaining") == "0" and headers.get("x-ratelimit-reset", "").isdigit():
        return max(1.0, float(headers["x-ratelimit-reset"]) - time.time())
    return 0.0


def post(
    body: str,
    repo: str,
    number: int,
    token: str,
    api_url: str,
    budget_s: float = 60.0,
    sleep: Callable[[float], None] = time.sleep,
) -> Posted:
    """Make the comment on an issue, or bring the one that is there up to date.

    Args:
        body: the report's Markdown; the marker is put in front of it.
        repo: ``organisation/repository``.
        number: the issue's (or pull request's) number.
        token: a token that may write issues there.
        api_url: ``https://api.github.com`` or ``https://<server>/api/v3``.
        budget_s: seconds that may be spent on waiting for limits and passing failures.
        sleep: waits; replaced in tests.

    Raises:
        PostError: with the reason in one line.
    """
    patient = Patience(budget_s, sleep)
    client = Github(
        auth=Auth.Token(token),
        base_url=api_url,
        retry=None,
        lazy=True,  # neither the repository nor the issue is fetched: their comments are
        timeout=_TIMEOUT_S,
        per_page=100,
        user_agent="calico-triage",
    )
    text = f"{MARKER}\n{body}"
    try:
        issue = patient(lambda: client.get_repo(repo).get_issue(number))
        mine = patient(lambda: _own_comment(client, issue))
        if mine is not None:
            patient(lambda: mine.edit(text))
            return Posted(mine.html_url, True)
        return Posted(patient(lambda: issue.create_comment(text)).html_url, False)
    except GithubException as error:
        raise PostError(_reason(error, repo, number, api_url)) from error
    except requests.exceptions.SSLError as error:
        raise PostError(f"{api_url}: its certificate is not trusted: name the CA in REQUESTS_CA_BUNDLE") from error
    except requests.RequestException as error:
        raise PostError(f"{api_url}: cannot be reached: {type(error).__name__}") from error
    finally:
        client.close()


def _own_comment(client: Github, issue: Issue) -> IssueComment | None:
    """The comment with our marker that we wrote ourselves; somebody who quotes it is not followed."""
    marked = [comment for comment in issue.get_comments() if (comment.body or "").startswith(MARKER)]
    if not marked:
        return None
    try:
        login = client.get_user().login
    except GithubException as error:
        if error.status not in (401, 403):
            raise
        # the token of an Actions job may not ask who it is; its comments are a bot's
        return next((comment for comment in marked if comment.user.type == "Bot"), None)
    return next((comment for comment in marked if comment.user.login == login), None)


def _reason(error: GithubException, repo: str, number: int, api_url: str) -> str:
    data = error.data if isinstance(error.data, dict) else {}
    said = " ".join(str(data.get("message", "")).split())[:200]
    if error.status == 401:
        return f"{api_url}: the token is not accepted (401): set GITHUB_TOKEN to a valid one"
    if _wait_of(error) is not None:
        return f"{api_url}: the limit of requests is reached or the server is busy ({error.status}): try again later"
    reasons = {
        403: f"the token may not write to issues of {repo} (403)",
        404: f"no issue {number} in {repo}, or the token may not see it (404)",
        410: f"issue {number} of {repo} was deleted, or issues are switched off there (410)",
        422: "GitHub refuses the comment (422)",
    }
    reason = reasons.get(error.status, f"GitHub answers with {error.status}")
    return f"{api_url}: {reason}{f': {said}' if said else ''}"
