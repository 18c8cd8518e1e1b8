"""What ``date``, ``timedatectl`` and ``hwclock`` printed on workers, beside one another and the cluster's own time.

==================== =========================================================================================
fact                 meaning
==================== =========================================================================================
clock-differs        the time printed lies days beside the newest heartbeat (or log), a quarter of an hour beside
                     that of another host asked in the same moment, or before the beginning of a certificate
==================== =========================================================================================
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from analyzer.facts.fact import Check, Fact
from analyzer.facts.observed import places
from analyzer.tables import Tables
from parsers.lazy_pattern import lazy_pattern

_DAY_S = 24 * 3600.0
#: a terminal's output may have been copied long after the descriptions were made, hardly ever before
_AHEAD_S, _BEHIND_S = 60 * _DAY_S, 2 * _DAY_S
#: hosts asked one after another, in a loop or from window to window
_TOGETHER_LINES, _APART_S, _AGREE_S = 4, 900.0, 180.0
_WORDS = r"\w{3} (\w{3} [ \d]\d) (\d\d:\d\d:\d\d) ([AP]M )?(?:UTC|GMT|[A-Z]{3,5}) (\d{4})$"
_FORMS = (
    (re.compile(_WORDS), "%b %d {clock} %Y"),
    (re.compile(r"\w{3} ([ \d]\d \w{3}) (\d{4} \d\d:\d\d:\d\d) ?([AP]M)?(?: [A-Z]{3,5})?()$"), "%d %b {clock}"),
    (re.compile(r"Universal time: \w{3} (\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d) ()UTC()"), "%Y-%m-%d {clock}"),
    (
        re.compile(r"(?:^|: ?)(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:[.,]\d{1,9})?()(?:Z|[+-]00:?00)()$"),
        "%Y-%m-%d {clock}",
    ),
)
_NOT_BEFORE = lazy_pattern(r"notBefore=(\w{3} [ \d]\d \d\d:\d\d:\d\d \d{4}) GMT")


def printed_date(text: str) -> datetime | None:
    """Read the output of ``date`` or ``hwclock``, or the UTC line of ``timedatectl``; None for other texts.

    The zone is taken to be UTC whatever it is: hosts that are compared are in one, and days do not depend on it.
    """
    for form, pattern in _FORMS:
        if found := form.search(text.strip()):
            day, clock, half, year = found[1], found[2], (found[3] or "").strip(), found[4]
            hours = "%I:%M:%S %p" if half else "%H:%M:%S"
            wanted = pattern.format(clock=f"%Y {hours}" if len(clock) > len("00:00:00") else hours)
            try:
                words = " ".join(part for part in (day, clock, half, year) if part)
                return datetime.strptime(words, wanted).replace(tzinfo=UTC)
            except ValueError:
                return None
    return None


def clocks_printed(tables: Tables) -> Iterator[Fact]:
    """clock-differs."""
    printed = [
        (row, date)
        for row in tables.rows.log_lines
        if "date-printed" in row.message_ids and (date := printed_date(row.message)) is not None
    ]
    if printed:
        yield from _beside_the_cluster(printed, _newest(tables))
        yield from _beside_another(printed)
        yield from _before_a_certificate(tables, printed)


def _newest(tables: Tables) -> tuple[datetime, str] | None:
    beats = [row.last_heartbeat for row in tables.rows.node_conditions if row.last_heartbeat is not None]
    if beats:
        return max(beats), "the newest heartbeat"
    logged = [moment for row in tables.rows.log_lines if row.pod and (moment := row.last_time or row.time) is not None]
    return (max(logged), "the newest line of a log") if logged else None


def _beside_the_cluster(printed: list[tuple[Any, datetime]], newest: tuple[datetime, str] | None) -> Iterator[Fact]:
    for row, date in printed if newest is not None else ():
        moment, what = newest or (date, "")
        apart = (date - moment).total_seconds()
        if apart > _AHEAD_S or apart < -_BEHIND_S:
            way = "after" if apart > 0 else "before"
            detail = f"the clock shows {date:%Y-%m-%d}, {abs(apart) / _DAY_S:.0f} days {way} {what}"
            yield Fact("clock-differs", row.file, int(row.line), detail, row.node)


def _beside_another(printed: list[tuple[Any, datetime]]) -> Iterator[Fact]:
    """Clocks of several hosts that were printed one directly after another: one lies beside those that agree."""
    ordered = sorted(printed, key=lambda item: (item[0].file, item[0].line))
    groups: list[list[tuple[Any, datetime]]] = []
    for row, date in ordered:
        last = groups[-1][-1][0] if groups else None
        near = last is not None and last.file == row.file and row.line - last.line <= _TOGETHER_LINES
        if near and last is not None and _zone(last.message) == _zone(row.message):
            groups[-1].append((row, date))
        else:
            groups.append([(row, date)])
    for group in groups:
        middle = sorted(date for _, date in group)[len(group) // 2]
        agree = [item for item in group if abs((item[1] - middle).total_seconds()) <= _AGREE_S]
        for row, date in group if len(agree) >= 2 else ():
            apart = (date - middle).total_seconds()
            if abs(apart) > _APART_S:
                detail = f"this clock lies {timedelta(seconds=round(abs(apart)))} beside those asked with it"
                yield Fact("clock-differs", row.file, int(row.line), detail, row.node, also=places([agree[0][0]]))


def _zone(message: str) -> str:
    found = re.search(r"\b(?:UTC|GMT|[A-Z]{3,5})\b(?! ?time)|(?:Z|[+-]00:?00)$", message.strip())
    return "" if found is None or found[0] in ("UTC", "GMT") or found[0][0] in "Z+-" else found[0]


def _before_a_certificate(tables: Tables, printed: list[tuple[Any, datetime]]) -> Iterator[Fact]:
    """A host's clock that lies before the beginning of a certificate, which was made by a clock that is right."""
    for row in tables.rows.log_lines:
        found = _NOT_BEFORE.search(row.message) if "certificate-begins" in row.message_ids else None
        if found is None:
            continue
        begins = datetime.strptime(found[1], "%b %d %H:%M:%S %Y").replace(tzinfo=UTC)
        for other, date in printed:
            if other.file == row.file and (begins - date).total_seconds() > 60.0:
                detail = f"the clock shows {date:%Y-%m-%d %H:%M}, a certificate begins only at {begins:%Y-%m-%d %H:%M}"
                place = [other]
                yield Fact("clock-differs", row.file, int(row.line), detail, row.node, also=places(place))
                return


CHECKS: tuple[Check, ...] = (clocks_printed,)
