"""datastore-degraded: told without having seen the rules."""

from __future__ import annotations

from datetime import datetime

from telling import FELIX_503, Incident, incident, wrapped

CAUSE = "datastore-degraded"


def control_plane_changes_its_leader(now: datetime) -> Incident:
    story = incident(
        "api-answers-late-a-dozen-times-a-day",
        CAUSE,
        "A dozen times a day the API answers no one in time: kube-controllers, felix on every node and the scheduler's lease say 'context deadline exceeded' in the same minutes, etcd reports slow disks. No node is at fault.",
        "https://github.com/projectcalico/calico/issues/4140",
        now,
        platform="other",
        calico="v3.13.4",
        kubernetes="v1.18.3",
        namespace="kube-system",
        registry="rancher/calico",
        difficulty="medium",
    )
    hosts = {"rke-cp1": "10.91.0.11", "rke-w1": "10.91.0.21", "rke-w2": "10.91.0.22", "rke-w3": "10.91.0.23"}
    story.hosts(hosts, os_image="CentOS Linux 7 (Core)", kernel="3.10.0-1127.el7.x86_64", runtime="docker://19.3.9")
    story.staff(hosts, started=1_000_000)
    kc = story.other(
        "calico-kube-controllers-65996c8f7f-2r8tq",
        "rke-w1",
        "10.42.1.9",
        owner="ReplicaSet/calico-kube-controllers-65996c8f7f",
        app="calico-kube-controllers",
        image="rancher/calico-kube-controllers:v3.13.4",
        restarts=61,
        last=("Error", 2, 3100),
        started=3090,
    )
    story.pod_event(
        kc,
        "Unhealthy",
        "Readiness probe failed: Failed to read status file status.json: unexpected end of JSON input",
        3000,
        90_000,
        140,
        namespace="kube-system",
    )
    times, url = (14_000, 8200, 3120), "https://10.43.0.1:443"
    for name in (story.pods["rke-w1"], story.pods["rke-w3"]):
        story.probe(name, "felix is not ready: readiness probe reporting 503", 3080, 14_000, 7)
        log: list[str] = []
        for at in times:
            log += [
                story.line(
                    at,
                    "ERROR",
                    58,
                    "k8s.go 711:",
                    f'Error getting cluster information config ClusterInformation="default" error=Get {url}/apis/crd.projectcalico.org/v1/clusterinformations/default: context deadline exceeded',
                ),
                story.line(
                    at - 2,
                    "INFO",
                    58,
                    "watchercache.go 186:",
                    f'Failed to create watcher ListRoot="/calico/resources/v3/projectcalico.org/globalnetworkpolicies" error=Get {url}/apis/crd.projectcalico.org/v1/globalnetworkpolicies?watch=true: net/http: TLS handshake timeout performFullResync=true',
                ),
                story.line(
                    at - 9,
                    "WARNING",
                    58,
                    "watchercache.go 155:",
                    'Failed to perform list of current data during resync ListRoot="/calico/resources/v3/projectcalico.org/profiles" error=etcdserver: request timed out',
                ),
                *story.quiet(at - 40, at - 1500, 300),
            ]
        story.log(name, log)
    log = []
    for at in times:
        log += [
            story.line(
                at + 1,
                "ERROR",
                1,
                "client.go 255:",
                f'Error getting cluster information config ClusterInformation="default" error=Get {url}/apis/crd.projectcalico.org/v1/clusterinformations/default: context deadline exceeded',
            ),
            story.line(
                at + 1,
                "ERROR",
                1,
                "main.go 203:",
                f"Failed to verify datastore error=Get {url}/apis/crd.projectcalico.org/v1/clusterinformations/default: context deadline exceeded",
            ),
            story.line(at, "ERROR", 1, "main.go 234:", "Failed to reach apiserver error=<nil>"),
        ]
    story.log(kc, log)
    story.texts["etcd-rke-cp1.log"] = "".join(
        f'{story.stamp(at - i)}000 W | etcdserver: read-only range request "key:\\"/registry/{key}\\" " with result "error:etcdserver: request timed out" took too long ({7 + i}.{at % 977:03}s) to execute\n{story.stamp(at - i)}000 W | wal: sync duration of {3 + i}.{at % 811:03}s, expected less than 1s\n'
        for at in times
        for i, key in enumerate(
            ("leases/kube-system/kube-scheduler", "crd.projectcalico.org/clusterinformations/default")
        )
    )
    story.describe("rke-w1", story.pods["rke-w1"])
    story.events()
    story.affected = list(hosts)
    story.cite("etcd-rke-cp1.log", "etcdserver: request timed out")
    return story


def master_near_its_limit(now: datetime) -> Incident:
    story = incident(
        "master-answers-503-and-leader-changed-for-everybody",
        CAUSE,
        "IKS: a customer's controller wrote hundreds of thousands of objects, the master's etcd changes its leader again and again: 503 and 'etcdserver: leader changed' in Typha, in calico-node of all workers and in the kubelets' leases; workers turn NotReady together for a minute.",
        "https://cloud.ibm.com/docs/containers?topic=containers-ts-master-limits",
        now,
        platform="vpc",
        calico="v3.28.4",
        kubernetes="v1.30.10+IKS",
        difficulty="medium",
    )
    nodes = story.workers([f"10.244.64.{n}" for n in (4, 5, 8, 9, 13, 14)], since=700)
    story.agents(nodes, started=900_000)
    typha = story.typha(nodes[0], restarts=6, last=("Error", 2, 900), started=890)
    story.typha(nodes[3], "j3k9w", restarts=5, last=("Error", 2, 760), started=750)
    for node in nodes:
        story.node_event(node, "NodeNotReady", f"Node {node} status is now: NodeNotReady", 760, 9000, 6, type_="Normal")
        story.node_event(node, "NodeReady", f"Node {node} status is now: NodeReady", 700, 8900, 6, type_="Normal")
    texts = (
        "etcdserver: leader changed",
        "the server is currently unable to handle the request (get globalnetworksets.crd.projectcalico.org)",
        "etcdserver: request timed out",
    )
    log: list[str] = []
    for i in range(12):
        at = 5200 - 410 * i
        kind = ("globalnetworksets", "nodes", "kubernetesnetworkpolicies")[i % 3]
        log += [
            story.line(
                at,
                "INFO",
                7,
                "watchercache.go 194:",
                f'Failed to perform list of current data during resync ListRoot="/calico/resources/v3/projectcalico.org/{kind}" error={texts[i % 3]}',
            ),
            story.line(
                at - 3,
                "INFO",
                7,
                "watchercache.go 181:",
                f'Full resync is required ListRoot="/calico/resources/v3/projectcalico.org/{kind}"',
            ),
        ]
    story.log(typha, log)
    for node in (nodes[1], nodes[4]):
        name = story.pods[node]
        log = []
        for i in range(5):
            at = 5100 - 1000 * i
            log += [
                "E"
                + story.klog(at)
                + f"      62 reflector.go:147] k8s.io/client-go@v0.29.6/tools/cache/reflector.go:229: Failed to watch *v1.Service: failed to list *v1.Service: {texts[i % 3]}",
                story.say(
                    at - 15,
                    "WARNING",
                    66,
                    "cni-config-monitor",
                    "token_watch.go 108:",
                    f"Unable to create token for CNI kubeconfig error={texts[2]}",
                ),
                *story.quiet(at - 60, at - 900, 300),
            ]
        story.log(name, log)
        story.probe(name, FELIX_503, 740, 9000, 9)
    story.texts["cluster-get.txt"] = (
        "Name:                           prod-shop\nState:                          warning\nStatus:                         Some workers are NotReady\nMaster Status:                  Ready (2 days ago)\nMaster State:                   deployed\nMaster Health:                  error\n"
    )
    story.texts["storage-objects.txt"] = (
        '$ kubectl get --raw /metrics | grep ^apiserver_storage_objects | sort -n -k2 | tail -4\napiserver_storage_objects{resource="pods"} 611\napiserver_storage_objects{resource="events"} 5120\napiserver_storage_objects{resource="replicasets.apps"} 7031\napiserver_storage_objects{resource="scanreports.audit.example.com"} 412886\n'
    )
    story.describe(nodes[1])
    story.affected = nodes
    story.cite(f"{typha}.log", "etcdserver: leader changed")
    return story


def database_behind_the_api_is_slow(now: datetime) -> Incident:
    # told on 29 November 2026 without having seen the rules
    story = incident(
        "sql-database-behind-the-api-is-slow",
        CAUSE,
        "k3s keeps its objects in an external MySQL; since that database's storage is slow each statement takes seconds. Watches and lists of felix and kube-controllers time out on all hosts at once, leases are late and three hosts toggled together: nothing of Calico is at fault.",
        "https://github.com/k3s-io/kine/blob/master/pkg/drivers/generic/generic.go (Slow SQL)",
        now,
        platform="other",
        calico="v3.27.2",
        kubernetes="v1.29.3+k3s1",
        registry="quay.io/calico",
        difficulty="medium",
    )
    hosts = {f"kiosk-{n}": f"10.5.120.{10 + n}" for n in range(1, 6)}
    story.hosts(hosts, os_image="Ubuntu 20.04.6 LTS", kernel="5.4.0-182-generic", runtime="containerd://1.7.11-k3s2")
    story.staff(hosts, started=1_400_000)
    control = story.other(
        "calico-kube-controllers-6d9c8bfb97-x2wmq",
        "kiosk-2",
        "10.42.7.3",
        "calico-system",
        "ReplicaSet/calico-kube-controllers-6d9c8bfb97",
        app="calico-kube-controllers",
        image=f"quay.io/calico/kube-controllers:{story.calico}",
        restarts=19,
        started=700,
        last=("Error", 1, 720),
    )
    story.pod_event(
        control,
        "Unhealthy",
        'Readiness probe failed: Error verifying datastore: Get "https://10.43.0.1:443/apis/crd.projectcalico.org/v1/clusterinformations/default": context deadline exceeded; Error reaching apiserver: <nil> with http status code: 500',
        760,
        15_000,
        88,
    )
    for n, node in enumerate(list(hosts)[1:4]):
        story.node_event(
            node,
            "NodeNotReady",
            f"Node {node} status is now: NodeNotReady",
            1840 + n,
            14_900 + n,
            3,
            type_="Normal",
            source="node-controller",
        )
        story.node_event(
            node, "NodeReady", f"Node {node} status is now: NodeReady", 1790 + n, 14_850 + n, 3, type_="Normal"
        )
        item = next(o for o in story.objects["Node"] if o["metadata"]["name"] == node)
        item["status"]["conditions"][-1]["lastTransitionTime"] = story.ago(1790 + n)
    for k, node in enumerate(("kiosk-1", "kiosk-4")):
        log, ago = [], 15_600.0
        while ago > 200:
            log += story.quiet(ago, ago - 600, 300)
            at = ago - 700 + k
            log += [
                story.say(
                    at,
                    "WARNING",
                    63,
                    "felix",
                    "daemon.go 1134:",
                    "Failed to write status to datastore: context deadline exceeded",
                ),
                story.say(
                    at - 4,
                    "INFO",
                    63,
                    "felix",
                    "watchercache.go 125:",
                    'Watch error received from Upstream ListRoot="/calico/resources/v3/projectcalico.org/kubernetesnetworkpolicies" error=too old resource version (terminating watch): an error on the server ("unable to decode an event from the watch stream: context deadline exceeded")',
                ),
                story.say(
                    at - 31,
                    "INFO",
                    63,
                    "felix",
                    "watchercache.go 210:",
                    'Failed to perform list of current data during resync ListRoot="/calico/resources/v3/projectcalico.org/kubernetesnetworkpolicies" error=the server was unable to return a response in the time allotted, but may still be processing the request (get networkpolicies.networking.k8s.io)',
                ),
                story.say(
                    at - 62,
                    "INFO",
                    63,
                    "felix",
                    "watchercache.go 194:",
                    'Full resync is required ListRoot="/calico/resources/v3/projectcalico.org/kubernetesnetworkpolicies"',
                ),
            ]
            ago -= 2570
        story.log(story.pods[node], log)
    journal = []
    statement = "INSERT INTO kine(name, created, deleted, create_revision, prev_revision, lease, value, old_value) values(?, ?, ?, ?, ?, ?, ?, ?)"
    for n in range(14):
        ago = 15_300 - 1090 * n
        journal += [
            f'{story.syslog(ago)} k3s-srv k3s[884]: time="{story.ago(ago)}" level=info msg="Slow SQL (started: {story.stamp(ago + 6.2)} +0000 UTC m=+{1_512_204 - ago:.3f}) (total time: {5.9 + n % 4 * 2.31:.6f}s): {statement} : [[/registry/leases/kube-node-lease/kiosk-{1 + n % 5} 0 0 {88_120_400 + 7 * n} {88_120_411 + 7 * n} 3600 [] []]]"',
            f"{story.syslog(ago - 2)} k3s-srv k3s[884]: E{story.klog(ago - 2)}     884 writers.go:122] apiserver was unable to write a JSON response: http: Handler timeout",
            f'{story.syslog(ago - 3)} k3s-srv k3s[884]: I{story.klog(ago - 3)}     884 trace.go:236] Trace[{1_204_771_203 + n * 811}]: "Update" accept:application/vnd.kubernetes.protobuf,audit-id:6b1e,client:10.5.120.{11 + n % 5},protocol:HTTP/2.0,resource:leases,scope:resource,verb:PUT (total time: {7200 + 310 * n}ms):',
        ]
    story.log("", journal, "journal-k3s-server.txt")
    story.texts["mysql-iostat.txt"] = (
        "Device            r/s     rkB/s   w/s     wkB/s   aqu-sz  w_await  %util\nxvdf             3.10     88.20  41.20   1190.40    38.71   931.22  100.00\nxvda             0.40      6.10   2.30     31.80     0.01     1.90    0.60\n"
    )
    story.commands = {
        "nodes.txt": "get nodes -o wide",
        "pods.txt": "get pods -n calico-system -o wide",
        "describe-kube-controllers.txt": f"describe pod -n calico-system {control}",
        "describe-kiosk-3.txt": "describe node kiosk-3",
    }
    story.events()
    story.affected = list(hosts)
    story.cite("journal-k3s-server.txt", "Slow SQL (started:")
    return story


def calicos_own_etcd_without_a_majority(now: datetime) -> Incident:
    story = incident(
        "two-of-three-members-of-calicos-etcd-are-gone",
        CAUSE,
        "Calico has an etcd of its own (three hosts); two of them went away with their disk shelf some hours ago. The last member has no leader, so every call of Calico times out while Kubernetes' own API answers well: new pods get no network, restarted calico-nodes never start; older ones go on.",
        "https://etcd.io/docs/v3.4/op-guide/failures/",
        now,
        platform="other",
        calico="v3.10.3",
        kubernetes="v1.17.9",
        namespace="kube-system",
        registry="calico",
        difficulty="hard",
    )
    hosts = {f"cmp{n:03d}": f"172.23.16.{100 + n}" for n in range(1, 7)}
    system = {"os_image": "Ubuntu 18.04.5 LTS", "kernel": "4.15.0-112-generic", "runtime": "docker://19.3.8"}
    story.hosts(hosts, **system)
    bad = ["cmp002", "cmp005"]
    story.staff({k: v for k, v in hosts.items() if k not in bad}, started=1_650_000)
    names = story.staff({k: v for k, v in hosts.items() if k in bad}, ready=False, restarts=0, started=9100, age=9150)
    for name in names:
        story.probe(
            name,
            "BIRD is not ready: Failed to stat() nodename file: stat /var/lib/calico/nodename: no such file or directory",
            8,
            9060,
            905,
        )
    log = [
        story.line(9100, "INFO", 8, "startup.go 256:", "Early log level set to info"),
        story.line(9099.9, "INFO", 8, "startup.go 272:", "Using NODENAME environment for node name"),
        story.line(9099.9, "INFO", 8, "startup.go 284:", "Determined node name: cmp005"),
        story.line(9099.8, "INFO", 8, "startup.go 316:", "Checking datastore connection"),
    ]
    retry = "Hit error connecting to datastore - retry error=context deadline exceeded"
    log += [story.line(9089 - 75.2 * n, "INFO", 8, "startup.go 337:", retry) for n in range(120)]
    story.log(names[1], wrapped(story, log, "docker"), "cmp005/calico-node-json.log")
    story.log(
        story.pods["cmp003"],
        [
            *story.quiet(12_000, 9000, 800),
            *(
                x
                for n in range(9)
                for x in (
                    story.line(
                        8800 - 960 * n,
                        "WARNING",
                        61,
                        "daemon.go 935:",
                        "Failed to write status to datastore: context deadline exceeded",
                    ),
                    story.line(
                        8790 - 960 * n,
                        "INFO",
                        61,
                        "watchercache.go 127:",
                        'Failed to create watcher ListRoot="/calico/resources/v3/projectcalico.org/ippools" error=etcdserver: no leader performFullResync=false',
                    ),
                    *story.quiet(8700 - 960 * n, 8690 - 960 * n),
                )
            ),
        ],
        "cmp003/calico-node.log",
    )
    story.stuck(
        "ingest-58c9d7f6b4-q9x2k", "cmp003", "context deadline exceeded", 21, 8000, 61, namespace="data", form="docker"
    )
    story.stuck(
        "ingest-58c9d7f6b4-7hvtz", "cmp006", "context deadline exceeded", 44, 7900, 58, namespace="data", form="docker"
    )
    story.texts["etcd/health.txt"] = (
        "root@cmp001:~# etcdctl --endpoints=https://172.23.16.11:6666,https://172.23.16.12:6666,https://172.23.16.13:6666 endpoint health\n"
        '{"level":"warn","ts":"'
        + story.ago(610)
        + '","caller":"clientv3/retry_interceptor.go:62","msg":"retrying of unary invoker failed","target":"endpoint://client-71b3/172.23.16.12:6666","attempt":0,"error":"rpc error: code = DeadlineExceeded desc = latest connection error: connection error: desc = \\"transport: Error while dialing dial tcp 172.23.16.12:6666: connect: no route to host\\""}\n'
        "https://172.23.16.13:6666 is unhealthy: failed to commit proposal: context deadline exceeded\nhttps://172.23.16.12:6666 is unhealthy: failed to commit proposal: context deadline exceeded\nhttps://172.23.16.11:6666 is unhealthy: failed to commit proposal: context deadline exceeded\nError: unhealthy cluster\n"
        "root@cmp001:~# etcdctl --endpoints=https://172.23.16.11:6666 endpoint status -w table\n+---------------------------+------------------+---------+---------+-----------+------------+-----------+------------+--------------------+-----------------------+\n|         ENDPOINT          |        ID        | VERSION | DB SIZE | IS LEADER | IS LEARNER | RAFT TERM | RAFT INDEX | RAFT APPLIED INDEX |        ERRORS         |\n+---------------------------+------------------+---------+---------+-----------+------------+-----------+------------+--------------------+-----------------------+\n| https://172.23.16.11:6666 | 5d4c1f9a0b7e2233 |   3.4.9 |   21 MB |     false |      false |      4418 |    9120771 |            9120771 | etcdserver: no leader |\n+---------------------------+------------------+---------+---------+-----------+------------+-----------+------------+--------------------+-----------------------+\n"
    )
    story.texts["etcd/journal-etcd-a.txt"] = "".join(
        f"{story.syslog(9600 - 1.4 * n)} etcd-a etcd[2210]: {text}\n"
        for n, text in enumerate(
            t
            for k in range(12)
            for t in (
                f"raft: 5d4c1f9a0b7e2233 is starting a new election at term {4406 + k}",
                f"raft: 5d4c1f9a0b7e2233 became candidate at term {4407 + k}",
                f"raft: 5d4c1f9a0b7e2233 [logterm: 4405, index: 9120771] sent MsgVote request to 9e02b7c4d1a85f60 at term {4407 + k}",
                "health check for peer 9e02b7c4d1a85f60 could not connect: dial tcp 172.23.16.12:6667: connect: no route to host",
            )
        )
    )
    story.commands = {
        "get-nodes.txt": "get nodes -o wide",
        "get-pods.txt": "get pods -A -o wide",
        "describe-calico-node-cmp005.txt": f"describe pod -n kube-system {names[1]}",
        "describe-ingest.txt": "describe pod -n data ingest-58c9d7f6b4-q9x2k",
    }
    story.affected = list(hosts)
    story.cite("etcd/health.txt", "failed to commit proposal: context deadline exceeded")
    story.cite("cmp003/calico-node.log", "etcdserver: no leader")
    return story


STORIES = [
    control_plane_changes_its_leader,
    master_near_its_limit,
    database_behind_the_api_is_slow,
    calicos_own_etcd_without_a_majority,
]
