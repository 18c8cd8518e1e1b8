"""ipset-failure: told without having seen the rules."""

from __future__ import annotations

from datetime import datetime

from telling import FELIX_503, Incident, incident, wrapped

CAUSE = "ipset-failure"


def revision_six(now: datetime) -> Incident:
    story = incident(
        "three-of-five-hosts-got-a-newer-kernel",
        CAUSE,
        "Three of five hosts run a newer kernel whose hash:ip sets have revision 6; the ipset in calico-node does not know it, cannot list the sets, and felix never gets ready there.",
        "https://github.com/projectcalico/calico/issues/9551",
        now,
        platform="other",
        calico="v3.28.2",
        kubernetes="v1.30.6",
        registry="docker.io/calico",
        difficulty="easy",
        acceptable=["software-defect"],
    )
    hosts = {
        "aspb01": "192.168.71.10",
        "aspb02": "192.168.71.11",
        "aspb03": "192.168.71.12",
        "aspb11": "192.168.71.13",
        "aspb12": "192.168.71.14",
    }
    bad = ["aspb01", "aspb03", "aspb11"]
    story.hosts(
        {k: v for k, v in hosts.items() if k not in bad}, os_image="Ubuntu 24.04.1 LTS", kernel="6.8.0-40-generic"
    )
    story.hosts({k: hosts[k] for k in bad}, os_image="Ubuntu 24.04.1 LTS", kernel="6.8.0-49-generic")
    story.staff({k: v for k, v in hosts.items() if k not in bad}, started=840)
    for node in bad:
        name = story.staff({node: hosts[node]}, ready=False, started=840, age=860)[0]
        story.probe(name, FELIX_503, 9, 810, 82)
        lines = story.boot(node, 840, [a for n, a in hosts.items() if n != node], prefix=24)[:-1]
        error = 'error=exit status 1 family="inet"'
        stderr = 'stderr="ipset v7.11: Kernel and userspace incompatible: settype hash:ip with revision 6 not supported by userspace.\\n"'
        for turn in range(14):
            ago, pid = 820 - 57 * turn, 61 + 312 * turn
            for _ in range(3):
                lines += [
                    story.say(
                        ago,
                        "ERROR",
                        pid,
                        "felix",
                        "ipsets.go 671:",
                        f"Bad return code from 'ipset list cali40this-host'. {error} {stderr}",
                    ),
                    story.say(
                        ago - 0.01,
                        "ERROR",
                        pid,
                        "felix",
                        "ipsets.go 422:",
                        f"Failed to parse ipset cali40this-host {error}",
                    ),
                    story.say(
                        ago - 0.02,
                        "WARNING",
                        pid,
                        "felix",
                        "ipsets.go 353:",
                        f"Failed to resync with dataplane {error}",
                    ),
                    story.say(
                        ago - 0.03,
                        "INFO",
                        pid,
                        "felix",
                        "ipsets.go 344:",
                        'Retrying after an ipsets update failure... family="inet"',
                    ),
                ]
                ago -= 0.4
            lines += [
                story.say(
                    ago,
                    "PANIC",
                    pid,
                    "felix",
                    "ipsets.go 379:",
                    'Failed to update IP sets after multiple retries. family="inet"',
                ),
                "panic: (*logrus.Entry) 0xc000a1c8c0",
                "",
                "goroutine 219 [running]:",
                "github.com/sirupsen/logrus.(*Entry).log(0xc00051c070, 0x0, {0xc0013d6040, 0x2e})",
                "\t/go/pkg/mod/github.com/projectcalico/logrus@v1.0.4-calico/entry.go:128 +0x4e5",
            ]
        story.log(name, lines)
    story.describe("aspb03")
    story.affected = bad
    story.cite(f"{story.pods['aspb03']}.log", "Kernel and userspace incompatible: settype hash:ip with revision 6")
    return story


def suddenly_after_sixty_days(now: datetime) -> Incident:
    story = incident(
        "sets-of-ipv6-cannot-be-read-since-sunday",
        CAUSE,
        "After 60 quiet days felix of one host cannot list the IPv6 sets any more (revision 5 of hash:ip is not known to its ipset v7.1, another program made such a set): new pods there have an address and no traffic.",
        "https://github.com/projectcalico/calico/issues/4739",
        now,
        platform="other",
        calico="v3.17.1",
        kubernetes="v1.20.4",
        registry="registry.opensuse.org/kubic/calico",
        namespace="kube-system",
        difficulty="medium",
    )
    hosts = {f"kubic-{n:02}": f"10.33.18.{50 + n}" for n in range(1, 5)}
    bad = "kubic-03"
    story.hosts(hosts, age=5_400_000, os_image="openSUSE MicroOS", kernel="5.12.13-1-default", runtime="cri-o://1.21.0")
    story.staff({k: v for k, v in hosts.items() if k != bad})
    name = story.staff({bad: hosts[bad]}, ready=False, started=5_250_000, age=5_251_000)[0]
    story.probe(name, "felix is not ready: readiness probe reporting 503", 14, 118_000, 3910)
    lines = story.quiet(119_000, 118_100, 180)
    for n in range(60):
        ago = 118_000 - 1960 * n
        lines += [
            story.say(
                ago,
                "ERROR",
                4532,
                "felix",
                "ipsets.go 570:",
                'Bad return code from \'ipset list\'. error=exit status 1 family="inet6" stderr="ipset v7.1: Kernel and userspace incompatible: settype hash:ip with revision 5 not supported by userspace.\\n"',
            ),
            story.say(
                ago,
                "WARNING",
                4532,
                "felix",
                "ipsets.go 318:",
                'Failed to resync with dataplane error=exit status 1 family="inet6"',
            ),
        ]
    story.log(name, lines)
    pod = story.other(
        "mail-relay-6c9d5b7f84-t8s2m",
        bad,
        "10.85.3.44",
        namespace="mail",
        owner="ReplicaSet/mail-relay-6c9d5b7f84",
        app="mail-relay",
        ready=False,
        restarts=18,
        started=60,
        last=("Error", 1, 64),
        age=90_000,
    )
    story.pod_event(
        pod,
        "Unhealthy",
        "Readiness probe failed: dial tcp 10.85.3.44:25: i/o timeout",
        10,
        89_000,
        2044,
        namespace="mail",
    )
    story.describe(bad)
    story.affected = [bad]
    story.cite(f"{name}.log", "settype hash:ip with revision 5 not supported by userspace")
    return story


# told on 29 November 2026 without having seen the rules
def all_numbers_are_taken(now: datetime) -> Incident:
    story = incident(
        "bouncer-leaves-a-set-for-each-address",
        CAUSE,
        "An intrusion-prevention agent on one host makes a new IP set for each banned address and never deletes one: with 65 thousand of them the kernel refuses any further set ('Maximal number of sets reached'). felix of this host cannot make its own sets since its restart and dies over it each minute; peers and pods complain.",
        "https://git.netfilter.org/ipset/tree/lib/errcode.c (IPSET_ERR_MAX_SETS) with felix/ipsets/ipsets.go",
        now,
        platform="other",
        calico="v3.26.4",
        kubernetes="v1.27.13",
        registry="quay.io/calico",
        difficulty="hard",
    )
    hosts = {f"fra-edge{n}": f"10.210.3.{40 + n}" for n in (1, 2, 3, 4)}
    bad = "fra-edge2"
    story.hosts(
        hosts,
        age=9_500_000,
        os_image="Debian GNU/Linux 12 (bookworm)",
        kernel="6.1.0-21-amd64",
        runtime="containerd://1.7.16",
    )
    story.staff({k: v for k, v in hosts.items() if k != bad}, started=2_400_000, age=2_400_020)
    name = story.staff({bad: hosts[bad]}, ready=False, started=4_100, age=4_130)[0]
    story.probe(name, FELIX_503, 11, 4_050, 402)
    lines: list[str] = []  # the end only, as of `kubectl logs --tail`
    stderr = 'stderr="ipset v7.11: Error in line 1: Maximal number of sets reached, cannot create more.\\n"'
    for turn in range(30):
        ago, pid = 300 - 10 * turn, 20_417 + 54 * turn
        for n in range(4):
            lines += [
                story.say(
                    ago - 0.3 * n,
                    "WARNING",
                    pid,
                    "felix",
                    "ipsets.go 717:",
                    f'Failed to complete ipset restore, IP sets may be out-of-sync. closeErr=<nil> family="inet" flushErr=<nil> input="create cali40masq-ipam-pools hash:net family inet maxelem 1048576\\nadd cali40masq-ipam-pools 10.244.0.0/16\\nCOMMIT\\n" processErr=exit status 1 {stderr} stdout="" writeErr=<nil>',
                ),
                story.say(
                    ago - 0.3 * n - 0.01,
                    "INFO",
                    pid,
                    "felix",
                    "ipsets.go 344:",
                    'Retrying after an ipsets update failure... family="inet"',
                ),
            ]
        lines += [
            story.say(ago - 1.4, "PANIC", pid, "felix", "ipsets.go 379:", 'Failed to update IP sets after multiple retries. family="inet"'),
            "panic: (*logrus.Entry) 0xc0007b6230", "", "goroutine 311 [running]:",
            "github.com/sirupsen/logrus.(*Entry).log(0xc0002a1c00, 0x0, {0xc000e0a0c0, 0x2e})",
            "\t/go/pkg/mod/github.com/projectcalico/logrus@v1.0.4-calico/entry.go:128 +0x4e5",
            story.say(ago - 3.4, "INFO", pid + 54, "felix", "daemon.go 148:", f'Felix starting up GOMAXPROCS=4 builddate="2024-02-14T23:08:41+0000" gitcommit="c6adfef" version="{story.calico}"'),
        ]  # fmt: skip
    story.log(name, lines)
    story.texts["fra-edge2-host.txt"] = (
        "root@fra-edge2:~# ipset list -n | wc -l\n65533\nroot@fra-edge2:~# ipset list -n | cut -c1-9 | sort | uniq -c | sort -rn | head -3\n  65521 sentryban\n      6 cali40all\n      4 cali40thi\n"
        "root@fra-edge2:~# ipset list -n | head -4\nsentryban-0a1f93c2\nsentryban-0a1f93d7\nsentryban-0a1f93ee\nsentryban-0a1f9402\n"
        "root@fra-edge1:~# ipset list -n | wc -l\n57\nroot@fra-edge2:~# lsmod | grep ^ip_set\nip_set_hash_ip         49152  65527\nip_set_hash_net        53248  5\nip_set                 61440  2 ip_set_hash_ip,ip_set_hash_net\n"
    )
    pod = story.other(
        "mqtt-gw-5f7b8c9d6-4jzkp",
        bad,
        "10.244.87.15",
        "iot",
        "ReplicaSet/mqtt-gw-5f7b8c9d6",
        app="mqtt-gw",
        ready=False,
        restarts=4,
        started=600,
        last=("Error", 1, 610),
        age=3_800,
    )
    story.pod_event(
        pod,
        "Unhealthy",
        "Readiness probe failed: dial tcp 10.244.87.15:1883: i/o timeout",
        12,
        3_700,
        361,
        namespace="iot",
    )
    story.describe(bad, name)
    story.commands["events.txt"] = "get events -A"
    story.events()
    story.affected = [bad]
    story.cite(f"{name}.log", "Maximal number of sets reached, cannot create more.")
    return story


def container_may_not_touch_the_kernels_sets(now: datetime) -> Incident:
    story = incident(
        "k3s-agent-inside-an-unprivileged-container",
        CAUSE,
        "One of three k3s agents runs in an unprivileged LXC container of a Proxmox host: ipset is refused by the kernel there ('Operation not permitted'), felix cannot list its sets and is never ready; the two agents in virtual machines with the same manifest are fine.",
        "https://microk8s.io/docs/install-lxd (what a container needs of its host) with felix/ipsets/ipsets.go",
        now,
        platform="other",
        calico="v3.23.5",
        kubernetes="v1.24.10+k3s1",
        registry="docker.io/calico",
        namespace="kube-system",
        difficulty="easy",
        acceptable=["kernel-module-missing"],
    )
    hosts = {"pve-k3s-srv": "192.168.178.60", "pve-k3s-vm1": "192.168.178.61", "pve-k3s-lxc1": "192.168.178.71"}
    bad = "pve-k3s-lxc1"
    story.hosts(
        {k: v for k, v in hosts.items() if k != bad},
        age=6_000_000,
        os_image="Debian GNU/Linux 11 (bullseye)",
        kernel="5.10.0-21-amd64",
        runtime="containerd://1.6.15-k3s1",
    )
    story.hosts(
        {bad: hosts[bad]},
        age=5_400,
        os_image="Debian GNU/Linux 11 (bullseye)",
        kernel="5.15.83-1-pve",
        runtime="containerd://1.6.15-k3s1",
    )
    story.staff({k: v for k, v in hosts.items() if k != bad}, started=3_000_000, age=3_000_040)
    name = story.staff({bad: hosts[bad]}, ready=False, started=5_300, age=5_360)[0]
    story.probe(name, FELIX_503, 7, 5_250, 525)
    lines: list[str] = []  # the node's file after its rotation
    for turn in range(22):
        ago, pid = 290 - 13 * turn, 15_061 + 40 * turn
        for n in range(3):
            lines += [
                story.say(
                    ago - n,
                    "ERROR",
                    pid,
                    "felix",
                    "ipsets.go 569:",
                    'Bad return code from \'ipset list\'. error=exit status 1 family="inet" stderr="ipset v7.11: Kernel error received: Operation not permitted\\n"',
                ),
                story.say(
                    ago - n - 0.01,
                    "WARNING",
                    pid,
                    "felix",
                    "ipsets.go 319:",
                    'Failed to resync with dataplane error=exit status 1 family="inet"',
                ),
            ]
        lines.append(
            story.say(
                ago - 4,
                "PANIC",
                pid,
                "felix",
                "ipsets.go 319:",
                'Failed to update IP sets after multiple retries. family="inet"',
            )
        )
    story.log(name, wrapped(story, lines, "cri"), f"{name}_calico-node_0.log")
    story.texts["inside-lxc1.txt"] = (
        "root@pve-k3s-lxc1:~# systemd-detect-virt\nlxc\nroot@pve-k3s-lxc1:~# cat /proc/self/uid_map\n         0     100000      65536\n"
        "root@pve-k3s-lxc1:~# ipset list -n\nipset v7.10: Kernel error received: Operation not permitted\nroot@pve-k3s-vm1:~# ipset list -n | head -3\ncali40masq-ipam-pools\ncali40all-ipam-pools\ncali40this-host\n"
    )
    story.describe(bad, name)
    story.affected = [bad]
    story.cite(f"{name}_calico-node_0.log", "Kernel error received: Operation not permitted")
    return story


STORIES = [
    revision_six,
    suddenly_after_sixty_days,
    all_numbers_are_taken,
    container_may_not_touch_the_kernels_sets,
]
