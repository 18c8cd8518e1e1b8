"""Cross-checks about interfaces, MTUs and other agents on the workers.

====================== ================================================================================
fact                   what it means
====================== ================================================================================
mtu-differs            workers of one cluster use different MTUs
foreign-network-agent  another network plugin runs beside Calico on the workers
calico-interface-flaps one of Calico's own links goes down and up again and again
tunnel-device-flaps    the same of a tunnel device, which nothing but another program switches off
route-added-again      felix adds the same route to one of its interfaces again and again: somebody removes it
conntrack-full         the kernel's own counters: the connection-tracking table is (nearly) full
host-mtu-differs       network cards of the same name have different MTUs on different workers
tunnel-mtu-too-large   a tunnel device or pod interface takes larger packets than the worker's own network carries
bridge-above-pod-mtu   a bridge inside a pod (docker in docker) takes larger packets than the pod's own interface
filters-of-two-kinds   Calico's chains are in the tables of one kind (legacy, nft), kube-proxy's in those of the other
large-pings-lost       pings that may not be fragmented are lost when large and answered when small
rp-filter-loose        the kernel setting rp_filter is 2 (loose) on an interface or on all
connects-then-stalls   BGP sessions come up and end by the hold timer, again and again, without a crash
====================== ================================================================================

Sources: Calico's documentation (requirements, MTU, troubleshooting); a run of BIRD over a path that loses big packets.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from analyzer.facts.fact import Check, Fact
from analyzer.facts.observed import places, shown
from analyzer.facts.sessions import Sessions
from analyzer.inventory import text
from analyzer.tables import Tables
from parsers.lazy_pattern import lazy_pattern

#: beginnings of pod names of other network plugins and of agents that manage links and routes
FOREIGN = (
    "cilium-", "kube-flannel", "kube-router", "weave-net", "antrea-agent", "kube-ovn", "ovs-ovn", "kindnet",
    "submariner-", "romana", "terway", "aws-node", "azure-cni", "contiv", "nmstate-handler",
)  # fmt: skip
#: agents that are a normal part of the installation together with Calico ("canal" runs flannel itself)
BESIDE_CANAL = ("kube-flannel",)
_MTU = lazy_pattern(r"Determined pod MTU mtu=(\d{3,5})")
_LINK = lazy_pattern(r'ifaceName="((?:tunl0|vxlan\.calico|vxlan-v6\.calico|wireguard\.cali))" state="(down|)"')
_TUNNEL = lazy_pattern(r"tunl0|vxlan\.calico|vxlan-v6\.calico")
_HOST_LINK = lazy_pattern(r'ifaceName="((?:eth|ens|enp|eno|bond)\w{0,12})" state="(down|)"')
_ROUTE_ADDED = lazy_pattern(r'ifaceName="([^"]{1,20})"')
_NETWORK_CARD = lazy_pattern(r"(?:eth|ens|eno|enp|enx|em|bond|team|venet|p\d)\w{0,12}$")
_PING_SIZE = lazy_pattern(r"(?:-s ?|\) )(\d{1,5})\b")
#: what a tunnel puts in front of a packet, in bytes (Calico's documentation: configure MTU); pods' own links nothing
HEADERS = (("tunl0", 20), ("vxlan.calico", 50), ("wireguard.cali", 60), ("flannel.", 50), ("cali", 0))
TUNNELS = ("tunl0", "vxlan.calico", "wireguard.cali", "flannel.")
_BACKEND = lazy_pattern(r'Looked up iptables command backendMode="(legacy|nft)"')
FLAPS = 3
FULL = 0.95
PING_HEADER = 28  # of IP and ICMP, in bytes
ROUTE_ADDED, ROUTE_ADDED_S = 8, 240.0  # a pod that is made anew has another interface, so its route is added once


def mtus(tables: Tables) -> Iterator[Fact]:
    """mtu-differs: by Felix's own word on each worker, the last one counts."""
    sessions = Sessions(tables)
    last: dict[str, tuple[str, Any]] = {}
    for row in tables.rows.log_lines:
        match = _MTU.search(row.message) if "Determined pod MTU" in row.message else None
        name = sessions.node_of(row) or text(row.pod) or row.file
        if match:
            last[name] = (match[1], row)
    values: dict[str, list[str]] = {}
    for name, (value, _) in last.items():
        values.setdefault(value, []).append(name)
    if len(values) > 1:
        odd = min(values, key=lambda value: (len(values[value]), value))
        row = last[values[odd][0]][1]
        usual = max(values, key=lambda value: (len(values[value]), value))
        detail = f"{shown(values[odd])} uses MTU {odd}, {shown(values[usual])} uses {usual}"
        other = last[values[usual][0]][1]
        also = ((other.file, int(other.line)),)
        yield Fact("mtu-differs", row.file, int(row.line), detail, sessions.node_of(row), row.pod, also)


def agents(tables: Tables) -> Iterator[Fact]:
    """foreign-network-agent."""
    inventory = Sessions(tables).inventory
    if not inventory.agents:
        return
    canal = any(pod.name.startswith(("canal-", "rke2-canal-")) for pod in inventory.agents.values())
    found = [
        pod
        for pod in inventory.pods.values()
        if pod.name.startswith(FOREIGN) and not pod.name.startswith(("cilium-test", "cilium-operator"))
        and not (canal and pod.name.startswith(BESIDE_CANAL))
    ]  # fmt: skip
    if found:
        first = found[0]
        detail = f"{shown(pod.name for pod in found)} runs beside calico-node"
        also = tuple((pod.file, pod.line) for pod in found[1:8])
        yield Fact("foreign-network-agent", first.file, first.line, detail, first.node, first.name, also)


def links(tables: Tables) -> Iterator[Fact]:
    """calico-interface-flaps, tunnel-device-flaps: the former also of a worker's own network card that goes down."""
    sessions = Sessions(tables)
    seen: dict[tuple[str, str], list[Any]] = {}
    for row in tables.rows.log_lines:
        if "nterface state changed" not in row.message:
            continue
        match = _LINK.search(row.message) or _HOST_LINK.search(row.message)
        if match:
            seen.setdefault((sessions.node_of(row) or text(row.pod), match[1]), []).append(row)
    for (node, link), rows in seen.items():
        times = sum(int(row.count) for row in rows)
        if times >= FLAPS:
            best = rows[0]
            detail = f"{link} on {node or 'a worker'} went down {times} times"
            also = places(rows[1:])
            yield Fact("calico-interface-flaps", best.file, int(best.line), detail, node, best.pod, also)
            if _TUNNEL.fullmatch(link):
                yield Fact("tunnel-device-flaps", best.file, int(best.line), detail, node, best.pod, also)


def routes(tables: Tables) -> Iterator[Fact]:
    """route-added-again."""
    sessions = Sessions(tables)
    for row in tables.rows.log_lines:
        match = _ROUTE_ADDED.search(row.message) if "adding new route" in row.message else None
        if match is None or int(row.count) < ROUTE_ADDED or row.last_time is None or row.time is None:
            continue
        lasted = (row.last_time - row.time).total_seconds()
        if lasted >= ROUTE_ADDED_S:
            node = sessions.node_of(row)
            detail = f"felix added the route of {match[1]} {row.count} times in {lasted / 60:.0f} minutes"
            yield Fact("route-added-again", row.file, int(row.line), detail, node, row.pod)


def stalls(tables: Tables) -> Iterator[Fact]:
    """connects-then-stalls."""
    sessions = Sessions(tables)
    expired: dict[tuple[str, str], list[Any]] = {}
    for row in tables.rows.log_lines:
        if "Hold timer expired" in row.message:
            protocol = row.message.partition(":")[0]
            expired.setdefault((sessions.node_of(row) or text(row.pod), protocol), []).append(row)
    ups = [row for row in tables.rows.bgp if row.origin == "log" and row.state == "up"]
    for (node, protocol), rows in expired.items():
        mine = [row for row in ups if row.protocol == protocol and row.pod == rows[0].pod]
        if sum(int(row.count) for row in rows) >= 2 and len(mine) >= 2:
            best = rows[0]
            detail = f"{protocol} on {node or 'a worker'} comes up and ends by its hold timer, again and again"
            yield Fact("connects-then-stalls", best.file, int(best.line), detail, node, best.pod, places(rows[1:]))


def kernel_settings(tables: Tables) -> Iterator[Fact]:
    """conntrack-full, rp-filter-loose: from ``sysctl`` output, file by file."""
    counts: dict[str, tuple[int, Any]] = {}
    limits: dict[str, int] = {}
    for row in tables.rows.settings:
        if row.kind != "Sysctl":
            continue
        if row.key.endswith("nf_conntrack_count"):
            counts[row.file] = max(counts.get(row.file, (-1, row)), (int(row.value), row), key=lambda item: item[0])
        elif row.key.endswith("nf_conntrack_max"):
            limits[row.file] = int(row.value)
        elif row.key.endswith(".rp_filter") and row.value == "2":
            detail = f"{row.key} is 2 (loose)"
            yield Fact("rp-filter-loose", row.file, int(row.line), detail, row.name)
    for file, (count, row) in counts.items():
        if limits.get(file, 0) > 0 and count >= FULL * limits[file]:
            detail = f"{count} of {limits[file]} connections are tracked"
            yield Fact("conntrack-full", file, int(row.line), detail, row.name)


def _links(tables: Tables) -> Iterator[tuple[str, dict[str, Any], dict[str, int]]]:
    """Each file that shows links: its rows by key (``eth0.mtu``), and the MTUs by interface."""
    by_file: dict[str, dict[str, Any]] = {}
    for row in tables.rows.settings:
        if row.kind == "Link":
            by_file.setdefault(row.file, {})[row.key] = row
    for file, rows in by_file.items():
        yield (
            file,
            rows,
            {key.removesuffix(".mtu"): int(row.value) for key, row in rows.items() if key.endswith(".mtu")},
        )


def link_mtus(tables: Tables) -> Iterator[Fact]:
    """tunnel-mtu-too-large: by the links that ``ip link`` shows, file by file."""
    for file, rows, mtu in _links(tables):
        hosts = {name: size for name, size in mtu.items() if _NETWORK_CARD.match(name) and _is_up(rows, name)}
        if not hosts:
            continue
        card = max(hosts, key=lambda name: (hosts[name], name))
        for name, size in mtu.items():
            room = next((hosts[card] - header for words, header in HEADERS if name.startswith(words)), None)
            if room is not None and size > room and _is_up(rows, name):
                detail = f"{name} takes {size} bytes, {card} of MTU {hosts[card]} leaves room for {room}"
                row, host = rows[f"{name}.mtu"], rows[f"{card}.mtu"]
                yield Fact(
                    "tunnel-mtu-too-large", file, int(row.line), detail, row.name, also=((file, int(host.line)),)
                )
                break
        else:
            yield from _pods_above_tunnels(file, rows, mtu)


def bridges_in_pods(tables: Tables) -> Iterator[Fact]:
    """bridge-above-pod-mtu: of listings with a bridge that something hangs on, and with no device of a worker."""
    for file, rows, mtu in _links(tables):
        of_worker = any(name.startswith(("cali", "tunl0", *TUNNELS)) for name in mtu)
        pod = mtu.get("eth0")
        if of_worker or pod is None or not any(name.startswith("veth") for name in mtu):
            continue
        for name, size in mtu.items():
            if (
                re.match(r"docker0$|br-[0-9a-f]{12}$|cni-?podman0$|cbr0$|kind$", name)
                and size > pod
                and _is_up(rows, name)
            ):
                row, card = rows[f"{name}.mtu"], rows["eth0.mtu"]
                detail = f"{name} inside a pod takes {size} bytes, the pod's eth0 only {pod}"
                yield Fact("bridge-above-pod-mtu", file, int(row.line), detail, also=((file, int(card.line)),))


def card_mtus(tables: Tables) -> Iterator[Fact]:
    """host-mtu-differs: of listings that hold a device of Calico's or flannel's as well, so of workers, not pods."""
    listings: dict[str, list[dict[str, Any]]] = {}
    for row in tables.rows.settings:
        if row.kind == "Link" and row.key.endswith(".mtu"):
            known = listings.setdefault(row.file, [{}])
            if row.key in known[-1]:  # an interface that turns up again begins another listing
                known.append({})
            known[-1][row.key] = row
    seen: dict[str, Any] = {}
    for listing in (item for known in listings.values() for item in known):
        if not any(key.startswith(("cali", *TUNNELS)) for key in listing):
            continue
        for key, row in listing.items():
            other = seen.setdefault(key, row) if _NETWORK_CARD.match(key.removesuffix(".mtu")) else row
            if other.value != row.value and not (row.name and row.name == other.name):
                large, small = (row, other) if int(row.value) > int(other.value) else (other, row)
                detail = f"{key.removesuffix('.mtu')} takes {large.value} bytes on one worker, {small.value} on another"
                yield Fact("host-mtu-differs", large.file, int(large.line), detail, large.name, also=places([small]))
                return


def _is_up(rows: dict[str, Any], name: str) -> bool:
    """Whether an interface is up, or nothing tells that it is not."""
    return f"{name}.up" not in rows or rows[f"{name}.up"].value == "true"


def _pods_above_tunnels(file: str, rows: dict[str, Any], mtu: dict[str, int]) -> Iterator[Fact]:
    """tunnel-mtu-too-large: pods send larger packets than any tunnel of Calico's takes."""
    up = {name: size for name, size in mtu.items() if _is_up(rows, name)}
    tunnels = {name: size for name, size in up.items() if name.startswith(TUNNELS)}
    pods = {name: size for name, size in up.items() if re.fullmatch(r"cali[0-9a-f]{11}", name)}
    if tunnels and pods and max(pods.values()) > max(tunnels.values()):
        pod, tunnel = (
            max(pods, key=lambda name: (pods[name], name)),
            max(tunnels, key=lambda name: (tunnels[name], name)),
        )
        row, other = rows[f"{pod}.mtu"], rows[f"{tunnel}.mtu"]
        detail = f"{pod} takes {pods[pod]} bytes, {tunnel} only {tunnels[tunnel]}"
        yield Fact("tunnel-mtu-too-large", file, int(row.line), detail, row.name, also=((file, int(other.line)),))


def two_kinds(tables: Tables) -> Iterator[Fact]:
    """filters-of-two-kinds."""
    by_worker: dict[str, dict[str, dict[str, Any]]] = {}
    for row in tables.rows.settings:
        if row.kind == "PacketFilter" and row.key.startswith("chains."):
            _, owner, tool = row.key.split(".", 2)
            by_worker.setdefault(row.name, {}).setdefault(owner, {}).setdefault(tool, row)
    modes: dict[str, Any] = {}
    for said in tables.rows.log_lines:
        if match := _BACKEND.search(said.message) if "backendMode" in said.message else None:
            modes.setdefault(match[1], said)
    for owners in by_worker.values():
        if "calico" not in owners and len(modes) == 1:
            owners["calico"] = modes
    for node, owners in by_worker.items():
        ours, theirs = owners.get("calico", {}), owners.get("kube-proxy", {})  # Calico's by the chains, else by Felix
        if ours and theirs and not ours.keys() & theirs.keys() and "legacy" in ours.keys() | theirs.keys():
            (tool, row), (other, place) = next(iter(ours.items())), next(iter(theirs.items()))
            detail = f"Calico's chains are in the tables of {tool}, those of kube-proxy in those of {other}"
            yield Fact(
                "filters-of-two-kinds", row.file, int(row.line), detail, node, also=((place.file, int(place.line)),)
            )


def pings(tables: Tables) -> Iterator[Fact]:
    """large-pings-lost: by the order of the lines of a pasted session."""
    asked: dict[str, list[tuple[int, str, Any]]] = {}
    for row in tables.rows.log_lines:
        for name in ("ping-unfragmented", "ping-all-lost", "ping-none-lost"):
            if name in row.message_ids:
                for number in {int(row.line), int(row.last_line or row.line)}:
                    asked.setdefault(row.file, []).append((number, name, row))
    for file, found in asked.items():
        size, sizes = 0, dict[str, list[tuple[int, Any]]]()
        for _, name, row in sorted(found, key=lambda item: item[0]):
            if name == "ping-unfragmented":
                size = int(match[1]) if (match := _PING_SIZE.search(row.message)) else 0
            elif size:
                sizes.setdefault(name, []).append((size, row))
                size = 0
        lost, passed = sizes.get("ping-all-lost", []), sizes.get("ping-none-lost", [])
        if lost and passed and min(lost, key=lambda item: item[0])[0] > max(passed, key=lambda item: item[0])[0]:
            smallest, row = min(lost, key=lambda item: item[0])
            detail = f"pings of {smallest} bytes are lost, those of {max(item[0] for item in passed)} are answered"
            links = [link for link in tables.rows.settings if link.kind == "Link" and link.file == file]
            also = places([passed[0][1], *_senders(links, smallest)])
            yield Fact("large-pings-lost", file, int(row.line), detail, row.node, also=also)


def _senders(links: list[Any], size: int) -> list[Any]:
    """Interfaces that are shown beside and would take the ping that was lost, without loopback."""
    fit = [
        row
        for row in links
        if row.key.endswith(".mtu") and not row.key.startswith("lo.") and size + PING_HEADER <= int(row.value) < 60_000
    ]
    return fit[:3]


CHECKS: tuple[Check, ...] = (
    mtus,
    agents,
    links,
    routes,
    stalls,
    kernel_settings,
    link_mtus,
    bridges_in_pods,
    card_mtus,
    two_kinds,
    pings,
)
