"""What lines of a journal that differ in their digits only have in common; see :mod:`parsers.log_shape`."""

from __future__ import annotations

from collections.abc import Hashable

from parsers.kubelet_journal import journal_line
from parsers.lazy_pattern import lazy_pattern
from parsers.log_shape import LineShape, begins_another
from parsers.source import Match

_DIGIT = lazy_pattern(r"\d")
#: the journal's time, who writes, and the time and process in front of klog's and logrus' messages
_HEAD = lazy_pattern(
    rb"(?:[A-Z][a-z]{2} [ \d]\d [\d:.]{8,18}|\d{4}-\d\d-\d\dT\S{8,30}) \S{1,253} [\w.@/-]{1,64}(?:\[\d{1,9}\])?: "
    rb"(?:\[ *\d{1,9}\.\d{6}\] |[IWEF]\d{4} \d\d:\d\d:\d\d\.\d{1,9} +\d{1,9} |time=\"[^\"]{1,60}\" )?"
    rb"|\[[^\]]{1,40}\] "
)


def journal_shape(raw: bytes, text: str, match: Match) -> LineShape:
    """Tell what holds for a line and all that differ from it in digits only.

    Args:
        raw: the line's bytes.
        text: the same, decoded.
        match: the message catalogue.
    """
    line = journal_line(text)
    if line is None:
        return LineShape(level="INFO", timed=True, foreign=bool(text.strip()) and begins_another(text))
    ids = line.ids(match)
    level = line.record.level if line.tells(ids) else "INFO"
    if line.opens_value:
        level = ""  # what it tells stands in the lines behind it
    return LineShape(
        level=level,
        message=line.record.message,
        component=line.component,
        loose=line.parts["message"][:1].isspace(),  # it may be of a value that goes over several lines
        timed=True,
        stamp=(0, found.end()) if (found := _HEAD.match(raw)) else (0, 0),
        dated=False,
        named=any(_DIGIT.search(word) for word in line.key(ids)),
    )


def journal_identity(text: str) -> Hashable:
    """Give what two lines share that are one row of the table."""
    line = journal_line(text)
    return None if line is None else line.key()
