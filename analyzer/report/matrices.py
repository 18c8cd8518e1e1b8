"""The BGP peer matrix and the worker by symptom matrix as rows and cells, ready for a table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import msgspec

from analyzer.report import model

#: sign and words of each state; signs differ in shape, so that colour is not needed
PEER_SIGNS = {
    "established": ("✓", "established"),
    "not-established": ("✗", "not established"),
    "unknown": ("·", "not shown by this bundle"),
    "self": ("", "the worker itself"),
}
#: colours of groups that the style sheet knows; the group's name stands beside its colour
HUES = 6
SYMPTOM_SIGNS = {"yes": ("●", "yes"), "no": ("–", "no"), "unknown": ("·", "not shown by this bundle")}


class Cell(msgspec.Struct, frozen=True):
    """One cell: its state, the sign shown and what a screen reader says."""

    state: str
    sign: str
    words: str
    starts_group: bool = False


class GridRow(msgspec.Struct, frozen=True):
    """One row: its heading, the group it is in, whether a group begins here; ``hue`` is the colour of its group."""

    number: int
    name: str
    group: str
    starts_group: bool
    cells: tuple[Cell, ...]
    hue: int = 0  # 1 to HUES, again from 1 where there are more groups; 0: no group


class GroupRow(msgspec.Struct, frozen=True):
    """How the sessions from one group to each group stand: "12 of 12 established"."""

    name: str
    cells: tuple[Cell, ...]


class PeerGrid(msgspec.Struct, frozen=True):
    """The peer matrix as tables; ``left_out`` workers have no trouble to show."""

    rows: tuple[GridRow, ...]
    groups: tuple[str, ...]
    group_rows: tuple[GroupRow, ...]
    summary: str
    left_out: int


class NodeGrid(msgspec.Struct, frozen=True):
    """The worker by symptom matrix as a table."""

    columns: tuple[str, ...]
    rows: tuple[GridRow, ...]
    left_out: int


def peer_grid(matrix: model.PeerMatrix, most: int) -> PeerGrid:
    """Lay out the peer matrix by groups; of more than ``most`` workers those in trouble are kept first."""
    states = {(cell.node, cell.peer): cell.state for cell in matrix.cells if cell.node != cell.peer}
    group_of = {node: group.name for group in matrix.groups for node in group.nodes}
    grouped = [node for group in matrix.groups for node in group.nodes]
    ordered = list(dict.fromkeys([*grouped, *matrix.nodes]))
    trouble = Counter(name for pair, state in states.items() if state == "not-established" for name in pair)
    kept = set(sorted(ordered, key=lambda node: -trouble[node])[:most])  # sorted() is stable: order breaks ties
    shown = [node for node in ordered if node in kept]
    starts = {b for a, b in zip(["", *shown], shown, strict=False) if group_of.get(a, "") != group_of.get(b, "")}
    hues = {group.name: position % HUES + 1 for position, group in enumerate(matrix.groups)}
    rows = tuple(
        GridRow(
            number=number,
            name=node,
            group=group_of.get(node, ""),
            starts_group=node in starts and number > 1,
            hue=hues.get(group_of.get(node, ""), 0),
            cells=tuple(_peer_cell(states, node, peer, peer in starts and peer != shown[0]) for peer in shown),
        )
        for number, node in enumerate(shown, start=1)
    )
    names = tuple(dict.fromkeys(group_of.get(node, "other") for node in ordered))
    counts = Counter(states.values())
    summary = (
        f"{counts['established']:,} sessions established, {counts['not-established']:,} not established, "
        f"as seen from {len({pair[0] for pair in states}):,} of {len(ordered):,} workers."
    )
    groups = names if len(names) > 1 else ()
    return PeerGrid(rows, groups, _group_rows(states, group_of, groups), summary, len(ordered) - len(shown))


def _peer_cell(states: dict[tuple[str, str], str], node: str, peer: str, starts_group: bool) -> Cell:
    state = "self" if node == peer else states.get((node, peer), "unknown")
    sign, said = PEER_SIGNS.get(state, PEER_SIGNS["unknown"])
    return Cell(state if state in PEER_SIGNS else "unknown", sign, said, starts_group)


def _group_rows(
    states: dict[tuple[str, str], str], group_of: dict[str, str], groups: Sequence[str]
) -> tuple[GroupRow, ...]:
    """Count sessions between groups: what two groups that do not see each other look like at a glance."""
    if not groups:
        return ()
    counts: Counter[tuple[str, str, str]] = Counter()
    for (node, peer), state in states.items():
        counts[group_of.get(node, "other"), group_of.get(peer, "other"), state] += 1
    rows = []
    for source in groups:
        cells = []
        for target in groups:
            good, bad = counts[source, target, "established"], counts[source, target, "not-established"]
            state = "unknown" if not good + bad else "established" if not bad else "not-established"
            said = f"{good} of {good + bad} established" if good + bad else PEER_SIGNS["unknown"][1]
            cells.append(Cell(state, PEER_SIGNS[state][0], said))
        rows.append(GroupRow(source, tuple(cells)))
    return tuple(rows)


def node_grid(matrix: model.NodeMatrix, most: int) -> NodeGrid:
    """Lay out workers by symptoms; of more than ``most`` workers those with most symptoms are kept."""
    cells = {(cell.node, cell.symptom): cell for cell in matrix.cells}
    trouble = Counter(cell.node for cell in matrix.cells if cell.state == "yes")
    kept = set(sorted(matrix.nodes, key=lambda node: -trouble[node])[:most])
    shown = [node for node in matrix.nodes if node in kept]
    rows = []
    for number, node in enumerate(shown, start=1):
        row = []
        for symptom, _ in matrix.symptoms:
            cell = cells.get((node, symptom))
            state = cell.state if cell and cell.state in SYMPTOM_SIGNS else "unknown"
            sign, said = SYMPTOM_SIGNS[state]
            row.append(Cell(state, sign, f"{said}: {cell.note}" if cell and cell.note else said))
        rows.append(GridRow(number, node, "", False, tuple(row)))
    return NodeGrid(tuple(title for _, title in matrix.symptoms), tuple(rows), len(matrix.nodes) - len(shown))
