"""Cross-checks about the way to the Kubernetes API, and about logs that could not be fetched.

==================================== ======================================================================
fact                                 what it means
==================================== ======================================================================
kubelet-ready-while-calico-loses-api calico on a worker gets no connection to the API, its kubelet does
several-nodes-lose-api               calico gets no connection to the API on two or more workers
one-node-loses-api                   calico of one worker has trouble with the API, that of other workers has not
api-errors-on-several-nodes          calico of two or more workers gets errors of the API's own datastore
status-write-times-out-reads-work    calico-node reads from the API, but setting its worker's status times out
master-proxy-refused                 172.20.0.1:2040 fails on exactly one worker
master-proxy-pod-bad                 the ibm-master-proxy pod of a worker is not ready, most others are
not-an-ibm-cluster                   the bundle shows that the cluster is not IKS or ROKS
logs-unreadable-from-ready-workers   logs of two or more Ready workers could not be fetched
logs-unreadable-from-some-workers    the same, while the log of another worker could be fetched
api-endpoint-not-a-worker            the API's service leads to an address that no worker has, though workers run it
logs-unreadable-from-lost-worker     a log could not be fetched, and its worker is not Ready
kubelet-port-unreachable-on-one      logs of one worker could not be fetched, those of others could
every-log-is-a-kubectl-error         every log file (two or more) holds only such an error
daemonset-not-found-answer           the API answered that the calico-node daemonset does not exist
log-waits-for-image                  a calico log could not be fetched because its container waits for its image
tunnel-pods-bad                      pods of the master's tunnel are shown and none of them is ready
calico-versions-differ               calico components of different minor releases run side by side
calico-too-old-for-kubernetes        this Calico needs APIs that this Kubernetes version no longer has
tls-fails-on-some-workers            certificates are refused on some workers, calico is fine on others
==================================== ======================================================================

Lines of a start, a stop or a time long over (``analyzer.period``) do not count. Sources: IBM docs on the master
proxy (172.20.0.1, port 2040) and the tunnel; Kubernetes deprecation guide (discovery/v1beta1 and policy/v1beta1
are gone in 1.25, CRD v1beta1 in 1.22); Calico requirements pages.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from msgspec import Struct

from analyzer.cluster import describe_cluster
from analyzer.facts.fact import Check, Fact
from analyzer.facts.observed import condition_rows, occurrences, of_calico, of_node_agent, places, shown
from analyzer.inventory import Inventory, text
from analyzer.period import current_lines
from analyzer.tables import Tables
from parsers.lazy_pattern import lazy_pattern

CONNECT = {"api-connect-timeout", "api-connect-refused", "api-no-route"}
PROXY = {"err-master-proxy", "master-proxy-connect"}
SERVER = {"err-etcd-timeout", "etcd-trouble", "err-503", "api-5xx", "err-429"}
REFUSED_CERTIFICATE = {"err-x509-expired", "err-x509-unknown", "err-x509-name", "x509-other"}
NOT_FETCHED = {"kubectl-no-kubelet", "err-dialing-backend", "err-no-agent", "tunnel-proxy-error"}
MIN_HELD = 5
RETURNS = 3  # times that a kubelet sets its worker to ready again
TUNNEL_PODS = ("konnectivity-agent", "vpn-")
#: Kubernetes minor release -> oldest Calico 3.x that works without the APIs dropped in it
NEEDS_CALICO = ((25, 23), (22, 18))
_KUBELET_ADDRESS = lazy_pattern(r"(?:https://|dial(?:ing)? (?:tcp )?)\[?([0-9a-fA-F.:]{3,45}?)\]?:10250\b")
_NO_WAY = lazy_pattern(
    r"containerLogs|dialing backend|No agent available|proxy error from|:10250\b|dial timeout, backstop", re.IGNORECASE
)
_TUNNEL = lazy_pattern(r"No agent available|proxy error from", re.IGNORECASE)
_NO_DAEMONSET = lazy_pattern(r'daemonsets?(?:\.\w{1,20}){0,2} "calico-node" not found', re.IGNORECASE)
_ENDPOINT = lazy_pattern(r"(?<![\d.])(\d{1,3}(?:\.\d{1,3}){3})(?![\d.])")
NAT_OF_VIRTUALBOX = "10.0.2.15"  # every virtual machine has it
_VERSION = lazy_pattern(r"v?(\d{1,3})\.(\d{1,3})(?:\.\d|\b)")


def _rows(tables: Tables, inventory: Inventory, ids: set[str]) -> dict[str, list[Any]]:
    """Current log lines with one of the message ids, by worker (by pod where the worker is unknown)."""
    found: dict[str, list[Any]] = {}
    for row in _current(tables, inventory):
        if ids.intersection(row.message_ids):
            where = text(row.node) or inventory.node_of(text(row.namespace), row.pod) or row.pod or row.file
            found.setdefault(where, []).append(row)
    return found


def _current(tables: Tables, inventory: Inventory) -> list[Any]:
    """Calico's log lines that carry a message id and are not over; looked up once a bundle."""
    known = tables.memo.get("current-calico-lines")
    if known is None:
        known = [
            row for row in current_lines(tables, inventory) if row.message_ids and (of_calico(row.pod) or not row.pod)
        ]
        tables.memo["current-calico-lines"] = known
    return list(known)


def _logged_nodes(tables: Tables, inventory: Inventory) -> set[str]:
    """Workers (or pods) of which a calico-node log is in the bundle."""
    found: set[str] = set()
    for row in tables.rows.files:
        if row.kind == "log" and of_node_agent(row.pod) and row.lines > 3:
            found.add(text(row.node) or inventory.node_of(text(row.namespace), row.pod) or row.pod)
    return found


def api(tables: Tables) -> Iterator[Fact]:
    """kubelet-ready-while-calico-loses-api, several-, one-node-loses-api, api-errors-on-several-nodes."""
    inventory = Inventory(tables)
    away = _rows(tables, inventory, CONNECT | PROXY)
    failing = _rows(tables, inventory, SERVER)
    conditions = condition_rows(tables)
    for node, rows in away.items():
        condition = conditions.get(node)
        worker = inventory.workers.get(node)
        connected = condition.status in ("True", "False") if condition else bool(worker and worker.ready == "True")
        if connected:
            detail = f"the kubelet of {node} reaches the master, calico on it does not"
            yield _fact("kubelet-ready-while-calico-loses-api", rows, detail, node)
    if len(away) >= 2:
        rows = [found[0] for found in away.values()]
        yield _fact("several-nodes-lose-api", rows, f"calico loses the API on {shown(away)}")
    if len(failing) >= 2:
        rows = [found[0] for found in failing.values()]
        yield _fact("api-errors-on-several-nodes", rows, f"calico gets errors of the API on {shown(failing)}")
    touched = set(away) | set(failing)
    calm = _logged_nodes(tables, inventory) - touched
    if len(touched) == 1 and calm:
        node, rows = next(iter({**failing, **away}.items()))
        yield _fact("one-node-loses-api", rows, f"only {node} has trouble with the API, {shown(calm)} has not", node)


def blocked_writes(tables: Tables) -> Iterator[Fact]:
    """status-write-times-out-reads-work: the API server holds the call up, as a slow admission webhook does.

    Source: IBM docs, "calico-node" troubleshooting on ROKS VPC (the call gives up after its own 2 s).
    """
    inventory = Inventory(tables)
    held: dict[str, list[Any]] = {}
    for where, rows in _rows(tables, inventory, {"cond-set-retry", "cond-set-failed"}).items():
        late = [row for row in rows if "Client.Timeout" in row.message or "context deadline" in row.message]
        if sum(int(row.count) for row in late) >= MIN_HELD:
            held[where] = late
    away = _rows(tables, inventory, CONNECT | PROXY | SERVER)
    verified = {row.pod for row in tables.rows.log_lines if "startup-datastore-verified" in row.message_ids}
    for where, rows in held.items():
        if where not in away and rows[0].pod in verified:
            detail = f"calico-node on {where} reads from the API, but setting the worker's status times out"
            yield _fact("status-write-times-out-reads-work", rows, detail, where)


def _fact(name: str, rows: list[Any], detail: str, node: str = "") -> Fact:
    best = rows[0]
    return Fact(name, best.file, int(best.line), detail, node, best.pod, also=places(rows[1:]))


def endpoint(tables: Tables) -> Iterator[Fact]:
    """api-endpoint-not-a-worker: every API server of a cluster that hosts its own announces its machine's address."""
    inventory = Inventory(tables)
    known = {address for worker in inventory.workers.values() for address in worker.addresses}
    self_hosted = any(row.pod.startswith("kube-apiserver-") for row in tables.rows.pods) or any(
        "control-plane" in worker.facts.get("roles", "") or "master" in worker.facts.get("roles", "")
        for worker in inventory.workers.values()
    )
    for row in tables.rows.settings:
        if row.kind not in ("Endpoints", "EndpointSlice") or row.name != "kubernetes":
            continue
        for address in _ENDPOINT.findall(text(row.value)):
            if known and address not in known and (self_hosted or address == NAT_OF_VIRTUALBOX):
                detail = f"the service of the API leads to {address}, which is the address of no worker"
                yield Fact("api-endpoint-not-a-worker", row.file, int(row.line), detail)
                return


def master_proxy(tables: Tables) -> Iterator[Fact]:
    """master-proxy-refused, master-proxy-pod-bad, not-an-ibm-cluster."""
    inventory = Inventory(tables)
    refused = _rows(tables, inventory, PROXY)
    others = set(_rows(tables, inventory, CONNECT)) - set(refused)
    bad = {name for name in inventory.workers if inventory.is_bad(name)}
    bad |= {row.object for row in tables.rows.events if row.reason == "NodeNotReady" and int(row.count) > 2}
    # timeouts of the one worker in a bundle say nothing of others, and what comes back by itself is not down
    compared = len(set(inventory.workers) | set(inventory.agents)) >= 2
    compared = compared or any("err-master-proxy" in row.message_ids for rows in refused.values() for row in rows)
    returns = occurrences(row for row in tables.rows.log_lines if "kubelet-became-ready" in row.message_ids) >= RETURNS
    if len(refused) == 1 and compared and not returns and not others and not bad - set(refused):
        node, rows = next(iter(refused.items()))
        detail = f"the master proxy of {node} does not answer; no other worker shows this"
        yield _fact("master-proxy-refused", rows, detail, node)
    proxies = [pod for pod in inventory.pods.values() if pod.name.startswith("ibm-master-proxy-")]
    dead = [pod for pod in proxies if pod.healthy is False]
    if dead and (len(proxies) == 1 or len(dead) <= len(proxies) / 2):
        for pod in dead[:8]:
            detail = f"{pod.name} is not ready ({pod.status or 'no status shown'})"
            node = pod.node or pod.name.removeprefix("ibm-master-proxy-static-")
            yield Fact("master-proxy-pod-bad", pod.file, pod.line, detail, node, pod.name)
    if describe_cluster(tables, inventory).platform == "other" and inventory.workers:
        worker = next(iter(inventory.workers.values()))
        yield Fact("not-an-ibm-cluster", worker.file, worker.line, "the workers bear no sign of IKS or ROKS")


class _Unfetched(Struct, frozen=True):
    """A file (or line) that holds an error of kubectl in place of what was asked for."""

    file: str
    line: int
    words: str
    pod: str
    node: str


def _unfetched(tables: Tables, inventory: Inventory) -> list[_Unfetched]:
    found = []
    for row in tables.rows.files:
        words = tables.facts_of_files.get(row.path, {}).get("error", "")
        if words:
            node = row.node or inventory.node_of(row.namespace, row.pod)
            found.append(_Unfetched(row.path, 1, words, row.pod, node))
    files = {item.file for item in found}
    for line in tables.rows.log_lines:
        if NOT_FETCHED.intersection(line.message_ids) and line.file not in files:
            node = line.node or inventory.node_of(line.namespace, line.pod)
            found.append(_Unfetched(line.file, line.line, line.raw or line.message, line.pod, node))
    return found


def lost_logs(tables: Tables) -> Iterator[Fact]:
    """The facts about logs that hold an error of kubectl in place of a log."""
    inventory = Inventory(tables)
    errors = _unfetched(tables, inventory)
    yield from _answers(errors)
    by_node: dict[str, list[_Unfetched]] = {}
    for item in errors:
        if _NO_WAY.search(item.words):
            address = _KUBELET_ADDRESS.search(item.words)
            named = inventory.by_address.get(address[1], address[1]) if address else ""
            by_node.setdefault(named or item.node or item.pod or item.file, []).append(item)
    ready = {name: inventory.workers[name].ready for name in by_node if name in inventory.workers}
    alive = [node for node, state in ready.items() if state == "True"]
    if len(alive) >= 2:
        items = [by_node[node][0] for node in alive]
        detail = f"logs of {shown(alive)} could not be fetched although these workers are Ready"
        others = _logged_nodes(tables, inventory) & set(inventory.workers) - set(by_node)
        by_tunnel = any(_TUNNEL.search(item.words) for item in items)
        name = "logs-unreadable-from-some-workers" if others and not by_tunnel else "logs-unreadable-from-ready-workers"
        yield _fact(name, items, detail)
    for node, state in ready.items():
        if state in ("False", "Unknown"):
            detail = f"the log could not be fetched and {node} is not Ready"
            yield _fact("logs-unreadable-from-lost-worker", by_node[node], detail, node)
    if len(by_node) == 1 and _logged_nodes(tables, inventory) - set(by_node):
        node, items = next(iter(by_node.items()))
        yield _fact("kubelet-port-unreachable-on-one", items, f"only the log of {node} could not be fetched", node)
    yield from _no_log_at_all(tables, [item for items in by_node.values() for item in items])


def _answers(errors: list[_Unfetched]) -> Iterator[Fact]:
    for item in errors:
        if _NO_DAEMONSET.search(item.words):
            detail = "the API answers that the daemonset calico-node does not exist"
            yield Fact("daemonset-not-found-answer", item.file, item.line, detail)
        elif "to pull image" in item.words or "image can't be pulled" in item.words:
            detail = f"{item.pod or 'a calico container'} has no log: it waits for its image"
            yield Fact("log-waits-for-image", item.file, item.line, detail, item.node, item.pod)


def _no_log_at_all(tables: Tables, errors: list[_Unfetched]) -> Iterator[Fact]:
    failed = {item.file for item in errors}
    whole = [row.path for row in tables.rows.files if row.kind == "log" and row.path not in failed]
    if len(failed) >= 2 and not whole:
        yield _fact("every-log-is-a-kubectl-error", errors, f"none of the {len(failed)} log files holds a log")


def tunnel(tables: Tables) -> Iterator[Fact]:
    """tunnel-pods-bad."""
    pods = [pod for pod in Inventory(tables).pods.values() if pod.name.startswith(TUNNEL_PODS)]
    judged = [pod for pod in pods if pod.healthy is not None and pod.namespace in ("kube-system", "")]
    if judged and not any(pod.healthy for pod in judged):
        detail = f"none of the tunnel's pods is ready: {shown(pod.name for pod in judged)}"
        first = judged[0]
        yield Fact("tunnel-pods-bad", first.file, first.line, detail, first.node, first.name)


def _minor(version: str) -> tuple[int, int] | None:
    match = _VERSION.match(version)
    return (int(match[1]), int(match[2])) if match else None


def versions(tables: Tables) -> Iterator[Fact]:
    """calico-versions-differ, calico-too-old-for-kubernetes."""
    found: dict[tuple[int, int], Any] = {}
    for row in tables.rows.containers:
        known = _minor(text(row.version)) if of_calico(row.pod) and not row.pod.startswith("tigera-") else None
        if known and known[0] == 3 and "calico" in row.image:
            found.setdefault(known, row)
    if len(found) >= 2:
        names = [f"{row.pod}/{row.container} {row.version}" for row in found.values()]
        rows = list(found.values())
        yield _fact("calico-versions-differ", rows, f"different releases run: {shown(names)}")
    kubernetes = _newest(text(row.kubelet_version) for row in tables.rows.nodes)
    if not found or not kubernetes:
        return
    oldest = min(found)
    for release, needed in NEEDS_CALICO:
        if kubernetes >= (1, release) and oldest < (3, needed):
            row = found[oldest]
            detail = f"Calico {row.version} runs on Kubernetes {kubernetes[0]}.{kubernetes[1]}, which needs 3.{needed}"
            yield Fact("calico-too-old-for-kubernetes", row.file, int(row.line), detail, pod=row.pod)
            return


def _newest(shown_versions: Iterable[str]) -> tuple[int, int] | None:
    return max((minor for version in shown_versions if (minor := _minor(version))), default=None)


def tls(tables: Tables) -> Iterator[Fact]:
    """tls-fails-on-some-workers."""
    inventory = Inventory(tables)
    refused = _rows(tables, inventory, REFUSED_CERTIFICATE)
    fine = {node for node, agent in inventory.agents.items() if agent.healthy} - set(refused)
    if refused and fine:
        rows = [found[0] for found in refused.values()]
        detail = f"certificates are refused on {shown(refused)}, while calico is fine on {shown(fine)}"
        yield _fact("tls-fails-on-some-workers", rows, detail)


CHECKS: tuple[Check, ...] = (api, endpoint, blocked_writes, master_proxy, lost_logs, tunnel, versions, tls)
