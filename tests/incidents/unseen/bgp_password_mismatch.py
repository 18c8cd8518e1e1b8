"""bgp-password-mismatch: told without having seen the rules."""

from __future__ import annotations

from datetime import datetime

from telling import Incident, incident, node_status, protocols

CAUSE = "bgp-password-mismatch"


def router_got_a_new_password(now: datetime) -> Incident:
    story = incident(
        "tor-password-rotated-secret-not",
        CAUSE,
        "The network team set a new password on the top-of-rack pair; Calico's secret still has the old one. The sessions with both routers sit in Connect, the worker's kernel finds bad MD5 hashes in their segments; the mesh among the workers is up.",
        "https://github.com/FRRouting/frr/issues/6921",
        now,
        platform="other",
        calico="v3.26.3",
        kubernetes="v1.27.11",
        registry="quay.io/calico",
        difficulty="medium",
    )
    hosts = {f"prd-k8s-{n:02}": f"10.33.80.{10 + n}" for n in range(1, 6)}
    story.hosts(hosts, os_image="Rocky Linux 8.8 (Green Obsidian)", kernel="4.18.0-477.27.1.el8_8.x86_64")
    names = story.staff(hosts, started=1_600_000)
    peers = list(hosts.values())[1:]
    log = story.quiet(9000, 7900, 200)
    for tor in ("10_33_80_2", "10_33_80_3"):
        log += [
            f"bird: Global_{tor}: {x}"
            for x in (
                "Error: Hold timer expired",
                "State changed to stop",
                "State changed to down",
                "Starting",
                "State changed to start",
            )
        ]
    log += story.quiet(7600, 10, 300)
    story.log(names[0], log)
    kernel = []
    for i in range(14):
        tor = ("10.33.80.2", "10.33.80.3")[i % 2]
        kernel.append(
            f"{story.syslog(400 - 27 * i)} prd-k8s-01 kernel: TCP: MD5 Hash failed for ({tor}, {41022 + 311 * i})->(10.33.80.11, 179)"
        )
        if i % 5 == 2:
            kernel.append(
                f"{story.syslog(398 - 27 * i)} prd-k8s-01 kernel: IPv6: ADDRCONF(NETDEV_CHANGE): cali{4096 + i:011x}: link becomes ready"
            )
    story.texts["dmesg-prd-k8s-01.txt"] = "\n".join(kernel) + "\n"
    story.texts["birdcl.txt"] = protocols([*[(p, "up", "2026-11-05", "Established") for p in peers]]) + "".join(
        f"Global_{t} BGP      master   start  02:41:1{i}    Connect        Socket: Connection timed out\n".replace(
            "        Socket: Connection timed out", ""
        )
        for i, t in enumerate(("10_33_80_2", "10_33_80_3"))
    )
    story.texts["bgppeers.yaml"] = "".join(
        f"apiVersion: projectcalico.org/v3\nkind: BGPPeer\nmetadata:\n  name: tor-{x}\nspec:\n  asNumber: 65100\n  peerIP: 10.33.80.{n}\n  password:\n    secretKeyRef:\n      name: bgp-secrets\n      key: tor\n---\n"
        for x, n in (("a", 2), ("b", 3))
    )
    story.describe("prd-k8s-01", names[0])
    story.affected = list(hosts)
    story.cite("dmesg-prd-k8s-01.txt", "MD5 Hash failed for (10.33.80.2")
    return story


def new_kernels_find_a_hash_they_do_not_expect(now: datetime) -> Incident:
    story = incident(
        "one-pool-signs-the-other-does-not",
        CAUSE,
        "A BGPPeer with a password selects the nodes of the new pool only: they sign their segments, the old pool's nodes expect none ('Unexpected MD5 Hash found' in the kernel's log). Between the pools no session comes up, inside each they are fine.",
        "https://github.com/openbgpd-portable/openbgpd-portable/issues/79",
        now,
        platform="other",
        calico="v3.29.1",
        kubernetes="v1.31.4",
        registry="docker.io/calico",
        difficulty="medium",
    )
    old = {f"op-{n}": f"10.55.12.{10 + n}" for n in (1, 2, 3)}
    new = {f"np-{n}": f"10.55.12.{20 + n}" for n in (1, 2)}
    story.hosts(old, os_image="Ubuntu 24.04.1 LTS", kernel="6.8.0-51-generic", labels={"pool": "old"})
    story.hosts(new, os_image="Ubuntu 24.04.1 LTS", kernel="6.8.0-51-generic", labels={"pool": "new"}, age=7000)
    story.staff(old, started=1_200_000)
    for node, address in new.items():
        story.staff({node: address}, started=6900, age=6950)
    name = story.pods["np-1"]
    story.not_established(name, list(old.values()), 6860, 6890, 3, established=1)
    log = story.boot("np-1", 6895, [*old.values(), new["np-2"]], up=[new["np-2"]])
    story.log(name, [*log, *story.quiet(6700, 15, 500)])
    story.texts["journal-op-1.txt"] = "".join(
        f"{story.syslog(500 - 41 * i)} op-1 kernel: TCP: Unexpected MD5 Hash found for {list(new.values())[i % 2]}.{41100 + 733 * i}->10.55.12.11.179 [S]\n"
        for i in range(11)
    )
    story.texts["tcpdump-op-1.txt"] = "".join(
        f"{story.stamp(90 - 6 * i)[11:19]}.{113 + i}557 IP (tos 0xc0, ttl 64, id {32056 + i}, offset 0, flags [DF], proto TCP (6), length 72)\n    10.55.12.21.{44012 + i // 3} > 10.55.12.11.179: Flags [S], seq 2925962972, win 64240, options [nop,nop,md5 shared secret not supplied with -M, can't check - a1c7c71f69f8bb9e0df37a843f99985f,mss 1460,nop,nop,sackOK,nop,wscale 7], length 0\n"
        for i in range(5)
    )
    story.texts["np-1-status.txt"] = node_status(
        [(p, "start", "15:12:2" + str(i), "Connect") for i, p in enumerate(old.values())]
        + [(new["np-2"], "up", "15:12:31", "Established")]
    )
    story.describe("np-1", name)
    story.affected = [*old, *new]
    story.cite("journal-op-1.txt", "Unexpected MD5 Hash found")
    return story


STORIES = [router_got_a_new_password, new_kernels_find_a_hash_they_do_not_expect]
