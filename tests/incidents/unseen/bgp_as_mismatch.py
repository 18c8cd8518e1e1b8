"""bgp-as-mismatch: told without having seen the rules."""

from __future__ import annotations

from datetime import datetime

from telling import Incident, incident

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


STORIES = [rack_moved_to_the_other_leaf]
