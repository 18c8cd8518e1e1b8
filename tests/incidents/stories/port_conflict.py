"""port-conflict: another process of the host has a port that calico needs."""

from __future__ import annotations

from datetime import datetime

from cluster import container, pod
from telling import (
    Incident,
    incident,
    node_status,
    protocols,
    wrapped,
)

CAUSE = "port-conflict"


def switch_bgpd(now: datetime) -> Incident:
    story = incident(
        "the-switch-has-its-own-bgpd",
        CAUSE,
        "On the two nodes that are switches bgpd owns TCP 179: BIRD cannot open its listening socket and all its protocols stay down.",
        "https://github.com/projectcalico/calicoctl/issues/2109",
        now,
        difficulty="medium",
        platform="other",
        calico="v3.10.3",
        kubernetes="v1.17.2",
        registry="docker.io/calico",
        namespace="kube-system",
    )
    ips = {"ctl-vm": "10.3.157.24", "wrk-vm": "10.3.157.25", "sonic-tor1": "10.3.147.16", "sonic-tor2": "10.3.147.17"}
    story.hosts(ips, runtime="docker://18.9.2", kernel="4.9.0-9-2-amd64", os_image="Debian GNU/Linux 9 (stretch)")
    bad = ["sonic-tor1", "sonic-tor2"]
    for node, address in ips.items():
        story.agents([node], address=address, **({"ready": False, "started": 4100, "age": 4200} if node in bad else {}))
    name = story.pods[bad[0]]
    story.pod_event(
        name,
        "Unhealthy",
        "Readiness probe failed: calico/node is not ready: BIRD is not ready: Error querying BIRD: unable to connect to BIRDv4 socket: "
        "dial unix /var/run/bird/bird.ctl: connect: no such file or directory",
        4092,
        4096,
        1,
    )
    story.not_established(name, [a for n, a in ips.items() if n != bad[0]], 6, 4050, 405)
    story.describe(bad[0], name)
    peers = [a for n, a in ips.items() if n != bad[0]]
    log = story.old_boot(bad[0], 4100, peers, (), prefix=24)
    at = next(i for i, line in enumerate(log) if line == "bird: direct1: State changed to up") + 1
    log[at:at] = [
        "bird: BGP: Socket error: bind: Address already in use",
        "bird: BGP: Cannot open listening socket",
        *(f"bird: Mesh_{p.replace('.', '_')}: State changed to down" for p in peers),
    ]
    log.insert(at - 20, "bird: KIF: Invalid interface address 240.127.1.1 for docker0")
    story.log(name, log + story.quiet(4000, 20, 300))
    story.affected = bad
    story.cite(f"{name}.log", "bird: BGP: Cannot open listening socket")
    return story


def health_port(now: datetime) -> Incident:
    story = incident(
        "log-shipper-listens-on-9099",
        CAUSE,
        "felix cannot open its health port 9099: a log shipper of the host took it. Probes reach the stranger, get 404 and the kubelet restarts calico-node.",
        "https://github.com/kubernetes-retired/kube-aws/issues/1381",
        now,
        difficulty="medium",
        platform="other",
        calico="v3.16.1",
        kubernetes="v1.19.4",
        registry="docker.io/calico",
        namespace="kube-system",
    )
    ips = {f"edge{n}": f"10.9.40.{n}" for n in (2, 3, 4)}
    story.hosts(ips)
    for node, address in ips.items():
        story.agents(
            [node],
            address=address,
            **({"ready": False, "started": 50, "restarts": 88, "last": ("Error", 137, 55)} if node == "edge4" else {}),
        )
    name = story.pods["edge4"]
    story.pod_event(
        name,
        "Unhealthy",
        "Liveness probe failed: calico/node is not ready: Felix is not live: liveness probe reporting 404",
        12,
        20_000,
        520,
    )
    story.pod_event(
        name,
        "Unhealthy",
        "Readiness probe failed: calico/node is not ready: felix is not ready: readiness probe reporting 404",
        5,
        20_000,
        1700,
    )
    story.pod_event(
        name,
        "Killing",
        "Container calico-node failed liveness probe, will be restarted",
        56,
        20_000,
        88,
        type_="Normal",
    )
    story.pod_event(name, "BackOff", "Back-off restarting failed container", 200, 18_000, 130)
    log = story.boot("edge4", 50, ["10.9.40.2", "10.9.40.3"], address="10.9.40.4", interface="eno2", prefix=24)
    taken = (
        "Health endpoint failed, trying to restart it... error=listen tcp 127.0.0.1:9099: bind: address already in use"
    )
    log += [story.say(46 - i, "ERROR", 61, "felix", "health.go 246:", taken) for i in range(0, 44, 2)]
    story.log(name, log, "logs.txt")
    story.commands = {"describe.txt": f"describe pod -n kube-system {name}", "pods.txt": "get pods -A -o wide"}
    story.affected = ["edge4"]
    story.cite("logs.txt", "listen tcp 127.0.0.1:9099: bind: address already in use")
    return story


def typha_port(now: datetime) -> Incident:
    story = incident(
        "typha-finds-5473-taken",
        CAUSE,
        "The Typha that was moved to a database worker panics: 5473 is taken there. The other Typha serves everybody, calico-node is fine.",
        "https://github.com/projectcalico/calico/blob/v3.29.3/typha/pkg/syncserver/sync_server.go",
        now,
        difficulty="medium",
        platform="vpc",
        calico="v3.29.3",
        kubernetes="v1.32.5+IKS",
        acceptable=[],
    )
    nodes = story.workers([f"10.248.50.{n}" for n in (4, 5, 6, 7)])
    story.agents(nodes)
    story.typha(nodes[0])
    bad = story.typha(nodes[3], "p9xk2", ready=False, restarts=33, waiting="CrashLoopBackOff", last=("Error", 2, 150))
    made = pod(
        story,
        "pgbouncer-host-7f6d9c5b8-t4kqm",
        nodes[3],
        [container(story, "pgbouncer", "registry.example.com/db/pgbouncer:1.23")],
        namespace="data",
        owner="ReplicaSet/pgbouncer-host-7f6d9c5b8",
        app="pgbouncer",
    )
    made["spec"]["containers"][0]["args"] = ["--listen-port=5473", "--pool-mode=transaction"]
    story.pod_event(
        bad,
        "BackOff",
        f"Back-off restarting failed container calico-typha in pod {bad}_calico-system(5c1d)",
        14,
        9000,
        400,
    )
    log = [
        story.line(154, "INFO", 7, "typha/logutils.go 87:", "Early screen log level set to info"),
        story.line(153.9, "WARNING", 7, "typha/daemon.go 223:", "Kubernetes client is using in-cluster config"),
        story.line(
            153.6,
            "INFO",
            7,
            "typha/daemon.go 145:",
            'Typha starting up GOMAXPROCS=4 builddate="2025-03-18T16:20:51+0000" gitcommit="9e0398360d9d5a8b2" version="v3.29.3"',
        ),
        story.line(152.2, "INFO", 7, "typha/watchersyncer.go 130:", "Sending status update Status=resync"),
        story.line(
            151.4,
            "INFO",
            7,
            "typha/watchercache.go 250:",
            'Sending synced update ListRoot="/calico/resources/v3/projectcalico.org/felixconfigurations"',
        ),
        story.line(151.0, "INFO", 7, "typha/sync_server.go 330:", "Opening TCP port with TLS port=5473"),
        story.line(
            151.0,
            "PANIC",
            7,
            "typha/sync_server.go 380:",
            "Failed to open listen socket error=listen tcp :5473: bind: address already in use port=5473",
        ),
        "panic: (*logrus.Entry) 0xc0004d8230",
        "",
        "goroutine 139 [running]:",
        "github.com/sirupsen/logrus.(*Entry).log(0xc0004d81c0, 0x0, {0xc00071a0c0, 0x1c})",
        "\t/go/pkg/mod/github.com/sirupsen/logrus@v1.9.3/entry.go:260 +0x491",
        "github.com/projectcalico/calico/typha/pkg/syncserver.(*Server).serve(0xc000238000, {0x2a1b7f8, 0xc000610aa0})",
        "\t/go/src/github.com/projectcalico/calico/typha/pkg/syncserver/sync_server.go:380 +0x7f4",
    ]
    story.log(bad, log, f"{bad}-previous.log")
    story.log(story.pods[nodes[3]], story.quiet(6000, 60, 300))
    story.commands = {
        "pods.txt": "get pods -A -o wide",
        "nodes.txt": "get nodes -o wide",
        f"describe-pod-{bad}.txt": f"describe pod -n calico-system {bad}",
        "describe-pod-pgbouncer.txt": "describe pod -n data pgbouncer-host-7f6d9c5b8-t4kqm",
    }
    story.affected = [nodes[3]]
    story.cite(f"{bad}-previous.log", "listen tcp :5473: bind: address already in use")
    return story


def speaker(now: datetime) -> Incident:
    story = incident(
        "load-balancer-speaker-was-first",
        CAUSE,
        "A load balancer's speaker with a BGP daemon of its own runs on the host network; where it starts before BIRD, BIRD has 'No listening socket'.",
        "https://github.com/projectcalico/node/issues/522",
        now,
        difficulty="hard",
        platform="other",
        calico="v3.26.3",
        kubernetes="v1.27.7",
        registry="quay.io/calico",
    )
    ips = {f"shoot-w{n}": f"10.250.10.{60 + n}" for n in range(1, 6)}
    story.hosts(ips, os_image="Flatcar Container Linux by Kinvolk 3602.2.1", kernel="5.15.136-flatcar")
    bad = "shoot-w3"
    for node, address in ips.items():
        story.agents(
            [node],
            address=address,
            **({"ready": False, "started": 3100, "restarts": 2, "last": ("Error", 255, 3160)} if node == bad else {}),
        )
        made = pod(
            story,
            f"speaker-{node[-2:]}kz9",
            node,
            [
                container(story, "speaker", "quay.io/metallb/speaker:v0.13.12", restarts=1),
                container(story, "frr", "quay.io/frrouting/frr:8.5.2", started=3140),
            ],
            namespace="metallb-system",
            owner="DaemonSet/speaker",
            app="metallb",
        )
        made["status"] |= {"podIP": address, "hostIP": address, "podIPs": [{"ip": address}]}
    name, peers = story.pods[bad], [a for n, a in ips.items() if n != bad]
    story.not_established(name, peers, 12, 3050, 101)
    story.node_event(
        bad, "Rebooted", f"Node {bad} has been rebooted, boot id: 4a55dd1c-2f0a-44b1-8a16-cb0e3d7c2a57", 3170
    )
    story.describe(bad, name)
    story.commands["describe-speaker.txt"] = "describe pod -n metallb-system speaker-w3kz9"
    story.texts["birdcl.txt"] = protocols([], since="09:58:20", routes="up") + "".join(
        f"Mesh_{p.replace('.', '_')} BGP      master   down   09:58:21    Error: No listening socket\n" for p in peers
    )
    log = story.quiet(3000, 50, 240)
    story.log(
        name,
        [
            "bird: device1: State changed to up",
            "bird: direct1: State changed to up",
            "bird: BGP: Socket error: bind: Address already in use",
            "bird: BGP: Cannot open listening socket",
            *log,
        ],
    )
    story.affected = [bad]
    story.cite("birdcl.txt", "Error: No listening socket")
    return story


def bgpd(now: datetime) -> Incident:
    story = incident(
        "bgpd-started-before-bird",
        CAUSE,
        "A host with its own bgpd: BIRD runs, but every protocol is down with 'No listening socket', and netstat names the owner of 179.",
        "https://github.com/projectcalico/calico/issues/7893",
        now,
        difficulty="easy",
        platform="other",
        calico="v3.26.0",
        kubernetes="v1.26.7",
        registry="docker.io/calico",
        namespace="kube-system",
    )
    ips = {f"leaf-host{n}": f"10.5.4.{134 + n}" for n in range(1, 5)}
    story.hosts(ips)
    bad = "leaf-host3"
    story.staff({n: a for n, a in ips.items() if n != bad})
    story.staff({bad: ips[bad]}, ready=False, started=9000, restarts=1, last=("Error", 255, 9050))
    peers = [a for n, a in ips.items() if n != bad]
    story.texts["console.txt"] = (
        f"# calicoctl node status\n{node_status([(p, 'down', '06:44:51', 'Error: No listening socket') for p in peers])}\n# netstat -nltap | grep :179\ntcp        0      0 0.0.0.0:179             0.0.0.0:*               LISTEN      1522/bgpd\n"
    )
    story.not_established(story.pods[bad], peers, 9, 8950, 298)
    story.commands = {
        "describe.txt": f"describe pod -n kube-system {story.pods[bad]}",
        "pods.txt": "get pods -n kube-system -o wide",
    }
    story.log(story.pods[bad], wrapped(story, story.quiet(8000, 20, 450), "stamps"))
    story.affected = [bad]
    story.cite("console.txt", "1522/bgpd")
    return story


def metrics(now: datetime) -> Incident:
    story = incident(
        "metrics-port-owned-by-storage",
        CAUSE,
        "felix' metrics server cannot open 9091 on the three storage nodes (a CSI plugin on the host network has it); everything else of calico-node works.",
        "https://github.com/kinvolk/lokomotive/issues/298",
        now,
        difficulty="hard",
        platform="other",
        calico="v3.28.0",
        kubernetes="v1.30.1",
        registry="quay.io/calico",
    )
    ips = {f"stor-{n}": f"10.88.12.{n}" for n in (1, 2, 3)} | {f"comp-{n}": f"10.88.12.{10 + n}" for n in (1, 2)}
    story.hosts(ips)
    story.staff(ips, started=30_000)
    bad = [n for n in ips if n.startswith("stor")]
    for i, node in enumerate(bad):
        story.other(
            f"csi-cephfsplugin-{['h7rf2', 'k29xw', 'zq4tn'][i]}",
            node,
            namespace="rook",
            app="csi-cephfsplugin",
            image="quay.io/cephcsi/cephcsi:v3.11.0",
        )
        story.objects["Pod"][-1]["spec"]["containers"][0]["args"] = [
            "--type=cephfs",
            "--metricsport=9091",
            "--enablegrpcmetrics=true",
        ]
        log = story.boot(node, 30_000, [a for n, a in ips.items() if n != node], interface="bond1", prefix=24)
        log += [
            story.say(
                29_990,
                "INFO",
                61,
                "felix",
                "daemon.go 678:",
                'Prometheus metrics enabled.  Starting server. host="" port=9091',
            )
        ]
        for k, line in enumerate(story.quiet(29_900, 100, 2400)):
            failed = story.say(
                29_880 - 2400 * k,
                "ERROR",
                61,
                "felix",
                "metrics_server.go 34:",
                "Prometheus metrics endpoint failed, trying to restart it... error=listen tcp :9091: bind: address already in use",
            )
            log += [line, failed]
        story.log(story.pods[node], log)
    story.commands = {
        "pods.txt": "get pods -A -o wide",
        "describe-csi.txt": "describe pod -n rook csi-cephfsplugin-h7rf2",
        "nodes.txt": "get nodes",
    }
    story.affected = bad
    story.cite(f"{story.pods['stor-1']}.log", "listen tcp :9091: bind: address already in use")
    return story


def _taken(
    now: datetime, name: str, why: str, ips: dict[str, str], bad: str, words: list[str], extra: str, **more: object
) -> Incident:
    story = incident(
        name,
        CAUSE,
        why,
        "https://github.com/projectcalico/calico/blob/v3.28.2/felix/daemon/daemon.go",
        now,
        platform="other",
        **more,
    )
    story.hosts(ips)
    story.staff({n: a for n, a in ips.items() if n != bad})
    story.staff({bad: ips[bad]}, ready=False, started=5000, restarts=4, last=("Error", 137, 5010))
    peers = [a for n, a in ips.items() if n != bad]
    bird = any("bind" in word and word.startswith("bird") for word in words)
    if bird:
        story.not_established(story.pods[bad], peers, 7, 4900, 490)
    else:
        story.probe(story.pods[bad], "felix is not ready: readiness probe reporting 404", 7, 4900, 490)
    lines = [
        word if word.startswith("bird") else story.say(4990, "ERROR", 61, "felix", "health.go 360:", word)
        for word in words
    ]
    story.log(
        "",
        [*story.boot(bad, 5000, peers, () if bird else None, prefix=24), *lines, *story.quiet(4900, 60, 400)],
        f"{bad}.log",
    )
    if extra:
        story.texts["ss.txt"] = extra
    story.commands |= {
        "pods.txt": "get pods -A -o wide",
        "describe.txt": f"describe pod -n {story.namespace} {story.pods[bad]}",
    }
    story.affected = [bad]
    story.cite(f"{bad}.log", "ddress already in use")
    return story


BIND = ["bird: BGP: Socket error: bind: Address already in use", "bird: BGP: Cannot open listening socket"]
HEALTH = "Health endpoint failed, trying to restart it... error=listen tcp 127.0.0.1:{}: bind: address already in use"


def gobgp(now: datetime) -> Incident:
    return _taken(now, "another-route-daemon-has-179", "A gobgpd on the host owns 179; BIRD says so once.", {f"g{n}": f"10.52.0.{n}" for n in (1, 2, 3)}, "g2", BIND,
        'LISTEN 0 128 0.0.0.0:179 0.0.0.0:* users:(("gobgpd",pid=911,fd=9))\n', difficulty="easy", calico="v3.27.3", kubernetes="v1.29.2", registry="docker.io/calico")  # fmt: skip


def health_moved(now: datetime) -> Incident:
    return _taken(now, "backup-agent-answers-on-the-health-port", "felix' health listener cannot bind 9099; the probe meets a stranger.", {f"bk-{n}": f"172.20.3.{n}" for n in (4, 5, 6, 7)}, "bk-6", [HEALTH.format(9099)],
        "", difficulty="medium", calico="v3.24.3", kubernetes="v1.25.6", registry="quay.io/calico")  # fmt: skip


def health_owner(now: datetime) -> Incident:
    return _taken(now, "second-felix-of-the-host-keeps-9099", "A host-installed felix service (not in a pod) still runs and owns 9099.", {f"hf-{n}": f"192.168.33.{n}" for n in (2, 3, 4)}, "hf-4", [HEALTH.format(9099)],
        'LISTEN 0 4096 127.0.0.1:9099 0.0.0.0:* users:(("calico-felix",pid=702,fd=12))\n', difficulty="hard", calico="v3.18.2", kubernetes="v1.20.6", registry="docker.io/calico", namespace="kube-system")  # fmt: skip


def frr_only_log(now: datetime) -> Incident:
    return _taken(now, "one-bind-error-in-a-long-start", "Only BIRD's two lines amid a start show that 179 was taken; owner unknown, peers are missed.", {f"fr{n}": f"10.119.4.{n}" for n in (20, 21, 22, 23, 24)}, "fr23", BIND,
        "", difficulty="hard", calico="v3.21.2", kubernetes="v1.22.6", registry="quay.io/calico", namespace="kube-system")  # fmt: skip


STORIES = [
    switch_bgpd,
    health_port,
    typha_port,
    speaker,
    bgpd,
    metrics,
    gobgp,
    health_moved,
    health_owner,
    frr_only_log,
]
