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


def alert_fired(now: datetime) -> Incident:
    story = incident(
        "prometheus-alert-conntrack-limit",
        "conntrack-table-full",
        "The alert list that was sent says that the conntrack entries of two workers are at 100 % of the limit; probes there time out at random, all calico pods are ready.",
        "https://github.com/prometheus-operator/kube-prometheus (NodeHighNumberConntrackEntriesUsed), node_exporter conntrack collector",
        now,
        difficulty="medium",
        platform="vpc",
        calico="v3.29.3",
        kubernetes="v1.31.9+IKS",
    )
    nodes = story.workers([f"10.246.12.{n}" for n in (4, 5, 6, 7)])
    pods = story.agents(nodes)
    bad = nodes[:2]
    for name in pods[:2]:
        story.pod_event(
            name,
            "Unhealthy",
            'Liveness probe failed: Get "http://localhost:9099/liveness": context deadline exceeded (Client.Timeout exceeded while awaiting headers)',
            400,
            9000,
            6,
        )
    story.texts["alerts.txt"] = (
        "\n".join(
            [
                "ALERTNAME                            STATE    SINCE     INSTANCE          VALUE    DESCRIPTION",
                *[
                    f"NodeHighNumberConntrackEntriesUsed   firing   01:12:40  {n}:9100   1.0000   100.00% of conntrack entries are used."
                    for n in bad
                ],
                f"TargetDown                           pending  00:03:10  {bad[0]}:10250  1        3.1% of the kubelet targets are down.",
                "Watchdog                             firing   412:10:0  -                 1        This is an alert meant to ensure that the entire alerting pipeline is functional.",
            ]
        )
        + "\n"
    )
    story.texts["node-metrics.txt"] = "".join(
        f'node_nf_conntrack_entries{{instance="{n}:9100"}} {262144 if n in bad else 40122}\nnode_nf_conntrack_entries_limit{{instance="{n}:9100"}} 262144\n'
        for n in nodes
    )
    story.log(pods[0], [*story.boot(nodes[0], 1_200_000, nodes[1:])[-8:], *story.quiet(1500, 10)])
    story.describe(nodes[0])
    story.affected = bad
    story.cite("alerts.txt", "100.00% of conntrack entries are used")
    return story


def in_a_netns(now: datetime) -> Incident:
    story = incident(
        "table-full-in-netns-newer-kernel",
        "conntrack-table-full",
        "The newest kernel names the namespace: 'table full in netns ..., dropping packet' on one host since a DNS flood; BGP with all others expires now and then.",
        "Linux net/netfilter/nf_conntrack_core.c (table full in netns)",
        now,
        difficulty="easy",
        platform="other",
        calico="v3.30.2",
        kubernetes="v1.33.2+rke2r1",
        registry="docker.io/rancher/mirrored-calico",
    )
    hosts = {f"gw-{n}": f"172.18.7.{30 + n}" for n in (1, 2, 3, 4, 5)}
    bad = "gw-3"
    story.hosts(
        hosts,
        kernel="6.16.3-200.fc42.x86_64",
        os_image="Fedora Linux 42 (Server Edition)",
        runtime="containerd://2.0.5-k3s1",
    )
    story.staff({k: v for k, v in hosts.items() if k != bad})
    name = story.staff({bad: hosts[bad]}, ready=False)[0]
    peers = [v for k, v in hosts.items() if k != bad]
    story.not_established(name, peers[:3], 20, 4000, 70, established=1)
    lines = []
    for n in range(26):
        lines.append(
            f"{story.syslog(4100 - 150 * n)} gw-3 kernel: nf_conntrack: nf_conntrack: table full in netns 4026531840, dropping packet"
        )
        if n % 5 == 2:
            lines += [
                f"{story.syslog(4099 - 150 * n)} gw-3 kernel: net_ratelimit: {2011 + n} callbacks suppressed",
                f'{story.syslog(4090 - 150 * n)} gw-3 rke2[1991]: I{now:%m%d} trace.go:236] Trace[88{n}]: "DeltaFIFO Pop Process" ID:kube-system/x,Depth:12 (total time: 214ms)',
            ]
    story.log("journal", lines, "journal-gw-3.txt")
    log = story.boot(bad, 1_700_000, peers)[-9:]
    for at in peers[:3]:
        log += [
            f"bird: Mesh_{at.replace('.', '_')}: {t}"
            for t in (
                "Error: Hold timer expired",
                "State changed to stop",
                "State changed to down",
                "Starting",
                "State changed to start",
            )
        ]
    story.log(name, [*log, *story.quiet(1300, 10)])
    story.describe(bad, name)
    story.affected = [bad]
    story.cite("journal-gw-3.txt", "table full in netns")
    return story


def once_in_a_long_journal(now: datetime) -> Incident:
    story = incident(
        "one-line-between-audit-and-crio",
        "conntrack-table-full",
        "In the worker's long journal the kernel says twice that the connection table is full; what is loud is Typha's reconnecting and a router pod that restarts on the same worker.",
        "OpenShift sosreport journal form of nf_conntrack: table full",
        now,
        difficulty="hard",
        platform="roks",
        calico="v3.27.4",
        kubernetes="v1.29.11+ef2a55c",
    )
    nodes = story.workers(
        [f"10.190.21.{n}" for n in (8, 9, 10, 15)],
        os_image="Red Hat Enterprise Linux 8.10 (Ootpa)",
        kernel="4.18.0-553.22.1.el8_10.x86_64",
        runtime="cri-o://1.29.11",
    )
    bad = nodes[3]
    story.agents([n for n in nodes if n != bad])
    name = story.agents([bad])[0]
    router = story.other(
        "router-default-7b9c6d5f8-pk4mz",
        bad,
        namespace="openshift-ingress",
        owner="ReplicaSet/router-default-7b9c6d5f8",
        ready=False,
        restarts=19,
        last=("Error", 137, 300),
        started=290,
    )
    story.pod_event(
        router,
        "ProbeError",
        'Readiness probe error: Get "http://localhost:1936/healthz/ready": dial tcp [::1]:1936: i/o timeout',
        40,
        6000,
        77,
        namespace="openshift-ingress",
    )
    lines = []
    for n in range(32):
        at = f"{story.syslog(3200 - 95 * n)} kube-w15 "
        lines += [
            at + f"audit[{2011 + n}]: NETFILTER_CFG table=nat family=2 entries=2{n:02}1",
            at
            + f'crio[2418]: time="{story.ago(3200 - 95 * n)}" level=info msg="Checking image status: quay.example.com/app:{n}" id=7f{n}0a name=/runtime.v1.ImageService/ImageStatus',
        ]
        if n in (9, 23):
            lines.append(at + f"kernel: {FULL}")
    story.log("journal", lines, "journal-w15.txt")
    log = story.quiet(3300, 2500)
    for n in range(4):
        log += [
            story.say(
                2400 - 600 * n,
                "ERROR",
                61,
                "felix",
                "sync_client.go 403:",
                f'Failed to read from server connection=&discovery.Typha{{Addr:"{nodes[0]}:5473"}} error=read tcp {bad}:4{n}118->{nodes[0]}:5473: i/o timeout myID=0x{n + 2} type=""',
            ),
            story.say(
                2397 - 600 * n,
                "INFO",
                61,
                "felix",
                "sync_client.go 211:",
                f'Successfully connected to Typha at {nodes[1]}:5473. myID=0x{n + 3} type=""',
            ),
            *story.quiet(2300 - 600 * n, 1900 - 600 * n),
        ]
    story.log(name, log)
    story.describe(bad)
    story.commands["describe-router.txt"] = f"describe pod -n openshift-ingress {router}"
    story.affected = [bad]
    story.cite("journal-w15.txt", "table full, dropping packet")
    return story


def small_limit(now: datetime) -> Incident:
    story = incident(
        "tuned-down-to-sixty-five-thousand",
        "conntrack-table-full",
        "Somebody's tuning daemonset set nf_conntrack_max to 65536: kube-proxy logs what it wanted, and the sysctl dump shows the count at that limit on the busy host. Its calico-node fails probes by turns.",
        "Linux Documentation/networking/nf_conntrack-sysctl.rst; kube-proxy conntrack.go",
        now,
        difficulty="hard",
        platform="other",
        calico="v3.24.1",
        kubernetes="v1.25.9",
        namespace="kube-system",
        registry="quay.io/calico",
    )
    hosts = {f"app{n}": f"10.111.5.{n}" for n in (21, 22, 23, 24, 25, 26)}
    bad = "app24"
    story.hosts(hosts)
    for i, node in enumerate(hosts):
        story.other(f"node-tuning-{'bcdfgh'[i]}8v2k", node, namespace="ops", app="node-tuning", age=20_000)
        story.other(f"kube-proxy-{'bcdfgh'[i]}5t9w", node, app="kube-proxy", image="registry.k8s.io/kube-proxy:v1.25.9")
    story.staff({k: v for k, v in hosts.items() if k != bad})
    name = story.staff({bad: hosts[bad]}, restarts=4, started=5000, last=("Error", 137, 5005))[0]
    story.pod_event(
        name,
        "Unhealthy",
        'Readiness probe failed: calico/node is not ready: felix is not ready: Get "http://localhost:9099/readiness": context deadline exceeded',
        120,
        19_000,
        58,
    )
    story.not_established(name, [hosts["app21"]], 4960, 4990, 2, established=4)
    story.texts["sysctl-netfilter-app24.txt"] = (
        "net.netfilter.nf_conntrack_buckets = 16384\nnet.netfilter.nf_conntrack_count = 65536\nnet.netfilter.nf_conntrack_expect_max = 1024\nnet.netfilter.nf_conntrack_generic_timeout = 600\nnet.netfilter.nf_conntrack_max = 65536\nnet.netfilter.nf_conntrack_tcp_timeout_established = 86400\n"
    )
    story.texts["sysctl-netfilter-app21.txt"] = story.texts["sysctl-netfilter-app24.txt"].replace(
        "count = 65536", "count = 9120"
    )
    story.texts["kube-proxy-app24.log"] = (
        'I1101 07:10:11.401233       1 conntrack.go:52] "Setting nf_conntrack_max" nf_conntrack_max=524288\nI1101 07:10:11.401390       1 conntrack.go:100] "Set sysctl" entry="net/netfilter/nf_conntrack_tcp_timeout_established" value=86400\nI1101 07:10:11.402118       1 config.go:317] "Starting service config controller"\n'
    )
    story.log(name, [*story.boot(bad, 5000, [v for k, v in hosts.items() if k != bad]), *story.quiet(1500, 10)])
    story.describe(bad, name)
    story.affected = [bad]
    story.cite("sysctl-netfilter-app24.txt", "net.netfilter.nf_conntrack_count = 65536")
    return story


STORIES = [
    probe_timeouts_on_gateway_worker,
    bgp_hold_timers_expire,
    node_event_and_dns,
    journal_of_a_vpc_worker,
    only_counters,
    in_a_netns,
    alert_fired,
    once_in_a_long_journal,
    small_limit,
]
