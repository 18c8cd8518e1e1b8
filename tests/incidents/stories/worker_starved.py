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


STORIES = [steal, slow_disk, noisy_job, cpu_limit]
