"""cross-subnet-path-blocked: exactly the workers of other subnets, VLANs or zones cannot be reached."""

from __future__ import annotations

from datetime import datetime

from telling import (
    NOT_LIVE,
    Incident,
    incident,
    node_status,
    protocols,
    wrapped,
)

CAUSE = "cross-subnet-path-blocked"


def availability_zones(now: datetime) -> Incident:
    story = incident(
        "three-zones-three-islands",
        CAUSE,
        "In each zone the sessions inside the zone are established, all those to the two other zones wait in Connect; every pod is ready.",
        "https://github.com/projectcalico/calico/issues/2095",
        now,
        difficulty="hard",
        platform="other",
        calico="v3.8.2",
        kubernetes="v1.15.5",
        registry="docker.io/calico",
        namespace="kube-system",
    )
    zones = {"eu-west-1a": "172.16.32", "eu-west-1b": "172.16.64", "eu-west-1c": "172.16.96"}
    ips: dict[str, str] = {}
    for zone, net in zones.items():
        mine = {f"ip-{f'{net}.{n}'.replace('.', '-')}.eu-west-1.compute.internal": f"{net}.{n}" for n in (40, 120)}
        story.hosts(
            mine,
            labels={"failure-domain.beta.kubernetes.io/zone": zone, "kops.k8s.io/instancegroup": "nodes"},
            runtime="docker://18.6.3",
            kernel="4.9.0-11-amd64",
            os_image="Debian GNU/Linux 9 (stretch)",
        )
        ips |= mine
    for node, address in ips.items():
        story.agents([node], address=address, age=400_000, started=400_000)
    for node in list(ips)[::2]:
        mine = ips[node]
        same = [a for a in ips.values() if a != mine and a.rpartition(".")[0] == mine.rpartition(".")[0]]
        other = [a for a in ips.values() if a not in (*same, mine)]
        rows = [(a, "up", story.ago(432000)[:10], "Established") for a in same] + [
            (a, "start", story.ago(432000)[:10], "Passive" if a > mine else "Connect") for a in other
        ]
        story.texts[f"node-status-{mine}.txt"] = node_status(rows)
        story.log(
            "",
            story.boot(node, 400_000, same + other, same, mine, "eth0", 19)[20:] + story.quiet(3000, 30, 300),
            f"{story.pods[node]}.txt",
        )
    story.commands = {
        "get-nodes.txt": "get nodes -o wide --show-labels",
        "get-pods.txt": "get po --all-namespaces -o wide",
    }
    story.affected = list(ips)
    story.cite("node-status-172.16.32.40.txt", "| 172.16.64.40")
    return story


def new_subnet(now: datetime) -> Incident:
    story = incident(
        "first-worker-of-another-subnet",
        CAUSE,
        "The new worker is the only one in its subnet and has no session at all; the others see each other and wait in Connect for it alone.",
        "https://github.com/projectcalico/calico/issues/5128",
        now,
        difficulty="hard",
        platform="other",
        calico="v3.19.1",
        kubernetes="v1.21.5",
        registry="docker.io/calico",
        namespace="kube-system",
    )
    old = {"app-01": "172.28.138.127", "app-02": "172.28.138.128", "app-03": "172.28.138.130"}
    story.hosts(old)
    story.hosts({"app-09": "172.20.196.48"}, age=7600)
    for node, address in old.items():
        story.agents([node], address=address)
    story.agents(["app-09"], address="172.20.196.48", ready=False, started=7500, age=7550)
    name = story.pods["app-09"]
    story.not_established(name, list(old.values()), 11, 7440, 744)
    story.pod_event(
        name,
        "Unhealthy",
        "Readiness probe failed: calico/node is not ready: BIRD is not ready: Error querying BIRD: unable to connect to "
        "BIRDv4 socket: dial unix /var/run/calico/bird.ctl: connect: connection refused",
        7495,
        7498,
        2,
    )
    story.describe("app-09", name)
    story.log(
        name,
        story.boot("app-09", 7500, list(old.values()), (), "172.20.196.48", "eth0", 24) + story.quiet(7400, 60, 500),
    )
    story.texts["app-01_status.txt"] = node_status(
        [(a, "up", story.ago(1209600)[:10], "Established") for a in list(old.values())[1:]]
        + [("172.20.196.48", "start", "01:50:43", "Connect")]
    )
    story.texts["app-09_status.txt"] = node_status([(a, "start", "02:40:48", "Passive") for a in old.values()])
    story.affected = ["app-09"]
    story.cite("app-09_status.txt", "172.28.138.127")
    return story


def vlan(now: datetime) -> Incident:
    story = incident(
        "new-vlan-without-spanning",
        CAUSE,
        "The workers of the pool on the other private VLAN complain about exactly the workers of the first VLAN and see each other's log from the pool only.",
        "https://cloud.ibm.com/docs/containers?topic=containers-subnets#vlan-segmentation",
        now,
        difficulty="medium",
        platform="classic",
        calico="v3.26.4",
        kubernetes="v1.28.12+IKS",
        namespace="kube-system",
    )
    first = story.workers([f"10.176.31.{n}" for n in (130, 133, 140, 141, 149)])
    second = story.workers(
        [f"10.95.204.{n}" for n in (8, 14)],
        age=6000,
        labels={"privateVLAN": "3144870", "publicVLAN": "3144872", "ibm-cloud.kubernetes.io/worker-pool-name": "edge"},
    )
    story.agents(first, restarts=1, last=("Completed", 0, 900_000))
    story.agents(second, started=5800, age=5900, ready=True)
    for node in second:
        name = story.pods[node]
        mate = [n for n in second if n != node]
        story.not_established(name, first, 5772, 5790, 2, established=1)
        story.describe(node)
        story.log(name, story.boot(node, 5800, first + mate, mate) + story.quiet(5700, 60, 330))
    story.texts["show_protocols_edge.txt"] = protocols(
        [(n, "start", "09:13:22", "Passive" if n > second[0] else "Connect") for n in first]
        + [(second[1], "up", "09:13:24", "Established")]
    )
    story.texts["customer-notes.txt"] = (
        "Pods on the edge pool cannot talk to pods on the default pool.\nping from 10.95.204.8 to 10.176.31.130: 100% packet loss\n"
        "ping from 10.95.204.8 to 10.95.204.14: ok\n"
    )
    story.affected = first + second
    story.cite("show_protocols_edge.txt", "Mesh_10_176_31_130 BGP      master   start")
    return story


def acl(now: datetime) -> Incident:
    story = incident(
        "acl-of-the-third-zone-changed",
        CAUSE,
        "BGP, Typha and everything else between zone 3 and the other zones ended at one moment; inside zone 3 the sessions stayed up.",
        "https://github.com/projectcalico/calico/issues/4059",
        now,
        difficulty="hard",
        platform="vpc",
        calico="v3.28.1",
        kubernetes="v1.31.5+IKS",
    )
    zones = {
        1: ["10.242.0.4", "10.242.0.5"],
        2: ["10.242.64.4", "10.242.64.9"],
        3: ["10.242.128.4", "10.242.128.6", "10.242.128.7"],
    }
    for zone, nodes in zones.items():
        story.workers(
            nodes,
            labels={
                "topology.kubernetes.io/zone": f"eu-gb-{zone}",
                "ibm-cloud.kubernetes.io/subnet-id": f"07{zone}7-3c9e",
            },
        )
        story.agents(nodes)
    story.typha(zones[1][0])
    story.typha(zones[2][0], "m8q4r")
    story.typha(zones[3][0], "zk5sn")
    bad, others = zones[3], zones[1] + zones[2]
    name = story.pods[bad[1]]
    log = story.quiet(8000, 6900, 240)
    for n in others:
        log += [
            f"bird: Mesh_{n.replace('.', '_')}: {t}"
            for t in (
                "Error: Hold timer expired",
                "State changed to stop",
                "State changed to down",
                "Starting",
                "State changed to start",
            )
        ]
    log += [
        story.say(
            6820,
            "ERROR",
            61,
            "felix",
            "sync_client.go 400:",
            f'Failed to read from server connection=&discovery.Typha{{Addr:"{zones[1][0]}:5473", IP:"{zones[1][0]}", NodeName:(*string)(0xc0006be0f0)}} error=read tcp {bad[1]}:51514->{zones[1][0]}:5473: i/o timeout myID=0x1 type=""',
        ),
        story.say(
            6819,
            "INFO",
            61,
            "felix",
            "sync_client.go 221:",
            'Typha connection failed but client callback is restart-aware.  Restarting connection... myID=0x1 type=""',
        ),
        story.say(
            6818,
            "INFO",
            61,
            "felix",
            "sync_client.go 208:",
            f'Successfully connected to Typha at {bad[0]}:5473 after 2.022ms. myID=0x1 type=""',
        ),
    ]
    story.log(name, log + story.quiet(6700, 30, 240))
    story.texts[f"{bad[1]}-birdcl.txt"] = protocols(
        [
            (n, "start", "08:55:41", "Passive" if n > bad[1] else "Connect       BGP Error: Hold timer expired")
            for n in others
        ]
        + [(n, "up", story.ago(2073600)[:10], "Established") for n in (bad[0], bad[2])],
        routes="up",
    )
    story.describe(bad[1])
    story.affected = bad + others
    story.cite(f"{name}.log", "Mesh_10_242_64_4: Error: Hold timer expired")
    return story


def gateway(now: datetime) -> Incident:
    story = incident(
        "gateway-update-parted-two-pods-of-racks",
        CAUSE,
        "Since the gateway's update the sessions between 10.71/26 and 10.95/26 are down in both directions; inside each subnet all are established.",
        "https://cloud.ibm.com/docs/openshift?topic=openshift-cluster-plan-network-classic",
        now,
        difficulty="hard",
        platform="roks",
        calico="v3.27.4",
        kubernetes="v1.29.10+67d3387",
        registry="registry.example.com/ibm-ext/calico",
    )
    left, right = [f"10.71.140.{n}" for n in (67, 70, 88)], [f"10.95.33.{n}" for n in (131, 140, 146)]
    more = {
        "os_image": "Red Hat Enterprise Linux 8.10 (Ootpa)",
        "runtime": "cri-o://1.29.10",
        "kernel": "4.18.0-553.22.1.el8_10.x86_64",
    }
    story.workers(left, labels={"privateVLAN": "2618801", "ibm-cloud.kubernetes.io/iaas-provider": "softlayer"}, **more)
    story.workers(
        right, labels={"privateVLAN": "2618809", "ibm-cloud.kubernetes.io/iaas-provider": "softlayer"}, **more
    )
    story.agents(left + right)
    top = "must-gather.local.5512"
    for group, other in ((left, right), (right, left)):
        node = group[0]
        log = story.quiet(9000, 5300, 300)
        for n in other:
            log += [
                f"bird: Mesh_{n.replace('.', '_')}: {t}"
                for t in (
                    "Error: Hold timer expired",
                    "State changed to stop",
                    "State changed to down",
                    "Starting",
                    "State changed to start",
                )
            ]
        log += story.quiet(5000, 20, 420)
        story.log(
            "",
            wrapped(story, log, "stamps"),
            f"{top}/namespaces/calico-system/pods/{story.pods[node]}/calico-node/calico-node/logs/current.log",
        )
        story.commands[f"{top}/namespaces/calico-system/pods/{story.pods[node]}/{story.pods[node]}.yaml"] = (
            f"get pod -n calico-system {story.pods[node]} -o yaml"
        )
    story.commands |= {
        f"{top}/cluster-scoped-resources/core/nodes.yaml": "get nodes -o yaml",
        f"{top}/namespaces/calico-system/core/pods.yaml": "get pods -n calico-system -o yaml",
    }
    story.affected = left + right
    story.cite(
        f"{top}/namespaces/calico-system/pods/{story.pods[left[0]]}/calico-node/calico-node/logs/current.log",
        "Mesh_10_95_33_131: Error: Hold timer expired",
    )
    return story


def vpc_route(now: datetime) -> Incident:
    story = incident(
        "custom-route-swallows-the-second-zone",
        CAUSE,
        "Workers of zone 2 miss exactly those of zones 1 and 3; the only calico-node of zone 2 that has a neighbour in its zone is ready, the lonely one is not.",
        "https://cloud.ibm.com/docs/containers?topic=containers-vpc-acls",
        now,
        difficulty="hard",
        platform="vpc",
        calico="v3.28.2",
        kubernetes="v1.31.6+IKS",
    )
    zones = {
        "au-syd-1": ["10.245.0.4", "10.245.0.5"],
        "au-syd-2": ["10.245.64.4"],
        "au-syd-3": ["10.245.128.4", "10.245.128.5"],
    }
    for i, (zone, nodes) in enumerate(zones.items()):
        story.workers(
            nodes, labels={"topology.kubernetes.io/zone": zone, "ibm-cloud.kubernetes.io/subnet-id": f"02h{i}-11fa"}
        )
    lonely, rest = "10.245.64.4", zones["au-syd-1"] + zones["au-syd-3"]
    story.agents(rest, restarts=1, last=("Completed", 0, 500_000))
    story.agents([lonely], ready=False, started=4400, restarts=1, last=("Completed", 0, 4420))
    story.typha("10.245.0.4")
    story.typha("10.245.128.5", "w2k4b")
    name = story.pods[lonely]
    story.not_established(name, rest, 20, 4330, 144)
    story.describe(lonely)
    log = story.boot(lonely, 4400, rest, ())
    log.insert(
        21,
        story.say(
            4398,
            "ERROR",
            61,
            "felix",
            "sync_client.go 260:",
            "error connecting to typha endpoint (1 of 2) 10.245.0.4:5473 connID=0x0 error=dial tcp 10.245.0.4:5473: i/o timeout",
        ),
    )
    story.log(
        name,
        log
        + [
            story.say(
                4300 - 70 * i,
                "ERROR",
                61 + i,
                "felix",
                "sync_client.go 260:",
                f'Failed to connect to typha endpoint {a}:5473.  Will try other endpoints if available... error=dial tcp {a}:5473: i/o timeout myID=0x1 type=""',
            )
            for i, a in enumerate(("10.245.0.4", "10.245.128.5") * 5)
        ],
    )
    story.texts["ping.txt"] = (
        "".join(f"10.245.64.4 -> {a}: 5 packets transmitted, 0 received, 100% packet loss\n" for a in rest)
        + "10.245.64.4 -> 161.26.0.10: 5 packets transmitted, 5 received, 0% packet loss\n"
    )
    story.affected = [lonely, *rest]
    story.cite("ping.txt", "10.245.64.4 -> 10.245.0.4: 5 packets transmitted, 0 received")
    return story


def no_ping(now: datetime) -> Incident:
    story = incident("nothing-crosses-between-the-subnets", CAUSE, "Workers of two VPC subnets: inside each all is established, between them neither ping nor BGP gets through.",
        "https://cloud.ibm.com/docs/containers?topic=containers-vpc-security-group", now, difficulty="easy", platform="roks", calico="v3.27.4", kubernetes="v1.29.8+632b078")  # fmt: skip
    one, two = ([f"10.242.{net}.{n}" for n in (4, 5, 6)] for net in (0, 64))
    story.workers([*one, *two], runtime="cri-o://1.29.6")
    story.agents([*one, *two], ready=False, started=7000)
    for own, other in ((one, two), (two, one)):
        for node in own:
            story.not_established(story.pods[node], other, 12, 6900, 680, established=2)
    for node in (one[0], two[1]):
        story.describe(node)
    story.log("ping", [f"sh-4.4# ping -c 3 {two[0]}", f"PING {two[0]} ({two[0]}) 56(84) bytes of data.", "", f"--- {two[0]} ping statistics ---", "3 packets transmitted, 0 received, 100% packet loss, time 2053ms",
        f"sh-4.4# ping -c 1 {one[1]}", f"64 bytes from {one[1]}: icmp_seq=1 ttl=64 time=0.214 ms"], "ping.txt")  # fmt: skip
    story.log(story.pods[one[0]], story.quiet(5000, 30, 300))
    story.affected = [*one, *two]
    story.cite("ping.txt", "100% packet loss")
    return story


def typha_too(now: datetime) -> Incident:
    story = incident("second-vlan-gets-neither-typha-nor-peers", CAUSE, "Loud Typha timeouts on the workers of the second VLAN, but they also miss exactly all BGP peers of the first.",
        "https://github.com/projectcalico/calico/blob/v3.28.2/typha/pkg/syncclient/sync_client.go", now, difficulty="hard", platform="classic", calico="v3.28.2", kubernetes="v1.31.4+IKS")  # fmt: skip
    first = story.workers([f"10.74.11.{n}" for n in (130, 133, 139, 144)])
    second = story.workers([f"10.185.203.{n}" for n in (8, 9)], age=20_000)
    story.agents(first, ready=False, started=600_000)
    story.agents(second, ready=False, started=900, restarts=21, age=19_900, last=("Error", 1, 905))
    for suffix, node in (("h2x7p", first[0]), ("kq9zd", first[2])):
        story.typha(node, suffix)
    for node in first:
        story.not_established(story.pods[node], second, 14, 19_000, 1900, established=3)
    for node in second:
        story.not_established(story.pods[node], first, 8, 800, 80, established=1)
        story.probe(story.pods[node], NOT_LIVE, 910, 19_000, 40, "Liveness")
        story.describe(node)
    log = story.boot(second[0], 900, [*first, second[1]], [second[1]])
    for ago in range(890, 100, -45):
        host = first[0] if ago % 2 else first[2]
        log.append(
            story.say(
                ago,
                "WARNING",
                61,
                "felix",
                "sync_client.go 302:",
                f"Failed to connect to typha endpoint {host}:5473.  Will try other endpoints if available. error=dial tcp {host}:5473: i/o timeout",
            )
        )
    story.log(story.pods[second[0]], log)
    story.affected = second
    story.cite(f"describe-pod-{story.pods[second[0]]}.txt", "BGP not established with")
    return story


def only_events(now: datetime) -> Incident:
    story = incident("events-alone-draw-the-border", CAUSE, "Only `get nodes` and `get events`: each probe names exactly the nodes of the other rack subnet, never one of its own.",
        "https://github.com/projectcalico/calico/blob/v3.24.5/node/pkg/health/health.go", now, difficulty="hard", platform="other", calico="v3.24.5", kubernetes="v1.25.4", registry="docker.io/calico", namespace="kube-system")  # fmt: skip
    ips = {f"r{r}-{n}": f"192.168.{r * 16}.{20 + n}" for r in (1, 2) for n in (1, 2, 3, 4)}
    story.hosts(ips)
    story.staff(ips, ready=False)
    for node in ips:
        story.not_established(
            story.pods[node], [a for n, a in ips.items() if n[:2] != node[:2]], 18, 88_000, 2900, established=3
        )
    story.node_event("r1-2", "InvalidDiskCapacity", "invalid capacity 0 on image filesystem", 50_000)
    story.events("events.json", "get events -A -o json")
    story.commands["nodes.txt"] = "get nodes -o wide"
    story.affected = list(ips)
    story.cite("events.json", "BGP not established with 192.168.32.21")
    return story


def traced(now: datetime) -> Incident:
    story = incident("traceroute-ends-at-the-gateway", CAUSE, "After a move to a second subnet its workers reach each other only; traceroute to the first ends at the gateway with !X.",
        "https://docs.tigera.io/calico/latest/networking/determine-best-networking", now, difficulty="medium", platform="vpc", calico="v3.29.3", kubernetes="v1.32.5+IKS")  # fmt: skip
    old = story.workers([f"10.250.1.{n}" for n in (20, 21)])
    new = story.workers([f"10.250.129.{n}" for n in (10, 11, 12)], age=9000)
    story.agents(old, ready=False)
    story.agents(new, ready=False, started=8500, age=8600)
    for own, other in ((old, new), (new, old)):
        for node in own:
            story.not_established(story.pods[node], other, 6, 8400, 830, established=len(own) - 1)
    story.texts["traceroute.txt"] = (
        f"traceroute to {old[0]} ({old[0]}), 30 hops max, 60 byte packets\n 1  10.250.129.1 (10.250.129.1)  0.612 ms !X  0.598 ms !X *\n"
    )
    story.texts["birdcl-new.txt"] = protocols(
        [(n, "up", "06:01:33", "Established") for n in new[1:]]
        + [(n, "start", "06:01:30", "Active        Socket: No route to host") for n in old],
        routes="up",
    )
    story.log(
        story.pods[new[0]],
        wrapped(story, story.boot(new[0], 8500, [*new[1:], *old], new[1:]) + story.quiet(8400, 60, 400), "stamps"),
    )
    story.describe(new[0])
    story.affected = new
    story.cite("birdcl-new.txt", "Socket: No route to host")
    return story


STORIES = [availability_zones, new_subnet, vlan, acl, gateway, vpc_route, no_ping, typha_too, only_events, traced]
