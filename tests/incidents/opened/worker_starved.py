"""worker-starved: told without having seen the rules, then opened."""

from __future__ import annotations

from datetime import datetime

from cluster import event
from telling import Incident, incident

CAUSE = "worker-starved"


def scanner_looks_at_every_new_process(now: datetime) -> Incident:
    story = incident(
        "malware-scanner-eats-the-processors-of-two-workers",
        CAUSE,
        "ROKS: a malware scanner was rolled out to two of five workers; its scan threads take all CPUs there and each exec waits for a verdict, so exec probes of calico-node, DNS and the registry's node agent run into their timeouts on just these two. Felix says nothing but that its loops are slow; sessions come back at once.",
        "https://github.com/projectcalico/calico/issues/4276",
        now,
        platform="roks",
        calico="v3.27.4",
        kubernetes="v1.28.15+ff493be",
        difficulty="medium",
    )
    nodes = story.workers(
        [f"10.243.64.{n}" for n in (7, 9, 12, 15, 20)],
        os_image="Red Hat Enterprise Linux 8.10 (Ootpa)",
        kernel="4.18.0-553.30.1.el8_10.x86_64",
        runtime="cri-o://1.28.11",
    )
    bad = [nodes[1], nodes[3]]
    story.agents([n for n in nodes if n not in bad], started=2_000_000)
    names = story.agents(bad, ready=False, restarts=4, started=1_340, last=("Error", 137, 1_350))
    probe = 'command timed out: "/bin/calico-node -bird-ready -felix-ready" timed out after 10s'
    for i, (node, name) in enumerate(zip(bad, names, strict=True)):
        story.pod_event(name, "Unhealthy", f"Readiness probe failed: {probe}", 17 + 8 * i, 7_000, 288 - 20 * i)
        story.pod_event(name, "Unhealthy", 'Liveness probe failed: Get "http://localhost:9099/liveness": context deadline exceeded (Client.Timeout exceeded while awaiting headers)', 1_360, 6_900, 41)  # fmt: skip
        story.pod_event(name, "Killing", "Container calico-node failed liveness probe, will be restarted", 1_355, 6_500, 4, type_="Normal")  # fmt: skip
        dns = story.other(f"dns-default-{'b8'[i]}wq4{'tz'[i]}", node, f"172.30.{70 + i}.4", "openshift-dns", app="dns", ready=False)  # fmt: skip
        event(story, "Pod", dns, "Unhealthy", f'Readiness probe failed: Get "http://172.30.7{i}.4:8181/ready": context deadline exceeded (Client.Timeout exceeded while awaiting headers)', 31, 6_900, 160, namespace="openshift-dns")  # fmt: skip
        kar = story.other(f"ibm-keepalived-watcher-{'c5'[i]}m2p{'dx'[i]}", node, app="keepalived-watcher", ready=False)
        event(story, "Pod", kar, "Unhealthy", 'Readiness probe failed: command timed out: "/check.sh" timed out after 5s', 44, 6_800, 190, namespace="kube-system")  # fmt: skip
    for i, node in enumerate(bad):
        story.other(f"hostguard-sensor-{'j4'[i]}n8{'kv'[i]}", node, namespace="hostguard", owner="DaemonSet/hostguard-sensor", app="sensor", image="registry.example.com/sec/hostguard-sensor:20.0.1-12510", age=7_150, started=7_100, spec={"resources": {"requests": {"cpu": "100m", "memory": "512Mi"}}})  # fmt: skip
    me, name = bad[0], names[0]
    log = story.boot(me, 1_338, [n for n in nodes if n != me], interface="ens3", prefix=24)
    ago = 1_290.0
    for turn in range(15):
        log.append(
            story.say(
                ago,
                "INFO",
                61,
                "felix",
                "summary.go 100:",
                f"Summarising {2 + turn % 3} dataplane reconciliation loops over 1m{11 + 3 * (turn % 7)}.{turn % 9}s: avg={8_412 + 771 * (turn % 6)}ms longest={19_207 + 1_330 * (turn % 5)}ms (resync-filter-v4,resync-mangle-v4,resync-nat-v4)",
            )
        )
        if turn % 4 == 2:
            log.append(story.say(ago - 9, "INFO", 61, "felix", "async_calc_graph.go 245:", "Flushing updates to the dataplane is taking a long time"))  # fmt: skip
        ago -= 79 + turn % 5
    story.log(name, log)
    story.texts["adm-top-nodes.txt"] = "NAME           CPU(cores)   CPU%   MEMORY(bytes)   MEMORY%   \n" + "".join(
        f"{n:<14} {c:<12} {p:<6} {m:<15} {q}       \n"
        for n, c, p, m, q in (
            (nodes[0], "702m", "17%", "6120Mi", "46%"),
            (nodes[1], "3898m", "99%", "7904Mi", "60%"),
            (nodes[2], "655m", "16%", "5988Mi", "45%"),
            (nodes[3], "3902m", "99%", "7750Mi", "58%"),
            (nodes[4], "811m", "20%", "6431Mi", "48%"),
        )
    )
    story.texts[f"debug-{me}.txt"] = (
        f"sh-4.4# uptime\n {story.stamp(55)[11:19]} up 23 days,  4:11,  0 users,  load average: 46.12, 44.87, 41.30\n"
        "sh-4.4# top -b -n1 | sed -n 1,16p\n"
        f"top - {story.stamp(50)[11:19]} up 23 days,  4:11,  0 users,  load average: 46.31, 44.95, 41.36\nTasks: 611 total,  43 running, 568 sleeping,   0 stopped,   0 zombie\n%Cpu(s): 71.0 us, 28.6 sy,  0.0 ni,  0.0 id,  0.1 wa,  0.2 hi,  0.1 si,  0.0 st\nMiB Mem :  15883.9 total,   4811.2 free,   7790.0 used,   3282.7 buff/cache\nMiB Swap:      0.0 total,      0.0 free,      0.0 used.   7602.5 avail Mem\n\n"
        "    PID USER      PR  NI    VIRT    RES    SHR S  %CPU  %MEM     TIME+ COMMAND\n3120771 root      20   0 2871044 911204  18212 R 318.8   5.6 211:40.93 hg_scand\n   2214 root      20   0 3398420 181112  61440 R  17.6   1.1   2011:12 kubelet\n   1920 root      20   0 4630112 140020  40112 S  11.8   0.9   1390:51 crio\n3266031 root      20   0 2650312  70144  39220 R   9.1   0.4   0:48.13 calico-node\n3120802 root      20   0   88120  30111   9112 S   5.9   0.2   9:10.33 hg_evtd\n"
    )
    story.describe(me, name)
    story.commands |= {"pods-hostguard.txt": "get pods -n hostguard -o wide"}
    story.affected = bad
    story.cite(f"describe-pod-{name}.txt", probe)
    story.cite("adm-top-nodes.txt", "3898m")
    return story


def too_many_exec_probes(now: datetime) -> Incident:
    story = incident(
        "seventy-small-pods-with-exec-probes-each-second",
        CAUSE,
        "IKS: one worker of the cache pool runs some seventy redis pods, each with two exec probes per second: runc and shims keep the CPUs busy in the kernel (requests are only a third of the node). calico-node's own probes come too late there and liveness kills it; redis pods time out likewise. BIRD and felix report no fault but slowness, and the pool's other worker with twenty such pods is well.",
        "https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#probe-check-methods (caution on the cost of exec probes)",
        now,
        platform="classic",
        calico="v3.26.4",
        kubernetes="v1.28.13+IKS",
        namespace="kube-system",
        difficulty="hard",
    )
    nodes = story.workers([f"10.186.40.{n}" for n in (194, 197, 201)])
    cache = story.workers(
        ["10.186.40.215", "10.186.40.220"], labels={"ibm-cloud.kubernetes.io/worker-pool-name": "cache"}
    )
    bad, calm = cache
    story.agents([*nodes, calm], started=1_600_000)
    name = story.agents([bad], ready=True, restarts=9, started=610, last=("Error", 137, 622))[0]
    story.probe(name, 'felix is not ready: Get "http://localhost:9099/readiness": context deadline exceeded (Client.Timeout exceeded while awaiting headers)', 75, 19_000, 140)  # fmt: skip
    story.pod_event(name, "Unhealthy", 'Readiness probe failed: command "/bin/calico-node -bird-ready -felix-ready" timed out', 140, 18_800, 97)  # fmt: skip
    story.pod_event(name, "Unhealthy", 'Liveness probe failed: Get "http://localhost:9099/liveness": context deadline exceeded (Client.Timeout exceeded while awaiting headers)', 625, 18_000, 66)  # fmt: skip
    story.pod_event(name, "Killing", "Container calico-node failed liveness probe, will be restarted", 624, 17_900, 9, type_="Normal")  # fmt: skip
    ping = {"exec": {"command": ["sh", "-c", "redis-cli -h $(hostname) ping"]}, "timeoutSeconds": 1, "periodSeconds": 1, "successThreshold": 1, "failureThreshold": 3}  # fmt: skip
    spec = {"livenessProbe": ping, "readinessProbe": ping, "resources": {"requests": {"cpu": "20m", "memory": "48Mi"}}}
    for i in range(94):
        node = bad if i < 72 else calm
        slow = node == bad and i % 5 == 0
        more = {"restarts": 2 + i % 4, "last": ("Error", 137, 400 + 31 * i)} if slow else {}
        redis = story.other(f"tenant-{i + 101}-redis-0", node, f"172.30.{66 if node == bad else 80}.{70 + i}", "tenants", f"StatefulSet/tenant-{i + 101}-redis", app="redis", image="icr.io/tenants/redis:7.2.4", age=21_000, started=380 + 31 * i if slow else 20_950, spec=dict(spec), **more)  # fmt: skip
        if slow and i % 10 == 0:
            event(story, "Pod", redis, "Unhealthy", 'Readiness probe failed: command "sh -c redis-cli -h $(hostname) ping" timed out', 20 + i, 19_500, 900 + 7 * i, namespace="tenants")  # fmt: skip
    log = story.boot(bad, 608, [*nodes, calm], interface="eth0", prefix=26)
    for i in range(7):
        log.append(story.say(540 - 78 * i, "INFO", 61, "felix", "summary.go 100:", f"Summarising {4 + i % 3} dataplane reconciliation loops over 1m{9 + i % 6}.{i}s: avg={2_611 + 340 * (i % 4)}ms longest={7_880 + 911 * (i % 3)}ms (resync-nat-v4,update-filter-v4)"))  # fmt: skip
        if i == 3:
            log.append(story.say(300, "WARNING", 61, "felix", "health.go 211:", "Reporter is not ready: timed out. name=\"InternalDataplaneMainLoop\""))  # fmt: skip
    story.log(name, log)
    story.texts["top-10.186.40.215.txt"] = (
        f"top - {story.stamp(40)[11:19]} up 31 days,  2:02,  0 users,  load average: 88.04, 83.91, 85.20\nTasks: 1408 total,  79 running, 1311 sleeping,   0 stopped,  18 zombie\n%Cpu(s): 18.3 us, 80.1 sy,  0.0 ni,  1.1 id,  0.2 wa,  0.0 hi,  0.3 si,  0.0 st\nMiB Mem :  15884.0 total,   7011.4 free,   5230.8 used,   3641.8 buff/cache\n\n"
        "    PID USER      PR  NI    VIRT    RES    SHR S  %CPU  %MEM     TIME+ COMMAND\n"
        + "".join(
            f"{pid:>7} root      20   0 {virt:>7} {res:>6}  {shr:>5} {state}  {cpu:>4}   0.{mem}   {time:>7} {what}\n"
            for pid, virt, res, shr, state, cpu, mem, time, what in (
                (1711, 5_611_024, 201_144, 50_112, "S", 61.2, 9, "911:20", "containerd"),
                (1822, 3_302_448, 170_230, 60_912, "S", 48.8, 7, "740:02", "kubelet"),
                (2_201_744, 1_238_112, 16_012, 8_100, "R", 12.4, 1, "0:00.38", "runc"),
                (2_201_751, 1_238_112, 15_900, 8_040, "R", 11.9, 1, "0:00.35", "runc"),
                (2_201_760, 1_238_112, 15_780, 8_012, "R", 11.9, 1, "0:00.33", "runc"),
                (2_201_768, 1_238_112, 15_644, 8_012, "R", 11.1, 1, "0:00.29", "runc"),
                (2_201_773, 1_163_224, 14_820, 7_702, "R", 10.6, 1, "0:00.24", "runc:[2:INIT]"),
                (40_112, 1_236_700, 12_004, 6_110, "S", 6.5, 1, "98:11", "containerd-shim"),
                (40_310, 1_236_700, 11_980, 6_102, "S", 6.1, 1, "97:50", "containerd-shim"),
            )
        )
    )
    story.describe(bad, name)
    story.commands |= {"describe-tenant-101-redis-0.txt": "describe pod -n tenants tenant-101-redis-0"}
    story.affected = [bad]
    story.cite("top-10.186.40.215.txt", "load average: 88.04")
    story.cite(f"describe-pod-{name}.txt", "Client.Timeout exceeded while awaiting headers")
    return story


STORIES = [scanner_looks_at_every_new_process, too_many_exec_probes]
