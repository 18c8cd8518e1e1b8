"""calico-credentials-rejected: told without having seen the rules."""

from __future__ import annotations

from datetime import datetime, timedelta

from cluster import NO_CNI, container
from telling import FELIX_REFUSED, Incident, incident, wrapped

CAUSE = "calico-credentials-rejected"


def installer_gets_401(now: datetime) -> Incident:
    story = incident(
        "installer-cannot-create-a-token-unauthorized",
        CAUSE,
        "The control plane was restored from a backup of last week; tokens given out since are refused. install-cni ends with Unauthorized when it asks for the plugin's token, on the workers whose pods were made anew.",
        "https://github.com/projectcalico/calico/issues/8368",
        now,
        platform="other",
        calico="v3.26.3",
        kubernetes="v1.27.6",
        namespace="calico-system",
        registry="docker.io/calico",
        difficulty="easy",
        acceptable=["cni-install-failure"],
    )
    hosts = {f"k8s-master0{n}": f"192.168.10.{10 + n}" for n in (1, 2)} | {
        f"k8s-node0{n}": f"192.168.10.{20 + n}" for n in (1, 2, 3)
    }
    bad = ["k8s-node02", "k8s-node03"]
    story.hosts(
        {k: v for k, v in hosts.items() if k not in bad},
        os_image="CentOS Linux 7 (Core)",
        kernel="5.4.256-1.el7.elrepo.x86_64",
        runtime="containerd://1.6.24",
    )
    story.hosts(
        {k: hosts[k] for k in bad},
        ready=NO_CNI,
        since=7000,
        calico_up=False,
        os_image="CentOS Linux 7 (Core)",
        kernel="5.4.256-1.el7.elrepo.x86_64",
        runtime="containerd://1.6.24",
    )
    story.staff({k: v for k, v in hosts.items() if k not in bad}, started=1_000_000)
    names = []
    for node in bad:
        init = [
            container(story, "flexvol-driver", "docker.io/calico/pod2daemon-flexvol:v3.26.3", done=True, started=6900),
            container(
                story,
                "install-cni",
                "docker.io/calico/cni:v3.26.3",
                ready=False,
                restarts=23,
                waiting="CrashLoopBackOff",
                last=("Error", 1, 160),
            ),
        ]
        names += story.staff(
            {node: hosts[node]}, init=init, ready=False, waiting="PodInitializing", phase="Pending", age=6950
        )
    for name in names:
        story.pod_event(
            name,
            "BackOff",
            f"Back-off restarting failed container install-cni in pod {name}_calico-system(3e91c0de)",
            11,
            6800,
            430,
        )
    log = [
        story.line(161, "INFO", 1, "cni-installer/<nil> <nil>:", "Running as a Kubernetes pod"),
        story.line(160.9, "INFO", 1, "cni-installer/<nil> <nil>:", "Installed /host/opt/cni/bin/bandwidth"),
        *[
            story.line(
                160.6 - 0.1 * i,
                "INFO",
                1,
                "cni-installer/<nil> <nil>:",
                f'File is already up to date, skipping file="/host/opt/cni/bin/{x}"',
            )
            for i, x in enumerate(("calico", "calico-ipam", "flannel", "host-local", "install"))
        ],
        story.line(160, "INFO", 1, "cni-installer/<nil> <nil>:", "CNI plugin version: v3.26.3\\n"),
        story.line(160, "INFO", 1, "cni-installer/<nil> <nil>:", "/host/secondary-bin-dir is not writeable, skipping"),
        story.line(
            159.9,
            "ERROR",
            1,
            "cni-installer/<nil> <nil>:",
            "Unable to create token for CNI kubeconfig error=Unauthorized",
        ),
        story.line(
            159.9,
            "FATAL",
            1,
            "cni-installer/<nil> <nil>:",
            "Unable to create token for CNI kubeconfig error=Unauthorized",
        ),
    ]
    story.log(names[0], log, f"{names[0]}-install-cni.log")
    story.texts[f"{names[0]}.log"] = (
        f'Error from server (BadRequest): container "calico-node" in pod "{names[0]}" is waiting to start: PodInitializing\n'
    )
    story.describe(bad[0], names[0])
    story.affected = bad
    story.cite(f"{names[0]}-install-cni.log", "Unable to create token for CNI kubeconfig error=Unauthorized")
    return story


def masters_rolled_with_a_new_key(now: datetime) -> Incident:
    story = incident(
        "rolled-masters-do-not-know-the-old-tokens",
        CAUSE,
        "The control plane was rolled with a new signing key: every calico-node that still holds an old token gets 401 from the API in felix, confd and the tunnel allocator and cannot read its configuration; nodes made since are well.",
        "https://github.com/kubernetes/kops/issues/12248",
        now,
        platform="other",
        calico="v3.20.0",
        kubernetes="v1.22.1",
        namespace="kube-system",
        registry="docker.io/calico",
        difficulty="easy",
    )
    masters = {f"master-esp-{x}": f"10.1.32.{n}" for x, n in (("a3t1lt", 11), ("a3x9pq", 12))}
    workers = {f"nodes-esp-{x}": f"10.1.32.{n}" for x, n in (("jw2k", 31), ("m8rd", 32), ("q4vz", 33))}
    story.hosts(masters, age=5000)
    story.hosts(workers)
    story.staff(masters, age=4900, started=4880)
    names = story.staff(workers, ready=False, restarts=22, started=95, last=("Error", 1, 100))
    for name in names:
        story.probe(
            name,
            'felix is not ready: Get "http://localhost:9099/readiness": dial tcp 127.0.0.1:9099: connect: connection refused',
            14,
            4700,
            410,
        )
        story.pod_event(
            name,
            "Unhealthy",
            'Liveness probe failed: calico/node is not ready: Felix is not live: Get "http://localhost:9099/liveness": dial tcp 127.0.0.1:9099: connect: connection refused',
            130,
            4600,
            130,
        )
        story.pod_event(
            name,
            "Killing",
            "Container calico-node failed liveness probe, will be restarted",
            110,
            4500,
            22,
            type_="Normal",
        )
    root = '"/calico/resources/v3/projectcalico.org/'
    log: list[str] = []
    for i in range(16):
        at = 60 - 1.1 * i
        log += [
            story.say(
                at + 0.9,
                "INFO",
                82,
                "tunnel-ip-allocator",
                "watchercache.go 174:",
                f'Full resync is required ListRoot={root}ippools"',
            ),
            story.say(
                at + 0.8,
                "INFO",
                82,
                "tunnel-ip-allocator",
                "watchercache.go 186:",
                f'Failed to perform list of current data during resync ListRoot={root}ippools" error=connection is unauthorized: Unauthorized',
            ),
            story.say(
                at + 0.5,
                "INFO",
                80,
                "confd",
                "watchercache.go 186:",
                f'Failed to perform list of current data during resync ListRoot={root}bgppeers" error=connection is unauthorized: Unauthorized',
            ),
            story.say(
                at,
                "ERROR",
                1127,
                "felix",
                "daemon.go 245:",
                "Failed to get config from datastore error=connection is unauthorized: Unauthorized",
            ),
        ]
    story.log(names[1], wrapped(story, log, "cri"))
    story.describe("nodes-esp-m8rd", names[1])
    story.affected = list(workers)
    story.cite(f"{names[1]}.log", "Failed to get config from datastore error=connection is unauthorized: Unauthorized")
    return story


# told on 29 November 2026 without having seen the rules
def tokens_of_before_the_restore(now: datetime) -> Incident:
    story = incident(
        "snapshot-of-another-key-was-restored",
        CAUSE,
        "An RKE control plane was rebuilt and an etcd snapshot restored: the secrets in it hold tokens of the former signing key. calico-node of every host is told 401 at its datastore check; the API server's own log names invalid bearer tokens. metrics-server and coredns crash for the same reason.",
        "https://github.com/rancher-archives/rke/issues/1362",
        now,
        platform="other",
        calico="v3.13.4",
        kubernetes="v1.18.14",
        namespace="kube-system",
        registry="rancher/calico",
        difficulty="easy",
    )
    hosts = {f"rnch-{n:02}": f"10.9.33.{60 + n}" for n in range(1, 5)}
    story.hosts(
        hosts, age=31_000_000, os_image="Ubuntu 18.04.5 LTS", kernel="4.15.0-128-generic", runtime="docker://19.3.13"
    )
    names = story.staff(
        hosts, ready=False, restarts=58, waiting="CrashLoopBackOff", last=("Error", 1, 205), age=30_000_000
    )
    for i, name in enumerate(names):
        story.pod_event(name, "BackOff", "Back-off restarting failed container", 12 + i, 15_800, 1180)
        story.probe(
            name,
            "BIRD is not ready: Error querying BIRD: unable to connect to BIRDv4 socket: dial unix /var/run/bird/bird.ctl: connect: no such file or directory",
            240,
            15_900,
            116,
        )
    me = "rnch-03"
    lines = [
        story.line(206, "INFO", 10, "startup.go 256:", "Early log level set to info"),
        story.line(206, "INFO", 10, "startup.go 272:", "Using NODENAME environment for node name"),
        story.line(206, "INFO", 10, "startup.go 284:", f"Determined node name: {me}"),
        story.line(205.9, "INFO", 10, "k8s.go 228:", "Using Calico IPAM"),
        story.line(205.9, "INFO", 10, "startup.go 316:", "Checking datastore connection"),
        story.line(205.8, "WARNING", 10, "startup.go 334:", "Connection to the datastore is unauthorized error=connection is unauthorized: Unauthorized"),
        story.line(205.8, "WARNING", 10, "startup.go 1057:", "Terminating"),
        "Calico node failed to start",
    ]  # fmt: skip
    story.log(story.pods[me], wrapped(story, lines, "docker"), f"{story.pods[me]}-json.log")
    tail = []
    for i in range(26):
        ago = 300 - 11 * i
        if i % 6 == 4:
            tail.append(f"I{story.klog(ago)}       1 trace.go:116] Trace[{1190347 + 5113 * i}]: \"List etcd3\" key:/events,resourceVersion:,limit:500,continue: (started: {story.stamp(ago + 1)} +0000 UTC) (total time: {612 + i}.2ms):")  # fmt: skip
            continue
        tail.append(
            f"E{story.klog(ago)}       1 authentication.go:53] Unable to authenticate the request due to an error: [invalid bearer token, square/go-jose: error in cryptographic primitive]"
        )
    story.texts["kube-apiserver-rnch-01.log"] = "\n".join(tail) + "\n"
    for app, node, ip in (("metrics-server", "rnch-02", "10.42.1.19"), ("coredns", "rnch-04", "10.42.3.7")):
        story.other(
            f"{app}-6b84d75d99-{ip.replace('.', '')[-5:]}",
            node,
            ip,
            owner=f"ReplicaSet/{app}-6b84d75d99",
            app=app,
            ready=False,
            restarts=61,
            waiting="CrashLoopBackOff",
            last=("Error", 1, 90),
            image=f"rancher/{app}:v0.3.6" if app == "metrics-server" else "rancher/coredns-coredns:1.6.9",
        )
    story.describe(me)
    story.events()
    story.affected = list(hosts)
    story.cite(f"{story.pods[me]}-json.log", "connection is unauthorized: Unauthorized")
    return story


def client_certificate_of_the_agents_ended(now: datetime) -> Incident:
    story = incident(
        "agents-use-a-client-certificate-that-is-over",
        CAUSE,
        "Calico was set up by hand with a kubeconfig and a client certificate (CN=calico-node) for its agents. That certificate ended some hours ago: the API server answers 401 and says in its own log why. felix keeps running on what it knows, the two nodes that were rebooted do not start; kubelets have certificates of their own and are Ready.",
        "https://github.com/rancher/rancher/issues/17444",
        now,
        platform="other",
        calico="v3.25.2",
        kubernetes="v1.26.15",
        namespace="kube-system",
        registry="registry.lab.example/calico",
        difficulty="hard",
        acceptable=["apiserver-tls-failure"],
    )
    hosts = {
        f"hw-{x}": f"172.24.8.{n}"
        for x, n in (("ctl1", 5), ("ctl2", 6), ("n1", 21), ("n2", 22), ("n3", 23), ("n4", 24))
    }
    bad = ["hw-n2", "hw-n4"]
    story.hosts(
        hosts,
        age=9_000_000,
        os_image="AlmaLinux 8.9 (Midnight Oncilla)",
        kernel="4.18.0-513.9.1.el8_9.x86_64",
        runtime="containerd://1.6.26",
    )
    env = {"env": [{"name": "DATASTORE_TYPE", "value": "kubernetes"}, {"name": "KUBECONFIG", "value": "/calico-client/calico.kubeconfig"}, {"name": "FELIX_TYPHAK8SSERVICENAME", "value": "none"}]}  # fmt: skip
    story.staff({k: v for k, v in hosts.items() if k not in bad}, spec=env, started=5_000_000, age=5_000_040)
    for i, node in enumerate(bad):
        name = story.staff(
            {node: hosts[node]},
            spec=env,
            ready=False,
            restarts=14 + i,
            waiting="CrashLoopBackOff",
            last=("Error", 1, 77 + 40 * i),
            age=5_000_040,
        )[0]
        story.probe(name, FELIX_REFUSED, 84 + 40 * i, 2_900, 28)
        story.pod_event(
            name,
            "BackOff",
            f"Back-off restarting failed container calico-node in pod {name}_kube-system(c10{i}d5)",
            6,
            2_800,
            190,
        )
        story.node_event(
            node, "Rebooted", f"Node {node} has been rebooted, boot id: 1f0c3{i}d2-77ab-4c1e-9f6d-6f1b2a3c4d5e", 3_000
        )
    me = "hw-n2"
    log = story.failing(me, 78)
    log += [
        story.say(77.8, "WARNING", 9, "startup", "startup.go 434:", "Connection to the datastore is unauthorized error=connection is unauthorized: Unauthorized"),
        story.say(77.8, "WARNING", 9, "startup", "utils.go 48:", "Terminating"),
        "Calico node failed to start",
    ]  # fmt: skip
    story.log(story.pods[me], log)
    running = story.quiet(40_000, 31_300, 1_400)
    for i in range(9):
        kind = ("blockaffinities", "ippools", "profiles")[i % 3]
        running.append(
            story.say(30_900 - 3_300 * i, "INFO", 61, "felix", "watchercache.go 194:", f'Failed to perform list of current data during resync ListRoot="/calico/resources/v3/projectcalico.org/{kind}" error=connection is unauthorized: Unauthorized')
        )  # fmt: skip
        running += story.quiet(30_800 - 3_300 * i, 28_000 - 3_300 * i, 1_400)
    story.log(story.pods["hw-n1"], running)
    end = story.ago(31_260)
    audit = []
    for i in range(12):
        ago = 260 - 20 * i
        audit.append(
            f'E{story.klog(ago)}       1 authentication.go:63] "Unable to authenticate the request" err="[x509: certificate has expired or is not yet valid: current time {story.ago(ago)} is after {end}, verifying certificate SN=551120941284019, SKID=, AKID=C9:11:0A:7E:5B:42:F0 failed: x509: certificate has expired or is not yet valid: current time {story.ago(ago)} is after {end}]"'
        )
        if i in (3, 8):
            audit.append(
                f'I{story.klog(ago - 6)}       1 alloc.go:327] "allocated clusterIPs" service="shop/cart-canary" clusterIPs=map[IPv4:10.32.0.{80 + i}]'
            )
    story.texts["kube-apiserver-hw-ctl1.log"] = "\n".join(audit) + "\n"
    story.texts["openssl-calico-client.txt"] = (
        "[root@hw-n1 ~]# openssl x509 -in /etc/calico/client/calico-node.crt -noout -subject -enddate\n"
        f"subject=O = calico, CN = calico-node\nnotAfter={(story.now - timedelta(seconds=31_260)).strftime('%b %e %H:%M:%S %Y')} GMT\n"
        "[root@hw-n1 ~]# timedatectl show -p NTPSynchronized\nNTPSynchronized=yes\n"
    )
    story.describe(me)
    story.affected = bad
    story.cite(f"{story.pods[me]}.log", "Connection to the datastore is unauthorized")
    story.cite("kube-apiserver-hw-ctl1.log", "Unable to authenticate the request")
    return story


STORIES = [
    installer_gets_401,
    masters_rolled_with_a_new_key,
    tokens_of_before_the_restore,
    client_certificate_of_the_agents_ended,
]
