"""``calico-triage post``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from analyzer.cli.refusals import fail, refuse_what_is_not_there
from parsers.lazy_pattern import lazy_pattern

if TYPE_CHECKING:
    from analyzer.redaction import Redaction

#: where the token may be, in the order in which GitHub's own command line asks for it
TOKENS = ("GH_TOKEN", "GITHUB_TOKEN", "GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN")
_REPO = lazy_pattern(r"[\w.-]{1,100}/[\w.-]{1,100}")
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def run(report: Path, repo: str, issue: int, api_url: str, dry_run: bool, redaction: Redaction | None) -> None:
    """Put the report's Markdown onto the issue, and print where it is."""
    refuse_what_is_not_there([report])
    body = _markdown(report, redaction)
    if dry_run:
        print(body, end="")
        return
    if not _REPO.fullmatch(repo):
        fail(f"--repo takes ORG/REPO, not {repo!r}")
    if issue < 1:
        fail(f"--issue takes the number of an issue, not {issue}")
    parts = urlsplit(api_url)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        fail(f"--api-url takes https://<server>/api/v3, not {api_url!r}: the token must not travel in the clear")
    token = next((os.environ[name] for name in TOKENS if os.environ.get(name)), "")
    if not token:
        fail(f"no token: set {TOKENS[1]} to one that may write issues of {repo}")
    from analyzer.github_comment import PostError, post

    try:
        posted = post(body, repo, issue, token, api_url.rstrip("/"))
    except PostError as error:
        fail(str(error))
    print(f"comment {'updated' if posted.updated else 'created'}: {posted.url}")


def _markdown(path: Path, redaction: Redaction | None) -> str:
    """The report as Markdown; one that was made without redaction is redacted here."""
    from analyzer.report.as_json import from_json
    from analyzer.report.markdown import render_markdown

    try:
        report = from_json(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        fail(f"{path}: not a report of calico-triage in JSON: {error}")
    return render_markdown(redaction.report(report) if redaction is not None else report)
