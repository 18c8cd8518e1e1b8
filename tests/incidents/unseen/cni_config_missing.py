"""cni-config-missing: told without having seen the rules."""

from __future__ import annotations

from datetime import datetime

from cluster import NO_CNI
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


def renamed_by_a_trial_of_another_plugin(now: datetime) -> Incident:
    story = incident(
        "conflist-carries-the-suffix-of-a-trial",
        CAUSE,
        "Another network plugin was tried on one worker and removed; it had renamed Calico's file to 10-calico.conflist.cilium_bak. No valid file is left in net.d, so the worker is NotReady (cni plugin not initialized), while calico-node is 1/1 and all its sessions are up.",
        "https://docs.cilium.io/en/stable/helm-reference/ (cni.exclusive)",
        now,
        platform="vpc",
        calico="v3.28.2",
        kubernetes="v1.30.7+IKS",
        difficulty="medium",
        acceptable=["interfaces-conflict"],
    )
    nodes = [f"10.247.8.{n}" for n in (5, 7, 11)]
    bad = nodes[1]
    story.workers([n for n in nodes if n != bad])
    story.workers(
        [bad],
        ready=NO_CNI,
        since=4300,
        taints=(("node.kubernetes.io/not-ready", "NoSchedule"), ("node.kubernetes.io/not-ready", "NoExecute")),
    )
    story.agents(nodes, started=700_000)
    name = story.pods[bad]
    story.node_event(bad, "NodeNotReady", f"Node {bad} status is now: NodeNotReady", 4300, type_="Normal")
    web = story.other(
        "portal-75c9d8b6f-tn4qz",
        bad,
        "none",
        "web",
        "ReplicaSet/portal-75c9d8b6f",
        ready=False,
        phase="Pending",
        waiting="ContainerCreating",
        age=4000,
    )
    no_address(story)
    story.pod_event(
        web,
        "NetworkNotReady",
        "network is not ready: container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized",
        4,
        3990,
        1990,
        namespace="web",
    )
    story.log(
        name,
        [
            *story.boot(bad, 699_990, [n for n in nodes if n != bad])[-9:],
            story.say(
                30_000,
                "INFO",
                66,
                "cni-config-monitor",
                "token_watch.go 279:",
                "Update of CNI kubeconfig triggered based on elapsed time.",
            ),
            *story.quiet(6000, 15, 400),
        ],
    )
    story.texts["worker-net.d.txt"] = (
        "sh-5.1# ls -l /host/etc/cni/net.d\ntotal 12\n-rw------- 1 root root  684 Nov 15 14:22 10-calico.conflist.cilium_bak\n-rw------- 1 root root 2836 Nov 23 08:40 calico-kubeconfig\nsh-5.1# journalctl -u containerd | tail -2\n"
        + f'{story.syslog(4310)} kube-csx containerd[1020]: time="{story.ago(4310)}" level=info msg="cni config load: \\"/etc/cni/net.d/05-cilium.conflist\\" removed"\n{story.syslog(4309)} kube-csx containerd[1020]: time="{story.ago(4309)}" level=error msg="failed to reload cni configuration after receiving fs change event(REMOVE \\"/etc/cni/net.d/05-cilium.conflist\\")" error="cni config load failed: no network config found in /etc/cni/net.d: cni plugin not initialized: failed to load cni config"\n'
    )
    story.texts["node-status.txt"] = node_status([(n, "up", "2026-11-15", "Established") for n in nodes if n != bad])
    story.describe(bad)
    story.affected = [bad]
    story.cite("worker-net.d.txt", "no network config found in /etc/cni/net.d")
    return story


STORIES = [cleaned_up_after_a_reset, renamed_by_a_trial_of_another_plugin]
