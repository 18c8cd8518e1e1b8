"""worker-flapping: told without having seen the rules, then opened."""

from __future__ import annotations

from datetime import datetime

from telling import Incident, incident, wrapped

CAUSE = "worker-flapping"


def dead_connection_to_the_api(now: datetime) -> Incident:
    story = incident(
        "kubelet-keeps-writing-into-a-dead-connection",
        CAUSE,
        "IKS classic: three of seven workers go NotReady by turns for some minutes and come back by themselves, nine times since the morning: their kubelets keep a dead connection to the master ('use of closed network connection') until it is closed. The pods there are marked and partly evicted, and Calico is blamed; but its calico-node runs on through it, with BGP up and a log without a word.",
        "https://github.com/kubernetes/kubernetes/issues/87615",
        now,
        platform="classic",
        calico="v3.16.10",
        kubernetes="v1.18.20+IKS",
        namespace="kube-system",
        difficulty="medium",
    )
    system = {"os_image": "Ubuntu 18.04.5 LTS", "kernel": "4.15.0-163-generic", "runtime": "containerd://1.3.10"}
    nodes = story.workers([f"10.165.77.{n}" for n in (131, 134, 140, 142, 151, 155, 160)], age=9_000_000, **system)
    bad = [nodes[1], nodes[3], nodes[6]]
    for item in story.objects["Node"]:
        if item["metadata"]["name"] in bad:
            ago = {bad[0]: 4_310, bad[1]: 1_120, bad[2]: 9_480}[item["metadata"]["name"]]
            for condition in item["status"]["conditions"][1:]:
                condition["lastTransitionTime"] = story.ago(ago)
    story.agents(nodes, started=5_000_000, age=5_000_030)
    story.typha(nodes[0], started=5_000_000)
    for node, times, count in (
        (bad[0], (31_000, 4_940), 3),
        (bad[1], (29_200, 1_765), 4),
        (bad[2], (26_700, 10_110), 2),
    ):
        story.node_event(node, "NodeNotReady", f"Node {node} status is now: NodeNotReady", times[1], times[0], count, type_="Normal", source="node-controller")  # fmt: skip
        back = {bad[0]: 4_310, bad[1]: 1_120, bad[2]: 9_480}[node]
        story.node_event(node, "NodeReady", f"Node {node} status is now: NodeReady", back, times[0] - 640, count, type_="Normal")  # fmt: skip
    name = story.pods[bad[1]]
    for node in bad[:2]:
        back = {bad[0]: 4_310, bad[1]: 1_120}[node]
        story.pod_event(story.pods[node], "NodeNotReady", "Node is not ready", back + 645, 29_000, 3, source="node-controller")  # fmt: skip
    story.other("nginx-web-6b7f9c8d54-2xqzt", nodes[4], "172.30.118.9", "web", "ReplicaSet/nginx-web-6b7f9c8d54", started=1_440, age=1_460)  # fmt: skip
    story.pod_event("nginx-web-6b7f9c8d54-7dkpw", "TaintManagerEviction", "Marking for deletion Pod web/nginx-web-6b7f9c8d54-7dkpw", 1_462, 28_700, 2, namespace="web", type_="Normal", source="taint-controller")  # fmt: skip
    log = story.quiet(9_000, 2_400, 600)
    log += [
        story.say(2_200, "INFO", 61, "felix", "watchersyncer.go 130:", 'Sending status update Status="in-sync"'),
        *story.quiet(2_050, 15, 62),
    ]
    story.log(name, log)
    me = bad[1]

    def kubelet(ago: float, level: str, text: str) -> str:
        return f"{story.syslog(ago)} kube-cq0sample0f0d0000-demo-default-0000008e kubelet.service[1733]: {level}{story.klog(ago)}    1733 {text}"

    url = f"https://172.20.0.1:2040/api/v1/nodes/{me}"
    lines = [kubelet(2_300, "I", "kubelet_getters.go:178] status for pod calico-node-x updated to {Running [{Initialized True}]}")]  # fmt: skip
    for ago in (1_830, 1_820, 1_810, 1_560, 1_390, 1_210):
        lines.append(kubelet(ago, "E", f'kubelet_node_status.go:402] Error updating node status, will retry: error getting node "{me}": Get "{url}?resourceVersion=0&timeout=10s": write tcp 10.165.77.142:51422->172.20.0.1:2040: use of closed network connection'))  # fmt: skip
        lines.append(kubelet(ago - 3, "E", f'controller.go:178] failed to update node lease, error: Put "https://172.20.0.1:2040/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/{me}?timeout=10s": write tcp 10.165.77.142:51422->172.20.0.1:2040: use of closed network connection'))  # fmt: skip
    lines += [
        kubelet(1_150, "E", 'kubelet_node_status.go:389] Unable to update node status: update node status exceeds retry count'),
        kubelet(1_119, "I", f'kubelet_node_status.go:486] Recording NodeReady event message for node {me}'),
        kubelet(600, "I", "topology_manager.go:219] [topologymanager] RemoveContainer - Container ID: 2f41d0c1d1"),
    ]  # fmt: skip
    story.texts["kubelet-10.165.77.142.log"] = "\n".join(lines) + "\n"
    story.describe(me)
    story.events()
    story.commands[f"describe-node-{bad[0]}.txt"] = f"describe node {bad[0]}"
    story.affected = bad
    story.cite(f"describe-node-{me}.txt", "NodeNotReady")
    return story


def snapshots_stop_the_machine(now: datetime) -> Incident:
    story = incident(
        "every-hour-the-backup-stops-the-virtual-machine",
        CAUSE,
        "One virtual machine is stopped for about a minute at each hourly snapshot of its backup: it becomes NotReady and Ready again seven times, at the same minute of each hour. calico-node there is never restarted, its log only has a hole of a minute each hour, and BGP survives it; loud is an application whose liveness probe kills it each time. At the moment all is Ready.",
        "https://github.com/kubernetes/kubernetes/issues/12041",
        now,
        platform="other",
        calico="v3.24.5",
        kubernetes="v1.25.16",
        namespace="kube-system",
        registry="quay.io/calico",
        difficulty="hard",
        acceptable=["worker-starved"],
    )
    system = {
        "os_image": "Rocky Linux 8.9 (Green Obsidian)",
        "kernel": "4.18.0-513.24.1.el8_9.x86_64",
        "runtime": "containerd://1.6.31",
    }
    hosts = {f"vsphere-k8s-{x}": f"172.22.14.{n}" for x, n in (("m1", 11), ("w1", 21), ("w2", 22), ("w3", 23), ("w4", 24))}  # fmt: skip
    bad = "vsphere-k8s-w3"
    story.hosts({k: v for k, v in hosts.items() if k != bad}, age=30_000_000, since=20_000_000, **system)
    story.hosts({bad: hosts[bad]}, age=30_000_000, since=20_000_000, **system)
    for condition in story.objects["Node"][-1]["status"]["conditions"][1:]:
        condition["lastTransitionTime"] = story.ago(1_640)
    story.staff(hosts, started=14_000_000, age=14_000_040)
    stops = [1_720 + 3_600 * i for i in range(7)]
    for reason, shift, source in (("NodeNotReady", 46, "node-controller"), ("NodeReady", 72, "kubelet")):
        text = f"Node {bad} status is now: {reason}"
        story.node_event(bad, reason, text, stops[0] - shift, stops[-1] - shift, 7, type_="Normal", source=source)
    app = story.other("keycloak-0", bad, "10.233.94.18", "auth", "StatefulSet/keycloak", app="keycloak", image="quay.io/keycloak/keycloak:24.0.5", restarts=7, last=("Error", 143, 1_610), started=1_600)  # fmt: skip
    story.pod_event(app, "NodeNotReady", "Node is not ready", 1_676, stops[-1] - 44, 7, namespace="auth", source="node-controller")  # fmt: skip
    story.pod_event(app, "Unhealthy", 'Liveness probe failed: Get "http://10.233.94.18:8080/health/live": context deadline exceeded (Client.Timeout exceeded while awaiting headers)', 1_640, stops[-1] - 70, 19, namespace="auth")  # fmt: skip
    name = story.pods[bad]
    timed_out = "Readiness probe errored: rpc error: code = Unknown desc = failed to exec in container: failed to start exec: context deadline exceeded: unknown"
    story.pod_event(name, "Unhealthy", timed_out, 5_247, 16_049, 3)
    log: list[str] = []
    for first, last in zip([16_400, *[s - 71 for s in (12_520, 8_920, 5_320, 1_720)]], (12_520, 8_920, 5_320, 1_720, 15), strict=True):  # fmt: skip
        log += story.quiet(first, last + 3, 62)
        if last > 100:
            log.append(
                story.say(
                    last - 70,
                    "WARNING",
                    61,
                    "felix",
                    "health.go 85:",
                    'Report timed out name="int_dataplane"',
                )
                if last == 5_320
                else story.say(
                    last - 70,
                    "INFO",
                    61,
                    "felix",
                    "watchersyncer.go 130:",
                    'Sending status update Status="in-sync"',
                )
            )
    story.log(name, wrapped(story, log, "prefix", name))
    rows = []
    for stop in reversed(stops[:4]):
        rows += [
            f"{story.syslog(stop - 2)} {bad} vmtoolsd[932]: [ warning] [vmbackup] Sync provider froze file systems for snapshot (quiesce)",
            f"{story.syslog(stop - 70)} {bad} kernel: clocksource: timekeeping watchdog on CPU2: hpet wd-wd read-back delay of 68133112ns",
            f"{story.syslog(stop - 70)} {bad} chronyd[871]: Forward time jump detected!",
            f'{story.syslog(stop - 71)} {bad} kubelet[1290]: E{story.klog(stop - 71)}    1290 controller.go:187] failed to update lease, error: Operation cannot be fulfilled on leases.coordination.k8s.io "{bad}": the object has been modified; please apply your changes to the latest version and try again',
            f'{story.syslog(stop - 72)} {bad} kubelet[1290]: I{story.klog(stop - 72)}    1290 kubelet_node_status.go:696] "Recording event message for node" node="{bad}" event="NodeReady"',
        ]
    story.texts["messages-vsphere-k8s-w3.txt"] = "\n".join(rows) + "\n"
    story.events("events-all.txt")
    story.commands["nodes.txt"] = "get nodes -o wide"
    story.commands["pods.txt"] = "get pods -A -o wide"
    story.commands[f"describe-node-{bad}.txt"] = f"describe node {bad}"
    story.commands[f"describe-pod-{name}.txt"] = f"describe pod -n kube-system {name}"
    story.affected = [bad]
    story.cite(f"describe-node-{bad}.txt", "NodeNotReady")
    return story


def gateway_is_saturated_by_the_backup(now: datetime) -> Incident:
    story = incident(
        "workers-behind-a-saturated-gateway-come-and-go",
        CAUSE,
        "ROKS on classic: the two workers whose VLAN is routed by the customer's gateway appliance become NotReady and Ready again by turns since a backup saturates the gateway, eleven and nine times in three hours. The three workers of the other VLAN never do. They are all Ready at the moment of the describe; router pods, a crashing console and BGP holds are the echo.",
        "https://cloud.ibm.com/docs/openshift?topic=openshift-ts-critical-notready",
        now,
        platform="roks",
        calico="v3.27.5",
        kubernetes="v1.29.10+67d3387",
        difficulty="medium",
    )
    system = {
        "os_image": "Red Hat Enterprise Linux 8.10 (Ootpa)",
        "kernel": "4.18.0-553.22.1.el8_10.x86_64",
        "runtime": "cri-o://1.29.9-5.rhaos4.16.gitf2bd6eb.el8",
    }
    calm = story.workers(["10.194.12.70", "10.194.12.84", "10.194.12.91"], age=14_000_000, since=13_900_000, **system)
    bad = story.workers(["10.209.33.14", "10.209.33.27"], age=6_000_000, since=5_900_000, **system)
    backs = dict(zip(bad, (640, 1_515), strict=True))
    for item in story.objects["Node"][-2:]:
        for condition in item["status"]["conditions"][1:]:
            condition["lastTransitionTime"] = story.ago(backs[item["metadata"]["name"]])
    story.agents([*calm, *bad], started=4_000_000, age=4_000_030)
    for node, count in zip(bad, (11, 9), strict=True):
        back = backs[node]
        story.node_event(
            node,
            "NodeNotReady",
            f"Node {node} status is now: NodeNotReady",
            back + 190,
            11_200,
            count,
            type_="Normal",
            source="node-controller",
        )
        story.node_event(
            node, "NodeReady", f"Node {node} status is now: NodeReady", back, 11_020, count, type_="Normal"
        )
        story.pod_event(
            story.pods[node], "NodeNotReady", "Node is not ready", back + 188, 11_198, count, source="node-controller"
        )
        story.pod_event(story.pods[node], "Unhealthy", "Readiness probe failed: ", back + 150, 10_900, 4)
    router = story.other(
        "router-default-7f6b5d9c4b-xk2wt",
        bad[0],
        "172.30.91.8",
        "openshift-ingress",
        "ReplicaSet/router-default-7f6b5d9c4b",
        app="router",
        restarts=6,
        last=("Error", 137, 900),
        started=880,
    )
    story.pod_event(
        router,
        "Unhealthy",
        "Readiness probe failed: HTTP probe failed with statuscode: 500",
        861,
        11_000,
        58,
        namespace="openshift-ingress",
    )
    story.other(
        "console-6c5d7b8f9-hq7zl",
        bad[1],
        "172.30.17.33",
        "openshift-console",
        "ReplicaSet/console-6c5d7b8f9",
        app="console",
        restarts=14,
        last=("Error", 1, 1_600),
        started=1_580,
    )
    me = bad[0]
    log = story.quiet(11_900, 11_300, 120)
    for n in range(11):
        ago = 11_190 - n * 1_000
        reason = f"read tcp 10.209.33.14:{41_202 + 17 * n}->10.194.12.70:5473: i/o timeout" if n % 3 == 0 else "EOF"
        typha = '&discovery.Typha{Addr:"10.194.12.70:5473", IP:"10.194.12.70", NodeName:(*string)(0xc0006be0f0)}'
        text = f'Failed to read from server connection={typha} error={reason} myID=0x{n + 1:x} type=""'
        log.append(story.say(ago, "ERROR", 61, "felix", "sync_client.go 400:", text))
        log += [
            f"bird: Mesh_10_194_12_{x}: {text}"
            for text in (
                "Error: Hold timer expired",
                "State changed to start",
                "State changed to feed",
                "State changed to up",
            )
            for x in ((70, 84, 91) if n % 4 == 0 else ())
        ]
        log.append(
            story.say(ago - 40, "INFO", 61, "felix", "sync_client.go 185:", "Connected to Typha on attempt 1 attempt=1")
        )
        log += story.quiet(ago - 60, ago - 500, 210)
    story.log(story.pods[me], log)

    def kubelet(ago: float, level: str, text: str) -> str:
        return f"{story.syslog(ago)} kube-cq0sample0f0d0000-demo-edge-0000000e kubenswrapper[2811]: {level}{story.klog(ago)}    2811 {text}"

    journal = []
    for ago in (2_960, 2_790, 1_930, 1_690, 930, 835):
        journal.append(
            kubelet(
                ago,
                "E",
                'controller.go:195] "Failed to update lease" err="Put \\"https://172.20.0.1:2040/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/10.209.33.14?timeout=10s\\": context deadline exceeded (Client.Timeout exceeded while awaiting headers)"',
            )
        )
        journal.append(
            kubelet(
                ago - 8,
                "E",
                'kubelet_node_status.go:549] "Error updating node status, will retry" err="error getting node \\"10.209.33.14\\": Get \\"https://172.20.0.1:2040/api/v1/nodes/10.209.33.14?resourceVersion=0&timeout=10s\\": net/http: request canceled (Client.Timeout exceeded while awaiting headers)"',
            )
        )
    journal.append(
        kubelet(
            640,
            "I",
            'kubelet_node_status.go:729] "Recording event message for node" node="10.209.33.14" event="NodeReady"',
        )
    )
    story.texts["kubelet-10.209.33.14.journal"] = "\n".join(journal) + "\n"
    story.texts["note.txt"] = (
        "Network team: the gateway pair of VLAN 2214 shows 98-100 % CPU and interface drops since the object storage backup was started this morning.\nNothing was changed in the cluster.\n"
    )
    story.describe(me)
    story.commands[f"describe-node-{bad[1]}.txt"] = f"describe node {bad[1]}"
    story.events()
    story.affected = bad
    story.cite(f"describe-node-{me}.txt", "NodeNotReady")
    return story


STORIES = [dead_connection_to_the_api, snapshots_stop_the_machine, gateway_is_saturated_by_the_backup]
