"""Cross-checks about what the missing BGP peers of a worker have in common: subnet, zone, time of restart.

==================== ==========================================================================================
fact                 what it means
==================== ==========================================================================================
bgp-split-by-subnet  the missing peers are exactly all workers of other subnets or VLANs
bgp-split-by-zone    the same with zones, where the subnets do not tell it
bgp-split-by-network the missing peers, two or more, are all in other networks than those with a session, where no
                     list of workers tells their subnets
bgp-split-both-sides workers of two groups each miss exactly the other group
bgp-bad-subnet-only  the workers without sessions are exactly those of one subnet, two or more; others are fine
bgp-split-by-restart workers restarted before and after one moment miss each other, and only each other
single-subnet        all workers (two or more) are in one subnet and zone
vlan-spanning-off    neither VRF nor VLAN spanning is enabled
==================== ==========================================================================================

Sources: runbook (VLAN spanning or VRF on classic clusters); IBM docs on subnets of classic clusters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from analyzer.facts.fact import Check, Fact
from analyzer.facts.observed import shown
from analyzer.facts.sessions import Sessions, is_local_address
from analyzer.inventory import Worker, text
from analyzer.tables import Tables
from parsers.rows import ReadinessRow

GROUPS: tuple[tuple[str, Callable[[Worker], str]], ...] = (
    ("subnet", lambda worker: worker.subnet_key),
    ("zone", lambda worker: worker.facts.get("zone", "")),
)
RESTART_GAP_S = 600.0
OFF = ("false", "no", "off", "disabled", "inactive", "not enabled")


def split(tables: Tables) -> Iterator[Fact]:
    """bgp-split-by-subnet, bgp-split-by-zone, bgp-split-both-sides."""
    sessions = Sessions(tables)
    for name, key in GROUPS:
        groups = _groups(sessions, key)
        if len(groups) < 2:
            continue
        found = []
        for node in sessions.observers:
            missed = _exactly_other_groups(sessions, node, groups)
            if missed:
                found.append((node, missed))
        if not found:
            continue
        for node, missed in found:
            yield _split_fact(sessions, name, groups, node, missed)
        yield from _both_sides(sessions, name, groups, found)
        return  # zones often repeat what the subnets say


def split_unplaced(tables: Tables) -> Iterator[Fact]:
    """bgp-split-by-subnet for pods whose worker the bundle does not tell: it is one of those that they do not miss."""
    sessions = Sessions(tables)
    for name, key in GROUPS:
        groups = _groups(sessions, key)
        missed: dict[str, dict[str, ReadinessRow]] = {}
        for row in tables.rows.readiness if groups and sessions.listed("Node") else ():
            lasts = int(row.count) >= 4
            if row.state == "not-established" and row.peer and row.pod and lasts and not sessions.node_of(row):
                missed.setdefault(row.pod, {})[sessions.by_address.get(row.peer, row.peer)] = row
        for pod, peers in missed.items():
            away = {groups[peer] for peer in peers if peer in groups}
            whole = {worker for worker in groups if groups[worker] in away} == set(peers)
            if whole and len(peers) >= 2 and sum(group not in away for group in groups.values()) >= 2:
                row = peers[min(peers)]
                detail = f"{pod} misses exactly the workers of {shown(away)}"
                yield Fact(f"bgp-split-by-{name}", row.file, int(row.line), detail, "", pod)
        if missed:
            return


def _groups(sessions: Sessions, key: Callable[[Worker], str]) -> dict[str, str]:
    """Worker -> group, {} unless every worker has one and there are several."""
    named = {name: key(worker) for name, worker in sessions.inventory.workers.items()}
    return named if all(named.values()) and len(set(named.values())) > 1 else {}


def _exactly_other_groups(sessions: Sessions, node: str, groups: dict[str, str]) -> set[str]:
    """Groups that the worker misses as a whole, while it misses nobody of its own; empty if it is not so.

    Workers that are down or whose calico-node does not run may be missing anywhere.
    """
    home = groups.get(node)
    missing = {sessions.by_address.get(peer, peer) for peer in sessions.missing_of(node)}
    missing.discard(node)
    if home is None or not missing or not missing <= set(groups):
        return set()
    gone = {name for name in groups if name in missing and (_down(sessions, name))}
    alive = missing - gone
    other = {groups[name] for name in alive}
    own = {name for name in groups if groups[name] == home and name != node}
    if not alive or home in other or not own - gone:
        return set()  # nobody of its own subnet to compare with
    whole = all(name in missing for name in groups if groups[name] in other)
    others = [name for name in groups if groups[name] != home]
    return other if whole and (len(alive) >= 2 or len(others) == 1) else set()


def _down(sessions: Sessions, name: str) -> bool:
    address = sessions.address_of.get(name, "")
    return sessions.lost(address) or sessions.not_running(address) is True


def _split_fact(sessions: Sessions, name: str, groups: dict[str, str], node: str, missed: set[str]) -> Fact:
    peers = sorted(sessions.missing_of(node))
    claims = [sessions.claim(node, peer) for peer in peers]
    also = tuple((claim.file, claim.line) for claim in claims[1:4])
    also = (*also, *_complained(sessions, set(peers), claims[0].file))
    detail = f"{node} ({groups[node]}) misses exactly the workers of {shown(missed)}, none of its own {name}"
    return Fact(f"bgp-split-by-{name}", claims[0].file, claims[0].line, detail, node, claims[0].pod, also)


def _complained(sessions: Sessions, peers: set[str], file: str) -> tuple[tuple[str, int], ...]:
    """Where probes of other files name one of the peers, also those of a while ago."""
    rows = [row for row in sessions.tables.rows.readiness if row.peer in peers and row.file != file]
    return tuple(dict.fromkeys((row.file, int(row.line)) for row in rows))[:2]


def _both_sides(
    sessions: Sessions, name: str, groups: dict[str, str], found: list[tuple[str, set[str]]]
) -> Iterator[Fact]:
    for position, (node, missed) in enumerate(found):
        for other, theirs in found[position + 1 :]:
            if groups[other] in missed and groups[node] in theirs:
                one = sessions.claim(node, min(sessions.missing_of(node)))
                two = sessions.claim(other, min(sessions.missing_of(other)))
                detail = f"{node} ({groups[node]}) and {other} ({groups[other]}) each miss the other {name}"
                yield Fact("bgp-split-both-sides", one.file, one.line, detail, node, one.pod, ((two.file, two.line),))
                return


def split_by_network(tables: Tables) -> Iterator[Fact]:
    """bgp-split-by-network: by a log or a list of sessions alone."""
    sessions = Sessions(tables)
    if len(sessions.inventory.by_address) > 1:
        return
    states: dict[tuple[str, str], dict[str, tuple[bool, str, int]]] = {}
    for (node, peer), claim in sessions.claims.items():
        if claim.up or claim.lasting:
            states.setdefault((node, ""), {})[peer] = (claim.up, claim.file, claim.line)
    for row in tables.rows.bgp:
        if row.origin in ("birdcl", "node-status") and row.peer and row.state and not sessions.node_of(row):
            is_up = "Established" in (row.state, row.message.partition(" ")[0])
            states.setdefault(("", row.file), {})[row.peer] = (is_up, row.file, int(row.line))
    for (node, _), peers in states.items():
        up = {peer for peer, (good, _, _) in peers.items() if good}
        down = sorted(set(peers) - up)
        if len(down) < 2 or not up or not all("." in peer for peer in peers):
            continue
        if any(is_local_address(peer) or peer in sessions.configured for peer in down):
            continue  # a wrong address, or a router
        if {_network(peer) for peer in down} & {_network(peer) for peer in up}:
            continue
        _, file, line = peers[down[0]]
        also = tuple(peers[peer][1:] for peer in down[1:4])
        detail = f"{node or 'a worker'} misses {shown(down)}, all in other networks than its sessions"
        yield Fact("bgp-split-by-network", file, line, detail, node, also=also)


def _network(address: str) -> str:
    return address.rpartition(".")[0]


def bad_subnet(tables: Tables) -> Iterator[Fact]:
    """bgp-bad-subnet-only."""
    sessions = Sessions(tables)
    groups = _groups(sessions, GROUPS[0][1])
    bad = {node for node, item in sessions.complaints.items() if item.no_session} & set(groups)
    agents = sessions.inventory.agents
    if bad:
        bad |= {name for name, agent in agents.items() if agent.ready is False and name in groups}
    subnets = {groups[name] for name in bad}
    if len(subnets) != 1 or len(bad) < 2:
        return
    subnet = next(iter(subnets))
    good = [name for name, agent in agents.items() if agent.healthy and groups.get(name) != subnet]
    if good and {name for name in groups if groups[name] == subnet} == bad:
        first = next(item for node, item in sessions.complaints.items() if node in bad)
        detail = f"without a session are exactly the workers of {subnet}: {shown(bad)}"
        yield Fact("bgp-bad-subnet-only", first.file, first.line, detail, first.node, first.pod)


def restarts(tables: Tables) -> Iterator[Fact]:
    """bgp-split-by-restart."""
    sessions = Sessions(tables)
    ages = {name: agent.age_s for name, agent in sessions.inventory.agents.items() if agent.age_s is not None}
    for node in sessions.observers:
        missing = {sessions.by_address.get(peer, "") for peer in sessions.missing_of(node)}
        rest = set(ages) - missing
        if node not in ages or not missing <= set(ages) or len(missing) < 2 or len(rest) < 2:
            continue
        if any(_exactly_other_groups(sessions, node, _groups(sessions, key)) for _, key in GROUPS):
            continue  # new workers of another subnet
        far, near = [ages[name] for name in missing], [ages[name] for name in rest]
        apart = max(min(far) - max(near), min(near) - max(far))
        if apart >= RESTART_GAP_S:
            claim = sessions.claim(node, min(sessions.missing_of(node)))
            detail = f"{node} misses exactly the calico-nodes started at another time: {shown(missing)}"
            yield Fact("bgp-split-by-restart", claim.file, claim.line, detail, node, claim.pod)
            return


def subnets(tables: Tables) -> Iterator[Fact]:
    """single-subnet."""
    workers = Sessions(tables).inventory.workers
    keys = {worker.subnet_key for worker in workers.values()}
    zones = {worker.facts.get("zone", "") for worker in workers.values()}
    if len(workers) >= 2 and len(keys) == 1 and "" not in keys and len(zones) == 1:
        first = next(iter(workers.values()))
        yield Fact("single-subnet", first.file, first.line, f"all {len(workers)} workers are in {keys.pop()}")


def spanning(tables: Tables) -> Iterator[Fact]:
    """vlan-spanning-off."""
    states: dict[str, tuple[bool, str, int]] = {}
    for row in tables.rows.settings:
        words = f"{row.kind} {row.name} {row.key}".lower().replace("-", " ").replace("_", " ")
        what = "spanning" if "vlan spanning" in words else "vrf" if "vrf" in words.split() else ""
        value = text(row.value).strip().lower()
        if what and value:
            states[what] = (value in OFF, row.file, int(row.line))
    if states and all(off for off, _, _ in states.values()):
        _, file, line = states.get("spanning") or next(iter(states.values()))
        yield Fact("vlan-spanning-off", file, line, f"off: {shown(states)}")


CHECKS: tuple[Check, ...] = (split, split_unplaced, split_by_network, bad_subnet, restarts, subnets, spanning)
