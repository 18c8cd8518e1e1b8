"""no-problem-found: a healthy calico whose bundle looks frightening."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from stories import daemonset
from telling import Incident, incident, node_status, wrapped

SOCKET = "calico/node is not ready: BIRD is not ready: Error querying BIRD: unable to connect to BIRDv4 socket: dial unix /var/run/calico/bird.ctl: connect: no such file or directory"


def healthy(story: Incident, ago: float, pid: int = 61) -> list[str]:
    """felix says that it is live and ready."""
    rule = "+------------------+---------+----------------+-----------------+--------+"
    rows = [
        f"| {name:<16} | {limit:<7} | reporting live | reporting ready |        |"
        for name, limit in (("async_calc_graph", "20s"), ("felix-startup", "-"), ("int_dataplane", "1m30s"))
    ]
    return [story.say(ago, "INFO", pid, "felix", "health.go 336:", "Overall health status changed: live=true ready=true"), rule,
            "|    COMPONENT     | TIMEOUT |    LIVENESS    |    READINESS    | DETAIL |", rule, *rows, rule]  # fmt: skip


def stopped(story: Incident, ago: float, peers: Sequence[str], pid: int = 61) -> list[str]:
    """The orderly end of a calico-node: SIGTERM."""
    names = ["device1", "direct1", *(f"Mesh_{peer.replace('.', '_')}" for peer in peers)]
    return [story.say(ago, "WARNING", pid, "felix", "daemon.go 729:", 'Felix is shutting down reason="Received OS signal terminated"'),
            story.say(ago, "FATAL", pid, "felix", "daemon.go 811:", 'Exiting immediately reason="Received OS signal terminated"'), "bird: Shutting down",
            *[f"bird: {name}: {text}" for name in names for text in ("Shutting down", "State changed to stop")], *[f"bird: {name}: State changed to down" for name in names], "bird: Shutdown completed"]  # fmt: skip


def after_a_rolling_update(now: datetime) -> Incident:
    story = incident(
        "image-patch-rolled-through-eight-workers", "no-problem-found",
        "A patch was rolled through the daemonset one worker after the other within the last hour; the FATAL, BIRD and probe lines "
        "are the orderly stops and starts, all eight are ready.",
        "runbook: normal start-up and shutdown messages", now, difficulty="medium", platform="vpc", calico="v3.28.4",
    )  # fmt: skip
    nodes = story.workers([f"10.242.17.{n}" for n in range(20, 28)])
    pods = [story.agents([node], age=3600 - 400 * i, started=3590 - 400 * i)[0] for i, node in enumerate(nodes)]
    for i, name in enumerate(pods):
        ago = 3580 - 400 * i
        story.pod_event(name, "Unhealthy", f"Readiness probe failed: {SOCKET}", ago - 5, ago, 2)
        story.not_established(name, [n for n in nodes if n != nodes[i]][:3], ago - 30, ago - 30, 1, established=4)
        story.pod_event(name, "Started", "Started container calico-node", ago, type_="Normal")
    peers = [n for n in nodes if n != nodes[3]]
    log = [*story.boot(nodes[3], 2390, peers), *healthy(story, 2384)]
    for turn in range(4):
        session = f"bird: Mesh_{nodes[4 + turn].replace('.', '_')}"
        log += [
            *story.quiet(2300 - 400 * turn, 2000 - 400 * turn),
            f"{session}: Received: Administrative shutdown",
            *[f"{session}: State changed to {s}" for s in ("stop", "down", "start", "feed", "up")],
        ]
    story.log(pods[3], [*log, *story.quiet(800, 20)])
    story.log(pods[3], [*story.quiet(3000, 2450), *stopped(story, 2400, peers)], file=f"{pods[3]}-previous.log")
    story.describe(nodes[3])
    story.cite(f"{pods[3]}.log", "Overall health status changed: live=true ready=true")
    return story


def drained_and_rebooted(now: datetime) -> Incident:
    story = incident(
        "worker-drained-rebooted-uncordoned", "no-problem-found",
        "The customer drained and rebooted one worker within the last hour: NodeNotReady, Rebooted, an unknown last state and BGP complaints "
        "of those minutes; all is ready since.",
        "https://kubernetes.io/docs/tasks/administer-cluster/safely-drain-node/", now, difficulty="hard", platform="classic",
        calico="v3.27.5", kubernetes="v1.29.14+IKS",
    )  # fmt: skip
    nodes = story.workers([f"10.72.9.{n}" for n in (132, 139, 141)])
    back = story.workers(["10.72.9.150"], since=2850)[0]
    pods = story.agents(nodes)
    name = story.agents([back], restarts=1, started=2900, last=("Unknown", 255, 3100))[0]
    for reason, message, ago, source, type_ in (
        ("NodeNotSchedulable", f"Node {back} status is now: NodeNotSchedulable", 3300, "kubelet", "Normal"),
        ("NodeNotReady", f"Node {back} status is now: NodeNotReady", 3100, "node-controller", "Normal"),
        ("Starting", "Starting kubelet.", 2950, "kubelet", "Normal"),
        ("Rebooted", f"Node {back} has been rebooted, boot id: 5b1c0c4e-2b4c-4d0b-9f63-0f2f9a4c1b77", 2940, "kubelet", "Warning"),
        ("InvalidDiskCapacity", "invalid capacity 0 on image filesystem", 2940, "kubelet", "Warning"),
        ("NodeReady", f"Node {back} status is now: NodeReady", 2850, "kubelet", "Normal"),
        ("NodeSchedulable", f"Node {back} status is now: NodeSchedulable", 2700, "kubelet", "Normal"),
    ):  # fmt: skip
        story.node_event(back, reason, message, ago, source=source, type_=type_)
    story.pod_event(
        name, "SandboxChanged", "Pod sandbox changed, it will be killed and re-created.", 2930, type_="Normal"
    )
    story.pod_event(name, "Unhealthy", f"Readiness probe failed: {SOCKET}", 2880, 2898, 3)
    story.not_established(name, nodes, 2882, 2896, 2)
    story.log(name, [*story.boot(back, 2900, nodes), *healthy(story, 2890), *story.quiet(1500, 20)])
    lost = f"bird: Mesh_{back.replace('.', '_')}"
    story.log(
        pods[0],
        [
            *story.boot(nodes[0], 1_300_000, [*nodes[1:], back])[-12:],
            f"{lost}: Error: Hold timer expired",
            *[f"{lost}: State changed to {s}" for s in ("stop", "down", "start", "feed", "up")],
            *story.quiet(1500, 30),
        ],
    )
    story.describe(back)
    story.commands[f"describe-pod-{pods[0]}.txt"] = f"describe pod -n calico-system {pods[0]}"
    story.cite(f"{name}.log", "Overall health status changed: live=true ready=true")
    return story


def master_was_upgraded(now: datetime) -> Incident:
    story = incident(
        "api-away-for-four-minutes-yesterday", "no-problem-found",
        "The master was upgraded yesterday evening: four minutes of refused connections in every log, then all watches came back; "
        "nothing since.",
        "https://github.com/projectcalico/calico/blob/master/libcalico-go/lib/backend/watchersyncer/watchercache.go", now,
        difficulty="hard", platform="classic", calico="v3.26.5", kubernetes="v1.28.15+IKS", namespace="kube-system",
    )  # fmt: skip
    nodes = story.workers([f"10.188.77.{n}" for n in (67, 71, 84, 90, 102)])
    pods = story.agents(nodes)
    log = story.quiet(59_000, 58_700)
    base = "https://172.21.0.1:443/apis/crd.projectcalico.org/v1"
    for n in range(9):
        ago = 58_680 - 27 * n
        kind = ("globalnetworkpolicies", "ippools", "felixconfigurations", "hostendpoints")[n % 4]
        log.append(
            story.say(
                ago,
                "WARNING",
                61,
                "felix",
                "watchercache.go 186:",
                f'Failed to perform list of current data during resync ListRoot="/calico/resources/v3/projectcalico.org/{kind}" error=Get "{base}/{kind}?limit=500&resourceVersion=0": dial tcp 172.21.0.1:443: connect: connection refused',
            )
        )
        log.append(
            story.say(
                ago - 2,
                "ERROR",
                66,
                "monitor-addresses",
                "startup.go 352:",
                f'Unable to get node resource error=Get "https://172.21.0.1:443/api/v1/nodes/{nodes[1]}": dial tcp 172.21.0.1:443: connect: connection refused',
            )
        )
    log += [
        story.say(
            58_430, "INFO", 61, "felix", "watchersyncer.go 209:", "Received InSync event from one of the watcher caches"
        ),
        *story.quiet(58_400, 58_100),
        *story.quiet(1500, 20),
    ]
    story.log(pods[1], log)
    kube = story.other(
        "calico-kube-controllers-7c9d5f6b8d-4kz2w",
        nodes[0],
        ip="172.30.41.3",
        owner="ReplicaSet/calico-kube-controllers-7c9d5f6b8d",
        app="calico-kube-controllers",
        image="icr.io/ext/calico/kube-controllers:v3.26.5",
        restarts=2,
        started=58_400,
        last=("Error", 1, 58_410),
    )
    story.log(
        kube,
        [
            story.line(
                58_500 - 20 * n,
                "ERROR",
                1,
                "main.go 290:",
                'Received bad status code from apiserver error=Get "https://172.21.0.1:443/healthz?timeout=20s": dial tcp 172.21.0.1:443: connect: connection refused status=0',
            )
            for n in range(4)
        ],
        file=f"{kube}-previous.log",
    )
    story.describe(nodes[1])
    story.commands[f"describe-{kube}.txt"] = f"describe pod -n kube-system {kube}"
    story.cite(f"{pods[1]}.log", "Received InSync event")
    return story


def twenty_days_old(now: datetime) -> Incident:
    story = incident(
        "restart-counts-from-an-old-outage", "no-problem-found",
        "High restart counts and a last state 'Error' on all pods, but of 20 days ago; nothing has happened since and all are ready.",
        "https://github.com/projectcalico/calico/issues/2141", now, difficulty="medium", platform="other", calico="v3.20.6",
        kubernetes="v1.21.14", namespace="kube-system", registry="quay.io/calico",
    )  # fmt: skip
    hosts = {f"infra-{n}": f"172.18.90.{n}" for n in (3, 4, 5, 6, 7)}
    story.hosts(hosts, kernel="4.18.0-305.el8.x86_64", os_image="CentOS Linux 8", age=40_000_000)
    pods = []
    for n, (host, at) in enumerate(hosts.items()):
        pods += story.staff(
            {host: at},
            restarts=31 + 7 * n,
            started=1_728_000,
            last=("Error", (1, 137)[n % 2], 1_728_050),
            age=30_000_000,
        )
    log = [
        *story.boot("infra-4", 1_728_000, [at for name, at in hosts.items() if name != "infra-4"]),
        *story.quiet(1_727_900, 1_727_500),
        *story.quiet(1700, 15),
    ]
    story.log(pods[1], log)
    story.log(
        pods[1],
        [
            story.say(
                1_728_300 - 35 * n,
                "ERROR",
                9,
                "startup",
                "startup.go 165:",
                'failed to query kubeadm\'s config map error=Get "https://10.96.0.1:443/api/v1/namespaces/kube-system/configmaps/kubeadm-config?timeout=2s": dial tcp 10.96.0.1:443: i/o timeout',
            )
            for n in range(8)
        ],
        file=f"{pods[1]}-previous.log",
    )
    story.texts["node-status.txt"] = node_status(
        [(at, "up", f"{now.year}-11-03", "Established") for name, at in hosts.items() if name != "infra-4"]
    )
    story.describe("infra-4", pods[1])
    story.cite("node-status.txt", "Established")
    return story


def operator_at_work(now: datetime) -> Incident:
    story = incident(
        "operator-log-full-of-conflicts", "no-problem-found",
        "The operator logs conflicts and a Degraded minute while it reconciles, as it does on each start; TigeraStatus is Available "
        "and every pod ready.",
        "https://github.com/projectcalico/calico/issues/10849", now, difficulty="medium", platform="other", calico="v3.30.2",
        kubernetes="v1.32.6", registry="quay.io/calico",
    )  # fmt: skip
    hosts = {f"talos-{n}": f"10.88.1.{10 + n}" for n in range(1, 5)}
    story.hosts(hosts, kernel="6.12.31-talos", os_image="Talos (v1.10.4)", runtime="containerd://2.0.5")
    pods = story.staff(hosts, started=7100, age=7100)
    story.typha("talos-2", "w5k8c")
    operator = story.other(
        "tigera-operator-747864d56d-rj4k9",
        "talos-3",
        namespace="tigera-operator",
        owner="ReplicaSet/tigera-operator-747864d56d",
        app="tigera-operator",
        image="quay.io/tigera/operator:v1.38.3",
        age=7300,
        restarts=1,
        last=("Error", 1, 7200),
    )
    log = [f"{story.stamp(7250)[:19].replace('-', '/')} [INFO] Version: v1.38.3"]
    for n in range(10):
        ago = 7150 - 12 * n
        log.append(
            f'{{"level":"info","ts":"{story.ago(ago)}","logger":"controller_installation","msg":"Reconciling Installation.operator.tigera.io","Request.Namespace":"","Request.Name":"default"}}'
        )
        if n in (1, 2, 5):
            log.append(
                f'{{"level":"error","ts":"{story.ago(ago)}","logger":"controller_ippool","msg":"Error creating / updating IPPools","reason":"ResourceUpdateError","error":"failed to get API group resources: unable to retrieve the complete list of server APIs: projectcalico.org/v3: the server is currently unable to handle the request","stacktrace":"github.com/tigera/operator/pkg/controller/status.(*statusManager).SetDegraded"}}'
            )
            log.append(
                f'{{"level":"error","ts":"{story.ago(ago - 1)}","msg":"Reconciler error","controller":"tigera-installation-controller","object":{{"name":"default"}},"namespace":"","name":"default","reconcileID":"6f0b{n}","error":"Operation cannot be fulfilled on installations.operator.tigera.io \\"default\\": the object has been modified; please apply your changes to the latest version and try again"}}'
            )
    log.append(
        f'{{"level":"info","ts":"{story.ago(6900)}","logger":"controller_installation","msg":"Installation is ready","Request.Name":"default"}}'
    )
    story.log(operator, log)
    story.texts["tigerastatus.txt"] = (
        "NAME        AVAILABLE   PROGRESSING   DEGRADED   SINCE\napiserver   True        False         False      114m\ncalico      True        False         False      115m\ngoldmane    True        False         False      115m\nippools     True        False         False      116m\nwhisker     True        False         False      114m\n"
    )
    story.log(
        pods[0], [*story.boot("talos-1", 7090, list(hosts.values())[1:]), *healthy(story, 7080), *story.quiet(1200, 10)]
    )
    story.describe("talos-1", pods[0])
    story.cite("tigerastatus.txt", "calico      True        False         False")
    return story


def bird_reconfigures(now: datetime) -> Incident:
    story = incident(
        "two-workers-added-bird-reconfigured", "no-problem-found",
        "Two workers joined an hour ago: BIRD was reconfigured, met unknown peers for some seconds and restarted gracefully; all "
        "sessions are up.",
        "https://github.com/projectcalico/calico/issues/1469 (status table)", now, difficulty="medium", platform="vpc", calico="v3.29.3",
    )  # fmt: skip
    nodes = story.workers([f"10.250.33.{n}" for n in (4, 5, 6)])
    new = story.workers(["10.250.33.9", "10.250.33.11"], age=3300, since=3100)
    pods = [*story.agents(nodes), *story.agents(new, age=3200, started=3160)]
    for name in pods[3:]:
        story.not_established(name, nodes, 3130, 3150, 2)
    for node in new:
        story.node_event(node, "InvalidDiskCapacity", "invalid capacity 0 on image filesystem", 3290)
        story.node_event(node, "Starting", "Starting kubelet.", 3290, type_="Normal")
    log = story.boot(nodes[0], 1_400_000, nodes[1:])[-9:]
    for node in new:
        session = f"Mesh_{node.replace('.', '_')}"
        log += [*[f"bird: BGP: Unexpected connect from unknown address {node} (port {port})" for port in (50819, 42379, 45285)],
                story.line(3140, "INFO", 60, "confd/resource.go 273:", "Target config /etc/calico/confd/config/bird.cfg has been updated due to change in key: /calico/bgp/v1/host"),
                *[f"bird: {text}" for text in ("Reconfiguration requested by SIGHUP", "Reconfiguring", "device1: Reconfigured", "direct1: Reconfigured", f"Adding protocol {session}", f"{session}: Initializing",
                  f"{session}: Starting", f"{session}: State changed to start", "Reconfigured", f"{session}: Connected to table master", f"{session}: State changed to feed", f"{session}: State changed to up")]]  # fmt: skip
    log += [f"bird: Mesh_{new[1].replace('.', '_')}: State changed to {s}" for s in ("start", "feed", "up")]
    story.log(pods[0], [*log, *story.quiet(1500, 15)])
    story.texts["node-status-10.250.33.4.txt"] = node_status(
        [(at, "up", "04:11:27", "Established") for at in [*nodes[1:], *new]]
    )
    story.describe(nodes[0])
    story.commands[f"describe-node-{new[1]}.txt"] = f"describe node {new[1]}"
    story.commands[f"describe-pod-{pods[4]}.txt"] = f"describe pod -n calico-system {pods[4]}"
    story.cite("node-status-10.250.33.4.txt", "Established")
    return story


def typha_was_rolled(now: datetime) -> Incident:
    story = incident(
        "typha-deployment-restarted-last-night", "no-problem-found",
        "Typha was restarted last night: each felix and confd ended with FATAL, came back in seconds and found a Typha at the first "
        "try.",
        "https://github.com/projectcalico/calico/blob/master/typha/pkg/syncclient/sync_client.go", now, difficulty="hard",
        platform="roks", calico="v3.27.3", kubernetes="v1.29.14+7cf4c05",
    )  # fmt: skip
    nodes = story.workers(
        [f"10.240.130.{n}" for n in (10, 11, 12, 17)],
        os_image="Red Hat Enterprise Linux 8.10 (Ootpa)",
        kernel="4.18.0-553.el8_10.x86_64",
        runtime="cri-o://1.29.13",
    )
    pods = story.agents(nodes)
    story.typha(nodes[1], "lm4x2", started=31_000)
    story.typha(nodes[2], "b8w6s", started=30_900)
    story.typha("", "q2p9d")
    log, at = [*story.boot(nodes[0], 1_400_000, nodes[1:])[-10:], *story.quiet(31_500, 31_100)], nodes[1]
    for n, process in enumerate(("felix", "confd", "status-reporter")):
        log.append(
            story.line(
                31_000,
                "ERROR",
                61 + n,
                f"{process}/sync_client.go 403:",
                f'Failed to read from server connection=&discovery.Typha{{Addr:"{at}:5473", IP:"{at}"}} error=EOF myID=0x1 type=""',
            )
        )
    log += [story.line(31_000, "WARNING", 61, "felix/daemon.go 734:", 'Felix is shutting down reason="Connection to Typha failed"'), story.line(31_000, "FATAL", 62, "confd/startsyncerclient.go 91:", "Connection to Typha failed"),
            story.line(30_998, "FATAL", 61, "felix/daemon.go 802:", 'Exiting. reason="Connection to Typha failed"'), story.line(30_997, "INFO", 5120, "felix/discovery.go 195:", "(Re)discovering Typha endpoints using the Kubernetes API..."),
            story.line(30_996, "INFO", 5120, "felix/daemon.go 553:", "Connected to Typha on attempt 1"), *healthy(story, 30_994, 5120), *story.quiet(30_900, 30_500, pid=5120), *story.quiet(1500, 15, pid=5120)]  # fmt: skip
    story.log(pods[0], wrapped(story, log, "stamps", pods[0]))
    story.describe(nodes[0])
    story.cite(f"{pods[0]}.log", "Connected to Typha on attempt 1")
    return story


def vxlan_without_bird(now: datetime) -> Incident:
    story = incident(
        "no-bird-at-all-vxlan-only", "no-problem-found",
        "The cluster uses VXLAN without BGP, so no BIRD, no bird.ctl and no peers are to be expected; felix is healthy everywhere.",
        "node/filesystem/etc/rc.local (CALICO_NETWORKING_BACKEND=vxlan)", now, difficulty="medium", platform="other", calico="v3.25.0",
        kubernetes="v1.26.3", namespace="kube-system", registry="docker.io/calico",
    )  # fmt: skip
    hosts = {f"mk8s-{n}": f"192.168.64.{n}" for n in (12, 13, 14)}
    story.hosts(hosts, kernel="5.15.0-69-generic")
    ready = {
        "readinessProbe": {
            "exec": {"command": ["/bin/calico-node", "-felix-ready"]},
            "timeoutSeconds": 10,
            "periodSeconds": 10,
            "failureThreshold": 3,
        }
    }
    env = {"env": [{"name": "CALICO_NETWORKING_BACKEND", "value": "vxlan"}, {"name": "CLUSTER_TYPE", "value": "k8s"}]}
    pods = story.staff(hosts, started=260_000, age=260_000, spec={**ready, **env})
    log = [
        line
        for line in story.boot("mk8s-12", 260_000, bird=False)
        if not line.startswith("bird:") and "confd/" not in line
    ]
    log.insert(12, "CALICO_NETWORKING_BACKEND is vxlan - no need to run a BGP daemon")
    log += [story.say(259_995, "INFO", 61, "felix", "vxlan_mgr.go 553:", "VXLAN tunnel device thread started. ipVersion=0x4 mtu=1450"), story.say(259_994, "WARNING", 61, "felix", "vxlan_mgr.go 579:", "Failed to find VXLAN tunnel device parent, retrying... error=local VTEP not yet known ipVersion=0x4"),
            story.say(259_994, "INFO", 61, "felix", "int_dataplane.go 2154:", 'attempted to modprobe nf_conntrack_proto_sctp error=exit status 1 output=""'), *healthy(story, 259_990), *story.quiet(1500, 15)]  # fmt: skip
    story.log(pods[0], log)
    story.texts["calicoctl-node-status.txt"] = (
        "Calico process is running.\n\nThe BGP backend process (BIRD) is not running.\n"
    )
    story.describe("mk8s-12", pods[0])
    story.cite(f"{pods[0]}.log", "Overall health status changed: live=true ready=true")
    return story


def windows_beside_linux(now: datetime) -> Incident:
    story = incident(
        "windows-hosts-have-another-daemonset", "no-problem-found",
        "Two Windows hosts run calico-node-windows, not calico-node; the daemonset of the Linux hosts is complete and both kinds "
        "report healthy.",
        "https://github.com/projectcalico/calico/issues/8397", now, difficulty="hard", platform="other", calico="v3.27.0",
        kubernetes="v1.28.5", registry="docker.io/calico",
    )  # fmt: skip
    linux, windows = (
        {f"lin-{n}": f"10.55.0.{10 + n}" for n in (1, 2, 3)},
        {f"win-{n}": f"10.55.0.{20 + n}" for n in (1, 2)},
    )
    story.hosts(linux, kernel="5.15.0-1053-azure")
    story.hosts(
        windows,
        kernel="10.0.17763.5329",
        os_image="Windows Server 2019 Datacenter",
        labels={"kubernetes.io/os": "windows"},
        taints=[("os", "NoSchedule")],
    )
    for node in story.objects["Node"][3:]:
        node["status"]["nodeInfo"]["operatingSystem"] = "windows"
        node["status"]["conditions"] = [
            item for item in node["status"]["conditions"] if item["type"] != "NetworkUnavailable"
        ]
    pods = story.staff(linux)
    for i, host in enumerate(windows):
        story.other(
            f"calico-node-windows-{'gh'[i]}9w2k",
            host,
            namespace="calico-system",
            owner="DaemonSet/calico-node-windows",
            app="calico-node-windows",
            image="docker.io/calico/node-windows:v3.27.0",
            started=20_000,
            age=20_100,
        )
    story.add("DaemonSet", daemonset(story, "calico-node", "calico-system", 3, 3))
    story.add("DaemonSet", daemonset(story, "calico-node-windows", "calico-system", 2, 2))
    story.objects["DaemonSet"][1]["spec"]["template"]["spec"]["nodeSelector"] = {"kubernetes.io/os": "windows"}
    name = "calico-node-windows-g9w2k"
    log = [story.line(19_990, "INFO", 9524, "startup/startup.go 431:", "Early log level set to info"), story.line(19_989, "INFO", 9524, "startup/startup.go 106:", "Skipping datastore connection test"),
           story.line(19_988, "INFO", 9524, "startup/startup_windows.go 57:", "Backend networking is vxlan, ensure vxlan network."),
           story.line(19_960, "WARNING", 9610, "felix/endpoint_mgr.go 350:", 'Failed to look up HNS endpoint for workload id=proto.WorkloadEndpointID{OrchestratorId:"k8s", WorkloadId:"web/iis-859987cb67-bgtsr", EndpointId:"eth0"}'),
           story.line(19_960, "WARNING", 9610, "felix/endpoint_mgr.go 440:", "Failed to look up one or more HNS endpoints; will schedule a retry"),
           story.line(19_950, "INFO", 9610, "felix/vxlan_mgr.go 240:", "All VXLAN route updates succeeded."), story.line(19_949, "INFO", 9610, "felix/win_dataplane.go 320:", "Completed first update to dataplane. secsSinceStart=0.1810859"),
           *healthy(story, 19_945, 9610)]  # fmt: skip
    story.log(name, log)
    story.log(pods[0], [*story.boot("lin-1", 1_500_000, bird=False)[-5:], *story.quiet(1500, 15)])
    story.commands = {
        "nodes.txt": "get nodes -o wide",
        "pods.txt": "get pods -A -o wide",
        "ds.txt": "get ds -A",
        "describe-win.txt": f"describe pod -n calico-system {name}",
        "describe-node-win-1.txt": "describe node win-1",
        f"describe-{pods[0]}.txt": f"describe pod -n calico-system {pods[0]}",
    }
    story.cite("ds.txt", "calico-node-windows")
    return story


def ebpf_replaces_kube_proxy(now: datetime) -> Incident:
    story = incident(
        "ebpf-mode-noisy-start-all-ready", "no-problem-found",
        "The eBPF dataplane makes noise when it starts (nothing to clean up, no old programs, a resync or two) and there is no "
        "kube-proxy by design; felix is ready on every host.",
        "felix/dataplane/linux/bpf_ep_mgr.go", now, difficulty="medium", platform="other", calico="v3.29.2", kubernetes="v1.31.5",
        registry="quay.io/calico",
    )  # fmt: skip
    hosts = {f"ebpf-{n}": f"10.211.8.{30 + n}" for n in range(1, 5)}
    story.hosts(hosts, kernel="6.8.0-51-generic", os_image="Ubuntu 24.04.1 LTS")
    pods = story.staff(hosts, started=3200, age=3200)
    log = story.boot("ebpf-1", 3200, list(hosts.values())[1:])
    log += [story.line(3196, "INFO", 61, "felix/cleanup.go 37:", "Failed to list BPF maps, assuming there's nothing to clean up. error=exit status 255"),
            story.line(3196, "INFO", 61, "felix/int_dataplane.go 735:", "BPF enabled, starting BPF endpoint manager and map manager."), story.line(3195, "INFO", 61, "felix/connecttime.go 57:", 'Failed to list BPF programs.  Assuming not supported/nothing to clean up. error=exit status 255 output="[]\\n"'),
            "libbpf: Kernel error message: Exclusivity flag on, cannot modify", story.line(3194, "WARNING", 61, "felix/bpf_ep_mgr.go 3206:", "Host endpoint configured for ifaceName=bond1, but that doesn't match BPFDataIfacePattern; ignoring"),
            *healthy(story, 3190), *story.quiet(1500, 15)]  # fmt: skip
    story.log(pods[0], log)
    story.pod_event(pods[0], "Unhealthy", f"Readiness probe failed: {SOCKET}", 3180, 3196, 2)
    story.texts["kube-proxy.txt"] = 'Error from server (NotFound): daemonsets.apps "kube-proxy" not found\n'
    story.describe("ebpf-1", pods[0])
    story.cite(f"{pods[0]}.log", "Overall health status changed: live=true ready=true")
    return story


def two_workers_removed(now: datetime) -> Incident:
    story = incident(
        "pool-scaled-down-peers-removed", "no-problem-found",
        "A pool was scaled down: BIRD loses and then removes the two peers, one calico-node complained for a minute before Calico's "
        "node objects were gone; the four workers that remain are ready and peer with each other.",
        "https://docs.tigera.io/calico/latest/operations/decommissioning-a-node", now, difficulty="medium", platform="vpc",
        calico="v3.28.2",
    )  # fmt: skip
    nodes, gone = story.workers([f"10.246.90.{n}" for n in (4, 5, 6, 7)]), ["10.246.90.12", "10.246.90.13"]
    pods = story.agents(nodes)
    story.recreated(pods[3], gone, 3000, 3)
    log = story.boot(nodes[0], 86_400, [*nodes[1:], *gone])
    for at in gone:
        session = f"Mesh_{at.replace('.', '_')}"
        log += [
            f"bird: {session}: {text}"
            for text in (
                "Error: Hold timer expired",
                "State changed to stop",
                "State changed to down",
                "Starting",
                "State changed to start",
            )
        ]
    log.append(
        story.say(
            2960,
            "INFO",
            60,
            "confd",
            "resource.go 273:",
            "Target config /etc/calico/confd/config/bird.cfg has been updated due to change in key: /calico/bgp/v1/host",
        )
    )
    log += [
        f"bird: {text}"
        for at in gone
        for name in (f"Mesh_{at.replace('.', '_')}",)
        for text in (
            "Reconfiguration requested by SIGHUP",
            "Reconfiguring",
            f"Removing protocol {name}",
            f"{name}: Shutting down",
            f"{name}: State changed to down",
            "Reconfigured",
        )
    ]
    story.log(pods[0], [*log, *story.quiet(1500, 20)])
    story.texts["status.txt"] = node_status([(at, "up", "04:02:11", "Established") for at in nodes[1:]])
    story.describe(nodes[0])
    story.commands[f"describe-pod-{pods[3]}.txt"] = f"describe pod -n calico-system {pods[3]}"
    story.cite("status.txt", "Established")
    return story


def watches_renewed(now: datetime) -> Incident:
    story = incident(
        "watches-expire-and-are-renewed",
        "no-problem-found",
        "Felix and kube-controllers lose their watches every quarter of an hour (too old resource version, connection reset once) and list anew at once; everything is ready, the customer's own pod panics by itself.",
        "https://github.com/projectcalico/calico/blob/master/libcalico-go/lib/backend/watchersyncer/watchercache.go (resync)",
        now,
        difficulty="hard",
        platform="classic",
        calico="v3.27.5",
        kubernetes="v1.29.14+IKS",
    )
    nodes = story.workers([f"10.138.4.{n}" for n in (101, 105, 110, 118)])
    pods = story.agents(nodes)
    app = story.other(
        "billing-6f9c8d7b5-2kxz9",
        nodes[2],
        "172.30.90.14",
        namespace="fin",
        owner="ReplicaSet/billing-6f9c8d7b5",
        ready=False,
        restarts=54,
        waiting="CrashLoopBackOff",
        last=("Error", 2, 130),
    )
    story.pod_event(
        app, "BackOff", "Back-off restarting failed container billing in pod", 22, 20_000, 1200, namespace="fin"
    )
    story.log(
        app,
        [
            "panic: runtime error: invalid memory address or nil pointer dereference",
            "[signal SIGSEGV: segmentation violation code=0x1 addr=0x28 pc=0x6a1b2c]",
            "",
            "goroutine 1 [running]:",
            "main.(*Ledger).Open(0x0)",
            "\t/src/billing/ledger.go:88 +0x2c",
        ],
    )
    log = [*story.boot(nodes[2], 1_300_000, [n for n in nodes if n != nodes[2]])[-10:], *healthy(story, 1_299_990)]
    for n in range(5):
        ago = 4500 - 900 * n
        log += [
            *story.quiet(ago + 300, ago + 60),
            story.say(
                ago,
                "INFO",
                61,
                "felix",
                "watchercache.go 125:",
                f'Watch error received from Upstream ListRoot="/calico/resources/v3/projectcalico.org/{("ippools", "globalnetworkpolicies", "felixconfigurations")[n % 3]}" error=too old resource version: {88121100 + n} ({88129000 + 7 * n})',
            ),
            story.say(
                ago - 0.4,
                "INFO",
                61,
                "felix",
                "watchercache.go 181:",
                f'Full resync is required ListRoot="/calico/resources/v3/projectcalico.org/{("ippools", "globalnetworkpolicies", "felixconfigurations")[n % 3]}"',
            ),
        ]
    story.log(pods[2], [*log, *story.quiet(800, 12)])
    story.describe(nodes[2])
    story.commands["describe-billing.txt"] = f"describe pod -n fin {app}"
    story.cite(f"{pods[2]}.log", "Overall health status changed: live=true ready=true")
    return story


def route_reflectors(now: datetime) -> Incident:
    story = incident(
        "mesh-off-two-route-reflectors",
        "no-problem-found",
        "The cluster uses two route reflectors instead of the mesh: workers have two peers only, and one reflector was rebooted yesterday, which BIRD's log tells; both sessions are Established.",
        "https://docs.tigera.io/calico/latest/networking/configuring/bgp (route reflectors)",
        now,
        difficulty="medium",
        platform="other",
        calico="v3.25.2",
        kubernetes="v1.26.15",
        namespace="kube-system",
        registry="quay.io/calico",
    )
    reflectors = {"rr-1": "10.9.0.11", "rr-2": "10.9.0.12"}
    hosts = {f"wk-{n:02}": f"10.9.1.{20 + n}" for n in range(1, 7)}
    story.hosts(reflectors, labels={"route-reflector": "true"})
    story.hosts(hosts)
    story.staff({"rr-1": reflectors["rr-1"]})
    story.staff({"rr-2": reflectors["rr-2"]}, restarts=1, started=80_000, last=("Unknown", 255, 80_060))
    pods = story.staff(hosts)
    log = story.boot("wk-03", 1_300_000, bird=False)
    for at in reflectors.values():
        log += [
            f"bird: Node_{at.replace('.', '_')}: {t}"
            for t in (
                "Initializing",
                "Starting",
                "State changed to start",
                "Connected to table master",
                "State changed to feed",
                "State changed to up",
            )
        ]
    log += [
        f"bird: Node_10_9_0_12: {t}"
        for t in (
            "Error: Hold timer expired",
            "State changed to stop",
            "State changed to down",
            "Starting",
            "State changed to start",
            "Connected to table master",
            "State changed to feed",
            "State changed to up",
        )
    ]
    story.log(pods[2], [*log, *healthy(story, 79_000), *story.quiet(1500, 10)])
    story.texts["calicoctl-node-status-wk-03.txt"] = node_status(
        [
            (reflectors["rr-1"], "up", "2026-11-08", "Established"),
            (reflectors["rr-2"], "up", "2026-11-22", "Established"),
        ],
        kind="node specific",
    )
    story.texts["bgpconfiguration.yaml"] = (
        "apiVersion: projectcalico.org/v3\nkind: BGPConfiguration\nmetadata:\n  name: default\nspec:\n  asNumber: 64512\n  logSeverityScreen: Info\n  nodeToNodeMeshEnabled: false\n---\napiVersion: projectcalico.org/v3\nkind: BGPPeer\nmetadata:\n  name: peer-with-route-reflectors\nspec:\n  nodeSelector: all()\n  peerSelector: route-reflector == 'true'\n"
    )
    story.describe("wk-03", pods[2])
    story.cite("calicoctl-node-status-wk-03.txt", "Established")
    return story


def plain_healthy(now: datetime) -> Incident:
    story = incident(
        "three-workers-sent-as-a-precaution",
        "no-problem-found",
        "A precaution before an upgrade: describes of all pods and nodes and full logs; all calm and ready, no event worth a word.",
        "runbook: the files to collect",
        now,
        difficulty="easy",
        platform="vpc",
        calico="v3.29.3",
        kubernetes="v1.31.9+IKS",
    )
    nodes = story.workers([f"10.243.128.{n}" for n in (4, 5, 6)])
    pods = story.agents(nodes)
    story.typha(nodes[0], "x2m9k")
    story.typha(nodes[2], "p7z4w")
    for node, name in zip(nodes, pods, strict=True):
        story.describe(node)
        story.log(
            name,
            [
                *story.boot(node, 86_400, [n for n in nodes if n != node]),
                *healthy(story, 86_390),
                *story.quiet(1800, 12),
            ],
        )
    story.add("DaemonSet", daemonset(story, "calico-node", "calico-system", 3, 3))
    story.objects["DaemonSet"][0]["spec"]["template"]["spec"]["containers"][0]["image"] = (
        "icr.io/ext/calico/node:v3.29.3"
    )
    story.commands |= {"ds.txt": "get ds -A", "describe-ds.txt": "describe ds -n calico-system calico-node"}
    story.cite(f"{pods[0]}.log", "Overall health status changed: live=true ready=true")
    return story


def others_evicted(now: datetime) -> Incident:
    story = incident(
        "leftovers-of-evictions-and-finished-jobs",
        "no-problem-found",
        "The lists are full of Evicted, Completed and Error pods of the customer's jobs from last week and one image that cannot be pulled; calico's pods, nodes and sessions have had nothing for weeks.",
        "kubernetes pkg/controller/podgc (evicted and finished pods stay)",
        now,
        difficulty="easy",
        platform="roks",
        calico="v3.27.4",
        kubernetes="v1.29.11+ef2a55c",
    )
    nodes = story.workers(
        [f"10.189.90.{n}" for n in (4, 8, 13, 14)],
        os_image="Red Hat Enterprise Linux 8.10 (Ootpa)",
        runtime="cri-o://1.29.11",
    )
    pods = story.agents(nodes)
    for i in range(5):
        story.other(
            f"report-2936{i}-x{i}k9z",
            nodes[i % 4],
            f"172.30.1{i}.9",
            namespace="reports",
            owner=f"Job/report-2936{i}",
            ready=False,
            phase="Failed" if i % 2 else "Succeeded",
            age=600_000 - 1000 * i,
        )
        state = {
            "exitCode": i % 2,
            "reason": "Error" if i % 2 else "Completed",
            "startedAt": story.ago(600_000),
            "finishedAt": story.ago(599_000),
        }
        story.objects["Pod"][-1]["status"]["containerStatuses"][0]["state"] = {"terminated": state}
    for i in range(3):
        story.other(
            f"etl-7c9d8b6f5-ev{i}zz",
            nodes[1],
            namespace="reports",
            owner="ReplicaSet/etl-7c9d8b6f5",
            ready=False,
            phase="Failed",
            age=700_000,
        )
        story.objects["Pod"][-1]["status"] |= {
            "reason": "Evicted",
            "message": "Pod ephemeral local storage usage exceeds the total limit of containers 1Gi. ",
            "containerStatuses": [],
        }
    bad = story.other(
        "preview-5b7f9c8d6-q2k9x",
        nodes[3],
        "172.30.40.4",
        namespace="web",
        owner="ReplicaSet/preview-5b7f9c8d6",
        ready=False,
        phase="Pending",
        waiting="ImagePullBackOff",
        message='Back-off pulling image "registry.example.com/preview:feature-x"',
        age=9000,
    )
    story.pod_event(
        bad,
        "Failed",
        'Failed to pull image "registry.example.com/preview:feature-x": reading manifest feature-x in registry.example.com/preview: manifest unknown',
        60,
        8900,
        40,
        namespace="web",
    )
    story.log(
        pods[1],
        [
            *story.boot(nodes[1], 1_300_000, [n for n in nodes if n != nodes[1]])[-10:],
            *healthy(story, 1_299_990),
            *story.quiet(1500, 10),
        ],
    )
    story.describe(nodes[1])
    story.texts["calicoctl-node-status.txt"] = node_status(
        [(n, "up", "2026-11-08", "Established") for n in nodes if n != nodes[1]]
    )
    story.events()
    story.cite("calicoctl-node-status.txt", "Established")
    return story


STORIES = [
    after_a_rolling_update,
    drained_and_rebooted,
    operator_at_work,
    two_workers_removed,
    twenty_days_old,
    typha_was_rolled,
    bird_reconfigures,
    ebpf_replaces_kube_proxy,
    vxlan_without_bird,
    master_was_upgraded,
    windows_beside_linux,
    watches_renewed,
    route_reflectors,
    plain_healthy,
    others_evicted,
]
