"""container-runtime-down: the first two told without having seen the rules, the others by the rules' author from public threads."""

from __future__ import annotations

from datetime import datetime

from cluster import join
from telling import Incident, incident, node_status

CAUSE = "container-runtime-down"


def no_address(story: Incident) -> None:
    """The pod told last has no address yet."""
    status = story.objects["Pod"][-1]["status"]
    status |= {"podIPs": []}
    del status["podIP"]


def docker_does_not_answer(now: datetime) -> Incident:
    story = incident(
        "agentpool-node-runtime-is-down",
        CAUSE,
        "The kubelet of one node posts that the container runtime is down and PLEG is not healthy for twelve hours; no probe of calico-node can be run there. The neighbours' BGP with it still works, its felix goes on.",
        "https://github.com/kubernetes/kubernetes/issues/72533",
        now,
        platform="other",
        calico="v3.8.9",
        kubernetes="v1.14.8",
        namespace="kube-system",
        registry="calico",
        difficulty="easy",
    )
    hosts = {f"aks-agentpool-22124581-{n}": f"10.240.0.{4 + n}" for n in range(3)}
    bad = "aks-agentpool-22124581-0"
    old = {"os_image": "Ubuntu 16.04.6 LTS", "kernel": "4.15.0-1064-azure", "runtime": "docker://3.0.8"}
    story.hosts({k: v for k, v in hosts.items() if k != bad}, **old)
    story.hosts(
        {bad: hosts[bad]},
        ready=(
            "False",
            "KubeletNotReady",
            "container runtime is down,PLEG is not healthy: pleg was last seen active 12h23m10.190912233s ago; threshold is 3m0s",
        ),
        since=44_500,
        taints=(("node.kubernetes.io/not-ready", "NoSchedule"), ("node.kubernetes.io/not-ready", "NoExecute")),
        **old,
    )
    story.staff(hosts, started=1_400_000)
    name = story.pods[bad]
    story.node_event(
        bad, "ContainerGCFailed", "rpc error: code = DeadlineExceeded desc = context deadline exceeded", 25, 44_400, 742
    )
    story.node_event(bad, "NodeNotReady", f"Node {bad} status is now: NodeNotReady", 44_500, type_="Normal")
    story.pod_event(
        name,
        "Unhealthy",
        "Readiness probe errored: rpc error: code = DeadlineExceeded desc = context deadline exceeded",
        50,
        44_300,
        2950,
    )
    for i in range(3):
        stuck = story.other(
            f"etl-run-{i}x9kd",
            bad,
            "10.244.3.1" + str(i),
            "batch",
            f"Job/etl-run-{i}",
            ready=False,
            phase="Pending",
            waiting="ContainerCreating",
            age=40_000 - i,
        )
        no_address(story)
        story.pod_event(
            stuck,
            "FailedCreatePodSandBox",
            "Failed create pod sandbox: rpc error: code = DeadlineExceeded desc = context deadline exceeded",
            90 + i,
            39_000,
            160,
            namespace="batch",
        )
    story.log(name, story.quiet(5000, 20, 300))
    story.describe(bad, name)
    story.affected = [bad]
    story.cite(f"describe-node-{bad}.txt", "container runtime is down")
    return story


def socket_of_containerd_is_gone(now: datetime) -> Incident:
    story = incident(
        "runtime-check-never-completes-on-one-worker",
        CAUSE,
        "On one worker containerd hung and its socket is gone: the kubelet reports 'container runtime is down' and a PLEG that was last active hours ago, each start of a pod and each exec probe ends with Unavailable. calico-node's old processes still run, so BGP from outside looks good.",
        "https://github.com/kubernetes/kubernetes/issues/68434",
        now,
        platform="classic",
        calico="v3.27.5",
        kubernetes="v1.29.13+IKS",
        difficulty="medium",
    )
    nodes = [f"10.126.44.{n}" for n in (3, 14, 18, 27, 29)]
    bad = nodes[3]
    story.workers([n for n in nodes if n != bad])
    story.workers(
        [bad],
        ready=(
            "False",
            "KubeletNotReady",
            "[container runtime is down, PLEG is not healthy: pleg was last seen active 3h41m7.203944811s ago; threshold is 3m0s]",
        ),
        since=13_200,
        taints=(("node.kubernetes.io/not-ready", "NoSchedule"), ("node.kubernetes.io/not-ready", "NoExecute")),
    )
    story.agents(nodes, started=1_200_000)
    name = story.pods[bad]
    unavailable = 'rpc error: code = Unavailable desc = connection error: desc = "transport: Error while dialing: dial unix /run/containerd/containerd.sock: connect: no such file or directory"'
    story.node_event(bad, "ContainerGCFailed", unavailable, 40, 13_200, 219)
    story.node_event(bad, "ImageGCFailed", f"failed to get image stats: {unavailable}", 220, 13_000, 44)
    story.pod_event(name, "Unhealthy", f"Readiness probe errored: {unavailable}", 25, 13_190, 438)
    job = story.other(
        "backup-29104470-hq7zk",
        bad,
        "none",
        "ops",
        "Job/backup-29104470",
        ready=False,
        phase="Pending",
        waiting="ContainerCreating",
        age=12_000,
    )
    no_address(story)
    story.pod_event(
        job, "FailedCreatePodSandBox", f"Failed to create pod sandbox: {unavailable}", 12, 11_990, 900, namespace="ops"
    )
    story.texts[f"{name}.log"] = (
        f'Error from server: Get "https://{bad}:10250/containerLogs/calico-system/{name}/calico-node": {unavailable}\n'
    )
    neighbour = story.pods[nodes[0]]
    story.log(neighbour, story.quiet(4000, 20, 300))
    story.texts["status-10.126.44.3.txt"] = node_status([(n, "up", "2026-11-09", "Established") for n in nodes[1:]])
    story.describe(bad)
    story.commands["describe-backup.txt"] = f"describe pod -n ops {job}"
    story.affected = [bad]
    story.cite(f"describe-node-{bad}.txt", "container runtime is down")
    return story


def shim_leak_and_pleg(now: datetime) -> Incident:
    story = incident(
        "pleg-was-last-seen-active-minutes-ago",
        CAUSE,
        "One classic worker: containerd answers no list call in time; the kubelet reports PLEG not healthy and the worker goes NotReady. calico-node's old container still runs, BGP sessions are up, new pods stay in ContainerCreating.",
        "https://github.com/kubernetes/kubernetes/issues/45419",
        now,
        platform="classic",
        calico="v3.27.4",
    )
    ok = story.workers(["10.93.180.7", "10.93.180.8"])
    bad = story.workers(["10.93.180.19"], ready=("False", "KubeletNotReady", "PLEG is not healthy: pleg was last seen active 11m32.4s ago; threshold is 3m0s"), since=700,
                        taints=[("node.kubernetes.io/not-ready", "NoExecute")])[0]  # fmt: skip
    story.agents([*ok, bad], started=1_400_000)
    story.node_event(bad, "NodeNotReady", f"Node {bad} status is now: NodeNotReady", 690, type_="Normal")
    story.pod_event(
        story.pods[bad],
        "Unhealthy",
        "Readiness probe errored: rpc error: code = DeadlineExceeded desc = context deadline exceeded",
        720,
        3000,
        44,
    )
    story.log(story.pods[bad], story.boot(bad, 1_400_000, ok)[:16] + story.quiet(1000, 3))
    story.describe(bad)
    story.affected = [bad]
    story.cite(f"describe-node-{bad}.txt", "PLEG is not healthy")
    return story


def runtime_after_a_bad_config(now: datetime) -> Incident:
    story = incident(
        "containerd-does-not-start-after-its-file-was-changed",
        CAUSE,
        "The customer added a registry mirror to containerd's file on one worker and rebooted it: containerd cannot load its CRI plugin, the kubelet says container runtime is down, every pod of the worker (calico-node too) fails to start.",
        "https://github.com/containerd/containerd/issues/8139",
        now,
        platform="other",
        calico="v3.26.1",
        kubernetes="v1.28.4",
        namespace="kube-system",
        registry="docker.io/calico",
    )
    hosts = {"gpu-a": "10.50.7.4", "gpu-b": "10.50.7.5", "gpu-c": "10.50.7.6"}
    bad = "gpu-b"
    story.hosts({k: v for k, v in hosts.items() if k != bad})
    story.hosts(
        {bad: hosts[bad]},
        ready=(
            "False",
            "KubeletNotReady",
            "[container runtime is down, PLEG is not healthy: pleg has yet to be successful]",
        ),
        since=2500,
    )
    story.staff({k: v for k, v in hosts.items() if k != bad}, started=600_000)
    story.staff({bad: hosts[bad]}, ready=False, started=600_000, restarts=1, last=("Unknown", 255, 2600))
    journal = [
        f'{story.syslog(2590)} gpu-b containerd[733]: time="{story.ago(2590)}" level=warning msg="failed to load plugin io.containerd.grpc.v1.cri" error="invalid plugin config: `mirrors` cannot be set when `config_path` is provided"',
        f'{story.syslog(2580)} gpu-b kubelet[790]: E{story.klog(2580)}     790 run.go:74] "command failed" err="failed to run Kubelet: validate service connection: validate CRI v1 runtime API for endpoint \\"unix:///run/containerd/containerd.sock\\": rpc error: code = Unimplemented desc = unknown service runtime.v1.RuntimeService"',
        f"{story.syslog(60)} gpu-b systemd[1]: kubelet.service: Scheduled restart job, restart counter is at 243.",
    ]
    story.texts["journal-gpu-b.log"] = join(journal)
    story.recreated(story.pods["gpu-a"], [hosts[bad]], 1200, 1)
    story.commands |= {
        "nodes.txt": "get nodes -o wide",
        "pods.txt": "get pods -A -o wide",
        "describe-node-gpu-b.txt": "describe node gpu-b",
        f"describe-pod-{story.pods['gpu-a']}.txt": f"describe pod -n kube-system {story.pods['gpu-a']}",
    }
    story.affected = [bad]
    story.cite("describe-node-gpu-b.txt", "container runtime is down")
    return story


STORIES = [docker_does_not_answer, socket_of_containerd_is_gone, shim_leak_and_pleg, runtime_after_a_bad_config]
