"""What the report says first: causes found, no problem found, or not enough data; and the order of its causes."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from analyzer.catalogue import RankingModel
from analyzer.findings import Finding
from analyzer.inventory import Inventory
from analyzer.ranking import Ranked

_DIFFERENTIAL = 3  # causes worth a thought where the first one turns out wrong
_HEALTHY = "no-problem-found"


def verdict(
    ranked: Sequence[Ranked],
    inventory: Inventory,
    symptoms: Collection[str],
    model: RankingModel,
    lasting: bool = False,
) -> str:
    """Give ``causes-found``, ``no-problem-found`` or ``not-enough-data``.

    Healthy is only said of what was seen: at least one calico-node pod known to be ready, none known to be
    bad, no worker known to be NotReady (interface.md, "verdict"), no symptom that lasts (``lasting``), and no specific
    fault that is as likely as not (``not_healthy``): pods may be ready while packets are lost. Work in progress is no
    problem where nothing else is: the ``symptoms`` (their ids) that follow from it are no others.
    """
    faults = [item for item in ranked if not item.cause.not_a_fault]
    if any(item.probability >= model.likely for item in faults):
        return "causes-found"
    work = [item.cause for item in ranked if item.cause.not_a_fault and item.probability >= model.likely]
    unexplained = set(symptoms).difference(*(cause.symptoms for cause in work))
    suspects = [item for item in faults if item.probability >= model.suspected] if symptoms else ()
    if work and not unexplained and not suspects:
        return _HEALTHY
    agents = [pod.healthy for pod in inventory.pods.values() if pod.is_node_agent]
    bad = any(state is False for state in agents) or any(
        worker.ready in ("False", "Unknown") for worker in inventory.workers.values()
    )
    specific = max((item.probability for item in faults if not item.cause.residual), default=0.0)
    if not bad and any(agents) and not lasting and specific < model.not_healthy:
        return _HEALTHY
    if specific >= model.suspected:
        return "causes-found"
    return "not-enough-data"


def lasts(finding: Finding, inventory: Inventory) -> bool:
    """Whether a symptom's finding is more than what events and probes once said of pods that are ready now.

    Trees of objects often tell no time of collection later than the last event: such an event is never old enough for
    ``period.py``.
    """
    return any(
        place.table not in ("events", "readiness")
        or not ((pod := inventory.pods_by_name.get(place.pod)) is not None and pod.healthy)
        for place in finding.places
    )


def shown_causes(ranked: Sequence[Ranked], said: str, model: RankingModel) -> list[Ranked]:
    """Give the causes worth a place, in their order; ``said`` is the verdict.

    Causes that only words speak for fill up the first places, no more. Entries that describe no fault (work in
    progress, another network) come after all real ones, unless only they are likely.
    """
    least = model.possible if said == _HEALTHY else model.shown
    seen = [item for item in ranked if not item.cause.not_a_fault and item.probability >= least]
    faults = [item for place, item in enumerate(seen) if item.signals or (item.findings and place < _DIFFERENTIAL)]
    others = [
        item
        for item in ranked
        if item.cause.not_a_fault and item.probability >= 0.1 and item.cause.id != "no-problem-found"
    ]
    only_they = any(item.probability >= model.likely for item in others) and all(
        item.probability < model.likely for item in faults
    )
    return [*others, *faults] if said == _HEALTHY or only_they else [*faults, *others]
