"""tunnel-down: told without having seen the rules."""

from __future__ import annotations

from datetime import datetime

from telling import Incident, incident

CAUSE = "tunnel-down"


def agent_cannot_reach_its_server(now: datetime) -> Incident:
    story = incident(
        "metrics-api-and-logs-have-no-agent",
        CAUSE,
        "All nodes and calico pods are ready; every log file holds 'No agent available', the metrics API is missing its response by the same words, and the one konnectivity-agent (read from its node) cannot dial the server's port 8132.",
        "https://github.com/k0sproject/k0s/issues/5809",
        now,
        platform="other",
        calico="v3.29.3",
        kubernetes="v1.33.0+k0s",
        registry="quay.io/k0sproject",
        namespace="kube-system",
        difficulty="medium",
    )
    hosts = {"worker-a": "192.168.141.21", "worker-b": "192.168.141.22"}
    story.hosts(hosts, os_image="Debian GNU/Linux 12 (bookworm)", kernel="6.1.0-34-amd64")
    story.staff(hosts)
    agent = story.other(
        "konnectivity-agent-6ddr2",
        "worker-b",
        owner="DaemonSet/konnectivity-agent",
        app="konnectivity-agent",
        image="quay.io/k0sproject/apiserver-network-proxy-agent:v0.31.1",
        restarts=41,
        ready=True,
        started=300,
        last=("Error", 2, 305),
    )
    story.other(
        "metrics-server-7db8586f5c-q7z9v",
        "worker-a",
        "10.244.1.12",
        owner="ReplicaSet/metrics-server-7db8586f5c",
        app="metrics-server",
        image="registry.k8s.io/metrics-server/metrics-server:v0.7.2",
    )
    for node in hosts:
        name = story.pods[node]
        story.texts[f"{name}.log"] = (
            f'Error from server: Get "https://{hosts[node]}:10250/containerLogs/kube-system/{name}/calico-node": No agent available\n'
        )
        story.commands[f"describe-pod-{name}.txt"] = f"describe pod -n kube-system {name}"
    story.commands |= {
        "nodes.txt": "get nodes -o wide",
        "pods.txt": "get pods -A -o wide",
        "describe-agent.txt": f"describe pod -n kube-system {agent}",
        "describe-node-worker-a.txt": "describe node worker-a",
    }
    lines = []
    for n in range(20):
        ago = 295 - 14 * n
        stamp = (story.ago(ago))[:-1] + ".522004118Z stderr F "
        lines.append(
            f'{stamp}E{story.klog(ago)}       1 clientset.go:197] "cannot connect once" err="rpc error: code = Unavailable desc = connection error: desc = \\"transport: Error while dialing: dial tcp 192.168.141.10:8132: connect: connection refused\\""'
        )
    story.log(agent, lines, f"var-log-containers/{agent}.log")
    story.texts["apiservice.txt"] = (
        "NAME                                   SERVICE                      AVAILABLE                      AGE\n"
        "v1.                                    Local                        True                           61d\n"
        "v1.crd.projectcalico.org               Local                        True                           61d\n"
        "v1beta1.metrics.k8s.io                 kube-system/metrics-server   False (FailedDiscoveryCheck)   61d\n"
    )
    story.texts["journal-k0scontroller.txt"] = "".join(
        f'{story.syslog(500 - 9 * n)} controller k0s[1129]: time="{story.stamp(500 - 9 * n)[:19]}" level=info msg="E{story.klog(500 - 9 * n)}    2010 server.go:528] \\"Failed to get a backend\\" err=\\"No agent available\\" dialID={8968104 + 771 * n}" component=konnectivity stream=stderr\n'
        for n in range(30)
    )
    story.affected = []
    story.cite("journal-k0scontroller.txt", "No agent available")
    return story


def server_asks_a_dead_agent(now: datetime) -> Incident:
    story = incident(
        "logs-come-at-the-third-try",
        CAUSE,
        "kubectl logs works at every third try only and the metrics API is away: the tunnel's server sends requests through agents that do not answer. Nodes and calico pods that exist are healthy; half of the fetched files hold a timeout.",
        "https://github.com/kubernetes-sigs/apiserver-network-proxy/issues/152",
        now,
        platform="classic",
        calico="v3.27.5",
        kubernetes="v1.30.13+IKS",
        difficulty="hard",
    )
    nodes = story.workers([f"10.171.53.{n}" for n in (194, 199, 201, 210)])
    story.agents(nodes, started=1_600_000)
    for n, node in enumerate(nodes[:3]):
        story.other(
            f"konnectivity-agent-{'6fk'[n]}{'x8w'[n]}{'p2z'[n]}qm",
            node,
            f"172.30.{80 + n}.7",
            owner="DaemonSet/konnectivity-agent",
            app="konnectivity-agent",
            image="icr.io/ext/konnectivity/agent:v0.29.2",
            restarts=0,
            started=1_600_000,
        )
    for n, node in enumerate(nodes):
        name = story.pods[node]
        if n % 2:
            story.texts[f"{name}.log"] = (
                f'Error from server: Get "https://{node}:10250/containerLogs/calico-system/{name}/calico-node": dial timeout, backstop\n'
            )
        else:
            story.log(name, story.quiet(1500, 12, 190))
        story.commands[f"describe-pod-{name}.txt"] = f"describe pod -n calico-system {name}"
    story.texts["three-tries.txt"] = (
        f'$ kubectl logs -n kube-system konnectivity-agent-6xpqm --tail 1\nError from server: Get "https://{nodes[0]}:10250/containerLogs/kube-system/konnectivity-agent-6xpqm/konnectivity-agent?tailLines=1": dial timeout, backstop\n'
        f'$ kubectl logs -n kube-system konnectivity-agent-6xpqm --tail 1\nError from server: Get "https://{nodes[0]}:10250/containerLogs/kube-system/konnectivity-agent-6xpqm/konnectivity-agent?tailLines=1": dial timeout, backstop\n'
        f'$ kubectl logs -n kube-system konnectivity-agent-6xpqm --tail 1\nI{story.klog(40)}       1 client.go:528] "remote connection EOF" connectionID=48121\n'
        "$ kubectl top nodes\nerror: Metrics API not available\n"
    )
    story.commands |= {
        "nodes.txt": "get nodes -o wide",
        "pods.txt": "get pods -A -o wide",
        f"describe-node-{nodes[1]}.txt": f"describe node {nodes[1]}",
    }
    story.affected = []
    story.cite("three-tries.txt", "dial timeout, backstop")
    return story


STORIES = [agent_cannot_reach_its_server, server_asks_a_dead_agent]
