"""rbac-denied: RBAC forbids what Calico needs (403)."""

from __future__ import annotations

from datetime import datetime

from cluster import container
from telling import FELIX_503, SOCKET, Incident, incident

CAUSE = "rbac-denied"
USER = 'User "system:serviceaccount:{}:calico-node" cannot {} resource "{}" in API group "{}" at the cluster scope'


def role_is_missing(now: datetime) -> Incident:
    story = incident(
        "old-cluster-has-no-clusterrole-of-that-name",
        CAUSE,
        "The updated manifests expect a ClusterRole calico-node which this old cluster never got: every list is forbidden, pods get no network.",
        "https://github.com/rancher-archives/rke/issues/2527",
        now,
        platform="other",
        calico="v3.17.2",
        kubernetes="v1.20.11",
        registry="docker.io/rancher/calico",
        namespace="kube-system",
        difficulty="easy",
    )
    hosts = {f"mgmt-{n}": f"10.99.40.{n}" for n in (2, 3, 4, 5)}
    story.hosts(hosts, runtime="docker://19.3.15", os_image="Ubuntu 18.04.5 LTS", kernel="4.15.0-158-generic")
    story.staff(hosts, ready=False, started=2500, age=2600)
    forbidden = "connection is unauthorized: {0}.crd.projectcalico.org is forbidden: " + USER.format(
        "kube-system", "list", "{0}", "crd.projectcalico.org"
    )
    for i, node in enumerate(hosts):
        story.probe(story.pods[node], FELIX_503, 8 + i, 2400, 240)
    story.stuck(
        "cattle-cluster-agent-7f8b5d6c4-rr9w2",
        "mgmt-3",
        'error getting ClusterInformation: connection is unauthorized: clusterinformations.crd.projectcalico.org "default" is forbidden: '
        + USER.format("kube-system", "get", "clusterinformations", "crd.projectcalico.org"),
        21,
        2300,
        150,
        "cattle-system",
        "docker",
    )
    lines = story.boot("mgmt-3", 2500, [a for n, a in hosts.items() if n != "mgmt-3"])[:12]
    for i in range(12):
        for kind in ("networksets", "globalnetworkpolicies", "hostendpoints"):
            lines.append(
                story.line(
                    2400 - 190 * i,
                    "INFO",
                    95,
                    "felix/watchercache.go 186:",
                    f'Failed to perform list of current data during resync ListRoot="/calico/resources/v3/projectcalico.org/{kind}" error={forbidden.format(kind)}',
                )
            )
        lines.append(
            story.line(
                2399 - 190 * i,
                "INFO",
                95,
                "felix/watchercache.go 174:",
                'Full resync is required ListRoot="/calico/resources/v3/projectcalico.org/networksets"',
            )
        )
    story.log(story.pods["mgmt-3"], lines)
    story.describe("mgmt-3")
    story.affected = list(hosts)
    story.cite(f"{story.pods['mgmt-3']}.log", "networksets.crd.projectcalico.org is forbidden")
    return story


def token_of_another_account(now: datetime) -> Incident:
    story = incident(
        "role-knows-only-the-former-account",
        CAUSE,
        "After an update install-cni asks for a token of the new account calico-cni-plugin; the ClusterRole allows only that of calico-node: Init:CrashLoopBackOff on each host that was rolled so far.",
        "https://github.com/k0sproject/k0s/issues/4066",
        now,
        platform="other",
        calico="v3.26.4",
        kubernetes="v1.29.1+k0s",
        registry="quay.io/k0sproject/calico",
        namespace="kube-system",
        difficulty="medium",
        acceptable=["crd-or-version-mismatch", "operator-migration-incomplete"],
    )
    hosts = {f"pangolin{n}": f"172.20.40.{n}" for n in (11, 12, 13, 14, 15)}
    story.hosts(hosts)
    story.staff(
        {k: hosts[k] for k in ("pangolin11", "pangolin12", "pangolin13")},
        image="quay.io/k0sproject/calico-node:v3.24.5",
        cni_image="quay.io/k0sproject/calico-cni:v3.24.5",
    )
    error = 'Unable to create token for CNI kubeconfig error=serviceaccounts "calico-cni-plugin" is forbidden: User "system:serviceaccount:kube-system:calico-node" cannot create resource "serviceaccounts/token" in API group "" in the namespace "kube-system"'
    bad = ["pangolin14", "pangolin15"]
    for node in bad:
        init = [
            container(
                story,
                "install-cni",
                "quay.io/k0sproject/calico-cni:v3.26.4",
                ready=False,
                restarts=9,
                waiting="CrashLoopBackOff",
                last=("Error", 1, 190),
            )
        ]
        name = story.staff(
            {node: hosts[node]}, init=init, phase="Pending", ready=False, waiting="PodInitializing", age=1900
        )[0]
        story.pod_event(
            name,
            "BackOff",
            f"Back-off restarting failed container install-cni in pod {name}_kube-system(c7d0)",
            14,
            1800,
            120,
        )
        story.log(
            name,
            [
                story.line(193, "INFO", 1, "cni-installer/<nil> <nil>:", "Running as a Kubernetes pod"),
                story.line(
                    192.6, "INFO", 1, "cni-installer/<nil> <nil>:", "/host/secondary-bin-dir is not writeable, skipping"
                ),
                story.line(192.2, "INFO", 1, "cni-installer/<nil> <nil>:", "CNI plugin version: v3.26.4"),
                f"W{story.klog(192)}       1 client_config.go:617] Neither --kubeconfig nor --master was specified.  Using the inClusterConfig.  This might not work.",
                story.line(191.9, "ERROR", 1, "cni-installer/<nil> <nil>:", error),
                story.line(191.9, "FATAL", 1, "cni-installer/<nil> <nil>:", error),
            ],
            f"{name}-cni.log",
        )
    story.node_event("pangolin14", "InvalidDiskCapacity", "invalid capacity 0 on image filesystem", 3000)
    story.describe("pangolin15")
    story.affected = bad
    story.cite(f"{name}-cni.log", 'serviceaccounts "calico-cni-plugin" is forbidden')
    return story


def may_not_update_nodes(now: datetime) -> Incident:
    story = incident(
        "startup-may-not-write-its-node",
        CAUSE,
        "Since the role was replaced by an older one calico-node may not update nodes: start-up ends there on all. Liveness and 'connection refused' are only its echo.",
        "https://github.com/Azure/aks-engine/issues/1890",
        now,
        platform="other",
        calico="v3.8.0",
        kubernetes="v1.14.6",
        registry="docker.io/calico",
        namespace="kube-system",
        difficulty="medium",
    )
    hosts = {f"k8s-node-15353{n}-{n}": f"10.239.0.{n + 4}" for n in range(5)}
    story.hosts(hosts, runtime="docker://3.0.6", os_image="Ubuntu 16.04.6 LTS", kernel="4.15.0-1055-azure")
    for i, node in enumerate(hosts):
        name = story.staff(
            {node: hosts[node]},
            ready=False,
            restarts=7 + i,
            waiting="CrashLoopBackOff",
            last=("Error", 1, 60 + 9 * i),
            age=1900,
        )[0]
        story.probe(name, SOCKET.replace("/var/run/calico", "/var/run/bird"), 64 + 9 * i, 1800, 20)
        story.probe(
            name,
            "Felix is not live: Get http://localhost:9099/liveness: dial tcp 127.0.0.1:9099: connect: connection refused",
            62 + 9 * i,
            1800,
            14,
            "Liveness",
        )
        denied = f'nodes "{node}" is forbidden: ' + USER.format("kube-system", "update", "nodes", "")
        lines = story.old_boot(node, 64 + 9 * i)[:11]
        lines += [
            story.line(63 + 9 * i, "INFO", 9, "node.go 76:", f"Error updating Node resource error={denied}"),
            story.line(
                63 + 9 * i,
                "ERROR",
                9,
                "startup.go 172:",
                f"Unable to set node resource configuration error=connection is unauthorized: {denied}",
            ),
            story.line(63 + 9 * i, "WARNING", 9, "startup.go 1058:", "Terminating"),
            "Calico node failed to start",
        ]
        story.log(name, lines)
    story.describe(node)
    story.affected = list(hosts)
    story.cite(f"{name}.log", "Unable to set node resource configuration")
    return story


def status_may_not_be_patched(now: datetime) -> Incident:
    story = incident(
        "hardened-role-without-nodes-status",
        CAUSE,
        "A hardening run took nodes/status from the role. Running pods never noticed; calico-node on the two replaced workers cannot set NetworkUnavailable and starts over. Slow probes of two old pods are another matter.",
        "https://github.com/projectcalico/calico/blob/release-v3.28/node/pkg/lifecycle/utils/utils.go",
        now,
        platform="vpc",
        calico="v3.28.3",
        kubernetes="v1.31.6+IKS",
        difficulty="hard",
    )
    nodes = story.workers([f"10.241.0.{n}" for n in (6, 7, 9, 12, 14)])
    new = story.workers(
        ["10.241.0.30", "10.241.0.31"],
        age=2600,
        since=2500,
        calico_up=False,
        taints=[("node.kubernetes.io/network-unavailable", "NoSchedule")],
    )
    story.agents(nodes)
    story.typha(nodes[0])
    for i, node in enumerate(new):
        name = story.agents(
            [node], ready=False, restarts=8, waiting="CrashLoopBackOff", last=("Error", 1, 90 + i), age=2590
        )[0]
        story.probe(name, SOCKET, 95 + i, 2500, 60)
        lines = story.boot(node, 126 + i, nodes)[:11]
        denied = f'nodes "{node}" is forbidden: User "system:serviceaccount:calico-system:calico-node" cannot patch resource "nodes/status" in API group "" at the cluster scope'
        lines.append(story.say(125.4, "INFO", 9, "startup", "utils.go 190:", "Setting NetworkUnavailable to false"))
        lines += [
            story.say(
                125 - 1.0 * n,
                "WARNING",
                9,
                "startup",
                "utils.go 227:",
                f"Failed to set NetworkUnavailable; will retry error={denied}",
            )
            for n in range(30)
        ]
        lines += [
            story.say(
                91,
                "ERROR",
                9,
                "startup",
                "startup.go 229:",
                f"Unable to set NetworkUnavailable to False error=timed out patching node, last error was: {denied}",
            ),
            story.say(91, "WARNING", 9, "startup", "utils.go 49:", "Terminating"),
            "Calico node failed to start",
        ]
        story.log(name, lines)
    for i, node in enumerate(nodes[:2]):
        story.probe(
            story.pods[node],
            'felix is not ready: Get "http://localhost:9099/readiness": context deadline exceeded (Client.Timeout exceeded while awaiting headers)',
            900 + 50 * i,
            2500,
            7,
        )
    story.describe(new[1])
    story.describe(nodes[0])
    story.affected = new
    story.cite(f"{name}.log", 'cannot patch resource "nodes/status"')
    return story


STORIES = [role_is_missing, token_of_another_account, may_not_update_nodes, status_may_not_be_patched]
