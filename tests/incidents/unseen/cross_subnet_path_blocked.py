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


# told on 29 November 2026 without having seen the rules
def clients_in_the_second_room_miss_both_reflectors(now: datetime) -> Incident:
    story = incident(
        "second-room-misses-reflectors-and-typha-of-the-first",
        CAUSE,
        "No mesh: two route reflectors and two of three typhas stand in room 1 (10.77.1.0/25). Since the core router's change nothing passes between the rooms' subnets: nodes of room 2 (10.77.3.0/25) miss both reflectors, time out at exactly the typhas of room 1 and use the one in their own room; room 1 is well, and traceroute ends at the gateway.",
        "https://docs.tigera.io/calico/latest/networking/configuring/bgp (route reflectors); https://github.com/projectcalico/calico/issues/4479",
        now,
        platform="other",
        calico="v3.26.3",
        kubernetes="v1.27.8",
        registry="quay.io/calico",
        difficulty="hard",
    )
    one = {f"r1-n{n}": f"10.77.1.{20 + n}" for n in range(1, 5)}
    two = {f"r2-n{n}": f"10.77.3.{20 + n}" for n in range(1, 4)}
    os = {"os_image": "Debian GNU/Linux 12 (bookworm)", "kernel": "6.1.0-13-amd64", "runtime": "containerd://1.6.24"}
    story.hosts({**one, **two}, **os)
    story.staff(one, started=1_400_000)
    story.staff(two, ready=False, started=1_400_000)
    for k, suffix in (("r1-n1", "4tqhd"), ("r1-n3", "zl8wn"), ("r2-n2", "c9p7s")):
        story.typha(k, suffix, started=1_390_000)
    reflectors = [one["r1-n1"], one["r1-n2"]]
    for k in two:
        story.not_established(story.pods[k], reflectors, 11, 2_980, 99)
    me = "r2-n3"
    log = story.quiet(5_200, 3_240, 310)
    log += [
        f"bird: Node_{x.replace('.', '_')}: {t}"
        for x in reflectors
        for t in (
            "Error: Hold timer expired",
            "State changed to stop",
            "State changed to down",
            "Starting",
            "State changed to start",
        )
    ]
    for x in (one["r1-n1"], one["r1-n3"]):
        log.append(
            story.say(
                3_071 - (11 if x == one["r1-n3"] else 0), "WARNING", 64, "felix", "sync_client.go 205:",
                f'Failed to connect to typha endpoint {x}:5473.  Will try another if available... error=dial tcp {x}:5473: i/o timeout myID=0x4 type=""',
            )
        )  # fmt: skip
    log.append(
        story.say(
            3_059,
            "INFO",
            64,
            "felix",
            "sync_client.go 281:",
            f'Connected to Typha. address="{two["r2-n2"]}:5473" connID=0x4 type=""',
        )
    )
    log += story.quiet(3_000, 30, 270, 64)
    story.log(story.pods[me], log)
    story.texts["r2-n3.txt"] = (
        "root@r2-n3:~# calicoctl node status\n"
        + node_status([(x, "start", story.stamp(3_100)[11:19], "Connect") for x in reflectors], kind="node specific")
        + "root@r2-n3:~# traceroute -n -T -p 179 -m 5 10.77.1.21\ntraceroute to 10.77.1.21 (10.77.1.21), 5 hops max, 60 byte packets\n 1  10.77.3.1  0.612 ms  0.580 ms  0.569 ms\n 2  * * *\n 3  * * *\n 4  * * *\n 5  * * *\n"
        "root@r2-n3:~# for p in 22 179 5473 10250; do nc -w2 -zv 10.77.1.22 $p; done\n"
        + "".join(
            f"nc: connect to 10.77.1.22 port {p} (tcp) timed out: Operation now in progress\n"
            for p in (22, 179, 5473, 10250)
        )
        + "root@r2-n3:~# nc -w2 -zv 10.77.3.22 179\nConnection to 10.77.3.22 179 port [tcp/bgp] succeeded!\n"
    )
    story.texts["r1-n4-birdcl.txt"] = protocols(
        [(x, "up", "2026-11-13", "Established") for x in reflectors], kind="Node", since="2026-11-13", routes="up"
    )
    story.describe(me, story.pods[me])
    story.affected = list(two)
    story.cite(f"{story.pods[me]}.log", "error=dial tcp 10.77.1.21:5473: i/o timeout")
    story.cite(f"describe-pod-{story.pods[me]}.txt", "BGP not established with 10.77.1.21,10.77.1.22")
    return story


def three_nodes_behind_the_site_to_site_vpn(now: datetime) -> Incident:
    story = incident(
        "branch-office-nodes-lost-the-main-site",
        CAUSE,
        "Three k3s agents in a branch office (10.200.44.0/24) are joined over a site-to-site VPN. Its selectors were narrowed on Friday: HTTPS to the API's address still passes, everything else between the sites does not. A branch node misses exactly the five main-site peers, the main site exactly the three; every pod is 1/1.",
        "https://docs.k3s.io/networking/distributed-multicloud; https://github.com/projectcalico/calico/issues/4503",
        now,
        platform="other",
        calico="v3.24.1",
        kubernetes="v1.25.4+k3s1",
        namespace="kube-system",
        registry="docker.io/calico",
        difficulty="medium",
        acceptable=["bgp-port-blocked"],
    )
    main = {f"hq-k{n}": f"10.200.8.{10 + n}" for n in range(1, 6)}
    branch = {f"br-k{n}": f"10.200.44.{10 + n}" for n in range(1, 4)}
    story.hosts(
        {**main, **branch}, os_image="Ubuntu 22.04.1 LTS", kernel="5.15.0-53-generic", runtime="containerd://1.6.8-k3s1"
    )
    story.staff(main, started=1_380_000)
    story.staff(branch, restarts=1, started=176_000, last=("Unknown", 255, 176_060))
    out = ""
    for k, rows in (
        ("br-k2", [(a, "start", story.stamp(175_900)[:10], "Connect") for a in main.values()] + [(a, "up", story.stamp(175_900)[:10], "Established") for x, a in branch.items() if x != "br-k2"]),
        ("hq-k4", [(a, "up", story.stamp(1_379_000)[:10], "Established") for x, a in main.items() if x != "hq-k4"] + [(a, "start", story.stamp(176_400)[:10], "Active Socket: Connection timed out" if a.endswith("12") else "Connect") for a in branch.values()]),
    ):  # fmt: skip
        out += f"### {k}\n" + node_status(rows) + "\n"
    story.texts["calicoctl-node-status-both-sites.txt"] = out
    story.texts["checks.txt"] = (
        "admin@br-k2:~$ curl -sk https://10.200.8.11:6443/ping; echo\npong\n"
        "admin@br-k2:~$ ping -c3 -q 10.200.8.14 | tail -2\n3 packets transmitted, 0 received, 100% packet loss, time 2046ms\n\n"
        "admin@br-k2:~$ nmap -Pn -p 22,179,443,4789,10250 10.200.8.14 | grep tcp\n22/tcp    filtered ssh\n179/tcp   filtered bgp\n443/tcp   filtered https\n4789/tcp  filtered vxlan\n10250/tcp filtered unknown\n"
        "admin@br-k2:~$ nmap -Pn -p 22,179,10250 10.200.44.13 | grep tcp\n22/tcp    open  ssh\n179/tcp   open  bgp\n10250/tcp open  unknown\n"
    )
    story.commands["pods.txt"] = "get pods -n kube-system -o wide"
    story.commands["nodes.txt"] = "get nodes -o wide"
    story.affected = list(branch)
    story.cite("calicoctl-node-status-both-sites.txt", "| 10.200.8.14  | node-to-node mesh | start")
    story.cite("checks.txt", "179/tcp   filtered bgp")
    return story


STORIES = [
    other_network_of_the_same_site,
    third_zone_without_the_routed_private_network,
    clients_in_the_second_room_miss_both_reflectors,
    three_nodes_behind_the_site_to_site_vpn,
]
