"""A browser for the tests that need one, and the sample reports.

Tests skip, saying why, where there is no Chromium (``apt-get install chromium``, or its path in CHROMIUM) or no
axe-core (``npm pack axe-core`` into a folder named by AXE_CORE, or unpacked there).
"""

from __future__ import annotations

import io
import os
import shutil
import sys
import tarfile
from collections.abc import Iterator
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
    """The source of axe-core, unpacked or as the archive that ``npm pack`` makes."""
    folder = os.environ.get("AXE_CORE")
    if not folder:
        pytest.skip("no axe-core: npm pack axe-core, and name the folder in AXE_CORE")
    unpacked = next(iter(sorted(Path(folder).rglob("axe.min.js"))), None)
    if unpacked:
        return unpacked.read_text(encoding="utf-8")
    packed = next(iter(sorted(Path(folder).glob("axe-core-*.tgz"))), None)
    if not packed:
        pytest.skip(f"no axe-core in {folder}")
    with tarfile.open(fileobj=io.BytesIO(packed.read_bytes())) as archive:
        member = archive.extractfile("package/axe.min.js")
        assert member is not None
        return member.read().decode("utf-8")
