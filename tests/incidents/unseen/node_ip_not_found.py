"""node-ip-not-found: told without having seen the rules."""

from __future__ import annotations

from datetime import datetime

from telling import SOCKET, Incident, incident

CAUSE = "node-ip-not-found"


def can_reach_of_the_other_family(now: datetime) -> Incident:
    story = incident(
        "can-reach-an-address-of-ipv6",
        CAUSE,
        "The detection method is can-reach with the IPv6 address by which the second host was joined; an IPv4 address cannot be found that way, so calico-node of that host ends at each start. The first host kept its old address.",
        "https://github.com/canonical/microk8s/issues/3804",
        now,
        platform="other",
        calico="v3.23.3",
        kubernetes="v1.26.1",
        registry="docker.io/calico",
        namespace="kube-system",
        difficulty="easy",
        acceptable=["invalid-calico-config"],
    )
    story.hosts({"once": "10.64.200.11"})
    story.hosts({"doce": "10.64.200.12"}, age=7000)
    env = {
        "env": [
            {"name": "IP", "value": "autodetect"},
            {"name": "IP_AUTODETECTION_METHOD", "value": "can-reach=2001:db8:242:3ce9::2"},
        ]
    }
    story.staff({"once": "10.64.200.11"}, spec=env, restarts=1, started=500_000, last=("Unknown", 255, 500_030))
    name = story.staff(
        {"doce": "10.64.200.12"},
        ready=False,
        restarts=25,
        waiting="CrashLoopBackOff",
        last=("Error", 1, 150),
        age=6900,
        spec=env,
    )[0]
    story.probe(name, SOCKET, 152, 6800, 41)
    story.pod_event(name, "BackOff", "Back-off restarting failed container", 12, 6800, 488)
    lines = story.boot("doce", 152)[:8]
    lines += [
        story.say(
            151.2,
            "WARNING",
            9,
            "startup",
            "autodetection_methods.go 140:",
            "Unable to auto-detect IPv4 address by connecting to 2001:db8:242:3ce9::2: dial udp4: address 2001:db8:242:3ce9::2: no suitable address found",
        ),
        story.say(
            151.2,
            "WARNING",
            9,
            "startup",
            "startup.go 505:",
            "Couldn't autodetect an IPv4 address. If auto-detecting, choose a different autodetection method. Otherwise provide an explicit address.",
        ),
        story.say(
            151.2, "INFO", 9, "startup", "startup.go 389:", 'Clearing out-of-date IPv4 address from this node IP=""'
        ),
        story.say(151.1, "WARNING", 9, "startup", "utils.go 49:", "Terminating"),
        "Calico node failed to start",
    ]
    story.log(name, lines)
    story.describe("doce")
    story.affected = ["doce"]
    story.cite(f"{name}.log", "Couldn't autodetect an IPv4 address")
    return story


STORIES = [can_reach_of_the_other_family]
