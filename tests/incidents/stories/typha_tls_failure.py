"""typha-tls-failure: Felix and Typha do not trust each other's certificates."""

from __future__ import annotations

from datetime import datetime

from telling import FELIX_503, SOCKET, Incident, incident

CAUSE = "typha-tls-failure"


def expired(now: datetime) -> Incident:
    story = incident(
        "certificate-that-the-operator-could-not-renew",
        CAUSE,
        "Typha's certificate ended some weeks ago (the operator was not allowed to renew it); what was connected stayed so, a worker that was restarted cannot connect to any of three Typhas.",
        "https://github.com/projectcalico/calico/issues/9807",
        now,
        platform="other",
        calico="v3.25.1",
        kubernetes="v1.28.15+rke2r1",
        registry="docker.io/rancher/mirrored-calico",
        difficulty="medium",
    )
    hosts = {f"rke2-w{n}": f"100.74.155.{n}" for n in (137, 138, 140, 144, 151, 160)}
    story.hosts(hosts)
    bad = "rke2-w151"
    story.staff({k: v for k, v in hosts.items() if k != bad})
    name = story.staff({bad: hosts[bad]}, ready=False, restarts=2, started=5600, last=("Unknown", 255, 5700))[0]
    typhas = ["100.74.155.137", "100.74.155.138", "100.74.155.140"]
    for node, suffix in (("rke2-w137", "aa2bb"), ("rke2-w138", "cc4dd"), ("rke2-w140", "ff6gg")):
        story.typha(node, suffix=suffix)
    story.probe(name, SOCKET, 5, 5500, 550)
    story.node_event(
        bad, "Rebooted", f"Node {bad} has been rebooted, boot id: 0a4f1c55-aa10-4c1c-8bb1-b9b6b7f0d0aa", 3500
    )
    lines = story.boot(bad, 5600, bird=False)[:20]
    for n in range(15):
        pid, ago = 32807 + 40 * n, 5500 - 370 * n
        lines += [
            story.line(
                ago - 0.1 * i,
                "WARNING",
                pid,
                "tunnel-ip-allocator/sync_client.go 158:",
                f'error connecting to typha endpoint ({i + 1} of 3) {address}:5473 connID=0x0 error=x509: certificate has expired or is not yet valid: current time {story.ago(ago)} is after {story.ago(4_060_000)} type="tunnel-ip-allocation"',
            )
            for i, address in enumerate(typhas)
        ]
        lines += [
            story.line(
                ago - 0.5,
                "FATAL",
                pid,
                "tunnel-ip-allocator/startsyncerclient.go 86:",
                f"Failed to connect to Typha error=connection to typhas ([{{{typhas[0]}:5473 {typhas[0]} 0xc000a1a2b0}}]) failed",
            )
        ]
    story.log(name, lines)
    story.describe(bad)
    story.affected = [bad]
    story.cite(f"{name}.log", "x509: certificate has expired")
    return story


def told_by_typha(now: datetime) -> Incident:
    story = incident(
        "typha-only-hears-bad-certificate",
        CAUSE,
        "No log of calico-node was sent; Typha's log shows that each client ends the handshake with 'bad certificate'. The rest of the bundle is about BIRD's socket on every node.",
        "https://github.com/projectcalico/calico/issues/10036",
        now,
        platform="other",
        calico="v3.29.2",
        kubernetes="v1.30.10",
        registry="docker.io/calico",
        difficulty="hard",
    )
    hosts = {f"yan-{n}": f"172.16.1.{n}" for n in (131, 132, 133, 134)}
    story.hosts(hosts)
    story.staff(hosts, ready=False, started=4000, age=4100)
    for i, node in enumerate(hosts):
        story.probe(story.pods[node], SOCKET, 5 + i, 3900, 390)
        story.probe(story.pods[node], FELIX_503, 8 + i, 3900, 390)
    typha = story.typha("yan-131")
    lines, clients = [], ["172.16.1.132", "172.16.1.133", "172.16.1.134", "172.16.1.131"]
    for n in range(14):
        client, conn, ago = f"{clients[n % 4]}:{29648 + 831 * n}", f"0x12b{0xA0 + n:x}", 40 - 2.4 * n
        lines += [
            story.line(ago, "INFO", 1, "typha/sync_server.go 424:", f"Accepted from {client} port=5473"),
            story.line(ago, "INFO", 1, "typha/sync_server.go 433:", f"New connection connID={conn} port=5473"),
            story.line(
                ago - 0.01,
                "INFO",
                1,
                "typha/sync_server.go 721:",
                f"Per-connection goroutine started client={client} connID={conn}",
            ),
            story.line(
                ago - 0.02,
                "INFO",
                1,
                "typha/sync_server.go 857:",
                f'Failed to read from client client={client} connID={conn} error=remote error: tls: bad certificate thread="read"',
            ),
            story.line(
                ago - 0.02,
                "INFO",
                1,
                "typha/sync_server.go 708:",
                f"Client connection shutting down. client={client} connID={conn}",
            ),
        ]
    story.log(typha, lines)
    story.commands = {
        "nodes.txt": "get nodes -o wide",
        "pods.txt": "get pods -A -o wide",
        "describe-133.txt": f"describe pod -n calico-system {story.pods['yan-133']}",
    }
    story.affected = list(hosts)
    story.cite(f"{typha}.log", "remote error: tls: bad certificate")
    return story


def own_certificates(now: datetime) -> Incident:
    story = incident(
        "certificates-of-the-company-lack-the-common-name",
        CAUSE,
        "The customer brought certificates of his own; they chain, but their names are not those that Felix asks for: 'peer certificate does not have required CN or URI SAN' on all nodes.",
        "https://github.com/tigera/operator/issues/3708",
        now,
        platform="vpc",
        calico="v3.29.1",
        kubernetes="v1.32.1+IKS",
        difficulty="medium",
    )
    nodes = story.workers([f"10.249.3.{n}" for n in (68, 70, 74, 77, 81)])
    for i, node in enumerate(nodes):
        name = story.agents([node], ready=False, started=2000 + i, age=2050)[0]
        story.probe(name, FELIX_503, 7 + i, 1900, 190)
        story.probe(name, SOCKET, 9 + i, 1900, 190)
        if i in (0, 4):
            lines = story.boot(node, 2000 + i, bird=False)[:20]
            for n in range(17):
                pid = 61 + 8 * n
                lines += [
                    story.line(
                        1990 - 112 * n - 0.1 * k,
                        "WARNING",
                        pid,
                        "felix/sync_client.go 205:",
                        f'Failed to connect to typha endpoint {a}:5473.  Will try another if available... error=peer certificate does not have required CN or URI SAN myID=0x{n + 1:x} type=""',
                    )
                    for k, a in enumerate((nodes[1], nodes[3]))
                ]
                lines += [
                    story.line(
                        1988 - 112 * n,
                        "ERROR",
                        pid,
                        "felix/daemon.go 529:",
                        "Failed to connect to Typha. error=failed to load next Typha address to try: tried all available discovered addresses",
                    ),
                    story.line(
                        1958 - 112 * n,
                        "FATAL",
                        pid,
                        "felix/daemon.go 538:",
                        "Failed to connect to Typha, giving up after timeout error=failed to load next Typha address to try: tried all available discovered addresses",
                    ),
                ]
            story.log(name, lines)
            story.describe(node)
    story.typha(nodes[1], started=2100)
    story.typha(nodes[3], suffix="k5j8s", started=2100)
    story.affected = nodes
    story.cite(f"{name}.log", "peer certificate does not have required CN or URI SAN")
    return story


def key_of_another(now: datetime) -> Incident:
    story = incident(
        "typha-has-the-key-of-another-certificate",
        CAUSE,
        "Half of a renewed secret was applied: Typha ends because its key does not belong to its certificate, and the calico-nodes are refused at 5473. The first thing to see is only that Typha is down.",
        "https://github.com/projectcalico/calico/blob/release-v3.26/typha/pkg/syncserver/sync_server.go",
        now,
        platform="other",
        calico="v3.26.3",
        kubernetes="v1.27.11",
        registry="quay.io/calico",
        namespace="kube-system",
        difficulty="hard",
        acceptable=["typha-unavailable"],
    )
    hosts = {f"hardway-{n}": f"10.0.12.{n}" for n in (7, 8, 9)}
    story.hosts(hosts)
    for i, node in enumerate(hosts):
        name = story.staff({node: hosts[node]}, ready=False, started=2300, restarts=3, last=("Error", 137, 2310))[0]
        story.probe(name, FELIX_503, 8 + i, 2200, 220)
    typha = story.typha("hardway-8", ready=False, restarts=14, waiting="CrashLoopBackOff", last=("Error", 2, 140))
    story.pod_event(
        typha,
        "BackOff",
        f"Back-off restarting failed container calico-typha in pod {typha}_kube-system(6aa1)",
        14,
        2300,
        160,
    )
    lines = [
        story.line(
            142,
            "INFO",
            7,
            "daemon.go 170:",
            'Typha starting up GOMAXPROCS=2 buildDate="2023-10-05T17:33:07+0000" gitCommit="bdb7878" version="v3.26.3"',
        ),
        story.line(141.9, "INFO", 7, "daemon.go 171:", "Loading configuration..."),
    ]
    lines += [
        story.line(141.5, "INFO", 7, "sync_server.go 330:", "Opening TLS listen socket port=5473"),
        story.line(
            141.4,
            "PANIC",
            7,
            "sync_server.go 349:",
            'Failed to load certificate and key certFile="/calico-typha-certs/typha.crt" error=tls: private key does not match public key keyFile="/calico-typha-certs/typha.key" port=5473',
        ),
        "panic: (*logrus.Entry) 0xc000340620",
        "",
        "goroutine 148 [running]:",
        "github.com/sirupsen/logrus.(*Entry).log(0xc0003405b0, 0x0, {0xc00061c1e0, 0x22})",
        "\t/go/pkg/mod/github.com/projectcalico/logrus@v1.0.4-calico/entry.go:128 +0x4f2",
        "created by github.com/projectcalico/calico/typha/pkg/syncserver.(*Server).Start",
        "\t/go/src/github.com/projectcalico/calico/typha/pkg/syncserver/sync_server.go:306 +0x8c",
    ]
    story.log(typha, lines, f"{typha}-previous.log")
    lines = story.boot("hardway-9", 2300, bird=False)[:20]
    for n in range(20):
        lines += [
            story.line(
                2290 - 112 * n,
                "WARNING",
                61 + n,
                "felix/sync_client.go 205:",
                f'Failed to connect to typha endpoint 10.0.12.8:5473.  Will try another if available... error=dial tcp 10.0.12.8:5473: connect: connection refused myID=0x{n + 1:x} type=""',
            ),
            story.line(
                2260 - 112 * n,
                "FATAL",
                61 + n,
                "felix/daemon.go 538:",
                "Failed to connect to Typha, giving up after timeout error=failed to load next Typha address to try: tried all available discovered addresses",
            ),
        ]
    story.log(story.pods["hardway-9"], lines)
    story.describe("hardway-9")
    story.commands["describe-typha.txt"] = f"describe pod -n kube-system {typha}"
    story.affected = list(hosts)
    story.cite(f"{typha}-previous.log", "private key does not match public key")
    return story


STORIES = [expired, told_by_typha, own_certificates, key_of_another]
