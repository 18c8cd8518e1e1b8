"""tunnel-down: told without having seen the rules."""

from __future__ import annotations

from datetime import datetime

from telling import Incident, incident, wrapped

CAUSE = "tunnel-down"


def agent_cannot_reach_its_server(now: datetime) -> Incident:
    story = incident(
        "metrics-api-and-logs-have-no-agent",
        CAUSE,
        "All nodes and calico pods are ready; every log file holds 'No agent available', the metrics API is missing its response by the same words, and the one konnectivity-agent (read from its node) cannot dial the server's port 8132.",
        "https://github.com/k0sproject/k0s/issues/5809",
        now,
        platform="other",
        calico="v3.29.3",
        kubernetes="v1.33.0+k0s",
        registry="quay.io/k0sproject",
        namespace="kube-system",
        difficulty="medium",
    )
    hosts = {"worker-a": "192.168.141.21", "worker-b": "192.168.141.22"}
    story.hosts(hosts, os_image="Debian GNU/Linux 12 (bookworm)", kernel="6.1.0-34-amd64")
    story.staff(hosts)
    agent = story.other(
        "konnectivity-agent-6ddr2",
        "worker-b",
        owner="DaemonSet/konnectivity-agent",
        app="konnectivity-agent",
        image="quay.io/k0sproject/apiserver-network-proxy-agent:v0.31.1",
        restarts=41,
        ready=True,
        started=300,
        last=("Error", 2, 305),
    )
    story.other(
        "metrics-server-7db8586f5c-q7z9v",
        "worker-a",
        "10.244.1.12",
        owner="ReplicaSet/metrics-server-7db8586f5c",
        app="metrics-server",
        image="registry.k8s.io/metrics-server/metrics-server:v0.7.2",
    )
    for node in hosts:
        name = story.pods[node]
        story.texts[f"{name}.log"] = (
            f'Error from server: Get "https://{hosts[node]}:10250/containerLogs/kube-system/{name}/calico-node": No agent available\n'
        )
        story.commands[f"describe-pod-{name}.txt"] = f"describe pod -n kube-system {name}"
    story.commands |= {
        "nodes.txt": "get nodes -o wide",
        "pods.txt": "get pods -A -o wide",
        "describe-agent.txt": f"describe pod -n kube-system {agent}",
        "describe-node-worker-a.txt": "describe node worker-a",
    }
    lines = []
    for n in range(20):
        ago = 295 - 14 * n
        stamp = (story.ago(ago))[:-1] + ".522004118Z stderr F "
        lines.append(
            f'{stamp}E{story.klog(ago)}       1 clientset.go:197] "cannot connect once" err="rpc error: code = Unavailable desc = connection error: desc = \\"transport: Error while dialing: dial tcp 192.168.141.10:8132: connect: connection refused\\""'
        )
    story.log(agent, lines, f"var-log-containers/{agent}.log")
    story.texts["apiservice.txt"] = (
        "NAME                                   SERVICE                      AVAILABLE                      AGE\n"
        "v1.                                    Local                        True                           61d\n"
        "v1.crd.projectcalico.org               Local                        True                           61d\n"
        "v1beta1.metrics.k8s.io                 kube-system/metrics-server   False (FailedDiscoveryCheck)   61d\n"
    )
    story.texts["journal-k0scontroller.txt"] = "".join(
        f'{story.syslog(500 - 9 * n)} controller k0s[1129]: time="{story.stamp(500 - 9 * n)[:19]}" level=info msg="E{story.klog(500 - 9 * n)}    2010 server.go:528] \\"Failed to get a backend\\" err=\\"No agent available\\" dialID={8968104 + 771 * n}" component=konnectivity stream=stderr\n'
        for n in range(30)
    )
    story.affected = []
    story.cite("journal-k0scontroller.txt", "No agent available")
    return story


def server_asks_a_dead_agent(now: datetime) -> Incident:
    story = incident(
        "logs-come-at-the-third-try",
        CAUSE,
        "kubectl logs works at every third try only and the metrics API is away: the tunnel's server sends requests through agents that do not answer. Nodes and calico pods that exist are healthy; half of the fetched files hold a timeout.",
        "https://github.com/kubernetes-sigs/apiserver-network-proxy/issues/152",
        now,
        platform="classic",
        calico="v3.27.5",
        kubernetes="v1.30.13+IKS",
        difficulty="hard",
    )
    nodes = story.workers([f"10.171.53.{n}" for n in (194, 199, 201, 210)])
    story.agents(nodes, started=1_600_000)
    for n, node in enumerate(nodes[:3]):
        story.other(
            f"konnectivity-agent-{'6fk'[n]}{'x8w'[n]}{'p2z'[n]}qm",
            node,
            f"172.30.{80 + n}.7",
            owner="DaemonSet/konnectivity-agent",
            app="konnectivity-agent",
            image="icr.io/ext/konnectivity/agent:v0.29.2",
            restarts=0,
            started=1_600_000,
        )
    for n, node in enumerate(nodes):
        name = story.pods[node]
        if n % 2:
            story.texts[f"{name}.log"] = (
                f'Error from server: Get "https://{node}:10250/containerLogs/calico-system/{name}/calico-node": dial timeout, backstop\n'
            )
        else:
            story.log(name, story.quiet(1500, 12, 190))
        story.commands[f"describe-pod-{name}.txt"] = f"describe pod -n calico-system {name}"
    story.texts["three-tries.txt"] = (
        f'$ kubectl logs -n kube-system konnectivity-agent-6xpqm --tail 1\nError from server: Get "https://{nodes[0]}:10250/containerLogs/kube-system/konnectivity-agent-6xpqm/konnectivity-agent?tailLines=1": dial timeout, backstop\n'
        f'$ kubectl logs -n kube-system konnectivity-agent-6xpqm --tail 1\nError from server: Get "https://{nodes[0]}:10250/containerLogs/kube-system/konnectivity-agent-6xpqm/konnectivity-agent?tailLines=1": dial timeout, backstop\n'
        f'$ kubectl logs -n kube-system konnectivity-agent-6xpqm --tail 1\nI{story.klog(40)}       1 client.go:528] "remote connection EOF" connectionID=48121\n'
        "$ kubectl top nodes\nerror: Metrics API not available\n"
    )
    story.commands |= {
        "nodes.txt": "get nodes -o wide",
        "pods.txt": "get pods -A -o wide",
        f"describe-node-{nodes[1]}.txt": f"describe node {nodes[1]}",
    }
    story.affected = []
    story.cite("three-tries.txt", "dial timeout, backstop")
    return story


def vpn_pod_without_its_server(now: datetime) -> Incident:
    story = incident(
        "old-classic-cluster-whose-vpn-pod-restarts",
        CAUSE,
        "Classic IKS of the OpenVPN days: all workers Ready, all calico pods 1/1, yet every 'kubectl logs' times out at the kubelet's port 10250 and the metrics API is away. The vpn pod (read on its worker by crictl) cannot reach the master's VPN port after a firewall change: TLS key negotiation fails, it restarts.",
        "https://github.com/IBM-Cloud/kube-samples/pull/39 (10250 and the vpn pod)",
        now,
        platform="classic",
        calico="v3.17.5",
        kubernetes="v1.19.14+IKS",
        namespace="kube-system",
        difficulty="medium",
    )
    nodes = story.workers(
        [f"10.176.48.{n}" for n in (131, 140, 142, 158)],
        os_image="Ubuntu 18.04.5 LTS",
        kernel="4.15.0-156-generic",
        runtime="containerd://1.4.9",
    )
    story.agents(nodes, started=1_600_000)
    story.typha(nodes[0], started=1_600_000)
    vpn = story.other(
        "vpn-7c9b64d6d8-zr5lw",
        nodes[2],
        "172.30.49.17",
        owner="ReplicaSet/vpn-7c9b64d6d8",
        app="vpn",
        image="us.icr.io/armada-master/vpn-client:2.5.0-r1",
        restarts=9,
        started=260,
        last=("Error", 1, 262),
        ready=True,
    )
    for node in nodes:
        story.other(
            f"ibm-master-proxy-static-{node}",
            node,
            owner="Node/" + node,
            app="ibm-master-proxy-static",
            image="us.icr.io/armada-master/haproxy:1.8.30",
            started=1_600_000,
        )
    story.other(
        "metrics-server-6d79b8f7c4-92hdk",
        nodes[1],
        "172.30.201.9",
        owner="ReplicaSet/metrics-server-6d79b8f7c4",
        app="metrics-server",
        image="us.icr.io/armada-master/metrics-server-amd64:v0.4.4",
        started=1_600_000,
    )
    story.pod_event(vpn, "BackOff", "Back-off restarting failed container", 270, 4000, 22)
    for node in nodes:
        name = story.pods[node]
        story.texts[f"{name}.log"] = (
            f"Error from server: Get https://{node}:10250/containerLogs/kube-system/{name}/calico-node: dial tcp {node}:10250: connect: connection timed out\n"
        )
        story.commands[f"describe-pod-{name}.txt"] = f"describe pod -n kube-system {name}"
    lines = []
    for n in range(4):
        began = 255 - 64 * n
        stamp = lambda ago: story.ago(ago)[:-1] + ".118820441Z stdout F "  # noqa: E731
        lines += [
            stamp(began)
            + "OpenVPN 2.4.9 x86_64-alpine-linux-musl [SSL (OpenSSL)] [LZO] [LZ4] [EPOLL] [MH/PKTINFO] [AEAD] built on Apr 20 2020",
            stamp(began) + "TCP/UDP: Preserving recently used remote address: [AF_INET]203.0.113.4:30711",
            stamp(began) + "UDP link local: (not bound)",
            stamp(began) + "UDP link remote: [AF_INET]203.0.113.4:30711",
            stamp(began - 60)
            + "TLS Error: TLS key negotiation failed to occur within 60 seconds (check your network connectivity)",
            stamp(began - 60) + "TLS Error: TLS handshake failed",
            stamp(began - 60) + "SIGUSR1[soft,tls-error] received, process restarting",
        ]
    story.log(vpn, lines, f"{nodes[2]}-var-log-containers-vpn.log")
    story.texts["kubectl-top.txt"] = (
        "$ kubectl top nodes\nError from server (ServiceUnavailable): the server is currently unable to handle the request (get nodes.metrics.k8s.io)\n"
    )
    story.commands |= {
        "nodes.txt": "get nodes -o wide",
        "pods.txt": "get pods -A -o wide",
        "describe-vpn.txt": f"describe pod -n kube-system {vpn}",
        f"describe-node-{nodes[0]}.txt": f"describe node {nodes[0]}",
    }
    story.affected = []
    story.cite(f"{nodes[2]}-var-log-containers-vpn.log", "TLS key negotiation failed to occur within 60 seconds")
    return story


def agents_behind_a_new_acl(now: datetime) -> Incident:
    story = incident(
        "konnectivity-agents-of-all-workers-lost-their-master",
        CAUSE,
        "ROKS: must-gather and 'oc logs' fail with 'No agent available' and a validating webhook of the customer times out for everybody; all konnectivity-agent pods are CrashLoopBackOff since the VPC's new ACL drops their port 30415 to the master. calico-node is 1/1 on each worker and its log (read with crictl) is calm.",
        "https://github.com/k0sproject/k0s/issues/5503",
        now,
        platform="roks",
        calico="v3.27.2",
        kubernetes="v1.29.8+632b078",
        difficulty="medium",
    )
    nodes = story.workers(
        [f"10.243.65.{n}" for n in (4, 5, 6)],
        os_image="Red Hat Enterprise Linux 8.10 (Ootpa)",
        kernel="4.18.0-553.22.1.el8_10.x86_64",
        runtime="cri-o://1.29.8",
    )
    story.agents(nodes, started=1_200_000)
    story.typha(nodes[0], started=1_200_000)
    story.typha(nodes[1], "q6x4j", started=1_200_000)
    agents = []
    for n, node in enumerate(nodes):
        agents.append(story.other(f"konnectivity-agent-{'bx2'[n]}7{'k9m'[n]}tz", node, f"172.17.{n + 3}.14", owner="DaemonSet/konnectivity-agent", app="konnectivity-agent",
                                  image="registry.example.com/armada-master/konnectivity/agent:v0.28.2", ready=False, restarts=31 + n, waiting="CrashLoopBackOff", last=("Error", 137, 100 + 40 * n)))  # fmt: skip
        story.pod_event(
            agents[-1],
            "Unhealthy",
            'Liveness probe failed: Get "http://172.17.'
            + str(n + 3)
            + '.14:8093/healthz": dial tcp 172.17.'
            + str(n + 3)
            + ".14:8093: connect: connection refused",
            130,
            7200,
            93,
            namespace="kube-system",
        )
        story.pod_event(
            agents[-1],
            "BackOff",
            f"Back-off restarting failed container konnectivity-agent in pod {agents[-1]}_kube-system(2e7{n})",
            9,
            7100,
            420,
            namespace="kube-system",
        )
    lines = []
    for n in range(12):
        ago = 330 - 18 * n
        lines.append(
            f'E{story.klog(ago)}       1 clientset.go:193] "cannot connect once" err="rpc error: code = Unavailable desc = connection error: desc = \\"transport: Error while dialing: dial tcp 192.0.2.104:30415: i/o timeout\\""'
        )
    story.log(
        agents[1],
        [
            *(
                f"I{story.klog(340)}       1 options.go:{130 + i}] {text}"
                for i, text in enumerate(
                    (
                        'AgentCert set to "/etc/konnectivity/tls.crt".',
                        'AgentKey set to "/etc/konnectivity/tls.key".',
                        'ProxyServerHost set to "master.private.example.com".',
                        "ProxyServerPort set to 30415.",
                    )
                )
            ),
            *lines,
        ],
        f"crictl-logs-{agents[1]}.txt",
    )
    me = story.pods[nodes[1]]
    story.texts[f"{me}.log"] = (
        f'Error from server: Get "https://{nodes[1]}:10250/containerLogs/calico-system/{me}/calico-node": No agent available\n'
    )
    story.log(me, story.quiet(1800, 20, 130), f"crictl-logs-{me}.txt")
    story.texts["oc-apply.txt"] = (
        'Error from server (InternalError): error when creating "job.yaml": Internal error occurred: failed calling webhook "validate.policies.example.com": failed to call webhook: Post "https://policy-webhook.policies.svc:443/validate?timeout=10s": No agent available\n'
    )
    story.describe(nodes[1])
    story.commands["describe-konnectivity-agent.txt"] = f"describe pod -n kube-system {agents[1]}"
    story.affected = []
    story.cite(f"{me}.log", "No agent available")
    return story


def agents_reach_one_server_only(now: datetime) -> Incident:
    # told on 29 November 2026 without having seen the rules
    story = incident(
        "agents-keep-a-tunnel-to-one-server-only",
        CAUSE,
        "RKE2 with three servers: since a firewall change the agents' tunnels to server 2 and 3 (9345) time out, so two of three 'kubectl logs' end in 'proxy error ... code 502' and metrics are away by turns, while the agents' kubelets work through the first server. Every node and calico pod is ready.",
        "https://github.com/rancher/rke2/issues/7386 and https://github.com/rancher/rke2/issues/10000",
        now,
        platform="other",
        calico="v3.29.2",
        kubernetes="v1.31.6+rke2r1",
        registry="docker.io/rancher/mirrored-calico",
        difficulty="medium",
    )
    servers = {f"rsv-{n}": f"10.79.2.{10 + n}" for n in (1, 2, 3)}
    agents = {f"rag-{n}": f"10.79.6.{20 + n}" for n in (1, 2, 3)}
    story.hosts(
        servers | agents,
        os_image="AlmaLinux 9.5 (Teal Serval)",
        kernel="5.14.0-503.23.2.el9_5.x86_64",
        runtime="containerd://2.0.2-k3s2",
    )
    story.staff(servers | agents, started=1_400_000)
    story.typha("rag-1", started=1_400_000)
    story.typha("rsv-2", "k2v8q", started=1_400_000)
    for n, (node, address) in enumerate(agents.items()):
        name = story.pods[node]
        error = f'Error from server: Get "https://{address}:10250/containerLogs/calico-system/{name}/calico-node?timestamps=true": proxy error from 127.0.0.1:9345 while dialing {address}:10250, code 502: 502 Bad Gateway\n'
        if n < 2:
            story.texts[f"logs/{name}.log"] = error
        else:
            story.log(name, wrapped(story, story.quiet(3600, 20, 300), "stamps"), f"logs/{name}.log")
    story.log(
        story.pods["rsv-2"], wrapped(story, story.quiet(3600, 20, 300), "stamps"), f"logs/{story.pods['rsv-2']}.log"
    )
    story.texts["terminal.txt"] = (
        '$ for i in 1 2 3 4 5 6; do kubectl top node rag-1 --no-headers; done\nError from server (NotFound): nodemetrics.metrics.k8s.io "rag-1" not found\nError from server (NotFound): nodemetrics.metrics.k8s.io "rag-1" not found\nrag-1   411m   10%   5120Mi   32%\nError from server (NotFound): nodemetrics.metrics.k8s.io "rag-1" not found\nError from server (NotFound): nodemetrics.metrics.k8s.io "rag-1" not found\nrag-1   409m   10%   5121Mi   32%\n'
        f'$ kubectl exec -n calico-system {story.pods["rag-2"]} -c calico-node -- birdcl show protocols\nerror: Internal error occurred: error sending request: Post "https://10.79.6.22:10250/exec/calico-system/{story.pods["rag-2"]}/calico-node?command=birdcl&command=show&command=protocols&error=1&output=1": proxy error from 127.0.0.1:9345 while dialing 10.79.6.22:10250, code 502: 502 Bad Gateway\n'
    )
    journal = [
        f'{story.syslog(8200)} rag-2 rke2[1012]: time="{story.ago(8200)}" level=error msg="Remotedialer proxy error; reconnecting..." error="read tcp 10.79.6.22:44190->10.79.2.{12 + k}:9345: i/o timeout" url="wss://10.79.2.{12 + k}:9345/v1-rke2/connect"'
        for k in (0, 1)
    ]
    for n in range(24):
        for k in (0, 1):
            ago = 8060 - 331 * n - 7 * k
            journal += [
                f'{story.syslog(ago)} rag-2 rke2[1012]: time="{story.ago(ago)}" level=info msg="Connecting to proxy" url="wss://10.79.2.{12 + k}:9345/v1-rke2/connect"',
                f'{story.syslog(ago - 130)} rag-2 rke2[1012]: time="{story.ago(ago - 130)}" level=error msg="Failed to connect to proxy. Empty dialer response" error="dial tcp 10.79.2.{12 + k}:9345: connect: connection timed out"',
                f'{story.syslog(ago - 130)} rag-2 rke2[1012]: time="{story.ago(ago - 130)}" level=error msg="Remotedialer proxy error; reconnecting..." error="dial tcp 10.79.2.{12 + k}:9345: connect: connection timed out" url="wss://10.79.2.{12 + k}:9345/v1-rke2/connect"',
            ]
    story.log("", sorted(journal, key=lambda x: x[:15]), "journal-rke2-agent-rag-2.txt")
    story.commands = {
        "nodes.txt": "get nodes -o wide",
        "pods.txt": "get pods -A -o wide",
        f"describe-pod-{story.pods['rag-2']}.txt": f"describe pod -n calico-system {story.pods['rag-2']}",
        "describe-node-rag-2.txt": "describe node rag-2",
    }
    story.affected = []
    story.cite("journal-rke2-agent-rag-2.txt", "Failed to connect to proxy. Empty dialer response")
    story.cite("terminal.txt", "code 502: 502 Bad Gateway")
    return story


def tunnel_pod_does_not_get_in(now: datetime) -> Incident:
    story = incident(
        "managed-clusters-tunnel-pod-is-denied",
        CAUSE,
        "A managed cluster of 2020: nodes and all calico pods are ready, but every log, exec and the metrics API time out at 10250. The tunnelfront pod (its log comes from the log workspace) is refused by its other end and its liveness probe restarts it. calico-node's one old restart is from a node upgrade.",
        "https://github.com/Azure/AKS/issues/449 and https://github.com/Azure/AKS/issues/642",
        now,
        platform="other",
        calico="v3.8.9",
        kubernetes="v1.17.13",
        namespace="kube-system",
        registry="mcr.microsoft.com/oss/calico",
        difficulty="easy",
    )
    hosts = {f"aks-agentpool-20511733-vmss00000{n}": f"10.240.0.{4 + 31 * n}" for n in range(3)}
    names = list(hosts)
    story.hosts(hosts, os_image="Ubuntu 16.04.7 LTS", kernel="4.15.0-1096-azure", runtime="docker://19.3.12")
    story.staff(hosts, started=800_000, restarts=1, last=("Error", 143, 800_040))
    story.typha(names[1], started=1_300_000)
    tunnel = story.other(
        "tunnelfront-6b8f9d7c54-qz8mk",
        names[0],
        "10.244.0.9",
        owner="ReplicaSet/tunnelfront-6b8f9d7c54",
        app="tunnel-front",
        image="mcr.microsoft.com/aks/hcp/hcp-tunnel-front:v1.9.2-v3.0.18",
        ready=False,
        restarts=212,
        started=45,
        last=("Error", 137, 50),
    )
    story.pod_event(tunnel, "Unhealthy", "Liveness probe failed: ", 12, 90_000, 3448, namespace="kube-system")
    story.pod_event(
        tunnel,
        "Killing",
        "Container tunnel-front failed liveness probe, will be restarted",
        60,
        89_900,
        211,
        type_="Normal",
        namespace="kube-system",
    )
    metrics = story.other(
        "metrics-server-7f5b4f6d8c-2mlnv",
        names[2],
        "10.244.2.4",
        owner="ReplicaSet/metrics-server-7f5b4f6d8c",
        app="metrics-server",
        image="mcr.microsoft.com/oss/kubernetes/metrics-server:v0.3.6",
    )
    for node, address in hosts.items():
        name = story.pods[node]
        story.texts[f"{name}.log"] = (
            f"Error from server: Get https://{node}:10250/containerLogs/kube-system/{name}/calico-node: dial tcp {address}:10250: i/o timeout\n"
        )
    story.texts["log-workspace-export.csv"] = "TimeGenerated [UTC],LogEntry,Image\n" + "".join(
        f'"{story.ago(84_000 - 2900 * n - k)}","{text.format(story.stamp(84_000 - 2900 * n - k)[11:19])}","aks/hcp/hcp-tunnel-front"\n'
        for n in range(28)
        for k, text in (
            (0, "[ {} ] INF: Ssh to tunnelend is not connected.. attempting to connect"),
            (0, "Identity added: /root/.ssh/id_rsa (/root/.ssh/id_rsa)"),
            (1, "Permission denied (publickey)."),
        )
    )
    story.texts["kubectl-top.txt"] = (
        "$ kubectl top nodes\nError from server (ServiceUnavailable): the server is currently unable to handle the request (get nodes.metrics.k8s.io)\n$ kubectl get apiservice v1beta1.metrics.k8s.io\nNAME                     SERVICE                      AVAILABLE                      AGE\nv1beta1.metrics.k8s.io   kube-system/metrics-server   False (FailedDiscoveryCheck)   20d\n"
    )
    story.commands = {
        "get-nodes.txt": "get nodes -o wide",
        "get-pods.txt": "get pods -A -o wide",
        "describe-tunnelfront.txt": f"describe pod -n kube-system {tunnel}",
        "describe-metrics-server.txt": f"describe pod -n kube-system {metrics}",
        f"describe-pod-{story.pods[names[0]]}.txt": f"describe pod -n kube-system {story.pods[names[0]]}",
    }
    story.affected = []
    story.cite("log-workspace-export.csv", "Ssh to tunnelend is not connected")
    story.cite("describe-tunnelfront.txt", "Container tunnel-front failed liveness probe, will be restarted")
    return story


STORIES = [
    agent_cannot_reach_its_server,
    server_asks_a_dead_agent,
    vpn_pod_without_its_server,
    agents_behind_a_new_acl,
    agents_reach_one_server_only,
    tunnel_pod_does_not_get_in,
]
