"""daemonset-missing: the first two told without having seen the rules, the others by the rules' author from public threads."""

from __future__ import annotations

from datetime import datetime

from cluster import NO_CNI, event
from telling import Incident, incident

CAUSE = "daemonset-missing"


def no_address(story: Incident) -> None:
    """The pod told last has no address yet."""
    status = story.objects["Pod"][-1]["status"]
    status |= {"podIPs": []}
    del status["podIP"]


def installation_was_deleted(now: datetime) -> Incident:
    story = incident(
        "installation-deleted-and-stuck-in-its-finalizer",
        CAUSE,
        "Somebody deleted the Installation 'default'; the operator removed the daemonset calico-node with all its pods and waits in a finalizer. No worker has a calico-node, nodes that were rebooted since have no network; typha and kube-controllers are gone too.",
        "https://github.com/projectcalico/calico/issues/9066",
        now,
        platform="other",
        calico="v3.27.0",
        kubernetes="v1.28.11",
        registry="docker.io/calico",
        difficulty="medium",
    )
    hosts = {f"ip-10-42-{a}-{b}.ec2.internal": f"10.42.{a}.{b}" for a, b in ((11, 27), (11, 93), (12, 140), (13, 8))}
    names = list(hosts)
    story.hosts(
        {k: hosts[k] for k in names[:3]},
        os_image="Amazon Linux 2",
        kernel="5.10.220-209.869.amzn2.x86_64",
        runtime="containerd://1.7.11",
    )
    story.hosts(
        {names[3]: hosts[names[3]]},
        ready=NO_CNI,
        since=1900,
        calico_up=False,
        taints=(("node.kubernetes.io/not-ready", "NoSchedule"),),
        os_image="Amazon Linux 2",
        kernel="5.10.220-209.869.amzn2.x86_64",
        runtime="containerd://1.7.11",
    )
    for i, node in enumerate(hosts):
        story.other(f"kube-proxy-{'bdfh'[i]}x2k9", node, restarts=i // 3)
        gone = f"calico-node-{'kmpr'[i]}7s2z"
        event(
            story,
            "DaemonSet",
            "calico-node",
            "SuccessfulDelete",
            f"Deleted pod: {gone}",
            3300,
            type_="Normal",
            source="daemonset-controller",
        )
        event(story, "Pod", gone, "Killing", "Stopping container calico-node", 3300, type_="Normal")
    story.node_event(
        names[3], "Rebooted", f"Node {names[3]} has been rebooted, boot id: 0c7be1b2-9a2f-4ea3-9f4e-6c1d9d8b2a10", 1950
    )
    story.other(
        "tigera-operator-55585899bf-9dlw4",
        names[0],
        namespace="tigera-operator",
        owner="ReplicaSet/tigera-operator-55585899bf",
        image="quay.io/tigera/operator:v1.32.3",
    )
    web = story.other(
        "web-5d8f7c9b6-hq2mz",
        names[3],
        "none",
        "default",
        "ReplicaSet/web-5d8f7c9b6",
        ready=False,
        phase="Pending",
        waiting="ContainerCreating",
        age=1800,
    )
    no_address(story)
    story.pod_event(
        web,
        "NetworkNotReady",
        "network is not ready: container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized",
        2,
        1790,
        890,
        namespace="default",
    )
    story.texts["get-ds.txt"] = (
        "NAMESPACE     NAME         DESIRED   CURRENT   READY   UP-TO-DATE   AVAILABLE   NODE SELECTOR   AGE\nkube-system   aws-node     0         0         0       0            0           none=none       20d\nkube-system   kube-proxy   4         4         4       4            4           <none>          20d\n"
    )
    story.texts["installation.yaml"] = (
        f'apiVersion: operator.tigera.io/v1\nkind: Installation\nmetadata:\n  creationTimestamp: "{story.ago(1_700_000)}"\n  deletionGracePeriodSeconds: 0\n  deletionTimestamp: "{story.ago(3310)}"\n  finalizers:\n  - tigera.io/operator-cleanup\n  generation: 4\n  name: default\nspec:\n  calicoNetwork:\n    bgp: Enabled\n  cni:\n    type: Calico\n  variant: Calico\nstatus:\n  variant: Calico\n'
    )
    op = '"logger":"controller_installation","Request.Namespace":"","Request.Name":"default"'
    story.texts["tigera-operator.log"] = "".join(
        f'{{"level":"{lv}","ts":"{story.ago(t)}",{op},"msg":"{m}"}}\n'
        for lv, t, m in (
            ("info", 3309, "Installation object is terminating"),
            ("info", 3308, "Reconciling Installation.operator.tigera.io"),
            ("info", 3240, "calico-system/calico-kube-controllers is terminated"),
            ("info", 1200, "Waiting for cleanup before removing finalizer"),
            ("info", 60, "Waiting for cleanup before removing finalizer"),
        )
    )
    story.commands = {
        "nodes.txt": "get nodes -o wide",
        "pods.txt": "get pods -A -o wide",
        "describe-node.txt": f"describe node {names[3]}",
    }
    story.events()
    story.affected = names
    story.cite("events.txt", "Deleted pod: calico-node-")
    return story


def pruned_by_the_deployment_tool(now: datetime) -> Incident:
    story = incident(
        "gitops-removed-what-the-repository-no-longer-has",
        CAUSE,
        "A folder was renamed in the repository and the deployment tool pruned the daemonset calico-node of kube-system; all agents ended in the same second. Nodes still pass old traffic, new pods hang; kube-controllers and the configuration are left.",
        "https://fluxcd.io/flux/components/kustomize/kustomizations/#prune",
        now,
        platform="other",
        calico="v3.30.2",
        kubernetes="v1.33.1",
        namespace="kube-system",
        registry="quay.io/calico",
        difficulty="easy",
    )
    hosts = {f"tal-{n}": f"10.27.0.{100 + n}" for n in range(1, 5)}
    story.hosts(hosts, os_image="Talos (v1.10.4)", kernel="6.12.31-talos", runtime="containerd://2.0.5")
    for node in hosts:
        story.other(f"kube-proxy-{node[-1]}7kdz", node)
    story.other(
        "calico-kube-controllers-6cc5fcc8d4-zr2mq",
        "tal-2",
        "10.244.9.5",
        owner="ReplicaSet/calico-kube-controllers-6cc5fcc8d4",
        app="calico-kube-controllers",
        image="quay.io/calico/kube-controllers:v3.30.2",
    )
    stuck = story.stuck(
        "site-6d9f7c8b5-xk4vz",
        "tal-3",
        "stat /var/lib/calico/nodename: no such file or directory: check that the calico/node container is running and has mounted /var/lib/calico/",
        8,
        2300,
        160,
    )
    for i in range(len(hosts)):
        gone = f"calico-node-{'bkrx'[i]}9t4{'mnpq'[i]}"
        event(
            story,
            "Pod",
            gone,
            "Killing",
            "Stopping container calico-node",
            2400,
            type_="Normal",
            namespace="kube-system",
        )
    story.texts["kustomize-controller.log"] = "".join(
        '{"level":"info","ts":"'
        + story.stamp(at).replace(" ", "T")
        + 'Z","msg":"'
        + text
        + '","controller":"kustomization","Kustomization":{"name":"infra","namespace":"flux-system"}'
        + more
        + "}\n"
        for at, text, more in (
            (
                3000,
                "server-side apply completed",
                ',"output":{"ConfigMap/kube-system/calico-config":"unchanged","DaemonSet/kube-system/calico-node":"unchanged"}',
            ),
            (2401, "server-side apply completed", ',"output":{"ConfigMap/kube-system/calico-config":"unchanged"}'),
            (
                2400,
                "garbage collection completed: DaemonSet/kube-system/calico-node deleted",
                ',"revision":"main@sha1:5d0f8ce1"',
            ),
        )
    )
    story.texts["describe-ds-calico-node.txt"] = (
        'Error from server (NotFound): daemonsets.apps "calico-node" not found\n'
    )
    story.texts["get-ds-kube-system.txt"] = (
        "NAME         DESIRED   CURRENT   READY   UP-TO-DATE   AVAILABLE   NODE SELECTOR            AGE\nkube-proxy   4         4         4       4            4           kubernetes.io/os=linux   19d\n"
    )
    story.commands = {
        "nodes.txt": "get nodes -o wide",
        "pods.txt": "get pods -A -o wide",
        "describe-node-tal-3.txt": "describe node tal-3",
        "describe-site.txt": f"describe pod {stuck}",
    }
    story.events()
    story.affected = list(hosts)
    story.cite("describe-ds-calico-node.txt", 'daemonsets.apps "calico-node" not found')
    return story


def selector_that_fits_no_worker(now: datetime) -> Incident:
    story = incident(
        "daemonset-listed-and-gone-in-the-next-output",
        CAUSE,
        "An administrator cleaned up 'old' objects: get ds -A lists kube-proxy and the CSI driver but no calico-node; not one calico-node pod in the list of all pods, the audit log names the delete; kube-controllers still runs. Workers turn NotReady as their CNI configuration goes.",
        "https://github.com/projectcalico/calico/issues/3187",
        now,
        platform="other",
        calico="v3.24.1",
        kubernetes="v1.25.4",
        namespace="kube-system",
        registry="docker.io/calico",
    )
    hosts = {f"w{n}": f"172.18.40.{n}" for n in (1, 2, 3)}
    story.hosts(hosts, calico_up=False, since=1700)
    for host in hosts:
        story.other(
            f"kube-proxy-{host}x4p",
            host,
            owner="DaemonSet/kube-proxy",
            app="kube-proxy",
            image="registry.k8s.io/kube-proxy:v1.25.4",
        )
    story.other(
        "calico-kube-controllers-7d6749878f-9wq2r",
        "w1",
        "10.244.190.4",
        owner="ReplicaSet/calico-kube-controllers-7d6749878f",
        app="calico-kube-controllers",
        image="docker.io/calico/kube-controllers:v3.24.1",
    )
    for name in ("kube-proxy", "csi-rbd-plugin"):
        story.add("DaemonSet", {"metadata": {"name": name, "namespace": "kube-system", "creationTimestamp": story.ago(20_000_000), "uid": f"ds-{name}", "labels": {}, "generation": 1},
                                "spec": {"selector": {"matchLabels": {"k8s-app": name}}, "template": {"metadata": {"labels": {"k8s-app": name}}, "spec": {"containers": [{"name": name, "image": f"registry.k8s.io/{name}:v1"}]}}, "updateStrategy": {"type": "RollingUpdate"}},
                                "status": {"desiredNumberScheduled": 3, "currentNumberScheduled": 3, "numberReady": 3, "updatedNumberScheduled": 3, "numberAvailable": 3, "numberMisscheduled": 0, "observedGeneration": 1}})  # fmt: skip
    story.stuck(
        "shop-6c9f7d5b8-m2x9v",
        "w2",
        "stat /var/lib/calico/nodename: no such file or directory: check that the calico/node container is running and has mounted /var/lib/calico/",
        20,
        1500,
        44,
    )
    story.commands |= {
        "nodes.txt": "get nodes -o wide",
        "pods.txt": "get pods -A -o wide",
        "ds.txt": "get ds -A -o wide",
        "describe-nodes.txt": "describe nodes",
        "describe-pod-shop.txt": "describe pod -n default shop-6c9f7d5b8-m2x9v",
    }
    story.affected = list(hosts)
    story.cite("describe-pod-shop.txt", "check that the calico/node container is running")
    return story


def removed_with_the_operator(now: datetime) -> Incident:
    story = incident(
        "installation-deleted-by-mistake",
        CAUSE,
        "On a ROKS cluster somebody ran an uninstall script: the Installation is gone, the operator removed calico-system's daemonset, only tigera-operator runs. No calico-node pod anywhere, all workers say CalicoIsDown, pods get no network.",
        "https://github.com/tigera/operator/issues/2031",
        now,
        platform="roks",
        calico="v3.26.3",
        kubernetes="v1.29.10+67d3387",
        acceptable=["operator-migration-incomplete"],
    )
    nodes = story.workers([f"10.45.77.{n}" for n in (20, 21, 24)], calico_up=False, since=2600)
    story.other(
        "tigera-operator-6f9b8c7d5-pq4zz",
        nodes[0],
        namespace="tigera-operator",
        owner="ReplicaSet/tigera-operator-6f9b8c7d5",
        app="tigera-operator",
        image="icr.io/ext/tigera/operator:v1.30.7",
    )
    story.log("tigera-operator-6f9b8c7d5-pq4zz", [
        '{"level":"info","ts":"' + story.ago(2700) + '","logger":"controller_installation","msg":"Reconciling Installation.operator.tigera.io","Request.Namespace":"","Request.Name":"default"}',
        '{"level":"info","ts":"' + story.ago(2690) + '","logger":"controller_installation","msg":"Installation object is terminating","Request.Namespace":"","Request.Name":"default"}',
        '{"level":"info","ts":"' + story.ago(2650) + '","logger":"controller_installation","msg":"Installation config not found","Request.Namespace":"","Request.Name":"default"}',
    ])  # fmt: skip
    for node in nodes:
        story.node_event(node, "CalicoShutdown", "Calico is shutting down on this node", 2600, type_="Normal")
    story.stuck(
        "router-default-7d9f6b5c4-x8x2k",
        nodes[1],
        "error getting ClusterInformation: connection is unauthorized: Unauthorized",
        12,
        2000,
        90,
        namespace="openshift-ingress",
        form="crio",
    )
    story.commands |= {
        "nodes.txt": "get nodes -o wide",
        "pods.txt": "get pods -A -o wide",
        "ds.txt": "get ds -A",
        "describe-nodes.txt": "describe nodes",
        "describe-pod-router.txt": "describe pod -n openshift-ingress router-default-7d9f6b5c4-x8x2k",
    }
    story.affected = nodes
    story.cite("describe-nodes.txt", "CalicoIsDown")
    return story


# told on 29 November 2026 without having seen the rules
def distribution_was_told_to_have_no_network(now: datetime) -> Incident:
    story = incident(
        "rke2-setting-none-uninstalled-the-chart",
        CAUSE,
        "On the server `cni: calico` became `cni: none`; at its restart RKE2's helm controller removed the chart rke2-calico, so no calico-node daemonset or pod is left. Old pods still talk over what the kernel keeps; new ones hang. The completed uninstall job and the list of daemonsets tell.",
        "https://github.com/rancher/rke2/issues/7393",
        now,
        platform="other",
        calico="v3.29.1",
        kubernetes="v1.30.7+rke2r1",
        registry="docker.io/rancher/mirrored-calico",
        difficulty="medium",
    )
    hosts = {"rk-srv1": "10.31.4.11", "rk-agt1": "10.31.4.21", "rk-agt2": "10.31.4.22", "rk-agt3": "10.31.4.23"}
    story.hosts(
        hosts,
        calico_up=False,
        since=4_980,
        os_image="Ubuntu 22.04.5 LTS",
        kernel="6.8.0-1019-aws",
        runtime="containerd://1.7.23-k3s2",
    )
    for item in story.objects["Node"]:
        item["status"]["conditions"][-1]["lastTransitionTime"] = story.ago(1_700_000)
    for i, node in enumerate(hosts):
        story.other(
            f"kube-proxy-{node}",
            node,
            owner=f"Node/{node}",
            app="kube-proxy",
            image="index.docker.io/rancher/hardened-kubernetes:v1.30.7-rke2r1",
            restarts=i // 3,
        )
        story.other(
            f"rke2-ingress-nginx-controller-{'bgkr'[i]}4x9{'dfhm'[i]}",
            node,
            f"10.42.{11 + i}.5",
            app="rke2-ingress-nginx-controller",
        )
    for app in ("etcd", "kube-apiserver", "kube-scheduler", "kube-controller-manager"):
        story.other(
            f"{app}-rk-srv1",
            "rk-srv1",
            owner="Node/rk-srv1",
            app=app,
            started=5_030,
            restarts=1,
            last=("Error", 1, 5_040),
        )
    job = story.other(
        "helm-delete-rke2-calico-q7xkz",
        "rk-srv1",
        owner="Job/helm-delete-rke2-calico",
        app="helm",
        image="rancher/klipper-helm:v0.9.3-build20241008",
        phase="Succeeded",
        age=5_010,
        ready=False,
        started=5_008,
        done=True,
    )
    crd = story.other(
        "helm-delete-rke2-calico-crd-d2vnm",
        "rk-srv1",
        owner="Job/helm-delete-rke2-calico-crd",
        app="helm",
        image="rancher/klipper-helm:v0.9.3-build20241008",
        phase="Failed",
        age=5_005,
        ready=False,
        waiting="Error",
    )
    story.log(job, [
        "if [[ ${KUBERNETES_SERVICE_HOST} =~ .*:.* ]]; then", "echo 'KUBERNETES_SERVICE_HOST is using IPv6'", "set +v -x", "+ cp /var/run/secrets/kubernetes.io/serviceaccount/ca.crt /usr/local/share/ca-certificates/",
        "+ helm_update delete --namespace kube-system", "+ [[ helm_v3 == \\h\\e\\l\\m\\_\\v\\3 ]]", "++ helm_v3 ls --all -f '^rke2-calico$' --namespace kube-system --output json", "+ STATUS=deployed",
        "+ helm_v3 uninstall rke2-calico --namespace kube-system", 'release "rke2-calico" uninstalled', "+ exit",
    ])  # fmt: skip
    stuck = story.stuck(
        "billing-84f9c6d7b5-lq8sx",
        "rk-agt2",
        "stat /var/lib/calico/nodename: no such file or directory: check that the calico/node container is running and has mounted /var/lib/calico/",
        9,
        4_400,
        301,
        namespace="billing",
    )
    for name, count in (("rke2-ingress-nginx-controller", 4),):
        story.add("DaemonSet", {"metadata": {"name": name, "namespace": "kube-system", "creationTimestamp": story.ago(1_700_000), "uid": f"ds-{name}", "labels": {}, "generation": 1},
                                "spec": {"selector": {"matchLabels": {"k8s-app": name}}, "template": {"metadata": {"labels": {"k8s-app": name}}, "spec": {"containers": [{"name": name, "image": "rancher/nginx-ingress-controller:v1.10.5-hardened4"}]}}, "updateStrategy": {"type": "RollingUpdate"}},
                                "status": {"desiredNumberScheduled": count, "currentNumberScheduled": count, "numberReady": count, "updatedNumberScheduled": count, "numberAvailable": count, "numberMisscheduled": 0, "observedGeneration": 1}})  # fmt: skip
    story.texts["config.yaml"] = (
        '# /etc/rancher/rke2/config.yaml\nwrite-kubeconfig-mode: "0640"\ntls-san:\n- rke.corp.example\ncni: none\ndisable-cloud-controller: true\n'
    )
    story.commands = {
        "nodes.txt": "get nodes -o wide",
        "pods.txt": "get pods -A -o wide",
        "ds.txt": "get ds -A",
        "describe-node.txt": "describe node rk-agt2",
        "describe-billing.txt": f"describe pod -n billing {stuck}",
        "describe-helm-crd.txt": f"describe pod -n kube-system {crd}",
    }
    story.affected = list(hosts)
    story.cite(f"{job}.log", 'release "rke2-calico" uninstalled')
    story.cite("ds.txt", "DESIRED")
    return story


def namespace_removed_while_the_operator_was_off(now: datetime) -> Incident:
    story = incident(
        "calico-system-emptied-with-the-operator-at-zero",
        CAUSE,
        "IKS: during a clean-up tigera-operator was scaled to 0 and the namespace calico-system deleted and recreated empty, so nothing makes the daemonset again. No calico-node on any worker, CalicoIsDown on all within a minute; the tigerastatus is a day old and still says Available.",
        "https://docs.tigera.io/calico/latest/operations/operator-migration (the operator owns calico-system)",
        now,
        platform="classic",
        calico="v3.29.4",
        kubernetes="v1.32.3+IKS",
        difficulty="hard",
    )
    nodes = story.workers([f"10.184.77.{n}" for n in (130, 133, 141, 150)], calico_up=False, since=7_180)
    for item in story.objects["Node"]:
        item["status"]["conditions"][-1]["lastTransitionTime"] = story.ago(1_600_000)
    for node in nodes:
        story.other(f"ibm-keepalived-watcher-{node[-3:]}tz", node, app="ibm-keepalived-watcher")
        story.other(f"ibm-master-proxy-static-{node}", node, owner=f"Node/{node}", app="ibm-master-proxy-static")
        story.other(
            f"konnectivity-agent-{node[-3:]}rb",
            node,
            f"172.30.{node[-3:]}.4",
            app="konnectivity-agent",
            ready=node != nodes[3],
        )
    stuck = story.stuck(
        "reports-6d9b7f8c4-v2tqk",
        nodes[3],
        "stat /var/lib/calico/nodename: no such file or directory: check that the calico/node container is running and has mounted /var/lib/calico/",
        31,
        6_600,
        444,
        namespace="apps",
    )
    story.texts["terminal.txt"] = (
        "$ kubectl get ns\nNAME              STATUS   AGE\napps              Active   310d\ncalico-system     Active   118m\ndefault           Active   402d\nibm-operators     Active   402d\nibm-system        Active   402d\nkube-node-lease   Active   402d\nkube-public       Active   402d\nkube-system       Active   402d\ntigera-operator   Active   214d\n"
        "$ kubectl get all -n calico-system\nNo resources found in calico-system namespace.\n"
        "$ kubectl get deploy -n tigera-operator\nNAME              READY   UP-TO-DATE   AVAILABLE   AGE\ntigera-operator   0/0     0            0           214d\n"
        "$ kubectl get tigerastatus\nNAME      AVAILABLE   PROGRESSING   DEGRADED   SINCE\ncalico    True        False         False      21h\nippools   True        False         False      214d\n"
        "$ kubectl get ds -A\nNAMESPACE     NAME                     DESIRED   CURRENT   READY   UP-TO-DATE   AVAILABLE   NODE SELECTOR   AGE\nkube-system   ibm-keepalived-watcher   4         4         4       4            4           <none>          402d\nkube-system   konnectivity-agent       4         4         3       4            3           <none>          402d\n"
    )
    story.commands = {
        "nodes.txt": "get nodes -o wide",
        "pods.txt": "get pods -A -o wide",
        "describe-nodes.txt": "describe nodes",
        "describe-reports.txt": f"describe pod -n apps {stuck}",
    }
    story.affected = nodes
    story.cite("terminal.txt", "No resources found in calico-system namespace.")
    story.cite("describe-nodes.txt", "CalicoIsDown")
    return story


STORIES = [
    installation_was_deleted,
    pruned_by_the_deployment_tool,
    selector_that_fits_no_worker,
    removed_with_the_operator,
    distribution_was_told_to_have_no_network,
    namespace_removed_while_the_operator_was_off,
]
