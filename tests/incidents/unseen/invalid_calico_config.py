"""invalid-calico-config: told without having seen the rules."""

from __future__ import annotations

from datetime import datetime

from telling import FELIX_REFUSED, NOT_LIVE, SOCKET, Incident, incident

CAUSE = "invalid-calico-config"


def method_is_a_bare_name(now: datetime) -> Incident:
    story = incident(
        "autodetection-method-is-only-eth1",
        CAUSE,
        "The daemonset was edited to IP_AUTODETECTION_METHOD=eth1 (without 'interface='): start-up refuses the value on each host that was rolled so far.",
        "https://github.com/projectcalico/calico/issues/2965",
        now,
        platform="other",
        calico="v3.8.4",
        kubernetes="v1.16.2",
        registry="docker.io/calico",
        namespace="kube-system",
        difficulty="easy",
    )
    hosts = {f"breeze{n}": f"192.168.122.{40 + n}" for n in (1, 2, 3, 4)}
    bad = ["breeze1", "breeze2"]
    story.hosts(hosts, os_image="CentOS Linux 7 (Core)", kernel="3.10.0-1062.el7.x86_64", runtime="docker://18.9.9")
    env = {
        "env": [
            {"name": "DATASTORE_TYPE", "value": "kubernetes"},
            {"name": "IP", "value": "autodetect"},
            {"name": "IP_AUTODETECTION_METHOD", "value": "eth1"},
        ]
    }
    story.staff({k: v for k, v in hosts.items() if k not in bad}, started=800_000)
    for n, node in enumerate(bad):
        name = story.staff(
            {node: hosts[node]},
            ready=False,
            restarts=11,
            waiting="CrashLoopBackOff",
            last=("Error", 1, 200 + 9 * n),
            age=2300,
            spec=env,
        )[0]
        story.probe(name, SOCKET.replace("/var/run/calico/", "/var/run/bird/"), 202, 2290, 15)
        story.pod_event(name, "BackOff", "Back-off restarting failed container", 8, 2280, 140)
        lines = story.old_boot(node, 201 + 9 * n)[:9]
        lines += [
            story.line(200.4 + 9 * n, "ERROR", 8, "startup.go 567:", "Invalid IP autodetection method: eth1"),
            story.line(200.4 + 9 * n, "WARNING", 8, "startup.go 1058:", "Terminating"),
            "Calico node failed to start",
        ]
        story.log(name, lines)
        story.describe(node)
    other = story.pods["breeze3"]
    story.not_established(other, [hosts[n] for n in bad], 2200, 2260, 3, established=1)
    story.commands[f"describe-pod-{other}.txt"] = f"describe pod -n kube-system {other}"
    story.affected = bad
    story.cite(f"{story.pods['breeze2']}.log", "Invalid IP autodetection method: eth1")
    return story


def prefix_with_a_star(now: datetime) -> Incident:
    story = incident(
        "interface-prefix-with-a-star-on-roks",
        CAUSE,
        "Somebody set interfacePrefix to 'cali,eth*' in the FelixConfiguration default: felix refuses it on all six workers and starts over every few seconds; BIRD goes on, the pods are 0/1 since the edit.",
        "https://github.com/projectcalico/calico/blob/v3.27.5/felix/config/config_params.go",
        now,
        platform="roks",
        calico="v3.27.5",
        kubernetes="v1.30.7+6bce1d4",
        difficulty="medium",
    )
    nodes = story.workers([f"10.180.11.{n}" for n in (5, 6, 8, 14, 15, 19)])
    for n, node in enumerate(nodes):
        name = story.agents(
            [node], ready=False, restarts=2 + n % 2, started=500 + n, age=1_600_000, last=("Error", 137, 505 + n)
        )[0]
        story.probe(name, FELIX_REFUSED, 5 + n, 1750, 122)
        story.probe(name, NOT_LIVE, 540 + n, 1740, 60, kind="Liveness")
    node = nodes[2]
    error = 'error=Failed to parse config parameter InterfacePrefix; value "cali,eth*": must be a comma-separated list of Linux interface names/prefixes'
    lines = story.boot(node, 500, [n for n in nodes if n != node])[:-2]
    for turn in range(60):
        ago, pid = 498 - 8.1 * turn, 62 + 97 * turn
        lines += [
            story.say(
                ago,
                "INFO",
                pid,
                "felix",
                "daemon.go 148:",
                'Felix starting up GOMAXPROCS=4 builddate="2024-06-12T20:09:41+0000" gitcommit="5eb8b3a" version="v3.27.5"',
            ),
            story.say(
                ago - 0.3, "ERROR", pid, "felix", "config_params.go 719:", f"Invalid (required) config value. {error}"
            ),
            story.say(
                ago - 0.3,
                "ERROR",
                pid,
                "felix",
                "daemon.go 239:",
                f"Failed update global config from datastore {error}",
            ),
        ]
    story.log(story.pods[node], lines)
    story.texts["felixconfiguration.yaml"] = (
        'apiVersion: crd.projectcalico.org/v1\nkind: FelixConfiguration\nmetadata:\n  annotations:\n    projectcalico.org/metadata: \'{"uid":"9c0c","creationTimestamp":"2025-04-10T07:11:20Z"}\'\n'
        '  generation: 7\n  name: default\nspec:\n  bpfLogLevel: ""\n  floatingIPs: Disabled\n  interfacePrefix: cali,eth*\n  logSeverityScreen: Info\n  natPortRange: 32768:65535\n  reportingInterval: 0s\n'
    )
    story.describe(node)
    story.affected = nodes
    story.cite("felixconfiguration.yaml", "interfacePrefix: cali,eth*")
    story.cite(f"{story.pods[node]}.log", "Failed to parse config parameter InterfacePrefix")
    return story


STORIES = [method_is_a_bare_name, prefix_with_a_star]
