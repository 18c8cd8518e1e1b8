"""bpf-or-wireguard-failure: told without having seen the rules, then opened."""

from __future__ import annotations

from datetime import datetime

from telling import Incident, incident, node_status

CAUSE = "bpf-or-wireguard-failure"


def listening_port_belongs_to_the_admins_vpn(now: datetime) -> Incident:
    story = incident(
        "wireguard-cali-and-wg0-want-the-same-port",
        CAUSE,
        "WireGuard was switched on for the cluster; on the two hosts that are also VPN gateways of the administrators wg0 has UDP 51820, so felix can never configure wireguard.cali there (address already in use), these two publish no key and their pods' traffic stays unencrypted. All calico-nodes are ready, BGP is not used; the complaint is an auditor's.",
        "https://github.com/squat/kilo/issues/397 (KubeSpan holds the port) and felix/wireguard/wireguard.go",
        now,
        platform="other",
        calico="v3.27.3",
        kubernetes="v1.28.11",
        namespace="kube-system",
        registry="quay.io/calico",
        difficulty="medium",
        acceptable=["port-conflict"],
    )
    hosts = {f"hel-{n}": f"10.66.4.{10 + n}" for n in range(1, 7)}
    bad = ["hel-1", "hel-2"]
    system = {
        "os_image": "Debian GNU/Linux 12 (bookworm)",
        "kernel": "6.1.0-21-amd64",
        "runtime": "containerd://1.7.16",
    }
    story.hosts(hosts, age=19_000_000, since=2_400_000, **system)
    for item in story.objects["Node"]:
        node = item["metadata"]["name"]
        if node not in bad:
            key = f"{node[-1]}uVx2Qm7TqY0rK4nZbW8sJdLhE1oGpAcF9iRtM5ySk{node[-1]}="
            item["metadata"]["annotations"] |= {
                "projectcalico.org/IPv4VXLANTunnelAddr": f"10.233.{60 + int(node[-1])}.0",
                "projectcalico.org/WireguardPublicKey": key,
            }
    names = story.staff(hosts, started=2_390_000, age=18_900_000, restarts=2, last=("Unknown", 255, 2_390_060))
    lines = story.quiet(98_000, 91_000, 1_400)
    lines.append(
        story.say(90_619, "WARNING", 61, "felix", "daemon.go 559:", 'Felix is shutting down reason="config changed"')
    )
    lines += story.boot("hel-2", 90_615, bird=False, interface="eno1", prefix=24, first=2_911)[15:]
    lines += [
        story.say(90_609, "INFO", 2912, "felix", "wireguard.go 1407:", 'Wireguard device needs to be created ifaceName="wireguard.cali" ipVersion=0x4'),
        story.say(90_609, "INFO", 2912, "felix", "wireguard.go 1425:", 'Created wireguard device ifaceName="wireguard.cali" ipVersion=0x4'),
        story.say(90_609, "INFO", 2912, "felix", "wireguard.go 1454:", "Wireguard interface wasn't admin up, enabling it flags=pointtopoint|0x80 ipVersion=0x4"),
        story.say(90_609, "INFO", 2912, "felix", "wireguard.go 1459:", "Set wireguard admin up ipVersion=0x4"),
    ]  # fmt: skip
    trying = [*(90_608.5 - 1.02 * i for i in range(8)), *(1_180.0 - 90.3 * i for i in range(13))]
    for ago in trying:
        if ago == 1_180.0:
            lines.append("[...] cut here by me, it says the same every minute and a half since yesterday")
        lines += [
            story.say(ago, "INFO", 2912, "felix", "wireguard.go 1273:", 'Update listening port existing=41834 ifaceName="wireguard.cali" ipVersion=0x4 required=51820'),
            story.say(ago, "INFO", 2912, "felix", "wireguard.go 1281:", "Generate new private/public key pair ipVersion=0x4"),
            story.say(ago - 0.01, "WARNING", 2912, "felix", "wireguard.go 630:", "Failed to synchronize wireguard, will retry... error=address already in use ipVersion=0x4"),
        ]  # fmt: skip
        lines += story.quiet(ago - 12, ago - 70, 62, 2912) if ago < 2_000 else []
    story.log(names[1], lines)
    ok = (
        story.quiet(98_000, 90_700, 1_400)
        + story.boot("hel-4", 90_615, bird=False, interface="eno1", prefix=24, first=3_004)[15:]
    )
    ok += [
        story.say(
            90_609,
            "INFO",
            3005,
            "felix",
            "wireguard.go 1425:",
            'Created wireguard device ifaceName="wireguard.cali" ipVersion=0x4',
        )
    ]
    story.log(names[3], [*ok, *story.quiet(60_000, 30, 3_100, 3005)])
    story.texts["findings-of-the-auditor.txt"] = (
        f"Pods on hel-1 and hel-2: clear text on the wire in both directions (samples of {story.stamp(20_000)[:10]})\n"
        "hel-2# tcpdump -ni eno1 -c3 udp port 4789 and host 10.66.4.14\n"
        f"{story.stamp(20_000)[11:19]}.018811 IP 10.66.4.12.48114 > 10.66.4.14.4789: VXLAN, flags [I] (0x08), vni 4096\nIP 10.233.62.18.39640 > 10.233.64.7.5432: Flags [P.], seq 1:88, ack 1, win 502, length 87\n"
        f"hel-3# tcpdump -ni eno1 -c1 udp port 51820 and host 10.66.4.14\n{story.stamp(19_862)[11:19]}.551042 IP 10.66.4.13.51820 > 10.66.4.14.51820: UDP, length 176\n"
    )
    story.texts["hel-2.txt"] = (
        "root@hel-2:~# wg show all listen-port\nwg0\t51820\nwireguard.cali\t41834\n"
        "root@hel-2:~# wg show wireguard.cali\ninterface: wireguard.cali\n  listening port: 41834\n"
        "root@hel-2:~# systemctl list-units 'wg-quick*' --no-legend\n  wg-quick@wg0.service loaded active exited WireGuard via wg-quick(8) for wg0\n"
        "root@hel-2:~# kubectl get felixconfigurations default -o jsonpath='{.spec}'\n"
        '{"bpfConnectTimeLoadBalancing":"TCP","floatingIPs":"Disabled","logSeverityScreen":"Info","vxlanEnabled":true,"wireguardEnabled":true}\n'
    )
    story.describe("hel-2", names[1])
    story.affected = bad
    story.cite(f"{names[1]}.log", "Failed to synchronize wireguard, will retry... error=address already in use")
    story.cite("hel-2.txt", "51820")
    return story


def encrypted_device_without_an_address(now: datetime) -> Incident:
    story = incident(
        "one-control-plane-node-has-a-wireguard-device-without-address",
        CAUSE,
        "After a rolling upgrade one control plane host has wireguard.cali up with its key and peers but without an IPv4 address (its Node has a public key and no interfaceIPv4Address): what the host itself, the API server above all, sends to pods elsewhere has a source the peers do not allow. Webhooks and metrics through that API server time out, a third of all calls; calico-node is ready and BGP is up.",
        "https://github.com/projectcalico/calico/issues/8039",
        now,
        platform="other",
        calico="v3.25.1",
        kubernetes="v1.26.9",
        namespace="kube-system",
        registry="quay.io/calico",
        difficulty="hard",
        acceptable=["software-defect"],
    )
    hosts = {f"kbs-cp{n}": f"10.19.0.{n}" for n in (2, 3, 4)} | {f"kbs-w{n}": f"10.19.0.{20 + n}" for n in (1, 2, 3)}
    bad = "kbs-cp3"
    system = {"os_image": "Ubuntu 20.04.6 LTS", "kernel": "5.4.0-162-generic", "runtime": "containerd://1.7.5"}
    story.hosts(hosts, age=30_000_000, since=88_000, **system)
    story.staff({k: v for k, v in hosts.items() if k != bad}, started=86_000, age=86_100)
    name = story.staff({bad: hosts[bad]}, started=84_400, age=84_500)[0]
    peers = [a for k, a in hosts.items() if k != bad]
    lines = story.boot(bad, 84_398, peers, interface="ens3", prefix=24)
    lines += [
        story.say(84_393, "INFO", 61, "felix", "wireguard.go 1262:", 'Wireguard device needs to be created ifaceName="wireguard.cali" ipVersion=0x4'),
        story.say(84_393, "INFO", 61, "felix", "wireguard.go 1280:", 'Created wireguard device ifaceName="wireguard.cali" ipVersion=0x4'),
        story.say(84_393, "INFO", 61, "felix", "wireguard.go 1313:", "Set wireguard admin up ipVersion=0x4"),
        story.say(84_392, "INFO", 61, "felix", "wireguard.go 1146:", "Generate new private/public key pair ipVersion=0x4"),
        *[story.say(84_392, "INFO", 61, "felix", "wireguard.go 1217:", f'Add peer to wireguard endpointAddr={a} ipVersion=0x4 node="{k}"') for k, a in hosts.items() if k != bad],
    ]  # fmt: skip
    story.log(name, lines + story.quiet(70_000, 25, 2_900))
    times = [story.klog(ago) for ago in (301, 246, 181, 117, 52)]
    api = []
    for t in times:
        api += [
            f'E{t}       1 available_controller.go:456] v1beta1.metrics.k8s.io failed with: failing or missing response from https://10.233.30.91:443/apis/metrics.k8s.io/v1beta1: Get "https://10.233.30.91:443/apis/metrics.k8s.io/v1beta1": context deadline exceeded',
            f'W{t}       1 dispatcher.go:217] Failed calling webhook, failing closed mutate.webhook.cert-manager.io: failed calling webhook "webhook.cert-manager.io": failed to call webhook: Post "https://cert-manager-webhook.cert-manager.svc:443/mutate?timeout=10s": context deadline exceeded',
        ]
    story.texts["kube-apiserver-kbs-cp3.log"] = "\n".join(api) + "\n"
    block = {"kbs-cp2": "10.233.71.1", "kbs-cp3": "", "kbs-w1": "10.233.80.129"}
    found = []
    for k, address in block.items():
        inner = (
            f"    inet {address}/32 scope global wireguard.cali\n       valid_lft forever preferred_lft forever\n"
            if address
            else ""
        )
        found.append(
            f"===== {k}\n$ ip addr show wireguard.cali\n27: wireguard.cali: <POINTOPOINT,NOARP,UP,LOWER_UP> mtu 1440 qdisc noqueue state UNKNOWN group default qlen 1000\n    link/none \n{inner}"
            f"$ curl -sk -m 5 -o /dev/null -w '%{{http_code}}\\n' https://10.233.88.14:10250/mutate\n{'400' if address else '000'}\n"
        )
    story.texts["wireguard-on-three-hosts.txt"] = "".join(found)
    nodes = []
    for k in ("kbs-cp2", "kbs-cp3"):
        own = f"  wireguard:\n    interfaceIPv4Address: {block[k]}\n" if block[k] else ""
        key = {
            "kbs-cp2": "Qk1vNn3UVZ0eY4JtdRrXwP8aLsHcG6mBf5oTiKy7zS4=",
            "kbs-cp3": "b7TtGm0dXr2PsVwYk9HhNqLz1JcUaF4oEi6RyKx8nD0=",
        }[k]
        nodes.append(
            f"apiVersion: projectcalico.org/v3\nkind: Node\nmetadata:\n  name: {k}\nspec:\n  bgp:\n    ipv4Address: {hosts[k]}/24\n  orchRefs:\n  - nodeName: {k}\n    orchestrator: k8s\n{own}status:\n  wireguardPublicKey: {key}\n"
        )
    story.texts["calicoctl-get-node.yaml"] = "---\n".join(nodes)
    story.texts["calicoctl-node-status-kbs-cp3.txt"] = node_status(
        [(p, "up", (story.ago(84_390))[:10], "Established") for p in peers]
    )
    story.other(
        "metrics-server-6c5d8fb7c9-4zt8m", "kbs-w2", "10.233.88.9", owner="ReplicaSet/metrics-server-6c5d8fb7c9", app="metrics-server", age=85_000, started=84_900
    )  # fmt: skip
    story.other(
        "cert-manager-webhook-5f9d7b6c4-q7nkd", "kbs-w2", "10.233.88.14", "cert-manager", "ReplicaSet/cert-manager-webhook-5f9d7b6c4", app="cert-manager-webhook", age=85_000, started=84_900
    )  # fmt: skip
    story.commands |= {"nodes.txt": "get nodes -o wide", "pods.txt": "get pods -A -o wide"}
    story.commands[f"describe-{name}.txt"] = f"describe pod -n kube-system {name}"
    story.affected = [bad]
    story.cite("wireguard-on-three-hosts.txt", "wireguard.cali: <POINTOPOINT,NOARP,UP,LOWER_UP> mtu 1440")
    story.cite("calicoctl-get-node.yaml", "wireguardPublicKey: b7TtGm0dXr2PsVwYk9HhNqLz1JcUaF4oEi6RyKx8nD0=")
    return story


def handshakes_never_leave_the_security_group(now: datetime) -> Incident:
    story = incident(
        "wireguard-is-up-everywhere-and-nobody-shakes-hands",
        CAUSE,
        "WireGuard was switched on in a cloud cluster whose security group lets only VXLAN and the known TCP ports between nodes pass: UDP 51820 is dropped. Each felix made its device, key and peers without an error and all calico-nodes are ready, but `wg show` has bytes sent and none received, no handshake at all; pods on different nodes cannot talk. The customer blames DNS.",
        "https://docs.tigera.io/calico/latest/network-policy/encrypt-cluster-pod-traffic and https://docs.tigera.io/calico/latest/getting-started/kubernetes/requirements (UDP 51820)",
        now,
        platform="other",
        calico="v3.28.1",
        kubernetes="v1.29.7",
        registry="quay.io/calico",
        difficulty="hard",
    )
    hosts = {f"ip-10-121-{a}-{b}": f"10.121.{a}.{b}" for a, b in ((4, 31), (4, 90), (6, 12), (8, 77))}
    system = {"os_image": "Ubuntu 22.04.4 LTS", "kernel": "6.5.0-1022-aws", "runtime": "containerd://1.7.18"}
    story.hosts(hosts, age=6_000_000, since=5_900_000, **system)
    keys = ("b4Kq0uT", "W9xYp2c", "mZ7rL1e", "Q3hVn8s")
    for item, key, n in zip(story.objects["Node"], keys, range(4), strict=True):
        item["metadata"]["annotations"] |= {
            "projectcalico.org/IPv4VXLANTunnelAddr": f"192.168.{64 + 9 * n}.0",
            "projectcalico.org/IPv4WireguardInterfaceAddr": f"192.168.{64 + 9 * n}.1",
            "projectcalico.org/WireguardPublicKey": f"{key}dJ5oGkBfE6aSiXwR0tHyUqPlMzNcVvDx2g4jA=",
        }
    names = story.staff(hosts, started=2_600_000, age=2_600_060)
    nodes = list(hosts)
    for n, node in enumerate(nodes[:2]):
        story.other(f"coredns-76f75df574-{'q7'[n]}m2{'xw'[n]}v", node, f"192.168.{64 + 9 * n}.7", owner="ReplicaSet/coredns-76f75df574", app="coredns", image="registry.k8s.io/coredns/coredns:v1.11.1", started=2_500_000)  # fmt: skip
    for n, node in enumerate(nodes):
        up = n < 2
        story.other(f"web-7c5d8f9b6-{'gkpt'[n]}8z{'hjrv'[n]}s", node, f"192.168.{64 + 9 * n}.21", "shop", "ReplicaSet/web-7c5d8f9b6", app="web", ready=up, restarts=0 if up else 12, started=2_400_000 if up else 240, waiting="" if up else "CrashLoopBackOff", last=None if up else ("Error", 1, 130), age=2_400_060)  # fmt: skip
        if not up:
            story.pod_event(f"web-7c5d8f9b6-{'gkpt'[n]}8z{'hjrv'[n]}s", "BackOff", "Back-off restarting failed container web in pod web-7c5d8f9b6", 18, 2_900, 140, namespace="shop")  # fmt: skip
    me = nodes[2]
    lines = story.quiet(9_200, 3_300, 800)
    lines += [
        story.say(3_121, "INFO", 61, "felix", "config_batcher.go 61:", 'Configuration value changed; change DOES require Felix to restart. key="WireguardEnabled" new="true" old=""'),
        story.say(3_121, "WARNING", 61, "felix", "daemon.go 726:", 'Felix is shutting down reason="config changed"'),
    ]  # fmt: skip
    lines += story.boot(me, 3_118, bird=False, interface="ens5", prefix=20, first=3_402)[15:]
    lines += [
        story.say(3_113, "INFO", 3_403, "felix", "wireguard.go 1407:", 'Wireguard device needs to be created ifaceName="wireguard.cali" ipVersion=0x4'),
        story.say(3_113, "INFO", 3_403, "felix", "wireguard.go 1425:", 'Created wireguard device ifaceName="wireguard.cali" ipVersion=0x4'),
        story.say(3_113, "INFO", 3_403, "felix", "wireguard.go 1459:", "Set wireguard admin up ipVersion=0x4"),
        story.say(3_112.9, "INFO", 3_403, "felix", "wireguard.go 1281:", "Generate new private/public key pair ipVersion=0x4"),
        story.say(3_112.8, "INFO", 3_403, "felix", "int_dataplane.go 1412:", 'Linux interface state changed. ifIndex=41 ifaceName="wireguard.cali" state="up"'),
        *story.quiet(3_040, 25, 130, 3_403),
    ]  # fmt: skip
    story.log(names[2], lines)
    ok = [*story.quiet(9_200, 3_300, 800), *story.boot(nodes[0], 3_117, bird=False, interface="ens5", prefix=20, first=2_970)[15:], *story.quiet(3_040, 25, 310, 2_971)]  # fmt: skip
    story.log(names[0], ok)
    show = "interface: wireguard.cali\n  public key: {}dJ5oGkBfE6aSiXwR0tHyUqPlMzNcVvDx2g4jA=\n  private key: (hidden)\n  listening port: 51820\n  fwmark: 0x200000\n"
    text = "root@ip-10-121-6-12:~# wg show\n" + show.format(keys[2])
    for n in (0, 1, 3):
        text += f"\npeer: {keys[n]}dJ5oGkBfE6aSiXwR0tHyUqPlMzNcVvDx2g4jA=\n  endpoint: {list(hosts.values())[n]}:51820\n  allowed ips: 192.168.{64 + 9 * n}.0/26, 192.168.{64 + 9 * n}.0/32, 192.168.{64 + 9 * n}.1/32\n  transfer: 0 B received, {(4, 2, 1)[n % 3]}.{37 + n} MiB sent\n"
    text += (
        "root@ip-10-121-6-12:~# ip -br link | egrep 'ens5|cali$|vxlan'\nens5             UP             06:8f:2a:11:7c:09 <BROADCAST,MULTICAST,UP,LOWER_UP>\n"
        "vxlan.calico     UNKNOWN        66:1f:d0:5a:2b:71 <BROADCAST,MULTICAST,UP,LOWER_UP>\nwireguard.cali   UNKNOWN        <POINTOPOINT,NOARP,UP,LOWER_UP>\n"
        "root@ip-10-121-6-12:~# ping -c2 -W2 10.121.4.31 | tail -2\n2 packets transmitted, 2 received, 0% packet loss, time 1001ms\nrtt min/avg/max/mdev = 0.402/0.433/0.465/0.031 ms\n"
        "root@ip-10-121-6-12:~# dig +time=2 +tries=1 @192.168.64.7 kubernetes.default.svc.cluster.local | tail -2\n;; connection timed out; no servers could be reached\n"
    )
    story.texts["from-ip-10-121-6-12.txt"] = text
    story.texts["sg-nodes.txt"] = (
        "$ aws ec2 describe-security-group-rules --filters Name=group-id,Values=sg-0c41ab77 --query 'SecurityGroupRules[?IsEgress==`false`].[IpProtocol,FromPort,ToPort,ReferencedGroupInfo.GroupId]' --output text\n"
        "udp\t4789\t4789\tsg-0c41ab77\ntcp\t5473\t5473\tsg-0c41ab77\ntcp\t10250\t10250\tsg-0c41ab77\ntcp\t30000\t32767\tsg-0e9932d0\nicmp\t-1\t-1\tsg-0c41ab77\n"
    )
    story.texts["felixconfiguration.yaml"] = (
        f'apiVersion: crd.projectcalico.org/v1\nkind: FelixConfiguration\nmetadata:\n  creationTimestamp: "{story.ago(5_950_000)}"\n  generation: 4\n  name: default\nspec:\n  bpfLogLevel: ""\n  floatingIPs: Disabled\n  logSeverityScreen: Info\n  reportingInterval: 0s\n  vxlanVNI: 4096\n  wireguardEnabled: true\n'
    )
    story.commands |= {"nodes.txt": "get nodes -o wide", "pods.txt": "get pods -A -o wide", f"describe-node-{me}.txt": f"describe node {me}"}  # fmt: skip
    story.affected = nodes
    story.cite("from-ip-10-121-6-12.txt", "transfer: 0 B received")
    return story


STORIES = [
    listening_port_belongs_to_the_admins_vpn,
    encrypted_device_without_an_address,
    handshakes_never_leave_the_security_group,
]
