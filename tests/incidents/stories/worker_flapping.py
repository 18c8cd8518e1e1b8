"""worker-flapping: a worker toggles between Ready and NotReady."""

from __future__ import annotations

from datetime import datetime

from telling import Incident, incident

CAUSE = "worker-flapping"


def _toggles(story: Incident, node: str, times: int, last: float, first: float) -> None:
    for reason in ("NodeNotReady", "NodeReady"):
        source = "node-controller" if reason == "NodeNotReady" else "kubelet"
        late = last + (140 if reason == "NodeNotReady" else 0)
        story.node_event(
            node, reason, f"Node {node} status is now: {reason}", late, first, times, type_="Normal", source=source
        )


def now_ready(now: datetime) -> Incident:
    story = incident(
        "ready-right-now-but-nineteen-toggles", CAUSE,
        "The worker is Ready at the moment; its events count 19 changes to NotReady in five hours and the neighbours' BGP sessions drop with them.",
        "https://github.com/kubernetes/kubernetes/issues/109965", now, platform="classic", calico="v3.28.2", difficulty="medium",
    )  # fmt: skip
    nodes = story.workers([f"10.85.190.{n}" for n in (131, 134, 140, 155)])
    bad = story.workers(["10.85.190.162"], since=130)[0]
    story.agents([*nodes, bad])
    _toggles(story, bad, 19, 130, 18_000)
    story.not_established(story.pods[nodes[1]], [bad], 420, 15_000, 11, established=3)
    story.describe(nodes[1])
    story.commands[f"describe-node-{bad}.txt"] = f"describe node {bad}"
    peer = f"bird: Mesh_{bad.replace('.', '_')}: "
    lines = [
        peer + t
        for _ in range(4)
        for t in ("Error: Hold timer expired", "State changed to start", "State changed to feed", "State changed to up")
    ]
    story.log(story.pods[nodes[1]], [*story.quiet(4000, 2000), *lines, *story.quiet(1900, 10)])
    story.affected = [bad]
    story.cite(f"describe-node-{bad}.txt", "status is now: NodeNotReady")
    return story


def events_file(now: datetime) -> Incident:
    story = incident(
        "only-the-event-list-shows-it", CAUSE,
        "All nodes are Ready in the list; the event list shows one that became NotReady and Ready 33 times. The crash of kube-controllers is its effect.",
        "https://github.com/kubernetes/kubernetes/issues/40442", now, platform="other", calico="v3.25.1", kubernetes="v1.26.5+k3s1", registry="docker.io/calico", difficulty="hard",
    )  # fmt: skip
    hosts = {f"pi-{n}": f"192.168.40.{n}" for n in (11, 12, 13, 14)}
    story.hosts({k: v for k, v in hosts.items() if k != "pi-13"})
    story.hosts({"pi-13": hosts["pi-13"]}, since=48)
    story.staff(hosts)
    _toggles(story, "pi-13", 33, 48, 26_000)
    story.other("calico-kube-controllers-7d66bfdb8-x5k2p", "pi-13", "10.42.211.7", namespace="calico-system", owner="ReplicaSet/calico-kube-controllers-7d66bfdb8",
                image="docker.io/calico/kube-controllers:v3.25.1", ready=False, restarts=14, waiting="CrashLoopBackOff", last=("Error", 2, 200))  # fmt: skip
    story.pod_event(
        "calico-kube-controllers-7d66bfdb8-x5k2p",
        "BackOff",
        "Back-off restarting failed container calico-kube-controllers in pod",
        30,
        9000,
        61,
    )
    story.pod_event(story.pods["pi-13"], "NodeNotReady", "Node is not ready", 190, 26_000, 33, source="node-controller")
    story.commands = {
        "nodes.txt": "get nodes -o wide",
        "pods.txt": "get pods -A -o wide",
    }
    story.log(
        story.pods["pi-13"],
        story.boot("pi-13", 90_000, [v for k, v in hosts.items() if k != "pi-13"]) + story.quiet(2200, 5),
    )
    story.events()
    story.affected = ["pi-13"]
    story.cite("events.txt", "pi-13 status is now: NodeNotReady")
    return story


def kubelet_journal(now: datetime) -> Incident:
    story = incident(
        "kubelet-loses-its-lease-now-and-then", CAUSE,
        "The kubelet's journal updates the status only in some periods and the worker's events toggle; calico-node itself is fine in between.",
        "https://github.com/kubernetes/kubernetes/issues/80172", now, platform="vpc", calico="v3.29.3", kubernetes="v1.32.2+IKS", difficulty="medium",
    )  # fmt: skip
    nodes = story.workers([f"10.240.16.{n}" for n in (6, 7, 8)])
    bad = story.workers(
        ["10.240.16.11"], ready=("Unknown", "NodeStatusUnknown", "Kubelet stopped posting node status."), since=62
    )[0]
    story.agents([*nodes, bad])
    _toggles(story, bad, 12, 210, 9000)
    story.describe(bad)
    for n in range(8):
        ago = 8000 - n * 950
        story.texts["kubelet-journal.txt"] = story.texts.get("kubelet-journal.txt", "") + "".join(
            f"{story.syslog(ago - late)} kube-cs1-{bad.split('.')[-1]} kubelet[2411]: {text}\n" for late, text in (
                (0, 'E1122 12:01:07.113402    2411 controller.go:195] "Failed to update lease" err="Put \\"https://172.20.0.1:2040/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/' + bad + '?timeout=10s\\": context deadline exceeded"'),
                (11, f'E1122 12:01:18.208119    2411 kubelet_node_status.go:549] "Error updating node status, will retry" err="error getting node \\"{bad}\\": Get \\"https://172.20.0.1:2040/api/v1/nodes/{bad}?timeout=10s\\": net/http: request canceled (Client.Timeout exceeded while awaiting headers)"'),
                (340, f'I1122 12:06:47.551310    2411 kubelet_node_status.go:696] "Recording event message for node" node="{bad}" event="NodeReady"')))  # fmt: skip
    story.log(story.pods[bad], story.quiet(6000, 2, 61))
    story.affected = [bad]
    story.acceptable = ["kubelet-stopped-posting"]
    story.cite(f"describe-node-{bad}.txt", "NodeNotReady")
    return story


def two_of_twelve(now: datetime) -> Incident:
    story = incident(
        "two-of-ten-come-and-go", CAUSE,
        "Two of ten workers change to NotReady and back many times; one is NotReady now, the other Ready. Pods taken away from them are the noise.",
        "https://github.com/kubernetes/kubernetes/issues/45419", now, platform="other", namespace="kube-system", calico="v3.20.3", kubernetes="v1.21.6", registry="quay.io/calico", difficulty="hard",
    )  # fmt: skip
    hosts = {f"kube-{n:02d}": f"10.66.3.{100 + n}" for n in range(1, 11)}
    bad = ["kube-04", "kube-09"]
    story.hosts({k: v for k, v in hosts.items() if k not in bad})
    story.hosts({bad[0]: hosts[bad[0]]}, since=300)
    story.hosts({bad[1]: hosts[bad[1]]}, ready=("Unknown", "NodeStatusUnknown", "Kubelet stopped posting node status."), since=45,
                taints=(("node.kubernetes.io/unreachable", "NoSchedule"),))  # fmt: skip
    story.staff(hosts)
    for node, times in zip(bad, (41, 26), strict=True):
        _toggles(story, node, times, 45 if node == bad[1] else 300, 80_000)
        story.other(
            f"coredns-558bd4d5db-{node[-2:]}xq",
            node,
            f"10.233.9{node[-1]}.4",
            owner="ReplicaSet/coredns-558bd4d5db",
            app="coredns",
        )
        story.pod_event(
            f"coredns-558bd4d5db-{node[-2:]}xq",
            "TaintManagerEviction",
            f"Marking for deletion Pod kube-system/coredns-558bd4d5db-{node[-2:]}xq",
            500,
            60_000,
            7,
            type_="Normal",
            source="taint-controller",
        )
        story.commands[f"describe-node-{node}.txt"] = f"describe node {node}"
    story.not_established(story.pods["kube-01"], [hosts[n] for n in bad], 60, 40_000, 90, established=7)
    story.commands |= {
        "nodes.txt": "get nodes",
        "pods.txt": "get pods -A -o wide",
        "describe-calico.txt": f"describe pod -n kube-system {story.pods['kube-01']}",
    }
    story.affected = bad
    story.acceptable = ["kubelet-stopped-posting"]
    story.cite("describe-node-kube-04.txt", "NodeNotReady")
    return story


STORIES = [now_ready, events_file, kubelet_journal, two_of_twelve]
