"""ipam-exhausted: told without having seen the rules."""

from __future__ import annotations

from datetime import datetime, timedelta

from telling import Incident, incident

CAUSE = "ipam-exhausted"


def old_addresses_kept(now: datetime) -> Incident:
    story = incident(
        "addresses-of-dead-pods-fill-the-pool",
        CAUSE,
        "The pool 10.233.64.0/18 is full of addresses whose pods are long gone (calicoctl: 16381 of 16384 in use, 412 pods run): new pods get none on any host.",
        "https://github.com/projectcalico/calico/issues/5339",
        now,
        platform="other",
        calico="v3.17.4",
        kubernetes="v1.20.7",
        registry="quay.io/calico",
        namespace="kube-system",
        difficulty="medium",
    )
    hosts = {f"prod-w{n:02}": f"10.20.8.{10 + n}" for n in range(1, 7)}
    story.hosts(
        hosts, os_image="CentOS Linux 7 (Core)", kernel="3.10.0-1160.31.1.el7.x86_64", runtime="containerd://1.4.4"
    )
    story.staff(hosts, restarts=1, started=1_600_000, last=("Completed", 0, 1_600_100))
    error = "failed to request 1 IPv4 addresses. IPAM allocated only 0"
    for n, (pod, node) in enumerate(
        (
            ("checkout-7c6b9d8f5-8zq4k", "prod-w02"),
            ("checkout-7c6b9d8f5-mv2ld", "prod-w05"),
            ("mailer-59cc4b7d6f-x7c2p", "prod-w06"),
        )
    ):
        story.stuck(pod, node, error, 14 + n, 3300 + 60 * n, 41, namespace="shop", form="old")
    story.commands = {
        "nodes.txt": "get nodes -o wide",
        "pods.txt": "get pods -A -o wide",
        "describe-checkout.txt": "describe pod -n shop checkout-7c6b9d8f5-8zq4k",
        "describe-mailer.txt": "describe pod -n shop mailer-59cc4b7d6f-x7c2p",
        "describe-node.txt": "describe node prod-w02",
        "describe-calico-node.txt": f"describe pod -n kube-system {story.pods['prod-w02']}",
    }
    story.texts["ipam-show.txt"] = (
        "+----------+----------------+-----------+---------------+----------+\n"
        "| GROUPING |      CIDR      | IPS TOTAL |  IPS IN USE   | IPS FREE |\n"
        "+----------+----------------+-----------+---------------+----------+\n"
        "| IP Pool  | 10.233.64.0/18 |     16384 | 16381 (100%)  | 3 (0%)   |\n"
        "+----------+----------------+-----------+---------------+----------+\n"
    )
    story.log(story.pods["prod-w02"], story.quiet(3600, 10, 240))
    story.affected = []
    story.cite("describe-checkout.txt", "IPAM allocated only 0")
    return story


def named_pool_of_thirty_two(now: datetime) -> Incident:
    story = incident(
        "deployment-bound-to-a-pool-of-thirty-two",
        CAUSE,
        "A namespace is bound by annotation to the pool demo-pool 10.192.230.224/27; its deployment has 70 replicas, so 40 pods get no address ('Assigned 0 out of 1'), while all others find addresses in the default pool.",
        "https://github.com/projectcalico/calico/issues/8823",
        now,
        platform="other",
        calico="v3.26.4",
        kubernetes="v1.26.15",
        registry="quay.io/calico",
        difficulty="medium",
        acceptable=["ippool-misconfigured"],
    )
    hosts = {f"master-23to24-{n}": f"10.192.199.{n}" for n in (28, 29, 30)}
    story.hosts(hosts, os_image="Rocky Linux 8.9 (Green Obsidian)", kernel="4.18.0-513.11.1.el8_9.x86_64")
    story.staff(hosts)
    error = "failed to request IPv4 addresses: Assigned 0 out of 1 requested IPv4 addresses; No more free affine blocks and strict affinity enabled"
    names = list(hosts)
    for n in range(6):
        story.stuck(f"demo-5b7f8d9c6-{'bcdfgh'[n]}2w9k", names[n % 3], error, 12 + n, 2400, 150, namespace="demo")
    for n in range(5):
        story.other(
            f"demo-5b7f8d9c6-{'jklmn'[n]}8t4v",
            names[n % 3],
            f"10.192.230.{225 + n}",
            namespace="demo",
            owner="ReplicaSet/demo-5b7f8d9c6",
            app="demo",
            age=2500,
        )
    story.texts["calicoctl-ipam-show.txt"] = (
        "+----------+-------------------+-----------+------------+-----------+\n| GROUPING |       CIDR        | IPS TOTAL | IPS IN USE | IPS FREE  |\n"
        "+----------+-------------------+-----------+------------+-----------+\n| IP Pool  | 10.192.230.224/27 |        32 | 32 (100%)  | 0 (0%)    |\n"
        "| IP Pool  | 10.233.64.0/18    |     16384 | 71 (0%)    | 16313     |\n+----------+-------------------+-----------+------------+-----------+\n"
    )
    story.texts["namespace-demo.yaml"] = (
        "apiVersion: v1\nkind: Namespace\nmetadata:\n  annotations:\n    cni.projectcalico.org/ipv4pools: '[\"demo-pool\"]'\n  name: demo\n"
    )
    name = story.pods[names[0]]
    story.log(name, story.quiet(2500, 20, 300))
    story.describe(names[0])
    story.commands["describe-demo.txt"] = "describe pod -n demo demo-5b7f8d9c6-b2w9k"
    story.affected = []
    story.cite("describe-demo.txt", "Assigned 0 out of 1 requested IPv4 addresses")
    return story


# told on 29 November 2026 without having seen the rules
def only_the_small_ipv6_pool_is_full(now: datetime) -> Incident:
    story = incident(
        "dual-stack-pods-fail-for-the-want-of-an-ipv6-address",
        CAUSE,
        "Dual stack: IPv4 addresses abound (3 % in use) but the IPv6 pool is a /122, one block of 64 addresses that is full; every new pod with both families fails, on all hosts. Only the plugin's own log says which family; the customer suspected the reboot of one host.",
        "https://github.com/projectcalico/libcalico-go/pull/1275",
        now,
        platform="other",
        calico="v3.29.3",
        kubernetes="v1.31.3",
        registry="quay.io/calico",
        difficulty="hard",
        acceptable=["ippool-misconfigured"],
    )
    hosts = {f"malmo-{n}": f"10.55.2.{10 + n}" for n in (1, 2, 3)}
    story.hosts(
        hosts, os_image="Debian GNU/Linux 12 (bookworm)", kernel="6.1.0-27-amd64", runtime="containerd://1.7.23"
    )
    story.staff(hosts, started=1_600_000)
    story.node_event(
        "malmo-3", "Rebooted", "Node malmo-3 has been rebooted, boot id: 91b1c0de-6f55-43a2-b7c1-2b9a0d2e7f31", 6_900
    )
    error = 'error adding container to network "k8s-pod-network": failed to request IPv6 addresses: Assigned 0 out of 1 requested IPv6 addresses; No IPs available in pools: [fd55:2::40/122]'
    for i, (made, node) in enumerate(
        (
            ("feeds-7c9d6b8f5-2kq8z", "malmo-1"),
            ("feeds-7c9d6b8f5-p4vxs", "malmo-3"),
            ("cron-prune-29401120-j8w7d", "malmo-2"),
        )
    ):
        story.stuck(made, node, error, 12 + i, 6_000 - 200 * i, 410, namespace="feeds")
    lines = []
    for i in range(4):
        at, pid, cid = 900 - 210 * i, 211_340 + 417 * i, f"{0xA41C9 + 7919 * i:x}7be02d5f31c8890a6e44"
        who = (
            f'ContainerID="{cid}" HandleID="k8s-pod-network.{cid}" Workload="malmo--1-k8s-feeds--7c9d6b8f5--2kq8z-eth0"'
        )
        lines += [
            story.line(
                at,
                "INFO",
                pid,
                "cni-plugin/plugin.go 326:",
                f"Calico CNI found existing endpoint: &{{{{WorkloadEndpoint projectcalico.org/v3}}}} {who.split(' Handle')[0]}",
            ),
            story.line(
                at - 0.02, "INFO", pid, "ipam/ipam_plugin.go 230:", f"Calico CNI IPAM request count IPv4=1 IPv6=1 {who}"
            ),
            story.line(
                at - 0.03,
                "INFO",
                pid,
                "ipam/ipam_plugin.go 265:",
                f'Auto assigning IP assignArgs=ipam.AutoAssignArgs{{Num4:1, Num6:1, Hostname:"malmo-1", IntendedUse:"Workload"}} {who}',
            ),
            story.line(
                at - 0.05, "INFO", pid, "ipam/ipam.go 105:", "Auto-assign 1 ipv4, 1 ipv6 addrs for host 'malmo-1'"
            ),
            story.line(
                at - 0.11,
                "INFO",
                pid,
                "ipam/ipam.go 878:",
                f'Auto-assigned 1 out of 1 IPv4s: [10.55.{130 + i}.{17 + 3 * i}/26] handle="k8s-pod-network.{cid}" host="malmo-1"',
            ),
            story.line(
                at - 0.16, "INFO", pid, "ipam/ipam.go 521:", 'Looking up existing affinities for host host="malmo-1"'
            ),
            story.line(
                at - 0.2,
                "INFO",
                pid,
                "ipam/ipam.go 608:",
                'Tried all affine blocks. Looking for an affine block with space, or a new unclaimed block host="malmo-1"',
            ),
            story.line(
                at - 0.24,
                "INFO",
                pid,
                "ipam/ipam.go 816:",
                f'Attempting to assign 1 addresses from non-affine blocks handle="k8s-pod-network.{cid}" host="malmo-1"',
            ),
            story.line(
                at - 0.3,
                "INFO",
                pid,
                "ipam/ipam.go 878:",
                f'Auto-assigned 0 out of 1 IPv6s: [] handle="k8s-pod-network.{cid}" host="malmo-1"',
            ),
            story.line(
                at - 0.31,
                "ERROR",
                pid,
                "ipam/ipam_plugin.go 306:",
                f"failed to request IPv6 addresses: Assigned 0 out of 1 requested IPv6 addresses; No IPs available in pools: [fd55:2::40/122] {who}",
            ),
            story.line(
                at - 0.34,
                "ERROR",
                pid,
                "cni-plugin/plugin.go 580:",
                "Final result of CNI ADD was an error. error=failed to request IPv6 addresses: Assigned 0 out of 1 requested IPv6 addresses; No IPs available in pools: [fd55:2::40/122]",
            ),
        ]
    story.log("x", lines, "var-log-calico-cni-cni.log")
    story.texts["ipam-show.txt"] = (
        "+----------+----------------+-----------+------------+--------------+\n"
        "| GROUPING |      CIDR      | IPS TOTAL | IPS IN USE |   IPS FREE   |\n"
        "+----------+----------------+-----------+------------+--------------+\n"
        "| IP Pool  | 10.55.128.0/20 |      4096 | 121 (3%)   | 3975 (97%)   |\n"
        "| IP Pool  | fd55:2::40/122 |        64 | 64 (100%)  | 0 (0%)       |\n"
        "+----------+----------------+-----------+------------+--------------+\n"
    )
    story.commands = {
        "nodes.txt": "get nodes -o wide",
        "pods.txt": "get pods -A -o wide",
        "describe-node-malmo-3.txt": "describe node malmo-3",
    }
    story.log(
        story.pods["malmo-3"],
        [
            *story.boot(
                "malmo-3", 6_850, [v for k, v in hosts.items() if k != "malmo-3"], interface="enp2s0", prefix=24
            ),
            *story.quiet(6_000, 10, 520),
        ],
    )
    story.affected = []
    story.cite("var-log-calico-cni-cni.log", "Assigned 0 out of 1 requested IPv6 addresses; No IPs available in pools")
    return story


def containerd_journal_of_one_worker(now: datetime) -> Incident:
    story = incident(
        "journal-line-says-that-the-slash-24-has-no-address-left",
        CAUSE,
        "IKS VPC cluster made with --pod-subnet 172.20.8.0/24 for a demo and grown to four workers with 250 pods: since the last scale-up sandboxes fail. The customer sent the lists of two namespaces and the containerd journal of one worker; calico-node is ready on all, and the BGP event is of a replaced worker.",
        "https://cloud.ibm.com/docs/containers?topic=containers-ts-app-container-start",
        now,
        platform="vpc",
        calico="v3.28.4",
        kubernetes="v1.30.11+IKS",
        difficulty="easy",
    )
    nodes = story.workers([f"10.242.64.{n}" for n in (4, 5, 9, 14)])
    story.agents(nodes, started=1_500_000)
    story.not_established(story.pods[nodes[1]], [nodes[3]], 3_300, 3_350, 2, established=2)
    for i in range(24):
        story.other(
            f"shard-{i}",
            nodes[i % 4],
            f"172.20.8.{60 + 7 * i % 190}",
            "search",
            "StatefulSet/shard",
            app="shard",
            age=1_400_000,
            started=1_399_000,
        )
    for i in range(5):
        story.other(
            f"shard-{24 + i}",
            nodes[i % 4],
            "none",
            "search",
            "StatefulSet/shard",
            app="shard",
            ready=False,
            phase="Pending",
            waiting="ContainerCreating",
            age=2_400 - i,
        )
        status = story.objects["Pod"][-1]["status"]
        status |= {"podIPs": []}
        del status["podIP"]
    host = "kube-cq1demo0vpc0-small-default-000002f7"
    lines = []
    for i in range(14):
        at, shard = 1_150 - 80 * i, ("shard-24", "shard-28")[i % 2]
        stamp = (now - timedelta(seconds=at)).strftime(
            "%Y-%m-%dT%H:%M:%S"
        ) + f".{100_000_000 + 37_119_331 * i % 899_999_999}Z"
        sandbox = f"{0x51C7D0E + 104729 * i:07x}9b3fd2c6a7e84410"
        lines += [
            f'{story.syslog(at + 1)} {host} containerd[1204]: time="{stamp}" level=info msg="RunPodSandbox for &PodSandboxMetadata{{Name:{shard},Uid:8f0c2f5e-1b7e-4a1b-9a7e-3c50d21b7{i:03},Namespace:search,Attempt:{14 + i},}}"',
            f"{story.syslog(at)} {host} containerd[1204]: {story.line(at, 'ERROR', 88_120 + 31 * i, 'plugin.go 580:', 'Final result of CNI ADD was an error. error=failed to request IPv4 addresses: Assigned 0 out of 1 requested IPv4 addresses; No IPs available in pools: [172.20.8.0/24]')}",
            f'{story.syslog(at)} {host} containerd[1204]: time="{stamp}" level=error msg="RunPodSandbox for &PodSandboxMetadata{{Name:{shard},Uid:8f0c2f5e-1b7e-4a1b-9a7e-3c50d21b7{i:03},Namespace:search,Attempt:{14 + i},}} failed, error" error="failed to setup network for sandbox \\"{sandbox}\\": plugin type=\\"calico\\" failed (add): failed to request IPv4 addresses: Assigned 0 out of 1 requested IPv4 addresses; No IPs available in pools: [172.20.8.0/24]"',
        ]
    story.log("x", lines, "containerd.log")
    story.commands = {
        "nodes.txt": "get nodes -o wide",
        "pods-search.txt": "get pods -n search -o wide",
        "pods-calico.txt": "get pods -n calico-system -o wide",
        f"describe-pod-{story.pods[nodes[1]]}.txt": f"describe pod -n calico-system {story.pods[nodes[1]]}",
    }
    story.affected = []
    story.cite("containerd.log", "No IPs available in pools: [172.20.8.0/24]")
    return story


STORIES = [
    old_addresses_kept,
    named_pool_of_thirty_two,
    only_the_small_ipv6_pool_is_full,
    containerd_journal_of_one_worker,
]
