"""``CalicoNodeStatus``: the BGP peers of one worker, as calico-node itself reports them.

Source: api/pkg/apis/projectcalico/v3/caliconodestatus.go (since Calico v3.22).
"""

from __future__ import annotations

from itertools import islice

from parsers.api_fields import entries, mapping, text
from parsers.located import Document
from parsers.rows import BgpRow
from parsers.source import Parsed, Source

MOST_PEERS = 2000


def read_node_status(item: Document, parsed: Parsed, source: Source) -> None:
    """Add a row a peer: ``state`` and ``message`` are BGP's own state, ``protocol`` the type of the peer."""
    node = text(mapping(item.value.get("spec")).get("node")) or source.node
    bgp = mapping(mapping(item.value.get("status")).get("bgp"))
    for family in ("peersV4", "peersV6"):
        for index, peer in islice(entries(bgp.get(family)), MOST_PEERS):
            address, state = text(peer.get("peerIP")), text(peer.get("state"))
            if not address:
                continue
            line = item.at("status", "bgp", family, index, "peerIP")
            kind = text(peer.get("type")) or "peer"
            parsed.bgp.append(BgpRow(source.path, line, "", node, None, kind, address, state, state, "node-status"))
