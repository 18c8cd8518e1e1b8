"""cross-subnet-path-blocked: told without having seen the rules."""

from __future__ import annotations

from datetime import datetime

from telling import Incident, incident, node_status

CAUSE = "cross-subnet-path-blocked"


def other_network_of_the_same_site(now: datetime) -> Incident:
    story = incident(
        "workers-of-51-and-50-see-only-their-own",
        CAUSE,
        "The firewall between the two networks of the site lets SSH and the API pass but no BGP: nodes of 192.168.50/24 are established among themselves, those of 192.168.51/24 too, between the networks every session waits.",
        "https://github.com/projectcalico/calico/issues/3884",
        now,
        platform="other",
        calico="v3.15.1",
        kubernetes="v1.18.6",
        namespace="kube-system",
        registry="calico",
        difficulty="easy",
        acceptable=["bgp-port-blocked"],
    )
    hosts = {
        "kmaster": "192.168.50.14",
        "kw50-1": "192.168.50.15",
        "kw50-2": "192.168.50.16",
        "kw51-1": "192.168.51.200",
        "kw51-2": "192.168.51.201",
    }
    story.hosts(hosts, os_image="Ubuntu 18.04.4 LTS", kernel="4.15.0-112-generic", runtime="docker://19.3.6")
    near = ["192.168.50.14", "192.168.50.15", "192.168.50.16"]
    far = ["192.168.51.200", "192.168.51.201"]
    story.staff({k: v for k, v in hosts.items() if v in near}, started=90_000)
    story.staff({k: v for k, v in hosts.items() if v in far}, started=6000, age=6050)
    for me in ("kw51-1", "kw51-2"):
        story.not_established(story.pods[me], near, 5960, 5990, 3, established=1)
    name = story.pods["kw51-1"]
    story.log(
        name,
        [
            *story.boot("kw51-1", 5995, [*near, far[1]], up=[far[1]], interface="ens160", prefix=24),
            *story.quiet(5800, 20, 400),
        ],
    )
    story.texts["node-status-kmaster.txt"] = node_status(
        [(p, "up", "2026-11-22", "Established") for p in near[1:]]
        + [(p, "start", "15:22:10", "Connect Socket: Connection timed out") for p in far]
    )
    story.texts["node-status-kw51-1.txt"] = node_status(
        [(p, "start", "15:22:08", "Active Socket: Connection timed out") for p in near]
        + [(far[1], "up", "15:22:12", "Established")]
    )
    story.describe("kw51-1", name)
    story.affected = list(hosts)
    story.cite("node-status-kw51-1.txt", "192.168.50.14")
    return story


STORIES = [other_network_of_the_same_site]
