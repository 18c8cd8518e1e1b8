from parsers.table_shapes import with_columns
from parsers.table_text import Table


def columns(*lines: str) -> tuple[list[str], int, list[str]]:
    problems: list[str] = []
    table = with_columns(Table([], [(number, [line]) for number, line in enumerate(lines, 1)], 1), problems)
    return (table.columns, len(table.rows), problems) if table else ([], 0, problems)


def test_pods() -> None:
    heads, count, _ = columns(
        "calico-node-x   0/1   CrashLoopBackOff   5 (3m ago)   2d3h", "b   1/1   Running   0   3m"
    )
    assert (heads[:5], count) == (["NAME", "READY", "STATUS", "RESTARTS", "AGE"], 2)


def test_pods_of_all_namespaces() -> None:
    heads, _, _ = columns(
        "kube-system   calico-node-x   0/1   Running   5   2d3h   10.0.0.1   10.0.0.1   <none>   <none>"
    )
    assert heads[:3] == ["NAMESPACE", "NAME", "READY"]


def test_nodes_daemonsets_deployments_secrets_services_events() -> None:
    for line, second in (
        ("10.0.0.1   NotReady,SchedulingDisabled   <none>   20d   v1.29.3+IKS", "STATUS"),
        ("calico-node   4   4   3   4   3   kubernetes.io/os=linux   41d", "DESIRED"),
        ("calico-typha   1/3   3   1   41d", "READY"),
        ("node-certs   Opaque   2   53m", "TYPE"),
        ("calico-typha   ClusterIP   172.21.5.5   <none>   5473/TCP   41d", "TYPE"),
        ("3m (x2 over 5m)   Warning   Unhealthy   pod/a   a  message", "TYPE"),
    ):
        assert columns(line)[0][1] == second


def test_other_lines_are_counted() -> None:
    heads, count, problems = columns("calico-node-x   0/1   Running   0   2d3h", "this is no row")
    assert (heads[0], count) == ("NAME", 1)
    assert problems == ["line 1: 1 lines are no rows of the table"]
    assert columns("just some words here", "and more") == (
        [],
        0,
        ["line 1: 2 lines are no known table: 'just some words here'"],
    )
