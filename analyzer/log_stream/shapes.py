"""The shapes of a log's lines: each is looked at once, and what follows for all its lines is kept in columns.

Shapes that differ in names only (of pods, interfaces, containers) are a family. Of a family a few hundred are told
apart; a further one only if a text of the catalogue stands in it that stands in none of the others.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import TypeVar

import numpy as np
from msgspec import Struct

from analyzer.log_stream.columns import Column, Rows
from analyzer.log_stream.lines import DIGITS
from analyzer.log_stream.marks import FOREIGN, OF_CONTAINER
from analyzer.log_stream.outlook import Outlook, Outlooks
from parsers.digit_rules import MOST_DIGITS, Rule
from parsers.lazy_pattern import lazy_pattern
from parsers.log_shape import LineShape
from parsers.message_match import MessageMatcher
from parsers.message_numbers import Deciders, Outcome
from parsers.source import OneRow

Name = TypeVar("Name", str, tuple[int, int])
#: shapes told apart in one file, and of one family; of routine lines fewer, of lines whose names tell nothing (they
#: make no row, or one) hardly any, and none where no numbers tell something either
MOST_SHAPES = 30_000
MOST_OF_FAMILY, MOST_OF_ROUTINE, MOST_OF_NAMELESS = 150, 20, 2
#: groups of lines told apart in a family; of lines that are no warnings fewer
MOST_GROUPS, MOST_OF_GOOD = 200, 40
#: how many families, and how many with the same level and first bytes, some more bytes, and most of them
_MOST_FAMILIES, _MOST_ALIKE = 4000, (2000, 400, 40)
_GOOD_LEVELS = frozenset({"INFO", "DEBUG", "TRACE"})
_FIRST, _MORE = 8, 24
_MESSAGE, _LINE = 20, 64  # bytes of a message, or of a line whose parts are not known, that families alike share
_LEVELS = frozenset({b"PANIC", b"FATAL", b"ERROR", b"WARNING", b"INFO", b"DEBUG"})
_NAMED_LEVEL = lazy_pattern(rb'level(?:[=:]|":")(panic|fatal|err|warn|info|debug)')
_KLOG = lazy_pattern(rb"[IWEF](?=\d{4} )")
_LEVEL_WITHIN = 150
_LEAST_TEXT = 3  # characters of a text that tells shapes apart; shorter ones stand in any name
#: what may be a name, once the digits are gone: parts joined by hyphens, slashes or dots; hexadecimal; Calico's links;
#: its IP sets (``s:`` or ``n:`` and a hash, felix/hashutils). It begins where a word does: tried at each letter of a
#: long word, it would take quadratic time.
_NAMES = lazy_pattern(rb"(?<![\w.])[\w.]*[-/.][\w./:@-]*|\bcali[a-f]*\b|\b[a-f]{3,}\b|\b(?:cali)?[ns]:[\w-]{8,}")
_SOURCE = lazy_pattern(rb"\.go[ :]")
_DIGIT = lazy_pattern(r"\d")
_RULE = struct.Struct(f"<B??x{MOST_DIGITS}H")


class Family(Struct):
    """Shapes that differ in names only."""

    shape: LineShape
    numbered: Deciders
    special: bool
    routine: bool  # benign, or its lines make no row
    nameless: bool  # whatever names its lines hold: they make no row, or one
    most: int  # shapes of it that are told apart
    number: int
    outlook: Outlook
    groups: int = MOST_GROUPS  # of its lines
    known: int = 0
    others: int = -1  # number of the shape of all others
    by_rules: bool = False  # of numbers in its lines only those count that decide
    rules: tuple[int, int] = (-1, 0)  # where they are, and how many; -1 if that cannot be said
    texts: int = 0  # a bit for each that stands in its lines, and for those too short to tell any apart
    numbers: tuple[int, ...] = ()
    level: int = 0


class Shapes:
    """Knows the shapes seen so far."""

    def __init__(self, look: Callable[[bytes], LineShape], matcher: MessageMatcher) -> None:
        #: tells what holds for a new family by its first line
        self.outlooks = Outlooks(look, matcher, self.words_of)
        self._matcher = matcher
        #: a bit for each of the catalogue's texts that tells no shapes apart
        self.short = _short(matcher.literal_texts)
        self._words = _words(matcher.literal_texts)
        #: finds the catalogue's texts in a line, as bits; None where it cannot say
        self.texts_in: Callable[[bytes], int | None] | None = None
        self._families: dict[bytes, Family] = {}
        self._begun: dict[bytes, int] = {}
        self.families: list[Family] = []
        self.all: list[LineShape] = []
        self._family_of: list[Family] = []
        self._usual: list[bool] = []  # by shape: whether its lines are usual ones of their family, see Outlook
        self.levels: list[str] = [""]
        self.containers: list[str] = [""]
        self.stamps: list[tuple[int, int]] = [(0, 0)]
        self._asked_for = 0
        #: takes a family of which enough shapes are told apart, and the bare text of its lines
        self.on_other: Callable[[bytes, Family], None] | None = None
        self.beyond = 0  # lines with a shape of their own that were not told apart, and whose names tell something
        self._numbers = Rows(np.int64, 9)
        (
            self.family, self.pid_at, self.stamp, self.stamp_begin, self.stamp_end, self.time_at, self.container,
            self.rules_at, self.rules_count,
        ) = self._numbers.columns()  # fmt: skip
        self.special, self.level, self.marks = Column(bool), Column(np.int8), Column(np.uint8)
        self.rules = b""  # packed, see _packed
        self._answers: dict[tuple[int, Outcome], int] = {}
        #: what the catalogue says of lines that share an answer, where that is known
        self.ids: dict[int, tuple[str, ...]] = {}
        self.changes = 0  # how often lines of known shapes began to be read by rules

    @property
    def most_remembered(self) -> int:
        """Of so many different lines the shape should be remembered."""
        return MOST_SHAPES

    def outcome(self, number: int, text: str) -> Outcome:
        """Which of the alternatives that numbers decide on match a line of a shape."""
        return self._matcher.outcome(self.family_of(number).numbered, text)

    def read_by_rules(self, number: int) -> bool:
        """From here on only those numbers count, in the lines of a shape's family, that the catalogue decides on.

        True if that was so before.
        """
        family = self.family_of(number)
        if family.by_rules:
            return family.rules[0] >= 0
        family.by_rules = True
        if family.numbered.rules is None:
            return False
        all_rules = sorted(family.numbered.rules)
        family.rules = len(self.rules) // _RULE.size, len(all_rules)
        self.rules += b"".join(map(_packed, all_rules))
        size = len(self.all)
        its = self.family.upto(size) == family.number
        self.rules_at.upto(size)[its], self.rules_count.upto(size)[its] = family.rules
        self.changes += 1
        return False

    def simplify(self, number: int) -> None:
        """From here on the lines of a shape, and of others of its family, are not told apart by what is in them."""
        self._simplify(self.family_of(number))

    def simplify_routine(self) -> None:
        """Do the same for all families of routine lines that were there when this was asked for before."""
        for family in self.families[: self._asked_for]:
            if family.special and family.routine and not family.numbered:
                self._simplify(family)
        self._asked_for = len(self.families)

    def _simplify(self, family: Family) -> None:
        family.special = False
        size = len(self.all)
        self.special.upto(size)[self.family.upto(size) == family.number] = False

    def begin_nothing(self, number: int) -> None:
        """From here on lines of a shape begin no other output, whatever they look like."""
        self.marks[number] = int(self.marks[number]) & ~FOREIGN

    def family_of(self, number: int) -> Family:
        """The family of a shape."""
        return self._family_of[number]

    def answer_of(self, number: int, outcome: Outcome | None) -> int:
        """A number that two lines share of which the catalogue surely says the same, each by itself; -1 for none.

        Args:
            number: their shape.
            outcome: what :meth:`outcome` gave for them, None where that is not known.
        """
        family = self.family_of(number)
        shape = family.shape
        several = number == family.others and not family.nameless
        several = several or shape.loose or shape.partial or "\n" in shape.message
        if several or (family.numbered and outcome is None):
            return -1
        key = number, outcome or ()
        answer = self._answers.get(key)
        if answer is None:
            answer = self._answers[key] = len(self._answers)
            ids = family.outlook.answers.get(key[1]) if self._usual[number] else None
            if ids is not None:
                self.ids[answer] = ids
        return answer

    @property
    def literal_texts(self) -> tuple[str, ...]:
        """The catalogue's texts; :attr:`Family.texts` are places in it."""
        return self._matcher.literal_texts

    def new(self, lines: Sequence[bytes]) -> list[int]:
        """Give the numbers of the shapes of lines not seen before; each has others than the rest, digits aside."""
        first, found = len(self.all), [self._new(line) for line in lines]
        if families := self._family_of[first:]:
            self._numbers.set(first, [(*family.numbers, *family.rules) for family in families])
            self.level.set(first, [family.level for family in families])
            self.marks.set(first, [family.outlook.marks for family in families])
            self.special.set(first, [of.special and of.others != at for at, of in enumerate(families, first)])
        return found

    def words_of(self, line: bytes) -> int:
        """Those of the catalogue's texts in a line, as bits, that have no digits and are long enough."""
        return self._texts_of(line) & self._words

    def _texts_of(self, line: bytes) -> int:
        texts = self.texts_in(line) if self.texts_in is not None else None
        return texts if texts is not None else _as_bits(self._matcher.literals(line.decode("utf-8", "replace")))

    def pass_over(self, numbers: Iterable[int]) -> None:
        """Count lines with a shape of their own that are taken for others of their family, by the shape they get."""
        self.beyond += sum(not self.family_of(number).nameless for number in numbers)

    def _new(self, line: bytes) -> int:
        bare = _bare(line)
        texts = self._texts_of(line)
        family = self._families.get(bare) or self._family(line, bare, texts)
        if (family.known >= family.most and not texts & ~family.texts) or len(self.all) >= 2 * MOST_SHAPES:
            if family.others < 0:
                family.others = self._add(family)
            self.pass_over([family.others])
            if self.on_other is not None and self._families.get(bare) is family:
                self.on_other(bare, family)
            return family.others
        family.known += 1
        family.texts |= texts
        return self._add(family, texts & self._words == family.outlook.texts)

    def _add(self, family: Family, usual: bool = False) -> int:
        self.all.append(family.shape)
        self._family_of.append(family)
        self._usual.append(usual)
        return len(self.all) - 1

    def _family(self, line: bytes, bare: bytes, texts: int) -> Family:
        """The family of a line whose bare text is not known; ``texts`` stand in the line."""
        # what is in the place of a name may look like anything: too many families that begin alike are one
        digitless = line.translate(None, DIGITS)
        level, *begins = _beginnings(line, digitless)
        for begin, most in ((b"", _MOST_FAMILIES), *zip(begins, _MOST_ALIKE, strict=True)):
            if self._begun.get(begin, 0) > most:
                bare = (begin or level) + b"\n"  # no line is that
                known = self._families.get(bare)
                if known is not None:
                    return known
                break
        else:
            for begin in (b"", *begins):
                self._begun[begin] = self._begun.get(begin, 0) + 1
        family = self._families[bare] = self._new_family(line, texts)
        self.families.append(family)
        self._describe(family)
        return family

    def _new_family(self, line: bytes, texts: int) -> Family:
        outlook, ids = self.outlooks.of(line, texts & self._words)
        shape, numbered = outlook.shape, outlook.numbered
        good = shape.level in _GOOD_LEVELS
        routine = good and not shape.counted and self._matcher.is_routine(ids)
        nameless = isinstance(ids, OneRow) or (routine and not ids)
        special = bool(numbered) or (shape.named and not nameless)
        most = MOST_OF_ROUTINE if routine else MOST_OF_FAMILY
        if nameless:  # one shape is enough where no numbers in them decide
            most = MOST_OF_NAMELESS if numbered else 0
        groups = MOST_OF_GOOD if good else MOST_GROUPS
        number, told = len(self.families), self.short | texts
        return Family(shape, numbered, special, routine, nameless, most, number, outlook, groups, texts=told)

    def _describe(self, family: Family) -> None:
        """Put into numbers what holds for all lines of a family."""
        shape = family.shape
        container = _index(self.containers, shape.container) if family.outlook.marks & OF_CONTAINER else 0
        time_at = shape.stamp[0] if shape.stamp[1] and shape.dated else -1
        stamp = _index(self.stamps, shape.stamp)
        family.numbers = (family.number, shape.pid_at, stamp, *shape.stamp, time_at, container)
        family.level = _index(self.levels, shape.level)


def _beginnings(line: bytes, digitless: bytes) -> tuple[bytes, bytes, bytes, bytes]:
    """What lines of alike families share, from the least on: their level, and more and more of their first bytes."""
    level = b"\0" + _level(line[:_LEVEL_WITHIN])
    source = _SOURCE.search(digitless)
    whole = digitless[: source.end() + _MESSAGE if source else _LINE]
    return level, digitless[:_FIRST] + level, digitless[:_MORE] + b"\0\0", whole


def _level(head: bytes) -> bytes:
    """What tells the level of a line, by its beginning; that of several writers may be told otherwise."""
    begin = head.find(b"[") + 1
    while begin:
        word = head[begin : head.find(b"]", begin)]
        if word in _LEVELS:
            return word
        begin = head.find(b"[", begin) + 1
    if found := _NAMED_LEVEL.search(head):
        return found[1]
    found = _KLOG.search(head)
    return found[0] if found else b""


def _bare_in_python(line: bytes) -> bytes:
    """A line without its digits, and with ~ for what may be a name behind the place in the sources that wrote it."""
    digitless = line.translate(None, DIGITS)
    source = _SOURCE.search(digitless)
    at = source.end() if source else 0
    return digitless[:at] + _NAMES.sub(b"~", digitless[at:])


try:  # the same, ten times as fast
    from analyzer.log_stream._scan import bare as _bare
except ImportError:
    _bare = _bare_in_python


@lru_cache(maxsize=2)  # all logs are asked for the texts of one catalogue
def _short(texts: tuple[str, ...]) -> int:
    """A bit for each of them that tells no shapes apart."""
    return _as_bits(place for place, text in enumerate(texts) if len(text) < _LEAST_TEXT)


@lru_cache(maxsize=2)
def _words(texts: tuple[str, ...]) -> int:
    """A bit for each of the others that has no digit."""
    return _as_bits(place for place, text in enumerate(texts) if len(text) >= _LEAST_TEXT and not _DIGIT.search(text))


def _as_bits(places: Iterable[int]) -> int:
    return sum(1 << place for place in places)


def _packed(rule: Rule) -> bytes:
    """A rule in the form that the loop in C wants."""
    digits = (*rule.digits, *([0] * MOST_DIGITS))[:MOST_DIGITS]
    return _RULE.pack(len(rule.digits), rule.first, rule.last, *digits)


def _index(names: list[Name], name: Name) -> int:
    if name not in names:
        names.append(name)
    return names.index(name)
