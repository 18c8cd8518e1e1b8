from __future__ import annotations

import ipaddress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.bird_log import BgpChange, bgp_change, daemon_of, is_bird, is_trouble, messages, peer_of

REAL = Path(__file__).resolve().parents[3] / "shared" / "reference" / "bird"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("bird: device1: Initializing", ["device1: Initializing"]),
        ("bird: bird: device1: Initializing", ["device1: Initializing"]),
        ("bird: bird: device1: Connected to table masterStarted", ["device1: Connected to table masterStarted"]),
        ("direct1: State changed to feedbird: ", ["direct1: State changed to feed"]),
        ("Graceful restart donebird: direct1: Starting", ["Graceful restart done", "direct1: Starting"]),
        (
            "bird: bird: direct1: Connected to table masterMesh_10_0_0_2: State changed to up",
            ["direct1: Connected to table master", "Mesh_10_0_0_2: State changed to up"],
        ),
        ("bird: ", []),
        ("bird: bird: ", []),
        ("bird: Mesh_10_0_0_2: Starteddevice1: Starting", ["Mesh_10_0_0_2: Started", "device1: Starting"]),
        ("bird: Mesh_10_0_0_2: Connected to table kernel1", ["Mesh_10_0_0_2: Connected to table kernel1"]),
    ],
)
def test_mixed_lines_are_taken_apart(line: str, expected: list[str]) -> None:
    assert messages(line) == expected


@given(st.ip_addresses(v=4) | st.ip_addresses(v=6), st.sampled_from(["Mesh", "Node", "Global", "Local_Workload"]))
def test_a_protocols_name_gives_its_peer_back(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address, kind: str
) -> None:
    name = str(address).replace(".", "_").replace(":", "_")
    assert peer_of(f"{kind}_{name}") == str(address)


@pytest.mark.parametrize(
    ("protocol", "peer"),
    [
        ("Node_192_0_2_1_port_1790", "192.0.2.1"),
        ("Mesh_fd80_24e2__2", "fd80:24e2::2"),
        ("Mesh_made_up", ""),
        ("Mesh_999_1_1_1", ""),
        ("device1", ""),
    ],
)
def test_peers_with_ports_and_names_without_peers(protocol: str, peer: str) -> None:
    assert peer_of(protocol) == peer


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("Mesh_10_0_0_2: State changed to up", BgpChange("Mesh_10_0_0_2", "10.0.0.2", "up")),
        ("Mesh_10_0_0_2: Error: Hold timer expired", BgpChange("Mesh_10_0_0_2", "10.0.0.2", "")),
        ("Global_192_0_2_1: Received: Bad peer AS: 4200000001", BgpChange("Global_192_0_2_1", "192.0.2.1", "")),
        (
            "BGP: Unexpected connect from unknown address 10.0.0.9 (port 43721)",
            BgpChange("", "10.0.0.9", "unexpected-connect"),
        ),
        ("device1: State changed to up", None),
        ("Mesh_10_0_0_2: Initializing", None),
        ("Started", None),
    ],
)
def test_changes_of_bgp_protocols(message: str, expected: BgpChange | None) -> None:
    assert bgp_change(message) == expected


def test_trouble_and_routine() -> None:
    assert is_trouble("Mesh_10_0_0_2: Received: Hold timer expired")
    assert is_trouble("Unable to open configuration file /etc/calico/confd/config/bird.cfg: No such file or directory")
    assert is_trouble("I found another BIRD running.")
    assert not is_trouble("Mesh_10_0_0_2: State changed to up")
    assert not is_trouble("Graceful restart done")


def test_bird6_shows_only_in_its_peers() -> None:
    assert daemon_of("Mesh_fd80_24e2__2: Starting") == "bird6"
    assert daemon_of("Mesh_10_0_0_2: Starting") == daemon_of("device1: Starting") == "bird"


@pytest.mark.parametrize("text", ["Started reading configuration", "Mesh is up", "direct access", "birds: x", ""])
def test_other_text_is_not_birds(text: str) -> None:
    assert not is_bird(text)


@given(st.text(max_size=300))
def test_nothing_makes_it_raise(text: str) -> None:
    for message in messages(text):
        bgp_change(message), is_trouble(message), daemon_of(message)


def test_many_seams_take_no_longer_than_their_length() -> None:
    assert len(messages("Mesh_" * 12_000)) == 1


@pytest.mark.shared
def test_every_line_of_real_bird_is_recognised() -> None:
    if not REAL.is_dir():
        pytest.skip("the real BIRD logs are not beside the checkout")
    lines = [line for path in REAL.rglob("*.log") for line in path.read_text(errors="replace").splitlines()]
    assert len(lines) > 1000
    assert [line for line in lines if line.strip() and not is_bird(line)] == []


@pytest.mark.shared
def test_damaged_lines_of_two_birds_in_one_stream_lose_no_state() -> None:
    folder = REAL / "00-container-stdout"
    if not folder.is_dir():
        pytest.skip("the real BIRD logs are not beside the checkout")
    for path in sorted(folder.glob("*.log")):
        seen = [
            change
            for line in path.read_text().splitlines()
            if is_bird(line)
            for message in messages(line)
            if (change := bgp_change(message)) is not None
        ]
        assert {(change.peer, change.state) for change in seen} == {
            ("10.94.227.12", "start"),
            ("10.94.227.13", "start"),
        }, path.name


PIECES = (
    "bird:", "bird: ", " ", "Mesh_1_2: ", "Mesh_1", "device1: ", "device1", "direct1: x", "kernel1: ", "Started", "static",
    "Global_a: ", "x", "Local_Workload_b: ", "Node_1: State changed to up", "b",
)  # fmt: skip


@given(st.lists(st.sampled_from(PIECES), max_size=6).map("".join))
def test_the_usual_line_is_told_as_any_other(text: str) -> None:
    assert messages(f"bird: {text}") == messages(f" bird: {text}")  # a blank in front: no usual line
