"""worker-lifecycle-in-progress: a worker is being provisioned, updated, reloaded or replaced."""

from __future__ import annotations

from datetime import datetime

from cluster import NO_CNI, container
from telling import Incident, incident

CAUSE = "worker-lifecycle-in-progress"


def _young(story: Incident, node: str, address: str = "", age: float = 50) -> str:
    init = [
        container(story, "install-cni", f"{story.registry}/cni:{story.calico}", ready=False, waiting="PodInitializing")
    ]
    name = story.agents(
        [node], address=address or node, ready=False, phase="Pending", age=age - 5, waiting="PodInitializing", init=init
    )[0]
    story.pod_event(name, "Pulling", f'Pulling image "{story.registry}/cni:{story.calico}"', age - 12, type_="Normal")
    return name


def added(now: datetime) -> Incident:
    story = incident(
        "ninth-worker-is-a-minute-old", CAUSE, "The only unready worker is 50 seconds old, its agent still pulls its image; nothing failed.",
        "https://github.com/kubernetes/kubernetes/blob/master/pkg/kubelet/kubelet_node_status.go", now, platform="vpc", calico="v3.28.2", acceptable=["no-problem-found"], difficulty="medium",
    )  # fmt: skip
    nodes = story.workers([f"10.245.128.{n}" for n in (4, 5, 6, 7)])
    new = story.workers(
        ["10.245.128.9"],
        ready=NO_CNI,
        since=50,
        age=50,
        calico_up=False,
        taints=(("node.kubernetes.io/not-ready", "NoSchedule"),),
    )[0]
    story.agents(nodes)
    name = _young(story, new)
    story.node_event(
        new,
        "RegisteredNode",
        f"Node {new} event: Registered Node {new} in Controller",
        46,
        type_="Normal",
        source="node-controller",
    )
    story.not_established(story.pods[nodes[0]], [new], 14, 34, 2, established=3)
    story.describe(new)
    story.affected = [new]
    story.cite(f"describe-pod-{name}.txt", "Pulling image")
    return story


def drained(now: datetime) -> Incident:
    story = incident(
        "cordoned-and-rebooting-for-an-update", CAUSE, "One worker is cordoned and rebooted a minute ago; its agent starts now, its peers lost it for the reboot only.",
        "https://github.com/kubernetes/kubernetes/issues/96945", now, platform="roks", calico="v3.26.4", kubernetes="v1.28.14+502c5ad", acceptable=["no-problem-found"], difficulty="hard",
    )  # fmt: skip
    nodes = story.workers([f"10.73.20.{n}" for n in (3, 4, 6)], runtime="cri-o://1.28.11")
    bad = story.workers(
        ["10.73.20.9"],
        ready=NO_CNI,
        since=70,
        unschedulable=True,
        taints=(("node.kubernetes.io/unschedulable", "NoSchedule"),),
        runtime="cri-o://1.28.11",
    )[0]
    story.agents(nodes)
    _young(story, bad, age=60)
    story.node_event(bad, "NodeNotSchedulable", f"Node {bad} status is now: NodeNotSchedulable", 400, type_="Normal")
    story.node_event(bad, "Rebooted", f"Node {bad} has been rebooted, boot id: 7be1", 68)
    story.not_established(story.pods[nodes[0]], [bad], 20, 50, 2, established=2)
    story.describe(bad)
    story.log(
        story.pods[nodes[0]],
        [
            *story.quiet(1500, 300),
            "bird: Mesh_10_73_20_9: Received: Administrative shutdown",
            "bird: Mesh_10_73_20_9: State changed to start",
            *story.quiet(200, 5),
        ],
    )
    story.affected = [bad]
    story.cite(f"describe-node-{bad}.txt", "has been rebooted")
    return story


def replaced(now: datetime) -> Incident:
    story = incident(
        "replacement-joins-while-the-old-one-leaves", CAUSE, "An autoscaler deletes one worker (ToBeDeleted taint) and its replacement is a minute old; all others are ready.",
        "https://github.com/kubernetes/autoscaler/blob/master/cluster-autoscaler/utils/taints/taints.go", now, platform="other", calico="v3.27.0", kubernetes="v1.28.6", registry="quay.io/calico", acceptable=["no-problem-found"], difficulty="hard",
    )  # fmt: skip
    hosts = {f"pool-{x}": f"10.3.0.{n}" for n, x in enumerate(("k2", "m8", "r5", "t9"), 31)}
    story.hosts({k: hosts[k] for k in ("pool-k2", "pool-m8")})
    story.hosts(
        {"pool-r5": hosts["pool-r5"]},
        unschedulable=True,
        taints=(("ToBeDeletedByClusterAutoscaler", "NoSchedule"), ("node.kubernetes.io/unschedulable", "NoSchedule")),
    )
    story.hosts(
        {"pool-t9": hosts["pool-t9"]},
        ready=NO_CNI,
        since=55,
        age=55,
        calico_up=False,
        taints=(("node.kubernetes.io/not-ready", "NoSchedule"),),
    )
    story.staff({k: v for k, v in hosts.items() if k != "pool-t9"})
    name = _young(story, "pool-t9", hosts["pool-t9"])
    story.events()
    story.commands |= {
        "nodes.txt": "get nodes -o wide",
        "pods.txt": "get pods -A -o wide",
        "describe-r5.txt": "describe node pool-r5",
        "describe-new.txt": f"describe pod -n calico-system {name}",
    }
    story.affected = ["pool-r5", "pool-t9"]
    story.cite("describe-r5.txt", "ToBeDeletedByClusterAutoscaler")
    return story


STORIES = [added, drained, replaced]
