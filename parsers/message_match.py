"""Finding which message families a text belongs to: one pass for the literals, then a check of each candidate."""

from __future__ import annotations

from collections.abc import Iterable
from operator import itemgetter
from typing import Any, TypeVar

from ahocorasick_rs import AhoCorasick
from msgspec import Struct

from parsers.message_numbers import (
    Deciders,
    Entry,
    Numbered,
    NumberedTexts,
    Outcome,
    all_zero,
    numbered_texts,
    numbers_zero,
    text_without_digits,
)
from parsers.message_pattern import (
    Alternative,
    CompiledOf,
    Expression,
    LiteralsOf,
    Span,
    compiled,
    templates_of,
    text_of,
)
from parsers.required_literals import required_literals
from parsers.source import OneRow

Key = TypeVar("Key")
Value = TypeVar("Value")
_FIRST = itemgetter(0)
_ROLES = {"cause": 0, "symptom": 1, "state": 2, "benign": 3}
_BENIGN = _ROLES["benign"]
#: of a longer text only the beginning and the end are looked at: a line's fields can hold a whole rule set
_HEAD, _TAIL = 12_288, 4_096


class Pattern(Struct, frozen=True):
    """A message family as the matcher needs it; see ``analyzer.catalogue.Message`` for what the fields mean."""

    id: str
    role: str = "state"
    patterns: tuple[str, ...] = ()
    regexes: tuple[str, ...] = ()
    whole: bool = False
    unless: str = ""
    one_row: bool = False


class _Hit(Struct, frozen=True):
    """A family that the text belongs to, by its most specific alternative."""

    id: str
    role: int
    length: int
    span: Span


_REMEMBERED, _REMEMBERED_LENGTH = 4096, 2000  # texts, and characters of each


class MessageMatcher:
    """Knows which families a text belongs to.

    Matching ignores case (Calico v3.31 lower-cased the first letter of its errors), the kind of blanks and of
    quotes. A text that holds none of the families' literals costs one pass of an Aho-Corasick automaton; an
    expression that takes longer than a fraction of a second on a text does not match it. ``literals_of`` may
    remember what :func:`parsers.required_literals.required_literals` once gave, ``compiled_of`` what
    :func:`parsers.message_pattern.compiled` did, and ``numbered`` is what :meth:`numbered_texts` gave.
    ``literal_texts`` are the literals, in small letters.
    """

    def __init__(
        self,
        patterns: Iterable[Pattern],
        literals_of: LiteralsOf = required_literals,
        compiled_of: CompiledOf = compiled,
        numbered: NumberedTexts | None = None,
    ) -> None:
        self._literals_of = literals_of
        self._entries: list[Entry] = []
        self._by_literal: list[list[Entry]] = []
        self._roles: dict[str, int] = {}
        self._one_row: set[str] = set()
        self._exact: dict[str, list[Entry]] = {}
        self._always: list[Entry] = []
        self._if_digit_first: list[Entry] = []
        positions: dict[str, int] = {}
        for pattern in patterns:
            self._roles[pattern.id] = _ROLES.get(pattern.role, _ROLES["state"])
            if pattern.one_row:
                self._one_row.add(pattern.id)
            unless = Expression(pattern.unless, False, literals_of, compiled_of) if pattern.unless else None
            for alternative in _alternatives(pattern, literals_of, compiled_of):
                entry = Entry(pattern.id, self._roles[pattern.id], alternative, unless)
                self._entries.append(entry)
                self._add(entry, positions)
        self.literal_texts = tuple(positions)
        self._automaton: Any = AhoCorasick(self.literal_texts)
        self._numbered_texts = numbered
        self._numbered: Numbered | None = None
        self._told: dict[str, Deciders] = {}
        self._matched: dict[str, tuple[str, ...]] = {}
        self._matched_alike: dict[bytes, tuple[str, ...] | None] = {}
        self._outcomes: dict[tuple[Deciders, bytes], Outcome] = {}

    def match(self, text: str) -> tuple[str, ...]:
        """Give the ids of all families the text belongs to, the most telling first.

        Causes come before symptoms, states and benign messages; of one role the more specific (more literal
        characters) first. What a benign message covers with a longer text of its own comes after it: a routine
        line stays routine, whatever error it quotes. They are :class:`~parsers.source.OneRow` where the first is.
        """
        found = self._matched.get(text)
        if found is None:
            if len(text) > _REMEMBERED_LENGTH:
                return self._match(text)
            found = self._match_alike(text)
        return found

    def _match_alike(self, text: str) -> tuple[str, ...]:
        """Match a text not seen before; of those that differ in numbers which decide nothing two are matched."""
        alike = numbers_zero(text)
        found = self._matched_alike.get(alike)
        if found is None:
            found = self._match(text)
            if alike in self._matched_alike and self.told_by_numbers(text_without_digits(text)).by_length:
                self._matched_alike[alike] = found
            else:  # what processes say when they start is the same in all logs
                _remember(self._matched, text, found)
                _remember(self._matched_alike, alike, None)
        return found

    def _match(self, text: str) -> tuple[str, ...]:
        if len(text) > _HEAD + _TAIL:
            text = f"{text[:_HEAD]}\n{text[-_TAIL:]}"
        given = text_of(text)
        entries = self._candidates(given.plain)
        if not entries:
            return ()
        hits: dict[str, _Hit] = {}
        for entry in entries:
            known = hits.get(entry.id)
            if known is not None and known.length >= entry.alternative.length:
                continue
            span = entry.alternative.find(given)
            if span is not None and not (entry.unless and entry.unless.find(given)):
                hits[entry.id] = _Hit(entry.id, entry.role, entry.alternative.length, span)
        ids = _ordered(list(hits.values()))
        return OneRow(ids) if ids and ids[0] in self._one_row else ids

    def told_by_numbers(self, digitless: str) -> Deciders:
        """Give the alternatives of which numbers in a text may decide whether it matches.

        Args:
            digitless: the text without its digits; for all texts that differ from it in numbers only, the families
                are the same unless one of the given alternatives matches one of them and not the other.
        """
        if self._numbered is None:
            self._numbered = Numbered(self._entries, self.numbered_texts())
        found = self._told.get(digitless)
        if found is None:
            found = self._numbered.told(text_of(digitless))
            if len(digitless) <= _REMEMBERED_LENGTH:
                _remember(self._told, digitless, found)  # the logs of one cluster have a few hundred
        return found

    def outcome(self, deciders: Deciders, text: str) -> Outcome:
        """Tell which of the alternatives match that numbers decide on."""
        if not deciders:
            return ()
        if not deciders.by_length or len(text) > _REMEMBERED_LENGTH:
            return deciders.match(text)
        key = deciders, all_zero(text)
        found = self._outcomes.get(key)
        if found is None:
            found = deciders.match(text)
            _remember(self._outcomes, key, found)
        return found

    def numbered_texts(self) -> NumberedTexts:
        """Give what :meth:`told_by_numbers` works out at its first call, for a later matcher of the same patterns."""
        if self._numbered_texts is None:
            self._numbered_texts = numbered_texts(self._entries, self._literals_of)
        return self._numbered_texts

    def texts(self) -> set[str]:
        """Give the lower-case texts of which each text that belongs to a family holds one."""
        found = set(self._exact)
        for entries in self._by_literal:
            for entry in entries:
                found |= entry.alternative.literals
        return found

    def literals(self, text: str) -> set[int]:
        """Give the places in ``literal_texts`` of the families' literals that stand in a text."""
        return set(map(_FIRST, self._automaton.find_matches_as_indexes(text_of(text).plain, overlapping=True)))

    def is_routine(self, ids: Iterable[str]) -> bool:
        """Whether a text of these families belongs to benign ones only, or to none."""
        return all(self._roles[name] == _BENIGN for name in ids)

    def faulty(self) -> list[str]:
        """Try all expressions; give those that are none, with what is wrong with them."""
        nothing = text_of("")
        found: dict[str, None] = {}
        for entry in (*self._tried_always(), *(entry for entries in self._by_literal for entry in entries)):
            for expression in (entry.alternative, entry.unless):
                if isinstance(expression, Expression):
                    expression.find(nothing)
                    if expression.faulty:
                        found[f"{entry.id}: {expression.faulty}"] = None
        return list(found)

    def unfiltered(self) -> list[str]:
        """Give the families that are tried on every text because no literal of theirs is certain."""
        return sorted({entry.id for entry in self._tried_always()})

    def _tried_always(self) -> list[Entry]:
        return [*self._always, *self._if_digit_first]

    def _add(self, entry: Entry, positions: dict[str, int]) -> None:
        alternative = entry.alternative
        if getattr(alternative, "exact", False):
            self._exact.setdefault(next(iter(alternative.literals)), []).append(entry)
            return
        if not alternative.literals:
            digit_first = isinstance(alternative, Expression) and alternative.begins_with_digit
            (self._if_digit_first if digit_first else self._always).append(entry)
        for literal in alternative.literals:
            position = positions.setdefault(literal, len(positions))
            if position == len(self._by_literal):
                self._by_literal.append([])
            self._by_literal[position].append(entry)

    def _candidates(self, plain: str) -> list[Entry]:
        found = list(self._always)
        if plain[:1].isdigit():
            found += self._if_digit_first
        if plain in self._exact:
            found += self._exact[plain]
        hits = self._automaton.find_matches_as_indexes(plain, overlapping=True)
        if hits:
            for position in {hit[0] for hit in hits}:
                found += self._by_literal[position]
        return found


def _remember(memory: dict[Key, Value], key: Key, value: Value) -> None:
    if len(memory) >= _REMEMBERED:
        memory.clear()
    memory[key] = value


def _alternatives(pattern: Pattern, literals_of: LiteralsOf, compiled_of: CompiledOf) -> list[Alternative]:
    found: list[Alternative] = []
    for template in pattern.patterns:
        found += [item for item in templates_of(template, pattern.whole) if item.pieces]
    found += [Expression(source, pattern.whole, literals_of, compiled_of) for source in pattern.regexes]
    return found


def _ordered(hits: list[_Hit]) -> tuple[str, ...]:
    routine = [hit for hit in hits if hit.role == _BENIGN]

    def rank(hit: _Hit) -> tuple[int, int, str]:
        covered = hit.role < _BENIGN and any(
            other.length > hit.length and other.span.start <= hit.span.start and other.span.end >= hit.span.end
            for other in routine
        )
        return (_BENIGN + 1 if covered else hit.role, -hit.length, hit.id)

    return tuple(hit.id for hit in sorted(hits, key=rank))
