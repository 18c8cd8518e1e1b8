"""The message catalogue compiled for matching."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import msgspec
from msgspec import Struct

from analyzer import cache
from analyzer.catalogue import Catalogue
from parsers import message_match, message_numbers, message_pattern, required_literals
from parsers.message_match import MessageMatcher, Pattern
from parsers.message_numbers import NumberedTexts
from parsers.message_pattern import CompiledOf, compiled

_NAME = "literals"
#: what is kept depends on their code
_MAKERS: tuple[ModuleType, ...] = (message_match, message_numbers, message_pattern, required_literals)


def build_matcher(catalogue: Catalogue, compiled_of: CompiledOf = compiled) -> MessageMatcher:
    """Give the matcher of all messages of the catalogue; what its expressions need is worked out once and kept.

    ``compiled_of`` may be an :class:`~analyzer.expression_memory.ExpressionMemory`.
    """
    patterns = [
        Pattern(
            message.id, message.role, message.pattern, message.regex, message.whole, message.unless, message.one_row
        )
        for message in catalogue.messages.values()
    ]
    key = cache.key_of_files([Path(str(maker.__file__)) for maker in _MAKERS], msgspec.msgpack.encode(patterns))
    known = _known(cache.read(_NAME, key))
    literals = _Literals(known.literals)
    matcher = MessageMatcher(patterns, literals, compiled_of, known.numbered)
    if literals.new or known.numbered is None:
        known = _Known(matcher.numbered_texts(), literals.known)
        cache.write(_NAME, key, msgspec.msgpack.encode(known))
    return matcher


class _Known(Struct):
    """What is kept of the work on a catalogue's patterns: by expression, the texts of which each match holds one."""

    numbered: NumberedTexts | None
    literals: dict[str, frozenset[str]]


def _known(blob: bytes | None) -> _Known:
    try:
        return msgspec.msgpack.decode(blob or b"", type=_Known)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return _Known(None, {})


class _Literals:
    """:func:`required_literals.required_literals` with a memory."""

    def __init__(self, known: dict[str, frozenset[str]]) -> None:
        self.known = known
        self.new = False

    def __call__(self, source: str) -> frozenset[str]:
        known = self.known.get(source)
        if known is None:
            self.new = True
            known = self.known[source] = required_literals.required_literals(source)
        return known
