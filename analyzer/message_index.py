"""The message catalogue compiled for matching."""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType

from analyzer import cache
from analyzer.catalogue import Catalogue
from parsers import message_match, required_literals
from parsers.message_match import MessageMatcher, Pattern
from parsers.message_pattern import CompiledOf, compiled

_NAME = "literals"
_MAKERS: tuple[ModuleType, ...] = (message_match, required_literals)  # what is kept depends on their code


def build_matcher(catalogue: Catalogue, compiled_of: CompiledOf = compiled) -> MessageMatcher:
    """Give the matcher of all messages of the catalogue; what its expressions need is worked out once and kept.

    ``compiled_of`` may be an :class:`~analyzer.expression_memory.ExpressionMemory`.
    """
    patterns = [
        Pattern(message.id, message.role, message.pattern, message.regex, message.whole, message.unless)
        for message in catalogue.messages.values()
    ]
    sources = (source for pattern in patterns for source in (*pattern.regexes, pattern.unless))
    key = cache.key_of_files([Path(str(maker.__file__)) for maker in _MAKERS], *sources)
    literals = _Literals(cache.read(_NAME, key))
    matcher = MessageMatcher(patterns, literals, compiled_of)
    if literals.new:
        matcher.told_by_numbers("")  # needs some more of them
        cache.write(_NAME, key, literals.as_json())
    return matcher


class _Literals:
    """:func:`required_literals.required_literals` with a memory."""

    def __init__(self, blob: bytes | None) -> None:
        self._known: dict[str, frozenset[str]] = {}
        self.new = False
        try:
            found = json.loads(blob) if blob is not None else {}
            self._known = {str(source): frozenset(map(str, texts)) for source, texts in found.items()}
        except (ValueError, RecursionError, AttributeError, TypeError):
            self._known = {}

    def __call__(self, source: str) -> frozenset[str]:
        known = self._known.get(source)
        if known is None:
            self.new = True
            known = self._known[source] = required_literals.required_literals(source)
        return known

    def as_json(self) -> bytes:
        """All it knows."""
        return json.dumps({source: sorted(texts) for source, texts in self._known.items()}).encode()
