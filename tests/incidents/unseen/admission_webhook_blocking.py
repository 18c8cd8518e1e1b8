"""admission-webhook-blocking: told without having seen the rules."""

from __future__ import annotations

from datetime import datetime

from cluster import NO_CNI, event
from telling import Incident, incident

CAUSE = "admission-webhook-blocking"


def everything_was_scaled_to_zero_overnight(now: datetime) -> Incident:
    story = incident(
        "pool-back-from-zero-policy-engine-first",
        CAUSE,
        "All workers were scaled to zero overnight; in the morning the daemonset controller cannot create calico-node because the policy engine's fail-closed webhook has no endpoints, its own pods wait for a network.",
        "https://github.com/kyverno/kyverno/issues/11122",
        now,
        platform="vpc",
        calico="v3.27.3",
        kubernetes="v1.30.4+IKS",
        difficulty="easy",
    )
    nodes = [f"10.240.64.{n}" for n in (17, 18, 22)]
    story.workers(
        nodes,
        ready=NO_CNI,
        since=4900,
        age=5000,
        calico_up=False,
        taints=(
            ("node.kubernetes.io/not-ready", "NoSchedule"),
            ("node.kubernetes.io/network-unavailable", "NoSchedule"),
        ),
    )
    story.add(
        "DaemonSet",
        {
            "metadata": {
                "name": "calico-node",
                "namespace": "calico-system",
                "creationTimestamp": story.ago(9_000_000),
                "uid": "ds-1",
                "labels": {"k8s-app": "calico-node"},
            },
            "spec": {
                "selector": {"matchLabels": {"k8s-app": "calico-node"}},
                "template": {
                    "metadata": {"labels": {"k8s-app": "calico-node"}},
                    "spec": {
                        "containers": [{"name": "calico-node", "image": "icr.io/ext/calico/node:v3.27.3"}],
                        "nodeSelector": {"kubernetes.io/os": "linux"},
                    },
                },
            },
            "status": {
                "desiredNumberScheduled": 3,
                "currentNumberScheduled": 0,
                "numberReady": 0,
                "updatedNumberScheduled": 0,
                "numberAvailable": 0,
                "numberMisscheduled": 0,
            },
        },
    )
    event(
        story,
        "DaemonSet",
        "calico-node",
        "FailedCreate",
        'Error creating: Internal error occurred: failed calling webhook "validate.kyverno.svc-fail": failed to call webhook: Post "https://kyverno-svc.kyverno.svc:443/validate/fail?timeout=10s": no endpoints available for service "kyverno-svc"',
        210,
        4980,
        21,
        source="daemonset-controller",
    )
    story.objects["Event"][-1]["involvedObject"]["uid"] = "ds-1"
    for i, suffix in enumerate(("qv4ld", "m8zts")):
        name = story.other(
            f"kyverno-admission-controller-6d5c9b7f8-{suffix}",
            "",
            "none",
            "kyverno",
            "ReplicaSet/kyverno-admission-controller-6d5c9b7f8",
            image="ghcr.io/kyverno/kyverno:v1.12.5",
            ready=False,
            phase="Pending",
            age=5100,
        )
        story.objects["Pod"][-1]["status"] |= {"containerStatuses": [], "podIP": "", "podIPs": [], "hostIP": ""}
        event(
            story,
            "Pod",
            name,
            "FailedScheduling",
            "0/3 nodes are available: 3 node(s) had untolerated taint {node.kubernetes.io/not-ready: }. preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.",
            30 + i,
            4950,
            17,
            namespace="kyverno",
            source="default-scheduler",
        )
    for n, node in enumerate(nodes):
        story.node_event(node, "Starting", "Starting kubelet.", 5000, type_="Normal")
        story.node_event(node, "InvalidDiskCapacity", "invalid capacity 0 on image filesystem", 5000)
        story.other(
            f"ibm-master-proxy-static-{node}",
            node,
            owner="Node/" + node,
            app="ibm-master-proxy-static",
            age=4990,
            started=4980,
        )
        story.other(
            f"ibmcloud-block-storage-csi-{'kxz'[n]}4d8w",
            node,
            ready=False,
            waiting="ContainerCreating",
            phase="Pending",
            age=4980,
        )
    story.commands = {
        "get-nodes.txt": "get nodes -o wide",
        "get-pods-all.txt": "get pods -A -o wide",
        "describe-daemonset.txt": "describe ds -n calico-system calico-node",
        "describe-node.txt": f"describe node {nodes[0]}",
    }
    story.events("get-events.txt")
    story.affected = nodes
    story.cite("describe-daemonset.txt", 'no endpoints available for service "kyverno-svc"')
    return story


STORIES = [everything_was_scaled_to_zero_overnight]
