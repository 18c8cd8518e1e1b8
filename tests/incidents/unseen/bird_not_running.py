"""bird-not-running: told without having seen the rules."""

from __future__ import annotations

from datetime import datetime

from telling import Incident, incident

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


STORIES = [a_second_bird_of_the_host, limit_of_its_address_space]
