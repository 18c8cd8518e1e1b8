"""apiserver-tls-failure: TLS to the API server or etcd fails."""

from __future__ import annotations

from datetime import datetime

from telling import FELIX_REFUSED, SOCKET, Incident, incident

CAUSE = "apiserver-tls-failure"


def rotated_authority(now: datetime) -> Incident:
    story = incident(
        "workers-keep-the-old-authority-after-rotation",
        CAUSE,
        "After the cluster's authority was rotated, calico-node on the three workers does not trust the API's new certificate; the control plane's own pods were restarted and do.",
        "https://github.com/rancher/rancher/issues/18805",
        now,
        platform="other",
        calico="v3.10.3",
        kubernetes="v1.16.8",
        registry="rancher/calico",
        namespace="kube-system",
        difficulty="medium",
    )
    hosts = {f"brandon-{x}": f"172.16.128.{n}" for n, x in ((5, "c1"), (6, "c2"), (21, "w1"), (22, "w2"), (23, "w3"))}
    bad = ["brandon-w1", "brandon-w2", "brandon-w3"]
    story.hosts(hosts, runtime="docker://18.9.8", os_image="Ubuntu 18.04.4 LTS", kernel="4.15.0-88-generic")
    story.staff({k: v for k, v in hosts.items() if k not in bad}, started=9000)
    error = 'Hit error connecting to datastore - retry error=Get https://10.43.0.1:443/api/v1/nodes/foo: x509: certificate signed by unknown authority (possibly because of "crypto/rsa: verification error" while trying to verify candidate authority certificate "kube-ca")'
    for i, node in enumerate(bad):
        name = story.staff({node: hosts[node]}, ready=False, restarts=22 + i, started=55, last=("Error", 137, 70))[0]
        story.probe(name, SOCKET, 15 + i, 7000, 310)
        story.pod_event(
            name,
            "Killing",
            "Container calico-node failed liveness probe, will be restarted",
            72,
            7000,
            22,
            type_="Normal",
        )
        story.log(
            name, story.failing(node, 55) + [story.line(54 - n, "INFO", 8, "startup.go 353:", error) for n in range(50)]
        )
    story.recreated(story.pods["brandon-c1"], [hosts[n] for n in bad], 3000, 1)
    story.describe("brandon-w1")
    story.describe("brandon-c1")
    story.affected = bad
    story.cite(f"{name}.log", "x509: certificate signed by unknown authority")
    return story


def k3s_reinstalled(now: datetime) -> Incident:
    story = incident(
        "plugin-trusts-the-authority-of-the-first-install",
        CAUSE,
        "The server was installed anew and has another authority; calico-node runs, but the kubeconfig that its plugin uses holds the old one, and every sandbox fails with x509.",
        "https://github.com/projectcalico/calico/issues/4308",
        now,
        platform="other",
        calico="v3.17.1",
        kubernetes="v1.20.0+k3s2",
        registry="docker.io/calico",
        namespace="calico-system",
        difficulty="medium",
        acceptable=["cni-token-invalid"],
    )
    hosts = {"endor": "192.168.4.20", "hoth": "192.168.4.21", "yavin": "192.168.4.22"}
    story.hosts(hosts, runtime="containerd://1.4.3-k3s1", os_image="Arch Linux", kernel="5.10.6-arch1-1")
    story.staff(hosts, started=5000, age=5100)
    story.probe(story.pods["hoth"], FELIX_REFUSED, 3500, 3510, 3)
    error = 'error getting ClusterInformation: Get "https://10.43.0.1:443/apis/crd.projectcalico.org/v1/clusterinformations/default": x509: certificate signed by unknown authority'
    story.stuck("coredns-854c77959c-58hnv", "endor", error, 10, 4800, 310, "kube-system", "old")
    story.stuck("metrics-server-86cbb8457f-k2vqs", "yavin", error, 14, 4800, 309, "kube-system", "old")
    lines = []
    for i in range(14):
        sandbox, ago = f"63e8acd8{0x1DDF168089D + i * 7919:x}0646a2b4", 880 - 61 * i
        pre = f"{story.syslog(ago)} endor k3s[24742]: "
        lines += [
            f'{pre}E{story.klog(ago)}   24742 remote_runtime.go:116] RunPodSandbox from runtime service failed: rpc error: code = Unknown desc = failed to setup network for sandbox "{sandbox}": {error}',
            f'{pre}E{story.klog(ago)}   24742 kuberuntime_manager.go:755] createPodSandbox for pod "coredns-854c77959c-58hnv_kube-system(45d3b9c8-868c-4061-830d-de7c0342ac55)" failed: rpc error: code = Unknown desc = failed to setup network for sandbox "{sandbox}": {error}',
            f"{pre}I{story.klog(ago - 20)}   24742 controller.go:132] OpenAPI AggregationController: action for item v1beta1.metrics.k8s.io: Rate Limited Requeue.",
        ]
    story.log("journal", lines, "k3s-journal-endor.log")
    story.commands = {
        "nodes.txt": "get nodes -o wide",
        "pods.txt": "get pods -A -o wide",
        "coredns.txt": "describe pod -n kube-system coredns-854c77959c-58hnv",
    }
    story.affected = ["endor", "yavin"]
    story.cite("k3s-journal-endor.log", "x509: certificate signed by unknown authority")
    return story


def wrong_name(now: datetime) -> Incident:
    story = incident(
        "new-virtual-address-is-not-in-the-certificate",
        CAUSE,
        "The services endpoint was set to a new virtual address which the API's certificate does not name: every calico-node ends at start. The crash loop of the dashboard is older and another matter.",
        "https://github.com/projectcalico/calico/blob/release-v3.28/node/pkg/lifecycle/startup/startup.go",
        now,
        platform="other",
        calico="v3.28.0",
        kubernetes="v1.30.2",
        registry="docker.io/calico",
        difficulty="medium",
        acceptable=["invalid-calico-config"],
    )
    hosts = {f"alma9-{n}": f"10.20.4.{n}" for n in (9, 10, 11, 12, 13)}
    story.hosts(hosts, os_image="AlmaLinux 9.4 (Seafoam Ocelot)", kernel="5.14.0-427.22.1.el9_4.x86_64")
    env = {
        "env": [
            {"name": "KUBERNETES_SERVICE_HOST", "value": "10.20.4.200"},
            {"name": "KUBERNETES_SERVICE_PORT", "value": "6443"},
        ]
    }
    error = 'Get "https://10.20.4.200:6443/api/v1/nodes/foo": tls: failed to verify certificate: x509: certificate is valid for 10.96.0.1, 10.20.4.9, 10.20.4.10, 10.20.4.11, not 10.20.4.200'
    for i, node in enumerate(hosts):
        name = story.staff(
            {node: hosts[node]}, ready=False, restarts=17, started=60 + i, last=("Error", 137, 75), spec=env
        )[0]
        story.probe(name, FELIX_REFUSED, 12 + i, 5000, 200)
    story.other(
        "kubernetes-dashboard-7c8f5d9b6-lkx2p",
        "alma9-12",
        "10.244.7.3",
        "dashboard",
        "ReplicaSet/kubernetes-dashboard-7c8f5d9b6",
        ready=False,
        restarts=912,
        waiting="CrashLoopBackOff",
        last=("Error", 2, 210),
    )
    for node in ("alma9-9", "alma9-13"):
        name = story.pods[node]
        story.log(
            name,
            story.failing(node, 60)
            + [
                story.say(
                    59 - n,
                    "INFO",
                    9,
                    "startup",
                    "startup.go 459:",
                    f"Hit error connecting to datastore - retry error={error}",
                )
                for n in range(54)
            ],
        )
        story.commands[f"{name}.txt"] = f"describe pod -n calico-system {name}"
    story.commands |= {"pods.txt": "get pods -A -o wide", "nodes.txt": "get nodes -o wide"}
    story.affected = list(hosts)
    story.cite(f"{name}.log", "x509: certificate is valid for 10.96.0.1")
    return story


def etcd_client(now: datetime) -> Incident:
    story = incident(
        "etcd-refuses-the-year-old-client-certificate",
        CAUSE,
        "calico-node only sees deadlines at its etcd; etcd's own journal says that the client certificate of the calico pods has expired. Pods made before keep working, BGP stays up on most hosts.",
        "https://github.com/projectcalico/calico/issues/3969",
        now,
        platform="other",
        calico="v3.16.5",
        kubernetes="v1.19.7",
        registry="quay.io/calico",
        namespace="kube-system",
        difficulty="hard",
    )
    hosts = {f"kspray{n}": f"10.3.1.{n}" for n in (4, 5, 6, 7, 8, 9)}
    story.hosts(
        hosts, runtime="docker://19.3.14", os_image="CentOS Linux 7 (Core)", kernel="3.10.0-1160.11.1.el7.x86_64"
    )
    bad = ["kspray7", "kspray9"]
    story.staff({k: v for k, v in hosts.items() if k not in bad})
    env = {
        "env": [
            {"name": "ETCD_ENDPOINTS", "value": "https://10.3.1.4:2379,https://10.3.1.5:2379,https://10.3.1.6:2379"},
            {"name": "ETCD_CERT_FILE", "value": "/calico-secrets/cert.crt"},
        ]
    }
    for i, node in enumerate(bad):
        name = story.staff(
            {node: hosts[node]}, ready=False, restarts=31 + i, started=80, last=("Error", 1, 95), spec=env
        )[0]
        story.probe(name, SOCKET, 20 + i, 6000, 300)
        story.describe(node)
        story.log(
            name,
            story.failing(node, 80)
            + [
                story.say(
                    70 - 11 * n,
                    "INFO",
                    9,
                    "startup",
                    "startup.go 380:",
                    "Hit error connecting to datastore - retry error=context deadline exceeded",
                )
                for n in range(6)
            ],
        )
    lines = []
    for i in range(30):
        ago, ip = 900 - 29 * i, ("10.3.1.7", "10.3.1.9", "10.3.1.8")[i % 3]
        lines.append(
            f'{story.syslog(ago)} kspray4 etcd[1432]: rejected connection from "{ip}:{40122 + 37 * i}" (error "tls: failed to verify client\'s certificate: x509: certificate has expired or is not yet valid", ServerName "")'
        )
        if i % 7 == 0:
            lines.append(f"{story.syslog(ago - 3)} kspray4 etcd[1432]: store.index: compact {88201734 + 3000 * i}")
            lines.append(
                f"{story.syslog(ago - 4)} kspray4 etcd[1432]: finished scheduled compaction at {88201734 + 3000 * i} (took 2.118312ms)"
            )
    story.log("etcd", lines, "etcd-journal-kspray4.txt")
    story.affected = bad
    story.cite("etcd-journal-kspray4.txt", "x509: certificate has expired")
    return story


STORIES = [rotated_authority, k3s_reinstalled, wrong_name, etcd_client]
