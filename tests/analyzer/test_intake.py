"""From files to rows: what is read, placed, warned of."""

from __future__ import annotations

from pathlib import Path

from analyzer.bundle import Limits
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
