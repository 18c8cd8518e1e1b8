"""worker-starved: the worker has too little CPU or I/O, probes of a working calico-node time out."""

from __future__ import annotations

from datetime import datetime

from telling import Incident, incident

CAUSE = "worker-starved"
LATE = 'command "/bin/calico-node -bird-ready -felix-ready" timed out'


def steal(now: datetime) -> Incident:
    story = incident(
        "probes-late-all-sessions-up", CAUSE,
        "Both probes time out without an answer while BGP stays up and felix's own loops take 20 seconds: the worker has no CPU left (allocated 98%).",
        "https://github.com/tigera/operator/issues/1324", now, platform="vpc", calico="v3.28.2", difficulty="medium",
    )  # fmt: skip
    nodes = story.workers([f"10.241.130.{n}" for n in (4, 6, 7, 9)])
    bad = nodes[2]
    story.agents([n for n in nodes if n != bad])
    name = story.agents([bad], ready=False, restarts=5, started=800, last=("Error", 137, 810))[0]
    story.pod_event(name, "Unhealthy", f"Readiness probe failed: {LATE}", 20, 20_000, 240)
    story.pod_event(
        name,
        "Unhealthy",
        'Liveness probe failed: Get "http://localhost:9099/liveness": context deadline exceeded (Client.Timeout exceeded while awaiting headers)',
        100,
        20_000,
        80,
    )
    story.pod_event(
        name,
        "Killing",
        "Container calico-node failed liveness probe, will be restarted",
        840,
        19_000,
        5,
        type_="Normal",
    )
    slow = [
        story.say(
            ago,
            "WARNING",
            61,
            "felix",
            "health.go 211:",
            f'Reporter failed readiness checks name="InternalDataplaneMainLoop" reporter-state=&health.reporterState{{name:"InternalDataplaneMainLoop", timeout:90000000000}} age=1m{ago % 37 + 31}s',
        )
        for ago in (640, 410, 160)
    ]
    slow += [
        story.say(
            ago,
            "INFO",
            61,
            "felix",
            "summary.go 100:",
            f"Summarising 3 dataplane reconciliation loops over 1m{ago % 13 + 20}.4s: avg=11842ms longest={18000 + ago * 11}ms (resync-filter-v4,resync-ipsets-v4)",
        )
        for ago in (600, 480, 240, 90)
    ]
    story.log(name, story.boot(bad, 800, [n for n in nodes if n != bad]) + sorted(slow))
    story.texts["top-nodes.txt"] = "NAME           CPU(cores)   CPU%   MEMORY(bytes)   MEMORY%\n" + "".join(
        f"{n:14} {3987 if n == bad else 610 + i * 44}m{'':8}{101 if n == bad else 15 + i}%{'':5}7{i}12Mi{'':10}5{i}%\n"
        for i, n in enumerate(nodes)
    )
    story.describe(bad)
    story.affected = [bad]
    story.cite(f"describe-pod-{name}.txt", "timed out")
    return story


def slow_disk(now: datetime) -> Incident:
    story = incident(
        "probe-without-words-on-a-slow-disk", CAUSE,
        "The kernel reports tasks blocked for 120 seconds on one host's disk; probes there exceed their timeout and felix' watchdog is late. BGP is not the fault.",
        "https://github.com/projectcalico/calico/pull/4788", now, platform="other", namespace="kube-system", registry="docker.io/calico", calico="v3.23.5", kubernetes="v1.25.16", difficulty="hard",
    )  # fmt: skip
    hosts = {"mk-1": "192.168.77.31", "mk-2": "192.168.77.32", "mk-3": "192.168.77.33"}
    story.hosts(hosts)
    story.staff({k: hosts[k] for k in ("mk-1", "mk-3")})
    name = story.staff({"mk-2": hosts["mk-2"]}, restarts=17, started=500, last=("Error", 0, 540))[0]
    story.pod_event(name, "Unhealthy", "Liveness probe failed: ", 580, 50_000, 210)
    story.pod_event(name, "Unhealthy", "Readiness probe failed: ", 60, 50_000, 1204)
    story.not_established(name, [hosts["mk-1"]], 470, 488, 2, established=1)
    lines = []
    for n in range(9):
        ago = 4000 - 400 * n
        task = ("dqlite", "jbd2/sda2-8", "calico-node")[n % 3]
        lines += [f"{story.syslog(ago)} mk-2 kernel: [88{n}12.117{n}31] INFO: task {task}:{2101 + n} blocked for more than 120 seconds.",
                  f"{story.syslog(ago)} mk-2 kernel: [88{n}12.117{n}45]       Not tainted 5.15.0-91-generic #101-Ubuntu",
                  f"{story.syslog(ago - 30)} mk-2 microk8s.daemon-kubelite[1771]: W1123 08:12:44.8{n}1 1771 prober.go:114] Probe failed"]  # fmt: skip
    story.log("syslog", lines, "syslog-mk-2.txt")
    story.commands = {
        "pods.txt": "get pods -A -o wide",
        "describe-calico-mk-2.txt": f"describe pod -n kube-system {name}",
    }
    story.log(name, story.boot("mk-2", 500, ["192.168.77.31", "192.168.77.33"]) + story.quiet(400, 3))
    story.affected = ["mk-2"]
    story.cite("syslog-mk-2.txt", "blocked for more than 120 seconds")
    return story


def noisy_job(now: datetime) -> Incident:
    story = incident(
        "night-batch-and-felix-not-live", CAUSE,
        "Two hosts with batch jobs: 'Client.Timeout exceeded' on felix' own health port comes and goes with the load, nothing else is broken.",
        "https://github.com/projectcalico/calico/pull/4789", now, platform="other", namespace="kube-system", registry="quay.io/calico", calico="v3.13.4", kubernetes="v1.17.5", difficulty="hard",
    )  # fmt: skip
    hosts = {f"hpc{n:03d}": f"10.100.4.{n}" for n in (17, 18, 19, 20, 21)}
    bad = ["hpc018", "hpc020"]
    story.hosts(hosts)
    story.staff({k: v for k, v in hosts.items() if k not in bad})
    for i, node in enumerate(bad):
        name = story.staff({node: hosts[node]}, restarts=2 + i, started=70_000, last=("Error", 137, 70_040))[0]
        for word, path, n in (("Liveness", "Felix is not live", 32), ("Readiness", "felix is not ready", 41)):
            story.pod_event(
                name,
                "Unhealthy",
                f"{word} probe failed: calico/node is not ready: {path}: Get http://localhost:9099/{word.lower()}: net/http: request canceled (Client.Timeout exceeded while awaiting headers)",
                1200 + i * 70,
                70_000,
                n,
            )
        lines = story.quiet(5000, 3200, 110)
        lines += [
            story.say(
                3100 - 30 * k,
                "INFO",
                61,
                "felix",
                "int_dataplane.go 705:",
                f"Finished applying updates to dataplane. msecToApply={21874 + 913 * k}.{k}5",
            )
            for k in range(10)
        ]
        story.log(name, lines + story.quiet(1000, 5, 90))
        story.commands[f"describe-{node}-calico.txt"] = f"describe pod -n kube-system {name}"
    story.commands["pods.txt"] = "get pods -n kube-system -o wide"
    story.texts["sar-hpc018.txt"] = (
        "Linux 4.19.0-17-amd64 (hpc018)\t_x86_64_\t(4 CPU)\n\nruntime:  runq-sz  plist-sz   ldavg-1   ldavg-5  ldavg-15   blocked\n"
        + "".join(
            f"03:{m:02d}:01 AM       {88 + m}     4{m:02d}1    {91 + m}.04     88.{m:02d}     71.{m:02d}         {m % 7 + 9}\n"
            for m in range(0, 50, 5)
        )
    )
    story.affected = bad
    story.cite("describe-hpc018-calico.txt", "Client.Timeout exceeded")
    return story


def cpu_limit(now: datetime) -> Incident:
    story = incident(
        "late-clock-of-the-health-timer", CAUSE,
        "On one worker every timer is late at once: probe timeouts, kubelet housekeeping took 40 s, typha and API pings missed; load average 190 on four CPUs.",
        "https://github.com/projectcalico/calico/issues/6677", now, platform="roks", calico="v3.26.4", kubernetes="v1.27.16+03a907c", difficulty="hard",
    )  # fmt: skip
    nodes = story.workers([f"10.192.200.{n}" for n in (5, 6, 11, 19, 20, 28)], runtime="cri-o://1.27.8")
    bad = nodes[4]
    story.agents([n for n in nodes if n != bad])
    name = story.agents([bad], ready=False, restarts=1, started=9000, last=("Error", 137, 9030))[0]
    story.pod_event(name, "Unhealthy", f"Readiness probe failed: {LATE}", 12, 9100, 150)
    other = story.other(
        "router-default-6c8f5d-7k2vv",
        bad,
        "172.30.18.4",
        namespace="openshift-ingress",
        owner="ReplicaSet/router-default-6c8f5d",
        ready=False,
        restarts=22,
        started=300,
        last=("Error", 137, 310),
    )
    story.pod_event(
        other,
        "ProbeError",
        'Liveness probe error: Get "http://172.30.18.4:1936/healthz": context deadline exceeded',
        31,
        8800,
        90,
        namespace="openshift-ingress",
    )
    story.texts["kubelet.txt"] = "".join(
        f'{story.syslog(3000 - 300 * n)} {bad} hyperkube[2871]: E1123 07:0{n}:11.201 2871 kubelet.go:2431] "Housekeeping took longer than expected" err="housekeeping took too long" expected="1s" actual="{39 + n}.2s"\n{story.syslog(2980 - 300 * n)} {bad} hyperkube[2871]: I1123 07:0{n}:31.0 2871 prober.go:107] "Probe failed" probeType="Readiness" pod="calico-system/{name}" containerName="calico-node" probeResult=failure output="command timed out"\n'
        for n in range(9)
    )
    story.texts["uptime.txt"] = (
        f" {story.syslog(5)[-8:]} up 31 days,  4:12,  1 user,  load average: 190.21, 187.90, 164.37\n"
    )
    story.log(
        name,
        [
            *story.quiet(3000, 2000),
            story.say(
                1980,
                "WARNING",
                61,
                "felix",
                "sync_client.go 413:",
                "Failed to read from Typha within timeout, closing connection connID=0x4 error=read tcp 10.192.200.20:41502->10.192.200.6:5473: i/o timeout",
            ),
            *story.quiet(1800, 5),
        ],
    )
    story.describe(bad)
    story.affected = [bad]
    story.cite("kubelet.txt", "Housekeeping took longer than expected")
    return story


def soft_lockup(now: datetime) -> Incident:
    story = incident(
        "soft-lockups-in-the-kernel-log",
        CAUSE,
        "The kernel log of the worker shows CPUs stuck for more than 20 seconds (soft lockup): probes of calico-node and of other pods there time out together.",
        "Linux kernel/watchdog.c (BUG: soft lockup)",
        now,
        difficulty="easy",
        platform="vpc",
        calico="v3.29.3",
        kubernetes="v1.31.9+IKS",
    )
    nodes = story.workers([f"10.245.17.{n}" for n in (10, 11, 14)])
    bad = nodes[1]
    story.agents([nodes[0], nodes[2]])
    name = story.agents([bad], ready=False, restarts=3, started=1500, last=("Error", 137, 1510))[0]
    story.pod_event(name, "Unhealthy", f"Readiness probe failed: {LATE}", 35, 7000, 61)
    web = story.other(
        "web-5f8c7d9b6-qk4zr",
        bad,
        "172.17.90.6",
        namespace="shop",
        owner="ReplicaSet/web-5f8c7d9b6",
        ready=False,
        restarts=9,
        last=("Error", 137, 600),
        started=590,
    )
    story.pod_event(
        web,
        "Unhealthy",
        'Liveness probe failed: Get "http://172.17.90.6:8080/live": context deadline exceeded (Client.Timeout exceeded while awaiting headers)',
        70,
        7000,
        40,
        namespace="shop",
    )
    lines = []
    for n in range(12):
        at = f"{story.syslog(6900 - 560 * n)} kube-w11 kernel: [{912300 + 560 * n}.{n:02}1221] "
        lines += [
            at
            + f"watchdog: BUG: soft lockup - CPU#{n % 4} stuck for {22 + n % 5}s! [{('kworker/u8:2', 'java', 'containerd-shim')[n % 3]}:{2114 + n}]",
            at + "Modules linked in: xt_set ip_set_hash_net ip_set veth ipip tunnel4 ip_tunnel xt_nat",
            at + "Call Trace:",
            at + " <IRQ>",
        ]
    story.log("kernel", lines, "dmesg.txt")
    story.log(name, [*story.boot(bad, 1500, [nodes[0], nodes[2]]), *story.quiet(1400, 10)])
    story.describe(bad)
    story.commands["describe-web.txt"] = f"describe pod -n shop {web}"
    story.affected = [bad]
    story.cite("dmesg.txt", "BUG: soft lockup")
    return story


def loop_cycle(now: datetime) -> Incident:
    story = incident(
        "bird-loop-cycle-took-seconds",
        CAUSE,
        "BIRD itself says that its loop took many seconds at the times when all its sessions expire, while felix is late as well: the host gives its programs no CPU. The network between the hosts is not at fault.",
        "BIRD 1.6 sysdep/unix/io.c (I/O loop cycle took)",
        now,
        difficulty="hard",
        platform="other",
        calico="v3.23.5",
        kubernetes="v1.24.13",
        namespace="kube-system",
        registry="quay.io/calico",
    )
    hosts = {f"esx-k8s-{n}": f"10.55.101.{30 + n}" for n in range(1, 7)}
    bad = "esx-k8s-5"
    story.hosts(hosts)
    story.staff({k: v for k, v in hosts.items() if k != bad})
    peers = [v for k, v in hosts.items() if k != bad]
    name = story.staff({bad: hosts[bad]}, restarts=1, started=88_000, last=("Error", 137, 88_010))[0]
    story.not_established(name, peers[:4], 500, 9000, 9, established=1)
    story.pod_event(name, "Unhealthy", f"Readiness probe failed: {LATE}", 700, 9000, 14)
    for node in ("esx-k8s-1", "esx-k8s-2"):
        story.recreated(story.pods[node], [hosts[bad]], 520, 4)
    log = story.boot(bad, 88_000, peers)
    for n in range(5):
        ago = 9000 - 2000 * n
        log += story.quiet(ago + 400, ago)
        log.append(f"bird: I/O loop cycle took {11813 + 4077 * n} ms for {5 + n} events")
        for at in peers:
            session = f"bird: Mesh_{at.replace('.', '_')}"
            log += [
                f"{session}: {t}"
                for t in (
                    "Error: Hold timer expired",
                    "State changed to stop",
                    "State changed to down",
                    "Starting",
                    "State changed to start",
                    "State changed to feed",
                    "State changed to up",
                )
            ]
        log.append(
            story.say(
                ago - 30,
                "INFO",
                61,
                "felix",
                "summary.go 100:",
                f"Summarising 2 dataplane reconciliation loops over 1m{40 + n}.9s: avg={9114 + n * 311}ms longest={16220 + n * 901}ms (resync-filter-v4)",
            )
        )
    story.log(name, log)
    story.describe(bad, name)
    story.commands["describe-esx-k8s-1.txt"] = f"describe pod -n kube-system {story.pods['esx-k8s-1']}"
    story.affected = [bad]
    story.cite(f"{name}.log", "I/O loop cycle took")
    return story


def stolen(now: datetime) -> Incident:
    story = incident(
        "seventy-percent-stolen",
        CAUSE,
        "top of two virtual workers shows 70 % stolen time: their hypervisor is overbooked. Felix' health reports time out there and liveness restarts calico-node; the rest of the pool is quiet.",
        "https://github.com/projectcalico/calico/issues/4185",
        now,
        difficulty="hard",
        platform="classic",
        calico="v3.26.5",
        kubernetes="v1.28.15+IKS",
        namespace="kube-system",
    )
    nodes = story.workers([f"10.121.77.{n}" for n in (9, 12, 15, 33, 40, 41, 58)])
    bad = [nodes[3], nodes[5]]
    story.agents([n for n in nodes if n not in bad])
    for i, node in enumerate(bad):
        name = story.agents([node], ready=i == 1, restarts=22 + i, started=900 + i, last=("Error", 137, 910 + i))[0]
        story.pod_event(
            name,
            "Unhealthy",
            "Liveness probe failed: calico/node is not ready: Felix is not live: liveness probe reporting 503",
            940,
            50_000,
            133,
        )
        story.pod_event(
            name,
            "Killing",
            "Container calico-node failed liveness probe, will be restarted",
            930,
            50_000,
            22,
            type_="Normal",
        )
        log = story.boot(node, 900 + i, [n for n in nodes if n != node])
        for n in range(9):
            log += [
                *story.quiet(800 - 90 * n, 770 - 90 * n),
                story.say(
                    760 - 90 * n,
                    "WARNING",
                    61,
                    "felix",
                    "health.go 188:",
                    f'Report timed out name="{("int_dataplane", "async_calc_graph", "felix-startup")[n % 2]}"',
                ),
            ]
        story.log(name, log)
        story.describe(node, name)
        story.texts[f"top-{node}.txt"] = (
            "\n".join(
                [
                    f"top - {story.stamp(30)[11:19]} up 44 days,  3:10,  0 users,  load average: {21 + i}.40, 19.22, 18.76",
                    "Tasks: 311 total,   9 running, 302 sleeping,   0 stopped,   0 zombie",
                    f"%Cpu(s): 17.1 us,  9.8 sy,  0.0 ni,  1.2 id,  0.4 wa,  0.0 hi,  0.6 si, 7{i}.9 st",
                    "MiB Mem :  15883.9 total,   6120.4 free,   4011.8 used,   5751.7 buff/cache",
                    "",
                    "    PID USER      PR  NI    VIRT    RES    SHR S  %CPU  %MEM     TIME+ COMMAND",
                    "   2311 root      20   0 1921456 101224  54012 R  31.2   0.6 312:44.10 kubelet",
                    "  61144 root      20   0 2380516  91204  41020 S  12.0   0.6   3:01.18 calico-node",
                ]
            )
            + "\n"
        )
    story.affected = bad
    story.cite(f"top-{bad[0]}.txt", "70.9 st")
    return story


def nightly_backup(now: datetime) -> Incident:
    story = incident(
        "disk-at-100-percent-while-the-backup-runs",
        CAUSE,
        "During the nightly backup the disk of one host is 100 % busy with waits of seconds; kubelet and calico-node's exec probes time out in these hours only, and containerd is slow but answers.",
        "kubernetes pkg/kubelet/prober/prober.go (exec probe timed out)",
        now,
        difficulty="medium",
        platform="other",
        calico="v3.27.2",
        kubernetes="v1.29.4",
        registry="quay.io/calico",
        acceptable=["worker-resource-pressure"],
    )
    hosts = {"stor-1": "10.90.14.5", "stor-2": "10.90.14.6", "comp-1": "10.90.14.7", "comp-2": "10.90.14.8"}
    story.hosts(hosts)
    story.staff({k: v for k, v in hosts.items() if k != "stor-2"})
    name = story.staff({"stor-2": hosts["stor-2"]}, restarts=6, started=1300, last=("Error", 137, 1320))[0]
    story.pod_event(
        name,
        "Unhealthy",
        'Readiness probe failed: command timed out: "/bin/calico-node -bird-ready -felix-ready" timed out after 10s',
        60,
        260_000,
        188,
    )
    story.pod_event(
        name,
        "Unhealthy",
        'Liveness probe failed: Get "http://localhost:9099/liveness": net/http: request canceled (Client.Timeout exceeded while awaiting headers)',
        1330,
        260_000,
        71,
    )
    story.other(
        "restic-backup-29371140-x7vqp",
        "stor-2",
        "10.233.90.44",
        namespace="backup",
        owner="Job/restic-backup-29371140",
        age=3700,
        started=3690,
    )
    rows = ["Linux 5.15.0-91-generic (stor-2) \t_x86_64_\t(8 CPU)", ""]
    for n in range(6):
        rows += [
            story.stamp(1500 - 60 * n)[11:19],
            "Device            r/s     rkB/s   r_await     w/s     wkB/s   w_await  aqu-sz  %util",
            f"sda             {611 + n}.00  {78114 + n * 91}.00   {412 + 30 * n}.10   88.00   4310.00  {1812 + 66 * n}.44   {214 + n}.80  100.00",
            "sdb               0.20      3.10      0.90    0.40      9.20     1.10    0.00   0.04",
            "",
        ]
    story.texts["iostat-stor-2.txt"] = "\n".join(rows) + "\n"
    story.log(
        name, [*story.boot("stor-2", 1300, [v for k, v in hosts.items() if k != "stor-2"]), *story.quiet(1200, 10)]
    )
    story.commands = {
        "pods.txt": "get pods -A -o wide",
        "describe-calico-stor-2.txt": f"describe pod -n calico-system {name}",
        "describe-stor-2.txt": "describe node stor-2",
    }
    story.affected = ["stor-2"]
    story.cite("iostat-stor-2.txt", "100.00")
    return story


STORIES = [steal, slow_disk, noisy_job, cpu_limit, soft_lockup, loop_cycle, stolen, nightly_backup]
