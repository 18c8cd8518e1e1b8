"""worker-resource-pressure: told without having seen the rules, then opened."""

from __future__ import annotations

from datetime import datetime

from telling import FELIX_503, Incident, incident

CAUSE = "worker-resource-pressure"


def thin_pool_is_full(now: datetime) -> Incident:
    story = incident(
        "docker-thin-pool-without-free-blocks",
        CAUSE,
        "Two hosts keep their containers in a device-mapper thin pool that is full: docker can create none any more, so calico-node, which failed its liveness probe once, stays in CreateContainerError. The kubelet watches another file system and reports no pressure; the neighbours complain of BGP.",
        "https://github.com/kubernetes/kubernetes/issues/26566 and https://github.com/moby/moby/pull/20786 (dm.min_free_space)",
        now,
        platform="other",
        calico="v3.8.9",
        kubernetes="v1.15.12",
        namespace="kube-system",
        registry="docker.io/calico",
        difficulty="medium",
    )
    system = {
        "os_image": "CentOS Linux 7 (Core)",
        "kernel": "3.10.0-1127.19.1.el7.x86_64",
        "runtime": "docker://18.9.9",
    }
    hosts = {f"ocs{n}": f"10.17.44.{60 + n}" for n in range(1, 6)}
    bad = ["ocs2", "ocs5"]
    good = [n for n in hosts if n not in bad]
    story.hosts({n: hosts[n] for n in good}, age=50_000_000, since=4_000_000, **system)
    story.hosts({n: hosts[n] for n in bad}, age=50_000_000, since=4_000_000, **system)
    text = "Error response from daemon: devmapper: Thin Pool has 132880 free data blocks which is less than minimum required 163840 free data blocks. Create more free space in thin pool or use dm.min_free_space option to change behavior"
    story.staff({n: hosts[n] for n in good}, started=3_900_000, age=3_900_050)
    for n, host in enumerate(bad):
        story.staff(
            {host: hosts[host]},
            ready=False,
            waiting="CreateContainerError",
            message=text,
            restarts=1,
            last=("Error", 137, 7_900 - 2_600 * n),
            age=3_900_050,
        )
        name = story.pods[host]
        story.pod_event(name, "Failed", f"Error: {text}", 14 + n, 7_890 - 2_600 * n, 571 - 190 * n)
        story.pod_event(
            name,
            "Pulled",
            f'Container image "docker.io/calico/node:{story.calico}" already present on machine',
            13 + n,
            7_890 - 2_600 * n,
            572 - 190 * n,
            type_="Normal",
        )
        story.pod_event(
            name,
            "Killing",
            "Container calico-node failed liveness probe, will be restarted",
            7_930 - 2_600 * n,
            type_="Normal",
        )
    story.other(
        "search-data-1",
        "ocs2",
        "none",
        "search",
        "StatefulSet/search-data",
        app="search-data",
        ready=False,
        phase="Pending",
        waiting="ContainerCreating",
        age=7_000,
    )
    story.objects["Pod"][-1]["status"] |= {"podIPs": [], "hostIP": hosts["ocs2"]}
    del story.objects["Pod"][-1]["status"]["podIP"]
    me = "ocs1"
    peers = [a for n, a in hosts.items() if n != me]
    lines = [*story.old_boot(me, 3_900_000, peers, interface="em1", prefix=24), *story.quiet(9_000, 8_050, 400)]
    for n, host in enumerate(bad):
        bird = f"bird: Mesh_{hosts[host].replace('.', '_')}:"
        states = (
            "State changed to start",
            "State changed to stop",
            "State changed to down",
            "Starting",
            "State changed to start",
        )
        lines += [f"{bird} {state}" for state in states]
        lines += story.quiet(7_800 - 2_600 * n, 5_400 if not n else 15, 600)
    story.log(story.pods[me], lines)
    story.texts[
        "ocs2-shell.txt"
    ] = """[root@ocs2 ~]# docker info 2>/dev/null | egrep 'Storage Driver|Pool Name|Data Space|Metadata Space|Containers|Stopped|Images'
Containers: 811
 Stopped: 774
Images: 296
Storage Driver: devicemapper
 Pool Name: docker-thinpool
 Data Space Used: 98.89GB
 Data Space Total: 107.4GB
 Data Space Available: 8.509GB
 Metadata Space Used: 19.3MB
 Metadata Space Total: 1.07GB
 Metadata Space Available: 1.054GB
[root@ocs2 ~]# df -h / /var/lib/kubelet | tail -2
/dev/mapper/centos-root   50G   17G   34G  34% /
/dev/mapper/centos-root   50G   17G   34G  34% /
[root@ocs2 ~]# lvs docker/thinpool
  LV       VG     Attr       LSize   Pool Origin Data%  Meta%  Move Log Cpy%Sync Convert
  thinpool docker twi-a-t--- 100.00g             92.08  1.80
"""
    story.commands = {
        "get-nodes.txt": "get nodes -o wide",
        "get-pods.txt": "get pods -A -o wide",
        "describe-node-ocs2.txt": "describe node ocs2",
        f"describe-{story.pods['ocs2']}.txt": f"describe pod -n kube-system {story.pods['ocs2']}",
    }
    story.affected = bad
    story.cite(
        f"describe-{story.pods['ocs2']}.txt",
        "Thin Pool has 132880 free data blocks which is less than minimum required",
    )
    return story


def servers_database_fills_the_disk(now: datetime) -> Incident:
    story = incident(
        "k3s-server-whose-database-filled-the-disk",
        CAUSE,
        "The only k3s server's disk is full of its own SQLite file and logs: the API answers 'database or disk is full', so calico-node on the agents loses its watches and gets error 500. Loud are felix, kube-controllers and the evictions on the server; DiskPressure there is the cause.",
        "https://github.com/k3d-io/k3d/issues/1569 and https://github.com/k3s-io/k3s/issues/11901",
        now,
        platform="other",
        calico="v3.29.1",
        kubernetes="v1.31.5+k3s1",
        registry="docker.io/calico",
        difficulty="hard",
        acceptable=["datastore-degraded"],
    )
    system = {
        "os_image": "Debian GNU/Linux 12 (bookworm)",
        "kernel": "6.6.62+rpt-rpi-v8",
        "runtime": "containerd://1.7.23-k3s2",
    }
    hosts = {"pi-server": "192.168.60.10", "pi-a1": "192.168.60.11", "pi-a2": "192.168.60.12"}
    agents = list(hosts)[1:]
    since = 5_100
    story.hosts(
        {"pi-server": hosts["pi-server"]},
        conditions_changed={"DiskPressure": ("True", "KubeletHasDiskPressure", "kubelet has disk pressure")},
        since=since,
        taints=[("node.kubernetes.io/disk-pressure", "NoSchedule")],
        labels={"node-role.kubernetes.io/control-plane": "true", "node-role.kubernetes.io/master": "true"},
        **system,
    )
    story.objects["Node"][-1]["status"]["conditions"][-1]["lastTransitionTime"] = story.ago(1_600_000)
    story.hosts({n: hosts[n] for n in agents}, **system)
    story.staff(hosts, started=1_400_000)
    for suffix, ago in (("2d9wk", 4_950), ("lq7zx", 3_100)):
        pod = story.other(
            f"local-path-provisioner-5cf85fd84d-{suffix}",
            "pi-server",
            "10.42.3.8",
            owner="ReplicaSet/local-path-provisioner-5cf85fd84d",
            app="local-path-provisioner",
            ready=False,
            age=ago + 900,
        )
        status = story.objects["Pod"][-1]["status"]
        reason = (
            "The node was low on resource: ephemeral-storage. Threshold quantity: 3112914632, available: 1411304Ki. "
        )
        story.objects["Pod"][-1]["status"] = {
            "phase": "Failed",
            "reason": "Evicted",
            "message": reason,
            "startTime": status["startTime"],
        }
        story.pod_event(pod, "Evicted", reason, ago, namespace="kube-system")
    story.node_event(
        "pi-server",
        "FreeDiskSpaceFailed",
        "Failed to garbage collect required amount of images. Attempted to free 4187593113 bytes, but only found 0 bytes eligible to free.",
        210,
        5_200,
        17,
    )
    story.node_event("pi-server", "EvictionThresholdMet", "Attempting to reclaim ephemeral-storage", 96, 5_090, 58)
    story.node_event(
        "pi-server", "NodeHasDiskPressure", "Node pi-server status is now: NodeHasDiskPressure", 5_100, type_="Normal"
    )
    me = "pi-a1"
    name = story.pods[me]
    full = 'an error on the server ("rpc error: code = Unknown desc = database or disk is full") has prevented the request from succeeding'
    lines = [
        *story.boot(me, 1_400_000, [hosts["pi-server"], hosts["pi-a2"]], prefix=24),
        *story.quiet(6_400, 1_300, 480),
    ]
    for n in range(7):
        ago = 1_210 - 175 * n
        lines += [
            story.say(
                ago,
                "INFO",
                61,
                "felix",
                "watchercache.go 201:",
                'Failed to perform list of current data during resync ListRoot="/calico/resources/v3/projectcalico.org/felixconfigurations" error='
                + full,
            ),
            *story.quiet(ago - 60, ago - 80, 40),
        ]
    story.log(name, lines)
    control = story.other(
        "calico-kube-controllers-7d4fbc6c5f-9wzlk",
        "pi-a2",
        "10.42.9.130",
        "calico-system",
        "ReplicaSet/calico-kube-controllers-7d4fbc6c5f",
        app="calico-kube-controllers",
        image="docker.io/calico/kube-controllers:v3.29.1",
        ready=False,
        restarts=6,
        started=160,
        last=("Error", 1, 170),
    )
    story.pod_event(
        control,
        "Unhealthy",
        f"Readiness probe failed: Error reaching apiserver: {full} with http status code: 500",
        12,
        1_180,
        94,
    )
    journal = []
    for n in range(9):
        ago = 1_240 - 140 * n
        at = f"{story.syslog(ago)} pi-server k3s[633]:"
        journal += [
            f'{at} time="{story.ago(ago)}" level=error msg="error in txn: database or disk is full"',
            f'{at} E{story.klog(ago)}     633 controller.go:195] "Failed to update lease" err="rpc error: code = Unknown desc = database or disk is full"',
        ]
    story.texts["pi-server.txt"] = (
        """root@pi-server:~# df -h / | tail -1
/dev/mmcblk0p2   29G   28G     0 100% /
root@pi-server:~# du -sh /var/lib/rancher/k3s/server/db /var/log
15G     /var/lib/rancher/k3s/server/db
6.2G    /var/log
root@pi-server:~# ls -lh /var/lib/rancher/k3s/server/db
total 15G
-rw-r--r-- 1 root root  14G state.db
-rw-r--r-- 1 root root  32K state.db-shm
-rw-r--r-- 1 root root 1.1G state.db-wal
root@pi-server:~# journalctl -u k3s --since -25min | grep 'disk is full' | tail -18
"""
        + "\n".join(journal)
        + "\n"
    )
    story.describe(me)
    story.commands["describe-node-pi-server.txt"] = "describe node pi-server"
    story.events()
    story.affected = ["pi-server"]
    story.cite("describe-node-pi-server.txt", "KubeletHasDiskPressure")
    story.cite("pi-server.txt", "database or disk is full")
    return story


def evicted_typhas_of_two_small_workers(now: datetime) -> Incident:
    story = incident(
        "both-typhas-evicted-for-want-of-memory",
        CAUSE,
        "Two small workers of an IKS VPC cluster of three are out of memory since an analytics job without limits runs there: MemoryPressure is True on both, their Typha pods were evicted (low on resource: memory) and the new ones are Pending, since the third worker was cordoned. Felix everywhere finds no Typha and is not ready; that is loud, the two workers' memory is the cause.",
        "https://kubernetes.io/docs/concepts/scheduling-eviction/node-pressure-eviction/",
        now,
        platform="vpc",
        calico="v3.28.2",
        kubernetes="v1.31.6+IKS",
        difficulty="hard",
        acceptable=["typha-unavailable"],
    )
    pressure = {"MemoryPressure": ("True", "KubeletHasInsufficientMemory", "kubelet has insufficient memory available")}
    since = 2_900
    bad = []
    for address in ("10.244.9.5", "10.244.9.11"):
        bad += story.workers(
            [address],
            age=6_300_000,
            since=since,
            conditions_changed=pressure,
            taints=[("node.kubernetes.io/memory-pressure", "NoSchedule")],
        )
        story.objects["Node"][-1]["status"]["conditions"][-1]["lastTransitionTime"] = story.ago(6_299_000)
    rest = story.workers(
        ["10.244.9.17"],
        age=6_300_000,
        since=6_299_000,
        unschedulable=True,
        taints=[("node.kubernetes.io/unschedulable", "NoSchedule")],
    )[0]
    nodes = [*bad, rest]
    story.agents(nodes, started=1_900_000, age=1_900_030, ready=False)
    for n, (node, suffix) in enumerate(zip(bad, ("q8wzt", "m4kdx"), strict=True)):
        name = story.typha(node, suffix)
        text = f"The node was low on resource: memory. Threshold quantity: 100Mi, available: {('61204Ki', '48816Ki')[n]}. Container calico-typha was using 91{n}72Ki, request is 0, has larger consumption of memory. "
        made = story.objects["Pod"][-1]
        made["metadata"]["creationTimestamp"] = story.ago(1_900_000)
        made["status"] = {"phase": "Failed", "reason": "Evicted", "message": text, "startTime": story.ago(1_900_000)}
        story.pod_event(name, "Evicted", text, since - 30 - 200 * n)
        story.node_event(
            node, "EvictionThresholdMet", "Attempting to reclaim memory", 25 + 9 * n, since + 5, 171 - 20 * n
        )
        story.node_event(
            node,
            "NodeHasInsufficientMemory",
            f"Node {node} status is now: NodeHasInsufficientMemory",
            since,
            type_="Normal",
        )
        story.other(
            f"cube-build-{('7xkqd', 'z5mnl')[n]}",
            node,
            f"172.17.{(20, 51)[n]}.18",
            "analytics",
            "Job/cube-build",
            app="cube-build",
            image="registry.example.com/cube:2.9",
            age=(3_500, 1_090)[n],
            started=(3_480, 1_080)[n],
        )
    text = "The node was low on resource: memory. Threshold quantity: 100Mi, available: 40112Ki. Container cube-build was using 11187236Ki, request is 0, has larger consumption of memory. "
    story.pod_event("cube-build-hq4vt", "Evicted", text, 1_100, namespace="analytics")
    wait = []
    for suffix, ago in (("c7vpr", since - 40), ("w2hjl", since - 240)):
        wait.append(story.typha("", suffix, ready=False))
        story.objects["Pod"][-1]["metadata"]["creationTimestamp"] = story.ago(ago)
        story.pod_event(
            wait[-1],
            "FailedScheduling",
            "0/3 nodes are available: 1 node(s) were unschedulable, 2 node(s) had untolerated taint {node.kubernetes.io/memory-pressure: }. preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.",
            61,
            ago - 1,
            10,
            source="default-scheduler",
        )
    for node in nodes:
        story.probe(story.pods[node], FELIX_503, 12, 2_500, 210)
    log = [*story.boot(rest, 1_900_000, bad), *story.quiet(4_900, since + 20, 300)]
    typha = f'&discovery.Typha{{Addr:"{bad[0]}:5473", IP:"{bad[0]}", NodeName:(*string)(0xc0006be0f0)}}'
    log.append(
        story.say(
            since - 31,
            "ERROR",
            61,
            "felix",
            "sync_client.go 400:",
            f'Failed to read from server connection={typha} error=EOF myID=0x1 type=""',
        )
    )
    log += [
        story.say(
            since - 32,
            "INFO",
            61,
            "felix",
            "sync_client.go 221:",
            'Typha connection failed but client callback is restart-aware.  Restarting connection... myID=0x1 type=""',
        ),
        story.say(
            since - 231,
            "ERROR",
            61,
            "felix",
            "sync_client.go 400:",
            "Failed to read from server connection=" + typha.replace(bad[0], bad[1]) + ' error=EOF myID=0x1 type=""',
        ),
        story.say(
            since - 243,
            "WARNING",
            61,
            "felix",
            "sync_client.go 205:",
            f'Failed to connect to typha endpoint {bad[1]}:5473.  Will try another if available... error=dial tcp {bad[1]}:5473: connect: connection refused myID=0x1 type=""',
        ),
        story.say(
            since - 300,
            "WARNING",
            61,
            "felix",
            "daemon.go 559:",
            'Felix is shutting down reason="Connection to Typha failed"',
        ),
        story.say(since - 302, "FATAL", 61, "felix", "daemon.go 845:", 'Exiting. reason="Connection to Typha failed"'),
    ]
    for n, ago in enumerate((2_560, 2_300, 1_600, 900, 200, 40)):
        log += [
            story.say(
                ago,
                "INFO",
                30_112 + 911 * n,
                "felix",
                "daemon.go 148:",
                f'Felix starting up GOMAXPROCS=4 builddate="2024-08-30T17:24:01+0000" gitcommit="9a96ee39f" version="{story.calico}"',
            ),
            story.say(
                ago - 0.6,
                "ERROR",
                30_112 + 911 * n,
                "felix",
                "discovery.go 228:",
                "Didn't find any ready Typha instances.",
            ),
            story.say(
                ago - 0.7,
                "ERROR",
                30_112 + 911 * n,
                "felix",
                "daemon.go 337:",
                "Typha discovery enabled but discovery failed. error=failed to find any ready Typha instances",
            ),
        ]
    story.log(story.pods[rest], log)
    story.describe(rest)
    story.commands[f"describe-node-{bad[0]}.txt"] = f"describe node {bad[0]}"
    story.commands[f"describe-{wait[0]}.txt"] = f"describe pod -n calico-system {wait[0]}"
    story.events()
    story.affected = bad
    story.cite(f"describe-node-{bad[0]}.txt", "KubeletHasInsufficientMemory")
    return story


STORIES = [thin_pool_is_full, servers_database_fills_the_disk, evicted_typhas_of_two_small_workers]
