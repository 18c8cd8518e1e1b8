"""Two reports of one cluster: what changed, and whether the repair worked."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

sys.path.insert(0, str(Path(__file__).parent / "report"))
import report_samples as samples

from analyzer.compare import compare
from analyzer.report import model
from analyzer.report.comparison import Change, Comparison

BEFORE = samples.incident()
LEAD = BEFORE.causes[0]
BAD = samples.BAD


def healed(report: model.Report = BEFORE) -> model.Report:
    """The same cluster an hour later with nothing wrong."""
    return replace(
        report,
        verdict="no-problem-found",
        causes=(),
        symptoms=(),
        next_action=model.NextAction("Nothing to repair."),
        bundle=replace(report.bundle, sha256="ab" * 32, collected=samples.minutes(200)),
        workers=tuple(healthy(state) for state in report.workers),
        pods=tuple(replace(pod, ready=True) for pod in report.pods),
    )


def healthy(state: model.WorkerState) -> model.WorkerState:
    return replace(state, state="healthy", facts=(("calico-node", "ready"), *state.facts[1:]))


def still(report: model.Report = BEFORE, **changes: object) -> model.Report:
    """The same cluster with its first cause changed."""
    return replace(report, causes=(replace(report.causes[0], **changes), *report.causes[1:]))  # type: ignore[arg-type]


def changes(result: Comparison, kind: str, subject: str) -> list[Change]:
    return [item for item in result.changes if (item.kind, item.subject) == (kind, subject)]


def test_a_cause_that_is_gone_is_repaired() -> None:
    result = compare(BEFORE, healed())
    assert result.repaired == "yes"
    assert LEAD.title in result.answer
    assert [item.id for item in changes(result, "gone", "causes")] == [
        cause.id for cause in BEFORE.causes if cause.confidence != "unlikely"
    ]
    assert {item.id for item in changes(result, "better", "workers")} == set(BAD)
    assert len(changes(result, "better", "pods")) == len(BAD)
    assert dict(result.same)["workers"] == 12 - len(BAD)
    assert result.warnings == ()
    assert result.next_action == ""


def test_the_other_way_round_it_got_worse() -> None:
    result = compare(replace(healed(), bundle=BEFORE.bundle), BEFORE)
    assert result.repaired == "worse"
    assert {item.id for item in changes(result, "worse", "workers")} == set(BAD)
    assert LEAD.id in {item.id for item in changes(result, "new", "causes")}
    assert result.next_action == BEFORE.next_action.text if BEFORE.next_action else False


def test_the_same_again_is_not_repaired() -> None:
    result = compare(BEFORE, BEFORE)
    assert result.repaired == "no"
    assert result.changes == ()
    assert "Both are the same bundle." in result.warnings


@pytest.mark.parametrize(
    ("affected", "answer", "kind"),
    [(BAD[:1], "partly", "better"), (BAD, "no", "same"), ((*BAD, samples.NODES[0]), "worse", "worse")],
)
def test_a_cause_that_is_still_there_is_judged_by_its_reach(affected: tuple[str, ...], answer: str, kind: str) -> None:
    result = compare(BEFORE, still(affected=affected, reach=""))
    assert result.repaired == answer
    assert [item.id for item in changes(result, kind, "causes")] == ([] if kind == "same" else [LEAD.id])


def test_fewer_affected_workers_are_no_success_where_the_others_are_not_seen() -> None:
    after = still(affected=BAD[:1], reach="")
    after = replace(after, workers=tuple(state for state in after.workers if state.node not in BAD[1:]))
    after = replace(after, cluster=replace(after.cluster, nodes_seen=1))
    result = compare(BEFORE, after)
    assert result.repaired == "no"
    assert BAD[1] in result.answer


def test_another_cause_after_the_repair_is_half_a_success() -> None:
    other = replace(LEAD, id="port-conflict", title="Another program holds the port", probability=0.8)
    result = compare(BEFORE, replace(healed(), verdict="causes-found", causes=(other,)))
    assert result.repaired == "partly"
    assert "Another program holds the port (80 %)" in result.answer
    assert "Another cause is found now" in result.answer
    known = replace(BEFORE, causes=(LEAD, replace(other, rank=2)))
    assert "was there before too" in compare(known, replace(healed(), verdict="causes-found", causes=(other,))).answer


def test_a_cause_is_not_over_on_workers_that_are_not_shown() -> None:
    after = healed()
    after = replace(
        after,
        workers=tuple(replace(state, state="unknown") if state.node in BAD else state for state in after.workers),
    )
    result = compare(BEFORE, after)
    assert result.repaired == "unknown"
    assert all(name in result.answer for name in BAD)
    assert changes(result, "better", "workers") == []


def test_a_worker_that_was_replaced_may_be_absent() -> None:
    after = healed()
    kept = tuple(state for state in after.workers if state.node not in BAD)
    after = replace(after, workers=kept, cluster=replace(after.cluster, nodes_seen=len(kept)))
    assert compare(BEFORE, after).repaired == "yes"


def test_too_little_data_gives_no_answer() -> None:
    poor = replace(samples.not_enough(), workers=BEFORE.workers)
    assert compare(BEFORE, poor).repaired == "unknown"
    assert compare(poor, healed()).repaired == "unknown"
    assert "AFTER shows no problem" in compare(poor, healed()).answer


def test_two_healthy_bundles_need_no_repair() -> None:
    assert compare(healed(), healed()).repaired == "nothing-to-repair"


@pytest.mark.parametrize(
    "after",
    [
        replace(healed(), cluster=replace(BEFORE.cluster, name="another")),
        replace(healed(), cluster=replace(BEFORE.cluster, name="", platform="roks")),
        replace(
            healed(),
            cluster=replace(BEFORE.cluster, name=""),
            workers=(model.WorkerState("192.168.7.1", "healthy"),),
        ),
    ],
    ids=["name", "platform", "workers"],
)
def test_different_clusters_are_warned_of_and_answer_nothing(after: model.Report) -> None:
    result = compare(BEFORE, after)
    assert result.repaired == "unknown"
    assert any("different clusters" in warning for warning in result.warnings)


def test_replaced_workers_of_a_named_cluster_are_no_other_cluster() -> None:
    after = replace(healed(), workers=(model.WorkerState("192.168.7.1", "healthy"),))
    result = compare(BEFORE, after)
    assert result.repaired == "yes"
    assert any("every worker was replaced" in warning for warning in result.warnings)


def test_wrong_way_round_is_warned_of_where_the_times_are_surely_so() -> None:
    def later(minutes: int) -> Comparison:
        after = healed()
        assert BEFORE.bundle.collected
        when = BEFORE.bundle.collected - timedelta(minutes=minutes)
        return compare(BEFORE, replace(after, bundle=replace(after.bundle, collected=when)))

    assert not later(5).warnings
    assert any("wrong way round" in warning for warning in later(60).warnings)


def test_restarts_that_went_on_and_those_of_a_new_pod() -> None:
    pods = BEFORE.pods
    after = replace(
        healed(),
        pods=(
            replace(pods[0], restarts=4),
            replace(pods[4], pod="calico-node-fresh", restarts=2),
            replace(pods[5], pod="calico-node-clean", restarts=0),
            *pods[6:],
        ),
    )
    result = compare(BEFORE, after)
    (worse,) = changes(result, "worse", "restarts")
    assert (worse.before, worse.after) == ("0 restarts", "4 restarts")
    (new,) = changes(result, "new", "restarts")
    assert (new.before, new.after) == ("7 restarts", "2 restarts of a new pod, calico-node-fresh")


def test_pods_of_others_are_told_of_only_while_in_trouble() -> None:
    other = model.PodState("shop", "cart-0", "cart", "", False, "CrashLoopBackOff", 12)
    before = replace(BEFORE, pods=(*BEFORE.pods, other))
    assert [item.id for item in changes(compare(before, healed()), "gone", "pods")] == ["shop/cart-0"]
    assert [item.id for item in changes(compare(healed(), replace(healed(), pods=before.pods)), "new", "pods")] == [
        "shop/cart-0"
    ]


def test_versions_that_changed_are_neither_good_nor_bad() -> None:
    after = healed()
    after = replace(
        after,
        cluster=replace(after.cluster, kubernetes_version="v1.30.1+IKS"),
        workers=tuple(
            replace(state, facts=(*state.facts[:-1], ("Kubelet", "v1.30.1+IKS"))) if state.node in BAD else state
            for state in after.workers
        ),
    )
    found = changes(compare(BEFORE, after), "changed", "versions")
    assert [(item.title, item.before, item.after) for item in found] == [
        ("Kubernetes", "v1.29.4+IKS", "v1.30.1+IKS"),
        (f"Kubelet of {', '.join(BAD)}", "v1.29.4+IKS", "v1.30.1+IKS"),
    ]


def test_symptoms_by_the_number_of_workers_that_show_them() -> None:
    symptom = BEFORE.symptoms[0]
    fewer, more = replace(symptom, affected=BAD[:1]), replace(symptom, affected=samples.NODES)
    for changed, kind in ((fewer, "better"), (more, "worse")):
        result = compare(BEFORE, replace(healed(), symptoms=(changed,)))
        assert [item.id for item in changes(result, kind, "symptoms")] == [symptom.id]
        assert [item.id for item in changes(result, "gone", "symptoms")] == [BEFORE.symptoms[1].id]


def test_a_report_without_workers_says_so() -> None:
    result = compare(replace(BEFORE, workers=(), pods=()), healed())
    assert any(warning.startswith("BEFORE tells of no worker") for warning in result.warnings)
