"""Texts that make a pattern slow if anything does: one of its repeats goes on and on, and then the text ends wrong."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from re import _constants as codes  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from typing import Any

#: characters that patterns of logs and of kubectl's text care about
CHARACTERS = " a0A.:-/\"'=,{[(|\t\\_@`x9fF%+*;<>#~\n"
_MANY = 60  # a repeat that ends sooner cannot be slow by itself
_REPEATS = (codes.MAX_REPEAT, codes.MIN_REPEAT, codes.POSSESSIVE_REPEAT)
Node = tuple[Any, Any]


def stretched(pattern: re.Pattern[Any], length: int) -> Iterator[str]:
    """Give texts of about ``length`` characters, each with one repeat of the pattern stretched, that do not match at their end."""
    source = pattern.pattern.decode("latin-1") if isinstance(pattern.pattern, bytes) else pattern.pattern
    flags = pattern.flags & ~re.UNICODE if isinstance(pattern.pattern, bytes) else pattern.flags
    seen = set()
    for text in _stretched(_parser.parse(source, flags), length):
        for end in ("\0", "\n"):
            if text + end not in seen:
                seen.add(text + end)
                yield text + end


def _stretched(nodes: Iterable[Node], length: int) -> Iterator[str]:
    before = ""
    for code, argument in nodes:
        if code in _REPEATS:
            _, most, inner = argument
            if most >= _MANY:
                for unit in _units(list(inner)):
                    yield before + unit * (length // len(unit))
            branches = [inner]
        elif code == codes.BRANCH:
            branches = argument[1]
        elif code == codes.SUBPATTERN:
            branches = [argument[3]]
        elif code == codes.ATOMIC_GROUP:
            branches = [argument]
        else:
            branches = []
        for branch in branches:
            yield from (before + text for text in _stretched(branch, length))
        before += _shortest_of(code, argument)
    yield (before or "a") * (length // len(before or "a"))


def _units(inner: list[Node]) -> list[str]:
    """What a repeat may be made of: single characters that it takes, or the shortest text of what it repeats."""
    if len(inner) == 1 and inner[0][0] in (codes.IN, codes.ANY, codes.LITERAL, codes.NOT_LITERAL):
        return [character for character in CHARACTERS if _takes(*inner[0], character)]
    return [_shortest(inner) or "a"]


def _takes(code: Any, argument: Any, character: str) -> bool:
    if code == codes.ANY:
        return character != "\n"
    if code == codes.IN:
        return _within(argument, character)
    return (chr(argument) == character) is (code == codes.LITERAL)


def _within(items: Iterable[Node], character: str) -> bool:
    categories = {
        codes.CATEGORY_DIGIT: r"\d", codes.CATEGORY_NOT_DIGIT: r"\D", codes.CATEGORY_SPACE: r"\s",
        codes.CATEGORY_NOT_SPACE: r"\S", codes.CATEGORY_WORD: r"\w", codes.CATEGORY_NOT_WORD: r"\W",
    }  # fmt: skip
    inside, negated = False, False
    for code, argument in items:
        if code == codes.NEGATE:
            negated = True
        elif code == codes.LITERAL:
            inside |= chr(argument) == character
        elif code == codes.RANGE:
            inside |= argument[0] <= ord(character) <= argument[1]
        elif code == codes.CATEGORY:
            inside |= re.match(categories[argument], character) is not None
    return inside is not negated


def _rare(items: Any) -> list[str]:
    """Characters of a class that are none of the common ones."""
    singles = [chr(argument) for code, argument in items if code == codes.LITERAL]
    return [*singles, *(chr(argument[0]) for code, argument in items if code == codes.RANGE)]


def _shortest(nodes: Iterable[Node]) -> str:
    return "".join(_shortest_of(code, argument) for code, argument in nodes)


def _shortest_of(code: Any, argument: Any) -> str:
    if code == codes.LITERAL:
        return chr(argument)
    if code in (codes.NOT_LITERAL, codes.ANY, codes.IN):
        taken = [character for character in "a0A" + CHARACTERS + "]}" if _takes(code, argument, character)]
        return (taken or _rare(argument) or ["a"])[0]
    if code in _REPEATS:
        return _shortest(argument[2]) * int(argument[0])
    if code == codes.SUBPATTERN:
        return _shortest(argument[3])
    if code == codes.ATOMIC_GROUP:
        return _shortest(argument)
    return _shortest(argument[1][0]) if code == codes.BRANCH else ""
