"""port-conflict: told without having seen the rules, then opened."""

from __future__ import annotations

from datetime import datetime

from cluster import container
from telling import NOT_LIVE, Incident, incident

CAUSE = "port-conflict"


def both_proxies_want_the_health_port(now: datetime) -> Incident:
    story = incident(
        "alerts-on-felix-errors-since-the-move-to-ebpf",
        CAUSE,
        "The cluster was moved to the eBPF dataplane, but the daemonset kube-proxy was left running: it holds 10256, so felix' own proxy cannot open its health check there ('address already in use') and tries again every few seconds. All pods are 1/1; the customer sees the alert on felix' errors.",
        "https://github.com/projectcalico/calico/issues/10748",
        now,
        platform="other",
        calico="v3.30.2",
        kubernetes="v1.33.4",
        registry="quay.io/calico",
        difficulty="easy",
    )
    hosts = {f"gke-lab-wrk-{x}": f"10.132.0.{n}" for x, n in (("a1", 21), ("a2", 22), ("b1", 37), ("b2", 38))}
    story.hosts(
        hosts, age=2_600_000, os_image="Ubuntu 24.04.2 LTS", kernel="6.11.0-1016-gcp", runtime="containerd://1.7.27"
    )
    story.staff(
        hosts,
        started=61_000,
        age=61_020,
        spec={"env": [{"name": "FELIX_BPFENABLED", "value": "true"}]},
        init=[container(story, "install-cni", "quay.io/calico/cni:v3.30.2", done=True, started=61_008)],
    )
    for n, node in enumerate(hosts):
        story.other(
            f"kube-proxy-{'7fzq2kxd'[2 * n : 2 * n + 2]}9bl",
            node,
            image="registry.k8s.io/kube-proxy:v1.33.4",
            started=2_590_000,
            age=2_590_020,
        )
    story.typha("gke-lab-wrk-a1", started=61_200)
    me = "gke-lab-wrk-b1"
    log = story.boot(me, 61_000, [a for k, a in hosts.items() if k != me], interface="ens4", prefix=32)
    failed = "BPF Proxy Healthz server failed, restarting error=failed to start proxier healthz on :10256: listen tcp :10256: bind: address already in use"
    for n in range(40):  # --since=10m
        ago = 598 - 15.02 * n
        log.append(story.say(ago, "ERROR", 61, "felix", "int_dataplane.go 2689:", failed))
        if n % 4 == 1:
            log += story.quiet(ago - 2, ago - 3)
    story.log(story.pods[me], log)
    story.texts["kube-proxy-and-health-port.txt"] = (
        f"$ kubectl -n kube-system get ds kube-proxy\nNAME         DESIRED   CURRENT   READY   UP-TO-DATE   AVAILABLE   NODE SELECTOR            AGE\nkube-proxy   4         4         4       4            4           kubernetes.io/os=linux   30d\n\n"
        "$ kubectl get installation default -o jsonpath='{.spec.calicoNetwork.linuxDataplane}{\"\\n\"}'\nBPF\n\n"
        f"$ gcloud compute ssh {me} -- sudo ss -ltnp 'sport = :10256'\nState  Recv-Q Send-Q Local Address:Port  Peer Address:Port Process\nLISTEN 0      4096               *:10256            *:*     users:((\"kube-proxy\",pid=2817,fd=19))\n"
    )
    story.commands |= {
        "pods.txt": "get pods -A -o wide",
        "nodes.txt": "get nodes -o wide",
        f"describe-pod-{story.pods[me]}.txt": f"describe pod -n calico-system {story.pods[me]}",
    }
    story.affected = list(hosts)
    story.cite(f"{story.pods[me]}.log", "listen tcp :10256: bind: address already in use")
    return story


def a_client_was_given_the_port(now: datetime) -> Incident:
    story = incident(
        "nobody-listens-on-9099-and-yet-it-is-in-use",
        CAUSE,
        "A tuning role widened net.ipv4.ip_local_port_range to 1024-65535 without reserving Calico's ports. On one node a long-lived client connection to the local pooler got 127.0.0.1:9099 as its own port while calico-node was replaced, so felix cannot open its health port there and the kubelet restarts it again and again. No process listens on 9099; the connection in `ss` and the sysctl say why.",
        "https://www.kernel.org/doc/Documentation/networking/ip-sysctl.txt (ip_local_port_range, ip_local_reserved_ports)",
        now,
        platform="other",
        calico="v3.25.2",
        kubernetes="v1.26.15",
        namespace="kube-system",
        registry="quay.io/calico",
        difficulty="hard",
    )
    hosts = {f"pay-n{n}": f"10.18.6.{60 + n}" for n in range(1, 7)}
    bad = "pay-n4"
    story.hosts(
        hosts,
        age=16_000_000,
        os_image="Oracle Linux Server 8.9",
        kernel="5.4.17-2136.329.3.1.el8uek.x86_64",
        runtime="containerd://1.6.28",
    )
    story.staff({k: v for k, v in hosts.items() if k != bad}, started=5_400, age=5_420)
    name = story.staff(
        {bad: hosts[bad]},
        ready=False,
        restarts=18,
        started=41,
        age=5_100,
        last=("Error", 137, 344),
        init=[container(story, "install-cni", "quay.io/calico/cni:v3.25.2", done=True, started=5_092)],
    )[0]
    made = next(p for p in story.objects["Pod"] if p["metadata"]["name"] == name)
    made["status"]["containerStatuses"][0]["lastState"]["terminated"]["startedAt"] = story.ago(421)
    story.probe(
        name,
        'felix is not ready: Get "http://localhost:9099/readiness": dial tcp 127.0.0.1:9099: connect: connection refused',
        9,
        5_060,
        172,
    )
    story.probe(name, NOT_LIVE, 52, 5_050, 108, kind="Liveness")
    story.pod_event(
        name,
        "Killing",
        "Container calico-node failed liveness probe, will be restarted",
        352,
        4_990,
        18,
        type_="Normal",
    )
    story.pod_event(
        name,
        "BackOff",
        f"Back-off restarting failed container calico-node in pod {name}_kube-system(9f6b2d0e-3c57-4a1b-8d7a-e1f0b95c44d2)",
        46,
        4_000,
        121,
    )
    peers = [a for n, a in hosts.items() if n != bad]
    # the other nodes see the sessions come and go with each restart
    witness = story.pods["pay-n1"]
    tag = "bird: Mesh_10_18_6_64: "
    lines = story.quiet(1_400, 1_070, 120)
    for n in range(3):
        lines += [tag + x for x in ("State changed to stop", "State changed to down", "Starting", "State changed to start")]  # fmt: skip
        lines += [tag + x for x in ("Connected to table master", "State changed to feed", "State changed to up")]
        lines += story.quiet(1_050 - 340 * n, 720 - 340 * n, 120)
    story.log(witness, lines)
    log = story.boot(bad, 421, peers, interface="bond0", prefix=24)
    for n in range(62):
        ago = 417.2 - 1.0 * n
        log.append(
            story.say(
                ago,
                "ERROR",
                61,
                "felix",
                "health.go 329:",
                "Health endpoint failed, trying to restart it... error=listen tcp 127.0.0.1:9099: bind: address already in use",
            )
        )
        if n == 4:
            log.append(
                story.say(ago - 0.4, "INFO", 61, "felix", "health.go 301:", "Overall health status changed: live=true ready=true")
            )  # fmt: skip
    story.log(name, log, f"{name}-previous.log")
    story.texts["pay-n4-host.txt"] = (
        "[root@pay-n4 ~]# ss -ltnp 'sport = :9099'\nState    Recv-Q   Send-Q     Local Address:Port     Peer Address:Port  Process\n"
        "[root@pay-n4 ~]# ss -tanp 'sport = :9099'\nState    Recv-Q   Send-Q     Local Address:Port     Peer Address:Port  Process\n"
        'ESTAB    0        0              127.0.0.1:9099         127.0.0.1:6432   users:(("ledger-sync",pid=48112,fd=14))\n'
        "[root@pay-n4 ~]# sysctl net.ipv4.ip_local_port_range net.ipv4.ip_local_reserved_ports\nnet.ipv4.ip_local_port_range = 1024\t65535\nnet.ipv4.ip_local_reserved_ports = \n"
        "[root@pay-n4 ~]# ls -l /etc/sysctl.d/\ntotal 8\nlrwxrwxrwx. 1 root root  14 Feb  6  2024 99-sysctl.conf -> ../sysctl.conf\n-rw-r--r--. 1 root root 412 Nov 12 09:20 90-db-client-tuning.conf\n-rw-r--r--. 1 root root 131 Feb  6  2024 k8s.conf\n"
    )
    story.describe(bad)
    story.affected = [bad]
    story.cite(f"{name}-previous.log", "listen tcp 127.0.0.1:9099: bind: address already in use")
    return story


def typha_and_felix_share_a_metrics_port(now: datetime) -> Incident:
    story = incident(
        "felix-metrics-are-missing-where-typha-runs",
        CAUSE,
        "Metrics of both components were switched on with the same port: where a Typha (host network) runs it holds 9091, so felix of that node tries again each second ('address already in use') and Prometheus has no felix target on just these two of five. Networking is well; a dropped session of the third node is of its reboot.",
        "https://docs.tigera.io/calico/latest/operations/monitor/monitor-component-metrics",
        now,
        platform="other",
        calico="v3.28.1",
        kubernetes="v1.30.5",
        registry="docker.io/calico",
        namespace="kube-system",
        difficulty="medium",
    )
    hosts = {f"hn-w{n}": f"10.130.7.{40 + n}" for n in (1, 2, 3, 4, 5)}
    story.hosts(hosts, os_image="Ubuntu 24.04.1 LTS", kernel="6.8.0-45-generic", runtime="containerd://1.7.22")
    story.staff(hosts, started=95_000, age=95_100)
    env = {"env": [{"name": "TYPHA_LOGSEVERITYSCREEN", "value": "info"}, {"name": "TYPHA_HEALTHENABLED", "value": "true"}, {"name": "TYPHA_PROMETHEUSMETRICSENABLED", "value": "true"}, {"name": "TYPHA_PROMETHEUSMETRICSPORT", "value": "9091"}]}  # fmt: skip
    typhas = [story.typha(n, s, started=1_699_980, spec=dict(env)) for n, s in (("hn-w2", "d7xkq"), ("hn-w4", "m2p9z"))]
    story.node_event("hn-w5", "Rebooted", "Node hn-w5 has been rebooted, boot id: 9f0b6a0e-51f8-4c7e-b0c1-9d0b3a7a5c42", 3_300)  # fmt: skip
    for node in ("hn-w2", "hn-w1"):
        peers = [a for n, a in hosts.items() if n != node]
        lines = story.boot(node, 95_000, peers, interface="eth0", prefix=24)
        tag = "bird: Mesh_10_130_7_45: "
        lines += story.quiet(6_000, 3_420, 640, 62)
        lines += [tag + x for x in ("Received: Administrative shutdown", "State changed to stop", "State changed to down", "Starting", "State changed to start", "Connected to table master", "State changed to feed", "State changed to up")]  # fmt: skip
        failed = "Prometheus metrics endpoint failed, trying to restart it... error=listen tcp :9091: bind: address already in use"
        for turn in range(40):
            ago = 46 - 1.003 * turn
            if node == "hn-w2":
                lines.append(story.say(ago, "ERROR", 62, "felix", "metrics_server.go 37:", failed))
            if turn in (9, 30):
                lines += story.quiet(ago - 0.2, ago - 1, 60, 62)
        story.log(story.pods[node], lines)
    story.log(typhas[0], [
        story.line(1_699_979, "INFO", 1, "daemon.go 94:", "Early screen log level set to info"),
        story.line(1_699_978.7, "INFO", 1, "daemon.go 296:", 'Creating Typha server buildDate="2024-07-24T19:25:07+0000" commit="4f1f8b9" version="v3.28.1"'),
        story.line(1_699_978.1, "INFO", 1, "daemon.go 353:", "Prometheus metrics enabled.  Starting server. port=9091"),
        story.line(1_699_977.8, "INFO", 1, "sync_server.go 323:", "Opened listen socket port=5473"),
        story.line(95_020, "INFO", 1, 'sync_server.go 435:', "Accepted from 10.130.7.42:40112 port=5473"),
    ], "typha-hn-w2.log")  # fmt: skip
    story.texts["prometheus-targets.txt"] = (
        "$ curl -s 'http://prometheus.monitoring:9090/api/v1/query?query=felix_active_local_endpoints' | jq -r '.data.result[] | [.metric.instance,.value[1]] | @tsv'\n"
        "10.130.7.41:9091\t31\n10.130.7.43:9091\t27\n10.130.7.45:9091\t22\n"
        "$ curl -s http://10.130.7.42:9091/metrics | grep -cE '^felix_'\n0\n$ curl -s http://10.130.7.42:9091/metrics | grep -E '^typha_connections_accepted|^typha_connections_active'\ntypha_connections_accepted 9\ntypha_connections_active{syncer=\"felix\"} 3\n"
        "$ kubectl get felixconfiguration default -o yaml | grep -i prometheus\n  prometheusMetricsEnabled: true\n"
    )
    story.commands = {
        "nodes.txt": "get nodes -o wide",
        "pods.txt": "get pods -n kube-system -o wide",
        "describe-typha.txt": f"describe pod -n kube-system {typhas[0]}",
        "describe-calico-node-hn-w2.txt": f"describe pod -n kube-system {story.pods['hn-w2']}",
    }
    story.events()
    story.affected = ["hn-w2", "hn-w4"]
    story.cite(f"{story.pods['hn-w2']}.log", "listen tcp :9091: bind: address already in use")
    return story


STORIES = [both_proxies_want_the_health_port, a_client_was_given_the_port, typha_and_felix_share_a_metrics_port]
