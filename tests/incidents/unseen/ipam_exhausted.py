"""ipam-exhausted: told without having seen the rules."""

from __future__ import annotations

from datetime import datetime

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


STORIES = [old_addresses_kept, named_pool_of_thirty_two]
