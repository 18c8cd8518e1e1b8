"""network-policy-blocking: a policy or host endpoint blocks traffic that the cluster needs."""

from __future__ import annotations

from datetime import datetime

from telling import Incident, incident

FAILSAFE = """apiVersion: crd.projectcalico.org/v1
kind: FelixConfiguration
metadata:
  name: default
spec:
  failsafeInboundHostPorts: []
  failsafeOutboundHostPorts: []
  ipipEnabled: true
  natPortRange: 32768:65535
  reportingInterval: 0s
"""


def auto_host_endpoints(now: datetime) -> Incident:
    story = incident(
        "log-only-policy-with-auto-host-endpoints", "network-policy-blocking",
        "Automatic host endpoints were switched on and a policy without selector, which only logs, now applies to all of them: "
        "whatever it does not allow is dropped, the API server first.",
        "https://github.com/projectcalico/calico/issues/4673", now, difficulty="medium", platform="other", calico="v3.19.1",
        kubernetes="v1.21.1", registry="docker.io/calico",
    )  # fmt: skip
    hosts = {f"kubeadm-{n}": f"10.20.11.{50 + n}" for n in (1, 2, 3)}
    story.hosts(hosts, kernel="5.4.0-74-generic", os_image="Ubuntu 20.04.2 LTS")
    pods = story.staff(hosts, started=90_000)
    story.pod_event(
        pods[1],
        "Unhealthy",
        "Readiness probe failed: calico/node is not ready: felix is not ready: readiness probe reporting 503",
        40,
        600,
        17,
    )
    log = [*story.boot("kubeadm-2", 90_000, [hosts["kubeadm-1"], hosts["kubeadm-3"]]), *story.quiet(1500, 800)]
    log.append(
        story.say(
            790,
            "INFO",
            61,
            "felix",
            "int_dataplane.go 1693:",
            'Received *proto.ActivePolicyUpdate update from calculation graph msg=id:<tier:"default" name:"default.test" > policy:<inbound_rules:<action:"log" dst_net:"8.8.8.8/32" rule_id:"yjTfQzGkGGLGA0ni" > > ',
        )
    )
    log.append(
        story.say(
            789.8,
            "INFO",
            61,
            "felix",
            "endpoint_mgr.go 430:",
            'Programming host endpoint chains. ifaceName="*" ipVersion=0x4',
        )
    )
    log += [
        story.say(
            760 - 65 * n,
            "WARNING",
            61,
            "felix",
            "watchercache.go 186:",
            'Failed to perform list of current data during resync ListRoot="/calico/resources/v3/projectcalico.org/networksets" error=Get "https://10.96.0.1:443/apis/crd.projectcalico.org/v1/networksets?limit=500&resourceVersion=0&resourceVersionMatch=NotOlderThan": context deadline exceeded',
        )
        for n in range(11)
    ]
    story.log(pods[1], log)
    story.texts["gnp.yaml"] = "\n".join([
        "apiVersion: projectcalico.org/v3", "items:", "- apiVersion: projectcalico.org/v3", "  kind: GlobalNetworkPolicy", "  metadata:",
        f'    creationTimestamp: "{story.ago(795)}"', "    name: test", "  spec:", "    ingress:", "    - action: Log", "      destination:",
        "        nets:", "        - 8.8.8.8/32", "    types:", "    - Ingress", "kind: GlobalNetworkPolicyList"]) + "\n"  # fmt: skip
    story.texts["heps.txt"] = (
        "NAME                       NODE        INTERFACE   IPS                          PROFILES\n"
        + "".join(
            f"{name}-auto-hep         {name}   *           {at},172.22.{n}.64    projectcalico-default-allow\n"
            for n, (name, at) in enumerate(hosts.items())
        )
    )
    story.describe("kubeadm-2", pods[1])
    story.affected = list(hosts)
    story.cite("gnp.yaml", "name: test")
    return story


def typha_port_forgotten(now: datetime) -> Incident:
    story = incident(
        "private-deny-without-5473", "network-policy-blocking",
        "The customer's host policy allows BGP, the API and DNS between workers but not Typha's port: calico-nodes that restart "
        "since then find no Typha although both are ready, the others keep their old connection.",
        "https://github.com/projectcalico/calico/issues/6762", now, difficulty="hard", platform="vpc", calico="v3.27.4",
        kubernetes="v1.29.11+IKS", acceptable=["typha-unavailable"],
    )  # fmt: skip
    nodes = story.workers([f"10.245.{z}.{n}" for z in (0, 64, 128) for n in (4, 5)])
    bad = [nodes[1], nodes[4]]
    story.agents([n for n in nodes if n not in bad], started=1_300_000)
    pods = story.agents(bad, ready=False, restarts=19, started=125, last=("Error", 1, 128))
    for node, suffix in ((nodes[0], "7gh2k"), (nodes[2], "m4x8s"), (nodes[3], "v9c6d")):
        story.typha(node, suffix)
    for name in pods:
        story.pod_event(
            name,
            "Unhealthy",
            "Readiness probe failed: calico/node is not ready: BIRD is not ready: Error querying BIRD: unable to connect to BIRDv4 socket: dial unix /var/run/calico/bird.ctl: connect: no such file or directory",
            14,
            1900,
            130,
        )
        story.pod_event(name, "BackOff", "Back-off restarting failed container calico-node in pod", 60, 1700, 80)
    log = story.boot(bad[0], 125, bird=False)[:-1]
    for n in range(3):
        for i, at in enumerate((nodes[0], nodes[2], nodes[3])):
            log.append(
                story.say(
                    120 - 33 * n - 10 * i,
                    "INFO",
                    61 + n,
                    "felix",
                    "sync_client.go 179:",
                    f'Connecting to Typha. address=discovery.Typha{{Addr:"{at}:5473", IP:"{at}"}} connID=0x{n} type=""',
                )
            )
            log.append(
                story.say(
                    110 - 33 * n - 10 * i,
                    "WARNING",
                    61 + n,
                    "felix",
                    "sync_client.go 275:",
                    f"Failed to connect to typha endpoint {at}:5473.  Will try another if available... error=dial tcp {at}:5473: i/o timeout",
                )
            )
        log.append(
            story.say(
                90 - 33 * n,
                "FATAL",
                61 + n,
                "felix",
                "daemon.go 345:",
                "Failed to connect to Typha, giving up after timeout error=dial tcp: i/o timeout",
            )
        )
    story.log(pods[0], log)
    story.texts["policies.yaml"] = "\n".join([
        "apiVersion: projectcalico.org/v3", "kind: GlobalNetworkPolicy", "metadata:", "  name: corp-private-baseline", f'  creationTimestamp: "{story.ago(2300)}"', "spec:", "  order: 100",
        "  selector: ibm.role == 'worker_private'", "  types: [Ingress, Egress]", "  ingress:", "  - action: Allow", "    protocol: TCP",
        "    destination: {ports: [22, 179, 443, 10250, '30000:32767']}", "  - action: Allow", "    protocol: 4", "  - action: Deny", "  egress:", "  - action: Allow", "    protocol: TCP",
        "    destination: {ports: [53, 179, 443, 2040, 2041, 6443, 10250, '20000:32767']}", "  - action: Allow", "    protocol: UDP", "    destination: {ports: [53, 123]}",
        "  - action: Allow", "    protocol: 4", "  - action: Deny"]) + "\n"  # fmt: skip
    story.texts["felixconfiguration.yaml"] = FAILSAFE
    story.describe(bad[0])
    story.affected = bad
    story.cite("policies.yaml", "name: corp-private-baseline")
    story.cite(f"{pods[0]}.log", "5473: i/o timeout")
    return story


def kube_system_default_deny(now: datetime) -> Incident:
    story = incident(
        "default-deny-rolled-out-to-kube-system", "network-policy-blocking",
        "A default-deny policy was rolled out to every namespace, kube-system too: DNS and konnectivity pods lose their traffic, "
        "calico-node itself works.",
        "https://github.com/projectcalico/calico/issues/11609", now, difficulty="medium", platform="vpc", calico="v3.29.3",
        kubernetes="v1.32.2+IKS",
    )  # fmt: skip
    nodes = story.workers([f"10.249.3.{n}" for n in (8, 9, 10)])
    pods = story.agents(nodes)
    names = []
    for i, node in enumerate(nodes):
        names.append(
            story.other(
                f"coredns-6b8c97f5c-{'pqr'[i]}7hn4",
                node,
                ip=f"172.17.{40 + i}.3",
                owner="ReplicaSet/coredns-6b8c97f5c",
                ready=False,
                restarts=4,
            )
        )
        agent = story.other(
            f"konnectivity-agent-{'pqr'[i]}2j8w",
            node,
            ip=f"172.17.{40 + i}.5",
            restarts=0,
            ready=False,
            app="konnectivity-agent",
        )
        story.pod_event(
            agent,
            "Unhealthy",
            "Readiness probe failed: HTTP probe failed with statuscode: 500",
            25,
            4000,
            133,
            namespace="kube-system",
        )
    for name in names:
        story.pod_event(
            name,
            "Unhealthy",
            "Readiness probe failed: HTTP probe failed with statuscode: 503",
            17,
            4100,
            405,
            namespace="kube-system",
        )
    story.log(pods[0], [*story.boot(nodes[0], 1_200_000, nodes[1:])[-14:], *story.quiet(1400, 30)])
    story.texts["networkpolicies.txt"] = "NAMESPACE     NAME               POD-SELECTOR   AGE\n" + "".join(
        f"{space:<14}default-deny-all   <none>         69m\n"
        for space in ("default", "kube-public", "kube-system", "shop", "shop-stage")
    )
    story.texts["coredns.log"] = (
        "\n".join(
            f"[ERROR] plugin/errors: 2 {4411 + n}.example.com. A: read udp 172.17.40.3:3{n}211->161.26.0.10:53: i/o timeout"
            for n in range(12)
        )
        + "\n"
    )
    story.describe(nodes[0])
    story.commands["describe-coredns.txt"] = f"describe pod -n kube-system {names[0]}"
    story.affected = nodes
    story.cite("networkpolicies.txt", "kube-system   default-deny-all")
    return story


def packets_logged_by_calico(now: datetime) -> Incident:
    story = incident(
        "calico-packet-lines-for-port-179", "network-policy-blocking",
        "BGP does not come up between three new workers and the rest; the kernel log of one shows calico's own 'calico-packet' lines "
        "for port 179: a host policy on the new workers' label drops it.",
        "https://github.com/projectcalico/calico/issues/9136", now, difficulty="hard", platform="classic", calico="v3.26.5",
        kubernetes="v1.28.14+IKS", namespace="kube-system", acceptable=["bgp-port-blocked"],
    )  # fmt: skip
    old = story.workers([f"10.112.68.{n}" for n in (131, 140, 144, 158)])
    new = story.workers(
        [f"10.112.68.{n}" for n in (170, 171, 176)],
        age=5000,
        since=4900,
        labels={"ibm-cloud.kubernetes.io/worker-pool-name": "dmz"},
    )
    first = story.agents(old)
    pods = story.agents(new, ready=False, started=4900, age=4950)
    for name, node in zip(pods, new, strict=True):
        story.not_established(name, [*old, *[n for n in new if n != node]], 20, 4800, 160)
    for name in first[:2]:
        story.recreated(name, new, 3000, 3)
    story.log(pods[0], [*story.boot(new[0], 4900, [*old, *new[1:]], up=[]), *story.quiet(1200, 30)])
    kern = []
    for n in range(14):
        ago, source = 1100 - 70 * n, old[n % 4]
        kern.append(
            f"{story.syslog(ago)} kube-dmz-170 kernel: [ 4{n:02}11.771200] calico-packet: IN=eth0 OUT= MAC=06:8a:10:2b:5c:ff:00:00:0c:9f:f0:01:08:00 SRC={source} DST={new[0]} LEN=60 TOS=0x00 PREC=0xC0 TTL=64 ID={3100 + n} DF PROTO=TCP SPT=4{n:02}19 DPT=179 WINDOW=64240 RES=0x00 SYN URGP=0"
        )
    story.texts["kern.log"] = "\n".join(kern) + "\n"
    story.texts["calicoctl-get-gnp.txt"] = (
        "NAME                       ORDER   SELECTOR\nallow-all-outbound         1900    ibm.role in { 'worker_public', 'master_public' }\nallow-bigfix-port          1900    ibm.role in { 'worker_public', 'master_public' }\ndmz-log-and-drop           50      ibm-cloud.kubernetes.io/worker-pool-name == 'dmz'\n"
    )
    story.texts["felixconfiguration.yaml"] = FAILSAFE
    story.describe(new[0])
    story.commands[f"describe-pod-{first[0]}.txt"] = f"describe pod -n kube-system {first[0]}"
    story.affected = new
    story.cite("kern.log", "calico-packet: IN=eth0")
    return story


def egress_denied_in_calico_system(now: datetime) -> Incident:
    story = incident(
        "egress-deny-global-policy-hits-kube-controllers", "network-policy-blocking",
        "A global policy denies egress of all pods except to two services; calico-kube-controllers and the API server of Calico, which "
        "are pods too, time out on the Kubernetes service since it was applied.",
        "https://github.com/projectcalico/libcalico-go/issues/1060", now, difficulty="easy", platform="other", calico="v3.25.2",
        kubernetes="v1.27.6", registry="quay.io/calico",
    )  # fmt: skip
    hosts = {f"gs-{n}": f"10.60.4.{30 + n}" for n in range(1, 5)}
    story.hosts(hosts, kernel="5.15.122-flatcar", os_image="Flatcar Container Linux by Kinvolk 3602.1.4 (Oklo)")
    pods = story.staff(hosts)
    kube = story.other(
        "calico-kube-controllers-6b7b9c649d-w8x2k",
        "gs-2",
        ip="172.19.41.6",
        namespace="calico-system",
        owner="ReplicaSet/calico-kube-controllers-6b7b9c649d",
        app="calico-kube-controllers",
        image="quay.io/calico/kube-controllers:v3.25.2",
        ready=False,
        restarts=12,
        started=100,
        last=("Error", 1, 130),
    )
    story.pod_event(
        kube,
        "Unhealthy",
        'Readiness probe failed: Error initializing datastore: Get "https://172.31.0.1:443/apis/crd.projectcalico.org/v1/clusterinformations/default": context deadline exceeded',
        12,
        2400,
        210,
    )
    story.log(
        kube,
        [
            story.line(95, "INFO", 1, "main.go 107:", "Ensuring Calico datastore is initialized"),
            *[
                story.line(
                    65 - 30 * n,
                    "ERROR",
                    1,
                    "client.go 290:",
                    'Error getting cluster information config ClusterInformation="default" error=Get "https://172.31.0.1:443/apis/crd.projectcalico.org/v1/clusterinformations/default": dial tcp 172.31.0.1:443: i/o timeout',
                )
                for n in range(3)
            ],
        ],
    )
    story.texts["globalnetworkpolicies.yaml"] = "\n".join([
        "apiVersion: crd.projectcalico.org/v1", "kind: GlobalNetworkPolicy", "metadata:", "  name: zero-trust-egress", f'  creationTimestamp: "{story.ago(2500)}"', "spec:", "  order: 500", "  selector: all()",
        "  types:", "  - Egress", "  egress:", "  - action: Allow", "    protocol: UDP", "    destination:", "      ports: [53]", "  - action: Allow", "    destination:", "      selector: app == 'proxy'", "  - action: Deny"]) + "\n"  # fmt: skip
    story.log(
        pods[0], [*story.boot("gs-1", 86_400, ["10.60.4.32", "10.60.4.33", "10.60.4.34"])[-12:], *story.quiet(1500, 20)]
    )
    story.describe("gs-1", pods[0])
    story.commands["describe-kube-controllers.txt"] = f"describe pod -n calico-system {kube}"
    story.cite("globalnetworkpolicies.yaml", "name: zero-trust-egress")
    return story


def apiserver_namespace(now: datetime) -> Incident:
    story = incident(
        "default-deny-in-calico-apiserver",
        "network-policy-blocking",
        "A default-deny policy was put into the namespace of Calico's own API server: its aggregated API is unreachable (FailedDiscoveryCheck), namespaces cannot be deleted; calico-node is fine.",
        "https://docs.tigera.io/calico/latest/operations/install-apiserver (allow-apiserver policy)",
        now,
        difficulty="easy",
        platform="other",
        calico="v3.26.4",
        kubernetes="v1.27.10",
        registry="quay.io/calico",
    )
    hosts = {f"tkn-{n}": f"172.23.55.{n}" for n in (8, 9, 10)}
    story.hosts(hosts)
    pods = story.staff(hosts)
    api = story.other(
        "calico-apiserver-7b8c9d6f5-4xk2z",
        "tkn-9",
        "10.244.66.7",
        namespace="calico-apiserver",
        owner="ReplicaSet/calico-apiserver-7b8c9d6f5",
        app="calico-apiserver",
        image="quay.io/calico/apiserver:v3.26.4",
        ready=False,
        restarts=2,
    )
    story.pod_event(
        api,
        "Unhealthy",
        "Readiness probe failed: HTTP probe failed with statuscode: 500",
        9,
        3000,
        280,
        namespace="calico-apiserver",
    )
    story.texts["apiservice.txt"] = (
        "NAME                      SERVICE                       AVAILABLE                      AGE\nv1.apps                   Local                         True                           300d\nv3.projectcalico.org      calico-apiserver/calico-api   False (FailedDiscoveryCheck)   120d\n"
    )
    story.texts["netpol-calico-apiserver.yaml"] = (
        f'apiVersion: v1\nitems:\n- apiVersion: networking.k8s.io/v1\n  kind: NetworkPolicy\n  metadata:\n    creationTimestamp: "{story.ago(3050)}"\n    name: default-deny-all\n    namespace: calico-apiserver\n  spec:\n    podSelector: {{}}\n    policyTypes:\n    - Ingress\n    - Egress\nkind: List\n'
    )
    story.log(pods[0], [*story.boot("tkn-8", 1_400_000, ["172.23.55.9", "172.23.55.10"])[-10:], *story.quiet(1500, 10)])
    story.describe("tkn-8", pods[0])
    story.commands["describe-calico-apiserver.txt"] = f"describe pod -n calico-apiserver {api}"
    story.affected = ["tkn-9"]
    story.cite("netpol-calico-apiserver.yaml", "name: default-deny-all")
    return story


def pre_dnat(now: datetime) -> Incident:
    story = incident(
        "pre-dnat-deny-closes-node-ports-and-kubelet",
        "network-policy-blocking",
        "A pre-DNAT policy of the customer denies all but 443 on the workers' host endpoints, without the health-check and kubelet ports: the load balancer's targets go down, logs and exec time out; BGP is allowed and up.",
        "https://docs.tigera.io/calico/latest/network-policy/hosts/host-forwarded-traffic (preDNAT)",
        now,
        difficulty="medium",
        platform="vpc",
        calico="v3.28.4",
        kubernetes="v1.30.12+IKS",
    )
    nodes = story.workers([f"10.241.64.{n}" for n in (4, 5, 7, 9, 13)])
    pods = story.agents(nodes)
    ing = story.other(
        "public-crcq0sample-alb1-6d7f9c8b5-xm2kz",
        nodes[1],
        "172.17.11.9",
        owner="ReplicaSet/public-crcq0sample-alb1-6d7f9c8b5",
        app="alb",
    )
    story.pod_event(ing, "ProbeWarning", "Readiness probe warning: 404", 80_000, 80_100, 3, namespace="kube-system")
    story.texts["exec-errors.txt"] = "".join(
        f'$ kubectl logs -n calico-system {p} --tail=3\nError from server: Get "https://{n}:10250/containerLogs/calico-system/{p}/calico-node?tailLines=3": dial tcp {n}:10250: i/o timeout\n'
        for p, n in zip(pods[:2], nodes[:2], strict=True)
    )
    story.texts["gnp.yaml"] = (
        "\n".join(
            [
                "apiVersion: projectcalico.org/v3",
                "kind: GlobalNetworkPolicy",
                "metadata:",
                f'  creationTimestamp: "{story.ago(5000)}"',
                "  name: deny-all-but-https",
                "spec:",
                "  applyOnForward: true",
                "  preDNAT: true",
                "  order: 300",
                "  selector: ibm.role in {'worker_private', 'worker_public'}",
                "  types:",
                "  - Ingress",
                "  ingress:",
                "  - action: Allow",
                "    protocol: TCP",
                "    destination:",
                "      ports: [179, 443, 5473]",
                "  - action: Deny",
            ]
        )
        + "\n"
    )
    story.texts["felixconfiguration.yaml"] = FAILSAFE
    story.texts["lb-members.txt"] = "Member            Port    Health    Reason\n" + "".join(
        f"{n:17} 31080   faulted   health check timed out\n" for n in nodes
    )
    story.describe(nodes[0])
    story.affected = nodes
    story.cite("gnp.yaml", "name: deny-all-but-https")
    return story


def tier_without_pass(now: datetime) -> Incident:
    story = incident(
        "tier-ends-without-pass",
        "network-policy-blocking",
        "A new tier before the default one has a policy for all workloads that allows the web port only and never passes on: everything else is dropped at the tier's end, DNS and kube-controllers first; node pods are ready.",
        "https://docs.tigera.io/calico/latest/network-policy/policy-tiers/tiered-policy (end-of-tier drop, v3.30)",
        now,
        difficulty="hard",
        platform="other",
        calico="v3.30.1",
        kubernetes="v1.32.5",
        registry="quay.io/calico",
    )
    hosts = {f"v30-{c}": f"10.27.40.{11 + i}" for i, c in enumerate("abcde")}
    story.hosts(hosts, os_image="Ubuntu 24.04.2 LTS", kernel="6.8.0-60-generic")
    pods = story.staff(hosts)
    kube = story.other(
        "calico-kube-controllers-5f7c9d8b6-k2m9x",
        "v30-b",
        "10.48.9.6",
        namespace="calico-system",
        owner="ReplicaSet/calico-kube-controllers-5f7c9d8b6",
        app="calico-kube-controllers",
        image="quay.io/calico/kube-controllers:v3.30.1",
        ready=False,
        restarts=8,
        started=200,
        last=("Error", 1, 230),
    )
    story.pod_event(
        kube,
        "Unhealthy",
        'Readiness probe failed: Error reaching apiserver: Get "https://10.96.0.1:443/readyz?timeout=20s": context deadline exceeded with http status code: 0',
        14,
        2300,
        190,
    )
    for i, node in enumerate(("v30-a", "v30-d")):
        dns = story.other(
            f"coredns-668d6bf9bc-{i}x9pz",
            node,
            f"10.48.{i}.9",
            owner="ReplicaSet/coredns-668d6bf9bc",
            ready=False,
            restarts=1,
        )
        story.pod_event(
            dns,
            "Unhealthy",
            "Readiness probe failed: HTTP probe failed with statuscode: 503",
            11,
            2300,
            233,
            namespace="kube-system",
        )
    story.texts["tiers.txt"] = (
        "NAME                  ORDER     DEFAULTACTION\nplatform-guard        200       Deny\ndefault               1000000   Deny\nadminnetworkpolicy    1000      Pass\n"
    )
    story.texts["policies-v3.yaml"] = (
        "\n".join(
            [
                "apiVersion: projectcalico.org/v3",
                "kind: GlobalNetworkPolicy",
                "metadata:",
                f'  creationTimestamp: "{story.ago(2400)}"',
                "  name: platform-guard.web-only",
                "spec:",
                "  tier: platform-guard",
                "  order: 10",
                "  selector: all()",
                "  namespaceSelector: all()",
                "  types: [Ingress, Egress]",
                "  ingress:",
                "  - action: Allow",
                "    protocol: TCP",
                "    destination: {ports: [8443]}",
                "  egress:",
                "  - action: Allow",
                "    protocol: TCP",
                "    destination: {ports: [8443]}",
            ]
        )
        + "\n"
    )
    story.log(
        pods[0],
        [*story.boot("v30-a", 1_200_000, [v for k, v in hosts.items() if k != "v30-a"])[-9:], *story.quiet(1500, 10)],
    )
    story.describe("v30-a", pods[0])
    story.commands["describe-kube-controllers.txt"] = f"describe pod -n calico-system {kube}"
    story.affected = ["v30-b", "v30-a", "v30-d"]
    story.cite("policies-v3.yaml", "name: platform-guard.web-only")
    return story


def dns_namespace_closed(now: datetime) -> Incident:
    story = incident(
        "dns-namespace-closed-on-roks",
        "network-policy-blocking",
        "A NetworkPolicy in openshift-dns lets only pods with a label in, so lookups of all others time out; nodes and calico-node are healthy, the console operator's Degraded state is the effect.",
        "https://github.com/projectcalico/calico/issues/4478",
        now,
        difficulty="hard",
        platform="roks",
        calico="v3.26.4",
        kubernetes="v1.28.14+502c5ad",
        acceptable=["dns-failure"],
    )
    nodes = story.workers(
        [f"10.184.7.{n}" for n in (33, 36, 41)],
        os_image="Red Hat Enterprise Linux 8.10 (Ootpa)",
        runtime="cri-o://1.28.11",
    )
    pods = story.agents(nodes)
    for i, node in enumerate(nodes):
        story.other(
            f"dns-default-{'kmp'[i]}7x2z",
            node,
            f"172.30.7{i}.4",
            namespace="openshift-dns",
            app="dns-default",
            image="icr.io/armada/coredns:4.15",
        )
    con = story.other(
        "console-6d8f9c7b5-x2kp9",
        nodes[1],
        "172.30.71.20",
        namespace="openshift-console",
        owner="ReplicaSet/console-6d8f9c7b5",
        ready=False,
        restarts=61,
        waiting="CrashLoopBackOff",
        last=("Error", 1, 150),
    )
    story.pod_event(
        con,
        "BackOff",
        "Back-off restarting failed container console in pod",
        15,
        8000,
        500,
        namespace="openshift-console",
    )
    story.log(
        con,
        [
            f'E{now:%m%d} {story.stamp(200 - 9 * n)[11:]}118       1 auth.go:231] error contacting auth provider (retrying in 10s): Get "https://kubernetes.default.svc/.well-known/oauth-authorization-server": dial tcp: lookup kubernetes.default.svc on 172.21.0.10:53: read udp 172.30.71.20:4{n}118->172.21.0.10:53: i/o timeout'
            for n in range(14)
        ],
    )
    story.texts["oc-get-networkpolicy.txt"] = (
        "NAMESPACE       NAME                  POD-SELECTOR                                      AGE\nopenshift-dns   allow-labelled-only   dns.operator.openshift.io/daemonset-dns=default   2h31m\nshop            allow-same-ns         <none>                                            88d\n"
    )
    story.texts["networkpolicy-dns.yaml"] = (
        'apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n  name: allow-labelled-only\n  namespace: openshift-dns\nspec:\n  podSelector:\n    matchLabels:\n      dns.operator.openshift.io/daemonset-dns: default\n  policyTypes:\n  - Ingress\n  ingress:\n  - from:\n    - namespaceSelector: {}\n      podSelector:\n        matchLabels:\n          dns-client: "true"\n'
    )
    story.log(pods[0], [*story.boot(nodes[0], 1_200_000, nodes[1:])[-9:], *story.quiet(1500, 10)])
    story.describe(nodes[0])
    story.commands["describe-console.txt"] = f"describe pod -n openshift-console {con}"
    story.affected = nodes
    story.cite("networkpolicy-dns.yaml", "name: allow-labelled-only")
    return story


STORIES = [
    auto_host_endpoints,
    typha_port_forgotten,
    kube_system_default_deny,
    egress_denied_in_calico_system,
    packets_logged_by_calico,
    apiserver_namespace,
    pre_dnat,
    tier_without_pass,
    dns_namespace_closed,
]
