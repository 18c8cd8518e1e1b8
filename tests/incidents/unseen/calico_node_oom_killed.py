"""calico-node-oom-killed: told without having seen the rules."""

from __future__ import annotations

from datetime import datetime

from telling import Incident, incident

CAUSE = "calico-node-oom-killed"


def limit_of_192_mebibytes(now: datetime) -> Incident:
    story = incident(
        "felix-grows-to-its-limit-and-is-killed",
        CAUSE,
        "calico-node was given a limit of 192Mi; on the workers with many endpoints it grows to it and is OOMKilled every few hours. Neighbours complain about BGP for a minute each time, the workers have memory to spare.",
        "https://github.com/projectcalico/felix/issues/1855",
        now,
        platform="classic",
        calico="v3.25.0",
        kubernetes="v1.26.15+IKS",
        namespace="kube-system",
        difficulty="easy",
    )
    nodes = story.workers([f"10.130.77.{n}" for n in (11, 19, 34, 35)])
    limits = {"resources": {"limits": {"memory": "192Mi"}, "requests": {"cpu": "250m", "memory": "128Mi"}}}
    bad = nodes[1:3]
    story.agents([n for n in nodes if n not in bad], spec=limits, started=500_000)
    names = story.agents(bad, spec=limits, restarts=19, started=2400, last=("OOMKilled", 137, 2410))
    for name in names:
        story.pod_event(
            name,
            "Unhealthy",
            'Readiness probe failed: calico/node is not ready: felix is not ready: Get "http://localhost:9099/readiness": dial tcp 127.0.0.1:9099: connect: connection refused',
            2395,
            9900,
            11,
        )
        story.pod_event(name, "Created", "Created container calico-node", 2402, 400_000, 20, type_="Normal")
    story.not_established(names[0], [n for n in nodes if n != bad[0]], 2380, 9880, 8)
    peers = [n for n in nodes if n != bad[0]]
    story.log(names[0], [*story.boot(bad[0], 2390, peers), *story.quiet(2300, 15, 180)])
    story.describe(bad[0])
    story.affected = bad
    story.cite(f"describe-pod-{names[0]}.txt", "OOMKilled")
    return story


STORIES = [limit_of_192_mebibytes]
