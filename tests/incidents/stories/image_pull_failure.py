"""image-pull-failure: a calico image cannot be pulled."""

from __future__ import annotations

from datetime import datetime

from cluster import NO_CNI, container
from telling import Incident, incident

CAUSE = "image-pull-failure"


def _init(story: Incident, reason: str, message: str = "") -> list[dict[str, object]]:
    return [
        container(
            story, "install-cni", f"{story.registry}/cni:{story.calico}", ready=False, waiting=reason, message=message
        )
    ]


def missing_tag(now: datetime) -> Incident:
    story = incident(
        "tag-of-cni-is-gone-on-new-nodes", CAUSE,
        "Two new nodes wait in Init:ImagePullBackOff: the cni tag is not found in the registry; older nodes have the image.",
        "https://github.com/projectcalico/cni-plugin/issues/696", now, platform="other", namespace="kube-system", registry="quay.io/calico", calico="v3.13.4", kubernetes="v1.17.9", difficulty="medium",
    )  # fmt: skip
    hosts = {f"ip-10-10-23-{n}.ec2.internal": f"10.10.23.{n}" for n in (20, 21, 37, 52)}
    new = list(hosts)[2:]
    story.hosts({k: v for k, v in hosts.items() if k not in new})
    story.hosts({k: hosts[k] for k in new}, ready=NO_CNI, since=1500, age=1600, calico_up=False)
    story.staff({k: v for k, v in hosts.items() if k not in new})
    for node in new:
        name = story.staff(
            {node: hosts[node]},
            ready=False,
            phase="Pending",
            age=1500,
            waiting="PodInitializing",
            init=_init(story, "ImagePullBackOff", 'Back-off pulling image "quay.io/calico/cni:v3.13.4"'),
        )[0]
        story.pod_event(
            name,
            "Failed",
            'Failed to pull image "quay.io/calico/cni:v3.13.4": rpc error: code = Unknown desc = Error response from daemon: manifest for quay.io/calico/cni:v3.13.4 not found: manifest unknown: manifest unknown',
            200,
            1490,
            12,
        )
        story.commands[f"describe-{name}.txt"] = f"describe pod -n kube-system {name}"
    first = story.pods[next(iter(hosts))]
    story.not_established(first, [hosts[n] for n in new], 25, 1450, 50, established=1)
    story.commands |= {
        "nodes.txt": "get nodes -o wide",
        "pods.txt": "get pods -n kube-system -o wide",
        f"describe-{first}.txt": f"describe pod -n kube-system {first}",
    }
    story.affected = new
    story.cite(f"describe-{name}.txt", "manifest unknown")
    return story


def secret(now: datetime) -> Incident:
    story = incident(
        "private-registry-says-unauthorized", CAUSE,
        "The new version's image comes from a private registry: unauthorized; only the pod of the first updated node waits, the quiet Waiting state says so.",
        "https://github.com/projectcalico/calico/issues/7012", now, platform="other", registry="harbor.corp.example/calico", calico="v3.24.5", kubernetes="v1.24.8", difficulty="hard",
    )  # fmt: skip
    hosts = {f"k8s-n{n}": f"172.28.4.{10 + n}" for n in range(1, 7)}
    story.hosts(hosts)
    text = 'rpc error: code = Unknown desc = failed to pull and unpack image "harbor.corp.example/calico/node:v3.24.5": failed to resolve reference "harbor.corp.example/calico/node:v3.24.5": pull access denied, repository does not exist or may require authorization: authorization failed: no basic auth credentials'
    story.staff(
        {k: v for k, v in hosts.items() if k != "k8s-n3"},
        image="quay.io/calico/node:v3.23.3",
        cni_image="quay.io/calico/cni:v3.23.3",
        restarts=1,
        last=("Error", 137, 86_430),
    )
    name = story.staff(
        {"k8s-n3": hosts["k8s-n3"]}, ready=False, phase="Pending", age=700, waiting="ErrImagePull", message=text
    )[0]
    story.pod_event(
        name, "Failed", f'Failed to pull image "harbor.corp.example/calico/node:v3.24.5": {text}', 44, 690, 5
    )
    for node in ("k8s-n1", "k8s-n5"):
        story.not_established(story.pods[node], [hosts["k8s-n3"]], 650, 690, 3, established=4)
        story.commands[f"describe-{node}.txt"] = f"describe pod -n calico-system {story.pods[node]}"
    story.commands |= {"pods.txt": "get pods -A -o wide", "calico-node-n3.txt": f"describe pod -n calico-system {name}"}
    story.log(
        story.pods["k8s-n1"],
        [
            *story.quiet(1500, 710),
            "bird: Mesh_172_28_4_13: Received: Administrative shutdown",
            "bird: Mesh_172_28_4_13: State changed to start",
            *story.quiet(650, 10),
        ],
    )
    story.affected = ["k8s-n3"]
    story.cite("calico-node-n3.txt", "no basic auth credentials")
    return story


def no_route(now: datetime) -> Incident:
    story = incident(
        "registry-times-out-from-one-worker", CAUSE,
        "One reloaded worker cannot reach icr.io (i/o timeout) so install-cni's image never arrives; the worker is NotReady because of that.",
        "https://github.com/kubernetes-sigs/cluster-api-provider-openstack/issues/244", now, platform="vpc", calico="v3.28.2", difficulty="medium",
    )  # fmt: skip
    nodes = story.workers([f"10.248.3.{n}" for n in (5, 6, 7)])
    bad = story.workers(["10.248.3.19"], ready=NO_CNI, since=2400, age=2500, calico_up=False)[0]
    story.agents(nodes)
    name = story.agents(
        [bad],
        ready=False,
        phase="Pending",
        age=2400,
        waiting="PodInitializing",
        init=_init(story, "ImagePullBackOff", 'Back-off pulling image "icr.io/ext/calico/cni:v3.28.2"'),
    )[0]
    story.pod_event(
        name,
        "Failed",
        'Failed to pull image "icr.io/ext/calico/cni:v3.28.2": failed to pull and unpack image "icr.io/ext/calico/cni:v3.28.2": failed to do request: Head "https://icr.io/v2/ext/calico/cni/manifests/v3.28.2": dial tcp 192.0.2.14:443: i/o timeout',
        130,
        2390,
        14,
    )
    story.pod_event(name, "Failed", "Error: ErrImagePull", 130, 2390, 14)
    story.node_event(bad, "NodeNotReady", f"Node {bad} status is now: NodeNotReady", 2400, type_="Normal")
    story.describe(bad)
    story.affected = [bad]
    story.cite(f"describe-pod-{name}.txt", "i/o timeout")
    return story


def rate(now: datetime) -> Incident:
    story = incident(
        "too-many-requests-after-a-prune", CAUSE,
        "After images were pruned three hosts restart calico-node and docker.io answers 429 Too Many Requests; only kubectl get events has it.",
        "https://github.com/kubernetes/minikube/pull/21541", now, platform="other", registry="docker.io/calico", calico="v3.29.1", kubernetes="v1.31.2", difficulty="hard",
    )  # fmt: skip
    hosts = {f"lab{n}": f"192.168.200.{n}" for n in (1, 2, 3, 4, 5)}
    bad = ["lab2", "lab4", "lab5"]
    story.hosts(hosts)
    story.staff({k: v for k, v in hosts.items() if k not in bad})
    for node in bad:
        name = story.staff(
            {node: hosts[node]},
            ready=False,
            restarts=2,
            waiting="ImagePullBackOff",
            message='Back-off pulling image "docker.io/calico/node:v3.29.1"',
            last=("Error", 143, 3000),
        )[0]
        story.pod_event(
            name,
            "Failed",
            'Failed to pull image "docker.io/calico/node:v3.29.1": failed to pull and unpack image "docker.io/calico/node:v3.29.1": failed to copy: httpReadSeeker: failed open: unexpected status code https://registry-1.docker.io/v2/calico/node/manifests/sha256:99c3: 429 Too Many Requests - Server message: toomanyrequests: You have reached your pull rate limit.',
            90,
            2900,
            11,
        )
    story.not_established(story.pods["lab1"], [hosts[n] for n in bad], 20, 2900, 99, established=1)
    story.pod_event(
        story.pods["lab1"],
        "Unhealthy",
        'Liveness probe failed: Get "http://localhost:9099/liveness": dial tcp 127.0.0.1:9099: connect: connection refused',
        80_000,
        80_030,
        3,
    )
    story.events()
    story.commands |= {"pods.txt": "get pods -A -o wide"}
    story.log(
        story.pods["lab1"],
        story.quiet(4000, 3000)
        + [f"bird: Mesh_{hosts[n].replace('.', '_')}: Socket error: Connection refused" for n in bad]
        + story.quiet(2900, 5),
    )
    story.affected = bad
    story.cite("events.txt", "toomanyrequests")
    return story


STORIES = [missing_tag, secret, no_route, rate]
