"""The overview of a backlog in a browser: 2,000 tickets opened, filtered and sorted; usable without a script."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from analyzer.backlog.overview import render_overview
from analyzer.backlog.summary import TicketRow
from analyzer.catalogue import load

sys.path.insert(0, str(Path(__file__).parents[1] / "analyzer" / "backlog"))
from backlog_rows import backlog, hostile, ticket

pytestmark = pytest.mark.browser
Open = Callable[..., Any]
CAUSES = load().causes
#: seconds, on a machine that is busy with other tests; it takes a fifth of it on an idle one
OPENED, DONE = 5.0, 2.0
TRIES = 5


@pytest.fixture(scope="module")
def many() -> str:
    return render_overview(backlog(2000), CAUSES)


@pytest.fixture
def show(browser: Any, tmp_path: Path) -> Iterator[Open]:
    """Open an overview from a file; what it logs, asks for or pops up ends in ``page.complaints``."""
    contexts = []

    def opened(content: str | list[TicketRow], width: int = 1280, anchor: str = "", **options: Any) -> Any:
        text = content if isinstance(content, str) else render_overview(content, CAUSES)
        (tmp_path / "index.html").write_bytes(text.encode("utf-8", "replace"))
        context = browser.new_context(viewport={"width": width, "height": 900}, **options)
        contexts.append(context)
        page = context.new_page()
        page.complaints = []
        page.on("console", lambda message: page.complaints.append(message.text))
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.on("dialog", lambda dialog: (page.complaints.append(dialog.message), dialog.dismiss()))
        page.on("request", lambda request: page.complaints.append(request.url) if "index.html" not in request.url else None)  # fmt: skip
        page.goto((tmp_path / "index.html").as_uri() + anchor)
        return page

    yield opened
    for context in contexts:
        context.close()


def rows(page: Any) -> Any:
    return page.locator("#all tbody tr")


def filters(page: Any) -> Any:
    return page.get_by_role("search")


def column(page: Any, name: str) -> list[str]:
    """The cells of a column as they are shown, the first 200 of them."""
    found: list[str] = page.evaluate(
        """name => {
             const heads = Array.from(document.querySelectorAll("#all thead th"));
             const place = heads.findIndex(head => head.dataset.column === name);
             return Array.from(document.querySelectorAll("#all tbody tr")).map(row => row.cells[place].firstChild?.textContent || "");
           }""",
        name,
    )
    return found


def steps(page: Any) -> Iterator[tuple[str, float]]:
    """Filter and sort 2,000 tickets; gives the seconds of each step until it is painted."""

    def timed(act: Callable[[], Any]) -> float:
        started = time.perf_counter()
        act()
        page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        return time.perf_counter() - started

    assert page.get_by_role("status").text_content() == "2000 of 2000 tickets, the first 200 shown"
    page.locator("#tickets").scroll_into_view_if_needed()
    yield "type", timed(lambda: filters(page).get_by_label("Any text").press_sequentially("roks"))
    assert set(column(page, "platform")) == {"roks"}
    yield "choose", timed(lambda: filters(page).get_by_label("First cause").select_option("typha-unavailable"))
    assert set(column(page, "cause")) == {"typha-unavailable"}
    yield "clear", timed(lambda: page.get_by_role("button", name="Clear filters").click())
    yield "sort", timed(lambda: page.get_by_role("button", name="Kubernetes").click())
    yield "sort back", timed(lambda: page.get_by_role("button", name="Kubernetes").click())
    assert column(page, "kubernetes")[0] == "1.31.14"


def test_two_thousand_tickets_open_filter_and_sort_smoothly(show: Open, many: str) -> None:
    least: dict[str, float] = {}
    slow = {"open": OPENED}
    tries = iter(range(TRIES))  # of a machine that is busy with something else, the least that a step ever took counts
    while slow and next(tries, None) is not None:
        started = time.perf_counter()
        page = show(many)
        times = {"open": time.perf_counter() - started, **dict(steps(page))}
        least = {name: min(seconds, least.get(name, seconds)) for name, seconds in times.items()}
        slow = {name: seconds for name, seconds in least.items() if seconds > (OPENED if name == "open" else DONE)}
        assert page.complaints == []
    assert slow == {}


def test_filters_say_how_many_and_combine(show: Open) -> None:
    page = show([*(ticket(f"a{n}") for n in range(3)), ticket("b", platform="roks"), ticket("c", "dns-failure", platform="roks")])  # fmt: skip
    filters(page).get_by_label("Platform").select_option("roks")
    assert page.get_by_role("status").text_content() == "2 of 5 tickets"
    filters(page).get_by_label("Family").select_option("datastore")
    assert column(page, "ticket") == ["c"]
    filters(page).get_by_label("Any text").fill("nothing has this")
    assert page.get_by_role("status").text_content() == "0 of 5 tickets"
    page.get_by_role("button", name="Clear filters").click()
    assert rows(page).count() == 5


def test_a_bar_shows_its_tickets_and_the_address_can_be_shared(show: Open) -> None:
    page = show([ticket("a"), ticket("b", "dns-failure")])
    page.locator("#causes").get_by_role("link", name="dns-failure").click()
    assert column(page, "ticket") == ["b"]
    assert filters(page).get_by_label("First cause").input_value() == "dns-failure"
    assert page.url.endswith("#cause=dns-failure")
    again = show([ticket("a"), ticket("b", "dns-failure")], anchor="#cause=dns-failure")
    assert column(again, "ticket") == ["b"]
    wrong = show([ticket("a"), ticket("b", "dns-failure")], anchor="#cause=%E0%A4%A&x=1&platform=roks")
    assert rows(wrong).count() == 0
    assert wrong.complaints == []


@pytest.mark.parametrize(
    "name, cell, ascending",
    [
        ("Probable", "probability", ["under 1 %", "7 %", "93 %", "over 99 %", ""]),
        ("Calico", "calico", ["v3.9.1", "v3.26.10", "v3.27.2", "v3.27.10", "unknown"]),
        ("Workers", "workers", ["2", "9", "12", "100", ""]),
    ],
)
def test_columns_are_sorted_as_what_they_are(show: Open, name: str, cell: str, ascending: list[str]) -> None:
    odds = [0.999, 0.07, 0.001, 0.93, None]
    calico = ["v3.27.10", "v3.9.1", "v3.27.2", "v3.26.10", ""]
    workers = [100, 9, 12, 2, None]
    page = show([
        ticket(f"t{n}", probability=odds[n], calico_version=calico[n], nodes_seen=workers[n]) for n in range(5)
    ])  # fmt: skip
    for _ in range(2):
        page.get_by_role("button", name=name).click()
        way = page.locator("#all thead th[aria-sort]").get_attribute("aria-sort")
        found = [text for text in column(page, cell) if text != "unknown"] + ["unknown"] * column(page, cell).count(
            "unknown"
        )
        known = [text for text in ascending if text not in ("", "unknown")]
        rest = [text for text in ascending if text in ("", "unknown")]
        assert found == (known if way == "ascending" else known[::-1]) + rest


def test_all_tickets_can_be_shown(show: Open, many: str) -> None:
    page = show(many)
    assert rows(page).count() == 200
    page.get_by_role("button", name="Show the other 1800").click()
    assert rows(page).count() == 2000


def test_everything_is_there_without_a_script(show: Open) -> None:
    page = show(backlog(300), java_script_enabled=False)
    assert rows(page).count() == 300
    assert page.get_by_role("button").count() == 0
    assert page.get_by_text("took longer than 120 s").first.is_visible()
    link = rows(page).first.get_by_role("link")
    assert link.get_attribute("href") == "./tickets/CS4000000.html"


@pytest.mark.parametrize("width", [390, 768, 1280])
def test_the_page_is_as_wide_as_the_screen(show: Open, width: int) -> None:
    page = show([*backlog(60), *hostile()], width)
    page.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_accessible(show: Open, axe: str, scheme: str, width: int) -> None:
    page = show([*backlog(60), *hostile()], width, color_scheme=scheme, bypass_csp=True)
    page.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
    page.locator("#tickets").scroll_into_view_if_needed()
    page.evaluate(axe)
    result = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    assert [(item["id"], item["nodes"][0]["html"][:200]) for item in result["violations"]] == []


def test_hostile_tickets_are_text_whatever_is_clicked(show: Open) -> None:
    page = show(hostile())
    for link in page.locator("a[data-column]").all():
        link.click()
    page.get_by_role("button", name="Group").click()
    page.wait_for_timeout(200)
    assert page.complaints == []
    assert page.get_by_text("<script>alert(1)</script>").count() > 0
