"""worker-flapping: the first two told without having seen the rules, the others by the rules' author from public threads."""

from __future__ import annotations

from datetime import datetime, timedelta

from cluster import join
from telling import Incident, incident, node_status

CAUSE = "worker-flapping"


def lost_http2_connections(now: datetime) -> Incident:
    story = incident(
        "two-workers-lose-their-lease-every-ten-minutes",
        CAUSE,
        "Two VPC workers are set to NotReady and come back after seconds, fourteen and eleven times in two hours: their kubelets lose the connection to the master and cannot update the lease in time. Felix of these workers loses typha in the same moments; it is Ready now.",
        "https://github.com/kubernetes/kubernetes/issues/121793",
        now,
        platform="vpc",
        calico="v3.28.4",
        kubernetes="v1.30.8+IKS",
        difficulty="medium",
    )
    nodes = story.workers([f"10.240.128.{n}" for n in (5, 8, 9, 13, 14)])
    bad = [nodes[1], nodes[3]]
    story.agents([n for n in nodes if n not in bad], started=1_600_000)
    story.agents(bad, started=1_600_000, restarts=0)
    for n, (node, count) in enumerate(zip(bad, (14, 11), strict=True)):
        story.node_event(
            node,
            "NodeNotReady",
            f"Node {node} status is now: NodeNotReady",
            410 + 50 * n,
            7300,
            count,
            type_="Normal",
            source="node-controller",
        )
        story.node_event(
            node, "NodeReady", f"Node {node} status is now: NodeReady", 388 + 50 * n, 7280, count, type_="Normal"
        )
        story.pod_event(
            story.pods[node], "NodeNotReady", "Node is not ready", 410 + 50 * n, 7300, count, source="node-controller"
        )
        worker = next(o for o in story.objects["Node"] if o["metadata"]["name"] == node)
        worker["status"]["conditions"][-1]["lastTransitionTime"] = story.ago(388 + 50 * n)
        lines = []
        for turn in range(12):
            ago = 7300 - 570 * turn
            lines += story.quiet(ago + 300, ago + 60, 120, 63 + 200 * turn)
            lines += [
                story.say(
                    ago,
                    "ERROR",
                    63 + 200 * turn,
                    "felix",
                    "sync_client.go 400:",
                    f'Failed to read from server connection=&discovery.Typha{{Addr:"{nodes[0]}:5473", IP:"{nodes[0]}", NodeName:(*string)(0xc0006be0f0)}} error=read tcp {node}:51514->{nodes[0]}:5473: i/o timeout myID=0x1 type=""',
                ),
                story.say(
                    ago - 4,
                    "INFO",
                    263 + 200 * turn,
                    "felix",
                    "sync_client.go 208:",
                    f'Successfully connected to Typha at {nodes[0]}:5473 after 1.312s. myID=0x1 type=""',
                ),
            ]
        story.log(story.pods[node], lines)
        story.describe(node)
    node = bad[0]
    journal = []
    for turn in range(12):
        ago = 7330 - 570 * turn
        journal += [
            f'{story.syslog(ago)} kube-worker kubelet.service[1188]: E{story.klog(ago)}    1188 controller.go:195] "Failed to update lease" err="Put \\"https://172.20.0.1:2040/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/{node}?timeout=10s\\": http2: client connection lost"',
            f'{story.syslog(ago - 9)} kube-worker kubelet.service[1188]: E{story.klog(ago - 9)}    1188 kubelet_node_status.go:544] "Error updating node status, will retry" err="error getting node \\"{node}\\": Get \\"https://172.20.0.1:2040/api/v1/nodes/{node}?timeout=10s\\": context deadline exceeded (Client.Timeout exceeded while awaiting headers)"',
            f'{story.syslog(ago - 44)} kube-worker kubelet.service[1188]: I{story.klog(ago - 44)}    1188 kubelet_node_status.go:660] "Recording event message for node" node="{node}" event="NodeReady"',
        ]
    story.log("", journal, f"kubelet-{node}.log")
    story.affected = bad
    story.cite(f"describe-node-{node}.txt", "status is now: NodeNotReady")
    return story


def some_seconds_at_a_time(now: datetime) -> Incident:
    story = incident(
        "not-ready-for-some-seconds-nobody-sees-it",
        CAUSE,
        "get nodes shows four Ready workers; the events count 42 changes of one of them to NotReady and back in six hours, pods are marked and restarted each time. The readiness failures of calico-node there are its effect.",
        "https://github.com/kubernetes/kubernetes/issues/43516",
        now,
        platform="other",
        calico="v3.10.4",
        kubernetes="v1.16.9",
        registry="docker.io/calico",
        namespace="kube-system",
        difficulty="hard",
    )
    hosts = {f"az-ne-{n}": f"10.4.0.{4 + n}" for n in range(4)}
    bad = "az-ne-2"
    story.hosts(hosts, runtime="docker://18.9.1", kernel="4.15.0-1083-azure", os_image="Ubuntu 18.04.4 LTS")
    next(o for o in story.objects["Node"] if o["metadata"]["name"] == bad)["status"]["conditions"][-1][
        "lastTransitionTime"
    ] = story.ago(190)
    story.staff({k: v for k, v in hosts.items() if k != bad}, started=1_000_000)
    name = story.staff({bad: hosts[bad]}, restarts=2, started=9000, last=("Error", 137, 9010))[0]
    story.node_event(
        bad,
        "NodeNotReady",
        f"Node {bad} status is now: NodeNotReady",
        204,
        21_600,
        42,
        type_="Normal",
        source="node-controller",
    )
    story.node_event(bad, "NodeReady", f"Node {bad} status is now: NodeReady", 190, 21_580, 42, type_="Normal")
    story.node_event(bad, "Starting", "Starting kubelet.", 9050, 21_000, 3, type_="Normal")
    story.pod_event(name, "NodeNotReady", "Node is not ready", 204, 21_600, 42, source="node-controller")
    story.probe(name, "BIRD is not ready: BGP not established with 10.4.0.4,10.4.0.5,10.4.0.7", 8985, 8992, 2)
    for n in range(3):
        app = story.other(
            f"front-{n}-5fd9c8b6d7-w{n}z4q",
            bad,
            f"10.244.2.{30 + n}",
            namespace="default",
            owner="ReplicaSet/front",
            restarts=6 + n,
            started=1500 + 200 * n,
            last=("Error", 143, 1600),
        )
        story.pod_event(
            app, "NodeNotReady", "Node is not ready", 204, 21_600, 42, source="node-controller", namespace="default"
        )
    story.commands = {
        "nodes.txt": "get nodes",
        "pods.txt": "get pods -A -o wide",
        "describe-calico.txt": f"describe pod -n kube-system {name}",
    }
    story.events(words="get events -A -o wide")
    story.log(
        name,
        story.old_boot(bad, 9000, [a for n, a in hosts.items() if n != bad], prefix=24) + story.quiet(8900, 10, 600),
    )
    story.affected = [bad]
    story.cite("events.txt", "status is now: NodeNotReady")
    return story


def ready_and_not_ready_by_turns(now: datetime) -> Incident:
    story = incident(
        "switch-port-drops-now-and-then",
        CAUSE,
        "One classic worker goes NotReady and Ready again nine times in three hours: its network card loses the link for half a minute each time, the node controller marks it and takes the mark back; calico-node itself never restarts and its peers see their session stop and come back.",
        "https://github.com/kubernetes/kubernetes/issues/112733",
        now,
        platform="classic",
        calico="v3.28.2",
    )
    nodes = story.workers([f"10.176.3.{n}" for n in (8, 9, 11, 30)])
    bad, rest = nodes[1], [nodes[0], nodes[2], nodes[3]]
    item = next(node for node in story.objects["Node"] if node["metadata"]["name"] == bad)
    for condition in item["status"]["conditions"]:
        if condition["type"] == "Ready":
            condition |= {"lastTransitionTime": story.ago(400)}
    story.agents(nodes, started=1_200_000)
    story.node_event(
        bad,
        "NodeNotReady",
        f"Node {bad} status is now: NodeNotReady",
        700,
        10_900,
        9,
        type_="Normal",
        source="node-controller",
    )
    story.node_event(bad, "NodeReady", f"Node {bad} status is now: NodeReady", 400, 10_600, 9, type_="Normal")
    peer = f"Mesh_{bad.replace('.', '_')}"
    log = story.boot(rest[0], 1_200_000, [bad, *rest[1:]])[:12]
    for ago in (10_900, 9400, 8000, 6200, 5100, 3900, 2600, 1500, 700):
        log += [
            story.say(
                ago + 40,
                "INFO",
                61,
                "felix",
                "summary.go 100:",
                "Summarising 7 dataplane reconciliation loops over 1m1.0s: avg=5ms longest=14ms ()",
            ),
            f"bird: {peer}: Error: Hold timer expired",
            f"bird: {peer}: State changed to stop",
            f"bird: {peer}: State changed to down",
            f"bird: {peer}: State changed to start",
            story.say(
                ago - 200,
                "INFO",
                61,
                "felix",
                "summary.go 100:",
                "Summarising 8 dataplane reconciliation loops over 1m2.0s: avg=6ms longest=12ms ()",
            ),
            f"bird: {peer}: State changed to feed",
            f"bird: {peer}: State changed to up",
        ]
    story.log(story.pods[rest[0]], log)
    story.describe(bad)
    story.events()
    story.affected = [bad]
    story.cite(f"describe-node-{bad}.txt", "NodeNotReady")
    return story


def lease_renewal_fails_in_turns(now: datetime) -> Incident:
    story = incident(
        "kubelet-loses-its-lease-every-quarter-of-an-hour",
        CAUSE,
        "A worker of a bare cluster is NotReady for a minute every quarter of an hour, six times so far: its kubelet fails to update its lease in time through an overloaded VPN, then succeeds again. calico-node is ready between; the pods' taints come and go.",
        "https://github.com/kubernetes/kubernetes/issues/104841",
        now,
        platform="other",
        calico="v3.25.1",
        kubernetes="v1.27.6",
        namespace="kube-system",
        registry="docker.io/calico",
        difficulty="hard",
    )
    hosts = {"edge-01": "192.168.44.21", "edge-02": "192.168.44.22", "edge-03": "192.168.45.23"}
    bad = "edge-03"
    story.hosts(hosts)
    story.staff(hosts, started=500_000)
    name = story.pods[bad]
    story.node_event(
        bad,
        "NodeNotReady",
        f"Node {bad} status is now: NodeNotReady",
        320,
        5200,
        6,
        type_="Normal",
        source="node-controller",
    )
    story.node_event(bad, "NodeReady", f"Node {bad} status is now: NodeReady", 250, 5140, 6, type_="Normal")
    journal = []
    for turn in range(6):
        ago = 5230 - 970 * turn
        journal += [
            f'{story.syslog(ago)} edge-03 kubelet[901]: E{story.klog(ago)}     901 controller.go:193] "Failed to update lease" err="Put \\"https://10.9.0.1:6443/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/edge-03?timeout=10s\\": context deadline exceeded"',
            f'{story.syslog(ago - 30)} edge-03 kubelet[901]: I{story.klog(ago - 30)}     901 controller.go:116] "failed to update lease using latest lease, fallback to ensure lease" err="failed 5 attempts to update lease"',
            f'{story.syslog(ago - 85)} edge-03 kubelet[901]: I{story.klog(ago - 85)}     901 kubelet_node_status.go:497] "Fast updating node status as it just became ready"',
        ]
    story.texts["kubelet-edge-03.log"] = join(journal)
    story.log(name, story.boot(bad, 500_000, [hosts["edge-01"], hosts["edge-02"]])[:8] + story.quiet(900, 4))
    story.describe(bad)
    story.affected = [bad]
    story.cite(f"describe-node-{bad}.txt", "NodeNotReady")
    return story


def heartbeat_slower_than_the_patience(now: datetime) -> Incident:
    # told on 29 November 2026 without having seen the rules
    story = incident(
        "heartbeat-slower-than-the-controllers-patience",
        CAUSE,
        "Two hosts of an edge pool got a kubelet configuration that saves traffic: it reports once in a minute and renews its lease as seldom, but the controller waits 40 seconds only. They toggle some hundred times in a few hours; neither kubelet nor calico-node restarts. The ingress that loses its endpoints is an echo.",
        "https://github.com/kubernetes/kubernetes/pull/80429 (lease renewal is a quarter of nodeLeaseDurationSeconds)",
        now,
        platform="other",
        calico="v3.28.0",
        kubernetes="v1.30.1",
        registry="quay.io/calico",
        difficulty="hard",
    )
    hosts = {
        "core-1": "10.3.9.11",
        "core-2": "10.3.9.12",
        "core-3": "10.3.9.13",
        "edge-1": "10.3.77.5",
        "edge-2": "10.3.77.6",
    }
    bad = ["edge-1", "edge-2"]
    story.hosts(hosts, os_image="Ubuntu 22.04.4 LTS", kernel="5.15.0-107-generic", runtime="containerd://1.7.16")
    story.staff(hosts, started=1_400_000)
    for n, (node, count) in enumerate(zip(bad, (238, 231), strict=True)):
        item = next(o for o in story.objects["Node"] if o["metadata"]["name"] == node)
        item["status"]["conditions"][-1]["lastTransitionTime"] = story.ago(14 + 5 * n)
        story.node_event(
            node,
            "NodeNotReady",
            f"Node {node} status is now: NodeNotReady",
            34 + 5 * n,
            15_100,
            count,
            type_="Normal",
            source="node-controller",
        )
        story.node_event(
            node, "NodeReady", f"Node {node} status is now: NodeReady", 14 + 5 * n, 15_080, count, type_="Normal"
        )
        story.pod_event(
            story.pods[node], "NodeNotReady", "Node is not ready", 34 + 5 * n, 15_100, count, source="node-controller"
        )
        pod = story.other(
            f"ingress-{'qk'[n]}4x8m", node, f"10.244.7{n}.3", "ingress", "DaemonSet/ingress", started=1_000_000
        )
        story.pod_event(
            pod,
            "NodeNotReady",
            "Node is not ready",
            34 + 5 * n,
            15_100,
            count,
            namespace="ingress",
            source="node-controller",
        )
    lines = []
    for n in range(40):
        at = 2560 - 63.5 * n
        lines += [
            f'I{story.klog(at)}       1 node_lifecycle_controller.go:988] "Node hasn\'t been updated recently, setting condition Unknown" logger="node-lifecycle-controller" node="edge-{1 + n % 2}" duration="40.00{n % 9}811204s"',
            f'I{story.klog(at)}       1 event.go:389] "Event occurred" object="edge-{1 + n % 2}" fieldPath="" kind="Node" apiVersion="v1" type="Normal" reason="NodeNotReady" message="Node edge-{1 + n % 2} status is now: NodeNotReady"',
            f'I{story.klog(at - 20)}       1 node_lifecycle_controller.go:927] "Node is healthy again, removed all taints" logger="node-lifecycle-controller" node="edge-{1 + n % 2}"',
        ]
    story.log("", lines, "kube-controller-manager-core-1.log")
    story.texts["configz-edge-1.json"] = (
        '{\n  "kubeletconfig": {\n    "enableServer": true,\n    "syncFrequency": "1m0s",\n    "nodeStatusUpdateFrequency": "1m0s",\n    "nodeStatusReportFrequency": "5m0s",\n    "nodeLeaseDurationSeconds": 240,\n    "cgroupDriver": "systemd",\n    "maxPods": 110,\n    "apiVersion": "kubelet.config.k8s.io/v1beta1",\n    "kind": "KubeletConfiguration"\n  }\n}\n'
    )
    story.texts["leases.txt"] = (
        "$ kubectl get lease -n kube-node-lease -o custom-columns=NAME:.metadata.name,SECONDS:.spec.leaseDurationSeconds,RENEWED:.spec.renewTime\nNAME     SECONDS   RENEWED\n"
        + "".join(
            f"{node}   {240 if node in bad else 40}{'' if node in bad else ' '}       {story.ago(31 if node in bad else 4 + k)[:-1]}.{118204 + 771 * k}Z\n"
            for k, node in enumerate(hosts)
        )
    )
    story.log(story.pods["edge-1"], [*story.quiet(6000, 20, 300)])
    story.texts["systemctl-edge-1.txt"] = (
        f"● kubelet.service - kubelet: The Kubernetes Node Agent\n     Loaded: loaded (/lib/systemd/system/kubelet.service; enabled; vendor preset: enabled)\n     Active: active (running) since {story.now - timedelta(seconds=15_160):%a %Y-%m-%d %H:%M:%S UTC}; 4h 12min ago\n   Main PID: 88121 (kubelet)\n"
    )
    story.commands = {
        "nodes.txt": "get nodes -o wide",
        "pods.txt": "get pods -A -o wide",
        "describe-node-edge-1.txt": "describe node edge-1",
        f"describe-pod-{story.pods['edge-1']}.txt": f"describe pod -n calico-system {story.pods['edge-1']}",
    }
    story.affected = bad
    story.cite("describe-node-edge-1.txt", "status is now: NodeNotReady")
    story.cite("configz-edge-1.json", '"nodeLeaseDurationSeconds": 240')
    return story


def network_card_hangs_under_load(now: datetime) -> Incident:
    story = incident(
        "network-card-hangs-and-is-reset",
        CAUSE,
        "One rented server goes NotReady and Ready again a dozen times in a day: its network card hangs under load and the driver resets it, for a minute or two nobody reaches the host. BIRD's hold timers, Typha reconnects and restarts of pods there follow each time; it is Ready at the moment.",
        "Linux drivers/net/ethernet/intel/e1000e (Detected Hardware Unit Hang)",
        now,
        platform="other",
        calico="v3.25.0",
        kubernetes="v1.26.4",
        registry="docker.io/calico",
        difficulty="medium",
    )
    hosts = {f"hz-{x}": f"10.0.88.{n}" for x, n in zip(("fsn1", "fsn2", "fsn3", "fsn4"), (2, 3, 4, 5), strict=True)}
    bad = "hz-fsn3"
    story.hosts(
        hosts, os_image="Debian GNU/Linux 11 (bullseye)", kernel="5.10.0-23-amd64", runtime="containerd://1.6.20"
    )
    item = next(o for o in story.objects["Node"] if o["metadata"]["name"] == bad)
    item["status"]["conditions"][-1]["lastTransitionTime"] = story.ago(2390)
    story.staff({k: v for k, v in hosts.items() if k != bad}, started=1_200_000)
    name = story.staff({bad: hosts[bad]}, started=1_200_000)[0]
    story.typha("hz-fsn1", started=1_200_000)
    story.node_event(
        bad,
        "NodeNotReady",
        f"Node {bad} status is now: NodeNotReady",
        2460,
        79_000,
        12,
        type_="Normal",
        source="node-controller",
    )
    story.node_event(bad, "NodeReady", f"Node {bad} status is now: NodeReady", 2390, 78_930, 12, type_="Normal")
    story.pod_event(name, "NodeNotReady", "Node is not ready", 2460, 79_000, 12, source="node-controller")
    app = story.other(
        "minio-2",
        bad,
        "10.244.9.4",
        "store",
        "StatefulSet/minio",
        app="minio",
        restarts=7,
        started=2300,
        last=("Error", 1, 2330),
    )
    story.pod_event(
        app, "NodeNotReady", "Node is not ready", 2460, 79_000, 12, namespace="store", source="node-controller"
    )
    times = [79_060, 74_300, 66_120, 61_900, 55_010, 48_700, 40_220, 33_840, 27_100, 19_480, 9_950, 2_520]
    kernel = []
    boot = 1_210_000
    for n, ago in enumerate(times):
        up = boot - ago
        kernel += [
            f"[{up:>12.6f}] e1000e 0000:00:1f.6 eno1: Detected Hardware Unit Hang:\n                 TDH                  <{0x5A + 7 * n:x}>\n                 TDT                  <{0x83 + 7 * n:x}>\n                 next_to_use          <{0x83 + 7 * n:x}>\n                 next_to_clean        <{0x5A + 7 * n:x}>\n               buffer_info[next_to_clean]:\n                 time_stamp           <1120{up % 65536:04x}>\n                 next_to_watch        <{0x5B + 7 * n:x}>\n                 MAC Status             <40080083>\n                 PHY Status             <796d>",
            f"[{up + 9.1:>12.6f}] NETDEV WATCHDOG: eno1 (e1000e): transmit queue 0 timed out",
            f"[{up + 9.2:>12.6f}] e1000e 0000:00:1f.6 eno1: Reset adapter unexpectedly",
            f"[{up + 109.8:>12.6f}] e1000e 0000:00:1f.6 eno1: NIC Link is Up 1000 Mbps Full Duplex, Flow Control: Rx/Tx",
        ]
    story.texts["hz-fsn3-dmesg.txt"] = join(kernel)
    mine, other = [], []
    for n, ago in enumerate(times[5:]):
        mine += [
            *story.quiet(ago + 900, ago + 200, 300, 70 + 400 * n),
            story.say(
                ago - 30,
                "ERROR",
                70 + 400 * n,
                "felix",
                "sync_client.go 309:",
                'Failed to read from server connection=&discovery.Typha{Addr:"10.0.88.2:5473", IP:"10.0.88.2", NodeName:(*string)(0xc0006be0f0)} error=read tcp 10.0.88.4:49122->10.0.88.2:5473: i/o timeout myID=0x1 type=""',
            ),
            *(
                f"bird: Mesh_10_0_88_{k}: {text}"
                for k in (2, 3, 5)
                for text in (
                    "Error: Hold timer expired",
                    "State changed to stop",
                    "State changed to down",
                    "Starting",
                    "State changed to start",
                )
            ),
            story.say(
                ago - 118,
                "INFO",
                470 + 400 * n,
                "felix",
                "sync_client.go 208:",
                'Successfully connected to Typha at 10.0.88.2:5473 after 4.1ms. myID=0x1 type=""',
            ),
            *(
                f"bird: Mesh_10_0_88_{k}: {text}"
                for k in (2, 3, 5)
                for text in ("Connected to table master", "State changed to feed", "State changed to up")
            ),
        ]
        other += [
            *story.quiet(ago + 900, ago + 200, 400),
            *(
                f"bird: Mesh_10_0_88_4: {text}"
                for text in (
                    "Error: Hold timer expired",
                    "State changed to stop",
                    "State changed to down",
                    "Starting",
                    "State changed to start",
                )
            ),
            *story.quiet(ago - 100, ago - 105),
            *(
                f"bird: Mesh_10_0_88_4: {text}"
                for text in ("Connected to table master", "State changed to feed", "State changed to up")
            ),
        ]
    story.log(name, mine)
    story.log(story.pods["hz-fsn1"], other)
    story.texts["node-status-fsn1.txt"] = node_status(
        [
            ("10.0.88.3", "up", "2026-11-16", "Established"),
            ("10.0.88.4", "up", story.stamp(2390)[11:19], "Established"),
            ("10.0.88.5", "up", "2026-11-16", "Established"),
        ]
    )
    story.describe(bad, name)
    story.affected = [bad]
    story.cite(f"describe-node-{bad}.txt", "status is now: NodeNotReady")
    story.cite("hz-fsn3-dmesg.txt", "Reset adapter unexpectedly")
    return story


STORIES = [
    lost_http2_connections,
    some_seconds_at_a_time,
    ready_and_not_ready_by_turns,
    lease_renewal_fails_in_turns,
    heartbeat_slower_than_the_patience,
    network_card_hangs_under_load,
]
