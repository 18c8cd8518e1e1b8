"""ippool-misconfigured: a pool is disabled, overlaps, or selects the wrong nodes."""

from __future__ import annotations

from datetime import datetime

from cluster import NO_CNI
from telling import SOCKET, Incident, incident, node_status

CAUSE = "ippool-misconfigured"


def pool(name: str, cidr: str, selector: str = "all()", disabled: bool = False, extra: str = "") -> str:
    """An item of ``get ippools -o yaml``."""
    lines = [
        "- apiVersion: crd.projectcalico.org/v1",
        "  kind: IPPool",
        "  metadata:",
        f"    name: {name}",
        "  spec:",
        "    blockSize: 26",
        f"    cidr: {cidr}",
    ]
    lines += ["    disabled: true"] if disabled else []
    return "\n".join(
        [
            *lines,
            "    ipipMode: Always",
            "    natOutgoing: true",
            f"    nodeSelector: {selector}",
            *([f"    {extra}"] if extra else []),
            "    vxlanMode: Never",
            "",
        ]
    )


def no_pool_for_a_zone(now: datetime) -> Incident:
    story = incident(
        "pools-per-zone-but-none-for-the-new-one",
        CAUSE,
        "Each pool selects the nodes of one zone; the two nodes of the new zone are selected by none, so their pods get 'no configured Calico pools'.",
        "https://github.com/projectcalico/calico/issues/7440",
        now,
        platform="other",
        calico="v3.25.0",
        kubernetes="v1.25.6",
        registry="docker.io/calico",
        difficulty="medium",
    )
    hosts, new = (
        {f"rack-{z}{i}": f"10.66.{ord(z) - 97}.{10 + i}" for z in "abc" for i in (1, 2)},
        {"rack-d1": "10.66.3.11", "rack-d2": "10.66.3.12"},
    )
    for node, address in {**hosts, **new}.items():
        story.hosts(
            {node: address}, labels={"topology.kubernetes.io/zone": node[5]}, age=7000 if node in new else 9_000_000
        )
    story.staff(hosts)
    story.staff(new, started=6900, age=6950)
    for node in new:
        story.stuck(
            f"node-exporter-{node[-2:]}x9c",
            node,
            f"no configured Calico pools for node {node}",
            20,
            6800,
            450,
            "monitoring",
        )
        story.describe(node)
    story.recreated(story.pods["rack-a1"], list(new.values()), 3300, 5)
    story.texts["ippools.yaml"] = (
        "apiVersion: v1\nitems:\n"
        + "".join(
            pool(f"pool-{z}", f"10.144.{4 * i + 4}.0/22", f"topology.kubernetes.io/zone == '{z}'")
            for i, z in enumerate("abc")
        )
        + "kind: List\n"
    )
    story.events()
    story.log(story.pods["rack-d1"], story.boot("rack-d1", 6900, list(hosts.values())) + story.quiet(6800, 100, 400))
    story.affected = list(new)
    story.cite("events.txt", "no configured Calico pools for node rack-d1")
    return story


def disabled(now: datetime) -> Incident:
    story = incident(
        "only-pool-switched-off",
        CAUSE,
        "The only pool was set to disabled before a move to another; calico-node takes the address off tunl0, and new pods get no address anywhere. Restarts of one calico-node are old.",
        "https://github.com/projectcalico/node/issues/1057",
        now,
        platform="other",
        calico="v3.18.4",
        kubernetes="v1.18.5",
        registry="docker.io/calico",
        namespace="kube-system",
        difficulty="hard",
    )
    hosts = {f"centos7-{n}": f"172.22.9.{n}" for n in (101, 102, 103, 104)}
    story.hosts(hosts, runtime="docker://19.3.12", os_image="CentOS Linux 7 (Core)", kernel="3.10.0-1160.el7.x86_64")
    story.staff({k: v for k, v in hosts.items() if k != "centos7-103"})
    name = story.staff({"centos7-103": hosts["centos7-103"]}, restarts=4, started=600_000, last=("Error", 1, 600_010))[
        0
    ]
    for i, node in enumerate(hosts):
        story.stuck(
            f"portal-6bdf4f7c5-{'wxyz'[i]}4k8n",
            node,
            f"no configured Calico pools for node {node}",
            11 + i,
            2300,
            160,
            form="docker",
        )
    story.commands = {
        "pods.txt": "get pods -A -o wide",
        "nodes.txt": "get nodes",
        "describe-portal.txt": "describe pod portal-6bdf4f7c5-w4k8n",
        "describe-node-103.txt": f"describe pod -n kube-system {name}",
    }
    story.texts["pools.txt"] = (
        "NAME                  CIDR            NAT    IPIPMODE   VXLANMODE   DISABLED   SELECTOR\ndefault-ipv4-ippool   10.233.0.0/16   true   Always     Never       true       all()\n"
    )
    lines = story.quiet(9000, 2500, 500)
    lines += [
        story.line(
            2440,
            "INFO",
            58,
            "tunnel-ip-allocator/allocateip.go 139:",
            "Pool or node update received. Trigger a new reconcile.",
        ),
        story.line(
            2439,
            "INFO",
            58,
            "tunnel-ip-allocator/ipam.go 1586:",
            "Releasing all IPs with handle 'ipip-tunnel-addr-centos7-103'",
        ),
        story.line(
            2438, "INFO", 61, "felix/ipip_mgr.go 222:", 'Removing unwanted tunnel address tunnelAddr="10.233.90.0"'
        ),
        *story.quiet(2300, 20, 120),
    ]
    story.log(name, lines)
    story.affected = list(hosts)
    story.cite("describe-portal.txt", "no configured Calico pools for node")
    return story


def overlap(now: datetime) -> Incident:
    story = incident(
        "default-pool-lies-over-the-hosts-own-net",
        CAUSE,
        "The default pool 192.168.0.0/16 contains the hosts' own network 192.168.50.0/24: a block covers their addresses and its route through tunl0 takes the path between them away.",
        "https://github.com/projectcalico/calico/issues/1401",
        now,
        platform="other",
        calico="v3.21.2",
        kubernetes="v1.22.4",
        registry="docker.io/calico",
        namespace="kube-system",
        difficulty="hard",
    )
    hosts = {"vg-master": "192.168.50.10", "vg-node1": "192.168.50.11", "vg-node2": "192.168.50.12"}
    story.hosts(hosts, age=5000, os_image="Ubuntu 20.04.3 LTS", kernel="5.4.0-91-generic")
    story.staff(hosts, ready=False, started=4800, age=4900)
    for node, address in hosts.items():
        story.not_established(story.pods[node], [a for a in hosts.values() if a != address], 6, 4700, 468)
    name = story.pods["vg-node1"]
    lines = story.boot("vg-node1", 4800, ["192.168.50.10", "192.168.50.12"], (), interface="enp0s8", prefix=24)
    lines.insert(
        12,
        story.say(
            4799.66,
            "INFO",
            9,
            "startup",
            "startup.go 963:",
            "Created default IPv4 pool (192.168.0.0/16) with NAT outgoing true. IPIP mode: Always, VXLAN mode: Never, DisableBGPExport: false",
        ),
    )
    story.log(name, lines + story.quiet(4600, 30, 300))
    story.describe("vg-node1")
    story.texts["ip-route-vg-node1.txt"] = (
        "default via 10.9.0.1 dev enp0s3 proto dhcp src 10.9.0.11 metric 100\n10.9.0.0/24 dev enp0s3 proto kernel scope link src 10.9.0.11\n"
        "blackhole 192.168.50.0/26 proto bird\n192.168.50.0/24 dev enp0s8 proto kernel scope link src 192.168.50.11\n192.168.50.1 dev cali0c7e22d1b5e scope link\n"
        "192.168.50.2 dev cali9a41f0c3e77 scope link\n"
    )
    story.texts["node-status.txt"] = node_status(
        [
            ("192.168.50.10", "start", "07:44:19", "Active Socket: Invalid argument"),
            ("192.168.50.12", "start", "07:44:19", "Active Socket: Invalid argument"),
        ]
    )
    story.affected = list(hosts)
    story.cite("ip-route-vg-node1.txt", "blackhole 192.168.50.0/26 proto bird")
    story.cite(f"{name}.log", "Created default IPv4 pool (192.168.0.0/16)")
    return story


def mask_too_long(now: datetime) -> Incident:
    story = incident(
        "pool-with-a-mask-of-thirty-three",
        CAUSE,
        "The pool that calico-node is to make at its first start has the range 10.233.64.0/33: start-up ends on every host of the new cluster. The kubelets' complaints, hosts without network and BIRD's socket are echoes.",
        "https://github.com/projectcalico/node/issues/193",
        now,
        platform="other",
        calico="v3.22.3",
        kubernetes="v1.23.7",
        registry="quay.io/calico",
        namespace="kube-system",
        difficulty="medium",
        acceptable=["invalid-calico-config"],
    )
    hosts = {f"dai-{n}": f"10.150.100.{n}" for n in (21, 22, 23, 24, 25)}
    story.hosts(hosts, ready=NO_CNI, since=2500, age=2600, taints=[("node.kubernetes.io/not-ready", "NoSchedule")])
    env = {"env": [{"name": "CALICO_IPV4POOL_CIDR", "value": "10.233.64.0/33"}, {"name": "IP", "value": "autodetect"}]}
    for i, node in enumerate(hosts):
        last = ("Error", 1, 120 + 9 * i)
        more = {"ready": False, "restarts": 9, "waiting": "CrashLoopBackOff", "last": last, "age": 2450, "spec": env}
        name = story.staff({node: hosts[node]}, **more)[0]
        story.probe(name, SOCKET, 122 + 9 * i, 2400, 18)
        story.pod_event(name, "BackOff", "Back-off restarting failed container", 6 + i, 2400, 130)
    lines = story.boot(node, 159, interface="bond0", prefix=24)[:11]
    message = "Invalid CIDR specified in CALICO_IPV4POOL_CIDR '10.233.64.0/33'"
    lines += [
        story.say(158.5, "ERROR", 9, "startup", "startup.go 840:", message),
        story.say(158.5, "WARNING", 9, "startup", "utils.go 49:", "Terminating"),
        "Calico node failed to start",
    ]
    story.log(name, lines, f"{name}-previous.log")
    story.describe("dai-22")
    story.affected = list(hosts)
    story.cite(f"{name}-previous.log", message)
    return story


STORIES = [no_pool_for_a_zone, disabled, overlap, mask_too_long]
