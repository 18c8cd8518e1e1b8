"""tunnel-down: told without having seen the rules, then opened."""

from __future__ import annotations

from datetime import datetime, timedelta

from cluster import event
from telling import Incident, incident

CAUSE = "tunnel-down"


def vpn_of_the_shoot(now: datetime) -> Incident:
    story = incident(
        "shoot-cannot-be-reached-from-its-seed",
        CAUSE,
        "A Gardener cluster: workers and calico pods are ready, but each log, exec and the metrics API end with 'proxy error from vpn-seed-server ... 503'. The vpn-shoot pod, read on its worker, is refused by its other end and starts again and again. The files named after calico pods hold no log at all.",
        "https://github.com/gardener/gardener/issues/4302 and https://github.com/gardener/gardener/issues/9694",
        now,
        platform="other",
        calico="v3.26.4",
        kubernetes="v1.27.8",
        registry="europe-docker.pkg.dev/gardener-project/releases/3rd/quay_io/calico",
        namespace="kube-system",
        difficulty="medium",
    )
    hosts = {f"shoot--retail--prod-pool-a-z{z}-{s}": f"10.250.{8 * z}.{n}" for z, s, n in ((1, "5b9d7-8k2xq", 14), (1, "5b9d7-m4wzt", 21), (2, "6c8f4-tt7vc", 9))}  # fmt: skip
    story.hosts(hosts, os_image="Garden Linux 934.11", kernel="5.15.135-gardenlinux-cloud-amd64", runtime="containerd://1.6.24", age=3_100_000, since=3_099_000)  # fmt: skip
    nodes = list(hosts)
    story.staff(hosts, started=760_000, age=760_030)
    typha = story.typha(nodes[1], "vv2kq", started=760_000)
    vpn = story.other("vpn-shoot-7d6f9b8c5-q9xkz", nodes[0], "100.96.1.9", owner="ReplicaSet/vpn-shoot-7d6f9b8c5", app="vpn-shoot", image="europe-docker.pkg.dev/gardener-project/releases/gardener/vpn-shoot-client:0.21.0", restarts=204, started=70, last=("Error", 1, 95))  # fmt: skip
    story.other("metrics-server-66d9c7b8f5-7hc2v", nodes[2], "100.96.2.17", owner="ReplicaSet/metrics-server-66d9c7b8f5", app="metrics-server", image="registry.k8s.io/metrics-server/metrics-server:v0.6.4")  # fmt: skip
    story.other("coredns-5f94c4b87b-w2ltx", nodes[1], "100.96.0.4", owner="ReplicaSet/coredns-5f94c4b87b", app="coredns", image="registry.k8s.io/coredns/coredns:v1.10.1")  # fmt: skip
    story.pod_event(vpn, "BackOff", f"Back-off restarting failed container vpn-shoot in pod {vpn}_kube-system(0b4e)", 200, 61_000, 2210)  # fmt: skip
    dialing = "error dialing backend: proxy error from vpn-seed-server:9443 while dialing {}:10250, code 503: 503 Service Unavailable"  # fmt: skip
    for node, address in hosts.items():
        story.texts[f"logs/{story.pods[node]}.log"] = (
            'Defaulted container "calico-node" out of: calico-node, install-cni (init), flexvol-driver (init)\n'
            f"Error from server: {dialing.format(address)}\n"
        )
    story.texts[f"logs/{typha}.log"] = f"Error from server: {dialing.format(hosts[nodes[1]])}\n"
    story.texts["terminal.txt"] = (
        "$ kubectl top nodes\nError from server (ServiceUnavailable): the server is currently unable to handle the request (get nodes.metrics.k8s.io)\n"
        "$ kubectl get apiservice v1beta1.metrics.k8s.io\nNAME                     SERVICE                      AVAILABLE                      AGE\n"
        "v1beta1.metrics.k8s.io   kube-system/metrics-server   False (FailedDiscoveryCheck)   35d\n"
        f"$ kubectl exec -n kube-system {story.pods[nodes[0]]} -c calico-node -- birdcl show protocols\nError from server: {dialing.format(hosts[nodes[0]])}\n"
        "$ kubectl create deployment t1 --image=nginx && sleep 20 && kubectl get pods -l app=t1 -o wide\ndeployment.apps/t1 created\n"
        "NAME                  READY   STATUS    RESTARTS   AGE   IP            NODE\n"
        f"t1-6f5c7b8d94-2jqkz   1/1     Running   0          20s   100.96.2.41   {nodes[2]}\n"
    )
    log = []
    for n in range(4):
        begun = now - timedelta(seconds=4_300 - 1_410 * n)
        stamp = f"{begun:%Y-%m-%dT%H:%M:%S}.2118{n}7Z stdout F {begun:%Y-%m-%d %H:%M:%S} "
        log += [
            stamp + text
            for text in (
                "OpenVPN 2.5.8 x86_64-alpine-linux-musl [SSL (OpenSSL)] [LZO] [LZ4] [EPOLL] [MH/PKTINFO] [AEAD] built on Nov  2 2022",
                "TCP/UDP: Preserving recently used remote address: [AF_INET]10.30.7.88:8132",
                "Attempting to establish TCP connection with [AF_INET]10.30.7.88:8132 [nonblock]",
                "TCP connection established with [AF_INET]10.30.7.88:8132",
                "Send to HTTP proxy: 'CONNECT vpn-seed-server.shoot--retail--prod.svc.cluster.local:1194 HTTP/1.0'",
                "HTTP proxy returned: 'HTTP/1.1 503 Service Unavailable'",
                "HTTP proxy returned bad status",
                "SIGTERM[soft,HTTP proxy error] received, process exiting",
            )
        ]
    story.log("", log, f"node-{nodes[0]}/var-log-containers-vpn-shoot.log")
    story.commands |= {
        "nodes.txt": "get nodes -o wide",
        "pods.txt": "get pods -n kube-system -o wide",
        "describe-vpn-shoot.txt": f"describe pod -n kube-system {vpn}",
        "describe-calico-node.txt": f"describe pod -n kube-system {story.pods[nodes[2]]}",
    }
    story.affected = []
    story.cite("terminal.txt", "proxy error from vpn-seed-server:9443")
    story.cite(f"node-{nodes[0]}/var-log-containers-vpn-shoot.log", "HTTP proxy returned bad status")
    return story


def no_ssh_tunnels(now: datetime) -> Incident:
    story = incident(
        "no-ssh-tunnels-currently-open",
        CAUSE,
        "An old managed cluster whose master reaches its nodes by SSH tunnels: all nodes and calico pods are ready, each fetched log holds only 'No SSH tunnels currently open', because the project's keys are blocked on the instances. The restart counts of calico-node are of a node upgrade.",
        "https://cloud.google.com/kubernetes-engine/docs/troubleshooting (No SSH tunnels currently open)",
        now,
        platform="other",
        calico="v3.8.8",
        kubernetes="v1.15.12-gke.20",
        registry="gke.gcr.io/calico",
        namespace="kube-system",
        difficulty="easy",
    )
    hosts = {f"gke-inventory-default-pool-4c1a9e02-{s}": f"10.132.0.{n}" for s, n in (("3w5m", 17), ("8xq0", 18), ("lz7h", 22), ("t2kd", 23))}  # fmt: skip
    story.hosts(hosts, os_image="Container-Optimized OS from Google", kernel="4.19.112+", runtime="docker://19.3.1", age=1_900_000, since=1_899_900)  # fmt: skip
    nodes = list(hosts)
    story.staff(hosts, started=1_890_000, age=1_899_950, restarts=1, last=("Error", 143, 1_890_040))
    typha = story.typha(nodes[2], "x5klm", started=1_889_000)
    for name, node, app in (("calico-node-vertical-autoscaler-6d4b9f6b7c-8x2zt", nodes[0], "calico-node-vertical-autoscaler"), ("calico-typha-horizontal-autoscaler-7c8d5bb9d6-lq4wn", nodes[1], "calico-typha-horizontal-autoscaler"), ("metrics-server-v0.3.3-6d96fcc55-tk5vw", nodes[3], "metrics-server")):  # fmt: skip
        story.other(name, node, f"10.8.{hosts[node].rsplit('.', 1)[1]}.6", owner=f"ReplicaSet/{name.rsplit('-', 1)[0]}", app=app, image=f"gke.gcr.io/{app}:v0.8.1", started=1_880_000)  # fmt: skip
    tunnels = 'No SSH tunnels currently open. Were the targets able to accept an ssh-key for user "gke-b7d21ff0c94e6a1f0275"?'  # fmt: skip
    for node in nodes:
        name = story.pods[node]
        story.texts[f"{name}.log"] = f"Error from server: Get https://{node}:10250/containerLogs/kube-system/{name}/calico-node: {tunnels}\n"  # fmt: skip
        story.texts[f"{name}-cni.log"] = f"Error from server: Get https://{node}:10250/containerLogs/kube-system/{name}/install-cni: {tunnels}\n"  # fmt: skip
    story.texts[f"{typha}.log"] = f"Error from server: Get https://{nodes[2]}:10250/containerLogs/kube-system/{typha}/calico-typha: {tunnels}\n"  # fmt: skip
    story.texts["instance-metadata.txt"] = (
        f"$ gcloud compute instances describe {nodes[0]} --zone europe-west1-b --format='yaml(metadata.items)' | grep -A1 -E 'block-project|cluster-name'\n"
        "  - key: block-project-ssh-keys\n    value: 'true'\n--\n  - key: cluster-name\n    value: inventory\n"
        "$ gcloud compute project-info describe --format='value(commonInstanceMetadata.items.key)'\nssh-keys;google-compute-default-zone\n"
    )
    for node in nodes[:2]:
        story.commands[f"describe-pod-{story.pods[node]}.txt"] = f"describe pod -n kube-system {story.pods[node]}"
    story.commands |= {
        "nodes.txt": "get nodes -o wide",
        "pods.txt": "get pods -n kube-system -o wide",
        f"describe-node-{nodes[0]}.txt": f"describe node {nodes[0]}",
    }
    story.affected = []
    story.cite(f"{story.pods[nodes[0]]}.log", "No SSH tunnels currently open")
    return story


def quota_keeps_the_agents_away(now: datetime) -> Incident:
    story = incident(
        "quota-in-kube-system-and-no-tunnel-agent-left",
        CAUSE,
        "IKS VPC: a ResourceQuota of the customer in kube-system wants CPU limits of each pod; since the last worker replacement the konnectivity-agent pods cannot be made again ('must specify limits.cpu'), so the master has no agent: each log, exec and the metrics API end with 'No agent available'. Workers and all calico pods are ready; the ticket says 'calico-node logs are empty, network broken'.",
        "https://kubernetes.io/docs/tasks/extend-kubernetes/setup-konnectivity/ and https://kubernetes.io/docs/concepts/policy/resource-quotas/ (must specify)",
        now,
        platform="vpc",
        calico="v3.29.3",
        kubernetes="v1.32.4+IKS",
        difficulty="easy",
    )
    nodes = story.workers([f"10.242.16.{n}" for n in (4, 5, 7)], age=610_000, since=609_500)
    story.agents(nodes, started=609_600, age=609_900)
    story.typha(nodes[0], "jx8fq", started=608_000)
    story.typha(nodes[2], "w4mtb", started=606_000)
    for n, made in enumerate(story.objects["Pod"][-2:]):
        made["metadata"]["creationTimestamp"] = made["status"]["startTime"] = story.ago(608_030 - 2_000 * n)
    for n, node in enumerate(nodes):
        story.other(f"ibm-keepalived-watcher-{'dkx'[n]}7f{'qmw'[n]}2", node, owner="DaemonSet/ibm-keepalived-watcher", app="ibm-keepalived-watcher", image="icr.io/ext/ibm-keepalived-watcher:1.0.9", age=609_900, started=609_700)  # fmt: skip
        story.other(f"coredns-6bf5c7d8c4-{'bzt'[n]}9n{'hvk'[n]}c", node, f"172.17.{90 + n}.5", owner="ReplicaSet/coredns-6bf5c7d8c4", app="coredns", image="icr.io/ext/coredns/coredns:v1.11.3", age=609_000 - 900 * n, started=600_000)  # fmt: skip
    event(story, "ReplicaSet", "konnectivity-agent-7f5d4c8b9", "FailedCreate", 'Error creating: pods "konnectivity-agent-7f5d4c8b9-" is forbidden: failed quota: kube-system-cpu: must specify limits.cpu for: konnectivity-agent', 640, 606_000, 714, namespace="kube-system", source="replicaset-controller")  # fmt: skip
    event(story, "ReplicaSet", "metrics-server-6c4b9d7f58", "FailedCreate", 'Error creating: pods "metrics-server-6c4b9d7f58-" is forbidden: failed quota: kube-system-cpu: must specify limits.cpu for: config-watcher', 655, 605_000, 700, namespace="kube-system", source="replicaset-controller")  # fmt: skip
    words = "No agent available"
    for node in nodes:
        name = story.pods[node]
        story.texts[f"{name}.log"] = f'Error from server: Get "https://{node}:10250/containerLogs/calico-system/{name}/calico-node": {words}\n'  # fmt: skip
        story.texts[f"{name}-cni.log"] = f'Error from server: Get "https://{node}:10250/containerLogs/calico-system/{name}/install-cni": {words}\n'  # fmt: skip
    story.texts["kubectl-session.txt"] = (
        "$ kubectl top node\nerror: Metrics API not available\n"
        f"$ kubectl exec -n calico-system {story.pods[nodes[1]]} -c calico-node -- birdcl show protocols\nError from server: error dialing backend: {words}\n"
        "$ kubectl get deploy -n kube-system\nNAME                 READY   UP-TO-DATE   AVAILABLE   AGE\ncoredns              3/3     3            3           214d\ncoredns-autoscaler   1/1     1            1           214d\nkonnectivity-agent   0/3     0            0           214d\nmetrics-server       0/1     0            0           214d\n"
        "$ kubectl get quota -n kube-system\nNAME              AGE   REQUEST                     LIMIT\nkube-system-cpu   8d    requests.cpu: 2450m/8       limits.cpu: 3100m/12\n"
    )
    story.describe(nodes[0])
    story.events("events-kube-system.txt", "get events -n kube-system")
    story.affected = []
    story.cite(f"{story.pods[nodes[0]]}.log", words)
    story.cite("events-kube-system.txt", "konnectivity-agent-7f5d4c8b9-")
    return story


STORIES = [vpn_of_the_shoot, no_ssh_tunnels, quota_keeps_the_agents_away]
