"""Cross-checks about the addresses and names that calico-nodes go by.

================================== ===============================================================================
fact                               what it means
================================== ===============================================================================
node-ip-on-bridge                  the address that calico announces for a worker is that of a local bridge
node-name-of-another-worker        the name that a calico-node goes by is that of a worker on which it does not run
node-ip-differs                    the announced address is not the worker's InternalIP, while those of others are
node-ips-equal                     every announced address (two or more) is the worker's InternalIP
node-name-used-twice               two calico-nodes with different addresses go by one name
peer-is-bridge-address             a file of nobody knows which worker misses a peer at the address of a local bridge
unexpected-connect-from-worker     connections come from a worker's own address, which is no configured peer
unexpected-connect-instead-of-peer a peer is missing, and connections come from an address that nobody has
duplicate-calico-ip                two Calico nodes have one address
duplicate-calico-ip-on-bridge      the same, and it is the address of a local bridge or the InternalIP of nobody
duplicate-worker                   two workers have one InternalIP
node-address-alternates            a node's stored address changes to and fro
stale-calico-node                  Calico's node list has an entry that the complete list of workers lacks
ip-conflict-with-gone-node         the address is taken by a Calico node that is no worker
as-numbers-differ                  Calico nodes have, or their pods are given, different AS numbers
================================== ===============================================================================

Sources: node/pkg/lifecycle/startup (autodetection, conflict check); calicoctl get nodes.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from analyzer.facts.fact import Check, Fact
from analyzer.facts.observed import shown
from analyzer.facts.sessions import UP, Sessions, is_local_address
from analyzer.inventory import Inventory, text
from analyzer.tables import Tables
from parsers.lazy_pattern import lazy_pattern
from parsers.rows import BgpRow, ReadinessRow

#: how start-up tells the name it goes by (node/pkg/lifecycle/utils)
_OWN_NAME = lazy_pattern(
    r"(?:Using (?:stored|(?:NODENAME|HOSTNAME) environment(?: \(lowercase\))? for) |Determined )?"
    r"node name:? (\S{1,253})"
)
_AUTODETECTED = lazy_pattern(r"Using autodetected IPv4 address (?:on interface \S{1,40}: )?(\d[\d.]{6,14})(?:/\d+)?")
_INUSE = lazy_pattern(
    r"Calico node '([^'\s]{1,253})' is already using the IPv[46] address ([0-9a-fA-F.:]{3,45}?)\.?(?:\s|$)"
)
_CHANGED = lazy_pattern(r'original="?([0-9.]{7,15})"? updated="?([0-9.]{7,15})"?')
_CHANGED_TO = lazy_pattern(r'IPv4 address has changed.{0,200}updated="?([0-9.]{7,15})"?')
UNEXPECTED = 3
LASTING = 5


class Announced(Struct, frozen=True):
    """The address that calico uses for a node, and where that stands."""

    node: str
    address: str
    file: str
    line: int
    pod: str = ""


def _announced(tables: Tables, sessions: Sessions) -> dict[str, Announced]:
    """Node -> its announced address: the log's word over calicoctl's over the annotation."""
    found: dict[str, Announced] = {}
    for worker in tables.rows.nodes:
        if worker.calico_ip:
            address = worker.calico_ip.partition("/")[0]
            line = worker.calico_ip_line or worker.line
            found[worker.node] = Announced(worker.node, address, worker.file, int(line))
    for name, address, file, line in _calico_nodes(tables):
        found[name] = Announced(name, address, file, line)
    for row in tables.rows.log_lines:
        match = _AUTODETECTED.search(row.message) if "utodetected" in row.message else None
        node = sessions.node_of(row) if match else ""
        if match and node:
            found[node] = Announced(node, match[1], row.file, int(row.line), row.pod)
    return found


def _calico_nodes(tables: Tables) -> list[tuple[str, str, str, int]]:
    """(name, IPv4 address, file, line) of Calico's own node list."""
    return [
        (row.name, row.value.partition("/")[0], row.file, int(row.line))
        for row in tables.rows.settings
        if row.kind == "CalicoNode" and row.key in ("ipv4", "spec.bgp.ipv4Address") and row.value[:1].isdigit()
    ]


def announced(tables: Tables) -> Iterator[Fact]:
    """node-ip-on-bridge, node-ip-differs, node-ips-equal."""
    sessions = Sessions(tables)
    workers = sessions.inventory.workers
    equal: list[Announced] = []
    differ: list[Announced] = []
    for name, item in _announced(tables, sessions).items():
        own = workers[name].addresses if name in workers else ()
        if item.address in own:
            equal.append(item)
        elif is_local_address(item.address):
            detail = f"{name} announces {item.address}, an address that local interfaces have on every host"
            detail += f"; its own is {own[0]}" if own else ""
            yield Fact("node-ip-on-bridge", item.file, item.line, detail, name, item.pod)
        elif own and ":" not in item.address and all(":" not in address for address in own):
            differ.append(item)
    if len(differ) <= len(equal) or (len(differ) == 1 and not equal):
        for item in differ:
            detail = f"{item.node} announces {item.address}, its InternalIP is {workers[item.node].addresses[0]}"
            yield Fact("node-ip-differs", item.file, item.line, detail, item.node, item.pod)
    if len(equal) >= 2 and not differ:
        detail = f"the announced addresses of {len(equal)} workers are their InternalIPs"
        yield Fact("node-ips-equal", equal[0].file, equal[0].line, detail)


def peers_at_bridges(tables: Tables) -> Iterator[Fact]:
    """peer-is-bridge-address, where a file does not tell whose it is."""
    sessions = Sessions(tables)
    told: set[str] = set()
    rows: list[BgpRow | ReadinessRow] = [row for row in tables.rows.bgp if row.origin in ("birdcl", "node-status")]
    rows += [row for row in tables.rows.readiness if row.state == "not-established"]
    for row in rows:
        up = row.state in UP or "Established" in getattr(row, "message", "")
        if not row.peer or up or row.peer in told or row.peer in sessions.by_address or sessions.node_of(row):
            continue
        if is_local_address(row.peer):
            told.add(row.peer)
            detail = f"{row.peer}, a peer that is missed, is the address of a local bridge"
            yield Fact("peer-is-bridge-address", row.file, int(row.line), detail)


def names_of_others(tables: Tables) -> Iterator[Fact]:
    """node-name-of-another-worker."""
    inventory = Inventory(tables)
    told: set[str] = set()
    for row in tables.rows.log_lines:
        match = _OWN_NAME.search(row.message) if "node name" in row.message else None
        pod = inventory.pods_by_name.get(text(row.pod)) if match else None
        if match is None or pod is None or not pod.node or pod.node in told:
            continue
        mine, named = pod.node, match[1].rstrip(".,")
        same = named == mine or (not mine[0].isdigit() and named.partition(".")[0] == mine.partition(".")[0])
        if named in inventory.workers and not same:
            told.add(mine)
            detail = f"calico-node on {mine} goes by the name of {named}, which is another worker"
            yield Fact("node-name-of-another-worker", row.file, int(row.line), detail, mine, row.pod)
    yield from _taken_over(tables, inventory)


def _taken_over(tables: Tables, inventory: Inventory) -> Iterator[Fact]:
    """node-name-of-another-worker: a machine gives a worker's name the address of another worker."""
    for row in tables.rows.log_lines:
        change = _CHANGED.search(row.message) if "address has changed" in row.message else None
        if change is None:
            continue
        named = text(row.fields.get("node", "")).strip('"')
        worker, other = inventory.workers.get(named), inventory.by_address.get(change[2])
        if worker is not None and other and other != named and change[2] not in worker.addresses:
            detail = f"{other} ({change[2]}) registers under the name of {named}, which is another worker"
            yield Fact("node-name-of-another-worker", row.file, int(row.line), detail, other, text(row.pod))


def names_used_twice(tables: Tables) -> Iterator[Fact]:
    """node-name-used-twice: by the logs of two pods."""
    names: dict[str, tuple[str, str, int]] = {}
    addresses: dict[str, str] = {}
    for row in tables.rows.log_lines:
        pod = text(row.pod) or row.file
        if "etermined node name" in row.message and (match := _OWN_NAME.search(row.message)):
            names.setdefault(pod, (match[1].rstrip(".,"), row.file, int(row.line)))
        elif "address" in row.message and (
            match := _AUTODETECTED.search(row.message) or _CHANGED_TO.search(row.message)
        ):
            addresses[pod] = match[1]
    first: dict[str, str] = {}
    for pod, (name, file, line) in names.items():
        other = first.setdefault(name, pod)
        mine, theirs = addresses.get(pod), addresses.get(other)
        if other != pod and mine and theirs and mine != theirs:
            detail = f"{other} ({theirs}) and {pod} ({mine}) both go by the name of {name}"
            yield Fact("node-name-used-twice", file, line, detail, also=(names[other][1:],))


def unexpected(tables: Tables) -> Iterator[Fact]:
    """unexpected-connect-from-worker."""
    sessions = Sessions(tables)
    seen: dict[tuple[str, str], list[tuple[str, int]]] = {}
    for row in tables.rows.bgp:
        if row.state == "unexpected-connect" and row.peer in sessions.by_address:
            seen.setdefault((sessions.node_of(row), row.peer), []).append((row.file, int(row.line)))
    told = set()
    for (node, peer), places in seen.items():
        if len(places) >= UNEXPECTED and peer not in told:
            told.add(peer)
            worker = sessions.by_address[peer]
            detail = f"{worker} connects from {peer}, which {node or 'the peer'} does not have as a peer"
            yield Fact("unexpected-connect-from-worker", *places[0], detail, worker, "", tuple(places[1:8]))


def strangers(tables: Tables) -> Iterator[Fact]:
    """unexpected-connect-instead-of-peer."""
    sessions = Sessions(tables)
    groups: dict[tuple[str, str], list[BgpRow]] = {}
    for row in tables.rows.bgp:
        if row.state == "unexpected-connect":
            groups.setdefault((row.node, row.peer), []).append(row)
    for (node, peer), group in sorted(groups.items(), key=lambda item: item[0]):
        missing = sessions.missing_of(node)
        if len(group) >= LASTING and missing and peer not in sessions.by_address:
            first, *rest = group
            detail = f"{node} misses {shown(missing)} and is called {len(group)} times from {peer}, which is no peer"
            also = tuple((row.file, int(row.line)) for row in rest[:8])
            yield Fact("unexpected-connect-instead-of-peer", first.file, int(first.line), detail, "", "", also)


def duplicates(tables: Tables) -> Iterator[Fact]:
    """duplicate-calico-ip, duplicate-calico-ip-on-bridge, duplicate-worker."""
    sessions = Sessions(tables)
    workers = sessions.inventory.workers
    by_address: dict[str, dict[str, Announced]] = {}
    for name, item in _announced(tables, sessions).items():
        by_address.setdefault(item.address, {})[name] = item
    for address, items in by_address.items():
        if len(items) > 1:
            first, *rest = items.values()
            owners = [worker for worker in sessions.inventory.workers.values() if address in worker.addresses]
            known = all(node in workers and workers[node].addresses for node in items)
            local = is_local_address(address) or (known and not owners)
            name = "duplicate-calico-ip-on-bridge" if local else "duplicate-calico-ip"
            also = tuple((item.file, item.line) for item in rest[:8])
            yield Fact(name, first.file, first.line, f"{shown(items)} all have {address}", first.node, "", also)
    machines: dict[str, list[str]] = {}
    for name, worker in sessions.inventory.workers.items():
        for address in worker.addresses:
            machines.setdefault(address, []).append(name)
    for address, names in machines.items():
        if len(names) > 1:
            worker = sessions.inventory.workers[names[0]]
            yield Fact("duplicate-worker", worker.file, worker.line, f"{shown(names)} all have {address}", names[0])


def alternating(tables: Tables) -> Iterator[Fact]:
    """node-address-alternates."""
    sessions = Sessions(tables)
    changes: dict[str, dict[tuple[str, str], tuple[str, int]]] = {}
    for row in tables.rows.log_lines:
        match = _CHANGED.search(row.message) if "IPv4 address has changed" in row.message else None
        if match:
            node = row.fields.get("node", "").strip('"') or sessions.node_of(row)
            changes.setdefault(node, {})[(match[1], match[2])] = (row.file, int(row.line))
    for node, seen in changes.items():
        for (old, new), place in seen.items():
            if (new, old) in seen and old < new:
                detail = f"the address of {node or 'a node'} changes between {old} and {new}"
                worker = node if node in sessions.inventory.workers else ""
                yield Fact("node-address-alternates", *place, detail, worker, also=(seen[(new, old)],))


def stale(tables: Tables) -> Iterator[Fact]:
    """stale-calico-node, ip-conflict-with-gone-node."""
    sessions = Sessions(tables)
    workers = sessions.inventory.workers
    if not sessions.listed("Node") or not workers:
        return
    for name, address, file, line in _calico_nodes(tables):
        if name not in workers and address not in sessions.inventory.by_address:
            detail = f"Calico's node list has {name} ({address}), which is no worker"
            yield Fact("stale-calico-node", file, line, detail)
        elif name not in workers:
            detail = f"Calico's node list has {name}, which is no worker; {address} belongs to another one"
            yield Fact("stale-calico-node", file, line, detail, sessions.by_address.get(address, ""))
    for row in tables.rows.log_lines:
        match = _INUSE.search(row.message) if "is already using" in row.message else None
        if match and match[1] not in workers:
            detail = f"{match[2]} is taken by the Calico node {match[1]}, which is no worker"
            node = sessions.node_of(row)
            yield Fact("ip-conflict-with-gone-node", row.file, int(row.line), detail, node, row.pod)


def _global_as(tables: Tables) -> str:
    """The AS number of nodes without one of their own."""
    given = [row for row in tables.rows.settings if row.kind == "BGPConfiguration" and row.key == "spec.asNumber"]
    return text(given[0].value) if given else ""


def as_numbers(tables: Tables) -> Iterator[Fact]:
    """as-numbers-differ: a number in brackets is the global one."""
    rows = [row for row in tables.rows.settings if row.kind == "CalicoNode" and row.key in ("asn", "spec.bgp.asNumber")]
    numbers = {row.name: (text(row.value).strip("() "), row.file, int(row.line)) for row in rows}
    off = any(row.key == "spec.nodeToNodeMeshEnabled" and row.value == "false" for row in tables.rows.settings)
    for node in tables.rows.nodes:  # the annotation, where Calico has no datastore of its own; racks may differ
        if node.calico_ip and not off:
            number = node.annotations.get("projectcalico.org/ASNumber", "")
            line = node.calico_ip_line or node.line
            numbers.setdefault(node.node, (number or _global_as(tables), node.file, int(line)))
    values = {value for value, _, _ in numbers.values() if value}
    if len(values) > 1:
        own = {row.name for row in rows if not text(row.value).startswith("(")}
        name = min(own or numbers)
        _, file, line = numbers[name]
        yield Fact("as-numbers-differ", file, line, f"AS numbers of the Calico nodes: {shown(values)}", name)
        return
    given = {
        row.pod: (row.env["AS"], row)
        for row in tables.rows.containers
        if row.container == "calico-node" and row.env.get("AS")
    }
    if len({value for value, _ in given.values()}) > 1:
        pod = min(given)
        row = given[pod][1]
        detail = f"AS numbers in the environments of calico-nodes: {shown({value for value, _ in given.values()})}"
        also = tuple((other.file, int(other.line)) for name, (_, other) in sorted(given.items()) if name != pod)
        yield Fact("as-numbers-differ", row.file, int(row.line), detail, row.node, pod, also[:8])


CHECKS: tuple[Check, ...] = (
    announced,
    peers_at_bridges,
    names_of_others,
    names_used_twice,
    unexpected,
    strangers,
    duplicates,
    alternating,
    stale,
    as_numbers,
)
