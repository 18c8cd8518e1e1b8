"""bird-not-running: told without having seen the rules, then opened."""

from __future__ import annotations

from datetime import datetime, timedelta

from cluster import container
from telling import SOCKET, Incident, bird_start, incident, node_status

CAUSE = "bird-not-running"
REFUSED = "BIRD is not ready: Error querying BIRD: unable to connect to BIRDv4 socket: dial unix /var/run/calico/bird.ctl: connect: connection refused"


def the_guard_of_the_host_kills_it(now: datetime) -> Incident:
    story = incident(
        "endpoint-guard-kills-bird-within-a-second",
        CAUSE,
        "On the two hosts where the security team switched its endpoint agent from detection to prevention the agent kills /usr/bin/bird (a process that writes routes) as soon as it runs. runit starts it again each second: the log repeats BIRD's start without its end, no session comes up, the socket file is stale. felix and confd are left alone; the four hosts in detection mode are fine.",
        "https://github.com/projectcalico/calico/pull/7556 (BIRD that is started and does not answer)",
        now,
        platform="other",
        calico="v3.26.3",
        kubernetes="v1.27.9",
        registry="quay.io/calico",
        difficulty="hard",
    )
    hosts = {f"vkb-app{n:02}": f"10.91.14.{20 + n}" for n in range(1, 7)}
    bad = ["vkb-app03", "vkb-app06"]
    story.hosts(
        hosts,
        age=12_000_000,
        os_image="Red Hat Enterprise Linux 8.9 (Ootpa)",
        kernel="4.18.0-513.9.1.el8_9.x86_64",
        runtime="containerd://1.6.26",
    )
    story.staff({k: v for k, v in hosts.items() if k not in bad}, started=2_600_000, age=2_600_030)
    names = story.staff({k: v for k, v in hosts.items() if k in bad}, ready=False, started=2_600_000, age=2_600_030)
    for n, name in enumerate(names):
        story.probe(name, REFUSED, 12 + n, 10_080 - 15 * n, 336)
    me = bad[0]
    peers = [a for k, a in hosts.items() if k != me]
    start = [x for x in bird_start(peers, ()) if x != "bird: Graceful restart done"]
    log = []
    for n in range(9):  # --since=9s
        log += start
        if n == 4:
            log += story.quiet(9 - n, 8.5 - n)
    story.log(names[0], log)
    gone = "bird: Mesh_10_91_14_23: "
    witness = story.pods["vkb-app01"]
    story.log(
        witness,
        [
            *story.quiet(11_500, 10_200, 420),
            *(gone + x for x in ("State changed to stop", "State changed to down", "Starting", "State changed to start")),
            *story.quiet(10_000, 20, 900),
        ],
    )  # fmt: skip
    story.texts[f"{me}.journal.txt"] = "".join(
        f"{story.syslog(at)} {me} {text}\n"
        for at, text in (
            (
                10_112,
                "sentrynx[1377]: policy update applied: profile=linux-servers mode=prevention (was detection) revision=418",
            ),
            *(
                (10_104 - n * 1.05, text)
                for n in range(12)
                for text in (
                    f'sentrynx[1377]: PREVENT pid={2_914_008 + 3 * n} exe=/usr/bin/bird parent=runsv cgroup=cri-containerd rule=LNX-0231 "unsigned binary modifies routing table" action=SIGKILL',
                )
            ),
            (10_090, "sentrynx[1377]: PREVENT rule=LNX-0231: further events of this rule are counted only"),
            (6_490, "sentrynx[1377]: PREVENT rule=LNX-0231 exe=/usr/bin/bird count=3437 in the last 3600s"),
            (2_890, "sentrynx[1377]: PREVENT rule=LNX-0231 exe=/usr/bin/bird count=3441 in the last 3600s"),
        )
    )
    story.texts["node-status-vkb-app01.txt"] = node_status(
        [
            (a, "start", story.stamp(10_100)[11:19], "Active Socket: Connection refused")
            if k in bad
            else (a, "up", story.stamp(2_599_000)[:10], "Established")
            for k, a in hosts.items()
            if k != "vkb-app01"
        ]
    )
    story.describe(me)
    story.affected = bad
    story.cite(f"{me}.journal.txt", "exe=/usr/bin/bird")
    story.cite(f"describe-pod-{names[0]}.txt", "bird.ctl: connect: connection refused")
    return story


def its_directory_was_removed_below_it(now: datetime) -> Incident:
    story = incident(
        "directory-of-the-socket-was-tidied-away",
        CAUSE,
        "On one host a tidy-up removed /run/calico below the running calico-node; nothing happened until an engineer restarted BIRD by hand an hour ago: since then it cannot create its control socket (No such file or directory), ends and is started again each second. felix is live and the container is never restarted; restarting the other pods did not help.",
        "https://github.com/projectcalico/bird/blob/master/sysdep/unix/main.c (cli_init_unix)",
        now,
        platform="other",
        calico="v3.24.6",
        kubernetes="v1.25.13",
        namespace="kube-system",
        registry="docker.io/calico",
        difficulty="easy",
    )
    hosts = {"lib-k1": "192.168.77.11", "lib-k2": "192.168.77.12", "lib-k3": "192.168.77.13"}
    bad = "lib-k2"
    story.hosts(hosts, age=18_000_000, os_image="Debian GNU/Linux 11 (bullseye)", kernel="5.10.0-25-amd64", runtime="containerd://1.6.20")  # fmt: skip
    init = [container(story, "install-cni", "docker.io/calico/cni:v3.24.6", done=True, started=2_910)]
    fresh = {k: v for k, v in hosts.items() if k != bad}
    story.staff(fresh, started=2_900, age=2_930, init=init)
    name = story.staff({bad: hosts[bad]}, ready=False, started=5_100_000, age=5_100_020)[0]
    story.probe(name, SOCKET, 14, 3_690, 123)
    for n, node in enumerate(fresh):
        story.not_established(story.pods[node], [hosts[bad]], 2_872 - n, 2_886 - n, 2, established=1)
    log = story.quiet(6_400, 3_725, 310)
    peers = list(fresh.values())
    log += [f"bird: Mesh_{p.replace('.', '_')}: {x}" for p in peers for x in ("Shutting down", "State changed to stop", "State changed to down")]  # fmt: skip
    log += ["bird: device1: Shutting down", "bird: device1: State changed to flush", "bird: direct1: Shutting down", "bird: direct1: State changed to flush", "bird: device1: State changed to down", "bird: direct1: State changed to down", "bird: Shutdown completed"]  # fmt: skip
    ends = "bird: Cannot create control socket /var/run/calico/bird.ctl: No such file or directory"
    log += [ends] * 44 + story.quiet(3_676, 3_670) + [ends] * 12
    log += ["[... an hour of this line each second cut out, else the file is too large for the ticket ...]"]
    log += [ends] * 21 + story.quiet(39, 38) + [ends] * 19
    story.log(name, log)
    story.texts["lib-k2-shell.txt"] = (
        "root@lib-k2:~# ls -ld /run/calico\nls: cannot access '/run/calico': No such file or directory\n"
        f"root@lib-k2:~# HISTTIMEFORMAT='%F %T ' history | tail -5\n  811  {now - timedelta(seconds=451_200):%F %T} rm -rf /run/flannel /run/calico /run/weave\n  812  {now - timedelta(seconds=451_170):%F %T} df -h /run\n  813  {now - timedelta(seconds=3_720):%F %T} kubectl -n kube-system exec {name} -c calico-node -- sv restart bird\n  814  {now - timedelta(seconds=3_000):%F %T} kubectl -n kube-system get pods -l k8s-app=calico-node\n  815  {now - timedelta(seconds=60):%F %T} history\n"
    )
    story.describe(bad, name)
    story.affected = [bad]
    story.cite(f"{name}.log", "Cannot create control socket /var/run/calico/bird.ctl: No such file or directory")
    return story


STORIES = [the_guard_of_the_host_kills_it, its_directory_was_removed_below_it]
