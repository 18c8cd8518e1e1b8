"""wrong-node-ip: told without having seen the rules."""

from __future__ import annotations

from datetime import datetime

from telling import Incident, incident, node_status

CAUSE = "wrong-node-ip"


def virtual_address_of_keepalived(now: datetime) -> Incident:
    story = incident(
        "keepalived-address-became-the-nodes-address",
        CAUSE,
        "Detection by cidr=192.168.200.0/24 took keepalived's virtual address .59 on the master that held it; when the address moved to another master, the first still announced it: its peers talk to the wrong machine and reset the sessions.",
        "https://github.com/projectcalico/calico/issues/5094",
        now,
        platform="other",
        calico="v3.19.1",
        kubernetes="v1.21.3",
        registry="docker.io/calico",
        namespace="kube-system",
        difficulty="hard",
        acceptable=["duplicate-node-identity"],
    )
    hosts = {"cp-1": "192.168.200.51", "cp-2": "192.168.200.52", "cp-3": "192.168.200.53", "wk-1": "192.168.200.61"}
    bad = "cp-1"
    story.hosts(hosts, os_image="CentOS Linux 7 (Core)", kernel="3.10.0-1160.el7.x86_64", runtime="docker://20.10.7")
    next(o for o in story.objects["Node"] if o["metadata"]["name"] == bad)["metadata"]["annotations"][
        "projectcalico.org/IPv4Address"
    ] = "192.168.200.59/32"
    env = {
        "env": [
            {"name": "IP", "value": "autodetect"},
            {"name": "IP_AUTODETECTION_METHOD", "value": "cidr=192.168.200.0/24"},
        ]
    }
    story.staff({k: v for k, v in hosts.items() if k != bad}, spec=env, started=700_000)
    name = story.staff(
        {bad: hosts[bad]}, spec=env, ready=False, restarts=1, started=30_000, last=("Unknown", 255, 30_040)
    )[0]
    peers = [a for n, a in hosts.items() if n != bad]
    story.not_established(name, peers, 9, 5400, 520)
    lines = story.boot(bad, 30_000, peers, peers, address="192.168.200.59", prefix=32) + story.quiet(29_900, 5600, 2500)
    for peer in peers:
        session = f"bird: Mesh_{peer.replace('.', '_')}"
        lines += [
            f"{session}: Error: Hold timer expired",
            *(f"{session}: State changed to {s}" for s in ("stop", "down", "start")),
        ]
        lines += [f"{session}: Socket error: bind: Cannot assign requested address"]
    lines += [
        story.say(
            5400 - 600 * n,
            "WARNING",
            64,
            "monitor-addresses",
            "startup.go 774:",
            "Unable to confirm IPv4 address 192.168.200.59 is assigned to this host",
        )
        for n in range(8)
    ]
    story.log(name, lines + story.quiet(900, 20, 280))
    story.describe(bad)
    story.texts["node-status-cp-2.txt"] = node_status(
        [
            ("192.168.200.59", "start", "09:14:02", "Connect Socket: Connection reset by peer"),
            ("192.168.200.53", "up", "2026-11-15", "Established"),
            ("192.168.200.61", "up", "2026-11-15", "Established"),
        ]
    )
    story.log(
        story.pods["wk-1"],
        [
            *story.quiet(7000, 5300, 400),
            "bird: BGP: Unexpected connect from unknown address 192.168.200.51 (port 44127)",
            "bird: BGP: Unexpected connect from unknown address 192.168.200.51 (port 51833)",
            *story.quiet(5000, 9, 400),
        ],
    )
    story.affected = [bad]
    story.cite(f"{name}.log", "Using autodetected IPv4 address on interface eth0: 192.168.200.59/32")
    return story


def port_channel_of_a_switch(now: datetime) -> Incident:
    story = incident(
        "switch-takes-its-port-channel",
        CAUSE,
        "The new worker is a switch with many data ports; first-found took PortChannel0004 (10.0.0.62/31) in place of eth0, on which the kubelet and the API live. Nobody can open BGP to 10.0.0.62, and this node none to the others.",
        "https://github.com/projectcalico/calicoctl/issues/2108",
        now,
        platform="other",
        calico="v3.10.3",
        kubernetes="v1.17.2",
        registry="docker.io/calico",
        namespace="kube-system",
        difficulty="medium",
    )
    hosts = {"str-renuka-01": "10.33.157.24", "str-renuka-02": "10.33.157.25"}
    bad = "str-s6000-acs-13"
    story.hosts(hosts, runtime="docker://18.9.8")
    story.hosts(
        {bad: "10.33.147.253"},
        age=5200,
        os_image="Debian GNU/Linux 9 (stretch)",
        kernel="4.9.0-11-2-amd64",
        runtime="docker://18.9.8",
    )
    story.objects["Node"][-1]["metadata"]["annotations"]["projectcalico.org/IPv4Address"] = "10.0.0.62/31"
    story.staff(hosts)
    name = story.staff({bad: "10.33.147.253"}, ready=False, started=5000, age=5100)[0]
    peers = list(hosts.values())
    story.not_established(name, peers, 7, 4950, 490)
    story.log(
        name,
        story.old_boot(bad, 5000, peers, (), interface="PortChannel0004", address="10.0.0.62", prefix=31)
        + story.quiet(4900, 12, 500),
    )
    story.recreated(story.pods["str-renuka-01"], ["10.0.0.62"], 4600, 1)
    story.log(
        story.pods["str-renuka-01"],
        story.old_boot("str-renuka-01", 4630, ["10.33.157.25", "10.0.0.62"], ["10.33.157.25"], prefix=24)
        + story.quiet(4500, 9, 600),
    )
    story.describe(bad)
    story.commands["describe-pod-renuka-01.txt"] = f"describe pod -n kube-system {story.pods['str-renuka-01']}"
    story.affected = [bad]
    story.cite(f"{name}.log", "Using autodetected IPv4 address on interface PortChannel0004: 10.0.0.62/31")
    return story


STORIES = [virtual_address_of_keepalived, port_channel_of_a_switch]
