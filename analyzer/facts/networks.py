"""Networks as settings, routes and lists write them."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_network

Network = IPv4Network | IPv6Network


def network_of(words: str) -> Network | None:
    """Give the network (an address is one of its own, host bits do not matter); None where the words are none."""
    try:
        return ip_network(words, strict=False)
    except ValueError:
        return None
