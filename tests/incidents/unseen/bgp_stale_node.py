"""bgp-stale-node: told without having seen the rules."""

from __future__ import annotations

from datetime import datetime

from cluster import join
from telling import Incident, incident, node_status, protocols, wrapped

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


def pool_was_taken_to_zero_and_back(now: datetime) -> Incident:
    story = incident(
        "pool-resized-to-zero-over-the-weekend",
        CAUSE,
        "IKS classic: the only pool was set to zero on Friday and to three on Monday; with no worker left nothing deleted the former Calico nodes. The new workers' agents miss three addresses that belong to no worker; `ibmcloud ks worker ls` shows them as deleted, calicoctl still lists them.",
        "https://cloud.ibm.com/docs/containers?topic=containers-ts-worker-delete-pods-fail",
        now,
        platform="classic",
        calico="v3.24.5",
        kubernetes="v1.25.16+IKS",
        namespace="kube-system",
        difficulty="easy",
    )
    nodes = story.workers([f"10.138.84.{n}" for n in (197, 201, 214)], age=1500, since=1300)
    gone = ["10.138.84.170", "10.138.84.182", "10.138.84.186"]
    names = story.agents(nodes, started=1340, age=1400)
    for i, name in enumerate(names):
        story.not_established(name, gone, 1300 + i, 1330, 2, established=2)
        story.pod_event(name, "Started", "Started container calico-node", 1340, type_="Normal")
    me = nodes[1]
    peers = [n for n in nodes if n != me]
    log = story.boot(me, 1338, [*gone, *peers], up=peers)
    story.log(names[1], [*log, *story.quiet(1230, 1100, 62), "bird: Graceful restart done", *story.quiet(1060, 9, 130)])
    story.texts["calicoctl-get-nodes.txt"] = "NAME            ASN       IPV4               IPV6\n" + "".join(
        f"{n}   (64512)   {n}/26\n" for n in sorted([*gone, *nodes])
    )
    rows = [
        *[(n, f"{i:08x}", "deleted", "-") for i, n in enumerate(gone, 0x1A2)],
        *[(n, f"{i:08x}", "normal", "Ready") for i, n in enumerate(nodes, 0x1B0)],
    ]
    story.texts["ibmcloud-ks-worker-ls-show-deleted.txt"] = (
        "OK\nID                                                    Public IP   Private IP      Flavor               State     Status   Zone    Version\n"
        + "".join(
            f"kube-ck1sample0f0o5n0-stage-default-{number}   -           {n:15} b3c.4x16.encrypted   {state:9} {status:8} fra05   1.25.16_1570\n"
            for n, number, state, status in rows
        )
    )
    story.describe(me, names[1])
    story.affected = nodes
    story.cite("calicoctl-get-nodes.txt", gone[0])
    return story


def machines_of_the_former_deployment(now: datetime) -> Incident:
    story = incident(
        "rolled-machines-stay-in-birds-configuration",
        CAUSE,
        "Cluster API replaced its machines one by one in a cluster that was set up without calico-kube-controllers: four former machines are still in every BIRD's mesh ('No route to host'), no `kubectl get nodes` shows them, their block affinities are still there too.",
        "https://docs.tigera.io/calico/latest/operations/decommissioning-a-node",
        now,
        platform="other",
        calico="v3.27.0",
        kubernetes="v1.28.6",
        registry="quay.io/calico",
        difficulty="medium",
    )
    hosts = {
        f"prod-md-0-7q2xd-{x}": f"10.150.2.{n}"
        for x, n in zip(("4mvkz", "8wlst", "hn2cq", "xr95p"), (61, 62, 64, 69), strict=True)
    }
    gone = {
        f"prod-md-0-5kf8b-{x}": f"10.150.2.{n}"
        for x, n in zip(("2jt6w", "d7zqn", "rrk4c", "z9m8v"), (41, 42, 47, 50), strict=True)
    }
    story.hosts(
        hosts,
        os_image="Flatcar Container Linux by Kinvolk 3602.2.3 (Oklo)",
        kernel="5.15.142-flatcar",
        runtime="containerd://1.7.13",
        age=90_000,
        since=89_000,
    )
    story.staff(hosts, started=88_000, age=88_100)
    me = "prod-md-0-7q2xd-hn2cq"
    name = story.pods[me]
    peers = [v for k, v in hosts.items() if k != me]
    story.recreated(name, list(gone.values()), 2700, 3)
    log = story.boot(me, 2726, [*gone.values(), *peers], up=peers, interface="eth0", prefix=24)
    story.log(name, [*log, *story.quiet(2600, 2480, 62), "bird: Graceful restart done", *story.quiet(2400, 9, 300)])
    story.texts["birdcl.txt"] = protocols(
        [*[(g, "start", story.stamp(2724)[11:19], "Active        Socket: No route to host") for g in gone.values()], *[(p, "up", story.stamp(2720)[11:19], "Established") for p in peers]],
        since=story.stamp(2724)[11:19], routes="up",
    )  # fmt: skip
    story.texts["blockaffinities.txt"] = "NAME\n" + "".join(
        f"{n}-172-20-{16 * i}-0-26\n" for i, n in enumerate([*gone, *hosts], 1)
    )
    story.describe(me, name)
    story.affected = [me]
    story.cite("birdcl.txt", "Mesh_10_150_2_41")
    return story


# told on 29 November 2026 without having seen the rules
def same_host_with_a_new_name(now: datetime) -> Incident:
    story = incident(
        "rejoined-under-a-new-name-with-its-old-address",
        CAUSE,
        "etcd datastore: a host was reset, got another host name and joined again with its old address; the Calico node of the old name was never deleted and owns the address, so calico-node of the new one ends at each start. A pasted terminal session and the list of pods are all there is.",
        "https://github.com/projectcalico/calicoctl/issues/1663",
        now,
        platform="other",
        calico="v3.15.5",
        kubernetes="v1.18.20",
        namespace="kube-system",
        registry="docker.io/calico",
        difficulty="medium",
        acceptable=["duplicate-node-identity"],
    )
    hosts = {"bdx-app11": "192.168.60.11", "bdx-app12": "192.168.60.12", "bdx-app14": "192.168.60.14"}
    system = {
        "os_image": "CentOS Linux 7 (Core)",
        "kernel": "3.10.0-1160.49.1.el7.x86_64",
        "runtime": "docker://19.3.15",
    }
    story.hosts(hosts, age=21_000_000, **system)
    bad = "bdx-gpu03"
    story.hosts({bad: "192.168.60.13"}, age=5_200, since=5_100, **system)
    story.staff(hosts, started=9_000_000, age=9_000_060)
    name = story.staff(
        {bad: "192.168.60.13"}, ready=False, restarts=20, waiting="CrashLoopBackOff", last=("Error", 1, 130), age=5_150
    )[0]
    lines = story.old_boot(bad, 134, address="192.168.60.13", prefix=24, interface="em1")[:7]
    lines = [
        x.replace(" [INFO][8] ", " [INFO][8] startup/", 1) if "k8s.go" not in x else x
        for x in lines
        if "k8s.go" not in x
    ]
    lines += [
        story.say(133.7, "INFO", 8, "startup", "startup.go 393:", "Building new node resource " + f'Name="{bad}"'),
        story.say(133.7, "INFO", 8, "startup", "startup.go 404:", "Initialize BGP data"),
        story.say(133.6, "INFO", 8, "startup", "startup.go 640:", "Using autodetected IPv4 address on interface em1: 192.168.60.13/24"),
        story.say(133.6, "INFO", 8, "startup", "startup.go 474:", "Node IPv4 changed, will check for conflicts"),
        story.say(133.5, "WARNING", 8, "startup", "startup.go 1020:", "Calico node 'bdx-app13' is already using the IPv4 address 192.168.60.13."),
        story.say(133.5, "INFO", 8, "startup", "startup.go 260:", 'Clearing out-of-date IPv4 address from this node IP="192.168.60.13/24"'),
        story.say(133.5, "WARNING", 8, "startup", "startup.go 1125:", "Terminating"),
        "Calico node failed to start",
    ]  # fmt: skip
    etcd = "".join(
        f"/calico/resources/v3/projectcalico.org/nodes/{x}\n"
        for x in ("bdx-app11", "bdx-app12", "bdx-app13", "bdx-app14")
    )
    story.texts["session.txt"] = (
        "Last login: from 192.168.60.5\n"
        f"[root@bdx-app11 ~]# kubectl logs -n kube-system {name} --previous\n" + join(lines)
        + "[root@bdx-app11 ~]# ETCDCTL_API=3 etcdctl $E get --prefix --keys-only /calico/resources/v3/projectcalico.org/nodes | grep .\n" + etcd
        + "[root@bdx-app11 ~]# calicoctl node status\n"
        + node_status([(hosts["bdx-app12"], "up", "2026-08-14", "Established"), ("192.168.60.13", "start", story.stamp(6_900)[11:19], "Active Socket: Connection refused"), (hosts["bdx-app14"], "up", "2026-08-14", "Established")])
        + "[root@bdx-app11 ~]# ssh 192.168.60.13 hostname\nbdx-gpu03\n[root@bdx-app11 ~]#\n"
    )  # fmt: skip
    story.commands = {"pods.txt": "get pods -n kube-system -o wide", "nodes.txt": "get nodes -o wide"}
    story.affected = [bad]
    story.cite("session.txt", "Calico node 'bdx-app13' is already using the IPv4 address 192.168.60.13.")
    return story


def appliance_took_the_address(now: datetime) -> Incident:
    story = incident(
        "address-of-the-scrapped-node-is-a-storage-box-now",
        CAUSE,
        "A node was scrapped in spring with kubectl only (etcd datastore, no node controller); its address went to a NAS, which refuses TCP 179. Since a rollout each calico-node names that address for its first half minute; ARP shows the vendor of the NAS, no Kubernetes node has the address, Calico's list does.",
        "https://docs.tigera.io/calico/latest/reference/kube-controllers/configuration (node controller, etcd)",
        now,
        platform="other",
        calico="v3.26.5",
        kubernetes="v1.27.16",
        namespace="kube-system",
        registry="quay.io/calico",
        difficulty="hard",
    )
    hosts = {f"hh-node{n}": f"10.44.0.{n}" for n in (21, 22, 24, 25)}
    gone = "10.44.0.23"
    story.hosts(hosts, os_image="Ubuntu 22.04.4 LTS", kernel="5.15.0-117-generic", runtime="containerd://1.7.19")
    names = story.staff(hosts, age=3_300, started=3_270)
    for i, name in enumerate(names):
        story.not_established(name, [gone], 3_238 - 4 * i, 3_252 - 4 * i, 2, established=3)
        story.pod_event(name, "Started", "Started container calico-node", 3_270, type_="Normal")
    me = "hh-node24"
    peers = [a for n, a in hosts.items() if n != me]
    log = story.boot(me, 3_268, [*peers, gone], up=peers, interface="bond0", prefix=24)
    log = [line.replace('datastore="kubernetes"', 'datastore="etcdv3"') for line in log]
    story.log(
        story.pods[me],
        [*log, *story.quiet(3_150, 3_000, 62), "bird: Graceful restart done", *story.quiet(2_950, 8, 330)],
    )
    since = story.stamp(3_265)[11:19]
    story.texts["birdcl-hh-node24.txt"] = protocols(
        [*[(a, "up", since, "Established") for a in peers], (gone, "start", since, "Active        Socket: Connection refused")],
        since=since, routes="up",
    )  # fmt: skip
    story.texts["hh-node24-checks.txt"] = (
        "$ ip neigh show 10.44.0.23\n10.44.0.23 dev bond0 lladdr 00:11:32:8c:51:f0 REACHABLE\n"
        "$ nc -vz 10.44.0.23 179\nnc: connect to 10.44.0.23 port 179 (tcp) failed: Connection refused\n"
        "$ nc -vz 10.44.0.23 10250\nnc: connect to 10.44.0.23 port 10250 (tcp) failed: Connection refused\n"
        "$ nc -vz 10.44.0.23 2049\nConnection to 10.44.0.23 2049 port [tcp/nfs] succeeded!\n"
    )
    story.texts["calicoctl-get-nodes-o-wide.txt"] = "NAME        ASN       IPV4            IPV6\n" + "".join(
        f"{n:<11} (64512)   {a}/24\n" for n, a in sorted([*hosts.items(), ("hh-node23", gone)])
    )
    story.describe(me)
    story.commands[f"describe-pod-{story.pods['hh-node21']}.txt"] = (
        f"describe pod -n kube-system {story.pods['hh-node21']}"
    )
    story.affected = list(hosts)
    story.cite("calicoctl-get-nodes-o-wide.txt", "hh-node23")
    return story


STORIES = [
    dead_nodes_of_the_autoscaler,
    scrapped_host_in_the_list,
    pool_was_taken_to_zero_and_back,
    machines_of_the_former_deployment,
    same_host_with_a_new_name,
    appliance_took_the_address,
]
