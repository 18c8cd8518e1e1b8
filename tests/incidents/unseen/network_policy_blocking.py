"""network-policy-blocking: told without having seen the rules."""

from __future__ import annotations

from datetime import datetime

from cluster import UNKNOWN
from telling import FELIX_503, Incident, incident

CAUSE = "network-policy-blocking"


def deny_all_of_the_docs(now: datetime) -> Incident:
    story = incident(
        "deny-all-was-copied-from-a-page",
        CAUSE,
        "The global policy deny-all (selector all(), order 0, both directions) was applied without allowing anything: it also covers kube-system, so CoreDNS cannot reach the API, nothing resolves, and a restarted kube-controllers cannot start. calico-node is ready everywhere.",
        "https://github.com/projectcalico/calico/pull/4050",
        now,
        platform="other",
        calico="v3.16.3",
        kubernetes="v1.19.4",
        registry="docker.io/calico",
        namespace="kube-system",
        difficulty="medium",
    )
    hosts = {f"kb-{n}": f"10.88.3.{n}" for n in (11, 12, 13)}
    story.hosts(hosts, os_image="CentOS Linux 8", kernel="4.18.0-240.el8.x86_64", runtime="docker://19.3.13")
    story.staff(hosts)
    dns = story.other(
        "coredns-f9fd979d6-7hq2b",
        "kb-12",
        "10.48.12.5",
        owner="ReplicaSet/coredns-f9fd979d6",
        app="coredns",
        ready=False,
        restarts=6,
        started=100,
        last=("Error", 137, 110),
        image="k8s.gcr.io/coredns:1.7.0",
    )
    ctl = story.other(
        "calico-kube-controllers-5dc87d545c-t2vrk",
        "kb-13",
        "10.48.13.2",
        owner="ReplicaSet/calico-kube-controllers-5dc87d545c",
        app="calico-kube-controllers",
        ready=False,
        restarts=9,
        waiting="CrashLoopBackOff",
        last=("Error", 1, 150),
        image="docker.io/calico/kube-controllers:v3.16.3",
        age=3000,
    )
    story.pod_event(dns, "Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503", 5, 3300, 320)
    story.pod_event(
        ctl,
        "Unhealthy",
        "Readiness probe failed: Failed to read status file status.json: open status.json: no such file or directory",
        160,
        2900,
        27,
    )
    timeout = "dial tcp 10.96.0.1:443: i/o timeout"
    lines = [
        story.line(
            190,
            "INFO",
            1,
            "main.go 88:",
            'Loaded configuration from environment config=&config.Config{LogLevel:"info", WorkloadEndpointWorkers:1, ProfileWorkers:1, PolicyWorkers:1, NodeWorkers:1, Kubeconfig:"", DatastoreType:"kubernetes"}',
        ),
        story.line(189, "INFO", 1, "main.go 109:", "Ensuring Calico datastore is initialized"),
        story.line(
            179,
            "ERROR",
            1,
            "client.go 261:",
            f'Error getting cluster information config ClusterInformation="default" error=Get "https://10.96.0.1:443/apis/crd.projectcalico.org/v1/clusterinformations/default": {timeout}',
        ),
        story.line(
            179,
            "FATAL",
            1,
            "main.go 114:",
            f'Failed to initialize Calico datastore error=Get "https://10.96.0.1:443/apis/crd.projectcalico.org/v1/clusterinformations/default": {timeout}',
        ),
    ]
    story.log(ctl, lines)
    story.log(
        dns,
        [
            f'E{story.klog(400 - 35 * n)}       1 reflector.go:127] pkg/mod/k8s.io/client-go@v0.18.3/tools/cache/reflector.go:125: Failed to list *v1.Service: Get "https://10.96.0.1:443/api/v1/services?limit=500&resourceVersion=0": {timeout}'
            for n in range(10)
        ],
    )
    story.texts["calicoctl-get-gnp.yaml"] = (
        "apiVersion: projectcalico.org/v3\nitems:\n- apiVersion: projectcalico.org/v3\n  kind: GlobalNetworkPolicy\n  metadata:\n"
        f'    creationTimestamp: "{story.ago(3420)}"\n    name: deny-all\n  spec:\n    order: 0\n    selector: all()\n    types:\n    - Ingress\n    - Egress\nkind: GlobalNetworkPolicyList\n'
    )
    story.commands = {
        "pods.txt": "get pods -A -o wide",
        "nodes.txt": "get nodes -o wide",
        "describe-coredns.txt": f"describe pod -n kube-system {dns}",
        "describe-kube-controllers.txt": f"describe pod -n kube-system {ctl}",
        "describe-node.txt": "describe node kb-12",
        "describe-calico-node.txt": f"describe pod -n kube-system {story.pods['kb-12']}",
    }
    story.log(story.pods["kb-12"], story.quiet(4000, 8, 200))
    story.affected = []
    story.cite("calicoctl-get-gnp.yaml", "name: deny-all")
    return story


def masters_policy_without_typha(now: datetime) -> Incident:
    story = incident(
        "host-policy-forgets-5473",
        CAUSE,
        "Auto host endpoints were switched on with the policies 'ingress-k8s-masters' and 'ingress-k8s-workers'; they allow 6443, 53, 10250 and BGP, not 5473. Typha is ready, yet each calico-node that starts afterwards cannot reach it (i/o timeout) except on typha's own host.",
        "https://github.com/projectcalico/calico/issues/3795",
        now,
        platform="other",
        calico="v3.16.5",
        kubernetes="v1.18.14",
        registry="docker.io/calico",
        namespace="kube-system",
        difficulty="hard",
        acceptable=["typha-unavailable"],
    )
    hosts = {
        "kf-master-1": "10.90.70.11",
        "kf-worker-1": "10.90.70.21",
        "kf-worker-2": "10.90.70.22",
        "kf-worker-3": "10.90.70.23",
    }
    bad = ["kf-worker-2", "kf-worker-3"]
    story.hosts(hosts)
    story.staff({k: v for k, v in hosts.items() if k not in bad}, started=1_600_000)
    story.typha("kf-worker-1", "p4rvn", started=1_600_000)
    for n, node in enumerate(bad):
        name = story.staff(
            {node: hosts[node]}, ready=False, restarts=5, started=150, age=1700 - n, last=("Error", 137, 160)
        )[0]
        story.probe(name, FELIX_503, 9, 1650, 130)
        lines = story.boot(node, 150, [a for m, a in hosts.items() if m != node], prefix=24)[:-1]
        for turn in range(4):
            ago, pid = 148 - 34 * turn, 66 + 190 * turn
            lines += [
                story.say(ago, "INFO", pid, "felix", "sync_client.go 71:", " requiringTLS=false"),
                story.say(
                    ago,
                    "INFO",
                    pid,
                    "felix",
                    "sync_client.go 162:",
                    'Connecting to Typha. address="10.90.70.21:5473" connID=0x0 type=""',
                ),
                story.say(
                    ago - 30,
                    "ERROR",
                    pid,
                    "felix",
                    "daemon.go 450:",
                    "Failed to connect to Typha. Retrying... error=dial tcp 10.90.70.21:5473: i/o timeout",
                ),
                story.say(
                    ago - 31,
                    "FATAL",
                    pid,
                    "felix",
                    "daemon.go 462:",
                    "Failed to connect to Typha error=dial tcp 10.90.70.21:5473: i/o timeout",
                ),
            ]
        story.log(name, lines)
    story.texts["globalnetworkpolicies.yaml"] = (
        "apiVersion: projectcalico.org/v3\nitems:\n- apiVersion: projectcalico.org/v3\n  kind: GlobalNetworkPolicy\n  metadata:\n    name: ingress-k8s-masters\n  spec:\n    selector: has(node-role.kubernetes.io/master)\n"
        "    ingress:\n    - action: Allow\n      protocol: TCP\n      destination:\n        ports: [6443, 179, 10250, 53]\n    types: [Ingress]\n"
        f"- apiVersion: projectcalico.org/v3\n  kind: GlobalNetworkPolicy\n  metadata:\n    creationTimestamp: \"{story.ago(1900)}\"\n    name: ingress-k8s-workers\n  spec:\n    selector: kubernetes-host == 'ingress-workers'\n"
        "    ingress:\n    - action: Allow\n      protocol: TCP\n      destination:\n        ports: [179, 10250, 53, 9100]\n    - action: Allow\n      protocol: UDP\n      destination:\n        ports: [53]\n    - action: Allow\n      protocol: 4\n    types: [Ingress]\nkind: GlobalNetworkPolicyList\n"
    )
    story.texts["hostendpoints.txt"] = (
        "NAME                     NODE          INTERFACE   IPS           PROFILES\n"
        + "".join(
            f"{n + '-auto-hep':24} {n:13} *           {a:13} projectcalico-default-allow\n" for n, a in hosts.items()
        )
    )
    story.texts["iptables-kf-worker-1.txt"] = (
        "Chain cali-fh-any-interface-at-all (1 references)\n pkts bytes target     prot opt in     out     source               destination\n"
        " 8812 1061K cali-pi-_2xkT0oYb3pFhq9Lm8Wn  all  --  *      *       0.0.0.0/0            0.0.0.0/0            /* cali:tK1s3n */ mark match 0x0/0x20000\n"
        "  371 22260 DROP       all  --  *      *       0.0.0.0/0            0.0.0.0/0            /* cali:Yq7hAe */ /* Drop if no policies passed packet */ mark match 0x0/0x20000\n"
    )
    story.describe("kf-worker-2")
    story.affected = bad
    story.cite("globalnetworkpolicies.yaml", "ports: [179, 10250, 53, 9100]")
    story.cite(f"{story.pods['kf-worker-2']}.log", "dial tcp 10.90.70.21:5473: i/o timeout")
    return story


# told on 29 November 2026 without having seen the rules
def untracked_policy_ends_with_a_deny(now: datetime) -> Incident:
    story = incident(
        "untracked-cache-policy-drops-every-answer",
        CAUSE,
        "For a cache on the host network somebody applied an untracked policy that allows port 11211 and denies the rest. Untracked rules see answers as new packets, so these three hosts lose the API (443 behind a load balancer, in no fail-safe list), Typha's answers and time within a minute: Unknown, while everything else of the cluster is well.",
        "https://docs.tigera.io/calico/latest/network-policy/extreme-traffic/high-connection-workloads",
        now,
        platform="other",
        calico="v3.26.1",
        kubernetes="v1.27.7",
        registry="quay.io/calico",
        difficulty="hard",
    )
    plain = {f"bern-n{n}": f"10.120.3.{10 + n}" for n in (1, 2, 3)}
    cache = {f"bern-c{n}": f"10.120.3.{30 + n}" for n in (1, 2, 3)}
    system = {
        "os_image": "AlmaLinux 9.3 (Shamrock Pampas Cat)",
        "kernel": "5.14.0-362.18.1.el9_3.x86_64",
        "runtime": "containerd://1.7.11",
    }
    story.hosts(plain, **system)
    applied = 1_730
    story.hosts(
        cache,
        ready=UNKNOWN,
        since=applied - 45,
        labels={"role": "cache"},
        taints=[("node.kubernetes.io/unreachable", "NoSchedule"), ("node.kubernetes.io/unreachable", "NoExecute")],
        **system,
    )
    story.staff(plain, started=1_400_000)
    story.staff(cache, started=1_400_000)
    for node in cache:
        story.pod_event(story.pods[node], "NodeNotReady", "Node is not ready", applied - 45, source="node-controller")
        story.node_event(
            node,
            "NodeNotReady",
            f"Node {node} status is now: NodeNotReady",
            applied - 45,
            type_="Normal",
            source="node-controller",
        )
        story.other(f"memcached-{node[-2:]}x7k", node, namespace="cache", app="memcached")
    story.typha("bern-n1")
    story.typha("bern-n3", "v9m2c")
    bad = "bern-c2"
    log = story.quiet(4_000, applied + 40, 260)
    log += [
        story.say(applied, "INFO", 61, "felix", "policy_resolver.go 149:", "Refreshing 1 endpoints."),
        story.say(
            applied - 0.1,
            "INFO",
            61,
            "felix",
            "int_dataplane.go 1836:",
            'Received *proto.ActivePolicyUpdate update from calculation graph msg=id:<tier:"default" name:"default.memcached-untracked" > policy:<untracked:true >',
        ),
        story.say(
            applied - 62,
            "WARNING",
            61,
            "felix",
            "sync_client.go 400:",
            'Failed to read from server connection=&discovery.Typha{Addr:"10.120.3.11:5473", IP:"10.120.3.11", NodeName:(*string)(0xc0004a2110)} error=read tcp 10.120.3.32:39210->10.120.3.11:5473: i/o timeout myID=0x1 type=""',
        ),
    ]
    for i in range(12):
        typha = ("10.120.3.11", "10.120.3.13")[i % 2]
        log.append(
            story.say(
                applied - 75 - 20 * i,
                "WARNING",
                61,
                "felix",
                "sync_client.go 205:",
                f'Failed to connect to typha endpoint {typha}:5473.  Will try another if available... error=dial tcp {typha}:5473: i/o timeout myID=0x{i + 2:x} type=""',
            )
        )
    log += [
        story.say(
            applied - 330,
            "WARNING",
            97,
            "status-reporter",
            "node_status_reporter.go 166:",
            'Get "https://api.bern.corp.example:443/apis/crd.projectcalico.org/v1/caliconodestatuses": dial tcp 10.120.0.8:443: i/o timeout',
        ),
    ]
    story.log(story.pods[bad], log, "console-bern-c2_calico-node.log")
    story.log("x", story.quiet(3_000, 12, 310), f"{story.pods['bern-n2']}.log")
    story.texts["calico-objects.yaml"] = (
        "apiVersion: projectcalico.org/v3\nitems:\n- apiVersion: projectcalico.org/v3\n  kind: GlobalNetworkPolicy\n  metadata:\n"
        f'    creationTimestamp: "{story.ago(applied)}"\n    name: memcached-untracked\n  spec:\n    applyOnForward: true\n    doNotTrack: true\n    egress:\n    - action: Allow\n    ingress:\n'
        "    - action: Allow\n      destination:\n        ports:\n        - 11211\n      protocol: TCP\n    - action: Deny\n    order: 10\n    selector: role == 'cache'\n    types:\n    - Ingress\n    - Egress\n"
        + "".join(
            f'- apiVersion: projectcalico.org/v3\n  kind: HostEndpoint\n  metadata:\n    creationTimestamp: "{story.ago(applied + 190)}"\n    labels:\n      role: cache\n    name: {n}-eth0\n  spec:\n    expectedIPs:\n    - {a}\n    interfaceName: eth0\n    node: {n}\n'
            for n, a in cache.items()
        )
        + "kind: List\nmetadata: {}\n"
    )
    story.commands = {
        "nodes.txt": "get nodes -o wide --show-labels",
        "pods.txt": "get pods -A -o wide",
        "describe-node-bern-c2.txt": f"describe node {bad}",
        "describe-calico-node-bern-c2.txt": f"describe pod -n calico-system {story.pods[bad]}",
    }
    story.affected = list(cache)
    story.cite("calico-objects.yaml", "doNotTrack: true")
    story.cite("calico-objects.yaml", "- action: Deny")
    return story


def resolvers_that_the_policy_does_not_know(now: datetime) -> Incident:
    story = incident(
        "coredns-may-not-ask-the-new-upstream-resolvers",
        CAUSE,
        "IKS VPC: a NetworkPolicy in kube-system lets CoreDNS send DNS to 10.0.0.0/8 only; since the workers' resolvers became 161.26.0.7 and .8 every external name times out, so pods that call outside crash. Cluster names resolve, calico-node is ready everywhere, the workers themselves resolve.",
        "https://kubernetes.io/docs/tasks/administer-cluster/dns-debugging-resolution/",
        now,
        platform="vpc",
        calico="v3.29.5",
        kubernetes="v1.32.6+IKS",
        difficulty="medium",
    )
    nodes = story.workers([f"10.245.0.{n}" for n in (4, 7, 8)])
    story.agents(nodes, started=1_200_000)
    story.typha(nodes[0])
    dns = [
        story.other(
            f"coredns-7b9d8c6f5b-{s}",
            node,
            ip,
            owner="ReplicaSet/coredns-7b9d8c6f5b",
            app="coredns",
            image="registry.ng.bluemix.net/armada-master/coredns:1.11.4",
            age=90_000,
            started=89_990,
        )
        for s, node, ip in (("4xk7q", nodes[0], "172.17.14.69"), ("n8z2w", nodes[2], "172.17.90.131"))
    ]
    pay = story.other(
        "pay-out-5c7f9d8b6-r2hvk",
        nodes[1],
        "172.17.33.9",
        "pay",
        "ReplicaSet/pay-out-5c7f9d8b6",
        ready=False,
        restarts=41,
        waiting="CrashLoopBackOff",
        last=("Error", 2, 170),
        age=90_500,
    )
    story.pod_event(
        pay,
        "BackOff",
        f"Back-off restarting failed container pay-out in pod {pay}_pay(11ce)",
        12,
        15_000,
        1_000,
        namespace="pay",
    )
    story.log(
        pay,
        [
            f"{story.ago(178)} pay-out starting",
            f'{story.ago(171)} fatal: bank gateway: Get "https://api.bank.example.com/v2/status": dial tcp: lookup api.bank.example.com on 172.21.0.10:53: read udp 172.17.33.9:42110->172.21.0.10:53: i/o timeout',
        ],
        f"{pay}-previous.log",
    )
    story.log(dns[0], [
        ".:53", "[INFO] plugin/reload: Running configuration SHA512 = 8f2b7c0a41d6e5", "CoreDNS-1.11.4", "linux/amd64, go1.23.4,",
        *[
            f'[ERROR] plugin/errors: 2 {name}. {kind}: read udp 172.17.14.69:{38211 + 977 * i % 20000}->{up}:53: i/o timeout'
            for i, (name, kind, up) in enumerate((n, k, u) for n in ("api.bank.example.com", "registry-1.docker.io", "iam.cloud.ibm.com") for k in ("A", "AAAA") for u in ("161.26.0.7", "161.26.0.8"))
        ],
    ])  # fmt: skip
    story.texts["networkpolicies.yaml"] = (
        "apiVersion: v1\nitems:\n- apiVersion: networking.k8s.io/v1\n  kind: NetworkPolicy\n  metadata:\n"
        f'    creationTimestamp: "{story.ago(31_000_000)}"\n    name: coredns-egress\n    namespace: kube-system\n  spec:\n    egress:\n    - ports:\n      - port: 53\n        protocol: UDP\n      - port: 53\n        protocol: TCP\n'
        "      to:\n      - ipBlock:\n          cidr: 10.0.0.0/8\n    - ports:\n      - port: 443\n        protocol: TCP\n      - port: 2040\n        protocol: TCP\n    podSelector:\n      matchLabels:\n        k8s-app: coredns\n    policyTypes:\n    - Egress\nkind: List\nmetadata: {}\n"
    )
    story.texts["debug-worker.txt"] = (
        f"$ kubectl debug node/{nodes[0]} -it --image=us.icr.io/armada-master/alpine:3.20\n/ # cat /host/etc/resolv.conf\nnameserver 161.26.0.7\nnameserver 161.26.0.8\n/ # nslookup iam.cloud.ibm.com 161.26.0.7 | tail -3\nName:\tiam.cloud.ibm.com\nAddress: 104.93.21.7\n\n"
        "/ # exit\n$ kubectl exec -n pay deploy/echo -- nslookup kubernetes.default\nServer:\t\t172.21.0.10\nAddress:\t172.21.0.10:53\n\nName:\tkubernetes.default.svc.cluster.local\nAddress: 172.21.0.1\n"
    )
    story.log(story.pods[nodes[0]], story.quiet(4_000, 20, 330))
    story.describe(nodes[0])
    story.commands["describe-pay-out.txt"] = f"describe pod -n pay {pay}"
    story.affected = []
    story.cite("networkpolicies.yaml", "cidr: 10.0.0.0/8")
    story.cite(f"{dns[0]}.log", "161.26.0.7:53: i/o timeout")
    return story


STORIES = [
    deny_all_of_the_docs,
    masters_policy_without_typha,
    untracked_policy_ends_with_a_deny,
    resolvers_that_the_policy_does_not_know,
]
