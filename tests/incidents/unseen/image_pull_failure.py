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
    story.describe("kuberp-master")
    story.commands[f"describe-{typha}.txt"] = f"describe pod -n calico-system {typha}"
    story.affected = list(hosts)
    story.cite(f"describe-pod-{story.pods['kuberp-master']}.txt", "x509: certificate signed by unknown authority")
    return story


STORIES = [proxy_authority]
