"""daemonset-missing: told without having seen the rules, then opened."""

from __future__ import annotations

from datetime import datetime, timedelta

from cluster import NO_CNI
from telling import Incident, incident

CAUSE = "daemonset-missing"


def _daemonset(story: Incident, name: str, namespace: str, count: int, image: str, age: float) -> None:
    story.add("DaemonSet", {"metadata": {"name": name, "namespace": namespace, "creationTimestamp": story.ago(age), "uid": f"ds-{name}", "labels": {}, "generation": 1},
                            "spec": {"selector": {"matchLabels": {"k8s-app": name}}, "template": {"metadata": {"labels": {"k8s-app": name}}, "spec": {"containers": [{"name": name, "image": image}]}}, "updateStrategy": {"type": "RollingUpdate"}},
                            "status": {"desiredNumberScheduled": count, "currentNumberScheduled": count, "numberReady": count, "updatedNumberScheduled": count, "numberAvailable": count, "numberMisscheduled": 0, "observedGeneration": 1}})  # fmt: skip


def uninstall_left_typha_without_clients(now: datetime) -> Incident:
    story = incident(
        "policies-no-longer-act-after-a-chart-was-uninstalled",
        CAUSE,
        "A cluster with the cloud's own CNI and Calico for policy only: somebody ran helm uninstall to reinstall the chart; the hook timed out and he left it. The daemonset calico-node and the operator are gone, two Typha pods still run without a single client. Nodes stay Ready and pods get addresses from the other CNI, so the complaint is that network policies do not act on new pods.",
        "https://github.com/projectcalico/calico/issues/8695",
        now,
        platform="other",
        calico="v3.27.3",
        kubernetes="v1.28.7-eks-b9c9ed7",
        registry="quay.io/calico",
        difficulty="hard",
    )
    hosts = {
        f"ip-10-81-{s}-{n}.ap-southeast-2.compute.internal": f"10.81.{s}.{n}"
        for s, n in ((4, 90), (4, 161), (36, 12), (36, 77))
    }
    names = list(hosts)
    story.hosts(hosts, os_image="Amazon Linux 2", kernel="5.10.213-201.855.amzn2.x86_64", runtime="containerd://1.7.11", age=5_000_000, since=4_900_000)  # fmt: skip
    for item in story.objects["Node"]:
        del item["status"]["conditions"][0]  # not set where Calico is no network
        del item["metadata"]["annotations"]["projectcalico.org/IPv4Address"]
    for i, node in enumerate(names):
        story.other(f"aws-node-{'k7dq'[i]}x5{'mtwz'[i]}", node, app="aws-node", image="602401143452.dkr.ecr.ap-southeast-2.amazonaws.com/amazon-k8s-cni:v1.16.4-eksbuild.2", age=4_900_000, started=4_800_000)  # fmt: skip
        story.other(f"kube-proxy-{'2bnv'[i]}s8{'gjrl'[i]}", node, app="kube-proxy", age=4_900_000, started=4_800_000)
    typhas = [story.typha(names[1], "jgj5x", started=4_700_000), story.typha(names[3], "qk7jl", started=4_700_000)]
    story.other("coredns-6b9575c64c-4tqzp", names[0], "10.81.5.20", owner="ReplicaSet/coredns-6b9575c64c", app="coredns", age=4_900_000)  # fmt: skip
    for i, node in enumerate((names[0], names[2])):
        story.other(f"ledger-7c9b54c6d8-{'hx'[i]}2k{'4v'[i]}9", node, f"10.81.{5 + 32 * i}.14{i}", "ledger", "ReplicaSet/ledger-7c9b54c6d8", app="ledger", age=3_900, started=3_890)  # fmt: skip
    for name, image, age in (
        ("aws-node", "amazon-k8s-cni:v1.16.4", 4_990_000),
        ("kube-proxy", "kube-proxy:v1.28.7", 4_990_000),
    ):
        _daemonset(story, name, "kube-system", 4, image, age)
    lines = []
    for i, (host, port) in enumerate(zip(hosts.values(), (41220, 51004, 38112, 60310), strict=True)):
        ago = 20_700 - 0.9 * i
        lines.append(story.line(ago, "INFO", 7, "sync_server.go 457:", f'Connection closed by client. client={host}:{port} connID=0x{0x31 + i:x} type="felix"'))  # fmt: skip
        lines.append(story.line(ago - 0.01, "INFO", 7, "sync_server.go 484:", f'Client connection shut down. client={host}:{port} connID=0x{0x31 + i:x} type="felix"'))  # fmt: skip
    lines += [
        story.line(20_000 - 1_990 * n, "INFO", 7, "rebalance.go 64:", 'Calculated new connection limit. newLimit=3 numNodes=4 numSyncerTypes=4 numTyphas=2 reason="configured lower limit" thread="k8s-poll"')
        for n in range(10)
    ]  # fmt: skip
    story.log(typhas[0], lines)
    story.texts["shell-history.txt"] = (
        f'admin@bastion:~$ date -u -d @$(stat -c %Y .helm-uninstall.log)\n{(story.now - timedelta(seconds=20_380)).strftime("%a %b %d %H:%M:%S UTC %Y")}\nadmin@bastion:~$ cat .helm-uninstall.log\n$ helm uninstall calico -n tigera-operator --timeout 5m\nError: 1 error occurred:\n\t* timed out waiting for the condition\n\n$ helm uninstall calico -n tigera-operator --no-hooks\nrelease "calico" uninstalled\n'
        "admin@bastion:~$ helm list -A | grep -ci calico\n0\n"
        "admin@bastion:~$ kubectl get ns calico-system tigera-operator\nNAME              STATUS        AGE\ncalico-system     Terminating   57d\ntigera-operator   Active        57d\n"
        "admin@bastion:~$ kubectl get all -n tigera-operator\nNo resources found in tigera-operator namespace.\n"
        "admin@bastion:~$ kubectl get installation,tigerastatus\nNo resources found\n"
    )
    story.texts["policy-check.txt"] = (
        "$ kubectl get netpol -n ledger\nNAME           POD-SELECTOR   AGE\ndefault-deny   <none>         41d\nfrom-gateway   app=ledger     41d\n"
        "$ kubectl run -n sandbox -it --rm probe --image=registry.example.com/tools/curl:8 --restart=Never -- curl -s -m3 -o /dev/null -w '%{http_code}\\n' http://10.81.5.140:8080/\n200\npod \"probe\" deleted\n"
    )
    story.commands = {
        "nodes.txt": "get nodes -o wide",
        "pods.txt": "get pods -A -o wide",
        "ds.txt": "get ds -A -o wide",
        "describe-node.txt": f"describe node {names[0]}",
    }
    story.affected = names
    story.cite("ds.txt", "NAMESPACE")
    story.cite("shell-history.txt", 'release "calico" uninstalled')
    return story


def microk8s_without_its_ha_addon(now: datetime) -> Incident:
    story = incident(
        "microk8s-lost-calico-with-its-ha-addon",
        CAUSE,
        "MicroK8s: on the only control-plane machine `microk8s disable ha-cluster --force` removed Calico's manifest with the HA addon (it is the network of HA mode only); the joined machine is rebooted since and its runtime finds no CNI configuration. No calico-node daemonset or pod is left on either, which the lists show; the plugin's message is only the result.",
        "https://microk8s.io/docs/addon-ha-cluster and https://github.com/canonical/microk8s/issues/3156",
        now,
        platform="other",
        calico="v3.25.1",
        kubernetes="v1.28.15",
        registry="docker.io/calico",
        namespace="kube-system",
        difficulty="medium",
    )
    first, second = {"mk-main": "192.168.30.5"}, {"mk-edge": "192.168.30.9"}
    dress = {"os_image": "Ubuntu 22.04.5 LTS", "kernel": "5.15.0-126-generic", "runtime": "containerd://1.6.28"}
    story.hosts(first, **dress, calico_up=False, since=9_600, age=8_000_000)
    story.objects["Node"][-1]["status"]["conditions"][-1]["lastTransitionTime"] = story.ago(7_900_000)
    story.hosts(second, **dress, calico_up=False, ready=NO_CNI, since=8_350, age=8_000_000, taints=(("node.kubernetes.io/not-ready", "NoSchedule"), ("node.kubernetes.io/not-ready", "NoExecute")))  # fmt: skip
    story.objects["Node"][-1]["status"]["conditions"][0]["lastTransitionTime"] = story.ago(9_600)
    story.node_event("mk-edge", "Rebooted", "Node mk-edge has been rebooted, boot id: b7b1c0f1-51a5-4a60-9f5e-0c6e12a4d9ab", 8_390)  # fmt: skip
    story.node_event("mk-edge", "NodeNotReady", "Node mk-edge status is now: NodeNotReady", 8_350, type_="Normal")
    story.other("hostpath-provisioner-7df77bc496-6vbxq", "mk-main", "10.1.140.22", owner="ReplicaSet/hostpath-provisioner-7df77bc496", app="hostpath-provisioner", image="cdkbot/hostpath-provisioner:1.5.0", age=7_900_000, started=7_800_000)  # fmt: skip
    story.other("coredns-864597b5fd-m8p2c", "mk-main", "10.1.140.20", owner="ReplicaSet/coredns-864597b5fd", app="coredns", image="coredns/coredns:1.10.1", age=7_900_000, started=7_800_000)  # fmt: skip
    story.other("nginx-ingress-microk8s-controller-9xkpf", "mk-main", "10.1.140.24", "ingress", app="nginx-ingress-microk8s-controller", age=7_900_000, started=7_800_000)  # fmt: skip
    stuck = story.other("nginx-ingress-microk8s-controller-tq5zd", "mk-edge", "none", "ingress", app="nginx-ingress-microk8s-controller", age=7_900_000, ready=False, phase="Pending", waiting="ContainerCreating")  # fmt: skip
    status = story.objects["Pod"][-1]["status"]
    status |= {"podIPs": [], "hostIP": "192.168.30.9"}
    del status["podIP"]
    story.pod_event(stuck, "NetworkNotReady", "network is not ready: container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized", 3, 8_340, 4_160, namespace="ingress")  # fmt: skip
    _daemonset(story, "nginx-ingress-microk8s-controller", "ingress", 2, "registry.k8s.io/ingress-nginx/controller:v1.8.0", 7_900_000)  # fmt: skip
    story.objects["DaemonSet"][0]["status"] |= {"numberReady": 1, "numberAvailable": 1}
    story.texts["inspection-report/k8s/cluster-info-dump-ns-kube-system.txt"] = (
        "# microk8s kubectl get all -n kube-system\nNAME                                        READY   STATUS    RESTARTS   AGE\npod/coredns-864597b5fd-m8p2c                1/1     Running   0          91d\npod/hostpath-provisioner-7df77bc496-6vbxq   1/1     Running   0          91d\n\nNAME               TYPE        CLUSTER-IP      EXTERNAL-IP   PORT(S)                  AGE\nservice/kube-dns   ClusterIP   10.152.183.10   <none>        53/UDP,53/TCP,9153/TCP   91d\n\nNAME                                   READY   UP-TO-DATE   AVAILABLE   AGE\ndeployment.apps/coredns                1/1     1            1           91d\ndeployment.apps/hostpath-provisioner   1/1     1            1           91d\n"
    )
    kubelite = []
    for n in range(24):
        ago = 124 - 5 * n
        kubelite.append(f'{story.syslog(ago)} mk-edge microk8s.daemon-kubelite[1404]: E{story.klog(ago)}    1404 kubelet.go:2855] "Container runtime network not ready" networkReady="NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized"')  # fmt: skip
        if n % 9 == 4:
            kubelite.append(f"{story.syslog(ago - 1)} mk-edge microk8s.daemon-containerd[1211]: time=\"{story.ago(ago - 1)}\" level=warning msg=\"cleanup warnings time=\\\"{story.ago(ago - 1)}\\\" level=info msg=\\\"starting signal loop\\\" namespace=k8s.io pid={90_112 + n}\"")  # fmt: skip
    story.texts["inspection-report/snap.microk8s.daemon-kubelite/journal.log"] = "\n".join(kubelite) + "\n"
    story.texts["what-we-did.txt"] = (
        "root@mk-main:~# history | tail -6\n  411  microk8s status | head -8\n  412  microk8s disable ha-cluster --force\n  413  microk8s enable ha-cluster\n  414  microk8s status\n  415  ssh mk-edge reboot\n  416  microk8s kubectl get nodes\n"
        "root@mk-main:~# microk8s status | sed -n 1,12p\nmicrok8s is running\nhigh-availability: no\n  datastore master nodes: none\n  datastore standby nodes: none\naddons:\n  enabled:\n    dns                  # (core) CoreDNS\n    helm3                # (core) Helm 3 - the package manager for Kubernetes\n    hostpath-storage     # (core) Storage class; allocates storage from host directory\n    ingress              # (core) Ingress controller for external access\n  disabled:\n    ha-cluster           # (core) Configure high availability on the current node\n"
        "root@mk-main:~# ls /var/snap/microk8s/current/args/cni-network/\nflannel.conflist\nroot@mk-edge:~# ls -A /var/snap/microk8s/current/args/cni-network/\nroot@mk-edge:~# \n"
    )
    story.commands = {
        "inspection-report/k8s/nodes.txt": "get nodes -o wide",
        "inspection-report/k8s/pods.txt": "get pods -A -o wide",
        "inspection-report/k8s/daemonsets.txt": "get ds -A",
        "describe-node-mk-edge.txt": "describe node mk-edge",
        "describe-node-mk-main.txt": "describe node mk-main",
    }
    story.affected = ["mk-main", "mk-edge"]
    story.cite("inspection-report/k8s/daemonsets.txt", "NAMESPACE")
    story.cite("describe-node-mk-main.txt", "CalicoIsDown")
    return story


def all_daemonsets_of_the_wrong_context(now: datetime) -> Incident:
    story = incident(
        "every-daemonset-of-kube-system-was-deleted",
        CAUSE,
        "Somebody ran 'kubectl delete ds --all -n kube-system' against production in place of the test cluster and restored only kube-proxy's from kubeadm. calico-node's is gone: the list of daemonsets lacks it and no calico-node pod exists, while calico-kube-controllers still runs. Old pods talk over what the kernel keeps; pods on the host rebooted since hang on the plugin's missing nodename file, which is the loud message.",
        "https://github.com/projectcalico/calico/issues/6210 and https://kubernetes.io/docs/reference/setup-tools/kubeadm/kubeadm-init-phase/ (addon kube-proxy)",
        now,
        platform="other",
        calico="v3.24.1",
        kubernetes="v1.25.4",
        registry="docker.io/calico",
        namespace="kube-system",
        difficulty="medium",
    )
    hosts = {f"erp-{n}": f"172.23.5.{20 + n}" for n in (1, 2, 3, 4)}
    story.hosts(hosts, os_image="Ubuntu 20.04.5 LTS", kernel="5.4.0-132-generic", runtime="containerd://1.6.10")
    for item in story.objects["Node"]:
        state = item["status"]["conditions"][0]
        state |= {"status": "True", "reason": "CalicoIsDown", "message": "Calico is shutting down on this node"}
        state["lastTransitionTime"] = state["lastHeartbeatTime"] = story.ago(9_600)
    _daemonset(story, "kube-proxy", "kube-system", 4, "registry.k8s.io/kube-proxy:v1.25.4", 8_700)
    _daemonset(story, "node-exporter", "monitoring", 4, "quay.io/prometheus/node-exporter:v1.4.0", 1_600_000)
    for i, node in enumerate(hosts):
        story.other(f"kube-proxy-{'4xk2'[i]}v{'9mtd'[i]}z7", node, app="kube-proxy", image="registry.k8s.io/kube-proxy:v1.25.4", age=8_690, started=8_680)  # fmt: skip
        story.other(f"node-exporter-{'hq5w'[i]}k{'p8c6'[i]}2d", node, namespace="monitoring", app="node-exporter")
    story.other("calico-kube-controllers-798cc86c47-n5xqd", "erp-2", "10.244.41.66", owner="ReplicaSet/calico-kube-controllers-798cc86c47", app="calico-kube-controllers", image="docker.io/calico/kube-controllers:v3.24.1")  # fmt: skip
    story.other(
        "coredns-565d847f94-6vjt2", "erp-2", "10.244.41.65", owner="ReplicaSet/coredns-565d847f94", app="coredns"
    )
    story.other(
        "erp-web-7b5f9d46c8-lm2zx", "erp-3", "10.244.77.20", "erp", "ReplicaSet/erp-web-7b5f9d46c8", app="erp-web"
    )
    story.node_event(
        "erp-4", "Rebooted", "Node erp-4 has been rebooted, boot id: 17d0be42-3f3e-4b64-8b90-5fd1ab73c0e9", 4_800
    )
    nodename = "stat /var/lib/calico/nodename: no such file or directory: check that the calico/node container is running and has mounted /var/lib/calico/"
    stuck = [story.stuck(n, "erp-4", nodename, 8 + i, 4_760, 340, s, image="registry.example.com/erp:7") for i, (n, s) in enumerate((("erp-worker-6d9c7f5b4-2kq8v", "erp"), ("coredns-565d847f94-zb9wn", "kube-system")))]  # fmt: skip
    for i in range(4):
        story.pod_event(f"calico-node-{'7mdx'[i]}{'k4qz'[i]}8tw", "Killing", "Stopping container calico-node", 9_610 - i, type_="Normal")  # fmt: skip
    story.texts["journal-erp-4.txt"] = "".join(
        f"{story.syslog(ago)} erp-4 {text}\n"
        for ago, text in (
            (4_790, f'kubelet[988]: I{story.klog(4_790)}     988 server.go:413] "Kubelet version" kubeletVersion="v1.25.4"'),
            (4_770, 'containerd[902]: level=info msg="Start cni network conf syncer for default"'),
            (14, f'kubelet[988]: E{story.klog(14)}     988 pod_workers.go:965] "Error syncing pod, skipping" err="failed to \\"CreatePodSandbox\\" for \\"erp-worker-6d9c7f5b4-2kq8v_erp\\" with CreatePodSandboxError: \\"Failed to create sandbox for pod: rpc error: code = Unknown desc = failed to setup network for sandbox: plugin type=\\\\\\"calico\\\\\\" failed (add): {nodename}\\""'),
        )
    )  # fmt: skip
    story.commands = {
        "nodes.txt": "get nodes -o wide",
        "pods-all.txt": "get pods -A -o wide",
        "daemonsets.txt": "get ds -A",
        "describe-node-erp-4.txt": "describe node erp-4",
        "describe-erp-worker.txt": f"describe pod -n erp {stuck[0]}",
    }
    story.events()
    story.affected = list(hosts)
    story.cite("daemonsets.txt", "NAMESPACE")
    return story


STORIES = [uninstall_left_typha_without_clients, microk8s_without_its_ha_addon, all_daemonsets_of_the_wrong_context]
