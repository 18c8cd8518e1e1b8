"""interfaces-conflict: told without having seen the rules."""

from __future__ import annotations

from datetime import datetime

from telling import Incident, incident, node_status

CAUSE = "interfaces-conflict"


def networkd_restarted(now: datetime) -> Incident:
    story = incident(
        "unattended-upgrade-restarts-networkd",
        CAUSE,
        "An unattended upgrade of systemd restarts systemd-networkd on two nodes; it deletes the routes that it did not make, so each pod's established connections break and felix has to add its routes again.",
        "https://github.com/projectcalico/calico/issues/4779",
        now,
        platform="other",
        calico="v3.18.3",
        kubernetes="v1.20.8",
        registry="docker.io/calico",
        namespace="kube-system",
        difficulty="hard",
    )
    hosts = {f"ip-10-31-{n}-17.eu-west-2.compute.internal": f"10.31.{n}.17" for n in (4, 5, 6, 7)}
    pods = {
        "10.31.5.17": (20, ("cali8e02c1f77d4", "cali3b9f0a6512c")),
        "10.31.6.17": (88, ("cali51de90b7aa2", "calif04c6de1188")),
    }
    bad = list(hosts)[1:3]
    story.hosts(hosts, os_image="Ubuntu 20.04.2 LTS", kernel="5.4.0-1045-aws", runtime="docker://19.3.14")
    story.staff(hosts, started=900_000)
    for node, at in zip(bad, (5200, 4860), strict=True):
        name, address = story.pods[node], hosts[node]
        net, calis = pods[address]
        peers = [a for n, a in hosts.items() if n != node]
        lines = story.quiet(at + 900, at + 20, 124)
        for n, cali in enumerate(calis):
            text = f'Syncing routes: adding new route. ifaceName="{cali}" ifaceRegex="^cali.*" ipVersion=0x4 targetCIDR=100.96.{net}.{7 + n}/32'
            lines.append(story.say(at - 42 - 0.01 * n, "INFO", 61, "felix", "route_table.go 718:", text))
        lines += [
            "bird: Netlink: Network is down",
            f"bird: Mesh_{peers[0].replace('.', '_')}: Error: Hold timer expired",
        ]
        lines += [
            f"bird: Mesh_{peers[0].replace('.', '_')}: State changed to {s}"
            for s in ("stop", "down", "start", "feed", "up")
        ]
        story.log(name, lines + story.quiet(at - 60, 40, 310))
        host = node.split(".")[0]
        says = [
            (31, "systemd[1]: Starting Daily apt upgrade and clean activities..."),
            (8, "systemd[1]: Reexecuting."),
            (4, "systemd[1]: Stopping Network Service..."),
            (4, "systemd[1]: systemd-networkd.service: Succeeded."),
            (4, "systemd[1]: Stopped Network Service."),
            (4, "systemd[1]: Starting Network Service..."),
            *((3, f"systemd-networkd[2291044]: {cali}: Link UP") for cali in calis),
            *((3, f"systemd-networkd[2291044]: {cali}: Gained carrier") for cali in calis),
            (3, "systemd-networkd[2291044]: Enumeration completed"),
            (3, "systemd[1]: Started Network Service."),
            (3, f"systemd-networkd[2291044]: ens5: DHCPv4 address {address}/24 via 10.31.{address.split('.')[2]}.1"),
            (-40, "systemd[1]: apt-daily-upgrade.service: Succeeded."),
        ]
        story.texts[f"syslog-{address}.txt"] = "".join(f"{story.syslog(at + d)} {host} {text}\n" for d, text in says)
        story.texts[f"ip-monitor-{address}.txt"] = "# ip -ts monitor route\n" + "".join(
            f"[{story.stamp(at + 3).replace(' ', 'T')}] Deleted 100.96.{net}.{7 + n} dev {cali} scope link \n"
            for n, cali in enumerate(calis)
        )
        story.describe(node)
    story.texts["ticket.txt"] = (
        "Since this morning our apps on two nodes lost their connections to redis; new pods on these nodes work.\n"
        "It has happened before, always on days with security updates. We recorded 'ip monitor' this time.\n"
    )
    story.affected = bad
    story.cite("ip-monitor-10.31.5.17.txt", "Deleted 100.96.20.7 dev cali8e02c1f77d4 scope link")
    story.cite("syslog-10.31.5.17.txt", "Starting Network Service")
    return story


def network_manager_wants_dhcp(now: datetime) -> Incident:
    story = incident(
        "network-manager-connects-cali-interfaces",
        CAUSE,
        "After the hosts were moved to Fedora 34 NetworkManager tries 'Wired connection 3' on the cali interfaces and takes their routes away each time its DHCP fails; pods of these hosts lose the network now and then, calico-node is ready all the time.",
        "https://github.com/poseidon/typhoon/pull/1007",
        now,
        platform="other",
        calico="v3.19.1",
        kubernetes="v1.21.2",
        registry="quay.io/calico",
        namespace="kube-system",
        difficulty="medium",
    )
    hosts = {f"node{n}.lab.example": f"10.0.42.{n}" for n in (21, 22, 23)}
    bad = ["node22.lab.example", "node23.lab.example"]
    story.hosts(
        {k: v for k, v in hosts.items() if k not in bad},
        os_image="Fedora CoreOS 33.20210412.3.0",
        kernel="5.10.19-200.fc33.x86_64",
    )
    story.hosts({k: hosts[k] for k in bad}, os_image="Fedora CoreOS 34.20210529.3.0", kernel="5.12.7-300.fc34.x86_64")
    story.staff(hosts, started=500_000)
    for node in bad:
        pod = story.other(
            "web-" + node[4:6] + "-6d4cf56db6-w7h2k",
            node,
            f"10.2.{node[4:6]}.14",
            namespace="default",
            owner="ReplicaSet/web",
            restarts=31,
            started=200,
            last=("Error", 137, 205),
        )
        story.pod_event(
            pod,
            "Unhealthy",
            f'Liveness probe failed: Get "http://10.2.{node[4:6]}.14:8080/": dial tcp 10.2.{node[4:6]}.14:8080: connect: no route to host',
            230,
            60_000,
            140,
            namespace="default",
        )
    node = "node22.lab.example"
    says = []
    for n in range(9):
        ago = 1900 - 200 * n
        says += [
            (
                ago,
                "<info>  [1624612.1124] device (cali1a81d481534): state change: disconnected -> prepare (reason 'none', sys-iface-state: 'managed')",
            ),
            (
                ago,
                "<info>  [1624612.1190] dhcp4 (cali1a81d481534): activation: beginning transaction (timeout in 45 seconds)",
            ),
            (ago - 45, "<warn>  [1624657.0021] dhcp4 (cali1a81d481534): request timed out"),
            (
                ago - 45,
                "<info>  [1624657.0034] device (cali1a81d481534): state change: ip-config -> failed (reason 'ip-config-unavailable', sys-iface-state: 'managed')",
            ),
            (
                ago - 45,
                "<warn>  [1624657.0041] device (cali1a81d481534): Activation: failed for connection 'Wired connection 3'",
            ),
        ]
    story.texts["journal-NetworkManager-node22.txt"] = "".join(
        f"{story.syslog(ago)} node22 NetworkManager[1021]: {text}\n" for ago, text in says
    )
    story.texts["nmcli-node22.txt"] = (
        'cali1a81d481534: connecting (getting IP configuration) to Wired connection 3\n        "cali1a81d481534"\n        ethernet (veth), EE:EE:EE:EE:EE:EE, sw, mtu 1480\n\ntunl0: unmanaged\n        "tunl0"\n        iptunnel (ipip), 00:00:00:00, sw, mtu 1480\n'
    )
    log = []
    for n in range(9):
        ago = 1855 - 200 * n
        log += story.quiet(ago + 120, ago + 10, 60)
        log.append(
            story.say(
                ago - 1,
                "INFO",
                61,
                "felix",
                "route_table.go 718:",
                'Syncing routes: adding new route. ifaceName="cali1a81d481534" ifaceRegex="^cali.*" ipVersion=0x4 targetCIDR=10.2.22.14/32',
            )
        )
    story.log(story.pods[node], log)
    story.describe(node)
    story.commands["events.txt"] = "get events -A"
    story.events()
    story.affected = bad
    story.cite("nmcli-node22.txt", "cali1a81d481534: connecting (getting IP configuration)")
    return story


# told on 29 November 2026 without having seen the rules
def routes_of_the_former_network(now: datetime) -> Incident:
    story = incident(
        "flannels-old-daemon-still-owns-the-routes-of-one-host",
        CAUSE,
        "The cluster moved from flannel to Calico and kept the hosts' pod ranges (host-local, usePodCidr). On one host the flanneld service was never disabled: its routes to the other hosts' ranges go into flannel.1, so BIRD cannot install its own ('Netlink: File exists'), and pods of this host reach no other host. All sessions are up, all calico-node pods are ready.",
        "https://docs.tigera.io/calico/latest/getting-started/kubernetes/flannel/migration-from-flannel",
        now,
        platform="other",
        calico="v3.10.4",
        kubernetes="v1.16.15",
        registry="docker.io/calico",
        namespace="kube-system",
        difficulty="hard",
    )
    hosts = {
        "mila-master": "172.17.106.20",
        "mila-n1": "172.17.106.21",
        "mila-n2": "172.17.106.22",
        "mila-n3": "172.17.106.23",
    }
    bad = "mila-n2"
    story.hosts(
        hosts,
        age=11_000_000,
        os_image="CentOS Linux 7 (Core)",
        kernel="3.10.0-1062.9.1.el7.x86_64",
        runtime="docker://18.9.9",
    )
    story.staff(hosts, started=530_000, age=530_040)
    name = story.pods[bad]
    peers = [a for n, a in hosts.items() if n != bad]
    log = story.old_boot(bad, 530_000, peers, interface="eth0", prefix=20)
    log += ["bird: Graceful restart done", *["bird: Netlink: File exists"] * 3]
    for n in range(5):
        log += [*story.quiet(8_000 - 1_500 * n, 6_900 - 1_500 * n, 550), *["bird: Netlink: File exists"] * (2 + n % 2)]
    story.log(name, log)
    story.texts["mila-n2-network.txt"] = (
        "[root@mila-n2 ~]# ip -br addr | grep -v cali\nlo               UNKNOWN        127.0.0.1/8 \neth0             UP             172.17.106.22/20 \ndocker0          DOWN           172.18.0.1/16 \n"
        "flannel.1        UNKNOWN        10.100.2.0/32 \ntunl0@NONE       UNKNOWN        10.100.2.1/32 \n"
        "[root@mila-n2 ~]# ip route | grep '10.100'\n10.100.0.0/24 via 10.100.0.0 dev flannel.1 onlink \n10.100.1.0/24 via 10.100.1.0 dev flannel.1 onlink \n"
        "blackhole 10.100.2.0/24 proto bird \n10.100.2.17 dev cali5f1a0b7d2c3 scope link \n10.100.2.38 dev cali70b1c4d90aa scope link \n10.100.3.0/24 via 10.100.3.0 dev flannel.1 onlink \n"
        "[root@mila-n2 ~]# systemctl is-active flanneld; systemctl is-enabled flanneld\nactive\nenabled\n"
        "[root@mila-n2 ~]# ip -s link show flannel.1 | tail -4\n    RX: bytes  packets  errors  dropped overrun mcast\n    0          0        0       0       0       0\n    TX: bytes  packets  errors  dropped carrier collsns\n    4419022    61877    0       912     0       0\n"
        "[root@mila-n1 ~]# ip route | grep '10.100'\n10.100.0.0/24 via 172.17.106.20 dev tunl0 proto bird onlink \nblackhole 10.100.1.0/24 proto bird \n10.100.1.9 dev calia90c3b7f114 scope link \n"
        "10.100.2.0/24 via 172.17.106.22 dev tunl0 proto bird onlink \n10.100.3.0/24 via 172.17.106.23 dev tunl0 proto bird onlink \n"
        "[root@mila-n1 ~]# systemctl is-active flanneld\ninactive\n"
    )
    story.texts["mila-n2-calicoctl-node-status.txt"] = node_status(
        [(a, "up", story.stamp(529_990)[:10], "Established") for a in peers]
    )
    for n, ip in enumerate((17, 38)):
        pod = story.other(
            f"web-{n}", bad, f"10.100.2.{ip}", "front", "StatefulSet/web", app="web", ready=False, restarts=70 - n, started=140 + 20 * n, last=("Error", 1, 150 + 20 * n), age=520_000
        )  # fmt: skip
        story.pod_event(pod, "BackOff", "Back-off restarting failed container", 60 + n, 500_000, 900, namespace="front")
    story.other(
        "coredns-5644d7b6d9-9xk2v",
        "mila-n1",
        "10.100.1.9",
        owner="ReplicaSet/coredns-5644d7b6d9",
        app="coredns",
        image="k8s.gcr.io/coredns:1.6.2",
        age=520_000,
        started=519_900,
    )
    story.log(
        "web-0",
        [
            "web 2.8.1 starting",
            "could not resolve db.front.svc.cluster.local: lookup db.front.svc.cluster.local on 10.96.0.10:53: read udp 10.100.2.17:51904->10.96.0.10:53: i/o timeout",
            "exit 1",
        ],
    )
    story.describe(bad)
    story.commands["describe-web-0.txt"] = "describe pod -n front web-0"
    story.affected = [bad]
    story.cite("mila-n2-network.txt", "10.100.1.0/24 via 10.100.1.0 dev flannel.1 onlink")
    return story


def second_plugin_on_the_new_group(now: datetime) -> Incident:
    story = incident(
        "new-node-group-brought-the-clouds-own-plugin",
        CAUSE,
        "EKS with Calico's own networking: an add-on update brought the daemonset aws-node back, limited to the new node group. There its file 10-aws.conflist comes before Calico's: pods get addresses of the VPC and rules of the other plugin, only older pods are Calico's. calico-node is ready everywhere; what is loud are time-outs of webhooks and a flapping ingress.",
        "https://docs.aws.amazon.com/eks/latest/userguide/alternate-cni-plugins.html",
        now,
        platform="other",
        calico="v3.28.1",
        kubernetes="v1.29.8-eks-a737599",
        registry="docker.io/calico",
        difficulty="medium",
    )
    old = {
        f"ip-10-70-{x}.eu-central-1.compute.internal": f"10.70.{x.replace('-', '.')}"
        for x in ("12-41", "13-88", "14-17")
    }
    new = {f"ip-10-70-{x}.eu-central-1.compute.internal": f"10.70.{x.replace('-', '.')}" for x in ("12-200", "14-133")}
    system = {"os_image": "Amazon Linux 2", "kernel": "5.10.223-212.873.amzn2.x86_64", "runtime": "containerd://1.7.22"}
    story.hosts(old, age=9_000_000, **system)
    story.hosts(new, age=92_000, since=91_900, labels={"eks.amazonaws.com/nodegroup": "blue-2"}, **system)
    story.staff(old, started=4_000_000, age=4_000_030)
    story.staff(new, started=91_900, age=91_960)
    story.typha(next(iter(old)), started=4_000_000)
    for n, node in enumerate(new):
        story.other(
            f"aws-node-{('t8xpz', 'c5lvw')[n]}",
            node,
            owner="DaemonSet/aws-node",
            app="aws-node",
            image="602401143452.dkr.ecr.eu-central-1.amazonaws.com/amazon-k8s-cni:v1.18.3",
            age=88_000,
            started=87_970,
        )
    a, b = list(new)
    story.other(
        "ingress-nginx-controller-5b7c9d8f6-8rmzk",
        a,
        "172.16.211.67",
        "ingress",
        "ReplicaSet/ingress-nginx-controller-5b7c9d8f6",
        app="controller",
        age=91_000,
        started=90_900,
    )
    first = story.other(
        "cart-6f9c7d5b8-hx2nq",
        a,
        "10.70.12.213",
        "shop",
        "ReplicaSet/cart-6f9c7d5b8",
        app="cart",
        ready=False,
        restarts=61,
        started=130,
        last=("Error", 1, 140),
        age=80_000,
    )
    story.other(
        "cart-6f9c7d5b8-p7v4d",
        b,
        "10.70.14.141",
        "shop",
        "ReplicaSet/cart-6f9c7d5b8",
        app="cart",
        ready=False,
        restarts=58,
        started=300,
        last=("Error", 1, 310),
        age=80_000,
    )
    story.other(
        "redis-0",
        list(old)[1],
        "172.16.49.12",
        "shop",
        "StatefulSet/redis",
        app="redis",
        age=3_000_000,
        started=2_999_970,
    )
    story.pod_event(
        first,
        "Unhealthy",
        "Readiness probe failed: redis: dial tcp 172.16.49.12:6379: i/o timeout",
        12,
        79_800,
        5_120,
        namespace="shop",
    )
    name = story.pods[a]
    peers = [v for k, v in (old | new).items() if k != a]
    log = story.boot(a, 91_900, peers, prefix=24)
    log += ["bird: Graceful restart done", *story.quiet(88_400, 87_900, 240)]
    for n, veth in enumerate(("eni5c2f0d1a7be", "eni91b7e0c44d2")):
        log.append(
            story.say(
                79_900 - 4_000 * n,
                "INFO",
                61,
                "felix",
                "int_dataplane.go 1512:",
                f'Linux interface state changed. ifIndex={14 + n} ifaceName="{veth}" state="up"',
            )
        )
        log += story.quiet(79_000 - 4_000 * n, 76_500 - 4_000 * n, 1_200)
    story.log(name, [*log, *story.quiet(5_000, 10, 900)])
    story.texts["ip-10-70-12-200-host.txt"] = (
        "sh-4.2$ ls -1 /etc/cni/net.d\n10-aws.conflist\n10-calico.conflist\ncalico-kubeconfig\n"
        "sh-4.2$ ip rule\n0:\tfrom all lookup local\n512:\tfrom all to 10.70.12.213 lookup main\n1024:\tfrom all fwmark 0x80/0x80 lookup main\n1536:\tfrom 10.70.12.213 lookup 2\n32766:\tfrom all lookup main\n32767:\tfrom all lookup default\n"
        "sh-4.2$ ip route | grep -E 'eni|cali|vxlan|bird|tunl'\n10.70.12.213 dev eni5c2f0d1a7be scope link\nblackhole 172.16.211.64/26 proto bird\n172.16.211.67 dev cali3d91b70e5a2 scope link\n172.16.49.0/26 via 10.70.13.88 dev tunl0 proto bird onlink\n"
        "sh-4.2$ # on the old ip-10-70-13-88\nsh-4.2$ ls -1 /etc/cni/net.d\n10-calico.conflist\ncalico-kubeconfig\n"
    )
    story.texts["installation.yaml"] = (
        "apiVersion: operator.tigera.io/v1\nkind: Installation\nmetadata:\n  name: default\nspec:\n  kubernetesProvider: EKS\n  cni:\n    type: Calico\n    ipam:\n      type: Calico\n  calicoNetwork:\n    bgp: Enabled\n    ipPools:\n    - cidr: 172.16.0.0/16\n      encapsulation: IPIP\n      natOutgoing: Enabled\n"
    )
    story.describe(a)
    story.affected = list(new)
    story.cite("ip-10-70-12-200-host.txt", "10-aws.conflist")
    story.cite("pods.txt", "aws-node-t8xpz")
    return story


STORIES = [
    networkd_restarted,
    network_manager_wants_dhcp,
    routes_of_the_former_network,
    second_plugin_on_the_new_group,
]
