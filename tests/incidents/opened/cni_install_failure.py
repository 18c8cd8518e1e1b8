"""cni-install-failure: told without having seen the rules, then opened."""

from __future__ import annotations

from datetime import datetime, timedelta

from cluster import NO_CNI, container
from telling import Incident, incident

CAUSE = "cni-install-failure"


def files_made_immutable(now: datetime) -> Incident:
    story = incident(
        "hardening-made-the-plugins-immutable",
        CAUSE,
        "ROKS-like bare hosts: a hardening script set the immutable flag on the files of /opt/cni/bin. Nothing happened until the roll-out of v3.29: install-cni can write its .tmp file but not rename it over the old plugin (operation not permitted), on the two hosts rolled so far. The sandboxes there go on with the old plugin, so the nodes are Ready; loud is BGP, missed by the eight others.",
        "https://github.com/projectcalico/calico/blob/v3.29.1/cni-plugin/pkg/install/install.go",
        now,
        platform="other",
        calico="v3.29.1",
        kubernetes="v1.30.7",
        registry="quay.io/calico",
        difficulty="medium",
    )
    system = {"os_image": "AlmaLinux 9.5 (Teal Serval)", "kernel": "5.14.0-503.15.1.el9_5.x86_64", "runtime": "containerd://1.7.24"}  # fmt: skip
    hosts = {f"alma-{n:02}.lan": f"10.58.12.{100 + n}" for n in range(1, 11)}
    bad = ["alma-04.lan", "alma-09.lan"]
    story.hosts({k: v for k, v in hosts.items() if k not in bad}, age=15_000_000, **system)
    story.hosts({k: v for k, v in hosts.items() if k in bad}, age=15_000_000, calico_up=False, since=2_950, **system)
    for item in story.objects["Node"][-2:]:
        item["status"]["conditions"][-1]["lastTransitionTime"] = story.ago(14_000_000)
    old = {"image": "quay.io/calico/node:v3.28.2", "cni_image": "quay.io/calico/cni:v3.28.2"}
    story.staff({k: v for k, v in hosts.items() if k not in bad}, started=6_000_000, age=6_000_030, **old)
    cni = "quay.io/calico/cni:v3.29.1"
    for i, node in enumerate(bad):
        init = [
            container(story, "flexvol-driver", "quay.io/calico/pod2daemon-flexvol:v3.29.1", done=True, started=2_930),
            container(
                story,
                "install-cni",
                cni,
                ready=False,
                restarts=13,
                waiting="CrashLoopBackOff",
                last=("Error", 1, 214 - 9 * i),
            ),
        ]
        name = story.staff(
            {node: hosts[node]}, init=init, ready=False, waiting="PodInitializing", phase="Pending", age=2_940
        )[0]
        story.pod_event(name, "Pulled", f'Container image "{cni}" already present on machine', 215, 2_920, 14, type_="Normal")  # fmt: skip
        story.pod_event(name, "BackOff", f"Back-off restarting failed container install-cni in pod {name}_calico-system(9b1f)", 8, 2_900, 199)  # fmt: skip
    name = story.pods[bad[0]]

    def installer(ago: float, level: str, place: str, text: str) -> str:
        return story.line(ago, level, 1, f"cni-installer/{place}", text)

    story.log(name, [
        installer(216.0, "INFO", "install.go 143:", "Running as a Kubernetes pod"),
        installer(215.98, "INFO", "install.go 424:", 'File is already up to date, skipping file="/host/opt/cni/bin/bandwidth"'),
        installer(215.98, "INFO", "install.go 225:", "Installed /host/opt/cni/bin/bandwidth"),
        installer(214.4, "ERROR", "install.go 218:", "Failed to install /host/opt/cni/bin/calico error=failed to rename file: rename /host/opt/cni/bin/calico.tmp /host/opt/cni/bin/calico: operation not permitted"),
        installer(214.4, "FATAL", "install.go 35:", "Error installing CNI plugin error=failed to rename file: rename /host/opt/cni/bin/calico.tmp /host/opt/cni/bin/calico: operation not permitted"),
    ], f"{name}_install-cni_previous.log")  # fmt: skip
    ok = "alma-02.lan"
    gone = [hosts[x] for x in bad]
    story.not_established(story.pods[ok], gone, 2_920, 2_950, 2, established=7)
    log = story.quiet(4_200, 3_000, 300)
    for ip in gone:
        tag = f"bird: Mesh_{ip.replace('.', '_')}: "
        log += [tag + "Received: Administrative shutdown", tag + "State changed to stop", tag + "State changed to down", tag + "Starting", tag + "State changed to start"]  # fmt: skip
    log += ["bird: Netlink: File exists", *story.quiet(2_800, 10, 400)]
    story.log(story.pods[ok], log)
    story.typha("alma-01.lan", "fz6kq", started=6_000_000)
    story.typha("alma-06.lan", "j2wtd", started=6_000_000)
    story.texts["daemonset.txt"] = (
        "$ kubectl get ds -n calico-system\nNAME              DESIRED   CURRENT   READY   UP-TO-DATE   AVAILABLE   NODE SELECTOR            AGE\n"
        "calico-node       10        10        8       2            8           kubernetes.io/os=linux   173d\ncsi-node-driver   10        10        10      10           10          kubernetes.io/os=linux   173d\n"
    )
    story.describe(bad[0])
    story.commands[f"describe-pod-{story.pods[ok]}.txt"] = f"describe pod -n calico-system {story.pods[ok]}"
    story.affected = bad
    story.cite(f"{name}_install-cni_previous.log", "Failed to install /host/opt/cni/bin/calico")
    return story


def memory_disk_is_too_small(now: datetime) -> Incident:
    story = incident(
        "diskless-hosts-whose-plugin-directory-is-full",
        CAUSE,
        "Diskless hosts, booted over the network: /opt/cni/bin is a memory file system of 96 MB. The plugins of the new release are bigger, so install-cni ends half-way with 'no space left on device' on each of these hosts at their reboot; the kubelet's own file systems are half empty and no pressure shows. Hosts with disks are well. CoreDNS and all pods there wait for a network.",
        "https://github.com/projectcalico/calico/blob/v3.27.3/cni-plugin/pkg/install/install.go",
        now,
        platform="other",
        calico="v3.27.3",
        kubernetes="v1.28.12",
        namespace="kube-system",
        registry="docker.io/calico",
        difficulty="medium",
        acceptable=["worker-resource-pressure"],
    )
    disks = {f"hpc-svc{n}": f"10.33.0.{10 + n}" for n in (1, 2, 3)}
    bare = {f"hpc-n{n:03}": f"10.33.4.{n}" for n in (17, 18, 19, 20)}
    system = {"os_image": "Ubuntu 22.04.4 LTS", "kernel": "5.15.0-118-generic", "runtime": "containerd://1.7.12"}
    story.hosts(disks, age=20_000_000, **system)
    down = {"hpc-n017": 5_100, "hpc-n018": 5_060, "hpc-n019": 4_980}
    for node, ago in down.items():
        story.hosts({node: bare[node]}, age=20_000_000, ready=NO_CNI, since=ago, calico_up=False, taints=[("node.kubernetes.io/not-ready", "NoSchedule")], labels={"boot": "pxe"}, **system)  # fmt: skip
    story.hosts({"hpc-n020": bare["hpc-n020"]}, age=20_000_000, labels={"boot": "pxe"}, **system)
    story.staff(disks | {"hpc-n020": bare["hpc-n020"]}, started=180_000, age=180_040)
    for node, ago in down.items():
        init = [
            container(story, "upgrade-ipam", "docker.io/calico/cni:v3.27.3", done=True, started=ago),
            container(
                story,
                "install-cni",
                "docker.io/calico/cni:v3.27.3",
                ready=False,
                restarts=20,
                waiting="CrashLoopBackOff",
                last=("Error", 1, 150 if node == "hpc-n018" else 240),
            ),
            container(story, "mount-bpffs", "docker.io/calico/node:v3.27.3", ready=False, waiting="PodInitializing"),
        ]
        name = story.staff(
            {node: bare[node]}, init=init, ready=False, waiting="PodInitializing", phase="Pending", age=180_040
        )[0]
        story.pod_event(name, "BackOff", f"Back-off restarting failed container install-cni in pod {name}_kube-system(0c77)", 5, ago - 40, 361)  # fmt: skip
        story.node_event(node, "Rebooted", f"Node {node} has been rebooted, boot id: {node[-3:]}e2c1d-6b0a-4f53-9d7e-0d1f6a9c44b2", ago + 10)  # fmt: skip
    me = "hpc-n018"
    name = story.pods[me]
    t = 151.0
    full = "write /host/opt/cni/bin/flannel.tmp: no space left on device"

    def installer(ago: float, level: str, text: str) -> str:
        return story.line(ago, level, 1, "cni-installer/<nil> <nil>:", text)

    story.texts[f"kubectl-logs-{name}.txt"] = (
        f"root@hpc-svc1:~# kubectl -n kube-system logs {name} --all-containers\n"
        + "\n".join(
            [
                story.line(5_050, "INFO", 1, "ipam_plugin.go 75:", "migrating from host-local to calico-ipam..."),
                story.line(5_049, "INFO", 1, "migrate.go 67:", "checking host-local IPAM data dir dir existence..."),
                story.line(
                    5_049,
                    "INFO",
                    1,
                    "migrate.go 69:",
                    "host-local IPAM data dir dir not found; no migration necessary, successfully exiting...",
                ),
                story.line(
                    5_049,
                    "INFO",
                    1,
                    "ipam_plugin.go 105:",
                    'migration from host-local to calico-ipam complete node="hpc-n018"',
                ),
                installer(t, "INFO", "Running as a Kubernetes pod"),
                installer(t - 0.1, "INFO", 'File is already up to date, skipping file="/host/opt/cni/bin/bandwidth"'),
                installer(t - 0.1, "INFO", "Installed /host/opt/cni/bin/bandwidth"),
                installer(t - 0.4, "INFO", "Installed /host/opt/cni/bin/calico"),
                installer(
                    t - 0.7, "ERROR", f"Failed to install /host/opt/cni/bin/flannel error=failed to copy file: {full}"
                ),
                installer(t - 0.7, "FATAL", f"Error installing CNI plugin error=failed to copy file: {full}"),
            ]
        )
        + f'\nError from server (BadRequest): container "mount-bpffs" in pod "{name}" is waiting to start: PodInitializing\n'
    )
    story.texts["df-hpc-n018.txt"] = (
        "root@hpc-n018:~# df -h\nFilesystem      Size  Used Avail Use% Mounted on\ntmpfs            13G  2.4M   13G   1% /run\noverlay          32G  9.8G   23G  31% /\n"
        "tmpfs            63G     0   63G   0% /dev/shm\n/dev/nvme0n1    880G  214G  622G  26% /var/lib/containerd\n/dev/nvme0n1    880G  214G  622G  26% /var/lib/kubelet\ntmpfs            96M   96M     0 100% /opt/cni/bin\n"
        "root@hpc-n018:~# ls -s --block-size=M /opt/cni/bin\ntotal 96M\n 5M bandwidth  60M calico  31M flannel.tmp\n"
    )
    dns = story.other("coredns-5d78c9869d-8v6hx", me, "none", owner="ReplicaSet/coredns-5d78c9869d", ready=False, phase="Pending", age=5_000, waiting="ContainerCreating")  # fmt: skip
    story.objects["Pod"][-1]["status"] |= {"podIP": "", "podIPs": []}
    story.pod_event(dns, "NetworkNotReady", "network is not ready: container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized", 4, 4_990, 2_480)  # fmt: skip
    ok = story.pods["hpc-svc2"]
    story.not_established(ok, [bare[x] for x in down], 5_020, 5_120, 6, established=3)
    story.describe(me, name)
    story.commands[f"describe-pod-{ok}.txt"] = f"describe pod -n kube-system {ok}"
    story.events()
    story.affected = list(down)
    story.cite(f"kubectl-logs-{name}.txt", "Failed to install /host/opt/cni/bin/flannel")
    story.cite("df-hpc-n018.txt", "100% /opt/cni/bin")
    return story


def allow_list_does_not_know_the_plugin(now: datetime) -> Incident:
    story = incident(
        "application-allow-list-stops-the-installed-plugin",
        CAUSE,
        "RKE2 on hardened RHEL: fapolicyd was switched to enforcing on two agents and the rules for RKE2's directories were not loaded there. install-cni copies its files, only warns that it cannot run the plugin to learn its version, and ends well; every new sandbox then fails with 'fork/exec /opt/cni/bin/calico: operation not permitted'. calico-node is 1/1 and BGP is up; old pods run on.",
        "https://github.com/rancher/rke2/issues/2848 and https://docs.rke2.io/known_issues",
        now,
        platform="other",
        calico="v3.26.1",
        kubernetes="v1.27.8+rke2r1",
        registry="docker.io/rancher/mirrored-calico",
        difficulty="hard",
    )
    system = {
        "os_image": "Red Hat Enterprise Linux 8.8 (Ootpa)",
        "kernel": "4.18.0-477.27.1.el8_8.x86_64",
        "runtime": "containerd://1.7.7-k3s1",
    }
    hosts = {
        "gov-srv1": "172.19.40.11",
        "gov-agt1": "172.19.40.21",
        "gov-agt2": "172.19.40.22",
        "gov-agt3": "172.19.40.23",
    }
    bad = ["gov-agt2", "gov-agt3"]
    story.hosts(hosts, age=18_000_000, since=17_000_000, **system)
    since = 15_200
    for host in hosts:
        started = since - 400 * bad.index(host) if host in bad else 5_000_000
        story.staff({host: hosts[host]}, started=started, age=started + 40)
    for n, host in enumerate(bad):
        story.node_event(
            host,
            "Rebooted",
            f"Node {host} has been rebooted, boot id: 4f0d2c{n}e-91a7-4d0e-bb0f-1c22d45c9e{n}1",
            since - 400 * n + 60,
        )
    story.typha("gov-srv1", "dd7kq", started=5_000_000)
    error = "fork/exec /opt/cni/bin/calico: operation not permitted"
    for n, (name, node) in enumerate(
        (
            ("intake-5c6f9d8b77-4wz8x", "gov-agt2"),
            ("intake-5c6f9d8b77-pm2kd", "gov-agt3"),
            ("rke2-snapshot-validation-webhook-bf7bbd6fc-6qhzt", "gov-agt3"),
        )
    ):
        story.stuck(
            name, node, error, 19 + 9 * n, 14_100 - 300 * n, 64 - 3 * n, namespace="kube-system" if n == 2 else "intake"
        )
    me = "gov-agt2"
    name = story.pods[me]
    story.log(
        name,
        [
            story.line(since + 18, "INFO", 1, "cni-installer/<nil> <nil>:", "Running as a Kubernetes pod"),
            story.line(since + 17.4, "INFO", 1, "cni-installer/<nil> <nil>:", "Installed /host/opt/cni/bin/bandwidth"),
            story.line(since + 16.1, "INFO", 1, "cni-installer/<nil> <nil>:", "Installed /host/opt/cni/bin/calico"),
            story.line(
                since + 14.9, "INFO", 1, "cni-installer/<nil> <nil>:", "Installed /host/opt/cni/bin/calico-ipam"
            ),
            story.line(since + 14.4, "INFO", 1, "cni-installer/<nil> <nil>:", "Installed /host/opt/cni/bin/portmap"),
            story.line(
                since + 14.3, "INFO", 1, "cni-installer/<nil> <nil>:", "Wrote Calico CNI binaries to /host/opt/cni/bin"
            ),
            "",
            story.line(
                since + 14.2,
                "WARNING",
                1,
                "cni-installer/<nil> <nil>:",
                "Failed getting CNI plugin version error=fork/exec /host/opt/cni/bin/calico: operation not permitted",
            ),
            story.line(
                since + 14.1,
                "INFO",
                1,
                "cni-installer/<nil> <nil>:",
                "/host/secondary-bin-dir is not writeable, skipping",
            ),
            story.line(
                since + 13.9,
                "INFO",
                1,
                "cni-installer/<nil> <nil>:",
                "Using CNI config template from CNI_NETWORK_CONFIG environment variable.",
            ),
            story.line(since + 13.6, "INFO", 1, "cni-installer/<nil> <nil>:", "Done configuring CNI.  Sleep= false"),
        ],
        f"{name}-install-cni.log",
    )
    log = story.boot(me, since, [a for h, a in hosts.items() if h != me], interface="ens192", prefix=24)
    story.log(name, [*log, *story.quiet(since - 70, 18, 900)])
    story.describe(me)
    story.commands["describe-pod-intake.txt"] = "describe pod -n intake intake-5c6f9d8b77-4wz8x"
    story.texts[
        "gov-agt2 services.txt"
    ] = f"""[root@gov-agt2 ~]# systemctl is-active fapolicyd firewalld NetworkManager rke2-agent
active
inactive
active
active
[root@gov-agt2 ~]# grep -c . /etc/fapolicyd/rules.d/80-rke2.rules
grep: /etc/fapolicyd/rules.d/80-rke2.rules: No such file or directory
[root@gov-agt2 ~]# ls -lZ /opt/cni/bin/calico
-rwxr-xr-x. 1 root root system_u:object_r:container_file_t:s0 58802176 {(now - timedelta(seconds=since + 16)).strftime("%b %d %H:%M")} /opt/cni/bin/calico
[root@gov-agt2 ~]# mount | grep ' / '
/dev/mapper/rhel-root on / type xfs (rw,relatime,seclabel,attr2,inode64,logbufs=8,logbsize=32k,noquota)
"""
    story.affected = bad
    story.cite("describe-pod-intake.txt", "fork/exec /opt/cni/bin/calico: operation not permitted")
    return story


STORIES = [files_made_immutable, memory_disk_is_too_small, allow_list_does_not_know_the_plugin]
