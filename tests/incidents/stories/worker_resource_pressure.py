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


STORIES = [disk, no_space, memory, pids]
