"""crd-or-version-mismatch: told without having seen the rules."""

from __future__ import annotations

from datetime import datetime

from telling import Incident, incident

CAUSE = "crd-or-version-mismatch"


def no_address(story: Incident) -> None:
    """The pod told last has no address yet."""
    status = story.objects["Pod"][-1]["status"]
    status |= {"podIPs": []}
    del status["podIP"]


def endpoint_slices_of_beta(now: datetime) -> Incident:
    story = incident(
        "kubernetes-125-dropped-what-this-felix-lists",
        CAUSE,
        "Kubernetes was updated to v1.25, which no longer has the API of EndpointSlices that this old Calico lists: 'the server could not find the requested resource' on every node, felix never gets in sync and all calico-node pods stay 0/1.",
        "https://github.com/kubernetes/kubernetes/issues/114091",
        now,
        platform="other",
        calico="v3.19.1",
        kubernetes="v1.25.4",
        namespace="kube-system",
        registry="docker.io/calico",
        difficulty="easy",
    )
    hosts = {"mast": "10.195.40.9", "wrk-a": "10.195.40.20", "wrk-b": "10.195.40.21"}
    story.hosts(hosts, os_image="Ubuntu 20.04.5 LTS", kernel="5.4.0-132-generic", runtime="containerd://1.6.8")
    names = story.staff(hosts, ready=False, started=80_000, age=80_100)
    for name in names:
        story.probe(name, "felix is not ready: readiness probe reporting 503", 8, 79_900, 7980)
    log = story.boot("wrk-a", 79_990, [hosts["mast"], hosts["wrk-b"]])[:-1]
    root = 'ListRoot="/calico/resources/v3/projectcalico.org/kubernetesendpointslices"'
    for i in range(14):
        at = 30 - 2 * i
        log += [
            story.say(at + 0.8, "INFO", 80, "felix", "watchercache.go 175:", f"Full resync is required {root}"),
            story.say(
                at + 0.7,
                "INFO",
                80,
                "felix",
                "watchercache.go 188:",
                f"Failed to perform list of current data during resync {root} error=resource does not exist: KubernetesEndpointSlice with error: the server could not find the requested resource",
            ),
        ]
        if i % 4 == 1:
            log += [
                story.say(at + 0.4, "WARNING", 80, "felix", "health.go 188:", f'Reporter is not ready. name="{x}"')
                for x in ("int_dataplane", "async_calc_graph")
            ]
    story.log(names[1], log)
    kc = story.other(
        "calico-kube-controllers-77d5cbb58-fljln",
        "wrk-a",
        "none",
        owner="ReplicaSet/calico-kube-controllers-77d5cbb58",
        ready=False,
        phase="Pending",
        waiting="ContainerCreating",
        age=80_000,
    )
    no_address(story)
    story.pod_event(
        kc,
        "FailedMount",
        'MountVolume.SetUp failed for volume "kube-api-access-x2k4d" : failed to sync configmap cache: timed out waiting for the condition',
        79_980,
        79_990,
    )
    story.describe("wrk-a", names[1])
    story.affected = list(hosts)
    story.cite(f"{names[1]}.log", "resource does not exist: KubernetesEndpointSlice")
    return story


STORIES = [endpoint_slices_of_beta]
