"""rbac-denied: told without having seen the rules."""

from __future__ import annotations

from datetime import datetime

from cluster import container
from telling import FELIX_503, Incident, incident

CAUSE = "rbac-denied"


def bindings_name_another_namespace(now: datetime) -> Incident:
    story = incident(
        "wrong-manifest-applied-over-an-operator-install",
        CAUSE,
        "The manifest of 3.26 was applied in kube-system over an operator's installation and the operator took the ClusterRoleBindings back to calico-system: accounts of kube-system are forbidden everything, install-cni ends on each host.",
        "https://github.com/projectcalico/calico/issues/7971",
        now,
        platform="other",
        calico="v3.26.1",
        kubernetes="v1.28.1",
        registry="docker.io/calico",
        namespace="kube-system",
        difficulty="medium",
        acceptable=["operator-migration-incomplete"],
    )
    hosts = {f"kube-{a}{n}": f"10.52.1.{n}{i}" for a, n, i in (("cp", 1, 0), ("cp", 2, 0), ("wk", 3, 0), ("wk", 4, 0))}
    story.hosts(hosts)
    text = 'serviceaccounts "calico-cni-plugin" is forbidden: User "system:serviceaccount:kube-system:calico-node" cannot create resource "serviceaccounts/token" in API group "" in the namespace "kube-system"'
    for n, (node, address) in enumerate(hosts.items()):
        inits = [
            container(story, "upgrade-ipam", "docker.io/calico/cni:v3.26.1", done=True),
            container(
                story,
                "install-cni",
                "docker.io/calico/cni:v3.26.1",
                ready=False,
                restarts=8,
                waiting="CrashLoopBackOff",
                last=("Error", 1, 25 + 4 * n),
            ),
        ]
        name = story.staff(
            {node: address}, ready=False, phase="Pending", age=1000, waiting="PodInitializing", init=inits
        )[0]
        story.pod_event(
            name,
            "BackOff",
            f"Back-off restarting failed container install-cni in pod {name}_kube-system(0c44)",
            8,
            930,
            70,
        )
    lines = [
        'time="' + story.ago(26) + '" level=info msg="Running as a Kubernetes pod" source="install.go:145"',
        story.line(
            26,
            "INFO",
            1,
            "cni-installer/<nil> <nil>:",
            'File is already up to date, skipping file="/host/opt/cni/bin/bandwidth"',
        ),
        story.line(26, "INFO", 1, "cni-installer/<nil> <nil>:", "Wrote Calico CNI binaries to /host/opt/cni/bin"),
        "",
        story.line(25.8, "INFO", 1, "cni-installer/<nil> <nil>:", "CNI plugin version: v3.26.1"),
        "",
        story.line(25.8, "INFO", 1, "cni-installer/<nil> <nil>:", "/host/secondary-bin-dir is not writeable, skipping"),
        f"W{story.klog(25.8)}       1 client_config.go:617] Neither --kubeconfig nor --master was specified.  Using the inClusterConfig.  This might not work.",
        story.line(
            25.6, "ERROR", 1, "cni-installer/<nil> <nil>:", f"Unable to create token for CNI kubeconfig error={text}"
        ),
        story.line(
            25.6, "FATAL", 1, "cni-installer/<nil> <nil>:", f"Unable to create token for CNI kubeconfig error={text}"
        ),
    ]
    story.log("", lines, f"{story.pods['kube-wk3']}-install-cni.log")
    ctl = story.other(
        "calico-kube-controllers-7ddc4f45bc-w82fs",
        "kube-wk4",
        "10.244.9.130",
        owner="ReplicaSet/calico-kube-controllers-7ddc4f45bc",
        app="calico-kube-controllers",
        ready=False,
        restarts=9,
        waiting="CrashLoopBackOff",
        last=("Error", 1, 12),
        age=1400,
        image="docker.io/calico/kube-controllers:v3.26.1",
    )
    forbidden = 'error=connection is unauthorized: clusterinformations.crd.projectcalico.org "default" is forbidden: User "system:serviceaccount:kube-system:calico-kube-controllers" cannot get resource "clusterinformations" in API group "crd.projectcalico.org" at the cluster scope'
    story.log(
        ctl,
        [
            story.line(14, "INFO", 1, "main.go 138:", "Failed to initialize datastore " + forbidden),
            story.line(
                13,
                "ERROR",
                1,
                "client.go 295:",
                'Error getting cluster information config ClusterInformation="default" ' + forbidden,
            ),
        ],
    )
    story.describe("kube-wk3")
    story.affected = list(hosts)
    story.cite(f"{story.pods['kube-wk3']}-install-cni.log", 'cannot create resource "serviceaccounts/token"')
    return story


def role_without_network_sets(now: datetime) -> Incident:
    story = incident(
        "role-lost-half-of-its-lines",
        CAUSE,
        "The ClusterRole calico-node was applied again from an old file: network sets, cluster information and endpoint slices are forbidden for calico-node. Felix lists again and again; new pods fail because even the plugin may not read the cluster information.",
        "https://github.com/projectcalico/calico/issues/5834",
        now,
        platform="other",
        calico="v3.21.2",
        kubernetes="v1.23.4",
        registry="docker.io/calico",
        namespace="kube-system",
        difficulty="easy",
    )
    hosts = {f"mgmt-{n}": f"172.20.30.{10 + n}" for n in (1, 2, 3)}
    story.hosts(hosts)
    user = 'User "system:serviceaccount:kube-system:calico-node"'
    node = "mgmt-2"
    for n, (host, address) in enumerate(hosts.items()):
        name = story.staff(
            {host: address}, ready=False, restarts=1, started=2400 + n, age=1_600_000, last=("Error", 137, 2410)
        )[0]
        story.probe(name, FELIX_503, 8, 2350, 230)
    lines = story.boot(node, 2402, [a for h, a in hosts.items() if h != node], prefix=24)[:-1]
    for n in range(40):
        ago = 2398 - 58 * n
        for kind, group in (("networksets", "crd.projectcalico.org"), ("endpointslices", "discovery.k8s.io")):
            root = (
                f"/calico/resources/v3/projectcalico.org/{kind}"
                if "proj" in group
                else "/calico/resources/v3/projectcalico.org/kubernetesendpointslices"
            )
            lines += [
                story.say(
                    ago, "INFO", 95, "felix", "watchercache.go 174:", f'Full resync is required ListRoot="{root}"'
                ),
                story.say(
                    ago,
                    "INFO",
                    95,
                    "felix",
                    "watchercache.go 186:",
                    f'Failed to perform list of current data during resync ListRoot="{root}" error=connection is unauthorized: {kind}.{group} is forbidden: {user} cannot list resource "{kind}" in API group "{group}" at the cluster scope',
                ),
            ]
    story.log(story.pods[node], lines)
    error = f'error getting ClusterInformation: connection is unauthorized: clusterinformations.crd.projectcalico.org "default" is forbidden: {user} cannot get resource "clusterinformations" in API group "crd.projectcalico.org" at the cluster scope'
    story.stuck("argocd-server-6b9f4c8d5-k7x2z", node, error, 18, 2100, 130, namespace="argocd", form="old")
    story.describe(node)
    story.commands["describe-argocd.txt"] = "describe pod -n argocd argocd-server-6b9f4c8d5-k7x2z"
    story.affected = list(hosts)
    story.cite(f"{story.pods[node]}.log", 'cannot list resource "networksets"')
    return story


STORIES = [bindings_name_another_namespace, role_without_network_sets]
