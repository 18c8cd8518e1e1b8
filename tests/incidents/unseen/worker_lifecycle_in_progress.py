"""worker-lifecycle-in-progress: the first two told without having seen the rules, the others by the rules' author from public threads."""

from __future__ import annotations

from datetime import datetime

from cluster import NO_CNI, UNKNOWN, container, join
from telling import Incident, incident

CAUSE = "worker-lifecycle-in-progress"


def reload_asked_for(now: datetime) -> Incident:
    story = incident(
        "classic-worker-in-the-middle-of-its-reload",
        CAUSE,
        "The customer asked for a reload of one classic worker twenty minutes ago: it registered again a minute ago, its agent is pulling images, the list of workers says 'reloading'. The peers miss it for this time only; nothing is broken.",
        "https://cloud.ibm.com/docs/containers?topic=containers-cluster-states-reference",
        now,
        platform="classic",
        calico="v3.27.5",
        kubernetes="v1.30.11+IKS",
        difficulty="medium",
        acceptable=["no-problem-found"],
    )
    nodes = story.workers([f"10.176.48.{n}" for n in (66, 71, 75)])
    fresh = story.workers(
        ["10.176.48.90"],
        ready=NO_CNI,
        since=65,
        age=70,
        calico_up=False,
        taints=[("node.kubernetes.io/not-ready", "NoSchedule"), ("node.kubernetes.io/not-ready", "NoExecute")],
    )[0]
    pods = story.agents(nodes, started=1_600_000)
    init = [container(story, "install-cni", "icr.io/ext/calico/cni:v3.27.5", ready=False, waiting="PodInitializing")]
    name = story.agents([fresh], ready=False, phase="Pending", age=60, waiting="PodInitializing", init=init)[0]
    story.pod_event(
        name,
        "Scheduled",
        f"Successfully assigned calico-system/{name} to {fresh}",
        60,
        type_="Normal",
        source="default-scheduler",
    )
    story.pod_event(name, "Pulling", 'Pulling image "icr.io/ext/calico/cni:v3.27.5"', 57, type_="Normal")
    for reason, text, ago in (
        ("Starting", "Starting kubelet.", 72),
        ("NodeHasSufficientMemory", f"Node {fresh} status is now: NodeHasSufficientMemory", 71),
        ("RegisteredNode", f"Node {fresh} event: Registered Node {fresh} in Controller", 68),
    ):
        story.node_event(fresh, reason, text, ago, type_="Normal")
    story.node_event(fresh, "InvalidDiskCapacity", "invalid capacity 0 on image filesystem", 72)
    session = "bird: Mesh_10_176_48_90"
    story.log(
        pods[0],
        [
            *story.quiet(3000, 1300, 300),
            f"{session}: Received: Administrative shutdown",
            f"{session}: State changed to stop",
            f"{session}: State changed to down",
            f"{session}: State changed to start",
            *story.quiet(1200, 10, 300),
        ],
    )
    story.texts["worker-ls.txt"] = (
        "ID                                                   Public IP        Private IP     Flavor               State       Status                                             Zone    Version\n"
        "kube-ck1demo0w0example000-mail-default-0000019a      -                10.176.48.66   b3c.4x16.encrypted   normal      Ready                                              dal10   1.30.11_1572\n"
        "kube-ck1demo0w0example000-mail-default-00000207      -                10.176.48.71   b3c.4x16.encrypted   normal      Ready                                              dal10   1.30.11_1572\n"
        "kube-ck1demo0w0example000-mail-default-000002e1      -                10.176.48.75   b3c.4x16.encrypted   normal      Ready                                              dal10   1.30.11_1572\n"
        "kube-ck1demo0w0example000-mail-default-00000311      -                10.176.48.90   b3c.4x16.encrypted   reloading   Waiting for worker node to be ready (5 of 6)       dal10   1.30.11_1572\n"
    )
    story.describe(fresh)
    story.commands[f"describe-pod-{pods[0]}.txt"] = f"describe pod -n calico-system {pods[0]}"
    story.affected = [fresh]
    story.cite("worker-ls.txt", "reloading")
    return story


def three_at_once(now: datetime) -> Incident:
    story = incident(
        "pool-grown-from-three-to-six",
        CAUSE,
        "The pool was resized a minute ago: three workers are 35 to 80 seconds old, one has its agent starting, one still installs, one has never posted a status yet. The old three see the new peers come; nothing failed.",
        "https://github.com/kubernetes/autoscaler/issues/7268",
        now,
        platform="vpc",
        calico="v3.29.4",
        kubernetes="v1.32.6+IKS",
        difficulty="hard",
        acceptable=["no-problem-found"],
    )
    old = story.workers([f"10.240.66.{n}" for n in (4, 5, 6)])
    story.agents(old, started=1_600_000)
    first = story.workers(["10.240.66.10"], age=80, since=12)[0]
    second = story.workers(
        ["10.240.66.11"],
        ready=NO_CNI,
        since=55,
        age=60,
        calico_up=False,
        taints=[("node.kubernetes.io/not-ready", "NoSchedule")],
    )[0]
    third = story.workers(
        ["10.240.66.12"],
        ready=("Unknown", "NodeStatusNeverUpdated", "Kubelet never posted node status."),
        since=35,
        age=35,
        calico_up=False,
        taints=[("node.kubernetes.io/not-ready", "NoSchedule")],
    )[0]
    one = story.agents([first], ready=False, started=14, age=70)[0]
    story.not_established(one, old, 8, 12, 2)
    story.log(one, story.boot(first, 14, old, old[:2]))
    init = [container(story, "install-cni", "icr.io/ext/calico/cni:v3.29.4", ready=False, started=4)]
    two = story.agents([second], ready=False, phase="Pending", age=50, waiting="PodInitializing", init=init)[0]
    for name, node, ago in ((one, first, 70), (two, second, 50)):
        story.pod_event(
            name,
            "Scheduled",
            f"Successfully assigned calico-system/{name} to {node}",
            ago,
            type_="Normal",
            source="default-scheduler",
        )
        story.pod_event(name, "Pulling", 'Pulling image "icr.io/ext/calico/cni:v3.29.4"', ago - 2, type_="Normal")
    for node, ago in ((first, 80), (second, 60)):
        story.node_event(node, "Starting", "Starting kubelet.", ago, type_="Normal")
        story.node_event(node, "InvalidDiskCapacity", "invalid capacity 0 on image filesystem", ago)
        story.node_event(
            node, "NodeAllocatableEnforced", "Updated Node Allocatable limit across pods", ago, type_="Normal"
        )
        story.node_event(
            node,
            "RegisteredNode",
            f"Node {node} event: Registered Node {node} in Controller",
            ago - 4,
            type_="Normal",
            source="node-controller",
        )
    story.describe(first)
    story.describe(second)
    story.commands[f"describe-node-{third}.txt"] = f"describe node {third}"
    story.affected = [first, second, third]
    story.cite("nodes.txt", third)
    return story


def rolling_update_of_the_pool(now: datetime) -> Incident:
    story = incident(
        "patch-update-walks-through-the-pool",
        CAUSE,
        "IKS classic: the customer updates the workers one after another; one is cordoned and drained and reboots just now, two already run the new patch, one the old. Its peers miss it; nothing else is wrong.",
        "https://cloud.ibm.com/docs/containers?topic=containers-update",
        now,
        platform="classic",
        calico="v3.28.2",
        acceptable=["no-problem-found"],
    )
    done = story.workers(
        ["10.73.52.4", "10.73.52.9"],
        version="v1.31.6+IKS",
        labels={"ibm-cloud.kubernetes.io/worker-version": "1.31.6_1540"},
        age=2_600_000,
        since=1500,
    )
    now_on = story.workers(["10.73.52.17"], labels={"ibm-cloud.kubernetes.io/worker-version": "1.31.4_1532"}, unschedulable=True, age=2_600_000,
                           ready=("False", "KubeletNotReady", "node is shutting down"), since=70, taints=[("node.kubernetes.io/unschedulable", "NoSchedule")])  # fmt: skip
    old = story.workers(
        ["10.73.52.23"], labels={"ibm-cloud.kubernetes.io/worker-version": "1.31.4_1532"}, age=2_600_000
    )
    story.agents(done, started=1400, age=1420)
    story.agents(now_on, ready=False, started=2_000_000)
    story.agents(old, started=2_000_000)
    bad = now_on[0]
    story.node_event(bad, "NodeNotSchedulable", f"Node {bad} status is now: NodeNotSchedulable", 420, type_="Normal")
    story.node_event(bad, "Shutdown", "Shutdown manager detected shutdown event", 70, type_="Normal")
    story.node_event(
        bad, "NodeNotReady", f"Node {bad} status is now: NodeNotReady", 60, type_="Normal", source="node-controller"
    )
    story.texts["ibmcloud-ks-workers.txt"] = join([
        "ID                                                     Public IP       Private IP     Flavor         State      Status                          Zone    Version",
        "kube-cq0sample0f0d0000-demo-default-00000104   159.8.1.4       10.73.52.4     b3c.4x16       normal     Ready                           fra02   1.31.6_1540",
        "kube-cq0sample0f0d0000-demo-default-00000109   159.8.1.9       10.73.52.9     b3c.4x16       normal     Ready                           fra02   1.31.6_1540",
        "kube-cq0sample0f0d0000-demo-default-00000111   159.8.1.17      10.73.52.17    b3c.4x16       updating   Worker update in progress       fra02   1.31.4_1532 --> 1.31.6_1540",
        "kube-cq0sample0f0d0000-demo-default-00000117   159.8.1.23      10.73.52.23    b3c.4x16       normal     Ready                           fra02   1.31.4_1532*",
    ])  # fmt: skip
    story.log(story.pods[old[0]], [*story.boot(old[0], 2000000, [bad, *done])[:10], story.say(90, "INFO", 61, "felix", "summary.go 100:", "Summarising 7 dataplane reconciliation loops over 1m1.0s: avg=5ms longest=14ms ()"), f"bird: Mesh_{bad.replace('.', '_')}: Received: Administrative shutdown", f"bird: Mesh_{bad.replace('.', '_')}: State changed to stop", f"bird: Mesh_{bad.replace('.', '_')}: State changed to start"])  # fmt: skip
    story.describe(bad)
    story.affected = [bad]
    story.cite(f"describe-node-{bad}.txt", "NodeNotSchedulable")
    return story


def machine_config_rollout(now: datetime) -> Incident:
    story = incident(
        "new-worker-is-still-being-prepared",
        CAUSE,
        "ROKS on VPC: a worker was replaced six minutes ago; the new one registered ninety seconds ago and still has the uninitialized and network taints while its calico-node pulls images; the old five are well. Wait.",
        "https://cloud.ibm.com/docs/openshift?topic=openshift-worker-tag-label",
        now,
        platform="roks",
        calico="v3.26.3",
        kubernetes="v1.29.10+67d3387",
        acceptable=["no-problem-found"],
    )
    old = story.workers([f"10.240.128.{n}" for n in (4, 5, 7, 8, 10)], age=3_000_000)
    bad = story.workers(["10.240.128.12"], age=92, since=92, calico_up=False,
                        ready=("False", "KubeletNotReady", "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: No CNI configuration file in /etc/kubernetes/cni/net.d/. Has your network provider started?"),
                        taints=[("node.kubernetes.io/not-ready", "NoSchedule"), ("ibm-cloud.kubernetes.io/uninitialized", "NoSchedule")])[0]  # fmt: skip
    item = next(node for node in story.objects["Node"] if node["metadata"]["name"] == bad)
    item["status"]["conditions"] = [c for c in item["status"]["conditions"] if c["type"] != "NetworkUnavailable"]
    story.agents(old, started=2_500_000)
    inits = [container(story, "install-cni", "icr.io/ext/calico/cni:v3.26.3", ready=False, waiting="PodInitializing")]
    name = story.agents([bad], ready=False, waiting="PodInitializing", init=inits, age=88, phase="Pending")[0]
    story.pod_event(
        name,
        "Scheduled",
        f"Successfully assigned calico-system/{name} to {bad}",
        88,
        type_="Normal",
        source="default-scheduler",
    )
    story.pod_event(name, "Pulling", 'Pulling image "icr.io/ext/calico/cni:v3.26.3"', 80, type_="Normal")
    story.node_event(bad, "Starting", "Starting kubelet.", 92, type_="Normal")
    story.node_event(
        bad,
        "RegisteredNode",
        f"Node {bad} event: Registered Node {bad} in Controller",
        90,
        type_="Normal",
        source="node-controller",
    )
    story.describe(bad)
    story.affected = [bad]
    story.cite(f"describe-pod-{name}.txt", "Pulling image")
    return story


# told on 29 November 2026 without having seen the rules
def replaced_and_already_deleting(now: datetime) -> Incident:
    story = incident(
        "replaced-worker-is-gone-its-successor-not-yet-here",
        CAUSE,
        "VPC: `worker replace --update` of one worker ten minutes ago. The old one was cordoned and is switched off (Unknown for a minute, state 'deleting'), the new one is still 'deploying' and has no node object. Two others miss one BGP peer for this time; the drained pods wait for room.",
        "https://cloud.ibm.com/docs/containers?topic=containers-kubernetes-service-cli#cli_worker_replace",
        now,
        platform="vpc",
        calico="v3.28.3",
        kubernetes="v1.31.6+IKS",
        difficulty="hard",
        acceptable=["no-problem-found"],
    )
    kept = story.workers(["10.241.0.14", "10.241.0.15"], age=7_000_000, since=6_900_000, version="v1.31.5+IKS")
    gone = story.workers(
        ["10.241.0.12"], age=7_000_000, since=95, ready=UNKNOWN, unschedulable=True, version="v1.31.5+IKS",
        taints=[("node.kubernetes.io/unschedulable", "NoSchedule"), ("node.kubernetes.io/unreachable", "NoSchedule"), ("node.kubernetes.io/unreachable", "NoExecute")],
    )[0]  # fmt: skip
    names = story.agents(kept, started=6_000_000, age=6_000_030)
    story.agents([gone], ready=False, started=6_000_000, age=6_000_030)
    story.node_event(gone, "NodeNotSchedulable", f"Node {gone} status is now: NodeNotSchedulable", 560, type_="Normal")
    story.node_event(
        gone, "NodeNotReady", f"Node {gone} status is now: NodeNotReady", 95, type_="Normal", source="node-controller"
    )
    tag = f"bird: Mesh_{gone.replace('.', '_')}: "
    story.log(names[0], [
        *story.quiet(4_000, 280, 410),
        *(tag + x for x in ("Neighbor graceful restart detected", "State changed to start")),
        *story.quiet(60, 5, 40),
    ])  # fmt: skip
    pending = story.other(
        "reports-7f6d9b8c5-w2k8q",
        "",
        "",
        "bi",
        "ReplicaSet/reports-7f6d9b8c5",
        app="reports",
        ready=False,
        phase="Pending",
        age=540,
    )
    made = story.objects["Pod"][-1]
    made["spec"]["hostNetwork"] = False
    made["status"] |= {"containerStatuses": [], "podIP": "", "podIPs": [], "hostIP": ""}
    story.pod_event(
        pending,
        "FailedScheduling",
        "0/3 nodes are available: 1 node(s) were unschedulable, 2 Insufficient memory. preemption: 0/3 nodes are available: 1 Preemption is not helpful for scheduling, 2 No preemption victims found for incoming pod.",
        90,
        540,
        2,
        namespace="bi",
        source="default-scheduler",
    )
    story.texts["ibmcloud-ks-workers.txt"] = (
        "$ ibmcloud ks workers --cluster shop-prod\nOK\n"
        "ID                                                  Primary IP    Flavor     State       Status                                  Zone      Version\n"
        "kube-cr1sample0f0f0example-shopprod-default-000004c2   10.241.0.12   bx2.4x16   deleting    Removing worker                         eu-de-1   1.31.5_1538*\n"
        "kube-cr1sample0f0f0example-shopprod-default-000005a1   10.241.0.14   bx2.4x16   normal      Ready                                   eu-de-1   1.31.5_1538*\n"
        "kube-cr1sample0f0f0example-shopprod-default-000005f7   10.241.0.15   bx2.4x16   normal      Ready                                   eu-de-1   1.31.5_1538*\n"
        "kube-cr1sample0f0f0example-shopprod-default-000006d0   -             bx2.4x16   deploying   Waiting for IBM Cloud infrastructure    eu-de-1   --> 1.31.6_1541\n"
        "\n* To update to 1.31.6_1541 version, run 'ibmcloud ks worker replace'.\n"
    )
    story.describe(gone)
    story.commands[f"describe-pod-{names[0]}.txt"] = f"describe pod -n calico-system {names[0]}"
    story.commands["describe-reports.txt"] = f"describe pod -n bi {pending}"
    story.affected = [gone]
    story.cite("ibmcloud-ks-workers.txt", "deleting    Removing worker")
    return story


def surge_node_of_an_image_upgrade(now: datetime) -> Incident:
    story = incident(
        "aks-reimages-one-machine-after-the-other",
        CAUSE,
        "AKS upgrades the node image: a surge node joined half a minute ago and still pulls Calico's images, the first machine is cordoned and being drained. FailedMount and the missing CNI are of the new node's first seconds; nothing has failed.",
        "https://learn.microsoft.com/en-us/azure/aks/node-image-upgrade",
        now,
        platform="other",
        calico="v3.28.1",
        kubernetes="v1.29.7",
        registry="mcr.microsoft.com/oss/calico",
        difficulty="medium",
        acceptable=["no-problem-found"],
    )
    base = "aks-system-31408855-vmss00000"
    hosts = {f"{base}{n}": f"10.224.0.{4 + n}" for n in (0, 1, 2)}
    system = {"os_image": "Ubuntu 22.04.5 LTS", "kernel": "5.15.0-1073-azure", "runtime": "containerd://1.7.23-1"}
    drained, surge = f"{base}0", f"{base}3"
    story.hosts(
        {drained: hosts[drained]},
        age=5_000_000,
        since=4_900_000,
        unschedulable=True,
        taints=[("node.kubernetes.io/unschedulable", "NoSchedule")],
        **system,
    )
    story.hosts({k: v for k, v in hosts.items() if k != drained}, age=5_000_000, since=4_900_000, **system)
    story.hosts(
        {surge: "10.224.0.7"}, age=34, since=34, ready=NO_CNI, calico_up=False, taints=[("node.kubernetes.io/not-ready", "NoSchedule"), ("node.kubernetes.io/not-ready", "NoExecute")],
        **{**system, "kernel": "5.15.0-1075-azure"},
    )  # fmt: skip
    fresh = story.objects["Node"][-1]
    fresh["status"]["conditions"] = [c for c in fresh["status"]["conditions"] if c["type"] != "NetworkUnavailable"]
    fresh["metadata"]["annotations"] = {}
    story.staff(hosts, started=4_900_000, age=4_900_040)
    init = [
        container(
            story, "install-cni", "mcr.microsoft.com/oss/calico/cni:v3.28.1", ready=False, waiting="PodInitializing"
        )
    ]
    name = story.staff(
        {surge: "10.224.0.7"}, init=init, ready=False, phase="Pending", waiting="PodInitializing", age=32
    )[0]
    story.typha(f"{base}1", "7qkx2", started=4_900_000)
    story.pod_event(
        name,
        "Scheduled",
        f"Successfully assigned calico-system/{name} to {surge}",
        32,
        type_="Normal",
        source="default-scheduler",
    )
    story.pod_event(
        name,
        "FailedMount",
        'MountVolume.SetUp failed for volume "tigera-ca-bundle" : failed to sync configmap cache: timed out waiting for the condition',
        31,
        31,
    )
    story.pod_event(name, "Pulling", 'Pulling image "mcr.microsoft.com/oss/calico/cni:v3.28.1"', 28, type_="Normal")
    story.node_event(drained, "Upgrade", "Deleting pods of node by eviction", 20, type_="Normal", source="upgrader")
    story.node_event(drained, "Drain", f"Draining node: {drained}", 26, type_="Normal", source="upgrader")
    story.node_event(
        drained, "NodeNotSchedulable", f"Node {drained} status is now: NodeNotSchedulable", 27, type_="Normal"
    )
    story.node_event(
        surge, "Surge", "Created a surge node " + surge + " for agentpool system", 35, type_="Normal", source="upgrader"
    )
    story.node_event(surge, "Starting", "Starting kubelet.", 34, type_="Normal")
    story.node_event(surge, "InvalidDiskCapacity", "invalid capacity 0 on image filesystem", 34)
    story.node_event(
        surge,
        "RegisteredNode",
        f"Node {surge} event: Registered Node {surge} in Controller",
        30,
        type_="Normal",
        source="node-controller",
    )
    story.log(story.pods[f"{base}1"], story.quiet(3_000, 8, 240))
    story.texts["az.txt"] = (
        "$ az aks nodepool show -g rg-shop --cluster-name shop -n system --query '{state:provisioningState,image:nodeImageVersion,count:count}' -o table\n"
        "State                      Image                                    Count\n-------------------------  ---------------------------------------  -------\nUpgradingNodeImageVersion  AKSUbuntu-2204gen2containerd-202411.03.0  3\n"
    )
    story.describe(surge)
    story.commands[f"describe-node-{drained}.txt"] = f"describe node {drained}"
    story.events()
    story.affected = [surge, drained]
    story.cite("az.txt", "UpgradingNodeImageVersion")
    story.cite(f"describe-node-{drained}.txt", "NodeNotSchedulable")
    return story


STORIES = [
    reload_asked_for,
    three_at_once,
    rolling_update_of_the_pool,
    machine_config_rollout,
    replaced_and_already_deleting,
    surge_node_of_an_image_upgrade,
]
