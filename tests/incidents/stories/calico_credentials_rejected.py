"""calico-credentials-rejected: calico-node's (or Typha's) own token or client certificate is refused with 401."""

from __future__ import annotations

from datetime import datetime

from cluster import NO_CNI, container
from telling import FELIX_REFUSED, SOCKET, Incident, incident

CAUSE = "calico-credentials-rejected"


def at_start(now: datetime) -> Incident:
    story = incident(
        "start-ends-within-ten-milliseconds",
        CAUSE,
        "calico-node on all three nodes ends at its datastore check: 'Connection to the datastore is unauthorized ... Unauthorized'.",
        "https://github.com/projectcalico/calico/issues/9927",
        now,
        platform="other",
        calico="v3.19.1",
        kubernetes="v1.20.15",
        registry="docker.io/calico",
        namespace="kube-system",
        difficulty="easy",
    )
    hosts = {"master01": "192.168.93.101", "node01": "192.168.93.111", "node02": "192.168.93.112"}
    story.hosts(
        hosts, runtime="docker://20.10.24", os_image="CentOS Linux 7 (Core)", kernel="5.4.265-1.el7.elrepo.x86_64"
    )
    for i, node in enumerate(hosts):
        name = story.staff(
            {node: hosts[node]}, ready=False, restarts=64 + i, waiting="CrashLoopBackOff", last=("Error", 1, 100 + i)
        )[0]
        story.pod_event(name, "BackOff", "Back-off restarting failed container", 7 + i, 18_000, 900)
        lines = [
            story.line(101.6, "INFO", 9, "startup/startup.go 390:", "Early log level set to info"),
            story.line(101.6, "INFO", 9, "startup/startup.go 406:", f"Using NODENAME environment for node name {node}"),
            story.line(101.6, "INFO", 9, "startup/startup.go 418:", f"Determined node name: {node}"),
            story.line(101.6, "INFO", 9, "startup/startup.go 103:", f"Starting node {node} with version v3.19.1"),
            story.line(101.597, "INFO", 9, "startup/startup.go 450:", "Checking datastore connection"),
            story.line(
                101.59,
                "WARNING",
                9,
                "startup/startup.go 462:",
                "Connection to the datastore is unauthorized error=connection is unauthorized: Unauthorized",
            ),
            story.line(101.59, "WARNING", 9, "startup/startup.go 1347:", "Terminating"),
            "Calico node failed to start",
        ]
        story.log(name, lines)
    story.describe("node01")
    story.affected = list(hosts)
    story.cite(f"{name}.log", "Connection to the datastore is unauthorized")
    return story


def panic_after(now: datetime) -> Incident:
    story = incident(
        "felix-panics-because-it-is-asked-for-credentials",
        CAUSE,
        "Felix falls over a nil pointer each second; the line before says why: the API asks it to provide credentials (the service account was made anew, the pods still hold the old token).",
        "https://github.com/projectcalico/calico/issues/4597",
        now,
        platform="other",
        calico="v3.18.3",
        kubernetes="v1.19.11",
        registry="docker.io/calico",
        namespace="kube-system",
        difficulty="hard",
    )
    hosts = {f"cc-{n}": f"10.4.7.{n}" for n in (20, 21, 22, 28)}
    story.hosts(hosts, runtime="docker://19.3.15")
    for i, node in enumerate(hosts):
        name = story.staff({node: hosts[node]}, ready=False, started=4000, restarts=1, last=("Error", 143, 4010))[0]
        story.probe(name, FELIX_REFUSED, 9 + i, 3900, 380)
        story.probe(
            name,
            'Felix is not live: Get "http://localhost:9099/liveness": dial tcp 127.0.0.1:9099: connect: connection refused',
            13 + i,
            3900,
            380,
            "Liveness",
        )
    lines = []
    for i in range(8):
        ago, pid = 9.1 - 1.1 * i, 403 + 6 * i
        lines += [
            story.line(
                ago + 0.2,
                "INFO",
                pid,
                "felix/daemon.go 108:",
                'Felix starting up GOMAXPROCS=8 builddate="2021-04-21T16:45:11+0000" gitcommit="7a38390c65b6" version="v3.18.3"',
            ),
            story.line(
                ago + 0.1, "INFO", pid, "felix/daemon.go 205:", 'Connecting to datastore datastore="kubernetes"'
            ),
            story.line(
                ago,
                "ERROR",
                pid,
                "felix/daemon.go 313:",
                "Couldn't read server version from server error=the server has asked for the client to provide credentials",
            ),
            "panic: runtime error: invalid memory address or nil pointer dereference",
            "[signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0x2112d04]",
            "",
            "goroutine 1 [running]:",
            "github.com/projectcalico/felix/daemon.Run(0x297db4d, 0x15, 0x2cd5548, 0x7, 0x2d3d660, 0x18, 0x2d83a00, 0x28)",
            "\t/go/pkg/mod/github.com/projectcalico/felix@v0.0.0-20210421162248-7a38390c65b6/daemon/daemon.go:316 +0x1b44",
            "main.main()",
            "\t/go/src/github.com/projectcalico/node/cmd/calico-node/main.go:114 +0x6b4",
        ]
    story.log(name, lines)
    story.commands = {
        "pods.txt": "get pods -n kube-system -o wide",
        "nodes.txt": "get nodes",
        f"{name}.desc": f"describe pod -n kube-system {name}",
    }
    story.affected = list(hosts)
    story.cite(f"{name}.log", "the server has asked for the client to provide credentials")
    return story


def token_for_the_plugin(now: datetime) -> Incident:
    story = incident(
        "one-joined-host-is-not-who-it-says",
        CAUSE,
        "On the one host that joined from another image install-cni's own token is refused (401), so it cannot ask for the plugin's; four other nodes are well. The uninitialized network is a consequence.",
        "https://github.com/kubernetes/kubernetes/issues/107428",
        now,
        platform="other",
        calico="v3.23.3",
        kubernetes="v1.23.9",
        registry="docker.io/calico",
        namespace="kube-system",
        difficulty="medium",
    )
    hosts = {f"mast{x}": f"192.168.61.{n}" for n, x in ((7, "era"), (8, "erb"), (9, "erc"), (10, "erd"))}
    story.hosts(hosts)
    story.staff(hosts)
    story.hosts(
        {"worka": "192.168.61.17"},
        ready=NO_CNI,
        since=8000,
        age=8100,
        taints=[("node.kubernetes.io/not-ready", "NoSchedule")],
    )
    init = [
        container(
            story,
            "install-cni",
            "docker.io/calico/cni:v3.23.3",
            ready=False,
            restarts=27,
            waiting="CrashLoopBackOff",
            last=("Error", 1, 200),
        )
    ]
    name = story.staff(
        {"worka": "192.168.61.17"}, init=init, phase="Pending", ready=False, waiting="PodInitializing", age=8050
    )[0]
    story.pod_event(name, "BackOff", "Back-off restarting failed container", 30, 7900, 510)
    story.probe(story.pods["masterb"], SOCKET, 3300, 3305, 2)
    story.log(
        name,
        [
            f'time="{story.ago(203)}" level=info msg="Running as a Kubernetes pod" source="install.go:145"',
            *(
                story.line(
                    202.7,
                    "INFO",
                    1,
                    "cni-installer/<nil> <nil>:",
                    f'File is already up to date, skipping file="/host/opt/cni/bin/{x}"',
                )
                for x in ("bandwidth", "calico", "calico-ipam", "portmap", "tuning")
            ),
            story.line(
                202.4, "INFO", 1, "cni-installer/<nil> <nil>:", "Wrote Calico CNI binaries to /host/opt/cni/bin"
            ),
            story.line(202.3, "INFO", 1, "cni-installer/<nil> <nil>:", "CNI plugin version: v3.23.3"),
            f"W{story.klog(202)}       1 client_config.go:617] Neither --kubeconfig nor --master was specified.  Using the inClusterConfig.  This might not work.",
            story.line(
                201.9,
                "ERROR",
                1,
                "cni-installer/<nil> <nil>:",
                "Unable to create token for CNI kubeconfig error=Unauthorized",
            ),
            story.line(
                201.9,
                "FATAL",
                1,
                "cni-installer/<nil> <nil>:",
                "Unable to create token for CNI kubeconfig error=Unauthorized",
            ),
        ],
        f"{name}-install-cni-previous.log",
    )
    story.describe("worka")
    story.affected = ["worka"]
    story.cite(f"{name}-install-cni-previous.log", "Unable to create token for CNI kubeconfig error=Unauthorized")
    return story


def typha_is_refused(now: datetime) -> Incident:
    story = incident(
        "typha-holds-a-token-of-the-old-signing-key",
        CAUSE,
        "The certificates of the masters were made anew, the signing key with them: Typha's token is refused, so it is never ready and every calico-node says that it finds no Typha.",
        "https://github.com/projectcalico/calico/issues/10211",
        now,
        platform="other",
        calico="v3.27.2",
        kubernetes="v1.28.6",
        registry="docker.io/calico",
        difficulty="hard",
    )
    hosts = {f"k8s-master-0{n}": f"10.5.0.{n}" for n in (1, 2, 3)} | {
        f"k8s-node-0{n}": f"10.5.0.{n + 10}" for n in (1, 2, 3)
    }
    story.hosts(hosts)
    for i, node in enumerate(hosts):
        name = story.staff({node: hosts[node]}, ready=False, started=3300, restarts=2, last=("Error", 137, 3320))[0]
        story.probe(name, SOCKET, 10 + i, 3200, 320)
    typhas = [
        story.typha("k8s-node-01", ready=False, restarts=12, started=100, last=("Error", 137, 110)),
        story.typha("k8s-node-03", suffix="m8k2d", ready=False, restarts=12, started=130, last=("Error", 137, 140)),
    ]
    for typha in typhas:
        story.pod_event(
            typha, "Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503", 11, 3200, 310
        )
        story.pod_event(
            typha, "Unhealthy", "Liveness probe failed: HTTP probe failed with statuscode: 503", 19, 3200, 300
        )
    lines = [
        story.line(
            100,
            "INFO",
            7,
            "daemon.go 170:",
            'Typha starting up GOMAXPROCS=8 buildDate="2024-02-22T19:15:20+0000" gitCommit="e0bc2a0" version="v3.27.2"',
        ),
        story.line(99.9, "INFO", 7, "daemon.go 171:", "Loading configuration..."),
        story.line(99.8, "INFO", 7, "daemon.go 226:", "Initializing the datastore (if needed)."),
    ]
    for n in range(24):
        lines.append(
            story.line(
                99 - 3 * n,
                "ERROR",
                7,
                "client.go 295:",
                'Error getting cluster information config ClusterInformation="default" error=connection is unauthorized: Unauthorized',
            )
        )
        lines.append(
            story.line(
                99 - 3 * n,
                "ERROR",
                7,
                "daemon.go 318:",
                "Failed to initialize datastore error=connection is unauthorized: Unauthorized",
            )
        )
    story.log(typhas[0], lines)
    node = "k8s-node-02"
    lines = story.boot(node, 3300, bird=False)[:20]
    for n in range(24):
        lines += [
            story.line(
                3290 - 130 * n, "ERROR", 61 + n, "felix/discovery.go 228:", "Didn't find any ready Typha instances."
            ),
            story.line(
                3290 - 130 * n,
                "ERROR",
                61 + n,
                "felix/daemon.go 337:",
                "Typha discovery enabled but discovery failed. error=Kubernetes service missing IP or port",
            ),
        ]
    story.log(story.pods[node], lines)
    story.describe(node)
    story.commands["describe-typha.txt"] = f"describe pod -n calico-system {typhas[0]}"
    story.affected = list(hosts)
    story.cite(f"{typhas[0]}.log", "connection is unauthorized: Unauthorized")
    return story


STORIES = [at_start, panic_after, token_for_the_plugin, typha_is_refused]
