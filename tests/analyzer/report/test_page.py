"""The view model: order, grouping, anchors, cuts."""

from __future__ import annotations

import pytest
import report_samples as samples
from msgspec.structs import replace

from analyzer.report import model
from analyzer.report.page import SAFE_URL, make_page
from analyzer.report.view import Caps


def test_causes_stand_by_rank() -> None:
    base = samples.incident()
    page = make_page(replace(base, causes=base.causes[::-1]))
    assert [cause.item.rank for cause in page.causes] == [1, 2, 3]
    assert page.lead is not None and page.lead.item.id == "bgp-port-blocked"


def test_there_is_no_lead_without_causes_found() -> None:
    page = make_page(replace(samples.incident(), verdict="no-problem-found", next_action=None))
    assert page.lead is None and page.why == () and page.next_action is None
    assert page.headline == "No problem found in this bundle"


def test_evidence_is_grouped_by_what_it_says_the_strongest_first() -> None:
    cause = samples.incident().causes[0]
    weak, strong = (
        replace(cause.evidence[0], says=says, signal=says, weight=weight)
        for says, weight in (("weak", 1.0), ("strong", 5.0))
    )
    evidence = (weak, strong, replace(weak, line=5), replace(strong, line=6))
    view = make_page(replace(samples.incident(), causes=(replace(cause, evidence=evidence),))).causes[0]
    assert [(reason.says, [quote.item.line for quote in reason.quotes]) for reason in view.first] == [
        ("strong", [911, 6]),
        ("weak", [911, 5]),
    ]


def test_more_lines_than_fit_are_folded_not_lost() -> None:
    cause = samples.incident().causes[0]
    evidence = tuple(replace(cause.evidence[0], line=n + 1, says=f"s{n % 2}") for n in range(10))
    view = make_page(replace(samples.incident(), causes=(replace(cause, evidence=evidence),))).causes[0]
    shown = [quote.item.line for reasons in (view.first, view.more) for reason in reasons for quote in reason.quotes]
    assert sorted(shown) == list(range(1, 11))
    assert view.more_count == 6


def test_same_id_twice_gets_two_anchors() -> None:
    cause = samples.incident().causes[0]
    page = make_page(
        replace(
            samples.incident(), causes=(cause, replace(cause, rank=2), replace(cause, id="BGP port blocked", rank=3))
        )
    )
    assert [item.anchor for item in page.causes] == [
        "cause-bgp-port-blocked",
        "cause-bgp-port-blocked--2",
        "cause-bgp-port-blocked--3",
    ]


def test_timeline_links_to_quoted_lines_and_is_in_order() -> None:
    page = make_page(samples.incident())
    times = [moment.item.time for moment in page.timeline]
    assert times == sorted(times)  # type: ignore[type-var]
    anchors = {moment.place.text: moment.place.anchor for moment in page.timeline}
    assert anchors["logs/calico-node-x7k2p.log:911"].startswith("e-")
    assert anchors["events.txt:40"] == ""


def test_entries_without_a_time_come_last() -> None:
    entry = samples.incident().timeline[0]
    page = make_page(replace(samples.incident(), timeline=(replace(entry, time=None, what="x"), entry)))
    assert [moment.item.what for moment in page.timeline][-1] == "x"
    assert page.timeline[-1].when == ""


def test_the_least_severe_entries_are_left_out_first() -> None:
    page = make_page(samples.incident(), Caps(timeline=3))
    assert [moment.item.severity for moment in page.timeline] == ["error", "error", "warning"]
    assert "3 of 17 timeline entries, the least severe left out" in page.trimmed


@pytest.mark.parametrize("name", ["causes", "symptoms", "timeline", "unrecognized", "files", "warnings"])
def test_a_cap_holds_and_is_told(name: str) -> None:
    page = make_page(samples.long(), Caps(**{name: 1}))
    assert len(getattr(page, name)) == 1
    assert len(page.trimmed) >= 1 or len(getattr(samples.long(), name, ())) == 1


def test_lines_are_cut_and_say_so() -> None:
    page = make_page(samples.long(), Caps(line=100, causes=1))
    quote = page.causes[0].first[0].quotes[0]
    assert quote.text.startswith("2026-03-16 03:44:02.118 [ERROR]") and quote.text.endswith(" more characters)")


def test_context_is_what_is_near() -> None:
    page = make_page(samples.incident(), Caps(context=2))
    assert [(number, quoted) for number, _, quoted in page.causes[0].first[1].quotes[0].lines] == [
        (909, False), (910, False), (911, True), (912, False), (913, False),
    ]  # fmt: skip


def test_next_action_is_the_first_step_of_the_first_cause() -> None:
    page = make_page(replace(samples.incident(), next_action=None))
    assert page.next_action == model.NextAction(
        "Test the port from one affected worker to a worker of another zone.",
        "kubectl debug node/10.31.7.20 -it --image=busybox -- nc -vz -w 3 10.30.7.20 179",
        "safe",
    )


def test_what_was_checked_follows_from_the_counts_where_nothing_else_is_known() -> None:
    report = replace(
        samples.not_enough(), cluster=model.ClusterInfo(nodes_seen=3, calico_nodes_seen=3, calico_nodes_not_ready=1)
    )
    assert [(item.what, item.state, item.detail) for item in make_page(report).checked] == [
        ("Workers Ready", "healthy", "3 of 3"),
        ("calico-node pods ready", "bad", "2 of 3"),
    ]
    assert [item.state for item in make_page(samples.not_enough()).checked] == ["unknown", "bad"]


def test_facts_never_show_a_default_as_a_fact() -> None:
    facts = dict(make_page(samples.not_enough()).facts)
    assert facts["Kubernetes"] == facts["Workers seen"] == facts["Times in the bundle"] == "not in the bundle"
    assert facts["calico-node pods seen"] == "1, none ready"
    assert "Cluster" not in facts


def test_symptoms_name_the_causes_that_explain_them() -> None:
    base = samples.incident()
    symptom = replace(base.symptoms[0], explained_by=())
    page = make_page(replace(base, symptoms=(symptom,)))
    assert page.symptoms[0].explained_by == (("cause-bgp-port-blocked", "TCP port 179 is blocked between workers"),)


def test_what_is_likely_too_is_a_fault_of_its_own() -> None:
    base = samples.incident()
    second = replace(base.causes[1], confidence="likely", probability=0.97)
    page = make_page(replace(base, causes=(base.causes[0], second, base.causes[2])))
    assert [cause.item.id for cause in page.also] == ["typha-unavailable"]
    assert [cause.item.id for cause in page.candidates] == ["mtu-mismatch"]
    assert make_page(samples.healthy()).also == ()


def test_what_is_explained_but_not_seen_is_not_named() -> None:
    cause = replace(samples.incident().causes[0], explains=("node-not-ready", "bgp-not-established"))
    page = make_page(replace(samples.incident(), causes=(cause,)))
    assert page.causes[0].explains == ("BGP sessions are not established",)


def test_what_is_explained_is_named_once() -> None:
    view = make_page(samples.incident()).causes[0]
    assert view.explains == ("BGP sessions are not established", "calico-node pods are 0/1 Running")


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("https://docs.tigera.io/calico?a=b#c", True),
        ("http://x", True),
        ("javascript:alert(1)", False),
        ("https://x y", False),
        ('https://x"onclick=', False),
        ("see https://x", False),
        ("data:text/html,x", False),
    ],
)
def test_only_web_addresses_become_links(text: str, safe: bool) -> None:
    assert bool(SAFE_URL.fullmatch(text)) == safe
    cause = replace(samples.incident().causes[0], references=(text,))
    page = make_page(replace(samples.incident(), causes=(cause,)))
    assert (page.causes[0].references[0].url == text) == safe
