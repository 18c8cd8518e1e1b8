"""bgp-stale-node: told without having seen the rules, then opened."""

from __future__ import annotations

from datetime import datetime

from cluster import container, pod
from telling import Incident, incident, node_status

CAUSE = "bgp-stale-node"


def the_controller_sat_on_the_removed_node(now: datetime) -> Incident:
    story = incident(
        "controller-lived-on-the-node-that-was-removed",
        CAUSE,
        "etcd datastore: the node that was taken out carried calico-kube-controllers itself. The new controller released its address blocks but never deleted its Calico node: all BIRDs go on calling 10.44.8.33 (No route to host), each replaced calico-node names it in its first half minute, and no Kubernetes node has that address.",
        "https://github.com/projectcalico/calico/issues/9182",
        now,
        platform="other",
        calico="v3.27.3",
        kubernetes="v1.28.9",
        namespace="kube-system",
        registry="quay.io/calico",
        difficulty="medium",
    )
    hosts = {f"rzk8s-{n:02}": f"10.44.8.{30 + n}" for n in (1, 2, 4, 5, 6)}
    gone = "10.44.8.33"
    story.hosts(
        hosts, age=21_000_000, os_image="Ubuntu 22.04.4 LTS", kernel="5.15.0-105-generic", runtime="containerd://1.7.16"
    )
    init = [container(story, "install-cni", "quay.io/calico/cni:v3.27.3", done=True, started=4_312)]
    story.staff(hosts, started=4_300, age=4_330, init=init)
    for n, name in enumerate(story.pods.values()):
        ago = 4_280 - 9 * n
        story.not_established(name, [gone], ago, ago + 12, 2, established=4)
    status = [container(story, "calico-kube-controllers", "quay.io/calico/kube-controllers:v3.27.3", started=262_000)]
    controller = "calico-kube-controllers-68b7d9c6f4-wn2gq"
    made = pod(story, controller, "rzk8s-05", status, namespace="kube-system", owner="ReplicaSet/calico-kube-controllers-68b7d9c6f4",
               app="calico-kube-controllers", age=262_030)  # fmt: skip
    made["status"] |= {"podIP": "10.233.101.77", "hostIP": "10.44.8.35", "podIPs": [{"ip": "10.233.101.77"}]}
    made["spec"]["hostNetwork"] = False

    def kc(ago: float, level: str, place: str, text: str) -> str:
        return story.line(ago, level, 1, place, text)

    story.log(
        controller,
        [
            kc(262_000, "INFO", "main.go 107:", "Loaded configuration from environment config=&config.Config{LogLevel:\"info\", WorkloadEndpointWorkers:1, ProfileWorkers:1, PolicyWorkers:1, NodeWorkers:1, Kubeconfig:\"\", DatastoreType:\"etcdv3\"}"),
            kc(261_999.8, "INFO", "main.go 131:", "Ensuring Calico datastore is initialized"),
            kc(261_999.2, "INFO", "main.go 157:", "Calico datastore is initialized"),
            kc(261_999.1, "INFO", "main.go 194:", "Getting initial config snapshot from datastore"),
            kc(261_998.9, "INFO", "main.go 197:", "Got initial config snapshot"),
            kc(261_998.7, "INFO", "main.go 350:", 'Starting controller ControllerType="Node"'),
            kc(261_998.7, "INFO", "main.go 350:", 'Starting controller ControllerType="WorkloadEndpoint"'),
            kc(261_998.6, "INFO", "controller.go 193:", "Starting Node controller"),
            kc(261_998.5, "INFO", "ipam.go 281:", "Will run periodic IPAM sync every 7m30s"),
            kc(261_998.1, "INFO", "syncer.go 86:", "Node controller syncer status updated: wait-for-ready"),
            kc(261_997.6, "INFO", "syncer.go 86:", "Node controller syncer status updated: in-sync"),
            kc(261_990.2, "INFO", "ipam.go 1149:", 'Checking node calicoNode="rzk8s-03" k8sNode=""'),
            kc(261_990.1, "INFO", "ipam.go 1161:", 'Cleaning up IPAM affinities for deleted node calicoNode="rzk8s-03" k8sNode=""'),
            kc(261_988.8, "INFO", "hostendpoints.go 174:", "successfully synced all hostendpoints"),
            kc(201_300, "INFO", "watchercache.go 269:", 'Watch channel closed by remote - recreate watcher ListRoot="/calico/ipam/v2/assignment/"'),
            kc(64_020, "INFO", "watchercache.go 269:", 'Watch channel closed by remote - recreate watcher ListRoot="/calico/resources/v3/projectcalico.org/nodes"'),
        ],
    )  # fmt: skip
    me = "rzk8s-02"
    log = story.boot(me, 4_300, [*(a for k, a in hosts.items() if k != me), gone], [a for k, a in hosts.items() if k != me], interface="ens192", prefix=24)  # fmt: skip
    log = [x.replace('datastore="kubernetes"', 'datastore="etcdv3"') for x in log]
    story.log(story.pods[me], log + story.quiet(4_200, 30, 310))
    rows = [(a, "up", story.stamp(4_290)[11:19], "Established") for k, a in hosts.items() if k != me]
    story.texts["rzk8s-02-terminal.txt"] = (
        "root@rzk8s-02:~# calicoctl node status\n"
        + node_status([*rows, (gone, "start", story.stamp(4_296)[11:19], "Connect Socket: No route to host")])
        + "root@rzk8s-02:~# ip neigh show 10.44.8.33\n10.44.8.33 dev ens192  FAILED\n"
    )
    story.commands |= {
        "nodes.txt": "get nodes -o wide",
        "pods.txt": "get pods -n kube-system -o wide",
        f"describe-pod-{story.pods[me]}.txt": f"describe pod -n kube-system {story.pods[me]}",
    }
    story.affected = list(hosts)
    story.cite("rzk8s-02-terminal.txt", "10.44.8.33")
    story.cite(f"{controller}.log", 'Cleaning up IPAM affinities for deleted node calicoNode="rzk8s-03"')
    return story


def a_pending_pod_keeps_the_former_node(now: datetime) -> Incident:
    story = incident(
        "pod-bound-to-a-deleted-node-keeps-it-in-the-mesh",
        CAUSE,
        "A database pod with a local volume is still bound to a node that was deleted from Kubernetes four days ago; because of it the controller finds an allocation of that node 'still valid' and goes round and round without deleting the Calico node. The freshly joined node's calico-node says that BGP is not established with 192.168.177.74, an address that `get nodes` does not know; all existing nodes are up with each other.",
        "https://github.com/projectcalico/calico/issues/9618",
        now,
        platform="other",
        calico="v3.23.5",
        kubernetes="v1.21.14",
        namespace="kube-system",
        registry="docker.io/calico",
        difficulty="hard",
    )
    system = {
        "os_image": "openEuler 22.03 (LTS-SP1)",
        "kernel": "5.10.0-136.12.0.86.oe2203sp1.x86_64",
        "runtime": "docker://20.10.21",
    }
    old = {f"data-{n}": f"192.168.177.{70 + n}" for n in (1, 2, 3, 5)}
    story.hosts(old, age=29_000_000, **system)
    new = {"data-8": "192.168.177.78"}
    story.hosts(new, age=2_260, since=2_170, **system)
    story.staff(old, started=1_900_000, age=1_900_050)
    fresh = story.staff(
        new,
        started=2_180,
        age=2_250,
        init=[container(story, "install-cni", "docker.io/calico/cni:v3.23.5", done=True, started=2_190)],
    )[0]
    story.pods["data-8"] = fresh
    story.not_established(fresh, ["192.168.177.74"], 2_152, 2_166, 2, established=4)
    status = [
        container(story, "calico-kube-controllers", "docker.io/calico/kube-controllers:v3.23.5", started=1_800_000)
    ]
    controller = "calico-kube-controllers-7f76d48f74-4mlqb"
    made = pod(story, controller, "data-1", status, namespace="kube-system", owner="ReplicaSet/calico-kube-controllers-7f76d48f74",
               app="calico-kube-controllers", age=1_800_020)  # fmt: skip
    made["status"] |= {"podIP": "10.235.14.9", "hostIP": "192.168.177.71", "podIPs": [{"ip": "10.235.14.9"}]}
    made["spec"]["hostNetwork"] = False
    for n, node in enumerate(("data-2", "data-5")):
        story.other(f"seq-db-{n}", node, f"10.235.{7 + n}.21", "store", "StatefulSet/seq-db", "seq-db", age=6_100_000)
    story.other("seq-db-2", "data-4", "none", "store", "StatefulSet/seq-db", "seq-db", ready=False, phase="Pending",
                age=351_000, waiting="ContainerCreating")  # fmt: skip
    pending = story.objects["Pod"][-1]["status"]
    pending |= {"podIPs": [], "containerStatuses": []}
    del pending["podIP"]
    del pending["hostIP"]
    lines = []
    for n in range(12):
        ago = 3_580 - 300.2 * n
        lines += [
            story.line(ago, "INFO", 1, "ipam.go 1112:", "Checking node node=\"data-4\""),
            story.line(ago - 0.02, "INFO", 1, "ipam.go 1140:", 'Cleaning up IPAM resources for deleted node node="data-4"'),
            story.line(ago - 0.06, "INFO", 1, "ipam.go 1183:", 'Can\'t cleanup node yet - IPs still in use on this node node="data-4"'),
        ]  # fmt: skip
    story.log(controller, lines)
    peers = [*old.values(), "192.168.177.74"]
    log = story.boot("data-8", 2_180, peers, list(old.values()), interface="enp3s0f0", prefix=24)
    log = [x.replace('datastore="kubernetes"', 'datastore="etcdv3"') for x in log]
    story.log(fresh, log + story.quiet(2_100, 40, 190))
    story.describe("data-8", fresh)
    story.affected = ["data-8"]
    story.cite(f"describe-pod-{fresh}.txt", "BGP not established with 192.168.177.74")
    return story


def the_etcd_of_the_former_cluster_was_kept(now: datetime) -> Incident:
    story = incident(
        "rebuilt-cluster-meets-the-nodes-of-its-predecessor",
        CAUSE,
        "The cluster was set up anew on new machines, but its etcd is an outside one and still has Calico's keys of the former cluster: three nodes with their addresses that no Kubernetes node has. Two of those addresses are unused, one belongs to a build server now, which refuses TCP 179. The four that exist are up with each other; each calico-node names the three in its first half minute.",
        "https://docs.tigera.io/calico/latest/reference/calicoctl/node/ and https://github.com/kubernetes-sigs/kubespray/blob/v2.13.0/docs/calico.md (etcd datastore)",
        now,
        platform="other",
        calico="v3.13.2",
        kubernetes="v1.17.5",
        registry="docker.io/calico",
        namespace="kube-system",
        difficulty="medium",
    )
    hosts = {f"kube-b{n}": f"10.17.20.{50 + n}" for n in (1, 2, 3, 4)}
    old = {"kube-a1": "10.17.20.31", "kube-a2": "10.17.20.32", "kube-a3": "10.17.20.33"}
    story.hosts(hosts, os_image="CentOS Linux 7 (Core)", kernel="3.10.0-1127.el7.x86_64", runtime="docker://19.3.8", age=176_000, since=175_800)  # fmt: skip
    story.staff(hosts, started=175_700, age=175_760)
    me = "kube-b3"
    peers = [a for n, a in hosts.items() if n != me]
    story.recreated(story.pods[me], list(old.values()), 2_380, 3)
    story.other("kubernetes-dashboard-77475cf576-7vd5w", "kube-b2", "10.233.70.4", owner="ReplicaSet/kubernetes-dashboard-77475cf576", restarts=3, age=170_000, started=5_000)  # fmt: skip
    ordered = sorted([*peers, *old.values()], key=lambda ip: int(ip.rsplit(".", 1)[1]))
    lines = story.old_boot(me, 2_405, ordered, up=peers, interface="ens192", prefix=24)
    lines += story.quiet(2_330, 2_200, 61, 58)
    lines += ["bird: Graceful restart done", *story.quiet(2_100, 12, 330, 58)]
    story.log(story.pods[me], lines)
    days = story.stamp(175_690)[:10]
    story.texts["node-status-kube-b3.txt"] = "[root@kube-b3 ~]# calicoctl.sh node status\n" + node_status(
        [
            ("10.17.20.31", "start", story.stamp(2_402)[11:19], "Connect Socket: No route to host"),
            ("10.17.20.32", "start", story.stamp(2_402)[11:19], "Active Socket: Connection refused"),
            ("10.17.20.33", "start", story.stamp(2_402)[11:19], "Connect Socket: No route to host"),
            *((a, "up", story.stamp(2_400)[11:19], "Established") for a in peers),
        ]
    ) + "[root@kube-b3 ~]# calicoctl.sh get nodes -o wide\nNAME      ASN       IPV4             IPV6   \n" + "".join(
        f"{n:9} (64512)   {a + '/24':16}        \n" for n, a in [*old.items(), *hosts.items()]
    ) + "\n"  # fmt: skip
    story.texts["node-status-kube-b1.txt"] = "[root@kube-b1 ~]# calicoctl.sh node status\n" + node_status(
        [
            ("10.17.20.31", "start", days, "Connect Socket: No route to host"),
            ("10.17.20.32", "start", days, "Active Socket: Connection refused"),
            ("10.17.20.33", "start", days, "Connect Socket: No route to host"),
            ("10.17.20.52", "up", days, "Established"),
            ("10.17.20.53", "up", story.stamp(2_400)[11:19], "Established"),
            ("10.17.20.54", "up", days, "Established"),
        ]
    )  # fmt: skip
    story.describe(me)
    story.affected = []
    story.cite("node-status-kube-b3.txt", "kube-a1")
    story.cite(f"describe-pod-{story.pods[me]}.txt", "BGP not established with 10.17.20.31,10.17.20.32,10.17.20.33")
    return story


STORIES = [
    the_controller_sat_on_the_removed_node,
    a_pending_pod_keeps_the_former_node,
    the_etcd_of_the_former_cluster_was_kept,
]
