"""rbac-denied: told without having seen the rules."""

from __future__ import annotations

from datetime import datetime

from cluster import container
from telling import FELIX_503, FELIX_REFUSED, SOCKET, Incident, incident, wrapped

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


USER = 'User "system:serviceaccount:{}:calico-node"'


def typha_is_not_to_be_found(now: datetime) -> Incident:
    story = incident(
        "own-chart-without-endpointslices",
        CAUSE,
        "A home-made chart raised the images to v3.22 but kept its ClusterRole of v3.17: calico-node may list Endpoints, not EndpointSlices, by which this release looks for Typha. felix and confd of every restarted node exit; the typha pods themselves are fine, the two nodes not yet restarted run on.",
        "https://github.com/projectcalico/calico/issues/4848",
        now,
        platform="other",
        calico="v3.22.2",
        kubernetes="v1.22.9",
        registry="registry.example.com/mirror/calico",
        namespace="kube-system",
        difficulty="medium",
    )
    hosts = {f"prod-w{n}": f"10.31.0.{50 + n}" for n in range(1, 7)}
    old = ["prod-w5", "prod-w6"]
    story.hosts(
        hosts,
        os_image="Flatcar Container Linux by Kinvolk 3139.2.1 (Oklo)",
        kernel="5.15.37-flatcar",
        runtime="containerd://1.5.11",
    )
    bad = [h for h in hosts if h not in old]
    story.staff(
        {h: hosts[h] for h in old},
        image="registry.example.com/mirror/calico/node:v3.17.5",
        cni_image="registry.example.com/mirror/calico/cni:v3.17.5",
        started=3_000_000,
        age=3_000_060,
    )
    for n, host in enumerate(bad):
        name = story.staff(
            {host: hosts[host]},
            ready=False,
            restarts=3,
            age=1900 - 200 * n,
            started=160 + 20 * n,
            last=("Error", 137, 165 + 20 * n),
        )[0]
        story.probe(name, FELIX_REFUSED, 7, 1700 - 200 * n, 55)
    story.typha("prod-w1", started=1950)
    story.typha("prod-w5", "kt2mz", started=1940)
    for pod in story.objects["Pod"][-2:]:
        pod["metadata"]["creationTimestamp"] = pod["status"]["startTime"] = story.ago(1960)
    node = bad[1]
    denied = f'endpointslices.discovery.k8s.io is forbidden: {USER.format("kube-system")} cannot list resource "endpointslices" in API group "discovery.k8s.io" in the namespace "kube-system"'
    lines = story.boot(node, 181, (), prefix=24, interface="eno1", bird=False)[:-1]
    for n in range(14):
        ago, pid = 178 - 12 * n, 64 + 120 * n
        lines += [
            story.say(ago, "INFO", pid, "felix", "daemon.go 230:", 'Connecting to datastore datastore="kubernetes"'),
            story.say(ago - 0.2, "ERROR", pid, "felix", "discovery.go 174:", f"Unable to get Typha service endpoints from Kubernetes. error={denied}"),
            story.say(ago - 0.2, "ERROR", pid, "felix", "daemon.go 286:", f"Typha discovery enabled but discovery failed. error={denied}"),
            story.say(ago - 5, "ERROR", pid + 20, "confd", "discovery.go 174:", f"Unable to get Typha service endpoints from Kubernetes. error={denied}"),
            story.say(ago - 5, "FATAL", pid + 20, "confd", "client.go 271:", f"Typha discovery enabled but discovery failed. error={denied}"),
        ]  # fmt: skip
    story.log(story.pods[node], wrapped(story, lines, "stamps"))
    story.describe(node)
    story.affected = bad
    story.cite(f"{story.pods[node]}.log", 'cannot list resource "endpointslices"')
    return story


def hardening_took_the_status(now: datetime) -> Incident:
    story = incident(
        "security-review-removed-nodes-status",
        CAUSE,
        "VPC: after a security review someone took 'patch nodes/status' out of the ClusterRole calico-node. Nothing happens until a pod starts: on the two workers replaced since then the start-up cannot clear NetworkUnavailable (403), gives up after 30 seconds and ends; the others run on.",
        "https://github.com/projectcalico/calico/blob/v3.28.2/node/pkg/lifecycle/utils/utils.go",
        now,
        platform="vpc",
        calico="v3.28.3",
        kubernetes="v1.31.5+IKS",
        difficulty="easy",
    )
    nodes = story.workers([f"10.242.128.{n}" for n in (5, 8, 9)])
    new = story.workers(
        [f"10.242.128.{n}" for n in (21, 22)],
        age=4200,
        since=4100,
        calico_up=False,
        taints=[("node.kubernetes.io/network-unavailable", "NoSchedule")],
    )
    story.agents(nodes, started=1_500_000)
    story.typha(nodes[0], started=1_500_000)
    story.typha(nodes[2], "s6w8b", started=1_500_000)
    for n, node in enumerate(new):
        name = story.agents(
            [node], ready=False, restarts=12, waiting="CrashLoopBackOff", last=("Error", 1, 95 + 30 * n), age=4150
        )[0]
        story.probe(name, SOCKET, 97 + 30 * n, 4000, 25)
        story.pod_event(
            name,
            "BackOff",
            f"Back-off restarting failed container calico-node in pod {name}_calico-system(4c{n}8)",
            4,
            3900,
            160,
        )
    me = new[0]
    name = story.pods[me]
    denied = f'nodes "{me}" is forbidden: {USER.format("calico-system")} cannot patch resource "nodes/status" in API group "" at the cluster scope'
    lines = story.boot(me, 127)[:12]
    lines += [
        story.say(
            126.6 - 0.75 * n,
            "WARNING",
            9,
            "startup",
            "utils.go 228:",
            f"Failed to set NetworkUnavailable; will retry error={denied}",
        )
        for n in range(40)
    ]
    lines += [
        story.say(96.2, "ERROR", 9, "startup", "startup.go 229:", f"Unable to set NetworkUnavailable to False error=timed out patching node, last error was: {denied}"),
        story.say(96.1, "WARNING", 9, "startup", "utils.go 49:", "Terminating"),
        "Calico node failed to start",
    ]  # fmt: skip
    story.log(name, lines, f"{name}-previous.log")
    story.describe(me)
    story.texts["can-i.txt"] = (
        "$ kubectl auth can-i patch nodes/status --as system:serviceaccount:calico-system:calico-node\nno\n"
        "$ kubectl auth can-i get nodes --as system:serviceaccount:calico-system:calico-node\nyes\n"
    )
    story.affected = new
    story.cite(f"{name}-previous.log", 'cannot patch resource "nodes/status"')
    return story


STORIES = [
    bindings_name_another_namespace,
    role_without_network_sets,
    typha_is_not_to_be_found,
    hardening_took_the_status,
]
