"""node-ip-not-found: autodetection finds no usable address and calico-node ends."""

from __future__ import annotations

from datetime import datetime

from cluster import NO_CNI
from telling import Incident, incident, wrapped

CAUSE = "node-ip-not-found"
COULD_NOT = "Couldn't autodetect an IPv4 address. If auto-detecting, choose a different autodetection method. Otherwise provide an explicit address."


def failing(
    story: Incident,
    node: str,
    began: float,
    reason: str,
    place: str = "autodetection_methods.go 113:",
    last: str = "utils.go 48:",
) -> list[str]:
    """A start that ends because there is no address."""
    log = story.boot(node, began, bird=False)[:8]
    log += [
        story.say(began - 0.30, "WARNING", 9, "startup", place, reason),
        story.say(began - 0.31, "WARNING", 9, "startup", "startup.go 519:", COULD_NOT),
        story.say(
            began - 0.32,
            "INFO",
            9,
            "startup",
            "startup.go 403:",
            'Clearing out-of-date IPv4 address from this node IP=""',
        ),
    ]
    return [*log, story.say(began - 0.37, "WARNING", 9, "startup", last, "Terminating"), "Calico node failed to start"]


def renamed(now: datetime) -> Incident:
    story = incident(
        "card-renamed-by-the-kernel-update",
        CAUSE,
        "The detection method wants ens192; since the kernel update the card of one node has another name: no valid host interfaces found, exit 1.",
        "https://github.com/projectcalico/calico/issues/2166",
        now,
        difficulty="medium",
        platform="other",
        calico="v3.23.3",
        kubernetes="v1.24.6",
        registry="quay.io/calico",
        namespace="kube-system",
    )
    ips = {f"esx-node{n}": f"10.30.14.{n}" for n in (61, 62, 63, 64)}
    bad = "esx-node63"
    for node, address in ips.items():
        story.hosts(
            {node: address},
            kernel="5.15.0-130-generic" if node == bad else "5.15.0-91-generic",
            calico_up=node != bad,
            **(
                {"ready": NO_CNI, "since": 4200, "taints": [("node.kubernetes.io/not-ready", "NoSchedule")]}
                if node == bad
                else {}
            ),
        )
        story.agents(
            [node],
            address=address,
            **(
                {"ready": False, "restarts": 17, "waiting": "CrashLoopBackOff", "last": ("Error", 1, 130)}
                if node == bad
                else {}
            ),
        )
    name = story.pods[bad]
    story.pod_event(name, "BackOff", "Back-off restarting failed container", 8, 4000, 190)
    story.describe(bad, name)
    story.log(
        name,
        failing(
            story,
            bad,
            131,
            "Unable to auto-detect an IPv4 address using interface regexes [ens192]: no valid host interfaces found",
        ),
        f"{name}-previous.log",
    )
    story.affected = [bad]
    story.cite(f"{name}-previous.log", "using interface regexes [ens192]: no valid host interfaces found")
    return story


def other_range(now: datetime) -> Incident:
    story = incident(
        "node-group-outside-of-the-range",
        CAUSE,
        "The nodes of the new group have addresses of 100.64/16, detection is bound to 10.80.0.0/16: calico-node of these three ends at once.",
        "https://github.com/projectcalico/calico/blob/v3.28.2/node/pkg/lifecycle/startup/autodetection/autodetection_methods.go",
        now,
        difficulty="medium",
        platform="other",
        calico="v3.28.2",
        kubernetes="v1.30.4-eks-a737599",
        registry="quay.io/calico",
        acceptable=["invalid-calico-config"],
    )
    old = {f"ip-10-80-3-{n}.eu-central-1.compute.internal": f"10.80.3.{n}" for n in (10, 44, 91, 102)}
    new = {f"ip-100-64-7-{n}.eu-central-1.compute.internal": f"100.64.7.{n}" for n in (20, 55, 201)}
    story.hosts(
        old,
        labels={"eks.amazonaws.com/nodegroup": "general"},
        os_image="Amazon Linux 2023.5.20240916",
        kernel="6.1.109-118.189.amzn2023.x86_64",
    )
    story.hosts(
        new,
        age=3300,
        calico_up=False,
        since=3200,
        ready=NO_CNI,
        labels={"eks.amazonaws.com/nodegroup": "carrier-nat"},
        os_image="Amazon Linux 2023.5.20240916",
        kernel="6.1.109-118.189.amzn2023.x86_64",
    )
    for node, address in {**old, **new}.items():
        story.agents(
            [node],
            address=address,
            **(
                {"ready": False, "restarts": 14, "waiting": "CrashLoopBackOff", "last": ("Error", 1, 200), "age": 3290}
                if node in new
                else {}
            ),
        )
    story.typha(next(iter(old)))
    name = story.pods[next(iter(new))]
    story.pod_event(
        name,
        "BackOff",
        f"Back-off restarting failed container calico-node in pod {name}_calico-system(9d61)",
        11,
        3100,
        160,
    )
    story.log(
        name,
        failing(
            story,
            next(iter(new)),
            201,
            "Unable to auto-detect an IPv4 address using interface cidr [10.80.0.0/16]: no valid host interfaces found",
            "autodetection_methods.go 127:",
        ),
    )
    ready = story.pods[list(old)[1]]
    story.log(
        ready,
        [
            *story.quiet(3000, 1500, 300),
            *(
                story.say(
                    1400 - i,
                    "WARNING",
                    61,
                    "felix",
                    "l3_route_resolver.go 712:",
                    f'Unable to find IP for node node="{n}"',
                )
                for i, n in enumerate(new)
            ),
            *story.quiet(1300, 50, 300),
        ],
    )
    story.commands = {
        "nodes.txt": "get nodes -o wide",
        "pods.txt": "get pods -A -o wide",
        "describe-pod.txt": f"describe pod -n calico-system {name}",
    }
    story.affected = list(new)
    story.cite(f"{name}.log", "using interface cidr [10.80.0.0/16]")
    return story


def no_route_out(now: datetime) -> Incident:
    story = incident(
        "can-reach-without-a-default-route",
        CAUSE,
        "Detection asks which address leads to 8.8.8.8; on the private workers without default route the dial fails: network is unreachable, exit 1.",
        "https://github.com/projectcalico/calico/issues/5343",
        now,
        difficulty="hard",
        platform="other",
        calico="v3.25.2",
        kubernetes="v1.26.11",
        registry="docker.io/calico",
        namespace="kube-system",
        acceptable=["invalid-calico-config"],
    )
    ips = {"mec-cp": "10.17.2.10", "mec-e1": "10.17.2.31", "mec-e2": "10.17.2.32", "mec-e3": "10.17.2.33"}
    bad = ["mec-e2", "mec-e3"]
    story.hosts(ips)
    for node, address in ips.items():
        story.agents(
            [node],
            address=address,
            **(
                {"ready": False, "restarts": 9, "waiting": "CrashLoopBackOff", "last": ("Error", 1, 100), "age": 1700}
                if node in bad
                else {"started": 1500}
            ),
        )
    for node in ("mec-cp", "mec-e1"):
        story.pod_event(
            story.pods[node],
            "Unhealthy",
            "Readiness probe failed: calico/node is not ready: BIRD is not ready: Error querying BIRD: unable to connect to BIRDv4 socket: "
            "dial unix /var/run/calico/bird.ctl: connect: connection refused",
            1494,
            1498,
            2,
        )
        story.not_established(story.pods[node], ["10.17.2.31" if node == "mec-cp" else "10.17.2.10"], 1480, 1490, 1)
        story.commands[f"{node}_pod.txt"] = f"describe pod -n kube-system {story.pods[node]}"
    name = story.pods["mec-e2"]
    text = "Unable to auto-detect IPv4 address by connecting to 8.8.8.8: dial udp4 8.8.8.8:80: connect: network is unreachable"
    story.log(name, failing(story, "mec-e2", 101, text, "autodetection_methods.go 140:"), "mec-e2.log")
    story.log(
        story.pods["mec-e1"],
        story.boot("mec-e1", 1500, ["10.17.2.10"], address="10.17.2.31") + story.quiet(1400, 20, 120),
        "mec-e1.log",
    )
    story.commands |= {"pods.txt": "get pods -A -o wide", "nodes.txt": "get nodes -o wide"}
    story.affected = bad
    story.cite("mec-e2.log", "by connecting to 8.8.8.8")
    return story


def nothing_usable(now: datetime) -> Incident:
    story = incident(
        "only-bridges-left-on-the-host",
        CAUSE,
        "After a change of the bond the host has no interface with an address that counts: autodetection finds none, clears the node's address and ends.",
        "https://github.com/projectcalico/calico/issues/3094",
        now,
        difficulty="hard",
        platform="other",
        calico="v3.10.2",
        kubernetes="v1.17.0",
        registry="docker.io/calico",
        namespace="kube-system",
    )
    ips = {"desk1": "192.168.0.104", "desk2": "192.168.0.106", "desk3": "192.168.0.107"}
    story.hosts(ips, runtime="docker://19.3.5", os_image="Ubuntu 18.04.3 LTS", kernel="5.0.0-37-generic")
    for node, address in ips.items():
        story.agents(
            [node],
            address=address,
            **(
                {"ready": False, "restarts": 26, "waiting": "CrashLoopBackOff", "last": ("Error", 1, 20), "age": 7000}
                if node == "desk2"
                else {"restarts": 3, "last": ("Error", 255, 700_000)}
            ),
        )
    name = story.pods["desk2"]
    story.pod_event(
        name,
        "Unhealthy",
        "Readiness probe failed: calico/node is not ready: BIRD is not ready: Error querying BIRD: unable to connect to BIRDv4 socket: dial unix /var/run/bird/bird.ctl: connect: no such file or directory",
        25,
        6800,
        31,
    )
    story.pod_event(name, "BackOff", "Back-off restarting failed container", 5, 6700, 290)
    log = [
        story.line(21.0, "INFO", 8, "startup.go 256:", "Early log level set to info"),
        story.line(20.9, "INFO", 8, "startup.go 272:", "Using NODENAME environment for node name"),
        story.line(20.9, "INFO", 8, "startup.go 284:", "Determined node name: desk2"),
        story.line(20.8, "INFO", 8, "k8s.go 228:", "Using Calico IPAM"),
        story.line(20.8, "INFO", 8, "startup.go 316:", "Checking datastore connection"),
        story.line(20.7, "INFO", 8, "startup.go 340:", "Datastore connection verified"),
        story.line(20.7, "INFO", 8, "startup.go 95:", "Datastore is ready"),
        story.line(
            20.6,
            "INFO",
            8,
            "customresource.go 101:",
            'Error getting resource Key=GlobalFelixConfig(name=CalicoVersion) Name="calicoversion" Resource="GlobalFelixConfigs" error=the server could not find the requested resource (get GlobalFelixConfigs.crd.projectcalico.org calicoversion)',
        ),
        story.line(20.6, "INFO", 8, "startup.go 385:", "Initialize BGP data"),
        story.line(
            20.6,
            "WARNING",
            8,
            "startup.go 617:",
            "Unable to auto-detect an IPv4 address: no valid IPv4 addresses found on the host interfaces",
        ),
        story.line(20.6, "WARNING", 8, "startup.go 407:", COULD_NOT),
        story.line(20.6, "INFO", 8, "startup.go 213:", 'Clearing out-of-date IPv4 address from this node IP=""'),
        story.line(20.5, "WARNING", 8, "startup.go 1111:", "Terminating"),
        "Calico node failed to start",
    ]
    story.log(name, log)
    story.texts["kubelet.txt"] = "".join(
        f'{story.syslog(200 - 13 * i)} desk2 kubelet[2204]: E{story.stamp(1)[5:10].replace("-", "")} {story.stamp(200 - 13 * i)[11:19]}.331804    2204 pod_workers.go:191] Error syncing pod 5b1e ("{name}_kube-system(5b1e)"), skipping: failed to "StartContainer" for "calico-node" with CrashLoopBackOff: "back-off 5m0s restarting failed container=calico-node"\n'
        for i in range(8)
    )
    story.commands = {"describe.txt": f"describe pod -n kube-system {name}", "nodes.txt": "get nodes -o wide"}
    story.affected = ["desk2"]
    story.cite(f"{name}.log", "no valid IPv4 addresses found on the host interfaces")
    return story


def vlan_card(now: datetime) -> Incident:
    story = incident(
        "bond-without-its-address-after-netplan",
        CAUSE,
        "After a netplan change the only card that the skip list leaves has no address on two hosts; calico-node clears the node's address and ends.",
        "https://github.com/projectcalico/calico/issues/8941",
        now,
        difficulty="medium",
        platform="other",
        calico="v3.27.3",
        kubernetes="v1.28.9",
        registry="quay.io/calico",
        namespace="calico-system",
    )
    ips = {f"hyper{n}": f"10.71.0.{n}" for n in (21, 22, 23, 24)}
    bad = ["hyper23", "hyper24"]
    story.hosts({n: a for n, a in ips.items() if n not in bad})
    story.hosts({n: ips[n] for n in bad}, calico_up=False, since=2600)
    story.staff({n: a for n, a in ips.items() if n not in bad}, restarts=9, last=("Error", 255, 1_200_000))
    story.staff({n: ips[n] for n in bad}, ready=False, restarts=12, waiting="CrashLoopBackOff", last=("Error", 1, 140))
    story.typha("hyper21")
    name = story.pods["hyper23"]
    text = "Unable to auto-detect an IPv4 address while excluding [eno1 docker.* idrac]: no valid IPv4 addresses found on the host interfaces"
    story.log(name, wrapped(story, failing(story, "hyper23", 141, text, "autodetection_methods.go 157:"), "cri"))
    story.pod_event(
        name,
        "BackOff",
        f"Back-off restarting failed container calico-node in pod {name}_calico-system(be11)",
        9,
        2500,
        130,
    )
    gone = "bird: Mesh_10_71_0_23: "
    log = [
        *story.quiet(6000, 2700, 300),
        *(
            gone + t
            for t in (
                "State changed to start",
                "Error: Hold timer expired",
                "State changed to stop",
                "State changed to down",
            )
        ),
        "bird: Reconfiguration requested by SIGHUP",
        "bird: Removing protocol Mesh_10_71_0_23",
        "bird: Reconfigured",
        *story.quiet(2000, 10, 240),
    ]
    story.log(story.pods["hyper21"], log)
    story.describe("hyper23", name)
    story.affected = bad
    story.cite(f"{name}.log", "while excluding [eno1 docker.* idrac]")
    return story


def name_of_the_master(now: datetime) -> Incident:
    story = incident(
        "can-reach-a-name-that-is-gone",
        CAUSE,
        "Detection connects to the old master's name, which has no address any more: on every restart calico-node finds no address; those never restarted go on.",
        "https://github.com/projectcalico/calico/blob/v3.26.4/node/pkg/lifecycle/startup/autodetection/reachaddr.go",
        now,
        difficulty="hard",
        platform="other",
        calico="v3.26.4",
        kubernetes="v1.26.15",
        registry="docker.io/calico",
        namespace="kube-system",
        acceptable=["dns-failure", "invalid-calico-config"],
    )
    ips = {f"old-dc-{n:02}": f"10.4.200.{n}" for n in range(1, 7)}
    story.hosts(ips)
    bad = ["old-dc-02", "old-dc-05"]
    story.staff({n: a for n, a in ips.items() if n not in bad}, started=20_000_000, age=20_000_000)
    story.staff({n: ips[n] for n in bad}, ready=False, restarts=33, waiting="CrashLoopBackOff", last=("Error", 1, 222))
    for node in bad:
        text = "Unable to auto-detect IPv4 address by connecting to kube-master.old-dc.example.com: dial udp4: lookup kube-master.old-dc.example.com on 10.4.0.53:53: no such host"
        story.log("", failing(story, node, 223, text, "autodetection_methods.go 140:"), f"{node}-previous.log")
        story.pod_event(
            story.pods[node], "BackOff", "Back-off restarting failed container calico-node in pod", 12, 9000, 610
        )
    story.commands = {
        "pods.txt": "get pods -n kube-system -o wide",
        "describe-02.txt": f"describe pod -n kube-system {story.pods['old-dc-02']}",
    }
    story.affected = bad
    story.cite("old-dc-02-previous.log", "by connecting to kube-master.old-dc.example.com")
    return story


STORIES = [renamed, other_range, no_route_out, nothing_usable, vlan_card, name_of_the_master]
