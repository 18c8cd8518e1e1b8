"""The matrices as rows and cells."""

from __future__ import annotations

import report_samples as samples

from analyzer.report import environment, model
from analyzer.report.matrices import HUES, node_grid, peer_grid


def matrix() -> model.PeerMatrix:
    found = samples.incident().peer_matrix
    assert found is not None
    return found


def test_peer_grid_has_a_row_a_worker_in_order_of_groups() -> None:
    grid = peer_grid(matrix(), 24)
    assert [row.name for row in grid.rows] == list(samples.NODES)
    assert [row.number for row in grid.rows if row.starts_group] == [5, 9]
    assert [cell.state for cell in grid.rows[0].cells] == [
        "self",
        *["established"] * 3,
        *["not-established"] * 4,
        *["established"] * 4,
    ]
    assert {cell.state for cell in grid.rows[11].cells} == {"unknown", "self"}
    assert [n for n, cell in enumerate(grid.rows[0].cells) if cell.starts_group] == [4, 8]


def test_groups_are_counted() -> None:
    grid = peer_grid(matrix(), 24)
    assert grid.groups == samples.ZONES
    assert [[cell.words for cell in row.cells] for row in grid.group_rows] == [
        ["12 of 12 established", "0 of 16 established", "16 of 16 established"],
        ["0 of 16 established", "12 of 12 established", "0 of 16 established"],
        ["8 of 8 established", "0 of 8 established", "6 of 6 established"],
    ]
    assert grid.summary == "54 sessions established, 56 not established, as seen from 10 of 12 workers."


def test_signs_differ_without_colour() -> None:
    signs = {cell.state: cell.sign for row in peer_grid(matrix(), 24).rows for cell in row.cells}
    assert len(set(signs.values())) == len(signs) == 4


def test_workers_in_trouble_are_kept_when_there_are_many() -> None:
    nodes = tuple(f"n{n}" for n in range(100))
    cells = (model.PeerCell("n70", "n80", "not-established"), model.PeerCell("n1", "n2", "established"))
    grid = peer_grid(model.PeerMatrix(nodes, cells), 4)
    assert [row.name for row in grid.rows] == ["n0", "n1", "n70", "n80"]
    assert grid.left_out == 96
    assert grid.group_rows == ()


def test_a_peer_of_no_group_is_other() -> None:
    grid = peer_grid(
        model.PeerMatrix(
            ("a", "10.9.9.9"), (model.PeerCell("a", "10.9.9.9", "not-established"),), (model.PeerGroup("z", ("a",)),)
        ),
        9,
    )
    assert grid.groups == ("z", "other")
    assert grid.group_rows[0].cells[1].words == "0 of 1 established"
    assert grid.group_rows[1].cells[0].state == "unknown"


def test_unexpected_states_are_unknown() -> None:
    grid = peer_grid(model.PeerMatrix(("a", "b"), (model.PeerCell("a", "b", "odd"),)), 9)
    assert grid.rows[0].cells[1].state == "unknown"


def test_node_grid() -> None:
    report = samples.incident()
    assert report.node_matrix is not None
    grid = node_grid(report.node_matrix, 60)
    assert grid.columns == ("BGP not established", "calico-node not ready", "worker NotReady")
    states = {row.name: [cell.state for cell in row.cells] for row in grid.rows}
    assert states["10.31.7.20"] == ["yes", "yes", "no"]
    assert states["10.30.7.20"] == ["no", "no", "no"]
    assert states["10.32.7.23"] == ["unknown"] * 3


def test_node_grid_keeps_workers_with_symptoms_and_their_notes() -> None:
    matrix = model.NodeMatrix(
        tuple(f"n{n}" for n in range(50)), (("s", "S"),), (model.NodeMatrixCell("n40", "s", "yes", "since noon"),)
    )
    grid = node_grid(matrix, 2)
    assert [row.name for row in grid.rows] == ["n0", "n40"]
    assert grid.rows[1].cells[0].words == "yes: since noon"
    assert grid.left_out == 48


def test_groups_have_colours_of_their_own() -> None:
    groups = tuple(model.PeerGroup(f"zone-{n}", (f"node-{n}",)) for n in range(HUES + 1))
    matrix = model.PeerMatrix((*(f"node-{n}" for n in range(HUES + 1)), "alone"), (), groups)
    hues = [row.hue for row in peer_grid(matrix, 50).rows]
    assert hues == [*range(1, HUES + 1), 1, 0]
    style = (environment.SHIPPED / "report.css").read_text(encoding="utf-8")
    assert all(f"td.hue-{hue} {{" in style for hue in range(1, HUES + 1))
