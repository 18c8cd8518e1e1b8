"""software-defect: told without having seen the rules, then opened."""

from __future__ import annotations

from datetime import datetime

from cluster import container
from telling import FELIX_REFUSED, Incident, incident, node_status

CAUSE = "software-defect"


def ipam_migration_panics(now: datetime) -> Incident:
    story = incident(
        "upgrade-ipam-of-this-release-dereferences-nothing",
        CAUSE,
        "The cluster moves from host-local to Calico's IPAM with v3.9.5: the init container upgrade-ipam panics with a nil pointer right after it assigned the tunnel's address, on each host that is rolled, each time. The kubelet's and API server's side is well, no main container was ever started there; hosts not yet rolled go on with the former release.",
        "https://github.com/projectcalico/calico/issues/3749",
        now,
        platform="other",
        calico="v3.9.5",
        kubernetes="v1.17.2",
        registry="calico",
        namespace="kube-system",
        difficulty="easy",
    )
    hosts = {f"kub-{n:02}": f"10.160.22.{30 + n}" for n in (1, 2, 3, 4, 5)}
    story.hosts(hosts, os_image="CentOS Linux 7 (Core)", kernel="3.10.0-1062.12.1.el7.x86_64", runtime="docker://19.3.5", age=9_000_000, since=8_800_000)  # fmt: skip
    bad = ["kub-02", "kub-05"]
    story.calico = "v3.5.8"
    story.staff({k: v for k, v in hosts.items() if k not in bad}, started=8_000_000, age=8_000_020)
    story.calico = "v3.9.5"
    names = []
    for i, node in enumerate(bad):
        init = [
            container(story, "upgrade-ipam", "calico/cni:v3.9.5", ready=False, restarts=15 - 2 * i, waiting="CrashLoopBackOff",
                      message=f"back-off 5m0s restarting failed container=upgrade-ipam pod=calico-node-x_kube-system(4d{i}a)", last=("Error", 2, 94 + 31 * i)),
            container(story, "install-cni", "calico/cni:v3.9.5", ready=False, waiting="PodInitializing"),
        ]  # fmt: skip
        init[0]["lastState"]["terminated"]["startedAt"] = story.ago(95 + 31 * i)
        names += story.staff({node: hosts[node]}, init=init, ready=False, phase="Pending", waiting="PodInitializing", age=3_700 - 400 * i)  # fmt: skip
        story.pod_event(names[-1], "BackOff", "Back-off restarting failed container", 12 + i, 3_600 - 400 * i, 260 - 40 * i)  # fmt: skip
    began = 95
    story.log(names[0], [
        story.line(began, "INFO", 1, "ipam_plugin.go 68:", "migrating from host-local to calico-ipam..."),
        story.line(began - 0.004, "INFO", 1, "k8s.go 228:", "Using Calico IPAM"),
        story.line(began - 0.005, "INFO", 1, "migrate.go 65:", "checking host-local IPAM data dir dir existence..."),
        story.line(began - 0.005, "INFO", 1, "migrate.go 72:", "retrieving node for IPIP tunnel address"),
        story.line(began - 0.026, "INFO", 1, "migrate.go 80:", "IPIP tunnel address not found, assigning..."),
        story.line(began - 0.032, "INFO", 1, "ipam.go 583:", f"Assigning IP 10.244.1.1 to host: {bad[0]}"),
        "panic: runtime error: invalid memory address or nil pointer dereference",
        "[signal SIGSEGV: segmentation violation code=0x1 addr=0x28 pc=0x13db05d]",
        "",
        "goroutine 1 [running]:",
        "github.com/projectcalico/cni-plugin/pkg/upgrade.Migrate(0x199f500, 0xc000044018, 0x19d27c0, 0xc00003ac80, 0xc00003e035, 0x6, 0x0, 0x0)",
        "\t/go/src/pkg/upgrade/migrate.go:114 +0x4a5d",
        "github.com/projectcalico/cni-plugin/pkg/ipamplugin.Main(0x1815a1c, 0x6)",
        "\t/go/src/pkg/ipamplugin/ipam_plugin.go:82 +0x6f0",
        "main.main()",
        "\t/go/src/cmd/calico-ipam/calico-ipam.go:22 +0x3d",
    ], f"{names[0]}-upgrade-ipam.log")  # fmt: skip
    story.texts[f"{names[0]}.log"] = f'Error from server (BadRequest): container "calico-node" in pod "{names[0]}" is waiting to start: PodInitializing\n'  # fmt: skip
    old = story.pods["kub-03"]
    rest = [a for n, a in hosts.items() if n not in (*bad, "kub-03")]
    calm = []
    for k, node in enumerate(bad):
        session = f"bird: Mesh_{hosts[node].replace('.', '_')}"
        calm += [
            story.line(3_700 - 400 * k, "INFO", 66, "int_dataplane.go 574:", "Received interface update msg=&intdataplane.ifaceUpdate{Name:\"cali09c51ab2f31\", State:\"up\"}"),
            f"{session}: Received: Administrative shutdown" if k == 0 else f"{session}: Socket: Connection closed",
            f"{session}: State changed to stop", f"{session}: State changed to down", f"{session}: Starting", f"{session}: State changed to start",
        ]  # fmt: skip
    story.log(old, calm)
    story.texts["node-status-kub-03.txt"] = node_status(
        [(a, "up", story.stamp(7_900_000)[:10], "Established") for a in rest] + [(hosts[n], "start", story.stamp(3_690 - 400 * i)[11:19], "Active Socket: Connection refused") for i, n in enumerate(bad)]
    )  # fmt: skip
    story.describe(bad[0], names[0])
    story.affected = bad
    story.cite(
        f"{names[0]}-upgrade-ipam.log", "panic: runtime error: invalid memory address or nil pointer dereference"
    )
    story.cite(f"{names[0]}-upgrade-ipam.log", "cni-plugin/pkg/upgrade.Migrate")
    return story


def plugin_panics_on_add(now: datetime) -> Incident:
    story = incident(
        "plugin-panics-during-add-until-it-happens-to-work",
        CAUSE,
        "The CNI plugin of v3.18.6 itself panics ('Calico CNI panicked during ADD') on hosts whose block was emptied by a change of pools; after some repeats pods do come up. calico-node, API and pools are in order, no IP is short; three hosts of five, all on one release. Slow starts of pods and one old liveness event are what the customer showed first.",
        "https://github.com/projectcalico/calico/issues/5779",
        now,
        platform="other",
        calico="v3.18.6",
        kubernetes="v1.20.13",
        registry="docker.io/calico",
        namespace="kube-system",
        difficulty="medium",
    )
    hosts = {f"dc2-app{n:02}": f"10.167.40.{100 + n}" for n in (1, 2, 3, 4, 5)}
    story.hosts(hosts, os_image="CentOS Linux 7 (Core)", kernel="3.10.0-957.21.3.el7.x86_64", runtime="docker://19.3.15")  # fmt: skip
    story.staff(hosts, started=7_400, age=7_430)
    story.probe(story.pods["dc2-app02"], "bird/confd is not live: exit status 1", 7_350, 7_380, 2, kind="Liveness")
    text = "Calico CNI panicked during ADD: runtime error: invalid memory address or nil pointer dereference"
    bad = ["dc2-app01", "dc2-app03", "dc2-app04"]
    stuck = [
        story.stuck(f"lbl-gateway-979b686cc-{tail}", node, text, 11 + 5 * i, 1_270 - 210 * i, 96 - 17 * i, namespace="k8s-test", form="docker")
        for i, (tail, node) in enumerate(zip(("gj47z", "kx2mp", "tt9wd"), bad, strict=True))
    ]  # fmt: skip
    for i, (node, ip) in enumerate(
        (("dc2-app02", "10.60.17.4"), ("dc2-app05", "10.60.88.9"), ("dc2-app01", "10.60.201.3"))
    ):
        story.other(f"lbl-gateway-979b686cc-{'c7r'[i]}5hq{'2zk'[i]}", node, ip, "k8s-test", "ReplicaSet/lbl-gateway-979b686cc", app="lbl-gateway", age=1_280, started=1_250 if i < 2 else 310)  # fmt: skip
    lines = []
    for n in range(13):
        ago, pid = 290 - 21.4 * n, 27_163 + 514 * n
        sandbox = f"{0x8C92F910DB7CE8B9 + n * 0x1F3D5B79A:016x}81a1c4acbabce7b3f6e49472edc03e1fcc191e1ff50ab2af"
        workload = "dc2--app01-k8s-lbl--gateway--979b686cc--gj47z-eth0"
        lines += [
            story.line(ago, "INFO", pid, "plugin.go 260:", f'Calico CNI found existing endpoint: <nil> ContainerID="{sandbox}" Namespace="k8s-test" Pod="{stuck[0]}"' if n == 0 else f'Extracted identifiers for CmdAddK8s ContainerID="{sandbox}" Namespace="k8s-test" Pod="{stuck[0]}" WorkloadEndpoint="{workload}"'),
            story.line(ago - 0.11, "INFO", pid + 9, "ipam_plugin.go 257:", f'Auto assigning IP ContainerID="{sandbox}" HandleID="k8s-pod-network.{sandbox}" Workload="{workload}"'),
            story.line(ago - 0.12, "INFO", pid + 9, "ipam.go 122:", "Auto-assign 1 ipv4, 0 ipv6 addrs for host 'dc2-app01'"),
            story.line(ago - 0.31, "ERROR", pid, "plugin.go 119:", f"Final result of CNI ADD was an error. error={text}"),
            story.line(ago - 1.4, "WARNING", pid + 22, "ipam_plugin.go 424:", f'Asked to release address but it doesn\'t exist. Ignoring ContainerID="{sandbox}" HandleID="k8s-pod-network.{sandbox}" Workload="{workload}"'),
        ]  # fmt: skip
    story.log("cni", lines, "dc2-app01/var/log/calico/cni/cni.log")
    story.log(story.pods["dc2-app01"], [*story.boot("dc2-app01", 7_398, [a for n, a in hosts.items() if n != "dc2-app01"], prefix=24, interface="bond0"), *story.quiet(6_000, 10, 480)])  # fmt: skip
    story.texts["calicoctl.txt"] = (
        "[root@dc2-app02 ~]# calicoctl get ippool -o wide\nNAME         CIDR           NAT    IPIPMODE   VXLANMODE   DISABLED   SELECTOR   \npods-dc2     10.60.0.0/16   true   Always     Never       false      all()      \n\n"
        "[root@dc2-app02 ~]# calicoctl ipam show\n+----------+--------------+-----------+------------+--------------+\n| GROUPING |     CIDR     | IPS TOTAL | IPS IN USE |   IPS FREE   |\n+----------+--------------+-----------+------------+--------------+\n| IP Pool  | 10.60.0.0/16 |     65536 | 214 (0%)   | 65322 (100%) |\n+----------+--------------+-----------+------------+--------------+\n"
    )
    story.describe("dc2-app01")
    story.commands |= {"describe-lbl-gateway-gj47z.txt": f"describe pod -n k8s-test {stuck[0]}"}
    story.events()
    story.affected = bad
    story.cite("dc2-app01/var/log/calico/cni/cni.log", text)
    return story


def everything_in_a_network_set_is_an_empty_string(now: datetime) -> Incident:
    story = incident(
        "felix-panics-over-the-widest-network-with-nftables",
        CAUSE,
        "v3.30.3 with the nftables dataplane: since a NetworkSet has 0.0.0.0/0 felix of every node writes it well, but panics when it reads the set back at its next resync ('Failed to parse CIDR cidr=\"\"'), a defect of the nftables code of that release: the same set does no harm with iptables. It comes up, programs, and falls again each ninety seconds; readiness and a few slow requests are what the customer sees.",
        "https://github.com/projectcalico/calico/issues/13477",
        now,
        platform="other",
        calico="v3.30.3",
        kubernetes="v1.33.4",
        registry="quay.io/calico",
        difficulty="easy",
    )
    hosts = {f"nbg-{n}": f"10.33.6.{10 + n}" for n in (1, 2, 3, 4)}
    story.hosts(
        hosts, os_image="Debian GNU/Linux 13 (trixie)", kernel="6.12.43+deb13-amd64", runtime="containerd://2.1.4"
    )
    story.staff(hosts, started=93_000, age=93_060)
    story.typha("nbg-2", started=93_400)
    for i, name in enumerate(story.pods.values()):
        story.probe(name, FELIX_REFUSED, 44 + 19 * i, 3_950, 47 - i)
    frames = [
        "panic: (*logrus.Entry) 0xc000{}", "", "goroutine {} [running]:",
        "github.com/sirupsen/logrus.(*Entry).log(0xc000{}, 0x0, {{0xc00071e4c8, 0x14}})",
        "\t/go/pkg/mod/github.com/sirupsen/logrus@v1.9.3/entry.go:260 +0x474",
        "github.com/projectcalico/calico/felix/ip.MustParseCIDROrIP({{0x0, 0x0}})",
        "\t/go/src/github.com/projectcalico/calico/felix/ip/ip_addr.go:427 +0x191",
        "github.com/projectcalico/calico/felix/nftables.CanonicaliseMember({{0x4a01f6e?, 0xc0011a9fc0?}}, {{0x0, 0x0}})",
        "\t/go/src/github.com/projectcalico/calico/felix/nftables/ipsets.go:863 +0xc8",
        "github.com/projectcalico/calico/felix/nftables.(*IPSets).tryResync(0xc0003a2000)",
        "\t/go/src/github.com/projectcalico/calico/felix/nftables/ipsets.go:412 +0x9c5",
    ]  # fmt: skip
    for which, node in enumerate(("nbg-1", "nbg-3")):
        peers = [a for n, a in hosts.items() if n != node]
        lines = [*story.boot(node, 93_000, peers, interface="enp1s0", prefix=24), *story.quiet(9_000, 4_000, 900)]
        for turn in range(4):
            ago, pid = 330 - 94 * turn - 3 * which, 90_411 + 633 * turn
            lines += [
                story.say(ago, "INFO", pid, "felix", "daemon.go 148:", 'Felix starting up GOMAXPROCS=4 builddate="2025-08-20T17:11:40+0000" gitcommit="31ea50b" version="v3.30.3"'),
                story.say(ago - 0.1, "INFO", pid, "felix", "daemon.go 230:", 'Connecting to datastore datastore="kubernetes"'),
                story.say(ago - 1.4, "INFO", pid, "felix", "int_dataplane.go 590:", "NFTables mode enabled, using nftables dataplane"),
                story.say(ago - 2.2, "INFO", pid, "felix", "int_dataplane.go 2110:", "Completed first update to dataplane. secsSinceStart=2.2"),
                story.say(ago - 62, "INFO", pid, "felix", "summary.go 100:", f"Summarising {6 + turn} dataplane reconciliation loops over 1m0.{turn}s: avg=7ms longest=41ms (resync-nft-v4)"),
                story.say(ago - 92, "PANIC", pid, "felix", "ip_addr.go 427:", 'Failed to parse CIDR cidr="" error=failed to parse IP address'),
                *(frame.format(f"8e6e{turn}0") if i in (0, 3) else frame.format(437 + turn) if i == 2 else frame.format() for i, frame in enumerate(frames)),
            ]  # fmt: skip
        lines = lines[: -len(frames) - 1] if which else lines
        story.log(story.pods[node], lines)
    story.texts["networkset.yaml"] = (
        'apiVersion: projectcalico.org/v3\nkind: GlobalNetworkSet\nmetadata:\n  creationTimestamp: "2025-10-02T07:15:30Z"\n  labels:\n    scope: anywhere\n  name: anywhere\n  resourceVersion: "4410281"\nspec:\n  nets:\n  - 0.0.0.0/0\n'
    )
    story.texts["notes.txt"] = (
        "What changed: yesterday we switched the Installation from linuxDataplane Iptables to Nftables (v3.30.3 before and after) and rolled all nodes. About an hour ago a policy that selects scope == 'anywhere' was added; with iptables the staging cluster has had the same policy for months without trouble.\n"
    )
    story.describe("nbg-1")
    story.events()
    story.affected = []
    story.cite(f"{story.pods['nbg-1']}.log", 'Failed to parse CIDR cidr=""')
    return story


STORIES = [ipam_migration_panics, plugin_panics_on_add, everything_in_a_network_set_is_an_empty_string]
