"""What is kept of a ticket's analysis. Each worker process has this; what the store and the overview need, none has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from analyzer.backlog.fingerprint import Fingerprint
from analyzer.backlog.learning import Fired
from analyzer.backlog.summary import TicketRow


@dataclass(frozen=True, slots=True)
class Version:
    """What a result was made of: of two equal ones the second need not be made."""

    content: str
    catalogue: str


@dataclass(frozen=True, slots=True)
class Kept:
    """One ticket as a store keeps it.

    Attributes:
        row: its line of the summary; ``row.outcome`` is what it was, "" where that is not known.
        features: its fingerprint, empty for a failed one.
        fired: what its ranking was made from; None where it is not kept.
        note: what fixed it.
        resolved: when that was recorded.
        ranked: (cause, probability) as its report has them, in rank order.
    """

    row: TicketRow
    features: Fingerprint = field(default_factory=dict)
    fired: Fired | None = None
    note: str = ""
    resolved: datetime | None = None
    ranked: Sequence[tuple[str, float]] = ()
