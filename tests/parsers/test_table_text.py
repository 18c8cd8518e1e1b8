import pytest

from parsers.table_text import Command, is_table_header, read_command, read_tables


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("$ kubectl get pods -A -o wide", Command("Pod", "*", False, True)),
        ("kubectl get po -n calico-system", Command("Pod", "calico-system", False, True)),
        ("oc get ds --namespace=kube-system", Command("DaemonSet", "kube-system", False, True)),
        ("kubectl get secret -n kube-system | grep bgp", Command("Secret", "kube-system", True, True)),
        ("kubectl get pods -nkube-system -l k8s-app=calico-node", Command("Pod", "kube-system", True, True)),
        ("kubectl -n kube-system get pod calico-node-x", Command("Pod", "kube-system", True, True)),
        ("kubectl get pod/calico-node-x", Command("Pod", "", True, True)),
        ("kubectl get events --sort-by .lastTimestamp -A", Command("Event", "*", False, True)),
        ("kubectl get pods --field-selector spec.nodeName=x", Command("Pod", "", True, True)),
        ("kubectl events -n x", Command("Event", "x", False, True)),
        ("kubectl get nodes > nodes.txt", Command("Node", "", False, True)),
        ("kubectl top nodes", Command("Node", "", False, True)),
        ("calicoctl node status", Command("", "", False, True)),
    ],
)
def test_commands(line: str, command: Command) -> None:
    assert read_command(line) == command


def test_headers() -> None:
    assert is_table_header("NAME   READY   STATUS    RESTARTS   AGE")
    assert is_table_header("NAMESPACE     LAST SEEN   TYPE")
    assert is_table_header("NAME           CPU(cores)   CPU%   MEMORY(bytes)   MEMORY%")
    assert is_table_header("NAME   TYPE   CLUSTER-IP   EXTERNAL-IP   PORT(S)   AGE")
    assert not is_table_header("Name:   x")
    assert not is_table_header("ID   Primary IP")
    assert not is_table_header("STATUS   NAME")


def test_table_with_messages_that_lists_no_events() -> None:
    text = (
        "NAME     AVAILABLE   PROGRESSING   DEGRADED   SINCE   MESSAGE\n"
        "calico   False       True          True       3h      error migrating resources: the daemonset is not ready"
    )
    (table,), left = read_tables(text.split("\n"), 1)
    assert table.rows == [
        (2, ["calico", "False", "True", "True", "3h", "error migrating resources: the daemonset is not ready"])
    ]
    assert left == []


def test_cells_stand_below_their_headings() -> None:
    text = (
        "NAME   IP    NODE   NOMINATED NODE   MESSAGE\n"
        "a      <none><none> <none>           some text\n"
        "b                   two  blanks       in a cell"
    )
    (table,), left = read_tables(text.split("\n"), 5)
    assert table.columns == ["NAME", "IP", "NODE", "NOMINATED NODE", "MESSAGE"]
    assert left == []


def test_several_tables_and_what_is_no_table() -> None:
    text = (
        "$ kubectl get nodes\nNAME   STATUS   ROLES\na      Ready    x\n\nNAME   DATA\nb      1\n"
        "Error from server (Forbidden): secrets is forbidden\n$ kubectl get ds -n x\nNo resources found in x namespace.\n"
    )
    tables, left = read_tables(text.split("\n"), 1)
    assert [(table.line, table.columns[:2], len(table.rows), table.none_found) for table in tables] == [
        (2, ["NAME", "STATUS"], 1, False),
        (5, ["NAME", "DATA"], 1, False),
        (9, [], 0, True),
    ]
    assert tables[2].command == Command("DaemonSet", "x", False, True)
    assert left == ["Error from server (Forbidden): secrets is forbidden"]


def test_message_of_an_event_goes_on() -> None:
    text = (
        "LAST SEEN             TYPE      REASON      OBJECT   MESSAGE\n"
        "5m (x3 over 10m)      Warning   Unhealthy   Pod/a    first  line\n"
        "second line\n\nfourth line\n"
        "3m                    Normal    Killing     Pod/a    bye\n\n"
    )
    (table,), _ = read_tables(text.split("\n"), 1)
    assert [(line, cells[-1]) for line, cells in table.rows] == [
        (2, "first  line\nsecond line\n\nfourth line"),
        (6, "bye"),
    ]


def test_old_wide_events_break_in_their_message() -> None:
    text = (
        "LAST SEEN   TYPE      REASON      OBJECT   SUBOBJECT   SOURCE    MESSAGE      FIRST SEEN   COUNT   NAME\n"
        "5m          Warning   Unhealthy   pod/a                kubelet   first line\n"
        "second line   10m   3   a.16f\n"
    )
    (table,), _ = read_tables(text.split("\n"), 1)
    assert [cells[6] for _, cells in table.rows] == ["first line\nsecond line"]


def test_events_that_were_pasted_with_tabs() -> None:
    text = (
        "LAST SEEN\tTYPE\tREASON\tOBJECT\tMESSAGE\n5m (x3 over 1h)\tWarning\tUnhealthy\tpod/a\tfirst\tline\n"
        "second  line\n3m\tNormal\tKilling\tpod/a\t\n"
    )
    (table,), _ = read_tables(text.split("\n"), 1)
    assert table.rows == [
        (2, ["5m (x3 over 1h)", "Warning", "Unhealthy", "pod/a", "first\tline\nsecond  line"]),
        (4, ["3m", "Normal", "Killing", "pod/a"]),
    ]


@pytest.mark.parametrize("gap", ["   ", "\t"])
@pytest.mark.parametrize("more", ["", "FIRST SEEN"])
def test_an_event_without_message_may_be_followed_by_anything(gap: str, more: str) -> None:
    heading = gap.join(["LAST SEEN", "TYPE", "REASON", "OBJECT", "MESSAGE", *filter(None, [more])])
    event = gap.join(["5m", "Warning", "Failed", "pod/a"])
    for behind in ("\nod/b", "second line", f"\n{event}", "5m", f"3m{gap}x{gap}y{gap}z{gap}bye"):
        (table, *_), _ = read_tables(f"{heading}\n{event}\n{behind}\n".split("\n"), 1)
        assert table.rows[0][1][:4] == ["5m", "Warning", "Failed", "pod/a"]
