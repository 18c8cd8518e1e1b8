"""mtu-mismatch: told without having seen the rules, then opened."""

from __future__ import annotations

from datetime import datetime

from cluster import join
from telling import Incident, incident

CAUSE = "mtu-mismatch"


def pods_behind_the_customers_vpn(now: datetime) -> Incident:
    story = incident(
        "large-answers-die-in-the-vpn-to-the-data-centre",
        CAUSE,
        "IKS classic: pods have an MTU of 1480, the way to the data centre is an IPsec tunnel of the gateway that carries 1422 and its ICMP is dropped. Pods log in at the database there and hang at the first large packet, which is sent again and again (length 1428); inside the cluster all is well, BGP too. The BGP lines and the restarts of calico-node are of the worker update last week.",
        "https://cloud.ibm.com/docs/containers?topic=containers-performance (Changing the Calico maximum transmission unit)",
        now,
        platform="classic",
        calico="v3.28.2",
        kubernetes="v1.30.10+IKS",
        difficulty="medium",
    )
    nodes = story.workers([f"10.144.201.{n}" for n in (66, 70, 71, 85)], age=19_000_000, since=690_000)
    story.agents(nodes, started=689_000, age=690_000, restarts=1, last=("Unknown", 255, 689_100))
    story.typha(nodes[0], started=640_000)
    story.typha(nodes[2], "dk7m2", started=640_000)
    for made in story.objects["Pod"][-2:]:
        made["metadata"]["creationTimestamp"] = made["status"]["startTime"] = story.ago(640_030)
    bad = nodes[1]
    peers = [n for n in nodes if n != bad]
    lines = story.boot(bad, 688_990, peers, up=peers[:2])
    lines += [story.say(688_985, "INFO", 61, "felix", "int_dataplane.go 1196:", "Determined pod MTU mtu=1480")]
    lines += [f"bird: Mesh_{peers[2].replace('.', '_')}: {x}" for x in ("Connected to table master", "State changed to feed", "State changed to up")]  # fmt: skip
    story.log(story.pods[bad], [*lines, *story.quiet(80_000, 30, 4_200)])
    pod = story.other(
        "invoice-sync-6c8d7f9b4-p2xkq",
        bad,
        "172.30.118.77",
        "erp",
        "ReplicaSet/invoice-sync-6c8d7f9b4",
        app="invoice-sync",
        ready=False,
        restarts=118,
        started=201,
        last=("Error", 1, 205),
        age=505_000,
        image="de.icr.io/erp/invoice-sync:3.2.1",
    )
    story.pod_event(
        pod,
        "Unhealthy",
        "Readiness probe failed: db2: SQL30081N communication error has been detected. Communication function: recv, errno 110 (Connection timed out)",
        25,
        504_000,
        4_020,
        namespace="erp",
    )
    stamp = [story.stamp(3_600 - x)[11:] + "412" for x in (0, 0.03, 0.06, 0.4, 1.0, 2.2, 4.6)]
    db = "10.1.77.20.50000"
    me = "172.30.118.77.41372"
    story.texts["tcpdump-in-the-pod.txt"] = join([
        "tcpdump: verbose output suppressed, use -v[v]... for full protocol decode",
        f"{stamp[0]} IP {me} > {db}: Flags [S], seq 3120074410, win 64240, options [mss 1440,sackOK,TS val 91203 ecr 0,nop,wscale 7], length 0",
        f"{stamp[1]} IP {db} > {me}: Flags [S.], seq 771200931, ack 3120074411, win 65535, options [mss 1460,sackOK,TS val 5520 ecr 91203,nop,wscale 6], length 0",
        f"{stamp[2]} IP {me} > {db}: Flags [P.], seq 1:213, ack 1, win 502, length 212",
        f"{stamp[2][:-6]}091402 IP {db} > {me}: Flags [P.], seq 1:311, ack 213, win 1024, length 310",
        f"{stamp[3]} IP {me} > {db}: Flags [.], seq 213:1641, ack 311, win 501, length 1428",
        f"{stamp[4]} IP {me} > {db}: Flags [.], seq 213:1641, ack 311, win 501, length 1428",
        f"{stamp[5]} IP {me} > {db}: Flags [.], seq 213:1641, ack 311, win 501, length 1428",
        f"{stamp[6]} IP {me} > {db}: Flags [.], seq 213:1641, ack 311, win 501, length 1428",
    ])  # fmt: skip
    story.texts["ping-sizes.txt"] = (
        "$ kubectl exec -n erp invoice-sync-6c8d7f9b4-p2xkq -- ip link show eth0\n3: eth0@if41: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1480 qdisc noqueue state UP\n"
        "$ for s in 1000 1380 1394 1396 1452; do echo $s; kubectl exec -n erp invoice-sync-6c8d7f9b4-p2xkq -- ping -M do -c2 -q -s $s 10.1.77.20 | grep received; done\n"
        "1000\n2 packets transmitted, 2 received, 0% packet loss, time 1001ms\n1380\n2 packets transmitted, 2 received, 0% packet loss, time 1001ms\n1394\n2 packets transmitted, 2 received, 0% packet loss, time 1002ms\n"
        "1396\n2 packets transmitted, 0 received, 100% packet loss, time 1010ms\n1452\n2 packets transmitted, 0 received, 100% packet loss, time 1021ms\n"
        "same from this pod to a pod on 10.144.201.85, -s 1452: 0% packet loss\n"
    )
    story.describe(bad)
    story.commands["describe-invoice-sync.txt"] = f"describe pod -n erp {pod}"
    story.affected = nodes
    story.cite("ping-sizes.txt", "2 packets transmitted, 0 received, 100% packet loss, time 1010ms")
    story.cite("ping-sizes.txt", "mtu 1480 qdisc noqueue state UP")
    return story


def static_address_lost_the_option_of_the_tenant_network(now: datetime) -> Incident:
    story = incident(
        "static-netplan-keeps-1500-in-a-tenant-network-of-1450",
        CAUSE,
        "RKE2 with Canal on OpenStack: the tenant network carries 1450, but the two new machines got static netplan files and their interface stays at 1500, so flannel.1 took 1450 and encapsulated packets of 1500 between the two vanish. DNS and pings work, while the API server of the one gets no TLS handshake with the webhook on the other and the Rancher agent restarts; canal and calico-node are ready and silent. The old machines (by DHCP) have 1450 and 1400.",
        "https://github.com/rancher/rancher/issues/13984 and https://github.com/rancher/rke2-charts/pull/670",
        now,
        platform="other",
        calico="v3.29.2",
        kubernetes="v1.31.6+rke2r1",
        namespace="kube-system",
        registry="rancher",
        difficulty="hard",
    )
    old = {f"rke-a{n}": f"192.168.199.{20 + n}" for n in (1, 2, 3)}
    new = {f"rke-b{n}": f"192.168.199.{40 + n}" for n in (1, 2)}
    system = {"os_image": "Ubuntu 24.04.2 LTS", "kernel": "6.8.0-55-generic", "runtime": "containerd://2.0.2-k3s2"}
    story.hosts(old, age=9_000_000, since=8_900_000, **system)
    story.hosts(new, age=430_000, since=429_900, **system)
    canal = {}
    for i, node in enumerate([*old, *new]):
        canal[node] = story.other(
            f"rke2-canal-{'bdfhk'[i]}x{'mpqtz'[i]}7w",
            node,
            app="rke2-canal",
            owner="DaemonSet/rke2-canal",
            image="rancher/hardened-calico:v3.29.2-build20250218",
            age=8_000_000 if node in old else 429_800,
            started=7_900_000 if node in old else 429_700,
        )
    me = canal["rke-b1"]
    lines = [
        *story.boot("rke-b1", 429_690, (), interface="ens3", prefix=24, bird=False)[:12],
        "Calico node started successfully",
        "CALICO_NETWORKING_BACKEND is none - no BGP daemon running",
        *[
            x
            for x in story.boot("rke-b1", 429_690, (), interface="ens3", prefix=24, bird=False)[15:]
            if "confd" not in x
        ],
        story.say(429_686, "INFO", 61, "felix", "int_dataplane.go 1213:", "Determined pod MTU mtu=1450"),
    ]
    story.log(me, [*lines, *story.quiet(60_000, 25, 3_900)], "rke2-canal-rke-b1-calico-node.log")
    story.texts["rke2-canal-rke-b1-kube-flannel.log"] = join([
        f"I{story.klog(429_690)}       1 main.go:211] CLI flags config: {{etcdEndpoints:http://127.0.0.1:4001,http://127.0.0.1:2379 subnetFile:/run/flannel/subnet.env iface:[] ipMasq:true kubeSubnetMgr:true}}",
        f"I{story.klog(429_689)}       1 match.go:211] Determining IP address of default interface",
        f"I{story.klog(429_689)}       1 match.go:264] Using interface with name ens3 and address 192.168.199.41",
        f"I{story.klog(429_689)}       1 match.go:286] Defaulting external address to interface address (192.168.199.41)",
        f"I{story.klog(429_689)}       1 vxlan.go:141] VXLAN config: VNI=1 Port=0 GBP=false Learning=false DirectRouting=false",
        f"I{story.klog(429_688)}       1 main.go:357] Wrote subnet file to /run/flannel/subnet.env",
        f"I{story.klog(429_688)}       1 main.go:361] Running backend.",
        f"I{story.klog(429_688)}       1 vxlan_network.go:65] watching for new subnet leases",
    ])  # fmt: skip
    story.texts["links.txt"] = (
        "ubuntu@rke-a1:~$ ip -o link | awk '{print $2, $4, $5}' | grep -v cali\nlo: mtu 65536\nens3: mtu 1450\nflannel.1: mtu 1400\nubuntu@rke-a1:~$ cat /run/flannel/subnet.env | grep MTU\nFLANNEL_MTU=1400\n"
        "ubuntu@rke-b1:~$ ip -o link | awk '{print $2, $4, $5}' | grep -v cali\nlo: mtu 65536\nens3: mtu 1500\nflannel.1: mtu 1450\nubuntu@rke-b1:~$ grep -h -e dhcp4 -e mtu /etc/netplan/*.yaml\n      dhcp4: false\nubuntu@rke-b1:~$ cat /run/flannel/subnet.env | grep MTU\nFLANNEL_MTU=1450\n"
        "(admin) $ openstack network show k8s-tenant -c mtu -f value\n1450\n"
        "ubuntu@rke-b1:~$ ping -M do -c2 -q -s 1422 192.168.199.42 | grep loss\n2 packets transmitted, 2 received, 0% packet loss, time 1001ms\nubuntu@rke-b1:~$ ping -M do -c2 -q -s 1432 192.168.199.42 | grep loss\n2 packets transmitted, 0 received, 100% packet loss, time 1026ms\n"
        "ubuntu@rke-a1:~$ curl -sk -m 8 -o /dev/null -w '%{http_code} %{time_total}\\n' https://10.42.5.8:9443/\n404 0.018\nubuntu@rke-b1:~$ curl -sk -m 8 -o /dev/null -w '%{http_code} %{time_total}\\n' https://10.42.5.8:9443/\n000 8.001\n"
    )
    webhook = story.other(
        "rancher-webhook-7d5c8b9f4-hw2mk",
        "rke-b2",
        "10.42.5.8",
        "cattle-system",
        "ReplicaSet/rancher-webhook-7d5c8b9f4",
        app="rancher-webhook",
        age=400_000,
        started=399_000,
    )
    agent_ = story.other(
        "cattle-cluster-agent-5b7f6d9c8-t4zqn",
        "rke-b1",
        "10.42.4.11",
        "cattle-system",
        "ReplicaSet/cattle-cluster-agent-5b7f6d9c8",
        app="cattle-cluster-agent",
        ready=False,
        restarts=260,
        started=190,
        last=("Error", 1, 196),
        age=400_000,
    )
    for made, text in (
        (agent_, 'Readiness probe failed: Get "http://10.42.4.11:8080/health": context deadline exceeded (Client.Timeout exceeded while awaiting headers)'),
        (webhook, 'Startup probe failed: Get "http://10.42.5.8:8081/healthz": dial tcp 10.42.5.8:8081: connect: connection refused'),
    ):  # fmt: skip
        story.pod_event(made, "Unhealthy", text, 20 if made == agent_ else 398_900, 399_000, 2_100 if made == agent_ else 1, namespace="cattle-system")  # fmt: skip
    story.texts["kube-apiserver-rke-b1-extract.log"] = join(
        f'W{story.klog(600 - 61 * i)}       1 dispatcher.go:225] Failed calling webhook, failing closed rancher.cattle.io.namespaces: failed calling webhook "rancher.cattle.io.namespaces": failed to call webhook: Post "https://rancher-webhook.cattle-system.svc:443/v1/webhook/validation/namespaces?timeout=10s": net/http: TLS handshake timeout'
        for i in range(8)
    )
    story.commands |= {"nodes.txt": "get nodes -o wide", "pods.txt": "get pods -A -o wide"}
    story.commands["describe-canal-rke-b1.txt"] = f"describe pod -n kube-system {me}"
    story.affected = list(new)
    story.cite("links.txt", "ens3: mtu 1500")
    story.cite("links.txt", "2 packets transmitted, 0 received, 100% packet loss, time 1026ms")
    return story


def docker_inside_the_pods_keeps_1500(now: datetime) -> Incident:
    story = incident(
        "builds-in-docker-in-docker-stop-at-the-first-download",
        CAUSE,
        "GitLab runners build in docker-in-docker pods: the pod's eth0 has Calico's 1450 (VXLAN), the docker daemon inside gives its own bridge and containers 1500. Downloads in the build containers hang in the TLS handshake, the same download in the pod itself works. Nodes, calico-node and services are well; a calico-node that restarted at night with the node's patch and its old probe events were blamed.",
        "https://gitlab.com/gitlab-org/charts/gitlab-runner/-/issues/121 and https://docs.docker.com/engine/reference/commandline/dockerd/ (--mtu), https://docs.tigera.io/calico/latest/networking/configuring/mtu",
        now,
        platform="other",
        calico="v3.27.2",
        kubernetes="v1.28.9",
        registry="quay.io/calico",
        difficulty="hard",
    )
    hosts = {f"ci-w{n}": f"10.59.12.{30 + n}" for n in range(1, 5)}
    system = {"os_image": "Ubuntu 22.04.4 LTS", "kernel": "5.15.0-107-generic", "runtime": "containerd://1.7.16"}
    story.hosts(hosts, age=9_000_000, since=44_000, **system)
    names = story.staff(hosts, started=43_800, age=8_900_000, restarts=2, last=("Unknown", 255, 43_960))
    story.probe(names[2], "felix is not ready: readiness probe reporting 503", 43_780, 43_795, 2)  # fmt: skip
    story.typha("ci-w1", "q4xnd", restarts=1, started=43_700, last=("Unknown", 255, 43_960))
    story.typha("ci-w3", "8mkzt", restarts=1, started=43_700, last=("Unknown", 255, 43_960))
    runner = "runner-tq3dzxk-project-118-concurrent-0-9w2m"
    for n, (name, node) in enumerate(((runner, "ci-w3"), ("runner-tq3dzxk-project-207-concurrent-1-kx7v", "ci-w2"))):
        story.other(name, node, f"10.244.{140 + 9 * n}.77", "gitlab", "ReplicaSet/runner-tq3dzxk", app="build", image="docker:24.0.7", started=1_250 - 200 * n, age=1_260 - 200 * n)  # fmt: skip
    story.other("gitlab-runner-7b6d9c5f84-5qhzk", "ci-w4", "10.244.201.9", "gitlab", "ReplicaSet/gitlab-runner-7b6d9c5f84", app="gitlab-runner", image="gitlab/gitlab-runner:alpine-v16.11.0", started=43_000, age=900_000, restarts=1, last=("Unknown", 255, 43_960))  # fmt: skip
    lines = story.boot("ci-w3", 43_790, bird=False, interface="ens192", prefix=24)
    lines.append(story.say(43_786, "INFO", 61, "felix", "int_dataplane.go 1281:", "Determined pod MTU mtu=1450"))
    story.log(names[2], [*lines, *story.quiet(42_000, 30, 3_700)])
    job = [
        "Running with gitlab-runner 16.11.0 (91a27b2a)",
        "  on ci-kubernetes tQ3dzXk",
        'Preparing the "kubernetes" executor',
        "Using Kubernetes namespace: gitlab",
        f"Running on {runner} via gitlab-runner-7b6d9c5f84-5qhzk...",
        "$ docker info --format '{{.ServerVersion}} {{.DefaultRuntime}}'",
        "24.0.7 runc",
        "$ docker build --network=default -t registry.corp.example/shop/api:ci .",
        "#7 [3/6] RUN apk add --no-cache ca-certificates git",
        "#7 0.412 fetch https://dl-cdn.alpinelinux.org/alpine/v3.19/main/x86_64/APKINDEX.tar.gz",
        "#7 301.7 WARNING: fetching https://dl-cdn.alpinelinux.org/alpine/v3.19/main: operation timed out",
        "ERROR: Job failed: execution took longer than 20m0s seconds",
    ]
    story.log("", job, "job-88213.log")
    story.texts["inside-the-build-pod.txt"] = (
        f"$ kubectl -n gitlab exec -it {runner} -c build -- sh\n"
        "/ # ip -o link | cut -c1-90\n1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN qlen 1000\n2: eth0@if118: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1450 qdisc noqueue state UP qlen 1000\n3: docker0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP \n5: vetha1c07d2@if4: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue master docker0 \n"
        "/ # wget -T 8 -qO /dev/null https://dl-cdn.alpinelinux.org/alpine/v3.19/main/x86_64/APKINDEX.tar.gz; echo $?\n0\n"
        "/ # docker run --rm alpine:3.19 wget -T 8 -qO /dev/null https://dl-cdn.alpinelinux.org/alpine/v3.19/main/x86_64/APKINDEX.tar.gz; echo $?\nwget: download timed out\n1\n"
        "/ # docker run --rm alpine:3.19 nslookup dl-cdn.alpinelinux.org | tail -2\nName:\tdl-cdn.alpinelinux.org\nAddress: 146.75.118.132\n"
        "/ # docker run --rm alpine:3.19 ping -c 2 -W 2 -s 1400 10.59.12.31 | tail -2\n2 packets transmitted, 2 packets received, 0% packet loss\nround-trip min/avg/max = 0.391/0.412/0.433 ms\n"
        "/ # docker run --rm alpine:3.19 ping -c 2 -W 2 -s 1460 -M do 10.59.12.31 2>&1 | tail -2\n2 packets transmitted, 0 packets received, 100% packet loss\n"
    )
    story.commands |= {
        "nodes.txt": "get nodes -o wide",
        "pods.txt": "get pods -A -o wide",
        f"describe-pod-{names[2]}.txt": f"describe pod -n calico-system {names[2]}",
        "describe-node-ci-w3.txt": "describe node ci-w3",
    }
    story.affected = []
    story.cite("inside-the-build-pod.txt", "docker0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500")
    return story


STORIES = [
    pods_behind_the_customers_vpn,
    static_address_lost_the_option_of_the_tenant_network,
    docker_inside_the_pods_keeps_1500,
]
