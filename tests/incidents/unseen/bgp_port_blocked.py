"""bgp-port-blocked: told without having seen the rules."""

from __future__ import annotations

from datetime import datetime

from telling import Incident, incident, node_status, protocols

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


def something_resets_bgp_in_between(now: datetime) -> Incident:
    story = incident(
        "bgp-is-reset-by-a-box-on-the-way",
        CAUSE,
        "Since the hypervisors' inspection was switched on, every BGP connection between the hosts of one subnet is reset as soon as it is open, with another TTL than the hosts' own; 5473, 10250 and ping are untouched, BIRD listens everywhere.",
        "https://docs.tigera.io/calico/latest/getting-started/kubernetes/requirements (network requirements: TCP 179)",
        now,
        platform="other",
        calico="v3.26.4",
        kubernetes="v1.28.14",
        registry="quay.io/calico",
        difficulty="hard",
    )
    hosts = {f"esx-k8s-{n}": f"172.22.40.{10 + n}" for n in range(1, 5)}
    story.hosts(
        hosts,
        os_image="SUSE Linux Enterprise Server 15 SP5",
        kernel="5.14.21-150500.55.73-default",
        runtime="containerd://1.7.21",
    )
    names = story.staff(hosts, ready=False, started=1_000_000)
    for i, name in enumerate(names):
        story.not_established(name, [a for j, a in enumerate(hosts.values()) if j != i], 11 + i, 2600, 85)
    story.typha("esx-k8s-2")
    log = story.quiet(4000, 2800, 300)
    peers = list(hosts.values())[1:]
    for peer in peers:
        log += [
            f"bird: Mesh_{peer.replace('.', '_')}: {x}"
            for x in (
                "Error: Hold timer expired",
                "State changed to stop",
                "State changed to down",
                "Starting",
                "State changed to start",
            )
        ]
    story.log(names[0], [*log, *story.quiet(2500, 10, 250)])
    story.texts["birdcl-esx-k8s-1.txt"] = protocols(
        [
            (p, "start", "16:27:1" + str(i), "Active        Socket: Connection reset by peer")
            for i, p in enumerate(peers)
        ]
    )
    dump = []
    for i in range(4):
        at = story.stamp(60 - 9 * i)[11:19]
        a, b = f"172.22.40.11.{40100 + i}", "172.22.40.12.179"
        dump += [
            f"{at}.010221 IP (tos 0xc0, ttl 64, id {900 + i}, flags [DF], proto TCP (6)) {a} > {b}: Flags [S], seq 100, win 64240, length 0",
            f"{at}.010498 IP (tos 0xc0, ttl 64, id 0, flags [DF], proto TCP (6)) {b} > {a}: Flags [S.], seq 7, ack 101, win 65160, length 0",
            f"{at}.010520 IP (tos 0xc0, ttl 64, id {901 + i}, flags [DF], proto TCP (6)) {a} > {b}: Flags [.], ack 8, win 502, length 0",
            f"{at}.010688 IP (tos 0x0, ttl 255, id {53111 + i}, flags [none], proto TCP (6)) {b} > {a}: Flags [R.], seq 8, ack 101, win 0, length 0",
        ]
    story.texts["tcpdump-port-179.txt"] = "\n".join(dump) + "\n"
    story.texts["nc.txt"] = (
        "esx-k8s-1:~ # nc -vz 172.22.40.12 5473\nConnection to 172.22.40.12 5473 port [tcp/*] succeeded!\nesx-k8s-1:~ # nc -vz 172.22.40.12 10250\nConnection to 172.22.40.12 10250 port [tcp/*] succeeded!\nesx-k8s-1:~ # ping -c1 172.22.40.12 | tail -2\n1 packets transmitted, 1 received, 0% packet loss, time 0ms\n"
    )
    story.describe("esx-k8s-1", names[0])
    story.affected = list(hosts)
    story.cite("birdcl-esx-k8s-1.txt", "Connection reset by peer")
    return story


STORIES = [isolated_by_the_security_group, something_resets_bgp_in_between]
