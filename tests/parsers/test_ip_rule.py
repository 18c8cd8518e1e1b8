from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from parsers.ip_route import parse_ip_route
from parsers.ip_rule import rules
from parsers.notes import parse_notes
from parsers.source import Source

RULES = """\
0:\tfrom all lookup local
220:\tfrom all lookup 220
5210:\tfrom all fwmark 0x80000/0xff0000 lookup main
32766:\tfrom all lookup main
"""


def test_rules_with_line_and_preference() -> None:
    assert list(rules(RULES.split("\n"), 10))[1:3] == [
        (11, "220", "from all lookup 220"),
        (12, "5210", "from all fwmark 0x80000/0xff0000 lookup main"),
    ]


def test_other_lines_are_none() -> None:
    assert not list(rules(["1: lo: <LOOPBACK> mtu 65536", "10: sent from w1 to w2", "default via 192.0.2.1"], 1))


def test_they_are_settings_of_the_worker() -> None:
    for parsed in (
        parse_notes(RULES, Source("rules.txt", node="w1"), lambda _: ()),
        parse_ip_route(f"default via 192.0.2.1 dev eth0\n{RULES}", Source("routes.txt", node="w1")),
    ):
        found = [row for row in parsed.settings if row.kind == "RoutingRule"]
        assert [(row.name, row.key) for row in found] == [("w1", key) for key in ("0", "220", "5210", "32766")]


def test_the_table_of_a_route_and_the_kernels_answer() -> None:
    text = "198.51.100.7 dev wg0 table 52 src 192.0.2.7 uid 0 \n    cache \n198.51.100.8 dev eth0\n"
    first, second = parse_ip_route(text, Source("a.txt")).routes
    assert (first.table, first.asked, second.table, second.asked) == ("52", True, "", False)
    (listed,) = parse_ip_route("default dev wg0\n", Source("a.txt", command="ip route show table 205")).routes
    assert (listed.table, listed.asked) == ("205", False)
    (answer,) = parse_ip_route(
        "192.0.2.8 dev eth0 src 192.0.2.7\n", Source("a.txt", command="ip r get 192.0.2.8")
    ).routes
    assert answer.asked


@given(st.text(alphabet="0123456789: from alookup\t\n", max_size=200))
def test_any_text_is_read(text: str) -> None:
    list(rules(text.split("\n"), 1))
