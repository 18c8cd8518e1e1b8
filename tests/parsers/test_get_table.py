import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.get_table import parse_get_table
from parsers.rows import ListingRow
from parsers.source import Parsed, Source

NODES = """\
NAME           STATUS                     ROLES           AGE    VERSION       INTERNAL-IP    EXTERNAL-IP   OS-IMAGE             KERNEL-VERSION      CONTAINER-RUNTIME
10.207.61.11   Ready                      <none>          20d    v1.29.3+IKS   10.207.61.11   <none>        Ubuntu 20.04.6 LTS   5.4.0-169-generic   containerd://1.7.11
10.207.61.12   NotReady                   master,worker   3h5m   v1.29.3+IKS   10.207.61.12   <none>        Ubuntu 20.04.6 LTS   5.4.0-169-generic   containerd://1.7.11
10.207.61.13   Ready,SchedulingDisabled   <none>          20d    v1.29.3+IKS   10.207.61.13   <none>        Ubuntu 20.04.6 LTS   5.4.0-169-generic   containerd://1.7.11
"""
PODS = """\
NAMESPACE       NAME                            READY   STATUS             RESTARTS       AGE   IP             NODE           NOMINATED NODE   READINESS GATES
calico-system   calico-node-k9w2c               0/1     CrashLoopBackOff   13 (20m ago)   9h    10.207.61.11   10.207.61.11   <none>           <none>
calico-system   calico-typha-7d9b6c8f55-t8n2w   1/1     Terminating        0              60d   10.207.61.12   10.207.61.12   <none>           <none>
kube-system     coredns-6c9f7d8b54-w2x9k        0/1     Pending            0              9h    <none>         <none>         <none>           <none>
"""
EVENTS = """\
NAMESPACE       LAST SEEN   TYPE      REASON      OBJECT                  SUBOBJECT                       SOURCE                  MESSAGE                                                                   FIRST SEEN   COUNT   NAME
calico-system   5m          Warning   Unhealthy   pod/calico-node-k9w2c   spec.containers{calico-node}   kubelet, 10.207.61.11   Readiness probe failed: calico/node is not ready: felix is not ready: x   40m          120     calico-node-k9w2c.16f
default         9m59s       Normal    NodeReady   node/10.207.61.11                                       kubelet, 10.207.61.11   Node 10.207.61.11 status is now: NodeReady                                9m59s        1       10.207.61.11.16f
"""


def read(text: str, path: str = "out.txt", **more: str) -> Parsed:
    return parse_get_table(text, Source(path, first_line=4, **more))  # type: ignore[arg-type]


def listing(parsed: Parsed) -> tuple[str, str, int, bool]:
    (row,) = parsed.listings
    return row.kind, row.namespace, row.count, row.complete


def test_nodes() -> None:
    parsed = read(NODES)
    first, second, third = parsed.nodes
    assert (first.node, first.ready, first.cordoned, first.roles, first.line) == ("10.207.61.11", "True", False, "", 5)
    assert (first.os_image, first.kernel, first.runtime) == (
        "Ubuntu 20.04.6 LTS",
        "5.4.0-169-generic",
        "containerd://1.7.11",
    )
    assert (second.ready, second.roles, second.age_s) == ("False", "master,worker", 11100)
    assert (third.ready, third.cordoned) == ("True", True)
    assert listing(parsed) == ("Node", "", 3, True)


def test_nodes_with_the_address_that_calico_announces() -> None:
    text = "NAME   INTERNAL     CALICO\nn1     192.0.2.11   172.17.0.1/16\nn2     192.0.2.12   <none>\n"
    rows = read(text).nodes
    assert [(row.node, row.internal_ip, row.calico_ip) for row in rows] == [
        ("n1", "192.0.2.11", "172.17.0.1/16"),
        ("n2", "192.0.2.12", ""),
    ]


def test_nodes_with_label_columns() -> None:
    text = (
        "NAME   STATUS   ROLES    AGE   VERSION   ZONE    WORKER-POOL-NAME\n"
        "a      Ready    <none>   20d   v1.29.3   dal10   edge\n"
    )
    assert [(row.zone, row.pool) for row in read(text).nodes] == [("dal10", "edge")]


def test_pods() -> None:
    parsed = read(PODS)
    first, second, third = parsed.pods
    assert (first.namespace, first.pod, first.app, first.phase) == (
        "calico-system", "calico-node-k9w2c", "calico-node", "CrashLoopBackOff",
    )  # fmt: skip
    assert (first.ready, first.restarts, first.last_restart_age_s, first.age_s) == ("0/1", 13, 1200, 32400)
    assert (first.node, first.ip, first.deleted, first.line) == ("10.207.61.11", "10.207.61.11", False, 5)
    assert (second.app, second.deleted) == ("calico-typha", True)
    assert (third.node, third.ip, third.phase) == ("", "", "Pending")
    assert listing(parsed) == ("Pod", "*", 3, True)


def test_pods_without_header_and_namespace() -> None:
    text = "\n".join(line[16:] for line in PODS.split("\n")[1:])
    parsed = read(text, namespace="calico-system")
    assert (parsed.pods[0].namespace, parsed.pods[0].pod, parsed.pods[0].node) == (
        "calico-system", "calico-node-k9w2c", "10.207.61.11",
    )  # fmt: skip
    assert listing(parsed) == ("Pod", "calico-system", 3, True)


def test_get_all_names_its_kinds() -> None:
    text = (
        "NAME                    READY   STATUS    RESTARTS   AGE\npod/calico-node-k9w2c   0/1     Running   0          9h\n\n"
        "NAME                         DESIRED   CURRENT   READY   UP-TO-DATE   AVAILABLE   NODE SELECTOR   AGE\n"
        "daemonset.apps/calico-node   4         4         3       4            3           <none>          41d\n\n"
        "NAME                           READY   UP-TO-DATE   AVAILABLE   AGE\n"
        "deployment.apps/calico-typha   1/3     2            1           41d\n"
    )
    parsed = read(text, namespace="calico-system")
    assert [row.pod for row in parsed.pods] == ["calico-node-k9w2c"]
    (daemonset,) = parsed.daemonsets
    assert (daemonset.daemonset, daemonset.desired, daemonset.ready, daemonset.available) == ("calico-node", 4, 3, 3)
    assert {row.key: row.value for row in parsed.settings} == {
        "": "", "ready": "1/3", "up-to-date": "2", "available": "1", "age": "41d",
        "status.updatedReplicas": "2", "status.availableReplicas": "1", "status.readyReplicas": "1", "spec.replicas": "3",
    }  # fmt: skip
    assert [row.kind for row in parsed.listings] == ["Pod", "DaemonSet", "Deployment"]


def test_events() -> None:
    parsed = read(EVENTS)
    first, second = parsed.events
    assert (first.object_kind, first.object, first.namespace, first.container) == (
        "Pod", "calico-node-k9w2c", "calico-system", "calico-node",
    )  # fmt: skip
    assert (first.source, first.node, first.count) == ("kubelet", "10.207.61.11", 120)
    assert (first.age_s, first.first_age_s, first.line) == (300, 2400, 5)
    assert (second.object_kind, second.node, second.age_s) == ("Node", "10.207.61.11", 599)
    assert [(row.check, row.state, row.pod) for row in parsed.readiness] == [
        ("felix", "not-ready", "calico-node-k9w2c")
    ]
    assert listing(parsed) == ("Event", "*", 2, False)


def test_other_kinds_become_settings() -> None:
    text = "NAME                  TYPE     DATA   AGE\ncalico-bgp-password   Opaque   1      301d\nother                 Opaque   3      301d\n"
    parsed = read(text, namespace="kube-system")
    rows = [(row.kind, row.namespace, row.name, row.key, row.value) for row in parsed.settings if row.name != "other"]
    assert rows[:2] == [
        ("Secret", "kube-system", "calico-bgp-password", "", ""),
        ("Secret", "kube-system", "calico-bgp-password", "type", "Opaque"),
    ]
    assert listing(parsed) == ("Secret", "kube-system", 2, True)


def test_top() -> None:
    text = "NAME          CPU(cores)   CPU%   MEMORY(bytes)   MEMORY%\n10.219.33.6   3987m        101%   9120Mi          69%\n"
    parsed = read(text)
    assert {row.key: row.value for row in parsed.settings} == {
        "": "", "cpu(cores)": "3987m", "cpu%": "101%", "memory(bytes)": "9120Mi", "memory%": "69%",
    }  # fmt: skip
    assert parsed.nodes == []


@pytest.mark.parametrize(
    ("text", "path", "command", "wanted"),
    [
        (
            "No resources found in calico-system namespace.\n",
            "daemonsets.txt",
            "",
            ("DaemonSet", "calico-system", 0, True),
        ),
        ("No resources found\n", "pods.txt", "", ("Pod", "", 0, True)),
        (
            "No resources found in calico-system namespace.\n",
            "describe-pod-calico-node.txt",
            "",
            ("Pod", "calico-system", 0, False),
        ),
        ("No resources found in x namespace.\n", "y", "kubectl get secrets -n x", ("Secret", "x", 0, True)),
        ("No resources found in x namespace.\n", "y", "kubectl get pods -n x -l a=b", ("Pod", "x", 0, False)),
    ],
)
def test_nothing_found(text: str, path: str, command: str, wanted: tuple[str, str, int, bool]) -> None:
    assert listing(read(text, path, command=command)) == wanted


def test_completeness() -> None:
    head, *rows = PODS.rstrip("\n").split("\n")
    calico = "\n".join([head, *rows[:2]])
    assert not read(calico).listings[0].complete  # may have been filtered by name
    one_app = "\n".join([head, rows[0], rows[0].replace("k9w2c", "5ss5z")])
    assert not read(one_app.replace("calico-system   ", "").replace("NAMESPACE       ", "")).listings[0].complete
    both = calico.replace("calico-system   ", "").replace("NAMESPACE       ", "")
    assert read(both, namespace="calico-system").listings[0].complete
    one_node = "\n".join(NODES.split("\n")[:2])
    assert not read(one_node).listings[0].complete
    assert read(one_node, command="kubectl get nodes").listings[0].complete
    assert not read(PODS, command="kubectl get pods -A | grep -v Running").listings[0].complete


def test_prompts_between_tables() -> None:
    text = f"$ kubectl get nodes\n{NODES}$ kubectl get pod -n calico-system\nNo resources found in calico-system namespace.\n"
    parsed = read(text)
    assert parsed.listings == [
        ListingRow("out.txt", 5, "Node", "", 3, True),
        ListingRow("out.txt", 10, "Pod", "calico-system", 0, True),
    ]


def test_tabs_of_a_paste() -> None:
    parsed = read("NAME\tREADY\tSTATUS\tRESTARTS\tAGE\ncalico-node-x\t0/1\tRunning\t5 (3m ago)\t2d\n")
    assert [(row.pod, row.ready, row.restarts, row.last_restart_age_s) for row in parsed.pods] == [
        ("calico-node-x", "0/1", 5, 180)
    ]


def test_errors_are_named() -> None:
    parsed = read("Error from server (Forbidden): pods is forbidden\n" + PODS)
    assert parsed.problems == ["not part of a table: 'Error from server (Forbidden): pods is forbidden'"]
    assert len(parsed.pods) == 3


@given(st.integers(0, 900), st.integers(0, 900), st.text(alphabet="NAME \nGE0/15mRunig", max_size=60))
def test_any_piece_is_read_without_an_error(start: int, end: int, junk: str) -> None:
    for text in (NODES, PODS, EVENTS):
        parsed = read(junk + text[start:end] + junk)
        count = (junk + text[start:end] + junk).count("\n") + 1
        for row in [*parsed.pods, *parsed.nodes, *parsed.events, *parsed.settings, *parsed.listings]:
            assert 4 <= row.line < 4 + count


def test_cost_grows_with_the_length_only() -> None:
    def seconds(count: int) -> float:
        row = (
            "10.207.61.11"
            + " " * 3000
            + "x\n"
            + "NAME  "
            + "AAAA  " * 300
            + "a\n"
            + "LAST SEEN   MESSAGE   NAME\n5m   x\n"
        )
        begin = time.perf_counter()
        read(row * count)
        return time.perf_counter() - begin

    seconds(10)
    assert seconds(1600) < 60 * seconds(100) + 1


def test_calicoctls_columns_have_the_names_of_the_object() -> None:
    text = "NAME      LOGSEVERITY   MESHENABLED   ASNUMBER\ndefault   Info          false         64512\n"
    rows = {row.key: row.value for row in read(f"$ calicoctl get bgpconfig\n{text}").settings}
    assert (rows["spec.nodeToNodeMeshEnabled"], rows["spec.asNumber"]) == ("false", "64512")
