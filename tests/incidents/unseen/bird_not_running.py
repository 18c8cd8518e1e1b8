"""bird-not-running: told without having seen the rules."""

from __future__ import annotations

from datetime import datetime, timedelta

from telling import Incident, incident, node_status

CAUSE = "bird-not-running"


def a_second_bird_of_the_host(now: datetime) -> Incident:
    story = incident(
        "another-bird-owns-the-control-socket",
        CAUSE,
        "Since bird was installed as a host package on one worker (for a monitoring trial) it answers on calico's control socket path; calico-node's BIRD ends every second with 'I found another BIRD running.', no session of that node is up.",
        "https://github.com/projectcalico/bird/blob/master/sysdep/unix/main.c",
        now,
        platform="other",
        calico="v3.25.1",
        kubernetes="v1.26.8",
        registry="docker.io/calico",
        difficulty="medium",
        acceptable=["port-conflict"],
    )
    hosts = {f"edge{n:02}": f"10.18.6.{100 + n}" for n in range(1, 5)}
    story.hosts(hosts, os_image="Ubuntu 22.04.3 LTS")
    bad = "edge03"
    story.staff({k: v for k, v in hosts.items() if k != bad}, started=900_000)
    name = story.staff({bad: hosts[bad]}, ready=False, restarts=2, started=5200, last=("Unknown", 255, 5260))[0]
    peers = [v for k, v in hosts.items() if k != bad]
    story.not_established(name, peers, 17, 5100, 170)
    story.node_event(
        bad, "Rebooted", f"Node {bad} has been rebooted, boot id: 5b0a2f9c-70e1-44f5-9a57-1d1b1d0f0e42", 5270
    )
    log = story.boot(bad, 5195, bird=False)
    log += [
        story.say(
            5192,
            "INFO",
            62,
            "confd",
            "resource.go 277:",
            "Target config /etc/calico/confd/config/bird.cfg has been updated due to change in key: /calico/bgp/v1/host",
        )
    ]
    for i in range(40):
        log.append("bird: I found another BIRD running.")
        if i % 7 == 3:
            log += story.quiet(5180 - 120 * i, 5175 - 120 * i)
    story.log(name, [*log, *story.quiet(300, 15), *["bird: I found another BIRD running."] * 9])
    story.texts["edge03-ps.txt"] = (
        "root         1041       1  0 14:31 ?        00:00:02 /usr/sbin/bird -f -s /var/run/calico/bird.ctl -c /etc/bird/probe.conf\nroot         2210    2187  0 14:31 ?        00:00:00 runsv bird\nroot         2211    2187  0 14:31 ?        00:00:11 runsv bird6\nroot         2215    2208  1 14:31 ?        00:01:33 calico-node -felix\nroot         2216    2209  0 14:31 ?        00:00:09 calico-node -confd\n"
    )
    story.describe(bad, name)
    story.affected = [bad]
    story.cite(f"{name}.log", "I found another BIRD running.")
    return story


def limit_of_its_address_space(now: datetime) -> Incident:
    story = incident(
        "bird-cannot-allocate-since-the-hardening",
        CAUSE,
        "A systemd drop-in with a limit of the address space was rolled out to one pool's runtime; BIRD there ends again and again with 'Unable to allocate 65536 bytes of memory' once the routes of the upstream routers arrive. felix and confd stay below; the hosts have memory.",
        "https://github.com/projectcalico/bird/blob/master/lib/xmalloc.c",
        now,
        platform="other",
        calico="v3.23.5",
        kubernetes="v1.24.17",
        registry="quay.io/calico",
        difficulty="hard",
    )
    good = {f"pool1-{n}": f"10.160.8.{10 + n}" for n in (1, 2)}
    bad = {f"pool2-{n}": f"10.160.8.{20 + n}" for n in (1, 2)}
    story.hosts(good | bad, os_image="Red Hat Enterprise Linux 8.8 (Ootpa)", kernel="4.18.0-477.27.1.el8_8.x86_64")
    story.staff(good, started=1_200_000)
    names = story.staff(bad, ready=False, restarts=6, started=260, last=("Error", 137, 300), age=40_000)
    for name in names:
        story.probe(
            name,
            "BIRD is not ready: Error querying BIRD: unable to connect to BIRDv4 socket: dial unix /var/run/calico/bird.ctl: connect: connection refused",
            12,
            9000,
            240,
        )
        story.pod_event(
            name,
            "Unhealthy",
            "Liveness probe failed: calico/node is not ready: bird/confd is not live: Service bird is not running. Output << down: /etc/service/enabled/bird: 0s, normally up, want up >>",
            310,
            8800,
            36,
        )
        story.pod_event(
            name,
            "Killing",
            "Container calico-node failed liveness probe, will be restarted",
            330,
            8700,
            6,
            type_="Normal",
        )
    log = story.boot("pool2-1", 258, bird=False)
    start = [
        f"bird: {x}"
        for x in (
            "device1: Initializing",
            "direct1: Initializing",
            "Global_10_160_8_1: Initializing",
            "device1: Starting",
            "device1: Connected to table master",
            "device1: State changed to feed",
            "direct1: Starting",
            "direct1: Connected to table master",
            "direct1: State changed to feed",
            "Global_10_160_8_1: Starting",
            "Global_10_160_8_1: State changed to start",
            "Graceful restart started",
            "Started",
            "device1: State changed to up",
            "direct1: State changed to up",
            "Global_10_160_8_1: Connected to table master",
            "Global_10_160_8_1: State changed to feed",
            "Unable to allocate 65536 bytes of memory",
        )
    ]
    for i in range(6):
        log += [*start, *story.quiet(240 - 36 * i, 230 - 36 * i)]
    story.log(names[0], log)
    story.texts["pool2-1-limits.txt"] = (
        "[root@pool2-1 ~]# cat /etc/systemd/system/containerd.service.d/50-hardening.conf\n[Service]\nLimitAS=134217728\nLimitCORE=0\n[root@pool2-1 ~]# free -m\n              total        used        free      shared  buff/cache   available\nMem:          64166       11021       38810         212       14334       52203\nSwap:             0           0           0\n"
    )
    story.describe("pool2-1", names[0])
    story.affected = list(bad)
    story.cite(f"{names[0]}.log", "Unable to allocate 65536 bytes of memory")
    return story


def somebody_stopped_the_service(now: datetime) -> Incident:
    story = incident(
        "sv-stop-bird-and-nobody-started-it-again",
        CAUSE,
        "IKS VPC: during a test somebody ran `sv stop bird` inside one worker's calico-node. BIRD shut down in order and stays down (runit does not want it up), the neighbours had an administrative shutdown and are refused since; felix and confd go on, the container is not restarted.",
        "https://github.com/projectcalico/calico/issues/9638",
        now,
        platform="vpc",
        calico="v3.27.5",
        kubernetes="v1.30.10+IKS",
        difficulty="easy",
    )
    nodes = story.workers([f"10.248.3.{n}" for n in (7, 8, 15, 16, 19)])
    bad = nodes[2]
    story.agents([n for n in nodes if n != bad], started=1_700_000)
    name = story.agents([bad], ready=False, started=1_700_000)[0]
    story.probe(
        name,
        "BIRD is not ready: Error querying BIRD: unable to connect to BIRDv4 socket: dial unix /var/run/calico/bird.ctl: connect: no such file or directory",
        21, 18_200, 607,
    )  # fmt: skip
    story.typha(nodes[0])
    peers = [n for n in nodes if n != bad]
    sessions = [f"bird: Mesh_{p.replace('.', '_')}" for p in peers]
    log = story.quiet(19_400, 18_400, 240)
    log += [
        "bird: Shutting down",
        "bird: device1: Shutting down",
        "bird: device1: State changed to flush",
        "bird: direct1: Shutting down",
        "bird: direct1: State changed to flush",
    ]
    log += [line for s in sessions for line in (f"{s}: Shutting down", f"{s}: State changed to stop")]
    log += ["bird: device1: State changed to down", "bird: direct1: State changed to down"]
    log += [f"{s}: State changed to down" for s in sessions]
    log += ["bird: Shutdown completed", *story.quiet(18_100, 9, 1200)]
    story.log(name, log)
    story.texts["exec-in-the-pod.txt"] = (
        f"$ kubectl exec -n calico-system {name} -c calico-node -- sv status /etc/service/enabled/bird /etc/service/enabled/bird6 /etc/service/enabled/confd /etc/service/enabled/felix\n"
        "down: /etc/service/enabled/bird: 18217s, normally up\nrun: /etc/service/enabled/bird6: (pid 71) 1700004s\nrun: /etc/service/enabled/confd: (pid 69) 1700004s\nrun: /etc/service/enabled/felix: (pid 66) 1700004s\n"
        f"$ kubectl exec -n calico-system {name} -c calico-node -- birdcl -s /var/run/calico/bird.ctl show protocols\nUnable to connect to server control socket (/var/run/calico/bird.ctl): No such file or directory\ncommand terminated with exit code 1\n"
    )
    neighbour = nodes[3]
    story.texts[f"node-status-{neighbour}.txt"] = node_status(
        [
            (
                n,
                "start" if n == bad else "up",
                story.stamp(18_217)[11:19] if n == bad else story.stamp(1_699_000)[:10],
                "Active Socket: Connection refused" if n == bad else "Established",
            )
            for n in nodes
            if n != neighbour
        ]
    )
    story.describe(bad)
    story.affected = [bad]
    story.cite("exec-in-the-pod.txt", "down: /etc/service/enabled/bird: 18217s, normally up")
    return story


def bird_was_left_stopped_by_a_debugger(now: datetime) -> Incident:
    story = incident(
        "bird-accepts-and-never-answers",
        CAUSE,
        "On one host a support tool attached to BIRD to take a core and left it in state T (stopped). The socket is there, the probe's read times out, birdcl hangs; all neighbours lost the session by their hold timers. The host has nothing to do otherwise.",
        "https://github.com/projectcalico/calico/issues/7472",
        now,
        platform="other",
        calico="v3.21.5",
        kubernetes="v1.22.13",
        namespace="kube-system",
        registry="docker.io/calico",
        difficulty="hard",
        acceptable=["worker-local-failure"],
    )
    hosts = {f"cas-{x}": f"10.68.14.{n}" for x, n in zip("1234", (33, 34, 35, 36), strict=True)}
    story.hosts(
        hosts,
        os_image="Debian GNU/Linux 11 (bullseye)",
        kernel="5.10.0-18-amd64",
        runtime="containerd://1.6.8",
        age=3_900_000,
        since=3_890_000,
    )
    bad = "cas-2"
    story.staff({k: v for k, v in hosts.items() if k != bad}, started=3_300_000)
    name = story.staff({bad: hosts[bad]}, ready=False, started=3_300_000)[0]
    story.probe(
        name,
        "BIRD is not ready: Error executing command: read unix @->/var/run/calico/bird.ctl: i/o timeout",
        13,
        5080,
        169,
    )
    log = story.quiet(6000, 12, 190)
    story.log(name, log)
    other = "cas-4"
    session = f"bird: Mesh_{hosts[bad].replace('.', '_')}"
    steps = (
        "Error: Hold timer expired",
        "State changed to stop",
        "State changed to down",
        "Starting",
        "State changed to start",
    )
    story.log(
        story.pods[other],
        [*story.quiet(6000, 4950, 200), *[f"{session}: {x}" for x in steps], *story.quiet(4800, 20, 420)],
    )
    story.texts["cas-2.txt"] = (
        "root@cas-2:~# uptime\n "
        + story.stamp(240)[11:19]
        + " up 38 days,  4:51,  1 user,  load average: 0.21, 0.24, 0.20\n"
        "root@cas-2:~# ps -eo pid,stat,pcpu,etimes,wchan:14,args | grep -E 'bird|confd|felix' | grep -v grep\n"
        "   3120 Ss    0.0 3300004 -              runsv bird\n   3121 Ss    0.0 3300004 -              runsv bird6\n   3133 Tl    0.0 3300003 do_signal_stop bird -R -s /var/run/calico/bird.ctl -d -c /etc/calico/confd/config/bird.cfg\n"
        "   3134 S     0.0 3300003 poll_schedule_ bird6 -R -s /var/run/calico/bird6.ctl -d -c /etc/calico/confd/config/bird6.cfg\n   3126 Sl    1.4 3300004 -              calico-node -felix\n   3128 Sl    0.2 3300004 -              calico-node -confd\n"
        f"root@cas-2:~# timeout 10 nerdctl -n k8s.io exec {name[-5:]} birdcl -s /var/run/calico/bird.ctl show status; echo rc=$?\nrc=124\n"
    )
    story.describe(bad, name)
    story.affected = [bad]
    story.cite("cas-2.txt", "do_signal_stop bird -R -s /var/run/calico/bird.ctl")
    return story


# told on 29 November 2026 without having seen the rules
def socket_was_cleaned_away(now: datetime) -> Incident:
    story = incident(
        "clean-up-job-took-the-control-socket",
        CAUSE,
        "A nightly clean-up of old files below /run removed BIRD's control socket on two hosts: the probe finds no bird.ctl since the job's hour, though BIRD runs for weeks, every session is up on both ends and pods talk. The socket is unusable until BIRD is restarted.",
        "https://github.com/projectcalico/calicoctl/issues/1123",
        now,
        platform="other",
        calico="v3.23.3",
        kubernetes="v1.24.6",
        namespace="kube-system",
        registry="docker.io/calico",
        difficulty="hard",
    )
    hosts = {f"brno-{n}": f"10.140.9.{40 + n}" for n in (1, 2, 3, 4)}
    story.hosts(
        hosts,
        os_image="Debian GNU/Linux 11 (bullseye)",
        kernel="5.10.0-18-amd64",
        runtime="containerd://1.6.8",
        age=3_900_000,
        since=3_890_000,
    )
    bad = ["brno-2", "brno-4"]
    began = 3_700_000
    story.staff({k: v for k, v in hosts.items() if k not in bad}, started=began, age=began + 60)
    names = story.staff({k: hosts[k] for k in bad}, ready=False, started=began, age=began + 60)
    since = 21_400
    for name in names:
        story.probe(
            name,
            "BIRD is not ready: Error querying BIRD: unable to connect to BIRDv4 socket: dial unix /var/run/calico/bird.ctl: connect: no such file or directory",
            14,
            since,
            713,
        )
    log = story.quiet(since + 2_400, 12, 620)
    story.log(names[0], log)
    other = "brno-1"
    story.texts["calicoctl-node-status-brno-1.txt"] = node_status(
        [(v, "up", story.stamp(began - 30)[:10], "Established") for k, v in hosts.items() if k != other]
    )
    story.texts["brno-2-shell.txt"] = (
        f"root@brno-2:~# date -u\n{(now - timedelta(seconds=310)).strftime('%a %d %b %Y %I:%M:%S %p UTC')}\n"
        "root@brno-2:~# ls -la /var/run/calico/\ntotal 0\n"
        f"drwxr-xr-x  3 root root   60 {(now - timedelta(seconds=since)).strftime('%b %d %H:%M')} .\n"
        f"drwxr-xr-x 31 root root 1020 {(now - timedelta(seconds=3100)).strftime('%b %d %H:%M')} ..\n"
        f"dr-xr-xr-x  5 root root    0 {(now - timedelta(seconds=began)).strftime('%b %d %H:%M')} cgroup\n"
        "root@brno-2:~# ps -eo pid,etime,args | grep '[b]ird -R'\n"
        "   4188 42-19:46:11 bird -R -s /var/run/calico/bird.ctl -d -c /etc/calico/confd/config/bird.cfg\n"
        "root@brno-2:~# ss -tnp | grep ':179 '\n"
        + "".join(
            f'ESTAB 0      0      10.140.9.42:179      {v}:{38211 + 17 * i}  users:(("bird",pid=4188,fd={9 + i}))\n'
            for i, (k, v) in enumerate(hosts.items())
            if k != "brno-2"
        )
        + "root@brno-2:~# ip route | grep -c 'proto bird'\n9\n"
        f"root@brno-2:~# cat /etc/cron.d/tidy-run\n# ansible: keep tmpfs small\n{(now - timedelta(seconds=since)).strftime('%-M %-H')} * * * root find /run -xdev \\( -type f -o -type s \\) -mtime +30 -delete\n"
    )
    story.commands = {
        "nodes.txt": "get nodes -o wide",
        "pods.txt": "get pods -n kube-system -o wide",
        "describe-calico-node-brno-2.txt": f"describe pod -n kube-system {names[0]}",
        "describe-calico-node-brno-4.txt": f"describe pod -n kube-system {names[1]}",
    }
    story.affected = bad
    story.cite("describe-calico-node-brno-2.txt", "bird.ctl: connect: no such file or directory")
    return story


def host_profile_confines_it(now: datetime) -> Incident:
    story = incident(
        "apparmor-profile-of-the-host-forbids-netlink",
        CAUSE,
        "A hardening package brought an AppArmor profile for /usr/bin/bird to two of five workers; since their reboot calico-node's BIRD may not open its netlink socket there and ends each second. felix and confd are well, the rest of the mesh just misses the two.",
        "https://github.com/projectcalico/bird/blob/master/sysdep/linux/netlink.c",
        now,
        platform="other",
        calico="v3.28.1",
        kubernetes="v1.30.4",
        registry="quay.io/calico",
        difficulty="easy",
    )
    hosts = {f"turku-w{n}": f"10.18.200.{10 + n}" for n in range(1, 6)}
    bad = ["turku-w4", "turku-w5"]
    story.hosts(hosts, os_image="Ubuntu 22.04.4 LTS", kernel="5.15.0-119-generic", runtime="containerd://1.7.20")
    story.staff({k: v for k, v in hosts.items() if k not in bad}, started=1_600_000)
    names = story.staff(
        {k: hosts[k] for k in bad}, ready=False, restarts=1, started=6_900, last=("Unknown", 255, 6_990)
    )
    for node, name in zip(bad, names, strict=True):
        story.probe(
            name,
            "BIRD is not ready: Error querying BIRD: unable to connect to BIRDv4 socket: dial unix /var/run/calico/bird.ctl: connect: connection refused",
            21,
            6_850,
            231,
        )
        story.node_event(
            node,
            "Rebooted",
            f"Node {node} has been rebooted, boot id: 7d0e51c2-44be-4a1c-8f07-{'5' * 11}{node[-1]}",
            7_010,
        )
    me = bad[0]
    log = story.boot(me, 6_895, bird=False, interface="ens3", prefix=24)
    log.append(
        story.say(
            6_892,
            "INFO",
            60,
            "confd",
            "resource.go 273:",
            "Target config /etc/calico/confd/config/bird.cfg has been updated due to change in key: /calico/bgp/v1/host",
        )
    )
    for turn in range(14):
        log += ["bird: Unable to open rtnetlink socket: Permission denied"] * 4
        log += story.quiet(6_800 - 480 * turn, 6_740 - 480 * turn, 61)
    story.log(names[0], log)
    story.texts["turku-w4-journal-kernel.txt"] = "".join(
        f'{story.syslog(6_884 - 1.02 * i)} turku-w4 kernel: audit: type=1400 audit({now.timestamp() - 6_884 + 1.02 * i:.3f}:{118 + i}): apparmor="DENIED" operation="create" class="net" profile="/usr/bin/bird" pid={2711 + 9 * i} comm="bird" family="netlink" sock_type="raw" protocol=0 requested_mask="create" denied_mask="create"\n'
        for i in range(12)
    )
    story.texts["calicoctl-turku-w1.txt"] = node_status(
        [
            (
                v,
                "start" if k in bad else "up",
                story.stamp(7_030)[11:19] if k in bad else story.stamp(1_599_900)[:10],
                "Connect Socket: Connection refused" if k in bad else "Established",
            )
            for k, v in hosts.items()
            if k != "turku-w1"
        ]
    )
    story.describe(me, names[0])
    story.affected = bad
    story.cite(f"{names[0]}.log", "Unable to open rtnetlink socket: Permission denied")
    return story


STORIES = [
    a_second_bird_of_the_host,
    limit_of_its_address_space,
    somebody_stopped_the_service,
    bird_was_left_stopped_by_a_debugger,
    socket_was_cleaned_away,
    host_profile_confines_it,
]
