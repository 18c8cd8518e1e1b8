"""port-conflict: told without having seen the rules."""

from __future__ import annotations

from datetime import datetime, timedelta

from telling import FELIX_REFUSED, Incident, incident, node_status, protocols, wrapped

CAUSE = "port-conflict"


def second_calico_node(now: datetime) -> Incident:
    story = incident(
        "a-forgotten-second-calico-node-in-docker",
        CAUSE,
        "On one host an old calico-node still runs as a systemd service beside the pod: it holds 9099 and BIRD's socket, so the pod's felix cannot open its health port and its BIRD ends with 'I found another BIRD running.'",
        "https://github.com/projectcalico/calico/issues/2450",
        now,
        platform="other",
        calico="v3.8.2",
        kubernetes="v1.15.3",
        registry="quay.io/calico",
        namespace="kube-system",
        difficulty="medium",
        acceptable=["bird-not-running", "interfaces-conflict"],
    )
    hosts = {f"k15-n{n}": f"172.26.8.{n}" for n in (61, 62, 63)}
    bad = "k15-n62"
    story.hosts(hosts, os_image="CentOS Linux 7 (Core)", kernel="3.10.0-957.el7.x86_64", runtime="docker://18.9.7")
    story.staff({k: v for k, v in hosts.items() if k != bad})
    name = story.staff({bad: hosts[bad]}, ready=True, restarts=0, started=4000, age=4050)[0]
    peers = [a for n, a in hosts.items() if n != bad]
    lines = story.old_boot(bad, 4000, peers, prefix=24, bird=False)
    for n in range(60):
        ago = 3990 - 60 * n
        lines += [
            story.line(
                ago,
                "ERROR",
                89,
                "health.go 193:",
                "Health endpoint failed, trying to restart it... error=listen tcp 127.0.0.1:9099: bind: address already in use",
            ),
            "bird: I found another BIRD running.",
            "bird: I found another BIRD running.",
        ]
        if n % 6 == 0:
            lines.append(story.line(ago - 4, "INFO", 89, "int_dataplane.go 733:", "Applying dataplane updates"))
    story.log(name, lines)
    story.describe(bad)
    story.texts["netstat-n62.txt"] = (
        "# netstat -ltnp | egrep '9099|179'\n"
        "tcp        0      0 0.0.0.0:179             0.0.0.0:*               LISTEN      2077/bird\n"
        "tcp        0      0 127.0.0.1:9099          0.0.0.0:*               LISTEN      2071/calico-felix\n"
        "# systemctl status calico-node | head -4\n"
        "● calico-node.service - calico node\n   Loaded: loaded (/etc/systemd/system/calico-node.service; enabled; vendor preset: disabled)\n"
        "   Active: active (running) since "
        + (story.syslog(9_000_000))
        + "; 3 months 14 days ago\n Main PID: 1988 (docker)\n"
    )
    story.affected = [bad]
    story.cite(f"{name}.log", "listen tcp 127.0.0.1:9099: bind: address already in use")
    return story


def typha_health_port(now: datetime) -> Incident:
    story = incident(
        "nine-zero-nine-eight-belongs-to-an-exporter",
        CAUSE,
        "The typha that was moved to worker .36 never gets ready: its health port 9098 belongs to a customer's exporter on the host network there; clients that ask for a typha find only the other one. calico-node is fine.",
        "https://github.com/projectcalico/calico/blob/v3.28.2/libcalico-go/lib/health/health.go",
        now,
        platform="vpc",
        calico="v3.28.2",
        kubernetes="v1.30.7+IKS",
        difficulty="medium",
        acceptable=["typha-unavailable"],
    )
    nodes = story.workers([f"10.249.16.{n}" for n in (34, 35, 36)])
    bad = nodes[2]
    story.agents(nodes, started=1_600_000)
    good = story.typha(nodes[0], "6vd9k")
    name = story.typha(bad, "t5hgm", ready=False, restarts=21, started=50, last=("Error", 143, 55))
    story.other(
        "redis-exporter-host-mw7xq",
        bad,
        namespace="data",
        app="redis-exporter-host",
        image="registry.example.com/data/redis-exporter:1.58",
        started=500_000,
        spec={"args": ["--web.listen-address=127.0.0.1:9098"]},
    )
    story.pod_event(name, "Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 404", 12, 4600, 440)
    story.pod_event(name, "Unhealthy", "Liveness probe failed: HTTP probe failed with statuscode: 404", 70, 4560, 126)
    story.pod_event(
        name, "Killing", "Container calico-typha failed liveness probe, will be restarted", 75, 4500, 21, type_="Normal"
    )
    lines = [
        story.line(49, "INFO", 7, "logutils.go 86:", "Early screen log level set to info"),
        story.line(
            48.9,
            "INFO",
            7,
            "daemon.go 170:",
            'Typha starting up GOMAXPROCS=4 buildDate="2024-07-18T23:08:12+0000" gitCommit="413e6f5" version="v3.28.2"',
        ),
        story.line(48.2, "INFO", 7, "daemon.go 288:", "Created Syncer"),
        story.line(48.1, "INFO", 7, "health.go 379:", 'Health enabled.  Starting server. host="localhost" port=9098'),
        story.line(48, "INFO", 7, "sync_server.go 387:", "Opened listen socket port=5473"),
    ]
    text = (
        "Health endpoint failed, trying to restart it... error=listen tcp 127.0.0.1:9098: bind: address already in use"
    )
    lines += [story.line(47.9 - n, "ERROR", 7, "health.go 392:", text) for n in range(47)]
    story.log(name, lines)
    story.describe(bad, name)
    story.commands |= {
        f"describe-{good}.txt": f"describe pod -n calico-system {good}",
        f"describe-pod-{story.pods[bad]}.txt": f"describe pod -n calico-system {story.pods[bad]}",
    }
    story.log(story.pods[bad], story.quiet(2000, 5, 240))
    story.affected = [bad]
    story.cite(f"{name}.log", "listen tcp 127.0.0.1:9098: bind: address already in use")
    return story


def own_router_daemon(now: datetime) -> Incident:
    story = incident(
        "bgpd-of-frr-was-first-at-179",
        CAUSE,
        "After a reboot FRR's bgpd, which the network team installed on one host, starts before calico-node and holds 0.0.0.0:179; BIRD cannot open its listening socket and takes every session down ('No listening socket'). The peers see this host as 'down' or reset.",
        "https://github.com/projectcalico/calico/issues/7893",
        now,
        platform="other",
        calico="v3.26.1",
        kubernetes="v1.27.4",
        registry="quay.io/calico",
        difficulty="easy",
    )
    hosts = {f"lab-r{n}": f"10.5.4.{134 + n}" for n in (1, 2, 3, 4)}
    bad = "lab-r1"
    story.hosts(
        hosts, os_image="Debian GNU/Linux 12 (bookworm)", kernel="6.1.0-10-amd64", runtime="containerd://1.6.21"
    )
    story.staff({k: v for k, v in hosts.items() if k != bad}, started=1_000_000)
    name = story.staff({bad: hosts[bad]}, ready=False, restarts=1, started=8400, last=("Unknown", 255, 8500))[0]
    peers = [a for n, a in hosts.items() if n != bad]
    story.not_established(name, peers, 6, 8350, 835)
    story.node_event(
        bad, "Rebooted", f"Node {bad} has been rebooted, boot id: 0f9e2a0c-4a3e-4b52-8f1c-7b9d1a54f0aa", 8450
    )
    log = [line for line in story.boot(bad, 8400, peers, (), prefix=24) if line != "bird: Graceful restart done"]
    tail = []
    for peer in peers:
        tail += ["bird: BGP: Socket error: bind: Address already in use", "bird: BGP: Cannot open listening socket",
                 f"bird: Mesh_{peer.replace('.', '_')}: State changed to down"]  # fmt: skip
    log = [*log[:-1], *tail, "bird: Graceful restart done", log[-1], *story.quiet(8300, 12, 420)]
    story.log(name, log)
    other = story.pods["lab-r3"]
    tag = f"bird: Mesh_{hosts[bad].replace('.', '_')}: "
    story.log(other, [
        *story.quiet(9200, 8560, 160),
        *(tag + x for x in ("Error: Hold timer expired", "State changed to stop", "State changed to down", "Starting", "State changed to start")),
        *story.quiet(8200, 15, 600),
    ])  # fmt: skip
    story.texts["lab-r1-calicoctl.txt"] = node_status(
        [(p, "down", "06:44:51", "Error: No listening socket") for p in peers]
    )
    story.texts["lab-r1-netstat.txt"] = (
        "# netstat -ltnp | grep ':179 '\ntcp        0      0 0.0.0.0:179             0.0.0.0:*               LISTEN      1522/bgpd\n"
    )
    story.describe(bad)
    story.affected = [bad]
    story.cite(f"{name}.log", "bird: BGP: Socket error: bind: Address already in use")
    return story


def monitoring_on_the_health_port(now: datetime) -> Incident:
    story = incident(
        "new-monitoring-daemonset-listens-on-9099",
        CAUSE,
        "IKS VPC: since a customer's monitoring agent with hostNetwork was rolled out on two workers, felix there cannot open its health port 9099 (bind: address already in use); the agent answers 404 to the probes, the kubelet restarts calico-node, BGP drops at each restart. Workers without the agent are fine.",
        "https://github.com/projectcalico/calico/issues/2834",
        now,
        platform="vpc",
        calico="v3.27.5",
        kubernetes="v1.30.8+IKS",
        difficulty="medium",
    )
    nodes = story.workers([f"10.240.66.{n}" for n in (4, 7, 9, 11, 16)])
    bad = [nodes[1], nodes[4]]
    story.agents([n for n in nodes if n not in bad], started=1_300_000)
    story.typha(nodes[0], started=1_300_000)
    for n, node in enumerate(bad):
        name = story.agents([node], ready=False, restarts=11, started=65 + n, last=("Error", 137, 68 + n))[0]
        refused = FELIX_REFUSED.split("Get")[0] + "readiness probe reporting 404"
        story.probe(name, refused, 5, 5400, 160)
        story.pod_event(
            name,
            "Unhealthy",
            "Liveness probe failed: calico/node is not ready: Felix is not live: liveness probe reporting 404",
            80,
            5350,
            66,
        )
        story.pod_event(
            name,
            "Killing",
            "Container calico-node failed liveness probe, will be restarted",
            98 + n,
            5300,
            11,
            type_="Normal",
        )
        story.other(f"acme-hostmon-{'x7kq2' if n else 'b9fzd'}", node, namespace="acme-monitoring", app="acme-hostmon",
                    image="registry.example.com/acme/hostmon:7.2", started=5450, age=5460,
                    spec={"args": ["--listen=127.0.0.1:9099", "--collect=cpu,disk,net"], "ports": [{"containerPort": 9099, "hostPort": 9099, "protocol": "TCP"}]})  # fmt: skip
        peers = [x for x in nodes if x != node]
        lines = story.boot(node, 66 + n, peers)[:-1]
        for k in range(28):
            lines.append(
                story.say(
                    62 - 1.0 * k,
                    "ERROR",
                    61,
                    "felix",
                    "health.go 392:",
                    "Health endpoint failed, trying to restart it... error=listen tcp 127.0.0.1:9099: bind: address already in use",
                )
            )
            if k == 6:
                lines.append(
                    story.say(
                        55.5,
                        "INFO",
                        61,
                        "felix",
                        "int_dataplane.go 1998:",
                        "Completed first update to dataplane. secsSinceStart=4.1",
                    )
                )
            if k == 8:
                lines.append(
                    story.say(
                        53.5,
                        "INFO",
                        61,
                        "felix",
                        "health.go 336:",
                        "Overall health status changed: live=true ready=true",
                    )
                )
        story.log(name, lines)
    me = bad[0]
    story.texts["birdcl.txt"] = protocols(
        [(x, "up", "14:02:33", "Established") for x in nodes if x != me], since="14:02:31", routes="up"
    )
    story.describe(me)
    story.commands["describe-hostmon.txt"] = "describe pod -n acme-monitoring acme-hostmon-b9fzd"
    story.affected = bad
    story.cite(f"{story.pods[me]}.log", "listen tcp 127.0.0.1:9099: bind: address already in use")
    return story


def router_of_the_former_network(now: datetime) -> Incident:
    # told on 29 November 2026 without having seen the rules
    story = incident(
        "router-of-the-former-network-still-speaks-bgp",
        CAUSE,
        "The cluster moved from kube-router to Calico, whose daemonset was deleted while two hosts were off; on these two the old router's process was started by hand as a unit and owns TCP 179. BIRD there has no listening socket, so all its sessions are down; the other four peer with each other.",
        "https://docs.k0sproject.io/stable/networking/ (change of the CNI provider)",
        now,
        platform="other",
        calico="v3.23.1",
        kubernetes="v1.24.12+k0s",
        namespace="kube-system",
        registry="quay.io/k0sproject/calico",
        difficulty="medium",
    )
    hosts = {f"stor{n}": f"10.28.5.{n}" for n in range(61, 67)}
    bad = ["stor64", "stor66"]
    story.hosts(
        hosts, os_image="Debian GNU/Linux 11 (bullseye)", kernel="5.10.0-22-amd64", runtime="containerd://1.6.18"
    )
    story.staff({k: v for k, v in hosts.items() if k not in bad}, started=80_000, age=80_100)
    names = story.staff({k: v for k, v in hosts.items() if k in bad}, ready=False, started=63_000, age=63_100)
    for node, name in zip(bad, names, strict=True):
        story.not_established(name, [a for n, a in hosts.items() if n != node], 9, 62_950, 6200)
    good = story.pods["stor61"]
    gone = [hosts[n] for n in bad]
    me = "stor64"
    peers = [a for n, a in hosts.items() if n != me]
    log = story.boot(me, 63_000, peers, up=[], interface="bond0", prefix=24)
    k = next(i for i, x in enumerate(log) if x == "bird: Graceful restart started")
    log[k:k] = ["bird: BGP: Socket error: bind: Address already in use", "bird: BGP: Cannot open listening socket"]
    for p in peers:
        log.append(f"bird: Mesh_{p.replace('.', '_')}: State changed to down")
    story.log(names[0], wrapped(story, [*log, *story.quiet(2400, 15, 240)], "cri"), "stor64/calico-node.log")
    story.log(
        good,
        [
            *story.quiet(66_000, 63_200, 900),
            *(
                f"bird: Mesh_{p.replace('.', '_')}: {text}"
                for p in gone
                for text in ("Initializing", "Starting", "State changed to start")
            ),
            *story.quiet(2400, 15, 240),
        ],
        "stor61/calico-node.log",
    )
    story.texts["stor64/birdcl.txt"] = protocols(
        [(p, "down", story.stamp(62_996)[11:19], "Error: No listening socket") for p in peers],
        since=story.stamp(62_997)[11:19],
        routes="up",
    )
    story.texts["stor64/ss.txt"] = (
        'root@stor64:~# ss -Hltnp \'( sport = :179 or sport = :9099 )\'\nLISTEN 0      128                *:179              *:*    users:(("kube-router",pid=1094,fd=18))\nLISTEN 0      4096       127.0.0.1:9099       0.0.0.0:*    users:(("calico-node",pid=3318,fd=12))\n'
        f"root@stor64:~# systemctl status kube-router | head -4\n● kube-router.service - kube-router (temporary, until CNI is back)\n     Loaded: loaded (/etc/systemd/system/kube-router.service; enabled; vendor preset: enabled)\n     Active: active (running) since {story.now - timedelta(seconds=63_400):%a %Y-%m-%d %H:%M:%S UTC}; 17h ago\n   Main PID: 1094 (kube-router)\n"
    )
    story.texts["stor61/node-status.txt"] = node_status(
        [
            (a, "up", story.stamp(79_900)[:10], "Established")
            if a not in gone
            else (a, "start", story.stamp(62_900)[11:19], "Connect")
            for n, a in hosts.items()
            if n != "stor61"
        ]
    )
    story.commands = {
        "nodes.txt": "get nodes -o wide",
        "pods.txt": "get pods -A -o wide",
        f"describe-pod-{names[0]}.txt": f"describe pod -n kube-system {names[0]}",
        "describe-node-stor64.txt": "describe node stor64",
    }
    story.affected = bad
    story.cite("stor64/ss.txt", '"kube-router",pid=1094')
    story.cite("stor64/calico-node.log", "Cannot open listening socket")
    return story


def switch_daemon_holds_the_vxlan_port(now: datetime) -> Incident:
    story = incident(
        "virtual-switch-was-first-at-the-vxlan-port",
        CAUSE,
        "On two hypervisor hosts Open vSwitch has a VXLAN tunnel of its own on UDP 4789, so the kernel will not bring vxlan.calico up ('address already in use'); felix tries again and again and stays ready. Pods of these hosts reach no pod elsewhere; the hosts without virtual machines are fine.",
        "https://github.com/cilium/cilium/issues/2925 and https://github.com/moby/moby/issues/22424",
        now,
        platform="other",
        calico="v3.26.0",
        kubernetes="v1.27.4",
        registry="quay.io/calico",
        difficulty="hard",
        acceptable=["interfaces-conflict"],
    )
    hosts = {"hv-01": "172.17.64.11", "hv-02": "172.17.64.12", "mgmt-01": "172.17.64.21", "mgmt-02": "172.17.64.22"}
    bad = ["hv-01", "hv-02"]
    story.hosts(
        hosts,
        os_image="Rocky Linux 9.2 (Blue Onyx)",
        kernel="5.14.0-284.18.1.el9_2.x86_64",
        runtime="containerd://1.6.21",
    )
    story.staff(hosts, started=330_000, age=330_100)
    for n, node in enumerate(hosts):
        ok = node not in bad
        story.other(
            f"metrics-relay-{'qvzk'[n]}7m2x",
            node,
            f"10.100.{n}.8",
            "mon",
            "DaemonSet/metrics-relay",
            ready=ok,
            restarts=0 if ok else 1100 + n,
            started=200_000 if ok else 130,
            last=None if ok else ("Error", 1, 180),
            age=329_000,
        )
        if not ok:
            story.pod_event(
                f"metrics-relay-{'qvzk'[n]}7m2x",
                "Unhealthy",
                "Readiness probe failed: prometheus 10.100.2.31:9090: dial tcp 10.100.2.31:9090: i/o timeout",
                14,
                328_000,
                32_000,
                namespace="mon",
            )
    me = "hv-02"
    log = [
        x
        for x in story.boot(me, 330_000, bird=False, interface="eno1", prefix=24)
        if "bird" not in x and "confd/" not in x
    ]
    log += [
        "CALICO_NETWORKING_BACKEND is vxlan - no need to run a BGP daemon",
        story.say(
            329_996,
            "INFO",
            61,
            "felix",
            "vxlan_mgr.go 553:",
            "VXLAN tunnel device thread started. ipVersion=0x4 mtu=1450",
        ),
        story.say(
            329_995.9,
            "WARNING",
            61,
            "felix",
            "vxlan_mgr.go 587:",
            "Failed to configure VXLAN tunnel device, retrying... error=failed to set interface up: address already in use ipVersion=0x4",
        ),
    ]
    retry = "Failed to configure VXLAN tunnel device, retrying... error=failed to set interface up: address already in use ipVersion=0x4"
    for n in range(5):
        ago = 1800 - 360 * n
        log += [story.say(ago, "WARNING", 61, "felix", "vxlan_mgr.go 587:", retry), *story.quiet(ago - 5, ago - 350)]
    story.log(story.pods[me], log)
    story.texts["hv-02.txt"] = (
        "[root@hv-02 ~]# ip -d link show type vxlan\n7: vxlan_sys_4789: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 65000 qdisc noqueue master ovs-system state UNKNOWN mode DEFAULT group default qlen 1000\n    link/ether 5e:19:b4:0a:77:c1 brd ff:ff:ff:ff:ff:ff promiscuity 1 minmtu 68 maxmtu 65535\n    vxlan external id 0 srcport 0 0 dstport 4789 nolearning ttl auto ageing 300 udp6zerocsumrx\n"
        "22: vxlan.calico: <BROADCAST,MULTICAST> mtu 1450 qdisc noop state DOWN mode DEFAULT group default qlen 1000\n    link/ether 66:0f:3e:92:1d:08 brd ff:ff:ff:ff:ff:ff promiscuity 0 minmtu 68 maxmtu 65535\n    vxlan id 4096 local 172.17.64.12 dev eno1 srcport 0 0 dstport 4789 nolearning ttl auto ageing 300 udpcsum noudp6zerocsumtx noudp6zerocsumrx\n"
        "[root@hv-02 ~]# ss -lunp 'sport = :4789'\nState   Recv-Q  Send-Q   Local Address:Port   Peer Address:Port  Process\nUNCONN  0       0              0.0.0.0:4789        0.0.0.0:*\nUNCONN  0       0                 [::]:4789           [::]:*\n"
        '[root@hv-02 ~]# ovs-vsctl --columns=name,type,options list interface vx-dc2\nname                : vx-dc2\ntype                : vxlan\noptions             : {key=flow, remote_ip="172.17.80.5"}\n'
        "[root@hv-02 ~]# ip route | grep 10.100\nblackhole 10.100.1.0/26 proto 80\n10.100.1.8 dev cali4f0a7c2e9d1 scope link\n"
    )
    story.describe(me)
    story.affected = bad
    story.cite(f"{story.pods[me]}.log", "address already in use")
    story.cite("hv-02.txt", "vxlan_sys_4789")
    return story


STORIES = [
    second_calico_node,
    typha_health_port,
    own_router_daemon,
    monitoring_on_the_health_port,
    router_of_the_former_network,
    switch_daemon_holds_the_vxlan_port,
]
