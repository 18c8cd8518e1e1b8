"""From files to rows: what is read, placed, warned of."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

import analyzer.intake
import analyzer.large_logs
from analyzer.bundle import BundleError, Limits
from analyzer.intake import Intake, read_bundle


def match(text: str) -> tuple[str, ...]:
    return ("boom",) if "boom" in text else ()


def kinds(folder: Path) -> tuple[dict[str, str], dict[str, str]]:
    intake = read_bundle([folder], match, Limits())
    return {row.path: row.kind for row in intake.rows["files"]}, {
        item["file"]: item["what"] for item in _warnings(intake)
    }


def _warnings(intake: Intake) -> list[dict[str, str]]:
    return [{"file": one.file, "what": one.what} for one in intake.warnings]


def test_text_of_no_form_is_searched_and_said_so(tmp_path: Path) -> None:
    (tmp_path / "mail.txt").write_text("Hello,\nit went boom.\n")
    (tmp_path / "other.txt").write_text("Hello,\nnothing here.\n")
    found, warned = kinds(tmp_path)
    assert found == {"mail.txt": "notes", "other.txt": "unknown"}
    assert "only searched for known messages" in warned["mail.txt"]
    assert "skipped" in warned["other.txt"]


def test_a_copy_of_a_file_is_read_once(tmp_path: Path) -> None:
    line = "2026-11-12 10:00:01.002 [ERROR][9] felix/x.go 1: boom\n"
    (tmp_path / "a.log").write_text(line * 3)
    (tmp_path / "copy of a.log").write_text(line * 3)
    assert sorted(kinds(tmp_path)[0].values()) == ["duplicate", "log"]


def test_an_empty_file_is_missing_data(tmp_path: Path) -> None:
    (tmp_path / "calico-node.log").write_text("")
    (tmp_path / "pods.txt").write_text(
        "NAME  READY  STATUS  RESTARTS  AGE\nx-1   1/1    Running  0  9d\ny-1   1/1    Running  0  9d\n"
    )
    found, warned = kinds(tmp_path)
    assert found["calico-node.log"] == "empty" and "missing data" in warned["calico-node.log"]


def test_what_a_limit_kept_out_is_told_among_many_warnings() -> None:
    intake = Intake()
    for number in range(2000):
        intake.warn(f"{number}.log", "empty file: missing data, not a sign of health")
    intake.warn("a.tgz", "limit reached: more than 2000 members (--limit-members); the rest was not read")
    assert len(intake.warnings) == 502
    assert intake.warnings[500].what == "more than 500 warnings: the others are not listed"
    assert intake.warnings[-1].file == "a.tgz"
    for number in range(2000):
        intake.warn(f"{number}.log", "limit reached: 1 lines were cut (--limit-line)")
    assert len(intake.warnings) == 1001


def test_an_input_of_which_a_limit_left_nothing_is_refused_with_the_limit(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros.log", bytes(80_000_000))
    with pytest.raises(BundleError, match=r"a\.zip: is empty.*--limit-ratio"):
        read_bundle([tmp_path / "a.zip"], match, Limits())


def test_a_defect_in_telling_what_a_file_is_leaves_the_other_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.txt").write_text("odd\n")
    (tmp_path / "mail.txt").write_text("Hello,\nit went boom.\n")
    split = analyzer.intake.split_session
    monkeypatch.setattr(
        analyzer.intake, "split_session", lambda text, line: split(text, line) if "odd" not in text else 1 // 0
    )
    intake = read_bundle([tmp_path], match, Limits())
    assert {row.path: row.kind for row in intake.rows["files"]} == {"a.txt": "unknown", "mail.txt": "notes"}
    assert [one.file for one in intake.warnings if "ZeroDivisionError" in one.what and "defect" in one.what] == [
        "a.txt"
    ]
