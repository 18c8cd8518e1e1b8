"""container-runtime-down: the first two told without having seen the rules, the others by the rules' author from public threads."""

from __future__ import annotations

from datetime import datetime

from cluster import UNKNOWN, join
from telling import Incident, incident, node_status

CAUSE = "container-runtime-down"


def no_address(story: Incident) -> None:
    """The pod told last has no address yet."""
    status = story.objects["Pod"][-1]["status"]
    status |= {"podIPs": []}
    del status["podIP"]


def docker_does_not_answer(now: datetime) -> Incident:
    story = incident(
        "agentpool-node-runtime-is-down",
        CAUSE,
        "The kubelet of one node posts that the container runtime is down and PLEG is not healthy for twelve hours; no probe of calico-node can be run there. The neighbours' BGP with it still works, its felix goes on.",
        "https://github.com/kubernetes/kubernetes/issues/72533",
        now,
        platform="other",
        calico="v3.8.9",
        kubernetes="v1.14.8",
        namespace="kube-system",
        registry="calico",
        difficulty="easy",
    )
    hosts = {f"aks-agentpool-22124581-{n}": f"10.240.0.{4 + n}" for n in range(3)}
    bad = "aks-agentpool-22124581-0"
    old = {"os_image": "Ubuntu 16.04.6 LTS", "kernel": "4.15.0-1064-azure", "runtime": "docker://3.0.8"}
    story.hosts({k: v for k, v in hosts.items() if k != bad}, **old)
    story.hosts(
        {bad: hosts[bad]},
        ready=(
            "False",
            "KubeletNotReady",
            "container runtime is down,PLEG is not healthy: pleg was last seen active 12h23m10.190912233s ago; threshold is 3m0s",
        ),
        since=44_500,
        taints=(("node.kubernetes.io/not-ready", "NoSchedule"), ("node.kubernetes.io/not-ready", "NoExecute")),
        **old,
    )
    story.staff(hosts, started=1_400_000)
    name = story.pods[bad]
    story.node_event(
        bad, "ContainerGCFailed", "rpc error: code = DeadlineExceeded desc = context deadline exceeded", 25, 44_400, 742
    )
    story.node_event(bad, "NodeNotReady", f"Node {bad} status is now: NodeNotReady", 44_500, type_="Normal")
    story.pod_event(
        name,
        "Unhealthy",
        "Readiness probe errored: rpc error: code = DeadlineExceeded desc = context deadline exceeded",
        50,
        44_300,
        2950,
    )
    for i in range(3):
        stuck = story.other(
            f"etl-run-{i}x9kd",
            bad,
            "10.244.3.1" + str(i),
            "batch",
            f"Job/etl-run-{i}",
            ready=False,
            phase="Pending",
            waiting="ContainerCreating",
            age=40_000 - i,
        )
        no_address(story)
        story.pod_event(
            stuck,
            "FailedCreatePodSandBox",
            "Failed create pod sandbox: rpc error: code = DeadlineExceeded desc = context deadline exceeded",
            90 + i,
            39_000,
            160,
            namespace="batch",
        )
    story.log(name, story.quiet(5000, 20, 300))
    story.describe(bad, name)
    story.affected = [bad]
    story.cite(f"describe-node-{bad}.txt", "container runtime is down")
    return story


def socket_of_containerd_is_gone(now: datetime) -> Incident:
    story = incident(
        "runtime-check-never-completes-on-one-worker",
        CAUSE,
        "On one worker containerd hung and its socket is gone: the kubelet reports 'container runtime is down' and a PLEG that was last active hours ago, each start of a pod and each exec probe ends with Unavailable. calico-node's old processes still run, so BGP from outside looks good.",
        "https://github.com/kubernetes/kubernetes/issues/68434",
        now,
        platform="classic",
        calico="v3.27.5",
        kubernetes="v1.29.13+IKS",
        difficulty="medium",
    )
    nodes = [f"10.126.44.{n}" for n in (3, 14, 18, 27, 29)]
    bad = nodes[3]
    story.workers([n for n in nodes if n != bad])
    story.workers(
        [bad],
        ready=(
            "False",
            "KubeletNotReady",
            "[container runtime is down, PLEG is not healthy: pleg was last seen active 3h41m7.203944811s ago; threshold is 3m0s]",
        ),
        since=13_200,
        taints=(("node.kubernetes.io/not-ready", "NoSchedule"), ("node.kubernetes.io/not-ready", "NoExecute")),
    )
    story.agents(nodes, started=1_200_000)
    name = story.pods[bad]
    unavailable = 'rpc error: code = Unavailable desc = connection error: desc = "transport: Error while dialing: dial unix /run/containerd/containerd.sock: connect: no such file or directory"'
    story.node_event(bad, "ContainerGCFailed", unavailable, 40, 13_200, 219)
    story.node_event(bad, "ImageGCFailed", f"failed to get image stats: {unavailable}", 220, 13_000, 44)
    story.pod_event(name, "Unhealthy", f"Readiness probe errored: {unavailable}", 25, 13_190, 438)
    job = story.other(
        "backup-29104470-hq7zk",
        bad,
        "none",
        "ops",
        "Job/backup-29104470",
        ready=False,
        phase="Pending",
        waiting="ContainerCreating",
        age=12_000,
    )
    no_address(story)
    story.pod_event(
        job, "FailedCreatePodSandBox", f"Failed to create pod sandbox: {unavailable}", 12, 11_990, 900, namespace="ops"
    )
    story.texts[f"{name}.log"] = (
        f'Error from server: Get "https://{bad}:10250/containerLogs/calico-system/{name}/calico-node": {unavailable}\n'
    )
    neighbour = story.pods[nodes[0]]
    story.log(neighbour, story.quiet(4000, 20, 300))
    story.texts["status-10.126.44.3.txt"] = node_status([(n, "up", "2026-11-09", "Established") for n in nodes[1:]])
    story.describe(bad)
    story.commands["describe-backup.txt"] = f"describe pod -n ops {job}"
    story.affected = [bad]
    story.cite(f"describe-node-{bad}.txt", "container runtime is down")
    return story


def shim_leak_and_pleg(now: datetime) -> Incident:
    story = incident(
        "pleg-was-last-seen-active-minutes-ago",
        CAUSE,
        "One classic worker: containerd answers no list call in time; the kubelet reports PLEG not healthy and the worker goes NotReady. calico-node's old container still runs, BGP sessions are up, new pods stay in ContainerCreating.",
        "https://github.com/kubernetes/kubernetes/issues/45419",
        now,
        platform="classic",
        calico="v3.27.4",
    )
    ok = story.workers(["10.93.180.7", "10.93.180.8"])
    bad = story.workers(["10.93.180.19"], ready=("False", "KubeletNotReady", "PLEG is not healthy: pleg was last seen active 11m32.4s ago; threshold is 3m0s"), since=700,
                        taints=[("node.kubernetes.io/not-ready", "NoExecute")])[0]  # fmt: skip
    story.agents([*ok, bad], started=1_400_000)
    story.node_event(bad, "NodeNotReady", f"Node {bad} status is now: NodeNotReady", 690, type_="Normal")
    story.pod_event(
        story.pods[bad],
        "Unhealthy",
        "Readiness probe errored: rpc error: code = DeadlineExceeded desc = context deadline exceeded",
        720,
        3000,
        44,
    )
    story.log(story.pods[bad], story.boot(bad, 1_400_000, ok)[:16] + story.quiet(1000, 3))
    story.describe(bad)
    story.affected = [bad]
    story.cite(f"describe-node-{bad}.txt", "PLEG is not healthy")
    return story


def runtime_after_a_bad_config(now: datetime) -> Incident:
    story = incident(
        "containerd-does-not-start-after-its-file-was-changed",
        CAUSE,
        "The customer added a registry mirror to containerd's file on one worker and rebooted it: containerd cannot load its CRI plugin, the kubelet says container runtime is down, every pod of the worker (calico-node too) fails to start.",
        "https://github.com/containerd/containerd/issues/8139",
        now,
        platform="other",
        calico="v3.26.1",
        kubernetes="v1.28.4",
        namespace="kube-system",
        registry="docker.io/calico",
    )
    hosts = {"gpu-a": "10.50.7.4", "gpu-b": "10.50.7.5", "gpu-c": "10.50.7.6"}
    bad = "gpu-b"
    story.hosts({k: v for k, v in hosts.items() if k != bad})
    story.hosts(
        {bad: hosts[bad]},
        ready=(
            "False",
            "KubeletNotReady",
            "[container runtime is down, PLEG is not healthy: pleg has yet to be successful]",
        ),
        since=2500,
    )
    story.staff({k: v for k, v in hosts.items() if k != bad}, started=600_000)
    story.staff({bad: hosts[bad]}, ready=False, started=600_000, restarts=1, last=("Unknown", 255, 2600))
    journal = [
        f'{story.syslog(2590)} gpu-b containerd[733]: time="{story.ago(2590)}" level=warning msg="failed to load plugin io.containerd.grpc.v1.cri" error="invalid plugin config: `mirrors` cannot be set when `config_path` is provided"',
        f'{story.syslog(2580)} gpu-b kubelet[790]: E{story.klog(2580)}     790 run.go:74] "command failed" err="failed to run Kubelet: validate service connection: validate CRI v1 runtime API for endpoint \\"unix:///run/containerd/containerd.sock\\": rpc error: code = Unimplemented desc = unknown service runtime.v1.RuntimeService"',
        f"{story.syslog(60)} gpu-b systemd[1]: kubelet.service: Scheduled restart job, restart counter is at 243.",
    ]
    story.texts["journal-gpu-b.log"] = join(journal)
    story.recreated(story.pods["gpu-a"], [hosts[bad]], 1200, 1)
    story.commands |= {
        "nodes.txt": "get nodes -o wide",
        "pods.txt": "get pods -A -o wide",
        "describe-node-gpu-b.txt": "describe node gpu-b",
        f"describe-pod-{story.pods['gpu-a']}.txt": f"describe pod -n kube-system {story.pods['gpu-a']}",
    }
    story.affected = [bad]
    story.cite("describe-node-gpu-b.txt", "container runtime is down")
    return story


def shim_too_old_for_the_engine(now: datetime) -> Incident:
    # told on 29 November 2026 without having seen the rules
    story = incident(
        "unattended-upgrade-of-the-engine",
        CAUSE,
        "An unattended upgrade brought a docker engine whose API refuses the old cri-dockerd: the service ends at each start, the kubelet of that host says 'container runtime is down', calico-node's process is gone with the engine's restart and the two neighbours miss its BGP.",
        "https://github.com/docker/for-win/issues/14997 and https://github.com/k3s-io/k3s/issues/9279",
        now,
        platform="other",
        calico="v3.27.4",
        kubernetes="v1.28.15",
        namespace="kube-system",
        registry="docker.io/calico",
        difficulty="medium",
    )
    system = {"os_image": "Ubuntu 22.04.5 LTS", "kernel": "5.15.0-161-generic"}
    good = {"tue-k8s-01": "10.90.2.11", "tue-k8s-02": "10.90.2.12"}
    bad = "tue-k8s-03"
    down = "[container runtime is down, PLEG is not healthy: pleg was last seen active 3h7m41.20911s ago; threshold is 3m0s]"
    story.hosts(good, runtime="docker://27.5.1", **system)
    story.hosts(
        {bad: "10.90.2.13"},
        ready=("False", "KubeletNotReady", down),
        since=11_200,
        runtime="docker://27.5.1",
        taints=[("node.kubernetes.io/not-ready", "NoSchedule"), ("node.kubernetes.io/not-ready", "NoExecute")],
        **system,
    )
    story.staff(good, started=1_200_000)
    name = story.staff({bad: "10.90.2.13"}, started=1_200_000)[0]
    made = next(p for p in story.objects["Pod"] if p["metadata"]["name"] == name)
    for condition in made["status"]["conditions"]:
        if condition["type"] == "Ready":
            condition["status"] = "False"
    story.pod_event(name, "NodeNotReady", "Node is not ready", 11_195, source="node-controller")
    story.node_event(bad, "NodeNotReady", f"Node {bad} status is now: NodeNotReady", 11_200, type_="Normal")
    story.node_event(
        bad,
        "ContainerGCFailed",
        'rpc error: code = Unavailable desc = connection error: desc = "transport: Error while dialing dial unix /run/cri-dockerd.sock: connect: connection refused"',
        24,
        11_280,
        188,
    )
    for n, node in enumerate(good):
        pods = story.pods[node]
        story.log(
            pods,
            [
                *story.quiet(13_000, 11_300, 300),
                "bird: Mesh_10_90_2_13: Error: Hold timer expired",
                *(f"bird: Mesh_10_90_2_13: State changed to {x}" for x in ("stop", "down")),
                "bird: Mesh_10_90_2_13: Starting",
                "bird: Mesh_10_90_2_13: State changed to start",
                *story.quiet(11_020 - n, 20, 600),
            ],
        )
        story.commands[f"describe-pod-{pods}.txt"] = f"describe pod -n kube-system {pods}"
    story.texts["tue-k8s-03/journal.txt"] = "".join(
        f"{story.syslog(at)} {bad} {text}\n"
        for at, text in (
            (11_340, "systemd[1]: Starting Daily apt upgrade and clean activities..."),
            (11_301, "systemd[1]: Stopping Docker Application Container Engine..."),
            (
                11_296,
                'dockerd[1187]: time="' + story.ago(11_296) + '" level=info msg="Processing signal \'terminated\'"',
            ),
            (11_290, "systemd[1]: docker.service: Deactivated successfully."),
            (11_283, "systemd[1]: Starting Docker Application Container Engine..."),
            (
                11_281,
                'dockerd[2290144]: time="'
                + story.ago(11_281)
                + '" level=info msg="Docker daemon" commit=d8a2a61 containerd-snapshotter=false storage-driver=overlay2 version=29.0.1',
            ),
            (11_281, "systemd[1]: Started Docker Application Container Engine."),
            *(
                (11_280 - 10 * n - k, text)
                for n in range(9)
                for k, text in (
                    (0, "systemd[1]: Starting CRI Interface for Docker Application Container Engine..."),
                    (
                        1,
                        f'cri-dockerd[{2290311 + 77 * n}]: time="{story.ago(11_279 - 10 * n)}" level=info msg="Starting cri-dockerd 0.3.4 (e88b1605)"',
                    ),
                    (
                        1,
                        f'cri-dockerd[{2290311 + 77 * n}]: time="{story.ago(11_279 - 10 * n)}" level=fatal msg="failed to get docker version from dockerd: Error response from daemon: client version 1.43 is too old. Minimum supported API version is 1.44, please upgrade your client to a newer version"',
                    ),
                    (1, "systemd[1]: cri-docker.service: Main process exited, code=exited, status=1/FAILURE"),
                )
            ),
            (11_180, "systemd[1]: cri-docker.service: Start request repeated too quickly."),
            (11_180, "systemd[1]: Failed to start CRI Interface for Docker Application Container Engine."),
            (
                11_177,
                f'kubelet[991]: E{story.klog(11_177)}     991 kubelet.go:2448] "Skipping pod synchronization" err="container runtime is down"',
            ),
            (
                11_100,
                f'kubelet[991]: E{story.klog(11_100)}     991 generic.go:224] "GenericPLEG: Unable to retrieve pods" err="rpc error: code = Unavailable desc = connection error: desc = \\"transport: Error while dialing dial unix /run/cri-dockerd.sock: connect: connection refused\\""',
            ),
        )
    )
    story.texts["tue-k8s-01/node-status.txt"] = node_status(
        [
            ("10.90.2.12", "up", "2026-11-15", "Established"),
            ("10.90.2.13", "start", story.stamp(11_050)[11:19], "Active Socket: Connection refused"),
        ]
    )
    story.commands |= {
        "nodes.txt": "get nodes -o wide",
        "pods.txt": "get pods -A -o wide",
        f"describe-node-{bad}.txt": f"describe node {bad}",
    }
    story.affected = [bad]
    story.cite("tue-k8s-03/journal.txt", "client version 1.43 is too old")
    story.cite(f"describe-node-{bad}.txt", "container runtime is down")
    return story


def metadata_broken_by_a_power_cut(now: datetime) -> Incident:
    story = incident(
        "power-cut-broke-the-runtimes-database",
        CAUSE,
        "After a power cut one RKE2 agent stays Unknown: its rke2-agent waits for containerd before it starts the kubelet, and containerd panics at each start on its broken meta.db. The lost BGP sessions and the Typha that moved are echoes; the second host of that rack came back by itself.",
        "https://github.com/k3s-io/k3s/issues/5669 and https://github.com/etcd-io/bbolt/issues/883",
        now,
        platform="other",
        calico="v3.26.1",
        kubernetes="v1.27.6+rke2r1",
        registry="docker.io/rancher/mirrored-calico",
        difficulty="hard",
        acceptable=["kubelet-stopped-posting"],
    )
    story.registry = "docker.io/rancher/mirrored-calico"
    system = {
        "os_image": "SLE Micro 5.4",
        "kernel": "5.14.21-150400.24.81-default",
        "runtime": "containerd://1.7.3-k3s2",
    }
    good = {f"pl-n{n}": f"10.171.8.{20 + n}" for n in (1, 2, 3)}
    back, bad = "pl-n3", "pl-n4"
    story.hosts(good, **system)
    for item in story.objects["Node"]:
        if item["metadata"]["name"] == back:
            item["status"]["conditions"][-1]["lastTransitionTime"] = story.ago(27_300)
    story.hosts(
        {bad: "10.171.8.24"},
        ready=UNKNOWN,
        since=28_700,
        taints=[("node.kubernetes.io/unreachable", "NoExecute"), ("node.kubernetes.io/unreachable", "NoSchedule")],
        **system,
    )
    story.staff({k: v for k, v in good.items() if k != back}, started=1_500_000)
    story.staff({back: good[back]}, started=27_350, restarts=2, last=("Unknown", 255, 27_420))
    name = story.staff({bad: "10.171.8.24"}, started=1_500_000)[0]
    made = next(p for p in story.objects["Pod"] if p["metadata"]["name"] == name)
    for condition in made["status"]["conditions"]:
        if condition["type"] == "Ready":
            condition["status"] = "False"
    story.typha("pl-n1", started=1_500_000)
    story.pod_event(name, "NodeNotReady", "Node is not ready", 28_695, source="node-controller")
    story.node_event(
        bad, "NodeNotReady", f"Node {bad} status is now: NodeNotReady", 28_700, type_="Normal", source="node-controller"
    )
    story.node_event(
        back, "Rebooted", f"Node {back} has been rebooted, boot id: 90ce4c1d-66f3-4c85-b2ac-77f0ab94e210", 27_320
    )
    story.not_established(story.pods[back], ["10.171.8.21", "10.171.8.24"], 27_310, 27_340, 3, established=1)
    log = story.quiet(30_000, 28_900, 300)
    for a in ("10_171_8_23", "10_171_8_24"):
        log += [
            f"bird: Mesh_{a}: Error: Hold timer expired",
            f"bird: Mesh_{a}: State changed to stop",
            f"bird: Mesh_{a}: State changed to down",
            f"bird: Mesh_{a}: Starting",
            f"bird: Mesh_{a}: State changed to start",
        ]
    log += [
        *story.quiet(28_600, 27_400, 300),
        "bird: Mesh_10_171_8_23: Connected to table master",
        "bird: Mesh_10_171_8_23: State changed to feed",
        "bird: Mesh_10_171_8_23: State changed to up",
        *story.quiet(27_200, 30, 1800),
    ]
    story.log(story.pods["pl-n1"], log, "nodes/pl-n1/calico-node.log")
    story.texts["nodes/pl-n1/calicoctl-node-status.txt"] = node_status(
        [
            ("10.171.8.22", "up", "2026-11-12", "Established"),
            ("10.171.8.23", "up", story.stamp(27_300)[11:19], "Established"),
            ("10.171.8.24", "start", story.stamp(28_640)[11:19], "Active Socket: Connection refused"),
        ]
    )
    journal = []
    for n in range(12):
        ago = 27_250 - 2270 * n
        journal += [
            f'{story.syslog(ago)} {bad} rke2[{1904 + 311 * n}]: time="{story.ago(ago)}" level=info msg="Logging containerd to /var/lib/rancher/rke2/agent/containerd/containerd.log"',
            f'{story.syslog(ago)} {bad} rke2[{1904 + 311 * n}]: time="{story.ago(ago)}" level=info msg="Running containerd -c /var/lib/rancher/rke2/agent/etc/containerd/config.toml -a /run/k3s/containerd/containerd.sock --state /run/k3s/containerd --root /var/lib/rancher/rke2/agent/containerd"',
            f'{story.syslog(ago - 1)} {bad} rke2[{1904 + 311 * n}]: time="{story.ago(ago - 1)}" level=info msg="Waiting for containerd startup: rpc error: code = Unavailable desc = connection error: desc = \\"transport: Error while dialing: dial unix /run/k3s/containerd/containerd.sock: connect: connection refused\\""',
            f'{story.syslog(ago - 3)} {bad} rke2[{1904 + 311 * n}]: time="{story.ago(ago - 3)}" level=error msg="containerd exited: exit status 2"',
            f"{story.syslog(ago - 4)} {bad} systemd[1]: rke2-agent.service: Main process exited, code=exited, status=1/FAILURE",
        ]
    story.log("", journal, f"nodes/{bad}/journal-rke2-agent.txt")
    story.texts[f"nodes/{bad}/containerd.log.tail"] = (
        f'time="{story.ago(2278)}" level=info msg="starting containerd" revision= version=v1.7.3-k3s2\ntime="{story.ago(2278)}" level=info msg="loading plugin \\"io.containerd.content.v1.content\\"..." type=io.containerd.content.v1\n'
        f'time="{story.ago(2278)}" level=info msg="loading plugin \\"io.containerd.metadata.v1.bolt\\"..." type=io.containerd.metadata.v1\ntime="{story.ago(2278)}" level=info msg="metadata content store policy set" policy=shared\n'
        "panic: freepages: failed to get all reachable pages (page 7233: multiple references)\n\ngoroutine 128 [running]:\ngo.etcd.io/bbolt.(*DB).freepages.func2()\n\t/go/pkg/mod/go.etcd.io/bbolt@v1.3.7/db.go:1202 +0x8d\ncreated by go.etcd.io/bbolt.(*DB).freepages\n\t/go/pkg/mod/go.etcd.io/bbolt@v1.3.7/db.go:1200 +0x1a5\n"
    )
    story.commands |= {
        "cluster/nodes.txt": "get nodes -o wide",
        "cluster/pods.txt": "get pods -A -o wide",
        f"cluster/describe-node-{bad}.txt": f"describe node {bad}",
        f"cluster/describe-pod-{story.pods[back]}.txt": f"describe pod -n calico-system {story.pods[back]}",
    }
    story.events("cluster/events.txt")
    story.affected = [bad]
    story.cite(f"nodes/{bad}/containerd.log.tail", "panic: freepages: failed to get all reachable pages")
    story.cite(f"nodes/{bad}/journal-rke2-agent.txt", "containerd exited: exit status 2")
    return story


STORIES = [
    docker_does_not_answer,
    socket_of_containerd_is_gone,
    shim_leak_and_pleg,
    runtime_after_a_bad_config,
    shim_too_old_for_the_engine,
    metadata_broken_by_a_power_cut,
]
