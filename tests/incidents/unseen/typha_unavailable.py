"""typha-unavailable: told without having seen the rules."""

from __future__ import annotations

from datetime import datetime

from telling import Incident, incident

CAUSE = "typha-unavailable"


def no_such_service(now: datetime) -> Incident:
    story = incident(
        "service-calico-typha-not-found",
        CAUSE,
        "The chart was installed into another namespace: calico-node looks for typha in kube-system, where neither the service nor a typha pod is; tunnel-ip-allocator and felix end with 'Typha discovery failed' on all nodes.",
        "https://github.com/aws/eks-charts/issues/337",
        now,
        platform="other",
        calico="v3.15.1",
        kubernetes="v1.17.9-eks-4c6976",
        registry="quay.io/calico",
        namespace="kube-system",
        difficulty="easy",
        acceptable=["invalid-calico-config"],
    )
    hosts = {f"ip-10-2-{a}-{b}.eu-west-1.compute.internal": f"10.2.{a}.{b}" for a, b in ((31, 7), (31, 98), (44, 12))}
    story.hosts(hosts, os_image="Amazon Linux 2", kernel="4.14.198-152.320.amzn2.x86_64", runtime="docker://19.3.6")
    env = {
        "env": [
            {"name": "FELIX_TYPHAK8SSERVICENAME", "value": "calico-typha"},
            {"name": "DATASTORE_TYPE", "value": "kubernetes"},
            {"name": "CALICO_NETWORKING_BACKEND", "value": "none"},
        ]
    }
    for n, (node, address) in enumerate(hosts.items()):
        name = story.staff(
            {node: address},
            ready=False,
            restarts=12,
            waiting="CrashLoopBackOff",
            last=("Error", 1, 60 + 11 * n),
            age=2500,
            spec=env,
        )[0]
        story.probe(
            name,
            'felix is not ready: Get "http://localhost:9099/readiness": dial tcp 127.0.0.1:9099: connect: connection refused',
            62,
            2480,
            36,
        )
        story.pod_event(name, "BackOff", "Back-off restarting failed container", 5, 2470, 155)
    node = list(hosts)[1]
    lines = story.boot(node, 75, bird=False)[:-1]
    for n in range(14):
        ago, pid = 72 - 0.9 * n, 2848 + 40 * n
        lines += [
            story.say(
                ago,
                "ERROR",
                pid,
                "felix",
                "daemon.go 1225:",
                'Unable to get Typha service endpoints from Kubernetes. error=endpoints "calico-typha" not found',
            ),
            story.say(
                ago - 0.1,
                "ERROR",
                pid,
                "felix",
                "daemon.go 323:",
                'Typha discovery enabled but discovery failed. error=endpoints "calico-typha" not found',
            ),
            story.say(
                ago - 0.2,
                "ERROR",
                pid + 17,
                "tunnel-ip-allocator",
                "startsyncerclient.go 114:",
                'Unable to get Typha service from Kubernetes. error=services "calico-typha" not found',
            ),
            story.say(
                ago - 0.2,
                "FATAL",
                pid + 17,
                "tunnel-ip-allocator",
                "startsyncerclient.go 47:",
                'Typha discovery enabled but discovery failed. error=services "calico-typha" not found',
            ),
        ]
    story.log(story.pods[node], lines)
    story.other(
        "aws-node-xk2fz",
        node,
        owner="DaemonSet/aws-node",
        app="aws-node",
        image="602401143452.dkr.ecr.eu-west-1.amazonaws.com/amazon-k8s-cni:v1.5.7",
    )
    story.describe(node)
    story.texts["services.txt"] = (
        "NAMESPACE     NAME         TYPE        CLUSTER-IP   EXTERNAL-IP   PORT(S)         AGE\ndefault       kubernetes   ClusterIP   172.20.0.1   <none>        443/TCP         91d\nkube-system   kube-dns     ClusterIP   172.20.0.10  <none>        53/UDP,53/TCP   91d\n"
    )
    story.affected = list(hosts)
    story.cite(f"{story.pods[node]}.log", 'services "calico-typha" not found')
    return story


STORIES = [no_such_service]
