"""Cross-checks about a topology of BGP other than the full mesh: reflectors, routers, and who took it away.

========================= ===================================================================================
fact                      what it means
========================= ===================================================================================
bgp-peers-all-removed     BIRD was told to remove all its peers, two or more, and has had none since
reflector-without-cluster the mesh is off, and a node that a peerSelector takes for a reflector has no cluster id
bgp-nothing-learned       sessions are established, and not one route of another node comes with them
bgppeer-as-differs        BIRD hears another AS number from a peer than its BGPPeer says
pool-not-exported         an IP pool without encapsulation by VXLAN is kept out of BGP: no node learns its routes
own-as-behind-routers     the same, where all nodes have one AS number, their peers are routers of other ones and no
                          BGPPeer allows the own number in a path: BIRD drops what the routers hand on as a loop
========================= ===================================================================================

Sources: confd's ``bird.cfg.template``; Calico's documentation of BGPPeer (numAllowedLocalASNumbers) and of route
reflectors (routeReflectorClusterID); RFC 4271 (a path that holds the own number is a loop).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from analyzer.facts.bgp_resources import selects
from analyzer.facts.fact import Check, Fact
from analyzer.facts.observed import shown
from analyzer.facts.sessions import STAYS_S, Sessions
from analyzer.inventory import text
from analyzer.tables import Tables
from parsers.bird_log import peer_of
from parsers.lazy_pattern import lazy_pattern

LEAST = 2
DEFAULT_AS = "64512"
_REMOVED = "Removing protocol "
_PEERS = ("Mesh_", "Node_", "Global_")
_CLUSTER_ID = "projectcalico.org/RouteReflectorClusterID"
_LABEL = "metadata.labels."
_OTHER_AS = lazy_pattern(r"((?:Global|Node)_\w{1,80}): Error: Bad peer AS: (\d{1,10})")


def removed(tables: Tables) -> Iterator[Fact]:
    """bgp-peers-all-removed: only where the log goes on for a while."""
    inventory = Sessions(tables).inventory
    gone: dict[str, dict[str, Any]] = {}
    for row in tables.rows.log_lines:
        if row.message.startswith(_REMOVED):
            name = row.message.removeprefix(_REMOVED).strip()
            if name.startswith(_PEERS):
                gone.setdefault(row.file, {})[name] = row
    last: dict[str, dict[str, Any]] = {}
    for state in tables.rows.bgp:
        if state.origin == "log" and state.file in gone and state.protocol.startswith(_PEERS) and state.state:
            known = last.setdefault(state.file, {}).get(state.protocol)
            if known is None or state.line > known.line:
                last[state.file][state.protocol] = state
    for file, rows in gone.items():
        states = last.get(file, {})
        ended = [row for row in states.values() if row.state == "down" and row.protocol in rows]
        if len(rows) < LEAST or not states or len(ended) != len(states) or not _went_on(tables, file, ended):
            continue
        first = next(iter(rows.values()))
        why = [
            row
            for row in tables.rows.log_lines
            if row.file == file and "confd-recompute" in row.message_ids and "delete" in row.message
        ]
        best = why[-1] if why else first
        detail = f"BIRD removed all its peers ({shown(rows)}) and has had none since"
        also = ((file, int(first.line)),) if why else ()
        pod = inventory.pods_by_name.get(text(first.pod))
        yield Fact("bgp-peers-all-removed", file, int(best.line), detail, pod.node if pod else "", first.pod, also)


def _went_on(tables: Tables, file: str, rows: list[Any]) -> bool:
    end = tables.facts_of_files.get(file, {}).get("last_time")
    times = [row.not_after or row.time for row in rows]
    known: list[datetime] = [time for time in times if time is not None]
    if not end or not known:
        return False
    return (datetime.fromisoformat(end) - max(known)).total_seconds() >= STAYS_S


def _mesh_off(tables: Tables) -> Any:
    for row in tables.rows.settings:
        if row.kind == "BGPConfiguration" and row.key == "spec.nodeToNodeMeshEnabled" and row.value == "false":
            return row
    return None


def reflectors(tables: Tables) -> Iterator[Fact]:
    """reflector-without-cluster: of nodes whose resource, or whose annotations, are shown."""
    off = _mesh_off(tables)
    asked = [row for row in tables.rows.settings if row.kind == "BGPPeer" and row.key == "spec.peerSelector"]
    if off is None or not asked:
        return
    labels: dict[str, dict[str, str]] = {}
    places: dict[str, tuple[str, int]] = {}
    named: set[str] = set()
    for row in tables.rows.settings:
        if row.kind == "CalicoNode" and row.key.startswith(("metadata.", "spec.bgp.")):
            places.setdefault(row.name, (row.file, int(row.line)))
            mine = labels.setdefault(row.name, {})
            if row.key.startswith(_LABEL):
                mine[row.key.removeprefix(_LABEL)] = text(row.value)
            if row.key == "spec.bgp.routeReflectorClusterID" and row.value:
                named.add(row.name)
    for node in tables.rows.nodes:
        if _CLUSTER_ID in node.annotations:
            named.add(node.node)
        if node.calico_ip and node.labels:
            labels.setdefault(node.node, {}).update(node.labels)
            places.setdefault(node.node, (node.file, int(node.line)))
    for name in sorted(set(labels) - named):
        taken = [row for row in asked if selects(row.value, labels[name]) is True and row.value.strip() != "all()"]
        if taken:
            detail = f"{name} is a reflector by {taken[0].value[:120]}, and has no routeReflectorClusterID"
            also = ((off.file, int(off.line)), (taken[0].file, int(taken[0].line)))
            yield Fact("reflector-without-cluster", *places[name], detail, name, also=also)


def unlearned(tables: Tables) -> Iterator[Fact]:
    """bgp-nothing-learned, own-as-behind-routers."""
    sessions = Sessions(tables)
    if len(sessions.inventory.workers) <= LEAST:
        return
    listed = [row for row in tables.rows.bgp if row.origin in ("birdcl", "node-status") and row.peer]
    up = [row for row in listed if "Established" in (row.state, row.message.partition(" ")[0])]
    counts = [row for row in tables.rows.settings if row.kind == "Bird" and row.key == "imported"]
    routes = [row for row in tables.rows.routes if row.proto == "bird"]
    empty = [row for row in counts if row.value == "0"] if all(row.value == "0" for row in counts) else []
    local = routes if routes and all(row.unreachable for row in routes) else []
    if not up or len(up) != len(listed) or not (empty or local):
        return
    shows: list[Any] = [*empty, *local]
    first, *rest = shows
    also = tuple((row.file, int(row.line)) for row in rest[:4])
    detail = f"sessions with {shown(row.peer for row in up)} are established, and no route comes with them"
    yield Fact("bgp-nothing-learned", first.file, int(first.line), detail, up[0].node, up[0].pod, also)
    if (own := _one_as(tables)) is not None:
        detail = f"all nodes have AS {text(own.value)}: what routers hand on of other nodes is dropped as a loop"
        also = ((first.file, int(first.line)), *also)
        yield Fact("own-as-behind-routers", own.file, int(own.line), detail, also=also)


def _one_as(tables: Tables) -> Any:
    """The row that shows the one AS number of nodes whose BGPPeers are all routers of other ones."""
    off = _mesh_off(tables)
    peers = [row for row in tables.rows.settings if row.kind == "BGPPeer"]
    if off is None or any(row.key == "spec.numAllowedLocalASNumbers" and row.value not in ("", "0") for row in peers):
        return None
    given = [row for row in tables.rows.settings if row.kind == "BGPConfiguration" and row.key == "spec.asNumber"]
    own = text(given[0].value) if given else DEFAULT_AS
    theirs = {text(row.value) for row in peers if row.key == "spec.asNumber"}
    by_node = any("projectcalico.org/ASNumber" in node.annotations for node in tables.rows.nodes) or any(
        row.kind == "CalicoNode" and row.key == "spec.bgp.asNumber" and row.value for row in tables.rows.settings
    )
    if not theirs or own in theirs or by_node:
        return None
    return given[0] if given else off


def peer_as(tables: Tables) -> Iterator[Fact]:
    """bgppeer-as-differs: once for each BGPPeer."""
    heard: dict[str, tuple[str, Any]] = {}
    for row in tables.rows.log_lines:
        if "Bad peer AS" in row.message and (match := _OTHER_AS.search(row.message)):
            heard.setdefault(peer_of(match[1]), (match[2], row))
    specs: dict[str, dict[str, Any]] = {}
    for setting in tables.rows.settings if heard else ():
        if setting.kind == "BGPPeer":
            specs.setdefault(setting.name, {})[setting.key] = setting
    for name, spec in specs.items():
        address = text(spec["spec.peerIP"].value) if "spec.peerIP" in spec else ""
        given = spec.get("spec.asNumber")
        number, row = heard.get(address, ("", None))
        if given is not None and row is not None and text(given.value) != number:
            detail = f"BGPPeer {name} says AS {text(given.value)}, {address} says {number}"
            also = ((row.file, int(row.line)),)
            yield Fact("bgppeer-as-differs", given.file, int(given.line), detail, also=also)


def pools(tables: Tables) -> Iterator[Fact]:
    """pool-not-exported."""
    specs: dict[str, dict[str, Any]] = {}
    for row in tables.rows.settings:
        if row.kind == "IPPool":
            specs.setdefault(row.name, {})[row.key] = row
    for name, spec in specs.items():
        kept = spec.get("spec.disableBGPExport")
        vxlan = text(spec["spec.vxlanMode"].value) if "spec.vxlanMode" in spec else "Never"
        unused = "spec.nodeSelector" in spec and spec["spec.nodeSelector"].value.strip() == "!all()"
        off = unused or ("spec.disabled" in spec and spec["spec.disabled"].value == "true")
        if kept is not None and kept.value == "true" and vxlan == "Never" and not off:
            detail = f"{name} is not exported by BGP and has no VXLAN: nobody knows where its addresses are"
            yield Fact("pool-not-exported", kept.file, int(kept.line), detail)


CHECKS: tuple[Check, ...] = (removed, reflectors, unlearned, peer_as, pools)
