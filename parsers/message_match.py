"""Finding which message families a text belongs to: one pass for the literals, then a check of each candidate."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import regex
from ahocorasick_rs import AhoCorasick

#: {name} stands for any value; {a|b} for one of the named ones
_PLACEHOLDER = re.compile(r"\{[A-Za-z0-9_ |:.,;'/()%=*+<>-]+\}")
_ROLES = {"cause": 0, "symptom": 1, "state": 2, "benign": 3}
TIMEOUT_S = 0.2  # of one regular expression on one text; input is hostile
MOST_CHARACTERS = 8192


@dataclass(frozen=True, slots=True)
class Pattern:
    """A message family as the matcher needs it."""

    id: str
    role: str = "state"
    patterns: tuple[str, ...] = ()
    regexes: tuple[str, ...] = ()
    whole: bool = False
    unless: str = ""


@dataclass(slots=True)
class _Compiled:
    """One alternative of a family: its literal for the first pass, and the check."""

    id: str
    role: int
    literal: str
    length: int  # of all literals together: how specific it is
    pieces: tuple[str, ...]
    starts: bool  # a whole message begins with its first piece
    ends: bool
    whole: bool
    expression: Any = None
    unless: Any = None


@dataclass(slots=True)
class _Index:
    automaton: Any = None
    literals: list[str] = field(default_factory=list)
    by_literal: list[list[_Compiled]] = field(default_factory=list)
    always: list[_Compiled] = field(default_factory=list)


class MessageMatcher:
    """Knows which families a text belongs to. Matching is case-insensitive: Calico v3.31 lower-cased its errors."""

    def __init__(self, patterns: Iterable[Pattern]) -> None:
        self._index = _Index()
        positions: dict[str, int] = {}
        for pattern in patterns:
            for item in _compile(pattern):
                if not item.literal:
                    self._index.always.append(item)
                    continue
                position = positions.setdefault(item.literal, len(positions))
                if position == len(self._index.by_literal):
                    self._index.by_literal.append([])
                    self._index.literals.append(item.literal)
                self._index.by_literal[position].append(item)
        self._index.automaton = AhoCorasick(self._index.literals)

    def match(self, text: str) -> tuple[str, ...]:
        """Give the ids of all families the text belongs to, the most telling first.

        Causes come before symptoms, states and benign messages; among them the more specific (more literal
        characters) first.
        """
        text = text[:MOST_CHARACTERS].strip()
        lowered = text.lower()
        found: dict[str, tuple[int, int]] = {}
        hits = self._index.automaton.find_matches_as_indexes(lowered, overlapping=True)
        for position in {hit[0] for hit in hits}:
            for item in self._index.by_literal[position]:
                self._try(item, text, lowered, found)
        for item in self._index.always:
            self._try(item, text, lowered, found)
        return tuple(sorted(found, key=lambda name: (*found[name], name)))

    def _try(self, item: _Compiled, text: str, lowered: str, found: dict[str, tuple[int, int]]) -> None:
        rank = (item.role, -item.length)
        if found.get(item.id, (9, 0)) <= rank or not _matches(item, text, lowered):
            return
        found[item.id] = rank


def _compile(pattern: Pattern) -> list[_Compiled]:
    unless = regex.compile(pattern.unless, regex.IGNORECASE) if pattern.unless else None
    role = _ROLES.get(pattern.role, 2)
    compiled = []
    for template in pattern.patterns:
        pieces = tuple(piece.lower() for piece in _PLACEHOLDER.split(template))
        choices = [hole for hole in _PLACEHOLDER.findall(template) if "|" in hole]
        expression = regex.compile(_expression(template), regex.IGNORECASE | regex.DOTALL) if choices else None
        literals = [piece.strip() for piece in pieces if piece.strip()]
        compiled.append(
            _Compiled(
                id=pattern.id,
                role=role,
                literal=max(literals, key=len, default=""),
                length=sum(len(piece) for piece in literals),
                pieces=tuple(piece for piece in pieces if piece),
                starts=bool(pieces[0].strip()),
                ends=bool(pieces[-1].strip()),
                whole=pattern.whole,
                expression=expression,
                unless=unless,
            )
        )
    for source in pattern.regexes:
        for part in _alternatives(source):
            literal = _literal_of(part)
            expression = regex.compile(part, regex.IGNORECASE | regex.DOTALL)
            length = max(len(literal), 8)
            item = _Compiled(pattern.id, role, literal, length, (), False, False, pattern.whole, expression, unless)
            compiled.append(item)
    return compiled


def _expression(template: str) -> str:
    """A template with choices as a regular expression; free values are bounded to keep it linear."""
    parts: list[str] = []
    last = 0
    for hole in _PLACEHOLDER.finditer(template):
        parts.append(regex.escape(template[last : hole.start()]))
        inner = hole.group()[1:-1]
        parts.append(
            "(?:" + "|".join(regex.escape(choice) for choice in inner.split("|")) + ")"
            if "|" in inner
            else ".{0,2000}?"
        )
        last = hole.end()
    parts.append(regex.escape(template[last:]))
    return "".join(parts)


def _literal_of(source: str) -> str:
    """The longest run of plain characters that every match must contain; "" where there is none to be sure of.

    Only what stands outside all groups and classes counts, and a character that a quantifier follows does not.
    """
    runs, run = [""], ""
    for plain, following in _outside_groups(source):
        run = run + plain.lower() if plain and following not in ("?", "*", "{") else ""
        runs.append(run)
    return max(runs, key=len).strip()


def _alternatives(source: str) -> list[str]:
    """The parts of an expression between the bars that stand outside all groups."""
    parts, start, depth, in_class, position = [], 0, 0, False, 0
    while position < len(source):
        character = source[position]
        if character == "\\":
            position += 1
        elif in_class:
            in_class = character != "]"
        elif character in "([":
            depth, in_class = depth + (character == "("), character == "["
        elif character == ")":
            depth -= 1
        elif character == "|" and depth == 0:
            parts.append(source[start:position])
            start = position + 1
        position += 1
    return [*parts, source[start:]]


def _outside_groups(source: str) -> Iterator[tuple[str, str]]:
    """The characters outside groups, classes and quantifiers as (plain character or "", what follows it)."""
    depth, in_class, position = 0, False, 0
    while position < len(source):
        character = source[position]
        escaped = character == "\\"
        plain = source[position + 1 : position + 2] if escaped else character
        step = 2 if escaped else 1
        if in_class:
            in_class = escaped or character != "]"
            plain = ""
        elif not escaped and character in "([":
            depth, in_class, plain = depth + (character == "("), character == "[", ""
        elif not escaped and character == ")":
            depth, plain = depth - 1, ""
        elif not escaped and character == "{":
            step, plain = max(1, source.find("}", position) + 1 - position), ""
        elif depth or (plain.isalnum() if escaped else character in ".^$?*+|}"):
            plain = ""
        yield plain, source[position + step :][:1]
        position += step


def _matches(item: _Compiled, text: str, lowered: str) -> bool:
    if item.expression is not None:
        try:
            search = item.expression.fullmatch if item.whole else item.expression.search
            if not search(text, timeout=TIMEOUT_S):
                return False
        except TimeoutError:
            return False
    elif not _in_order(item, lowered):
        return False
    if item.unless is not None:
        try:
            return not item.unless.search(text, timeout=TIMEOUT_S)
        except TimeoutError:
            return True
    return True


def _in_order(item: _Compiled, lowered: str) -> bool:
    """Whether the literal pieces stand in the text one after another: linear, whatever the text."""
    pieces: Sequence[str] = item.pieces
    if item.whole:
        if item.starts and not lowered.startswith(pieces[0].lstrip()):
            return False
        if item.ends and not lowered.endswith(pieces[-1].rstrip()):
            return False
        if item.starts and item.ends and len(pieces) == 1:
            return lowered == pieces[0].strip()
    position = 0
    for number, piece in enumerate(pieces):
        wanted = piece.lstrip() if number == 0 else piece
        wanted = wanted.rstrip() if number == len(pieces) - 1 else wanted
        position = lowered.find(wanted, position)
        if position < 0:
            return False
        position += len(wanted)
    return True
