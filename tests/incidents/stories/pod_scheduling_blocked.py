"""pod-scheduling-blocked: calico-node or typha finds no worker that takes it."""

from __future__ import annotations

from datetime import datetime

from cluster import NO_CNI
from telling import Incident, incident

CAUSE = "pod-scheduling-blocked"


def _pending(story: Incident, node: str, message: str, last: float, first: float, count: int) -> str:
    """A calico-node pod of the daemonset, meant for ``node`` and not scheduled."""
    name = story.agents([node], ready=False, phase="Pending", age=first, address="")[0]
    made = story.objects["Pod"][-1]
    del made["spec"]["nodeName"]
    made["status"] |= {
        "containerStatuses": [],
        "initContainerStatuses": [],
        "conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}],
    }
    for key in ("podIP", "hostIP", "podIPs", "startTime"):
        made["status"].pop(key, None)
    story.pod_event(name, "FailedScheduling", message, last, first, count, source="default-scheduler")
    return name


def cpu(now: datetime) -> Incident:
    story = incident(
        "full-worker-takes-no-agent", CAUSE,
        "The agent of one full worker is Pending: Insufficient cpu; its peers miss BGP with that worker.",
        "https://github.com/projectcalico/calico/issues/4323", now, platform="classic", calico="v3.27.4", kubernetes="v1.29.9+IKS", difficulty="medium",
    )  # fmt: skip
    nodes = story.workers([f"10.45.6.{n}" for n in (2, 3, 8, 11, 13)])
    bad = nodes[4]
    story.agents([n for n in nodes if n != bad])
    name = _pending(
        story,
        bad,
        "0/5 nodes are available: 1 Insufficient cpu, 4 node(s) didn't satisfy plugin(s) [NodeAffinity]. preemption: 0/5 nodes are available: 1 No preemption victims found for incoming pod, 4 Preemption is not helpful for scheduling.",
        30,
        5200,
        60,
    )
    for node in nodes[:2]:
        story.not_established(story.pods[node], [bad], 5000, 5190, 9, established=3)
    story.describe(nodes[0])
    story.commands |= {
        f"describe-pod-{name}.txt": f"describe pod -n calico-system {name}",
        f"describe-node-{bad}.txt": f"describe node {bad}",
    }
    story.affected = [bad]
    story.cite(f"describe-pod-{name}.txt", "Insufficient cpu")
    return story


def taint(now: datetime) -> Incident:
    story = incident(
        "typha-not-allowed-on-tainted-pools", CAUSE,
        "Both typha pods are Pending: every worker of the pools is tainted by the customer; calico-node loops because it finds no typha.",
        "https://github.com/Azure/AKS/issues/4143", now, platform="vpc", calico="v3.28.2", difficulty="hard", acceptable=[],
    )  # fmt: skip
    nodes = story.workers([f"10.244.64.{n}" for n in (4, 5, 6, 7)], taints=(("dedicated-db", "NoExecute"),))
    for node in nodes:
        story.agents([node], ready=False, restarts=21, started=40, last=("Error", 1, 50))
        story.pod_event(
            story.pods[node],
            "Unhealthy",
            'Readiness probe failed: calico/node is not ready: felix is not ready: Get "http://localhost:9099/readiness": dial tcp 127.0.0.1:9099: connect: connection refused',
            20,
            4000,
            130,
        )
    for suffix in ("2bxkd", "v9wqp"):
        typha = story.typha("", suffix, ready=False)
        next(item for item in story.objects["Pod"] if item["metadata"]["name"] == typha)["spec"].pop("nodeName")
        story.pod_event(
            typha,
            "FailedScheduling",
            "0/4 nodes are available: 4 node(s) had untolerated taint {dedicated-db: }. preemption: 0/4 nodes are available: 4 Preemption is not helpful for scheduling.",
            100,
            5000,
            19,
            source="default-scheduler",
        )
    lines = story.boot(nodes[1], 40)[:17] + [
        story.say(
            38 - n,
            "ERROR",
            61,
            "felix",
            "daemon.go 310:",
            "Typha discovery enabled but discovery failed. error=Kubernetes service missing IP or port",
        )
        for n in range(20)
    ]
    story.log(story.pods[nodes[1]], lines)
    story.describe(nodes[1])
    story.commands["describe-typha.txt"] = f"describe pod -n calico-system {typha}"
    story.affected = nodes
    story.cite("describe-typha.txt", "untolerated taint {dedicated-db: }")
    return story


def ports(now: datetime) -> Incident:
    story = incident(
        "new-gpu-node-stays-without-agent", CAUSE,
        "The agent of a new GPU node is Pending: the customer taint gpu is not tolerated by the edited daemonset, so the node has no CNI config.",
        "https://github.com/kubernetes/kubernetes/issues/57120", now, platform="other", calico="v3.20.1", kubernetes="v1.21.5", registry="docker.io/calico", namespace="kube-system", difficulty="hard",
    )  # fmt: skip
    hosts = {f"gce-{x}": f"10.132.0.{n}" for n, x in enumerate("abcd", 21)}
    story.hosts({k: hosts[k] for k in ("gce-a", "gce-b", "gce-c")})
    story.hosts(
        {"gce-d": hosts["gce-d"]}, ready=NO_CNI, since=2900, age=3000, calico_up=False, taints=(("gpu", "NoSchedule"),)
    )
    story.staff({k: hosts[k] for k in ("gce-a", "gce-b", "gce-c")})
    name = _pending(
        story,
        "gce-d",
        "0/4 nodes are available: 1 node(s) had taint {gpu: true}, that the pod didn't tolerate, 3 node(s) didn't match Pod's node affinity.",
        60,
        2900,
        41,
    )
    story.not_established(story.pods["gce-a"], [hosts["gce-d"]], 2000, 2600, 9, established=2)
    story.commands = {
        "nodes.txt": "get nodes -o wide",
        "pods.txt": "get pods -n kube-system -o wide",
        "describe-pending.txt": f"describe pod -n kube-system {name}",
        "describe-gce-d.txt": "describe node gce-d",
    }
    story.affected = ["gce-d"]
    story.cite("describe-pending.txt", "that the pod didn't tolerate")
    return story


def typha_ports(now: datetime) -> Incident:
    story = incident(
        "no-free-ports-for-the-requested", CAUSE,
        "typha stays Pending: two workers do not have the host port free, the third is cordoned; felix cannot find a typha.",
        "https://github.com/kubernetes/kubernetes/issues/66568", now, platform="other", calico="v3.25.1", kubernetes="v1.26.4", registry="docker.io/calico", difficulty="hard", acceptable=["typha-unavailable", "port-conflict"],
    )  # fmt: skip
    hosts = {"m1": "10.1.9.1", "m2": "10.1.9.2", "m3": "10.1.9.3"}
    story.hosts({k: hosts[k] for k in ("m1", "m2")})
    story.hosts({"m3": hosts["m3"]}, unschedulable=True, taints=(("node.kubernetes.io/unschedulable", "NoSchedule"),))
    story.staff(hosts, ready=False, restarts=4, started=400, last=("Error", 1, 420))
    typha = story.typha("", "m4tzn", ready=False)
    next(item for item in story.objects["Pod"] if item["metadata"]["name"] == typha)["spec"].pop("nodeName")
    story.pod_event(
        typha,
        "FailedScheduling",
        "0/3 nodes are available: 1 node(s) were unschedulable, 2 node(s) didn't have free ports for the requested pod ports. preemption: 0/3 nodes are available: 1 Preemption is not helpful for scheduling, 2 node(s) didn't have free ports for the requested pod ports.",
        15,
        8000,
        30,
        source="default-scheduler",
    )
    for node in hosts:
        story.pod_event(
            story.pods[node],
            "Unhealthy",
            "Readiness probe failed: calico/node is not ready: felix is not ready: readiness probe reporting 503",
            12,
            7600,
            300,
        )
    story.events()
    story.commands |= {"pods.txt": "get pods -n calico-system -o wide", "nodes.txt": "get nodes"}
    story.affected = list(hosts)
    story.cite("events.txt", "didn't have free ports")
    return story


STORIES = [cpu, taint, ports, typha_ports]
