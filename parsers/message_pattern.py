"""One alternative of a message family: literal text with holes, or an expression, and how it is found in a text."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple, Protocol

import regex
from msgspec import Struct

from parsers.digit_rules import Rule, digit_rules, rules_of_text
from parsers.lazy_pattern import lazy_pattern
from parsers.required_literals import needed_texts, required_literals
from parsers.without_digits import without_digits

TIMEOUT_S = 0.2  # of one regular expression on one text; input is hostile
#: {name} stands for any value; {a|b} for one of the named ones
_HOLE = lazy_pattern(r"\{([A-Za-z0-9_ |:.,;'/()%=*+<>-]+)\}")
_BLANKS = lazy_pattern(r"\s+")
_QUOTES = str.maketrans({"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u00a0": " "})
_NUMBER = lazy_pattern(r"(?<![A-Za-z])\d")
_NO_NUMBERS = lazy_pattern(r"\{\d*,?\d*\}|\\d|(?<=\[)0-9(?=a-f\])|\bx509\b")
_ESCAPE = lazy_pattern(r"\\[A-Za-z]")
_LONG_NUMBER = lazy_pattern(r"(?:\\d|\[0-9\])(?:\\d|\[0-9\]|\{(?:[2-9]|1\d))")
_FIRST_DIGIT = lazy_pattern(r"\^(?:\\s\*| \*)?(?:\(\?:(?=[^()|]*\)(?![?*]|\{[0,])))?\\d(?:[^*?{]|\{[1-9])")
_INNER_GROUP = lazy_pattern(r"\([^()]*\)")
_LEADING_OPTION = lazy_pattern(r"^\(\?:[^()|]*\)\?")  # whether it is there tells nothing of what is behind it
_SPREAD_OUT = lazy_pattern(r"\(\?[A-Za-z]*x")  # blanks in it mean nothing
_MANY_LINES = lazy_pattern(r"\(\?[A-Za-z]*m")  # each line of a text is a beginning
_BLANKS_IN_A_ROW = lazy_pattern(r"(?: (?:\+|\{[1-9]\d?(?:,\d*)?\})?(?![*?+{]))+")
#: what a text begins with that an expression matches, blanks aside
_BEGINS = lazy_pattern(r"\^(?:\\s\*| \*)?([A-Za-z0-9=:_]+)(?![A-Za-z0-9=:_*?+{])")
_MOST_CHOICES = 64
LiteralsOf = Callable[[str], frozenset[str]]  # as parsers.required_literals gives them
CompiledOf = Callable[[str], "Compiled"]  # as :func:`compiled` gives it
_LEAST_SPECIFIC = 8  # an expression has few plain characters to count, yet says more than they do


class Compiled(NamedTuple):
    """A compiled expression, and what is so of each text that it matches.

    Attributes:
        needed: sets of texts of which one each stands in the plain form.
        anchored: it stands at the beginning, where a search would go on at each place of the text.
        begins: what the plain form begins with.
    """

    pattern: Any
    needed: tuple[frozenset[str], ...] = ()
    anchored: bool = False
    begins: str = ""

    def may_match(self, plain: str) -> bool:
        """Whether that is so of a text; to find out takes a tenth of the time of a search."""
        if not plain.startswith(self.begins):
            return False
        for texts in self.needed:
            for text in texts:
                if text in plain:
                    break
            else:
                return False
        return True


_ANY = Compiled(regex.compile(""))


def compiled(source: str) -> Compiled:
    """Compile an expression of the catalogue.

    Raises:
        regex.error: it is none.
    """
    return compiled_as(source, regex.compile(source, regex.IGNORECASE | regex.DOTALL), needed_texts(source))


def compiled_as(source: str, pattern: Any, needed: tuple[frozenset[str], ...]) -> Compiled:
    """Give an expression that was compiled before, with the texts that it needs; see :func:`compiled`."""
    anchored = _is_anchored(source)
    found = _BEGINS.match(source) if anchored else None
    return Compiled(pattern, needed, anchored, found[1].lower() if found else "")


class Text(NamedTuple):
    """A text as the alternatives want it."""

    words: str  # as it was written, with plain quotes
    plain: str  # lower case, blanks collapsed, cut off at both ends


class Span(NamedTuple):
    """Where an alternative was found, in characters of ``Text.plain`` (of ``Text.words`` for an expression)."""

    start: int
    end: int


class Alternative(Protocol):
    """A way in which a family can be told."""

    @property
    def literals(self) -> frozenset[str]:
        """Texts of which one is in every text that matches; empty if it must be tried on every text."""

    @property
    def length(self) -> int:
        """How specific it is: plain characters that a match holds."""

    @property
    def numbered(self) -> bool:
        """Whether digits are a part of what it looks for."""

    def find(self, text: Text) -> Span | None:
        """Give where it matches, None if it does not."""

    def may_match_with_digits(self, digitless: Text) -> bool:
        """Whether it can match any of the texts that, their digits taken out, are ``digitless``."""

    def rules(self) -> frozenset[Rule] | None:
        """Which digits decide whether a text matches; None if that cannot be said."""


def text_of(written: str) -> Text:
    r"""Prepare a text: quotes escaped in another quoted text (``\"``) and typographic ones become plain ones."""
    if '\\"' in written:
        written = written.replace('\\"', '"')
    if not written.isascii():
        written = written.translate(_QUOTES)
    plain = written.lower().strip()
    if "  " in plain or "\n" in plain or "\t" in plain or "\r" in plain:
        plain = _BLANKS.sub(" ", plain)
    return Text(written, plain)


class Template(Struct, frozen=True):
    """Literal pieces that stand one after another, anything between them. Finding them is linear, whatever the text.

    ``opens`` and ``closes`` say that a hole stands before the first piece, after the last one.
    """

    pieces: tuple[str, ...]
    whole: bool = False
    opens: bool = False
    closes: bool = False

    @property
    def literals(self) -> frozenset[str]:
        """The longest piece."""
        return frozenset([max((piece.strip() for piece in self.pieces), key=len)])

    @property
    def length(self) -> int:
        """Characters of all pieces."""
        return sum(len(piece) for piece in self.pieces)

    @property
    def numbered(self) -> bool:
        """Whether a piece has a digit that is not part of a word (``ipv4``, ``x509``)."""
        return any(_NUMBER.search(piece) for piece in self.pieces)

    @property
    def exact(self) -> bool:
        """Whether only one text matches: :attr:`pieces` [0]."""
        return self.whole and len(self.pieces) == 1 and not self.opens and not self.closes

    def find(self, text: Text) -> Span | None:
        """Give the span from the first to the last piece; a hole at an end reaches to the text's end."""
        plain, pieces = text.plain, self.pieces
        if self.whole and not (
            (self.opens or plain.startswith(pieces[0])) and (self.closes or plain.endswith(pieces[-1]))
        ):
            return None
        position, start = 0, -1
        for piece in pieces:
            if piece[0] == " " and position > 0 and plain[position - 1] == " ":
                position -= 1  # the blanks on both sides of an empty value are one
            position = plain.find(piece, position)
            if position < 0:
                return None
            start = position if start < 0 else start
            position += len(piece)
        if self.exact and plain != pieces[0]:
            return None
        return Span(0 if self.opens else start, len(plain) if self.closes else position)

    def may_match_with_digits(self, digitless: Text) -> bool:
        """True: its literals say enough."""
        return True

    def rules(self) -> frozenset[Rule] | None:
        """Those of its pieces."""
        return frozenset(rule for piece in self.pieces for rule in rules_of_text(piece))


class Expression(Struct, eq=False):
    """A regular expression, compiled when it is first needed: most are never asked for."""

    source: str
    whole: bool = False
    literals_of: LiteralsOf = required_literals
    compiled_of: CompiledOf = compiled
    literals: frozenset[str] = frozenset()  # worked out of the others
    faulty: str = ""
    _compiled: Any = None
    _digitless: Any = None
    _blanks: str = ""  # that stand in each text without digits that may match
    _least_blanks: int = 0  # in each text that it matches, where nothing else tells which those are

    def __post_init__(self) -> None:
        self.literals = self.literals_of(self.source)
        if not self.literals:
            self._least_blanks = sum(_blanks_of(self.source))

    @property
    def length(self) -> int:
        """Characters of the text it cannot do without."""
        return max(min((len(text) for text in self.literals), default=0), _LEAST_SPECIFIC)

    @property
    def numbered(self) -> bool:
        """Whether it names digits, other than those of words, or asks for two or more of them next to each other."""
        bare = _ESCAPE.sub(" ", _NO_NUMBERS.sub("", self.source))
        return bool(_NUMBER.search(bare) or _LONG_NUMBER.search(self.source)) or "(?P=" in self.source

    @property
    def begins_with_digit(self) -> bool:
        """Whether it surely matches only texts of which the first character, but for blanks, is a digit."""
        return _is_anchored(self.source) and _FIRST_DIGIT.match(self.source) is not None

    def find(self, text: Text) -> Span | None:
        """Give the span of the first match; None also where it takes too long."""
        if self._least_blanks and text.words.count(" ") < self._least_blanks:
            return None
        if self._compiled is None and not self.faulty:
            try:
                self._compiled = self.compiled_of(self.source)
            except regex.error as error:
                self.faulty = f"{self.source!r}: {error}"
        if self.faulty or not self._compiled.may_match(text.plain):
            return None
        pattern = self._compiled.pattern
        search = pattern.fullmatch if self.whole else pattern.match if self._compiled.anchored else pattern.search
        try:
            found = search(text.words.strip() if self.whole else text.words, timeout=TIMEOUT_S)
        except TimeoutError:
            return None
        return Span(*found.span()) if found else None

    def may_match_with_digits(self, digitless: Text) -> bool:
        """Try what is left of the expression without digits; where that takes too long, it may."""
        if self._digitless is None:
            try:
                source = _LEADING_OPTION.sub("", without_digits(self.source))
                self._digitless = self.compiled_of(source)
                self._blanks = " " * max(_blanks_of(source), default=0)
            except (ValueError, regex.error):
                self._digitless = _ANY
        if self._blanks not in digitless.words or not self._digitless.may_match(digitless.plain):
            return False
        try:
            return self._digitless.pattern.search(digitless.words, timeout=TIMEOUT_S) is not None
        except TimeoutError:
            return True

    def rules(self) -> frozenset[Rule] | None:
        """Those that can be told from its source."""
        return _rules_of(self.source)


@lru_cache(maxsize=1024)  # each log asks for the same ones
def _rules_of(source: str) -> frozenset[Rule] | None:
    try:
        return digit_rules(source)
    except ValueError:
        return None


def _is_anchored(source: str) -> bool:
    """Whether an expression can match at the beginning of a text only."""
    return source.startswith("^") and "|" not in _outside_groups(source) and not _MANY_LINES.search(source)


def _blanks_of(source: str) -> list[int]:
    """How many blanks, at the least, an expression asks for one after another; of each place outside its groups."""
    bare = _outside_groups(re.sub(r"\\.|\[[^\]]*\]", ".", source), ".")
    if "|" in bare or _SPREAD_OUT.search(source):
        return []
    return [found[0].count(" ") for found in _BLANKS_IN_A_ROW.finditer(bare)]


def _outside_groups(source: str, group: str = "") -> str:
    """What an expression has outside its groups; ``group`` stands in the place of each."""
    bare, groups = source, 1
    while groups:
        bare, groups = _INNER_GROUP.subn(group, bare)
    return bare


def templates_of(pattern: str, whole: bool) -> Sequence[Template]:
    """Read a catalogue pattern; each combination of its choices ``{a|b}`` is a template of its own."""
    parts = _HOLE.split(pattern)  # text, hole, text, hole, ... text
    holes = [tuple(hole.split("|")) if "|" in hole else (None,) for hole in parts[1::2]]
    count = 1
    for choices in holes:
        count *= len(choices)
    if count > _MOST_CHOICES:
        holes = [(None,) for _ in holes]
    return [_template(parts[::2], chosen, whole) for chosen in itertools.product(*holes)]


def _with_single_blanks(text: str) -> str:
    if text.isprintable() and "  " not in text:  # as nearly all are
        return text
    return _BLANKS.sub(" ", text)


def _template(texts: Sequence[str], chosen: Sequence[str | None], whole: bool) -> Template:
    pieces, current = [], texts[0]
    for choice, after in zip(chosen, texts[1:], strict=True):
        if choice is None:
            pieces.append(current)
            current = after
        else:
            current += choice + after
    pieces = [_with_single_blanks(piece.lower()) for piece in (*pieces, current)]
    opens, closes = not pieces[0].strip(), not pieces[-1].strip()
    pieces[0], pieces[-1] = pieces[0].lstrip(), pieces[-1].rstrip()
    kept = [piece for piece in pieces if piece.strip()]
    opens, closes = opens and len(pieces) > 1, closes and len(pieces) > 1
    if kept:  # a value may be empty, and blanks at the ends of a text are cut off
        kept[0] = kept[0].lstrip() if opens else kept[0]
        kept[-1] = kept[-1].rstrip() if closes else kept[-1]
    return Template(tuple(kept), whole, opens, closes)
