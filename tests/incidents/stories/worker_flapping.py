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


def reboots(now: datetime) -> Incident:
    story = incident(
        "boots-every-half-hour",
        CAUSE,
        "The worker reboots again and again: nine Rebooted events, each with NodeNotReady and NodeReady; calico-node's restarts come from it.",
        "kubernetes pkg/kubelet/kubelet_node_status.go (NodeRebooted)",
        now,
        difficulty="easy",
        calico="v3.29.3",
        kubernetes="v1.31.9+IKS",
    )
    nodes = story.workers([f"10.241.9.{n}" for n in (8, 9, 12, 13, 14)])
    bad = story.workers(["10.241.9.20"], since=700)[0]
    story.agents(nodes)
    name = story.agents([bad], restarts=9, started=690, last=("Unknown", 255, 760))[0]
    _toggles(story, bad, 9, 700, 17_000)
    for n in range(9):
        ago = 760 + 1980 * n
        story.node_event(
            bad, "Rebooted", f"Node {bad} has been rebooted, boot id: 5f{n}e1c74-2a0b-4c1e-9d35-0b7a63f0{n}e12", ago
        )
        story.node_event(bad, "Starting", "Starting kubelet.", ago + 4, type_="Normal")
    story.pod_event(
        name, "SandboxChanged", "Pod sandbox changed, it will be killed and re-created.", 750, 16_900, 9, type_="Normal"
    )
    story.not_established(name, nodes[:2], 660, 685, 2, established=3)
    story.describe(bad)
    story.log(name, story.boot(bad, 690, nodes) + story.quiet(650, 10))
    story.affected = [bad]
    story.cite(f"describe-node-{bad}.txt", "has been rebooted, boot id")
    return story


def watched(now: datetime) -> Incident:
    story = incident(
        "get-nodes-w-for-an-hour",
        CAUSE,
        "The customer watched the nodes for an hour: one goes NotReady and back every few minutes, the other seven never; the rest of the bundle is calm.",
        "https://github.com/kubernetes/kubernetes/issues/122338",
        now,
        difficulty="medium",
        platform="other",
        calico="v3.27.3",
        kubernetes="v1.28.9",
        registry="quay.io/calico",
    )
    hosts = {f"prd-k8s-app{n}": f"10.3.18.{100 + n}" for n in range(1, 9)}
    bad = "prd-k8s-app6"
    story.hosts({k: v for k, v in hosts.items() if k != bad})
    story.hosts({bad: hosts[bad]}, since=95)
    story.staff(hosts)
    story.not_established(story.pods["prd-k8s-app2"], [hosts[bad]], 5000, 5020, 3, established=6)
    lines = [
        "$ kubectl get nodes -w --output-watch-events=false",
        "NAME           STATUS     ROLES    AGE   VERSION",
        *[f"{h:14} Ready      <none>   20d   v1.28.9" for h in hosts],
    ]
    for n in range(11):
        lines += [f"{bad:14} {state:10} <none>   20d   v1.28.9" for state in ("NotReady", "NotReady", "Ready")]
        lines += [f"{h:14} Ready      <none>   20d   v1.28.9" for h in list(hosts)[n % 5 : n % 5 + 2]]
    story.texts["watch-nodes.txt"] = "\n".join(lines) + "\n"
    story.log(
        story.pods[bad],
        [*story.boot(bad, 1_700_000, [v for k, v in hosts.items() if k != bad])[-9:], *story.quiet(3000, 12)],
    )
    story.commands = {
        "nodes.txt": "get nodes -o wide",
        "pods.txt": "get pods -n calico-system -o wide",
        "describe-app2.txt": f"describe pod -n calico-system {story.pods['prd-k8s-app2']}",
    }
    story.affected = [bad]
    story.cite("watch-nodes.txt", f"{bad:14} NotReady")
    return story


def controller_manager(now: datetime) -> Incident:
    story = incident(
        "controller-manager-log-counts-the-changes",
        CAUSE,
        "Only the controller manager's log tells it: one node is marked NotReady and healthy again 15 times. The crashing ingress pod on it and BIRD's hold timers are the effect.",
        "kubernetes pkg/controller/nodelifecycle/node_lifecycle_controller.go",
        now,
        difficulty="hard",
        platform="other",
        calico="v3.24.5",
        kubernetes="v1.24.17+rke2r1",
        registry="docker.io/rancher/mirrored-calico",
    )
    hosts = {f"rke2-agent-{c}": f"192.168.210.{21 + i}" for i, c in enumerate("abcde")}
    bad = "rke2-agent-d"
    story.hosts({k: v for k, v in hosts.items() if k != bad}, kernel="4.18.0-553.el8.x86_64", os_image="AlmaLinux 8.10")
    story.hosts({bad: hosts[bad]}, since=230, kernel="4.18.0-553.el8.x86_64", os_image="AlmaLinux 8.10")
    story.staff(hosts)
    web = story.other(
        "rke2-ingress-nginx-controller-4fz8k",
        bad,
        "10.42.3.11",
        app="rke2-ingress-nginx-controller",
        ready=False,
        restarts=33,
        waiting="CrashLoopBackOff",
        last=("Error", 255, 80),
    )
    story.pod_event(web, "BackOff", "Back-off restarting failed container", 20, 9000, 210, namespace="kube-system")
    lines, clock = [], ""
    for n in range(15):
        ago = 20_000 - 1310 * n
        for late, text in (
            (
                0,
                f"node_lifecycle_controller.go:1092] Node {bad} ReadyCondition was Ready, 40.{n:02}s ago, marked as Unknown",
            ),
            (
                1,
                f'controller_utils.go:122] "Recording status change event message for node" status="NodeNotReady" node="{bad}"',
            ),
            (
                4,
                f'event.go:294] "Event occurred" object="{bad}" kind="Node" apiVersion="v1" type="Normal" reason="NodeNotReady" message="Node {bad} status is now: NodeNotReady"',
            ),
            (170, f"node_lifecycle_controller.go:1165] Controller detected that node {bad} is healthy again"),
            (
                600,
                'garbagecollector.go:468] "Processing object" object="kube-system/rke2-ingress-nginx-leader" kind="Lease"',
            ),
        ):
            clock = story.stamp(ago - late)
            lines.append(f"I{clock[5:7]}{clock[8:10]} {clock[11:]}118       1 {text}")
    story.log("kcm", lines, "kube-controller-manager.log")
    peer = f"bird: Mesh_{hosts[bad].replace('.', '_')}: "
    drops = [
        peer + t
        for _ in range(3)
        for t in (
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
    story.log(story.pods["rke2-agent-a"], [*story.quiet(9000, 5000), *drops, *story.quiet(1800, 8)])
    story.commands = {
        "pods.txt": "get pods -A -o wide",
        "nodes.txt": "get nodes -o wide",
        "describe-ingress.txt": f"describe pod -n kube-system {web}",
    }
    story.affected = [bad]
    story.cite("kube-controller-manager.log", f"Node {bad} status is now: NodeNotReady")
    return story


def became_not_ready(now: datetime) -> Incident:
    story = incident(
        "kubelet-says-became-not-ready-by-turns",
        CAUSE,
        "The worker's kubelet is restarted by its watchdog every ten minutes and says 'Node became not ready' each time; at the moment of the describe it is Ready. Old typha noise is elsewhere.",
        "https://github.com/kubernetes/kubernetes/issues/96945",
        now,
        difficulty="hard",
        platform="roks",
        calico="v3.27.4",
        kubernetes="v1.29.11+ef2a55c",
    )
    nodes = story.workers(
        [f"10.187.40.{n}" for n in (11, 12, 13)],
        os_image="Red Hat Enterprise Linux 8.10 (Ootpa)",
        runtime="cri-o://1.29.11",
    )
    bad = story.workers(
        ["10.187.40.19"], since=140, os_image="Red Hat Enterprise Linux 8.10 (Ootpa)", runtime="cri-o://1.29.11"
    )[0]
    story.agents([*nodes, bad])
    _toggles(story, bad, 6, 140, 4000)
    name = story.typha(nodes[1], "6h2mz", restarts=4, last=("Error", 137, 500_000), started=499_000)
    lines = []
    for n in range(7):
        ago = 4100 - 600 * n
        clock = story.stamp(ago)[11:]
        head = f"{story.syslog(ago)} kube-c9-{bad.rsplit('.', 1)[-1]} kubenswrapper[{18823 + 900 * n}]: "
        lines += [
            f"{story.syslog(ago + 3)} kube-c9-19 systemd[1]: kubelet.service: Watchdog timeout (limit 5min)!",
            f"{story.syslog(ago + 2)} kube-c9-19 systemd[1]: Started Kubernetes Kubelet.",
            f'{head}I{now:%m%d} {clock}883   {18823 + 900 * n} setters.go:552] "Node became not ready" node="{bad}" condition={{"type":"Ready","status":"False","lastHeartbeatTime":"{story.ago(ago)}","lastTransitionTime":"{story.ago(ago)}","reason":"KubeletNotReady","message":"[container runtime status check may not have completed yet, PLEG is not healthy: pleg has yet to be successful]"}}',
            f'{head}E{now:%m%d} {clock}902   {18823 + 900 * n} kubelet.go:2327] "Skipping pod synchronization" err="container runtime status check may not have completed yet"',
            f'{head}I{now:%m%d} {clock}990   {18823 + 900 * n} kubelet_node_status.go:701] "Recording event message for node" node="{bad}" event="NodeReady"',
        ]
    story.log("kubelet", lines, "kubelet-10.187.40.19.log")
    story.describe(bad)
    story.commands["describe-typha.txt"] = f"describe pod -n calico-system {name}"
    story.log(story.pods[bad], [*story.boot(bad, 1_500_000, nodes)[-8:], *story.quiet(2500, 6)])
    story.affected = [bad]
    story.cite("kubelet-10.187.40.19.log", "Node became not ready")
    return story


STORIES = [
    now_ready,
    events_file,
    kubelet_journal,
    two_of_twelve,
    reboots,
    watched,
    controller_manager,
    became_not_ready,
]
