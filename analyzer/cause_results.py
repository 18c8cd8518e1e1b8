"""What the report says of a cause: its evidence, quoted; which workers it is on; why it stands where it stands."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from analyzer.cluster import Cluster
from analyzer.findings import Finding, Place
from analyzer.in_common import in_common
from analyzer.inventory import Inventory
from analyzer.quote import around, telling_line
from analyzer.ranking import Ranked
from analyzer.reach import reach
from analyzer.remediation import fill, names_for, steps_for
from analyzer.report import model

if TYPE_CHECKING:
    from analyzer.catalogue import Signal, Strength
    from analyzer.pipeline import Analyzer, Diagnosis

#: lines quoted of one signal, and of one cause
PER_SIGNAL = 8
PER_CAUSE = 40
STRONG = ("decisive", "strong", "moderate")
Quotes = Mapping[str, Mapping[int, str]]


def cause_result(
    analyzer: Analyzer,
    diagnosis: Diagnosis,
    cluster: Cluster,
    item: Ranked,
    shown: Sequence[Ranked],
    quotes: Quotes,
) -> model.CauseResult:
    """What the report says of one of the causes shown."""
    inventory, numbers, cause = diagnosis.inventory, analyzer.catalogue.ranking, item.cause
    affected = _affected(item, inventory)
    shared = in_common(inventory, affected)
    names = names_for(cluster, inventory, affected)
    cluster_wide = cause.scope == "cluster" or (cause.scope == "any" and len(affected) != 1)
    likely = item.probability >= numbers.likely and not cause.not_a_fault
    confidence = "likely" if likely else "possible" if item.probability >= numbers.possible else "unlikely"
    ids = {other.cause.id for other in shown}
    return model.CauseResult(
        id=cause.id,
        rank=shown.index(item) + 1,
        title=cause.title,
        family=cause.family,
        probability=round(item.probability, 4),
        confidence=confidence,
        scope="cluster" if cluster_wide else "node",
        affected=tuple(affected),
        in_common=tuple(model.InCommon(s.attribute, s.value, s.affected, s.total, s.p_value) for s in shared),
        evidence=quoted_evidence(item.findings, quotes, numbers.ratio),
        against=quoted_evidence(item.against, quotes, numbers.against),
        explains=(*(name for name in item.explains if name in ids), *cause.symptoms),
        remediation=tuple(
            model.RemediationStep(step.text, step.command, step.risk)
            for step in steps_for(analyzer.catalogue, cause.remediation, cluster, names)
        ),
        references=cause.references,
        summary=" ".join(cause.summary.split()),
        why_rank=why_there(item, shown, numbers.likely),
        reach=reach(affected, inventory, shared),
        confirm=tuple(model.ConfirmStep(fill(c.text, names), fill(c.command, names)) for c in cause.confirm),
        onset=since_when(item)[0],
        folded=tuple(_folded(other, inventory) for other in shown if cause.id in other.explained_by),
    )


def quoted_evidence(
    pairs: Iterable[tuple[Signal, list[Finding]]], quotes: Quotes, ratio: Mapping[Strength, float]
) -> tuple[model.Evidence, ...]:
    """Quoted lines, strongest signal first; a line that several signals cite is shown for the strongest."""
    shown: dict[tuple[str, int], model.Evidence] = {}
    for signal, findings in pairs:
        for finding in findings:
            for place in chosen(finding.places, PER_SIGNAL):
                lines = quotes.get(place.file, {})
                for line in dict.fromkeys((telling_line(lines, place.line), place.line)):
                    key = (place.file, line)
                    if key in shown or len(shown) >= PER_CAUSE:
                        continue
                    shown[key] = model.Evidence(
                        file=place.file,
                        line=line,
                        text=lines.get(line, place.text),
                        time=place.time,
                        signal=signal.id,
                        weight=round(math.log(ratio[signal.strength]), 3),
                        count=place.count,
                        says=signal.says or (place.text if place.table == "facts" else ""),
                        node=place.node,
                        pod=place.pod,
                        context=tuple(around(lines, line)),
                    )
    return tuple(shown.values())


def chosen(places: Sequence[Place], most: int) -> list[Place]:
    """A few places that stand for all: each file's and worker's first one before second ones."""
    if len(places) > most and len({(place.file, place.node) for place in places}) == 1:
        # many lines of one file: first and last ones and some between tell more than the first few
        return [places[round(number * (len(places) - 1) / (most - 1))] for number in range(most)]
    seen: dict[tuple[str, str], int] = {}
    order = []
    for position, place in enumerate(places):
        key = (place.file, place.node)
        seen[key] = seen.get(key, 0) + 1
        order.append((seen[key], position))
    return [places[position] for _, position in sorted(order)[:most]]


def _affected(item: Ranked, inventory: Inventory) -> list[str]:
    """Workers on which its telling signals fired; for a cause of the whole cluster, all workers in trouble."""
    nodes: dict[str, None] = {}
    for strengths in (STRONG, ("weak",)):
        for signal, findings in item.findings:
            if signal.strength in strengths:
                nodes.update(dict.fromkeys(node for finding in findings for node in finding.nodes))
        if nodes:
            break
    if item.cause.scope == "cluster":
        nodes.update(dict.fromkeys(name for name in inventory.agents if inventory.is_bad(name)))
    return list(nodes)


def why_there(item: Ranked, shown: Sequence[Ranked], likely: float) -> str:
    """Why it stands where it stands, above all against the next one."""
    above = [one for one in shown if one.cause.id in item.explained_by]
    if above:
        return f"Its evidence follows from {above[0].cause.id}, which stands above it."
    words = f"It has {_signals(item)}"
    if item.against:
        words += f" and {len(item.against)} against it"
    position = shown.index(item)
    following = shown[position + 1] if position + 1 < len(shown) else None
    if following is not None and following.cause.id in item.explains and item.probability >= likely:
        return f"{words}; it also accounts for what speaks for {following.cause.id}."
    if following is not None and following.findings:
        if item.signals and following.own > item.own and item.probability > following.probability:
            words += ", and words that incidents of it had before"
        return f"{words}; the next one, {following.cause.id}, has {_signals(following)}."
    return f"{words}."


def _signals(item: Ranked) -> str:
    count = item.signals
    if not count:
        return "no signal of its own, but words that incidents of it had before"
    strongest = item.findings[0][0].strength
    return f"{count} signal{'s' if count != 1 else ''} for it, the strongest {strongest}"


def since_when(item: Ranked) -> tuple[datetime | None, Place | None]:
    """Since when: the earliest time of its telling evidence, and the row that has it."""
    places = [
        place
        for signal, findings in item.findings
        if signal.strength in STRONG
        for finding in findings
        for place in finding.places
        if place.time is not None
    ]
    if not places:
        return None, None
    first = min(places, key=lambda place: (place.time, place.file, place.line))
    return first.time, first


def _folded(item: Ranked, inventory: Inventory) -> model.FoldedCause:
    """A downstream cause as it stands under its upstream one; its probability as if it stood alone."""
    alone = 1 / (1 + math.exp(-max(-30.0, min(30.0, item.own))))
    return model.FoldedCause(
        item.cause.id,
        item.cause.title,
        round(alone, 4),
        "its evidence follows from the cause above",
        tuple(_affected(item, inventory)),
    )
