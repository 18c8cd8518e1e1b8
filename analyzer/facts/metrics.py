"""Cross-checks about metrics: what exporters, felix, etcd and the kubelet count themselves.

======================== =================================================================================
fact                     what it means
======================== =================================================================================
conntrack-full           the entries of the connection-tracking table are at (or near) their limit
metric-disk-full         a file system of the worker has (nearly) no room or no inodes left
metric-disk-readonly     the root or /var file system is read-only
metric-memory-low        (nearly) no memory of the worker is available
metric-clock-off         the worker's clock is off by more than half a second, or is not synchronised at all
metric-overloaded        much more processes want to run than the worker has processors for
metric-etcd-slow         etcd's disk takes long on average, its database is full, or it has no leader
metric-iptables-errors   felix counts failures of iptables-restore or iptables-save
metric-ipset-errors      felix counts failures of ipset
metric-xtables-lock-slow felix waits long for the iptables lock
metric-pool-full         (nearly) all addresses of a pool are in use
metric-webhook-errors    the API server counts calls of an admission webhook that failed
metric-proxy-without-servers  HAProxy in front of the API servers has no server that lives
metric-kubelet-certificate    the kubelet's client certificate has ended
metric-node-unknown      the API has lost contact with a worker, as kube-state-metrics counts
======================== =================================================================================

Sources: node_exporter's collectors; Calico's documentation (Felix and kube-controllers metrics); etcd's documentation
(hardware: fsync of 10 ms and less is normal).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from analyzer.facts.fact import Check, Fact
from analyzer.tables import Tables
from parsers.lazy_pattern import lazy_pattern

Samples = dict[str, tuple[float, Any]]

FULL = 0.95
NO_ROOM = 0.02
CLOCK_S = 0.5
#: the kernel's own bound of the error after which it calls the clock unsynchronised (adjtimex: 16 s)
UNSYNCHRONISED_S = 16.0
LOAD = 4.0
ERRORS = 10
LOCK_S = 1.0
FSYNC_S = 0.1
_SYSTEM_MOUNTS = lazy_pattern(
    r"mountpoint=(?:/host|/rootfs)?/(?:var(?:/lib(?:/(?:kubelet|docker|containerd|etcd|calico))?|/log|/data)?|run|opt)?"
    r"(?:,|$)"
)


def _by_worker(tables: Tables) -> dict[tuple[str, str], Samples]:
    """File and worker -> key -> value and row, the last one counting."""
    found: dict[tuple[str, str], Samples] = {}
    for row in tables.rows.settings:
        if row.kind == "Metric":
            value = float(row.value)
            if math.isfinite(value):
                found.setdefault((row.file, row.name), {})[row.key] = (value, row)
    return found


def _fact(name: str, row: Any, detail: str, *others: Any) -> Fact:
    return Fact(
        name, row.file, int(row.line), detail, row.name, also=tuple((one.file, int(one.line)) for one in others)
    )


def _pairs(samples: Samples, name: str, other: str) -> Iterator[tuple[str, float, float, Any, Any]]:
    """Samples of two metrics with the same labels: labels, both values, both rows."""
    for key, (value, row) in samples.items():
        if key.partition("{")[0] == name and (match := samples.get(key.replace(name, other, 1))):
            yield key[len(name) :].strip("{}"), value, match[0], row, match[1]


def conntrack(tables: Tables) -> Iterator[Fact]:
    """conntrack-full."""
    for samples in _by_worker(tables).values():
        for _, entries, limit, row, other in _pairs(
            samples, "node_nf_conntrack_entries", "node_nf_conntrack_entries_limit"
        ):
            if limit > 0 and entries >= FULL * limit:
                detail = f"{entries:.0f} of {limit:.0f} connections are tracked"
                yield _fact("conntrack-full", row, detail, other)


def disks(tables: Tables) -> Iterator[Fact]:
    """metric-disk-full, metric-disk-readonly, metric-memory-low."""
    for samples in _by_worker(tables).values():
        for free, size, what in (
            ("node_filesystem_avail_bytes", "node_filesystem_size_bytes", "room"),
            ("node_filesystem_files_free", "node_filesystem_files", "inodes"),
        ):
            for labels, left, whole, row, _ in _pairs(samples, free, size):
                if whole > 0 and left <= NO_ROOM * whole and _SYSTEM_MOUNTS.search(labels):
                    yield _fact("metric-disk-full", row, f"{left / whole:.1%} of the {what} is left ({labels})")
        for key, (value, row) in samples.items():
            if key.startswith("node_filesystem_readonly{") and value == 1 and _SYSTEM_MOUNTS.search(key.rstrip("}")):
                yield _fact("metric-disk-readonly", row, f"{key} is 1")
        for _, left, whole, row, _ in _pairs(samples, "node_memory_MemAvailable_bytes", "node_memory_MemTotal_bytes"):
            if whole > 0 and left <= NO_ROOM * whole:
                yield _fact("metric-memory-low", row, f"{left / whole:.1%} of the memory is available")


def clocks(tables: Tables) -> Iterator[Fact]:
    """metric-clock-off."""
    for samples in _by_worker(tables).values():
        offset = samples.get("node_timex_offset_seconds")
        synced, error = samples.get("node_timex_sync_status"), samples.get("node_timex_maxerror_seconds")
        if offset and abs(offset[0]) > CLOCK_S:
            yield _fact("metric-clock-off", offset[1], f"the clock is off by {offset[0]:g} s")
        elif synced and error and synced[0] == 0 and error[0] >= UNSYNCHRONISED_S:
            yield _fact("metric-clock-off", synced[1], "the kernel calls the clock unsynchronised", error[1])


def load(tables: Tables) -> Iterator[Fact]:
    """metric-overloaded: without a count of processors only a load that no usual worker bears."""
    for samples in _by_worker(tables).values():
        for name in ("node_load15", "node_load5"):
            if (found := samples.get(name)) and found[0] >= 16 * LOAD:
                yield _fact("metric-overloaded", found[1], f"{name} is {found[0]:g}")
                break


def etcd(tables: Tables) -> Iterator[Fact]:
    """metric-etcd-slow."""
    for samples in _by_worker(tables).values():
        leader = samples.get("etcd_server_has_leader")
        if leader and leader[0] == 0:
            yield _fact("metric-etcd-slow", leader[1], "the etcd member has no leader")
        for _, size, quota, row, other in _pairs(
            samples, "etcd_mvcc_db_total_size_in_bytes", "etcd_server_quota_backend_bytes"
        ):
            if quota > 0 and size >= FULL * quota:
                yield _fact("metric-etcd-slow", row, f"etcd's database has {size / quota:.0%} of its quota", other)
        for name in ("etcd_disk_wal_fsync_duration_seconds", "etcd_disk_backend_commit_duration_seconds"):
            for _, seconds, count, row, other in _pairs(samples, f"{name}_sum", f"{name}_count"):
                if count > 0 and seconds / count >= FSYNC_S:
                    detail = f"{name} is {seconds / count:.2f} s on average"
                    yield _fact("metric-etcd-slow", row, detail, other)


def felix(tables: Tables) -> Iterator[Fact]:
    """metric-iptables-errors, metric-ipset-errors, metric-xtables-lock-slow."""
    names = {
        "felix_iptables_restore_errors": "metric-iptables-errors",
        "felix_iptables_save_errors": "metric-iptables-errors",
        "felix_ipset_errors": "metric-ipset-errors",
    }
    for samples in _by_worker(tables).values():
        for key, (value, row) in samples.items():
            name = key.partition("{")[0]
            if value >= ERRORS and (fact := names.get(name.removesuffix("_total"))):
                yield _fact(fact, row, f"{key} is {value:.0f}")
            elif name == "felix_iptables_lock_acquire_secs" and "quantile=0.5" not in key and value >= LOCK_S:
                yield _fact("metric-xtables-lock-slow", row, f"{key} is {value:g} s")


def _pools(tables: Tables) -> Iterator[Fact]:
    """metric-pool-full: kube-controllers counts what is in use by worker, and the size once."""
    used: dict[tuple[str, str], list[tuple[float, Any]]] = {}
    sizes: dict[tuple[str, str], tuple[float, Any]] = {}
    for (file, _), samples in _by_worker(tables).items():
        for key, sample in samples.items():
            name, _, pool = key.partition("{")
            if name == "ipam_allocations_in_use":
                used.setdefault((file, pool), []).append(sample)
            elif name == "ipam_ippool_size":
                sizes[(file, pool)] = sample
    for place, (size, row) in sizes.items():
        taken = used.get(place, [])
        total = sum(value for value, _ in taken)
        if size > 0 and total >= FULL * size:
            detail = f"{total:.0f} of {size:.0f} addresses are in use ({place[1].rstrip('}')})"
            yield _fact("metric-pool-full", taken[0][1], detail, row)


def cluster(tables: Tables) -> Iterator[Fact]:
    """metric-pool-full, metric-webhook-errors, metric-proxy-without-servers and those of the kubelet."""
    yield from _pools(tables)
    for samples in _by_worker(tables).values():
        for key, (value, row) in samples.items():
            name = key.partition("{")[0]
            if name.startswith("apiserver_admission_webhook_rejection") and "calling_webhook_error" in key:
                if value >= ERRORS:
                    yield _fact("metric-webhook-errors", row, f"{key} is {value:.0f}")
            elif name.startswith(("haproxy_backend_active_servers", "haproxy_backend_up")) and value == 0:
                yield _fact("metric-proxy-without-servers", row, f"{key} is 0")
            elif name == "kubelet_certificate_manager_client_ttl_seconds" and value <= 0:
                yield _fact("metric-kubelet-certificate", row, f"it ended {-value:.0f} s ago")
            elif name == "kube_node_status_condition" and value == 1 and "condition=Ready,status=unknown" in key:
                yield _fact("metric-node-unknown", row, f"{row.name}: {key} is 1")


CHECKS: tuple[Check, ...] = (conntrack, disks, clocks, load, etcd, felix, cluster)
