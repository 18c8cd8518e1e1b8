"""bgp-misconfigured: the BGP resources do not give every worker a peer that brings the routes."""

from __future__ import annotations

from datetime import datetime

from cluster import container, pod
from telling import (
    Incident,
    bird_start,
    incident,
    protocols,
    wrapped,
)

CAUSE = "bgp-misconfigured"
NONE = "Calico process is running.\n\nIPv4 BGP status\nNo IPv4 peers found.\n\nIPv6 BGP status\nNo IPv6 peers found.\n"


def config(story: Incident, **spec: object) -> None:
    """The default BGPConfiguration, and the command that prints it."""
    meta = {"name": "default", "uid": "bgp", "generation": 7, "creationTimestamp": story.ago(15_000_000)}
    story.add("BGPConfiguration", {"metadata": meta, "spec": {"asNumber": 64512, "logSeverityScreen": "Info", **spec}})
    story.commands["bgpconfiguration.yaml"] = "get bgpconfigurations -o yaml"


def peers_yaml(*specs: str) -> str:
    """``calicoctl get bgppeer -o yaml``."""
    items = "".join(
        f"- apiVersion: projectcalico.org/v3\n  kind: BGPPeer\n  metadata:\n    name: peer-{i}\n  spec:\n"
        + "".join(f"    {line}\n" for line in spec.split("; "))
        for i, spec in enumerate(specs)
    )
    return f"apiVersion: projectcalico.org/v3\nitems:\n{items}kind: BGPPeerList\nmetadata: {{}}\n"


def label_lost(now: datetime) -> Incident:
    story = incident(
        "route-reflectors-lost-their-label",
        CAUSE,
        "The mesh is off and the only BGPPeer selects route-reflector == 'true'; after the two reflectors were rebuilt no node has that label, no node a peer.",
        "https://github.com/projectcalico/calico/issues/7463",
        now,
        difficulty="hard",
        platform="other",
        calico="v3.25.0",
        kubernetes="v1.25.6+rke2r1",
        registry="docker.io/rancher/mirrored-calico",
    )
    ips = {
        "infra-1": "10.50.8.11",
        "infra-2": "10.50.8.12",
        "app-1": "10.50.8.21",
        "app-2": "10.50.8.22",
        "app-3": "10.50.8.23",
    }
    for node, address in ips.items():
        story.hosts({node: address}, age=40_000 if "infra" in node else 9_000_000)
        story.agents([node], address=address, age=39_000 if "infra" in node else 2_000_000, started=38_900)
    name = story.pods["app-2"]
    log = story.boot("app-2", 38_900, address="10.50.8.22", interface="ens224", prefix=24)
    story.log(name, log + story.quiet(38_000, 60, 1500))
    config(story, nodeToNodeMeshEnabled=False)
    story.texts["bgppeer.yaml"] = peers_yaml("nodeSelector: all(); peerSelector: route-reflector == 'true'")
    story.texts["node-status-app-2.txt"] = NONE
    dns = "rke2-coredns-rke2-coredns-6b795db654-xw2pl"
    status = [container(story, "coredns", "docker.io/rancher/hardened-coredns:v1.9.3", ready=False)]
    made = pod(
        story, dns, "app-3", status, namespace="kube-system", owner="ReplicaSet/rke2-coredns-6b795db654", app="kube-dns"
    )
    made["status"] |= {"podIP": "10.42.71.9", "podIPs": [{"ip": "10.42.71.9"}], "hostIP": "10.50.8.23"}
    text = "Readiness probe failed: HTTP probe failed with statuscode: 503"
    story.pod_event(dns, "Unhealthy", text, 20, 30_000, 3011, namespace="kube-system")
    story.objects["Event"][-1]["metadata"]["creationTimestamp"] = story.ago(30_000)
    story.commands |= {
        "nodes.txt": "get nodes --show-labels",
        "pods.txt": "get pods -A -o wide",
        "events.txt": "get events -A",
    }
    story.affected = list(ips)
    story.cite("bgppeer.yaml", "peerSelector: route-reflector == 'true'")
    return story


def mesh_off(now: datetime) -> Incident:
    story = incident(
        "mesh-switched-off-in-the-evening",
        CAUSE,
        "confd removed every mesh protocol at one moment and added none: since then BIRD runs without peers, all pods are ready, routes to other workers are gone.",
        "https://github.com/projectcalico/calico/issues/1939",
        now,
        difficulty="hard",
        platform="vpc",
        calico="v3.29.2",
        kubernetes="v1.32.3+IKS",
    )
    nodes = story.workers([f"10.249.90.{n}" for n in (36, 37, 40, 44)])
    story.agents(nodes)
    name = story.pods[nodes[2]]
    rest = [n for n in nodes if n != nodes[2]]
    log = story.quiet(60_000, 50_500, 900)
    key = "Target config /etc/calico/confd/config/bird.cfg has been updated due to change in key: /calico/bgp/v1/global"
    log += [
        story.say(50_211, "INFO", 60, "confd", "resource.go 286:", key),
        "bird: Reconfiguration requested by SIGHUP",
        "bird: Reconfiguring",
        "bird: device1: Reconfigured",
        "bird: direct1: Reconfigured",
    ]
    for n in rest:
        p = f"Mesh_{n.replace('.', '_')}"
        log += [f"bird: Removing protocol {p}", f"bird: {p}: Shutting down", f"bird: {p}: State changed to stop"]
    log += ["bird: Reconfigured", *(f"bird: Mesh_{n.replace('.', '_')}: State changed to down" for n in rest)]
    story.log(name, log + story.quiet(50_000, 40, 1800))
    story.describe(nodes[2])
    story.texts["show-protocols.txt"] = protocols([], routes="up", since=story.ago(1900800)[:10])
    story.texts["from-customer.txt"] = (
        'Since yesterday evening pods reach only pods on the same worker. Nothing was updated. Network team enabled "BGP to the firewall" but did not finish.\n'
    )
    story.affected = nodes
    story.cite(f"{name}.log", "Removing protocol Mesh_10_249_90_36")
    return story


def selector(now: datetime) -> Incident:
    story = incident(
        "selector-with-one-equals-sign",
        CAUSE,
        "The BGPPeer of rack 2 has a selector that confd cannot parse (one quiet line); its three workers have no peer, the mesh is off.",
        "https://github.com/projectcalico/calico/blob/v3.28.1/confd/pkg/backends/calico/node_labels.go",
        now,
        difficulty="hard",
        platform="other",
        calico="v3.28.1",
        kubernetes="v1.30.2",
        registry="quay.io/calico",
    )
    ips = {f"r{r}n{n}": f"10.8.{r}.{n}" for r in (1, 2) for n in (11, 12, 13)}
    for rack in (1, 2):
        story.hosts({n: a for n, a in ips.items() if n.startswith(f"r{rack}")}, labels={"rack": str(rack)})
    for node, address in ips.items():
        story.agents([node], address=address, started=22_000)
    name = story.pods["r2n12"]
    log = story.boot("r2n12", 22_000, address="10.8.2.12", interface="bond0", prefix=24)
    wrong = "Couldn't parse selector: rack = '2' error=unexpected content at '= ''2'''"
    at = next(i for i, line in enumerate(log) if "bird.cfg has been updated" in line)
    log.insert(at, story.say(21_998.2, "ERROR", 60, "confd", "node_labels.go 70:", wrong))
    noise = 'Failed to report usage/get deprecation warnings. error=Get "https://usage.projectcalico.org/UsageCheck/calicoVersionCheck": dial tcp: lookup usage.projectcalico.org: no such host'
    log += [
        *story.quiet(21900, 12000, 900),
        story.say(11800, "INFO", 61, "felix", "usagerep.go 160:", noise),
        *story.quiet(11700, 100, 900),
    ]
    story.log(name, log)
    good = story.boot("r1n11", 22_000, address="10.8.1.11", interface="bond0", prefix=24, bird=False)
    story.log(story.pods["r1n11"], good + bird_start(["10.8.1.1"], None, "Node") + story.quiet(21_000, 400, 2000))
    config(story, nodeToNodeMeshEnabled=False)
    story.commands["pods.txt"] = "get pods -n calico-system -o wide"
    story.texts["node-status.r2n12"] = NONE
    story.affected = ["r2n11", "r2n12", "r2n13"]
    story.cite(f"{name}.log", "Couldn't parse selector: rack = '2'")
    return story


def no_cluster_id(now: datetime) -> Incident:
    story = incident(
        "established-but-nothing-reflected",
        CAUSE,
        "All sessions with the chosen reflector are up, yet it passes on no routes: its node has the label but no routeReflectorClusterID, the mesh is off.",
        "https://github.com/projectcalico/calico/issues/2060",
        now,
        difficulty="hard",
        platform="other",
        calico="v3.18.4",
        kubernetes="v1.19.14",
        registry="docker.io/calico",
        namespace="kube-system",
    )
    ips = {"core1": "10.13.1.65", "core2": "10.13.1.66", "core3": "10.13.1.67", "reflector1": "10.13.3.188"}
    story.hosts(ips, runtime="docker://20.10.8")
    next(n for n in story.objects["Node"] if n["metadata"]["name"] == "reflector1")["metadata"]["labels"][
        "route-reflector"
    ] = "true"
    for node, address in ips.items():
        story.agents([node], address=address, restarts=1, last=("Completed", 0, 300_000), started=299_000)
    config(story, nodeToNodeMeshEnabled=False, asNumber=63400)
    story.texts["bgppeer.yaml"] = peers_yaml(
        "nodeSelector: '!has(route-reflector)'; peerSelector: has(route-reflector)"
    )
    story.texts["birdcl-core2.txt"] = protocols(
        [("10.13.3.188", "up", "08:44:02", "Established")], "Node", routes="up"
    ) + (
        "BIRD v0.3.3+birdv1.6.8 ready.\nbird> show route\n0.0.0.0/0          via 10.13.1.1 on eth0 [kernel1 08:44:00] * (10)\n"
        "10.13.1.0/24       dev eth0 [direct1 08:43:59] * (240)\n192.168.77.64/26   blackhole [static1 08:43:59] * (200)\n"
    )
    story.texts["calicoctl-node-reflector1.yaml"] = (
        'apiVersion: projectcalico.org/v3\nkind: Node\nmetadata:\n  labels:\n    kubernetes.io/hostname: reflector1\n    route-reflector: "true"\n'
        "  name: reflector1\nspec:\n  bgp:\n    ipv4Address: 10.13.3.188/24\n    ipv4IPIPTunnelAddr: 192.168.80.128\n"
    )
    name = story.pods["core2"]
    story.log(
        name,
        story.boot("core2", 299_000, address="10.13.1.66", prefix=24, bird=False)
        + bird_start(["10.13.3.188"], None, "Node")
        + story.quiet(9000, 50, 800),
    )
    story.commands |= {"pods.txt": "get pods -n kube-system -o wide", "nodes.txt": "get nodes --show-labels"}
    story.affected = list(ips)
    story.cite("bgpconfiguration.yaml", "nodeToNodeMeshEnabled: false")
    return story


def wrong_port(now: datetime) -> Incident:
    story = incident(
        "listen-port-changed-for-one-side",
        CAUSE,
        "BGPConfiguration moved BIRD to port 1790, but the hand-made BGPPeers still name port 179: 'Connection refused' from everybody, the mesh is off.",
        "https://github.com/projectcalico/calico/issues/3086",
        now,
        difficulty="hard",
        platform="other",
        calico="v3.21.4",
        kubernetes="v1.22.8",
        registry="docker.io/calico",
        namespace="kube-system",
        acceptable=["bgp-port-blocked"],
    )
    ips = {f"frr-host{n}": f"10.36.5.{n}" for n in (3, 4, 5)}
    story.hosts(ips)
    story.staff(ips, ready=False, started=12_000, age=600_000)
    for node in ips:
        story.not_established(story.pods[node], [a for n, a in ips.items() if n != node], 8, 11_900, 1190)
    config(story, nodeToNodeMeshEnabled=False, listenPort=1790)
    story.texts["bgppeers.yaml"] = peers_yaml(
        *(f"asNumber: 64512; node: {n}; peerIP: {a}:179" for n in ips for a in ips.values() if ips[n] != a)
    )
    name = story.pods["frr-host3"]
    log = story.boot("frr-host3", 12_000, interface="lo-bgp", prefix=32, bird=False) + bird_start(
        ["10.36.5.4", "10.36.5.5"], (), "Node"
    )
    story.log(name, log + story.quiet(11_000, 20, 900))
    story.texts["birdcl.txt"] = protocols(
        [(a, "start", "08:01:55", "Active        Socket: Connection refused") for a in ("10.36.5.4", "10.36.5.5")],
        "Node",
        routes="up",
    )
    story.texts["ss.txt"] = (
        'LISTEN 0      8            0.0.0.0:1790       0.0.0.0:*    users:(("bird",pid=3120,fd=7))\nLISTEN 0      4096         127.0.0.1:9099       0.0.0.0:*    users:(("calico-node",pid=3098,fd=9))\n'
    )
    story.commands |= {
        "pods.txt": "get pods -n kube-system -o wide",
        "describe.txt": f"describe pod -n kube-system {name}",
    }
    story.affected = list(ips)
    story.cite("bgpconfiguration.yaml", "listenPort: 1790")
    return story


def node_without_peer(now: datetime) -> Incident:
    story = incident(
        "one-pool-outside-of-the-peer-selector",
        CAUSE,
        "Mesh off, reflector peers are chosen by 'pool in {a, b}': workers of pool c have calico-node ready but 'No IPv4 peers found'; their pods reach nobody.",
        "https://github.com/projectcalico/libcalico-go/issues/1390",
        now,
        difficulty="hard",
        platform="other",
        calico="v3.18.6",
        kubernetes="v1.20.15",
        registry="quay.io/calico",
        namespace="kube-system",
    )
    ips = {f"pool-{p}-{n}": f"10.55.{'abc'.index(p)}.{n + 10}" for p in "abc" for n in (1, 2)}
    for node, address in ips.items():
        story.hosts({node: address}, labels={"pool": node[5]}, age=50_000 if node[5] == "c" else 9_000_000)
        story.agents(
            [node],
            address=address,
            started=49_000 if node[5] == "c" else 3_000_000,
            age=49_000 if node[5] == "c" else 3_000_000,
        )
    config(story, nodeToNodeMeshEnabled=False)
    story.texts["bgppeer.yaml"] = peers_yaml(
        "nodeSelector: pool in {'a', 'b'}; peerSelector: rr == 'yes'",
        "nodeSelector: rr == 'yes'; peerSelector: rr == 'yes'",
    )
    story.texts["node-status-pool-c-1.txt"] = NONE
    story.log(
        story.pods["pool-c-1"],
        wrapped(
            story, story.boot("pool-c-1", 49_000, interface="bond0", prefix=24) + story.quiet(9000, 10, 500), "cri"
        ),
    )
    story.other(
        "shop-frontend-6c9f4d5b7-kx2lm",
        "pool-c-2",
        "10.201.77.5",
        namespace="shop",
        ready=False,
        restarts=61,
        last=("Error", 1, 200),
        owner="ReplicaSet/shop-frontend-6c9f4d5b7",
        app="shop-frontend",
    )
    story.commands |= {"pods.txt": "get pods -A -o wide", "nodes.txt": "get nodes --show-labels"}
    story.affected = ["pool-c-1", "pool-c-2"]
    story.cite("node-status-pool-c-1.txt", "No IPv4 peers found.")
    return story


def no_mesh_no_peer(now: datetime) -> Incident:
    story = incident("mesh-disabled-and-no-peer-list", CAUSE, "nodeToNodeMeshEnabled is false, the list of BGPPeers is empty; every probe is green, status says no peers.",
        "https://docs.tigera.io/calico/latest/networking/configuring/bgp", now, difficulty="easy", platform="vpc", calico="v3.28.2")  # fmt: skip
    nodes = story.workers([f"10.251.4.{n}" for n in (4, 5, 6)])
    story.agents(nodes)
    config(story, nodeToNodeMeshEnabled=False)
    story.texts["bgppeers.yaml"] = "apiVersion: projectcalico.org/v3\nitems: []\nkind: BGPPeerList\nmetadata: {}\n"
    for node in nodes[:2]:
        story.texts[f"status-{node}.txt"] = NONE
    story.describe(nodes[0])
    story.log(story.pods[nodes[0]], story.quiet(4000, 60, 300))
    story.affected = nodes
    story.cite("bgpconfiguration.yaml", "nodeToNodeMeshEnabled: false")
    return story


def both_passive(now: datetime) -> Incident:
    story = incident("both-ends-wait-for-the-other", CAUSE, "Two global peers between two reflectors are both 'passive on' (keepOriginalNextHop, passiveMode): nobody connects, no error anywhere.",
        "https://docs.tigera.io/calico/latest/reference/resources/bgppeer", now, difficulty="hard", platform="other", calico="v3.30.0", kubernetes="v1.32.4", registry="quay.io/calico", acceptable=["bgp-port-blocked"])  # fmt: skip
    ips = {"rrx": "10.70.0.11", "rry": "10.70.0.12", "wka": "10.70.0.21", "wkb": "10.70.0.22"}
    story.hosts(ips)
    story.staff({n: ips[n] for n in ("wka", "wkb")})
    story.staff({n: ips[n] for n in ("rrx", "rry")}, ready=False, started=8000)
    for node, other in (("rrx", "rry"), ("rry", "rrx")):
        story.not_established(story.pods[node], [ips[other]], 4, 7900, 780, established=1)
        story.texts[f"birdcl-{node}.txt"] = protocols(
            [
                (ips[other], "start", "10:01:17", "Passive"),
                (ips["wka" if node == "rrx" else "wkb"], "up", "10:01:19", "Established"),
            ],
            "Node",
            routes="up",
        )
    config(story, nodeToNodeMeshEnabled=False)
    story.texts["peers.yaml"] = peers_yaml("localWorkloadSelector: ''; node: rrx; peerIP: 10.70.0.12; asNumber: 64512; passiveMode: true", "node: rry; peerIP: 10.70.0.11; asNumber: 64512; passiveMode: true",
        "nodeSelector: '!has(rr)'; peerSelector: has(rr)").replace("    localWorkloadSelector: ''\n", "")  # fmt: skip
    story.log(
        story.pods["rrx"],
        story.boot("rrx", 8000, prefix=24, bird=False)
        + bird_start(["10.70.0.12", "10.70.0.21"], ["10.70.0.21"], "Node")
        + story.quiet(7900, 50, 500),
    )
    story.commands |= {
        "pods.txt": "get pods -A -o wide",
        "describe.txt": f"describe pod -n calico-system {story.pods['rrx']}",
    }
    story.affected = ["rrx", "rry"]
    story.cite("peers.yaml", "passiveMode: true")
    return story


def wrong_peer_ip(now: datetime) -> Incident:
    story = incident("peer-address-mistyped", CAUSE, "The BGPPeer of the top-of-rack switch has 10.6.18.1 where the nodes' gateway is 10.6.81.1; mesh off: all sessions in Connect.",
        "https://github.com/projectcalico/calico/blob/v3.23.3/libcalico-go/lib/apis/v3/bgppeer.go", now, difficulty="hard", platform="other", calico="v3.23.3", kubernetes="v1.24.9", registry="docker.io/calico", namespace="kube-system")  # fmt: skip
    ips = {f"tor-{n}": f"10.6.81.{n}" for n in (10, 11, 12, 13)}
    story.hosts(ips)
    story.staff(ips, ready=False, started=30_000, age=30_100)
    for node in ips:
        story.not_established(story.pods[node], ["10.6.18.1"], 5, 29_900, 2980)
    config(story, nodeToNodeMeshEnabled=False, asNumber=64620)
    story.texts["bgppeer.yaml"] = peers_yaml("asNumber: 64600; peerIP: 10.6.18.1")
    story.texts["ip-route-tor-11.txt"] = (
        "default via 10.6.81.1 dev bond0 proto static\n10.6.81.0/24 dev bond0 proto kernel scope link src 10.6.81.11\nblackhole 10.199.14.0/26 proto bird\n"
    )
    story.texts["switch-note.txt"] = (
        "leaf81# show bgp summary | include 10.6.81\n10.6.81.10  64620  0  0  never  Active\n10.6.81.11  64620  0  0  never  Active\n"
    )
    story.log(
        story.pods["tor-11"],
        story.boot("tor-11", 30_000, interface="bond0", prefix=24, bird=False)
        + bird_start(["10.6.18.1"], (), "Global")
        + story.quiet(29_000, 40, 900),
    )
    story.commands |= {"pods.txt": "get pods -n kube-system -o wide", "nodes.txt": "get nodes -o wide"}
    story.affected = list(ips)
    story.cite("bgppeer.yaml", "peerIP: 10.6.18.1")
    return story


def log_only(now: datetime) -> Incident:
    story = incident("old-form-selector-in-a-log", CAUSE, "Only one node's log: at a restart confd could not parse a BGPPeer's peerSelector, no BGP protocol is among BIRD's start-up lines.",
        "https://github.com/projectcalico/calico/blob/v3.19.4/confd/pkg/backends/calico/node_labels.go", now, difficulty="medium", platform="other", calico="v3.19.4", kubernetes="v1.20.15", registry="docker.io/calico", namespace="kube-system")  # fmt: skip
    story.hosts({"n-41": "10.91.7.41", "n-42": "10.91.7.42"})
    story.staff({"n-41": "10.91.7.41", "n-42": "10.91.7.42"}, started=2000, restarts=1, last=("Completed", 0, 2010))
    log = story.boot("n-41", 2000, interface="ens160", prefix=24)
    at = next(i for i, line in enumerate(log) if "bird.cfg has been updated" in line)
    bad = story.say(
        1998.1,
        "ERROR",
        60,
        "confd",
        "node_labels.go 70:",
        "Couldn't parse selector: role = reflector error=expected operator",
    )
    note = story.say(
        1999.2,
        "WARNING",
        61,
        "felix",
        "int_dataplane.go 424:",
        "Unable to open /proc/sys/net/ipv6/conf/all/forwarding error=open /proc/sys/net/ipv6/conf/all/forwarding: no such file or directory",
    )
    story.log("", [*log[:at], note, bad, *log[at:], *story.quiet(1900, 20, 120)], "calico-node-n-41.log")
    story.texts["node-status-n-41.txt"] = NONE
    story.commands["pods.txt"] = "get pods -n kube-system -o wide"
    story.affected = ["n-41"]
    story.cite("calico-node-n-41.log", "Couldn't parse selector: role = reflector")
    return story


STORIES = [
    label_lost,
    mesh_off,
    selector,
    no_cluster_id,
    wrong_port,
    node_without_peer,
    no_mesh_no_peer,
    both_passive,
    wrong_peer_ip,
    log_only,
]
