"""The migrations make the tables that the program works with."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import inspect

from analyzer.web.records import Records
from analyzer.web.schema import metadata


def test_the_migrations_lead_to_the_tables(tmp_path: Path) -> None:
    Records(str(tmp_path / "triage.db")).close()
    records = Records(str(tmp_path / "triage.db"))
    there = inspect(records.engine)
    for table in metadata.sorted_tables:
        made = {column["name"]: (str(column["type"]), column["nullable"]) for column in there.get_columns(table.name)}
        wanted = {
            column.name: (str(column.type.compile(records.engine.dialect)), column.nullable) for column in table.columns
        }
        assert made == wanted
        indexes = {str(item["name"]): item["column_names"] for item in there.get_indexes(table.name)}
        assert indexes == {str(item.name): [column.name for column in item.columns] for item in table.indexes}
    assert {"tickets", "outcomes"} <= set(there.get_table_names())
    records.close()
