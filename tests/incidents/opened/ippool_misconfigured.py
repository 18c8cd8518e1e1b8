"""ippool-misconfigured: told without having seen the rules, then opened."""

from __future__ import annotations

from datetime import datetime

from cluster import NO_CNI, container, event
from telling import SOCKET, Incident, incident

CAUSE = "ippool-misconfigured"


def plugin_pinned_to_the_pool_switched_off(now: datetime) -> Incident:
    story = incident(
        "old-pool-switched-off-while-the-plugin-still-asks-for-it",
        CAUSE,
        "Kubespray: a new pool was added and the old one disabled, but the plugin's configuration on every host names the old range in ipv4_pools. Each new pod is refused ('the given pool does not exist, or is not enabled'), pods from before keep their addresses; calico-node is ready everywhere.",
        "https://github.com/kubernetes-sigs/kubespray/issues/8879 and https://github.com/projectcalico/calico/issues/6150",
        now,
        platform="other",
        calico="v3.22.3",
        kubernetes="v1.23.7",
        registry="quay.io/calico",
        namespace="kube-system",
        difficulty="medium",
        acceptable=["invalid-calico-config"],
    )
    hosts = {f"ks-node{n}": f"10.18.4.{20 + n}" for n in (1, 2, 3, 4)}
    story.hosts(hosts, os_image="CentOS Stream 8", kernel="4.18.0-383.el8.x86_64", runtime="containerd://1.6.4")
    story.staff(hosts, started=2_400_000, age=2_400_040)
    for i, node in enumerate(("ks-node1", "ks-node3")):
        story.other(f"coredns-657959df74-{'kq'[i]}7x{'2n'[i]}p", node, f"10.233.{90 + 7 * i}.4", owner="ReplicaSet/coredns-657959df74", app="coredns", image="k8s.gcr.io/coredns/coredns:v1.8.6", age=2_390_000, started=2_389_000)  # fmt: skip
    text = "the given pool (10.233.64.0/18) does not exist, or is not enabled"
    names = [
        story.stuck(f"orders-api-6799fc88d8-{tail}", node, text, 9 + i, 5_300 - 400 * i, 400 - 31 * i, namespace="orders", form="old")
        for i, (tail, node) in enumerate((("ntlv9", "ks-node4"), ("5wz2d", "ks-node2"), ("pp8xk", "ks-node3")))
    ]  # fmt: skip
    story.other("orders-db-0", "ks-node2", "10.233.99.12", "orders", "StatefulSet/orders-db", app="orders-db", age=1_900_000, started=1_899_900)  # fmt: skip
    lines = story.quiet(7_000, 5_420, 400, 67)
    lines += [
        story.say(5_415, "INFO", 67, "felix", "int_dataplane.go 1559:", 'Received *proto.IPAMPoolUpdate update from calculation graph msg=id:"10.19.0.0-16" pool:<cidr:"10.19.0.0/16" masquerade:true > '),
        story.say(5_414.9, "INFO", 67, "felix", "masq_mgr.go 145:", "IPAM pools updated, refreshing iptables rule ipVersion=0x4"),
        story.say(5_360, "INFO", 66, "confd", "resource.go 277:", "Target config /etc/calico/confd/config/bird_ipam.cfg has been updated due to change in key: /calico/v1/ipam/v4/pool"),
        "bird: Reconfiguration requested by SIGHUP",
        "bird: Reconfiguring",
        "bird: Reconfigured",
        *story.quiet(5_300, 12, 640, 67),
    ]  # fmt: skip
    story.log(story.pods["ks-node4"], lines)
    story.texts["calicoctl-ippool.txt"] = (
        "# calicoctl get ippool -o wide\nNAME           CIDR             NAT    IPIPMODE   VXLANMODE   DISABLED   DISABLEBGPEXPORT   SELECTOR   \n"
        "default-pool   10.233.64.0/18   true   Always     Never       true       false              all()      \npods-2022      10.19.0.0/16     true   Always     Never       false      false              all()      \n"
    )
    story.texts["ks-node4-10-calico.conflist"] = (
        '{\n  "name": "cni0",\n  "cniVersion":"0.3.1",\n  "plugins":[\n    {\n      "datastore_type": "kubernetes",\n      "nodename": "ks-node4",\n      "type": "calico",\n      "log_level": "info",\n      "log_file_path": "/var/log/calico/cni/cni.log",\n'
        '      "ipam": {\n        "type": "calico-ipam",\n        "assign_ipv4": "true",\n        "ipv4_pools": ["10.233.64.0/18"]\n      },\n      "policy": {\n        "type": "k8s"\n      },\n      "kubernetes": {\n        "kubeconfig": "/etc/cni/net.d/calico-kubeconfig"\n      }\n    },\n    {\n      "type":"portmap",\n      "capabilities": {\n        "portMappings": true\n      }\n    }\n  ]\n}\n'
    )
    story.commands = {
        "nodes.txt": "get nodes -o wide",
        "pods.txt": "get pods -A -o wide",
        "describe-orders-api.txt": f"describe pod -n orders {names[0]}",
        "describe-calico-node.txt": f"describe pod -n kube-system {story.pods['ks-node4']}",
    }
    story.events()
    story.affected = list(hosts)
    story.cite("describe-orders-api.txt", text)
    story.cite("ks-node4-10-calico.conflist", '"ipv4_pools": ["10.233.64.0/18"]')
    return story


def pool_contains_the_services(now: datetime) -> Incident:
    story = incident(
        "pool-range-contains-the-cluster-ips-of-services",
        CAUSE,
        "The pods' range 10.233.0.0/17 contains the services' 10.233.0.0/18, and kube-proxy runs in IPVS mode: the host that owns the first block gives pods addresses that every host carries on kube-ipvs0 as its own. Only pods whose address happens to equal a ClusterIP are dead (refused by their own host); their neighbours in the same block, Calico and DNS are well.",
        "https://github.com/kubernetes-sigs/kubespray/pull/3504 and https://github.com/projectcalico/calico/issues/3979",
        now,
        platform="other",
        calico="v3.19.4",
        kubernetes="v1.20.15",
        registry="quay.io/calico",
        namespace="kube-system",
        difficulty="hard",
        acceptable=["invalid-calico-config"],
    )
    hosts = {f"node{n}": f"172.16.90.{10 + n}" for n in (1, 2, 3)}
    story.hosts(hosts, os_image="Ubuntu 20.04.4 LTS", kernel="5.4.0-110-generic", runtime="containerd://1.5.11", age=1_000_000, since=999_000)  # fmt: skip
    story.staff(hosts, started=998_000, age=998_100)
    for node in hosts:
        story.other(f"kube-proxy-{node[-1]}v7t{node[-1]}", node, app="kube-proxy", image="k8s.gcr.io/kube-proxy:v1.20.15", age=998_500)  # fmt: skip
        story.other(f"nodelocaldns-{node[-1]}kd4{node[-1]}", node, app="nodelocaldns", image="k8s.gcr.io/dns/k8s-dns-node-cache:1.17.1", age=998_000)  # fmt: skip
    for i, (node, ip) in enumerate((("node1", "10.233.70.2"), ("node2", "10.233.96.1"))):
        story.other(f"coredns-7677f9bb54-{'bq'[i]}x6l{'7w'[i]}", node, ip, owner="ReplicaSet/coredns-7677f9bb54", app="coredns", age=997_000, started=996_000)  # fmt: skip
    bad = []
    for i, (tail, ip, ok) in enumerate(
        (("4jx8m", "10.233.0.2", True), ("7dk2c", "10.233.0.3", False), ("9bzw5", "10.233.0.4", True), ("hv6tq", "10.233.0.17", True), ("mz4rp", "10.233.0.23", False), ("t2wlx", "10.233.0.41", True), ("zs9kn", "10.233.0.52", False))
    ):  # fmt: skip
        more = {} if ok else {"restarts": 5 + i, "last": ("Error", 1, 140 + 9 * i)}
        name = story.other(f"storefront-5d9c7b6f48-{tail}", "node3", ip, "shop", "ReplicaSet/storefront-5d9c7b6f48", app="storefront", ready=ok, age=2_900, started=80 if not ok else 2_880, **more)  # fmt: skip
        if not ok:
            bad.append(name)
            event(story, "Pod", name, "Unhealthy", f'Readiness probe failed: Get "http://{ip}:8080/ready": dial tcp {ip}:8080: connect: connection refused', 8 + i, 2_860, 280 + i, namespace="shop")  # fmt: skip
            event(story, "Pod", name, "Unhealthy", f'Liveness probe failed: Get "http://{ip}:8080/live": dial tcp {ip}:8080: connect: connection refused', 150 + i, 2_800, 21, namespace="shop")  # fmt: skip
    for i, (node, ip) in enumerate((("node1", "10.233.70.9"), ("node2", "10.233.96.14"))):
        story.other(f"storefront-5d9c7b6f48-{'fg'[i]}8c{'lv'[i]}2", node, ip, "shop", "ReplicaSet/storefront-5d9c7b6f48", app="storefront", age=2_900, started=2_890)  # fmt: skip
    name = story.pods["node3"]
    log = story.boot("node3", 998_000, ["172.16.90.11", "172.16.90.12"], interface="ens3", prefix=24, address="172.16.90.13")  # fmt: skip
    story.log(name, [*log, *story.quiet(3_100, 10, 310)])
    story.log(bad[0], [
        "  .   ____          _            __ _ _", " :: Spring Boot ::                (v2.6.6)", "",
        f"{story.stamp(75)}  INFO 1 --- [           main] c.e.shop.StorefrontApplication           : Started StorefrontApplication in 4.912 seconds (JVM running for 5.4)",
        f"{story.stamp(43)} ERROR 1 --- [onPool-worker-1] c.e.shop.catalog.CatalogClient           : GET http://catalog:8080/items failed: connect timed out",
        f"{story.stamp(12)} ERROR 1 --- [onPool-worker-1] c.e.shop.catalog.CatalogClient           : GET http://catalog:8080/items failed: connect timed out",
    ], "storefront-7dk2c.log")  # fmt: skip
    story.texts["services.txt"] = (
        "$ kubectl get svc -A\nNAMESPACE     NAME             TYPE        CLUSTER-IP     EXTERNAL-IP   PORT(S)                  AGE\ndefault       kubernetes       ClusterIP   10.233.0.1     <none>        443/TCP                  11d\nkube-system   coredns          ClusterIP   10.233.0.3     <none>        53/UDP,53/TCP,9153/TCP   11d\nkube-system   metrics-server   ClusterIP   10.233.0.52    <none>        443/TCP                  11d\nshop          catalog          ClusterIP   10.233.31.8    <none>        8080/TCP                 11d\nshop          redis            ClusterIP   10.233.0.23    <none>        6379/TCP                 11d\nshop          storefront       ClusterIP   10.233.17.120  <none>        80/TCP                   11d\n"
    )
    story.texts["node3.txt"] = (
        "root@node3:~# curl -sS -m3 http://10.233.0.3:8080/ready\ncurl: (7) Failed to connect to 10.233.0.3 port 8080: Connection refused\n"
        'root@node3:~# curl -sS -m3 http://10.233.0.4:8080/ready\n{"status":"UP"}\n'
        "root@node3:~# ip -4 -br addr show kube-ipvs0\nkube-ipvs0       DOWN           10.233.0.1/32 10.233.0.3/32 10.233.0.52/32 10.233.31.8/32 10.233.0.23/32 10.233.17.120/32 \n"
        "root@node3:~# ip route get 10.233.0.3\nlocal 10.233.0.3 dev lo src 10.233.0.3 uid 0 \n    cache <local> \n"
        "root@node3:~# calicoctl.sh get ippool -o wide\nNAME           CIDR            NAT    IPIPMODE   VXLANMODE   DISABLED   SELECTOR   \ndefault-pool   10.233.0.0/17   true   Always     Never       false      all()      \n\n"
        "root@node3:~# grep -hE '^kube_(service_addresses|pods_subnet|proxy_mode)' inventory/prod/group_vars/k8s_cluster/k8s-cluster.yml\nkube_service_addresses: 10.233.0.0/18\nkube_pods_subnet: 10.233.0.0/17\nkube_proxy_mode: ipvs\n"
    )
    story.describe("node3")
    story.commands |= {"describe-storefront-7dk2c.txt": f"describe pod -n shop {bad[0]}"}
    story.affected = ["node3"]
    story.cite("node3.txt", "default-pool   10.233.0.0/17")
    story.cite("node3.txt", "kube_service_addresses: 10.233.0.0/18")
    return story


def first_pool_smaller_than_a_block(now: datetime) -> Incident:
    story = incident(
        "pool-of-the-manifest-is-smaller-than-its-block",
        CAUSE,
        "New kubeadm cluster on a tight address plan: CALICO_IPV4POOL_CIDR was set to a /27 while the block size stayed at 26. The first pool cannot be created, start-up ends on each host, again and again; 'cni plugin not initialized', the missing BIRD socket and pods without network are its echo.",
        "https://github.com/projectcalico/calico/blob/v3.26.1/libcalico-go/lib/clientv3/ippool.go (validateAndSetDefaults)",
        now,
        platform="other",
        calico="v3.26.1",
        kubernetes="v1.27.6",
        registry="docker.io/calico",
        namespace="kube-system",
        difficulty="easy",
    )
    hosts = {f"plant-k8s-{n}": f"10.61.3.{130 + n}" for n in (1, 2, 3)}
    age = 3_050
    story.hosts(
        hosts, ready=NO_CNI, since=age - 10, age=age, calico_up=False, os_image="Rocky Linux 8.8 (Green Obsidian)",
        kernel="4.18.0-477.27.1.el8_8.x86_64", runtime="containerd://1.6.24",
        taints=[("node.kubernetes.io/not-ready", "NoSchedule")],
    )  # fmt: skip
    for item in story.objects["Node"]:
        del item["status"]["conditions"][0], item["metadata"]["annotations"]["projectcalico.org/IPv4Address"]
    env = [{"name": "CALICO_IPV4POOL_CIDR", "value": "10.61.200.32/27"}, {"name": "CALICO_IPV4POOL_IPIP", "value": "Never"}, {"name": "CALICO_IPV4POOL_VXLAN", "value": "CrossSubnet"}, {"name": "IP", "value": "autodetect"}, {"name": "FELIX_HEALTHENABLED", "value": "true"}]  # fmt: skip
    for i, (node, address) in enumerate(hosts.items()):
        init = [container(story, "install-cni", "docker.io/calico/cni:v3.26.1", done=True, started=2_700 - i)]
        story.staff(
            {node: address}, ready=False, restarts=12, waiting="CrashLoopBackOff", last=("Error", 1, 95 + 40 * i), age=2_720,
            init=init, spec={"env": env},
        )  # fmt: skip
        story.pod_event(story.pods[node], "BackOff", "Back-off restarting failed container calico-node in pod " + story.pods[node], 12 + i, 2_640, 181)  # fmt: skip
        story.probe(story.pods[node], SOCKET, 96 + 40 * i, 2_690, 9)
    for tail in ("6k4zq", "rm8vd"):
        name = story.other(f"coredns-5d78c9869d-{tail}", "", "none", owner="ReplicaSet/coredns-5d78c9869d", app="coredns", phase="Pending", ready=False, age=3_000)  # fmt: skip
        event(story, "Pod", name, "FailedScheduling", "0/3 nodes are available: 3 node(s) had untolerated taint {node.kubernetes.io/not-ready: }. preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling..", 200, 2_990, 10, namespace="kube-system", source="default-scheduler")  # fmt: skip
        status = story.objects["Pod"][-1]["status"]
        status |= {"containerStatuses": [], "podIPs": [], "podIP": "", "hostIP": ""}
    for node, back in (("plant-k8s-1", 97), ("plant-k8s-3", 177)):
        lines = story.boot(node, back, interface="ens192", prefix=24)[:11]
        lines += [
            story.say(back - 0.41, "ERROR", 9, "startup", "startup.go 991:", "Failed to create default IPv4 IP pool: error with field IPPool.Spec.CIDR = '10.61.200.32/27' (IP pool size is too small for use with Calico IPAM. It must be equal to or greater than the block size.)"),
            story.say(back - 0.41, "WARNING", 9, "startup", "utils.go 48:", "Terminating"),
            "Calico node failed to start",
        ]  # fmt: skip
        story.log(story.pods[node], lines)
    story.describe("plant-k8s-1")
    story.commands |= {"describe-coredns.txt": "describe pod -n kube-system coredns-5d78c9869d-6k4zq"}
    story.affected = list(hosts)
    story.cite(f"{story.pods['plant-k8s-1']}.log", "IP pool size is too small for use with Calico IPAM")
    return story


STORIES = [plugin_pinned_to_the_pool_switched_off, pool_contains_the_services, first_pool_smaller_than_a_block]
