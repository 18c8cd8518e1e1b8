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


STORIES = [a_second_bird_of_the_host]
