"""The kinds of line that Calico's containers write, each taken apart once its dress is off.

Formats: Calico's logrus formatter, logrus' text form, klog, zap JSON (tigera-operator), BIRD, plain text.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime

from parsers.log_dress import parse_time

_CALICO = re.compile(
    r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}) \[(PANIC|FATAL|ERROR|WARNING|INFO|DEBUG|TRACE)\]\[(\d+)\] "
    r"(?:([a-z][a-z0-9-]*)/)?([^ /:]+) (\d+|<nil>): ?(.*)$",
    re.DOTALL,
)
_LOGRUS = re.compile(r'time="([^"]+)" level=(\w+) msg=("(?:[^"\\]|\\.)*"|\S+)(.*)$', re.DOTALL)
_KLOG = re.compile(r"([IWEF])(\d\d)(\d\d) (\d\d:\d\d:\d\d\.\d{6}) +(\d+) ([^:\]\s]+):(\d+)\] ?(.*)$", re.DOTALL)
_BIRD = re.compile(r"(?:bird6?: ?)+")
_PLAIN_STAMP = re.compile(r"(\d{4}[-/]\d\d[-/]\d\d[ T]\d\d:\d\d:\d\d(?:[.,]\d+)?)Z? +(.*)$", re.DOTALL)
_PLAIN_COMPONENT = re.compile(r"(?:\[(\w+)\] +)?([a-z][a-z0-9-]{2,30}): +(.*)$", re.DOTALL)
_TRACE = re.compile(
    r"(?:panic: |fatal error: |runtime: |SIGABRT: |SIGSEGV: |unexpected fault address "
    r"|goroutine \d+ (?:gp=\S+ m=\S+ mp=\S+ )?\[)"
)
_IN_TRACE = re.compile(
    r"(?:$|\t|\[signal |goroutine \d+ |created by |exit status \d+$|(?:r[a-z0-9]{1,3}|pc|sp) +0x"
    r"|\.\.\.additional frames|[\w./*()\[\]{}·~%-]+\(.*\)$)"
)
_LEVELS = {"I": "INFO", "W": "WARNING", "E": "ERROR", "F": "FATAL"}
_KNOWN_LEVELS = {"PANIC", "FATAL", "ERROR", "WARNING", "INFO", "DEBUG"}
_WORDS = {"WARN": "WARNING", "ERR": "ERROR"}
#: plain lines without a level that plainly tell trouble
_TROUBLE = re.compile(
    r"\b(?:error|failed|failure|cannot|can't|could not|couldn't|unable to|denied|refused|timed out|fatal|no such"
    r"|not found|invalid)\b",
    re.IGNORECASE,
)
_FIELD = re.compile(r" ([A-Za-z][A-Za-z0-9_.]*)=")


@dataclass(slots=True)
class LogLine:
    """One line taken apart; "" or None where its kind has no such part."""

    kind: str  # calico | logrus | klog | zap | bird | plain | trace
    message: str
    time: datetime | None = None
    level: str = ""
    component: str = ""
    pid: int | None = None
    source: str = ""
    fields: dict[str, str] = field(default_factory=dict)


def take_apart(text: str, year: int = 0) -> LogLine | None:
    """Give the line's parts, None for an empty line.

    Args:
        text: the line without its dress.
        year: year for klog's stamps, which have none; 0 = their time stays unknown.
    """
    if not text.strip():
        return None
    if text[:2].isdigit() and (match := _CALICO.match(text)):
        stamp, level, pid, component, source, _, message = match.groups()
        return LogLine(
            "calico", message, parse_time(stamp), level, component or "", int(pid), source, fields_of(message)
        )
    if text.startswith("time=") and (match := _LOGRUS.match(text)):
        return _logrus(match)
    if text[0] in "IWEF" and (match := _KLOG.match(text)):
        level, month, day, clock, pid, source, _, message = match.groups()
        time = parse_time(f"{year:04d}-{month}-{day}T{clock}Z") if year else None
        return LogLine("klog", message, time, _LEVELS[level], "", int(pid), source)
    if text.startswith("bird") and (match := _BIRD.match(text)):
        return LogLine("bird", text[match.end() :], component="bird")
    if text[0] == "{":
        zap = _zap(text)
        if zap is not None:
            return zap
    if _TRACE.match(text):
        return LogLine("trace", text, level="PANIC" if text.startswith(("panic", "fatal error", "SIG")) else "")
    return _plain(text)


def in_trace(text: str) -> bool:
    """Whether the line can belong to a Go stack trace that began before it."""
    return bool(_IN_TRACE.match(text))


def tells_trouble(message: str) -> bool:
    """Whether a line without a level reads like a problem."""
    return bool(_TROUBLE.search(message[:2000]))


def fields_of(message: str) -> dict[str, str]:
    """The ``key=value`` fields after a Calico message; keys are sorted, an unquoted value may hold blanks.

    A value ends where the next key begins that is greater than its own key (log formatter of libcalico-go).
    """
    found: dict[str, str] = {}
    last, start = "", -1
    for match in _FIELD.finditer(message[:8192]):
        key = match.group(1)
        if last and key <= last:
            continue
        if last:
            found[last] = _unquoted(message[start : match.start()])
        last, start = key, match.end()
    if last:
        found[last] = _unquoted(message[start:8192])
    return found


def _unquoted(value: str) -> str:
    value = value.strip()
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] == '"' else value


def _logrus(match: re.Match[str]) -> LogLine:
    stamp, level, message, rest = match.groups()
    words = message[1:-1].replace('\\"', '"').replace("\\n", "\n") if message.startswith('"') else message
    fields = {key: value.strip('"') for key, value in re.findall(r' ([\w.]+)=("(?:[^"\\]|\\.)*"|\S+)', rest)}
    source = fields.pop("source", "").partition(":")[0]
    name = _WORDS.get(level.upper(), level.upper())
    return LogLine("logrus", f"{words}{rest}", parse_time(stamp), name, "", None, source, fields)


def _zap(text: str) -> LogLine | None:
    try:
        item = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(item, dict) or not isinstance(item.get("msg"), str):
        return None
    stamp = item.get("ts", item.get("time"))
    time = parse_time(stamp) if isinstance(stamp, str) else None
    if isinstance(stamp, int | float) and 0 < stamp < 1e11:
        time = datetime.fromtimestamp(stamp, UTC)
    level = str(item.get("level", "")).upper()
    skip = {"msg", "level", "ts", "time", "logger", "stacktrace", "caller"}
    fields = {key: str(value) for key, value in item.items() if key not in skip and value not in ("", None)}
    words = " ".join([item["msg"], *(f"{key}={value}" for key, value in sorted(fields.items()))])
    return LogLine(
        "zap", words, time, _WORDS.get(level, level), str(item.get("logger", "")) or "operator", None, "", fields
    )


def _plain(text: str) -> LogLine:
    time, message = None, text
    if match := _PLAIN_STAMP.match(text):
        time = parse_time(match.group(1).replace("/", "-").replace(",", ".").replace(" ", "T") + "Z")
        message = match.group(2)
    component = level = ""
    if match := _PLAIN_COMPONENT.match(message):
        level, component = (match.group(1) or "").upper(), match.group(2)
    if not level and (match := re.match(r"\[?(PANIC|FATAL|ERROR|WARN(?:ING)?|INFO)\b\]?:? ?", message)):
        level = match.group(1)
    level = _WORDS.get(level, level)
    return LogLine("plain", message, time, level if level in _KNOWN_LEVELS else "", component)
