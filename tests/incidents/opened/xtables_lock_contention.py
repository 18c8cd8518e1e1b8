"""xtables-lock-contention: told without having seen the rules, then opened."""

from __future__ import annotations

from datetime import datetime

from telling import FELIX_503, Incident, incident

CAUSE = "xtables-lock-contention"


def metrics_agent_lists_rules_on_a_throttled_cpu(now: datetime) -> Incident:
    story = incident(
        "metrics-agent-counts-rules-with-a-tiny-cpu-limit",
        CAUSE,
        "A metrics daemonset got an input that lists all rules with `iptables -w -nvL` each ten seconds; its CPU limit is 30m, so one listing of this cluster's many rules takes most of a minute and keeps the xtables lock the while, on every host. Felix' restores end with status 4 and take minutes, new pods' policies come late; CPUs are idle and the API answers. kube-proxy complains of the same lock.",
        "https://github.com/influxdata/telegraf/pull/2201",
        now,
        platform="other",
        calico="v3.25.2",
        kubernetes="v1.26.9",
        registry="quay.io/calico",
        difficulty="hard",
    )
    hosts = {f"kc-node-{x}": f"10.205.3.{n}" for x, n in zip("abcd", (17, 18, 19, 20), strict=True)}
    story.hosts(
        hosts,
        os_image="Ubuntu 20.04.6 LTS",
        kernel="5.4.0-164-generic",
        runtime="containerd://1.7.2",
        age=2_800_000,
        since=2_790_000,
    )
    names = story.staff(hosts, started=2_700_000, age=2_700_050)
    for i, node in enumerate(hosts):
        story.probe(names[i], FELIX_503, 48 + 7 * i, 6_300, 61 + 4 * i)
        story.other(f"telegraf-ds-{'4xqz'[i]}m{'7hkb'[i]}wn", node, namespace="monitoring", owner="DaemonSet/telegraf-ds", app="telegraf", image="registry.example.com/mon/telegraf:1.28.1-netadmin", age=6_500, started=6_480,
                    spec={"resources": {"limits": {"cpu": "30m", "memory": "200Mi"}, "requests": {"cpu": "10m", "memory": "100Mi"}}})  # fmt: skip
    agent = story.objects["Pod"][-3]["metadata"]["name"]
    me, name = "kc-node-b", names[1]
    proxy = story.other("kube-proxy-pv5mt", me, app="kube-proxy", image="registry.k8s.io/kube-proxy:v1.26.9", started=2_600_000)  # fmt: skip
    held = 'errorOutput="Another app is currently holding the xtables lock; still 7s 0us time ahead to have a chance to grab the lock...\\nAnother app is currently holding the xtables lock; still 1s 0us time ahead to have a chance to grab the lock...\\nAnother app is currently holding the xtables lock. Stopped waiting after 10s.\\n"'
    log = story.quiet(9_000, 6_500, 260, 73)
    for turn in range(16):
        ago = 6_380 - 402 * turn
        table = ("filter", "nat", "mangle")[turn % 3]
        rule = {"filter": ":cali-tw-cali5f0d3f81c2a - -", "nat": ":cali-nat-outgoing - -", "mangle": ":cali-to-host-endpoint - -"}[table]  # fmt: skip
        for k in range(4):
            log += [
                story.say(ago - 11.4 * k, "WARNING", 73, "felix", "table.go 1321:", f'Failed to execute ip(6)tables-restore command error=exit status 4 {held} input="*{table}\\n{rule}\\nCOMMIT\\n" ipVersion=0x4 output="" table="{table}"'),
                story.say(ago - 11.4 * k - 0.01, "WARNING", 73, "felix", "table.go 999:", f'Failed to program iptables, will retry error=exit status 4 ipVersion=0x4 table="{table}"'),
            ]  # fmt: skip
        log += [
            story.say(ago - 47, "INFO", 73, "felix", "table.go 1018:", f'Succeeded after retry. ipVersion=0x4 table="{table}"'),
            story.say(ago - 60, "WARNING", 73, "felix", "health.go 188:", 'Reporter is not ready: timed out. name="int_dataplane"') if turn % 4 == 3 else story.say(ago - 60, "INFO", 73, "felix", "async_calc_graph.go 245:", "Flushing updates to the dataplane is taking a long time"),
            story.say(ago - 66, "INFO", 73, "felix", "summary.go 100:", f"Summarising 2 dataplane reconciliation loops over 1m{40 + turn}.2s: avg={40_118 + 311 * turn}ms longest={47_420 + 201 * turn}ms (resync-{table}-v4,update-{table}-v4)"),
        ]  # fmt: skip
    story.log(name, log)
    story.log(proxy, [
        line
        for n in range(20)
        for line in (
            f'E{story.klog(6_300 - 310 * n)}       1 proxier.go:1546] "Failed to execute iptables-restore" err=<',
            "\texit status 4: Another app is currently holding the xtables lock; still 3s 0us time ahead to have a chance to grab the lock...",
            "\tAnother app is currently holding the xtables lock. Stopped waiting after 5s.",
            " >",
            f'I{story.klog(6_300 - 310 * n)}       1 proxier.go:858] "Sync failed" retryingTime="30s"',
        )
    ])  # fmt: skip
    story.texts["telegraf-configmap.txt"] = (
        'Name:         telegraf-ds\nNamespace:    monitoring\nLabels:       app=telegraf\nAnnotations:  <none>\n\nData\n====\ntelegraf.conf:\n----\n[agent]\n  interval = "10s"\n  flush_interval = "10s"\n[[inputs.cpu]]\n[[inputs.mem]]\n[[inputs.net]]\n[[inputs.iptables]]\n  use_sudo = false\n  use_lock = true\n  table = "filter"\n  chains = ["INPUT", "FORWARD", "cali-FORWARD", "cali-INPUT"]\n[[outputs.influxdb_v2]]\n  urls = ["http://influx.monitoring:8086"]\n\nBinaryData\n====\n\nEvents:  <none>\n'
    )
    story.texts["kc-node-b.txt"] = (
        "kc-node-b$ iptables-save | wc -l\n61877\nkc-node-b$ uptime\n"
        f" {story.stamp(29)[11:19]} up 31 days,  3:08,  1 user,  load average: 0.71, 0.66, 0.70\n"
        "kc-node-b$ sudo lslocks -o COMMAND,PID,TYPE,MODE,PATH | grep xtables\niptables         771204 FLOCK WRITE /run/xtables.lock\n"
        "kc-node-b$ ps -o pid,ppid,etime,time,args -p 771204\n    PID    PPID     ELAPSED     TIME COMMAND\n 771204  640118       00:43 00:00:01 iptables -w 5 -nvL FORWARD -t filter -x\n"
        f"kc-node-b$ cat /proc/640118/cgroup | cut -d: -f3 | head -1\n/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod{agent[-5:]}b0c1.slice\n"
    )
    story.describe(me, name)
    story.commands |= {f"describe-{agent}.txt": f"describe pod -n monitoring {agent}"}
    story.affected = list(hosts)
    story.cite(f"{name}.log", "Another app is currently holding the xtables lock. Stopped waiting after 10s.")
    story.cite("kc-node-b.txt", "iptables -w 5 -nvL FORWARD")
    return story


def restore_that_waits_for_its_input(now: datetime) -> Incident:
    story = incident(
        "blocklist-job-pipes-a-download-into-iptables-restore",
        CAUSE,
        "IKS: a customer's job on the edge workers pipes a downloaded blocklist into iptables-restore; since the proxy swallows the download on one worker, iptables-restore sits in its input with the xtables lock taken, for three hours by now. Felix there panics after its retries and starts over, liveness restarts the pod, the neighbours' BGP events are echoes.",
        "https://git.netfilter.org/iptables/tree/iptables/iptables-restore.c (the lock is taken at the line of the table, kept until COMMIT)",
        now,
        platform="classic",
        calico="v3.27.5",
        kubernetes="v1.29.13+IKS",
        difficulty="medium",
    )
    nodes = story.workers([f"10.74.199.{n}" for n in (5, 9, 11)], age=9_000_000, since=8_990_000)
    edge = story.workers(["10.74.199.40", "10.74.199.43"], labels={"dedicated": "edge"}, age=9_000_000, since=8_990_000)
    bad = edge[1]
    story.agents([*nodes, edge[0]], started=1_900_000)
    name = story.agents([bad], ready=False, restarts=21, started=130, last=("Error", 137, 141))[0]
    story.typha(nodes[0], started=1_900_000)
    for i, node in enumerate(edge):
        story.other(f"blocklist-updater-{'b9'[i]}t6{'vk'[i]}x", node, namespace="edge-sec", owner="DaemonSet/blocklist-updater", app="blocklist-updater", image="uk.icr.io/edge-sec/blocklist:12", age=5_100_000, started=5_000_000)  # fmt: skip
    story.probe(name, FELIX_503, 11, 10_900, 1_050)
    story.pod_event(name, "Killing", "Container calico-node failed liveness probe, will be restarted", 142, 10_500, 21, type_="Normal")  # fmt: skip
    story.not_established(story.pods[nodes[1]], [bad], 150, 10_400, 3, established=3)
    waiting = 'errorOutput="Another app is currently holding the xtables lock; still 9s 0us time ahead to have a chance to grab the lock...\\nAnother app is currently holding the xtables lock; still 1s 0us time ahead to have a chance to grab the lock...\\nAnother app is currently holding the xtables lock. Stopped waiting after 10s.\\n"'
    log = story.boot(bad, 128, [*nodes, edge[0]], prefix=26)[:-1]
    log.append(story.say(124, "WARNING", 61, "felix", "table.go 1444:", f'Failed to execute ip(6)tables-restore command error=exit status 4 {waiting} input="*raw\\n:cali-PREROUTING - -\\n:cali-OUTPUT - -\\nCOMMIT\\n" ipVersion=0x4 output="" table="raw"'))  # fmt: skip
    for k in range(8):
        ago = 113 - 11.2 * k
        table = ("raw", "mangle", "nat", "filter")[k % 4]
        log += [
            story.say(ago, "WARNING", 61, "felix", "table.go 1080:", f'Failed to program iptables, will retry error=exit status 4 ipVersion=0x4 table="{table}"'),
            story.say(ago - 0.8, "WARNING", 61, "felix", "table.go 1083:", f'Retrying... error=exit status 4 ipVersion=0x4 table="{table}"'),
            story.say(ago - 10.9, "WARNING", 61, "felix", "table.go 1444:", f'Failed to execute ip(6)tables-restore command error=exit status 4 {waiting} input="*{table}\\nCOMMIT\\n" ipVersion=0x4 output="" table="{table}"'),
        ]  # fmt: skip
    log += [
        story.say(20.5, "ERROR", 61, "felix", "table.go 1087:", 'Failed to program iptables, loading diags before panic. error=exit status 4 ipVersion=0x4 table="raw"'),
        story.say(20.4, "PANIC", 61, "felix", "table.go 1095:", 'Failed to program iptables, giving up after retries error=exit status 4 ipVersion=0x4 table="raw"'),
        "panic: (*logrus.Entry) 0xc000340620",
        "",
        "goroutine 405 [running]:",
        "github.com/sirupsen/logrus.(*Entry).log(0xc000848c40, 0x0, {0xc000de0040, 0x42})",
        "\t/go/pkg/mod/github.com/sirupsen/logrus@v1.9.3/entry.go:260 +0x47e",
        "github.com/projectcalico/calico/felix/iptables.(*Table).Apply(0xc0006a2000)",
        "\t/go/src/github.com/projectcalico/calico/felix/iptables/table.go:1095 +0x5d1",
        story.say(19.1, "INFO", 2_071, "felix", "daemon.go 148:", 'Felix starting up GOMAXPROCS=4 builddate="2024-12-04T19:20:03+0000" gitcommit="5a6f2c1" version="v3.27.5"'),
    ]  # fmt: skip
    story.log(name, log)
    story.texts["ps-on-10.74.199.43.txt"] = (
        "/ # nsenter -t 1 -m -- ps -eo pid,ppid,stat,etime,args | grep -E 'restor[e]|block[l]ist|cur[l]'\n"
        "  90411   90377 Ss   57-21:02:11 /bin/sh /opt/blocklist/run.sh\n 611874   90411 S       03:02:44 /bin/sh /opt/blocklist/run.sh\n 611875  611874 S       03:02:44 curl -s -x http://proxy.edge.example:3128 https://lists.example.net/drop.v4.rules\n 611876   90411 S       03:02:44 iptables-restore -w -n\n"
        "/ # ls -l /proc/611876/fd\nlr-x------    1 root     root            64 0 -> pipe:[9911203]\nl-wx------    1 root     root            64 1 -> pipe:[612044]\nl-wx------    1 root     root            64 2 -> pipe:[612045]\nlr-x------    1 root     root            64 3 -> /run/xtables.lock\n"
        "/ # cat /proc/locks | head -2\n1: FLOCK  ADVISORY  WRITE 611876 00:19:1204 0 EOF\n1: -> FLOCK  ADVISORY  WRITE 700231 00:19:1204 0 EOF\n"
    )
    story.describe(bad, name)
    story.affected = [bad]
    story.cite(f"{name}.log", "Another app is currently holding the xtables lock. Stopped waiting after 10s.")
    story.cite("ps-on-10.74.199.43.txt", "iptables-restore -w -n")
    return story


def proxy_writes_for_a_minute(now: datetime) -> Incident:
    story = incident(
        "throttled-kube-proxy-writes-rules-for-a-minute",
        CAUSE,
        "A preview system made 6000 Services; kube-proxy has a CPU limit of 50m on the old pool (a forgotten patch), so its iptables-restore takes most of a minute there and keeps the xtables lock, again after each change. Felix on these two workers waits in vain ('Another app ...'), is not live for a while and restarts; on the other pool the same rules take three seconds. The worker itself is idle.",
        "https://kubernetes.io/docs/reference/networking/virtual-ips/ (performance of iptables mode) and https://github.com/kubernetes/kubernetes/issues/48107",
        now,
        platform="vpc",
        calico="v3.27.4",
        kubernetes="v1.29.8+IKS",
        difficulty="hard",
    )
    slow = story.workers(["10.243.0.12", "10.243.0.15"], labels={"ibm-cloud.kubernetes.io/worker-pool-name": "old"})
    fast = story.workers(["10.243.0.31", "10.243.0.34"], labels={"ibm-cloud.kubernetes.io/worker-pool-name": "gen3"})
    story.agents(slow, ready=False, restarts=9, started=700, last=("Error", 137, 705))
    story.agents(fast, started=1_500_000)
    story.typha(fast[0], started=1_500_000)
    story.typha(fast[1], "t6w9c", started=1_500_000)
    me = slow[0]
    limit = {"resources": {"limits": {"cpu": "50m"}, "requests": {"cpu": "25m"}}}
    for i, node in enumerate([*slow, *fast]):
        story.other(f"kube-proxy-{'7dqk'[i]}x{'2mzv'[i]}4p", node, app="kube-proxy", image="icr.io/ext/kube-proxy:v1.29.8", **({"spec": limit} if node in slow else {}))  # fmt: skip
        story.objects["Pod"][-1]["metadata"]["labels"]["k8s-app"] = "kube-proxy"
    for i, node in enumerate(slow):
        name = story.pods[node]
        story.probe(name, FELIX_503, 30 + i, 9_000, 77)
        story.pod_event(
            name, "Unhealthy", "Liveness probe failed: HTTP probe failed with statuscode: 503", 715, 8_800, 58
        )
        story.pod_event(name, "Killing", "Container calico-node failed liveness probe, will be restarted", 712, 8_300, 9, type_="Normal")  # fmt: skip
    peers = ["10.243.0.15", *fast]
    lines = story.boot(me, 698, peers, prefix=24)
    busy = 'errorOutput="Another app is currently holding the xtables lock. Stopped waiting after 10s.\\n"'
    for turn in range(5):
        ago, table = 560 - 118 * turn, ("filter", "nat", "mangle")[turn % 3]
        lines += [
            story.say(ago, "WARNING", 61, "felix", "table.go 1409:", f'Failed to execute ip(6)tables-restore command error=exit status 4 {busy} input="*{table}\\n:cali-tw-cali7a1f3de0c42 - -\\nCOMMIT\\n" ipVersion=0x4 output="" table="{table}"'),
            story.say(ago - 0.01, "WARNING", 61, "felix", "table.go 1032:", f'Failed to program iptables, will retry error=exit status 4 ipVersion=0x4 table="{table}"'),
            story.say(ago - 0.02, "INFO", 61, "felix", "table.go 1035:", f'Retrying... error=exit status 4 ipVersion=0x4 table="{table}"'),
            story.say(ago - 41, "INFO", 61, "felix", "summary.go 100:", f"Summarising 4 dataplane reconciliation loops over 1m{11 + turn}.4s: avg={11_820 + 311 * turn}ms longest={39_407 + 1_203 * turn}ms (resync-{table}-v4)"),
        ]  # fmt: skip
    story.log(story.pods[me], lines)

    def proxy(restore: str, whole: str, every: int) -> list[str]:
        made = []
        for turn in range(6):
            ago = 660 - every * turn
            made += [
                f'I{story.klog(ago)}       1 trace.go:236] Trace[{1_402_118_377 + 91_007 * turn}]: "iptables restore" ({restore}):',
                f"Trace[{1_402_118_377 + 91_007 * turn}]: [{restore.removeprefix('total time: ').replace('ms', '')[:2]}.{turn}s] [{restore.removeprefix('total time: ').replace('ms', '')[:2]}.{turn}s] END",
                f'I{story.klog(ago - 0.2)}       1 proxier.go:811] "SyncProxyRules complete" elapsed="{whole}"',
            ]  # fmt: skip
        return made

    story.log("kube-proxy-7x24p", proxy("total time: 52311ms", "1m3.812s", 118), "kube-proxy-10.243.0.12.log")
    story.log("kube-proxy-qxz4p", [f'I{story.klog(ago)}       1 proxier.go:811] "SyncProxyRules complete" elapsed="3.{91 + ago % 7}s"' for ago in (610, 492, 371, 248, 130)], "kube-proxy-10.243.0.31.log")  # fmt: skip
    story.texts["debug-10.243.0.12.txt"] = (
        f"/ # date -u; uptime; chroot /host lslocks -o COMMAND,PID,TYPE,MODE,PATH | grep -E 'COMMAND|xtables'\n{(now).strftime('%a %b %d')} {story.stamp(84)[11:19]} UTC {now.year}\n {story.stamp(84)[11:19]} up 19 days,  6:12,  0 users,  load average: 0.61, 0.58, 0.66\n"
        "COMMAND            PID TYPE  MODE  PATH\niptables-restor 811377 FLOCK WRITE /run/xtables.lock\n"
        "/ # chroot /host ps -o pid,ppid,etime,stat,args -p 811377; chroot /host ps -o pid,args -p $(chroot /host ps -o ppid= -p 811377)\n    PID    PPID     ELAPSED STAT COMMAND\n 811377    4120       00:39 R    iptables-restore -w 5 --noflush --counters\n    PID COMMAND\n   4120 /usr/local/bin/kube-proxy --config=/var/lib/kube-proxy/config.conf\n"
        "/ # cat /host/sys/fs/cgroup/kubepods.slice/kubepods-burstable.slice/*/cri-containerd-*kube-proxy*/cpu.stat | grep -E 'nr_'\nnr_periods 1206614\nnr_throttled 987201\n/ # chroot /host iptables-save | wc -l\n61388\n"
    )
    story.describe(me)
    story.commands |= {"describe-kube-proxy.txt": "describe pod -n kube-system kube-proxy-7x24p"}
    story.affected = list(slow)
    story.cite(f"{story.pods[me]}.log", "Another app is currently holding the xtables lock.")
    story.cite("debug-10.243.0.12.txt", "FLOCK WRITE /run/xtables.lock")
    return story


STORIES = [metrics_agent_lists_rules_on_a_throttled_cpu, restore_that_waits_for_its_input, proxy_writes_for_a_minute]
