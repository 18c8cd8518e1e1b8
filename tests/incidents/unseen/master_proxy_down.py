"""master-proxy-down: told without having seen the rules."""

from __future__ import annotations

from datetime import datetime

from telling import Incident, incident

CAUSE = "master-proxy-down"


def proxy_wont_start(now: datetime) -> Incident:
    story = incident(
        "static-proxy-in-backoff-on-one-worker",
        CAUSE,
        "On one of five workers ibm-master-proxy-static cannot bind 2040 any more and is in CrashLoopBackOff; calico-node and kube-proxy of only this worker are refused at 172.20.0.1:2040. Its felix cannot reach the API, so the probes fail.",
        "https://cloud.ibm.com/docs/containers?topic=containers-service-arch",
        now,
        platform="vpc",
        calico="v3.29.3",
        kubernetes="v1.32.3+IKS",
        difficulty="medium",
    )
    nodes = story.workers([f"10.243.64.{n}" for n in (11, 12, 15, 18, 21)])
    bad = nodes[3]
    others = [n for n in nodes if n != bad]
    story.agents(others)
    for node in others:
        story.other(
            f"ibm-master-proxy-static-{node}",
            node,
            owner=f"Node/{node}",
            app="ibm-master-proxy-static",
            image="icr.io/armada-master/haproxy:83df0d3",
        )
    story.other(
        f"ibm-master-proxy-static-{bad}", bad, owner=f"Node/{bad}", app="ibm-master-proxy-static", image="icr.io/armada-master/haproxy:83df0d3",
        ready=False, restarts=27, waiting="CrashLoopBackOff", last=("Error", 1, 130), message="back-off 5m0s restarting failed container=ibm-master-proxy-static",
    )  # fmt: skip
    name = story.agents([bad], ready=False, restarts=14, waiting="CrashLoopBackOff", last=("Error", 1, 70))[0]
    refused = "dial tcp 172.20.0.1:2040: connect: connection refused"
    story.pod_event(
        name,
        "BackOff",
        f"Back-off restarting failed container calico-node in pod {name}_calico-system(5e0c)",
        5,
        5200,
        310,
    )
    lines = story.failing(bad, 131)
    for n in range(30):
        error = f'Get "https://172.20.0.1:2040/api/v1/nodes/foo": {refused}'
        lines.append(
            story.say(
                130 - 2 * n,
                "INFO",
                9,
                "startup",
                "startup.go 485:",
                f"Hit error connecting to datastore - retry error={error}",
            )
        )
    story.log(name, lines)
    story.texts["kube-proxy-on-the-worker.log"] = (
        "\n".join(
            f'E{story.klog(3000 - 90 * n)}       1 reflector.go:166] "Unhandled Error" err="k8s.io/client-go/informers/factory.go:160: Failed to watch *v1.Service: failed to list *v1.Service: Get \\"https://172.20.0.1:2040/api/v1/services?resourceVersion=8120442\\": {refused}" logger="UnhandledError"'
            for n in range(20)
        )
        + "\n"
    )
    story.recreated(story.pods[others[0]], [bad], 4800, 3)
    story.describe(bad)
    story.commands |= {
        "describe-proxy.txt": f"describe pod -n kube-system ibm-master-proxy-static-{bad}",
        f"describe-pod-{story.pods[others[0]]}.txt": f"describe pod -n calico-system {story.pods[others[0]]}",
    }
    story.texts["proxy-previous.log"] = (
        "[NOTICE]   (1) : haproxy version is 2.8.13-1ubuntu1\n[ALERT]    (1) : Binding [/usr/local/etc/haproxy/haproxy.cfg:22] for frontend kube-apiserver: cannot bind socket (Cannot assign requested address) for [172.20.0.1:2040]\n"
        "[ALERT]    (1) : [haproxy.main()] Some protocols failed to start their listeners! Exiting.\n"
    )
    story.affected = [bad]
    story.cite("pods.txt", f"ibm-master-proxy-static-{bad}")
    story.cite(f"{name}.log", refused)
    return story


STORIES = [proxy_wont_start]
