"""Cross-checks about WireGuard between the workers.

======================= =======================================================================================
fact                    what it means
======================= =======================================================================================
wireguard-half-set-up   a node has published a WireGuard key and no address for the device, while others have both
wireguard-no-address    the device wireguard.cali is up on a worker and has no address, while others have one
wireguard-same-key      two nodes have the same WireGuard key: one of them was cloned
======================= =======================================================================================

Sources: Calico's Node resource (spec.wireguard, status.wireguardPublicKey) and the annotations it is kept in.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from analyzer.facts.fact import Check, Fact
from analyzer.facts.observed import node_rows
from analyzer.inventory import text
from analyzer.tables import Tables

_KEY = ("projectcalico.org/WireguardPublicKey", "projectcalico.org/IPv4WireguardPublicKey")
_ADDRESS = "projectcalico.org/IPv4WireguardInterfaceAddr"
Place = tuple[str, int]


def nodes(tables: Tables) -> Iterator[Fact]:
    """wireguard-half-set-up, wireguard-same-key."""
    keys: dict[str, tuple[str, Place]] = {}
    addresses: dict[str, tuple[str, Place]] = {}
    for row in tables.rows.settings:
        if row.kind == "CalicoNode" and row.value:
            if row.key == "status.wireguardPublicKey":
                keys[row.name] = (text(row.value), (row.file, int(row.line)))
            elif row.key == "spec.wireguard.interfaceIPv4Address":
                addresses[row.name] = (text(row.value), (row.file, int(row.line)))
    for name, node in node_rows(tables).items():
        known: dict[str, Any] = node.annotations or {}
        key = next((known[item] for item in _KEY if known.get(item)), "")
        if key:
            keys.setdefault(name, (text(key), (node.file, int(node.line))))
        if known.get(_ADDRESS):
            addresses.setdefault(name, (text(known[_ADDRESS]), (node.file, int(node.line))))
    whole = [name for name in keys if name in addresses]
    for name, (_, place) in keys.items():
        if whole and name not in addresses:
            detail = f"{name} has a WireGuard key and no address for its device; {whole[0]} has both"
            yield Fact("wireguard-half-set-up", *place, detail, name, also=(addresses[whole[0]][1],))
    owners: dict[str, str] = {}
    for name, (key, place) in keys.items():
        other = owners.setdefault(key, name)
        if other != name:
            detail = f"{name} and {other} have the same WireGuard key"
            yield Fact("wireguard-same-key", *place, detail, name, also=(keys[other][1],))


def devices(tables: Tables) -> Iterator[Fact]:
    """wireguard-no-address."""
    for device in ("wireguard.cali", "wg-v6.cali"):
        shown = [row for row in tables.rows.settings if row.kind == "Link" and row.key == f"{device}.address"]
        having = [row for row in shown if row.value != "none"]
        for row in shown:
            if row.value == "none" and having:
                detail = f"{device} is up without an address; elsewhere it has {having[0].value}"
                also = ((having[0].file, int(having[0].line)),)
                yield Fact("wireguard-no-address", row.file, int(row.line), detail, text(row.name), also=also)


CHECKS: tuple[Check, ...] = (nodes, devices)
