"""wrong-node-ip: told without having seen the rules."""

from __future__ import annotations

from datetime import datetime

from telling import Incident, incident, node_status, protocols, wrapped

CAUSE = "wrong-node-ip"


def virtual_address_of_keepalived(now: datetime) -> Incident:
    story = incident(
        "keepalived-address-became-the-nodes-address",
        CAUSE,
        "Detection by cidr=192.168.200.0/24 took keepalived's virtual address .59 on the master that held it; when the address moved to another master, the first still announced it: its peers talk to the wrong machine and reset the sessions.",
        "https://github.com/projectcalico/calico/issues/5094",
        now,
        platform="other",
        calico="v3.19.1",
        kubernetes="v1.21.3",
        registry="docker.io/calico",
        namespace="kube-system",
        difficulty="hard",
        acceptable=["duplicate-node-identity"],
    )
    hosts = {"cp-1": "192.168.200.51", "cp-2": "192.168.200.52", "cp-3": "192.168.200.53", "wk-1": "192.168.200.61"}
    bad = "cp-1"
    story.hosts(hosts, os_image="CentOS Linux 7 (Core)", kernel="3.10.0-1160.el7.x86_64", runtime="docker://20.10.7")
    next(o for o in story.objects["Node"] if o["metadata"]["name"] == bad)["metadata"]["annotations"][
        "projectcalico.org/IPv4Address"
    ] = "192.168.200.59/32"
    env = {
        "env": [
            {"name": "IP", "value": "autodetect"},
            {"name": "IP_AUTODETECTION_METHOD", "value": "cidr=192.168.200.0/24"},
        ]
    }
    story.staff({k: v for k, v in hosts.items() if k != bad}, spec=env, started=700_000)
    name = story.staff(
        {bad: hosts[bad]}, spec=env, ready=False, restarts=1, started=30_000, last=("Unknown", 255, 30_040)
    )[0]
    peers = [a for n, a in hosts.items() if n != bad]
    story.not_established(name, peers, 9, 5400, 520)
    lines = story.boot(bad, 30_000, peers, peers, address="192.168.200.59", prefix=32) + story.quiet(29_900, 5600, 2500)
    for peer in peers:
        session = f"bird: Mesh_{peer.replace('.', '_')}"
        lines += [
            f"{session}: Error: Hold timer expired",
            *(f"{session}: State changed to {s}" for s in ("stop", "down", "start")),
        ]
        lines += [f"{session}: Socket error: bind: Cannot assign requested address"]
    lines += [
        story.say(
            5400 - 600 * n,
            "WARNING",
            64,
            "monitor-addresses",
            "startup.go 774:",
            "Unable to confirm IPv4 address 192.168.200.59 is assigned to this host",
        )
        for n in range(8)
    ]
    story.log(name, lines + story.quiet(900, 20, 280))
    story.describe(bad)
    story.texts["node-status-cp-2.txt"] = node_status(
        [
            ("192.168.200.59", "start", "09:14:02", "Connect Socket: Connection reset by peer"),
            ("192.168.200.53", "up", "2026-11-15", "Established"),
            ("192.168.200.61", "up", "2026-11-15", "Established"),
        ]
    )
    story.log(
        story.pods["wk-1"],
        [
            *story.quiet(7000, 5300, 400),
            "bird: BGP: Unexpected connect from unknown address 192.168.200.51 (port 44127)",
            "bird: BGP: Unexpected connect from unknown address 192.168.200.51 (port 51833)",
            *story.quiet(5000, 9, 400),
        ],
    )
    story.affected = [bad]
    story.cite(f"{name}.log", "Using autodetected IPv4 address on interface eth0: 192.168.200.59/32")
    return story


def port_channel_of_a_switch(now: datetime) -> Incident:
    story = incident(
        "switch-takes-its-port-channel",
        CAUSE,
        "The new worker is a switch with many data ports; first-found took PortChannel0004 (10.0.0.62/31) in place of eth0, on which the kubelet and the API live. Nobody can open BGP to 10.0.0.62, and this node none to the others.",
        "https://github.com/projectcalico/calicoctl/issues/2108",
        now,
        platform="other",
        calico="v3.10.3",
        kubernetes="v1.17.2",
        registry="docker.io/calico",
        namespace="kube-system",
        difficulty="medium",
    )
    hosts = {"str-renuka-01": "10.33.157.24", "str-renuka-02": "10.33.157.25"}
    bad = "str-s6000-acs-13"
    story.hosts(hosts, runtime="docker://18.9.8")
    story.hosts(
        {bad: "10.33.147.253"},
        age=5200,
        os_image="Debian GNU/Linux 9 (stretch)",
        kernel="4.9.0-11-2-amd64",
        runtime="docker://18.9.8",
    )
    story.objects["Node"][-1]["metadata"]["annotations"]["projectcalico.org/IPv4Address"] = "10.0.0.62/31"
    story.staff(hosts)
    name = story.staff({bad: "10.33.147.253"}, ready=False, started=5000, age=5100)[0]
    peers = list(hosts.values())
    story.not_established(name, peers, 7, 4950, 490)
    story.log(
        name,
        story.old_boot(bad, 5000, peers, (), interface="PortChannel0004", address="10.0.0.62", prefix=31)
        + story.quiet(4900, 12, 500),
    )
    story.recreated(story.pods["str-renuka-01"], ["10.0.0.62"], 4600, 1)
    story.log(
        story.pods["str-renuka-01"],
        story.old_boot("str-renuka-01", 4630, ["10.33.157.25", "10.0.0.62"], ["10.33.157.25"], prefix=24)
        + story.quiet(4500, 9, 600),
    )
    story.describe(bad)
    story.commands["describe-pod-renuka-01.txt"] = f"describe pod -n kube-system {story.pods['str-renuka-01']}"
    story.affected = [bad]
    story.cite(f"{name}.log", "Using autodetected IPv4 address on interface PortChannel0004: 10.0.0.62/31")
    return story


def management_network_of_the_new_host(now: datetime) -> Incident:
    story = incident(
        "new-host-announces-its-management-card",
        CAUSE,
        "OpenStack cluster with VXLAN only: on the new host the cards are in another order, first-found took ens3 (10.250.0.77, management, no host reaches another there) and not ens4 (192.168.40.24, the InternalIP). Every pod says 1/1, but pods of this host reach none elsewhere.",
        "https://github.com/projectcalico/calico/issues/8203",
        now,
        platform="other",
        calico="v3.26.3",
        kubernetes="v1.28.3",
        registry="docker.io/calico",
        namespace="kube-system",
        difficulty="medium",
    )
    hosts = {f"os-node-{n}": f"192.168.40.{20 + n}" for n in (1, 2, 3)}
    bad = "os-node-4"
    story.hosts(hosts, os_image="Ubuntu 22.04.3 LTS", kernel="5.15.0-88-generic", runtime="containerd://1.7.8")
    story.hosts(
        {bad: "192.168.40.24"},
        age=9000,
        os_image="Ubuntu 22.04.3 LTS",
        kernel="5.15.0-88-generic",
        runtime="containerd://1.7.8",
    )
    for node in story.objects["Node"]:
        mine = node["metadata"]["name"] == bad
        address = "10.250.0.77/24" if mine else node["status"]["addresses"][0]["address"] + "/24"
        node["metadata"]["annotations"] = {
            "projectcalico.org/IPv4Address": address,
            "projectcalico.org/IPv4VXLANTunnelAddr": "10.244.61.128"
            if mine
            else "10.244." + address.split(".")[3][:2] + ".64",
        }
    env = {
        "env": [
            {"name": "IP", "value": "autodetect"},
            {"name": "CALICO_NETWORKING_BACKEND", "value": "vxlan"},
            {"name": "CALICO_IPV4POOL_VXLAN", "value": "Always"},
        ]
    }
    story.staff(hosts, spec=env, started=1_500_000)
    name = story.staff({bad: "192.168.40.24"}, spec=env, started=8900, age=8950)[0]
    story.pods[bad] = name
    log = story.boot(bad, 8900, (), address="10.250.0.77", prefix=24, interface="ens3", bird=False)
    log = [x for x in log if not x.startswith("bird:") and " confd/" not in x]
    log.insert(13, "CALICO_NETWORKING_BACKEND is vxlan - no need to run a BGP daemon")
    log += [
        story.say(8896, "INFO", 61, "felix", "vxlan_mgr.go 630:", 'Assigning address to VXLAN device address=10.244.61.128/32 ipVersion=0x4'),
        story.say(8895.9, "INFO", 61, "felix", "vxlan_mgr.go 478:", 'VXLAN tunnel device configured ipVersion=0x4'),
        story.say(8894, "INFO", 61, "felix", "health.go 336:", "Overall health status changed: live=true ready=true"),
        *[x for n in range(6) for x in (
            story.say(2400 - 380 * n, "INFO", 63, "monitor-addresses", "autodetection_methods.go 103:", "Using autodetected IPv4 address on interface ens3: 10.250.0.77/24"),
            *story.quiet(2380 - 380 * n, 2200 - 380 * n, 120),
        )],
    ]  # fmt: skip
    story.log(name, log)
    story.other(
        "web-7d9c5bb54f-4r6kq",
        bad,
        "10.244.61.131",
        "shop",
        "ReplicaSet/web-7d9c5bb54f",
        app="web",
        ready=False,
        restarts=20,
        started=70,
        last=("Error", 1, 75),
        age=8000,
    )
    story.log(
        "web-7d9c5bb54f-4r6kq",
        [
            "starting web 1.4",
            "lookup redis.shop.svc.cluster.local on 10.96.0.10:53: read udp 10.244.61.131:43110->10.96.0.10:53: i/o timeout",
            "fatal: no session store",
        ],
    )
    story.texts["os-node-4-ip.txt"] = (
        "$ ip -br -4 a\nlo               UNKNOWN        127.0.0.1/8\nens3             UP             10.250.0.77/24 metric 100\nens4             UP             192.168.40.24/24 metric 200\n"
        "vxlan.calico     UNKNOWN        10.244.61.128/32\n"
        "$ ip -d link show vxlan.calico | grep 'vxlan id'\n    vxlan id 4096 local 10.250.0.77 dev ens3 srcport 0 0 dstport 4789 nolearning ttl auto ageing 300 udpcsum noudp6zerocsumtx noudp6zerocsumrx\n"
        "$ ping -c 2 -W 1 10.250.0.31   # os-node-1\n2 packets transmitted, 0 received, 100% packet loss, time 1012ms\n"
    )
    story.describe(bad)
    story.affected = [bad]
    story.cite(f"{name}.log", "Using autodetected IPv4 address on interface ens3: 10.250.0.77/24")
    return story


def mesh_vpn_on_a_satellite_host(now: datetime) -> Incident:
    story = incident(
        "remote-support-vpn-took-the-node-address",
        CAUSE,
        "ROKS on Satellite hosts: an engineer installed ZeroTier on one host; a minute later monitor-addresses (first-found) moved the node's address from 10.64.12.34 to the VPN's 10.147.17.8. All its sessions fell, its peers see connects from an unknown address. The log of the host, of one peer and birdcl were sent.",
        "https://github.com/projectcalico/calico/issues/8607",
        now,
        platform="roks",
        calico="v3.27.3",
        kubernetes="v1.29.9+5865c5b",
        difficulty="hard",
    )
    nodes = story.workers(
        [f"10.64.12.{n}" for n in (30, 32, 34, 38)],
        os_image="Red Hat Enterprise Linux 8.9 (Ootpa)",
        kernel="4.18.0-513.24.1.el8_9.x86_64",
        runtime="cri-o://1.29.7",
    )
    bad = nodes[2]
    next(o for o in story.objects["Node"] if o["metadata"]["name"] == bad)["metadata"]["annotations"][
        "projectcalico.org/IPv4Address"
    ] = "10.147.17.8/24"
    story.agents([n for n in nodes if n != bad], started=1_000_000)
    name = story.agents([bad], ready=False, started=1_000_000)[0]
    story.typha(nodes[0], started=1_000_000)
    peers = [n for n in nodes if n != bad]
    story.not_established(name, peers, 8, 5200, 520)
    log = [
        *story.quiet(6000, 5380, 200),
        story.say(5330, "INFO", 61, "felix", "int_dataplane.go 1512:", 'Linux interface addrs changed. addrs=set.Set{10.147.17.8,fe80::5c:9aff:fe12:77d1} ifaceName="ens9zt0"'),
        story.say(5329, "INFO", 61, "felix", "int_dataplane.go 1475:", 'Linux interface state changed. ifIndex=31 ifaceName="ens9zt0" state="up"'),
        story.say(5282, "INFO", 60, "monitor-addresses", "autodetection_methods.go 103:", "Using autodetected IPv4 address on interface ens9zt0: 10.147.17.8/24"),
        story.say(5282, "INFO", 60, "monitor-addresses", "startup.go 573:", "Node IPv4 changed, will check for conflicts"),
        story.say(5281.8, "INFO", 60, "monitor-addresses", "startup.go 366:", "Updated node IP addresses"),
        story.say(5281, "INFO", 62, "confd", "resource.go 289:", "Target config /etc/calico/confd/config/bird.cfg has been updated due to change in key: /calico/bgp/v1/host"),
        "bird: Reconfiguration requested by SIGHUP",
        "bird: Reconfiguring",
        *(f"bird: Mesh_{p.replace('.', '_')}: {x}" for p in peers for x in ("Restarting because of changed source address", "Shutting down", "State changed to stop")),
        "bird: Reconfigured",
        *(f"bird: Mesh_{p.replace('.', '_')}: {x}" for p in peers for x in ("State changed to down", "Initializing", "Starting", "State changed to start")),
        *(x for n in range(8) for x in (
            *story.quiet(5200 - 640 * n, 4900 - 640 * n, 310),
            story.say(4800 - 640 * n, "INFO", 60, "monitor-addresses", "autodetection_methods.go 103:", "Using autodetected IPv4 address on interface ens9zt0: 10.147.17.8/24"),
        )),
    ]  # fmt: skip
    story.log(name, log)
    peer = story.pods[nodes[0]]
    story.log(peer, [
        *story.quiet(5900, 5300, 250),
        "bird: Mesh_10_64_12_34: Received: Administrative shutdown",
        "bird: Mesh_10_64_12_34: State changed to stop",
        "bird: Removing protocol Mesh_10_64_12_34",
        "bird: Mesh_10_147_17_8: Initializing", "bird: Mesh_10_147_17_8: Starting", "bird: Mesh_10_147_17_8: State changed to start",
        *(x for n in range(6) for x in (f"bird: BGP: Unexpected connect from unknown address 10.64.12.34 (port {41207 + 1733 * n})", *story.quiet(5000 - 800 * n, 4500 - 800 * n, 400))),
    ])  # fmt: skip
    story.texts["birdcl-on-10.64.12.30.txt"] = protocols(
        [(nodes[1], "up", "2026-11-12", "Established"), ("10.147.17.8", "start", "13:11:09", "Connect       Socket: No route to host"), (nodes[3], "up", "2026-11-12", "Established")],
        since="2026-11-12", routes="up",
    )  # fmt: skip
    story.describe(bad)
    story.affected = [bad]
    story.cite(f"{name}.log", "Using autodetected IPv4 address on interface ens9zt0: 10.147.17.8/24")
    return story


# told on 29 November 2026 without having seen the rules
def lease_gave_another_address(now: datetime) -> Incident:
    story = incident(
        "address-changed-under-a-running-agent",
        CAUSE,
        "DHCP gave one host another address; the kubelet registered it, but calico-node (method kubernetes-internal-ip) goes on with the node object of its start and keeps the old address, which is on no interface any more: BIRD cannot bind to it. Annotation and InternalIP differ; the peers only say 'Hold timer expired'.",
        "https://github.com/projectcalico/calico/issues/8700",
        now,
        platform="other",
        calico="v3.27.2",
        kubernetes="v1.28.8",
        registry="docker.io/calico",
        difficulty="medium",
        acceptable=["software-defect"],
    )
    hosts = {"lab-n1": "10.90.5.21", "lab-n2": "10.90.5.22", "lab-n3": "10.90.5.77", "lab-n4": "10.90.5.24"}
    bad, former = "lab-n3", "10.90.5.23"
    story.hosts(
        hosts,
        age=8_000_000,
        os_image="Debian GNU/Linux 12 (bookworm)",
        kernel="6.1.0-18-amd64",
        runtime="containerd://1.7.13",
    )
    env = {"env": [{"name": "IP", "value": "autodetect"}, {"name": "IP_AUTODETECTION_METHOD", "value": "kubernetes-internal-ip"}, {"name": "CALICO_IPV4POOL_IPIP", "value": "Always"}]}  # fmt: skip
    for node in story.objects["Node"]:
        own = node["metadata"]["name"]
        node["metadata"]["annotations"] = {
            "projectcalico.org/IPv4Address": f"{former if own == bad else hosts[own]}/24",
            "projectcalico.org/IPv4IPIPTunnelAddr": f"10.244.{own[-1]}.1",
        }
    story.staff({k: v for k, v in hosts.items() if k != bad}, spec=env, started=3_000_000, age=3_000_030)
    name = story.staff({bad: hosts[bad]}, spec=env, ready=False, started=3_000_000, age=3_000_030)[0]
    peers = [a for n, a in hosts.items() if n != bad]
    story.not_established(name, peers, 14, 6_800, 680)
    story.typha("lab-n1", started=3_000_000)
    log = [
        *story.quiet(9_000, 7_100, 380),
        story.say(
            7_002,
            "INFO",
            61,
            "felix",
            "int_dataplane.go 1512:",
            'Linux interface addrs changed. addrs=set.Set{10.90.5.77} ifaceName="eno1"',
        ),
    ]
    for peer in peers:
        tag = f"bird: Mesh_{peer.replace('.', '_')}: "
        log += [
            tag + x
            for x in (
                "Error: Hold timer expired",
                "State changed to stop",
                "State changed to down",
                "Starting",
                "State changed to start",
                "Socket error: bind: Cannot assign requested address",
            )
        ]
    for n in range(11):
        ago = 6_700 - 610 * n
        log += [
            story.say(
                ago,
                "WARNING",
                63,
                "monitor-addresses",
                "autodetection_methods.go 236:",
                f"Unable to find matching host interface for IP {former}",
            ),
            story.say(
                ago - 0.01,
                "WARNING",
                63,
                "monitor-addresses",
                "startup.go 635:",
                f"Unable to confirm IPv4 address {former} is assigned to this host",
            ),
            *story.quiet(ago - 40, ago - 420, 190),
        ]
    story.log(name, log)
    ok = story.pods["lab-n1"]
    tag = "bird: Mesh_10_90_5_23: "
    story.log(
        ok,
        [
            *story.quiet(9_000, 6_900, 500),
            *(
                tag + x
                for x in (
                    "Error: Hold timer expired",
                    "State changed to stop",
                    "State changed to down",
                    "Starting",
                    "State changed to start",
                )
            ),
            *story.quiet(6_600, 15, 700),
        ],
    )
    story.texts["journal-lab-n3.txt"] = "".join(
        f"{story.syslog(ago)} lab-n3 {text}\n"
        for ago, text in (
            (7_010, "dhclient[702]: DHCPREQUEST for 10.90.5.23 on eno1 to 10.90.5.2 port 67"), (7_009, "dhclient[702]: DHCPNAK from 10.90.5.2"), (7_008, "dhclient[702]: DHCPDISCOVER on eno1 to 255.255.255.255 port 67 interval 4"),
            (7_006, "dhclient[702]: DHCPOFFER of 10.90.5.77 from 10.90.5.2"), (7_004, "dhclient[702]: DHCPACK of 10.90.5.77 from 10.90.5.2"), (7_003, "dhclient[702]: bound to 10.90.5.77 -- renewal in 20711 seconds."),
            (6_990, f'kubelet[911]: I{story.klog(6_990)}     911 kubelet_node_status.go:497] "Fast updating node status as it just became ready"'),
        )
    )  # fmt: skip
    story.describe(bad)
    story.affected = [bad]
    story.cite(f"{name}.log", "Unable to confirm IPv4 address 10.90.5.23 is assigned to this host")
    story.cite(f"describe-node-{bad}.txt", "projectcalico.org/IPv4Address: 10.90.5.23/24")
    return story


def default_route_went_to_the_dmz(now: datetime) -> Incident:
    story = incident(
        "way-to-the-internet-leads-through-the-dmz-card",
        CAUSE,
        "The method is can-reach=8.8.8.8. Two of six dual-homed nodes got their default route over the DMZ card; since the rollout of this morning they announce their DMZ addresses, which a firewall keeps away from the application network. Among each other the two are up, to the other four not: it looks like a blocked subnet, but all InternalIPs are of one network.",
        "https://github.com/projectcalico/calico/issues/6047",
        now,
        platform="other",
        calico="v3.22.3",
        kubernetes="v1.23.16",
        namespace="kube-system",
        registry="quay.io/calico",
        difficulty="hard",
    )
    hosts = {f"iad-w{n}": f"10.12.0.{30 + n}" for n in range(1, 7)}
    dmz = {"iad-w2": "172.31.250.132", "iad-w5": "172.31.250.135"}
    story.hosts(
        hosts,
        age=20_000_000,
        os_image="Rocky Linux 8.7 (Green Obsidian)",
        kernel="4.18.0-425.10.1.el8_7.x86_64",
        runtime="containerd://1.6.15",
    )
    for node in story.objects["Node"]:
        own = node["metadata"]["name"]
        node["metadata"]["annotations"]["projectcalico.org/IPv4Address"] = f"{dmz.get(own, hosts[own])}/24"
    env = {
        "env": [
            {"name": "IP", "value": "autodetect"},
            {"name": "IP_AUTODETECTION_METHOD", "value": "can-reach=8.8.8.8"},
        ]
    }
    everywhere = {n: dmz.get(n, a) for n, a in hosts.items()}
    for i, node in enumerate(hosts):
        name = story.staff({node: hosts[node]}, spec=env, started=19_400 - 60 * i, age=19_430 - 60 * i)[0]
        far = [a for n, a in everywhere.items() if (n in dmz) != (node in dmz)]
        story.not_established(name, far, 19_360 - 60 * i, 19_380 - 60 * i, 3, established=5 - len(far))
    for node in ("iad-w2", "iad-w3"):
        began = 19_400 - 60 * list(hosts).index(node)
        peers = [a for n, a in everywhere.items() if n != node]
        up = [a for n, a in everywhere.items() if n != node and (n in dmz) == (node in dmz)]
        log = story.boot(node, began, peers, up)
        found = f"Using autodetected IPv4 address {everywhere[node]}/24, detected by connecting to 8.8.8.8"
        log = [
            story.say(began - 0.24, "INFO", 9, "startup", "reachaddr.go 47:", found)
            if "Using autodetected IPv4" in x
            else x
            for x in log
        ]
        for n in range(5):
            log += story.quiet(began - 300 - 3_400 * n, began - 3_200 - 3_400 * n, 1_400)
        if node == "iad-w3":
            log.append("bird: BGP: Unexpected connect from unknown address 10.12.0.32 (port 46163)")  # the test with nc
        story.log(story.pods[node], wrapped(story, log, "prefix", story.pods[node]))
    story.texts["iad-w3-node-status.txt"] = node_status(
        [(a, "up", story.stamp(19_270)[11:19], "Established") if n not in dmz else (a, "start", story.stamp(19_275)[11:19], "Connect Socket: Connection timed out") for n, a in everywhere.items() if n != "iad-w3"]
    )  # fmt: skip
    story.texts["iad-w2-routes.txt"] = (
        "[root@iad-w2 ~]# ip -4 route show default\ndefault via 172.31.250.1 dev ens256 proto static metric 100 \ndefault via 10.12.0.1 dev ens192 proto static metric 101 \n"
        "[root@iad-w2 ~]# ssh iad-w3 ip -4 route show default\ndefault via 10.12.0.1 dev ens192 proto static metric 100 \ndefault via 172.31.250.1 dev ens256 proto static metric 101 \n"
        "[root@iad-w2 ~]# nc -vz -w 3 10.12.0.33 179   # iad-w3\nNcat: Version 7.70 ( https://nmap.org/ncat )\nNcat: Connected to 10.12.0.33:179.\nNcat: 0 bytes sent, 0 bytes received in 0.01 seconds.\n"
        "[root@iad-w2 ~]# nc -vz -w 3 -s 172.31.250.132 10.12.0.33 179\nNcat: Version 7.70 ( https://nmap.org/ncat )\nNcat: Connection timed out.\n"
    )
    story.describe("iad-w2")
    story.describe("iad-w3")
    story.affected = list(dmz)
    story.cite(
        f"{story.pods['iad-w2']}.log",
        "Using autodetected IPv4 address 172.31.250.132/24, detected by connecting to 8.8.8.8",
    )
    return story


STORIES = [
    virtual_address_of_keepalived,
    port_channel_of_a_switch,
    management_network_of_the_new_host,
    mesh_vpn_on_a_satellite_host,
    lease_gave_another_address,
    default_route_went_to_the_dmz,
]
