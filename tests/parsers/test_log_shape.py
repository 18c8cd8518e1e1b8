from __future__ import annotations

import pytest

from parsers.log_dress import dress_of
from parsers.log_shape import LineShape, identity, shape_of

DRESS = dress_of("")
CALICO = "2026-02-12 06:20:10.123 [{level}][61] felix/table.go 508: {message}"


def look(line: str) -> LineShape:
    return shape_of(line.encode(), line, DRESS)


def test_a_line_of_calico() -> None:
    line = CALICO.format(level="ERROR", message="Failed to reach 10.0.0.1, will retry in 5s")
    found = look(line)
    assert (found.level, found.component, found.message) == (
        "ERROR",
        "felix",
        "Failed to reach 10.0.0.1, will retry in 5s",
    )
    assert (found.loose, found.timed, found.named, found.counted, found.change) == (False, True, True, False, False)
    assert line[found.pid_at :].startswith("61] ")
    assert line[slice(*found.stamp)] == "2026-02-12 06:20:10.123"
    assert found.container == "calico-node"


@pytest.mark.parametrize(
    ("message", "named"),
    [
        ("Took 12.5ms for 3 of 4 loops, 99% done", False),
        ("Peer 10.0.0.1 is gone", True),
        ("Interface cali12ab is up", True),
        ("Restarting bird now", True),  # there is bird6 as well
        ("Dialled over TCP", True),
        ("Wrote tcpdump's file", False),
        ("ICMP and IPSet are checked", True),
        ("Nothing happened", False),
    ],
)
def test_names_are_what_holds_digits_once_numbers_are_gone(message: str, named: bool) -> None:
    assert look(CALICO.format(level="INFO", message=message)).named is named


@pytest.mark.parametrize(
    ("line", "what"),
    [
        (CALICO.format(level="INFO", message="Felix starting up version=v3"), {"counted": True, "restart": False}),
        (CALICO.format(level="INFO", message="Typha starting up"), {"counted": True, "restart": True}),
        (CALICO.format(level="PANIC", message="Kaboom"), {"counted": True}),
        ("... dropped 15 logs ...", {"counted": True}),
        ("bird: Mesh_10_0_0_1: State changed to up", {"change": True, "loose": False, "timed": False}),
        ("bird: Mesh_10_0_0_1: Connected to table master", {"change": False}),
        ("  more of it", {"loose": True, "timed": False, "foreign": False}),
        ("2026-02-12T06:20:10.123456789Z stdout P a long", {"partial": True, "timed": True}),
        ("2026-02-12T06:20:10.123456789Z stdout F bird: Mesh_10_0_0_1: Started", {"timed": True}),
        ("E0212 06:20:10.123456      17 reflector.go:138] Failed", {"level": "ERROR", "timed": True, "pid_at": 21}),
        ("$ kubectl get nodes", {"foreign": True}),
        ("+ kubectl get nodes", {"foreign": False}),  # a script's own trace
        ("Name:   calico-node-x", {"foreign": True}),
        ("> quoted", {"foreign": True}),
        ("~~~", {"foreign": True}),
        ("", {"loose": True, "foreign": False, "container": ""}),
    ],
)
def test_what_lines_tell(line: str, what: dict[str, object]) -> None:
    found = look(line)
    assert {key: getattr(found, key) for key in what} == what


def test_identity_tells_names_and_processes_but_not_numbers() -> None:
    line = CALICO.format(level="ERROR", message="Failed to reach 10.0.0.1 {n} times")
    assert identity(line.replace("{n}", "3"), DRESS) == identity(
        line.replace("{n}", "12").replace("06:20", "07:11"), DRESS
    )
    assert identity(line, DRESS) != identity(line.replace("10.0.0.1", "10.0.0.2"), DRESS)
    assert identity(line, DRESS) != identity(line.replace("[61]", "[62]"), DRESS)
    assert identity(f"[pod/a/calico-node] {line}", DRESS) != identity(f"[pod/b/calico-node] {line}", DRESS)
