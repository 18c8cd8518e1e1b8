"""``journalctl`` of the kubelet, the container runtime and the kernel: problems and known messages."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from parsers.klog import read_klog
from parsers.log_record import template, utc_time
from parsers.rows import LogLineRow
from parsers.source import Match, Parsed, Source

_LINE = re.compile(
    r"^(?P<stamp>[A-Z][a-z]{2} +\d+ \d\d:\d\d:\d\d|\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:?\d\d)) (?P<host>\S+) "
    r"(?P<program>[\w.-]+)(?:\[(?P<pid>\d+)\])?: (?P<message>.*)$"
)
_LEVEL = re.compile(r'level=(warning|error|fatal|panic)\b|"level":"(warn|error)"')
_TROUBLE = re.compile(r"\b(?:error|fail(?:ed|ure)?|cannot|unable|oom|killed|dropping|denied)\b", re.IGNORECASE)
MOST_ROWS = 2000


def parse_kubelet_journal(text: str, source: Source, match: Match) -> Parsed:
    """Read journal lines; equal problems of one program become one row with count, first and last time.

    Stamps without a year get that of the collection; the journal's host is the row's node.
    """
    parsed = Parsed()
    rows: dict[tuple[str, str, str], LogLineRow] = {}
    year = (source.collected or datetime.now(UTC)).year
    for number, line in enumerate(text.split("\n"), start=source.first_line):
        found = _LINE.match(line[:65536])
        if not found:
            continue
        program, message = found.group("program").lower(), found.group("message")
        record = read_klog(message)
        level = record.level if record else _level(message)
        ids = match(message)
        if not ids and level not in ("WARNING", "ERROR", "FATAL") and not _TROUBLE.search(message[:1000]):
            continue
        time = _time(found.group("stamp"), year)
        key = (program, level, template(message[:400]))
        known = rows.get(key)
        if known is not None:
            known.count += 1
            known.last_time, known.last_line = time or known.last_time, number
            continue
        if len(rows) >= MOST_ROWS:
            parsed.problems.append(f"more than {MOST_ROWS} distinct problems: the rest was not listed")
            break
        rows[key] = LogLineRow(
            file=source.path, line=number, pod="", node=source.node or found.group("host"), container="",
            time=time, level=level, component=program, pid=int(found.group("pid") or 0) or None, message=message[:4000],
            message_id=ids[0] if ids else "", message_ids=ids, last_time=time, last_line=number, raw=line[:4000],
        )  # fmt: skip
    parsed.log_lines.extend(rows.values())
    return parsed


def _level(message: str) -> str:
    found = _LEVEL.search(message[:2000])
    if not found:
        return ""
    word = (found.group(1) or found.group(2)).upper()
    return "WARNING" if word in ("WARN", "WARNING") else word


def _time(stamp: str, year: int) -> datetime | None:
    if stamp[0].isdigit():
        return utc_time(stamp)
    try:
        return datetime.strptime(f"{year} {' '.join(stamp.split())}", "%Y %b %d %H:%M:%S").replace(tzinfo=UTC)
    except ValueError:
        return None


def looks_like(sample: str) -> float:
    """Share of lines that are journal lines."""
    lines = [line for line in sample.split("\n")[:100] if line.strip()]
    return sum(bool(_LINE.match(line)) for line in lines) / len(lines) if lines else 0.0
