"""pod-scheduling-blocked: told without having seen the rules, then opened."""

from __future__ import annotations

from datetime import datetime

from cluster import NO_CNI, container, event, pod
from telling import FELIX_REFUSED, Incident, incident

CAUSE = "pod-scheduling-blocked"


def typha_wants_a_pool_that_is_gone(now: datetime) -> Incident:
    story = incident(
        "typha-is-bound-to-a-pool-that-was-replaced",
        CAUSE,
        "The Installation binds typha by a required node affinity to the nodes of pool=infra. That pool was replaced by infra2 last night: all typha pods are Pending (no node matches), there is no fallback. Each calico-node that restarts since finds no typha and loops; those not restarted still run without updates. Felix is loud, the scheduler's event is the cause.",
        "https://github.com/tigera/operator/pull/1732",
        now,
        platform="other",
        calico="v3.27.3",
        kubernetes="v1.28.9-gke.1289000",
        registry="docker.io/calico",
        difficulty="medium",
        acceptable=["typha-unavailable"],
    )
    system = {"os_image": "Container-Optimized OS from Google", "kernel": "6.1.85+", "runtime": "containerd://1.7.15"}
    hosts = {f"gke-prod-{pool}-{x}": (f"10.156.0.{n}", pool, age) for pool, x, n, age in (
        ("work-5c1d9f2e", "6hq2", 17, 9_000_000), ("work-5c1d9f2e", "b0xk", 18, 9_000_000), ("work-5c1d9f2e", "kk8s", 21, 9_000_000), ("work-5c1d9f2e", "w7dz", 22, 9_000_000),
        ("infra2-90ab3d44", "1jzm", 40, 31_000), ("infra2-90ab3d44", "qv5t", 41, 30_900), ("infra2-90ab3d44", "zr9c", 42, 30_800),
    )}  # fmt: skip
    for node, (ip, pool, age) in hosts.items():
        story.hosts({node: ip}, labels={"pool": pool.split("-", maxsplit=1)[0], "cloud.google.com/gke-nodepool": pool.split("-", maxsplit=1)[0]}, age=age, since=age - 60, ready=NO_CNI if age < 40_000 else ("True", "KubeletReady", "kubelet is posting ready status"), calico_up=age > 40_000, **system)  # fmt: skip
    typhas = []
    text = "0/7 nodes are available: 7 node(s) didn't match Pod's node affinity/selector. preemption: 0/7 nodes are available: 7 Preemption is not helpful for scheduling."
    for i, suffix in enumerate(("7rjwc", "d5tqx", "kz2vn")):
        typhas.append(story.typha("", suffix, ready=False))
        story.objects["Pod"][-1]["metadata"]["creationTimestamp"] = story.ago(29_400 - 180 * i)
        story.pod_event(typhas[-1], "FailedScheduling", text, 95, 29_400 - 180 * i, 101, source="default-scheduler")
    bad = [n for n, (_, _, age) in hosts.items() if age < 40_000] + ["gke-prod-work-5c1d9f2e-kk8s"]
    for i, (node, (ip, _, age)) in enumerate(hosts.items()):
        if node in bad:
            name = story.staff({node: ip}, ready=False, restarts=212 if age < 40_000 else 61, waiting="CrashLoopBackOff", last=("Error", 137, 70 + 31 * i), age=min(age - 50, 8_900_000))[0]  # fmt: skip
            story.probe(name, FELIX_REFUSED, 72 + 31 * i, min(age, 9_400) - 80, 322)
            story.pod_event(name, "BackOff", f"Back-off restarting failed container calico-node in pod {name}_calico-system(2e0b)", 10 + i, min(age, 9_400) - 100, 1_204)  # fmt: skip
        else:
            story.staff({node: ip}, started=5_000_000, age=8_900_000)
    me = bad[-1]
    name = story.pods[me]
    story.node_event(
        me, "Rebooted", f"Node {me} has been rebooted, boot id: 5b0c0f6a-1a57-4f0e-8be7-aa11a3f1c9d0", 9_380
    )
    log = story.boot(me, 252, bird=False, prefix=32)[:-1]
    for n in range(20):
        log += [
            story.say(249 - n, "INFO", 62, "felix", "discovery.go 173:", "Creating Kubernetes client for Typha discovery") if not n else story.say(249 - n, "INFO", 62, "felix", "discovery.go 181:", "Looking for Typha endpoints."),
            story.say(248.9 - n, "ERROR", 62, "felix", "daemon.go 1230:", "Didn't find any ready Typha instances."),
        ]  # fmt: skip
    log.append(story.say(228.7, "FATAL", 62, "felix", "daemon.go 330:", "Typha discovery enabled but discovery failed. error=Kubernetes service missing IP or port"))  # fmt: skip
    story.log(name, log)
    story.texts["installation.txt"] = (
        "$ kubectl get installation default -o yaml | sed -n '/^spec/,/^status/p'\nspec:\n  calicoNetwork:\n    bgp: Disabled\n    linuxDataplane: Iptables\n  cni:\n    ipam:\n      type: HostLocal\n    type: Calico\n  controlPlaneReplicas: 2\n  kubernetesProvider: GKE\n"
        "  typhaAffinity:\n    nodeAffinity:\n      requiredDuringSchedulingIgnoredDuringExecution:\n        nodeSelectorTerms:\n        - matchExpressions:\n          - key: pool\n            operator: In\n            values:\n            - infra\n  variant: Calico\nstatus:\n"
        "$ kubectl get deploy -n calico-system calico-typha\nNAME           READY   UP-TO-DATE   AVAILABLE   AGE\ncalico-typha   0/3     3            0           103d\n"
    )
    story.describe(me)
    story.commands["describe-typha.txt"] = f"describe pod -n calico-system {typhas[0]}"
    story.affected = bad
    story.cite("describe-typha.txt", "didn't match Pod's node affinity/selector")
    return story


def reservation_was_raised(now: datetime) -> Incident:
    story = incident(
        "raised-reservation-leaves-no-room-for-the-agent",
        CAUSE,
        "kubeReserved was raised on the small edge hosts, and the old hand-kept daemonset has no priority class. After the reboot of one host its kubelet took the older pods of the shop first and turned calico-node away (OutOfcpu); the pod that the daemonset made in its place is Pending since, Insufficient cpu. The host has no agent, so no network for the pods that fill it; the five others were not rebooted yet.",
        "https://github.com/kubernetes/kubernetes/issues/106884",
        now,
        platform="other",
        calico="v3.25.1",
        kubernetes="v1.25.12",
        namespace="kube-system",
        registry="docker.io/calico",
        difficulty="medium",
    )
    system = {"os_image": "Ubuntu 22.04.3 LTS", "kernel": "5.15.0-91-generic", "runtime": "containerd://1.7.3"}
    hosts = {f"edge-muc-{n}": f"10.48.30.{n}" for n in (11, 12, 13, 14, 15, 16)}
    bad = "edge-muc-14"
    story.hosts({k: v for k, v in hosts.items() if k != bad}, age=20_000_000, **system)
    story.hosts({bad: hosts[bad]}, age=20_000_000, ready=NO_CNI, since=4_140, calico_up=False, taints=[("node.kubernetes.io/not-ready", "NoSchedule")], **system)  # fmt: skip
    for item in story.objects["Node"]:
        item["status"]["capacity"]["cpu"] = "2"
        item["status"]["allocatable"]["cpu"] = "1200m" if item["metadata"]["name"] == bad else "1900m"
    story.staff({k: v for k, v in hosts.items() if k != bad}, started=6_000_000, age=6_000_040, spec={"resources": {"requests": {"cpu": "250m"}}})  # fmt: skip
    for item in story.objects["Pod"]:
        item["spec"]["priority"] = 0
    spec = {"resources": {"requests": {"cpu": "250m"}}}
    name = "calico-node-x2vnj"
    agent = container(story, "calico-node", "docker.io/calico/node:v3.25.1", ready=False, spec=spec)
    inits = [container(story, x, "docker.io/calico/cni:v3.25.1", ready=False) for x in ("upgrade-ipam", "install-cni")]
    made = pod(story, name, "", [agent], inits, "kube-system", phase="Pending", age=4_135)
    made["spec"]["priority"] = 0
    made["status"] = {
        "phase": "Pending",
        "conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}],
    }
    no_room = "0/6 nodes are available: 1 Insufficient cpu, 5 node(s) didn't match Pod's node affinity/selector. preemption: 0/6 nodes are available: 1 No preemption victims found for incoming pod, 5 Preemption is not helpful for scheduling."
    story.pod_event(name, "FailedScheduling", no_room, 210, 4_134, 15, source="default-scheduler")
    old = "calico-node-4wkzx"
    story.pod_event(old, "OutOfcpu", "Node didn't have enough resource: cpu, requested: 250, used: 1100, capacity: 1200", 4_144)  # fmt: skip
    event(story, "DaemonSet", "calico-node", "FailedDaemonPod", f"Found failed daemon pod kube-system/{old} on node {bad}, will try to kill it", 4_137, namespace="kube-system", source="daemonset-controller")  # fmt: skip
    event(story, "DaemonSet", "calico-node", "SuccessfulCreate", f"Created pod: {name}", 4_135, type_="Normal", namespace="kube-system", source="daemonset-controller")  # fmt: skip
    for i, (app, cpu) in enumerate(
        (
            ("pos-gateway-6c9f7b5d48-2dxvk", "500m"),
            ("loyalty-cache-0", "300m"),
            ("video-analytics-9d8c7b6f5-p4tzq", "300m"),
        )
    ):
        story.other(app, bad, "none", "store", f"ReplicaSet/{app.rsplit('-', 1)[0]}" if i != 1 else "StatefulSet/loyalty-cache", ready=False, phase="Pending", age=6_900_000, waiting="ContainerCreating", spec={"resources": {"requests": {"cpu": cpu}}})  # fmt: skip
        story.objects["Pod"][-1]["status"] |= {"podIP": "", "podIPs": []}
        story.pod_event(app, "NetworkNotReady", "network is not ready: container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized", 5 + i, 4_120, 2_050, namespace="store")  # fmt: skip
    story.node_event(
        bad, "Rebooted", f"Node {bad} has been rebooted, boot id: 0b7d1a52-c0de-4a5e-93f1-7b2f4f4d9e10", 4_150
    )
    story.node_event(
        bad, "NodeAllocatableEnforced", "Updated Node Allocatable limit across pods", 4_148, type_="Normal"
    )
    story.node_event(bad, "Starting", "Starting kubelet.", 4_152, type_="Normal")
    ok = story.pods["edge-muc-11"]
    story.not_established(ok, [hosts[bad]], 4_120, 4_190, 3, established=4)
    tag = f"bird: Mesh_{hosts[bad].replace('.', '_')}: "
    story.log(ok, [*story.quiet(6_000, 4_300, 300), tag + "Received: Administrative shutdown", tag + "State changed to stop", tag + "State changed to down", tag + "Starting", tag + "State changed to start", *story.quiet(4_100, 15, 300)])  # fmt: skip
    story.commands[f"describe-pod-{name}.txt"] = f"describe pod -n kube-system {name}"
    story.commands[f"describe-pod-{ok}.txt"] = f"describe pod -n kube-system {ok}"
    story.commands[f"describe-node-{bad}.txt"] = f"describe node {bad}"
    story.commands["nodes.txt"] = "get nodes -o wide"
    story.commands["pods.txt"] = "get pods -A -o wide"
    story.events()
    story.affected = [bad]
    story.cite(f"describe-pod-{name}.txt", "1 Insufficient cpu")
    return story


def selector_asks_for_the_newer_label(now: datetime) -> Incident:
    story = incident(
        "node-selector-of-a-newer-manifest-matches-no-host",
        CAUSE,
        "Kubernetes 1.13 with Calico from its manifest: v3.12's manifest was applied over v3.8's, and its node selector asks for kubernetes.io/os, a label that kubelets give only from 1.14 on; these hosts have beta.kubernetes.io/os. The daemonset wants 0 pods since, all calico-node pods were deleted, kube-controllers is Pending (didn't match node selector) and new pods fail. It looks as if somebody had deleted Calico.",
        "https://kubernetes.io/docs/reference/labels-annotations-taints/#beta-kubernetes-io-os-deprecated and https://github.com/kubernetes/kubernetes/pull/73220",
        now,
        platform="other",
        calico="v3.12.1",
        kubernetes="v1.13.12",
        namespace="kube-system",
        registry="calico",
        difficulty="hard",
    )
    system = {
        "os_image": "CentOS Linux 7 (Core)",
        "kernel": "3.10.0-1062.18.1.el7.x86_64",
        "runtime": "docker://18.6.3",
    }
    hosts = {
        "dc1-master": "10.21.9.10",
        "dc1-node1": "10.21.9.11",
        "dc1-node2": "10.21.9.12",
        "dc1-node3": "10.21.9.13",
    }
    story.hosts(hosts, age=52_000_000, since=40_000_000, calico_up=True, **system)
    for item in story.objects["Node"]:
        name = item["metadata"]["name"]
        item["metadata"]["labels"] = {
            "beta.kubernetes.io/arch": "amd64",
            "beta.kubernetes.io/os": "linux",
            "kubernetes.io/hostname": name,
        }
        if name == "dc1-master":
            item["metadata"]["labels"]["node-role.kubernetes.io/master"] = ""
            item["spec"]["taints"] = [{"key": "node-role.kubernetes.io/master", "effect": "NoSchedule"}]
    since = 4_300
    for n, host in enumerate(hosts):
        story.other(
            f"kube-proxy-{('bq5mx', 'h7tzd', 'p2wkl', 'zv9cn')[n]}",
            host,
            image="k8s.gcr.io/kube-proxy:v1.13.12",
            app="kube-proxy",
            age=20_000_000,
            started=19_000_000,
        )
    story.other(
        "coredns-86c58d9df4-7kqzm",
        "dc1-node1",
        "10.200.3.14",
        owner="ReplicaSet/coredns-86c58d9df4",
        app="coredns",
        age=19_000_000,
        started=18_900_000,
    )
    pending = "calico-kube-controllers-5b644bc49c-xg7tq"
    story.other(
        pending,
        "",
        "none",
        owner="ReplicaSet/calico-kube-controllers-5b644bc49c",
        app="calico-kube-controllers",
        image="calico/kube-controllers:v3.12.1",
        ready=False,
        phase="Pending",
        age=since - 5,
    )
    made = story.objects["Pod"][-1]
    made["status"] |= {"containerStatuses": [], "podIPs": []}
    del made["status"]["podIP"], made["status"]["hostIP"], made["status"]["startTime"]
    story.pod_event(
        pending,
        "FailedScheduling",
        "0/4 nodes are available: 4 node(s) didn't match node selector.",
        18,
        since - 6,
        104,
        source="default-scheduler",
    )
    for n, suffix in enumerate(("4xwlc", "9dktm", "lqz8v", "s2hpb")):
        event(
            story,
            "DaemonSet",
            "calico-node",
            "SuccessfulDelete",
            f"Deleted pod: calico-node-{suffix}",
            since - 2 - n,
            type_="Normal",
            namespace="kube-system",
            source="daemonset-controller",
        )
    story.stuck(
        "erp-sync-5d8fbb6c4-qp9rk",
        "dc1-node2",
        "stat /var/lib/calico/nodename: no such file or directory: check that the calico/node container is running and has mounted /var/lib/calico/",
        40,
        3_100,
        61,
        form="docker",
    )
    story.texts["daemonset.txt"] = """$ kubectl -n kube-system get ds
NAME          DESIRED   CURRENT   READY   UP-TO-DATE   AVAILABLE   NODE SELECTOR            AGE
calico-node   0         0         0       0            0           kubernetes.io/os=linux   601d
kube-proxy    4         4         4       4            4           <none>                   601d
$ kubectl -n kube-system describe ds calico-node | head -12
Name:           calico-node
Selector:       k8s-app=calico-node
Node-Selector:  kubernetes.io/os=linux
Labels:         k8s-app=calico-node
Annotations:    deprecated.daemonset.template.generation: 4
Desired Number of Nodes Scheduled: 0
Current Number of Nodes Scheduled: 0
Number of Nodes Scheduled with Up-to-date Pods: 0
Number of Nodes Scheduled with Available Pods: 0
Number of Nodes Misscheduled: 0
Pods Status:  0 Running / 0 Waiting / 0 Succeeded / 0 Failed
"""
    story.commands = {
        "nodes.txt": "get nodes -o wide --show-labels",
        "pods.txt": "get pods -A -o wide",
        "events.txt": "get events -A",
        "describe-kube-controllers.txt": f"describe pod -n kube-system {pending}",
        "describe-node-dc1-node2.txt": "describe node dc1-node2",
        "describe-erp-sync.txt": "describe pod erp-sync-5d8fbb6c4-qp9rk",
    }
    story.events()
    story.affected = list(hosts)
    story.cite(
        "daemonset.txt", "calico-node   0         0         0       0            0           kubernetes.io/os=linux"
    )
    story.cite("describe-kube-controllers.txt", "didn't match node selector")
    return story


STORIES = [typha_wants_a_pool_that_is_gone, reservation_was_raised, selector_asks_for_the_newer_label]
