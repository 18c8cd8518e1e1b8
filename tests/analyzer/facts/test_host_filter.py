from __future__ import annotations

from datetime import UTC, datetime

import pytest

from analyzer.facts import host_filter
from analyzer.tables import build
from parsers.rows import NodeRow, SettingRow

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


def ruled(*values: str, key: str = "allow", **more: str) -> list[str]:
    rows = [SettingRow("rules.txt", number, "", "", f"r{number}", key, value) for number, value in enumerate(values, 1)]
    rows += [SettingRow("rules.txt", 1, "", "", "r1", name, value) for name, value in more.items()]
    return [fact.id for fact in host_filter.cloud_rules(build({"settings": rows}, None))]


def test_a_cloud_that_opens_other_ports_of_nodes() -> None:
    assert ruled("tcp,udp,icmp,4", "tcp:443,tcp:10250,4") == ["rules-open-no-bgp"]
    assert ruled("22", "6443", "10250", key="destinationportranges") == ["rules-open-no-bgp"]
    assert ruled("22:22", "2379:2380", "10250:10250", key="port range") == ["rules-open-no-bgp"]


def test_a_cloud_that_opens_bgp_or_says_too_little() -> None:
    assert ruled("tcp:443,tcp:179,4") == []
    assert ruled("6443", "10250", "100-200", key="port range") == []
    assert ruled("6443", "10250", "any", key="port_range") == []
    assert ruled("tcp:22", "tcp:443") == []
    assert ruled("6443", "10250", access="Deny") == []
    assert ruled("6443", "10250", key="namespace") == []


@pytest.mark.parametrize(
    ("ranges", "found"),
    [
        (["192.0.2.0/28"], True),
        (["192.0.2.0/24"], False),
        (["192.0.2.0/28", "192.0.2.16/28"], False),  # a rule for the others beside it
        (["203.0.113.0/24"], False),  # of another network
        (["tag-of-nodes"], False),
    ],
)
def test_a_rule_that_leaves_out_workers(ranges: list[str], found: bool) -> None:
    rows = []
    for n, source in enumerate(ranges, start=3):
        rows.append(SettingRow("rules.txt", n, "", "", f"internal-{n}", "source_ranges", source))
        rows.append(SettingRow("rules.txt", n, "", "", f"internal-{n}", "allow", "tcp,udp,icmp,4"))
    nodes = [NodeRow("n.txt", n, f"w-{n}", internal_ip=f"192.0.2.{n}") for n in (2, 18)]
    facts = list(host_filter.left_out(build({"settings": rows, "nodes": nodes}, None)))
    assert [(fact.id, fact.node) for fact in facts] == ([("rule-leaves-out-nodes", "w-18")] if found else [])
