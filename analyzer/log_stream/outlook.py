"""What the first line of a family of shapes tells of all its lines, remembered for the logs to come.

The logs of a cluster say the same with other numbers and names. What is told of a line holds for all that differ from
it in numbers which decide nothing and in what names have that is drawn at random. It is worked out once, of a line that
has ones there: so it does not hang on which of them came first.
"""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Hashable
from functools import lru_cache

from msgspec import Struct

from analyzer.log_stream.lines import DIGITS
from analyzer.log_stream.marks import marks_of
from parsers.lazy_pattern import lazy_pattern
from parsers.log_shape import LineShape
from parsers.message_match import MessageMatcher
from parsers.message_numbers import Deciders, Outcome

_REMEMBERED, _REMEMBERED_LENGTH = 2048, 1000  # lines of one form, and bytes of each
_MOST_ANSWERS = 50  # of one family
_ESCAPED = b'\\"'  # who reads a line undoes it before the catalogue is asked
_ONES = bytes.maketrans(DIGITS, b"1" * len(DIGITS))
#: digits behind a letter (``ipv4``, ``x509``) are a word's, and no number; so are those of ``0x4``. These two begin
#: with characters to look for, not with what must stand in front of them: that takes a quarter of the time
_IN_WORDS = lazy_pattern(rb"[0-9](?:(?<!\w[0-9])x[0-9a-f]+|(?<=[A-Za-z][0-9])[0-9]*)")
#: Calico's links (``cali`` and eleven digits of a hash) and IP sets (felix/hashutils), pods of a Deployment (their
#: letters are those of apimachinery's ``SafeEncodeString``)
_DRAWN = lazy_pattern(
    rb"cali(?<!\wcali)[0-9a-f]{11}\b|n:(?<!\wn:)[\w-]{22}|s:(?<!\ws:)[\w-]{22}"
    rb"|-[bcdfghjklmnp-tvwxz\d]{6,10}-[bcdfghjklmnp-tvwxz\d]{5}\b"
)
_NOT_DRAWN = {b"c": 4, b"n": 2, b"s": 2, b"-": 1}  # characters in front of what is, by the first of them
_WORD = b"_" + DIGITS + string.ascii_letters.encode()
_WORD_OF_ONES = bytes.maketrans(_WORD, b"1" * len(_WORD))
Ids = tuple[str, ...]


class Outlook(Struct, frozen=True):
    """What holds for a family.

    Attributes:
        shape: of its lines.
        marks: what they are, see :mod:`analyzer.log_stream.marks`.
        numbered: what numbers in them decide on.
        texts: which of the catalogue's texts without digits stand in its usual lines, -1 where nobody looked.
        answers: what the catalogue says of usual lines, by what their numbers decided: those that were asked for.
    """

    shape: LineShape
    marks: int
    numbered: Deciders
    texts: int
    answers: dict[Outcome, Ids]


class Outlooks:
    """Tells what holds for families of lines.

    Args:
        look: gives the shape of a line.
        matcher: the message catalogue.
        texts: gives those of the catalogue's texts in a line that have no digits, as bits.
        form: equal for logs of which ``look`` gives the same; what is remembered holds for these. None for no memory.
    """

    def __init__(
        self,
        look: Callable[[bytes], LineShape],
        matcher: MessageMatcher,
        texts: Callable[[bytes], int],
        form: Hashable = None,
    ) -> None:
        self._look = look
        self._texts = texts
        self._matcher = matcher
        self._known = None if form is None else _remembered(matcher, form)

    def of(self, line: bytes, texts: int) -> tuple[Outlook, Ids]:
        """Tell what holds for the lines of a family by one of them, and what the catalogue says of this one.

        Args:
            line: the line.
            texts: which of the catalogue's texts without digits stand in it.
        """
        if self._known is None or len(line) > _REMEMBERED_LENGTH or b"\0" in line:
            shape = self._look(line)
            return Outlook(shape, marks_of(shape), self._numbered(line), -1, {}), self._matcher.match(shape.message)
        key = alike_key(line)
        found = self._known.get(key)
        if found is None:
            ones = line_of_ones(key)
            shape = self._look(ones)
            found = Outlook(shape, marks_of(shape), self._numbered(ones), self._texts(ones), {})
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            self._known[key] = found
        if texts != found.texts or _ESCAPED in line:
            return found, self._ids(line)
        outcome = self._matcher.outcome(found.numbered, line.decode("utf-8", "replace")) if found.numbered else ()
        ids = found.answers.get(outcome)
        if ids is None:
            ids = self._ids(_with_usual_names(line))
            if len(found.answers) < _MOST_ANSWERS:
                found.answers[outcome] = ids
        return found, ids

    def _ids(self, line: bytes) -> Ids:
        return self._matcher.match(self._look(line).message)

    def _numbered(self, line: bytes) -> Deciders:
        return self._matcher.told_by_numbers(line.translate(None, DIGITS).decode("utf-8", "replace"))


@lru_cache(maxsize=4)
def _remembered(matcher: MessageMatcher, form: Hashable) -> dict[bytes, Outlook]:
    """What is remembered of the lines of a form, the same in all logs of a process."""
    return {}


def alike_key(line: bytes) -> bytes:
    """Equal for lines that differ in numbers, and in what names have that is drawn at random."""
    line = _with_usual_names(line)
    return b"\0".join([line.translate(_ONES), *_IN_WORDS.findall(line)])


def line_of_ones(key: bytes) -> bytes:
    """Give the line of a key in which all numbers are made of ones; its years are 2011, the others are no clusters'."""
    ones, *words = key.split(b"\0")
    rest = iter(words)
    line = _IN_WORDS.sub(lambda _: next(rest), ones)
    return line.replace(b"1111-11-11", b"2011-11-11").replace(b"1111/11/11", b"2011/11/11")


def _with_usual_names(line: bytes) -> bytes:
    return _DRAWN.sub(_of_ones, line)


def _of_ones(name: re.Match[bytes]) -> bytes:
    text: bytes = name[0]
    begin = _NOT_DRAWN[text[:1]]
    return text[:begin] + text[begin:].translate(_WORD_OF_ONES)
