"""The rules that tell a secret, read from ``knowledge/redaction/rules.yaml``."""

from __future__ import annotations

import base64
import re
from functools import cache
from pathlib import Path
from typing import Any

from msgspec import Struct

from analyzer.yaml_files import contents

RULES = Path(__file__).parents[1] / "knowledge" / "redaction" / "rules.yaml"


class Rule(Struct, frozen=True):
    """One kind of secret.

    Attributes:
        pattern: finds it in one line; the group ``s`` (or ``s2``), where there is one, is what is replaced.
        unless: whole values that are none.
        id_like: an identifier that stays distinct: replaced by another of the same shape, always the same.
    """

    id: str
    keywords: tuple[bytes, ...]
    pattern: re.Pattern[bytes]
    unless: re.Pattern[bytes] | None
    id_like: bool
    examples: tuple[str, ...]
    counter_examples: tuple[str, ...]


class Rules(Struct, frozen=True):
    """All rules, the keys of assignments, and the literals that base64 text is searched for."""

    rules: tuple[Rule, ...]
    strong: str
    weak: str
    unless: re.Pattern[bytes]
    cores: tuple[bytes, ...]  # lower case; of one of them stands in base64 text that hides an encoded word


@cache
def load_rules() -> Rules:
    """Give the shipped rules."""
    data: dict[str, Any] = contents([RULES])[0]
    keys = data["assignments"]
    return Rules(
        tuple(_rule(item) for item in data["rules"]),
        keys["strong"],
        keys["weak"],
        re.compile(keys["unless"].encode()),
        tuple(sorted({core for word in data["encoded"] for core in base64_cores(word)})),
    )


def _rule(item: dict[str, Any]) -> Rule:
    return Rule(
        item["id"],
        tuple(word.encode() for word in item["keywords"]),
        re.compile(item["pattern"].encode()),
        re.compile(item["unless"].encode()) if "unless" in item else None,
        bool(item.get("id_like")),
        tuple(item["examples"]),
        tuple(item["counter_examples"]),
    )


def base64_cores(word: str) -> set[bytes]:
    """Give what base64 makes of a word wherever it stands in the encoded text, in lower case.

    Three bytes become four characters, so a word has three forms by its offset; characters that its neighbours
    share are left out (RFC 4648, section 4). Given are those of the word in lower case, in capitals and capitalized.
    """
    cores = set()
    for form in {word, word.upper(), word.capitalize()}:
        raw = form.encode()
        for offset in range(3):
            bits = base64.b64encode(b"\0" * offset + raw)
            first = (0, 2, 3)[offset]
            last = (offset + len(raw)) * 8 // 6
            core = bits[first:last].lower()
            if len(core) >= 6:
                cores.add(core)
    return cores
