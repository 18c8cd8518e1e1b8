"""One incident in the tree of every collector gives the same causes as its plain files."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from analyzer.pipeline import Analyzer
from analyzer.report.model import Report

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "sample_bundles"), str(ROOT / "tests" / "kubectl")]
from cluster import Story  # noqa: E402
from stories import STORIES  # noqa: E402

NOW = datetime(2026, 3, 10, 9, 0, tzinfo=UTC)
#: stories whose proof is in objects and logs: a collector's tree has no text of `kubectl describe`
STORY = {story.name: story for story in (make(NOW) for make in STORIES)}
KINDS = {"Node": "v1", "Pod": "v1", "Event": "v1", "DaemonSet": "apps/v1"}
Files = dict[str, str]


def dressed(item: dict[str, Any], kind: str) -> dict[str, Any]:
    return {"apiVersion": KINDS[kind], "kind": kind, **item}


def listed(items: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    return {"apiVersion": KINDS[kind], "kind": f"{kind}List", "items": [dressed(item, kind) for item in items]}


def namespaced(story: Story, kind: str) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for item in story.objects.get(kind, []):
        found.setdefault(item["metadata"].get("namespace", "default"), []).append(item)
    return found


def logs(story: Story) -> list[tuple[str, str, str, bool, str]]:
    """(namespace, pod, container, previous, text) of the story's logs."""
    spaces = {item["metadata"]["name"]: item["metadata"]["namespace"] for item in story.objects.get("Pod", [])}
    found = []
    for name, text in story.texts.items():
        match = re.match(r"(.+?)(-previous|-ext|-cni)?\.log$", name)
        assert match
        pod, suffix = match.group(1), match.group(2) or ""
        container = {"-ext": "calico-extension", "-cni": "install-cni"}.get(suffix, "calico-node")
        found.append((spaces[pod], pod, container, suffix == "-previous", text))
    return found


def must_gather(story: Story) -> Files:
    root = "must-gather.local.1234/quay-io-sample-sha256-00"
    files = {f"{root}/version": "openshift/must-gather\n4.16.0\n"}
    for item in story.objects.get("Node", []):
        files[f"{root}/cluster-scoped-resources/core/nodes/{item['metadata']['name']}.yaml"] = yaml.safe_dump(
            dressed(item, "Node")
        )
    for kind, group in (("Event", "core/events"), ("DaemonSet", "apps/daemonsets")):
        for space, items in namespaced(story, kind).items():
            files[f"{root}/namespaces/{space}/{group}.yaml"] = yaml.safe_dump(listed(items, kind))
    for item in story.objects.get("Pod", []):
        space, name = item["metadata"]["namespace"], item["metadata"]["name"]
        files[f"{root}/namespaces/{space}/pods/{name}/{name}.yaml"] = yaml.safe_dump(dressed(item, "Pod"))
    for space, pod, container, previous, text in logs(story):
        name = "previous.log" if previous else "current.log"
        files[f"{root}/namespaces/{space}/pods/{pod}/{container}/{container}/logs/{name}"] = text
    return files


def cluster_info_dump(story: Story) -> Files:
    files = {"out/nodes.json": json.dumps(listed(story.objects.get("Node", []), "Node"), indent=4)}
    for kind, name in (("Pod", "pods"), ("Event", "events"), ("DaemonSet", "daemonsets")):
        for space, items in namespaced(story, kind).items():
            # items of a list carry no kind there
            files[f"out/{space}/{name}.json"] = json.dumps(
                {"kind": f"{kind}List", "apiVersion": KINDS[kind], "items": items}, indent=4
            )
    for space, pod, container, previous, text in logs(story):
        if not previous:
            head = f"==== START logs for container {container} of pod {space}/{pod} ====\n"
            tail = f"==== END logs for container {container} of pod {space}/{pod} ====\n"
            files[f"out/{space}/{pod}/logs.txt"] = files.get(f"out/{space}/{pod}/logs.txt", "") + head + text + tail
    return files


def replicated(story: Story) -> Files:
    root = "support-bundle-2026-03-10T09_00_00"
    files = {f"{root}/version.yaml": "apiVersion: troubleshoot.sh/v1beta2\nkind: SupportBundle\nmetadata:\n  name: x\n"}
    files[f"{root}/cluster-resources/nodes.json"] = json.dumps(listed(story.objects.get("Node", []), "Node"))
    for kind, name in (("Pod", "pods"), ("Event", "events"), ("DaemonSet", "daemonsets")):
        for space, items in namespaced(story, kind).items():
            files[f"{root}/cluster-resources/{name}/{space}.json"] = json.dumps(listed(items, kind))
    for space, pod, container, previous, text in logs(story):
        name = f"{container}-previous" if previous else container
        files[f"{root}/cluster-resources/pods/logs/{space}/{pod}/{name}.log"] = text
    return files


def rancher(story: Story) -> Files:
    files = {"metadata.yaml": "projectName: sample\nbundleVersion: 1\n"}
    files["yamls/cluster/v1/nodes.yaml"] = yaml.safe_dump(listed(story.objects.get("Node", []), "Node"))
    for kind, name in (("Pod", "v1/pods"), ("Event", "v1/events"), ("DaemonSet", "apps/v1/daemonsets")):
        for space, items in namespaced(story, kind).items():
            files[f"yamls/namespaced/{space}/{name}.yaml"] = yaml.safe_dump(listed(items, kind))
    for space, pod, container, previous, text in logs(story):
        files[f"logs/{space}/{pod}/{container}.log{'.1' if previous else ''}"] = text
    return files


def calicoctl_diags(story: Story) -> Files:
    root = "calico-diagnostics-20260310_090000"
    files = {}
    for kind, name in (("Node", "nodes"), ("Pod", "pods"), ("DaemonSet", "daemonsets"), ("Event", "events")):
        files[f"{root}/cluster/kubernetes/{name}.yaml"] = yaml.safe_dump(listed(story.objects.get(kind, []), kind))
    nodes = {item["metadata"]["name"]: item["spec"]["nodeName"] for item in story.objects.get("Pod", [])}
    for space, pod, container, previous, text in logs(story):
        name = f"{pod}.{container}.previous.log" if previous else f"{pod}.log"
        files[f"{root}/nodes/{nodes[pod]}/{space}/{name}"] = text
    return files


def sos(story: Story) -> Files:
    root = "sosreport-node-a-2026-03-10-abcdefg"
    base = f"{root}/sos_commands/openshift"
    files = {f"{root}/version.txt": "sosreport: 4.8.2\n", f"{root}/sos_reports/manifest.json": '{"version": "1.1"}'}
    for item in story.objects.get("Node", []):
        files[f"{base}/cluster-scoped/nodes/{item['metadata']['name']}.yaml"] = yaml.safe_dump(dressed(item, "Node"))
    for kind, name in (("Pod", "pods"), ("Event", "events"), ("DaemonSet", "daemonsets")):
        for space, items in namespaced(story, kind).items():
            for item in items:
                path = f"{base}/namespaces/{space}/{name}/{item['metadata']['name']}.yaml"
                files[path] = yaml.safe_dump(dressed(item, kind))
    for space, pod, container, previous, text in logs(story):
        folder = f"{root}/sos_commands/kubernetes/cluster-info/{space}/podlogs/{pod}"
        files[f"{folder}/kubectl_--namespace_{space}_logs_{pod}_-c_{container}{'_-p' if previous else ''}"] = text
    return files


def objects_in_one_file(story: Story) -> Files:
    documents = [dressed(item, kind) for kind in KINDS for item in story.objects.get(kind, [])]
    files = {"all.yaml": yaml.safe_dump({"apiVersion": "v1", "kind": "List", "items": documents})}
    return files | dict(story.texts)


#: trees of one object a file hold no list, so an absence from them proves nothing: they must not claim it
NO_LIST = {("no-calico-node-anywhere", "sos")}
LAYOUTS: list[Callable[[Story], Files]] = [
    must_gather, cluster_info_dump, replicated, rancher, calicoctl_diags, sos, objects_in_one_file,
]  # fmt: skip


@pytest.fixture(scope="module")
def analyzer() -> Analyzer:
    return Analyzer()


def analyzed(analyzer: Analyzer, files: Files, folder: Path) -> Report:
    for path, text in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    return analyzer.analyze([folder])


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.__name__)
@pytest.mark.parametrize("name", sorted(STORY))
def test_the_first_cause_is_the_same(
    name: str, layout: Callable[[Story], Files], analyzer: Analyzer, tmp_path: Path
) -> None:
    story = STORY[name]
    report = analyzed(analyzer, layout(story), tmp_path / "layout")
    plain = analyzed(analyzer, objects_in_one_file(story), tmp_path / "plain")
    assert not [warning for warning in report.warnings if "defect" in warning.what]
    likely = [cause.id for cause in report.causes if cause.confidence == "likely"]
    if story.cause == "no-problem-found":
        assert report.verdict == "no-problem-found" and not likely
    elif (name, layout.__name__) not in NO_LIST:
        assert likely[:1] and likely[0] in (story.cause, *story.acceptable), [
            (c.id, c.probability) for c in report.causes
        ]
        assert likely == [cause.id for cause in plain.causes if cause.confidence == "likely"]
        first, other = report.causes[0], plain.causes[0]
        assert (first.affected, first.scope, first.remediation) == (other.affected, other.scope, other.remediation)
        assert report.verdict == plain.verdict and report.cluster == plain.cluster
    else:
        assert report.verdict == "not-enough-data" and not likely
