"""duplicate-node-identity: told without having seen the rules."""

from __future__ import annotations

from datetime import datetime

from telling import Incident, incident

CAUSE = "duplicate-node-identity"


def one_router_id_for_two(now: datetime) -> Incident:
    story = incident(
        "router-id-set-by-hand-on-two-nodes",
        CAUSE,
        "Two nodes of an IPv6-first site carry CALICO_ROUTER_ID=10.66.0.3 in their environment (the second was copied from the first): BIRD of either refuses the other ('Bad BGP identifier'), all other sessions are up.",
        "https://docs.tigera.io/calico/latest/reference/configure-calico-node (CALICO_ROUTER_ID)",
        now,
        platform="other",
        calico="v3.23.3",
        kubernetes="v1.24.8",
        namespace="kube-system",
        registry="quay.io/calico",
        difficulty="medium",
    )
    hosts = {f"gva-n{n}": f"10.66.20.{40 + n}" for n in range(1, 6)}
    story.hosts(hosts, os_image="Fedora CoreOS 36", kernel="5.18.18-200.fc36.x86_64", runtime="containerd://1.6.8")
    ids = {
        "gva-n1": "10.66.0.1",
        "gva-n2": "10.66.0.2",
        "gva-n3": "10.66.0.3",
        "gva-n4": "10.66.0.3",
        "gva-n5": "10.66.0.5",
    }
    for node, address in hosts.items():
        story.staff(
            {node: address},
            started=1_000_000 if node != "gva-n4" else 4000,
            age=1_100_000 if node != "gva-n4" else 4020,
            spec={
                "env": [
                    {"name": "CALICO_ROUTER_ID", "value": ids[node]},
                    {"name": "IP6", "value": "autodetect"},
                    {"name": "FELIX_IPV6SUPPORT", "value": "true"},
                ]
            },
        )
    me, other = "gva-n4", "gva-n3"
    name = story.pods[me]
    peers = [v for k, v in hosts.items() if k != me]
    story.not_established(name, [hosts[other]], 3960, 3990, 3, established=3)
    session = f"bird: Mesh_{hosts[other].replace('.', '_')}"
    log = story.boot(me, 3995, peers, up=[p for p in peers if p != hosts[other]])
    for i in range(5):
        log += [
            f"{session}: {x}"
            for x in (
                "Error: Bad BGP identifier: 0a420003",
                "State changed to stop",
                "State changed to down",
                "Starting",
                "State changed to start",
            )
        ] + story.quiet(3900 - 700 * i, 3300 - 700 * i, 250)
    story.log(name, log)
    story.describe(me, name)
    story.commands[f"describe-pod-{story.pods[other]}.txt"] = f"describe pod -n kube-system {story.pods[other]}"
    story.affected = [other, me]
    story.cite(f"{name}.log", "Bad BGP identifier: 0a420003")
    return story


STORIES = [one_router_id_for_two]
