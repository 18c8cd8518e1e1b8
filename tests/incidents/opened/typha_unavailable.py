"""typha-unavailable: told without having seen the rules, then opened."""

from __future__ import annotations

from datetime import datetime

from telling import FELIX_503, Incident, incident

CAUSE = "typha-unavailable"


def health_port_on_a_foreign_address(now: datetime) -> Incident:
    story = incident(
        "localhost-is-an-address-that-no-host-has",
        CAUSE,
        "Both typhas are in CrashLoopBackOff: the company's name server answers even 'localhost' with an address of a portal, which Typha then cannot bind for its health port, so its probes are refused and it is killed each minute. calico-nodes find no ready Typha and restart; all else of the hosts is well.",
        "https://github.com/projectcalico/typha/issues/334 and https://github.com/projectcalico/typha/issues/212",
        now,
        platform="other",
        calico="v3.9.6",
        kubernetes="v1.17.12",
        registry="calico",
        namespace="kube-system",
        difficulty="medium",
    )
    hosts = {f"prod-k{n:02d}": f"10.175.20.{10 + n}" for n in range(1, 6)}
    story.hosts(hosts, os_image="Red Hat Enterprise Linux Server 7.9 (Maipo)", kernel="3.10.0-1160.6.1.el7.x86_64", runtime="docker://19.3.13", age=13_000_000, since=12_000_000)  # fmt: skip
    nodes = list(hosts)
    for n, (node, address) in enumerate(hosts.items()):
        story.staff({node: address}, ready=False, restarts=61 + n, started=52 + 4 * n, last=("Error", 1, 66 + 9 * n), age=12_000_000)  # fmt: skip
        story.probe(story.pods[node], FELIX_503, 18 + 4 * n, 7_900, 430 - n)
        story.pod_event(story.pods[node], "BackOff", "Back-off restarting failed container", 400 + n, 7_700, 180)
    typhas = []
    for n, (node, suffix) in enumerate(((nodes[1], "7mkzd"), (nodes[3], "q4x2v"))):
        typhas.append(story.typha(node, suffix, ready=False, restarts=58 + n, waiting="CrashLoopBackOff", message="Back-off 5m0s restarting failed container=calico-typha", last=("Error", 137, 66 + 80 * n)))  # fmt: skip
        story.pod_event(typhas[n], "Unhealthy", "Liveness probe failed: Get http://localhost:9098/liveness: dial tcp 127.0.0.1:9098: connect: connection refused", 75 + 80 * n, 8_100, 171)  # fmt: skip
        story.pod_event(typhas[n], "Unhealthy", "Readiness probe failed: Get http://localhost:9098/readiness: dial tcp 127.0.0.1:9098: connect: connection refused", 70 + 80 * n, 8_100, 480)  # fmt: skip
        story.pod_event(typhas[n], "Killing", "Container calico-typha failed liveness probe, will be restarted", 74 + 80 * n, 8_000, 57, type_="Normal")  # fmt: skip
    lines = [
        story.line(228, "INFO", 7, "daemon.go 84:", 'Typha starting up GOMAXPROCS=8 buildDate="2020-06-20T00:03:12+0000" gitCommit="d5a1b5b" version="v3.9.6"'),
        story.line(227.98, "INFO", 7, "daemon.go 92:", "Loading configuration..."),
        story.line(227.97, "INFO", 7, "env_var_loader.go 40:", 'Found typha environment variable: "healthenabled"="true"'),
        story.line(227.97, "INFO", 7, "env_var_loader.go 40:", 'Found typha environment variable: "logseverityscreen"="info"'),
        story.line(227.2, "INFO", 7, "daemon.go 197:", "Creating server"),
        story.line(227.1, "INFO", 7, "daemon.go 279:", "Starting the datastore Syncer/cache layer/server."),
        story.line(227, "INFO", 7, "watchersyncer.go 89:", "Start called"),
        story.line(226.99, "INFO", 7, "daemon.go 284:", "Started the datastore Syncer/cache layer/server."),
        story.line(226.98, "INFO", 7, "daemon.go 298:", 'Health enabled.  Starting server. host="localhost" port=9098'),
        story.line(226.97, "INFO", 7, "health.go 183:", 'Health enabled.  Starting server. host="localhost" port=9098'),
        story.line(226.97, "INFO", 7, "watchersyncer.go 127:", "Sending status update Status=wait-for-ready"),
        story.line(226.96, "INFO", 7, "watchersyncer.go 147:", "Starting main event processing loop"),
        story.line(226.96, "INFO", 7, "sync_server.go 244:", "Opened listen socket port=5473"),
    ]  # fmt: skip
    for n in range(80):
        lines.append(story.line(226.9 - 1.003 * n, "ERROR", 7, "health.go 196:", "Health endpoint failed, trying to restart it... error=listen tcp 10.175.2.4:9098: bind: cannot assign requested address"))  # fmt: skip
        if n == 1:
            lines += [story.line(225.4, "INFO", 7, "watchersyncer.go 221:", "All watchers have sync'd data - sending data and final sync"), story.line(225.3, "INFO", 7, "watchersyncer.go 127:", "Sending status update Status=in-sync")]  # fmt: skip
    story.log(f"{typhas[1]}-previous", lines)
    node = nodes[0]
    lines = story.old_boot(node, 52, interface="bond0", prefix=24, bird=False)[:-1]
    for n in range(3):
        ago = 50 - 12 * n
        lines += [
            story.line(ago, "ERROR", 60 + 40 * n, "daemon.go 1040:", "Didn't find any ready Typha instances."),
            story.line(ago, "ERROR", 60 + 40 * n, "daemon.go 291:", "Typha discovery enabled but discovery failed. error=Kubernetes service missing IP or port"),
        ]  # fmt: skip
    story.log(story.pods[node], lines)
    story.texts["nslookup.txt"] = (
        "[root@prod-k04 ~]# cat /etc/resolv.conf\nsearch corp.example.net\nnameserver 10.175.2.53\n[root@prod-k04 ~]# nslookup localhost\nServer:\t\t10.175.2.53\nAddress:\t10.175.2.53#53\n\n"
        "Name:\tlocalhost.corp.example.net\nAddress: 10.175.2.4\n\n[root@prod-k04 ~]# ss -lntp | egrep '9098|5473'\n[root@prod-k04 ~]#\n"
    )
    story.describe(nodes[0])
    story.commands[f"describe-{typhas[1]}.txt"] = f"describe pod -n kube-system {typhas[1]}"
    story.affected = nodes
    story.cite(f"{typhas[1]}-previous.log", "listen tcp 10.175.2.4:9098: bind: cannot assign requested address")
    story.cite(f"{story.pods[node]}.log", "Didn't find any ready Typha instances.")
    return story


def service_selects_nobody(now: datetime) -> Incident:
    story = incident(
        "typha-runs-but-its-service-selects-nobody",
        CAUSE,
        "A kustomize layer put a label into the selector of the service calico-typha that its running pods do not have: both typhas are 1/1, the service has no endpoints. calico-nodes that were restarted since find no ready Typha; the ones connected before go on, their log is calm.",
        "https://kubernetes.io/docs/tasks/debug/debug-application/debug-service/#does-the-service-have-any-endpoints; https://github.com/projectcalico/calico/blob/release-v3.27/typha/pkg/discovery/discovery.go",
        now,
        platform="other",
        calico="v3.27.3",
        kubernetes="v1.28.9",
        registry="docker.io/calico",
        namespace="kube-system",
        difficulty="hard",
        acceptable=["invalid-calico-config"],
    )
    hosts = {f"tenant-c-{s}": f"10.33.8.{n}" for s, n in (("cp0", 10), ("cp1", 11), ("cp2", 12), ("wk0", 20), ("wk1", 21), ("wk2", 22), ("wk3", 23), ("wk4", 24))}  # fmt: skip
    story.hosts(hosts, os_image="Debian GNU/Linux 12 (bookworm)", kernel="6.1.0-20-amd64", runtime="containerd://1.7.15", age=9_400_000, since=9_300_000)  # fmt: skip
    bad = ["tenant-c-wk1", "tenant-c-wk4"]
    story.staff({n: a for n, a in hosts.items() if n not in bad}, started=1_500_000, age=9_000_000)
    typhas = [story.typha("tenant-c-wk0", "n8k4q", started=1_490_000), story.typha("tenant-c-wk2", "tz7mx", started=1_490_000)]  # fmt: skip
    for n, node in enumerate(bad):
        story.staff({node: hosts[node]}, ready=False, restarts=22 - 3 * n, started=53 + 6 * n, last=("Error", 137, 56 + 7 * n), age=4_300 - 600 * n)  # fmt: skip
        name = story.pods[node]
        story.probe(name, FELIX_503, 14 + n, 4_200 - 600 * n, 210 - 25 * n)
        story.pod_event(name, "Unhealthy", "Liveness probe failed: HTTP probe failed with statuscode: 503", 90 + n, 4_000 - 600 * n, 96)  # fmt: skip
        story.pod_event(name, "Killing", "Container calico-node failed liveness probe, will be restarted", 55 + n, 4_000 - 600 * n, 21, type_="Normal")  # fmt: skip
    node = bad[0]
    lines = [line for line in story.boot(node, 53, [a for n, a in hosts.items() if n != node], interface="enp1s0", prefix=24) if "Completed first update" not in line]  # fmt: skip
    for n in range(15):
        ago = 50.6 - 2.01 * n
        lines += [
            story.say(ago, "INFO", 61, "felix", "discovery.go 174:", "(Re)discovering Typha endpoints using the Kubernetes API..."),
            story.say(ago - 0.02, "ERROR", 61, "felix", "discovery.go 228:", "Didn't find any ready Typha instances."),
            story.say(ago - 0.02, "ERROR", 61, "felix", "daemon.go 333:", "Typha discovery enabled but discovery failed. error=Kubernetes service missing IP or port"),
        ]  # fmt: skip
    story.log(story.pods[node], lines)
    typha_log = [
        story.line(9_000 - 900 * n, "INFO", 7, "watchercache.go 125:", f"Watch channel closed by remote - recreate watcher ListRoot=\"/calico/resources/v3/projectcalico.org/{('nodes', 'profiles', 'hostendpoints')[n % 3]}\"")
        for n in range(10)
    ]  # fmt: skip
    story.log(typhas[0], typha_log)
    story.log(story.pods["tenant-c-wk3"], story.quiet(9_000, 30, 650))
    story.texts["typha-service.txt"] = (
        "$ kubectl -n kube-system describe svc calico-typha\n"
        "Name:                     calico-typha\nNamespace:                kube-system\nLabels:                   app.kubernetes.io/part-of=tenant-c-base\n                          k8s-app=calico-typha\n"
        "Annotations:              <none>\nSelector:                 app.kubernetes.io/part-of=tenant-c-base,k8s-app=calico-typha\nType:                     ClusterIP\nIP Family Policy:         SingleStack\n"
        "IP Families:              IPv4\nIP:                       10.97.180.14\nIPs:                      10.97.180.14\nPort:                     calico-typha  5473/TCP\nTargetPort:               calico-typha/TCP\n"
        "Endpoints:                <none>\nSession Affinity:         None\nEvents:                   <none>\n"
        "$ kubectl -n kube-system get pods -l k8s-app=calico-typha --show-labels\nNAME                           READY   STATUS    RESTARTS   AGE   LABELS\n"
        f"{typhas[0]}   1/1     Running   0          17d   k8s-app=calico-typha,pod-template-hash=5c9d8f7b6\n{typhas[1]}   1/1     Running   0          17d   k8s-app=calico-typha,pod-template-hash=5c9d8f7b6\n"
    )  # fmt: skip
    story.describe(node)
    story.affected = bad
    story.cite("typha-service.txt", "Endpoints:                <none>")
    story.cite(f"{story.pods[node]}.log", "Didn't find any ready Typha instances.")
    return story


def typhas_with_a_twentieth_of_a_core(now: datetime) -> Incident:
    story = incident(
        "typhas-were-given-a-twentieth-of-a-core",
        CAUSE,
        "A cost tool set a CPU limit of 50m on the typha deployment. Both typhas are too slow: their liveness probe times out and they are killed every few minutes, clients lose their connection while they read the snapshot. calico-nodes of all 40 hosts reconnect all the time and a third are not ready at any moment; the memory is fine, the hosts idle, API and network are well.",
        "https://github.com/projectcalico/typha/pull/614 and https://github.com/projectcalico/calico/blob/v3.26.4/typha/pkg/syncserver/sync_server.go",
        now,
        platform="other",
        calico="v3.26.4",
        kubernetes="v1.28.11",
        registry="quay.io/calico",
        difficulty="medium",
    )
    hosts = {f"lej-{n:02d}": f"10.92.16.{100 + n}" for n in range(1, 41)}
    nodes = list(hosts)
    bad = [nodes[i] for i in range(1, 40, 3)]
    system = {"os_image": "Ubuntu 20.04.6 LTS", "kernel": "5.4.0-182-generic", "runtime": "containerd://1.7.13"}
    story.hosts(hosts, age=13_000_000, since=8_000_000, **system)
    story.staff({k: v for k, v in hosts.items() if k not in bad}, started=7_900_000, age=7_900_050, restarts=0)
    for node in bad:
        story.staff({node: hosts[node]}, ready=False, started=7_900_000, age=7_900_050)
    limits = {"resources": {"limits": {"cpu": "50m"}, "requests": {"cpu": "25m", "memory": "128Mi"}}}
    typhas = {}
    for n, (node, suffix) in enumerate((("lej-05", "k7wvq"), ("lej-22", "x4h9d"))):
        typhas[node] = story.typha(node, suffix, ready=bool(n), restarts=61 + 4 * n, started=150 + 130 * n, last=("Error", 137, 153 + 130 * n), spec=dict(limits))  # fmt: skip
        made = story.objects["Pod"][-1]
        made["metadata"]["creationTimestamp"] = made["status"]["startTime"] = story.ago(19_700)
        name = typhas[node]
        story.pod_event(name, "Unhealthy", 'Liveness probe failed: Get "http://localhost:9098/liveness": context deadline exceeded (Client.Timeout exceeded while awaiting headers)', 170 + 130 * n, 19_500, 388)  # fmt: skip
        story.pod_event(name, "Unhealthy", 'Readiness probe failed: Get "http://localhost:9098/readiness": context deadline exceeded (Client.Timeout exceeded while awaiting headers)', 31 + 90 * n, 19_520, 741)  # fmt: skip
        story.pod_event(name, "Killing", "Container calico-typha failed liveness probe, will be restarted", 183 + 130 * n, 19_300, 61, type_="Normal")  # fmt: skip
    me = bad[4]
    addresses = [hosts[k] for k in typhas]
    lines = []
    for turn in range(6):
        ago, pid = 1_010 - 168 * turn, 9_120 + 211 * turn
        addr = addresses[turn % 2]
        conn = f'&discovery.Typha{{Addr:"{addr}:5473", IP:"{addr}", NodeName:(*string)(0xc0006b{turn}0f0)}}'
        lines += [
            story.say(ago, "INFO", pid, "felix", "sync_client.go 202:", f'Connecting to typha endpoint {addr}:5473. myID=0x1 type=""'),
            story.say(ago - 4, "INFO", pid, "felix", "sync_client.go 208:", f'Successfully connected to Typha at {addr}:5473 after {3 + turn % 3}.{412 + 31 * turn}s. myID=0x1 type=""'),
            story.say(ago - 21, "INFO", pid, "felix", "sync_client.go 483:", f'Status update from Typha. connection={conn} myID=0x1 newStatus=resync type=""'),
            story.say(ago - 52, "WARNING", pid, "felix", "health.go 211:", 'Reporter is not ready. name="async_calc_graph"' if turn % 2 else 'Reporter is not ready. name="int_dataplane"'),
            story.say(ago - 96, "ERROR", pid, "felix", "sync_client.go 400:", f'Failed to read from server connection={conn} error={("read tcp " + hosts[me] + ":" + str(41_002 + turn) + "->" + addr + ":5473: i/o timeout", "EOF")[turn % 2]} myID=0x1 type=""'),
            story.say(ago - 96, "ERROR", pid, "felix", "daemon.go 737:", "Connection to Typha failed"),
            story.say(ago - 96, "WARNING", pid, "felix", "daemon.go 758:", 'Felix is shutting down reason="Connection to Typha failed"'),
        ]  # fmt: skip
    story.log(story.pods[me], lines)
    log = []
    ids = 0x11
    for n in range(16):
        ago, node = 146 - 8.6 * n, nodes[(7 * n + 2) % 40]
        log.append(story.line(ago, "INFO", 7, "sync_server.go 424:", f"Accepted from {hosts[node]}:{40_022 + 811 * n} port=5473"))  # fmt: skip
        log.append(story.line(ago - 0.6, "INFO", 7, "sync_server.go 433:", f"New connection connID={ids + n:#x} port=5473"))  # fmt: skip
        if n in (9, 11, 12, 15):
            log.append(story.line(ago - 2.9, "INFO", 7, "sync_server.go 830:", f"Too long since last pong from client, disconnecting client={hosts[nodes[(7 * (n - 8) + 2) % 40]]}:{40_022 + 811 * (n - 8)} connID={ids + n - 8:#x} pongTimeout=1m0s"))  # fmt: skip
    story.log(typhas["lej-05"], log)
    for node in bad:
        story.probe(story.pods[node], FELIX_503, 20 + 2 * bad.index(node), 19_000, 300 + 11 * bad.index(node))
    story.texts["top-pods.txt"] = (
        "NAME                           CPU(cores)   MEMORY(bytes)   \n"
        f"{typhas['lej-05']}   50m          96Mi            \n{typhas['lej-22']}   50m          91Mi            \n{story.pods['lej-01']}              41m          118Mi           \n"
    )
    story.commands |= {
        "nodes.txt": "get nodes -o wide",
        "pods-calico-system.txt": "get pods -n calico-system -o wide",
        "describe-typha.txt": f"describe pod -n calico-system {typhas['lej-05']}",
        f"describe-{story.pods[me]}.txt": f"describe pod -n calico-system {story.pods[me]}",
    }
    story.affected = bad
    story.cite("describe-typha.txt", "Liveness probe failed: Get")
    return story


STORIES = [health_port_on_a_foreign_address, service_selects_nobody, typhas_with_a_twentieth_of_a_core]
