"""pod-scheduling-blocked: the first two told without having seen the rules, the others by the rules' author from public threads."""

from __future__ import annotations

from datetime import datetime

from cluster import NO_CNI, container, pod
from telling import Incident, incident

CAUSE = "pod-scheduling-blocked"


def node_affinity_of_a_daemonset(now: datetime) -> Incident:
    story = incident(
        "scheduler-has-no-room-for-the-daemonset-pod",
        CAUSE,
        "The daemonset's pod for one node has been Pending since the node joined: the scheduler says 1 Insufficient pods there (it has no free pod slot) and the others do not match its affinity, so the node never gets a network agent.",
        "https://github.com/kubernetes/kubernetes/issues/71466",
        now,
        platform="other",
        calico="v3.9.6",
        kubernetes="v1.16.15",
        registry="quay.io/calico",
        namespace="kube-system",
        difficulty="easy",
    )
    hosts = {f"ip-10-105-51-{n}.ec2.internal": f"10.105.51.{n}" for n in (17, 80, 133)}
    new = "ip-10-105-51-241.ec2.internal"
    story.hosts(
        hosts, os_image="Container Linux by CoreOS 2512.3.0 (Oklo)", kernel="4.19.124-coreos", runtime="docker://18.6.3"
    )
    story.hosts(
        {new: "10.105.51.241"},
        ready=NO_CNI,
        since=2700,
        age=2760,
        calico_up=False,
        os_image="Container Linux by CoreOS 2512.3.0 (Oklo)",
        kernel="4.19.124-coreos",
        runtime="docker://18.6.3",
        taints=[("node.kubernetes.io/not-ready", "NoSchedule")],
    )
    story.objects["Node"][-1]["status"]["allocatable"]["pods"] = "8"
    story.staff(hosts)
    name = "calico-node-grc48"
    made = pod(
        story,
        name,
        "",
        [container(story, "calico-node", "quay.io/calico/node:v3.9.6", ready=False)],
        [container(story, "install-cni", "quay.io/calico/cni:v3.9.6", ready=False)],
        "kube-system",
        phase="Pending",
        age=2700,
    )
    made["spec"]["affinity"] = {
        "nodeAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": {
                "nodeSelectorTerms": [{"matchFields": [{"key": "metadata.name", "operator": "In", "values": [new]}]}]
            }
        }
    }
    made["status"] = {
        "phase": "Pending",
        "conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}],
    }
    for n in range(8):
        story.other(
            f"metrics-shipper-{n}-x{n}kq2",
            new,
            namespace="observability",
            owner=f"DaemonSet/metrics-shipper-{n}",
            age=2700 - n,
        )
    text = "0/4 nodes are available: 1 Insufficient pods, 3 node(s) didn't match node selector."
    story.pod_event(name, "FailedScheduling", text, 20, 2690, 94, source="default-scheduler")
    ok = story.pods["ip-10-105-51-17.ec2.internal"]
    story.commands = {
        "pods.txt": "get pods -A -o wide",
        "nodes.txt": "get nodes -o wide",
        "describe-pod-pending.txt": f"describe pod -n kube-system {name}",
        "describe-node-new.txt": f"describe node {new}",
        f"describe-pod-{ok}.txt": f"describe pod -n kube-system {ok}",
    }
    story.log(ok, story.quiet(3000, 20, 300))
    story.affected = [new]
    story.cite("describe-pod-pending.txt", "1 Insufficient pods")
    return story


def taint_of_the_cloud_provider(now: datetime) -> Incident:
    story = incident(
        "uninitialized-taint-stays-on-all-nodes",
        CAUSE,
        "The cloud controller never took its taint node.cloudprovider.kubernetes.io/uninitialized away, and this typha deployment does not tolerate it: both typhas are Pending, so all calico-nodes restart without a typha to talk to.",
        "https://github.com/kubernetes/kubernetes/issues/85625",
        now,
        platform="other",
        calico="v3.17.3",
        kubernetes="v1.20.6",
        registry="docker.io/calico",
        namespace="kube-system",
        difficulty="medium",
        acceptable=["typha-unavailable"],
    )
    hosts = {f"nihon-{n}": f"10.56.0.{100 + n}" for n in (1, 2, 3)}
    story.hosts(hosts, age=3300, taints=[("node.cloudprovider.kubernetes.io/uninitialized", "NoSchedule")])
    for item in story.objects["Node"]:
        item["spec"]["taints"][0]["value"] = "true"
    typhas = [story.typha("", s, ready=False) for s in ("b6w2m", "xj8qd")]
    text = "0/3 nodes are available: 3 node(s) had taint {node.cloudprovider.kubernetes.io/uninitialized: true}, that the pod didn't tolerate."
    for made in story.objects["Pod"]:
        made["metadata"]["creationTimestamp"] = story.ago(3210)
    for typha in typhas:
        story.pod_event(typha, "FailedScheduling", text, 40, 3200, 62, source="default-scheduler")
    for n, (node, address) in enumerate(hosts.items()):
        name = story.staff(
            {node: address},
            ready=False,
            restarts=14,
            waiting="CrashLoopBackOff",
            last=("Error", 1, 70 + 8 * n),
            age=3200,
        )[0]
        story.probe(
            name,
            'felix is not ready: Get "http://localhost:9099/readiness": dial tcp 127.0.0.1:9099: connect: connection refused',
            75,
            3150,
            55,
        )
        story.pod_event(name, "BackOff", "Back-off restarting failed container", 6, 3100, 205)
    node = "nihon-2"
    lines = story.boot(node, 84, bird=False, prefix=24)[:-1]
    for n in range(8):
        lines += [
            story.say(
                80 - n, "ERROR", 62 + 33 * n, "felix", "daemon.go 1230:", "Didn't find any ready Typha instances."
            ),
            story.say(
                80 - n,
                "ERROR",
                62 + 33 * n,
                "felix",
                "daemon.go 323:",
                "Typha discovery enabled but discovery failed. error=Kubernetes service missing IP or port",
            ),
            story.say(
                80 - n - 0.2,
                "FATAL",
                63 + 33 * n,
                "confd",
                "startsyncerclient.go 47:",
                "Typha discovery enabled but discovery failed. error=Kubernetes service missing IP or port",
            ),
        ]
    story.log(story.pods[node], lines)
    story.other(
        "cloud-controller-manager-9xw2k",
        "nihon-1",
        app="cloud-controller-manager",
        image="registry.example.com/ccm:v1.19.2",
        ready=False,
        restarts=15,
        waiting="CrashLoopBackOff",
        last=("Error", 1, 95),
        age=3250,
    )
    story.describe(node)
    story.commands["describe-typha.txt"] = f"describe pod -n kube-system {typhas[0]}"
    story.affected = list(hosts)
    story.cite("describe-typha.txt", "uninitialized: true}, that the pod didn't tolerate")
    return story


def toleration_taken_away(now: datetime) -> Incident:
    story = incident(
        "daemonset-no-longer-tolerates-the-pool",
        CAUSE,
        "After a customer applied an own manifest of the daemonset, calico-node tolerates only the default taints: on the three workers of the tainted edge pool there is no pod any more; describe ds wants 3 of 6, the edge workers stay without network.",
        "https://github.com/projectcalico/calico/issues/4525",
        now,
        platform="other",
        calico="v3.25.1",
        kubernetes="v1.26.9",
        namespace="kube-system",
        registry="docker.io/calico",
        difficulty="hard",
        acceptable=["daemonset-missing"],
    )
    plain = {f"std-{n}": f"10.61.0.{n}" for n in (11, 12, 13)}
    edge = {f"edge-{n}": f"10.61.8.{n}" for n in (11, 12)}
    story.hosts(plain)
    story.hosts(
        edge,
        ready=(
            "False",
            "KubeletNotReady",
            "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized",
        ),
        since=3000,
        taints=[("dedicated", "NoSchedule"), ("node.kubernetes.io/not-ready", "NoSchedule")],
    )
    story.staff(plain, started=2900, age=3100)
    story.typha("", "9k2vd")
    story.pod_event(
        "calico-typha-5c9d8f7b6-9k2vd",
        "FailedScheduling",
        "0/5 nodes are available: 2 node(s) had untolerated taint {dedicated: edge}, 3 node(s) didn't have free ports for the requested pod ports. preemption: 0/5 nodes are available: 5 Preemption is not helpful for scheduling.",
        20,
        2900,
        10,
        source="default-scheduler",
    )
    for n, _host in enumerate(edge):
        pending = story.other(
            f"calico-node-z{n}q7x",
            "",
            owner="DaemonSet/calico-node",
            app="calico-node",
            image="docker.io/calico/node:v3.25.1",
            ready=False,
            phase="Pending",
            age=3000,
            waiting="x",
        )
        story.objects["Pod"][-1]["status"] |= {
            "containerStatuses": [],
            "initContainerStatuses": [],
            "podIP": "",
            "podIPs": [],
        }
        story.pod_event(
            pending,
            "FailedScheduling",
            "0/5 nodes are available: 1 node(s) had untolerated taint {dedicated: edge}, 4 node(s) didn't satisfy plugin(s) [NodeAffinity]. preemption: 0/5 nodes are available: 5 Preemption is not helpful for scheduling.",
            30,
            3000,
            11,
            source="default-scheduler",
        )
        story.commands[f"describe-pod-{pending}.txt"] = f"describe pod -n kube-system {pending}"
    story.commands |= {
        "nodes.txt": "get nodes -o wide",
        "pods.txt": "get pods -A -o wide",
        "describe-nodes.txt": "describe nodes",
    }
    story.affected = list(edge)
    story.cite("describe-pod-calico-node-z0q7x.txt", "untolerated taint {dedicated: edge}")
    return story


def no_processor_left_for_the_agent(now: datetime) -> Incident:
    story = incident(
        "requests-of-others-leave-no-room",
        CAUSE,
        "On two small workers everything is requested by pods without a lower priority class: the new calico-node with raised requests stays Pending there with Insufficient cpu, and preemption finds no victim.",
        "https://github.com/tigera/operator/issues/1880",
        now,
        platform="vpc",
        calico="v3.29.1",
    )
    nodes = story.workers([f"10.242.0.{n}" for n in (4, 6, 8, 9)])
    small, rest = nodes[2:], nodes[:2]
    story.agents(rest, started=3000, age=3100)
    for node in small:
        name = story.agents([node], ready=False, age=3000, phase="Pending")[0]
        made = next(item for item in story.objects["Pod"] if item["metadata"]["name"] == name)
        made["spec"].pop("nodeName")
        made["status"] |= {
            "containerStatuses": [],
            "initContainerStatuses": [],
            "podIP": "",
            "podIPs": [],
            "hostIP": "",
            "conditions": [{"type": "PodScheduled", "status": "False"}],
        }
        story.pod_event(
            name,
            "FailedScheduling",
            "0/4 nodes are available: 1 Insufficient cpu, 3 node(s) didn't satisfy plugin(s) [NodeAffinity]. preemption: 0/4 nodes are available: 1 No preemption victims found for incoming pod, 3 Preemption is not helpful for scheduling.",
            40,
            2990,
            11,
            source="default-scheduler",
        )
        story.commands[f"describe-pod-{name}.txt"] = f"describe pod -n calico-system {name}"
    story.recreated(story.pods[rest[0]], small, 2900, 1)
    story.commands |= {"nodes.txt": "get nodes -o wide", "pods.txt": "get pods -A -o wide"}
    story.log(
        story.pods[rest[0]], story.boot(rest[0], 2880, [rest[1], *small], up=[rest[1]]) + story.quiet(2800, 5, 300)
    )
    story.affected = small
    story.cite(f"describe-pod-{story.pods[small[0]]}.txt", "Insufficient cpu")
    return story


STORIES = [
    node_affinity_of_a_daemonset,
    taint_of_the_cloud_provider,
    toleration_taken_away,
    no_processor_left_for_the_agent,
]
