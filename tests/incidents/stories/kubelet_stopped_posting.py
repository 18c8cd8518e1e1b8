"""kubelet-stopped-posting: a worker's kubelet no longer reports, whatever BGP says about it elsewhere."""

from __future__ import annotations

from datetime import datetime

from cluster import UNKNOWN
from telling import Incident, incident, node_status, protocols

CAUSE = "kubelet-stopped-posting"
TAINTS = (("node.kubernetes.io/unreachable", "NoExecute"), ("node.kubernetes.io/unreachable", "NoSchedule"))


def _lost(story: Incident, *nodes: str) -> None:
    """The pods of unreachable workers keep their last state, only the Ready condition is taken from them."""
    for item in story.objects["Pod"]:
        if item["spec"]["nodeName"] in nodes:
            for condition in item["status"]["conditions"]:
                if condition["type"] == "Ready":
                    condition["status"] = "False"


def classic_neighbours(now: datetime) -> Incident:
    story = incident(
        "three-workers-complain-about-a-silent-one", CAUSE,
        "Three workers restarted after an update miss BGP with one address, and that worker is NotReady: Kubelet stopped posting node status.",
        "https://github.com/rancher/rancher/issues/29997", now, platform="classic", calico="v3.27.4", kubernetes="v1.29.9+IKS",
    )  # fmt: skip
    nodes = story.workers([f"10.171.22.{n}" for n in (5, 18, 20, 33, 47)])
    dead = story.workers(["10.171.22.61"], ready=UNKNOWN, since=5400, taints=TAINTS)[0]
    story.agents(nodes[2:])
    story.agents(nodes[:2], started=900, age=920)
    story.agents([dead])
    _lost(story, dead)
    for node in nodes[:2]:
        story.not_established(story.pods[node], [dead], 860, 895, 3, established=4)
    story.pod_event(story.pods[dead], "NodeNotReady", "Node is not ready", 5400, source="node-controller")
    story.describe(nodes[0])
    story.commands[f"describe-node-{dead}.txt"] = f"describe node {dead}"
    others = [n for n in nodes if n != nodes[0]]
    story.log(story.pods[nodes[0]], story.boot(nodes[0], 900, [*others, dead], others) + story.quiet(830, 10, 55))
    story.affected = [dead]
    story.cite(f"describe-node-{dead}.txt", "Kubelet stopped posting node status.")
    return story


def list_only(now: datetime) -> Incident:
    story = incident(
        "session-down-no-route-to-host", CAUSE,
        "BIRD's Socket: No route to host names one peer; the node list shows that peer's host NotReady and its describe says Kubelet stopped posting.",
        "https://github.com/kubernetes/kubernetes/issues/53207", now, platform="other", calico="v3.24.5", kubernetes="v1.24.10+rke2r1",
        registry="docker.io/rancher/mirrored-calico", difficulty="medium",
    )  # fmt: skip
    hosts = {"rke-cp1": "172.22.9.10", "rke-w1": "172.22.9.21", "rke-w2": "172.22.9.22", "rke-w3": "172.22.9.23"}
    up = {k: v for k, v in hosts.items() if k != "rke-w2"}
    story.hosts(up, os_image="Rocky Linux 8.7 (Green Obsidian)", kernel="4.18.0-425.10.1.el8_7.x86_64")
    story.hosts({"rke-w2": hosts["rke-w2"]}, ready=UNKNOWN, since=71_000, taints=TAINTS)
    story.staff(hosts)
    _lost(story, "rke-w2")
    story.commands |= {
        "nodes.txt": "get nodes -o wide",
        "pods.txt": "get pods -n calico-system -o wide",
        "describe-rke-w2.txt": "describe node rke-w2",
    }
    story.texts["calicoctl-node-status.txt"] = node_status(
        [(up["rke-w1"], "up", "09:12:40", "Established"), (up["rke-w3"], "up", "09:12:41", "Established"),
         (hosts["rke-w2"], "start", "12:44:03", "Active Socket: No route to host")])  # fmt: skip
    story.log(
        story.pods["rke-cp1"], [*story.quiet(3000, 5, 63), "bird: Mesh_172_22_9_22: Received: Hold timer expired"]
    )
    story.affected = ["rke-w2"]
    story.cite("describe-rke-w2.txt", "Kubelet stopped posting node status.")
    return story


def two_roks(now: datetime) -> Incident:
    story = incident(
        "crashing-agent-is-old-two-nodes-unknown", CAUSE,
        "Two workers of one zone went Unknown at the same time; the calico-node with 9 restarts has been running for days and is no fault.",
        "https://github.com/kubernetes/kubernetes/issues/36273", now, platform="roks", calico="v3.26.4", kubernetes="v1.27.16+03a907c", difficulty="hard",
    )  # fmt: skip
    nodes = story.workers(
        [f"10.242.64.{n}" for n in (4, 5, 6, 9)],
        os_image="Red Hat Enterprise Linux 8.10 (Ootpa)",
        runtime="cri-o://1.27.8",
    )
    dead = story.workers(
        ["10.242.128.4", "10.242.128.7"], ready=UNKNOWN, since=1260, taints=TAINTS, runtime="cri-o://1.27.8"
    )
    story.agents([*nodes[1:], *dead])
    story.agents(nodes[:1], restarts=9, started=345_000, last=("Error", 137, 345_030))
    _lost(story, *dead)
    typha = story.typha(nodes[1])
    story.pod_event(
        typha,
        "Unhealthy",
        'Readiness probe failed: Get "http://localhost:9098/readiness": dial tcp 127.0.0.1:9098: connect: connection refused',
        1300,
        1330,
        3,
    )
    for node in dead:
        story.node_event(
            node,
            "NodeNotReady",
            f"Node {node} status is now: NodeNotReady",
            1260,
            type_="Normal",
            source="node-controller",
        )
    story.commands |= {"oc-get-nodes.txt": "get nodes", "oc-get-pods.txt": "get pods -n calico-system -o wide",
                       "describe-nodes.txt": "describe nodes", f"describe-{story.pods[nodes[0]]}.txt": f"describe pod -n calico-system {story.pods[nodes[0]]}"}  # fmt: skip
    down = [
        line
        for n in dead
        for line in (
            f"bird: Mesh_{n.replace('.', '_')}: Error: Hold timer expired",
            f"bird: Mesh_{n.replace('.', '_')}: State changed to start",
        )
    ]
    story.log(story.pods[nodes[0]], [*story.quiet(4200, 1220, 61), *down, *story.quiet(1200, 20, 61)])
    story.affected = dead
    story.cite("describe-nodes.txt", "Kubelet stopped posting node status.")
    return story


def journal(now: datetime) -> Incident:
    story = incident(
        "cloud-instance-stopped-by-its-owner", CAUSE,
        "One worker went Unknown with the node controller's event; typha was evicted from it and the rest lost one peer.",
        "https://github.com/kubernetes/kubernetes/issues/34314", now, platform="other", calico="v3.18.1", kubernetes="v1.20.9", namespace="kube-system",
        registry="quay.io/calico", difficulty="hard",
    )  # fmt: skip
    hosts = {
        f"ip-172-20-{a}-{b}.eu-west-1.compute.internal": f"172.20.{a}.{b}"
        for a, b in ((41, 12), (44, 201), (77, 90), (101, 33), (101, 118))
    }
    names = list(hosts)
    gone, told = names[3], names[0]
    story.hosts({k: v for k, v in hosts.items() if k != gone})
    story.hosts({gone: hosts[gone]}, ready=UNKNOWN, since=2640, taints=TAINTS)
    story.staff(hosts)
    _lost(story, gone)
    story.not_established(story.pods[told], [hosts[gone]], 95, 2400, 78, established=3)
    story.node_event(
        gone, "NodeNotReady", f"Node {gone} status is now: NodeNotReady", 2640, type_="Normal", source="node-controller"
    )
    story.pod_event(
        story.pods[told],
        "Unhealthy",
        "Liveness probe failed: calico/node is not ready: Felix is not live: Get http://localhost:9099/liveness: dial tcp 127.0.0.1:9099: connect: connection refused",
        2_395,
        2_402,
        2,
    )
    story.commands |= {
        "nodes.txt": "get nodes -o wide",
        f"{story.pods[told]}.describe": f"describe pod -n kube-system {story.pods[told]}",
        "node.describe": f"describe node {gone}",
    }
    story.texts["birdcl.txt"] = protocols(
        [(v, "up", "08:01:13", "Established") for k, v in hosts.items() if k not in (gone, told)]
        + [(hosts[gone], "start", "10:33:57", "Connect       Socket: Connection timed out")]
    )
    story.events()
    story.affected = [gone]
    story.cite("node.describe", "Kubelet stopped posting node status.")
    return story


STORIES = [classic_neighbours, list_only, two_roks, journal]
