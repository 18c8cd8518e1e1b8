"""daemonset-missing: the calico-node daemonset was deleted."""

from __future__ import annotations

from datetime import datetime

from cluster import NO_CNI
from telling import Incident, incident

CAUSE = "daemonset-missing"


def _set(
    story: Incident,
    name: str,
    namespace: str,
    wanted: int,
    ready: int | None = None,
    image: str = "registry.example.com/x:1",
) -> None:
    count = wanted if ready is None else ready
    story.add("DaemonSet", {
        "metadata": {"name": name, "namespace": namespace, "creationTimestamp": story.ago(20_000_000), "uid": name, "labels": {"k8s-app": name}},
        "spec": {"selector": {"matchLabels": {"k8s-app": name}}, "template": {"metadata": {"labels": {"k8s-app": name}},
                 "spec": {"containers": [{"name": name, "image": image}], "nodeSelector": {"kubernetes.io/os": "linux"}}}},
        "status": {"desiredNumberScheduled": wanted, "currentNumberScheduled": wanted, "numberReady": count,
                   "updatedNumberScheduled": wanted, "numberAvailable": count, "numberMisscheduled": 0},
    })  # fmt: skip


def iks(now: datetime) -> Incident:
    story = incident(
        "others-daemonsets-are-there", CAUSE,
        "The daemonset list holds every other daemonset but not calico-node, and no calico-node pod exists; typha and kube-controllers still run.",
        "https://github.com/projectcalico/calico/issues/2331", now, platform="vpc", calico="v3.28.2",
    )  # fmt: skip
    nodes = story.workers([f"10.240.77.{n}" for n in (4, 5, 9)], calico_up=False, since=7000)
    for name in ("ibm-keepalived-watcher", "ibmcloud-block-storage-driver", "konnectivity-agent"):
        _set(story, name, "kube-system", 3)
        for node in nodes:
            story.other(f"{name}-{node.split('.')[-1]}h7", node, app=name)
    story.typha(nodes[0])
    web = story.other(
        "shop-5d8f7b-tt9xw",
        nodes[1],
        "172.17.3.2",
        namespace="prod",
        owner="ReplicaSet/shop-5d8f7b",
        ready=False,
        waiting="ContainerCreating",
        phase="Pending",
        age=6000,
    )
    story.pod_event(
        web,
        "FailedCreatePodSandBox",
        'Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup network for sandbox "4be8": plugin type="calico" failed (add): stat /var/lib/calico/nodename: no such file or directory: check that the calico/node container is running and has mounted /var/lib/calico/',
        8,
        5990,
        440,
        namespace="prod",
    )
    story.commands = {
        "nodes.txt": "get nodes -o wide",
        "pods.txt": "get pods -A -o wide",
        "ds.txt": "get ds -A",
        f"describe-{web}.txt": f"describe pod -n prod {web}",
    }
    story.affected = nodes
    story.cite("ds.txt", "ibm-keepalived-watcher")
    return story


def events(now: datetime) -> Incident:
    story = incident(
        "gitops-pruned-it", CAUSE,
        "describe of the daemonset answers NotFound and the calico-system pods are all gone; nodes turn NotReady with cni plugin not initialized afterwards.",
        "https://github.com/tigera/operator/issues/2807", now, platform="other", calico="v3.27.0", kubernetes="v1.28.6", registry="docker.io/calico", difficulty="medium",
    )  # fmt: skip
    hosts = {f"talos-{x}": f"10.5.0.{i}" for i, x in enumerate("abcd", 11)}
    names = story.hosts({k: hosts[k] for k in ("talos-a", "talos-b", "talos-d")}, calico_up=False)
    story.hosts({"talos-c": hosts["talos-c"]}, ready=NO_CNI, since=600, calico_up=False, age=4000)
    _set(story, "kube-proxy", "kube-system", 4)
    for node in hosts:
        story.other(f"kube-proxy-{node[-1]}8vkq", node)
    story.other(
        "tigera-operator-7f8cd97876-kx2mr",
        names[0],
        namespace="tigera-operator",
        owner="ReplicaSet/tigera-operator-7f8cd97876",
        restarts=6,
        last=("Error", 1, 4000),
    )
    story.node_event(
        "talos-c",
        "NodeNotReady",
        "Node talos-c status is now: NodeNotReady",
        600,
        type_="Normal",
        source="node-controller",
    )
    story.commands = {
        "pods.txt": "get pods -A -o wide",
        "nodes.txt": "get nodes -o wide",
        "ds.txt": "get ds -A -o wide",
        "describe-talos-c.txt": "describe node talos-c",
    }
    story.texts["describe_ds_calico-node.txt"] = (
        '$ kubectl -n calico-system describe ds calico-node\nError from server (NotFound): daemonsets.apps "calico-node" not found\n'
    )
    story.texts["operator.log"] = "".join(
        f'{{"level":"info","ts":"{story.ago(3600 - n * 300)}","logger":"KubeAPIWarningLogger","msg":"unknown field \\"spec.calicoNetwork.linuxPolicySetupTimeoutSeconds\\""}}\n'
        for n in range(9)
    )
    story.affected = list(hosts)
    story.cite("describe_ds_calico-node.txt", 'daemonsets.apps "calico-node" not found')
    return story


def deleted_events(now: datetime) -> Incident:
    story = incident(
        "pods-were-deleted-everywhere-at-once", CAUSE,
        "Events show SuccessfulDelete of every calico-node within a second; the list of daemonsets lacks it and the last log ends with a shutdown.",
        "https://github.com/projectcalico/calico/issues/7816", now, platform="other", namespace="kube-system", calico="v3.19.4", kubernetes="v1.20.15", registry="quay.io/calico", difficulty="medium",
    )  # fmt: skip
    hosts = {f"ks-{n}": f"172.31.60.{n}" for n in (21, 22, 23, 24, 25)}
    nodes = story.hosts(hosts, calico_up=False, since=300)
    _set(story, "kube-proxy", "kube-system", 5)
    _set(story, "nodelocaldns", "kube-system", 5)
    for node in nodes:
        story.other(f"kube-proxy-{node[-2:]}zzr", node)
        story.other(f"nodelocaldns-{node[-2:]}c7d", node)
    story.other(
        "calico-kube-controllers-8575b76f66-2lq7p",
        "ks-22",
        "10.233.91.3",
        owner="ReplicaSet/calico-kube-controllers-8575b76f66",
        ready=False,
        restarts=3,
        started=100,
        last=("Error", 1, 120),
    )
    story.commands = {
        "nodes.txt": "get nodes",
        "pods.txt": "get pods -n kube-system -o wide",
        "ds.txt": "get ds -n kube-system",
        "describe-ks-21.txt": "describe node ks-21",
    }
    story.texts["events.txt"] = (
        "LAST SEEN   TYPE      REASON             OBJECT                            MESSAGE\n"
        + "".join(
            f"5m          Normal    SuccessfulDelete   daemonset/calico-node             Deleted pod: calico-node-{x}\n5m          Normal    Killing            pod/calico-node-{x}             Stopping container calico-node\n"
            for x in ("4kqzw", "8d2vn", "hs7wl", "p5lcm", "zk4xd")
        )
        + "2m          Warning   Unhealthy          pod/calico-kube-controllers-8575b76f66-2lq7p   Readiness probe failed: Failed to read status file status.json: open status.json: no such file or directory\n"
    )
    story.log(
        "last",
        story.boot("ks-21", 80_000, [hosts[n] for n in nodes[1:]])
        + story.quiet(900, 320)
        + [
            story.say(310, "INFO", 61, "felix", "daemon.go 1110:", "Received OS signal terminated; shutting down"),
            "bird: Shutdown requested",
            "bird: Shutdown completed",
        ],
        "calico-node-4kqzw-last.log",
    )
    story.affected = nodes
    story.cite("events.txt", "Deleted pod: calico-node-4kqzw")
    return story


def roks(now: datetime) -> Incident:
    story = incident(
        "typha-alone-and-no-client", CAUSE,
        "oc get ds of calico-system shows only csi-node-driver; no worker has a calico-node, while typha is ready without connections.",
        "https://github.com/projectcalico/calico/issues/7112", now, platform="roks", calico="v3.26.4", kubernetes="v1.28.14+502c5ad", difficulty="medium",
    )  # fmt: skip
    nodes = story.workers(
        [f"10.38.7.{n}" for n in (71, 72, 73, 74)], calico_up=False, since=3000, runtime="cri-o://1.28.11"
    )
    _set(story, "csi-node-driver", "calico-system", 4, 0)
    for i, node in enumerate(nodes):
        csi = story.other(
            f"csi-node-driver-{i}x5tp",
            node,
            f"172.30.{i}.9",
            namespace="calico-system",
            ready=False,
            waiting="ContainerCreating",
            phase="Pending",
            age=2800,
        )
        story.pod_event(
            csi,
            "FailedCreatePodSandBox",
            f'Failed to create pod sandbox: rpc error: code = Unknown desc = failed to create pod network sandbox k8s_{csi}: error adding pod to CNI network "k8s-pod-network": plugin type="calico" failed (add): error getting ClusterInformation: connection is unauthorized: Unauthorized',
            20,
            2700,
            190,
        )
    typhas = [story.typha(n, x) for n, x in zip(nodes[:2], ("4kd8s", "w7cwq"), strict=True)]
    story.commands = {
        "oc_get_nodes.txt": "get nodes",
        "oc_get_pods.txt": "get pods -n calico-system -o wide",
        "oc_get_ds.txt": "get ds -n calico-system",
        "describe-csi.txt": "describe pod -n calico-system csi-node-driver-0x5tp",
    }
    story.log(
        typhas[0],
        [
            story.line(2900 - 60 * n, "INFO", 7, "sync_server.go 417:", "Server status: connections=0")
            if n % 3
            else story.line(2900 - 60 * n, "INFO", 7, "k8s.go 97:", "Kubernetes poll completed")
            for n in range(45)
        ],
    )
    story.affected = nodes
    story.cite("oc_get_ds.txt", "csi-node-driver")
    return story


STORIES = [iks, events, deleted_events, roks]
