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


def board_without_enough_current(now: datetime) -> Incident:
    # told on 29 November 2026 without having seen the rules
    story = incident(
        "small-board-is-throttled-by-its-power-supply",
        CAUSE,
        "One of four small boards gets too little voltage, its firmware holds the CPU at 600 MHz: load 24 on four cores, exec probes of calico-node run into their timeout and liveness kills it; BIRD's sessions come back each time. The other boards run the same pods well.",
        "Linux drivers/hwmon/raspberrypi-hwmon.c (Undervoltage detected!)",
        now,
        platform="other",
        calico="v3.27.0",
        kubernetes="v1.29.2",
        namespace="kube-system",
        registry="docker.io/calico",
        difficulty="medium",
    )
    hosts = {f"berry{n}": f"192.168.20.{40 + n}" for n in (1, 2, 3, 4)}
    bad = "berry3"
    story.hosts(
        hosts,
        os_image="Ubuntu 22.04.3 LTS",
        kernel="5.15.0-1046-raspi",
        runtime="containerd://1.7.12",
        labels={"kubernetes.io/arch": "arm64"},
    )
    story.staff({k: v for k, v in hosts.items() if k != bad}, started=1_000_000)
    name = story.staff({bad: hosts[bad]}, ready=True, restarts=26, started=1500, last=("Error", 137, 1515))[0]
    story.pod_event(
        name,
        "Unhealthy",
        'Liveness probe failed: command timed out: "/bin/calico-node -felix-live -bird-live" timed out after 10s',
        1590,
        170_000,
        161,
    )
    story.pod_event(
        name,
        "Unhealthy",
        'Readiness probe failed: command timed out: "/bin/calico-node -felix-ready -bird-ready" timed out after 10s',
        70,
        170_500,
        903,
    )
    story.pod_event(
        name,
        "Killing",
        "Container calico-node failed liveness probe, will be restarted",
        1560,
        169_900,
        26,
        type_="Normal",
    )
    dns = story.other(
        "node-local-dns-q8x2z", bad, app="node-local-dns", restarts=11, started=4100, last=("Error", 137, 4110)
    )
    story.pod_event(
        dns,
        "Unhealthy",
        'Liveness probe failed: Get "http://169.254.20.10:8080/health": context deadline exceeded (Client.Timeout exceeded while awaiting headers)',
        240,
        169_000,
        240,
        namespace="kube-system",
    )
    peers = [a for n, a in hosts.items() if n != bad]
    log = story.boot(bad, 1500, peers, prefix=24)
    for n in range(9):
        log.append(
            story.say(
                1380 - 150 * n,
                "INFO",
                61,
                "felix",
                "summary.go 100:",
                f"Summarising {3 + n % 3} dataplane reconciliation loops over 1m{18 + n}.{n}s: avg={5200 + 611 * n}ms longest={14_800 + 1733 * n}ms (resync-ipsets-v4,resync-nat-v4,resync-raw-v4)",
            )
        )
        if n % 3 == 1:
            log.append(
                story.say(
                    1379 - 150 * n,
                    "WARNING",
                    61,
                    "felix",
                    "health.go 194:",
                    'Reporter failed to report within timeout interval; reporting as timed out. name="int_dataplane"'
                    if n == 4
                    else "Report timed out" + ' name="felix-startup"',
                )
            )
    story.log(name, log)
    uptime = 1_090_000.0
    story.texts["berry3-dmesg.txt"] = "".join(
        f"[{uptime - ago:>14.6f}] hwmon hwmon1: {'Undervoltage detected!' if k == 0 else 'Voltage normalised'}\n"
        for ago, k in sorted(
            (
                (172_000 - 7900 * n - 4030 * k, k)
                for n in range(22)
                for k in (0, 1)
                if 172_000 - 7900 * n - 4030 * k > 3000
            ),
            reverse=True,
        )
    )
    story.texts["berry3-shell.txt"] = (
        f"ubuntu@berry3:~$ uptime\n {story.now:%H:%M:%S} up 12 days, 14:47,  1 user,  load average: 24.18, 22.90, 23.41\nubuntu@berry3:~$ vcgencmd get_throttled\nthrottled=0x50005\nubuntu@berry3:~$ vcgencmd measure_clock arm\nfrequency(48)=600117184\n"
        "ubuntu@berry3:~$ vmstat 5 3\nprocs -----------memory---------- ---swap-- -----io---- -system-- ------cpu-----\n r  b   swpd   free   buff  cache   si   so    bi    bo   in   cs us sy id wa st\n23  0      0 812340 104420 4120488    0    0     4    31  910 2110 71 28  1  0  0\n25  0      0 811904 104420 4120512    0    0     0    18 4410 6120 70 30  0  0  0\n22  1      0 811900 104424 4120520    0    0     0    44 4377 6088 72 28  0  0  0\n"
        "ubuntu@berry3:~$ ssh berry2 'uptime; vcgencmd get_throttled; vcgencmd measure_clock arm'\n"
        + f" {story.now:%H:%M:%S} up 12 days, 14:52,  0 users,  load average: 2.61, 2.40, 2.38\nthrottled=0x0\nfrequency(48)=1800404352\n"
    )
    story.describe(bad, name)
    story.affected = [bad]
    story.cite("berry3-shell.txt", "throttled=0x50005")
    story.cite(f"describe-pod-{name}.txt", "timed out after 10s")
    return story


def everybody_else_shares_one_cpu(now: datetime) -> Incident:
    story = incident(
        "pinned-pods-leave-one-cpu-for-all-others",
        CAUSE,
        "The host looks idle on average, but the kubelet's static CPU manager has given fifteen of sixteen CPUs to packet-processing pods; calico-node and all other pods share CPU 0, which is at 100 %. Probes of calico-node, kube-proxy and the exporter time out there; nothing in Calico fails by itself.",
        "https://kubernetes.io/docs/tasks/administer-cluster/cpu-management-policies/",
        now,
        platform="other",
        calico="v3.22.2",
        kubernetes="v1.23.8",
        registry="quay.io/calico",
        difficulty="hard",
    )
    hosts = {f"upf-{n}": f"10.160.4.{n}" for n in (11, 12, 13)}
    bad = "upf-12"
    story.hosts(
        hosts,
        os_image="Red Hat Enterprise Linux 8.6 (Ootpa)",
        kernel="4.18.0-372.16.1.el8_6.x86_64",
        runtime="containerd://1.6.6",
    )
    for item in story.objects["Node"]:
        item["status"]["capacity"] |= {"cpu": "16", "memory": "131894712Ki"}
        item["status"]["allocatable"] |= {"cpu": "15500m", "memory": "128000000Ki"}
    story.staff({k: v for k, v in hosts.items() if k != bad}, started=1_400_000)
    name = story.staff({bad: hosts[bad]}, ready=False, restarts=8, started=2600, last=("Error", 137, 2620))[0]
    pinned = {"resources": {"requests": {"cpu": "5", "memory": "16Gi"}, "limits": {"cpu": "5", "memory": "16Gi"}}}
    for n in range(3):
        story.other(
            f"upf-worker-{n}",
            bad,
            f"10.233.88.{20 + n}",
            "core5g",
            "StatefulSet/upf-worker",
            app="upf-worker",
            started=12_000,
            age=12_050,
            spec=pinned,
        )
    story.pod_event(
        name,
        "Unhealthy",
        'Liveness probe failed: Get "http://localhost:9099/liveness": context deadline exceeded (Client.Timeout exceeded while awaiting headers)',
        31,
        11_800,
        66,
    )
    story.pod_event(name, "Unhealthy", "Readiness probe failed: ", 12, 11_850, 171)
    story.pod_event(
        name,
        "Killing",
        "Container calico-node failed liveness probe, will be restarted",
        2640,
        11_700,
        8,
        type_="Normal",
    )
    for pod, text in (
        (
            "kube-proxy-x7w4m",
            'Liveness probe failed: Get "http://10.160.4.12:10256/healthz": context deadline exceeded (Client.Timeout exceeded while awaiting headers)',
        ),
        (
            "node-exporter-2zq8k",
            'Readiness probe failed: Get "http://10.160.4.12:9100/": net/http: request canceled (Client.Timeout exceeded while awaiting headers)',
        ),
    ):
        made = story.other(
            pod, bad, owner=f"DaemonSet/{pod[:-6]}", app=pod[:-6], restarts=5, started=3000, last=("Error", 137, 3010)
        )
        story.pod_event(made, "Unhealthy", text, 44, 11_700, 88, namespace="kube-system")
    peers = [a for n, a in hosts.items() if n != bad]
    log = story.boot(bad, 2600, peers, interface="bond0", prefix=24)
    for n in range(14):
        log.append(
            story.say(
                2480 - 175 * n,
                "INFO",
                71,
                "felix",
                "summary.go 100:",
                f"Summarising {2 + n % 3} dataplane reconciliation loops over 1m{21 + n}.{n % 9}s: avg={4100 + 303 * n}ms longest={18_900 + 911 * n}ms (resync-filter-v4,resync-nat-v4,resync-routes-v4)",
            )
        )
        if n in (4, 9):
            log += [
                f"bird: I/O loop cycle took {6120 + 411 * n} ms for 5 events",
                *(
                    f"bird: Mesh_{p.replace('.', '_')}: {text}"
                    for p in peers
                    for text in (
                        "Error: Hold timer expired",
                        "State changed to stop",
                        "State changed to down",
                        "Starting",
                        "State changed to start",
                        "Connected to table master",
                        "State changed to feed",
                        "State changed to up",
                    )
                ),
            ]
    story.log(name, log)
    rows = "".join(
        f"{story.now:%H:%M:%S}     {n:>3}   {us:>5.2f}    0.00   {sy:>5.2f}    0.00    0.00   {si:>5.2f}    0.00    0.00    0.00   {100 - us - sy - si:>5.2f}\n"
        for n, (us, sy, si) in enumerate([(61.3, 27.8, 10.9), *((28.0 + n % 4, 1.2, 0.1) for n in range(15))])
    )
    story.texts["upf-12-mpstat.txt"] = (
        f"[root@upf-12 ~]# mpstat -P ALL 10 1\nLinux 4.18.0-372.16.1.el8_6.x86_64 (upf-12)\n\n{story.now:%H:%M:%S}     CPU    %usr   %nice    %sys %iowait    %irq   %soft  %steal  %guest  %gnice   %idle\n{rows}[root@upf-12 ~]# cat /proc/loadavg\n61.22 58.07 57.91 44/2819 1190322\n"
    )
    story.texts["upf-12-cpu_manager_state.json"] = (
        '{"policyName":"static","defaultCpuSet":"0","entries":{"a1f0":{"upf-worker":"1-5"},"b2e7":{"upf-worker":"6-10"},"c9d3":{"upf-worker":"11-15"}},"checksum":2811940021}\n'
    )
    story.texts["top-nodes.txt"] = (
        "NAME     CPU(cores)   CPU%   MEMORY(bytes)   MEMORY%\nupf-11   3120m        20%    38122Mi         30%\nupf-12   5710m        36%    61044Mi         48%\nupf-13   2988m        19%    37110Mi         29%\n"
    )
    story.describe(bad, name)
    story.affected = [bad]
    story.cite("upf-12-cpu_manager_state.json", '"defaultCpuSet":"0"')
    story.cite(f"describe-pod-{name}.txt", "Client.Timeout exceeded while awaiting headers")
    return story


STORIES = [
    no_requests_under_load,
    a_load_of_ninety,
    hypervisor_steals_the_processor,
    disk_throttled_by_its_allowance,
    board_without_enough_current,
    everybody_else_shares_one_cpu,
]
