"""kubelet-stopped-posting: told without having seen the rules, then opened."""

from __future__ import annotations

from datetime import datetime

from cluster import UNKNOWN, join
from telling import Incident, incident, node_status

CAUSE = "kubelet-stopped-posting"
LOST = [("node.kubernetes.io/unreachable", "NoExecute"), ("node.kubernetes.io/unreachable", "NoSchedule")]


def flag_that_the_new_kubelet_does_not_know(now: datetime) -> Incident:
    story = incident(
        "network-plugin-flag-survived-the-upgrade-to-1-24",
        CAUSE,
        "Two workers were upgraded to 1.24 with a drop-in that still gives --network-plugin=cni: their kubelet ends at each start (unknown flag) and both are Unknown. The ticket is about a calico upgrade that stands at 3 of 5; calico-node on the two still runs and keeps its sessions, nobody there can replace it.",
        "https://github.com/kubernetes-sigs/kubespray/issues/8924",
        now,
        platform="other",
        calico="v3.22.3",
        kubernetes="v1.23.7",
        namespace="kube-system",
        registry="quay.io/calico",
        difficulty="medium",
    )
    hosts = {f"irp-n{n}": f"10.121.8.{30 + n}" for n in range(1, 6)}
    bad = ["irp-n4", "irp-n5"]
    system = {"os_image": "Ubuntu 20.04.4 LTS", "kernel": "5.4.0-113-generic", "runtime": "containerd://1.6.4"}
    story.hosts({k: v for k, v in hosts.items() if k not in bad}, age=20_000_000, **system)
    story.hosts(
        {k: hosts[k] for k in bad}, age=20_000_000, ready=UNKNOWN, since=9_900, taints=LOST, calico_up=True, **system
    )
    story.staff({k: v for k, v in hosts.items() if k not in bad}, started=7_900, age=8_000)
    old = {"image": "quay.io/calico/node:v3.21.4", "cni_image": "quay.io/calico/cni:v3.21.4"}
    names = story.staff({k: hosts[k] for k in bad}, started=4_000_000, age=4_000_100, **old)
    for item in story.objects["Pod"]:
        if item["metadata"]["name"] in names:
            item["metadata"] |= {"deletionTimestamp": story.ago(7_600), "deletionGracePeriodSeconds": 30}
            item["status"]["conditions"][1]["status"] = "False"
    for node, name in zip(bad, names, strict=True):
        story.node_event(
            node,
            "NodeNotReady",
            f"Node {node} status is now: NodeNotReady",
            9_890,
            type_="Normal",
            source="node-controller",
        )
        story.pod_event(name, "NodeNotReady", "Node is not ready", 9_890, source="node-controller")
    me = story.pods["irp-n2"]
    story.not_established(me, [hosts["irp-n1"]], 7_890, 7_895, 1, established=3)
    lines = story.boot("irp-n2", 7_898, [a for k, a in hosts.items() if k != "irp-n2"], interface="ens160", prefix=24)
    story.log(me, [*lines, *story.quiet(7_000, 20, 400)])
    journal = []
    for i in range(9):
        at, run = 95 - 10.3 * i, 961 + i
        stamp = story.syslog(at)
        journal += [
            f"{stamp} irp-n5 systemd[1]: kubelet.service: Scheduled restart job, restart counter is at {run}.",
            f"{stamp} irp-n5 systemd[1]: Stopped Kubernetes Kubelet Server.",
            f"{stamp} irp-n5 systemd[1]: Started Kubernetes Kubelet Server.",
            f"{story.syslog(at - 0.4)} irp-n5 kubelet[{104_000 + 31 * i}]: Error: failed to parse kubelet flag: unknown flag: --network-plugin",
            f"{story.syslog(at - 0.4)} irp-n5 systemd[1]: kubelet.service: Main process exited, code=exited, status=1/FAILURE",
            f"{story.syslog(at - 0.4)} irp-n5 systemd[1]: kubelet.service: Failed with result 'exit-code'.",
        ]
    story.texts["irp-n5/journal-kubelet.txt"] = join(journal)
    story.texts["irp-n5/crictl-ps.txt"] = (
        "CONTAINER           IMAGE               CREATED             STATE     NAME           ATTEMPT   POD ID          POD\n"
        f"6d1a0c57be214       9a154323fbf74       6 weeks ago         Running   calico-node    0         0f4b2ad8813c6   {names[1]}\n"
        "b05c77d3e8a19       beb86f5d8e6cd       6 weeks ago         Running   kube-proxy     0         2ce8f0b1d7725   kube-proxy-tk8w2\n"
    )
    story.texts["irp-n5/calicoctl-node-status.txt"] = node_status(
        [(a, "up", story.stamp(7_890)[11:19], "Established") for k, a in hosts.items() if k not in ("irp-n5", "irp-n4")]
        + [(hosts["irp-n4"], "up", story.ago(4_000_000)[:10], "Established")]
    )
    story.commands |= {"nodes.txt": "get nodes -o wide", "pods.txt": "get pods -n kube-system -o wide"}
    story.commands["describe-nodes-n4-n5.txt"] = "describe node irp-n4 irp-n5"
    story.commands["describe-calico-node-n5.txt"] = f"describe pod -n kube-system {names[1]}"
    story.affected = bad
    story.cite("irp-n5/journal-kubelet.txt", "failed to parse kubelet flag: unknown flag: --network-plugin")
    story.cite("describe-nodes-n4-n5.txt", "Kubelet stopped posting node status.")
    return story


def kubelets_of_one_rack_lost_the_virtual_address(now: datetime) -> Incident:
    story = incident(
        "virtual-address-of-the-masters-moved-and-one-rack-did-not-follow",
        CAUSE,
        "A control plane host was restarted and kube-vip moved the virtual address; the switch of rack C keeps the old entry, so the kubelets of its three hosts (which use the virtual address) cannot post and went Unknown. calico-node there speaks to the API by the service address and notices nothing: ready, BGP up. The evictions and the typha that came back elsewhere are what was reported.",
        "https://github.com/kube-vip/kube-vip/issues/508",
        now,
        platform="other",
        calico="v3.28.1",
        kubernetes="v1.29.8",
        registry="quay.io/calico",
        difficulty="hard",
    )
    hosts = {f"m{n}": f"10.212.0.{n}" for n in (11, 12, 13)} | {f"b{n}": f"10.212.0.{40 + n}" for n in (1, 2, 3)}
    lost = {f"c{n}": f"10.212.0.{60 + n}" for n in (1, 2, 3)}
    system = {"os_image": "Rocky Linux 9.4 (Blue Onyx)", "kernel": "5.14.0-427.33.1.el9_4.x86_64", "runtime": "containerd://1.7.21"}  # fmt: skip
    story.hosts(hosts, age=12_000_000, **system)
    story.hosts(lost, age=12_000_000, ready=UNKNOWN, since=5_500, taints=LOST, **system)
    story.staff({k: v for k, v in hosts.items() if k != "m12"}, started=3_000_000)
    story.staff({"m12": hosts["m12"]}, started=5_445, age=3_000_060, restarts=1, last=("Unknown", 255, 5_500))
    names = story.staff(lost, started=3_000_000)
    for item in story.objects["Pod"]:
        if item["metadata"]["name"] in names:
            item["status"]["conditions"][1]["status"] = "False"
    story.typha("b1", "k2v7d", started=2_900_000)
    story.typha("b3", "x9qmw", started=5_150)
    made = story.objects["Pod"][-1]
    made["metadata"]["creationTimestamp"] = made["status"]["startTime"] = story.ago(5_190)
    story.node_event(
        "m12", "Rebooted", "Node m12 has been rebooted, boot id: 0c7be0a2-5b6d-4f35-9d11-3f5a7be2c9d4", 5_480
    )
    for node, name in zip(lost, names, strict=True):
        story.node_event(node, "NodeNotReady", f"Node {node} status is now: NodeNotReady", 5_495, type_="Normal", source="node-controller")  # fmt: skip
        story.pod_event(name, "NodeNotReady", "Node is not ready", 5_495, source="node-controller")
    story.pod_event(
        "calico-typha-5c9d8f7b6-r4c8p",
        "TaintManagerEviction",
        "Marking for deletion Pod calico-system/calico-typha-5c9d8f7b6-r4c8p",
        5_195,
        type_="Normal",
        source="taint-eviction-controller",
    )
    lines = story.quiet(9_000, 5_230, 420)
    lines.append(
        story.say(5_160, "INFO", 66, "felix", "int_dataplane.go 2013:", "Received *proto.HostMetadataV4V6Update update from calculation graph. msg=hostname:\"m12\" ipv4_addr:\"10.212.0.12/24\"")
    )  # fmt: skip
    lines += story.quiet(5_000, 15, 420)
    story.log(names[1], lines, "c2-calico-node.log")
    journal = []
    for i in range(7):
        at = 71.5 - 10 * i
        journal += [
            f'{story.syslog(at)} c2 kubelet[1420]: E{story.klog(at)}    1420 kubelet_node_status.go:540] "Error updating node status, will retry" err="error getting node \\"c2\\": Get \\"https://10.212.0.10:6443/api/v1/nodes/c2?timeout=10s\\": dial tcp 10.212.0.10:6443: connect: no route to host"',
            f'{story.syslog(at - 3)} c2 kubelet[1420]: E{story.klog(at - 3)}    1420 controller.go:145] "Failed to ensure lease exists, will retry" err="Get \\"https://10.212.0.10:6443/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/c2?timeout=10s\\": dial tcp 10.212.0.10:6443: connect: no route to host" interval="7s"',
        ]
    story.texts["c2-kubelet-journal.txt"] = join(journal)
    story.texts["c2-terminal.txt"] = (
        "[root@c2 ~]# ping -c2 -W1 -q 10.212.0.10 | grep packets\n2 packets transmitted, 0 received, +2 errors, 100% packet loss, time 1013ms\n"
        "[root@c2 ~]# for m in 11 12 13; do nc -z -w2 10.212.0.$m 6443 && echo m$m ok; done\nm11 ok\nm12 ok\nm13 ok\n"
        "[root@c2 ~]# curl -sk https://10.96.0.1/healthz; echo\nok\n"
        "[root@c2 ~]# ip neigh show 10.212.0.10\n10.212.0.10 dev bond0 FAILED\n"
        "[root@b1 ~]# ip neigh show 10.212.0.10\n10.212.0.10 dev bond0 lladdr 52:54:00:7b:11:0d REACHABLE\n"
    )
    story.texts["c2-node-status.txt"] = node_status(
        [(a, "up", story.ago(2_990_000)[:10] if k != "m12" else story.stamp(5_440)[11:19], "Established") for k, a in {**hosts, **lost}.items() if k != "c2"]
    )  # fmt: skip
    story.events()
    story.commands |= {
        "get-nodes.txt": "get nodes -o wide",
        "get-pods-calico.txt": "get pods -n calico-system -o wide",
        "describe-node-c2.txt": "describe node c2",
    }
    story.affected = list(lost)
    story.cite("describe-node-c2.txt", "Kubelet stopped posting node status.")
    story.cite("c2-kubelet-journal.txt", "Error updating node status, will retry")
    return story


def cgroup_driver_of_docker_was_changed(now: datetime) -> Incident:
    story = incident(
        "docker-was-told-systemd-the-kubelet-still-says-cgroupfs",
        CAUSE,
        "On two of six hosts an automation set docker's cgroup driver to systemd and restarted it; the kubelet there still says cgroupfs and ends at each start (misconfiguration), so both are Unknown. The ticket is about BGP: the other four miss just these two, and pods are Terminating.",
        "https://github.com/kubernetes/kubernetes/issues/43805 and https://kubernetes.io/docs/tasks/administer-cluster/kubeadm/configure-cgroup-driver/",
        now,
        platform="other",
        calico="v3.17.6",
        kubernetes="v1.20.15",
        namespace="kube-system",
        registry="docker.io/calico",
        difficulty="medium",
    )
    hosts = {f"bdx-{n:02d}": f"10.44.9.{40 + n}" for n in range(1, 7)}
    lost = ["bdx-02", "bdx-05"]
    system = {"os_image": "CentOS Linux 7 (Core)", "kernel": "3.10.0-1160.71.1.el7.x86_64", "runtime": "docker://19.3.15"}  # fmt: skip
    story.hosts({k: v for k, v in hosts.items() if k not in lost}, age=40_000_000, since=20_000_000, **system)
    for n, node in enumerate(lost):
        story.hosts({node: hosts[node]}, age=40_000_000, ready=UNKNOWN, since=7_420 - 260 * n, taints=LOST, **system)
        story.node_event(node, "NodeNotReady", f"Node {node} status is now: NodeNotReady", 7_420 - 260 * n, type_="Normal", source="node-controller")  # fmt: skip
    good = [k for k in hosts if k not in lost]
    story.staff({k: hosts[k] for k in good}, started=19_000_000, age=19_000_100, restarts=1, last=("Error", 143, 19_000_040))  # fmt: skip
    for node in lost:
        name = story.staff({node: hosts[node]}, ready=False, started=19_000_000, age=19_000_100)[0]
        story.pod_event(name, "NodeNotReady", "Node is not ready", 7_150, source="node-controller")
    for n, node in enumerate(lost):
        story.other(f"payments-6f7d9c8b5-{'mw'[n]}4k{'xz'[n]}t", node, f"10.233.{70 + n}.18", "prod", "ReplicaSet/payments-6f7d9c8b5", app="payments", started=1_000_000, age=1_000_030)  # fmt: skip
        story.objects["Pod"][-1]["metadata"] |= {"deletionTimestamp": story.ago(7_080 - 260 * n), "deletionGracePeriodSeconds": 30}  # fmt: skip
    peers = [hosts[k] for k in lost]
    story.not_established(story.pods["bdx-03"], peers, 6_900, 7_300, 9, established=3)
    lines = story.quiet(12_000, 7_500, 1_500)
    for peer in peers:
        mesh = "Mesh_" + peer.replace(".", "_")
        lines += [
            f"bird: {mesh}: Error: Hold timer expired"
            if peer != peers[0]
            else f"bird: {mesh}: Received: Peer de-configured",
            f"bird: {mesh}: State changed to start",
            f"bird: {mesh}: Socket: Connection refused",
            f"bird: {mesh}: Socket: Connection refused",
        ]
    lines += story.quiet(7_000, 120, 1_700)
    story.log(story.pods["bdx-03"], lines)
    words = 'failed to run Kubelet: misconfiguration: kubelet cgroup driver: "cgroupfs" is different from docker cgroup driver: "systemd"'  # fmt: skip
    journal = [
        f"{story.syslog(7_466)} bdx-02 ansible-copy[20511]: Invoked with dest=/etc/docker/daemon.json src=daemon.json mode=0644",
        f"{story.syslog(7_463)} bdx-02 systemd[1]: Stopping Docker Application Container Engine...",
        f"{story.syslog(7_452)} bdx-02 systemd[1]: Starting Docker Application Container Engine...",
        f'{story.syslog(7_450)} bdx-02 dockerd[20630]: time="{story.ago(7_450)}" level=info msg="Loading containers: done."',
        f"{story.syslog(7_449)} bdx-02 systemd[1]: Started Docker Application Container Engine.",
    ]
    for n in range(8):
        ago, pid = 7_446 - 10.4 * n if n < 5 else 260 - 10.4 * n, 20_700 + 61 * n
        journal += [
            f"{story.syslog(ago)} bdx-02 systemd[1]: Started kubelet: The Kubernetes Node Agent.",
            f'{story.syslog(ago - 1)} bdx-02 kubelet[{pid}]: I{story.klog(ago - 1)} {pid:7} docker_service.go:242] Hairpin mode set to "hairpin-veth"',
            f"{story.syslog(ago - 1)} bdx-02 kubelet[{pid}]: F{story.klog(ago - 1)} {pid:7} server.go:269] {words}",
            f"{story.syslog(ago - 1)} bdx-02 systemd[1]: kubelet.service: main process exited, code=exited, status=255/n/a",
            f"{story.syslog(ago - 1)} bdx-02 systemd[1]: Unit kubelet.service entered failed state.",
        ]
        if n == 4:
            journal.append("-- 2 hours of the same --")
    story.log("", journal, "bdx-02-messages.txt")
    story.commands |= {
        "nodes.txt": "get nodes -o wide",
        "pods.txt": "get pods -A -o wide",
        "describe-node-bdx-02.txt": "describe node bdx-02",
        "describe-calico-node-on-bdx-03.txt": f"describe pod -n kube-system {story.pods['bdx-03']}",
    }
    story.affected = lost
    story.cite("describe-node-bdx-02.txt", "Kubelet stopped posting node status.")
    story.cite("bdx-02-messages.txt", "is different from docker cgroup driver")
    return story


STORIES = [
    flag_that_the_new_kubelet_does_not_know,
    kubelets_of_one_rack_lost_the_virtual_address,
    cgroup_driver_of_docker_was_changed,
]
