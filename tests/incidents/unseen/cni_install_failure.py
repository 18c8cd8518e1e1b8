"""cni-install-failure: told without having seen the rules."""

from __future__ import annotations

from datetime import datetime

from cluster import NO_CNI, container
from telling import Incident, incident

CAUSE = "cni-install-failure"


def portmap_is_in_use(now: datetime) -> Incident:
    story = incident(
        "text-file-busy-after-the-partition-switch",
        CAUSE,
        "After an OS upgrade install-cni cannot overwrite portmap ('text file busy'), some process still runs that binary; calico-node of this host stays in Init:CrashLoopBackOff.",
        "https://github.com/projectcalico/calico/issues/8932",
        now,
        platform="other",
        calico="v3.22.5",
        kubernetes="v1.24.17",
        namespace="kube-system",
        registry="docker.io/calico",
        difficulty="easy",
    )
    hosts = {"site-master-1": "10.126.88.4", "site-master-2": "10.126.88.5", "site-master-3": "10.126.88.6"}
    bad = "site-master-1"
    story.hosts({k: v for k, v in hosts.items() if k != bad})
    story.hosts({bad: hosts[bad]}, ready=NO_CNI, since=3300, calico_up=False)
    story.staff({k: v for k, v in hosts.items() if k != bad}, started=400_000)
    init = [
        container(story, "upgrade-ipam", "docker.io/calico/cni:v3.22.5", done=True, started=3250),
        container(
            story,
            "install-cni",
            "docker.io/calico/cni:v3.22.5",
            ready=False,
            restarts=15,
            waiting="CrashLoopBackOff",
            last=("Error", 1, 130),
        ),
        container(
            story,
            "flexvol-driver",
            "docker.io/calico/pod2daemon-flexvol:v3.22.5",
            ready=False,
            waiting="PodInitializing",
        ),
    ]
    name = story.staff({bad: hosts[bad]}, init=init, ready=False, waiting="PodInitializing", phase="Pending", age=3260)[
        0
    ]
    story.pod_event(name, "BackOff", "Back-off restarting failed container", 7, 3200, 240)
    story.pod_event(
        name,
        "Pulled",
        'Container image "docker.io/calico/cni:v3.22.5" already present on machine',
        131,
        3255,
        16,
        type_="Normal",
    )
    story.not_established(story.pods["site-master-2"], [hosts[bad]], 3290, 3300, 1, established=1)
    t = story.ago(131)
    story.texts[f"{name}-install-cni-previous.log"] = "\n".join(
        [
            f'time="{t}" level=info msg="Running as a Kubernetes pod" source="install.go:140"',
            *[
                f'time="{t}" level=info msg="Installed /host/opt/cni/bin/{x}"'
                for x in ("bandwidth", "calico", "calico-ipam", "flannel", "host-local", "install", "loopback")
            ],
            f'time="{t}" level=error msg="Failed to install /host/opt/cni/bin/portmap" error="open /host/opt/cni/bin/portmap: text file busy"',
            f'time="{t}" level=fatal msg="open /host/opt/cni/bin/portmap: text file busy" source="install.go:211"',
            "",
        ]
    )
    story.log(story.pods["site-master-2"], story.quiet(4000, 20, 300))
    story.describe(bad, name)
    story.affected = [bad]
    story.cite(f"{name}-install-cni-previous.log", "portmap: text file busy")
    return story


STORIES = [portmap_is_in_use]
