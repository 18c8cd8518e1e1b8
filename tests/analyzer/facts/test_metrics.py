from __future__ import annotations

from datetime import UTC, datetime

import pytest

from analyzer.facts import metrics
from analyzer.facts.fact import Fact
from analyzer.tables import build
from parsers.metrics import parse_metrics
from parsers.source import Source

NOW = datetime(2026, 4, 9, 6, 0, tzinfo=UTC)


def facts_of(*lines: str) -> dict[str, Fact]:
    rows = parse_metrics("\n".join(lines), Source("w.prom", node="w-1")).settings
    tables = build({"settings": rows}, NOW)
    return {fact.id: fact for check in metrics.CHECKS for fact in check(tables)}


@pytest.mark.parametrize(
    ("fact", "good", "bad"),
    [
        ("conntrack-full", ["node_nf_conntrack_entries 900", "node_nf_conntrack_entries_limit 131072"],
         ["node_nf_conntrack_entries 131072", "node_nf_conntrack_entries_limit 131072"]),
        ("metric-disk-full",
         ['node_filesystem_avail_bytes{mountpoint="/"} 5e9', 'node_filesystem_size_bytes{mountpoint="/"} 1e10'],
         ['node_filesystem_avail_bytes{mountpoint="/var"} 4096', 'node_filesystem_size_bytes{mountpoint="/var"} 1e10']),
        ("metric-disk-full",
         ['node_filesystem_files_free{mountpoint="/snap/core"} 0', 'node_filesystem_files{mountpoint="/snap/core"} 900'],
         ['node_filesystem_files_free{mountpoint="/var/lib"} 0', 'node_filesystem_files{mountpoint="/var/lib"} 900']),
        ("metric-disk-readonly", ['node_filesystem_readonly{mountpoint="/snap/core"} 1'],
         ['node_filesystem_readonly{mountpoint="/"} 1']),
        ("metric-memory-low", ["node_memory_MemAvailable_bytes 4e9", "node_memory_MemTotal_bytes 8e9"],
         ["node_memory_MemAvailable_bytes 9e7", "node_memory_MemTotal_bytes 8e9"]),
        ("metric-clock-off", ["node_timex_offset_seconds 0.0001"], ["node_timex_offset_seconds -3721.5"]),
        ("metric-clock-off", ["node_timex_sync_status 0", "node_timex_maxerror_seconds 0.2"],
         ["node_timex_sync_status 0", "node_timex_maxerror_seconds 16"]),
        ("metric-overloaded", ["node_load15 3.1"], ["node_load15 212.4"]),
        ("metric-etcd-slow", ["etcd_server_has_leader 1"], ["etcd_server_has_leader 0"]),
        ("metric-etcd-slow",
         ["etcd_disk_wal_fsync_duration_seconds_sum 40", "etcd_disk_wal_fsync_duration_seconds_count 20000"],
         ["etcd_disk_wal_fsync_duration_seconds_sum 9000", "etcd_disk_wal_fsync_duration_seconds_count 20000"]),
        ("metric-iptables-errors", ["felix_iptables_restore_errors 1"], ["felix_iptables_restore_errors 811"]),
        ("metric-ipset-errors", ["felix_ipset_errors 0"], ["felix_ipset_errors 77"]),
        ("metric-xtables-lock-slow", ['felix_iptables_lock_acquire_secs{quantile="0.99",ip_version="4"} 0.01'],
         ['felix_iptables_lock_acquire_secs{quantile="0.99",ip_version="4"} 9.7']),
        ("metric-pool-full", ['ipam_allocations_in_use{ippool="p"} 10', 'ipam_ippool_size{ippool="p"} 256'],
         ['ipam_allocations_in_use{ippool="p"} 256', 'ipam_ippool_size{ippool="p"} 256']),
        ("metric-proxy-without-servers", ['haproxy_backend_active_servers{proxy="masters"} 3'],
         ['haproxy_backend_active_servers{proxy="masters"} 0']),
        ("metric-kubelet-certificate", ["kubelet_certificate_manager_client_ttl_seconds 2.6e+07"],
         ["kubelet_certificate_manager_client_ttl_seconds -4000"]),
        ("metric-node-unknown", ['kube_node_status_condition{node="w-1",condition="Ready",status="unknown"} 0'],
         ['kube_node_status_condition{node="w-1",condition="Ready",status="unknown"} 1']),
        ("metric-webhook-errors",
         ['apiserver_admission_webhook_rejection_count{name="a.b",error_type="no_error"} 90'],
         ['apiserver_admission_webhook_rejection_count{name="a.b",error_type="calling_webhook_error"} 90']),
    ],
)  # fmt: skip
def test_both_ways(fact: str, good: list[str], bad: list[str]) -> None:
    assert facts_of(*good) == {}
    assert facts_of(*bad)[fact].file == "w.prom"
