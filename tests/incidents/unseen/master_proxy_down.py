"""master-proxy-down: told without having seen the rules."""

from __future__ import annotations

from datetime import datetime, timedelta

from cluster import UNKNOWN
from telling import SOCKET, Incident, incident, wrapped

CAUSE = "master-proxy-down"


def proxy_wont_start(now: datetime) -> Incident:
    story = incident(
        "static-proxy-in-backoff-on-one-worker",
        CAUSE,
        "On one of five workers ibm-master-proxy-static dies of a segmentation fault some seconds after each start and is in CrashLoopBackOff; between, calico-node, kube-proxy and the kubelet of only this worker are refused at 172.20.0.1:2040. The worker is Ready at the moment, its calico-node does not get through its datastore check.",
        "https://cloud.ibm.com/docs/containers?topic=containers-service-arch",
        now,
        platform="vpc",
        calico="v3.29.3",
        kubernetes="v1.32.3+IKS",
        difficulty="medium",
    )
    nodes = story.workers([f"10.243.64.{n}" for n in (11, 12, 15, 18, 21)])
    bad = nodes[3]
    others = [n for n in nodes if n != bad]
    story.agents(others)
    for node in others:
        story.other(
            f"ibm-master-proxy-static-{node}",
            node,
            owner=f"Node/{node}",
            app="ibm-master-proxy-static",
            image="icr.io/armada-master/haproxy:83df0d3",
        )
    story.other(
        f"ibm-master-proxy-static-{bad}", bad, owner=f"Node/{bad}", app="ibm-master-proxy-static", image="icr.io/armada-master/haproxy:83df0d3",
        ready=False, restarts=27, waiting="CrashLoopBackOff", last=("Error", 139, 130), message="back-off 5m0s restarting failed container=ibm-master-proxy-static",
    )  # fmt: skip
    name = story.agents([bad], ready=False, restarts=14, waiting="CrashLoopBackOff", last=("Error", 1, 70))[0]
    refused = "dial tcp 172.20.0.1:2040: connect: connection refused"
    story.pod_event(
        name,
        "BackOff",
        f"Back-off restarting failed container calico-node in pod {name}_calico-system(5e0c)",
        5,
        5200,
        310,
    )
    lines = story.failing(bad, 131)
    for n in range(30):
        error = f'Get "https://172.20.0.1:2040/api/v1/nodes/foo": {refused}'
        lines.append(
            story.say(
                130 - 2 * n,
                "INFO",
                9,
                "startup",
                "startup.go 485:",
                f"Hit error connecting to datastore - retry error={error}",
            )
        )
    story.log(name, lines)
    story.texts["kube-proxy-on-the-worker.log"] = (
        "\n".join(
            f'E{story.klog(3000 - 90 * n)}       1 reflector.go:166] "Unhandled Error" err="k8s.io/client-go/informers/factory.go:160: Failed to watch *v1.Service: failed to list *v1.Service: Get \\"https://172.20.0.1:2040/api/v1/services?resourceVersion=8120442\\": {refused}" logger="UnhandledError"'
            for n in range(20)
        )
        + "\n"
    )
    story.recreated(story.pods[others[0]], [bad], 4800, 3)
    story.describe(bad)
    story.commands |= {
        "describe-proxy.txt": f"describe pod -n kube-system ibm-master-proxy-static-{bad}",
        f"describe-pod-{story.pods[others[0]]}.txt": f"describe pod -n calico-system {story.pods[others[0]]}",
    }
    story.texts["proxy-previous.log"] = (
        "[NOTICE]   (1) : haproxy version is 2.8.13-1ubuntu1\n[NOTICE]   (1) : New worker (8) forked\n[NOTICE]   (1) : Loading success.\n"
        "[NOTICE]   (1) : haproxy version is 2.8.13-1ubuntu1\n[ALERT]    (1) : Current worker (8) exited with code 139 (Segmentation fault)\n"
        "[ALERT]    (1) : exit-on-failure: killing every processes with SIGTERM\n[WARNING]  (1) : All workers exited. Exiting... (139)\n"
    )
    story.node_event(
        bad,
        "NodeNotReady",
        f"Node {bad} status is now: NodeNotReady",
        1500,
        5100,
        3,
        type_="Normal",
        source="node-controller",
    )
    story.node_event(bad, "NodeReady", f"Node {bad} status is now: NodeReady", 1390, 5000, 3, type_="Normal")
    story.affected = [bad]
    story.cite("proxy-previous.log", "exited with code 139 (Segmentation fault)")
    story.cite(f"{name}.log", refused)
    return story


def out_of_file_descriptors(now: datetime) -> Incident:
    story = incident(
        "proxy-of-one-worker-reached-its-limit",
        CAUSE,
        "HAProxy of one ROKS worker has reached its limit of file descriptors and takes no more connections: everything new on this worker (calico-node, multus, dns) times out in the TLS handshake at 172.20.0.1:2040; all others are fine.",
        "https://cloud.ibm.com/docs/openshift?topic=openshift-service-arch",
        now,
        platform="roks",
        calico="v3.28.5",
        kubernetes="v1.31.6+a9a6b1e",
        difficulty="hard",
        acceptable=["apiserver-unreachable"],
    )
    nodes = story.workers([f"10.202.88.{n}" for n in (131, 135, 138, 144)])
    bad = nodes[1]
    story.agents([n for n in nodes if n != bad])
    for node in nodes:
        story.other(
            f"ibm-master-proxy-static-{node}",
            node,
            owner=f"Node/{node}",
            app="ibm-master-proxy-static",
            image="icr.io/armada-master/haproxy:9b2dca9",
            ready=node != bad,
            restarts=0,
        )
    proxy = f"ibm-master-proxy-static-{bad}"
    story.pod_event(
        proxy,
        "Unhealthy",
        'Readiness probe failed: Get "https://172.20.0.1:2040/livez": net/http: TLS handshake timeout',
        18,
        4100,
        390,
        namespace="kube-system",
    )
    name = story.agents([bad], ready=False, restarts=6, started=100, last=("Error", 1, 105))[0]
    story.probe(
        name,
        "BIRD is not ready: Error querying BIRD: unable to connect to BIRDv4 socket: dial unix /var/run/calico/bird.ctl: connect: no such file or directory",
        6,
        3900,
        110,
    )
    lines = story.failing(bad, 100)
    for n in range(9):
        lines.append(
            story.say(
                90 - 10 * n,
                "INFO",
                9,
                "startup",
                "startup.go 485:",
                'Hit error connecting to datastore - retry error=Get "https://172.20.0.1:2040/api/v1/nodes/foo": net/http: TLS handshake timeout',
            )
        )
    story.log(name, lines)
    story.texts["proxy.log"] = "".join(
        "[ALERT]    (8) : Proxy kubernetes reached process FD limit (maxsock=4018). Please check 'ulimit-n' and restart.\n"
        if n % 3 == 0
        else f"[WARNING]  (8) : Server kube-apiserver/master is UP, reason: Layer6 check passed, check duration: {3 + n}ms.\n"
        for n in range(24)
    )
    dns = story.other(
        "dns-default-7kq2x",
        bad,
        "172.30.14.9",
        namespace="openshift-dns",
        owner="DaemonSet/dns-default",
        app="dns",
        ready=False,
        restarts=4,
        started=3000,
        last=("Error", 1, 3010),
        image="quay.io/openshift-release-dev/ocp-v4.0-art-dev:coredns",
    )
    story.pod_event(
        dns,
        "Unhealthy",
        "Readiness probe failed: HTTP probe failed with statuscode: 503",
        5,
        3800,
        360,
        namespace="openshift-dns",
    )
    story.describe(bad)
    story.commands["describe-proxy.txt"] = f"describe pod -n kube-system {proxy}"
    story.affected = [bad]
    story.cite("proxy.log", "reached process FD limit")
    story.cite(f"{name}.log", "172.20.0.1:2040")
    return story


# told on 29 November 2026 without having seen the rules
def proxy_hangs_and_its_backlog_is_full(now: datetime) -> Incident:
    story = incident(
        "proxy-listens-but-nobody-accepts",
        CAUSE,
        "VPC, one of six workers: haproxy of the master proxy has all its 2000 connections in CLOSE-WAIT and accepts no more: its listen queue at 172.20.0.1:2040 is full (129 of 128), connections time out. calico-node there only names the service address 172.21.0.1; the worker is Ready over the kubelet's old connection, five others reach the same master.",
        "https://docs.haproxy.org/2.8/configuration.html (global maxconn: no more connections are accepted)",
        now,
        platform="vpc",
        calico="v3.29.4",
        kubernetes="v1.32.7+IKS",
        difficulty="hard",
        acceptable=["apiserver-unreachable"],
    )
    nodes = story.workers([f"10.244.128.{n}" for n in (4, 5, 7, 9, 12, 13)], age=6_000_000)
    bad = nodes[4]
    rest = [n for n in nodes if n != bad]
    story.agents(rest, started=3_000_000, age=3_000_030)
    for node in nodes:
        story.other(
            f"ibm-master-proxy-static-{node}",
            node,
            owner=f"Node/{node}",
            app="ibm-master-proxy-static",
            image="icr.io/armada-master/haproxy:4c5a2f1",
            ready=node != bad,
            age=5_900_000,
            started=5_899_990,
        )
    proxy = f"ibm-master-proxy-static-{bad}"
    story.pod_event(
        proxy,
        "Unhealthy",
        'Readiness probe failed: Get "http://172.20.0.1:2040/healthz": context deadline exceeded (Client.Timeout exceeded while awaiting headers)',
        9,
        2_800,
        93,
        namespace="kube-system",
    )
    name = story.agents([bad], ready=False, restarts=31, started=33, last=("Error", 1, 36), age=3_000_030)[0]
    story.probe(name, SOCKET, 8, 2_600, 190)
    log = story.failing(bad, 32)
    log += [
        story.say(
            21.8 - 10.1 * n,
            "INFO",
            9,
            "startup",
            "startup.go 487:",
            'Hit error connecting to datastore - retry error=Get "https://172.21.0.1:443/api/v1/nodes/foo": dial tcp 172.21.0.1:443: i/o timeout',
        )
        for n in range(3)
    ]
    story.log(name, log)
    story.texts[f"debug-on-{bad}.txt"] = (
        f"$ kubectl debug node/{bad} -it --image=icr.io/ext/netshoot:latest -- chroot /host bash\n"
        f"root@{bad}:/# ss -lnt '( sport = :2040 or sport = :2041 )'\nState   Recv-Q  Send-Q   Local Address:Port   Peer Address:Port\nLISTEN  129     128         172.20.0.1:2040        0.0.0.0:*\nLISTEN  0       128         172.20.0.1:2041        0.0.0.0:*\n"
        f"root@{bad}:/# ss -nt state syn-recv '( sport = :2040 )' | wc -l\n117\nroot@{bad}:/# curl -sk -m 5 -o /dev/null -w '%{{http_code}} %{{time_total}}\\n' https://172.20.0.1:2040/livez\n000 5.001248\n"
        f"root@{bad}:/# nc -vz -w 3 166.8.28.44 31822   # the private endpoint behind it\nConnection to 166.8.28.44 31822 port [tcp/*] succeeded!\n"
        f"root@{bad}:/# grep -m1 maxconn /etc/ibm-master-proxy/haproxy.cfg; ss -nt state close-wait '( sport = :2040 )' | tail -n +2 | wc -l\n  maxconn 2000\n1994\n"
        f'root@{bad}:/# ss -ntp state established \'( dport = :2040 )\' | tail -n +2\n0      0      172.20.0.1:38012   172.20.0.1:2040   users:(("kubelet",pid=2033,fd=21))\n0      0      172.20.0.1:38110   172.20.0.1:2040   users:(("kube-proxy",pid=3187,fd=9))\n'
    )
    story.recreated(story.pods[rest[0]], [bad], 1_500, 4)
    story.describe(bad)
    story.commands[f"describe-{proxy}.txt"] = f"describe pod -n kube-system {proxy}"
    story.affected = [bad]
    story.cite(f"debug-on-{bad}.txt", "LISTEN  129     128         172.20.0.1:2040")
    story.cite(f"{name}.log", "dial tcp 172.21.0.1:443: i/o timeout")
    return story


def manifest_was_moved_away(now: datetime) -> Incident:
    story = incident(
        "somebody-moved-the-proxys-manifest",
        CAUSE,
        "Classic: an administrator emptied /etc/kubernetes/manifests of one worker while searching for something else. No master proxy runs there any more: 2040 refuses, calico-node, kube-proxy and the kubelet of this worker lost the master, which shows it as Unknown. The list of pods has a proxy for every other worker.",
        "https://kubernetes.io/docs/tasks/configure-pod-container/static-pod/ (a static pod goes with its manifest)",
        now,
        platform="classic",
        calico="v3.27.5",
        kubernetes="v1.30.13+IKS",
        difficulty="medium",
        acceptable=["kubelet-stopped-posting"],
    )
    good = story.workers([f"10.165.20.{n}" for n in (66, 68, 75, 81)], age=7_000_000)
    bad = story.workers(
        ["10.165.20.90"], age=7_000_000, ready=UNKNOWN, since=5_900, taints=[("node.kubernetes.io/unreachable", "NoSchedule"), ("node.kubernetes.io/unreachable", "NoExecute")]
    )[0]  # fmt: skip
    story.agents(good, started=2_500_000, age=2_500_030)
    story.agents([bad], ready=False, started=2_500_000, age=2_500_030)
    for node in good:
        story.other(
            f"ibm-master-proxy-static-{node}",
            node,
            owner=f"Node/{node}",
            app="ibm-master-proxy-static",
            image="icr.io/armada-master/haproxy:11e7c40",
            age=6_900_000,
            started=6_899_990,
        )
    for node in [*good, bad]:
        story.other(
            f"ibm-keepalived-watcher-{node.rsplit('.', 1)[1]}xkq",
            node,
            owner="DaemonSet/ibm-keepalived-watcher",
            app="ibm-keepalived-watcher",
            image="icr.io/armada-master/keepalived-watcher:1294",
            age=2_500_000,
            started=2_499_970,
        )
    story.node_event(
        bad, "NodeNotReady", f"Node {bad} status is now: NodeNotReady", 5_900, type_="Normal", source="node-controller"
    )
    for node in good[:2]:
        story.pod_event(story.pods[node], "Started", "Started container calico-node", 2_500_000, type_="Normal")
    refused = "dial tcp 172.20.0.1:2040: connect: connection refused"
    journal = []
    for i in range(18):
        ago = 700 - 37 * i
        journal.append(
            f'{story.syslog(ago)} kube-worker-0090 kubelet[2114]: E{story.klog(ago)}    2114 kubelet_node_status.go:549] "Error updating node status, will retry" err="error getting node \\"{bad}\\": Get \\"https://172.20.0.1:2040/api/v1/nodes/{bad}?timeout=10s\\": {refused}"'
        )
        if i % 3 == 0:
            journal.append(
                f'{story.syslog(ago - 3)} kube-worker-0090 kubelet[2114]: E{story.klog(ago - 3)}    2114 controller.go:145] "Failed to ensure lease exists, will retry" err="Get \\"https://172.20.0.1:2040/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/{bad}?timeout=10s\\": {refused}" interval="7s"'
            )
    story.texts["worker-90/kubelet.log"] = "\n".join(journal) + "\n"
    lines = story.quiet(9_000, 6_100, 700)
    for i in range(12):
        lines += [
            story.say(5_950 - 480 * i, "INFO", 61, "felix", "watchercache.go 194:", f'Failed to perform list of current data during resync ListRoot="/calico/resources/v3/projectcalico.org/{("profiles", "workloadendpoints", "networkpolicies")[i % 3]}" error=Get "https://172.21.0.1:443/api/v1/{("namespaces", "pods", "endpoints")[i % 3]}?limit=500": dial tcp 172.21.0.1:443: connect: connection refused'),
            *story.quiet(5_900 - 480 * i, 5_600 - 480 * i, 200),
        ]  # fmt: skip
    story.texts["worker-90/calico-node.log"] = "\n".join(wrapped(story, lines, "cri")) + "\n"
    story.texts["worker-90/shell.txt"] = (
        "root@kube-worker-0090:~# ls -l /etc/kubernetes/manifests /root/old-manifests\n/etc/kubernetes/manifests:\ntotal 0\n\n/root/old-manifests:\ntotal 4\n"
        f"-rw------- 1 root root 3117 {(story.now - timedelta(seconds=6_800_000)).strftime('%b %e  %Y')} ibm-master-proxy.yaml\n"
        "root@kube-worker-0090:~# ss -lnt | grep -c 172.20.0.1:2040\n0\nroot@kube-worker-0090:~# ip -br a show lo\nlo               UNKNOWN        127.0.0.1/8 172.20.0.1/32 ::1/128\n"
        "root@kube-worker-0090:~# crictl ps --name 'calico|proxy|keepalived' -o table | cut -c1-95\nCONTAINER           IMAGE               CREATED             STATE               NAME\n"
        "77b20dc1f3a98       6d2d6f1c0e0b4       4 weeks ago         Running             calico-node\n2c94e01be7f03       c2b1a7b7f2c19       4 weeks ago         Running             keepalived-watcher\nb0c14fe51d9a7       0d3a9c1b7be44       2 months ago        Running             kube-proxy\n"
        "root@kube-worker-0090:~# systemctl is-active containerd kubelet chrony\nactive\nactive\nactive\n"
    )
    story.describe(bad)
    story.affected = [bad]
    story.cite("worker-90/kubelet.log", refused)
    story.cite("worker-90/shell.txt", "ibm-master-proxy.yaml")
    return story


STORIES = [
    proxy_wont_start,
    out_of_file_descriptors,
    proxy_hangs_and_its_backlog_is_full,
    manifest_was_moved_away,
]
