"""no-problem-found: told without having seen the rules."""

from __future__ import annotations

from datetime import datetime

from cluster import container
from telling import FELIX_503, SOCKET, Incident, incident, node_status, protocols

CAUSE = "no-problem-found"


def replaced_workers_and_a_worried_reader(now: datetime) -> Incident:
    story = incident(
        "worker-replaced-log-read-for-the-first-time",
        CAUSE,
        "One worker was replaced two hours ago; the ticket quotes 'Unable to open configuration file', 'Failed to stat() nodename file', NotReady and lost sessions of its first and the old worker's last minute. Every pod is ready and every session established since.",
        "https://github.com/projectcalico/calico/issues/6860",
        now,
        platform="vpc",
        calico="v3.29.2",
        kubernetes="v1.31.7+IKS",
        difficulty="medium",
    )
    nodes = story.workers([f"10.250.10.{n}" for n in (4, 6, 7)])
    new = story.workers(["10.250.10.15"], age=7300, since=7150)[0]
    gone = "10.250.10.5"
    story.agents(nodes, started=1_200_000)
    name = story.agents([new], age=7280, started=7200)[0]
    story.typha(nodes[0])
    story.typha(nodes[2], "4xk9d")
    for reason, text, at in (
        ("Starting", "Starting kubelet.", 7300),
        ("InvalidDiskCapacity", "invalid capacity 0 on image filesystem", 7300),
        ("NodeHasSufficientMemory", f"Node {new} status is now: NodeHasSufficientMemory", 7298),
        ("NodeReady", f"Node {new} status is now: NodeReady", 7150),
    ):
        story.node_event(new, reason, text, at, type_="Warning" if reason == "InvalidDiskCapacity" else "Normal")
    story.pod_event(
        name,
        "FailedMount",
        'MountVolume.SetUp failed for volume "node-certs" : failed to sync secret cache: timed out waiting for the condition',
        7278,
        7279,
        2,
    )
    story.probe(
        name,
        "BIRD is not ready: Failed to stat() nodename file: stat /var/lib/calico/nodename: no such file or directory",
        7195,
        7199,
        2,
    )
    story.probe(name, SOCKET, 7190, 7190)
    story.probe(name, FELIX_503, 7185, 7185)
    story.not_established(name, [gone], 7170, 7180, 2, established=3)
    log = story.boot(new, 7200, [*nodes, gone], up=nodes)
    log += [
        story.say(
            7120,
            "INFO",
            60,
            "confd",
            "resource.go 289:",
            "Target config /etc/calico/confd/config/bird.cfg has been updated due to change in key: /calico/bgp/v1/host",
        ),
        "bird: Reconfiguration requested by SIGHUP",
        "bird: Reconfiguring",
        "bird: Removing protocol Mesh_10_250_10_5",
        "bird: Mesh_10_250_10_5: Shutting down",
        "bird: Mesh_10_250_10_5: State changed to down",
        "bird: Reconfigured",
        story.say(7100, "INFO", 61, "felix", "health.go 336:", "Overall health status changed: live=true ready=true"),
        *story.quiet(4000, 10, 240),
    ]
    story.log(name, log)
    log = [
        *story.quiet(8000, 7500, 200),
        *[
            f"bird: Mesh_10_250_10_5: {x}"
            for x in (
                "Received: Administrative shutdown",
                "State changed to stop",
                "State changed to down",
                "Starting",
                "State changed to start",
            )
        ],
        "bird: Mesh_10_250_10_15: Initializing",
        "bird: Mesh_10_250_10_15: Starting",
        *[f"bird: Mesh_10_250_10_15: State changed to {x}" for x in ("start", "feed", "up")],
        *story.quiet(6900, 10, 600),
    ]
    story.log(story.pods[nodes[1]], log)
    story.texts["status-10.250.10.15.txt"] = node_status([(n, "up", "15:04:31", "Established") for n in nodes])
    story.describe(new, name)
    story.commands[f"describe-pod-{story.pods[nodes[1]]}.txt"] = f"describe pod -n calico-system {story.pods[nodes[1]]}"
    story.cite("status-10.250.10.15.txt", "Established")
    return story


def update_finished_yesterday(now: datetime) -> Incident:
    story = incident(
        "cluster-update-of-yesterday-left-its-traces",
        CAUSE,
        "ROKS: all workers were replaced one after another yesterday. Restarts, last states, FATAL lines of an orderly stop, Typha reconnects and a Pending spare Typha are from then; since eighteen hours nothing, all pods are ready, the operators Available.",
        "https://github.com/projectcalico/calico/blob/v3.29.3/typha/pkg/k8s/lookup.go (rebalancing of connections)",
        now,
        platform="roks",
        calico="v3.28.5",
        kubernetes="v1.30.12",
        difficulty="hard",
    )
    rhel = {
        "os_image": "Red Hat Enterprise Linux 9.4 (Plow)",
        "kernel": "5.14.0-427.68.2.el9_4.x86_64",
        "runtime": "cri-o://1.30.12",
    }
    nodes = [f"10.184.77.{n}" for n in (12, 13, 20, 21)]
    for i, node in enumerate(nodes):
        story.workers([node], age=76_000 - 2500 * i, since=75_600 - 2500 * i, **rhel)
        story.agents(
            [node], age=75_900 - 2500 * i, started=75_000 - 2500 * i, restarts=1, last=("Error", 1, 75_040 - 2500 * i)
        )
    story.typha(nodes[0])
    story.typha(nodes[2], "z7w4q")
    story.typha("", "k5t9b", ready=False)
    for pod in story.objects["Pod"][-3:]:
        pod["metadata"]["creationTimestamp"] = pod["status"]["startTime"] = story.ago(70_000)
        for status in pod["status"]["containerStatuses"]:
            status["state"] = {"running": {"startedAt": story.ago(69_990)}}
    story.pod_event(
        "calico-typha-5c9d8f7b6-k5t9b",
        "FailedScheduling",
        "0/4 nodes are available: 2 node(s) didn't have free ports for the requested pod ports, 2 node(s) had untolerated taint {dedicated: edge}. preemption: not eligible due to preemptionPolicy=Never.",
        66_000,
        66_500,
        4,
        source="default-scheduler",
    )
    me = nodes[1]
    name = story.pods[me]
    began = 72_500
    story.log(
        "x",
        [
            story.say(
                began + 60,
                "ERROR",
                61,
                "felix",
                "sync_client.go 258:",
                f'Failed to connect to typha endpoint {nodes[0]}:5473.  Will try other endpoints if available. error=dial tcp {nodes[0]}:5473: connect: connection refused myID=0x0 type="felix"',
            ),
            story.say(
                began + 50,
                "FATAL",
                61,
                "felix",
                "daemon.go 811:",
                'Exiting immediately reason="Received OS signal terminated"',
            ),
        ],
        f"{name}-previous.log",
    )
    log = [
        *story.boot(me, began, [n for n in nodes if n != me], up=[nodes[0]]),
        story.say(
            began - 6, "INFO", 61, "felix", "health.go 336:", "Overall health status changed: live=true ready=true"
        ),
    ]
    for peer in nodes[2:]:
        log += [
            f"bird: Mesh_{peer.replace('.', '_')}: {x}"
            for x in (
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
    log += [
        story.say(
            66_900,
            "WARNING",
            62,
            "confd",
            "sync_client.go 172:",
            f"read tcp {me}:41822->{nodes[0]}:5473: read: connection reset by peer",
        ),
        story.say(
            66_899,
            "INFO",
            62,
            "confd",
            "sync_client.go 208:",
            f'Successfully connected to Typha at {nodes[2]}:5473 after 4.1ms. myID=0x2 type="bgp"',
        ),
        "bird: Graceful restart done",
        story.say(
            40_000, "INFO", 61, "felix", "sync_client.go 281:", "Received sync status message from Typha: in-sync"
        ),
        *story.quiet(3600, 10, 200),
    ]
    story.log(name, log)
    story.texts["oc-get-tigerastatus.txt"] = (
        "NAME      AVAILABLE   PROGRESSING   DEGRADED   SINCE\ncalico    True        False         False      18h\nippools   True        False         False      19d\n"
    )
    story.texts["node-status.txt"] = node_status([(n, "up", "2026-11-22", "Established") for n in nodes if n != me])
    story.describe(me)
    story.cite("oc-get-tigerastatus.txt", "calico    True        False         False")
    return story


def iks_lists_and_one_old_complaint(now: datetime) -> Incident:
    story = incident(
        "one-old-probe-failure-and-a-customer-pod-in-trouble",
        CAUSE,
        "The ticket blames the network for a customer's pod that ends with its own error (a wrong password of its database). calico-node had two missed readiness probes at its start an hour ago, all sessions are up, the pod itself has its address and reaches the database's port.",
        "https://github.com/projectcalico/calico/issues/2834 (transient)",
        now,
        platform="classic",
        calico="v3.27.5",
        kubernetes="v1.29.14+IKS",
        difficulty="easy",
    )
    nodes = story.workers([f"10.65.180.{n}" for n in (131, 140, 152)])
    story.agents(nodes[:2], started=1_000_000)
    name = story.agents([nodes[2]], age=3700, started=3680)[0]
    story.typha(nodes[0])
    story.probe(name, SOCKET, 3672, 3675)
    story.not_established(name, nodes[:2], 3660, 3660, 1)
    app = story.other(
        "ledger-0",
        nodes[2],
        "172.30.14.201",
        "books",
        "StatefulSet/ledger",
        app="ledger",
        ready=False,
        restarts=14,
        waiting="CrashLoopBackOff",
        last=("Error", 1, 190),
        age=3300,
    )
    story.pod_event(
        app,
        "BackOff",
        "Back-off restarting failed container ledger in pod ledger-0_books(51ac)",
        11,
        3200,
        220,
        namespace="books",
    )
    story.log(
        app,
        [
            "connecting to ledger-db.books.svc:5432 ...",
            "connected, authenticating as ledger",
            'FATAL: password authentication failed for user "ledger"',
            "giving up",
        ],
        "ledger-0.log",
    )
    story.log(
        name,
        [
            *story.boot(nodes[2], 3680, nodes[:2]),
            story.say(
                3670, "INFO", 61, "felix", "health.go 336:", "Overall health status changed: live=true ready=true"
            ),
            *story.quiet(3500, 10, 200),
        ],
    )
    story.texts["calicoctl-node-status.txt"] = node_status([(n, "up", "16:20:11", "Established") for n in nodes[:2]])
    story.describe(nodes[2], name)
    story.commands["describe-ledger-0.txt"] = f"describe pod -n books {app}"
    story.cite("calicoctl-node-status.txt", "Established")
    return story


def log_full_of_harmless_warnings(now: datetime) -> Incident:
    story = incident(
        "warnings-of-a-busy-but-healthy-log",
        CAUSE,
        "A classic cluster whose log was sent because it holds WARNING and ERROR: retries that succeed, flapping pod interfaces, conntrack entries already gone, one typha reconnect, strange next hops. All pods are 1/1 for weeks, every session is established.",
        "calico-messages.yaml, entries of role benign",
        now,
        platform="classic",
        calico="v3.29.5",
        kubernetes="v1.31.10+IKS",
        difficulty="medium",
    )
    nodes = story.workers([f"10.138.92.{n}" for n in (19, 27, 30, 44, 51)])
    story.agents(nodes, started=2_100_000, age=2_100_300)
    story.typha(nodes[1], started=2_100_000)
    story.typha(nodes[3], "v8qkd", started=2_100_000)
    me = nodes[2]
    name = story.pods[me]
    log = story.quiet(5400, 4800, 64)
    iface = "cali9c1f2e07ab4"
    log += [
        story.say(4780, "INFO", 61, "felix", "int_dataplane.go 1954:", f'Linux interface state changed. ifIndex=412 ifaceName="{iface}" state="up"'),
        story.say(4779.9, "WARNING", 61, "felix", "route_table.go 857:", f'First attempt at updating routing table failed.  Retrying... error=some interfaces flapped during route update: [{iface}] ifaceRegex="^cali.*" ipVersion=0x4 tableIndex=254'),
        story.say(4779.8, "INFO", 61, "felix", "endpoint_mgr.go 1434:", f'Skipping configuration of interface because it is oper down. ifaceName="{iface}"'),
        story.say(4779.2, "INFO", 61, "felix", "endpoint_mgr.go 1339:", f'Applying /proc/sys configuration to interface. ifaceName="{iface}"'),
        *story.quiet(4700, 3700, 66),
        story.say(3650, "WARNING", 61, "felix", "table.go 713:", 'Detected out-of-sync inserts, marking for resync actualRuleIDs=[]string{"", "", "tVnHkvAo15HuiPy0"} chainName="FORWARD" expectedRuleIDs=[]string{"tVnHkvAo15HuiPy0", "", ""} ipVersion=0x4 table="filter"'),
        story.say(3649.9, "WARNING", 61, "felix", "table.go 1082:", 'Failed to program iptables, will retry error=exit status 1 ipVersion=0x4 table="filter"'),
        story.say(3649.8, "WARNING", 61, "felix", "table.go 1101:", 'Succeeded after retry. ipVersion=0x4 table="filter"'),
        *story.quiet(3600, 2900, 65),
        story.say(2850, "ERROR", 61, "felix", "conntrack.go 116:", 'Failed to remove conntrack flows after retries. direction="--orig-src" error=exit status 1 ip=172.30.201.88 output="conntrack v1.4.4 (conntrack-tools): Operation failed: such conntrack doesn\'t exist\\n"'),
        "bird: KRT: Received route 172.30.201.88/32 with unknown ifindex 398",
        "bird: Kernel dropped some netlink messages, will resync on next scan.",
        *story.quiet(2800, 2000, 63),
        story.say(1990, "WARNING", 62, "confd", "sync_client.go 417:", f'Failed to read from server connID=0x0 connection=&discovery.Typha{{Addr:"{nodes[1]}:5473", IP:"{nodes[1]}", NodeName:(*string)(nil)}} error=EOF type=""'),
        story.say(1989, "INFO", 62, "confd", "sync_client.go 208:", f'Successfully connected to Typha at {nodes[3]}:5473 after 3.9ms. myID=0x2 type="bgp"'),
        story.say(1988.9, "INFO", 62, "confd", "sync_client.go 281:", "Received sync status message from Typha: in-sync"),
        *story.quiet(1900, 10, 62),
    ]  # fmt: skip
    story.log(name, log)
    story.texts["birdcl-show-protocols-10.138.92.30.txt"] = protocols(
        [(n, "up", "2026-10-29", "Established") for n in nodes if n != me], since="2026-10-29", routes="up"
    )
    story.describe(me)
    story.cite("birdcl-show-protocols-10.138.92.30.txt", "Established")
    return story


def one_reboot_in_the_night(now: datetime) -> Incident:
    story = incident(
        "worker-was-rebooted-on-purpose-last-night",
        CAUSE,
        "On-premises operator install: one host was rebooted at night for a kernel update. Its pods show 'Unknown, exit code 255' once, the events of its start-up (socket, 503, graceful restart, NodeNotReady) are all hours old; since then 1/1 everywhere and all peers established.",
        "calico-messages.yaml and iks-roks-facts.md (start-up noise after a reboot)",
        now,
        platform="other",
        calico="v3.30.2",
        kubernetes="v1.33.3",
        registry="quay.io/calico",
        difficulty="easy",
    )
    hosts = {f"edge-a{n}": f"192.168.77.{20 + n}" for n in (1, 2, 3, 4)}
    me = "edge-a3"
    story.hosts({k: v for k, v in hosts.items() if k != me}, os_image="Rocky Linux 9.6 (Blue Onyx)", kernel="5.14.0-570.22.1.el9_6.x86_64", runtime="containerd://2.1.3")  # fmt: skip
    story.hosts({me: hosts[me]}, since=30_700, os_image="Rocky Linux 9.6 (Blue Onyx)", kernel="5.14.0-570.32.1.el9_6.x86_64", runtime="containerd://2.1.3")  # fmt: skip
    story.staff({k: v for k, v in hosts.items() if k != me}, started=1_600_000)
    name = story.staff({me: hosts[me]}, restarts=1, started=30_780, last=("Unknown", 255, 30_900), init=[
        container(story, "flexvol-driver", "quay.io/calico/pod2daemon-flexvol:v3.30.2", done=True, started=30_800),
        container(story, "install-cni", "quay.io/calico/cni:v3.30.2", done=True, started=30_790),
    ])[0]  # fmt: skip
    story.typha("edge-a1", started=1_600_000)
    story.typha("edge-a2", "9x4lm", started=1_600_000)
    story.node_event(me, "Starting", "Starting kubelet.", 30_830, type_="Normal")
    story.node_event(me, "InvalidDiskCapacity", "invalid capacity 0 on image filesystem", 30_830)
    story.node_event(
        me, "Rebooted", f"Node {me} has been rebooted, boot id: 5b7e6e0c-0d54-4f1e-9a53-51b0c5d7b1c2", 30_828
    )
    story.node_event(me, "NodeNotReady", f"Node {me} status is now: NodeNotReady", 30_827, type_="Normal")
    story.node_event(me, "NodeReady", f"Node {me} status is now: NodeReady", 30_700, type_="Normal")
    story.probe(name, SOCKET, 30_770, 30_772, 2)
    story.probe(name, FELIX_503, 30_766, 30_766)
    story.probe(name, "BIRD is not ready: graceful restart in progress", 30_740, 30_760, 3)
    story.events()
    peers = [a for n, a in hosts.items() if n != me]
    log = [
        f"W{story.klog(30_781)}       9 client_config.go:667] Neither --kubeconfig nor --master was specified.  Using the inClusterConfig.  This might not work.",
        *story.boot(me, 30_780, peers, prefix=24, interface="bond0"),
        story.say(30_770, "WARNING", 61, "felix", "int_dataplane.go 775:", "could not determine default rp_filter setting, defaulting to strict error=open /proc/sys/net/ipv4/conf/default/rp_filter: no such file or directory"),
        story.say(30_768, "INFO", 61, "felix", "health.go 336:", "Overall health status changed: live=true ready=true"),
        story.say(22_100, "INFO", 61, "felix", "sync_client.go 281:", "Received sync status message from Typha: in-sync"),
        *story.quiet(3000, 10, 130),
    ]  # fmt: skip
    story.log(name, log)
    story.texts[f"{name}-previous.log"] = (
        f'Error from server (BadRequest): previous terminated container "calico-node" in pod "{name}" not found\n'
    )
    story.texts["calicoctl-node-status-edge-a3.txt"] = node_status(
        [(a, "up", "22:31:40", "Established") for a in peers]
    )
    story.texts["tigerastatus.txt"] = (
        "NAME        AVAILABLE   PROGRESSING   DEGRADED   SINCE\n"
        "apiserver   True        False         False      19d\ncalico      True        False         False      8h\n"
        "goldmane    True        False         False      19d\nippools     True        False         False      19d\nwhisker     True        False         False      19d\n"
    )
    story.describe(me)
    story.cite("calicoctl-node-status-edge-a3.txt", "Established")
    return story


def status_asked_from_the_wrong_place(now: datetime) -> Incident:
    # told on 29 November 2026 without having seen the rules
    story = incident(
        "status-was-asked-from-inside-a-container",
        CAUSE,
        "The ticket says 'Calico process is not running' on every host: calicoctl was run in pods of its own that do not see the hosts' processes. calico-node is 1/1 for weeks, birdcl in it shows all sessions established, the events are empty but for one old probe.",
        "https://github.com/projectcalico/calicoctl/issues/1418 and https://github.com/projectcalico/felix/issues/1942",
        now,
        platform="other",
        calico="v3.24.5",
        kubernetes="v1.25.9",
        namespace="kube-system",
        registry="docker.io/calico",
        difficulty="medium",
    )
    hosts = {f"kn-{x}": f"10.7.66.{n}" for x, n in zip("abc", (31, 32, 33), strict=True)}
    story.hosts(hosts, os_image="Ubuntu 22.04.2 LTS", kernel="5.15.0-71-generic", runtime="containerd://1.6.20")
    story.staff(hosts, started=1_500_000)
    tools = {node: f"calicoctl-{x}" for node, x in zip(hosts, ("8mzkt", "x4q7w", "dl2vp"), strict=True)}
    for n, (node, tool) in enumerate(tools.items()):
        story.other(
            tool,
            node,
            f"10.233.{(64, 70, 91)[n]}.{8 + n}",
            owner="DaemonSet/calicoctl",
            app="calicoctl",
            image="docker.io/calico/ctl:v3.24.5",
            age=5200,
            started=5190,
        )
    me, name = "kn-b", story.pods["kn-b"]
    peers = [a for n, a in hosts.items() if n != me]
    story.probe(name, FELIX_503, 3400, 3400)
    log = [
        *story.quiet(7000, 3500, 300),
        story.say(3410, "WARNING", 66, "felix", "health.go 211:", 'Reporter is not ready. name="int_dataplane"'),
        story.say(
            3395,
            "INFO",
            66,
            "felix",
            "health.go 183:",
            "Overall health status changed newStatus=&health.HealthReport{Live:true, Ready:true}",
        ),
    ]
    log += [
        story.say(
            3100,
            "INFO",
            66,
            "felix",
            "watchercache.go 96:",
            'Watch channel closed by remote - recreate watcher ListRoot="/calico/resources/v3/projectcalico.org/networkpolicies"',
        ),
        *story.quiet(3000, 10, 300),
    ]
    story.log(name, log)
    day = story.stamp(1_499_900)[:10]
    story.texts["ticket.txt"] = (
        "BGP is down on all our nodes since we looked today, please help, production!\n\n"
        + "".join(
            f"$ kubectl exec -n kube-system {tool} -- /calicoctl node status    # ({node})\nCalico process is not running.\ncommand terminated with exit code 1\n"
            for node, tool in tools.items()
        )
        + f"\n$ kubectl exec -n kube-system {name} -c calico-node -- birdcl -s /var/run/calico/bird.ctl show protocols\n"
        + protocols([(p, "up", day, "Established") for p in peers], since=day, routes="up")
        + f"\n$ kubectl exec -n kube-system {name} -c calico-node -- ip route | grep bird\nblackhole 10.233.70.0/26 proto bird\n10.233.64.0/26 via 10.7.66.31 dev tunl0 proto bird onlink\n10.233.91.0/26 via 10.7.66.33 dev tunl0 proto bird onlink\n"
    )
    story.describe(me, name)
    story.affected = []
    story.cite("ticket.txt", "Established")
    return story


def one_machine_has_no_peers(now: datetime) -> Incident:
    story = incident(
        "a-cluster-of-one-machine-has-no-peers",
        CAUSE,
        "A k3s box of one machine: 'No IPv4 peers found' and an empty mesh are all there can be. It was installed half an hour ago, start-up noise included; the one pod in trouble ends because its own configuration names a host that does not exist. calico-node is ready.",
        "https://docs.tigera.io/calico/latest/getting-started/kubernetes/k3s/quickstart",
        now,
        platform="other",
        calico="v3.29.3",
        kubernetes="v1.32.3+k3s1",
        registry="docker.io/calico",
        difficulty="hard",
    )
    box = {"nvr-box": "192.168.7.20"}
    story.hosts(
        box,
        age=2050,
        since=1960,
        os_image="Debian GNU/Linux 12 (bookworm)",
        kernel="6.1.0-32-amd64",
        runtime="containerd://2.0.4-k3s2",
    )
    name = story.staff(box, started=1985, age=2020)[0]
    story.typha("nvr-box", started=2000)
    made = story.objects["Pod"][-1]
    made["metadata"]["creationTimestamp"] = made["status"]["startTime"] = story.ago(2020)
    story.other(
        "tigera-operator-747864d56d-5mzjx",
        "nvr-box",
        namespace="tigera-operator",
        owner="ReplicaSet/tigera-operator-747864d56d",
        app="tigera-operator",
        image="quay.io/tigera/operator:v1.36.7",
        age=2035,
        started=2030,
    )
    story.other(
        "coredns-ff8999cc5-9p4wk",
        "nvr-box",
        "192.168.128.3",
        owner="ReplicaSet/coredns-ff8999cc5",
        app="coredns",
        image="rancher/mirrored-coredns-coredns:1.12.0",
        age=2040,
        started=1950,
    )
    story.node_event("nvr-box", "Starting", "Starting kubelet.", 2050, type_="Normal")
    story.node_event("nvr-box", "InvalidDiskCapacity", "invalid capacity 0 on image filesystem", 2050)
    story.node_event("nvr-box", "NodeReady", "Node nvr-box status is now: NodeReady", 1960, type_="Normal")
    story.pod_event(
        "coredns-ff8999cc5-9p4wk",
        "FailedScheduling",
        "0/1 nodes are available: 1 node(s) had untolerated taint {node.kubernetes.io/not-ready: }. preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.",
        2038,
        namespace="kube-system",
        source="default-scheduler",
    )
    story.probe(
        name,
        "BIRD is not ready: Failed to stat() nodename file: stat /var/lib/calico/nodename: no such file or directory",
        1984,
        1984,
    )
    story.probe(name, SOCKET, 1981, 1981)
    story.probe(name, FELIX_503, 1976, 1978, 2)
    app = story.other(
        "frigate-7d96c5b8f4-tz2xk",
        "nvr-box",
        "192.168.128.9",
        "cams",
        "ReplicaSet/frigate-7d96c5b8f4",
        app="frigate",
        image="ghcr.io/blakeblackshear/frigate:0.15.0",
        ready=False,
        restarts=9,
        waiting="CrashLoopBackOff",
        last=("Error", 1, 130),
        age=1500,
    )
    story.pod_event(
        app,
        "BackOff",
        f"Back-off restarting failed container frigate in pod {app}_cams(0c9d)",
        14,
        1440,
        88,
        namespace="cams",
    )
    story.log(
        app,
        [
            f"{story.stamp(140 - n)[:19]} {text}"
            for n, text in enumerate(
                (
                    "INFO  : Starting Frigate (0.15.0-cea210d)",
                    "INFO  : Recording process started",
                    "ERROR : Unable to connect to MQTT server: Connection error: [Errno -2] Name or service not known (mqtt.server.com)",
                    "ERROR : Config Validation Errors: mqtt -> host: set to the example value",
                    "INFO  : Frigate exiting",
                )
            )
        ],
    )
    log = story.boot("nvr-box", 1985, interface="enp2s0", prefix=24)
    log += [
        story.say(1970, "INFO", 61, "felix", "health.go 183:", "Overall health status changed: live=true ready=true"),
        *story.quiet(1900, 20, 240),
    ]
    story.log(name, log)
    story.texts["node-status.txt"] = (
        "pi@nvr-box:~$ sudo calicoctl node status\nCalico process is running.\n\nIPv4 BGP status\nNo IPv4 peers found.\n\nIPv6 BGP status\nNo IPv6 peers found.\n\npi@nvr-box:~$ kubectl get tigerastatus\nNAME        AVAILABLE   PROGRESSING   DEGRADED   SINCE\napiserver   True        False         False      31m\ncalico      True        False         False      32m\nippools     True        False         False      33m\n"
    )
    story.describe("nvr-box", name)
    story.events()
    story.affected = []
    story.cite("node-status.txt", "calico      True        False         False")
    return story


STORIES = [
    replaced_workers_and_a_worried_reader,
    update_finished_yesterday,
    iks_lists_and_one_old_complaint,
    log_full_of_harmless_warnings,
    one_reboot_in_the_night,
    status_asked_from_the_wrong_place,
    one_machine_has_no_peers,
]
