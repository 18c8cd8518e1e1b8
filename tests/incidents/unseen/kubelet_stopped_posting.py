"""kubelet-stopped-posting: the first two told without having seen the rules, the others by the rules' author from public threads."""

from __future__ import annotations

from datetime import datetime

from cluster import UNKNOWN, join
from telling import Incident, incident, node_status, wrapped

CAUSE = "kubelet-stopped-posting"
LOST = [("node.kubernetes.io/unreachable", "NoExecute"), ("node.kubernetes.io/unreachable", "NoSchedule")]


def hung_kubelet(now: datetime) -> Incident:
    story = incident(
        "kubelet-hangs-only-kill-nine-helps",
        CAUSE,
        "One IKS worker is Unknown since three hours: its kubelet stopped posting. A neighbour lost BGP with it only an hour later, when the machine froze as a whole.",
        "https://github.com/kubernetes/kubernetes/issues/75846",
        now,
        platform="classic",
        calico="v3.27.5",
        kubernetes="v1.30.9+IKS",
        difficulty="medium",
    )
    nodes = story.workers([f"10.74.12.{n}" for n in (133, 140, 141)])
    dead = story.workers(["10.74.12.147"], ready=UNKNOWN, since=10_900, taints=LOST)[0]
    pods = story.agents(nodes, started=1_600_000)
    name = story.agents([dead], ready=True, started=1_600_000)[0]
    next(p for p in story.objects["Pod"] if p["metadata"]["name"] == name)["status"]["conditions"][1]["status"] = (
        "False"
    )
    story.pod_event(name, "NodeNotReady", "Node is not ready", 10_890, source="node-controller")
    story.node_event(
        dead,
        "NodeNotReady",
        f"Node {dead} status is now: NodeNotReady",
        10_890,
        type_="Normal",
        source="node-controller",
    )
    session = "bird: Mesh_10_74_12_147"
    story.log(
        pods[0],
        [
            *story.quiet(12_000, 7300, 500),
            f"{session}: Error: Hold timer expired",
            *(f"{session}: State changed to {s}" for s in ("stop", "down", "start")),
            f"{session}: Socket error: No route to host",
            *story.quiet(7000, 20, 500),
        ],
    )
    story.describe(dead)
    story.commands[f"describe-pod-{pods[0]}.txt"] = f"describe pod -n calico-system {pods[0]}"
    story.affected = [dead]
    story.cite(f"describe-node-{dead}.txt", "Kubelet stopped posting node status.")
    return story


def process_ended_without_a_word(now: datetime) -> Incident:
    story = incident(
        "kubelet-service-is-dead-controller-says-so",
        CAUSE,
        "On one host the kubelet's service is inactive since the night (systemd shows it), the controller manager recorded the change of all its pods; its calico-node container itself still runs and keeps BGP up, so the neighbours notice nothing.",
        "https://github.com/kubernetes/kubernetes/issues/57955",
        now,
        platform="other",
        calico="v3.13.5",
        kubernetes="v1.18.20",
        registry="docker.io/calico",
        namespace="kube-system",
        difficulty="medium",
    )
    hosts = {f"ae0{n}.pek.example": f"10.12.10.{n}" for n in (1, 2, 3)}
    dead = "ae01.pek.example"
    story.hosts(
        {k: v for k, v in hosts.items() if k != dead}, runtime="docker://19.3.15", os_image="CentOS Linux 7 (Core)"
    )
    story.hosts(
        {dead: hosts[dead]},
        ready=UNKNOWN,
        since=31_000,
        taints=LOST,
        runtime="docker://19.3.15",
        os_image="CentOS Linux 7 (Core)",
    )
    story.staff(hosts, started=1_600_000)
    others = [a for n, a in hosts.items() if n != dead]
    text = []
    for n, pod in enumerate(("calico-node", "kube-proxy-6gq2k", "ceph-osdaa-fgpt6", "ceph-mon-xtc5j")):
        text.append(
            f"I{story.klog(30_999.2 - 0.2 * n)}       1 controller_utils.go:122] Update ready status of pods on node [{dead}]: {pod}"
        )
    story.texts["kube-controller-manager.log"] = (
        "\n".join(
            [
                f"I{story.klog(31_000)}       1 controller_utils.go:179] Recording status change NodeNotReady event message for node {dead}",
                *text,
                f'I{story.klog(30_998)}       1 event.go:278] Event(v1.ObjectReference{{Kind:"Node", Namespace:"", Name:"{dead}", UID:"49d7-11e7", APIVersion:"", ResourceVersion:"", FieldPath:""}}): type: \'Normal\' reason: \'NodeNotReady\' Node {dead} status is now: NodeNotReady',
            ]
        )
        + "\n"
    )
    story.texts["systemctl-ae01.txt"] = (
        "● kubelet.service - kubelet: The Kubernetes Node Agent\n   Loaded: loaded (/usr/lib/systemd/system/kubelet.service; enabled; vendor preset: disabled)\n"
        f"   Active: inactive (dead) since {story.syslog(31_040)}; 8h ago\n Main PID: 1911 (code=killed, signal=TERM)\n"
    )
    name = story.pods[dead]
    story.log("", story.quiet(3600, 10, 200), "docker-logs-calico-node-on-ae01.txt")
    story.texts["node-status-ae01.txt"] = node_status([(a, "up", "2026-11-02", "Established") for a in others])
    story.pod_event(name, "NodeNotReady", "Node is not ready", 30_998, source="node-controller")
    story.describe(dead)
    story.affected = [dead]
    story.cite(f"describe-node-{dead}.txt", "Kubelet stopped posting node status.")
    return story


def virtual_machine_powered_off(now: datetime) -> Incident:
    story = incident(
        "instance-stopped-in-the-console",
        CAUSE,
        "Somebody stopped one VPC instance in the console two hours ago: its conditions are Unknown, pods there are Terminating, the other workers' BIRD loses it and calico-typha on them drops the client. No address in reach answers.",
        "https://github.com/kubernetes/kubernetes/issues/51835",
        now,
        platform="vpc",
        calico="v3.28.2",
        acceptable=["bgp-peer-down"],
    )
    ok = story.workers(["10.241.0.5", "10.241.0.6", "10.241.64.4"])
    bad = story.workers(["10.241.128.9"], ready=("Unknown", "NodeStatusUnknown", "Kubelet stopped posting node status."), since=7100, calico_up=True,
                        taints=[("node.kubernetes.io/unreachable", "NoExecute"), ("node.kubernetes.io/unreachable", "NoSchedule")])[0]  # fmt: skip
    story.agents([*ok, bad], started=900_000)
    story.node_event(
        bad, "NodeNotReady", f"Node {bad} status is now: NodeNotReady", 7060, type_="Normal", source="node-controller"
    )
    story.pod_event(story.pods[bad], "NodeNotReady", "Node is not ready", 7060, source="node-controller")
    story.recreated(story.pods[ok[0]], [bad], 3000, 2)
    log = story.boot(ok[0], 2980, [ok[1], ok[2], bad], up=[ok[1], ok[2]]) + story.quiet(2900, 10, 300)
    story.log(story.pods[ok[0]], log)
    story.describe(ok[0])
    story.commands[f"describe-node-{bad}.txt"] = f"describe node {bad}"
    story.affected = [bad]
    story.cite(f"describe-node-{bad}.txt", "Kubelet stopped posting node status")
    return story


def kubelet_certificate_ran_out(now: datetime) -> Incident:
    story = incident(
        "kubelet-cannot-authenticate-any-more",
        CAUSE,
        "On one kubeadm worker the kubelet's client certificate expired: it says so every few seconds, the node is Unknown since. calico-node's containers still run there and BGP stays up; the master does not hear of it.",
        "https://github.com/kubernetes/kubeadm/issues/2753",
        now,
        platform="other",
        calico="v3.24.5",
        kubernetes="v1.25.9",
        namespace="kube-system",
        registry="docker.io/calico",
        difficulty="hard",
    )
    hosts = {"cp-1": "172.29.1.11", "node-1": "172.29.1.21", "node-2": "172.29.1.22"}
    bad = "node-2"
    story.hosts({name: at for name, at in hosts.items() if name != bad})
    story.hosts({bad: hosts[bad]}, ready=("Unknown", "NodeStatusUnknown", "Kubelet stopped posting node status."), since=52_000, calico_up=True,
                taints=[("node.kubernetes.io/unreachable", "NoExecute")])  # fmt: skip
    story.staff(hosts, started=3_000_000)
    journal = []
    for n in range(6):
        ago = 52_040 - 9000 * n
        journal += [
            f'{story.syslog(ago)} node-2 kubelet[1312]: E{story.klog(ago)}    1312 kubelet_node_status.go:540] "Error updating node status, will retry" err="error getting node \\"node-2\\": Unauthorized"',
            f"{story.syslog(ago - 1)} node-2 kubelet[1312]: E{story.klog(ago - 1)}    1312 certificate_manager.go:471] kubernetes.io/kube-apiserver-client-kubelet: Failed while requesting a signed certificate from the control plane: cannot create certificate signing request: Unauthorized",
            f'{story.syslog(ago - 2)} node-2 kubelet[1312]: E{story.klog(ago - 2)}    1312 transport.go:123] "No valid client certificate is found but the server is not responsive. A restart may be necessary to retrieve new initial credentials." lastCertificateAvailabilityTime="2025-11-22 01:00:00" shutdownThreshold="5m0s"',
        ]
    story.texts["kubelet-node-2.log"] = join(journal)
    story.log(
        story.pods["cp-1"], story.boot("cp-1", 3_000_000, [hosts["node-1"], hosts[bad]])[:14] + story.quiet(900, 5)
    )
    story.commands |= {
        "nodes.txt": "get nodes -o wide",
        "pods.txt": "get pods -A -o wide",
        "describe-node-node-2.txt": "describe node node-2",
        "describe-node-node-1.txt": "describe node node-1",
    }
    story.affected = [bad]
    story.cite("describe-node-node-2.txt", "Kubelet stopped posting node status")
    return story


def swap_came_back_with_the_reboot(now: datetime) -> Incident:
    # told on 29 November 2026 without having seen the rules
    story = incident(
        "swap-is-on-again-after-the-patch-night",
        CAUSE,
        "After the patch night's reboot one host never came back: swap is in its fstab again and the kubelet ends at each start ('running with swap on is not supported'). The host is Unknown, nothing starts calico-node there, and its neighbours miss it as BGP peer.",
        "https://github.com/kubernetes/kubernetes/issues/53533 and https://github.com/kubernetes/kubeadm/issues/610",
        now,
        platform="other",
        calico="v3.19.1",
        kubernetes="v1.20.15",
        namespace="kube-system",
        registry="docker.io/calico",
        difficulty="easy",
    )
    hosts = {f"rz{n}": f"192.168.40.{60 + n}" for n in (1, 2, 3)}
    dead, gone = "rz4", "192.168.40.64"
    system = {
        "os_image": "CentOS Linux 7 (Core)",
        "kernel": "3.10.0-1160.119.1.el7.x86_64",
        "runtime": "docker://20.10.24",
    }
    story.hosts(hosts, **system)
    story.hosts({dead: gone}, ready=UNKNOWN, since=25_800, taints=LOST, **system)
    pods = story.staff(hosts, started=1_300_000)
    name = story.staff({dead: gone}, started=1_300_000)[0]
    made = next(p for p in story.objects["Pod"] if p["metadata"]["name"] == name)
    for condition in made["status"]["conditions"]:
        if condition["type"] == "Ready":
            condition["status"] = "False"
    story.pod_event(name, "NodeNotReady", "Node is not ready", 25_795, source="node-controller")
    story.node_event(
        dead,
        "NodeNotReady",
        f"Node {dead} status is now: NodeNotReady",
        25_800,
        type_="Normal",
        source="node-controller",
    )
    log = [
        *story.quiet(28_000, 25_950, 300),
        "bird: Mesh_192_168_40_64: Error: Hold timer expired",
        "bird: Mesh_192_168_40_64: State changed to stop",
        "bird: Mesh_192_168_40_64: State changed to down",
        "bird: Mesh_192_168_40_64: Starting",
        "bird: Mesh_192_168_40_64: State changed to start",
        *story.quiet(25_700, 10, 1200),
    ]
    story.log(pods[0], log)
    story.texts["calicoctl-node-status-rz1.txt"] = node_status(
        [(a, "up", "2026-11-14", "Established") for a in list(hosts.values())[1:]]
        + [(gone, "start", story.stamp(25_760)[11:19], "Active Socket: Connection refused")]
    )
    journal = [f"{story.syslog(25_610)} {dead} systemd[1]: Started kubelet: The Kubernetes Node Agent."]
    for n in range(30):
        ago = 600 - 10.4 * n
        pid = 20114 + 61 * n
        journal += [
            f"{story.syslog(ago)} {dead} systemd[1]: kubelet.service holdoff time over, scheduling restart.",
            f"{story.syslog(ago)} {dead} systemd[1]: Started kubelet: The Kubernetes Node Agent.",
            f"{story.syslog(ago - 0.4)} {dead} kubelet[{pid}]: I{story.klog(ago - 0.4)}   {pid} server.go:416] Version: v1.20.15",
            f"{story.syslog(ago - 0.5)} {dead} kubelet[{pid}]: F{story.klog(ago - 0.5)}   {pid} server.go:269] failed to run Kubelet: running with swap on is not supported, please disable swap! or set --fail-swap-on flag to false. /proc/swaps contained: [Filename\t\t\t\tType\t\tSize\tUsed\tPriority /dev/dm-1                               partition\t8257532\t0\t-2]",
            f"{story.syslog(ago - 0.6)} {dead} systemd[1]: kubelet.service: main process exited, code=exited, status=255/n/a",
            f"{story.syslog(ago - 0.6)} {dead} systemd[1]: Unit kubelet.service entered failed state.",
        ]
    story.log("", journal, "journalctl-u-kubelet-rz4.txt")
    story.describe(dead, name)
    story.commands[f"describe-pod-{pods[0]}.txt"] = f"describe pod -n kube-system {pods[0]}"
    story.affected = [dead]
    story.cite(f"describe-node-{dead}.txt", "Kubelet stopped posting node status.")
    story.cite("journalctl-u-kubelet-rz4.txt", "running with swap on is not supported")
    return story


def state_file_of_the_cpu_manager(now: datetime) -> Incident:
    story = incident(
        "cpu-state-file-of-the-smaller-machine",
        CAUSE,
        "Two virtual hosts were given more CPUs while they ran; when their kubelet was restarted, its CPU manager refused the old state file and it ends at each start, hence Unknown. Their calico-node containers still run and keep BGP up; what is seen is a Typha that was moved away and a pod stuck in Terminating.",
        "https://kubernetes.io/docs/tasks/administer-cluster/cpu-management-policies/",
        now,
        platform="other",
        calico="v3.29.0",
        kubernetes="v1.31.3",
        registry="quay.io/calico",
        difficulty="medium",
    )
    good = {f"nfv-{n}": f"10.44.90.{n}" for n in (11, 12, 13, 14)}
    dead = {f"nfv-{n}": f"10.44.90.{n}" for n in (15, 16)}
    system = {"os_image": "Ubuntu 22.04.5 LTS", "kernel": "5.15.0-126-generic", "runtime": "containerd://1.7.23"}
    story.hosts(good, **system)
    story.hosts(dead, ready=UNKNOWN, since=31_000, taints=LOST, **system)
    story.staff(good, started=1_500_000)
    story.staff(dead, started=1_500_000)
    for node in dead:
        made = next(p for p in story.objects["Pod"] if p["metadata"]["name"] == story.pods[node])
        for condition in made["status"]["conditions"]:
            if condition["type"] == "Ready":
                condition["status"] = "False"
        story.pod_event(story.pods[node], "NodeNotReady", "Node is not ready", 30_990, source="node-controller")
        story.node_event(
            node,
            "NodeNotReady",
            f"Node {node} status is now: NodeNotReady",
            31_000,
            type_="Normal",
            source="node-controller",
        )
    story.typha("nfv-11", started=1_500_000)
    story.typha("nfv-13", "8qkzt", started=30_600)
    made = story.objects["Pod"][-1]
    made["metadata"]["creationTimestamp"] = made["status"]["startTime"] = story.ago(30_680)
    old = story.typha("nfv-15", "zz4mw", started=1_500_000)
    made = story.objects["Pod"][-1]
    made["metadata"]["deletionTimestamp"], made["metadata"]["deletionGracePeriodSeconds"] = story.ago(30_690), 300
    story.pod_event(
        old,
        "TaintManagerEviction",
        f"Marking for deletion Pod calico-system/{old}",
        30_690,
        type_="Normal",
        source="taint-eviction-controller",
    )
    lines = story.quiet(32_000, 30, 1800)
    story.log(story.pods["nfv-14"], wrapped(story, lines, "stamps"))
    journal = [
        f"{story.syslog(31_046)} nfv-15 systemd[1]: Stopping kubelet: The Kubernetes Node Agent...",
        f"{story.syslog(31_045)} nfv-15 systemd[1]: kubelet.service: Deactivated successfully.",
    ]
    for n in range(16):
        ago = 30_940 - 1930 * n
        pid = 4001 + 977 * n
        journal += [
            f"{story.syslog(ago)} nfv-15 systemd[1]: Started kubelet: The Kubernetes Node Agent.",
            f'{story.syslog(ago - 1)} nfv-15 kubelet[{pid}]: I{story.klog(ago - 1)}   {pid} cpu_manager.go:214] "Starting CPU manager" policy="static"',
            f'{story.syslog(ago - 1)} nfv-15 kubelet[{pid}]: E{story.klog(ago - 1)}   {pid} cpu_manager.go:240] "Policy start error" err="current set of available CPUs \\"0-31\\" doesn\'t match with CPUs in state \\"0-15\\""',
            f'{story.syslog(ago - 1)} nfv-15 kubelet[{pid}]: E{story.klog(ago - 1)}   {pid} kubelet.go:1542] "Failed to start ContainerManager" err="start cpu manager error: current set of available CPUs \\"0-31\\" doesn\'t match with CPUs in state \\"0-15\\""',
            f"{story.syslog(ago - 1)} nfv-15 systemd[1]: kubelet.service: Main process exited, code=exited, status=1/FAILURE",
        ]
    story.log("", journal, "nfv-15-journal-kubelet.txt")
    story.texts["nfv-15-crictl-ps.txt"] = (
        "CONTAINER           IMAGE               CREATED             STATE               NAME                ATTEMPT             POD ID              POD\n5d0b7c19e2a41       1f0c2d9b7a2e4       2 weeks ago         Running             calico-node         0                   7be10c2a9d344       "
        + story.pods["nfv-15"]
        + "\n"
    )
    story.texts["node-status-nfv-14.txt"] = node_status(
        [(a, "up", "2026-11-12", "Established") for k, a in (good | dead).items() if k != "nfv-14"]
    )
    story.commands = {
        "nodes.txt": "get nodes -o wide",
        "pods.txt": "get pods -A -o wide",
        "describe-node-nfv-15.txt": "describe node nfv-15",
        f"describe-pod-{story.pods['nfv-14']}.txt": f"describe pod -n calico-system {story.pods['nfv-14']}",
    }
    story.affected = list(dead)
    story.cite("describe-node-nfv-15.txt", "Kubelet stopped posting node status.")
    story.cite("nfv-15-journal-kubelet.txt", "Failed to start ContainerManager")
    return story


STORIES = [
    hung_kubelet,
    process_ended_without_a_word,
    virtual_machine_powered_off,
    kubelet_certificate_ran_out,
    swap_came_back_with_the_reboot,
    state_file_of_the_cpu_manager,
]
