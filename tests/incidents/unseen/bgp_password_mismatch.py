"""bgp-password-mismatch: told without having seen the rules."""

from __future__ import annotations

from datetime import datetime

from cluster import join
from telling import Incident, incident, node_status, protocols, wrapped

CAUSE = "bgp-password-mismatch"


def router_got_a_new_password(now: datetime) -> Incident:
    story = incident(
        "tor-password-rotated-secret-not",
        CAUSE,
        "The network team set a new password on the top-of-rack pair; Calico's secret still has the old one. The sessions with both routers sit in Connect, the worker's kernel finds bad MD5 hashes in their segments; the mesh among the workers is up.",
        "https://github.com/FRRouting/frr/issues/6921",
        now,
        platform="other",
        calico="v3.26.3",
        kubernetes="v1.27.11",
        registry="quay.io/calico",
        difficulty="medium",
    )
    hosts = {f"prd-k8s-{n:02}": f"10.33.80.{10 + n}" for n in range(1, 6)}
    story.hosts(hosts, os_image="Rocky Linux 8.8 (Green Obsidian)", kernel="4.18.0-477.27.1.el8_8.x86_64")
    names = story.staff(hosts, started=1_600_000)
    peers = list(hosts.values())[1:]
    log = story.quiet(9000, 7900, 200)
    for tor in ("10_33_80_2", "10_33_80_3"):
        log += [
            f"bird: Global_{tor}: {x}"
            for x in (
                "Error: Hold timer expired",
                "State changed to stop",
                "State changed to down",
                "Starting",
                "State changed to start",
            )
        ]
    log += story.quiet(7600, 10, 300)
    story.log(names[0], log)
    kernel = []
    for i in range(14):
        tor = ("10.33.80.2", "10.33.80.3")[i % 2]
        kernel.append(
            f"{story.syslog(400 - 27 * i)} prd-k8s-01 kernel: TCP: MD5 Hash failed for ({tor}, {41022 + 311 * i})->(10.33.80.11, 179)"
        )
        if i % 5 == 2:
            kernel.append(
                f"{story.syslog(398 - 27 * i)} prd-k8s-01 kernel: IPv6: ADDRCONF(NETDEV_CHANGE): cali{4096 + i:011x}: link becomes ready"
            )
    story.texts["dmesg-prd-k8s-01.txt"] = "\n".join(kernel) + "\n"
    story.texts["birdcl.txt"] = protocols([*[(p, "up", "2026-11-05", "Established") for p in peers]]) + "".join(
        f"Global_{t} BGP      master   start  02:41:1{i}    Connect        Socket: Connection timed out\n".replace(
            "        Socket: Connection timed out", ""
        )
        for i, t in enumerate(("10_33_80_2", "10_33_80_3"))
    )
    story.texts["bgppeers.yaml"] = "".join(
        f"apiVersion: projectcalico.org/v3\nkind: BGPPeer\nmetadata:\n  name: tor-{x}\nspec:\n  asNumber: 65100\n  peerIP: 10.33.80.{n}\n  password:\n    secretKeyRef:\n      name: bgp-secrets\n      key: tor\n---\n"
        for x, n in (("a", 2), ("b", 3))
    )
    story.describe("prd-k8s-01", names[0])
    story.affected = list(hosts)
    story.cite("dmesg-prd-k8s-01.txt", "MD5 Hash failed for (10.33.80.2")
    return story


def new_kernels_find_a_hash_they_do_not_expect(now: datetime) -> Incident:
    story = incident(
        "one-pool-signs-the-other-does-not",
        CAUSE,
        "A BGPPeer with a password selects the nodes of the new pool only: they sign their segments, the old pool's nodes expect none ('Unexpected MD5 Hash found' in the kernel's log). Between the pools no session comes up, inside each they are fine.",
        "https://github.com/openbgpd-portable/openbgpd-portable/issues/79",
        now,
        platform="other",
        calico="v3.29.1",
        kubernetes="v1.31.4",
        registry="docker.io/calico",
        difficulty="medium",
    )
    old = {f"op-{n}": f"10.55.12.{10 + n}" for n in (1, 2, 3)}
    new = {f"np-{n}": f"10.55.12.{20 + n}" for n in (1, 2)}
    story.hosts(old, os_image="Ubuntu 24.04.1 LTS", kernel="6.8.0-51-generic", labels={"pool": "old"})
    story.hosts(new, os_image="Ubuntu 24.04.1 LTS", kernel="6.8.0-51-generic", labels={"pool": "new"}, age=7000)
    story.staff(old, started=1_200_000)
    for node, address in new.items():
        story.staff({node: address}, started=6900, age=6950)
    name = story.pods["np-1"]
    story.not_established(name, list(old.values()), 6860, 6890, 3, established=1)
    log = story.boot("np-1", 6895, [*old.values(), new["np-2"]], up=[new["np-2"]])
    story.log(name, [*log, *story.quiet(6700, 15, 500)])
    story.texts["journal-op-1.txt"] = "".join(
        f"{story.syslog(500 - 41 * i)} op-1 kernel: TCP: Unexpected MD5 Hash found for {list(new.values())[i % 2]}.{41100 + 733 * i}->10.55.12.11.179 [S]\n"
        for i in range(11)
    )
    story.texts["tcpdump-op-1.txt"] = "".join(
        f"{story.stamp(90 - 6 * i)[11:19]}.{113 + i}557 IP (tos 0xc0, ttl 64, id {32056 + i}, offset 0, flags [DF], proto TCP (6), length 72)\n    10.55.12.21.{44012 + i // 3} > 10.55.12.11.179: Flags [S], seq 2925962972, win 64240, options [nop,nop,md5 shared secret not supplied with -M, can't check - a1c7c71f69f8bb9e0df37a843f99985f,mss 1460,nop,nop,sackOK,nop,wscale 7], length 0\n"
        for i in range(5)
    )
    story.texts["np-1-status.txt"] = node_status(
        [(p, "start", "15:12:2" + str(i), "Connect") for i, p in enumerate(old.values())]
        + [(new["np-2"], "up", "15:12:31", "Established")]
    )
    story.describe("np-1", name)
    story.affected = [*old, *new]
    story.cite("journal-op-1.txt", "Unexpected MD5 Hash found")
    return story


def both_namespaces_have_a_secret(now: datetime) -> Incident:
    story = incident(
        "two-secrets-of-one-name-with-two-values",
        CAUSE,
        "IKS 1.29 migration: the mesh password was changed in calico-system only, the workers that were not migrated yet read the secret of kube-system. Each group's sessions are up among themselves, none across; the kernels count MD5 failures, both secrets are readable.",
        "https://docs.tigera.io/calico/latest/network-policy/comms/secure-bgp",
        now,
        platform="classic",
        calico="v3.26.4",
        kubernetes="v1.29.11+IKS",
        difficulty="medium",
    )
    new = story.workers(
        [f"10.73.118.{n}" for n in (4, 11)], labels={"projectcalico.org/operator-node-migration": "migrated"}
    )
    old = story.workers(
        [f"10.73.118.{n}" for n in (15, 23, 30)], labels={"projectcalico.org/operator-node-migration": "pre-operator"}
    )
    names = story.agents(new, started=7200, age=7230)
    story.agents(old, namespace="kube-system", started=2_100_000, age=2_100_100)
    me = new[0]
    story.not_established(names[0], old, 7165, 7190, 2, established=1)
    story.typha(new[1])
    log = story.boot(me, 7190, [*old, new[1]], up=[new[1]])
    story.log(names[0], [*log, *story.quiet(7000, 15, 420)])
    story.texts["birdcl-10.73.118.4.txt"] = protocols(
        [
            *[(p, "start", story.stamp(7188)[11:19], "Connect") for p in old],
            (new[1], "up", story.stamp(7184)[11:19], "Established"),
        ],
        since=story.stamp(7188)[11:19],
    )
    story.texts["birdcl-10.73.118.15.txt"] = protocols(
        [*[(p, "start", story.stamp(7150 + i)[11:19], ("Passive", "Connect")[i]) for i, p in enumerate(new)], *[(p, "up", story.stamp(2_090_000)[:10], "Established") for p in old[1:]]],
        since=story.stamp(2_100_000)[:10], routes="up",
    )  # fmt: skip
    story.texts["nstat-10.73.118.15.txt"] = (
        "#kernel\nTcpExtTCPTimeouts               1204               0.0\nTcpExtTCPMD5NotFound            0                  0.0\nTcpExtTCPMD5Unexpected          0                  0.0\nTcpExtTCPMD5Failure             5127               0.0\n"
    )
    story.texts["secrets.txt"] = (
        "$ kubectl get secret -A | grep bgp\ncalico-system   calico-bgp-password   Opaque   1   2h9m\nkube-system     calico-bgp-password   Opaque   1   611d\n"
        "$ for n in calico-system kube-system; do kubectl get secret calico-bgp-password -n $n -o jsonpath='{.data}' | sha256sum; done\n"
        "9f1c6f0b1d6d1c38ad7a5b0b9a1f2f4c6a0f1c1b2e0e77c1e54b2a1c7de0a415  -\n02be6f2d3c7c9b5d0d8a1cb0c7711ab09c5d64a7c0de3a92d1c1f1bb60e5a7ff  -\n"
        "$ nc -vz 10.73.118.15 5473; nc -vz 10.73.118.15 10250\nConnection to 10.73.118.15 5473 port [tcp/*] succeeded!\nConnection to 10.73.118.15 10250 port [tcp/*] succeeded!\n"
    )
    story.describe(me, names[0])
    story.affected = [*new, *old]
    story.cite("nstat-10.73.118.15.txt", "TcpExtTCPMD5Failure             5127")
    return story


def both_routers_share_one_key_of_the_secret(now: datetime) -> Incident:
    story = incident(
        "second-router-is-given-the-first-ones-password",
        CAUSE,
        "Each of the two Cisco switches has a password of its own; the BGPPeer of the second one was copied and still names the first one's key. The second switch finds invalid MD5 digests in the nodes' segments, the first session is up.",
        "https://docs.tigera.io/calico/latest/reference/resources/bgppeer (password: secretKeyRef)",
        now,
        platform="other",
        calico="v3.21.6",
        kubernetes="v1.22.17",
        registry="quay.io/calico",
        difficulty="easy",
    )
    hosts = {f"vsp-k8s{n:02}": f"172.18.90.{10 + n}" for n in range(1, 5)}
    story.hosts(hosts, os_image="Ubuntu 20.04.6 LTS", kernel="5.4.0-150-generic", runtime="containerd://1.6.21")
    names = story.staff(hosts, age=4200, started=4180)
    for i, name in enumerate(names):
        story.not_established(name, ["172.18.90.2"], 4140 + i, 4170, 3, established=4)
    me = "vsp-k8s02"
    mesh = [v for k, v in hosts.items() if k != me]
    log = story.boot(me, 4175, mesh)[:-2]
    for router in ("172_18_90_1", "172_18_90_2"):
        log += [f"bird: Global_{router}: {x}" for x in ("Initializing", "Starting", "State changed to start")]
    log += [
        f"bird: Global_172_18_90_1: {x}"
        for x in ("Connected to table master", "State changed to feed", "State changed to up")
    ]
    story.log(story.pods[me], [*log, *story.quiet(4000, 12, 240)])
    lines = []
    for i in range(12):
        node, port = list(hosts.values())[i % 4], 33011 + 1709 * i
        at = story.now.strftime("%b %e ") + story.stamp(300 - 21 * i)[11:23]
        lines.append(f"{at}: %TCP-6-BADAUTH: Invalid MD5 digest from {node}({port}) to 172.18.90.2(179) tableid - 0")
        if i == 5:
            lines.append(f"{at}: %SYS-5-CONFIG_I: Configured from console by netops on vty0 (172.18.1.77)")
    story.texts["rack4-sw2-show-logging.txt"] = "\n".join(lines) + "\n"
    story.texts["bgppeer.yaml"] = "---\n".join(
        f"apiVersion: projectcalico.org/v3\nkind: BGPPeer\nmetadata:\n  name: rack4-sw{i}\nspec:\n  asNumber: 65004\n  peerIP: 172.18.90.{i}\n  password:\n    secretKeyRef:\n      key: rack4-sw1\n      name: bgp-passwords\n"
        for i in (1, 2)
    )
    since = story.stamp(4170)[11:19]
    table = protocols([(p, "up", since, "Established") for p in mesh], since=since, routes="up")
    routers = protocols(
        [("172.18.90.1", "up", since, "Established"), ("172.18.90.2", "start", since, "Connect")], kind="Global"
    )
    story.texts["vsp-k8s02-birdcl.txt"] = table + "".join(routers.splitlines(keepends=True)[-2:])
    story.describe(me)
    story.affected = list(hosts)
    story.cite("rack4-sw2-show-logging.txt", "%TCP-6-BADAUTH: Invalid MD5 digest from")
    return story


# told on 29 November 2026 without having seen the rules
def newline_in_the_secret(now: datetime) -> Incident:
    story = incident(
        "secret-was-made-from-a-file-with-a-newline",
        CAUSE,
        "The secret for the two Juniper leaves was made with --from-file, so its value ends with a newline that the routers' key does not have: Junos finds wrong MD5 digests in every node's segments. Workers are up among each other; everybody looks at the firewall because 179 'times out'.",
        "https://github.com/osrg/gobgp/issues/2852",
        now,
        platform="other",
        calico="v3.27.3",
        kubernetes="v1.28.11+rke2r1",
        registry="docker.io/rancher/mirrored-calico",
        difficulty="medium",
    )
    hosts = {f"rke-a{n}": f"10.61.7.{100 + n}" for n in range(1, 5)}
    story.hosts(
        hosts, os_image="SLE Micro 5.5", kernel="5.14.21-150500.55.62-default", runtime="containerd://1.7.17-k3s1"
    )
    story.staff(hosts, started=1_100_000, age=1_100_040)
    me = "rke-a2"
    name = story.pods[me]
    leaves = ("10.61.7.2", "10.61.7.3")
    log = story.quiet(8_000, 7_300, 180)
    log.append(
        story.say(7_210, "INFO", 62, "confd", "resource.go 289:", "Target config /etc/calico/confd/config/bird.cfg has been updated due to change in key: /calico/resources/v3/projectcalico.org/bgppeers")
    )  # fmt: skip
    log += ["bird: Reconfiguration requested by SIGHUP", "bird: Reconfiguring"]
    for leaf in leaves:
        tag = f"bird: Node_{leaf.replace('.', '_')}: "
        log += [tag + "Initializing", tag + "Starting", tag + "State changed to start"]
    log += ["bird: Reconfigured", *story.quiet(7_100, 25, 450)]
    story.log(name, log)
    start = story.stamp(7_208)[11:19]
    mesh = [a for n, a in hosts.items() if n != me]
    rows = protocols([(a, "up", "2026-11-16", "Established") for a in mesh], since="2026-11-16", routes="up")
    rows += "".join(
        f"Node_{leaf.replace('.', '_')} BGP      master   start  {start}    Connect        Socket: Connection timed out\n"
        for leaf in leaves
    )
    story.texts["birdcl-rke-a2.txt"] = rows
    story.texts["leaf1-show-log-messages.txt"] = "netops@leaf1> show log messages | last 12\n" + "".join(
        f"{story.syslog(190 - 16 * i)}  leaf1 kernel: tcp_auth_ok: Packet from {list(hosts.values())[i % 4]}:{49160 + 877 * i} wrong MD5 digest\n"
        if i != 6
        else f"{story.syslog(190 - 16 * i)}  leaf1 mgd[41077]: UI_CMDLINE_READ_LINE: User 'netops', command 'show bgp summary '\n"
        for i in range(12)
    )
    story.texts["what-we-tried.txt"] = (
        "The peers to our leaves were added about two hours ago, never came up. Firewall team says 179/tcp is open.\n\n"
        "rke-a2:~ # nc -vz -w 3 10.61.7.2 179\nnc: connect to 10.61.7.2 port 179 (tcp) timed out: Operation now in progress\n"
        "rke-a2:~ # ping -c 2 -q 10.61.7.2 | tail -2\n2 packets transmitted, 2 received, 0% packet loss, time 1001ms\nrtt min/avg/max/mdev = 0.281/0.302/0.323/0.021 ms\n"
        "rke-a2:~ # ss -tn state syn-sent\nRecv-Q Send-Q   Local Address:Port   Peer Address:Port  Process\n0      1         10.61.7.102:41873      10.61.7.2:179\n0      1         10.61.7.102:35209      10.61.7.3:179\n\n"
        "# the key has 14 characters\n"
        "$ kubectl -n calico-system get secret bgp-leaf -o jsonpath='{.data.password}' | base64 -d | wc -c\n15\n"
        "$ kubectl -n calico-system get secret bgp-leaf -o jsonpath='{.data.password}' | base64 -d | tail -c 2 | xxd\n00000000: 370a                                     7.\n"
    )
    story.describe(me, name)
    story.affected = list(hosts)
    story.cite("leaf1-show-log-messages.txt", "wrong MD5 digest")
    return story


def reflectors_of_the_other_cluster(now: datetime) -> Incident:
    story = incident(
        "neighbour-cluster-rotated-its-half-of-the-key",
        CAUSE,
        "Two clusters peer through their route reflectors with a common password; the other cluster rotated its secret this morning. tcpdump with the key of this side calls its own segments valid and the other side's invalid. Inside the cluster every session is up, all pods are ready; only services of the other cluster time out.",
        "https://github.com/osrg/gobgp/issues/2573",
        now,
        platform="other",
        calico="v3.20.6",
        kubernetes="v1.22.17",
        namespace="kube-system",
        registry="registry.dc1.example/calico",
        difficulty="hard",
    )
    hosts = {
        f"dc1-{x}": f"172.29.16.{n}"
        for x, n in (("rr-a", 11), ("rr-b", 12), ("wk-01", 31), ("wk-02", 32), ("wk-03", 33))
    }
    story.hosts(
        hosts,
        age=9_000_000,
        os_image="Debian GNU/Linux 11 (bullseye)",
        kernel="5.10.0-28-amd64",
        runtime="containerd://1.6.28",
    )
    story.staff(hosts, started=2_600_000, age=2_600_030)
    me = "dc1-rr-a"
    name = story.pods[me]
    far = ("172.29.48.11", "172.29.48.12")
    log = story.quiet(15_000, 13_700, 300)
    for peer in far:
        tag = f"bird: Node_{peer.replace('.', '_')}: "
        log += [
            tag + x
            for x in (
                "Received: Peer de-configured",
                "State changed to stop",
                "State changed to down",
                "Starting",
                "State changed to start",
            )
        ]
    log += story.quiet(13_500, 15, 1500)
    story.log(name, wrapped(story, log, "stern", name), "stern-dc1-rr-a.log")
    since = story.stamp(13_620)[11:19]
    near = [a for n, a in hosts.items() if n != me]
    story.texts["calicoctl-node-status-dc1-rr-a.txt"] = node_status(
        [*[(a, "up", "2026-10-30", "Established") for a in near], *[(a, "start", since, "Connect") for a in far]],
        kind="node specific",
    )
    frames = []
    for i in range(4):
        at = story.stamp(400 - 8 * i)[11:19]
        frames.append(
            f"{at}.40{i}118 IP 172.29.16.11.{38455 + 6 * i} > 172.29.48.11.179: Flags [S], seq 31184{i}2071, win 64240, options [nop,nop,md5 valid,mss 1460,nop,nop,sackOK,nop,wscale 7], length 0"
        )
        frames.append(
            f"{at}.77{i}902 IP 172.29.48.11.{51002 + 4 * i} > 172.29.16.11.179: Flags [S], seq 9022{i}1847, win 64240, options [nop,nop,md5 invalid,mss 1460,nop,nop,sackOK,nop,wscale 7], length 0"
        )
    story.texts["tcpdump-with-our-key.txt"] = (
        "# tcpdump -ni eth0 -M \"$(kubectl -n kube-system get secret bgp-interdc -o jsonpath='{.data.key}' | base64 -d)\" host 172.29.48.11 and port 179\n"
        "tcpdump: verbose output suppressed, use -v[v]... for full protocol decode\nlistening on eth0, link-type EN10MB (Ethernet), snapshot length 262144 bytes\n"
        + join(frames)
        + "^C\n8 packets captured\n8 packets received by filter\n0 packets dropped by kernel\n"
    )
    app = story.other(
        "orders-api-7c5f9c6d4b-hm2vk",
        "dc1-wk-02",
        "10.96.130.14",
        "orders",
        "ReplicaSet/orders-api-7c5f9c6d4b",
        app="orders-api",
        restarts=3,
        started=9_000,
        last=("Error", 1, 9_010),
        age=300_000,
    )
    story.log(
        app,
        [
            f"{story.ago(600 - 120 * i)[:-1]}.{211 + i}Z WARN  pool: connect to ledger.dc2.example (10.97.4.{20 + i % 2}:5432) failed: connection timed out after 10000 ms"
            for i in range(5)
        ],
    )
    story.commands = {
        "pods.txt": "get pods -A -o wide",
        "nodes.txt": "get nodes -o wide",
        f"describe-pod-{name}.txt": f"describe pod -n kube-system {name}",
    }
    story.affected = ["dc1-rr-a", "dc1-rr-b"]
    story.cite("tcpdump-with-our-key.txt", "md5 invalid")
    return story


STORIES = [
    router_got_a_new_password,
    new_kernels_find_a_hash_they_do_not_expect,
    both_namespaces_have_a_secret,
    both_routers_share_one_key_of_the_secret,
    newline_in_the_secret,
    reflectors_of_the_other_cluster,
]
