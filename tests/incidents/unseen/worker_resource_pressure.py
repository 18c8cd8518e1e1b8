"""worker-resource-pressure: the first two told without having seen the rules, the others by the rules' author from public threads."""

from __future__ import annotations

from datetime import datetime

from cluster import container, pod
from telling import FELIX_REFUSED, Incident, incident, wrapped

CAUSE = "worker-resource-pressure"


def two_disks_run_full(now: datetime) -> Incident:
    story = incident(
        "evicted-everywhere-on-two-compute-nodes",
        CAUSE,
        "Two of six ROKS workers have DiskPressure: dozens of pods are Evicted there, among them calico-node and typha; the replaced calico-node comes up and is evicted again, so the peers lose BGP with both now and then.",
        "https://github.com/operate-first/apps/issues/1352",
        now,
        platform="roks",
        calico="v3.27.4",
        kubernetes="v1.30.6+f7fe9fe",
        difficulty="easy",
    )
    nodes = [f"10.221.7.{n}" for n in (4, 5, 6, 9, 10, 12)]
    bad = [nodes[2], nodes[5]]
    story.workers([n for n in nodes if n not in bad])
    story.workers(
        bad,
        since=15_000,
        conditions_changed={"DiskPressure": ("True", "KubeletHasDiskPressure", "kubelet has disk pressure")},
        taints=[("node.kubernetes.io/disk-pressure", "NoSchedule")],
    )
    for item in story.objects["Node"]:
        item["status"]["conditions"][-1]["lastTransitionTime"] = story.ago(1_600_000)
    story.agents([n for n in nodes if n not in bad])
    text = "The node was low on resource: ephemeral-storage. Threshold quantity: 10386063360, available: 9612084Ki. "
    for n, node in enumerate(bad):
        name = story.agents([node], started=410, age=430, restarts=0)[0]
        for k in range(5):
            dead = pod(
                story,
                f"calico-node-ev{'bcdfg'[k]}{'xz'[n]}q",
                node,
                [container(story, "calico-node", "icr.io/ext/calico/node:v3.27.4", ready=False)],
                phase="Failed",
                age=14_500 - 2400 * k,
            )
            dead["status"] |= {
                "reason": "Evicted",
                "message": text
                + "Container calico-node was using 1480Ki, request is 0, has larger consumption of ephemeral-storage. ",
                "containerStatuses": [],
                "initContainerStatuses": [],
            }
            gone = pod(
                story,
                f"cdi-apiserver-5b4cfb4d57-{'hjklm'[k]}{'xz'[n]}4s7",
                node,
                [container(story, "cdi-apiserver", "registry.example.com/cdi:4.16", ready=False)],
                namespace="openshift-cnv",
                owner="ReplicaSet/cdi-apiserver-5b4cfb4d57",
                app="cdi-apiserver",
                phase="Failed",
                age=13_000 - 2000 * k,
            )
            gone["status"] |= {
                "reason": "Evicted",
                "message": "Pod The node had condition: [DiskPressure]. ",
                "containerStatuses": [],
                "initContainerStatuses": [],
            }
        story.node_event(node, "EvictionThresholdMet", "Attempting to reclaim ephemeral-storage", 35, 15_000, 260)
        story.node_event(
            node,
            "NodeHasDiskPressure",
            f"Node {node} status is now: NodeHasDiskPressure",
            430,
            15_000,
            6,
            type_="Normal",
        )
        story.node_event(
            node,
            "FreeDiskSpaceFailed",
            "Failed to garbage collect required amount of images. Attempted to free 8215437312 bytes, but only found 0 bytes eligible to free.",
            200,
            14_900,
            49,
        )
        story.pod_event(
            name,
            "Unhealthy",
            "Readiness probe failed: calico/node is not ready: BIRD is not ready: Error querying BIRD: unable to connect to BIRDv4 socket: dial unix /var/run/calico/bird.ctl: connect: connection refused",
            405,
            408,
            2,
        )
    first = story.pods[nodes[0]]
    log = story.quiet(15_600, 14_600, 300)
    for k in range(5):
        for node in bad:
            session = f"bird: Mesh_{node.replace('.', '_')}"
            log += [
                f"{session}: Received: Administrative shutdown",
                *(f"{session}: State changed to {s}" for s in ("stop", "down", "start", "feed", "up")),
            ]
        log += story.quiet(12_000 - 2400 * k, 11_000 - 2400 * k, 300)
    story.log(first, log)
    story.describe(bad[0])
    story.commands |= {
        f"describe-pod-{first}.txt": f"describe pod -n calico-system {first}",
        "describe-evicted.txt": "describe pod -n calico-system calico-node-evbxq",
    }
    story.affected = bad
    story.cite(f"describe-node-{bad[0]}.txt", "KubeletHasDiskPressure")
    return story


def memory_of_two_hosts(now: datetime) -> Incident:
    story = incident(
        "memory-pressure-with-the-new-cache",
        CAUSE,
        "Since a cache was rolled out one IKS worker has MemoryPressure: the kubelet evicts pods, the kernel kills java and calico-node's felix in turn (system OOM, not the container's limit). calico-node has restarted 17 times and is ready between.",
        "https://github.com/kubernetes/kubernetes/blob/v1.29.9/pkg/kubelet/eviction/eviction_manager.go",
        now,
        platform="vpc",
        calico="v3.27.4",
        kubernetes="v1.29.9+IKS",
        difficulty="medium",
        acceptable=["worker-starved"],
    )
    nodes = [f"10.244.130.{n}" for n in (7, 8, 12)]
    bad = nodes[1]
    story.workers([nodes[0], nodes[2]])
    story.workers(
        [bad],
        since=800,
        conditions_changed={
            "MemoryPressure": ("True", "KubeletHasInsufficientMemory", "kubelet has insufficient memory available")
        },
        taints=[("node.kubernetes.io/memory-pressure", "NoSchedule")],
    )
    for item in story.objects["Node"]:
        item["status"]["conditions"][-1]["lastTransitionTime"] = story.ago(1_600_000)
    story.agents([nodes[0], nodes[2]], started=1_500_000)
    name = story.agents([bad], ready=True, restarts=17, started=700, last=("Error", 137, 705))[0]
    story.probe(name, FELIX_REFUSED, 690, 40_000, 34)
    for victim, pid in (("java", 81_123), ("calico-node", 90_511), ("java", 92_007)):
        story.node_event(
            bad,
            "SystemOOM",
            f"System OOM encountered, victim process: {victim}, pid: {pid}",
            700 + pid % 900,
            type_="Warning",
        )
    story.node_event(bad, "EvictionThresholdMet", "Attempting to reclaim memory", 20, 41_000, 190)
    story.node_event(
        bad,
        "NodeHasInsufficientMemory",
        f"Node {bad} status is now: NodeHasInsufficientMemory",
        800,
        41_000,
        12,
        type_="Normal",
    )
    cache = story.other(
        "grid-cache-2",
        bad,
        "172.17.44.19",
        namespace="cache",
        owner="StatefulSet/grid-cache",
        app="grid-cache",
        restarts=11,
        started=650,
        last=("Error", 137, 655),
        age=42_000,
    )
    story.pod_event(
        cache,
        "Evicted",
        "The node was low on resource: memory. Threshold quantity: 100Mi, available: 61412Ki. Container grid-cache was using 11218732Ki, request is 2Gi, has larger consumption of memory. ",
        3000,
        namespace="cache",
    )
    story.log(name, story.boot(bad, 700, [nodes[0], nodes[2]]) + story.quiet(650, 5, 64))
    story.describe(bad)
    story.commands["describe-cache.txt"] = f"describe pod -n cache {cache}"
    story.affected = [bad]
    story.cite(f"describe-node-{bad}.txt", "KubeletHasInsufficientMemory")
    return story


def process_table_full(now: datetime) -> Incident:
    story = incident(
        "no-more-processes-on-the-worker",
        CAUSE,
        "One worker's processes are used up by zombies of a build agent: PIDPressure is True, the container runtime cannot fork, calico-node's probes cannot be executed (resource temporarily unavailable) and the pod is evicted and made anew.",
        "https://github.com/kubernetes/kubernetes/issues/43783",
        now,
        platform="classic",
        calico="v3.26.4",
        kubernetes="v1.29.12+IKS",
    )
    nodes = story.workers([f"10.165.40.{n}" for n in (20, 21, 22, 31)])
    bad, rest = nodes[3], nodes[:3]
    item = next(node for node in story.objects["Node"] if node["metadata"]["name"] == bad)
    for condition in item["status"]["conditions"]:
        if condition["type"] == "PIDPressure":
            condition |= {
                "status": "True",
                "reason": "KubeletHasInsufficientPID",
                "message": "kubelet has insufficient PID available",
                "lastTransitionTime": story.ago(5400),
            }
    story.agents(rest, started=800_000)
    name = story.agents([bad], ready=False, restarts=3, started=300, last=("Error", 2, 330), age=900_000)[0]
    story.pod_event(
        name,
        "Unhealthy",
        'Readiness probe errored: rpc error: code = Unknown desc = failed to exec in container: failed to start exec "1f0b": OCI runtime exec failed: exec failed: unable to start container process: error starting setns process: fork/exec /proc/self/exe: resource temporarily unavailable: unknown',
        60,
        5300,
        140,
    )
    story.node_event(bad, "EvictionThresholdMet", "Attempting to reclaim pids", 100, 5400, 31)
    story.not_established(story.pods[rest[0]], [bad], 4800, 5000, 3, established=2)
    log = story.boot(bad, 299, rest)
    log += [
        story.say(
            200,
            "ERROR",
            61,
            "felix",
            "exec.go 60:",
            "Failed to run command error=fork/exec /usr/sbin/ip6tables-nft-save: resource temporarily unavailable",
        )
    ]
    story.log(name, log)
    story.describe(bad)
    story.affected = [bad]
    story.cite(f"describe-node-{bad}.txt", "KubeletHasInsufficientPID")
    return story


def disk_full_of_container_logs(now: datetime) -> Incident:
    story = incident(
        "install-cni-finds-no-space",
        CAUSE,
        "The second disk of one ROKS worker is full of core dumps: install-cni cannot copy the plugins (no space left on device), so calico-node stays in Init; the kubelet reports DiskPressure for two hours and cannot free images.",
        "https://github.com/projectcalico/calico/issues/4857",
        now,
        platform="roks",
        calico="v3.26.3",
        kubernetes="v1.29.10+67d3387",
    )
    nodes = story.workers(
        [f"10.38.214.{n}" for n in (67, 68, 70)],
        os_image="Red Hat Enterprise Linux 8.10 (Ootpa)",
        kernel="4.18.0-553.22.1.el8_10.x86_64",
        runtime="cri-o://1.29.9-5.rhaos4.16.gitf75ad5f.el8",
    )
    bad, rest = nodes[1], [nodes[0], nodes[2]]
    item = next(node for node in story.objects["Node"] if node["metadata"]["name"] == bad)
    for condition in item["status"]["conditions"]:
        if condition["type"] == "DiskPressure":
            condition |= {
                "status": "True",
                "reason": "KubeletHasDiskPressure",
                "message": "kubelet has disk pressure",
                "lastTransitionTime": story.ago(7300),
            }
    story.agents(rest, started=700_000)
    failed = container(
        story,
        "install-cni",
        "icr.io/ext/calico/cni:v3.26.3",
        ready=False,
        restarts=14,
        waiting="CrashLoopBackOff",
        last=("Error", 1, 130),
    )
    name = story.agents([bad], ready=False, waiting="PodInitializing", init=[failed], age=4000, phase="Pending")[0]
    story.pod_event(
        name,
        "BackOff",
        "Back-off restarting failed container install-cni in pod " + name + "_calico-system(90aa)",
        20,
        3900,
        71,
    )
    story.node_event(
        bad,
        "FreeDiskSpaceFailed",
        "Failed to garbage collect required amount of images. Attempted to free 3221225472 bytes, but only found 0 bytes eligible to free.",
        200,
        7200,
        24,
    )
    story.log(name, [
        story.line(131, "INFO", 1, "cni-installer/install.go 148:", "Running as a Kubernetes pod"),
        story.line(130.8, "INFO", 1, "cni-installer/install.go 186:", '/host/secondary-bin-dir is not writeable, skipping'),
        story.line(130.5, "ERROR", 1, "cni-installer/install.go 211:", "Failed to write file error=write /host/opt/cni/bin/calico: no space left on device"),
        story.line(130.4, "FATAL", 1, "cni-installer/install.go 215:", "Failed to install /host/opt/cni/bin/calico error=write /host/opt/cni/bin/calico: no space left on device"),
    ], f"{name}-install-cni.log")  # fmt: skip
    story.describe(bad)
    story.affected = [bad]
    story.cite(f"{name}-install-cni.log", "no space left on device")
    return story


# told on 29 November 2026 without having seen the rules
def run_is_full(now: datetime) -> Incident:
    story = incident(
        "tmpfs-run-is-full-of-the-daemons-own-log",
        CAUSE,
        "On one host /run (a tmpfs that the kubelet does not watch) is full: an agent logs there. Every condition is fine and df shows free disks, but BIRD cannot make its control socket after the last restart, and containers cannot be created: no space left on device.",
        "https://github.com/kubernetes/kubernetes/issues/73208",
        now,
        platform="other",
        calico="v3.19.4",
        kubernetes="v1.21.14",
        namespace="kube-system",
        registry="docker.io/calico",
        difficulty="hard",
    )
    hosts = {f"riga-{x}": f"10.48.1.{n}" for x, n in zip("abcd", (5, 6, 7, 8), strict=True)}
    bad = "riga-c"
    story.hosts(hosts, os_image="Ubuntu 20.04.3 LTS", kernel="5.4.0-88-generic", runtime="containerd://1.5.5")
    story.staff({k: v for k, v in hosts.items() if k != bad}, started=1_300_000)
    name = story.staff({bad: hosts[bad]}, ready=False, restarts=5, started=1_850, last=("Error", 137, 1_861))[0]
    story.probe(
        name,
        "BIRD is not ready: Error querying BIRD: unable to connect to BIRDv4 socket: dial unix /var/run/calico/bird.ctl: connect: no such file or directory",
        18,
        1_810,
        60,
    )
    stuck = story.other(
        "thumbs-6f8c9d7b5-kz4wq",
        bad,
        "none",
        "media",
        "ReplicaSet/thumbs-6f8c9d7b5",
        ready=False,
        phase="Pending",
        waiting="ContainerCreating",
        age=7_000,
    )
    status = story.objects["Pod"][-1]["status"]
    status |= {"podIPs": []}
    del status["podIP"]
    story.pod_event(
        stuck,
        "FailedCreatePodSandBox",
        "Failed to create pod sandbox: rpc error: code = Unknown desc = failed to create containerd task: failed to start shim: write /run/containerd/io.containerd.runtime.v2.task/k8s.io/5d0c9a7e1b/config.json: no space left on device: unknown",
        9,
        6_900,
        520,
        namespace="media",
    )
    log = story.boot(bad, 1_848, bird=False, interface="ens18", prefix=24)
    for turn in range(8):
        log += ["bird: Cannot create control socket /var/run/calico/bird.ctl: No space left on device"] * 3
        log += story.quiet(1_790 - 220 * turn, 1_700 - 220 * turn, 80)
    story.log(name, log)
    story.texts["riga-c.txt"] = (
        "root@riga-c:~# df -h | grep -v overlay\nFilesystem      Size  Used Avail Use% Mounted on\nudev            7.8G     0  7.8G   0% /dev\ntmpfs           1.6G  1.6G     0 100% /run\n"
        "/dev/vda1        97G   21G   72G  23% /\ntmpfs           7.9G     0  7.9G   0% /dev/shm\ntmpfs           5.0M     0  5.0M   0% /run/lock\n"
        "root@riga-c:~# du -xsh /run/* 2>/dev/null | sort -h | tail -3\n1.4M\t/run/udev\n29M\t/run/log\n1.5G\t/run/edr-agent\n"
    )
    story.describe(bad, name)
    story.commands["describe-thumbs.txt"] = f"describe pod -n media {stuck}"
    story.affected = [bad]
    story.cite("riga-c.txt", "100% /run")
    story.cite(f"{name}.log", "No space left on device")
    return story


def objects_of_a_gather_only(now: datetime) -> Incident:
    story = incident(
        "yaml-of-a-gather-shows-memory-evictions",
        CAUSE,
        "ROKS, a tree of objects only: one worker's MemoryPressure is True for an hour, its calico-node was evicted twice ('low on resource: memory', using 118Mi itself) and the third is Running but not ready; a data job asks for most of the memory.",
        "https://docs.redhat.com/en/documentation/openshift_container_platform/4.16/html/nodes/working-with-nodes (out-of-resource handling)",
        now,
        platform="roks",
        calico="v3.28.4",
        kubernetes="v1.29.14+7cf4c05",
        difficulty="medium",
    )
    red_hat = {
        "os_image": "Red Hat Enterprise Linux 9.4 (Plow)",
        "kernel": "5.14.0-427.59.1.el9_4.x86_64",
        "runtime": "cri-o://1.29.13",
    }
    nodes = story.workers([f"10.178.90.{n}" for n in (3, 11, 18)], **red_hat)
    bad = story.workers(
        ["10.178.90.27"],
        since=3_700,
        conditions_changed={
            "MemoryPressure": ("True", "KubeletHasInsufficientMemory", "kubelet has insufficient memory available")
        },
        taints=[("node.kubernetes.io/memory-pressure", "NoSchedule")],
        **red_hat,
    )[0]
    story.objects["Node"][-1]["status"]["conditions"][-1]["lastTransitionTime"] = story.ago(1_500_000)
    story.agents(nodes, started=1_200_000)
    for i, suffix in enumerate(("7dxk2", "m9fqz")):
        gone = story.agents([bad], suffix=suffix, ready=False, age=1_700_000 if not i else 2_600, phase="Failed")[0]
        item = story.objects["Pod"][-1]
        item["status"] = {
            "phase": "Failed",
            "reason": "Evicted",
            "message": f"The node was low on resource: memory. Threshold quantity: 100Mi, available: {61_120 - 9_811 * i}Ki. Container calico-node was using {118 + 3 * i}Mi, request is 0, has larger consumption of memory. ",
            "startTime": item["status"]["startTime"],
            "hostIP": bad,
        }
        story.pod_event(
            gone,
            "Evicted",
            f"The node was low on resource: memory. Threshold quantity: 100Mi, available: {61_120 - 9_811 * i}Ki. Container calico-node was using {118 + 3 * i}Mi, request is 0, has larger consumption of memory. ",
            2_610 - 1_900 * i,
        )
    name = story.agents([bad], ready=False, started=40, age=690)[0]
    story.other(
        "spark-exec-20261129-17",
        bad,
        "172.17.27.40",
        "analytics",
        "Pod/spark-driver",
        app="spark-exec",
        age=5_000,
        started=4_990,
        spec={"resources": {"requests": {"memory": "2Gi"}}},
    )
    story.node_event(
        bad,
        "NodeHasInsufficientMemory",
        f"Node {bad} status is now: NodeHasInsufficientMemory",
        3_700,
        5_000,
        3,
        type_="Normal",
    )
    story.node_event(bad, "EvictionThresholdMet", "Attempting to reclaim memory", 33, 4_980, 96)
    story.not_established(name, nodes, 12, 30, 2)
    log = story.boot(bad, 39, [*nodes], up=[])
    story.log(
        name,
        wrapped(story, log, "stamps"),
        f"namespaces/calico-system/pods/{name}/calico-node/calico-node/logs/current.log",
    )
    story.events("event-list.txt")
    story.commands |= {f"cluster-scoped-resources/core/nodes/{n}.yaml": f"get node {n} -o yaml" for n in [*nodes, bad]}
    story.commands |= {
        "namespaces/calico-system/core/pods.yaml": "get pods -n calico-system -o yaml",
        "namespaces/calico-system/core/events.yaml": "get events -n calico-system -o yaml",
    }
    story.affected = [bad]
    story.cite(f"cluster-scoped-resources/core/nodes/{bad}.yaml", "KubeletHasInsufficientMemory")
    story.cite("namespaces/calico-system/core/pods.yaml", "The node was low on resource: memory")
    return story


STORIES = [
    two_disks_run_full,
    memory_of_two_hosts,
    process_table_full,
    disk_full_of_container_logs,
    run_is_full,
    objects_of_a_gather_only,
]
