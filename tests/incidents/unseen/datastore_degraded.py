"""datastore-degraded: told without having seen the rules."""

from __future__ import annotations

from datetime import datetime

from telling import FELIX_503, Incident, incident

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


STORIES = [control_plane_changes_its_leader, master_near_its_limit]
