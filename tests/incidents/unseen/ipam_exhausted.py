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
    story.staff(hosts, restarts=1, started=7_000_000, last=("Completed", 0, 7_000_100))
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


STORIES = [old_addresses_kept]
