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
    ["Wed Mar  4 05:06:07 UTC 2026", "Wed 04 Mar 2026 05:06:07 UTC", "    Universal time: Wed 2026-03-04 05:06:07 UTC"],
)
def test_all_forms_are_read(text: str) -> None:
    assert printed_date(text) == BEAT


def test_other_zones_and_texts_are_no_date() -> None:
    assert printed_date("Wed Mar  4 05:06:07 CET 2026") is None
    assert printed_date("Wed Mar 44 05:06:07 UTC 2026") is None


def test_a_clock_that_is_years_or_days_off_is_found() -> None:
    assert shown(BEAT + timedelta(days=900)) == ["clock-differs"]
    assert shown(BEAT - timedelta(days=3)) == ["clock-differs"]


def test_a_terminal_copied_later_is_no_wrong_clock() -> None:
    assert shown(BEAT + timedelta(days=9)) == []
    assert shown(BEAT - timedelta(hours=3)) == []
    assert shown(BEAT + timedelta(days=900), None) == []
