"""container-runtime-down: the container runtime or PLEG of a worker is unhealthy."""

from __future__ import annotations

from datetime import datetime

from telling import Incident, incident, node_status

CAUSE = "container-runtime-down"
TAINTS = (("node.kubernetes.io/not-ready", "NoExecute"), ("node.kubernetes.io/not-ready", "NoSchedule"))


def pleg(now: datetime) -> Incident:
    story = incident(
        "pleg-seen-forty-minutes-ago", CAUSE,
        "The worker's Ready condition is False because PLEG is not healthy; calico-node's probes on it end in DeadlineExceeded.",
        "https://github.com/kubernetes/kubernetes/issues/77728", now, platform="classic", calico="v3.27.4", kubernetes="v1.29.9+IKS",
    )  # fmt: skip
    nodes = story.workers([f"10.131.5.{n}" for n in (8, 9, 13, 16)])
    bad = story.workers(
        ["10.131.5.27"],
        since=2400,
        taints=TAINTS,
        ready=(
            "False",
            "KubeletNotReady",
            "PLEG is not healthy: pleg was last seen active 42m53.338575586s ago; threshold is 3m0s",
        ),
    )[0]
    story.agents(nodes)
    name = story.agents([bad], ready=False)[0]
    story.pod_event(
        name,
        "Unhealthy",
        "Readiness probe errored: rpc error: code = DeadlineExceeded desc = context deadline exceeded",
        20,
        2500,
        80,
    )
    story.not_established(story.pods[nodes[0]], [bad], 90_000, 90_300, 4, established=3)
    story.describe(bad)
    story.commands[f"describe-pod-{story.pods[nodes[0]]}.txt"] = f"describe pod -n calico-system {story.pods[nodes[0]]}"
    story.log(name, story.quiet(3900, 2600))
    story.affected = [bad]
    story.cite(f"describe-node-{bad}.txt", "PLEG is not healthy")
    return story


def sock(now: datetime) -> Incident:
    story = incident(
        "containerd-socket-is-gone", CAUSE,
        "The kubelet's journal cannot reach containerd.sock: connection refused; the agent's container shows an old crash and BIRD peers are lost.",
        "https://github.com/containerd/containerd/issues/10432", now, platform="other", calico="v3.23.3", kubernetes="v1.24.4+k3s1", registry="docker.io/calico", difficulty="hard",
    )  # fmt: skip
    hosts = {"edge-a": "10.12.1.4", "edge-b": "10.12.1.5", "edge-c": "10.12.1.6"}
    story.hosts({k: hosts[k] for k in ("edge-a", "edge-b")})
    story.hosts(
        {"edge-c": hosts["edge-c"]},
        since=3100,
        taints=TAINTS,
        ready=(
            "False",
            "KubeletNotReady",
            "[container runtime is down, PLEG is not healthy: pleg was last seen active 51m20.5s ago; threshold is 3m0s]",
        ),
    )
    story.staff({k: hosts[k] for k in ("edge-a", "edge-b")})
    story.staff({"edge-c": hosts["edge-c"]}, ready=False, restarts=4, started=80_000, last=("Error", 1, 80_030))
    bad = 'rpc error: code = Unavailable desc = connection error: desc = \\"transport: Error while dialing dial unix /run/k3s/containerd/containerd.sock: connect: connection refused\\"'
    lines = []
    for n in range(12):
        lines.append(
            f'{story.syslog(3000 - 240 * n)} edge-c k3s[990]: E1123 09:11:{n + 10}.330121     990 remote_runtime.go:356] "ListPodSandbox with filter from runtime service failed" err="{bad}" filter="nil"'
        )
        lines.append(
            f'{story.syslog(2999 - 240 * n)} edge-c k3s[990]: E1123 09:11:{n + 11}.330190     990 generic.go:205] "GenericPLEG: Unable to retrieve pods" err="{bad}"'
        )
        lines.append(
            f'{story.syslog(2995 - 240 * n)} edge-c k3s[990]: W1123 09:11:{n + 15}.001     990 reflector.go:442] object-"calico-system"/"cni-config": watch of *v1.ConfigMap ended with: very short watch: Unexpected watch close'
        )
    story.log("k3s", lines, "journalctl-k3s.txt")
    story.commands = {"pods.txt": "get pods -A -o wide", "nodes.txt": "get nodes -o wide"}
    story.texts["node-status.txt"] = node_status(
        [(hosts["edge-b"], "up", "2024-11-20", "Established"), (hosts["edge-c"], "up", "2024-11-20", "Established")]
    )
    story.affected = ["edge-c"]
    story.cite("journalctl-k3s.txt", "containerd.sock: connect: connection refused")
    return story


def crio(now: datetime) -> Incident:
    story = incident(
        "name-is-reserved-after-a-stuck-runtime", CAUSE,
        "CRI-O no longer finishes container requests (context deadline exceeded, name is reserved) on one worker; the container never starts.",
        "https://github.com/kubernetes/kubernetes/issues/61500", now, platform="roks", calico="v3.26.4", kubernetes="v1.27.16+03a907c", difficulty="hard",
    )  # fmt: skip
    nodes = story.workers([f"10.209.12.{n}" for n in (4, 5, 6)], runtime="cri-o://1.27.8")
    bad = story.workers(
        ["10.209.12.9"],
        since=1500,
        taints=TAINTS,
        runtime="cri-o://1.27.8",
        ready=(
            "False",
            "KubeletNotReady",
            "[container runtime is down, PLEG is not healthy: pleg has yet to be successful]",
        ),
    )[0]
    story.agents(nodes)
    name = story.agents(
        [bad],
        ready=False,
        restarts=1,
        waiting="CreateContainerError",
        message="context deadline exceeded",
        last=("Error", 143, 1600),
    )[0]
    story.pod_event(
        name,
        "Failed",
        "Error: kubelet may be retrying requests that are timing out in CRI-O due to system load: context deadline exceeded: error reserving ctr name k8s_calico-node_"
        + name
        + "_calico-system_a5e1_2 for id 77be0: name is reserved",
        15,
        1400,
        66,
    )
    story.pod_event(
        name,
        "Pulled",
        'Container image "icr.io/ext/calico/node:v3.26.4" already present on machine',
        15,
        1400,
        66,
        type_="Normal",
    )
    story.node_event(
        bad, "ContainerGCFailed", "rpc error: code = DeadlineExceeded desc = context deadline exceeded", 200, 1400, 20
    )
    story.not_established(story.pods[nodes[2]], [bad], 1300, 1380, 4, established=2)
    story.describe(bad)
    story.log(
        story.pods[nodes[2]],
        [
            *story.quiet(3000, 1600),
            f"bird: Mesh_{bad.replace('.', '_')}: Error: Hold timer expired",
            *story.quiet(1500, 10),
        ],
    )
    story.affected = [bad]
    story.cite(f"describe-node-{bad}.txt", "container runtime is down")
    return story


def shim(now: datetime) -> Incident:
    story = incident(
        "shims-do-not-start", CAUSE,
        "On one worker no sandbox is created because containerd's shim does not start (ttrpc: closed), for pods of every kind; calico and the others' network are fine.",
        "https://github.com/kubernetes/kubernetes/issues/121548", now, platform="vpc", calico="v3.29.3", kubernetes="v1.32.2+IKS", difficulty="hard",
    )  # fmt: skip
    nodes = story.workers([f"10.250.9.{n}" for n in (68, 69, 70, 71, 80)])
    bad = nodes[3]
    story.agents([n for n in nodes if n != bad])
    name = story.agents([bad], ready=False, age=1900, phase="Pending", waiting="PodInitializing")[0]
    made = story.objects["Pod"][-1]["status"]["initContainerStatuses"][0]
    made |= {"state": {"waiting": {"reason": "PodInitializing"}}, "ready": False}
    text = "Failed to create pod sandbox: rpc error: code = Unknown desc = failed to start sandbox container task: failed to create shim task: ttrpc: closed: unknown"
    story.pod_event(name, "FailedCreatePodSandBox", text, 14, 1880, 140)
    web = story.other(
        "web-6f7c9d-q8d2z",
        bad,
        "172.17.40.9",
        namespace="shop",
        owner="ReplicaSet/web-6f7c9d",
        ready=False,
        waiting="ContainerCreating",
        phase="Pending",
        age=1700,
    )
    story.pod_event(web, "FailedCreatePodSandBox", text, 40, 1690, 122, namespace="shop")
    story.node_event(
        bad,
        "ContainerdUnhealthy",
        'Node condition ContainerRuntimeUnhealthy is now: True, reason: ContainerdUnhealthy, message: "Found unhealthy containerd"',
        900,
        source="containerd-health-monitor",
    )
    story.not_established(story.pods[nodes[0]], [bad], 1700, 1850, 6, established=3)
    story.describe(bad)
    story.commands["describe-web.txt"] = f"describe pod -n shop {web}"
    story.affected = [bad]
    story.cite(f"describe-pod-{name}.txt", "ttrpc: closed")
    return story


STORIES = [pleg, sock, crio, shim]
