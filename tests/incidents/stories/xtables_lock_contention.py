"""xtables-lock-contention: another program holds the xtables lock and iptables programming stalls."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from telling import Incident, incident

HELD = "Another app is currently holding the xtables lock"


def refused(story: Incident, ago: float, pid: int, table: str, words: str, place: str = "table.go 1409:") -> list[str]:
    """felix's three lines when iptables-restore gives up on the lock."""
    fields = f'error=exit status 4 errorOutput="{words}" input="*{table}\\n:cali-PREROUTING - -\\nCOMMIT\\n" ipVersion=0x4 output="" table="{table}"'
    rest = f'error=exit status 4 ipVersion=0x4 table="{table}"'
    return [
        story.say(ago, "WARNING", pid, "felix", place, f"Failed to execute ip(6)tables-restore command {fields}"),
        story.say(
            ago - 0.02, "WARNING", pid, "felix", "table.go 1032:", f"Failed to program iptables, will retry {rest}"
        ),
        story.say(ago - 0.05, "WARNING", pid, "felix", "table.go 1035:", f"Retrying... {rest}"),
    ]


def klog(story: Incident, ago: float, level: str, where: str, text: str) -> str:
    """A line of kube-proxy or the kubelet."""
    day, clock = story.stamp(ago).split(" ")
    return f"{level}{day[5:7]}{day[8:]} {clock}412       1 {where}] {text}"


def canal_with_flannel(now: datetime) -> Incident:
    story = incident(
        "canal-three-programs-on-iptables", "xtables-lock-contention",
        "Felix exits again and again because iptables-restore never gets the xtables lock: flannel and kube-proxy on this host "
        "hold it all the time.",
        "https://github.com/projectcalico/calico/issues/2179", now, difficulty="easy", platform="other", calico="v3.8.2",
        kubernetes="v1.14.6", namespace="kube-system", registry="rancher/calico",
    )  # fmt: skip
    hosts = {f"rke-wk-{n}": f"192.168.77.{20 + n}" for n in (1, 2, 3, 4)}
    story.hosts(hosts, kernel="3.10.0-1062.el7.x86_64", os_image="CentOS Linux 7 (Core)", runtime="docker://18.9.8")
    bad = "rke-wk-3"
    story.staff({name: at for name, at in hosts.items() if name != bad})
    name = story.staff({bad: hosts[bad]}, ready=False, restarts=14, started=250, last=("Error", 137, 251))[0]
    text = "Get http://localhost:9099/readiness: dial tcp 127.0.0.1:9099: connect: connection refused"
    story.pod_event(name, "Unhealthy", f"Readiness probe failed: {text}", 20, 7400, 122)
    story.pod_event(
        name, "Killing", "Container calico-node failed liveness probe, will be restarted", 255, 7000, 14, type_="Normal"
    )
    log = story.old_boot(bad, 250, bird=False)
    for turn in range(4):
        began, pid = 240 - 55 * turn, 61 + 90 * turn
        tables = ("nat", "mangle", "filter", "raw")
        for i, table in enumerate(tables):
            log += refused(
                story, began - 10 * i, pid, table, f"{HELD}. Perhaps you want to use the -w option?\\n", "table.go 966:"
            )
        rest = f'error=exit status 4 ipVersion=0x4 table="{tables[turn]}"'
        log.append(
            story.say(
                began - 41,
                "ERROR",
                pid,
                "felix",
                "table.go 778:",
                f"Failed to program iptables, loading diags before panic. {rest}",
            )
        )
        log.append(
            story.say(
                began - 42,
                "PANIC",
                pid,
                "felix",
                "table.go 786:",
                f"Failed to program iptables, giving up after retries {rest}",
            )
        )
        log += ["panic: (*logrus.Entry) (0x176a4e0,0xc0003a60f0)", "", "goroutine 210 [running]:",
                "github.com/projectcalico/felix/vendor/github.com/sirupsen/logrus.Entry.log(0xc0000500a0, 0xc0004a2bd0, 0x0)"]  # fmt: skip
        log.append(
            story.say(began - 44, "INFO", pid + 90, "felix", "logutils.go 82:", "Early screen log level set to info")
        )
    story.log(name, log)
    flannel = [klog(story, 240 - 5 * n, "E", "iptables.go:115", f"Failed to ensure iptables rules: Error checking rule existence: failed to check rule existence: running [/sbin/iptables -t nat -C POSTROUTING -s 10.42.0.0/16 -d 10.42.0.0/16 -j RETURN --wait]: exit status 4: {HELD}.") for n in range(9)]  # fmt: skip
    story.texts["kube-flannel.log"] = "\n".join(flannel) + "\n"
    story.describe(bad)
    story.affected = [bad]
    story.cite(f"{name}.log", "Perhaps you want to use the -w option")
    return story


def only_kube_proxy_says_it(now: datetime) -> Incident:
    story = incident(
        "policy-controller-beside-felix", "xtables-lock-contention",
        "kube-proxy says that somebody holds the xtables lock; felix, which waits for the same lock, needs half a minute for each "
        "loop and fails its liveness probe.",
        "https://github.com/cloudnativelabs/kube-router/issues/1057", now, difficulty="hard", platform="other", calico="v3.19.1",
        kubernetes="v1.19.7", namespace="kube-system", registry="docker.io/calico",
    )  # fmt: skip
    hosts = {f"aks-pool1-3187{n}": f"10.240.0.{4 + n}" for n in range(5)}
    story.hosts(hosts, kernel="5.4.0-1043-azure", os_image="Ubuntu 18.04.5 LTS", runtime="containerd://1.4.4")
    bad = "aks-pool1-31872"
    pods = story.staff({name: at for name, at in hosts.items() if name != bad}, started=1_500_000)
    name = story.staff({bad: hosts[bad]}, restarts=6, started=1500, last=("Error", 137, 1502))[0]
    for i, host in enumerate(hosts):
        story.other(f"kube-proxy-{'vwxz9'[i]}4t7k", host, app="kube-proxy", image="mcr.example.com/kube-proxy:v1.19.7")
        story.other(
            f"kube-router-{'bcdfg'[i]}2m8q",
            host,
            app="kube-router",
            image="cloudnativelabs/kube-router:v1.2.1",
            age=90_000,
        )
    story.pod_event(
        name,
        "Unhealthy",
        "Liveness probe failed: calico/node is not ready: Felix is not live: liveness probe reporting 503",
        700,
        9000,
        41,
    )
    story.pod_event(
        name,
        "Unhealthy",
        "Readiness probe failed: calico/node is not ready: felix is not ready: readiness probe reporting 503",
        640,
        9000,
        57,
    )
    log = story.boot(bad, 1500, bird=False)
    for turn in range(14):
        ago = 1400 - 100 * turn
        log.append(story.say(ago, "INFO", 61, "felix", "summary.go 100:", f"Summarising {2 + turn % 2} dataplane reconciliation loops over 1m{20 + turn}.4s: avg={21000 + 391 * turn}ms longest={30114 + 77 * turn}ms (resync-filter-v4,resync-nat-v4)"))  # fmt: skip
        if turn in (3, 7, 11):
            log.append(
                story.say(ago - 12, "WARNING", 61, "felix", "health.go 85:", 'Report timed out name="int_dataplane"')
            )
            log.append(
                story.say(
                    ago - 12.1, "INFO", 61, "felix", "health.go 336:", 'Reporter is not live. name="int_dataplane"'
                )
            )
    story.log(name, log)
    lines = [klog(story, 2000 - 45 * n, "I", "proxier.go:826", "Syncing iptables rules") for n in range(8)]
    for n in range(11):
        lines.append(
            klog(
                story,
                1600 - 130 * n,
                "E",
                "proxier.go:1580",
                f"Failed to execute iptables-restore: exit status 4 ({HELD}. Stopped waiting after 5s.",
            )
        )
        lines.append(klog(story, 1599 - 130 * n, "I", "proxier.go:830", "Sync failed; retrying in 30s"))
    story.texts["kube-proxy-d4t7k.log"] = "\n".join(lines) + "\n"
    story.log(pods[0], [*story.boot("aks-pool1-31870", 1_500_000, bird=False)[:12], *story.quiet(1300, 100)])
    story.describe(bad)
    story.affected = [bad]
    story.cite("kube-proxy-d4t7k.log", HELD)
    return story


def hung_iptables(now: datetime) -> Incident:
    story = incident(
        "canary-check-exit-status-4", "xtables-lock-contention",
        "The kubelet's journal of this worker shows for hours that the xtables lock is held; an iptables process of a traffic "
        "scanner hangs. BGP is fine.",
        "https://github.com/kubernetes/kubernetes/issues/107482", now, difficulty="medium", platform="classic", calico="v3.26.4",
        kubernetes="v1.27.11+IKS", namespace="kube-system",
    )  # fmt: skip
    nodes = story.workers([f"10.74.201.{n}" for n in (130, 133, 141, 146, 150, 162)])
    bad = nodes[3]
    story.agents([n for n in nodes if n != bad])
    name = story.agents([bad], restarts=3, started=3000, last=("Error", 137, 3010))[0]
    peers = [n for n in nodes if n != bad]
    story.not_established(name, peers[:1], 2975, 2990, 2, established=4)
    story.pod_event(
        name,
        "Unhealthy",
        "Liveness probe failed: calico/node is not ready: Felix is not live: liveness probe reporting 503",
        90,
        11000,
        33,
    )
    log = [*story.boot(bad, 3000, peers), *story.quiet(2900, 2500)]
    words = f"{HELD}; still 9s 0us time ahead to have a chance to grab the lock...\\n{HELD}; still 1s 0us time ahead to have a chance to grab the lock...\\n{HELD}. Stopped waiting after 10s.\\n"
    for turn in range(6):
        log += refused(story, 2400 - 380 * turn, 61, ("filter", "nat", "mangle")[turn % 3], words)
    story.log(name, log)
    day = (now).strftime("%b %d")
    journal = []
    for n in range(20):
        clock = story.stamp(3000 - 140 * n).split(" ")[1][:8]
        text = f'E{story.stamp(3000 - 140 * n)[5:7]}{story.stamp(3000 - 140 * n)[8:10]} {clock}.402118    1187 iptables.go:577] "Could not set up iptables canary" err=<'
        journal += [f"{day} {clock} kube-worker-146 kubelet[1187]: {text}",
                    f"{day} {clock} kube-worker-146 kubelet[1187]:         error creating chain \"KUBE-KUBELET-CANARY\": exit status 4: {HELD}; still 4s 100000us time ahead to have a chance to grab the lock...",
                    f"{day} {clock} kube-worker-146 kubelet[1187]:  >"]  # fmt: skip
    story.texts["kubelet-journal.txt"] = "\n".join(journal) + "\n"
    story.describe(bad)
    story.affected = [bad]
    story.cite(f"{name}.log", "Stopped waiting after 10s")
    story.cite("kubelet-journal.txt", HELD)
    return story


def _processes(rows: Sequence[str]) -> str:
    return "UID          PID    PPID  C STIME TTY          TIME CMD\n" + "\n".join(rows) + "\n"


def felix_lock_timeout(now: datetime) -> Incident:
    story = incident(
        "endpoint-protection-lists-rules-forever", "xtables-lock-contention",
        "Felix panics because it does not get the iptables lock within its own limit; the process list shows the security agent's "
        "`iptables -L`, which has held it for two days.",
        "felix/iptables/lock.go", now, difficulty="medium", platform="roks", calico="v3.23.5", kubernetes="v1.24.16+d6a3f4f",
    )  # fmt: skip
    nodes = story.workers([f"172.26.8.{n}" for n in (5, 6, 7)], os_image="Red Hat Enterprise Linux 8.8 (Ootpa)", kernel="4.18.0-477.27.1.el8_8.x86_64", runtime="cri-o://1.24.6")  # fmt: skip
    bad = nodes[1]
    story.agents([nodes[0], nodes[2]])
    name = story.agents([bad], ready=False, restarts=88, started=70, last=("Error", 137, 75))[0]
    text = 'calico/node is not ready: felix is not ready: Get "http://localhost:9099/readiness": dial tcp 127.0.0.1:9099: connect: connection refused'
    story.pod_event(name, "Unhealthy", f"Readiness probe failed: {text}", 8, 170_000, 1044)
    story.pod_event(name, "BackOff", "Back-off restarting failed container", 500, 160_000, 340)
    log = story.boot(bad, 70, [nodes[0], nodes[2]])[:-1]
    for turn in range(5):
        ago, pid = 66 - 13 * turn, 61 + 77 * turn
        log.append(
            story.say(
                ago,
                "INFO",
                pid,
                "felix",
                "feature_detect.go 242:",
                "Updating detected iptables features features=iptables.Features{SNATFullyRandom:false, MASQFullyRandom:false, RestoreSupportsLock:false, ChecksumOffloadBroken:true, IPIPDeviceIsL3:false} iptablesVersion=1.4.21 kernelVersion=4.18.0-477",
            )
        )
        log.append(
            story.say(
                ago - 10,
                "PANIC",
                pid,
                "felix",
                "lock.go 97:",
                "Failed to acquire iptables lock error=Timed out waiting for iptables 1.6 lock",
            )
        )
        log += ["panic: (*logrus.Entry) 0xc0002f6150", "", f"goroutine {180 + turn} [running]:",
                "github.com/sirupsen/logrus.(*Entry).log(0xc0003000e0, 0x0, {0xc000b1a1e0, 0x1f})",
                "\t/go/pkg/mod/github.com/projectcalico/logrus@v1.0.4-calico/entry.go:128 +0x57e"]  # fmt: skip
    story.log(name, log)
    story.texts["ps-ef.txt"] = _processes([
        "root           1       0  0 Nov12 ?        00:09:11 /usr/lib/systemd/systemd --switched-root --system",
        "root        1402       1  2 Nov12 ?        07:20:33 /usr/bin/kubelet --config=/etc/kubernetes/kubelet.conf",
        "root        2210       1  0 Nov12 ?        00:41:02 /opt/sentryd/bin/sentryd --foreground",
        "root     3391822    2210 99 Nov21 ?        1-23:02:18 /usr/sbin/iptables -w -L -v",
        "root     3398800    9021  0 05:11 ?        00:00:00 /usr/sbin/iptables-restore --noflush --counters -w 5",
    ])  # fmt: skip
    story.describe(bad)
    story.affected = [bad]
    story.cite(f"{name}.log", "Failed to acquire iptables lock")
    return story


def thousands_of_services(now: datetime) -> Incident:
    story = incident(
        "kube-proxy-syncs-twelve-thousand-services", "xtables-lock-contention",
        "kube-proxy needs the xtables lock for most of each minute because of its rules' number; felix gives up waiting for it on "
        "every host.",
        "https://github.com/kubernetes/kubernetes/issues/48107", now, difficulty="easy", platform="other", calico="v3.17.3",
        kubernetes="v1.18.17", namespace="kube-system", registry="quay.io/calico",
    )  # fmt: skip
    hosts = {f"big-{n:03}": f"10.122.4.{n}" for n in (17, 18, 44, 61)}
    story.hosts(hosts, kernel="4.15.0-140-generic", os_image="Ubuntu 18.04.5 LTS", runtime="docker://19.3.15")
    pods = story.staff(hosts, started=50_000)
    for name in pods:
        story.pod_event(
            name,
            "Unhealthy",
            "Readiness probe failed: calico/node is not ready: felix is not ready: readiness probe reporting 503",
            200,
            40_000,
            88,
        )
    log = [
        *story.boot("big-018", 50_000, [at for name, at in hosts.items() if name != "big-018"])[-15:],
        *story.quiet(2000, 1600),
    ]
    for turn in range(9):
        log += refused(
            story,
            1500 - 160 * turn,
            61,
            ("nat", "filter", "mangle")[turn % 3],
            f"{HELD}. Stopped waiting after 10s.\\n",
        )
    story.log(pods[1], log)
    proxy = [
        klog(
            story,
            1490 - 140 * n,
            "I",
            "trace.go:116",
            f'Trace[{1298498081 + n}]: "iptables restore" (started: {story.stamp(1530 - 140 * n)}) (total time: {31 + n}.2s): Trace[{1298498081 + n}]: [{31 + n}.2s] [{31 + n}.2s] END',
        )
        for n in range(10)
    ]
    story.texts["kube-proxy-big-018.log"] = "\n".join(proxy) + "\n"
    story.commands = {
        "pods.txt": "get pods -n kube-system -o wide",
        f"describe-{pods[1]}.txt": f"describe pod -n kube-system {pods[1]}",
    }
    story.affected = list(hosts)
    story.cite(f"{pods[1]}.log", "Stopped waiting after 10s")
    return story


def fail2ban(now: datetime) -> Incident:
    story = incident(
        "fail2ban-bans-thousands",
        "xtables-lock-contention",
        "fail2ban on two hosts bans addresses all day with one iptables call each; felix' restores wait for the lock ('waiting for it to exit') and give up, so its readiness goes.",
        "netfilter iptables xshared.c (Another app is currently holding the xtables lock; waiting)",
        now,
        difficulty="medium",
        platform="other",
        calico="v3.16.10",
        kubernetes="v1.19.16",
        namespace="kube-system",
        registry="quay.io/calico",
    )
    hosts = {f"dmz-{n}": f"203.0.113.{n}" for n in (11, 12, 13, 14)}
    bad = ["dmz-11", "dmz-13"]
    story.hosts(hosts, kernel="4.19.0-20-amd64", os_image="Debian GNU/Linux 10 (buster)", runtime="docker://19.3.15")
    story.staff({k: v for k, v in hosts.items() if k not in bad})
    pods = story.staff({k: hosts[k] for k in bad}, ready=False, restarts=5, started=2400, last=("Error", 137, 2404))
    for name in pods:
        story.pod_event(
            name,
            "Unhealthy",
            "Readiness probe failed: calico/node is not ready: felix is not ready: readiness probe reporting 503",
            20,
            20_000,
            310,
        )
    log = [*story.boot("dmz-11", 2400, [v for k, v in hosts.items() if k != "dmz-11"]), *story.quiet(2300, 1900)]
    for turn in range(8):
        log += refused(
            story,
            1800 - 210 * turn,
            61,
            ("filter", "nat")[turn % 2],
            f"{HELD}; waiting (1s) for it to exit...\\n{HELD}; waiting (2s) for it to exit...\\n{HELD}. Stopped waiting after 10s.\\n",
            "table.go 1155:",
        )
    story.log(pods[0], log)
    story.log(
        "fail2ban",
        [
            f"{story.stamp(1900 - 31 * n).replace('.', ',')} fail2ban.actions        [911]: NOTICE  [sshd] {'Ban' if n % 3 else 'Unban'} 198.51.100.{3 + n * 7 % 240}"
            for n in range(45)
        ],
        "fail2ban-dmz-11.log",
    )
    story.describe("dmz-11", pods[0])
    story.affected = bad
    story.cite(f"{pods[0]}.log", HELD)
    return story


def portmap_plugin(now: datetime) -> Incident:
    story = incident(
        "portmap-plugin-misses-the-lock",
        "xtables-lock-contention",
        "New pods on one host fail because the portmap plugin gets no xtables lock (exit status 4), and felix there says the same; an inspection tool holds it.",
        "https://github.com/containernetworking/plugins (portmap), netfilter xtables lock",
        now,
        difficulty="easy",
        platform="other",
        calico="v3.22.1",
        kubernetes="v1.23.5",
        namespace="kube-system",
        registry="docker.io/calico",
    )
    hosts = {f"pod-host-{c}": f"10.33.7.{70 + i}" for i, c in enumerate("abcde")}
    bad = "pod-host-c"
    story.hosts(hosts)
    pods = story.staff(hosts, started=400_000)
    for i in range(3):
        app = story.other(
            f"game-server-{i}7k2q-x8vm{i}",
            bad,
            namespace="games",
            owner=f"ReplicaSet/game-server-{i}7k2q",
            ready=False,
            phase="Pending",
            waiting="ContainerCreating",
            age=1500,
        )
        story.pod_event(
            app,
            "FailedCreatePodSandBox",
            f'Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup network for sandbox "8a{i}f": plugin type="portmap" failed (add): unable to create chain CNI-HOSTPORT-SETMARK: running [/usr/sbin/iptables -t nat -C CNI-HOSTPORT-SETMARK -m comment --comment CNI portfwd masquerade mark -j MARK --set-xmark 0x2000/0x2000 --wait]: exit status 4: {HELD}.',
            13 + i,
            1490,
            60,
            namespace="games",
        )
        story.commands[f"describe-game-{i}.txt"] = f"describe pod -n games {app}"
    log = story.boot(bad, 400_000, [v for k, v in hosts.items() if k != bad])[-8:]
    for turn in range(5):
        log += [
            *story.quiet(1500 - 280 * turn, 1400 - 280 * turn),
            *refused(story, 1380 - 280 * turn, 61, "nat", f"{HELD}. Stopped waiting after 10s.\\n", "table.go 1321:"),
        ]
    story.log(pods[2], log)
    story.describe(bad, pods[2])
    story.affected = [bad]
    story.cite("describe-game-0.txt", HELD)
    return story


def lock_file_held(now: datetime) -> Incident:
    story = incident(
        "lslocks-names-the-holder",
        "xtables-lock-contention",
        "Felix only says that its loops take a minute on one worker and its reporter times out; the list of locks shows who holds /run/xtables.lock: a network-statistics agent's iptables. CPU is idle.",
        "felix/iptables/lock.go; util-linux lslocks",
        now,
        difficulty="hard",
        platform="vpc",
        calico="v3.28.4",
        kubernetes="v1.30.12+IKS",
        acceptable=["worker-starved"],
    )
    nodes = story.workers([f"10.247.70.{n}" for n in (5, 6, 9, 11, 20, 21, 24)])
    bad = nodes[4]
    story.agents([n for n in nodes if n != bad])
    name = story.agents([bad], restarts=11, started=1800, last=("Error", 137, 1810))[0]
    story.other(
        "netstat-agent-7k2xq",
        bad,
        namespace="monitoring",
        app="netstat-agent",
        image="registry.example.com/netstat-agent:0.9",
        age=40_000,
    )
    story.pod_event(
        name,
        "Unhealthy",
        "Liveness probe failed: calico/node is not ready: Felix is not live: liveness probe reporting 503",
        1830,
        38_000,
        66,
    )
    story.not_established(name, nodes[:2], 1770, 1795, 2, established=4)
    log = story.boot(bad, 1800, [n for n in nodes if n != bad])
    for n in range(13):
        ago = 1700 - 125 * n
        log.append(
            story.say(
                ago,
                "INFO",
                61,
                "felix",
                "summary.go 100:",
                f"Summarising 1 dataplane reconciliation loops over 1m{4 + n}.2s: avg={58111 + 101 * n}ms longest={58111 + 101 * n}ms (resync-filter-v4,resync-mangle-v4,resync-nat-v4,resync-raw-v4)",
            )
        )
        if n % 4 == 1:
            log.append(
                story.say(
                    ago - 5,
                    "WARNING",
                    61,
                    "felix",
                    "health.go 211:",
                    'Reporter failed readiness checks name="InternalDataplaneMainLoop" reporter-state=&health.reporterState{name:"InternalDataplaneMainLoop", timeout:90000000000}',
                )
            )
    story.log(name, log)
    story.texts["lslocks.txt"] = (
        "\n".join(
            [
                "COMMAND            PID  TYPE SIZE MODE  M START END PATH",
                "containerd         912 FLOCK 128K WRITE 0     0   0 /var/data/containerd/io.containerd.metadata.v1.bolt/meta.db",
                "iptables        771204 FLOCK   0B WRITE 0     0   0 /run/xtables.lock",
                "iptables-restor 802117 FLOCK   0B WRITE* 0     0   0 /run/xtables.lock",
                "cron               801 FLOCK   4B WRITE 0     0   0 /run/crond.pid",
                "",
                "$ ps -o pid,ppid,etime,args -p 771204",
                "    PID    PPID     ELAPSED COMMAND",
                " 771204  770118    10:41:07 /usr/sbin/iptables -L -n -v -x",
            ]
        )
        + "\n"
    )
    story.texts["uptime.txt"] = (
        f" {story.stamp(9)[11:19]} up 20 days,  1:14,  1 user,  load average: 0.41, 0.38, 0.35\n"
    )
    story.describe(bad)
    story.affected = [bad]
    story.cite("lslocks.txt", "/run/xtables.lock")
    return story


def dockerd_and_felix(now: datetime) -> Incident:
    story = incident(
        "dockerd-programming-failed-same-lock",
        "xtables-lock-contention",
        "dockerd's journal says that it cannot program iptables as another app holds the xtables lock; felix of the same host is slow and its probes fail, BGP events of its neighbours are from its restarts.",
        "https://github.com/moby/moby (iptables failed: Another app is currently holding the xtables lock)",
        now,
        difficulty="hard",
        platform="other",
        calico="v3.11.3",
        kubernetes="v1.16.15",
        namespace="kube-system",
        registry="calico",
    )
    hosts = {f"ci-{n:02}": f"192.168.60.{n}" for n in (41, 42, 43, 44, 45, 46)}
    bad = "ci-44"
    story.hosts(hosts, kernel="4.15.0-112-generic", os_image="Ubuntu 18.04.5 LTS", runtime="docker://18.9.9")
    others = story.staff({k: v for k, v in hosts.items() if k != bad})
    name = story.staff({bad: hosts[bad]}, ready=False, restarts=9, started=700, last=("Error", 137, 704))[0]
    story.not_established(others[0], [hosts[bad]], 690, 9000, 21, established=4)
    story.pod_event(
        name,
        "Unhealthy",
        "Liveness probe failed: calico/node is not ready: Felix is not live: liveness probe reporting 503",
        705,
        9000,
        54,
    )
    log = story.old_boot(bad, 700, [v for k, v in hosts.items() if k != bad])
    for n in range(8):
        log += [
            story.line(
                640 - 75 * n,
                "INFO",
                61,
                "int_dataplane.go 705:",
                f"Finished applying updates to dataplane. msecToApply={31044 + 771 * n}.8",
            ),
            story.line(635 - 75 * n, "WARNING", 61, "health.go 150:", 'Reporter is not live. name="int_dataplane"')
            if n % 3 == 2
            else story.line(634 - 75 * n, "INFO", 61, "int_dataplane.go 690:", "Applying dataplane updates"),
        ]
    story.log(name, log)
    lines = []
    for n in range(14):
        lines += [
            f'{story.syslog(2000 - 130 * n)} ci-44 dockerd[1204]: time="{story.ago(2000 - 130 * n)}" level=warning msg="Failed to allocate and map port 80-80: (iptables failed: iptables --wait -t nat -A DOCKER -p tcp -d 0/0 --dport 3{n:02}41 -j DNAT --to-destination 172.17.0.{2 + n}:80 ! -i docker0: {HELD}; still {9 - n % 9}s 0us time ahead to have a chance to grab the lock...\\n (exit status 4))"',
            f'{story.syslog(1990 - 130 * n)} ci-44 dockerd[1204]: time="{story.ago(1990 - 130 * n)}" level=info msg="ignoring event" module=libcontainerd namespace=moby topic=/tasks/delete type="*events.TaskDelete"',
        ]
    story.log("docker", lines, "journal-docker-ci-44.txt")
    story.describe(bad, name)
    story.commands[f"describe-{others[0]}.txt"] = f"describe pod -n kube-system {others[0]}"
    story.affected = [bad]
    story.cite("journal-docker-ci-44.txt", HELD)
    return story


STORIES = [
    canal_with_flannel,
    thousands_of_services,
    hung_iptables,
    felix_lock_timeout,
    only_kube_proxy_says_it,
    portmap_plugin,
    fail2ban,
    lock_file_held,
    dockerd_and_felix,
]
