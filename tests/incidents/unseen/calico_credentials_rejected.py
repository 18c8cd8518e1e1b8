"""calico-credentials-rejected: told without having seen the rules."""

from __future__ import annotations

from datetime import datetime

from cluster import NO_CNI, container
from telling import Incident, incident

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


STORIES = [installer_gets_401]
