"""kernel-module-missing: told without having seen the rules."""

from __future__ import annotations

from datetime import datetime

from telling import FELIX_503, Incident, incident, wrapped

CAUSE = "kernel-module-missing"


def no_set_match_no_ipip(now: datetime) -> Incident:
    story = incident(
        "board-kernel-without-sets-and-tunnels",
        CAUSE,
        "The kernel of the three new boards has neither xt_set nor ipip: iptables-restore cannot load the match `set', the tunnel device cannot be added, felix stays at 503. The two older hosts of the same version are fine.",
        "https://github.com/projectcalico/calico/issues/7028",
        now,
        platform="other",
        calico="v3.24.5",
        kubernetes="v1.24.8",
        registry="docker.io/calico",
        namespace="kube-system",
        difficulty="medium",
        acceptable=["iptables-incompatible"],
    )
    old = {"rack-x86-1": "10.12.0.11", "rack-x86-2": "10.12.0.12"}
    boards = {f"board-{n}": f"10.12.0.{30 + n}" for n in (1, 2, 3)}
    story.hosts(old, os_image="Ubuntu 22.04.1 LTS", kernel="5.15.0-53-generic")
    story.hosts(boards, os_image="Armbian 22.08 Jammy", kernel="4.9.241-meson64", age=70_000)
    story.staff(old)
    everyone = {**old, **boards}
    restore = 'errorOutput="iptables-restore v1.8.4 (legacy): Couldn\'t load match `set\':No such file or directory\\n\\nError occurred at line: 8\\nTry `iptables-restore -h\' or \'iptables-restore --help\' for more information.\\n" input="*nat\\n:cali-fip-dnat - -\\n:cali-nat-outgoing - -\\n-A cali-nat-outgoing -m comment --comment \\"cali:flqWnvo8yq4ULQLa\\" -m set --match-set cali40masq-ipam-pools src -m set ! --match-set cali40all-ipam-pools dst --jump MASQUERADE\\nCOMMIT\\n" ipVersion=0x4 output="" table="nat"'
    for node, address in boards.items():
        name = story.staff({node: address}, ready=False, restarts=0, started=3100, age=3150)[0]
        story.probe(name, FELIX_503, 7, 3060, 300)
        lines = story.boot(node, 3100, [a for n, a in everyone.items() if n != node], prefix=24)[:-1]
        for turn in range(12):
            ago, pid = 3080 - 240 * turn, 1065 + 700 * turn
            lines += [
                story.say(
                    ago,
                    "INFO",
                    pid,
                    "felix",
                    "ipip_mgr.go 106:",
                    "Failed to get IPIP tunnel device, assuming it isn't present error=Link not found",
                ),
                story.say(
                    ago,
                    "WARNING",
                    pid,
                    "felix",
                    "ipip_mgr.go 111:",
                    "Failed to add IPIP tunnel device error=exit status 1",
                ),
                story.say(
                    ago,
                    "WARNING",
                    pid,
                    "felix",
                    "ipip_mgr.go 88:",
                    "Failed configure IPIP tunnel device, retrying... error=exit status 1",
                ),
                story.say(
                    ago - 0.2,
                    "WARNING",
                    pid,
                    "felix",
                    "table.go 1321:",
                    f"Failed to execute ip(6)tables-restore command error=exit status 2 {restore}",
                ),
                story.say(
                    ago - 0.2,
                    "WARNING",
                    pid,
                    "felix",
                    "table.go 999:",
                    'Failed to program iptables, will retry error=exit status 2 ipVersion=0x4 table="nat"',
                ),
                story.say(
                    ago - 0.4,
                    "WARNING",
                    pid,
                    "felix",
                    "table.go 1002:",
                    'Retrying... error=exit status 2 ipVersion=0x4 table="nat"',
                ),
                story.say(
                    ago - 9,
                    "PANIC",
                    pid,
                    "felix",
                    "table.go 1012:",
                    'Failed to program iptables, giving up after retries error=exit status 2 ipVersion=0x4 table="nat"',
                ),
            ]
        story.log(name, lines)
    story.describe("board-2")
    story.texts["lsmod-board-2.txt"] = (
        "$ modprobe xt_set; modprobe ipip\nmodprobe: FATAL: Module xt_set not found in directory /lib/modules/4.9.241-meson64\n"
        "modprobe: FATAL: Module ipip not found in directory /lib/modules/4.9.241-meson64\n"
    )
    story.affected = list(boards)
    story.cite("lsmod-board-2.txt", "Module xt_set not found")
    story.cite(f"{story.pods['board-2']}.log", "Couldn't load match `set'")
    return story


def symbols_of_another_build(now: datetime) -> Incident:
    story = incident(
        "set-modules-disagree-with-the-kernel",
        CAUSE,
        "On one openSUSE host the ip_set modules are of another build than the running kernel: dmesg says 'disagrees about version of symbol', so the set types cannot be loaded and felix gives up: set type not supported.",
        "https://github.com/projectcalico/cni-plugin/issues/90",
        now,
        platform="other",
        calico="v3.11.3",
        kubernetes="v1.17.17",
        registry="quay.io/calico",
        namespace="kube-system",
        difficulty="medium",
        acceptable=["ipset-failure"],
    )
    hosts = {f"leap-{n}": f"192.168.124.{80 + n}" for n in (1, 2, 3)}
    bad = "leap-2"
    story.hosts(hosts, os_image="openSUSE Leap 15.2", kernel="5.3.18-lp152.57-default", runtime="docker://19.3.11")
    story.staff({k: v for k, v in hosts.items() if k != bad})
    name = story.staff(
        {bad: hosts[bad]}, ready=False, restarts=16, waiting="CrashLoopBackOff", last=("Error", 137, 100)
    )[0]
    story.probe(
        name,
        "felix is not ready: Get http://localhost:9099/readiness: dial tcp 127.0.0.1:9099: connect: connection refused",
        104,
        6400,
        350,
    )
    lines = story.old_boot(bad, 420, [a for n, a in hosts.items() if n != bad], prefix=24)[:-1]
    for turn in range(25):
        ago, pid = 416 - 12 * turn, 60 + 151 * turn
        lines += [
            story.line(
                ago,
                "WARNING",
                pid,
                "ipsets.go 638:",
                'Failed to complete ipset restore, IP sets may be out-of-sync. closeErr=<nil> commitErr=<nil> family="inet" flushErr=<nil> input="create cali40all-ipam-pools hash:net family inet maxelem 1048576\\ncreate cali4t0 hash:net family inet maxelem 1048576\\nadd cali4t0 10.244.0.0/16\\nswap cali40all-ipam-pools cali4t0\\ndestroy cali4t0\\nCOMMIT\\n" processErr=exit status 1 stderr="ipset v6.38: Error in line 1: Kernel error received: set type not supported\\n" stdout="" writeErr=<nil>',
            ),
            story.line(
                ago - 0.3, "INFO", pid, "ipsets.go 301:", 'Retrying after an ipsets update failure... family="inet"'
            ),
            story.line(
                ago - 5,
                "PANIC",
                pid,
                "ipsets.go 319:",
                'Failed to update IP sets after multiple retries. family="inet"',
            ),
        ]
    story.log(name, lines, f"{name}-previous.log")
    story.texts["dmesg-leap-2.txt"] = (
        "[29848.807223] ip_set_hash_ip: Unknown symbol ip_set_type_unregister (err -22)\n[29850.417971] ip_set_hash_net: disagrees about version of symbol ip_set_elem_len\n"
        "[29850.417974] ip_set_hash_net: Unknown symbol ip_set_elem_len (err -22)\n[29850.418011] ip_set_hash_net: disagrees about version of symbol ip_set_type_register\n"
    )
    story.describe(bad)
    story.affected = [bad]
    story.cite("dmesg-leap-2.txt", "disagrees about version of symbol")
    story.cite(f"{name}-previous.log", "set type not supported")
    return story


# told on 29 November 2026 without having seen the rules
def image_without_the_extra_modules(now: datetime) -> Incident:
    story = incident(
        "rhel-ten-image-came-without-its-extra-modules",
        CAUSE,
        "The new pool boots RHEL 10, whose kernel-modules-extra is not installed: ip_set, xt_comment, xt_addrtype and br_netfilter are not below /lib/modules. felix ends over and over with 'ipset ... Invalid argument' and kube-proxy is refused as well; the RHEL 9 hosts with the same Calico are fine.",
        "https://github.com/kubernetes/kops/pull/18724",
        now,
        platform="other",
        calico="v3.30.3",
        kubernetes="v1.33.4+rke2r1",
        registry="docker.io/rancher/mirrored-calico",
        difficulty="medium",
    )
    old = {f"el9-{n}": f"10.66.1.{10 + n}" for n in (1, 2)}
    new = {f"el10-{n}": f"10.66.1.{30 + n}" for n in (1, 2, 3)}
    story.hosts(
        old,
        os_image="Red Hat Enterprise Linux 9.6 (Plow)",
        kernel="5.14.0-570.28.1.el9_6.x86_64",
        runtime="containerd://2.0.5-k3s2",
    )
    kernel = "6.12.0-55.25.1.el10_0.x86_64"
    story.hosts(
        new,
        os_image="Red Hat Enterprise Linux 10.0 (Coughlan)",
        kernel=kernel,
        runtime="containerd://2.0.5-k3s2",
        age=5_400,
        since=5_100,
    )
    story.staff(old, started=1_300_000)
    names = story.staff(new, ready=False, restarts=0, started=5_050, age=5_100)
    for name in names:
        story.probe(name, FELIX_503, 17, 5_000, 167)
    for i, node in enumerate(new):
        proxy = story.other(
            f"kube-proxy-{node}",
            node,
            owner=f"Node/{node}",
            app="kube-proxy",
            ready=False,
            restarts=19 + i,
            waiting="CrashLoopBackOff",
            last=("Error", 1, 130 + 11 * i),
            age=5_090,
        )
    me = "el10-2"
    log = story.boot(me, 5_045, bird=False, interface="ens3", prefix=24)[:-1]
    for turn in range(7):
        ago, pid = 5_030 - 700 * turn, 61 + 1_400 * turn
        for i in range(3):
            log.append(
                story.say(
                    ago - 0.4 * i,
                    "ERROR",
                    pid,
                    "felix",
                    "ipsets.go 758:",
                    'Bad return code from \'ipset list -name\'. error=exit status 1 family="inet" stderr="ipset v7.11: Kernel error received: Invalid argument\\n"',
                )
            )
            log.append(
                story.say(
                    ago - 0.4 * i - 0.1,
                    "WARNING",
                    pid,
                    "felix",
                    "ipsets.go 350:",
                    'Failed to resync with dataplane error=exit status 1 family="inet"',
                )
            )
        log += [
            story.say(
                ago - 4,
                "PANIC",
                pid,
                "felix",
                "ipsets.go 416:",
                'Failed to update IP sets after multiple retries. family="inet"',
            ),
            "panic: (*logrus.Entry) 0xc000b5a1c0",
            "",
            "goroutine 312 [running]:",
            "github.com/sirupsen/logrus.(*Entry).log(0xc000b5a150, 0x0, {0xc0008f4e40, 0x2f})",
            "\t/go/pkg/mod/github.com/sirupsen/logrus@v1.9.3/entry.go:260 +0x4be",
            "github.com/projectcalico/calico/felix/ipsets.(*IPSets).ApplyUpdates(0xc000a4c0e0, {0x0, 0x0})",
            "\t/go/src/github.com/projectcalico/calico/felix/ipsets/ipsets.go:416 +0x5c5",
        ]
    story.log(names[1], log)
    story.log("x", [
        f"I{story.klog(131)}       1 server_linux.go:149] \"Using iptables Proxier\"",
        f"E{story.klog(130)}       1 proxier.go:1489] \"Failed to execute iptables-restore\" err=<",
        "\texit status 4: Warning: Extension comment revision 0 not supported, missing kernel module?",
        "\tWarning: Extension addrtype revision 0 not supported, missing kernel module?",
        "\tWarning: Extension MASQUERADE revision 0 not supported, missing kernel module?",
        "\tiptables-restore v1.8.11 (nf_tables): ",
        "\tline 9: RULE_APPEND failed (No such file or directory): rule in chain PREROUTING",
        " > ipFamily=\"IPv4\"",
    ], "kube-proxy-el10-2.log")  # fmt: skip
    story.texts["el10-2-modules.txt"] = (
        f"[root@el10-2 ~]# uname -r\n{kernel}\n[root@el10-2 ~]# for m in ip_set xt_comment xt_addrtype br_netfilter vxlan; do modprobe $m; done\n"
        + "".join(
            f"modprobe: FATAL: Module {m} not found in directory /lib/modules/{kernel}\n"
            for m in ("ip_set", "xt_comment", "xt_addrtype", "br_netfilter")
        )
        + "[root@el10-2 ~]# rpm -qa 'kernel*' | sort\nkernel-6.12.0-55.25.1.el10_0.x86_64\nkernel-core-6.12.0-55.25.1.el10_0.x86_64\nkernel-modules-6.12.0-55.25.1.el10_0.x86_64\nkernel-modules-core-6.12.0-55.25.1.el10_0.x86_64\n"
    )
    story.describe(me, names[1])
    story.commands["describe-kube-proxy.txt"] = f"describe pod -n kube-system {proxy}"
    story.affected = list(new)
    story.cite("el10-2-modules.txt", "Module ip_set not found in directory")
    return story


def gateway_kernel_without_nf_tables(now: datetime) -> Incident:
    story = incident(
        "vendor-kernel-of-the-gateway-has-no-nf-tables",
        CAUSE,
        "K3s at the edge: one gateway runs its vendor's kernel, built without nf_tables; Calico was set up for the nft backend, so each iptables-nft-save there fails with 'Failed to initialize nft: Protocol not supported' and felix panics. The two PCs of the same cluster and version are fine.",
        "https://github.com/k3s-io/k3s/issues/4188",
        now,
        platform="other",
        calico="v3.25.0",
        kubernetes="v1.26.5+k3s1",
        registry="docker.io/calico",
        difficulty="medium",
        acceptable=["iptables-incompatible"],
    )
    hosts = {"hall-pc1": "192.168.40.11", "hall-pc2": "192.168.40.12"}
    bad = "hall-gw"
    kernel = "5.4.161-imx8mp-2.3.0"
    story.hosts(
        hosts, os_image="Debian GNU/Linux 12 (bookworm)", kernel="6.1.0-13-amd64", runtime="containerd://1.7.1-k3s1"
    )
    story.hosts(
        {bad: "192.168.40.13"},
        os_image="NXP i.MX Release Distro 5.4-zeus",
        kernel=kernel,
        runtime="containerd://1.7.1-k3s1",
        age=88_000,
        since=87_500,
    )
    story.objects["Node"][-1]["status"]["nodeInfo"]["architecture"] = "arm64"
    story.staff(hosts, started=1_400_000)
    name = story.staff(
        {bad: "192.168.40.13"}, ready=False, restarts=3, started=3_800, last=("Error", 137, 3_830), age=86_000
    )[0]
    story.probe(name, FELIX_503, 19, 3_700, 124)
    story.probe(name, "Felix is not live: liveness probe reporting 503", 3_850, 80_000, 18, kind="Liveness")
    log = story.boot(bad, 3_795, list(hosts.values()), interface="eth0", prefix=24)[:-1]
    for turn in range(9):
        ago, pid = 3_790 - 420 * turn, 61 + 700 * turn
        log += [
            story.say(
                ago,
                "INFO",
                pid,
                "felix",
                "feature_detect.go 379:",
                'Looked up iptables command backendMode="nft" candidates=[]string{"iptables-nft-save", "iptables-save"} command="iptables-nft-save" ipVersion=0x4 saveOrRestore="save"',
            ),
            *[
                story.say(
                    ago - 0.3 - 0.2 * i,
                    "WARNING",
                    pid,
                    "felix",
                    "table.go 853:",
                    f'iptables-save command failed error=exit status 1 ipVersion=0x4 stderr="iptables-nft-save/1.8.4 Failed to initialize nft: Protocol not supported\\n" table="{t}"',
                )
                for i, t in enumerate(("raw", "mangle", "filter"))
            ],
            story.say(
                ago - 3,
                "PANIC",
                pid,
                "felix",
                "table.go 769:",
                'iptables-save command failed after retries ipVersion=0x4 table="filter"',
            ),
            "panic: (*logrus.Entry) 0x4000a8e2a0",
        ]
    story.log(name, wrapped(story, log, "cri"), f"0.log-{bad}")
    story.texts["hall-gw.txt"] = (
        f"root@hall-gw:~# modprobe nf_tables\nmodprobe: FATAL: Module nf_tables not found in directory /lib/modules/{kernel}\n"
        "root@hall-gw:~# zcat /proc/config.gz | grep -E 'NF_TABLES|IP_NF_FILTER|IP_SET=|VXLAN'\n# CONFIG_NF_TABLES is not set\nCONFIG_IP_NF_FILTER=m\nCONFIG_IP_SET=m\nCONFIG_VXLAN=m\n"
    )
    story.describe(bad, name)
    story.affected = [bad]
    story.cite("hall-gw.txt", "Module nf_tables not found in directory")
    return story


STORIES = [
    no_set_match_no_ipip,
    symbols_of_another_build,
    image_without_the_extra_modules,
    gateway_kernel_without_nf_tables,
]
