"""The upload page in a browser, as a new user finds it."""

from __future__ import annotations

import io
import os
import re
import signal
import socket
import subprocess
import sys
import tarfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.browser

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-c", "from analyzer.cli import main; main()"]
Enter = Callable[..., Any]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, dict[str, str]]]:
    """``calico-triage serve`` with two users: its address, and their tokens."""
    data = str(tmp_path_factory.mktemp("serve") / "data")
    tokens = {
        name: subprocess.run(
            [*COMMAND, "token", "add", name, "--data", data], capture_output=True, text=True, check=True, cwd=ROOT
        ).stdout.strip()
        for name in ("alice", "bob")
    }
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    base = f"http://127.0.0.1:{port}"
    running = subprocess.Popen([*COMMAND, "serve", "--data", data, "--port", str(port), "--jobs", "1", "-q"], cwd=ROOT)
    try:
        for _ in range(300):
            try:
                urllib.request.urlopen(f"{base}/readyz", timeout=2).read()
                break
            except OSError:
                assert running.poll() is None
                time.sleep(0.1)
        yield base, tokens
    finally:
        running.send_signal(signal.SIGTERM)
        running.wait(timeout=30)


@pytest.fixture
def enter(browser: Any, server: tuple[str, dict[str, str]]) -> Iterator[Enter]:
    """Sign in as this user; what the page complains of ends in ``page.complaints``."""
    base, tokens = server
    contexts = []

    def entered(user: str = "alice", width: int = 1280, **options: Any) -> Any:
        context = browser.new_context(viewport={"width": width, "height": 900}, base_url=base, **options)
        contexts.append(context)
        page = context.new_page()
        page.complaints = []
        page.on("console", lambda message: page.complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.on("dialog", lambda dialog: (page.complaints.append(dialog.message), dialog.dismiss()))
        page.on(
            "request", lambda request: page.complaints.append(request.url) if not request.url.startswith(base) else None
        )
        page.goto("/")
        page.get_by_label("Token").fill(tokens[user])
        page.get_by_role("button", name="Sign in").click()
        page.get_by_role("heading", name="What is broken first?").wait_for()
        return page

    yield entered
    for context in contexts:
        context.close()


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("bundle") / "must-gather.tgz"
    with tarfile.open(path, "w:gz") as archive:
        archive.add(ROOT / "sample_bundles/worker-toggles/bundle", "bundle")
    return path


def drop(page: Any, path: Path, name: str) -> None:
    """Drop a file onto the page, as from a folder's window, once its script is there to take it."""
    page.wait_for_load_state("load")
    data = list(path.read_bytes())
    page.evaluate(
        """([data, name]) => {
            const transfer = new DataTransfer();
            transfer.items.add(new File([new Uint8Array(data)], name));
            for (const kind of ["dragenter", "dragover", "drop"]) {
                document.getElementById("drop").dispatchEvent(new DragEvent(kind, {dataTransfer: transfer, bubbles: true, cancelable: true}));
            }
        }""",
        [data, name],
    )


def report(page: Any) -> Any:
    page.locator("iframe.report").wait_for(timeout=30_000)
    frame = page.frame_locator("iframe.report")
    frame.get_by_role("heading", level=1).wait_for()
    return frame


def accessible(page: Any, axe: str) -> None:
    page.evaluate(axe)
    result = page.evaluate("axe.run(document, {resultTypes: ['violations'], iframes: false})")
    assert [(item["id"], item["nodes"][0]["html"][:200]) for item in result["violations"]] == []


def shot(page: Any, name: str) -> None:
    """A picture, where somebody wants to look: SCREENSHOTS names the folder."""
    if folder := os.environ.get("SCREENSHOTS"):
        page.screenshot(path=Path(folder) / f"{name}.png")


def test_a_new_user_drops_a_bundle_and_reads_the_report(enter: Enter, bundle: Path, axe: str) -> None:
    page = enter(bypass_csp=True)
    page.get_by_label("Ticket").fill("4711")
    accessible(page, axe)
    shot(page, "start")
    drop(page, bundle, "must-gather.tgz")
    page.wait_for_url(re.compile("/jobs/"))
    shot(page, "waiting")
    frame = report(page)
    assert frame.locator("#causes .cause").count() >= 1
    assert page.get_by_role("heading", level=1).first.inner_text() == "4711"
    page.wait_for_timeout(300)
    accessible(page, axe)
    shot(page, "report")
    frame.locator(".command button").first.wait_for(state="attached")  # the report's own script runs in its sandbox
    for form in ("HTML", "Markdown", "JSON"):
        with page.expect_download() as download:
            page.get_by_role("link", name=form).click()
        assert Path(download.value.path()).stat().st_size > 1000
    address = page.url
    page.goto("/")
    assert page.get_by_role("link", name="4711").count() == 1
    shot(page, "list")
    other = enter("bob")
    assert other.get_by_role("link", name="4711").count() == 0
    assert other.goto(address).status == 404
    assert "not yours" in other.locator(".reason").inner_text()
    page.goto(address)
    page.get_by_text("Delete", exact=True).click()
    page.get_by_role("button", name="Delete it").click()
    page.get_by_role("heading", name="What is broken first?").wait_for()
    assert page.goto(address).status == 404
    assert [text for text in page.complaints if "404" not in text] == []


def test_a_hostile_file_gets_a_clear_message(enter: Enter, tmp_path: Path, axe: str) -> None:
    page = enter(bypass_csp=True)
    hostile = tmp_path / "evil"
    with tarfile.open(hostile, "w:gz") as archive:
        member = tarfile.TarInfo("../../etc/cron.d/evil")
        member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(member)
        text = tarfile.TarInfo("/abs/<script>alert(1)</script>.bin")
        text.size = 300
        archive.addfile(text, io.BytesIO(b"\0" * 300))
    drop(page, hostile, "<img src=x onerror=alert(1)>.tgz")
    alert = page.locator(".failed[role=alert]")
    alert.wait_for(timeout=30_000)
    assert re.search("nothing in it could be read|nothing that calico-triage reads", alert.inner_text())
    assert "Traceback" not in page.content()
    accessible(page, axe)
    shot(page, "failed")
    page.get_by_role("link", name="Try another upload").click()
    page.get_by_role("heading", name="What is broken first?").wait_for()
    assert page.complaints == []


def test_the_keyboard_is_enough(enter: Enter, bundle: Path) -> None:
    page = enter()
    choosers: list[Any] = []
    page.on(
        "filechooser", lambda chooser: choosers.append(chooser)
    )  # long before the key: the browser hears of it with a delay
    reached = []
    for _ in range(8):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.id || document.activeElement.textContent.trim()"))
    assert [name for name in reached if name in ("ticket", "file", "send")] == ["ticket", "file", "send"]
    page.locator("#ticket").focus()
    page.keyboard.type("by keyboard")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "file"
    page.keyboard.press("Enter")
    for _ in range(150):
        if choosers:
            break
        page.wait_for_timeout(200)
    choosers[0].set_files(str(bundle))
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/jobs/"))
    report(page)
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent.trim()") == "Delete":
            break
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="What is broken first?").wait_for()
    assert page.get_by_role("link", name="by keyboard").count() == 0


def test_on_a_phone_and_without_a_script(enter: Enter, bundle: Path) -> None:
    page = enter(width=390, java_script_enabled=False)
    page.get_by_label("Bundle").set_input_files(str(bundle))
    shot(page, "phone-start")
    page.get_by_role("button", name="Analyze").click()
    page.wait_for_url(re.compile("/jobs/"))
    for _ in range(100):
        page.goto(page.url)
        if page.locator("iframe.report").count():
            break
        page.wait_for_timeout(200)
    report(page)
    shot(page, "phone-report")
    page.goto("/")
    shot(page, "phone-list")
    wide = enter(width=390)
    assert wide.evaluate("document.documentElement.scrollWidth") <= 390
    wide.goto(page.get_by_role("link", name="must-gather.tgz").first.get_attribute("href"))
    report(wide)
    assert wide.evaluate("document.documentElement.scrollWidth") <= 390
