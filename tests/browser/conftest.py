"""A browser for the tests that need one, and the sample reports.

Tests skip, saying why, where there is no Chromium (``apt-get install chromium``, or its path in CHROMIUM).
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "analyzer" / "report"))


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if not path:
        pytest.skip("no chromium: install it, or name it in CHROMIUM")
    with api.sync_playwright() as started:
        running = started.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        )
        yield running
        running.close()


@pytest.fixture(scope="session")
def axe() -> str:
    """The source of axe-core, as the package axe-playwright-python brings it."""
    source = resources.files("axe_playwright_python").joinpath("axe.min.js")
    return source.read_text(encoding="utf-8")
