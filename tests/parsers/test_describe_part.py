"""Pasted pieces of kubectl describe, without the object they belong to."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from parsers.describe_part import parts_of_describe
from parsers.source import Parsed, Source

TEXT = """\
Hello, please help. The pod says:
Events:
  Type     Reason   Age                From               Message
  ----     ------   ----               ----               -------
  Normal   Created  18m (x2 over 18m)  kubelet, w04       Created container calico-node
  Warning  Evicted  18m                kubelet, w04       The node was low on resource: ephemeral-storage.
 Warning  FailedMount  5s (x3 over 10s)  kubelet  MountVolume.SetUp failed for volume "x"
and the worker, with Warning  signs  everywhere:
  Ready   False   Sat, 28 Sep 2019 15:05:43 +0000   Sat, 28 Sep 2019 14:58:10 +0000   KubeletNotReady        runtime is down
  Ready to  go on Sat, 28 Sep 2019
"""


def read(text: str, source: Source) -> tuple[Parsed, set[int]]:
    return parts_of_describe(text.split("\n"), source)


def test_events_and_conditions_among_other_words() -> None:
    parsed, taken = read(TEXT, Source("mail.txt", first_line=11))
    assert taken == {15, 16, 17, 19}
    assert [(row.line, row.reason, row.count, row.source, row.node, row.message) for row in parsed.events] == [
        (15, "Created", 2, "kubelet", "w04", "Created container calico-node"),
        (16, "Evicted", 1, "kubelet", "w04", "The node was low on resource: ephemeral-storage."),
        (17, "FailedMount", 3, "kubelet", "", 'MountVolume.SetUp failed for volume "x"'),
    ]
    assert parsed.events[1].age_s == 1080 and parsed.events[1].object == ""
    assert [(row.line, row.node, row.status, row.reason, row.message) for row in parsed.node_conditions] == [
        (19, "", "False", "KubeletNotReady", "runtime is down")
    ]


def test_what_the_probe_of_calico_node_says() -> None:
    text = """\
  Warning  Unhealthy  2m (x9 over 5m)  kubelet  Readiness probe failed: 2022-03-30 11:23:39.871 [INFO][130] confd/health.go 180: Number of node(s) with BGP peering established = 0
calico/node is not ready: BIRD is not ready: BGP not established with 198.51.100.4
thanks"""
    parsed, taken = read(text, Source("mail.txt"))
    assert [(row.state, row.peer, row.count) for row in parsed.readiness] == [("not-established", "198.51.100.4", 9)]
    assert taken == {1, 2}


def test_a_file_that_tells_its_pod_gives_it_to_the_events() -> None:
    parsed, _ = read(TEXT, Source("calico-node-ab2cd.txt", pod="calico-node-ab2cd", namespace="kube-system", node="w9"))
    assert {(row.object_kind, row.object, row.namespace, row.node) for row in parsed.events} == {
        ("Pod", "calico-node-ab2cd", "kube-system", "w9")
    }


@given(st.text())
def test_any_text_is_taken(text: str) -> None:
    parsed, taken = read(text, Source("x"))
    assert len(parsed.events) + len(parsed.node_conditions) <= len(taken)


def test_the_command_names_the_pod() -> None:
    line = '  Warning  FailedMount  25s (x9 over 2m32s)  kubelet, w-1  MountVolume.SetUp failed for volume "v" : no'
    source = Source("a.txt", command="kubectl -n kube-system describe pod calico-node-r76lz")
    event = parts_of_describe([line], source)[0].events[0]
    assert (event.object_kind, event.object, event.node) == ("Pod", "calico-node-r76lz", "w-1")
