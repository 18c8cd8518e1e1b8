"""dns-failure: told without having seen the rules."""

from __future__ import annotations

from datetime import datetime, timedelta

from cluster import NO_CNI, container
from telling import FELIX_REFUSED, SOCKET, Incident, incident

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


# told on 29 November 2026 without having seen the rules
def resolver_lost_the_private_zone(now: datetime) -> Incident:
    story = incident(
        "custom-resolver-does-not-forward-the-private-endpoint",
        CAUSE,
        "ROKS on VPC with the customer's own DNS resolvers for one zone: since their rebuild they answer SERVFAIL for the private name of the master ('server misbehaving'). calico-node of the two workers there that were restarted cannot open its datastore; their kubelets go through the local proxy and are Ready.",
        "https://cloud.ibm.com/docs/vpc?topic=vpc-hub-spoke-dns-resolution",
        now,
        platform="roks",
        calico="v3.28.4",
        kubernetes="v1.30.12+ad6d1dd",
        difficulty="medium",
    )
    a = story.workers([f"10.249.0.{n}" for n in (5, 6, 7)], age=5_000_000)
    b = story.workers(
        [f"10.249.64.{n}" for n in (4, 8)], age=5_000_000, labels={"topology.kubernetes.io/zone": "eu-de-2"}
    )
    story.agents(a, started=2_300_000, age=2_300_030)
    env = {"env": [{"name": "KUBERNETES_SERVICE_HOST", "value": "c108.private.eu-de.containers.cloud.ibm.com"}, {"name": "KUBERNETES_SERVICE_PORT", "value": "31507"}]}  # fmt: skip
    for n, node in enumerate(b):
        name = story.agents(
            [node],
            ready=False,
            restarts=24 - n,
            waiting="CrashLoopBackOff",
            last=("Error", 1, 50 + 90 * n),
            age=6_300,
            spec=env,
        )[0]
        story.probe(name, SOCKET, 70 + 90 * n, 6_200, 70)
        story.pod_event(
            name,
            "BackOff",
            f"Back-off restarting failed container calico-node in pod {name}_calico-system(91b{n}e)",
            15,
            6_100,
            370,
        )
    story.typha(a[0], started=2_300_000)
    me = b[1]
    name = story.pods[me]
    text = 'Hit error connecting to datastore - retry error=Get "https://c108.private.eu-de.containers.cloud.ibm.com:31507/api/v1/nodes/foo": dial tcp: lookup c108.private.eu-de.containers.cloud.ibm.com on 10.249.72.{}:53: server misbehaving'
    log = story.failing(me, 175)
    log += [
        story.say(174.7 - 1.1 * i, "INFO", 9, "startup", "startup.go 459:", text.format(4 + i % 2)) for i in range(30)
    ]
    story.log(name, log, f"{name}-previous.log")
    for node, other in ((a[0], a), (a[1], a)):
        story.not_established(story.pods[node], b, 6_240, 6_250, 1, established=len(other) - 1)
    story.texts["debug-node-10.249.64.8.txt"] = (
        "$ oc debug node/10.249.64.8 -- chroot /host sh -c 'cat /etc/resolv.conf; dig +noall +comments c108.private.eu-de.containers.cloud.ibm.com | head -3; dig +short icr.io | head -1'\n"
        "Starting pod/10249648-debug-lq7wd ...\nnameserver 10.249.72.4\nnameserver 10.249.72.5\n"
        ";; Got answer:\n;; ->>HEADER<<- opcode: QUERY, status: SERVFAIL, id: 20144\n;; flags: qr rd ra; QUERY: 1, ANSWER: 0, AUTHORITY: 0, ADDITIONAL: 1\n"
        "\nRemoving debug pod ...\n"
        "$ oc debug node/10.249.0.5 -- chroot /host sh -c 'grep nameserver /etc/resolv.conf; dig +short c108.private.eu-de.containers.cloud.ibm.com'\n"
        "Starting pod/1024905-debug-8zt5k ...\nnameserver 161.26.0.10\nnameserver 161.26.0.11\n166.9.28.90\n166.9.48.112\n\nRemoving debug pod ...\n"
    )
    story.describe(me, name)
    story.affected = b
    story.cite(f"{name}-previous.log", "server misbehaving")
    return story


def resolved_is_dead(now: datetime) -> Incident:
    story = incident(
        "stub-resolver-of-one-host-does-not-run",
        CAUSE,
        "The API endpoint is a name; systemd-resolved of one Ubuntu host ended minutes after its upgrade and reboot, so nobody answers at 127.0.0.53: calico-node's lookups are refused. The kubelet lives on its old connection and is Ready; etcd's and the load balancer's address answer by number.",
        "https://www.freedesktop.org/software/systemd/man/latest/systemd-resolved.service.html",
        now,
        platform="other",
        calico="v3.24.6",
        kubernetes="v1.25.14",
        registry="quay.io/calico",
        difficulty="hard",
        acceptable=["apiserver-unreachable"],
    )
    hosts = {f"vie-{x}": f"10.0.208.{n}" for x, n in (("m1", 11), ("m2", 12), ("m3", 13), ("w1", 21), ("w2", 22))}
    bad = "vie-w2"
    story.hosts(
        hosts, age=14_000_000, os_image="Ubuntu 22.04.5 LTS", kernel="5.15.0-125-generic", runtime="containerd://1.7.22"
    )
    story.staff({k: v for k, v in hosts.items() if k != bad}, started=6_000_000, age=6_000_030)
    name = story.staff({bad: hosts[bad]}, ready=False, restarts=417, started=41, last=("Error", 1, 44), age=6_000_030)[
        0
    ]
    story.probe(name, FELIX_REFUSED, 9, 86_000, 3_400)
    story.pod_event(
        name,
        "Unhealthy",
        "Liveness probe failed: calico/node is not ready: bird/confd is not live: exit status 1",
        47,
        86_000,
        2_480,
    )
    story.typha("vie-m2", started=6_000_000)
    log = story.failing(bad, 40)
    for i in range(18):
        log.append(
            story.say(39.6 - 2.1 * i, "INFO", 9, "startup", "startup.go 425:", f'Hit error connecting to datastore - retry error=Get "https://api.vie.k8s.example:6443/api/v1/nodes/foo": dial tcp: lookup api.vie.k8s.example on 127.0.0.53:53: read udp 127.0.0.1:{33010 + 1733 * i}->127.0.0.53:53: read: connection refused')
        )  # fmt: skip
    story.log(name, log)
    story.texts["vie-w2-session.txt"] = (
        "root@vie-w2:~# systemctl status systemd-resolved --no-pager | head -5\n× systemd-resolved.service - Network Name Resolution\n     Loaded: loaded (/lib/systemd/system/systemd-resolved.service; enabled; vendor preset: enabled)\n"
        f"     Active: failed (Result: exit-code) since {(story.now - timedelta(seconds=86_400)).strftime('%a %Y-%m-%d %H:%M:%S')} UTC; 1 day ago\n"
        "       Docs: man:systemd-resolved.service(8)\n    Process: 1187 ExecStart=/lib/systemd/systemd-resolved (code=exited, status=217/USER)\n"
        "root@vie-w2:~# ls -l /etc/resolv.conf; grep -v ^# /etc/resolv.conf\nlrwxrwxrwx 1 root root 39 Feb 11  2026 /etc/resolv.conf -> ../run/systemd/resolve/stub-resolv.conf\n\nnameserver 127.0.0.53\noptions edns0 trust-ad\n"
        "root@vie-w2:~# curl -k -s -o /dev/null -w '%{http_code}\\n' https://10.0.208.5:6443/healthz   # that is api.vie.k8s.example\n200\n"
        "root@vie-w2:~# uptime -p\nup 1 day, 8 minutes\n"
    )
    story.describe(bad, name)
    story.affected = [bad]
    story.cite(f"{name}.log", "lookup api.vie.k8s.example on 127.0.0.53:53")
    return story


STORIES = [
    installer_cannot_look_up_the_api,
    etcd_by_names_nobody_answers,
    resolver_lost_the_private_zone,
    resolved_is_dead,
]
