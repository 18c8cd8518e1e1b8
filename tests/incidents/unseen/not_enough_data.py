"""Bundles with too little in them, told without having seen the rules: the label is what this little still supports."""

from __future__ import annotations

from datetime import datetime

from telling import SOCKET, Incident, incident, node_status


def only_a_list_of_pods(now: datetime) -> Incident:
    story = incident(
        "a-list-of-pods-and-a-question",
        "worker-local-failure",
        "Only two lists were sent: one calico-node of seven has restarted 931 times and is in CrashLoopBackOff on a worker that is Ready; no description and no log says why.",
        "https://github.com/kubernetes-sigs/kubespray/issues/6895",
        now,
        platform="vpc",
        calico="v3.28.4",
        kubernetes="v1.31.6+IKS",
        difficulty="hard",
    )
    nodes = story.workers([f"10.245.2.{n}" for n in range(4, 11)])
    bad = nodes[3]
    story.agents([n for n in nodes if n != bad])
    story.agents([bad], ready=False, restarts=931, waiting="CrashLoopBackOff", last=("Error", 1, 260))
    story.commands = {"pods.txt": "get pods -n calico-system -o wide", "nodes.txt": "get nodes"}
    story.texts["question.txt"] = (
        "Hello, one calico pod restarts since four days, what shall we do? We can send more data on Monday.\n"
    )
    story.affected = [bad]
    story.cite("pods.txt", "CrashLoopBackOff")
    return story


def description_of_the_wrong_worker(now: datetime) -> Incident:
    story = incident(
        "everything-but-the-worker-in-question",
        "bgp-peer-down",
        "Log, pod and node of a healthy neighbour were sent; it was recreated and missed one peer at its start. The list shows that peer's calico-node 0/1 with 12 restarts on a Ready worker; nothing of it was collected.",
        "https://github.com/projectcalico/calico/issues/2290",
        now,
        platform="roks",
        calico="v3.27.5",
        kubernetes="v1.30.8+d9e7e4f",
        difficulty="hard",
        acceptable=["worker-local-failure"],
    )
    nodes = story.workers([f"10.194.77.{n}" for n in (130, 133, 134, 139)])
    bad = nodes[1]
    story.agents([n for n in nodes if n != bad])
    story.agents([bad], ready=False, restarts=12, started=200, last=("Error", 1, 210))
    name = story.pods[nodes[0]]
    story.recreated(name, [bad], 1500, 2)
    peers = [n for n in nodes if n != nodes[0]]
    story.log(name, [*story.boot(nodes[0], 1530, peers, [p for p in peers if p != bad]), *story.quiet(1500, 15, 200)])
    story.describe(nodes[0])
    story.affected = [bad]
    story.cite("pods.txt", story.pods[bad])
    return story


def description_without_a_log(now: datetime) -> Incident:
    story = incident(
        "describe-of-a-crashing-pod-and-nothing-of-its-log",
        "worker-local-failure",
        "One calico-node of six ends with exit code 1 again and again; the events hold only symptoms (BIRD's socket is missing, back-off) and no log was collected: the file of the log holds kubectl's own refusal. The other five run the same image.",
        "https://github.com/projectcalico/calico/issues/5343",
        now,
        platform="classic",
        calico="v3.27.4",
        kubernetes="v1.30.9+IKS",
        difficulty="hard",
    )
    nodes = story.workers([f"10.72.204.{n}" for n in (8, 12, 13, 29, 33, 40)])
    bad = nodes[4]
    story.agents([n for n in nodes if n != bad], started=1_400_000)
    name = story.agents(
        [bad], ready=False, restarts=58, waiting="CrashLoopBackOff", last=("Error", 1, 122), age=20_000
    )[0]
    story.typha(nodes[0], started=1_400_000)
    story.probe(name, SOCKET, 125, 19_800, 58)
    story.pod_event(
        name,
        "BackOff",
        f"Back-off restarting failed container calico-node in pod {name}_calico-system(90d1)",
        7,
        19_700,
        1310,
    )
    story.texts[f"{name}.log"] = (
        "unable to retrieve container logs for containerd://6ad1f3b09e4417c2d8a50f63bb1e7c9420d5a8f1637ee2094bc871d3f5a6029e\n"
    )
    story.describe(bad)
    story.affected = [bad]
    story.cite(f"describe-pod-{name}.txt", "CrashLoopBackOff")
    return story


def the_neighbours_list_only(now: datetime) -> Incident:
    story = incident(
        "status-table-of-a-neighbour-and-two-lists",
        "bgp-peer-down",
        "Sent were the lists and 'calicoctl node status' of one healthy master: of its four peers one refuses the connection, and in the list that peer's calico-node is 0/1 with restarts while its node is Ready. Nothing was collected from that peer, so why it does not run stays open.",
        "https://github.com/projectcalico/calico/issues/2561",
        now,
        platform="other",
        calico="v3.16.6",
        kubernetes="v1.19.8",
        registry="docker.io/calico",
        namespace="kube-system",
        difficulty="hard",
        acceptable=["worker-local-failure"],
    )
    hosts = {
        "ma-1": "172.16.31.11",
        "ma-2": "172.16.31.12",
        "ma-3": "172.16.31.13",
        "wo-1": "172.16.31.21",
        "wo-2": "172.16.31.22",
    }
    bad = "wo-1"
    story.hosts(hosts, os_image="CentOS Linux 8", kernel="4.18.0-240.10.1.el8_3.x86_64", runtime="docker://20.10.3")
    story.staff({k: v for k, v in hosts.items() if k != bad}, started=800_000)
    story.staff({bad: hosts[bad]}, ready=False, restarts=6, started=31, last=("Error", 137, 33))
    story.commands = {
        "kubectl-get-nodes.txt": "get nodes -o wide",
        "kubectl-get-pods.txt": "get pods -n kube-system -o wide",
    }
    rows = [
        ("172.16.31.12", "up", "2026-11-13", "Established"),
        ("172.16.31.13", "up", "2026-11-13", "Established"),
        ("172.16.31.21", "start", "03:48:19", "Connect Socket: Connection refused"),
        ("172.16.31.22", "up", "2026-11-13", "Established"),
    ]
    story.texts["ma-1-calicoctl-node-status.txt"] = node_status(rows)
    story.affected = [bad]
    story.cite("ma-1-calicoctl-node-status.txt", "172.16.31.21")
    return story


STORIES = [only_a_list_of_pods, description_of_the_wrong_worker, description_without_a_log, the_neighbours_list_only]
