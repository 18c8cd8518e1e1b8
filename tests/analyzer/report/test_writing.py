"""Files of the report: format by suffix, whole or not at all, the same bytes for the same report."""

from __future__ import annotations

import gzip
import io
import stat
import zipfile
from pathlib import Path

import pytest
import report_samples as samples

from analyzer.report import FormatError, TemplateError, render_html, render_json, render_markdown, write


@pytest.mark.parametrize(
    ("name", "render"), [("r.html", render_html), ("r.md", render_markdown), ("R.JSON", render_json)]
)
def test_suffix_picks_the_format(tmp_path: Path, name: str, render) -> None:  # type: ignore[no-untyped-def]
    write(samples.incident(), tmp_path / name)
    assert (tmp_path / name).read_text(encoding="utf-8") == render(samples.incident())


def test_compressed_page(tmp_path: Path) -> None:
    write(samples.incident(), tmp_path / "a.html.gz")
    assert gzip.decompress((tmp_path / "a.html.gz").read_bytes()).decode() == render_html(samples.incident())


def test_archive(tmp_path: Path) -> None:
    write(samples.incident(), tmp_path / "a.zip")
    archive = zipfile.ZipFile(io.BytesIO((tmp_path / "a.zip").read_bytes()))
    assert archive.namelist() == ["report.html", "report.md", "report.json"]
    assert archive.read("report.json").decode() == render_json(samples.incident())
    assert archive.testzip() is None


@pytest.mark.parametrize("name", ["a.html", "a.html.gz", "a.zip"])
def test_same_report_same_bytes(tmp_path: Path, name: str) -> None:
    write(samples.incident(), tmp_path / name)
    first = (tmp_path / name).read_bytes()
    write(samples.incident(), tmp_path / name)
    assert (tmp_path / name).read_bytes() == first


@pytest.mark.parametrize("name", ["report", "report.pdf", "report.gz", ".html/x"])
def test_other_suffixes_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(FormatError, match=r"\.html, \.md, \.json"):
        write(samples.healthy(), tmp_path / name)


def test_nothing_is_left_behind_when_it_fails(tmp_path: Path) -> None:
    (tmp_path / "old.html").write_text("old")
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "report.html.j2").write_text("{{ page.none }}")
    with pytest.raises(TemplateError):
        write(samples.healthy(), tmp_path / "old.html", tmp_path / "templates")
    assert (tmp_path / "old.html").read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["old.html", "templates"]


def test_a_folder_in_the_way_is_an_os_error_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.md").mkdir()
    with pytest.raises(OSError):
        write(samples.healthy(), tmp_path / "a.md")
    assert [path.name for path in tmp_path.iterdir()] == ["a.md"]
    with pytest.raises(OSError):
        write(samples.healthy(), tmp_path / "none" / "a.md")


def test_the_file_is_readable_as_the_umask_says(tmp_path: Path) -> None:
    (tmp_path / "other").write_text("")
    write(samples.healthy(), tmp_path / "a.md")
    assert stat.S_IMODE((tmp_path / "a.md").stat().st_mode) == stat.S_IMODE((tmp_path / "other").stat().st_mode)


def test_lone_surrogates_can_be_written(tmp_path: Path) -> None:
    for name in ("a.html", "a.md", "a.json"):
        write(samples.with_text(samples.incident(), "a\udc80"), tmp_path / name)
        assert (tmp_path / name).stat().st_size > 1000
