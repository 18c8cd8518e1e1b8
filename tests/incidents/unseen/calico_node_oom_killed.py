"""calico-node-oom-killed: the first two told without having seen the rules, the others by the rules' author from public threads."""

from __future__ import annotations

from datetime import datetime, timedelta

from cluster import join
from telling import FELIX_503, FELIX_REFUSED, Incident, incident

CAUSE = "calico-node-oom-killed"


def limit_of_192_mebibytes(now: datetime) -> Incident:
    story = incident(
        "felix-grows-to-its-limit-and-is-killed",
        CAUSE,
        "calico-node was given a limit of 192Mi; on the workers with many endpoints it grows to it and is OOMKilled every few hours. Neighbours complain about BGP for a minute each time, the workers have memory to spare.",
        "https://github.com/projectcalico/felix/issues/1855",
        now,
        platform="classic",
        calico="v3.25.0",
        kubernetes="v1.26.15+IKS",
        namespace="kube-system",
        difficulty="easy",
    )
    nodes = story.workers([f"10.130.77.{n}" for n in (11, 19, 34, 35)])
    limits = {"resources": {"limits": {"memory": "192Mi"}, "requests": {"cpu": "250m", "memory": "128Mi"}}}
    bad = nodes[1:3]
    story.agents([n for n in nodes if n not in bad], spec=limits, started=500_000)
    names = story.agents(bad, spec=limits, restarts=19, started=2400, last=("OOMKilled", 137, 2410))
    for name in names:
        story.pod_event(
            name,
            "Unhealthy",
            'Readiness probe failed: calico/node is not ready: felix is not ready: Get "http://localhost:9099/readiness": dial tcp 127.0.0.1:9099: connect: connection refused',
            2395,
            9900,
            11,
        )
        story.pod_event(name, "Created", "Created container calico-node", 2402, 400_000, 20, type_="Normal")
    story.not_established(names[0], [n for n in nodes if n != bad[0]], 2380, 9880, 8)
    peers = [n for n in nodes if n != bad[0]]
    story.log(names[0], [*story.boot(bad[0], 2390, peers), *story.quiet(2300, 15, 180)])
    story.describe(bad[0])
    story.affected = bad
    story.cite(f"describe-pod-{names[0]}.txt", "OOMKilled")
    return story


def operator_reports_the_crash_loop(now: datetime) -> Incident:
    story = incident(
        "limit-in-the-installation-too-small-for-the-policies",
        CAUSE,
        "The Installation gives calico-node a memory limit of 250Mi; since a policy tool made thousands of network sets the pods of the two big workers are OOMKilled during each resync. No log could be taken in time; the status and describe say it.",
        "https://github.com/projectcalico/calico/issues/2085",
        now,
        platform="roks",
        calico="v3.28.5",
        kubernetes="v1.30.11",
        difficulty="medium",
    )
    rhel = {
        "os_image": "Red Hat Enterprise Linux 9.4 (Plow)",
        "kernel": "5.14.0-427.61.1.el9_4.x86_64",
        "runtime": "cri-o://1.30.11",
    }
    nodes = story.workers([f"10.186.5.{n}" for n in (100, 104, 113, 120)], **rhel)
    limits = {"resources": {"limits": {"memory": "250Mi"}, "requests": {"cpu": "250m", "memory": "250Mi"}}}
    bad = nodes[2:]
    story.agents(nodes[:2], spec=limits, started=600_000)
    names = story.agents(
        bad, spec=limits, ready=False, restarts=43, waiting="CrashLoopBackOff", last=("OOMKilled", 137, 80)
    )
    for name in names:
        story.pod_event(
            name,
            "BackOff",
            f"Back-off restarting failed container calico-node in pod {name}_calico-system(6f30)",
            7,
            14_000,
            900,
        )
        story.probe(name, FELIX_503, 100, 13_900, 86)
    peers = [n for n in nodes if n != bad[0]]
    story.log(
        names[0],
        [
            *story.boot(bad[0], 100, peers)[:-1],
            story.say(
                96,
                "INFO",
                61,
                "felix",
                "calc_graph.go 467:",
                "Local endpoint updated id=WorkloadEndpoint(node=10.186.5.113, orchestrator=k8s, workload=shop/cart-0, name=eth0)",
            ),
            story.say(
                90,
                "INFO",
                61,
                "felix",
                "ipsets.go 130:",
                'Queueing IP set for creation family="inet" setID="s:kq0Wn2xw7Jm3" setType="hash:net"',
            ),
        ],
        f"{names[0]}-previous.log",
    )
    story.texts[f"{names[0]}.log"] = ""
    story.texts["tigerastatus-calico.yaml"] = (
        f'apiVersion: operator.tigera.io/v1\nkind: TigeraStatus\nmetadata:\n  name: calico\nstatus:\n  conditions:\n  - lastTransitionTime: "{story.ago(13_800)}"\n    message: |-\n      Pod calico-system/{names[0]} has crash looping container: calico-node\n      DaemonSet "calico-system/calico-node" is not available (awaiting 2 nodes)\n    reason: PodFailure\n    status: "True"\n    type: Degraded\n  - lastTransitionTime: "{story.ago(13_800)}"\n    reason: NotReady\n    status: "False"\n    type: Available\n'
    )
    story.describe(bad[0])
    story.affected = bad
    story.cite(f"describe-pod-{names[0]}.txt", "OOMKilled")
    return story


def many_policies_small_limit(now: datetime) -> Incident:
    story = incident(
        "limit-of-256-mebibytes-and-nine-thousand-policies",
        CAUSE,
        "Somebody set a memory limit of 256Mi on calico-node; on workers with many pods felix grows beyond it: OOMKilled, exit code 137, the kernel says Memory cgroup out of memory; the worker itself has gigabytes free.",
        "https://github.com/projectcalico/calico/issues/4109",
        now,
        platform="other",
        calico="v3.26.1",
        kubernetes="v1.27.6",
        namespace="kube-system",
        registry="docker.io/calico",
    )
    hosts = {f"big-{n}": f"10.91.0.{n}" for n in (1, 2, 3)}
    bad = "big-2"
    story.hosts(hosts)
    limit = {"resources": {"limits": {"memory": "256Mi"}, "requests": {"cpu": "250m"}}}
    story.staff({k: v for k, v in hosts.items() if k != bad}, started=600_000, spec=dict(limit))
    name = story.staff(
        {bad: hosts[bad]},
        ready=False,
        restarts=41,
        waiting="CrashLoopBackOff",
        last=("OOMKilled", 137, 90),
        spec=dict(limit),
    )[0]
    story.probe(name, FELIX_REFUSED, 100, 20_000, 200)
    story.pod_event(name, "BackOff", "Back-off restarting failed container calico-node in pod " + name, 15, 20_000, 600)
    story.log(name, story.boot(bad, 120, list(hosts.values())[:1]), f"{name}-previous.log")
    story.describe(bad)
    story.affected = [bad]
    story.cite(f"describe-pod-{name}.txt", "OOMKilled")
    return story


def leak_until_the_limit(now: datetime) -> Incident:
    story = incident(
        "grows-for-two-days-then-killed",
        CAUSE,
        "calico-node with a limit of 500Mi leaks memory in BPF mode's conntrack scanner and is OOM-killed every other day on each worker; journal names the cgroup of the pod and the process calico-node.",
        "https://github.com/projectcalico/calico/issues/6803",
        now,
        platform="vpc",
        calico="v3.24.1",
        kubernetes="v1.26.9+IKS",
        difficulty="hard",
        acceptable=["software-defect"],
    )
    nodes = story.workers([f"10.249.0.{n}" for n in (4, 5, 6)])
    limit = {"resources": {"limits": {"memory": "500Mi"}}}
    story.agents(nodes[:2], started=50_000, restarts=7, last=("OOMKilled", 137, 50_010), spec=dict(limit))
    bad = nodes[2]
    name = story.agents([bad], ready=True, started=300, restarts=8, last=("OOMKilled", 137, 310), spec=dict(limit))[0]
    story.texts[f"journal-{bad}.log"] = join([
        f"{story.syslog(312)} {bad} kernel: calico-node invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=-997",
        f"{story.syslog(312)} {bad} kernel: memory: usage 512000kB, limit 512000kB, failcnt 48211",
        f"{story.syslog(311)} {bad} kernel: Memory cgroup out of memory: Killed process 40911 (calico-node) total-vm:2771204kB, anon-rss:478112kB, file-rss:39120kB, shmem-rss:0kB, UID:0 pgtables:1320kB oom_score_adj:-997",
    ])  # fmt: skip
    story.log(name, story.boot(bad, 299, nodes[:2]) + story.quiet(280, 5))
    story.describe(bad)
    story.affected = nodes
    story.cite(f"journal-{bad}.log", "Memory cgroup out of memory")
    return story


# told on 29 November 2026 without having seen the rules
def only_felix_dies_the_container_lives(now: datetime) -> Incident:
    story = incident(
        "felix-starts-anew-inside-a-container-that-never-restarts",
        CAUSE,
        "On a cgroup v1 host the kernel kills only the process calico-node -felix for the memory cgroup of its pod (limit 400Mi); runit starts it again, so the container has no restart and no OOMKilled state. Felix begins from scratch about each half hour; the kernel's lines stand in the journal among kubelet noise.",
        "https://github.com/projectcalico/calico/issues/11137",
        now,
        platform="other",
        calico="v3.29.3",
        kubernetes="v1.30.8",
        namespace="kube-system",
        registry="quay.io/calico",
        difficulty="hard",
    )
    hosts = {f"bm-r7-{n:02}": f"10.211.70.{n}" for n in (4, 5, 6, 7, 8)}
    story.hosts(
        hosts,
        os_image="Oracle Linux Server 8.10",
        kernel="5.4.17-2136.338.4.2.el8uek.x86_64",
        runtime="containerd://1.7.25",
    )
    limits = {"resources": {"limits": {"memory": "400Mi"}, "requests": {"cpu": "150m", "memory": "64Mi"}}}
    bad = "bm-r7-06"
    story.staff({k: v for k, v in hosts.items() if k != bad}, spec=limits, started=1_600_000)
    name = story.staff({bad: hosts[bad]}, spec=limits, started=1_600_000)[0]
    story.probe(name, FELIX_REFUSED, 640, 41_000, 44)
    story.probe(name, "felix is not ready: readiness probe reporting 503", 600, 40_900, 57)
    log, journal, pid = [], [], 2_114_071
    for i in range(6):
        at = 9_900 - 1_850 * i
        felix = story.boot(bad, at, bird=False, interface="bond0", prefix=24, first=61 + 4_107 * i)
        felix = [x for x in felix if f"[{62 + 4_107 * i}]" in x]
        log += [*felix, *story.quiet(at - 60, at - 1_790, 118, 62 + 4_107 * i)]
        kill, me = at - 1_848, pid + 60_413 * i
        if kill < 0:
            continue
        syslog = story.syslog(kill)

        journal += [
            f'{story.syslog(kill + 320)} bm-r7-06 kubelet[2871]: I{story.klog(kill + 320)}    2871 scope.go:117] "RemoveContainer" containerID="7be2{i}90a1c44"',
            f"{story.syslog(kill + 44)} bm-r7-06 chronyd[1188]: Selected source 10.211.0.9",
            f"{syslog} bm-r7-06 kernel: calico-node invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=-997",
            f"{syslog} bm-r7-06 kernel: memory: usage 409600kB, limit 409600kB, failcnt {88_123 + 9_177 * i}",
            f"{syslog} bm-r7-06 kernel: oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=cri-containerd-3f5ac.scope,mems_allowed=0-1,oom_memcg=/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod51d2c7.slice,task_memcg=/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod51d2c7.slice/cri-containerd-3f5ac.scope,task=calico-node,pid={me},uid=0",
            f"{syslog} bm-r7-06 kernel: Memory cgroup out of memory: Killed process {me} (calico-node) total-vm:{2_871_220 + 311 * i}kB, anon-rss:{331_044 + 207 * i}kB, file-rss:46120kB, shmem-rss:0kB, UID:0 pgtables:1012kB oom_score_adj:-997",
            f'{story.syslog(kill - 4)} bm-r7-06 kubelet[2871]: I{story.klog(kill - 4)}    2871 prober.go:107] "Probe failed" probeType="Readiness" pod="kube-system/{name}" podUID="51d2c7" containerName="calico-node" probeResult="failure" output="calico/node is not ready: {FELIX_REFUSED.replace(chr(34), chr(92) + chr(34))}\\n"',
            f"{story.syslog(kill - 90)} bm-r7-06 systemd[1]: Started Session {8_111 + 3 * i} of user nagios.",
        ]

    story.log(name, log)
    story.texts["bm-r7-06-journal.txt"] = join(journal)
    story.texts["bm-r7-06-free.txt"] = (
        "              total        used        free      shared  buff/cache   available\nMem:          385512       81220      191302         611      112990      301877\nSwap:             0           0           0\n"
    )
    story.describe(bad, name)
    story.affected = [bad]
    story.cite("bm-r7-06-journal.txt", "Memory cgroup out of memory: Killed process")
    return story


def docker_inspect_says_oom(now: datetime) -> Incident:
    story = incident(
        "docker-inspect-of-the-agent-says-oomkilled-true",
        CAUSE,
        "Self-managed v3.8 on Docker: a limit of 150m was put on calico-node; docker on the busiest host has it killed for it four times a day (OOMKilled true, 137, docker's event 'oom'), docker stats shows it near its limit on the others. The loud messages are the neighbours' sessions.",
        "https://github.com/projectcalico/calico/issues/2621",
        now,
        platform="other",
        calico="v3.8.9",
        kubernetes="v1.15.12",
        namespace="kube-system",
        registry="calico",
        difficulty="easy",
    )
    hosts = {f"web{n}.int": f"10.77.16.{30 + n}" for n in (1, 2, 3, 4)}
    story.hosts(hosts, os_image="CentOS Linux 7 (Core)", kernel="3.10.0-1127.el7.x86_64", runtime="docker://18.9.9")
    bad = "web2.int"
    story.staff({k: v for k, v in hosts.items() if k != bad}, started=1_200_000)
    name = story.staff({bad: hosts[bad]}, restarts=27, started=1_450)[0]
    for k in ("web1.int", "web4.int"):
        story.not_established(story.pods[k], [hosts[bad]], 1_430, 240_000, 3, established=2)
    peers = [v for k, v in hosts.items() if k != bad]
    story.log(name, [*story.old_boot(bad, 1_446, peers), *story.quiet(1_400, 20, 90, 60)])
    day = [
        (story.now - timedelta(seconds=x)).strftime("%Y-%m-%dT%H:%M:%S.%f000Z") for x in (64_802, 43_120, 22_377, 1_452)
    ]
    cid = "9c1e6f0a55d2"
    story.texts["web2-docker.txt"] = (
        "[root@web2 ~]# docker ps -a --filter name=k8s_calico-node --format 'table {{.ID}}\\t{{.Status}}\\t{{.Names}}'\n"
        "CONTAINER ID        STATUS                        NAMES\n"
        f"e27b90c4d1a8        Up 24 minutes                 k8s_calico-node_{name}_kube-system_b1c6_27\n"
        f"{cid}        Exited (137) 24 minutes ago   k8s_calico-node_{name}_kube-system_b1c6_26\n"
        f"[root@web2 ~]# docker inspect {cid} --format '{{{{json .State}}}}'\n"
        f'{{"Status":"exited","Running":false,"Paused":false,"Restarting":false,"OOMKilled":true,"Dead":false,"Pid":0,"ExitCode":137,"Error":"","StartedAt":"{day[2]}","FinishedAt":"{day[3]}"}}\n'
        f"[root@web2 ~]# docker inspect {cid} --format '{{{{.HostConfig.Memory}}}}'\n157286400\n"
        "[root@web2 ~]# docker events --since 20h --until 0s --filter event=oom --format '{{.Time}} {{.Action}} {{.Actor.Attributes.name}}'\n"
        + "".join(
            f"{int(now.timestamp()) - x} oom k8s_calico-node_{name}_kube-system_b1c6_{23 + i}\n"
            for i, x in enumerate((64_802, 43_120, 22_377, 1_452))
        )
        + "[root@web2 ~]# docker stats --no-stream --format 'table {{.Name}}\\t{{.MemUsage}}' | grep -e NAME -e calico-node\n"
        f"NAME                                             MEM USAGE / LIMIT\nk8s_calico-node_{name}_kube-system_b1c6_27    121.4MiB / 150MiB\n"
    )
    story.events()
    story.commands["pods.txt"] = "get pods -n kube-system -o wide"
    story.affected = [bad]
    story.cite("web2-docker.txt", '"OOMKilled":true')
    return story


STORIES = [
    limit_of_192_mebibytes,
    operator_reports_the_crash_loop,
    many_policies_small_limit,
    leak_until_the_limit,
    only_felix_dies_the_container_lives,
    docker_inspect_says_oom,
]
