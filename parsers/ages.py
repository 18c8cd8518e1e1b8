"""Ages and times as kubectl prints them.

kubectl shows ages with ``duration.HumanDuration`` (k8s.io/apimachinery ``util/duration``): at most two
units, years of 365 days; an unset time is ``<unknown>``, one in the future ``<invalid>``. An event's
age is ``<last> (x<count> over <first>)`` when it was seen more than once. Times are printed in the
zone of the machine that ran kubectl, in Go's RFC 1123 form with a numeric zone.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from msgspec import Struct

from parsers.lazy_pattern import lazy_pattern

_SECONDS = {"y": 365 * 86400, "d": 86400, "h": 3600, "m": 60, "s": 1, "ms": 0.001}

#: regex text of one age; it has no groups of its own
AGE = r"(?:<unknown>|<invalid>|-?(?:\d{1,9}(?:\.\d{1,9})?(?:ms|[ydhms])){1,6})"
#: regex text of an event's age, with its repetition if it has one
EVENT_AGE = rf"{AGE}(?: \(x\d{{1,12}} over {AGE}\))?"

_PART = lazy_pattern(r"(\d{1,9}(?:\.\d{1,9})?)(ms|[ydhms])")
_AGE = lazy_pattern(AGE)
_EVENT_AGE = lazy_pattern(rf"({AGE})(?: \(x(\d{{1,12}}) over ({AGE})\))?")
_MONTHS = {
    name: number
    for number, name in enumerate(
        ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"), start=1
    )
}
#: regex text of a time in Go's RFC1123Z form
GO_TIME = r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d? [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d [+-]\d{4}"
_RFC1123 = lazy_pattern(
    r"(?:[A-Z][a-z]{2}, )?(\d\d?) ([A-Z][a-z]{2}) (\d{4}) (\d\d):(\d\d):(\d\d) (?:([+-])(\d\d)(\d\d)|([A-Z]{3,5}))"
)
_ISO = lazy_pattern(
    r"(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?"
    r" ?(?:(Z|UTC)|([+-])(\d\d):?(\d\d))?(?: [A-Z]{3,5})?"
)


class EventAge(Struct, frozen=True):
    """The age column of an event in seconds; None where kubectl knew none."""

    age_s: float | None
    first_age_s: float | None
    count: int = 1


def age_seconds(text: str) -> float | None:
    """Give the seconds of an age like ``3d4h``; None for ``<unknown>``, ``<invalid>`` and other text."""
    text = text.strip()
    if not _AGE.fullmatch(text) or text.startswith("<"):
        return None
    total = sum(float(number) * _SECONDS[unit] for number, unit in _PART.findall(text))
    return -total if text.startswith("-") else total


def event_age(text: str) -> EventAge | None:
    """Read ``21m (x2 over 27m)``; an event seen once has its age as first age. None if it is no age."""
    match = _EVENT_AGE.fullmatch(text.strip())
    if not match:
        return None
    last = age_seconds(match[1])
    if match[2] is None:
        return EventAge(last, last)
    return EventAge(last, age_seconds(match[3]), int(match[2]))


def go_time(text: str) -> datetime | None:
    """Read ``Thu, 07 Oct 2021 00:34:33 -0500``, RFC 3339 or Go's default form as UTC.

    Go's zero time (year 1) and anything unreadable are None.
    """
    text = text.strip()
    try:
        match = _RFC1123.fullmatch(text)
        if match:
            day, month, year, hour, minute, second, sign, zone_h, zone_m, _ = match.groups()
            moment = datetime(int(year), _MONTHS[month], int(day), int(hour), int(minute), int(second), 0, UTC)
            return _shifted(moment, sign, zone_h, zone_m)
        match = _ISO.fullmatch(text)
        if not match:
            return None
        micro = int((match[7] or "0").ljust(9, "0")[:6])
        year_n, month_n, day_n, hour_n, minute_n, second_n = (int(part) for part in match.groups()[:6])
        moment = datetime(year_n, month_n, day_n, hour_n, minute_n, second_n, micro, UTC)
        return _shifted(moment, match[9], match[10], match[11])
    except (ValueError, KeyError, OverflowError):
        return None


def _shifted(moment: datetime, sign: str | None, hours: str | None, minutes: str | None) -> datetime | None:
    if moment.year <= 1:
        return None
    if sign and hours and minutes:
        offset = timedelta(hours=int(hours), minutes=int(minutes))
        moment = moment.replace(tzinfo=timezone(-offset if sign == "-" else offset)).astimezone(UTC)
    return moment
