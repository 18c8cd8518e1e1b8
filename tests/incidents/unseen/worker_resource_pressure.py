"""worker-resource-pressure: told without having seen the rules."""

from __future__ import annotations

from datetime import datetime

from cluster import container, pod
from telling import FELIX_REFUSED, Incident, incident

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


STORIES = [two_disks_run_full, memory_of_two_hosts]
