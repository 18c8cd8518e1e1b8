"""bgp-as-mismatch: the AS numbers of the two ends of a session differ."""

from __future__ import annotations

from datetime import datetime

from telling import (
    Incident,
    bird_start,
    incident,
    node_status,
    protocols,
    wrapped,
)

CAUSE = "bgp-as-mismatch"
TURN = ("State changed to stop", "State changed to down", "Starting", "State changed to start")


def refused(story: Incident, peers: list[str], error: str, kind: str, began: float, times: int) -> list[str]:
    """The endless circle of a session whose OPEN is refused, with felix' lines between."""
    lines: list[str] = []
    quiet = story.quiet(began, 5, began / times)
    for i in range(times):
        for peer in peers:
            lines += [f"bird: {kind}_{peer.replace('.', '_')}: {text}" for text in (error, *TURN)]
        lines += quiet[i : i + 1]
    return lines


def leaf_switches(now: datetime) -> Incident:
    story = incident(
        "leaf-switches-expect-another-as",
        CAUSE,
        "The switches answer 'Bad peer AS': the BGPPeers were given AS 4200002024, the cluster itself still announces the default 64512.",
        "https://github.com/projectcalico/calico/issues/2961",
        now,
        difficulty="easy",
        platform="other",
        calico="v3.9.1",
        kubernetes="v1.15.3",
        registry="docker.io/calico",
        namespace="kube-system",
    )
    ips = {f"bm{n}": f"10.112.50.{n}" for n in (51, 52, 53)}
    story.hosts(ips, runtime="docker://18.9.8")
    for node, address in ips.items():
        story.agents([node], address=address)
    leaves = ["10.112.50.48", "10.112.50.49"]
    name = story.pods["bm51"]
    log = story.old_boot("bm51", 3000, list(ips.values())[1:], address="10.112.50.51", interface="bond0.50", prefix=24)
    log += bird_start(leaves, (), "Global")[2:-4]
    story.log(name, log + refused(story, leaves, "Received: Bad peer AS: 64512", "Global", 2900, 9))
    story.texts["node-status.txt"] = node_status(
        [(leaf, "start", "23:54:24", "Idle Received: Bad peer AS") for leaf in leaves], "global"
    )
    story.texts["bgppeers.txt"] = (
        "NAME         PEERIP         NODE       ASN\nbgppeer001   10.112.50.48   (global)   4200002024\nbgppeer002   10.112.50.49   (global)   4200002024\n"
    )
    story.commands = {"pods.txt": "get pods -n kube-system -o wide"}
    story.affected = list(ips)
    story.cite(f"{name}.log", "Received: Bad peer AS: 64512")
    return story


def one_node(now: datetime) -> Incident:
    story = incident(
        "one-worker-announces-its-own-as",
        CAUSE,
        "A single worker carries an AS annotation of its own: all its mesh sessions end with 'Bad peer AS: 64700', it is the one not ready.",
        "https://github.com/projectcalico/calico/issues/2021",
        now,
        difficulty="hard",
        platform="vpc",
        calico="v3.28.3",
        kubernetes="v1.31.7+IKS",
    )
    nodes = story.workers([f"10.247.33.{n}" for n in (10, 11, 12, 13, 14)])
    bad = nodes[1]
    next(n for n in story.objects["Node"] if n["metadata"]["name"] == bad)["metadata"]["annotations"][
        "projectcalico.org/ASNumber"
    ] = "64700"
    rest = [n for n in nodes if n != bad]
    story.agents(rest)
    story.agents([bad], ready=False, started=5400, restarts=1, last=("Completed", 0, 5430))
    story.not_established(story.pods[bad], rest, 3, 5350, 535)
    story.pod_event(
        story.pods[bad],
        "Unhealthy",
        'Liveness probe failed: Get "http://localhost:9099/liveness": dial tcp 127.0.0.1:9099: connect: connection refused',
        5420,
        5428,
        2,
    )
    story.describe(bad)
    name = story.pods[rest[0]]
    log = [*story.quiet(9000, 5300, 400), f"bird: Mesh_{bad.replace('.', '_')}: State changed to start"]
    log += [f"bird: Mesh_{bad.replace('.', '_')}: {t}" for t in ("Error: Bad peer AS: 64700", *TURN)] + story.quiet(
        5000, 20, 300
    )
    story.log(name, log)
    story.affected = [bad]
    story.cite(f"{name}.log", "Error: Bad peer AS: 64700")
    return story


def load_balancer(now: datetime) -> Incident:
    story = incident(
        "appliance-still-has-the-default-as",
        CAUSE,
        "The cluster's AS was changed to 64999 while the load balancer's BGP still expects 64512: 'Idle Received: Bad peer AS' for it alone.",
        "https://github.com/F5Networks/k8s-bigip-ctlr/issues/3331",
        now,
        difficulty="medium",
        platform="other",
        calico="v3.26.1",
        kubernetes="v1.28.6",
        registry="docker.io/calico",
    )
    ips = {f"k8s-{z}": f"10.41.9.{n}" for z, n in (("red", 20), ("green", 21), ("blue", 22), ("grey", 23))}
    story.hosts(ips)
    for node, address in ips.items():
        story.agents([node], address=address)
    story.typha("k8s-red")
    name = story.pods["k8s-green"]
    story.pod_event(
        name,
        "Unhealthy",
        "Readiness probe failed: calico/node is not ready: felix is not ready: readiness probe reporting 503",
        7100,
        7150,
        3,
    )
    mesh = [a for n, a in ips.items() if n != "k8s-green"]
    story.texts["birdcl-green.txt"] = protocols([(a, "up", "07:01:10", "Established") for a in mesh], routes="up") + (
        "Global_10_41_9_250 BGP      master   start  08:58:02    Idle          Received: Bad peer AS\n"
    )
    story.add(
        "BGPConfiguration",
        {
            "metadata": {"name": "default", "uid": "b", "generation": 3, "creationTimestamp": story.ago(9_000_000)},
            "spec": {
                "asNumber": 64999,
                "nodeToNodeMeshEnabled": True,
                "serviceLoadBalancerIPs": [{"cidr": "10.41.200.0/24"}],
            },
        },
    )
    story.commands = {
        "bgpconfiguration.yaml": "get bgpconfigurations -o yaml",
        "pods.txt": "get pods -A -o wide",
        f"describe-{name}.txt": f"describe pod -n calico-system {name}",
    }
    story.texts["imish-show-bgp-summary.txt"] = (
        "BGP router identifier 10.41.9.250, local AS number 64512\nNeighbor        V    AS MsgRcvd MsgSent   TblVer  InQ OutQ Up/Down  State/PfxRcd\n"
        + "".join(f"{a:16}4 64512     112     118        0    0    0 never    Active\n" for a in ips.values())
    )
    story.affected = list(ips)
    story.cite("birdcl-green.txt", "Received: Bad peer AS")
    return story


def racks(now: datetime) -> Incident:
    story = incident(
        "as-per-rack-half-done",
        CAUSE,
        "Rack B got AS 65102 on its Node objects, the peers' BGPPeers still say 65101: every session into rack B fails, those inside the racks work.",
        "https://github.com/projectcalico/calico/blob/v3.29.3/confd/etc/calico/confd/templates/bird.cfg.template",
        now,
        difficulty="medium",
        platform="other",
        calico="v3.29.3",
        kubernetes="v1.31.6",
        registry="quay.io/calico",
    )
    a = {f"rack-a-{n}": f"10.130.1.{n}" for n in (1, 2, 3)}
    b = {f"rack-b-{n}": f"10.130.2.{n}" for n in (1, 2, 3)}
    story.hosts(a, labels={"rack": "a"})
    story.hosts(b, labels={"rack": "b"})
    for node, address in {**a, **b}.items():
        story.agents([node], address=address)
    name = story.pods["rack-a-1"]
    far = list(b.values())
    log = story.boot("rack-a-1", 40_000, address="10.130.1.1", bird=False) + bird_start(
        [*list(a.values())[1:], *far], list(a.values())[1:], "Node"
    )
    log += refused(story, far, "Error: Bad peer AS: 65102", "Node", 39_000, 4)
    story.log(name, log)
    story.log(
        story.pods["rack-b-2"],
        [
            *story.quiet(8000, 6000, 300),
            *refused(story, list(a.values()), "Received: Bad peer AS: 65102", "Node", 5000, 3),
        ],
    )
    story.texts["show-protocols.txt"] = protocols(
        [(x, "up", story.ago(86400)[:10], "Established") for x in list(a.values())[1:]]
        + [(x, "start", "10:29:44", "Idle          BGP Error: Bad peer AS") for x in far],
        "Node",
        routes="up",
    )
    story.commands = {"nodes.txt": "get nodes -o wide --show-labels", "pods.txt": "get pods -n calico-system -o wide"}
    story.affected = [*a, *b]
    story.cite(f"{name}.log", "Error: Bad peer AS: 65102")
    return story


def new_pool(now: datetime) -> Incident:
    story = incident(
        "pool-joined-with-the-number-of-the-lab",
        CAUSE,
        "The three new workers came with AS=65500 in their environment, the old ones use 64512: between the groups 'Bad peer AS', inside both all is up.",
        "https://github.com/projectcalico/calicoctl/issues/1609",
        now,
        difficulty="hard",
        platform="other",
        calico="v3.24.5",
        kubernetes="v1.25.9",
        registry="docker.io/calico",
        namespace="kube-system",
    )
    old = {f"prod-w{n}": f"10.28.0.{10 + n}" for n in (1, 2, 3, 4)}
    new = {f"prod-n{n}": f"10.28.0.{40 + n}" for n in (1, 2, 3)}
    story.hosts(old)
    story.hosts(new, age=9000)
    story.staff(old)
    story.staff(new, started=8800, age=8900)
    name = story.pods["prod-n2"]
    mates = [a for n, a in new.items() if n != "prod-n2"]
    log = story.boot("prod-n2", 8800, [*old.values(), *mates], mates, interface="ens160", prefix=24)
    log[9] = story.say(
        8799.7, "INFO", 9, "startup", "startup.go 708:", "Using AS number specified in environment (AS=65500)"
    )
    log = [*log[:-1], *refused(story, list(old.values()), "Received: Bad peer AS: 65500", "Mesh", 8700, 3)]
    story.log(name, wrapped(story, log, "stamps"))
    story.pod_event(
        name,
        "Unhealthy",
        "Readiness probe failed: calico/node is not ready: BIRD is not ready: graceful restart in progress",
        8770,
        8785,
        2,
    )
    story.commands = {
        "pods.txt": "get pods -n kube-system -o wide",
        "nodes.txt": "get nodes -o wide",
        "describe.txt": f"describe pod -n kube-system {name}",
    }
    story.affected = list(new)
    story.cite(f"{name}.log", "Received: Bad peer AS: 65500")
    return story


def firewall_peer(now: datetime) -> Incident:
    story = incident(
        "only-the-status-was-sent-for-the-edge-router",
        CAUSE,
        "No logs: lists, describe and a status in which the edge router alone is 'Idle Received: Bad peer AS'; the BGPPeer says 65001, the router's note 65010.",
        "https://github.com/projectcalico/vpp-dataplane/issues/5",
        now,
        difficulty="medium",
        platform="vpc",
        calico="v3.28.1",
        kubernetes="v1.31.1+IKS",
    )
    nodes = story.workers([f"10.244.99.{n}" for n in (7, 8, 9)])
    story.agents(nodes)
    rows = [(n, "up", story.ago(700_000)[:10], "Established") for n in nodes[1:]]
    table = node_status([*rows, ("10.244.99.1", "start", "08:12:44", "Idle Received: Bad peer AS")])
    story.texts["calicoctl-node-status.txt"] = table.replace(
        "| 10.244.99.1  | node-to-node mesh |", "| 10.244.99.1  | global            |"
    )
    story.texts["bgppeer-edge.yaml"] = (
        "apiVersion: projectcalico.org/v3\nkind: BGPPeer\nmetadata:\n  name: edge\nspec:\n  asNumber: 65001\n  peerIP: 10.244.99.1\n"
    )
    story.texts["note.txt"] = (
        "router bgp 65010\n neighbor 10.244.99.7 remote-as 64600\n neighbor 10.244.99.8 remote-as 64600\n"
    )
    story.describe(nodes[0])
    story.pod_event(
        story.pods[nodes[0]],
        "Unhealthy",
        'Liveness probe failed: Get "http://localhost:9099/liveness": context deadline exceeded (Client.Timeout exceeded while awaiting headers)',
        2000,
    )
    story.affected = nodes
    story.cite("calicoctl-node-status.txt", "Received: Bad peer AS")
    return story


def _as(
    now: datetime, name: str, why: str, ips: dict[str, str], peer: str, words: str, show: str, **more: object
) -> Incident:
    story = incident(
        name,
        CAUSE,
        why,
        "https://github.com/projectcalico/bird/blob/master/proto/bgp/packets.c",
        now,
        platform="other",
        **more,
    )
    story.hosts(ips)
    first = next(iter(ips))
    story.staff(ips, ready=False, started=7000)
    for node in ips:
        story.not_established(story.pods[node], [peer], 8, 6900, 690, established=len(ips) - 1)
    rows = [(a, "up", story.ago(7000)[:10], "Established") for n, a in ips.items() if n != first]
    if show == "log":
        lines = [f"bird: Global_{peer.replace('.', '_')}: {words}"]
        story.log("", [x for line in story.quiet(6800, 40, 500) for x in (*lines, line)], f"{first}.log")
        story.cite(f"{first}.log", words)
    elif show == "birdcl":
        story.texts["birdcl.txt"] = (
            protocols(rows, routes="up")
            + f"Global_{peer.replace('.', '_')} BGP      master   start  11:04:20    Idle          {words}\n"
        )
        story.cite("birdcl.txt", words)
    story.commands |= {
        "pods.txt": "get pods -A -o wide",
        "describe.txt": f"describe pod -n {story.namespace} {story.pods[first]}",
    }
    story.affected = list(ips)
    return story


def frr(now: datetime) -> Incident:
    return _as(now, "router-reports-a-bad-peer-as", "The router's answer to each OPEN is 'Bad peer AS'.", {f"a{n}": f"10.3.3.{n}" for n in (5, 6, 7)}, "10.3.3.1", "Received: Bad peer AS", "log",
        difficulty="easy", calico="v3.27.0", kubernetes="v1.28.4", registry="docker.io/calico")  # fmt: skip


def four_bytes(now: datetime) -> Incident:
    return _as(now, "we-refuse-the-number-of-the-spine", "Here BIRD itself refuses: the spine speaks from 4200000099, BGPPeer expects another; shown by birdcl only.", {f"spn-{n}": f"172.18.40.{n}" for n in (21, 22, 23, 24)}, "172.18.40.254", "BGP Error: Bad peer AS", "birdcl",
        difficulty="hard", calico="v3.21.5", kubernetes="v1.22.9", registry="quay.io/calico", namespace="kube-system")  # fmt: skip


def own_side(now: datetime) -> Incident:
    return _as(now, "error-bad-peer-as-in-our-own-log", "BIRD logs 'Error: Bad peer AS: 65033' between quiet felix lines for the one global peer.", {f"osl{n}": f"10.200.9.{n}" for n in (2, 3, 4, 5, 6)}, "10.200.9.1", "Error: Bad peer AS: 65033", "log",
        difficulty="hard", calico="v3.30.1", kubernetes="v1.33.0", registry="quay.io/calico")  # fmt: skip


def received(now: datetime) -> Incident:
    return _as(now, "idle-received-in-birdcl", "birdcl shows the gateway as 'Idle Received: Bad peer AS', mesh sessions are up.", {f"dub-{n}": f"192.168.60.{n}" for n in (11, 12)}, "192.168.60.1", "Received: Bad peer AS", "birdcl",
        difficulty="medium", calico="v3.16.5", kubernetes="v1.18.14", registry="docker.io/calico", namespace="kube-system")  # fmt: skip


STORIES = [leaf_switches, one_node, load_balancer, racks, new_pool, firewall_peer, frr, four_bytes, own_side, received]
