"""bgp-port-blocked: told without having seen the rules."""

from __future__ import annotations

from datetime import datetime

from telling import Incident, incident, node_status, protocols, wrapped

CAUSE = "bgp-port-blocked"


def isolated_by_the_security_group(now: datetime) -> Incident:
    story = incident(
        "bgp-times-out-to-one-worker-after-a-group-change",
        CAUSE,
        "One worker was put into another security group: kubelet, Typha and API go on, but every TCP connection to port 179 of it and from it times out, within the same subnet.",
        "https://github.com/projectcalico/calico/issues/9597",
        now,
        platform="vpc",
        calico="v3.28.1",
        kubernetes="v1.30.6+IKS",
        difficulty="medium",
    )
    nodes = story.workers([f"10.249.0.{n}" for n in (4, 5, 6, 7, 10)])
    bad = nodes[3]
    story.agents([n for n in nodes if n != bad], started=1_400_000)
    name = story.agents([bad], ready=False, started=1_400_000)[0]
    peers = [n for n in nodes if n != bad]
    story.not_established(name, peers, 14, 8100, 270)
    story.typha(nodes[0])
    story.typha(nodes[1], "r8w2k")
    log = story.quiet(9600, 8300, 300)
    for peer in peers:
        session = f"Mesh_{peer.replace('.', '_')}"
        log += [
            f"bird: {session}: {x}"
            for x in (
                "Error: Hold timer expired",
                "State changed to stop",
                "State changed to down",
                "Starting",
                "State changed to start",
            )
        ]
    log += [
        *story.quiet(8000, 2200, 600),
        story.say(2150, "INFO", 61, "felix", "sync_client.go 281:", "Received sync status message from Typha: in-sync"),
        *story.quiet(2000, 11, 250),
    ]
    story.log(name, log)
    story.texts["from-the-worker.txt"] = node_status(
        [(p, "start", "14:41:0" + str(i), "Active Socket: Connection timed out") for i, p in enumerate(peers)]
    ) + "\n".join(
        [
            "",
            f"root@{bad}:/# for p in 179 5473 10250; do nc -w 3 -vz {peers[0]} $p; done",
            f"nc: connect to {peers[0]} port 179 (tcp) timed out: Operation now in progress",
            f"Connection to {peers[0]} 5473 port [tcp/*] succeeded!",
            f"Connection to {peers[0]} 10250 port [tcp/*] succeeded!",
            f"root@{bad}:/# ss -ltn | grep 179",
            "LISTEN 0      8            0.0.0.0:179        0.0.0.0:*",
            "",
        ]
    )
    story.describe(bad)
    story.affected = [bad]
    story.cite("from-the-worker.txt", "port 179 (tcp) timed out")
    return story


def something_resets_bgp_in_between(now: datetime) -> Incident:
    story = incident(
        "bgp-is-reset-by-a-box-on-the-way",
        CAUSE,
        "Since the hypervisors' inspection was switched on, every BGP connection between the hosts of one subnet is reset as soon as it is open, with another TTL than the hosts' own; 5473, 10250 and ping are untouched, BIRD listens everywhere.",
        "https://docs.tigera.io/calico/latest/getting-started/kubernetes/requirements (network requirements: TCP 179)",
        now,
        platform="other",
        calico="v3.26.4",
        kubernetes="v1.28.14",
        registry="quay.io/calico",
        difficulty="hard",
    )
    hosts = {f"esx-k8s-{n}": f"172.22.40.{10 + n}" for n in range(1, 5)}
    story.hosts(
        hosts,
        os_image="SUSE Linux Enterprise Server 15 SP5",
        kernel="5.14.21-150500.55.73-default",
        runtime="containerd://1.7.21",
    )
    names = story.staff(hosts, ready=False, started=1_000_000)
    for i, name in enumerate(names):
        story.not_established(name, [a for j, a in enumerate(hosts.values()) if j != i], 11 + i, 2600, 85)
    story.typha("esx-k8s-2")
    log = story.quiet(4000, 2800, 300)
    peers = list(hosts.values())[1:]
    for peer in peers:
        log += [
            f"bird: Mesh_{peer.replace('.', '_')}: {x}"
            for x in (
                "Error: Hold timer expired",
                "State changed to stop",
                "State changed to down",
                "Starting",
                "State changed to start",
            )
        ]
    story.log(names[0], [*log, *story.quiet(2500, 10, 250)])
    story.texts["birdcl-esx-k8s-1.txt"] = protocols(
        [
            (p, "start", "16:27:1" + str(i), "Active        Socket: Connection reset by peer")
            for i, p in enumerate(peers)
        ]
    )
    dump = []
    for i in range(4):
        at = story.stamp(60 - 9 * i)[11:19]
        a, b = f"172.22.40.11.{40100 + i}", "172.22.40.12.179"
        dump += [
            f"{at}.010221 IP (tos 0xc0, ttl 64, id {900 + i}, flags [DF], proto TCP (6)) {a} > {b}: Flags [S], seq 100, win 64240, length 0",
            f"{at}.010498 IP (tos 0xc0, ttl 64, id 0, flags [DF], proto TCP (6)) {b} > {a}: Flags [S.], seq 7, ack 101, win 65160, length 0",
            f"{at}.010520 IP (tos 0xc0, ttl 64, id {901 + i}, flags [DF], proto TCP (6)) {a} > {b}: Flags [.], ack 8, win 502, length 0",
            f"{at}.010688 IP (tos 0x0, ttl 255, id {53111 + i}, flags [none], proto TCP (6)) {b} > {a}: Flags [R.], seq 8, ack 101, win 0, length 0",
        ]
    story.texts["tcpdump-port-179.txt"] = "\n".join(dump) + "\n"
    story.texts["nc.txt"] = (
        "esx-k8s-1:~ # nc -vz 172.22.40.12 5473\nConnection to 172.22.40.12 5473 port [tcp/*] succeeded!\nesx-k8s-1:~ # nc -vz 172.22.40.12 10250\nConnection to 172.22.40.12 10250 port [tcp/*] succeeded!\nesx-k8s-1:~ # ping -c1 172.22.40.12 | tail -2\n1 packets transmitted, 1 received, 0% packet loss, time 0ms\n"
    )
    story.describe("esx-k8s-1", names[0])
    story.affected = list(hosts)
    story.cite("birdcl-esx-k8s-1.txt", "Connection reset by peer")
    return story


def firewalld_came_with_the_hardening(now: datetime) -> Incident:
    story = incident(
        "firewalld-rejects-what-is-not-in-its-zone",
        CAUSE,
        "ROKS on customer hosts: a hardening playbook enabled firewalld on one host and rebooted it; it rejects what its zone does not list, BGP among it. The neighbours get 'No route to host' for port 179 only, in one subnet, and 10250 and ping work.",
        "https://docs.tigera.io/calico/latest/getting-started/kubernetes/requirements",
        now,
        platform="other",
        calico="v3.27.3",
        kubernetes="v1.28.11+add48d0",
        registry="icr.io/ext/calico",
        difficulty="easy",
    )
    hosts = {f"bk-osh-{n:02}": f"10.37.144.{60 + n}" for n in range(1, 6)}
    story.hosts(
        hosts,
        os_image="Red Hat Enterprise Linux 8.10 (Ootpa)",
        kernel="4.18.0-553.8.1.el8_10.x86_64",
        runtime="cri-o://1.28.8",
    )
    bad, me = "bk-osh-01", "bk-osh-02"
    story.staff({k: v for k, v in hosts.items() if k != bad}, started=1_300_000)
    name = story.staff(
        {bad: hosts[bad]}, ready=False, restarts=1, started=10_600, last=("Unknown", 255, 10_700), age=1_300_100
    )[0]
    peers = [v for k, v in hosts.items() if k != bad]
    story.not_established(name, peers, 12, 10_300, 343)
    story.typha("bk-osh-03")
    story.node_event(
        bad, "Rebooted", f"Node {bad} has been rebooted, boot id: 90b2b0f7-3d54-4d6b-8b1e-0a9f6c1d2e37", 10_740
    )
    log = story.boot(bad, 10_590, peers, up=[], interface="ens192", prefix=24)
    story.log(
        name, [*log, *story.quiet(10_400, 10_340, 62), "bird: Graceful restart done", *story.quiet(10_200, 12, 700)]
    )
    rows = [(v, "up", story.stamp(1_299_000)[:10], "Established") for k, v in hosts.items() if k not in (bad, me)]
    story.texts["node-status-bk-osh-02.txt"] = node_status(
        [*rows, (hosts[bad], "start", story.stamp(10_730)[11:19], "Active Socket: No route to host")]
    )
    story.texts["checks.txt"] = (
        f"[root@bk-osh-02 ~]# nc -vz {hosts[bad]} 179\nNcat: Version 7.70 ( https://nmap.org/ncat )\nNcat: No route to host.\n"
        f"[root@bk-osh-02 ~]# nc -vz {hosts[bad]} 10250\nNcat: Version 7.70 ( https://nmap.org/ncat )\nNcat: Connected to {hosts[bad]}:10250.\nNcat: 0 bytes sent, 0 bytes received in 0.01 seconds.\n"
        f"[root@bk-osh-02 ~]# ping -c1 -q {hosts[bad]} | tail -2\n1 packets transmitted, 1 received, 0% packet loss, time 0ms\nrtt min/avg/max/mdev = 0.288/0.288/0.288/0.000 ms\n\n"
        "[root@bk-osh-01 ~]# systemctl status firewalld | sed -n 1,3p\n● firewalld.service - firewalld - dynamic firewall daemon\n   Loaded: loaded (/usr/lib/systemd/system/firewalld.service; enabled; vendor preset: enabled)\n"
        f"   Active: active (running) since {story.stamp(10_690)[:19]} UTC; 2h 58min ago\n"
        "[root@bk-osh-01 ~]# firewall-cmd --list-all | grep -E 'target|services|ports:'\n  target: default\n  services: ssh\n  ports: 10250/tcp 30000-32767/tcp 30000-32767/udp 2040-2041/tcp\n"
    )
    story.describe(bad, name)
    story.affected = [bad]
    story.cite("checks.txt", "Ncat: No route to host.")
    return story


def ufw_counts_them(now: datetime) -> Incident:
    story = incident(
        "ufw-on-two-of-six-machines",
        CAUSE,
        "Two machines were set up from a list of kubeadm's ports with ufw on (22, 10250, 30000:32767, nothing for BGP): having the lowest addresses they only listen for BGP, and whoever dials them is dropped. The kernel's log names port 179.",
        "https://github.com/projectcalico/calico/issues/5128",
        now,
        platform="other",
        calico="v3.22.2",
        kubernetes="v1.23.9",
        namespace="kube-system",
        registry="docker.io/calico",
        difficulty="medium",
    )
    hosts = {f"mk8s-{x}": f"192.168.112.{n}" for x, n in zip("abcdef", (21, 22, 23, 24, 25, 26), strict=True)}
    story.hosts(
        {k: v for k, v in hosts.items() if k < "mk8s-e"}, os_image="Ubuntu 20.04.4 LTS", kernel="5.4.0-110-generic"
    )
    bad = {k: v for k, v in hosts.items() if k in ("mk8s-a", "mk8s-b")}
    story.hosts(
        {k: v for k, v in hosts.items() if k >= "mk8s-e"}, os_image="Ubuntu 20.04.4 LTS", kernel="5.4.0-110-generic"
    )
    story.staff({k: v for k, v in hosts.items() if k not in bad}, started=88_000, age=88_100)
    names = story.staff(bad, ready=False, started=87_000, age=87_040)
    for node, name in zip(bad, names, strict=True):
        story.not_established(name, [v for k, v in hosts.items() if k != node], 10, 86_900, 2890)
    peers = [v for k, v in hosts.items() if k != "mk8s-a"]
    log = story.boot("mk8s-a", 86_990, peers, up=[], interface="ens18", prefix=24)
    story.log(names[0], [*log, *story.quiet(3000, 12, 180)])
    kernel = []
    for i in range(14):
        src, dst = list(hosts.values())[2 + i % 4], "192.168.112.21"
        kernel.append(
            f"{story.syslog(240 - 17 * i)} mk8s-a kernel: [{86_700 + 17 * i}.{204417 + 311 * i}] [UFW BLOCK] IN=ens18 OUT= MAC=52:54:00:8a:1c:0{i % 4}:52:54:00:11:7e:21:08:00 SRC={src} DST={dst} LEN=60 TOS=0x00 PREC=0xC0 TTL=64 ID={10211 + 977 * i} DF PROTO=TCP SPT={35001 + 1203 * i} DPT=179 WINDOW=64240 RES=0x00 SYN URGP=0"
        )
        if i % 6 == 4:
            kernel.append(
                f"{story.syslog(238 - 17 * i)} mk8s-a systemd[1]: Starting Cleanup of Temporary Directories..."
            )
    story.texts["syslog-mk8s-a.txt"] = "\n".join(kernel) + "\n"
    story.texts["birdcl-mk8s-d.txt"] = protocols(
        [
            (
                v,
                "start" if k in bad else "up",
                story.stamp(86_950 if k in bad else 87_900)[:10],
                "Connect" if k in bad else "Established",
            )
            for k, v in hosts.items()
            if k != "mk8s-d"
        ],
        since=story.stamp(88_000)[:10],
    )
    story.describe("mk8s-a", names[0])
    story.affected = list(bad)
    story.cite("syslog-mk8s-a.txt", "DPT=179")
    return story


def image_with_its_own_reject_rule(now: datetime) -> Incident:
    # told on 29 November 2026 without having seen the rules
    story = incident(
        "cloud-image-brings-a-reject-rule-of-its-own",
        CAUSE,
        "The provider's Ubuntu image brings an iptables INPUT chain that ends in REJECT icmp-host-prohibited; the owner opened the API and the kubelet port, not 179. All three calico-nodes run and miss both others: 'No route to host', while ping and 10250 work in the one subnet.",
        "https://docs.tigera.io/calico/latest/getting-started/kubernetes/requirements (network requirements) and https://docs.oracle.com/en-us/iaas/Content/Compute/References/bestpracticescompute.htm (essential firewall rules of the images)",
        now,
        platform="other",
        calico="v3.24.6",
        kubernetes="v1.26.15",
        namespace="kube-system",
        registry="docker.io/calico",
        difficulty="easy",
    )
    hosts = {"ampere-1": "10.0.7.101", "ampere-2": "10.0.7.102", "ampere-3": "10.0.7.103"}
    story.hosts(
        hosts,
        os_image="Ubuntu 22.04.4 LTS",
        kernel="5.15.0-1058-oracle",
        runtime="containerd://1.7.14",
        labels={"kubernetes.io/arch": "arm64"},
        age=15_000,
        since=14_800,
    )
    story.staff(hosts, ready=False, started=14_600, age=14_650)
    for node, a in hosts.items():
        story.not_established(story.pods[node], [x for x in hosts.values() if x != a], 6, 14_590, 1400 + int(a[-1]))
    me = "ampere-2"
    peers = [a for n, a in hosts.items() if n != me]
    story.log(
        story.pods[me],
        [*story.boot(me, 14_600, peers, up=[], interface="enp0s6", prefix=24), *story.quiet(2500, 10, 240)],
        "calico-node.log",
    )
    story.texts["checks.txt"] = (
        f"ubuntu@{me}:~$ ping -c2 -q 10.0.7.101\nPING 10.0.7.101 (10.0.7.101) 56(84) bytes of data.\n\n--- 10.0.7.101 ping statistics ---\n2 packets transmitted, 2 received, 0% packet loss, time 1001ms\nrtt min/avg/max/mdev = 0.312/0.330/0.349/0.018 ms\n"
        f"ubuntu@{me}:~$ nc -vz -w3 10.0.7.101 10250\nConnection to 10.0.7.101 10250 port [tcp/*] succeeded!\nubuntu@{me}:~$ nc -vz -w3 10.0.7.101 179\nnc: connect to 10.0.7.101 port 179 (tcp) failed: No route to host\n"
        f"ubuntu@{me}:~$ sudo ss -ltnp 'sport = :179'\nState    Recv-Q   Send-Q     Local Address:Port     Peer Address:Port  Process\nLISTEN   0        8                0.0.0.0:179           0.0.0.0:*      users:((\"bird\",pid=4193,fd=7))\n"
        f'ubuntu@{me}:~$ sudo iptables -S INPUT\n-P INPUT ACCEPT\n-A INPUT -m comment --comment "cali:Cz_u1IQiXIMmKD4c" -j cali-INPUT\n-A INPUT -m state --state RELATED,ESTABLISHED -j ACCEPT\n-A INPUT -p icmp -j ACCEPT\n-A INPUT -i lo -j ACCEPT\n-A INPUT -p udp -m udp --sport 123 -j ACCEPT\n-A INPUT -p tcp -m state --state NEW -m tcp --dport 22 -j ACCEPT\n-A INPUT -p tcp -m state --state NEW -m tcp --dport 6443 -j ACCEPT\n-A INPUT -p tcp -m state --state NEW -m tcp --dport 2379:2380 -j ACCEPT\n-A INPUT -p tcp -m state --state NEW -m tcp --dport 10250 -j ACCEPT\n-A INPUT -j REJECT --reject-with icmp-host-prohibited\n'
    )
    story.texts["calicoctl.txt"] = node_status(
        [(p, "start", story.stamp(14_598)[11:19], "Active Socket: No route to host") for p in peers]
    )
    story.describe(me)
    story.affected = list(hosts)
    story.cite("checks.txt", "port 179 (tcp) failed: No route to host")
    story.cite("checks.txt", "--reject-with icmp-host-prohibited")
    return story


def rules_of_the_cluster_object_replaced(now: datetime) -> Incident:
    story = incident(
        "own-list-of-network-rules-forgot-bgp",
        CAUSE,
        "The cluster is made by an API object whose list of CNI ingress rules replaces the default one; since it was edited for Typha and IP-in-IP only, nobody may talk BGP to anybody: all sessions ran into their hold timers within minutes of each other. The API, kubelets and Typha are untouched, the crashing queue consumers are victims.",
        "https://cluster-api-aws.sigs.k8s.io/topics/bring-your-own-aws-infrastructure and api/v1beta2 network_types.go (CNISpec.cniIngressRules)",
        now,
        platform="other",
        calico="v3.26.5",
        kubernetes="v1.27.16",
        registry="docker.io/calico",
        difficulty="medium",
    )
    hosts = {f"ip-10-88-3-{n}.eu-west-3.compute.internal": f"10.88.3.{n}" for n in (18, 64, 101, 197)}
    story.hosts(hosts, os_image="Ubuntu 22.04.5 LTS", kernel="6.8.0-1021-aws", runtime="containerd://1.7.20")
    story.staff(hosts, ready=False, started=1_500_000, age=1_500_050)
    names = list(hosts)
    story.typha(names[0], started=1_500_000)
    story.typha(names[3], "n9vtc", started=1_500_000)
    for k, (node, a) in enumerate(hosts.items()):
        story.not_established(story.pods[node], [x for x in hosts.values() if x != a], 11 + k, 3000 + k, 290)
    me = names[1]
    peers = [a for n, a in hosts.items() if n != me]
    log = [*story.quiet(6000, 3250, 300), *story.quiet(3190, 3185, 10)]
    for p in peers:
        session = f"bird: Mesh_{p.replace('.', '_')}"
        log += [
            f"{session}: Error: Hold timer expired",
            f"{session}: State changed to stop",
            f"{session}: State changed to down",
            f"{session}: Starting",
            f"{session}: State changed to start",
        ]
    log += [*story.quiet(3060, 12, 300)]
    story.log(story.pods[me], wrapped(story, log, "cri"), f"var-log-pods/{story.pods[me]}/calico-node/0.log")
    for k in (0, 1):
        pod = story.other(
            f"queue-consumer-5c6d8f9b7-{'tx'[k]}4lq{'mz'[k]}",
            names[k + 1],
            f"192.168.{70 + k}.8",
            "jobs",
            "ReplicaSet/queue-consumer-5c6d8f9b7",
            ready=False,
            restarts=13 + k,
            started=90,
            last=("Error", 1, 110),
        )
        story.pod_event(
            pod,
            "BackOff",
            f"Back-off restarting failed container queue-consumer in pod {pod}_jobs(77c{k})",
            25,
            2800,
            120,
            namespace="jobs",
        )
    story.texts["awscluster.yaml"] = (
        "apiVersion: infrastructure.cluster.x-k8s.io/v1beta2\nkind: AWSCluster\nmetadata:\n  generation: 14\n  name: obs-prod\n  namespace: fleet\nspec:\n  network:\n    cni:\n      cniIngressRules:\n"
        '      - description: typha (calico)\n        fromPort: 5473\n        protocol: tcp\n        toPort: 5473\n      - description: IP-in-IP (calico)\n        fromPort: -1\n        protocol: "4"\n        toPort: 65535\n    vpc:\n      cidrBlock: 10.88.0.0/16\n      id: vpc-0a11c0ffee2233445\n  region: eu-west-3\nstatus:\n  ready: true\n'
    )
    story.texts["status.txt"] = node_status(
        [(p, "start", story.stamp(3180 + 7 * i)[11:19], "Connect") for i, p in enumerate(peers)]
    )
    story.texts["from-me.txt"] = (
        "$ sudo ss -tn state syn-sent\nRecv-Q   Send-Q      Local Address:Port       Peer Address:Port   Process   \n"
        + "".join(
            f"0        1              {hosts[me]}:{41210 + 337 * i}        {p}:179                 \n"
            for i, p in enumerate(peers)
        )
        + "$ for p in "
        + " ".join(peers)
        + '; do timeout 3 bash -c "</dev/tcp/$p/5473" && echo $p 5473 ok; done\n'
        + f"{peers[0]} 5473 ok\nbash: connect: Connection refused\nbash: /dev/tcp/{peers[1]}/5473: Connection refused\n{peers[2]} 5473 ok\n"
    )
    story.describe(me)
    story.affected = names
    story.cite("awscluster.yaml", "cniIngressRules:")
    story.cite("status.txt", "Connect")
    return story


STORIES = [
    isolated_by_the_security_group,
    something_resets_bgp_in_between,
    firewalld_came_with_the_hardening,
    ufw_counts_them,
    image_with_its_own_reject_rule,
    rules_of_the_cluster_object_replaced,
]
