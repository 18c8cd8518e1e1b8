"""Fields of API objects out of values that a stranger's file may have given any shape."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from parsers.log_record import utc_time

#: what collectors write in place of a value they hide; no data
HIDDEN = frozenset({"***HIDDEN***", "[REDACTED]", "<redacted>", "REDACTED", "(redacted)"})


def mapping(value: Any) -> dict[str, Any]:
    """The value if it is a mapping, else an empty one."""
    return value if isinstance(value, dict) else {}


def entries(value: Any) -> Iterator[tuple[int, dict[str, Any]]]:
    """The mappings of a list with their places in it."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            if isinstance(item, dict):
                yield index, item


def text(value: Any) -> str:
    """A scalar as the API prints it; "" for nothing, collections and hidden values."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None or isinstance(value, dict | list) or value in HIDDEN:
        return ""
    return str(value)


def texts(value: Any) -> dict[str, str]:
    """A mapping of scalars (labels, annotations, resources) as text."""
    return {key: text(item) for key, item in mapping(value).items()}


def time(value: Any) -> datetime | None:
    """A time of the API; None for anything else."""
    return utc_time(value) if isinstance(value, str) else None


def number(value: Any) -> int | None:
    """A whole number; None for anything else."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None
