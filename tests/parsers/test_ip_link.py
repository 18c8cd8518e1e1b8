"""Interfaces as ``ip link`` and ``ip address`` print them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.ip_link import looks_like, parse_ip_link
from parsers.recognize import recognize
from parsers.source import Source

LINKS = """\
2: eth0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc mq state UP mode DEFAULT group default qlen 1000
    link/ether 06:00:00:00:00:01 brd ff:ff:ff:ff:ff:ff
7: tunl0@NONE: <NOARP> mtu 1480 qdisc noqueue state DOWN mode DEFAULT group default qlen 1000
    link/ipip 0.0.0.0 brd 0.0.0.0
9: flannel.1: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1450 qdisc noqueue state UNKNOWN mode DEFAULT group default
    link/ether 06:00:00:00:00:02 brd ff:ff:ff:ff:ff:ff promiscuity 0
    vxlan id 4096 local 192.0.2.3 dev eth0 srcport 0 0 dstport 8472 nolearning ttl auto
12: cali0123abcd456@if3: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1480 qdisc noqueue state UP group default
"""
ADDRESSES = """\
3: vxlan.calico: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1450 qdisc noqueue state UNKNOWN group default
    link/ether 66:00:00:00:00:03 brd ff:ff:ff:ff:ff:ff
    inet 198.51.100.0/32 scope global vxlan.calico
       valid_lft forever preferred_lft forever
"""


def test_mtu_state_and_network_id() -> None:
    found = {row.key: row for row in parse_ip_link(LINKS, Source("l.txt", node="w-1")).settings}
    assert {key: row.value for key, row in found.items()} == {
        "eth0.mtu": "1500", "eth0.up": "true", "tunl0.mtu": "1480", "tunl0.up": "false",
        "flannel.1.mtu": "1450", "flannel.1.up": "true", "flannel.1.vxlan-id": "4096",
        "cali0123abcd456.mtu": "1480", "cali0123abcd456.up": "true",
    }  # fmt: skip
    row = found["tunl0.mtu"]
    assert (row.kind, row.name, row.file, row.line) == ("Link", "w-1", "l.txt", 3)


@pytest.mark.parametrize("text", [LINKS, ADDRESSES, LINKS.replace("    link", "  link").split("\n")[0]])
def test_it_is_recognised(text: str) -> None:
    assert looks_like(text) > 0.7
    assert recognize(text, "x.txt").kind == "ip-link"


def test_other_texts_are_not() -> None:
    assert looks_like("default via 192.0.2.1 dev eth0\n2: eth0: up\n") == 0.0
    assert parse_ip_link("mtu 1500\n2: eth0: up\n", Source("l.txt")).settings == []


@given(st.text(alphabet="0123456789: <>UPmtu@calivx.\n", max_size=300))
def test_any_text_is_read(text: str) -> None:
    assert all(row.kind == "Link" for row in parse_ip_link(text, Source("l.txt")).settings)
