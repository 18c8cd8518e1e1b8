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


def etcd_of_openshift_on_a_slow_array(now: datetime) -> Incident:
    story = incident(
        "etcd-of-the-masters-waits-for-the-storage-array",
        CAUSE,
        "OpenShift on vSphere with Calico: since a rebuild of the storage array etcd's fsyncs take seconds, its leader changes and the API answers 'etcdserver: request timed out' or leader changed to all. The customer opened the ticket for calico-kube-controllers, which restarts all the time, and the operator's Degraded; calico-node itself is ready on all hosts, only felix' and confd's lists time out now and then.",
        "https://docs.openshift.com/container-platform/4.14/scalability_and_performance/recommended-performance-scale-practices/recommended-etcd-practices.html and https://github.com/etcd-io/etcd/blob/main/Documentation/faq.md (apply request took too long)",
        now,
        platform="other",
        calico="v3.27.3",
        kubernetes="v1.27.13+048520e",
        registry="quay.io/calico",
        difficulty="medium",
    )
    hosts = {f"ocp-m{n}.dc1.example": f"10.180.2.{10 + n}" for n in range(3)} | {f"ocp-w{n}.dc1.example": f"10.180.2.{30 + n}" for n in range(4)}  # fmt: skip
    system = {"os_image": "Red Hat Enterprise Linux CoreOS 414.92.202405130844-0", "kernel": "5.14.0-284.64.1.el9_2.x86_64", "runtime": "cri-o://1.27.6-2.rhaos4.14"}  # fmt: skip
    nodes = list(hosts)
    story.hosts(hosts, age=19_000_000, since=3_000_000, **system)
    story.staff(hosts, started=2_900_000, age=2_900_070)
    kube = "calico-kube-controllers-7d9c6b58f4-x2hqk"
    story.other(kube, nodes[4], "10.128.3.9", "calico-system", "ReplicaSet/calico-kube-controllers-7d9c6b58f4", app="calico-kube-controllers", image="quay.io/calico/kube-controllers:v3.27.3", ready=False, restarts=39, started=50, last=("Error", 1, 70), age=2_900_000)  # fmt: skip
    for n, node in enumerate(nodes[:3]):
        story.other(f"etcd-{node}", node, namespace="openshift-etcd", owner=f"Node/{node}", app="etcd", image="quay.io/openshift-release-dev/ocp-v4.0-art-dev:etcd", restarts=(3, 5, 2)[n], started=31_000 - 900 * n)  # fmt: skip
        story.other(f"kube-apiserver-{node}", node, namespace="openshift-kube-apiserver", owner=f"Node/{node}", app="kube-apiserver", image="quay.io/openshift-release-dev/ocp-v4.0-art-dev:hyperkube", restarts=(11, 14, 9)[n], started=2_200 - 300 * n, last=("Error", 255, 2_290 - 300 * n))  # fmt: skip
    story.typha(nodes[3], "8wq2c", started=2_800_000)
    story.typha(nodes[5], "vk4zn", started=2_800_000)
    base = "must-gather.local.4410/quay-io-openshift-release-dev-sha256-1c7a/"
    log = []
    for n in range(5):
        ago = 1_430 - 268 * n
        log += [
            story.line(ago, "INFO", 1, "main.go 107:", 'Loaded configuration from environment config=&config.Config{LogLevel:"info", WorkloadEndpointWorkers:1, ProfileWorkers:1, PolicyWorkers:1, NodeWorkers:1, Kubeconfig:"", DatastoreType:"kubernetes"}'),
            f"W{story.klog(ago)}       1 client_config.go:618] Neither --kubeconfig nor --master was specified.  Using the inClusterConfig.  This might not work.",
            story.line(ago - 0.1, "INFO", 1, "main.go 131:", "Ensuring Calico datastore is initialized"),
            *([story.line(ago - 12.1, "ERROR", 1, "client.go 295:", 'Error getting cluster information config ClusterInformation="default" error=etcdserver: request timed out'), story.line(ago - 12.1, "INFO", 1, "main.go 138:", "Failed to initialize datastore error=etcdserver: request timed out"), story.line(ago - 29.8, "INFO", 1, "main.go 138:", "Failed to initialize datastore error=etcdserver: leader changed")] if n % 2 == 0 else [story.line(ago - 20.2, "ERROR", 1, "client.go 295:", 'Error getting cluster information config ClusterInformation="default" error=Get "https://172.30.0.1:443/apis/crd.projectcalico.org/v1/clusterinformations/default": context deadline exceeded'), story.line(ago - 20.2, "INFO", 1, "main.go 138:", 'Failed to initialize datastore error=Get "https://172.30.0.1:443/apis/crd.projectcalico.org/v1/clusterinformations/default": context deadline exceeded')]),
            story.line(ago - 60.4, "FATAL", 1, "main.go 151:", "Failed to initialize Calico datastore"),
        ]  # fmt: skip
    story.log(
        "",
        log,
        f"{base}namespaces/calico-system/pods/{kube}/calico-kube-controllers/calico-kube-controllers/logs/previous.log",
    )
    operator = []
    for n in range(7):
        ago = 1_500 - 205 * n
        error = ("etcdserver: request timed out", "etcdserver: leader changed", "rpc error: code = Unavailable desc = etcdserver: leader changed")[n % 3]  # fmt: skip
        operator.append(f'{{"level":"error","ts":"{story.ago(ago)}","msg":"Reconciler error","controller":"tigera-installation-controller","object":{{"name":"default"}},"namespace":"","name":"default","reconcileID":"51c{n}e0","error":"{error}","stacktrace":"sigs.k8s.io/controller-runtime/pkg/internal/controller.(*Controller).reconcileHandler"}}')  # fmt: skip
        if n == 4:
            operator += [
                f"E{story.klog(ago - 40)}       1 leaderelection.go:369] Failed to update lock: etcdserver: request timed out",
                f"I{story.klog(ago - 50)}       1 leaderelection.go:285] failed to renew lease tigera-operator/operator-lock: timed out waiting for the condition",
            ]
    story.log("", operator, f"{base}namespaces/tigera-operator/pods/tigera-operator-6fdb4c9f5-pn7zd/tigera-operator/tigera-operator/logs/current.log")  # fmt: skip
    etcd = []
    for n in range(11):
        ago = 1_480 - 131 * n
        ts = story.ago(ago)[:-1] + f".{211 + 37 * n}Z"
        etcd += [
            f'{{"level":"warn","ts":"{ts}","caller":"wal/wal.go:805","msg":"slow fdatasync","took":"{2 + n % 4}.{413 + 17 * n}s","expected-duration":"1s"}}',
            f'{{"level":"warn","ts":"{ts}","caller":"etcdserver/util.go:170","msg":"apply request took too long","took":"{3 + n % 5}.{119 + 41 * n}s","expected-duration":"200ms","prefix":"read-only range ","request":"key:\\"/kubernetes.io/crd.projectcalico.org/{("ipamblocks", "felixconfigurations", "clusterinformations")[n % 3]}/\\" range_end:\\"/kubernetes.io/crd.projectcalico.org/x0\\" limit:500 ","response":"","error":"{("", "context canceled", "etcdserver: request timed out")[n % 3]}"}}',
        ]
        if n % 4 == 1:
            etcd += [
                f'{{"level":"info","ts":"{ts}","logger":"raft","caller":"etcdserver/zap_raft.go:77","msg":"raft.node: 8e2c41b7a90d3f15 lost leader 1f90cc3e07b25da8 at term {410 + n}"}}',
                f'{{"level":"info","ts":"{ts}","logger":"raft","caller":"etcdserver/zap_raft.go:77","msg":"raft.node: 8e2c41b7a90d3f15 elected leader 5b3ad2f06e714c99 at term {411 + n}"}}',
            ]
    story.log("", etcd, f"{base}namespaces/openshift-etcd/pods/etcd-{nodes[1]}/etcd/etcd/logs/current.log")
    lines = []
    for n in range(6):
        ago = 1_420 - 233 * n
        lines += [
            *story.quiet(ago + 170, ago + 20, 74),
            story.say(ago, "INFO", 66, "felix", "watchercache.go 187:", f'Failed to perform list of current data during resync ListRoot="/calico/resources/v3/projectcalico.org/{("ippools", "felixconfigurations", "nodes")[n % 3]}" error={("etcdserver: request timed out", "etcdserver: leader changed")[n % 2]}'),
        ]  # fmt: skip
    story.log("", lines, f"{base}namespaces/calico-system/pods/{story.pods[nodes[4]]}/calico-node/calico-node/logs/current.log")  # fmt: skip
    story.texts[f"{base}cluster-scoped-resources/clusteroperators.txt"] = (
        "NAME                 VERSION   AVAILABLE   PROGRESSING   DEGRADED   SINCE   MESSAGE\n"
        "etcd                 4.14.27   True        False         True       8h      EtcdMembersDegraded: 2 of 3 members are available, ocp-m1.dc1.example is unhealthy\n"
        'kube-apiserver       4.14.27   True        False         True       7h      StaticPodsDegraded: pod/kube-apiserver-ocp-m1.dc1.example container "kube-apiserver" is waiting: CrashLoopBackOff\n'
        "network              4.14.27   True        False         False      219d    \nauthentication       4.14.27   False       False         True       6m      OAuthServerRouteEndpointAccessibleControllerAvailable: context deadline exceeded\n"
    )
    story.commands |= {f"{base}nodes.txt": "get nodes -o wide", f"{base}pods-calico-system.txt": "get pods -n calico-system -o wide", f"{base}describe-kube-controllers.txt": f"describe pod -n calico-system {kube}"}  # fmt: skip
    story.affected = []
    story.cite(f"{base}namespaces/openshift-etcd/pods/etcd-{nodes[1]}/etcd/etcd/logs/current.log", "slow fdatasync")
    story.cite(f"{base}namespaces/calico-system/pods/{story.pods[nodes[4]]}/calico-node/calico-node/logs/current.log", "etcdserver: request timed out")  # fmt: skip
    return story


STORIES = [dqlite_is_locked, master_answers_after_the_time_allotted, etcd_of_openshift_on_a_slow_array]
