"""xtables-lock-contention: told without having seen the rules."""

from __future__ import annotations

from datetime import datetime

from cluster import event
from telling import FELIX_503, FELIX_REFUSED, Incident, incident

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


STORIES = [lock_taken_twice, listing_that_resolves_names, security_agent_rewrites_rules, hanging_backup_of_rules]
