"""Pseudonyms: stable, distinct, and true to subnets."""

from __future__ import annotations

import ipaddress
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.redaction import Hosts, Redaction
from analyzer.redaction.redaction import read_map

KEY = b"0123456789abcdef"
ADDRESSES = st.integers(0, 2**32 - 1).map(ipaddress.IPv4Address)


def shared_bits(first: str, second: str) -> int:
    one, two = int(ipaddress.ip_address(first)), int(ipaddress.ip_address(second))
    width = ipaddress.ip_address(first).max_prefixlen
    return width - (one ^ two).bit_length()


@given(ADDRESSES, ADDRESSES)
def test_prefixes_are_kept(first: ipaddress.IPv4Address, second: ipaddress.IPv4Address) -> None:
    hosts = Hosts(KEY)
    one, two = hosts.replace(f"{first} {second}").split()
    assert shared_bits(one, two) == shared_bits(str(first), str(second))
    assert hosts.replace(str(first)) == one


@given(st.integers(0, 2**128 - 1), st.integers(0, 127))
def test_prefixes_of_ipv6_are_kept(number: int, bit: int) -> None:
    first, second = ipaddress.IPv6Address(number), ipaddress.IPv6Address(number ^ (1 << bit))
    hosts = Hosts(KEY)
    one, two = (str(hosts._mapped(item)) for item in (first, second))
    assert shared_bits(one, two) == shared_bits(str(first), str(second))


@pytest.mark.parametrize("address", ["127.0.0.1", "0.0.0.0/0", "255.255.255.0", "169.254.20.10", "172.21.0.1", "10.0.0.0/8", "192.168.0.0/16", "::1", "::", "fe80::ecee:eeee:eeee:eeee"])  # fmt: skip
def test_what_is_the_same_in_every_cluster_stays(address: str) -> None:
    assert Hosts(KEY).replace(f"to {address} via") == f"to {address} via"


def test_private_addresses_stay_private_and_change() -> None:
    made = Hosts(KEY).replace("10.138.44.31")
    assert made.startswith("10.") and made != "10.138.44.31"


def test_a_network_holds_its_addresses() -> None:
    network, address = Hosts(KEY).replace("10.138.44.0/26 10.138.44.31").split()
    assert ipaddress.ip_address(address) in ipaddress.ip_network(network)


def test_all_forms_of_an_address_agree() -> None:
    hosts = Hosts(KEY, ["ip-10-1-2-3.eu-west-1.compute.internal"])
    text = "10.1.2.3 Mesh_10_1_2_3 ip-10-1-2-3 ip-10-1-2-3.eu-west-1.compute.internal https://10.1.2.3:10250/x addr=10.1.2.3,"
    plain = hosts.replace("10.1.2.3")
    dashes, scores = plain.replace(".", "-"), plain.replace(".", "_")
    wanted = f"{plain} Mesh_{scores} ip-{dashes} ip-{dashes}.eu-west-1.compute.internal https://{plain}:10250/x addr={plain},"
    assert hosts.replace(text) == wanted


def test_names_are_replaced_everywhere_and_keep_their_length() -> None:
    hosts = Hosts(KEY, ["acmeprod-w1", "acmeprod-w2"])
    text = "acmeprod-w1 is not acmeprod-w2, calico-node on acmeprod-w1; db.acmebank.com; quay.io/calico/node"
    made = hosts.replace(text)
    assert "acme" not in made and "quay.io/calico/node" in made and len(made) == len(text)
    assert made.split()[0] == made.split()[6].rstrip(";")
    assert made.split()[0] != made.split()[3].rstrip(",")


@pytest.mark.parametrize("text", ["v1.2.3.4", "at 04:11:52.123", "2026-03-16T04:11:52.123456Z", "std::vector", "calico/node:v3.27.2", "uid 5f0c7a52-1a5e-4f3c-9e6a-2b8f0a9c7d11", "00:16:3e:5e:6c:00", "felix/int_dataplane.go 1248", "crd.projectcalico.org/v1", "5.4.0-150-generic"])  # fmt: skip
def test_what_is_no_host_stays(text: str) -> None:
    assert Hosts(KEY).replace(text) == text


def test_columns_stay_where_they_are() -> None:
    table = "10.138.44.31        Ready    <none>   10.138.44.31     1d\n10.1.1.1            Ready    <none>   10.1.1.1         1d"
    lines = Hosts(KEY).replace(table).split("\n")
    assert {line.index("Ready") for line in lines} == {table.index("Ready")}


def test_the_map_goes_on(tmp_path: Path) -> None:
    redaction = Redaction("hosts", Hosts(names=["acmeprod-w1"]))
    once = redaction.text("acmeprod-w1 10.1.2.3")
    (tmp_path / "map.json").write_text(redaction.mapping(), encoding="utf-8")
    known = json.loads(redaction.mapping())["pseudonyms"]
    assert once == f"{known['acmeprod-w1']} {known['10.1.2.3']}"
    assert Redaction("hosts", read_map(tmp_path / "map.json")).text("acmeprod-w1 10.1.2.3") == once
    (tmp_path / "map.json").write_text("{}", encoding="utf-8")
    with pytest.raises(ValueError, match="no mapping file"):
        read_map(tmp_path / "map.json")


def test_another_key_gives_other_pseudonyms() -> None:
    assert len({Hosts(bytes([n]) * 16).replace("10.138.44.31") for n in range(8)}) > 1
