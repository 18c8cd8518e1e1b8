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


def directory_is_a_dangling_link(now: datetime) -> Incident:
    story = incident(
        "fresh-nodes-have-no-binary-directory",
        CAUSE,
        "On nodes of the new image install-cni ends at its first file ('no such file or directory': /opt/cni/bin is a link to nowhere there); nodes that once ran the older release keep working. Pods on the new nodes wait for a network.",
        "https://github.com/projectcalico/cni-plugin/issues/957",
        now,
        platform="other",
        calico="v3.16.1",
        kubernetes="v1.17.12",
        namespace="kube-system",
        registry="docker.io/calico",
        difficulty="easy",
    )
    old = {f"ip-10-3-44-{n}": f"10.3.44.{n}" for n in (8, 61)}
    new = {f"ip-10-3-44-{n}": f"10.3.44.{n}" for n in (140, 152, 155)}
    down = (
        "False",
        "KubeletNotReady",
        "runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:docker: network plugin is not ready: cni config uninitialized",
    )
    image = {"os_image": "Ubuntu 18.04.5 LTS", "kernel": "5.4.0-1025-aws", "runtime": "docker://19.3.12"}
    story.hosts(old, **image)
    story.hosts(
        new,
        ready=down,
        since=3600,
        age=3700,
        calico_up=False,
        taints=(("node.kubernetes.io/not-ready", "NoSchedule"),),
        **image,
    )
    story.staff(old, started=1_000_000)
    names = []
    for node, address in new.items():
        init = [
            container(story, "upgrade-ipam", "docker.io/calico/cni:v3.16.1", done=True, started=3600),
            container(
                story,
                "install-cni",
                "docker.io/calico/cni:v3.16.1",
                ready=False,
                restarts=16,
                waiting="CrashLoopBackOff",
                last=("Error", 1, 90),
            ),
        ]
        names += story.staff(
            {node: address}, init=init, ready=False, waiting="PodInitializing", phase="Pending", age=3680
        )
    for name in names:
        story.pod_event(name, "BackOff", "Back-off restarting failed container", 9, 3600, 260)
    story.texts["install-cni.log"] = (
        f'time="{story.ago(91)}" level=info msg="Running as a Kubernetes pod" source="install.go:140"\ntime="{story.ago(90)}" level=error msg="Failed to install /host/opt/cni/bin/bandwidth" error="open /host/opt/cni/bin/bandwidth: no such file or directory"\ntime="{story.ago(90)}" level=fatal msg="open /host/opt/cni/bin/bandwidth: no such file or directory" source="install.go:209"\n'
    )
    story.texts["commands.txt"] = (
        f'$ kubectl logs {names[1]} -n kube-system -c install-cni > install-cni.log\n$ kubectl logs {names[1]} -n kube-system\nError from server (BadRequest): container "calico-node" in pod "{names[1]}" is waiting to start: PodInitializing\n'
    )
    story.not_established(story.pods["ip-10-3-44-8"], list(new.values()), 3640, 3650, 1, established=1)
    story.describe("ip-10-3-44-152", names[1])
    story.affected = list(new)
    story.cite("install-cni.log", "Failed to install /host/opt/cni/bin/bandwidth")
    return story


STORIES = [portmap_is_in_use, directory_is_a_dangling_link]
