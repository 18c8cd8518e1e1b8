"""admission-webhook-blocking: the first two told without having seen the rules, the others by the rules' author from public threads."""

from __future__ import annotations

from datetime import datetime, timedelta

from cluster import NO_CNI, event
from telling import Incident, incident, node_status

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


def image_policy_lacks_the_provider(now: datetime) -> Incident:
    # told on 29 November 2026 without having seen the rules
    story = incident(
        "portieris-policy-lists-the-customers-registry-only",
        CAUSE,
        "IKS classic: the security team's ClusterImagePolicy lists the customer's own registry path only; of the two workers reloaded since, neither got its system pods again: Portieris denies calico-node's image to the daemonset controller. The older workers keep what they have.",
        "https://github.com/IBM/portieris (policy enforcement: no matching repositories in ClusterImagePolicy)",
        now,
        platform="classic",
        calico="v3.27.5",
        kubernetes="v1.29.13+IKS",
        difficulty="medium",
    )
    nodes = story.workers([f"10.94.61.{n}" for n in (130, 137, 138, 152)], age=2_200_000, since=2_199_000)
    bad = story.workers(
        ["10.94.61.141", "10.94.61.149"],
        ready=NO_CNI,
        since=6900,
        age=7000,
        taints=[("node.kubernetes.io/not-ready", "NoSchedule"), ("node.kubernetes.io/not-ready", "NoExecute")],
    )
    for node in bad:  # nobody has set this condition yet
        item = next(o for o in story.objects["Node"] if o["metadata"]["name"] == node)
        item["status"]["conditions"] = item["status"]["conditions"][1:]
        item["metadata"]["annotations"] = {}
    story.agents(nodes, started=2_100_000, age=2_100_050)
    story.typha(nodes[0], started=2_100_000)
    story.typha(nodes[1], "m2q8t", started=2_100_000)
    for n, node in enumerate(nodes):
        story.other(
            f"portieris-6b8c7d9f54-{'kx4tw'[n]}9{'qzvm'[n]}2p",
            node,
            f"172.30.{12 + n}.9",
            "portieris",
            "ReplicaSet/portieris-6b8c7d9f54",
            image="icr.io/portieris/portieris:v0.13.16",
        ) if n < 3 else None
    story.add("DaemonSet", {"metadata": {"name": "calico-node", "namespace": "calico-system", "creationTimestamp": story.ago(31_000_000), "uid": "ds-cn", "labels": {"k8s-app": "calico-node"}, "generation": 9},
                            "spec": {"selector": {"matchLabels": {"k8s-app": "calico-node"}}, "template": {"metadata": {"labels": {"k8s-app": "calico-node"}}, "spec": {"containers": [{"name": "calico-node", "image": f"icr.io/ext/calico/node:{story.calico}"}], "nodeSelector": {"kubernetes.io/os": "linux"}}}, "updateStrategy": {"type": "RollingUpdate"}},
                            "status": {"desiredNumberScheduled": 6, "currentNumberScheduled": 4, "numberReady": 4, "updatedNumberScheduled": 4, "numberAvailable": 4, "numberUnavailable": 2, "numberMisscheduled": 0, "observedGeneration": 9}})  # fmt: skip
    deny = 'Error creating: admission webhook "trust.hooks.securityenforcement.admission.cloud.ibm.com" denied the request: \nDeny "{}", no matching repositories in ClusterImagePolicy and no ImagePolicies in the "{}" namespace'
    event(
        story,
        "DaemonSet",
        "ibm-keepalived-watcher",
        "FailedCreate",
        deny.format("icr.io/ibm/ibm-keepalived-watcher:1.0.9", "kube-system"),
        301,
        6980,
        23,
        namespace="kube-system",
        source="daemonset-controller",
    )
    event(
        story,
        "DaemonSet",
        "calico-node",
        "FailedCreate",
        deny.format(f"icr.io/ext/calico/node:{story.calico}", "calico-system"),
        288,
        6985,
        23,
        source="daemonset-controller",
    )
    story.objects["Event"][-1]["involvedObject"]["uid"] = "ds-cn"
    for node in bad:
        story.node_event(node, "Starting", "Starting kubelet.", 7000, type_="Normal")
        story.node_event(node, "InvalidDiskCapacity", "invalid capacity 0 on image filesystem", 7000)
        story.node_event(
            node,
            "RegisteredNode",
            f"Node {node} event: Registered Node {node} in Controller",
            6995,
            type_="Normal",
            source="node-controller",
        )
    waits = story.other(
        "basket-api-67d4c9f7b8-v2lqx",
        "",
        "none",
        "shop",
        "ReplicaSet/basket-api-67d4c9f7b8",
        ready=False,
        phase="Pending",
        age=5400,
    )
    story.objects["Pod"][-1]["status"] |= {"containerStatuses": []}
    no_address(story)
    event(
        story,
        "Pod",
        waits,
        "FailedScheduling",
        "0/6 nodes are available: 2 node(s) had untolerated taint {node.kubernetes.io/not-ready: }, 4 Insufficient cpu. preemption: 0/6 nodes are available: 2 Preemption is not helpful for scheduling, 4 No preemption victims found for incoming pod.",
        120,
        5390,
        19,
        namespace="shop",
        source="default-scheduler",
    )
    peers = [n for n in nodes if n != nodes[0]]
    log = story.quiet(9600, 7500, 600)
    log.append(
        story.say(
            7420,
            "INFO",
            62,
            "confd",
            "resource.go 289:",
            "Target config /etc/calico/confd/config/bird.cfg has been updated due to change in key: /calico/bgp/v1/host",
        )
    )
    log += ["bird: Reconfiguration requested by SIGHUP", "bird: Reconfiguring"]
    for gone in bad:
        session = f"Mesh_{gone.replace('.', '_')}"
        log += [
            f"bird: Removing protocol {session}",
            f"bird: {session}: Shutting down",
            f"bird: {session}: State changed to stop",
            f"bird: {session}: State changed to down",
        ]
    log.append("bird: Reconfigured")
    story.log(story.pods[nodes[0]], [*log, *story.quiet(7300, 30, 600)])
    story.texts["calicoctl-node-status.txt"] = node_status([(p, "up", "2026-11-05", "Established") for p in peers])
    story.texts["clusterimagepolicies.yaml"] = (
        f'apiVersion: v1\nitems:\n- apiVersion: portieris.cloud.ibm.com/v1\n  kind: ClusterImagePolicy\n  metadata:\n    creationTimestamp: "{story.ago(520_000)}"\n    generation: 3\n    name: default\n  spec:\n    repositories:\n    - name: de.icr.io/shop-prod/*\n      policy:\n        vulnerability:\n          ICCRVA:\n            enabled: true\nkind: List\nmetadata:\n  resourceVersion: ""\n'
    )
    story.commands = {
        "nodes.txt": "get nodes -o wide",
        "pods.txt": "get pods -n calico-system -o wide",
        "pods-portieris.txt": "get pods -n portieris -o wide",
        "describe-ds.txt": "describe ds -n calico-system calico-node",
        f"describe-node-{bad[0]}.txt": f"describe node {bad[0]}",
        f"describe-pod-{story.pods[nodes[0]]}.txt": f"describe pod -n calico-system {story.pods[nodes[0]]}",
    }
    story.events()
    story.affected = bad
    story.cite(
        "events.txt", 'admission webhook "trust.hooks.securityenforcement.admission.cloud.ibm.com" denied the request'
    )
    return story


def namespace_may_not_be_labelled(now: datetime) -> Incident:
    story = incident(
        "operator-may-not-touch-its-namespace",
        CAUSE,
        "Calico's operator was reinstalled by Helm on a cluster that Rancher manages: each round ends at the namespace calico-system, which Rancher's webhook denies it to update, so no calico pod is ever made. The leftover CNI file on the hosts makes the loud Unauthorized sandboxes.",
        "https://github.com/rancher/rancher/issues/41191",
        now,
        platform="other",
        calico="v3.25.1",
        kubernetes="v1.24.11+k3s1",
        difficulty="hard",
    )
    hosts = {f"edge-{x}": f"10.208.5.{n}" for x, n in zip("abcd", (20, 21, 22, 23), strict=True)}
    story.hosts(
        hosts,
        os_image="SUSE Linux Enterprise Server 15 SP4",
        kernel="5.14.21-150400.24.46-default",
        runtime="containerd://1.6.15-k3s1",
    )
    operator = story.other(
        "tigera-operator-5d6845b496-jh7tq",
        "edge-b",
        namespace="tigera-operator",
        owner="ReplicaSet/tigera-operator-5d6845b496",
        app="tigera-operator",
        image="quay.io/tigera/operator:v1.29.3",
        age=9400,
        started=9390,
    )
    for n, node in enumerate(hosts):
        story.other(
            f"rancher-webhook-65f5455d9c-{'w7xfz'}" if node == "edge-c" else f"svclb-traefik-2e1f-{'kqzm'[n]}4xt9",
            node,
            f"10.42.{n}.7",
            "cattle-system" if node == "edge-c" else "kube-system",
            "ReplicaSet/rancher-webhook-65f5455d9c" if node == "edge-c" else "DaemonSet/svclb-traefik-2e1f",
            image="rancher/rancher-webhook:v0.3.2" if node == "edge-c" else "rancher/klipper-lb:v0.4.0",
        )
    for node, name in (("edge-a", "mqtt-broker-0"), ("edge-d", "historian-7c6f9d8b5-9kz2w")):
        story.stuck(
            name,
            node,
            "error getting ClusterInformation: connection is unauthorized: Unauthorized",
            14,
            7700,
            520,
            namespace="plant",
            form="containerd",
        )
    stack = "github.com/tigera/operator/pkg/controller/status.(*statusManager).SetDegraded\\n\\t/go/src/github.com/tigera/operator/pkg/controller/status/status.go:406\\ngithub.com/tigera/operator/pkg/controller/installation.(*ReconcileInstallation).Reconcile\\n\\t/go/src/github.com/tigera/operator/pkg/controller/installation/core_controller.go:1358"
    epoch = story.now.timestamp()
    lines = [
        f"{story.stamp(9388)[:19].replace('-', '/')} [INFO] Version: v1.29.3",
        f"{story.stamp(9388)[:19].replace('-', '/')} [INFO] Go Version: go1.18.9b7",
        f"{story.stamp(9388)[:19].replace('-', '/')} [INFO] Go OS/Arch: linux/amd64",
        f"{story.stamp(9387)[:19].replace('-', '/')} [INFO] Active operator: proceeding",
        f'{{"level":"info","ts":{epoch - 9386:.4f},"logger":"setup","msg":"Checking if PodSecurityPolicies are supported by the cluster","supported":true}}',
        f'{{"level":"info","ts":{epoch - 9385.2:.4f},"logger":"typha_autoscaler","msg":"Starting typha autoscaler","syncPeriod":10}}',
    ]
    for n in range(24):
        at = epoch - 9370 + 390 * n
        lines += [
            f'{{"level":"info","ts":{at:.4f},"logger":"controller_installation","msg":"Failed to update object.","Name":"calico-system","Namespace":"","Kind":"Namespace","key":"/calico-system"}}',
            f'{{"level":"error","ts":{at + 0.0001:.4f},"logger":"controller_installation","msg":"Error creating / updating resource","Request.Namespace":"tigera-operator","Request.Name":"tigera-ca-private","reason":"ResourceUpdateError","error":"admission webhook \\"rancher.cattle.io.namespaces\\" denied the request: Unauthorized","stacktrace":"{stack}"}}',
            f'{{"level":"error","ts":{at + 0.0004:.4f},"msg":"Reconciler error","controller":"tigera-installation-controller","object":{{"name":"tigera-ca-private","namespace":"tigera-operator"}},"namespace":"tigera-operator","name":"tigera-ca-private","reconcileID":"5f0c{n:02x}d1-7a40-4c55-9f3e-2b7711c0a9{n:02x}","error":"admission webhook \\"rancher.cattle.io.namespaces\\" denied the request: Unauthorized"}}',
        ]
        if n % 5 == 2:
            lines.append(
                f'{{"level":"info","ts":{at + 61:.4f},"logger":"controller_apiserver","msg":"Installation not found or not ready, waiting","Request.Namespace":"","Request.Name":"default"}}'
            )
    story.log(operator, lines, "logs/tigera-operator.log")
    story.texts["session.txt"] = (
        "edge-a:~ # helm history calico -n tigera-operator\nREVISION  UPDATED                   STATUS    CHART                    APP VERSION  DESCRIPTION\n1         "
        + f"{story.now - timedelta(seconds=9400):%a %b %d %H:%M:%S %Y}"
        + "  deployed  tigera-operator-v3.25.1  v3.25.1      Install complete\n"
        "edge-a:~ # kubectl get all -n calico-system\nNo resources found in calico-system namespace.\nedge-a:~ # kubectl get tigerastatus\nNAME     AVAILABLE   PROGRESSING   DEGRADED   SINCE\ncalico                             True       156m\n"
        "edge-a:~ # ls /etc/cni/net.d\n10-calico.conflist  calico-kubeconfig\n"
    )
    story.commands = {
        "nodes.txt": "get nodes -o wide",
        "pods.txt": "get pods -A -o wide",
        "describe-mqtt-broker.txt": "describe pod -n plant mqtt-broker-0",
    }
    story.events()
    story.affected = list(hosts)
    story.cite("logs/tigera-operator.log", 'rancher.cattle.io.namespaces\\" denied the request: Unauthorized')
    return story


STORIES = [
    everything_was_scaled_to_zero_overnight,
    new_node_waits_for_its_own_tunnel,
    policy_engine_wants_labels,
    own_webhook_needs_the_pod_network,
    image_policy_lacks_the_provider,
    namespace_may_not_be_labelled,
]
