"""Tables: rows for the analysis, DataFrames with the promised columns and types for whoever asks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from msgspec.structs import fields

from analyzer.tables import ROW_TYPES, Rows, build
from parsers.rows import ContainerRow, EventRow, NodeRow

NOON = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)


def test_every_table_has_rows_and_a_frame_with_the_columns_of_its_rows() -> None:
    tables = build({})
    assert [item.name for item in fields(Rows)][: len(ROW_TYPES)] == list(ROW_TYPES)
    for name, row_type in ROW_TYPES.items():
        assert tables.rows.of(name) == []
        frame = getattr(tables, name)
        assert list(frame.columns) == [item.name for item in fields(row_type)]
        assert len(frame) == 0


def test_cells_keep_their_kind_also_where_some_are_unknown() -> None:
    rows = [
        ContainerRow("a", 1, "kube-system", "p", "c", restarts=3, ready=True, started=NOON, limits={"memory": "1Gi"}),
        ContainerRow("a", 2, "kube-system", "p", "d"),
    ]
    frame = build({"containers": rows}).containers
    assert (str(frame["restarts"].dtype), str(frame["ready"].dtype)) == ("Int64", "boolean")
    assert str(frame["started"].dtype) == "datetime64[ns, UTC]"
    assert frame["restarts"].isna().tolist() == [False, True]
    assert frame["started"].iloc[0].to_pydatetime() == NOON
    assert frame["limits"].iloc[0] == {"memory": "1Gi"}
    assert frame["last_reason"].tolist() == ["", ""]


def test_a_frame_is_made_once_and_carries_the_message_ids() -> None:
    tables = build({"events": [EventRow("d.txt", 9, "Pod", "p")]})
    tables.message_ids["events"] = [("one", "two")]
    assert tables.events["message_ids"].tolist() == [("one", "two")]
    assert tables.events is tables.frame("events")


@pytest.mark.parametrize("given", [NOON.replace(tzinfo=None), NOON.astimezone(timezone(timedelta(hours=-5)))])
def test_times_are_utc_whatever_the_rows_say(given: datetime) -> None:
    tables = build({"nodes": [NodeRow("n", 1, "a", created=given)]}, collected=given)
    assert tables.rows.nodes[0].created == NOON
    assert tables.rows.nodes[0].created.tzinfo is UTC
    assert tables.collected == NOON


def test_what_is_no_table_is_no_attribute() -> None:
    with pytest.raises(AttributeError, match="pictures"):
        _ = build({}).pictures


def test_a_time_that_nanoseconds_cannot_count_is_a_missing_one() -> None:
    rows = [NodeRow("n", 1, "a", created=datetime(year, 1, 1, tzinfo=UTC)) for year in (2, 1678, 2025, 2261, 9999)]
    created = build({"nodes": rows}).nodes["created"]
    assert created.isna().tolist() == [True, False, False, False, True]
    assert created.iloc[1].to_pydatetime().year == 1678
