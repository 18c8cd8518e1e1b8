from __future__ import annotations

from datetime import UTC, datetime

import pytest

from analyzer.facts import host_filter
from analyzer.tables import build
from parsers.rows import SettingRow

NOW = datetime(2026, 4, 9, 6, 0, tzinfo=UTC)


def facts(*keys: str) -> list[tuple[str, int]]:
    rows = [
        SettingRow("iptables.txt", number, "PacketFilter", "", "", key, "rule") for number, key in enumerate(keys, 1)
    ]
    return [(fact.id, fact.line) for fact in host_filter.closed_to_bgp(build({"settings": rows}, NOW))]


def test_a_closed_filter_with_other_ports_of_the_cluster_open() -> None:
    assert facts("accept.10250", "accept.6443", "drop.rest") == [("filter-lets-no-bgp-in", 3)]


@pytest.mark.parametrize(
    "keys",
    [
        ("accept.10250", "accept.179", "drop.rest"),
        ("accept.10250",),  # open
        ("accept.22", "accept.source", "drop.rest"),  # a whole network is let in
        ("drop.rest",),  # nothing tells whose filter this is
        ("accept.10250", "drop.179", "drop.rest"),  # that rule says it itself
    ],
)
def test_filters_that_say_nothing_about_bgp(keys: tuple[str, ...]) -> None:
    assert facts(*keys) == []
