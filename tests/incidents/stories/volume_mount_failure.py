"""volume-mount-failure: a volume, secret or config map of a calico pod cannot be mounted."""

from __future__ import annotations

from datetime import datetime

from cluster import container
from telling import Incident, incident

CAUSE = "volume-mount-failure"


def _creating(story: Incident, node: str, age: float, address: str = "") -> str:
    init = [
        container(story, "install-cni", f"{story.registry}/cni:{story.calico}", ready=False, waiting="PodInitializing")
    ]
    return story.agents(
        [node], ready=False, phase="Pending", age=age, waiting="PodInitializing", init=init, address=address or node
    )[0]


def flexvol(now: datetime) -> Incident:
    story = incident(
        "read-only-kubelet-plugin-directory", CAUSE,
        "On every new Fedora CoreOS host the flexvol directory cannot be made (read-only file system); old hosts are fine.",
        "https://github.com/projectcalico/calico/issues/2712", now, platform="other", calico="v3.14.1", kubernetes="v1.18.6", registry="docker.io/calico", namespace="kube-system", difficulty="medium",
    )  # fmt: skip
    hosts = {f"fcos-{n}": f"10.20.0.{n}" for n in (11, 12, 13, 14)}
    story.hosts(hosts, os_image="Fedora CoreOS 32.20200629.3.0")
    story.staff({k: hosts[k] for k in ("fcos-11", "fcos-12")})
    for node in ("fcos-13", "fcos-14"):
        name = _creating(story, node, 3000, hosts[node])
        story.pod_event(
            name,
            "FailedMount",
            'MountVolume.SetUp failed for volume "flexvol-driver-host" : mkdir /usr/libexec/kubernetes/kubelet-plugins/volume/exec/nodeagent~uds: read-only file system',
            40,
            2990,
            32,
        )
    story.not_established(story.pods["fcos-11"], [hosts["fcos-13"], hosts["fcos-14"]], 20, 2900, 90, established=1)
    story.commands = {
        "pods.txt": "get pods -A -o wide",
        "describe.txt": f"describe pod -n kube-system {name}",
        "describe-ok.txt": f"describe pod -n kube-system {story.pods['fcos-11']}",
    }
    story.affected = ["fcos-13", "fcos-14"]
    story.cite("describe.txt", "flexvol-driver-host")
    return story


def certs(now: datetime) -> Incident:
    story = incident(
        "node-certs-secret-was-removed", CAUSE,
        "calico-node pods that are made anew wait for the secret node-certs, which is not found; running ones go on.",
        "https://github.com/tigera/operator/issues/3192", now, platform="other", calico="v3.27.0", kubernetes="v1.28.6+k3s2", registry="docker.io/calico", difficulty="hard",
    )  # fmt: skip
    hosts = {f"node-{n:02d}": f"192.168.150.{n}" for n in range(6)}
    story.hosts(hosts)
    story.staff({k: v for k, v in hosts.items() if k not in ("node-02", "node-04")})
    names = [_creating(story, node, 1300, hosts[node]) for node in ("node-02", "node-04")]
    for name in names:
        story.pod_event(
            name,
            "FailedMount",
            'MountVolume.SetUp failed for volume "node-certs" : secret "node-certs" not found',
            55,
            1290,
            18,
        )
    for node in ("node-00", "node-01", "node-03"):
        story.not_established(story.pods[node], [hosts["node-02"], hosts["node-04"]], 1100, 1280, 6, established=3)
    story.pod_event(
        story.pods["node-05"], "BackOff", "Back-off restarting failed container calico-node in pod", 60_000, 61_000, 5
    )
    story.events()
    story.commands |= {
        "pods.txt": "get pods -n calico-system -o wide",
        "describe-node-00.txt": f"describe pod -n calico-system {story.pods['node-00']}",
    }
    story.log(
        story.pods["node-00"],
        [
            *story.quiet(3000, 1350),
            "bird: Mesh_192_168_150_2: State changed to start",
            "bird: Mesh_192_168_150_4: State changed to start",
            *story.quiet(1300, 6),
        ],
    )
    story.affected = ["node-02", "node-04"]
    story.cite("events.txt", 'secret "node-certs" not found')
    return story


def config_map(now: datetime) -> Incident:
    story = incident(
        "hostpath-is-not-a-directory", CAUSE,
        "One worker has a file where /var/lib/calico should be: hostPath type check failed, so the pod stays in ContainerCreating.",
        "https://github.com/kubernetes/kubernetes/blob/master/pkg/volume/hostpath/host_path.go", now, platform="classic", calico="v3.27.4", kubernetes="v1.30.8+IKS", difficulty="medium",
    )  # fmt: skip
    nodes = story.workers([f"10.176.52.{n}" for n in (6, 7, 9)])
    story.agents(nodes[:2])
    name = _creating(story, nodes[2], 900)
    story.pod_event(
        name,
        "FailedMount",
        'MountVolume.SetUp failed for volume "var-lib-calico" : hostPath type check failed: /var/lib/calico is not a directory',
        10,
        890,
        15,
    )
    story.pod_event(name, "Unhealthy", "Readiness probe failed: ", 1000, 1100, 3)
    story.describe(nodes[2])
    story.affected = [nodes[2]]
    story.cite(f"describe-pod-{name}.txt", "hostPath type check failed")
    return story


def typha(now: datetime) -> Incident:
    story = incident(
        "typha-waits-for-its-ca", CAUSE,
        "After a namespace was restored from a backup both typha pods cannot mount the config map tigera-ca-bundle (not found); the agents complain about typha.",
        "https://github.com/projectcalico/calico/issues/4308", now, platform="roks", calico="v3.26.4", kubernetes="v1.27.16+03a907c", difficulty="hard",
    )  # fmt: skip
    nodes = story.workers([f"10.95.112.{n}" for n in (70, 71, 72, 80)], runtime="cri-o://1.27.8")
    story.agents(nodes, ready=False, restarts=9, started=95, last=("Error", 1, 99))
    for node, suffix in zip(nodes[:2], ("rs5p2", "9mwvd"), strict=True):
        name = story.typha(node, suffix, ready=False, waiting="ContainerCreating")
        next(item for item in story.objects["Pod"] if item["metadata"]["name"] == name)["status"]["phase"] = "Pending"
        story.pod_event(
            name,
            "FailedMount",
            'MountVolume.SetUp failed for volume "tigera-ca-bundle" : configmap "tigera-ca-bundle" not found',
            70,
            3800,
            38,
        )
    story.pod_event(
        story.pods[nodes[3]],
        "Unhealthy",
        'Readiness probe failed: calico/node is not ready: felix is not ready: Get "http://localhost:9099/readiness": dial tcp 127.0.0.1:9099: connect: connection refused',
        15,
        3600,
        280,
    )
    story.describe(nodes[3])
    story.commands["describe-typha.txt"] = f"describe pod -n calico-system {name}"
    story.log(
        story.pods[nodes[3]],
        story.boot(nodes[3], 95)[:17]
        + [
            story.say(
                90 - n,
                "WARNING",
                61,
                "felix",
                "daemon.go 303:",
                "Failed to discover Typha, will retry... error=no Typha endpoints available",
            )
            for n in range(0, 60, 3)
        ],
    )
    story.affected = nodes
    story.acceptable = ["typha-unavailable"]
    story.cite("describe-typha.txt", 'configmap "tigera-ca-bundle" not found')
    return story


STORIES = [flexvol, certs, config_map, typha]
