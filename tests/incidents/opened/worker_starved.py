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


def credits_of_the_burstable_machine_are_gone(now: datetime) -> Incident:
    story = incident(
        "burstable-instance-has-spent-its-credits",
        CAUSE,
        "AWS, nodes are t3.medium in standard mode. On one the CPU credits are at zero since a report job runs there: the hypervisor steals four fifths of its two CPUs. Probes of calico-node and of others exceed their time, felix is late, liveness restarts it; BIRD's hold timers expire now and then and sessions come back. Nothing in Calico is wrong.",
        "https://github.com/projectcalico/calico/issues/4372 and https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/burstable-performance-instances-standard-mode.html",
        now,
        platform="other",
        calico="v3.22.2",
        kubernetes="v1.23.9",
        registry="docker.io/calico",
        namespace="kube-system",
        difficulty="medium",
    )
    hosts = {f"ip-10-44-{s}-{n}": f"10.44.{s}.{n}" for s, n in ((1, 23), (1, 180), (1, 77))}
    bad = "ip-10-44-1-180"
    story.hosts(hosts, os_image="Ubuntu 20.04.5 LTS", kernel="5.15.0-1022-aws", runtime="containerd://1.6.8",
                labels={"node.kubernetes.io/instance-type": "t3.medium"})  # fmt: skip
    for item in story.objects["Node"]:
        item["status"]["capacity"] |= {"cpu": "2", "memory": "3955340Ki"}
        item["status"]["allocatable"] |= {"cpu": "2", "memory": "3852940Ki"}
    story.staff({n: a for n, a in hosts.items() if n != bad}, started=1_690_000)
    name = story.staff({bad: hosts[bad]}, ready=False, restarts=8, started=610, last=("Error", 137, 640))[0]
    late = 'probe failed: command "/bin/calico-node -felix-live -bird-live" timed out\n'
    story.pod_event(name, "Unhealthy", "Liveness " + late, 660, 9_700, 61)
    story.pod_event(name, "Unhealthy", 'Readiness probe failed: command "/bin/calico-node -felix-ready -bird-ready" timed out\n', 35, 9_800, 143)  # fmt: skip
    story.pod_event(name, "Killing", "Container calico-node failed liveness probe, will be restarted", 655, 8_900, 8, type_="Normal")  # fmt: skip
    job = story.other("monthly-report-27x4d", bad, "192.168.36.71", "finance", "Job/monthly-report", app="report", age=11_000, started=10_990)  # fmt: skip
    api = story.other("ledger-api-66d5c7f9b-z5mlp", bad, "192.168.36.64", "finance", "ReplicaSet/ledger-api-66d5c7f9b", app="ledger-api", ready=False, restarts=11, age=800_000, started=400)  # fmt: skip
    event(story, "Pod", api, "Unhealthy", 'Liveness probe failed: Get "http://192.168.36.64:8080/healthz": context deadline exceeded (Client.Timeout exceeded while awaiting headers)', 420, 9_600, 58, namespace="finance")  # fmt: skip
    csi = story.other("ebs-csi-node-8wq7t", bad, app="ebs-csi-node", restarts=6, started=1_900)
    event(story, "Pod", csi, "Unhealthy", 'Liveness probe failed: Get "http://10.44.1.180:9808/healthz": context deadline exceeded (Client.Timeout exceeded while awaiting headers)', 1_990, 9_500, 33, namespace="kube-system")  # fmt: skip
    peers = [a for n, a in hosts.items() if n != bad]
    boot = story.boot(bad, 606, peers, interface="ens5", prefix=24)
    lines = [*boot]
    for turn in range(8):
        ago = 560 - 66 * turn
        lines.append(story.say(ago, "INFO", 61, "felix", "summary.go 100:", f"Summarising {3 + turn % 2} dataplane reconciliation loops over 1m{9 + turn}.{turn}s: avg={5210 + 480 * turn}ms longest={14811 + 911 * (turn % 5)}ms (resync-filter-v4,resync-nat-v4)"))  # fmt: skip
        if turn in (2, 5):
            lines.append(story.say(ago - 9, "WARNING", 61, "felix", "health.go 211:", "Reporter is not ready. name=\"int_dataplane\""))  # fmt: skip
            tag = f"bird: Mesh_10_44_1_{'23' if turn == 2 else '77'}: "
            lines += ["bird: I/O loop cycle took 11873 ms for 7 events"]
            lines += [tag + x for x in ("Error: Hold timer expired", "State changed to stop", "State changed to down", "Starting", "State changed to start", "Connected to table master", "State changed to feed", "State changed to up")]  # fmt: skip
    story.log(name, lines)
    story.texts["top-180.txt"] = (
        f"top - {story.stamp(70)[11:19]} up 19 days,  3:02,  1 user,  load average: 19.42, 18.77, 17.10\nTasks: 214 total,  17 running, 197 sleeping,   0 stopped,   0 zombie\n"
        "%Cpu(s): 13.1 us,  5.9 sy,  0.0 ni,  0.4 id,  0.2 wa,  0.0 hi,  0.3 si, 80.1 st\nMiB Mem :   3862.6 total,    611.4 free,   2104.8 used,   1146.4 buff/cache\nMiB Swap:      0.0 total,      0.0 free,      0.0 used.   1497.2 avail Mem\n\n"
        "    PID USER      PR  NI    VIRT    RES    SHR S  %CPU  %MEM     TIME+ COMMAND\n2291033 1000      20   0 2210844 512332  14220 R  14.9  13.0  31:05.11 java\n 905511 root      20   0 1931080 101220  40012 R   9.3   2.6 612:44.90 kubelet\n2307781 root      20   0 1655104  61044  38900 R   4.1   1.5   0:21.87 calico-node\n 905102 root      20   0 1802220  69900  28544 S   3.8   1.8 401:10.02 containerd\n"
    )
    start = [11_100, 8_100, 5_100, 2_100]
    story.texts["cloudwatch.txt"] = "$ aws cloudwatch get-metric-statistics --namespace AWS/EC2 --metric-name CPUCreditBalance --dimensions Name=InstanceId,Value=i-0c41d7e85a20f9b36 --period 3000 --statistics Average --output text\nCPUCreditBalance\n" + "".join(
        f"DATAPOINTS\t{value}\t{story.ago(ago - ago % 60)}\tCount\n" for ago, value in zip(start, ("411.52", "102.07", "0.0", "0.0"), strict=True)
    )  # fmt: skip
    story.describe(bad, name)
    story.commands |= {"describe-ledger-api.txt": f"describe pod -n finance {api}", "describe-report.txt": f"describe pod -n finance {job}"}  # fmt: skip
    story.affected = [bad]
    story.cite("top-180.txt", "80.1 st")
    story.cite(f"describe-pod-{name}.txt", '-felix-live -bird-live" timed out')
    return story


STORIES = [scanner_looks_at_every_new_process, too_many_exec_probes, credits_of_the_burstable_machine_are_gone]
