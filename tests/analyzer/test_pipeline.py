"""The whole way, from files to a diagnosis."""

from __future__ import annotations

from pathlib import Path

import pytest

from analyzer.pipeline import Analyzer


@pytest.fixture(scope="module")
def analyzer() -> Analyzer:
    return Analyzer()


def ids(analyzer: Analyzer, folder: Path) -> list[str]:
    return [name for row in analyzer.read([folder]).intake.rows["log_lines"] for name in row.message_ids]


def test_an_error_of_kubectl_tells_nothing_of_calicos_own_connections(analyzer: Analyzer, tmp_path: Path) -> None:
    get = 'Error from server: Get "https://192.0.2.9:10250/containerLogs/calico-system/calico-node-x/calico-node": '
    (tmp_path / "calico-node-x.log").write_text(get + "remote error: tls: internal error\n")
    found = ids(analyzer, tmp_path)
    assert "kubectl-no-kubelet" in found and not [name for name in found if "tls" in name]


def test_the_same_words_in_a_log_of_calico_count(analyzer: Analyzer, tmp_path: Path) -> None:
    line = '2026-03-01 10:00:00.000 [ERROR][9] felix/x.go 1: Failed error=Get "https://192.0.2.9:443/api": remote error: tls: internal error\n'
    (tmp_path / "calico-node-x.log").write_text(line * 3)
    assert [name for name in ids(analyzer, tmp_path) if "tls" in name]


def test_no_tunnel_agent_is_told_by_kubectl(analyzer: Analyzer, tmp_path: Path) -> None:
    (tmp_path / "calico-node-x.log").write_text(
        'Error from server: Get "https://192.0.2.9:10250/containerLogs/calico-system/calico-node-x/calico-node": No agent available\n'
    )
    assert "err-no-agent" in ids(analyzer, tmp_path)
