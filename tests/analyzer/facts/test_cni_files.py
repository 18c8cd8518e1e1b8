from __future__ import annotations

from datetime import UTC, datetime

import pytest

from analyzer.facts import cni_files
from analyzer.tables import build
from parsers.rows import LogLineRow, PodRow

NOW = datetime(2026, 4, 9, 6, 0, tzinfo=UTC)
AGENT = PodRow("pods.txt", 4, "calico-system", "calico-node-a", "", "w-1", "Running", "1/1", age_s=9000)
LONG = "-rw-r--r-- 1 root root 676 Sep  6 00:29 {}"


def found(*messages: str, first: int = 3) -> list[str]:
    rows = [
        LogLineRow("ls.txt", first + n, "", "", "", message=message, message_ids=("cni-config-listed",))
        for n, message in enumerate(messages)
    ]
    return [fact.detail for fact in cni_files.shadowed(build({"pods": [AGENT], "log_lines": rows}, NOW))]


@pytest.mark.parametrize("other", ["10-calico.conf", "05-cilium.conflist", "10-aws.conflist", "01-old.json"])
def test_files_before_calicos(other: str) -> None:
    assert found(LONG.format(other), LONG.format("10-calico.conflist"))
    assert found(f"{other}  10-calico.conflist  calico-kubeconfig")


@pytest.mark.parametrize(
    "other", ["87-podman-bridge.conflist", "00-multus.conf", "100-crio-bridge.conf", "99-loopback.conf"]
)
def test_files_that_do_no_harm(other: str) -> None:
    assert not found(LONG.format(other), LONG.format("10-calico.conflist"))


def test_listings_of_two_workers_are_not_mixed() -> None:
    assert not found(
        LONG.format("10-calico.conflist"), LONG.format("99-loopback.conf"), LONG.format("10-calico.conflist")
    )
