"""Tables without headings (``--no-headers``, ``| grep``): which columns they have, by their cells' shapes."""

from __future__ import annotations

import re
from collections.abc import Sequence

from parsers.ages import AGE, EVENT_AGE
from parsers.table_text import Table

_POD = ("NAME", "READY", "STATUS", "RESTARTS", "AGE", "IP", "NODE", "NOMINATED NODE", "READINESS GATES")
_NODE = (
    "NAME", "STATUS", "ROLES", "AGE", "VERSION", "INTERNAL-IP", "EXTERNAL-IP", "OS-IMAGE", "KERNEL-VERSION",
    "CONTAINER-RUNTIME",
)  # fmt: skip
_DAEMONSET = ("NAME", "DESIRED", "CURRENT", "READY", "UP-TO-DATE", "AVAILABLE", "NODE SELECTOR", "AGE")
_DEPLOYMENT = ("NAME", "READY", "UP-TO-DATE", "AVAILABLE", "AGE")
_SERVICE = ("NAME", "TYPE", "CLUSTER-IP", "EXTERNAL-IP", "PORT(S)", "AGE")
_SECRET = ("NAME", "TYPE", "DATA", "AGE")
_EVENT = ("LAST SEEN", "TYPE", "REASON", "OBJECT", "MESSAGE")

_NAME = r"[\w./:-]+"
#: cells in a row, joined by a tab, that only this kind's rows have, and its columns
_SHAPES: tuple[tuple[re.Pattern[str], tuple[str, ...]], ...] = (
    (re.compile(rf"{_NAME}\t\d+/\d+\t[A-Z][\w:/-]*\t\d+(?: \({AGE} ago\))?\t{AGE}(?:\t.*)?"), _POD),
    (
        re.compile(rf"{_NAME}\t(?:Ready|NotReady|Unknown)(?:,SchedulingDisabled)?\t\S+\t{AGE}\tv\d.*"),
        _NODE,
    ),
    (re.compile(rf"{_NAME}(?:\t\d+){{5}}\t\S+\t{AGE}(?:\t.*)?"), _DAEMONSET),
    (re.compile(rf"{_NAME}\t\d+/\d+\t\d+\t\d+\t{AGE}(?:\t.*)?"), _DEPLOYMENT),
    (re.compile(rf"{_NAME}\t(?:ClusterIP|NodePort|LoadBalancer|ExternalName)\t.*"), _SERVICE),
    (re.compile(rf"{_NAME}\t(?:Opaque|kubernetes\.io/\S+|helm\.sh/\S+)\t\d+\t{AGE}"), _SECRET),
    (re.compile(rf"{EVENT_AGE}\t(?:Normal|Warning)\t\w+\t\w+/\S+(?:\t.*)?"), _EVENT),
)


def with_columns(table: Table, problems: list[str]) -> Table | None:
    """Give the table with the columns its first rows look like.

    None if they look like no known kind; ``problems`` then says what was left out. Rows that do not fit
    the others are left out too and counted there.
    """
    sample = [cells for _, cells in table.rows[:20]]
    for offset, lead in ((0, ()), (1, ("NAMESPACE",))):
        for shape, columns in _SHAPES:
            if any(_fits(shape, cells[offset:]) for cells in sample):
                rows = [(line, cells) for line, cells in table.rows if _fits(shape, cells[offset:])]
                if len(rows) < len(table.rows):
                    problems.append(f"line {table.line}: {len(table.rows) - len(rows)} lines are no rows of the table")
                return Table([*lead, *columns], rows, table.line, table.command)
    first = "  ".join(table.rows[0][1]) if table.rows else ""
    problems.append(f"line {table.line}: {len(table.rows)} lines are no known table: {first[:80]!r}")
    return None


def _fits(shape: re.Pattern[str], cells: Sequence[str]) -> bool:
    return bool(shape.fullmatch("\t".join(cells)))
