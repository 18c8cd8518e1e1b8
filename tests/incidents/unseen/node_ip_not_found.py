"""node-ip-not-found: told without having seen the rules."""

from __future__ import annotations

from datetime import datetime

from telling import FELIX_REFUSED, SOCKET, Incident, incident, wrapped

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


CHOOSE = "Couldn't autodetect an IPv4 address. If auto-detecting, choose a different autodetection method. Otherwise provide an explicit address."


def no_default_route_at_boot(now: datetime) -> Incident:
    story = incident(
        "can-reach-target-behind-no-default-route",
        CAUSE,
        "After the reboot of one host its default route is gone (a static route file was not applied): the method can-reach=8.8.8.8 answers 'network is unreachable', calico-node ends at each start. The kubelet speaks to the API in its own subnet and stays Ready.",
        "calico-messages.yaml, ip-none-reach (node/pkg/lifecycle/startup/autodetection)",
        now,
        platform="other",
        calico="v3.26.4",
        kubernetes="v1.28.6",
        registry="docker.io/calico",
        namespace="kube-system",
        difficulty="medium",
    )
    hosts = {f"gpu-{n:02}": f"10.99.4.{30 + n}" for n in (1, 2, 3, 4, 5)}
    bad = "gpu-04"
    story.hosts(hosts, os_image="Ubuntu 20.04.6 LTS", kernel="5.4.0-173-generic")
    env = {"env": [
        {"name": "DATASTORE_TYPE", "value": "kubernetes"},
        {"name": "IP", "value": "autodetect"},
        {"name": "IP_AUTODETECTION_METHOD", "value": "can-reach=8.8.8.8"},
        {"name": "CALICO_IPV4POOL_IPIP", "value": "Always"},
    ]}  # fmt: skip
    story.staff({k: v for k, v in hosts.items() if k != bad}, spec=env, started=900_000)
    name = story.staff(
        {bad: hosts[bad]}, ready=False, restarts=17, waiting="CrashLoopBackOff", last=("Error", 1, 71), spec=env
    )[0]
    story.pods[bad] = name
    story.probe(name, SOCKET, 74, 3300, 17)
    story.pod_event(
        name,
        "BackOff",
        f"Back-off restarting failed container calico-node in pod {name}_kube-system(7b0e)",
        9,
        3200,
        280,
    )
    lines = story.boot(bad, 72)[:8]
    lines += [
        story.say(71.7, "WARNING", 9, "startup", "autodetection_methods.go 140:", "Unable to auto-detect IPv4 address by connecting to 8.8.8.8: dial udp4 8.8.8.8:53: connect: network is unreachable"),
        story.say(71.7, "WARNING", 9, "startup", "startup.go 505:", CHOOSE),
        story.say(71.6, "INFO", 9, "startup", "startup.go 389:", f'Clearing out-of-date IPv4 address from this node IP="{hosts[bad]}/24"'),
        story.say(71.5, "WARNING", 9, "startup", "utils.go 49:", "Terminating"),
        "Calico node failed to start",
    ]  # fmt: skip
    story.log(name, lines, f"{name}-previous.log")
    story.log(name, lines)
    story.texts["gpu-04-ip.txt"] = (
        "root@gpu-04:~# ip -br a\nlo               UNKNOWN        127.0.0.1/8 ::1/128\nenp65s0f0        UP             10.99.4.34/24\n"
        "enp65s0f1        DOWN\nroot@gpu-04:~# ip r\n10.99.4.0/24 dev enp65s0f0 proto kernel scope link src 10.99.4.34\n"
        "root@gpu-04:~# ssh gpu-01 ip r | head -1\ndefault via 10.99.4.1 dev enp65s0f0 proto static\n"
    )
    ok = story.pods["gpu-01"]
    tag = "bird: Mesh_10_99_4_34: "
    story.log(ok, [
        *story.quiet(4200, 3420, 130),
        *(tag + x for x in ("Error: Hold timer expired", "State changed to stop", "State changed to down", "Starting", "State changed to start")),
        *story.quiet(3300, 20, 300),
        "bird: Removing protocol Mesh_10_99_4_34",
    ])  # fmt: skip
    story.describe(bad)
    story.affected = [bad]
    story.cite(f"{name}.log", "network is unreachable")
    return story


def renamed_by_the_new_image(now: datetime) -> Incident:
    story = incident(
        "address-of-new-host-sits-on-a-bridge-that-is-skipped",
        CAUSE,
        "Operator install with firstFound: on the new host all addresses sit on a bridge 'virbr1' that the detection skips by its name list, the physical card has none; 'no valid IPv4 addresses found on the host interfaces', calico-node exits 1. The log only was sent, with the list of pods.",
        "https://github.com/projectcalico/calico/issues/5882",
        now,
        platform="other",
        calico="v3.21.4",
        kubernetes="v1.23.6",
        registry="docker.io/calico",
        namespace="kube-system",
        difficulty="easy",
    )
    hosts = {"rvpc1": "192.168.8.15", "rvpc2": "192.168.8.16", "rvpc3": "192.168.8.17"}
    bad = "rvpc3"
    story.hosts(
        {k: v for k, v in hosts.items() if k != bad},
        os_image="Ubuntu 20.04.4 LTS",
        kernel="5.4.0-113-generic",
        runtime="containerd://1.5.11",
    )
    story.hosts(
        {bad: hosts[bad]},
        age=2600,
        calico_up=True,
        os_image="Ubuntu 20.04.4 LTS",
        kernel="5.4.0-113-generic",
        runtime="containerd://1.5.11",
    )
    story.staff({k: v for k, v in hosts.items() if k != bad}, started=1_200_000)
    name = story.staff(
        {bad: hosts[bad]}, ready=False, restarts=9, waiting="CrashLoopBackOff", last=("Error", 1, 210), age=2500
    )[0]
    story.probe(name, FELIX_REFUSED, 214, 2400, 9)
    missing = (
        "the server could not find the requested resource (get GlobalFelixConfigs.crd.projectcalico.org calicoversion)"
    )
    lines = [
        story.say(211, "INFO", 10, "startup", "startup.go 397:", "Early log level set to info"),
        story.say(211, "INFO", 10, "startup", "utils.go 126:", f"Using NODENAME environment for node name {bad}"),
        story.say(211, "INFO", 10, "startup", "utils.go 138:", f"Determined node name: {bad}"),
        story.say(211, "INFO", 10, "startup", "startup.go 99:", f"Starting node {bad} with version v3.21.4"),
        story.say(211, "INFO", 10, "startup", "startup.go 402:", "Checking datastore connection"),
        story.say(210.99, "INFO", 10, "startup", "startup.go 426:", "Datastore connection verified"),
        story.say(210.99, "INFO", 10, "startup", "startup.go 109:", "Datastore is ready"),
        story.say(210.98, "INFO", 10, "startup", "customresource.go 102:", f'Error getting resource Key=GlobalFelixConfig(name=CalicoVersion) Name="calicoversion" Resource="GlobalFelixConfigs" error={missing}'),
        story.say(210.98, "INFO", 10, "startup", "startup.go 455:", "Initialize BGP data"),
        story.say(210.98, "WARNING", 10, "startup", "startup.go 710:", "Unable to auto-detect an IPv4 address: no valid IPv4 addresses found on the host interfaces"),
        story.say(210.98, "WARNING", 10, "startup", "startup.go 477:", CHOOSE),
        story.say(210.98, "INFO", 10, "startup", "startup.go 361:", 'Clearing out-of-date IPv4 address from this node IP=""'),
        story.say(210.97, "WARNING", 10, "startup", "utils.go 48:", "Terminating"),
        "Calico node failed to start",
    ]  # fmt: skip
    story.log(name, lines)
    story.commands = {"pods.txt": "get pods -A -o wide", "nodes.txt": "get nodes -o wide"}
    story.texts["ip-br-a-rvpc3.txt"] = (
        "lo               UNKNOWN        127.0.0.1/8 ::1/128\neno1             UP\neno2             UP\n"
        "virbr1           UP             192.168.8.17/24 fe80::3eec:efff:fe0a:91b2/64\n"
    )
    story.affected = [bad]
    story.cite(f"{name}.log", "no valid IPv4 addresses found on the host interfaces")
    return story


# told on 29 November 2026 without having seen the rules
def only_a_link_local_address_left(now: datetime) -> Incident:
    story = incident(
        "ipv6-host-lost-its-router-advertisements",
        CAUSE,
        "An IPv6-only cluster (IP=none, IP6=autodetect): after a change on the switch one host gets no router advertisements on its node network, so only fe80 addresses are left when calico-node starts: 'Couldn't autodetect an IPv6 address', then it ends. The kubelet uses the management network and stays Ready.",
        "https://github.com/projectcalico/calico/pull/1917",
        now,
        platform="other",
        calico="v3.25.1",
        kubernetes="v1.26.6",
        registry="registry.v6.example/calico",
        namespace="kube-system",
        difficulty="medium",
    )
    hosts = {f"six-{n}": f"fd00:44:1::{n}" for n in (11, 12, 13)}
    bad = "six-12"
    story.hosts(
        {k: f"10.0.0.{k[4:]}" for k in hosts},
        age=9_000_000,
        os_image="Ubuntu 22.04.2 LTS",
        kernel="5.15.0-75-generic",
        runtime="containerd://1.7.2",
    )
    for node in story.objects["Node"]:
        own = node["metadata"]["name"]
        node["status"]["addresses"][0]["address"] = f"fd00:99::{own[4:]}"
        node["metadata"]["annotations"] = {"projectcalico.org/IPv6Address": hosts[own] + "/64"} if own != bad else {}
    env = {"env": [
        {"name": "IP", "value": "none"}, {"name": "IP6", "value": "autodetect"}, {"name": "IP6_AUTODETECTION_METHOD", "value": "interface=eno2"},
        {"name": "CALICO_ROUTER_ID", "value": "hash"}, {"name": "FELIX_IPV6SUPPORT", "value": "true"},
    ]}  # fmt: skip
    story.staff({k: v for k, v in hosts.items() if k != bad}, spec=env, started=1_500_000, age=1_500_030)
    name = story.staff(
        {bad: hosts[bad]},
        spec=env,
        ready=False,
        restarts=12,
        waiting="CrashLoopBackOff",
        last=("Error", 1, 280),
        age=1_500_030,
    )[0]
    for pod in story.objects["Pod"]:
        at = f"fd00:99::{pod['spec']['nodeName'][4:]}"
        pod["status"] |= {"podIP": at, "hostIP": at, "podIPs": [{"ip": at}]}
    story.probe(
        name,
        SOCKET.replace("BIRD is", "BIRD6 is").replace("BIRDv4", "BIRDv6").replace("bird.ctl", "bird6.ctl"),
        284,
        2_400,
        18,
    )
    story.pod_event(
        name,
        "BackOff",
        f"Back-off restarting failed container calico-node in pod {name}_kube-system(0a66f)",
        14,
        2_300,
        150,
    )
    choose = CHOOSE.replace("IPv4", "IPv6")
    lines = story.boot(bad, 282)[:8]
    lines += [
        story.say(281.7, "WARNING", 9, "startup", "autodetection_methods.go 113:", "Unable to auto-detect an IPv6 address using interface regexes [eno2]: no valid host interfaces found"),
        story.say(281.7, "WARNING", 9, "startup", "startup.go 539:", choose),
        story.say(281.6, "INFO", 9, "startup", "startup.go 389:", f'Clearing out-of-date IPv6 address from this node IP="{hosts[bad]}/64"'),
        story.say(281.5, "WARNING", 9, "startup", "utils.go 48:", "Terminating"),
        "Calico node failed to start",
    ]  # fmt: skip
    story.log(name, lines, "six-12-calico-node.txt")
    story.texts["six-12-host.txt"] = (
        "root@six-12:~# ip -6 -br a\nlo               UNKNOWN        ::1/128\neno1             UP             fd00:99::12/64 fe80::3eec:efff:fe44:1a0c/64\neno2             UP             fe80::3eec:efff:fe44:1a0d/64\n"
        "root@six-12:~# rdisc6 -1 eno2\nSoliciting ff02::2 (ff02::2) on eno2...\nTimed out.\nTimed out.\nTimed out.\nNo response.\nroot@six-12:~# rdisc6 -1 -q eno1\nfd00:99::/64\n"
        "root@six-12:~# ssh fd00:99::11 'ip -6 -br a show eno2'\neno2             UP             fd00:44:1::11/64 fe80::3eec:efff:fe44:18b1/64\n"
    )
    ok = story.pods["six-13"]
    tag = "bird: Mesh_fd00_44_1__12: "
    story.log(ok, [*story.quiet(4_000, 2_500, 370), *(tag + x for x in ("Received: Administrative shutdown", "State changed to stop", "State changed to down", "Starting", "State changed to start")), *story.quiet(2_300, 20, 560)], "six-13-calico-node.txt")  # fmt: skip
    story.describe(bad, name)
    story.affected = [bad]
    story.cite("six-12-calico-node.txt", "Couldn't autodetect an IPv6 address")
    return story


def nobody_offers_an_address(now: datetime) -> Incident:
    story = incident(
        "private-network-of-the-cloud-offers-no-lease",
        CAUSE,
        "Hetzner-like hosts: the method is interface=enp7s0, the private network. After a rescue boot of one host its DHCP gets no offer there, so the interface has no address: calico-node ends at each start with 'no valid host interfaces found'; the kubelet is on the public card.",
        "https://github.com/projectcalico/calico/issues/2720",
        now,
        platform="other",
        calico="v3.30.2",
        kubernetes="v1.33.3+k3s1",
        registry="quay.io/calico",
        difficulty="easy",
    )
    hosts = {f"hel1-wk-{n}": f"172.30.40.{n}" for n in (2, 3, 4, 5)}
    bad = "hel1-wk-4"
    story.hosts(
        hosts,
        age=10_000_000,
        os_image="Ubuntu 24.04.2 LTS",
        kernel="6.8.0-63-generic",
        runtime="containerd://2.0.5-k3s2",
    )
    env = {"env": [{"name": "IP", "value": "autodetect"}, {"name": "IP_AUTODETECTION_METHOD", "value": "interface=enp7s0"}, {"name": "CALICO_NETWORKING_BACKEND", "value": "vxlan"}]}  # fmt: skip
    for node in story.objects["Node"]:
        n = node["metadata"]["name"][-1]
        node["metadata"]["annotations"] = {
            "projectcalico.org/IPv4Address": f"10.0.0.{n}/32",
            "projectcalico.org/IPv4VXLANTunnelAddr": f"10.42.{n}.0",
        }
    node = next(o for o in story.objects["Node"] if o["metadata"]["name"] == bad)
    node["metadata"]["annotations"] = {"projectcalico.org/IPv4VXLANTunnelAddr": "10.42.4.0"}
    story.staff({k: v for k, v in hosts.items() if k != bad}, spec=env, started=2_000_000, age=2_000_030)
    name = story.staff(
        {bad: hosts[bad]},
        spec=env,
        ready=False,
        restarts=16,
        waiting="CrashLoopBackOff",
        last=("Error", 1, 190),
        age=2_000_030,
    )[0]
    story.probe(name, FELIX_REFUSED, 195, 3_000, 31)
    story.pod_event(
        name,
        "BackOff",
        f"Back-off restarting failed container calico-node in pod {name}_calico-system(8d0c)",
        2,
        2_900,
        220,
    )
    story.node_event(
        bad, "Rebooted", f"Node {bad} has been rebooted, boot id: 8b0cd9a1-5b0f-4d77-bb2c-0c7a1e5d2f3b", 3_080
    )
    lines = story.boot(bad, 193)[:8]
    lines += [
        story.say(192.75, "WARNING", 9, "startup", "autodetection_methods.go 113:", "Unable to auto-detect an IPv4 address using interface regexes [enp7s0]: no valid host interfaces found"),
        story.say(192.75, "WARNING", 9, "startup", "startup.go 519:", CHOOSE),
        story.say(192.7, "INFO", 9, "startup", "startup.go 403:", 'Clearing out-of-date IPv4 address from this node IP="10.0.0.4/32"'),
        story.say(192.7, "WARNING", 9, "startup", "utils.go 49:", "Terminating"),
        "Calico node failed to start",
    ]  # fmt: skip
    story.log(name, wrapped(story, lines, "stamps"))
    story.texts["hel1-wk-4-networkd.txt"] = "# journalctl -u systemd-networkd -b --no-pager | tail\n" + "".join(
        f"{story.syslog(ago)} hel1-wk-4 systemd-networkd[611]: {text}\n"
        for ago, text in (
            (3_090, "eth0: Gained carrier"), (3_089, "eth0: DHCPv4 address 172.30.40.4/24, gateway 172.30.40.1 acquired from 172.30.40.1"), (3_089, "enp7s0: Link UP"),
            (3_089, "enp7s0: Gained carrier"), (3_088, "enp7s0: Gained IPv6LL"), (2_970, "enp7s0: DHCPv4 client: timed out, no offer received"), (2_200, "enp7s0: DHCPv4 client: timed out, no offer received"),
        )
    )  # fmt: skip
    story.texts["hel1-wk-4-networkctl.txt"] = (
        "IDX LINK         TYPE     OPERATIONAL SETUP\n  1 lo           loopback carrier     unmanaged\n  2 eth0         ether    routable    configured\n  3 enp7s0       ether    degraded    configuring\n  9 vxlan.calico vxlan    degraded    unmanaged\n"
    )
    story.describe(bad, name)
    story.affected = [bad]
    story.cite(f"{name}.log", "using interface regexes [enp7s0]: no valid host interfaces found")
    story.cite("hel1-wk-4-networkctl.txt", "enp7s0       ether    degraded")
    return story


STORIES = [
    can_reach_of_the_other_family,
    team_device_has_another_name,
    no_default_route_at_boot,
    renamed_by_the_new_image,
    only_a_link_local_address_left,
    nobody_offers_an_address,
]
