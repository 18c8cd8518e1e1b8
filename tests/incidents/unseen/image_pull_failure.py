"""image-pull-failure: the first two told without having seen the rules, the others by the rules' author from public threads."""

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


def rate_limit_of_the_registry(now: datetime) -> Incident:
    story = incident(
        "toomanyrequests-for-the-new-worker",
        CAUSE,
        "A bare cluster pulls Calico from Docker Hub: on two new workers the pull of calico/cni is refused, toomanyrequests; calico-node stays Init:ImagePullBackOff there.",
        "https://github.com/projectcalico/calico/issues/4140",
        now,
        platform="other",
        calico="v3.24.5",
        kubernetes="v1.25.9",
        namespace="kube-system",
        registry="docker.io/calico",
    )
    old = {"ant": "10.77.0.4", "bee": "10.77.0.5"}
    new = {"cat": "10.77.0.8", "dog": "10.77.0.9"}
    story.hosts(old)
    story.hosts(
        new,
        age=1800,
        since=1790,
        calico_up=True,
        ready=(
            "False",
            "KubeletNotReady",
            "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized",
        ),
    )
    story.staff(old, started=900_000)
    for host, at in new.items():
        init = [
            container(
                story,
                "upgrade-ipam",
                "docker.io/calico/cni:v3.24.5",
                ready=False,
                waiting="ImagePullBackOff",
                message='Back-off pulling image "docker.io/calico/cni:v3.24.5"',
            )
        ]
        name = story.staff({host: at}, ready=False, waiting="PodInitializing", init=init, age=1780, phase="Pending")[0]
        story.pod_event(
            name,
            "Failed",
            'Failed to pull image "docker.io/calico/cni:v3.24.5": rpc error: code = Unknown desc = failed to pull and unpack image "docker.io/calico/cni:v3.24.5": failed to copy: httpReadSeeker: failed open: unexpected status code https://registry-1.docker.io/v2/calico/cni/manifests/sha256:f6c1: 429 Too Many Requests - Server message: toomanyrequests: You have reached your pull rate limit.',
            300,
            1700,
            5,
        )
        story.pod_event(
            name, "BackOff", 'Back-off pulling image "docker.io/calico/cni:v3.24.5"', 10, 1690, 70, type_="Normal"
        )
    story.describe("cat")
    story.affected = list(new)
    story.cite(f"describe-pod-{story.pods['cat']}.txt", "toomanyrequests")
    return story


def private_endpoint_not_reachable(now: datetime) -> Incident:
    story = incident(
        "registry-not-reachable-from-one-subnet",
        CAUSE,
        "IKS VPC: workers of a new subnet cannot reach icr.io on 443 (its gateway is missing): the image of calico-node is not pulled there, i/o timeout; the old subnet has the images since weeks.",
        "https://cloud.ibm.com/docs/containers?topic=containers-ts-app-image-pull",
        now,
        platform="vpc",
        calico="v3.29.1",
        difficulty="hard",
    )
    old = story.workers(["10.240.0.4", "10.240.0.5"])
    new = story.workers(["10.240.65.4", "10.240.65.5"], age=2400, since=2390, calico_up=True,
                        ready=("False", "KubeletNotReady", "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized"))  # fmt: skip
    story.agents(old, started=900_000)
    for node in new:
        init = [
            container(
                story,
                "flexvol-driver",
                "icr.io/ext/calico/pod2daemon-flexvol:v3.29.1",
                ready=False,
                waiting="ErrImagePull",
                message='failed to pull and unpack image "icr.io/ext/calico/pod2daemon-flexvol:v3.29.1": failed to resolve reference: failed to do request: Head "https://icr.io/v2/ext/calico/pod2daemon-flexvol/manifests/v3.29.1": dial tcp 104.94.71.2:443: i/o timeout',
            )
        ]
        name = story.agents([node], ready=False, waiting="PodInitializing", init=init, age=2300, phase="Pending")[0]
        image = "icr.io/ext/calico/pod2daemon-flexvol:v3.29.1"
        story.pod_event(
            name,
            "Failed",
            f'Failed to pull image "{image}": failed to pull and unpack image "{image}": failed to resolve reference "{image}": failed to do request: Head "https://icr.io/v2/ext/calico/pod2daemon-flexvol/manifests/v3.29.1": dial tcp 104.94.71.2:443: i/o timeout',
            100,
            2280,
            12,
        )
        story.pod_event(name, "Failed", "Error: ErrImagePull", 100, 2280, 12)
        story.pod_event(
            name,
            "Pulling",
            'Pulling image "icr.io/ext/calico/pod2daemon-flexvol:v3.29.1"',
            130,
            2290,
            12,
            type_="Normal",
        )
    story.recreated(story.pods[old[0]], new, 1500, 1)
    story.describe(new[0])
    story.affected = new
    story.cite(f"describe-pod-{story.pods[new[0]]}.txt", "i/o timeout")
    return story


STORIES = [proxy_authority, only_an_ipv6_answer, rate_limit_of_the_registry, private_endpoint_not_reachable]
