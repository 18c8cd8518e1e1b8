"""iptables-incompatible: told without having seen the rules."""

from __future__ import annotations

from datetime import datetime

from telling import FELIX_503, FELIX_REFUSED, NOT_LIVE, Incident, incident, wrapped

CAUSE = "iptables-incompatible"


def native_raw_rule(now: datetime) -> Incident:
    story = incident(
        "somebody-added-a-native-rule-to-raw",
        CAUSE,
        "A native nft rule in the table raw of one host cannot be shown by iptables-nft-save: felix panics after each three tries and calico-node there never gets ready.",
        "https://github.com/projectcalico/calico/issues/8403",
        now,
        platform="other",
        calico="v3.26.4",
        kubernetes="v1.27.9",
        registry="quay.io/calico",
        difficulty="medium",
        acceptable=["interfaces-conflict"],
    )
    hosts = {f"fra-k8s-{n:02}": f"10.101.16.{30 + n}" for n in range(1, 6)}
    bad = "fra-k8s-04"
    story.hosts(hosts, os_image="Debian GNU/Linux 12 (bookworm)", kernel="6.1.0-17-amd64")
    story.staff({k: v for k, v in hosts.items() if k != bad}, started=1_600_000)
    name = story.staff({bad: hosts[bad]}, ready=False, restarts=2, started=600, last=("Error", 137, 610))[0]
    story.probe(name, FELIX_REFUSED, 12, 2900, 211)
    story.probe(name, NOT_LIVE, 22, 2880, 150, kind="Liveness")
    story.pod_event(
        name, "Killing", "Container calico-node failed liveness probe, will be restarted", 640, 2800, 3, type_="Normal"
    )
    lines = story.boot(bad, 600, [a for n, a in hosts.items() if n != bad], interface="bond0", prefix=24)[:-1]
    for turn in range(9):
        ago, pid = 580 - 62 * turn, 81 + 640 * turn
        for n in range(3):
            lines += [
                story.say(
                    ago - n,
                    "ERROR",
                    pid,
                    "felix",
                    "table.go 881:",
                    'iptables-save failed because there are incompatible nft rules in the table.  Remove the nft rules to continue. ipVersion=0x4 table="raw"',
                ),
                story.say(
                    ago - n,
                    "WARNING",
                    pid,
                    "felix",
                    "table.go 830:",
                    "Killing iptables-nft-save process after a failure error=iptables-save failed because there are incompatible nft rules in the table",
                ),
                story.say(
                    ago - n, "WARNING", pid, "felix", "table.go 840:", "iptables save failed error=signal: killed"
                ),
                story.say(
                    ago - n,
                    "WARNING",
                    pid,
                    "felix",
                    "table.go 778:",
                    'iptables-nft-save command failed error=iptables-save failed because there are incompatible nft rules in the table ipVersion=0x4 stderr="" table="raw"',
                ),
            ]
        lines += [
            story.say(
                ago - 3,
                "PANIC",
                pid,
                "felix",
                "table.go 784:",
                'iptables-nft-save command failed after retries ipVersion=0x4 table="raw"',
            ),
            "panic: (*logrus.Entry) 0xc000340620",
            "",
            "goroutine 405 [running]:",
        ]
    story.log(name, wrapped(story, lines, "stamps"))
    ok = story.pods["fra-k8s-01"]
    story.recreated(ok, [], 7000, 4)
    story.objects["Event"] = [e for e in story.objects["Event"] if e["involvedObject"]["name"] != ok]
    story.describe(bad)
    story.affected = [bad]
    story.cite(f"{name}.log", "there are incompatible nft rules in the table")
    return story


def legacy_without_legacy_tables(now: datetime) -> Incident:
    story = incident(
        "backend-legacy-on-hosts-without-legacy-tables",
        CAUSE,
        "The backend is set to Legacy for the whole cluster, but the hosts of the new release have only nf_tables: iptables-legacy-save fails for each table, felix panics on these hosts. The older hosts go on.",
        "https://github.com/projectcalico/calico/issues/7057",
        now,
        platform="other",
        calico="v3.24.5",
        kubernetes="v1.25.4",
        registry="quay.io/calico",
        namespace="kube-system",
        difficulty="medium",
        acceptable=["kernel-module-missing", "invalid-calico-config"],
    )
    old = {f"el8-{n}": f"10.61.2.{10 + n}" for n in (1, 2, 3)}
    new = {f"el9-{n}": f"10.61.2.{20 + n}" for n in (1, 2)}
    env = {"env": [{"name": "FELIX_IPTABLESBACKEND", "value": "Legacy"}, {"name": "IP", "value": "autodetect"}]}
    story.hosts(old, os_image="Rocky Linux 8.7 (Green Obsidian)", kernel="4.18.0-425.3.1.el8.x86_64")
    story.hosts(new, os_image="Rocky Linux 9.1 (Blue Onyx)", kernel="5.14.0-162.6.1.el9_1.x86_64", age=8000)
    story.staff(old, spec=env)
    for node, address in new.items():
        name = story.staff(
            {node: address}, ready=False, restarts=6, started=250, age=7900, last=("Error", 137, 255), spec=env
        )[0]
        story.probe(name, FELIX_REFUSED, 8, 7800, 600)
        lines = story.boot(
            node,
            250,
            [a for n, a in {**old, **new}.items() if n != node],
            list(old.values()),
            interface="ens192",
            prefix=24,
        )[:-1]
        lines.append(
            story.say(
                247,
                "WARNING",
                61,
                "felix",
                "feature_detect.go 287:",
                'Iptables backend specified does not match the detected backend, using specified backend detectedBackend="nft" specifiedBackend="legacy"',
            )
        )
        for turn in range(40):
            ago, pid = 246 - 6 * turn, 2072 + 66 * turn
            for n in range(3):
                lines += [
                    story.say(
                        ago - 0.3 * n,
                        "WARNING",
                        pid,
                        "felix",
                        "table.go 816:",
                        "iptables save failed error=exit status 1",
                    ),
                    story.say(
                        ago - 0.3 * n,
                        "WARNING",
                        pid,
                        "felix",
                        "table.go 765:",
                        'iptables-legacy-save command failed error=exit status 1 ipVersion=0x4 stderr="" table="filter"',
                    ),
                ]
            lines += [
                story.say(
                    ago - 1,
                    "PANIC",
                    pid,
                    "felix",
                    "table.go 771:",
                    'iptables-legacy-save command failed after retries ipVersion=0x4 table="filter"',
                ),
                "panic: (*logrus.Entry) 0xc000340620",
            ]
        story.log(name, lines)
    story.texts["on-el9-1.txt"] = (
        "$ iptables --version\niptables v1.8.8 (nf_tables)\n$ lsmod | grep -c ^iptable_\n0\n$ lsmod | grep ^nf_tables\nnf_tables             278528  412 nft_compat,nft_chain_nat\n"
    )
    story.describe("el9-1")
    story.affected = list(new)
    story.cite(f"{story.pods['el9-1']}.log", "iptables-legacy-save command failed after retries")
    return story


# told on 29 November 2026 without having seen the rules
def nftables_mode_on_an_old_kernel(now: datetime) -> Incident:
    story = incident(
        "nftables-dataplane-on-two-old-kernels",
        CAUSE,
        "The new cluster runs Calico's nftables dataplane. On the two nodes that still have a 4.18 kernel felix' transactions are refused ('Could not process rule: Operation not supported'), it gives up after its retries and panics again and again; nodes with 5.14 are well.",
        "https://docs.tigera.io/calico/latest/getting-started/kubernetes/nftables (kernel requirements); https://github.com/projectcalico/calico/issues/8025",
        now,
        platform="other",
        calico="v3.29.2",
        kubernetes="v1.32.1",
        registry="docker.io/calico",
        difficulty="medium",
        acceptable=["kernel-module-missing"],
    )
    hosts = {f"mix-{n}": f"172.29.3.{60 + n}" for n in range(1, 7)}
    bad = ["mix-2", "mix-5"]
    story.hosts(
        {k: v for k, v in hosts.items() if k not in bad},
        os_image="AlmaLinux 9.5 (Teal Serval)",
        kernel="5.14.0-503.21.1.el9_5.x86_64",
        runtime="containerd://1.7.25",
    )
    story.hosts(
        {k: hosts[k] for k in bad},
        os_image="AlmaLinux 8.10 (Cerulean Leopard)",
        kernel="4.18.0-553.34.1.el8_10.x86_64",
        runtime="containerd://1.7.25",
    )
    story.staff({k: v for k, v in hosts.items() if k not in bad}, started=400_000, age=400_040)
    names = story.staff(
        {k: hosts[k] for k in bad}, ready=False, restarts=410, started=31, last=("Error", 2, 34), age=400_040
    )
    for name in names:
        story.probe(name, FELIX_503, 12, 399_000, 12_022)
        story.probe(name, FELIX_REFUSED, 32, 399_000, 3_971)
    me = bad[0]
    log = story.boot(me, 29, [v for k, v in hosts.items() if k != me], interface="ens3", prefix=24)[:-1]
    refused = "/dev/stdin:7:1-64: Error: Could not process rule: Operation not supported\\nadd map ip calico cali-failsafe-in { type inet_proto . inet_service : verdict ; }\\n"
    for i in range(9):
        at = 26 - 0.1 * 2**i
        log.append(
            story.say(
                at,
                "ERROR",
                61,
                "felix",
                "table.go 1030:",
                f'Failed to run nft transaction error=running nft: exit status 1: {refused.split(chr(92))[0]} ipVersion=0x4 table="calico"',
            )
        )
        log.append(
            story.say(
                at - 0.01,
                "WARNING",
                61,
                "felix",
                "table.go 805:",
                'Failed to program nftables, will retry error=error performing nft transaction: exit status 1 ipVersion=0x4 table="calico"',
            )
            if i < 8
            else story.say(
                0.3,
                "PANIC",
                61,
                "felix",
                "table.go 817:",
                'Failed to program nftables, giving up after retries error=error performing nft transaction: exit status 1 ipVersion=0x4 table="calico"',
            )
        )
    log.append(
        "panic: (*logrus.Entry) 0xc0008a2e00\n\ngoroutine 311 [running]:\ngithub.com/sirupsen/logrus.(*Entry).log(0xc0008a2d90, 0x0, {0xc000cd0240, 0x39})"
    )
    story.log(names[0], log)
    story.describe(me, names[0])
    story.affected = bad
    story.cite(f"{names[0]}.log", "Failed to program nftables, giving up after retries")
    return story


def kernel_update_without_the_old_mark_revision(now: datetime) -> Incident:
    story = incident(
        "new-kernel-no-longer-takes-the-mark-target-of-ip6tables",
        CAUSE,
        "Since last night's unattended kernel update on one host ip6tables-nft cannot load the target MARK that felix writes ('Extension MARK revision 0 not supported, missing kernel module?'); felix' IPv6 mangle table fails after each retry and it panics, kube-proxy there says the same. Hosts with the former kernel go on.",
        "https://github.com/srl-labs/containerlab/issues/2290; https://github.com/jamesmcm/vopono/issues/297",
        now,
        platform="other",
        calico="v3.27.5",
        kubernetes="v1.29.14",
        registry="quay.io/calico",
        difficulty="hard",
        acceptable=["kernel-module-missing"],
    )
    hosts = {f"fc-node-{x}": f"192.168.77.{n}" for x, n in (("one", 11), ("two", 12), ("three", 13), ("four", 14))}
    bad = "fc-node-three"
    story.hosts(
        {k: v for k, v in hosts.items() if k != bad},
        os_image="Fedora CoreOS 40.20241006.3.0",
        kernel="6.10.12-200.fc40.x86_64",
        runtime="containerd://1.7.22",
    )
    story.hosts(
        {bad: hosts[bad]},
        os_image="Fedora CoreOS 40.20241019.3.0",
        kernel="6.11.3-200.fc40.x86_64",
        runtime="containerd://1.7.22",
    )
    story.staff({k: v for k, v in hosts.items() if k != bad}, started=1_700_000 - 60)
    name = story.staff({bad: hosts[bad]}, ready=False, restarts=74, started=55, last=("Error", 2, 58))[0]
    story.probe(name, FELIX_503, 8, 39_500, 1_180)
    for k in ("fc-node-one", "fc-node-four"):
        story.not_established(story.pods[k], [hosts[bad]], 2_700, 39_480, 5, established=2)
    log = story.boot(bad, 53, [v for k, v in hosts.items() if k != bad], interface="enp1s0", prefix=24)[:-1]
    warn = "Warning: Extension MARK revision 0 not supported, missing kernel module?\\nip6tables-restore v1.8.8 (nf_tables): unknown option \\\"--set-mark\\\"\\nError occurred at line: 14\\nTry `ip6tables-restore -h' or 'ip6tables-restore --help' for more information.\\n"
    for i in range(8):
        at = 49 - 0.15 * 2**i
        log.append(
            story.say(
                at, "WARNING", 61, "felix", "table.go 1416:",
                f'Failed to execute ip(6)tables-restore command error=exit status 2 errorOutput="{warn}" input="*mangle\\n:cali-PREROUTING - -\\n:cali-from-host-endpoint - -\\n-A cali-PREROUTING -m comment --comment \\"cali:6BJqBjBC7crtA-7-\\" -m conntrack --ctstate RELATED,ESTABLISHED --jump ACCEPT\\n-A cali-PREROUTING -m comment --comment \\"cali:KX7AGNd6rMcDUai6\\" --jump MARK --set-mark 0x10000/0x10000\\nCOMMIT\\n" ipVersion=0x6 output="" table="mangle"',
            )
        )  # fmt: skip
        log.append(
            story.say(
                at - 0.01,
                "WARNING",
                61,
                "felix",
                "table.go 1077:",
                'Failed to program iptables, will retry error=exit status 2 ipVersion=0x6 table="mangle"',
            )
        )
    log.append(
        story.say(
            29,
            "PANIC",
            61,
            "felix",
            "table.go 1097:",
            'Failed to program iptables, giving up after retries error=exit status 2 ipVersion=0x6 table="mangle"',
        )
    )
    story.log("", wrapped(story, log, "stamps"), "fc-three_calico-node.log")
    proxy = "kube-proxy-5hxq8"
    for k in hosts:
        story.other(
            proxy if k == bad else f"kube-proxy-{k[8:]}7z",
            k,
            app="kube-proxy",
            image="registry.k8s.io/kube-proxy:v1.29.14",
            started=39_600 if k == bad else 1_690_000,
            restarts=1 if k == bad else 0,
        )
    story.texts["fc-three_kube-proxy.log"] = "".join(
        f'E{story.klog(1_790 - 60 * i)}       1 proxier.go:838] "Failed to ensure chain jumps" err=<\n\terror appending rule: exit status 2: Warning: Extension MARK revision 0 not supported, missing kernel module?\n\tip6tables v1.8.9 (nf_tables): unknown option "--xor-mark"\n > table="nat" srcChain="POSTROUTING"\n'
        for i in range(12)
    )
    story.commands["pods.txt"] = "get pods -A -o wide"
    story.commands["nodes.txt"] = "get nodes -o wide"
    story.affected = [bad]
    story.cite("fc-three_calico-node.log", "Extension MARK revision 0 not supported")
    return story


STORIES = [
    native_raw_rule,
    legacy_without_legacy_tables,
    nftables_mode_on_an_old_kernel,
    kernel_update_without_the_old_mark_revision,
]
