"""cross-subnet-path-blocked: told without having seen the rules."""

from __future__ import annotations

from datetime import datetime

from telling import FELIX_503, Incident, incident, node_status, protocols

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


def third_zone_without_the_routed_private_network(now: datetime) -> Incident:
    story = incident(
        "new-zone-on-its-own-vlan-reaches-nobody",
        CAUSE,
        "Classic infrastructure, the account has neither VLAN spanning nor VRF: the workers of the new zone sit on another private VLAN. They miss exactly the six workers of the old VLAN and see each other; Typha of the old zone times out for them too, while API and kubelet (public endpoint) work.",
        "https://cloud.ibm.com/docs/vlans?topic=vlans-vlan-spanning",
        now,
        platform="classic",
        calico="v3.27.4",
        kubernetes="v1.29.9+IKS",
        difficulty="medium",
    )
    old = story.workers([f"10.176.48.{n}" for n in (66, 70, 71, 80, 83, 89)])
    new = story.workers(
        [f"10.123.240.{n}" for n in (20, 23)], age=9000, since=8800, labels={"topology.kubernetes.io/zone": "fra05"}
    )
    story.agents(old, started=1_300_000)
    names = story.agents(new, ready=False, restarts=2, started=8600, last=("Error", 1, 8640), age=8900)
    story.typha(old[0])
    story.typha(old[4], "c6z8n")
    for i, name in enumerate(names):
        story.not_established(
            name,
            [
                *old,
            ],
            8500,
            8560,
            3,
            established=1,
        )
        story.probe(name, FELIX_503, 12 + i, 8600, 285)
    me, mate = new
    log = story.boot(me, 8590, [*old, mate], up=[mate])[:-1]
    for i in range(16):
        typha = (old[0], old[4])[i % 2]
        log.append(
            story.say(
                160 - 10 * i,
                "ERROR",
                61,
                "felix",
                "sync_client.go 258:",
                f'Failed to connect to typha endpoint {typha}:5473.  Will try other endpoints if available. error=dial tcp {typha}:5473: i/o timeout myID=0x0 type="felix"',
            )
        )
        if i % 5 == 4:
            log.append(
                story.say(
                    159 - 10 * i,
                    "WARNING",
                    61,
                    "felix",
                    "health.go 202:",
                    'Reporter is not ready: reporting non-ready. name="async_calc_graph"',
                )
            )
    story.log(names[0], log)
    story.texts["birdcl-10.123.240.20.txt"] = protocols(
        [
            *[(p, "start", "14:58:31", "Active        Socket: Connection timed out") for p in old],
            (mate, "up", "14:58:36", "Established"),
        ]
    )
    story.texts["vlan-spanning.txt"] = (
        "$ ibmcloud ks vlan spanning get --region eu-de\nVLAN spanning is not enabled. To enable VLAN spanning, ...\n$ ibmcloud account show | grep VRF\nVRF Enabled:                  false\n"
    )
    story.describe(me, names[0])
    story.affected = new
    story.cite("vlan-spanning.txt", "VLAN spanning is not enabled")
    return story


STORIES = [other_network_of_the_same_site, third_zone_without_the_routed_private_network]
