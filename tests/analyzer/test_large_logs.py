"""Large logs are read in pieces, by one process or several, as they would be as whole texts."""

from __future__ import annotations

import io
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from msgspec.structs import asdict

import analyzer.intake
import analyzer.large_logs
from analyzer.bundle import Limits
from analyzer.intake import Intake, read_bundle
from analyzer.redaction import Redaction
from parsers.message_match import MessageMatcher, Pattern

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
    warnings = [(one.file, one.what) for one in intake.warnings]
    content = intake.sha256, intake.bytes
    return {
        "rows": rows,
        "facts": intake.file_facts,
        "warnings": warnings,
        "made": intake.collected,
        "content": content,
    }


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


def test_a_defect_in_reading_in_pieces_leads_to_the_other_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    line = "2026-11-12 10:00:01.002 [ERROR][9] felix/x.go 1: boom {}\n"
    (tmp_path / "a.log").write_text("".join(line.format(number) for number in range(9000)))

    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("analyzer.log_stream.reader.read_log", broken)
    matcher = MessageMatcher([Pattern("boom", ("boom",))])
    intake = read_bundle([tmp_path], matcher.match, Limits(), matcher=matcher)
    assert sum(int(row.count) for row in intake.rows["log_lines"]) == 9000
    assert "ZeroDivisionError" in intake.warnings[0].what
