"""conntrack-table-full: the kernel's connection table is full and drops packets at random."""

from __future__ import annotations

from datetime import datetime

from telling import Incident, incident, wrapped

FULL = "nf_conntrack: nf_conntrack: table full, dropping packet"


def probe_timeouts_on_gateway_worker(now: datetime) -> Incident:
    story = incident(
        "edge-worker-kernel-log-table-full", "conntrack-table-full",
        "The kernel log of the edge worker says that the connection table is full since the load test began; time-outs of probes "
        "and API calls follow.",
        "https://github.com/projectcalico/felix/issues/617", now, difficulty="easy", platform="classic", calico="v3.27.4",
        kubernetes="v1.29.10+IKS",
    )  # fmt: skip
    nodes = story.workers([f"10.176.54.{n}" for n in (196, 201, 207, 211)])
    bad = nodes[1]
    story.agents([n for n in nodes if n != bad])
    name = story.agents([bad], restarts=2, started=1000, last=("Error", 137, 1004))[0]
    story.pod_event(
        name,
        "Unhealthy",
        'Readiness probe failed: calico/node is not ready: felix is not ready: Get "http://localhost:9099/readiness": context deadline exceeded',
        100,
        5000,
        29,
    )
    story.pod_event(
        name,
        "Unhealthy",
        'Liveness probe failed: Get "http://localhost:9099/liveness": context deadline exceeded (Client.Timeout exceeded while awaiting headers)',
        130,
        5000,
        19,
    )
    log = [*story.boot(bad, 1000, [n for n in nodes if n != bad]), *story.quiet(980, 600)]
    for n in range(6):
        log.append(
            story.say(
                590 - 90 * n,
                "ERROR",
                61,
                "felix",
                "sync_client.go 283:",
                f'Failed to read from Typha. connID=0x{n + 1} connection=&discovery.Typha{{Addr:"10.176.54.207:5473"}} error=read tcp {bad}:38{n}10->10.176.54.207:5473: i/o timeout',
            )
        )
        log.append(
            story.say(
                588 - 90 * n,
                "INFO",
                61,
                "felix",
                "sync_client.go 211:",
                f'Successfully connected to Typha at 10.176.54.207:5473. myID=0x{n + 2} type=""',
            )
        )
    story.log(name, log)
    kern = []
    for n in range(30):
        kern.append(f"{story.syslog(5200 - 170 * n)} kube-edge-201 kernel: [1694413.{644 + n}132] {FULL}")
        if n % 4 == 0:
            kern.append(
                f"{story.syslog(5199 - 170 * n)} kube-edge-201 kernel: [1694418.{644 + n}132] net_ratelimit: {3100 + 57 * n} callbacks suppressed"
            )
    story.texts["kern.log"] = "\n".join(kern) + "\n"
    story.describe(bad)
    story.affected = [bad]
    story.cite("kern.log", "table full, dropping packet")
    return story


def bgp_hold_timers_expire(now: datetime) -> Incident:
    story = incident(
        "bgp-sessions-bounce-dmesg-explains", "conntrack-table-full",
        "BGP with everybody bounces on one worker at irregular times. Not the network: its dmesg shows the connection table full at "
        "exactly these times.",
        "https://github.com/projectcalico/calicoctl/pull/861", now, difficulty="hard", platform="other", calico="v3.22.1",
        kubernetes="v1.23.17", namespace="kube-system", registry="quay.io/calico",
    )  # fmt: skip
    hosts = {f"ingress-{n}": f"10.30.6.{100 + n}" for n in range(1, 7)}
    story.hosts(hosts, kernel="5.4.0-148-generic", os_image="Ubuntu 20.04.6 LTS")
    bad = "ingress-4"
    others = story.staff({name: at for name, at in hosts.items() if name != bad})
    name = story.staff({bad: hosts[bad]}, ready=False, started=800_000)[0]
    peers = [at for host, at in hosts.items() if host != bad]
    story.not_established(name, peers, 25, 7200, 31)
    for other in others[:3]:
        story.recreated(other, [hosts[bad]], 90, 4)
    log, dmesg = story.boot(bad, 800_000, peers), []
    for turn in range(5):
        ago = 5400 - 1200 * turn
        log += story.quiet(ago + 260, ago)
        for at in peers:
            session = f"bird: Mesh_{at.replace('.', '_')}"
            log += [
                f"{session}: Error: Hold timer expired",
                f"{session}: State changed to stop",
                f"{session}: State changed to down",
                f"{session}: Starting",
                f"{session}: State changed to start",
            ]
        if turn < 4:
            log += [f"bird: Mesh_{at.replace('.', '_')}: State changed to {s}" for at in peers for s in ("feed", "up")]
        dmesg += [
            f"[{story.syslog(ago + 200)} 2026] TCP: request_sock_TCP: Possible SYN flooding on port 443. Sending cookies.  Check SNMP counters."
        ]
        dmesg += [f"[{story.syslog(ago + 150 - 5 * n)} 2026] {FULL}" for n in range(9)]
    story.log(name, wrapped(story, log, "stamps", name))
    story.texts["dmesg-ingress-4.txt"] = "\n".join(dmesg) + "\n"
    story.describe(bad, name)
    story.commands[f"describe-pod-{others[0]}.txt"] = f"describe pod -n kube-system {others[0]}"
    story.affected = [bad]
    story.cite("dmesg-ingress-4.txt", "table full, dropping packet")
    return story


def node_event_and_dns(now: datetime) -> Incident:
    story = incident(
        "dns-pods-blamed-node-event-says-conntrack", "conntrack-table-full",
        "CoreDNS and calico-node both time out on one worker; the node problem detector's event on the worker names the reason.",
        "https://github.com/canonical/hotsos/issues/101", now, difficulty="medium", platform="other", calico="v3.29.1",
        kubernetes="v1.30.6", registry="quay.io/calico",
    )  # fmt: skip
    hosts = {f"gke-like-{n}": f"10.128.0.{30 + n}" for n in range(4)}
    story.hosts(hosts, kernel="6.1.100+", os_image="Container-Optimized OS from Google", runtime="containerd://1.7.22")
    pods = story.staff(hosts)
    bad = "gke-like-2"
    dns = story.other(
        "coredns-5d78c9869d-vv7pl",
        bad,
        ip="10.48.2.7",
        owner="ReplicaSet/coredns-5d78c9869d",
        ready=False,
        restarts=18,
        last=("Error", 137, 400),
    )
    story.pod_event(
        dns,
        "Unhealthy",
        'Liveness probe failed: Get "http://10.48.2.7:8080/health": context deadline exceeded (Client.Timeout exceeded while awaiting headers)',
        35,
        9000,
        77,
        namespace="kube-system",
    )
    story.pod_event(
        pods[2],
        "Unhealthy",
        'Readiness probe failed: command timed out: "/bin/calico-node -bird-ready -felix-ready" timed out after 10s',
        300,
        8800,
        4,
    )
    story.node_event(
        bad,
        "ConntrackFull",
        "kernel: nf_conntrack: nf_conntrack: table full, dropping packet",
        40,
        9000,
        214,
        source="kernel-monitor",
    )
    story.log(
        pods[2],
        [*story.boot(bad, 1_400_000, [at for host, at in hosts.items() if host != bad])[-15:], *story.quiet(1500, 30)],
    )
    story.describe(bad, pods[2])
    story.commands["describe-coredns.txt"] = f"describe pod -n kube-system {dns}"
    story.affected = [bad]
    story.cite(f"describe-node-{bad}.txt", "table full, dropping packet")
    return story


def only_counters(now: datetime) -> Incident:
    story = incident(
        "count-equals-max-on-two-workers", "conntrack-table-full",
        "Nothing logs it: the counters that were sent show nf_conntrack_count at nf_conntrack_max and drops rising on two workers.",
        "Linux Documentation/networking/nf_conntrack-sysctl.rst (nf_conntrack_count, nf_conntrack_max)", now, difficulty="hard", platform="vpc", calico="v3.28.2",
    )  # fmt: skip
    nodes = story.workers([f"10.240.72.{n}" for n in (11, 12, 13, 14, 15, 16)])
    pods = story.agents(nodes)
    bad = nodes[3:5]
    app = story.other(
        "checkout-6c8d8b7f5-2xw9m",
        bad[0],
        ip="172.17.114.22",
        namespace="shop",
        owner="ReplicaSet/checkout-6c8d8b7f5",
        ready=False,
    )
    story.pod_event(
        app,
        "Unhealthy",
        'Readiness probe failed: Get "http://172.17.114.22:8080/ready": dial tcp 172.17.114.22:8080: i/o timeout',
        14,
        4000,
        58,
        namespace="shop",
    )
    log = [*story.boot(bad[0], 1_400_000, [n for n in nodes if n != bad[0]])[-20:], *story.quiet(1300, 20)]
    story.log(pods[3], log)
    lines = []
    for node in nodes:
        full = node in bad
        lines += [
            f"== {node}",
            f"net.netfilter.nf_conntrack_count = {262144 if full else 31874 + int(node[-2:])}",
            "net.netfilter.nf_conntrack_max = 262144",
            "net.netfilter.nf_conntrack_buckets = 65536",
        ]
        for cpu in range(2):
            lines.append(
                f"cpu={cpu}   \tfound=4411 invalid=1193 insert=0 insert_failed={88213 if full else 0} drop={91022 + cpu if full else 0} early_drop={713307 if full else 0} error=0 search_restart=11"
            )
    story.texts["conntrack.txt"] = "\n".join(lines) + "\n"
    story.describe(bad[0])
    story.commands["describe-checkout.txt"] = f"describe pod -n shop {app}"
    story.affected = bad
    story.cite("conntrack.txt", "net.netfilter.nf_conntrack_count = 262144")
    return story


def journal_of_a_vpc_worker(now: datetime) -> Incident:
    story = incident(
        "worker-journal-drops-since-the-crawler", "conntrack-table-full",
        "The journal of two workers is full of 'table full, dropping packet' since a crawler was deployed there; DNS and Typha "
        "time-outs are its effect.",
        "https://github.com/canonical/hotsos/issues/101 (journal form)", now, difficulty="easy", platform="vpc", calico="v3.29.3",
        kubernetes="v1.32.3+IKS",
    )  # fmt: skip
    nodes = story.workers([f"10.254.7.{n}" for n in (21, 22, 23, 24, 25)])
    bad = nodes[1:3]
    pods = story.agents(nodes)
    for node, suffix in zip(bad, ("hm4xz", "w9k2d"), strict=True):
        story.other(
            f"crawler-7f6b9d8c5-{suffix}",
            node,
            ip="172.17.90.4",
            namespace="data",
            owner="ReplicaSet/crawler-7f6b9d8c5",
            age=9000,
        )
    for name in pods[1:3]:
        story.pod_event(
            name,
            "Unhealthy",
            'Readiness probe failed: calico/node is not ready: felix is not ready: Get "http://localhost:9099/readiness": context deadline exceeded',
            300,
            8000,
            12,
        )
    story.log(pods[1], [*story.boot(bad[0], 86_400, [n for n in nodes if n != bad[0]])[-10:], *story.quiet(1500, 20)])
    lines = []
    for n in range(24):
        lines.append(f"{story.syslog(2400 - 90 * n)} kube-worker-22 kernel: {FULL}")
        if n % 3 == 0:
            lines.append(
                f'{story.syslog(2399 - 90 * n)} kube-worker-22 kubelet[1320]: E{now:%m%d} prober.go:107] "Probe failed" probeType="Readiness" pod="data/crawler-7f6b9d8c5-hm4xz" probeResult="failure" output="dial tcp 172.17.90.4:8080: i/o timeout"'
            )
    story.texts["journalctl.txt"] = "\n".join(lines) + "\n"
    story.describe(bad[0])
    story.affected = bad
    story.cite("journalctl.txt", "table full, dropping packet")
    return story


STORIES = [
    probe_timeouts_on_gateway_worker,
    bgp_hold_timers_expire,
    node_event_and_dns,
    journal_of_a_vpc_worker,
    only_counters,
]
