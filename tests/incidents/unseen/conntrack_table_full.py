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


STORIES = [ingress_host_drops_packets]
