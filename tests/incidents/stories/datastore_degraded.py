"""datastore-degraded: master, etcd or datastore slow or failing, for all workers together."""

from __future__ import annotations

from datetime import datetime

from telling import FELIX_503, SOCKET, Incident, incident

CAUSE = "datastore-degraded"


def lists_time_out(now: datetime) -> Incident:
    story = incident(
        "every-felix-asks-for-all-pods-again",
        CAUSE,
        "One of two API servers is gone, the other is too slow: on each node lists of pods end without an answer in time and are asked for again.",
        "https://github.com/projectcalico/node/issues/1200",
        now,
        platform="other",
        calico="v3.19.1",
        kubernetes="v1.18.20-eks-c9f1ce",
        registry="quay.io/calico",
        namespace="kube-system",
        difficulty="medium",
    )
    hosts = {
        f"ip-10-8-{a}-{b}.us-west-2.compute.internal": f"10.8.{a}.{b}"
        for a, b in ((1, 17), (1, 90), (2, 33), (2, 71), (3, 8), (3, 142), (4, 5), (4, 66))
    }
    names = story.hosts(
        hosts, runtime="docker://19.3.13", os_image="Amazon Linux 2", kernel="5.4.129-63.229.amzn2.x86_64"
    )
    for i, node in enumerate(names):
        story.staff(
            {node: hosts[node]},
            ready=i in (2, 5),
            restarts=3 + i % 3,
            started=2500 + 60 * i,
            last=("Error", 137, 2520 + 60 * i),
        )
        if i not in (2, 5):
            story.probe(story.pods[node], FELIX_503, 9 + i, 2400, 230)
    for n, node in enumerate(names[:2]):
        lines = story.boot(node, 2500 + 60 * n, bird=False)[:20]
        for i in range(16):
            ago = 2400 - 148 * i
            lines += [
                story.line(
                    ago,
                    "INFO",
                    62,
                    "felix/watchercache.go 174:",
                    'Full resync is required ListRoot="/calico/resources/v3/projectcalico.org/workloadendpoints"',
                ),
                f"I{story.klog(ago - 11)}      62 request.go:655] Throttling request took 10.998123511s, request: GET:https://172.20.0.1:443/api/v1/pods?limit=500",
                story.line(
                    ago - 60.1,
                    "INFO",
                    62,
                    "felix/watchercache.go 186:",
                    'Failed to perform list of current data during resync ListRoot="/calico/resources/v3/projectcalico.org/workloadendpoints" error=the server was unable to return a response in the time allotted, but may still be processing requests (get pods)',
                ),
            ]
        story.log(story.pods[node], lines)
        story.describe(node)
    story.affected = names
    story.cite(f"{story.pods[names[0]]}.log", "the server was unable to return a response in the time allotted")
    return story


def no_space_in_etcd(now: datetime) -> Incident:
    story = incident(
        "nothing-can-be-written-any-more",
        CAUSE,
        "etcd's quota is used up, it takes no more writes (its events are kept apart): calico-node that was rolled last cannot write its node, which looks like a fault of three workers.",
        "https://github.com/kubernetes/kops/issues/4005",
        now,
        platform="other",
        calico="v3.22.1",
        kubernetes="v1.22.8",
        registry="docker.io/calico",
        namespace="kube-system",
        difficulty="hard",
    )
    hosts = {f"quota-{n:02d}": f"172.30.60.{n}" for n in (3, 4, 7, 8, 11, 16, 18)}
    story.hosts(hosts)
    for node in story.objects["Node"]:  # what the API shows stands still since the quota was reached
        for condition in node["status"]["conditions"]:
            if condition["type"] != "NetworkUnavailable":  # that one is Calico's and never refreshed
                condition["lastHeartbeatTime"] = max(story.ago(2860), condition["lastTransitionTime"])
    bad = ["quota-07", "quota-11", "quota-18"]
    story.staff({k: v for k, v in hosts.items() if k not in bad})
    for i, node in enumerate(bad):
        name = story.staff({node: hosts[node]}, ready=False, started=2880 + i, age=2900)[0]
        story.probe(name, SOCKET, 146 + i, 2800, 30)
        story.pod_event(name, "BackOff", "Back-off restarting failed container", 9 + i, 2800, 190)
        lines = story.boot(node, 144 + 5 * i)[:10]
        lines += [
            story.say(143 + 5 * i, "INFO", 9, "startup", "startup.go 214:", f"Using node name: {node}"),
            story.say(
                142.8 + 5 * i,
                "ERROR",
                9,
                "startup",
                "startup.go 194:",
                "Unable to set node resource configuration error=etcdserver: mvcc: database space exceeded",
            ),
            story.say(142.8 + 5 * i, "WARNING", 9, "startup", "utils.go 49:", "Terminating"),
            "Calico node failed to start",
        ]
        story.log(name, lines, f"{name}-previous.log")
        story.describe(node)
    story.texts["restart-says.txt"] = (
        "$ kubectl -n shop rollout restart deploy/cart\nError from server: etcdserver: mvcc: database space exceeded\n"
    )
    story.affected = list(hosts)
    story.cite(f"{name}-previous.log", "etcdserver: mvcc: database space exceeded")
    return story


def leader_changes(now: datetime) -> Incident:
    story = incident(
        "all-workers-blink-together-with-the-master",
        CAUSE,
        "All six workers go NotReady and come back in the same minutes; in each calico-node the API answers with etcd timeouts, leader changes and 503. No worker is at fault.",
        "https://github.com/etcd-io/etcd/issues/11809",
        now,
        platform="classic",
        calico="v3.27.4",
        kubernetes="v1.30.9+IKS",
        difficulty="hard",
    )
    nodes = story.workers([f"10.85.117.{n}" for n in (66, 67, 70, 75, 82, 90)], since=420)
    story.agents(nodes, restarts=2, started=900_000, last=("Error", 137, 900_010))
    story.typha(nodes[1], restarts=1, last=("Error", 2, 2900), started=2890)
    for node in nodes:
        for last in (3300, 2100, 480):
            story.node_event(
                node,
                "NodeNotReady",
                f"Node {node} status is now: NodeNotReady",
                last,
                source="node-controller",
                type_="Normal",
            )
            story.node_event(node, "NodeReady", f"Node {node} status is now: NodeReady", last - 60, type_="Normal")
    errors = (
        "etcdserver: request timed out",
        "etcdserver: leader changed",
        "the server is currently unable to handle the request (get clusterinformations.crd.projectcalico.org default)",
        "rpc error: code = Unavailable desc = error reading from server: EOF",
        "etcdserver: request timed out, possibly due to previous leader failure",
    )
    for n, node in enumerate((nodes[0], nodes[3])):
        lines = story.quiet(5000, 3500, 150)
        for i in range(18):
            ago = 3340 - 155 * i - n
            lines.append(
                f"W{story.klog(ago)}      61 reflector.go:539] k8s.io/client-go@v0.28.9/tools/cache/reflector.go:229: failed to list *v1.Service: {errors[i % 5]}"
            )
            if i % 3 == 0:
                lines.append(
                    story.line(
                        ago - 2,
                        "ERROR",
                        57,
                        "cni-config-monitor/token_watch.go 107:",
                        f"Unable to create token for CNI kubeconfig error={errors[(i + 1) % 5]}",
                    )
                )
            lines += story.quiet(ago - 20, ago - 120, 70)
        story.log(story.pods[node], lines)
        story.describe(node)
    story.affected = nodes
    story.cite(f"{story.pods[nodes[3]]}.log", "etcdserver: request timed out")
    return story


def too_many_requests(now: datetime) -> Incident:
    story = incident(
        "typha-is-told-to-try-again-later",
        CAUSE,
        "An operator of the customer floods the API; it answers Typha with 429 again and again, so Typha never has all data and calico-nodes that restart wait for it. Old ones go on.",
        "https://github.com/projectcalico/calico/blob/release-v3.30/libcalico-go/lib/backend/watchersyncer/watchercache.go",
        now,
        platform="roks",
        calico="v3.30.2",
        kubernetes="v1.31.9+2e5d1b1",
        difficulty="hard",
    )
    nodes = story.workers(
        [f"10.176.9.{n}" for n in (10, 12, 15, 22, 29, 31, 40, 44, 53, 60)],
        os_image="Red Hat Enterprise Linux 9.4 (Plow)",
        runtime="cri-o://1.31.8",
        kernel="5.14.0-427.70.1.el9_4.x86_64",
    )
    bad = nodes[6:8]
    story.agents([n for n in nodes if n not in bad])
    for i, node in enumerate(bad):
        name = story.agents([node], ready=False, started=2600, age=2700)[0]
        story.probe(name, FELIX_503, 6 + i, 2500, 250)
        story.probe(name, SOCKET, 14 + i, 2500, 250)
    typhas = [
        story.typha(nodes[0], ready=False, restarts=7, started=300, last=("Error", 137, 310)),
        story.typha(nodes[4], suffix="q9w4r", ready=False, restarts=6, started=410, last=("Error", 137, 420)),
    ]
    for typha in typhas:
        story.pod_event(
            typha, "Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503", 10, 2500, 240
        )
    story.other(
        "inventory-sync-controller-6b7c8d9f5-tt4kz",
        nodes[2],
        "172.17.200.9",
        "inventory",
        "ReplicaSet/inventory-sync-controller-6b7c8d9f5",
    )
    lines = [
        story.line(
            300,
            "INFO",
            7,
            "typha/daemon.go 170:",
            'Typha starting up GOMAXPROCS=4 buildDate="2025-06-05T21:04:41+0000" gitCommit="cf50b56" version="v3.30.2"',
        )
    ]
    kinds = (
        "projectcalico.org/nodes",
        "kubernetes.org/networkpolicies",
        "projectcalico.org/workloadendpoints",
        "projectcalico.org/profiles",
    )
    for i in range(34):
        lines.append(
            story.line(
                295 - 8.5 * i,
                "INFO",
                7,
                "typha/watchercache.go 194:",
                f'Failed to perform list of current data during resync ListRoot="/calico/resources/v3/{kinds[i % 4]}" error=the server has received too many requests and has asked us to try again later (get {kinds[i % 4].split("/")[1]})',
            )
        )
        if i % 8 == 3:
            lines.append(
                story.line(
                    294 - 8.5 * i,
                    "INFO",
                    7,
                    "typha/sync_server.go 424:",
                    f"Accepted from {bad[0]}:{40022 + i} port=5473",
                )
            )
    story.log(typhas[0], lines)
    name = story.pods[bad[0]]
    lines = story.boot(bad[0], 2600, bird=False)[:20]
    lines += [
        story.line(2580 - 64 * n, "ERROR", 61 + n, "felix/discovery.go 228:", "Didn't find any ready Typha instances.")
        for n in range(40)
    ]
    story.log(name, lines)
    story.describe(bad[0])
    story.commands["describe-typha.txt"] = f"describe pod -n calico-system {typhas[0]}"
    story.affected = bad
    story.cite(f"{typhas[0]}.log", "the server has received too many requests")
    return story


STORIES = [lists_time_out, no_space_in_etcd, leader_changes, too_many_requests]
