"""cni-install-failure: told without having seen the rules."""

from __future__ import annotations

from datetime import datetime, timedelta

from cluster import NO_CNI, container, join
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


# told on 29 November 2026 without having seen the rules
def opt_is_mounted_noexec(now: datetime) -> Incident:
    story = incident(
        "hardened-opt-partition-is-noexec",
        CAUSE,
        "On two newly joined hosts /opt is a partition of its own with noexec: install-cni copies its files, then only warns that it may not execute the plugin, and ends well. calico-node is 1/1 there, but every sandbox fails with 'fork/exec /opt/cni/bin/calico: permission denied'.",
        "https://github.com/projectcalico/cni-plugin/issues/891",
        now,
        platform="other",
        calico="v3.21.6",
        kubernetes="v1.22.17",
        namespace="kube-system",
        registry="quay.io/calico",
        difficulty="medium",
    )
    hosts = {f"ksp-{n:02}": f"10.88.14.{n}" for n in (11, 12, 13)}
    new = {f"ksp-{n:02}": f"10.88.14.{n}" for n in (17, 18)}
    system = {
        "os_image": "Oracle Linux Server 8.7",
        "kernel": "5.15.0-3.60.5.1.el8uek.x86_64",
        "runtime": "containerd://1.5.13",
    }
    story.hosts(hosts, age=8_000_000, **system)
    story.hosts(new, age=6_300, since=6_100, **system)
    story.staff(hosts, started=4_000_000, age=4_000_040)
    story.staff(new, started=6_110, age=6_240)
    me = "ksp-18"
    name = story.pods[me]
    t = [story.ago(6_190 - i) for i in range(4)]
    story.texts[f"{name}-install-cni.log"] = join([
        f'time="{t[0]}" level=info msg="Running as a Kubernetes pod" source="install.go:140"',
        *(f'time="{t[1]}" level=info msg="Installed /host/opt/cni/bin/{x}"' for x in ("bandwidth", "calico", "calico-ipam", "flannel", "host-local", "install", "loopback", "portmap", "tuning")),
        f'time="{t[2]}" level=info msg="Wrote Calico CNI binaries to /host/opt/cni/bin\\n"',
        f'time="{t[2]}" level=warning msg="Failed getting CNI plugin version" error="fork/exec /host/opt/cni/bin/calico: permission denied"',
        f'time="{t[2]}" level=info msg="CNI plugin version: \\n"',
        f'time="{t[2]}" level=info msg="/host/secondary-bin-dir is not writeable, skipping"',
        f'time="{t[3]}" level=info msg="Using CNI config template from CNI_NETWORK_CONFIG environment variable." source="install.go:322"',
        f'time="{t[3]}" level=info msg="Created /host/etc/cni/net.d/10-calico.conflist"',
        f'time="{t[3]}" level=info msg="Done configuring CNI.  Sleep= false"',
    ])  # fmt: skip
    log = story.boot(me, 6_110, [*hosts.values(), new["ksp-17"]], interface="ens224", prefix=24)
    story.log(name, [*log, "bird: Graceful restart done", *story.quiet(5_900, 30, 640)])
    denied = "fork/exec /opt/cni/bin/calico: permission denied"
    for pod, node in (
        ("node-exporter-init-6f4b8c7d9b-2wq8k", "ksp-18"),
        ("logs-collector-5d8f9c6b7-tj5xv", "ksp-18"),
        ("billing-7b9d5c4f8d-x6vzp", "ksp-17"),
    ):
        story.stuck(pod, node, denied, 18, 5_800, 410, namespace="platform", form="old")
    story.texts["ksp-18-findmnt.txt"] = (
        "[root@ksp-18 ~]# findmnt -no SOURCE,FSTYPE,OPTIONS /opt\n/dev/mapper/vg_sys-lv_opt xfs    rw,nosuid,nodev,noexec,relatime,seclabel,attr2,inode64,logbufs=8,logbsize=32k,noquota\n"
        "[root@ksp-18 ~]# ls -l /opt/cni/bin/calico\n-rwxr-xr-x. 1 root root 44650496 "
        + (story.now - timedelta(seconds=6_189)).strftime("%b %e %H:%M")
        + " /opt/cni/bin/calico\n[root@ksp-18 ~]# ssh ksp-11 findmnt -no SOURCE,FSTYPE,OPTIONS -T /opt\n/dev/mapper/vg_sys-lv_root xfs    rw,relatime,seclabel,attr2,inode64,logbufs=8,logbsize=32k,noquota\n"
    )
    story.describe(me)
    story.commands["describe-logs-collector.txt"] = "describe pod -n platform logs-collector-5d8f9c6b7-tj5xv"
    story.affected = list(new)
    story.cite(f"{name}-install-cni.log", "fork/exec /host/opt/cni/bin/calico: permission denied")
    return story


def label_of_another_container(now: datetime) -> Incident:
    story = incident(
        "selinux-keeps-the-installer-out-of-its-directory",
        CAUSE,
        "SELinux was set to enforcing on one infrastructure host; the shell script of install-cni cannot create its files in /opt/cni/bin ('Failed to mv files'), the audit log has the denials. The pod stays in Init; its neighbours only miss one BGP peer.",
        "https://github.com/projectcalico/cni-plugin/issues/374",
        now,
        platform="other",
        calico="v3.14.2",
        kubernetes="v1.18.3",
        namespace="kube-system",
        registry="registry.okd.example/calico",
        difficulty="easy",
    )
    hosts = {f"okd-infra{n}.okd.example": f"10.130.2.{30 + n}" for n in (1, 2, 3)}
    bad = "okd-infra2.okd.example"
    down = ("False", "KubeletNotReady", "runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: Missing CNI default network")  # fmt: skip
    system = {
        "os_image": "Red Hat Enterprise Linux Server 7.8 (Maipo)",
        "kernel": "3.10.0-1127.el7.x86_64",
        "runtime": "cri-o://1.18.3-5",
    }
    story.hosts({k: v for k, v in hosts.items() if k != bad}, age=6_000_000, **system)
    story.hosts({bad: hosts[bad]}, age=6_000_000, ready=down, since=2_700, calico_up=False, **system)
    story.staff({k: v for k, v in hosts.items() if k != bad}, started=2_000_000, age=2_000_030)
    init = [
        container(story, "install-cni", f"{story.registry}/cni:{story.calico}", ready=False, restarts=12, waiting="CrashLoopBackOff", last=("Error", 1, 190)),
    ]  # fmt: skip
    name = story.staff(
        {bad: hosts[bad]}, init=init, ready=False, waiting="PodInitializing", phase="Pending", age=2_680
    )[0]
    story.pod_event(name, "BackOff", "Back-off restarting failed container", 9, 2_600, 205)
    story.node_event(bad, "NodeNotReady", f"Node {bad} status is now: NodeNotReady", 2_700, type_="Normal")
    story.texts[f"{name}_install-cni.log"] = (
        "ls: cannot access '/calico-secrets': No such file or directory\n"
        + "".join(f"cp: can't create '/host/opt/cni/bin/{x}.tmp': Permission denied\n" for x in ("bandwidth",))
        + "Failed to mv files. This may be caused by selinux configuration on the host, or something else.\n"
    )
    at = story.now.timestamp() - 191
    story.texts["ausearch-okd-infra2.txt"] = "# ausearch -m avc -ts recent\n" + "".join(
        "----\ntime->{}\ntype=AVC msg=audit({:.3f}:{}): avc:  denied  {{ {} }} for  pid={} comm=\"cp\" name=\"{}\" dev=\"dm-0\" ino=67251{} scontext=system_u:system_r:container_t:s0:c214,c807 tcontext=unconfined_u:object_r:usr_t:s0 tclass={} permissive=0\n".format(
            (story.now - timedelta(seconds=191 - 0.1 * i)).strftime("%a %b %e %H:%M:%S %Y"), at + 0.1 * i, 48120 + i, deny, 21933 + i, obj, 880 + i, cls
        )
        for i, (deny, obj, cls) in enumerate((("add_name", "bandwidth.tmp", "dir"), ("write", "bin", "dir")))
    )  # fmt: skip
    other = story.pods["okd-infra1.okd.example"]
    tag = f"bird: Mesh_{hosts[bad].replace('.', '_')}: "
    story.log(other, [
        *story.quiet(4_000, 2_760, 300),
        tag + "Received: Administrative shutdown", tag + "State changed to stop", tag + "State changed to down", tag + "Starting", tag + "State changed to start",
        *story.quiet(2_600, 15, 430),
    ])  # fmt: skip
    story.texts[f"{name}.log"] = (
        f'Error from server (BadRequest): container "calico-node" in pod "{name}" is waiting to start: PodInitializing\n'
    )
    story.describe(bad, name)
    story.affected = [bad]
    story.cite(f"{name}_install-cni.log", "Failed to mv files.")
    story.cite("ausearch-okd-infra2.txt", "denied  { add_name }")
    return story


STORIES = [
    portmap_is_in_use,
    directory_is_a_dangling_link,
    opt_is_mounted_noexec,
    label_of_another_container,
]
