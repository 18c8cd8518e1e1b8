"""From files to rows: what is read, placed, warned of."""

from __future__ import annotations

import io
import sys
import tarfile
import zipfile
from dataclasses import asdict
from pathlib import Path

import pytest

import analyzer.intake
import analyzer.large_logs
from analyzer.bundle import BundleError, Limits
from analyzer.intake import Intake, read_bundle
from analyzer.redaction import Redaction
from parsers.message_match import MessageMatcher, Pattern


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


BAD = "2026-11-12 10:{:02d}:{:02d}.{:03d} [ERROR][9] felix/x.go 1: boom at 10.0.0.{}\n"
GOOD = "2026-11-12 10:{:02d}:{:02d}.{:03d} [INFO][9] felix/y.go 1: nothing of interest, {} times\n"


def large_log(seed: int = 0) -> str:
    """A log beyond the size from which logs are read in pieces."""
    lines = [
        (BAD if number % 40 == seed else GOOD).format(number // 240, number // 4 % 60, number % 4 * 250, number % 4)
        for number in range(9000)
    ]
    return "".join(lines)


def read(path: Path, matcher: MessageMatcher | None, redaction: Redaction | None = None) -> Intake:
    return read_bundle([path], MATCHER.match, Limits(), matcher, redaction)


MATCHER = MessageMatcher([Pattern("boom", "cause", ("boom at {where}",))])


def told(intake: Intake) -> dict[str, object]:
    rows = {table: [asdict(row) for row in found] for table, found in intake.rows.items()}
    return {"rows": rows, "facts": intake.file_facts, "warnings": _warnings(intake), "collected": intake.collected}


@pytest.mark.parametrize("form", ["folder", "tgz", "zip"])
def test_large_logs_are_read_alike_in_pieces_and_as_a_whole(form: str, tmp_path: Path) -> None:
    texts = {"logs/a.log": large_log(), "logs/b.log": large_log(3), "copy/a.log": large_log()}
    texts |= {"logs/session.log": large_log(5) + "$ kubectl get nodes\nNAME  STATUS  ROLES  AGE  VERSION\n"}
    texts |= {"logs/small.log": BAD.format(1, 2, 3, 4), "notes.txt": "nothing\n" * 40_000}
    path = tmp_path / {"folder": "x", "tgz": "x.tgz", "zip": "x.zip"}[form]
    if form == "tgz":
        with tarfile.open(path, "w:gz") as archive:
            for name, text in texts.items():
                entry = tarfile.TarInfo(name)
                entry.size = len(text)
                archive.addfile(entry, io.BytesIO(text.encode()))
    elif form == "zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
            for name, text in texts.items():
                packed.writestr(name, text)
    else:
        for name, text in texts.items():
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            (path / name).write_text(text)
    pieces, whole = read(path, MATCHER), read(path, None)
    assert told(pieces) == told(whole)
    assert sum(row.kind == "duplicate" for row in pieces.rows["files"]) == 1
    lines = {row.file: {row.line} for row in pieces.rows["log_lines"]}
    assert set(pieces.quotes) >= {"logs/b.log"}
    assert pieces.lines(lines, 5) == whole.lines(lines, 5)
    pieces.quotes.clear()  # what was not kept is fetched in a second look
    assert pieces.lines(lines, 5) == whole.lines(lines, 5)


def test_a_large_log_that_turns_out_to_be_none_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.log").write_text(large_log() + "$ kubectl get nodes\n" + large_log(3))
    (tmp_path / "b.log").write_text(large_log(7))
    whole = told(read(tmp_path, None))
    assert told(read(tmp_path, MATCHER)) == whole
    monkeypatch.setattr(analyzer.large_logs, "_REPLAYED", 300_000)  # as if it were larger than what is held
    assert told(read(tmp_path, MATCHER)) == whole


def test_what_is_kept_of_a_large_log_has_no_secrets(tmp_path: Path) -> None:
    secret = "glpat-Zq8vT3mN5xW2kR7pL4sD"
    line = BAD.format(1, 2, 3, 4).rstrip("\n")
    text = large_log() + f"{line} Authorization: Bearer {secret}\n" + large_log(3)
    (tmp_path / "a.log").write_text(text)
    intake = read(tmp_path, MATCHER, Redaction())
    assert any("Authorization" in row.message for row in intake.rows["log_lines"])
    assert secret not in repr(intake.rows) + repr(intake.quotes)
    number = text.count("\n", 0, text.index(secret)) + 1
    assert number in intake.quotes["a.log"]
    for quotes in (intake.quotes.copy(), {}):  # the second time it is fetched
        intake.quotes = quotes
        quoted = intake.lines({"a.log": {number}}, 5)
        assert "Authorization" in quoted["a.log"][number] and secret not in repr(quoted)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="several processes are used on Linux only")
@pytest.mark.parametrize("jobs", [2, 3])
def test_several_processes_read_the_same(jobs: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = {f"logs/{name}.log": large_log(seed) for seed, name in enumerate("abcde")}
    texts |= {"logs/f.log": large_log(1), "logs/g.log": large_log(9) + "$ kubectl get nodes\n" + large_log(8)}
    for name, text in texts.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    alone = told(read_bundle([tmp_path], MATCHER.match, Limits(), MATCHER, jobs=1))
    asked: list[int] = []
    monkeypatch.setattr(analyzer.intake, "useful_jobs", lambda paths, wanted: asked.append(wanted) or wanted)
    together = read_bundle([tmp_path], MATCHER.match, Limits(), MATCHER, jobs=jobs)
    assert asked == [jobs]
    assert told(together) == alone


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
    monkeypatch.setattr(analyzer.intake, "split_session", lambda text: split(text) if "odd" not in text else 1 // 0)
    intake = read_bundle([tmp_path], match, Limits())
    assert {row.path: row.kind for row in intake.rows["files"]} == {"a.txt": "unknown", "mail.txt": "notes"}
    assert [one.file for one in intake.warnings if "ZeroDivisionError" in one.what and "defect" in one.what] == [
        "a.txt"
    ]


def test_a_defect_in_reading_in_pieces_leads_to_the_other_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    line = "2026-11-12 10:00:01.002 [ERROR][9] felix/x.go 1: boom {}\n"
    (tmp_path / "a.log").write_text("".join(line.format(number) for number in range(9000)))

    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("analyzer.log_stream.reader.read_log", broken)
    matcher = MessageMatcher([Pattern("boom", ("boom",))])
    intake = read_bundle([tmp_path], matcher.match, Limits(), matcher=matcher)
    assert sum(int(row.count) for row in intake.rows["log_lines"]) == 9000
    assert "ZeroDivisionError" in _warnings(intake)[0]["what"]
