"""Each sample bundle comes out as what it is, with the runbook's steps, and every claim is quoted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from analyzer.evaluate import judge
from analyzer.pipeline import Analyzer
from analyzer.report import render_html, render_json, render_markdown
from analyzer.report.model import Report

SAMPLES = Path(__file__).parents[1] / "sample_bundles"
NAMES = sorted(path.parent.name for path in SAMPLES.glob("*/truth.yaml"))
#: words that the repair steps of the runbook's own examples must hold, in this order
STEPS = {
    "dead-worker-blamed-on-bgp": ["Do not repair Calico", "worker ls", "reboot"],
    "worker-toggles": ["troubleshooting", "firewall"],
    "calico-down-on-one-worker": ["kubectl cordon", "describe pod", "delete pod", "reboot", "reload", "uncordon"],
    "no-calico-node-anywhere": ["master refresh"],
    "webhook-keeps-pods-away": ["webhookconfigurations"],
    "after-the-upgrade-to-1-29": ["get secret calico-bgp-password -n kube-system", "kind: Role", "kind: RoleBinding"],
    "two-vlans-apart": ["account show", "vlan spanning get"],
}


@pytest.fixture(scope="module")
def analyzed() -> Callable[[str], Report]:
    analyzer = Analyzer()
    done: dict[str, Report] = {}

    def analyze(name: str) -> Report:
        if name not in done:
            done[name] = analyzer.analyze([SAMPLES / name / "bundle"])
        return done[name]

    return analyze


def test_there_are_at_least_ten_and_one_has_twelve_workers(analyzed: Callable[[str], Report]) -> None:
    assert len(NAMES) >= 10
    assert any(analyzed(name).cluster.nodes_seen >= 12 for name in NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_the_first_cause_is_the_right_one(name: str, analyzed: Callable[[str], Report]) -> None:
    report = analyzed(name)
    outcome = judge(yaml.safe_load((SAMPLES / name / "truth.yaml").read_text(encoding="utf-8")), report, 0.0)
    assert outcome.rank == 1, [(cause.id, cause.probability) for cause in report.causes]
    assert not outcome.false_alarm
    assert not [warning for warning in report.warnings if "defect" in warning.what or "cross-check" in warning.what]


@pytest.mark.parametrize("name", sorted(STEPS))
def test_the_steps_are_the_runbooks(name: str, analyzed: Callable[[str], Report]) -> None:
    steps = "\n".join(f"{step.text}\n{step.command}" for step in analyzed(name).causes[0].remediation)
    position = 0
    for words in STEPS[name]:
        position = steps.lower().find(words.lower(), position)
        assert position >= 0, f"{words!r} is missing or out of order in\n{steps}"


@pytest.mark.parametrize("name", NAMES)
def test_every_likely_cause_quotes_lines_that_are_there(name: str, analyzed: Callable[[str], Report]) -> None:
    report = analyzed(name)
    files = {file.path: file.lines for file in report.bundle.files}
    for cause in report.causes:
        if cause.confidence != "likely":
            continue
        assert cause.evidence
        for evidence in cause.evidence:
            assert 1 <= evidence.line <= files[evidence.file]
            assert evidence.text.strip()
    names = {"<WORKER_NODE_NAME>", "{node}", "{pod}"}
    commands = " ".join(step.command for cause in report.causes[:1] for step in cause.remediation)
    if report.causes and report.causes[0].affected:
        assert not [name for name in names if name in commands]


@pytest.mark.parametrize("name", NAMES)
def test_every_format_can_be_made_of_it(name: str, analyzed: Callable[[str], Report]) -> None:
    report = analyzed(name)
    assert len(render_html(report).encode()) < 300_000
    assert len(render_markdown(report)) <= 64_000
    assert render_json(report).startswith("{")


def test_two_runs_give_the_same_report(analyzed: Callable[[str], Report]) -> None:
    name = "one-worker-after-reload-comes-back-bad"
    again = Analyzer().analyze([SAMPLES / name / "bundle"])
    first = analyzed(name)
    assert [(c.id, c.probability, c.evidence) for c in again.causes] == [
        (c.id, c.probability, c.evidence) for c in first.causes
    ]
    assert again.bundle.sha256 == first.bundle.sha256
