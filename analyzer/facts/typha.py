"""Cross-checks about Typha: who reaches it, and how its connections end.

================================ ====================================================================
fact                             what it means
================================ ====================================================================
typha-none-running               Typha pods, or their deployment, are shown and none of them is ready
typha-port-fails                 connections to a Typha's port time out, are refused or find no route
only-typha-worker-is-ready       the only ready calico-nodes are those beside a Typha
typha-unreachable-across-subnets every Typha that is not reached is in another subnet than its client
typha-tls-errors                 Typha's or its client's certificate is refused
api-tls-errors                   the API server's certificate is refused
typha-without-endpoints          Typha's service leads to no pod, and calico-nodes are in trouble
================================ ====================================================================

Sources: typha/pkg/syncclient and tlsutils; runbook (an unhealthy Typha takes calico-nodes down with it).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from analyzer.facts.fact import Check, Fact
from analyzer.facts.observed import places, shown
from analyzer.facts.sessions import Sessions
from analyzer.facts.typha_presence import others_run
from analyzer.inventory import Inventory, text
from analyzer.period import current_lines
from analyzer.tables import Tables
from parsers.lazy_pattern import lazy_pattern

_ADDRESS = lazy_pattern(r"(\d{1,3}(?:\.\d{1,3}){3}|(?<=\[)[0-9a-f:]{3,39}(?=\]))\]?:5473")
_UNREACHED = lazy_pattern(
    r"i/o timeout|connection refused|no route to host|network is unreachable|connection timed out|deadline exceeded"
)
_DISTRUST = lazy_pattern(r"x509: |remote error: tls: |tls: (?!use of closed)|required CN|required URI SAN")
_API = lazy_pattern(r"https?://[^\s\"]{1,200}/apis?/|:(?:443|6443|16443|2040)\b")


def _lines(tables: Tables, wanted: re.Pattern[str]) -> list[Any]:
    """Log lines that still matter and hold the pattern."""
    return [row for row in current_lines(tables, Inventory(tables)) if wanted.search(row.message)]


def _of_typha(row: Any) -> bool:
    words = row.message.lower()
    checked_by_client = row.source in ("tlsutils.go", "sync_client.go")
    return (
        checked_by_client
        or ":5473" in words
        or "typha" in words
        or (row.component == "typha" or "calico-typha" in text(row.pod))
    )


def pods(tables: Tables) -> Iterator[Fact]:
    """typha-none-running, only-typha-worker-is-ready."""
    inventory = Inventory(tables)
    typhas = [pod for pod in inventory.pods.values() if pod.name.startswith("calico-typha-")]
    known = [pod for pod in typhas if pod.healthy is not None]
    waiting = {pod.name for pod in known if pod.status == "Pending" and not pod.node}
    spares = len(waiting) == len(known) and others_run(tables, inventory, waiting)
    if known and not any(pod.healthy for pod in known) and not spares:
        first = known[0]
        detail = f"none of {len(known)} Typha pods is ready: {shown(pod.name for pod in known)}"
        also = tuple((pod.file, pod.line) for pod in known[1:8])
        yield Fact("typha-none-running", first.file, first.line, detail, first.node, first.name, also)
    if not known:
        yield from _deployment(tables)
    homes = {pod.node for pod in typhas if pod.healthy and pod.node} or _endpoints(tables)
    agents = inventory.agents
    ready = {name for name, pod in agents.items() if pod.healthy}
    bad = {name for name, pod in agents.items() if pod.healthy is False}
    if homes and ready and ready <= homes and len(bad) >= 2:
        one = agents[min(bad)]
        detail = f"calico-node is ready only beside Typha ({shown(ready)}), not on {shown(bad)}"
        also = ((agents[min(ready)].file, agents[min(ready)].line),)
        yield Fact("only-typha-worker-is-ready", one.file, one.line, detail, one.node, one.name, also)


def _deployment(tables: Tables) -> Iterator[Fact]:
    """typha-none-running: replicas are wanted, none is available."""
    rows = [row for row in tables.rows.settings if row.kind == "Deployment" and row.name == "calico-typha"]
    values = {row.key: text(row.value) for row in rows}
    available = values.get("status.availableReplicas") or values.get("status.readyReplicas")
    if available == "0" and values.get("spec.replicas", "0") != "0":
        row = rows[0]
        detail = f"none of {values['spec.replicas']} Typhas is available"
        yield Fact("typha-none-running", row.file, int(row.line), detail)


def service(tables: Tables) -> Iterator[Fact]:
    """typha-without-endpoints: manifests that use no Typha have an empty service too, there calico-nodes are well.

    Where Typha runs and its service leads to none, the service selects other pods.
    """
    inventory = Inventory(tables)
    bad = sorted(name for name, pod in inventory.agents.items() if pod.healthy is False)
    runs = any(pod.healthy for pod in inventory.pods.values() if pod.name.startswith("calico-typha-"))
    rows = [row for row in tables.rows.settings if row.name == "calico-typha"]
    if not bad or (runs and any("notReadyAddresses" in row.key for row in rows)):
        return
    listed = [row for row in rows if row.kind == "Endpoints"]
    if listed and not any(_leads_somewhere(row) for row in listed):
        empty = listed[0]
    else:
        of_service = [row for row in rows if row.kind == "Service" and row.key == "endpoints"]
        if not of_service or any(text(row.value) not in ("", "<none>") for row in of_service):
            return
        empty = of_service[0]
    detail = f"the service calico-typha has no endpoint; calico-node is in trouble on {shown(bad)}"
    yield Fact("typha-without-endpoints", empty.file, int(empty.line), detail)


def _leads_somewhere(row: Any) -> bool:
    """Whether a row of Endpoints names an address that is ready."""
    address = row.key == "endpoints" or row.key.endswith(".addresses") or ".addresses." in row.key
    return address and text(row.value) not in ("", "<none>")


def _endpoints(tables: Tables) -> set[str]:
    """Workers whose address the clients use for Typha."""
    by_address = Sessions(tables).by_address
    messages = (row.message for row in tables.rows.log_lines if "5473" in row.message)
    found = {address for message in messages for address in _ADDRESS.findall(message)}
    return {by_address[address] for address in found if address in by_address}


def port(tables: Tables) -> Iterator[Fact]:
    """typha-port-fails, typha-unreachable-across-subnets."""
    sessions = Sessions(tables)
    failed = [
        (row, address)
        for row in _lines(tables, _UNREACHED)
        if not _DISTRUST.search(row.message) and (address := _address(row.message))
    ]
    by_node: dict[str, list[Any]] = {}
    for row, _ in failed:
        by_node.setdefault(sessions.node_of(row) or text(row.pod), []).append(row)
    for node, rows in by_node.items():
        reason = _UNREACHED.search(rows[0].message)
        detail = f"{node or 'a worker'} to {_address(rows[0].message)}:5473: {reason[0] if reason else ''}"
        best = rows[0]
        yield Fact("typha-port-fails", best.file, int(best.line), detail, node, best.pod, places(rows[1:]))
    workers = sessions.inventory.workers
    pairs = {
        (workers[node].subnet_key, workers[home].subnet_key)
        for row, address in failed
        if (node := sessions.node_of(row)) in workers and (home := sessions.by_address.get(address, "")) in workers
    }
    subnets = {worker.subnet_key for worker in workers.values()}
    if pairs and len(subnets) > 1 and "" not in subnets and all(one != other for one, other in pairs):
        alive = {name for name, pod in sessions.inventory.agents.items() if pod.healthy and name in workers}
        if alive and {workers[name].subnet_key for name in alive} <= {home for _, home in pairs}:
            row = failed[0][0]
            detail = "Typha is not reached from other subnets, while calico-node is ready in its own"
            yield Fact("typha-unreachable-across-subnets", row.file, int(row.line), detail)


def _address(message: str) -> str:
    match = _ADDRESS.search(message)
    return match[1] if match else ""


def certificates(tables: Tables) -> Iterator[Fact]:
    """typha-tls-errors, api-tls-errors."""
    sessions = Sessions(tables)
    seen: dict[tuple[str, str], list[Any]] = {}
    for row in _lines(tables, _DISTRUST):
        if _of_typha(row) and not re.search(r"https?://", row.message):
            seen.setdefault(("typha-tls-errors", sessions.node_of(row)), []).append(row)
        elif _API.search(row.message):
            seen.setdefault(("api-tls-errors", sessions.node_of(row)), []).append(row)
    for (name, node), rows in seen.items():
        whose = "Typha's connection" if name.startswith("typha") else "the API server's connection"
        best = rows[0]
        reason = _DISTRUST.search(best.message)
        words = best.message[reason.start() : reason.start() + 110] if reason else ""
        detail = f"{whose} fails on {node or best.pod or 'a worker'}: {words}"
        yield Fact(name, best.file, int(best.line), detail, node, best.pod, places(rows[1:]))


CHECKS: tuple[Check, ...] = (pods, service, port, certificates)
