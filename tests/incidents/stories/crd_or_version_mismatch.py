"""crd-or-version-mismatch: CRDs are missing, or components of different releases do not understand each other."""

from __future__ import annotations

from datetime import datetime

from telling import FELIX_503, FELIX_REFUSED, SOCKET, Incident, incident

CAUSE = "crd-or-version-mismatch"


def no_tiers(now: datetime) -> Incident:
    story = incident(
        "helm-update-left-the-crds-of-the-former-release",
        CAUSE,
        "The chart was updated to v3.29 without its CRDs: Typha asks for a Tier, which the API server does not know, and is never ready; calico-node of the new release waits for it.",
        "https://github.com/projectcalico/calico/issues/9520",
        now,
        platform="other",
        calico="v3.29.1",
        kubernetes="v1.31.2",
        registry="docker.io/calico",
        difficulty="medium",
    )
    hosts = {f"mfj-{x}": f"10.180.0.{n}" for n, x in enumerate(("alpha", "bravo", "cedar", "delta"), 40)}
    story.hosts(hosts)
    story.staff(
        {k: v for k, v in hosts.items() if k != "mfj-delta"},
        image="docker.io/calico/node:v3.28.2",
        cni_image="docker.io/calico/cni:v3.28.2",
    )
    name = story.staff({"mfj-delta": hosts["mfj-delta"]}, ready=False, age=2000, started=1950)[0]
    typha = story.typha("mfj-bravo", ready=False, restarts=6, started=200, last=("Error", 137, 210))
    story.pod_event(typha, "Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503", 9, 1900, 180)
    story.probe(name, SOCKET, 11, 1900, 190)
    error = "resource does not exist: Tier(default) with error: the server could not find the requested resource (post Tiers.crd.projectcalico.org)"
    lines = [
        story.line(
            200,
            "INFO",
            7,
            "typha/daemon.go 170:",
            'Typha starting up GOMAXPROCS=4 buildDate="2024-11-15T21:39:59+0000" gitCommit="ddfc3b1" version="v3.29.1"',
        ),
        story.line(199, "INFO", 7, "typha/daemon.go 226:", "Initializing the datastore (if needed)."),
    ]
    lines += [
        story.line(198 - 3 * n, "ERROR", 7, "typha/daemon.go 318:", f"Failed to initialize datastore error={error}")
        for n in range(40)
    ]
    story.log(typha, lines)
    lines = story.boot("mfj-delta", 1950, bird=False)[:20]
    lines += [
        story.line(1940 - 95 * n, "ERROR", 61 + n, "felix/discovery.go 228:", "Didn't find any ready Typha instances.")
        for n in range(20)
    ]
    story.log(name, lines)
    story.describe("mfj-delta")
    story.commands["describe-typha.txt"] = f"describe pod -n calico-system {typha}"
    story.affected = ["mfj-delta"]
    story.cite(f"{typha}.log", "the server could not find the requested resource (post Tiers.crd.projectcalico.org)")
    return story


def crds_refused(now: datetime) -> Incident:
    story = incident(
        "apply-of-an-old-manifest-made-no-crds",
        CAUSE,
        "A manifest of v3.11 was applied to Kubernetes 1.22, which refuses its CRDs: what the customer saw scroll by was the created daemonset; calico-node ends because the resources do not exist.",
        "https://github.com/projectcalico/calico/issues/6146",
        now,
        platform="other",
        calico="v3.11.3",
        kubernetes="v1.22.17",
        registry="docker.io/calico",
        namespace="kube-system",
        difficulty="medium",
    )
    hosts = {"lab-a": "10.1.1.10", "lab-b": "10.1.1.11", "lab-c": "10.1.1.12"}
    story.hosts(hosts)
    for i, node in enumerate(hosts):
        name = story.staff(
            {node: hosts[node]},
            ready=False,
            restarts=9,
            waiting="CrashLoopBackOff",
            last=("Error", 1, 70 + i),
            age=1800,
        )[0]
        story.probe(
            name,
            FELIX_REFUSED.replace('"http://localhost:9099/readiness"', "http://localhost:9099/readiness"),
            74 + i,
            1700,
            40,
        )
        story.pod_event(name, "BackOff", "Back-off restarting failed container", 9 + i, 1700, 100)
    missing = "the server could not find the requested resource ({} {}.crd.projectcalico.org{})"
    lines = story.old_boot("lab-c", 75)[:11]
    lines += [
        story.line(
            74.1, "INFO", 8, "startup.go 584:", "Using autodetected IPv4 address on interface ens3: 10.1.1.12/24"
        ),
        story.line(74.0, "INFO", 8, "startup.go 451:", "Node IPv4 changed, will check for conflicts"),
        story.line(73.9, "INFO", 8, "startup.go 647:", "No AS number configured on node resource, using global value"),
        story.line(
            73.4,
            "INFO",
            8,
            "customresource.go 101:",
            f'Error getting resource Key=ClusterInformation(default) Name="default" Resource="ClusterInformations" error={missing.format("get", "ClusterInformations", " default")}',
        ),
        story.line(
            73.3,
            "ERROR",
            8,
            "startup.go 188:",
            f"Unable to set global default configuration error=resource does not exist: ClusterInformation(default) with error: {missing.format('post', 'ClusterInformations', '')}",
        ),
        story.line(73.3, "WARNING", 8, "startup.go 1169:", "Terminating"),
        "Calico node failed to start",
    ]
    story.log(name, lines)
    story.commands = {
        "pods.txt": "get pods -A -o wide",
        "nodes.txt": "get nodes -o wide",
        "desc.txt": f"describe pod -n kube-system {name}",
    }
    story.affected = list(hosts)
    story.cite(f"{name}.log", "could not find the requested resource (post ClusterInformations.crd.projectcalico.org)")
    return story


def typha_far_behind(now: datetime) -> Incident:
    story = incident(
        "typha-pinned-two-years-behind",
        CAUSE,
        "The typha image was pinned by an overlay long ago; calico-node of the new release asks for a kind of stream that this Typha does not serve, confd and status-reporter end again and again.",
        "https://github.com/projectcalico/calico/blob/master/typha/pkg/syncclient/sync_client.go",
        now,
        platform="other",
        calico="v3.24.1",
        kubernetes="v1.24.8",
        registry="docker.io/calico",
        namespace="kube-system",
        difficulty="hard",
    )
    hosts = {f"ovl-{n}": f"172.18.6.{n}" for n in (3, 5, 6, 9, 12)}
    story.hosts(hosts)
    story.staff(hosts, ready=False, started=1500, age=1550)
    for i, node in enumerate(hosts):
        story.probe(story.pods[node], SOCKET, 7 + i, 1450, 140)
    story.calico = "v3.2.8"
    typha = story.typha("ovl-5")
    story.calico = "v3.24.1"
    lines = story.boot("ovl-9", 1500, bird=False)[:19]
    for n in range(16):
        pid, ago = 62 + 9 * n, 1490 - 92 * n
        lines += [
            story.line(
                ago,
                "INFO",
                pid,
                "confd/startsyncerclient.go 69:",
                'Connecting to Typha. addr=[]discovery.Typha{discovery.Typha{Addr:"172.18.6.5:5473", IP:"172.18.6.5", NodeName:(*string)(0xc00052e0a0)}}',
            ),
            story.line(
                ago - 0.3,
                "INFO",
                pid,
                "confd/sync_client.go 169:",
                'Successfully connected to Typha. address=discovery.Typha{Addr:"172.18.6.5:5473"} connID=0x1 type="bgp"',
            ),
            story.line(
                ago - 0.5,
                "ERROR",
                pid,
                "confd/sync_client.go 470:",
                'We require SyncerType bgp but Typha server doesn\'t support it. connID=0x1 type="bgp"',
            ),
            story.line(ago - 0.6, "FATAL", pid, "confd/startsyncerclient.go 90:", "Connection to Typha failed"),
        ]
    story.log(story.pods["ovl-9"], lines)
    story.describe("ovl-9")
    story.commands["describe-typha.txt"] = f"describe pod -n kube-system {typha}"
    story.affected = list(hosts)
    story.cite(f"{story.pods['ovl-9']}.log", "We require SyncerType bgp but Typha server doesn't support it")
    return story


def one_crd_less(now: datetime) -> Incident:
    story = incident(
        "one-crd-less-and-confd-never-in-sync",
        CAUSE,
        "Only one CRD of the new release is missing (bgpfilters): confd never gets in sync, so BIRD has no configuration. Felix works, which is why pods start; the socket error of the probe is loud.",
        "https://github.com/tigera/docs/issues/835",
        now,
        platform="other",
        calico="v3.26.1",
        kubernetes="v1.27.4",
        registry="quay.io/calico",
        difficulty="hard",
    )
    hosts = {f"helm-node-{n}": f"10.22.31.{n}" for n in (100, 101, 102, 103, 104, 105)}
    story.hosts(hosts)
    story.staff(hosts, ready=False, started=2800, age=2850)
    for i, node in enumerate(hosts):
        story.probe(story.pods[node], SOCKET, 4 + i, 2700, 270)
    story.probe(story.pods["helm-node-102"], FELIX_503, 2790, 2795, 2)
    node = "helm-node-102"
    lines = story.boot(node, 2800, bird=False)
    for n in range(26):
        lines += [
            story.line(
                2750 - 104 * n,
                "INFO",
                60,
                "confd/watchercache.go 194:",
                'Failed to perform list of current data during resync ListRoot="/calico/resources/v3/projectcalico.org/bgpfilters" error=resource does not exist: BGPFilter with error: the server could not find the requested resource (get BGPFilters.crd.projectcalico.org)',
            )
        ]
        lines += story.quiet(2740 - 104 * n, 2690 - 104 * n)
    story.log(story.pods[node], lines)
    story.describe(node)
    story.texts["crds.txt"] = "NAME                                                  CREATED AT\n" + "".join(
        f"{x + '.crd.projectcalico.org':53} 2022-05-04T07:12:33Z\n"
        for x in (
            "bgpconfigurations",
            "bgppeers",
            "blockaffinities",
            "caliconodestatuses",
            "clusterinformations",
            "felixconfigurations",
            "globalnetworkpolicies",
            "globalnetworksets",
            "hostendpoints",
            "ipamblocks",
            "ipamconfigs",
            "ipamhandles",
            "ippools",
            "ipreservations",
            "kubecontrollersconfigurations",
            "networkpolicies",
            "networksets",
        )
    )
    story.affected = list(hosts)
    story.cite(
        f"{story.pods[node]}.log", "could not find the requested resource (get BGPFilters.crd.projectcalico.org)"
    )
    return story


STORIES = [no_tiers, crds_refused, typha_far_behind, one_crd_less]
