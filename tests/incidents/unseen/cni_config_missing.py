"""cni-config-missing: told without having seen the rules."""

from __future__ import annotations

from datetime import datetime

from cluster import NO_CNI, container
from telling import Incident, incident, node_status

CAUSE = "cni-config-missing"


def no_address(story: Incident) -> None:
    """The pod told last has no address yet."""
    status = story.objects["Pod"][-1]["status"]
    status |= {"podIPs": []}
    del status["podIP"]


def cleaned_up_after_a_reset(now: datetime) -> Incident:
    story = incident(
        "nodes-file-vanished-while-the-agent-runs",
        CAUSE,
        "A clean-up script emptied /etc/cni/net.d on one worker: the kubelet says 'cni config uninitialized' and new pods wait, while calico-node there has run for days, is ready and has all its BGP sessions.",
        "https://github.com/kubernetes-sigs/kubespray/issues/5104",
        now,
        platform="other",
        calico="v3.8.4",
        kubernetes="v1.15.6",
        namespace="kube-system",
        registry="docker.io/calico",
        difficulty="medium",
    )
    hosts = {"kspray-m1": "10.77.1.11", "kspray-w1": "10.77.1.21", "kspray-w2": "10.77.1.22", "kspray-w3": "10.77.1.23"}
    bad = "kspray-w2"
    down = (
        "False",
        "KubeletNotReady",
        "runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:docker: network plugin is not ready: cni config uninitialized",
    )
    old = {"os_image": "Ubuntu 18.04.3 LTS", "kernel": "4.15.0-66-generic", "runtime": "docker://18.9.7"}
    story.hosts({k: v for k, v in hosts.items() if k != bad}, **old)
    story.hosts(
        {bad: hosts[bad]}, ready=down, since=2500, taints=(("node.kubernetes.io/not-ready", "NoSchedule"),), **old
    )
    story.staff(hosts, started=600_000)
    name = story.pods[bad]
    peers = [v for k, v in hosts.items() if k != bad]
    story.node_event(bad, "NodeNotReady", f"Node {bad} status is now: NodeNotReady", 2500, type_="Normal")
    for i in range(2):
        pod = story.other(
            f"fluentd-{'px'[i]}4k9{'zd'[i]}",
            bad,
            "none",
            "logging",
            ready=False,
            phase="Pending",
            waiting="ContainerCreating",
            age=2200,
        )
        no_address(story)
        story.pod_event(
            pod,
            "NetworkNotReady",
            "network is not ready: [runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:docker: network plugin is not ready: cni config uninitialized]",
            3 + i,
            2190,
            109,
            namespace="logging",
        )
    story.log(name, [*story.old_boot(bad, 599_990, peers)[-22:], *story.quiet(3000, 10, 300)])
    story.texts["on-kspray-w2.txt"] = (
        f"root@kspray-w2:~# ls -la /etc/cni/net.d/\ntotal 8\ndrwxr-xr-x 2 root root 4096 {story.syslog(2510)[:-3]} .\ndrwxr-xr-x 3 root root 4096 Nov  4 09:12 ..\nroot@kspray-w2:~# calicoctl node status\n"
        + node_status([(p, "up", "2026-11-16", "Established") for p in peers])
    )
    story.describe(bad, name)
    story.affected = [bad]
    story.cite(f"describe-node-{bad}.txt", "cni config uninitialized")
    return story


def renamed_by_a_trial_of_another_plugin(now: datetime) -> Incident:
    story = incident(
        "conflist-carries-the-suffix-of-a-trial",
        CAUSE,
        "Another network plugin was tried on one worker and removed; it had renamed Calico's file to 10-calico.conflist.cilium_bak. No valid file is left in net.d, so the worker is NotReady (cni plugin not initialized), while calico-node is 1/1 and all its sessions are up.",
        "https://docs.cilium.io/en/stable/helm-reference/ (cni.exclusive)",
        now,
        platform="vpc",
        calico="v3.28.2",
        kubernetes="v1.30.7+IKS",
        difficulty="medium",
        acceptable=["interfaces-conflict"],
    )
    nodes = [f"10.247.8.{n}" for n in (5, 7, 11)]
    bad = nodes[1]
    story.workers([n for n in nodes if n != bad])
    story.workers(
        [bad],
        ready=NO_CNI,
        since=4300,
        taints=(("node.kubernetes.io/not-ready", "NoSchedule"), ("node.kubernetes.io/not-ready", "NoExecute")),
    )
    story.agents(nodes, started=700_000)
    name = story.pods[bad]
    story.node_event(bad, "NodeNotReady", f"Node {bad} status is now: NodeNotReady", 4300, type_="Normal")
    web = story.other(
        "portal-75c9d8b6f-tn4qz",
        bad,
        "none",
        "web",
        "ReplicaSet/portal-75c9d8b6f",
        ready=False,
        phase="Pending",
        waiting="ContainerCreating",
        age=4000,
    )
    no_address(story)
    story.pod_event(
        web,
        "NetworkNotReady",
        "network is not ready: container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized",
        4,
        3990,
        1990,
        namespace="web",
    )
    story.log(
        name,
        [
            *story.boot(bad, 699_990, [n for n in nodes if n != bad])[-9:],
            story.say(
                30_000,
                "INFO",
                66,
                "cni-config-monitor",
                "token_watch.go 279:",
                "Update of CNI kubeconfig triggered based on elapsed time.",
            ),
            *story.quiet(6000, 15, 400),
        ],
    )
    story.texts["worker-net.d.txt"] = (
        "sh-5.1# ls -l /host/etc/cni/net.d\ntotal 12\n-rw------- 1 root root  684 Nov 15 14:22 10-calico.conflist.cilium_bak\n-rw------- 1 root root 2836 Nov 23 08:40 calico-kubeconfig\nsh-5.1# journalctl -u containerd | tail -2\n"
        + f'{story.syslog(4310)} kube-csx containerd[1020]: time="{story.ago(4310)}" level=info msg="cni config load: \\"/etc/cni/net.d/05-cilium.conflist\\" removed"\n{story.syslog(4309)} kube-csx containerd[1020]: time="{story.ago(4309)}" level=error msg="failed to reload cni configuration after receiving fs change event(REMOVE \\"/etc/cni/net.d/05-cilium.conflist\\")" error="cni config load failed: no network config found in /etc/cni/net.d: cni plugin not initialized: failed to load cni config"\n'
    )
    story.texts["node-status.txt"] = node_status([(n, "up", "2026-11-15", "Established") for n in nodes if n != bad])
    story.describe(bad)
    story.affected = [bad]
    story.cite("worker-net.d.txt", "no network config found in /etc/cni/net.d")
    return story


def runtime_reads_another_folder(now: datetime) -> Incident:
    # told on 29 November 2026 without having seen the rules
    story = incident(
        "runtime-looks-into-another-folder",
        CAUSE,
        "On the two GPU hosts containerd's configuration was written anew by a toolkit with another conf_dir: install-cni wrote 10-calico.conflist as ever and calico-node is 1/1 with all sessions up, but the runtime loads its network from an empty folder: NotReady, cni plugin not initialized.",
        "https://github.com/containerd/containerd/blob/main/docs/cri/config.md (plugins cri.cni conf_dir)",
        now,
        platform="other",
        calico="v3.28.1",
        kubernetes="v1.30.5",
        registry="quay.io/calico",
        difficulty="hard",
    )
    system = {"os_image": "Ubuntu 22.04.5 LTS", "kernel": "5.15.0-122-generic", "runtime": "containerd://1.7.22"}
    good = {f"lab-c{n}": f"10.66.14.{10 + n}" for n in (1, 2, 3)}
    bad = {f"lab-gpu{n}": f"10.66.14.{30 + n}" for n in (1, 2)}
    story.hosts(good, **system)
    story.hosts(
        bad,
        ready=NO_CNI,
        since=6100,
        taints=[("node.kubernetes.io/not-ready", "NoSchedule"), ("node.kubernetes.io/not-ready", "NoExecute")],
        **system,
    )
    story.staff(good, started=1_300_000)
    names = story.staff(bad, started=6050, restarts=1, last=("Error", 137, 6090))
    peers = [*good.values(), bad["lab-gpu2"]]
    install = container(story, "install-cni", f"quay.io/calico/cni:{story.calico}", done=True, started=6070)
    for name in names:
        made = next(p for p in story.objects["Pod"] if p["metadata"]["name"] == name)
        made["status"]["initContainerStatuses"] = [{k: v for k, v in install.items() if k != "spec"}]
    for n, node in enumerate(bad):
        story.node_event(node, "NodeNotReady", f"Node {node} status is now: NodeNotReady", 6100, type_="Normal")
        driver = story.other(
            f"nvidia-device-plugin-daemonset-{'qx'[n]}7wz{'kd'[n]}",
            node,
            "none",
            "gpu-operator",
            "DaemonSet/nvidia-device-plugin-daemonset",
            ready=False,
            phase="Pending",
            waiting="ContainerCreating",
            age=5900,
        )
        story.objects["Pod"][-1]["status"] |= {"podIPs": [], "hostIP": bad[node]}
        del story.objects["Pod"][-1]["status"]["podIP"]
        story.pod_event(
            driver,
            "NetworkNotReady",
            "network is not ready: container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized",
            5,
            5890,
            2944,
            namespace="gpu-operator",
        )
    me, name = "lab-gpu1", names[0]
    log = [*story.boot(me, 6050, peers, interface="bond0", prefix=24), *story.quiet(5900, 10, 610)]
    story.log(name, log)
    story.log(
        name,
        [
            story.line(6069 - 0.05 * i, "INFO", 1, "cni-installer/install.go " + p, t)
            for i, (p, t) in enumerate(
                (
                    ("143:", "Running as a Kubernetes pod"),
                    ("224:", "Installed /host/opt/cni/bin/calico"),
                    ("224:", "Installed /host/opt/cni/bin/calico-ipam"),
                    ("228:", "Wrote Calico CNI binaries to /host/opt/cni/bin\n"),
                    ("252:", f"CNI plugin version: {story.calico}\n"),
                    ("387:", "Using CNI config template from CNI_NETWORK_CONFIG environment variable."),
                    ("429:", "Created /host/etc/cni/net.d/10-calico.conflist"),
                    ("253:", "Done configuring CNI.  Sleep= false"),
                )
            )
        ],
        f"{name}-install-cni.log",
    )
    story.texts["gpu1-session.txt"] = (
        f"root@{me}:~# ls -l /etc/cni/net.d\ntotal 8\n-rw-r--r-- 1 root root  701 {story.syslog(6069)[:12]} 10-calico.conflist\n-rw------- 1 root root 2710 {story.syslog(6069)[:12]} calico-kubeconfig\n"
        f"root@{me}:~# crictl info | jq '.config.cni, .lastCNILoadStatus, .\"lastCNILoadStatus.default\"'\n"
        + '{\n  "binDir": "/opt/cni/bin",\n  "confDir": "/etc/containerd/cni/net.d",\n  "maxConfNum": 1,\n  "setupSerially": false,\n  "confTemplate": "",\n  "ipPref": ""\n}\n"cni config load failed: no network config found in /etc/containerd/cni/net.d: cni plugin not initialized: failed to load cni config"\n"cni config load failed: no network config found in /etc/containerd/cni/net.d: cni plugin not initialized: failed to load cni config"\n'
        f"root@{me}:~# ls -l /etc/containerd/\ntotal 12\ndrwxr-xr-x 3 root root 4096 {story.syslog(6140)[:12]} cni\n-rw-r--r-- 1 root root 1942 {story.syslog(6130)[:12]} config.toml\n-rw-r--r-- 1 root root  886 Jan 17 10:11 config.toml.bak\n"
    )
    story.texts["node-status-gpu1.txt"] = node_status(
        [(p, "up", story.stamp(6040)[11:19], "Established") for p in peers]
    )
    story.describe(me, name)
    story.affected = list(bad)
    story.cite("gpu1-session.txt", "no network config found in /etc/containerd/cni/net.d")
    return story


def first_file_belongs_to_the_other_plugin(now: datetime) -> Incident:
    story = incident(
        "first-file-is-the-clouds-own-plugin",
        CAUSE,
        "Calico replaced the cloud's own CNI, whose daemonset was deleted, on hosts that had run it before: its 10-aws.conflist is still the first file there, so the runtime calls a plugin whose agent is gone. calico-node is 1/1 on all hosts; hosts that joined later are fine.",
        "https://docs.tigera.io/calico/latest/getting-started/kubernetes/managed-public-cloud/eks",
        now,
        platform="other",
        calico="v3.29.1",
        kubernetes="v1.31.2-eks-7f9249a",
        registry="quay.io/calico",
        difficulty="medium",
        acceptable=["interfaces-conflict"],
    )
    hosts = {f"ip-10-19-4-{n}.ec2.internal": f"10.19.4.{n}" for n in (27, 58, 133, 201)}
    names = list(hosts)
    system = {"os_image": "Amazon Linux 2", "kernel": "5.10.226-214.880.amzn2.x86_64", "runtime": "containerd://1.7.22"}
    story.hosts({k: hosts[k] for k in names[:2]}, age=8_400_000, **system)
    story.hosts({k: hosts[k] for k in names[2:]}, age=5_000, since=4_900, **system)
    story.staff({k: hosts[k] for k in names[:2]}, started=7_000, age=7_050)
    story.staff({k: hosts[k] for k in names[2:]}, started=4_950, age=4_980)
    for at, suffix, ago in ((names[1], "h2x7p", 6_990), (names[2], "w4k9t", 4_930)):
        story.typha(at, suffix, started=ago)
        made = story.objects["Pod"][-1]
        made["metadata"]["creationTimestamp"] = made["status"]["startTime"] = story.ago(ago + 15)
    error = 'add cmd: Error received from AddNetwork gRPC call: rpc error: code = Unavailable desc = connection error: desc = "transport: Error while dialing: dial tcp 127.0.0.1:50051: connect: connection refused"'
    for n, pod in enumerate(
        ("coredns-6799d65cb-4nwxp", "coredns-6799d65cb-ztq7k", "calico-kube-controllers-7c6bb4d4f9-8ktlq")
    ):
        space = "calico-system" if n == 2 else "kube-system"
        story.stuck(pod, names[n % 2], error, 11 + n, 6800, 470, namespace=space)
        message = story.objects["Event"][-1]
        message["message"] = message["message"].replace(
            'plugin type="calico" failed (add)', 'plugin type="aws-cni" name="aws-cni" failed (add)'
        )
    for n in (2, 3):
        story.other(
            f"report-{n}-84b7d6c5f-qx{n}zk",
            names[n],
            f"192.168.{n}.5",
            "default",
            f"ReplicaSet/report-{n}-84b7d6c5f",
            age=4000,
        )
    me = names[0]
    log = story.boot(me, 7_000, bird=False, prefix=24)
    story.log(
        story.pods[me],
        [
            *(x for x in log if "bird" not in x and "confd/" not in x),
            "CALICO_NETWORKING_BACKEND is vxlan - no need to run a BGP daemon",
            story.say(
                6996.5,
                "INFO",
                61,
                "felix",
                "vxlan_mgr.go 553:",
                "VXLAN tunnel device thread started. ipVersion=0x4 mtu=8951",
            ),
            *story.quiet(3600, 20, 300),
        ],
    )
    story.texts["cni-folders.txt"] = (
        f"# {me}\n[ec2-user@{me.split('.')[0]} ~]$ sudo ls /etc/cni/net.d /opt/cni/bin\n/etc/cni/net.d:\n10-aws.conflist  10-calico.conflist  calico-kubeconfig\n\n/opt/cni/bin:\naws-cni  aws-cni-support.sh  bandwidth  bridge  calico  calico-ipam  dhcp  egress-cni  firewall  flannel  host-device  host-local  ipvlan  loopback  macvlan  portmap  ptp  tuning  vlan\n\n# {names[2]}\n/etc/cni/net.d:\n10-calico.conflist  calico-kubeconfig\n"
    )
    story.commands = {
        "nodes.txt": "get nodes -o wide",
        "pods.txt": "get pods -A -o wide",
        "describe-coredns.txt": "describe pod -n kube-system coredns-6799d65cb-4nwxp",
        f"describe-pod-{story.pods[me]}.txt": f"describe pod -n calico-system {story.pods[me]}",
    }
    story.events()
    story.affected = names[:2]
    story.cite("describe-coredns.txt", 'plugin type="aws-cni" name="aws-cni" failed (add)')
    story.cite("cni-folders.txt", "10-aws.conflist")
    return story


STORIES = [
    cleaned_up_after_a_reset,
    renamed_by_a_trial_of_another_plugin,
    runtime_reads_another_folder,
    first_file_belongs_to_the_other_plugin,
]
