"""The pandas tables behind a report, built from the rows that the parsers gave."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any

import pandas as pd

from parsers.rows import (
    BgpRow,
    ContainerRow,
    DaemonSetRow,
    EventRow,
    FileRow,
    ListingRow,
    LogLineRow,
    NodeConditionRow,
    NodeRow,
    PodConditionRow,
    PodRow,
    ReadinessRow,
    RouteRow,
    SettingRow,
)

#: table name -> row class; the order is the order of the interface
ROW_TYPES: dict[str, type] = {
    "files": FileRow,
    "nodes": NodeRow,
    "node_conditions": NodeConditionRow,
    "pods": PodRow,
    "pod_conditions": PodConditionRow,
    "containers": ContainerRow,
    "events": EventRow,
    "log_lines": LogLineRow,
    "readiness": ReadinessRow,
    "bgp": BgpRow,
    "daemonsets": DaemonSetRow,
    "settings": SettingRow,
    "listings": ListingRow,
    "routes": RouteRow,
}


@dataclass(slots=True)
class Tables:
    """All tables of one bundle as DataFrames; columns are those of the row classes in ``parsers.rows``.

    Times are UTC ``datetime64[ns, UTC]``; text columns hold ``str`` (never null), numbers and truth
    values are nullable. ``collected`` is the best estimate of when the bundle was made.
    """

    files: pd.DataFrame
    nodes: pd.DataFrame
    node_conditions: pd.DataFrame
    pods: pd.DataFrame
    pod_conditions: pd.DataFrame
    containers: pd.DataFrame
    events: pd.DataFrame
    log_lines: pd.DataFrame
    readiness: pd.DataFrame
    bgp: pd.DataFrame
    daemonsets: pd.DataFrame
    settings: pd.DataFrame
    listings: pd.DataFrame
    routes: pd.DataFrame
    collected: datetime | None = None
    facts_of_files: dict[str, dict[str, str]] = field(default_factory=dict)
    #: what was worked out of these tables once and is asked for often (the inventory)
    memo: dict[str, Any] = field(default_factory=dict)


def frame(table: str, rows: Sequence[object]) -> pd.DataFrame:
    """Give the DataFrame of ``rows`` with exactly the columns of the table's row class, typed."""
    row_type = ROW_TYPES[table]
    columns = [item.name for item in fields(row_type)]
    data = pd.DataFrame.from_records([tuple(getattr(row, name) for name in columns) for row in rows], columns=columns)
    for item in fields(row_type):
        kind = str(item.type)
        if kind.startswith("datetime"):
            data[item.name] = pd.to_datetime(data[item.name], utc=True).astype("datetime64[ns, UTC]")
        elif kind == "int | None":
            data[item.name] = data[item.name].astype("Int64")
        elif kind == "float | None":
            data[item.name] = data[item.name].astype("Float64")
        elif kind == "bool | None":
            data[item.name] = data[item.name].astype("boolean")
        elif kind == "int":
            data[item.name] = data[item.name].astype("int64")
        elif kind == "str":
            data[item.name] = data[item.name].astype(object)
    return data


def build(rows: dict[str, Iterable[object]], collected: datetime | None = None) -> Tables:
    """Build all tables; tables without rows are empty frames with their columns."""
    frames = {name: frame(name, list(rows.get(name, ()))) for name in ROW_TYPES}
    tables = Tables(**frames)  # type: ignore[arg-type]  # the names of the frames are those of the fields
    tables.collected = collected
    return tables


def each(data: pd.DataFrame) -> Iterator[Any]:
    """Give the rows of a table as named tuples, one attribute a column."""
    return iter(data.itertuples(index=False)) if len(data) else iter(())
