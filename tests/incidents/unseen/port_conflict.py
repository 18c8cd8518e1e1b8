"""port-conflict: told without having seen the rules."""

from __future__ import annotations

from datetime import datetime

from telling import FELIX_REFUSED, Incident, incident, node_status, protocols

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


def own_router_daemon(now: datetime) -> Incident:
    story = incident(
        "bgpd-of-frr-was-first-at-179",
        CAUSE,
        "After a reboot FRR's bgpd, which the network team installed on one host, starts before calico-node and holds 0.0.0.0:179; BIRD cannot open its listening socket and takes every session down ('No listening socket'). The peers see this host as 'down' or reset.",
        "https://github.com/projectcalico/calico/issues/7893",
        now,
        platform="other",
        calico="v3.26.1",
        kubernetes="v1.27.4",
        registry="quay.io/calico",
        difficulty="easy",
    )
    hosts = {f"lab-r{n}": f"10.5.4.{134 + n}" for n in (1, 2, 3, 4)}
    bad = "lab-r1"
    story.hosts(
        hosts, os_image="Debian GNU/Linux 12 (bookworm)", kernel="6.1.0-10-amd64", runtime="containerd://1.6.21"
    )
    story.staff({k: v for k, v in hosts.items() if k != bad}, started=1_000_000)
    name = story.staff({bad: hosts[bad]}, ready=False, restarts=1, started=8400, last=("Unknown", 255, 8500))[0]
    peers = [a for n, a in hosts.items() if n != bad]
    story.not_established(name, peers, 6, 8350, 835)
    story.node_event(
        bad, "Rebooted", f"Node {bad} has been rebooted, boot id: 0f9e2a0c-4a3e-4b52-8f1c-7b9d1a54f0aa", 8450
    )
    log = [line for line in story.boot(bad, 8400, peers, (), prefix=24) if line != "bird: Graceful restart done"]
    tail = []
    for peer in peers:
        tail += ["bird: BGP: Socket error: bind: Address already in use", "bird: BGP: Cannot open listening socket",
                 f"bird: Mesh_{peer.replace('.', '_')}: State changed to down"]  # fmt: skip
    log = [*log[:-1], *tail, "bird: Graceful restart done", log[-1], *story.quiet(8300, 12, 420)]
    story.log(name, log)
    other = story.pods["lab-r3"]
    tag = f"bird: Mesh_{hosts[bad].replace('.', '_')}: "
    story.log(other, [
        *story.quiet(9200, 8560, 160),
        *(tag + x for x in ("Error: Hold timer expired", "State changed to stop", "State changed to down", "Starting", "State changed to start")),
        *story.quiet(8200, 15, 600),
    ])  # fmt: skip
    story.texts["lab-r1-calicoctl.txt"] = node_status(
        [(p, "down", "06:44:51", "Error: No listening socket") for p in peers]
    )
    story.texts["lab-r1-netstat.txt"] = (
        "# netstat -ltnp | grep ':179 '\ntcp        0      0 0.0.0.0:179             0.0.0.0:*               LISTEN      1522/bgpd\n"
    )
    story.describe(bad)
    story.affected = [bad]
    story.cite(f"{name}.log", "bird: BGP: Socket error: bind: Address already in use")
    return story


def monitoring_on_the_health_port(now: datetime) -> Incident:
    story = incident(
        "new-monitoring-daemonset-listens-on-9099",
        CAUSE,
        "IKS VPC: since a customer's monitoring agent with hostNetwork was rolled out on two workers, felix there cannot open its health port 9099 (bind: address already in use); the agent answers 404 to the probes, the kubelet restarts calico-node, BGP drops at each restart. Workers without the agent are fine.",
        "https://github.com/projectcalico/calico/issues/2834",
        now,
        platform="vpc",
        calico="v3.27.5",
        kubernetes="v1.30.8+IKS",
        difficulty="medium",
    )
    nodes = story.workers([f"10.240.66.{n}" for n in (4, 7, 9, 11, 16)])
    bad = [nodes[1], nodes[4]]
    story.agents([n for n in nodes if n not in bad], started=1_300_000)
    story.typha(nodes[0], started=1_300_000)
    for n, node in enumerate(bad):
        name = story.agents([node], ready=False, restarts=11, started=65 + n, last=("Error", 137, 68 + n))[0]
        refused = FELIX_REFUSED.split("Get")[0] + "readiness probe reporting 404"
        story.probe(name, refused, 5, 5400, 160)
        story.pod_event(
            name,
            "Unhealthy",
            "Liveness probe failed: calico/node is not ready: Felix is not live: liveness probe reporting 404",
            80,
            5350,
            66,
        )
        story.pod_event(
            name,
            "Killing",
            "Container calico-node failed liveness probe, will be restarted",
            98 + n,
            5300,
            11,
            type_="Normal",
        )
        story.other(f"acme-hostmon-{'x7kq2' if n else 'b9fzd'}", node, namespace="acme-monitoring", app="acme-hostmon",
                    image="registry.example.com/acme/hostmon:7.2", started=5450, age=5460,
                    spec={"args": ["--listen=127.0.0.1:9099", "--collect=cpu,disk,net"], "ports": [{"containerPort": 9099, "hostPort": 9099, "protocol": "TCP"}]})  # fmt: skip
        peers = [x for x in nodes if x != node]
        lines = story.boot(node, 66 + n, peers)[:-1]
        for k in range(28):
            lines.append(
                story.say(
                    62 - 1.0 * k,
                    "ERROR",
                    61,
                    "felix",
                    "health.go 392:",
                    "Health endpoint failed, trying to restart it... error=listen tcp 127.0.0.1:9099: bind: address already in use",
                )
            )
            if k == 6:
                lines.append(
                    story.say(
                        55.5,
                        "INFO",
                        61,
                        "felix",
                        "int_dataplane.go 1998:",
                        "Completed first update to dataplane. secsSinceStart=4.1",
                    )
                )
            if k == 8:
                lines.append(
                    story.say(
                        53.5,
                        "INFO",
                        61,
                        "felix",
                        "health.go 336:",
                        "Overall health status changed: live=true ready=true",
                    )
                )
        story.log(name, lines)
    me = bad[0]
    story.texts["birdcl.txt"] = protocols(
        [(x, "up", "14:02:33", "Established") for x in nodes if x != me], since="14:02:31", routes="up"
    )
    story.describe(me)
    story.commands["describe-hostmon.txt"] = "describe pod -n acme-monitoring acme-hostmon-b9fzd"
    story.affected = bad
    story.cite(f"{story.pods[me]}.log", "listen tcp 127.0.0.1:9099: bind: address already in use")
    return story


STORIES = [second_calico_node, typha_health_port, own_router_daemon, monitoring_on_the_health_port]
