"""JSON lines of tigera-operator (zap) and lines of Go's log package that stand between them.

Sources: tigera/operator ``main.go`` (controller-runtime's zap encoder: level, ts, logger, msg, then the fields
of the call), Go's ``log`` package. ``ts`` is RFC 3339 since operator v1.29, seconds since 1970 before.
"""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import Any

from parsers.lazy_pattern import lazy_pattern
from parsers.log_record import LogRecord, epoch_time, utc_time

_LEVELS = {
    "trace": "TRACE",
    "debug": "DEBUG",
    "info": "INFO",
    "warn": "WARNING",
    "warning": "WARNING",
    "error": "ERROR",
    "dpanic": "PANIC",
    "panic": "PANIC",
    "fatal": "FATAL",
}
_OWN = ("level", "ts", "time", "timestamp", "logger", "caller", "msg", "stacktrace")
_GO_LOG = lazy_pattern(r"(\d{4})/(\d\d)/(\d\d) (\d\d:\d\d:\d\d(?:\.\d{1,6})?) (?:\[([A-Z]{4,7})\] )?(.*)", re.DOTALL)


def json_object(text: str) -> dict[str, Any] | None:
    """Decode a line that is one JSON object; None if it is not, or too deep or odd to be decoded."""
    if not (text.startswith("{") and text.rstrip().endswith("}")):
        return None
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return content if isinstance(content, dict) else None


def is_log_object(content: dict[str, Any]) -> bool:
    """Tell whether a JSON object is a structured log record itself (not a collector's wrapping)."""
    return isinstance(content.get("msg"), str) and str(content.get("level", "")).lower() in _LEVELS


def read_json(text: str) -> LogRecord | None:
    """Read a zap (or logrus JSON) record. ``source`` is the logger's name.

    The message is ``msg`` and the fields as ``key=value``, ``error`` first and unquoted; the stack trace is
    left to the raw line. ``match_text`` also holds the JSON itself.
    """
    content = json_object(text)
    if content is None or not is_log_object(content):
        return None
    fields = {str(key): _plain(value) for key, value in content.items() if key not in _OWN}
    parts = [content["msg"].strip()]
    if fields.get("error"):
        parts.append(f"error={fields['error']}")
    parts += [f'{key}="{value}"' for key, value in fields.items() if key != "error" and value]
    message = " ".join(parts)
    time = _time(content)
    return LogRecord(
        kind="json",
        message=message,
        time=time,
        own_time=time is not None,
        level=_LEVELS[str(content["level"]).lower()],
        source=_plain(content.get("logger", "")),
        fields=fields,
        match_text=f"{message}\n{text}",
    )


def read_go_log(text: str) -> LogRecord | None:
    """Read a line of Go's log package, ``2026/02/12 06:20:10 [INFO] Version: v1.36.5``."""
    found = _GO_LOG.match(text)
    if found is None:
        return None
    year, month, day, clock, level, message = found.groups()
    time = utc_time(f"{year}-{month}-{day}T{clock}")
    return LogRecord(
        kind="go-log",
        message=message.strip(),
        time=time,
        own_time=time is not None,
        level=_LEVELS.get((level or "").lower(), ""),
    )


def _plain(value: object) -> str:
    if isinstance(value, str):
        return value
    try:
        return json.dumps(value, ensure_ascii=False)
    except (ValueError, RecursionError):
        return ""


def _time(content: dict[str, Any]) -> datetime | None:
    for key in ("ts", "time", "timestamp"):
        value = content.get(key)
        if isinstance(value, str):
            return utc_time(value)
        if isinstance(value, int | float) and not isinstance(value, bool):
            try:
                return epoch_time(float(value)) if abs(value) < 1e12 else epoch_time(value / 1000)
            except OverflowError:  # a number that no float is large enough for
                return None
    return None
