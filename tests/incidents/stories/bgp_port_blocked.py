"""bgp-port-blocked: something between healthy workers stops TCP 179."""

from __future__ import annotations

from datetime import datetime

from telling import Incident, incident, node_status, protocols, wrapped

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


STORIES = [firewall_after_reboot, security_group, leftover_rules, since_the_hardening, after_restart, two_machines]
