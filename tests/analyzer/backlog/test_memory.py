from __future__ import annotations

import csv
import json
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from analyzer.backlog import memory
from analyzer.backlog.kept import Kept
from analyzer.backlog.learning import Fired
from analyzer.backlog.summary import TicketRow, failed_row
from analyzer.catalogue import load
from analyzer.report import write

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "report"))
import report_samples as samples
from backlog_rows import ticket

CATALOGUE = load()
WHEN = datetime(2026, 3, 2, tzinfo=UTC)
FIRED = Fired("roks", frozenset(), {})


def kept(row: TicketRow, *messages: str, **rest: object) -> Kept:
    features = {f"cause:{row.first_cause}": 4.0, **{f"message:{name}": 1.0 for name in messages}}
    ranked = tuple((name, 0.9 / place) for place, name in enumerate(row.causes, start=1))
    return replace(Kept(row, features, FIRED, ranked=ranked), **rest)  # type: ignore[arg-type]


def backlog() -> list[Kept]:
    return [
        kept(ticket("new"), "refused"),
        kept(ticket("old", outcome="bgp-port-blocked"), "refused", note="Opened the port.", resolved=WHEN),
        kept(ticket("other", "dns-failure", outcome="typha-unavailable"), "no-such-host", note="Typha.", resolved=WHEN),
        Kept(failed_row("bad", "damaged")),
    ]


def put_reports(folder: Path, tickets: list[Kept]) -> None:
    (folder / "tickets").mkdir()
    for item in tickets:
        if item.row.report:
            for form in (".html", ".json"):
                write(samples.incident(), (folder / item.row.report).with_suffix(form))


def test_look_alikes_share_a_group_and_a_failed_ticket_has_none() -> None:
    found = {item.row.ticket: item.row.group for item in memory.grouped(backlog())}
    assert list(found) == ["bad", "new", "old", "other"]
    assert found["new"] == found["old"] != found["other"]
    assert found["bad"] == ""


def test_overview_and_reports_follow_from_all_tickets(tmp_path: Path) -> None:
    put_reports(tmp_path, backlog())
    assert memory.bring_up_to_date(tmp_path, backlog()[::-1], CATALOGUE.causes) == (["tickets/new.html"], [])
    assert "Opened the port." in (tmp_path / "tickets/new.html").read_text(encoding="utf-8")
    (seen,) = json.loads((tmp_path / "tickets/new.json").read_text(encoding="utf-8"))["seen_before"]
    assert (seen["ticket"], seen["cause"], seen["report"]) == ("old", "bgp-port-blocked", "old.html")
    rows = list(csv.DictReader((tmp_path / "summary.csv").read_text(encoding="utf-8").splitlines()))
    assert [(row["ticket"], row["status"], row["error"]) for row in rows] == [
        ("bad", "failed", "damaged"), ("new", "ok", ""), ("old", "ok", ""), ("other", "ok", ""),
    ]  # fmt: skip
    assert rows[1]["group"] == rows[2]["group"] != ""
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert "It was" in page
    assert memory.bring_up_to_date(tmp_path, backlog(), CATALOGUE.causes) == ([], [])


def test_a_report_that_is_gone_is_named(tmp_path: Path) -> None:
    assert memory.bring_up_to_date(tmp_path, backlog(), CATALOGUE.causes) == (
        [], ["tickets/new.html", "tickets/old.html", "tickets/other.html"],
    )  # fmt: skip


def test_there_is_something_to_learn_from_resolved_tickets_with_evidence() -> None:
    found = memory.cases([*backlog(), kept(ticket("bare", outcome="dns-failure"), fired=None)])
    assert [(case.ticket, case.cause) for case in found] == [
        ("old", "bgp-port-blocked"),
        ("other", "typha-unavailable"),
    ]
    assert all(case.group for case in found)


def test_rankings_are_scored_against_outcomes() -> None:
    failed = Kept(replace(failed_row("bad", "damaged"), outcome="dns-failure"))
    second = kept(ticket("second", outcome="node-ip-not-found"), "refused")
    healthy = kept(ticket("sure", outcome="no-problem-found"), "refused")
    found = {item.incident: item for item in memory.scores([*backlog(), failed, second, healthy], CATALOGUE)}
    assert {name: item.rank for name, item in found.items()} == {"old": 1, "other": 0, "bad": 0, "second": 2, "sure": 0}
    assert found["old"].family == "bgp"
    assert found["sure"].false_alarm
    assert found["bad"].error == "damaged"
    assert found["second"].probabilities == [(0.9, False), (0.45, True)]


@pytest.mark.parametrize("count", [0, 1])
def test_few_tickets(tmp_path: Path, count: int) -> None:
    memory.bring_up_to_date(tmp_path, backlog()[:count], CATALOGUE.causes)
    assert (tmp_path / "index.html").stat().st_size > 1000
    assert memory.scores([], CATALOGUE) == []
