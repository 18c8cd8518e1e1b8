"""Error lines that no message of the catalogue covers, grouped into templates by drain3."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pandas as pd

from analyzer.inventory import text
from analyzer.tables import Tables, each

MAX_LINES = 5000
_VALUES = (
    (re.compile(r"0x[0-9a-fA-F]+"), "<HEX>"),
    (re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}(?:[:/]\d+)?\b"), "<IP>"),
    (re.compile(r"\b[0-9a-f]{12,64}\b"), "<ID>"),
    (re.compile(r"\b\d+(?:\.\d+)?(?:ms|µs|us|s|m|h)\b"), "<DURATION>"),
    (re.compile(r"\b\d+\b"), "<N>"),
)
LEVELS = ("PANIC", "FATAL", "ERROR", "WARNING")


@dataclass(frozen=True, slots=True)
class Template:
    """A group of alike lines nobody has explained yet."""

    template: str
    level: str
    count: int
    file: str
    line: int
    first_time: pd.Timestamp | None
    last_time: pd.Timestamp | None


def unrecognized(tables: Tables, most: int = 40) -> list[Template]:
    """Group error lines without a message id; the rare ones of the worst level come first."""
    lines = tables.log_lines
    unknown = lines[(lines["message_id"] == "") & lines["level"].isin(LEVELS)].head(MAX_LINES)
    if not len(unknown):
        return []
    from drain3 import TemplateMiner  # imported here: it costs start-up time
    from drain3.template_miner_config import TemplateMinerConfig

    config = TemplateMinerConfig()
    config.profiling_enabled = False
    miner = TemplateMiner(config=config)
    groups: dict[int, list[object]] = {}
    for row in each(unknown):
        result = miner.add_log_message(_masked(text(row.message))[:500])
        groups.setdefault(int(result["cluster_id"]), []).append(row)
    templates = {cluster.cluster_id: cluster.get_template() for cluster in miner.drain.clusters}
    found = [_template(templates[key], rows) for key, rows in groups.items()]
    found.sort(key=lambda item: (LEVELS.index(item.level), item.count, item.file, item.line))
    return found[:most]


def _masked(message: str) -> str:
    for pattern, name in _VALUES:
        message = pattern.sub(name, message)
    return message


def _template(template: str, rows: list[object]) -> Template:
    first = rows[0]
    times = [getattr(row, "time", None) for row in rows] + [getattr(row, "last_time", None) for row in rows]
    known = [time for time in times if time is not None and not pd.isna(time)]
    return Template(
        template=template,
        level=str(getattr(first, "level", "")),
        count=sum(int(getattr(row, "count", 1)) for row in rows),
        file=str(getattr(first, "file", "")),
        line=int(getattr(first, "line", 0)),
        first_time=min(known) if known else None,
        last_time=max(known) if known else None,
    )
