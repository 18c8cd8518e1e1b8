"""ipset-failure: told without having seen the rules."""

from __future__ import annotations

from datetime import datetime

from telling import FELIX_503, Incident, incident

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


STORIES = [revision_six, suddenly_after_sixty_days]
