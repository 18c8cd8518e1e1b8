"""calico-credentials-rejected: told without having seen the rules."""

from __future__ import annotations

from datetime import datetime

from cluster import NO_CNI, container
from telling import Incident, incident, wrapped

CAUSE = "calico-credentials-rejected"


def installer_gets_401(now: datetime) -> Incident:
    story = incident(
        "installer-cannot-create-a-token-unauthorized",
        CAUSE,
        "The control plane was restored from a backup of last week; tokens given out since are refused. install-cni ends with Unauthorized when it asks for the plugin's token, on the workers whose pods were made anew.",
        "https://github.com/projectcalico/calico/issues/8368",
        now,
        platform="other",
        calico="v3.26.3",
        kubernetes="v1.27.6",
        namespace="calico-system",
        registry="docker.io/calico",
        difficulty="easy",
        acceptable=["cni-install-failure"],
    )
    hosts = {f"k8s-master0{n}": f"192.168.10.{10 + n}" for n in (1, 2)} | {
        f"k8s-node0{n}": f"192.168.10.{20 + n}" for n in (1, 2, 3)
    }
    bad = ["k8s-node02", "k8s-node03"]
    story.hosts(
        {k: v for k, v in hosts.items() if k not in bad},
        os_image="CentOS Linux 7 (Core)",
        kernel="5.4.256-1.el7.elrepo.x86_64",
        runtime="containerd://1.6.24",
    )
    story.hosts(
        {k: hosts[k] for k in bad},
        ready=NO_CNI,
        since=7000,
        calico_up=False,
        os_image="CentOS Linux 7 (Core)",
        kernel="5.4.256-1.el7.elrepo.x86_64",
        runtime="containerd://1.6.24",
    )
    story.staff({k: v for k, v in hosts.items() if k not in bad}, started=1_000_000)
    names = []
    for node in bad:
        init = [
            container(story, "flexvol-driver", "docker.io/calico/pod2daemon-flexvol:v3.26.3", done=True, started=6900),
            container(
                story,
                "install-cni",
                "docker.io/calico/cni:v3.26.3",
                ready=False,
                restarts=23,
                waiting="CrashLoopBackOff",
                last=("Error", 1, 160),
            ),
        ]
        names += story.staff(
            {node: hosts[node]}, init=init, ready=False, waiting="PodInitializing", phase="Pending", age=6950
        )
    for name in names:
        story.pod_event(
            name,
            "BackOff",
            f"Back-off restarting failed container install-cni in pod {name}_calico-system(3e91c0de)",
            11,
            6800,
            430,
        )
    log = [
        story.line(161, "INFO", 1, "cni-installer/<nil> <nil>:", "Running as a Kubernetes pod"),
        story.line(160.9, "INFO", 1, "cni-installer/<nil> <nil>:", "Installed /host/opt/cni/bin/bandwidth"),
        *[
            story.line(
                160.6 - 0.1 * i,
                "INFO",
                1,
                "cni-installer/<nil> <nil>:",
                f'File is already up to date, skipping file="/host/opt/cni/bin/{x}"',
            )
            for i, x in enumerate(("calico", "calico-ipam", "flannel", "host-local", "install"))
        ],
        story.line(160, "INFO", 1, "cni-installer/<nil> <nil>:", "CNI plugin version: v3.26.3\\n"),
        story.line(160, "INFO", 1, "cni-installer/<nil> <nil>:", "/host/secondary-bin-dir is not writeable, skipping"),
        story.line(
            159.9,
            "ERROR",
            1,
            "cni-installer/<nil> <nil>:",
            "Unable to create token for CNI kubeconfig error=Unauthorized",
        ),
        story.line(
            159.9,
            "FATAL",
            1,
            "cni-installer/<nil> <nil>:",
            "Unable to create token for CNI kubeconfig error=Unauthorized",
        ),
    ]
    story.log(names[0], log, f"{names[0]}-install-cni.log")
    story.texts[f"{names[0]}.log"] = (
        f'Error from server (BadRequest): container "calico-node" in pod "{names[0]}" is waiting to start: PodInitializing\n'
    )
    story.describe(bad[0], names[0])
    story.affected = bad
    story.cite(f"{names[0]}-install-cni.log", "Unable to create token for CNI kubeconfig error=Unauthorized")
    return story


def masters_rolled_with_a_new_key(now: datetime) -> Incident:
    story = incident(
        "rolled-masters-do-not-know-the-old-tokens",
        CAUSE,
        "The control plane was rolled with a new signing key: every calico-node that still holds an old token gets 401 from the API in felix, confd and the tunnel allocator and cannot read its configuration; nodes made since are well.",
        "https://github.com/kubernetes/kops/issues/12248",
        now,
        platform="other",
        calico="v3.20.0",
        kubernetes="v1.22.1",
        namespace="kube-system",
        registry="docker.io/calico",
        difficulty="easy",
    )
    masters = {f"master-esp-{x}": f"10.1.32.{n}" for x, n in (("a3t1lt", 11), ("a3x9pq", 12))}
    workers = {f"nodes-esp-{x}": f"10.1.32.{n}" for x, n in (("jw2k", 31), ("m8rd", 32), ("q4vz", 33))}
    story.hosts(masters, age=5000)
    story.hosts(workers)
    story.staff(masters, age=4900, started=4880)
    names = story.staff(workers, ready=False, restarts=22, started=95, last=("Error", 1, 100))
    for name in names:
        story.probe(
            name,
            'felix is not ready: Get "http://localhost:9099/readiness": dial tcp 127.0.0.1:9099: connect: connection refused',
            14,
            4700,
            410,
        )
        story.pod_event(
            name,
            "Unhealthy",
            'Liveness probe failed: calico/node is not ready: Felix is not live: Get "http://localhost:9099/liveness": dial tcp 127.0.0.1:9099: connect: connection refused',
            130,
            4600,
            130,
        )
        story.pod_event(
            name,
            "Killing",
            "Container calico-node failed liveness probe, will be restarted",
            110,
            4500,
            22,
            type_="Normal",
        )
    root = '"/calico/resources/v3/projectcalico.org/'
    log: list[str] = []
    for i in range(16):
        at = 60 - 1.1 * i
        log += [
            story.say(
                at + 0.9,
                "INFO",
                82,
                "tunnel-ip-allocator",
                "watchercache.go 174:",
                f'Full resync is required ListRoot={root}ippools"',
            ),
            story.say(
                at + 0.8,
                "INFO",
                82,
                "tunnel-ip-allocator",
                "watchercache.go 186:",
                f'Failed to perform list of current data during resync ListRoot={root}ippools" error=connection is unauthorized: Unauthorized',
            ),
            story.say(
                at + 0.5,
                "INFO",
                80,
                "confd",
                "watchercache.go 186:",
                f'Failed to perform list of current data during resync ListRoot={root}bgppeers" error=connection is unauthorized: Unauthorized',
            ),
            story.say(
                at,
                "ERROR",
                1127,
                "felix",
                "daemon.go 245:",
                "Failed to get config from datastore error=connection is unauthorized: Unauthorized",
            ),
        ]
    story.log(names[1], wrapped(story, log, "cri"))
    story.describe("nodes-esp-m8rd", names[1])
    story.affected = list(workers)
    story.cite(f"{names[1]}.log", "Failed to get config from datastore error=connection is unauthorized: Unauthorized")
    return story


STORIES = [installer_gets_401, masters_rolled_with_a_new_key]
