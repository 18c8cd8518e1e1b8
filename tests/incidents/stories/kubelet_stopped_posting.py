"""kubelet-stopped-posting: a worker's kubelet no longer reports, whatever BGP says about it elsewhere."""

from __future__ import annotations

from datetime import datetime

from cluster import UNKNOWN
from telling import Incident, incident, node_status, protocols

CAUSE = "kubelet-stopped-posting"
TAINTS = (("node.kubernetes.io/unreachable", "NoExecute"), ("node.kubernetes.io/unreachable", "NoSchedule"))


def _lost(story: Incident, *nodes: str) -> None:
    """The pods of unreachable workers keep their last state, only the Ready condition is taken from them."""
    for item in story.objects["Pod"]:
        if item["spec"]["nodeName"] in nodes:
            for condition in item["status"]["conditions"]:
                if condition["type"] == "Ready":
                    condition["status"] = "False"


def classic_neighbours(now: datetime) -> Incident:
    story = incident(
        "three-workers-complain-about-a-silent-one", CAUSE,
        "Three workers restarted after an update miss BGP with one address, and that worker is NotReady: Kubelet stopped posting node status.",
        "https://github.com/rancher/rancher/issues/29997", now, platform="classic", calico="v3.27.4", kubernetes="v1.29.9+IKS",
    )  # fmt: skip
    nodes = story.workers([f"10.171.22.{n}" for n in (5, 18, 20, 33, 47)])
    dead = story.workers(["10.171.22.61"], ready=UNKNOWN, since=5400, taints=TAINTS)[0]
    story.agents(nodes[2:])
    story.agents(nodes[:2], started=900, age=920)
    story.agents([dead])
    _lost(story, dead)
    for node in nodes[:2]:
        story.not_established(story.pods[node], [dead], 860, 895, 3, established=4)
    story.pod_event(story.pods[dead], "NodeNotReady", "Node is not ready", 5400, source="node-controller")
    story.describe(nodes[0])
    story.commands[f"describe-node-{dead}.txt"] = f"describe node {dead}"
    others = [n for n in nodes if n != nodes[0]]
    story.log(story.pods[nodes[0]], story.boot(nodes[0], 900, [*others, dead], others) + story.quiet(830, 10, 55))
    story.affected = [dead]
    story.cite(f"describe-node-{dead}.txt", "Kubelet stopped posting node status.")
    return story


def list_only(now: datetime) -> Incident:
    story = incident(
        "session-down-no-route-to-host", CAUSE,
        "BIRD's Socket: No route to host names one peer; the node list shows that peer's host NotReady and its describe says Kubelet stopped posting.",
        "https://github.com/kubernetes/kubernetes/issues/53207", now, platform="other", calico="v3.24.5", kubernetes="v1.24.10+rke2r1",
        registry="docker.io/rancher/mirrored-calico", difficulty="medium",
    )  # fmt: skip
    hosts = {"rke-cp1": "172.22.9.10", "rke-w1": "172.22.9.21", "rke-w2": "172.22.9.22", "rke-w3": "172.22.9.23"}
    up = {k: v for k, v in hosts.items() if k != "rke-w2"}
    story.hosts(up, os_image="Rocky Linux 8.7 (Green Obsidian)", kernel="4.18.0-425.10.1.el8_7.x86_64")
    story.hosts({"rke-w2": hosts["rke-w2"]}, ready=UNKNOWN, since=71_000, taints=TAINTS)
    story.staff(hosts)
    _lost(story, "rke-w2")
    story.commands |= {
        "nodes.txt": "get nodes -o wide",
        "pods.txt": "get pods -n calico-system -o wide",
        "describe-rke-w2.txt": "describe node rke-w2",
    }
    story.texts["calicoctl-node-status.txt"] = node_status(
        [(up["rke-w1"], "up", "09:12:40", "Established"), (up["rke-w3"], "up", "09:12:41", "Established"),
         (hosts["rke-w2"], "start", "12:44:03", "Active Socket: No route to host")])  # fmt: skip
    story.log(
        story.pods["rke-cp1"], [*story.quiet(3000, 5, 63), "bird: Mesh_172_22_9_22: Received: Hold timer expired"]
    )
    story.affected = ["rke-w2"]
    story.cite("describe-rke-w2.txt", "Kubelet stopped posting node status.")
    return story


def two_roks(now: datetime) -> Incident:
    story = incident(
        "crashing-agent-is-old-two-nodes-unknown", CAUSE,
        "Two workers of one zone went Unknown at the same time; the calico-node with 9 restarts has been running for days and is no fault.",
        "https://github.com/kubernetes/kubernetes/issues/36273", now, platform="roks", calico="v3.26.4", kubernetes="v1.27.16+03a907c", difficulty="hard",
    )  # fmt: skip
    nodes = story.workers(
        [f"10.242.64.{n}" for n in (4, 5, 6, 9)],
        os_image="Red Hat Enterprise Linux 8.10 (Ootpa)",
        runtime="cri-o://1.27.8",
    )
    dead = story.workers(
        ["10.242.128.4", "10.242.128.7"], ready=UNKNOWN, since=1260, taints=TAINTS, runtime="cri-o://1.27.8"
    )
    story.agents([*nodes[1:], *dead])
    story.agents(nodes[:1], restarts=9, started=345_000, last=("Error", 137, 345_030))
    _lost(story, *dead)
    typha = story.typha(nodes[1])
    story.pod_event(
        typha,
        "Unhealthy",
        'Readiness probe failed: Get "http://localhost:9098/readiness": dial tcp 127.0.0.1:9098: connect: connection refused',
        1300,
        1330,
        3,
    )
    for node in dead:
        story.node_event(
            node,
            "NodeNotReady",
            f"Node {node} status is now: NodeNotReady",
            1260,
            type_="Normal",
            source="node-controller",
        )
    story.commands |= {"oc-get-nodes.txt": "get nodes", "oc-get-pods.txt": "get pods -n calico-system -o wide",
                       "describe-nodes.txt": "describe nodes", f"describe-{story.pods[nodes[0]]}.txt": f"describe pod -n calico-system {story.pods[nodes[0]]}"}  # fmt: skip
    down = [
        line
        for n in dead
        for line in (
            f"bird: Mesh_{n.replace('.', '_')}: Error: Hold timer expired",
            f"bird: Mesh_{n.replace('.', '_')}: State changed to start",
        )
    ]
    story.log(story.pods[nodes[0]], [*story.quiet(4200, 1220, 61), *down, *story.quiet(1200, 20, 61)])
    story.affected = dead
    story.cite("describe-nodes.txt", "Kubelet stopped posting node status.")
    return story


def journal(now: datetime) -> Incident:
    story = incident(
        "cloud-instance-stopped-by-its-owner", CAUSE,
        "One worker went Unknown with the node controller's event; typha was evicted from it and the rest lost one peer.",
        "https://github.com/kubernetes/kubernetes/issues/34314", now, platform="other", calico="v3.18.1", kubernetes="v1.20.9", namespace="kube-system",
        registry="quay.io/calico", difficulty="hard",
    )  # fmt: skip
    hosts = {
        f"ip-172-20-{a}-{b}.eu-west-1.compute.internal": f"172.20.{a}.{b}"
        for a, b in ((41, 12), (44, 201), (77, 90), (101, 33), (101, 118))
    }
    names = list(hosts)
    gone, told = names[3], names[0]
    story.hosts({k: v for k, v in hosts.items() if k != gone})
    story.hosts({gone: hosts[gone]}, ready=UNKNOWN, since=2640, taints=TAINTS)
    story.staff(hosts)
    _lost(story, gone)
    story.not_established(story.pods[told], [hosts[gone]], 95, 2400, 78, established=3)
    story.node_event(
        gone, "NodeNotReady", f"Node {gone} status is now: NodeNotReady", 2640, type_="Normal", source="node-controller"
    )
    story.pod_event(
        story.pods[told],
        "Unhealthy",
        "Liveness probe failed: calico/node is not ready: Felix is not live: Get http://localhost:9099/liveness: dial tcp 127.0.0.1:9099: connect: connection refused",
        2_395,
        2_402,
        2,
    )
    story.commands |= {
        "nodes.txt": "get nodes -o wide",
        f"{story.pods[told]}.describe": f"describe pod -n kube-system {story.pods[told]}",
        "node.describe": f"describe node {gone}",
    }
    story.texts["birdcl.txt"] = protocols(
        [(v, "up", "08:01:13", "Established") for k, v in hosts.items() if k not in (gone, told)]
        + [(hosts[gone], "start", "10:33:57", "Connect       Socket: Connection timed out")]
    )
    story.events()
    story.affected = [gone]
    story.cite("node.describe", "Kubelet stopped posting node status.")
    return story


def never_posted(now: datetime) -> Incident:
    story = incident(
        "joined-but-never-posted",
        CAUSE,
        "The replaced worker is registered but its kubelet never posted a status, for three hours; its pods, calico-node's too, stay Pending.",
        "kubernetes pkg/controller/nodelifecycle/node_lifecycle_controller.go (NodeStatusNeverUpdated)",
        now,
        difficulty="easy",
        calico="v3.29.3",
        kubernetes="v1.32.3+IKS",
        acceptable=["worker-lifecycle-in-progress"],
    )
    nodes = story.workers([f"10.244.65.{n}" for n in (4, 6, 7)])
    never = ("Unknown", "NodeStatusNeverUpdated", "Kubelet never posted node status.")
    bad = story.workers(["10.244.65.13"], ready=never, since=11_000, age=11_060, taints=TAINTS, calico_up=False)[0]
    node = story.objects["Node"][-1]
    for condition in node["status"]["conditions"][1:]:
        condition |= {"reason": never[1], "message": never[2], "lastHeartbeatTime": story.ago(11_060)}
    node["status"]["conditions"] = node["status"]["conditions"][1:]
    story.agents(nodes)
    name = story.agents([bad], ready=False, phase="Pending", waiting="ContainerCreating", age=11_050)[0]
    story.objects["Pod"][-1]["status"] |= {"containerStatuses": [], "initContainerStatuses": []}
    story.pod_event(
        name,
        "Scheduled",
        f"Successfully assigned calico-system/{name} to {bad}",
        11_050,
        type_="Normal",
        source="default-scheduler",
    )
    story.describe(bad)
    story.log(
        story.pods[nodes[0]], [*story.quiet(3000, 10), f"bird: Mesh_{bad.replace('.', '_')}: State changed to start"]
    )
    story.affected = [bad]
    story.cite(f"describe-node-{bad}.txt", "Kubelet never posted node status.")
    return story


def closed_connection(now: datetime) -> Incident:
    story = incident(
        "bgp-fine-kubelet-writes-into-a-dead-connection",
        CAUSE,
        "All BGP sessions of the worker are Established and its calico-node runs on; only its kubelet cannot update the status (use of closed network connection) and it went Unknown.",
        "https://github.com/kubernetes/kubernetes/issues/87615",
        now,
        difficulty="hard",
        platform="other",
        calico="v3.17.6",
        kubernetes="v1.18.20",
        namespace="kube-system",
        registry="docker.io/calico",
        acceptable=["apiserver-unreachable"],
    )
    hosts = {f"vsphere-w{n}": f"172.19.44.{60 + n}" for n in range(1, 7)}
    bad = "vsphere-w4"
    story.hosts({k: v for k, v in hosts.items() if k != bad})
    story.hosts({bad: hosts[bad]}, ready=UNKNOWN, since=600, taints=TAINTS)
    story.staff(hosts)
    _lost(story, bad)
    story.pod_event(
        story.pods["vsphere-w1"],
        "Unhealthy",
        "Readiness probe failed: calico/node is not ready: felix is not ready: readiness probe reporting 503",
        86_000,
        86_100,
        3,
    )
    lines = []
    for n in range(14):
        at, clock = story.syslog(640 - 43 * n), story.stamp(640 - 43 * n)[11:]
        head = f"{at} {bad} kubelet[1833]: E{now:%m%d} {clock}217    1833 "
        lines.append(
            f'{head}controller.go:178] failed to update node lease, error: Put "https://172.19.44.50:6443/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/{bad}?timeout=10s": write tcp {hosts[bad]}:41882->172.19.44.50:6443: use of closed network connection'
        )
        lines.append(
            f'{head}kubelet_node_status.go:402] Error updating node status, will retry: error getting node "{bad}": Get "https://172.19.44.50:6443/api/v1/nodes/{bad}?timeout=10s": write tcp {hosts[bad]}:41882->172.19.44.50:6443: use of closed network connection'
        )
        lines.append(f"{at} {bad} systemd[1]: run-docker-runtime\\x2drunc-moby-{n:02x}f1.mount: Succeeded.")
    story.log("kubelet", lines, "kubelet-w4.log")
    others = [v for k, v in hosts.items() if k != bad]
    story.texts["node-status-w4.txt"] = node_status([(at, "up", "2026-11-02", "Established") for at in others])
    story.log(story.pods[bad], [*story.boot(bad, 1_800_000, others)[-14:], *story.quiet(2400, 15)])
    story.commands = {
        "nodes.txt": "get nodes -o wide",
        "pods.txt": "get pods -A -o wide",
        "describe-w1.txt": f"describe pod -n kube-system {story.pods['vsphere-w1']}",
    }
    story.affected = [bad]
    story.cite("kubelet-w4.log", "use of closed network connection")
    return story


def yaml_and_typha(now: datetime) -> Incident:
    story = incident(
        "typha-was-on-the-lost-worker",
        CAUSE,
        "Typha ran on the worker that went Unknown, so felix on all others reconnected with errors; the node objects as YAML show who is lost. All others are ready again.",
        "kubernetes pkg/controller/nodelifecycle (NodeStatusUnknown) and typha/pkg/syncclient",
        now,
        difficulty="hard",
        platform="classic",
        calico="v3.26.5",
        kubernetes="v1.28.15+IKS",
        namespace="kube-system",
    )
    nodes = story.workers([f"10.94.117.{n}" for n in (66, 69, 80, 91, 103, 104, 120)])
    dead = story.workers(["10.94.117.77"], ready=UNKNOWN, since=3700, taints=TAINTS)[0]
    story.agents([*nodes, dead])
    story.typha(dead, "8fkw2", ready=False)
    story.typha(nodes[2], "q6zml", started=3500)
    _lost(story, dead)
    log = story.quiet(6000, 3720)
    for n in range(6):
        log += [
            story.say(
                3715 - 12 * n,
                "ERROR",
                61,
                "felix",
                "sync_client.go 283:",
                f'Failed to read from Typha. connID=0x1 connection=&discovery.Typha{{Addr:"{dead}:5473"}} error=read tcp {nodes[0]}:40122->{dead}:5473: i/o timeout',
            ),
            story.say(
                3713 - 12 * n,
                "WARNING",
                61,
                "felix",
                "sync_client.go 275:",
                f"Failed to connect to typha endpoint {dead}:5473.  Will try another if available... error=dial tcp {dead}:5473: i/o timeout",
            ),
        ]
    log += [
        f"bird: Mesh_{dead.replace('.', '_')}: {t}"
        for t in (
            "Error: Hold timer expired",
            "State changed to stop",
            "State changed to down",
            "Starting",
            "State changed to start",
        )
    ]
    log += [
        story.say(
            3480,
            "INFO",
            61,
            "felix",
            "sync_client.go 211:",
            f'Successfully connected to Typha at {nodes[2]}:5473. myID=0x2 type=""',
        ),
        *story.quiet(3400, 10),
    ]
    story.log(story.pods[nodes[0]], log)
    story.commands = {
        "nodes.yaml": "get nodes -o yaml",
        "pods.txt": "get pods -n kube-system -o wide",
        "describe-calico.txt": f"describe pod -n kube-system {story.pods[nodes[0]]}",
    }
    story.affected = [dead]
    story.cite("nodes.yaml", "Kubelet stopped posting node status.")
    return story


def client_certificate(now: datetime) -> Incident:
    story = incident(
        "kubelet-exits-client-certificate-expired",
        CAUSE,
        "The kubelet of one host exits at once since its client certificate expired, so the host is Unknown; calico-node still runs there and peers, the neighbours' old events do not matter.",
        "kubernetes pkg/kubelet/certificate/bootstrap/bootstrap.go",
        now,
        difficulty="medium",
        platform="other",
        calico="v3.25.2",
        kubernetes="v1.26.15",
        registry="quay.io/calico",
    )
    hosts = {f"bm-rack2-{n:02}": f"10.8.33.{10 + n}" for n in (1, 2, 3, 4)}
    bad = "bm-rack2-03"
    story.hosts({k: v for k, v in hosts.items() if k != bad}, os_image="Debian GNU/Linux 11 (bullseye)")
    story.hosts(
        {bad: hosts[bad]}, ready=UNKNOWN, since=52_000, taints=TAINTS, os_image="Debian GNU/Linux 11 (bullseye)"
    )
    story.staff(hosts)
    _lost(story, bad)
    story.node_event(
        bad,
        "NodeNotReady",
        f"Node {bad} status is now: NodeNotReady",
        3400,
        52_000,
        2,
        type_="Normal",
        source="node-controller",
    )
    lines = []
    for n in range(10):
        at, clock = story.syslog(300 - 11 * n), story.stamp(300 - 11 * n)[11:]
        lines += [
            f"{at} {bad} systemd[1]: kubelet.service: Scheduled restart job, restart counter is at {4711 + n}.",
            f"{at} {bad} systemd[1]: Started kubelet: The Kubernetes Node Agent.",
            f'{at} {bad} kubelet[{22011 + 40 * n}]: I{now:%m%d} {clock}118   {22011 + 40 * n} server.go:415] "Kubelet version" kubeletVersion="v1.26.15"',
            f"{at} {bad} kubelet[{22011 + 40 * n}]: E{now:%m%d} {clock}641   {22011 + 40 * n} bootstrap.go:265] part of the existing bootstrap client certificate in /etc/kubernetes/kubelet.conf is expired: 2026-11-22 17:41:09 +0000 UTC",
            f'{at} {bad} kubelet[{22011 + 40 * n}]: E{now:%m%d} {clock}702   {22011 + 40 * n} run.go:74] "command failed" err="failed to run Kubelet: unable to load bootstrap kubeconfig: stat /etc/kubernetes/bootstrap-kubelet.conf: no such file or directory"',
            f"{at} {bad} systemd[1]: kubelet.service: Main process exited, code=exited, status=1/FAILURE",
        ]
    story.log("kubelet", lines, f"journalctl-kubelet-{bad}.txt")
    story.commands = {"nodes.txt": "get nodes", f"describe-node-{bad}.txt": f"describe node {bad}"}
    story.texts["birdcl.txt"] = protocols(
        [(v, "up", "2026-11-03", "Established") for k, v in hosts.items() if k != bad]
    )
    story.affected = [bad]
    story.cite(f"journalctl-kubelet-{bad}.txt", "client certificate in /etc/kubernetes/kubelet.conf is expired")
    return story


STORIES = [
    classic_neighbours,
    list_only,
    two_roks,
    journal,
    never_posted,
    closed_connection,
    yaml_and_typha,
    client_certificate,
]
