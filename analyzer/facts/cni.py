"""Cross-checks about the CNI configuration, the CNI plugin's credential and the IP pools.

============================================ ==============================================================
fact                                         what it means
============================================ ==============================================================
calico-node-ready-but-cni-uninitialized      the runtime has no network plugin though calico-node is ready
cni-uninitialized-and-calico-node-bad        the same with a calico-node that is not running: a consequence
sandbox-unauthorized-while-calico-node-healthy  sandboxes fail with Unauthorized, calico-node is healthy
install-cni-completed-everywhere             every install-cni container shown ended without an error
all-ippools-disabled                         IP pools are shown and every one is disabled
ippool-overlaps-workers                      an enabled pool contains the address of a worker
ippools-overlap                              two pools overlap, or a pool overlaps the service network
ippool-too-small                             the enabled pools have fewer blocks than there are workers
ippool-used-up                               `calicoctl ipam show` counts no free address in a pool
ippool-nearly-used-up                        `calicoctl ipam show` counts less than one free address in a hundred
ipam-mostly-leaked                           `calicoctl ipam check` counts more leaked addresses than used ones
ipam-blocks-overlap                          two address blocks of IPAM overlap
pods-outside-pools                           running pods have addresses that lie in none of the IP pools shown
pods-share-address                           pods on different workers have the same address
============================================ ==============================================================

Sources: runbook "Check If Worker Is Ready and Healthy", Reason 2; Calico IPPool reference (blockSize 26 and 122).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from analyzer.facts.fact import Check, Fact
from analyzer.facts.networks import Network, network_of
from analyzer.facts.observed import condition_rows, of_node_agent, once, places, truth
from analyzer.inventory import Inventory, PodState, text
from analyzer.tables import Tables
from parsers.lazy_pattern import lazy_pattern
from parsers.rows import LogLineRow

UNINITIALIZED = (
    "cni plugin not initialized",
    "cni config uninitialized",
    "no cni configuration file in",
    "networkpluginnotready",
)
_CREATED = lazy_pattern(r"Created default IPv[46] pool \((\S{1,60}?)\)")
MIN_REPEATS = 4  # a kubelet that has just started says it once or twice
MIN_LEAKED = 64  # a block; a few addresses of pods that just ended always wait for their return
MIN_READY_S = 120.0  # the runtime notices a new configuration within seconds


def uninitialized(tables: Tables) -> Iterator[Fact]:
    """calico-node-ready-but-cni-uninitialized, cni-uninitialized-and-calico-node-bad."""
    inventory = Inventory(tables)
    conditions = condition_rows(tables)
    said: dict[str, Any] = {
        node: row
        for node, row in conditions.items()
        if row.status == "False" and any(words in text(row.message).lower() for words in UNINITIALIZED)
    }
    said |= {node: row for node, row in _said_in_logs(tables, inventory).items() if node not in conditions}
    yield from _said_by_crictl(tables, inventory)
    for node, row in said.items():
        agent = inventory.agents.get(node)
        if agent is None or agent.healthy is None:
            continue
        place = (row.file, int(row.line))
        also = ((agent.file, agent.line),)
        if agent.healthy is False:
            detail = f"{node} has no network plugin because {agent.name} is not running"
            yield Fact("cni-uninitialized-and-calico-node-bad", *place, detail, node, agent.name, also)
        elif agent.running_s is None or agent.running_s >= MIN_READY_S:
            detail = f"{agent.name} is ready, yet {node} says that its network plugin is not initialised"
            yield Fact("calico-node-ready-but-cni-uninitialized", *place, detail, node, agent.name, also)


def _said_in_logs(tables: Tables, inventory: Inventory) -> dict[str, LogLineRow]:
    """Give, by worker that is listed as not Ready, the line in which its kubelet repeats that it has no plugin."""
    down = [name for name, worker in inventory.workers.items() if worker.ready == "False"]
    found: dict[str, LogLineRow] = {}
    for row in tables.rows.log_lines:
        if "node-cni-not-initialized" in row.message_ids and row.count >= MIN_REPEATS:
            node = row.node or (down[0] if len(down) == 1 else "")
            if node in down:
                found.setdefault(node, row)
    return found


def _said_by_crictl(tables: Tables, inventory: Inventory) -> Iterator[Fact]:
    """What ``crictl info`` says of the last attempt to read a configuration, where every calico-node is ready."""
    agents = [pod for pod in inventory.pods.values() if pod.is_node_agent]
    ready = [pod for pod in agents if pod.healthy and (pod.running_s or pod.age_s or MIN_READY_S) >= MIN_READY_S]
    if not agents or len(ready) < len(agents):
        return
    for row in tables.rows.log_lines:
        if "lastCNILoadStatus" in row.message and "cni config load failed" in row.message:
            detail = f"{agents[0].name} is ready, yet the runtime could load no network configuration"
            also = ((agents[0].file, agents[0].line),)
            name = "calico-node-ready-but-cni-uninitialized"
            yield Fact(name, row.file, int(row.line), detail, row.node, agents[0].name, also)
            return


def unauthorized_sandboxes(tables: Tables) -> Iterator[Fact]:
    """sandbox-unauthorized-while-calico-node-healthy."""
    inventory = Inventory(tables)
    events = [row for row in tables.rows.events if row.reason in ("FailedCreatePodSandBox", "FailedKillPod")]
    by_node: dict[str, list[Any]] = {}
    for row in once(events):
        words = text(row.message)
        of_calico = any(mark in words for mark in ("alico", "ClusterInformation", "k8s-pod-network"))
        if of_calico and (": Unauthorized" in words or "provide credentials" in words):
            node = text(row.node) or inventory.node_of(text(row.namespace), row.object)
            by_node.setdefault(node, []).append(row)
    agents = inventory.agents
    for node, rows in by_node.items():
        # a pod whose worker the bundle does not tell: all calico-nodes that are shown must be healthy
        judged = [agents[node]] if node in agents else list(agents.values())
        rows = [row for row in rows if not _over(row, judged)]
        if rows and judged and all(agent.healthy for agent in judged):
            detail = f"new sandboxes on {node or 'a worker'} fail with Unauthorized while calico-node is healthy"
            best = rows[0]
            yield Fact(
                "sandbox-unauthorized-while-calico-node-healthy",
                best.file,
                int(best.line),
                detail,
                node,
                also=places(rows[1:]),
            )


def _over(row: Any, agents: list[PodState]) -> bool:
    """Whether the event is older than the last start of calico-node, which renews the plugin's credential."""
    started = [
        agent.running_s if agent.running_s is not None else agent.last_restart_age_s or agent.age_s for agent in agents
    ]
    return row.age_s is not None and all(age is not None and row.age_s > age for age in started)


def install_completed(tables: Tables) -> Iterator[Fact]:
    """install-cni-completed-everywhere."""
    rows = [
        row
        for row in tables.rows.containers
        if row.init and row.container in ("install-cni", "cni") and of_node_agent(row.pod)
    ]
    if rows and all(row.state_reason == "Completed" or truth(row.ready) for row in rows):
        detail = f"install-cni ran to its end in {len({row.pod for row in rows})} pods"
        yield Fact("install-cni-completed-everywhere", rows[0].file, int(rows[0].line), detail)


class _Pool(Struct, frozen=True):
    name: str
    network: Network
    block_size: int
    disabled: bool
    row: Any


def _pools(tables: Tables) -> list[_Pool]:
    by_name: dict[str, dict[str, Any]] = {}
    for row in tables.rows.settings:
        if row.kind == "IPPool":
            by_name.setdefault(row.name, {})[row.key] = row
    found: list[_Pool] = []
    for name, by_key in sorted(by_name.items()):
        cidr = by_key.get("spec.cidr") or by_key.get("cidr")
        network = network_of(text(cidr.value)) if cidr else None
        if cidr is None or network is None:
            continue
        disabled = by_key.get("spec.disabled") or by_key.get("disabled")
        block = by_key.get("spec.blockSize")
        default = 26 if network.version == 4 else 122
        size = int(block.value) if block and text(block.value).isdigit() else default
        off = disabled is not None and text(disabled.value).lower() == "true"
        found.append(_Pool(name, network, size, off, disabled if off else cidr))
    return found or _created_pools(tables)


def _created_pools(tables: Tables) -> list[_Pool]:
    """Pools that calico-node says it created, where no IPPool object is shown."""
    found: list[_Pool] = []
    for row in tables.rows.log_lines:
        match = _CREATED.search(row.message)
        network = network_of(match[1]) if match else None
        if network:
            size = 26 if network.version == 4 else 122
            found.append(_Pool(f"default-ipv{network.version}-ippool", network, size, False, row))
    return list({pool.network: pool for pool in found}.values())


def _overlap(one: Network, other: Network) -> bool:
    return one.version == other.version and one.overlaps(other)


def pools(tables: Tables) -> Iterator[Fact]:
    """all-ippools-disabled, ippool-overlaps-workers, ippools-overlap, ippool-too-small."""
    found = _pools(tables)
    if not found:
        return
    if all(pool.disabled for pool in found):
        row = found[0].row
        also = tuple((pool.row.file, int(pool.row.line)) for pool in found[1:])
        yield Fact("all-ippools-disabled", row.file, int(row.line), "every IP pool is disabled", also=also)
    workers = _addresses(tables)
    services = _service_networks(tables)
    for position, pool in enumerate(found):
        place = (pool.row.file, int(pool.row.line))
        inside = [name for name, address in workers if not pool.disabled and address in pool.network]
        if inside:
            detail = f"the pool {pool.name} ({pool.network}) contains the address of {inside[0]}"
            yield Fact("ippool-overlaps-workers", *place, detail, inside[0])
        others = [(other.name, other.network) for other in found[position + 1 :]] + services
        for name, network in others:
            if _overlap(pool.network, network):
                yield Fact("ippools-overlap", *place, f"the pool {pool.name} ({pool.network}) overlaps {name}")
    yield from _too_small([pool for pool in found if not pool.disabled and pool.network.version == 4], len(workers))


def _too_small(found: list[_Pool], workers: int) -> Iterator[Fact]:
    blocks = sum(2 ** max(0, pool.block_size - pool.network.prefixlen) for pool in found)
    if found and workers >= 2 and blocks < workers:
        row = found[0].row
        detail = f"the enabled pools have {blocks} blocks for {workers} workers"
        yield Fact("ippool-too-small", row.file, int(row.line), detail)


def _addresses(tables: Tables) -> list[tuple[str, ipaddress.IPv4Address | ipaddress.IPv6Address]]:
    found = []
    for name, worker in Inventory(tables).workers.items():
        for shown in worker.addresses[:1]:
            try:
                found.append((name, ipaddress.ip_address(shown)))
            except ValueError:
                continue
    return found


def _service_networks(tables: Tables) -> list[tuple[str, Network]]:
    found = []
    for row in tables.rows.settings:
        if row.key.rpartition(".")[2] in ("serviceNetwork", "serviceSubnet", "serviceCIDR", "service-cluster-ip-range"):
            network = network_of(text(row.value))
            if network:
                found.append(("the service network", network))
    return found


def used_up(tables: Tables) -> Iterator[Fact]:
    """ippool-used-up, ippool-nearly-used-up."""
    totals: dict[tuple[str, str], int] = {}
    for row in tables.rows.settings:
        if row.kind != "IPAM" or not text(row.value).isdigit():
            continue
        if row.key == "ip-pool.total":
            totals[(row.file, row.name)] = int(row.value)
        elif row.key == "ip-pool.free" and row.value == "0":
            yield Fact("ippool-used-up", row.file, int(row.line), f"the pool {row.name} has no free address")
        elif row.key == "ip-pool.free" and int(row.value) * 100 < totals.get((row.file, row.name), 0):
            detail = f"the pool {row.name} has {row.value} free addresses of {totals[(row.file, row.name)]}"
            yield Fact("ippool-nearly-used-up", row.file, int(row.line), detail)


def leaked(tables: Tables) -> Iterator[Fact]:
    """ipam-mostly-leaked."""
    counts: dict[str, dict[str, Any]] = {}
    for row in tables.rows.settings:
        if row.kind == "IPAM" and row.name == "check":
            counts.setdefault(row.file, {})[row.key] = row
    for found in counts.values():
        lost, used = found.get("leaked"), found.get("in-use")
        if lost is not None and used is not None and int(lost.value) >= max(MIN_LEAKED, int(used.value)):
            detail = f"{lost.value} addresses are allocated and used by nobody, {used.value} are used"
            yield Fact("ipam-mostly-leaked", lost.file, int(lost.line), detail, also=((used.file, int(used.line)),))


def blocks(tables: Tables) -> Iterator[Fact]:
    """ipam-blocks-overlap."""
    networks: dict[Network, Any] = {}
    for row in tables.rows.settings:
        of_block = row.kind == "IPAM" and (row.key.endswith("affinity") or row.key == "block.total")
        network = network_of(row.name) if of_block else None
        if network is not None:
            networks.setdefault(network, row)
    last: tuple[Network, Any] | None = None
    for network in sorted(networks, key=lambda item: (item.version, int(item.network_address), item.prefixlen)):
        if last is not None and _overlap(last[0], network):
            row, other = networks[network], last[1]
            detail = f"the block {network} lies in {last[0]}"
            yield Fact("ipam-blocks-overlap", row.file, int(row.line), detail, also=((other.file, int(other.line)),))
        else:
            last = (network, networks[network])


def outside(tables: Tables) -> Iterator[Fact]:
    """pods-outside-pools: only where IPPool objects or their list are shown; a log may tell of one pool of several."""
    networks = [pool.network for pool in _pools(tables) if getattr(pool.row, "kind", "") == "IPPool"]
    of_hosts = {address for worker in Inventory(tables).workers.values() for address in worker.addresses}
    of_hosts |= {row.ip for row in tables.rows.pods if of_node_agent(row.pod)}
    strangers = []
    for row in tables.rows.pods:
        address = network_of(row.ip) if row.ip and row.phase == "Running" and row.ip not in of_hosts else None
        same = [network for network in networks if address is not None and network.version == address.version]
        if address is not None and same and not any(_overlap(network, address) for network in same):
            strangers.append(row)
    known = {row.ip: row.node for row in strangers}
    on_several = len(known) >= 2 and len({row.ip for row in tables.rows.pods}) > len(known)
    if on_several and not _host_network(strangers):
        first, *rest = strangers
        detail = f"{first.pod} has {first.ip}, which lies in none of the pools {', '.join(map(str, networks[:4]))}"
        yield Fact("pods-outside-pools", first.file, int(first.line), detail, first.node, also=places(rest[:4]))


def _host_network(rows: list[Any]) -> bool:
    """Whether the pods of each worker have one address, as pods on the host's network do."""
    by_node: dict[str, set[str]] = {}
    for row in rows:
        by_node.setdefault(row.node, set()).add(row.ip)
    return all(len(addresses) == 1 for addresses in by_node.values())


def shared_addresses(tables: Tables) -> Iterator[Fact]:
    """pods-share-address: within one file, so that an address that moved on is not taken for one given twice."""
    of_hosts = {address for worker in Inventory(tables).workers.values() for address in worker.addresses}
    of_hosts |= {row.ip for row in tables.rows.pods if of_node_agent(row.pod)}
    by_address: dict[tuple[str, str], list[Any]] = {}
    for row in tables.rows.pods:
        if row.ip and row.node and row.phase == "Running" and not row.deleted and row.ip not in of_hosts:
            by_address.setdefault((row.file, row.ip), []).append(row)
    for (file, address), rows in by_address.items():
        others = [row for row in rows if row.node != rows[0].node]
        if others:
            first = rows[0]
            detail = f"{first.pod} on {first.node} and {others[0].pod} on {others[0].node} both have {address}"
            yield Fact("pods-share-address", file, int(first.line), detail, also=places(others))


CHECKS: tuple[Check, ...] = (
    uninitialized, unauthorized_sandboxes, install_completed, pools, used_up, leaked, blocks, outside,
    shared_addresses,
)  # fmt: skip
