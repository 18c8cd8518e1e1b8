"""bgp-password-mismatch: told without having seen the rules."""

from __future__ import annotations

from datetime import datetime

from telling import Incident, incident, protocols

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


STORIES = [router_got_a_new_password]
