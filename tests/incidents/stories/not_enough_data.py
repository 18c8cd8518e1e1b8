"""Bundles with too little in them: the label is the cause that this little still supports, never ``no-problem-found``.

The labels follow the shared corpus: a slug of the catalogue, the most upstream that the files support (for a worker
that crashes without a log ``worker-local-failure``, for a peer without a log ``bgp-peer-down``).
"""

from __future__ import annotations

from datetime import datetime

from telling import Incident, incident


def logs_are_only_errors(now: datetime) -> Incident:
    story = incident(
        "both-log-files-hold-kubectl-errors", "worker-local-failure",
        "One of six workers, Ready and like the rest, has a crashing calico-node; the log files hold nothing but kubectl's errors and "
        "the events have expired, so nothing deeper can be said.",
        "runbook: calico-node Pod Not Running on One or a Few Customer Workers; Logs and Data to Gather", now, platform="vpc",
        calico="v3.28.4",
    )  # fmt: skip
    nodes = story.workers([f"10.247.5.{n}" for n in (10, 11, 12, 13, 14, 15)])
    bad = nodes[4]
    story.agents([n for n in nodes if n != bad])
    name = story.agents([bad], ready=False, restarts=61, waiting="CrashLoopBackOff", last=("Error", 1, 240))[0]
    story.texts[f"{name}.log"] = (
        f'Error from server: Get "https://{bad}:10250/containerLogs/calico-system/{name}/calico-node": remote error: tls: internal error\n'
    )
    story.texts[f"{name}-previous.log"] = (
        f'Error from server (BadRequest): previous terminated container "calico-node" in pod "{name}" not found\n'
    )
    story.describe(bad)
    story.affected = [bad]
    story.cite(f"describe-pod-{name}.txt", "CrashLoopBackOff")
    return story


def the_peer_sent_nothing(now: datetime) -> Incident:
    story = incident(
        "neighbours-only-no-word-from-the-peer", "bgp-peer-down",
        "Two neighbours were described; they miss one peer. Its worker is Ready, its calico-node has restarted 44 times and is 0/1, "
        "but nothing of that pod was sent.",
        "runbook: calico-node Pod Not Running on One or a Few Customer Workers", now, difficulty="hard",
        platform="classic", calico="v3.26.4", kubernetes="v1.28.15+IKS", namespace="kube-system", acceptable=["worker-local-failure"],
    )  # fmt: skip
    nodes = story.workers([f"10.143.61.{n}" for n in (200, 204, 209, 215)])
    bad = nodes[2]
    others = story.agents([n for n in nodes if n != bad], restarts=0)
    story.agents([bad], ready=False, restarts=44, started=65, last=("Error", 137, 70))
    for name in others[:2]:
        story.recreated(name, [bad], 30, 2)
    story.commands = {"pods.txt": "get pods -n kube-system -o wide", "nodes.txt": "get nodes",
                      **{f"describe-{name}.txt": f"describe pod -n kube-system {name}" for name in others[:2]}}  # fmt: skip
    story.affected = [bad]
    story.cite("pods.txt", story.pods[bad])
    return story


def kubelet_does_not_answer(now: datetime) -> Incident:
    story = incident(
        "logs-time-out-on-10250-of-one-worker", "kubelet-stopped-posting",
        "One worker is NotReady and its kubelet does not answer for logs, while the logs of the others could be fetched; its "
        "description was not sent, only the pod's with the node controller's event.",
        "runbook: Check If Worker Is Ready and Healthy, reason 1", now, difficulty="hard", platform="vpc", calico="v3.29.3",
        acceptable=["worker-local-failure"],
    )  # fmt: skip
    nodes = story.workers([f"10.251.19.{n}" for n in (7, 8, 9)])
    dead = story.workers(["10.251.19.12"], ready=("Unknown", "NodeStatusUnknown", "Kubelet stopped posting node status."), since=2800,
                         taints=[("node.kubernetes.io/unreachable", "NoExecute"), ("node.kubernetes.io/unreachable", "NoSchedule")])[0]  # fmt: skip
    pods = story.agents(nodes)
    name = story.agents([dead], ready=False)[0]
    story.pod_event(name, "NodeNotReady", "Node is not ready", 2790, source="node-controller")
    story.texts[f"{name}.log"] = (
        f'Error from server: Get "https://{dead}:10250/containerLogs/calico-system/{name}/calico-node": dial tcp {dead}:10250: i/o timeout\n'
    )
    story.texts[f"{name}-cni.log"] = (
        f'Error from server: Get "https://{dead}:10250/containerLogs/calico-system/{name}/install-cni": dial tcp {dead}:10250: i/o timeout\n'
    )
    session = f"bird: Mesh_{dead.replace('.', '_')}"
    story.log(
        pods[0],
        [
            *story.quiet(3600, 3000),
            f"{session}: Error: Hold timer expired",
            *[f"{session}: State changed to {s}" for s in ("stop", "down", "start")],
            *story.quiet(900, 20),
        ],
    )
    story.commands = {
        "nodes.txt": "get nodes -o wide",
        f"describe-pod-{name}.txt": f"describe pod -n calico-system {name}",
        "pods.txt": "get pods -A -o wide",
    }
    story.affected = [dead]
    story.cite(f"describe-pod-{name}.txt", "NodeNotReady")
    return story


def one_description_only(now: datetime) -> Incident:
    story = incident(
        "no-peer-established-and-nothing-else", "worker-local-failure",
        "The list shows one calico-node of seven not ready and its description says that no BGP peer is established; no log, no node "
        "description, no look from the other side.",
        "runbook: Logs and Data to Gather", now, difficulty="hard", platform="roks", calico="v3.26.3", kubernetes="v1.27.16+03a907c",
        acceptable=["bgp-port-blocked"],
    )  # fmt: skip
    nodes = story.workers([f"10.190.2.{n}" for n in range(130, 137)])
    bad = nodes[6]
    story.agents([n for n in nodes if n != bad])
    name = story.agents([bad], ready=False, started=1_600_000)[0]
    story.not_established(name, nodes[:6], 22, 70_000, 2301)
    story.commands = {
        "oc-get-pods.txt": "get pods -n calico-system -o wide",
        "describe.txt": f"describe pod -n calico-system {name}",
    }
    story.affected = [bad]
    story.cite("describe.txt", "BGP not established with")
    return story


STORIES = [logs_are_only_errors, the_peer_sent_nothing, kubelet_does_not_answer, one_description_only]
