"""network-policy-blocking: told without having seen the rules, then opened."""

from __future__ import annotations

from datetime import datetime, timedelta

from cluster import event
from telling import Incident, incident, wrapped

CAUSE = "network-policy-blocking"


def host_endpoints_without_a_policy(now: datetime) -> Incident:
    story = incident(
        "two-host-endpoints-and-not-one-policy",
        CAUSE,
        "For two edge hosts somebody made HostEndpoints to begin with host policies later; no policy and no profile allows anything, so all but the fail-safe ports is dropped there. Nodes and calico-node are ready (6443, 179, 5473 are fail-safe), but images cannot be pulled, logs of these two time out at 10250 and their metrics are away: looks like a registry, a tunnel or a firewall.",
        "https://github.com/projectcalico/calico/issues/4556 and https://github.com/projectcalico/calico/issues/968",
        now,
        platform="other",
        calico="v3.25.2",
        kubernetes="v1.26.9",
        registry="quay.io/calico",
        namespace="kube-system",
        difficulty="hard",
    )
    hosts = {f"row-cp{n}": f"10.18.2.{10 + n}" for n in (1, 2, 3)} | {
        f"row-core{n}": f"10.18.2.{20 + n}" for n in (1, 2)
    }
    edge = {"row-edge1": "10.18.2.31", "row-edge2": "10.18.2.32"}
    system = {"os_image": "Rocky Linux 9.2 (Blue Onyx)", "kernel": "5.14.0-284.30.1.el9_2.x86_64", "runtime": "containerd://1.6.24", "age": 6_600_000, "since": 6_500_000}  # fmt: skip
    story.hosts(hosts, **system)
    story.hosts(edge, labels={"node-role.row.example/edge": "true"}, **system)
    story.staff(hosts | edge, started=2_700_000, age=6_500_000, restarts=1, last=("Error", 143, 2_700_040))
    story.other("metrics-server-6f6cdbf67d-k2xmt", "row-core2", "10.233.91.14", owner="ReplicaSet/metrics-server-6f6cdbf67d", app="metrics-server", image="registry.k8s.io/metrics-server/metrics-server:v0.6.4", started=2_600_000)  # fmt: skip
    registry = 'rpc error: code = Unknown desc = failed to pull and unpack image "{0}": failed to resolve reference "{0}": failed to do request: Head "https://registry.row.example/v2/edge/proxy/manifests/5.2.0": dial tcp 10.18.9.40:443: i/o timeout'
    image = "registry.row.example/edge/proxy:5.2.0"
    for n, node in enumerate(edge):
        pod = f"edge-proxy-{'hv'[n]}7k{'zq'[n]}m"
        story.other(pod, node, f"10.233.{101 + n}.8", "edge", "DaemonSet/edge-proxy", "edge-proxy", image=image, ready=False, phase="Pending", age=4_000 - 700 * n, waiting="ImagePullBackOff", message=f'Back-off pulling image "{image}"')  # fmt: skip
        event(story, "Pod", pod, "Scheduled", f"Successfully assigned edge/{pod} to {node}", 4_000 - 700 * n, type_="Normal", namespace="edge", source="default-scheduler")  # fmt: skip
        event(story, "Pod", pod, "Pulling", f'Pulling image "{image}"', 500 + 40 * n, 3_990 - 700 * n, 12 - 2 * n, type_="Normal", namespace="edge")  # fmt: skip
        event(story, "Pod", pod, "Failed", f'Failed to pull image "{image}": {registry.format(image)}', 470 + 40 * n, 3_960 - 700 * n, 12 - 2 * n, namespace="edge")  # fmt: skip
        event(story, "Pod", pod, "BackOff", f'Back-off pulling image "{image}"', 20 + 6 * n, 3_930 - 700 * n, 150 - 30 * n, type_="Normal", namespace="edge")  # fmt: skip
    for node, address in edge.items():
        name = story.pods[node]
        story.texts[f"{name}.log"] = f'Error from server: Get "https://{address}:10250/containerLogs/kube-system/{name}/calico-node": dial tcp {address}:10250: i/o timeout\n'  # fmt: skip
    name = story.pods["row-edge1"]
    lines = story.quiet(16_000, 9_400, 900)
    lines += [
        story.say(9_320, "INFO", 61, "felix", "int_dataplane.go 1836:", 'Received *proto.HostEndpointUpdate update from calculation graph msg=id:<endpoint_id:"row-edge1-bond0" > endpoint:<name:"bond0" expected_ipv4_addrs:"10.18.2.31" >'),
        story.say(9_319.98, "INFO", 61, "felix", "endpoint_mgr.go 1040:", 'Host endpoint matched ifaceName="bond0" matchedOn="name" id=proto.HostEndpointID{EndpointId:"row-edge1-bond0"}'),
        story.say(9_319.9, "INFO", 61, "felix", "endpoint_mgr.go 730:", 'Adding chains for host endpoint ifaceName="bond0"'),
        *story.quiet(9_200, 40, 880),
    ]  # fmt: skip
    story.log("", wrapped(story, lines, "cri"), "row-edge1/var-log-pods-calico-node-0.log")
    story.texts["hostendpoints.yaml"] = (
        "apiVersion: projectcalico.org/v3\nitems:\n"
        + "".join(
            f'- apiVersion: projectcalico.org/v3\n  kind: HostEndpoint\n  metadata:\n    creationTimestamp: "{story.ago(9_321 - n)}"\n    labels:\n      role: edge\n    name: {node}-bond0\n    resourceVersion: "4410{n}17"\n    uid: 3c0e7a51-90b8-4c0d-8d5a-6f1e2b7c9d0{n}\n  spec:\n    expectedIPs:\n    - {address}\n    interfaceName: bond0\n    node: {node}\n'
            for n, (node, address) in enumerate(edge.items())
        )
        + f'kind: HostEndpointList\nmetadata:\n  resourceVersion: "4419{len(edge)}30"\n'
    )
    story.texts["calicoctl-and-curl.txt"] = (
        "[root@row-edge1 ~]# calicoctl get gnp\nNAME   \n\n[root@row-edge1 ~]# calicoctl get networkpolicy -A -o name | wc -l\n3\n"
        "[root@row-edge1 ~]# calicoctl node status | grep -c Established\n6\n"
        "[root@row-edge1 ~]# curl -m 5 -sk https://10.18.9.40/v2/ ; echo $?\n28\n[root@row-edge1 ~]# curl -m 5 -sk https://10.18.2.11:6443/livez ; echo\nok\n"
        "[root@row-core1 ~]# curl -m 5 -sk -o /dev/null -w '%{http_code}\\n' https://10.18.9.40/v2/\n401\n"
        "[root@row-core1 ~]# kubectl top nodes | tail -3\nrow-core2   512m         13%    4810Mi          30%       \nrow-edge1   <unknown>    <unknown>   <unknown>   <unknown>   \nrow-edge2   <unknown>    <unknown>   <unknown>   <unknown>   \n"
    )
    story.log(story.pods["row-core1"], story.quiet(9_800, 25, 700))
    story.commands |= {
        "nodes.txt": "get nodes -o wide",
        "pods.txt": "get pods -A -o wide",
        "describe-edge-proxy.txt": "describe pod -n edge edge-proxy-h7kzm",
        "describe-node-row-edge1.txt": "describe node row-edge1",
        f"describe-pod-{name}.txt": f"describe pod -n kube-system {name}",
    }
    story.affected = list(edge)
    story.cite("hostendpoints.yaml", "kind: HostEndpoint")
    story.cite("row-edge1/var-log-pods-calico-node-0.log", "Received *proto.HostEndpointUpdate")
    return story


def dns_of_the_node_is_not_a_pod(now: datetime) -> Incident:
    story = incident(
        "default-deny-knows-coredns-but-not-the-nodes-cache",
        CAUSE,
        "A global default-deny allows DNS to the pods of kube-dns. Since the update switched nodelocaldns on, pods ask 169.254.25.10 on their node, which no selector matches: every lookup of every application pod times out. CoreDNS, the cache and calico-node are ready, their logs are calm; host network pods and kube-system resolve.",
        "https://github.com/kontena/pharos-cluster/issues/1511",
        now,
        platform="other",
        calico="v3.24.5",
        kubernetes="v1.25.5",
        registry="quay.io/calico",
        namespace="kube-system",
        difficulty="medium",
    )
    hosts = {f"ks-{n}": f"172.19.6.{40 + n}" for n in range(1, 5)}
    story.hosts(hosts, os_image="Ubuntu 22.04.1 LTS", kernel="5.15.0-56-generic", runtime="containerd://1.6.14", age=25_000_000, since=80_000)  # fmt: skip
    nodes = list(hosts)
    story.staff(hosts, started=79_000, age=79_060)
    for n, node in enumerate(nodes):
        story.other(f"nodelocaldns-{'bq7w'[n]}x{'2mzk'[n]}tj", node, owner="DaemonSet/nodelocaldns", app="nodelocaldns", image="registry.k8s.io/dns/k8s-dns-node-cache:1.21.1", started=76_000, age=76_030)  # fmt: skip
    for n, node in enumerate(nodes[:2]):
        story.other(f"coredns-588bb58b94-{'h5'[n]}9{'qd'[n]}rl", node, f"10.233.{90 + n}.3", owner="ReplicaSet/coredns-588bb58b94", app="coredns", image="registry.k8s.io/coredns/coredns:v1.9.3", started=78_000, age=78_050)  # fmt: skip
    crashed = []
    for n, (app, node) in enumerate((("ledger", nodes[2]), ("notify", nodes[3]), ("portal", nodes[1]))):
        crashed.append(story.other(f"{app}-7c6f9d58bb-{'x4d'[n]}k2z{'qwm'[n]}", node, f"10.233.{92 + n}.{15 + n}", "bank", f"ReplicaSet/{app}-7c6f9d58bb", app, image=f"registry.bank.example/{app}:14.0", ready=False, restarts=190 + 9 * n, waiting="CrashLoopBackOff", message=f"back-off 5m0s restarting failed container={app}", last=("Error", 1, 120 + 50 * n), age=600_000))  # fmt: skip
        event(story, "Pod", crashed[n], "BackOff", f"Back-off restarting failed container {app} in pod {crashed[n]}_bank(7ae0)", 10 + n, 74_000, 5_100, namespace="bank")  # fmt: skip
    story.log(
        "",
        [
            f'{{"ts":"{story.ago(172)}","level":"info","msg":"ledger 14.0 starting"}}',
            *(
                f'{{"ts":"{story.ago(167 - 10 * n)}","level":"warn","msg":"database not reachable, attempt {n + 1}","err":"dial tcp: lookup pg-rw.bank.svc.cluster.local on 169.254.25.10:53: read udp 10.233.92.15:{38_114 + 371 * n}->169.254.25.10:53: i/o timeout"}}'
                for n in range(4)
            ),
            f'{{"ts":"{story.ago(122)}","level":"fatal","msg":"giving up on database"}}',
        ],
        f"{crashed[0]}-previous.log",
    )
    story.log(
        "",
        [
            "[INFO] Starting node-cache image: 1.21.1",
            "[INFO] Using Corefile /etc/coredns/Corefile",
            "[INFO] Added interface - nodelocaldns",
            "cluster.local.:53 on 169.254.25.10",
            "in-addr.arpa.:53 on 169.254.25.10",
            "ip6.arpa.:53 on 169.254.25.10",
            ".:53 on 169.254.25.10",
            "[INFO] plugin/reload: Running configuration MD5 = adf97d6b4504ff12113ebb35f0c6413e",
            "CoreDNS-1.7.0",
            "linux/amd64, go1.16.10, ",
        ],
        "nodelocaldns-7xztj.log",
    )
    story.texts["gnp.yaml"] = (
        "apiVersion: projectcalico.org/v3\nitems:\n- apiVersion: projectcalico.org/v3\n  kind: GlobalNetworkPolicy\n  metadata:\n"
        f'    creationTimestamp: "{story.ago(18_300_000)}"\n    name: default-deny-apps\n    resourceVersion: "1190233"\n  spec:\n'
        "    egress:\n    - action: Allow\n      destination:\n        ports:\n        - 53\n        selector: k8s-app == 'kube-dns'\n      protocol: UDP\n"
        "    - action: Allow\n      destination:\n        ports:\n        - 53\n        selector: k8s-app == 'kube-dns'\n      protocol: TCP\n"
        '    namespaceSelector: has(projectcalico.org/name) && projectcalico.org/name not in {"kube-system", "ingress-nginx"}\n    order: 2000\n    types:\n    - Ingress\n    - Egress\n'
        'kind: GlobalNetworkPolicyList\nmetadata:\n  resourceVersion: "30714421"\n'
    )
    story.texts["tests.txt"] = (
        "$ kubectl -n bank exec deploy/toolbox -- cat /etc/resolv.conf\nsearch bank.svc.cluster.local svc.cluster.local cluster.local default.svc.cluster.local\nnameserver 169.254.25.10\noptions ndots:5\n"
        "$ kubectl -n bank exec deploy/toolbox -- nslookup pg-rw.bank.svc.cluster.local\n;; connection timed out; no servers could be reached\n\ncommand terminated with exit code 1\n"
        "$ kubectl -n bank exec deploy/toolbox -- nslookup pg-rw.bank.svc.cluster.local 10.233.0.3\nServer:\t\t10.233.0.3\nAddress:\t10.233.0.3#53\n\nName:\tpg-rw.bank.svc.cluster.local\nAddress: 10.233.41.8\n\n"
        "$ kubectl -n kube-system run t --rm -it --image=busybox:1.36 --restart=Never -- nslookup kubernetes.default.svc.cluster.local | tail -3\nName:\tkubernetes.default.svc.cluster.local\nAddress: 10.233.0.1\n\n"
        "root@ks-3:~# dig +short @169.254.25.10 pg-rw.bank.svc.cluster.local\n10.233.41.8\n"
    )
    story.log(story.pods["ks-3"], [*story.boot("ks-3", 78_990, [a for n, a in hosts.items() if n != "ks-3"], interface="ens18", prefix=24), *story.quiet(70_000, 60, 7_000)])  # fmt: skip
    story.commands |= {
        "nodes.txt": "get nodes -o wide",
        "pods.txt": "get pods -A -o wide",
        "describe-ledger.txt": f"describe pod -n bank {crashed[0]}",
        f"describe-pod-{story.pods['ks-3']}.txt": f"describe pod -n kube-system {story.pods['ks-3']}",
    }
    story.affected = []
    story.cite("gnp.yaml", "selector: k8s-app == 'kube-dns'")
    story.cite(f"{crashed[0]}-previous.log", "169.254.25.10:53: i/o timeout")
    return story


def isolation_of_projects_knows_other_addresses(now: datetime) -> Incident:
    story = incident(
        "isolation-of-projects-lists-addresses-that-no-node-uses",
        CAUSE,
        "RKE2 managed by Rancher: project network isolation was switched on. Its policy hn-nodes, in each namespace of the project, lets in the first addresses of the nodes' PodCIDRs, while Calico's own IPAM gave the tunnels other addresses. So what comes from the ingress controllers (host network) of other nodes is dropped: 504 for every site, except by chance on the pod's own node. Nodes, calico-node and pods are ready.",
        "https://github.com/rancher/rancher/issues/38490 and https://github.com/rancher/rancher/issues/33979",
        now,
        platform="other",
        calico="v3.23.1",
        kubernetes="v1.23.10+rke2r1",
        registry="docker.io/rancher/mirrored-calico",
        difficulty="hard",
    )
    story.registry = "docker.io/rancher/mirrored-calico"
    hosts = {f"rke-{n}": f"10.77.30.{60 + n}" for n in range(1, 5)}
    tunnels = {"rke-1": "10.42.224.0", "rke-2": "10.42.36.0", "rke-3": "10.42.230.64", "rke-4": "10.42.119.128"}
    system = {"os_image": "openSUSE Leap 15.4", "kernel": "5.14.21-150400.24.41-default", "runtime": "containerd://1.5.13-k3s2"}  # fmt: skip
    story.hosts(hosts, age=5_000_000, since=4_900_000, **system)
    for n, item in enumerate(story.objects["Node"]):
        node = item["metadata"]["name"]
        item["metadata"]["annotations"]["projectcalico.org/IPv4VXLANTunnelAddr"] = tunnels[node]
        item["spec"] |= {"podCIDR": f"10.42.{n}.0/24", "podCIDRs": [f"10.42.{n}.0/24"]}
    story.staff(hosts, started=2_400_000, age=2_400_030)
    story.typha("rke-1", "s9wkf", started=2_400_000)
    story.typha("rke-3", "lz6px", started=2_400_000)
    ingress = {}
    for n, node in enumerate(hosts):
        ingress[node] = story.other(f"rke2-ingress-nginx-controller-{'bhqt'[n]}6{'dkwz'[n]}x", node, owner="DaemonSet/rke2-ingress-nginx-controller", app="rke2-ingress-nginx-controller", image="rancher/nginx-ingress-controller:nginx-1.2.1-rancher1", started=2_300_000, age=2_300_030)  # fmt: skip
    for n, node in enumerate(("rke-2", "rke-4")):
        story.other(f"portal-5d8c7f6b9-{'vx'[n]}2m{'kq'[n]}h", node, ("10.42.36.19", "10.42.119.147")[n], "customer-portal", "ReplicaSet/portal-5d8c7f6b9", app="portal", image="registry.example.com/portal:7.2", started=900_000, age=900_020)  # fmt: skip
    log = []
    for n in range(12):
        at = now - timedelta(seconds=230 - 17 * n)
        pod_ip = ("10.42.36.19", "10.42.119.147")[n % 2]
        log += [
            f'{at:%Y/%m/%d %H:%M:%S} [error] 411#411: *{88_120 + 37 * n} upstream timed out (110: Operation timed out) while connecting to upstream, client: 10.77.4.{12 + n}, server: portal.corp.example, request: "GET / HTTP/2.0", upstream: "http://{pod_ip}:8080/", host: "portal.corp.example"',
            *(
                [
                    f'10.77.4.{12 + n} - - [{at:%d/%b/%Y:%H:%M:%S} +0000] "GET / HTTP/2.0" 504 160 "-" "Mozilla/5.0" 41 15.003 [customer-portal-portal-http] [] 10.42.36.19:8080, 10.42.119.147:8080, 10.42.36.19:8080 0, 0, 0 5.001, 5.001, 5.001 504, 504, 504 7c1e{n:02d}a0'
                ]
                if n % 3 == 2
                else []
            ),
        ]
    story.log(ingress["rke-1"], log)
    sources = "".join(
        f"    - ipBlock:\n        cidr: 10.42.{n}.0/32\n    - ipBlock:\n        cidr: {address}/32\n"
        for n, address in enumerate(hosts.values())
    )
    story.texts["netpol-customer-portal.yaml"] = (
        "apiVersion: v1\nitems:\n- apiVersion: networking.k8s.io/v1\n  kind: NetworkPolicy\n  metadata:\n"
        f'    creationTimestamp: "{story.ago(9_640)}"\n    labels:\n      cattle.io/creator: norman\n    name: hn-nodes\n    namespace: customer-portal\n  spec:\n    ingress:\n    - from:\n'
        + "".join("  " + line + "\n" for line in sources.splitlines())
        + "    podSelector: {}\n    policyTypes:\n    - Ingress\n- apiVersion: networking.k8s.io/v1\n  kind: NetworkPolicy\n  metadata:\n"
        f'    creationTimestamp: "{story.ago(9_641)}"\n    labels:\n      cattle.io/creator: norman\n      field.cattle.io/projectId: p-7xk2m\n    name: np-default\n    namespace: customer-portal\n  spec:\n    ingress:\n    - from:\n      - namespaceSelector:\n          matchLabels:\n            field.cattle.io/projectId: p-7xk2m\n    podSelector: {{}}\n    policyTypes:\n    - Ingress\nkind: List\n'
    )
    story.texts["tunnel-addresses.txt"] = (
        "$ kubectl get nodes -o custom-columns=NAME:.metadata.name,PODCIDR:.spec.podCIDR,VXLAN:.metadata.annotations.projectcalico\\\\.org/IPv4VXLANTunnelAddr\nNAME    PODCIDR        VXLAN\n"
        + "".join(f"{node:7} 10.42.{n}.0/24   {tunnels[node]}\n" for n, node in enumerate(hosts))
        + "rke-1:~ # curl -m 5 -s -o /dev/null -w '%{http_code}\\n' http://10.42.36.19:8080/   # pod on rke-2\n000\nrke-2:~ # curl -m 5 -s -o /dev/null -w '%{http_code}\\n' http://10.42.36.19:8080/\n200\n"
        "$ kubectl -n customer-portal exec deploy/portal -- wget -qO- -T5 http://10.42.119.147:8080/healthz\nok\n"
    )
    story.log(
        story.pods["rke-2"], [*story.boot("rke-2", 2_399_900, bird=False, prefix=24), *story.quiet(9_900, 25, 800)]
    )
    story.commands |= {
        "nodes.txt": "get nodes -o wide",
        "pods.txt": "get pods -A -o wide",
        "describe-node-rke-2.txt": "describe node rke-2",
        f"describe-{story.pods['rke-2']}.txt": f"describe pod -n calico-system {story.pods['rke-2']}",
    }
    story.affected = []
    story.cite("netpol-customer-portal.yaml", "name: hn-nodes")
    story.cite(f"{ingress['rke-1']}.log", "upstream timed out (110: Operation timed out)")
    return story


STORIES = [host_endpoints_without_a_policy, dns_of_the_node_is_not_a_pod, isolation_of_projects_knows_other_addresses]
