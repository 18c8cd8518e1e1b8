"""bird-config-invalid: told without having seen the rules."""

from __future__ import annotations

from datetime import datetime

from telling import Incident, incident

CAUSE = "bird-config-invalid"


def own_template_of_another_release(now: datetime) -> Incident:
    story = incident(
        "check-fails-in-line-5-on-the-node-without-an-address",
        CAUSE,
        "On one node confd renders a bird.cfg whose router id is empty (the environment sets CALICO_ROUTER_ID to nothing there): bird -p refuses line 5, the file is never put in place and BIRD goes on looking for it.",
        "https://github.com/projectcalico/calicoctl/issues/1208",
        now,
        platform="other",
        calico="v3.16.5",
        kubernetes="v1.18.15",
        namespace="kube-system",
        registry="calico",
        difficulty="medium",
    )
    hosts = {f"sjc-k{n}": f"10.60.25.{10 + n}" for n in range(1, 6)}
    story.hosts(hosts, os_image="Debian GNU/Linux 10 (buster)", kernel="4.19.0-14-amd64", runtime="docker://19.3.15")
    bad = "sjc-k4"
    story.staff({k: v for k, v in hosts.items() if k != bad}, started=1_300_000)
    name = story.staff(
        {bad: hosts[bad]},
        ready=False,
        restarts=3,
        started=700,
        last=("Error", 137, 720),
        age=4000,
        spec={
            "env": [
                {"name": "CALICO_ROUTER_ID", "value": " "},
                {"name": "IP", "value": "autodetect"},
                {"name": "CLUSTER_TYPE", "value": "k8s,bgp"},
            ]
        },
    )[0]
    story.probe(
        name,
        "BIRD is not ready: Error querying BIRD: unable to connect to BIRDv4 socket: dial unix /var/run/bird/bird.ctl: connect: no such file or directory",
        9,
        3900,
        388,
    )
    story.pod_event(
        name,
        "Unhealthy",
        "Liveness probe failed: calico/node is not ready: bird/confd is not live: exit status 1",
        720,
        3700,
        18,
    )
    log = story.boot(bad, 690, bird=False)
    for i in range(5):
        at, file = 686 - 2 * i, f".bird.cfg{856459999 + 114370 * i}"
        log += [
            story.say(
                at,
                "ERROR",
                60,
                "confd",
                "resource.go 288:",
                f'Error from checkcmd "bird -p -c /etc/calico/confd/config/{file}": "bird: /etc/calico/confd/config/{file}, line 5: syntax error\\n"',
            ),
            "bird: Unable to open configuration file /etc/calico/confd/config/bird.cfg: No such file or directory",
            story.say(at - 0.6, "ERROR", 60, "confd", "run.go 52:", "Config check failed: exit status 1"),
        ]
    log += story.quiet(660, 12, 120)
    story.log(name, log)
    story.describe(bad, name)
    story.affected = [bad]
    story.cite(f"{name}.log", "line 5: syntax error")
    return story


def included_file_is_missing_for_v6(now: datetime) -> Incident:
    story = incident(
        "dual-stack-node-without-its-aggregation-file",
        CAUSE,
        "On a dual-stack node confd cannot put the IPv6 configuration in place: bird6 -p does not find the included bird6_aggr.cfg, so BIRD6 has no configuration; IPv4 sessions are all up, the pod is 0/1.",
        "https://github.com/projectcalico/calicoctl/issues/1328",
        now,
        platform="other",
        calico="v3.22.3",
        kubernetes="v1.23.8",
        registry="quay.io/calico",
        difficulty="medium",
    )
    hosts = {f"ds-{n}": f"10.4.120.{30 + n}" for n in range(1, 4)}
    story.hosts(hosts, os_image="Ubuntu 20.04.4 LTS", kernel="5.4.0-121-generic")
    bad = "ds-2"
    story.staff({k: v for k, v in hosts.items() if k != bad}, started=900_000)
    name = story.staff(
        {bad: hosts[bad]},
        ready=False,
        restarts=1,
        started=8000,
        last=("Unknown", 255, 8060),
        spec={
            "env": [
                {"name": "IP", "value": "autodetect"},
                {"name": "IP6", "value": "autodetect"},
                {"name": "FELIX_IPV6SUPPORT", "value": "true"},
            ]
        },
    )[0]
    story.probe(
        name,
        "BIRD6 is not ready: Error querying BIRD: unable to connect to BIRDv6 socket: dial unix /var/run/calico/bird6.ctl: connect: no such file or directory",
        6,
        7900,
        790,
    )
    log = story.boot(bad, 7990, [v for k, v in hosts.items() if k != bad])
    for i in range(12):
        at, file = 7980 - 640 * i, f".bird6.cfg{161392533 + 977 * i}"
        log += [
            story.say(
                at,
                "ERROR",
                62,
                "confd",
                "resource.go 306:",
                f'Error from checkcmd "bird6 -p -c /etc/calico/confd/config/{file}": "bird: /etc/calico/confd/config/{file}, line 2: Unable to open included file /etc/calico/confd/config/bird6_aggr.cfg: No such file or directory\\n"',
            ),
            story.say(
                at - 0.2,
                "INFO",
                62,
                "confd",
                "resource.go 238:",
                "Target config /etc/calico/confd/config/bird6.cfg out of sync",
            ),
            "bird: Unable to open configuration file /etc/calico/confd/config/bird6.cfg: No such file or directory",
            *story.quiet(at - 30, at - 500, 230),
        ]
    story.log(name, log)
    story.describe(bad, name)
    story.affected = [bad]
    story.cite(f"{name}.log", "Unable to open included file /etc/calico/confd/config/bird6_aggr.cfg")
    return story


STORIES = [own_template_of_another_release, included_file_is_missing_for_v6]
