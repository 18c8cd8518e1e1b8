"""calico-node-oom-killed: the first two told without having seen the rules, the others by the rules' author from public threads."""

from __future__ import annotations

from datetime import datetime

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


STORIES = [limit_of_192_mebibytes, operator_reports_the_crash_loop, many_policies_small_limit, leak_until_the_limit]
