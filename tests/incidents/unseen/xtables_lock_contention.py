"""xtables-lock-contention: told without having seen the rules."""

from __future__ import annotations

from datetime import datetime, timedelta

from cluster import event, join
from telling import FELIX_503, FELIX_REFUSED, Incident, incident, wrapped

CAUSE = "xtables-lock-contention"


def lock_taken_twice(now: datetime) -> Incident:
    story = incident(
        "own-lock-and-the-lock-of-iptables-restore",
        CAUSE,
        "On CentOS 7 hosts FELIX_IPTABLESLOCKTIMEOUTSECS was set: felix takes the xtables lock itself, then iptables-restore 1.4.21 (with a back-ported lock) waits for the same one and ends with status 4; felix panics and restarts on all hosts.",
        "https://github.com/projectcalico/calico/issues/3727",
        now,
        platform="other",
        calico="v3.14.1",
        kubernetes="v1.18.5",
        registry="docker.io/calico",
        namespace="kube-system",
        difficulty="medium",
        acceptable=["invalid-calico-config"],
    )
    hosts = {f"c7-{n}": f"10.70.20.{n}" for n in (31, 32, 33)}
    story.hosts(
        hosts, os_image="CentOS Linux 7 (Core)", kernel="3.10.0-1127.13.1.el7.x86_64", runtime="docker://19.3.12"
    )
    env = {
        "env": [
            {"name": "FELIX_IPTABLESLOCKTIMEOUTSECS", "value": "30"},
            {"name": "FELIX_IPTABLESLOCKPROBEINTERVALMILLIS", "value": "50"},
            {"name": "IP", "value": "autodetect"},
        ]
    }
    for n, (node, address) in enumerate(hosts.items()):
        name = story.staff(
            {node: address}, ready=False, restarts=5, started=300, age=2700, last=("Error", 137, 310), spec=env
        )[0]
        story.probe(name, FELIX_REFUSED, 4 + n, 2600, 180)
    node = "c7-32"
    name = story.pods[node]
    lock = 'errorOutput="Another app is currently holding the xtables lock. Perhaps you want to use the -w option?\\n"'
    lines = story.boot(node, 300, [a for n, a in hosts.items() if n != node], prefix=24)[:-1]
    for turn in range(8):
        ago, pid = 296 - 36 * turn, 62 + 511 * turn
        for table in ("filter", "nat", "mangle"):
            lines += [
                story.say(
                    ago,
                    "WARNING",
                    pid,
                    "felix",
                    "table.go 1202:",
                    f'Failed to execute ip(6)tables-restore command error=exit status 4 {lock} input="*{table}\\n:cali-FORWARD - -\\nCOMMIT\\n" ipVersion=0x4 output="" table="{table}"',
                ),
                story.say(
                    ago,
                    "WARNING",
                    pid,
                    "felix",
                    "table.go 872:",
                    f'Failed to program iptables, will retry error=exit status 4 ipVersion=0x4 table="{table}"',
                ),
                story.say(
                    ago - 1,
                    "WARNING",
                    pid,
                    "felix",
                    "table.go 875:",
                    f'Retrying... error=exit status 4 ipVersion=0x4 table="{table}"',
                ),
            ]
        lines += [
            story.say(
                ago - 9,
                "ERROR",
                pid,
                "felix",
                "table.go 879:",
                'Failed to program iptables, loading diags before panic. error=exit status 4 ipVersion=0x4 table="filter"',
            ),
            story.say(
                ago - 9,
                "PANIC",
                pid,
                "felix",
                "table.go 887:",
                'Failed to program iptables, giving up after retries error=exit status 4 ipVersion=0x4 table="filter"',
            ),
        ]
    story.log(name, lines)
    story.describe(node)
    story.affected = list(hosts)
    story.cite(f"{name}.log", "Another app is currently holding the xtables lock")
    return story


def listing_that_resolves_names(now: datetime) -> Incident:
    story = incident(
        "cron-lists-rules-and-waits-for-names",
        CAUSE,
        "A cron script of the customer runs 'iptables -L' (with name resolution that hangs) every five minutes on two workers and keeps the xtables lock for minutes: felix' restores end with status 4 in these times and it reports not ready; in between all is well.",
        "https://github.com/kubernetes/kubernetes/pull/85771",
        now,
        platform="classic",
        calico="v3.24.5",
        kubernetes="v1.25.16+IKS",
        namespace="kube-system",
        difficulty="hard",
    )
    nodes = story.workers([f"10.129.240.{n}" for n in (66, 70, 75, 81, 90)])
    bad = [nodes[0], nodes[4]]
    story.agents([n for n in nodes if n not in bad], started=1_600_000)
    for node in bad:
        name = story.agents([node], ready=True, started=1_600_000, restarts=0)[0]
        story.probe(name, FELIX_503, 130, 90_000, 260)
        lines = []
        for turn in range(12):
            ago = 3600 - 300 * turn
            lines += story.quiet(ago + 95, ago + 5, 45, 64)
            for k in range(3):
                lines += [
                    story.say(
                        ago - 11 * k,
                        "WARNING",
                        64,
                        "felix",
                        "table.go 1321:",
                        'Failed to execute ip(6)tables-restore command error=exit status 4 errorOutput="Another app is currently holding the xtables lock; still 1s 0us time ahead to have a chance to grab the lock...\\nAnother app is currently holding the xtables lock. Stopped waiting after 10s.\\n" input="*filter\\n-R cali-tw-cali7d1f0f4f2a1 3\\nCOMMIT\\n" ipVersion=0x4 output="" table="filter"',
                    ),
                    story.say(
                        ago - 11 * k,
                        "WARNING",
                        64,
                        "felix",
                        "table.go 999:",
                        'Failed to program iptables, will retry error=exit status 4 ipVersion=0x4 table="filter"',
                    ),
                ]
            lines.append(
                story.say(ago - 40, "WARNING", 64, "felix", "health.go 85:", 'Report timed out name="int_dataplane"')
            )
        story.log(name, lines)
    story.texts[f"ps-{bad[0]}.txt"] = (
        "$ fuser -v /run/xtables.lock\n                     USER        PID ACCESS COMMAND\n/run/xtables.lock:   root      48120 F.... iptables\n"
        "$ ps -o pid,ppid,etime,args -p 48120,48117\n    PID    PPID     ELAPSED COMMAND\n  48117    1204       02:41 /bin/sh /opt/acme/fwcount.sh\n  48120   48117       02:41 iptables -L\n"
    )
    story.describe(bad[0])
    story.affected = bad
    story.cite(
        f"{story.pods[bad[0]]}.log", "Another app is currently holding the xtables lock. Stopped waiting after 10s."
    )
    return story


def security_agent_rewrites_rules(now: datetime) -> Incident:
    story = incident(
        "host-firewall-agent-holds-the-lock-for-minutes",
        CAUSE,
        "VPC worker with a customer's host-firewall agent that inserts thousands of rules one by one and keeps /run/xtables.lock the while: felix' restores end with 'Stopped waiting after 10s', new pods with a hostPort fail in portmap by the same words. Only this worker runs the agent.",
        "https://github.com/cloudnativelabs/kube-router/issues/1057",
        now,
        platform="vpc",
        calico="v3.28.4",
        kubernetes="v1.30.11+IKS",
        difficulty="easy",
    )
    nodes = story.workers([f"10.244.32.{n}" for n in (4, 5, 6, 8)])
    bad = nodes[2]
    story.agents([n for n in nodes if n != bad], started=1_300_000)
    story.typha(nodes[0], started=1_300_000)
    name = story.agents([bad], ready=False, started=1_300_000)[0]
    story.probe(name, FELIX_503, 15, 2900, 95)
    agent = story.other(
        "hostwall-agent-s8v2n",
        bad,
        namespace="hostwall",
        app="hostwall-agent",
        image="registry.example.com/hostwall/agent:3.0.1",
        started=3000,
        age=3020,
    )
    lines = story.quiet(4200, 3020, 66)
    for turn in range(14):
        ago = 2950 - 205 * turn
        for k in range(3):
            lines += [
                story.say(ago - 11 * k, "WARNING", 61, "felix", "table.go 1447:", 'Failed to execute ip(6)tables-restore command error=exit status 4 errorOutput="Another app is currently holding the xtables lock; still 9s 0us time ahead to have a chance to grab the lock...\\nAnother app is currently holding the xtables lock; still 1s 0us time ahead to have a chance to grab the lock...\\nAnother app is currently holding the xtables lock. Stopped waiting after 10s.\\n" input="*filter\\n:cali-tw-cali09cdd2ff1a3 - -\\n:cali-fw-cali09cdd2ff1a3 - -\\nCOMMIT\\n" ipVersion=0x4 output="" table="filter"'),
                story.say(ago - 11 * k, "WARNING", 61, "felix", "table.go 1082:", 'Failed to program iptables, will retry error=exit status 4 ipVersion=0x4 table="filter"'),
            ]  # fmt: skip
        lines += [
            story.say(ago - 33, "WARNING", 61, "felix", "table.go 1101:", 'Succeeded after retry. ipVersion=0x4 table="filter"'),
            story.say(ago - 60, "INFO", 61, "felix", "summary.go 100:", "Summarising 3 dataplane reconciliation loops over 1m34.8s: avg=30214ms longest=43377ms (resync-filter-v4,resync-nat-v4,update-filter-v4)"),
            story.say(ago - 62, "WARNING", 61, "felix", "health.go 286:", 'Reporter is not ready: reporting non-ready. name="InternalDataplaneMainLoop"') if turn % 3 == 0 else story.say(ago - 62, "INFO", 61, "felix", "async_calc_graph.go 245:", "Flushing updates to the dataplane is taking a long time"),
        ]  # fmt: skip
    story.log(name, lines)
    pod = story.other(
        "ingress-edge-5c8fd9d6bb-pw7hn",
        bad,
        "none",
        "edge",
        "ReplicaSet/ingress-edge-5c8fd9d6bb",
        app="ingress-edge",
        ready=False,
        phase="Pending",
        waiting="ContainerCreating",
        age=2000,
    )
    status = story.objects["Pod"][-1]["status"]
    status |= {"podIPs": [], "hostIP": bad}
    del status["podIP"]
    event(
        story,
        "Pod",
        pod,
        "FailedCreatePodSandBox",
        'Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup network for sandbox "41f7a0d6c3e7b5a2906d0c8ee4b1f7d25a63c9081e2fb47d5dc07a6193e8f20b": plugin type="portmap" failed (add): unable to create chain CNI-HOSTPORT-SETMARK: failed to list chains: running [/usr/sbin/iptables -t nat -S --wait]: exit status 4: Another app is currently holding the xtables lock; waiting for it to exit...',
        40,
        1900,
        31,
        namespace="edge",
    )
    story.texts["lslocks-10.244.32.6.txt"] = (
        "# lslocks | egrep 'COMMAND|xtables'\nCOMMAND           PID  TYPE SIZE MODE  M START END PATH\niptables        96412 FLOCK   0B WRITE 0     0   0 /run/xtables.lock\n"
        "# ps -o pid,ppid,etime,cmd -p 96412,31877\n    PID    PPID     ELAPSED CMD\n  31877   31840       50:02 /opt/hostwall/bin/agentd --mode=enforce\n  96412   31877       01:48 iptables -w -I HOSTWALL-IN -s 198.51.100.0/24 -m string --algo bm --string x -j DROP\n"
    )
    story.describe(bad)
    story.commands |= {
        "describe-ingress-edge.txt": f"describe pod -n edge {pod}",
        "describe-hostwall.txt": f"describe pod -n hostwall {agent}",
    }
    story.affected = [bad]
    story.cite(f"{name}.log", "Another app is currently holding the xtables lock. Stopped waiting after 10s.")
    return story


def hanging_backup_of_rules(now: datetime) -> Incident:
    story = incident(
        "a-hung-iptables-of-a-backup-job-keeps-the-lock",
        CAUSE,
        "CentOS 7, v3.8: a backup job's 'iptables -L -n' hangs on a dead NFS share to which it writes and keeps the lock since the night; felix with its own lock code panics after each wait ('Timed out waiting for iptables 1.6 lock'), kube-proxy of the same host reports exit status 4. One host of four.",
        "https://github.com/projectcalico/felix/pull/1903",
        now,
        platform="other",
        calico="v3.8.9",
        kubernetes="v1.15.12",
        registry="docker.io/calico",
        namespace="kube-system",
        difficulty="medium",
    )
    hosts = {f"c7s{n}": f"10.20.30.{40 + n}" for n in (1, 2, 3, 4)}
    bad = "c7s2"
    story.hosts(hosts, os_image="CentOS Linux 7 (Core)", kernel="3.10.0-1062.el7.x86_64", runtime="docker://18.9.9")
    env = {
        "env": [
            {"name": "DATASTORE_TYPE", "value": "kubernetes"},
            {"name": "FELIX_IPTABLESLOCKTIMEOUTSECS", "value": "10"},
            {"name": "IP", "value": "autodetect"},
        ]
    }
    story.staff({k: v for k, v in hosts.items() if k != bad}, spec=env, started=1_200_000)
    name = story.staff({bad: hosts[bad]}, spec=env, ready=False, restarts=88, started=100, last=("Error", 137, 104))[0]
    story.probe(name, FELIX_503, 7, 28_000, 2600)
    story.pod_event(
        name,
        "Killing",
        "Container calico-node failed liveness probe, will be restarted",
        106,
        27_900,
        88,
        type_="Normal",
    )
    proxy = story.other(
        "kube-proxy-m4xq7", bad, app="kube-proxy", image="k8s.gcr.io/kube-proxy:v1.15.12", started=1_200_000
    )
    lines = story.old_boot(bad, 100, [a for n, a in hosts.items() if n != bad], prefix=24, interface="em1")[:-1]
    trace = [
        "panic: (*logrus.Entry) (0x19f3620,0xc0008dceb0)",
        "",
        "goroutine 181 [running]:",
        "github.com/sirupsen/logrus.Entry.log(0xc0000ca0a0, 0xc00089e0f0, 0x0, 0x0, 0x0, 0x0, 0x0, 0x0, 0x0, 0x0, ...)",
        "\t/go/pkg/mod/github.com/sirupsen/logrus@v1.4.2/entry.go:128 +0x5a8",
        "github.com/projectcalico/felix/iptables.(*SharedLock).Lock(0xc0003a4c00)",
        "\t/go/pkg/mod/github.com/projectcalico/felix@v3.8.9+incompatible/iptables/lock.go:97 +0x2c5",
        "github.com/projectcalico/felix/iptables.(*Table).applyUpdates(0xc0004b2000, 0x0, 0x0)",
        "\t/go/pkg/mod/github.com/projectcalico/felix@v3.8.9+incompatible/iptables/table.go:1051 +0x9d1",
    ]
    for n in range(7):
        ago, pid = 96 - 13.5 * n, 91 + 66 * n
        lines += [
            story.line(ago, "INFO", pid, "int_dataplane.go 751:", "Applying dataplane updates"),
            story.line(ago - 0.2, "INFO", pid, "table.go 460:", 'Loading current iptables state and checking it is correct. ipVersion=0x4 table="filter"'),
            story.line(ago - 10.3, "PANIC", pid, "lock.go 97:", "Failed to acquire iptables lock error=Timed out waiting for iptables 1.6 lock"),
            *trace,
        ]  # fmt: skip
    story.log(name, lines)
    story.log(proxy, [
        f"E{story.klog(1700 - 31 * n)}       1 proxier.go:1337] Failed to execute iptables-restore: exit status 4 (Another app is currently holding the xtables lock. Perhaps you want to use the -w option?\n)"
        for n in range(40)
    ])  # fmt: skip
    story.texts["c7s2-ps.txt"] = (
        "[root@c7s2 ~]# ps -eo pid,stat,lstart,args | grep [i]ptables\n 88123 D    "
        + story.syslog(29_000)
        + " 2026 iptables -L -n -v\n"
        "[root@c7s2 ~]# fuser /run/xtables.lock\n/run/xtables.lock:   88123\n"
    )
    story.describe(bad)
    story.affected = [bad]
    story.cite(f"{name}.log", "Timed out waiting for iptables 1.6 lock")
    return story


# told on 29 November 2026 without having seen the rules
def a_pager_left_open_in_tmux(now: datetime) -> Incident:
    story = incident(
        "iptables-piped-into-a-pager-since-yesterday",
        CAUSE,
        "An administrator left 'iptables -L -n -v | less' open in tmux on one host: the listing blocks in the pipe and keeps /run/xtables.lock. Felix says only that flushing takes long and its dataplane loop reports nothing in time; its liveness probe kills it again and again. 'fuser' names the holder.",
        "https://github.com/projectcalico/felix/issues/1470",
        now,
        platform="other",
        calico="v3.19.4",
        kubernetes="v1.20.15",
        namespace="kube-system",
        registry="docker.io/calico",
        difficulty="hard",
    )
    hosts = {f"rack2-u{n}": f"10.28.2.{n}" for n in (11, 13, 15, 17, 19)}
    story.hosts(hosts, os_image="Debian GNU/Linux 10 (buster)", kernel="4.19.0-18-amd64", runtime="docker://20.10.12")
    bad = "rack2-u15"
    story.staff({k: v for k, v in hosts.items() if k != bad}, started=1_600_000)
    name = story.staff({bad: hosts[bad]}, ready=False, restarts=51, started=130, last=("Error", 137, 135))[0]
    story.probe(name, FELIX_503, 12, 76_000, 2_110)
    story.probe(name, "Felix is not live: liveness probe reporting 503", 140, 75_900, 310, kind="Liveness")
    story.pod_event(
        name,
        "Killing",
        "Container calico-node failed liveness probe, will be restarted",
        170,
        75_800,
        51,
        type_="Normal",
    )
    for k in ("rack2-u11", "rack2-u19"):
        story.not_established(story.pods[k], [hosts[bad]], 1_600, 75_900, 40, established=3)
    log = story.boot(bad, 128, [v for k, v in hosts.items() if k != bad], interface="bond0", prefix=24)[:-1]
    log += [
        story.say(
            118,
            "INFO",
            61,
            "felix",
            "async_calc_graph.go 255:",
            "Flushing updates to the dataplane is taking a long time",
        ),
        *[
            x
            for i in range(5)
            for x in (
                story.say(
                    88 - 17 * i, "WARNING", 61, "felix", "health.go 188:", 'Reporter is not ready. name="int_dataplane"'
                ),
                story.say(
                    88 - 17 * i - 0.1, "WARNING", 61, "felix", "health.go 85:", 'Report timed out name="int_dataplane"'
                ),
            )
        ],
        story.say(
            14,
            "INFO",
            61,
            "felix",
            "health.go 196:",
            "Overall health status changed newStatus=&health.HealthReport{Live:false, Ready:false}",
        ),
    ]
    story.log(name, wrapped(story, log, "stamps"))
    began = (now - timedelta(seconds=76_400)).strftime("%a %b %d %H:%M:%S %Y")
    story.texts["rack2-u15.txt"] = (
        "root@rack2-u15:~# fuser -v /run/xtables.lock\n                     USER        PID ACCESS COMMAND\n/run/xtables.lock:   root      21877 F.... iptables\n"
        "root@rack2-u15:~# ps -o pid,ppid,lstart,stat,wchan:14,tty,args -p 21877,21878\n    PID    PPID                  STARTED STAT WCHAN          TT       COMMAND\n"
        f"  21877   21640 {began} S+   pipe_wait      pts/3    iptables -L -n -v\n  21878   21640 {began} S+   wait_woken     pts/3    less\n"
        "root@rack2-u15:~# ps -eo pid,etimes,args | grep '[i]ptables.*restore'\n  88120      12 iptables-legacy-restore --noflush --verbose --wait 10 --wait-interval 50000\n  90377       4 iptables-restore -w 5 -W 100000 --noflush --counters\n"
        f"root@rack2-u15:~# uptime\n {now:%H:%M:%S} up 20 days,  3:40,  2 users,  load average: 0.41, 0.38, 0.35\n"
    )
    story.describe(bad, name)
    story.affected = [bad]
    story.cite("rack2-u15.txt", "/run/xtables.lock:   root      21877 F.... iptables")
    return story


def country_lists_reload_every_hour(now: datetime) -> Incident:
    story = incident(
        "hourly-reload-of-a-hosts-firewall-with-country-lists",
        CAUSE,
        "Two hosts with a web-hosting firewall reload it each hour with tens of thousands of country ranges, one iptables call after another, for about eight minutes: in this time kube-proxy and felix wait for the xtables lock in vain ('Another app is currently holding the xtables lock'). Between the reloads all recovers.",
        "https://github.com/kubernetes/kubernetes/issues/57428",
        now,
        platform="other",
        calico="v3.24.5",
        kubernetes="v1.25.16",
        namespace="kube-system",
        registry="quay.io/calico",
        difficulty="medium",
    )
    hosts = {f"host{n}.shop.lan": f"172.16.201.{n}" for n in (5, 6, 7, 8)}
    story.hosts(
        hosts,
        os_image="AlmaLinux 8.9 (Midnight Oncilla)",
        kernel="4.18.0-513.5.1.el8_9.x86_64",
        runtime="containerd://1.6.26",
    )
    bad = ["host6.shop.lan", "host8.shop.lan"]
    names = story.staff(hosts, started=1_500_000)
    picked = dict(zip(hosts, names, strict=True))
    for k in bad:
        story.probe(picked[k], FELIX_503, 1_130, 1_500, 14)
    me = bad[0]
    text = "Another app is currently holding the xtables lock; still -9s 0us time ahead to have a chance to grab the lock...\\nAnother app is currently holding the xtables lock. Perhaps you want to use the -w option?\\n"
    log = []
    for h in range(3):
        base = 3_600 * (2 - h) + 1_620
        log += story.quiet(base + 1_900, base + 10, 420)
        for i in range(9):
            at = base - 55 * i
            log.append(
                story.say(
                    at,
                    "WARNING",
                    61,
                    "felix",
                    "table.go 1321:",
                    f'Failed to execute ip(6)tables-restore command error=exit status 4 errorOutput="{text}" input="*filter\\n:cali-tw-cali90f1c2d7e5a - -\\n-A cali-tw-cali90f1c2d7e5a -m comment --comment \\"cali:JiYmr5bPdCXe0z4Y\\" -m conntrack --ctstate RELATED,ESTABLISHED --jump ACCEPT\\nCOMMIT\\n" ipVersion=0x4 output="" table="filter"',
                )
            )
            log.append(
                story.say(
                    at - 0.01,
                    "WARNING",
                    61,
                    "felix",
                    "table.go 1002:",
                    'Failed to program iptables, will retry error=exit status 4 ipVersion=0x4 table="filter"',
                )
            )
    log += story.quiet(1_090, 15, 240)
    story.log(picked[me], log, "calico-node-host6.log")
    proxy = []
    for h in range(3):
        base = 3_600 * (2 - h) + 1_600
        proxy += [
            f'E{story.klog(base - 31 * i)}       1 proxier.go:1536] "Failed to execute iptables-restore" err="exit status 4 (Another app is currently holding the xtables lock; still 0s 100000us time ahead to have a chance to grab the lock...\\n)"'
            for i in range(15)
        ]
        proxy.append(f'I{story.klog(base - 31 * 15)}       1 proxier.go:858] "Sync failed" retryingTime="30s"')
    story.other(
        "kube-proxy-h6x2m", me, app="kube-proxy", image="registry.k8s.io/kube-proxy:v1.25.16", started=1_490_000
    )
    story.log("", wrapped(story, [], "stamps") + proxy, "kube-proxy-host6.log")
    lfd = []
    for h in range(3):
        base = 3_600 * (2 - h) + 1_640
        lfd += [
            f"{story.syslog(base)} host6 lfd[71{h}22]: CC: Processing [country codes, 11 zones] from db-ip",
            f"{story.syslog(base - 3)} host6 csf[72{h}40]: csf: reloading iptables, {48_112 + 31 * h} CIDR entries (LF_IPSET disabled)",
            f"{story.syslog(base - 498)} host6 csf[72{h}40]: csf: reload complete",
        ]
    story.texts["host6-messages.txt"] = join(lfd)
    story.events()
    story.commands["pods.txt"] = "get pods -n kube-system -o wide"
    story.affected = bad
    story.cite("calico-node-host6.log", "Another app is currently holding the xtables lock")
    return story


STORIES = [
    lock_taken_twice,
    listing_that_resolves_names,
    security_agent_rewrites_rules,
    hanging_backup_of_rules,
    a_pager_left_open_in_tmux,
    country_lists_reload_every_hour,
]
