r"""Which digits in a text can decide whether a pattern matches it.

``digit_rules(r"dial tcp \S+:(?:2379|4001): refused")`` says that only runs of digits with 2379 or 4001 in them count
for what they are; of all others only their length does. So very many lines that differ in their numbers can be told
to be alike without trying the pattern on each.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

import regex

from parsers.without_digits import QUANTIFIER, TOKEN

ANY = 0b1111111111
MOST_DIGITS = 14  # of a rule; of more the first are looked at, which keeps more runs as they are


class Rule(NamedTuple):
    """Digits next to each other that a pattern asks for: for each, bits of those allowed.

    ``first`` and ``last`` say that they must be at the beginning, at the end of a run of digits.
    """

    digits: tuple[int, ...]
    first: bool
    last: bool


def digit_rules(source: str) -> frozenset[Rule]:
    """Give the rules of a regular expression.

    Raises:
        ValueError: nothing can be said of it.
    """
    reader = _Reader()
    position = 0
    while position < len(source):
        token = TOKEN.match(source, position)
        if token is None or token["other"] is not None or (token["flags"] and "x" in token["flags"]):
            raise ValueError(source)
        position = token.end()
        quantifier = QUANTIFIER.match(source, position)
        if quantifier:
            position = quantifier.end()
        least = quantifier is None or quantifier[1][0] == "+" or quantifier[2] not in (None, "", "0")
        if token["flags"] or token["look"] or token["group"] or token[0] in (")", "|", "^", "$"):
            reader.end(False)
        elif token[0] == r"\b":
            reader.end(True)
        elif token[0] in (r"\A", r"\Z", r"\B"):
            reader.end(False)
        else:
            digits, others = _allowed(token[0])
            reader.take(digits, others, least, quantifier is not None)
    reader.end(False)
    return frozenset(reader.rules)


def rules_of_text(text: str) -> frozenset[Rule]:
    """Give the rules of a literal text."""
    return digit_rules(regex.escape(text, literal_spaces=True))


class _Reader:
    """Collects rules from elements in order."""

    def __init__(self) -> None:
        self.rules: set[Rule] = set()
        self._run: list[int] = []
        self._bounded = False  # what stands before the run is no digit for sure

    def take(self, digits: int, others: bool, least: bool, repeated: bool) -> None:
        """Take an element: the digits that it matches, whether it matches others, whether it must be there."""
        if not digits:
            self.end(least)
        elif others or repeated:
            self.end(False)
            if digits != ANY:
                self.rules.add(Rule((digits,), False, False))
        else:
            self._run.append(digits)

    def end(self, bounded: bool) -> None:
        """The run of digits ends here; ``bounded``: with something that is no digit for sure."""
        if any(digits != ANY for digits in self._run):
            cut = len(self._run) > MOST_DIGITS
            self.rules.add(Rule(tuple(self._run[:MOST_DIGITS]), self._bounded, bounded and not cut))
        self._run = []
        self._bounded = bounded


@lru_cache(1000)
def _allowed(element: str) -> tuple[int, bool]:
    """Which digits an element for one character matches, and whether it may match anything else."""
    if len(element) == 1 and element != ".":
        return (1 << int(element), False) if element in "0123456789" else (0, True)
    if re.fullmatch(r"\\\d+", element):
        raise ValueError(element)  # what a group matched before
    try:
        compiled = regex.compile(element, regex.DOTALL)
    except regex.error as error:
        raise ValueError(element) from error
    digits = sum(1 << digit for digit in range(10) if compiled.fullmatch(str(digit)))
    return digits, any(compiled.fullmatch(chr(code)) for code in range(0x250) if chr(code) not in "0123456789")
