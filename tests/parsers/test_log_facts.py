from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from parsers.log_facts import LogFacts
from parsers.log_record import LogRecord

BEGIN = datetime(2026, 2, 12, 6, 20, tzinfo=UTC)


def facts(*messages: str, level: str = "INFO") -> dict[str, str]:
    found = LogFacts()
    for second, message in enumerate(messages):
        found.see(LogRecord("calico", message, time=BEGIN + timedelta(seconds=second), own_time=True, level=level))
    return found.as_text()


@pytest.mark.parametrize(
    ("message", "key", "value"),
    [
        ("Starting node worker-1 with version v3.27.3", "node", "worker-1"),
        ("Starting node worker-1 with version v3.27.3", "calico_version", "v3.27.3"),
        ("Determined node name: 10.191.88.3", "node", "10.191.88.3"),
        ("Using node name: worker.example.com", "node", "worker.example.com"),
        ("configuring host endpoints for worker kube-abc-00000c41", "node", "kube-abc-00000c41"),
        (
            "Merging in config from environment variable: map[datastoretype:kubernetes felixhostname:w-1 x:y]",
            "node",
            "w-1",
        ),
        ('Felix starting up GOMAXPROCS=4 version="v3.28.0"', "calico_version", "v3.28.0"),
        ("CNI plugin version: v3.26.4", "calico_version", "v3.26.4"),
        ("Version: v1.36.5", "operator_version", "v1.36.5"),
        ("Using autodetected IPv4 address on interface bond0: 10.0.0.1/26", "autodetected_ip", "10.0.0.1/26"),
        ("Using autodetected IPv6 address on interface eth0: fd80::1/64", "autodetected_ip6", "fd80::1/64"),
        ('Defaulted container "calico-node" out of: calico-node', "container", "calico-node"),
    ],
)
def test_a_message_tells_a_fact(message: str, key: str, value: str) -> None:
    assert facts(message)[key] == value


def test_the_running_release_counts_not_the_one_before_an_upgrade() -> None:
    both = facts(
        "Starting node a with version v3.26.0", "CNI plugin version: v3.25.0", "Starting node a with version v3.27.0"
    )
    assert both["calico_version"] == "v3.27.0"


def test_times_and_levels() -> None:
    found = facts("a", "b", "c", level="ERROR")
    assert found == {
        "first_time": BEGIN.isoformat(),
        "last_time": (BEGIN + timedelta(seconds=2)).isoformat(),
        "level.ERROR": "3",
    }
    assert facts() == {}


@pytest.mark.parametrize(
    "message",
    [
        'Exiting immediately reason="Received OS signal terminated"',
        "Captured terminated. Exiting...",
        "Received SIGTERM, shutting down",
        "Shutdown completed",
        "TERM received, simply exiting...",
    ],
)
def test_asked_to_stop(message: str) -> None:
    assert facts("x", message, "y")["ended_cleanly"] == "true"


def test_stopping_long_ago_or_for_a_fault_is_no_clean_end() -> None:
    assert "ended_cleanly" not in facts("Shutdown completed", *["x"] * 40)
    assert "ended_cleanly" not in facts('Felix is shutting down reason="Connection to Typha failed"')
