"""What a text is, told by its content."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.recognize import kind_of_name, recognize

TEXTS = {
    "describe": "Name:         calico-node-x\nNamespace:    calico-system\nPriority:     1\nStatus:       Running\nContainers:\n",
    "get-table": "NAME   STATUS   ROLES    AGE   VERSION\nw1     Ready    <none>   9d    v1.31.4\n",
    "log": "2026-11-12 10:00:01.002 [INFO][9] startup/startup.go 445: Early log level set to info\n" * 3,
    "objects": "apiVersion: v1\nkind: Node\nmetadata:\n  name: w1\nstatus: {}\n",
    "birdcl": "BIRD v0.3.3 ready.\nname     proto    table    state  since       info\nstatic1  Static   master   up     2026-11-12\n",
    "node-status": "Calico process is running.\n\nIPv4 BGP status\n| PEER ADDRESS | PEER TYPE |\n",
    "ip-route": "default via 10.1.2.1 dev eth0 proto static\n10.1.2.0/24 dev eth0 proto kernel scope link src 10.1.2.3\n",
    "packet-filter": "*filter\n:INPUT ACCEPT [0:0]\n-A INPUT -j cali-INPUT\nCOMMIT\n",
    "kubelet-journal": "Nov 12 10:22:31 w3 kubelet[12]: E1112 10:22:31.1 12 kubelet.go:1] \"x\"\n" * 2,
    "ibmcloud": "ID       Public IP   Private IP   Flavor   State    Status   Zone    Version\nkube-1   1.2.3.4     10.1.2.3   b3c  normal  Ready  dal10  1.31\n",
    "ipam": "+----------+--------------+\n| GROUPING |     CIDR     |\n+----------+--------------+\n",
    "kubectl-error": "Error from server (NotFound): pods \"calico-node-x\" not found\n",
    "empty": " \n\n",
    "unknown": "Dear support,\n\nplease help.\n",
}  # fmt: skip


@pytest.mark.parametrize("kind", TEXTS)
def test_each_kind_is_told_by_its_content(kind: str) -> None:
    assert recognize(TEXTS[kind]).kind == kind


@pytest.mark.parametrize("kind", ["describe", "log", "objects", "get-table"])
@pytest.mark.parametrize("name", ["x.yaml", "get-pods.txt", "describe-node.txt", "calico.log"])
def test_a_name_that_lies_changes_nothing(kind: str, name: str) -> None:
    assert recognize(TEXTS[kind], name).kind == kind


def test_the_rings_of_the_kernel_are_read_as_a_journal() -> None:
    assert recognize("[   12.331920] nf_conntrack: table full\n[93021.331920] oops\n").kind == "kubelet-journal"
    assert recognize("<4>[   12.331920] nf_conntrack: table full\n").kind == "kubelet-journal"
    assert recognize("[Thu Nov 12 10:22:31 2026] nf_conntrack: table full\n").kind == "kubelet-journal"


def test_names_are_hints() -> None:
    assert kind_of_name("a/b!describe-pod.txt") == "describe"
    assert kind_of_name("pods.yaml") == "objects"
    assert kind_of_name("notes") == ""


@given(st.text())
def test_any_text_has_a_kind(text: str) -> None:
    found = recognize(text)
    assert found.kind and 0.0 <= found.score <= 1.0


YAML = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n  managedFields:\n  - f:data:\n      .: {}\n"
LINE = "2026-03-01 12:00:00.000 [INFO][61] felix/int_dataplane.go 1259: Applied a list of updates\n"


def test_plain_yaml_is_told_without_a_look_for_logs(monkeypatch: pytest.MonkeyPatch) -> None:
    def asked(sample: str) -> float:
        raise AssertionError("collectors write thousands of these: a look for a log costs most of the time")

    monkeypatch.setattr("parsers.recognize.looks_like_log", asked)
    assert recognize(f"---\n{YAML * 20}").kind == "objects"
    with pytest.raises(AssertionError, match="thousands"):
        recognize(YAML + LINE * 20)


def test_a_log_behind_a_little_yaml_is_a_log() -> None:
    assert recognize(YAML + LINE * 390).kind == "log"
