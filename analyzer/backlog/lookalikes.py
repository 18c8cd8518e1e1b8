"""Tickets that look alike: groups of them, and the resolved ones that a new one is most like.

Likeness is the weighted Jaccard index of two fingerprints: what they share over what they have together, 0 to 1.
It is exact, not estimated: tickets are compared with the first of each group alone, all of them at once over an index
of features, and equal fingerprints once. docs/backlog.md has what was measured.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from analyzer.backlog.fingerprint import Fingerprint, as_text

#: least likeness of a ticket to the first of its group, and of a resolved ticket worth showing
ALIKE = 0.6
SEEN = 0.4
MOST_SEEN = 3


def likeness(one: Fingerprint, other: Fingerprint) -> float:
    """Give the weighted Jaccard index of two fingerprints; two without features are not alike."""
    shared = sum(min(weight, other[name]) for name, weight in one.items() if name in other)
    total = sum(one.values()) + sum(other.values()) - shared
    return shared / total if total else 0.0


def groups(tickets: Mapping[str, Fingerprint], alike: float = ALIKE) -> dict[str, str]:
    """Give the group of each ticket that has features; each is alike enough to the first of its group.

    The answer depends on the tickets alone, not on their order. A group is named after what its first has as first
    cause, and after its fingerprint: ``bgp-port-blocked-1f3a9c04``.

    Args:
        tickets: fingerprints by ticket.
        alike: least likeness to the first of the group.
    """
    texts = {ticket: as_text(features) for ticket, features in tickets.items() if features}
    features_of = {texts[ticket]: features for ticket, features in tickets.items() if features}
    frequent = Counter(texts.values())
    firsts, named = _Index(), list[str]()
    names: dict[str, str] = {}
    for text in sorted(features_of, key=lambda item: (-frequent[item], item)):
        features = features_of[text]
        like = firsts.like(features)
        best = int(np.argmax(like)) if len(like) else -1
        if best >= 0 and like[best] >= alike - 1e-9:
            names[text] = named[best]
            continue
        names[text] = _name(features, text)
        named.append(names[text])
        firsts.add(features)
    return {ticket: names[text] for ticket, text in texts.items()}


def _name(features: Fingerprint, text: str) -> str:
    first = max(
        (name for name in features if name.startswith(("cause:", "verdict:"))),
        key=lambda name: (features[name], name),
        default="other:unnamed",
    )
    return f"{first.partition(':')[2][:80]}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"


class _Index:
    """Fingerprints by their features: the likeness of one to all of them at once."""

    def __init__(self) -> None:
        self._numbers: dict[str, _Column] = {}
        self._shares: dict[str, _Column] = {}
        self._weights = _Column()

    def __len__(self) -> int:
        return len(self._weights)

    def add(self, features: Fingerprint) -> None:
        """Take one more, under the next number."""
        number = len(self)
        for name, weight in features.items():
            self._numbers.setdefault(name, _Column(np.int64)).append(number)
            self._shares.setdefault(name, _Column()).append(weight)
        self._weights.append(sum(features.values()))

    def like(self, features: Fingerprint) -> Any:
        """Give the likeness of ``features`` to each, by number."""
        shared = np.zeros(len(self))
        for name, weight in features.items():
            if name in self._numbers:
                shared[self._numbers[name].values] += np.minimum(self._shares[name].values, weight)
        total = self._weights.values + sum(features.values()) - shared
        return np.divide(shared, total, out=np.zeros_like(shared), where=total > 0)


class _Column:
    """Numbers in a row that grows."""

    def __init__(self, kind: type[np.float64] | type[np.int64] = np.float64) -> None:
        self._room: Any = np.zeros(4, dtype=kind)
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def append(self, value: float) -> None:
        if self._count == len(self._room):
            self._room = np.concatenate([self._room, np.zeros_like(self._room)])
        self._room[self._count] = value
        self._count += 1

    @property
    def values(self) -> Any:
        return self._room[: self._count]


@dataclass(frozen=True, slots=True)
class Resolved:
    """A ticket of which it is known what it was."""

    ticket: str
    cause: str
    note: str = ""
    resolved: datetime | None = None
    features: Fingerprint | None = None
    report: str = ""  # relative path of its report


class Memory:
    """Resolved tickets by their features: gives those that a ticket is most like."""

    def __init__(self, resolved: Iterable[Resolved]) -> None:
        self._tickets = sorted((item for item in resolved if item.features), key=lambda item: item.ticket)
        self._moments = np.array([_moment(item) for item in self._tickets])
        self._index = _Index()
        for item in self._tickets:
            self._index.add(item.features or {})

    def __len__(self) -> int:
        return len(self._tickets)

    def nearest(
        self, features: Fingerprint, ticket: str = "", most: int = MOST_SEEN, least: float = SEEN
    ) -> list[tuple[Resolved, float]]:
        """Give the resolved tickets most like ``features`` with their likeness, the most alike first.

        Args:
            features: of the ticket that is asked about.
            ticket: its own name: it is not its own precedent.
            most: how many are given.
            least: least likeness of one.
        """
        like = self._index.like(features)
        near = np.flatnonzero(like >= least)
        order = near[np.lexsort((near, -self._moments[near], -np.round(like[near], 6)))][: most + 1]
        found = [(self._tickets[number], float(like[number])) for number in order]
        return [(item, alike) for item, alike in found if item.ticket != ticket][:most]


def _moment(item: Resolved) -> float:
    return item.resolved.timestamp() if item.resolved else 0.0
