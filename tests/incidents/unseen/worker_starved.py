"""worker-starved: the first two told without having seen the rules, the others by the rules' author from public threads."""

from __future__ import annotations

from datetime import datetime

from cluster import join
from telling import Incident, incident

CAUSE = "worker-starved"


def no_requests_under_load(now: datetime) -> Incident:
    story = incident(
        "java-start-up-starves-the-agent",
        CAUSE,
        "Whenever the Java services of one worker start together (its CPUs are at 100 %) calico-node's probes exceed their time, the liveness probe kills it; metrics agent and CSI driver of this worker fail their probes in the same minutes. Felix and BIRD have nothing to say against it.",
        "https://github.com/Azure/AKS/issues/2642",
        now,
        platform="classic",
        calico="v3.26.4",
        kubernetes="v1.28.11+IKS",
        namespace="kube-system",
        difficulty="medium",
    )
    nodes = story.workers([f"10.135.214.{n}" for n in (131, 136, 142, 157)])
    bad = nodes[2]
    story.agents([n for n in nodes if n != bad], started=1_100_000)
    name = story.agents([bad], ready=True, restarts=9, started=2300, last=("Error", 137, 2310))[0]
    story.pod_event(
        name,
        "Unhealthy",
        'Liveness probe failed: Get "http://localhost:9099/liveness": context deadline exceeded (Client.Timeout exceeded while awaiting headers)',
        2320,
        86_000,
        83,
    )
    story.pod_event(
        name,
        "Unhealthy",
        'Readiness probe failed: command timed out: "/bin/calico-node -bird-ready -felix-ready" timed out after 10s',
        640,
        86_000,
        190,
    )
    story.pod_event(
        name,
        "Killing",
        "Container calico-node failed liveness probe, will be restarted",
        2340,
        85_900,
        9,
        type_="Normal",
    )
    request = {"resources": {"requests": {"cpu": "1250m", "memory": "2Gi"}}}
    for n in range(3):
        app = story.other(
            f"orders-{n}-7f9b6d8c5b-x{n}v4k",
            bad,
            f"172.30.61.{20 + n}",
            namespace="shop",
            owner=f"ReplicaSet/orders-{n}-7f9b6d8c5b",
            app=f"orders-{n}",
            restarts=9,
            started=2350,
            last=("Error", 143, 2400),
            spec=request,
        )
        story.pod_event(
            app,
            "Unhealthy",
            'Readiness probe failed: Get "http://172.30.61.20:8080/actuator/health": context deadline exceeded (Client.Timeout exceeded while awaiting headers)',
            630,
            86_000,
            121,
            namespace="shop",
        )
    csi = story.other(
        "ibmcloud-block-storage-driver-4kq2z",
        bad,
        app="ibmcloud-block-storage-driver",
        restarts=6,
        started=2290,
        last=("Error", 137, 2300),
    )
    story.pod_event(
        csi,
        "Unhealthy",
        'Liveness probe failed: Get "http://10.135.214.142:9808/healthz": context deadline exceeded (Client.Timeout exceeded while awaiting headers)',
        2330,
        85_000,
        60,
        namespace="kube-system",
    )
    story.log(
        name,
        story.boot(bad, 4000, [n for n in nodes if n != bad]) + story.quiet(3990, 2500, 190),
        f"{name}-previous.log",
    )
    story.log(name, story.boot(bad, 2298, [n for n in nodes if n != bad]) + story.quiet(2270, 12, 130))
    story.texts["top-nodes.txt"] = (
        "NAME             CPU(cores)   CPU%   MEMORY(bytes)   MEMORY%\n10.135.214.131   712m         18%    6120Mi          46%\n10.135.214.136   655m         16%    5890Mi          44%\n"
        "10.135.214.142   3998m        102%   9021Mi          68%\n10.135.214.157   801m         20%    6344Mi          48%\n"
    )
    story.describe(bad)
    story.events()
    story.affected = [bad]
    story.cite("top-nodes.txt", "10.135.214.142   3998m        102%")
    return story


def a_load_of_ninety(now: datetime) -> Incident:
    story = incident(
        "load-of-ninety-on-four-processors",
        CAUSE,
        "One ROKS worker has a load of over ninety on four CPUs (transcoding jobs without limits): felix and BIRD answer, only too late; liveness kills calico-node every half hour. Its peers see it come and go.",
        "https://github.com/projectcalico/calico/issues/3420",
        now,
        platform="roks",
        calico="v3.26.3",
        kubernetes="v1.28.15+ff493be",
        difficulty="hard",
    )
    nodes = story.workers([f"10.186.91.{n}" for n in (35, 36, 40, 47)])
    bad = nodes[1]
    story.agents([n for n in nodes if n != bad], started=1_600_000)
    name = story.agents([bad], ready=False, restarts=23, started=410, last=("Error", 137, 415))[0]
    story.pod_event(
        name,
        "Unhealthy",
        'Liveness probe failed: calico/node is not ready: Felix is not live: Get "http://localhost:9099/liveness": net/http: request canceled while waiting for connection (Client.Timeout exceeded while awaiting headers)',
        30,
        43_000,
        160,
        type_="Warning",
    )
    story.pod_event(
        name,
        "Unhealthy",
        "Readiness probe failed: calico/node is not ready: BIRD is not ready: Error executing command: read unix @->/var/run/calico/bird.ctl: i/o timeout",
        22,
        43_000,
        207,
    )
    story.pod_event(
        name,
        "Killing",
        "Container calico-node failed liveness probe, will be restarted",
        440,
        42_000,
        23,
        type_="Normal",
    )
    for n in range(4):
        story.other(
            f"transcode-{29371 + n}-{'bdfh'[n]}x7k2",
            bad,
            f"172.30.77.{40 + n}",
            namespace="media",
            owner=f"Job/transcode-{29371 + n}",
            app="transcode",
            age=3000 + n,
            started=2990,
            image="registry.example.com/media/ffmpeg:6.1",
        )
    peers = [n for n in nodes if n != bad]
    lines = story.boot(bad, 408, peers)
    for n in range(6):
        ago = 360 - 58 * n
        lines += [
            story.say(
                ago,
                "INFO",
                61,
                "felix",
                "summary.go 100:",
                f"Summarising {3 + n % 2} dataplane reconciliation loops over 1m{9 + n}.2s: avg={3100 + 410 * n}ms longest={11_200 + 900 * n}ms (resync-filter-v4,resync-nat-v4)",
            ),
            f"bird: I/O loop cycle took {5200 + 333 * n} ms for 6 events",
            "bird: Kernel dropped some netlink messages, will resync on next scan.",
        ]
    story.log(name, lines)
    story.texts["debug-node.txt"] = (
        "sh-4.4# uptime\n 16:02:11 up 31 days,  4:40,  0 users,  load average: 94.18, 91.77, 88.03\nsh-4.4# nproc\n4\n"
        "sh-4.4# ps -eo pcpu,comm --sort=-pcpu | head -5\n%CPU COMMAND\n97.1 ffmpeg\n95.4 ffmpeg\n94.9 ffmpeg\n92.8 ffmpeg\n"
    )
    first = story.pods[nodes[0]]
    session = f"bird: Mesh_{bad.replace('.', '_')}"
    log = []
    for n in range(5):
        log += [
            *story.quiet(9000 - 1800 * n, 7700 - 1800 * n, 400),
            f"{session}: Error: Hold timer expired",
            *(f"{session}: State changed to {s}" for s in ("stop", "down", "start", "feed", "up")),
        ]
    story.log(first, log)
    story.describe(bad)
    story.affected = [bad]
    story.cite("debug-node.txt", "load average: 94.18, 91.77, 88.03")
    return story


def hypervisor_steals_the_processor(now: datetime) -> Incident:
    story = incident(
        "steal-time-and-soft-lockups",
        CAUSE,
        "One of four classic virtual workers gets no processor from its host: the kernel reports soft lockups and clock jumps, probes of calico-node and kube-proxy exceed their time in the same minutes, BIRD's hold timers expire and sessions come back at once.",
        "https://github.com/projectcalico/calico/issues/3499",
        now,
        platform="classic",
        calico="v3.27.4",
        kubernetes="v1.30.8+IKS",
        difficulty="hard",
    )
    nodes = story.workers([f"10.72.19.{n}" for n in (132, 140, 141, 155)])
    bad, rest = nodes[2], [nodes[0], nodes[1], nodes[3]]
    story.agents(rest, started=2_000_000)
    name = story.agents([bad], ready=True, restarts=6, started=1500, last=("Error", 137, 1520), age=2_100_000)[0]
    for kind in ("Liveness", "Readiness"):
        story.pod_event(
            name,
            "Unhealthy",
            f'{kind} probe failed: command "/bin/calico-node -bird-live -felix-live" timed out',
            900,
            19_000,
            58,
        )
    story.pod_event(
        name,
        "Killing",
        "Container calico-node failed liveness probe, will be restarted",
        1550,
        18_500,
        6,
        type_="Normal",
    )
    journal = []
    for ago, seconds in ((18_600, 23), (12_300, 31), (4100, 22), (1600, 45)):
        at = story.syslog(ago)
        journal += [
            f"{at} kube-demo kernel: [2031{ago % 977}.113045] watchdog: BUG: soft lockup - CPU#{ago % 4} stuck for {seconds}s! [bird:31882]",
            f"{at} kube-demo kernel: [2031{ago % 977}.113090] clocksource: timekeeping watchdog on CPU2: Marking clocksource 'tsc' as unstable because the skew is too large:",
            f'{story.syslog(ago - 3)} kube-demo kubelet[2077]: E1123 05:11:02.114233    2077 prober.go:104] "Probe errored" err="rpc error: code = DeadlineExceeded desc = context deadline exceeded" probeType="Liveness" pod="kube-system/ibm-kube-fluentd-x2x7p" containerName="fluentd"',
        ]
    story.texts[f"journal-{bad}.txt"] = join(journal)
    log = story.boot(bad, 1500, rest) + story.quiet(1490, 5, 61)
    story.log(name, log)
    peers_log = story.boot(rest[0], 2_000_000, [bad, rest[1], rest[2]])[:6]
    peer = f"Mesh_{bad.replace('.', '_')}"
    for ago in (18_590, 12_290, 4080):
        peers_log += [
            story.say(
                ago + 20,
                "INFO",
                61,
                "felix",
                "summary.go 100:",
                "Summarising 9 dataplane reconciliation loops over 1m2.2s: avg=5ms longest=19ms ()",
            ),
            f"bird: {peer}: Error: Hold timer expired",
            f"bird: {peer}: State changed to stop",
            f"bird: {peer}: State changed to start",
            f"bird: {peer}: State changed to up",
        ]
    story.log(story.pods[rest[0]], peers_log)
    story.describe(bad)
    story.affected = [bad]
    story.cite(f"journal-{bad}.txt", "soft lockup")
    return story


def disk_throttled_by_its_allowance(now: datetime) -> Incident:
    story = incident(
        "boot-volume-iops-used-up",
        CAUSE,
        "One VPC worker's boot volume is out of its IOPS allowance (a database pod on an emptyDir): processes wait in state D, the kernel says tasks are blocked for more than 120 seconds, exec probes of calico-node time out and liveness restarts it; memory and disk space are fine.",
        "https://github.com/kubernetes/kubernetes/issues/89898",
        now,
        platform="vpc",
        calico="v3.29.1",
        difficulty="hard",
    )
    nodes = story.workers([f"10.243.64.{n}" for n in (6, 7, 9)])
    bad, rest = nodes[0], nodes[1:]
    story.agents(rest, started=900_000)
    name = story.agents([bad], ready=False, restarts=31, started=140, last=("Error", 137, 160), age=1_000_000)[0]
    story.pod_event(
        name,
        "Unhealthy",
        'Readiness probe failed: command timed out: "/bin/calico-node -bird-ready -felix-ready" timed out after 10s',
        40,
        30_000,
        412,
    )
    story.pod_event(
        name,
        "Unhealthy",
        'Liveness probe failed: command timed out: "/bin/calico-node -felix-live -bird-live" timed out after 10s',
        190,
        30_000,
        190,
    )
    story.texts[f"dmesg-{bad}.txt"] = join(
        line
        for n, what in enumerate(("jbd2/vda2-8:412", "containerd:1987", "calico-node:40712", "postgres:38210"))
        for line in (
            f"[{811_200 + 400 * n}.{331_000 + n}] INFO: task {what} blocked for more than 120 seconds.",
            f"[{811_200 + 400 * n}.{331_100 + n}]       Not tainted 5.15.0-130-generic #140-Ubuntu",
            f'[{811_200 + 400 * n}.{331_200 + n}] "echo 0 > /proc/sys/kernel/hung_task_timeout_secs" disables this message.',
        )
    )
    log = story.boot(bad, 139, rest, up=[rest[0]])
    log += [
        story.say(
            90 - 9 * n,
            "INFO",
            61,
            "felix",
            "summary.go 100:",
            f"Summarising 2 dataplane reconciliation loops over 1m1{n}.8s: avg={4100 + n * 333}ms longest={9021 + 817 * n}ms (resync-filter-v4,resync-nat-v4)",
        )
        for n in range(5)
    ]
    story.log(name, log)
    story.describe(bad)
    story.events()
    story.affected = [bad]
    story.cite(f"dmesg-{bad}.txt", "blocked for more than 120 seconds")
    return story


STORIES = [no_requests_under_load, a_load_of_ninety, hypervisor_steals_the_processor, disk_throttled_by_its_allowance]
