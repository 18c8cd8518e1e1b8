"""master-proxy-down: the worker's own way to the master (172.20.0.1:2040) is down."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from cluster import NO_CNI, UNKNOWN, container, pod
from telling import NOT_LIVE, SOCKET, Incident, incident

CAUSE = "master-proxy-down"
UNREACHABLE = [("node.kubernetes.io/unreachable", "NoExecute"), ("node.kubernetes.io/unreachable", "NoSchedule")]


def proxy(story: Incident, address: str, **more: Any) -> str:
    """The static pod of the master proxy on a worker; ``more`` are arguments of its first container."""
    name = f"ibm-master-proxy-static-{address}"
    status = [
        container(story, "ibm-master-proxy-static", "icr.io/armada-master/haproxy:28_9f2f", **more),
        container(story, "pause", "icr.io/armada-master/pause:3.10"),
    ]
    made = pod(
        story, name, address, status, namespace="kube-system", owner=f"Node/{address}", app="ibm-master-proxy-static"
    )
    made["status"] |= {"podIP": address, "hostIP": address}
    return name


def journal_of_a_silent_worker(now: datetime) -> Incident:
    story = incident(
        "silent-worker-whose-local-port-2040-refuses",
        CAUSE,
        "The worker is Unknown to the master, but its own journal shows why: everything on it gets 'connection refused' from the local proxy, HAProxy does not start.",
        "https://github.com/ibm-cloud-docs/containers/blob/master/cs_versions.md",
        now,
        platform="vpc",
        calico="v3.28.2",
        kubernetes="v1.31.4+IKS",
        difficulty="hard",
    )
    nodes = story.workers([f"10.243.7.{n}" for n in (12, 13, 15, 18, 19)])
    bad = "10.243.7.20"
    story.workers([bad], ready=UNKNOWN, since=5400, taints=UNREACHABLE)
    for node in nodes:
        proxy(story, node)
    proxy(story, bad)
    story.agents([*nodes, bad])
    story.node_event(
        bad, "NodeNotReady", f"Node {bad} status is now: NodeNotReady", 3400, source="node-controller", type_="Normal"
    )
    story.recreated(story.pods[nodes[2]], [bad], 3000, 4)
    story.describe(bad)
    story.describe(nodes[2])
    lines = []
    for i in range(14):
        at, pre = story.klog(5500 - 380 * i), f"{story.syslog(5500 - 380 * i)} kube-cq0sample-demo-default-20 "
        lines += [
            f'{pre}kubelet.service[1733]: E{at}    1733 controller.go:145] "Failed to ensure lease exists, will retry" err="Get \\"https://172.20.0.1:2040/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/{bad}?timeout=10s\\": dial tcp 172.20.0.1:2040: connect: connection refused" interval="7s"',
            f'{pre}kubelet.service[1733]: E{at}    1733 kubelet_node_status.go:549] "Error updating node status, will retry" err="error getting node \\"{bad}\\": Get \\"https://172.20.0.1:2040/api/v1/nodes/{bad}?timeout=10s\\": dial tcp 172.20.0.1:2040: connect: connection refused"',
        ]
        if i % 4 == 1:
            lines.append(
                f'{pre}kubelet.service[1733]: E{at}    1733 pod_workers.go:1301] "Error syncing pod, skipping" err="failed to \\"StartContainer\\" for \\"ibm-master-proxy-static\\" with CrashLoopBackOff: \\"back-off 5m0s restarting failed container=ibm-master-proxy-static pod=ibm-master-proxy-static-{bad}_kube-system(1b7e)\\"" pod="kube-system/ibm-master-proxy-static-{bad}"'
            )
    story.log("journal", lines, "kubelet-journal-20.txt")
    story.affected = [bad]
    story.cite("kubelet-journal-20.txt", "dial tcp 172.20.0.1:2040: connect: connection refused")
    return story


def restarts_on_classic(now: datetime) -> Incident:
    story = incident(
        "calico-node-crashes-where-the-proxy-crashes",
        CAUSE,
        "Only on this worker calico-node cannot get past its datastore check: 172.20.0.1:2040 refuses; the list shows the worker's master proxy in CrashLoopBackOff.",
        "https://github.com/IBM-Cloud/kube-samples/tree/master/calico-policies",
        now,
        platform="classic",
        calico="v3.26.4",
        kubernetes="v1.28.15+IKS",
        namespace="kube-system",
        difficulty="medium",
    )
    nodes = story.workers([f"10.74.201.{n}" for n in (4, 9, 17, 30, 44, 51, 52)])
    bad = nodes[4]
    for node in nodes:
        proxy(
            story,
            node,
            **(
                {"ready": False, "restarts": 57, "waiting": "CrashLoopBackOff", "last": ("Error", 1, 140)}
                if node == bad
                else {}
            ),
        )
    story.agents([n for n in nodes if n != bad])
    name = story.agents([bad], ready=False, restarts=31, started=50, last=("Error", 137, 62))[0]
    story.probe(name, NOT_LIVE, 66, 5000, 180, "Liveness")
    story.probe(name, SOCKET, 12, 5050, 300)
    for i, reason in enumerate(("NodeNotReady", "NodeReady", "NodeNotReady", "NodeReady")):
        story.node_event(bad, reason, f"Node {bad} status is now: {reason}", 2600 - 600 * i, type_="Normal")
    for other in (nodes[0], nodes[6]):
        story.recreated(story.pods[other], [bad], 3000, 5)
    lines = story.failing(bad, 50)
    lines += [
        story.say(
            48 - i,
            "INFO",
            9,
            "startup",
            "startup.go 459:",
            'Hit error connecting to datastore - retry error=Get "https://172.20.0.1:2040/api/v1/nodes/foo": dial tcp 172.20.0.1:2040: connect: connection refused',
        )
        for i in range(44)
    ]
    story.log(name, lines)
    story.describe(bad)
    story.affected = [bad]
    story.cite(f"{name}.log", "dial tcp 172.20.0.1:2040: connect: connection refused")
    return story


def no_backend(now: datetime) -> Incident:
    story = incident(
        "haproxy-of-one-roks-worker-has-no-server",
        CAUSE,
        "HAProxy on one worker marks all of its servers DOWN and answers nothing; calico-node there only says that the service address resets it. Eight other workers reach the same master.",
        "https://github.com/ibm-cloud-docs/openshift/blob/e8eca99/cni.md",
        now,
        platform="roks",
        calico="v3.27.5",
        kubernetes="v1.29.14+7cf4c05",
        difficulty="hard",
    )
    nodes = [f"10.177.12.{n}" for n in (3, 5, 8, 13, 21, 34, 55, 60, 61)]
    bad = nodes[6]
    rhel = {
        "os_image": "Red Hat Enterprise Linux 8.10 (Ootpa)",
        "runtime": "cri-o://1.29.12",
        "kernel": "4.18.0-553.44.1.el8_10.x86_64",
    }
    story.workers([n for n in nodes if n != bad], **rhel)
    story.workers([bad], ready=UNKNOWN, since=4200, taints=UNREACHABLE, **rhel)
    for node in nodes:
        own = proxy(story, node, **({"ready": False} if node == bad else {}))
        bad_proxy = own if node == bad else ""
        if bad_proxy:
            log = [
                "[NOTICE]   (1) : haproxy version is 2.8.5\n[NOTICE]   (1) : New worker (8) forked\n[NOTICE]   (1) : Loading success."
            ]
            log += [
                f"[WARNING]  (8) : Server masterendpoint/{x} is DOWN, reason: Layer4 timeout, check duration: 2001ms. {2 - i} active and 0 backup servers left. 0 sessions active, 0 requeued, 0 remaining in queue."
                for i, x in enumerate(("privateService0", "privateService1", "publicService0"))
            ]
            log += ["[ALERT]    (8) : proxy 'masterendpoint' has no server available!"]
            story.log(own, log)
    story.agents([n for n in nodes if n != bad])
    name = story.agents([bad], ready=False, started=330_000)[0]
    story.typha(nodes[0])
    lines = story.quiet(9000, 4300, 400)
    for i in range(11):
        lines += [
            story.line(
                4200 - 370 * i, "INFO", 63, "confd/watchersyncer.go 130:", "Sending status update Status=wait-for-ready"
            ),
            f'E{story.klog(4190 - 370 * i)}      63 reflector.go:147] k8s.io/client-go@v0.28.9/tools/cache/reflector.go:229: Failed to watch *v1.Service: failed to list *v1.Service: Get "https://172.21.0.1:443/api/v1/services?limit=500&resourceVersion=0": EOF',
            story.line(
                4180 - 370 * i,
                "ERROR",
                58,
                "status-reporter/discovery.go 192:",
                'Unable to get Typha service endpoints from Kubernetes. error=Get "https://172.21.0.1:443/api/v1/namespaces/calico-system/endpoints/calico-typha": EOF',
            ),
        ]
    story.log(name, lines)
    story.describe(bad)
    story.affected = [bad]
    story.cite(f"ibm-master-proxy-static-{bad}.log", "proxy 'masterendpoint' has no server available!")
    return story


def first_start_after_reload(now: datetime) -> Incident:
    story = incident(
        "reloaded-worker-its-extension-cannot-see-2040",
        CAUSE,
        "On a reloaded worker both init containers are refused at the local proxy; its proxy pod is 1/2, OOM-killed minutes after each start. The sandbox noise is of pods waiting for the network.",
        "https://github.com/ibm-cloud-docs/openshift/blob/e8eca99/openshift_tech.md",
        now,
        platform="classic",
        calico="v3.26.5",
        kubernetes="v1.28.15+IKS",
        namespace="kube-system",
        difficulty="hard",
    )
    nodes = story.workers([f"10.36.88.{n}" for n in (130, 131, 140, 155)])
    bad = "10.36.88.163"
    story.workers([bad], ready=NO_CNI, since=3000, age=3100, taints=[("node.kubernetes.io/not-ready", "NoSchedule")])
    for node in nodes:
        proxy(story, node)
    own = proxy(story, bad, ready=False, restarts=14, waiting="CrashLoopBackOff", last=("OOMKilled", 137, 70))
    story.agents(nodes)
    init = [
        container(story, "install-cni", f"{story.registry}/cni:{story.calico}", done=True),
        container(
            story,
            "calico-extension",
            "icr.io/ext/calico-extension:1610",
            ready=False,
            restarts=11,
            waiting="CrashLoopBackOff",
            last=("Error", 1, 95),
        ),
    ]
    name = story.agents([bad], init=init, phase="Pending", ready=False, waiting="PodInitializing", age=3050)[0]
    story.pod_event(
        name,
        "BackOff",
        f"Back-off restarting failed container calico-extension in pod {name}_kube-system(e20c)",
        8,
        2800,
        190,
    )
    story.stuck(
        "ibm-storage-watcher-c4d9b7-7m2xk",
        bad,
        "stat /var/lib/calico/nodename: no such file or directory: check that the calico/node container is running and has mounted /var/lib/calico/",
        30,
        2900,
        120,
        "kube-system",
    )
    story.pod_event(
        own,
        "BackOff",
        f"Back-off restarting failed container ibm-master-proxy-static in pod {own}_kube-system(ab31)",
        20,
        2900,
        200,
    )
    at = story.stamp(97)[:19]
    story.log(
        name,
        [
            f"{at} calico-extension: adding private host endpoint of worker {bad}",
            "Failed to apply 'HostEndpoint' resource: [Get \"https://172.20.0.1:2040/apis/crd.projectcalico.org/v1/clusterinformations/default\": dial tcp 172.20.0.1:2040: connect: connection refused]",
            f"{story.stamp(96)[:19]} calico-extension: host endpoint was not made, rc 1",
        ],
        f"{name}-ext.log",
    )
    story.describe(bad)
    story.commands[f"describe-pod-{own}.txt"] = f"describe pod -n kube-system {own}"
    story.affected = [bad]
    story.cite(f"{name}-ext.log", "dial tcp 172.20.0.1:2040: connect: connection refused")
    return story


STORIES = [journal_of_a_silent_worker, restarts_on_classic, no_backend, first_start_after_reload]
