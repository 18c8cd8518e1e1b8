"""Which causes the words of a bundle speak for, whatever the catalogue knows of its lines.

Earlier labelled incidents teach how much each word of the tables raises each cause (multinomial logistic regression
over words and known messages that are there or not, weighted by how rare they are). Only words that the catalogue
itself uses count, so no name of a host or customer is ever learnt. What comes out is put together with what the
evidence says (:func:`analyzer.ranking.pooled`, docs/ranking.md).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from msgspec import Struct, field

from analyzer.catalogue import Signal
from analyzer.findings import Evidence, Finding
from analyzer.ranking import Ranked
from analyzer.tables import Tables
from parsers.lazy_pattern import lazy_pattern

LEARNT = Path(__file__).parent / "knowledge" / "wording.txt"
_DIGITS = lazy_pattern(r"\d+")
_WORD = lazy_pattern(r"[a-z][a-z_]*[a-z]")
_NAME = lazy_pattern(r"[a-z0-9][a-z0-9.-]*[a-z0-9]")
_LONGEST, _MOST_WORDS = 400, 50  # characters and words of a text that count
_MOST_TEXTS = 20_000
_QUOTED = 3  # texts of a cause
#: what is quoted of a cause that has no telling signal
SIGNAL = Signal(id="wording", says="Words that incidents of this cause had before", strength="weak", fact=("wording",))


class Said(Struct, frozen=True):
    """A text of a table's row, its numbers as zeros; of equal ones the first."""

    text: str
    table: str
    position: int
    words: frozenset[str]  # in small letters; known messages in it as "=id"


def words_of(text: str, names: frozenset[str] = frozenset()) -> frozenset[str]:
    """Give the words of a text, in small letters; those of a name among ``names`` are none."""
    plain = text.lower()
    if not names.isdisjoint(_NAME.findall(plain)):
        plain = _NAME.sub(lambda found: "" if found[0] in names else found[0], plain)
    return frozenset(_WORD.findall(plain)[:_MOST_WORDS])


def all_said(evidence: Evidence) -> list[Said]:
    """Give every distinct text of the rows that say something of a state that is not over."""
    tables = evidence.tables
    names = _names(tables)
    found: dict[str, Said] = {}
    for table, of_row in _TEXTS.items():
        seen: set[str] = set()
        over, ids = evidence.over.get(table), tables.message_ids.get(table)
        for position, row in enumerate(tables.rows.of(table)):
            if over is not None and over[position]:
                continue
            for text in of_row(row):
                if text in seen:
                    continue
                seen.add(text)
                plain = _DIGITS.sub("0", text[:_LONGEST])
                if plain not in found and len(found) < _MOST_TEXTS:
                    known = row.message_ids if table == "log_lines" else ids[position] if ids else ()
                    words = words_of(text[:_LONGEST], names).union("=" + name for name in known)
                    found[plain] = Said(plain, table, position, words)
    return list(found.values())


def _names(tables: Tables) -> frozenset[str]:
    """The names of workers, pods and namespaces: a word in one of them says nothing."""
    rows = tables.rows
    named = [{row.node for row in rows.nodes}, {row.pod for row in rows.pods}, {row.namespace for row in rows.pods}]
    named += [
        {row.pod for row in rows.log_lines},
        {row.node for row in rows.log_lines},
        {row.object for row in rows.events},
    ]
    return frozenset(name.lower() for some in named for name in some if name)


def _container(row: Any) -> Iterator[str]:
    yield f"{row.container} {row.state} {row.state_reason} {row.message}"
    if row.last_state:
        yield f"{row.container} last {row.last_reason} {row.last_message}"


def _node(row: Any) -> Iterator[str]:
    yield f"ready {row.ready} cordoned {row.cordoned}"
    yield from row.taints


#: table -> the texts of one of its rows
_TEXTS: Mapping[str, Any] = {
    "log_lines": lambda row: (row.message,),
    "events": lambda row: (f"{row.reason} {row.message}",),
    "node_conditions": lambda row: (f"{row.type} {row.status} {row.reason} {row.message}",),
    "pod_conditions": lambda row: (f"{row.type} {row.status} {row.reason} {row.message}",),
    "containers": _container,
    "pods": lambda row: (f"{row.phase} {row.reason} {row.message}",),
    "readiness": lambda row: (row.message,),
    "settings": lambda row: (f"{row.kind} {row.key} {row.value}",),
    "bgp": lambda row: (f"{row.state} {row.message}",),
    "nodes": _node,
    "daemonsets": lambda row: (f"{row.daemonset} {row.node_selector}",),
    "routes": lambda row: (f"{row.device} {row.proto}",),
}


class Wording(Struct, frozen=True):
    """What was learnt: for each word how rare it is, and how much it speaks for each cause.

    ``weight`` holds one whole number for each cause, ``scale`` is what they are multiplied by; so for ``bias``.
    """

    causes: tuple[str, ...] = ()
    scale: float = 0.0
    bias: tuple[int, ...] = ()
    rarity: Mapping[str, float] = field(default_factory=dict)
    weight: Mapping[str, Sequence[int]] = field(default_factory=dict)

    def log_chances(self, said: Iterable[Said]) -> dict[str, float]:
        """Give the logarithm of each cause's probability by the words alone; nothing where no known word stands."""
        known = {word for text in said for word in text.words if word in self.weight}
        if not known:
            return {}
        norm = math.sqrt(math.fsum(self.rarity[word] ** 2 for word in known))
        total = [0.0] * len(self.causes)
        for word in sorted(known):
            share = self.rarity[word] / norm
            total = [sum_ + share * weight for sum_, weight in zip(total, self.weight[word], strict=True)]
        odds = [self.scale * (sum_ + bias) for sum_, bias in zip(total, self.bias, strict=True)]
        top = max(odds)
        log_sum = top + math.log(sum(math.exp(value - top) for value in odds))
        return {cause: round(value - log_sum, 4) for cause, value in zip(self.causes, odds, strict=True)}

    def telling(self, said: Iterable[Said], cause: str, most: int) -> list[Said]:
        """Give the texts whose words speak most for a cause, the strongest first; none that hardly do."""
        place = self.causes.index(cause)
        sums = []
        for text in said:
            known = (word for word in text.words if word in self.weight)
            # the order of a set is another in each run, and so would be the last digits of sum()
            total = math.fsum(self.rarity[word] * self.weight[word][place] for word in known)
            if total > 0:
                sums.append((total, text))
        sums.sort(key=lambda pair: (-pair[0], pair[1].text))
        return [text for total, text in sums[:most] if total > 0.5 * sums[0][0]]


def quote(ranked: Iterable[Ranked], wording: Wording, said: Sequence[Said], evidence: Evidence, least: float) -> None:
    """Add the most telling texts to causes that have no telling signal and at least a probability of ``least``."""
    for item in ranked:
        told = any(signal.strength != "weak" for signal, _ in item.findings)
        if told or item.probability < least or item.cause.id not in wording.causes:
            continue
        places = [
            evidence.place(text.table, evidence.tables.rows.of(text.table)[text.position])
            for text in wording.telling(said, item.cause.id, _QUOTED)
        ]
        if places:
            item.findings.append((SIGNAL, [Finding(SIGNAL.id, SIGNAL, places)]))


@cache
def load(path: Path = LEARNT) -> Wording:
    """Read what ``tests/incidents/learn_wording.py`` wrote; nothing is known where the file is absent."""
    try:
        lines = path.read_text(encoding="ascii").splitlines()
    except FileNotFoundError:
        return Wording()
    head = dict(line.split(" ", 1) for line in lines if not line.startswith(("#", "\t")))
    rows = [line.split("\t") for line in lines if line.startswith("\t")]
    return Wording(
        tuple(head["causes"].split()),
        float(head["scale"]),
        tuple(int(number) for number in head["bias"].split()),
        {word: float(rarity) for _, word, rarity, _ in rows},
        {word: memoryview(bytes.fromhex(numbers)).cast("b") for _, word, _, numbers in rows},
    )
