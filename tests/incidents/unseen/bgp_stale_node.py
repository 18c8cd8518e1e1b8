"""bgp-stale-node: told without having seen the rules."""

from __future__ import annotations

from datetime import datetime

from telling import Incident, incident, node_status

CAUSE = "bgp-stale-node"


def dead_nodes_of_the_autoscaler(now: datetime) -> Incident:
    story = incident(
        "instances-that-ended-stay-in-the-mesh",
        CAUSE,
        "The group's former instances are still Calico nodes (etcd datastore, nobody deletes them): BIRD waits in Connect for five addresses that no Kubernetes node has; the four nodes that exist are up with each other.",
        "https://github.com/projectcalico/calicoctl/issues/1194",
        now,
        platform="other",
        calico="v3.9.5",
        kubernetes="v1.15.12",
        namespace="kube-system",
        registry="quay.io/calico",
        difficulty="medium",
    )
    hosts = {f"ip-172-31-{a}-{b}": f"172.31.{a}.{b}" for a, b in ((18, 68), (24, 159), (27, 109), (46, 76))}
    gone = ["172.31.13.217", "172.31.13.78", "172.31.14.231", "172.31.25.219", "172.31.26.3"]
    story.hosts(hosts, os_image="Debian GNU/Linux 9 (stretch)", kernel="4.9.0-12-amd64", runtime="docker://18.9.9")
    story.staff({k: v for k, v in hosts.items() if "46-76" not in k}, started=1_200_000)
    me = "ip-172-31-46-76"
    name = story.staff({me: hosts[me]}, age=2300, started=2280)[0]
    peers = [v for k, v in hosts.items() if k != me]
    story.not_established(name, gone, 2240, 2270, 3, established=3)
    log = story.old_boot(me, 2290, [*gone, *peers], up=peers, interface="ens5", prefix=20)
    story.log(name, [*log, *story.quiet(2200, 15, 200)])
    story.texts["node-status.txt"] = node_status(
        [*[(g, "start", "20:50:58", "Connect") for g in gone], *[(p, "up", "20:51:02", "Established") for p in peers]]
    )
    story.describe(me, name)
    story.affected = [me]
    story.cite("node-status.txt", gone[0])
    return story


STORIES = [dead_nodes_of_the_autoscaler]
