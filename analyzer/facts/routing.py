"""Cross-checks about what leads packets past Calico's routes on a worker: rules of ``ip rule``, answers of the kernel.

====================== ==========================================================================================
fact                   what it means
====================== ==========================================================================================
pods-routed-elsewhere  ``ip route get`` of a pod's address names another interface than Calico's route to it does
rules-pass-calico-by   a rule before the main table sends all traffic, or that of the worker's own address, to another
                       table, which has none of Calico's routes
====================== ==========================================================================================

Rules for marked packets and tables that hold Calico's routes as well take nothing away. Sources: iproute2 ip-rule(8);
RKE2's known issues (NetworkManager's nm-cloud-setup); Tailscale, strongSwan and Netbird keep such tables.
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any

from msgspec import Struct, field

from analyzer.facts.fact import Check, Fact
from analyzer.facts.networks import Network, network_of
from analyzer.inventory import Inventory, text
from analyzer.tables import Tables
from parsers.lazy_pattern import lazy_pattern

_OURS = lazy_pattern(r"cali[0-9a-f]{4,11}|tunl0|vxlan(?:-v6)?\.calico|wireguard\.cali|wg-v6\.cali|bpf(?:in|out)\.cali")
_RULE = lazy_pattern(r"from (\S+) (?:lookup|table) (\S+)(?: proto \S+)?")
_KNOWN = frozenset({"local", "main", "default", "255", "254", "253"})
_MAIN = ("", "main", "254")
_LAST = 32766  # the preference of the main table
Address = IPv4Address | IPv6Address


class _Host(Struct):
    """Routes and rules of one worker, or of one file where nothing names the worker."""

    calico: list[tuple[Network, Any]] = field(default_factory=list)  # Calico's, in the main table
    tables: dict[str, list[Any]] = field(default_factory=dict)  # routes of other tables
    asked: list[Any] = field(default_factory=list)
    connected: list[Network] = field(default_factory=list)
    rules: list[Any] = field(default_factory=list)


def _address(word: str) -> Address | None:
    try:
        return ip_address(word)
    except ValueError:
        return None


def _hosts(tables: Tables) -> dict[str, _Host]:
    hosts: dict[str, _Host] = {}
    for row in tables.rows.routes:
        host = hosts.setdefault(row.node or row.file, _Host())
        network = network_of(row.destination)
        if row.asked:
            host.asked.append(row)
        elif row.table not in _MAIN:
            host.tables.setdefault(row.table, []).append(row)
        elif network is not None and not row.unreachable and (_OURS.fullmatch(row.device) or row.proto == "bird"):
            host.calico.append((network, row))
        elif network is not None and row.proto == "kernel":
            host.connected.append(network)
    for setting in tables.rows.settings:
        if setting.kind == "RoutingRule":
            hosts.setdefault(text(setting.name) or setting.file, _Host()).rules.append(setting)
    return hosts


def answers(tables: Tables) -> Iterator[Fact]:
    """pods-routed-elsewhere."""
    pods = {text(row.ip) for row in tables.rows.pods if text(row.ip)} - set(Inventory(tables).by_address)
    for host in _hosts(tables).values():
        for row in host.asked:
            address = _address(row.destination)
            if address is None or not row.device or _OURS.fullmatch(row.device) or row.device == "lo":
                continue
            ways = [item for item in host.calico if address in item[0]]
            if ways:
                _, way = max(ways, key=lambda item: item[0].prefixlen)
                if way.device != row.device:
                    detail = f"the kernel sends packets to {address} over {row.device}, the route says {way.device}"
                    also = ((way.file, int(way.line)),)
                    yield Fact("pods-routed-elsewhere", row.file, int(row.line), detail, row.node, also=also)
            elif str(address) in pods and row.table not in _MAIN:
                detail = f"the kernel sends packets to the pod {address} by table {row.table} over {row.device}"
                yield Fact("pods-routed-elsewhere", row.file, int(row.line), detail, row.node)


def rules(tables: Tables) -> Iterator[Fact]:
    """rules-pass-calico-by."""
    if not Inventory(tables).agents:
        return
    own = {address for known in Inventory(tables).by_address if (address := _address(known)) is not None}
    for host in _hosts(tables).values():
        for row in host.rules:
            match = _RULE.fullmatch(row.value)
            if match is None or not row.key.isdigit() or int(row.key) >= _LAST or match[2] in _KNOWN:
                continue
            routes = host.tables.get(match[2])
            if match[1] == "all":
                taken = bool(routes) and any(_takes(item, host) for item in routes or ())
            else:
                taken = _is_own(match[1], own, host) and (routes is None or any(_takes(item, host) for item in routes))
            if taken and not any(_OURS.fullmatch(item.device) for item in routes or ()):
                whose = "all traffic" if match[1] == "all" else f"what comes from {match[1]}"
                detail = f"rule {row.key} sends {whose} to table {match[2]}, past Calico's routes in the main table"
                also = tuple((item.file, int(item.line)) for item in (routes or ())[:2])
                yield Fact("rules-pass-calico-by", row.file, int(row.line), detail, text(row.name), also=also)


def _takes(route: Any, host: _Host) -> bool:
    """Whether a route of another table is one for pods as well: the default, or one over a range of Calico's routes."""
    if route.unreachable:
        return False
    if route.destination == "default":
        return True
    network = network_of(route.destination)
    return network is not None and any(network.overlaps(item) for item, _ in host.calico)


def _is_own(word: str, own: set[Address], host: _Host) -> bool:
    """Whether a rule's source is an address of a worker; without a list of workers one of a connected network."""
    address = _address(word.removesuffix("/32").removesuffix("/128"))
    if address is None:
        return False
    return address in own if own else any(address in network for network in host.connected)


CHECKS: tuple[Check, ...] = (answers, rules)
