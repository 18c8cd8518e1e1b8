"""dns-failure: told without having seen the rules."""

from __future__ import annotations

from datetime import datetime

from cluster import NO_CNI, container
from telling import Incident, incident

CAUSE = "dns-failure"


def installer_cannot_look_up_the_api(now: datetime) -> Incident:
    story = incident(
        "lookup-of-the-api-times-out-since-the-patch",
        CAUSE,
        "eBPF mode, the API is addressed by a name. Since the update install-cni of two nodes cannot resolve it ('lookup ... i/o timeout'): their resolver points to the cluster's DNS, which has no pod there without a network.",
        "https://github.com/projectcalico/calico/issues/10813",
        now,
        platform="other",
        calico="v3.30.1",
        kubernetes="v1.33.2",
        registry="quay.io/calico",
        difficulty="medium",
    )
    hosts = {f"rt-{x}": f"10.113.4.{n}" for n, x in enumerate(("cp-0", "cp-1", "w-0", "w-1", "w-2"), 20)}
    bad = ["w-1", "w-2"]
    bad = [f"rt-{x}" for x in bad]
    story.hosts(
        {k: v for k, v in hosts.items() if k not in bad}, os_image="Ubuntu 24.04.2 LTS", kernel="6.8.0-60-generic"
    )
    story.hosts(
        {k: hosts[k] for k in bad},
        ready=NO_CNI,
        since=2700,
        calico_up=False,
        os_image="Ubuntu 24.04.2 LTS",
        kernel="6.8.0-60-generic",
    )
    story.staff({k: v for k, v in hosts.items() if k not in bad}, started=1_000_000)
    names = []
    for node in bad:
        init = [
            container(story, "ebpf-bootstrap", "quay.io/calico/node:v3.30.1", done=True, started=2600),
            container(
                story,
                "install-cni",
                "quay.io/calico/cni:v3.30.1",
                ready=False,
                restarts=12,
                waiting="CrashLoopBackOff",
                last=("Error", 1, 100),
            ),
        ]
        names += story.staff(
            {node: hosts[node]}, init=init, ready=False, waiting="PodInitializing", phase="Pending", age=2620
        )
    for name in names:
        story.pod_event(
            name,
            "BackOff",
            f"Back-off restarting failed container install-cni in pod {name}_calico-system(77d0)",
            5,
            2500,
            160,
        )
    host = "k8s-api.fleet.example"
    post = f'Post "https://{host}:6443/api/v1/namespaces/calico-system/serviceaccounts/calico-cni-plugin/token": dial tcp: lookup {host}: i/o timeout'
    log = [story.line(131, "INFO", 1, "cni-installer/install.go 146:", "Running as a Kubernetes pod")] + [
        story.line(
            130.8,
            "INFO",
            1,
            "cni-installer/install.go 168:",
            f'File is already up to date, skipping file="/host/opt/cni/bin/{x}"',
        )
        for x in ("bandwidth", "calico", "calico-ipam", "host-local", "portmap")
    ]
    log += [
        story.line(130.5, "INFO", 1, "cni-installer/install.go 234:", "CNI plugin version: v3.30.1"),
        story.line(
            130.5, "INFO", 1, "cni-installer/install.go 186:", "/host/secondary-bin-dir is not writeable, skipping"
        ),
        story.line(
            130.5,
            "INFO",
            1,
            "cni-installer/winutils.go 149:",
            "Neither --kubeconfig nor --master was specified.  Using the inClusterConfig.",
        ),
        story.line(
            100.5,
            "ERROR",
            1,
            "cni-installer/token_watch.go 108:",
            f"Unable to create token for CNI kubeconfig error={post}",
        ),
        story.line(
            100.5,
            "FATAL",
            1,
            "cni-installer/install.go 499:",
            f"Unable to create token for CNI kubeconfig error={post}",
        ),
    ]
    story.log(names[0], log, f"{names[0]}_install-cni.log")
    story.texts["endpoint-configmap.yaml"] = (
        f'apiVersion: v1\ndata:\n  KUBERNETES_SERVICE_HOST: {host}\n  KUBERNETES_SERVICE_PORT: "6443"\nkind: ConfigMap\nmetadata:\n  name: kubernetes-services-endpoint\n  namespace: tigera-operator\n'
    )
    story.not_established(story.pods["rt-w-0"], [hosts[n] for n in bad], 2690, 2700, 2, established=2)
    story.describe(bad[0], names[0])
    story.affected = bad
    story.cite(f"{names[0]}_install-cni.log", f"lookup {host}: i/o timeout")
    return story


def etcd_by_names_nobody_answers(now: datetime) -> Incident:
    story = incident(
        "etcd-names-lost-with-the-old-name-server",
        CAUSE,
        "Calico's etcd is configured by names; the hosts' name server was replaced and does not have that zone: 'lookup ... no such host'. calico-node of the two hosts that were restarted since cannot open its datastore, kube-controllers crashes too; the others still hold connections.",
        "https://github.com/projectcalico/kube-controllers/issues/87",
        now,
        platform="other",
        calico="v3.10.3",
        kubernetes="v1.16.9",
        namespace="kube-system",
        registry="calico",
        difficulty="medium",
    )
    hosts = {f"app0{n}": f"10.20.31.{10 + n}" for n in range(1, 6)}
    story.hosts(
        hosts, os_image="CentOS Linux 7 (Core)", kernel="3.10.0-1062.18.1.el7.x86_64", runtime="docker://19.3.8"
    )
    bad = ["app02", "app05"]
    story.staff({k: v for k, v in hosts.items() if k not in bad}, started=1_500_000)
    names = story.staff(
        {k: hosts[k] for k in bad},
        ready=False,
        restarts=29,
        waiting="CrashLoopBackOff",
        last=("Error", 1, 70),
        age=9000,
    )
    for name in names:
        story.probe(
            name,
            "BIRD is not ready: Failed to stat() nodename file: stat /var/lib/calico/nodename: no such file or directory",
            80,
            8900,
            170,
        )
        story.pod_event(name, "BackOff", "Back-off restarting failed container", 5, 8800, 400)
    kc = story.other(
        "calico-kube-controllers-7994b948dd-8rm5v",
        "app05",
        owner="ReplicaSet/calico-kube-controllers-7994b948dd",
        app="calico-kube-controllers",
        image="calico/kube-controllers:v3.10.3",
        ready=False,
        restarts=31,
        waiting="CrashLoopBackOff",
        last=("Error", 1, 130),
    )
    story.log(
        kc,
        [
            story.line(
                140,
                "INFO",
                1,
                "main.go 87:",
                'Loaded configuration from environment config=&config.Config{LogLevel:"info", ReconcilerPeriod:"5m"}',
            ),
            story.line(
                130,
                "FATAL",
                1,
                "main.go 101:",
                "Failed to start error=failed to build Calico client: dial tcp: lookup etcd-c1.calico.corp.example on 10.20.0.53:53: no such host",
            ),
        ],
    )
    log = [
        story.line(102, "INFO", 8, "startup.go 259:", "Early log level set to info"),
        story.line(102, "INFO", 8, "startup.go 275:", "Using NODENAME environment for node name"),
        story.line(102, "INFO", 8, "startup.go 287:", "Determined node name: app02"),
        story.line(101.9, "INFO", 8, "startup.go 319:", "Checking datastore connection"),
    ]
    for i in range(3):
        log += [
            '{"level":"warn","ts":"'
            + story.stamp(91 - 10 * i).replace(" ", "T")
            + 'Z","caller":"clientv3/retry_interceptor.go:61","msg":"retrying of unary invoker failed","target":"endpoint://client-9e8fb6ef/etcd-c1.calico.corp.example:2379","attempt":0,"error":"rpc error: code = DeadlineExceeded desc = latest connection error: connection error: desc = \\"transport: Error while dialing dial tcp: lookup etcd-c1.calico.corp.example on 10.20.0.53:53: no such host\\""}',
            story.line(
                91 - 10 * i,
                "INFO",
                8,
                "startup.go 334:",
                "Hit error connecting to datastore - retry error=context deadline exceeded",
            ),
        ]
    story.log(names[0], log)
    story.texts["calico-config.yaml"] = (
        'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: calico-config\n  namespace: kube-system\ndata:\n  calico_backend: bird\n  etcd_endpoints: https://etcd-c1.calico.corp.example:2379,https://etcd-c2.calico.corp.example:2379\n  veth_mtu: "1440"\n'
    )
    story.not_established(story.pods["app01"], [hosts[b] for b in bad], 8950, 8990, 2, established=2)
    story.describe("app02", names[0])
    story.affected = bad
    story.cite(f"{names[0]}.log", "lookup etcd-c1.calico.corp.example on 10.20.0.53:53: no such host")
    return story


STORIES = [installer_cannot_look_up_the_api, etcd_by_names_nobody_answers]
