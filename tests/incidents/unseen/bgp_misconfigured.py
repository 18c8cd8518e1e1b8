"""bgp-misconfigured: told without having seen the rules."""

from __future__ import annotations

from datetime import datetime

from telling import Incident, incident, node_status, protocols

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


def selector_with_a_plural(now: datetime) -> Incident:
    story = incident(
        "peer-selector-hits-no-node",
        CAUSE,
        "ROKS classic, customer's change to route reflectors: mesh off, the BGPPeer selects peers with route-reflector == 'true', the two nodes carry the label route-reflectors=true. The selector hits nothing, no node has any peer; the calico pods stay ready, pods reach pods of their own node only.",
        "https://github.com/projectcalico/calico/issues/2060",
        now,
        platform="roks",
        calico="v3.27.2",
        kubernetes="v1.28.15+ff493be",
        difficulty="medium",
        acceptable=["invalid-calico-config"],
    )
    red_hat = {
        "os_image": "Red Hat Enterprise Linux 8.10 (Ootpa)",
        "kernel": "4.18.0-553.30.1.el8_10.x86_64",
        "runtime": "cri-o://1.28.11",
    }
    rr = story.workers([f"10.191.42.{n}" for n in (67, 88)], labels={"route-reflectors": "true"}, **red_hat)
    rest = story.workers([f"10.191.42.{n}" for n in (70, 75, 91, 93)], **red_hat)
    nodes = rr + rest
    story.agents(nodes, started=4_000_000)
    story.typha(nodes[0])
    story.typha(nodes[2], "w8xkd")
    me = rest[1]
    for i, node in enumerate(rest[:3]):
        story.other(f"cart-5d7c9b8f6-{('p4k9z', 'tm7xw', 'v2qhd')[i]}", node, f"172.30.{70 + i}.21", "store", "ReplicaSet/cart-5d7c9b8f6",
                    ready=i == 2, restarts=0 if i == 2 else 22, last=None if i == 2 else ("Error", 1, 310))  # fmt: skip
    story.pod_event(
        "cart-5d7c9b8f6-tm7xw",
        "Unhealthy",
        'Readiness probe failed: Get "http://172.30.71.21:8080/health": context deadline exceeded (Client.Timeout exceeded while awaiting headers)',
        20,
        3300,
        330,
        namespace="store",
    )
    story.pod_event(
        "cart-5d7c9b8f6-tm7xw",
        "BackOff",
        "Back-off restarting failed container cart in pod cart-5d7c9b8f6-tm7xw_store(8a20)",
        15,
        3200,
        140,
        namespace="store",
    )
    peers = [n for n in nodes if n != me]
    log = story.quiet(5200, 3700, 300)
    log += [
        story.say(
            3610, "INFO", 66, "confd", "client.go 1004:", "Recompute BGP peerings: BGPConfiguration(default) updated"
        ),
        story.say(
            3609.6,
            "INFO",
            66,
            "confd",
            "resource.go 289:",
            "Target config /etc/calico/confd/config/bird.cfg has been updated due to change in key: /calico/bgp/v1/global",
        ),
        "bird: Reconfiguration requested by SIGHUP",
        "bird: Reconfiguring",
        *[f"bird: Removing protocol Mesh_{p.replace('.', '_')}" for p in peers],
    ]
    for p in peers:
        log += [
            f"bird: Mesh_{p.replace('.', '_')}: Shutting down",
            f"bird: Mesh_{p.replace('.', '_')}: State changed to stop",
        ]
    log += ["bird: Reconfigured", *[f"bird: Mesh_{p.replace('.', '_')}: State changed to down" for p in peers]]
    log.append(
        story.say(
            3540,
            "INFO",
            66,
            "confd",
            "client.go 1004:",
            "Recompute BGP peerings: BGPPeer(peer-with-route-reflectors) updated",
        )
    )
    log += story.quiet(3500, 15, 300)
    story.log(story.pods[me], log)
    story.texts["calicoctl-get-bgppeer.yaml"] = (
        f'apiVersion: projectcalico.org/v3\nitems:\n- apiVersion: projectcalico.org/v3\n  kind: BGPPeer\n  metadata:\n    creationTimestamp: "{story.ago(3541)}"\n    name: peer-with-route-reflectors\n    resourceVersion: "88120394"\n  spec:\n    nodeSelector: all()\n    peerSelector: route-reflector == \'true\'\nkind: BGPPeerList\nmetadata:\n  resourceVersion: "88129911"\n'
    )
    story.texts["birdcl.txt"] = (
        protocols([], since=story.stamp(4_000_000)[:10], routes="up")
        + "bird> show route count\n9 of 9 routes for 7 networks\n"
    )
    story.describe(me)
    story.affected = nodes
    story.cite("calicoctl-get-bgppeer.yaml", "peerSelector: route-reflector == 'true'")
    return story


def rebuilt_reflector_lost_its_cluster_id(now: datetime) -> Incident:
    story = incident(
        "sessions-are-up-but-the-reflector-reflects-nothing",
        CAUSE,
        "The reflector's machine was rebuilt: kubelet's --node-labels gave it its label back, but nobody set routeReflectorClusterID on the new Calico node. Every session is Established, yet it passes no iBGP route on; workers know the routes of the reflector only.",
        "https://docs.tigera.io/calico/latest/networking/configuring/bgp (configure a node to act as a route reflector)",
        now,
        platform="other",
        calico="v3.25.2",
        kubernetes="v1.26.15",
        namespace="kube-system",
        registry="docker.io/calico",
        difficulty="hard",
    )
    reflector = {"ctl-rr0": "10.84.16.5"}
    hosts = {f"cmp-{x}": f"10.84.16.{n}" for x, n in zip("abcd", (21, 22, 23, 24), strict=True)}
    system = {"os_image": "Ubuntu 22.04.4 LTS", "kernel": "5.15.0-107-generic", "runtime": "containerd://1.7.18"}
    story.hosts(reflector, labels={"calico-route-reflector": ""}, age=19_000, **system)
    story.hosts(hosts, **system)
    story.staff(reflector, started=18_600, age=18_650)
    story.staff(hosts, started=3_000_000, age=3_000_050)
    me = "cmp-b"
    waits = story.other(
        "report-worker-66d5f7c8b4-9dxkt",
        me,
        "10.233.98.19",
        "bi",
        "ReplicaSet/report-worker-66d5f7c8b4",
        ready=False,
        restarts=57,
        last=("Error", 2, 120),
        started=100,
    )
    story.pod_event(
        waits,
        "Unhealthy",
        "Liveness probe failed: amqp: dial tcp 10.233.71.6:5672: connect: no route to host",
        20,
        18_000,
        900,
        namespace="bi",
    )
    log = story.quiet(20_000, 19_100, 300)
    session = "bird: Node_10_84_16_5"
    log += [
        f"{session}: State changed to start",
        f"{session}: State changed to stop",
        f"{session}: State changed to down",
        f"{session}: Starting",
        f"{session}: State changed to start",
    ]
    log.append(
        story.say(
            18_620,
            "INFO",
            63,
            "confd",
            "resource.go 289:",
            "Target config /etc/calico/confd/config/bird.cfg has been updated due to change in key: /calico/bgp/v1/host",
        )
    )
    log += ["bird: Reconfiguration requested by SIGHUP", "bird: Reconfiguring", "bird: Reconfigured"]
    log += [f"{session}: {x}" for x in ("Connected to table master", "State changed to feed", "State changed to up")]
    story.log(story.pods[me], [*log, *story.quiet(18_500, 20, 900)])
    story.texts["rr-node.yaml"] = (
        f'# calicoctl get node ctl-rr0 -o yaml\napiVersion: projectcalico.org/v3\nkind: Node\nmetadata:\n  creationTimestamp: "{story.ago(19_000)}"\n  labels:\n    calico-route-reflector: ""\n    kubernetes.io/hostname: ctl-rr0\n  name: ctl-rr0\nspec:\n  addresses:\n  - address: 10.84.16.5/24\n    type: CalicoNodeIP\n  bgp:\n    ipv4Address: 10.84.16.5/24\n    ipv4IPIPTunnelAddr: 10.233.66.0\n  orchRefs:\n  - nodeName: ctl-rr0\n    orchestrator: k8s\n'
        "---\n# calicoctl get bgpconfiguration default -o yaml\nspec:\n  asNumber: 64512\n  nodeToNodeMeshEnabled: false\n---\n# calicoctl get bgppeer -o yaml\n- metadata:\n    name: clients-to-rr\n  spec:\n    nodeSelector: '!has(calico-route-reflector)'\n    peerSelector: has(calico-route-reflector)\n"
    )
    story.texts["rr-status.txt"] = node_status(
        [(ip, "up", story.stamp(18_560)[11:19], "Established") for ip in hosts.values()], kind="node specific"
    )
    story.texts["cmp-b-routes.txt"] = (
        "root@cmp-b:~# ip route | grep -E 'bird|tunl0'\n10.233.66.0/26 via 10.84.16.5 dev tunl0 proto bird onlink\nblackhole 10.233.98.0/26 proto bird\n"
        "root@cmp-b:~# calicoctl ipam show --show-blocks | grep -c Block\n5\n"
    )
    story.describe(me)
    story.affected = list(hosts)
    story.cite("rr-node.yaml", "ipv4IPIPTunnelAddr: 10.233.66.0")
    return story


STORIES = [
    half_of_the_leaf_design,
    reflectors_do_not_know_each_other,
    selector_with_a_plural,
    rebuilt_reflector_lost_its_cluster_id,
]
