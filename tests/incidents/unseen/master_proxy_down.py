"""master-proxy-down: told without having seen the rules."""

from __future__ import annotations

from datetime import datetime

from telling import Incident, incident

CAUSE = "master-proxy-down"


def proxy_wont_start(now: datetime) -> Incident:
    story = incident(
        "static-proxy-in-backoff-on-one-worker",
        CAUSE,
        "On one of five workers ibm-master-proxy-static dies of a segmentation fault some seconds after each start and is in CrashLoopBackOff; between, calico-node, kube-proxy and the kubelet of only this worker are refused at 172.20.0.1:2040. The worker is Ready at the moment, its calico-node does not get through its datastore check.",
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
        ready=False, restarts=27, waiting="CrashLoopBackOff", last=("Error", 139, 130), message="back-off 5m0s restarting failed container=ibm-master-proxy-static",
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
        "[NOTICE]   (1) : haproxy version is 2.8.13-1ubuntu1\n[NOTICE]   (1) : New worker (8) forked\n[NOTICE]   (1) : Loading success.\n"
        "[NOTICE]   (1) : haproxy version is 2.8.13-1ubuntu1\n[ALERT]    (1) : Current worker (8) exited with code 139 (Segmentation fault)\n"
        "[ALERT]    (1) : exit-on-failure: killing every processes with SIGTERM\n[WARNING]  (1) : All workers exited. Exiting... (139)\n"
    )
    story.node_event(
        bad,
        "NodeNotReady",
        f"Node {bad} status is now: NodeNotReady",
        1500,
        5100,
        3,
        type_="Normal",
        source="node-controller",
    )
    story.node_event(bad, "NodeReady", f"Node {bad} status is now: NodeReady", 1390, 5000, 3, type_="Normal")
    story.affected = [bad]
    story.cite("proxy-previous.log", "exited with code 139 (Segmentation fault)")
    story.cite(f"{name}.log", refused)
    return story


def out_of_file_descriptors(now: datetime) -> Incident:
    story = incident(
        "proxy-of-one-worker-reached-its-limit",
        CAUSE,
        "HAProxy of one ROKS worker has reached its limit of file descriptors and takes no more connections: everything new on this worker (calico-node, multus, dns) times out in the TLS handshake at 172.20.0.1:2040; all others are fine.",
        "https://cloud.ibm.com/docs/openshift?topic=openshift-service-arch",
        now,
        platform="roks",
        calico="v3.28.5",
        kubernetes="v1.31.6+a9a6b1e",
        difficulty="hard",
        acceptable=["apiserver-unreachable"],
    )
    nodes = story.workers([f"10.202.88.{n}" for n in (131, 135, 138, 144)])
    bad = nodes[1]
    story.agents([n for n in nodes if n != bad])
    for node in nodes:
        story.other(
            f"ibm-master-proxy-static-{node}",
            node,
            owner=f"Node/{node}",
            app="ibm-master-proxy-static",
            image="icr.io/armada-master/haproxy:9b2dca9",
            ready=node != bad,
            restarts=0,
        )
    proxy = f"ibm-master-proxy-static-{bad}"
    story.pod_event(
        proxy,
        "Unhealthy",
        'Readiness probe failed: Get "https://172.20.0.1:2040/livez": net/http: TLS handshake timeout',
        18,
        4100,
        390,
        namespace="kube-system",
    )
    name = story.agents([bad], ready=False, restarts=6, started=100, last=("Error", 1, 105))[0]
    story.probe(
        name,
        "BIRD is not ready: Error querying BIRD: unable to connect to BIRDv4 socket: dial unix /var/run/calico/bird.ctl: connect: no such file or directory",
        6,
        3900,
        110,
    )
    lines = story.failing(bad, 100)
    for n in range(9):
        lines.append(
            story.say(
                90 - 10 * n,
                "INFO",
                9,
                "startup",
                "startup.go 485:",
                'Hit error connecting to datastore - retry error=Get "https://172.20.0.1:2040/api/v1/nodes/foo": net/http: TLS handshake timeout',
            )
        )
    story.log(name, lines)
    story.texts["proxy.log"] = "".join(
        "[ALERT]    (8) : Proxy kubernetes reached process FD limit (maxsock=4018). Please check 'ulimit-n' and restart.\n"
        if n % 3 == 0
        else f"[WARNING]  (8) : Server kube-apiserver/master is UP, reason: Layer6 check passed, check duration: {3 + n}ms.\n"
        for n in range(24)
    )
    dns = story.other(
        "dns-default-7kq2x",
        bad,
        "172.30.14.9",
        namespace="openshift-dns",
        owner="DaemonSet/dns-default",
        app="dns",
        ready=False,
        restarts=4,
        started=3000,
        last=("Error", 1, 3010),
        image="quay.io/openshift-release-dev/ocp-v4.0-art-dev:coredns",
    )
    story.pod_event(
        dns,
        "Unhealthy",
        "Readiness probe failed: HTTP probe failed with statuscode: 503",
        5,
        3800,
        360,
        namespace="openshift-dns",
    )
    story.describe(bad)
    story.commands["describe-proxy.txt"] = f"describe pod -n kube-system {proxy}"
    story.affected = [bad]
    story.cite("proxy.log", "reached process FD limit")
    story.cite(f"{name}.log", "172.20.0.1:2040")
    return story


STORIES = [proxy_wont_start, out_of_file_descriptors]
