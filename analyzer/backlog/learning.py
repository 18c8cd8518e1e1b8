"""What outcomes teach: how often each cause really is the one, by platform, shrunk toward the catalogue.

Outcomes name one cause each, so they tell shares, not how often anything is wrong at all: the sum of the catalogue's
priors stays as it is. The shares are Dirichlet-multinomial: the catalogue stands for so many earlier tickets, as many
as make the outcomes most probable (empirical Bayes, over a grid). A platform is shrunk toward what the others
teach, and that toward the catalogue. Look-alikes are one incident many times, so the n-th of a group counts 1/n.
docs/backlog.md works an example by hand.
"""

from __future__ import annotations

import json
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from msgspec.structs import replace

from analyzer.catalogue import Catalogue, Cause
from analyzer.cluster import describe_cluster
from analyzer.findings import Finding
from analyzer.pipeline import Diagnosis, can_show
from analyzer.ranking import prior_of, rank

#: platforms that get a prior of their own; tickets of others and of none count for "default" alone
PLATFORMS = ("iks-classic", "iks-vpc", "iks-satellite", "roks", "other")
#: as how many tickets the catalogue may count; never so few that one outcome turns a ranking round
STRENGTHS = (30.0, 60.0, 120.0, 250.0, 500.0, 1000.0, 2000.0)
FOLDS = 5
LEAST, MOST = 0.0002, 0.4
#: fewest groups of resolved tickets that can be cross-validated
FEWEST = 4


@dataclass(frozen=True, slots=True)
class Fired:
    """What fired in a ticket: all that the ranking depends on beside the catalogue.

    Attributes:
        platform: of the cluster.
        shows: selectors whose input is in the bundle.
        atoms: cause -> signal -> keys of the atoms of evidence, in their order.
        words: cause -> logarithm of its probability by the words of the bundle.
    """

    platform: str
    shows: frozenset[str]
    atoms: Mapping[str, Mapping[str, Sequence[str]]]
    words: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Case:
    """A resolved ticket: what fired in it, and what it was."""

    ticket: str
    cause: str
    fired: Fired
    group: str = ""


@dataclass(frozen=True, slots=True)
class Accuracy:
    """How well cases are ranked; ``surprise`` is the mean of -ln(probability of what it was)."""

    cases: int
    top1: float
    top3: float
    mrr: float
    surprise: float


@dataclass(frozen=True, slots=True)
class Lesson:
    """New priors, and what they are worth on cases that they were not learned from.

    Attributes:
        priors: cause -> platform or "default" -> prior, of the causes whose prior changes.
        strength: as how many tickets the catalogue counted.
        before: accuracy with the catalogue's priors.
        after: accuracy with learned ones, each case ranked by those learned from the other folds; None where there
            are too few groups to tell.
        unknown: outcomes whose cause the catalogue does not have.
    """

    priors: dict[str, dict[str, float]]
    strength: float
    before: Accuracy
    after: Accuracy | None
    unknown: dict[str, int] = field(default_factory=dict)


def fired_of(diagnosis: Diagnosis) -> Fired:
    """Give what a store keeps of a diagnosis, so that it can be ranked anew without its bundle."""
    shows = can_show(diagnosis.reading.tables)
    signals = [signal for item in diagnosis.ranked for signal in item.cause.signals]
    keys: dict[str, str] = {}  # long selectors become short names; equal ones stay equal

    def short(key: str) -> str:
        return keys.setdefault(key, f"a{len(keys)}")

    return Fired(
        describe_cluster(diagnosis.reading.tables, diagnosis.inventory).platform,
        frozenset(signal.selector for signal in signals if shows(signal)),
        {
            cause: {signal: [short(item.key) for item in found] for signal, found in by_signal.items()}
            for cause, by_signal in diagnosis.fired.items()
        },
        diagnosis.wording,
    )


def as_text(fired: Fired) -> str:
    """Give it as text to store; equal ones give equal texts."""
    data = {"platform": fired.platform, "shows": sorted(fired.shows), "atoms": fired.atoms, "words": fired.words}
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def from_text(text: str) -> Fired | None:
    """Read it back; None where the text is something else."""
    try:
        data: Any = json.loads(text)
        atoms = {
            str(cause): {str(signal): [str(key) for key in keys] for signal, keys in signals.items()}
            for cause, signals in data["atoms"].items()
        }
        words = {str(cause): float(chance) for cause, chance in data.get("words", {}).items()}
        return Fired(str(data["platform"]), frozenset(map(str, data["shows"])), atoms, words)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


def ranked(catalogue: Catalogue, fired: Fired) -> list[tuple[str, float]]:
    """Rank anew: (cause, probability) of the faults, in order; signals that the catalogue no longer has drop out."""
    findings: dict[str, dict[str, list[Finding]]] = {}
    for name, signals in fired.atoms.items():
        cause = catalogue.causes.get(name)
        if cause is None:
            continue
        known = {signal.id: signal for signal in (*cause.signals, *cause.against)}
        kept = {one: [Finding(key, known[one]) for key in keys] for one, keys in signals.items() if one in known}
        if kept:
            findings[name] = kept
    found = rank(catalogue, findings, fired.platform, lambda signal: signal.selector in fired.shows, fired.words)
    return [(item.cause.id, item.probability) for item in found if not item.cause.not_a_fault]


def accuracy(cases: Sequence[Case], catalogues: Sequence[Catalogue]) -> Accuracy:
    """Score cases, each ranked by the catalogue at its place in ``catalogues``.

    A ticket that turned out to be healthy is right where no cause is likely.
    """
    ranks: list[int] = []
    surprise = 0.0
    for case, catalogue in zip(cases, catalogues, strict=True):
        order = ranked(catalogue, case.fired)
        cause = catalogue.causes.get(case.cause)
        if cause is not None and cause.not_a_fault:
            most = max((probability for _, probability in order), default=0.0)
            ranks.append(1 if most < catalogue.ranking.likely else 0)
            surprise -= math.log(max(1.0 - most, 1e-3))
            continue
        place = next((number for number, (name, _) in enumerate(order, start=1) if name == case.cause), 0)
        ranks.append(place)
        surprise -= math.log(max(order[place - 1][1] if place else 0.0, 1e-3))
    count = max(1, len(ranks))
    return Accuracy(
        cases=len(ranks),
        top1=sum(place == 1 for place in ranks) / count,
        top3=sum(1 <= place <= 3 for place in ranks) / count,
        mrr=sum(1 / place for place in ranks if place) / count,
        surprise=surprise / count,
    )


def learn(catalogue: Catalogue, cases: Iterable[Case], strength: float | None = None) -> Lesson:
    """Estimate the priors from all cases, and by cross-validation what that is worth.

    Args:
        catalogue: what the estimate is shrunk toward.
        cases: resolved tickets, in any order.
        strength: as how many tickets the catalogue counts; None for what the outcomes make most probable.
    """
    every = sorted(cases, key=lambda case: case.ticket)
    unknown = Counter(case.cause for case in every if case.cause not in catalogue.causes)
    known = [case for case in every if case.cause in catalogue.causes]
    chosen = strength or likely_strength(catalogue, known)
    before = accuracy(known, [catalogue] * len(known))
    after = None
    fold_of = folds(known)
    if len(set(fold_of)) > 1:
        taught = {}
        for fold in set(fold_of):
            others = [case for case, of in zip(known, fold_of, strict=True) if of != fold]
            own_strength = strength or likely_strength(catalogue, others)
            taught[fold] = with_priors(catalogue, estimate(catalogue, others, own_strength))
        after = accuracy(known, [taught[fold] for fold in fold_of])
    return Lesson(estimate(catalogue, known, chosen), chosen, before, after, dict(unknown))


def folds(cases: Sequence[Case]) -> list[int]:
    """Give the fold of each case: look-alikes stay together; all 0 where there are too few groups."""
    groups = Counter(case.group or case.ticket for case in cases)
    if len(groups) < FEWEST:
        return [0] * len(cases)
    loads = [0] * min(FOLDS, len(groups))
    place = {}
    for name, count in sorted(groups.items(), key=lambda pair: (-pair[1], pair[0])):
        place[name] = loads.index(min(loads))
        loads[place[name]] += count
    return [place[case.group or case.ticket] for case in cases]


def counts(cases: Iterable[Case], faults: Iterable[str]) -> dict[str, dict[str, float]]:
    """Count outcomes: platform -> cause -> weight, the n-th of a group with the same outcome as 1/n."""
    seen: Counter[tuple[str, str]] = Counter()
    found: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    wanted = set(faults)
    for case in cases:
        if case.cause in wanted:
            seen[case.group or case.ticket, case.cause] += 1
            platform = case.fired.platform if case.fired.platform in PLATFORMS else "default"
            found[platform][case.cause] += 1 / seen[case.group or case.ticket, case.cause]
    return {platform: dict(by_cause) for platform, by_cause in found.items()}


def likely_strength(catalogue: Catalogue, cases: Sequence[Case]) -> float:
    """Give the strength of :data:`STRENGTHS` under which the outcomes are most probable (Dirichlet-multinomial)."""
    faults = _faults(catalogue)
    by_platform = counts(cases, faults)
    if not by_platform:
        return STRENGTHS[-1]

    def evidence(strength: float) -> float:
        total = 0.0
        for platform, found in by_platform.items():
            share = _shares(faults, platform)
            total += math.lgamma(strength) - math.lgamma(strength + sum(found.values()))
            for name, count in found.items():
                total += math.lgamma(strength * share[name] + count) - math.lgamma(strength * share[name])
        return total

    return max(STRENGTHS, key=evidence)


def estimate(catalogue: Catalogue, cases: Sequence[Case], strength: float) -> dict[str, dict[str, float]]:
    """Give the priors that differ from the catalogue's: cause -> platform or "default" -> prior."""
    faults = _faults(catalogue)
    by_platform = counts(cases, faults)
    every: Counter[str] = Counter()
    for found in by_platform.values():
        every.update(found)
    priors: dict[str, dict[str, float]] = defaultdict(dict)
    for platform in ("default", *PLATFORMS):
        own = {} if platform == "default" else by_platform.get(platform, {})
        others = {name: every[name] - own.get(name, 0.0) for name in faults}
        level = sum(prior_of(cause, platform) for cause in faults.values())
        shares = _shrunk(_shrunk(_shares(faults, platform), others, strength), own, strength)
        for name in faults:
            priors[name][platform] = float(f"{min(MOST, max(LEAST, shares[name] * level)):.3g}")
    if not every:
        return {}
    return {name: _short(of) for name, of in sorted(priors.items()) if _differs(faults[name], of)}


def _short(priors: dict[str, float]) -> dict[str, float]:
    """Without platforms whose prior is the default one."""
    return {name: prior for name, prior in priors.items() if name == "default" or prior != priors["default"]}


def _differs(cause: Cause, priors: Mapping[str, float]) -> bool:
    return any(abs(prior / prior_of(cause, platform) - 1) > 0.005 for platform, prior in priors.items())


def _shrunk(shares: Mapping[str, float], found: Mapping[str, float], strength: float) -> dict[str, float]:
    """Posterior mean of a multinomial under a Dirichlet prior of these shares and this strength."""
    total = strength + sum(found.values())
    return {name: (strength * share + found.get(name, 0.0)) / total for name, share in shares.items()}


def _faults(catalogue: Catalogue) -> dict[str, Cause]:
    return {name: cause for name, cause in sorted(catalogue.causes.items()) if not cause.not_a_fault}


def _shares(faults: Mapping[str, Cause], platform: str) -> dict[str, float]:
    priors = {name: prior_of(cause, platform) for name, cause in faults.items()}
    total = sum(priors.values())
    return {name: prior / total for name, prior in priors.items()}


def with_priors(catalogue: Catalogue, priors: Mapping[str, Mapping[str, float]]) -> Catalogue:
    """Give the catalogue with these priors in place of its own."""
    causes = {
        name: replace(cause, prior=dict(priors[name])) if name in priors else cause
        for name, cause in catalogue.causes.items()
    }
    return replace(catalogue, causes=causes)


def overlay(lesson: Lesson, outcomes: int, made: str) -> str:
    """Give the catalogue file for ``--causes``: the priors, with where they are from."""
    lines = [
        f"# Priors learned by calico-triage learn on {made} from {outcomes} outcomes; give this file with --causes.",
        f"# The catalogue counted as {lesson.strength:g} tickets. Causes that are not here keep the catalogue's prior.",
        "priors:" if lesson.priors else "priors: {}",
    ]
    for name, by_platform in lesson.priors.items():
        cells = ", ".join(f"{platform}: {prior:g}" for platform, prior in by_platform.items())
        lines.append(f"  {json.dumps(name)}: {{{cells}}}")
    return "\n".join(lines) + "\n"
