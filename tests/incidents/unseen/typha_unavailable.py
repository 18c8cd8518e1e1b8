"""typha-unavailable: the first two told without having seen the rules, the others by the rules' author from public threads."""

from __future__ import annotations

from datetime import datetime

from cluster import event
from telling import FELIX_503, Incident, incident

CAUSE = "typha-unavailable"


def no_such_service(now: datetime) -> Incident:
    story = incident(
        "service-calico-typha-not-found",
        CAUSE,
        "The chart was installed into another namespace: calico-node looks for typha in kube-system, where neither the service nor a typha pod is; tunnel-ip-allocator and felix end with 'Typha discovery failed' on all nodes.",
        "https://github.com/aws/eks-charts/issues/337",
        now,
        platform="other",
        calico="v3.15.1",
        kubernetes="v1.17.9-eks-4c6976",
        registry="quay.io/calico",
        namespace="kube-system",
        difficulty="easy",
        acceptable=["invalid-calico-config"],
    )
    hosts = {f"ip-10-2-{a}-{b}.eu-west-1.compute.internal": f"10.2.{a}.{b}" for a, b in ((31, 7), (31, 98), (44, 12))}
    story.hosts(hosts, os_image="Amazon Linux 2", kernel="4.14.198-152.320.amzn2.x86_64", runtime="docker://19.3.6")
    env = {
        "env": [
            {"name": "FELIX_TYPHAK8SSERVICENAME", "value": "calico-typha"},
            {"name": "DATASTORE_TYPE", "value": "kubernetes"},
            {"name": "CALICO_NETWORKING_BACKEND", "value": "none"},
        ]
    }
    for n, (node, address) in enumerate(hosts.items()):
        name = story.staff(
            {node: address},
            ready=False,
            restarts=12,
            waiting="CrashLoopBackOff",
            last=("Error", 1, 60 + 11 * n),
            age=2500,
            spec=env,
        )[0]
        story.probe(
            name,
            'felix is not ready: Get "http://localhost:9099/readiness": dial tcp 127.0.0.1:9099: connect: connection refused',
            62,
            2480,
            36,
        )
        story.pod_event(name, "BackOff", "Back-off restarting failed container", 5, 2470, 155)
    node = list(hosts)[1]
    lines = story.boot(node, 75, bird=False)[:-1]
    for n in range(14):
        ago, pid = 72 - 0.9 * n, 2848 + 40 * n
        lines += [
            story.say(
                ago,
                "ERROR",
                pid,
                "felix",
                "daemon.go 1225:",
                'Unable to get Typha service endpoints from Kubernetes. error=endpoints "calico-typha" not found',
            ),
            story.say(
                ago - 0.1,
                "ERROR",
                pid,
                "felix",
                "daemon.go 323:",
                'Typha discovery enabled but discovery failed. error=endpoints "calico-typha" not found',
            ),
            story.say(
                ago - 0.2,
                "ERROR",
                pid + 17,
                "tunnel-ip-allocator",
                "startsyncerclient.go 114:",
                'Unable to get Typha service from Kubernetes. error=services "calico-typha" not found',
            ),
            story.say(
                ago - 0.2,
                "FATAL",
                pid + 17,
                "tunnel-ip-allocator",
                "startsyncerclient.go 47:",
                'Typha discovery enabled but discovery failed. error=services "calico-typha" not found',
            ),
        ]
    story.log(story.pods[node], lines)
    story.other(
        "aws-node-xk2fz",
        node,
        owner="DaemonSet/aws-node",
        app="aws-node",
        image="602401143452.dkr.ecr.eu-west-1.amazonaws.com/amazon-k8s-cni:v1.5.7",
    )
    story.describe(node)
    story.texts["services.txt"] = (
        "NAMESPACE     NAME         TYPE        CLUSTER-IP   EXTERNAL-IP   PORT(S)         AGE\ndefault       kubernetes   ClusterIP   172.20.0.1   <none>        443/TCP         91d\nkube-system   kube-dns     ClusterIP   172.20.0.10  <none>        53/UDP,53/TCP   91d\n"
    )
    story.affected = list(hosts)
    story.cite(f"{story.pods[node]}.log", 'services "calico-typha" not found')
    return story


def too_many_open_files(now: datetime) -> Incident:
    story = incident(
        "typha-cannot-accept-any-more",
        CAUSE,
        "The only typha of this cluster panics again and again: it may open no more files (accept4: too many open files), so all calico-nodes lose it at once and reconnect in crowds; those that start find none and stay at 503.",
        "https://github.com/projectcalico/calico/blob/v3.25.2/typha/pkg/syncserver/sync_server.go",
        now,
        platform="other",
        calico="v3.26.5",
        kubernetes="v1.27.16",
        registry="quay.io/calico",
        difficulty="medium",
    )
    hosts = {f"grid-{n:03}": f"10.77.4.{n}" for n in range(11, 19)}
    bad = ["grid-013", "grid-017"]
    story.hosts(hosts)
    story.staff({k: v for k, v in hosts.items() if k not in bad}, started=900_000)
    typha = story.typha(
        "grid-012", "h2x7p", ready=False, restarts=38, waiting="CrashLoopBackOff", last=("Error", 2, 31)
    )
    story.pod_event(
        typha,
        "BackOff",
        f"Back-off restarting failed container calico-typha in pod {typha}_calico-system(9b1d)",
        4,
        6600,
        420,
    )
    server = f"{hosts['grid-012']}:5473"
    for n, node in enumerate(bad):
        name = story.staff(
            {node: hosts[node]}, ready=False, restarts=4, started=110 + n, age=5000, last=("Error", 137, 120)
        )[0]
        story.probe(name, "felix is not ready: readiness probe reporting 503", 8, 4900, 480)
        lines = story.boot(node, 110 + n, (), bird=False, prefix=24)[:-1]
        for turn in range(3):
            ago, pid = 107 - 34 * turn, 64 + 130 * turn
            lines += [
                story.say(
                    ago,
                    "INFO",
                    pid,
                    "felix",
                    "sync_client.go 202:",
                    f'Connecting to typha endpoint {server}. myID=0x1 type=""',
                ),
                story.say(
                    ago,
                    "WARNING",
                    pid,
                    "felix",
                    "sync_client.go 205:",
                    f'Failed to connect to typha endpoint {server}.  Will try another if available... error=dial tcp {server}: connect: connection refused myID=0x1 type=""',
                ),
                story.say(
                    ago - 0.1,
                    "ERROR",
                    pid,
                    "felix",
                    "daemon.go 529:",
                    "Failed to connect to Typha. error=failed to load next Typha address to try: tried all available discovered addresses",
                ),
                story.say(
                    ago - 9, "ERROR", pid, "felix", "discovery.go 228:", "Didn't find any ready Typha instances."
                ),
                story.say(
                    ago - 31,
                    "FATAL",
                    pid,
                    "felix",
                    "daemon.go 538:",
                    "Failed to connect to Typha, giving up after timeout error=failed to load next Typha address to try: tried all available discovered addresses",
                ),
            ]
        story.log(name, lines)
    log = [
        story.line(70, "INFO", 7, "daemon.go 170:", 'Typha starting up GOMAXPROCS=8 version="v3.26.5"'),
        story.line(69, "INFO", 7, "sync_server.go 387:", "Opened listen socket port=5473"),
    ]
    log += [
        story.line(
            68 - 0.01 * n,
            "INFO",
            7,
            "sync_server.go 424:",
            f"Accepted from 10.77.4.{11 + n % 8}:{33000 + n} port=5473",
        )
        for n in range(60)
    ]
    log += [
        story.line(
            32,
            "PANIC",
            7,
            "sync_server.go 420:",
            "Failed to accept connection error=accept tcp [::]:5473: accept4: too many open files port=5473",
        ),
        "panic: (*logrus.Entry) 0xc0006f21c0",
        "",
        "goroutine 104 [running]:",
    ]
    story.log(typha, log, f"{typha}-previous.log")
    story.describe("grid-013")
    story.commands[f"describe-{typha}.txt"] = f"describe pod -n calico-system {typha}"
    story.affected = bad
    story.cite(f"{typha}-previous.log", "accept4: too many open files")
    return story


def scaled_to_nothing(now: datetime) -> Incident:
    story = incident(
        "deployment-of-typha-has-no-replicas",
        CAUSE,
        "To save money somebody scaled calico-typha to 0: restarted felixes find no typha instance in the service, wait and give up; confd likewise; workers that were not restarted keep trying 'reconnecting'.",
        "https://github.com/projectcalico/calico/issues/5247",
        now,
        platform="other",
        calico="v3.25.1",
        kubernetes="v1.26.9",
        namespace="kube-system",
        registry="docker.io/calico",
    )
    hosts = {f"n{i}": f"192.168.88.{10 + i}" for i in (1, 2, 3)}
    story.hosts(hosts)
    story.staff(hosts, ready=False, restarts=9, started=60, last=("Error", 1, 80))
    bad = "n1"
    name = story.pods[bad]
    story.probe(name, FELIX_503, 20, 3000, 90)
    log = story.boot(bad, 59, list(hosts.values())[1:], up=[], bird=False)
    log += [
        story.say(
            56,
            "INFO",
            61,
            "felix",
            "daemon.go 1067:",
            'Kubernetes configured to use Typha, looking up its address. service="calico-typha"',
        ),
        story.say(55.9, "ERROR", 61, "felix", "discovery.go 174:", "Didn't find any ready Typha instances."),
        story.say(
            55.8,
            "ERROR",
            61,
            "felix",
            "daemon.go 332:",
            "Typha discovery enabled but discovery failed. error=Kubernetes service missing IP or port",
        ),
        story.say(45, "ERROR", 61, "felix", "discovery.go 174:", "Didn't find any ready Typha instances."),
    ]
    story.log(name, log)
    story.add("Deployment", {"metadata": {"name": "calico-typha", "namespace": "kube-system", "creationTimestamp": story.ago(9_000_000), "uid": "dt", "labels": {}, "generation": 4},
                             "spec": {"replicas": 0, "selector": {"matchLabels": {"k8s-app": "calico-typha"}}, "template": {"metadata": {"labels": {"k8s-app": "calico-typha"}}, "spec": {"containers": [{"name": "calico-typha", "image": "docker.io/calico/typha:v3.25.1"}]}}, "strategy": {"type": "RollingUpdate"}},
                             "status": {"observedGeneration": 4}})  # fmt: skip
    story.commands["deployments.txt"] = "get deployments -A -o wide"
    story.describe(bad)
    story.affected = list(hosts)
    story.cite(f"{name}.log", "Didn't find any ready Typha instances")
    return story


def typha_on_a_dead_host(now: datetime) -> Incident:
    story = incident(
        "both-instances-pending-after-the-pool-shrank",
        CAUSE,
        "IKS VPC: the pool shrank from five workers to three; both typha pods are Pending (no free host port, anti-affinity) so felix of the three cannot connect to any endpoint: the old addresses do not answer on 5473.",
        "https://github.com/projectcalico/calico/issues/8169",
        now,
        platform="vpc",
        calico="v3.28.2",
        acceptable=["pod-scheduling-blocked"],
        difficulty="hard",
    )
    nodes = story.workers([f"10.244.10.{n}" for n in (4, 5, 6)])
    story.agents(nodes, ready=False, restarts=4, started=200, last=("Error", 1, 220))
    for suffix in ("h2x7p", "t9b4z"):
        pending = story.typha("", suffix)
        story.pod_event(
            pending,
            "FailedScheduling",
            "0/3 nodes are available: 3 node(s) didn't match pod anti-affinity rules. preemption: 0/3 nodes are available: 3 No preemption victims found for incoming pod.",
            30,
            3900,
            14,
            source="default-scheduler",
        )
    name = story.pods[nodes[0]]
    story.probe(name, FELIX_503, 25, 3600, 110)
    log = story.boot(nodes[0], 200, nodes[1:], up=[], bird=False)
    for n in range(4):
        at = 190 - 40 * n
        log += [
            story.say(
                at,
                "INFO",
                61,
                "felix",
                "sync_client.go 87:",
                f'Connecting to Typha. address=v3.Typha{{Addr:"10.244.10.{9 + n % 2}:5473"}}',
            ),
            story.say(
                at - 30,
                "WARNING",
                61,
                "felix",
                "sync_client.go 209:",
                f"Failed to connect to typha endpoint 10.244.10.{9 + n % 2}:5473.  Will try another if available... error=dial tcp 10.244.10.{9 + n % 2}:5473: i/o timeout",
            ),
        ]
    log += [
        story.say(
            9,
            "FATAL",
            61,
            "felix",
            "daemon.go 382:",
            "Failed to connect to Typha error=failed to load next typha address to try: tried all available discovered addresses",
        )
    ]
    story.log(name, log)
    story.describe(nodes[0])
    story.commands["describe-pod-typha.txt"] = "describe pod -n calico-system calico-typha-5c9d8f7b6-h2x7p"
    story.affected = nodes
    story.cite(f"{name}.log", "Failed to connect to Typha")
    return story


# told on 29 November 2026 without having seen the rules
def quota_forbids_every_typha_pod(now: datetime) -> Incident:
    story = incident(
        "typha-pods-forbidden-by-a-priority-class-quota",
        CAUSE,
        "The nodes with typha were replaced and the pods that should follow are refused ('insufficient quota to match these scopes' for system-cluster-critical in calico-system): no typha runs. The felixes that restarted since find no ready instance; those that did not go on trying. No typha pod is in any list, so no pod complains.",
        "https://kubernetes.io/docs/concepts/policy/resource-quotas/#limit-priority-class-consumption-by-default",
        now,
        platform="other",
        calico="v3.28.1",
        kubernetes="v1.30.5-gke.1443001",
        registry="quay.io/calico",
        difficulty="hard",
        acceptable=["pod-scheduling-blocked"],
    )
    hosts = {
        f"gk3-apps-pool-2-{x}": f"10.156.0.{n}"
        for x, n in (("4c1f-2k9d", 14), ("4c1f-8xvz", 15), ("77aa-hq3m", 21), ("77aa-pl0t", 22))
    }
    story.hosts(hosts, os_image="Ubuntu 22.04.4 LTS", kernel="5.15.0-1062-gke", runtime="containerd://1.7.19")
    bad = [k for k in hosts if "77aa" in k]
    story.staff({k: v for k, v in hosts.items() if k not in bad}, started=1_500_000)
    names = story.staff({k: hosts[k] for k in bad}, ready=False, restarts=24, started=22, last=("Error", 1, 25))
    for name in names:
        story.probe(name, FELIX_503, 5, 2_700, 96)
    text = "Error creating: insufficient quota to match these scopes: [{PriorityClass In [system-node-critical system-cluster-critical]}]"
    event(
        story,
        "ReplicaSet",
        "calico-typha-5c9d8f7b6",
        "FailedCreate",
        text,
        190,
        2_790,
        18,
        source="replicaset-controller",
    )
    me = bad[0]
    log = [x for x in story.boot(me, 21, bird=False) if "Completed" not in x and "ifaceName" not in x]
    for i in range(8):
        at = 18 - 2.1 * i
        log.append(
            story.say(at, "INFO", 61, "felix", "discovery.go 178:", "Creating Kubernetes client for Typha discovery...")
        )
        log.append(
            story.say(at - 0.1, "ERROR", 61, "felix", "discovery.go 228:", "Didn't find any ready Typha instances.")
        )
    story.log(names[0], log)
    story.events("events.txt", "get events -n calico-system")
    story.texts["deploy.txt"] = (
        "$ kubectl get deploy,rs -n calico-system\nNAME                                      READY   UP-TO-DATE   AVAILABLE   AGE\ndeployment.apps/calico-kube-controllers   1/1     1            1           20d\ndeployment.apps/calico-typha              0/2     0            0           20d\n\n"
        "NAME                                                 DESIRED   CURRENT   READY   AGE\nreplicaset.apps/calico-kube-controllers-84b7c9d6f5   1         1         1       20d\nreplicaset.apps/calico-typha-5c9d8f7b6               2         0         0       20d\n"
    )
    story.commands["pods.txt"] = "get pods -n calico-system -o wide"
    story.affected = bad
    story.cite(f"{names[0]}.log", "Didn't find any ready Typha instances.")
    story.cite("deploy.txt", "deployment.apps/calico-typha              0/2")
    return story


def typha_is_killed_for_its_memory_again_and_again(now: datetime) -> Incident:
    story = incident(
        "both-typhas-die-of-a-small-limit",
        CAUSE,
        "A limit of 150Mi was put on the typha deployment; since the cluster has 14,000 pods each snapshot exceeds it, both typhas are OOMKilled and in CrashLoopBackOff. All calico-nodes lose their connection ('connection reset by peer', then 'connection refused') and restart felix: cluster-wide 0/1 with healthy workers.",
        "https://github.com/projectcalico/calico/issues/6167",
        now,
        platform="roks",
        calico="v3.27.3",
        kubernetes="v1.29.10+67d3387",
        difficulty="medium",
    )
    red_hat = {
        "os_image": "Red Hat Enterprise Linux 9.4 (Plow)",
        "kernel": "5.14.0-427.42.1.el9_4.x86_64",
        "runtime": "cri-o://1.29.9",
    }
    nodes = story.workers([f"10.178.230.{n}" for n in (66, 70, 75, 81, 88, 92)], **red_hat)
    story.agents(nodes[:2], started=1_500_000, restarts=0, ready=False)
    story.agents(nodes[2:], ready=False, restarts=9, started=110, last=("Error", 1, 112))
    limit = {"resources": {"limits": {"memory": "150Mi"}, "requests": {"memory": "100Mi"}}}
    typhas = [
        story.typha(
            nodes[0],
            "fz6kp",
            ready=False,
            restarts=17,
            waiting="CrashLoopBackOff",
            last=("OOMKilled", 137, 95),
            spec=dict(limit),
        ),
        story.typha(
            nodes[4],
            "t8x2j",
            ready=False,
            restarts=16,
            waiting="CrashLoopBackOff",
            last=("OOMKilled", 137, 41),
            spec=dict(limit),
        ),
    ]
    for node in nodes:
        story.probe(story.pods[node], FELIX_503, 9, 3_000, 95)
    for name in typhas:
        story.pod_event(
            name,
            "BackOff",
            f"Back-off restarting failed container calico-typha in pod {name}_calico-system(e51d)",
            12,
            3_200,
            201,
        )
    me = nodes[3]
    both = [nodes[0], nodes[4]]
    log = story.boot(me, 108, [n for n in nodes if n != me])[:-1]

    def refused(at: float, pid: int, number: int) -> list[str]:
        made = [
            story.say(at - 0.2 * j, "WARNING", pid, "felix", "sync_client.go 205:", f'Failed to connect to typha endpoint {b}:5473.  Will try another if available... error=dial tcp {b}:5473: connect: connection refused myID=0x{number:x} type=""')
            for j, b in enumerate(both)
        ]  # fmt: skip
        text = "Failed to connect to Typha. error=failed to load next Typha address to try: tried all available discovered addresses"
        return [*made, story.say(at - 0.5, "ERROR", pid, "felix", "daemon.go 529:", text)]

    for i in range(4):
        log += refused(103 - 11 * i, 61, i + 1)
    there = f'connection=&discovery.Typha{{Addr:"{both[1]}:5473", IP:"{both[1]}", NodeName:(*string)(0xc0006be0f0)}}'
    log += [
        story.say(56.1, "INFO", 61, "felix", "sync_client.go 281:", f'Connected to Typha. address="{both[1]}:5473" connID=0x5 type=""'),
        story.say(41.1, "ERROR", 61, "felix", "sync_client.go 400:", f'Failed to read from server {there} error=read tcp {me}:40211->{both[1]}:5473: read: connection reset by peer myID=0x5 type=""'),
        story.say(41.0, "WARNING", 61, "felix", "daemon.go 559:", 'Felix is shutting down reason="Connection to Typha failed"'),
        story.say(39.0, "FATAL", 61, "felix", "daemon.go 845:", 'Exiting. reason="Connection to Typha failed"'),
    ]  # fmt: skip
    for i in range(3):
        log += refused(33 - 11 * i, 1_340, i + 1)
    story.log(story.pods[me], log)
    story.log(
        typhas[1],
        [
            story.line(60, "INFO", 7, "typha/daemon.go 188:", "Typha starting up GOMAXPROCS=8 version=\"v3.27.3\""),
            story.line(58, "INFO", 7, "typha/sync_server.go 433:", "Opened listen socket port=5473"),
            *[story.line(57 - 0.3 * i, "INFO", 7, "typha/sync_server.go 530:", f"Accepted from {n}:{40_100 + 37 * i} port=5473") for i, n in enumerate(nodes)],
            *[story.line(54 - 0.6 * i, "INFO", 7, "typha/sync_server.go 1290:", f"Streaming snapshot to client client={n}:{40_100 + 37 * i} connID=0x{i + 1:x} type=\"felix\"") for i, n in enumerate(nodes)],
        ],
        f"{typhas[1]}-previous.log",
    )  # fmt: skip
    story.commands[f"describe-{typhas[1]}.txt"] = f"describe pod -n calico-system {typhas[1]}"
    story.describe(me)
    story.affected = list(nodes)
    story.cite(f"describe-{typhas[1]}.txt", "OOMKilled")
    story.cite(f"{story.pods[me]}.log", "connect: connection refused")
    return story


STORIES = [
    no_such_service,
    too_many_open_files,
    scaled_to_nothing,
    typha_on_a_dead_host,
    quota_forbids_every_typha_pod,
    typha_is_killed_for_its_memory_again_and_again,
]
