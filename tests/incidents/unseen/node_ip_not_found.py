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


def team_device_has_another_name(now: datetime) -> Incident:
    story = incident(
        "regexes-know-no-team-device",
        CAUSE,
        "The cards of one master were put together to team0; the detection method knows only eth.*|en.*|em.*, whose devices have no address any more: calico-node of this master ends at each start.",
        "https://github.com/projectcalico/calico/issues/2965#issuecomment-693244041",
        now,
        platform="other",
        calico="v3.13.3",
        kubernetes="v1.17.11",
        registry="docker.io/calico",
        namespace="kube-system",
        difficulty="medium",
        acceptable=["invalid-calico-config"],
    )
    hosts = {f"k8s-master0{n}": f"192.168.176.{n}0" for n in (1, 2, 3)}
    bad = "k8s-master03"
    story.hosts(hosts, os_image="CentOS Linux 7 (Core)", kernel="3.10.0-1127.el7.x86_64", runtime="docker://19.3.12")
    env = {
        "env": [
            {"name": "IP", "value": "autodetect"},
            {"name": "IP_AUTODETECTION_METHOD", "value": "interface=eth.*|en.*|em.*"},
        ]
    }
    story.staff({k: v for k, v in hosts.items() if k != bad}, spec=env, started=1_600_000)
    name = story.staff(
        {bad: hosts[bad]}, ready=False, restarts=19, waiting="CrashLoopBackOff", last=("Error", 1, 33), spec=env
    )[0]
    story.probe(name, SOCKET.replace("/var/run/calico/", "/var/run/bird/"), 35, 4700, 41)
    story.pod_event(name, "BackOff", "Back-off restarting failed container", 11, 4700, 303)
    lines = story.old_boot(bad, 34)[:9]
    lines += [
        story.line(
            33.6,
            "WARNING",
            10,
            "startup.go 594:",
            "Unable to auto-detect an IPv4 address using interface regexes [eth.*|en.*|em.*]: no valid host interfaces found",
        ),
        story.line(
            33.6,
            "WARNING",
            10,
            "startup.go 404:",
            "Couldn't autodetect an IPv4 address. If auto-detecting, choose a different autodetection method. Otherwise provide an explicit address.",
        ),
        story.line(
            33.6,
            "INFO",
            10,
            "startup.go 210:",
            f'Clearing out-of-date IPv4 address from this node IP="{hosts[bad]}/24"',
        ),
        story.line(33.5, "WARNING", 10, "startup.go 1057:", "Terminating"),
        "Calico node failed to start",
    ]
    story.log(name, lines)
    story.texts["ip-a-master03.txt"] = (
        "2: enp1s0f0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc mq master team0 state UP group default qlen 1000\n    link/ether 02:42:aa:10:00:31 brd ff:ff:ff:ff:ff:ff\n"
        f"6: team0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP group default qlen 1000\n    inet {hosts[bad]}/24 brd 192.168.176.255 scope global noprefixroute team0\n"
    )
    other = story.pods["k8s-master01"]
    story.log(
        other,
        [
            *story.quiet(5600, 4760, 200),
            "bird: Mesh_192_168_176_30: Received: Administrative shutdown",
            "bird: Mesh_192_168_176_30: State changed to stop",
            "bird: Mesh_192_168_176_30: State changed to down",
            *story.quiet(4700, 20, 500),
        ],
    )
    story.describe(bad)
    story.affected = [bad]
    story.cite(f"{name}.log", "no valid host interfaces found")
    return story


STORIES = [can_reach_of_the_other_family, team_device_has_another_name]
