"""MTUs in other forms than those of ``ip link``."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.link_mtus import mtus


@pytest.mark.parametrize(
    ("text", "command", "wanted"),
    [
        ("eth0: mtu 1450\ntunl0@NONE: mtu 1440", "", [(1, "eth0", "1450", ""), (2, "tunl0", "1440", "")]),
        ("eth0: flags=4163<UP,BROADCAST,RUNNING>  mtu 1450\n", "", [(1, "eth0", "1450", "true")]),
        (
            "tunl0     Link encap:IPIP Tunnel\n          inet addr:192.0.2.1\n          UP RUNNING NOARP  MTU:1480  Metric:1",
            "",
            [(3, "tunl0", "1480", "true")],
        ),
        ("/sys/class/net/vxlan.calico/mtu:1450", "", [(1, "vxlan.calico", "1450", "")]),
        ("1450\n1480", "cat /sys/class/net/eth0/mtu /sys/class/net/tunl0/mtu", [(1, "eth0", "1450", ""), (2, "tunl0", "1480", "")]),
        ("eth0             1450  811234      0      0 0        812345      0      0      0 BMRU", "", [(1, "eth0", "1450", "true")]),
        ("GENERAL.DEVICE:    eth0\nGENERAL.TYPE:      ethernet\nGENERAL.MTU:       9000", "", [(3, "eth0", "9000", "")]),
        ('[{"ifindex":2,"ifname":"eth0","flags":["UP"],"mtu":1450,"qdisc":"mq"}]', "", [(1, "eth0", "1450", "")]),
        ("felix: the mtu is 1440\nNAME READY\nMTU of the network: 1500", "", []),
    ],
)  # fmt: skip
def test_each_form(text: str, command: str, wanted: list[tuple[int, str, str, str]]) -> None:
    assert list(mtus(text.split("\n"), 1, command)) == wanted


@given(st.text(alphabet="eth0: mtu 1450<UP>MTU:/sys/net\n"))
def test_any_text_is_taken(text: str) -> None:
    for _, name, mtu, up in mtus(text.split("\n"), 1):
        assert name and mtu.isdigit() and up in ("", "true", "false")
