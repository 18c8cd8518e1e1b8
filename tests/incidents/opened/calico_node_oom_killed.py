"""calico-node-oom-killed: told without having seen the rules, then opened."""

from __future__ import annotations

from datetime import datetime

from telling import FELIX_REFUSED, Incident, incident

CAUSE = "calico-node-oom-killed"


def limit_range_of_the_namespace(now: datetime) -> Incident:
    story = incident(
        "limit-range-in-kube-system-gives-new-agents-96-mebibytes",
        CAUSE,
        "A hardening script put a LimitRange into kube-system. Pods made before have no limit; calico-node of the hosts that were replaced or drained since got the default of 96Mi by the LimitRanger and is OOMKilled soon after each start. The manifest of the daemonset has no limit; what was reported is 'calico breaks on new machines'.",
        "https://kubernetes.io/docs/tasks/administer-cluster/manage-resources/memory-default-namespace/",
        now,
        platform="other",
        calico="v3.24.5",
        kubernetes="v1.25.11",
        namespace="kube-system",
        registry="docker.io/calico",
        difficulty="medium",
    )
    old = {f"ip-10-80-{a}-{b}": f"10.80.{a}.{b}" for a, b in ((3, 17), (3, 44), (7, 9), (7, 102))}
    new = {f"ip-10-80-{a}-{b}": f"10.80.{a}.{b}" for a, b in ((3, 201), (7, 188))}
    system = {"os_image": "Ubuntu 20.04.6 LTS", "kernel": "5.15.0-1039-aws", "runtime": "containerd://1.6.21"}
    story.hosts(old, age=8_000_000, since=7_900_000, **system)
    story.hosts(new, age=170_000, since=169_800, **system)
    story.staff(old, started=5_000_000, spec={"resources": {"requests": {"cpu": "250m"}}})
    limits = {"resources": {"limits": {"memory": "96Mi"}, "requests": {"cpu": "250m", "memory": "48Mi"}}}
    names = []
    for i, (node, address) in enumerate(new.items()):
        names += story.staff(
            {node: address},
            ready=False,
            restarts=211 - 9 * i,
            waiting="CrashLoopBackOff",
            last=("OOMKilled", 137, 190 + 77 * i),
            age=169_900,
            spec=dict(limits),
        )
        made = story.objects["Pod"][-1]
        made["metadata"]["annotations"] = {
            "kubernetes.io/limit-ranger": "LimitRanger plugin set: memory request, memory limit for container calico-node; memory request, memory limit for init container install-cni"
        }
        story.pod_event(
            names[-1],
            "BackOff",
            f"Back-off restarting failed container calico-node in pod {names[-1]}_kube-system(8d0e)",
            11 + i,
            169_000,
            4_100,
        )
        story.probe(names[-1], FELIX_REFUSED, 195 + 77 * i, 169_500, 640)
    peers = list(old.values())
    story.not_established(names[0], peers, 205, 169_600, 60)
    lines = story.boot("ip-10-80-3-201", 219, peers, interface="ens5", prefix=20)
    lines += [
        story.say(214 - 0.7 * i, "INFO", 61, "felix", "endpoint_mgr.go 667:", f'Workload added, adding to dispatcher workload="shop/{x}"')
        for i, x in enumerate(("api-0", "api-1", "search-0", "search-1"))
    ]  # fmt: skip
    story.log(names[0], lines, f"{names[0]}-previous.log")
    story.log(
        story.pods["ip-10-80-7-9"],
        story.quiet(9_000, 30, 1_300)
        + [f"bird: Mesh_10_80_3_201: {x}" for x in ("Error: Hold timer expired", "State changed to start")],
    )
    story.texts["limitrange.txt"] = (
        "Name:       default-mem\nNamespace:  kube-system\nType        Resource  Min  Max  Default Request  Default Limit  Max Limit/Request Ratio\n----        --------  ---  ---  ---------------  -------------  -----------------------\nContainer   memory    -    -    48Mi             96Mi           -\n"
    )
    story.describe("ip-10-80-3-201", names[0])
    story.affected = list(new)
    story.cite(f"describe-pod-{names[0]}.txt", "OOMKilled")
    return story


def autoscaler_learned_from_a_quiet_week(now: datetime) -> Incident:
    story = incident(
        "vertical-autoscaler-lowered-the-limit-after-the-holidays",
        CAUSE,
        "A VerticalPodAutoscaler scales requests and limits of calico-node. After a quiet week it recreated the pods with a limit of 126Mi; on Monday the busiest three nodes reach it: exit code 137, OOMKilled, again at each resync. It shows as BGP peers that come and go and as time-outs of pods; the other nodes stay below the same limit.",
        "https://github.com/gardener/gardener-extension-networking-calico/issues/339",
        now,
        platform="other",
        calico="v3.26.3",
        kubernetes="v1.27.8",
        namespace="kube-system",
        registry="quay.io/calico",
        difficulty="hard",
    )
    hosts = {f"shoot--shop--prod-z{z}-{x}": f"10.250.{z}.{n}" for z, x, n in ((1, "5d7c9-8kq2m", 14), (1, "5d7c9-wz4tn", 27), (2, "6b8f4-c7xvd", 9), (2, "6b8f4-j5pks", 31), (3, "7f9d6-m2hqw", 5), (3, "7f9d6-t8ncz", 40))}  # fmt: skip
    order = list(hosts)
    bad = [order[0], order[3], order[5]]
    story.hosts(hosts, age=4_400_000, since=4_300_000, os_image="Garden Linux 1312.3", kernel="6.1.80-cloud-amd64", runtime="containerd://1.6.24")  # fmt: skip
    limits = {"resources": {"limits": {"memory": "132120576"}, "requests": {"cpu": "120m", "memory": "44040192"}}}
    story.staff({k: v for k, v in hosts.items() if k not in bad}, started=196_000, age=196_040, spec=dict(limits))
    names = []
    for i, node in enumerate(bad):
        names += story.staff(
            {node: hosts[node]},
            started=[95, 1_410, 730][i],
            restarts=[31, 22, 27][i],
            last=("OOMKilled", 137, [102, 1_416, 735][i]),
            age=196_000,
            spec=dict(limits),
        )
        story.probe(names[-1], FELIX_REFUSED, [98, 1_412, 732][i], 33_000, [40, 29, 33][i])
        last = story.objects["Pod"][-1]["status"]["containerStatuses"][0]["lastState"]["terminated"]
        last["startedAt"] = story.ago([1_190, 6_480, 4_020][i])
    for made in story.objects["Pod"]:
        made["metadata"]["annotations"] = {
            "vpaObservedContainers": "calico-node",
            "vpaUpdates": "Pod resources updated by calico-node: container 0: memory request, cpu request, memory limit",
        }
    others = [a for k, a in hosts.items() if k != bad[0]]
    story.not_established(names[0], others, 88, 33_000, 31, established=3)
    ok = story.pods[order[1]]
    lines = story.quiet(7_000, 1_500, 700)
    for turn, (a, gap) in enumerate((("10_250_2_31", 1_400), ("10_250_3_40", 720), ("10_250_1_14", 90))):
        lines += [f"bird: Mesh_{a}: {x}" for x in ("Error: Read: connection reset by peer" if turn else "Error: Hold timer expired", "State changed to stop", "State changed to down", "Starting", "State changed to start", "Connected to table master", "State changed to feed", "State changed to up")]  # fmt: skip
        lines += story.quiet(gap, gap - 60, 40)
    story.log(ok, lines)
    story.log(names[0], [*story.boot(bad[0], 93, others, interface="ens5", prefix=16), *story.quiet(60, 4, 30)])
    before = story.boot(bad[0], 1_188, others, interface="ens5", prefix=16) + story.quiet(1_150, 104, 170)
    story.log(names[0], before, f"{names[0]}-previous.log")
    story.texts["vpa-calico-node.yaml"] = (
        "apiVersion: autoscaling.k8s.io/v1\nkind: VerticalPodAutoscaler\nmetadata:\n  name: calico-node\n  namespace: kube-system\nspec:\n  resourcePolicy:\n    containerPolicies:\n    - containerName: calico-node\n      controlledValues: RequestsAndLimits\n      minAllowed:\n        memory: 40Mi\n  targetRef:\n    apiVersion: apps/v1\n    kind: DaemonSet\n    name: calico-node\n  updatePolicy:\n    updateMode: Auto\n"
        'status:\n  recommendation:\n    containerRecommendations:\n    - containerName: calico-node\n      lowerBound:\n        cpu: 109m\n        memory: "41943040"\n      target:\n        cpu: 120m\n        memory: "44040192"\n'
    )
    story.commands |= {
        "nodes.txt": "get nodes -o wide",
        "pods.txt": "get pods -n kube-system -o wide",
        f"describe-{names[0]}.txt": f"describe pod -n kube-system {names[0]}",
        f"describe-{ok}.txt": f"describe pod -n kube-system {ok}",
    }
    story.affected = bad
    story.cite(f"describe-{names[0]}.txt", "OOMKilled")
    return story


def fabric_sends_the_full_table(now: datetime) -> Incident:
    story = incident(
        "leaf-switches-began-to-send-the-full-table",
        CAUSE,
        "Calico peers with leaf switches; since a change there they send the whole routing table (some 940,000 routes). BIRD in calico-node takes it and the container reaches its limit of 512Mi: OOMKilled, exit code 137, on the five hosts of that rack every few minutes, while the hosts have memory to spare. BGP that goes up and down and felix' repeated starts are the loud part; the other rack is well.",
        "https://docs.tigera.io/calico/latest/reference/resources/bgpfilter and https://bird.network.cz/?get_doc&v=16&f=bird-2.html (import limit)",
        now,
        platform="other",
        calico="v3.26.3",
        kubernetes="v1.28.5",
        registry="quay.io/calico",
        difficulty="medium",
    )
    rack_a = {f"ams-a{n:02d}": f"10.68.1.{10 + n}" for n in range(1, 5)}
    rack_b = {f"ams-b{n:02d}": f"10.68.2.{10 + n}" for n in range(1, 6)}
    system = {"os_image": "Ubuntu 22.04.3 LTS", "kernel": "5.15.0-91-generic", "runtime": "containerd://1.7.11"}
    story.hosts(rack_a, age=11_000_000, since=6_000_000, labels={"rack": "a"}, **system)
    story.hosts(rack_b, age=11_000_000, since=6_000_000, labels={"rack": "b"}, **system)
    spec = {"resources": {"limits": {"memory": "512Mi"}, "requests": {"cpu": "250m", "memory": "256Mi"}}}
    story.staff(rack_a, started=5_900_000, age=5_900_040, spec=dict(spec))
    names = []
    for n, (node, address) in enumerate(rack_b.items()):
        names += story.staff({node: address}, ready=False, restarts=41 + 2 * n, started=58 + 21 * n, age=5_900_040, last=("OOMKilled", 137, 355 + 21 * n), spec=dict(spec))  # fmt: skip
        story.pod_event(names[-1], "BackOff", f"Back-off restarting failed container calico-node in pod {names[-1]}_calico-system(91fe)", 120 + 21 * n, 13_000, 610 + 9 * n)  # fmt: skip
        story.probe(
            names[-1], "BIRD is not ready: BGP not established with 10.68.2.1,10.68.2.2", 31 + 5 * n, 13_200, 150
        )
    story.typha("ams-a02", "h9d4w", started=5_800_000)
    story.typha("ams-a04", "zl2xk", started=5_800_000)
    me = "ams-b03"
    peers = ["10.68.2.1", "10.68.2.2"]
    lines = [x.replace("Mesh_", "Node_") for x in story.boot(me, 99, peers, interface="bond0", prefix=24)]
    story.log(story.pods[me], [*lines, *story.quiet(60, 20, 30)])
    previous = [x.replace("Mesh_", "Node_") for x in story.boot(me, 640, peers, interface="bond0", prefix=24)]
    previous += [
        *story.quiet(590, 455, 64),
        story.say(430, "WARNING", 61, "felix", "route_table.go 1078:", 'Failed to access interface because it doesn\'t exist. ifaceName="cali91c0a7d2e53" ifaceRegex="^cali.*" ipVersion=0x4 tableIndex=0'),
        story.say(404.6, "INFO", 61, "felix", "summary.go 100:", "Summarising 9 dataplane reconciliation loops over 1m4.1s: avg=611ms longest=2914ms (resync-routes-v4,resync-routes-v4,resync-rules-v4)"),
    ]  # fmt: skip
    story.log(story.pods[me], previous, f"{story.pods[me]}-previous.log")
    ok = story.pods["ams-a01"]
    story.log(ok, story.quiet(15_000, 30, 1_250))
    story.texts["ams-b03-dmesg.txt"] = "\n".join(
        [
            f"[{story.syslog(397)}] bird invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=-997",
            f"[{story.syslog(397)}] memory: usage 524288kB, limit 524288kB, failcnt 8812",
            f"[{story.syslog(397)}] Memory cgroup stats for /kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod91fe.slice/cri-containerd-2b70c4.scope:",
            f"[{story.syslog(397)}] Tasks state (memory values in pages):",
            f"[{story.syslog(397)}] [  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name",
            f"[{story.syslog(397)}] [1408117]     0 1408117   483391    15011   401408        0          -997 calico-node",
            f"[{story.syslog(397)}] [1408120]     0 1408120   466302    11702   372736        0          -997 calico-node",
            f"[{story.syslog(397)}] [1408204]     0 1408204    99317    98544   831488        0          -997 bird",
            f"[{story.syslog(397)}] Memory cgroup out of memory: Killed process 1408204 (bird) total-vm:397268kB, anon-rss:393720kB, file-rss:456kB, shmem-rss:0kB, UID:0 pgtables:812kB oom_score_adj:-997",
            "",
            "root@ams-b03:~# free -m | head -2",
            "               total        used        free      shared  buff/cache   available",
            "Mem:          128644       31207       68911         214       28526       95870",
            "root@ams-b03:~# ip route show proto bird | wc -l",
            "612204",
            "root@ams-a01:~# ip route show proto bird | wc -l",
            "37",
            "",
        ]
    )
    story.describe(me)
    story.affected = list(rack_b)
    story.cite(f"describe-pod-{story.pods[me]}.txt", "OOMKilled")
    story.cite("ams-b03-dmesg.txt", "Memory cgroup out of memory: Killed process 1408204 (bird)")
    return story


STORIES = [limit_range_of_the_namespace, autoscaler_learned_from_a_quiet_week, fabric_sends_the_full_table]
