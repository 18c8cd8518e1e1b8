"""worker-resource-pressure: disk, memory or process numbers of a worker are used up."""

from __future__ import annotations

from datetime import datetime

from telling import Incident, incident

CAUSE = "worker-resource-pressure"
DISK = {"DiskPressure": ("True", "KubeletHasDiskPressure", "kubelet has disk pressure")}
MEMORY = {"MemoryPressure": ("True", "KubeletHasInsufficientMemory", "kubelet has insufficient memory available")}
PIDS = {"PIDPressure": ("True", "KubeletHasInsufficientPID", "kubelet has insufficient PID available")}


def disk(now: datetime) -> Incident:
    story = incident(
        "evicted-agent-on-a-full-disk", CAUSE,
        "DiskPressure on one worker: the kubelet cannot free images and evicts; calico's restarts follow from it.",
        "https://github.com/bsycorp/kind/issues/15", now, platform="classic", calico="v3.27.4", kubernetes="v1.30.8+IKS",
    )  # fmt: skip
    nodes = story.workers([f"10.93.40.{n}" for n in (12, 14, 15)])
    bad = story.workers(
        ["10.93.40.29"],
        since=4100,
        conditions_changed=DISK,
        taints=(("node.kubernetes.io/disk-pressure", "NoSchedule"),),
    )[0]
    story.agents(nodes)
    name = story.agents([bad], ready=False, restarts=6, started=70, last=("Error", 255, 120))[0]
    story.node_event(bad, "EvictionThresholdMet", "Attempting to reclaim ephemeral-storage", 20, 4100, 203)
    story.node_event(
        bad,
        "FreeDiskSpaceFailed",
        "Failed to garbage collect required amount of images. Attempted to free 9471201689 bytes, but only found 0 bytes eligible to free.",
        310,
        4000,
        13,
    )
    story.pod_event(
        name,
        "Unhealthy",
        "Readiness probe failed: calico/node is not ready: BIRD is not ready: Error querying BIRD: unable to connect to BIRDv4 socket: dial unix /var/run/calico/bird.ctl: connect: no such file or directory",
        60,
        900,
        20,
    )
    story.pod_event(name, "BackOff", "Back-off restarting failed container calico-node in pod", 130, 3000, 44)
    story.describe(bad)
    story.log(name, story.boot(bad, 70, nodes)[:20])
    story.affected = [bad]
    story.cite(f"describe-node-{bad}.txt", "KubeletHasDiskPressure")
    return story


def no_space(now: datetime) -> Incident:
    story = incident(
        "quiet-no-space-in-confd", CAUSE,
        "confd's temporary file cannot be written: no space left on device, on one host; the loud probe is its effect.",
        "https://github.com/projectcalico/calico/blob/master/confd/pkg/resource/template/resource.go", now, platform="other", namespace="kube-system", registry="quay.io/calico", calico="v3.22.2", kubernetes="v1.22.9", difficulty="hard",
    )  # fmt: skip
    hosts = {f"node{n}": f"10.30.8.{n}" for n in (1, 2, 3, 4, 5)}
    story.hosts(hosts)
    story.staff({k: v for k, v in hosts.items() if k != "node5"})
    name = story.staff({"node5": hosts["node5"]}, ready=False, restarts=11, started=260, last=("Error", 1, 300))[0]
    story.pod_event(
        name,
        "Unhealthy",
        "Readiness probe failed: calico/node is not ready: BIRD is not ready: Error querying BIRD: unable to connect to BIRDv4 socket: dial unix /var/run/calico/bird.ctl: connect: connection refused",
        12,
        2900,
        95,
    )
    lines = story.boot("node5", 260, bird=False)
    lines.insert(
        -1,
        story.say(
            257,
            "ERROR",
            60,
            "confd",
            "resource.go 298:",
            "Error from checkCmd: open /etc/calico/confd/config/.bird.cfg2791: no space left on device",
        ),
    )
    for n in range(6):
        lines.append(
            "bird: Unable to open configuration file /etc/calico/confd/config/bird.cfg: No such file or directory"
        )
        lines += story.quiet(250 - 40 * n, 215 - 40 * n, 30)
    story.log(name, lines)
    story.commands = {"pods.txt": "get pods -A -o wide", "describe.txt": f"describe pod -n kube-system {name}"}
    story.affected = ["node5"]
    story.cite(f"{name}.log", "no space left on device")
    return story


def memory(now: datetime) -> Incident:
    story = incident(
        "system-oom-takes-bird-away", CAUSE,
        "The worker's SystemOOM events kill other programs too and MemoryPressure is set: the whole worker has no memory, calico has no limit.",
        "https://github.com/projectcalico/calico/issues/11137", now, platform="vpc", calico="v3.28.2", difficulty="medium",
    )  # fmt: skip
    nodes = story.workers([f"10.243.0.{n}" for n in (13, 14, 15, 22, 23, 24)])
    bad = story.workers(
        ["10.243.0.31"],
        since=900,
        conditions_changed=MEMORY,
        taints=(("node.kubernetes.io/memory-pressure", "NoSchedule"),),
    )[0]
    story.agents(nodes)
    name = story.agents([bad], ready=False, restarts=3, started=400, last=("OOMKilled", 137, 430))[0]
    for victim, pid in (("java", 88121), ("calico-node", 90441), ("postgres", 91002)):
        story.node_event(bad, "SystemOOM", f"System OOM encountered, victim process: {victim}, pid: {pid}", 430, 860, 2)
    story.node_event(bad, "EvictionThresholdMet", "Attempting to reclaim memory", 40, 900, 31)
    story.not_established(story.pods[nodes[0]], [bad], 380, 450, 4, established=5)
    story.describe(bad)
    story.commands[f"describe-pod-{story.pods[nodes[0]]}.txt"] = f"describe pod -n calico-system {story.pods[nodes[0]]}"
    story.log(name, story.boot(bad, 400, nodes) + story.quiet(330, 5))
    story.affected = [bad]
    story.cite(f"describe-node-{bad}.txt", "SystemOOM")
    return story


def pids(now: datetime) -> Incident:
    story = incident(
        "cannot-fork-any-more", CAUSE,
        "Nothing can be forked on the worker (Resource temporarily unavailable) and its condition says PIDPressure.",
        "https://github.com/kubernetes/kubernetes/blob/master/pkg/kubelet/nodestatus/setters.go", now, platform="roks", calico="v3.26.4", kubernetes="v1.28.14+502c5ad", difficulty="hard",
    )  # fmt: skip
    nodes = story.workers(
        [f"10.188.64.{n}" for n in (70, 77, 78)],
        os_image="Red Hat Enterprise Linux 8.10 (Ootpa)",
        runtime="cri-o://1.28.11",
    )
    bad = story.workers(
        ["10.188.64.90"],
        since=5000,
        conditions_changed=PIDS,
        taints=(("node.kubernetes.io/pid-pressure", "NoSchedule"),),
        runtime="cri-o://1.28.11",
    )[0]
    story.agents(nodes)
    name = story.agents([bad], ready=False, restarts=2, started=4400, last=("Error", 2, 4430))[0]
    story.pod_event(
        name,
        "Unhealthy",
        "Readiness probe errored: rpc error: code = Unknown desc = command error: exec failed: unable to start container process: read init-p: connection reset by peer",
        9,
        4300,
        120,
    )
    lines = story.boot(bad, 4400, nodes)
    for n in range(12):
        ago = 4200 - n * 330
        lines += story.quiet(ago + 200, ago + 20, 70)
        lines.append(
            story.say(
                ago,
                "ERROR",
                61,
                "felix",
                "ipsets.go 643:",
                "Failed to execute ipset command error=fork/exec /usr/sbin/ipset: resource temporarily unavailable",
            )
        )
        lines.append(
            story.say(
                ago - 0.1,
                "WARNING",
                61,
                "felix",
                "table.go 812:",
                'iptables save failed error=fork/exec /usr/sbin/iptables-nft-save: resource temporarily unavailable ipVersion=0x4 table="filter"',
            )
        )
    story.log(name, lines)
    story.describe(bad)
    story.affected = [bad]
    story.cite(f"describe-node-{bad}.txt", "KubeletHasInsufficientPID")
    return story


def evicted(now: datetime) -> Incident:
    story = incident(
        "agent-evicted-for-ephemeral-storage",
        CAUSE,
        "calico-node of two workers was evicted ('The node was low on resource: ephemeral-storage') and its successor too; DiskPressure is set there.",
        "https://github.com/kubernetes/kubernetes/issues/91600",
        now,
        difficulty="easy",
        platform="other",
        namespace="kube-system",
        registry="calico",
        calico="v3.13.4",
        kubernetes="v1.17.17",
    )
    hosts = {f"mgt{n:02}": f"172.23.6.{n}" for n in (1, 2, 3, 4, 5)}
    bad = ["mgt03", "mgt04"]
    story.hosts({k: v for k, v in hosts.items() if k not in bad}, runtime="docker://19.3.14")
    story.hosts(
        {k: hosts[k] for k in bad},
        since=1900,
        conditions_changed=DISK,
        taints=(("node.kubernetes.io/disk-pressure", "NoSchedule"),),
        runtime="docker://19.3.14",
    )
    story.staff({k: v for k, v in hosts.items() if k not in bad})
    for node in bad:
        name = story.staff({node: hosts[node]}, ready=False, phase="Failed", age=1300, suffix=f"ev{node[-1]}zk")[0]
        text = "The node was low on resource: ephemeral-storage. Container calico-node was using 92Ki, which exceeds its request of 0. "
        story.objects["Pod"][-1]["status"] |= {
            "reason": "Evicted",
            "message": text,
            "containerStatuses": [],
            "initContainerStatuses": [],
            "podIP": "",
            "podIPs": [],
        }
        story.pod_event(name, "Evicted", text, 1290)
        story.pod_event(name, "Killing", "Stopping container calico-node", 1290, type_="Normal")
        story.node_event(node, "EvictionThresholdMet", "Attempting to reclaim ephemeral-storage", 30, 1900, 140)
        story.commands[f"describe-node-{node}.txt"] = f"describe node {node}"
        story.commands[f"describe-{name}.txt"] = f"describe pod -n kube-system {name}"
    story.not_established(story.pods["mgt01"], [hosts[n] for n in bad], 25, 1200, 44, established=2)
    story.commands |= {
        "pods.txt": "get pods -A -o wide",
        "describe-mgt01.txt": f"describe pod -n kube-system {story.pods['mgt01']}",
    }
    story.affected = bad
    story.cite("describe-node-mgt03.txt", "KubeletHasDiskPressure")
    return story


def inodes(now: datetime) -> Incident:
    story = incident(
        "bytes-free-inodes-gone",
        CAUSE,
        "On one worker new sandboxes fail with 'no space left on device' though df shows free bytes: the inodes are used up (100%). calico's probe errors on it follow.",
        "https://github.com/kubernetes/kubernetes/issues/52336",
        now,
        difficulty="hard",
        platform="classic",
        calico="v3.27.5",
        kubernetes="v1.29.14+IKS",
    )
    nodes = story.workers([f"10.134.220.{n}" for n in (141, 149, 152, 160, 171)])
    bad = nodes[3]
    story.agents([n for n in nodes if n != bad])
    name = story.agents([bad], ready=False, restarts=2, started=2900, last=("Error", 1, 2910))[0]
    story.pod_event(
        name,
        "Unhealthy",
        "Readiness probe failed: calico/node is not ready: BIRD is not ready: Error querying BIRD: unable to connect to BIRDv4 socket: dial unix /var/run/calico/bird.ctl: connect: no such file or directory",
        2880,
        2900,
        3,
    )
    app = story.other(
        "batch-uploader-6d5b8c7f9-t2xnm",
        bad,
        "172.30.61.4",
        namespace="data",
        owner="ReplicaSet/batch-uploader-6d5b8c7f9",
        ready=False,
        phase="Pending",
        waiting="ContainerCreating",
        age=2000,
    )
    story.pod_event(
        app,
        "FailedCreatePodSandBox",
        'Failed to create pod sandbox: rpc error: code = Unknown desc = failed to reserve sandbox name: failed to create sandbox root directory "/var/lib/containerd/io.containerd.grpc.v1.cri/sandboxes/77ab0c": mkdir /var/lib/containerd/io.containerd.grpc.v1.cri/sandboxes/77ab0c: no space left on device',
        11,
        1990,
        160,
        namespace="data",
    )
    story.texts["df.txt"] = (
        "\n".join(
            [
                "# df -h /var/data /",
                "Filesystem      Size  Used Avail Use% Mounted on",
                "/dev/xvdc1       98G   41G   53G  44% /var/data",
                "/dev/xvda2       25G  9.1G   15G  39% /",
                "",
                "# df -i /var/data /",
                "Filesystem      Inodes   IUsed   IFree IUse% Mounted on",
                "/dev/xvdc1     6553600 6553600       0  100% /var/data",
                "/dev/xvda2     1638400  211904 1426496   13% /",
            ]
        )
        + "\n"
    )
    log = story.boot(bad, 2900, [n for n in nodes if n != bad])
    log += [
        story.say(
            2860,
            "ERROR",
            61,
            "felix",
            "int_dataplane.go 401:",
            "Failed to write MTU file, pod MTU may not be properly set error=open /var/lib/calico/mtu: no space left on device",
        ),
        *story.quiet(2800, 10),
    ]
    story.log(name, log)
    story.describe(bad)
    story.commands["describe-uploader.txt"] = f"describe pod -n data {app}"
    story.affected = [bad]
    story.cite("df.txt", "6553600 6553600       0  100%")
    story.cite("describe-uploader.txt", "no space left on device")
    return story


def global_oom(now: datetime) -> Incident:
    story = incident(
        "kernel-out-of-memory-not-cgroup",
        CAUSE,
        "The kernel's global OOM killer (CONSTRAINT_NONE) killed felix and others on one host whose memory is full; calico-node has no limit of its own.",
        "Linux mm/oom_kill.c (dump_oom_summary, constraint=CONSTRAINT_NONE)",
        now,
        difficulty="medium",
        platform="other",
        calico="v3.25.1",
        kubernetes="v1.26.6+k3s1",
        registry="docker.io/calico",
    )
    hosts = {"nuc-1": "192.168.50.11", "nuc-2": "192.168.50.12", "nuc-3": "192.168.50.13"}
    story.hosts(hosts)
    story.staff({k: hosts[k] for k in ("nuc-1", "nuc-3")})
    name = story.staff({"nuc-2": hosts["nuc-2"]}, restarts=7, started=320, last=("Error", 137, 330))[0]
    story.pod_event(
        name,
        "Unhealthy",
        'Liveness probe failed: Get "http://localhost:9099/liveness": dial tcp 127.0.0.1:9099: connect: connection refused',
        325,
        9000,
        12,
    )
    lines = []
    for n, (victim, rss) in enumerate(
        (("java", 5211840), ("calico-node", 88104), ("prometheus", 1822016), ("java", 5300112), ("calico-node", 90320))
    ):
        at = f"{story.syslog(8200 - 1960 * n)} nuc-2 kernel: "
        lines += [
            at
            + f"{('containerd-shim', 'k3s-server', 'java')[n % 3]} invoked oom-killer: gfp_mask=0x1100cca(GFP_HIGHUSER_MOVABLE), order=0, oom_score_adj=999",
            at + "Free swap  = 0kB",
            at + "Total swap = 0kB",
            at
            + f"oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=cri-containerd-{n}d41.scope,mems_allowed=0,global_oom,task_memcg=/kubepods/burstable/pod{n}f,task={victim},pid={31881 + 77 * n},uid=0",
            at
            + f"Out of memory: Killed process {31881 + 77 * n} ({victim}) total-vm:{rss * 3}kB, anon-rss:{rss}kB, file-rss:0kB, shmem-rss:0kB, UID:0 pgtables:1804kB oom_score_adj:{-999 if 'cal' in victim else 984}",
        ]
    story.log("kernel", lines, "kern-nuc-2.log")
    story.log(name, story.boot("nuc-2", 320, ["192.168.50.11", "192.168.50.13"]) + story.quiet(280, 4))
    story.commands = {
        "pods.txt": "get pods -A -o wide",
        "describe-nuc-2-calico.txt": f"describe pod -n calico-system {name}",
    }
    story.affected = ["nuc-2"]
    story.cite("kern-nuc-2.log", "constraint=CONSTRAINT_NONE")
    return story


def pressure_comes_and_goes(now: datetime) -> Incident:
    story = incident(
        "disk-pressure-not-at-this-moment",
        CAUSE,
        "At the moment no pressure is set, but the events count NodeHasDiskPressure 14 times with failed image garbage collection; calico-node's pods there were evicted and made anew each time.",
        "https://github.com/kubernetes/kubernetes/issues/101167",
        now,
        difficulty="hard",
        platform="roks",
        calico="v3.26.4",
        kubernetes="v1.28.13+2ca1a23",
    )
    nodes = story.workers(
        [f"10.74.8.{n}" for n in (3, 4, 9, 10, 16, 22)],
        os_image="Red Hat Enterprise Linux 8.10 (Ootpa)",
        runtime="cri-o://1.28.9",
    )
    bad = nodes[4]
    story.agents([n for n in nodes if n != bad])
    name = story.agents([bad], age=760, started=750)[0]
    for reason, last in (("NodeHasDiskPressure", 1300), ("NodeHasNoDiskPressure", 800)):
        story.node_event(bad, reason, f"Node {bad} status is now: {reason}", last, 70_000, 14, type_="Normal")
    story.node_event(bad, "EvictionThresholdMet", "Attempting to reclaim ephemeral-storage", 1290, 70_000, 301)
    story.node_event(
        bad,
        "ImageGCFailed",
        "failed to garbage collect required amount of images. Attempted to free 31102443520 bytes, but only found 0 bytes eligible to free.",
        1200,
        69_000,
        55,
    )
    old = story.other(
        "calico-node-x9gone", bad, namespace="calico-system", app="calico-node", ready=False, phase="Failed", age=60_000
    )
    story.objects["Pod"][-1]["status"] |= {
        "reason": "Evicted",
        "message": "The node was low on resource: ephemeral-storage. Threshold quantity: 10529811415, available: 9811204Ki. ",
        "containerStatuses": [],
    }
    story.pod_event(
        old,
        "Evicted",
        "The node was low on resource: ephemeral-storage. Threshold quantity: 10529811415, available: 9811204Ki. ",
        1290,
    )
    story.not_established(name, nodes[:2], 715, 745, 3, established=3)
    story.not_established(story.pods[nodes[0]], [bad], 70_100, 70_300, 4, established=4)
    story.describe(bad)
    story.commands[f"describe-pod-{story.pods[nodes[0]]}.txt"] = f"describe pod -n calico-system {story.pods[nodes[0]]}"
    story.log(name, [*story.boot(bad, 750, [n for n in nodes if n != bad]), *story.quiet(690, 9)])
    story.affected = [bad]
    story.cite(f"describe-node-{bad}.txt", "NodeHasDiskPressure")
    return story


STORIES = [disk, no_space, memory, pids, evicted, inodes, global_oom, pressure_comes_and_goes]
