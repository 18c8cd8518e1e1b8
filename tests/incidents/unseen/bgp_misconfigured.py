"""bgp-misconfigured: told without having seen the rules."""

from __future__ import annotations

from datetime import datetime

from telling import Incident, incident

CAUSE = "bgp-misconfigured"


def half_of_the_leaf_design(now: datetime) -> Incident:
    story = incident(
        "mesh-turned-off-before-the-routers-were-ready",
        CAUSE,
        "A change from an on-premises cluster was applied: BGPConfiguration default with nodeToNodeMeshEnabled false, and no BGPPeer at all. All calico pods stay ready, but no node has a peer and pods reach only their own node.",
        "https://github.com/projectcalico/calico/issues/1081",
        now,
        platform="vpc",
        calico="v3.28.3",
        kubernetes="v1.30.9+IKS",
        difficulty="medium",
        acceptable=["invalid-calico-config"],
    )
    nodes = story.workers([f"10.245.16.{n}" for n in (5, 6, 9, 12, 13)])
    story.agents(nodes, started=700_000)
    bad = nodes[2]
    name = story.pods[bad]
    for i, node in enumerate(nodes[:3]):
        story.other(
            f"orders-api-7f6d8c9b4-{'xkq'[i]}2m{'stv'[i]}z",
            node,
            f"172.17.{40 + i}.12",
            "shop",
            "ReplicaSet/orders-api-7f6d8c9b4",
            ready=i == 0,
            restarts=0 if i == 0 else 31,
            last=None if i == 0 else ("Error", 1, 200),
        )
    story.pod_event(
        "orders-api-7f6d8c9b4-k2mtz",
        "Unhealthy",
        "Readiness probe failed: HTTP probe failed with statuscode: 503 (upstream postgres.shop.svc: dial tcp 172.17.44.7:5432: i/o timeout)",
        10,
        5200,
        514,
        namespace="shop",
    )
    peers = [n for n in nodes if n != bad]
    log = story.boot(bad, 699_990, peers)[-25:] + story.quiet(6000, 5500)
    log += [
        story.say(
            5400,
            "INFO",
            62,
            "confd",
            "resource.go 289:",
            "Target config /etc/calico/confd/config/bird.cfg has been updated due to change in key: /calico/bgp/v1/global",
        ),
        "bird: Reconfiguration requested by SIGHUP",
        "bird: Reconfiguring",
    ]
    for peer in peers:
        session = f"Mesh_{peer.replace('.', '_')}"
        log += [
            f"bird: Removing protocol {session}",
            f"bird: {session}: Shutting down",
            f"bird: {session}: State changed to stop",
        ]
    log += [
        "bird: Reconfigured",
        *[f"bird: Mesh_{p.replace('.', '_')}: State changed to down" for p in peers],
        *story.quiet(5300, 10, 300),
    ]
    story.log(name, log)
    story.texts["calicoctl.txt"] = (
        "$ calicoctl get bgpconfig -o wide\nNAME      LOGSEVERITY   MESHENABLED   ASNUMBER\ndefault   Info          false         64512\n\n$ calicoctl get bgppeer\nNAME   PEERIP   NODE   ASN\n\n$ calicoctl node status\nCalico process is running.\n\nIPv4 BGP status\nNo IPv4 peers found.\n\nIPv6 BGP status\nNo IPv6 peers found.\n"
    )
    story.describe(bad)
    story.affected = nodes
    story.cite("calicoctl.txt", "No IPv4 peers found.")
    return story


STORIES = [half_of_the_leaf_design]
