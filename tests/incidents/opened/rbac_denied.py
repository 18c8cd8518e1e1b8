"""rbac-denied: told without having seen the rules, then opened."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from cluster import container, pod
from telling import FELIX_503, Incident, incident

CAUSE = "rbac-denied"


def typha_role_of_an_older_chart(now: datetime) -> Incident:
    story = incident(
        "image-tag-raised-in-the-policy-chart-of-a-cloud",
        CAUSE,
        "Somebody raised only image.tag in the cloud provider's policy-only chart: Typha of v3.22 lists CalicoNodeStatuses, for which the chart's ClusterRole has no rule. Both Typha pods never get ready, so all agents find no Typha; these are loud, the one forbidden line is in Typha's log.",
        "https://github.com/aws/eks-charts/issues/678",
        now,
        platform="other",
        calico="v3.22.0",
        kubernetes="v1.20.11-eks-f17b81",
        registry="quay.io/calico",
        namespace="kube-system",
        difficulty="medium",
        acceptable=["crd-or-version-mismatch"],
    )
    hosts = {
        f"ip-172-20-{s}-{n}.ca-central-1.compute.internal": f"172.20.{s}.{n}"
        for s, n in ((8, 41), (8, 77), (16, 19), (16, 203))
    }
    names = list(hosts)
    story.hosts(hosts, os_image="Amazon Linux 2", kernel="5.4.172-90.336.amzn2.x86_64", runtime="docker://20.10.7", calico_up=True)  # fmt: skip
    story.staff(hosts, ready=False, restarts=0, started=4_100, age=4_120)
    typhas = []
    for i, node in enumerate((names[1], names[2])):
        typha = story.typha(node, "k8c2x" if i else "d5vfm", ready=False, started=4_160)
        story.objects["Pod"][-1]["metadata"]["creationTimestamp"] = story.ago(4_170)
        story.objects["Pod"][-1]["status"]["startTime"] = story.ago(4_170)
        story.pod_event(typha, "Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503", 6 + i, 4_140, 413)  # fmt: skip
        typhas.append(typha)
    for i, node in enumerate(names):
        story.probe(story.pods[node], FELIX_503, 4 + 2 * i, 4_080, 407)
        story.other(f"aws-node-{'c7mz'[i]}q9{'fhkt'[i]}x", node, app="aws-node", image="602401143452.dkr.ecr.ca-central-1.amazonaws.com/amazon-k8s-cni:v1.10.1", age=2_000_000)  # fmt: skip
    denied = 'caliconodestatuses.crd.projectcalico.org is forbidden: User "system:serviceaccount:kube-system:calico-node" cannot list resource "caliconodestatuses" in API group "crd.projectcalico.org" at the cluster scope'
    root = 'ListRoot="/calico/resources/v3/projectcalico.org/caliconodestatuses"'
    lines = [
        story.line(4_159, "INFO", 9, "daemon.go 106:", 'Typha starting up buildDate="2022-01-28T01:21:33+0000" gitCommit="d8b4b3a" version="v3.22.0"'),
        story.line(4_158.9, "INFO", 9, "daemon.go 107:", "Loading configuration..."),
        story.line(4_158.2, "INFO", 9, "watchercache.go 268:", 'Sending synced update ListRoot="/calico/resources/v3/projectcalico.org/ippools"'),
        story.line(4_158.1, "INFO", 9, "watchercache.go 268:", 'Sending synced update ListRoot="/calico/resources/v3/projectcalico.org/nodes"'),
        story.line(4_158.0, "INFO", 9, "watchercache.go 268:", 'Sending synced update ListRoot="/calico/resources/v3/projectcalico.org/bgppeers"'),
        story.line(4_157.8, "INFO", 9, "health.go 137:", 'Health of component changed lastReport=health.HealthReport{Live:true, Ready:false} name="felix-syncer" newReport=&health.HealthReport{Live:true, Ready:true}'),
    ]  # fmt: skip
    for n in range(9):
        ago = 4_157.6 - 1.01 * n if n < 5 else 5.2 - 1.01 * (n - 5)
        lines += ["..."] if n == 5 else []
        lines += [
            story.line(ago, "INFO", 9, "watchercache.go 175:", f"Full resync is required {root}"),
            story.line(ago - 0.01, "INFO", 9, "watchercache.go 188:", f"Failed to perform list of current data during resync {root} error=connection is unauthorized: {denied}"),
        ]  # fmt: skip
        if n in (3, 7):
            lines.append(story.line(ago - 0.3, "WARNING", 9, "health.go 165:", 'Reporter is not ready. name="node-status-syncer"'))  # fmt: skip
    story.log(typhas[0], lines)
    log = []
    for n in range(12):
        ago, pid = 4_098 - 350 * n, 61 + 42 * n
        log += [
            story.say(ago, "INFO", pid, "felix", "daemon.go 144:", 'Felix starting up GOMAXPROCS=2 builddate="2022-01-28T01:21:20+0000" gitcommit="d8b4b3a" version="v3.22.0"'),
            story.say(ago - 0.6, "INFO", pid, "felix", "daemon.go 226:", 'Connecting to datastore datastore="kubernetes"'),
            story.say(ago - 1.3, "WARNING", pid, "felix", "discovery.go 131:", "Didn't find any ready Typha instances."),
            story.say(ago - 1.4, "ERROR", pid, "felix", "daemon.go 330:", "Typha discovery enabled but discovery failed. error=Kubernetes service missing IP or port"),
        ]  # fmt: skip
    story.log(story.pods[names[0]], log)
    story.texts["helm.txt"] = (
        "$ helm get values aws-calico -n kube-system\nUSER-SUPPLIED VALUES:\ncalico:\n  node:\n    image: quay.io/calico/node\n  tag: v3.22.0\n  typha:\n    image: quay.io/calico/typha\n    replicas: 2\n$ helm list -n kube-system\nNAME      \tNAMESPACE  \tREVISION\tSTATUS  \tCHART            \tAPP VERSION\naws-calico\tkube-system\t5       \tdeployed\taws-calico-0.3.10\t3.19.1     \n"
    )
    story.describe(names[1], typhas[0])
    story.commands |= {f"describe-pod-{story.pods[names[0]]}.txt": f"describe pod -n kube-system {story.pods[names[0]]}"}  # fmt: skip
    story.affected = names
    story.cite(f"{typhas[0]}.log", 'cannot list resource "caliconodestatuses"')
    return story


def operator_may_not_list_pools(now: datetime) -> Incident:
    story = incident(
        "operator-of-a-third-party-chart-may-not-list-ippools",
        CAUSE,
        "A third-party chart of the operator was updated; its ClusterRole lacks ippools, which operator v1.34 watches from the start. The operator's caches never sync and it ends every two minutes, so the update is not rolled and the status object is a month old. Calico itself works everywhere; one BGP event is of a short restart of a neighbour.",
        "https://github.com/stevehipwell/helm-charts/issues/971",
        now,
        platform="other",
        calico="v3.27.3",
        kubernetes="v1.29.4",
        registry="quay.io/calico",
        difficulty="medium",
    )
    hosts = {f"tn-{x}": f"10.90.12.{n}" for x, n in (("cp-0", 4), ("md-0-7kx", 31), ("md-0-fq2", 32), ("md-1-w8m", 47))}
    names = list(hosts)
    story.hosts(hosts, os_image="Flatcar Container Linux by Kinvolk 3815.2.2 (Oklo)", kernel="6.1.90-flatcar", runtime="containerd://1.7.13")  # fmt: skip
    story.staff(hosts, started=3_400_000, age=3_400_040)
    story.typha(names[1], started=3_400_000)
    story.typha(names[3], "v6jrt", started=3_400_000)
    status = [container(story, "calico-kube-controllers", "quay.io/calico/kube-controllers:v3.27.3", started=3_300_000)]
    made = pod(story, "calico-kube-controllers-6d5f8b8c79-r2hdw", names[2], status, owner="ReplicaSet/calico-kube-controllers-6d5f8b8c79", app="calico-kube-controllers", age=3_400_000)  # fmt: skip
    made["status"] |= {"podIP": "10.200.51.7", "podIPs": [{"ip": "10.200.51.7"}]}
    operator = story.other("tigera-operator-7f8cd97876-x4t9p", names[3], namespace="tigera-operator", owner="ReplicaSet/tigera-operator-7f8cd97876", app="tigera-operator", image="quay.io/tigera/operator:v1.34.0", ready=False, restarts=24, age=9_300, waiting="CrashLoopBackOff", message="back-off 5m0s restarting failed container=tigera-operator pod=tigera-operator-7f8cd97876-x4t9p_tigera-operator(3c0e)", last=("Error", 1, 170))  # fmt: skip
    story.objects["Pod"][-1]["status"]["containerStatuses"][0]["lastState"]["terminated"]["startedAt"] = story.ago(293)
    story.pod_event(operator, "BackOff", "Back-off restarting failed container tigera-operator in pod tigera-operator-7f8cd97876-x4t9p_tigera-operator(3c0e)", 15, 9_000, 381, namespace="tigera-operator")  # fmt: skip
    story.not_established(story.pods[names[2]], [hosts[names[0]]], 2_900, 2_920, 2)
    user = 'User "system:serviceaccount:tigera-operator:tigera-operator" cannot list resource "ippools" in API group "crd.projectcalico.org" at the cluster scope'

    def say(ago: float, level: str, msg: str, **more: Any) -> str:
        return json.dumps({"level": level, "ts": story.ago(ago), **more, "msg": msg}, separators=(",", ":"))

    start = 292
    head = f"{story.stamp(start)[:19].replace('-', '/')} [INFO]"
    lines = [
        f"{head} Version: v1.34.0",
        f"{head} Go Version: go1.22.2 X:boringcrypto",
        f"{head} Go OS/Arch: linux/amd64",
        f"{head} Active operator: proceeding",
        say(start - 1, "info", "Checking type of cluster", logger="setup", provider=""),
        say(start - 1, "info", "Checking if TSEE controllers are required", logger="setup", required=False),
        say(start - 1, "info", "starting manager", logger="setup"),
        say(start - 2, "info", "Starting EventSource", controller="tigera-installation-controller", source="kind source: *v1.Installation"),
        say(start - 2, "info", "Starting EventSource", controller="tigera-ippool-controller", source="kind source: *v1.IPPool"),
        say(start - 2, "info", "Starting Controller", controller="tigera-installation-controller"),
    ]  # fmt: skip
    for n in range(7):
        at = start - 3 - 17 * n
        lines += [
            f"W{story.klog(at)}       1 reflector.go:535] pkg/mod/k8s.io/client-go@v0.28.9/tools/cache/reflector.go:229: failed to list *v1.IPPool: ippools.crd.projectcalico.org is forbidden: {user}",
            f"E{story.klog(at)}       1 reflector.go:147] pkg/mod/k8s.io/client-go@v0.28.9/tools/cache/reflector.go:229: Failed to watch *v1.IPPool: failed to list *v1.IPPool: ippools.crd.projectcalico.org is forbidden: {user}",
        ]  # fmt: skip
    lines += [
        say(172, "error", "Could not wait for Cache to sync", controller="tigera-ippool-controller", error="failed to wait for tigera-ippool-controller caches to sync: timed out waiting for cache to be synced for Kind *v1.IPPool"),
        say(172, "info", "Stopping and waiting for non leader election runnables"),
        say(171, "info", "Stopping and waiting for leader election runnables"),
        say(171, "error", "problem running manager", logger="setup", error="failed to wait for tigera-ippool-controller caches to sync: timed out waiting for cache to be synced for Kind *v1.IPPool"),
    ]  # fmt: skip
    story.log(operator, lines, f"{operator}-previous.log")
    story.log(story.pods[names[1]], story.quiet(9_600, 10, 800))
    story.texts["tigerastatus.txt"] = "NAME      AVAILABLE   PROGRESSING   DEGRADED   SINCE\ncalico    True        False         False      39d\n"  # fmt: skip
    story.commands = {
        "nodes.txt": "get nodes -o wide",
        "pods.txt": "get pods -A -o wide",
        "describe-operator.txt": f"describe pod -n tigera-operator {operator}",
        f"describe-pod-{story.pods[names[2]]}.txt": f"describe pod -n calico-system {story.pods[names[2]]}",
    }
    story.affected = [names[3]]
    story.cite(f"{operator}-previous.log", 'cannot list resource "ippools"')
    return story


def role_of_the_manifest_forgets_block_affinities(now: datetime) -> Incident:
    story = incident(
        "separate-rbac-file-forgets-block-affinities",
        CAUSE,
        "v3.8 with Calico IPAM, roles from the separate rbac file of that release: the ClusterRole calico-node has no rule for blockaffinities. Nodes are Ready, calico-node is 1/1 (host network and BIRD need no block), but every pod sandbox ends with the plugin's 403, so DNS never came up; the NFS mount failures of another pod are something else.",
        "https://github.com/projectcalico/calico/pull/2756",
        now,
        platform="other",
        calico="v3.8.0",
        kubernetes="v1.15.1",
        registry="calico",
        namespace="kube-system",
        difficulty="easy",
    )
    hosts = {f"lab-k{n}": f"192.168.16.{70 + n}" for n in (1, 2, 3)}
    story.hosts(hosts, os_image="Ubuntu 18.04.2 LTS", kernel="4.15.0-54-generic", runtime="docker://18.9.7", age=8_900, since=8_600)  # fmt: skip
    story.staff(hosts, started=8_580, age=8_640)
    user = 'User "system:serviceaccount:kube-system:calico-node" cannot list resource "blockaffinities" in API group "crd.projectcalico.org" at the cluster scope'
    denied = f"connection is unauthorized: blockaffinities.crd.projectcalico.org is forbidden: {user}"
    for i, (name, node, space) in enumerate(
        (("coredns-5c98db65d4-8nqkx", "lab-k2", "kube-system"), ("coredns-5c98db65d4-wv7jd", "lab-k3", "kube-system"), ("calico-kube-controllers-59f54d6bbc-z4bpl", "lab-k2", "kube-system"), ("hello-55b49fb9f8-vtx6c", "lab-k3", "default"))
    ):  # fmt: skip
        story.stuck(name, node, denied, 6 + i, 8_570 - 900 * i, 640 - 70 * i, space, form="docker", image="k8s.gcr.io/coredns:1.3.1" if "coredns" in name else "registry.example.com/app:1.4")  # fmt: skip
    nfs = story.other("backup-0", "lab-k3", "none", "default", "StatefulSet/backup", app="backup", ready=False, phase="Pending", waiting="ContainerCreating", age=3_000)  # fmt: skip
    lacks = story.objects["Pod"][-1]["status"]
    lacks |= {"podIPs": [], "podIP": "", "hostIP": hosts["lab-k3"]}
    story.pod_event(nfs, "FailedMount", 'Unable to mount volumes for pod "backup-0_default(7be0d2c4-a1f7-4f0b-8a76-5cf4cf1e8d31)": timeout expired waiting for volumes to attach or mount for pod "default"/"backup-0". list of unmounted volumes=[data]. list of unattached volumes=[data default-token-8hw2q]', 120, 2_870, 21, namespace="default")  # fmt: skip
    node = "lab-k2"
    peers = [a for n, a in hosts.items() if n != node]
    lines = story.old_boot(node, 8_578, peers, interface="ens3", prefix=24)
    lines += story.quiet(2_000, 10, 300, 55)
    story.log(story.pods[node], lines)
    story.texts["kubelet-lab-k2.txt"] = "".join(
        f"{story.syslog(ago)} lab-k2 kubelet[9147]: E{story.klog(ago)}    9147 {place} {text}\n"
        for ago, place, text in (
            (21, "cni.go:352]", f"Error adding kube-system_coredns-5c98db65d4-8nqkx/4b0f6a7e91d20b1f to network calico/k8s-pod-network: {denied}"),
            (20, "cni.go:371]", f"Error deleting kube-system_coredns-5c98db65d4-8nqkx/4b0f6a7e91d20b1f from network calico/k8s-pod-network: {denied}"),
            (7, "cni.go:352]", f"Error adding kube-system_calico-kube-controllers-59f54d6bbc-z4bpl/ce1190aa73f05d44 to network calico/k8s-pod-network: {denied}"),
        )
    )  # fmt: skip
    story.texts["can-i.txt"] = (
        '$ for r in ipamblocks ipamhandles blockaffinities ippools; do echo -n "$r: "; kubectl auth can-i list $r.crd.projectcalico.org --as system:serviceaccount:kube-system:calico-node; done\n'
        "ipamblocks: yes\nipamhandles: yes\nblockaffinities: no\nippools: yes\n"
    )
    story.commands = {
        "nodes.txt": "get nodes -o wide",
        "pods.txt": "get pods -A -o wide",
        "describe-coredns.txt": "describe pod -n kube-system coredns-5c98db65d4-8nqkx",
        f"describe-{story.pods[node]}.txt": f"describe pod -n kube-system {story.pods[node]}",
    }
    story.affected = []
    story.cite("describe-coredns.txt", "blockaffinities.crd.projectcalico.org is forbidden")
    return story


STORIES = [typha_role_of_an_older_chart, operator_may_not_list_pools, role_of_the_manifest_forgets_block_affinities]
