from datetime import UTC, datetime, timedelta

import pytest

from analyzer.facts.printed_dates import clocks_printed, printed_date
from analyzer.tables import build
from parsers.rows import LogLineRow, NodeConditionRow

BEAT = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)


def shown(printed: datetime, beat: datetime | None = BEAT) -> list[str]:
    line = LogLineRow("session.txt", 4, "", "", "", message=f"{printed:%a %b %d %H:%M:%S} UTC {printed:%Y}")
    line.message_ids = ("date-printed",)
    condition = NodeConditionRow("nodes.txt", 9, "node-a", "Ready", "True", last_heartbeat=beat)
    return [fact.id for fact in clocks_printed(build({"log_lines": [line], "node_conditions": [condition]}, None))]


@pytest.mark.parametrize(
    "text",
    [
        "w1: Wed Mar  4 05:06:07 AM CET 2026",
        "2026-03-04 05:06:07.112312+00:00",
        "Wed 04 Mar 2026 05:06:07 AM UTC",
        "Wed Mar  4 05:06:07 UTC 2026",
        "Wed 04 Mar 2026 05:06:07 UTC",
        "    Universal time: Wed 2026-03-04 05:06:07 UTC",
    ],
)
def test_all_forms_are_read(text: str) -> None:
    assert printed_date(text) == BEAT


def test_other_texts_are_no_date() -> None:
    assert printed_date("Wed Mar 44 05:06:07 UTC 2026") is None


def test_a_clock_that_is_years_or_days_off_is_found() -> None:
    assert shown(BEAT + timedelta(days=900)) == ["clock-differs"]
    assert shown(BEAT - timedelta(days=3)) == ["clock-differs"]


def test_a_terminal_copied_later_is_no_wrong_clock() -> None:
    assert shown(BEAT + timedelta(days=9)) == []
    assert shown(BEAT - timedelta(hours=3)) == []
    assert shown(BEAT + timedelta(days=900), None) == []


def asked(*texts: str) -> list[str]:
    lines = [LogLineRow("session.txt", 4 + number, "", "", "", message=text) for number, text in enumerate(texts)]
    for line in lines:
        line.message_ids = ("certificate-begins",) if "notBefore" in line.message else ("date-printed",)
    return [fact.detail for fact in clocks_printed(build({"log_lines": lines}, None))]


def test_hosts_asked_one_after_another() -> None:
    first, behind = "Wed Mar  4 05:06:07 UTC 2026", "Wed Mar  4 04:06:07 UTC 2026"
    assert asked(first, behind, first) == ["this clock lies 1:00:00 beside those asked with it"]
    assert asked(behind, first) == []  # somebody waited for an hour, or decoded a token
    assert asked(first, "Wed Mar  4 04:06:07 EST 2026", "Wed Mar  4 04:06:07 EST 2026") == []  # another zone
    assert asked(first, "Wed Mar  4 05:06:09 UTC 2026", first) == []


def test_a_clock_before_the_beginning_of_a_certificate() -> None:
    begins = "notBefore=Mar  5 10:00:00 2026 GMT"
    assert len(asked("Wed Mar  4 05:06:07 UTC 2026", begins)) == 1
    assert asked("Fri Mar  6 05:06:07 UTC 2026", begins) == []
