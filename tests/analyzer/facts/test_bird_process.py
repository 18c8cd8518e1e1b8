from __future__ import annotations

from datetime import UTC, datetime

from analyzer.facts import bird_process
from analyzer.tables import build
from parsers.rows import LogLineRow, PodRow

NOW = datetime(2026, 4, 9, 6, 0, tzinfo=UTC)
POD = "calico-node-x7k2p"


def facts(
    starts: int, ends: int = 0, containers: int = 1, ready: str = "0/1", listed: bool = True
) -> list[tuple[str, str, str]]:
    rows = []
    for number, (message, known, count) in enumerate(
        [
            ("device1: Initializing", "bird-device-init", starts),
            ("Shutdown completed", "bird-shutdown-completed", ends),
            ("Felix starting up GOMAXPROCS=4", "felix-starting", containers),
        ],
        1,
    ):
        row = LogLineRow("a.log", number, POD, "", "calico-node", NOW, message=message, message_ids=(known,))
        row.count = count
        rows += [row] if count else []
    agent = PodRow("pods.txt", 3, "calico-system", POD, "calico-node", "192.0.2.7", "Running", ready)
    found = bird_process.starts_again(build({"log_lines": rows, "pods": [agent] if listed else []}, NOW))
    return [(fact.id, fact.node, fact.pod) for fact in found]


def test_bird_that_is_killed_again_and_again() -> None:
    assert facts(9) == [("bird-starts-again", "192.0.2.7", POD)]


def test_a_log_alone() -> None:
    assert facts(9, listed=False) == [("bird-starts-again", "", POD)]


def test_starts_that_are_as_they_should_be() -> None:
    assert facts(2) == []  # bird and bird6
    assert facts(12, containers=6) == []  # the container itself starts again
    assert facts(9, ends=8) == []  # somebody restarts it
    assert facts(9, ready="1/1") == []  # it is over
