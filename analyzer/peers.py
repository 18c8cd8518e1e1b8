"""BGP sessions between workers, as each side tells them: the peer matrix."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime

from analyzer.inventory import Inventory
from analyzer.report import model
from analyzer.tables import Tables

_UP = {"up", "Established", "established"}
_BEFORE_ALL = datetime.min.replace(tzinfo=UTC)


def session_states(tables: Tables, inventory: Inventory, over: Sequence[bool]) -> dict[tuple[str, str], str]:
    """Give (worker, peer) -> established | not-established; peers are worker names where they can be resolved.

    The latest word counts: probe results over BIRD's ``State changed to`` lines, ``birdcl`` and ``calicoctl node
    status`` over both. ``over`` marks the probe results whose trouble has passed (``Evidence.over``).
    """
    states: dict[tuple[str, str], str] = {}
    # a session's latest word counts: logs of terminated containers come first, whatever their files' order
    ordered = sorted(tables.rows.bgp, key=lambda row: row.time or _BEFORE_ALL)
    for origin in ("log", "birdcl", "node-status"):
        for row in ordered:
            if row.origin != origin or not row.peer or not row.node or row.peer == row.node or not row.state:
                continue
            peer = inventory.by_address.get(row.peer, row.peer)
            states[(row.node, peer)] = "established" if row.state in _UP else "not-established"
        if origin == "log":
            for probe, past in zip(tables.rows.readiness, over, strict=True):
                if not past and probe.peer and probe.node and probe.state == "not-established":
                    states[(probe.node, inventory.by_address.get(probe.peer, probe.peer))] = "not-established"
    return states


def peer_matrix(tables: Tables, inventory: Inventory, over: Sequence[bool]) -> model.PeerMatrix | None:
    """The matrix for the report, rows and columns by subnet; None where no session is known."""
    states = session_states(tables, inventory, over)
    if not states:
        return None
    nodes = sorted({name for pair in states for name in pair})
    groups: dict[str, list[str]] = defaultdict(list)
    for name in nodes:
        worker = inventory.workers.get(name)
        groups[(worker.facts.get("zone") or worker.subnet_key) if worker else ""].append(name)
    return model.PeerMatrix(
        nodes=tuple(nodes),
        cells=tuple(model.PeerCell(node, peer, state) for (node, peer), state in sorted(states.items())),
        groups=tuple(model.PeerGroup(name, tuple(members)) for name, members in sorted(groups.items()) if name),
    )
