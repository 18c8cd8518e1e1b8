"""The ranking model: a noisy-OR network of causes over findings, solved by listing hypotheses.

A hypothesis is a small set of causes that are all true. Each fired atom of evidence has a leak
probability (it shows up without any known cause) and, for each cause, a probability that the cause
produces it; an upstream cause with evidence of its own also produces a share of the evidence of the
causes it ``explains``. The posterior of a cause is the share of all hypotheses that contain it.
``docs/ranking.md`` works an example by hand; nothing here names a cause.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Mapping

from msgspec import Struct, field

from analyzer.catalogue import Catalogue, Cause, RankingModel, Signal, Strength
from analyzer.findings import Finding

Fired = Mapping[str, Mapping[str, list[Finding]]]  # cause -> signal -> findings


class Ranked(Struct):
    """A cause with what the model says of it.

    Attributes:
        probability: posterior, 0..1.
        signals: how many of its signals fired; where none did, words alone speak for it.
        own: natural logarithm of the odds from its own evidence alone (prior included).
        findings: its fired signals, strongest first.
        against: fired signals that speak against it.
        explained_by: likely upstream causes that account for its evidence.
        explains: ids of ranked causes that it accounts for.
    """

    cause: Cause
    probability: float
    own: float
    signals: int = 0
    findings: list[tuple[Signal, list[Finding]]] = field(default_factory=list)
    against: list[tuple[Signal, list[Finding]]] = field(default_factory=list)
    explained_by: list[str] = field(default_factory=list)
    explains: list[str] = field(default_factory=list)


class _Network(Struct):
    """Candidates, atoms and links between them, as plain numbers."""

    causes: list[str]
    prior: dict[str, float]
    factor: dict[str, float]  # signals against, expected traces that are absent
    leak: dict[str, float]  # atom -> probability without any cause
    weight: dict[str, float]  # atom -> exponent
    link: dict[str, dict[str, float]]  # cause -> atom -> probability
    residual: frozenset[str] = frozenset()  # causes that mean "nothing more specific shows"


def rank(
    catalogue: Catalogue,
    fired: Fired,
    platform: str = "unknown",
    can_show: Callable[[Signal], bool] = lambda signal: False,
    wording: Mapping[str, float] | None = None,
) -> list[Ranked]:
    """Rank the causes that have evidence, the most probable first.

    Args:
        catalogue: causes and the numbers of the model.
        fired: the fired signals by cause, from :func:`analyzer.findings.fire_all`.
        platform: selects the prior of causes that have one by platform.
        can_show: whether the input that would show an expected signal is in the bundle.
        wording: logarithm of each cause's probability by the words of the bundle alone, from
            :meth:`analyzer.wording.Wording.log_chances`.
    """
    network = _network(catalogue, fired, platform, can_show)
    evidence = _posterior(network, catalogue.ranking)
    if wording:
        chances = pooled(catalogue, evidence, wording)
    else:
        chances = {name: (1.0 - catalogue.ranking.unknown) * value for name, value in evidence.items()}
    ranked = [_ranked(catalogue, network, fired, name, chance, platform) for name, chance in chances.items()]

    def key(item: Ranked) -> tuple[float, float, str]:
        likely = item.probability >= catalogue.ranking.likely
        proven = likely and evidence.get(item.cause.id, 0.0) >= catalogue.ranking.proven
        return (-1.0 if proven else -round(item.probability, 1 if likely else 3), -item.own, item.cause.id)

    ranked.sort(key=key)
    _relate(ranked, catalogue)
    return _upstream_first(ranked, catalogue)


def pooled(catalogue: Catalogue, posterior: Mapping[str, float], wording: Mapping[str, float]) -> dict[str, float]:
    """Put together what the evidence and what the words say of each cause: a weighted sum of logarithms, calibrated.

    Neither may rule a cause out: what the evidence says counts between ``pool_floor`` and ``pool_ceiling``, what the
    words say from ``pool_least`` on. Causes without evidence are there if what comes out is worth showing.
    """
    model = catalogue.ranking
    unheard = model.pool_least / 2  # a cause that was never learnt: neither here nor there
    found = {}
    for name in dict.fromkeys((*posterior, *wording)):
        cause = catalogue.causes.get(name)
        if cause is None or (cause.not_a_fault and name not in posterior):
            continue
        if name == "no-problem-found":  # words of health speak against the others already
            found[name] = (1.0 - model.unknown) * posterior[name]
            continue
        evidence = min(max(posterior.get(name, 0.0), model.pool_floor), model.pool_ceiling)
        words = max(wording.get(name, unheard), model.pool_least)
        score = math.log(evidence / (1 - evidence)) + model.pool_words * words
        chance = 1 / (1 + math.exp(-(model.pool_slope * score + model.pool_offset)))
        if name in posterior or (words > model.pool_least and chance >= model.shown):
            found[name] = chance
    return found


def prior_of(cause: Cause, platform: str) -> float:
    """The cause's probability before evidence on this platform."""
    if isinstance(cause.prior, dict):
        return cause.prior.get(platform, cause.prior.get("default", 0.01))
    return cause.prior


#: strength of a fault's signal -> strength with which it speaks against "nothing is wrong"
_MILDER: Mapping[Strength, Strength] = {"decisive": "strong", "strong": "moderate"}


def _network(catalogue: Catalogue, fired: Fired, platform: str, can_show: Callable[[Signal], bool]) -> _Network:
    model = catalogue.ranking
    network = _Network([], {}, {}, {}, {}, {})
    network.residual = frozenset(name for name in fired if catalogue.causes[name].residual)
    ratios: dict[str, dict[str, float]] = {}  # atom -> cause -> likelihood ratio
    for name, signals in fired.items():
        cause = catalogue.causes[name]
        mine = [signal for signal in cause.signals if signal.id in signals]
        if not mine:
            continue
        network.causes.append(name)
        scale = 1.0 if cause.not_a_fault else model.prior_scale
        network.prior[name] = min(0.5, prior_of(cause, platform) * scale)
        network.factor[name] = _factor(cause, signals, model, can_show)
        for signal in mine:
            for position, finding in enumerate(signals[signal.id]):
                weight = 1.0 if position == 0 else model.repeat
                ratio = ratios.setdefault(finding.key, {})
                ratio[name] = max(ratio.get(name, 0.0), model.ratio[signal.strength])
                network.weight[finding.key] = max(network.weight.get(finding.key, 0.0), weight)
    for atom, by_cause in ratios.items():
        strongest = max(by_cause.values())
        network.leak[atom] = model.catch / strongest
        for name, ratio_value in by_cause.items():
            network.link.setdefault(name, {})[atom] = model.catch * ratio_value / strongest
    _give_way(network, catalogue, fired)
    _pass_on(network, catalogue)
    return network


def _give_way(network: _Network, catalogue: Catalogue, fired: Fired) -> None:
    """Residual causes mean that nothing more specific shows: a telling signal of a specific one speaks against them.

    It speaks against "nothing is wrong" as well, by one step less: the signal may be of the past, or of no weight.
    """
    model = catalogue.ranking
    specific: dict[str, list[Strength]] = {
        name: [signal.strength for signal in catalogue.causes[name].signals if signal.id in fired[name]]
        for name in network.causes
        if name not in network.residual and not catalogue.causes[name].not_a_fault
    }

    def strongest(but: Iterable[str] = ()) -> Strength | None:
        strengths = [strength for name, found in specific.items() if name not in but for strength in found]
        return max(strengths, key=model.ratio.__getitem__, default=None)

    most = strongest()
    if most is not None and most != "weak":
        for name in network.residual.intersection(network.causes):
            network.factor[name] *= model.against[most]
    for name in network.causes:
        cause = catalogue.causes[name]
        # what work in progress accounts for by itself does not speak against it
        beside = strongest(cause.explains) if cause.not_a_fault else None
        if beside is not None and beside in _MILDER:
            network.factor[name] *= model.against[_MILDER[beside]]


def _factor(
    cause: Cause, signals: Mapping[str, list[Finding]], model: RankingModel, can_show: Callable[[Signal], bool]
) -> float:
    factor = 1.0
    for signal in cause.against:
        if signal.id in signals:
            factor *= model.against[signal.strength]
    for signal in cause.signals:
        if signal.expected and signal.id not in signals and can_show(signal):
            factor *= model.absent
    return factor


def _own_ratio(network: _Network, name: str) -> float:
    """Logarithm of the likelihood ratio of a cause's own evidence, signals against included."""
    total = math.log(network.factor[name])
    for atom, chance in network.link.get(name, {}).items():
        leak = network.leak[atom]
        total += network.weight[atom] * math.log((1 - (1 - leak) * (1 - chance)) / leak)
    return total


def _pass_on(network: _Network, catalogue: Catalogue) -> None:
    """Let each cause with evidence of its own produce a share of what it explains, over one or two steps."""
    model = catalogue.ranking
    low, high = math.log(model.ratio["moderate"]), math.log(model.ratio["strong"])
    own = {name: _own_ratio(network, name) for name in network.causes}
    direct = {name: dict(network.link.get(name, {})) for name in network.causes}
    for name in network.causes:
        gate = min(1.0, max(0.0, (own[name] - low) / (high - low)))
        if gate == 0.0:
            continue
        for step, others in enumerate(_downstream(catalogue, name), start=1):
            share = gate * model.pass_on**step
            for other in others:
                for atom, chance in direct.get(other, {}).items():
                    links = network.link[name]
                    links[atom] = max(links.get(atom, 0.0), share * chance)


def _downstream(catalogue: Catalogue, name: str) -> list[set[str]]:
    """What a cause explains in one and in two steps; every real fault explains the residual ones."""
    cause = catalogue.causes[name]
    first = set(cause.explains)
    if not cause.residual and not cause.not_a_fault:
        first |= {other.id for other in catalogue.causes.values() if other.residual}
    second = {other for one in first for other in catalogue.causes[one].explains} - first - {name}
    return [first, second]


def _posterior(network: _Network, model: RankingModel) -> dict[str, float]:
    """Posterior of each candidate: the share of hypotheses (sets of up to ``max_faults``) that hold it."""
    alone = {name: math.log(network.prior[name]) + _own_ratio(network, name) for name in network.causes}
    strongest = sorted(network.causes, key=lambda name: (-alone[name], name))[: model.candidates]
    scores: dict[tuple[str, ...], float] = {}
    for size in range(min(model.max_faults, len(strongest)) + 1):
        for names in itertools.combinations(strongest, size):
            if size > 1 and network.residual.intersection(names):
                continue  # "nothing more specific" cannot be true beside something specific
            scores[names] = _log_score(network, names, strongest) / model.temperature
    top = max(scores.values())
    total = sum(math.exp(score - top) for score in scores.values())
    posterior = dict.fromkeys(network.causes, 0.0)
    for names, score in scores.items():
        for name in names:
            posterior[name] += math.exp(score - top) / total
    return {name: min(1.0, value) for name, value in posterior.items()}


def _log_score(network: _Network, names: Iterable[str], candidates: Iterable[str]) -> float:
    true = set(names)
    score = 0.0
    for name in candidates:
        prior = network.prior[name]
        score += math.log(prior * network.factor[name]) if name in true else math.log(1 - prior)
    for atom, leak in network.leak.items():
        missed = 1 - leak
        for name in true:
            missed *= 1 - network.link.get(name, {}).get(atom, 0.0)
        score += network.weight[atom] * math.log(max(1 - missed, 1e-12))
    return score


def _ranked(
    catalogue: Catalogue, network: _Network, fired: Fired, name: str, probability: float, platform: str
) -> Ranked:
    cause = catalogue.causes[name]
    signals = fired.get(name, {})
    ratio = catalogue.ranking.ratio
    own = math.log(prior_of(cause, platform)) + (_own_ratio(network, name) if name in network.factor else 0.0)
    mine = [(signal, signals[signal.id]) for signal in cause.signals if signal.id in signals]
    mine.sort(key=lambda pair: -ratio[pair[0].strength])
    against = [(signal, signals[signal.id]) for signal in cause.against if signal.id in signals]
    return Ranked(cause, probability, own, len(mine), mine, against)


def _relate(ranked: list[Ranked], catalogue: Catalogue) -> None:
    """Note which likely cause accounts for which other ranked one."""
    likely = [item for item in ranked if item.probability >= catalogue.ranking.likely]
    for upstream in likely:
        below = set().union(*_downstream(catalogue, upstream.cause.id))
        for item in ranked:
            mutual = upstream.cause.id in set().union(*_downstream(catalogue, item.cause.id))
            if item is upstream or item.cause.id not in below or (mutual and item.probability >= upstream.probability):
                continue
            item.explained_by.append(upstream.cause.id)
            upstream.explains.append(item.cause.id)


def _upstream_first(ranked: list[Ranked], catalogue: Catalogue) -> list[Ranked]:
    """Put a likely cause above the causes that it explains, otherwise keep the order."""
    order: list[Ranked] = []
    by_id = {item.cause.id: item for item in ranked}

    def place(item: Ranked, path: frozenset[str]) -> None:
        if item in order or item.cause.id in path:
            return
        for name in item.explained_by:
            place(by_id[name], path | {item.cause.id})
        order.append(item)

    for item in ranked:
        place(item, frozenset())
    return order
