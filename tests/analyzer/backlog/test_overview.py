from __future__ import annotations

import re
import sys
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.backlog.overview import MOST_BYTES, make_page, render_overview, write_overview
from analyzer.backlog.summary import TicketRow, failed_row
from analyzer.catalogue import load
from analyzer.report.environment import TemplateError
from analyzer.report.html import content_security_policy

sys.path.insert(0, str(Path(__file__).parent))
from backlog_rows import backlog, hostile, ticket

WHEN = datetime(2026, 5, 1, tzinfo=UTC)
CAUSES = load().causes


class Tags(HTMLParser):
    """All elements of a page, and its text outside of style sheet and script."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text, self.comments, self.inside = "", 0, ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.inside = tag

    def handle_endtag(self, tag: str) -> None:
        self.inside = ""

    def handle_data(self, data: str) -> None:
        if self.inside not in ("script", "style"):
            self.text += data

    def handle_comment(self, data: str) -> None:
        self.comments += 1


def test_the_counts_are_of_all_tickets() -> None:
    rows = [*(ticket(f"a{n}") for n in range(3)), ticket("b", "dns-failure", platform="roks", calico_version=""),
            ticket("h", verdict="no-problem-found"), failed_row("f", "damaged")]  # fmt: skip
    page = make_page(rows, CAUSES, WHEN)
    assert [(what, count) for what, count, _, _ in page.numbers] == [
        ("Tickets", 6), ("Causes found", 4), ("No problem found", 1), ("Not enough data", 0), ("Could not be read", 1),
    ]  # fmt: skip
    assert [(bar.value, bar.count) for bar in page.causes.bars] == [
        ("bgp-port-blocked", 3), ("dns-failure", 1), ("failed", 1), ("no problem found", 1),
    ]  # fmt: skip
    assert page.causes.bars[0].title == CAUSES["bgp-port-blocked"].title
    family, platform, calico = page.facets
    assert ("bgp", 3) in [(bar.value, bar.count) for bar in family.bars]
    assert [(bar.value, bar.count) for bar in platform.bars] == [("iks-vpc", 4), ("roks", 1), ("unknown", 1)]
    assert [(bar.value, bar.count) for bar in calico.bars] == [("v3.27.2", 4), ("unknown", 2)]


def test_many_values_are_folded() -> None:
    page = make_page([ticket(f"t{n}", calico_version=f"v3.{n}") for n in range(20)], CAUSES, WHEN)
    assert (len(page.facets[2].bars), len(page.facets[2].more)) == (12, 8)


def test_groups_of_two_and_more_with_what_they_were() -> None:
    rows = [ticket("a", day=1), ticket("b", day=5, outcome="dns-failure"), ticket("c", group="alone-1")]
    (group,) = make_page(rows, CAUSES, WHEN).groups
    assert (group.name, group.count, group.cause, group.outcomes) == (
        "bgp-port-blocked-1a2b3c4d", 2, "bgp-port-blocked", "dns-failure (1)",
    )  # fmt: skip
    assert (group.first, group.last) == (rows[0].first_time, rows[1].last_time)


def test_a_cause_that_the_catalogue_does_not_know_is_shown() -> None:
    page = make_page([ticket("a", "of-last-year")], CAUSES, WHEN)
    assert page.lines[0].family == "other"
    assert page.causes.bars[0].value == "of-last-year"


def test_without_a_found_cause_none_is_named() -> None:
    line = make_page([ticket("a", verdict="not-enough-data")], CAUSES, WHEN).lines[0]
    assert (line.cause, line.probability, line.more, line.family) == ("not enough data", "", "", "not enough data")


def test_failed_tickets_are_listed_with_their_reasons() -> None:
    found = Tags(render_overview([ticket("a"), failed_row("b", "took longer than 120 s")], CAUSES, WHEN))
    assert "took longer than 120 s" in found.text
    assert ("section", "failed") in [(tag, a.get("id")) for tag, a in found.tags]
    assert [a["href"] for _, a in found.tags if str(a.get("href")).startswith("./")] == ["./tickets/a.html"]


def test_no_tickets_at_all() -> None:
    assert "No tickets." in render_overview([], CAUSES, WHEN)


def test_nothing_of_a_ticket_is_markup() -> None:
    rows = hostile()
    page = render_overview(rows, CAUSES, WHEN)
    found = Tags(page)
    assert [tag for tag, _ in found.tags].count("script") == 1
    assert not [tag for tag, _ in found.tags if tag in ("img", "iframe", "link", "object", "form", "base")]
    assert not [name for _, a in found.tags for name in a if name.startswith("on") or name in ("src", "style")]
    hrefs = [str(a["href"]) for tag, a in found.tags if tag == "a"]
    assert all(re.fullmatch(r"#[\w-]+|\./[\w%./~-]+|summary\.csv", href) for href in hrefs)
    assert "./javascript%3Aalert%283%294.html" in hrefs
    assert found.comments == 0
    assert "{{ 7*7 }}" in found.text
    assert "<script>alert(1)</script>" in found.text
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\ud800-\udfff]", page)


@given(st.lists(st.tuples(st.text(), st.text(), st.text()), min_size=1, max_size=5))
@settings(max_examples=40, deadline=None)
def test_whatever_the_texts_are_the_page_has_the_elements_it_has_for_harmless_ones(
    texts: list[tuple[str, str, str]],
) -> None:
    def tags(rows: list[TicketRow]) -> list[str]:
        return [tag for tag, _ in Tags(render_overview(rows, CAUSES, WHEN)).tags]

    harmless = [ticket(f"t{n}", f"c{n}", n, group=f"g{n}", platform="p") for n in range(len(texts))]
    odd = [
        replace(
            row,
            ticket=f"t{n}{name}",
            first_cause=f"c{n}{cause}",
            causes=(f"c{n}{cause}", "node-ip-not-found"),
            platform=f"p{platform}",
        )
        for n, (row, (name, cause, platform)) in enumerate(zip(harmless, texts, strict=True))
    ]
    same = [replace(row, platform=f"p{texts[n][2]}".encode().hex()) for n, row in enumerate(harmless)]
    assert tags(odd) == tags(same)


def test_the_policy_allows_this_style_and_this_script_alone() -> None:
    page = render_overview([ticket("a")], CAUSES, WHEN)
    style, script = (re.search(rf"<{name}>(.*?)</{name}>", page, re.S) for name in ("style", "script"))
    assert style
    assert script
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)
    assert policy
    assert policy[1].replace("&#39;", "'") == content_security_policy(style[1], script[1])


def test_two_thousand_tickets_fit_with_room_to_spare() -> None:
    page = render_overview(backlog(2000), CAUSES, WHEN)
    assert len(page.encode()) < MOST_BYTES / 2
    assert page.count('<th scope="row"><a href="./tickets/') + page.count('<th scope="row">CS') >= 2000
    assert "This page lists" not in page


def test_a_page_that_would_be_too_large_lists_fewer_of_every_group_and_says_so() -> None:
    rows = [*backlog(1500), ticket("zz-rare", "clock-skew", group="rare-1")]
    page = render_overview(rows, CAUSES, WHEN, most_bytes=300_000)
    assert len(page.encode()) <= 300_000
    assert re.search(r"This page lists \d+ of 1501 tickets", page)
    assert "zz-rare" in page
    assert "Backlog of 1,501 tickets" in page


def test_long_names_do_not_blow_the_page_up() -> None:
    rows = [replace(ticket("n" * 5000 + str(n)), calico_version="v" * 5000) for n in range(50)]
    rows += [failed_row(f"f{n}", "x" * 100_000) for n in range(50)]
    assert len(render_overview(rows, CAUSES, WHEN)) < 600_000


def test_files_are_written_at_once(tmp_path: Path) -> None:
    write_overview(tmp_path, backlog(20), CAUSES)
    write_overview(tmp_path, backlog(30), CAUSES)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["index.html", "summary.csv", "summary.parquet"]
    assert len((tmp_path / "summary.csv").read_text(encoding="utf-8").splitlines()) == 31


def test_templates_may_be_replaced(tmp_path: Path) -> None:
    (tmp_path / "overview.html.j2").write_text(
        '{% extends "shipped/overview.html.j2" %}{% block footer %}Team of {{ page.tickets }}{% endblock %}', "utf-8"
    )
    assert "Team of 1" in render_overview([ticket("a")], CAUSES, WHEN, tmp_path)
    (tmp_path / "overview.html.j2").write_text("{{ page.nothing_of_the_kind }}", "utf-8")
    with pytest.raises(TemplateError, match=r"overview\.html\.j2"):
        render_overview([ticket("a")], CAUSES, WHEN, tmp_path)
