"""bgp-port-blocked: something between healthy workers stops TCP 179."""

from __future__ import annotations

from datetime import datetime

from telling import (
    NOT_LIVE,
    Incident,
    incident,
    node_status,
    protocols,
    wrapped,
)

CAUSE = "bgp-port-blocked"


def firewall_after_reboot(now: datetime) -> Incident:
    story = incident(
        "firewalld-came-back-with-the-reboot",
        CAUSE,
        "Since its reboot one node refuses all incoming and outgoing BGP; BIRD on both sides is up, the answer is 'No route to host' within one subnet.",
        "https://github.com/projectcalico/calico/issues/3309",
        now,
        difficulty="medium",
        platform="other",
        calico="v3.12.0",
        kubernetes="v1.17.3",
        registry="docker.io/calico",
        namespace="kube-system",
    )
    names = story.hosts(
        {"master1": "10.3.67.10", "worker1": "10.3.67.11", "worker2": "10.3.67.12", "worker3": "10.3.67.13"},
        runtime="docker://19.3.5",
        kernel="3.10.0-1062.12.1.el7.x86_64",
        os_image="CentOS Linux 7 (Core)",
    )
    ip = dict(zip(names, ("10.3.67.10", "10.3.67.11", "10.3.67.12", "10.3.67.13"), strict=True))
    bad = "worker3"
    for node in names:
        more = {"ready": False, "restarts": 3, "started": 5200, "last": ("Error", 255, 5260)} if node == bad else {}
        story.agents([node], address=ip[node], **more)
    name = story.pods[bad]
    story.not_established(name, [ip[n] for n in names[:3]], 8, 5150, 514)
    story.node_event(
        bad, "Rebooted", f"Node {bad} has been rebooted, boot id: 6a1c7f0e-0d35-4c2a-9a36-0b3d7e6f9a11", 5240
    )
    story.node_event(bad, "Starting", "Starting kubelet.", 5250, type_="Normal")
    story.describe(bad)
    log = story.old_boot(bad, 5200, [ip[n] for n in names[:3]], (), address=ip[bad], interface="ens160", prefix=24)
    story.log(name, log + story.quiet(5100, 10, 240))
    story.texts["worker1-birdcl.txt"] = protocols(
        [
            ("10.3.67.10", "up", "Mar02", "Established"),
            ("10.3.67.12", "up", "Mar02", "Established"),
            ("10.3.67.13", "start", "15:12:40", "Active        Socket: No route to host"),
        ],
        routes="up",
    )
    story.affected = [bad]
    story.cite("worker1-birdcl.txt", "Socket: No route to host")
    return story


def security_group(now: datetime) -> Incident:
    story = incident(
        "pool-with-its-own-security-group",
        CAUSE,
        "All three workers of the pool with a security group of its own, in the same subnet as the rest, sit in Connect; Typha, kubelet and API work.",
        "https://github.com/projectcalico/calico/issues/4479",
        now,
        difficulty="hard",
        platform="vpc",
        calico="v3.29.1",
        kubernetes="v1.32.2+IKS",
    )
    old = story.workers([f"10.240.12.{n}" for n in (5, 6, 7, 8)])
    new = story.workers(
        [f"10.240.12.{n}" for n in (21, 22, 23)],
        age=20_000,
        labels={"ibm-cloud.kubernetes.io/worker-pool-name": "gpu-sg"},
    )
    story.agents(old)
    story.agents(new, ready=False, started=19_700, age=19_800)
    story.typha(old[1])
    for node in new:
        others = [n for n in old + new if n != node]
        story.not_established(story.pods[node], others, 7, 19_600, 1955, pid=9120)
    for node in new[:2]:
        story.describe(node)
    name = story.pods[new[0]]
    log = story.boot(new[0], 19_700, old + new[1:], ())
    connected = f'Successfully connected to Typha at {old[1]}:5473 after 3.871ms. myID=0x1 type=""'
    log.insert(21, story.say(19_698.4, "INFO", 61, "felix", "sync_client.go 208:", connected))
    story.log(name, log + story.quiet(19_500, 60, 600))
    story.texts["birdcl_10.240.12.22.txt"] = protocols(
        [(n, "start", "05:20:11", "Passive" if n > new[1] else "Connect") for n in [*old, new[0], new[2]]]
    )
    story.affected = new
    story.cite(f"describe-pod-{name}.txt", "BGP not established with")
    return story


def leftover_rules(now: datetime) -> Incident:
    story = incident(
        "leftover-rules-of-an-older-network",
        CAUSE,
        "calico-node 0/1 on both sides; `nc` to 179 is refused at once from either side although BIRD listens, other ports answer: a rule rejects it.",
        "https://github.com/projectcalico/calico/issues/4503",
        now,
        difficulty="hard",
        platform="other",
        calico="v3.18.1",
        kubernetes="v1.20.5",
        registry="docker.io/calico",
        namespace="calico-system",
    )
    ips = {"kube-cp": "192.168.144.5", "kube-w1": "192.168.144.6", "kube-w2": "192.168.144.7"}
    names = story.hosts(ips, runtime="docker://20.10.5", os_image="Ubuntu 20.04.2 LTS", kernel="5.4.0-70-generic")
    for node in names:
        story.agents([node], address=ips[node], ready=False, restarts=1, started=8000, age=9000)
        story.not_established(story.pods[node], [a for n, a in ips.items() if n != node], 5, 7950, 790)
        story.pod_event(
            story.pods[node],
            "Unhealthy",
            "Liveness probe failed: calico/node is not ready: Felix is not live: Get "
            '"http://localhost:9099/liveness": dial tcp 127.0.0.1:9099: connect: connection refused',
            7990,
            7995,
            1,
        )
        story.commands[f"desc-{node}.txt"] = f"describe pod -n calico-system {story.pods[node]}"
    story.typha("kube-w1")
    story.texts["status.txt"] = "root@kube-w1:~# calicoctl node status\n" + node_status(
        [
            ("192.168.144.5", "start", "08:01:12", "Connect Socket: Connection refused"),
            ("192.168.144.7", "start", "08:01:12", "Passive"),
        ]
    )
    story.texts["status.txt"] += (
        "\nroot@kube-w1:~# ss -ltn '( sport = :179 or sport = :5473 )'\nState   Recv-Q  Send-Q   Local Address:Port   Peer Address:Port\n"
        "LISTEN  0       8              0.0.0.0:179         0.0.0.0:*\nLISTEN  0       4096                 *:5473              *:*\n"
        "root@kube-cp:~# nc -vz 192.168.144.6 179\nnc: connect to 192.168.144.6 port 179 (tcp) failed: Connection refused\n"
        "root@kube-cp:~# nc -vz 192.168.144.6 5473\nConnection to 192.168.144.6 5473 port [tcp/*] succeeded!\n"
        'root@kube-w1:~# iptables -S INPUT | head -4\n-P INPUT ACCEPT\n-A INPUT -m comment --comment "cali:Cz_u1IQiXIMmKD4c" -j cali-INPUT\n'
        "-A INPUT -m comment --comment weave-blk -p tcp -m tcp --dport 179 -j REJECT --reject-with tcp-reset\n-A INPUT -j KUBE-FIREWALL\n"
    )
    story.commands["pods.txt"] = "get pods -A -o wide"
    story.affected = names
    story.cite("status.txt", "--dport 179 -j REJECT")
    return story


def since_the_hardening(now: datetime) -> Incident:
    story = incident(
        "sessions-time-out-after-hardening",
        CAUSE,
        "On one worker all sessions ended with the hold timer and never came back, while its kubelet, felix and Typha connection go on.",
        "https://github.com/projectcalico/calico/issues/2905",
        now,
        difficulty="hard",
        platform="classic",
        calico="v3.27.3",
        kubernetes="v1.30.4+IKS",
    )
    nodes = story.workers([f"10.135.77.{n}" for n in (98, 101, 104, 105, 110, 117, 120, 123)])
    bad = nodes[5]
    rest = [n for n in nodes if n != bad]
    story.agents(rest[:2], restarts=4, last=("Error", 137, 2_000_000))
    story.agents(rest[2:])
    story.agents([bad], ready=False, started=1_600_000)
    story.not_established(story.pods[bad], rest, 20, 12_900, 430)
    story.describe(bad)
    log = story.quiet(15_600, 13_200, 300)
    for n in rest:
        log += [
            f"bird: Mesh_{n.replace('.', '_')}: {t}"
            for t in (
                "Error: Hold timer expired",
                "State changed to stop",
                "State changed to down",
                "Starting",
                "State changed to start",
            )
        ]
    log += story.quiet(12_800, 60, 420)
    story.log(story.pods[bad], log)
    story.log(
        story.pods[rest[0]],
        [
            *story.quiet(15_000, 13_100, 400),
            *(
                f"bird: Mesh_{bad.replace('.', '_')}: {t}"
                for t in (
                    "Received: Hold timer expired",
                    "State changed to stop",
                    "State changed to down",
                    "Starting",
                    "State changed to start",
                )
            ),
            *story.quiet(12_900, 60, 600),
        ],
    )
    story.texts["show-protocols.txt"] = (
        f"# kubectl exec -n calico-system {story.pods[bad]} -c calico-node -- birdcl show protocols\n"
        + protocols(
            [
                (
                    n,
                    "start",
                    "07:12:55",
                    "Passive       BGP Error: Hold timer expired"
                    if n > bad
                    else "Connect       BGP Error: Hold timer expired",
                )
                for n in rest
            ]
        )
    )
    story.affected = [bad]
    story.cite(f"{story.pods[bad]}.log", "Error: Hold timer expired")
    return story


def after_restart(now: datetime) -> Incident:
    story = incident(
        "host-is-unreachable-for-bgp-only",
        CAUSE,
        "One restarted node: all peers answer 'No route to host' to BGP (an ICMP reject) while kubelet and felix' datastore connection are fine.",
        "https://github.com/projectcalico/calico/issues/2486",
        now,
        difficulty="medium",
        platform="other",
        calico="v3.15.3",
        kubernetes="v1.18.9",
        registry="quay.io/calico",
        namespace="kube-system",
    )
    ips = {f"kspray-{n}": f"10.160.4.{20 + n}" for n in range(1, 7)}
    story.hosts(ips, runtime="docker://19.3.13", kernel="3.10.0-1127.19.1.el7.x86_64", os_image="CentOS Linux 7 (Core)")
    bad = "kspray-4"
    for node, address in ips.items():
        story.agents(
            [node],
            address=address,
            **({"ready": False, "restarts": 2, "started": 6400, "last": ("Error", 255, 6500)} if node == bad else {}),
        )
    peers = [a for n, a in ips.items() if n != bad]
    name = story.pods[bad]
    log = story.boot(bad, 6400, peers, (), interface="em1", prefix=24) + story.quiet(6300, 30, 400)
    story.log("", wrapped(story, log, "docker"), "docker-json.log")
    story.texts["node status from kspray-4.txt"] = node_status(
        [(p, "start", "09:19:40", "Passive" if p > ips[bad] else "Active Socket: No route to host") for p in peers]
    )
    story.texts["node status from kspray-1.txt"] = node_status(
        [
            (p, "up", story.ago(604800)[:10], "Established")
            if p != ips[bad]
            else (p, "start", "09:19:31", "Active Socket: No route to host")
            for p in ips.values()
            if p != ips["kspray-1"]
        ]
    )
    story.pod_event(
        name,
        "Unhealthy",
        "Liveness probe failed: calico/node is not ready: bird/confd is not live: exit status 1",
        6390,
        6396,
        1,
    )
    story.commands = {
        "nodes": "get nodes -o wide",
        "pods": "get pods -n kube-system -o wide",
        "describe": f"describe pod -n kube-system {name}",
    }
    story.affected = [bad]
    story.cite("node status from kspray-4.txt", "Active Socket: No route to")
    return story


def two_machines(now: datetime) -> Incident:
    story = incident(
        "two-bare-machines-that-only-differ-by-ufw",
        CAUSE,
        "Two nodes, both 0/1: each misses the other; ufw's block lines in the kernel journal name DPT=179 between them.",
        "https://github.com/projectcalico/calico/issues/9087",
        now,
        difficulty="medium",
        platform="other",
        calico="v3.28.1",
        kubernetes="v1.30.3",
        registry="docker.io/calico",
        namespace="kube-system",
    )
    ips = {"bare-a": "10.19.0.4", "bare-b": "10.19.0.5"}
    story.hosts(ips, age=5000)
    story.staff(ips, ready=False, started=4300, age=4350)
    for node, other in (("bare-a", "10.19.0.5"), ("bare-b", "10.19.0.4")):
        story.not_established(story.pods[node], [other], 6, 4250, 424)
        story.log(
            "",
            wrapped(
                story,
                story.boot(node, 4300, [other], (), prefix=24) + story.quiet(4200, 10, 300),
                "prefix",
                story.pods[node],
            ),
            f"{node}.log",
        )
        story.commands[f"{node}.describe"] = f"describe pod -n kube-system {story.pods[node]}"
    lines = []
    for i in range(18):
        lines.append(
            f"{story.syslog(900 - 40 * i)} bare-b kernel: [{181_200 + 40 * i}.{i:02}1734] [UFW BLOCK] IN=eno1 OUT= MAC=3c:ec:ef:aa:10:02:3c:ec:ef:aa:10:01:08:00 SRC=10.19.0.4 DST=10.19.0.5 LEN=60 TOS=0x00 PREC=0xC0 TTL=64 ID={4100 + i} DF PROTO=TCP SPT={33_011 + 97 * i} DPT=179 WINDOW=64240 RES=0x00 SYN URGP=0"
        )
        if i % 3 == 2:
            lines.append(
                f'{story.syslog(890 - 40 * i)} bare-b kubelet[1022]: I{story.stamp(0)[5:10].replace("-", "")} {story.stamp(890 - 40 * i)[11:19]}.110021    1022 prober.go:107] "Probe failed" probeType="Readiness" pod="kube-system/{story.pods["bare-b"]}" podUID="7c" containerName="calico-node" probeResult="failure"'
            )
    story.log("", lines, "syslog-bare-b")
    story.commands["pods.txt"] = "get pods -A -o wide"
    story.affected = ["bare-a", "bare-b"]
    story.cite("syslog-bare-b", "[UFW BLOCK]")
    return story


def syn_without_answer(now: datetime) -> Incident:
    story = incident("tcpdump-shows-only-the-first-packet", CAUSE, "Within one subnet ping works, but each SYN to port 179 of one worker stays without an answer (tcpdump).",
        "https://github.com/projectcalico/calico/blob/v3.28.2/node/pkg/health/health.go", now, difficulty="easy", platform="vpc", calico="v3.28.2")  # fmt: skip
    nodes = story.workers([f"10.241.64.{n}" for n in (11, 14, 15, 19)])
    bad, rest = nodes[3], nodes[:3]
    story.agents(rest)
    story.agents([bad], ready=False, started=9000)
    story.not_established(story.pods[bad], rest, 11, 8900, 890)
    story.describe(bad)
    head = "tcpdump: listening on ens3, link-type EN10MB (Ethernet), snapshot length 262144 bytes"
    flow = f"IP {rest[0]}.41873 > {bad}.179: Flags [S], seq 2715112093, win 64240, options [mss 1460,sackOK,TS val 88120{{}} ecr 0,nop,wscale 7], length 0"
    story.log("", [f"# on {bad}: tcpdump -ni ens3 host {rest[0]}", head, *(f"{story.stamp(500 - 2**i)[11:]} {flow.format(i)}" for i in range(7)),
        f"{story.stamp(300)[11:]} IP {rest[0]} > {bad}: ICMP echo request, id 7, seq 1, length 64", f"{story.stamp(299.99)[11:]} IP {bad} > {rest[0]}: ICMP echo reply, id 7, seq 1, length 64"], "tcpdump.txt")  # fmt: skip
    story.log(story.pods[bad], story.boot(bad, 9000, rest, ()) + story.quiet(8800, 30, 400))
    story.affected = [bad]
    story.cite("tcpdump.txt", f"{bad}.179: Flags [S]")
    return story


def nft_drop(now: datetime) -> Incident:
    story = incident("nftables-input-chain-without-bgp", CAUSE, "Two nodes have an nftables input chain that accepts a list of ports without 179 and drops the rest; kubelet and Typha go through.",
        "https://docs.tigera.io/calico/latest/getting-started/kubernetes/requirements", now, difficulty="hard", platform="other", calico="v3.27.2", kubernetes="v1.29.3", registry="quay.io/calico")  # fmt: skip
    ips = {f"el9-{n}": f"172.24.6.{n}" for n in (31, 32, 33, 34, 35)}
    story.hosts(ips, os_image="Rocky Linux 9.3 (Blue Onyx)", kernel="5.14.0-362.18.1.el9_3.x86_64")
    bad = ["el9-33", "el9-35"]
    story.staff({n: a for n, a in ips.items() if n not in bad})
    story.staff({n: ips[n] for n in bad}, ready=False, started=50_000, restarts=2, last=("Error", 137, 50_050))
    for node in bad:
        story.not_established(story.pods[node], [a for n, a in ips.items() if n != node], 9, 49_900, 4990)
        story.probe(story.pods[node], NOT_LIVE, 50_060, 50_080, 2, "Liveness")
        story.commands[f"{node}.describe.txt"] = f"describe pod -n calico-system {story.pods[node]}"
    story.texts["el9-33.nft.txt"] = (
        "table inet hostfw {\n\tchain input {\n\t\ttype filter hook input priority filter - 10; policy drop;\n\t\tct state established,related accept\n\t\tiifname \"lo\" accept\n"
        "\t\ticmp type echo-request accept\n\t\ttcp dport { 22, 443, 5473, 6443, 10250 } accept\n\t\tudp dport { 4789, 51820 } accept\n\t\tcounter packets 50412 bytes 3024720 drop\n\t}\n}\n"
    )  # fmt: skip
    story.texts["el9-33.birdcl.txt"] = protocols(
        [
            (a, "start", "03:11:02", "Connect" if a < ips["el9-33"] else "Passive")
            for n, a in ips.items()
            if n != "el9-33"
        ]
    )
    story.commands |= {"nodes.txt": "get nodes -o wide", "pods.txt": "get pods -n calico-system -o wide"}
    story.affected = bad
    story.cite("el9-33.nft.txt", "tcp dport { 22, 443, 5473, 6443, 10250 } accept")
    return story


def group_rules(now: datetime) -> Incident:
    story = incident("cloud-security-group-listing-lacks-179", CAUSE, "Self-managed nodes in one cloud subnet: the group's inbound rules name 22, 443, 5473, 10250 and IPIP, no BGP; all are 0/1.",
        "https://docs.tigera.io/calico/latest/reference/public-cloud/aws", now, difficulty="medium", platform="other", calico="v3.20.6", kubernetes="v1.21.14", registry="docker.io/calico", namespace="kube-system")  # fmt: skip
    ips = {f"ip-10-66-1-{n}": f"10.66.1.{n}" for n in (20, 41, 77)}
    story.hosts(ips, age=7000)
    story.staff(ips, ready=False, started=6500, age=6600)
    for node in ips:
        story.not_established(story.pods[node], [a for n, a in ips.items() if n != node], 7, 6400, 640)
    story.events("events.json", "get events -A -o json")
    rules = [
        ("tcp", "22", "0.0.0.0/0"),
        ("tcp", "443", "10.66.1.0/24"),
        ("tcp", "5473", "sg-0aa11"),
        ("tcp", "10250", "sg-0aa11"),
        ("4", "-1", "sg-0aa11"),
        ("tcp", "6443", "sg-0aa11"),
        ("icmp", "-1", "sg-0aa11"),
    ]
    story.log(
        "",
        [
            "# nodes are all in subnet-3c77 and have only group sg-0aa11",
            f"{'PROTO':8}{'PORT':8}SOURCE",
            *(f"{a:8}{b:8}{c}" for a, b, c in rules),
        ],
        "sg-inbound.txt",
    )
    story.log(
        story.pods["ip-10-66-1-41"],
        story.boot("ip-10-66-1-41", 6500, ["10.66.1.20", "10.66.1.77"], (), prefix=24) + story.quiet(6400, 30, 300),
    )
    story.commands |= {"nodes.txt": "get nodes -o wide", "pods.txt": "get pods -n kube-system -o wide"}
    story.affected = list(ips)
    story.cite("events.json", "BGP not established with")
    return story


def filtered(now: datetime) -> Incident:
    story = incident("port-scan-says-filtered", CAUSE, "From each node of the subnet 179 of one worker is 'filtered' while 10250 and 5473 are open; only the status and a scan were sent.",
        "https://github.com/projectcalico/calico/blob/v3.26.1/confd/etc/calico/confd/templates/bird.cfg.template", now, difficulty="medium", platform="classic", calico="v3.26.3", kubernetes="v1.28.7+IKS")  # fmt: skip
    nodes = story.workers([f"10.73.18.{n}" for n in (200, 204, 209, 211, 220)])
    bad = nodes[1]
    rest = [n for n in nodes if n != bad]
    story.agents(rest, restarts=1, last=("Completed", 0, 900_000))
    story.agents([bad], ready=False)
    story.texts["scan.txt"] = (
        f"# from {rest[0]}: nmap -Pn -p 179,5473,10250 {bad}\nNmap scan report for {bad}\nHost is up (0.00031s latency).\n\nPORT      STATE    SERVICE\n"
        "179/tcp   filtered bgp\n5473/tcp  open     apsolab-tags\n10250/tcp open     unknown\n\nNmap done: 1 IP address (1 host up) scanned in 1.42 seconds\n"
    )  # fmt: skip
    story.texts["node-status.txt"] = node_status(
        [(n, "up", story.ago(900_000)[:10], "Established") for n in rest[1:]] + [(bad, "start", "02:40:18", "Connect")]
    )
    story.texts["ss-on-the-worker.txt"] = (
        'LISTEN 0 8 0.0.0.0:179 0.0.0.0:* users:(("bird",pid=4411,fd=7))\nLISTEN 0 4096 127.0.0.1:9099 0.0.0.0:* users:(("calico-node",pid=4409,fd=11))\n'
    )
    story.commands |= {"nodes.txt": "get nodes -o wide", "pods.txt": "get pods -A -o wide"}
    story.affected = [bad]
    story.cite("scan.txt", "179/tcp   filtered bgp")
    return story


STORIES = [
    firewall_after_reboot,
    security_group,
    leftover_rules,
    since_the_hardening,
    after_restart,
    two_machines,
    syn_without_answer,
    nft_drop,
    group_rules,
    filtered,
]
