"""worker-starved: told without having seen the rules."""

from __future__ import annotations

from datetime import datetime

from telling import Incident, incident

CAUSE = "worker-starved"


def no_requests_under_load(now: datetime) -> Incident:
    story = incident(
        "java-start-up-starves-the-agent",
        CAUSE,
        "Whenever the Java services of one worker start together (its CPUs are at 100 %) calico-node's probes exceed their time, the liveness probe kills it; metrics agent and CSI driver of this worker fail their probes in the same minutes. Felix and BIRD have nothing to say against it.",
        "https://github.com/Azure/AKS/issues/2642",
        now,
        platform="classic",
        calico="v3.26.4",
        kubernetes="v1.28.11+IKS",
        namespace="kube-system",
        difficulty="medium",
    )
    nodes = story.workers([f"10.135.214.{n}" for n in (131, 136, 142, 157)])
    bad = nodes[2]
    story.agents([n for n in nodes if n != bad], started=1_100_000)
    name = story.agents([bad], ready=True, restarts=9, started=2300, last=("Error", 137, 2310))[0]
    story.pod_event(
        name,
        "Unhealthy",
        'Liveness probe failed: Get "http://localhost:9099/liveness": context deadline exceeded (Client.Timeout exceeded while awaiting headers)',
        2320,
        86_000,
        83,
    )
    story.pod_event(
        name,
        "Unhealthy",
        'Readiness probe failed: command timed out: "/bin/calico-node -bird-ready -felix-ready" timed out after 10s',
        640,
        86_000,
        190,
    )
    story.pod_event(
        name,
        "Killing",
        "Container calico-node failed liveness probe, will be restarted",
        2340,
        85_900,
        9,
        type_="Normal",
    )
    request = {"resources": {"requests": {"cpu": "1250m", "memory": "2Gi"}}}
    for n in range(3):
        app = story.other(
            f"orders-{n}-7f9b6d8c5b-x{n}v4k",
            bad,
            f"172.30.61.{20 + n}",
            namespace="shop",
            owner=f"ReplicaSet/orders-{n}-7f9b6d8c5b",
            app=f"orders-{n}",
            restarts=9,
            started=2350,
            last=("Error", 143, 2400),
            spec=request,
        )
        story.pod_event(
            app,
            "Unhealthy",
            'Readiness probe failed: Get "http://172.30.61.20:8080/actuator/health": context deadline exceeded (Client.Timeout exceeded while awaiting headers)',
            630,
            86_000,
            121,
            namespace="shop",
        )
    csi = story.other(
        "ibmcloud-block-storage-driver-4kq2z",
        bad,
        app="ibmcloud-block-storage-driver",
        restarts=6,
        started=2290,
        last=("Error", 137, 2300),
    )
    story.pod_event(
        csi,
        "Unhealthy",
        'Liveness probe failed: Get "http://10.135.214.142:9808/healthz": context deadline exceeded (Client.Timeout exceeded while awaiting headers)',
        2330,
        85_000,
        60,
        namespace="kube-system",
    )
    story.log(
        name,
        story.boot(bad, 4000, [n for n in nodes if n != bad]) + story.quiet(3990, 2500, 190),
        f"{name}-previous.log",
    )
    story.log(name, story.boot(bad, 2298, [n for n in nodes if n != bad]) + story.quiet(2270, 12, 130))
    story.texts["top-nodes.txt"] = (
        "NAME             CPU(cores)   CPU%   MEMORY(bytes)   MEMORY%\n10.135.214.131   712m         18%    6120Mi          46%\n10.135.214.136   655m         16%    5890Mi          44%\n"
        "10.135.214.142   3998m        102%   9021Mi          68%\n10.135.214.157   801m         20%    6344Mi          48%\n"
    )
    story.describe(bad)
    story.events()
    story.affected = [bad]
    story.cite("top-nodes.txt", "10.135.214.142   3998m        102%")
    return story


STORIES = [no_requests_under_load]
