"""BIRD's protocol lists: columns that are missing or shifted, every error class, whose output it is."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parsers.birdcl import looks_like, parse_birdcl
from parsers.rows import BgpRow
from parsers.source import Source

SHARED = Path(__file__).resolve().parents[3] / "shared" / "reference" / "bird"
HEADER = "BIRD v0.3.3+birdv1.6.8 ready.\nname     proto    table    state  since       info\n"


def rows(text: str, **more: str) -> list[BgpRow]:
    return parse_birdcl(text, Source("birdcl.txt", **more)).bgp


@pytest.mark.parametrize(
    ("line", "peer", "state", "message"),
    [
        ("Mesh_192_0_2_1 BGP      master   up     04:26:27    Established   ", "192.0.2.1", "Established", ""),
        ("Mesh_192_0_2_1 BGP      master   start  04:26:27    Active        Socket: Connection refused", "192.0.2.1", "Active", "Socket: Connection refused"),
        ("Mesh_192_0_2_1 BGP      master   start  2026-02-12  Idle          BGP Error: Bad peer AS", "192.0.2.1", "Idle", "BGP Error: Bad peer AS"),
        ("Mesh_192_0_2_1 BGP      master   start  2026-02-12 04:26:27  Passive       Received: Administrative shutdown", "192.0.2.1", "Passive", "Received: Administrative shutdown"),
        ("Mesh_192_0_2_1 BGP      master   down   04:26:57    ", "192.0.2.1", "down", ""),
        ("Mesh_192_0_2_1 BGP      master   down   04:26:57    Error: No listening socket", "192.0.2.1", "down", "Error: No listening socket"),
        ("Mesh_192_0_2_1 BGP      master   stop   04:26:57    Close         BGP Error: Hold timer expired", "192.0.2.1", "Close", "BGP Error: Hold timer expired"),
        ("Mesh_192_0_2_1 BGP      master   wait   04:26:57    Established   ", "192.0.2.1", "Established", ""),
        ("1002-Node_192_0_2_9 BGP      master   start  04:26:27    OpenSent", "192.0.2.9", "OpenSent", ""),
        ("Global_fd80_24e2__2 BGP ---        start  2026-02-12 04:26:27.123  Connect       Socket: Host is unreachable", "fd80:24e2::2", "Connect", "Socket: Host is unreachable"),
        ("Mesh_192_0_2_1 BGP      master   start  Feb12       Connect       ", "192.0.2.1", "Connect", ""),
    ],
)  # fmt: skip
def test_one_protocol(line: str, peer: str, state: str, message: str) -> None:
    found = rows(HEADER + line)
    assert [(row.peer, row.state, row.message, row.line, row.origin) for row in found] == [
        (peer, state, message, 3, "birdcl")
    ]


def test_other_protocols_are_no_sessions() -> None:
    assert (
        rows(
            HEADER + "kernel1  Kernel   master   up     04:26:25    \ndirect1  Direct   master   up     04:26:25    \n"
        )
        == []
    )


def test_the_details_of_show_protocols_all() -> None:
    text = (
        "Mesh_192_0_2_1 BGP      master   start  04:26:27    Idle          BGP Error: Bad peer AS\n"
        "  Description:    Connection to BGP peer\n"
        "  BGP state:          Active\n"
        "    Neighbor address: 192.0.2.1%eth0\n"
        "    Last error:       Socket: Connection refused\n"
        "  BGP state:          Down\n"
    )
    row = rows(HEADER + text)[0]
    assert (row.peer, row.state, row.message) == (
        "192.0.2.1",
        "Active",
        "BGP Error: Bad peer AS Socket: Connection refused",
    )


@pytest.mark.parametrize(
    ("reason", "state"),
    [("Connection refused", "down"), ("No such file or directory", "down"), ("Permission denied", "")],
)
def test_a_daemon_that_does_not_answer(reason: str, state: str) -> None:
    line = f"Unable to connect to server control socket (/var/run/calico/bird.ctl): {reason}"
    row = rows(line)[0]
    assert (row.protocol, row.peer, row.state, row.message) == ("BIRD", "", state, line)


def test_outputs_of_several_pods_in_one_file() -> None:
    line = "Mesh_192_0_2_1 BGP      master   up     04:26:27    Established\n"
    text = f"== calico-node-abcde ==\n{HEADER}{line}\nkubectl exec -n calico-system calico-node-fghij -- birdcl show protocols\n{HEADER}{line}"
    assert [(row.pod, row.node) for row in rows(text, node="n")] == [
        ("calico-node-abcde", ""),
        ("calico-node-fghij", ""),
    ]
    assert [(row.pod, row.node) for row in rows(HEADER + line, pod="p", node="n")] == [("p", "n")]


def test_what_the_daemon_says_of_itself() -> None:
    text = "BIRD v0.3.3+birdv1.6.8\nRouter ID is 192.0.2.7\nCurrent server time is 2026-02-12 04:27:25\nDaemon is up and running\n"
    found = parse_birdcl(text, Source("s.txt", pod="calico-node-abcde")).settings
    assert [(row.kind, row.name, row.key, row.value) for row in found] == [
        ("Bird", "calico-node-abcde", "router-id", "192.0.2.7"),
        ("Bird", "calico-node-abcde", "server-time", "2026-02-12 04:27:25"),
    ]


def test_recognition() -> None:
    assert looks_like(HEADER) > 0.9 and looks_like("Unable to connect to server control socket (x): y") > 0.8
    assert looks_like("NAME READY STATUS\n") == 0 == looks_like("")


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet="Mesh_1 BGPmasterupEstablished:\n\t.-", max_size=200))
def test_never_raises(text: str) -> None:
    parse_birdcl(HEADER + text, Source("x"))


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.is_dir(), reason="the reference material is not beside the checkout")
def test_runs_of_a_real_bird() -> None:
    known = set()
    for line in (SHARED / "states-seen.txt").read_text().splitlines():
        words = line.split()
        if words[:1] != ["#"]:
            known.add(" ".join(words[2:]) if words[2:] and words[2] != "Error:" else " ".join(words[1:]))
    files = sorted(SHARED.glob("**/*.protocols*.txt"))
    assert files
    for path in files:
        text = path.read_text()
        found = rows(text)
        sessions = [row for row in found if row.protocol != "BIRD"]
        assert len(sessions) == sum(" BGP   " in line for line in text.split("\n")), path
        assert all(f"{row.state} {row.message}".strip() in known and row.peer for row in sessions), path
        assert len(found) > len(sessions) or sessions, path


def test_routes_that_a_peer_has_brought() -> None:
    text = (
        "name     proto    table    state  since       info\n"
        "Node_192_0_2_1 BGP      master   up     06:20:11    Established   \n"
        "  Routes:         0 imported, 1 exported, 0 preferred\n"
        "\n"
        "kernel1  Kernel   master   up     06:20:11    \n"
        "  Routes:         5 imported, 1 exported, 0 preferred\n"
    )
    rows = parse_birdcl(text, Source("b.txt")).settings
    assert [(row.kind, row.name, row.key, row.value) for row in rows] == [("Bird", "Node_192_0_2_1", "imported", "0")]
