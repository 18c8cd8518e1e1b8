"""The report into a file; its suffix tells the format."""

from __future__ import annotations

import gzip
import io
import os
import tempfile
import zipfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from analyzer.report.formats import suffix_of
from analyzer.report.model import Report

Render = Callable[[Report, Path | None], str]


def _html(report: Report, template_dir: Path | None) -> str:
    from analyzer.report.html import render_html  # imported here, as below: each format loads only what it needs

    return render_html(report, template_dir)


def _markdown(report: Report, template_dir: Path | None) -> str:
    from analyzer.report.markdown import render_markdown

    return render_markdown(report, template_dir)


def _json(report: Report, template_dir: Path | None) -> str:
    from analyzer.report.as_json import to_json

    return to_json(report)


FORMATS: dict[str, Render] = {".html": _html, ".md": _markdown, ".json": _json}


def write(report: Report, path: Path, template_dir: Path | None = None) -> None:
    """Write the report to ``path``: ``.html``, ``.md``, ``.json``, ``.html.gz``, or a ``.zip`` of the first three.

    The file is there whole or not at all; an existing one is replaced.

    Raises:
        FormatError: the suffix is none of these.
        TemplateError: a template of ``template_dir`` is wrong.
        OSError: the file cannot be written.
    """
    replace_file(path, encode(report, suffix_of(path), template_dir))


def replace_file(path: Path, content: bytes) -> None:
    """Put ``content`` into the file at once: it is there whole or not at all."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(name).chmod(0o666 & ~_umask())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def encode(report: Report, suffix: str, template_dir: Path | None = None) -> bytes:
    """Give the bytes of the report in the format of ``suffix``; the same report gives the same bytes."""
    return packed(suffix, lambda form: _text(report, form, template_dir), report.generated_at)


def packed(suffix: str, text_of: Callable[[str], bytes], made: datetime) -> bytes:
    """Give a page as it is, compressed, or all three forms in a zip, as ``suffix`` says.

    Args:
        suffix: one of ``formats.SUFFIXES``.
        text_of: gives the page in the form of ``.html``, ``.md`` or ``.json``.
        made: the date of the zip's members.
    """
    if suffix == ".html.gz":
        return gzip.compress(text_of(".html"), mtime=0)
    return _zip(text_of, made) if suffix == ".zip" else text_of(suffix)


def _text(report: Report, suffix: str, template_dir: Path | None) -> bytes:
    return FORMATS[suffix](report, template_dir).encode("utf-8", "replace")


def _zip(text_of: Callable[[str], bytes], made: datetime) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for suffix in FORMATS:
            member = zipfile.ZipInfo(f"report{suffix}", max(made.timetuple()[:6], (1980, 1, 1, 0, 0, 0)))
            member.external_attr = 0o644 << 16
            archive.writestr(member, text_of(suffix), zipfile.ZIP_DEFLATED)
    return stream.getvalue()


def _umask() -> int:
    """The process's umask, which mkstemp does not ask; there is no way to read it without setting it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
