"""kubelet-stopped-posting: the first two told without having seen the rules, the others by the rules' author from public threads."""

from __future__ import annotations

from datetime import datetime

from cluster import UNKNOWN, join
from telling import Incident, incident, node_status

CAUSE = "kubelet-stopped-posting"
LOST = [("node.kubernetes.io/unreachable", "NoExecute"), ("node.kubernetes.io/unreachable", "NoSchedule")]


def hung_kubelet(now: datetime) -> Incident:
    story = incident(
        "kubelet-hangs-only-kill-nine-helps",
        CAUSE,
        "One IKS worker is Unknown since three hours: its kubelet stopped posting. A neighbour lost BGP with it only an hour later, when the machine froze as a whole.",
        "https://github.com/kubernetes/kubernetes/issues/75846",
        now,
        platform="classic",
        calico="v3.27.5",
        kubernetes="v1.30.9+IKS",
        difficulty="medium",
    )
    nodes = story.workers([f"10.74.12.{n}" for n in (133, 140, 141)])
    dead = story.workers(["10.74.12.147"], ready=UNKNOWN, since=10_900, taints=LOST)[0]
    pods = story.agents(nodes, started=1_600_000)
    name = story.agents([dead], ready=True, started=1_600_000)[0]
    next(p for p in story.objects["Pod"] if p["metadata"]["name"] == name)["status"]["conditions"][1]["status"] = (
        "False"
    )
    story.pod_event(name, "NodeNotReady", "Node is not ready", 10_890, source="node-controller")
    story.node_event(
        dead,
        "NodeNotReady",
        f"Node {dead} status is now: NodeNotReady",
        10_890,
        type_="Normal",
        source="node-controller",
    )
    session = "bird: Mesh_10_74_12_147"
    story.log(
        pods[0],
        [
            *story.quiet(12_000, 7300, 500),
            f"{session}: Error: Hold timer expired",
            *(f"{session}: State changed to {s}" for s in ("stop", "down", "start")),
            f"{session}: Socket error: No route to host",
            *story.quiet(7000, 20, 500),
        ],
    )
    story.describe(dead)
    story.commands[f"describe-pod-{pods[0]}.txt"] = f"describe pod -n calico-system {pods[0]}"
    story.affected = [dead]
    story.cite(f"describe-node-{dead}.txt", "Kubelet stopped posting node status.")
    return story


def process_ended_without_a_word(now: datetime) -> Incident:
    story = incident(
        "kubelet-service-is-dead-controller-says-so",
        CAUSE,
        "On one host the kubelet's service is inactive since the night (systemd shows it), the controller manager recorded the change of all its pods; its calico-node container itself still runs and keeps BGP up, so the neighbours notice nothing.",
        "https://github.com/kubernetes/kubernetes/issues/57955",
        now,
        platform="other",
        calico="v3.13.5",
        kubernetes="v1.18.20",
        registry="docker.io/calico",
        namespace="kube-system",
        difficulty="medium",
    )
    hosts = {f"ae0{n}.pek.example": f"10.12.10.{n}" for n in (1, 2, 3)}
    dead = "ae01.pek.example"
    story.hosts(
        {k: v for k, v in hosts.items() if k != dead}, runtime="docker://19.3.15", os_image="CentOS Linux 7 (Core)"
    )
    story.hosts(
        {dead: hosts[dead]},
        ready=UNKNOWN,
        since=31_000,
        taints=LOST,
        runtime="docker://19.3.15",
        os_image="CentOS Linux 7 (Core)",
    )
    story.staff(hosts, started=1_600_000)
    others = [a for n, a in hosts.items() if n != dead]
    text = []
    for n, pod in enumerate(("calico-node", "kube-proxy-6gq2k", "ceph-osdaa-fgpt6", "ceph-mon-xtc5j")):
        text.append(
            f"I{story.klog(30_999.2 - 0.2 * n)}       1 controller_utils.go:122] Update ready status of pods on node [{dead}]: {pod}"
        )
    story.texts["kube-controller-manager.log"] = (
        "\n".join(
            [
                f"I{story.klog(31_000)}       1 controller_utils.go:179] Recording status change NodeNotReady event message for node {dead}",
                *text,
                f'I{story.klog(30_998)}       1 event.go:278] Event(v1.ObjectReference{{Kind:"Node", Namespace:"", Name:"{dead}", UID:"49d7-11e7", APIVersion:"", ResourceVersion:"", FieldPath:""}}): type: \'Normal\' reason: \'NodeNotReady\' Node {dead} status is now: NodeNotReady',
            ]
        )
        + "\n"
    )
    story.texts["systemctl-ae01.txt"] = (
        "● kubelet.service - kubelet: The Kubernetes Node Agent\n   Loaded: loaded (/usr/lib/systemd/system/kubelet.service; enabled; vendor preset: disabled)\n"
        f"   Active: inactive (dead) since {story.syslog(31_040)}; 8h ago\n Main PID: 1911 (code=killed, signal=TERM)\n"
    )
    name = story.pods[dead]
    story.log("", story.quiet(3600, 10, 200), "docker-logs-calico-node-on-ae01.txt")
    story.texts["node-status-ae01.txt"] = node_status([(a, "up", "2026-11-02", "Established") for a in others])
    story.pod_event(name, "NodeNotReady", "Node is not ready", 30_998, source="node-controller")
    story.describe(dead)
    story.affected = [dead]
    story.cite(f"describe-node-{dead}.txt", "Kubelet stopped posting node status.")
    return story


def virtual_machine_powered_off(now: datetime) -> Incident:
    story = incident(
        "instance-stopped-in-the-console",
        CAUSE,
        "Somebody stopped one VPC instance in the console two hours ago: its conditions are Unknown, pods there are Terminating, the other workers' BIRD loses it and calico-typha on them drops the client. No address in reach answers.",
        "https://github.com/kubernetes/kubernetes/issues/51835",
        now,
        platform="vpc",
        calico="v3.28.2",
        acceptable=["bgp-peer-down"],
    )
    ok = story.workers(["10.241.0.5", "10.241.0.6", "10.241.64.4"])
    bad = story.workers(["10.241.128.9"], ready=("Unknown", "NodeStatusUnknown", "Kubelet stopped posting node status."), since=7100, calico_up=True,
                        taints=[("node.kubernetes.io/unreachable", "NoExecute"), ("node.kubernetes.io/unreachable", "NoSchedule")])[0]  # fmt: skip
    story.agents([*ok, bad], started=900_000)
    story.node_event(
        bad, "NodeNotReady", f"Node {bad} status is now: NodeNotReady", 7060, type_="Normal", source="node-controller"
    )
    story.pod_event(story.pods[bad], "NodeNotReady", "Node is not ready", 7060, source="node-controller")
    story.recreated(story.pods[ok[0]], [bad], 3000, 2)
    log = story.boot(ok[0], 2980, [ok[1], ok[2], bad], up=[ok[1], ok[2]]) + story.quiet(2900, 10, 300)
    story.log(story.pods[ok[0]], log)
    story.describe(ok[0])
    story.commands[f"describe-node-{bad}.txt"] = f"describe node {bad}"
    story.affected = [bad]
    story.cite(f"describe-node-{bad}.txt", "Kubelet stopped posting node status")
    return story


def kubelet_certificate_ran_out(now: datetime) -> Incident:
    story = incident(
        "kubelet-cannot-authenticate-any-more",
        CAUSE,
        "On one kubeadm worker the kubelet's client certificate expired: it says so every few seconds, the node is Unknown since. calico-node's containers still run there and BGP stays up; the master does not hear of it.",
        "https://github.com/kubernetes/kubeadm/issues/2753",
        now,
        platform="other",
        calico="v3.24.5",
        kubernetes="v1.25.9",
        namespace="kube-system",
        registry="docker.io/calico",
        difficulty="hard",
    )
    hosts = {"cp-1": "172.29.1.11", "node-1": "172.29.1.21", "node-2": "172.29.1.22"}
    bad = "node-2"
    story.hosts({name: at for name, at in hosts.items() if name != bad})
    story.hosts({bad: hosts[bad]}, ready=("Unknown", "NodeStatusUnknown", "Kubelet stopped posting node status."), since=52_000, calico_up=True,
                taints=[("node.kubernetes.io/unreachable", "NoExecute")])  # fmt: skip
    story.staff(hosts, started=3_000_000)
    journal = []
    for n in range(6):
        ago = 52_040 - 9000 * n
        journal += [
            f'{story.syslog(ago)} node-2 kubelet[1312]: E{story.klog(ago)}    1312 kubelet_node_status.go:540] "Error updating node status, will retry" err="error getting node \\"node-2\\": Unauthorized"',
            f"{story.syslog(ago - 1)} node-2 kubelet[1312]: E{story.klog(ago - 1)}    1312 certificate_manager.go:471] kubernetes.io/kube-apiserver-client-kubelet: Failed while requesting a signed certificate from the control plane: cannot create certificate signing request: Unauthorized",
            f'{story.syslog(ago - 2)} node-2 kubelet[1312]: E{story.klog(ago - 2)}    1312 transport.go:123] "No valid client certificate is found but the server is not responsive. A restart may be necessary to retrieve new initial credentials." lastCertificateAvailabilityTime="2025-11-22 01:00:00" shutdownThreshold="5m0s"',
        ]
    story.texts["kubelet-node-2.log"] = join(journal)
    story.log(
        story.pods["cp-1"], story.boot("cp-1", 3_000_000, [hosts["node-1"], hosts[bad]])[:14] + story.quiet(900, 5)
    )
    story.commands |= {
        "nodes.txt": "get nodes -o wide",
        "pods.txt": "get pods -A -o wide",
        "describe-node-node-2.txt": "describe node node-2",
        "describe-node-node-1.txt": "describe node node-1",
    }
    story.affected = [bad]
    story.cite("describe-node-node-2.txt", "Kubelet stopped posting node status")
    return story


STORIES = [hung_kubelet, process_ended_without_a_word, virtual_machine_powered_off, kubelet_certificate_ran_out]
