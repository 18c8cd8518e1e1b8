from __future__ import annotations

from datetime import UTC, datetime

import pytest

from analyzer.facts import ebpf
from analyzer.tables import build
from parsers.rows import LogLineRow, PodRow, SettingRow

NOW = datetime(2026, 4, 9, 6, 0, tzinfo=UTC)
PROXY = PodRow("pods.txt", 4, "kube-system", "kube-proxy-x2x4z", "", "w-1", "Running", "1/1")


@pytest.mark.parametrize(
    ("enabled", "cleanup", "pods", "found"),
    [
        ("true", "", [PROXY], True),
        ("true", "true", [PROXY], True),
        ("true", "false", [PROXY], False),
        ("false", "", [PROXY], False),
        ("true", "", [], False),
    ],
)
def test_kube_proxy_beside_ebpf(enabled: str, cleanup: str, pods: list[PodRow], found: bool) -> None:
    rows = [SettingRow("felix.yaml", 6, "FelixConfiguration", "", "default", "spec.bpfEnabled", enabled)]
    if cleanup:
        key = "spec.bpfKubeProxyIptablesCleanupEnabled"
        rows.append(SettingRow("felix.yaml", 7, "FelixConfiguration", "", "default", key, cleanup))
    assert bool(list(ebpf.beside_kube_proxy(build({"settings": rows, "pods": pods}, NOW)))) is found


def test_kube_proxy_that_cannot_write_its_rules() -> None:
    rows = [SettingRow("felix.yaml", 6, "FelixConfiguration", "", "default", "spec.bpfEnabled", "true")]
    line = LogLineRow("proxy.log", 3, "", "", "", message_ids=("kube-proxy-restore-failed",))
    found = ebpf.beside_kube_proxy(build({"settings": rows, "pods": [PROXY], "log_lines": [line]}, NOW))
    assert {fact.id for fact in found} == {"bpf-beside-kube-proxy", "bpf-fights-kube-proxy"}
