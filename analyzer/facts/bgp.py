"""Cross-checks about BGP sessions: who misses whom, and what the missed ones have in common.

=========================== ==============================================================================
fact                        what it means
=========================== ==============================================================================
bgp-zero-sessions           a worker has no session at all, long after its start
peer-worker-not-ready       the missed peer's worker is NotReady or Unknown (node = the peer)
peer-calico-not-running     the missed peer's worker lives, its calico-node does not run (node = the peer)
named-peer-not-running      a peer that a probe named a while ago has a calico-node that does not run
peer-not-a-worker           the missed peer's address belongs to no worker of a complete list
named-peer-not-a-worker     a peer that a probe named a while ago is the address of no worker of a complete list
peer-is-bridge-address      the missed peer's address is that of a local bridge
all-missed-peers-down       every missed peer is down, gone or without a running calico-node
missed-peers-healthy        every missed peer's calico-node is ready
bgp-one-column              several workers miss one and the same peer, and only that
bgp-one-worker-cut-off      one worker misses its healthy peers, which have their sessions
bgp-blocked-within-subnet   several live workers of one subnet miss their live peers there
bgp-connect-silent          sessions of running peers stay in Connect without a reason
bgp-refused-by-healthy-peer a running peer refuses, or its host prohibits, the connection
bgp-all-established         birdcl or calicoctl show sessions of workers, and every one is established
bgp-both-passive            both ends of a session wait for the other one
bgp-sessions-bounce         sessions of a worker went up and down again and again
bird-down-lasting           BIRD's control socket stays unusable on a worker
bird-silent-alone           BIRD of one worker does not answer for long, while Felix there and other workers' BIRDs do
bird-down-alone             the same, nothing in its log says why, and BIRDs of most other workers work
calico-nodes-all-ready      every calico-node that the bundle shows is ready
=========================== ==============================================================================

Sources: node/pkg/health/health.go; runs of BIRD 1.6 for the reasons that birdcl shows.
"""

from __future__ import annotations

from collections.abc import Iterator

from analyzer.facts.fact import Check, Fact
from analyzer.facts.observed import shown
from analyzer.facts.sessions import UP, Sessions, is_local_address
from analyzer.inventory import number, text
from analyzer.period import current_lines
from analyzer.tables import Tables

BOUNCES = 3
#: of a socket, by glibc and musl: the peer's host or something before it does not let the connection come up
CUT_OFF = ("refused", "No route to host", "Host is unreachable", "timed out", "Host is down")
LONG_S = 180.0  # BIRD is up within half a minute of a start
MANY = 10
FEW = 3  # healthy ones for each other one in trouble
SILENT_S = 600.0
RECENT_S = 300.0
#: lines that say why BIRD is not up, or comes later
UPSTREAM = frozenset(
    {
        "startup-datastore-retry", "startup-datastore-unauthorized", "startup-cannot-query-node",
        "startup-terminating", "typha-none-ready", "typha-felix-giveup", "typha-client-connect-fatal",
        "typha-discovery-failed-fatal", "confd-fatal-generic", "confd-client-failed", "confd-template-error",
        "confd-check-failed", "confd-no-templates", "confd-missing-template", "confd-write-error",
        "bird-config-rejected", "bird-port-in-use-detail", "bird-no-router-id", "ip-couldnt-autodetect",
        "ip-no-addresses", "ip-conflict", "api-connect-timeout", "api-connect-refused", "api-no-route",
        "calico-api-401", "rbac-calico-forbidden", "felix-config-invalid-required",
    }
)  # fmt: skip


def zero(tables: Tables) -> Iterator[Fact]:
    """bgp-zero-sessions."""
    sessions = Sessions(tables)
    told = set()
    for item in sessions.complaints.values():
        if item.no_session:
            told.add(item.node)
            detail = f"{item.node} has no BGP session; it misses {shown(item.peers) or 'its peers'}"
            yield Fact("bgp-zero-sessions", item.file, item.line, detail, item.node, item.pod, when=item.began_s)
    for node in sessions.observers:
        missing = sessions.missing_of(node)
        if node not in told and len(missing) >= 2 and not sessions.up_of(node) and node not in sessions.complaints:
            claim = sessions.claim(node, min(missing))
            detail = f"{node} has no BGP session; it misses {shown(missing)}"
            yield Fact("bgp-zero-sessions", claim.file, claim.line, detail, node, claim.pod)


def missed_peers(tables: Tables) -> Iterator[Fact]:
    """peer-worker-not-ready, peer-calico-not-running, peer-not-a-worker, peer-is-bridge-address and their sums."""
    sessions = Sessions(tables)
    down: dict[str, bool | None] = {}
    for peer, nodes in sessions.missed_by.items():
        name, detail, node = _verdict(sessions, peer, nodes)
        down[peer] = bool(name) or (None if sessions.not_running(peer) is None else False)
        if not name:
            continue
        claim = sessions.claim(nodes[0], peer)
        also = tuple((sessions.claim(other, peer).file, sessions.claim(other, peer).line) for other in nodes[1:8])
        worker = sessions.worker(peer)
        agent = sessions.agent(peer)
        if name == "peer-calico-not-running" and agent is not None and agent.file:
            also = ((agent.file, agent.line), *also)
        elif worker is not None and worker.file:
            also = ((worker.file, worker.line), *also)
        also = (*also, *_complaints_of(tables, peer, claim.file))
        yield Fact(name, claim.file, claim.line, detail, node, also=also)
    if not down:
        return
    peer = min(down)
    claim = sessions.claim(sessions.missed_by[peer][0], peer)
    if all(down.values()):
        detail = f"all missed peers are down: {shown(down)}"
        yield Fact("all-missed-peers-down", claim.file, claim.line, detail)
    if all(agent is not None and agent.healthy for agent in map(sessions.agent, down)):
        yield Fact("missed-peers-healthy", claim.file, claim.line, f"calico-node of {shown(down)} is ready")


def strangers_named(tables: Tables) -> Iterator[Fact]:
    """peer-not-a-worker, where a probe names it just now (it will never come up), else named-peer-not-a-worker."""
    sessions = Sessions(tables)
    told = {peer for peer, nodes in sessions.missed_by.items() if nodes}
    if not sessions.listed("Node") or not sessions.by_address:
        return
    for row in tables.rows.readiness:
        peer = text(row.peer)
        if row.state != "not-established" or not peer or peer in told | set(sessions.by_address) | sessions.configured:
            continue
        age = number(row.age_s)
        if age is not None and int(row.count) >= 2 and not is_local_address(peer):
            told.add(peer)
            detail = f"{peer}, missed by {sessions.node_of(row) or row.pod}, is the address of no worker"
            name = "peer-not-a-worker" if age <= RECENT_S else "named-peer-not-a-worker"
            yield Fact(name, row.file, int(row.line), detail)


def down_named(tables: Tables) -> Iterator[Fact]:
    """named-peer-not-running: the worker that misses it is content with its other sessions by now."""
    sessions = Sessions(tables)
    told = {peer for peer, nodes in sessions.missed_by.items() if nodes}
    for row in tables.rows.readiness:
        peer = text(row.peer)
        if row.state != "not-established" or not peer or peer in told or not sessions.not_running(peer):
            continue
        told.add(peer)
        agent = sessions.agent(peer)
        if sessions.lost(peer) or agent is None or not agent.file:
            continue
        name = sessions.by_address[peer]
        detail = f"{name}, missed by {sessions.node_of(row) or row.pod}, is up, but {agent.name} is {agent.status}"
        yield Fact("named-peer-not-running", row.file, int(row.line), detail, name, also=((agent.file, agent.line),))


def _complaints_of(tables: Tables, peer: str, file: str) -> tuple[tuple[str, int], ...]:
    """Where other files' probes name a missed peer, also those of a while ago."""
    rows = [row for row in tables.rows.readiness if row.peer == peer and row.file != file]
    return tuple(dict.fromkeys((row.file, int(row.line)) for row in rows))[:4]


def _verdict(sessions: Sessions, peer: str, nodes: list[str]) -> tuple[str, str, str]:
    """(fact id, sentence, worker) for a missed peer; "" where nothing is wrong with it."""
    by = f"missed by {shown(nodes)}"
    worker = sessions.worker(peer)
    name = sessions.by_address.get(peer, "")
    if not name:
        if is_local_address(peer):
            return "peer-is-bridge-address", f"{peer}, {by}, is the address of a local bridge", ""
        if sessions.listed("Node") and peer not in sessions.configured:
            return "peer-not-a-worker", f"{peer}, {by}, is the address of no worker", ""
        return "", "", ""
    if worker is not None and sessions.lost(peer):
        return "peer-worker-not-ready", f"{name}, {by}, is {_ready(worker.ready)}", name
    if sessions.not_running(peer):
        agent = sessions.agent(peer)
        state = f"{agent.name} is {agent.status or 'not ready'}" if agent else "it has no calico-node pod"
        return "peer-calico-not-running", f"{name}, {by}, is up, but {state}", name
    return "", "", ""


def _ready(status: str) -> str:
    return "Unknown" if status == "Unknown" else "NotReady"


def columns(tables: Tables) -> Iterator[Fact]:
    """bgp-one-column, bgp-one-worker-cut-off."""
    sessions = Sessions(tables)
    missed = sessions.missed_by
    if len(missed) == 1:
        peer, nodes = next(iter(missed.items()))
        if len(nodes) >= 2:
            claims = [sessions.claim(node, peer) for node in nodes]
            also = tuple((claim.file, claim.line) for claim in claims[1:8])
            also = (*also, *_complaints_of(tables, peer, claims[0].file))
            name = sessions.by_address.get(peer, "")
            detail = f"{shown(nodes)} miss {name or peer} and nobody else"
            yield Fact("bgp-one-column", claims[0].file, claims[0].line, detail, name, also=also)
    agents = sessions.inventory.agents
    for node in sessions.observers:
        missing = {sessions.by_address.get(peer, "") for peer in sessions.missing_of(node)}
        others = {name for name in agents if name != node}
        healthy = {name for name in others if agents[name].healthy}
        if len(missing) >= 2 and "" not in missing and missing == others == healthy:
            claim = sessions.claim(node, min(sessions.missing_of(node)))
            detail = f"{node} misses all its peers; their calico-nodes are ready, so they have each other"
            yield Fact("bgp-one-worker-cut-off", claim.file, claim.line, detail, node, claim.pod)


def within_subnet(tables: Tables) -> Iterator[Fact]:
    """bgp-blocked-within-subnet."""
    sessions = Sessions(tables)
    workers = sessions.inventory.workers
    pairs: dict[str, list[tuple[str, str]]] = {}
    for node in sessions.observers:
        home = workers.get(node)
        if home is None or home.ready in ("False", "Unknown") or not home.subnet_key:
            continue
        for peer in sorted(sessions.missing_of(node)):
            other = sessions.worker(peer)
            if other is None or other.name == node or other.subnet_key != home.subnet_key:
                continue
            if not sessions.lost(peer) and sessions.not_running(peer) is not True:
                pairs.setdefault(home.subnet_key, []).append((node, peer))
    for subnet, found in pairs.items():
        missed = {sessions.by_address[peer] for _, peer in found}
        unready = {name for name in missed if _unready(sessions, name)}
        troubled = {node for node, _ in found} | unready
        if len(troubled) < 2 or len(missed) < 2:
            continue  # one worker alone: its own fault, or that of one peer
        claims = [sessions.claim(*pair) for pair in found]
        detail = f"{shown(troubled)} in {subnet} do not get sessions with each other"
        also = tuple((claim.file, claim.line) for claim in claims[1:8])
        yield Fact("bgp-blocked-within-subnet", claims[0].file, claims[0].line, detail, found[0][0], also=also)


def _unready(sessions: Sessions, node: str) -> bool:
    agent = sessions.inventory.agents.get(node)
    return agent is not None and agent.ready is False


def reasons(tables: Tables) -> Iterator[Fact]:
    """bgp-connect-silent, bgp-refused-by-healthy-peer, bgp-both-passive."""
    sessions = Sessions(tables)
    passive: dict[tuple[str, str], tuple[str, int]] = {}
    for (node, peer), claim in sorted(sessions.claims.items()):
        other = sessions.by_address.get(peer, "")
        if claim.up or not claim.info:
            continue
        info = claim.info.strip()
        if info == "Passive" and other:
            passive[(node, other)] = (claim.file, claim.line)
            if (other, node) in passive:
                detail = f"{node} and {other} both wait for the other to connect"
                also = (passive[(other, node)],)
                yield Fact("bgp-both-passive", claim.file, claim.line, detail, node, claim.pod, also)
        if not other or sessions.lost(peer) or sessions.not_running(peer) is not False:
            continue
        if info in ("Connect", "OpenSent"):
            detail = f"{node} gets no answer from {other}, whose calico-node runs"
            yield Fact("bgp-connect-silent", claim.file, claim.line, detail, node, claim.pod)
        elif any(word in info for word in CUT_OFF):
            detail = f"{node} to {other}, whose calico-node runs: {' '.join(info.split())}"
            yield Fact("bgp-refused-by-healthy-peer", claim.file, claim.line, detail, node, claim.pod)


def established(tables: Tables) -> Iterator[Fact]:
    """bgp-all-established: sessions with workers and routers alike."""
    rows = [row for row in tables.rows.bgp if row.origin in ("birdcl", "node-status") and row.peer]
    if rows and all("Established" in (row.state, row.message.partition(" ")[0]) for row in rows):
        detail = f"all {len(rows)} sessions that are shown are established"
        also = tuple((row.file, int(row.line)) for row in rows[1:8])
        yield Fact("bgp-all-established", rows[0].file, int(rows[0].line), detail, also=also)


def traced(tables: Tables) -> Iterator[Fact]:
    """bgp-refused-by-healthy-peer, where BIRD logs each attempt (its debug flags since Calico v3.33)."""
    sessions = Sessions(tables)
    lost: dict[tuple[str, str], list[tuple[str, int, str, str]]] = {}
    for row in tables.rows.bgp:
        key = (sessions.node_of(row), row.peer)
        if row.origin == "log" and row.state in UP:
            lost.pop(key, None)
        elif (
            row.origin == "log" and "Connection lost (" in row.message and any(word in row.message for word in CUT_OFF)
        ):
            lost.setdefault(key, []).append((row.file, int(row.line), row.message, row.pod))
    for (node, peer), places in lost.items():
        other = sessions.by_address.get(peer, "")
        if node and other and len(places) >= 2 and not sessions.lost(peer) and sessions.not_running(peer) is False:
            file, line, message, pod = places[-1]
            detail = f"{node} to {other}, whose calico-node runs: {message.partition(': ')[2]}"
            also = tuple(place[:2] for place in places[:-1][-4:])
            yield Fact("bgp-refused-by-healthy-peer", file, line, detail, node, pod, also)


def bounces(tables: Tables) -> Iterator[Fact]:
    """bgp-sessions-bounce."""
    sessions = Sessions(tables)
    ups: dict[tuple[str, str, str], list[tuple[str, int]]] = {}
    for row in tables.rows.bgp:
        if row.origin == "log" and row.state == "up" and row.peer:
            ups.setdefault((sessions.node_of(row), row.pod, row.peer), []).append((row.file, int(row.line)))
    told = set()
    for (node, pod, peer), places in ups.items():
        if len(places) > BOUNCES and pod not in told:
            told.add(pod)
            detail = f"the session of {node or pod} with {peer} came up {len(places)} times"
            yield Fact("bgp-sessions-bounce", *places[0], detail, node, pod, tuple(places[1:8]))


def bird(tables: Tables) -> Iterator[Fact]:
    """bird-down-lasting, bird-down-alone."""
    sessions = Sessions(tables)
    logs = current_lines(tables, sessions.inventory)
    for row in tables.rows.readiness:
        if row.check not in ("bird", "bird6") or row.state not in ("socket-error", "not-live"):
            continue
        age, first = number(row.age_s), number(row.first_age_s)
        span = (first or 0) - (age or 0)
        agent = sessions.inventory.pods_by_name.get(text(row.pod))
        if (agent is not None and agent.healthy) or (span < LONG_S and int(row.count) < MANY):
            continue
        node = sessions.node_of(row)
        where = node or row.pod
        detail = f"BIRD's control socket on {where} is unusable, {int(row.count)} times in {span / 60:.0f} min"
        yield Fact("bird-down-lasting", row.file, int(row.line), detail, node, row.pod)
        mine = [line for line in logs if line.pod == row.pod] if row.pod else logs
        named = any(not UPSTREAM.isdisjoint(line.message_ids) for line in mine)
        others = [pod for name, pod in sessions.inventory.agents.items() if name != node]
        well = [pod for pod in others if pod.healthy]
        seen = any(line.pod == row.pod and line.component for line in tables.rows.log_lines)
        ends = agent is not None and agent.status == "CrashLoopBackOff"  # BIRD ends with its container
        if seen and not ends and not named and well and len(well) >= FEW * (len(others) - len(well)):
            detail = f"{node or row.pod} lacks BIRD, most others have theirs; its log names no reason"
            yield Fact("bird-down-alone", row.file, int(row.line), detail, node, row.pod)


def silent_bird(tables: Tables) -> Iterator[Fact]:
    """bird-silent-alone: on a starved worker other probes would time out too."""
    sessions = Sessions(tables)
    late = {row.pod for row in tables.rows.readiness if row.state == "timeout" and row.check not in ("bird", "bird6")}
    for row in tables.rows.readiness:
        if row.check not in ("bird", "bird6") or row.state != "timeout" or not row.pod or row.pod in late:
            continue
        span = (number(row.first_age_s) or 0) - (number(row.age_s) or 0)
        agent = sessions.inventory.pods_by_name.get(text(row.pod))
        others = [pod for pod in sessions.inventory.agents.values() if pod.name != row.pod]
        if agent is None or agent.healthy or span < SILENT_S or int(row.count) < MANY:
            continue
        if others and all(pod.healthy for pod in others):
            detail = f"BIRD of {row.pod} has not answered for {span / 60:.0f} min; Felix there and other BIRDs do"
            yield Fact("bird-silent-alone", row.file, int(row.line), detail, agent.node, row.pod)


def all_ready(tables: Tables) -> Iterator[Fact]:
    """calico-nodes-all-ready."""
    agents = Sessions(tables).inventory.agents
    if agents and all(pod.healthy for pod in agents.values()):
        first = next(iter(agents.values()))
        yield Fact("calico-nodes-all-ready", first.file, first.line, f"all {len(agents)} calico-nodes shown are ready")


CHECKS: tuple[Check, ...] = (
    zero,
    missed_peers,
    strangers_named,
    down_named,
    columns,
    within_subnet,
    reasons,
    established,
    traced,
    bounces,
    bird,
    silent_bird,
    all_ready,
)
