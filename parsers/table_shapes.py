"""Tables without headings (``--no-headers``, ``| grep``): which columns they have, by their cells' shapes."""

from __future__ import annotations

import re
from collections.abc import Sequence

from parsers.ages import AGE, EVENT_AGE
from parsers.lazy_pattern import lazy_pattern
from parsers.table_text import Table, split_cells

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
    (lazy_pattern(rf"{_NAME}\t\d+/\d+\t[A-Z][\w:/-]*\t\d+(?: \({AGE} ago\))?\t{AGE}(?:\t.*)?"), _POD),
    (
        lazy_pattern(rf"{_NAME}\t(?:Ready|NotReady|Unknown)(?:,SchedulingDisabled)?\t\S+\t{AGE}\tv\d.*"),
        _NODE,
    ),
    (lazy_pattern(rf"{_NAME}(?:\t\d+){{5}}\t\S+\t{AGE}(?:\t.*)?"), _DAEMONSET),
    (lazy_pattern(rf"{_NAME}\t\d+/\d+\t\d+\t\d+\t{AGE}(?:\t.*)?"), _DEPLOYMENT),
    (lazy_pattern(rf"{_NAME}\t(?:ClusterIP|NodePort|LoadBalancer|ExternalName)\t.*"), _SERVICE),
    (lazy_pattern(rf"{_NAME}\t(?:Opaque|kubernetes\.io/\S+|helm\.sh/\S+)\t\d+\t{AGE}"), _SECRET),
    (lazy_pattern(rf"{EVENT_AGE}\t(?:Normal|Warning)\t\w+\t\w+/\S+(?:\t.*)?"), _EVENT),
)


def with_columns(table: Table, problems: list[str]) -> Table | None:
    """Give the table with the columns its first rows look like.

    None if they look like no known kind; ``problems`` then says what was left out. Rows that do not fit
    the others are left out too and counted there.
    """
    for lead in ((), ("NAMESPACE",)):
        for shape, columns in _SHAPES:
            heads = [*lead, *columns]
            count = len(heads) if columns is _EVENT else 99  # a message may hold gaps itself
            rows = [(line, split_cells(cells[0], count)) for line, cells in table.rows]
            good: list[tuple[int, list[str]]] = []
            bad = 0
            for (line, cells), (_, (whole, *_)) in zip(rows, table.rows, strict=True):
                if _fits(shape, cells[len(lead) :]):
                    good.append((line, cells))
                elif good and columns is _EVENT and len(good[-1][1]) == count:
                    good[-1][1][-1] += "\n" + whole  # old kubectl prints a message's line breaks
                else:
                    bad += 1
            if good and bad:
                problems.append(f"line {table.line}: {bad} lines are no rows of the table")
            if good:
                return Table(heads, good, table.line, table.command)
    first = table.rows[0][1][0] if table.rows else ""
    problems.append(f"line {table.line}: {len(table.rows)} lines are no known table: {first.strip()[:80]!r}")
    return None


def _fits(shape: re.Pattern[str], cells: Sequence[str]) -> bool:
    return bool(shape.fullmatch("\t".join(cells)))
