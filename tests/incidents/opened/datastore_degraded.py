"""datastore-degraded: told without having seen the rules, then opened."""

from __future__ import annotations

from datetime import datetime

from cluster import event
from telling import FELIX_503, Incident, incident, wrapped

CAUSE = "datastore-degraded"


def dqlite_is_locked(now: datetime) -> Incident:
    story = incident(
        "small-cluster-whose-dqlite-is-locked",
        CAUSE,
        "MicroK8s of three: k8s-dqlite turns at 100 percent and answers 'database is locked' or not at all. Leases of all three hosts fail by turns, so the hosts blink, calico-node of each gets the database's words as errors of its lists, kube-controllers restarts. No host and nothing of Calico is at fault.",
        "https://github.com/canonical/microk8s/issues/3227",
        now,
        platform="other",
        calico="v3.23.5",
        kubernetes="v1.26.4",
        registry="docker.io/calico",
        namespace="kube-system",
        difficulty="medium",
    )
    hosts = {"mk-a": "192.168.60.11", "mk-b": "192.168.60.12", "mk-c": "192.168.60.13"}
    system = {"os_image": "Ubuntu 22.04.2 LTS", "kernel": "5.15.0-72-generic", "runtime": "containerd://1.6.15", "age": 12_000_000, "labels": {"microk8s.io/cluster": "true", "node.kubernetes.io/microk8s-controlplane": "microk8s-controlplane"}}  # fmt: skip
    for n, (node, address) in enumerate(hosts.items()):
        story.hosts({node: address}, since=610 + 3 * n, **system)
    story.staff(hosts, started=400_000, age=5_000_000, restarts=3, last=("Error", 255, 400_040))
    for node in hosts:
        story.node_event(node, "NodeNotReady", f"Node {node} status is now: NodeNotReady", 655, 3300, 6, type_="Normal", source="node-controller")  # fmt: skip
        story.node_event(node, "NodeReady", f"Node {node} status is now: NodeReady", 610, 3200, 6, type_="Normal")
        story.probe(story.pods[node], FELIX_503, 900, 80_000, 19)
    controllers = story.other("calico-kube-controllers-75d4b69685-x9kqd", "mk-b", "10.1.77.9", owner="ReplicaSet/calico-kube-controllers-75d4b69685", app="calico-kube-controllers", image="docker.io/calico/kube-controllers:v3.23.5", restarts=47, started=520, last=("Error", 1, 545))  # fmt: skip
    story.pod_event(controllers, "Unhealthy", "Readiness probe failed: Failed to read status file /status/status.json: unexpected end of JSON input", 510, 70_000, 44)  # fmt: skip
    locked = "rpc error: code = Unknown desc = exec (try: 500): database is locked"
    late = "rpc error: code = Unknown desc = query (try: 0): context deadline exceeded"
    roots = ("projectcalico.org/felixconfigurations", "projectcalico.org/ippools", "projectcalico.org/nodes", "kubernetes.org/networkpolicies", "projectcalico.org/workloadendpoints")  # fmt: skip
    lines = story.quiet(9_000, 5_400, 520)
    for n in range(24):
        ago = 5_300 - 215 * n
        root = roots[n % 5]
        lines.append(story.say(ago, "INFO", 66, "felix", "watchercache.go 181:", f'Failed to perform list of current data during resync ListRoot="/calico/resources/v3/{root}" error={late}'))  # fmt: skip
        if n % 3 == 0:
            lines.append(story.say(ago - 31, "INFO", 64, "confd", "watchercache.go 181:", 'Failed to perform list of current data during resync ListRoot="/calico/resources/v3/projectcalico.org/bgppeers" error=Get "https://10.152.183.1:443/apis/crd.projectcalico.org/v1/bgppeers?limit=500&resourceVersion=0&resourceVersionMatch=NotOlderThan": context deadline exceeded'))  # fmt: skip
        if n % 4 == 1:
            lines.append(story.say(ago - 44, "ERROR", 68, "tunnel-ip-allocator", "customresource.go 179:", f'Error updating resource Key=IPAMBlock(10-1-77-0-26) Name="10-1-77-0-26" Resource="IPAMBlocks" Value=&v3.IPAMBlock{{}} error={locked}'))  # fmt: skip
        lines += story.quiet(ago - 60, ago - 130, 62, pid=66)
    story.log("", wrapped(story, lines, "stamps"), "k8s/kube-system/calico-node-mk-b/logs.txt")
    story.log(
        "",
        [
            text
            for n in range(7)
            for text in (
                f'{story.line(3_100 - 430 * n, "ERROR", 1, "client.go 290:", "Error getting cluster information config")} ClusterInformation="default" error={late}',
                f"{story.line(3_100 - 430 * n, 'ERROR', 1, 'main.go 255:', 'Failed to verify datastore')} error={late}",
                f'{story.line(3_068 - 430 * n, "ERROR", 1, "main.go 290:", "Received bad status code from apiserver")} error=an error on the server ("[+]ping ok\\n[+]log ok\\n[-]etcd failed: reason withheld\\nhealthz check failed") has prevented the request from succeeding status=500',
            )
        ],
        "k8s/kube-system/calico-kube-controllers-75d4b69685-x9kqd/logs.txt",
    )
    journal = []
    for n in range(40):
        ago = 1_700 - 41 * n
        text = ("error while range on /registry/health : query (try: 0): context deadline exceeded", "error in txn: exec (try: 500): database is locked", "error while range on /registry/leases/kube-node-lease/ /registry/leases/kube-node-lease/: query (try: 0): context deadline exceeded", "error in txn: query (try: 0): context canceled")[n % 4]  # fmt: skip
        journal.append(f'{story.syslog(ago)} mk-a microk8s.daemon-k8s-dqlite[1187]: time="{story.ago(ago)}" level=error msg="{text}"')  # fmt: skip
    story.log("", journal, "snap.microk8s.daemon-k8s-dqlite/journal.log")
    journal = []
    for n in range(22):
        ago = 1_690 - 74 * n
        journal.append(f'{story.syslog(ago)} mk-a microk8s.daemon-kubelite[2290]: E{story.klog(ago)}    2290 controller.go:189] failed to update lease, error: {locked}')  # fmt: skip
        if n % 3 == 0:
            journal.append(f'{story.syslog(ago - 12)} mk-a microk8s.daemon-kubelite[2290]: E{story.klog(ago - 12)}    2290 status.go:71] apiserver received an error that is not an metav1.Status: &status.Error{{s:(*status.Status)(0xc00{n:02d}b2a0)}}: {late}')  # fmt: skip
            journal.append(f'{story.syslog(ago - 13)} mk-a microk8s.daemon-kubelite[2290]: I{story.klog(ago - 13)}    2290 trace.go:219] Trace[{718293 + n}]: "Update" accept:application/vnd.kubernetes.protobuf,client:127.0.0.1,protocol:HTTP/2.0,resource:leases,url:/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/mk-a,verb:PUT (total time: 1{n:02d}04ms):')  # fmt: skip
    story.log("", journal, "snap.microk8s.daemon-kubelite/journal.log")
    story.texts["sys/top.txt"] = (
        f"top - {(now).strftime('%H:%M:%S')} up 4 days, 15:12,  1 user,  load average: 3.91, 4.40, 4.17\n"
        "Tasks: 261 total,   1 running, 260 sleeping,   0 stopped,   0 zombie\n"
        "%Cpu(s): 27.3 us,  4.1 sy,  0.0 ni, 66.4 id,  1.7 wa,  0.0 hi,  0.5 si,  0.0 st\n"
        "MiB Mem :  15990.2 total,   5120.7 free,   6019.4 used,   4850.1 buff/cache\n\n"
        "    PID USER      PR  NI    VIRT    RES    SHR S  %CPU  %MEM     TIME+ COMMAND\n"
        "   1187 root      20   0 2389016   1.2g  14208 S 100.3   7.6   6213:40 k8s-dqlite\n"
        "   2290 root      20   0 1829344 711180  86112 S  14.6   4.3 830:11.03 kubelite\n"
        "   4410 root      20   0 1803104  61120  44020 S   2.0   0.4 121:55.18 calico-node\n"
    )
    story.commands |= {
        "k8s/get-nodes.txt": "get nodes -o wide",
        "k8s/get-pods.txt": "get pods -A -o wide",
        "k8s/describe-kube-controllers.txt": f"describe pod -n kube-system {controllers}",
    }
    story.events("k8s/get-events.txt")
    story.affected = list(hosts)
    story.cite("snap.microk8s.daemon-k8s-dqlite/journal.log", "database is locked")
    story.cite("k8s/kube-system/calico-node-mk-b/logs.txt", "query (try: 0): context deadline exceeded")
    return story


def master_answers_after_the_time_allotted(now: datetime) -> Incident:
    story = incident(
        "master-does-not-answer-in-the-time-allotted",
        CAUSE,
        "IKS classic: since the afternoon the master answers 504 'unable to return a response in the time allotted' and late leases to everybody. The customer reports pods without a network on two workers and restarts of kube-controllers; Typha, calico-node of other workers and the scheduler's events say the same in the same minutes.",
        "https://github.com/projectcalico/calico/issues/3751 and https://cloud.ibm.com/docs/containers?topic=containers-ts-cluster-master",
        now,
        platform="classic",
        calico="v3.27.5",
        kubernetes="v1.29.14+IKS",
        difficulty="hard",
    )
    nodes = story.workers([f"10.184.77.{n}" for n in (131, 133, 140, 146, 151, 152)], age=9_000_000, since=8_999_000)
    story.agents(nodes, started=2_200_000, age=2_200_050)
    typha = story.typha(nodes[0], "wq6zt", started=2_200_000)
    story.typha(nodes[3], "c8m2x", started=2_200_000)
    controllers = story.other("calico-kube-controllers-6f9c6d7b8f-l4t7w", nodes[2], "172.30.91.4", "calico-system", "ReplicaSet/calico-kube-controllers-6f9c6d7b8f", "calico-kube-controllers", image=f"icr.io/ext/calico/kube-controllers:{story.calico}", restarts=9, started=1_260, last=("Error", 2, 1_290))  # fmt: skip
    allotted = "the server was unable to return a response in the time allotted, but may still be processing the request (get {})"
    info = allotted.format("clusterinformations.crd.projectcalico.org default")
    story.pod_event(controllers, "Unhealthy", f"Readiness probe failed: Error verifying datastore: {info}; Error reaching apiserver: {allotted.format('')[:-6]} with http status code: 504", 240, 14_100, 61)  # fmt: skip
    story.pod_event(controllers, "Unhealthy", f"Liveness probe failed: Error verifying datastore: {info}", 1_330, 13_900, 27)  # fmt: skip
    for name, node, n in (
        ("report-render-7d8b5c6f4-qk2vx", nodes[4], 0),
        ("report-render-7d8b5c6f4-8wz5t", nodes[5], 1),
    ):
        story.stuck(name, node, f"error getting ClusterInformation: {info}", 90 + 70 * n, 5_200, 9, namespace="reports")
        event(story, "Pod", name, "FailedScheduling", "binding rejected: running Bind plugin \"DefaultBinder\": etcdserver: request timed out", 5_300, namespace="reports", source="default-scheduler")  # fmt: skip
    for n, node in enumerate(nodes[1:4]):
        story.node_event(node, "NodeNotReady", f"Node {node} status is now: NodeNotReady", 4_020 + n, 11_800, 2, type_="Normal", source="node-controller")  # fmt: skip
        story.node_event(node, "NodeReady", f"Node {node} status is now: NodeReady", 3_960 + n, 11_700, 2, type_="Normal")  # fmt: skip
    lines = story.quiet(16_000, 14_300, 500)
    for n in range(15):
        ago = 14_000 - 930 * n
        kind = ("workloadendpoints", "nodes", "networkpolicies")[n % 3]
        api = {"workloadendpoints": "pods", "nodes": "nodes", "networkpolicies": "networkpolicies.crd.projectcalico.org"}[kind]  # fmt: skip
        lines += [
            story.line(ago, "INFO", 7, "watchercache.go 125:", f'Watch error received from Upstream ListRoot="/calico/resources/v3/projectcalico.org/{kind}" error=too old resource version: 88120{n:02d}11 (88131{n:02d}04)'),
            story.line(ago - 60, "INFO", 7, "watchercache.go 194:", f'Failed to perform list of current data during resync ListRoot="/calico/resources/v3/projectcalico.org/{kind}" error={allotted.format(api)}'),
            story.line(ago - 121, "INFO", 7, "watchercache.go 194:", f'Failed to perform list of current data during resync ListRoot="/calico/resources/v3/projectcalico.org/{kind}" error={allotted.format(api)}'),
        ]  # fmt: skip
        if n % 4 == 2:
            lines.append(story.line(ago - 190, "WARNING", 7, "rebalance.go 101:", f'Failed to get number of Typhas error={allotted.format("endpoints calico-typha")} thread="k8s-poll"'))  # fmt: skip
    story.log(typha, [line for line in lines if "felix/" not in line])
    node = nodes[1]
    lines = story.quiet(15_000, 14_050, 300)
    for n in range(9):
        ago = 13_600 - 1_500 * n
        lines.append(story.say(ago, "ERROR", 68, "cni-config-monitor", "token_watch.go 107:", f"Failed to update CNI token, retrying... error={allotted.format('serviceaccounts calico-node').replace('(get', '(post')}")) if n % 3 == 0 else None  # fmt: skip
        lines.append(f'W{story.klog(ago - 20)}      64 reflector.go:539] k8s.io/client-go@v0.28.15/tools/cache/reflector.go:229: failed to list *v1.Secret: {allotted.format("secrets")}')  # fmt: skip
        lines.append(f'E{story.klog(ago - 20)}      64 reflector.go:147] k8s.io/client-go@v0.28.15/tools/cache/reflector.go:229: Failed to watch *v1.Secret: failed to list *v1.Secret: {allotted.format("secrets")}')  # fmt: skip
        lines += story.quiet(ago - 200, ago - 1_000, 400)
    story.log(story.pods[node], lines)
    log = [
        story.line(1_258, "INFO", 1, "main.go 107:", "Loaded configuration from environment config=&config.Config{LogLevel:\"info\", WorkloadEndpointWorkers:1, ProfileWorkers:1, PolicyWorkers:1, NodeWorkers:1, Kubeconfig:\"\", DatastoreType:\"kubernetes\"}"),
        story.line(1_257, "INFO", 1, "main.go 131:", "Ensuring Calico datastore is initialized"),
        story.line(1_236, "INFO", 1, "main.go 157:", "Calico datastore is initialized"),
        story.line(1_235, "INFO", 1, "main.go 194:", "Getting initial config snapshot from datastore"),
    ]  # fmt: skip
    for n in range(12):
        ago = 1_190 - 98 * n
        log.append(story.line(ago, "ERROR", 1, "client.go 295:", f'Error getting cluster information config ClusterInformation="default" error={info if n % 2 else "client rate limiter Wait returned an error: context deadline exceeded"}'))  # fmt: skip
        log.append(story.line(ago, "ERROR", 1, "main.go 297:", f"Failed to verify datastore error={info if n % 2 else 'client rate limiter Wait returned an error: context deadline exceeded'}"))  # fmt: skip
    story.log(controllers, log)
    story.texts["cluster-get.txt"] = (
        "$ ibmcloud ks cluster get --cluster reports-prod | egrep 'State|Status|Version|Workers|Master'\n"
        "State:                          normal\nStatus:                         All Workers Normal\nVersion:                        1.29.14_1596\n"
        "Workers:                        6\nMaster State:                   deployed\nMaster Status:                  Ready (3 months ago)\nMaster Health:                  normal\n"
        "$ time kubectl get nodes -o name | wc -l\n6\n\nreal    0m41.718s\nuser    0m0.120s\nsys     0m0.031s\n"
        "$ kubectl get events -A | wc -l\nError from server (Timeout): the server was unable to return a response in the time allotted, but may still be processing the request (get events)\n0\n"
    )
    story.describe(nodes[4], story.pods[nodes[4]])
    story.commands["describe-kube-controllers.txt"] = f"describe pod -n calico-system {controllers}"
    story.commands["describe-report-render.txt"] = "describe pod -n reports report-render-7d8b5c6f4-qk2vx"
    story.affected = nodes
    story.cite(f"{typha}.log", "unable to return a response in the time allotted")
    story.cite(f"{controllers}.log", "unable to return a response in the time allotted")
    return story


STORIES = [dqlite_is_locked, master_answers_after_the_time_allotted]
