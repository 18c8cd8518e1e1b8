"""ipset-failure: the kernel or the tool refuses felix' IP sets."""

from __future__ import annotations

from datetime import datetime

from telling import Incident, incident, wrapped


def restore(story: Incident, ago: float, pid: int, data: str, stderr: str, place: str = "ipsets.go 634:") -> list[str]:
    """felix' lines when ipset restore fails."""
    extra = "commitErr=<nil> " if story.release < (3, 22) else ""
    rest = f'closeErr=<nil> {extra}family="inet" flushErr=<nil> input="{data}" processErr=exit status 1 stderr="{stderr}" stdout="" writeErr=<nil>'
    return [
        story.say(
            ago, "WARNING", pid, "felix", place, f"Failed to complete ipset restore, IP sets may be out-of-sync. {rest}"
        ),
        story.say(
            ago - 0.01,
            "INFO",
            pid,
            "felix",
            "ipsets.go 344:",
            'Retrying after an ipsets update failure... family="inet"',
        ),
    ]


def panic(story: Incident, ago: float, pid: int) -> list[str]:
    """felix gives up."""
    return [
        story.say(ago, "PANIC", pid, "felix", "ipsets.go 319:", 'Failed to update IP sets after multiple retries. family="inet"'),
        "panic: (*logrus.Entry) 0xc00053c4d0", "", "goroutine 201 [running]:",
        "github.com/sirupsen/logrus.Entry.log(0xc0000c8050, 0xc000a12ab0, 0x0, 0x0, 0x0, 0x0, 0x0, 0xc0003d41e0, 0x2e)",
    ]  # fmt: skip


def type_differs(now: datetime) -> Incident:
    story = incident(
        "after-upgrade-sets-cannot-be-swapped", "ipset-failure",
        "After the upgrade felix cannot swap its sets on three hosts because sets of another type with the same name are left from "
        "the old version.",
        "https://github.com/projectcalico/felix/issues/1694", now, difficulty="easy", platform="other", calico="v3.9.6",
        kubernetes="v1.16.15", namespace="kube-system", registry="calico",
    )  # fmt: skip
    hosts = {f"kop-node-{n}": f"172.20.{32 + n}.90" for n in range(5)}
    story.hosts(hosts, kernel="4.9.0-13-amd64", os_image="Debian GNU/Linux 9 (stretch)", runtime="docker://19.3.13")
    bad = {name: at for name, at in hosts.items() if name[-1] in "124"}
    pods = story.staff(bad, ready=False, restarts=7, started=90, last=("Error", 137, 92), age=2400)
    story.staff({name: at for name, at in hosts.items() if name not in bad}, age=2500)
    for name in pods:
        story.pod_event(
            name,
            "Unhealthy",
            "Readiness probe failed: calico/node is not ready: felix is not ready: Get http://localhost:9099/readiness: dial tcp 127.0.0.1:9099: connect: connection refused",
            11,
            2300,
            151,
        )
    log = story.old_boot("kop-node-1", 90, [at for name, at in hosts.items() if name != "kop-node-1"])
    data = "create cali4t0 hash:net family inet maxelem 1048576\\nadd cali4t0 100.96.0.0/11\\nswap cali40masq-ipam-pools cali4t0\\ndestroy cali4t0\\nCOMMIT\\n"
    for turn in range(3):
        for n in range(4):
            log += restore(
                story,
                85 - 28 * turn - 2 * n,
                61 + 84 * turn,
                data,
                "ipset v6.38: Error in line 3: The sets cannot be swapped: their type does not match\\n",
            )
        log += panic(story, 76 - 28 * turn, 61 + 84 * turn)
    story.log(pods[0], log)
    story.describe("kop-node-1", pods[0])
    story.affected = list(bad)
    story.cite(f"{pods[0]}.log", "sets cannot be swapped")
    return story


def threat_feed_fills_the_set(now: datetime) -> Incident:
    story = incident(
        "blocklist-network-set-hash-is-full", "ipset-failure",
        "The network set of a blocklist has more members than the IP set can hold ('Hash is full'), so felix restarts on every "
        "worker; readiness complaints and BGP restarts are its echo.",
        "https://github.com/projectcalico/felix/issues/768", now, difficulty="medium", platform="vpc", calico="v3.27.4",
    )  # fmt: skip
    nodes = story.workers([f"10.244.16.{n}" for n in (4, 5, 6, 9)])
    pods = story.agents(nodes, ready=False, restarts=31, started=500, last=("Error", 137, 505))
    for i, name in enumerate(pods):
        story.not_established(name, [n for n in nodes if n != nodes[i]], 490, 9000, 12)
        story.pod_event(
            name,
            "Unhealthy",
            "Readiness probe failed: calico/node is not ready: felix is not ready: readiness probe reporting 503",
            22,
            9900,
            377,
        )
    log = [*story.boot(nodes[0], 500, nodes[1:]), *story.quiet(480, 470)]
    for turn in range(5):
        ago, pid = 460 - 90 * turn, 61 + 55 * turn
        log.append(
            story.say(
                ago,
                "INFO",
                pid,
                "felix",
                "ipsets.go 145:",
                'Queueing IP set for creation family="inet" setID="s:7yYdkPkZkPfYNnhPpOHsf" setType="hash:net"',
            )
        )
        log += restore(
            story,
            ago - 9,
            pid,
            "create cali4t2 hash:net family inet maxelem 1048576\\nadd cali4t2 1.10.16.0/20\\nadd cali4t2 1.19.0.0/16\\n[...]",
            "ipset v7.11: Error in line 1048603: Hash is full, cannot add more elements\\n",
            "ipsets.go 840:",
        )
        log += panic(story, ago - 40, pid)
    story.log(pods[0], wrapped(story, log, "cri", pods[0]))
    story.texts["globalnetworksets.txt"] = (
        "NAME              NETS\nfirehol-level2    1.10.16.0/20,1.19.0.0/16,1.32.128.0/18 + 1171940 more...\nibm-private-svc   10.0.64.0/19,166.8.0.0/14\n"
    )
    story.describe(nodes[0])
    story.affected = nodes
    story.cite(f"{pods[0]}.log", "Hash is full")
    return story


def jetson(now: datetime) -> Incident:
    story = incident(
        "jetson-kernel-error-invalid-argument", "ipset-failure",
        "On the two Jetson boards `ipset list` itself fails with a kernel error, the x86 hosts are fine: their vendor kernel "
        "carries no usable IP sets.",
        "https://github.com/canonical/microk8s/issues/2110", now, difficulty="easy", platform="other", calico="v3.13.2",
        kubernetes="v1.20.4-34+1ae8c29bbb48f7", namespace="kube-system", registry="calico",
    )  # fmt: skip
    story.acceptable = ["kernel-module-missing"]
    x86, boards = (
        {"nuc-a": "192.168.178.41", "nuc-b": "192.168.178.42"},
        {"xavier-1": "192.168.178.51", "xavier-2": "192.168.178.52"},
    )
    story.hosts(x86, kernel="5.4.0-67-generic", os_image="Ubuntu 20.04.2 LTS")
    story.hosts(boards, kernel="4.9.140-tegra", os_image="Ubuntu 18.04.5 LTS")
    story.staff(x86)
    pods = story.staff(
        boards, ready=False, restarts=40, waiting="CrashLoopBackOff", last=("Error", 137, 100), age=20_000
    )
    for name in pods:
        story.pod_event(name, "BackOff", "Back-off restarting failed container", 40, 19_000, 390)
    log = story.old_boot("xavier-1", 160, [*x86.values(), "192.168.178.52"])
    for turn in range(4):
        for n in range(3):
            ago, pid = 150 - 14 * turn - n, 61 + 61 * turn
            log.append(
                story.line(
                    ago,
                    "ERROR",
                    pid,
                    "ipsets.go 569:",
                    'Bad return code from \'ipset list\'. error=exit status 1 family="inet" stderr="ipset v6.38: Kernel error received: Invalid argument\\n"',
                )
            )
            log.append(
                story.line(
                    ago,
                    "WARNING",
                    pid,
                    "ipsets.go 290:",
                    'Failed to resync with dataplane error=exit status 1 family="inet"',
                )
            )
        log += panic(story, 146 - 14 * turn, 61 + 61 * turn)
    story.log(pods[0], log, file=f"{pods[0]}-previous.log")
    story.commands = {
        "pods.txt": "get pods -A -o wide",
        "nodes.txt": "get nodes -o wide",
        f"describe-{pods[0]}.txt": f"describe pod -n kube-system {pods[0]}",
    }
    story.affected = list(boards)
    story.cite(f"{pods[0]}-previous.log", "Kernel error received: Invalid argument")
    return story


def same_name_exists(now: datetime) -> Incident:
    story = incident(
        "one-worker-set-with-same-name-exists", "ipset-failure",
        "Only this worker's felix dies: a set of that name already exists in its kernel with other parameters and cannot be "
        "destroyed; the peers' BGP complaints are the consequence.",
        "https://github.com/projectcalico/felix/issues/1745", now, difficulty="hard", platform="classic", calico="v3.24.5",
        kubernetes="v1.25.16+IKS", namespace="kube-system",
    )  # fmt: skip
    nodes = story.workers([f"10.93.140.{n}" for n in range(12, 20)])
    bad = nodes[5]
    others = story.agents([n for n in nodes if n != bad])
    name = story.agents([bad], ready=False, restarts=17, started=260, last=("Error", 137, 265))[0]
    for other in others[1:4]:
        story.recreated(other, [bad], 270, 6)
    story.not_established(name, [n for n in nodes if n != bad], 255, 8000, 40)
    log = story.boot(bad, 260, [n for n in nodes if n != bad])
    for turn in range(3):
        ago, pid = 250 - 80 * turn, 61 + 190 * turn
        log += story.quiet(ago, ago - 20, every=9, pid=pid)
        log.append(
            story.say(
                ago - 21,
                "WARNING",
                pid,
                "felix",
                "ipsets.go 1026:",
                'Failed to delete IP set, may be out-of-sync. error=exit status 1 output="ipset v7.11: Set cannot be destroyed: it is in use by a kernel component\\n" setName="cali40s:kTRnzyRc9LZX0aVbHl2ZtZD"',
            )
        )
        log += restore(
            story,
            ago - 22,
            pid,
            "create cali40s:kTRnzyRc9LZX0aVbHl2ZtZD hash:ip,port family inet maxelem 1048576\\nCOMMIT\\n",
            "ipset v7.11: Error in line 1: Set cannot be created: set with the same name already exists\\n",
            "ipsets.go 806:",
        )
        log += panic(story, ago - 30, pid)
    story.log(name, log)
    story.log(
        others[0],
        [
            *story.boot(nodes[0], 700_000, [n for n in nodes if n != nodes[0]])[-16:],
            *[f"bird: Mesh_{bad.replace('.', '_')}: State changed to {s}" for s in ("stop", "down", "start")],
            *story.quiet(500, 40),
        ],
    )
    story.describe(bad)
    story.describe(nodes[1])
    story.affected = [bad]
    story.cite(f"{name}.log", "set with the same name already exists")
    return story


def newer_revision(now: datetime) -> Incident:
    story = incident(
        "pool-with-hwe-kernel-set-revision", "ipset-failure",
        "On the pool with the newer kernel `ipset list` of the image cannot read the sets of that kernel (revision 7); felix panics "
        "there and only there.",
        "felix/ipsets/ipsets.go (tryResync)", now, difficulty="easy", platform="other", calico="v3.26.1", kubernetes="v1.27.10",
        registry="quay.io/calico",
    )  # fmt: skip
    old = {f"rack1-{n}": f"172.28.1.{n}" for n in (10, 11, 12)}
    new = {f"rack2-{n}": f"172.28.2.{n}" for n in (10, 11)}
    story.hosts(old, kernel="5.15.0-105-generic")
    story.hosts(new, kernel="6.11.0-19-generic", os_image="Ubuntu 24.04.2 LTS", age=9000, since=8900)
    story.staff(old)
    pods = story.staff(new, ready=False, restarts=29, started=95, last=("Error", 137, 98), age=8900)
    for name in pods:
        story.not_established(name, list(old.values()), 80, 8800, 27)
    log = story.boot("rack2-10", 95, [*old.values(), "172.28.2.11"])
    for n in range(9):
        pid = 61 + 48 * (n // 3)
        log.append(
            story.say(
                90 - 9 * n,
                "ERROR",
                pid,
                "felix",
                "ipsets.go 599:",
                'Bad return code from \'ipset list cali40masq-ipam-pools\'. error=exit status 1 family="inet" stderr="ipset v7.11: Kernel and userspace incompatible: settype hash:net with revision 7 not supported by userspace.\\n"',
            )
        )
        log.append(
            story.say(
                90 - 9 * n,
                "WARNING",
                pid,
                "felix",
                "ipsets.go 319:",
                'Failed to resync with dataplane error=exit status 1 family="inet"',
            )
        )
        if n % 3 == 2:
            log += panic(story, 89 - 9 * n, pid)
    story.log(pods[0], log)
    story.describe("rack2-10", pods[0])
    story.affected = list(new)
    story.cite(f"{pods[0]}.log", "not supported by userspace")
    return story


STORIES = [type_differs, threat_feed_fills_the_set, jetson, newer_revision, same_name_exists]
