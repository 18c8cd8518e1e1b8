"""dns-failure: a name that Calico needs does not resolve."""

from __future__ import annotations

from datetime import datetime

from cluster import NO_CNI, container
from telling import FELIX_REFUSED, NOT_LIVE, SOCKET, Incident, incident

CAUSE = "dns-failure"


def name_of_the_hosts_file(now: datetime) -> Incident:
    story = incident(
        "name-of-the-api-stands-only-in-the-hosts-file",
        CAUSE,
        "The API's name in the services endpoint stands only in the hosts' /etc/hosts; the pods ask the cluster's DNS, which does not know it, and calico-node waits at its datastore check.",
        "https://github.com/projectcalico/calico/issues/7165",
        now,
        platform="other",
        calico="v3.24.5",
        kubernetes="v1.25.5",
        registry="docker.io/calico",
        difficulty="medium",
        acceptable=["invalid-calico-config"],
    )
    hosts = {f"seal{n}": f"192.168.72.{n}" for n in (32, 33, 34)}
    story.hosts(hosts)
    env = {
        "env": [
            {"name": "KUBERNETES_SERVICE_HOST", "value": "apiserver.cluster.local"},
            {"name": "KUBERNETES_SERVICE_PORT", "value": "6443"},
        ]
    }
    for i, node in enumerate(hosts):
        name = story.staff(
            {node: hosts[node]}, ready=False, restarts=20 + i, started=58, last=("Error", 137, 70), spec=env
        )[0]
        story.probe(name, FELIX_REFUSED, 11 + i, 4000, 180)
        story.probe(name, NOT_LIVE, 70 + i, 4000, 120, "Liveness")
        story.log(
            name,
            story.failing(node, 58)
            + [
                story.say(
                    57 - 1.1 * n,
                    "INFO",
                    9,
                    "startup",
                    "startup.go 456:",
                    'Hit error connecting to datastore - retry error=Get "https://apiserver.cluster.local:6443/api/v1/nodes/foo": dial tcp: lookup apiserver.cluster.local on 10.96.0.10:53: no such host',
                )
                for n in range(45)
            ],
        )
    story.describe("seal33")
    story.affected = list(hosts)
    story.cite(f"{name}.log", "lookup apiserver.cluster.local on 10.96.0.10:53: no such host")
    return story


def localhost(now: datetime) -> Incident:
    story = incident(
        "localhost-is-asked-of-a-public-server",
        CAUSE,
        "On one host the name localhost does not resolve any more (its hosts file was emptied): Felix cannot open its health endpoint, and the liveness probe kills a working calico-node each minute.",
        "https://github.com/projectcalico/calico/issues/8616",
        now,
        platform="other",
        calico="v3.27.0",
        kubernetes="v1.28.7",
        registry="docker.io/calico",
        namespace="kube-system",
        difficulty="hard",
        acceptable=["worker-local-failure"],
    )
    hosts = {f"abbas-{x}": f"10.31.0.{n}" for n, x in enumerate(("m", "n1", "n2", "n3"), 10)}
    story.hosts(hosts)
    bad = "abbas-n2"
    story.staff({k: v for k, v in hosts.items() if k != bad})
    name = story.staff({bad: hosts[bad]}, ready=False, restarts=58, started=64, last=("Error", 137, 75))[0]
    story.probe(
        name,
        'Felix is not live: Get "http://localhost:9099/liveness": dial tcp: lookup localhost on 8.8.8.8:53: no such host',
        78,
        5000,
        350,
        "Liveness",
    )
    story.pod_event(
        name, "Killing", "Container calico-node failed liveness probe, will be restarted", 76, 5000, 58, type_="Normal"
    )
    story.recreated(story.pods["abbas-m"], [hosts[bad]], 2700, 2)
    lines = story.boot(bad, 64, [a for n, a in hosts.items() if n != bad], interface="ens18", prefix=24)
    for n in range(26):
        lines.append(
            story.line(
                58 - 1.06 * n,
                "ERROR",
                67,
                "felix/health.go 392:",
                "Health endpoint failed, trying to restart it... error=listen tcp: lookup localhost on 8.8.8.8:53: no such host",
            )
        )
        if n % 9 == 4:
            lines.append(
                story.line(
                    57.6 - 1.06 * n,
                    "INFO",
                    67,
                    "felix/status_combiner.go 98:",
                    'Reporting combined status. id=proto.WorkloadEndpointID{OrchestratorId:"k8s", WorkloadId:"kube-system/coredns-76f75df574-s8pdn", EndpointId:"eth0"} status="up"',
                )
            )
    story.log(name, lines)
    story.describe(bad)
    story.affected = [bad]
    story.cite(f"{name}.log", "lookup localhost on 8.8.8.8:53: no such host")
    return story


def after_reboot(now: datetime) -> Incident:
    story = incident(
        "rebooted-node-asks-the-cluster-for-the-name-of-its-api",
        CAUSE,
        "After its reboot one node needs the cluster's DNS to find the API, and the network to reach that DNS: install-cni cannot resolve the API's name. The other nodes were not rebooted.",
        "https://github.com/projectcalico/calico/issues/10683",
        now,
        platform="other",
        calico="v3.30.1",
        kubernetes="v1.33.2",
        registry="quay.io/calico",
        difficulty="medium",
    )
    hosts = {f"fury-w{n}": f"10.146.0.{n}" for n in (20, 21, 23, 24)}
    story.hosts(hosts)
    story.staff(hosts)
    bad = "fury-w22"
    story.hosts({bad: "10.146.0.22"}, ready=NO_CNI, since=2600, taints=[("node.kubernetes.io/not-ready", "NoSchedule")])
    story.node_event(
        bad, "Rebooted", f"Node {bad} has been rebooted, boot id: 7f1c22f0-9a4b-4b6e-8d2d-3f5f0b8a6e11", 2590
    )
    env = {"env": [{"name": "KUBERNETES_SERVICE_HOST", "value": "api.k8s.lab.example"}]}
    init = [
        container(
            story,
            "install-cni",
            "quay.io/calico/cni:v3.30.1",
            ready=False,
            restarts=11,
            waiting="CrashLoopBackOff",
            last=("Error", 1, 75),
            spec=env,
        )
    ]
    name = story.staff(
        {bad: "10.146.0.22"}, init=init, phase="Pending", ready=False, waiting="PodInitializing", age=900_000
    )[0]
    story.pod_event(
        name,
        "BackOff",
        f"Back-off restarting failed container install-cni in pod {name}_calico-system(b0cbeec3)",
        12,
        2400,
        160,
    )
    story.stuck(
        "csi-nfs-node-7kd2m",
        bad,
        "stat /var/lib/calico/nodename: no such file or directory: check that the calico/node container is running and has mounted /var/lib/calico/",
        15,
        2400,
        160,
        "kube-system",
    )
    error = 'Unable to create token for CNI kubeconfig error=Post "https://api.k8s.lab.example:6443/api/v1/namespaces/calico-system/serviceaccounts/calico-cni-plugin/token": dial tcp: lookup api.k8s.lab.example on 10.96.0.10:53: read udp 10.146.0.22:43117->10.96.0.10:53: i/o timeout'
    story.log(
        name,
        [
            story.line(118, "INFO", 1, "cni-installer/install.go 124:", "Running as a Kubernetes pod"),
            *(
                story.line(
                    117.7,
                    "INFO",
                    1,
                    "cni-installer/install.go 180:",
                    f'File is already up to date, skipping file="/host/opt/cni/bin/{x}"',
                )
                for x in (
                    "bandwidth",
                    "calico",
                    "calico-ipam",
                    "flannel",
                    "host-local",
                    "loopback",
                    "portmap",
                    "tuning",
                )
            ),
            story.line(
                117.4, "INFO", 1, "cni-installer/install.go 215:", "Wrote Calico CNI binaries to /host/opt/cni/bin"
            ),
            story.line(117.3, "INFO", 1, "cni-installer/install.go 225:", "CNI plugin version: v3.30.1"),
            story.line(77, "ERROR", 1, "cni-installer/token_watch.go 108:", error),
            story.line(77, "FATAL", 1, "cni-installer/install.go 478:", error),
        ],
        f"{name}-cni.log",
    )
    story.describe(bad)
    story.affected = [bad]
    story.cite(f"{name}-cni.log", "lookup api.k8s.lab.example on 10.96.0.10:53")
    return story


def local_cache(now: datetime) -> Incident:
    story = incident(
        "etcd-by-name-and-a-crashing-local-cache",
        CAUSE,
        "calico-node finds its etcd by name through the node's own DNS cache, and that cache crashes on two nodes: the name does not resolve there. Loud are BIRD's socket and the peers of both.",
        "https://github.com/kubernetes/kops/issues/9245",
        now,
        platform="other",
        calico="v3.9.6",
        kubernetes="v1.16.10",
        registry="calico",
        namespace="kube-system",
        difficulty="hard",
    )
    hosts = {f"ip-172-20-{a}-{b}": f"172.20.{a}.{b}" for a, b in ((33, 10), (41, 80), (58, 9), (72, 144), (90, 31))}
    names = story.hosts(
        hosts, runtime="docker://18.9.9", os_image="Debian GNU/Linux 9 (stretch)", kernel="4.9.0-12-amd64"
    )
    bad = names[1:3]
    story.staff({k: v for k, v in hosts.items() if k not in bad})
    for i, node in enumerate(names):
        broken = node in bad
        cache = story.other(
            f"node-local-dns-{['4zf8h', '7kq2m', '9xw3r', 'b2v6n', 'c5t8p'][i]}",
            node,
            "",
            "kube-system",
            app="node-local-dns",
            image="k8s.gcr.io/k8s-dns-node-cache:1.15.10",
            **(
                {"ready": False, "restarts": 90, "waiting": "CrashLoopBackOff", "last": ("Error", 1, 100 + i)}
                if broken
                else {}
            ),
        )
        if broken:
            name = story.staff({node: hosts[node]}, ready=False, restarts=40, started=55, last=("Error", 137, 66))[0]
            story.probe(name, SOCKET.replace("/var/run/calico", "/var/run/bird"), 9 + i, 6000, 400)
            story.log(
                name,
                story.failing(node, 55)
                + [
                    story.line(
                        54 - 10.3 * n,
                        "INFO",
                        8,
                        "startup.go 353:",
                        "Hit error connecting to datastore - retry error=dial tcp: lookup etcd-calico.internal.zoo.example.com on 169.254.20.10:53: read udp 172.20.41.80:39110->169.254.20.10:53: read: connection refused".replace(
                            "172.20.41.80", hosts[node]
                        ),
                    )
                    for n in range(5)
                ],
            )
            story.commands[f"{node}.txt"] = f"describe pod -n kube-system {name}"
            last_cache = cache
    story.recreated(story.pods[names[0]], [hosts[n] for n in bad], 2500, 2)
    story.log(
        last_cache,
        [
            "2020/06/02 08:40:44 [INFO] Using Corefile /etc/Corefile".replace(
                "2020/06/02 08:40:44", story.ago(100)[:19].replace("-", "/").replace("T", " ")
            ),
            f"{story.ago(100)[:19].replace('-', '/').replace('T', ' ')} [ERROR] Error listening on 169.254.20.10:8080: listen tcp 169.254.20.10:8080: bind: address already in use",
        ],
    )
    story.commands |= {
        "pods.txt": "get pods -A -o wide",
        "nodes.txt": "get nodes",
        "describe-first.txt": f"describe pod -n kube-system {story.pods[names[0]]}",
    }
    story.affected = bad
    story.cite(f"{name}.log", "lookup etcd-calico.internal.zoo.example.com on 169.254.20.10:53")
    return story


STORIES = [name_of_the_hosts_file, localhost, after_reboot, local_cache]
