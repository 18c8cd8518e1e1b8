"""The formats of a report and the suffixes that tell them; it costs no start-up time to know them."""

from __future__ import annotations

from pathlib import Path

SUFFIXES = (".html", ".md", ".json", ".html.gz", ".zip")


class FormatError(ValueError):
    """The suffix of a file names no format of the report."""


def suffix_of(path: Path) -> str:
    """Give the suffix that tells the format; raises :class:`FormatError` where there is none."""
    name = path.name.lower()
    for suffix in sorted(SUFFIXES, key=len, reverse=True):
        if name.endswith(suffix):
            return suffix
    raise FormatError(f"{path}: a report is written as {', '.join(SUFFIXES)}")
