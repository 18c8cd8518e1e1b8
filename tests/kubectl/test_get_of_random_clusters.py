"""A real kubectl lists random clusters in many forms; the rows must be those of the cells."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import expected_rows as expected
import pytest
from object_server import serving
from random_bricks import Object
from random_objects import Cluster
from scoring import COUNT, FIRST_SEED, Score, minor_version, run
from server_tables import COLUMNS, cells, counted, table

from parsers.get_table import parse_get_table
from parsers.source import Parsed, Source

TABLES = ("nodes", "pods", "daemonsets", "settings", "events")
FORMS = (
    ("get", "nodes,pods,daemonsets,deployments,events", "-A", "-o", "wide"),
    ("get", "nodes,pods,daemonsets,deployments", "-A"),
    ("get", "nodes", "-o", "wide", "--show-labels"),
    ("get", "nodes"),
    ("get", "nodes", "--no-headers", "-o", "wide"),
    ("get", "pods", "-A", "-o", "wide"),
    ("get", "pods", "-A", "--show-labels"),
    ("get", "pods", "-n", "calico-system", "-o", "wide"),
    ("get", "pods", "-n", "kube-system", "--no-headers"),
    ("get", "pods", "-A", "--no-headers", "-o", "wide"),
    ("get", "daemonsets", "-A"),
    ("get", "daemonsets", "-n", "kube-system", "--no-headers"),
    ("get", "deployments", "-n", "tigera-operator", "-o", "wide"),
    ("get", "events", "-A"),
    ("get", "events", "-n", "calico-system", "-o", "wide"),
    ("get", "events", "-n", "kube-system", "--no-headers"),
    ("events", "-n", "kube-system"),
    ("events", "-A"),
)


class Form:
    """What a command line asks for."""

    def __init__(self, words: tuple[str, ...]) -> None:
        self.words = words
        self.kinds = words[1].split(",") if words[0] == "get" else ["events"]
        self.all = "-A" in words
        self.namespace = words[words.index("-n") + 1] if "-n" in words else ""
        self.wide = "wide" in words
        self.labels = "--show-labels" in words
        self.bare = "--no-headers" in words
        self.whole_messages = words[0] == "events"

    def items(self, cluster: Cluster, kind: str) -> list[Object]:
        if f"{kind.lower()}s" not in self.kinds:
            return []
        found = cluster.objects.get(kind, [])
        return [item for item in found if not self.namespace or item["metadata"].get("namespace") == self.namespace]


def row_of(kind: str, item: Object, now: datetime) -> dict[str, Any]:
    row = dict(zip((name.lstrip("+") for name in COLUMNS[kind]), cells(kind, item, now), strict=True))
    return {key: "" if value == "<none>" else value for key, value in row.items()}


def ago(now: datetime, stamp: str | None) -> float | None:
    moment = expected.moment(stamp)
    return (now - moment).total_seconds() if moment else None


def expected_tables(cluster: Cluster, form: Form) -> dict[str, list[dict[str, Any]]]:
    now = cluster.now
    rows: dict[str, list[dict[str, Any]]] = {name: [] for name in TABLES}
    for item in form.items(cluster, "Node"):
        rows["nodes"].append(_node(item, form, now, cluster))
    for item in form.items(cluster, "Pod"):
        rows["pods"].append(_pod(item, form, now))
    for item in form.items(cluster, "DaemonSet"):
        wanted = expected.daemonset(item) | {"age_s": ago(now, item["metadata"]["creationTimestamp"])}
        rows["daemonsets"].append(wanted | {"ready": item["status"]["numberReady"]})
    for item in form.items(cluster, "Deployment"):
        rows["settings"].extend(_deployment(item, form, now))
    for item in form.items(cluster, "Event"):
        rows["events"].append(_event(item, form, now))
    return rows


def _node(item: Object, form: Form, now: datetime, cluster: Cluster) -> dict[str, Any]:
    full = expected.node(item, cluster.objects)
    names = ["node", "roles", "kubelet_version", "cordoned"]
    names += ["internal_ip", "os_image", "kernel", "runtime"] if form.wide else []
    names += ["labels", "zone", "region", "pool", "subnet", "worker_version"] if form.labels else []
    status = row_of("Node", item, now)["Status"].split(",")[0]
    ready = {"Ready": "True", "NotReady": "False"}.get(status, "Unknown")
    return {name: full[name] for name in names} | {
        "ready": ready,
        "age_s": ago(now, item["metadata"]["creationTimestamp"]),
    }


def _pod(item: Object, form: Form, now: datetime) -> dict[str, Any]:
    row, meta = row_of("Pod", item, now), item["metadata"]
    statuses = counted(item["status"])
    ends = [s["lastState"]["terminated"]["finishedAt"] for s in statuses if "terminated" in s["lastState"]]
    wanted: dict[str, Any] = {
        "namespace": meta["namespace"],
        "pod": meta["name"],
        "phase": row["Status"],
        "ready": row["Ready"],
        "restarts": sum(s["restartCount"] for s in statuses),
        "last_restart_age_s": ago(now, max(ends)) if "ago" in row["Restarts"] else None,
        "age_s": ago(now, meta["creationTimestamp"]),
        "deleted": "deletionTimestamp" in meta,
    }
    if form.wide:
        wanted |= {"ip": row["IP"], "node": row["Node"]}
    return wanted | ({"labels": meta["labels"]} if form.labels else {})


def _deployment(item: Object, form: Form, now: datetime) -> list[dict[str, Any]]:
    row, status = row_of("Deployment", item, now), item["status"]
    names = ("Ready", "Up-to-date", "Available", *(("Containers", "Images", "Selector") if form.wide else ()))
    values = {"": ""} | {name.lower(): str(row[name]) for name in names}
    values |= {
        f"status.{name}": str(status[name]) for name in ("readyReplicas", "updatedReplicas", "availableReplicas")
    }
    values["spec.replicas"] = str(item["spec"]["replicas"])
    base = {"kind": "Deployment", "namespace": item["metadata"]["namespace"], "name": item["metadata"]["name"]}
    return [base | {"key": key, "value": value} for key, value in values.items()]


def _event(item: Object, form: Form, now: datetime) -> dict[str, Any]:
    full = expected.event(item, now, {})
    message = item["message"].strip()
    if "\n" in message and not form.whole_messages:
        message = message.split("\n")[0] + "..."
    names = ("object_kind", "object", "type", "reason")
    wanted = {name: full[name] for name in names} | {"namespace": item["metadata"]["namespace"], "message": message}
    if form.wide and "\t" in message:  # the tab shifts the columns behind it
        return wanted | {"message": message.split("\t")[0], "count": 1}
    if form.wide:
        wanted |= {"count": full["count"], "source": full["source"], "container": full["container"]}
    if form.words[0] == "get":
        last = item.get("series", {}).get("lastObservedTime") or item["lastTimestamp"] or item["eventTime"]
        wanted["age_s"] = ago(now, last)
    return wanted | {"count": full["count"] if form.wide or form.words[0] == "events" else 1}


def known_namespaces(parsed: Parsed, form: Form) -> None:
    """A table without that column cannot tell its namespace: the reader is told by the file's place."""
    assert {listing.namespace for listing in parsed.listings} <= {form.namespace, "*", ""}


def get_score(kubectl: str, cache: Path) -> Score:
    score = Score()
    minor = minor_version(kubectl)
    forms = [words for words in FORMS if words[0] == "get" or minor >= 26]
    if minor < 25:  # there a message's line breaks leave no telling where it ends without headings in front
        forms = [words for words in forms if "events" not in words[1] or not {"wide", "--no-headers"} & set(words)]
    clusters = {str(seed): Cluster(seed, datetime.now(UTC), minor) for seed in range(FIRST_SEED, FIRST_SEED + COUNT)}
    with serving({name: cluster.objects for name, cluster in clusters.items()}, table) as server:

        def listing(number: int) -> tuple[str, tuple[str, ...], str]:
            name = str(FIRST_SEED + number)
            words = random.Random(number).choice(forms)
            return name, words, run(kubectl, f"{server}/{name}", cache, "UTC", *words)

        with ThreadPoolExecutor(8) as pool:
            for name, words, text in pool.map(listing, range(COUNT)):
                form, cluster = Form(words), clusters[name]
                form.whole_messages |= minor < 25
                slack = (datetime.now(UTC) - cluster.now).total_seconds()
                namespace = form.namespace or ("default" if not form.all else "")
                parsed = parse_get_table(text, Source("x.txt", first_line=11, namespace=namespace))
                known_namespaces(parsed, form)
                wanted = expected_tables(cluster, form)
                parsed.settings = [row for row in parsed.settings if row.key != "age"]
                for item in TABLES:
                    score.add(item, wanted[item], getattr(parsed, item), slack, f"cluster {name} {' '.join(words)}")
    return score


def test_get_gives_back_the_cells(kubectl: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    score = get_score(kubectl, tmp_path)
    with capsys.disabled():
        print(f"\n{kubectl} get: {COUNT} clusters from seed {FIRST_SEED}\n{score.report()}")
    assert score.total["pods"] > COUNT // 8
    low = [name for name in TABLES if score.share(name) < 0.999]
    assert not low, "\n".join([score.report(), *score.samples])
