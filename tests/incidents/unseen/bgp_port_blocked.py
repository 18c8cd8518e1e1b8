"""bgp-port-blocked: told without having seen the rules."""

from __future__ import annotations

from datetime import datetime

from telling import Incident, incident, node_status

CAUSE = "bgp-port-blocked"


def isolated_by_the_security_group(now: datetime) -> Incident:
    story = incident(
        "bgp-times-out-to-one-worker-after-a-group-change",
        CAUSE,
        "One worker was put into another security group: kubelet, Typha and API go on, but every TCP connection to port 179 of it and from it times out, within the same subnet.",
        "https://github.com/projectcalico/calico/issues/9597",
        now,
        platform="vpc",
        calico="v3.28.1",
        kubernetes="v1.30.6+IKS",
        difficulty="medium",
    )
    nodes = story.workers([f"10.249.0.{n}" for n in (4, 5, 6, 7, 10)])
    bad = nodes[3]
    story.agents([n for n in nodes if n != bad], started=1_400_000)
    name = story.agents([bad], ready=False, started=1_400_000)[0]
    peers = [n for n in nodes if n != bad]
    story.not_established(name, peers, 14, 8100, 270)
    story.typha(nodes[0])
    story.typha(nodes[1], "r8w2k")
    log = story.quiet(9600, 8300, 300)
    for peer in peers:
        session = f"Mesh_{peer.replace('.', '_')}"
        log += [
            f"bird: {session}: {x}"
            for x in (
                "Error: Hold timer expired",
                "State changed to stop",
                "State changed to down",
                "Starting",
                "State changed to start",
            )
        ]
    log += [
        *story.quiet(8000, 2200, 600),
        story.say(2150, "INFO", 61, "felix", "sync_client.go 281:", "Received sync status message from Typha: in-sync"),
        *story.quiet(2000, 11, 250),
    ]
    story.log(name, log)
    story.texts["from-the-worker.txt"] = node_status(
        [(p, "start", "14:41:0" + str(i), "Active Socket: Connection timed out") for i, p in enumerate(peers)]
    ) + "\n".join(
        [
            "",
            f"root@{bad}:/# for p in 179 5473 10250; do nc -w 3 -vz {peers[0]} $p; done",
            f"nc: connect to {peers[0]} port 179 (tcp) timed out: Operation now in progress",
            f"Connection to {peers[0]} 5473 port [tcp/*] succeeded!",
            f"Connection to {peers[0]} 10250 port [tcp/*] succeeded!",
            f"root@{bad}:/# ss -ltn | grep 179",
            "LISTEN 0      8            0.0.0.0:179        0.0.0.0:*",
            "",
        ]
    )
    story.describe(bad)
    story.affected = [bad]
    story.cite("from-the-worker.txt", "port 179 (tcp) timed out")
    return story


STORIES = [isolated_by_the_security_group]
