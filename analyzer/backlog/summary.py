"""``summary.csv`` and ``summary.parquet``: one row a ticket, sorted by ticket, in the columns that are promised."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analyzer.report.model import Report

if TYPE_CHECKING:
    import pandas as pd

#: the columns in their order, with the type that they have in the Parquet file
COLUMNS: dict[str, Any] = {
    "ticket": "string",
    "status": "string",
    "verdict": "string",
    "first_cause": "string",
    "probability": "Float64",
    "causes": "string",
    "platform": "string",
    "kubernetes_version": "string",
    "calico_version": "string",
    "nodes_seen": "Int64",
    "first_time": "datetime64[us, UTC]",
    "last_time": "datetime64[us, UTC]",
    "bytes": "Int64",
    "seconds": "Float64",
    "group": "string",
    "report": "string",
    "error": "string",
}
OK, FAILED = "ok", "failed"


@dataclass(frozen=True, slots=True)
class TicketRow:
    """One ticket in a line. A failed one has its reason in ``error``, and no causes.

    Attributes:
        ticket: its name.
        status: ``ok`` or ``failed``.
        first_cause: slug of the first of ``causes``, "" where none is ranked.
        probability: of the first cause; None where there is none.
        causes: slugs in rank order.
        first_time: earliest and (``last_time``) latest time in the bundle, aware UTC.
        bytes: size of the bundle.
        seconds: that its analysis took.
        group: look-alikes share one.
        report: path of its report, relative to the folder of the summary.
        outcome: what it turned out to be, once that is known; not a column.
    """

    ticket: str
    status: str = OK
    verdict: str = ""
    first_cause: str = ""
    probability: float | None = None
    causes: tuple[str, ...] = ()
    platform: str = ""
    kubernetes_version: str = ""
    calico_version: str = ""
    nodes_seen: int | None = None
    first_time: datetime | None = None
    last_time: datetime | None = None
    bytes: int | None = None
    seconds: float | None = None
    group: str = ""
    report: str = ""
    error: str = ""
    outcome: str = ""


def row_of(ticket: str, report: Report, seconds: float | None = None, path: str = "", group: str = "") -> TicketRow:
    """Give the row of a ticket that was analysed."""
    causes = sorted(report.causes, key=lambda cause: cause.rank)
    cluster, bundle = report.cluster, report.bundle
    return TicketRow(
        ticket=ticket,
        verdict=report.verdict,
        first_cause=causes[0].id if causes else "",
        probability=causes[0].probability if causes else None,
        causes=tuple(cause.id for cause in causes),
        platform=cluster.platform,
        kubernetes_version=cluster.kubernetes_version,
        calico_version=cluster.calico_version,
        nodes_seen=cluster.nodes_seen,
        first_time=bundle.first_time,
        last_time=bundle.last_time,
        bytes=bundle.bytes,
        seconds=seconds,
        group=group,
        report=path,
    )


def failed_row(ticket: str, error: str, size: int | None = None, seconds: float | None = None) -> TicketRow:
    """Give the row of a ticket that could not be analysed; the reason becomes one line."""
    return TicketRow(ticket, FAILED, bytes=size, seconds=seconds, error=" ".join(error.split()) or "no reason known")


def frame(rows: Iterable[TicketRow]) -> pd.DataFrame:
    """Give the rows as a table of :data:`COLUMNS`, sorted by ticket; what is not known is missing or ""."""
    import pandas as pd

    ordered = sorted(rows, key=lambda row: row.ticket)
    data: dict[str, Any] = {
        name: pd.Series([_cell(row, name) for row in ordered], dtype=kind) for name, kind in COLUMNS.items()
    }
    return pd.DataFrame(data)


def write_csv(table: pd.DataFrame, path: Path) -> None:
    """Write ``summary.csv``: UTF-8, times as ``2026-03-16T04:11:52Z``, no cell that is a formula to a spreadsheet.

    Raises:
        OSError: the file cannot be written.
    """
    from analyzer.export import without_formulas

    shown = without_formulas(table)
    for name in ("first_time", "last_time"):
        shown[name] = shown[name].dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    shown.to_csv(path, index=False, lineterminator="\n")


def write_parquet(table: pd.DataFrame, path: Path) -> None:
    """Write ``summary.parquet``; cells hold what the tickets hold, nothing is made harmless here.

    Raises:
        OSError: the file cannot be written.
    """
    table.to_parquet(path, index=False)


def _cell(row: TicketRow, name: str) -> Any:
    value = " ".join(row.causes) if name == "causes" else getattr(row, name)
    if isinstance(value, str):  # a lone surrogate is no Unicode text
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, float):
        return round(value, 4)
    return value
