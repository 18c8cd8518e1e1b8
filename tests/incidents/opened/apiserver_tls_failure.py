"""apiserver-tls-failure: told without having seen the rules, then opened."""

from __future__ import annotations

import json
from datetime import datetime

from cluster import container
from telling import Incident, incident

CAUSE = "apiserver-tls-failure"


def service_range_changed_the_certificate_did_not(now: datetime) -> Incident:
    story = incident(
        "new-service-range-and-a-certificate-for-the-old-one",
        CAUSE,
        "MicroK8s appliance: the service range was changed at the customer's site, the API server's certificate still names the first address of the old range. install-cni asks the new service address and cannot verify it on any of the three nodes; The loud pods are those that the plugin of before cannot connect, it still asks the old address (i/o timeout).",
        "https://github.com/canonical/microk8s/issues/4008",
        now,
        platform="other",
        calico="v3.25.1",
        kubernetes="v1.25.16",
        namespace="kube-system",
        registry="docker.io/calico",
        difficulty="medium",
    )
    hosts = {f"appl-{x}": f"172.21.9.{n}" for x, n in (("a", 11), ("b", 12), ("c", 13))}
    story.hosts(
        hosts,
        since=4_690,
        age=5_200_000,
        os_image="Ubuntu 22.04.4 LTS",
        kernel="5.15.0-101-generic",
        runtime="containerd://1.6.15",
    )
    names = []
    for node, address in hosts.items():
        inits = [
            container(story, "upgrade-ipam", "docker.io/calico/cni:v3.25.1", done=True, started=4_600),
            container(
                story,
                "install-cni",
                "docker.io/calico/cni:v3.25.1",
                ready=False,
                restarts=19,
                waiting="CrashLoopBackOff",
                last=("Error", 1, 141),
            ),
        ]
        names += story.staff(
            {node: address}, init=inits, ready=False, waiting="PodInitializing", phase="Pending", age=4_650
        )
        story.pod_event(
            names[-1],
            "BackOff",
            f"Back-off restarting failed container install-cni in pod {names[-1]}_kube-system(5ad1)",
            9,
            4_500,
            310,
        )
    url = "https://10.44.0.1:443/api/v1/namespaces/kube-system/serviceaccounts/calico-node/token"
    why = f'Post "{url}": x509: certificate is valid for 10.152.183.1, 127.0.0.1, 172.21.9.11, 172.21.9.12, 172.21.9.13, not 10.44.0.1'
    lines = [f'time="{story.ago(142.6)}" level=info msg="Running as a Kubernetes pod" source="install.go:145"']
    lines += [
        story.line(142, "INFO", 1, "cni-installer/<nil> <nil>:", f'File is already up to date, skipping file="/host/opt/cni/bin/{x}"')
        for x in ("bandwidth", "calico", "calico-ipam", "flannel", "host-local", "loopback", "portmap", "tuning")
    ]  # fmt: skip
    lines += [
        story.line(141.8, "INFO", 1, "cni-installer/<nil> <nil>:", "Wrote Calico CNI binaries to /host/opt/cni/bin\n"),
        story.line(141.7, "INFO", 1, "cni-installer/<nil> <nil>:", "CNI plugin version: v3.25.1\n"),
        story.line(141.7, "INFO", 1, "cni-installer/<nil> <nil>:", "/host/secondary-bin-dir is not writeable, skipping"),
        f"W{story.klog(141.7)}       1 client_config.go:617] Neither --kubeconfig nor --master was specified.  Using the inClusterConfig.  This might not work.",
        story.line(141.2, "ERROR", 1, "cni-installer/<nil> <nil>:", f"Unable to create token for CNI kubeconfig error={why}"),
        story.line(141.2, "FATAL", 1, "cni-installer/<nil> <nil>:", f"Unable to create token for CNI kubeconfig error={why}"),
    ]  # fmt: skip
    story.log(names[0], lines, f"{names[0]}-install-cni.log")
    story.texts[f"{names[0]}.log"] = (
        f'Error from server (BadRequest): container "calico-node" in pod "{names[0]}" is waiting to start: PodInitializing\n'
    )
    dns = story.stuck("coredns-7f9c69c78c-wnk4p", "appl-b", 'error getting ClusterInformation: Get "https://[10.152.183.1]:443/apis/crd.projectcalico.org/v1/clusterinformations/default": dial tcp 10.152.183.1:443: i/o timeout', 22, 4_580, 140, "kube-system", image="coredns/coredns:1.9.3")  # fmt: skip
    story.texts["what-we-did.txt"] = (
        "sed -i 's#10.152.183.0/24#10.44.0.0/16#' /var/snap/microk8s/current/args/kube-apiserver\n"
        "microk8s kubectl delete svc kubernetes -n default\nmicrok8s kubectl -n kube-system edit svc kube-dns\nsnap restart microk8s\n"
        "(the datastore in var/kubernetes/backend was kept, the registry add-on is in there)\n"
    )
    story.describe("appl-a", names[0])
    story.commands["describe-coredns.txt"] = f"describe pod -n kube-system {dns}"
    story.affected = list(hosts)
    story.cite(f"{names[0]}-install-cni.log", "x509: certificate is valid for 10.152.183.1")
    return story


def etcd_certificate_has_only_a_common_name(now: datetime) -> Incident:
    story = incident(
        "upgraded-half-refuses-etcd-certificates-without-san",
        CAUSE,
        "Calico on its own etcd whose certificates were made by hand in 2019 with a common name only. The rolling update from v3.15 to v3.21 (a newer Go) stands after two pods: the new ones refuse etcd's certificate ('relies on legacy Common Name field'), the old ones work on. Shown first are only 'context deadline exceeded' and neighbours that miss two peers.",
        "https://go.dev/doc/go1.15#commonname and https://github.com/Quentin-M/etcd-cloud-operator/pull/61",
        now,
        platform="other",
        calico="v3.15.5",
        kubernetes="v1.19.16",
        namespace="kube-system",
        registry="docker.io/calico",
        difficulty="medium",
    )
    hosts = {f"prod-k8s-{n:02d}": f"10.5.17.{20 + n}" for n in range(1, 7)}
    new = ["prod-k8s-03", "prod-k8s-05"]
    system = {
        "os_image": "CentOS Linux 7 (Core)",
        "kernel": "3.10.0-1160.45.1.el7.x86_64",
        "runtime": "docker://20.10.9",
    }
    story.hosts(hosts, age=60_000_000, since=9_000_000, **system)
    story.staff({k: v for k, v in hosts.items() if k not in new}, started=8_900_000, age=8_900_100)
    names = []
    for i, node in enumerate(new):
        names += story.staff(
            {node: hosts[node]},
            image="docker.io/calico/node:v3.21.4",
            cni_image="docker.io/calico/cni:v3.21.4",
            ready=False,
            restarts=16 - i,
            waiting="CrashLoopBackOff",
            last=("Error", 1, 120 + 31 * i),
            age=6_300 - 400 * i,
        )
        story.pod_event(
            names[-1],
            "BackOff",
            f"Back-off restarting failed container calico-node in pod {names[-1]}_kube-system(40b2)",
            12,
            6_000,
            240,
        )
        story.probe(
            names[-1],
            "BIRD is not ready: Error querying BIRD: unable to connect to BIRDv4 socket: dial unix /var/run/calico/bird.ctl: connect: connection refused",
            125,
            6_100,
            30,
        )
    ok = story.pods["prod-k8s-01"]
    lines = story.quiet(8_000, 6_330, 500)
    for a in ("10_5_17_23", "10_5_17_25"):
        lines += [f"bird: Mesh_{a}: {x}" for x in ("Received: Administrative shutdown", "State changed to stop", "State changed to down", "Starting", "State changed to start")]  # fmt: skip
    story.log(ok, [*lines, *story.quiet(6_000, 30, 500)])
    etcd = "transport: authentication handshake failed: x509: certificate relies on legacy Common Name field, use SANs instead"
    lines = [
        story.line(150, "INFO", 9, "startup/startup.go 390:", "Early log level set to info"),
        story.line(150, "INFO", 9, "startup/utils.go 126:", "Using NODENAME environment for node name prod-k8s-03"),
        story.line(150, "INFO", 9, "startup/utils.go 138:", "Determined node name: prod-k8s-03"),
        story.line(149.9, "INFO", 9, "startup/startup.go 94:", "Starting node prod-k8s-03 with version v3.21.4"),
        story.line(149.9, "INFO", 9, "startup/startup.go 395:", "Checking datastore connection"),
    ]
    for i in range(3):
        at = 140 - 11 * i
        for k in (1, 2):
            row = {
                "level": "warn",
                "ts": story.stamp(at + 5 - 4 * k).replace(" ", "T") + "Z",
                "caller": "clientv3/retry_interceptor.go:62",
                "msg": "retrying of unary invoker failed",
                "target": "endpoint://client-4f0b1c9d/etcd-1.k8s.corp.example:2379",
                "attempt": k - 1,
                "error": f'rpc error: code = DeadlineExceeded desc = latest balancer error: all SubConns are in TransientFailure, latest connection error: connection error: desc = "{etcd}"',
            }
            lines.append(json.dumps(row, separators=(",", ":")))
        lines.append(story.line(at - 10, "INFO", 9, "startup/startup.go 410:", "Hit error connecting to datastore - retry error=context deadline exceeded"))  # fmt: skip
    story.log(names[0], lines, f"{names[0]}-previous.log")
    story.texts["etcd-1.txt"] = (
        "[root@etcd-1 ~]# ETCDCTL_API=3 etcdctl --endpoints=https://etcd-1.k8s.corp.example:2379,https://etcd-2.k8s.corp.example:2379,https://etcd-3.k8s.corp.example:2379 --cacert=ca.pem --cert=c.pem --key=k.pem endpoint health\n"
        "https://etcd-2.k8s.corp.example:2379 is healthy: successfully committed proposal: took = 2.118231ms\nhttps://etcd-1.k8s.corp.example:2379 is healthy: successfully committed proposal: took = 2.340912ms\nhttps://etcd-3.k8s.corp.example:2379 is healthy: successfully committed proposal: took = 2.902115ms\n"
        "[root@etcd-1 ~]# openssl x509 -in /etc/etcd/pki/server.pem -noout -subject -dates -ext subjectAltName\nsubject=O = Corp, CN = *.k8s.corp.example\nnotBefore=May 14 08:22:10 2019 GMT\nnotAfter=May 11 08:22:10 2029 GMT\nNo extensions matching subjectAltName\n"
    )
    story.describe("prod-k8s-03", names[0])
    story.affected = new
    story.cite(f"{names[0]}-previous.log", "certificate relies on legacy Common Name field")
    return story


def api_wants_tls_of_a_newer_kind(now: datetime) -> Incident:
    story = incident(
        "benchmark-wants-tls-1-3-and-calico-is-older-than-that",
        CAUSE,
        "A CIS remediation set --tls-min-version=VersionTLS13 on the API server. Calico v3.10, built with a Go that offers 1.2 at most, is told 'protocol version not supported' on each new connection; kubelets and kubectl are newer and work. calico-nodes that were restarted crash at their datastore check, the rest lose their watches; certificates and addresses are all right.",
        "https://kubernetes.io/docs/reference/command-line-tools-reference/kube-apiserver/ (--tls-min-version) and https://go.dev/doc/go1.12#tls_1_3",
        now,
        platform="other",
        calico="v3.10.4",
        kubernetes="v1.19.16",
        namespace="kube-system",
        registry="docker.io/calico",
        difficulty="medium",
    )
    hosts = {"kb-master1": "10.29.4.10"} | {f"kb-node{n}": f"10.29.4.{10 + n}" for n in range(1, 6)}
    crashing = ["kb-master1", "kb-node2"]
    system = {"os_image": "Ubuntu 18.04.6 LTS", "kernel": "4.15.0-213-generic", "runtime": "docker://19.3.14"}
    story.hosts(hosts, age=60_000_000, since=20_000_000, **system)
    story.staff({k: v for k, v in hosts.items() if k not in crashing}, started=20_000_000, age=20_000_100)
    denied = "remote error: tls: protocol version not supported"
    for n, node in enumerate(crashing):
        name = story.staff({node: hosts[node]}, ready=False, restarts=17 - n, waiting="CrashLoopBackOff", last=("Error", 1, 140 + 51 * n), age=20_000_100 if n else 5_300)[0]  # fmt: skip
        story.pod_event(name, "BackOff", f"Back-off restarting failed container calico-node in pod {name}_kube-system(71d2)", 22 + n, 5_000, 290)  # fmt: skip
    kube = story.other("calico-kube-controllers-59d9cb8c7d-vz8wk", "kb-node4", "10.233.93.2", owner="ReplicaSet/calico-kube-controllers-59d9cb8c7d", app="calico-kube-controllers", image="docker.io/calico/kube-controllers:v3.10.4", ready=False, restarts=18, started=20, last=("Error", 1, 40))  # fmt: skip
    story.other("kube-apiserver-kb-master1", "kb-master1", owner="Node/kb-master1", app="kube-apiserver", image="k8s.gcr.io/kube-apiserver:v1.19.16", started=5_480, age=60_000_000, restarts=1, last=("Completed", 0, 5_490), spec={"command": ["kube-apiserver", "--advertise-address=10.29.4.10", "--anonymous-auth=false", "--profiling=false", "--tls-min-version=VersionTLS13", "--service-cluster-ip-range=10.233.0.0/18"]})  # fmt: skip
    for n, node in enumerate(("kb-node1", "kb-node5")):
        story.other(f"coredns-7677f9bb54-{'x8'[n]}kq{'vd'[n]}t", node, f"10.233.{91 + n}.4", owner="ReplicaSet/coredns-7677f9bb54", app="coredns", image="k8s.gcr.io/coredns:1.7.0", started=19_000_000)  # fmt: skip
    name = story.pods["kb-node2"]
    lines = story.failing("kb-node2", 172)
    lines += [
        story.line(171.4 - 3 * i, "INFO", 8, "startup.go 355:", f"Hit error connecting to datastore - retry error=Get https://10.233.0.1:443/api/v1/nodes/foo: {denied}")
        for i in range(10)
    ]  # fmt: skip
    story.log(name, lines, f"{name}.previous.log")
    felix = story.quiet(9_000, 5_500, 800)
    for n, what in enumerate(("ippools", "globalnetworkpolicies", "nodes", "networksets", "hostendpoints")):
        felix += [
            story.line(5_470 - 1_010 * n, "INFO", 61, "watchercache.go 175:", f'Failed to perform list of current data during resync ListRoot="/calico/resources/v3/projectcalico.org/{what}" error=Get https://10.233.0.1:443/apis/crd.projectcalico.org/v1/{what}?limit=500: {denied}'),
            *story.quiet(5_400 - 1_010 * n, 4_600 - 1_010 * n, 400),
        ]  # fmt: skip
    story.log(story.pods["kb-node3"], felix, f"{story.pods['kb-node3']}.log")
    text = [
        story.line(38, "INFO", 1, "main.go 87:", 'Loaded configuration from environment config=&config.Config{LogLevel:"info", ReconcilerPeriod:"5m", EnabledControllers:"node", DatastoreType:"kubernetes"}'),
        story.line(37.9, "INFO", 1, "main.go 108:", "Ensuring Calico datastore is initialized"),
        story.line(37.8, "ERROR", 1, "client.go 260:", f'Error getting cluster information config ClusterInformation="default" error=Get https://10.233.0.1:443/apis/crd.projectcalico.org/v1/clusterinformations/default: {denied}'),
        story.line(37.8, "FATAL", 1, "main.go 113:", f"Failed to initialize Calico datastore error=Get https://10.233.0.1:443/apis/crd.projectcalico.org/v1/clusterinformations/default: {denied}"),
    ]  # fmt: skip
    story.log(kube, text)
    story.commands |= {
        "nodes.txt": "get nodes -o wide",
        "pods-kube-system.txt": "get pods -n kube-system -o wide",
        f"describe-{name}.txt": f"describe pod -n kube-system {name}",
        "describe-kube-apiserver.txt": "describe pod -n kube-system kube-apiserver-kb-master1",
    }
    story.affected = crashing
    story.cite(f"{name}.previous.log", denied)
    return story


STORIES = [
    service_range_changed_the_certificate_did_not,
    etcd_certificate_has_only_a_common_name,
    api_wants_tls_of_a_newer_kind,
]
