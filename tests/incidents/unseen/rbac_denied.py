"""rbac-denied: told without having seen the rules."""

from __future__ import annotations

from datetime import datetime

import cluster
from cluster import container
from telling import FELIX_503, FELIX_REFUSED, SOCKET, Incident, incident, node_status, wrapped

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


# told on 29 November 2026 without having seen the rules
def canal_was_given_calico_ipam(now: datetime) -> Incident:
    story = incident(
        "canal-may-not-read-the-ipam-configuration",
        CAUSE,
        "Canal: somebody changed the plugin's ipam from host-local to calico-ipam; the ClusterRole of canal's account has no rule for ipamconfigs, so every new sandbox is forbidden. Both containers of each canal pod are ready, old pods run, nodes are Ready.",
        "https://github.com/projectcalico/calico/issues/3776",
        now,
        platform="other",
        calico="v3.13.3",
        kubernetes="v1.17.13",
        namespace="kube-system",
        registry="calico",
        difficulty="medium",
        acceptable=["invalid-calico-config"],
    )
    hosts = {"orcl-m1": "192.168.56.101", "orcl-w1": "192.168.56.111", "orcl-w2": "192.168.56.112"}
    story.hosts(
        hosts,
        age=5_000_000,
        os_image="Oracle Linux Server 7.8",
        kernel="4.14.35-1902.301.1.el7uek.x86_64",
        runtime="docker://19.3.1-ol",
    )
    made = {}
    for n, node in enumerate(hosts):
        made[node] = f"canal-{('4xkq7', 'j9vtb', 'wz2mc')[n]}"
        item = cluster.pod(
            story, made[node], node,
            [container(story, "calico-node", "calico/node:v3.13.3", started=4_000_000), container(story, "kube-flannel", "quay.io/coreos/flannel:v0.11.0", started=4_000_000)],
            [container(story, "install-cni", "calico/cni:v3.13.3", done=True, started=4_000_010)], "kube-system", "DaemonSet/canal", "canal", age=4_000_030,
        )  # fmt: skip
        item["status"] |= {"podIP": hosts[node], "hostIP": hosts[node], "podIPs": [{"ip": hosts[node]}]}
    for node in story.objects["Node"]:
        own = node["metadata"]["name"]
        node["metadata"]["annotations"] = {
            "flannel.alpha.coreos.com/backend-type": "vxlan",
            "flannel.alpha.coreos.com/public-ip": hosts[own],
        }
    denied = 'connection is unauthorized: ipamconfigs.crd.projectcalico.org "default" is forbidden: User "system:serviceaccount:kube-system:canal" cannot get resource "ipamconfigs" in API group "crd.projectcalico.org" at the cluster scope'
    for name, node in (
        ("erp-batch-58f6c7d9b4-qk2ts", "orcl-w1"),
        ("erp-batch-58f6c7d9b4-vb8lr", "orcl-w2"),
        ("mail-0", "orcl-w2"),
    ):
        story.stuck(name, node, denied, 11, 3_400, 260, namespace="erp", form="docker")
    story.other(
        "erp-web-6f8c5d7b9-rs4jw",
        "orcl-w1",
        "10.244.1.31",
        "erp",
        "ReplicaSet/erp-web-6f8c5d7b9",
        app="erp-web",
        age=3_900_000,
        started=3_899_000,
    )
    lines = []
    for n in range(6):
        ago = 5_200 - 900 * n
        lines += [
            *story.quiet(ago, ago - 500, 250, 52),
            story.line(ago - 620, "INFO", 52, "int_dataplane.go 926:", 'Linux interface state changed. ifIndex=' + str(41 + n) + ' ifaceName="cali' + f'{0x5C1E20 + 977 * n:011x}' + '" state="down"'),
        ]  # fmt: skip
    story.log(made["orcl-w2"], lines, "canal-wz2mc_calico-node.log")
    kubelet = []
    for n in range(10):
        ago = 210 - 21 * n
        kubelet.append(
            f"{story.syslog(ago)} orcl-w2 kubelet[6127]: {story.stamp(ago)} [ERROR][{20417 + 131 * n}] plugin.go 148: Final result of CNI ADD was an error. error={denied}"
        )
        if n % 3 == 1:
            kubelet.append(
                f"{story.syslog(ago - 1)} orcl-w2 kubelet[6127]: E{story.klog(ago - 1)}    6127 cni.go:364] Error adding erp_mail-0/0b7a1c5e2d to network calico/k8s-pod-network: {denied}"
            )
    story.texts["journal-kubelet-orcl-w2.txt"] = "\n".join(kubelet) + "\n"
    story.texts["canal-config-excerpt.yaml"] = (
        'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: canal-config\n  namespace: kube-system\ndata:\n  canal_iface: ""\n  masquerade: "true"\n  cni_network_config: |-\n'
        '    {\n      "name": "k8s-pod-network",\n      "cniVersion": "0.3.1",\n      "plugins": [\n        {\n          "type": "calico",\n          "datastore_type": "kubernetes",\n          "ipam": {\n              "type": "calico-ipam"\n          },\n          "policy": {"type": "k8s"}\n        }\n      ]\n    }\n'
    )
    story.commands = {
        "pods.txt": "get pods -A -o wide", "nodes.txt": "get nodes -o wide", "describe-mail-0.txt": "describe pod -n erp mail-0",
        "describe-canal-wz2mc.txt": "describe pod -n kube-system canal-wz2mc",
    }  # fmt: skip
    story.affected = ["orcl-w1", "orcl-w2"]
    story.cite("journal-kubelet-orcl-w2.txt", 'ipamconfigs.crd.projectcalico.org "default" is forbidden')
    return story


def controllers_may_not_read_their_own_settings(now: datetime) -> Incident:
    story = incident(
        "controllers-forbidden-their-own-configuration",
        CAUSE,
        "kubespray raised the images to v3.14 with the ClusterRole of before: calico-kube-controllers may not read KubeControllersConfiguration and is never ready, which stops the playbook ('timed out waiting for calico'). calico-node and its sessions are fine on every host; one old readiness miss is of the rollout.",
        "https://github.com/kubernetes-sigs/kubespray/issues/6275",
        now,
        platform="other",
        calico="v3.14.1",
        kubernetes="v1.18.4",
        namespace="kube-system",
        registry="docker.io/calico",
        difficulty="easy",
        acceptable=["crd-or-version-mismatch"],
    )
    hosts = {f"ubi-{n}": f"10.200.32.{n}" for n in (11, 12, 21, 22)}
    story.hosts(
        hosts, age=9_000_000, os_image="Ubuntu 18.04.4 LTS", kernel="4.15.0-106-generic", runtime="docker://19.3.8"
    )
    names = story.staff(hosts, started=5_000, age=5_030)
    for i, name in enumerate(names):
        story.not_established(
            name, [a for n, a in hosts.items() if n != list(hosts)[i]][-1:], 4_970, 4_985, 2, established=2
        )
    user = 'User "system:serviceaccount:kube-system:calico-kube-controllers"'
    ctl = story.other(
        "calico-kube-controllers-79c9d6fdb5-mcv8n", "ubi-12", "10.233.90.3", owner="ReplicaSet/calico-kube-controllers-79c9d6fdb5", app="calico-kube-controllers",
        image="docker.io/calico/kube-controllers:v3.14.1", ready=False, restarts=0, started=4_900, age=4_930,
    )  # fmt: skip
    story.pod_event(ctl, "Unhealthy", "Readiness probe failed: initialized to false", 7, 4_880, 488)
    lines = [
        story.line(
            4_898,
            "INFO",
            1,
            "main.go 88:",
            'Loaded configuration from environment config=&config.Config{LogLevel:"info", WorkloadEndpointWorkers:1, ProfileWorkers:1, PolicyWorkers:1, NodeWorkers:1, Kubeconfig:"", DatastoreType:"kubernetes"}',
        ),
        f"W{story.klog(4_898)}       1 client_config.go:543] Neither --kubeconfig nor --master was specified.  Using the inClusterConfig.  This might not work.",
        story.line(4_897, "INFO", 1, "main.go 109:", "Ensuring Calico datastore is initialized"),
        story.line(4_897, "INFO", 1, "main.go 149:", "Getting initial config snapshot from datastore"),
    ]
    lines += [
        story.line(4_896 - 134 * n, "WARNING", 1, "runconfig.go 154:", f'unable to get KubeControllersConfiguration(default) error=connection is unauthorized: kubecontrollersconfigurations.crd.projectcalico.org "default" is forbidden: {user} cannot get resource "kubecontrollersconfigurations" in API group "crd.projectcalico.org" at the cluster scope')
        for n in range(36)
    ]  # fmt: skip
    story.log(ctl, lines)
    log = story.boot("ubi-21", 5_000, [a for n, a in hosts.items() if n != "ubi-21"], interface="ens3", prefix=24)
    story.log(story.pods["ubi-21"], [*log, "bird: Graceful restart done", *story.quiet(4_800, 20, 700)])
    story.texts["ansible-tail.txt"] = (
        "TASK [kubernetes-apps/policy_controller/calico : Start of Calico kube controllers] ***********************\nok: [ubi-11] => (item=calico-kube-controllers.yml)\n"
        'FAILED - RETRYING: Wait for calico-kube-controllers to be ready (1 retries left).\nfatal: [ubi-11]: FAILED! => {"attempts": 30, "changed": false, "stdout": "0"}\n'
    )
    story.texts["calicoctl-node-status-ubi-21.txt"] = node_status(
        [(a, "up", story.stamp(4_990)[11:19], "Established") for n, a in hosts.items() if n != "ubi-21"]
    )
    story.describe("ubi-21")
    story.commands["describe-kube-controllers.txt"] = f"describe pod -n kube-system {ctl}"
    story.affected = []
    story.cite(f"{ctl}.log", 'kubecontrollersconfigurations.crd.projectcalico.org "default" is forbidden')
    return story


STORIES = [
    bindings_name_another_namespace,
    role_without_network_sets,
    typha_is_not_to_be_found,
    hardening_took_the_status,
    canal_was_given_calico_ipam,
    controllers_may_not_read_their_own_settings,
]
