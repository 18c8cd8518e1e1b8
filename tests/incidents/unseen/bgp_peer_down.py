"""bgp-peer-down: told without having seen the rules."""

from __future__ import annotations

from datetime import datetime

from cluster import container
from telling import SOCKET, Incident, incident, node_status, wrapped

CAUSE = "bgp-peer-down"


def everybody_misses_the_same_one(now: datetime) -> Incident:
    story = incident(
        "five-rolled-pods-miss-one-crashing-neighbour",
        CAUSE,
        "The daemonset was rolled; each new calico-node complains about 192.168.50.47 only. That node is Ready, its own calico-node ended 26 times (no file of it was sent); the neighbours themselves need nothing.",
        "https://github.com/projectcalico/calico/issues/2561",
        now,
        platform="other",
        calico="v3.22.1",
        kubernetes="v1.23.5",
        namespace="kube-system",
        registry="docker.io/calico",
        difficulty="easy",
        acceptable=["worker-local-failure"],
    )
    hosts = {f"stor-{x}": f"192.168.50.{n}" for x, n in zip("abcdef", (42, 44, 45, 46, 47, 48), strict=True)}
    story.hosts(hosts, os_image="Ubuntu 20.04.4 LTS", kernel="5.4.0-104-generic", runtime="containerd://1.5.11")
    bad = "stor-e"
    good = {k: v for k, v in hosts.items() if k != bad}
    story.staff(good, age=3500, started=3480)
    story.staff(
        {bad: hosts[bad]}, ready=False, restarts=26, waiting="CrashLoopBackOff", last=("Error", 1, 190), age=7600
    )
    for name in (story.pods["stor-a"], story.pods["stor-c"]):
        story.not_established(name, [hosts[bad]], 3440, 3470, 3, established=4)
        story.pod_event(name, "Started", "Started container calico-node", 3480, type_="Normal")
    peers = [v for k, v in hosts.items() if k != "stor-a"]
    log = story.boot("stor-a", 3480, peers, up=[p for p in peers if p != hosts[bad]], interface="enp3s0", prefix=24)
    story.log(story.pods["stor-a"], [*log, *story.quiet(3300, 12, 180)])
    story.texts["calicoctl_node_status.txt"] = node_status(
        [
            (
                p,
                "start" if p == hosts[bad] else "up",
                "14:23:39",
                "Active Socket: Connection refused" if p == hosts[bad] else "Established",
            )
            for p in peers
        ]
    )
    story.describe("stor-a", story.pods["stor-a"])
    story.commands[f"describe-pod-{story.pods['stor-c']}.txt"] = f"describe pod -n kube-system {story.pods['stor-c']}"
    story.commands[f"describe-node-{bad}.txt"] = f"describe node {bad}"
    story.affected = [bad]
    story.cite("pods.txt", "CrashLoopBackOff")
    return story


def stuck_in_init_for_hours(now: datetime) -> Incident:
    story = incident(
        "the-neighbours-wait-for-a-pod-in-init",
        CAUSE,
        "The workers that were updated last miss 10.243.4.18 at their start; that worker is Ready, but its calico-node is Init:0/1 for six hours and nothing of it was sent. Whoever reads can only name the peer.",
        "https://docs.tigera.io/calico/latest/operations/troubleshoot/troubleshooting (BIRD is not ready: BGP not established)",
        now,
        platform="vpc",
        calico="v3.29.4",
        kubernetes="v1.32.5+IKS",
        difficulty="medium",
        acceptable=["worker-local-failure"],
    )
    nodes = story.workers([f"10.243.4.{n}" for n in (10, 11, 14, 17, 18)])
    bad = nodes[-1]
    good = nodes[:-1]
    story.agents(good[:2], started=1_100_000)
    new = story.agents(good[2:], age=1500, started=1480)
    init = [container(story, "install-cni", "icr.io/ext/calico/cni:v3.29.4", ready=False, waiting="PodInitializing")]
    story.agents([bad], init=init, ready=False, waiting="PodInitializing", phase="Pending", age=21_700)
    for name in new:
        story.not_established(name, [bad], 1450, 1470, 2, established=3)
        story.probe(name, SOCKET, 1475, 1475)
    story.typha(good[0])
    story.typha(good[1], "n5r8c")
    me = good[2]
    peers = [n for n in nodes if n != me]
    log = story.boot(me, 1480, peers, up=[p for p in peers if p != bad])
    story.log(new[0], wrapped(story, [*log, *story.quiet(1400, 12, 200)], "prefix", new[0]))
    story.describe(me, new[0])
    story.commands[f"describe-{new[1]}.txt"] = f"describe pod -n calico-system {new[1]}"
    story.affected = [bad]
    story.cite("pods.txt", "Init:0/1")
    return story


STORIES = [everybody_misses_the_same_one, stuck_in_init_for_hours]
