"""xtables-lock-contention: told without having seen the rules."""

from __future__ import annotations

from datetime import datetime

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


STORIES = [lock_taken_twice, listing_that_resolves_names]
