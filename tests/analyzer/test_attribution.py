"""Whose rows are they?"""

from __future__ import annotations

import pytest

from analyzer.attribution import Output, attribute
from parsers.rows import BgpRow, FileRow, LogLineRow, NodeRow, PodRow
from parsers.source import Parsed, Source


def lists(*workers: tuple[str, str]) -> Output:
    parsed = Parsed(
        nodes=[NodeRow("n", 1, name, internal_ip=address) for name, address in workers],
        pods=[
            PodRow("p", 1, "calico-system", f"calico-node-{number:05d}", "calico-node", name, "Running", "1/1")
            for number, (name, _) in enumerate(workers)
        ],
    )
    return Output(FileRow("n", "get-table", "", "", "", ""), Source("n"), "get-table", parsed)


def sessions(path: str, *peers: str) -> Output:
    parsed = Parsed(
        bgp=[BgpRow(path, n, "", "", None, f"Mesh_{p}", p, "up", "", "birdcl") for n, p in enumerate(peers)]
    )
    return Output(FileRow(path, "birdcl", "", "", "", ""), Source(path), "birdcl", parsed)


def log(path: str) -> Output:
    parsed = Parsed(log_lines=[LogLineRow(path, 1, "", "", "")])
    return Output(FileRow(path, "log", "", "", "calico-node", ""), Source(path, container="calico-node"), "log", parsed)


WORKERS = (("w1", "10.1.0.1"), ("w2", "10.1.0.2"), ("w3", "10.1.0.3"), ("kube-w1", "10.1.0.4"))


@pytest.mark.parametrize(
    ("path", "node"),
    [
        ("node-status-10.1.0.2.txt", "w2"),
        ("10.1.0.2_birdcl", "w2"),
        ("birdcl-w3.out", "w3"),
        ("describe-kube-w1.txt", "kube-w1"),
        ("w3/birdcl.txt", "w3"),
        ("x10.1.0.2", ""),
        ("10.1.0.25.txt", ""),
        ("w2-and-w3.txt", ""),
    ],
)
def test_the_worker_that_a_path_names(path: str, node: str) -> None:
    mine = sessions(path, "10.1.0.1")
    attribute([lists(*WORKERS), mine])
    assert (mine.file.node, mine.parsed.bgp[0].node) == (node, node)


def test_a_list_of_mesh_peers_is_of_the_one_worker_that_it_leaves_out() -> None:
    mine = sessions("protocols.txt", "10.1.0.1", "10.1.0.3", "10.1.0.4")
    attribute([lists(*WORKERS), mine])
    assert mine.parsed.bgp[0].node == "w2"
    partial = sessions("protocols.txt", "10.1.0.1", "10.1.0.3")
    attribute([lists(*WORKERS), partial])
    assert partial.parsed.bgp[0].node == ""
    outside = sessions("protocols.txt", "192.168.9.9")
    attribute([lists(*WORKERS[:1]), outside])
    assert outside.parsed.bgp[0].node == ""


def test_a_log_is_placed_by_the_random_end_of_its_pod() -> None:
    mine = log("logs/00002.txt")
    attribute([lists(*WORKERS), mine])
    assert (mine.file.pod, mine.file.node) == ("calico-node-00002", "w3")
    assert mine.parsed.log_lines[0].node == "w3"
