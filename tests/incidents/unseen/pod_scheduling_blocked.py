"""pod-scheduling-blocked: the first two told without having seen the rules, the others by the rules' author from public threads."""

from __future__ import annotations

from datetime import datetime

from cluster import NO_CNI, container, pod
from telling import FELIX_503, Incident, incident

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


# told on 29 November 2026 without having seen the rules
def typha_waits_for_a_taint_that_waits_for_typha(now: datetime) -> Incident:
    story = incident(
        "network-unavailable-taint-keeps-typha-pending",
        CAUSE,
        "All Calico pods of a single-node RKE2 were deleted by hand. calico-node's shutdown set NetworkUnavailable, so the node has the taint network-unavailable; this typha does not tolerate it and stays Pending, calico-node finds no Typha and never clears the taint. The loud line is felix's; the scheduler's event decides.",
        "https://github.com/rancher/rke2/issues/10494",
        now,
        platform="other",
        calico="v3.30.1",
        kubernetes="v1.33.1+rke2r1",
        registry="docker.io/rancher/mirrored-calico",
        difficulty="medium",
        acceptable=["typha-unavailable"],
    )
    node = "kiosk-rke"
    story.hosts(
        {node: "192.168.18.20"},
        calico_up=False,
        since=1_980,
        taints=[("node.kubernetes.io/network-unavailable", "NoSchedule")],
        os_image="Ubuntu 24.04.2 LTS",
        kernel="6.8.0-60-generic",
        runtime="containerd://2.0.5-k3s1",
    )
    story.objects["Node"][0]["status"]["conditions"][-1]["lastTransitionTime"] = story.ago(1_500_000)
    typha = story.typha("", ready=False)
    story.objects["Pod"][-1]["metadata"]["creationTimestamp"] = story.ago(1_975)
    story.pod_event(
        typha,
        "FailedScheduling",
        "0/1 nodes are available: 1 node(s) had untolerated taint {node.kubernetes.io/network-unavailable: }. preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.",
        95,
        1_974,
        7,
        source="default-scheduler",
    )
    name = story.staff(
        {node: "192.168.18.20"}, ready=False, restarts=3, started=340, last=("Error", 137, 352), age=1_976
    )[0]
    story.probe(name, FELIX_503, 21, 1_930, 61)
    story.probe(name, "Felix is not live: liveness probe reporting 503", 360, 1_880, 18, kind="Liveness")
    for app, ip in (
        ("calico-kube-controllers-6b9c7d5f84-xk2vq", "10.42.0.61"),
        ("calico-apiserver-7f5c8d9b66-2wq8n", "10.42.0.62"),
    ):
        story.other(
            app,
            node,
            ip,
            "calico-system",
            f"ReplicaSet/{app.rsplit('-', 1)[0]}",
            ready=False,
            phase="Pending",
            waiting="ContainerCreating",
            age=1_970,
        )
        status = story.objects["Pod"][-1]["status"]
        status |= {"podIPs": []}
        del status["podIP"]
    for app in ("etcd", "kube-apiserver", "kube-scheduler", "kube-controller-manager"):
        story.other(f"{app}-{node}", node, owner=f"Node/{node}", app=app)
    log = story.boot(node, 338, bird=False, interface="enp1s0", prefix=24)[:-1]
    for i in range(10):
        log += [
            story.say(
                330 - 30 * i,
                "ERROR",
                61 + 210 * i,
                "felix",
                "discovery.go 228:",
                "Didn't find any ready Typha instances.",
            ),
            story.say(
                330 - 30 * i - 0.1,
                "ERROR",
                61 + 210 * i,
                "felix",
                "daemon.go 337:",
                "Typha discovery enabled but discovery failed. error=Kubernetes service missing IP or port",
            ),
            story.say(
                330 - 30 * i - 0.4,
                "FATAL",
                62 + 210 * i,
                "confd",
                "startsyncerclient.go 49:",
                "Typha discovery enabled but discovery failed. error=Kubernetes service missing IP or port",
            ),
        ]
    story.log(name, log)
    story.describe(node, name)
    story.events()
    story.affected = [node]
    story.cite("events.txt", "untolerated taint {node.kubernetes.io/network-unavailable: }")
    return story


def nobody_schedules(now: datetime) -> Incident:
    story = incident(
        "pending-without-an-event-as-the-scheduler-does-not-run",
        CAUSE,
        "kubeadm with one control plane: since a flag that this release no longer knows was left in its manifest, kube-scheduler ends at each start. calico-node of the two new hosts, like every other new pod, is Pending with no event at all and on no node; the new hosts stay NotReady. The absence of any scheduler event and the crashing scheduler decide.",
        "https://github.com/projectcalico/calico/issues/2699",
        now,
        platform="other",
        calico="v3.24.0",
        kubernetes="v1.25.3",
        namespace="kube-system",
        registry="docker.io/calico",
        difficulty="hard",
    )
    hosts = {"adm-cp": "10.70.0.10", "adm-w1": "10.70.0.11", "adm-w2": "10.70.0.12"}
    new = {"adm-w3": "10.70.0.13", "adm-w4": "10.70.0.14"}
    system = {"os_image": "Ubuntu 20.04.5 LTS", "kernel": "5.4.0-131-generic", "runtime": "containerd://1.6.8"}
    story.hosts(hosts, **system)
    story.hosts(
        new,
        ready=NO_CNI,
        since=4_100,
        age=4_160,
        calico_up=False,
        taints=[("node.kubernetes.io/not-ready", "NoSchedule")],
        **system,
    )
    for item in story.objects["Node"][3:]:
        item["status"]["conditions"] = item["status"]["conditions"][1:]  # calico-node has never told
    story.staff(hosts, started=1_300_000)
    for i, node in enumerate(new):
        for app, image in (
            ("calico-node", "docker.io/calico/node:v3.24.0"),
            ("kube-proxy", "registry.k8s.io/kube-proxy:v1.25.3"),
        ):
            made = pod(
                story,
                f"{app}-{'hm'[i]}4v{'tz'[i]}9",
                "",
                [container(story, app, image, ready=False)],
                [],
                "kube-system",
                owner=f"DaemonSet/{app}",
                app=app,
                phase="Pending",
                age=4_155,
            )
            made["spec"].pop("nodeName")
            made["spec"]["affinity"] = {
                "nodeAffinity": {
                    "requiredDuringSchedulingIgnoredDuringExecution": {
                        "nodeSelectorTerms": [
                            {"matchFields": [{"key": "metadata.name", "operator": "In", "values": [node]}]}
                        ]
                    }
                }
            }
            made["status"] = {"phase": "Pending", "conditions": []}
    for app in ("etcd", "kube-apiserver", "kube-controller-manager"):
        story.other(
            f"{app}-adm-cp",
            "adm-cp",
            owner="Node/adm-cp",
            app=app,
            restarts=1,
            started=30_000,
            last=("Error", 1, 30_020),
        )
    story.other(
        "kube-scheduler-adm-cp",
        "adm-cp",
        owner="Node/adm-cp",
        app="kube-scheduler",
        image="registry.k8s.io/kube-scheduler:v1.25.3",
        ready=False,
        restarts=101,
        waiting="CrashLoopBackOff",
        last=("Error", 1, 222),
        age=30_050,
    )
    story.pod_event("kube-scheduler-adm-cp", "BackOff", "Back-off restarting failed container", 7, 29_900, 2_208)
    story.texts["kube-scheduler.log"] = "Error: unknown flag: --port\n"
    story.texts["README.txt"] = (
        "Hi team,\ntwo new hosts joined today with kubeadm and do not get Calico (NotReady, no CNI). Older hosts work. Events of the calico pods are empty, see the describe files. We also reinstalled containerd on adm-w3, no change.\n"
    )
    story.commands = {
        "nodes.txt": "get nodes -o wide",
        "pods.txt": "get pods -n kube-system -o wide",
        "describe-calico-node-h4vt9.txt": "describe pod -n kube-system calico-node-h4vt9",
        "describe-node-adm-w3.txt": "describe node adm-w3",
        "events.txt": "get events -n kube-system",
    }
    for item in story.objects["Event"]:
        item["metadata"]["creationTimestamp"] = item["firstTimestamp"]
    story.affected = list(new)
    story.cite("pods.txt", "kube-scheduler-adm-cp")
    return story


STORIES = [
    node_affinity_of_a_daemonset,
    taint_of_the_cloud_provider,
    toleration_taken_away,
    no_processor_left_for_the_agent,
    typha_waits_for_a_taint_that_waits_for_typha,
    nobody_schedules,
]
