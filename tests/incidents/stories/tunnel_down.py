"""tunnel-down: the way from the master to the workers (vpn, konnectivity) is down."""

from __future__ import annotations

from datetime import datetime

from cluster import event
from telling import Incident, incident

CAUSE = "tunnel-down"


def vpn_pod_pending(now: datetime) -> Incident:
    story = incident(
        "every-log-file-is-a-timeout-and-vpn-is-pending",
        CAUSE,
        "All nodes and calico pods are ready; every fetched log holds only the same timeout to port 10250, and the one vpn pod has been Pending since its worker was removed.",
        "https://github.com/ibm-cloud-docs/openshift/blob/e8eca99/ts-cluster-cli.md",
        now,
        platform="roks",
        calico="v3.21.6",
        kubernetes="v1.23.17+16bcd69",
        difficulty="medium",
    )
    nodes = story.workers(
        [f"10.15.20.{n}" for n in (8, 11, 19, 27)],
        os_image="Red Hat Enterprise Linux Server 7.9 (Maipo)",
        runtime="cri-o://1.23.5",
    )
    story.agents(nodes)
    story.typha(nodes[1])
    story.other(
        "vpn-6f9c8b7d54-tq5zz",
        "",
        owner="ReplicaSet/vpn-6f9c8b7d54",
        app="vpn",
        phase="Pending",
        ready=False,
        age=7000,
        image="icr.io/ibm/vpn:2.5",
    )
    made = story.objects["Pod"][-1]["status"]
    made |= {"containerStatuses": [], "podIPs": [], "hostIP": ""}
    made.pop("podIP")
    made["conditions"] = [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}]
    event(
        story,
        "Pod",
        "vpn-6f9c8b7d54-tq5zz",
        "FailedScheduling",
        "0/4 nodes are available: 4 node(s) didn't match Pod's node affinity/selector.",
        100,
        6900,
        27,
        namespace="kube-system",
        source="default-scheduler",
    )
    for node in nodes[:3]:
        name = story.pods[node]
        story.texts[f"{name}.log"] = (
            f'Error from server: Get "https://{node}:10250/containerLogs/calico-system/{name}/calico-node": dial tcp {node}:10250: connect: connection timed out\n'
        )
        story.texts[f"{name}-cni.log"] = (
            f'Error from server: Get "https://{node}:10250/containerLogs/calico-system/{name}/install-cni": dial tcp {node}:10250: connect: connection timed out\n'
        )
        story.describe(node)
    story.commands["describe-vpn.txt"] = "describe pod -n kube-system vpn-6f9c8b7d54-tq5zz"
    story.cite(f"{name}.log", "10250: connect: connection timed out")
    story.cite("describe-vpn.txt", "FailedScheduling")
    return story


def no_agent(now: datetime) -> Incident:
    story = incident(
        "three-controllers-and-no-agent-connected",
        CAUSE,
        "The API server finds no konnectivity agent: logs, exec and metrics fail. The agents' own log (taken on a host) cannot reach port 8132. Calico pods are ready, some probe noise of a rollout is over.",
        "https://github.com/k0sproject/k0s/issues/5503",
        now,
        platform="other",
        calico="v3.28.1",
        kubernetes="v1.31.3+k0s",
        registry="quay.io/k0sproject/calico",
        namespace="kube-system",
        difficulty="hard",
    )
    hosts = {f"satk8s-w{n}": f"192.168.77.{n}" for n in (31, 32, 33, 34)}
    story.hosts(hosts)
    story.staff(hosts, started=5000, age=5100)
    for i, node in enumerate(hosts):
        story.other(
            f"konnectivity-agent-{'hjkm'[i]}8x2p",
            node,
            "",
            "kube-system",
            app="konnectivity-agent",
            image="quay.io/k0sproject/apiserver-network-proxy-agent:v0.31.0",
            restarts=2,
        )
    story.other(
        "metrics-server-68df9fd4f8-lz6bn",
        "satk8s-w32",
        "10.244.2.8",
        owner="ReplicaSet/metrics-server-68df9fd4f8",
        ready=True,
    )
    story.recreated(story.pods["satk8s-w31"], [hosts["satk8s-w33"]], 3300, 2)
    name = story.pods["satk8s-w33"]
    story.texts[f"{name}.log"] = (
        f'Error from server: Get "https://192.168.77.33:10250/containerLogs/kube-system/{name}/calico-node": No agent available\n'
    )
    lines = [
        f"{story.ago(4000)[:-1]}.88120441Z stderr F I{story.klog(4000)}       1 options.go:155] Sync interval set to 1s.",
        f'{story.ago(4000)[:-1]}.88123011Z stderr F I{story.klog(4000)}       1 options.go:133] ProxyServerHost set to "192.168.77.10".',
    ]
    lines += [
        f'{story.ago(3990 - 130 * i)[:-1]}.412{i:02d}971Z stderr F E{story.klog(3990 - 130 * i)}       1 clientset.go:231] "cannot connect once" err="rpc error: code = Unavailable desc = connection error: desc = \\"transport: Error while dialing: dial tcp 192.168.77.10:8132: i/o timeout\\""'
        for i in range(30)
    ]
    story.log("agent", lines, "var-log-containers-konnectivity-agent-k8x2p.log")
    story.commands = {
        "nodes.txt": "get nodes -o wide",
        "pods.txt": "get pods -A -o wide",
        "describe-calico.txt": f"describe pod -n kube-system {story.pods['satk8s-w31']}",
    }
    story.texts["kubectl-top.txt"] = (
        "Error from server (ServiceUnavailable): the server is currently unable to handle the request (get nodes.metrics.k8s.io)\n"
    )
    story.cite(f"{name}.log", "No agent available")
    story.cite("var-log-containers-konnectivity-agent-k8x2p.log", "dial tcp 192.168.77.10:8132: i/o timeout")
    return story


def webhooks_too(now: datetime) -> Incident:
    story = incident(
        "webhooks-and-logs-fail-with-the-same-words",
        CAUSE,
        "Several unrelated webhooks, kubectl logs and the metrics API all fail with 'No agent available'; the konnectivity agents crash. Calico runs and the webhooks' own pods are ready.",
        "https://github.com/cert-manager/cert-manager/issues/6457",
        now,
        platform="vpc",
        calico="v3.29.2",
        kubernetes="v1.32.3+IKS",
        difficulty="hard",
    )
    nodes = story.workers([f"10.250.64.{n}" for n in (4, 6, 7, 10, 15, 18)])
    story.agents(nodes)
    story.typha(nodes[2])
    for i, node in enumerate(nodes[:3]):
        name = story.other(
            f"konnectivity-agent-{'qrs'[i]}v7md",
            node,
            "",
            "kube-system",
            app="konnectivity-agent",
            image="icr.io/ext/konnectivity-agent:v0.31.2",
            ready=False,
            restarts=88 + i,
            waiting="CrashLoopBackOff",
            last=("Error", 1, 120 + i),
        )
        event(
            story,
            "Pod",
            name,
            "BackOff",
            f"Back-off restarting failed container konnectivity-agent in pod {name}_kube-system(77d0)",
            15 + i,
            20_000,
            900,
            namespace="kube-system",
        )
    story.other(
        "cert-manager-webhook-5f6b7c8d9-8k2wl",
        nodes[3],
        "172.17.9.70",
        "cert-manager",
        "ReplicaSet/cert-manager-webhook-5f6b7c8d9",
    )
    story.other("policy-guard-7d8f9c6b5-z4n6t", nodes[4], "172.17.9.133", "guard", "ReplicaSet/policy-guard-7d8f9c6b5")
    for owner, hook, service in (
        ("shop-api-7c9b8d6f5", "guard.policy.example.com", "policy-guard.guard.svc:443/mutate?timeout=10s"),
        ("ledger-5d4c3b2a1", "webhook.cert-manager.io", "cert-manager-webhook.cert-manager.svc:443/mutate?timeout=10s"),
    ):
        event(
            story,
            "ReplicaSet",
            owner,
            "FailedCreate",
            f'Error creating: Internal error occurred: failed calling webhook "{hook}": failed to call webhook: Post "https://{service}": No agent available',
            40,
            19_000,
            60,
            namespace="default",
            source="replicaset-controller",
        )
    for node in nodes[:2]:
        name = story.pods[node]
        story.texts[f"{name}.log"] = (
            f'Error from server: Get "https://{node}:10250/containerLogs/calico-system/{name}/calico-node": No agent available\n'
        )
        story.describe(node)
    story.commands["describe-konnectivity.txt"] = "describe pod -n kube-system konnectivity-agent-qv7md"
    story.events()
    story.cite("events.txt", "No agent available")
    story.cite("describe-konnectivity.txt", "CrashLoopBackOff")
    return story


def from_some_nodes(now: datetime) -> Incident:
    story = incident(
        "logs-from-two-of-five-hosts-cannot-be-had",
        CAUSE,
        "Logs of two hosts hold only 'error dialing backend', those of the rest are fine and healthy; on just these two hosts the konnectivity agent is not ready and cannot dial the controller.",
        "https://github.com/k0sproject/k0s/issues/3784",
        now,
        platform="other",
        calico="v3.26.4",
        kubernetes="v1.28.4+k0s",
        registry="quay.io/k0sproject/calico",
        namespace="kube-system",
        difficulty="hard",
    )
    hosts = {f"edge{n}": f"10.36.127.{n}" for n in (37, 38, 39, 45, 46)}
    story.hosts(hosts)
    story.staff(hosts)
    bad = ["edge38", "edge46"]
    for i, node in enumerate(hosts):
        story.other(
            f"konnectivity-agent-{'bcdfg'[i]}9w4z",
            node,
            "",
            "kube-system",
            app="konnectivity-agent",
            image="quay.io/k0sproject/apiserver-network-proxy-agent:v0.1.4",
            ready=node not in bad,
            restarts=0 if node not in bad else 41,
        )
    for node in bad:
        story.texts[f"{story.pods[node]}.log"] = "Error from server: error dialing backend: dial timeout, backstop\n"
    event(
        story,
        "Pod",
        "konnectivity-agent-c9w4z",
        "Unhealthy",
        "Liveness probe failed: HTTP probe failed with statuscode: 500",
        30,
        80_000,
        700,
        namespace="kube-system",
    )
    story.log(
        "x",
        [
            f'{story.ago(800 - 25 * i)[:-1]}.0238{i:02d}11Z stderr F E{story.klog(800 - 25 * i)}       1 client.go:341] "could not read stream" err="rpc error: code = Unavailable desc = keepalive ping failed to receive ACK within timeout" serverID="4bdb44dcc6cc5d7d" agentID="10.36.127.38"'
            for i in range(28)
        ],
        "agent-of-edge38.txt",
    )
    good = story.pods["edge37"]
    story.log(
        good,
        story.boot("edge37", 40_000, [a for n, a in hosts.items() if n != "edge37"]) + story.quiet(39_000, 20, 2500),
    )
    story.commands = {
        "pods.txt": "get pods -A -o wide",
        "nodes.txt": "get nodes -o wide",
        "describe-agent.txt": "describe pod -n kube-system konnectivity-agent-c9w4z",
        "describe-calico-node.txt": f"describe pod -n kube-system {story.pods['edge38']}",
    }
    story.affected = bad
    story.cite(f"{story.pods['edge38']}.log", "error dialing backend")
    return story


STORIES = [vpn_pod_pending, no_agent, webhooks_too, from_some_nodes]
