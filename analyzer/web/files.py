"""Where uploads wait and finished reports are."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path
from typing import Any

from parsers.lazy_pattern import lazy_pattern

FORMS = ("html", "md", "json")
_UNSAFE = lazy_pattern(r"[^\w.+=@ -]+")
_LONGEST = 120


def safe_name(given: str) -> str:
    """A file's name without folders and without anything that a file system or a page could take amiss."""
    name = _UNSAFE.sub("_", given.replace("\\", "/").rsplit("/", 1)[-1]).strip(" .")
    if len(name.encode()) > _LONGEST:
        name = name.encode()[-_LONGEST:].decode("utf-8", "ignore").strip(" .")  # the suffix stays
    return name or "upload"


class Files:
    """Uploads in a local folder, reports there or behind an fsspec URL.

    Args:
        data: the folder.
        reports: folder or URL of the reports; "" for one in ``data``.
    """

    def __init__(self, data: Path, reports: str = "") -> None:
        import fsspec

        self.uploads = data / "uploads"
        self.uploads.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.uploads.chmod(0o700)
        self._system: Any
        self._system, self._base = fsspec.core.url_to_fs(reports or str((data / "reports").resolve()))
        self._system.makedirs(self._base, exist_ok=True)
        if not reports:
            (data / "reports").chmod(0o700)

    def upload(self, job: str) -> Path:
        """The folder of one upload."""
        return self.uploads / job

    def bundle(self, job: str) -> Path:
        """What is analysed of an upload: its one file, or the folder of its several."""
        folder = self.upload(job) / "files"
        files = sorted(folder.iterdir())
        return files[0] if len(files) == 1 else folder

    def keep(self, job: str, made: Path) -> None:
        """Take over the three forms of a report from a local folder."""
        folder = f"{self._base}/{job}"
        self._system.makedirs(folder, exist_ok=True)
        for form in FORMS:
            self._system.put_file(str(made / f"report.{form}"), f"{folder}/report.{form}")

    def report(self, job: str, form: str) -> bytes:
        """One form of a report; raises ``FileNotFoundError``."""
        content = self._system.cat_file(f"{self._base}/{job}/report.{form}")
        return bytes(content)

    def drop_upload(self, job: str) -> None:
        """Delete what was uploaded."""
        shutil.rmtree(self.upload(job), ignore_errors=True)

    def drop(self, job: str) -> None:
        """Delete upload and report."""
        self.drop_upload(job)
        with contextlib.suppress(FileNotFoundError):
            self._system.rm(f"{self._base}/{job}", recursive=True)

    def left_over(self, known: set[str]) -> None:
        """Delete uploads that were never accepted: their server was ended while they came in."""
        for folder in self.uploads.iterdir():
            if folder.name not in known:
                shutil.rmtree(folder, ignore_errors=True)
