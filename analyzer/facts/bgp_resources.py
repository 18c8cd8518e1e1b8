"""Cross-checks about BGP resources and the secret of the mesh password.

============================== ===============================================================================
fact                           what it means
============================== ===============================================================================
bgp-secret-only-in-kube-system the secret is in kube-system, not in calico-system where calico-node runs
bgp-secret-nowhere             BGPConfiguration refers to a secret that a complete list does not have
bgp-secret-present             the secret is in the namespace where calico-node runs
bgp-secret-no-role             no Role of calico-node's namespace names the secret, though its Roles are shown
bgp-silent-despite-password    a mesh password is set and running peers do not answer
bgp-without-password           BGPConfiguration is shown and refers to no password, nor does any BGPPeer
migrated-without-sessions      calico-nodes in calico-system have no session, those in kube-system work
mesh-disabled-without-peers    the node-to-node mesh is off and the list of BGPPeers is empty, or BIRD has no peer
worker-without-peers           there are BGPPeers instead of the mesh, and calicoctl shows no peer on a worker
bgppeer-never-up               nobody gets a session with the address of a BGPPeer, which no worker has
bgppeer-down                   a list of sessions shows that with the address of a BGPPeer, which no worker has, as down
bgp-both-passive               two BGPPeers make both ends of a session wait for the other one
bgppeer-selects-nothing        the node, or the node or peer selector, of a BGPPeer matches no worker
============================== ===============================================================================

Sources: runbook "calico-node Pod Not Running after upgrading to IKS 1.29 (or newer)"; Calico's documentation
of BGPConfiguration, BGPPeer and selectors.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from analyzer.facts.fact import Check, Fact
from analyzer.facts.observed import shown
from analyzer.facts.sessions import Sessions
from analyzer.inventory import text
from analyzer.tables import Tables
from parsers.lazy_pattern import lazy_pattern

DEFAULT_SECRET = "calico-bgp-password"  # noqa: S105 - the name of a secret, not a password
NEW, OLD = "calico-system", "kube-system"
_NEGATED = lazy_pattern(r"!has\(([\w./-]{1,200})\)")
_HAS = lazy_pattern(r"has\(([\w./-]{1,200})\)")
_EQUAL = lazy_pattern(r"([\w./-]{1,200}) ?(==|!=) ?['\"]([^'\"]{0,200})['\"]")


def _settings(tables: Tables, kind: str, key: str = "") -> list[Any]:
    return [row for row in tables.rows.settings if row.kind == kind and (not key or row.key.startswith(key))]


def _namespaces_with_list(tables: Tables, kind: str) -> set[str]:
    return {row.namespace for row in tables.rows.listings if row.kind == kind and row.complete}


def secret(tables: Tables) -> Iterator[Fact]:
    """bgp-secret-only-in-kube-system, bgp-secret-nowhere, bgp-secret-present, bgp-secret-no-role."""
    referred = [
        row for row in _settings(tables, "BGPConfiguration", "spec.nodeMeshPassword") if row.key.endswith("name")
    ]
    name = text(referred[0].value) if referred else DEFAULT_SECRET
    found = {row.namespace: row for row in _settings(tables, "Secret") if row.name == name}
    agents = Sessions(tables).inventory.agents.values()
    homes = {agent.namespace for agent in agents if agent.namespace}
    homes |= {row.namespace for row in tables.rows.daemonsets if row.daemonset == "calico-node"}
    listed = _namespaces_with_list(tables, "Secret")
    denied = _not_found(tables, name, homes)
    # a table over all namespaces that shows one of them would show the other, also where it is filtered by the name
    everywhere = OLD in found and any(
        row.kind == "Secret" and row.namespace == "*" and row.file == found[OLD].file for row in tables.rows.listings
    )
    absent = NEW in homes and OLD in found and NEW not in found
    if absent and (everywhere or listed & {NEW, "*"} or NEW in denied):
        row = denied.get(NEW, found[OLD])
        detail = f"secret {name} is in {OLD}, not in {NEW} where calico-node runs"
        also = tuple((item.file, int(item.line)) for item in (found[OLD], *referred[:1]))
        yield Fact("bgp-secret-only-in-kube-system", row.file, int(row.line), detail, also=also)
    elif referred and not found and (listed & {"*"} or (homes and homes <= listed | set(denied))):
        row, *more = [*denied.values(), referred[0]]
        also = tuple((item.file, int(item.line)) for item in more)
        detail = f"{referred[0].name} refers to {name}, which there is not"
        yield Fact("bgp-secret-nowhere", row.file, int(row.line), detail, also=also)
    for home in sorted(homes & set(found)):
        if home == NEW or NEW not in homes:
            row = found[home]
            yield Fact("bgp-secret-present", row.file, int(row.line), f"secret {name} is in {home}")
    if referred or found:
        yield from _role(tables, name, homes)


def _not_found(tables: Tables, name: str, homes: set[str]) -> dict[str, Any]:
    """By namespace, the line in which kubectl says that the secret is not there; asked without one: all of them."""
    said = f'secrets "{name}" not found'
    rows = [row for row in tables.rows.log_lines if said in row.message and "NotFound" in row.message]
    return {home: row for row in rows for home in ([row.namespace] if row.namespace else sorted(homes))}


def _role(tables: Tables, name: str, homes: set[str]) -> Iterator[Fact]:
    shown_roles = [row for row in _settings(tables, "Role", "rules") if row.namespace == NEW]
    complete = NEW in homes and bool(_namespaces_with_list(tables, "Role") & {NEW, "*"})
    if complete and shown_roles and not any(text(row.value) == name for row in shown_roles):
        row = shown_roles[0]
        yield Fact("bgp-secret-no-role", row.file, int(row.line), f"no Role of {NEW} names the secret {name}")


def password(tables: Tables) -> Iterator[Fact]:
    """bgp-without-password."""
    rows = _settings(tables, "BGPConfiguration", "spec.")
    peers = _settings(tables, "BGPPeer", "spec.password")
    if rows and not peers and not any(row.key.startswith("spec.nodeMeshPassword") for row in rows):
        yield Fact("bgp-without-password", rows[0].file, int(rows[0].line), f"{rows[0].name} refers to no password")


def silent(tables: Tables) -> Iterator[Fact]:
    """bgp-silent-despite-password: sessions in Connect or OpenSent without a reason."""
    asked = _settings(tables, "BGPConfiguration", "spec.nodeMeshPassword")
    sessions = Sessions(tables)
    for (node, peer), claim in sorted(sessions.claims.items()) if asked else ():
        if claim.info.strip() in ("Connect", "OpenSent") and sessions.not_running(peer) is False:
            detail = f"{node} gets no answer from {sessions.by_address.get(peer, peer)}; a mesh password is configured"
            also = ((asked[0].file, int(asked[0].line)),)
            yield Fact("bgp-silent-despite-password", claim.file, claim.line, detail, node, claim.pod, also)
            return


def migrated(tables: Tables) -> Iterator[Fact]:
    """migrated-without-sessions."""
    sessions = Sessions(tables)
    agents = sessions.inventory.agents
    new = {node for node, pod in agents.items() if pod.namespace == NEW}
    old = {node for node, pod in agents.items() if pod.namespace == OLD}
    dead = {node for node, item in sessions.complaints.items() if item.no_session}
    if old and dead and dead <= new and all(agents[node].healthy for node in old):
        item = sessions.complaints[min(dead)]
        first = agents[min(old)]
        detail = f"{shown(dead)} ({NEW}) has no session; calico-node in {OLD} still works on {shown(old)}"
        also = ((first.file, first.line),) if first.file else ()
        yield Fact("migrated-without-sessions", item.file, item.line, detail, item.node, item.pod, also)


def mesh(tables: Tables) -> Iterator[Fact]:
    """mesh-disabled-without-peers, worker-without-peers."""
    off = [row for row in _settings(tables, "BGPConfiguration", "spec.nodeToNodeMeshEnabled") if row.value == "false"]
    peers = _settings(tables, "BGPPeer")
    if off and not peers and _namespaces_with_list(tables, "BGPPeer"):
        detail = "the node-to-node mesh is disabled and there is no BGPPeer"
        yield Fact("mesh-disabled-without-peers", off[0].file, int(off[0].line), detail)
        return
    lonely = [row for row in tables.rows.bgp if row.origin == "node-status" and row.state == "no-peers"]
    if off and lonely and not peers:
        detail = "the node-to-node mesh is disabled and calicoctl shows no peer"
        also = tuple((row.file, int(row.line)) for row in lonely[:4])
        yield Fact("mesh-disabled-without-peers", off[0].file, int(off[0].line), detail, also=also)
    elif lonely and (off or (peers and len({row.node for row in tables.rows.nodes}) > 1)):  # a mesh would give peers
        row = lonely[0]
        detail = f"BGPPeers take the place of the mesh, and none is for {row.node or 'the worker'}: it has no peer"
        also = tuple((one.file, int(one.line)) for one in off[:1])
        yield Fact("worker-without-peers", row.file, int(row.line), detail, row.node, also=also)


def unreached(tables: Tables) -> Iterator[Fact]:
    """bgppeer-never-up: for two workers or more, or without a mesh, and no worker is missed as well."""
    sessions = Sessions(tables)
    others = {peer for peer in sessions.missed_by if peer in sessions.by_address}
    off = any(row.value == "false" for row in _settings(tables, "BGPConfiguration", "spec.nodeToNodeMeshEnabled"))
    for row in _settings(tables, "BGPPeer", "spec.peerIP"):
        address = text(row.value).partition("/")[0]
        nodes = sessions.missed_by.get(address, [])
        up = any(peer == address and claim.up for (_, peer), claim in sessions.claims.items())
        if len(nodes) >= (1 if off else 2) and not up and not others and address not in sessions.by_address:
            claims = [sessions.claim(node, address) for node in nodes]
            detail = f"BGPPeer {row.name} names {address}, with which {shown(nodes)} get no session"
            also = tuple((claim.file, claim.line) for claim in claims[:8])
            yield Fact("bgppeer-never-up", row.file, int(row.line), detail, also=also)


def routers(tables: Tables) -> Iterator[Fact]:
    """bgppeer-down."""
    sessions = Sessions(tables)
    rows = [row for row in tables.rows.bgp if row.origin in ("birdcl", "node-status") and row.peer and row.state]
    down = [
        row
        for row in rows
        if row.peer in sessions.configured
        and row.peer not in sessions.by_address
        and "Established" not in (row.state, row.message.partition(" ")[0])
    ]
    for peer in dict.fromkeys(row.peer for row in down):
        first, *rest = [row for row in down if row.peer == peer]
        detail = f"{peer}, the peer of a BGPPeer, has no session: {' '.join(first.message.split())}"
        also = tuple((row.file, int(row.line)) for row in rest[:4])
        yield Fact("bgppeer-down", first.file, int(first.line), detail, first.node, first.pod, also)


def named_nodes(tables: Tables) -> Iterator[Fact]:
    """bgppeer-selects-nothing: a BGPPeer for one node that is not there."""
    names = {row.node for row in tables.rows.nodes}
    if names and Sessions(tables).listed("Node"):
        for row in _settings(tables, "BGPPeer", "spec.node"):
            if row.key == "spec.node" and text(row.value) not in ("", "(global)", *names):
                detail = f"BGPPeer {row.name} is for the node {text(row.value)[:120]}, which does not exist"
                yield Fact("bgppeer-selects-nothing", row.file, int(row.line), detail)


def passive(tables: Tables) -> Iterator[Fact]:
    """bgp-both-passive: by two BGPPeers for one node each."""
    addresses = Sessions(tables).by_address
    ends: dict[tuple[str, str], Any] = {}
    of_peer: dict[str, dict[str, Any]] = {}
    for row in _settings(tables, "BGPPeer", "spec."):
        of_peer.setdefault(row.name, {})[row.key] = row
    for name, spec in of_peer.items():
        if (
            not {"spec.node", "spec.peerIP", "spec.passiveMode"} <= set(spec)
            or spec["spec.passiveMode"].value != "true"
        ):
            continue
        node = text(spec["spec.node"].value)
        other = addresses.get(text(spec["spec.peerIP"].value).partition(":")[0], "")
        ends[(node, other)] = row = spec["spec.passiveMode"]
        if back := ends.get((other, node)):
            detail = f"BGPPeers {back.name} and {name}: {other} and {node} both wait for the other to connect"
            also = ((back.file, int(back.line)),)
            yield Fact("bgp-both-passive", row.file, int(row.line), detail, node, also=also)


def selectors(tables: Tables) -> Iterator[Fact]:
    """bgppeer-selects-nothing: only for selectors whose meaning is certain."""
    workers = [row for row in tables.rows.nodes if row.labels]
    names = {row.node for row in workers}
    if not workers or names != {row.node for row in tables.rows.nodes} or not Sessions(tables).listed("Node"):
        return
    for row in _settings(tables, "BGPPeer"):
        if row.key not in ("spec.nodeSelector", "spec.peerSelector"):
            continue
        if not any(selects(row.value, worker.labels) is not False for worker in workers):
            name = row.key.removeprefix("spec.")
            detail = f"{name} of BGPPeer {row.name} matches no worker: {text(row.value)[:120]}"
            yield Fact("bgppeer-selects-nothing", row.file, int(row.line), detail)


def selects(selector: str, labels: dict[str, str]) -> bool | None:
    """Whether a selector matches labels; None where it is more than ``all()``, ``has(x)``, ``x == 'y'`` or their "&&".

    Source: Calico's selector syntax.
    """
    result = True
    for part in selector.split("&&"):
        term = part.strip()
        if term in ("", "all()"):
            continue
        if match := _NEGATED.fullmatch(term):
            result = result and match[1] not in labels
        elif match := _HAS.fullmatch(term):
            result = result and match[1] in labels
        elif match := _EQUAL.fullmatch(term):
            same = labels.get(match[1]) == match[3]
            result = result and (same if match[2] == "==" else not same)
        else:
            return None
    return result


CHECKS: tuple[Check, ...] = (
    secret,
    password,
    silent,
    migrated,
    mesh,
    unreached,
    routers,
    named_nodes,
    passive,
    selectors,
)
