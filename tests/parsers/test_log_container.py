from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.log_container import (
    _CUT_LINE,
    _NODE_LINE,
    _OF_SESSIONS,
    _PLAIN_LINE,
    container_of,
    container_of_line,
    is_node_log,
    is_plain_log,
    looks_like_log,
)
from parsers.log_sections import split_sections
from parsers.recognize import recognize
from parsers.session import split_session

STAMP = "2026-02-12 06:20:11.402 [INFO]"
SAMPLES = {
    "calico-node": f"{STAMP}[62] felix/daemon.go 148: x\nbird: Started\n{STAMP}[70] monitor-addresses/a.go 1: y",
    "install-cni": f"{STAMP}[1] cni-installer/<nil> <nil>: Running as a Kubernetes pod\nW0212 06:20:11.402120 1 client_config.go:617] x",
    "calico-extension": "2026-11-22 02:11:05 calico-extension: done\nSuccessfully applied 1 'HostEndpoint' resource(s)",
    "flexvol-driver": "File exists /host/driver/uds. Copy over",
    "calico-typha": f"{STAMP}[7] sync_server.go 393: New connection connID=0x1b2 port=5473",
    "calico-kube-controllers": f"{STAMP}[1] main.go 92: Loaded configuration from environment config=x",
    "tigera-operator": '{"level":"info","ts":"2026-02-12T06:20:11Z","logger":"controller_installation","msg":"x"}',
    "mount-bpffs": f"{STAMP}[1] init/calico-init_linux.go 57: Checking if BPF filesystem is mounted.",
    "ebpf-bootstrap": f"{STAMP}[1] init/calico-init_linux.go 131: Included kubernetes service in the Nat Maps.",
    "kube-proxy": 'E0212 06:20:13.012345       1 proxier.go:1564] "Failed to execute iptables-restore" err="x"',
    "kube-apiserver": 'E0212 06:20:13.012345       1 authentication.go:63] "Unable to authenticate the request" err="x"',
}


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_each_container_is_known_by_its_lines(name: str) -> None:
    assert container_of(SAMPLES[name]) == name


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_each_containers_log_looks_like_one(name: str) -> None:
    assert looks_like_log(SAMPLES[name]) > 0.5


def test_the_shell_script_of_old_releases_is_a_log_too() -> None:
    text = (
        "Wrote Calico CNI binaries to /host/opt/cni/bin\nCNI plugin version: v3.14.1\n"
        'CNI config: {\n  "name": "k8s-pod-network"\n}\nCreated CNI config 10-calico.conflist\n'
    )
    assert container_of(text) == "install-cni" and looks_like_log(text) > 0.5


def test_a_dress_is_enough_for_plain_text() -> None:
    assert looks_like_log("2026-02-12T06:20:11.4Z listening\n2026-02-12T06:20:12.4Z done") > 0.5


def test_dress_does_not_hide_the_container() -> None:
    dressed = "\n".join(f"2026-02-12T06:20:11.4Z stdout F {line}" for line in SAMPLES["calico-typha"].split("\n"))
    assert container_of(dressed) == "calico-typha" and looks_like_log(dressed) == 1.0


def test_kubectls_words_name_the_container() -> None:
    error = 'Error from server (BadRequest): container "calico-node" in pod "x" is waiting to start: PodInitializing'
    assert container_of(error) == "calico-node" and looks_like_log(error) == 1.0


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Name:         calico-node-7xk2m\nNamespace:    kube-system\nEvents:\n  Warning  Unhealthy  2m1s  kubelet  Readiness probe failed",
        "NAME       STATUS   ROLES    AGE   VERSION\nworker-1   Ready    <none>   12d   v1.28.2",
        "apiVersion: v1\nkind: Pod\nmetadata:\n  name: x",
        '{\n  "kind": "PodList",\n  "items": []\n}',
        '{"kind":"Pod","metadata":{"name":"x"}}',
        "2026-08-22 10:11:12.6 +0000 UTC m=+0.1",
        "Dear support,\nour network failed since Friday.\nRegards",
        "default via 10.0.0.1 dev eth0\n10.0.0.0/24 dev eth0 proto kernel",
    ],
)
def test_other_files_do_not_look_like_logs(text: str) -> None:
    assert looks_like_log(text) <= 0.5 and container_of(text) == ""


@given(st.text(max_size=500))
def test_nothing_makes_it_raise(text: str) -> None:
    assert 0.0 <= looks_like_log(text) <= 1.0
    container_of(text)


LINE = "2026-02-12 06:20:10.123 [INFO][60] felix/summary.go 100: Summarising 12 loops over 1m2.5s"
ODD = (
    "bird6: Started", "2026-02-12 06:20:10.123 [NOTICE][60] felix/a.go 1: x", "2026-02-12 06:20:10.123 [INFO][60] hello",
    "$ kubectl get nodes", "root@host:~# calicoctl node status", "> quoted", "```", "Name:         calico-node-7xk2m",
    "NAME          STATUS   ROLES    AGE   VERSION", "apiVersion: v1", "panic: boom", "", "goroutine 1 [running]:",
    "2026-02-12 06:20:10.123 [INFO][60] felix/a.go 1: $ kubectl get pods", "bird: $ kubectl logs x", "\x1b[31mred",
    "==== START logs for container calico-node of pod kube-system/calico-node-7xk2m ====", "bird: BIRD> show protocols",
    '{"kind":"Event","apiVersion":"audit.k8s.io/v1"}', "2026-02-12T06:20:10Z stdout F x", "VLAN spanning is on",
    "2026-02-12 06:20:10.123 [INFO][60] felix/a.go 1: user@host:~# oc get pods", "bird: Name: Namespace: Labels:",
    "2026-02-12 06:20:10.123 [INFO][60] felix/a.go 1: calicoctl node status | PEER ADDRESS | PEER TYPE |",
)  # fmt: skip
USUAL = (LINE, LINE.replace("INFO", "WARNING"), "bird: Mesh_10_0_0_1: State changed to up", "bird: Started")


@given(
    st.lists(st.one_of(st.sampled_from(USUAL), st.sampled_from(USUAL), st.sampled_from((*USUAL, *ODD))), max_size=40),
    st.integers(0, len(LINE)),
)
def test_what_is_surely_a_log_is_one_whatever_else_is_asked(lines: list[str], cut: int) -> None:
    text = "\n".join([*lines, LINE])
    text = text[: len(text) - min(cut, len(LINE))]
    if is_plain_log(text):
        assert recognize(text, "describe-get.yaml").kind == "log"
        assert [(part.first_line, part.text, part.command) for part in split_session(text)] == [(1, text, "")]


def test_most_logs_are_surely_logs() -> None:
    text = "\n".join([LINE, USUAL[2]] * 50)
    assert is_plain_log(text + "\n")
    for last in (LINE, USUAL[2]):
        assert all(is_plain_log(f"{text}\n{last[:cut]}") for cut in range(len(last)))
    for line in ("", "panic: boom", "Name: x", "2026-02-12T06:20:10Z stdout F x"):
        assert not is_plain_log(f"{text}\n{line}\n{text}")


OF_OTHERS = (
    *SAMPLES["install-cni"].split("\n"), *SAMPLES["calico-extension"].split("\n"), SAMPLES["mount-bpffs"],
    LINE.replace("felix/", ""), LINE.replace("felix/", "typha/"), "bird:", LINE.replace("felix/", "confd/"),
)  # fmt: skip


@given(
    st.lists(st.one_of(st.sampled_from(USUAL), st.sampled_from((*USUAL, *ODD, *OF_OTHERS))), max_size=12),
    st.integers(0, len(LINE)),
)
def test_a_log_of_calico_node_alone_is_told_by_each_of_its_lines(lines: list[str], cut: int) -> None:
    text = "\n".join([*lines, LINE])
    text = text[: len(text) - min(cut, len(LINE))]
    if is_node_log(text):
        assert {container_of_line(line) for line in lines} == {"calico-node"}
        assert container_of(text) == "calico-node" and split_sections(text) == []
    whole = all(line in USUAL for line in lines) and len(lines) >= 5
    assert not whole or is_node_log(text)


BEGINS = tuple(line[:cut] for line in USUAL for cut in range(len(line)))


@given(st.lists(st.one_of(st.sampled_from(USUAL), st.sampled_from((*USUAL, *ODD, *BEGINS))), max_size=12))
def test_all_lines_are_looked_at_and_the_last_may_be_cut(lines: list[str]) -> None:
    text = "\n".join(lines)
    for is_log, line in ((is_node_log, _NODE_LINE), (is_plain_log, _PLAIN_LINE)):
        *others, last = text.split("\n")
        begins = [bool(re.match(line, other)) for other in others]
        ends = bool(re.match(line, last) or re.fullmatch(_CUT_LINE, last))
        sure = len(others) >= 5 and all(begins) and ends
        assert is_log(text) == (sure and (is_log is is_node_log or not any(mark in text for mark in _OF_SESSIONS)))


def test_few_lines_or_those_of_another_container_are_asked_one_by_one() -> None:
    text = "\n".join([LINE, USUAL[2]] * 100)
    assert is_node_log(text) and is_node_log(text[:-30]) and not is_node_log("\n".join([LINE] * 4))
    assert is_node_log("\n".join([text] * 10))
    assert not is_node_log(f"{text}\n{SAMPLES['install-cni']}\n{text}") and not is_node_log("")
    installs = "\n".join([SAMPLES["install-cni"].split("\n")[0]] * 5)
    assert [section.container for section in split_sections(f"{text}\n{installs}")] == ["calico-node", "install-cni"]
