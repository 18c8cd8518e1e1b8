"""kubelet-stopped-posting: told without having seen the rules."""

from __future__ import annotations

from datetime import datetime

from cluster import UNKNOWN
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


STORIES = [hung_kubelet, process_ended_without_a_word]
