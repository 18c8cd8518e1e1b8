"""Cross-checks about the network between workers, as connections and captures of any program tell it.

======================= ======================================================================================
fact                    what it means
======================= ======================================================================================
timeouts-across-subnets connections from workers to workers time out, each between two subnets, none within one
tunnel-one-way          a capture shows tunnel packets from one worker to another, and none come back
tunnel-one-way-across   the same between workers of two subnets
address-of-two-machines two network cards answer for one address
======================= ======================================================================================

Source: tcpdump's notation of IP in IP and VXLAN; errors of Go's net package.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from analyzer.facts.fact import Check, Fact
from analyzer.facts.observed import places, shown
from analyzer.facts.sessions import Sessions
from analyzer.inventory import text
from analyzer.tables import Tables
from parsers.lazy_pattern import lazy_pattern

LEAST = 2
PACKETS = 3
#: of tunnels from workers to servers (RKE2, konnectivity): closed alone, they are no sign of the network's
TUNNEL_PORTS = ("9345", "8132", "8091")
_FAILED = lazy_pattern(
    r"\bdial tcp (?:\[?[0-9A-Fa-f.:]+\]?:\d+->)?(\d{1,3}(?:\.\d{1,3}){3}):(\d{1,5}): "
    r"(?:i/o timeout|connect: (?:no route to host|connection timed out|network is unreachable))"
)
_ADDRESS = r"(\d{1,3}(?:\.\d{1,3}){3})"
_TUNNELLED = lazy_pattern(
    rf"\bIP {_ADDRESS} > {_ADDRESS}: (?:IP |ipip-proto-4)"
    rf"|\bIP {_ADDRESS}\.\d{{1,5}} > {_ADDRESS}\.(?:4789|vxlan): VXLAN"
)
_REPLY = lazy_pattern(r"reply from (\d[\d.]{6,14}) \[([0-9A-Fa-f:]{17})\]")


def timeouts(tables: Tables) -> Iterator[Fact]:
    """timeouts-across-subnets: two workers or more are not reached, and no worker of the own subnet is."""
    sessions = Sessions(tables)
    workers = sessions.inventory.workers
    keys = {name: worker.subnet_key for name, worker in workers.items()}
    if len(set(keys.values())) < LEAST or "" in keys.values():
        return
    across: list[tuple[Any, str, str]] = []
    for row in tables.rows.log_lines:
        match = _FAILED.search(row.message) if "dial tcp" in row.message else None
        source, target = (sessions.node_of(row), sessions.by_address.get(match[1], "")) if match else ("", "")
        if match is None or match[2] in TUNNEL_PORTS or source not in keys or target not in keys or source == target:
            continue
        if keys[source] == keys[target]:
            return
        address = sessions.address_of.get(target, "")
        if not sessions.lost(address) and sessions.not_running(address) is not True:
            across.append((row, source, target))
    targets = {target for _, _, target in across}
    if len(targets) >= LEAST:
        row, source, _ = across[0]
        detail = f"{source} ({keys[source]}) does not reach {shown(targets)} ({shown(keys[name] for name in targets)})"
        also = places([one for one, _, _ in across[1:]])
        yield Fact("timeouts-across-subnets", row.file, int(row.line), detail, source, text(row.pod), also)


def one_way(tables: Tables) -> Iterator[Fact]:
    """tunnel-one-way, tunnel-one-way-across."""
    sessions = Sessions(tables)
    seen: dict[tuple[str, str], list[Any]] = {}
    for row in tables.rows.log_lines:
        if "tunnel-packet-seen" in row.message_ids and (match := _TUNNELLED.search(row.message)):
            seen.setdefault((match[1] or match[3], match[2] or match[4]), []).append(row)
    empty = [row for row in tables.rows.log_lines if "capture-empty" in row.message_ids]
    for (source, target), rows in seen.items():
        if sum(row.count for row in rows) < PACKETS or (target, source) in seen:
            continue
        one, other = sessions.worker(source), sessions.worker(target)
        apart = one is not None and other is not None and one.subnet_key != other.subnet_key
        detail = f"tunnel packets go from {source} to {target}, none come back"
        also = places([*rows[1:3], *empty[:2]])
        node = one.name if one is not None else ""
        name = "tunnel-one-way-across" if apart else "tunnel-one-way"
        yield Fact(name, rows[0].file, int(rows[0].line), detail, node, also=also)


def two_machines(tables: Tables) -> Iterator[Fact]:
    """address-of-two-machines: by arping."""
    cards: dict[str, dict[str, Any]] = {}
    for row in tables.rows.log_lines:
        if "arp-reply-seen" in row.message_ids and (match := _REPLY.search(row.message)):
            cards.setdefault(match[1], {}).setdefault(match[2].lower(), row)
    by_address = Sessions(tables).by_address
    for address, rows in cards.items():
        if len(rows) >= LEAST and address in by_address:
            first, *rest = rows.values()
            detail = f"{shown(rows)} both answer for {address}"
            yield Fact(
                "address-of-two-machines", first.file, int(first.line), detail, by_address[address], also=places(rest)
            )


CHECKS: tuple[Check, ...] = (timeouts, one_way, two_machines)
