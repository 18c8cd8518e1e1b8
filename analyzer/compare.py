"""Two bundles of one cluster: what got better, worse, is new or gone, and whether the repair worked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from analyzer import __version__
from analyzer.report import model, words
from analyzer.report.comparison import KINDS, SUBJECTS, Change, Comparison, Side

#: probabilities nearer than this are the same
NEAR = 0.1
#: times of collection are estimates: one later by less than this may be earlier
SURELY_LATER = timedelta(minutes=10)
#: order of what a state is worth: a lower one is better
_WORTH = {"healthy": 0, "ready": 0, "unknown": 1, "bad": 2, "not ready": 2}
#: facts of a worker that are versions
_VERSIONS = ("Worker version", "Kubelet", "Operating system", "Kernel", "Container runtime", "calico-node image")
Confident = ("likely", "possible")


@dataclass(frozen=True, slots=True)
class _Found:
    """A change, or what stayed the same where ``kind`` is "same"."""

    kind: str
    id: str
    title: str
    before: str
    after: str


def compare(before: model.Report, after: model.Report, generated_at: datetime | None = None) -> Comparison:
    """Compare two reports of one cluster.

    Args:
        before: of the bundle collected before the repair.
        after: of the one collected after it.
        generated_at: the time to write into the result, now if not given.
    """
    found = {
        "causes": list(_causes(before, after)),
        "workers": list(_workers(before, after)),
        "pods": list(_pods(before, after)),
        "restarts": list(_restarts(before, after)),
        "symptoms": list(_symptoms(before, after)),
        "versions": list(_versions(before, after)),
    }
    changes = [
        Change(item.kind, subject, item.id, item.title, item.before, item.after)
        for subject in SUBJECTS
        for item in sorted(found[subject], key=lambda item: KINDS.index(item.kind) if item.kind in KINDS else 9)
        if item.kind != "same"
    ]
    repaired, answer = _answer(before, after)
    action = after.next_action if after.verdict != "no-problem-found" else None
    return Comparison(
        tool=model.Tool("calico-triage", __version__),
        generated_at=generated_at or datetime.now(UTC).replace(microsecond=0),
        before=_side(before),
        after=_side(after),
        repaired=repaired,
        answer=answer,
        changes=tuple(changes),
        same=tuple(
            (subject, count)
            for subject in SUBJECTS
            if (count := sum(item.kind == "same" for item in found[subject]))
        ),
        warnings=tuple(_warnings(before, after)),
        next_action=action.text if action else "",
        next_command=action.command if action else "",
        next_risk=action.risk if action else "safe",
    )  # fmt: skip


def _side(report: model.Report) -> Side:
    lead = _lead(report)
    cluster = report.cluster
    return Side(
        report.bundle.name,
        report.bundle.sha256,
        report.bundle.collected or report.bundle.last_time,
        report.verdict,
        lead.id if lead else "",
        cluster.name,
        cluster.platform,
        cluster.nodes_seen,
        cluster.nodes_not_ready,
        cluster.calico_nodes_seen,
        cluster.calico_nodes_not_ready,
    )


def _ordered(report: model.Report) -> list[model.CauseResult]:
    return sorted(report.causes, key=lambda cause: cause.rank)


def _lead(report: model.Report) -> model.CauseResult | None:
    causes = _ordered(report)
    return causes[0] if causes and report.verdict == "causes-found" else None


def _named(report: model.Report) -> dict[str, model.CauseResult]:
    """The causes that count as found: of a healthy cluster none, else the first and all likely ones."""
    lead = _lead(report)
    if lead is None:
        return {}
    return {cause.id: cause for cause in report.causes if cause.confidence == "likely" or cause.id == lead.id}


# the answer


def _answer(before: model.Report, after: model.Report) -> tuple[str, str]:
    """Whether the repair worked, and why it is thought so."""
    doubt = _other_cluster(before, after)
    if doubt:
        return "unknown", f"{doubt} What differs between them tells nothing of a repair."
    lead = _lead(before)
    if lead is None:
        return _answer_without_cause(before, after)
    if after.verdict == "not-enough-data":
        return "unknown", f"AFTER holds too little to tell whether it is over: {lead.title}. Gather what it lacks."
    named = _named(after)
    if lead.id in named:
        return _answer_still_there(lead, named[lead.id], before, after)
    unseen = _unseen(lead, after)
    if unseen:
        return "unknown", (
            f"AFTER does not show {_some(unseen)}, affected before: it cannot be told whether it is over there: "
            f"{lead.title}."
        )
    if after.verdict == "no-problem-found":
        return "yes", f"AFTER shows no problem any more; before it was: {lead.title}."
    now = _lead(after)
    assert now is not None  # causes-found has one
    known = now.id in _named(before)
    return "partly", (
        f"What it was before is gone: {lead.title}. "
        + ("Still there is another cause that was there before too" if known else "Another cause is found now")
        + f": {now.title} ({words.percent(now.probability)})."
    )


def _answer_without_cause(before: model.Report, after: model.Report) -> tuple[str, str]:
    now = _lead(after)
    if before.verdict == "not-enough-data":
        said = f"AFTER shows: {now.title}." if now else "AFTER shows no problem." if _healthy(after) else ""
        return "unknown", f"BEFORE held too little to name a cause. {said}".strip()
    if now is not None:
        return "worse", f"BEFORE showed no problem; AFTER does: {now.title} ({words.percent(now.probability)})."
    if after.verdict == "not-enough-data":
        return "unknown", "BEFORE showed no problem, and AFTER holds too little to name one."
    return "nothing-to-repair", "Neither bundle shows a problem."


def _answer_still_there(
    lead: model.CauseResult, now: model.CauseResult, before: model.Report, after: model.Report
) -> tuple[str, str]:
    was, remains = set(lead.affected), set(now.affected)
    reach = f"it affected {words.reach(lead, before.cluster)} and now affects {words.reach(now, after.cluster)}"
    fresh = [cause.title for name, cause in _named(after).items() if name not in _named(before)]
    also = f" New beside it: {fresh[0]}." if fresh else ""
    if len(remains) > len(was):
        return "worse", f"The cause is still there and reaches further: {now.title}; {reach}.{also}"
    unseen = _unseen(lead, after)
    if len(remains) < len(was) and not unseen:
        return "partly", f"The cause is still there on fewer workers: {now.title}; {reach}.{also}"
    note = f" AFTER does not show {_some(unseen)}." if unseen else ""
    return "no", f"The cause is still there: {now.title} ({words.percent(now.probability)}); {reach}.{note}{also}"


def _unseen(lead: model.CauseResult, after: model.Report) -> list[str]:
    """Workers that were affected and of which AFTER says nothing; a worker that was replaced is none of them."""
    seen = {state.node: state.state for state in after.workers}
    if not after.workers:
        return [] if lead.scope == "cluster" and after.cluster.calico_nodes_seen else list(lead.affected)
    complete = after.cluster.nodes_seen > 1 and after.cluster.nodes_seen >= len(seen)
    missing = [name for name in lead.affected if seen.get(name, "unknown") == "unknown"]
    return [name for name in missing if name in seen or not complete]


def _some(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _healthy(report: model.Report) -> bool:
    return report.verdict == "no-problem-found"


# what is compared


def _causes(before: model.Report, after: model.Report) -> Iterator[_Found]:
    was = {cause.id: cause for cause in before.causes if cause.confidence in Confident}
    now = {cause.id: cause for cause in after.causes if cause.confidence in Confident}
    for name in dict.fromkeys([*was, *now]):
        old, new = was.get(name), now.get(name)
        title = (new or old or before.causes[0]).title
        yield _Found(
            _of_cause(old, new),
            name,
            title,
            _cause_words(old, before) if old else "",
            _cause_words(new, after) if new else "",
        )


def _of_cause(old: model.CauseResult | None, new: model.CauseResult | None) -> str:
    if old is None or new is None:
        return "new" if old is None else "gone"
    grown = len(new.affected) - len(old.affected)
    if grown:
        return "worse" if grown > 0 else "better"
    change = new.probability - old.probability
    return "same" if abs(change) < NEAR else "worse" if change > 0 else "better"


def _cause_words(cause: model.CauseResult, report: model.Report) -> str:
    return f"{words.percent(cause.probability)} {cause.confidence}, {words.reach(cause, report.cluster)}"


def _workers(before: model.Report, after: model.Report) -> Iterator[_Found]:
    was = {state.node: state for state in before.workers}
    now = {state.node: state for state in after.workers}
    for node in sorted({*was, *now}):
        old, new = was.get(node), now.get(node)
        there = "new" if old is None else "gone" if new is None else ""
        kind = there or _by_worth(old.state if old else "", new.state if new else "")
        yield _Found(kind, node, node, _worker_words(old), _worker_words(new))


def _by_worth(old: str, new: str) -> str:
    """Better or worse; what is not known on one side did not change as far as is known."""
    if old == new or "unknown" in (old, new):
        return "same"
    return "worse" if _WORTH.get(new, 1) > _WORTH.get(old, 1) else "better"


def _worker_words(state: model.WorkerState | None) -> str:
    if state is None:
        return ""
    facts = dict(state.facts)
    told = [f"Ready {facts['Worker Ready']}"] if "Worker Ready" in facts else []
    told += [f"{what} {facts[what]}" for what in ("calico-node", "BGP sessions up") if what in facts]
    return f"{words.STATES.get(state.state, state.state)}" + (f" ({', '.join(told)})" if told else "")


def _key(pod: model.PodState, once: Mapping[tuple[str, str], int]) -> str:
    """What a pod is known by in both bundles: a worker's pod of a daemonset gets a new name when it is replaced."""
    if pod.app and pod.node and once[(pod.app, pod.node)] == 1:
        return f"{pod.app} on {pod.node}"
    return f"{pod.namespace}/{pod.pod}" if pod.namespace else pod.pod


def _keyed(pods: Iterable[model.PodState]) -> dict[str, model.PodState]:
    pods = list(pods)
    once = Counter((pod.app, pod.node) for pod in pods)
    return {_key(pod, once): pod for pod in pods}


def _pods(before: model.Report, after: model.Report) -> Iterator[_Found]:
    was, now = _keyed(before.pods), _keyed(after.pods)
    for name in sorted({*was, *now}):
        old, new = was.get(name), now.get(name)
        if old is not None and new is not None:
            yield _Found(_by_worth(_readiness(old), _readiness(new)), name, name, _pod_words(old), _pod_words(new))
        elif old is not None and _readiness(old) == "not ready":  # pods of others are only told of while in trouble
            yield _Found("gone", name, name, _pod_words(old), "")
        elif new is not None and _readiness(new) == "not ready":
            yield _Found("new", name, name, "", _pod_words(new))


def _readiness(pod: model.PodState) -> str:
    return {True: "ready", False: "not ready", None: "unknown"}[pod.ready]


def _pod_words(pod: model.PodState) -> str:
    said = "readiness unknown" if pod.ready is None else _readiness(pod)
    return said + (f", {pod.status}" if pod.status and pod.status != "Running" else "")


def _restarts(before: model.Report, after: model.Report) -> Iterator[_Found]:
    """Restarts of the same pod that went on; a pod of another name counts from its own start."""
    was = {(pod.namespace, pod.pod): pod for pod in before.pods}
    keyed = _keyed(before.pods)
    for name, pod in _keyed(after.pods).items():
        old = was.get((pod.namespace, pod.pod))
        if old is not None and old.restarts is not None and pod.restarts is not None:
            more = pod.restarts - old.restarts
            kind = "worse" if more > 0 else "better" if more < 0 else "same"
            yield _Found(kind, name, name, words.plural(old.restarts, "restart"), words.plural(pod.restarts, "restart"))
        elif old is None and name in keyed and pod.restarts:
            previous = keyed[name].restarts
            told = words.plural(previous, "restart") if previous is not None else ""
            yield _Found("new", name, name, told, f"{words.plural(pod.restarts, 'restart')} of a new pod, {pod.pod}")


def _symptoms(before: model.Report, after: model.Report) -> Iterator[_Found]:
    was = {symptom.id: symptom for symptom in before.symptoms}
    now = {symptom.id: symptom for symptom in after.symptoms}
    for name in dict.fromkeys([*was, *now]):
        old, new = was.get(name), now.get(name)
        if old is None or new is None:
            kind = "new" if old is None else "gone"
        else:
            grown = len(new.affected) - len(old.affected)
            kind = "same" if not grown else "worse" if grown > 0 else "better"
        title = new.title if new else old.title if old else name
        yield _Found(kind, name, title, _on(old), _on(new))


def _on(symptom: model.SymptomResult | None) -> str:
    if symptom is None:
        return ""
    return f"on {words.plural(len(symptom.affected), 'worker')}" if symptom.affected else "seen"


def _versions(before: model.Report, after: model.Report) -> Iterator[_Found]:
    for title, attribute in (("Kubernetes", "kubernetes_version"), ("Calico", "calico_version")):
        old, new = getattr(before.cluster, attribute), getattr(after.cluster, attribute)
        if old and new:
            yield _Found("same" if old == new else "changed", attribute, title, old, new)
    was = {state.node: dict(state.facts) for state in before.workers}
    moved: dict[tuple[str, str, str], list[str]] = {}
    for state in after.workers:
        facts = dict(state.facts)
        for what in _VERSIONS:
            old, new = was.get(state.node, {}).get(what, ""), facts.get(what, "")
            if old and new and old != new:
                moved.setdefault((what, old, new), []).append(state.node)
    for (what, old, new), nodes in moved.items():
        yield _Found("changed", what, f"{what} of {_some(nodes)}", old, new)


# doubts


def _other_cluster(before: model.Report, after: model.Report) -> str:
    """Why the two seem to be of different clusters, "" where they do not."""
    was, now = before.cluster, after.cluster
    if was.name and now.name:
        return "" if was.name == now.name else f"The two seem to be of different clusters: {was.name} and {now.name}."
    if len({was.platform, now.platform} - {"unknown"}) > 1:
        platforms = (words.PLATFORMS.get(side.platform, side.platform) for side in (was, now))
        return f"The two seem to be of different clusters: {' and '.join(platforms)}."
    nodes, others = {state.node for state in before.workers}, {state.node for state in after.workers}
    if nodes and others and not nodes & others:
        return "The two seem to be of different clusters: they have no worker in common, and no cluster is named."
    return ""


def _warnings(before: model.Report, after: model.Report) -> Iterator[str]:
    """Why the two may not be what they are taken for."""
    if before.bundle.sha256 and before.bundle.sha256 == after.bundle.sha256:
        yield "Both are the same bundle."
    doubt = _other_cluster(before, after)
    if doubt:
        yield doubt
    was, now = {state.node for state in before.workers}, {state.node for state in after.workers}
    if was and now and not was & now and not doubt:
        yield "The two have no worker in common: every worker was replaced."
    first, last = _side(before).collected, _side(after).collected
    if first and last and first - last > SURELY_LATER:
        yield "AFTER was collected before BEFORE: they may be the wrong way round."
    for side, report in (("BEFORE", before), ("AFTER", after)):
        if not report.workers:
            yield f"{side} tells of no worker: workers, pods and restarts cannot be compared."
    if now and was - now and len(now) < len(was):
        count = words.plural(len(now), "worker")
        yield f"AFTER shows {count} and BEFORE {len(was)}: what is gone may only be left out."
