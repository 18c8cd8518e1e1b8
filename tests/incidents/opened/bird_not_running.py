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


def the_program_is_an_empty_file(now: datetime) -> Incident:
    story = incident(
        "program-of-bird-is-empty-after-a-power-cut",
        CAUSE,
        "After a power cut right behind the update one host has an image layer with empty files: /usr/bin/bird is 0 bytes there. runit starts it each second, it says nothing at all: confd has written bird.cfg, yet no line of BIRD stands in the log, the socket is missing and the neighbours are refused. felix, confd and Typha work; the same image is fine on the four others.",
        "https://github.com/containerd/containerd/issues/5854",
        now,
        platform="other",
        calico="v3.25.2",
        kubernetes="v1.26.9+k3s1",
        registry="docker.io/calico",
        difficulty="hard",
        acceptable=["worker-local-failure"],
    )
    hosts = {f"shop-{n}": f"192.168.212.{10 + n}" for n in (1, 2, 3, 4, 5)}
    bad = "shop-4"
    story.hosts(
        hosts, os_image="Debian GNU/Linux 11 (bullseye)", kernel="5.10.0-25-amd64", runtime="containerd://1.7.6-k3s1.26"
    )
    story.staff({n: a for n, a in hosts.items() if n != bad}, started=11_400, age=11_430)
    name = story.staff({bad: hosts[bad]}, ready=False, started=10_310, restarts=1, age=11_200, last=("Unknown", 255, 10_330))[0]  # fmt: skip
    story.typha("shop-2", started=11_500)
    story.node_event(
        bad, "Rebooted", f"Node {bad} has been rebooted, boot id: e8a1c0fb-1f70-4d5e-b5b8-8a9b0dd0a6c1", 10_325
    )
    story.node_event(bad, "NodeNotReady", f"Node {bad} status is now: NodeNotReady", 11_050, type_="Normal", source="node-controller")  # fmt: skip
    story.node_event(bad, "NodeReady", f"Node {bad} status is now: NodeReady", 10_315, type_="Normal")
    story.probe(name, SOCKET, 7, 10_280, 343)
    peers = [a for n, a in hosts.items() if n != bad]
    boot = story.boot(bad, 10_308, peers, up=[], interface="eno1", prefix=24)
    boot = [line for line in boot if not line.startswith("bird:")]  # an empty program says nothing
    tail = [story.say(10_305.2, "INFO", 61, "felix", "sync_client.go 203:", 'Connecting to Typha. address="192.168.212.12:5473" connID=0x0 type=""'),
            story.say(10_305.1, "INFO", 61, "felix", "sync_client.go 218:", 'Connected to Typha. address="192.168.212.12:5473" connID=0x0 type=""')]  # fmt: skip
    story.log(name, [*boot[:-1], *tail, boot[-1], *story.quiet(10_200, 10_000, 62), story.say(8_200, "INFO", 60, "confd", "resource.go 278:", "Target config /etc/calico/confd/config/bird_ipam.cfg has been updated due to change in key: /calico/resources/v3/projectcalico.org/ippools"), *story.quiet(3_000, 12, 310)])  # fmt: skip
    tag = "bird: Mesh_192_168_212_14: "
    lines = [*story.quiet(11_300, 11_090, 62), *(tag + x for x in ("Error: Hold timer expired", "State changed to stop", "State changed to down", "Starting", "State changed to start")), *story.quiet(10_900, 15, 700)]  # fmt: skip
    story.log(story.pods["shop-1"], lines)
    story.texts["node-status-shop-1.txt"] = node_status(
        [("192.168.212.14", "start", story.stamp(11_080)[11:19], "Active Socket: Connection refused") if n == bad else (a, "up", story.stamp(11_300)[11:19], "Established") for n, a in hosts.items() if n != "shop-1"]
    )  # fmt: skip
    story.texts["exec.txt"] = (
        f"$ kubectl exec -n calico-system {name} -c calico-node -- sh -c 'ls -l /etc/calico/confd/config/ /usr/bin/bird /usr/bin/bird6 /usr/bin/birdcl; sv status /etc/service/enabled/*'\n"
        "-rwxr-xr-x 1 root root       0 Oct 12 21:04 /usr/bin/bird\n-rwxr-xr-x 1 root root       0 Oct 12 21:04 /usr/bin/bird6\n-rwxr-xr-x 1 root root   41216 Oct 12 21:04 /usr/bin/birdcl\n\n/etc/calico/confd/config/:\ntotal 24\n-rw-r--r-- 1 root root 3411 Nov 29 18:31 bird.cfg\n-rw-r--r-- 1 root root 1120 Nov 29 18:31 bird6.cfg\n-rw-r--r-- 1 root root  480 Nov 29 18:31 bird6_aggr.cfg\n-rw-r--r-- 1 root root  431 Nov 29 18:31 bird6_ipam.cfg\n-rw-r--r-- 1 root root  773 Nov 29 18:31 bird_aggr.cfg\n-rw-r--r-- 1 root root  866 Nov 29 19:20 bird_ipam.cfg\n"
        "run: /etc/service/enabled/allocate-tunnel-addrs: (pid 63) 10271s\nrun: /etc/service/enabled/bird: (pid 21907) 0s\nrun: /etc/service/enabled/bird6: (pid 21909) 0s\nrun: /etc/service/enabled/cni: (pid 66) 10271s\nrun: /etc/service/enabled/confd: (pid 60) 10271s\nrun: /etc/service/enabled/felix: (pid 61) 10271s\nrun: /etc/service/enabled/monitor-addresses: (pid 62) 10271s\nrun: /etc/service/enabled/node-status-reporter: (pid 65) 10271s\n\n"
        f"$ kubectl exec -n calico-system {story.pods['shop-1']} -c calico-node -- ls -l /usr/bin/bird /usr/bin/birdcl\n-rwxr-xr-x 1 root root 1998240 Oct 12 21:04 /usr/bin/bird\n-rwxr-xr-x 1 root root   41216 Oct 12 21:04 /usr/bin/birdcl\n"
    )
    cfg = (now - timedelta(seconds=10_305)).strftime("%b %d %H:%M")
    story.texts["exec.txt"] = story.texts["exec.txt"].replace("Nov 29 18:31", cfg).replace("Nov 29 19:20", (now - timedelta(seconds=8_200)).strftime("%b %d %H:%M"))  # fmt: skip
    story.describe(bad, name)
    story.affected = [bad]
    story.cite("exec.txt", "0 Oct 12 21:04 /usr/bin/bird")
    story.cite(f"describe-pod-{name}.txt", "unable to connect to BIRDv4 socket")
    return story


STORIES = [the_guard_of_the_host_kills_it, its_directory_was_removed_below_it, the_program_is_an_empty_file]
