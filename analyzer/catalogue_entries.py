"""What the catalogue's entries hold: causes with signals and repair, symptoms, messages, the numbers of the ranking."""

from __future__ import annotations

import json
from functools import cached_property
from typing import Annotated, Any, ClassVar, Literal, TypeVar

import msgspec

Strength = Literal["decisive", "strong", "moderate", "weak"]
Platform = Literal["iks-classic", "iks-vpc", "iks-satellite", "roks", "other"]
PlatformOrAny = Literal["iks-classic", "iks-vpc", "iks-satellite", "roks", "other", "default"]
Risk = Literal["safe", "disruptive", "destructive"]
Role = Literal["cause", "symptom", "state", "benign"]
Scalar = str | int | float | bool

EntryType = TypeVar("EntryType", bound="Entry")


class CatalogueError(ValueError):
    """A catalogue file is not valid; the text names file, entry and field."""


class Entry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, dict=True):
    """Base of all entries: unknown keys are mistakes."""

    #: keys of lists that may be written as one value where there is only one, and keys of entries inside
    one_or_many: ClassVar[tuple[str, ...]] = ()
    inside: ClassVar[dict[str, type[Entry]]] = {}

    @classmethod
    def read(cls: type[EntryType], item: object) -> EntryType:
        """Make the entry of what a catalogue file holds.

        Raises:
            msgspec.ValidationError: a field is missing, unknown or not of its type; the text ends with its place.
        """
        return msgspec.convert(_with_lists(cls, item), cls)


def _with_lists(entry: type[Entry], item: object) -> object:
    """``item`` with lists where a single value may stand for one."""
    if not isinstance(item, dict):
        return item
    found = dict(item)
    for key in entry.one_or_many:
        if key in found and not isinstance(found[key], list | tuple) and found[key] is not None:
            found[key] = [found[key]]
    for key, kind in entry.inside.items():
        if isinstance(found.get(key), list | tuple):
            found[key] = [_with_lists(kind, one) for one in found[key]]
    return found


Texts = tuple[str, ...]
#: column -> value, list of values (any of them), "glob*", "!value" (not), {min: n} / {max: n}
Where = dict[str, Any]


class Signal(Entry, frozen=True, kw_only=True):
    """Something in the tables that speaks for or against a cause. Exactly one selector is given.

    ``message`` matches any text (log line, event, condition, container message, setting) carrying one of the
    message ids; ``in`` narrows it to tables, ``where`` adds conditions on the columns of the row.
    ``fact`` matches a cross-check computed by ``analyzer.facts``. The other selectors name a table and
    hold conditions on its columns.
    """

    one_or_many: ClassVar[tuple[str, ...]] = ("message", "in", "fact")

    id: str
    says: str = ""  # one sentence for the report: what it shows
    strength: Strength
    message: Texts = ()
    tables: Texts = msgspec.field(default=(), name="in")
    where: Where = {}
    fact: Texts = ()
    log: Where = {}
    event: Where = {}
    condition: Where = {}
    container: Where = {}
    pod: Where = {}
    node: Where = {}
    readiness: Where = {}
    bgp: Where = {}
    daemonset: Where = {}
    setting: Where = {}
    route: Where = {}
    #: the usual trace of this cause: where the input that would show it is present, its absence speaks against
    expected: bool = False
    #: sum of counts of the matching rows needed / number of distinct nodes needed
    min_count: int = 1
    min_nodes: int = 1
    #: "current" ignores start-up, shutdown and long recovered trouble; "any" takes every row
    period: Literal["current", "any"] = "current"

    def __post_init__(self) -> None:
        """Refuse a signal that selects nothing, or in two ways."""
        given = [name for name in SELECTORS if getattr(self, name)]
        if len(given) != 1:
            raise ValueError(f"signal {self.id!r} needs exactly one selector of {', '.join(SELECTORS)}; has {given}")
        if self.where and not self.message and not self.fact:
            raise ValueError(f"signal {self.id!r}: 'where' goes with 'message' or 'fact'")

    @cached_property
    def selector(self) -> str:
        """Name of the selector that is given."""
        return next(name for name in SELECTORS if getattr(self, name))

    @cached_property
    def selection(self) -> str:
        """Equal for signals that fire on the same rows under the same conditions, whatever they say of them."""
        asked = (getattr(self, self.selector), self.tables, self.where, self.min_count, self.min_nodes, self.period)
        return json.dumps((self.selector, *asked), default=str)


SELECTORS = (
    "message",
    "fact",
    "log",
    "event",
    "condition",
    "container",
    "pod",
    "node",
    "readiness",
    "bgp",
    "daemonset",
    "setting",
    "route",
)


class Step(Entry, frozen=True, kw_only=True):
    """One step of a repair: text, an optional command with {placeholders}, its risk, where it applies."""

    one_or_many: ClassVar[tuple[str, ...]] = ("platforms",)

    text: str = ""
    command: str = ""
    risk: Risk = "safe"
    platforms: tuple[Platform, ...] = ()
    #: "iks<=1.28" | "iks>=1.29" | "": which side of the operator migration the step is for
    when: Literal["", "iks<=1.28", "iks>=1.29"] = ""
    #: a named list of steps of ladders.yaml, put in this place
    use: str = ""


class Confirmation(Entry, frozen=True, kw_only=True):
    """What else would confirm or refute a cause, and the command that shows it."""

    text: str
    command: str = ""


class Example(Entry, frozen=True, kw_only=True):
    """A line that must (not) fire the named signal, in the dress it has in a bundle."""

    line: str
    signal: str = ""


class Cause(Entry, frozen=True, kw_only=True):
    """A root cause: what it is, what speaks for and against it, what it explains, how to repair it."""

    inside: ClassVar[dict[str, type[Entry]]] = {"signals": Signal, "against": Signal, "remediation": Step}

    id: str
    family: str
    scope: Literal["node", "cluster", "any"]
    title: str
    summary: str
    seed: bool = False
    #: probability before any evidence: one number, or by platform with "default"
    prior: float | dict[str, float] = 0.01
    signals: tuple[Signal, ...]
    against: tuple[Signal, ...] = ()
    #: causes whose evidence this cause produces by itself: they fold under it
    explains: tuple[str, ...] = ()
    #: symptoms (ids of symptoms.yaml) that follow from it
    symptoms: tuple[str, ...] = ()
    confirm: tuple[Confirmation, ...] = ()
    remediation: tuple[Step, ...]
    references: tuple[str, ...] = ()
    examples: tuple[Example, ...] = ()
    counter_examples: tuple[Example, ...] = ()
    #: True for "nothing more specific shows": never together with a specific cause, which explains its evidence
    residual: bool = False
    #: True for entries that describe health or scope: never shown as a fault
    not_a_fault: bool = False

    def __post_init__(self) -> None:
        """Refuse a cause of whose signals two have the same id."""
        seen = [signal.id for signal in (*self.signals, *self.against)]
        if len(seen) != len(set(seen)):
            raise ValueError(f"cause {self.id!r}: signal ids repeat: {sorted({s for s in seen if seen.count(s) > 1})}")


class Symptom(Entry, frozen=True, kw_only=True):
    """Something that is seen but is never an answer: "0/1 Running", "BGP not established".

    ``harmless`` marks one that is also seen where all is well: counts of restarts, a spare Typha that waits.
    """

    inside: ClassVar[dict[str, type[Entry]]] = {"signals": Signal}

    id: str
    title: str
    signals: tuple[Signal, ...]
    harmless: bool = False


class Message(Entry, frozen=True, kw_only=True):
    """A family of texts, matched case-insensitively anywhere in a message.

    ``pattern`` is literal text in which ``{name}`` stands for any run-time value; several patterns are
    alternatives (wordings of other releases). ``regex`` is for the few that need one. ``unless``
    (a regex) takes the match back.
    """

    one_or_many: ClassVar[tuple[str, ...]] = ("pattern", "regex")

    id: str
    component: str = ""
    role: Role
    pattern: Texts = ()
    regex: Texts = ()
    whole: bool = False  # the pattern is the whole message, not a part of it
    unless: str = ""
    says: str = ""
    one_row: bool = False  # its lines say the same whatever names they hold: one row of each process, with a count
    kubectl: bool = False  # counts also where kubectl says it in place of an output (component kubectl: always)
    since: str = ""  # first and last release with this text, "" = all known
    until: str = ""
    examples: tuple[str, ...] = ()
    counter_examples: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a message that says no text, and one whose names may tell something in one row."""
        if not self.pattern and not self.regex:
            raise ValueError(f"message {self.id!r} needs 'pattern' or 'regex'")
        if self.one_row and self.role != "benign":
            raise ValueError(f"message {self.id!r}: 'one_row' goes with the role 'benign' only")


class Prior(Entry, frozen=True, kw_only=True):
    """Another prior of a cause that is there already, as ``calico-triage learn`` writes it."""

    id: str
    prior: dict[PlatformOrAny, Annotated[float, msgspec.Meta(gt=0, lt=1)]]


_RATIO: dict[Strength, float] = {"decisive": 900.0, "strong": 70.0, "moderate": 12.0, "weak": 2.5}
_AGAINST: dict[Strength, float] = {"decisive": 0.01, "strong": 0.05, "moderate": 0.25, "weak": 0.6}


class RankingModel(Entry, frozen=True, kw_only=True):
    """The numbers of the ranking model (docs/ranking.md); they live in ``knowledge/ranking.yaml``."""

    #: likelihood ratio of a fired signal, by strength
    ratio: dict[Strength, float] = msgspec.field(default_factory=lambda: dict(_RATIO))
    #: what the odds are multiplied by when a signal against fires
    against: dict[Strength, float] = msgspec.field(default_factory=lambda: dict(_AGAINST))
    #: probability that a present cause shows in a finding that only it could cause
    catch: float = 0.9
    #: share of a downstream cause's evidence that an upstream cause produces by itself
    pass_on: float = 0.6
    #: exponent of the second, third ... atom of one signal: they are not independent
    repeat: float = 0.3
    #: factor where an expected trace is absent though its input is there
    absent: float = 0.35
    #: evidence is divided by this (in log space) before it becomes a probability
    temperature: float = 1.0
    #: factor on the priors of all faults: how often a bundle that is sent has something wrong at all
    prior_scale: float = 1.0
    #: share of incidents whose cause the catalogue does not know, or not in these words
    unknown: float = 0.0
    #: evidence and words put together: weight of the words, bounds of both, and what makes a probability of the sum
    pool_words: float = 1.5
    pool_floor: float = 0.01
    pool_ceiling: float = 0.9995
    pool_least: float = -3.0
    pool_slope: float = 0.5
    pool_offset: float = 1.2
    #: what the evidence must say of causes that stand above all others, whatever the words say
    proven: float = 0.99
    likely: float = 0.5
    #: least probability of a fault that is named as found though it is not likely
    suspected: float = 0.3
    #: the same where all pods seen are ready
    not_healthy: float = 0.4
    possible: float = 0.1
    shown: float = 0.035
    max_faults: int = 3
    candidates: int = 14


class Catalogue(Entry, frozen=True, kw_only=True):
    """All knowledge, by id."""

    causes: dict[str, Cause]
    symptoms: dict[str, Symptom]
    messages: dict[str, Message]
    ladders: dict[str, tuple[Step, ...]] = {}
    ranking: RankingModel = msgspec.field(default_factory=RankingModel)
    normal: frozenset[str] = frozenset()  # masked lines that healthy clusters show too
