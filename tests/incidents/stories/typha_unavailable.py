"""typha-unavailable: Typha is down, missing or cannot be reached on 5473."""

from __future__ import annotations

from datetime import datetime

from telling import FELIX_503, SOCKET, Incident, incident

CAUSE = "typha-unavailable"


def hangs(now: datetime) -> Incident:
    story = incident(
        "typha-is-ready-and-takes-no-connection",
        CAUSE,
        "Typha is 1/1, but nothing new gets through to it: each calico-node that was restarted ends with a timeout at its address. Those that were connected go on.",
        "https://github.com/projectcalico/typha/issues/345",
        now,
        platform="other",
        calico="v3.8.4",
        kubernetes="v1.15.6",
        registry="docker.io/calico",
        namespace="kube-system",
        difficulty="medium",
    )
    hosts = {f"wsb-{n}": f"10.180.77.{n}" for n in (10, 11, 12, 13, 14, 15)}
    story.hosts(hosts, runtime="docker://18.9.7", os_image="CentOS Linux 7 (Core)", kernel="3.10.0-1062.el7.x86_64")
    story.typha("wsb-11", restarts=0, started=9_000_000)
    bad = ["wsb-13", "wsb-14", "wsb-15"]
    story.staff({k: v for k, v in hosts.items() if k not in bad})
    for i, node in enumerate(bad):
        name = story.staff(
            {node: hosts[node]}, ready=False, restarts=4, started=1800, last=("Error", 137, 1810), age=5000
        )[0]
        story.probe(name, SOCKET.replace("/var/run/calico", "/var/run/bird"), 9 + i, 4800, 470)
        story.probe(name, FELIX_503, 12 + i, 4800, 300)
        lines = story.old_boot(node, 1800, bird=False)[:17]
        for n in range(22):
            lines += [
                story.line(
                    1790 - 80 * n, "INFO", 90 + n, "config.go 60:", "Found FELIX_TYPHAK8SSERVICENAME=calico-typha"
                ),
                story.line(
                    1790 - 80 * n, "INFO", 90 + n, "client.go 160:", 'Connecting to Typha. addr="100.67.253.90:5473"'
                ),
                story.line(
                    1760 - 80 * n,
                    "FATAL",
                    90 + n,
                    "client.go 165:",
                    "Failed to connect to Typha error=dial tcp 100.67.253.90:5473: i/o timeout",
                ),
            ]
        story.log(name, lines)
    story.describe("wsb-14")
    story.affected = bad
    story.cite(f"{name}.log", "Failed to connect to Typha error=dial tcp 100.67.253.90:5473: i/o timeout")
    return story


def closed_for_one_group(now: datetime) -> Incident:
    story = incident(
        "third-node-is-in-a-group-that-may-not-use-5473",
        CAUSE,
        "One of three nodes cannot reach either Typha (both run on the others); policy-only Calico, so no BGP is there to compare with. Restarts and the readiness text are the customer's complaint.",
        "https://github.com/tigera/operator/issues/2137",
        now,
        platform="other",
        calico="v3.24.0",
        kubernetes="v1.23.9-eks-ba74326",
        registry="docker.io/calico",
        difficulty="medium",
    )
    hosts = {f"ip-10-90-{a}-{b}.eu-west-1.compute.internal": f"10.90.{a}.{b}" for a, b in ((1, 20), (2, 41), (3, 77))}
    names = story.hosts(
        hosts, os_image="Amazon Linux 2", kernel="5.4.209-116.363.amzn2.x86_64", runtime="docker://20.10.17"
    )
    story.staff({k: hosts[k] for k in names[1:]})
    name = story.staff({names[0]: hosts[names[0]]}, ready=False, started=5000, restarts=1, last=("Error", 137, 5020))[0]
    story.typha(names[1])
    story.typha(names[2], suffix="w5k9d")
    story.probe(name, FELIX_503, 6, 4900, 490)
    lines = story.boot(names[0], 5000, bird=False)[:20]
    for n in range(13):
        pid, ago = 2338 + 40 * n, 4900 - 380 * n
        for i, node in enumerate(names[1:]):
            lines.append(
                story.line(
                    ago - 10 * i,
                    "WARNING",
                    pid,
                    "felix/sync_client.go 179:",
                    f'error connecting to typha endpoint ({i + 1} of 2) {hosts[node]}:5473 connID=0x0 error=dial tcp {hosts[node]}:5473: i/o timeout type=""',
                )
            )
        lines += [
            story.line(
                ago - 30,
                "FATAL",
                pid,
                "felix/daemon.go 532:",
                f"Failed to connect to Typha error=connection to typhas ([{{{hosts[names[1]]}:5473 {hosts[names[1]]} 0xc0005ec640}} {{{hosts[names[2]]}:5473 {hosts[names[2]]} 0xc0005ec600}}]) failed",
            )
        ]
    story.log(name, lines)
    story.commands = {
        "pods.txt": "get pods -A -o wide",
        "nodes.txt": "get nodes -o wide",
        "describe.txt": f"describe pod -n calico-system {name}",
    }
    story.affected = [names[0]]
    story.cite(f"{name}.log", "dial tcp 10.90.2.41:5473: i/o timeout")
    return story


def scaled_away(now: datetime) -> Incident:
    story = incident(
        "no-typha-in-the-list-at-all",
        CAUSE,
        "There is no Typha pod on any worker (the deployment was scaled to 0 to save memory): three calico-nodes that restarted since find no ready instance; the event speaks only of BIRD.",
        "https://github.com/projectcalico/calico/blob/release-v3.28/typha/pkg/discovery/discovery.go",
        now,
        platform="classic",
        calico="v3.28.4",
        kubernetes="v1.31.7+IKS",
        difficulty="hard",
    )
    nodes = story.workers([f"10.171.30.{n}" for n in (101, 102, 106, 110, 117, 118, 120)])
    bad = nodes[4:]
    story.agents(nodes[:4])
    for i, node in enumerate(bad):
        name = story.agents([node], ready=False, restarts=0, started=7000, age=7050)[0]
        story.probe(name, SOCKET, 4 + i, 6900, 690)
    story.other(
        "calico-kube-controllers-7b8c9d5f4-q2m8x",
        nodes[0],
        "172.30.10.8",
        "calico-system",
        "ReplicaSet/calico-kube-controllers-7b8c9d5f4",
        image="icr.io/ext/calico/kube-controllers:v3.28.4",
    )
    story.other(
        "coredns-autoscaler-6f7d8b9c5-h4k2w",
        nodes[1],
        "172.30.11.4",
        owner="ReplicaSet/coredns-autoscaler-6f7d8b9c5",
        ready=False,
        restarts=210,
        waiting="CrashLoopBackOff",
        last=("OOMKilled", 137, 90),
    )
    name = story.pods[bad[1]]
    lines = story.boot(bad[1], 7000, bird=False)[:20]
    for n in range(20):
        for pid, who in ((61 + 9 * n, "felix"), (62 + 9 * n, "confd")):
            lines.append(
                story.line(
                    6990 - 340 * n, "ERROR", pid, f"{who}/discovery.go 228:", "Didn't find any ready Typha instances."
                )
            )
        lines.append(
            story.line(
                6990 - 340 * n,
                "FATAL",
                62 + 9 * n,
                "confd/startsyncerclient.go 49:",
                "Typha discovery enabled but discovery failed. error=Kubernetes service missing IP or port",
            )
        )
    story.log(name, lines)
    story.describe(bad[1])
    story.affected = bad
    story.cite(f"{name}.log", "Didn't find any ready Typha instances.")
    return story


def never_synced_again(now: datetime) -> Incident:
    story = incident(
        "typha-did-not-come-back-from-the-masters-update",
        CAUSE,
        "Since the master's update an hour ago both Typhas answer 503 and log nothing but a lost watch; the API itself answers others. calico-nodes started since are not ready.",
        "https://github.com/projectcalico/typha/issues/337",
        now,
        platform="vpc",
        calico="v3.24.6",
        kubernetes="v1.25.16+IKS",
        namespace="kube-system",
        difficulty="hard",
        acceptable=["software-defect"],
    )
    nodes = story.workers([f"10.244.128.{n}" for n in (4, 8, 9, 13, 20)])
    bad = nodes[3:]
    story.agents(nodes[:3])
    typhas = [
        story.typha(nodes[0], ready=False, started=2_000_000),
        story.typha(nodes[2], suffix="t6v2b", ready=False, started=2_000_000),
    ]
    for i, typha in enumerate(typhas):
        story.pod_event(
            typha, "Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503", 7 + i, 3500, 340
        )
    for i, node in enumerate(bad):
        name = story.agents([node], ready=False, started=2800, age=2850)[0]
        story.probe(name, FELIX_503, 5 + i, 2700, 270)
        story.probe(name, SOCKET, 12 + i, 2700, 270)
    lines = [
        story.line(
            4000 - 100 * n, "INFO", 7, "sync_server.go 424:", f"Accepted from {nodes[n % 3]}:{51000 + 7 * n} port=5473"
        )
        for n in range(4)
    ]
    lines += [
        f'W{story.klog(3580)}       7 reflector.go:441] pkg/mod/k8s.io/client-go@v0.23.3/tools/cache/reflector.go:167: watch of *v1.Endpoints ended with: an error on the server ("unable to decode an event from the watch stream: http2: client connection lost") has prevented the request from succeeding'
    ]
    lines += [
        story.line(3500 - 240 * n, "WARNING", 7, "health.go 154:", 'Reporter is not ready. name="health"')
        for n in range(14)
    ]
    story.log(typhas[0], lines)
    lines = story.boot(bad[0], 2800, bird=False)[:20]
    lines += [
        story.line(
            2790 - 88 * n,
            "ERROR",
            61 + n,
            "felix/daemon.go 337:",
            "Typha discovery enabled but discovery failed. error=Kubernetes service missing IP or port",
        )
        for n in range(30)
    ]
    story.log(story.pods[bad[0]], lines)
    story.describe(bad[0])
    story.commands["describe-typha.txt"] = f"describe pod -n kube-system {typhas[0]}"
    story.affected = bad
    story.cite("describe-typha.txt", "HTTP probe failed with statuscode: 503")
    story.cite(f"{story.pods[bad[0]]}.log", "Kubernetes service missing IP or port")
    return story


STORIES = [hangs, closed_for_one_group, scaled_away, never_synced_again]
