"""iptables-incompatible: told without having seen the rules, then opened."""

from __future__ import annotations

from datetime import datetime

from telling import FELIX_503, Incident, incident, wrapped

CAUSE = "iptables-incompatible"


def mark_match_lost_between_two_versions(now: datetime) -> Incident:
    story = incident(
        "drop-rule-lost-its-mark-between-two-versions-of-iptables",
        CAUSE,
        "The two hosts with a newer distribution have iptables-nft 1.8.8: the kubelet writes KUBE-FIREWALL's drop rule with it, the older iptables in the containers (1.8.4, 1.8.7) reads the mark match back as nothing and writes the rule anew as an unconditional DROP. From then on those hosts drop nearly everything; calico-node, kube-proxy and pods there time out to the API, which the older hosts reach.",
        "https://github.com/kubernetes/kubernetes/issues/112477",
        now,
        platform="other",
        calico="v3.24.1",
        kubernetes="v1.25.0",
        registry="docker.io/calico",
        namespace="kube-system",
        difficulty="hard",
    )
    old = {"lab-a1": "192.168.204.11", "lab-a2": "192.168.204.12"}
    new = {"lab-b1": "192.168.204.21", "lab-b2": "192.168.204.22"}
    story.hosts(old, os_image="Fedora Linux 36 (Server Edition)", kernel="5.19.8-200.fc36.x86_64", runtime="containerd://1.6.8", age=900_000, since=890_000)  # fmt: skip
    story.hosts(
        new,
        os_image="Fedora Linux 37 (Server Edition Prerelease)",
        kernel="5.19.8-300.fc37.x86_64",
        runtime="containerd://1.6.8",
        age=880_000,
        ready=("Unknown", "NodeStatusUnknown", "Kubelet stopped posting node status."),
        since=1_610,
        taints=(
            ("node.kubernetes.io/unreachable", "NoSchedule"),
            ("node.kubernetes.io/unreachable", "NoExecute"),
        ),
    )
    story.staff(old, started=885_000, age=885_050)
    names = story.staff(new, ready=True, started=2_190, restarts=1, last=("Unknown", 255, 2_260), age=875_000)
    for node in new:
        story.node_event(node, "NodeNotReady", f"Node {node} status is now: NodeNotReady", 1_610, source="node-controller", type_="Normal")  # fmt: skip
    peers = [v for k, v in {**old, **new}.items() if k != "lab-b1"]
    api = "dial tcp 10.96.0.1:443: i/o timeout"
    log = story.boot("lab-b1", 2_188, peers, interface="enp1s0", prefix=24)
    log += story.quiet(2_100, 1_760, 62)
    for peer in peers:
        session = f"bird: Mesh_{peer.replace('.', '_')}"
        log += [f"{session}: Error: Hold timer expired", f"{session}: State changed to stop", f"{session}: State changed to down", f"{session}: Starting", f"{session}: State changed to start"]  # fmt: skip
    for n in range(19):
        ago = 1_600 - 82 * n
        log += [
            story.say(ago - 3, "ERROR", 61, "felix", "watchercache.go 180:", f'Failed to perform list of current data during resync ListRoot="/calico/resources/v3/projectcalico.org/felixconfigurations" error=Get "https://10.96.0.1:443/apis/crd.projectcalico.org/v1/felixconfigurations?limit=500": {api}'),
            f"W{story.klog(ago - 3)}      62 reflector.go:424] pkg/mod/k8s.io/client-go@v0.23.3/tools/cache/reflector.go:167: failed to list *v1.Service: Get \"https://10.96.0.1:443/api/v1/services?resourceVersion=98112{n}\": {api}",
        ]  # fmt: skip
        if n % 4 == 1:
            log.append(story.say(ago - 20, "INFO", 61, "felix", "table.go 601:", 'Loading current iptables state and checking it is correct. ipVersion=0x4 table="filter"'))  # fmt: skip
    path = f"lab-b1/var/log/pods/kube-system_{names[0]}_7be1/calico-node/1.log"
    story.log(names[0], wrapped(story, log, "cri"), path)
    story.texts["lab-b1/console.txt"] = (
        "[root@lab-b1 ~]# journalctl -u kubelet --since -5m | tail -2\n"
        f'{story.syslog(61)} lab-b1 kubelet[801]: E{story.klog(61)}     801 controller.go:144] failed to ensure lease exists, will retry in 7s, error: Get "https://192.168.204.10:6443/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/lab-b1?timeout=10s": net/http: request canceled while waiting for connection (Client.Timeout exceeded while awaiting headers)\n'
        f'{story.syslog(50)} lab-b1 kubelet[801]: E{story.klog(50)}     801 kubelet_node_status.go:460] "Error updating node status, will retry" err="error getting node \\"lab-b1\\": Get \\"https://192.168.204.10:6443/api/v1/nodes/lab-b1?timeout=10s\\": context deadline exceeded"\n'
        "[root@lab-b1 ~]# ping -c2 -W1 192.168.204.10\nPING 192.168.204.10 (192.168.204.10) 56(84) bytes of data.\n\n--- 192.168.204.10 ping statistics ---\n2 packets transmitted, 0 received, 100% packet loss, time 1031ms\n\n"
        "[root@lab-b1 ~]# iptables --version\niptables v1.8.8 (nf_tables)\n"
        "[root@lab-b1 ~]# crictl exec $(crictl ps -q --name calico-node) iptables-nft --version\niptables v1.8.4 (nf_tables)\n"
        "[root@lab-b1 ~]# crictl exec $(crictl ps -q --name kube-proxy) iptables --version\niptables v1.8.7 (nf_tables)\n"
        "[root@lab-b1 ~]# iptables -nvL KUBE-FIREWALL\nChain KUBE-FIREWALL (2 references)\n pkts bytes target     prot opt in     out     source               destination         \n    0     0 DROP       0    --  *      *      !127.0.0.0/8          127.0.0.0/8          /* block incoming localnet connections */ ! ctstate RELATED,ESTABLISHED,DNAT\n"
        "41207 3190K DROP       0    --  *      *       0.0.0.0/0            0.0.0.0/0            /* kubernetes firewall for dropping marked packets */\n"
        "\n[root@lab-a1 ~]# iptables --version; iptables -nvL KUBE-FIREWALL | tail -1\niptables v1.8.7 (nf_tables)\n    0     0 DROP       all  --  *      *       0.0.0.0/0            0.0.0.0/0            /* kubernetes firewall for dropping marked packets */ mark match 0x8000/0x8000\n"
    )
    story.describe("lab-b1", names[0])
    story.affected = list(new)
    story.cite("lab-b1/console.txt", "41207 3190K DROP")
    story.cite("lab-b1/console.txt", "iptables v1.8.4 (nf_tables)")
    return story


def rules_pile_up_in_the_nat_table(now: datetime) -> Incident:
    story = incident(
        "jumps-to-cali-prerouting-pile-up-in-nat",
        CAUSE,
        "On one host an administrator's nft rule (a redirect in ip nat) makes iptables-nft-save say that table nat is incompatible, with exit code 0: felix of this release sees an empty table each time and inserts its jumps again and again. By now there are tens of thousands; packets and each iptables call crawl, so services on this host are slow and probes late. The quiet repeating 'out-of-sync' lines and the counts tell.",
        "https://github.com/projectcalico/felix/issues/2501",
        now,
        platform="other",
        calico="v3.16.3",
        kubernetes="v1.19.3",
        registry="calico",
        namespace="kube-system",
        difficulty="hard",
        acceptable=["software-defect", "interfaces-conflict"],
    )
    hosts = {f"nuc{n}": f"172.22.1.{30 + n}" for n in (1, 2, 3)}
    story.hosts(hosts, os_image="Debian GNU/Linux bullseye/sid", kernel="5.8.0-2-amd64", runtime="docker://19.3.13")
    bad = "nuc2"
    story.staff({k: v for k, v in hosts.items() if k != bad}, started=1_200_000)
    name = story.staff({bad: hosts[bad]}, restarts=2, started=41_000, last=("Error", 137, 41_020), ready=True)[0]
    story.probe(name, 'felix is not ready: Get "http://localhost:9099/readiness": net/http: request canceled (Client.Timeout exceeded while awaiting headers)', 260, 30_000, 39)  # fmt: skip
    story.pod_event(name, "Unhealthy", "Readiness probe failed: ", 410, 28_000, 22)
    proxy = story.other("kube-proxy-7x4kd", bad, app="kube-proxy", image="k8s.gcr.io/kube-proxy:v1.19.3", started=1_150_000)  # fmt: skip
    log = []
    for n in range(26):
        ago = 2_380 - 92 * n
        log.append(story.say(ago, "INFO", 71, "felix", "table.go 506:", 'Loading current iptables state and checking it is correct. ipVersion=0x4 table="nat"'))  # fmt: skip
        log += [
            story.say(ago - 2.2, "WARNING", 71, "felix", "table.go 575:", f'Detected out-of-sync inserts, marking for resync actualRuleIDs=[]string{{}} chainName="{chain}" expectedRuleIDs=[]string{{"{rule}"}} ipVersion=0x4 table="nat"')
            for chain, rule in (("PREROUTING", "6gwbT8clXdHdC1b1"), ("POSTROUTING", "O3lYWMrLQYEMJtB5"), ("OUTPUT", "tVnHkvAo15HuiPy0"))
        ]  # fmt: skip
        log += [
            story.say(ago - 2.3, "WARNING", 71, "felix", "table.go 553:", f'Detected out-of-sync Calico chain, marking for resync chainName="{chain}" ipVersion=0x4 table="nat"')
            for chain in ("cali-PREROUTING", "cali-fip-dnat", "cali-nat-outgoing")
        ]  # fmt: skip
        log.append(story.say(ago - 9.1, "INFO", 71, "felix", "int_dataplane.go 1245:", f"Finished applying updates to dataplane. msecToApply={6_711 + 44 * n}.{n}81"))  # fmt: skip
    story.log(name, log)
    story.log(proxy, [
        f"I{story.klog(2_300 - 330 * n)}       1 trace.go:205] Trace[{771_204_113 + 3_101 * n}]: \"iptables restore\" ({story.stamp(2_300 - 330 * n)[11:]}) (total time: {5_800 + 97 * n}ms):"
        for n in range(7)
    ])  # fmt: skip
    story.texts["root@nuc2.txt"] = (
        "# iptables-save -t nat | grep -c -- '-j cali-'\n# Table `nat' is incompatible, use 'nft' tool.\n0\n"
        "# nft list table ip nat | grep -c 'jump cali-PREROUTING'\n25866\n# nft list table ip nat | grep -c 'jump cali-OUTPUT'\n25866\n"
        '# nft list chain ip nat PREROUTING | tail -4\n\t\t# xt_comment counter packets 918 bytes 56411 jump cali-PREROUTING\n\t\t# xt_comment counter packets 918 bytes 56411 jump cali-PREROUTING\n\t\tiifname "enp2s0" tcp dport 8443 redirect to :30443\n\t}\n'
        f"# uptime\n {story.stamp(33)[11:19]} up 20 days,  1:19,  1 user,  load average: 9.42, 9.07, 8.80\n"
        "# ssh nuc1 \"nft list table ip nat | grep -c 'jump cali-PREROUTING'\"\n1\n"
    )
    story.describe(bad, name)
    story.affected = [bad]
    story.cite("root@nuc2.txt", "Table `nat' is incompatible, use 'nft' tool.")
    story.cite(f"{name}.log", "Detected out-of-sync inserts, marking for resync")
    return story


def two_kinds_of_nat_on_an_old_kernel(now: datetime) -> Incident:
    story = incident(
        "nat-table-is-taken-by-the-other-kind-of-iptables",
        CAUSE,
        "Hosts with kernel 4.14, where NAT of the legacy and of the nft kind exclude each other. On two of them a scanner's agent wrote filter rules by iptables-nft; felix counts more nft lines than legacy ones and takes nft, while kube-proxy's NAT is legacy: 'CHAIN_ADD failed (Device or resource busy)' for the table nat only. felix gives up and starts over; on the two hosts without the agent it took legacy.",
        "felix/environment/feature_detect.go (DetectBackend) and https://github.com/kubernetes-sigs/iptables-wrappers",
        now,
        platform="other",
        calico="v3.21.4",
        kubernetes="v1.21.5-eks-9017834",
        registry="quay.io/calico",
        difficulty="medium",
    )
    hosts = {
        f"ip-10-73-{s}-{n}.eu-north-1.compute.internal": f"10.73.{s}.{n}"
        for s, n in ((10, 14), (10, 99), (11, 33), (11, 201))
    }
    names = list(hosts)
    bad = [names[1], names[3]]
    story.hosts(hosts, os_image="Amazon Linux 2", kernel="4.14.268-205.500.amzn2.x86_64", runtime="docker://20.10.7")
    for item in story.objects["Node"]:
        del item["status"]["conditions"][0], item["metadata"]["annotations"]["projectcalico.org/IPv4Address"]
    story.staff({n: a for n, a in hosts.items() if n not in bad}, started=1_500_000)
    story.staff({n: hosts[n] for n in bad}, ready=False, restarts=33, started=38, last=("Error", 137, 40))
    story.typha(names[0], started=1_500_000)
    for i, node in enumerate(bad):
        story.probe(story.pods[node], FELIX_503, 14 + i, 8_700, 260)
        story.pod_event(story.pods[node], "BackOff", "Back-off restarting failed container", 400, 8_400, 71)
    for i, node in enumerate(names):
        story.other(f"kube-proxy-{'kdvz'[i]}7n{'4xqm'[i]}p", node, app="kube-proxy", image="602401143452.dkr.ecr.eu-north-1.amazonaws.com/eks/kube-proxy:v1.21.2-eksbuild.2")  # fmt: skip
        if node in bad:
            story.other(f"posture-agent-{'q8'[i // 2]}w5{'tz'[i // 2]}j", node, namespace="security", app="posture-agent", image="registry.example.com/posture-agent:2.11", age=9_200, started=9_180)  # fmt: skip
    story.pod_event(story.pods[names[2]], "Unhealthy", "Readiness probe failed: calico/node is not ready: felix is not ready: readiness probe reporting 503\n", 90_000, 90_000, 1)  # fmt: skip

    def start(node: str, began: float, mode: str) -> list[str]:
        lines = story.boot(node, began, interface="eth0", prefix=24, bird=False)
        lines = [line for line in lines if "autodetected" not in line and "bird" not in line and "Completed first" not in line and "confd" not in line]  # fmt: skip
        for turn, (version, kind) in enumerate((v, k) for v in ("4",) for k in ("save", "restore")):
            lines.append(story.say(began - 1.6 - 0.01 * turn, "INFO", 61, "felix", "feature_detect.go 310:", f'Looked up iptables command backendMode="{mode}" candidates=[]string{{"iptables-{mode}-{kind}", "iptables-{kind}"}} command="iptables-{mode}-{kind}" ipVersion=0x{version} saveOrRestore="{kind}"'))  # fmt: skip
        return lines

    error = (
        'errorOutput="iptables-nft-restore: line 9: CHAIN_ADD failed (Device or resource busy): chain PREROUTING\\n"'
    )
    log = start(bad[0], 66, "nft")
    ago = 63.2
    for turn in range(7):
        log += [
            story.say(ago, "WARNING", 61, "felix", "table.go 1321:", f'Failed to execute ip(6)tables-restore command error=exit status 4 {error} input="*nat\\n:cali-PREROUTING - -\\n:cali-fip-dnat - -\\n:cali-POSTROUTING - -\\n:cali-nat-outgoing - -\\n-A cali-PREROUTING -m comment --comment \\"cali:r6XmIziWUJsdOK6Z\\" --jump cali-fip-dnat\\n-I PREROUTING -m comment --comment \\"cali:6gwbT8clXdHdC1b1\\" --jump cali-PREROUTING\\nCOMMIT\\n" ipVersion=0x4 output="" table="nat"'),
            story.say(ago - 0.01, "WARNING", 61, "felix", "table.go 999:", 'Failed to program iptables, will retry error=exit status 4 ipVersion=0x4 table="nat"'),
            story.say(ago - 0.02, "INFO", 61, "felix", "table.go 1002:", 'Retrying... error=exit status 4 ipVersion=0x4 table="nat"'),
        ]  # fmt: skip
        ago -= 0.2 + 0.1 * 2**turn
    log += [
        story.say(ago, "ERROR", 61, "felix", "table.go 1006:", 'Failed to program iptables, loading diags before panic. error=exit status 4 ipVersion=0x4 table="nat"'),
        story.say(ago - 0.2, "ERROR", 61, "felix", "table.go 1012:", 'Current state of iptables ipVersion=0x4 iptablesState="# Generated by iptables-nft-save v1.8.4\\n*filter\\n:INPUT ACCEPT [0:0]\\n:POSTURE-IN - [0:0]\\n:POSTURE-OUT - [0:0]\\n..." table="nat"'),
        story.say(ago - 0.21, "PANIC", 61, "felix", "table.go 1013:", 'Failed to program iptables, giving up after retries error=exit status 4 ipVersion=0x4 table="nat"'),
    ]  # fmt: skip
    story.log(story.pods[bad[0]], log, f"{story.pods[bad[0]]}-previous.log")
    good = [*start(names[0], 1_500_000, "legacy"), *story.quiet(2_000, 30, 190)]
    story.log(story.pods[names[0]], good)
    story.texts["host-10-73-10-99.txt"] = (
        "[root@ip-10-73-10-99 ~]# nsenter -t $(pgrep -f calico-node.-felix | head -1) -m -- sh -c 'iptables-nft-save | grep -c ^-; iptables-legacy-save | grep -c ^-'\n412\n96\n"
        "[root@ip-10-73-10-99 ~]# nsenter -t $(pgrep -f calico-node.-felix | head -1) -m -- iptables-nft-save 2>/dev/null | cut -d' ' -f2 | sort | uniq -c | sort -rn | head -3\n    318 POSTURE-OUT\n     88 POSTURE-IN\n      3 KUBE-FIREWALL\n"
        "[root@ip-10-73-10-99 ~]# lsmod | grep -E '^(iptable_nat|nft_chain_nat|nf_nat_ipv4)'\niptable_nat            16384  1\nnf_nat_ipv4            16384  1 iptable_nat\n"
    )
    story.describe(bad[0])
    story.affected = bad
    story.cite(f"{story.pods[bad[0]]}-previous.log", "CHAIN_ADD failed (Device or resource busy)")
    return story


STORIES = [mark_match_lost_between_two_versions, rules_pile_up_in_the_nat_table, two_kinds_of_nat_on_an_old_kernel]
