"""admission-webhook-blocking: told without having seen the rules, then opened."""

from __future__ import annotations

from datetime import datetime, timedelta

from cluster import NO_CNI, event
from telling import Incident, incident

CAUSE = "admission-webhook-blocking"
NOT_READY = [("node.kubernetes.io/not-ready", "NoSchedule"), ("node.kubernetes.io/not-ready", "NoExecute")]


def _daemonset(story: Incident, desired: int, current: int) -> None:
    labels = {"k8s-app": "calico-node"}
    story.add(
        "DaemonSet",
        {
            "metadata": {"name": "calico-node", "namespace": story.namespace, "creationTimestamp": story.ago(21_000_000), "uid": "ds-cn", "labels": labels, "generation": 4},
            "spec": {"selector": {"matchLabels": labels}, "updateStrategy": {"type": "RollingUpdate"},
                     "template": {"metadata": {"labels": labels}, "spec": {"nodeSelector": {"kubernetes.io/os": "linux"}, "containers": [{"name": "calico-node", "image": f"{story.registry}/node:{story.calico}"}]}}},
            "status": {"desiredNumberScheduled": desired, "currentNumberScheduled": current, "numberReady": current, "updatedNumberScheduled": current, "numberAvailable": current, "numberUnavailable": desired - current, "numberMisscheduled": 0, "observedGeneration": 4},
        },
    )  # fmt: skip


def _never_had_calico(story: Incident, nodes: list[str]) -> None:
    for item in story.objects["Node"]:
        if item["metadata"]["name"] in nodes:
            item["status"]["conditions"] = item["status"]["conditions"][1:]
            item["metadata"]["annotations"] = {}


def nobody_names_the_hook(now: datetime) -> Incident:
    story = incident(
        "creating-pods-ends-in-a-timeout-that-names-nobody",
        CAUSE,
        "Two rebuilt workers get no calico-node: each creation ends with 'request did not complete within requested timeout'. The event names no webhook; the API server's log does: the storage vendor's mutating webhook hangs for each pod of the cluster.",
        "https://github.com/kubernetes/kubernetes/issues/112765",
        now,
        platform="other",
        calico="v3.24.1",
        kubernetes="v1.25.2",
        registry="docker.io/calico",
        namespace="kube-system",
        difficulty="hard",
    )
    masters = {"px-m1": "10.70.4.11", "px-m2": "10.70.4.12", "px-m3": "10.70.4.13"}
    old = {"px-w1": "10.70.4.21", "px-w2": "10.70.4.22", "px-w3": "10.70.4.23"}
    new = {"px-w4": "10.70.4.24", "px-w5": "10.70.4.25"}
    system = {"os_image": "Rocky Linux 8.6 (Green Obsidian)", "kernel": "4.18.0-372.26.1.el8_6.x86_64", "runtime": "containerd://1.6.8"}  # fmt: skip
    story.hosts(
        masters, labels={"node-role.kubernetes.io/control-plane": ""}, age=19_000_000, since=18_999_000, **system
    )
    story.hosts(old, age=19_000_000, since=9_000_000, **system)
    story.hosts(new, ready=NO_CNI, since=8_900, age=9_000, taints=NOT_READY, **system)
    _never_had_calico(story, list(new))
    story.staff(masters | old, started=2_600_000, age=2_600_050)
    for node in masters:
        story.other(f"kube-apiserver-{node}", node, owner=f"Node/{node}", app="kube-apiserver", image="registry.k8s.io/kube-apiserver:v1.25.2", started=2_590_000)  # fmt: skip
    for n, node in enumerate(old):
        story.other(f"stork-6c9f7d58b4-{'m7k'[n]}x{'q2z'[n]}vd", node, f"192.168.{30 + n}.7", owner="ReplicaSet/stork-6c9f7d58b4", app="stork", image="openstorage/stork:2.11.3", started=2_590_000)  # fmt: skip
        story.other(f"px-cluster-{'hq4'[n]}t8{'lwc'[n]}", node, owner="StorageCluster/px-cluster", app="portworx", image="portworx/oci-monitor:2.11.2", ready=False, started=2_590_000, restarts=n)  # fmt: skip
    _daemonset(story, 8, 6)
    late = "Error creating: Timeout: request did not complete within requested timeout - context deadline exceeded"
    event(story, "DaemonSet", "calico-node", "FailedCreate", late, 46, 8_890, 31, namespace="kube-system", source="daemonset-controller")  # fmt: skip
    event(story, "DaemonSet", "kube-proxy", "FailedCreate", late, 71, 8_890, 30, namespace="kube-system", source="daemonset-controller")  # fmt: skip
    event(story, "ReplicaSet", "web-shop-5f8c76b9d4", "FailedCreate", late, 160, 5_200, 17, namespace="shop", source="replicaset-controller")  # fmt: skip
    event(story, "ReplicaSet", "web-shop-5f8c76b9d4", "SuccessfulCreate", "Created pod: web-shop-5f8c76b9d4-2kx9t", 9_400, type_="Normal", namespace="shop", source="replicaset-controller")  # fmt: skip
    for item in story.objects["Event"]:
        if item["involvedObject"]["name"] == "calico-node":
            item["involvedObject"]["uid"] = "ds-cn"
    for node in new:
        story.node_event(node, "NodeHasSufficientMemory", f"Node {node} status is now: NodeHasSufficientMemory", 9_000, type_="Normal")  # fmt: skip
        story.node_event(node, "RegisteredNode", f"Node {node} event: Registered Node {node} in Controller", 8_995, type_="Normal", source="node-controller")  # fmt: skip
    hook = 'failed calling webhook "webhook.stork.libopenstorage.org": failed to call webhook: Post "https://stork-service.kube-system.svc:443/mutate?timeout=10s": context deadline exceeded'
    api = []
    for n in range(26):
        ago = 1500 - 58 * n
        api.append(f"W{story.klog(ago)}       1 dispatcher.go:172] Failed calling webhook, failing open webhook.stork.libopenstorage.org: {hook}")  # fmt: skip
        api.append(f"E{story.klog(ago)}       1 dispatcher.go:176] {hook}")
        if n % 3 == 1:
            api.append(f'E{story.klog(ago - 24)}       1 timeout.go:141] post-timeout activity - time-elapsed: 3.{n}12ms, POST "/api/v1/namespaces/kube-system/pods" result: <nil>')  # fmt: skip
        if n % 5 == 0:
            api.append(f'I{story.klog(ago - 24)}       1 trace.go:205] Trace[{1208664300 + 77 * n}]: "Create" url:/api/v1/namespaces/kube-system/pods,user-agent:kube-controller-manager/v1.25.2 (linux/amd64) kubernetes/5835544/system:serviceaccount:kube-system:daemon-set-controller,audit-id:5f0c{n:02d}aa,client:10.70.4.12,accept:application/vnd.kubernetes.protobuf, */*,protocol:HTTP/2.0 (34{n:03d}ms):')  # fmt: skip
        if n % 7 == 3:
            api.append(f"I{story.klog(ago - 40)}       1 controller.go:616] quota admission added evaluator for: replicasets.apps")  # fmt: skip
    story.log("kube-apiserver-px-m1", api)
    healthy = story.pods["px-w2"]
    story.log(healthy, [*story.quiet(9_600, 9_050, 110), *story.quiet(8_800, 30, 620)])
    story.commands |= {
        "nodes.txt": "get nodes -o wide",
        "pods-kube-system.txt": "get pods -n kube-system -o wide",
        "describe-ds-calico-node.txt": "describe ds -n kube-system calico-node",
        "describe-node-px-w4.txt": "describe node px-w4",
    }
    story.events()
    story.affected = list(new)
    story.cite("kube-apiserver-px-m1.log", 'failed calling webhook "webhook.stork.libopenstorage.org"')
    story.cite("describe-ds-calico-node.txt", "request did not complete within requested timeout")
    return story


def injector_with_an_old_certificate(now: datetime) -> Incident:
    story = incident(
        "mesh-injector-still-serves-last-years-certificate",
        CAUSE,
        "IKS VPC: the mesh's injector still serves a certificate that ended two days ago, its webhook fails closed and leaves out kube-system but not calico-system. Since then no calico pod is made: the replaced worker has no calico-node, a typha that was evicted stays away. Looks like a TLS fault of the API, is none.",
        "https://github.com/linkerd/linkerd2/issues/5888",
        now,
        platform="vpc",
        calico="v3.28.4",
        kubernetes="v1.30.13+IKS",
        difficulty="medium",
    )
    nodes = story.workers([f"10.241.3.{n}" for n in (6, 7, 9, 12)], age=5_200_000, since=5_199_000)
    bad = story.workers(["10.241.3.21"], ready=NO_CNI, since=10_900, age=11_000, taints=NOT_READY)[0]
    _never_had_calico(story, [bad])
    story.agents(nodes, started=3_400_000, age=3_400_040)
    story.typha(nodes[1], "kq7vd", started=3_400_000)
    for n, node in enumerate(nodes[:2]):
        story.other(f"linkerd-proxy-injector-7b9d5c6f88-{'t4'[n]}x{'zw'[n]}9k", node, f"172.17.{60 + n}.31", "linkerd", "ReplicaSet/linkerd-proxy-injector-7b9d5c6f88", image="cr.l5d.io/linkerd/controller:stable-2.14.10", started=4_900_000, age=4_900_020)  # fmt: skip
    for node in [*nodes, bad]:
        story.other(f"ibm-keepalived-watcher-{node.rsplit('.', 1)[1]}qzx", node, owner="DaemonSet/ibm-keepalived-watcher", image="icr.io/ext/ibm-keepalived-watcher:1.0.9", age=10_950 if node == bad else 3_400_000, started=10_900 if node == bad else 3_399_900)  # fmt: skip
    ended = (now - timedelta(seconds=176_000)).strftime("%Y-%m-%dT%H:%M:%SZ")
    post = 'Error creating: Internal error occurred: failed calling webhook "linkerd-proxy-injector.linkerd.io": failed to call webhook: Post "https://linkerd-proxy-injector.linkerd.svc:443/?timeout=10s": tls: failed to verify certificate: x509: certificate has expired or is not yet valid: current time {} is after ' + ended  # fmt: skip
    for kind, name, ago, first, count in (
        ("DaemonSet", "calico-node", 214, 10_960, 24),
        ("DaemonSet", "csi-node-driver", 230, 10_960, 24),
        ("ReplicaSet", "calico-typha-5c9d8f7b6", 402, 40_300, 61),
    ):
        event(story, kind, name, "FailedCreate", post.format(story.ago(ago)), ago, first, count, source=f"{kind.lower()}-controller")  # fmt: skip
    story.node_event(bad, "Starting", "Starting kubelet.", 11_000, type_="Normal")
    story.node_event(bad, "InvalidDiskCapacity", "invalid capacity 0 on image filesystem", 11_000)
    story.texts["webhooks.txt"] = (
        "$ kubectl get mutatingwebhookconfigurations\n"
        "NAME                                     WEBHOOKS   AGE\n"
        "cert-manager-webhook                     1          201d\n"
        "linkerd-proxy-injector-webhook-config    1          366d\n"
        "$ kubectl get ns --show-labels | egrep 'NAME|system|operator'\n"
        "NAME              STATUS   AGE    LABELS\n"
        "calico-system     Active   311d   kubernetes.io/metadata.name=calico-system,name=calico-system,pod-security.kubernetes.io/enforce=privileged\n"
        "ibm-system        Active   402d   kubernetes.io/metadata.name=ibm-system\n"
        "kube-system       Active   402d   config.linkerd.io/admission-webhooks=disabled,kubernetes.io/metadata.name=kube-system\n"
        "tigera-operator   Active   311d   kubernetes.io/metadata.name=tigera-operator,name=tigera-operator\n"
    )
    story.texts["tigerastatus.txt"] = (
        "NAME        AVAILABLE   PROGRESSING   DEGRADED   SINCE\n"
        "apiserver   True        False         False      44d\n"
        "calico      True        True          False      3h2m\n"
        "ippools     True        False         False      311d\n"
    )
    story.log(story.pods[nodes[0]], [*story.quiet(12_000, 11_100, 300), *story.quiet(10_800, 20, 760)])
    story.commands |= {
        "nodes.txt": "get nodes -o wide",
        "pods.txt": "get pods -A -o wide",
        "events-calico-system.txt": "get events -n calico-system",
        f"describe-node-{bad}.txt": f"describe node {bad}",
    }
    story.events("events-calico-system.txt", "get events -n calico-system")
    story.affected = [bad]
    story.cite("events-calico-system.txt", 'failed calling webhook "linkerd-proxy-injector.linkerd.io"')
    return story


def hooks_of_a_product_that_was_removed(now: datetime) -> Incident:
    story = incident(
        "policy-engine-was-removed-its-webhooks-were-not",
        CAUSE,
        "Kyverno was removed with its namespace, its webhook configurations stayed and fail closed: 'service kyverno-svc not found'. The rolling update of calico-node deleted the first pod and cannot make the new one, so the rollout stands with one node without an agent. Loud are the sessions that the other nodes lost to it; kube-controllers is away for the same reason.",
        "https://github.com/kyverno/kyverno/issues/7576 and https://kyverno.io/docs/installation/uninstallation/",
        now,
        platform="other",
        calico="v3.26.4",
        kubernetes="v1.27.11+rke2r1",
        registry="docker.io/rancher/mirrored-calico",
        difficulty="medium",
    )
    story.registry = "quay.io/calico"
    hosts = {f"wk-{n}.lab.example": f"10.62.8.{20 + n}" for n in range(1, 7)}
    bad = "wk-3.lab.example"
    system = {"os_image": "Rocky Linux 9.3 (Blue Onyx)", "kernel": "5.14.0-362.18.1.el9_3.x86_64", "runtime": "containerd://1.7.11-k3s2"}  # fmt: skip
    story.hosts(hosts, age=14_000_000, since=9_000_000, **system)
    story.staff({k: v for k, v in hosts.items() if k != bad}, started=8_100_000, age=8_100_050)
    story.typha("wk-5.lab.example", "4hq8v", started=8_000_000)
    story.typha("wk-1.lab.example", "tt9xk", started=8_000_000)
    _daemonset(story, 6, 5)
    rolled = story.objects["DaemonSet"][-1]
    rolled["spec"]["template"]["spec"]["containers"][0]["image"] = "quay.io/calico/node:v3.27.3"
    rolled["status"]["updatedNumberScheduled"] = 0
    failed = 'Error creating: Internal error occurred: failed calling webhook "mutate.kyverno.svc-fail": failed to call webhook: Post "https://kyverno-svc.kyverno.svc:443/mutate/fail?timeout=10s": service "kyverno-svc" not found'  # fmt: skip
    gone = "calico-node-c7wtp"
    for name, reason, message, ago, kind in (
        ("calico-node", "SuccessfulDelete", f"Deleted pod: {gone}", 4_280, "Normal"),
        ("calico-node", "FailedCreate", failed, 170, "Warning"),
    ):
        event(story, "DaemonSet", name, reason, message, ago, 4_279, 1 if kind == "Normal" else 22, type_=kind, source="daemonset-controller")  # fmt: skip
    event(story, "ReplicaSet", "calico-kube-controllers-6c9f7d5b84", "FailedCreate", failed, 212, 4_100, 20, source="replicaset-controller")  # fmt: skip
    for item in story.objects["Event"]:
        if item["involvedObject"]["kind"] == "DaemonSet":
            item["involvedObject"]["uid"] = "ds-cn"
    story.pod_event(gone, "Killing", "Stopping container calico-node", 4_280, type_="Normal")
    for n, node in enumerate(("wk-1.lab.example", "wk-4.lab.example")):
        story.other(f"rke2-ingress-nginx-controller-{'kx'[n]}5w{'bd'[n]}q", node, owner="DaemonSet/rke2-ingress-nginx-controller", app="rke2-ingress-nginx-controller", image="rancher/nginx-ingress-controller:v1.9.3-hardened1")  # fmt: skip
    other = "wk-4.lab.example"
    lines = [*story.quiet(21_000, 4_700, 1_900)]
    peer = "Mesh_" + hosts[bad].replace(".", "_")
    lines += [
        f"bird: {peer}: Received: Administrative shutdown",
        f"bird: {peer}: State changed to stop",
        f"bird: {peer}: State changed to down",
        f"bird: {peer}: Starting",
        f"bird: {peer}: State changed to start",
    ]
    lines += story.quiet(4_100, 60, 800)
    story.log(story.pods[other], lines)
    operator = []
    for n in range(6):
        ago = 4_200 - 790 * n
        operator.append(f'{{"level":"info","ts":"{story.ago(ago)}","logger":"status_manager.calico","msg":"Status manager is not ready to report component statuses."}}' if n == 0 else f'{{"level":"info","ts":"{story.ago(ago)}","logger":"KubeAPIWarningLogger","msg":"unknown field \\"spec.template.metadata.annotations.tigera\\""}}')  # fmt: skip
        operator.append(f'{{"level":"error","ts":"{story.ago(ago - 31)}","logger":"controller_installation","msg":"Waiting for DaemonSet calico-system/calico-node rollout","Request.Namespace":"","Request.Name":"periodic-5m0s-reconcile-event","reason":"ResourceNotReady"}}')  # fmt: skip
    story.log("tigera-operator-5f4668786-jr2dv", operator)
    story.texts["tigerastatus.txt"] = (
        "NAME        AVAILABLE   PROGRESSING   DEGRADED   SINCE\napiserver   True        False         False      93d\ncalico      False       True          False      71m\n"
    )
    story.texts["what-we-did.txt"] = (
        "- Monday: removed the policy engine (`kubectl delete ns kyverno`), we will not use it any more\n"
        "- today: tigera-operator chart v3.26.4 -> v3.27.3, the rollout of calico-node hangs at the first node (wk-3)\n"
        "- pods on wk-3 cannot be reached from the other nodes since then, BGP to 10.62.8.23 is down everywhere\n"
    )
    story.commands |= {
        "nodes.txt": "get nodes -o wide",
        "pods-calico-system.txt": "get pods -n calico-system -o wide",
        "describe-ds-calico-node.txt": "describe ds -n calico-system calico-node",
        f"describe-node-{bad}.txt": f"describe node {bad}",
    }
    story.events("events-calico-system.txt", "get events -n calico-system")
    story.affected = [bad]
    story.cite("describe-ds-calico-node.txt", 'service "kyverno-svc" not found')
    return story


STORIES = [nobody_names_the_hook, injector_with_an_old_certificate, hooks_of_a_product_that_was_removed]
