"""What ``date`` and ``timedatectl`` printed on a worker, beside the time that the cluster itself has.

==================== ==========================================================
fact                 meaning
==================== ==========================================================
clock-differs        the time printed lies days beside the newest heartbeat or lease
==================== ==========================================================
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime

from analyzer.facts.fact import Check, Fact
from analyzer.tables import Tables

_DAY_S = 24 * 3600.0
#: a terminal's output may have been copied long after the descriptions were made, hardly ever before
_AHEAD_S, _BEHIND_S = 60 * _DAY_S, 2 * _DAY_S
_FORMS = (
    (re.compile(r"^\w{3} (\w{3} [ \d]\d \d\d:\d\d:\d\d) (?:UTC|GMT) (\d{4})$"), "%b %d %H:%M:%S %Y"),
    (re.compile(r"^\w{3} ([ \d]\d \w{3}) (\d{4} \d\d:\d\d:\d\d) (?:UTC|GMT)$"), "%d %b %Y %H:%M:%S"),
    (re.compile(r"Universal time: \w{3} (\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d) UTC"), "%Y-%m-%d %H:%M:%S"),
)


def printed_date(text: str) -> datetime | None:
    """Read the output of ``date -u`` or the UTC line of ``timedatectl``; None for other texts and other zones."""
    for form, pattern in _FORMS:
        if found := form.search(text.strip()):
            try:
                return datetime.strptime(f"{found[1]} {found[2]}", pattern).replace(tzinfo=UTC)
            except ValueError:
                return None
    return None


def clocks_printed(tables: Tables) -> Iterator[Fact]:
    """clock-differs."""
    beats = [row.last_heartbeat for row in tables.rows.node_conditions if row.last_heartbeat is not None]
    newest = max(beats, default=None)
    for row in tables.rows.log_lines if newest is not None else ():
        if "date-printed" not in row.message_ids:
            continue
        printed = printed_date(row.message)
        apart = 0.0 if printed is None or newest is None else (printed - newest).total_seconds()
        if apart > _AHEAD_S or apart < -_BEHIND_S:
            way = "after" if apart > 0 else "before"
            detail = f"the clock shows {printed:%Y-%m-%d}, {abs(apart) / _DAY_S:.0f} days {way} the newest heartbeat"
            yield Fact("clock-differs", row.file, int(row.line), detail, row.node)


CHECKS: tuple[Check, ...] = (clocks_printed,)
