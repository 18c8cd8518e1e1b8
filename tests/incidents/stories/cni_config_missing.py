"""cni-config-missing: the CNI config is absent or invalid though calico-node is up."""

from __future__ import annotations

from datetime import datetime

from cluster import NO_CNI
from telling import Incident, incident

CAUSE = "cni-config-missing"
TAINTS = (("node.kubernetes.io/not-ready", "NoSchedule"),)
DOCKER = "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:docker: network plugin is not ready: cni config uninitialized"


def cleaned(now: datetime) -> Incident:
    story = incident(
        "conflist-cleaned-under-a-healthy-agent", CAUSE, "calico-node is 1/1 and its BGP is up, the worker is NotReady: cni plugin not initialized; net.d has only the kubeconfig.",
        "https://github.com/kubernetes/kubernetes/issues/52389", now, platform="classic", calico="v3.27.4", kubernetes="v1.29.9+IKS", difficulty="medium",
    )  # fmt: skip
    nodes = story.workers([f"10.62.7.{n}" for n in (21, 22, 25)])
    bad = story.workers(["10.62.7.40"], ready=NO_CNI, since=1300, taints=TAINTS)[0]
    story.agents([*nodes, bad])
    story.not_established(story.pods[bad], nodes[:1], 86_000, 86_020, 2, established=2)
    story.texts["ls-cni.txt"] = (
        "# ls -l /etc/cni/net.d\ntotal 4\n-rw------- 1 root root 2781 Nov 20 07:12 calico-kubeconfig\n"
    )
    story.describe(bad)
    story.log(story.pods[bad], story.boot(bad, 86_400, nodes) + story.quiet(2000, 5))
    story.affected = [bad]
    story.cite(f"describe-node-{bad}.txt", "cni plugin not initialized")
    return story


def journal(now: datetime) -> Incident:
    story = incident(
        "no-networks-found-says-the-journal", CAUSE, "The kubelet's journal finds no networks in /etc/cni/net.d while calico-node there is ready; old restarts elsewhere are the noise.",
        "https://github.com/kubernetes/kubeadm/issues/1704", now, platform="other", namespace="kube-system", registry="calico", calico="v3.8.9", kubernetes="v1.15.12", difficulty="hard",
    )  # fmt: skip
    hosts = {"master1": "192.168.56.10", "node1": "192.168.56.11", "node2": "192.168.56.12"}
    story.hosts({k: hosts[k] for k in ("master1", "node2")}, runtime="docker://18.9.9")
    story.hosts(
        {"node1": hosts["node1"]},
        ready=("False", "KubeletNotReady", DOCKER),
        since=2600,
        taints=TAINTS,
        runtime="docker://18.9.9",
    )
    story.staff({k: hosts[k] for k in ("node1", "node2")})
    story.staff({"master1": hosts["master1"]}, restarts=14, last=("Error", 137, 200_000), started=199_000)
    story.log(
        "k",
        [
            x
            for n in range(14)
            for x in (
                f"{story.syslog(2500 - 170 * n)} node1 kubelet[14086]: W0802 07:26:52.{n + 10}1 14086 cni.go:213] Unable to update cni config: No networks found in /etc/cni/net.d",
                f"{story.syslog(2499 - 170 * n)} node1 kubelet[14086]: E0802 07:26:53.{n + 10}2 14086 kubelet.go:2169] Container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:docker: network plugin is not ready: cni config uninitialized",
            )
        ],
        "kubelet-node1.txt",
    )
    story.commands = {"pods.txt": "get pods -A -o wide"}
    story.log(
        story.pods["node1"], story.old_boot("node1", 9000, ["192.168.56.10", "192.168.56.12"]) + story.quiet(900, 5)
    )
    story.affected = ["node1"]
    story.cite("kubelet-node1.txt", "No networks found in /etc/cni/net.d")
    return story


def invalid(now: datetime) -> Incident:
    story = incident(
        "conflist-cut-off-by-a-full-copy", CAUSE, "The runtime cannot parse 10-calico.conflist (unexpected end of JSON input) on one host; calico-node and BGP are fine.",
        "https://github.com/projectcalico/cni-plugin/issues/299", now, platform="other", calico="v3.25.1", kubernetes="v1.26.4", registry="docker.io/calico", difficulty="hard",
    )  # fmt: skip
    hosts = {f"w-{x}": f"10.99.1.{n}" for n, x in enumerate("abcde", 3)}
    story.hosts({k: v for k, v in hosts.items() if k != "w-c"})
    story.hosts({"w-c": hosts["w-c"]}, ready=NO_CNI, since=700, taints=TAINTS)
    story.staff(hosts)
    story.log(
        "c",
        [
            f'{story.syslog(700 - 90 * n)} w-c containerd[801]: time="{story.ago(700 - 90 * n)}" level=error msg="failed to reload cni configuration after receiving fs change event(WRITE \\"/etc/cni/net.d/10-calico.conflist\\")" error="cni config load failed: failed to load CNI config list file /etc/cni/net.d/10-calico.conflist: error parsing configuration list: unexpected end of JSON input: invalid cni config: failed to load cni config"'
            for n in range(7)
        ],
        "containerd.txt",
    )
    story.commands = {
        "nodes.txt": "get nodes",
        "pods.txt": "get pods -A -o wide",
        "describe-w-c.txt": "describe node w-c",
    }
    story.affected = ["w-c"]
    story.cite("containerd.txt", "unexpected end of JSON input")
    return story


STORIES = [cleaned, journal, invalid]
