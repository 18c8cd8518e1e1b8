"""Networks as settings, routes and lists write them."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from analyzer.facts.networks import network_of


@pytest.mark.parametrize(
    ("words", "network"),
    [
        ("172.30.0.0/16", "172.30.0.0/16"),
        ("172.30.7.9/16", "172.30.0.0/16"),
        ("10.0.0.7", "10.0.0.7/32"),
        ("fd00:10::/64", "fd00:10::/64"),
    ],
)
def test_a_network(words: str, network: str) -> None:
    assert network_of(words) == ip_network(network)


@pytest.mark.parametrize("words", ["", "default", "10.0.0.0/33", "10.0.0", "<none>"])
def test_other_words(words: str) -> None:
    assert network_of(words) is None
