"""kubelet-stopped-posting: told without having seen the rules."""

from __future__ import annotations

from datetime import datetime

from cluster import UNKNOWN
from telling import Incident, incident

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
    pods = story.agents(nodes, started=3_000_000)
    name = story.agents([dead], ready=True, started=3_000_000)[0]
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


STORIES = [hung_kubelet]
