"""Which alternatives of the catalogue numbers in a text decide on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from typing import Any

from ahocorasick_rs import AhoCorasick
from msgspec import Struct

from parsers.digit_rules import Rule
from parsers.lazy_pattern import lazy_pattern
from parsers.message_pattern import Alternative, Expression, LiteralsOf, Text, text_of

#: which of some alternatives match
Outcome = tuple[bool, ...]

_CLASS_WITH_DIGIT = lazy_pattern(r"\[[^\]]*\d[^\]]*\]")
_DIGIT = lazy_pattern(r"\{[^}]*\}|\\.|\d")
_DIGIT_IN = lazy_pattern(r"[0-9]")
_NOT_BARE = lazy_pattern(r"[\d\s]+")
#: digits behind a letter; to look for a digit first takes half the time
_IN_WORDS = lazy_pattern(rb"\d(?<=[A-Za-z]\d)\d*")
_DIGITS = b"0123456789"
_ALL_ZERO = bytes.maketrans(_DIGITS, b"0" * len(_DIGITS))


def text_without_digits(text: str) -> str:
    """A text without its digits."""
    # a sixth of the time that the same takes for characters
    return _bytes(text).translate(None, _DIGITS).decode("utf-8", "surrogatepass")


def all_zero(text: str) -> bytes:
    """A text with 0 for each digit: equal for texts that differ in digits only, as many at each place."""
    return _bytes(text).translate(_ALL_ZERO)


def numbers_zero(text: str) -> bytes:
    """The same, but digits behind a letter (``ipv4``, ``x509``) tell texts apart: they are a word's, and no number."""
    raw = _bytes(text)
    return b"\0".join([raw.translate(_ALL_ZERO), *_IN_WORDS.findall(raw)])


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


class Deciders(tuple[Alternative, ...]):
    """Alternatives of which numbers in a text may decide whether it matches."""

    @cached_property
    def rules(self) -> frozenset[Rule] | None:
        """Which digits decide; of all others only how many there are. None if that cannot be said."""
        found: set[Rule] = set()
        for alternative in self:
            rules = alternative.rules()
            if rules is None:
                return None
            found |= rules
        return frozenset(found)

    @cached_property
    def by_length(self) -> bool:
        """Whether no digit decides, only how many there are next to each other."""
        return self.rules is not None and not self.rules

    def match(self, text: str) -> Outcome:
        """Tell which of them match a text."""
        given = text_of(text)
        return tuple(alternative.find(given) is not None for alternative in self)


class Entry(Struct, frozen=True):
    """One alternative of a family; ``unless`` is what takes a match back."""

    id: str
    role: int
    alternative: Alternative
    unless: Expression | None


class NumberedTexts(Struct):
    """How the alternatives are found that numbers decide on; see :meth:`MessageMatcher.numbered_texts`.

    Attributes:
        items: of each alternative the number of its entry, whether it is what takes a match back, and how many of its
            texts must be found: of two sets one each.
        texts: text without digits and blanks -> places in ``items``, and of which of the sets it is.
    """

    items: list[tuple[int, bool, int]]
    texts: dict[str, list[tuple[int, int]]]


def numbered_texts(entries: Sequence[Entry], literals_of: LiteralsOf) -> NumberedTexts:
    """Work out how the alternatives are found that numbers decide on."""
    found = NumberedTexts([], {})
    for number, entry in enumerate(entries):
        for takes_back, item in enumerate((entry.alternative, entry.unless)):
            if item is not None and item.numbered:
                both = (_bares(entry.alternative, literals_of), _bares(item, literals_of))
                sets = [bares for bares in both if bares and all(bares)]
                for which, bares in enumerate(sets):
                    for text in bares:
                        found.texts.setdefault(text, []).append((len(found.items), which))
                found.items.append((number, bool(takes_back), len(sets)))
    return found


class Numbered:
    """The alternatives that numbers decide on, found by the texts that stand in each match once its digits are gone."""

    def __init__(self, entries: Sequence[Entry], known: NumberedTexts) -> None:
        self._items = [
            (entries[number].unless if takes_back else entries[number].alternative, needed)
            for number, takes_back, needed in known.items
        ]
        self._automaton: Any = AhoCorasick(list(known.texts))
        self._whose = list(known.texts.values())
        self._always = [number for number, (_, needed) in enumerate(self._items) if not needed]

    def told(self, given: Text) -> Deciders:
        """Give those that may match a text whose digits are gone."""
        hits = {hit[0] for hit in self._automaton.find_matches_as_indexes(_bare(given.plain), overlapping=True)}
        there = Counter(number for number, _ in {item for hit in hits for item in self._whose[hit]})
        candidates = sorted(
            [*self._always, *(number for number, count in there.items() if count == self._items[number][1])]
        )
        items = (self._items[number][0] for number in candidates)
        return Deciders(dict.fromkeys(item for item in items if item is not None and item.may_match_with_digits(given)))


def _bare(text: str) -> str:
    """A text without digits and blanks."""
    bare = "".join(text.split())  # most texts have no digits any more: a sixth of the time
    return bare if bare.isascii() and not _DIGIT_IN.search(bare) else _NOT_BARE.sub("", text)


def _bares(alternative: Alternative, literals_of: LiteralsOf) -> frozenset[str]:
    """Texts without digits and blanks of which one is in every text that matches, once its digits are gone."""
    literals = alternative.literals
    if isinstance(alternative, Expression):
        plain = _CLASS_WITH_DIGIT.sub(".?", alternative.source)
        literals = literals_of(_DIGIT.sub(lambda found: "" if found[0].isdigit() else found[0], plain))
    return frozenset(_bare(literal) for literal in literals)
