"""not-a-calico-cluster: the cluster runs another network; there is nothing of Calico to repair."""

from __future__ import annotations

from datetime import datetime

from stories import daemonset
from telling import Incident, incident


def roks_with_ovn(now: datetime) -> Incident:
    story = incident(
        "customer-misses-calico-on-new-openshift", "not-a-calico-cluster",
        "The cluster runs OVN-Kubernetes (ovnkube-node on every worker, network type OVNKubernetes); that there is no calico-node is "
        "right.",
        "https://github.com/openshift/enhancements (OVN-Kubernetes default network)", now, difficulty="medium", platform="roks",
        kubernetes="v1.33.4", acceptable=["no-problem-found"],
    )  # fmt: skip
    nodes = story.workers(
        [f"10.240.0.{n}" for n in (12, 13, 14, 20)],
        os_image="Red Hat Enterprise Linux CoreOS 9.6.20250925-0 (Plow)",
        kernel="5.14.0-570.49.1.el9_6.x86_64",
        runtime="cri-o://1.33.4",
    )
    for i, node in enumerate(nodes):
        story.other(
            f"ovnkube-node-{'bdfh'[i]}x7qk",
            node,
            namespace="openshift-ovn-kubernetes",
            app="ovnkube-node",
            image="quay.io/openshift-release-dev/ocp-v4.0-art-dev",
        )
        story.other(
            f"dns-default-{'bdfh'[i]}2m9w", node, ip=f"10.128.{i}.7", namespace="openshift-dns", app="dns-default"
        )
        story.other(
            f"multus-{'bdfh'[i]}k5zt",
            node,
            namespace="openshift-multus",
            app="multus",
            restarts=1,
            last=("Completed", 0, 1_699_000),
        )
    story.add("DaemonSet", daemonset(story, "ovnkube-node", "openshift-ovn-kubernetes", 4, 4))
    story.add("DaemonSet", daemonset(story, "multus", "openshift-multus", 4, 4))
    story.commands = {
        "nodes.txt": "get nodes -o wide",
        "pods.txt": "get pods -A -o wide",
        "daemonsets.txt": "get ds -A",
        f"describe-node-{nodes[0]}.txt": f"describe node {nodes[0]}",
    }
    story.texts["describe-calico-node.txt"] = (
        'error: the server doesn\'t have a resource type "tigerastatus"\nError from server (NotFound): namespaces "calico-system" not found\n'
    )
    story.texts["network.yaml"] = (
        "apiVersion: config.openshift.io/v1\nkind: Network\nmetadata:\n  name: cluster\nspec:\n  clusterNetwork:\n  - cidr: 10.128.0.0/14\n    hostPrefix: 23\n  networkType: OVNKubernetes\n  serviceNetwork:\n  - 172.21.0.0/16\nstatus:\n  clusterNetworkMTU: 1400\n  networkType: OVNKubernetes\n"
    )
    story.cite("daemonsets.txt", "ovnkube-node")
    return story


def cilium_instead(now: datetime) -> Incident:
    story = incident(
        "cilium-agents-on-every-host", "not-a-calico-cluster",
        "All hosts run cilium and nothing of Calico; the CNI lines in the node descriptions are cilium's, of the day the cluster was "
        "made.",
        "https://github.com/rancher/rke2 (server option cni: cilium)", now, difficulty="hard", platform="other",
        kubernetes="v1.31.4+rke2r1", acceptable=["no-problem-found"],
    )  # fmt: skip
    hosts = {f"cil-{n}": f"10.18.3.{30 + n}" for n in range(1, 6)}
    story.hosts(hosts, kernel="6.8.0-49-generic", os_image="Ubuntu 24.04.1 LTS", calico_up=False)
    for node in story.objects["Node"]:
        node["metadata"]["annotations"] = {}
        for item in node["status"]["conditions"]:
            if item["type"] == "NetworkUnavailable":
                item |= {"status": "False", "reason": "CiliumIsUp", "message": "Cilium is running on this node"}
    for i, host in enumerate(hosts):
        story.other(
            f"cilium-{'vwxyz'[i]}6j2n",
            host,
            app="cilium",
            image="rancher/mirrored-cilium-cilium:v1.16.4",
            restarts=1,
            last=("Error", 1, 1_680_000),
        )
        story.other(
            f"rke2-ingress-nginx-controller-{'vwxyz'[i]}p8k",
            host,
            ip=f"10.42.{i}.21",
            app="rke2-ingress-nginx-controller",
        )
    story.other(
        "cilium-operator-7b8d9f6c5-8r2ws",
        "cil-2",
        owner="ReplicaSet/cilium-operator-7b8d9f6c5",
        app="cilium-operator",
        image="rancher/mirrored-cilium-operator-generic:v1.16.4",
    )
    story.add("DaemonSet", daemonset(story, "cilium", "kube-system", 5, 5))
    story.commands = {
        "nodes.txt": "get nodes -o wide --show-labels",
        "pods.txt": "get pods -A -o wide",
        "ds.txt": "get ds -A",
        "describe-node-cil-1.txt": "describe node cil-1",
    }
    story.texts["calico-node.log"] = (
        "error: no matching resources found\nNo resources found in calico-system namespace.\n"
    )
    story.cite("ds.txt", "cilium")
    return story


def aws_vpc_cni(now: datetime) -> Incident:
    story = incident(
        "aws-node-is-the-network", "not-a-calico-cluster",
        "The cluster's network is the cloud's own (aws-node); no Calico was ever installed, neither for pods nor for policies.",
        "https://github.com/aws/amazon-vpc-cni-k8s (README)", now, difficulty="medium", platform="other", kubernetes="v1.30.8-eks-aeac579",
        acceptable=["no-problem-found"],
    )  # fmt: skip
    hosts = {f"ip-172-30-{n}-9.us-west-2.compute.internal": f"172.30.{n}.9" for n in (5, 21, 38)}
    story.hosts(
        hosts,
        kernel="6.1.119-129.201.amzn2023.x86_64",
        os_image="Amazon Linux 2023.6.20250107",
        runtime="containerd://1.7.23",
    )
    for node in story.objects["Node"]:
        node["metadata"]["annotations"] = {}
        node["status"]["conditions"] = [
            item for item in node["status"]["conditions"] if item["type"] != "NetworkUnavailable"
        ]
    for i, host in enumerate(hosts):
        aws = story.other(
            f"aws-node-{'gkm'[i]}4xk2",
            host,
            app="aws-node",
            image="602401143452.dkr.ecr.us-west-2.amazonaws.com/amazon-k8s-cni:v1.19.2",
        )
        story.other(
            f"kube-proxy-{'gkm'[i]}7wz9",
            host,
            app="kube-proxy",
            image="602401143452.dkr.ecr.us-west-2.amazonaws.com/eks/kube-proxy:v1.30.7",
        )
        if i == 0:
            story.pod_event(
                aws,
                "Unhealthy",
                'Readiness probe failed: {"level":"info","msg":"timeout: failed to connect service \\":50051\\" within 5s"}',
                2_900,
                namespace="kube-system",
            )
    story.add("DaemonSet", daemonset(story, "aws-node", "kube-system", 3, 3))
    story.add("DaemonSet", daemonset(story, "kube-proxy", "kube-system", 3, 3))
    story.commands = {
        "get-nodes.txt": "get nodes -o wide",
        "get-pods.txt": "get pods -A -o wide",
        "get-ds.txt": "get ds -A",
    }
    story.texts["calicoctl.txt"] = (
        "Failed to get resources: resource type not supported: the server could not find the requested resource (get ippools.crd.projectcalico.org)\n"
    )
    story.cite("get-ds.txt", "aws-node")
    return story


STORIES = [roks_with_ovn, cilium_instead, aws_vpc_cni]
