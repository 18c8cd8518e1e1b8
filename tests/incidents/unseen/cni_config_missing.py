"""cni-config-missing: told without having seen the rules."""

from __future__ import annotations

from datetime import datetime

from telling import Incident, incident, node_status

CAUSE = "cni-config-missing"


def no_address(story: Incident) -> None:
    """The pod told last has no address yet."""
    status = story.objects["Pod"][-1]["status"]
    status |= {"podIPs": []}
    del status["podIP"]


def cleaned_up_after_a_reset(now: datetime) -> Incident:
    story = incident(
        "nodes-file-vanished-while-the-agent-runs",
        CAUSE,
        "A clean-up script emptied /etc/cni/net.d on one worker: the kubelet says 'cni config uninitialized' and new pods wait, while calico-node there has run for days, is ready and has all its BGP sessions.",
        "https://github.com/kubernetes-sigs/kubespray/issues/5104",
        now,
        platform="other",
        calico="v3.8.4",
        kubernetes="v1.15.6",
        namespace="kube-system",
        registry="docker.io/calico",
        difficulty="medium",
    )
    hosts = {"kspray-m1": "10.77.1.11", "kspray-w1": "10.77.1.21", "kspray-w2": "10.77.1.22", "kspray-w3": "10.77.1.23"}
    bad = "kspray-w2"
    down = (
        "False",
        "KubeletNotReady",
        "runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:docker: network plugin is not ready: cni config uninitialized",
    )
    old = {"os_image": "Ubuntu 18.04.3 LTS", "kernel": "4.15.0-66-generic", "runtime": "docker://18.9.7"}
    story.hosts({k: v for k, v in hosts.items() if k != bad}, **old)
    story.hosts(
        {bad: hosts[bad]}, ready=down, since=2500, taints=(("node.kubernetes.io/not-ready", "NoSchedule"),), **old
    )
    story.staff(hosts, started=600_000)
    name = story.pods[bad]
    peers = [v for k, v in hosts.items() if k != bad]
    story.node_event(bad, "NodeNotReady", f"Node {bad} status is now: NodeNotReady", 2500, type_="Normal")
    for i in range(2):
        pod = story.other(
            f"fluentd-{'px'[i]}4k9{'zd'[i]}",
            bad,
            "none",
            "logging",
            ready=False,
            phase="Pending",
            waiting="ContainerCreating",
            age=2200,
        )
        no_address(story)
        story.pod_event(
            pod,
            "NetworkNotReady",
            "network is not ready: [runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:docker: network plugin is not ready: cni config uninitialized]",
            3 + i,
            2190,
            109,
            namespace="logging",
        )
    story.log(name, [*story.old_boot(bad, 599_990, peers)[-22:], *story.quiet(3000, 10, 300)])
    story.texts["on-kspray-w2.txt"] = (
        f"root@kspray-w2:~# ls -la /etc/cni/net.d/\ntotal 8\ndrwxr-xr-x 2 root root 4096 {story.syslog(2510)[:-3]} .\ndrwxr-xr-x 3 root root 4096 Nov  4 09:12 ..\nroot@kspray-w2:~# calicoctl node status\n"
        + node_status([(p, "up", "2026-11-16", "Established") for p in peers])
    )
    story.describe(bad, name)
    story.affected = [bad]
    story.cite(f"describe-node-{bad}.txt", "cni config uninitialized")
    return story


STORIES = [cleaned_up_after_a_reset]
