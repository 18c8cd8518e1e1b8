"""interfaces-conflict: another agent changes calico's interfaces, routes or rules."""

from __future__ import annotations

from datetime import datetime

from telling import Incident, incident


def networkd_takes_veths(now: datetime) -> Incident:
    story = incident(
        "networkd-configures-every-veth", "interfaces-conflict",
        "systemd-networkd runs DHCP on each cali interface because its file matches all devices, and drops the route that felix "
        "made; felix puts it back again and again.",
        "https://github.com/projectcalico/calico/issues/2471", now, difficulty="medium", platform="other", calico="v3.8.9",
        kubernetes="v1.15.12", namespace="kube-system", registry="quay.io/calico",
    )  # fmt: skip
    hosts = {f"blue-kubw-{n:02}": f"10.12.30.{40 + n}" for n in range(1, 6)}
    story.hosts(
        hosts,
        kernel="4.14.96-coreos-r1",
        os_image="Container Linux by CoreOS 2023.5.0 (Rhyolite)",
        runtime="docker://18.6.1",
    )
    pods = story.staff(hosts)
    job = story.other(
        "nightly-sync-x8v2n",
        "blue-kubw-02",
        ip="10.180.73.14",
        namespace="batch",
        owner="Job/nightly-sync",
        ready=False,
        restarts=5,
        last=("Error", 1, 200),
    )
    story.pod_event(job, "BackOff", "Back-off restarting failed container", 33, 1500, 40, namespace="batch")
    log = story.old_boot("blue-kubw-02", 1_300_000, [at for name, at in hosts.items() if name != "blue-kubw-02"])[-10:]
    for n in range(22):
        ago = 1300 - 55 * n
        log += story.quiet(ago, ago - 3, every=3)
        log.append(
            story.line(
                ago - 1,
                "INFO",
                61,
                "route_table.go 222:",
                'Queueing a resync of routing table. ifaceRegex="^cali.*" ipVersion=0x4',
            )
        )
        log.append(
            story.line(
                ago - 1.3,
                "INFO",
                61,
                "route_table.go 366:",
                'Syncing routes: adding new route. ifaceName="cali2bd9ed59e74" ifaceRegex="^cali.*" ipVersion=0x4 targetCIDR=10.180.73.14/32',
            )
        )
    story.log(pods[1], log)
    story.texts["networkctl.txt"] = "\n".join([
        "core@blue-kubw-02 ~ $ networkctl status cali2bd9ed59e74", "* 5269: cali2bd9ed59e74", "       Link File: /usr/lib64/systemd/network/99-default.link",
        "    Network File: /etc/systemd/network/10-vmware.network", "            Type: ether", "           State: degraded (configuring)",
        "          Driver: veth", "      HW Address: ee:ee:ee:ee:ee:ee"]) + "\n"  # fmt: skip
    story.texts["networkd-journal.txt"] = (
        "\n".join(
            f"{story.syslog(1200 - 55 * n)} blue-kubw-02 systemd-networkd[733]: cali2bd9ed59e74: {text}"
            for n in range(8)
            for text in ("Gained carrier", "Link UP", "Gained IPv6LL")
        )
        + "\n"
    )
    story.describe("blue-kubw-02", pods[1])
    story.affected = list(hosts)
    story.cite("networkctl.txt", "Network File: /etc/systemd/network/10-vmware.network")
    return story


def networkmanager_downs_vxlan(now: datetime) -> Incident:
    story = incident(
        "vxlan-device-goes-down-every-few-seconds", "interfaces-conflict",
        "Something on this host takes vxlan.calico down seconds after felix brings it up; the journal shows NetworkManager managing "
        "the device. The other hosts of the cluster are fine.",
        "https://github.com/projectcalico/calico/issues/3271", now, difficulty="hard", platform="other", calico="v3.21.4",
        kubernetes="v1.22.17", namespace="kube-system", registry="docker.io/calico",
    )  # fmt: skip
    hosts = {f"rocky-{n}": f"172.31.55.{n}" for n in (4, 5, 6)}
    story.hosts(hosts, kernel="4.18.0-372.9.1.el8.x86_64", os_image="Rocky Linux 8.6 (Green Obsidian)")
    pods = story.staff(hosts, started=70_000)
    api = story.other(
        "orders-5c4d8bd8c7-4tq6j",
        "rocky-6",
        ip="172.29.40.12",
        namespace="shop",
        owner="ReplicaSet/orders-5c4d8bd8c7",
        ready=False,
        restarts=31,
    )
    story.pod_event(
        api,
        "Unhealthy",
        "Readiness probe failed: dial tcp 172.29.12.7:5432: connect: no route to host",
        11,
        60_000,
        2900,
        namespace="shop",
    )
    log = story.boot("rocky-6", 70_000, bird=False)
    for n in range(16):
        ago = 900 - 55 * n
        log += [
            story.say(ago, "INFO", 61, "felix", "vxlan_mgr.go 376:", "VXLAN tunnel device configured"),
            story.say(ago - 0.1, "INFO", 61, "felix", "int_dataplane.go 1062:", 'Linux interface state changed. ifIndex=214 ifaceName="vxlan.calico" state="up"'),
            story.say(ago - 3.2, "INFO", 61, "felix", "int_dataplane.go 1062:", 'Linux interface state changed. ifIndex=214 ifaceName="vxlan.calico" state="down"'),
            story.say(ago - 3.4, "WARNING", 61, "felix", "route_table.go 1062:", 'Failed to add route error=network is down ifaceName="vxlan.calico" ifaceRegex="^vxlan.calico$" ipVersion=0x4 tableIndex=0 targetCIDR=172.29.12.0/26'),
            story.say(ago - 3.5, "INFO", 61, "felix", "route_table.go 472:", 'Interface in cleanup grace period, will retry after. ifaceName="vxlan.calico" ifaceRegex="^vxlan.calico$" ipVersion=0x4 tableIndex=0'),
        ]  # fmt: skip
    story.log(pods[2], log)
    journal = []
    for n in range(12):
        ago = 897 - 55 * n
        state = (
            "ip-config -> failed (reason 'ip-config-unavailable'"
            if n % 5 != 4
            else "disconnected -> prepare (reason 'none'"
        )
        journal += [
            f"{story.syslog(ago)} rocky-6 NetworkManager[1021]: <info>  [17639{n:02}.2211] device (vxlan.calico): {text}"
            for text in (
                f"state change: {state}, sys-iface-state: 'managed')",
                "Activation: failed for connection 'Wired connection 2'",
            )
        ]
    story.texts["journal-rocky-6.log"] = "\n".join(journal) + "\n"
    story.describe("rocky-6", pods[2])
    story.commands["describe-orders.txt"] = f"describe pod -n shop {api}"
    story.affected = ["rocky-6"]
    story.cite(f"{pods[2]}.log", 'ifaceName="vxlan.calico" state="down"')
    story.cite("journal-rocky-6.log", "device (vxlan.calico)")
    return story


def fight_over_the_top_of_a_chain(now: datetime) -> Incident:
    story = incident(
        "another-program-wants-the-first-rule", "interfaces-conflict",
        "Every few seconds felix finds foreign rules above its own and moves them back: another program on these hosts does the "
        "same, an endless fight.",
        "https://github.com/projectcalico/calico/issues/3756", now, difficulty="medium", platform="classic", calico="v3.24.5",
        kubernetes="v1.25.14+IKS", namespace="kube-system",
    )  # fmt: skip
    nodes = story.workers([f"10.95.12.{n}" for n in (70, 75, 79, 83)])
    pods = story.agents(nodes, started=500_000)
    story.pod_event(
        pods[1],
        "Unhealthy",
        "Liveness probe failed: calico/node is not ready: Felix is not live: liveness probe reporting 503",
        2000,
        90_000,
        7,
    )
    for i, node in enumerate(nodes):
        story.other(
            f"hostguard-agent-{'klmn'[i]}7x2p",
            node,
            namespace="hostguard",
            app="hostguard-agent",
            image="registry.example.com/hostguard/agent:4.9",
            age=95_000,
        )
    log = story.boot(nodes[1], 500_000, [n for n in nodes if n != nodes[1]])[-8:]
    for n in range(40):
        ago = 240 - 6 * n
        chain, table, own = (
            ("FORWARD", "filter", "wUHhoiAYhphO9Mso"),
            ("INPUT", "filter", "Cz_u1IQiXIMmKD4c"),
            ("POSTROUTING", "nat", "O3lYWMrLQYEMJtB5"),
        )[n % 3]
        log.append(
            story.say(
                ago,
                "WARNING",
                61,
                "felix",
                "table.go 612:",
                f'Detected out-of-sync inserts, marking for resync actualRuleIDs=[]string{{"", "", "{own}", ""}} chainName="{chain}" expectedRuleIDs=[]string{{"{own}", "", "", ""}} ipVersion=0x4 table="{table}"',
            )
        )
    story.log(pods[1], log)
    story.describe(nodes[1])
    story.affected = nodes
    story.cite(f"{pods[1]}.log", "Detected out-of-sync inserts, marking for resync")
    return story


def flannel_left_behind(now: datetime) -> Incident:
    story = incident(
        "flannel-device-has-the-same-vni", "interfaces-conflict",
        "flannel of the old network still runs on two hosts and its device has the VNI that felix needs: one quiet warning, no "
        "vxlan.calico there, while the pods show ready.",
        "https://github.com/projectcalico/calico/issues/1469", now, difficulty="hard", platform="other", calico="v3.28.0",
        kubernetes="v1.28.12+rke2r1", registry="docker.io/rancher/mirrored-calico",
    )  # fmt: skip
    hosts = {f"mix-{c}": f"10.3.200.{11 + n}" for n, c in enumerate("abcdef")}
    story.hosts(hosts, kernel="5.15.0-113-generic")
    pods = story.staff(hosts, started=40_000, age=40_000)
    bad = ["mix-b", "mix-e"]
    for host in bad:
        story.other(
            f"kube-flannel-ds-{host[-1]}9kz4",
            host,
            namespace="kube-flannel",
            app="kube-flannel-ds",
            image="rancher/hardened-flannel:v0.25.4",
            age=9_000_000,
        )
    for i, host in enumerate(("mix-b", "mix-c")):
        dns = story.other(
            f"rke2-coredns-84b9cb946c-{i}mzt7",
            host,
            ip=f"10.42.{i + 1}.19",
            owner="ReplicaSet/rke2-coredns-84b9cb946c",
            ready=i == 1,
            restarts=3 * (1 - i),
        )
        if i == 0:
            story.pod_event(
                dns,
                "Unhealthy",
                "Readiness probe failed: HTTP probe failed with statuscode: 503",
                14,
                39_000,
                4100,
                namespace="kube-system",
            )
    log = [*story.boot("mix-b", 40_000, bird=False), "CALICO_NETWORKING_BACKEND is vxlan - no need to run a BGP daemon"]
    for n in range(14):
        ago = 840 - 60 * n
        log += story.quiet(ago, ago - 5, every=5)
        log.append(
            story.say(
                ago - 10,
                "WARNING",
                61,
                "felix",
                "vxlan_mgr.go 713:",
                "Failed to create VXLAN device. Another device with this VNI may already exist",
            )
        )
        log.append(
            story.say(
                ago - 10,
                "WARNING",
                61,
                "felix",
                "vxlan_mgr.go 587:",
                "Failed to configure VXLAN tunnel device, retrying... error=failed to create vxlan interface: file exists ipVersion=0x4",
            )
        )
    story.log(pods[1], log)
    story.texts["ip-d-link.txt"] = "\n".join([
        "4: flannel.4096: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1450 qdisc noqueue state UNKNOWN mode DEFAULT group default",
        "    link/ether 7a:93:4f:0c:11:2e brd ff:ff:ff:ff:ff:ff promiscuity 0  allmulti 0 minmtu 68 maxmtu 65535",
        "    vxlan id 4096 local 10.3.200.12 dev ens192 srcport 0 0 dstport 4789 nolearning ttl auto ageing 300 udpcsum noudp6zerocsumtx noudp6zerocsumrx"]) + "\n"  # fmt: skip
    story.describe("mix-b", pods[1])
    story.affected = bad
    story.cite(f"{pods[1]}.log", "Another device with this VNI may already exist")
    return story


def desktop_network_manager(now: datetime) -> Incident:
    story = incident(
        "dhcp-on-cali-devices", "interfaces-conflict",
        "NetworkManager of these desktop-like hosts starts 'Wired connection 3' with DHCP on each cali device and removes felix' route "
        "when it fails; felix adds it again minutes later.",
        "https://github.com/projectcalico/calicoctl/issues/256", now, difficulty="medium", platform="other", calico="v3.16.5",
        kubernetes="v1.19.16", namespace="kube-system", registry="calico",
    )  # fmt: skip
    hosts = {f"lab-pc-{n}": f"10.77.0.{20 + n}" for n in (1, 2, 3)}
    story.hosts(hosts, kernel="5.4.0-90-generic", os_image="Ubuntu 20.04.3 LTS", runtime="docker://20.10.7")
    pods = story.staff(hosts, started=70_000)
    sim = story.other(
        "simulator-0",
        "lab-pc-2",
        ip="192.168.87.11",
        namespace="lab",
        owner="StatefulSet/simulator",
        app="simulator",
        ready=False,
        restarts=6,
    )
    story.pod_event(
        sim,
        "Unhealthy",
        "Readiness probe failed: dial tcp 192.168.87.11:9000: connect: no route to host",
        33,
        3500,
        77,
        namespace="lab",
    )
    log = story.boot("lab-pc-2", 70_000, ["10.77.0.21", "10.77.0.23"])
    for n in range(14):
        ago = 1400 - 95 * n
        log += [*story.quiet(ago, ago - 3, every=3), story.say(ago - 20, "INFO", 61, "felix", "int_dataplane.go 1005:", 'Linux interface addrs changed. addrs=set.mapSet{} ifaceName="calid55687f8218"'),
                story.say(ago - 20.4, "INFO", 61, "felix", "route_table.go 1117:", 'Failed to access interface because it doesn\'t exist. error=Link not found ifaceName="calid55687f8218" ifaceRegex="^cali.*" ipVersion=0x4' if n % 5 == 4 else 'Syncing routes: adding new route. ifaceName="calid55687f8218" ifaceRegex="^cali.*" ipVersion=0x4 targetCIDR=192.168.87.11/32')]  # fmt: skip
    story.log(pods[1], log)
    steps = (
        "device state change: disconnected -> prepare (reason 'none') [30 40 0]",
        "Activation: starting connection 'Wired connection 3'",
        "dhcp4 (calid55687f8218): request timed out",
        "device state change: ip-config -> failed (reason 'ip-config-unavailable') [70 120 5]",
    )
    story.texts["syslog-lab-pc-2.txt"] = (
        "\n".join(
            f"{story.syslog(1390 - 95 * n - 5 * i)} lab-pc-2 NetworkManager[6043]: <info> (calid55687f8218): {text}"
            for n in range(12)
            for i, text in enumerate(steps)
        )
        + "\n"
    )
    story.describe("lab-pc-2", pods[1])
    story.commands["describe-simulator.txt"] = f"describe pod -n lab {sim}"
    story.affected = list(hosts)
    story.cite("syslog-lab-pc-2.txt", "NetworkManager[6043]: <info> (calid55687f8218)")
    return story


def foreign_rules_removed(now: datetime) -> Incident:
    story = incident(
        "networkd-removes-foreign-routes",
        "interfaces-conflict",
        "systemd-networkd was restarted by an update and removed all foreign routes and rules; it does so again whenever the bond changes. BIRD's routes and felix' come back only after a resync.",
        "https://github.com/flatcar/Flatcar/issues/620",
        now,
        difficulty="medium",
        platform="other",
        calico="v3.21.4",
        kubernetes="v1.22.6",
        registry="quay.io/calico",
    )
    hosts = {f"flatcar-{n}": f"172.30.201.{n}" for n in (21, 22, 23, 24)}
    story.hosts(
        hosts,
        kernel="5.10.93-flatcar",
        os_image="Flatcar Container Linux by Kinvolk 3033.2.1 (Oklo)",
        runtime="containerd://1.5.9",
    )
    pods = story.staff(hosts)
    web = story.other(
        "api-5f6d8c7b9-2sk9x",
        "flatcar-22",
        "10.20.133.9",
        namespace="prod",
        owner="ReplicaSet/api-5f6d8c7b9",
        ready=False,
        restarts=4,
    )
    story.pod_event(
        web,
        "Unhealthy",
        'Readiness probe failed: Get "http://10.20.133.9:8080/ready": dial tcp 10.20.133.9:8080: connect: no route to host',
        60,
        5000,
        33,
        namespace="prod",
    )
    journal, log = (
        [],
        story.boot("flatcar-22", 1_200_000, [v for k, v in hosts.items() if k != "flatcar-22"], interface="bond0")[-9:],
    )
    for n in range(5):
        ago = 5000 - 1000 * n
        at = f"{story.syslog(ago)} flatcar-22 systemd-networkd[{811 + 1000 * (n > 0)}]: "
        journal += [
            at + "eno2: Lost carrier",
            at + "bond0: Reconfiguring with /etc/systemd/network/10-bond0.network.",
            *[
                at
                + f"{i}: Removing foreign route: dst: 10.20.{133 + j}.{9 + n}/32, src: n/a, gw: n/a, prefsrc: n/a, scope: link, table: main(254), proto: boot, type: unicast"
                for j, i in enumerate(("cali0a91be7712f", "cali77c1d0e2a43", "calif19b3a004de"))
            ],
            at + "eno2: Gained carrier",
        ]
        log += [
            *story.quiet(ago + 120, ago),
            story.say(
                ago - 1,
                "INFO",
                61,
                "felix",
                "route_table.go 1136:",
                'Failed to access interface because it doesn\'t exist. error=Link not found ifaceName="cali12d91ee0a31" ifaceRegex="^cali.*" ipVersion=0x4',
            )
            if n == 3
            else story.say(
                ago - 80,
                "INFO",
                61,
                "felix",
                "route_table.go 902:",
                'Syncing routes: adding new route. ifaceName="cali0a91be7712f" ifaceRegex="^cali.*" ipVersion=0x4 targetCIDR=10.20.133.9/32',
            ),
        ]
    story.log("networkd", journal, "networkd-flatcar-22.txt")
    story.log(pods[1], log)
    story.describe("flatcar-22", pods[1])
    story.commands["describe-api.txt"] = f"describe pod -n prod {web}"
    story.affected = ["flatcar-22"]
    story.cite("networkd-flatcar-22.txt", "Removing foreign route")
    return story


def firewalld_reloads(now: datetime) -> Incident:
    story = incident(
        "firewalld-reload-flushes-the-chains",
        "interfaces-conflict",
        "firewalld runs on the hosts and is reloaded each quarter of an hour by a configuration tool: felix' chains vanish each time and it must write them again.",
        "https://docs.tigera.io/calico/latest/getting-started/kubernetes/requirements (firewalld, NetworkManager)",
        now,
        difficulty="easy",
        platform="other",
        calico="v3.25.2",
        kubernetes="v1.26.11",
        namespace="kube-system",
        registry="quay.io/calico",
    )
    hosts = {f"ol-{n}": f"10.18.66.{n}" for n in (31, 32, 33, 34, 35)}
    story.hosts(hosts, kernel="5.15.0-201.135.6.el8uek.x86_64", os_image="Oracle Linux Server 8.9")
    pods = story.staff(hosts)
    story.pod_event(
        pods[0],
        "Unhealthy",
        "Readiness probe failed: calico/node is not ready: felix is not ready: readiness probe reporting 503",
        800,
        80_000,
        44,
    )
    journal, log = [], story.boot("ol-31", 1_200_000, [v for k, v in hosts.items() if k != "ol-31"])[-8:]
    for n in range(8):
        ago = 7000 - 900 * n
        journal += [
            f"{story.syslog(ago)} ol-31 systemd[1]: Reloading firewalld - dynamic firewall daemon.",
            f"{story.syslog(ago - 1)} ol-31 firewalld[1288]: WARNING: AllowZoneDrifting is enabled. This is considered an insecure configuration option. It will be removed in a future release. Please consider disabling it now.",
            f"{story.syslog(ago - 2)} ol-31 systemd[1]: Reloaded firewalld - dynamic firewall daemon.",
        ]
        log += [
            *story.quiet(ago + 300, ago + 90),
            *[
                story.say(
                    ago - 25,
                    "WARNING",
                    61,
                    "felix",
                    "table.go 612:",
                    f'Detected out-of-sync Calico chain, marking for resync actual=[]string{{}} chainName="{c}" expected=[]string{{"x9pQ0mA1Jj2sT7vW", "Nb8kLp2sQe5rYu1o"}} ipVersion=0x4 table="filter"',
                )
                for c in ("cali-FORWARD", "cali-INPUT", "cali-from-wl-dispatch")
            ],
            story.say(
                ago - 26,
                "WARNING",
                61,
                "felix",
                "table.go 585:",
                'Detected out-of-sync inserts, marking for resync actualRuleIDs=[]string{} chainName="FORWARD" expectedRuleIDs=[]string{"wUHhoiAYhphO9Mso"} ipVersion=0x4 table="filter"',
            ),
        ]
    story.log("journal", journal, "journal-firewalld-ol-31.txt")
    story.log(pods[0], log)
    story.describe("ol-31", pods[0])
    story.affected = list(hosts)
    story.cite(f"{pods[0]}.log", "Detected out-of-sync Calico chain, marking for resync")
    story.cite("journal-firewalld-ol-31.txt", "Reloaded firewalld")
    return story


def cilium_beside(now: datetime) -> Incident:
    story = incident(
        "second-cni-on-trial-keeps-rewriting",
        "interfaces-conflict",
        "cilium was installed for a trial on three of six workers and never removed: its agent owns pod routes and rules there, felix finds its routes replaced; what is loud is an application's CrashLoopBackOff.",
        "cilium pkg/datapath/linux/routing (cilium_host) beside felix/routetable",
        now,
        difficulty="hard",
        platform="other",
        calico="v3.28.2",
        kubernetes="v1.29.9",
        registry="quay.io/calico",
    )
    hosts = {f"metal-{n}": f"10.199.4.{40 + n}" for n in range(1, 7)}
    bad = ["metal-2", "metal-4", "metal-6"]
    story.hosts(hosts)
    pods = story.staff(hosts)
    for node in bad:
        story.other(
            f"cilium-{node[-1]}x7pk",
            node,
            app="cilium",
            image="quay.io/cilium/cilium:v1.15.6",
            age=300_000,
            started=300_000,
        )
    app = story.other(
        "ledger-66b8d9c7f-zz8pk",
        "metal-4",
        "10.0.3.118",
        namespace="fin",
        owner="ReplicaSet/ledger-66b8d9c7f",
        ready=False,
        restarts=88,
        waiting="CrashLoopBackOff",
        last=("Error", 1, 100),
    )
    story.pod_event(
        app, "BackOff", "Back-off restarting failed container ledger in pod", 20, 90_000, 3000, namespace="fin"
    )
    log = story.boot("metal-4", 1_100_000, [v for k, v in hosts.items() if k != "metal-4"])[-9:]
    for n in range(12):
        ago = 1400 - 110 * n
        log += [
            *story.quiet(ago, ago - 5),
            story.say(
                ago - 20,
                "WARNING",
                61,
                "felix",
                "route_table.go 1211:",
                f'Failed to add route error=file exists ifaceName="cali5d0e{n % 3}f27a11" ifaceRegex="^cali.*" ipVersion=0x4 tableIndex=0 targetCIDR=10.244.77.{20 + n % 3}/32',
            ),
        ]
    story.log(pods[3], log)
    story.texts["ip-route-metal-4.txt"] = (
        "\n".join(
            [
                "default via 10.199.4.1 dev bond0 proto static",
                "10.0.3.0/24 via 10.0.3.219 dev cilium_host proto kernel src 10.0.3.219",
                "10.0.3.219 dev cilium_host proto kernel scope link",
                *[f"10.244.77.{20 + n} dev lxc{n}af2b77c10e proto kernel scope link" for n in range(3)],
                "blackhole 10.244.77.0/26 proto bird",
                *[f"10.244.{80 + n}.0/26 via 10.199.4.{41 + n} dev bond0 proto bird" for n in range(3)],
            ]
        )
        + "\n"
    )
    story.describe("metal-4", pods[3])
    story.commands["describe-ledger.txt"] = f"describe pod -n fin {app}"
    story.affected = bad
    story.cite("ip-route-metal-4.txt", "dev cilium_host")
    story.cite(f"{pods[3]}.log", "Failed to add route error=file exists")
    return story


def flushed_by_cron(now: datetime) -> Incident:
    story = incident(
        "hardening-script-restores-its-own-tables",
        "interfaces-conflict",
        "A hardening script of the customer runs iptables-restore with its saved tables every ten minutes, so felix' chains are gone until its next refresh: pods lose everything for a minute, six times an hour.",
        "felix/iptables/table.go (Detected out-of-sync inserts)",
        now,
        difficulty="hard",
        platform="classic",
        calico="v3.27.5",
        kubernetes="v1.29.14+IKS",
    )
    nodes = story.workers([f"10.165.30.{n}" for n in (70, 84, 85, 99)])
    pods = story.agents(nodes)
    bad = nodes[1]
    story.not_established(pods[1], nodes[2:], 700, 90_000, 95, established=1)
    web = story.other(
        "shop-7d5b9c8f6-r2v9k",
        bad,
        "172.30.201.9",
        namespace="shop",
        owner="ReplicaSet/shop-7d5b9c8f6",
        restarts=40,
        last=("Error", 137, 900),
        started=890,
    )
    story.pod_event(
        web,
        "Unhealthy",
        'Liveness probe failed: Get "http://172.30.201.9:8080/": dial tcp 172.30.201.9:8080: connect: connection refused',
        900,
        90_000,
        120,
        namespace="shop",
    )
    log = story.boot(bad, 1_300_000, [n for n in nodes if n != bad])[-8:]
    cron = []
    for n in range(7):
        ago = 4000 - 600 * n
        cron += [
            f"{story.syslog(ago)} kube-w84 CRON[{31011 + 200 * n}]: (root) CMD (/usr/local/sbin/cis-firewall-apply.sh >/dev/null 2>&1)",
            f"{story.syslog(ago - 1)} kube-w84 cis-firewall: iptables-restore < /etc/iptables/rules.v4",
            f"{story.syslog(ago - 200)} kube-w84 CRON[{31090 + 200 * n}]: (root) CMD (   cd / && run-parts --report /etc/cron.hourly)",
        ]
        log += [
            *story.quiet(ago + 300, ago + 120),
            story.say(
                ago - 45,
                "WARNING",
                61,
                "felix",
                "table.go 612:",
                'Detected out-of-sync inserts, marking for resync actualRuleIDs=[]string{"", "", ""} chainName="INPUT" expectedRuleIDs=[]string{"Cz_u1IQiXIMmKD4c", "", "", ""} ipVersion=0x4 table="filter"',
            ),
        ]
    story.log("cron", cron, "syslog-kube-w84.txt")
    story.log(pods[1], log)
    story.describe(bad)
    story.commands["describe-shop.txt"] = f"describe pod -n shop {web}"
    story.affected = [bad]
    story.cite("syslog-kube-w84.txt", "iptables-restore < /etc/iptables/rules.v4")
    story.cite(f"{pods[1]}.log", "Detected out-of-sync inserts")
    return story


STORIES = [
    networkd_takes_veths,
    networkmanager_downs_vxlan,
    fight_over_the_top_of_a_chain,
    desktop_network_manager,
    flannel_left_behind,
    firewalld_reloads,
    foreign_rules_removed,
    cilium_beside,
    flushed_by_cron,
]
