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


STORIES = [one_router_id_for_two, two_machines_behind_one_worker]
