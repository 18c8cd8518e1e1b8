from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from analyzer.facts import policy_paths
from analyzer.facts.fact import Fact
from analyzer.tables import Tables, build
from parsers.rows import LogLineRow, NodeRow, SettingRow

NOW = datetime(2026, 4, 9, 6, 0, tzinfo=UTC)
LOOKUP = "dial tcp: lookup db.shop.svc on {0}:53: read udp 198.51.100.7:38114->{0}:53: i/o timeout"


def facts_of(check: Callable[[Tables], Iterable[Fact]], **rows: Sequence[Any]) -> dict[str, Fact]:
    return {fact.id: fact for fact in reversed(list(check(build(dict(rows), NOW))))}


def settings(kind: str, space: str, name: str, **keys: str) -> list[SettingRow]:
    return [
        SettingRow("policy.yaml", 10 + n, kind, space, name, key.replace("__", "."), value)
        for n, (key, value) in enumerate(keys.items())
    ]


def asked(server: str, space: str = "shop") -> LogLineRow:
    message = LOOKUP.format(server)
    return LogLineRow("app.log", 3, "cart-1", "w-1", "app", namespace=space, message=message, message_ids=("err-dns",))


CLOSED = settings("NetworkPolicy", "shop", "default-deny-egress", spec__podSelector="{}", spec__policyTypes__0="Egress")
TO_DNS_PODS = settings(
    "GlobalNetworkPolicy", "", "deny-apps", spec__types__0="Egress", spec__egress__0__action="Allow",
    spec__egress__0__destination__ports__0="53", spec__egress__0__destination__selector="k8s-app == 'kube-dns'",
)  # fmt: skip
TO_ALL = settings(
    "NetworkPolicy", "shop", "allow-dns", spec__podSelector="{}", spec__policyTypes__0="Egress",
    spec__egress__0__ports__0__port="53",
)  # fmt: skip
TO_CACHE = settings(
    "NetworkPolicy", "shop", "allow-cache", spec__podSelector="{}", spec__policyTypes__0="Egress",
    spec__egress__0__ports__0__port="53", spec__egress__0__to__0__ipBlock__cidr="169.254.20.10/32",
)  # fmt: skip


@pytest.mark.parametrize(
    ("rows", "server", "found"),
    [
        (CLOSED, "203.0.113.10", True),
        (CLOSED + TO_ALL, "203.0.113.10", False),
        (TO_DNS_PODS, "169.254.20.10", True),
        (TO_DNS_PODS, "203.0.113.10", False),  # a service: Calico sees the pod behind it
        (CLOSED + TO_CACHE, "169.254.20.10", False),
    ],
)
def test_policies_that_let_no_lookup_out(rows: list[SettingRow], server: str, found: bool) -> None:
    assert ("policy-closes-dns" in facts_of(policy_paths.dns, settings=rows, log_lines=[asked(server)])) is found


def test_a_policy_of_another_namespace_closes_nothing() -> None:
    assert facts_of(policy_paths.dns, settings=CLOSED, log_lines=[asked("203.0.113.10", "bank")]) == {}


def test_host_endpoints_without_a_policy() -> None:
    bare = settings(
        "HostEndpoint", "", "w-1-eth0", metadata__labels__role="edge", spec__interfaceName="eth0", spec__node="w-1"
    )
    found = facts_of(policy_paths.host_endpoints, settings=bare)["hostendpoint-without-policy"]
    assert found.node == "w-1"
    profile = settings("HostEndpoint", "", "w-1-eth0", spec__profiles__0="projectcalico-default-allow")
    assert facts_of(policy_paths.host_endpoints, settings=bare + profile) == {}
    policy = settings("GlobalNetworkPolicy", "", "edge-hosts", spec__selector="role == 'edge'")
    assert facts_of(policy_paths.host_endpoints, settings=bare + policy) == {}


def test_a_wide_listing_of_host_endpoints() -> None:
    def listed(**cells: str) -> list[SettingRow]:
        return [SettingRow("hep.txt", 3, "HostEndpoint", "", "w-1-eth0", key, value) for key, value in cells.items()]

    assert facts_of(policy_paths.host_endpoints, settings=listed(node="w-1", interface="eth0", ips="192.0.2.1"))
    assert not facts_of(policy_paths.host_endpoints, settings=listed(node="w-1"))  # a short listing
    profile = listed(node="w-1", interface="*", profiles="projectcalico-default-allow")
    assert not facts_of(policy_paths.host_endpoints, settings=profile)


def test_a_policy_that_lets_the_api_server_not_in() -> None:
    said = 'failed to call webhook: Post "https://guard.shop.svc:443/validate?timeout=10s": context deadline exceeded'
    call = LogLineRow("api.log", 3, "", "", "", message=said)
    own = settings("NetworkPolicy", "shop", "own", spec__podSelector="{}", spec__ingress__0__from__0__podSelector="{}")
    assert "policy-closes-service" in facts_of(policy_paths.services, settings=own, log_lines=[call])
    assert not facts_of(policy_paths.services, settings=own)
    nets = settings("NetworkPolicy", "shop", "own", spec__ingress__1__from__0__ipBlock__cidr="192.0.2.0/24")
    assert not facts_of(policy_paths.services, settings=own + nets, log_lines=[call])
    port = settings("NetworkPolicy", "shop", "own", spec__ingress__1__ports__0__port="443")
    assert not facts_of(policy_paths.services, settings=own + port, log_lines=[call])


def listed(*sources: str) -> list[SettingRow]:
    keys = {f"spec__ingress__0__from__{n}__ipBlock__cidr": source for n, source in enumerate(sources)}
    return settings("NetworkPolicy", "shop", "from-nodes", spec__podSelector="{}", **keys)


ADDRESSES = ("192.0.2.1/32", "198.51.100.0/32", "192.0.2.2/32", "203.0.113.0/32")


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        (listed(*ADDRESSES), True),
        (listed(*ADDRESSES, "198.51.100.64/32"), False),
        (listed(*ADDRESSES, "198.51.100.0/24"), False),
        (listed("192.0.2.1/32", "192.0.2.2/32"), False),  # nothing says that tunnels were meant
        (
            listed(*ADDRESSES)
            + settings("NetworkPolicy", "shop", "all", spec__podSelector="{}", spec__ingress__0__ports__0__port="80"),
            False,
        ),
    ],
)
def test_a_policy_that_lists_addresses_no_tunnel_has(rows: list[SettingRow], found: bool) -> None:
    tunnel = {"projectcalico.org/IPv4VXLANTunnelAddr": "198.51.100.64"}
    nodes = [
        NodeRow("n.txt", 1, "w-1", internal_ip="192.0.2.1", annotations=tunnel),
        NodeRow("n.txt", 2, "w-2", internal_ip="192.0.2.2"),
    ]
    facts = facts_of(policy_paths.tunnels, settings=rows, nodes=nodes)
    assert ("policy-names-no-tunnel" in facts) is found
    assert "policy-names-no-tunnel" not in facts_of(policy_paths.tunnels, settings=rows)
