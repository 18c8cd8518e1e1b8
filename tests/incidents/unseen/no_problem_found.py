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


def update_finished_yesterday(now: datetime) -> Incident:
    story = incident(
        "cluster-update-of-yesterday-left-its-traces",
        CAUSE,
        "ROKS: all workers were replaced one after another yesterday. Restarts, last states, FATAL lines of an orderly stop, Typha reconnects and a Pending spare Typha are from then; since eighteen hours nothing, all pods are ready, the operators Available.",
        "https://github.com/projectcalico/calico/blob/v3.29.3/typha/pkg/k8s/lookup.go (rebalancing of connections)",
        now,
        platform="roks",
        calico="v3.28.5",
        kubernetes="v1.30.12",
        difficulty="hard",
    )
    rhel = {
        "os_image": "Red Hat Enterprise Linux 9.4 (Plow)",
        "kernel": "5.14.0-427.68.2.el9_4.x86_64",
        "runtime": "cri-o://1.30.12",
    }
    nodes = [f"10.184.77.{n}" for n in (12, 13, 20, 21)]
    for i, node in enumerate(nodes):
        story.workers([node], age=76_000 - 2500 * i, since=75_600 - 2500 * i, **rhel)
        story.agents(
            [node], age=75_900 - 2500 * i, started=75_000 - 2500 * i, restarts=1, last=("Error", 1, 75_040 - 2500 * i)
        )
    story.typha(nodes[0])
    story.typha(nodes[2], "z7w4q")
    story.typha("", "k5t9b", ready=False)
    for pod in story.objects["Pod"][-3:]:
        pod["metadata"]["creationTimestamp"] = pod["status"]["startTime"] = story.ago(70_000)
        for status in pod["status"]["containerStatuses"]:
            status["state"] = {"running": {"startedAt": story.ago(69_990)}}
    story.pod_event(
        "calico-typha-5c9d8f7b6-k5t9b",
        "FailedScheduling",
        "0/4 nodes are available: 2 node(s) didn't have free ports for the requested pod ports, 2 node(s) had untolerated taint {dedicated: edge}. preemption: not eligible due to preemptionPolicy=Never.",
        66_000,
        66_500,
        4,
        source="default-scheduler",
    )
    me = nodes[1]
    name = story.pods[me]
    began = 72_500
    story.log(
        "x",
        [
            story.say(
                began + 60,
                "ERROR",
                61,
                "felix",
                "sync_client.go 258:",
                f'Failed to connect to typha endpoint {nodes[0]}:5473.  Will try other endpoints if available. error=dial tcp {nodes[0]}:5473: connect: connection refused myID=0x0 type="felix"',
            ),
            story.say(
                began + 50,
                "FATAL",
                61,
                "felix",
                "daemon.go 811:",
                'Exiting immediately reason="Received OS signal terminated"',
            ),
        ],
        f"{name}-previous.log",
    )
    log = [
        *story.boot(me, began, [n for n in nodes if n != me], up=[nodes[0]]),
        story.say(
            began - 6, "INFO", 61, "felix", "health.go 336:", "Overall health status changed: live=true ready=true"
        ),
    ]
    for peer in nodes[2:]:
        log += [
            f"bird: Mesh_{peer.replace('.', '_')}: {x}"
            for x in (
                "Error: Hold timer expired",
                "State changed to stop",
                "State changed to down",
                "Starting",
                "State changed to start",
                "Connected to table master",
                "State changed to feed",
                "State changed to up",
            )
        ]
    log += [
        story.say(
            66_900,
            "WARNING",
            62,
            "confd",
            "sync_client.go 172:",
            f"read tcp {me}:41822->{nodes[0]}:5473: read: connection reset by peer",
        ),
        story.say(
            66_899,
            "INFO",
            62,
            "confd",
            "sync_client.go 208:",
            f'Successfully connected to Typha at {nodes[2]}:5473 after 4.1ms. myID=0x2 type="bgp"',
        ),
        "bird: Graceful restart done",
        story.say(
            40_000, "INFO", 61, "felix", "sync_client.go 281:", "Received sync status message from Typha: in-sync"
        ),
        *story.quiet(3600, 10, 200),
    ]
    story.log(name, log)
    story.texts["oc-get-tigerastatus.txt"] = (
        "NAME      AVAILABLE   PROGRESSING   DEGRADED   SINCE\ncalico    True        False         False      18h\nippools   True        False         False      19d\n"
    )
    story.texts["node-status.txt"] = node_status([(n, "up", "2026-11-22", "Established") for n in nodes if n != me])
    story.describe(me)
    story.cite("oc-get-tigerastatus.txt", "calico    True        False         False")
    return story


def iks_lists_and_one_old_complaint(now: datetime) -> Incident:
    story = incident(
        "one-old-probe-failure-and-a-customer-pod-in-trouble",
        CAUSE,
        "The ticket blames the network for a customer's pod that ends with its own error (a wrong password of its database). calico-node had two missed readiness probes at its start an hour ago, all sessions are up, the pod itself has its address and reaches the database's port.",
        "https://github.com/projectcalico/calico/issues/2834 (transient)",
        now,
        platform="classic",
        calico="v3.27.5",
        kubernetes="v1.29.14+IKS",
        difficulty="easy",
    )
    nodes = story.workers([f"10.65.180.{n}" for n in (131, 140, 152)])
    story.agents(nodes[:2], started=1_000_000)
    name = story.agents([nodes[2]], age=3700, started=3680)[0]
    story.typha(nodes[0])
    story.probe(name, SOCKET, 3672, 3675)
    story.not_established(name, nodes[:2], 3660, 3660, 1)
    app = story.other(
        "ledger-0",
        nodes[2],
        "172.30.14.201",
        "books",
        "StatefulSet/ledger",
        app="ledger",
        ready=False,
        restarts=14,
        waiting="CrashLoopBackOff",
        last=("Error", 1, 190),
        age=3300,
    )
    story.pod_event(
        app,
        "BackOff",
        "Back-off restarting failed container ledger in pod ledger-0_books(51ac)",
        11,
        3200,
        220,
        namespace="books",
    )
    story.log(
        app,
        [
            "connecting to ledger-db.books.svc:5432 ...",
            "connected, authenticating as ledger",
            'FATAL: password authentication failed for user "ledger"',
            "giving up",
        ],
        "ledger-0.log",
    )
    story.log(
        name,
        [
            *story.boot(nodes[2], 3680, nodes[:2]),
            story.say(
                3670, "INFO", 61, "felix", "health.go 336:", "Overall health status changed: live=true ready=true"
            ),
            *story.quiet(3500, 10, 200),
        ],
    )
    story.texts["calicoctl-node-status.txt"] = node_status([(n, "up", "16:20:11", "Established") for n in nodes[:2]])
    story.describe(nodes[2], name)
    story.commands["describe-ledger-0.txt"] = f"describe pod -n books {app}"
    story.cite("calicoctl-node-status.txt", "Established")
    return story


STORIES = [replaced_workers_and_a_worried_reader, update_finished_yesterday, iks_lists_and_one_old_complaint]
