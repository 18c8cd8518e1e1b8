"""invalid-calico-config: told without having seen the rules."""

from __future__ import annotations

from datetime import datetime

from telling import SOCKET, Incident, incident

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


STORIES = [method_is_a_bare_name]
