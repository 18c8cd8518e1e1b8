"""Error lines that no message of the catalogue covers, grouped into templates by drain3.

Templates that healthy clusters show as well (``knowledge/normal.yaml``) stand last; of the others the worst level, what
is new since the trouble began, and what is rare stand first.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import datetime, timedelta
from itertools import islice

from msgspec import Struct

from analyzer.tables import Tables
from parsers.rows import LogLineRow

MAX_LINES = 5000
BEFORE_ONSET = timedelta(minutes=10)  # the first sign may come a little before the line that dates the onset
_VALUES = (
    (
        re.compile(r"\b[a-z][a-z0-9-]{0,60}-[0-9a-f]{6,10}-[bcdfghjklmnpqrstvwxz2456789]{5}\b"),
        "<POD>",
    ),  # of a deployment
    (re.compile(r"0x[0-9a-fA-F]+"), "<HEX>"),
    (re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}(?:[:/]\d+)?\b"), "<IP>"),
    (re.compile(r"\b[0-9a-f]{12,64}\b"), "<ID>"),
    (re.compile(r"\b\d+(?:\.\d+)?(?:ms|µs|us|s|m|h)\b"), "<DURATION>"),
    (re.compile(r"\b\d+\b"), "<N>"),
)
LEVELS = ("PANIC", "FATAL", "ERROR", "WARNING")


class Template(Struct, frozen=True):
    """A group of alike lines nobody has explained yet."""

    template: str
    level: str
    count: int
    file: str
    line: int
    first_time: datetime | None
    last_time: datetime | None


def unrecognized(
    tables: Tables, normal: Collection[str] = (), onset: datetime | None = None, most: int = 40
) -> list[Template]:
    """Group error lines without a message id, the most telling group first.

    Args:
        tables: the bundle's tables.
        normal: lines, as :func:`masked` gives them, that healthy clusters show too.
        onset: when the trouble began; a group that begins after it (or shortly before) is new.
        most: how many groups are given.
    """
    lines = (row for row in tables.rows.log_lines if row.message_id == "" and row.level in LEVELS)
    unknown = list(islice(lines, MAX_LINES))
    if not unknown:
        return []
    from drain3 import TemplateMiner  # imported here: it costs start-up time
    from drain3.template_miner_config import TemplateMinerConfig

    config = TemplateMinerConfig()
    config.profiling_enabled = False
    miner = TemplateMiner(config=config)
    groups: dict[int, list[LogLineRow]] = {}
    for row in unknown:
        result = miner.add_log_message(masked(row.message)[:500])
        groups.setdefault(int(result["cluster_id"]), []).append(row)
    templates = {cluster.cluster_id: cluster.get_template() for cluster in miner.drain.clusters}
    found = [_template(templates[key], rows) for key, rows in groups.items()]
    usual = {key for key, rows in groups.items() if all(masked(row.message) in normal for row in rows)}
    order = {id(item): key in usual for key, item in zip(groups, found, strict=True)}
    found.sort(
        key=lambda item: (
            order[id(item)],
            LEVELS.index(item.level),
            not _new(item, onset),
            item.count,
            item.file,
            item.line,
        )
    )
    return found[:most]


def _new(item: Template, onset: datetime | None) -> bool:
    return onset is None or item.first_time is None or item.first_time >= onset - BEFORE_ONSET


def masked(message: str) -> str:
    """Give a message with its addresses, ids, durations and numbers replaced by their kind."""
    for pattern, name in _VALUES:
        message = pattern.sub(name, message)
    return message


def _template(template: str, rows: list[LogLineRow]) -> Template:
    first = rows[0]
    known = [time for row in rows for time in (row.time, row.last_time) if time is not None]
    return Template(
        template=template,
        level=first.level,
        count=sum(row.count for row in rows),
        file=first.file,
        line=first.line,
        first_time=min(known) if known else None,
        last_time=max(known) if known else None,
    )
