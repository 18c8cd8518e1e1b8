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


STORIES = [limit_range_of_the_namespace, autoscaler_learned_from_a_quiet_week]
