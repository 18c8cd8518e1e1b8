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


def mirror_has_one_platform_only(now: datetime) -> Incident:
    # told on 29 November 2026 without having seen the rules
    story = incident(
        "mirror-was-filled-from-one-kind-of-machine",
        CAUSE,
        "Two arm64 hosts joined a cluster of amd64 hosts whose images come from a private mirror that was filled on an amd64 machine: 'no match for platform in manifest'. calico-node on them stays in Init:ImagePullBackOff, so they are NotReady; the registry answers and the other hosts are fine.",
        "https://github.com/containerd/containerd/blob/main/core/images/image.go (no match for platform in manifest)",
        now,
        platform="other",
        calico="v3.26.4",
        kubernetes="v1.28.6",
        namespace="kube-system",
        registry="mirror.dmz.example:5000/calico",
        difficulty="easy",
    )
    old = {f"x86-{n}": f"10.110.0.{n}" for n in (21, 22, 23)}
    new = {f"arm-{n}": f"10.110.0.{n}" for n in (41, 42)}
    system = {"os_image": "Debian GNU/Linux 12 (bookworm)", "runtime": "containerd://1.7.13"}
    story.hosts(old, kernel="6.1.0-18-amd64", **system)
    story.hosts(
        new,
        kernel="6.1.0-18-arm64",
        ready=NO_CNI,
        age=3300,
        since=3250,
        labels={"kubernetes.io/arch": "arm64"},
        taints=[("node.kubernetes.io/not-ready", "NoSchedule")],
        **system,
    )
    for item in story.objects["Node"][-2:]:
        item["status"]["nodeInfo"]["architecture"] = "arm64"
        item["status"]["conditions"] = item["status"]["conditions"][1:]
        item["metadata"]["annotations"] = {}
    story.staff(old, started=1_300_000)
    image = f"mirror.dmz.example:5000/calico/cni:{story.calico}"
    for node, address in new.items():
        inits = [
            container(story, name, image, ready=False, waiting=state)
            for name, state in (("upgrade-ipam", "ImagePullBackOff"), ("install-cni", "PodInitializing"))
        ]
        if node == "arm-41":
            inits[0]["state"]["waiting"]["message"] = f'Back-off pulling image "{image}"'
        name = story.staff(
            {node: address}, ready=False, waiting="PodInitializing", age=3290, phase="Pending", init=inits
        )[0]
        story.pod_event(name, "Pulling", f'Pulling image "{image}"', 900, 3285, 12, type_="Normal")
        story.pod_event(
            name,
            "Failed",
            f'Failed to pull image "{image}": rpc error: code = NotFound desc = failed to pull and unpack image "{image}": no match for platform in manifest: not found',
            899,
            3284,
            12,
        )
        story.pod_event(name, "Failed", "Error: ErrImagePull", 899, 3284, 12)
        story.pod_event(name, "BackOff", f'Back-off pulling image "{image}"', 12, 3270, 198, type_="Normal")
        proxy = story.other(
            f"kube-proxy-{'q7' if node == 'arm-41' else 'zk'}x4d",
            node,
            owner="DaemonSet/kube-proxy",
            app="kube-proxy",
            image="registry.k8s.io/kube-proxy:v1.28.6",
            age=3290,
            started=3280,
        )
        story.pod_event(proxy, "Started", "Started container kube-proxy", 3280, type_="Normal", namespace="kube-system")
    bad = story.pods["arm-41"]
    story.commands = {
        "nodes.txt": "get nodes -o wide --show-labels",
        "pods.txt": "get pods -A -o wide",
        f"describe-pod-{bad}.txt": f"describe pod -n kube-system {bad}",
        "describe-node-arm-41.txt": "describe node arm-41",
    }
    story.texts[f"{bad}.log"] = (
        f'Error from server (BadRequest): container "calico-node" in pod "{bad}" is waiting to start: PodInitializing\n'
    )
    story.affected = list(new)
    story.cite(f"describe-pod-{bad}.txt", "no match for platform in manifest")
    return story


def signature_wanted_for_every_registry(now: datetime) -> Incident:
    story = incident(
        "signature-policy-rolled-over-the-first-hosts",
        CAUSE,
        "A machine configuration with a strict container policy is rolled through self-managed OpenShift one host after the other. On the two hosts that had it CRI-O rejects quay.io/calico images for want of a signature once their old images were pruned; calico-node cannot be started there. The stuck roll-out and the degraded operators are echoes.",
        "https://github.com/containers/image/blob/main/signature/policy_eval_signedby.go (A signature was required, but no signature exists)",
        now,
        platform="other",
        calico="v3.29.2",
        kubernetes="v1.29.9+5865c5b",
        registry="quay.io/calico",
        difficulty="hard",
    )
    system = {
        "os_image": "Red Hat Enterprise Linux CoreOS 416.94.202411201433-0",
        "kernel": "5.14.0-427.47.1.el9_4.x86_64",
        "runtime": "cri-o://1.29.10-3.rhaos4.16",
    }
    good = {f"oc-w{n}.lab.example": f"10.20.70.{50 + n}" for n in (3, 4, 5)}
    bad = {f"oc-w{n}.lab.example": f"10.20.70.{50 + n}" for n in (1, 2)}
    no_file = (
        "False",
        "KubeletNotReady",
        "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: No CNI configuration file in /etc/kubernetes/cni/net.d/. Has your network provider started?",
    )
    story.hosts(good, **system)
    story.hosts(
        bad,
        ready=no_file,
        since=6400,
        unschedulable=False,
        calico_up=False,
        taints=[
            ("node.kubernetes.io/not-ready", "NoSchedule"),
            ("node.kubernetes.io/not-ready", "NoExecute"),
            ("node.kubernetes.io/network-unavailable", "NoSchedule"),
        ],
        **system,
    )
    story.staff(good, started=1_100_000)
    cni = f"quay.io/calico/cni:{story.calico}"
    for n, (node, address) in enumerate(bad.items()):
        inits = [
            container(story, name, img, ready=False, waiting=state)
            for name, img, state in (
                ("flexvol-driver", f"quay.io/calico/pod2daemon-flexvol:{story.calico}", "ImagePullBackOff"),
                ("install-cni", cni, "PodInitializing"),
            )
        ]
        name = story.staff(
            {node: address}, ready=False, waiting="PodInitializing", age=1_300_000, phase="Pending", init=inits
        )[0]
        story.pod_event(
            name,
            "BackOff",
            f'Back-off pulling image "quay.io/calico/pod2daemon-flexvol:{story.calico}"',
            7 + n,
            6300,
            410,
            type_="Normal",
        )
        story.pod_event(name, "Failed", "Error: ImagePullBackOff", 7 + n, 6300, 409)
        story.node_event(
            node, "Rebooted", f"Node {node} has been rebooted, boot id: 3bd0c0{n}f-2a44-4d5c-9b5d-f24e51aa10{n}c", 6420
        )
        story.node_event(
            node,
            "ConfigDriftMonitorStarted",
            "Config Drift Monitor started, watching against rendered-worker-1f0e77c2d9",
            6380,
            type_="Normal",
            source="machineconfigdaemon",
        )
    for n, pod in enumerate(("network-metrics-daemon-4kq2x", "dns-default-t8zvm")):
        node = list(bad)[n]
        story.stuck(pod, node, "x", 15, 6000, 300, namespace=("openshift-multus", "openshift-dns")[n], form="crio")
        text = story.objects["Event"][-1]
        text |= {"reason": "NetworkNotReady", "message": "network is not ready: " + no_file[2]}
    first = next(iter(bad))
    name = story.pods[first]
    story.texts["must-gather/machineconfigpools.txt"] = (
        "NAME     CONFIG                                             UPDATED   UPDATING   DEGRADED   MACHINECOUNT   READYMACHINECOUNT   UPDATEDMACHINECOUNT   DEGRADEDMACHINECOUNT   AGE\nmaster   rendered-master-7c2f90b1e4                         True      False      False      3              3                   3                     0                      402d\nworker   rendered-worker-1f0e77c2d9                         False     True       False      5              3                   2                     0                      402d\n"
    )
    story.texts["must-gather/clusteroperators.txt"] = (
        'NAME             VERSION   AVAILABLE   PROGRESSING   DEGRADED   SINCE   MESSAGE\ndns              4.16.24   True        True          False      1h44m   DNS "default" reports Progressing=True: "Have 3 available DNS pods, want 5."\nmonitoring       4.16.24   False       True          True       1h12m   UpdatingNodeExporter: reconciling node-exporter DaemonSet failed\nnetwork          4.16.24   True        True          False      1h45m   DaemonSet "/openshift-multus/network-metrics-daemon" is not available (awaiting 2 nodes)\n'
    )
    story.texts[f"must-gather/host_service_logs/{first}/crio.log"] = "".join(
        f'{story.syslog(6350 - 640 * n)} {first.split(".")[0]} crio[2871]: time="{story.stamp(6350 - 640 * n)[:19]}.4{n}1820113Z" level={level} msg={text}\n'
        for n in range(9)
        for level, text in (
            (
                "info",
                f'"Pulling image: quay.io/calico/pod2daemon-flexvol:{story.calico}" id=4c0{n}f1aa-6a1e-4a3c-9f9e-0b9c9be1d0a{n} name=/runtime.v1.ImageService/PullImage',
            ),
            ("info", f'"Trying to access \\"quay.io/calico/pod2daemon-flexvol:{story.calico}\\""'),
            (
                "info",
                f'"Response error: rpc error: code = Unknown desc = SignatureValidationFailed: Source image rejected: A signature was required, but no signature exists" id=4c0{n}f1aa-6a1e-4a3c-9f9e-0b9c9be1d0a{n} name=/runtime.v1.ImageService/PullImage',
            ),
        )
    )
    story.texts[f"must-gather/host_service_logs/{first}/etc-containers-policy.json"] = (
        '{\n  "default": [{"type": "insecureAcceptAnything"}],\n  "transports": {\n    "docker": {\n      "quay.io": [{"type": "signedBy", "keyType": "GPGKeys", "keyPath": "/etc/pki/rpm-gpg/RPM-GPG-KEY-lab"}],\n      "registry.redhat.io": [{"type": "signedBy", "keyType": "GPGKeys", "keyPath": "/etc/pki/rpm-gpg/RPM-GPG-KEY-redhat-release"}]\n    },\n    "docker-daemon": {"": [{"type": "insecureAcceptAnything"}]}\n  }\n}\n'
    )
    story.commands = {
        "nodes.txt": "get nodes -o wide",
        "pods.txt": "get pods -A -o wide",
        f"describe-pod-{name}.txt": f"describe pod -n calico-system {name}",
        f"describe-node-{first}.txt": f"describe node {first}",
    }
    story.affected = list(bad)
    story.cite(
        f"must-gather/host_service_logs/{first}/crio.log",
        "Source image rejected: A signature was required, but no signature exists",
    )
    return story


STORIES = [
    proxy_authority,
    only_an_ipv6_answer,
    rate_limit_of_the_registry,
    private_endpoint_not_reachable,
    mirror_has_one_platform_only,
    signature_wanted_for_every_registry,
]
