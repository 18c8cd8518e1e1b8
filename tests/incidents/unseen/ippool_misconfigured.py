"""ippool-misconfigured: told without having seen the rules."""

from __future__ import annotations

from datetime import datetime

from cluster import NO_CNI
from telling import SOCKET, Incident, incident

CAUSE = "ippool-misconfigured"


def default_overlaps(now: datetime) -> Incident:
    story = incident(
        "default-pool-overlaps-the-rack-pool",
        CAUSE,
        "The only enabled IPv4 pool was deleted and a /20 of it kept as a disabled IPv6-less leftover; on restart calico-node wants to create its default pool 10.42.0.0/16, which overlaps rack-pool 10.42.16.0/20: start-up ends on the hosts restarted since.",
        "https://github.com/projectcalico/libcalico-go/issues/862",
        now,
        platform="other",
        calico="v3.20.6",
        kubernetes="v1.21.14",
        registry="docker.io/calico",
        namespace="kube-system",
        difficulty="medium",
        acceptable=["invalid-calico-config"],
    )
    hosts = {f"metal-{c}": f"10.7.44.{20 + n}" for n, c in enumerate("abcde")}
    bad = ["metal-b", "metal-d"]
    story.hosts({k: v for k, v in hosts.items() if k not in bad})
    story.hosts({k: hosts[k] for k in bad}, ready=NO_CNI, since=1500, calico_up=False)
    story.staff({k: v for k, v in hosts.items() if k not in bad})
    message = "Failed to create default IPv4 IP pool: error with field IPPool.Spec.CIDR = '10.42.0.0/16' (IPPool(default-ipv4-ippool) CIDR overlaps with IPPool(rack-pool) CIDR 10.42.16.0/20)"
    env = {
        "env": [
            {"name": "CALICO_IPV4POOL_CIDR", "value": "10.42.0.0/16"},
            {"name": "CALICO_IPV4POOL_IPIP", "value": "CrossSubnet"},
        ]
    }
    for n, node in enumerate(bad):
        name = story.staff(
            {node: hosts[node]},
            ready=False,
            restarts=8,
            waiting="CrashLoopBackOff",
            last=("Error", 1, 95 + n),
            age=1600,
            spec=env,
        )[0]
        story.probe(name, SOCKET, 96 + n, 1500, 12)
        story.pod_event(name, "BackOff", "Back-off restarting failed container", 4, 1500, 77)
        lines = story.boot(node, 97 + n, interface="bond0", prefix=24)[:10]
        lines += [
            story.say(95.6 + n, "ERROR", 9, "startup", "startup.go 850:", message),
            story.say(95.6 + n, "WARNING", 9, "startup", "utils.go 49:", "Terminating"),
            "Calico node failed to start",
        ]
        story.log(name, lines, f"{name}-previous.log")
        story.describe(node)
    ok = story.pods["metal-a"]
    story.recreated(ok, [hosts[n] for n in bad], 1400, 2)
    story.commands[f"describe-pod-{ok}.txt"] = f"describe pod -n kube-system {ok}"
    story.texts["calicoctl-get-ippool.txt"] = (
        "NAME        CIDR            NAT    IPIPMODE      VXLANMODE   DISABLED   DISABLEBGPEXPORT   SELECTOR\n"
        'rack-pool   10.42.16.0/20   true   CrossSubnet   Never       true       false              rack == "r7"\n'
    )
    story.affected = bad
    story.cite(f"{story.pods['metal-b']}-previous.log", "CIDR overlaps with IPPool(rack-pool)")
    return story


STORIES = [default_overlaps]
