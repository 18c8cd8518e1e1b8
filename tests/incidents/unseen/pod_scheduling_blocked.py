"""pod-scheduling-blocked: told without having seen the rules."""

from __future__ import annotations

from datetime import datetime

from cluster import NO_CNI, container, pod
from telling import Incident, incident

CAUSE = "pod-scheduling-blocked"


def node_affinity_of_a_daemonset(now: datetime) -> Incident:
    story = incident(
        "scheduler-has-no-room-for-the-daemonset-pod",
        CAUSE,
        "The daemonset's pod for one node has been Pending since the node joined: the scheduler says 1 Insufficient pods there (it has no free pod slot) and the others do not match its affinity, so the node never gets a network agent.",
        "https://github.com/kubernetes/kubernetes/issues/71466",
        now,
        platform="other",
        calico="v3.9.6",
        kubernetes="v1.16.15",
        registry="quay.io/calico",
        namespace="kube-system",
        difficulty="easy",
    )
    hosts = {f"ip-10-105-51-{n}.ec2.internal": f"10.105.51.{n}" for n in (17, 80, 133)}
    new = "ip-10-105-51-241.ec2.internal"
    story.hosts(
        hosts, os_image="Container Linux by CoreOS 2512.3.0 (Oklo)", kernel="4.19.124-coreos", runtime="docker://18.6.3"
    )
    story.hosts(
        {new: "10.105.51.241"},
        ready=NO_CNI,
        since=2700,
        age=2760,
        calico_up=False,
        os_image="Container Linux by CoreOS 2512.3.0 (Oklo)",
        kernel="4.19.124-coreos",
        runtime="docker://18.6.3",
        taints=[("node.kubernetes.io/not-ready", "NoSchedule")],
    )
    story.objects["Node"][-1]["status"]["allocatable"]["pods"] = "8"
    story.staff(hosts)
    name = "calico-node-grc48"
    made = pod(
        story,
        name,
        "",
        [container(story, "calico-node", "quay.io/calico/node:v3.9.6", ready=False)],
        [container(story, "install-cni", "quay.io/calico/cni:v3.9.6", ready=False)],
        "kube-system",
        phase="Pending",
        age=2700,
    )
    made["spec"]["affinity"] = {
        "nodeAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": {
                "nodeSelectorTerms": [{"matchFields": [{"key": "metadata.name", "operator": "In", "values": [new]}]}]
            }
        }
    }
    made["status"] = {
        "phase": "Pending",
        "conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}],
    }
    for n in range(8):
        story.other(
            f"metrics-shipper-{n}-x{n}kq2",
            new,
            namespace="observability",
            owner=f"DaemonSet/metrics-shipper-{n}",
            age=2700 - n,
        )
    text = "0/4 nodes are available: 1 Insufficient pods, 3 node(s) didn't match node selector."
    story.pod_event(name, "FailedScheduling", text, 20, 2690, 94, source="default-scheduler")
    ok = story.pods["ip-10-105-51-17.ec2.internal"]
    story.commands = {
        "pods.txt": "get pods -A -o wide",
        "nodes.txt": "get nodes -o wide",
        "describe-pod-pending.txt": f"describe pod -n kube-system {name}",
        "describe-node-new.txt": f"describe node {new}",
        f"describe-pod-{ok}.txt": f"describe pod -n kube-system {ok}",
    }
    story.log(ok, story.quiet(3000, 20, 300))
    story.affected = [new]
    story.cite("describe-pod-pending.txt", "1 Insufficient pods")
    return story


STORIES = [node_affinity_of_a_daemonset]
