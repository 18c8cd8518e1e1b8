"""Metrics in Prometheus' text form, as ``curl .../metrics`` prints them: the few that tell of network or workers.

Source: https://prometheus.io/docs/instrumenting/exposition_formats/. Also answers of Prometheus' own query API.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from parsers.lazy_pattern import lazy_pattern
from parsers.rows import SettingRow
from parsers.source import Parsed, Source

_NUMBER = r"\d{1,20}(?:\.\d{0,20})?(?:[eE][-+]?\d{1,3})?"
_SAMPLE = lazy_pattern(
    r"(?P<name>[a-z][a-zA-Z0-9_]{4,100})(?:\{(?P<labels>[^}\n]{0,800})\})?(?: =>)? +"
    rf"(?P<value>[-+]?(?:{_NUMBER}|NaN|Inf))"
    r"(?: +@?\[?[\d.]{10,20}\]?)?$"
)
_ANSWER = lazy_pattern(
    r'"metric": ?\{(?P<labels>[^{}]{0,800})\}, ?"value": ?\[ ?[\d.]{1,20}, ?"(?P<value>[-+]?' + _NUMBER + r')" ?\]'
)
_LABEL = lazy_pattern(r'"?([a-zA-Z_]\w{0,60})"? ?[=:] ?"((?:[^"\\]|\\.){0,200})"')
_HEAD = lazy_pattern(r"# (?:TYPE|HELP) [a-z][\w:]{3,100} ")
#: beginnings of names that are kept; an exporter gives thousands of others
KEPT = (
    "node_nf_conntrack_", "node_filesystem_avail_bytes", "node_filesystem_free_bytes", "node_filesystem_size_bytes",
    "node_filesystem_files", "node_filesystem_readonly", "node_memory_MemAvailable_bytes", "node_memory_MemTotal_bytes",
    "node_timex_", "node_load", "node_network_mtu_bytes", "node_network_up", "node_procs_blocked",
    "etcd_server_has_leader", "etcd_server_quota_backend_bytes", "etcd_server_leader_changes_seen_total",
    "etcd_mvcc_db_total_size_in_bytes", "etcd_disk_wal_fsync_duration_seconds_sum",
    "etcd_disk_wal_fsync_duration_seconds_count", "etcd_disk_backend_commit_duration_seconds_sum",
    "etcd_disk_backend_commit_duration_seconds_count",
    "felix_int_dataplane_failures", "felix_iptables_restore_errors", "felix_iptables_save_errors", "felix_ipset_errors",
    "felix_iptables_lock_acquire_secs", "felix_iptables_lock_retries", "felix_resync_state",
    "ipam_allocations_in_use", "ipam_ippool_size", "kubelet_certificate_manager_client_ttl_seconds",
    "kube_node_status_condition", "haproxy_backend_active_servers", "haproxy_backend_up", "haproxy_server_up",
    "apiserver_admission_webhook_rejection_count",
)  # fmt: skip
#: labels that tell one sample of a worker from another; the others only make keys long
_TELLING = ("device", "mountpoint", "quantile", "ippool", "condition", "status", "name", "error_type", "proxy",
            "server", "state", "ip_version")  # fmt: skip
_OF_WORKER = ("node", "instance", "nodename", "kubernetes_node", "host", "hostname")
MOST = 5000


def parse_metrics(text: str, source: Source) -> Parsed:
    """Give settings of kind Metric: the name is the worker, the key the metric with its telling labels, in braces."""
    parsed = Parsed()
    parsed.settings.extend(metric_settings(text.split("\n"), source))
    return parsed


def metric_settings(lines: Sequence[str], source: Source) -> Iterator[SettingRow]:
    """Give the settings of :func:`parse_metrics` for the lines that are samples; other lines are left out.

    ``node_network_mtu_bytes`` and ``node_network_up`` give settings of kind Link, as ``ip link`` does.
    """
    given = 0
    for number, line in enumerate(lines, start=source.first_line):
        if "_" not in line or given >= MOST:
            continue
        line = line.strip()
        if line.startswith(KEPT) and (found := _SAMPLE.fullmatch(line[:1200])):
            labels = dict(_LABEL.findall(found["labels"] or ""))
            samples = [(found["name"], labels, found["value"])]
        elif '"metric"' in line:
            read = [(dict(_LABEL.findall(one["labels"])), one["value"]) for one in _ANSWER.finditer(line[:200_000])]
            samples = [(labels.get("__name__", ""), labels, value) for labels, value in read]
        else:
            continue
        for name, labels, value in samples:
            if name.startswith(KEPT):
                given += 1
                yield _setting(source, number, name, labels, value)


def _setting(source: Source, number: int, name: str, labels: dict[str, str], value: str) -> SettingRow:
    worker = next((labels[word] for word in _OF_WORKER if labels.get(word)), "")
    worker = re.sub(r":\d{2,5}$", "", worker) or source.node
    device = labels.get("device", "")
    if device and name == "node_network_mtu_bytes" and 0 <= float(value) < 100_000:
        return SettingRow(source.path, number, "Link", "", worker, f"{device}.mtu", str(int(float(value))))
    if device and name == "node_network_up":
        return SettingRow(source.path, number, "Link", "", worker, f"{device}.up", "true" if value == "1" else "false")
    telling = ",".join(f"{word}={labels[word]}" for word in _TELLING if labels.get(word))
    return SettingRow(source.path, number, "Metric", "", worker, f"{name}{{{telling}}}" if telling else name, value)


def looks_like(lines: Sequence[str]) -> float:
    """Share of lines that are samples or speak of a metric, 0..1."""
    hits = sum(bool(_HEAD.match(line) or _SAMPLE.fullmatch(line.strip()[:1200])) for line in lines)
    return hits / len(lines) if lines else 0.0
