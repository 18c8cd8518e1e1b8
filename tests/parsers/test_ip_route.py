"""Routing tables."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parsers.ip_route import looks_like, parse_ip_route
from parsers.source import Source


@pytest.mark.parametrize(
    ("line", "destination", "via", "device", "proto", "unreachable"),
    [
        ("default via 192.0.2.1 dev eth0 onlink proto static", "default", "192.0.2.1", "eth0", "static", False),
        ("172.30.2.0/26 via 192.0.2.8 dev tunl0 proto bird onlink ", "172.30.2.0/26", "192.0.2.8", "tunl0", "bird", False),
        ("blackhole 172.30.1.0/26 proto bird ", "172.30.1.0/26", "", "", "bird", True),
        ("172.30.1.65 dev cali0123456789a scope link ", "172.30.1.65", "", "cali0123456789a", "", False),
        ("172.30.3.0/26 via 172.30.3.0 dev vxlan.calico onlink", "172.30.3.0/26", "172.30.3.0", "vxlan.calico", "", False),
        ("fd80:24e2::/64 via inet6 fe80::1 dev eth0 proto bird metric 1024 pref medium", "fd80:24e2::/64", "fe80::1", "eth0", "bird", False),
        ("unreachable default dev lo metric 4294967295 error -101", "default", "", "lo", "", True),
    ],
)  # fmt: skip
def test_one_route(line: str, destination: str, via: str, device: str, proto: str, unreachable: bool) -> None:
    row = parse_ip_route(line, Source("r.txt", node="n")).routes[0]
    assert (row.destination, row.via, row.device, row.proto, row.unreachable, row.node) == (
        destination, via, device, proto, unreachable, "n",
    )  # fmt: skip


def test_a_route_with_several_ways_has_the_first() -> None:
    text = "10.9.0.0/16 proto static\n\tnexthop via 192.0.2.1 dev eth0 weight 1\n\tnexthop via 192.0.2.2 dev eth1 weight 1\n"
    row = parse_ip_route(text, Source("r.txt")).routes[0]
    assert (row.via, row.device, row.proto, row.line) == ("192.0.2.1", "eth0", "static", 1)


def test_other_lines_are_no_routes() -> None:
    text = "local 192.0.2.7 dev eth0 table local\nbroadcast 192.0.2.255 dev eth0\nError: x via y\n192.0.2.1 is up\n\n0: dev\n"
    assert parse_ip_route(text, Source("r.txt")).routes == []


def test_recognition() -> None:
    assert looks_like("default via 192.0.2.1 dev eth0\n192.0.2.0/24 dev eth0 proto kernel\n") == 1.0
    assert looks_like("1: lo: <LOOPBACK,UP> mtu 65536\n    inet 127.0.0.1/8 scope host lo\n") == 0.0


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet="default via 10.2/:dev\nnexthop", max_size=120))
def test_never_raises(text: str) -> None:
    parse_ip_route(text, Source("x"))
