"""From a diagnosis to the report: words, quotes, repair steps, what is missing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from analyzer import __version__
from analyzer.cause_results import PER_SIGNAL, Quotes, cause_result, chosen, quoted_evidence, since_when
from analyzer.changes import recent_changes
from analyzer.cluster import Cluster, describe_cluster
from analyzer.contrast import pod_states, with_contrast, worker_states
from analyzer.inventory import Inventory
from analyzer.missing import deciding_items, missing_items
from analyzer.over_time import levels_over_time, restarts_over_time
from analyzer.peers import peer_matrix
from analyzer.quote import CONTEXT
from analyzer.ranking import Ranked
from analyzer.remediation import names_for, steps_for
from analyzer.report import model
from analyzer.timeline import timeline
from analyzer.unrecognized import unrecognized
from analyzer.verdict import lasts, shown_causes, verdict

if TYPE_CHECKING:
    from analyzer.pipeline import Analyzer, Diagnosis


def assemble(analyzer: Analyzer, diagnosis: Diagnosis) -> model.Report:
    """Put the whole report together."""
    tables, inventory = diagnosis.reading.tables, diagnosis.inventory
    intake = diagnosis.reading.intake
    cluster = describe_cluster(tables, inventory)
    numbers = analyzer.catalogue.ranking
    lasting = any(
        lasts(finding, inventory)
        for name, findings in diagnosis.symptoms.items()
        if not analyzer.catalogue.symptoms[name].harmless
        for finding in findings
    )
    said = verdict(diagnosis.ranked, inventory, diagnosis.symptoms, numbers, lasting)
    shown = shown_causes(diagnosis.ranked, said, numbers)
    wanted = _wanted(shown, diagnosis)
    quotes = intake.lines(wanted, CONTEXT)
    causes = tuple(cause_result(analyzer, diagnosis, cluster, item, shown, quotes) for item in shown)
    families = {cause.family for cause in causes[:3]}
    roles = {name: message.role for name, message in analyzer.catalogue.messages.items()}
    gaps = missing_items(tables, inventory, cluster, families, dict(intake.missing_logs))
    gaps += [item for item in deciding_items(causes) if item.item not in {gap.item for gap in gaps}]
    missing = tuple(model.MissingItem(item.item, item.why, item.command) for item in gaps)
    symptoms = _symptoms(analyzer, diagnosis, quotes, shown)
    onset = _report_onset(shown)
    peers = peer_matrix(tables, inventory, diagnosis.evidence.over["readiness"])
    report = model.Report(
        tool=model.Tool("calico-triage", __version__),
        generated_at=datetime.now(UTC).replace(microsecond=0),
        bundle=_bundle(diagnosis),
        cluster=_cluster(cluster),
        verdict=said,
        causes=causes,
        symptoms=symptoms,
        missing=missing,
        unrecognized=tuple(
            model.Unrecognized(t.template, t.level, t.count, t.file, t.line, t.first_time, t.last_time)
            for t in unrecognized(tables, analyzer.catalogue.normal, onset.time if onset else None)
        ),
        timeline=tuple(
            model.TimelineEntry(m.time, m.node, m.pod, m.what, m.severity, m.file, m.line)
            for m in timeline(tables, diagnosis.evidence, roles)
        ),
        warnings=tuple(model.Warning_(item.file, item.what) for item in intake.warnings),
        verdict_reason=_reason(said, diagnosis),
        next_action=_next_action(said, causes, missing, any(item.cause.not_a_fault for item in shown[:1])),
        recent_changes=tuple(
            model.RecentChange(change.what, change.age_s, change.node, change.file, change.line)
            for change in recent_changes(tables, inventory)
        ),
        onset=onset,
        peer_matrix=peers,
        node_matrix=_node_matrix(inventory, symptoms),
        escalation=_escalation(analyzer, cluster, inventory),
        checked=_checked(inventory),
        noise=_noise(analyzer, diagnosis),
        log_levels_over_time=levels_over_time(tables),
        workers=worker_states(tables, inventory, peers),
        pods=pod_states(inventory),
        restarts=restarts_over_time(tables, inventory),
    )
    return with_contrast(report)


def _report_onset(shown: Sequence[Ranked]) -> model.Onset | None:
    if not shown:
        return None
    time, place = since_when(shown[0])
    if time is None or place is None:
        return None
    return model.Onset(time, place.text[:200], place.node, place.file, place.line)


def _wanted(shown: Iterable[Ranked], diagnosis: Diagnosis) -> dict[str, set[int]]:
    wanted: dict[str, set[int]] = {}
    findings = [finding for item in shown for _, found in (*item.findings, *item.against) for finding in found] + [
        finding for found in diagnosis.symptoms.values() for finding in found
    ]
    for finding in findings:
        for place in chosen(finding.places, PER_SIGNAL):
            wanted.setdefault(place.file, set()).add(place.line)
    return wanted


def _bundle(diagnosis: Diagnosis) -> model.BundleInfo:
    intake = diagnosis.reading.intake
    times = [
        datetime.fromisoformat(known[key])
        for known in intake.file_facts.values()
        for key in ("first_time", "last_time")
        if known.get(key)
    ]
    if intake.collected is not None:
        times.append(intake.collected)
    files = tuple(
        model.FileInfo(
            row.path, row.kind, row.namespace, row.pod, row.container, row.node, row.bytes, row.lines, row.problems
        )
        for row in intake.rows["files"]
    )
    return model.BundleInfo(
        intake.name,
        intake.sha256,
        intake.bytes,
        files,
        min(times) if times else None,
        max(times) if times else None,
        intake.collected,
    )


def _cluster(cluster: Cluster) -> model.ClusterInfo:
    return model.ClusterInfo(
        cluster.platform,
        cluster.kubernetes_version,
        cluster.calico_version,
        cluster.calico_namespace,
        cluster.nodes_seen,
        cluster.nodes_not_ready,
        cluster.calico_nodes_seen,
        cluster.calico_nodes_not_ready,
        cluster.name,
    )


def _symptoms(
    analyzer: Analyzer, diagnosis: Diagnosis, quotes: Quotes, shown: Sequence[Ranked]
) -> tuple[model.SymptomResult, ...]:
    found = []
    likely = [item.cause for item in shown if item.probability >= analyzer.catalogue.ranking.likely]
    for name, findings in diagnosis.symptoms.items():
        symptom = analyzer.catalogue.symptoms[name]
        nodes = sorted({node for finding in findings for node in finding.nodes})
        pairs = [(finding.signal, [finding]) for finding in findings]
        evidence = quoted_evidence(pairs, quotes, analyzer.catalogue.ranking.ratio)
        explained = tuple(cause.id for cause in likely if name in cause.symptoms)
        found.append(model.SymptomResult(name, symptom.title, tuple(nodes), evidence[:PER_SIGNAL], explained))
    return tuple(found)


def _noise(analyzer: Analyzer, diagnosis: Diagnosis, most: int = 12) -> tuple[model.Noise, ...]:
    """Lines of level WARNING or worse that are routine or long over, each kind once."""
    roles = {name: message.role for name, message in analyzer.catalogue.messages.items()}
    over = diagnosis.evidence.over["log_lines"]
    found: dict[str, model.Noise] = {}
    for row, past in zip(diagnosis.reading.tables.rows.log_lines, over, strict=True):
        if row.level not in ("WARNING", "ERROR", "FATAL", "PANIC"):
            continue
        routine = roles.get(row.message_id) == "benign"
        if routine or past:
            why = "routine at every start or stop" if routine else "over: it did not last, or the pod is ready since"
            text = " ".join(str(row.message).split())[:160]
            found.setdefault(row.message_id or text, model.Noise(text, why, int(row.count), row.file, int(row.line)))
    return tuple(found.values())[:most]


def _next_action(
    said: str, causes: Sequence[model.CauseResult], missing: Sequence[model.MissingItem], not_a_fault: bool
) -> model.NextAction:
    if said == "causes-found" and causes and causes[0].remediation:
        step = causes[0].remediation[0]
        return model.NextAction(step.text, step.command, step.risk)
    if said == "not-enough-data":
        command = next((item.command for item in missing if item.command), "")
        return model.NextAction("Gather what is listed as missing and run the analysis again.", command)
    if causes and causes[0].remediation and not_a_fault:
        return model.NextAction(causes[0].remediation[0].text, causes[0].remediation[0].command)
    return model.NextAction("Nothing to repair in Calico by what this bundle shows.")


def _reason(said: str, diagnosis: Diagnosis) -> str:
    if said == "causes-found":
        return ""  # the first cause says it
    agents = [pod for pod in diagnosis.inventory.pods.values() if pod.is_node_agent]
    ready = sum(pod.healthy is True for pod in agents)
    if said == "no-problem-found":
        return f"{ready} of {len(agents)} calico-node pods seen are ready, and nothing in the logs lasts."
    return (
        f"{len(agents)} calico-node pods and {len(diagnosis.inventory.workers)} workers were seen; no cause stands out."
    )


def _checked(inventory: Inventory) -> tuple[model.CheckedItem, ...]:
    """What was looked at: workers, calico-node and typha pods."""
    items = []
    workers = list(inventory.workers.values())
    bad = [worker.name for worker in workers if worker.ready in ("False", "Unknown")]
    items.append(_item("workers are Ready", len(workers), bad))
    for title, prefix in (("calico-node pods are ready", ""), ("calico-typha pods are ready", "calico-typha")):
        pods = [
            pod
            for pod in inventory.pods.values()
            if (pod.name.startswith(prefix) if prefix else pod.is_node_agent) and pod.healthy is not None
        ]
        items.append(_item(title, len(pods), [pod.name for pod in pods if not pod.healthy]))
    return tuple(items)


def _item(what: str, seen: int, bad: Sequence[str]) -> model.CheckedItem:
    state = "unknown" if not seen else "bad" if bad else "healthy"
    detail = f"{seen - len(bad)} of {seen}" + (f"; not: {', '.join(bad[:5])}" if bad else "")
    return model.CheckedItem(what, state, detail if seen else "the bundle does not show it")


def _escalation(analyzer: Analyzer, cluster: Cluster, inventory: Inventory) -> model.Escalation | None:
    ladder = analyzer.catalogue.ladders.get("support-case", ())
    steps = steps_for(analyzer.catalogue, ladder, cluster, names_for(cluster, inventory, []))
    if not steps:
        return None
    return model.Escalation(
        "The steps above did not help, or the cause is on the master's side.",
        tuple(step.text for step in steps),
        ("this report", "the bundle itself"),
    )


def _node_matrix(inventory: Inventory, symptoms: Sequence[model.SymptomResult]) -> model.NodeMatrix | None:
    nodes = sorted({*inventory.workers, *inventory.agents})
    columns = [item for item in symptoms if item.affected]
    if not nodes or not columns:
        return None
    cells = tuple(
        model.NodeMatrixCell(node, item.id, "yes" if node in item.affected else "no")
        for node in nodes
        for item in columns
    )
    return model.NodeMatrix(tuple(nodes), tuple((item.id, item.title) for item in columns), cells)
