"""Sizes of packets that were tried with ``ping``, where the command names them and the output does not."""

from __future__ import annotations

import re

from parsers.lazy_pattern import lazy_pattern

_PING = lazy_pattern(r"\bping6?\b[^\n|;]{0,120}? -M ?(?:do|probe)\b|\bping6?\b[^\n|;]{0,80}? -D\b")
_SIZE = lazy_pattern(r"\bping6?\b[^\n|;]{0,160}? -s ?(\d{2,5})\b")
_LOOP = lazy_pattern(r"\bfor +(\w{1,20}) +in +([^\n;]{1,300});")
_RANGE = lazy_pattern(r"\{(\d{1,5})\.\.(\d{1,5})(?:\.\.(\d{1,4}))?\}")
_SEQUENCE = lazy_pattern(r"(?:\$\(|`)seq (\d{1,5}) (?:(\d{1,4}) )?(\d{1,5})(?:\)|`)")
_RESULT = lazy_pattern(r"\d{1,5} packets transmitted, \d{1,5} (?:packets )?received")
_MOST = 500


def tried_sizes(command: str) -> list[int]:
    """Give the sizes that a command tries without fragmentation, in their order; none where it does not say so."""
    if not _PING.search(command):
        return []
    loop = _LOOP.search(command)
    if loop and re.search(rf"-s ?[\"']?\$\{{?{loop[1]}\b", command):
        return _listed(loop[2])[:_MOST]
    return [int(size) for size in _SIZE.findall(command)][:_MOST]


def _listed(text: str) -> list[int]:
    if found := _RANGE.search(text):
        step = int(found[3] or 1) or 1
        return list(range(int(found[1]), int(found[2]) + 1, step))
    if found := _SEQUENCE.search(text):
        step = int(found[2] or 1) or 1
        return list(range(int(found[1]), int(found[3]) + 1, step))
    return [int(word) for word in text.split() if word.isdigit() and len(word) <= 5]


def is_result(line: str) -> bool:
    """Whether a line sums up what became of one ping."""
    return _RESULT.search(line[:400]) is not None
