"""Journals of kubelet, container runtime and kernel."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parsers.kubelet_journal import MOST_ROWS, looks_like, parse_kubelet_journal
from parsers.rows import LogLineRow
from parsers.source import OneRow, Source

KLOG = (
    'E0212 10:11:12.345678    1234 kubelet.go:2855] "Container runtime network not ready" '
    'networkReady="NetworkReady=false reason:NetworkPluginNotReady message:cni plugin not initialized"'
)
COLLECTED = datetime(2026, 2, 12, 12, tzinfo=UTC)


def known(message: str) -> tuple[str, ...]:
    return ("cni-not-initialised",) if "cni plugin not initialized" in message else ()


def rows(text: str, **more: Any) -> list[LogLineRow]:
    return parse_kubelet_journal(text, Source("j.txt", **({"collected": COLLECTED} | more)), known).log_lines


def test_klog_inside_of_the_journal() -> None:
    text = f"Feb 12 10:11:12 host-a kubelet[1234]: {KLOG}\n"
    row = rows(text + text.replace("10:11:12", "10:11:17"))[0]
    assert (row.component, row.pid, row.level, row.source, row.node) == (
        "kubelet",
        1234,
        "ERROR",
        "kubelet.go",
        "host-a",
    )
    assert (row.message_id, row.message_ids) == ("cni-not-initialised", ("cni-not-initialised",))
    assert (row.count, row.line, row.last_line) == (2, 1, 2)
    assert (row.time, row.last_time) == (
        datetime(2026, 2, 12, 10, 11, 12, tzinfo=UTC),
        datetime(2026, 2, 12, 10, 11, 17, tzinfo=UTC),
    )
    assert row.message.startswith('"Container runtime network not ready"') and row.raw == text.strip()
    assert row.fields["networkReady"].endswith("not initialized")


def test_the_program_is_part_of_what_is_asked() -> None:
    def ids(text: str) -> tuple[str, ...]:
        return ("agent-works-on-link",) if text == "NetworkManager[6]: <info> (cali1) activated" else ()

    line = "Feb 12 10:11:12 host-a {}[6]: <info> (cali1) activated"
    found = parse_kubelet_journal(line.format("NetworkManager"), Source("j.txt", collected=COLLECTED), ids).log_lines
    assert [(row.component, row.message_ids) for row in found] == [("networkmanager", ("agent-works-on-link",))]
    assert parse_kubelet_journal(line.format("other"), Source("j.txt", collected=COLLECTED), ids).log_lines == []


def test_containerd_and_other_stamps() -> None:
    text = '2026-02-12T10:12:12.1+01:00 host-a containerd[88]: time="2026-02-12T09:12:12.1Z" level=error msg="RunPodSandbox failed" error="x"\n'
    row = rows(text, collected=None)[0]
    assert (row.component, row.level, row.time) == (
        "containerd",
        "ERROR",
        datetime(2026, 2, 12, 9, 12, 12, 100000, tzinfo=UTC),
    )
    assert "RunPodSandbox failed" in row.message


@pytest.mark.parametrize(
    "message",
    [
        "[1234.123456] nf_conntrack: nf_conntrack: table full, dropping packet",
        "Out of memory: Killed process 4711 (calico-node) total-vm:1kB",
        "TCP: MD5 Hash mismatch for (192.0.2.1, 179)->(192.0.2.2, 1024)",
        "eth0: Link is Down",
        "EXT4-fs (vda1): Remounting filesystem read-only",
        "INFO: task kworker blocked for more than 120 seconds.",
        "IPv4: martian source 192.0.2.1 from 192.0.2.2, on dev eth0",
        "clocksource: timekeeping watchdog on CPU1: Marking clocksource 'tsc' as unstable",
    ],
)
def test_what_the_kernel_says_of_trouble(message: str) -> None:
    row = rows(f"Feb 12 10:12:12 host-a kernel: {message}")[0]
    assert row.component == "kernel" and not row.message.startswith("[")


@pytest.mark.parametrize(
    "line",
    [
        "Feb 12 10:12:12 host-a kernel: eth0: renamed from veth0",
        "Feb 12 10:12:12 host-a kubelet[1]: I0212 10:12:12.000000       1 x.go:1] failed once, will retry",
        "Feb 12 10:12:12 host-a systemd[1]: Started Session 5 of user root.",
        "Feb 12 10:12:12 host-a app[1]: checked disk: 0 errors",
        "no journal line, error",
    ],
)
def test_the_rest_is_left_out(line: str) -> None:
    assert rows(line) == []


def test_lines_whose_names_tell_nothing_are_one_row() -> None:
    line = "Feb 12 10:11:{:02d} host-a kubelet[1234]: E0212 10:11:12.345678    1234 a.go:5] Lost a pod named web-{}\n"
    text = "".join(line.format(number, number) for number in range(5))
    found = parse_kubelet_journal(text, Source("j.txt", collected=COLLECTED), lambda text: OneRow(("lost-pod",)))
    assert [(row.count, row.line, row.last_line) for row in found.log_lines] == [(5, 1, 5)]
    assert len(parse_kubelet_journal(text, Source("j.txt"), lambda text: ("lost-pod",)).log_lines) == 5


def test_restarts_of_the_kubelet_are_kept() -> None:
    text = (
        "Feb 12 10:12:12 host-a systemd[1]: kubelet.service: Main process exited, code=exited, status=255/n/a\n"
        "Feb 12 10:12:22 host-a systemd[1]: kubelet.service: Scheduled restart job, restart counter is at 7.\n"
        "Feb 12 10:12:22 host-a systemd[1]: Started Kubernetes Kubelet.\n"
    )
    assert len(rows(text)) == 3


def test_the_year_is_that_of_the_journals_header_or_of_a_full_date() -> None:
    line = f"Dec 31 23:59:59 host-a kubelet[1]: {KLOG}\n"
    header = "-- Logs begin at Mon 2025-12-01 10:00:01 UTC, end at Thu 2026-01-01 00:10:01 UTC. --\n"
    assert rows(header + line, collected=None)[0].time == datetime(2025, 12, 31, 23, 59, 59, tzinfo=UTC)
    full = "2024-02-12T10:12:12Z host-a kernel: Out of memory: x\n"
    assert rows(line + full, collected=None)[0].time == datetime(2023, 12, 31, 23, 59, 59, tzinfo=UTC)
    assert rows(line, collected=None)[0].time is None


def test_the_kernels_ring_buffer() -> None:
    text = "[12345.678901] nf_conntrack: table full, dropping packet\n[Thu Feb 12 10:14:12 2026] eth0: Link is Down\n"
    found = rows(text, node="n")
    assert [(row.component, row.node, row.time) for row in found] == [
        ("kernel", "n", None), ("kernel", "n", datetime(2026, 2, 12, 10, 14, 12, tzinfo=UTC)),
    ]  # fmt: skip


def test_facts_and_limits() -> None:
    lines = "".join(
        f"Feb 12 10:{i // 60 % 60:02d}:{i % 60:02d} h kubelet[1]: E0212 10:11:12.000000       1 x.go:1] pod p{chr(97 + i % 26)}{chr(97 + i // 26 % 26)}{chr(97 + i // 676)} bad\n"
        for i in range(MOST_ROWS + 500)
    )
    parsed = parse_kubelet_journal(lines, Source("j.txt", collected=COLLECTED), known)
    assert len(parsed.log_lines) == MOST_ROWS and parsed.problems == [
        f"500 lines beyond {MOST_ROWS} distinct problems were not listed"
    ]
    assert parsed.facts["level.ERROR"] == str(MOST_ROWS) and parsed.facts["first_time"].startswith(
        "2026-02-12T10:00:00"
    )


def test_recognition() -> None:
    assert looks_like(f"Feb 12 10:11:12 host-a kubelet[1234]: {KLOG}\n") == 1.0
    assert looks_like("2026-02-12 07:16:52.812 [INFO][61] felix/x.go 1: y\n") == 0.0


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=60))
def test_never_raises(text: str) -> None:
    rows(f"Feb 12 10:11:12 h kubelet[1]: {text}\nFeb 31 25:61:61 h k: error {text}\n[1.000000] {text}\n{text}")


@pytest.mark.parametrize(
    "line",
    [
        "Feb 12 10:11:12 h k: " + "a=" * 30_000 + "error",
        "[" + " " * 60_000,
        "Feb 12 10:11:12 h " + "x" * 60_000,
        "Feb 12 10:11:12 h k: Stopped " + "x Stopped " * 9000,
    ],
)
def test_hostile_lines_are_read_in_no_time(line: str) -> None:
    began = time.perf_counter()
    rows(line)
    assert time.perf_counter() - began < 3


@pytest.mark.parametrize("stamp", ["[Feb12 10:14]", "[  +0.000003]", "[Feb 12 10:14:12]"])
def test_other_stamps_of_the_ring_buffer(stamp: str) -> None:
    text = f"{stamp} nf_conntrack: table full, dropping packet\n"
    assert looks_like(text) == 1.0
