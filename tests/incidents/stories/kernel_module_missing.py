"""kernel-module-missing: the host's kernel lacks what calico needs."""

from __future__ import annotations

from datetime import datetime

from telling import Incident, incident, protocols, wrapped

GENERATION = "RULE_APPEND failed (No such file or directory): rule in chain PREROUTING"


def set_type_not_supported(now: datetime) -> Incident:
    story = incident(
        "bare-metal-set-type-not-supported", "kernel-module-missing",
        "The kernel knows no set of type hash:net ('set type not supported'): ip_set_hash_net is not built for it.",
        "https://github.com/projectcalico/felix/issues/2083", now, difficulty="easy", platform="other", calico="v3.8.0",
        kubernetes="v1.15.0", namespace="kube-system", registry="calico", acceptable=["ipset-failure"],
    )  # fmt: skip
    hosts = {f"cn-bj-{n}": f"10.200.72.{n}" for n in (1, 6, 17)}
    story.hosts(hosts, kernel="3.10.107-tlinux2-0046", os_image="CentOS Linux 7 (Core)", runtime="docker://18.6.1")
    pods = story.staff(hosts, ready=False, restarts=11, started=80, last=("Error", 137, 83), age=3600)
    for name in pods:
        story.pod_event(
            name,
            "Unhealthy",
            "Liveness probe failed: Get http://localhost:9099/liveness: dial tcp 127.0.0.1:9099: connect: connection refused",
            17,
            3500,
            66,
        )
    log = story.old_boot("cn-bj-6", 80, ["10.200.72.1", "10.200.72.17"], up=[])
    data = "create cali40all-ipam-pools hash:net family inet maxelem 1048576\\ncreate cali4t32 hash:net family inet maxelem 1048576\\nadd cali4t32 172.31.0.0/16\\nswap cali40all-ipam-pools cali4t32\\nCOMMIT\\n"
    for n in range(8):
        pid = 61 + 70 * (n // 4)
        log.append(
            story.line(
                74 - 8 * n,
                "WARNING",
                pid,
                "ipsets.go 634:",
                f'Failed to complete ipset restore, IP sets may be out-of-sync. closeErr=<nil> commitErr=<nil> family="inet" flushErr=<nil> input="{data}" processErr=exit status 1 stderr="ipset v6.29: Error in line 1: Kernel error received: set type not supported\\n" stdout="" writeErr=<nil>',
            )
        )
        if n % 4 == 3:
            log.append(
                story.line(
                    73 - 8 * n,
                    "PANIC",
                    pid,
                    "ipsets.go 303:",
                    'Failed to update IP sets after multiple retries. family="inet"',
                )
            )
    story.log(pods[1], log, file="calico-node-cn-bj-6.txt")
    story.commands = {
        "nodes.txt": "get nodes -o wide",
        "pods.txt": "get pods -A -o wide",
        "describe.txt": f"describe pod -n kube-system {pods[1]}",
    }
    story.affected = list(hosts)
    story.cite("calico-node-cn-bj-6.txt", "set type not supported")
    return story


def cloud_kernel_without_ipip(now: datetime) -> Incident:
    story = incident(
        "proxmox-kvm-kernel-no-tunnel-device", "kernel-module-missing",
        "Two of five VMs boot the slim -kvm kernel, which has no ipip: felix cannot make tunl0. BGP is up everywhere, so the calico "
        "pods look ready while pods on these hosts reach nobody.",
        "https://github.com/kubernetes-sigs/kubespray/issues/10602", now, difficulty="hard", platform="other", calico="v3.26.3",
        kubernetes="v1.28.3", namespace="kube-system", registry="quay.io/calico",
    )  # fmt: skip
    plain = {f"pve-k8s-{n}": f"192.168.99.{10 + n}" for n in (1, 2, 3)}
    slim = {f"pve-k8s-{n}": f"192.168.99.{10 + n}" for n in (4, 5)}
    story.hosts(plain, kernel="5.15.0-88-generic", os_image="Ubuntu 22.04.3 LTS", age=1_100_000, since=1_000_000)
    story.hosts(slim, kernel="5.15.0-1045-kvm", os_image="Ubuntu 22.04.3 LTS", age=90_000, since=89_000)
    story.staff(plain, age=1_000_000, started=900_000)
    pods = story.staff(slim, age=89_900, started=89_900)
    web = story.other(
        "web-7d9f6c9b5-kq8zx",
        "pve-k8s-4",
        ip="10.233.70.9",
        namespace="shop",
        owner="ReplicaSet/web-7d9f6c9b5",
        ready=False,
        restarts=211,
        age=80_000,
    )
    story.pod_event(
        web,
        "Unhealthy",
        "Readiness probe failed: dial tcp 10.233.66.14:5432: i/o timeout",
        18,
        79_000,
        2600,
        namespace="shop",
    )
    log = story.boot("pve-k8s-4", 89_900, [*plain.values(), slim["pve-k8s-5"]])
    for n in range(25):
        ago = 1500 - 60 * n
        log.append(
            story.say(
                ago, "WARNING", 61, "felix", "ipip_mgr.go 113:", "Failed to add IPIP tunnel device error=exit status 1"
            )
        )
        log.append(
            story.say(
                ago,
                "WARNING",
                61,
                "felix",
                "ipip_mgr.go 90:",
                "Failed configure IPIP tunnel device, retrying... error=exit status 1",
            )
        )
        log += story.quiet(ago - 20, ago - 30)
    story.log(pods[0], log)
    story.texts["birdcl-protocols.txt"] = protocols(
        [(at, "up", "2026-11-22", "Established") for at in (*plain.values(), slim["pve-k8s-5"])]
    )
    story.texts["modules.txt"] = (
        "root@pve-k8s-4:~# modprobe ipip\nmodprobe: FATAL: Module ipip not found in directory /lib/modules/5.15.0-1045-kvm\n"
    )
    story.describe("pve-k8s-4", pods[0])
    story.commands["describe-web.txt"] = f"describe pod -n shop {web}"
    story.affected = list(slim)
    story.cite(f"{pods[0]}.log", "Failed to add IPIP tunnel device")
    story.cite("modules.txt", "Module ipip not found")
    return story


def raspberry_without_extra_modules(now: datetime) -> Incident:
    story = incident(
        "raspi-ubuntu-no-vxlan", "kernel-module-missing",
        "The Raspberry hosts' Ubuntu keeps vxlan in a package that is not installed: felix cannot create vxlan.calico there.",
        "https://github.com/k3s-io/k3s/issues/4234", now, difficulty="medium", platform="other", calico="v3.25.2",
        kubernetes="v1.26.10+k3s2", namespace="calico-system", registry="docker.io/calico",
    )  # fmt: skip
    hosts = {"rack-server": "192.168.31.5", **{f"raspi-{n}": f"192.168.31.{10 + n}" for n in (1, 2, 3)}}
    story.hosts({"rack-server": "192.168.31.5"}, kernel="5.15.0-87-generic")
    pis = {name: at for name, at in hosts.items() if name != "rack-server"}
    story.hosts(pis, kernel="5.15.0-1040-raspi")
    story.staff({"rack-server": "192.168.31.5"})
    pods = story.staff(pis, ready=False, age=4000, started=3900)
    for name in pods:
        story.pod_event(
            name,
            "Unhealthy",
            "Readiness probe failed: calico/node is not ready: felix is not ready: readiness probe reporting 503",
            22,
            3800,
            128,
        )
    coredns = story.other(
        "coredns-6799fbcd5-hj2xk",
        "raspi-2",
        owner="ReplicaSet/coredns-6799fbcd5",
        ip="192.168.214.3",
        ready=False,
        restarts=14,
    )
    log = [*story.boot("raspi-2", 3900, bird=False), "CALICO_NETWORKING_BACKEND is vxlan - no need to run a BGP daemon"]
    log.append(
        story.say(
            3895, "INFO", 61, "felix", "vxlan_mgr.go 553:", "VXLAN tunnel device thread started. ipVersion=0x4 mtu=1450"
        )
    )
    for n in range(22):
        log.append(
            story.say(
                3890 - 10 * n,
                "WARNING",
                61,
                "felix",
                "vxlan_mgr.go 587:",
                "Failed to configure VXLAN tunnel device, retrying... error=failed to create vxlan interface: operation not supported ipVersion=0x4",
            )
        )
        if n % 5 == 0:
            log.append(
                story.say(
                    3889 - 10 * n,
                    "WARNING",
                    61,
                    "felix",
                    "health.go 286:",
                    'Reporter is not ready. name="int_dataplane"',
                )
            )
    story.log(pods[1], wrapped(story, log, "stern", pods[1]))
    story.describe("raspi-2", pods[1])
    story.commands["describe-coredns.txt"] = f"describe pod -n kube-system {coredns}"
    story.affected = list(pis)
    story.cite(f"{pods[1]}.log", "failed to create vxlan interface: operation not supported")
    return story


def modules_of_the_running_kernel_gone(now: datetime) -> Incident:
    story = incident(
        "kernel-package-removed-before-reboot", "kernel-module-missing",
        "On two workers the modules of the running kernel were removed by an update that awaits its reboot, so rpfilter cannot be "
        "loaded and every nft transaction of felix fails; the neighbours' BGP complaints come later.",
        "felix/rules/static.go", now, difficulty="hard", platform="roks", calico="v3.27.3", kubernetes="v1.29.9+5865c5b",
        acceptable=["iptables-incompatible"],
    )  # fmt: skip
    nodes = story.workers([f"10.185.33.{n}" for n in range(70, 78)], os_image="Red Hat Enterprise Linux 9.4 (Plow)", kernel="5.14.0-427.13.1.el9_4.x86_64", runtime="cri-o://1.29.8")  # fmt: skip
    bad = [nodes[2], nodes[6]]
    fine = story.agents([n for n in nodes if n not in bad])
    pods = story.agents(bad, ready=False, restarts=52, started=75, last=("Error", 137, 80))
    for name in fine[:4]:
        story.recreated(name, bad, 90, 5)
    for name in pods:
        story.not_established(name, [n for n in nodes if n not in bad], 70, 6000, 30)
        story.pod_event(
            name,
            "Unhealthy",
            'Readiness probe failed: calico/node is not ready: felix is not ready: Get "http://localhost:9099/readiness": dial tcp 127.0.0.1:9099: connect: connection refused',
            15,
            6000,
            240,
        )
    log = story.boot(bad[0], 75, [n for n in nodes if n != bad[0]], interface="ens192")
    words = "iptables-nft-restore v1.8.8 (nf_tables): Couldn't load match `rpfilter':No such file or directory\\nWarning: Extension rpfilter revision 0 not supported, missing kernel module?\\n"
    for n in range(6):
        pid = 61 + 44 * (n // 3)
        log.append(
            story.say(
                70 - 10 * n,
                "WARNING",
                pid,
                "felix",
                "table.go 1409:",
                f'Failed to execute ip(6)tables-restore command error=exit status 4 errorOutput="{words}iptables-nft-restore: line 4: {GENERATION}\\n" input="*raw\\n-A cali-PREROUTING -m comment --comment \\"cali:H-dIfJ8cVbXzjSzk\\" -m rpfilter --invert --jump DROP\\nCOMMIT\\n" ipVersion=0x4 output="" table="raw"',
            )
        )
        if n % 3 == 2:
            log.append(
                story.say(
                    69 - 10 * n,
                    "PANIC",
                    pid,
                    "felix",
                    "table.go 1047:",
                    'Failed to program iptables, giving up after retries error=exit status 4 ipVersion=0x4 table="raw"',
                )
            )
    story.log(pods[0], log)
    story.texts["debug-node.txt"] = (
        "sh-5.1# uname -r\n5.14.0-427.13.1.el9_4.x86_64\nsh-5.1# ls /lib/modules\n5.14.0-427.40.1.el9_4.x86_64\nsh-5.1# modprobe xt_rpfilter\nmodprobe: FATAL: Module xt_rpfilter not found in directory /lib/modules/5.14.0-427.13.1.el9_4.x86_64\n"
    )
    story.describe(bad[0], pods[0])
    story.commands[f"describe-pod-{fine[0]}.txt"] = f"describe pod -n calico-system {fine[0]}"
    story.affected = bad
    story.cite("debug-node.txt", "xt_rpfilter not found")
    story.cite(f"{pods[0]}.log", "missing kernel module?")
    return story


def no_ipvs_match(now: datetime) -> Incident:
    story = incident(
        "kube-proxy-ipvs-without-xt-ipvs", "kernel-module-missing",
        "kube-proxy was switched to IPVS, so felix uses the ipvs match, whose kernel module this host image does not contain.",
        "https://github.com/kubernetes/minikube/pull/2490", now, difficulty="easy", platform="other", calico="v3.10.4",
        kubernetes="v1.16.9", namespace="kube-system", registry="calico", acceptable=["iptables-incompatible"],
    )  # fmt: skip
    hosts = {"mini-1": "192.168.99.100", "mini-2": "192.168.99.101"}
    story.hosts(hosts, kernel="4.16.14", os_image="Buildroot 2018.05", runtime="docker://18.6.3")
    pods = story.staff(hosts, ready=False, restarts=4, started=300, last=("Error", 137, 305), age=2000)
    for i, host in enumerate(hosts):
        story.other(
            f"kube-proxy-{'xy'[i]}5r2d", host, app="kube-proxy", image="k8s.gcr.io/kube-proxy:v1.16.9", age=2100
        )
        story.pod_event(
            pods[i],
            "Unhealthy",
            "Readiness probe failed: calico/node is not ready: felix is not ready: Get http://localhost:9099/readiness: dial tcp 127.0.0.1:9099: connect: connection refused",
            8,
            1900,
            101,
        )
    log = story.old_boot("mini-1", 300, ["192.168.99.101"])
    for n in range(9):
        rest, pid = 'error=exit status 2 ipVersion=0x4 table="filter"', 61 + 55 * (n // 3)
        log.append(
            story.line(
                290 - 30 * n,
                "WARNING",
                pid,
                "table.go 1007:",
                'Failed to execute ip(6)tables-restore command error=exit status 2 errorOutput="iptables-restore v1.6.2: Couldn\'t load match `ipvs\':No such file or directory\\n\\nError occurred at line: 21\\n" input="*filter\\n-A cali-forward-check -m ipvs --ipvs --jump RETURN\\nCOMMIT\\n" ipVersion=0x4 output="" table="filter"',
            )
        )
        log.append(
            story.line(289 - 30 * n, "WARNING", pid, "table.go 812:", f"Failed to program iptables, will retry {rest}")
        )
        if n % 3 == 2:
            log.append(
                story.line(
                    288 - 30 * n,
                    "PANIC",
                    pid,
                    "table.go 823:",
                    f"Failed to program iptables, giving up after retries {rest}",
                )
            )
    story.log(pods[0], log)
    story.texts["modprobe.txt"] = (
        "$ sudo modprobe xt_ipvs\nmodprobe: FATAL: Module xt_ipvs not found in directory /lib/modules/4.16.14\n"
    )
    story.describe("mini-1", pods[0])
    story.affected = list(hosts)
    story.cite(f"{pods[0]}.log", "Couldn't load match `ipvs'")
    return story


def no_set_match(now: datetime) -> Incident:
    story = incident(
        "appliance-kernel-without-xt-set",
        "kernel-module-missing",
        "The hosts' own kernel has no xt_set, so every rule with an IP set is refused (Couldn't load match `set') on all three hosts.",
        "https://github.com/kubernetes/minikube/issues/1779",
        now,
        difficulty="easy",
        platform="other",
        calico="v3.23.1",
        kubernetes="v1.23.6",
        namespace="kube-system",
        registry="docker.io/calico",
        acceptable=["iptables-incompatible"],
    )
    hosts = {f"appl-{c}": f"172.27.3.{30 + i}" for i, c in enumerate("abc")}
    story.hosts(hosts, kernel="4.19.246-custom", os_image="Buildroot 2021.02.12", runtime="containerd://1.6.4")
    pods = story.staff(hosts, ready=False, restarts=17, started=110, last=("Error", 137, 113), age=8000)
    for name in pods:
        story.pod_event(
            name,
            "Unhealthy",
            "Readiness probe failed: calico/node is not ready: felix is not ready: readiness probe reporting 503",
            15,
            7900,
            310,
        )
    log = story.boot("appl-a", 110, ["172.27.3.31", "172.27.3.32"], up=["172.27.3.31"])
    for n in range(9):
        pid, rest = 61 + 55 * (n // 3), 'error=exit status 2 ipVersion=0x4 table="nat"'
        error = "iptables-restore v1.8.4 (legacy): Couldn't load match `set':No such file or directory\\n\\nError occurred at line: 8\\nTry `iptables-restore -h' or 'iptables-restore --help' for more information.\\n"
        log += [
            story.say(
                100 - 10 * n,
                "WARNING",
                pid,
                "felix",
                "table.go 1321:",
                f'Failed to execute ip(6)tables-restore command error=exit status 2 errorOutput="{error}" input="*nat\\n:cali-nat-outgoing - -\\n-A cali-nat-outgoing -m set --match-set cali40masq-ipam-pools src --jump MASQUERADE\\nCOMMIT\\n" ipVersion=0x4 output="" table="nat"',
            ),
            story.say(
                99 - 10 * n, "WARNING", pid, "felix", "table.go 999:", f"Failed to program iptables, will retry {rest}"
            ),
        ]
        if n % 3 == 2:
            log.append(
                story.say(
                    98 - 10 * n,
                    "PANIC",
                    pid,
                    "felix",
                    "table.go 1010:",
                    f"Failed to program iptables, giving up after retries {rest}",
                )
            )
    story.log(pods[0], log)
    story.describe("appl-a", pods[0])
    story.affected = list(hosts)
    story.cite(f"{pods[0]}.log", "Couldn't load match `set'")
    return story


def no_ip6_tables(now: datetime) -> Incident:
    story = incident(
        "ipv6-tables-cannot-be-initialized",
        "kernel-module-missing",
        "IPv6 was switched on in the cluster, but two hosts' kernels have no ip6table_filter ('Table does not exist (do you need to insmod?)'), so felix ends there again and again.",
        "felix/iptables/table.go (ip6tables-legacy-save), netfilter iptables can't initialize table",
        now,
        difficulty="medium",
        platform="other",
        calico="v3.20.5",
        kubernetes="v1.22.17",
        registry="quay.io/calico",
        acceptable=["invalid-calico-config"],
    )
    hosts = {f"edge{n}": f"10.2.50.{n}" for n in (11, 12, 13, 14, 15)}
    bad = ["edge12", "edge15"]
    story.hosts(
        {k: v for k, v in hosts.items() if k not in bad},
        kernel="5.10.0-28-amd64",
        os_image="Debian GNU/Linux 11 (bullseye)",
    )
    story.hosts({k: hosts[k] for k in bad}, kernel="5.4.61-rt37-vendor", os_image="Debian GNU/Linux 10 (buster)")
    story.staff({k: v for k, v in hosts.items() if k not in bad})
    pods = story.staff({k: hosts[k] for k in bad}, ready=False, restarts=44, started=60, last=("Error", 137, 64))
    for name in pods:
        story.pod_event(
            name,
            "Unhealthy",
            'Liveness probe failed: Get "http://localhost:9099/liveness": dial tcp 127.0.0.1:9099: connect: connection refused',
            20,
            9000,
            260,
        )
    story.not_established(story.pods["edge11"], [hosts[b] for b in bad], 30, 8800, 130, established=2)
    log = story.boot("edge12", 60, [v for k, v in hosts.items() if k != "edge12"])
    for n in range(8):
        pid = 61 + 90 * (n // 4)
        err = "ip6tables-legacy-save v1.8.4 (legacy): can't initialize ip6tables table `filter': Table does not exist (do you need to insmod?)\\nPerhaps ip6tables or your kernel needs to be upgraded.\\n"
        log.append(
            story.say(
                55 - 5 * n,
                "WARNING",
                pid,
                "felix",
                "table.go 766:",
                f'ip6tables-legacy-save command failed error=exit status 3 ipVersion=0x6 stderr="{err}" table="filter"',
            )
        )
        if n % 4 == 3:
            log.append(
                story.say(
                    54 - 5 * n,
                    "PANIC",
                    pid,
                    "felix",
                    "table.go 773:",
                    'ip6tables-legacy-save command failed after retries error=exit status 3 ipVersion=0x6 table="filter"',
                )
            )
    story.log(pods[0], log, file=f"{pods[0]}.previous.log")
    story.commands = {
        "nodes.txt": "get nodes -o wide",
        "pods.txt": "get pods -n calico-system -o wide",
        "describe-edge12.txt": f"describe pod -n calico-system {pods[0]}",
        "describe-edge11.txt": f"describe pod -n calico-system {story.pods['edge11']}",
    }
    story.affected = bad
    story.cite(f"{pods[0]}.previous.log", "can't initialize ip6tables table `filter'")
    return story


def no_conntrack_netlink(now: datetime) -> Incident:
    story = incident(
        "dev-board-without-conntrack-netlink",
        "kernel-module-missing",
        "The boards' vendor kernel has no nf_conntrack_netlink: felix cannot remove conntrack flows, and calicoctl's system check names the module. Loud liveness failures are what the customer sees.",
        "https://github.com/projectcalico/calico/issues/8726",
        now,
        difficulty="hard",
        platform="other",
        calico="v3.27.3",
        kubernetes="v1.29.3+k3s1",
        registry="docker.io/calico",
    )
    boards = {f"coral-{n}": f"192.168.88.{40 + n}" for n in (1, 2)}
    hosts = {"srv-1": "192.168.88.20", "srv-2": "192.168.88.21"}
    story.hosts(hosts, kernel="5.15.0-102-generic")
    story.hosts(boards, kernel="4.14.98-imx", os_image="Mendel GNU/Linux 5 (Eagle)")
    story.staff(hosts)
    pods = story.staff(boards, ready=False, restarts=12, started=250, last=("Error", 137, 255), age=5000)
    for name in pods:
        story.pod_event(
            name,
            "Unhealthy",
            "Liveness probe failed: calico/node is not ready: Felix is not live: liveness probe reporting 503",
            260,
            4800,
            70,
        )
        story.pod_event(
            name,
            "Killing",
            "Container calico-node failed liveness probe, will be restarted",
            258,
            4800,
            12,
            type_="Normal",
        )
    log = story.boot("coral-1", 250, bird=False)
    for n in range(10):
        fields = f'direction="--orig-src" error=exit status 1 ip=10.42.3.{7 + n % 3} output="conntrack v1.4.4 (conntrack-tools): Operation failed: invalid parameters\\n"'
        text = f"Failed to remove conntrack flows after retries. {fields}"
        log.append(story.say(240 - 20 * n, "ERROR", 61, "felix", "conntrack.go 116:", text))
    story.log(pods[0], log)
    check = [
        ("ip_set", "OK"),
        ("ip6_tables", "OK"),
        ("ipt_rpfilter", "OK"),
        ("nf_conntrack_netlink", "FAIL"),
        ("vfio-pci", "OK"),
        ("xt_addrtype", "OK"),
        ("xt_conntrack", "OK"),
        ("xt_set", "OK"),
        ("xt_u32", "OK"),
    ]
    story.texts["calicoctl-node-checksystem.txt"] = (
        "Checking kernel version...\n\t\t4.14.98-imx         \t\t\t\t\tOK\nChecking kernel modules...\n"
        + "".join(
            (f"WARNING: Unable to detect the {m} module as Loaded/Builtin module or lsmod\n" if state == "FAIL" else "")
            + f"\t\t{m:20}\t\t\t\t\t{state}\n"
            for m, state in check
        )
        + "System doesn't meet one or more minimum systems requirements to run Calico\n"
    )
    story.describe("coral-1", pods[0])
    story.affected = list(boards)
    story.cite("calicoctl-node-checksystem.txt", "Unable to detect the nf_conntrack_netlink module")
    return story


def no_mark_target(now: datetime) -> Incident:
    story = incident(
        "mark-target-missing-after-kernel-swap",
        "kernel-module-missing",
        "Two workers booted a real-time kernel whose extra modules are not installed: the MARK extension is missing ('missing kernel module?'), so felix' chains cannot be written; pods there answer nobody.",
        "netfilter iptables nft.c (Extension MARK revision 0 not supported, missing kernel module?)",
        now,
        difficulty="hard",
        platform="other",
        calico="v3.28.2",
        kubernetes="v1.30.5+rke2r1",
        registry="docker.io/rancher/mirrored-calico",
        acceptable=["iptables-incompatible"],
    )
    hosts = {f"cell-{n}": f"10.212.9.{70 + n}" for n in range(1, 7)}
    bad = ["cell-2", "cell-3"]
    story.hosts(
        {k: v for k, v in hosts.items() if k not in bad},
        kernel="5.14.0-427.35.1.el9_4.x86_64",
        os_image="Rocky Linux 9.4 (Blue Onyx)",
    )
    story.hosts(
        {k: hosts[k] for k in bad},
        kernel="5.14.0-427.35.1.el9_4.x86_64+rt",
        os_image="Rocky Linux 9.4 (Blue Onyx)",
        since=7000,
    )
    story.staff({k: v for k, v in hosts.items() if k not in bad})
    pods = story.staff({k: hosts[k] for k in bad}, ready=False, restarts=1, started=6900, last=("Unknown", 255, 6950))
    for name in pods:
        story.pod_event(
            name,
            "Unhealthy",
            "Readiness probe failed: calico/node is not ready: felix is not ready: readiness probe reporting 503",
            12,
            6800,
            230,
        )
        story.not_established(name, [hosts["cell-1"]], 6860, 6880, 2, established=4)
    log = story.boot("cell-2", 6900, [v for k, v in hosts.items() if k != "cell-2"])
    for n in range(11):
        err = "Warning: Extension MARK revision 0 not supported, missing kernel module?\\niptables-nft-restore v1.8.8 (nf_tables): \\nline 6: RULE_APPEND failed (No such file or directory): rule in chain cali-PREROUTING\\n"
        log += [
            story.say(
                900 - 80 * n,
                "WARNING",
                64,
                "felix",
                "table.go 1472:",
                f'Failed to execute ip(6)tables-restore command error=exit status 4 errorOutput="{err}" input="*mangle\\n:cali-PREROUTING - -\\n-A cali-PREROUTING -j MARK --set-mark 0/0xf0000\\nCOMMIT\\n" ipVersion=0x4 output="" table="mangle"',
            ),
            story.say(
                899 - 80 * n,
                "WARNING",
                64,
                "felix",
                "table.go 1035:",
                'Retrying... error=exit status 4 ipVersion=0x4 table="mangle"',
            ),
            *story.quiet(880 - 80 * n, 870 - 80 * n),
        ]
    story.log(pods[0], wrapped(story, log, "cri", pods[0]))
    story.describe("cell-2", pods[0])
    story.affected = bad
    story.cite(f"{pods[0]}.log", "Extension MARK revision 0 not supported, missing kernel module?")
    return story


STORIES = [
    set_type_not_supported,
    cloud_kernel_without_ipip,
    raspberry_without_extra_modules,
    no_ipvs_match,
    modules_of_the_running_kernel_gone,
    no_set_match,
    no_ip6_tables,
    no_conntrack_netlink,
    no_mark_target,
]
