"""apiserver-unreachable: told without having seen the rules, then opened."""

from __future__ import annotations

from datetime import datetime

from cluster import container
from telling import Incident, incident

CAUSE = "apiserver-unreachable"


def no_default_route(now: datetime) -> Incident:
    story = incident(
        "worker-came-back-without-a-default-route",
        CAUSE,
        "After a change of its network file one of four hosts came back without a default route. Its kubelet talks to the masters on the same subnet and is Ready, but the API's service address is 'network is unreachable' before any kube-proxy rule can turn it round: install-cni and calico-node end there, kube-proxy is well.",
        "https://github.com/kubernetes/kubernetes/issues/110659 and https://github.com/projectcalico/calico/issues/8481",
        now,
        platform="other",
        calico="v3.27.0",
        kubernetes="v1.28.6",
        registry="docker.io/calico",
        namespace="kube-system",
        difficulty="medium",
    )
    hosts = {"lab-m1": "10.12.40.5", "lab-n1": "10.12.40.11", "lab-n2": "10.12.40.12"}
    system = {"os_image": "Ubuntu 22.04.3 LTS", "kernel": "5.15.0-91-generic", "runtime": "containerd://1.7.2", "age": 8_100_000}  # fmt: skip
    story.hosts(hosts, since=8_000_000, **system)
    bad = story.hosts({"lab-n3": "10.12.40.13"}, since=5_100, **system)[0]
    story.staff(hosts, started=3_600_000, age=8_000_000, restarts=1, last=("Error", 255, 3_600_060))
    init = [
        container(story, "upgrade-ipam", "docker.io/calico/cni:v3.27.0", done=True, restarts=1, started=5_090),
        container(story, "install-cni", "docker.io/calico/cni:v3.27.0", ready=False, restarts=19, waiting="CrashLoopBackOff", message="back-off 5m0s restarting failed container=install-cni", last=("Error", 1, 130)),
    ]  # fmt: skip
    name = story.staff({bad: "10.12.40.13"}, init=init, ready=False, waiting="PodInitializing", phase="Pending", age=8_000_000)[0]  # fmt: skip
    story.pod_event(name, "BackOff", f"Back-off restarting failed container install-cni in pod {name}_kube-system(c2f5)", 9, 5_060, 371)  # fmt: skip
    story.pod_event(
        name, "SandboxChanged", "Pod sandbox changed, it will be killed and re-created.", 5_095, type_="Normal"
    )
    story.node_event(
        bad, "Rebooted", f"Node {bad} has been rebooted, boot id: 1d7e0c55-52b0-4a5e-9f61-2e1c9a8f4b07", 5_110
    )
    story.node_event(bad, "Starting", "Starting kubelet.", 5_112, type_="Normal")
    story.node_event(bad, "NodeReady", f"Node {bad} status is now: NodeReady", 5_100, type_="Normal")
    proxy = story.other("kube-proxy-7h2lq", bad, owner="DaemonSet/kube-proxy", app="kube-proxy", image="registry.k8s.io/kube-proxy:v1.28.6", restarts=1, started=5_085, last=("Unknown", 255, 5_120))  # fmt: skip
    post = 'Post "https://10.96.0.1:443/api/v1/namespaces/kube-system/serviceaccounts/calico-node/token": dial tcp 10.96.0.1:443: connect: network is unreachable'
    lines = [
        story.line(131.9, "INFO", 1, "cni-installer/<nil> <nil>:", "Running as a Kubernetes pod"),
        *(story.line(131.7 - 0.04 * n, "INFO", 1, "cni-installer/<nil> <nil>:", f'File is already up to date, skipping file="/host/opt/cni/bin/{x}"') for n, x in enumerate(("bandwidth", "calico", "calico-ipam", "flannel", "host-local", "loopback", "portmap", "tuning"))),
        story.line(131.2, "INFO", 1, "cni-installer/<nil> <nil>:", "Wrote Calico CNI binaries to /host/opt/cni/bin\n"),
        story.line(131.1, "INFO", 1, "cni-installer/<nil> <nil>:", "CNI plugin version: v3.27.0\n"),
        story.line(131.0, "INFO", 1, "cni-installer/<nil> <nil>:", "/host/secondary-bin-dir is not writeable, skipping"),
        f"W{story.klog(130.9)}       1 client_config.go:617] Neither --kubeconfig nor --master was specified.  Using the inClusterConfig.  This might not work.",
        story.line(130.8, "ERROR", 1, "cni-installer/<nil> <nil>:", f"Unable to create token for CNI kubeconfig error={post}"),
        story.line(130.8, "FATAL", 1, "cni-installer/<nil> <nil>:", f"Unable to create token for CNI kubeconfig error={post}"),
    ]  # fmt: skip
    story.log("", lines, f"{name}-install-cni.log")
    story.log(
        "",
        [
            f'I{story.klog(5_084)}       1 server_others.go:72] "Using iptables proxy"',
            f'I{story.klog(5_083)}       1 server.go:1050] "Successfully retrieved node IP(s)" IPs=["10.12.40.13"]',
            f'I{story.klog(5_082)}       1 conntrack.go:58] "Setting nf_conntrack_max" nfConntrackMax=131072',
            f'I{story.klog(5_082)}       1 server.go:652] "kube-proxy running in dual-stack mode" primary ipFamily="IPv4"',
            f'I{story.klog(5_081)}       1 server.go:846] "Version info" version="v1.28.6"',
            f"I{story.klog(5_080)}       1 shared_informer.go:318] Caches are synced for service config",
            f"I{story.klog(5_080)}       1 shared_informer.go:318] Caches are synced for endpoint slice config",
        ],
        f"{proxy}.log",
    )
    neighbour = story.pods["lab-n1"]
    down = "Mesh_10_12_40_13"
    story.log(
        neighbour,
        [
            *story.quiet(9_000, 5_400, 600),
            *(f"bird: {down}: {text}" for text in ("Error: Hold timer expired", "State changed to stop", "State changed to down", "Starting", "State changed to start")),
            *story.quiet(5_000, 30, 700),
        ],
    )  # fmt: skip
    story.texts["lab-n3-root.txt"] = (
        "root@lab-n3:~# ip route | grep -v cali\n10.12.40.0/24 dev eno2 proto kernel scope link src 10.12.40.13\n172.17.0.0/16 dev docker0 proto kernel scope link src 172.17.0.1 linkdown\n"
        "root@lab-n3:~# ping -c1 -W1 10.12.40.5 | tail -2\n1 packets transmitted, 1 received, 0% packet loss, time 0ms\nrtt min/avg/max/mdev = 0.218/0.218/0.218/0.000 ms\n"
        "root@lab-n3:~# iptables-save -t nat | grep -c 10.96.0.1/32\n1\n"
    )
    story.describe(bad, name)
    story.affected = [bad]
    story.cite(f"{name}-install-cni.log", "dial tcp 10.96.0.1:443: connect: network is unreachable")
    return story


def endpoint_is_everybodys_own_address(now: datetime) -> Incident:
    story = incident(
        "the-apis-endpoint-is-every-machines-own-nat-address",
        CAUSE,
        "Virtual machines of one laptop: the API server advertises the NAT interface's address, which each machine has itself. On the master the service address works; on both workers it leads to themselves, where nobody listens: connection refused, calico-node never passes its check. The kubelets go to the host-only address and are connected.",
        "https://github.com/projectcalico/calico/issues/2720 and https://github.com/kubernetes/kubernetes/issues/82943",
        now,
        platform="other",
        calico="v3.8.2",
        kubernetes="v1.15.3",
        registry="calico",
        namespace="kube-system",
        difficulty="medium",
    )
    system = {
        "os_image": "Ubuntu 16.04.6 LTS",
        "kernel": "4.4.0-157-generic",
        "runtime": "docker://18.9.7",
        "age": 5_400,
    }
    story.hosts({"k8s-head": "192.168.205.10"}, since=5_200, labels={"node-role.kubernetes.io/master": ""}, **system)
    workers = {"k8s-node-1": "192.168.205.11", "k8s-node-2": "192.168.205.12"}
    story.hosts(workers, since=4_400, **{**system, "age": 4_700}, calico_up=False)
    for item in story.objects["Node"][
        1:
    ]:  # calico has not spoken on them yet, the plugin's file is written all the same
        item["status"]["conditions"], item["metadata"]["annotations"] = item["status"]["conditions"][1:], {}
    story.staff({"k8s-head": "192.168.205.10"}, started=5_150, age=5_190)
    for n, (node, address) in enumerate(workers.items()):
        name = story.staff({node: address}, ready=False, restarts=14 - n, waiting="CrashLoopBackOff", message=f"Back-off 5m0s restarting failed container=calico-node pod=calico-node-{n}", last=("Error", 1, 150 + 31 * n), age=4_690)[0]  # fmt: skip
        story.probe(name, "BIRD is not ready: Failed to stat() nodename file: stat /var/lib/calico/nodename: no such file or directory", 170 + 31 * n, 4_660, 88 - n)  # fmt: skip
        story.pod_event(name, "BackOff", "Back-off restarting failed container", 20 + n, 4_600, 175)
        story.other(f"kube-proxy-{'xl'[n]}9{'d2'[n]}wk", node, owner="DaemonSet/kube-proxy", app="kube-proxy", image="k8s.gcr.io/kube-proxy:v1.15.3", started=4_650, age=4_690)  # fmt: skip
    bad = story.pods["k8s-node-1"]
    refused = "Hit error connecting to datastore - retry error=Get https://10.96.0.1:443/api/v1/nodes/foo: dial tcp 10.96.0.1:443: connect: connection refused"  # fmt: skip
    lines = story.failing("k8s-node-1", 182)
    lines += [story.line(181.7 - 1.01 * n, "INFO", 8, "startup.go 364:", refused) for n in range(30)]
    story.log(f"{bad}-previous", lines)
    story.log(story.pods["k8s-head"], story.old_boot("k8s-head", 5_140, interface="enp0s8", prefix=24) + story.quiet(5_000, 20, 410))  # fmt: skip
    for n, pod in enumerate(("coredns-5c98db65d4-4gkxm", "coredns-5c98db65d4-vz7tl")):
        story.other(pod, "k8s-head", f"10.244.34.{65 + n}", owner="ReplicaSet/coredns-5c98db65d4", app="coredns", image="k8s.gcr.io/coredns:1.3.1", started=5_000, age=5_300)  # fmt: skip
    story.texts["svc-and-ep.txt"] = (
        "vagrant@k8s-head:~$ kubectl get svc,ep kubernetes\n"
        "NAME                 TYPE        CLUSTER-IP   EXTERNAL-IP   PORT(S)   AGE\nservice/kubernetes   ClusterIP   10.96.0.1    <none>        443/TCP   90m\n\n"
        "NAME                   ENDPOINTS        AGE\nendpoints/kubernetes   10.0.2.15:6443   90m\n"
        "vagrant@k8s-head:~$ kubectl config view -o jsonpath='{.clusters[0].cluster.server}'\nhttps://192.168.205.10:6443\n"
        "vagrant@k8s-node-1:~$ ip -4 -o a s | awk '{print $2,$4}'\nlo 127.0.0.1/8\nenp0s3 10.0.2.15/24\nenp0s8 192.168.205.11/24\ndocker0 172.17.0.1/16\n"
        "vagrant@k8s-node-1:~$ curl -k https://192.168.205.10:6443/healthz ; echo ; curl -k https://10.96.0.1/healthz\nok\ncurl: (7) Failed to connect to 10.96.0.1 port 443: Connection refused\n"
    )
    story.describe("k8s-node-1", bad)
    story.affected = list(workers)
    story.cite(f"{bad}-previous.log", "dial tcp 10.96.0.1:443: connect: connection refused")
    story.cite("svc-and-ep.txt", "10.0.2.15:6443")
    return story


def firewall_of_the_control_plane_came_back(now: datetime) -> Incident:
    story = incident(
        "ufw-of-the-control-plane-is-on-again-after-its-reboot",
        CAUSE,
        "kubeadm: after a reboot of the only control plane host its ufw is active again and drops 6443 from all but one admin network and, by an old rule, the first two workers. On the other three, new connections to the API's service address end in a time-out; their kubelets use an allowed load balancer and are Ready. calico-nodes of the three cannot start again since the rolling restart; BGP complaints and sandbox failures follow.",
        "https://github.com/projectcalico/calico/issues/4935 and https://kubernetes.io/docs/reference/networking/ports-and-protocols/",
        now,
        platform="other",
        calico="v3.27.0",
        kubernetes="v1.29.3",
        namespace="kube-system",
        registry="docker.io/calico",
        difficulty="medium",
    )
    hosts = {"osl-cp1": "10.84.3.10"} | {f"osl-w{n}": f"10.84.3.{20 + n}" for n in range(1, 6)}
    bad = ["osl-w3", "osl-w4", "osl-w5"]
    system = {"os_image": "Ubuntu 22.04.4 LTS", "kernel": "5.15.0-105-generic", "runtime": "containerd://1.7.12"}
    story.hosts(hosts, age=8_000_000, since=4_000_000, **system)
    story.staff({k: v for k, v in hosts.items() if k not in bad}, started=2_500, age=2_600)
    names = []
    for n, node in enumerate(bad):
        init = [container(story, "upgrade-ipam", "docker.io/calico/cni:v3.27.0", done=True), container(story, "install-cni", "docker.io/calico/cni:v3.27.0", done=True), container(story, "mount-bpffs", "docker.io/calico/node:v3.27.0", done=True)]  # fmt: skip
        if n == 2:
            init[1] = container(story, "install-cni", "docker.io/calico/cni:v3.27.0", ready=False, restarts=9, waiting="CrashLoopBackOff", last=("Error", 1, 75))  # fmt: skip
            init[2] = container(story, "mount-bpffs", "docker.io/calico/node:v3.27.0", ready=False, waiting="PodInitializing")  # fmt: skip
        names += story.staff({node: hosts[node]}, init=init, ready=False, restarts=0 if n == 2 else 14 + n, waiting="PodInitializing" if n == 2 else "CrashLoopBackOff", last=None if n == 2 else ("Error", 1, 100 + 40 * n), phase="Pending" if n == 2 else "Running", age=2_350 - 50 * n)  # fmt: skip
        story.pod_event(names[-1], "BackOff", f"Back-off restarting failed container {('calico-node', 'install-cni')[n == 2]} in pod {names[-1]}_kube-system(e77b)", 14 + n, 2_000, 120)  # fmt: skip
    service = 'Get "https://10.96.0.1:443/{}": dial tcp 10.96.0.1:443: i/o timeout'
    lines = story.failing("osl-w3", 262)
    for n in range(5):
        lines.append(story.say(231.9 - 31 * n, "INFO", 9, "startup", "startup.go 485:", "Hit error connecting to datastore - retry error=" + service.format("api/v1/nodes/foo")))  # fmt: skip
    story.log(names[0], lines)
    story.texts[f"{names[2]}-cni.log"] = "\n".join(
        [
            story.line(106.2, "INFO", 1, "cni-installer/<nil>", "<nil>: Running as a Kubernetes pod"),
            story.line(106.0, "INFO", 1, "cni-installer/<nil>", "<nil>: File is already up to date, skipping file=\"/host/opt/cni/bin/bandwidth\""),
            story.line(105.9, "INFO", 1, "cni-installer/<nil>", "<nil>: File is already up to date, skipping file=\"/host/opt/cni/bin/calico\""),
            story.line(105.7, "INFO", 1, "cni-installer/<nil>", "<nil>: Wrote Calico CNI binaries to /host/opt/cni/bin"),
            story.line(105.6, "INFO", 1, "cni-installer/<nil>", "<nil>: CNI plugin version: v3.27.0"),
            story.line(75.6, "ERROR", 1, "cni-installer/<nil>", "<nil>: Unable to create token for CNI kubeconfig error=Post \"https://10.96.0.1:443/api/v1/namespaces/kube-system/serviceaccounts/calico-cni-plugin/token\": dial tcp 10.96.0.1:443: i/o timeout"),
            story.line(75.6, "FATAL", 1, "cni-installer/<nil>", "<nil>: Unable to create token for CNI kubeconfig error=Post \"https://10.96.0.1:443/api/v1/namespaces/kube-system/serviceaccounts/calico-cni-plugin/token\": dial tcp 10.96.0.1:443: i/o timeout"),
        ]
    ) + "\n"  # fmt: skip
    story.not_established(story.pods["osl-w1"], [hosts[k] for k in bad], 1_900, 2_400, 17, established=2)
    story.stuck("ledger-6b8f9d7c5-w8xkq", "osl-w4", "error getting ClusterInformation: " + service.format("apis/crd.projectcalico.org/v1/clusterinformations/default"), 40, 1_700, 55)  # fmt: skip
    kernel = []
    for n in range(12):
        ago, source = 240 - 17 * n, hosts[bad[n % 3]]
        kernel.append(f"{story.syslog(ago)} osl-cp1 kernel: [{5_410 + 17 * n}.{310_522 + 1_207 * n}] [UFW BLOCK] IN=ens18 OUT= MAC=bc:24:11:3a:90:0c:bc:24:11:7e:02:{n:02x}:08:00 SRC={source} DST=10.84.3.10 LEN=60 TOS=0x00 PREC=0x00 TTL=64 ID={21_004 + 913 * n} DF PROTO=TCP SPT={38_212 + 410 * n} DPT=6443 WINDOW=64240 RES=0x00 SYN URGP=0")  # fmt: skip
    story.log("", kernel, "osl-cp1-kern.log")
    story.describe("osl-w3", names[0])
    story.affected = bad
    story.cite(f"{names[0]}.log", "dial tcp 10.96.0.1:443: i/o timeout")
    story.cite("osl-cp1-kern.log", "DPT=6443")
    return story


STORIES = [no_default_route, endpoint_is_everybodys_own_address, firewall_of_the_control_plane_came_back]
