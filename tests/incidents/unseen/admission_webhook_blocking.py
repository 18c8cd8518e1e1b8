"""admission-webhook-blocking: the first two told without having seen the rules, the others by the rules' author from public threads."""

from __future__ import annotations

from datetime import datetime

from cluster import NO_CNI, event
from telling import Incident, incident

CAUSE = "admission-webhook-blocking"


def no_address(story: Incident) -> None:
    """The pod told last has no address yet."""
    status = story.objects["Pod"][-1]["status"]
    status |= {"podIPs": []}
    del status["podIP"]


def everything_was_scaled_to_zero_overnight(now: datetime) -> Incident:
    story = incident(
        "pool-back-from-zero-policy-engine-first",
        CAUSE,
        "All workers were scaled to zero overnight; in the morning the daemonset controller cannot create calico-node because the policy engine's fail-closed webhook has no endpoints, its own pods wait for a network.",
        "https://github.com/kyverno/kyverno/issues/11122",
        now,
        platform="vpc",
        calico="v3.27.3",
        kubernetes="v1.30.4+IKS",
        difficulty="easy",
    )
    nodes = [f"10.240.64.{n}" for n in (17, 18, 22)]
    story.workers(
        nodes,
        ready=NO_CNI,
        since=4900,
        age=5000,
        calico_up=False,
        taints=(
            ("node.kubernetes.io/not-ready", "NoSchedule"),
            ("node.kubernetes.io/network-unavailable", "NoSchedule"),
        ),
    )
    story.add(
        "DaemonSet",
        {
            "metadata": {
                "name": "calico-node",
                "namespace": "calico-system",
                "creationTimestamp": story.ago(9_000_000),
                "uid": "ds-1",
                "labels": {"k8s-app": "calico-node"},
            },
            "spec": {
                "selector": {"matchLabels": {"k8s-app": "calico-node"}},
                "template": {
                    "metadata": {"labels": {"k8s-app": "calico-node"}},
                    "spec": {
                        "containers": [{"name": "calico-node", "image": "icr.io/ext/calico/node:v3.27.3"}],
                        "nodeSelector": {"kubernetes.io/os": "linux"},
                    },
                },
            },
            "status": {
                "desiredNumberScheduled": 3,
                "currentNumberScheduled": 0,
                "numberReady": 0,
                "updatedNumberScheduled": 0,
                "numberAvailable": 0,
                "numberMisscheduled": 0,
            },
        },
    )
    event(
        story,
        "DaemonSet",
        "calico-node",
        "FailedCreate",
        'Error creating: Internal error occurred: failed calling webhook "validate.kyverno.svc-fail": failed to call webhook: Post "https://kyverno-svc.kyverno.svc:443/validate/fail?timeout=10s": no endpoints available for service "kyverno-svc"',
        210,
        4980,
        21,
        source="daemonset-controller",
    )
    story.objects["Event"][-1]["involvedObject"]["uid"] = "ds-1"
    for i, suffix in enumerate(("qv4ld", "m8zts")):
        name = story.other(
            f"kyverno-admission-controller-6d5c9b7f8-{suffix}",
            "",
            "none",
            "kyverno",
            "ReplicaSet/kyverno-admission-controller-6d5c9b7f8",
            image="ghcr.io/kyverno/kyverno:v1.12.5",
            ready=False,
            phase="Pending",
            age=5100,
        )
        story.objects["Pod"][-1]["status"] |= {"containerStatuses": []}
        no_address(story)
        event(
            story,
            "Pod",
            name,
            "FailedScheduling",
            "0/3 nodes are available: 3 node(s) had untolerated taint {node.kubernetes.io/not-ready: }. preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.",
            30 + i,
            4950,
            17,
            namespace="kyverno",
            source="default-scheduler",
        )
    for n, node in enumerate(nodes):
        story.node_event(node, "Starting", "Starting kubelet.", 5000, type_="Normal")
        story.node_event(node, "InvalidDiskCapacity", "invalid capacity 0 on image filesystem", 5000)
        story.other(
            f"ibm-master-proxy-static-{node}",
            node,
            owner="Node/" + node,
            app="ibm-master-proxy-static",
            age=4990,
            started=4980,
        )
        story.other(
            f"ibmcloud-block-storage-csi-{'kxz'[n]}4d8w",
            node,
            ready=False,
            waiting="ContainerCreating",
            phase="Pending",
            age=4980,
        )
    story.commands = {
        "get-nodes.txt": "get nodes -o wide",
        "get-pods-all.txt": "get pods -A -o wide",
        "describe-daemonset.txt": "describe ds -n calico-system calico-node",
        "describe-node.txt": f"describe node {nodes[0]}",
    }
    story.events("get-events.txt")
    story.affected = nodes
    story.cite("describe-daemonset.txt", 'no endpoints available for service "kyverno-svc"')
    return story


def new_node_waits_for_its_own_tunnel(now: datetime) -> Incident:
    story = incident(
        "replaced-worker-and-webhook-wait-for-each-other",
        CAUSE,
        "ROKS on VPC: the tunnel agent moved to the worker that was just replaced and waits for its network; a security webhook is reached through that tunnel and is asked about each change of a node, so calico-node's patch of its node times out and it never finishes its start.",
        "https://cloud.ibm.com/docs/openshift?topic=openshift-ts-network-calico-node",
        now,
        platform="roks",
        calico="v3.27.5",
        kubernetes="v1.29.10+67d3387",
        difficulty="hard",
        acceptable=["tunnel-down"],
    )
    old = story.workers(
        [f"10.241.128.{n}" for n in (9, 10)],
        os_image="Red Hat Enterprise Linux 8.10 (Ootpa)",
        kernel="4.18.0-553.27.1.el8_10.x86_64",
        runtime="cri-o://1.29.9",
    )
    new = story.workers(
        ["10.241.128.22"],
        ready=("True", "KubeletReady", "kubelet is posting ready status"),
        age=2300,
        since=2200,
        calico_up=False,
        taints=(("node.kubernetes.io/network-unavailable", "NoSchedule"),),
        os_image="Red Hat Enterprise Linux 8.10 (Ootpa)",
        kernel="4.18.0-553.27.1.el8_10.x86_64",
        runtime="cri-o://1.29.9",
    )[0]
    story.agents(old, started=1_300_000)
    name = story.agents([new], ready=False, restarts=14, waiting="CrashLoopBackOff", last=("Error", 1, 44), age=2290)[0]
    story.pod_event(
        name,
        "BackOff",
        f"Back-off restarting failed container calico-node in pod {name}_calico-system(b3c2f6a9)",
        8,
        2100,
        97,
    )
    story.probe(
        name,
        "BIRD is not ready: Failed to stat() nodename file: stat /var/lib/calico/nodename: no such file or directory",
        70,
        2200,
        45,
    )
    agent = story.other(
        "konnectivity-agent-6f9c8b7d4-zk5qp",
        new,
        "none",
        owner="ReplicaSet/konnectivity-agent-6f9c8b7d4",
        app="konnectivity-agent",
        image="icr.io/armada-master/konnectivity-agent:0.29.2",
        ready=False,
        phase="Pending",
        waiting="ContainerCreating",
        age=2150,
    )
    no_address(story)
    story.pod_event(
        agent,
        "FailedCreatePodSandBox",
        '(combined from similar events): Failed to create pod sandbox: rpc error: code = Unknown desc = failed to create pod network sandbox k8s_konnectivity-agent-6f9c8b7d4-zk5qp_kube-system_0(7c1d9e): error adding pod kube-system_konnectivity-agent-6f9c8b7d4-zk5qp to CNI network "multus-cni-network": plugin type="multus" name="multus-cni-network" failed (add): [kube-system/konnectivity-agent-6f9c8b7d4-zk5qp:k8s-pod-network]: error adding container to network "k8s-pod-network": stat /var/lib/calico/nodename: no such file or directory: check that the calico/node container is running and has mounted /var/lib/calico/',
        6,
        2140,
        160,
        namespace="kube-system",
    )
    for i, node in enumerate(old):
        story.other(
            f"admission-controller-webhook-5d7c9b8f6-{'rw'[i]}8x2k",
            node,
            f"172.17.10{i}.44",
            "secure-agent",
            "ReplicaSet/admission-controller-webhook-5d7c9b8f6",
            image="registry.example.com/secure/admission:3.9.44",
        )
    log = story.boot(new, 75)[:11]
    for i in range(14):
        log.append(
            story.say(
                73 - 2.1 * i,
                "WARNING",
                9,
                "startup",
                "utils.go 228:",
                f'Failed to set NetworkUnavailable; will retry error=Patch "https://172.21.0.1:443/api/v1/nodes/{new}/status?timeout=2s": net/http: request canceled (Client.Timeout exceeded while awaiting headers)',
            )
        )
    log += [
        story.say(
            44.5,
            "ERROR",
            9,
            "startup",
            "startup.go 229:",
            f'Unable to set NetworkUnavailable to False error=timed out patching node, last error was: Patch "https://172.21.0.1:443/api/v1/nodes/{new}/status?timeout=2s": net/http: request canceled (Client.Timeout exceeded while awaiting headers)',
        ),
        story.say(44.4, "WARNING", 9, "startup", "utils.go 48:", "Terminating"),
        "Calico node failed to start",
    ]
    story.log(name, log)
    story.texts["webhooks.txt"] = (
        "$ oc get validatingwebhookconfigurations\nNAME                                    WEBHOOKS   AGE\naudit.secure.agent.example              1          61d\nmultus.openshift.io                     1          204d\nperformance-addon-operator              1          204d\n\n$ oc get validatingwebhookconfiguration audit.secure.agent.example -o yaml | grep -A22 webhooks:\nwebhooks:\n- clientConfig:\n    service:\n      name: admission-controller-webhook\n      namespace: secure-agent\n      path: /k8s-audit\n      port: 443\n  failurePolicy: Ignore\n  matchPolicy: Equivalent\n  name: audit.secure.agent.example\n  namespaceSelector: {}\n  rules:\n  - apiGroups: ['*']\n    apiVersions: ['*']\n    operations: ['*']\n    resources: ['*/*']\n    scope: '*'\n  timeoutSeconds: 5\n"
    )
    story.texts["oc-adm-events-master.txt"] = "".join(
        f'W{story.klog(400 - 60 * i)}       1 dispatcher.go:205] Failed calling webhook, failing open audit.secure.agent.example: failed calling webhook "audit.secure.agent.example": failed to call webhook: Post "https://admission-controller-webhook.secure-agent.svc:443/k8s-audit?timeout=5s": No agent available\n'
        for i in range(6)
    )
    story.describe(new, name)
    story.affected = [new]
    story.cite(f"{name}.log", "Failed to set NetworkUnavailable; will retry")
    story.cite("oc-adm-events-master.txt", "failed calling webhook")
    return story


def policy_engine_wants_labels(now: datetime) -> Incident:
    story = incident(
        "gatekeeper-denies-host-network",
        CAUSE,
        "After a Gatekeeper constraint on host networking was enforced, the daemonset controller's new calico-node pods are denied; six of nine workers still run the old pods, three replaced workers have none.",
        "https://github.com/open-policy-agent/gatekeeper/issues/1134",
        now,
        platform="vpc",
        calico="v3.28.2",
    )
    nodes = story.workers([f"10.246.0.{n}" for n in (4, 5, 6)])
    bad = story.workers(
        ["10.246.0.21", "10.246.0.22"],
        age=4000,
        since=3900,
        ready=(
            "False",
            "KubeletNotReady",
            "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized",
        ),
    )
    story.agents(nodes, started=900_000)
    event(
        story,
        "DaemonSet",
        "calico-node",
        "FailedCreate",
        'Error creating: admission webhook "validation.gatekeeper.sh" denied the request: [psp-host-network-ports] The specified hostNetwork and hostPort are not allowed, pod: calico-node-k7m2p. Allowed values: {"hostNetwork": false}',
        200,
        3900,
        21,
        source="daemonset-controller",
    )
    story.events()
    story.commands |= {
        "nodes.txt": "get nodes -o wide",
        "pods.txt": "get pods -A -o wide",
        f"describe-node-{bad[0]}.txt": f"describe node {bad[0]}",
    }
    story.affected = bad
    story.cite("events.txt", "validation.gatekeeper.sh")
    return story


def own_webhook_needs_the_pod_network(now: datetime) -> Incident:
    story = incident(
        "scanner-webhook-is-down-with-the-network-it-needs",
        CAUSE,
        "ROKS: after all workers were rebooted at once, calico-node pods are not made: the image scanner's mutating webhook (failurePolicy Fail, all namespaces) has no endpoints because its own pods wait for the pod network.",
        "https://cloud.ibm.com/docs/openshift?topic=openshift-ts-webhooks_update",
        now,
        platform="roks",
        calico="v3.26.3",
        kubernetes="v1.29.10+67d3387",
        difficulty="hard",
    )
    nodes = story.workers(
        [f"10.46.9.{n}" for n in (11, 12, 13)],
        since=2500,
        calico_up=False,
        ready=(
            "False",
            "KubeletNotReady",
            "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: No CNI configuration file in /etc/kubernetes/cni/net.d/. Has your network provider started?",
        ),
    )
    for n, node in enumerate(nodes):
        story.stuck(
            f"image-scanner-webhook-6d5c8b9f7-{'abc'[n]}x2q9",
            node,
            "stat /var/lib/calico/nodename: no such file or directory: check that the calico/node container is running and has mounted /var/lib/calico/",
            20,
            2300,
            80,
            namespace="scanner",
            form="crio",
        )
    story.add("DaemonSet", {"metadata": {"name": "calico-node", "namespace": "calico-system", "creationTimestamp": story.ago(9_000_000), "uid": "ds-cn", "labels": {"k8s-app": "calico-node"}, "generation": 3},
                            "spec": {"selector": {"matchLabels": {"k8s-app": "calico-node"}}, "template": {"metadata": {"labels": {"k8s-app": "calico-node"}}, "spec": {"containers": [{"name": "calico-node", "image": "icr.io/ext/calico/node:v3.26.3"}]}}, "updateStrategy": {"type": "RollingUpdate"}},
                            "status": {"desiredNumberScheduled": 3, "currentNumberScheduled": 0, "numberReady": 0, "updatedNumberScheduled": 0, "numberAvailable": 0, "numberUnavailable": 3, "numberMisscheduled": 0, "observedGeneration": 3}})  # fmt: skip
    event(
        story,
        "DaemonSet",
        "calico-node",
        "FailedCreate",
        'Error creating: Internal error occurred: failed calling webhook "mutate.scanner.example.com": failed to call webhook: Post "https://image-scanner-webhook.scanner.svc:443/mutate?timeout=30s": no endpoints available for service "image-scanner-webhook"',
        100,
        2400,
        18,
        source="daemonset-controller",
    )
    for item in story.objects["Event"]:
        if item["involvedObject"]["name"] == "calico-node":
            item["involvedObject"]["uid"] = "ds-cn"
    story.commands |= {
        "nodes.txt": "get nodes -o wide",
        "pods.txt": "get pods -A -o wide",
        "describe-ds.txt": "describe ds -n calico-system calico-node",
        "describe-nodes.txt": "describe nodes",
    }
    story.affected = nodes
    story.cite("describe-ds.txt", "failed calling webhook")
    return story


STORIES = [
    everything_was_scaled_to_zero_overnight,
    new_node_waits_for_its_own_tunnel,
    policy_engine_wants_labels,
    own_webhook_needs_the_pod_network,
]
