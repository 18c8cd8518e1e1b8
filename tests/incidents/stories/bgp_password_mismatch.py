"""bgp-password-mismatch: the two ends of a BGP session have different passwords."""

from __future__ import annotations

from datetime import datetime

from telling import (
    Incident,
    bird_start,
    incident,
    node_status,
    protocols,
)

CAUSE = "bgp-password-mismatch"


def dmesg(
    story: Incident, pairs: list[tuple[str, str]], lines: int, host: str = "", words: str = "MD5 Hash failed for"
) -> list[str]:
    """The kernel's own lines, as journald prints them."""
    made = []
    for i in range(lines):
        source, target = pairs[i % len(pairs)]
        stamp = story.syslog(900 - 11 * i)
        made.append(f"{stamp} {host} kernel: TCP: {words} ({source}, {38211 + 137 * i})->({target}, 179) L3 index 0")
        if i % 4 == 3:
            made.append(f"{stamp} {host} kernel: net_ratelimit: {9 + i} callbacks suppressed")
    return made


def half_rotated(now: datetime) -> Incident:
    story = incident(
        "another-password-in-the-new-namespace",
        CAUSE,
        "During the migration the secret was made in calico-system with a new value; pods still in kube-system use the old one. Their kernel reports failed hashes.",
        "https://docs.tigera.io/calico/latest/network-policy/comms/secure-bgp",
        now,
        difficulty="hard",
        platform="classic",
        calico="v3.27.2",
        kubernetes="v1.29.4+IKS",
    )
    nodes = [f"10.190.44.{n}" for n in (2, 7, 8, 15, 19, 33)]
    old, new = nodes[:3], nodes[3:]
    story.workers(old, labels={"projectcalico.org/operator-node-migration": "pre-operator"})
    story.workers(new, labels={"projectcalico.org/operator-node-migration": "migrated"})
    story.agents(old, namespace="kube-system", started=7_000_000, age=7_000_000, image="icr.io/ext/calico/node:v3.26.4")
    for space, age in (("kube-system", 21_000_000), ("calico-system", 70_400)):
        meta = {"name": "calico-bgp-password", "namespace": space, "creationTimestamp": story.ago(age), "uid": space}
        story.add("Secret", {"metadata": meta, "type": "Opaque", "data": {"rawPassword": "eA=="}})
    story.commands["secrets.txt"] = "get secrets -A"
    story.agents(new, started=70_000, age=70_000)
    name = story.pods[old[0]]
    day = [
        story.say(
            60_000 - 9000 * i,
            "INFO",
            61,
            "felix",
            "summary.go 100:",
            f"Summarising {9 + i} dataplane reconciliation loops over 1m2.1s: avg=5ms longest=17ms ()",
        )
        for i in range(7)
    ]
    story.log(
        name,
        [
            *day,
            *(
                f"bird: Mesh_{n.replace('.', '_')}: {t}"
                for n in new
                for t in ("State changed to stop", "State changed to down", "Starting", "State changed to start")
            ),
        ],
    )
    story.texts[f"birdcl-{old[0]}.txt"] = protocols(
        [(n, "up", story.ago(7344000)[:10], "Established") for n in old[1:]]
        + [(n, "start", "11:20:04", "Connect") for n in new],
        since=story.ago(7344000)[:10],
        routes="up",
    )
    story.texts[f"birdcl-{new[0]}.txt"] = protocols(
        [(n, "start", "11:20:31", "Connect") for n in old] + [(n, "up", "11:21:30", "Established") for n in new[1:]],
        routes="up",
    )
    story.log("", dmesg(story, [(n, old[0]) for n in new], 16, "kube-old-000a"), f"journal-{old[0]}.txt")
    story.namespace = "kube-system"
    story.describe(old[0])
    story.affected = nodes
    story.cite(f"journal-{old[0]}.txt", "TCP: MD5 Hash failed for")
    return story


def router(now: datetime) -> Incident:
    story = incident(
        "new-routers-do-not-take-the-key",
        CAUSE,
        "Sessions with the two new core routers stay in OpenSent/Connect; TCP 179 answers without a key, the counters say TCPMD5Failure.",
        "https://github.com/projectcalico/calico/issues/9610",
        now,
        platform="other",
        calico="v3.25.1",
        kubernetes="v1.26.9",
        registry="quay.io/calico",
        namespace="kube-system",
    )
    names = story.hosts({f"compute-{n:02}": f"10.20.6.{n}" for n in range(31, 38)})
    story.agents(names)
    routers, mesh = ["10.20.6.1", "10.20.6.2"], [f"10.20.6.{n}" for n in range(32, 38)]
    name = story.pods[names[0]]
    log = story.boot(names[0], 86_000, mesh, address="10.20.6.31", interface="eno1", prefix=24)
    log += [*bird_start(routers, (), "Node")[2:-4], *story.quiet(85_000, 400, 3600)]
    story.log(name, log, "calico-node_compute-31.log")
    story.texts["calicoctl.txt"] = "$ sudo calicoctl node status\n" + node_status(
        [(m, "up", story.ago(259200)[:10], "Established") for m in mesh]
        + [(r, "start", story.ago(86400)[:10], "Connect") for r in routers]
    ).replace("10.20.6.1    | node-to-node mesh", "10.20.6.1    | node specific    ").replace(
        "10.20.6.2    | node-to-node mesh", "10.20.6.2    | node specific    "
    )
    story.texts["checks.txt"] = (
        "compute-31:~$ nc -vz 10.20.6.254 179\nConnection to 10.20.6.254 179 port [tcp/bgp] succeeded!\n"
        "compute-31:~$ nstat -az | grep MD5\nTcpExtTCPMD5NotFound            0                  0.0\n"
        "TcpExtTCPMD5Unexpected          0                  0.0\nTcpExtTCPMD5Failure             21874              0.0\n"
        "compute-31:~$ sudo dmesg -T | tail -2\n"
        + "\n".join(line.partition("kernel: ")[2] for line in dmesg(story, [(r, "10.20.6.31") for r in routers], 2))
        + "\n"
    )
    story.commands = {"nodes.txt": "get nodes -o wide", "pods.txt": "get pods -A -o wide"}
    story.affected = names
    story.cite("checks.txt", "TcpExtTCPMD5Failure             21874")
    return story


def changed_live(now: datetime) -> Incident:
    story = incident(
        "one-node-kept-the-old-secret",
        CAUSE,
        "When the password was changed all sessions said 'Other configuration change'; five came back, those with one worker never did, and its "
        "kernel reports the wrong hash.",
        "https://github.com/projectcalico/calico/blob/v3.29.1/confd/etc/calico/confd/templates/bird.cfg.template",
        now,
        difficulty="hard",
        platform="vpc",
        calico="v3.29.1",
        kubernetes="v1.32.1+IKS",
    )
    nodes = story.workers([f"10.243.129.{n}" for n in (4, 5, 6, 7, 8, 9)])
    bad = nodes[4]
    story.agents([n for n in nodes if n != bad])
    story.agents([bad], ready=False)
    rest = [n for n in nodes if n != bad]
    story.not_established(story.pods[bad], rest, 6, 17_000, 1690)
    story.describe(bad)
    log = [
        *story.quiet(26000, 17500, 900),
        story.say(
            17320,
            "INFO",
            60,
            "confd",
            "resource.go 286:",
            "Target config /etc/calico/confd/config/bird.cfg has been updated due to change in key: /calico/bgp/v1/global",
        ),
        "bird: Reconfiguration requested by SIGHUP",
        "bird: Reconfiguring",
        "bird: device1: Reconfigured",
        "bird: direct1: Reconfigured",
    ]
    for n in nodes[1:]:
        p = f"bird: Mesh_{n.replace('.', '_')}: "
        log += [
            p + t
            for t in (
                "Received: Other configuration change",
                "State changed to stop",
                "State changed to down",
                "Starting",
                "State changed to start",
            )
        ]
        log += (
            []
            if n == bad
            else [p + t for t in ("Connected to table master", "State changed to feed", "State changed to up")]
        )
    story.log(story.pods[nodes[0]], [*log, "bird: Reconfigured", *story.quiet(17_000, 60, 1200)])
    story.log(
        "",
        dmesg(story, [(n, bad) for n in rest[:2]], 20, "kube-cq91-default-00000409"),
        f"kernel-{bad}.log",
    )
    story.affected = [bad]
    story.cite(f"kernel-{bad}.log", "TCP: MD5 Hash failed for")
    return story


def unexpected(now: datetime) -> Incident:
    story = incident(
        "only-the-new-pool-signs",
        CAUSE,
        "The three nodes of the new pool sign their segments with a password, the old ones have none: the old kernels refuse a hash they do not expect.",
        "https://github.com/projectcalico/calico/pull/4052",
        now,
        difficulty="hard",
        platform="other",
        calico="v3.17.1",
        kubernetes="v1.19.7",
        registry="docker.io/calico",
        namespace="kube-system",
    )
    old = story.hosts(
        {f"k8s-a{n}": f"192.168.60.{20 + n}" for n in range(1, 5)},
        runtime="docker://19.3.13",
        kernel="4.18.0-240.el8.x86_64",
        os_image="CentOS Linux 8",
    )
    new = story.hosts(
        {f"k8s-b{n}": f"192.168.60.{30 + n}" for n in range(1, 4)},
        age=9000,
        runtime="docker://19.3.13",
        kernel="4.18.0-240.el8.x86_64",
        os_image="CentOS Linux 8",
    )
    story.agents(old)
    story.agents(new, started=8800, age=8900, restarts=2, last=("Completed", 0, 8850))
    peers = [f"192.168.60.{20 + n}" for n in range(1, 5)] + ["192.168.60.32", "192.168.60.33"]
    name = story.pods[new[0]]
    story.log(
        name,
        story.boot(new[0], 8800, address="192.168.60.31", interface="ens192", prefix=24, bird=False)
        + bird_start(peers, peers[4:], "Node")
        + story.quiet(8700, 100, 400),
    )
    story.texts["node-status-k8s-b1.txt"] = node_status(
        [(p, "start", "09:44:12", "Connect") for p in peers[:4]]
        + [(p, "up", "09:44:58", "Established") for p in peers[4:]],
        "node specific",
    )
    story.texts["k8s-a2-netstat.txt"] = (
        "[root@k8s-a2 ~]# netstat -s | grep -iE 'md5|syncook|listen'\n    11 SYN cookies sent\n    402 times the listen queue of a socket overflowed\n"
        "    402 SYNs to LISTEN sockets dropped\n    TCPMD5Unexpected: 18442\n[root@k8s-a2 ~]# ss -ltnp | grep :179\n"
        'LISTEN 0      8            0.0.0.0:179        0.0.0.0:*    users:(("bird",pid=4410,fd=8))\n'
    )
    story.commands = {"get_nodes.txt": "get nodes -o wide", "get_pods.txt": "get pods -n kube-system -o wide"}
    story.affected = new
    story.cite("k8s-a2-netstat.txt", "TCPMD5Unexpected: 18442")
    return story


def _key(
    now: datetime, name: str, why: str, ips: dict[str, str], bad: str, file: str, words: str, **more: object
) -> Incident:
    story = incident(
        name, CAUSE, why, "https://github.com/torvalds/linux/blob/v5.15/net/ipv4/tcp.c", now, platform="other", **more
    )
    story.hosts(ips)
    story.staff({n: a for n, a in ips.items() if n != bad})
    story.staff({bad: ips[bad]}, ready=False, started=6000)
    peers = [a for n, a in ips.items() if n != bad]
    story.not_established(story.pods[bad], peers, 9, 5900, 590)
    story.log(
        "",
        [
            f"{story.syslog(900 - 37 * i)} {bad} kernel: TCP: {words} ({peers[i % len(peers)]}, {39000 + 211 * i})->({ips[bad]}, 179)"
            for i in range(20)
        ],
        file,
    )
    story.texts["status.txt"] = node_status([(a, "start", "09:40:11", "Connect") for a in peers])
    story.log("", story.boot(bad, 6000, peers, (), prefix=24) + story.quiet(5900, 60, 400), f"{bad}.log")
    story.commands |= {
        "pods.txt": "get pods -A -o wide",
        "describe.txt": f"describe pod -n {story.namespace} {story.pods[bad]}",
    }
    story.affected = [bad]
    story.cite(file, words)
    return story


def wrong_hash(now: datetime) -> Incident:
    return _key(
        now,
        "kernel-of-the-rebuilt-host-refuses-hashes",
        "The rebuilt host has an old password: failed hashes from all.",
        {f"ws-{n}": f"10.38.1.{n}" for n in (1, 2, 3)},
        "ws-2",
        "dmesg-ws-2.txt",
        "MD5 Hash failed for",
        difficulty="easy",
        calico="v3.26.0",
        kubernetes="v1.27.1",
        registry="docker.io/calico",
    )


def without_hash(now: datetime) -> Incident:
    return _key(
        now,
        "others-send-no-hash",
        "One node wants a password, the others send none.",
        {f"lx{n}": f"172.26.8.{n}" for n in (4, 5, 6, 7)},
        "lx6",
        "messages",
        "MD5 Hash not found for",
        difficulty="medium",
        calico="v3.22.0",
        kubernetes="v1.23.4",
        registry="quay.io/calico",
    )


def unexpected_hash(now: datetime) -> Incident:
    return _key(
        now,
        "one-node-has-no-password-at-all",
        "All others sign; one node does not expect a hash.",
        {f"ny-{n}": f"192.168.140.{n}" for n in (11, 12, 13, 14, 15)},
        "ny-15",
        "kern.log",
        "Unexpected MD5 Hash found for",
        difficulty="hard",
        calico="v3.28.1",
        kubernetes="v1.30.2",
        registry="quay.io/calico",
    )


def old_cluster(now: datetime) -> Incident:
    return _key(
        now,
        "trailing-newline-in-one-copy",
        "One node's copy of the key ends with a line break: failed hashes.",
        {f"par{n}": f"10.179.3.{n}" for n in (8, 9)},
        "par9",
        "journal.txt",
        "MD5 Hash failed for",
        difficulty="hard",
        calico="v3.19.2",
        kubernetes="v1.20.10",
        registry="docker.io/calico",
        namespace="kube-system",
    )


STORIES = [half_rotated, router, changed_live, unexpected, wrong_hash, without_hash, unexpected_hash, old_cluster]
