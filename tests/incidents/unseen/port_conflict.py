"""port-conflict: told without having seen the rules."""

from __future__ import annotations

from datetime import datetime

from telling import Incident, incident

CAUSE = "port-conflict"


def second_calico_node(now: datetime) -> Incident:
    story = incident(
        "a-forgotten-second-calico-node-in-docker",
        CAUSE,
        "On one host an old calico-node still runs as a systemd service beside the pod: it holds 9099 and BIRD's socket, so the pod's felix cannot open its health port and its BIRD ends with 'I found another BIRD running.'",
        "https://github.com/projectcalico/calico/issues/2450",
        now,
        platform="other",
        calico="v3.8.2",
        kubernetes="v1.15.3",
        registry="quay.io/calico",
        namespace="kube-system",
        difficulty="medium",
        acceptable=["bird-not-running", "interfaces-conflict"],
    )
    hosts = {f"k15-n{n}": f"172.26.8.{n}" for n in (61, 62, 63)}
    bad = "k15-n62"
    story.hosts(hosts, os_image="CentOS Linux 7 (Core)", kernel="3.10.0-957.el7.x86_64", runtime="docker://18.9.7")
    story.staff({k: v for k, v in hosts.items() if k != bad})
    name = story.staff({bad: hosts[bad]}, ready=True, restarts=0, started=4000, age=4050)[0]
    peers = [a for n, a in hosts.items() if n != bad]
    lines = story.old_boot(bad, 4000, peers, prefix=24, bird=False)
    for n in range(60):
        ago = 3990 - 60 * n
        lines += [
            story.line(
                ago,
                "ERROR",
                89,
                "health.go 193:",
                "Health endpoint failed, trying to restart it... error=listen tcp 127.0.0.1:9099: bind: address already in use",
            ),
            "bird: I found another BIRD running.",
            "bird: I found another BIRD running.",
        ]
        if n % 6 == 0:
            lines.append(story.line(ago - 4, "INFO", 89, "int_dataplane.go 733:", "Applying dataplane updates"))
    story.log(name, lines)
    story.describe(bad)
    story.texts["netstat-n62.txt"] = (
        "# netstat -ltnp | egrep '9099|179'\n"
        "tcp        0      0 0.0.0.0:179             0.0.0.0:*               LISTEN      2077/bird\n"
        "tcp        0      0 127.0.0.1:9099          0.0.0.0:*               LISTEN      2071/calico-felix\n"
        "# systemctl status calico-node | head -4\n"
        "● calico-node.service - calico node\n   Loaded: loaded (/etc/systemd/system/calico-node.service; enabled; vendor preset: disabled)\n"
        "   Active: active (running) since "
        + (story.syslog(9_000_000))
        + "; 3 months 14 days ago\n Main PID: 1988 (docker)\n"
    )
    story.affected = [bad]
    story.cite(f"{name}.log", "listen tcp 127.0.0.1:9099: bind: address already in use")
    return story


def typha_health_port(now: datetime) -> Incident:
    story = incident(
        "nine-zero-nine-eight-belongs-to-an-exporter",
        CAUSE,
        "The typha that was moved to worker .36 never gets ready: its health port 9098 belongs to a customer's exporter on the host network there; clients that ask for a typha find only the other one. calico-node is fine.",
        "https://github.com/projectcalico/calico/blob/v3.28.2/libcalico-go/lib/health/health.go",
        now,
        platform="vpc",
        calico="v3.28.2",
        kubernetes="v1.30.7+IKS",
        difficulty="medium",
        acceptable=["typha-unavailable"],
    )
    nodes = story.workers([f"10.249.16.{n}" for n in (34, 35, 36)])
    bad = nodes[2]
    story.agents(nodes, started=1_600_000)
    good = story.typha(nodes[0], "6vd9k")
    name = story.typha(bad, "t5hgm", ready=False, restarts=21, started=50, last=("Error", 143, 55))
    story.other(
        "redis-exporter-host-mw7xq",
        bad,
        namespace="data",
        app="redis-exporter-host",
        image="registry.example.com/data/redis-exporter:1.58",
        started=500_000,
        spec={"args": ["--web.listen-address=127.0.0.1:9098"]},
    )
    story.pod_event(name, "Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 404", 12, 4600, 440)
    story.pod_event(name, "Unhealthy", "Liveness probe failed: HTTP probe failed with statuscode: 404", 70, 4560, 126)
    story.pod_event(
        name, "Killing", "Container calico-typha failed liveness probe, will be restarted", 75, 4500, 21, type_="Normal"
    )
    lines = [
        story.line(49, "INFO", 7, "logutils.go 86:", "Early screen log level set to info"),
        story.line(
            48.9,
            "INFO",
            7,
            "daemon.go 170:",
            'Typha starting up GOMAXPROCS=4 buildDate="2024-07-18T23:08:12+0000" gitCommit="413e6f5" version="v3.28.2"',
        ),
        story.line(48.2, "INFO", 7, "daemon.go 288:", "Created Syncer"),
        story.line(48.1, "INFO", 7, "health.go 379:", 'Health enabled.  Starting server. host="localhost" port=9098'),
        story.line(48, "INFO", 7, "sync_server.go 387:", "Opened listen socket port=5473"),
    ]
    text = (
        "Health endpoint failed, trying to restart it... error=listen tcp 127.0.0.1:9098: bind: address already in use"
    )
    lines += [story.line(47.9 - n, "ERROR", 7, "health.go 392:", text) for n in range(47)]
    story.log(name, lines)
    story.describe(bad, name)
    story.commands |= {
        f"describe-{good}.txt": f"describe pod -n calico-system {good}",
        f"describe-pod-{story.pods[bad]}.txt": f"describe pod -n calico-system {story.pods[bad]}",
    }
    story.log(story.pods[bad], story.quiet(2000, 5, 240))
    story.affected = [bad]
    story.cite(f"{name}.log", "listen tcp 127.0.0.1:9098: bind: address already in use")
    return story


STORIES = [second_calico_node, typha_health_port]
