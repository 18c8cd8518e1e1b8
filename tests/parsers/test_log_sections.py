from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.log_sections import section_sources, split_sections
from parsers.source import Source

DUMP = """\
{ "kind": "NodeList" }
==== START logs for container install-cni of pod kube-system/calico-node-7xk2m ====
one
two
==== END logs for container install-cni of pod kube-system/calico-node-7xk2m ====
==== START logs for container calico-node of pod kube-system/calico-node-7xk2m ====
three==== END logs for container calico-node of pod kube-system/calico-node-7xk2m ====
==== START logs for container calico-node of pod kube-system/calico-node-bbbbb ====
cut off"""

STAMP = "2026-02-12 06:20:11.402 [INFO]"
EXTENSION = "2026-02-12 06:20:01 calico-extension: {}"
INSTALLER = STAMP + "[1] cni-installer/<nil> <nil>: {}"
NODE = STAMP + "[62] felix/daemon.go 148: {}"


def test_marked_sections_of_a_cluster_info_dump() -> None:
    assert split_sections(DUMP) == [
        ("install-cni", "calico-node-7xk2m", "kube-system", 3, "one\ntwo"),
        ("calico-node", "calico-node-7xk2m", "kube-system", 7, "three"),
        ("calico-node", "calico-node-bbbbb", "kube-system", 9, "cut off"),
    ]


def test_a_log_of_all_containers_is_split_where_the_container_changes() -> None:
    text = "\n".join(
        [
            *(NODE.format(number) for number in range(5)),
            "bird: Started",
            "E0212 06:20:13.012345      62 reflector.go:147] x",
            *(INSTALLER.format(number) for number in range(4)),
            "",
            *(EXTENSION.format(number) for number in range(4)),
        ]
    )
    sections = split_sections(text)
    assert [(item.container, item.first_line) for item in sections] == [
        ("calico-node", 1),
        ("install-cni", 8),
        ("calico-extension", 13),
    ]
    assert "\n".join(item.text for item in sections) == text


def test_the_log_of_one_container_has_no_sections() -> None:
    assert split_sections("\n".join(NODE.format(number) for number in range(9))) == []
    assert (
        split_sections(
            "\n".join([*(NODE.format(1) for _ in range(9)), "Wrote Calico CNI binaries to /host/opt/cni/bin"])
        )
        == []
    )
    assert split_sections("") == []


def test_sources_of_sections_say_whose_they_are() -> None:
    source = Source("logs.txt", first_line=11, pod="p", namespace="ns", container="c")
    ((text, own), *_) = section_sources(split_sections(DUMP, source), source)
    assert (text, own.container, own.pod, own.namespace, own.first_line) == (
        "one\ntwo",
        "install-cni",
        "calico-node-7xk2m",
        "kube-system",
        13,
    )
    mixed = "\n".join([INSTALLER.format(1)] * 3 + [NODE.format(1)] * 3)
    assert [own.pod for _, own in section_sources(split_sections(mixed, source), source)] == ["p", "p"]


LINES = st.lists(st.sampled_from([NODE, INSTALLER, EXTENSION, "", "bird: Started", "words"]), max_size=40)


@given(LINES)
def test_no_line_is_lost_or_moved(lines: list[str]) -> None:
    text = "\n".join(lines)
    sections = split_sections(text)
    if sections:
        assert "\n".join(item.text for item in sections) == text
        for item in sections:
            assert text.split("\n")[item.first_line - 1 :][: len(item.text.split("\n"))] == item.text.split("\n")


@given(st.text(max_size=400))
def test_nothing_makes_it_raise(text: str) -> None:
    split_sections(text)
    split_sections(f"==== START logs for container {text}")


@pytest.mark.parametrize(
    "line",
    [
        INSTALLER.format("x"),
        'time="2026-02-12T06:20:11Z" level=info msg="Running as a Kubernetes pod" source="install.go:145"',
        "Wrote Calico CNI binaries to /host/opt/cni/bin",
        "Successfully applied 1 'HostEndpoint' resource(s)",
        "Version mismatch.",
        EXTENSION.format("done"),
        "File exists /host/driver/uds. Copy over",
        STAMP + "[1] init/calico-init_linux.go 57: Checking if BPF filesystem is mounted.",
        STAMP + "[1] ipam/upgrade.go 57: x",
    ],
)
def test_the_quick_no_overlooks_no_other_container(line: str) -> None:
    sections = split_sections("\n".join([NODE.format(1)] * 3 + [line] * 3))
    assert [item.first_line for item in sections] == [1, 4]
