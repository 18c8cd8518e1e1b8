"""bgp-stale-node: told without having seen the rules."""

from __future__ import annotations

from datetime import datetime

from telling import Incident, incident, node_status, wrapped

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
    story.log(name, wrapped(story, [*log, *story.quiet(2200, 15, 200)], "docker"))
    story.texts["node-status.txt"] = node_status(
        [*[(g, "start", "20:50:58", "Connect") for g in gone], *[(p, "up", "20:51:02", "Established") for p in peers]]
    )
    story.describe(me, name)
    story.affected = [me]
    story.cite("node-status.txt", gone[0])
    return story


def scrapped_host_in_the_list(now: datetime) -> Incident:
    story = incident(
        "host-sent-back-but-not-deleted",
        CAUSE,
        "A rented host was handed back with `kubectl delete node` while calico-kube-controllers had no node controller enabled: Calico's list still has it and each restarted calico-node complains about its address at start.",
        "https://github.com/projectcalico/calicoctl/issues/830",
        now,
        platform="other",
        calico="v3.18.4",
        kubernetes="v1.20.10",
        namespace="kube-system",
        registry="docker.io/calico",
        difficulty="easy",
    )
    hosts = {f"hel-{n}": f"10.200.4.{n}" for n in (31, 32, 35)}
    gone = "10.200.4.77"
    story.hosts(hosts, os_image="Debian GNU/Linux 10 (buster)", kernel="4.19.0-17-amd64", runtime="docker://20.10.8")
    names = story.staff(hosts, age=5000, started=4980)
    for name in names:
        story.not_established(name, [gone], 4940, 4970, 3, established=2)
    log = story.boot(
        "hel-31", 4985, [*list(hosts.values())[1:], gone], up=list(hosts.values())[1:], interface="enp0s31f6", prefix=24
    )
    story.log(names[0], [*log, *story.quiet(4800, 15, 400)])
    story.texts["calicoctl-get-nodes.txt"] = (
        "NAME     ASN       IPV4             IPV6\n"
        + "".join(f"{n}   (64512)   {a}/24" + "\n" for n, a in hosts.items())
        + f"hel-77   (64512)   {gone}/24\n"
    )
    story.texts["calicoctl-node-status.txt"] = node_status(
        [
            *[(a, "up", "15:48:02", "Established") for a in list(hosts.values())[1:]],
            (gone, "start", "15:47:58", "Active Socket: No route to host"),
        ]
    )
    kc = story.other(
        "calico-kube-controllers-7d88d4b9d6-kx9vz",
        "hel-32",
        "10.244.18.4",
        owner="ReplicaSet/calico-kube-controllers-7d88d4b9d6",
        app="calico-kube-controllers",
        image="docker.io/calico/kube-controllers:v3.18.4",
        spec={
            "env": [
                {"name": "ENABLED_CONTROLLERS", "value": "policy,namespace"},
                {"name": "DATASTORE_TYPE", "value": "kubernetes"},
            ]
        },
    )
    story.commands["describe-kube-controllers.txt"] = f"describe pod -n kube-system {kc}"
    story.describe("hel-31", names[0])
    story.affected = list(hosts)
    story.cite("calicoctl-get-nodes.txt", "hel-77")
    return story


STORIES = [dead_nodes_of_the_autoscaler, scrapped_host_in_the_list]
