"""Rules of the packet filter in three notations."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parsers.packet_filter import MOST_ROWS, PORTS, looks_like, parse_packet_filter
from parsers.source import Source


def keys(text: str) -> list[str]:
    return [row.key for row in parse_packet_filter(text, Source("f.txt", node="n")).settings]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("-A INPUT -p tcp -m tcp --dport 179 -j DROP", ["drop.179"]),
        ("[12:720] -A IN_x -s 10.0.0.0/8 -p tcp -m multiport --dports 22,5473,10250 -j REJECT --reject-with tcp-reset", ["drop.5473", "drop.10250"]),
        ("-A INPUT -p udp -m udp --dport 4000:5000 -j DROP", ["drop.4789"]),
        ("-A INPUT -p tcp -m tcp ! --dport 179 -j DROP", [f"drop.{port}" for port in PORTS if port not in (22, 179)]),
        ("-A INPUT -p tcp -m tcp --dport 179 -j ACCEPT", ["accept.179"]),
        ("-A INPUT -p tcp -m state --state NEW -m tcp --dport 22 -j ACCEPT", ["accept.22"]),
        ("-A INPUT -p tcp -m tcp --dport 22 -j DROP", []),
        ("-A INPUT -s 192.0.2.0/24 -j ACCEPT", ["accept.source"]),
        ("-A INPUT -i eth1 -j ACCEPT", ["accept.source"]),
        ("-A INPUT -i lo -j ACCEPT", []),
        ("-A INPUT -s 192.0.2.0/24 -p icmp -j ACCEPT", []),
        ("-A INPUT -p tcp -m tcp --dport 8080 -j DROP", []),
        ("-A INPUT -p tcp -m tcp --sport 179 -j DROP", []),
        ("-A INPUT -p ipencap -j DROP", ["drop.ipip"]),
        ("-A INPUT -j REJECT --reject-with icmp-host-prohibited", ["drop.rest"]),
        ("-A INPUT -m conntrack --ctstate INVALID -j DROP", []),
        (":INPUT DROP [0:0]", ["drop.rest"]),
        (":FORWARD DROP [0:0]", []),
        ('-A KUBE-SERVICES -d 172.21.5.5/32 -p tcp -m comment --comment "a/b has no endpoints" -m tcp --dport 443 -j REJECT', []),
        ("-A cali-pi-_abc -p tcp -m multiport --dports 179 -j DROP", ["policy.179"]),
        ("-A cali-fw-cali1 -p tcp -m tcp --dport 179 -j DROP", []),
        ("        tcp dport { 179, 443 } counter packets 1 bytes 60 drop", ["drop.179", "drop.443"]),
        ("        tcp dport 1-1024 reject with icmpx admin-prohibited", ["drop.179", "drop.443"]),
        ("        tcp dport 179 accept", ["accept.179"]),
        ("        type filter hook input priority filter + 10; policy drop;", ["drop.rest"]),
        ("        ip protocol ipip drop", ["drop.ipip"]),
        ("    5   300 DROP       tcp  --  *      *       0.0.0.0/0            0.0.0.0/0            tcp dpt:179", ["drop.179"]),
        ("4    ACCEPT     tcp  --  0.0.0.0/0            0.0.0.0/0            tcp dpt:10250", ["accept.10250"]),
        ("ACCEPT     tcp  --  anywhere             anywhere             multiport dports 179,5473", ["accept.179", "accept.5473"]),
        ("Chain INPUT (policy DROP 0 packets, 0 bytes)", ["drop.rest"]),
        ("-A INPUT_direct -j INPUT_ZONES", ["manager.firewalld"]),
        ("-A ufw-before-input -i lo -j ACCEPT", ["manager.ufw"]),
        ("# Warning: iptables-legacy tables present, use iptables-legacy-save to see them", ["mixed-tools"]),
        ("iptables v1.8.4 (nf_tables): table `filter' is incompatible, use 'nft' tool.", ["mixed-tools"]),
    ],
)  # fmt: skip
def test_one_line(line: str, expected: list[str]) -> None:
    assert keys(line) == expected


def test_rules_belong_to_the_chain_above_them() -> None:
    text = "table inet x {\n  chain input {\n    reject with icmpx admin-prohibited\n  }\n  chain other {\n    reject\n  }\n}\n"
    assert keys(text) == ["drop.rest"]
    listed = "Chain KUBE-SERVICES (2 references)\nREJECT     tcp  --  anywhere             172.21.5.5           tcp dpt:443\n"
    assert keys(listed) == ["chains.kube-proxy.iptables"]  # no rule of it tells anything


def test_a_manager_is_named_once_and_rows_name_the_node() -> None:
    found = parse_packet_filter("-A f2b-sshd -j RETURN\n" * 50, Source("f.txt", node="n")).settings
    assert [(row.kind, row.name, row.key, row.line) for row in found] == [("PacketFilter", "n", "manager.fail2ban", 1)]


def test_many_rules_are_cut_with_a_word() -> None:
    parsed = parse_packet_filter("-A INPUT -p tcp --dport 179 -j DROP\n" * 1000, Source("f.txt"))
    assert len(parsed.settings) == MOST_ROWS and parsed.problems


def test_recognition() -> None:
    for sample in ("# x\n*filter\n:INPUT ACCEPT [0:0]\n", "table inet filter {\n", "Chain INPUT (policy ACCEPT)\n"):
        assert looks_like(sample) > 0.8
    assert looks_like("-A x\n") == 0.0


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet="-AINPUT jDROP!{},:0179 dport\n", max_size=150))
def test_never_raises(text: str) -> None:
    parse_packet_filter(text, Source("x"))


@pytest.mark.parametrize(
    "line",
    ["-A INPUT " + " " * 100_000 + "x", "dport " + "1," * 50_000, "hook input" + " policy" * 20_000, "drop " * 30_000],
)
def test_hostile_lines_are_read_in_no_time(line: str) -> None:
    began = time.perf_counter()
    parse_packet_filter(line, Source("x"))
    assert time.perf_counter() - began < 2


def test_whose_chains_which_tool_shows() -> None:
    rules = ":cali-INPUT - [0:0]\n:KUBE-SERVICES - [0:0]\n:KUBE-FORWARD - [0:0]\n"

    def keys(text: str, **source: str) -> list[str]:
        rows = parse_packet_filter(text, Source(source.pop("path", "x.txt"), **source)).settings  # type: ignore[arg-type]
        return [row.key for row in rows if row.key.startswith("chains.")]

    assert keys(rules) == ["chains.calico.iptables", "chains.kube-proxy.iptables"]
    assert keys(rules, command="iptables-legacy-save") == ["chains.calico.legacy", "chains.kube-proxy.legacy"]
    made = "# Generated by iptables-save v1.8.5 ({}) on Mon Nov 23 13:20:29 2026\n:KUBE-SERVICES - [0:0]\n"
    assert keys(made.format("nf_tables")) == ["chains.kube-proxy.nft"]
    assert keys(made.format("legacy")) == ["chains.kube-proxy.legacy"]
    assert keys("-N cali-FORWARD\n", path="iptables-nft-n1.txt") == ["chains.calico.nft"]
    assert keys("table ip filter {\n\tchain cali-INPUT {\n") == ["chains.calico.nft"]
    assert keys("-A INPUT -j cali-INPUT\n") == []
