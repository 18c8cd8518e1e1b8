"""invalid-calico-config: a setting that somebody changed is invalid or breaks calico."""

from __future__ import annotations

from datetime import datetime

from cluster import container
from telling import Incident, incident, wrapped

REFUSED = "dial tcp 127.0.0.1:9099: connect: connection refused"


def failsafe_ports_mistyped(now: datetime) -> Incident:
    story = incident(
        "failsafe-port-without-protocol-syntax", "invalid-calico-config",
        "Felix refuses the failsafe ports that were written into the node's settings yesterday, on every worker, and restarts every "
        "few seconds.",
        "https://github.com/projectcalico/felix/issues/1377", now, difficulty="easy", platform="classic", calico="v3.22.5",
        kubernetes="v1.23.17+IKS", namespace="kube-system",
    )  # fmt: skip
    nodes = story.workers([f"10.66.180.{n}" for n in (12, 19, 23)])
    pods = story.agents(nodes, ready=False, restarts=25, started=90, last=("Error", 137, 95))
    for i, name in enumerate(pods):
        story.pod_event(
            name,
            "Unhealthy",
            f'Readiness probe failed: calico/node is not ready: felix is not ready: Get "http://localhost:9099/readiness": {REFUSED}',
            7,
            50_000,
            3300,
        )
        story.not_established(name, [n for n in nodes if n != nodes[i]], 85, 50_000, 41)
    log = story.boot(nodes[0], 90, nodes[1:])[:-1]
    for n in range(9):
        ago, pid = 84 - 9 * n, 61 + 31 * n
        log.append(story.say(ago, "INFO", pid, "felix", "daemon.go 166:", "Loading configuration..."))
        log.append(
            story.say(
                ago - 0.2,
                "ERROR",
                pid,
                "felix",
                "config_params.go 522:",
                'Invalid (required) config value. error=Failed to parse config parameter FailsafeOutboundHostPorts; value "tcp/80,tcp/443": ports should be <protocol>:<net>:<number> or <protocol>:<number> or <number>',
            )
        )
        log.append(
            story.say(
                ago - 0.3,
                "ERROR",
                pid,
                "felix",
                "daemon.go 232:",
                'Failed update global config from datastore error=Failed to parse config parameter FailsafeOutboundHostPorts; value "tcp/80,tcp/443": ports should be <protocol>:<net>:<number> or <protocol>:<number> or <number>',
            )
        )
    story.log(pods[0], wrapped(story, log, "prefix", pods[0]))
    story.describe(nodes[0])
    story.affected = nodes
    story.cite(f"{pods[0]}.log", "FailsafeOutboundHostPorts")
    return story


def pool_not_in_the_pod_network(now: datetime) -> Incident:
    story = incident(
        "installation-keeps-a-pool-of-long-ago", "invalid-calico-config",
        "The operator stands still since the upgrade: the Installation still names a pool outside the cluster's pod network. The "
        "calico-nodes run on in the old version; the forbidden and probe lines are older.",
        "https://github.com/tigera/operator/issues/2916", now, difficulty="hard", platform="other", calico="v3.25.0",
        kubernetes="v1.26.8", registry="docker.io/calico", acceptable=["ippool-misconfigured", "operator-migration-incomplete"],
    )  # fmt: skip
    hosts = {f"taxi-{n}": f"172.21.8.{10 + n}" for n in range(1, 7)}
    story.hosts(hosts, kernel="5.15.0-84-generic")
    pods = story.staff(hosts, restarts=1, started=2_000_000, last=("Error", 137, 2_000_010), age=9_000_000)
    operator = story.other(
        "tigera-operator-5f4668786-9xk7b",
        "taxi-2",
        namespace="tigera-operator",
        owner="ReplicaSet/tigera-operator-5f4668786",
        app="tigera-operator",
        image="quay.io/tigera/operator:v1.30.7",
        age=5000,
        restarts=0,
    )
    reason = "IPPool 10.172.0.0/16 is not within the platform's configured pod network CIDR(s) [172.21.64.0/19]"
    lines = [f"{story.stamp(4990)[:19].replace('-', '/')} [INFO] Version: v1.30.7"]
    for n in range(20):
        stamp = story.ago(4900 - 240 * n)
        lines.append(
            f'{{"level":"info","ts":"{stamp}","logger":"controller_installation","msg":"Reconciling Installation.operator.tigera.io","Request.Namespace":"","Request.Name":"default"}}'
        )
        lines.append(
            f'{{"level":"error","ts":"{stamp}","logger":"controller_installation","msg":"Error querying installation","Request.Namespace":"","Request.Name":"default","reason":"ResourceReadError","error":"Could not resolve CalicoNetwork IPPool and kubeadm configuration: {reason}","stacktrace":"github.com/tigera/operator/pkg/controller/status.(*statusManager).SetDegraded\\n\\t/go/src/github.com/tigera/operator/pkg/controller/status/status.go:406"}}'
        )
    story.log(operator, lines)
    story.texts["tigerastatus.txt"] = (
        "NAME        AVAILABLE   PROGRESSING   DEGRADED   SINCE\napiserver   True        False         False      31d\ncalico      True        False         True       81m\n"
    )
    story.log(
        pods[2],
        [
            *story.boot("taxi-3", 2_000_000, [at for name, at in hosts.items() if name != "taxi-3"])[-20:],
            *story.quiet(900, 20),
        ],
    )
    story.pod_event(
        pods[2],
        "Unhealthy",
        "Readiness probe failed: calico/node is not ready: felix is not ready: readiness probe reporting 503",
        3000,
        3100,
        2,
    )
    story.describe("taxi-3", pods[2])
    story.cite(f"{operator}.log", "is not within the platform's configured pod network")
    return story


def backend_by_a_typo(now: datetime) -> Incident:
    story = incident(
        "env-iptables-backend-nf", "invalid-calico-config",
        "The daemonset's environment says FELIX_IPTABLESBACKEND=nf; felix cannot parse it and exits at once, on each worker that got "
        "the new template.",
        "felix/config/config_params.go", now, difficulty="medium", platform="other", calico="v3.26.1", kubernetes="v1.27.4",
        namespace="kube-system", registry="docker.io/calico",
    )  # fmt: skip
    hosts = {f"sle-{n}": f"10.100.9.{30 + n}" for n in range(1, 6)}
    story.hosts(hosts, kernel="5.14.21-150500.55.19-default", os_image="SUSE Linux Enterprise Server 15 SP5")
    new = {name: hosts[name] for name in ("sle-4", "sle-5")}
    first = story.staff({name: at for name, at in hosts.items() if name not in new})
    env = [
        {"name": "DATASTORE_TYPE", "value": "kubernetes"},
        {"name": "CALICO_NETWORKING_BACKEND", "value": "bird"},
        {"name": "FELIX_IPTABLESBACKEND", "value": "nf"},
        {"name": "FELIX_HEALTHENABLED", "value": "true"},
    ]
    pods = story.staff(
        new, ready=False, restarts=6, waiting="CrashLoopBackOff", last=("Error", 137, 50), age=1500, spec={"env": env}
    )
    for name in pods:
        story.pod_event(
            name, "Unhealthy", f'Liveness probe failed: Get "http://localhost:9099/liveness": {REFUSED}', 65, 1400, 36
        )
        story.pod_event(name, "BackOff", "Back-off restarting failed container calico-node in pod", 9, 1200, 44)
    for name in first:
        story.recreated(name, list(new.values()), 100, 2)
    log = story.boot("sle-4", 110, [at for host, at in hosts.items() if host != "sle-4"])[:-1]
    log = [line for line in log if "Connecting to datastore" not in line]
    for n in range(5):
        log.append(
            story.say(
                108 - 10 * n,
                "ERROR",
                61 + 26 * n,
                "felix",
                "daemon.go 193:",
                'Failed to parse configuration environment variable configFile="/etc/calico/felix.cfg" error=Failed to parse config parameter IptablesBackend; value "nf": unknown option',
            )
        )
    story.log(pods[0], log, file=f"{pods[0]}.previous.log")
    story.describe("sle-4", pods[0])
    story.affected = list(new)
    story.cite(f"{pods[0]}.previous.log", "IptablesBackend")
    return story


def config_map_with_a_comma(now: datetime) -> Incident:
    story = incident(
        "cni-template-edited-by-hand", "invalid-calico-config",
        "install-cni refuses the CNI template of the config map (no valid JSON after a hand edit); pods that restart since then stay "
        "in Init, workers whose pod did not restart are fine.",
        "cni-plugin/pkg/install/install.go", now, difficulty="medium", platform="other", calico="v3.27.0", kubernetes="v1.28.6+k3s2",
        namespace="kube-system", registry="docker.io/calico", acceptable=["cni-install-failure"],
    )  # fmt: skip
    hosts = {f"edge-{n}": f"192.168.14.{n}" for n in (101, 102, 103, 104)}
    story.hosts(hosts, kernel="6.1.0-18-amd64", os_image="Debian GNU/Linux 12 (bookworm)")
    bad = {name: hosts[name] for name in ("edge-102", "edge-104")}
    first = story.staff({name: at for name, at in hosts.items() if name not in bad})
    pods = []
    for name, at in bad.items():
        init = [
            container(
                story,
                "install-cni",
                "docker.io/calico/cni:v3.27.0",
                ready=False,
                restarts=12,
                waiting="CrashLoopBackOff",
                last=("Error", 1, 150),
            )
        ]
        pods += story.staff({name: at}, ready=False, waiting="PodInitializing", init=init, phase="Pending", age=2400)
        story.pod_event(pods[-1], "BackOff", "Back-off restarting failed container install-cni in pod", 13, 2300, 170)
    for name in first[1:]:
        story.recreated(name, list(bad.values()), 1500, 1)
    story.texts["install-cni.log"] = "\n".join([
        story.line(150, "INFO", 1, "cni-installer/<nil> <nil>:", "Running as a Kubernetes pod"),
        *[story.line(149, "INFO", 1, "cni-installer/<nil> <nil>:", f'File is already up to date, skipping file="/host/opt/cni/bin/{name}"') for name in ("bandwidth", "calico", "calico-ipam", "flannel", "host-local", "loopback", "portmap", "tuning")],
        story.line(148.9, "INFO", 1, "cni-installer/<nil> <nil>:", "Wrote Calico CNI binaries to /host/opt/cni/bin"), "",
        story.line(148.8, "INFO", 1, "cni-installer/<nil> <nil>:", "CNI plugin version: v3.27.0"), "",
        story.line(148.7, "INFO", 1, "cni-installer/<nil> <nil>:", "/host/secondary-bin-dir is not writeable, skipping"),
        story.line(148.6, "INFO", 1, "cni-installer/<nil> <nil>:", "Using CNI config template from CNI_NETWORK_CONFIG environment variable."),
        story.line(148.5, "FATAL", 1, "cni-installer/<nil> <nil>:", '{'), '  "name": "k8s-pod-network",', '  "cniVersion": "0.3.1",', '  "plugins": [', '    {"type": "calico", "mtu": 1450,', '     "ipam": {"type": "calico-ipam"},}', "  ]",
        "} is not a valid json object", "error: invalid character '}' looking for beginning of object key string"]) + "\n"  # fmt: skip
    story.log(
        first[0],
        [
            *story.boot("edge-101", 900_000, [at for name, at in hosts.items() if name != "edge-101"])[-20:],
            *story.quiet(900, 50),
        ],
    )
    story.describe("edge-102", pods[0])
    story.commands[f"describe-pod-{first[1]}.txt"] = f"describe pod -n kube-system {first[1]}"
    story.affected = list(bad)
    story.cite("install-cni.log", "is not a valid json object")
    return story


def method_without_its_prefix(now: datetime) -> Incident:
    story = incident(
        "autodetection-method-is-just-eth1", "invalid-calico-config",
        "IP_AUTODETECTION_METHOD was set to 'eth1' instead of 'interface=eth1': calico-node refuses the value and ends, on all hosts.",
        "node/pkg/lifecycle/startup/autodetection/autodetection_methods.go", now, difficulty="easy", platform="other",
        calico="v3.24.5", kubernetes="v1.25.4", namespace="kube-system", registry="docker.io/calico", acceptable=["node-ip-not-found"],
    )  # fmt: skip
    hosts = {f"vg-{n}": f"192.168.56.{10 + n}" for n in (1, 2, 3)}
    story.hosts(hosts, kernel="5.15.0-53-generic", os_image="Ubuntu 22.04.1 LTS")
    env = [
        {"name": "DATASTORE_TYPE", "value": "kubernetes"},
        {"name": "IP", "value": "autodetect"},
        {"name": "IP_AUTODETECTION_METHOD", "value": "eth1"},
        {"name": "CALICO_IPV4POOL_CIDR", "value": "10.244.0.0/16"},
    ]
    pods = story.staff(
        hosts, ready=False, restarts=9, waiting="CrashLoopBackOff", last=("Error", 1, 70), age=1500, spec={"env": env}
    )
    for name in pods:
        story.pod_event(name, "BackOff", "Back-off restarting failed container calico-node in pod", 7, 1400, 60)
    log = [*story.boot("vg-2", 72)[:8], story.say(71.7, "ERROR", 9, "startup", "autodetection_methods.go 87:", "Invalid IP autodetection method: eth1"),
           story.say(71.7, "WARNING", 9, "startup", "utils.go 49:", "Terminating"), "Calico node failed to start"]  # fmt: skip
    story.log(pods[1], log)
    story.commands = {
        "pods.txt": "get pods -n kube-system -o wide",
        f"describe-pod-{pods[1]}.txt": f"describe pod -n kube-system {pods[1]}",
    }
    story.affected = list(hosts)
    story.cite(f"{pods[1]}.log", "Invalid IP autodetection method")
    return story


STORIES = [
    failsafe_ports_mistyped,
    method_without_its_prefix,
    backend_by_a_typo,
    config_map_with_a_comma,
    pool_not_in_the_pod_network,
]
