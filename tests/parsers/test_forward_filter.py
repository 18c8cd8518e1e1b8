from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.forward_filter import forward_drops

ACCEPTS = (
    '-A FORWARD -m comment --comment "cali:S93hcgKJrXEqnTfs" -m comment --comment "Policy explicitly accepted packet." '
    "-m mark --mark 0x10000/0x10000 -j ACCEPT"
)
REJECTS = "-A FORWARD -j REJECT --reject-with icmp-host-prohibited"
JUMP = '-A FORWARD -m comment --comment "cali:wUHhoiAYhphO9Mso" -j cali-FORWARD'
LISTED = """\
Chain FORWARD (policy ACCEPT)
target     prot opt source               destination
cali-FORWARD  all  --  anywhere             anywhere             /* cali:wUHhoiAYhphO9Mso */
REJECT     all  --  anywhere             anywhere             reject-with icmp-host-prohibited
"""
FIREWALLD = """\
table inet firewalld {
	chain filter_FORWARD {
		type filter hook forward priority filter + 10; policy accept;
		ct state { established, related } accept
		reject with icmpx admin-prohibited
	}
}
"""
HARDENED = """\
table inet filter {
	chain forward {
		type filter hook forward priority 0; policy drop;
	}
}
"""


@pytest.mark.parametrize("text", [f"{JUMP}\n{REJECTS}\n{ACCEPTS}", LISTED, FIREWALLD, HARDENED])
def test_what_takes_packets_of_pods(text: str) -> None:
    assert list(forward_drops(text.split("\n"), 1))


@pytest.mark.parametrize(
    "text",
    [
        f"{JUMP}\n{ACCEPTS}\n{REJECTS}",
        "-A FORWARD -s 192.0.2.0/24 -j DROP",
        "-A INPUT -j REJECT --reject-with icmp-host-prohibited",
        ":FORWARD DROP [0:0]\n" + ACCEPTS,
        LISTED.replace("Chain FORWARD", "Chain INPUT"),
        FIREWALLD + 'chain filter_FORWARD_IN_ZONES {\n\t\tiifname "cali*" goto filter_FWDI_trusted\n}\n',
        HARDENED.replace("policy drop;", 'policy drop;\n\t\tiifname "cali*" accept'),
        HARDENED.replace("inet filter", "ip filter").replace("chain forward", "chain FORWARD"),
    ],
)
def test_what_does_not(text: str) -> None:
    assert not list(forward_drops(text.split("\n"), 1))


@given(st.text(alphabet="-A FORWARDjREJECT{}chaintable inet\n\t", max_size=300))
def test_any_text_is_read(text: str) -> None:
    list(forward_drops(text.split("\n"), 1))
