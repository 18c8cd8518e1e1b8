"""admission-webhook-blocking: a webhook or policy engine keeps the calico pods from being created."""

from __future__ import annotations

from datetime import datetime

from cluster import NO_CNI, event
from telling import Incident, incident

CAUSE = "admission-webhook-blocking"


def _set(story: Incident, wanted: int, present: int, kind: str = "calico-node") -> None:
    story.add("DaemonSet", {
        "metadata": {"name": kind, "namespace": story.namespace, "creationTimestamp": story.ago(20_000_000), "uid": kind, "labels": {"k8s-app": kind}},
        "spec": {"selector": {"matchLabels": {"k8s-app": kind}}, "template": {"metadata": {"labels": {"k8s-app": kind}},
                 "spec": {"containers": [{"name": kind, "image": f"{story.registry}/node:{story.calico}"}], "nodeSelector": {"kubernetes.io/os": "linux"}}}},
        "status": {"desiredNumberScheduled": wanted, "currentNumberScheduled": present, "numberReady": present,
                   "updatedNumberScheduled": present, "numberAvailable": present, "numberMisscheduled": 0},
    })  # fmt: skip


def _refused(
    story: Incident,
    message: str,
    last: float,
    first: float,
    count: int,
    kind: str = "DaemonSet",
    name: str = "calico-node",
) -> None:
    event(
        story,
        kind,
        name,
        "FailedCreate",
        f"Error creating: {message}",
        last,
        first,
        count,
        namespace=story.namespace,
        source=f"{kind.lower()}-controller",
    )


def gatekeeper(now: datetime) -> Incident:
    story = incident(
        "new-workers-get-no-agent", CAUSE,
        "The two new workers have no calico-node: gatekeeper's webhook denied the request (privileged container); older workers keep theirs.",
        "https://github.com/kubernetes/kubernetes/issues/83700", now, platform="classic", calico="v3.27.4", kubernetes="v1.29.9+IKS", difficulty="medium",
    )  # fmt: skip
    old = story.workers([f"10.74.11.{n}" for n in (3, 8, 9)])
    new = story.workers(
        ["10.74.11.41", "10.74.11.44"],
        ready=NO_CNI,
        since=2000,
        age=2100,
        calico_up=False,
        taints=(("node.kubernetes.io/not-ready", "NoSchedule"),),
    )
    story.agents(old)
    _set(story, 5, 3)
    _refused(
        story,
        'admission webhook "validation.gatekeeper.sh" denied the request: [psp-privileged-container] Privileged container is not allowed: calico-node, securityContext: {"privileged": true}',
        40,
        2080,
        77,
    )
    story.not_established(story.pods[old[0]], new, 1500, 1990, 8, established=2)
    story.commands = {
        "nodes.txt": "get nodes -o wide",
        "pods.txt": "get pods -n calico-system -o wide",
        "describe-ds.txt": "describe ds -n calico-system calico-node",
        f"describe-node-{new[0]}.txt": f"describe node {new[0]}",
        "describe-pod.txt": f"describe pod -n calico-system {story.pods[old[0]]}",
    }
    story.affected = new
    story.cite("describe-ds.txt", "validation.gatekeeper.sh")
    return story


def istio(now: datetime) -> Incident:
    story = incident(
        "injector-without-endpoints", CAUSE,
        "Only the event list: a sidecar injector with failurePolicy Fail has no endpoints and every calico pod fails to be created after the reboot.",
        "https://github.com/kubernetes/kubernetes/blob/master/staging/src/k8s.io/apiserver/pkg/util/webhook/error.go", now, platform="other", namespace="kube-system", registry="quay.io/calico", calico="v3.22.2", kubernetes="v1.23.6", difficulty="hard",
    )  # fmt: skip
    hosts = {f"vm-{n}": f"10.88.0.{n}" for n in (5, 6, 7)}
    story.hosts(
        hosts, ready=NO_CNI, since=1700, calico_up=False, taints=(("node.kubernetes.io/not-ready", "NoSchedule"),)
    )
    text = 'Internal error occurred: failed calling webhook "namespace.sidecar-injector.istio.io": failed to call webhook: Post "https://istiod.istio-system.svc:443/inject?timeout=10s": dial tcp 10.96.114.20:443: connect: connection refused'
    _refused(story, text, 60, 1690, 30)
    story.other(
        "istiod-74d6f97b9b-2wfkc",
        "",
        "10.244.0.9",
        namespace="istio-system",
        owner="ReplicaSet/istiod-74d6f97b9b",
        ready=False,
        phase="Pending",
        age=1650,
        waiting="ContainerCreating",
    )
    story.pod_event(
        "istiod-74d6f97b9b-2wfkc",
        "FailedScheduling",
        "0/3 nodes are available: 3 node(s) had taint {node.kubernetes.io/not-ready: }, that the pod didn't tolerate.",
        20,
        1650,
        28,
        namespace="istio-system",
        source="default-scheduler",
    )
    for node in hosts:
        story.other(f"kube-proxy-{node[-1]}qk2t", node, restarts=1, last=("Error", 255, 1750))
        story.node_event(node, "Rebooted", f"Node {node} has been rebooted, boot id: 51f3", 1720)
    story.events()
    story.commands |= {
        "nodes.txt": "get nodes -o wide",
        "pods.txt": "get pods -A -o wide",
        "describe-vm-6.txt": "describe node vm-6",
    }
    story.affected = list(hosts)
    story.cite("events.txt", "namespace.sidecar-injector.istio.io")
    return story


def psp(now: datetime) -> Incident:
    story = incident(
        "unable-to-validate-against-any-policy", CAUSE,
        "The daemonset's pods are forbidden by pod security admission on the namespace: violates PodSecurity baseline; none is created.",
        "https://github.com/gardener/gardener-extension-networking-calico/pull/212", now, platform="other", calico="v3.25.1", kubernetes="v1.26.4", registry="docker.io/calico", difficulty="medium",
    )  # fmt: skip
    hosts = {f"cp-{n}" if n < 2 else f"wk-{n}": f"192.168.12.{40 + n}" for n in (1, 2, 3, 4)}
    story.hosts(hosts, ready=NO_CNI, since=5000, age=5300, calico_up=False)
    _set(story, 4, 0)
    text = 'pods "calico-node-{}" is forbidden: violates PodSecurity "baseline:latest": host namespaces (hostNetwork=true), hostPath volumes (volumes "lib-modules", "xtables-lock", "policysync"), privileged (containers "flexvol-driver", "install-cni", "calico-node" must not set securityContext.privileged=true)'
    for suffix, ago in (("2fv7k", 4000), ("9zqkd", 1900), ("c5tgw", 30)):
        _refused(story, text.format(suffix), ago, ago + 700, 12)
    story.commands = {
        "nodes.txt": "get nodes -o wide",
        "pods.txt": "get pods -A -o wide",
        "ds.txt": "get ds -A",
        "describe-ds.txt": "describe ds -n calico-system calico-node",
    }
    story.typha("wk-2")
    story.log(
        "operator",
        [
            f'{{"level":"error","ts":"{story.ago(4000 - 200 * n)}","logger":"controller_installation","msg":"Failed to update tigera status","error":"Operation cannot be fulfilled on tigerastatuses.operator.tigera.io \\"calico\\": the object has been modified; please apply your changes to the latest version and try again"}}'
            for n in range(18)
        ],
        "tigera-operator.log",
    )
    story.affected = list(hosts)
    story.cite("describe-ds.txt", "violates PodSecurity")
    return story


def linkerd(now: datetime) -> Incident:
    story = incident(
        "timeout-of-a-security-agent-hook", CAUSE,
        "One worker was drained and lost its agent; the daemonset cannot make the pod again because the security vendor's mutating webhook times out.",
        "https://github.com/kubernetes/kubernetes/blob/master/staging/src/k8s.io/apiserver/pkg/admission/plugin/webhook/mutating/dispatcher.go", now, platform="vpc", calico="v3.29.3", kubernetes="v1.32.2+IKS", difficulty="hard", acceptable=[],
    )  # fmt: skip
    nodes = story.workers([f"10.241.1.{n}" for n in (4, 5, 6, 8, 9, 10, 11)])
    bad = nodes[3]
    story.agents([n for n in nodes if n != bad])
    _set(story, 7, 6)
    _refused(
        story,
        'Internal error occurred: failed calling webhook "mutate.runtime-guard.vendor.io": failed to call webhook: Post "https://runtime-guard.sec.svc:443/mutate?timeout=30s": context deadline exceeded',
        21,
        3900,
        84,
    )
    for node in nodes[:3]:
        story.not_established(story.pods[node], [bad], 3600, 3790, 5, established=5)
    story.pod_event(
        story.pods[nodes[5]],
        "Unhealthy",
        'Liveness probe failed: Get "http://localhost:9099/liveness": dial tcp 127.0.0.1:9099: connect: connection refused',
        90_000,
        90_020,
        2,
    )
    guard = story.other(
        "runtime-guard-6b5d-9rmzz",
        nodes[0],
        "172.17.66.9",
        namespace="sec",
        owner="ReplicaSet/runtime-guard-6b5d",
        ready=False,
        restarts=14,
        started=60,
        last=("OOMKilled", 137, 70),
    )
    story.describe(nodes[1])
    story.commands |= {
        "describe-ds.txt": "describe ds -n calico-system calico-node",
        "describe-guard.txt": f"describe pod -n sec {guard}",
        f"describe-node-{bad}.txt": f"describe node {bad}",
    }
    story.log(
        story.pods[nodes[1]],
        [
            *story.quiet(4800, 3950),
            f"bird: Mesh_{bad.replace('.', '_')}: State changed to start",
            *story.quiet(3900, 10),
        ],
    )
    story.affected = [bad]
    story.cite("describe-ds.txt", "mutate.runtime-guard.vendor.io")
    return story


STORIES = [gatekeeper, istio, psp, linkerd]
