"""interfaces-conflict: told without having seen the rules."""

from __future__ import annotations

from datetime import datetime

from telling import Incident, incident

CAUSE = "interfaces-conflict"


def networkd_restarted(now: datetime) -> Incident:
    story = incident(
        "unattended-upgrade-restarts-networkd",
        CAUSE,
        "An unattended upgrade of systemd restarts systemd-networkd on two nodes; it deletes the routes that it did not make, so each pod's established connections break and felix has to add its routes again.",
        "https://github.com/projectcalico/calico/issues/4779",
        now,
        platform="other",
        calico="v3.18.3",
        kubernetes="v1.20.8",
        registry="docker.io/calico",
        namespace="kube-system",
        difficulty="hard",
    )
    hosts = {f"ip-10-31-{n}-17.eu-west-2.compute.internal": f"10.31.{n}.17" for n in (4, 5, 6, 7)}
    pods = {
        "10.31.5.17": (20, ("cali8e02c1f77d4", "cali3b9f0a6512c")),
        "10.31.6.17": (88, ("cali51de90b7aa2", "calif04c6de1188")),
    }
    bad = list(hosts)[1:3]
    story.hosts(hosts, os_image="Ubuntu 20.04.2 LTS", kernel="5.4.0-1045-aws", runtime="docker://19.3.14")
    story.staff(hosts, started=900_000)
    for node, at in zip(bad, (5200, 4860), strict=True):
        name, address = story.pods[node], hosts[node]
        net, calis = pods[address]
        peers = [a for n, a in hosts.items() if n != node]
        lines = story.quiet(at + 900, at + 20, 124)
        for n, cali in enumerate(calis):
            text = f'Syncing routes: adding new route. ifaceName="{cali}" ifaceRegex="^cali.*" ipVersion=0x4 targetCIDR=100.96.{net}.{7 + n}/32'
            lines.append(story.say(at - 42 - 0.01 * n, "INFO", 61, "felix", "route_table.go 718:", text))
        lines += [
            "bird: Netlink: Network is down",
            f"bird: Mesh_{peers[0].replace('.', '_')}: Error: Hold timer expired",
        ]
        lines += [
            f"bird: Mesh_{peers[0].replace('.', '_')}: State changed to {s}"
            for s in ("stop", "down", "start", "feed", "up")
        ]
        story.log(name, lines + story.quiet(at - 60, 40, 310))
        host = node.split(".")[0]
        says = [
            (31, "systemd[1]: Starting Daily apt upgrade and clean activities..."),
            (8, "systemd[1]: Reexecuting."),
            (4, "systemd[1]: Stopping Network Service..."),
            (4, "systemd[1]: systemd-networkd.service: Succeeded."),
            (4, "systemd[1]: Stopped Network Service."),
            (4, "systemd[1]: Starting Network Service..."),
            *((3, f"systemd-networkd[2291044]: {cali}: Link UP") for cali in calis),
            *((3, f"systemd-networkd[2291044]: {cali}: Gained carrier") for cali in calis),
            (3, "systemd-networkd[2291044]: Enumeration completed"),
            (3, "systemd[1]: Started Network Service."),
            (3, f"systemd-networkd[2291044]: ens5: DHCPv4 address {address}/24 via 10.31.{address.split('.')[2]}.1"),
            (-40, "systemd[1]: apt-daily-upgrade.service: Succeeded."),
        ]
        story.texts[f"syslog-{address}.txt"] = "".join(f"{story.syslog(at + d)} {host} {text}\n" for d, text in says)
        story.texts[f"ip-monitor-{address}.txt"] = "# ip -ts monitor route\n" + "".join(
            f"[{story.stamp(at + 3).replace(' ', 'T')}] Deleted 100.96.{net}.{7 + n} dev {cali} scope link \n"
            for n, cali in enumerate(calis)
        )
        story.describe(node)
    story.texts["ticket.txt"] = (
        "Since this morning our apps on two nodes lost their connections to redis; new pods on these nodes work.\n"
        "It has happened before, always on days with security updates. We recorded 'ip monitor' this time.\n"
    )
    story.affected = bad
    story.cite("ip-monitor-10.31.5.17.txt", "Deleted 100.96.20.7 dev cali8e02c1f77d4 scope link")
    story.cite("syslog-10.31.5.17.txt", "Starting Network Service")
    return story


STORIES = [networkd_restarted]
