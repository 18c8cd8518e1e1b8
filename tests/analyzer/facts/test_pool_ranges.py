from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from analyzer.facts import pool_ranges
from analyzer.tables import build
from parsers.rows import LogLineRow, PodRow, RouteRow, SettingRow

NOW = datetime(2026, 4, 9, 6, 0, tzinfo=UTC)
POOL = SettingRow("pools.txt", 2, "IPPool", "", "default", "cidr", "198.51.100.0/24")


def service(address: str) -> SettingRow:
    return SettingRow("svc.txt", 3, "Service", "default", "kubernetes", "cluster-ip", address)


def ids(check: Any, **rows: Any) -> set[str]:
    return {fact.id for fact in check(build(rows, NOW))}


def test_a_pool_with_addresses_of_services() -> None:
    assert ids(pool_ranges.pools, settings=[POOL, service("198.51.100.1")]) == {"pool-contains-service-address"}
    assert not ids(pool_ranges.pools, settings=[POOL, service("203.0.113.1"), service("None")])


def test_a_pool_over_the_range_of_services() -> None:
    for said in ("kube_service_addresses: 198.51.100.0/25", "- --service-cluster-ip-range=198.51.100.0/25"):
        row = LogLineRow("vars.txt", 5, "", "", "", message=said, message_ids=("service-range-said",))
        assert ids(pool_ranges.pools, settings=[POOL], log_lines=[row])
        other = LogLineRow(
            "vars.txt",
            5,
            "",
            "",
            "",
            message=said.replace("198.51.100", "203.0.113"),
            message_ids=("service-range-said",),
        )
        assert not ids(pool_ranges.pools, settings=[POOL], log_lines=[other])


def test_a_pod_with_the_address_of_a_service() -> None:
    pod = PodRow("pods.txt", 6, "shop", "cart-1", "", "w-2", "Running", "1/1", ip="198.51.100.3")
    assert ids(pool_ranges.pods, settings=[service("198.51.100.3")], pods=[pod]) == {"pod-has-service-address"}
    assert not ids(pool_ranges.pods, settings=[service("198.51.100.4")], pods=[pod])


def test_a_pool_over_a_network_of_the_host() -> None:
    def found(network: str, device: str, proto: str = "kernel") -> set[str]:
        return ids(
            pool_ranges.connected, settings=[POOL], routes=[RouteRow("r.txt", 4, "w-1", network, "", device, proto)]
        )

    assert found("198.51.100.128/25", "br-0a1b2c") == {"pool-overlaps-host-network"}
    assert not found("203.0.113.0/24", "br-0a1b2c")
    assert not found("198.51.100.64/26", "cni0")
    assert not found("198.51.100.64/26", "eth0", "bird")
