"""ippool-misconfigured: told without having seen the rules."""

from __future__ import annotations

from datetime import datetime

from cluster import NO_CNI
from telling import SOCKET, Incident, incident, node_status

CAUSE = "ippool-misconfigured"


def default_overlaps(now: datetime) -> Incident:
    story = incident(
        "default-pool-overlaps-the-rack-pool",
        CAUSE,
        "The only enabled IPv4 pool was deleted and a /20 of it kept as a disabled IPv6-less leftover; on restart calico-node wants to create its default pool 10.42.0.0/16, which overlaps rack-pool 10.42.16.0/20: start-up ends on the hosts restarted since.",
        "https://github.com/projectcalico/libcalico-go/issues/862",
        now,
        platform="other",
        calico="v3.20.6",
        kubernetes="v1.21.14",
        registry="docker.io/calico",
        namespace="kube-system",
        difficulty="medium",
        acceptable=["invalid-calico-config"],
    )
    hosts = {f"metal-{c}": f"10.7.44.{20 + n}" for n, c in enumerate("abcde")}
    bad = ["metal-b", "metal-d"]
    story.hosts({k: v for k, v in hosts.items() if k not in bad})
    story.hosts({k: hosts[k] for k in bad}, ready=NO_CNI, since=1500, calico_up=False)
    story.staff({k: v for k, v in hosts.items() if k not in bad})
    message = "Failed to create default IPv4 IP pool: error with field IPPool.Spec.CIDR = '10.42.0.0/16' (IPPool(default-ipv4-ippool) CIDR overlaps with IPPool(rack-pool) CIDR 10.42.16.0/20)"
    env = {
        "env": [
            {"name": "CALICO_IPV4POOL_CIDR", "value": "10.42.0.0/16"},
            {"name": "CALICO_IPV4POOL_IPIP", "value": "CrossSubnet"},
        ]
    }
    for n, node in enumerate(bad):
        name = story.staff(
            {node: hosts[node]},
            ready=False,
            restarts=8,
            waiting="CrashLoopBackOff",
            last=("Error", 1, 95 + n),
            age=1600,
            spec=env,
        )[0]
        story.probe(name, SOCKET, 96 + n, 1500, 12)
        story.pod_event(name, "BackOff", "Back-off restarting failed container", 4, 1500, 77)
        lines = story.boot(node, 97 + n, interface="bond0", prefix=24)[:10]
        lines += [
            story.say(95.6 + n, "ERROR", 9, "startup", "startup.go 850:", message),
            story.say(95.6 + n, "WARNING", 9, "startup", "utils.go 49:", "Terminating"),
            "Calico node failed to start",
        ]
        story.log(name, lines, f"{name}-previous.log")
        story.describe(node)
    ok = story.pods["metal-a"]
    story.recreated(ok, [hosts[n] for n in bad], 1400, 2)
    story.commands[f"describe-pod-{ok}.txt"] = f"describe pod -n kube-system {ok}"
    story.texts["calicoctl-get-ippool.txt"] = (
        "NAME        CIDR            NAT    IPIPMODE      VXLANMODE   DISABLED   DISABLEBGPEXPORT   SELECTOR\n"
        'rack-pool   10.42.16.0/20   true   CrossSubnet   Never       true       false              rack == "r7"\n'
    )
    story.affected = bad
    story.cite(f"{story.pods['metal-b']}-previous.log", "CIDR overlaps with IPPool(rack-pool)")
    return story


def pool_only_for_load_balancers(now: datetime) -> Incident:
    story = incident(
        "allowed-uses-without-workloads",
        CAUSE,
        "allowedUses of the only pool was edited to LoadBalancer: no pool is left for pods and tunnels. New pods get 'no configured Calico pools', and a calico-node that starts cannot get its tunnel's address and ends.",
        "https://docs.tigera.io/calico/latest/reference/resources/ippool",
        now,
        platform="other",
        calico="v3.30.2",
        kubernetes="v1.33.1",
        registry="quay.io/calico",
        difficulty="hard",
    )
    hosts = {f"lbx-{n}": f"172.30.200.{n}" for n in (11, 12, 13)}
    bad = "lbx-12"
    story.hosts(hosts)
    story.staff({k: v for k, v in hosts.items() if k != bad})
    name = story.staff(
        {bad: hosts[bad]}, ready=False, restarts=10, waiting="CrashLoopBackOff", last=("Error", 1, 240), age=2000
    )[0]
    story.probe(name, SOCKET, 241, 1950, 14)
    story.pod_event(
        name,
        "BackOff",
        f"Back-off restarting failed container calico-node in pod {name}_calico-system(42cf)",
        9,
        1940,
        133,
    )
    lines = story.boot(bad, 244)[:12]
    lines += [
        story.say(
            243,
            "INFO",
            26,
            "tunnel-ip-allocator",
            "allocateip.go 355:",
            'Assign a new tunnel address type="vxlanTunnelAddress"',
        ),
        story.say(
            243, "INFO", 26, "tunnel-ip-allocator", "ipam.go 134:", "Auto-assign 1 ipv4, 0 ipv6 addrs for host 'lbx-12'"
        ),
        story.say(
            242.8,
            "ERROR",
            26,
            "tunnel-ip-allocator",
            "ipam.go 176:",
            "Error assigning IPV4 addresses: no configured Calico pools for node lbx-12",
        ),
        story.say(
            242.8,
            "FATAL",
            26,
            "tunnel-ip-allocator",
            "allocateip.go 486:",
            'Unable to autoassign an address error=no configured Calico pools for node lbx-12 type="vxlanTunnelAddress"',
        ),
        "Calico node failed to start",
    ]
    story.log(name, lines, f"{name}-previous.log")
    story.stuck(
        "api-gw-7c5ddbdf54-2x8kq",
        "lbx-11",
        "no configured Calico pools for node lbx-11",
        15,
        1400,
        97,
        namespace="edge",
    )
    story.describe(bad)
    story.commands["describe-api-gw.txt"] = "describe pod -n edge api-gw-7c5ddbdf54-2x8kq"
    story.texts["ippool.yaml"] = (
        "apiVersion: projectcalico.org/v3\nkind: IPPool\nmetadata:\n  name: default-ipv4-ippool\nspec:\n  allowedUses:\n  - LoadBalancer\n  assignmentMode: Automatic\n  blockSize: 26\n"
        "  cidr: 10.244.0.0/16\n  ipipMode: Never\n  natOutgoing: true\n  nodeSelector: all()\n  vxlanMode: CrossSubnet\n"
    )
    story.affected = list(hosts)
    story.cite("ippool.yaml", "- LoadBalancer")
    story.cite("describe-api-gw.txt", "no configured Calico pools for node lbx-11")
    return story


def pool_is_not_what_kubeadm_was_told(now: datetime) -> Incident:
    # told on 29 November 2026 without having seen the rules
    story = incident(
        "default-pool-of-the-manifest-and-kubeadms-own-range",
        CAUSE,
        "Fresh kubeadm cluster: the custom resources were applied with their default pool 192.168.0.0/16 while kubeadm was started with 10.244.0.0/16. The operator refuses the Installation, makes no calico pod at all, and the hosts stay NotReady.",
        "https://github.com/tigera/operator/blob/master/pkg/controller/installation/core_controller.go",
        now,
        platform="other",
        calico="v3.28.0",
        kubernetes="v1.30.2",
        difficulty="easy",
        acceptable=["invalid-calico-config"],
    )
    hosts = {"cp-1": "172.29.4.10", "wk-1": "172.29.4.21", "wk-2": "172.29.4.22"}
    story.hosts(
        hosts,
        ready=NO_CNI,
        age=2900,
        since=2890,
        os_image="Ubuntu 24.04 LTS",
        kernel="6.8.0-36-generic",
        runtime="containerd://1.7.18",
        taints=[("node.kubernetes.io/not-ready", "NoSchedule")],
    )
    for item in story.objects["Node"]:
        item["status"]["conditions"] = item["status"]["conditions"][1:]
        item["metadata"]["annotations"] = {}
    operator = story.other(
        "tigera-operator-76c4976dd7-l2xzk",
        "wk-1",
        namespace="tigera-operator",
        owner="ReplicaSet/tigera-operator-76c4976dd7",
        app="tigera-operator",
        image="quay.io/tigera/operator:v1.34.0",
        age=2500,
        started=2490,
    )
    for x in ("5mzkp", "wq7tv"):
        name = story.other(
            f"coredns-7db6d8ff4d-{x}",
            "",
            "none",
            owner="ReplicaSet/coredns-7db6d8ff4d",
            app="coredns",
            image="registry.k8s.io/coredns/coredns:v1.11.1",
            ready=False,
            phase="Pending",
            age=2880,
        )
        story.objects["Pod"][-1]["status"] |= {"containerStatuses": [], "podIPs": []}
        del story.objects["Pod"][-1]["status"]["podIP"]
        story.pod_event(
            name,
            "FailedScheduling",
            "0/3 nodes are available: 3 node(s) had untolerated taint {node.kubernetes.io/not-ready: }. preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.",
            200,
            2870,
            10,
            namespace="kube-system",
            source="default-scheduler",
        )
    lines = [
        f"{story.stamp(2488)[:19].replace('-', '/')} [INFO] Version: v1.34.0",
        f'{{"level":"info","ts":"{story.ago(2487)}","logger":"setup","msg":"starting manager"}}',
        f"I{story.klog(2487)}       1 leaderelection.go:250] attempting to acquire leader lease tigera-operator/operator-lock...",
        f"I{story.klog(2486)}       1 leaderelection.go:260] successfully acquired lease tigera-operator/operator-lock",
    ]
    for n in range(12):
        ago = 2360 - 190 * n
        lines.append(
            f'{{"level":"error","ts":"{story.ago(ago)}","logger":"controller_installation","msg":"Error querying installation","Request.Namespace":"","Request.Name":"default","reason":"ResourceReadError","error":"Could not resolve CalicoNetwork IPPool and kubeadm configuration: IPPool 192.168.0.0/16 is not within the platform\'s configured pod network CIDR(s) [10.244.0.0/16]","stacktrace":"github.com/tigera/operator/pkg/controller/status.(*statusManager).SetDegraded\\n\\t/go/src/github.com/tigera/operator/pkg/controller/status/status.go:357"}}'
        )
        lines.append(
            f'{{"level":"info","ts":"{story.ago(ago - 0.2)}","logger":"controller_apiserver","msg":"Waiting for Installation defaulting to occur","Request.Namespace":"","Request.Name":"apiserver"}}'
        )
    story.log(operator, lines, "tigera-operator.log")
    story.texts["what-i-did.txt"] = (
        "root@cp-1:~# kubeadm init --pod-network-cidr=10.244.0.0/16 --apiserver-advertise-address=172.29.4.10\n...\nroot@cp-1:~# kubectl create -f tigera-operator.yaml\nroot@cp-1:~# kubectl create -f custom-resources.yaml\ninstallation.operator.tigera.io/default created\napiserver.operator.tigera.io/default created\n"
        "root@cp-1:~# kubectl get tigerastatus\nNAME        AVAILABLE   PROGRESSING   DEGRADED   SINCE\napiserver                             True       39m\ncalico                                True       39m\nroot@cp-1:~# kubectl get pods -n calico-system\nNo resources found in calico-system namespace.\n"
    )
    story.commands = {
        "nodes.txt": "get nodes -o wide",
        "pods.txt": "get pods -A -o wide",
        "describe-node-wk-1.txt": "describe node wk-1",
    }
    story.affected = list(hosts)
    story.cite("tigera-operator.log", "is not within the platform's configured pod network CIDR(s)")
    return story


def pool_that_does_not_translate(now: datetime) -> Incident:
    story = incident(
        "second-pool-leaves-with-its-own-addresses",
        CAUSE,
        "A second pool was added for one tenant without natOutgoing: its pods reach every pod, but nothing outside of the cluster, for their packets leave the hosts with pod addresses that the company's router does not know. Pods of the first pool on the same hosts are fine, everything of Calico is ready.",
        "https://docs.tigera.io/calico/latest/networking/configuring/workloads-outside-cluster",
        now,
        platform="other",
        calico="v3.22.3",
        kubernetes="v1.23.17",
        namespace="kube-system",
        registry="quay.io/calico",
        difficulty="hard",
        acceptable=["invalid-calico-config"],
    )
    hosts = {f"prg-{n}": f"10.18.31.{n}" for n in (5, 6, 7, 8)}
    story.hosts(
        hosts,
        os_image="AlmaLinux 8.10 (Cerulean Leopard)",
        kernel="4.18.0-553.16.1.el8_10.x86_64",
        runtime="containerd://1.6.33",
    )
    story.staff(hosts, started=1_600_000)
    me = "prg-6"
    bad = []
    for n, node in enumerate(hosts):
        story.other(
            f"billing-{n}",
            node,
            f"10.233.{90 + n}.1{n}",
            "billing",
            "StatefulSet/billing",
            app="billing",
            started=900_000,
        )
        if n < 3:
            bad.append(
                story.other(
                    f"vod-edge-{n}",
                    node,
                    f"10.61.{n}.{129 + n}",
                    "tenant-vod",
                    "StatefulSet/vod-edge",
                    app="vod-edge",
                    ready=False,
                    restarts=60 + n,
                    started=80,
                    last=("Error", 1, 140),
                    age=72_000,
                )
            )
            story.pod_event(
                bad[-1],
                "Unhealthy",
                "Readiness probe failed: license server https://lic.corp.example/ (10.2.0.53:443): dial tcp 10.2.0.53:443: i/o timeout",
                6 + n,
                71_500,
                7100,
                namespace="tenant-vod",
            )
            story.pod_event(
                bad[-1],
                "BackOff",
                f"Back-off restarting failed container vod-edge in pod vod-edge-{n}_tenant-vod(81f{n})",
                22 + n,
                71_000,
                2900,
                namespace="tenant-vod",
            )
    peers = [a for k, a in hosts.items() if k != me]
    story.log(
        story.pods[me],
        [
            *story.quiet(74_000, 72_600, 400),
            story.say(
                72_420,
                "INFO",
                62,
                "confd",
                "resource.go 264:",
                "Target config /etc/calico/confd/config/bird_ipam.cfg has been updated due to change in key: /calico/v1/ipam/v4/pool",
            ),
            "bird: Reconfiguration requested by SIGHUP",
            "bird: Reconfiguring",
            "bird: Reconfigured",
            *story.quiet(2600, 15, 200),
        ],
    )
    story.texts["ippools.txt"] = (
        "[root@prg-6 ~]# calicoctl get ippool -o wide\nNAME             CIDR            NAT     IPIPMODE   VXLANMODE   DISABLED   DISABLEBGPEXPORT   SELECTOR   \ndefault-pool     10.233.64.0/18  true    Always     Never       false      false              all()      \ntenant-vod       10.61.0.0/16    false   Always     Never       false      false              all()      \n"
    )
    story.texts["tests.txt"] = (
        "[root@prg-6 ~]# kubectl exec -n billing billing-1 -- curl -sk -m 5 -o /dev/null -w '%{http_code}\\n' https://10.2.0.53/\n200\n[root@prg-6 ~]# kubectl exec -n tenant-vod vod-edge-1 -- curl -sk -m 5 -o /dev/null -w '%{http_code}\\n' https://10.2.0.53/\n000\ncommand terminated with exit code 28\n"
        "[root@prg-6 ~]# kubectl exec -n tenant-vod vod-edge-1 -- curl -s -m 5 -o /dev/null -w '%{http_code}\\n' http://10.233.93.13:8080/\n200\n"
        f"[root@prg-6 ~]# tcpdump -ni bond0 host 10.2.0.53 and tcp port 443\nlistening on bond0, link-type EN10MB (Ethernet), snapshot length 262144 bytes\n{story.stamp(400)[11:]}000 IP 10.18.31.6.41822 > 10.2.0.53.443: Flags [S], seq 1180334511, win 64240, options [mss 1440,sackOK,TS val 99120 ecr 0,nop,wscale 7], length 0\n{story.stamp(399.99)[11:]}000 IP 10.2.0.53.443 > 10.18.31.6.41822: Flags [S.], seq 900118230, ack 1180334512, win 65160, options [mss 1460,sackOK,TS val 7719 ecr 99120,nop,wscale 7], length 0\n"
        f"{story.stamp(371)[11:]}000 IP 10.61.1.130.50114 > 10.2.0.53.443: Flags [S], seq 3120098811, win 64240, options [mss 1440,sackOK,TS val 5510 ecr 0,nop,wscale 7], length 0\n{story.stamp(370)[11:]}000 IP 10.61.1.130.50114 > 10.2.0.53.443: Flags [S], seq 3120098811, win 64240, options [mss 1440,sackOK,TS val 6510 ecr 0,nop,wscale 7], length 0\n{story.stamp(368)[11:]}000 IP 10.61.1.130.50114 > 10.2.0.53.443: Flags [S], seq 3120098811, win 64240, options [mss 1440,sackOK,TS val 8526 ecr 0,nop,wscale 7], length 0\n^C\n"
    )
    story.texts["node-status.txt"] = node_status([(p, "up", "2026-11-11", "Established") for p in peers])
    story.describe(me)
    story.commands["describe-vod-edge-1.txt"] = "describe pod -n tenant-vod vod-edge-1"
    story.affected = list(hosts)[:3]
    story.cite("ippools.txt", "tenant-vod       10.61.0.0/16    false")
    return story


STORIES = [
    default_overlaps,
    pool_only_for_load_balancers,
    pool_is_not_what_kubeadm_was_told,
    pool_that_does_not_translate,
]
