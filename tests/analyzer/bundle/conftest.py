"""Archives made in memory, and bundles opened with their warnings."""

from __future__ import annotations

import io
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from analyzer.bundle import Limits, open_bundle

Opened = tuple[dict[str, bytes], list[tuple[str, str]]]


@pytest.fixture
def opened() -> Callable[..., Opened]:
    """Opens a bundle: (content by path, warnings)."""

    def opener(*paths: Path, limits: Limits | None = None) -> Opened:
        warnings: list[tuple[str, str]] = []
        members = open_bundle(paths, limits or Limits(), lambda file, what: warnings.append((file, what)))
        found: dict[str, bytes] = {}
        for member in members:
            assert member.path not in found
            found[member.path] = member.data
        return found, warnings

    return opener


@pytest.fixture
def tar() -> Callable[..., bytes]:
    """Makes a tar archive of files."""

    def maker(files: Mapping[str, bytes], mode: str = "w") -> bytes:
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode=mode) as archive:  # type: ignore[call-overload]
            for name, data in files.items():
                info = tarfile.TarInfo(name)
                info.size = len(data)
                archive.addfile(info, io.BytesIO(data))
        return out.getvalue()

    return maker


@pytest.fixture
def zipped() -> Callable[..., bytes]:
    """Makes a zip archive of files."""

    def maker(files: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", method) as archive:
            for name, data in files.items():
                archive.writestr(name, data)
        return out.getvalue()

    return maker
