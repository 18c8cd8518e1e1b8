"""Cross-checks about the sessions that birdcl and calicoctl list, also where nobody knows whose output it is.

======================= ==================================================================================
fact                    what it means
======================= ==================================================================================
bgp-session-down        birdcl or calicoctl list a session that is not established
bgp-peers-missed        a worker lastingly misses some peers, and no log or list of sessions says why
peer-not-a-worker       the missing peer's address belongs to no worker of a complete list (see facts/bgp.py)
peer-without-pod        the same of a list of calico-node pods, where no list of workers is there
mesh-at-other-addresses the mesh has as many peers as there are other workers, and none has a worker's address
======================= ==================================================================================

Source: runs of BIRD 1.6 (sessions of a mesh come up within seconds).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from analyzer.facts.fact import Check, Fact
from analyzer.facts.observed import of_node_agent, shown
from analyzer.facts.sessions import Sessions, is_local_address
from analyzer.inventory import text
from analyzer.tables import Tables
from parsers.rows import BgpRow

LEAST_PODS = 2
LEAST_WORKERS = 3
_WAITING = ("Connect", "Passive", "Active", "Idle", "start")


def listed_down(tables: Tables) -> Iterator[Fact]:
    """bgp-session-down: sessions of a full mesh come up within seconds, so one that is listed as down is lasting."""
    told: dict[tuple[str, str], list[BgpRow]] = {}
    for row in tables.rows.bgp:
        if row.peer and row.state and row.protocol not in ("", "BGP") and _is_down(row):
            told.setdefault((row.file, row.node), []).append(row)
    for (file, node), rows in told.items():
        detail = f"{node or 'a worker'} has no session with {shown(row.peer for row in rows)}"
        also = tuple((file, int(row.line)) for row in rows[1:8])
        yield Fact("bgp-session-down", file, int(rows[0].line), detail, node, rows[0].pod, also)


def missed(tables: Tables) -> Iterator[Fact]:
    """bgp-peers-missed: the usual suspects, where nobody looked further."""
    logs = any(row.kind == "log" and row.container in ("", "calico-node") for row in tables.rows.files)
    if logs:
        return
    listed = [row for row in tables.rows.bgp if row.origin in ("birdcl", "node-status")]
    if listed:
        yield from _missed_in(tables, listed)
        return
    sessions = Sessions(tables)
    for node in sessions.observers:
        complaint = sessions.complaints.get(node)
        if complaint is not None and complaint.no_session:
            continue
        peers = sessions.missing_of(node)
        claim = sessions.claim(node, min(peers))
        yield Fact("bgp-peers-missed", claim.file, claim.line, f"{node} misses {shown(peers)}", node, claim.pod)


def _missed_in(tables: Tables, listed: Sequence[BgpRow]) -> Iterator[Fact]:
    """bgp-peers-missed in lists: no session that is down has a reason, so its ends do not hear each other."""
    down = _mesh_down(tables)
    bare = [row for row in down if row.state in _WAITING and row.message.strip() in ("", row.state)]
    if bare and len(bare) == len([row for row in listed if row.peer and _is_down(row)]):
        first, detail = bare[0], f"sessions with {shown(row.peer for row in bare)} stay down and no reason is given"
        yield Fact("bgp-peers-missed", first.file, int(first.line), detail, first.node, first.pod)


def at_other_addresses(tables: Tables) -> Iterator[Fact]:
    """mesh-at-other-addresses: stale entries stand beside those of the workers, wrong addresses in their place."""
    sessions = Sessions(tables)
    workers = set(sessions.by_address.values())
    if not sessions.listed("Node") or len(workers) < LEAST_WORKERS:
        return
    by_file: dict[str, list[BgpRow]] = {}
    for row in tables.rows.bgp:
        if row.peer and row.protocol.startswith(("Mesh_", "node-to-node")):
            by_file.setdefault(row.file, []).append(row)
    for file, rows in by_file.items():
        peers = {row.peer for row in rows}
        strange = all(peer not in sessions.by_address and peer not in sessions.configured for peer in peers)
        if strange and len(peers) == len(workers) - 1 and all(_is_down(row) for row in rows):
            detail = f"{shown(sorted(peers))} stand for {len(peers)} workers whose addresses are others"
            yield Fact("mesh-at-other-addresses", file, int(rows[0].line), detail, rows[0].node, rows[0].pod)


def strangers_listed(tables: Tables) -> Iterator[Fact]:
    """peer-not-a-worker also where nobody knows whose output it is; peer-without-pod where workers are not listed."""
    sessions = Sessions(tables)
    agents = {row.ip for row in tables.rows.pods if row.ip and of_node_agent(row.pod)}
    listed = sessions.listed("Node")
    lists = any(row.kind == "Pod" for row in tables.rows.listings)
    if not sessions.by_address or not (listed or (lists and len(agents) >= LEAST_PODS)):
        return
    seen = {peer: (row.file, int(row.line)) for row in reversed(_mesh_down(tables)) if (peer := text(row.peer))}
    for peer, nodes in sessions.missed_by.items():
        if nodes and peer in seen:
            claim = sessions.claim(nodes[0], peer)
            seen[peer] = (claim.file, claim.line)
    for peer, (file, line) in sorted(seen.items()):
        if peer in sessions.by_address or peer in sessions.configured or is_local_address(peer):
            continue
        if not listed:
            yield Fact("peer-without-pod", file, line, f"{peer} is the address of no calico-node pod of the list")
        elif peer not in sessions.missed_by:
            yield Fact(
                "peer-not-a-worker", file, line, f"{peer}, a missing peer of the mesh, is the address of no worker"
            )


def _mesh_down(tables: Tables) -> list[BgpRow]:
    rows = [row for row in tables.rows.bgp if row.protocol.startswith(("Mesh_", "node-to-node"))]
    return [row for row in rows if row.state and _is_down(row)]


def _is_down(row: BgpRow) -> bool:
    """Whether birdcl or calicoctl list the session as not established."""
    listed = row.origin in ("birdcl", "node-status")
    return listed and "Established" not in (row.state, row.message.partition(" ")[0])


CHECKS: tuple[Check, ...] = (listed_down, missed, at_other_addresses, strangers_listed)
