"""no-problem-found: told without having seen the rules."""

from __future__ import annotations

from datetime import datetime

from telling import FELIX_503, SOCKET, Incident, incident, node_status

CAUSE = "no-problem-found"


def replaced_workers_and_a_worried_reader(now: datetime) -> Incident:
    story = incident(
        "worker-replaced-log-read-for-the-first-time",
        CAUSE,
        "One worker was replaced two hours ago; the ticket quotes 'Unable to open configuration file', 'Failed to stat() nodename file', NotReady and lost sessions of its first and the old worker's last minute. Every pod is ready and every session established since.",
        "https://github.com/projectcalico/calico/issues/6860",
        now,
        platform="vpc",
        calico="v3.29.2",
        kubernetes="v1.31.7+IKS",
        difficulty="medium",
    )
    nodes = story.workers([f"10.250.10.{n}" for n in (4, 6, 7)])
    new = story.workers(["10.250.10.15"], age=7300, since=7150)[0]
    gone = "10.250.10.5"
    story.agents(nodes, started=1_200_000)
    name = story.agents([new], age=7280, started=7200)[0]
    story.typha(nodes[0])
    story.typha(nodes[2], "4xk9d")
    for reason, text, at in (
        ("Starting", "Starting kubelet.", 7300),
        ("InvalidDiskCapacity", "invalid capacity 0 on image filesystem", 7300),
        ("NodeHasSufficientMemory", f"Node {new} status is now: NodeHasSufficientMemory", 7298),
        ("NodeReady", f"Node {new} status is now: NodeReady", 7150),
    ):
        story.node_event(new, reason, text, at, type_="Warning" if reason == "InvalidDiskCapacity" else "Normal")
    story.pod_event(
        name,
        "FailedMount",
        'MountVolume.SetUp failed for volume "node-certs" : failed to sync secret cache: timed out waiting for the condition',
        7278,
        7279,
        2,
    )
    story.probe(
        name,
        "BIRD is not ready: Failed to stat() nodename file: stat /var/lib/calico/nodename: no such file or directory",
        7195,
        7199,
        2,
    )
    story.probe(name, SOCKET, 7190, 7190)
    story.probe(name, FELIX_503, 7185, 7185)
    story.not_established(name, [gone], 7170, 7180, 2, established=3)
    log = story.boot(new, 7200, [*nodes, gone], up=nodes)
    log += [
        story.say(
            7120,
            "INFO",
            60,
            "confd",
            "resource.go 289:",
            "Target config /etc/calico/confd/config/bird.cfg has been updated due to change in key: /calico/bgp/v1/host",
        ),
        "bird: Reconfiguration requested by SIGHUP",
        "bird: Reconfiguring",
        "bird: Removing protocol Mesh_10_250_10_5",
        "bird: Mesh_10_250_10_5: Shutting down",
        "bird: Mesh_10_250_10_5: State changed to down",
        "bird: Reconfigured",
        story.say(7100, "INFO", 61, "felix", "health.go 336:", "Overall health status changed: live=true ready=true"),
        *story.quiet(4000, 10, 240),
    ]
    story.log(name, log)
    log = [
        *story.quiet(8000, 7500, 200),
        *[
            f"bird: Mesh_10_250_10_5: {x}"
            for x in (
                "Received: Administrative shutdown",
                "State changed to stop",
                "State changed to down",
                "Starting",
                "State changed to start",
            )
        ],
        "bird: Mesh_10_250_10_15: Initializing",
        "bird: Mesh_10_250_10_15: Starting",
        *[f"bird: Mesh_10_250_10_15: State changed to {x}" for x in ("start", "feed", "up")],
        *story.quiet(6900, 10, 600),
    ]
    story.log(story.pods[nodes[1]], log)
    story.texts["status-10.250.10.15.txt"] = node_status([(n, "up", "15:04:31", "Established") for n in nodes])
    story.describe(new, name)
    story.commands[f"describe-pod-{story.pods[nodes[1]]}.txt"] = f"describe pod -n calico-system {story.pods[nodes[1]]}"
    story.cite("status-10.250.10.15.txt", "Established")
    return story


STORIES = [replaced_workers_and_a_worried_reader]
