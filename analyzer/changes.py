"""What changed? (runbook): young workers, restarts, cordons, mixed versions, new policies and settings."""

from __future__ import annotations

from collections import Counter

from msgspec import Struct

from analyzer.inventory import Inventory, number, text
from analyzer.tables import Tables
from parsers.ages import go_time
from parsers.rows import NodeRow

RECENT_S = 7 * 86400.0
_KINDS = ("GlobalNetworkPolicy", "NetworkPolicy", "FelixConfiguration", "BGPConfiguration", "BGPPeer", "IPPool",
          "Installation", "HostEndpoint", "ValidatingWebhookConfiguration", "MutatingWebhookConfiguration")  # fmt: skip


class Change(Struct, frozen=True):
    """Something that is new; ``age_s`` before the collection where known."""

    what: str
    age_s: float | None
    node: str
    file: str
    line: int


def recent_changes(tables: Tables, inventory: Inventory) -> list[Change]:
    """Give what is recent or unusual, the newest first."""
    found = [*_workers(inventory), *_versions(tables), *_settings(tables)]
    for row in tables.rows.events:
        if row.reason in ("Rebooted", "NodeSchedulable", "NodeNotSchedulable") and row.object_kind == "Node":
            age = number(row.age_s)
            found.append(Change(f"{row.object}: {row.reason}", age, row.object, row.file, int(row.line)))
    return sorted(found, key=lambda item: (item.age_s is None, item.age_s or 0.0, item.what))


def _workers(inventory: Inventory) -> list[Change]:
    found = []
    ages = [worker.age_s for worker in inventory.workers.values() if worker.age_s is not None]
    for worker in inventory.workers.values():
        if worker.cordoned:
            found.append(Change(f"{worker.name} is cordoned", None, worker.name, worker.file, worker.line))
        if worker.age_s is not None and worker.age_s < RECENT_S and max(ages) > 2 * worker.age_s:
            found.append(Change(f"{worker.name} is a new worker", worker.age_s, worker.name, worker.file, worker.line))
    for pod in inventory.agents.values():
        if pod.restarts and pod.last_restart_age_s is not None and pod.last_restart_age_s < RECENT_S:
            what = f"{pod.name} restarted (x{pod.restarts})"
            found.append(Change(what, pod.last_restart_age_s, pod.node, pod.file, pod.line))
    return found


def _versions(tables: Tables) -> list[Change]:
    found = []
    nodes: dict[str, NodeRow] = {}
    for row in tables.rows.nodes:
        if row.kubelet_version:
            nodes.setdefault(row.node, row)
    versions = Counter(row.kubelet_version for row in nodes.values())
    if len(versions) > 1:
        usual = versions.most_common(1)[0][0]
        for row in nodes.values():
            if row.kubelet_version != usual:
                what = f"{row.node} runs kubelet {row.kubelet_version}, most run {usual}"
                found.append(Change(what, None, row.node, row.file, int(row.line)))
    return found


def _settings(tables: Tables) -> list[Change]:
    found = []
    for row in tables.rows.settings:
        if row.key != "metadata.creationTimestamp" or row.kind not in _KINDS:
            continue
        stamp = go_time(text(row.value))
        if tables.collected is None or stamp is None:
            continue
        age = (tables.collected - stamp).total_seconds()
        if 0 <= age < RECENT_S:
            found.append(Change(f"{row.kind} {row.name} was created", age, "", row.file, int(row.line)))
    return found
