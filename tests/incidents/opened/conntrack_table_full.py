"""conntrack-table-full: told without having seen the rules, then opened."""

from __future__ import annotations

import json
from datetime import datetime

from telling import Incident, incident, wrapped

CAUSE = "conntrack-table-full"


def half_closed_connections_stay_an_hour(now: datetime) -> Incident:
    story = incident(
        "close-wait-entries-fill-the-gateway-hosts",
        CAUSE,
        "The two hosts of the customer's own API gateway: kube-proxy keeps CLOSE_WAIT entries for an hour (it logs so), half a million of 655360 entries are in that state, and since the evening's load new connections are dropped. calico-node there loses Typha and its probes by turns, gateway pods fail their health checks; the six other hosts are well. dmesg's line stands between audit lines.",
        "https://github.com/kubernetes/kubernetes/issues/97377",
        now,
        platform="other",
        calico="v3.26.1",
        kubernetes="v1.26.9",
        registry="quay.io/calico",
        difficulty="medium",
    )
    system = {"os_image": "CentOS Stream 8", "kernel": "4.18.0-521.el8.x86_64", "runtime": "containerd://1.6.22"}
    gates = {"gw-01": "172.27.5.11", "gw-02": "172.27.5.12"}
    rest = {f"app-{n:02}": f"172.27.5.{20 + n}" for n in range(1, 7)}
    story.hosts(gates, labels={"role": "gateway"}, age=20_000_000, **system)
    story.hosts(rest, age=20_000_000, **system)
    story.staff(rest, started=5_000_000, age=5_000_030)
    story.staff({"gw-02": gates["gw-02"]}, started=5_000_000, age=5_000_030)
    me = "gw-01"
    name = story.staff({me: gates[me]}, restarts=1, started=7_400, last=("Error", 137, 7_402), age=5_000_030)[0]
    for node, typha in (("app-02", "x5wpd"), ("app-04", "m9zkf")):
        story.typha(node, typha, started=5_000_000)
    proxy = story.other("kube-proxy-c9f4t", me, owner="DaemonSet/kube-proxy", app="kube-proxy", image="registry.k8s.io/kube-proxy:v1.26.9", started=1_990_000, age=2_000_000)  # fmt: skip
    for i, (pod, node) in enumerate(
        (("kong-gateway-7d9c5b8f66-nq4xz", me), ("kong-gateway-7d9c5b8f66-7vtkm", "gw-02"))
    ):
        story.other(pod, node, f"10.250.{8 + i}.{14 + i}", "gateway", "ReplicaSet/kong-gateway-7d9c5b8f66", image="kong:3.4.2", ready=i == 0, restarts=11 + 5 * i, last=("Error", 137, 640 + 200 * i), started=600 + 200 * i)  # fmt: skip
        story.pod_event(pod, "Unhealthy", f'Liveness probe failed: Get "http://10.250.{8 + i}.{14 + i}:8100/status": context deadline exceeded (Client.Timeout exceeded while awaiting headers)', 21 + 8 * i, 8_900, 340 - 60 * i, namespace="gateway")  # fmt: skip
    story.probe(name, 'felix is not ready: Get "http://localhost:9099/readiness": context deadline exceeded (Client.Timeout exceeded while awaiting headers)', 180, 8_700, 41)  # fmt: skip
    story.not_established(name, [rest["app-03"], rest["app-05"]], 7_380, 7_390, 2, established=5)
    story.pod_event(name, "Killing", "Container calico-node failed liveness probe, will be restarted", 7_432, type_="Normal")  # fmt: skip
    log = story.boot(me, 7_398, [gates["gw-02"], *rest.values()], interface="bond0", prefix=24)
    for i, ago in enumerate((6_900, 5_400, 4_020, 2_310, 760)):
        log += [
            *story.quiet(ago + 300, ago, 150),
            story.say(ago - 10, "ERROR", 61, "felix", "sync_client.go 298:", f'Failed to read from server connID={i + 1} connection=&discovery.Typha{{Addr:"172.27.5.22:5473", IP:"172.27.5.22", NodeName:(*string)(0xc0005f2b10)}} error=read tcp 172.27.5.11:{50122 + 211 * i}->172.27.5.22:5473: i/o timeout type=""'),
            story.say(ago - 20, "WARNING", 61, "felix", "discovery.go 168:", 'Failed to get Typha endpoint from Kubernetes error=Get "https://10.96.0.1:443/api/v1/namespaces/calico-system/endpoints/calico-typha": dial tcp 10.96.0.1:443: i/o timeout'),
            story.say(ago - 31, "INFO", 61, "felix", "sync_client.go 276:", 'Starting Typha client'),
        ]  # fmt: skip
    story.log(name, [*log, *story.quiet(600, 20, 190)])
    story.log(proxy, [
        f"I{story.klog(1_989_998)}       1 node.go:163] Successfully retrieved node IP: 172.27.5.11",
        f"I{story.klog(1_989_997)}       1 server_others.go:190] \"Using iptables Proxier\"",
        f"I{story.klog(1_989_997)}       1 conntrack.go:52] \"Setting nf_conntrack_max\" nfConntrackMax=655360",
        f"I{story.klog(1_989_997)}       1 conntrack.go:100] \"Set sysctl\" entry=\"net/netfilter/nf_conntrack_tcp_timeout_established\" value=86400",
        f"I{story.klog(1_989_997)}       1 conntrack.go:100] \"Set sysctl\" entry=\"net/netfilter/nf_conntrack_tcp_timeout_close_wait\" value=3600",
        f"I{story.klog(1_989_996)}       1 shared_informer.go:280] Caches are synced for service config",
    ])  # fmt: skip
    rows = []
    for i, ago in enumerate((8_950, 8_948, 7_460, 5_410, 4_031, 2_322, 771, 768)):
        rows.append(f"[{story.syslog(ago + 1.5)}] audit: type=1325 audit({story.now.timestamp() - ago - 1.5:.3f}:{88210 + 7 * i}): table=nat family=2 entries=4{i}11 op=xt_replace pid={41210 + 377 * i} comm=\"iptables-nft-re\"")  # fmt: skip
        rows.append(f"[{story.syslog(ago)}] nf_conntrack: nf_conntrack: table full, dropping packet")
    story.texts["dmesg-gw-01.txt"] = "\n".join(rows) + "\n"
    story.texts["conntrack-gw-01.txt"] = (
        "[root@gw-01 ~]# conntrack -C\n655360\n[root@gw-01 ~]# conntrack -L -p tcp 2>/dev/null | awk '{print $4}' | sort | uniq -c | sort -rn | head -5\n 512904 CLOSE_WAIT\n  88217 ESTABLISHED\n  39310 TIME_WAIT\n   1988 SYN_SENT\n    402 LAST_ACK\n[root@gw-01 ~]# ss -s | head -2\nTotal: 3319\nTCP:   41022 (estab 2210, closed 38440, orphaned 12, timewait 38440)\n"
    )
    story.describe(me)
    story.events()
    story.affected = list(gates)
    story.cite("dmesg-gw-01.txt", "nf_conntrack: table full, dropping packet")
    return story


def crawlers_on_small_workers(now: datetime) -> Incident:
    story = incident(
        "spot-fleet-of-crawlers-on-container-linux",
        CAUSE,
        "AWS, kube-aws style, Container Linux: crawler pods were packed on two small workers; on the one that was looked at the connection table is full at times. Only container logs were sent (docker's JSON), in them confd and felix time out against the API by turns, and one journal in whose last third the kernel says twice 'table full'. Everything is 1/1 in the list; BGP keeps up because its sessions are old.",
        "https://github.com/kubernetes-retired/kube-aws/pull/476",
        now,
        platform="other",
        calico="v3.8.9",
        kubernetes="v1.15.12",
        namespace="kube-system",
        registry="quay.io/calico",
        difficulty="hard",
    )
    system = {"os_image": "Container Linux by CoreOS 2512.3.0 (Oklo)", "kernel": "4.19.124-coreos", "runtime": "docker://18.6.3"}  # fmt: skip
    hosts = {f"ip-10-120-{a}-{b}.ec2.internal": f"10.120.{a}.{b}" for a, b in ((0, 14), (0, 77), (1, 25), (1, 90), (2, 31))}  # fmt: skip
    names = list(hosts)
    bad = [names[1], names[3]]
    story.hosts(hosts, age=4_000_000, since=3_900_000, **system)
    story.staff(hosts, started=3_000_000, age=3_000_040)
    me = bad[0]
    name = story.pods[me]
    for i in range(8):
        story.other(f"crawler-66bf7d9c5-{'bcdfghjk'[i]}{'2x4z7w9q'[i]}tvm", bad[i % 2], f"10.2.{31 + i % 2 * 9}.{40 + i}", "crawl", "ReplicaSet/crawler-66bf7d9c5", image="registry.crawl.example/crawler:418", restarts=i % 3, started=20_000 + 37 * i, age=20_050 + 37 * i)  # fmt: skip
    dns = story.other("kube-dns-autoscaled-7f8b4d6c9-2lqkr", me, "10.2.31.9", owner="ReplicaSet/kube-dns-autoscaled-7f8b4d6c9", image="k8s.gcr.io/coredns:1.3.1", restarts=6, last=("Error", 137, 1_900), started=1_860)  # fmt: skip
    story.pod_event(dns, "Unhealthy", "Liveness probe failed: Get http://10.2.31.9:8080/health: net/http: request canceled (Client.Timeout exceeded while awaiting headers)", 300, 18_000, 71)  # fmt: skip
    story.probe(name, "felix is not ready: Get http://localhost:9099/readiness: net/http: request canceled while waiting for connection (Client.Timeout exceeded while awaiting headers)", 1_300, 17_000, 9)  # fmt: skip
    log: list[str] = []
    for i, ago in enumerate((18_900, 15_300, 11_800, 8_200, 4_300, 1_320)):
        log += [
            *story.quiet(ago + 1_200, ago, 420),
            story.line(ago - 2, "INFO", 63, "watchercache.go 97:", f'Watch channel closed by remote - recreate watcher ListRoot="/calico/resources/v3/projectcalico.org/{("nodes", "ippools", "bgppeers")[i % 3]}"'),
            f"E{story.klog(ago - 32)}      63 reflector.go:125] github.com/projectcalico/confd/pkg/backends/calico/routes.go:190: Failed to list *v1.Service: Get https://10.3.0.1:443/api/v1/services?limit=500&resourceVersion=0: dial tcp 10.3.0.1:443: i/o timeout",
            story.line(ago - 33, "WARNING", 61, "health.go 188:", 'Reporter is not ready. name="async_calc_graph"') if i == 2 else story.line(ago - 33, "INFO", 63, "watchercache.go 175:", 'Full resync is required ListRoot="/calico/resources/v3/projectcalico.org/nodes"'),
        ]  # fmt: skip
    story.log(name, wrapped(story, [*log, *story.quiet(1_200, 30, 240)], "docker"), f"{name}-json.log")
    story.texts["coredns-json.log"] = "".join(
        json.dumps(
            {
                "log": f"[ERROR] plugin/errors: 2 {q} A: read udp 10.2.31.9:{39110 + 53 * i}->10.120.0.2:53: i/o timeout\n",
                "stream": "stdout",
                "time": story.ago(1_500 - 70 * i).replace("Z", f".{118200331 + 7717 * i}Z"),
            },
            separators=(",", ":"),
        )
        + "\n"
        for i, q in enumerate(
            ("img.shop-a.example.", "www.shop-b.example.", "cdn.shop-c.example.", "www.shop-d.example.")
        )
    )
    host = me.split(".")[0] + ".ec2.internal"
    rows: list[tuple[float, str]] = [
        (
            ago,
            f'dockerd[1021]: time="{story.ago(ago)}" level=info msg="ignoring event" module=libcontainerd namespace=moby topic=/tasks/delete type="*events.TaskDelete"',
        )
        for ago in range(18_000, 1_800, -1_700)
    ]
    rows += [
        (15_310, f"kubelet-wrapper[1187]: W{story.klog(15_310)}    1187 prober.go:108] No ref for container \"docker://f1\" ({dns}_kube-system:coredns)"),
        (8_214, "kernel: TCP: request_sock_TCP: Possible SYN flooding on port 8080. Sending cookies.  Check SNMP counters."),
        (4_318, "kernel: nf_conntrack: nf_conntrack: table full, dropping packet"),
        (4_012, "systemd-timesyncd[611]: Network configuration changed, trying to establish connection."),
        (1_331, "kernel: nf_conntrack: nf_conntrack: table full, dropping packet"),
        (1_328, f"kubelet-wrapper[1187]: E{story.klog(1_328)}    1187 kubelet_node_status.go:380] Error updating node status, will retry: error getting node \"{me}\": Get https://internal-kube-api.ec2.internal/api/v1/nodes/{me}?resourceVersion=0&timeout=10s: net/http: request canceled while waiting for connection (Client.Timeout exceeded while awaiting headers)"),
    ]  # fmt: skip
    story.texts["journalctl-ip-10-120-0-77.txt"] = "".join(
        f"{story.syslog(ago)} {host} {text}\n" for ago, text in sorted(rows, reverse=True)
    )
    story.commands["get-pods.txt"] = "get pods -A -o wide"
    story.commands["get-nodes.txt"] = "get nodes -o wide"
    story.commands[f"describe-{name}.txt"] = f"describe pod -n kube-system {name}"
    story.affected = [me]
    story.cite("journalctl-ip-10-120-0-77.txt", "nf_conntrack: table full, dropping packet")
    return story


def scan_of_the_public_address(now: datetime) -> Incident:
    story = incident(
        "half-open-connections-from-a-scan-of-the-public-side",
        CAUSE,
        "IKS classic with public VLANs: a scan of the public address of one edge worker's node ports leaves hundreds of thousands of half-open entries. The kernel there drops packets since the connection table is full; keepalives of Typha, probes and DNS on that worker fail in waves, BGP with some peers expires now and then. The other three workers are calm. In the journal the kernel's lines are few, for the kernel limits them.",
        "https://cloud.ibm.com/docs/containers?topic=containers-kernel and https://docs.kernel.org/networking/nf_conntrack-sysctl.html",
        now,
        platform="classic",
        calico="v3.29.2",
        kubernetes="v1.32.3+IKS",
        difficulty="medium",
    )
    nodes = story.workers([f"10.185.61.{n}" for n in (70, 77, 82, 96)], age=11_000_000, since=10_900_000)
    bad = nodes[1]
    story.agents(nodes, started=2_200_000, age=2_200_030)
    name = story.pods[bad]
    waves = [11_700, 8_600, 5_100, 1_450, 320]
    for at, suffix in ((nodes[0], "jw4sx"), (nodes[3], "t9pzk")):
        story.typha(at, suffix, started=2_200_000)
    story.pod_event(
        name,
        "Unhealthy",
        "Readiness probe failed: calico/node is not ready: felix is not ready: readiness probe reporting 503\n",
        300,
        11_650,
        14,
    )
    dns = story.other(
        "coredns-67d5b9c9b7-zt8wm",
        bad,
        "172.30.190.5",
        owner="ReplicaSet/coredns-67d5b9c9b7",
        app="coredns",
        restarts=2,
        last=("Error", 137, 5_020),
        started=5_000,
    )
    story.pod_event(
        dns,
        "Unhealthy",
        'Liveness probe failed: Get "http://172.30.190.5:8080/health": context deadline exceeded (Client.Timeout exceeded while awaiting headers)',
        290,
        11_600,
        41,
        namespace="kube-system",
    )
    lb = story.other(
        "public-crcq0sample-alb1-7c9d5f6b84-lx4qp",
        bad,
        "172.30.190.9",
        owner="ReplicaSet/public-crcq0sample-alb1-7c9d5f6b84",
        app="public-crcq0sample-alb1",
    )
    story.pod_event(
        lb,
        "Unhealthy",
        'Readiness probe failed: Get "http://172.30.190.9:10254/healthz": dial tcp 172.30.190.9:10254: i/o timeout',
        310,
        11_640,
        33,
        namespace="kube-system",
    )
    log = story.boot(bad, 2_200_000, [n for n in nodes if n != bad])
    for n, ago in enumerate(waves):
        log += [
            *story.quiet(ago + 900, ago + 70, 280),
            story.say(
                ago - 12,
                "ERROR",
                61,
                "felix",
                "sync_client.go 400:",
                f'Failed to read from server connection=&discovery.Typha{{Addr:"{nodes[0]}:5473", IP:"{nodes[0]}", NodeName:(*string)(0xc0006be0f0)}} error=read tcp {bad}:{39_112 + 401 * n}->{nodes[0]}:5473: i/o timeout',
            ),
            story.say(
                ago - 22,
                "WARNING",
                61,
                "felix",
                "sync_client.go 205:",
                f'Failed to connect to typha endpoint {nodes[3]}:5473.  Will try another if available... error=dial tcp {nodes[3]}:5473: i/o timeout myID=0x{n + 1} type=""',
            ),
            *(
                [f"bird: Mesh_{nodes[2].replace('.', '_')}: Error: Hold timer expired"]
                + [f"bird: Mesh_{nodes[2].replace('.', '_')}: State changed to {s}" for s in ("start", "feed", "up")]
                if n in (1, 3)
                else []
            ),
            story.say(
                ago - 61, "INFO", 61, "felix", "sync_client.go 185:", "Connected to Typha on attempt 2 attempt=2"
            ),
        ]
    story.log(name, [*log, *story.quiet(200, 15, 62)])
    host = "kube-cq0sample0f0d0000-demo-edge-0000014d"
    journal = []
    for n, ago in enumerate(waves):
        journal += [
            f"{story.syslog(ago + 400)} {host} systemd[1]: Started Session {8_812 + 3 * n} of user root.",
            f'{story.syslog(ago + 12)} {host} kubelet.service[1620]: E{story.klog(ago + 12)}    1620 prober.go:104] "Probe errored" err="rpc error: code = DeadlineExceeded desc = context deadline exceeded" probeType="Readiness"'
            if n == 2
            else f'{story.syslog(ago + 12)} {host} containerd[1033]: time="{story.ago(ago + 12)}" level=info msg="cleaning up dead shim"',
            f"{story.syslog(ago)} {host} kernel: nf_conntrack: nf_conntrack: table full, dropping packet",
            f"{story.syslog(ago - 5)} {host} kernel: net_ratelimit: {1_211 + 607 * n} callbacks suppressed",
        ]
        if n in (0, 3):
            journal.append(
                f"{story.syslog(ago - 30)} {host} kernel: TCP: request_sock_TCP: Possible SYN flooding on port 30443. Sending cookies.  Check SNMP counters."
            )
    story.texts[f"journal-{bad}.txt"] = "\n".join(journal) + "\n"
    story.describe(bad)
    story.events()
    story.affected = [bad]
    story.cite(f"journal-{bad}.txt", "nf_conntrack: table full, dropping packet")
    return story


STORIES = [half_closed_connections_stay_an_hour, crawlers_on_small_workers, scan_of_the_public_address]
