"""cross-subnet-path-blocked: told without having seen the rules, then opened."""

from __future__ import annotations

from datetime import datetime

from cluster import container
from telling import Incident, incident, node_status

CAUSE = "cross-subnet-path-blocked"


def only_tcp_may_cross(now: datetime) -> Incident:
    story = incident(
        "new-segment-may-speak-bgp-but-not-ipip",
        CAUSE,
        "Two nodes were added in another network segment. The firewall between the segments was opened for TCP (so BGP is Established everywhere and each pod is ready), but it drops IP protocol 4: pods of the new segment reach each other and nobody in the old one, CoreDNS included. The captures show the IPIP packets leave on one side and never arrive on the other.",
        "https://github.com/projectcalico/calico/issues/2700",
        now,
        platform="other",
        calico="v3.14.2",
        kubernetes="v1.18.20",
        namespace="kube-system",
        registry="calico",
        difficulty="hard",
    )
    old = {f"k8s-node{n:02}": f"10.52.246.{30 + n}" for n in range(1, 6)}
    new = {f"k8s-seg2-{n:02}": f"10.52.117.{8 + n}" for n in (1, 2)}
    system = {
        "os_image": "CentOS Linux 7 (Core)",
        "kernel": "4.19.12-1.el7.elrepo.x86_64",
        "runtime": "docker://19.3.15",
    }
    story.hosts(old, age=19_000_000, **system)
    story.hosts(new, age=93_000, since=92_800, **system)
    story.staff(old, started=4_700_000, age=4_700_030)
    story.staff(
        new,
        started=92_850,
        age=92_900,
        init=[container(story, "install-cni", "calico/cni:v3.14.2", done=True, started=92_870)],
    )
    me, other = "k8s-seg2-01", "k8s-node04"
    for n, (node, ip) in enumerate((("k8s-node02", "10.100.85.194"), ("k8s-node04", "10.100.122.131"))):
        story.other(f"coredns-66bff467f8-{('k5rzd', 'w8v2m')[n]}", node, ip, "kube-system", "ReplicaSet/coredns-66bff467f8", "coredns",
                    image="k8s.gcr.io/coredns:1.6.7", age=4_600_000, started=4_600_000)  # fmt: skip
    for n, (node, ip) in enumerate(((me, "10.100.201.3"), ("k8s-seg2-02", "10.100.33.66"))):
        name = story.other(f"report-worker-79d5cb6d8f-{('4hqzn', 'm7c9b')[n]}", node, ip, "reports", "ReplicaSet/report-worker-79d5cb6d8f",
                           "report-worker", ready=False, restarts=240 + n, started=60, last=("Error", 1, 66), age=91_000)  # fmt: skip
        story.pod_event(name, "BackOff", "Back-off restarting failed container", 30, 90_700, 6_200, namespace="reports")
        if n == 0:
            story.log(
                name,
                [
                    f"{story.stamp(58)} ERROR [main] c.e.reports.Boot - cannot resolve rabbit.queues.svc.cluster.local: lookup on 10.96.0.10:53: read udp {ip}:40112->10.96.0.10:53: i/o timeout",
                    f"{story.stamp(38)} ERROR [main] c.e.reports.Boot - cannot resolve rabbit.queues.svc.cluster.local: lookup on 10.96.0.10:53: read udp {ip}:51822->10.96.0.10:53: i/o timeout",
                    f"{story.stamp(27)} ERROR [main] c.e.reports.Boot - giving up after 3 attempts, exit 1",
                ],
            )
    addresses = {**old, **new}
    log = story.boot(me, 92_850, [a for k, a in addresses.items() if k != me], interface="ens160", prefix=24)
    story.log(story.pods[me], log + story.quiet(1_300, 20, 62))
    at = story.stamp(400)[11:17]
    story.texts["network-team-checks.txt"] = (
        f"## {me}\n[root@{me} ~]# calicoctl node status\n"
        + node_status([(a, "up", story.stamp(92_840)[:10], "Established") for k, a in addresses.items() if k != me])
        + f"[root@{me} ~]# ip route | grep -E 'tunl0|bird'\n10.100.33.64/26 via 10.52.117.10 dev tunl0 proto bird onlink\n10.100.85.192/26 via 10.52.246.32 dev tunl0 proto bird onlink\n10.100.122.128/26 via 10.52.246.34 dev tunl0 proto bird onlink\nblackhole 10.100.201.0/26 proto bird\n"
        f"[root@{me} ~]# ping -c2 -q 10.100.33.66 | grep loss\n2 packets transmitted, 2 received, 0% packet loss, time 1001ms\n"
        f"[root@{me} ~]# ping -c2 -q 10.100.122.131 | grep loss\n2 packets transmitted, 0 received, 100% packet loss, time 1036ms\n"
        f"[root@{me} ~]# ping -c2 -q 10.52.246.34 | grep loss\n2 packets transmitted, 2 received, 0% packet loss, time 1001ms\n"
        f"[root@{me} ~]# nc -zv 10.52.246.34 179\nNcat: Version 7.50 ( https://nmap.org/ncat )\nNcat: Connected to 10.52.246.34:179.\n"
        f"[root@{me} ~]# timeout 6 tcpdump -nni ens160 proto 4 and host 10.52.246.34\n"
        + "".join(
            f"{at}{20 + n}.{118_204 + 311 * n:06} IP 10.52.117.9 > 10.52.246.34: IP 10.100.201.0 > 10.100.122.131: ICMP echo request, id 28411, seq {n + 1}, length 64 (ipip-proto-4)\n"
            for n in range(5)
        )
        + "5 packets captured\n5 packets received by filter\n0 packets dropped by kernel\n"
        f"\n## {other}, the same minute\n[root@{other} ~]# timeout 6 tcpdump -nni ens160 proto 4 and net 10.52.117.0/24\ntcpdump: verbose output suppressed, use -v or -vv for full protocol decode\nlistening on ens160, link-type EN10MB (Ethernet), capture size 262144 bytes\n\n0 packets captured\n0 packets received by filter\n0 packets dropped by kernel\n"
    )
    story.describe(me)
    story.affected = list(new)
    story.cite("network-team-checks.txt", "IP 10.52.117.9 > 10.52.246.34: IP 10.100.201.0 > 10.100.122.131")
    story.cite("network-team-checks.txt", "0 packets captured")
    return story


def second_subnet_on_the_same_vlan(now: datetime) -> Incident:
    story = incident(
        "pool-outgrew-its-subnet-on-the-same-vlan",
        CAUSE,
        "IKS classic: the worker pool was made larger, the primary subnet of the private VLAN was full and the three new workers got another subnet of the same VLAN. VLAN spanning and VRF are off, so nothing passes between the subnets: each new worker misses exactly the four old ones and has its two new neighbours; metrics-server on an old worker times out at the new ones' 10250.",
        "https://cloud.ibm.com/docs/containers?topic=containers-subnets#subnets-multiple",
        now,
        platform="classic",
        calico="v3.27.5",
        kubernetes="v1.29.14+IKS",
        difficulty="medium",
    )
    vlan = {
        "privateVLAN": "2918034",
        "publicVLAN": "2918036",
        "topology.kubernetes.io/zone": "ams03",
        "ibm-cloud.kubernetes.io/worker-version": "1.29.14_1584",
    }
    old = story.workers([f"10.136.21.{n}" for n in (68, 73, 90, 121)], labels=vlan)
    new = story.workers([f"10.136.58.{n}" for n in (133, 140, 161)], labels=vlan, age=6_600, since=6_400)
    story.agents(old, started=1_400_000, age=1_400_030)
    story.agents(
        new,
        started=6_420,
        age=6_500,
        init=[container(story, "install-cni", "icr.io/ext/calico/cni:v3.27.5", done=True, started=6_440)],
    )
    story.typha(old[1], started=1_300_000)
    story.typha(old[2], "qd84z", started=1_300_000)
    story.typha(new[2], "7vmwc", started=6_410)
    story.objects["Pod"][-1]["metadata"]["creationTimestamp"] = story.objects["Pod"][-1]["status"]["startTime"] = (
        story.ago(6_430)
    )
    for n, node in enumerate(new):
        story.not_established(story.pods[node], old, 6_392 - n, 6_398 - n, 1, established=2)
    me = new[1]
    boot = [x for x in story.boot(me, 6_420, [*old, *(a for a in new if a != me)], [a for a in new if a != me]) if x != "bird: Graceful restart done"]  # fmt: skip
    typha = []
    for n, a in enumerate((old[1], old[2])):
        typha += [
            story.say(
                6_417.8 - 10.01 * n,
                "INFO",
                61,
                "felix",
                "sync_client.go 202:",
                f'Connecting to typha endpoint {a}:5473. myID=0x{n + 1} type=""',
            ),
            story.say(
                6_407.8 - 10.01 * n,
                "WARNING",
                61,
                "felix",
                "sync_client.go 205:",
                f'Failed to connect to typha endpoint {a}:5473.  Will try another if available... error=dial tcp {a}:5473: i/o timeout myID=0x{n + 1} type=""',
            ),
        ]
    typha += [
        story.say(6_397.7, "INFO", 61, "felix", "sync_client.go 202:", f'Connecting to typha endpoint {new[2]}:5473. myID=0x3 type=""'),
        story.say(6_397.6, "INFO", 61, "felix", "sync_client.go 281:", f'Connected to Typha. address="{new[2]}:5473" connID=0x3 type=""'),
        story.say(6_396.4, "INFO", 61, "felix", "int_dataplane.go 1998:", "Completed first update to dataplane. secsSinceStart=22.4"),
    ]  # fmt: skip
    story.log(story.pods[me], [*boot[:-1], *typha, *story.quiet(6_000, 20, 540)])
    story.log(story.pods[old[0]], story.quiet(7_200, 30, 420))
    metrics = story.other("metrics-server-5b8f4d6c97-2xv9t", old[3], "172.30.44.71", "kube-system", "ReplicaSet/metrics-server-5b8f4d6c97",
                          "metrics-server", age=1_300_000, started=1_300_000)  # fmt: skip
    story.log(metrics, [
        f'E{story.klog(900 - 300 * n + k)}       1 scraper.go:149] "Failed to scrape node" err="Get \\"https://{a}:10250/metrics/resource\\": dial tcp {a}:10250: i/o timeout" node="{a}"'
        for n in range(3) for k, a in zip((3, 2, 1), new, strict=True)
    ])  # fmt: skip
    story.texts["ibmcloud.txt"] = (
        "$ ibmcloud ks worker ls --cluster web-prod --output table | awk '{print $3,$5,$6,$7}'\nPrivate Flavor State Status\n"
        + "".join(f"{a} b3c.4x16.encrypted normal Ready\n" for a in (*old, *new))
        + "\n$ ibmcloud ks vlan spanning get --region eu-nl\nOK\nVLAN spanning is disabled for your account.\n"
    )
    story.describe(me)
    story.commands["pods.txt"] = "get pods -A -o wide"
    story.affected = new
    story.cite(f"describe-pod-{story.pods[me]}.txt", "BGP not established with " + ",".join(old))
    story.cite(f"{metrics}.log", f"dial tcp {me}:10250: i/o timeout")
    return story


def firewall_rule_lists_the_first_subnet_only(now: datetime) -> Incident:
    story = incident(
        "nodes-of-the-second-subnet-are-in-no-firewall-rule",
        CAUSE,
        "Google cloud, self-made cluster: a node group in a second subnet was added, but the rule that lets nodes talk has the first subnet as its only source range. The three new nodes miss exactly the four old ones (and time out at both Typhas' 5473 before they fall back), have each other, and their pods get no answer from DNS, which runs on old nodes.",
        "https://docs.tigera.io/calico/latest/getting-started/kubernetes/self-managed-public-cloud/gce",
        now,
        platform="other",
        calico="v3.23.5",
        kubernetes="v1.24.17",
        registry="docker.io/calico",
        difficulty="easy",
    )
    old = {f"prod-a-{n}": f"10.240.0.{10 + n}" for n in (1, 2, 3, 4)}
    new = {f"prod-b-{n}": f"10.240.16.{n}" for n in (3, 4, 5)}
    dress = {"os_image": "Ubuntu 20.04.6 LTS", "kernel": "5.15.0-1049-gcp", "runtime": "containerd://1.6.21"}
    story.hosts(old, **dress)
    story.hosts(new, **dress, age=8_000, since=7_880)
    story.staff(old, started=1_500_000)
    init = [container(story, "install-cni", "docker.io/calico/cni:v3.23.5", done=True, started=7_900)]
    story.staff(new, started=7_890, age=7_960, init=init)
    for i, node in enumerate(("prod-a-1", "prod-a-3")):
        story.typha(node, ("c6wqz", "x4k2m")[i], started=1_500_000)
        story.other(f"coredns-64897985d-{('7bzkx', 'mq9vd')[i]}", node, f"192.168.{20 + i * 33}.5", owner="ReplicaSet/coredns-64897985d", app="coredns")  # fmt: skip
    story.typha("prod-b-4", "9zjtw", started=7_700)
    story.objects["Pod"][-1]["metadata"]["creationTimestamp"] = story.objects["Pod"][-1]["status"]["startTime"] = (
        story.ago(7_720)
    )
    for node, address in new.items():
        story.not_established(story.pods[node], list(old.values()), 7_850, 7_880, 2, established=2)
        del address
    story.not_established(story.pods["prod-b-3"], [*old.values(), "10.240.16.5"], 7_882, 7_882, 1, established=0)
    app = story.other("exporter-5c6f7d9b8-2nqlk", "prod-b-5", "192.168.140.9", "data", "ReplicaSet/exporter-5c6f7d9b8", app="exporter", ready=False, restarts=21, age=7_000, started=120)  # fmt: skip
    story.log(app, [f"{story.stamp(ago)[:19]} ERROR lookup warehouse.data.svc.cluster.local on 10.96.0.10:53: read udp 192.168.140.9:{port}->10.96.0.10:53: i/o timeout" for ago, port in ((88, 41_233), (53, 52_107), (18, 38_816))], "exporter.log")  # fmt: skip
    me = "prod-b-4"
    peers = [*old.values(), *(a for n, a in new.items() if n != me)]
    up = [a for n, a in new.items() if n != me]
    boot = story.boot(me, 7_888, peers, up=up, interface="ens4", prefix=32)
    slow = []
    for turn, (pid, who) in enumerate(((61, "felix"), (60, "confd"))):
        for typha, ago in (("10.240.0.11", 7_876.1 + turn), ("10.240.0.13", 7_866.0 + turn)):
            slow.append(story.say(ago, "INFO", pid, who, "sync_client.go 203:", f"Connecting to Typha. address=\"{typha}:5473\" connID=0x0 type=\"{'bgp' if turn else ''}\""))  # fmt: skip
            slow.append(story.say(ago - 10.0, "WARNING", pid, who, "sync_client.go 212:", f"Failed to connect to typha endpoint {typha}:5473.  Will try other endpoints if available. error=dial tcp {typha}:5473: i/o timeout"))  # fmt: skip
    slow.sort()
    story.log(story.pods[me], [*boot, *slow, *story.quiet(7_600, 7_500, 61), "bird: Graceful restart done", *story.quiet(3_600, 12, 410)])  # fmt: skip
    since = story.stamp(7_886)[11:19]
    days = story.stamp(1_500_000)[:10]
    story.texts["node-status-prod-b-4.txt"] = node_status([(a, "up", since, "Established") if a in up else (a, "start", since, "Connect") for a in peers])  # fmt: skip
    story.texts["node-status-prod-a-2.txt"] = node_status([(a, "up", days, "Established") for n, a in old.items() if n != "prod-a-2"] + [(a, "start", since, "Passive" if i == 2 else "Connect") for i, a in enumerate(new.values())])  # fmt: skip
    story.texts["firewall.txt"] = (
        "$ gcloud compute firewall-rules list --filter=network=prod --format='table(name,sourceRanges.list(),allowed[].map().firewall_rule().list():label=ALLOW)'\n"
        "NAME                 SOURCE_RANGES     ALLOW\nprod-allow-api       0.0.0.0/0         tcp:22,tcp:6443\nprod-allow-internal  10.240.0.0/24     tcp,udp,icmp,4\nprod-allow-kubelet   10.240.0.0/20     tcp:10250\n"
        "$ gcloud compute networks subnets list --filter=network:prod\nNAME    REGION        NETWORK  RANGE           STACK_TYPE\nnode-a  europe-west3  prod     10.240.0.0/24   IPV4_ONLY\nnode-b  europe-west3  prod     10.240.16.0/24  IPV4_ONLY\n"
    )
    story.describe(me)
    story.commands |= {"describe-exporter.txt": f"describe pod -n data {app}"}
    story.events()
    story.affected = list(new)
    story.cite("node-status-prod-b-4.txt", "10.240.0.11")
    story.cite("firewall.txt", "prod-allow-internal")
    return story


STORIES = [only_tcp_may_cross, second_subnet_on_the_same_vlan, firewall_rule_lists_the_first_subnet_only]
