"""interfaces-conflict: told without having seen the rules, then opened."""

from __future__ import annotations

from datetime import datetime

from telling import Incident, incident

CAUSE = "interfaces-conflict"


def cloud_setup_adds_rules(now: datetime) -> Incident:
    story = incident(
        "cloud-setup-timer-adds-policy-routes",
        CAUSE,
        "RHEL 8.4 on AWS: NetworkManager's nm-cloud-setup adds the rule 30400 that sends everything from the host's own address to a table without Calico's routes. Hosts and their pods no longer reach each other: probes of pods time out and kube-controllers cannot reach the API, which looks like a dead API server. calico-node is 1/1 everywhere.",
        "https://github.com/projectcalico/calico/issues/4662 and https://github.com/rancher/rke2/issues/1053",
        now,
        platform="other",
        calico="v3.19.1",
        kubernetes="v1.21.2+rke2r1",
        registry="docker.io/rancher/mirrored-calico",
        difficulty="hard",
    )
    system = {
        "os_image": "Red Hat Enterprise Linux 8.4 (Ootpa)",
        "kernel": "4.18.0-305.3.1.el8_4.x86_64",
        "runtime": "containerd://1.4.4-k3s2",
    }
    hosts = {f"ip-10-31-7-{n}.eu-central-1.compute.internal": f"10.31.7.{n}" for n in (14, 75, 132)}
    names = list(hosts)
    story.hosts(hosts, age=7_900, since=7_700, **system)
    story.staff(hosts, started=7_740, age=7_760)
    for at, suffix in ((names[0], "c4v7g"), (names[1], "tx8qd")):
        story.typha(at, suffix, started=7_745)
        made = story.objects["Pod"][-1]
        made["metadata"]["creationTimestamp"] = made["status"]["startTime"] = story.ago(7_765)
    control = story.other(
        "calico-kube-controllers-6d6c8b9f54-2vkzw",
        names[1],
        "10.42.186.2",
        "calico-system",
        "ReplicaSet/calico-kube-controllers-6d6c8b9f54",
        app="calico-kube-controllers",
        image="docker.io/rancher/mirrored-calico-kube-controllers:v3.19.1",
        ready=False,
        restarts=31,
        waiting="CrashLoopBackOff",
        last=("Error", 1, 130),
        age=7_760,
    )
    dns = [
        story.other(
            f"rke2-coredns-rke2-coredns-7bb4f446c-{suffix}",
            node,
            ip,
            owner="ReplicaSet/rke2-coredns-rke2-coredns-7bb4f446c",
            app="coredns",
            image="docker.io/rancher/hardened-coredns:v1.8.3",
            ready=False,
            restarts=24,
            started=20,
            last=("Error", 137, 25),
            age=7_690,
        )
        for suffix, node, ip in (("8zqmt", names[0], "10.42.11.4"), ("lkd5w", names[2], "10.42.95.3"))
    ]
    ip = "10.42.11.4"
    story.pod_event(
        dns[0],
        "Unhealthy",
        f'Readiness probe failed: Get "http://{ip}:8181/ready": context deadline exceeded (Client.Timeout exceeded while awaiting headers)',
        4,
        7_600,
        744,
        namespace="kube-system",
    )
    story.pod_event(
        dns[0],
        "Unhealthy",
        f'Liveness probe failed: Get "http://{ip}:8080/health": context deadline exceeded (Client.Timeout exceeded while awaiting headers)',
        28,
        7_590,
        122,
        namespace="kube-system",
    )
    story.pod_event(control, "BackOff", "Back-off restarting failed container", 9, 7_300, 466)
    lines = []
    for n in range(3):
        ago = 165 - 10 * n
        lines.append(
            story.line(
                ago,
                "ERROR",
                1,
                "client.go 261:",
                'Error getting cluster information config ClusterInformation="default" error=Get "https://10.43.0.1:443/apis/crd.projectcalico.org/v1/clusterinformations/default": context deadline exceeded',
            )
        )
    lines.append(
        story.line(
            134,
            "FATAL",
            1,
            "main.go 118:",
            'Failed to initialize Calico datastore error=Get "https://10.43.0.1:443/apis/crd.projectcalico.org/v1/clusterinformations/default": context deadline exceeded',
        )
    )
    story.log(
        control,
        [
            story.line(176, "INFO", 1, "main.go 92:", "Loaded configuration from environment config=&config.Config{}"),
            f"W{story.klog(175.9)}       1 client_config.go:615] Neither --kubeconfig nor --master was specified.  Using the inClusterConfig.  This might not work.",
            story.line(175.8, "INFO", 1, "main.go 113:", "Ensuring Calico datastore is initialized"),
            *lines,
        ],
        "kube-controllers-previous.log",
    )
    me = names[0]
    log = story.boot(me, 7_740, bird=False, prefix=24)
    log += [
        story.say(7_735, "INFO", 61, "felix", "vxlan_mgr.go 531:", "VXLAN tunnel MTU updated ipVersion=0x4 mtu=8951"),
        *story.quiet(7_600, 10, 420),
    ]
    story.log(story.pods[me], log)
    journal = []
    for n in range(5):
        ago = 1_500 - 300 * n
        journal += [
            f"{story.syslog(ago)} ip-10-31-7-14 systemd[1]: Started Automatically configure NetworkManager in cloud.",
            f"{story.syslog(ago)} ip-10-31-7-14 nm-cloud-setup[{14_022 + 41 * n}]: <info>  provider ec2 detected",
            f"{story.syslog(ago - 1)} ip-10-31-7-14 systemd[1]: nm-cloud-setup.service: Succeeded.",
        ]
    story.texts["host-ip-10-31-7-14.txt"] = (
        """[ec2-user@ip-10-31-7-14 ~]$ ip route
default via 10.31.7.1 dev eth0 proto dhcp metric 100
10.31.7.0/24 dev eth0 proto kernel scope link src 10.31.7.14 metric 100
10.42.11.4 dev cali1d9be0a7f52 scope link
10.42.11.5 dev cali77f3c6e0b19 scope link
10.42.95.0/26 via 10.42.95.0 dev vxlan.calico onlink
10.42.186.0/26 via 10.42.186.0 dev vxlan.calico onlink
[ec2-user@ip-10-31-7-14 ~]$ ping -c3 -W1 10.42.11.4
PING 10.42.11.4 (10.42.11.4) 56(84) bytes of data.

--- 10.42.11.4 ping statistics ---
3 packets transmitted, 0 received, 100% packet loss, time 2061ms

[ec2-user@ip-10-31-7-14 ~]$ ip rule
0:      from all lookup local
30200:  from 10.31.7.14 lookup 30200
30400:  from 10.31.7.14 lookup 30400
32766:  from all lookup main
32767:  from all lookup default
[ec2-user@ip-10-31-7-14 ~]$ ip route show table 30400
default via 10.31.7.1 dev eth0 proto static metric 10
10.31.7.1 dev eth0 proto static scope link metric 10
[ec2-user@ip-10-31-7-14 ~]$ systemctl is-active firewalld
inactive
[ec2-user@ip-10-31-7-14 ~]$ sudo journalctl -u nm-cloud-setup --since -25min
"""
        + "\n".join(journal)
        + "\n"
    )
    story.commands = {
        "nodes.txt": "get nodes -o wide",
        "pods.txt": "get pods -A -o wide",
        "describe-coredns.txt": f"describe pod -n kube-system {dns[0]}",
        "describe-kube-controllers.txt": f"describe pod -n calico-system {control}",
        "describe-calico-node.txt": f"describe pod -n calico-system {story.pods[me]}",
    }
    story.events()
    story.affected = names
    story.cite("host-ip-10-31-7-14.txt", "from 10.31.7.14 lookup 30400")
    return story


def exit_node_takes_the_pod_range(now: datetime) -> Incident:
    story = incident(
        "vpn-exit-node-takes-the-pods-packets",
        CAUSE,
        "Since tailscale on one edge host uses an exit node, its table 52 (rule 5270) has a default route and no exception for Calico's pod range: packets to pods, also to those of the host itself, leave by tailscale0. Pods there fail their probes and find no API; calico-node there is 1/1 because the LAN is excepted. The other hosts are fine.",
        "https://github.com/tailscale/tailscale/issues/14706",
        now,
        platform="other",
        calico="v3.27.3",
        kubernetes="v1.30.4+k0s",
        namespace="kube-system",
        registry="quay.io/k0sproject/calico",
        difficulty="medium",
    )
    system = {
        "os_image": "Debian GNU/Linux 12 (bookworm)",
        "kernel": "6.1.0-25-amd64",
        "runtime": "containerd://1.7.20",
    }
    hosts = {f"edge-{n}": f"192.168.18.{40 + n}" for n in range(1, 5)}
    bad = "edge-3"
    story.hosts(hosts, **system)
    story.staff(hosts, started=1_500_000)
    for n, (what, ip, port, path) in enumerate(
        (
            ("metrics-server-6dd7f6c76d-w5kqz", "10.244.71.131", 10250, "readyz"),
            ("mqtt-bridge-86b9c5d47c-7xltn", "10.244.71.140", 8080, "healthz"),
            ("camera-gateway-5bb76bcd48-gz8pd", "10.244.71.144", 9000, "ready"),
        )
    ):
        space = "kube-system" if not n else "edge"
        story.other(
            what,
            bad,
            ip,
            space,
            f"ReplicaSet/{what.rsplit('-', 1)[0]}",
            ready=False,
            restarts=19 + 3 * n,
            started=70 + 20 * n,
            last=("Error", 137, 75 + 20 * n),
            age=900_000,
        )
        story.pod_event(
            what,
            "Unhealthy",
            f'Readiness probe failed: Get "http{"s" if not n else ""}://{ip}:{port}/{path}": dial tcp {ip}:{port}: i/o timeout',
            5 + n,
            4_900,
            480 + n,
            namespace=space,
        )
    for n, node in enumerate(("edge-1", "edge-2", "edge-4")):
        story.other(
            f"coredns-85c69f454c-{'hxk'[n]}{n}q{'zwt'[n]}2",
            node,
            f"10.244.{20 + 31 * n}.5",
            owner="ReplicaSet/coredns-85c69f454c",
            app="coredns",
        )
    name = story.pods[bad]
    log = story.boot(bad, 1_500_000, bird=False, interface="enp1s0", prefix=24)
    log += [
        *story.quiet(6_200, 5_000, 300),
        story.say(
            4_978,
            "INFO",
            61,
            "felix",
            "iface_monitor.go 238:",
            'Netlink address update for known interface.  ifIndex=9 ifaceName="tailscale0"',
        ),
        story.say(
            4_978,
            "INFO",
            61,
            "felix",
            "int_dataplane.go 1332:",
            'Linux interface addrs changed. addrs=set.Set{100.101.14.9} ifaceName="tailscale0"',
        ),
        *story.quiet(4_900, 12, 350),
    ]
    story.log(name, log)
    story.texts["ssh edge-3.txt"] = f"""root@edge-3:~# ip -br addr | grep -v cali
lo               UNKNOWN        127.0.0.1/8 ::1/128
enp1s0           UP             192.168.18.43/24
vxlan.calico     UNKNOWN        10.244.71.128/32
tailscale0       UNKNOWN        100.101.14.9/32
root@edge-3:~# ip route | head -4
default via 192.168.18.1 dev enp1s0 onlink
10.244.20.0/26 via 10.244.20.0 dev vxlan.calico onlink
10.244.51.0/26 via 10.244.51.0 dev vxlan.calico onlink
10.244.71.131 dev cali4be0ac1937d scope link
root@edge-3:~# ip route get 10.244.71.131
10.244.71.131 dev tailscale0 table 52 src 100.101.14.9 uid 0
    cache
root@edge-3:~# ip rule
0:      from all lookup local
5210:   from all fwmark 0x80000/0xff0000 lookup main
5230:   from all fwmark 0x80000/0xff0000 lookup default
5250:   from all fwmark 0x80000/0xff0000 unreachable
5270:   from all lookup 52
32766:  from all lookup main
32767:  from all lookup default
root@edge-3:~# ip route show table 52
default dev tailscale0
100.64.0.1 dev tailscale0
100.100.100.100 dev tailscale0
throw 127.0.0.0/8
throw 192.168.18.0/24
root@edge-3:~# journalctl -u tailscaled | grep -i exit | tail -1
{story.syslog(4_980)} edge-3 tailscaled[811]: EditPrefs: MaskedPrefs{{ExitNodeID=nQx7CNTRL ExitNodeAllowLANAccess=true}}
"""
    story.log(
        "metrics-server-6dd7f6c76d-w5kqz",
        [
            f"I{story.klog(69)}       1 serving.go:374] Generated self-signed cert (/tmp/apiserver.crt, /tmp/apiserver.key)",
            f'E{story.klog(38)}       1 reflector.go:150] k8s.io/client-go@v0.29.0/tools/cache/reflector.go:229: Failed to watch *v1.Node: failed to list *v1.Node: Get "https://10.96.0.1:443/api/v1/nodes?limit=500&resourceVersion=0": dial tcp 10.96.0.1:443: i/o timeout',
        ],
    )
    story.describe(bad)
    story.commands["describe-mqtt-bridge.txt"] = "describe pod -n edge mqtt-bridge-86b9c5d47c-7xltn"
    story.affected = [bad]
    story.cite("ssh edge-3.txt", "10.244.71.131 dev tailscale0 table 52")
    return story


def puppet_purges_what_it_did_not_make(now: datetime) -> Incident:
    story = incident(
        "puppet-purges-the-jumps-into-calico",
        CAUSE,
        "The hosts joined a Puppet class whose firewall module purges every rule that it did not make. At each run, half-hourly, the jumps into Calico's chains vanish from INPUT, FORWARD and OUTPUT on the three hosts of that class; felix finds the inserts out of sync at its next look, up to ninety seconds later, and writes them again. Pods there lose what needs the rules for that while; everything is 1/1, probes of applications are loud.",
        "https://github.com/puppetlabs/puppetlabs-firewall (purge of unmanaged rules)",
        now,
        platform="other",
        calico="v3.23.5",
        kubernetes="v1.24.17",
        namespace="kube-system",
        registry="docker.io/calico",
        difficulty="hard",
    )
    system = {
        "os_image": "Debian GNU/Linux 11 (bullseye)",
        "kernel": "5.10.0-28-amd64",
        "runtime": "containerd://1.6.28",
    }
    hosts = {f"hz-node-{n:02d}": f"10.3.220.{n + 40}" for n in range(1, 7)}
    bad = ["hz-node-04", "hz-node-05", "hz-node-06"]
    story.hosts(hosts, age=26_000_000, since=25_000_000, **system)
    story.staff(hosts, started=7_300_000, age=7_300_030)
    me = "hz-node-05"
    runs = [14_930 - 1_800 * n for n in range(9)]
    api = story.other(
        "basket-84d9f77c6b-lx5nv",
        me,
        "10.244.201.77",
        "shop",
        "ReplicaSet/basket-84d9f77c6b",
        restarts=3,
        last=("Error", 137, 2_330),
        started=2_300,
    )
    story.pod_event(
        api,
        "Unhealthy",
        'Liveness probe failed: Get "http://10.244.201.77:8080/live": dial tcp 10.244.201.77:8080: i/o timeout (Client.Timeout exceeded while awaiting headers)',
        500,
        14_900,
        23,
        namespace="shop",
    )
    other = story.other("search-6b5d57cd4-dz2mr", bad[2], "10.244.88.12", "shop", "ReplicaSet/search-6b5d57cd4")
    story.pod_event(
        other,
        "Unhealthy",
        'Readiness probe failed: Get "http://10.244.88.12:9200/": context deadline exceeded (Client.Timeout exceeded while awaiting headers)',
        470,
        14_870,
        17,
        namespace="shop",
    )
    log = story.boot(me, 7_300_000, [a for h, a in hosts.items() if h != me], interface="enp35s0", prefix=25)
    for n, run in enumerate(runs):
        found = run - 40 - 7 * n % 50
        for chain, table, actual, expected in (
            ("FORWARD", "filter", '[]string{"", ""}', '[]string{"wUHhoiAYhphO9Mso", "", ""}'),
            ("INPUT", "filter", '[]string{""}', '[]string{"Cz_u1IQiXIMmKD4c", ""}'),
            ("OUTPUT", "filter", "[]string{}", '[]string{"tVnHkvAo15HuiPy0"}'),
        ):
            log.append(
                story.say(
                    found,
                    "WARNING",
                    61,
                    "felix",
                    "table.go 656:",
                    f'Detected out-of-sync inserts, marking for resync actualRuleIDs={actual} chainName="{chain}" expectedRuleIDs={expected} ipVersion=0x4 table="{table}"',
                )
            )
            found -= 0.004
        log += story.quiet(found - 30, max(run - 1_790, 12), 420)
    story.log(story.pods[me], log)
    agent = []
    for run in runs[-4:]:
        agent.append(
            f"{story.syslog(run + 16)} {me} puppet-agent[{90_210 + run % 97}]: Applying configuration version '{int(now.timestamp() - run - 20)}'"
        )
        agent += [
            f"{story.syslog(run)} {me} puppet-agent[{90_210 + run % 97}]: (/Stage[main]/Profile::Base_firewall/Firewall[{rule}]/ensure) removed"
            for rule in ("9001 64a1f2c7", "9002 0c18b3de", "9003 f27713aa")
        ]
        agent.append(
            f"{story.syslog(run - 5)} {me} puppet-agent[{90_210 + run % 97}]: Applied catalog in 9.4{run % 7} seconds"
        )
    story.texts["syslog-puppet-hz-node-05.txt"] = "\n".join(agent) + "\n"
    story.describe(me)
    story.events()
    story.affected = bad
    story.cite(f"{story.pods[me]}.log", "Detected out-of-sync inserts, marking for resync")
    story.cite("syslog-puppet-hz-node-05.txt", "Firewall[9001 64a1f2c7]/ensure) removed")
    return story


STORIES = [cloud_setup_adds_rules, exit_node_takes_the_pod_range, puppet_purges_what_it_did_not_make]
