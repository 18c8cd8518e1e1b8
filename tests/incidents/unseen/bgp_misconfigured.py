"""bgp-misconfigured: told without having seen the rules."""

from __future__ import annotations

from datetime import datetime

from telling import Incident, incident, node_status, protocols, wrapped

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


def peer_written_for_a_short_name(now: datetime) -> Incident:
    # told on 29 November 2026 without having seen the rules
    story = incident(
        "one-peer-still-names-the-node-by-its-short-name",
        CAUSE,
        "Mesh off, each node has its own BGPPeer to the switch of its rack. One node was installed again and is registered by its full name; its BGPPeer still says the short one, so it selects no node: that node has no peer at all, its calico-node is ready, and its pods reach nobody.",
        "https://docs.tigera.io/calico/latest/reference/resources/bgppeer (spec.node)",
        now,
        platform="other",
        calico="v3.20.6",
        kubernetes="v1.21.14",
        namespace="kube-system",
        registry="quay.io/calico",
        difficulty="medium",
        acceptable=["invalid-calico-config"],
    )
    system = {
        "os_image": "Rocky Linux 8.9 (Green Obsidian)",
        "kernel": "4.18.0-513.9.1.el8_9.x86_64",
        "runtime": "containerd://1.4.12",
    }
    old = {f"knx-w{n}": f"10.33.{n}.13" for n in (1, 2, 4, 5)}
    new = {"knx-w3.corp.example": "10.33.3.13"}
    story.hosts(old, age=7_300_000, since=7_299_000, **system)
    story.hosts(new, age=91_000, since=90_700, **system)
    story.staff(old, started=7_200_000, age=7_200_050)
    name = story.staff(new, started=90_650, age=90_700)[0]
    bad = next(iter(new))
    story.node_event(bad, "Starting", "Starting kubelet.", 3300, type_="Normal")
    for n, (app, ip) in enumerate((("indexer-0", "10.233.103.4"), ("web-6c9f7b8d5-x7tqm", "10.233.103.9"))):
        story.other(
            app,
            bad,
            ip,
            "search",
            "StatefulSet/indexer" if n == 0 else "ReplicaSet/web-6c9f7b8d5",
            ready=False,
            restarts=240 + n,
            started=150,
            last=("Error", 1, 190),
            age=90_000,
        )
        story.pod_event(
            app,
            "Unhealthy",
            f"Readiness probe failed: dial tcp 10.233.90.{17 + n}:9300: connect: no route to host",
            12,
            89_000,
            8700,
            namespace="search",
        )
    log = story.boot(bad, 90_650, bird=False, prefix=24, interface="bond0")
    log.insert(
        -1,
        story.say(
            90_648,
            "INFO",
            60,
            "confd",
            "resource.go 264:",
            "Target config /etc/calico/confd/config/bird.cfg has been updated due to change in key: /calico/bgp/v1/global",
        ),
    )
    log += [
        "bird: device1: Initializing",
        "bird: direct1: Initializing",
        "bird: device1: Starting",
        "bird: device1: Connected to table master",
        "bird: device1: State changed to feed",
        "bird: direct1: Starting",
        "bird: direct1: Connected to table master",
        "bird: direct1: State changed to feed",
        "bird: Graceful restart started",
        "bird: Graceful restart done",
        "bird: Started",
        "bird: device1: State changed to up",
        "bird: direct1: State changed to up",
    ]
    story.log(name, wrapped(story, [*log, *story.quiet(3000, 20, 300)], "prefix", name))
    peers = [(n.split(".")[0], n, a) for n, a in sorted((old | new).items())]
    story.texts["bgppeers.txt"] = (
        "$ calicoctl get bgppeers -o wide\nNAME             PEERIP       NODE     ASN\n"
        + "".join(
            f"tor-{short:<12} {'.'.join(a.split('.')[:3]) + '.1':<12} {short:<8} 65{a.split('.')[2]}00\n"
            for short, _, a in peers
        )
        + "\n$ calicoctl get bgpconfig default -o yaml | tail -4\nspec:\n  asNumber: 64900\n  logSeverityScreen: Info\n  nodeToNodeMeshEnabled: false\n"
        "\n$ calicoctl get nodes -o wide\nNAME                  ASN       IPV4            IPV6   \n"
        + "".join(f"{n:<21} (64900)   {a + '/24':<15}        \n" for _, n, a in peers)
    )
    story.texts["w3-node-status.txt"] = (
        "[root@knx-w3 ~]# calicoctl node status\nCalico process is running.\n\nIPv4 BGP status\nNo IPv4 peers found.\n\nIPv6 BGP status\nNo IPv6 peers found.\n\n[root@knx-w3 ~]# ip route\ndefault via 10.33.3.1 dev bond0 proto static metric 300 \n10.33.3.0/24 dev bond0 proto kernel scope link src 10.33.3.13 metric 300 \nblackhole 10.233.103.0/26 proto bird \n10.233.103.4 dev cali8d1c3e5f7a9 scope link \n10.233.103.9 dev cali0b2d4f6a8c1 scope link \n"
    )
    story.texts["tor-3.txt"] = (
        "rack3-tor# show ip bgp summary\nNeighbor        V         AS MsgRcvd MsgSent   TblVer  InQ OutQ  Up/Down State/PfxRcd\n10.33.3.13      4      64900       0       0        0    0    0 1d01h16m Active\n10.33.255.1     4      65000   88211   88190        0    0    0 09w2d04h           41\n"
    )
    story.describe(bad, name)
    story.affected = [bad]
    story.cite("bgppeers.txt", "tor-knx-w3")
    story.cite("w3-node-status.txt", "No IPv4 peers found.")
    return story


def filter_meant_for_the_border(now: datetime) -> Incident:
    story = incident(
        "filter-for-the-border-was-put-on-the-reflectors",
        CAUSE,
        "A BGPFilter that lets out load balancer addresses and rejects all else was meant for the border routers, but the BGPPeer to the route reflectors has it too: all sessions stay Established and every node is ready, while no block of any node is exported any more and pods reach their own node only.",
        "https://github.com/projectcalico/calico/pull/7271",
        now,
        platform="other",
        calico="v3.27.3",
        kubernetes="v1.28.9+rke2r1",
        registry="docker.io/calico",
        difficulty="hard",
        acceptable=["invalid-calico-config"],
    )
    system = {
        "os_image": "openSUSE Leap Micro 5.5",
        "kernel": "5.14.21-150500.55.52-default",
        "runtime": "containerd://1.7.11-k3s2",
    }
    rr = {"dc2-rr1": "10.57.0.5", "dc2-rr2": "10.57.0.6"}
    hosts = {f"dc2-n{n}": f"10.57.0.{n}" for n in (31, 32, 33, 34, 35)}
    story.hosts(rr, labels={"route-reflector": "true"}, age=3_500_000, since=3_499_000, **system)
    story.hosts(hosts, age=3_500_000, since=3_499_000, **system)
    story.staff(rr | hosts, started=3_400_000, age=3_400_060)
    me = "dc2-n33"
    for n, node in enumerate(("dc2-n31", "dc2-n33", "dc2-n35")):
        pod = f"payments-{n}"
        story.other(
            pod,
            node,
            f"10.42.{31 + 2 * n}.12",
            "pay",
            "StatefulSet/payments",
            app="payments",
            ready=n == 0,
            restarts=(0, 17, 16)[n],
            started=3_000_000 if n == 0 else 220,
            last=None if n == 0 else ("Error", 1, 240),
        )
        if n:
            story.pod_event(
                pod,
                "Unhealthy",
                "Readiness probe failed: kafka-0.kafka.pay.svc:9092: dial tcp 10.42.31.20:9092: connect: no route to host",
                9 + n,
                4900,
                480,
                namespace="pay",
            )
            story.pod_event(
                pod,
                "BackOff",
                f"Back-off restarting failed container payments in pod {pod}_pay(5d0b{n})",
                30 + n,
                4500,
                160,
                namespace="pay",
            )
    log = [
        *story.quiet(7600, 5200, 400),
        story.say(5094, "INFO", 66, "confd", "client.go 1148:", "Recompute BGP peerings: BGPPeer(rr-clients) updated"),
        story.say(
            5093.6,
            "INFO",
            66,
            "confd",
            "resource.go 289:",
            "Target config /etc/calico/confd/config/bird_ipam.cfg has been updated due to change in key: /calico/resources/v3/projectcalico.org/bgpfilters",
        ),
        story.say(
            5093.5,
            "INFO",
            66,
            "confd",
            "resource.go 289:",
            "Target config /etc/calico/confd/config/bird.cfg has been updated due to change in key: /calico/bgp/v1/host",
        ),
        "bird: Reconfiguration requested by SIGHUP",
        "bird: Reconfiguring",
        "bird: Reloading protocol Node_10_57_0_5",
        "bird: Reloading protocol Node_10_57_0_6",
        "bird: Reconfigured",
        *story.quiet(5060, 20, 400),
    ]
    story.log(story.pods[me], wrapped(story, log, "stamps"))
    since = "2026-10-21"
    both = [(a, "up", since, "Established") for a in rr.values()]
    story.texts["node-status.txt"] = f"{me}:~ # calicoctl node status\n" + node_status(both, kind="node specific")
    details = "BIRD v0.3.3+birdv1.6.8 ready.\n"
    for a in rr.values():
        details += f"Node_{a.replace('.', '_')} BGP      master   up     {since}  Established   \n  Description:    Connection to BGP peer\n  Preference:     100\n  Input filter:   (unnamed)\n  Output filter:  (unnamed)\n  Routes:         0 imported, 0 exported, 0 preferred\n  Route change stats:     received   rejected   filtered    ignored   accepted\n    Import updates:             96          0          0         41         55\n    Import withdraws:           60          0        ---          5         55\n    Export updates:            131         52         79        ---          0\n    Export withdraws:           58        ---        ---        ---         14\n  BGP state:          Established\n    Neighbor address: {a}\n    Neighbor AS:      64512\n    Neighbor ID:      {a}\n    Neighbor caps:    refresh enhanced-refresh restart-aware llgr-aware AS4 add-path-rx add-path-tx\n    Session:          internal multihop AS4 add-path-rx add-path-tx\n    Source address:   {hosts[me]}\n    Hold timer:       149/240\n    Keepalive timer:  38/80\n\n"
    story.texts["birdcl-show-protocols-all.txt"] = details
    story.texts["ip-route.txt"] = (
        f"default via 10.57.0.1 dev eth0 proto dhcp metric 20 \n10.57.0.0/24 dev eth0 proto kernel scope link src {hosts[me]} \nblackhole 10.42.33.0/26 proto bird \n10.42.33.12 dev cali27a1e9d0c4b scope link \n10.42.33.15 dev cali5c6d7e8f901 scope link \n"
    )
    story.texts["bgp.yaml"] = (
        "apiVersion: projectcalico.org/v3\nkind: BGPConfiguration\nmetadata:\n  name: default\nspec:\n  asNumber: 64512\n  nodeToNodeMeshEnabled: false\n  serviceLoadBalancerIPs:\n  - cidr: 10.57.200.0/24\n---\n"
        f'apiVersion: projectcalico.org/v3\nkind: BGPFilter\nmetadata:\n  creationTimestamp: "{story.ago(5400)}"\n  name: announce-lb-only\nspec:\n  exportV4:\n  - action: Accept\n    cidr: 10.57.200.0/24\n    matchOperator: In\n  - action: Reject\n    cidr: 0.0.0.0/0\n    matchOperator: In\n---\n'
        "apiVersion: projectcalico.org/v3\nkind: BGPPeer\nmetadata:\n  name: border-1\nspec:\n  asNumber: 65010\n  filters:\n  - announce-lb-only\n  nodeSelector: route-reflector == 'true'\n  peerIP: 10.57.0.2\n---\n"
        "apiVersion: projectcalico.org/v3\nkind: BGPPeer\nmetadata:\n  name: rr-clients\nspec:\n  filters:\n  - announce-lb-only\n  nodeSelector: all()\n  peerSelector: route-reflector == 'true'\n"
    )
    story.describe(me)
    story.affected = list(rr | hosts)
    story.cite("bgp.yaml", "- announce-lb-only")
    story.cite("birdcl-show-protocols-all.txt", "Routes:         0 imported, 0 exported, 0 preferred")
    return story


STORIES = [
    half_of_the_leaf_design,
    reflectors_do_not_know_each_other,
    selector_with_a_plural,
    rebuilt_reflector_lost_its_cluster_id,
    peer_written_for_a_short_name,
    filter_meant_for_the_border,
]
