"""Cross-checks about the eBPF dataplane.

====================== ========================================================================================
fact                   what it means
====================== ========================================================================================
bpf-beside-kube-proxy  the eBPF dataplane is switched on and kube-proxy runs on, while felix may remove its rules:
                       they work against each other
bpf-fights-kube-proxy  the same, and kube-proxy fails to write its rules
====================== ========================================================================================

Source: Calico's documentation, "Avoiding conflicts with kube-proxy" (bpfKubeProxyIptablesCleanupEnabled).
"""

from __future__ import annotations

from collections.abc import Iterator

from analyzer.facts.fact import Check, Fact
from analyzer.facts.observed import places
from analyzer.inventory import Inventory, text
from analyzer.tables import Tables


def beside_kube_proxy(tables: Tables) -> Iterator[Fact]:
    """bpf-beside-kube-proxy, bpf-fights-kube-proxy."""
    keys = {
        row.key: row
        for row in tables.rows.settings
        if row.kind == "FelixConfiguration"
        and row.key in ("spec.bpfEnabled", "spec.bpfKubeProxyIptablesCleanupEnabled")
    }
    enabled = keys.get("spec.bpfEnabled")
    cleanup = keys.get("spec.bpfKubeProxyIptablesCleanupEnabled")
    if enabled is None or text(enabled.value).lower() != "true":
        return
    if cleanup is not None and text(cleanup.value).lower() == "false":
        return
    proxies = [
        pod
        for pod in Inventory(tables).pods.values()
        if pod.name.startswith("kube-proxy-") and pod.healthy is not None and "windows" not in pod.name
    ]
    if proxies:
        detail = f"the eBPF dataplane is on and {proxies[0].name} runs"
        also = ((proxies[0].file, proxies[0].line),)
        yield Fact("bpf-beside-kube-proxy", enabled.file, int(enabled.line), detail, also=also)
        failed = [row for row in tables.rows.log_lines if "kube-proxy-restore-failed" in row.message_ids]
        if failed:
            detail += ", whose rules cannot be written"
            yield Fact("bpf-fights-kube-proxy", enabled.file, int(enabled.line), detail, also=places(failed, 3))


CHECKS: tuple[Check, ...] = (beside_kube_proxy,)
