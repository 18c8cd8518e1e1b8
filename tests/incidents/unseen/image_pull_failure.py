"""image-pull-failure: told without having seen the rules."""

from __future__ import annotations

from datetime import datetime

from cluster import NO_CNI, container
from telling import Incident, incident

CAUSE = "image-pull-failure"


def proxy_authority(now: datetime) -> Incident:
    story = incident(
        "flexvol-image-behind-an-inspecting-proxy",
        CAUSE,
        "On a new kubeadm cluster the runtime does not trust the certificate that the company's proxy shows for docker.io: flexvol's and typha's images cannot be pulled, so no host gets a network.",
        "https://github.com/projectcalico/calico/issues/6192",
        now,
        platform="other",
        calico="v3.23.1",
        kubernetes="v1.24.1",
        registry="docker.io/calico",
        difficulty="easy",
    )
    hosts = {"kuberp-master": "172.29.40.11", "kuberp-node1": "172.29.40.12", "kuberp-node2": "172.29.40.13"}
    story.hosts(hosts, ready=NO_CNI, since=1300, age=1500, calico_up=False)
    image = "docker.io/calico/pod2daemon-flexvol:v3.23.1"
    for node, address in hosts.items():
        inits = [
            container(
                story,
                "flexvol-driver",
                image,
                ready=False,
                waiting="ImagePullBackOff",
                message=f'Back-off pulling image "{image}"',
            ),
            container(story, "install-cni", "docker.io/calico/cni:v3.23.1", ready=False, waiting="PodInitializing"),
        ]
        name = story.staff(
            {node: address}, ready=False, phase="Pending", age=1000, waiting="PodInitializing", init=inits
        )[0]
        failed = f'Failed to pull image "{image}": rpc error: code = Unknown desc = failed to pull and unpack image "{image}": failed to resolve reference "{image}": failed to do request: Head "https://registry-1.docker.io/v2/calico/pod2daemon-flexvol/manifests/v3.23.1": x509: certificate signed by unknown authority'
        story.pod_event(name, "Pulling", f'Pulling image "{image}"', 60, 990, 7, type_="Normal")
        story.pod_event(name, "Failed", failed, 60, 989, 7)
        story.pod_event(name, "Failed", "Error: ErrImagePull", 60, 989, 7)
        story.pod_event(name, "BackOff", f'Back-off pulling image "{image}"', 12, 960, 61, type_="Normal")
    typha = story.typha(
        "kuberp-node2",
        ready=False,
        waiting="ImagePullBackOff",
        message='Back-off pulling image "docker.io/calico/typha:v3.23.1"',
    )
    story.objects["Pod"][-1]["metadata"]["creationTimestamp"] = story.ago(1010)
    story.describe("kuberp-master")
    story.commands[f"describe-{typha}.txt"] = f"describe pod -n calico-system {typha}"
    story.affected = list(hosts)
    story.cite(f"describe-pod-{story.pods['kuberp-master']}.txt", "x509: certificate signed by unknown authority")
    return story


def only_an_ipv6_answer(now: datetime) -> Incident:
    story = incident(
        "registry-answers-with-ipv6-only-there",
        CAUSE,
        "On one restarted host the calico/cni image is not there any more, and the registry's name leads to an IPv6 address that this host cannot reach: network is unreachable. The init container waits, the peers miss the host.",
        "https://github.com/kubernetes/minikube/issues/18907",
        now,
        platform="other",
        calico="v3.27.3",
        kubernetes="v1.30.0",
        registry="docker.io/calico",
        namespace="kube-system",
        difficulty="medium",
    )
    hosts = {f"kvm-{n}": f"192.168.39.{120 + n}" for n in (1, 2, 3, 4)}
    bad = "kvm-3"
    story.hosts({k: v for k, v in hosts.items() if k != bad}, runtime="docker://26.0.2")
    story.hosts({bad: hosts[bad]}, ready=NO_CNI, since=1900, calico_up=False, runtime="docker://26.0.2")
    story.staff({k: v for k, v in hosts.items() if k != bad})
    image = "docker.io/calico/cni:v3.27.3"
    init = [
        container(
            story,
            "upgrade-ipam",
            image,
            ready=False,
            waiting="ErrImagePull",
            message="error pulling image configuration",
        )
    ]
    name = story.staff({bad: hosts[bad]}, ready=False, phase="Pending", age=1850, waiting="PodInitializing", init=init)[
        0
    ]
    text = f'Failed to pull image "{image}": error pulling image configuration: download failed after attempts=6: dial tcp [2001:db8:4700::6810:64d7]:443: connect: network is unreachable'
    story.pod_event(name, "Failed", text, 70, 1840, 8)
    story.pod_event(name, "Failed", "Error: ErrImagePull", 70, 1840, 8)
    story.pod_event(name, "BackOff", f'Back-off pulling image "{image}"', 15, 1800, 77, type_="Normal")
    other = story.pods["kvm-1"]
    story.recreated(other, [hosts[bad]], 1700, 2)
    story.log(
        other,
        story.boot(
            "kvm-1", 1730, [a for n, a in hosts.items() if n != "kvm-1"], [hosts["kvm-2"], hosts["kvm-4"]], prefix=24
        )
        + story.quiet(1700, 8, 200),
    )
    story.describe(bad)
    story.commands[f"describe-pod-{other}.txt"] = f"describe pod -n kube-system {other}"
    story.affected = [bad]
    story.cite(f"describe-pod-{name}.txt", "connect: network is unreachable")
    return story


STORIES = [proxy_authority, only_an_ipv6_answer]
