"""duplicate-node-identity: two live machines share a node name, an address or a router id."""

from __future__ import annotations

from datetime import datetime

from cluster import NO_CNI
from telling import (
    Incident,
    incident,
    protocols,
    wrapped,
)

CAUSE = "duplicate-node-identity"
CHANGED = "IPv4 address has changed. This could happen if there are multiple nodes with the same name."


def cloned_file(now: datetime) -> Incident:
    story = incident(
        "image-with-somebodys-nodename-file",
        CAUSE,
        "node8 was cloned from node1's disk: without NODENAME it reuses the stored name node1, and the address of that Calico node goes back and forth.",
        "https://github.com/projectcalico/calico/issues/3097",
        now,
        difficulty="hard",
        platform="other",
        calico="v3.9.5",
        kubernetes="v1.16.9",
        registry="quay.io/calico",
        namespace="kube-system",
    )
    ips = {f"node{n}": f"10.33.0.{n}" for n in (1, 2, 3, 8)}
    story.hosts(ips, runtime="docker://18.9.7")
    for node, address in ips.items():
        story.agents(
            [node],
            address=address,
            **(
                {"ready": False, "started": 3000, "age": 3100, "restarts": 1, "last": ("Error", 1, 3020)}
                if node == "node8"
                else {}
            ),
        )
    name = story.pods["node8"]
    story.not_established(name, ["10.33.0.2", "10.33.0.3"], 11, 2950, 295)
    story.describe("node8", name)
    log = story.old_boot("node1", 3000, ["10.33.0.2", "10.33.0.3"], (), address="10.33.0.8", prefix=24)
    log[1] = story.line(
        2999.97, "INFO", 8, "startup.go 276:", "Using stored node name node1 from /var/lib/calico/nodename"
    )
    log.insert(
        10,
        story.line(
            2999.7, "WARNING", 8, "startup.go 852:", f'{CHANGED} node="node1" original="10.33.0.1" updated="10.33.0.8"'
        ),
    )
    story.log(name, log + story.quiet(2900, 30, 300))
    story.texts["birdcl-node2.txt"] = protocols(
        [("10.33.0.3", "up", "09:11:40", "Established"), ("10.33.0.8", "start", "10:05:31", "Passive")], routes="up"
    )
    story.affected = ["node1", "node8"]
    story.cite(f"{name}.log", "Using stored node name node1 from /var/lib/calico/nodename")
    return story


def same_router_id(now: datetime) -> Incident:
    story = incident(
        "two-machines-with-one-router-id",
        CAUSE,
        "Two of six machines announce the same BGP identifier: the session between exactly these two ends again and again, all others are up.",
        "https://github.com/projectcalico/calico/issues/689",
        now,
        difficulty="medium",
        platform="other",
        calico="v3.20.2",
        kubernetes="v1.21.7",
        registry="docker.io/calico",
        namespace="kube-system",
    )
    ips = {f"slave{n}": f"172.30.30.{n}" for n in range(5, 11)}
    story.hosts(ips)
    for node, address in ips.items():
        story.agents([node], address=address, restarts=1, last=("Completed", 0, 80_000), started=79_000)
    a, b = "slave6", "slave9"
    others = [x for n, x in ips.items() if n not in (a, b)]
    log = story.boot(a, 79_000, [*others, ips[b]], others, ips[a], "em1", 24)[:-1]
    p = f"bird: Mesh_{ips[b].replace('.', '_')}: "
    quiet = story.quiet(78_000, 100, 7000)
    for i in range(9):
        log += [
            p + t
            for t in (
                "Error: Bad BGP identifier: ac1e1e06",
                "State changed to stop",
                "State changed to down",
                "Starting",
                "State changed to start",
            )
        ] + quiet[i : i + 1]
    story.log(story.pods[a], log)
    story.texts[f"{b}-birdcl.txt"] = protocols(
        [(x, "up", story.ago(86400)[:10], "Established") for x in others]
        + [(ips[a], "start", "10:30:09", "Idle          BGP Error: Bad BGP identifier")],
        routes="up",
    )
    story.commands = {"pods.txt": "get pods -n kube-system -o wide", "nodes.txt": "get nodes -o wide"}
    story.affected = [a, b]
    story.cite(f"{story.pods[a]}.log", "Error: Bad BGP identifier: ac1e1e06")
    return story


def same_address(now: datetime) -> Incident:
    story = incident(
        "one-private-address-given-twice",
        CAUSE,
        "Two live hosts were given one static address: both are in the node list with it; calico-node of the younger one refuses to start.",
        "https://github.com/k0sproject/k0s/issues/2208",
        now,
        difficulty="medium",
        platform="other",
        calico="v3.24.5",
        kubernetes="v1.25.2+k0s",
        registry="quay.io/k0sproject/calico",
        namespace="kube-system",
    )
    ips = {"cell-a": "192.168.178.21", "cell-b": "192.168.178.22", "cell-c": "192.168.178.23"}
    story.hosts(ips)
    story.hosts({"cell-d": "192.168.178.22"}, age=11_000, ready=NO_CNI, since=10_900, calico_up=False)
    for node, address in ips.items():
        story.agents(
            [node],
            address=address,
            restarts=4,
            last=("Error", 137, 9000) if node == "cell-b" else ("Error", 255, 900_000),
        )
    story.agents(
        ["cell-d"],
        address="192.168.178.22",
        ready=False,
        restarts=35,
        waiting="CrashLoopBackOff",
        last=("Error", 1, 240),
        age=10_900,
    )
    name = story.pods["cell-d"]
    log = story.boot("cell-d", 242, address="192.168.178.22", interface="ens18", prefix=24, bird=False)[:9]
    log += [
        story.say(241.6, "INFO", 9, "startup", "startup.go 553:", "Node IPv4 changed, will check for conflicts"),
        story.say(
            241.5,
            "WARNING",
            9,
            "startup",
            "startup.go 1002:",
            "Calico node 'cell-b' is already using the IPv4 address 192.168.178.22.",
        ),
        story.say(
            241.5,
            "INFO",
            9,
            "startup",
            "startup.go 389:",
            'Clearing out-of-date IPv4 address from this node IP="192.168.178.22/24"',
        ),
        story.say(241.4, "WARNING", 9, "startup", "utils.go 48:", "Terminating"),
        "Calico node failed to start",
    ]
    story.log(name, log)
    story.pod_event(
        story.pods["cell-b"],
        "Unhealthy",
        "Readiness probe failed: calico/node is not ready: felix is not ready: readiness probe reporting 503",
        300,
        9000,
        14,
    )
    story.pod_event(name, "BackOff", "Back-off restarting failed container", 15, 10_700, 420)
    for node in ("cell-b", "cell-d"):
        story.commands[f"describe-{node}.txt"] = f"describe pod -n kube-system {story.pods[node]}"
    story.commands |= {"nodes.txt": "get nodes -o wide", "pods.txt": "get pods -n kube-system -o wide"}
    story.affected = ["cell-b", "cell-d"]
    story.cite(f"{name}.log", "Calico node 'cell-b' is already using the IPv4 address 192.168.178.22.")
    return story


def same_hostname(now: datetime) -> Incident:
    story = incident(
        "every-machine-is-called-ubuntu",
        CAUSE,
        "Two machines made of one template both call themselves 'ubuntu' in Calico; each start moves that node to its own address. The rest is probe noise.",
        "https://github.com/projectcalico/calicoctl/issues/234",
        now,
        difficulty="hard",
        platform="other",
        calico="v3.22.1",
        kubernetes="v1.23.5",
        registry="docker.io/calico",
        namespace="kube-system",
    )
    ips = {"tmpl-10": "10.7.7.10", "tmpl-11": "10.7.7.11", "tmpl-12": "10.7.7.12"}
    story.hosts(ips)
    twins = ["tmpl-11", "tmpl-12"]
    for node, address in ips.items():
        story.agents(
            [node],
            address=address,
            **(
                {
                    "ready": False,
                    "started": 800 if node == "tmpl-11" else 650,
                    "restarts": 6,
                    "last": ("Error", 137, 820),
                }
                if node in twins
                else {}
            ),
        )
    for node, began in zip(twins, (800, 650), strict=True):
        mine, other = ips[node], ips[twins[1 - twins.index(node)]]
        log = story.boot("ubuntu", began, ["10.7.7.10"], (), mine, "enp1s0", 24)
        log[1] = story.say(
            began - 0.03,
            "INFO",
            9,
            "startup",
            "utils.go 131:",
            "Using HOSTNAME environment (lowercase) for node name ubuntu",
        )
        log.insert(
            9,
            story.say(
                began - 0.27,
                "WARNING",
                9,
                "startup",
                "startup.go 980:",
                f'{CHANGED} node="ubuntu" original="{other}" updated="{mine}"',
            ),
        )
        log += [
            f"bird: BGP: Unexpected connect from unknown address {other} (port {39400 + 37 * i})" for i in range(5)
        ] + story.quiet(began - 60, 20, 62)
        story.log(story.pods[node], log)
        story.not_established(story.pods[node], ["10.7.7.10"], 7, began - 30, 60)
        story.pod_event(
            story.pods[node],
            "Unhealthy",
            'Liveness probe failed: Get "http://localhost:9099/liveness": context deadline exceeded (Client.Timeout exceeded while awaiting headers)',
            830,
            5000,
            17,
        )
        story.commands[f"{story.pods[node]}.txt"] = f"describe pod -n kube-system {story.pods[node]}"
    story.commands["pods"] = "get pods -n kube-system -o wide"
    story.affected = twins
    story.cite(f"{story.pods['tmpl-11']}.log", 'multiple nodes with the same name. node="ubuntu"')
    return story


def internal_ip_twice(now: datetime) -> Incident:
    story = incident(
        "two-masters-answer-to-one-address",
        CAUSE,
        "A virtual address moved by keepalived is on two masters' lists: both register 192.168.56.13, the later one is refused and ends.",
        "https://github.com/projectcalico/calico/issues/5851",
        now,
        difficulty="hard",
        platform="other",
        calico="v3.23.1",
        kubernetes="v1.23.6",
        registry="docker.io/calico",
    )
    ips = {
        "master01": "192.168.56.11",
        "master02": "192.168.56.13",
        "master03": "192.168.56.13",
        "node01": "192.168.56.21",
    }
    story.hosts(ips, labels={"node-role.kubernetes.io/control-plane": ""})
    story.staff({n: a for n, a in ips.items() if n != "master03"})
    story.staff(
        {"master03": ips["master03"]},
        ready=False,
        restarts=16,
        waiting="CrashLoopBackOff",
        last=("Error", 1, 33),
        age=3600,
    )
    name = story.pods["master03"]
    log = story.boot("master03", 34, bird=False)[:8]
    log += [
        story.say(
            33.7,
            "INFO",
            9,
            "startup",
            "autodetection_methods.go 225:",
            'Including CIDR information from host interface. CIDR="192.168.56.13/24"',
        ),
        story.say(33.6, "INFO", 9, "startup", "startup.go 559:", "Node IPv4 changed, will check for conflicts"),
        story.say(
            33.5,
            "WARNING",
            9,
            "startup",
            "startup.go 983:",
            "Calico node 'master02' is already using the IPv4 address 192.168.56.13.",
        ),
        story.say(
            33.5,
            "INFO",
            9,
            "startup",
            "startup.go 389:",
            'Clearing out-of-date IPv4 address from this node IP="192.168.56.13/24"',
        ),
        story.say(33.4, "WARNING", 9, "startup", "utils.go 48:", "Terminating"),
        "Calico node failed to start",
    ]
    story.log(name, wrapped(story, log, "cri"), f"{name}.calico-node.log")
    story.pod_event(
        name,
        "Unhealthy",
        "Readiness probe failed: calico/node is not ready: BIRD is not ready: Error querying BIRD: unable to connect to BIRDv4 socket: dial unix /var/run/calico/bird.ctl: connect: no such file or directory",
        36,
        3500,
        40,
    )
    story.describe("master03", name)
    story.affected = ["master02", "master03"]
    story.cite(f"{name}.calico-node.log", "Calico node 'master02' is already using the IPv4 address 192.168.56.13.")
    return story


def reset_by_peer(now: datetime) -> Incident:
    story = incident(
        "restored-snapshot-runs-beside-its-origin",
        CAUSE,
        "A restored copy of node-3 runs next to the original with the router id of that: the session between the two ends again and again, all others are up.",
        "https://github.com/kubernetes-sigs/kubespray/issues/6675",
        now,
        difficulty="hard",
        platform="other",
        calico="v3.15.1",
        kubernetes="v1.18.8",
        registry="quay.io/calico",
        namespace="kube-system",
    )
    ips = {f"server-node-{n}": f"10.44.1.{n}" for n in (1, 2, 3, 4)}
    story.hosts(ips, runtime="docker://19.3.12", kernel="4.15.0-117-generic", os_image="Ubuntu 18.04.5 LTS")
    story.hosts(
        {"server-node-3-copy": "10.44.1.33"},
        age=9000,
        runtime="docker://19.3.12",
        kernel="4.15.0-117-generic",
        os_image="Ubuntu 18.04.5 LTS",
    )
    story.staff(ips)
    story.staff({"server-node-3-copy": "10.44.1.33"}, started=8700, age=8900)
    copy = story.pods["server-node-3-copy"]
    story.not_established(copy, ["10.44.1.3"], 8668, 8690, 3, established=3)
    name = story.pods["server-node-3"]
    log = story.quiet(12_000, 8800, 400)
    for i in range(10):
        log += [
            f"bird: Mesh_10_44_1_33: {t}"
            for t in (
                "Starting",
                "State changed to start",
                "Error: Bad BGP identifier: 0a2c0103",
                "State changed to stop",
                "State changed to down",
            )
        ]
        log += story.quiet(8600 - 800 * i, 8600 - 800 * i - 1)
    story.log(name, log)
    noise = [
        f"bird: BGP: Unexpected connect from unknown address 10.44.1.33 (port {41_000 + 57 * i})" for i in range(4)
    ]
    story.log(
        story.pods["server-node-1"],
        [
            *story.quiet(12_000, 8900, 500),
            *noise,
            "bird: Reconfiguration requested by SIGHUP",
            "bird: Reconfiguring",
            "bird: Adding protocol Mesh_10_44_1_33",
            "bird: Mesh_10_44_1_33: Initializing",
            "bird: Mesh_10_44_1_33: Starting",
            "bird: Mesh_10_44_1_33: State changed to start",
            "bird: Reconfigured",
            *story.quiet(8000, 30, 500),
        ],
    )
    story.commands = {
        "describe-copy.txt": f"describe pod -n kube-system {copy}",
        "pods.txt": "get pods -n kube-system -o wide",
        "nodes.txt": "get nodes -o wide",
    }
    story.affected = ["server-node-3", "server-node-3-copy"]
    story.cite(f"{name}.log", "Error: Bad BGP identifier: 0a2c0103")
    return story


def _twice(
    now: datetime, name: str, why: str, ips: dict[str, str], bad: str, first: str, how: str, **more: object
) -> Incident:
    story = incident(
        name,
        CAUSE,
        why,
        "https://github.com/projectcalico/calico/blob/v3.28.2/node/pkg/lifecycle/startup/startup.go",
        now,
        platform="other",
        **more,
    )
    story.hosts(ips)
    story.staff({n: a for n, a in ips.items() if n != bad})
    taken = how == "taken"
    state = {"waiting": "CrashLoopBackOff", "restarts": 14, "last": ("Error", 1, 60)} if taken else {"started": 900}
    story.staff({bad: ips[bad]}, ready=False, **state)
    if taken:
        words = f"Calico node '{first}' is already using the IPv4 address {ips[bad]}."
        log = [
            *story.boot(bad, 70, prefix=24, bird=False)[:9],
            story.say(69, "WARNING", 9, "startup", "startup.go 1080:", words),
            "Calico node failed to start",
        ]
    else:
        words = f'{CHANGED} node="{first}" original="{ips[first]}" updated="{ips[bad]}"'
        log = story.boot(first, 900, address=ips[bad], prefix=24)
        log.insert(9, story.say(899.7, "WARNING", 9, "startup", "startup.go 770:", words))
        log += story.quiet(800, 30, 100)
    story.log("", log, f"{bad}.log")
    story.commands |= {"nodes.txt": "get nodes -o wide", "pods.txt": "get pods -A -o wide"}
    story.affected = [first, bad]
    story.cite(f"{bad}.log", words)
    return story


def cloned_vm(now: datetime) -> Incident:
    return _twice(
        now,
        "two-list-entries-with-one-address",
        "Two live nodes of the list have one InternalIP; the second ends.",
        {"cl-1": "10.25.0.4", "cl-2": "10.25.0.5", "cl-3": "10.25.0.5"},
        "cl-3",
        "cl-2",
        "taken",
        difficulty="easy",
        calico="v3.27.0",
        kubernetes="v1.28.6",
        registry="docker.io/calico",
    )


def one_name(now: datetime) -> Incident:
    return _twice(
        now,
        "node-name-file-came-with-the-image",
        "A host starts under another's name and moves that node's address.",
        {f"im{n}": f"172.21.9.{n}" for n in (2, 3, 4, 5)},
        "im5",
        "im3",
        "moved",
        difficulty="hard",
        calico="v3.23.2",
        kubernetes="v1.24.6",
        registry="quay.io/calico",
    )


def lease(now: datetime) -> Incident:
    return _twice(
        now,
        "address-lease-given-to-two-machines",
        "The DHCP server gave a second machine the same address.",
        {"dh-a": "192.168.17.30", "dh-b": "192.168.17.31", "dh-c": "192.168.17.30", "dh-d": "192.168.17.33"},
        "dh-c",
        "dh-a",
        "taken",
        difficulty="medium",
        calico="v3.20.3",
        kubernetes="v1.21.7",
        registry="docker.io/calico",
        namespace="kube-system",
    )


def env_name(now: datetime) -> Incident:
    return _twice(
        now,
        "fixed-nodename-in-one-environment",
        "NODENAME is fixed to another host's name on one machine: the address is said to have changed.",
        {f"ed-{n}": f"10.211.6.{n}" for n in (7, 8, 9)},
        "ed-9",
        "ed-7",
        "moved",
        difficulty="hard",
        calico="v3.29.2",
        kubernetes="v1.31.6",
        registry="quay.io/calico",
    )


STORIES = [
    cloned_file,
    same_router_id,
    same_address,
    same_hostname,
    internal_ip_twice,
    reset_by_peer,
    cloned_vm,
    one_name,
    lease,
    env_name,
]
