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


def definition_pruned(now: datetime) -> Incident:
    story = incident(
        "felixconfigurations-definition-was-pruned",
        CAUSE,
        "A clean-up removed the custom resource definition of FelixConfiguration: calico-node that starts anew cannot set its defaults ('resource does not exist: FelixConfiguration(default)') and ends; pods that run since before only log failing watches.",
        "https://github.com/projectcalico/calico/pull/1306",
        now,
        platform="other",
        calico="v3.17.3",
        kubernetes="v1.19.16",
        namespace="kube-system",
        registry="docker.io/calico",
        difficulty="medium",
    )
    hosts = {f"lab-{x}": f"10.14.2.{n}" for x, n in (("alpha", 5), ("beta", 6), ("gamma", 7), ("delta", 8))}
    bad = ["lab-gamma", "lab-delta"]
    story.hosts(hosts, os_image="Ubuntu 18.04.6 LTS", kernel="4.15.0-161-generic", runtime="docker://20.10.7")
    story.staff({k: v for k, v in hosts.items() if k not in bad}, started=800_000)
    names = story.staff(
        {k: hosts[k] for k in bad},
        ready=False,
        restarts=17,
        waiting="CrashLoopBackOff",
        last=("Error", 1, 55),
        age=4000,
    )
    for name in names:
        story.probe(
            name,
            "BIRD is not ready: Failed to stat() nodename file: stat /var/lib/calico/nodename: no such file or directory",
            60,
            3900,
            40,
        )
        story.pod_event(name, "BackOff", "Back-off restarting failed container", 4, 3800, 210)
    log = story.boot("lab-gamma", 57)[:10]
    log += [
        story.say(
            56,
            "ERROR",
            9,
            "startup",
            "startup.go 160:",
            "Unable to set global default configuration error=resource does not exist: FelixConfiguration(default) with error: the server could not find the requested resource (post FelixConfigurations.crd.projectcalico.org)",
        ),
        story.say(55.9, "WARNING", 9, "startup", "startup.go 1057:", "Terminating"),
        "Calico node failed to start",
    ]
    story.log(names[0], log)
    root = 'ListRoot="/calico/resources/v3/projectcalico.org/felixconfigurations"'
    log = story.quiet(6000, 4700, 300)
    for i in range(10):
        log += [
            story.say(4600 - 450 * i, "INFO", 61, "felix", "watchercache.go 174:", f"Full resync is required {root}"),
            story.say(
                4599 - 450 * i,
                "INFO",
                61,
                "felix",
                "watchercache.go 186:",
                f"Failed to perform list of current data during resync {root} error=resource does not exist: FelixConfiguration with error: the server could not find the requested resource",
            ),
        ]
    story.log(story.pods["lab-alpha"], log)
    story.texts["get-crds.txt"] = "NAME                                               CREATED AT\n" + "".join(
        f"{x + '.crd.projectcalico.org':<50} 2026-03-02T10:11:54Z\n"
        for x in (
            "bgpconfigurations",
            "bgppeers",
            "blockaffinities",
            "clusterinformations",
            "globalnetworkpolicies",
            "globalnetworksets",
            "hostendpoints",
            "ipamblocks",
            "ipamconfigs",
            "ipamhandles",
            "ippools",
            "kubecontrollersconfigurations",
            "networkpolicies",
            "networksets",
        )
    )
    story.describe("lab-gamma", names[0])
    story.affected = bad
    story.cite(f"{names[0]}.log", "resource does not exist: FelixConfiguration(default)")
    return story


STORIES = [endpoint_slices_of_beta, definition_pruned]
