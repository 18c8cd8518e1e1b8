"""apiserver-unreachable: Calico cannot reach the Kubernetes API while the kubelet may still."""

from __future__ import annotations

from datetime import datetime

from cluster import NO_CNI, container
from telling import FELIX_REFUSED, NOT_LIVE, SOCKET, Incident, incident

CAUSE = "apiserver-unreachable"


def during_upgrade(now: datetime) -> Incident:
    story = incident(
        "three-of-five-stuck-at-the-service-address",
        CAUSE,
        "Since the upgrade three of five workers get no answer from the API's service address; calico-node never passes its datastore check, kubelets are connected.",
        "https://github.com/projectcalico/calico/issues/6115",
        now,
        platform="other",
        calico="v3.14.0",
        kubernetes="v1.16.13",
        registry="docker.io/calico",
        namespace="kube-system",
        difficulty="medium",
    )
    hosts = {f"prod-k8s-{n}": f"10.55.120.{n}" for n in (11, 12, 13, 14, 15)}
    bad = ["prod-k8s-13", "prod-k8s-14", "prod-k8s-15"]
    story.hosts(hosts, runtime="docker://19.3.8", os_image="Ubuntu 20.04 LTS", kernel="5.4.0-42-generic")
    story.staff({k: v for k, v in hosts.items() if k not in bad})
    for i, node in enumerate(bad):
        name = story.staff(
            {node: hosts[node]}, ready=False, restarts=40 + i, started=75 - i, last=("Error", 137, 90), age=9000
        )[0]
        story.probe(
            name,
            NOT_LIVE.replace('"http://localhost:9099/liveness"', "http://localhost:9099/liveness"),
            95 + i,
            8800,
            250,
            "Liveness",
        )
        story.probe(name, SOCKET, 18 + i, 8900, 480)
        story.pod_event(
            name,
            "Killing",
            "Container calico-node failed liveness probe, will be restarted",
            92 + i,
            8800,
            40,
            type_="Normal",
        )
        story.describe(node)
        lines = story.failing(node, 75)
        lines += [
            story.say(
                44 - 31 * n,
                "INFO",
                9,
                "startup",
                "startup.go 374:",
                "Hit error connecting to datastore - retry error=Get https://192.168.0.1:443/api/v1/nodes/foo: dial tcp 192.168.0.1:443: i/o timeout",
            )
            for n in range(2)
        ]
        story.log(name, lines)
    story.recreated(story.pods["prod-k8s-11"], [hosts[n] for n in bad], 2000, 1)
    story.affected = bad
    story.cite(f"{name}.log", "dial tcp 192.168.0.1:443: i/o timeout")
    return story


def eks_without_kube_proxy(now: datetime) -> Incident:
    story = incident(
        "eks-node-loses-the-service-address",
        CAUSE,
        "One node of six times out on the cluster's service address 172.20.0.1:443 in every process; Typha, BGP and the other nodes are well, the kubelet (which uses the endpoint's name) is Ready.",
        "https://github.com/projectcalico/calico/issues/10538",
        now,
        platform="other",
        calico="v3.29.3",
        kubernetes="v1.32.3-eks-473151a",
        registry="quay.io/calico",
        difficulty="hard",
    )
    hosts = {
        f"ip-10-61-{a}-{b}.ap-northeast-2.compute.internal": f"10.61.{a}.{b}"
        for a, b in ((8, 14), (8, 77), (21, 130), (21, 201), (40, 9), (40, 66))
    }
    names = story.hosts(hosts, os_image="Amazon Linux 2023.7.20250512", kernel="6.1.134-152.225.amzn2023.x86_64")
    bad = names[3]
    story.staff({k: v for k, v in hosts.items() if k != bad})
    name = story.staff({bad: hosts[bad]}, ready=False, restarts=0, started=260_000)[0]
    story.typha(names[0])
    story.typha(names[4], suffix="zz8kq")
    story.probe(name, "felix is not ready: readiness probe reporting 503", 11, 5200, 520)
    url = "https://172.20.0.1:443/api/v1/namespaces/calico-system/endpoints/calico-typha"
    lines = story.quiet(9000, 5500, 300)
    for i in range(7):
        at, pid = 4900 - 690 * i, 1538300 + 45 * i
        for j, process in enumerate(("status-reporter", "tunnel-ip-allocator")):
            lines += [
                story.line(
                    at - j,
                    "WARNING",
                    pid + j,
                    f"{process}/winutils.go 150:",
                    "Neither --kubeconfig nor --master was specified.  Using the inClusterConfig.  This might not work.",
                ),
                story.line(
                    at - j,
                    "INFO",
                    pid + j,
                    f"{process}/discovery.go 188:",
                    "(Re)discovering Typha endpoints using the Kubernetes API...",
                ),
                story.line(
                    at - j - 131,
                    "ERROR",
                    pid + j,
                    f"{process}/discovery.go 192:",
                    f'Unable to get Typha service endpoints from Kubernetes. error=Get "{url}": dial tcp 172.20.0.1:443: connect: connection timed out',
                ),
                story.line(
                    at - j - 131,
                    "FATAL",
                    pid + j,
                    f"{process}/startsyncerclient.go 49:",
                    f'Typha discovery enabled but discovery failed. error=Get "{url}": dial tcp 172.20.0.1:443: connect: connection timed out',
                ),
            ]
    story.log(name, sorted(lines))
    story.describe(bad)
    story.affected = [bad]
    story.cite(f"{name}.log", "dial tcp 172.20.0.1:443: connect: connection timed out")
    return story


def sandboxes_time_out(now: datetime) -> Incident:
    story = incident(
        "pods-cannot-be-wired-on-two-masters-of-kops",
        CAUSE,
        "calico-node is 1/1 with an old connection, but each new connection to the service address times out on two nodes: sandboxes, klog watches and a renewed token say the same.",
        "https://github.com/projectcalico/calico/issues/4361",
        now,
        platform="other",
        calico="v3.23.5",
        kubernetes="v1.24.10",
        registry="docker.io/calico",
        namespace="kube-system",
        difficulty="hard",
    )
    hosts = {
        f"i-0{x}": f"172.25.{n}.{n * 3}"
        for n, x in (
            (33, "4ab0c91f2e77d1a05"),
            (39, "91cc5e0d3b7a2f468"),
            (52, "a7d2e11f90b34c586"),
            (61, "c33f6b8e71d0a2945"),
        )
    }
    names = story.hosts(hosts)
    story.staff(hosts)
    bad = [names[1], names[2]]
    url = 'Get "https://[100.64.0.1]:443/apis/crd.projectcalico.org/v1/clusterinformations/default": dial tcp 100.64.0.1:443: i/o timeout'
    for i, node in enumerate(bad):
        story.stuck(
            f"cert-manager-cainjector-7b94bf-{i}4jzl",
            node,
            f"error getting ClusterInformation: {url}",
            20,
            2900,
            60,
            "cert-manager",
        )
        story.other(f"kube-proxy-{node}", node)
        name = story.pods[node]
        lines = story.quiet(7200, 3100, 400)
        for n in range(9):
            lines += [
                f'W{story.klog(3000 - 320 * n)}      61 reflector.go:324] pkg/mod/k8s.io/client-go@v0.23.3/tools/cache/reflector.go:167: failed to list *v1.Service: Get "https://100.64.0.1:443/api/v1/services?resourceVersion=88121904": dial tcp 100.64.0.1:443: i/o timeout',
                *story.quiet(2900 - 320 * n, 2800 - 320 * n, 70),
            ]
        lines.append(
            story.line(
                60,
                "ERROR",
                58,
                "cni-config-monitor/token_watch.go 107:",
                'Unable to create token for CNI kubeconfig error=Post "https://100.64.0.1:443/api/v1/namespaces/kube-system/serviceaccounts/calico-node/token": dial tcp 100.64.0.1:443: i/o timeout',
            )
        )
        story.log(name, lines)
    story.other(
        "legacy-agent-zz7ck",
        names[0],
        "100.96.4.9",
        "monitoring",
        ready=False,
        restarts=311,
        waiting="CrashLoopBackOff",
        last=("OOMKilled", 137, 200),
    )
    story.commands = {
        "nodes.txt": "get nodes",
        "pods.txt": "get pods -A -o wide",
        "cainjector.txt": "describe pod -n cert-manager cert-manager-cainjector-7b94bf-04jzl",
    }
    story.affected = bad
    story.cite("cainjector.txt", "dial tcp 100.64.0.1:443: i/o timeout")
    return story


def firewalled_pool(now: datetime) -> Incident:
    story = incident(
        "install-cni-gets-no-token-in-the-new-rack",
        CAUSE,
        "In the new rack install-cni ends because the API's address answers 'no route to host' (its firewall lets only the kubelets' load balancer through); loud are NotReady nodes without CNI.",
        "https://github.com/projectcalico/calico/issues/5794",
        now,
        platform="other",
        calico="v3.24.5",
        kubernetes="v1.25.4",
        registry="docker.io/calico",
        namespace="kube-system",
        difficulty="medium",
    )
    old = {f"r1-k8s{n}": f"10.131.1.{n}" for n in (1, 2, 3)}
    new = {f"r2-k8s{n}": f"10.131.2.{n}" for n in (1, 2)}
    story.hosts(old)
    story.hosts(new, ready=NO_CNI, since=4000, age=4100, taints=[("node.kubernetes.io/not-ready", "NoSchedule")])
    story.staff(old)
    error = 'Unable to create token for CNI kubeconfig error=Post "https://10.96.0.1:443/api/v1/namespaces/kube-system/serviceaccounts/calico-node/token": dial tcp 10.96.0.1:443: connect: no route to host'
    for node, address in new.items():
        init = [
            container(
                story,
                "install-cni",
                f"docker.io/calico/cni:{story.calico}",
                ready=False,
                restarts=15,
                waiting="CrashLoopBackOff",
                last=("Error", 1, 160),
            )
        ]
        name = story.staff(
            {node: address}, init=init, phase="Pending", ready=False, waiting="PodInitializing", age=4080
        )[0]
        story.pod_event(
            name,
            "BackOff",
            f"Back-off restarting failed container install-cni in pod {name}_kube-system(5c3b)",
            12,
            3900,
            270,
        )
        story.log(
            name,
            [
                f'time="{story.ago(164)}" level=info msg="Running as a Kubernetes pod" source="install.go:145"',
                *(
                    story.line(
                        163.8,
                        "INFO",
                        1,
                        "cni-installer/<nil> <nil>:",
                        f'File is already up to date, skipping file="/host/opt/cni/bin/{x}"',
                    )
                    for x in (
                        "bandwidth",
                        "calico",
                        "calico-ipam",
                        "flannel",
                        "host-local",
                        "install",
                        "loopback",
                        "portmap",
                        "tuning",
                    )
                ),
                story.line(
                    163.5, "INFO", 1, "cni-installer/<nil> <nil>:", "Wrote Calico CNI binaries to /host/opt/cni/bin"
                ),
                story.line(163.4, "INFO", 1, "cni-installer/<nil> <nil>:", "CNI plugin version: v3.24.5"),
                story.line(
                    163.4, "INFO", 1, "cni-installer/<nil> <nil>:", "/host/secondary-bin-dir is not writeable, skipping"
                ),
                f"W{story.klog(163)}       1 client_config.go:617] Neither --kubeconfig nor --master was specified.  Using the inClusterConfig.  This might not work.",
                story.line(160.2, "ERROR", 1, "cni-installer/<nil> <nil>:", error),
                story.line(160.2, "FATAL", 1, "cni-installer/<nil> <nil>:", error),
            ],
            f"{name}-cni.log",
        )
        story.describe(node)
    story.probe(story.pods["r1-k8s2"], FELIX_REFUSED, 3300, 3304, 2)
    story.affected = list(new)
    story.cite(f"{name}-cni.log", "dial tcp 10.96.0.1:443: connect: no route to host")
    return story


STORIES = [during_upgrade, eks_without_kube_proxy, sandboxes_time_out, firewalled_pool]
