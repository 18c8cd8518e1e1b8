"""bgp-password-mismatch: told without having seen the rules, then opened."""

from __future__ import annotations

from datetime import datetime, timedelta

from telling import Incident, incident, node_status

CAUSE = "bgp-password-mismatch"


def shell_ate_a_part(now: datetime) -> Incident:
    story = incident(
        "shell-ate-a-part-of-the-leaf-password",
        CAUSE,
        "The secret with the leaves' password was made with double quotes, so the shell replaced $pine7 by nothing: Calico signs with a shorter key than the two leaves do. The kernel counts MD5 failures from both leaves, their sessions stay in Connect; the mesh among the nodes, which has no password, is up and all pods are 1/1.",
        "https://kubernetes.io/docs/tasks/configmap-secret/managing-secret-using-kubectl/ (special characters such as $)",
        now,
        platform="other",
        calico="v3.26.1",
        kubernetes="v1.27.6",
        namespace="kube-system",
        registry="docker.io/calico",
        difficulty="medium",
    )
    system = {"os_image": "Ubuntu 22.04.3 LTS", "kernel": "5.15.0-84-generic", "runtime": "containerd://1.7.2"}
    hosts = {f"dc2-k{n}": f"10.70.21.{10 + n}" for n in range(1, 5)}
    leaves = ("10.70.21.1", "10.70.21.2")
    story.hosts(hosts, **system)
    story.staff(hosts, started=1_100_000)
    me = "dc2-k2"
    name = story.pods[me]
    mesh = [a for n, a in hosts.items() if n != me]
    lines = story.boot(me, 1_100_000, mesh, interface="bond0", prefix=24)
    lines += story.quiet(12_000, 10_200, 600)
    for ago, key in ((9_905, "/calico/bgp/v1/global"), (9_901, "/calico/bgp/v1/global/peer_v4")):
        lines.append(
            story.say(
                ago,
                "INFO",
                60,
                "confd",
                "resource.go 264:",
                f"Target config /etc/calico/confd/config/bird.cfg has been updated due to change in key: {key}",
            )
        )
    lines += ["bird: Reconfiguration requested by SIGHUP", "bird: Reconfiguring", "bird: device1: Reconfigured"]
    lines += ["bird: direct1: Reconfigured", *(f"bird: Mesh_{p.replace('.', '_')}: Reconfigured" for p in mesh)]
    for leaf in leaves:
        peer = f"Global_{leaf.replace('.', '_')}"
        lines += [f"bird: Adding protocol {peer}", f"bird: {peer}: Initializing"]
    for leaf in leaves:
        peer = f"Global_{leaf.replace('.', '_')}"
        lines += [f"bird: {peer}: Starting", f"bird: {peer}: State changed to start"]
    lines += ["bird: Reconfigured", *story.quiet(9_800, 20, 610)]
    story.log(name, lines)
    since, old = story.stamp(9_900)[11:19], story.stamp(1_099_990)[:10]
    rows = [(f"Mesh_{p.replace('.', '_')}", "up    ", old, "Established") for p in mesh]
    rows += [(f"Global_{p.replace('.', '_')}", "start ", since, "Connect") for p in leaves]
    table = "\n".join(f"{n:16} BGP      master   {s} {t:11} {i}" for n, s, t, i in rows)
    kernel = "\n".join(
        f"[{1_112_300 - ago:d}.{331_204 + ago * 7 % 600_000:06d}] TCP: MD5 Hash failed for ({leaves[n % 2]}, {'179' if n % 3 else 21_650 + n})->({hosts[me]}, {41_233 + 17 * n if n % 3 else '179'})"
        for n, ago in enumerate(range(610, 40, -60))
    )
    story.texts[
        "session-dc2-k2.txt"
    ] = f"""root@dc2-k2:~# kubectl exec -n kube-system {name} -c calico-node -- birdcl -s /var/run/calico/bird.ctl show protocols
BIRD v0.3.3+birdv1.6.8 ready.
name     proto    table    state  since       info
static1  Static   master   up     {old}
kernel1  Kernel   master   up     {old}
device1  Device   master   up     {old}
direct1  Direct   master   up     {old}
{table}
root@dc2-k2:~# ping -c2 -q {leaves[0]} | tail -2
2 packets transmitted, 2 received, 0% packet loss, time 1001ms
rtt min/avg/max/mdev = 0.181/0.204/0.227/0.023 ms
root@dc2-k2:~# nc -vz -w3 {leaves[0]} 179
nc: connect to {leaves[0]} port 179 (tcp) timed out: Operation now in progress
root@dc2-k2:~# iptables -S INPUT | grep 179
root@dc2-k2:~# dmesg | tail -10
{kernel}
root@dc2-k2:~# history | grep bgp-leaf
  411  kubectl -n kube-system create secret generic bgp-leaf --from-literal=password="Tann3n$pine7x"
  412  kubectl apply -f bgp-leaf-rbac.yaml
  415  calicoctl apply -f bgppeer-leaves.yaml
"""
    story.texts["bgppeer-leaves.yaml"] = "---\n".join(
        f"""apiVersion: projectcalico.org/v3
kind: BGPPeer
metadata:
  name: leaf-{"ab"[n]}
spec:
  peerIP: {leaf}
  asNumber: 65021
  password:
    secretKeyRef:
      name: bgp-leaf
      key: password
"""
        for n, leaf in enumerate(leaves)
    )
    story.texts["from the network team.txt"] = (
        "leaf-a# show run | sec bgp (extract)\n"
        " router bgp 65021\n  bgp listen range 10.70.21.0/24 peer-group K8S\n  neighbor K8S peer-group\n  neighbor K8S remote-as 64512\n  neighbor K8S password Tann3n$pine7x\n"
        "\nWe see connection attempts of your four nodes, none gets past SYN. Nothing is filtered on our side.\n"
    )
    story.describe(me)
    story.affected = list(hosts)
    story.cite("session-dc2-k2.txt", "TCP: MD5 Hash failed for")
    return story


def key_chain_rolled_over(now: datetime) -> Incident:
    story = incident(
        "fabric-key-chain-rolled-over-on-the-hour",
        CAUSE,
        "Without a mesh every node peers with two spines. On the hour the spines' key chain went over to its second key; Calico's secret still has the first. All sessions ended by hold timer within three minutes, no node has a peer, every calico-node is 0/1; the spines' kernel finds wrong MD5 digests. Nobody changed the cluster or a firewall.",
        "https://www.juniper.net/documentation/us/en/software/junos/bgp/topics/topic-map/bgp_security.html (authentication key chains)",
        now,
        platform="other",
        calico="v3.28.0",
        kubernetes="v1.29.5",
        registry="quay.io/calico",
        difficulty="hard",
    )
    system = {
        "os_image": "Red Hat Enterprise Linux 9.4 (Plow)",
        "kernel": "5.14.0-427.16.1.el9_4.x86_64",
        "runtime": "containerd://1.7.16",
    }
    hour = (now - timedelta(hours=5)).replace(minute=0, second=0)
    began = (now - hour).total_seconds()  # since the second key is in use
    hosts = {f"rk{r}-h{n}": f"10.88.{r}.{10 + n}" for r in (4, 5) for n in (1, 2, 3)}
    spines = ("10.88.0.2", "10.88.0.3")
    story.hosts(hosts, **system)
    story.staff(hosts, started=2_400_000, ready=False)
    for n, host in enumerate(hosts):
        story.not_established(story.pods[host], spines, 6 + 4 * n, began - 190 - n, int((began - 200) / 30), pid=88_120)
    me = "rk4-h2"
    name = story.pods[me]
    peers = [f"Node_{s.replace('.', '_')}" for s in spines]
    lines = story.boot(me, 2_400_000, bird=False, interface="bond0", prefix=25)
    lines += [
        f"bird: {p}: {t}"
        for p in peers
        for t in ("State changed to start", "State changed to feed", "State changed to up")
    ]
    lines += story.quiet(began + 2_000, began + 30, 450)
    for p, ago in zip(peers, (151, 168), strict=True):
        lines += [f"bird: {p}: Error: Hold timer expired", f"bird: {p}: State changed to stop"]
        lines += [f"bird: {p}: State changed to down", f"bird: {p}: Starting", f"bird: {p}: State changed to start"]
        lines += story.quiet(began - ago, began - ago - 10, 20)
    lines += story.quiet(began - 400, 15, 520)
    story.log(name, lines)
    up = story.stamp(began - 151)[11:19]
    story.texts[f"birdcl-{me}.txt"] = (
        "BIRD v0.3.3+birdv1.6.8 ready.\nname     proto    table    state  since       info\n"
        f"static1  Static   master   up     2026-11-02\nkernel1  Kernel   master   up     2026-11-02\ndevice1  Device   master   up     2026-11-02\ndirect1  Direct   master   up     2026-11-02\n{peers[0]} BGP      master   start  {up}    Connect\n{peers[1]} BGP      master   start  {story.stamp(began - 168)[11:19]}    Connect\n".replace(
            "2026-11-02", story.stamp(2_400_000)[:10]
        )
    )
    at = hour.strftime("%b %d %H:%M")
    kernel = "\n".join(
        f"{(hour + timedelta(seconds=5 + 11 * n)).strftime('%b %d %H:%M:%S')}  spine-1 /kernel: tcp_auth_ok: Packet from {list(hosts.values())[n % 6]}:179 wrong MD5 digest"
        for n in range(12)
    )
    story.texts["spine-1.txt"] = f"""noc@spine-1> show bgp summary | match "10.88.[45]."
{chr(10).join(f"{a:21} 64520       {70211 + 13 * n}      {70188 + 9 * n}       0       {2 + n % 2}     {int((began - 160) // 3600)}:{int((began - 160) % 3600 // 60):02d}:{12 + n} Active" for n, a in enumerate(hosts.values()))}

noc@spine-1> show log messages | match "{at}" | match auth
{kernel}

noc@spine-1> show configuration security authentication-key-chains
key-chain K8S-COMPUTE {{
    key 0 {{
        secret "$9$xxxx"; ## SECRET-DATA
        start-time "2025-11-03.08:00:00 +0000";
    }}
    key 1 {{
        secret "$9$yyyy"; ## SECRET-DATA
        start-time "{hour.strftime("%Y-%m-%d.%H:%M:%S")} +0000";
    }}
}}
"""
    story.texts["bgp.yaml"] = f"""apiVersion: projectcalico.org/v3
items:
- apiVersion: projectcalico.org/v3
  kind: BGPConfiguration
  metadata:
    creationTimestamp: "2025-11-03T08:41:12Z"
    name: default
  spec:
    asNumber: 64520
    logSeverityScreen: Info
    nodeToNodeMeshEnabled: false
- apiVersion: projectcalico.org/v3
  kind: BGPPeer
  metadata:
    creationTimestamp: "2025-11-03T08:43:50Z"
    name: spine-1
  spec:
    asNumber: 65000
    nodeSelector: all()
    password:
      secretKeyRef:
        key: md5
        name: fabric-bgp
    peerIP: {spines[0]}
- apiVersion: projectcalico.org/v3
  kind: BGPPeer
  metadata:
    creationTimestamp: "2025-11-03T08:43:50Z"
    name: spine-2
  spec:
    asNumber: 65000
    nodeSelector: all()
    password:
      secretKeyRef:
        key: md5
        name: fabric-bgp
    peerIP: {spines[1]}
kind: List
"""
    story.texts["secret-fabric-bgp.txt"] = "NAME         TYPE     DATA   AGE\nfabric-bgp   Opaque   1      391d\n"
    story.describe(me)
    story.events()
    story.affected = list(hosts)
    story.cite("spine-1.txt", "wrong MD5 digest")
    return story


def replaced_router_came_with_its_old_configuration(now: datetime) -> Incident:
    story = incident(
        "spare-router-was-loaded-with-an-old-key",
        CAUSE,
        "Edge router B failed and its spare was loaded with a two-year-old backup, so its neighbours have the key of then. Sessions with router A are Established on every node, those with B stay in Connect; the spare says BADAUTH invalid MD5 digest, the node's kernel counts failed hashes from B. calico-node is 1/1 everywhere; loud is only the load balancer that lost half of its paths.",
        "https://docs.tigera.io/calico/latest/reference/resources/bgppeer (password) and https://www.cisco.com/c/en/us/support/docs/ip/border-gateway-protocol-bgp/112188-configure-md5-bgp-00.html",
        now,
        platform="other",
        calico="v3.26.3",
        kubernetes="v1.28.6",
        registry="quay.io/calico",
        difficulty="medium",
    )
    system = {"os_image": "Ubuntu 20.04.6 LTS", "kernel": "5.4.0-167-generic", "runtime": "containerd://1.7.11"}
    hosts = {f"mil-k8s-{n}": f"10.140.6.{10 + n}" for n in range(1, 5)}
    routers = {"edge-a": "10.140.6.2", "edge-b": "10.140.6.3"}
    me = "mil-k8s-2"
    down = 12_600
    story.hosts(hosts, age=33_000_000, since=32_000_000, **system)
    story.staff(hosts, started=6_100_000, age=6_100_030)
    for at, suffix in (("mil-k8s-1", "s5gxd"), ("mil-k8s-4", "9vnkl")):
        story.typha(at, suffix, started=6_100_000)
    peers = [a for h, a in hosts.items() if h != me]
    log = [*story.boot(me, 6_100_000, peers, interface="bond0", prefix=24)]
    bird = f"bird: Global_{routers['edge-b'].replace('.', '_')}:"
    log += [
        *story.quiet(21_000, 19_950, 260),
        f"{bird} Error: Hold timer expired",
        f"{bird} State changed to start",
        *story.quiet(19_700, 11, 900),
    ]
    story.log(story.pods[me], log)
    rows = [(a, "up", story.stamp(6_099_990)[:10], "Established") for a in peers]
    text = node_status(rows).replace("IPv6 BGP status\nNo IPv6 peers found.\n", "").rstrip()
    story.texts["calicoctl-node-status.txt"] = (
        text
        + "\n"
        + "\n".join(
            node_status(
                [
                    (routers["edge-a"], "up", story.stamp(6_099_988)[:10], "Established"),
                    (routers["edge-b"], "start", story.stamp(19_960)[11:19], "Connect"),
                ],
                "global",
            ).splitlines()[3:]
        )
        + "\n"
    )
    kernel = []
    for n in range(14):
        ago = down - 140 - n * 880
        port = 179 if n % 3 else 33_410 + 917 * n
        kernel.append(
            f"{story.syslog(ago)} {me} kernel: [{6_200_000 - ago}.{(n * 73_911) % 1_000_000:06d}] TCP: MD5 Hash failed for ({routers['edge-b']}, {port})->({hosts[me]}, {179 if port != 179 else 40_021 + 331 * n})"
        )
        if n % 5 == 2:
            kernel.append(
                f'{story.syslog(ago - 60)} {me} kernel: [{6_200_000 - ago + 60}.118201] audit: type=1400 audit(0.0:{n + 411}): apparmor="STATUS" operation="profile_replace" profile="unconfined" name="cri-containerd.apparmor.d"'
            )
    story.texts["kern.log"] = "\n".join(kernel) + "\n"
    shown = (now - timedelta(seconds=down - 30)).strftime("%b %d %H:%M:%S")
    story.texts[
        "from the network team.txt"
    ] = f"""Hi, edge-b was swapped at {story.stamp(down + 2_400)[11:16]} UTC (power supply), config restored from the library by the field engineer. It is back since {story.stamp(down)[11:16]}.
edge-b#show bgp ipv4 unicast summary | begin Neighbor
Neighbor        V           AS MsgRcvd MsgSent   TblVer  InQ OutQ Up/Down  State/PfxRcd
10.140.6.11     4        64580       0       0        1    0    0 never    Idle
10.140.6.12     4        64580       0       0        1    0    0 never    Idle
10.140.6.13     4        64580       0       0        1    0    0 never    Idle
10.140.6.14     4        64580       0       0        1    0    0 never    Idle
10.140.6.2      4        64501    2211    2207      418    0    0 03:29:11      211
edge-b#show logging | include BADAUTH
{shown}: %TCP-6-BADAUTH: Invalid MD5 digest from 10.140.6.12(37210) to 10.140.6.3(179) tableid - 0
{shown}: %TCP-6-BADAUTH: Invalid MD5 digest from 10.140.6.14(51544) to 10.140.6.3(179) tableid - 0
"""
    story.describe(me)
    story.affected = list(hosts)
    story.cite("kern.log", "TCP: MD5 Hash failed for (10.140.6.3")
    return story


STORIES = [shell_ate_a_part, key_chain_rolled_over, replaced_router_came_with_its_old_configuration]
