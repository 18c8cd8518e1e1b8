"""bgp-peer-down: told without having seen the rules, then opened."""

from __future__ import annotations

from datetime import datetime

from cluster import container
from telling import Incident, incident, node_status, protocols, wrapped

CAUSE = "bgp-peer-down"


def init_container_keeps_ending(now: datetime) -> Incident:
    story = incident(
        "one-host-is-missed-since-its-init-fails",
        CAUSE,
        "After a power cut in one rack three hosts came back; two of their calico-node pods were not ready for a minute and name 10.26.7.34 only. That host is Ready and answers pings, port 179 is refused: its own calico-node is Init:CrashLoopBackOff since the power cut and nothing of it was sent. No firewall is to blame.",
        "https://github.com/projectcalico/calico/issues/2905",
        now,
        platform="other",
        calico="v3.22.3",
        kubernetes="v1.23.10",
        namespace="kube-system",
        registry="quay.io/calico",
        difficulty="medium",
    )
    system = {
        "os_image": "CentOS Linux 7 (Core)",
        "kernel": "5.4.219-1.el7.elrepo.x86_64",
        "runtime": "containerd://1.6.8",
    }
    hosts = {f"ks-{n}": f"10.26.7.{30 + n}" for n in range(1, 8)}
    rack, missing = ["ks-2", "ks-3"], "ks-4"
    calm = [n for n in hosts if n not in rack and n != missing]
    story.hosts({n: hosts[n] for n in calm}, age=40_000_000, since=3_000_000, **system)
    story.hosts({n: hosts[n] for n in [*rack, missing]}, age=40_000_000, since=15_900, **system)
    story.staff(
        {n: hosts[n] for n in calm}, started=2_900_000, age=21_000_000, restarts=2, last=("Error", 137, 2_900_040)
    )
    story.staff({n: hosts[n] for n in rack}, started=15_860, age=21_000_000, restarts=4, last=("Unknown", 255, 15_990))
    init = [
        container(story, "upgrade-ipam", "quay.io/calico/cni:v3.22.3", done=True, started=15_850),
        container(
            story, "install-cni", "quay.io/calico/cni:v3.22.3", ready=False, restarts=55, waiting="CrashLoopBackOff"
        ),
    ]
    story.staff(
        {missing: hosts[missing]},
        ready=False,
        phase="Pending",
        waiting="PodInitializing",
        init=init,
        age=21_000_000,
        restarts=3,
    )
    for host in rack:
        name = story.pods[host]
        others = [hosts[missing]]
        story.not_established(name, others, 15_815, 15_845, 2, established=5)
        story.node_event(host, "Rebooted", f"Node {host} has been rebooted, boot id: 77b2c7d1-0e5f", 15_920)
    story.node_event(missing, "Rebooted", f"Node {missing} has been rebooted, boot id: 1fa0c44b-9a21", 15_925)
    me = "ks-2"
    peers = [a for n, a in hosts.items() if n != me]
    up = [p for p in peers if p != hosts[missing]]
    lines = [*story.boot(me, 15_860, peers, up, interface="bond0", prefix=24), *story.quiet(15_700, 15, 600)]
    story.log(story.pods[me], lines)
    rows = [(p, "up", story.stamp(15_850)[11:19], "Established") for p in up]
    story.texts["ks-2 terminal.txt"] = (
        f"[root@ks-2 ~]# calicoctl node status\n{node_status([*rows, (hosts[missing], 'start', story.stamp(15_852)[11:19], 'Active Socket: Connection refused')])}\n"
        f"[root@ks-2 ~]# ping -c1 {hosts[missing]} | grep ttl\n64 bytes from {hosts[missing]}: icmp_seq=1 ttl=64 time=0.177 ms\n"
        f"[root@ks-2 ~]# nc -zv {hosts[missing]} 179\nNcat: Connection refused.\n[root@ks-2 ~]# nc -zv {hosts[missing]} 10250\nNcat: Connected to {hosts[missing]}:10250.\n[root@ks-2 ~]# systemctl is-active firewalld\ninactive\n"
    )
    story.commands = {
        "nodes.txt": "get nodes -o wide",
        "pods.txt": "get pods -n kube-system -o wide",
        f"describe-{me}-calico-node.txt": f"describe pod -n kube-system {story.pods[me]}",
        f"describe-node-{me}.txt": f"describe node {me}",
    }
    story.affected = [missing]
    story.cite("pods.txt", "Init:CrashLoopBackOff")
    story.cite("ks-2 terminal.txt", "Connection refused")
    return story


def yaml_of_the_silent_peer(now: datetime) -> Incident:
    story = incident(
        "gather-shows-two-peers-that-ended",
        CAUSE,
        "ROKS: four of six calico-node logs tell how the sessions with .203 and .207 broke an hour ago and are refused since. Both workers are Ready; their calico-node containers have ended with code 1 and are in CrashLoopBackOff, their logs could not be collected. What the four healthy ones and the operator say is a consequence.",
        "https://github.com/projectcalico/calico/issues/6474",
        now,
        platform="roks",
        calico="v3.29.4",
        kubernetes="v1.30.12+e0a1f3b",
        difficulty="hard",
        acceptable=["worker-local-failure"],
    )
    red_hat = {
        "os_image": "Red Hat Enterprise Linux 9.4 (Plow)",
        "kernel": "5.14.0-427.70.1.el9_4.x86_64",
        "runtime": "cri-o://1.30.14",
    }
    good = story.workers([f"10.185.61.{n}" for n in (194, 198, 201, 212)], **red_hat)
    down = story.workers([f"10.185.61.{n}" for n in (203, 207)], **red_hat)
    story.agents(good, started=1_300_000)
    began = 4_020
    for n, node in enumerate(down):
        story.agents([node], ready=False, waiting="CrashLoopBackOff", restarts=16, last=("Error", 1, 95 + 40 * n),
                     message="back-off 5m0s restarting failed container=calico-node pod=calico-node_calico-system")  # fmt: skip
        story.pod_event(
            story.pods[node],
            "BackOff",
            "Back-off restarting failed container calico-node in pod " + story.pods[node] + "_calico-system",
            11 + n,
            began - 60,
            290,
        )
    root = "must-gather/quay-io-openshift"
    for node in good:
        peers = [p for p in [*good, *down] if p != node]
        lines = [*story.boot(node, 1_300_000, peers, interface="ens3"), *story.quiet(7_500, began + 5, 600)]
        birds = [f"bird: Mesh_{p.replace('.', '_')}:" for p in down]
        lines += [f"{b} State changed to start" for b in birds]
        lines += story.quiet(began - 30, began - 100, 40)
        for b in birds:
            lines += [
                f"{b} State changed to stop",
                f"{b} State changed to down",
                f"{b} Starting",
                f"{b} State changed to start",
            ]
        lines += story.quiet(began - 130, 14, 600)
        pod = story.pods[node]
        story.log(
            pod,
            wrapped(story, lines, "stamps"),
            f"{root}/namespaces/calico-system/pods/{pod}/calico-node/calico-node/logs/current.log",
        )
    for node in down:
        pod = story.pods[node]
        story.texts[f"{root}/namespaces/calico-system/pods/{pod}/calico-node/calico-node/logs/current.log"] = (
            f'Error from server (BadRequest): container "calico-node" in pod "{pod}" is waiting to start: CrashLoopBackOff\n'
        )
    rows = [(p, "up", story.stamp(1_299_990)[:10], "Established") for p in good[1:]]
    rows += [(p, "start", story.stamp(began - 120)[11:19], "Connect       Socket: Connection refused") for p in down]
    story.texts[f"{root}/birdcl-{good[0]}.txt"] = protocols(rows, since=story.stamp(1_299_990)[:10], routes="up")
    story.texts[f"{root}/tigerastatus.txt"] = (
        "NAME        AVAILABLE   PROGRESSING   DEGRADED   SINCE\napiserver   True        False         False      41d\ncalico      False       False         True       66m\nippools     True        False         False      41d\n"
    )
    story.events(f"{root}/namespaces/calico-system/core/events.txt", "get events -n calico-system")
    story.commands |= {
        f"{root}/namespaces/calico-system/core/pods.yaml": "get pods -n calico-system -o yaml",
        f"{root}/cluster-scoped-resources/core/nodes.txt": "get nodes -o wide",
        **{f"{root}/cluster-scoped-resources/core/nodes/{n}.yaml": f"get node {n} -o yaml" for n in down},
    }
    story.affected = down
    story.cite(f"{root}/birdcl-{good[0]}.txt", "Connection refused")
    story.cite(f"{root}/namespaces/calico-system/core/pods.yaml", "reason: CrashLoopBackOff")
    return story


def only_neighbour_of_two_does_not_run(now: datetime) -> Incident:
    story = incident(
        "the-only-neighbour-in-a-cluster-of-two",
        CAUSE,
        "Two workers: the files are all of the first one, whose calico-node is 0/1 for five hours with 'BGP not established' for its only peer. Its own BIRD and felix are well; the second worker is Ready, but its calico-node has ended 61 times and is in CrashLoopBackOff since the same minute, and no file of it was sent. The loud pod needs nothing.",
        "https://github.com/projectcalico/calico/blob/v3.27.5/node/pkg/health/health.go (no session at all in a cluster of two)",
        now,
        platform="classic",
        calico="v3.27.5",
        kubernetes="v1.29.14+IKS",
        difficulty="easy",
    )
    nodes = story.workers(["10.132.44.9", "10.132.44.21"], age=7_400_000, since=7_300_000)
    one, two = nodes
    since = 18_700
    story.agents([one], started=3_000_000, age=3_000_030, ready=False)
    story.agents(
        [two],
        ready=False,
        waiting="CrashLoopBackOff",
        message="back-off 5m0s restarting failed container=calico-node pod=calico-node_calico-system(0c7a)",
        restarts=61,
        last=("Error", 1, 140),
        age=3_000_030,
    )
    story.typha(one, "vlq6b", started=3_000_000)
    story.not_established(story.pods[one], [two], 17, since - 250, 615, pid=21_873)
    story.pod_event(
        story.pods[two],
        "BackOff",
        "Back-off restarting failed container calico-node in pod " + story.pods[two],
        31,
        since - 300,
        1_377,
    )
    for n, app in enumerate(("webapp-6f6d5c9b84-2tkzw", "webapp-6f6d5c9b84-q8mhd")):
        story.other(
            app, nodes[n], f"172.30.{(61, 204)[n]}.{(14, 77)[n]}", "default", "ReplicaSet/webapp-6f6d5c9b84", restarts=0
        )
    mesh = f"bird: Mesh_{two.replace('.', '_')}:"
    log = story.boot(one, 3_000_000, [two])
    log += [
        *story.quiet(since + 800, since + 10, 250),
        f"{mesh} Received: Peer de-configured",
        f"{mesh} State changed to stop",
        f"{mesh} State changed to down",
        f"{mesh} Starting",
        f"{mesh} State changed to start",
        f"{mesh} Socket: Connection refused",
        *story.quiet(since - 40, 12, 1_100),
    ]
    story.log(story.pods[one], log)
    story.texts["node-status.txt"] = node_status(
        [(two, "start", story.stamp(since)[11:19], "Active Socket: Connection refused")]
    )
    story.describe(one)
    story.events()
    story.affected = [two]
    story.cite("node-status.txt", "Active Socket: Connection")
    story.cite("pods.txt", "CrashLoopBackOff")
    return story


STORIES = [init_container_keeps_ending, yaml_of_the_silent_peer, only_neighbour_of_two_does_not_run]
