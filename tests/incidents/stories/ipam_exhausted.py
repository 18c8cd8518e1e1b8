"""ipam-exhausted: no free pod addresses."""

from __future__ import annotations

from datetime import datetime

from cluster import NO_CNI
from telling import SOCKET, Incident, incident

CAUSE = "ipam-exhausted"
NONE_LEFT = "failed to request IPv4 addresses: Assigned 0 out of 1 requested IPv4 addresses; No more free affine blocks and strict affinity enabled"


def blocks(rows: list[tuple[str, str, int, int]]) -> str:
    """``calicoctl ipam show --show-blocks``: rows of (grouping, CIDR, total, in use)."""
    rule = "+----------+-------------------+-----------+------------+-----------+"
    lines = [rule, "| GROUPING |       CIDR        | IPS TOTAL | IPS IN USE | IPS FREE  |", rule]
    for kind, cidr, total, used in rows:
        share = used * 100 // total
        lines.append(
            f"| {kind:8} | {cidr:17} | {total:9} | {f'{used} ({share}%)':10} | {f'{total - used} ({100 - share}%)':9} |"
        )
    return "\n".join([*lines, rule, ""])


def host_limit(now: datetime) -> Incident:
    story = incident(
        "jobs-filled-all-blocks-of-two-nodes",
        CAUSE,
        "Short-lived jobs left full blocks behind: two nodes have as many blocks as one host may have, and new pods there get none.",
        "https://github.com/projectcalico/calico/issues/4861",
        now,
        platform="other",
        calico="v3.19.1",
        kubernetes="v1.20.9",
        registry="docker.io/calico",
        difficulty="easy",
    )
    hosts = {f"ip-172-31-{n}-{n + 11}.ec2.internal": f"172.31.{n}.{n + 11}" for n in (40, 44, 51, 67, 70, 82, 95)}
    names = story.hosts(
        hosts,
        runtime="docker://19.3.11",
        os_image="Flatcar Container Linux by Kinvolk 2765.2.6",
        kernel="5.10.43-flatcar",
    )
    story.staff(hosts)
    bad = [names[2], names[5]]
    pods = [
        story.stuck(
            f"etl-1629{i}4-x{i}v2c",
            n,
            "cannot allocate new block due to per host block limit",
            12,
            3000,
            190,
            "batch",
            "docker",
        )
        for i, n in enumerate(bad)
    ]
    story.typha(names[0])
    story.describe(bad[0])
    story.commands["describe-etl.txt"] = f"describe pod -n batch {pods[0]}"
    rows = [("IP Pool", "100.96.0.0/11", 2097152, 13900)]
    rows += [("Block", f"100.{96 + i % 3}.{7 * i}.0/24", 256, 256 if i < 55 else 37) for i in range(58)]
    story.texts["ipam-blocks.txt"] = blocks(rows)
    story.log(
        story.pods[bad[0]],
        story.boot(bad[0], 90_000, [a for n, a in hosts.items() if n != bad[0]])[:34] + story.quiet(1500, 30),
    )
    story.affected = bad
    story.cite("describe-etl.txt", "cannot allocate new block due to per host block limit")
    return story


def no_tunnel_address(now: datetime) -> Incident:
    story = incident(
        "autoscaled-node-gets-no-ipip-address",
        CAUSE,
        "After months of scaling up and down no block is left; calico-node on the newest node ends because it gets no address for its tunnel. BGP complaints of the others are about that node.",
        "https://github.com/projectcalico/calico/issues/2713",
        now,
        platform="other",
        calico="v3.9.5",
        kubernetes="v1.15.12",
        registry="docker.io/calico",
        namespace="kube-system",
        difficulty="medium",
    )
    hosts = {f"asg-{x}": f"10.112.8.{n}" for n, x in ((17, "a4f"), (25, "b91"), (33, "c07"), (48, "d3e"))}
    new = "asg-e5a"
    more = {"runtime": "docker://18.9.9", "os_image": "Debian GNU/Linux 9 (stretch)", "kernel": "4.9.0-12-amd64"}
    story.hosts(hosts, **more)
    story.hosts({new: "10.112.8.61"}, age=2600, since=2580, ready=NO_CNI, **more)
    story.staff(hosts)
    name = story.staff(
        {new: "10.112.8.61"}, ready=False, restarts=12, waiting="CrashLoopBackOff", last=("Error", 1, 130), age=2580
    )[0]
    story.pod_event(name, "BackOff", "Back-off restarting failed container", 9, 2500, 170)
    story.probe(name, SOCKET.replace("/var/run/calico", "/var/run/bird"), 132, 2540, 14)
    story.recreated(story.pods["asg-b91"], ["10.112.8.61"], 1700, 3)
    lines = story.old_boot(new, 133, address="10.112.8.61")[:12]
    lines += [
        story.line(132.4, "INFO", 17, "k8s.go 228:", "Using Calico IPAM"),
        story.line(
            132.3,
            "INFO",
            17,
            "allocateip.go 237:",
            f'Assign new tunnel address IP="" nodename="{new}" type="ipipTunnelAddress"',
        ),
        story.line(132.2, "WARNING", 17, "ipam.go 118:", f'Unable to find a free block for host host="{new}"'),
        story.line(
            132.1,
            "FATAL",
            17,
            "allocateip.go 305:",
            'Unable to autoassign an address - pools are likely exhausted. type="ipipTunnelAddress"',
        ),
        "Calico node failed to start",
    ]
    story.log(name, lines)
    story.commands = {
        "kgn.txt": "get nodes -o wide",
        "kgp.txt": "get pods -n kube-system -o wide",
        "desc.txt": f"describe pod -n kube-system {name}",
        "desc2.txt": f"describe pod -n kube-system {story.pods['asg-b91']}",
    }
    story.affected = [new]
    story.cite(f"{name}.log", "pools are likely exhausted")
    return story


def strict(now: datetime) -> Incident:
    story = incident(
        "four-blocks-for-five-hosts",
        CAUSE,
        "The pool has four blocks, affinity is strict and each belongs to a host: the fifth host has no block, all its pods wait; Calico itself is well everywhere.",
        "https://github.com/projectcalico/calico/issues/8435",
        now,
        platform="other",
        calico="v3.26.3",
        kubernetes="v1.26.11+rke2r1",
        registry="docker.io/rancher/mirrored-calico",
        difficulty="hard",
        acceptable=["ippool-misconfigured"],
    )
    hosts = {f"theseus{n}": f"10.20.5.{30 + n}" for n in range(5)}
    story.hosts(
        {k: v for k, v in hosts.items() if k != "theseus4"},
        os_image="SUSE Linux Enterprise Server 15 SP5",
        kernel="5.14.21-150500.55.39-default",
    )
    story.hosts(
        {"theseus4": "10.20.5.34"},
        age=9000,
        since=8800,
        os_image="SUSE Linux Enterprise Server 15 SP5",
        kernel="5.14.21-150500.55.39-default",
    )
    story.staff(hosts)
    for i, what in enumerate(
        ("rke2-ingress-nginx-controller-8hk2s", "svclb-traefik-6f1b2a77-zzk9r", "loki-promtail-bw55c")
    ):
        story.stuck(what, "theseus4", NONE_LEFT, 15 + i, 8700, 600, "kube-system")
    story.probe(story.pods["theseus4"], "felix is not ready: readiness probe reporting 503", 3400, 3405, 2)
    story.describe("theseus4")
    story.events()
    story.texts["ipam.txt"] = blocks(
        [
            ("IP Pool", "10.42.0.0/24", 256, 101),
            *(("Block", f"10.42.0.{64 * i}/26", 64, u) for i, u in enumerate((31, 22, 28, 20))),
        ]
    )
    story.texts["ipamconfig.yaml"] = (
        "apiVersion: crd.projectcalico.org/v1\nkind: IPAMConfig\nmetadata:\n  annotations:\n    meta.helm.sh/release-name: rke2-calico\n    meta.helm.sh/release-namespace: kube-system\n  generation: 1\n  name: default\nspec:\n  autoAllocateBlocks: true\n  strictAffinity: true\n"
    )
    story.affected = ["theseus4"]
    story.cite("events.txt", "No more free affine blocks")
    return story


def leaked(now: datetime) -> Incident:
    story = incident(
        "pods-wait-while-controllers-count-leaks",
        CAUSE,
        "kube-controllers confirms one leaked address after the other and cannot release them; pods on most workers wait for an address. BGP noise is of a worker that was reloaded.",
        "https://github.com/projectcalico/calico/blob/master/libcalico-go/lib/ipam/ipam.go",
        now,
        platform="classic",
        calico="v3.27.3",
        kubernetes="v1.30.8+IKS",
        difficulty="hard",
    )
    nodes = story.workers([f"10.188.40.{n}" for n in (70, 71, 75, 80, 82, 90, 93, 99)])
    story.agents(nodes)
    story.typha(nodes[3])
    for i, node in enumerate(nodes[1:7]):
        story.stuck(f"render-6c8d7f5b9-{'kmnpqr'[i]}7x2d", node, NONE_LEFT, 30 + i, 2700, 140, "render")
    story.recreated(story.pods[nodes[0]], nodes[5:7], 2500, 5)
    name = story.other(
        "calico-kube-controllers-7f4d9c8b6-l2n8s",
        nodes[0],
        "172.30.71.9",
        "calico-system",
        "ReplicaSet/calico-kube-controllers-7f4d9c8b6",
        image="icr.io/ext/calico/kube-controllers:v3.27.3",
    )
    lines = [
        story.line(3500, "INFO", 1, "ipam.go 130:", "Will run periodic IPAM sync every 7m30s"),
        story.line(3499, "INFO", 1, "resources.go 350:", "Main client watcher loop"),
    ]
    for i in range(24):
        ip = f"172.30.{71 + i % 5}.{64 + 5 * i}"
        lines.append(
            story.line(
                3200 - 120 * i,
                "WARNING",
                1,
                "ipam_allocation.go 194:",
                f'Confirmed IP leak after 15m0s handle="k8s-pod-network.{0x5B0C2F8D1E + i * 991:x}" ip="{ip}" node="{nodes[i % 6]}" pod="render/render-job-{3000 + i}"',
            )
        )
        if i % 6 == 5:
            lines.append(
                story.line(
                    3190 - 120 * i,
                    "WARNING",
                    1,
                    "ipam.go 1123:",
                    "Failed to garbage collect one or more leaked IP addresses error=context deadline exceeded",
                )
            )
    story.log(name, lines)
    story.describe(nodes[0])
    story.commands["describe-render.txt"] = "describe pod -n render render-6c8d7f5b9-p7x2d"
    story.affected = nodes[1:7]
    story.cite("describe-render.txt", "Assigned 0 out of 1 requested IPv4 addresses")
    return story


STORIES = [host_limit, no_tunnel_address, strict, leaked]
