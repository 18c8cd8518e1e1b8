from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

from msgspec.structs import replace

from analyzer.backlog.lookalikes import Memory, Resolved
from analyzer.backlog.seen import precedents, refresh
from analyzer.catalogue import load
from analyzer.report import from_json, write

sys.path.insert(0, str(Path(__file__).parents[1] / "report"))
import report_samples as samples

CAUSES = load().causes
WHEN = datetime(2026, 3, 2, tzinfo=UTC)
FEATURES = {"cause:dns-failure": 4.0, "message:no-such-host": 1.0}
MEMORY = Memory(
    [
        Resolved("old", "dns-failure", "Restarted CoreDNS.", WHEN, FEATURES, "tickets/old.html"),
        Resolved("odd", "of-last-year", "", None, {"cause:dns-failure": 4.0}, ""),
        Resolved("unlike", "clock-skew", "", WHEN, {"cause:clock-skew": 4.0}, "tickets/unlike.html"),
    ]
)


def put(folder: Path, name: str, **rest: object) -> str:
    (folder / "tickets").mkdir(exist_ok=True)
    report = replace(samples.incident(), **rest)  # type: ignore[arg-type]
    for form in ("html", "json"):
        write(report, folder / f"tickets/{name}.{form}")
    return f"tickets/{name}.html"


def test_precedents_with_titles_notes_and_links_from_where_the_report_is() -> None:
    first, second = precedents(MEMORY, FEATURES, "new", "tickets/new.html", CAUSES)
    assert (first.ticket, first.likeness, first.cause, first.note, first.resolved) == (
        "old", 1.0, "dns-failure", "Restarted CoreDNS.", WHEN,
    )  # fmt: skip
    assert first.title == CAUSES["dns-failure"].title
    assert first.report == "old.html"
    assert (second.ticket, second.likeness, second.title, second.report) == ("odd", 0.8, "", "")
    assert precedents(MEMORY, FEATURES, "new", "new.html", CAUSES)[0].report == "tickets/old.html"


def test_of_a_wave_with_one_note_one_is_named() -> None:
    wave = [Resolved(f"w{n}", "dns-failure", "Restarted CoreDNS.", WHEN, FEATURES) for n in range(50)]
    other = Resolved("x", "dns-failure", "Made its policy less strict.", WHEN, {**FEATURES, "message:more": 1.0})
    seen = precedents(Memory([*wave, other]), FEATURES, "new", "new.html", CAUSES)
    assert [item.ticket for item in seen] == ["w0", "x"]


def test_a_ticket_is_not_seen_before_because_of_itself() -> None:
    assert [item.ticket for item in precedents(MEMORY, FEATURES, "old", "tickets/old.html", CAUSES)] == ["odd"]


def test_reports_are_written_only_where_they_say_something_else(tmp_path: Path) -> None:
    seen = precedents(MEMORY, FEATURES, "new", "tickets/new.html", CAUSES)
    path = put(tmp_path, "new")
    assert refresh(tmp_path, [(path, seen)]) == ([path], [])
    assert "Restarted CoreDNS." in (tmp_path / path).read_text(encoding="utf-8")
    report = from_json((tmp_path / "tickets/new.json").read_text(encoding="utf-8"))
    assert report == replace(samples.incident(), seen_before=seen)
    assert refresh(tmp_path, [(path, seen)]) == ([], [])


def test_what_is_no_longer_so_goes(tmp_path: Path) -> None:
    seen = precedents(MEMORY, FEATURES, "new", "tickets/new.html", CAUSES)
    path = put(tmp_path, "new", seen_before=seen)
    assert refresh(tmp_path, [(path, ())]) == ([path], [])
    assert "Seen before" not in (tmp_path / path).read_text(encoding="utf-8")
    assert refresh(tmp_path, [(path, ())]) == ([], [])


def test_however_long_the_notes_are_what_is_no_longer_so_goes(tmp_path: Path) -> None:
    (seen,) = precedents(
        Memory([Resolved("old", "dns-failure", "x" * 200_000, WHEN, FEATURES)]), FEATURES, "n", "n.html", CAUSES
    )
    path = put(tmp_path, "new", seen_before=(seen,))
    assert refresh(tmp_path, [(path, ())]) == ([path], [])
    assert "seen_before" not in (tmp_path / "tickets/new.json").read_text(encoding="utf-8")


def test_a_line_of_a_bundle_that_looks_like_the_key_is_none(tmp_path: Path) -> None:
    path = put(tmp_path, "new", verdict_reason='\n  "seen_before": [')
    before = (tmp_path / path).stat().st_mtime_ns
    assert refresh(tmp_path, [(path, ())]) == ([], [])
    assert (tmp_path / path).stat().st_mtime_ns == before


def test_a_report_that_is_gone_or_damaged_is_named(tmp_path: Path) -> None:
    seen = precedents(MEMORY, FEATURES, "new", "tickets/new.html", CAUSES)
    path = put(tmp_path, "cut")
    (tmp_path / "tickets/cut.json").write_text("{", encoding="utf-8")
    assert refresh(tmp_path, [("tickets/gone.html", seen), (path, seen)]) == ([], ["tickets/gone.html", path])
