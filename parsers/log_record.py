"""What one log line says once its dress is off: the :class:`LogRecord`, times, run-time values, fields."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache

from msgspec import Struct

from parsers.lazy_pattern import lazy_pattern

#: a single line or record is cut to this many characters
MAX_LINE = 65_536

#: levels that make a line worth a row whatever it says
BAD_LEVELS = frozenset({"PANIC", "FATAL", "ERROR", "WARNING"})
_ZONELESS, _IN_UTC = datetime(2000, 1, 1), datetime(2000, 1, 1, tzinfo=UTC)
#: (month, day, "HH:MM:SS.ffffff") of formats that print no year (klog, syslog)
Yearless = tuple[int, int, str]


class LogRecord(Struct):
    """One log record: the parsed first line and what was joined to it.

    Attributes:
        kind: calico | logrus | klog | json | go-log | bird | shell | plain | trace: the format it was in.
        message: text after the prefix, with its ``key=value`` fields and continuation lines.
        line: 1-based line of the text it begins on; ``last_line`` the one it ends on.
        time: when it was written; of a record without a time of its own, the last time known before it.
        own_time: whether ``time`` stands on the record (or its dress) itself.
        match_text: what the message catalogue is asked with, where that differs from the message.
    """

    kind: str
    message: str
    line: int = 0
    last_line: int = 0
    time: datetime | None = None
    own_time: bool = False
    level: str = ""
    component: str = ""
    pid: int | None = None
    source: str = ""
    fields: dict[str, str] | None = None
    match_text: str = ""
    yearless: Yearless | None = None


def utc_time(text: str) -> datetime | None:
    """Read an ISO 8601 time; without a zone it is UTC (Calico's images carry no zone data).

    Years that no cluster can have (before 2000, after 2099) give None, like text that is no time.
    """
    try:
        time = datetime.fromisoformat(text)
        # ``replace`` takes five times as long to say that a time is UTC
        time = _IN_UTC + (time - _ZONELESS) if time.tzinfo is None else time.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return time if 2000 <= time.year < 2100 else None


def epoch_time(seconds: float) -> datetime | None:
    """Read seconds since 1970; None outside 2000 to 2099."""
    try:
        time = datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return time if 2000 <= time.year < 2100 else None


def with_year(stamp: Yearless, near: datetime | None) -> datetime | None:
    """Complete a time without year by the year that brings it closest to ``near``; None without one."""
    if near is None:
        return None
    month, day, clock = stamp
    best: datetime | None = None
    for year in (near.year - 1, near.year, near.year + 1):
        time = utc_time(f"{year:04d}-{month:02d}-{day:02d}T{clock}")
        if time is not None and (best is None or abs(time - near) < abs(best - near)):
            best = time
    return best


# Addresses stay (who could not be reached tells one problem from another), what changes from line to line goes.
_VALUES = lazy_pattern(
    r"\d{4}-\d\d-\d\d(?:T\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?)?"
    r"|(?<![\w:])\d\d:\d\d:\d\d(?:\.\d{1,9})?(?![\w:])"
    r"|(?P<keep>(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?:/\d{1,2})?(?::\d{1,4}(?!\d))?"
    r"|(?<![\w:])(?:[0-9a-fA-F]{0,4}:){2,7}[0-9a-fA-F]{0,4}(?![\w:]))"
    r"|(?<![0-9a-zA-Z-])[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
    r"|0x[0-9a-fA-F]{1,32}"
    r"|(?<![\w-])(?=[a-f]{0,40}\d)[0-9a-f]{10,64}(?![\w-])"
    r"|(?<![\w.-])(?:\d{1,6}h)?(?:\d{1,6}m)?\d{1,20}(?:\.\d{1,9})?(?:ns|µs|us|ms|s|m|h|%|[KMGT]i?B?)?(?!\w|-\w)"
)


@lru_cache(maxsize=512)  # of a line that is kept it is asked when it is new, to tell its group, and for its row
def template(text: str) -> str:
    """Give ``text`` with times, counts, durations, handles and ephemeral ports replaced by ``N``.

    Two lines with the same template say the same thing; addresses and names are kept.

    >>> template("retry 12 after 1m2.3s: read tcp 10.0.0.1:41022->10.0.0.2:443: i/o timeout")
    'retry N after N: read tcp 10.0.0.1:N->10.0.0.2:443: i/o timeout'
    """
    return " ".join([word if word.isalpha() else _word_template(word) for word in text.split(" ")])


@lru_cache(maxsize=16_384)
def _word_template(word: str) -> str:
    """The template of one word; words are few and repeat, so this is far cheaper than one search of the text."""
    return _VALUES.sub(lambda found: found["keep"] or "N", word)


_KEY = lazy_pattern(r"[A-Za-z][\w./-]{0,60}")
_QUOTED = lazy_pattern(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_ESCAPE = lazy_pattern(r"\\(.)", re.DOTALL)
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r"}
_FIELDS_FROM = 16_384
_MOST_FIELDS = 40


def unquote(text: str) -> str:
    """Undo the backslash escapes of a Go string (without its quotes)."""
    return _ESCAPE.sub(lambda found: _ESCAPED.get(found[1], found[1]), text) if "\\" in text else text


def key_values(text: str) -> dict[str, str]:
    """Read the ``key=value`` fields of a message, best effort and in linear time.

    Calico sorts the keys and prints errors unquoted, with blanks, ``=`` and newlines in them (lib/logutils,
    Formatter), so a word with ``=`` that breaks the order belongs to the value before it. klog quotes all texts.

    >>> key_values('Failed error=Get "https://10.0.0.1?a=b": no x=y way ipVersion=0x4 table="nat"')
    {'error': 'Get "https://10.0.0.1?a=b": no x=y way', 'ipVersion': '0x4', 'table': 'nat'}
    """
    fields: dict[str, str] = {}
    text = text[:_FIELDS_FROM]
    if "=" not in text:
        return fields
    for key, start, end in _real_keys(_key_places(text), sorted_keys=not text.startswith('"')):
        value = text[start:end].strip()
        quoted = _QUOTED.fullmatch(value)
        fields.setdefault(key, unquote(quoted[1]) if quoted else value)
    return fields


def _key_places(text: str) -> list[tuple[str, int, int, bool]]:
    """All ``key=`` outside quoted values: (key, its place, place of the value, whether the value is quoted)."""
    places: list[tuple[str, int, int, bool]] = []
    words = text.replace("\n", " ").replace("\t", " ")
    end, skip_to = words.find("="), 0
    while end >= 0 and len(places) < _MOST_FIELDS:
        begin = words.rfind(" ", 0, end) + 1  # only the first "=" of a word can end a key
        if begin >= skip_to and _KEY.fullmatch(text, begin, end):
            start = end + 1
            quoted = _QUOTED.match(text, start)
            whole = quoted is not None and text[quoted.end() : quoted.end() + 1] in ("", " ", "\n")
            if quoted is not None and whole:
                skip_to = quoted.end()
            places.append((text[begin:end], begin, start, whole))
        blank = words.find(" ", end)
        end = words.find("=", blank) if blank >= 0 else -1
    # of the values, each ends before the next key; the text's end closes the last
    return [*places, ("", len(text), len(text), False)]


def _real_keys(places: list[tuple[str, int, int, bool]], sorted_keys: bool) -> list[tuple[str, int, int]]:
    """Leave out what looks like a key but stands inside a value; give (key, start, end of its value)."""
    kept: list[tuple[str, int, int]] = []
    end, bound = places[-1][1], ""
    first_error = next((number for number, place in enumerate(places) if place[0] == "error"), -1)
    for number in range(len(places) - 2, -1, -1):
        key, begin, start, quoted = places[number]
        if sorted_keys and not quoted:
            inside_error = number > first_error >= 0 and key <= "error"
            if inside_error or (bound and key >= bound and number != first_error):
                continue
        kept.append((key, start, end))
        end, bound = begin, key
    return kept[::-1]
