"""Bundles with too little in them, told without having seen the rules: the label is what this little still supports."""

from __future__ import annotations

from datetime import datetime

from telling import Incident, incident


def only_a_list_of_pods(now: datetime) -> Incident:
    story = incident(
        "a-list-of-pods-and-a-question",
        "worker-local-failure",
        "Only two lists were sent: one calico-node of seven has restarted 931 times and is in CrashLoopBackOff on a worker that is Ready; no description and no log says why.",
        "https://github.com/kubernetes-sigs/kubespray/issues/6895",
        now,
        platform="vpc",
        calico="v3.28.4",
        kubernetes="v1.31.6+IKS",
        difficulty="hard",
    )
    nodes = story.workers([f"10.245.2.{n}" for n in range(4, 11)])
    bad = nodes[3]
    story.agents([n for n in nodes if n != bad])
    story.agents([bad], ready=False, restarts=931, waiting="CrashLoopBackOff", last=("Error", 1, 260))
    story.commands = {"pods.txt": "get pods -n calico-system -o wide", "nodes.txt": "get nodes"}
    story.texts["question.txt"] = (
        "Hello, one calico pod restarts since four days, what shall we do? We can send more data on Monday.\n"
    )
    story.affected = [bad]
    story.cite("pods.txt", "CrashLoopBackOff")
    return story


def description_of_the_wrong_worker(now: datetime) -> Incident:
    story = incident(
        "everything-but-the-worker-in-question",
        "bgp-peer-down",
        "Log, pod and node of a healthy neighbour were sent; it was recreated and missed one peer at its start. The list shows that peer's calico-node 0/1 with 12 restarts on a Ready worker; nothing of it was collected.",
        "https://github.com/projectcalico/calico/issues/2290",
        now,
        platform="roks",
        calico="v3.27.5",
        kubernetes="v1.30.8+d9e7e4f",
        difficulty="hard",
        acceptable=["worker-local-failure"],
    )
    nodes = story.workers([f"10.194.77.{n}" for n in (130, 133, 134, 139)])
    bad = nodes[1]
    story.agents([n for n in nodes if n != bad])
    story.agents([bad], ready=False, restarts=12, started=200, last=("Error", 1, 210))
    name = story.pods[nodes[0]]
    story.recreated(name, [bad], 1500, 2)
    peers = [n for n in nodes if n != nodes[0]]
    story.log(name, [*story.boot(nodes[0], 1530, peers, [p for p in peers if p != bad]), *story.quiet(1500, 15, 200)])
    story.describe(nodes[0])
    story.affected = [bad]
    story.cite("pods.txt", story.pods[bad])
    return story


STORIES = [only_a_list_of_pods, description_of_the_wrong_worker]
