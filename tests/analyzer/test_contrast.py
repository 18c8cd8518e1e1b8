"""Workers side by side: the same facts, and a mark at what differs."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from analyzer.contrast import MOST_SHOWN, contrast, pod_states, with_contrast, worker_states
from analyzer.inventory import Inventory
from analyzer.report import model
from analyzer.tables import build
from parsers.rows import ContainerRow, NodeConditionRow, NodeRow, PodRow

WORKERS = ("10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.5", "10.0.0.6")
BAD = WORKERS[0]


def states(**columns: dict[str, str]) -> tuple[model.WorkerState, ...]:
    """Six workers, the first in trouble; ``columns`` gives values by worker."""
    nodes = [
        NodeRow("n.txt", i, name, ready="True", **{column: of.get(name, "") for column, of in columns.items()})
        for i, name in enumerate(WORKERS, start=1)
    ]
    pods = [
        PodRow("p.txt", i, "calico-system", f"calico-node-{i}", app="calico-node", node=name, phase="Running",
               ready="0/1" if name == BAD else "1/1", restarts=9 if name == BAD else i % 2)
        for i, name in enumerate(WORKERS, start=1)
    ]  # fmt: skip
    tables = build({"nodes": nodes, "pods": pods})
    return worker_states(tables, Inventory(tables))


def rows(found: model.Contrast | None) -> dict[str, model.ContrastRow]:
    assert found is not None
    return {row.what: row for row in found.rows}


def everywhere(value: str, **others: str) -> dict[str, str]:
    return dict.fromkeys(WORKERS, value) | {WORKERS[int(key[1:]) - 1]: other for key, other in others.items()}


def test_what_no_affected_worker_shares_with_a_healthy_one_is_marked() -> None:
    found = rows(contrast(states(kernel=everywhere("5.4", w1="5.15"), zone=everywhere("dal10", w2="dal12")), [BAD]))
    assert found["Kernel"].differs
    assert found["Kernel"].affected == ("5.15",)
    assert not found["Zone"].differs
    assert found["calico-node"].differs
    assert found["calico-node"].affected == ("not ready",) and found["calico-node"].healthy == ("ready",) * MOST_SHOWN


def test_a_value_that_one_healthy_worker_has_too_is_not_marked_even_where_that_one_is_not_shown() -> None:
    kernel = everywhere("5.4", w1="5.15", w6="5.15")
    many = [state for state in states(kernel=kernel) if state.node != WORKERS[5]]
    assert rows(contrast(many, [BAD]))["Kernel"].differs
    assert not rows(contrast(states(kernel=kernel), [BAD]))["Kernel"].differs


def test_numbers_differ_only_where_they_do_not_overlap() -> None:
    assert rows(contrast(states(), [BAD]))["calico-node restarts"].differs
    assert not rows(contrast(states(), [BAD, WORKERS[1]]))["calico-node restarts"].differs


def test_what_is_not_known_does_not_differ() -> None:
    found = rows(contrast(states(kernel={BAD: "5.15"}, zone={BAD: "dal10", WORKERS[1]: "dal10"}), [BAD]))
    assert "Kernel" not in found
    assert found["Zone"].healthy[1:] == ("", "")
    assert not found["Zone"].differs


def test_the_healthy_ones_most_alike_stand_first() -> None:
    zone = everywhere("dal12", w1="dal10", w5="dal10")
    found = contrast(states(zone=zone), [BAD])
    assert found is not None
    assert found.healthy[0] == WORKERS[4]
    assert (found.affected, found.affected_total, found.healthy_total) == ((BAD,), 1, 5)


def test_without_a_named_worker_those_in_trouble_are_taken() -> None:
    found = contrast(states(), [])
    assert found is not None and found.affected == (BAD,)


@pytest.mark.parametrize("affected", [WORKERS])
def test_none_where_all_or_none_are_in_trouble(affected: tuple[str, ...]) -> None:
    assert contrast(states(), affected) is None
    well = tuple(model.WorkerState(name, "healthy", (("Zone", "a"),)) for name in WORKERS)
    assert contrast(well, []) is None
    assert contrast((), [BAD]) is None


def test_facts_of_a_worker() -> None:
    tables = build(
        {
            "nodes": [NodeRow("n.txt", 1, BAD, ready="Unknown", cordoned=True, taints=("b:NoSchedule", "a:NoExecute"), age_s=7200.0, kubelet_version="v1.29.1")],
            "node_conditions": [
                NodeConditionRow("n.txt", 5, BAD, "MemoryPressure", "Unknown"),
                NodeConditionRow("n.txt", 6, BAD, "DiskPressure", "False"),
                NodeConditionRow("n.txt", 7, BAD, "Ready", "Unknown"),
            ],
            "pods": [PodRow("p.txt", 1, "kube-system", "calico-node-a", app="calico-node", node=BAD, phase="CrashLoopBackOff", ready="0/1", restarts=4)],
            "containers": [ContainerRow("p.txt", 9, "kube-system", "calico-node-a", "calico-node", image="icr.io:443/ext/calico/node:v3.27.2@sha256:aa", node=BAD)],
        }
    )  # fmt: skip
    peers = model.PeerMatrix(
        (BAD,), tuple(model.PeerCell(BAD, peer, state) for peer, state in (("x", "established"), ("y", "not-established"), ("z", "unknown")))
    )  # fmt: skip
    (state,) = worker_states(tables, Inventory(tables), peers)
    assert state.state == "bad"
    assert dict(state.facts) == {
        "calico-node": "not ready, CrashLoopBackOff",
        "calico-node restarts": "4",
        "BGP sessions up": "1 of 2",
        "Worker Ready": "unknown",
        "Other conditions": "MemoryPressure Unknown",
        "Cordoned": "yes",
        "Taints": "a:NoExecute, b:NoSchedule",
        "Age": "less than a day",
        "Kubelet": "v1.29.1",
        "calico-node image": "v3.27.2",
    }


def test_pods_of_calico_and_others_in_trouble() -> None:
    tables = build(
        {
            "pods": [
                PodRow("p.txt", 1, "calico-system", "calico-node-a", app="calico-node", phase="Running", ready="1/1"),
                PodRow("p.txt", 2, "calico-system", "calico-typha-a", app="calico-typha", phase="Running", ready="0/1"),
                PodRow("p.txt", 3, "shop", "cart-0", app="cart", phase="CrashLoopBackOff", ready="0/1"),
                PodRow("p.txt", 4, "shop", "web-0", app="web", phase="Running", ready="1/1"),
            ]
        }
    )
    found = {pod.pod: pod.ready for pod in pod_states(Inventory(tables))}
    assert found == {"calico-node-a": True, "calico-typha-a": False, "cart-0": False}


def test_a_report_without_a_cause_shows_those_in_trouble_all_the_more() -> None:
    report = model.Report(
        model.Tool("t", "1"), datetime(2026, 3, 1, tzinfo=UTC), model.BundleInfo("b"), model.ClusterInfo(), "not-enough-data",
        workers=states(),
    )  # fmt: skip
    found = with_contrast(report).contrast
    assert found is not None and found.affected == (BAD,)
    named = model.CauseResult("c", 1, "C", "f", 0.9, "likely", "node", affected=(WORKERS[1],))
    found = with_contrast(replace(report, verdict="causes-found", causes=(named,))).contrast
    assert found is not None and found.affected == (WORKERS[1],)
