"""duplicate-node-identity: told without having seen the rules."""

from __future__ import annotations

from datetime import datetime

from telling import Incident, incident

CAUSE = "duplicate-node-identity"


def one_router_id_for_two(now: datetime) -> Incident:
    story = incident(
        "router-id-set-by-hand-on-two-nodes",
        CAUSE,
        "Two nodes of an IPv6-first site carry CALICO_ROUTER_ID=10.66.0.3 in their environment (the second was copied from the first): BIRD of either refuses the other ('Bad BGP identifier'), all other sessions are up.",
        "https://docs.tigera.io/calico/latest/reference/configure-calico-node (CALICO_ROUTER_ID)",
        now,
        platform="other",
        calico="v3.23.3",
        kubernetes="v1.24.8",
        namespace="kube-system",
        registry="quay.io/calico",
        difficulty="medium",
    )
    hosts = {f"gva-n{n}": f"10.66.20.{40 + n}" for n in range(1, 6)}
    story.hosts(hosts, os_image="Fedora CoreOS 36", kernel="5.18.18-200.fc36.x86_64", runtime="containerd://1.6.8")
    ids = {
        "gva-n1": "10.66.0.1",
        "gva-n2": "10.66.0.2",
        "gva-n3": "10.66.0.3",
        "gva-n4": "10.66.0.3",
        "gva-n5": "10.66.0.5",
    }
    for node, address in hosts.items():
        story.staff(
            {node: address},
            started=1_000_000 if node != "gva-n4" else 4000,
            age=1_100_000 if node != "gva-n4" else 4020,
            spec={
                "env": [
                    {"name": "CALICO_ROUTER_ID", "value": ids[node]},
                    {"name": "IP6", "value": "autodetect"},
                    {"name": "FELIX_IPV6SUPPORT", "value": "true"},
                ]
            },
        )
    me, other = "gva-n4", "gva-n3"
    name = story.pods[me]
    peers = [v for k, v in hosts.items() if k != me]
    story.not_established(name, [hosts[other]], 3960, 3990, 3, established=3)
    session = f"bird: Mesh_{hosts[other].replace('.', '_')}"
    log = story.boot(me, 3995, peers, up=[p for p in peers if p != hosts[other]])
    for i in range(5):
        log += [
            f"{session}: {x}"
            for x in (
                "Error: Bad BGP identifier: 0a420003",
                "State changed to stop",
                "State changed to down",
                "Starting",
                "State changed to start",
            )
        ] + story.quiet(3900 - 700 * i, 3300 - 700 * i, 250)
    story.log(name, log)
    story.describe(me, name)
    story.commands[f"describe-pod-{story.pods[other]}.txt"] = f"describe pod -n kube-system {story.pods[other]}"
    story.affected = [other, me]
    story.cite(f"{name}.log", "Bad BGP identifier: 0a420003")
    return story


def two_machines_behind_one_worker(now: datetime) -> Incident:
    story = incident(
        "one-address-two-worker-ids",
        CAUSE,
        "IKS classic: a worker that was to be cancelled runs on while its address was given to a new one; both register as the node 10.144.9.77. `worker ls` shows the address twice, the node 'reboots' every few minutes with the other's boot id and its BGP sessions come and go.",
        "https://cloud.ibm.com/docs/containers?topic=containers-ts-worker-dupe-nodes",
        now,
        platform="classic",
        calico="v3.27.3",
        kubernetes="v1.29.7+IKS",
        difficulty="hard",
        acceptable=["worker-flapping"],
    )
    nodes = story.workers([f"10.144.9.{n}" for n in (66, 70, 81)])
    bad = story.workers(["10.144.9.77"], since=140)[0]
    story.agents(nodes, started=1_200_000)
    name = story.agents([bad], restarts=11, started=3900, last=("Unknown", 255, 3950))[0]
    boots = ("6a41c0de-1f0b-4f6e-8d3a-5b7e02c1f9aa", "e70d93b2-58a4-4c11-b6f5-0f2d4a9c7712")
    for i in range(8):
        story.node_event(
            bad, "Rebooted", f"Node {bad} has been rebooted, boot id: {boots[i % 2]}", 3200 - 400 * i, 3200 - 400 * i
        )
    story.node_event(bad, "NodeNotReady", f"Node {bad} status is now: NodeNotReady", 200, 3300, 9, type_="Normal")
    story.node_event(bad, "NodeReady", f"Node {bad} status is now: NodeReady", 140, 3250, 9, type_="Normal")
    me = nodes[0]
    session = "bird: Mesh_10_144_9_77"
    log = story.quiet(6000, 3500, 500)
    for i in range(7):
        log += [
            f"{session}: {x}"
            for x in (
                ("Error: Hold timer expired", "Received: Administrative reset")[i % 2],
                "State changed to stop",
                "State changed to down",
                "Starting",
                "State changed to start",
                "Connected to table master",
                "State changed to feed",
                "State changed to up",
            )
        ]
        log += story.quiet(3200 - 430 * i, 2900 - 430 * i, 200)
    story.log(story.pods[me], log)
    story.log(name, [*story.boot(bad, 3890, nodes), *story.quiet(3700, 20, 300)])
    story.texts["worker-ls.txt"] = (
        "ID                                                     Public IP        Private IP     Flavor     State             Status   Zone    Version\nkube-cq8r1kof0s2v7d3e9b10-prodshop-default-00000213   169.50.20.101   10.144.9.66    b3c.4x16   normal            Ready    fra02   1.29.7_1550\nkube-cq8r1kof0s2v7d3e9b10-prodshop-default-00000345   169.50.20.104   10.144.9.70    b3c.4x16   normal            Ready    fra02   1.29.7_1550\nkube-cq8r1kof0s2v7d3e9b10-prodshop-default-000004c1   169.50.20.118   10.144.9.77    b3c.4x16   delete_failed     Ready    fra02   1.29.5_1541\nkube-cq8r1kof0s2v7d3e9b10-prodshop-default-00000888   169.50.20.131   10.144.9.77    b3c.4x16   normal            Ready    fra02   1.29.7_1550\nkube-cq8r1kof0s2v7d3e9b10-prodshop-default-000005f0   169.50.20.112   10.144.9.81    b3c.4x16   normal            Ready    fra02   1.29.7_1550\n"
    )
    story.texts["worker-ls.txt"] = story.texts["worker-ls.txt"].replace("169.50.20.", "192.0.2.")
    story.describe(bad, name)
    story.commands[f"describe-pod-{story.pods[me]}.txt"] = f"describe pod -n calico-system {story.pods[me]}"
    story.affected = [bad]
    story.cite("worker-ls.txt", "000004c1")
    return story


# told on 29 November 2026 without having seen the rules
def same_machine_registered_under_two_names(now: datetime) -> Incident:
    story = incident(
        "first-start-registered-the-address-as-a-name",
        CAUSE,
        "The first calico-node on each new host ran before NODENAME was set and registered a Calico node named like the address; the corrected one, under the host's name, is refused because that other name already uses the address. 'calicoctl get nodes' shows the address twice.",
        "https://github.com/projectcalico/calico/issues/1627",
        now,
        platform="other",
        calico="v3.10.4",
        kubernetes="v1.16.15",
        namespace="kube-system",
        registry="calico",
        difficulty="easy",
        acceptable=["bgp-stale-node"],
    )
    old = {"etcd-a": "10.150.2.11", "etcd-b": "10.150.2.12", "wrk-a": "10.150.2.21"}
    new = {"wrk-b": "10.150.2.22", "wrk-c": "10.150.2.23"}
    os = {"os_image": "Ubuntu 18.04.5 LTS", "kernel": "4.15.0-122-generic", "runtime": "docker://19.3.13"}
    story.hosts(old, **os)
    story.hosts(new, age=4_400, since=4_300, **os)
    story.staff(old, started=1_500_000)
    names = story.staff(new, ready=False, restarts=14, waiting="CrashLoopBackOff", last=("Error", 1, 120), age=3_000)
    for n in names:
        story.pod_event(n, "BackOff", "Back-off restarting failed container", 13, 2_900, 201)
    me = "wrk-c"
    log = story.old_boot(me, 122)[:7]
    log += [
        story.line(121.6, "INFO", 8, "startup.go 358:", f'Building new node resource Name="{me}"'),
        story.line(121.6, "INFO", 8, "startup.go 382:", "Initialize BGP data"),
        story.line(
            121.5, "INFO", 8, "startup.go 584:", f"Using autodetected IPv4 address on interface ens192: {new[me]}/24"
        ),
        story.line(121.5, "INFO", 8, "startup.go 452:", "Node IPv4 changed, will check for conflicts"),
        story.line(
            121.4,
            "WARNING",
            8,
            "startup.go 981:",
            f"Calico node '{new[me]}' is already using the IPv4 address {new[me]}.",
        ),
        story.line(
            121.4, "INFO", 8, "startup.go 209:", f'Clearing out-of-date IPv4 address from this node IP="{new[me]}/24"'
        ),
        story.line(121.3, "WARNING", 8, "startup.go 1187:", "Terminating"),
        "Calico node failed to start",
    ]
    story.log(names[1], log, f"{names[1]}-previous.log")
    story.texts["calicoctl.txt"] = (
        "$ calicoctl get nodes -o wide\nNAME          ASN       IPV4             IPV6   \n"
        + "".join(
            f"{n:<13} (64512)   {a + '/24':<16}        \n" for n, a in [*((a, a) for a in new.values()), *old.items()]
        )
    )
    story.describe(me, names[1])
    story.affected = list(new)
    story.cite(f"{names[1]}-previous.log", "Calico node '10.150.2.23' is already using the IPv4 address 10.150.2.23.")
    return story


def clones_with_one_machine_id_got_one_lease(now: datetime) -> Incident:
    story = incident(
        "two-clones-hold-the-same-dhcp-lease",
        CAUSE,
        "Two VMs were cloned with their machine-id, so systemd-networkd sends one client id and the DHCP server gave both 10.44.0.57. Both are nodes with that address; neighbours' BGP session to it comes and goes with the ARP entry (two MACs answer). Calico's own check is switched off, so no line names the conflict; the loud ones are resets and readiness.",
        "https://kubernetes.io/docs/setup/production-environment/tools/kubeadm/install-kubeadm/ (unique MAC and product_uuid); https://github.com/systemd/systemd/issues/5394",
        now,
        platform="other",
        calico="v3.28.0",
        kubernetes="v1.30.2",
        registry="docker.io/calico",
        difficulty="hard",
    )
    hosts = {
        "tpl-k1": "10.44.0.51",
        "tpl-k2": "10.44.0.52",
        "tpl-k3": "10.44.0.53",
        "tpl-k7": "10.44.0.57",
        "tpl-k8": "10.44.0.57",
    }
    os = {"os_image": "Ubuntu 22.04.4 LTS", "kernel": "5.15.0-112-generic", "runtime": "containerd://1.7.18"}
    story.hosts({k: v for k, v in hosts.items() if k < "tpl-k7"}, **os)
    story.hosts({k: v for k, v in hosts.items() if k >= "tpl-k7"}, age=9_000, since=8_800, **os)
    story.staff({k: v for k, v in hosts.items() if k < "tpl-k7"}, started=1_600_000)
    env = {
        "env": [
            {"name": "DATASTORE_TYPE", "value": "kubernetes"},
            {"name": "IP", "value": "autodetect"},
            {"name": "DISABLE_NODE_IP_CHECK", "value": "true"},
        ]
    }
    story.staff({"tpl-k7": hosts["tpl-k7"]}, started=8_900, age=8_950, spec=env)
    story.staff({"tpl-k8": hosts["tpl-k8"]}, ready=False, started=8_700, age=8_750, spec=env)
    story.not_established(story.pods["tpl-k8"], [hosts[f"tpl-k{n}"] for n in (1, 2, 3)], 41, 8_600, 160)
    seen = "tpl-k2"
    log = story.quiet(12_000, 9_000, 900)
    session = "bird: Mesh_10_44_0_57: "
    log += [
        session + x
        for x in (
            "Initializing",
            "Starting",
            "State changed to start",
            "Connected to table master",
            "State changed to feed",
            "State changed to up",
        )
    ]
    for i in range(9):
        log += story.quiet(8_700 - 940 * i, 8_100 - 940 * i, 290)
        log += [
            session + x
            for x in (
                "Error: Hold timer expired" if i % 2 else "Connection closed",
                "State changed to stop",
                "State changed to down",
                "Starting",
                "State changed to start",
                "Connected to table master",
                "State changed to feed",
                "State changed to up",
            )
        ]
    story.log(story.pods[seen], log)
    story.texts["arping-from-k2.txt"] = (
        "root@tpl-k2:~# arping -c 3 -I ens192 10.44.0.57\nARPING 10.44.0.57 from 10.44.0.52 ens192\n"
        + "".join(
            f"Unicast reply from 10.44.0.57 [00:50:56:9A:{m}]  0.{71 + 6 * i}2ms\n"
            for i, m in enumerate(("3C:11", "7E:40", "3C:11", "7E:40"))
        )
        + "Sent 3 probes (1 broadcast(s))\nReceived 4 response(s)\n"
    )
    story.texts["networkd.txt"] = "".join(
        f"== {k}\n$ cat /etc/machine-id\n0b6f1c4ed3a94c0f9a1d77e2c05a8f31\n$ journalctl -b -u systemd-networkd | grep DHCPv4 | tail -1\n{story.syslog(at)} {k} systemd-networkd[701]: ens192: DHCPv4 address 10.44.0.57/24 via 10.44.0.1\n"
        for k, at in (("tpl-k7", 9_240), ("tpl-k8", 9_060))
    )
    story.commands["nodes.txt"] = "get nodes -o wide"
    story.commands["pods.txt"] = "get pods -n calico-system -o wide"
    story.commands["describe-k8.txt"] = f"describe pod -n calico-system {story.pods['tpl-k8']}"
    story.affected = ["tpl-k7", "tpl-k8"]
    story.cite("arping-from-k2.txt", "Unicast reply from 10.44.0.57 [00:50:56:9A:7E:40]")
    story.cite("nodes.txt", "tpl-k8")
    return story


STORIES = [
    one_router_id_for_two,
    two_machines_behind_one_worker,
    same_machine_registered_under_two_names,
    clones_with_one_machine_id_got_one_lease,
]
