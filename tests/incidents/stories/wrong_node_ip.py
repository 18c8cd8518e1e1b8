"""wrong-node-ip: autodetection chose an interface that the other workers cannot reach."""

from __future__ import annotations

from datetime import datetime

from telling import (
    Incident,
    incident,
    node_status,
    wrapped,
)

CAUSE = "wrong-node-ip"


def annotate(story: Incident, node: str, address: str) -> None:
    """What calico-node wrote to the Kubernetes node."""
    made = next(n for n in story.objects["Node"] if n["metadata"]["name"] == node)
    made["metadata"]["annotations"]["projectcalico.org/IPv4Address"] = address


def docker_network(now: datetime) -> Incident:
    story = incident(
        "somebody-made-a-docker-network",
        CAUSE,
        "All workers miss 172.19.0.1, which is no worker: one worker's annotation says so, its InternalIP is another. `docker network create` made a bridge there.",
        "https://github.com/projectcalico/calico/issues/3194",
        now,
        difficulty="hard",
        platform="other",
        calico="v3.11.2",
        kubernetes="v1.16.6",
        registry="docker.io/calico",
        namespace="kube-system",
    )
    ips = {f"shoot-a{n}": f"10.250.0.{n}" for n in (3, 7, 12, 18)}
    story.hosts(ips, runtime="docker://18.6.3", os_image="Container Linux by CoreOS 2303.3.0", kernel="4.19.86-coreos")
    bad, seen = "shoot-a12", "shoot-a3"
    annotate(story, bad, "172.19.0.1/16")
    for node, address in ips.items():
        story.agents(
            [node],
            address=address,
            **(
                {"ready": False, "started": 2400, "restarts": 1, "last": ("Completed", 0, 2420)}
                if node == bad
                else {"started": 2000 if node == seen else 90_000}
            ),
        )
    story.not_established(story.pods[seen], ["172.19.0.1"], 1975, 1990, 2, established=2)
    story.not_established(story.pods[bad], [a for n, a in ips.items() if n != bad], 3, 2350, 235)
    story.describe(bad)
    story.commands |= {
        f"describe-pod-{story.pods[n]}.txt": f"describe pod -n kube-system {story.pods[n]}" for n in (bad, seen)
    }
    del story.commands[f"describe-pod-{story.pods[bad]}.txt"]
    story.affected = [bad]
    story.cite(f"describe-node-{bad}.txt", "172.19.0.1/16")
    return story


def second_nic(now: datetime) -> Incident:
    story = incident(
        "storage-network-comes-first",
        CAUSE,
        "On one machine with two network cards the start-up took the storage network's address; the others' logs show connects from its real address.",
        "https://github.com/projectcalico/calico/issues/3541",
        now,
        difficulty="medium",
        platform="other",
        calico="v3.14.0",
        kubernetes="v1.18.2",
        registry="docker.io/calico",
        namespace="kube-system",
    )
    ips = {"psw-main": "192.168.10.170", "psw-w1": "192.168.10.172", "psw-w2": "192.168.10.8"}
    story.hosts(ips)
    bad = "psw-main"
    for node, address in ips.items():
        story.agents([node], address=address, ready=node != bad, started=1600, restarts=2, last=("Error", 255, 1700))
    name = story.pods[bad]
    story.not_established(name, ["192.168.10.172", "192.168.10.8"], 9, 1560, 134)
    story.pod_event(
        name,
        "Unhealthy",
        "Liveness probe failed: Get http://localhost:9099/liveness: dial tcp 127.0.0.1:9099: connect: connection refused",
        1590,
        1596,
        2,
    )
    story.commands = {
        "describe.txt": f"describe pod -n kube-system {name}",
        "nodes.txt": "get nodes -o wide",
        "pods.txt": "get pods -n kube-system -o wide",
    }
    peers = ["192.168.10.172", "192.168.10.8"]
    story.log(
        name, story.boot(bad, 1600, peers, (), "10.200.0.2", "eno1", 24) + story.quiet(1500, 10, 62), "psw-main.log"
    )
    log = story.boot(
        "psw-w1", 1600, ["10.200.0.2", "192.168.10.8"], ["192.168.10.8"], "192.168.10.172", "ens3", 24
    ) + story.quiet(1550, 1300, 62)
    log += [
        f"bird: BGP: Unexpected connect from unknown address 192.168.10.170 (port {36011 + 417 * i})" for i in range(14)
    ]
    story.log(story.pods["psw-w1"], log + story.quiet(300, 10, 62), "psw-w1.log")
    story.affected = [bad]
    story.cite("psw-main.log", "Using autodetected IPv4 address on interface eno1: 10.200.0.2/24")
    return story


def compose_bridge(now: datetime) -> Incident:
    story = incident(
        "bridge-address-on-two-hosts",
        CAUSE,
        "Two hosts registered the same bridge address 172.21.0.1: the second ends with 'already using', the first is up with an address nobody reaches.",
        "https://github.com/projectcalico/calico/issues/8607",
        now,
        difficulty="hard",
        platform="other",
        calico="v3.27.2",
        kubernetes="v1.29.2",
        registry="docker.io/calico",
    )
    ips = {"lab1": "10.100.40.11", "lab2": "10.100.40.12", "lab3": "10.100.40.13", "lab4": "10.100.40.14"}
    story.hosts(ips)
    for node, address in ips.items():
        story.agents(
            [node],
            address=address,
            **(
                {"ready": False, "restarts": 19, "waiting": "CrashLoopBackOff", "last": ("Error", 1, 70)}
                if node == "lab3"
                else {"ready": node != "lab2", "started": 5000}
            ),
        )
    annotate(story, "lab2", "172.21.0.1/16")
    one, two = story.pods["lab2"], story.pods["lab3"]
    others = ["10.100.40.11", "10.100.40.14"]
    story.log(
        one, story.boot("lab2", 5000, others, (), "172.21.0.1", "br-4f2c9a17d3e0", 16) + story.quiet(4900, 30, 300)
    )
    log = story.boot("lab3", 72, address="172.21.0.1", interface="br-99a01be7c55d", prefix=16, bird=False)[:9]
    log += [
        story.say(71.6, "INFO", 9, "startup", "startup.go 573:", "Node IPv4 changed, will check for conflicts"),
        story.say(
            71.5,
            "WARNING",
            9,
            "startup",
            "startup.go 1016:",
            "Calico node 'lab2' is already using the IPv4 address 172.21.0.1.",
        ),
        story.say(
            71.5,
            "INFO",
            9,
            "startup",
            "startup.go 403:",
            'Clearing out-of-date IPv4 address from this node IP="172.21.0.1/16"',
        ),
        story.say(71.4, "WARNING", 9, "startup", "utils.go 48:", "Terminating"),
        "Calico node failed to start",
    ]
    story.log(two, log)
    story.commands = {"nodes.txt": "get nodes -o wide", "pods.txt": "get pods -A -o wide"}
    story.affected = ["lab2", "lab3"]
    story.cite(f"{one}.log", "on interface br-4f2c9a17d3e0: 172.21.0.1/16")
    return story


def vpn_comes_up(now: datetime) -> Incident:
    story = incident(
        "vpn-agent-takes-the-node-address",
        CAUSE,
        "An hour after a VPN agent was installed the address monitor moved one worker to the tunnel's address; all its sessions ended and never came back.",
        "https://github.com/projectcalico/calico/issues/2785",
        now,
        difficulty="hard",
        platform="vpc",
        calico="v3.29.1",
        kubernetes="v1.32.0+IKS",
    )
    nodes = story.workers([f"10.241.200.{n}" for n in (16, 17, 18, 22, 23)])
    bad = nodes[3]
    rest = [n for n in nodes if n != bad]
    annotate(story, bad, "100.86.12.3/32")
    story.agents(rest)
    story.agents([bad], ready=False)
    name = story.pods[bad]
    story.not_established(name, rest, 15, 3300, 328)
    story.describe(bad)
    log = [
        *story.quiet(9000, 3500, 310),
        story.say(
            3399.2,
            "INFO",
            63,
            "monitor-addresses",
            "autodetection_methods.go 103:",
            "Using autodetected IPv4 address on interface tailscale0: 100.86.12.3/32",
        ),
        story.say(
            3399.1,
            "WARNING",
            63,
            "monitor-addresses",
            "startup.go 1036:",
            f'IPv4 address has changed. This could happen if there are multiple nodes with the same name. node="{bad}" original="{bad}" updated="100.86.12.3"',
        ),
        story.say(3398.9, "INFO", 63, "monitor-addresses", "startup.go 366:", "Updated node IP addresses"),
        story.say(
            3398.2,
            "INFO",
            60,
            "confd",
            "resource.go 286:",
            "Target config /etc/calico/confd/config/bird.cfg has been updated due to change in key: /calico/bgp/v1/host",
        ),
        "bird: Reconfiguration requested by SIGHUP",
        "bird: Reconfiguring",
        "bird: device1: Reconfigured",
        "bird: direct1: Restarted",
    ]
    for n in rest:
        log += [
            f"bird: Mesh_{n.replace('.', '_')}: {t}"
            for t in (
                "Shutting down",
                "State changed to stop",
                "State changed to down",
                "Initializing",
                "Starting",
                "State changed to start",
            )
        ]
    story.log(name, [*log, "bird: Reconfigured", *story.quiet(3300, 20, 310)])
    story.texts["status-of-a-neighbour.txt"] = node_status(
        [
            ("100.86.12.3", "start", "10:01:22", "Connect"),
            *((n, "up", story.ago(950400)[:10], "Established") for n in rest[1:]),
        ]
    )
    story.affected = [bad]
    story.cite(f"{name}.log", "on interface tailscale0: 100.86.12.3/32")
    return story


def wireguard(now: datetime) -> Incident:
    story = incident(
        "address-from-the-overlay-of-k3s",
        CAUSE,
        "Two of four nodes are known to Calico by 10.200.0.x/32, an overlay's addresses, not by their InternalIP; between the two kinds no session comes up.",
        "https://github.com/projectcalico/calico/issues/5705",
        now,
        difficulty="hard",
        platform="other",
        calico="v3.22.0",
        kubernetes="v1.22.6+k3s1",
        registry="docker.io/calico",
        namespace="kube-system",
    )
    ips = {
        "k3s-master": "10.0.0.2",
        "k3s-worker-01": "10.0.0.4",
        "k3s-worker-02": "10.0.0.5",
        "k3s-worker-03": "10.0.0.6",
    }
    story.hosts(ips, runtime="containerd://1.5.9-k3s1")
    seen = {"k3s-master": "10.200.0.1", "k3s-worker-03": "10.200.0.4"}
    for node, address in seen.items():
        annotate(story, node, f"{address}/32")
    story.staff(ips, started=40_000, age=41_000)
    name = story.pods["k3s-worker-01"]
    log = story.boot(
        "k3s-worker-01", 40_000, ["10.200.0.1", "10.0.0.5", "10.200.0.4"], ["10.0.0.5"], interface="ens10", prefix=32
    )
    log += [
        f"bird: BGP: Unexpected connect from unknown address 10.0.0.{2 if i % 2 else 6} (port {40_000 + 13 * i})"
        for i in range(10)
    ]
    story.log(name, log + story.quiet(3000, 30, 400))
    story.texts["calicoctl get nodes.txt"] = (
        "NAME            ASN       IPV4            IPV6\nk3s-worker-03   (64512)   10.200.0.4/32\nk3s-worker-01   (64512)   10.0.0.4/32\n"
        "k3s-worker-02   (64512)   10.0.0.5/32\nk3s-master      (64512)   10.200.0.1/32\n"
    )
    story.texts["status on worker-01.txt"] = node_status(
        [
            ("10.0.0.5", "up", story.ago(86400)[:10], "Established"),
            ("10.200.0.1", "start", story.ago(86400)[:10], "Passive"),
            ("10.200.0.4", "start", story.ago(86400)[:10], "Passive"),
        ]
    )
    story.commands = {"nodes.txt": "get nodes -o wide", "pods.txt": "get pods -n kube-system -o wide"}
    story.affected = list(seen)
    story.cite("calicoctl get nodes.txt", "10.200.0.4/32")
    return story


def nat_interface(now: datetime) -> Incident:
    story = incident(
        "all-machines-are-10-0-2-15",
        CAUSE,
        "Virtual machines with a NAT card in front: both workers that start autodetect 10.0.2.15 on it; the second is told that the first has it.",
        "https://github.com/projectcalico/calico/issues/418",
        now,
        difficulty="medium",
        platform="other",
        calico="v3.24.1",
        kubernetes="v1.25.3",
        registry="docker.io/calico",
    )
    ips = {"vbox-cp": "192.168.56.10", "vbox-w1": "192.168.56.11", "vbox-w2": "192.168.56.12"}
    story.hosts(ips)
    story.staff({"vbox-cp": ips["vbox-cp"], "vbox-w1": ips["vbox-w1"]}, ready=False, started=3000)
    story.agents(
        ["vbox-w2"],
        address="192.168.56.12",
        ready=False,
        restarts=12,
        waiting="CrashLoopBackOff",
        last=("Error", 1, 90),
    )
    story.not_established(story.pods["vbox-w1"], ["192.168.56.10"], 10, 2960, 296)
    annotate(story, "vbox-w1", "10.0.2.15/24")
    log = story.boot("vbox-w2", 91, address="10.0.2.15", interface="enp0s3", prefix=24, bird=False)[:9]
    log += [
        story.say(90.6, "INFO", 9, "startup", "startup.go 559:", "Node IPv4 changed, will check for conflicts"),
        story.say(
            90.5,
            "WARNING",
            9,
            "startup",
            "startup.go 983:",
            "Calico node 'vbox-w1' is already using the IPv4 address 10.0.2.15.",
        ),
        story.say(
            90.5,
            "INFO",
            9,
            "startup",
            "startup.go 389:",
            'Clearing out-of-date IPv4 address from this node IP="10.0.2.15/24"',
        ),
        story.say(90.4, "WARNING", 9, "startup", "utils.go 48:", "Terminating"),
        "Calico node failed to start",
    ]
    story.log(story.pods["vbox-w2"], wrapped(story, log, "stamps"))
    story.log(
        story.pods["vbox-w1"],
        wrapped(
            story,
            story.boot("vbox-w1", 3000, ["192.168.56.10"], (), "10.0.2.15", "enp0s3", 24) + story.quiet(2900, 20, 200),
            "stamps",
        ),
    )
    story.commands = {
        "nodes": "get nodes -o wide",
        "pods": "get pods -A -o wide",
        "describe-w1": f"describe pod -n calico-system {story.pods['vbox-w1']}",
    }
    story.affected = ["vbox-w1", "vbox-w2"]
    story.cite(f"{story.pods['vbox-w1']}.log", "on interface enp0s3: 10.0.2.15/24")
    return story


def _wrong(
    now: datetime, name: str, why: str, ips: dict[str, str], bad: str, took: str, interface: str, **more: object
) -> Incident:
    source = "https://github.com/projectcalico/calico/blob/v3.28.2/node/pkg/lifecycle/startup/autodetection/filtered.go"
    story = incident(name, CAUSE, why, source, now, platform="other", **more)
    story.hosts(ips)
    story.staff({n: a for n, a in ips.items() if n != bad})
    story.staff({bad: ips[bad]}, ready=False, started=6000, restarts=1, last=("Completed", 0, 6010))
    annotate(story, bad, took)
    peers = [a for n, a in ips.items() if n != bad]
    story.not_established(story.pods[bad], peers, 9, 5900, 590)
    log = story.boot(
        bad, 6000, peers, (), address=took.split("/")[0], prefix=int(took.split("/")[1]), interface=interface
    )
    story.log("", log + story.quiet(5900, 60, 400), f"{bad}.log")
    story.commands |= {
        "pods.txt": "get pods -A -o wide",
        "nodes.txt": "get nodes -o wide",
        "describe-node.txt": f"describe node {bad}",
    }
    story.affected = [bad]
    story.cite(f"{bad}.log", f"on interface {interface}: {took}")
    return story


def libvirt(now: datetime) -> Incident:
    return _wrong(now, "virtual-machine-bridge-was-chosen", "calico-node took 192.168.122.1 of virbr9 on one host; its InternalIP is another.",
        {f"kvm{n}": f"10.30.7.{n}" for n in (2, 3, 4)}, "kvm3", "192.168.122.1/24", "virbr9", difficulty="easy", calico="v3.26.1", kubernetes="v1.27.4", registry="docker.io/calico")  # fmt: skip


def management(now: datetime) -> Incident:
    return _wrong(now, "out-of-band-network-was-chosen", "After a change of cards the first interface of one host is its management network 172.29.200/24, unrouted for the others.",
        {f"dc-{n}": f"10.81.0.{n}" for n in (11, 12, 13, 14, 15)}, "dc-14", "172.29.200.14/24", "enp1s0f0", difficulty="hard", calico="v3.20.4", kubernetes="v1.21.9", registry="quay.io/calico", namespace="kube-system")  # fmt: skip


def cni0(now: datetime) -> Incident:
    return _wrong(now, "bridge-of-the-former-network-was-chosen", "A left-over mybr0 bridge of the former pod network gave one node 10.22.0.1, the probe names all others.",
        {f"mk-{n}": f"192.168.5.{n}" for n in (40, 41, 42, 43)}, "mk-40", "10.22.0.1/16", "mybr0", difficulty="medium", calico="v3.23.1", kubernetes="v1.24.3", registry="docker.io/calico", namespace="kube-system")  # fmt: skip


def storage_bond(now: datetime) -> Incident:
    return _wrong(now, "replication-link-was-chosen", "One of six nodes speaks BGP from its point-to-point replication link network; the rest look healthy.",
        {f"stor{n}": f"10.44.12.{n}" for n in (1, 2, 3, 4, 5, 6)}, "stor6", "192.168.255.2/30", "bond1", difficulty="hard", calico="v3.29.1", kubernetes="v1.31.2", registry="quay.io/calico")  # fmt: skip


STORIES = [
    docker_network,
    second_nic,
    compose_bridge,
    vpn_comes_up,
    wireguard,
    nat_interface,
    libvirt,
    management,
    cni0,
    storage_bond,
]
