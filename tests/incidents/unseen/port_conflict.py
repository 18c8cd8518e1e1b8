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


STORIES = [second_calico_node]
