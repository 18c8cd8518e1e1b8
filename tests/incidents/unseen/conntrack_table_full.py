"""conntrack-table-full: told without having seen the rules."""

from __future__ import annotations

from datetime import datetime

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


STORIES = [ingress_host_drops_packets, monitoring_asks_for_too_many_names]
