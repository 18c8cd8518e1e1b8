"""bgp-peer-down: the peer that is missed has no running calico-node, its worker is healthy."""

from __future__ import annotations

from datetime import datetime

from telling import (
    FELIX_REFUSED,
    Incident,
    incident,
    node_status,
    protocols,
    wrapped,
)

CAUSE = "bgp-peer-down"


def excluded(now: datetime) -> Incident:
    story = incident(
        "no-calico-node-on-the-missed-peer",
        CAUSE,
        "The worker that everyone misses is Ready but has no calico-node pod in the list: nothing of it runs there.",
        "https://github.com/projectcalico/calico/issues/5262",
        now,
        difficulty="hard",
        platform="classic",
        calico="v3.28.2",
        kubernetes="v1.31.3+IKS",
    )
    nodes = story.workers([f"10.114.82.{n}" for n in (4, 6, 9, 11, 28)])
    gone, fresh = nodes[3], nodes[1]
    rest = [n for n in nodes if n != gone]
    story.agents([n for n in rest if n != fresh])
    story.agents([fresh], started=250, age=250)
    story.not_established(story.pods[fresh], [gone], 222, 244, 2, established=3)
    story.pod_event(
        story.pods[fresh],
        "Unhealthy",
        "Readiness probe failed: calico/node is not ready: BIRD is not ready: Error querying BIRD: unable to connect "
        "to BIRDv4 socket: dial unix /var/run/calico/bird.ctl: connect: no such file or directory",
        247,
        249,
        2,
    )
    story.describe(fresh)
    story.commands[f"describe-node-{gone}.txt"] = f"describe node {gone}"
    others = [n for n in rest if n != fresh]
    story.log(story.pods[fresh], story.boot(fresh, 250, [*others, gone], others) + story.quiet(200, 5, 62))
    story.texts["birdcl.txt"] = protocols(
        [(n, "up", "10:20:13", "Established") for n in others]
        + [(gone, "start", "10:20:11", "Connect       Socket: Connection refused")]
    )
    story.affected = [gone]
    story.cite("birdcl.txt", "Mesh_10_114_82_11 BGP      master   start")
    return story


def crash(now: datetime) -> Incident:
    story = incident(
        "loud-workers-around-a-crash-loop",
        CAUSE,
        "Three restarted workers miss exactly one peer; that peer's own calico-node is in CrashLoopBackOff on a Ready worker, and its files were not sent.",
        "https://github.com/projectcalico/calicoctl/issues/2277",
        now,
        difficulty="medium",
        platform="vpc",
        calico="v3.27.4",
        kubernetes="v1.30.8+IKS",
        acceptable=["worker-local-failure"],
    )
    nodes = story.workers([f"10.245.7.{n}" for n in (68, 69, 70, 75, 76, 80)])
    bad, loud = nodes[4], nodes[:3]
    story.agents(loud, started=500, age=520)
    story.agents([nodes[3], nodes[5]])
    story.agents([bad], ready=False, restarts=41, waiting="CrashLoopBackOff", last=("Error", 1, 120))
    for node in loud:
        story.not_established(story.pods[node], [bad], 466, 494, 3, established=4)
        story.pod_event(
            story.pods[node],
            "Unhealthy",
            "Readiness probe failed: calico/node is not ready: BIRD is not ready: graceful restart in progress",
            470,
            480,
            2,
        )
        story.commands[f"{story.pods[node]}.describe.txt"] = f"describe pod -n calico-system {story.pods[node]}"
    rest = [n for n in nodes if n not in (bad, loud[0])]
    story.log(story.pods[loud[0]], story.boot(loud[0], 500, [*rest, bad], rest) + story.quiet(440, 10, 62))
    story.commands |= {"nodes.txt": "get nodes -o wide", "pods.txt": "get pods -A -o wide"}
    story.affected = [bad]
    story.cite("pods.txt", "CrashLoopBackOff")
    return story


def creating(now: datetime) -> Incident:
    story = incident(
        "two-of-three-control-planes-refuse",
        CAUSE,
        "BIRD gets 'Connection refused' from two hosts that are Ready: their calico-node has ended (0/1 Completed), nothing says why.",
        "https://github.com/rancher/rke2/issues/1340",
        now,
        difficulty="hard",
        platform="other",
        calico="v3.20.1",
        kubernetes="v1.21.5+rke2r2",
        registry="docker.io/rancher/mirrored-calico",
        acceptable=["worker-local-failure"],
    )
    ips = {
        "srv-a": "10.90.0.11",
        "srv-b": "10.90.0.12",
        "srv-c": "10.90.0.13",
        "agent-1": "10.90.0.21",
        "agent-2": "10.90.0.22",
    }
    story.hosts(
        ips,
        runtime="containerd://1.4.9-k3s1",
        os_image="SUSE Linux Enterprise Server 15 SP3",
        kernel="5.3.18-59.24-default",
    )
    down = ["srv-b", "srv-c"]
    for node, address in ips.items():
        story.agents(
            [node],
            address=address,
            **({"ready": False, "restarts": 6, "done": True, "started": 4600} if node in down else {"restarts": 1}),
        )
    name = story.pods["agent-1"]
    story.log(
        name,
        [
            *story.quiet(9000, 4600, 600),
            *(f"bird: Mesh_{ips[n].replace('.', '_')}: State changed to {s}" for n in down for s in ("start",)),
            *story.quiet(4300, 30, 420),
        ],
        "agent-1.log",
    )
    story.texts["agent-1-node-status.txt"] = node_status(
        [
            (ips["srv-a"], "up", story.ago(1814400)[:10], "Established"),
            (ips["agent-2"], "up", story.ago(1814400)[:10], "Established"),
        ]
        + [
            (
                ips[n],
                "start",
                "09:31:0" + n[-1].replace("b", "2").replace("c", "7"),
                "Active Socket: Connection refused",
            )
            for n in down
        ]
    )
    story.commands = {
        "nodes": "get nodes -o wide",
        "pods": "get pods -n calico-system -o wide",
        "describe-agent-1": f"describe pod -n calico-system {name}",
    }
    story.affected = down
    story.cite("agent-1-node-status.txt", "Active Socket: Connection")
    return story


def scaled(now: datetime) -> Incident:
    story = incident(
        "daemonset-counts-one-too-few",
        CAUSE,
        "The daemonset wants five pods for six Ready workers; the sixth, which BIRD misses everywhere, was left without calico-node by a selector label.",
        "https://github.com/projectcalico/calico/issues/4185",
        now,
        difficulty="hard",
        platform="other",
        calico="v3.16.5",
        kubernetes="v1.18.12",
        registry="docker.io/calico",
        namespace="kube-system",
        acceptable=["pod-scheduling-blocked"],
    )
    ips = {f"dc1-node{n}": f"192.168.210.{100 + n}" for n in range(1, 7)}
    story.hosts(ips, labels={"cni": "calico"}, runtime="docker://19.3.14")
    bad = "dc1-node4"
    for item in story.objects["Node"]:
        if item["metadata"]["name"] == bad:
            del item["metadata"]["labels"]["cni"]
    for node, address in ips.items():
        if node != bad:
            story.agents([node], address=address, restarts=2, last=("Error", 255, 500_000))
    labels = {"k8s-app": "calico-node"}
    template = {
        "metadata": {"labels": labels},
        "spec": {
            "nodeSelector": {"cni": "calico", "kubernetes.io/os": "linux"},
            "containers": [{"name": "calico-node", "image": "docker.io/calico/node:v3.16.5"}],
        },
    }
    story.add(
        "DaemonSet",
        {
            "metadata": {
                "name": "calico-node",
                "namespace": "kube-system",
                "creationTimestamp": story.ago(30_000_000),
                "uid": "ds",
                "labels": labels,
            },
            "spec": {"selector": {"matchLabels": labels}, "template": template},
            "status": {
                "desiredNumberScheduled": 5,
                "currentNumberScheduled": 5,
                "numberReady": 5,
                "updatedNumberScheduled": 5,
                "numberAvailable": 5,
                "numberMisscheduled": 0,
            },
        },
    )
    others = [a for n, a in ips.items() if n not in (bad, "dc1-node1")]
    story.texts["calicoctl_node_status.txt"] = node_status(
        [(a, "up", story.ago(518400)[:10], "Established") for a in others]
        + [(ips[bad], "start", "07:55:19", "Connect Socket: Connection refused")]
    )
    log = story.quiet(12_000, 10_100, 600) + [
        f"bird: Mesh_{ips[bad].replace('.', '_')}: {t}"
        for t in (
            "Received: Administrative shutdown",
            "State changed to stop",
            "State changed to down",
            "Starting",
            "State changed to start",
        )
    ]
    story.log(story.pods["dc1-node1"], log + story.quiet(10_000, 100, 900))
    story.commands = {
        "nodes.txt": "get nodes -o wide --show-labels",
        "pods.txt": "get pods -n kube-system -o wide",
        "ds.txt": "get ds -n kube-system -o wide",
    }
    story.affected = [bad]
    story.cite("calicoctl_node_status.txt", "192.168.210.104")
    return story


def evicted_by_label(now: datetime) -> Incident:
    story = incident(
        "a-node-that-drained-its-calico-pod",
        CAUSE,
        "After a reboot one worker misses 10.243.61.9 only; that worker is Ready but its calico-node was deleted and has not come back (list shows none).",
        "https://github.com/projectcalico/calico/issues/2211",
        now,
        difficulty="hard",
        platform="vpc",
        calico="v3.29.0",
        kubernetes="v1.32.1+IKS",
    )
    nodes = story.workers([f"10.243.61.{n}" for n in (4, 5, 9, 10, 11, 14, 15)])
    gone, fresh = nodes[2], nodes[5]
    others = [n for n in nodes if n not in (gone, fresh)]
    story.agents(others)
    story.agents([fresh], started=700, restarts=1, last=("Error", 255, 760))
    story.not_established(story.pods[fresh], [gone], 668, 690, 3, established=5)
    story.node_event(
        fresh, "Rebooted", f"Node {fresh} has been rebooted, boot id: 9a7c1b52-71a6-4f0c-8a9e-1b7cf2e98d11", 770
    )
    story.pod_event("calico-node-9m2dz", "Killing", "Stopping container calico-node", 2100, type_="Normal")
    story.describe(fresh)
    story.commands[f"describe-node-{gone}.txt"] = f"describe node {gone}"
    story.log(
        story.pods[fresh],
        wrapped(
            story,
            story.boot(fresh, 700, [*others, gone], others) + story.quiet(600, 10, 62),
            "stern",
            story.pods[fresh],
        ),
    )
    log = story.quiet(6000, 2300, 300) + [
        f"bird: Mesh_{gone.replace('.', '_')}: {t}"
        for t in (
            "Received: Administrative shutdown",
            "State changed to stop",
            "State changed to down",
            "Starting",
            "State changed to start",
        )
    ]
    story.log(story.pods[others[0]], log + story.quiet(2000, 20, 300))
    story.affected = [gone]
    story.cite(f"describe-pod-{story.pods[fresh]}.txt", f"BGP not established with {gone}")
    return story


def waits(now: datetime) -> Incident:
    story = incident(
        "the-quiet-peer-is-not-running",
        CAUSE,
        "Everybody shows 'Connection refused' for 172.31.9.40; its node is Ready, its calico-node sits in CrashLoopBackOff for days and is the only one that is not ready.",
        "https://github.com/projectcalico/node/issues/355",
        now,
        difficulty="medium",
        platform="other",
        calico="v3.22.5",
        kubernetes="v1.23.17",
        registry="docker.io/calico",
        namespace="kube-system",
        acceptable=["worker-local-failure"],
    )
    ips = {f"ip-172-31-9-{n}": f"172.31.9.{n}" for n in (12, 19, 27, 40, 55, 61, 70, 88, 93)}
    story.hosts(ips, labels={"node.kubernetes.io/instance-type": "m5.xlarge"})
    bad = "ip-172-31-9-40"
    story.staff({n: a for n, a in ips.items() if n != bad})
    story.staff({bad: ips[bad]}, ready=False, restarts=1042, waiting="CrashLoopBackOff", last=("Error", 1, 60))
    for node in ("ip-172-31-9-12", "ip-172-31-9-88"):
        mine = ips[node]
        rows = [(a, "up", story.ago(1123200)[:10], "Established") for a in ips.values() if a not in (mine, ips[bad])]
        story.texts[f"{node}.status.txt"] = node_status(
            [
                *rows,
                (
                    ips[bad],
                    "start",
                    story.ago(345600)[:10],
                    "Passive" if ips[bad] > mine else "Connect Socket: Connection refused",
                ),
            ]
        )
        story.log(story.pods[node], story.quiet(7000, 20, 500))
    story.commands = {"nodes.txt": "get nodes -o wide", "pods.txt": "get pods -n kube-system -o wide"}
    story.affected = [bad]
    story.cite("pods.txt", "CrashLoopBackOff")
    return story


def terminating(now: datetime) -> Incident:
    story = incident("pod-that-never-finishes-terminating", CAUSE, "All miss one Ready worker; its calico-node hangs in Terminating with its container ended, no new one is made.",
        "https://github.com/projectcalico/calico/blob/v3.28.2/node/pkg/health/health.go", now, difficulty="easy", platform="vpc", calico="v3.28.2")  # fmt: skip
    nodes = story.workers([f"10.243.9.{n}" for n in (30, 31, 32, 33)])
    bad, rest = nodes[2], [nodes[0], nodes[1], nodes[3]]
    story.agents(rest[:2])
    story.agents(rest[2:], ready=False, started=4000, age=4100)
    story.agents([bad], ready=False, last=("Completed", 0, 5000))
    story.objects["Pod"][-1]["metadata"] |= {"deletionTimestamp": story.ago(5000), "deletionGracePeriodSeconds": 5}
    story.not_established(story.pods[rest[2]], [bad], 10, 3950, 395, established=2)
    story.describe(rest[2])
    story.log(story.pods[rest[2]], story.boot(rest[2], 4000, [*rest[:2], bad], rest[:2]) + story.quiet(3900, 40, 300))
    story.affected = [bad]
    story.cite("pods.txt", "Terminating")
    return story


def unit_dead(now: datetime) -> Incident:
    story = incident("host-service-was-stopped-by-hand", CAUSE, "calico-node runs as a systemd unit; peers get 'Connection refused' from one Ready host, whose unit is inactive.",
        "https://docs.tigera.io/calico/latest/getting-started/bare-metal/installation/container", now, difficulty="medium", platform="other", calico="v3.22.1", kubernetes="v1.23.5", registry="quay.io/calico", namespace="kube-system")  # fmt: skip
    ips = {f"bm{n:02}": f"172.27.3.{n}" for n in (4, 5, 6, 7)}
    story.hosts(ips, runtime="docker://20.10.14")
    for node in ("bm04", "bm05", "bm07"):
        story.texts[f"status-{node}.txt"] = node_status(
            [
                (a, "start", "11:20:05", "Active Socket: Connection refused")
                if n == "bm06"
                else (a, "up", story.ago(700_000)[:10], "Established")
                for n, a in ips.items()
                if n != node
            ]
        )
    story.texts["bm06-systemctl.txt"] = (
        "● calico-node.service - calico-node\n     Loaded: loaded (/etc/systemd/system/calico-node.service; disabled; vendor preset: enabled)\n     Active: inactive (dead)\n\n"
        f"{story.syslog(9100)} bm06 systemd[1]: Stopping calico-node...\n{story.syslog(9099)} bm06 docker[20133]: calico-node\n{story.syslog(9099)} bm06 systemd[1]: Stopped calico-node.\n"
    )  # fmt: skip
    story.log(
        "",
        story.old_boot("bm04", 700_000, ["172.27.3.5", "172.27.3.6", "172.27.3.7"], prefix=24)[:40]
        + story.quiet(5000, 40, 400),
        "docker-logs-calico-node-bm04.txt",
    )
    story.commands["nodes.txt"] = "get nodes -o wide"
    story.affected = ["bm06"]
    story.cite("bm06-systemctl.txt", "Active: inactive (dead)")
    return story


def crictl(now: datetime) -> Incident:
    story = incident("crictl-shows-the-peer-exited", CAUSE, "The probe of each restarted neighbour misses one address; crictl on that Ready node lists calico-node as Exited, no reason was sent.",
        "https://github.com/projectcalico/calico/blob/v3.25.2/confd/pkg/backends/calico/client.go", now, difficulty="hard", platform="other", calico="v3.25.2", kubernetes="v1.26.9+k3s1", registry="docker.io/calico")  # fmt: skip
    ips = {f"edge-{c}": f"10.12.40.{n}" for c, n in zip("abcde", (2, 3, 4, 5, 6), strict=True)}
    story.hosts(ips)
    bad, fresh = "edge-e", ["edge-a", "edge-c"]
    story.staff({n: a for n, a in ips.items() if n not in [bad, *fresh]})
    story.staff({n: ips[n] for n in fresh}, ready=False, restarts=1, started=1300, last=("Completed", 0, 1310))
    for node in fresh:
        story.not_established(story.pods[node], [ips[bad]], 9, 1260, 126, established=3)
        story.probe(story.pods[node], FELIX_REFUSED, 1290, 1296, 1)
        story.commands[f"describe-{node}.txt"] = f"describe pod -n calico-system {story.pods[node]}"
    story.texts["crictl-ps-a-edge-e.txt"] = (
        "CONTAINER       IMAGE           CREATED        STATE     NAME                 ATTEMPT   POD ID          POD\n"
        "61f0c2a1b77de   3dd4a9c8e1f02   9 days ago     Running   metrics-agent        0         a1c9d2e3f4a5b   metrics-agent-7kq2n\n"
        "0be71d9a6c55f   5c0bd1f73a9e4   2 days ago     Exited    calico-node          3         77d0e5b1c2f3a   calico-node-w9x2r\n"
        "9d3f1a7be0c12   8f4c2a6d0b9e7   9 days ago     Exited    install-cni          0         77d0e5b1c2f3a   calico-node-w9x2r\n"
    )  # fmt: skip
    story.commands["nodes.txt"] = "get nodes -o wide"
    story.affected = [bad]
    story.cite("crictl-ps-a-edge-e.txt", "Exited    calico-node")
    return story


def ended_orderly(now: datetime) -> Incident:
    story = incident("neighbour-shut-its-session-down", CAUSE, "BIRD of the others first got an orderly end of the session, then refusals; the peer's calico-node is 'Completed' on a Ready worker.",
        "https://github.com/projectcalico/bird/blob/master/proto/bgp/bgp.c", now, difficulty="medium", platform="classic", calico="v3.26.4", kubernetes="v1.28.11+IKS", namespace="kube-system")  # fmt: skip
    nodes = story.workers([f"10.95.40.{n}" for n in (17, 21, 22, 27, 30)])
    bad, rest = nodes[3], [n for n in nodes if n != nodes[3]]
    story.agents(rest)
    story.agents([bad], ready=False, phase="Succeeded", done=True)
    peer = f"bird: Mesh_{bad.replace('.', '_')}: "
    words = (
        "Received: Administrative shutdown",
        "State changed to stop",
        "State changed to down",
        "Starting",
        "State changed to start",
    )
    for node in rest[:2]:
        story.log(
            story.pods[node],
            story.quiet(16_000, 9000, 500) + [peer + word for word in words] + story.quiet(8900, 30, 500),
        )
    story.texts["show-protocols.txt"] = protocols(
        [(n, "up", story.ago(900_000)[:10], "Established") for n in rest[1:]]
        + [(bad, "start", "08:10:07", "Active        Socket: Connection refused")],
        routes="up",
    )
    story.commands |= {
        "pods.txt": "get pods -A -o wide",
        "nodes.txt": "get nodes -o wide",
        f"describe-node-{bad}.txt": f"describe node {bad}",
    }
    story.affected = [bad]
    story.cite("pods.txt", "Completed")
    return story


STORIES = [excluded, crash, creating, scaled, evicted_by_label, waits, terminating, unit_dead, crictl, ended_orderly]
