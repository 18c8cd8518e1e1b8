"""bgp-as-mismatch: told without having seen the rules."""

from __future__ import annotations

from datetime import datetime

from telling import Incident, incident, node_status

CAUSE = "bgp-as-mismatch"


def rack_moved_to_the_other_leaf(now: datetime) -> Incident:
    story = incident(
        "hosts-recabled-to-a-leaf-of-another-as",
        CAUSE,
        "AS per rack: three hosts were cabled to the leaf of rack 7, their BGPPeers still expect the AS of rack 5; BIRD itself refuses the leaf's OPEN.",
        "https://docs.tigera.io/calico/latest/reference/architecture/design/l3-interconnect-fabric",
        now,
        platform="other",
        calico="v3.24.5",
        kubernetes="v1.25.9",
        registry="quay.io/calico",
        difficulty="medium",
    )
    rack7 = {f"r7-h{n}": f"10.47.7.{10 + n}" for n in (1, 2, 3)}
    moved = {f"r5-h{n}": f"10.47.7.{20 + n}" for n in (4, 5, 6)}
    story.hosts(
        rack7, os_image="Debian GNU/Linux 11 (bullseye)", kernel="5.10.0-21-amd64", runtime="containerd://1.6.20"
    )
    story.hosts(
        moved, os_image="Debian GNU/Linux 11 (bullseye)", kernel="5.10.0-21-amd64", runtime="containerd://1.6.20"
    )
    story.staff(rack7)
    names = story.staff(moved, ready=False, restarts=1, started=12_600, last=("Completed", 0, 12_640))
    for name in names:
        story.not_established(name, ["10.47.7.1"], 15, 12_500, 417)
    log = story.boot("r5-h5", 12_590, bird=False, interface="bond0", prefix=24)
    log += [
        f"bird: {x}"
        for x in (
            "device1: Initializing",
            "direct1: Initializing",
            "Node_10_47_7_1: Initializing",
            "device1: Starting",
            "device1: Connected to table master",
            "device1: State changed to feed",
            "direct1: Starting",
            "direct1: Connected to table master",
            "direct1: State changed to feed",
            "Node_10_47_7_1: Starting",
            "Node_10_47_7_1: State changed to start",
            "Graceful restart started",
            "Started",
            "device1: State changed to up",
            "direct1: State changed to up",
        )
    ]
    for i in range(6):
        log += [
            f"bird: Node_10_47_7_1: {x}"
            for x in (
                "Error: Bad peer AS: 65207",
                "State changed to stop",
                "State changed to down",
                "Starting",
                "State changed to start",
            )
        ]
        log += story.quiet(1500 - 210 * i, 1400 - 210 * i)
    story.log(names[1], log)
    story.texts["get-bgppeer.txt"] = (
        "NAME          PEERIP       NODE                  ASN\nrack5-leaf    10.47.7.1    rack == 'r5'          65205\nrack7-leaf    10.47.7.1    rack == 'r7'          65207\n"
    )
    story.describe("r5-h5", names[1])
    story.affected = list(moved)
    story.cite(f"{names[1]}.log", "Bad peer AS: 65207")
    return story


def routers_expect_another_as(now: datetime) -> Incident:
    story = incident(
        "spines-were-told-65012-the-cluster-says-64512",
        CAUSE,
        "The routers' configuration names AS 65012 for the cluster, whose BGPConfiguration never got an AS number: each OPEN is answered with 'Bad peer AS'; the routers' own log says what they expected. The mesh itself is up, pods are unreachable from outside only.",
        "https://github.com/FRRouting/frr/blob/master/bgpd/bgp_packet.c",
        now,
        platform="roks",
        calico="v3.28.2",
        kubernetes="v1.30.8",
        difficulty="medium",
    )
    nodes = story.workers(
        [f"10.12.0.{n}" for n in (21, 22, 25)],
        os_image="Red Hat Enterprise Linux 9.4 (Plow)",
        kernel="5.14.0-427.47.1.el9_4.x86_64",
        runtime="cri-o://1.30.9",
    )
    story.agents(nodes, started=900_000)
    me, routers = nodes[0], ["10.12.0.1", "10.12.0.2"]
    name = story.pods[me]
    log = story.boot(me, 899_990, nodes[1:])[-8:] + story.quiet(5200, 4700, 150)
    log.append(
        story.say(
            4650,
            "INFO",
            62,
            "confd",
            "resource.go 289:",
            "Target config /etc/calico/confd/config/bird.cfg has been updated due to change in key: /calico/bgp/v1/global",
        )
    )
    for turn in range(4):
        for router in routers:
            session = f"bird: Global_{router.replace('.', '_')}"
            log += [
                f"{session}: {x}"
                for x in (
                    "Starting",
                    "State changed to start",
                    "Received: Bad peer AS: 64512",
                    "State changed to stop",
                    "State changed to down",
                )
            ]
        log += story.quiet(4500 - 1100 * turn, 3600 - 1100 * turn, 250)
    story.log(name, log)
    stamp = now.strftime("%Y/%m/%d")
    story.texts["spine1-bgpd.log"] = "".join(
        f"{stamp} {story.stamp(300 - 31 * i)[11:19]} BGP: [EC 33554454] {peer} [Error] bad OPEN, remote AS is 64512, expected 65012\n{stamp} {story.stamp(300 - 31 * i)[11:19]} BGP: %NOTIFICATION: sent to neighbor {peer} 2/2 (OPEN Message Error/Bad Peer AS) 4 bytes 00 00 fc 00\n"
        for i, peer in enumerate([*nodes, *nodes])
    )
    story.texts["node-status.txt"] = node_status([(n, "up", "2026-11-13", "Established") for n in nodes[1:]])
    story.describe(me)
    story.affected = nodes
    story.cite(f"{name}.log", "Received: Bad peer AS: 64512")
    return story


STORIES = [rack_moved_to_the_other_leaf, routers_expect_another_as]
