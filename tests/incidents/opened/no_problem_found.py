"""no-problem-found: told without having seen the rules, then opened."""

from __future__ import annotations

from datetime import datetime

from telling import Incident, incident, node_status

CAUSE = "no-problem-found"


def aged(story: Incident, seconds: float) -> None:
    """The pod told last was made that long ago."""
    made = story.objects["Pod"][-1]
    made["metadata"]["creationTimestamp"] = made["status"]["startTime"] = story.ago(seconds)


def third_typha_has_no_host(now: datetime) -> Incident:
    story = incident(
        "a-third-typha-for-two-workers",
        CAUSE,
        "IKS 1.28 classic with two workers: the deployment asks for three Typha pods, each needs a host of its own, so one has been Pending since the cluster was made. The alarm that was switched on yesterday counts it. Two run, both calico-node pods are 1/1 and in sync with Typha.",
        "https://docs.tigera.io/calico/latest/reference/typha/overview",
        now,
        platform="classic",
        calico="v3.26.4",
        kubernetes="v1.28.15+IKS",
        namespace="kube-system",
        difficulty="hard",
    )
    nodes = story.workers(["10.144.201.67", "10.144.201.85"], age=9_500_000, since=9_499_000)
    story.agents(nodes, started=3_450_000, age=3_450_100)
    for at, suffix in zip(nodes, ("vw8kd", "4mzqt"), strict=True):
        story.typha(at, suffix, started=3_450_005)
        aged(story, 3_450_100)
    wait = story.typha("", "xk2lp", ready=False)
    made = story.objects["Pod"][-1]
    made["metadata"]["creationTimestamp"] = story.ago(3_449_900)
    story.pod_event(
        wait,
        "FailedScheduling",
        "0/2 nodes are available: 2 node(s) didn't have free ports for the requested pod ports. preemption: 0/2 nodes are available: 2 No preemption victims found for incoming pod.",
        140,
        3_449_800,
        11_493,
        source="default-scheduler",
    )
    story.other(
        "calico-kube-controllers-7b98d64f4d-pq5wz",
        nodes[0],
        "172.30.188.130",
        owner="ReplicaSet/calico-kube-controllers-7b98d64f4d",
        app="calico-kube-controllers",
        image="icr.io/ext/calico/kube-controllers:v3.26.4",
        age=3_450_100,
        started=3_450_000,
    )
    story.other(
        "coredns-5f8c4d7b9c-2gkzm", nodes[1], "172.30.201.4", owner="ReplicaSet/coredns-5f8c4d7b9c", app="coredns"
    )
    for n, node in enumerate(nodes):
        log = story.boot(node, 3_450_000, [nodes[1 - n]])
        log += [
            story.say(
                3_449_996,
                "INFO",
                61,
                "felix",
                "discovery.go 173:",
                "Creating Typha discoverer with addresses from the Kubernetes API",
            ),
            story.say(3_449_995.9, "INFO", 61, "felix", "sync_client.go 316:", "Connecting to Typha."),
            story.say(
                3_449_995.8, "INFO", 61, "felix", "sync_client.go 185:", "Connected to Typha on attempt 1 attempt=1"
            ),
        ]
        story.log(story.pods[node], [*log, *story.quiet(7_000, 8, 310)])
    story.texts["ticket.txt"] = (
        "Our new monitoring reports since yesterday evening:\n"
        "  CRITICAL kube-system calico-typha 2/3 replicas unavailable=1\n"
        "Before that nobody looked at it. Applications have no trouble that we know of. Is our network broken?\n"
        "Attached what the runbook asks for.\n"
    )
    story.texts["get-deploy-kube-system.txt"] = (
        "NAME                       READY   UP-TO-DATE   AVAILABLE   AGE\n"
        "calico-kube-controllers    1/1     1            1           109d\n"
        "calico-typha               2/3     3            2           109d\n"
        "coredns                    3/3     3            3           109d\n"
        "ibm-file-plugin            1/1     1            1           109d\n"
        "metrics-server             2/2     2            2           109d\n"
    )
    story.describe(nodes[0])
    story.commands[f"describe-{wait}.txt"] = f"describe pod -n kube-system {wait}"
    story.events()
    story.cite(f"{story.pods[nodes[0]]}.log", "Connected to Typha on attempt 1")
    return story


def service_selects_nothing(now: datetime) -> Incident:
    story = incident(
        "service-that-selects-no-pod",
        CAUSE,
        "The ticket says that Calico blocks one namespace from another ('connection refused'). The service's selector names a label that no pod has, so it has no endpoints; the pod's own address answers from the same client. All calico-node pods are 1/1, all sessions are up, the restarts are of the worker update two weeks ago.",
        "https://kubernetes.io/docs/tasks/debug/debug-application/debug-service/",
        now,
        platform="vpc",
        calico="v3.29.3",
        kubernetes="v1.32.5+IKS",
        difficulty="medium",
    )
    nodes = story.workers([f"10.241.130.{n}" for n in (4, 9, 14)], age=1_220_000, since=1_219_900)
    story.agents(nodes, started=1_219_000, age=1_219_950, restarts=1, last=("Error", 1, 1_219_060))
    for at, suffix in ((nodes[0], "lq8wn"), (nodes[2], "8rkxd")):
        story.typha(at, suffix, started=1_219_000)
        aged(story, 1_219_500)
    story.other(
        "orders-7c5b9d6f8-gk4wz", nodes[1], "172.17.44.203", "orders", "ReplicaSet/orders-7c5b9d6f8", age=92_000
    )
    story.other("orders-7c5b9d6f8-tt9md", nodes[2], "172.17.90.17", "orders", "ReplicaSet/orders-7c5b9d6f8", age=92_000)
    front = story.other(
        "webshop-6f84c7bd95-x8lqr",
        nodes[0],
        "172.17.12.31",
        "webshop",
        "ReplicaSet/webshop-6f84c7bd95",
        age=91_500,
        ready=False,
        restarts=64,
        started=50,
        last=("Error", 1, 60),
    )
    story.pod_event(
        front,
        "Unhealthy",
        "Readiness probe failed: HTTP probe failed with statuscode: 503",
        14,
        91_400,
        2_730,
        namespace="webshop",
    )
    me = nodes[0]
    name = story.pods[me]
    log = story.boot(me, 1_219_000, nodes[1:])
    story.log(name, [*log, *story.quiet(5_000, 15, 290)])
    story.texts[
        "why-we-think-it-is-calico.txt"
    ] = f"""$ kubectl -n webshop exec deploy/webshop -- curl -sS -m 5 http://orders-api.orders.svc:8080/healthz
curl: (7) Failed to connect to orders-api.orders.svc port 8080 after 3 ms: Connection refused
command terminated with exit code 7
$ kubectl -n orders get svc,endpoints -o wide
NAME                 TYPE        CLUSTER-IP      EXTERNAL-IP   PORT(S)    AGE   SELECTOR
service/orders-api   ClusterIP   172.21.87.114   <none>        8080/TCP   25h   app=orders-api

NAME                   ENDPOINTS   AGE
endpoints/orders-api   <none>      25h
$ kubectl -n orders get pods --show-labels
NAME                     READY   STATUS    RESTARTS   AGE   LABELS
orders-7c5b9d6f8-gk4wz   1/1     Running   0          25h   app=orders,pod-template-hash=7c5b9d6f8
orders-7c5b9d6f8-tt9md   1/1     Running   0          25h   app=orders,pod-template-hash=7c5b9d6f8
$ kubectl -n webshop exec deploy/webshop -- curl -sS -m 5 http://172.17.44.203:8080/healthz
{{"status":"UP"}}
$ kubectl get networkpolicies -A
No resources found
$ kubectl exec -n calico-system {name} -c calico-node -- birdcl -s /var/run/calico/bird.ctl show protocols | grep Mesh
Mesh_10_241_130_9 BGP      master   up     {story.stamp(1_218_990)[:10]}  Established
Mesh_10_241_130_14 BGP      master   up     {story.stamp(1_218_990)[:10]}  Established
"""
    story.texts["node-status.txt"] = node_status(
        [(n, "up", story.stamp(1_218_990)[:10], "Established") for n in nodes[1:]]
    )
    story.texts["tigerastatus.txt"] = (
        "NAME        AVAILABLE   PROGRESSING   DEGRADED   SINCE\napiserver   True        False         False      14d\ncalico      True        False         False      14d\nippools     True        False         False      90d\n"
    )
    story.describe(me)
    story.events()
    story.cite("node-status.txt", "Established")
    return story


def volume_is_still_attached_elsewhere(now: datetime) -> Incident:
    story = incident(
        "container-creating-because-of-a-block-volume",
        CAUSE,
        "A pod is in ContainerCreating for an hour and the ticket says that Calico gives it no address. Its events say that its block volume is still attached to the worker of the old pod, which runs on because of the rolling strategy: no sandbox was ever asked for. calico-node is 1/1 everywhere, all sessions are up, other pods start on the same worker; the one failed probe is of a restart nine days ago.",
        "https://github.com/Azure/AKS/issues/1919",
        now,
        platform="vpc",
        calico="v3.28.4",
        kubernetes="v1.31.8+IKS",
        difficulty="medium",
    )
    nodes = story.workers([f"10.243.65.{n}" for n in (12, 15, 23)], age=5_200_000, since=5_199_000)
    story.agents(nodes, started=790_000, age=5_199_900, restarts=1, last=("Completed", 0, 790_040))
    for at, suffix in ((nodes[1], "w4mzc"), (nodes[2], "b7xqn")):
        story.typha(at, suffix, started=790_100)
        aged(story, 790_150)
    old = story.other(
        "ledger-db-7d9c6b8f4-q2wvx",
        nodes[0],
        "172.17.61.140",
        "finance",
        "ReplicaSet/ledger-db-7d9c6b8f4",
        image="icr.io/finance/postgres:15.7",
        age=2_600_000,
        started=2_599_900,
    )
    new = story.other(
        "ledger-db-6f5b77c9d8-m8ktz",
        nodes[2],
        "none",
        "finance",
        "ReplicaSet/ledger-db-6f5b77c9d8",
        image="icr.io/finance/postgres:15.8",
        ready=False,
        phase="Pending",
        waiting="ContainerCreating",
        age=3_720,
    )
    status = story.objects["Pod"][-1]["status"]
    status |= {"podIPs": [], "hostIP": nodes[2]}
    del status["podIP"]
    story.other(
        "ledger-api-5b84f7c6d9-tv6nr",
        nodes[2],
        "172.17.88.71",
        "finance",
        "ReplicaSet/ledger-api-5b84f7c6d9",
        age=3_300,
        started=3_290,
    )
    volume = "pvc-3e0d5c1f-8a52-4b77-9f0c-6c2b8e41d907"
    story.pod_event(
        new,
        "Scheduled",
        f"Successfully assigned finance/{new} to {nodes[2]}",
        3_720,
        type_="Normal",
        namespace="finance",
        source="default-scheduler",
    )
    story.pod_event(
        new,
        "FailedAttachVolume",
        f'Multi-Attach error for volume "{volume}" Volume is already used by pod(s) {old}',
        3_719,
        namespace="finance",
        source="attachdetach-controller",
    )
    story.pod_event(
        new,
        "FailedMount",
        "Unable to attach or mount volumes: unmounted volumes=[data], unattached volumes=[], failed to process volumes=[]: timed out waiting for the condition",
        60,
        3_597,
        27,
        namespace="finance",
    )
    me = nodes[2]
    log = story.boot(me, 790_000, [n for n in nodes if n != me])
    log += [
        story.say(789_996, "INFO", 61, "felix", "sync_client.go 185:", "Connected to Typha on attempt 1 attempt=1"),
        *story.quiet(6_400, 9, 260),
    ]
    story.log(story.pods[me], log)
    story.log(
        "",
        [
            story.line(5_199_890, "INFO", 1, "cni-installer/install.go 224:", "Installed /host/opt/cni/bin/calico"),
            story.line(
                5_199_889.9,
                "INFO",
                1,
                "cni-installer/install.go 228:",
                "Wrote Calico CNI binaries to /host/opt/cni/bin",
            ),
            story.line(
                5_199_889.4,
                "INFO",
                1,
                "cni-installer/install.go 393:",
                "Created /host/etc/cni/net.d/10-calico.conflist",
            ),
            story.line(5_199_889.3, "INFO", 1, "cni-installer/install.go 253:", "Done configuring CNI.  Sleep= false"),
        ],
        f"{story.pods[me]}-cni.log",
    )
    story.texts["ticket.txt"] = (
        "Sev 2. Deployment ledger-db does not come up after we changed its image, pod hangs in ContainerCreating and has no IP.\n"
        "We restarted kubelet on the worker and deleted the pod twice. Please fix the Calico CNI on worker "
        + nodes[2]
        + ".\n"
    )
    story.describe(me)
    story.commands[f"describe-{new}.txt"] = f"describe pod -n finance {new}"
    story.cite(f"describe-{new}.txt", "Multi-Attach error for volume")
    return story


STORIES = [third_typha_has_no_host, service_selects_nothing, volume_is_still_attached_elsewhere]
