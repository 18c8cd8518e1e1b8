"""iptables-incompatible: legacy and nft are mixed, or the tools do not understand the rules."""

from __future__ import annotations

from datetime import datetime

from telling import Incident, incident, wrapped

REFUSED = "dial tcp 127.0.0.1:9099: connect: connection refused"


def looked_up(story: Incident, ago: float, mode: str, pid: int = 61) -> list[str]:
    """felix says which iptables it takes."""
    return [
        story.say(ago, "INFO", pid, "felix", "feature_detect.go 259:", f'Looked up iptables command backendMode="{mode}" candidates=[]string{{"iptables-{mode}-{verb}", "iptables-{verb}"}} command="iptables-{mode}-{verb}" ipVersion=0x4 saveOrRestore="{verb}"')
        for verb in ("save", "restore")
    ]  # fmt: skip


def arm_boards(now: datetime) -> Incident:
    story = incident(
        "arm-image-nft-unknown-arguments", "iptables-incompatible",
        "The nft flavour of iptables-restore in this arm64 image does not understand felix' rules ('unknown arguments found'), on "
        "every host: felix panics in a loop.",
        "https://github.com/projectcalico/calico/issues/4487", now, difficulty="easy", platform="other", calico="v3.18.1",
        kubernetes="v1.20.4", namespace="kube-system", registry="docker.io/calico",
    )  # fmt: skip
    hosts = {f"altra-{n:02}": f"172.19.40.{10 + n}" for n in (1, 2, 3)}
    story.hosts(hosts, kernel="5.8.0-1017-aws", os_image="Ubuntu 20.04.2 LTS")
    pods = story.staff(hosts, ready=False, restarts=9, started=200, last=("Error", 137, 205), age=6000)
    for name in pods:
        story.pod_event(
            name,
            "Unhealthy",
            f"Readiness probe failed: calico/node is not ready: felix is not ready: Get http://localhost:9099/readiness: {REFUSED}",
            12,
            5800,
            210,
        )
    log = [*story.boot("altra-01", 200, ["172.19.40.12", "172.19.40.13"], up=[]), *looked_up(story, 196, "nft")]
    rules = '*filter\\n:cali-to-host-endpoint - -\\n:cali-OUTPUT - -\\n-A cali-OUTPUT -m comment --comment \\"cali:Mq1_rAdXXH3YkrzW\\" -m mark --mark 0x10000/0x10000 --jump ACCEPT\\nCOMMIT\\n'
    error = "iptables-nft-restore v1.8.4 (nf_tables): unknown arguments found on commandline\\nError occurred at line: 3\\nTry `iptables-nft-restore -h' or 'iptables-nft-restore --help' for more information.\\n"
    for turn in range(3):
        pid, rest = 61 + 210 * turn, 'error=exit status 2 ipVersion=0x4 table="filter"'
        for n in range(4):
            ago = 190 - 60 * turn - 3 * n
            log.append(
                story.say(
                    ago,
                    "WARNING",
                    pid,
                    "felix",
                    "table.go 1324:",
                    f'Failed to execute ip(6)tables-restore command error=exit status 2 errorOutput="{error}" input="{rules}" ipVersion=0x4 output="" table="filter"',
                )
            )
            log.append(
                story.say(
                    ago - 0.1,
                    "WARNING",
                    pid,
                    "felix",
                    "table.go 989:",
                    f"Failed to program iptables, will retry {rest}",
                )
            )
        log.append(
            story.say(
                170 - 60 * turn,
                "ERROR",
                pid,
                "felix",
                "table.go 996:",
                f"Failed to program iptables, loading diags before panic. {rest}",
            )
        )
        log.append(
            story.say(
                169 - 60 * turn,
                "PANIC",
                pid,
                "felix",
                "table.go 1004:",
                f"Failed to program iptables, giving up after retries {rest}",
            )
        )
        log += [
            "panic: (*logrus.Entry) 0x4000b0c2d0",
            "",
            "goroutine 223 [running]:",
            "github.com/sirupsen/logrus.Entry.log(0x40000a8070, 0x4000886c60, 0x0, 0x0)",
        ]
    story.log(pods[0], wrapped(story, log, "stern", pods[0]))
    story.describe("altra-01", pods[0])
    story.affected = list(hosts)
    story.cite(f"{pods[0]}.log", "unknown arguments found on commandline")
    return story


def native_nft_rules(now: datetime) -> Incident:
    story = incident(
        "hand-written-nft-rules-in-nat", "iptables-incompatible",
        "felix stops because the nat table on two hosts holds nft rules that iptables cannot show: the customer's own nft script "
        "wrote them; the BGP events on the neighbours follow from it.",
        "https://github.com/projectcalico/felix/pull/2564", now, difficulty="hard", platform="other", calico="v3.20.3",
        kubernetes="v1.22.9", namespace="calico-system", registry="quay.io/calico",
    )  # fmt: skip
    hosts = {f"dc3-k8s-{n:02}": f"10.16.88.{30 + n}" for n in range(1, 8)}
    story.hosts(hosts, kernel="4.18.0-348.el8.x86_64", os_image="Rocky Linux 8.5 (Green Obsidian)")
    bad = {name: hosts[name] for name in ("dc3-k8s-02", "dc3-k8s-06")}
    good = {name: at for name, at in hosts.items() if name not in bad}
    pods = story.staff(bad, ready=False, restarts=21, started=400, last=("Error", 137, 402))
    others = story.staff(good)
    for name in others[1:4]:
        story.recreated(name, list(bad.values()), 1500, 4)
    for name in pods:
        story.pod_event(
            name,
            "Unhealthy",
            f'Readiness probe failed: calico/node is not ready: felix is not ready: Get "http://localhost:9099/readiness": {REFUSED}',
            9,
            9000,
            800,
        )
    first = pods[0]
    log = [*story.boot("dc3-k8s-02", 400, list(good.values())), *looked_up(story, 396, "nft")]
    for turn in range(6):
        ago, pid = 390 - 60 * turn, 61 + 133 * turn
        log.append(
            story.say(
                ago,
                "INFO",
                pid,
                "felix",
                "table.go 592:",
                'Loading current iptables state and checking it is correct. ipVersion=0x4 table="nat"',
            )
        )
        for n in range(3):
            log.append(
                story.say(
                    ago - 4 * n,
                    "ERROR",
                    pid,
                    "felix",
                    "table.go 881:",
                    'iptables-save failed because there are incompatible nft rules in the table.  Remove the nft rules to continue. ipVersion=0x4 table="nat"',
                )
            )
            log.append(
                story.say(
                    ago - 4 * n,
                    "WARNING",
                    pid,
                    "felix",
                    "table.go 668:",
                    'iptables-nft-save command failed error=iptables-save failed because there are incompatible nft rules in the table ipVersion=0x4 stderr="" table="nat"',
                )
            )
        log.append(
            story.say(
                ago - 20,
                "PANIC",
                pid,
                "felix",
                "table.go 674:",
                'iptables-nft-save command failed after retries error=iptables-save failed because there are incompatible nft rules in the table ipVersion=0x4 table="nat"',
            )
        )
        log += [
            "panic: (*logrus.Entry) 0xc0004e81c0",
            "",
            "goroutine 246 [running]:",
            "github.com/sirupsen/logrus.(*Entry).log(0xc0000e6000, 0x0, 0xc000c12500, 0x36)",
        ]
    story.log(first, log)
    story.log(others[0], [*story.boot("dc3-k8s-01", 900_000, [at for at in hosts.values() if at != "10.16.88.31"])[-12:],
                          "bird: Mesh_10_16_88_32: State changed to start", "bird: Mesh_10_16_88_36: State changed to start", *story.quiet(600, 60)])  # fmt: skip
    story.describe("dc3-k8s-02", first)
    story.commands[f"describe-pod-{others[1]}.txt"] = f"describe pod -n calico-system {others[1]}"
    story.affected = list(bad)
    story.cite(f"{first}.log", "incompatible nft rules in the table")
    return story


def old_kernel_nft_image(now: datetime) -> Incident:
    story = incident(
        "node-group-back-to-el7-still-nft", "iptables-incompatible",
        "On the hosts that were rolled back to EL7 felix still takes the nft flavour (left by an init script), which this kernel "
        "does not serve: 'Could not fetch rule set generation id'.",
        "https://github.com/projectcalico/calico/issues/7741", now, difficulty="medium", platform="other", calico="v3.24.1",
        kubernetes="v1.24.13-eks-0a21954", namespace="kube-system", registry="123456789012.dkr.ecr.example.com/calico",
    )  # fmt: skip
    new = {f"ip-10-52-{n}-14.ec2.internal": f"10.52.{n}.14" for n in (3, 4, 5)}
    old = {f"ip-10-52-{n}-201.ec2.internal": f"10.52.{n}.201" for n in (3, 4)}
    story.hosts(new, kernel="5.10.178-162.673.amzn2.x86_64", os_image="Amazon Linux 2")
    story.hosts(
        old,
        kernel="3.10.0-1160.90.1.el7.x86_64",
        os_image="Red Hat Enterprise Linux Server 7.9 (Maipo)",
        age=5000,
        since=4900,
    )
    story.staff(new)
    pods = story.staff(old, ready=False, restarts=13, started=110, last=("Error", 137, 112), age=4900)
    for name in pods:
        story.pod_event(
            name,
            "Unhealthy",
            f'Readiness probe failed: calico/node is not ready: felix is not ready: Get "http://localhost:9099/readiness": {REFUSED}',
            5,
            4800,
            260,
        )
        story.pod_event(
            name, "Unhealthy", f'Liveness probe failed: Get "http://localhost:9099/liveness": {REFUSED}', 25, 4800, 90
        )
        story.pod_event(
            name,
            "Killing",
            "Container calico-node failed liveness probe, will be restarted",
            115,
            4700,
            13,
            type_="Normal",
        )
    log = [*story.boot(next(iter(old)), 110, bird=False), *looked_up(story, 106, "nft")]
    for n in range(6):
        text = 'iptables-nft-save command failed error=exit status 1 ipVersion=0x4 stderr="iptables-nft-save v1.8.4 (nf_tables): Could not fetch rule set generation id: Invalid argument\\n\\n" table="mangle"'
        log.append(story.say(100 - 12 * n, "WARNING", 61 + 50 * (n // 3), "felix", "table.go 766:", text))
        if n % 3 == 2:
            log.append(
                story.say(
                    99 - 12 * n,
                    "PANIC",
                    61 + 50 * (n // 3),
                    "felix",
                    "table.go 773:",
                    'iptables-nft-save command failed after retries error=exit status 1 ipVersion=0x4 table="mangle"',
                )
            )
    story.log(pods[0], log, file="calico-node.previous.log")
    story.commands = {
        "nodes.txt": "get nodes -o wide",
        f"describe-{pods[0]}.txt": f"describe pod -n kube-system {pods[0]}",
        "pods.txt": "get pods -n kube-system -o wide",
    }
    story.affected = list(old)
    story.cite("calico-node.previous.log", "Could not fetch rule set generation id")
    return story


def two_worlds_of_rules(now: datetime) -> Incident:
    story = incident(
        "kube-proxy-nft-calico-legacy", "iptables-incompatible",
        "No error anywhere: felix programs the legacy tables while kube-proxy and the host use nft; the dump of the host shows "
        "'iptables-legacy tables present', and packets meet both sets of rules.",
        "https://github.com/projectcalico/calico/issues/8857", now, difficulty="hard", platform="other", calico="v3.27.2",
        kubernetes="v1.27.12+rke2r1", namespace="calico-system", registry="docker.io/rancher/mirrored-calico",
    )  # fmt: skip
    hosts = {f"rhel-rke2-{n}": f"10.131.5.{60 + n}" for n in (1, 2, 3, 4)}
    story.hosts(
        hosts,
        kernel="4.18.0-513.24.1.el8_9.x86_64",
        os_image="Red Hat Enterprise Linux 8.9 (Ootpa)",
        runtime="containerd://1.7.11-k3s2",
    )
    pods = story.staff(hosts, started=90_000, age=90_000)
    for i, host in enumerate(hosts):
        story.other(
            f"kube-proxy-{host}",
            host,
            owner=f"Node/{host}",
            app="kube-proxy",
            image="rancher/hardened-kubernetes:v1.27.12-rke2r1",
        )
        story.other(
            f"rke2-coredns-5b8f9c7d6f-x{i}k2p",
            host,
            ip=f"10.42.{i}.9",
            owner="ReplicaSet/rke2-coredns-5b8f9c7d6f",
            app="coredns",
            ready=i > 1,
            restarts=6 * (i < 2),
        )
    story.pod_event(
        "rke2-coredns-5b8f9c7d6f-x0k2p",
        "Unhealthy",
        "Readiness probe failed: HTTP probe failed with statuscode: 503",
        30,
        80_000,
        2011,
        namespace="kube-system",
    )
    log = [
        *story.boot("rhel-rke2-1", 90_000, list(hosts.values())[1:]),
        *looked_up(story, 89_995, "legacy"),
        *story.quiet(700, 30),
    ]
    story.log(pods[0], log)
    story.texts["host-iptables-save.txt"] = "\n".join([
        f"# Generated by iptables-save v1.8.5 (nf_tables) on {now:%a %b %d %H:%M:%S %Y}", "*nat", ":PREROUTING ACCEPT [0:0]", ":KUBE-SERVICES - [0:0]", ":KUBE-POSTROUTING - [0:0]",
        '-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES', "COMMIT", "*filter", ":FORWARD DROP [88121:5287260]",
        '-A FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD', "COMMIT", f"# Completed on {now:%a %b %d %H:%M:%S %Y}",
        "# Warning: iptables-legacy tables present, use iptables-legacy-save to see them"]) + "\n"  # fmt: skip
    story.texts["kube-proxy-rhel-rke2-1.log"] = "\n".join([
        'I1122 09:46:21.118233       1 node.go:141] Successfully retrieved node IP: 10.131.5.61',
        'I1122 09:46:21.134410       1 server_others.go:152] "Using iptables Proxier"',
        'I1122 09:46:21.301118       1 config.go:315] "Starting node config controller"',
        'I1122 09:46:21.401733       1 shared_informer.go:318] Caches are synced for service config']) + "\n"  # fmt: skip
    story.describe("rhel-rke2-1", pods[0])
    story.commands["describe-coredns.txt"] = "describe pod -n kube-system rke2-coredns-5b8f9c7d6f-x0k2p"
    story.affected = list(hosts)
    story.cite("host-iptables-save.txt", "iptables-legacy tables present")
    return story


def random_fully(now: datetime) -> Incident:
    story = incident(
        "masquerade-option-unknown-to-the-tool", "iptables-incompatible",
        "The customer's own image carries an old iptables that does not know --random-fully, which felix uses because the kernel can; "
        "the nat table is never programmed on the two hosts with that image.",
        "felix/iptables/feature_detect.go (MASQFullyRandom)", now, difficulty="easy", platform="other", calico="v3.22.2",
        kubernetes="v1.23.9", namespace="kube-system", registry="harbor.corp.example.com/calico",
    )  # fmt: skip
    hosts = {f"hb-{n}": f"10.44.9.{n}" for n in (11, 12, 13, 14, 15)}
    story.hosts(hosts, kernel="5.10.0-21-amd64", os_image="Debian GNU/Linux 11 (bullseye)")
    bad = {name: hosts[name] for name in ("hb-12", "hb-15")}
    story.staff({name: at for name, at in hosts.items() if name not in bad})
    pods = story.staff(
        bad,
        ready=False,
        restarts=5,
        started=700,
        last=("Error", 137, 703),
        age=3300,
        image="harbor.corp.example.com/calico/node:v3.22.2-hardened",
    )
    for name in pods:
        story.pod_event(
            name,
            "Unhealthy",
            f'Readiness probe failed: calico/node is not ready: felix is not ready: Get "http://localhost:9099/readiness": {REFUSED}',
            14,
            3200,
            150,
        )
    log = [
        *story.boot("hb-12", 700, [at for name, at in hosts.items() if name != "hb-12"]),
        *looked_up(story, 696, "legacy"),
    ]
    for n in range(8):
        pid, rest = 61 + 77 * (n // 4), 'error=exit status 2 ipVersion=0x4 table="nat"'
        log.append(
            story.say(
                690 - 40 * n,
                "WARNING",
                pid,
                "felix",
                "table.go 1321:",
                'Failed to execute ip(6)tables-restore command error=exit status 2 errorOutput="iptables-restore v1.6.0: unknown option \\"--random-fully\\"\\nError occurred at line: 9\\nTry `iptables-restore -h\' or \'iptables-restore --help\' for more information.\\n" input="*nat\\n:cali-nat-outgoing - -\\n-A cali-nat-outgoing --jump MASQUERADE --random-fully\\nCOMMIT\\n" ipVersion=0x4 output="" table="nat"',
            )
        )
        log.append(
            story.say(
                689 - 40 * n, "WARNING", pid, "felix", "table.go 999:", f"Failed to program iptables, will retry {rest}"
            )
        )
        if n % 4 == 3:
            log.append(
                story.say(
                    688 - 40 * n,
                    "PANIC",
                    pid,
                    "felix",
                    "table.go 1010:",
                    f"Failed to program iptables, giving up after retries {rest}",
                )
            )
    story.log(pods[0], log)
    story.describe("hb-12", pods[0])
    story.affected = list(bad)
    story.cite(f"{pods[0]}.log", "--random-fully")
    return story


def chain_busy(now: datetime) -> Incident:
    story = incident(
        "nft-chain-delete-busy-for-ever",
        "iptables-incompatible",
        "iptables-nft-restore refuses felix' transactions on two hosts because a chain that it deletes is still referenced (CHAIN_USER_DEL: Device or resource busy); pods made since have no rules.",
        "felix/iptables/table.go (iptables-nft-restore CHAIN_USER_DEL)",
        now,
        difficulty="medium",
        platform="other",
        calico="v3.21.4",
        kubernetes="v1.22.15",
        namespace="kube-system",
        registry="quay.io/calico",
    )
    hosts = {f"prod-n{n}": f"10.71.12.{60 + n}" for n in range(1, 6)}
    bad = {k: hosts[k] for k in ("prod-n2", "prod-n4")}
    story.hosts(hosts, kernel="4.18.0-372.32.1.el8_6.x86_64", os_image="Red Hat Enterprise Linux 8.6 (Ootpa)")
    story.staff({k: v for k, v in hosts.items() if k not in bad})
    pods = story.staff(bad, ready=False, started=40_000, age=40_000)
    for name in pods:
        story.pod_event(
            name,
            "Unhealthy",
            "Readiness probe failed: calico/node is not ready: felix is not ready: readiness probe reporting 503",
            7,
            9000,
            300,
        )
    log = [
        *story.boot("prod-n2", 40_000, [v for k, v in hosts.items() if k != "prod-n2"])[-12:],
        *looked_up(story, 39_996, "nft"),
    ]
    for n in range(9):
        err = f"iptables-nft-restore v1.8.4 (nf_tables): \\nline {21 + n}: CHAIN_USER_DEL failed (Device or resource busy): chain cali-tw-cali5a1c{n}2d0e91\\n"
        log += [
            story.say(
                800 - 85 * n,
                "WARNING",
                61,
                "felix",
                "table.go 1324:",
                f'Failed to execute ip(6)tables-restore command error=exit status 4 errorOutput="{err}" input="*filter\\n--delete-chain cali-tw-cali5a1c{n}2d0e91\\nCOMMIT\\n" ipVersion=0x4 output="" table="filter"',
            ),
            story.say(
                799 - 85 * n,
                "WARNING",
                61,
                "felix",
                "table.go 989:",
                'Failed to program iptables, will retry error=exit status 4 ipVersion=0x4 table="filter"',
            ),
        ]
    story.log(pods[0], wrapped(story, log, "stamps", pods[0]))
    story.describe("prod-n2", pods[0])
    story.affected = list(bad)
    story.cite(f"{pods[0]}.log", "CHAIN_USER_DEL failed (Device or resource busy)")
    return story


def use_nft_tool(now: datetime) -> Incident:
    story = incident(
        "mangle-table-use-nft-tool",
        "iptables-incompatible",
        "iptables-nft-save says \"table `mangle' is incompatible, use 'nft' tool\" on each host since a native nft rule set was installed there; felix panics after its retries.",
        "netfilter iptables nft.c (is incompatible, use 'nft' tool)",
        now,
        difficulty="easy",
        platform="other",
        calico="v3.14.2",
        kubernetes="v1.18.20",
        namespace="kube-system",
        registry="docker.io/calico",
    )
    hosts = {f"deb-{n}": f"192.168.201.{n}" for n in (5, 6, 7)}
    story.hosts(hosts, kernel="4.19.0-17-amd64", os_image="Debian GNU/Linux 10 (buster)", runtime="docker://20.10.7")
    pods = story.staff(hosts, ready=False, restarts=29, started=70, last=("Error", 137, 72))
    for name in pods:
        story.pod_event(name, "BackOff", "Back-off restarting failed container", 300, 7000, 120)
        story.pod_event(
            name, "Unhealthy", f"Liveness probe failed: Get http://localhost:9099/liveness: {REFUSED}", 18, 7000, 160
        )
    log = [*story.boot("deb-5", 70, ["192.168.201.6", "192.168.201.7"]), *looked_up(story, 66, "nft")]
    for n in range(9):
        log.append(
            story.say(
                62 - 6 * n,
                "WARNING",
                61 + 60 * (n // 3),
                "felix",
                "table.go 660:",
                'iptables-nft-save command failed error=exit status 1 ipVersion=0x4 stderr="iptables-nft-save v1.8.2 (nf_tables): table `mangle\' is incompatible, use \'nft\' tool.\\n\\n" table="mangle"',
            )
        )
        if n % 3 == 2:
            log.append(
                story.say(
                    61 - 6 * n,
                    "PANIC",
                    61 + 60 * (n // 3),
                    "felix",
                    "table.go 666:",
                    'iptables-nft-save command failed after retries error=exit status 1 ipVersion=0x4 table="mangle"',
                )
            )
    story.log(pods[0], log)
    story.commands = {
        "pods.txt": "get pods -A -o wide",
        f"describe-{pods[0]}.txt": f"describe pod -n kube-system {pods[0]}",
    }
    story.affected = list(hosts)
    story.cite(f"{pods[0]}.log", "is incompatible, use 'nft' tool")
    return story


def rule_replace(now: datetime) -> Incident:
    story = incident(
        "rule-replace-fails-after-kernel-update",
        "iptables-incompatible",
        "Since a kernel update of the worker pool iptables-nft-restore fails on RULE_REPLACE (No such file or directory), once per pod change; felix recovers only after minutes. Its neighbours' BGP events are old.",
        "netfilter iptables nft.c (RULE_REPLACE failed)",
        now,
        difficulty="hard",
        platform="roks",
        calico="v3.24.5",
        kubernetes="v1.25.16+5c97f5b",
        acceptable=["software-defect"],
    )
    nodes = story.workers(
        [f"10.183.60.{n}" for n in (5, 7, 12, 13, 20)],
        os_image="Red Hat Enterprise Linux 8.8 (Ootpa)",
        kernel="4.18.0-477.51.1.el8_8.x86_64",
        runtime="cri-o://1.25.5",
    )
    pods = story.agents(nodes, started=30_000)
    story.not_established(pods[1], [nodes[0]], 29_900, 29_940, 3, established=3)
    web = story.other(
        "web-74c8f6d9b-xk2wz",
        nodes[2],
        "172.30.88.9",
        namespace="shop",
        owner="ReplicaSet/web-74c8f6d9b",
        ready=False,
        age=900,
    )
    story.pod_event(
        web,
        "Unhealthy",
        'Readiness probe failed: Get "http://172.30.88.9:8080/": dial tcp 172.30.88.9:8080: connect: connection timed out',
        11,
        880,
        40,
        namespace="shop",
    )
    log = [
        *story.boot(nodes[2], 30_000, [n for n in nodes if n != nodes[2]])[-8:],
        *looked_up(story, 29_995, "nft"),
        *story.quiet(3000, 1200),
    ]
    for n in range(7):
        ago = 1100 - 150 * n
        err = f"iptables-nft-restore v1.8.4 (nf_tables): \\nline {11 + n}: RULE_REPLACE failed (No such file or directory): rule in chain cali-from-wl-dispatch\\n"
        log += [
            story.say(
                ago,
                "WARNING",
                61,
                "felix",
                "table.go 1380:",
                f'Failed to execute ip(6)tables-restore command error=exit status 4 errorOutput="{err}" input="*filter\\n-R cali-from-wl-dispatch 3 -m comment --comment \\"cali:x9pQ0mA1\\" --in-interface cali7+ --goto cali-from-wl-dispatch-7\\nCOMMIT\\n" ipVersion=0x4 output="" table="filter"',
            ),
            story.say(
                ago - 0.1,
                "WARNING",
                61,
                "felix",
                "table.go 1012:",
                'Failed to program iptables, will retry error=exit status 4 ipVersion=0x4 table="filter"',
            ),
            story.say(
                ago - 2,
                "INFO",
                61,
                "felix",
                "table.go 605:",
                'Loading current iptables state and checking it is correct. ipVersion=0x4 table="filter"',
            ),
            *story.quiet(ago - 40, ago - 50),
        ]
    story.log(pods[2], log)
    story.describe(nodes[2])
    story.commands |= {
        "describe-web.txt": f"describe pod -n shop {web}",
        "describe-neighbour.txt": f"describe pod -n calico-system {pods[1]}",
    }
    story.affected = nodes[2:3]
    story.cite(f"{pods[2]}.log", "RULE_REPLACE failed (No such file or directory)")
    return story


def docker_drops_forward(now: datetime) -> Incident:
    story = incident(
        "legacy-forward-drop-beside-nft-rules",
        "iptables-incompatible",
        "Without any error: felix writes nft rules while docker of these hosts wrote legacy ones with FORWARD DROP; both tables are live in the kernel, pod traffic between hosts is dropped by the one felix does not see.",
        "https://github.com/projectcalico/calico/issues/6643",
        now,
        difficulty="hard",
        platform="other",
        calico="v3.25.0",
        kubernetes="v1.26.4",
        namespace="kube-system",
        registry="quay.io/calico",
        acceptable=["interfaces-conflict"],
    )
    hosts = {f"lab-k8s-{n:03}": f"10.250.84.{200 + n}" for n in (4, 7, 9, 13)}
    story.hosts(hosts, kernel="5.10.0-21-amd64", os_image="Debian GNU/Linux 11 (bullseye)")
    pods = story.staff(hosts, started=200_000)
    dns = story.other(
        "coredns-787d4945fb-6xk2c",
        "lab-k8s-007",
        "10.244.71.3",
        owner="ReplicaSet/coredns-787d4945fb",
        ready=False,
        restarts=60,
        last=("Error", 137, 300),
    )
    story.pod_event(
        dns,
        "Unhealthy",
        "Readiness probe failed: HTTP probe failed with statuscode: 503",
        5,
        90_000,
        9011,
        namespace="kube-system",
    )
    story.log(
        pods[1],
        [
            *story.boot("lab-k8s-007", 200_000, [v for k, v in hosts.items() if k != "lab-k8s-007"])[-10:],
            *looked_up(story, 199_996, "nft"),
            *story.quiet(1400, 20),
        ],
    )
    story.texts["iptables-both.txt"] = (
        "\n".join(
            [
                "# iptables-legacy -S",
                "-P INPUT ACCEPT",
                "-P FORWARD DROP",
                "-P OUTPUT ACCEPT",
                "-N DOCKER",
                "-N DOCKER-ISOLATION-STAGE-1",
                "-N DOCKER-USER",
                "-A FORWARD -j DOCKER-USER",
                "-A FORWARD -j DOCKER-ISOLATION-STAGE-1",
                "-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
                "# iptables-legacy -L FORWARD -v -n | head -1",
                "Chain FORWARD (policy DROP 91833 packets, 6610K bytes)",
                "",
                "# iptables-nft -S FORWARD",
                "-P FORWARD ACCEPT",
                '-A FORWARD -m comment --comment "cali:wUHhoiAYhphO9Mso" -j cali-FORWARD',
                '-A FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD',
                "# Warning: iptables-legacy tables present, use iptables-legacy to see them",
            ]
        )
        + "\n"
    )
    story.describe("lab-k8s-007", pods[1])
    story.commands["describe-coredns.txt"] = f"describe pod -n kube-system {dns}"
    story.affected = list(hosts)
    story.cite("iptables-both.txt", "Chain FORWARD (policy DROP 91833 packets")
    return story


STORIES = [
    arm_boards,
    native_nft_rules,
    old_kernel_nft_image,
    random_fully,
    two_worlds_of_rules,
    chain_busy,
    use_nft_tool,
    rule_replace,
    docker_drops_forward,
]
