"""The tables behind a report: the rows that the parsers gave, and pandas DataFrames of them for whoever asks.

The analysis goes over the rows themselves: a ticket has hundreds or thousands, not millions (identical
problems are one row with a count), and plain Python is done with them before pandas is even imported.
A DataFrame is made of a table when it is first asked for: by ``extract``, a notebook, a script.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

from parsers.rows import (
    BgpRow,
    ContainerRow,
    DaemonSetRow,
    EventRow,
    FileRow,
    ListingRow,
    LogLineRow,
    LogVolumeRow,
    NodeConditionRow,
    NodeRow,
    PodConditionRow,
    PodRow,
    ReadinessRow,
    RouteRow,
    SettingRow,
)

if TYPE_CHECKING:
    import pandas as pd

#: table name -> row class; the order is the order of the interface
ROW_TYPES: dict[str, type[Struct]] = {
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


#: years that a time in nanoseconds can be of; a cluster's clock may say anything
_YEARS = range(1678, 2262)


class Rows(Struct):
    """The rows of each table, in the order in which they were read; times are UTC."""

    files: list[FileRow] = field(default_factory=list)
    nodes: list[NodeRow] = field(default_factory=list)
    node_conditions: list[NodeConditionRow] = field(default_factory=list)
    pods: list[PodRow] = field(default_factory=list)
    pod_conditions: list[PodConditionRow] = field(default_factory=list)
    containers: list[ContainerRow] = field(default_factory=list)
    events: list[EventRow] = field(default_factory=list)
    log_lines: list[LogLineRow] = field(default_factory=list)
    readiness: list[ReadinessRow] = field(default_factory=list)
    bgp: list[BgpRow] = field(default_factory=list)
    daemonsets: list[DaemonSetRow] = field(default_factory=list)
    settings: list[SettingRow] = field(default_factory=list)
    listings: list[ListingRow] = field(default_factory=list)
    routes: list[RouteRow] = field(default_factory=list)
    log_volume: list[LogVolumeRow] = field(default_factory=list)  # for charts; not a table of the interface

    def of(self, table: str) -> list[Any]:
        """Give the rows of the table of this name."""
        found: list[Any] = getattr(self, table)
        return found


class Tables(Struct):
    """All tables of one bundle.

    ``tables.rows.nodes`` are the rows of ``parsers.rows``; ``tables.nodes`` (so for each of ``ROW_TYPES``) is
    the same as a DataFrame. In a DataFrame times are ``datetime64[ns, UTC]``; text columns hold ``str``
    (never null), numbers and truth values are nullable. It is a copy: what is changed in it changes no row.
    """

    rows: Rows
    #: best estimate of when the bundle was made
    collected: datetime | None = None
    facts_of_files: dict[str, dict[str, str]] = field(default_factory=dict)
    #: table -> message ids of each of its rows, for tables whose rows hold words (log lines carry theirs)
    message_ids: dict[str, list[tuple[str, ...]]] = field(default_factory=dict)
    #: what was worked out of these tables once and is asked for often (the inventory)
    memo: dict[str, Any] = field(default_factory=dict)
    _frames: dict[str, pd.DataFrame] = field(default_factory=dict)

    def __getattr__(self, name: str) -> pd.DataFrame:
        if name not in ROW_TYPES:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        return self.frame(name)

    def frame(self, table: str) -> pd.DataFrame:
        """Give the table as a DataFrame, made when it is first asked for; ``message_ids`` comes last."""
        made = self._frames.get(table)
        if made is None:
            made = frame(table, self.rows.of(table))
            if table in self.message_ids:
                made["message_ids"] = as_column(self.message_ids[table])
            self._frames[table] = made
        return made


def frame(table: str, rows: Sequence[object]) -> pd.DataFrame:
    """Give the DataFrame of ``rows`` with exactly the columns of the table's row class, typed.

    Times beyond what nanoseconds can count (the years 1678 to 2261) are missing ones.
    """
    import pandas as pd

    row_type = ROW_TYPES[table]
    columns = list(row_type.__struct_fields__)
    data = pd.DataFrame.from_records([tuple(getattr(row, name) for name in columns) for row in rows], columns=columns)
    for name, kind in _kinds(row_type).items():
        if kind.startswith("datetime"):
            known = [time if time is not None and time.year in _YEARS else None for time in data[name].tolist()]
            data[name] = pd.to_datetime(pd.Series(known, dtype=object), utc=True).astype("datetime64[ns, UTC]")
        elif kind == "int | None":
            data[name] = data[name].astype("Int64")
        elif kind == "float | None":
            data[name] = data[name].astype("Float64")
        elif kind == "bool | None":
            data[name] = data[name].astype("boolean")
        elif kind == "int":
            data[name] = data[name].astype("int64")
        elif kind == "str":
            data[name] = data[name].astype(object)
    return data


def _kinds(row_type: type[Struct]) -> dict[str, str]:
    """The columns of a row class with their types as they are written."""
    written = {
        name: kind
        for base in reversed(row_type.__mro__)
        for name, kind in vars(base).get("__annotations__", {}).items()
    }
    return {name: written[name] for name in row_type.__struct_fields__}


def as_column(values: Sequence[object]) -> pd.Series:
    """Give a column of Python objects, tuples among them."""
    import pandas as pd

    return pd.Series(list(values), dtype=object)


def build(rows: Mapping[str, Iterable[object]], collected: datetime | None = None) -> Tables:
    """Build all tables from rows by table name; a table that is not named is empty."""
    made: dict[str, Any] = {name: list(rows.get(name, ())) for name in ROW_TYPES}
    for name, row_type in ROW_TYPES.items():
        times = [column for column, kind in _kinds(row_type).items() if kind.startswith("datetime")]
        for row in made[name] if times else ():
            for column in times:
                _in_utc(row, column)
    return Tables(Rows(**made, log_volume=list(rows.get("log_volume", ()))), _utc(collected))  # type: ignore[arg-type]


def _in_utc(row: object, column: str) -> None:
    time = getattr(row, column)
    if time is not None and time.tzinfo is not UTC:
        setattr(row, column, _utc(time))


def _utc(time: datetime | None) -> datetime | None:
    if time is None or time.tzinfo is UTC:
        return time
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
