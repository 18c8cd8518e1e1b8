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


def network_manager_wants_dhcp(now: datetime) -> Incident:
    story = incident(
        "network-manager-connects-cali-interfaces",
        CAUSE,
        "After the hosts were moved to Fedora 34 NetworkManager tries 'Wired connection 3' on the cali interfaces and takes their routes away each time its DHCP fails; pods of these hosts lose the network now and then, calico-node is ready all the time.",
        "https://github.com/poseidon/typhoon/pull/1007",
        now,
        platform="other",
        calico="v3.19.1",
        kubernetes="v1.21.2",
        registry="quay.io/calico",
        namespace="kube-system",
        difficulty="medium",
    )
    hosts = {f"node{n}.lab.example": f"10.0.42.{n}" for n in (21, 22, 23)}
    bad = ["node22.lab.example", "node23.lab.example"]
    story.hosts(
        {k: v for k, v in hosts.items() if k not in bad},
        os_image="Fedora CoreOS 33.20210412.3.0",
        kernel="5.10.19-200.fc33.x86_64",
    )
    story.hosts({k: hosts[k] for k in bad}, os_image="Fedora CoreOS 34.20210529.3.0", kernel="5.12.7-300.fc34.x86_64")
    story.staff(hosts, started=500_000)
    for node in bad:
        pod = story.other(
            "web-" + node[4:6] + "-6d4cf56db6-w7h2k",
            node,
            f"10.2.{node[4:6]}.14",
            namespace="default",
            owner="ReplicaSet/web",
            restarts=31,
            started=200,
            last=("Error", 137, 205),
        )
        story.pod_event(
            pod,
            "Unhealthy",
            f'Liveness probe failed: Get "http://10.2.{node[4:6]}.14:8080/": dial tcp 10.2.{node[4:6]}.14:8080: connect: no route to host',
            230,
            60_000,
            140,
            namespace="default",
        )
    node = "node22.lab.example"
    says = []
    for n in range(9):
        ago = 1900 - 200 * n
        says += [
            (
                ago,
                "<info>  [1624612.1124] device (cali1a81d481534): state change: disconnected -> prepare (reason 'none', sys-iface-state: 'managed')",
            ),
            (
                ago,
                "<info>  [1624612.1190] dhcp4 (cali1a81d481534): activation: beginning transaction (timeout in 45 seconds)",
            ),
            (ago - 45, "<warn>  [1624657.0021] dhcp4 (cali1a81d481534): request timed out"),
            (
                ago - 45,
                "<info>  [1624657.0034] device (cali1a81d481534): state change: ip-config -> failed (reason 'ip-config-unavailable', sys-iface-state: 'managed')",
            ),
            (
                ago - 45,
                "<warn>  [1624657.0041] device (cali1a81d481534): Activation: failed for connection 'Wired connection 3'",
            ),
        ]
    story.texts["journal-NetworkManager-node22.txt"] = "".join(
        f"{story.syslog(ago)} node22 NetworkManager[1021]: {text}\n" for ago, text in says
    )
    story.texts["nmcli-node22.txt"] = (
        'cali1a81d481534: connecting (getting IP configuration) to Wired connection 3\n        "cali1a81d481534"\n        ethernet (veth), EE:EE:EE:EE:EE:EE, sw, mtu 1480\n\ntunl0: unmanaged\n        "tunl0"\n        iptunnel (ipip), 00:00:00:00, sw, mtu 1480\n'
    )
    log = []
    for n in range(9):
        ago = 1855 - 200 * n
        log += story.quiet(ago + 120, ago + 10, 60)
        log.append(
            story.say(
                ago - 1,
                "INFO",
                61,
                "felix",
                "route_table.go 718:",
                'Syncing routes: adding new route. ifaceName="cali1a81d481534" ifaceRegex="^cali.*" ipVersion=0x4 targetCIDR=10.2.22.14/32',
            )
        )
    story.log(story.pods[node], log)
    story.describe(node)
    story.commands["events.txt"] = "get events -A"
    story.events()
    story.affected = bad
    story.cite("nmcli-node22.txt", "cali1a81d481534: connecting (getting IP configuration)")
    return story


STORIES = [networkd_restarted, network_manager_wants_dhcp]
