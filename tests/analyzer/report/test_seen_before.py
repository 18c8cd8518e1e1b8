"""Resolved tickets that look like this one, in each form of the report."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime

import report_samples as samples
from jsonschema import Draft202012Validator
from msgspec.structs import replace

from analyzer.report import from_json, model, render_html, render_json, render_markdown, schema

SEEN = model.SeenBefore(
    "CS4000123", 0.871, "bgp-port-blocked", "TCP port 179 is blocked between workers", "Took the deny policy away.",
    datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC), "CS4000123.html",
)  # fmt: skip
ATTACK = "<script>alert(1)</script> @octocat #12 {{ 7*7 }} ![i](http://evil.example/i.png) \x1b[31m"
REPORT = replace(samples.incident(), seen_before=(SEEN, replace(SEEN, ticket=ATTACK, note=ATTACK, title=ATTACK, report="javascript:alert(1)", resolved=None)))  # fmt: skip


def test_json_holds_it_and_gives_it_back() -> None:
    text = render_json(REPORT)
    data = json.loads(text)
    Draft202012Validator(schema()).validate(data)
    assert data["seen_before"][0] == {
        "ticket": "CS4000123", "likeness": 0.871, "cause": "bgp-port-blocked",
        "title": "TCP port 179 is blocked between workers", "note": "Took the deny policy away.",
        "resolved": "2026-02-03T04:05:06Z", "report": "CS4000123.html",
    }  # fmt: skip
    assert from_json(text).seen_before == REPORT.seen_before


def test_without_any_nothing_of_it_is_there() -> None:
    report = samples.incident()
    assert "seen_before" not in json.loads(render_json(report))
    assert "Seen before" not in render_html(report)
    assert "Seen before" not in render_markdown(report)


def test_the_page_shows_what_fixed_it_between_verdict_and_causes() -> None:
    page = render_html(REPORT)
    assert page.index('id="verdict"') < page.index('id="seen"') < page.index('id="causes"')
    assert "Took the deny policy away." in page
    assert "87 % alike" in page
    assert '<a href="./CS4000123.html">CS4000123</a>, resolved <time>2026-02-03 04:05:06 UTC</time>' in page


def test_the_comment_shows_what_fixed_it() -> None:
    assert (
        "- `CS4000123`, 87 % alike: TCP port 179 is blocked between workers: Took the deny policy away."
        in render_markdown(REPORT)
    )


def test_notes_are_text() -> None:
    page = render_html(REPORT)
    assert "<script>alert(1)" not in page
    assert 'href="./javascript%3Aalert%281%29"' in page
    comment = render_markdown(REPORT)
    bare = re.sub(r"(`+)(?!`).*?(?<!`)\1(?!`)", "", comment)
    assert "@octocat" not in bare
    assert "evil.example" not in bare
    assert "\x1b" not in page + comment
