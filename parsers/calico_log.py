"""Calico's own line format and logrus' two text forms.

Sources: projectcalico/calico ``libcalico-go/lib/logutils`` (Formatter), sirupsen/logrus ``text_formatter.go``.
"""

from __future__ import annotations

import re
from datetime import datetime

from parsers.lazy_pattern import lazy_pattern
from parsers.log_record import LogRecord, key_values, unquote, utc_time

_CALICO = lazy_pattern(
    r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}) \[(PANIC|FATAL|ERROR|WARNING|INFO|DEBUG|TRACE)\]\[(\d{1,10})\] "
    r"(?:([a-z][a-z0-9-]{0,60})/)?([^ /:]{1,200}|<nil>) (?:\d{1,9}|<nil>):[ ]?(.*)",
    re.DOTALL,
)
#: how such a line begins, without the groups: up to the name of its process, and from the source file on
CALICO_TIME = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} \[(?:PANIC|FATAL|ERROR|WARNING|INFO|DEBUG|TRACE)\]\[\d{1,10}\] "
CALICO_SOURCE = r"(?:[^ /:\n]{1,200}|<nil>) (?:\d{1,9}|<nil>):"
CALICO_HEAD = rf"{CALICO_TIME}(?:[a-z][a-z0-9-]{{0,60}}/)?{CALICO_SOURCE}"
_LOGRUS = lazy_pattern(
    r'time="([^"]{1,60})" level=(panic|fatal|error|warning|warn|info|debug|trace) msg=("(?:[^"\\]|\\.)*"|\S*)(.*)',
    re.DOTALL,
)
_LOGRUS_TERMINAL = lazy_pattern(r"(PANI|FATA|ERRO|WARN|INFO|DEBU|TRAC)\[\d{1,12}\] (.*)", re.DOTALL)
_LONG_NAMES = {
    "PANI": "PANIC",
    "FATA": "FATAL",
    "ERRO": "ERROR",
    "WARN": "WARNING",
    "INFO": "INFO",
    "DEBU": "DEBUG",
    "TRAC": "TRACE",
}


def read_calico(text: str) -> LogRecord | None:
    """Read a line of Calico's formatter, of any release; None for anything else.

    ``component`` is "" where the release prints none, ``source`` is "" for ``<nil> <nil>``.
    """
    found = _CALICO.match(text)
    if found is None:
        return None
    stamp, level, pid, component, source, message = found.groups()
    time = utc_time(stamp)
    return LogRecord(
        kind="calico",
        message=message.strip(),
        time=time,
        own_time=time is not None,
        level=level,
        pid=int(pid),
        component=component or "",
        source="" if source == "<nil>" else source,
    )


def identity_of_calico(text: str) -> tuple[str, int, str, str, str] | None:
    """Give component, process, level, source and message of a line of Calico's formatter: all but its time."""
    found = _CALICO.match(text)
    if found is None:
        return None
    _, level, pid, component, source, message = found.groups()
    return component or "", int(pid), level, "" if source == "<nil>" else source, message.strip()


def time_of_calico(text: str) -> datetime | None:
    """When a line of Calico's formatter was written; None for anything else."""
    found = _CALICO.match(text)
    return utc_time(found[1]) if found else None


def read_logrus(text: str) -> LogRecord | None:
    """Read a line of logrus' text formatter (``time="..." level=...`` or ``INFO[0000] ...``).

    The message is put into Calico's form: text, then ``key=value`` with ``error`` unquoted.
    """
    found = _LOGRUS.match(text)
    if found is None:
        short = _LOGRUS_TERMINAL.match(text)
        if short is None:
            return None
        return LogRecord(kind="logrus", message=short[2].strip(), level=_LONG_NAMES[short[1]])
    stamp, level, message, rest = found.groups()
    if message.startswith('"'):
        message = unquote(message[1:-1])
    fields = key_values(rest) if rest else {}
    source = fields.pop("source", "")
    error = fields.get("error")
    parts = [message.strip(), *([f"error={error}"] if error is not None else [])]
    parts += [f'{key}="{value}"' for key, value in fields.items() if key != "error"]
    time = utc_time(stamp)
    return LogRecord(
        kind="logrus",
        message=" ".join(parts),
        time=time,
        own_time=time is not None,
        level="WARNING" if level == "warn" else level.upper(),
        source=source.partition(":")[0],
        fields=fields,
    )
