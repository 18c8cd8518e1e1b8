"""bgp-misconfigured: told without having seen the rules."""

from __future__ import annotations

from datetime import datetime

from telling import Incident, incident, node_status

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


def reflectors_do_not_know_each_other(now: datetime) -> Incident:
    story = incident(
        "two-reflectors-each-with-its-own-half",
        CAUSE,
        "Mesh off, two route reflectors; each worker peers with one of them (by rack) and no BGPPeer joins the reflectors themselves: every session there is established, but the racks have no routes to each other's pods.",
        "https://datatracker.ietf.org/doc/html/rfc4456",
        now,
        platform="other",
        calico="v3.21.4",
        kubernetes="v1.22.9",
        namespace="kube-system",
        registry="quay.io/calico",
        difficulty="hard",
    )
    reflectors = {"rr-a": "10.71.1.2", "rr-b": "10.71.2.2"}
    hosts = {"ra-01": "10.71.1.11", "ra-02": "10.71.1.12", "rb-01": "10.71.2.11", "rb-02": "10.71.2.12"}
    story.hosts(reflectors, labels={"calico-rr": "true"})
    for node, address in hosts.items():
        story.hosts({node: address}, labels={"rack": node[1]})
    story.staff(reflectors | hosts, started=80_000, age=80_500)
    name = story.pods["ra-02"]
    bad = story.other(
        "checkout-6b5d8c7f9-7pxq2",
        "ra-02",
        "10.244.61.14",
        "shop",
        "ReplicaSet/checkout-6b5d8c7f9",
        ready=False,
        restarts=96,
        last=("Error", 1, 150),
        started=140,
    )
    story.pod_event(
        bad,
        "Unhealthy",
        "Readiness probe failed: redis 10.244.92.7:6379 (on rb-01): dial tcp 10.244.92.7:6379: i/o timeout",
        9,
        78_000,
        7700,
        namespace="shop",
    )
    log = story.boot("ra-02", 79_990, bird=False)
    log += [
        f"bird: Node_10_71_1_2: {x}"
        for x in (
            "Initializing",
            "Starting",
            "State changed to start",
            "Connected to table master",
            "State changed to feed",
            "State changed to up",
        )
    ]
    story.log(name, [*log, *story.quiet(2400, 10, 240)])
    story.texts["bgp-resources.yaml"] = (
        "apiVersion: projectcalico.org/v3\nkind: BGPConfiguration\nmetadata:\n  name: default\nspec:\n  asNumber: 64600\n  nodeToNodeMeshEnabled: false\n---\n"
        + "---\n".join(
            f"apiVersion: projectcalico.org/v3\nkind: BGPPeer\nmetadata:\n  name: rack-{x}\nspec:\n  nodeSelector: rack == '{x}'\n  peerIP: {ip}\n  asNumber: 64600\n"
            for x, ip in (("a", "10.71.1.2"), ("b", "10.71.2.2"))
        )
    )
    both = "".join(
        f"# {rr} ({ip})\n"
        + node_status([(hosts[f"r{x}-0{n}"], "up", "2026-11-22", "Established") for n in (1, 2)], kind="node specific")
        + "\n"
        for rr, ip, x in (("rr-a", "10.71.1.2", "a"), ("rr-b", "10.71.2.2", "b"))
    )
    story.texts["status-of-both-reflectors.txt"] = both
    story.texts["ip-route-ra-02.txt"] = (
        "default via 10.71.1.1 dev eno1 proto static\n10.71.1.0/24 dev eno1 proto kernel scope link src 10.71.1.12\n10.244.61.0/26 via 10.71.1.11 dev eno1 proto bird\nblackhole 10.244.61.64/26 proto bird\n10.244.61.78 dev cali3c1f0a2b4d5 scope link\n"
    )
    story.describe("ra-02", name)
    story.affected = ["ra-01", "ra-02", "rb-01", "rb-02"]
    story.cite("bgp-resources.yaml", "nodeToNodeMeshEnabled: false")
    return story


STORIES = [half_of_the_leaf_design, reflectors_do_not_know_each_other]
