"""The report page in a browser: silent, offline, usable without a script, on a phone and on paper."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import report_samples as samples
from msgspec.structs import replace

from analyzer.compare import compare
from analyzer.report import comparison_pages, render_html
from analyzer.report.comparison import Comparison

pytestmark = pytest.mark.browser

SAMPLES = ["incident", "healthy", "not_enough", "hostile", "comparison"]
Open = Callable[..., Any]


def comparison() -> Comparison:
    """The incident before, a hostile one after: long and odd texts in every cell."""
    return replace(compare(samples.incident(), samples.hostile()), warnings=(samples.ATTACK,))


@pytest.fixture
def show(browser: Any, tmp_path: Path) -> Iterator[Open]:
    """Open a sample report from a file; what it logs, asks for or pops up ends in ``page.complaints``."""
    contexts = []

    def opened(name: str, width: int = 1280, anchor: str = "", **options: Any) -> Any:
        report = comparison() if name == "comparison" else getattr(samples, name)() if isinstance(name, str) else name
        text = comparison_pages.render_html(report) if isinstance(report, Comparison) else render_html(report)
        (tmp_path / "r.html").write_text(text, encoding="utf-8")
        context = browser.new_context(viewport={"width": width, "height": 900}, **options)
        contexts.append(context)
        page = context.new_page()
        page.complaints = []
        page.on("console", lambda message: page.complaints.append(message.text))
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.on("dialog", lambda dialog: (page.complaints.append(dialog.message), dialog.dismiss()))
        page.on("request", lambda request: page.complaints.append(request.url) if "r.html" not in request.url else None)
        page.goto((tmp_path / "r.html").as_uri() + anchor)
        return page

    yield opened
    for context in contexts:
        context.close()


@pytest.mark.parametrize("name", SAMPLES)
def test_nothing_is_asked_for_logged_or_run(show: Open, name: str) -> None:
    page = show(name)
    page.wait_for_timeout(200)
    assert page.complaints == []


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("width", [390, 768, 1280])
def test_the_page_is_as_wide_as_the_screen(show: Open, name: str, width: int) -> None:
    page = show(name, width)
    page.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", SAMPLES)
def test_accessible(show: Open, axe: str, name: str, scheme: str, width: int) -> None:
    page = show(name, width, color_scheme=scheme, bypass_csp=True)
    page.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
    page.evaluate(axe)
    result = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    assert [(item["id"], item["nodes"][0]["html"][:200]) for item in result["violations"]] == []


def test_first_screen_answers_on_a_laptop(show: Open) -> None:
    page = show("incident")
    for text in ("TCP port 179 is blocked between workers", "3 of 12 workers, all in zone dal12", "Do this next"):
        box = page.get_by_text(text).first.bounding_box()
        assert box["y"] + box["height"] <= 900


def test_first_screen_of_a_phone_answers_too(show: Open) -> None:
    page = show("incident", 390)
    for text in (
        "TCP port 179 is blocked between workers",
        "93 %",
        "3 of 12 workers, all in zone dal12",
        "Do this next",
    ):
        box = page.locator("#verdict").get_by_text(text).first.bounding_box()
        assert box["y"] + box["height"] <= 900, text


def test_a_comparison_answers_on_the_first_screen(show: Open) -> None:
    page = show("comparison", 390)
    assert page.get_by_role("heading", level=1).inner_text() == "This cannot be told"
    assert page.get_by_role("heading", level=1).bounding_box()["y"] < 500


def test_workers_side_by_side_are_told_apart_without_colour(show: Open) -> None:
    page = show("incident")
    row = page.locator(".contrast tbody tr").first
    assert row.get_by_role("rowheader").inner_text().startswith("BGP sessions up ≠")
    assert "differs" in row.get_by_role("rowheader").text_content()
    page.emulate_media(media="print")
    assert page.locator(".contrast tbody tr.differs th").evaluate("th => getComputedStyle(th).fontWeight") == "700"


def test_readable_without_a_script(show: Open) -> None:
    page = show("incident", java_script_enabled=False)
    assert page.get_by_role("heading", level=1).inner_text() == "TCP port 179 is blocked between workers"
    assert page.get_by_text("objects/gnp.yaml:7").first.is_visible()
    assert page.get_by_role("button").count() == 0
    page.locator("#cause-typha-unavailable > summary").click()
    assert not page.get_by_text("Felix could not connect to typha.").is_visible()


def test_copy_button_copies_the_command(show: Open) -> None:
    page = show("incident", permissions=["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy").first.click()
    page.get_by_role("button", name="Copied").first.wait_for()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == "kubectl debug node/10.31.7.20 -it --image=busybox -- nc -vz -w 3 10.30.7.20 179"


def test_filter_narrows_the_timeline(show: Open) -> None:
    page = show("incident")
    page.locator("#timeline details > summary").click()
    page.get_by_label("Filter timeline").fill("typha")
    rows = page.locator("#timeline tbody tr:not([hidden])")
    assert rows.count() == 1
    assert "error connecting to Typha" in rows.inner_text()


def test_a_link_opens_what_is_folded_around_its_target(show: Open) -> None:
    base = samples.incident()
    cause = replace(base.causes[0], id="folded-one", rank=4)
    report = replace(base, causes=(*base.causes, cause))
    page = show(report, anchor="#cause-folded-one")
    assert page.locator("#cause-folded-one").get_attribute("open") is not None
    last = page.locator("#cause-folded-one .quote").last.get_attribute("id")
    page.evaluate("document.querySelector('#cause-folded-one').open = false")
    page.evaluate(f"location.hash = '{last}'")
    page.locator(f"#{last}").wait_for(state="visible")


def test_keyboard_reaches_the_report_and_folds_a_cause(show: Open) -> None:
    page = show("incident")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the report"
    page.locator("#cause-bgp-port-blocked > summary").focus()
    page.keyboard.press("Enter")
    assert page.locator("#cause-bgp-port-blocked").get_attribute("open") is None


def test_wide_drawings_scroll_in_their_own_box(show: Open) -> None:
    page = show("incident", 390)
    box = page.locator("#timeline .wide").first
    assert box.evaluate("box => box.scrollWidth > box.clientWidth")
    assert box.get_attribute("tabindex") == "0"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_follows_the_scheme_of_the_system(show: Open, scheme: str) -> None:
    page = show("incident", color_scheme=scheme)
    red = int(page.evaluate("getComputedStyle(document.body).backgroundColor").split("(")[1].split(",")[0])
    assert (red > 200) == (scheme == "light")


def test_paper_is_black_on_white_without_controls(show: Open) -> None:
    page = show("incident", color_scheme="dark")
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert not page.locator(".contents").is_visible()
    assert not page.get_by_role("button", name="Copy").first.is_visible()
    assert len(page.pdf()) > 10_000


def test_folded_causes_are_printed(show: Open) -> None:
    page = show("incident")
    page.evaluate("document.querySelectorAll('.cause').forEach(part => part.open = false)")
    page.emulate_media(media="print")
    assert page.get_by_text("Take the policy out of force").is_visible()
