"""bgp-stale-node: the mesh lists a worker that does not exist any more."""

from __future__ import annotations

from datetime import datetime

from telling import (
    Incident,
    incident,
    node_status,
    protocols,
    wrapped,
)

CAUSE = "bgp-stale-node"


def listing(rows: list[tuple[str, str]], head: str = "$ calicoctl get nodes -o wide") -> str:
    """``calicoctl get nodes -o wide``."""
    wide = max(len(name) for name, _ in rows) + 3
    return "\n".join(
        [
            head,
            f"{'NAME':{wide}}ASN       IPV4                 IPV6",
            *(f"{n:{wide}}(64512)   {a:21}" for n, a in rows),
            "",
        ]
    )


def reloaded(now: datetime) -> Incident:
    story = incident(
        "two-calico-nodes-for-replaced-workers",
        CAUSE,
        "kube-controllers was down while two workers were replaced: Calico lists six nodes, Kubernetes four; BIRD asks two addresses nobody has.",
        "https://cloud.ibm.com/docs/openshift?topic=openshift-ts-worker-pod-timeout",
        now,
        difficulty="hard",
        platform="vpc",
        calico="v3.26.4",
        kubernetes="v1.28.15+IKS",
        namespace="kube-system",
    )
    nodes = story.workers([f"10.244.17.{n}" for n in (4, 5, 11, 12)])
    gone = ["10.244.17.6", "10.244.17.7"]
    story.agents(nodes[:2])
    story.agents(nodes[2:], started=6000, age=6100)
    for node in nodes[2:]:
        story.not_established(story.pods[node], gone, 5968, 5990, 2, established=3)
        story.describe(node)
    rest = [n for n in nodes if n != nodes[2]]
    story.log(story.pods[nodes[2]], story.boot(nodes[2], 6000, rest + gone, rest) + story.quiet(5900, 30, 300))
    story.texts["calicoctl-nodes.txt"] = listing([(n, f"{n}/24") for n in sorted(nodes + gone)])
    story.texts["birdcl.txt"] = protocols(
        [(n, "up", "09:07:19", "Established") for n in rest]
        + [(n, "start", "09:07:17", "Active        Socket: No route to host") for n in gone]
    )
    story.affected = nodes
    story.cite("calicoctl-nodes.txt", "10.244.17.6 ")
    return story


def spot(now: datetime) -> Incident:
    story = incident(
        "spot-instances-leave-peers-behind",
        CAUSE,
        "The probe of a fresh node names five peers that no node of the list has: spot instances that ended without being deleted from the datastore.",
        "https://github.com/projectcalico/felix/issues/1044",
        now,
        difficulty="hard",
        platform="other",
        calico="v3.13.2",
        kubernetes="v1.17.9",
        registry="docker.io/calico",
        namespace="kube-system",
    )
    ips = {f"ip-10-11-4-{n}.ec2.internal": f"10.11.4.{n}" for n in (15, 62, 77)}
    ghosts = [f"10.11.4.{n}" for n in (20, 91, 118, 140, 201)]
    story.hosts(
        ips,
        labels={"kops.k8s.io/instancegroup": "spot"},
        runtime="docker://19.3.8",
        kernel="4.14.173-137.229.amzn2.x86_64",
        os_image="Amazon Linux 2",
    )
    names = list(ips)
    for node, address in ips.items():
        story.agents(
            [node], address=address, **({"started": 140, "age": 150, "ready": False} if node == names[2] else {})
        )
    name = story.pods[names[2]]
    story.not_established(name, ghosts, 112, 132, 3, established=2)
    story.pod_event(
        name,
        "Unhealthy",
        "Readiness probe failed: calico/node is not ready: BIRD is not ready: graceful restart in progress",
        8,
        100,
        9,
    )
    story.log(
        name,
        story.old_boot(names[2], 140, [*list(ips.values())[:2], *ghosts], list(ips.values())[:2], prefix=24)
        + story.quiet(130, 4, 30),
    )
    story.texts["node-status.txt"] = node_status(
        [(a, "up", "08:50:01", "Established") for a in list(ips.values())[:2]]
        + [
            (a, "start", "08:49:58", "Passive" if a > "10.11.4.77" else "Connect Socket: No route to host")
            for a in ghosts
        ]
    )
    story.commands = {
        "describe.txt": f"describe pod -n kube-system {name}",
        "nodes.txt": "get nodes -o wide",
        "pods.txt": "get pods -n kube-system -o wide",
    }
    story.affected = names
    story.cite("describe.txt", "BGP not established with 10.11.4.20")
    return story


def old_name(now: datetime) -> Incident:
    story = incident(
        "left-over-node-holds-the-address",
        CAUSE,
        "A reinstalled host came back under a new name with its old address; the old Calico node still owns the address, the pod on the new one ends.",
        "https://github.com/projectcalico/calico/issues/1627",
        now,
        difficulty="medium",
        platform="other",
        calico="v3.21.2",
        kubernetes="v1.22.4",
        registry="docker.io/calico",
        namespace="kube-system",
        acceptable=["duplicate-node-identity"],
    )
    ips = {"hv-01": "10.66.2.41", "hv-02": "10.66.2.42", "hv-03": "10.66.2.43"}
    story.hosts(ips)
    story.hosts({"hv-04-reinst": "10.66.2.44"}, age=5000, calico_up=False)
    for node, address in ips.items():
        story.agents([node], address=address, restarts=2, last=("Error", 255, 3_000_000))
    new = "hv-04-reinst"
    story.agents(
        [new],
        address="10.66.2.44",
        ready=False,
        restarts=14,
        waiting="CrashLoopBackOff",
        last=("Error", 1, 60),
        age=4900,
    )
    name = story.pods[new]
    story.pod_event(name, "BackOff", "Back-off restarting failed container", 12, 4700, 210)
    story.describe(new, name)
    log = story.boot(new, 62, address="10.66.2.44", bird=False)[:9]
    log += [
        story.say(61.6, "INFO", 9, "startup", "startup.go 541:", "Node IPv4 changed, will check for conflicts"),
        story.say(
            61.5,
            "WARNING",
            9,
            "startup",
            "startup.go 987:",
            "Calico node 'hv-04' is already using the IPv4 address 10.66.2.44.",
        ),
        story.say(
            61.5,
            "INFO",
            9,
            "startup",
            "startup.go 363:",
            'Clearing out-of-date IPv4 address from this node IP="10.66.2.44/24"',
        ),
        story.say(61.4, "WARNING", 9, "startup", "utils.go 48:", "Terminating"),
        "Calico node failed to start",
    ]
    story.log(name, log)
    story.texts["calicoctl.txt"] = listing(
        [*((n, f"{a}/24") for n, a in ips.items()), ("hv-04", "10.66.2.44/24"), (new, "")]
    )
    story.affected = [new]
    story.cite(f"{name}.log", "Calico node 'hv-04' is already using the IPv4 address")
    return story


def whole_pool(now: datetime) -> Incident:
    story = incident(
        "scaled-to-zero-and-back",
        CAUSE,
        "All workers were deleted at once and new ones made: the mesh still has the three former ones, the only errors of an otherwise working cluster.",
        "https://cloud.ibm.com/docs/containers?topic=containers-ts-worker-delete-pods-fail",
        now,
        difficulty="hard",
        platform="classic",
        calico="v3.27.2",
        kubernetes="v1.29.10+IKS",
    )
    nodes = story.workers([f"10.127.9.{n}" for n in (70, 75, 81)], age=10_000)
    former = [f"10.127.9.{n}" for n in (66, 67, 94)]
    story.agents(nodes, started=9600, age=9700, restarts=1, last=("Error", 1, 9650))
    story.typha(nodes[0], restarts=1)
    name = story.pods[nodes[1]]
    rest = [n for n in nodes if n != nodes[1]]
    log = story.boot(nodes[1], 9600, rest + former, rest)
    log += [*story.quiet(9500, 9390, 62), "bird: Graceful restart done", *story.quiet(9300, 60, 600)]
    story.log(name, log)
    story.texts["readyness-of-each.txt"] = (
        "\n".join(
            f"$ kubectl exec -n calico-system {story.pods[n]} -c calico-node -- birdcl show protocols | grep Mesh\n"
            + "\n".join(
                f"Mesh_{p.replace('.', '_')} BGP      master   {'up     08:08:12    Established   ' if p in nodes else 'start  08:08:10    Connect       Socket: No route to host'}"
                for p in nodes + former
                if p != n
            )
            for n in nodes
        )
        + "\n"
    )
    story.log(
        "",
        [
            f'{story.syslog(9610 - i)} kube-cq7-default-0001 kubelet[1190]: E{story.stamp(9610 - i)[5:10].replace("-", "")} {story.stamp(9610 - i)[11:19]}.118241    1190 kubelet.go:2347] "Skipping pod synchronization" err="container runtime status check may not have completed yet"'
            for i in range(3)
        ],
        "kubelet-start.txt",
    )
    story.commands = {"nodes.txt": "get nodes -o wide", "pods.txt": "get pods -A -o wide"}
    story.affected = nodes
    story.cite("readyness-of-each.txt", "Mesh_10_127_9_94")
    return story


def force_sync(now: datetime) -> Incident:
    story = incident(
        "old-master-still-in-the-mesh",
        CAUSE,
        "The former control-plane machine was rebuilt under a new name while the controller was away: Calico's list still has it, Kubernetes' does not.",
        "https://github.com/projectcalico/kube-controllers/issues/204",
        now,
        difficulty="medium",
        platform="other",
        calico="v3.19.3",
        kubernetes="v1.21.14",
        registry="quay.io/calico",
        namespace="kube-system",
    )
    ips = {"cp-2024b": "10.12.16.10", "wrk-a": "10.12.16.31", "wrk-b": "10.12.16.32"}
    story.hosts(ips)
    story.staff(ips, restarts=1, last=("Completed", 0, 200_000), started=190_000)
    story.other(
        "calico-kube-controllers-6b59cd85f8-9jx2n",
        "wrk-a",
        "192.168.91.3",
        app="calico-kube-controllers",
        restarts=2,
        last=("Error", 2, 400_000),
        owner="ReplicaSet/calico-kube-controllers-6b59cd85f8",
    )
    story.texts["calicoctl_get_nodes"] = listing(
        [(n, f"{a}/24") for n, a in [*ips.items(), ("cp-2019a", "10.12.16.5")]],
        "[root@wrk-a ~]# calicoctl get node -o wide",
    )
    log = story.boot(
        "wrk-a",
        190_000,
        ["10.12.16.10", "10.12.16.32", "10.12.16.5"],
        ["10.12.16.10", "10.12.16.32"],
        interface="ens3",
        prefix=24,
    )
    story.log(story.pods["wrk-a"], wrapped(story, log + story.quiet(9000, 50, 700), "cri"))
    story.texts["birdcl"] = protocols(
        [
            ("10.12.16.10", "up", story.ago(172800)[:10], "Established"),
            ("10.12.16.32", "up", story.ago(172800)[:10], "Established"),
            ("10.12.16.5", "start", story.ago(172800)[:10], "Passive"),
        ],
        routes="up",
    )
    story.commands = {"nodes": "get nodes -o wide", "pods": "get pods -A -o wide"}
    story.affected = list(ips)
    story.cite("calicoctl_get_nodes", "cp-2019a")
    return story


def same_ip(now: datetime) -> Incident:
    story = incident(
        "every-pod-says-its-address-is-taken",
        CAUSE,
        "After the nodes were renamed each calico-node finds its own former entry with its address: 'already using', exit, on all five.",
        "https://github.com/projectcalico/calico/issues/1867",
        now,
        difficulty="hard",
        platform="other",
        calico="v3.13.4",
        kubernetes="v1.16.15",
        registry="quay.io/calico",
        namespace="kube-system",
        acceptable=["duplicate-node-identity"],
        archive="calico-upload.tar.gz",
    )
    ips = {f"ip-10-98-7-{n}": f"10.98.7.{n}" for n in (21, 48, 77, 102, 130)}
    story.hosts(ips, runtime="docker://18.9.9", age=30_000)
    story.staff(ips, ready=False, restarts=77, waiting="CrashLoopBackOff", last=("Error", 1, 150), age=29_000)
    for node in list(ips)[:2]:
        name, former = story.pods[node], f"{node}.eu-west-2.compute.internal"
        log = story.old_boot(node, 151, interface="eth0", prefix=20, bird=False)[:10]
        log += [
            story.line(150.6, "INFO", 8, "startup.go 467:", "Node IPv4 changed, will check for conflicts"),
            story.line(
                150.5,
                "WARNING",
                8,
                "startup.go 904:",
                f"Calico node '{former}' is already using the IPv4 address {ips[node]}.",
            ),
            story.line(150.4, "INFO", 8, "startup.go 223:", 'Clearing out-of-date IPv4 address from this node IP=""'),
            story.line(150.3, "WARNING", 8, "startup.go 1149:", "Terminating"),
            "Calico node failed to start",
        ]
        story.log(name, log)
        story.commands[f"{name}.describe"] = f"describe pod -n kube-system {name}"
        story.pod_event(name, "BackOff", "Back-off restarting failed container", 10, 28_000, 900)
    story.commands |= {"get_nodes": "get nodes -o wide", "get_pods": "get pods -n kube-system -o wide"}
    story.texts["calicoctl_get_nodes"] = listing(
        [(f"{n}.eu-west-2.compute.internal", f"{a}/20") for n, a in ips.items()] + [(n, "") for n in ips]
    )
    story.affected = list(ips)
    story.cite(
        f"calico-upload.tar.gz!calico-upload/{story.pods['ip-10-98-7-21']}.log",
        "Calico node 'ip-10-98-7-21.eu-west-2.compute.internal' is already using",
    )
    return story


def _stale(
    now: datetime, name: str, why: str, ips: dict[str, str], gone: dict[str, str], show: str, **more: object
) -> Incident:
    source = (
        "https://github.com/projectcalico/calico/blob/v3.28.2/kube-controllers/pkg/controllers/node/node_controller.go"
    )
    story = incident(name, CAUSE, why, source, now, platform="other", **more)
    story.hosts(ips)
    fresh = next(iter(ips))
    story.staff({n: a for n, a in ips.items() if n != fresh})
    story.staff({fresh: ips[fresh]}, ready=False, started=4000, age=4100)
    rest = [a for n, a in ips.items() if n != fresh]
    story.not_established(story.pods[fresh], list(gone.values()), 9, 3900, 390, established=len(rest))
    if show == "list":
        story.texts["calicoctl-get-nodes.txt"] = listing([(n, f"{a}/24") for n, a in sorted({**ips, **gone}.items())])
        story.cite("calicoctl-get-nodes.txt", next(iter(gone)))
    elif show == "status":
        story.texts["status.txt"] = node_status(
            [(a, "up", story.ago(4000)[:10], "Established") for a in rest]
            + [(a, "start", story.ago(4000)[:10], "Connect") for a in gone.values()]
        )
        story.cite("status.txt", next(iter(gone.values())))
    else:
        story.log(
            "",
            story.boot(fresh, 4000, [*rest, *gone.values()], rest, prefix=24) + story.quiet(3900, 60, 300),
            "fresh.log",
        )
        story.cite("describe.txt", "BGP not established with")
    story.commands |= {
        "nodes.txt": "get nodes -o wide",
        "pods.txt": "get pods -A -o wide",
        "describe.txt": f"describe pod -n {story.namespace} {story.pods[fresh]}",
    }
    story.affected = list(ips)
    return story


def burned(now: datetime) -> Incident:
    return _stale(now, "burnt-host-is-still-listed", "Calico lists a host that was scrapped; Kubernetes does not know it.", {f"hz-{n}": f"10.61.3.{n}" for n in (2, 3, 4)}, {"hz-9": "10.61.3.9"}, "list",
        difficulty="easy", calico="v3.25.0", kubernetes="v1.26.3", registry="docker.io/calico")  # fmt: skip


def two_gone(now: datetime) -> Incident:
    return _stale(now, "status-names-two-addresses-of-no-node", "Only a status and lists: two peers in Connect have addresses that no node has.", {f"nyc{n}": f"172.31.80.{n}" for n in (10, 11, 12, 13)}, {"x": "172.31.80.60", "y": "172.31.80.61"}, "status",
        difficulty="hard", calico="v3.19.1", kubernetes="v1.20.7", registry="docker.io/calico", namespace="kube-system")  # fmt: skip


def describe_only(now: datetime) -> Incident:
    return _stale(now, "probe-names-an-address-nobody-has", "The fresh node's probe misses one address that is neither in the node list nor in the pod list.", {f"sg-{n}": f"192.168.201.{n}" for n in (5, 6, 7, 8, 9)}, {"z": "192.168.201.77"}, "log",
        difficulty="hard", calico="v3.29.0", kubernetes="v1.31.1", registry="quay.io/calico")  # fmt: skip


def renamed_pool(now: datetime) -> Incident:
    return _stale(now, "former-pool-in-the-calico-list", "The pool 'old-' was removed by script while etcd was the datastore: calicoctl still lists its three nodes.", {f"new-{n}": f"10.140.2.{n}" for n in (1, 2, 3)}, {f"old-{n}": f"10.140.1.{n}" for n in (1, 2, 3)}, "list",
        difficulty="medium", calico="v3.17.1", kubernetes="v1.19.6", registry="docker.io/calico", namespace="kube-system")  # fmt: skip


STORIES = [reloaded, spot, old_name, whole_pool, force_sync, same_ip, burned, two_gone, describe_only, renamed_pool]
