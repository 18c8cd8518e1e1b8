"""bgp-port-blocked: told without having seen the rules, then opened."""

from __future__ import annotations

from datetime import datetime

from cluster import container
from telling import Incident, bird_start, incident, node_status, protocols

CAUSE = "bgp-port-blocked"


def control_plane_takes_no_bgp(now: datetime) -> Incident:
    story = incident(
        "nodes-may-not-dial-bgp-to-the-control-plane",
        CAUSE,
        "Google cloud, one subnet: the firewall rule from nodes to the control plane lists single ports and lacks tcp/179. In the mesh the higher address dials, so just the two nodes above the control plane's address have no session with it; nodes among each other are fine, every calico-node is ready, and what is seen is an API server that cannot reach pods on those two nodes.",
        "https://github.com/kubernetes/kops/pull/18739",
        now,
        platform="other",
        calico="v3.30.4",
        kubernetes="v1.33.5",
        registry="quay.io/calico",
        namespace="kube-system",
        difficulty="hard",
    )
    hosts = {
        "control-plane-europe-west4-a-7vq1": "10.132.0.40",
        "nodes-europe-west4-a-2b9d": "10.132.0.21",
        "nodes-europe-west4-a-kx5m": "10.132.0.33",
        "nodes-europe-west4-a-p0zc": "10.132.0.52",
        "nodes-europe-west4-a-s6ht": "10.132.0.61",
    }
    cp, low, _, bad, other = hosts
    dress = {"os_image": "Ubuntu 24.04.3 LTS", "kernel": "6.14.0-1016-gcp", "runtime": "containerd://1.7.28"}
    story.hosts(hosts, **dress, age=95_000, since=94_700)
    story.staff(hosts, started=94_640, age=94_700)
    peers = [a for n, a in hosts.items() if n != cp]
    up = [hosts[low], "10.132.0.33"]
    story.not_established(story.pods[cp], [hosts[bad], hosts[other]], 3_180, 3_200, 3, established=2)
    for item in (story.objects["Pod"][0],):
        item["status"]["initContainerStatuses"] = [
            container(story, "install-cni", "quay.io/calico/cni:v3.30.4", done=True, started=3_240)
        ]
        item["status"]["containerStatuses"][0]["state"]["running"]["startedAt"] = story.ago(3_230)
        item["status"]["containerStatuses"][0]["restartCount"] = 1
        item["status"]["containerStatuses"][0]["lastState"] = {
            "terminated": {"reason": "Unknown", "exitCode": 255, "startedAt": story.ago(94_640), "finishedAt": story.ago(3_290)}
        }  # fmt: skip
    story.node_event(cp, "Rebooted", f"Node {cp} has been rebooted, boot id: 5e1b7f60-0d4c-47a9-8a0e-3bd1ce0a9f12", 3_260)  # fmt: skip
    boot = story.boot(cp, 3_230, peers, up=up, interface="ens4", prefix=32)
    story.log(story.pods[cp], [*boot, *story.quiet(3_100, 3_020, 66), "bird: Graceful restart done", *story.quiet(2_900, 9, 420)])  # fmt: skip
    metrics = story.other("metrics-server-6b5c98f76d-qv8xl", bad, "100.112.77.131", owner="ReplicaSet/metrics-server-6b5c98f76d", app="metrics-server", image="registry.k8s.io/metrics-server/metrics-server:v0.8.0", age=90_000, started=89_990)  # fmt: skip
    for i, node in enumerate(hosts):
        story.other(f"kube-proxy-{node}", node, owner=f"Node/{node}", app="kube-proxy", restarts=1 if node == cp else 0, age=94_700 - i)  # fmt: skip
    story.texts["status-control-plane.txt"] = node_status(
        [(a, "up", story.stamp(3_224)[11:19], "Established") if a in up else (a, "start", story.stamp(3_228)[11:19], "Passive") for a in peers]
    )  # fmt: skip
    far = [a for n, a in hosts.items() if n != bad]
    story.texts["birdcl-p0zc.txt"] = protocols(
        [
            (a, "start", story.stamp(3_300)[11:19], "Connect")
            if a == hosts[cp]
            else (a, "up", story.stamp(94_630)[:10], "Established")
            for a in far
        ],
        since=story.stamp(94_640)[:10],
        routes="up",
    )
    story.texts["terminal.txt"] = (
        "$ kubectl top nodes\nerror: Metrics API not available\n"
        "$ kubectl get apiservice v1beta1.metrics.k8s.io\nNAME                     SERVICE                      AVAILABLE                      AGE\nv1beta1.metrics.k8s.io   kube-system/metrics-server   False (FailedDiscoveryCheck)   25h\n"
        "$ kubectl get apiservice v1beta1.metrics.k8s.io -o jsonpath='{.status.conditions[0].message}'\nfailing or missing response from https://100.112.77.131:10250/apis/metrics.k8s.io/v1beta1: Get \"https://100.112.77.131:10250/apis/metrics.k8s.io/v1beta1\": dial tcp 100.112.77.131:10250: i/o timeout\n"
        f"$ kubectl exec -n kube-system {story.pods[low]} -c calico-node -- ip route | grep 100.112.77\n100.112.77.128/26 via {hosts[bad]} dev ens4 proto bird onlink\n"
        f"$ kubectl exec -n kube-system {story.pods[cp]} -c calico-node -- ip route | grep -c 'proto bird'\n3\n"
        "$ gcloud compute firewall-rules list --filter=network=prod-net --format='table(name,direction,sourceTags.list(),targetTags.list(),allowed[].map().firewall_rule().list():label=ALLOW)'\n"
        "NAME                            DIRECTION  SRC_TAGS                 TARGET_TAGS              ALLOW\n"
        "master-to-master-k8s-prod       INGRESS    k8s-prod-control-plane   k8s-prod-control-plane   tcp,udp,icmp,esp,ah,sctp,4\n"
        "master-to-node-k8s-prod         INGRESS    k8s-prod-control-plane   k8s-prod-node            tcp,udp,icmp,esp,ah,sctp,4\n"
        "node-to-master-k8s-prod         INGRESS    k8s-prod-node            k8s-prod-control-plane   tcp:443,tcp:3988,tcp:10255,4\n"
        "node-to-node-k8s-prod           INGRESS    k8s-prod-node            k8s-prod-node            tcp,udp,icmp,esp,ah,sctp,4\n"
    )
    story.describe(cp)
    story.commands |= {"describe-metrics-server.txt": f"describe pod -n kube-system {metrics}"}
    story.affected = [cp, bad, other]
    story.cite("birdcl-p0zc.txt", "Mesh_10_132_0_40")
    story.cite("terminal.txt", "node-to-master-k8s-prod")
    return story


def hypervisor_firewall_of_one_machine(now: datetime) -> Incident:
    story = incident(
        "cloned-machine-has-its-hypervisor-firewall-on",
        CAUSE,
        "RKE2 on Proxmox: the worker added last is a clone of a template with the hypervisor's firewall switched on; its security group opens 22, 9345, 10250 and VXLAN but not 179. The machine's own iptables are open, its BIRD runs, the kubelet is fine; the hypervisor's log drops DPT=179 from all others.",
        "https://github.com/projectcalico/calico/issues/4059 and https://pve.proxmox.com/wiki/Firewall",
        now,
        platform="other",
        calico="v3.27.3",
        kubernetes="v1.29.8+rke2r1",
        registry="docker.io/rancher/mirrored-calico",
        difficulty="medium",
    )
    old = {"rke-s1": "192.168.77.11", "rke-w1": "192.168.77.21", "rke-w2": "192.168.77.22"}
    new = {"rke-w3": "192.168.77.9"}
    dress = {
        "os_image": "Debian GNU/Linux 12 (bookworm)",
        "kernel": "6.1.0-25-amd64",
        "runtime": "containerd://1.7.17-k3s2",
    }
    story.hosts(old, **dress)
    story.hosts(new, **dress, age=9_400, since=9_250)
    story.staff(old, started=1_600_000)
    init = [container(story, "install-cni", "docker.io/rancher/mirrored-calico-cni:v3.27.3", done=True, started=9_300)]
    name = story.staff(new, ready=False, started=9_270, age=9_380, init=init)[0]
    story.typha("rke-w1", started=1_600_000)
    peers = list(old.values())
    story.not_established(name, peers, 8, 9_240, 930)
    log = story.boot("rke-w3", 9_266, peers, up=[], interface="ens18", prefix=24)
    story.log(name, [*log, *story.quiet(9_180, 9_060, 62), "bird: Graceful restart done", *story.quiet(8_900, 10, 610)])
    story.log(story.pods["rke-w2"], [*story.quiet(12_000, 9_300, 900), *bird_start(["192.168.77.9"], up=[])[2:3], "bird: Mesh_192_168_77_9: Starting", "bird: Mesh_192_168_77_9: State changed to start", "bird: Reconfigured", *story.quiet(9_200, 10, 900)])  # fmt: skip
    lines = []
    for i in range(18):
        ago, src = 118 - 6 * i, peers[i % 3]
        at = (story.now).strftime("%d/%b/%Y:") + story.stamp(ago)[11:19]
        lines.append(
            f"123 6 tap123i0-IN {at} +0000 policy DROP: IN=fwbr123i0 OUT=fwbr123i0 PHYSIN=fwln123i0 PHYSOUT=tap123i0 MAC=bc:24:11:7a:20:5f:bc:24:11:0e:91:0{i % 3}:08:00 SRC={src} DST=192.168.77.9 LEN=60 TOS=0x00 PREC=0xC0 TTL=64 ID={7_001 + 911 * i} DF PROTO=TCP SPT={33_001 + 577 * i} DPT=179 SEQ={2_110_004_511 + 77_123 * i} ACK=0 WINDOW=64240 SYN"
        )
        if i % 7 == 3:
            lines.append(
                f"123 6 tap123i0-IN {at} +0000 policy DROP: IN=fwbr123i0 OUT=fwbr123i0 PHYSIN=fwln123i0 PHYSOUT=tap123i0 MAC=bc:24:11:7a:20:5f:00:0d:b9:4f:10:22:08:00 SRC=192.168.77.1 DST=192.168.77.9 LEN=48 TOS=0x00 PREC=0x00 TTL=64 ID=0 DF PROTO=UDP SPT=5353 DPT=5353 LEN=28"
            )
    story.texts["pve-firewall.log"] = "\n".join(lines) + "\n"
    story.texts["pve-shell.txt"] = (
        "root@pve2:~# qm list | grep rke\n      118 rke-w1               running    16384             60.00 2211034\n      119 rke-w2               running    16384             60.00 2211170\n      123 rke-w3               running    16384             60.00 3304981\n"
        "root@pve2:~# grep net0 /etc/pve/qemu-server/11[89].conf /etc/pve/qemu-server/123.conf\n/etc/pve/qemu-server/118.conf:net0: virtio=BC:24:11:0E:91:01,bridge=vmbr0,tag=77\n/etc/pve/qemu-server/119.conf:net0: virtio=BC:24:11:0E:91:02,bridge=vmbr0,tag=77\n/etc/pve/qemu-server/123.conf:net0: virtio=BC:24:11:7A:20:5F,bridge=vmbr0,firewall=1,tag=77\n"
        "root@pve2:~# cat /etc/pve/firewall/123.fw\n[OPTIONS]\n\nenable: 1\nlog_level_in: info\npolicy_in: DROP\n\n[RULES]\n\nGROUP k8s-node\n\n"
        "root@pve2:~# sed -n '/k8s-node/,/^$/p' /etc/pve/firewall/cluster.fw\n[group k8s-node]\n\nIN ACCEPT -p icmp\nIN SSH(ACCEPT)\nIN ACCEPT -p tcp -dport 9345\nIN ACCEPT -p tcp -dport 10250\nIN ACCEPT -p udp -dport 4789\nIN ACCEPT -p tcp -dport 30000:32767\n"
    )
    story.describe("rke-w3", name)
    story.affected = ["rke-w3"]
    story.cite("pve-firewall.log", "DPT=179")
    return story


def address_list_without_the_new_node(now: datetime) -> Incident:
    story = incident(
        "packet-filter-names-each-node-by-its-address",
        CAUSE,
        "RKE2 on Debian with hand-kept nftables rules: TCP 179 is open only for the addresses of a named set, and nobody added the node that joined yesterday (the kubelet's and Typha's ports are open for the whole subnet). The new calico-node misses all four peers, whose counter of dropped packets grows; within the old four everything is Established.",
        "https://docs.rke2.io/install/requirements (inbound network rules: Calico BGP, TCP 179)",
        now,
        platform="other",
        calico="v3.29.3",
        kubernetes="v1.32.4+rke2r1",
        registry="docker.io/rancher/mirrored-calico",
        difficulty="medium",
    )
    old = {f"kube-{n:02d}": f"172.29.14.{10 + n}" for n in (1, 2, 3, 4)}
    new = {"kube-05": "172.29.14.37"}
    dress = {
        "os_image": "Debian GNU/Linux 12 (bookworm)",
        "kernel": "6.1.0-34-amd64",
        "runtime": "containerd://2.0.4-k3s2",
    }
    story.hosts(old, **dress)
    story.hosts(new, **dress, age=83_000, since=82_900)
    story.staff(old, started=1_500_000)
    init = [container(story, "install-cni", "docker.io/rancher/mirrored-calico-cni:v3.29.3", done=True, started=82_940)]
    name = story.staff(new, ready=False, started=82_930, age=82_990, init=init)[0]
    story.typha("kube-02", started=1_500_000)
    peers = list(old.values())
    story.not_established(name, peers, 14, 82_900, 2_761)
    story.node_event("kube-03", "NodeNotReady", "Node kube-03 status is now: NodeNotReady", 2_950, type_="Normal", source="node-controller")  # fmt: skip
    story.node_event("kube-03", "NodeReady", "Node kube-03 status is now: NodeReady", 2_890, type_="Normal")
    boot = story.boot("kube-05", 82_930, peers, up=[], interface="eno1", prefix=24)
    story.log(name, [*boot, "bird: Graceful restart done", *story.quiet(900, 8, 61)])
    seen = ["bird: Mesh_172_29_14_37: Initializing", "bird: Mesh_172_29_14_37: Starting", "bird: Mesh_172_29_14_37: State changed to start", "bird: Reconfigured"]  # fmt: skip
    story.log(story.pods["kube-01"], [*story.quiet(90_000, 83_200, 3_000), story.say(82_938, "INFO", 60, "confd", "resource.go 278:", "Target config /etc/calico/confd/config/bird.cfg has been updated due to change in key: /calico/bgp/v1/host"), "bird: Reconfiguration requested by SIGHUP", "bird: Reconfiguring", *seen, *story.quiet(82_000, 20, 7_400)])  # fmt: skip
    story.texts["kube-01.txt"] = (
        "root@kube-01:~# nft list table inet host\ntable inet host {\n\tset cluster_nodes {\n\t\ttype ipv4_addr\n\t\telements = { 172.29.14.11, 172.29.14.12,\n\t\t\t     172.29.14.13, 172.29.14.14 }\n\t}\n\n"
        '\tchain input {\n\t\ttype filter hook input priority 0; policy drop;\n\t\tct state established,related accept\n\t\tct state invalid drop\n\t\tiif "lo" accept\n\t\tiifname "cali*" accept\n\t\tip protocol icmp accept\n\t\ttcp dport 22 accept\n'
        "\t\tip saddr 172.29.14.0/24 tcp dport { 2379-2380, 5473, 6443, 9345, 10250 } accept\n\t\tip saddr 172.29.14.0/24 udp dport 4789 accept\n\t\tip saddr @cluster_nodes tcp dport 179 accept\n\t\tcounter packets 110438 bytes 6626280 drop\n\t}\n}\n"
        "root@kube-01:~# tcpdump -nni eno1 -c4 'tcp port 179 and host 172.29.14.37'\nlistening on eno1, link-type EN10MB (Ethernet), snapshot length 262144 bytes\n"
        + "".join(
            f"{story.stamp(300 - gap)[11:]}{211 + gap} IP 172.29.14.37.{port} > 172.29.14.11.179: Flags [S], seq {seq}, win 64240, options [mss 1460,sackOK,TS val {ts} ecr 0,nop,wscale 7], length 0\n"
            for gap, port, seq, ts in (
                (0, 43_815, 2_880_117_340, 82_612_400),
                (1, 43_815, 2_880_117_340, 82_613_424),
                (3, 43_815, 2_880_117_340, 82_615_472),
                (7, 43_815, 2_880_117_340, 82_619_568),
            )
        )
        + "4 packets captured\n"
    )
    story.texts["calicoctl-kube-05.txt"] = node_status(
        [(a, "start", story.stamp(82_928)[:10], "Connect") for a in peers]
    )
    story.texts["calicoctl-kube-02.txt"] = node_status(
        [(a, "up", "2026-01-19", "Established") for n, a in old.items() if n != "kube-02"]
        + [("172.29.14.37", "start", story.stamp(82_938)[:10], "Passive")]
    )
    story.describe("kube-05", name)
    story.affected = ["kube-05"]
    story.cite("kube-01.txt", "ip saddr @cluster_nodes tcp dport 179 accept")
    return story


STORIES = [control_plane_takes_no_bgp, hypervisor_firewall_of_one_machine, address_list_without_the_new_node]
