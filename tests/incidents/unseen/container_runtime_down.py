"""container-runtime-down: told without having seen the rules."""

from __future__ import annotations

from datetime import datetime

from telling import Incident, incident

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


STORIES = [docker_does_not_answer]
