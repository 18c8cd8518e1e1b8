"""conntrack-table-full: told without having seen the rules."""

from __future__ import annotations

from datetime import datetime, timedelta

from telling import Incident, incident

CAUSE = "conntrack-table-full"


def ingress_host_drops_packets(now: datetime) -> Incident:
    story = incident(
        "ingress-worker-health-checks-time-out",
        CAUSE,
        "On the worker of the ingress controller the kernel drops packets because the connection table is full; http probes of pods time out and they restart, calico-node's felix loses its API watch now and then. Only this worker.",
        "https://github.com/kubernetes/kubernetes/issues/71261",
        now,
        platform="other",
        calico="v3.8.2",
        kubernetes="v1.15.3",
        namespace="kube-system",
        registry="calico",
        difficulty="easy",
    )
    hosts = {f"web-k8s-{n}": f"10.9.112.{n}" for n in (61, 62, 63, 64)}
    story.hosts(hosts, os_image="CentOS Linux 7 (Core)", kernel="3.10.0-957.27.2.el7.x86_64", runtime="docker://18.9.8")
    story.staff(hosts, started=1_500_000)
    bad = "web-k8s-62"
    name = story.pods[bad]
    ingress = story.other(
        "nginx-ingress-controller-6c8b7d9f5-4jx2m",
        bad,
        "10.233.90.18",
        "ingress-nginx",
        "ReplicaSet/nginx-ingress-controller-6c8b7d9f5",
        ready=False,
        restarts=27,
        last=("Error", 143, 210),
        started=205,
    )
    story.pod_event(
        ingress,
        "Unhealthy",
        "Liveness probe failed: Get http://10.233.90.18:10254/healthz: net/http: request canceled (Client.Timeout exceeded while awaiting headers)",
        40,
        8000,
        88,
        namespace="ingress-nginx",
    )
    story.probe(
        name,
        "felix is not ready: Get http://localhost:9099/readiness: net/http: request canceled (Client.Timeout exceeded while awaiting headers)",
        300,
        7000,
        6,
    )
    log = story.quiet(7000, 5000, 300)
    for i in range(3):
        log += [
            story.line(
                4000 - 1200 * i,
                "INFO",
                61,
                "watchercache.go 96:",
                'Watch channel closed by remote - recreate watcher ListRoot="/calico/resources/v3/projectcalico.org/networkpolicies"',
            ),
            *story.quiet(3900 - 1200 * i, 3000 - 1200 * i, 300),
        ]
    story.log(name, log)
    stamps = [(now.timestamp() - 900 + 37 * i) for i in range(16)]
    story.texts["dmesg-web-k8s-62.txt"] = "".join(
        f"[{datetime.fromtimestamp(t, now.tzinfo).strftime('%a %b %d %H:%M:%S %Y')}] nf_conntrack: table full, dropping packet\n"
        for s in stamps
        for t in (s, s + 1)
    )
    story.describe(bad, name)
    story.commands["describe-ingress.txt"] = f"describe pod -n ingress-nginx {ingress}"
    story.affected = [bad]
    story.cite("dmesg-web-k8s-62.txt", "nf_conntrack: table full, dropping packet")
    return story


def monitoring_asks_for_too_many_names(now: datetime) -> Incident:
    story = incident(
        "name-look-ups-fail-on-the-worker-of-the-monitoring",
        CAUSE,
        "ROKS: a monitoring scraper makes so many short look-ups that the connection table of its worker is full; the cluster's DNS pod on the same worker and calico-node's API calls time out there. The node's kernel log says so between other lines.",
        "https://github.com/zalando-incubator/kubernetes-on-aws/pull/1244",
        now,
        platform="roks",
        calico="v3.27.3",
        kubernetes="v1.29.7+4510e9c",
        difficulty="medium",
    )
    rhel = {
        "os_image": "Red Hat Enterprise Linux 8.10 (Ootpa)",
        "kernel": "4.18.0-553.16.1.el8_10.x86_64",
        "runtime": "cri-o://1.29.7",
    }
    nodes = story.workers([f"10.208.66.{n}" for n in (35, 41, 42, 50, 59)], **rhel)
    story.agents(nodes, started=1_300_000)
    bad = nodes[3]
    name = story.pods[bad]
    story.typha(nodes[0])
    dns = story.other(
        "dns-default-x8p2k",
        bad,
        "172.17.66.9",
        "openshift-dns",
        "DaemonSet/dns-default",
        app="dns-default",
        restarts=3,
        last=("Error", 137, 1500),
        started=1490,
    )
    story.pod_event(
        dns,
        "Unhealthy",
        'Readiness probe failed: Get "http://172.17.66.9:8181/ready": context deadline exceeded (Client.Timeout exceeded while awaiting headers)',
        70,
        9000,
        60,
        namespace="openshift-dns",
    )
    story.other("zmon-scheduler-5d6f8c7b9-hx4mz", bad, "172.17.66.21", "zmon", "ReplicaSet/zmon-scheduler-5d6f8c7b9")
    log = story.quiet(8000, 6100, 300)
    for i in range(3):
        at = 6000 - 1900 * i
        log += [
            "W"
            + story.klog(at)
            + '      62 reflector.go:539] k8s.io/client-go@v0.29.6/tools/cache/reflector.go:229: failed to list *v1.Service: Get "https://172.21.0.1:443/api/v1/services?resourceVersion=91120441": dial tcp 172.21.0.1:443: i/o timeout',
            story.say(
                at - 20,
                "WARNING",
                62,
                "confd",
                "sync_client.go 172:",
                "read tcp 10.208.66.50:50122->10.208.66.35:5473: i/o timeout",
            ),
            story.say(
                at - 22,
                "INFO",
                62,
                "confd",
                "sync_client.go 208:",
                'Successfully connected to Typha at 10.208.66.35:5473 after 11.4ms. myID=0x2 type="bgp"',
            ),
            *story.quiet(at - 300, at - 1800, 400),
        ]
    story.log(name, log)
    journal = []
    for i in range(18):
        at = 1700 - 90 * i
        journal.append(
            f"{story.syslog(at)} kube-cr0roks-default-000003a1 kernel: nf_conntrack: nf_conntrack: table full, dropping packet"
        )
        if i % 4 == 0:
            journal.append(
                f"{story.syslog(at - 3)} kube-cr0roks-default-000003a1 kernel: net_ratelimit: {311 + 7 * i} callbacks suppressed"
            )
        if i % 5 == 1:
            journal.append(
                f"{story.syslog(at - 9)} kube-cr0roks-default-000003a1 kernel: IPv6: ADDRCONF(NETDEV_CHANGE): eth0: link becomes ready"
            )
    story.log("x", journal, "oc-adm-node-logs-kernel.txt")
    story.describe(bad)
    story.commands["describe-dns-default.txt"] = f"describe pod -n openshift-dns {dns}"
    story.affected = [bad]
    story.cite("oc-adm-node-logs-kernel.txt", "table full, dropping packet")
    return story


# told on 29 November 2026 without having seen the rules
def exporter_output_of_all_workers(now: datetime) -> Incident:
    story = incident(
        "scraped-metrics-show-one-table-at-its-limit",
        CAUSE,
        "Self-managed Calico on Azure machines: felix and confd of one worker lose Typha and the API in short bursts, CoreDNS there answers late, its probes fail by turns. No kernel log was sent; the node exporter's raw output of the workers shows entries at the limit and millions of drops on that worker only.",
        "https://github.com/projectcalico/calico/issues/8676",
        now,
        platform="other",
        calico="v3.27.2",
        kubernetes="v1.28.9",
        registry="quay.io/calico",
        difficulty="hard",
    )
    hosts = {f"aks-own-{n}": f"10.224.1.{n}" for n in (4, 5, 6, 7)}
    bad = "aks-own-6"
    story.hosts(hosts, os_image="Ubuntu 22.04.4 LTS", kernel="5.15.0-1061-azure", runtime="containerd://1.7.15")
    story.staff(hosts, started=1_650_000)
    name = story.pods[bad]
    story.typha("aks-own-4", started=1_600_000)
    story.typha("aks-own-7", "zp4wd", started=1_600_000)
    dns = story.other(
        "coredns-5d78c9869d-7wq4f",
        bad,
        "10.244.130.7",
        owner="ReplicaSet/coredns-5d78c9869d",
        app="coredns",
        image="registry.k8s.io/coredns/coredns:v1.10.1",
        restarts=4,
        last=("Error", 137, 2_900),
        started=2_890,
    )
    story.pod_event(
        dns,
        "Unhealthy",
        'Liveness probe failed: Get "http://10.244.130.7:8080/health": dial tcp 10.244.130.7:8080: i/o timeout (Client.Timeout exceeded while awaiting headers)',
        310,
        16_000,
        37,
        namespace="kube-system",
    )
    story.other(
        "webhook-relay-6b7f9c5d8-hx2kp",
        bad,
        "10.244.130.31",
        "edge",
        "ReplicaSet/webhook-relay-6b7f9c5d8",
        age=17_000,
        started=16_990,
    )
    story.probe(
        name,
        'felix is not ready: Get "http://localhost:9099/readiness": context deadline exceeded (Client.Timeout exceeded while awaiting headers)',
        800,
        15_500,
        9,
    )
    log = story.quiet(15_800, 13_200, 420)
    for i, at in enumerate((13_050, 9_400, 6_020, 2_870, 790)):
        log += [
            story.say(
                at,
                "ERROR",
                61,
                "felix",
                "sync_client.go 400:",
                f'Failed to read from server connection=&discovery.Typha{{Addr:"10.224.1.7:5473", IP:"10.224.1.7", NodeName:(*string)(0xc0006be0f0)}} error=read tcp 10.224.1.6:{40112 + i}->10.224.1.7:5473: i/o timeout myID=0x{i + 1} type=""',
            ),
            story.say(
                at - 0.1,
                "INFO",
                61,
                "felix",
                "sync_client.go 221:",
                f'Typha connection failed but client callback is restart-aware.  Restarting connection... myID=0x{i + 1} type=""',
            ),
            story.say(
                at - 10,
                "WARNING",
                61,
                "felix",
                "sync_client.go 205:",
                f'Failed to connect to typha endpoint 10.224.1.7:5473.  Will try another if available... error=dial tcp 10.224.1.7:5473: i/o timeout myID=0x{i + 2} type=""',
            ),
            story.say(
                at - 12,
                "INFO",
                61,
                "felix",
                "sync_client.go 208:",
                f'Successfully connected to Typha at 10.224.1.4:5473 after 1.{i}04s. myID=0x{i + 2} type=""',
            ),
            *story.quiet(at - 60, at - 640, 290),
        ]
    story.log(name, log)
    for node, (entries, drop, early, found) in {
        "aks-own-4": (18211, 0, 0, 3),
        "aks-own-5": (22876, 0, 0, 1),
        bad: (131072, 4_118_306, 77, 12),
        "aks-own-7": (16904, 0, 0, 2),
    }.items():
        story.texts[f"node-exporter/{node}.prom"] = (
            "# HELP node_memory_MemAvailable_bytes Memory information field MemAvailable_bytes.\n# TYPE node_memory_MemAvailable_bytes gauge\n"
            f"node_memory_MemAvailable_bytes {9.1 - entries / 2e6:.6f}e+09\n"
            "# HELP node_nf_conntrack_entries Number of currently allocated flow entries for connection tracking.\n# TYPE node_nf_conntrack_entries gauge\n"
            f"node_nf_conntrack_entries {entries}\n"
            "# HELP node_nf_conntrack_entries_limit Maximum size of connection tracking table.\n# TYPE node_nf_conntrack_entries_limit gauge\n"
            "node_nf_conntrack_entries_limit 131072\n"
            "# HELP node_nf_conntrack_stat_drop Number of packets dropped due to conntrack failure.\n# TYPE node_nf_conntrack_stat_drop gauge\n"
            f"node_nf_conntrack_stat_drop {drop}\n"
            "# HELP node_nf_conntrack_stat_early_drop Number of dropped conntrack entries to make room for new ones, if maximum table size was reached.\n# TYPE node_nf_conntrack_stat_early_drop gauge\n"
            f"node_nf_conntrack_stat_early_drop {early}\nnode_nf_conntrack_stat_found {found}\nnode_nf_conntrack_stat_insert_failed {found * 41}\n"
            "# HELP node_network_receive_drop_total Network device statistic receive_drop.\n# TYPE node_network_receive_drop_total counter\n"
            'node_network_receive_drop_total{device="eth0"} 0\n'
        )
    story.describe(bad)
    story.commands["describe-coredns.txt"] = f"describe pod -n kube-system {dns}"
    story.affected = [bad]
    story.cite(f"node-exporter/{bad}.prom", "node_nf_conntrack_entries 131072")
    return story


def counted_with_conntrack_tools(now: datetime) -> Incident:
    story = incident(
        "conntrack-tool-counts-as-many-as-the-table-holds",
        CAUSE,
        "RKE2 edge host behind a syslog collector: new connections of all pods and of calico-node fail now and then. The engineer's session shows dmesg's line, 65536 entries of at most 65536, and drops on each processor, most of the flows being UDP 514.",
        "https://github.com/rancher/rke2/issues/3924",
        now,
        platform="other",
        calico="v3.24.5",
        kubernetes="v1.25.9+rke2r1",
        registry="docker.io/rancher/mirrored-calico",
        difficulty="easy",
    )
    hosts = {f"mines-{n}": f"192.168.77.{30 + n}" for n in (1, 2, 3)}
    bad = "mines-2"
    story.hosts(
        hosts, os_image="SLE Micro 5.4", kernel="5.14.21-150400.24.60-default", runtime="containerd://1.6.19-k3s1"
    )
    story.staff(hosts, started=1_500_000)
    name = story.pods[bad]
    story.other(
        "syslog-collector-0",
        bad,
        "10.42.88.19",
        "logging",
        "StatefulSet/syslog-collector",
        app="syslog-collector",
        age=90_000,
        started=89_950,
    )
    story.probe(
        name,
        'felix is not ready: Get "http://localhost:9099/readiness": context deadline exceeded (Client.Timeout exceeded while awaiting headers)',
        190,
        70_000,
        14,
    )
    log = story.quiet(9_000, 5_000, 500)
    for at in (4_700, 2_600, 180):
        log += [
            f'W{story.klog(at)}      62 reflector.go:424] pkg/mod/k8s.io/client-go@v0.25.7/tools/cache/reflector.go:169: failed to list *v1.EndpointSlice: Get "https://10.43.0.1:443/apis/discovery.k8s.io/v1/endpointslices?resourceVersion=50119244": dial tcp 10.43.0.1:443: i/o timeout',
            *story.quiet(at - 70, at - 171, 100),
        ]
    story.log(name, log)
    t = (now - timedelta(seconds=400)).strftime("%a %b %e %H:%M:%S %Y")
    story.texts["session.txt"] = (
        "mines-2:~ # conntrack -C\n65536\nmines-2:~ # cat /proc/sys/net/netfilter/nf_conntrack_max\n65536\nmines-2:~ # conntrack -S\n"
        + "".join(
            f"cpu={c}   \tfound={311 + 7 * c} invalid={9021 + 13 * c} insert=0 insert_failed={88 + c} drop={d} early_drop={e} error=0 search_restart={1201 + 9 * c} clash_resolve=0 chaintoolong=0 \n"
            for c, d, e in ((0, 718822, 4), (1, 702114, 1), (2, 731097, 0), (3, 690551, 7))
        )
        + "mines-2:~ # conntrack -L 2>/dev/null | awk '{print $1, $NF}' >/tmp/l; conntrack -L -p udp 2>/dev/null | grep -c 'dport=514 '\n61877\n"
        "mines-2:~ # conntrack -L >/dev/null\nconntrack v1.4.5 (conntrack-tools): 65536 flow entries have been shown.\n"
        f"mines-2:~ # dmesg -T | tail -3\n[{t}] nf_conntrack: nf_conntrack: table full, dropping packet\n[{t}] nf_conntrack: nf_conntrack: table full, dropping packet\n[{t}] net_ratelimit: 1893 callbacks suppressed\n"
    )
    story.describe(bad)
    story.affected = [bad]
    story.cite("session.txt", "nf_conntrack: table full, dropping packet")
    return story


STORIES = [
    ingress_host_drops_packets,
    monitoring_asks_for_too_many_names,
    exporter_output_of_all_workers,
    counted_with_conntrack_tools,
]
