"""A real kubectl describes random clusters; the parsers must give back what the objects say.

KUBECTL (paths, joined by ``:``), KUBECTL_CLUSTERS (how many) and KUBECTL_SEED (the first) widen the run.
"""

from __future__ import annotations

import re
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import expected_rows as expected
import pytest
from msgspec.structs import fields
from object_server import serving
from random_objects import Cluster
from scoring import COUNT, FIRST_SEED, ZONES, Score, minor_version, run
from server_tables import table

from parsers.describe import parse_describe
from parsers.pod_app import pod_app
from parsers.source import Parsed, Source

TABLES = (
    "nodes",
    "node_conditions",
    "pods",
    "pod_conditions",
    "containers",
    "events",
    "readiness",
    "daemonsets",
    "settings",
)


def shown(name: str, row: dict[str, Any], minor: int) -> dict[str, Any]:
    """Leave out what kubectl of that version does not print."""
    if minor < 37 and "container" in row and name == "events":
        row = {**row, "container": ""}
    kind = row.get("kind") or row.get("object_kind") or ("DaemonSet" if name == "daemonsets" else "")
    if minor < 33 and kind == "DaemonSet":
        row = {**row, "namespace": ""}
    if minor < 30 and kind == "Deployment" and ".nodeSelector." in row.get("key", ""):
        return {}
    return row


def expected_tables(cluster: Cluster, now: datetime) -> dict[str, list[dict[str, Any]]]:
    objects = cluster.objects
    rows: dict[str, list[dict[str, Any]]] = {name: [] for name in TABLES}
    nodes = {}
    for item in objects["Node"]:
        rows["nodes"].append(expected.node(item, objects))
        rows["node_conditions"].extend(expected.node_conditions(item))
    for item in objects["Pod"]:
        meta = item["metadata"]
        nodes[meta["namespace"], meta["name"]] = item["spec"].get("nodeName", "")
        app = next(iter(meta["labels"].values()), "") or re.sub(r"-(5d8c6f7b9-|76d5bcf98-)?[^-]+$", "", meta["name"])
        rows["pods"].append(expected.pod(item, app))
        rows["pod_conditions"].extend(expected.pod_conditions(item))
        rows["containers"].extend(expected.containers(item))
    for kind in ("DaemonSet", "Deployment"):
        for item in objects.get(kind, []):
            rows["settings"].extend(expected.workload_settings(item, kind))
            if kind == "DaemonSet":
                rows["daemonsets"].append(expected.daemonset(item))
    for item in objects.get("Event", []):
        row = expected.event(item, now, nodes)
        rows["events"].append(row)
        rows["readiness"].extend(expected.readiness(row))
    return rows


def assert_lines(parsed: Parsed, text: str, first: int) -> None:
    """Every row points at the line to quote."""
    lines = text.split("\n")

    def at(number: int) -> str:
        return lines[number - first]

    for node in parsed.nodes:
        assert at(node.line).split() == ["Name:", node.node]
    for condition in parsed.node_conditions:
        assert at(condition.line).split()[:2] == [condition.type, condition.status]
    for pod in parsed.pods:
        assert at(pod.line).split() == ["Name:", pod.pod]
    for row in parsed.pod_conditions:
        assert at(row.line).split() == [row.type, row.status]
    for event in parsed.events:
        assert at(event.line).split()[:2] == [event.type, event.reason]
    for container in parsed.containers:
        assert at(container.line).strip() == f"{container.container}:"
        for number, state, reason in (
            (container.state_line, container.state, container.state_reason),
            (container.last_state_line, container.last_state, container.last_reason),
        ):
            assert (number is None) == (not state)
            if number is not None:
                assert at(number).rpartition(": ")[2].strip() == (reason or state)
    for setting in parsed.settings:
        assert setting.value.split("\n")[0].strip() in at(setting.line) or setting.key.startswith(
            ("spec.template", "metadata.")
        )


def describe_score(kubectl: str, cache: Path) -> Score:
    score = Score()
    minor = minor_version(kubectl)
    clusters = {str(seed): Cluster(seed, datetime.now(UTC), minor) for seed in range(FIRST_SEED, FIRST_SEED + COUNT)}
    with serving({name: cluster.objects for name, cluster in clusters.items()}, table) as server:

        def describe(name: str) -> tuple[str, str, float]:
            # one kind after the other in one file, as several objects of one kind in one call
            zone = ZONES[int(name) % len(ZONES)]
            begin = time.time()
            kinds = "nodes,pods,daemonsets,deployments"
            text = run(kubectl, f"{server}/{name}", cache, zone, "describe", kinds, "-A", "--show-events=true")
            return name, text, time.time() - begin

        with ThreadPoolExecutor(8) as pool:
            for name, text, _ in pool.map(describe, clusters):
                slack = (datetime.now(UTC) - clusters[name].now).total_seconds()
                parsed = parse_describe(text, Source("all.txt", first_line=101))
                assert_lines(parsed, text, 101)
                wanted = expected_tables(clusters[name], clusters[name].now)
                for item in TABLES:
                    rows = [seen for row in wanted[item] if (seen := shown(item, row, minor))]
                    score.add(item, rows, getattr(parsed, item), slack, f"cluster {name}")
    return score


def test_describe_gives_back_the_objects(kubectl: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    score = describe_score(kubectl, tmp_path)
    with capsys.disabled():
        print(f"\n{kubectl}: {COUNT} clusters from seed {FIRST_SEED}\n{score.report()}")
    assert score.total["events"] > COUNT
    low = [name for name in TABLES if score.share(name) < 0.999]
    assert not low, "\n".join([score.report(), *score.samples])


def test_the_comparison_can_fail() -> None:
    """A row that differs in one field counts as wrong, so does a missing one and one too many."""
    wanted = [{"node": "a", "type": "Ready", "status": "True"}]
    row = type("Row", (), {"node": "a", "type": "Ready", "status": "False"})()
    for got in ([row], [], [row, row]):
        score = Score()
        score.add("node_conditions", wanted, got, 0, "")
        assert score.share("node_conditions") == 0.0
        assert score.samples


def test_expected_rows_know_all_columns() -> None:
    """The comparison leaves out only columns that describe has no text for."""
    cluster = Cluster(7, datetime(2026, 1, 1, tzinfo=UTC))
    rows = expected_tables(cluster, cluster.now)
    left_out = {
        "file",
        "line",
        "age_s",
        "first_age_s",
        "time",
        "first_time",
        "last_restart_age_s",
        "state_line",
        "last_state_line",
        "calico_ip_line",
        "env_line",
        "lines",
    }
    for name in ("nodes", "pods", "containers", "events"):
        row_type = {item.name: item for item in fields(Parsed)}[name]
        assert row_type
        columns = {item.name for item in fields(_row_class(name))}
        assert columns - set(rows[name][0]) <= left_out


def _row_class(name: str) -> type:
    from parsers import rows

    return {"nodes": rows.NodeRow, "pods": rows.PodRow, "containers": rows.ContainerRow, "events": rows.EventRow}[name]


def test_app_of_owner_and_name_agree() -> None:
    assert (
        pod_app("calico-typha-5d8c6f7b9-w4n8k")
        == pod_app("x", {}, "ReplicaSet/calico-typha-5d8c6f7b9")
        == "calico-typha"
    )
