"""Cross-checks about pools and the addresses of services.

============================= ==================================================================================
fact                          what it means
============================= ==================================================================================
pool-contains-service-address a pool contains the ClusterIP of a service, or the range that services get theirs from
pod-has-service-address       a pod has the same address as a service
pool-overlaps-host-network    a pool overlaps a network that a worker is connected to by an interface of its own
============================= ==================================================================================

kube-proxy answers for a ClusterIP on every worker (in IPVS mode it is an address of each of them), so a pod with it
cannot be reached. Source: Kubernetes' documentation (pod and service ranges must not overlap).
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network, ip_address
from typing import Any

from analyzer.facts.fact import Check, Fact
from analyzer.facts.networks import network_of
from analyzer.inventory import text
from analyzer.tables import Tables
from parsers.lazy_pattern import lazy_pattern

_RANGE = lazy_pattern(r"(?i)service[\w-]{0,24}[\"']?[:= ]{1,3}[\"']?(\d{1,3}(?:\.\d{1,3}){3}/\d{1,2})")
_OF_PLUGIN = lazy_pattern(r"cali|tunl|vxlan|wireguard|wg-v6|cni\d|cbr\d|flannel|cilium|weave|kube-|lo$|^$")
_CLUSTER_IP = ("cluster-ip", "spec.clusterIP", "clusterip")


def _network(words: str) -> IPv4Network | None:
    found = network_of(words)
    return found if isinstance(found, IPv4Network) else None


def _cluster_ips(tables: Tables) -> dict[IPv4Address, Any]:
    found: dict[IPv4Address, Any] = {}
    for row in tables.rows.settings:
        if row.kind == "Service" and row.key in _CLUSTER_IP:
            try:
                address = ip_address(text(row.value))
            except ValueError:
                continue
            if isinstance(address, IPv4Address):
                found.setdefault(address, row)
    return found


def pools(tables: Tables) -> Iterator[Fact]:
    """pool-contains-service-address."""
    services = _cluster_ips(tables)
    ranges = [
        (network, row)
        for row in tables.rows.log_lines
        if "service-range-said" in row.message_ids
        and (match := _RANGE.search(row.message))
        and (network := _network(match[1])) is not None
    ]
    for row in tables.rows.settings:
        if row.kind != "IPPool" or row.key not in ("cidr", "spec.cidr"):
            continue
        pool = _network(text(row.value))
        if pool is None:
            continue
        inside = [(str(address), place) for address, place in services.items() if address in pool]
        said = [(str(network), place) for network, place in ranges if network.overlaps(pool)]
        if found := said + inside:
            detail = f"the pool {row.name} ({pool}) contains {found[0][0]} of the services"
            also = tuple((place.file, int(place.line)) for _, place in (said[:1] + inside[:2]))
            yield Fact("pool-contains-service-address", row.file, int(row.line), detail, also=also)


def pods(tables: Tables) -> Iterator[Fact]:
    """pod-has-service-address."""
    services = {str(address): row for address, row in _cluster_ips(tables).items()}
    for row in tables.rows.pods:
        if (known := services.get(text(row.ip))) is not None:
            detail = f"the pod {row.pod} has the address {row.ip} of the service {known.name}"
            also = ((known.file, int(known.line)),)
            yield Fact("pod-has-service-address", row.file, int(row.line), detail, row.node, row.pod, also)
            return


def connected(tables: Tables) -> Iterator[Fact]:
    """pool-overlaps-host-network: by routes of the kernel itself, but over devices of network plugins."""
    ranges = [
        (network, row)
        for row in tables.rows.settings
        if row.kind == "IPPool" and row.key in ("cidr", "spec.cidr") and (network := _network(text(row.value)))
    ]
    for route in tables.rows.routes if ranges else ():
        if route.proto != "kernel" or route.unreachable or route.asked or _OF_PLUGIN.match(route.device):
            continue
        network = _network(route.destination)
        for pool, row in ranges:
            if network is not None and network.prefixlen < 32 and network.overlaps(pool):
                detail = f"the pool {row.name} ({pool}) overlaps {network}, which {route.device} is connected to"
                also = ((row.file, int(row.line)),)
                yield Fact("pool-overlaps-host-network", route.file, int(route.line), detail, route.node, also=also)
                return


CHECKS: tuple[Check, ...] = (pools, pods, connected)
