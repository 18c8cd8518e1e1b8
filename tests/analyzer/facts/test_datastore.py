from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

from analyzer.facts import datastore
from analyzer.facts.fact import Fact
from analyzer.tables import Tables, build
from parsers.rows import ContainerRow, EventRow, FileRow, LogLineRow, NodeConditionRow, NodeRow, PodRow, SettingRow

NOW = datetime(2026, 3, 16, 5, 0, tzinfo=UTC)


def facts_of(
    check: Callable[[Tables], Iterable[Fact]], errors: dict[str, str] | None = None, **rows: list[Any]
) -> dict[str, Fact]:
    tables = build(rows, NOW)
    tables.facts_of_files = {path: {"error": words} for path, words in (errors or {}).items()}
    return {fact.id: fact for fact in check(tables)}


def line(node: int, *ids: str, **more: Any) -> LogLineRow:
    return LogLineRow(
        f"{node}.log", 9, f"calico-node-x{node}x2z", f"w-{node}", "calico-node", NOW, "ERROR", message_ids=ids, **more
    )


def log(node: int, lines: int = 500) -> FileRow:
    return FileRow(f"{node}.log", "log", "calico-system", f"calico-node-x{node}x2z", "calico-node", f"w-{node}", 1, lines)  # fmt: skip


def worker(node: int, ready: str) -> NodeRow:
    return NodeRow("nodes.txt", node, f"w-{node}", ready=ready, internal_ip=f"10.154.77.{node}")


def test_the_kubelet_still_reaches_the_master() -> None:
    lines = [line(1, "api-connect-timeout")]
    found = facts_of(datastore.api, log_lines=lines, nodes=[worker(1, "True")])
    assert found["kubelet-ready-while-calico-loses-api"].node == "w-1"
    reporting = NodeConditionRow("node.txt", 20, "w-1", "Ready", "False", NOW, reason="KubeletNotReady")
    assert "kubelet-ready-while-calico-loses-api" in facts_of(
        datastore.api, log_lines=lines, node_conditions=[reporting]
    )
    lost = NodeConditionRow("node.txt", 20, "w-1", "Ready", "Unknown", NOW)
    assert facts_of(datastore.api, log_lines=lines, node_conditions=[lost]) == {}


def test_one_or_several_workers_lose_the_api() -> None:
    both = facts_of(datastore.api, log_lines=[line(1, "api-no-route"), line(2, "api-connect-refused")])
    assert set(both) == {"several-nodes-lose-api"}
    one = facts_of(datastore.api, log_lines=[line(1, "api-no-route")], files=[log(1), log(2)])
    assert one["one-node-loses-api"].node == "w-1"
    assert facts_of(datastore.api, log_lines=[line(1, "api-no-route")], files=[log(1)]) == {}


def test_errors_of_the_api_itself_on_several_workers() -> None:
    found = facts_of(datastore.api, log_lines=[line(1, "etcd-trouble"), line(2, "err-503")])
    assert set(found) == {"api-errors-on-several-nodes"}


def test_trouble_that_is_long_over_does_not_count() -> None:
    well = PodRow("pods.txt", 2, "calico-system", "calico-node-x1x2z", "calico-node", "w-1", "Running", "1/1")
    past = line(1, "api-connect-timeout", previous=True)
    assert facts_of(datastore.api, log_lines=[past], pods=[well], nodes=[worker(1, "True")]) == {}


def test_other_pods_lines_are_not_calicos() -> None:
    stranger = line(1, "api-connect-timeout")
    stranger.pod = "web-1"
    assert facts_of(datastore.api, log_lines=[stranger], nodes=[worker(1, "True")]) == {}


def test_reads_work_and_a_write_is_held_up() -> None:
    held = line(1, "cond-set-retry", message="Failed to set NetworkUnavailable; will retry error=Patch ... (Client.Timeout exceeded while awaiting headers)", count=12)  # fmt: skip
    verified = line(1, "startup-datastore-verified")
    assert "status-write-times-out-reads-work" in facts_of(datastore.blocked_writes, log_lines=[held, verified])
    assert facts_of(datastore.blocked_writes, log_lines=[held]) == {}
    away = line(1, "api-connect-timeout")
    assert facts_of(datastore.blocked_writes, log_lines=[held, verified, away]) == {}


def test_the_proxy_of_one_worker() -> None:
    refused = line(1, "err-master-proxy")
    assert facts_of(datastore.master_proxy, log_lines=[refused])["master-proxy-refused"].node == "w-1"
    assert facts_of(datastore.master_proxy, log_lines=[refused, line(2, "err-master-proxy")]) == {}
    assert facts_of(datastore.master_proxy, log_lines=[refused, line(2, "api-connect-timeout")]) == {}
    toggles = EventRow("n.txt", 9, "Node", "w-2", reason="NodeNotReady", count=11)
    assert facts_of(datastore.master_proxy, log_lines=[refused], events=[toggles]) == {}


def test_timeouts_of_the_only_worker_or_a_kubelet_that_comes_back_prove_no_dead_proxy() -> None:
    silent = line(1, "master-proxy-connect")
    assert facts_of(datastore.master_proxy, log_lines=[silent]) == {}
    workers = [worker(1, "False"), worker(2, "True")]
    assert "master-proxy-refused" in facts_of(datastore.master_proxy, log_lines=[silent], nodes=workers)
    again = line(1, "kubelet-became-ready", count=5)
    found = facts_of(datastore.master_proxy, log_lines=[silent, again], nodes=workers)
    assert "master-proxy-refused" not in found


def proxy(node: int, ready: str) -> PodRow:
    return PodRow("pods.txt", node, "kube-system", f"ibm-master-proxy-static-w-{node}", "", "", "Running", ready)


def test_proxy_pods() -> None:
    found = facts_of(datastore.master_proxy, pods=[proxy(1, "1/2"), proxy(2, "2/2"), proxy(3, "2/2")])
    assert found["master-proxy-pod-bad"].node == "w-1"
    assert facts_of(datastore.master_proxy, pods=[proxy(i, "1/2") for i in (1, 2, 3)]) == {}


def answer(node: int) -> str:
    return f'Error from server: Get "https://10.154.77.{node}:10250/containerLogs/calico-system/x/calico-node": dial tcp: i/o timeout'


def test_no_logs_from_ready_workers() -> None:
    rows: dict[str, list[Any]] = {
        "files": [log(1, 1), log(2, 1)],
        "nodes": [worker(1, "True"), worker(2, "True")],
    }
    found = facts_of(datastore.lost_logs, {"1.log": answer(1), "2.log": answer(2)}, **rows)
    assert "w-1, w-2" in found["logs-unreadable-from-ready-workers"].detail


def test_no_logs_from_some_workers_while_that_of_another_is_there() -> None:
    rows: dict[str, list[Any]] = {
        "files": [log(1, 1), log(2, 1), log(3)],
        "nodes": [worker(1, "True"), worker(2, "True"), worker(3, "True")],
    }
    found = facts_of(datastore.lost_logs, {"1.log": answer(1), "2.log": answer(2)}, **rows)
    assert "logs-unreadable-from-some-workers" in found
    assert "logs-unreadable-from-ready-workers" not in found


def test_an_api_endpoint_that_is_no_workers_address() -> None:
    head = worker(1, "True")
    head.roles = "control-plane"

    def found(address: str, node: NodeRow = head) -> bool:
        row = SettingRow("ep.txt", 6, "Endpoints", "", "kubernetes", "endpoints", f"{address}:6443")
        return "api-endpoint-not-a-worker" in facts_of(datastore.endpoint, settings=[row], nodes=[node])

    assert found("192.0.2.9")
    assert not found("10.154.77.1")
    assert not found("192.0.2.9", worker(1, "True"))  # the master is elsewhere, as on a managed cluster
    assert found("10.0.2.15", worker(1, "True"))


def test_no_log_from_a_lost_worker() -> None:
    rows: dict[str, list[Any]] = {"files": [log(1, 1), log(2)], "nodes": [worker(1, "Unknown"), worker(2, "True")]}
    found = facts_of(datastore.lost_logs, {"1.log": answer(1)}, **rows)
    assert set(found) == {"logs-unreadable-from-lost-worker", "kubelet-port-unreachable-on-one"}


def test_nothing_but_errors_in_place_of_logs() -> None:
    files = [FileRow("a.log", "kubectl-error"), FileRow("b.log", "kubectl-error")]
    words = "Error from server: error dialing backend: No agent available"
    found = facts_of(datastore.lost_logs, {"a.log": words, "b.log": words}, files=files)
    assert "every-log-is-a-kubectl-error" in found
    assert "every-log-is-a-kubectl-error" not in facts_of(datastore.lost_logs, {"a.log": words}, files=files)


def test_errors_that_say_something_else() -> None:
    files = [FileRow("ds.txt", "kubectl-error"), FileRow("x.log", "kubectl-error")]
    words = {
        "ds.txt": 'Error from server (NotFound): daemonsets.apps "calico-node" not found',
        "x.log": 'container "calico-node" in pod "calico-node-vb5qw" is waiting to start: trying and failing to pull image',
    }
    assert set(facts_of(datastore.lost_logs, words, files=files)) == {
        "daemonset-not-found-answer",
        "log-waits-for-image",
    }


def test_the_tunnels_own_pods() -> None:
    down = PodRow("pods.txt", 4, "kube-system", "konnectivity-agent-7qz2x", "", "w-1", "Running", "0/1")
    assert "tunnel-pods-bad" in facts_of(datastore.tunnel, pods=[down])
    up = PodRow("pods.txt", 5, "kube-system", "konnectivity-agent-8qz2x", "", "w-2", "Running", "1/1")
    assert facts_of(datastore.tunnel, pods=[down, up]) == {}


def image(pod: str, version: str) -> ContainerRow:
    return ContainerRow(
        "pod.txt", 9, "kube-system", pod, "c", image=f"icr.io/ext/calico/node:{version}", version=version
    )


def test_releases_side_by_side() -> None:
    mixed = [image("calico-node-vb5qw", "v3.29.3"), image("calico-typha-5f5f9f7c6b-8dmsq", "v3.27.4")]
    assert "v3.27.4" in facts_of(datastore.versions, containers=mixed)["calico-versions-differ"].detail
    patch = [image("calico-node-vb5qw", "v3.29.3"), image("calico-typha-5f5f9f7c6b-8dmsq", "v3.29.1")]
    assert facts_of(datastore.versions, containers=patch) == {}


def test_calico_older_than_kubernetes_allows() -> None:
    node = NodeRow("nodes.txt", 2, "w-1", kubelet_version="v1.25.4")
    found = facts_of(datastore.versions, containers=[image("calico-node-vb5qw", "v3.22.1")], nodes=[node])
    assert "1.25" in found["calico-too-old-for-kubernetes"].detail
    assert facts_of(datastore.versions, containers=[image("calico-node-vb5qw", "v3.24.1")], nodes=[node]) == {}


def test_certificates_refused_here_and_not_there() -> None:
    well = PodRow("pods.txt", 2, "calico-system", "calico-node-x2x2z", "calico-node", "w-2", "Running", "1/1")
    found = facts_of(datastore.tls, log_lines=[line(1, "err-x509-unknown")], pods=[well])
    assert "w-1" in found["tls-fails-on-some-workers"].detail
    assert facts_of(datastore.tls, log_lines=[line(1, "err-x509-unknown")]) == {}


def test_a_cluster_without_a_sign_of_ibm() -> None:
    node = NodeRow("nodes.txt", 2, "w-1", kubelet_version="v1.30.2", labels={"kubernetes.io/os": "linux"}, os_image="Debian")  # fmt: skip
    assert "not-an-ibm-cluster" in facts_of(datastore.master_proxy, nodes=[node])
    iks = NodeRow(
        "nodes.txt", 2, "w-1", kubelet_version="v1.30.2+IKS", labels={"ibm-cloud.kubernetes.io/zone": "dal10"}
    )
    assert "not-an-ibm-cluster" not in facts_of(datastore.master_proxy, nodes=[iks])


def test_empty_tables_give_no_facts() -> None:
    assert [fact for check in datastore.CHECKS for fact in check(build({}))] == []
