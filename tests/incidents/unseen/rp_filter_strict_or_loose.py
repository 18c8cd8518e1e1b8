"""rp-filter-strict-or-loose: told without having seen the rules."""

from __future__ import annotations

from datetime import datetime

from cluster import container, join
from telling import FELIX_REFUSED, Incident, incident, wrapped

CAUSE = "rp-filter-strict-or-loose"
FATAL = "Kernel's RPF check is set to 'loose'.  This would allow endpoints to spoof their IP address.  Calico requires net.ipv4.conf.all.rp_filter to be set to 0 or 1. If you require loose RPF and you are not concerned about spoofing, this check can be disabled by setting the IgnoreLooseRPF configuration parameter to 'true'."


def every_new_image(now: datetime) -> Incident:
    story = incident(
        "clear-linux-comes-with-two",
        CAUSE,
        "On all hosts of this distribution net.ipv4.conf.all.rp_filter is 2 from the start: felix of 3.7 refuses the loose check and ends, again and again; the pods say 0/1 and BIRD runs on.",
        "https://github.com/clearlinux/cloud-native-setup/pull/98",
        now,
        platform="other",
        calico="v3.7.2",
        kubernetes="v1.14.3",
        registry="quay.io/calico",
        namespace="kube-system",
        difficulty="easy",
    )
    hosts = {f"clr-{n:02}": f"192.168.52.{10 + n}" for n in (1, 2, 3)}
    story.hosts(hosts, os_image="Clear Linux OS", kernel="5.1.5-770.native", runtime="cri-o://1.14.1")
    for node, address in hosts.items():
        name = story.staff({node: address}, ready=False, restarts=7, started=40, age=1900, last=("Error", 137, 45))[0]
        story.probe(name, FELIX_REFUSED.replace('"', ""), 6, 1850, 155)
        story.pod_event(
            name,
            "Unhealthy",
            "Liveness probe failed: Get http://localhost:9099/liveness: dial tcp 127.0.0.1:9099: connect: connection refused",
            50,
            1840,
            44,
        )
        story.pod_event(
            name,
            "Killing",
            "Container calico-node failed liveness probe, will be restarted",
            60,
            1790,
            7,
            type_="Normal",
        )
    node = "clr-02"
    peers = [a for n, a in hosts.items() if n != node]
    lines = story.old_boot(node, 240, peers, interface="enp1s0", prefix=24)[:-1]
    for n in range(40):
        ago, pid = 236 - 4.1 * n, 90 + 63 * n
        lines += [
            story.line(ago, "INFO", pid, "logutils.go 82:", "Early screen log level set to info"),
            story.line(ago - 0.7, "FATAL", pid, "int_dataplane.go 1018:", FATAL),
        ]
    story.log(story.pods[node], lines, f"{story.pods[node]}-previous.log")
    story.describe(node)
    story.affected = list(hosts)
    story.cite(f"{story.pods[node]}-previous.log", "Kernel's RPF check is set to 'loose'")
    return story


def the_new_system_only(now: datetime) -> Incident:
    story = incident(
        "new-nodes-of-another-system-start-with-two",
        CAUSE,
        "Two new nodes run a system whose systemd sets rp_filter to 2; felix of 3.8 refuses it there, the Container Linux nodes (value 1) run on and miss BGP with nobody: BIRD is up on the new nodes, only felix is not.",
        "https://github.com/projectcalico/felix/issues/2082",
        now,
        platform="other",
        calico="v3.8.0",
        kubernetes="v1.15.1",
        registry="quay.io/calico",
        namespace="kube-system",
        difficulty="medium",
    )
    old = {f"cl-{n}": f"10.0.7.{20 + n}" for n in (1, 2, 3)}
    new = {f"fcos-{n}": f"10.0.7.{30 + n}" for n in (1, 2)}
    story.hosts(
        old,
        os_image="Container Linux by CoreOS 2135.5.0 (Rhyolite)",
        kernel="4.19.50-coreos-r1",
        runtime="docker://18.6.3",
    )
    story.hosts(
        new,
        os_image="Fedora CoreOS 30.20190716.1",
        kernel="5.1.17-300.fc30.x86_64",
        runtime="docker://18.9.6",
        age=5000,
    )
    story.staff(old)
    for node, address in new.items():
        name = story.staff({node: address}, ready=False, restarts=0, started=4900, age=4950)[0]
        story.probe(name, FELIX_REFUSED.replace('"', ""), 3, 4860, 488)
        peers = [a for n, a in {**old, **new}.items() if n != node]
        lines = story.old_boot(node, 4900, peers, prefix=24)[:-1]
        for n in range(50):
            lines.append(story.line(4890 - 97 * n, "FATAL", 70 + 44 * n, "int_dataplane.go 1018:", FATAL))
        story.log(name, lines)
    story.describe("fcos-1")
    story.texts["sysctl.txt"] = (
        "cl-1:   net.ipv4.conf.all.rp_filter = 1\ncl-2:   net.ipv4.conf.all.rp_filter = 1\nfcos-1: net.ipv4.conf.all.rp_filter = 2\nfcos-2: net.ipv4.conf.all.rp_filter = 2\n"
    )
    story.affected = list(new)
    story.cite(f"{story.pods['fcos-1']}.log", "Kernel's RPF check is set to 'loose'")
    return story


FATAL_OF_OLD = "Kernel's RPF check is set to 'loose'.  This would allow endpoints to spoof their IP address.  Calico requires net.ipv4.conf.all.rp_filter to be set to 0 or 1. If you require loose RPF and you are not concerned about spoofing, this check can be disabled by setting the IgnoreLooseRPF configuration parameter to 'true'."


def workers_of_a_newer_ubuntu(now: datetime) -> Incident:
    story = incident(
        "focal-worker-joins-a-bionic-cluster",
        CAUSE,
        "The first worker on Ubuntu 20.04 joined a cluster of Ubuntu 18.04: systemd there sets rp_filter to 2, felix of v3.11 dies with FATAL_OF_OLD every few seconds while BIRD's sessions are up; pods on it have no network policy and are not reached. Only the log (docker's own file) and a list were sent.",
        "https://github.com/labring/sealos/issues/559",
        now,
        platform="other",
        calico="v3.11.3",
        kubernetes="v1.17.17",
        registry="docker.io/calico",
        namespace="kube-system",
        difficulty="easy",
    )
    hosts = {f"node-{n:02}": f"192.168.122.{100 + n}" for n in (1, 2, 3)}
    story.hosts(hosts, os_image="Ubuntu 18.04.5 LTS", kernel="4.15.0-128-generic", runtime="docker://19.3.14")
    new = {"node-04": "192.168.122.104"}
    story.hosts(new, os_image="Ubuntu 20.04.1 LTS", kernel="5.4.0-58-generic", runtime="docker://19.3.14", age=1300)
    story.staff(hosts, started=1_500_000)
    name = story.staff(new, ready=False, restarts=5, started=200, age=1250, last=("Error", 137, 204))[0]
    lines = story.old_boot("node-04", 200, list(hosts.values()), prefix=24, interface="ens3")[:-1]
    for n in range(42):
        ago, pid = 197.6 - 4.6 * n, 88 + 57 * n
        lines += [
            story.line(ago, "INFO", pid, "logutils.go 82:", "Early screen log level set to info"),
            story.line(ago - 0.1, "INFO", pid, "config_params.go 357:", 'Merging in config from environment variable: map[defaultendpointtohostaction:ACCEPT healthenabled:true ipinipmtu:1440 ipv6support:false logseverityscreen:info]'),
            story.line(ago - 0.6, "FATAL_OF_OLD", pid, "int_dataplane.go 1018:", FATAL_OF_OLD),
        ]  # fmt: skip
    story.log(name, wrapped(story, lines, "docker"), "calico-node-json.log")
    story.commands = {"pods.txt": "get pods -A -o wide", "nodes.txt": "get nodes -o wide"}
    story.affected = ["node-04"]
    story.cite("calico-node-json.log", "Kernel's RPF check is set to 'loose'")
    return story


def a_sysctl_profile_for_multihoming(now: datetime) -> Incident:
    story = incident(
        "tuning-daemonset-writes-two",
        CAUSE,
        "IKS classic 1.16 times: a customer's sysctl daemonset for their on-prem route writes net.ipv4.conf.all.rp_filter=2 on the three workers of one pool; calico-node ran on until the next master patch restarted it, now felix of v3.9 refuses the setting there. The other pool is fine.",
        "https://github.com/projectcalico/calicoctl/issues/1082",
        now,
        platform="classic",
        calico="v3.9.6",
        kubernetes="v1.16.15+IKS",
        namespace="kube-system",
        difficulty="medium",
        acceptable=["invalid-calico-config"],
    )
    good = story.workers(
        [f"10.84.17.{n}" for n in (10, 14, 15)],
        os_image="Ubuntu 18.04.5 LTS",
        kernel="4.15.0-112-generic",
        runtime="containerd://1.3.4",
    )
    bad = story.workers([f"10.84.17.{n}" for n in (40, 41, 47)], os_image="Ubuntu 18.04.5 LTS", kernel="4.15.0-112-generic", runtime="containerd://1.3.4",
                        labels={"ibm-cloud.kubernetes.io/worker-pool-name": "onprem-link"})  # fmt: skip
    story.agents(good, started=9000, age=9100)
    for n, node in enumerate(bad):
        name = story.agents([node], ready=False, restarts=28, started=50 + n, age=8900, last=("Error", 137, 54 + n))[0]
        story.probe(name, FELIX_REFUSED.replace('"', ""), 8, 8800, 740)
        story.pod_event(
            name,
            "Unhealthy",
            "Liveness probe failed: Get http://localhost:9099/liveness: dial tcp 127.0.0.1:9099: connect: connection refused",
            61,
            8780,
            170,
        )
        story.pod_event(
            name,
            "Killing",
            "Container calico-node failed liveness probe, will be restarted",
            66,
            8700,
            28,
            type_="Normal",
        )
        story.other(f"onprem-sysctl-{'ptk'[n]}4m{'b7x'[n]}q", node, namespace="netops", app="onprem-sysctl", image="registry.example.com/netops/sysctl:0.3", age=600_000, started=600_000,
                    spec={"command": ["sh", "-c", "sysctl -w net.ipv4.conf.all.rp_filter=2 net.ipv4.ip_forward=1; sleep infinity"]})  # fmt: skip
    me = bad[1]
    peers = [x for x in good + bad if x != me]
    lines = story.old_boot(me, 320, peers)[:-1]
    for n in range(30):
        lines += [
            story.line(317 - 8.8 * n, "INFO", 70 + 50 * n, "int_dataplane.go 246:", "Creating internal dataplane driver. config=intdataplane.Config{Hostname:\"" + me + "\"}"),
            story.line(316.7 - 8.8 * n, "FATAL_OF_OLD", 70 + 50 * n, "int_dataplane.go 842:", FATAL_OF_OLD),
        ]  # fmt: skip
    story.log(story.pods[me], lines, f"{story.pods[me]}-previous.log")
    story.describe(me)
    story.commands["describe-onprem-sysctl.txt"] = "describe pod -n netops onprem-sysctl-t4m7q"
    story.affected = bad
    story.cite(f"{story.pods[me]}-previous.log", "Kernel's RPF check is set to 'loose'")
    return story


# told on 29 November 2026 without having seen the rules
def tuned_profile_of_one_machine_set(now: datetime) -> Incident:
    story = incident(
        "tuned-profile-for-the-storage-network-sets-loose",
        CAUSE,
        "ROKS 4.3: a Tuned profile for workers with a storage network sets net.ipv4.conf.all.rp_filter=2. It does nothing to felix that runs; since the workers of that pool were updated, felix of v3.9 ends there at each start with its fatal line while BIRD is up. Pods of the pool are 0/1, the other pool is not touched.",
        "https://github.com/openshift/cluster-node-tuning-operator; https://github.com/projectcalico/libcalico-go/pull/1181",
        now,
        platform="roks",
        calico="v3.9.5",
        kubernetes="v1.16.2+283af84",
        difficulty="medium",
    )
    red_hat = {
        "os_image": "Red Hat Enterprise Linux Server 7.8 (Maipo)",
        "kernel": "3.10.0-1127.8.2.el7.x86_64",
        "runtime": "cri-o://1.16.6-13.rhaos4.3.git4936f44.el7",
    }
    plain = story.workers([f"10.94.171.{n}" for n in (4, 7, 11)], **red_hat)
    bad = story.workers(
        [f"10.94.171.{n}" for n in (40, 43)],
        labels={"ibm-cloud.kubernetes.io/worker-pool-name": "storage"},
        age=5_200,
        since=5_000,
        **red_hat,
    )
    story.agents(plain, started=1_600_000)
    init = [container(story, "install-cni", "icr.io/ext/calico/cni:v3.9.5", done=True, started=5_040)]
    names = story.agents(bad, ready=False, restarts=16, started=160, last=("Error", 137, 165), age=5_080, init=init)
    for name in names:
        story.probe(name, FELIX_REFUSED.replace('"', ""), 5, 5_000, 164)
        story.pod_event(
            name,
            "Killing",
            "Container calico-node failed liveness probe, will be restarted",
            195,
            4_950,
            16,
            type_="Normal",
        )
    me = bad[1]
    log = [x for x in story.old_boot(me, 158, [*plain, bad[0]], prefix=26) if "Completed first" not in x]
    for i in range(34):
        at, pid = 155 - 4.4 * i, 73 + 58 * i
        log += [
            story.line(at, "INFO", pid, "config_params.go 281:", "Merging in config from environment variable: map[datastoretype:kubernetes healthenabled:true ipv6support:false logseverityscreen:info]"),
            story.line(at - 0.3, "INFO", pid, "driver.go 45:", "Using internal (linux) dataplane driver."),
            story.line(at - 0.8, "FATAL", pid, "int_dataplane.go 1037:", FATAL),
        ]  # fmt: skip
    top = "must-gather.local.88163/namespaces/calico-system"
    story.log("", wrapped(story, log, "stamps"), f"{top}/pods/{names[1]}/calico-node/logs/current.log")
    story.texts["must-gather.local.88163/namespaces/openshift-cluster-node-tuning-operator/tuned.yaml"] = (
        "apiVersion: tuned.openshift.io/v1\nkind: Tuned\nmetadata:\n  name: storage-net\n  namespace: openshift-cluster-node-tuning-operator\n"
        f'  creationTimestamp: "{story.ago(1_900_000)}"\nspec:\n  profile:\n  - name: storage-net\n    data: |\n      [main]\n      summary=asymmetric storage network\n      include=openshift-node\n\n      [sysctl]\n      net.core.rmem_max=16777216\n      net.ipv4.conf.all.rp_filter=2\n'
        "  recommend:\n  - match:\n    - label: ibm-cloud.kubernetes.io/worker-pool-name\n      value: storage\n    priority: 20\n    profile: storage-net\n"
    )
    story.commands[f"{top}/pods.txt"] = "get pods -n calico-system -o wide"
    story.commands[f"{top}/describe-{names[1]}.txt"] = f"describe pod -n calico-system {names[1]}"
    story.commands["must-gather.local.88163/nodes.txt"] = "get nodes -o wide"
    story.affected = bad
    story.cite(f"{top}/pods/{names[1]}/calico-node/logs/current.log", "Kernel's RPF check is set to 'loose'")
    return story


def journal_of_the_first_fedora_coreos_host(now: datetime) -> Incident:
    story = incident(
        "container-journal-of-the-first-host-on-fedora-coreos",
        CAUSE,
        "The first bare-metal host that was moved from Container Linux to Fedora CoreOS: systemd's default rp_filter there is 2, which felix of v3.8 refuses. Only the host's journal (docker's journald driver) and a list of sysctls were sent; the fatal line comes between BIRD's and kubelet's lines every few seconds.",
        "https://github.com/coreos/fedora-coreos-tracker/issues/219",
        now,
        platform="other",
        calico="v3.8.0",
        kubernetes="v1.15.1",
        namespace="kube-system",
        registry="calico",
        difficulty="hard",
    )
    host, address = "node3.lab", "172.18.40.33"
    story.hosts(
        {host: address},
        os_image="Fedora CoreOS 30.20190716.1",
        kernel="5.1.17-300.fc30.x86_64",
        runtime="docker://18.6.3",
    )
    name = "calico-node-7zvqs"
    boot = story.old_boot(host, 900, ["172.18.40.31", "172.18.40.32"], interface="enp3s0", prefix=24)[:-1]
    lines: list[tuple[float, str]] = [(900 - 0.1 * i, f"docker[1204]: {x}") for i, x in enumerate(boot)]
    for i in range(16):
        at, pid = 893 - 4.6 * i, 99 + 61 * i
        lines.append(
            (
                at,
                f"docker[1204]: {story.line(at, 'INFO', pid, 'logutils.go 82:', 'Early screen log level set to info')}",
            )
        )
        lines.append((at - 0.6, f"docker[1204]: {story.line(at - 0.6, 'FATAL', pid, 'int_dataplane.go 1018:', FATAL)}"))
        if i % 4 == 2:
            lines.append(
                (
                    at - 1.7,
                    f'hyperkube[982]: I{story.klog(at - 1.7)}     982 prober.go:112] Readiness probe for "{name}_kube-system(0d3a):calico-node" failed (failure): calico/node is not ready: {FELIX_REFUSED.replace(chr(34), "")}',
                )
            )
        if i % 9 == 5:
            lines.append((at - 2, "chronyd[810]: Selected source 172.18.40.1"))
    lines.append(
        (
            820,
            f'hyperkube[982]: I{story.klog(820)}     982 kuberuntime_manager.go:603] Container "calico-node" ({{"docker" "5d0f11c9a2be"}}) of pod {name}_kube-system(0d3a): Container calico-node failed liveness probe, will be restarted',
        )
    )
    story.texts["journal-node3.txt"] = join(
        f"{story.syslog(at)} {host} {x}" for at, x in sorted(lines, key=lambda x: -x[0])
    )
    story.texts["sysctl.txt"] = (
        "core@node3 ~ $ sysctl -a 2>/dev/null | grep '\\.rp_filter' | grep -v cali\n"
        + "".join(
            f"net.ipv4.conf.{k}.rp_filter = {v}\n"
            for k, v in (("all", 2), ("default", 2), ("docker0", 2), ("enp3s0", 2), ("lo", 0), ("tunl0", 2))
        )
        + "core@node3 ~ $ ssh core@node2 sysctl net.ipv4.conf.all.rp_filter\nnet.ipv4.conf.all.rp_filter = 1\n"
    )
    story.affected = [host]
    story.cite("journal-node3.txt", "Kernel's RPF check is set to 'loose'")
    return story


STORIES = [
    every_new_image,
    the_new_system_only,
    workers_of_a_newer_ubuntu,
    a_sysctl_profile_for_multihoming,
    tuned_profile_of_one_machine_set,
    journal_of_the_first_fedora_coreos_host,
]
