"""calicoctl node status: tables with wrapped cells, and what it says of the processes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parsers.node_status import looks_like, parse_node_status
from parsers.recognize import recognize
from parsers.source import Source

TEXT = """\
Calico process is running.

IPv4 BGP status
+--------------+-------------------+-------+------------+--------------------------------+
| PEER ADDRESS |     PEER TYPE     | STATE |   SINCE    |              INFO              |
+--------------+-------------------+-------+------------+--------------------------------+
| 192.0.2.1    | node-to-node mesh | up    | 2026-02-12 | Established                    |
| 192.0.2.2    | node-to-node mesh | start | 10:11:12   | Active Socket: Connection      |
|              |                   |       |            | refused                        |
| 192.0.2.3    | node specific     | start | 10:11:12   | Passive                        |
| 192.0.2.4    | global            | down  | 10:11:12   | Error: No listening socket     |
+--------------+-------------------+-------+------------+--------------------------------+

IPv6 BGP status
No IPv6 peers found.
"""


def test_peers() -> None:
    found = parse_node_status(TEXT, Source("s.txt", node="n", pod="p")).bgp
    assert [(row.peer, row.protocol, row.state, row.message, row.line) for row in found] == [
        ("192.0.2.1", "node-to-node mesh", "Established", "Established", 7),
        ("192.0.2.2", "node-to-node mesh", "Active", "Active Socket: Connection refused", 8),
        ("192.0.2.3", "node specific", "Passive", "Passive", 10),
        ("192.0.2.4", "global", "down", "Error: No listening socket", 11),
    ]
    assert {(row.origin, row.node, row.pod) for row in found} == {("node-status", "n", "p")}


@pytest.mark.parametrize(
    ("line", "protocol", "state"),
    [
        ("INFO: BIRDv4 process: 'bird' is not running.", "BIRD", "down"),
        ("INFO: BIRDv6 process: 'bird6' is not running.", "BIRD6", "down"),
        ("Error querying BIRD: unable to connect to BIRDv4 socket: dial unix /var/run/bird/bird.ctl: connect: no such file or directory", "BIRD", "down"),
        ("Error querying BIRD: unable to connect to BIRDv6 socket: dial unix /x: y", "BIRD6", "down"),
        ("None of the BGP backend processes (BIRD or GoBGP) are running.", "BIRD", "absent"),
        ("Calico process is not running.", "Calico", "down"),
        ("No IPv4 peers found.", "BIRD", "no-peers"),
    ],
)  # fmt: skip
def test_what_it_says_of_the_processes(line: str, protocol: str, state: str) -> None:
    found = parse_node_status(f"Calico process is running.\n\n{line}\n", Source("s.txt")).bgp
    assert [(row.protocol, row.peer, row.state, row.message, row.line) for row in found] == [
        (protocol, "", state, line, 3)
    ]


def test_old_headings() -> None:
    old = TEXT.replace("PEER ADDRESS", "Peer address").replace("PEER TYPE", "Peer type").replace("INFO", "Info")
    text = old.replace("Calico process is running.", "calico-node container is running. Status: Up 2 hours")
    assert looks_like(text) > 0.9
    assert recognize(text).kind == "node-status"
    assert [row.peer for row in parse_node_status(text, Source("a.txt")).bgp if row.peer][:2] == [
        "192.0.2.1",
        "192.0.2.2",
    ]


def test_recognition() -> None:
    assert looks_like(TEXT) > 0.9 and looks_like("Calico process is not running.\n") > 0.9
    assert looks_like("| GROUPING | CIDR |") == 0.0


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet="|+- PEERADS19.\n", max_size=200))
def test_never_raises(text: str) -> None:
    parse_node_status(text, Source("x"))
