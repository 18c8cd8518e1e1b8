"""cni-install-failure: install-cni cannot write the CNI binaries or the config."""

from __future__ import annotations

from datetime import datetime

from cluster import NO_CNI, container
from telling import Incident, incident

CAUSE = "cni-install-failure"


def _failing(story: Incident, node: str, address: str, restarts: int = 9, age: float = 2400) -> str:
    init = [
        container(
            story,
            "install-cni",
            f"{story.registry}/cni:{story.calico}",
            ready=False,
            restarts=restarts,
            waiting="CrashLoopBackOff",
            last=("Error", 1, 100),
        )
    ]
    name = story.agents(
        [node], address=address, ready=False, phase="Pending", age=age, waiting="PodInitializing", init=init
    )[0]
    story.pod_event(
        name, "BackOff", f"Back-off restarting failed container install-cni in pod {name}", 20, age - 60, restarts * 6
    )
    return name


def _text(story: Incident, ago: float, level: str, message: str, source: str = "") -> str:
    return f'time="{story.ago(ago)}" level={level} msg="{message}"' + (f' source="{source}"' if source else "")


def read_only(now: datetime) -> Incident:
    story = incident(
        "cni-bin-dir-on-a-read-only-disk", CAUSE,
        "install-cni finds /host/opt/cni/bin not writeable and exits; the disk images of two hosts are read-only.",
        "https://github.com/projectcalico/calico/issues/7486", now, platform="other", calico="v3.25.0", kubernetes="v1.26.3", registry="docker.io/calico", namespace="kube-system", difficulty="medium",
    )  # fmt: skip
    hosts = {f"rhel-{n}": f"10.77.8.{n}" for n in (2, 3, 4, 5)}
    bad = ["rhel-4", "rhel-5"]
    story.hosts({k: v for k, v in hosts.items() if k not in bad})
    story.hosts({k: hosts[k] for k in bad}, ready=NO_CNI, since=2400, age=2500, calico_up=False)
    story.staff({k: v for k, v in hosts.items() if k not in bad})
    for node in bad:
        name = _failing(story, node, hosts[node])
        story.log(name, [_text(story, 100, "info", "Running as a Kubernetes pod", "install.go:145"),
                         story.line(99.8, "INFO", 1, "cni-installer/<nil> <nil>:", "File is already up to date, skipping file=\"/host/opt/cni/bin/bandwidth\""),
                         story.line(99.7, "INFO", 1, "cni-installer/<nil> <nil>:", "/host/secondary-bin-dir is not writeable, skipping"),
                         story.line(99.6, "INFO", 1, "cni-installer/<nil> <nil>:", "/host/opt/cni/bin is not writeable, skipping"),
                         story.line(99.5, "FATAL", 1, "cni-installer/<nil> <nil>:", "found no writeable directory, exiting")], f"{name}-install-cni.log")  # fmt: skip
    story.commands = {
        "nodes.txt": "get nodes",
        "pods.txt": "get pods -A -o wide",
        f"describe-{name}.txt": f"describe pod -n kube-system {name}",
    }
    story.affected = bad
    story.cite(f"{name}-install-cni.log", "found no writeable directory")
    return story


def copy_range(now: datetime) -> Incident:
    story = incident(
        "bandwidth-plugin-cannot-be-copied", CAUSE,
        "install-cni's copy fails with bad file descriptor on the file system of one host; coredns Pending and 'cni config uninitialized' follow.",
        "https://github.com/projectcalico/calico/issues/6355", now, platform="other", calico="v3.22.2", kubernetes="v1.22.9", registry="docker.io/calico", namespace="kube-system", difficulty="medium",
    )  # fmt: skip
    hosts = {"kylin-1": "192.168.3.11", "kylin-2": "192.168.3.12", "kylin-3": "192.168.3.13"}
    story.hosts(
        {k: hosts[k] for k in ("kylin-1", "kylin-3")},
        os_image="Kylin Linux Advanced Server V10",
        kernel="4.19.90-24.4.v2101.ky10.x86_64",
    )
    story.hosts(
        {"kylin-2": hosts["kylin-2"]},
        since=4000,
        calico_up=False,
        ready=(
            "False",
            "KubeletNotReady",
            "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:docker: network plugin is not ready: cni config uninitialized",
        ),
    )
    story.staff({k: hosts[k] for k in ("kylin-1", "kylin-3")})
    name = _failing(story, "kylin-2", hosts["kylin-2"], 15, 3420)
    story.not_established(story.pods["kylin-1"], [hosts["kylin-2"]], 30, 3000, 77, established=1)
    story.log(name, [_text(story, 60, "info", "Running as a Kubernetes pod", "install.go:140"),
                     _text(story, 59, "error", "Failed to install /host/opt/cni/bin/bandwidth") + ' error="failed to copy file: write /host/opt/cni/bin/bandwidth.tmp: copy_file_range: bad file descriptor"',
                     _text(story, 58, "fatal", "Failed to install /host/opt/cni/bin/bandwidth")], "install-cni.log")  # fmt: skip
    story.log(story.pods["kylin-1"], story.quiet(2000, 5))
    story.commands = {
        "get-pods.txt": "get pods -n kube-system -o wide",
        "describe-kylin-2.txt": f"describe pod -n kube-system {name}",
        "describe-kylin-1.txt": f"describe pod -n kube-system {story.pods['kylin-1']}",
        "node.txt": "describe node kylin-2",
    }
    story.affected = ["kylin-2"]
    story.cite("install-cni.log", "copy_file_range: bad file descriptor")
    return story


def skipped(now: datetime) -> Incident:
    story = incident(
        "installer-ends-well-without-any-plugin", CAUSE,
        "install-cni ends well but quietly skips a directory it may not write; sandboxes then fail: calico is not found in the bin path. calico-node is 1/1.",
        "https://github.com/projectcalico/calico/issues/5763", now, platform="other", calico="v3.21.4", kubernetes="v1.21.9", registry="quay.io/calico", namespace="kube-system", difficulty="hard",
    )  # fmt: skip
    hosts = {f"app{n}": f"10.15.1.{n}" for n in (1, 2, 3, 4, 5)}
    story.hosts(hosts)
    story.staff(hosts)
    web = story.other(
        "web-5d4c9-w7s4m",
        "app4",
        "10.233.7.2",
        namespace="web",
        owner="ReplicaSet/web-5d4c9",
        ready=False,
        waiting="ContainerCreating",
        phase="Pending",
        age=3000,
    )
    story.pod_event(
        web,
        "FailedCreatePodSandBox",
        'Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup network for sandbox "9a01": failed to find plugin "calico" in path [/opt/cni/bin]',
        9,
        2990,
        210,
        namespace="web",
    )
    story.log("cni", [_text(story, 86_500, "info", "Running as a Kubernetes pod", "install.go:141"), _text(story, 86_499, "info", "/host/opt/cni/bin is not writeable, skipping"), _text(story, 86_499, "info", "/host/secondary-bin-dir is not writeable, skipping"),
                      _text(story, 86_499, "info", "Using CNI config template from CNI_NETWORK_CONFIG environment variable.", "install.go:322"), _text(story, 86_499, "info", "Created /host/etc/cni/net.d/10-calico.conflist"), _text(story, 86_499, "info", "Done configuring CNI.  Sleep= false")], "app4-install-cni.log")  # fmt: skip
    story.log(
        story.pods["app4"],
        story.boot("app4", 86_400, [v for k, v in hosts.items() if k != "app4"]) + story.quiet(1900, 5),
    )
    story.commands = {
        "pods.txt": "get pods -A -o wide",
        "describe-web.txt": f"describe pod -n web {web}",
        "describe-calico-app4.txt": f"describe pod -n kube-system {story.pods['app4']}",
    }
    story.affected = ["app4"]
    story.cite("app4-install-cni.log", "/host/opt/cni/bin is not writeable, skipping")
    return story


def selinux(now: datetime) -> Incident:
    story = incident(
        "conflist-permission-denied-after-hardening", CAUSE,
        "After hardening, install-cni may not write its config on one worker: permission denied; the neighbours' BGP complaints are loud.",
        "https://github.com/projectcalico/calico/blob/master/cni-plugin/pkg/install/install.go", now, platform="roks", calico="v3.28.2", kubernetes="v1.30.7", difficulty="hard",
    )  # fmt: skip
    nodes = story.workers([f"10.180.44.{n}" for n in (3, 4, 5, 6, 9)], runtime="cri-o://1.30.6")
    bad = story.workers(
        ["10.180.44.15"],
        ready=(
            "False",
            "KubeletNotReady",
            "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: No CNI configuration file in /etc/cni/net.d/. Has your network provider started?",
        ),
        since=1800,
        calico_up=False,
        runtime="cri-o://1.30.6",
    )[0]
    story.agents(nodes)
    name = _failing(story, bad, bad, 8, 1750)
    for node in nodes[:3]:
        story.not_established(story.pods[node], [bad], 33, 1700, 66, established=4)
        story.commands[f"describe-{story.pods[node]}.txt"] = f"describe pod -n calico-system {story.pods[node]}"
    story.log(name, [story.line(40, "INFO", 1, "cni-installer/install.go 117:", "Running as a Kubernetes pod"), *(story.line(39.5, "INFO", 1, "cni-installer/install.go 181:", f'File is already up to date, skipping file="/host/opt/cni/bin/{x}"') for x in ("bandwidth", "calico", "calico-ipam", "flannel", "host-local", "loopback", "portmap", "tuning")),
                     story.line(39, "INFO", 1, "cni-installer/install.go 215:", "CNI plugin version: v3.28.2"), story.line(38, "FATAL", 1, "cni-installer/install.go 395:", "open /host/etc/cni/net.d/10-calico.conflist: permission denied")], f"{name}-install-cni.log")  # fmt: skip
    story.describe(bad)
    story.affected = [bad]
    story.cite(f"{name}-install-cni.log", "permission denied")
    return story


STORIES = [read_only, copy_range, skipped, selinux]
