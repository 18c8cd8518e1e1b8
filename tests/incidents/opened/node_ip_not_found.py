"""node-ip-not-found: told without having seen the rules, then opened."""

from __future__ import annotations

from datetime import datetime

from telling import SOCKET, Incident, incident

CAUSE = "node-ip-not-found"


def kubelet_reports_only_ipv6(now: datetime) -> Incident:
    story = incident(
        "internal-address-of-the-rebuilt-node-is-ipv6-only",
        CAUSE,
        "The operator's Installation says nodeAddressAutodetectionV4 kubernetes: NodeInternalIP. A rebuilt node got only the IPv6 address in the kubelet's --node-ip, so its Node object has no IPv4 InternalIP: calico-node finds no IPv4 address without a word on why, and ends at each start. The interface has its IPv4 address all the time; the node is Ready, the peers miss it.",
        "https://github.com/projectcalico/node/pull/1242",
        now,
        platform="other",
        calico="v3.27.2",
        kubernetes="v1.29.4",
        registry="quay.io/calico",
        difficulty="medium",
    )
    system = {"os_image": "Ubuntu 22.04.4 LTS", "kernel": "5.15.0-105-generic", "runtime": "containerd://1.7.15"}
    hosts = {f"ds-{x}": f"10.19.64.{n}" for x, n in (("cp1", 4), ("n1", 11), ("n2", 12), ("n3", 13))}
    bad = "ds-n3"
    story.hosts({k: v for k, v in hosts.items() if k != bad}, age=8_000_000, **system)
    for item in story.objects["Node"]:
        item["status"]["addresses"].insert(1, {"type": "InternalIP", "address": f"fd12:8:64::{item['status']['addresses'][0]['address'].rsplit('.', 1)[1]}"})  # fmt: skip
    story.staff({k: v for k, v in hosts.items() if k != bad}, started=2_000_000, age=2_000_040)
    six = "fd12:8:64::13"
    story.hosts({bad: hosts[bad]}, age=7_260, since=7_100, **system)
    node = story.objects["Node"][-1]
    node["status"]["addresses"][0]["address"] = six
    node["metadata"]["annotations"] = {"alpha.kubernetes.io/provided-node-ip": six, "volumes.kubernetes.io/controller-managed-attach-detach": "true"}  # fmt: skip
    node["status"]["conditions"] = node["status"]["conditions"][1:]
    name = story.staff(
        {bad: six}, ready=False, restarts=27, waiting="CrashLoopBackOff", last=("Error", 1, 96), age=7_250
    )[0]
    story.probe(name, SOCKET, 7_150, 7_190, 3)
    story.pod_event(name, "BackOff", f"Back-off restarting failed container calico-node in pod {name}_calico-system(c402)", 7, 7_180, 531)  # fmt: skip
    story.pod_event(name, "Pulled", f'Container image "quay.io/calico/node:{story.calico}" already present on machine', 97, 7_200, 28, type_="Normal")  # fmt: skip
    end = [
        story.line(96.8, "INFO", 9, "startup/startup.go 503:", "Initialize BGP data"),
        story.line(96.7, "WARNING", 9, "startup/startup.go 519:", "Couldn't autodetect an IPv4 address. If auto-detecting, choose a different autodetection method. Otherwise provide an explicit address."),
        story.line(96.7, "INFO", 9, "startup/startup.go 403:", 'Clearing out-of-date IPv4 address from this node IP=""'),
        story.line(96.6, "WARNING", 9, "startup/utils.go 48:", "Terminating"),
        "Calico node failed to start",
    ]  # fmt: skip
    story.log(name, [*story.failing(bad, 97.2), story.line(96.9, "INFO", 9, "startup/startup.go 105:", "Datastore is ready"), *end], f"{name}-previous.log")  # fmt: skip
    ok = story.pods["ds-n1"]
    story.texts["installation.yaml"] = (
        "apiVersion: operator.tigera.io/v1\nkind: Installation\nmetadata:\n  name: default\nspec:\n  calicoNetwork:\n    bgp: Enabled\n    ipPools:\n    - blockSize: 26\n      cidr: 10.244.0.0/16\n      encapsulation: None\n"
        "    - blockSize: 122\n      cidr: fd12:244::/56\n      encapsulation: None\n    nodeAddressAutodetectionV4:\n      kubernetes: NodeInternalIP\n    nodeAddressAutodetectionV6:\n      kubernetes: NodeInternalIP\n  variant: Calico\n"
    )
    story.texts["ip-a-ds-n3.txt"] = (
        "$ ssh ds-n3 ip -br a\nlo               UNKNOWN        127.0.0.1/8 ::1/128\nens18            UP             10.19.64.13/24 fd12:8:64::13/64 fe80::be24:11ff:fe3a:7702/64\n"
    )
    story.log(ok, story.quiet(5_000, 20, 300))
    story.describe(bad, name)
    story.commands[f"describe-pod-{ok}.txt"] = f"describe pod -n calico-system {ok}"
    story.affected = [bad]
    story.cite(f"{name}-previous.log", "Couldn't autodetect an IPv4 address.")
    return story


def address_lives_on_the_loopback(now: datetime) -> Incident:
    story = incident(
        "routed-hosts-carry-their-address-on-the-loopback",
        CAUSE,
        "A new rack of routed hosts (BGP on the host, unnumbered links): each has its only address as /32 on lo, and first-found skips the loopback. calico-node ends at each start on the three hosts of that rack with 'no valid IPv4 addresses found on the host interfaces'; hosts of the old racks have their address on bond0. The kubelets are content, so loud are the pods that wait for a network there.",
        "https://github.com/projectcalico/calico/pull/570",
        now,
        platform="other",
        calico="v3.13.4",
        kubernetes="v1.18.20",
        namespace="kube-system",
        registry="calico",
        difficulty="easy",
    )
    system = {"os_image": "Debian GNU/Linux 10 (buster)", "kernel": "4.19.0-17-amd64", "runtime": "docker://19.3.15"}
    old = {f"a{n:02}.dc2": f"172.19.3.{n}" for n in (5, 6, 7, 8)}
    new = {f"f{n:02}.dc2": f"10.255.40.{n}" for n in (1, 2, 3)}
    story.hosts(old, age=30_000_000, **system)
    story.hosts(new, age=86_000, since=85_900, labels={"rack": "f"}, **system)
    for item in story.objects["Node"][-3:]:
        item["metadata"]["annotations"] = {"node.alpha.kubernetes.io/ttl": "0"}
        item["status"]["conditions"] = item["status"]["conditions"][1:]
    story.staff(old, started=9_000_000, age=9_000_050)
    for i, (node, address) in enumerate(new.items()):
        name = story.staff({node: address}, ready=False, restarts=282 + i, waiting="CrashLoopBackOff", last=("Error", 1, 60 + 70 * i), age=85_950)[0]  # fmt: skip
        story.pod_event(name, "BackOff", "Back-off restarting failed container", 11, 85_800, 6_610)
        story.probe(name, SOCKET, 61 + 70 * i, 85_890, 281)
    me = "f02.dc2"
    name = story.pods[me]
    story.log(name, [
        *story.old_boot(me, 131.4)[:8],
        story.line(131.1, "INFO", 8, "startup.go 382:", "Initialize BGP data"),
        story.line(131.1, "WARNING", 8, "startup.go 560:", "Unable to auto-detect an IPv4 address: no valid IPv4 addresses found on the host interfaces"),
        story.line(131.1, "WARNING", 8, "startup.go 404:", "Couldn't autodetect an IPv4 address. If auto-detecting, choose a different autodetection method. Otherwise provide an explicit address."),
        story.line(131.1, "INFO", 8, "startup.go 210:", 'Clearing out-of-date IPv4 address from this node IP=""'),
        story.line(131.0, "WARNING", 8, "startup.go 1057:", "Terminating"),
        "Calico node failed to start",
    ])  # fmt: skip
    waits = story.stuck(
        "mail-relay-7c6d5f9b88-vx2kt",
        me,
        "stat /var/lib/calico/nodename: no such file or directory: check that the calico/node container is running and has mounted /var/lib/calico/",
        12,
        84_000,
        5_480,
        namespace="mail",
        form="docker",
    )
    story.texts["host-f02.txt"] = (
        "f02:~# ip -4 a\n1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN group default qlen 1000\n    inet 127.0.0.1/8 scope host lo\n       valid_lft forever preferred_lft forever\n    inet 10.255.40.2/32 scope global lo\n       valid_lft forever preferred_lft forever\n"
        "f02:~# ip r\ndefault proto bgp metric 20\n\tnexthop via inet6 fe80::4638:39ff:fe00:11 dev enp65s0f0 weight 1\n\tnexthop via inet6 fe80::4638:39ff:fe00:12 dev enp65s0f1 weight 1\n"
    )
    story.describe(me, name)
    story.commands["describe-mail-relay.txt"] = f"describe pod -n mail {waits}"
    story.affected = list(new)
    story.cite(f"{name}.log", "no valid IPv4 addresses found on the host interfaces")
    return story


def hardening_took_the_ipv6_addresses(now: datetime) -> Incident:
    story = incident(
        "hardening-switched-ipv6-off-below-a-dual-stack-cluster",
        CAUSE,
        "Dual stack: IP and IP6 are both autodetect. A hardening role set net.ipv6.conf.all.disable_ipv6=1 on two hosts; nothing happened until their calico-node was rolled: start-up finds the IPv4 address, but no IPv6 address on any interface, and ends. The kubelet had registered the host with both addresses and stays Ready; the neighbours' BGP complaints are effects.",
        "https://github.com/projectcalico/calico/blob/v3.25.2/node/pkg/lifecycle/startup/startup.go (IP6=autodetect) and https://docs.tigera.io/calico/latest/networking/ipam/ipv6",
        now,
        platform="other",
        calico="v3.25.2",
        kubernetes="v1.26.15",
        namespace="kube-system",
        registry="docker.io/calico",
        difficulty="medium",
    )
    system = {
        "os_image": "Rocky Linux 9.2 (Blue Onyx)",
        "kernel": "5.14.0-284.30.1.el9_2.x86_64",
        "runtime": "containerd://1.6.24",
    }
    hosts = {f"ds-w{n}": f"10.77.31.{100 + n}" for n in range(1, 6)}
    bad = ["ds-w2", "ds-w5"]
    story.hosts(hosts, age=19_000_000, since=18_900_000, **system)
    for item in story.objects["Node"]:
        last = item["metadata"]["name"][-1]
        item["status"]["addresses"].insert(1, {"type": "InternalIP", "address": f"fd5e:77:31::10{last}"})
    good = [h for h in hosts if h not in bad]
    story.staff({h: hosts[h] for h in good}, started=4_900, age=4_930)
    for n, host in enumerate(bad):
        story.staff(
            {host: hosts[host]},
            ready=False,
            waiting="CrashLoopBackOff",
            message=f"back-off 5m0s restarting failed container=calico-node pod=calico-node_kube-system({host}-uid)",
            restarts=17 - n,
            last=("Error", 1, 205 + 30 * n),
            age=4_700 - 60 * n,
        )
        story.pod_event(
            story.pods[host],
            "BackOff",
            "Back-off restarting failed container calico-node in pod " + story.pods[host],
            11 + n,
            4_600,
            372 - 11 * n,
        )
    me = bad[0]
    lines = story.boot(me, 238)[:8]
    lines += [
        story.line(
            237.6,
            "INFO",
            9,
            "startup/autodetection_methods.go 103:",
            f"Using autodetected IPv4 address on interface bond0: {hosts[me]}/24",
        ),
        story.line(
            237.5,
            "WARNING",
            9,
            "startup/autodetection_methods.go 99:",
            "Unable to auto-detect an IPv6 address: no valid IPv6 addresses found on the host interfaces",
        ),
        story.line(
            237.4,
            "WARNING",
            9,
            "startup/startup.go 507:",
            "Couldn't autodetect an IPv6 address. If auto-detecting, choose a different autodetection method. Otherwise provide an explicit address.",
        ),
        story.line(237.2, "WARNING", 9, "startup/utils.go 48:", "Terminating"),
        "Calico node failed to start",
    ]
    story.log(story.pods[me], lines, f"{story.pods[me]}-previous.log")
    ok = good[0]
    story.log(
        story.pods[ok],
        [
            *story.boot(ok, 4_900, [hosts[h] for h in good[1:]], interface="bond0", prefix=24),
            *story.quiet(4_800, 20, 500),
        ],
    )
    story.not_established(story.pods[ok], [hosts[h] for h in bad], 4_880, 4_885, 1, established=2)
    story.other("billing-0", me, "10.244.9.41", "erp", "StatefulSet/billing", app="billing", age=900_000)
    story.texts["ip-addr-ds-w2.txt"] = f"""[ops@ds-w2 ~]$ ip -br addr
lo               UNKNOWN        127.0.0.1/8
eno1             UP
eno2             UP
bond0            UP             {hosts[me]}/24
tunl0@NONE       DOWN
cali3c1b7d9e0f2@if3 UP
[ops@ds-w2 ~]$ sysctl net.ipv6.conf.all.disable_ipv6 net.ipv6.conf.bond0.disable_ipv6
net.ipv6.conf.all.disable_ipv6 = 1
net.ipv6.conf.bond0.disable_ipv6 = 1
"""
    story.describe(me)
    story.affected = bad
    story.cite(f"{story.pods[me]}-previous.log", "Couldn't autodetect an IPv6 address")
    return story


STORIES = [kubelet_reports_only_ipv6, address_lives_on_the_loopback, hardening_took_the_ipv6_addresses]
