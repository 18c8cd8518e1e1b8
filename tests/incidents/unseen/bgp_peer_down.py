"""bgp-peer-down: told without having seen the rules."""

from __future__ import annotations

from datetime import datetime

from cluster import container
from telling import SOCKET, Incident, bird_start, incident, node_status, protocols, wrapped

CAUSE = "bgp-peer-down"


def everybody_misses_the_same_one(now: datetime) -> Incident:
    story = incident(
        "five-rolled-pods-miss-one-crashing-neighbour",
        CAUSE,
        "The daemonset was rolled; each new calico-node complains about 192.168.50.47 only. That node is Ready, its own calico-node ended 26 times (no file of it was sent); the neighbours themselves need nothing.",
        "https://github.com/projectcalico/calico/issues/2561",
        now,
        platform="other",
        calico="v3.22.1",
        kubernetes="v1.23.5",
        namespace="kube-system",
        registry="docker.io/calico",
        difficulty="easy",
        acceptable=["worker-local-failure"],
    )
    hosts = {f"stor-{x}": f"192.168.50.{n}" for x, n in zip("abcdef", (42, 44, 45, 46, 47, 48), strict=True)}
    story.hosts(hosts, os_image="Ubuntu 20.04.4 LTS", kernel="5.4.0-104-generic", runtime="containerd://1.5.11")
    bad = "stor-e"
    good = {k: v for k, v in hosts.items() if k != bad}
    story.staff(good, age=3500, started=3480)
    story.staff(
        {bad: hosts[bad]}, ready=False, restarts=26, waiting="CrashLoopBackOff", last=("Error", 1, 190), age=7600
    )
    for name in (story.pods["stor-a"], story.pods["stor-c"]):
        story.not_established(name, [hosts[bad]], 3440, 3470, 3, established=4)
        story.pod_event(name, "Started", "Started container calico-node", 3480, type_="Normal")
    peers = [v for k, v in hosts.items() if k != "stor-a"]
    log = story.boot("stor-a", 3480, peers, up=[p for p in peers if p != hosts[bad]], interface="enp3s0", prefix=24)
    story.log(story.pods["stor-a"], [*log, *story.quiet(3300, 12, 180)])
    story.texts["calicoctl_node_status.txt"] = node_status(
        [
            (
                p,
                "start" if p == hosts[bad] else "up",
                "14:23:39",
                "Active Socket: Connection refused" if p == hosts[bad] else "Established",
            )
            for p in peers
        ]
    )
    story.describe("stor-a", story.pods["stor-a"])
    story.commands[f"describe-pod-{story.pods['stor-c']}.txt"] = f"describe pod -n kube-system {story.pods['stor-c']}"
    story.commands[f"describe-node-{bad}.txt"] = f"describe node {bad}"
    story.affected = [bad]
    story.cite("pods.txt", "CrashLoopBackOff")
    return story


def stuck_in_init_for_hours(now: datetime) -> Incident:
    story = incident(
        "the-neighbours-wait-for-a-pod-in-init",
        CAUSE,
        "The workers that were updated last miss 10.243.4.18 at their start; that worker is Ready, but its calico-node is Init:0/1 for six hours and nothing of it was sent. Whoever reads can only name the peer.",
        "https://docs.tigera.io/calico/latest/operations/troubleshoot/troubleshooting (BIRD is not ready: BGP not established)",
        now,
        platform="vpc",
        calico="v3.29.4",
        kubernetes="v1.32.5+IKS",
        difficulty="medium",
        acceptable=["worker-local-failure"],
    )
    nodes = story.workers([f"10.243.4.{n}" for n in (10, 11, 14, 17, 18)])
    bad = nodes[-1]
    good = nodes[:-1]
    story.agents(good[:2], started=1_100_000)
    new = story.agents(good[2:], age=1500, started=1480)
    init = [container(story, "install-cni", "icr.io/ext/calico/cni:v3.29.4", ready=False, waiting="PodInitializing")]
    story.agents([bad], init=init, ready=False, waiting="PodInitializing", phase="Pending", age=21_700)
    for name in new:
        story.not_established(name, [bad], 1450, 1470, 2, established=3)
        story.probe(name, SOCKET, 1475, 1475)
    story.typha(good[0])
    story.typha(good[1], "n5r8c")
    me = good[2]
    peers = [n for n in nodes if n != me]
    log = story.boot(me, 1480, peers, up=[p for p in peers if p != bad])
    story.log(new[0], wrapped(story, [*log, *story.quiet(1400, 12, 200)], "prefix", new[0]))
    story.describe(me, new[0])
    story.commands[f"describe-{new[1]}.txt"] = f"describe pod -n calico-system {new[1]}"
    story.affected = [bad]
    story.cite("pods.txt", "Init:0/1")
    return story


def neighbour_keeps_ending(now: datetime) -> Incident:
    story = incident(
        "session-refused-since-the-neighbours-agent-keeps-ending",
        CAUSE,
        "From one node's side only: BIRD's session to 10.61.0.14 went from up to start and is refused since; that machine is Ready and answers pings, but its calico-node ends at each start since the same minute. No log of the peer was sent.",
        "https://docs.tigera.io/calico/latest/operations/troubleshoot/troubleshooting",
        now,
        platform="other",
        calico="v3.11.3",
        kubernetes="v1.17.17",
        namespace="kube-system",
        registry="calico",
        difficulty="medium",
        acceptable=["worker-local-failure"],
    )
    hosts = {f"pg-{n}": f"10.61.0.{n}" for n in (11, 12, 13, 14)}
    story.hosts(hosts, os_image="Ubuntu 18.04.5 LTS", kernel="4.15.0-136-generic", runtime="docker://19.3.6")
    bad, me = "pg-14", "pg-12"
    story.staff({k: v for k, v in hosts.items() if k != bad}, started=9_000_000)
    story.staff({bad: hosts[bad]}, ready=False, restarts=54, waiting="CrashLoopBackOff", last=("Error", 1, 190), age=9_000_100)  # fmt: skip
    peers = [v for k, v in hosts.items() if k != me]
    log = story.quiet(16_900, 16_320, 150)
    session = "bird: Mesh_10_61_0_14"
    log += [f"{session}: State changed to {x}" for x in ("start", "stop", "down")] + [
        f"{session}: Starting",
        f"{session}: State changed to start",
    ]
    log += story.quiet(16_100, 30, 900)
    story.log(story.pods[me], wrapped(story, log, "stamps"))
    story.texts["pg-12-birdcl.txt"] = protocols(
        [
            (
                p,
                "start" if p == hosts[bad] else "up",
                story.stamp(16_180)[11:19] if p == hosts[bad] else story.stamp(8_900_000)[:10],
                "Active        Socket: Connection refused" if p == hosts[bad] else "Established",
            )
            for p in peers
        ],
        since=story.stamp(8_900_000)[:10],
    )
    story.texts["pg-14.txt"] = (
        "pg-12 $ ping -c1 10.61.0.14 | tail -1\nrtt min/avg/max/mdev = 0.311/0.311/0.311/0.000 ms\n"
        "pg-14 $ docker ps -a | grep calico-node\n"
        '3b8d0f6a1c72   calico/node   "start_runit"   3 months ago   Exited (1) 3 minutes ago   k8s_calico-node_calico-node-8rw5t_kube-system_5b0c_54\n'
        "pg-14 $ ss -ltn | grep -c ':179'\n0\n"
    )
    story.commands["nodes.txt"] = "get nodes -o wide"
    story.commands["calico-pods.txt"] = "get pods -n kube-system -o wide"
    story.affected = [bad]
    story.cite("pg-14.txt", "Exited (1) 3 minutes ago")
    return story


def rollout_waits_for_two_pods_that_do_not_run(now: datetime) -> Incident:
    story = incident(
        "new-pods-of-a-patch-miss-two-that-crash",
        CAUSE,
        "ROKS patch day: each recreated calico-node says once that it misses 10.171.20.140 and .152; both workers are Ready, their calico-node pods are restarting without end and were not collected. The pods that complain are ready by now.",
        "https://github.com/projectcalico/calico/issues/2290",
        now,
        platform="roks",
        calico="v3.28.4",
        kubernetes="v1.29.14+7cf4c05",
        difficulty="easy",
        acceptable=["worker-local-failure"],
    )
    red_hat = {
        "os_image": "Red Hat Enterprise Linux 9.4 (Plow)",
        "kernel": "5.14.0-427.59.1.el9_4.x86_64",
        "runtime": "cri-o://1.29.13",
    }
    nodes = story.workers([f"10.171.20.{n}" for n in (131, 134, 137, 140, 145, 152)], **red_hat)
    bad = [nodes[3], nodes[5]]
    good = [n for n in nodes if n not in bad]
    names = story.agents(good, started=2400, age=2440)
    for i, node in enumerate(bad):
        story.agents(
            [node],
            ready=False,
            restarts=(11, 12)[i],
            waiting="CrashLoopBackOff",
            last=("Error", 1, 130 + 20 * i),
            age=2450 + i,
        )
    for name in names:
        story.not_established(name, bad, 2365, 2390, 2, established=3)
        story.pod_event(name, "Created", "Created container calico-node", 2401, type_="Normal")
        story.pod_event(name, "Started", "Started container calico-node", 2400, type_="Normal")
    story.typha(good[0])
    story.typha(good[1], "cz6vq")
    for node in nodes:
        story.other(f"ibm-keepalived-watcher-{node[-3:]}xk", node, app="ibm-keepalived-watcher", started=2_000_000)
    me = good[2]
    peers = [n for n in nodes if n != me]
    log = story.boot(me, 2398, peers, up=[p for p in peers if p not in bad])
    log += [*story.quiet(2300, 2160, 120), "bird: Graceful restart done", *story.quiet(2100, 14, 190)]
    story.log(names[2], log)
    story.describe(me, names[2])
    story.affected = bad
    story.cite("pods.txt", "CrashLoopBackOff")
    return story


# told on 29 November 2026 without having seen the rules
def one_of_two_reflectors(now: datetime) -> Incident:
    story = incident(
        "second-route-reflector-has-no-running-agent",
        CAUSE,
        "Two route reflectors, no mesh: hosts whose calico-node was rolled this morning miss 10.33.0.6 at their start and are ready since by the other one. The reflector's host is Ready; its calico-node has not run since the roll (RunContainerError, nothing more was sent), so the cluster hangs on one reflector.",
        "https://docs.tigera.io/calico/latest/networking/configuring/bgp (route reflectors)",
        now,
        platform="other",
        calico="v3.20.2",
        kubernetes="v1.21.14",
        namespace="kube-system",
        registry="quay.io/calico",
        difficulty="medium",
        acceptable=["worker-local-failure"],
    )
    reflectors = {"lyon-rr1": "10.33.0.5", "lyon-rr2": "10.33.0.6"}
    hosts = {f"lyon-n{n:02}": f"10.33.1.{10 + n}" for n in range(1, 6)}
    system = {
        "os_image": "CentOS Linux 7 (Core)",
        "kernel": "3.10.0-1160.80.1.el7.x86_64",
        "runtime": "docker://20.10.17",
    }
    story.hosts(reflectors, labels={"route-reflector": "true"}, **system)
    story.hosts(hosts, **system)
    story.staff({"lyon-rr1": "10.33.0.5"}, started=4_100, age=4_140)
    story.staff({"lyon-rr2": "10.33.0.6"}, ready=False, restarts=3, waiting="RunContainerError", age=4_080)
    story.staff(hosts, started=3_900, age=3_930)
    for node in hosts:
        story.not_established(story.pods[node], ["10.33.0.6"], 3_872, 3_884, 2, established=1)
        story.pod_event(story.pods[node], "Started", "Started container calico-node", 3_900, type_="Normal")
    me = "lyon-n03"
    log = story.boot(me, 3_898, bird=False, interface="team0", prefix=23) + bird_start(
        list(reflectors.values()), up=["10.33.0.5"], kind="Node"
    )
    log += [*story.quiet(3_800, 3_660, 140), "bird: Graceful restart done", *story.quiet(3_600, 9, 310)]
    story.log(story.pods[me], wrapped(story, log, "docker"), f"{story.pods[me]}_kube-system_calico-node-json.log")
    story.texts["birdcl-lyon-n03.txt"] = protocols(
        [
            ("10.33.0.5", "up", story.stamp(3_895)[11:19], "Established"),
            ("10.33.0.6", "start", story.stamp(3_895)[11:19], "Active        Socket: Connection refused"),
        ],
        kind="Node",
        since=story.stamp(3_896)[11:19],
    )
    story.commands = {
        "nodes.txt": "get nodes --show-labels",
        "pods.txt": "get pods -n kube-system -o wide",
        f"describe-{story.pods[me]}.txt": f"describe pod -n kube-system {story.pods[me]}",
        "describe-node-lyon-rr2.txt": "describe node lyon-rr2",
    }
    story.affected = ["lyon-rr2"]
    story.cite("pods.txt", "RunContainerError")
    return story


def service_on_the_windows_worker_is_stopped(now: datetime) -> Incident:
    story = incident(
        "windows-workers-calico-service-is-stopped",
        CAUSE,
        "Mixed cluster with BGP: the Linux agents that were restarted today miss 10.60.1.22 only and get 'Connection refused' from it; that Windows worker is Ready, but its services CalicoNode and RemoteAccess are stopped. Linux pods are fine among each other.",
        "https://docs.tigera.io/calico/latest/getting-started/kubernetes/windows-calico/troubleshoot",
        now,
        platform="other",
        calico="v3.21.4",
        kubernetes="v1.22.8",
        namespace="kube-system",
        registry="docker.io/calico",
        difficulty="hard",
        acceptable=["worker-local-failure"],
    )
    linux = {f"mix-lx{n}": f"10.60.1.{10 + n}" for n in (1, 2, 3)}
    windows = {"mix-win1": "10.60.1.21", "mix-win2": "10.60.1.22"}
    story.hosts(linux, os_image="Ubuntu 20.04.4 LTS", kernel="5.4.0-107-generic", runtime="containerd://1.5.11")
    story.hosts(
        windows,
        labels={"kubernetes.io/os": "windows"},
        os_image="Windows Server 2019 Datacenter",
        kernel="10.0.17763.2803",
        runtime="docker://20.10.9",
    )
    for item in story.objects["Node"][3:]:
        item["status"]["nodeInfo"]["operatingSystem"] = "windows"
    story.staff(linux, started=5_300, age=5_330)
    for node in linux:
        story.not_established(story.pods[node], ["10.60.1.22"], 5_276, 5_290, 2, established=3)
    web = story.other(
        "iis-7d5c6f9b8-q4zkm",
        "mix-win2",
        "10.244.66.9",
        "shop",
        "ReplicaSet/iis-7d5c6f9b8",
        image="registry.example.com/iis:ltsc2019",
        ready=False,
        restarts=0,
        started=800_000,
        age=800_100,
    )
    story.pod_event(
        web,
        "Unhealthy",
        'Readiness probe failed: Get "http://10.244.66.9:80/": context deadline exceeded (Client.Timeout exceeded while awaiting headers)',
        22,
        6_000,
        560,
        namespace="shop",
    )
    story.other(
        "iis-7d5c6f9b8-x2fbn",
        "mix-win1",
        "10.244.65.14",
        "shop",
        "ReplicaSet/iis-7d5c6f9b8",
        image="registry.example.com/iis:ltsc2019",
        started=800_000,
        age=800_100,
    )
    me = "mix-lx1"
    peers = [v for k, v in (linux | windows).items() if k != me]
    log = story.boot(me, 5_298, peers, up=[p for p in peers if p != "10.60.1.22"], interface="ens160", prefix=24)
    log += [*story.quiet(5_200, 5_060, 140), "bird: Graceful restart done", *story.quiet(5_000, 12, 330)]
    story.log(story.pods[me], wrapped(story, log, "prefix", story.pods[me]))
    story.texts["node-status-mix-lx1.txt"] = node_status(
        [
            (
                p,
                "start" if p == "10.60.1.22" else "up",
                story.stamp(5_294)[11:19],
                "Connect Socket: Connection refused" if p == "10.60.1.22" else "Established",
            )
            for p in peers
        ]
    )
    story.texts["mix-win2-powershell.txt"] = (
        "PS C:\\> hostname; Get-Date -Format u\nmix-win2\n"
        f"{story.stamp(240)[:19]}Z\n\nPS C:\\> Get-Service kubelet,kube-proxy,CalicoFelix,CalicoNode,RemoteAccess | ft -AutoSize\n\n"
        "Status  Name         DisplayName\n------  ----         -----------\n"
        "Running kubelet      kubelet\nRunning kube-proxy   kube-proxy\nRunning CalicoFelix  Calico Windows Agent\n"
        "Stopped CalicoNode   Calico Windows Startup\nStopped RemoteAccess Routing and Remote Access\n\n\n"
        "PS C:\\> Get-BgpPeer\nGet-BgpPeer : BGP is not configured.\n    + CategoryInfo          : ObjectNotFound: (BgpPeer:root/Microsoft/...S_BgpPeer) [Get-BgpPeer], CimException\n    + FullyQualifiedErrorId : BGP 5,Get-BgpPeer\n"
    )
    story.commands = {
        "nodes.txt": "get nodes -o wide",
        "pods.txt": "get pods -A -o wide",
        "describe-node-mix-win2.txt": "describe node mix-win2",
        f"describe-{story.pods[me]}.txt": f"describe pod -n kube-system {story.pods[me]}",
    }
    story.affected = ["mix-win2"]
    story.cite("mix-win2-powershell.txt", "Stopped CalicoNode")
    story.cite("node-status-mix-lx1.txt", "Connect Socket: Connection")
    return story


STORIES = [
    everybody_misses_the_same_one,
    stuck_in_init_for_hours,
    neighbour_keeps_ending,
    rollout_waits_for_two_pods_that_do_not_run,
    one_of_two_reflectors,
    service_on_the_windows_worker_is_stopped,
]
